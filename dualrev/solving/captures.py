"""What functions and arguments hold of traced values: taken out as leaves, and put in again.

``root(lambda z: z**2 - a, 1.0)`` depends on ``a`` though nobody passed it. A rule needs it as an
argument: to solve with its plain value, and to differentiate by it. So the closures, default
arguments and bound objects of a function are searched for traced values, and the same function
is made anew with others in their place.
"""

from __future__ import annotations

import copy
import functools
from collections import deque
from collections.abc import Callable, Sequence
from types import CellType, FunctionType, MethodType
from typing import Any

import numpy as np

from .. import tree
from ..buffer import settled
from ..fronts.packing import as_array
from ..primitive import Tracer

Leaves = list[Any]
Build = Callable[[Sequence[Any], dict[int, Any]], Any]  # leaves, and what was made of which object

_FOREIGN = ("dualrev", "numpy", "scipy", "builtins")
# Classes of SciPy's that only hold what a user gives them.
_HOLDERS = ("Bounds", "LinearConstraint", "NonlinearConstraint")
_CACHED = type(functools.lru_cache(lambda: None))


def captured(*values: Any) -> tuple[Leaves, Callable[[Sequence[Any]], tuple[Any, ...]]]:
    """The traced values in `values`, and a function that puts others in their place.

    Returns
    -------
    leaves : list of Tracer
    restore : callable
        ``restore(leaves)`` is `values` with these leaves; what holds none is the same object.
    """
    search = _Search()
    builds = [search.visit(value) for value in values]

    def restore(leaves: Sequence[Any]) -> tuple[Any, ...]:
        made: dict[int, Any] = {}
        return tuple(
            [
                value if build is None else build(leaves, made)
                for value, build in zip(values, builds, strict=True)
            ]
        )

    return search.leaves, restore


class _Search:
    """Finds the traced values below some objects; of each object what makes it anew, if needed."""

    def __init__(self) -> None:
        self.leaves: Leaves = []
        self.seen: dict[int, Build | None] = {}
        self.alive: list[Any] = []  # so that no id is used twice

    def visit(self, x: Any) -> Build | None:
        if not isinstance(x, Tracer) and (
            isinstance(x, (str, bytes, int, float, complex, type)) or x is None
        ):
            return None
        if id(x) in self.seen:
            return self.seen[id(x)]
        self.alive.append(x)
        self.seen[id(x)] = lambda leaves, made: made[id(x)]  # a function that calls itself
        self.seen[id(x)] = build = self._build(x)
        return build

    def _build(self, x: Any) -> Build | None:
        if isinstance(x, Tracer) or (isinstance(x, np.ndarray) and x.dtype.kind == "O"):
            return self._leaf(x)
        if isinstance(x, FunctionType):
            return self._function(x)
        if isinstance(x, MethodType):
            return self._parts(x, (x.__func__, x.__self__), lambda parts: MethodType(*parts))
        if isinstance(x, functools.partial):
            return self._parts(
                x,
                (x.func, x.args, x.keywords),
                lambda parts: functools.partial(parts[0], *parts[1], **parts[2]),
            )
        if isinstance(x, _CACHED):  # what it keeps belongs to other values
            return self._parts(
                x,
                (x.__wrapped__,),
                lambda parts: functools.lru_cache(**x.cache_parameters())(parts[0]),
            )
        if isinstance(x, (dict, list, deque)) and type(x) not in tree._REGISTERED:
            return self._container(x)
        opened = tree._open(x)
        if opened is not None:
            structure = tree.Structure(type(x), opened[1], ())
            return self._parts(x, opened[0], lambda parts: tree._close(structure, list(parts)))
        return self._object(x)

    def _leaf(self, x: Any) -> Build | None:
        value = settled(as_array(x))
        if not isinstance(value, Tracer):
            return None
        place = len(self.leaves)
        self.leaves.append(value)
        return lambda leaves, made: leaves[place]

    def _parts(
        self, x: Any, parts: Sequence[Any], close: Callable[[list[Any]], Any]
    ) -> Build | None:
        """What is made of its parts at once."""
        parts = list(parts)
        builds = [self.visit(part) for part in parts]
        if not any(builds):
            return None

        def build(leaves: Sequence[Any], made: dict[int, Any]) -> Any:
            if id(x) not in made:
                made[id(x)] = close(_built(parts, builds, leaves, made))
            return made[id(x)]

        return build

    def _filled(
        self, x: Any, parts: Sequence[Any], fill: Callable[[Any, list[Any]], Any]
    ) -> Build | None:
        """A copy that is filled afterwards, because its parts may hold it."""
        parts = list(parts)
        builds = [self.visit(part) for part in parts]
        if not any(builds):
            return None

        def build(leaves: Sequence[Any], made: dict[int, Any]) -> Any:
            if id(x) not in made:
                made[id(x)] = y = _another(x)
                fill(y, _built(parts, builds, leaves, made))
            return made[id(x)]

        return build

    def _container(self, x: Any) -> Build | None:
        """A dict, a list, a deque, or an instance of a subclass."""
        if isinstance(x, dict):
            keys = list(x)
            return self._filled(
                x, list(x.values()), lambda y, parts: y.update(zip(keys, parts, strict=True))
            )

        def fill(y: Any, parts: list[Any]) -> None:
            for k, part in enumerate(parts):
                y[k] = part

        return self._filled(x, x, fill)

    def _function(self, f: FunctionType) -> Build | None:
        cells = f.__closure__ or ()
        contents = [_content(cell) for cell in cells]
        defaults, keywords = list(f.__defaults__ or ()), dict(f.__kwdefaults__ or {})
        attributes = {k: v for k, v in f.__dict__.items() if k != "__wrapped__"}
        held = [*contents, *defaults, *keywords.values(), *attributes.values()]
        builds = {id(part): self.visit(part) for part in held if part is not f}
        if not any(builds.values()):
            return None

        def build(leaves: Sequence[Any], made: dict[int, Any]) -> Any:
            if id(f) in made:
                return made[id(f)]

            def anew(part: Any) -> Any:
                make = builds.get(id(part))
                return part if make is None else make(leaves, made)

            # A cell without traced values stays the same one: what is stored in it is seen.
            new_cells = tuple(
                [
                    CellType() if content is f or builds[id(content)] else cell
                    for cell, content in zip(cells, contents, strict=True)
                ]
            )
            g = FunctionType(f.__code__, f.__globals__, f.__name__, None, new_cells)
            made[id(f)] = g
            g.__defaults__ = tuple(map(anew, defaults)) or None
            g.__kwdefaults__ = {name: anew(part) for name, part in keywords.items()} or None
            g.__dict__.update(f.__dict__)
            g.__dict__.update({name: anew(part) for name, part in attributes.items()})
            g.__qualname__ = f.__qualname__
            for old, new, content in zip(cells, new_cells, contents, strict=True):
                if new is not old:
                    new.cell_contents = g if content is f else anew(content)
            return g

        return build

    def _object(self, x: Any) -> Build | None:
        """An instance of a user's class, copied with other attributes."""
        kind = type(x)
        home = getattr(kind, "__module__", "").partition(".")[0]
        if home in _FOREIGN and not (home == "scipy" and kind.__name__ in _HOLDERS):
            return None
        attributes = getattr(x, "__dict__", None)
        attributes = attributes if isinstance(attributes, dict) else {}
        names = list(attributes)
        slots = [name for c in kind.__mro__ for name in _slots(c) if hasattr(x, name)]
        if not names and not slots:
            return None

        def fill(y: Any, parts: list[Any]) -> None:
            if names:
                y.__dict__.update(zip(names, parts))  # then those of the slots
            for name, part in zip(slots, parts[len(names) :], strict=True):
                object.__setattr__(y, name, part)

        values = [*attributes.values(), *[getattr(x, name) for name in slots]]
        return self._filled(x, values, fill)


def _another(x: Any) -> Any:
    """A shallow copy, also of an object that gives itself for a copy."""
    y = copy.copy(x)
    if y is x:
        y = object.__new__(type(x))
        for name, value in getattr(x, "__dict__", {}).items():
            y.__dict__[name] = value
    return y


def _slots(kind: type) -> list[str]:
    """Names of the slots that a class adds, as attributes are found."""
    slots = kind.__dict__.get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    return [
        f"_{kind.__name__.lstrip('_')}{name}"
        if name.startswith("__") and name[-2:] != "__"
        else name
        for name in names
        if name not in ("__dict__", "__weakref__")
    ]


_EMPTY = object()  # the content of a cell that is not filled yet


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:
        return _EMPTY


def _built(
    parts: Sequence[Any],
    builds: Sequence[Build | None],
    leaves: Sequence[Any],
    made: dict[int, Any],
) -> list[Any]:
    return [
        part if build is None else build(leaves, made)
        for part, build in zip(parts, builds, strict=True)
    ]
