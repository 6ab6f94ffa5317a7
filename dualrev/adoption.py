"""Adoption: code that was never written for derivatives gets the drop-in names.

``dr.adopt(f)`` looks at the modules of `f` and of the functions that it reaches, and replaces
what their names are bound to: NumPy by `dualrev.numpy`, `math` by `dualrev.math`, SciPy's
functions by those of `dualrev.scipy`, and so on. Names are found by what they are bound to,
so it does not matter how they were imported. Everything is put back at the end.

The replacements are NumPy itself unless a derivative is being taken in the same thread. That
is why other threads, and other callers of that code, do not notice.
"""

from __future__ import annotations

import cmath
import contextlib
import functools
import math
import sys
import threading
from collections.abc import Callable, Iterator
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from . import cmath as dual_cmath
from . import math as dual_math
from . import numpy as dual_numpy
from . import scipy as dual_scipy
from .buffer import holds_traced
from .errors import ADOPTED, StructureError, describe, explain
from .numpy.kinds import BUILTINS, CALLED, KINDS
from .numpy.vectorized import Vectorized, vectorized
from .primitive import RUNNING
from .source import STAND_INS, Source, is_data

_MISSING = object()


# -- what stands for what -------------------------------------------------------------------


def _replacements() -> dict[int, tuple[Any, Any]]:
    """By identity: ``{id(original): (original, its drop-in)}``.

    Types that are not called keep their identity, so that ``type(y) is np.ndarray`` stays
    true; that a traced array is an instance is the answer of `is_instance`.
    """
    numpy = ModuleType("dualrev.numpy", dual_numpy.__doc__)
    vars(numpy).update(vars(dual_numpy))
    called = {kind: KINDS[kind] for kind in CALLED}
    for name, value in vars(np).items():
        if isinstance(value, type) and value not in called and value is not np.vectorize:
            setattr(numpy, name, value)
    modules = [
        (np, numpy),
        (np.linalg, dual_numpy.linalg),
        (np.fft, dual_numpy.fft),
        (np.random, dual_numpy.random),
        (np.polynomial, dual_numpy.polynomial),
        (np.lib.stride_tricks, dual_numpy.stride_tricks),
        *(
            (getattr(np.polynomial, name), getattr(dual_numpy.polynomial, name))
            for name in dual_numpy.polynomial.FAMILIES
        ),
        (math, dual_math),
        (cmath, dual_cmath),
    ]
    pairs: list[tuple[Any, Any]] = [*modules, *called.items()]
    for original, drop_in in modules:
        for name, value in vars(original).items():
            if callable(value) and not name.startswith("_") and not isinstance(value, type):
                pairs.append((value, getattr(drop_in, name)))
    return {id(a): (a, b) for a, b in pairs if a is not b}


_REPLACEMENTS = _replacements()


def _replacement(value: Any) -> Any:
    """The drop-in of `value`, or ``None``."""
    found = _REPLACEMENTS.get(id(value))
    if found is not None and found[0] is value:
        return found[1]
    if type(value) is np.vectorize:
        return vectorized(value)
    if value is np.vectorize:
        return Vectorized
    if type(value) is functools._lru_cache_wrapper:
        return _cached(value)
    home = getattr(value, "__module__", None)
    if isinstance(value, ModuleType):
        home = value.__name__
    if isinstance(home, str) and home.partition(".")[0] == "scipy":
        if value is sys.modules["scipy"]:
            return dual_scipy
        return dual_scipy.functions().get(value)
    return None


def _cached(original: Any) -> Callable[..., Any]:
    """A function with a cache: of plain values only, and passed by where a traced one is given."""

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not RUNNING.get():
            return original(*args, **kwargs)
        if any(map(holds_traced, (*args, *kwargs.values()))):
            return original.__wrapped__(*args, **kwargs)
        token = RUNNING.set(False)
        try:
            result = original(*args, **kwargs)
        finally:
            RUNNING.reset(token)
        found = _REPLACE_DATA(result)
        return result if found is None else found

    for name in ("cache_info", "cache_clear", "cache_parameters"):
        setattr(call, name, getattr(original, name))
    return call


# -- one name, replaced and put back ---------------------------------------------------------


class _Place:
    """A place that holds a value: a name in a namespace, a closure's cell, a function's defaults.

    Several adoptions may hold it at once; the first replaces the value, the last puts it back.
    """

    __slots__ = ("container", "count", "key", "name", "new", "old")

    def __init__(self, key: Any, container: Any, name: Any, old: Any, new: Any) -> None:
        self.key = key
        self.container, self.name, self.old, self.new = container, name, old, new
        self.count = 0

    def _get(self) -> Any:
        if isinstance(self.container, dict):
            return self.container.get(self.name, _MISSING)
        if isinstance(self.container, list):
            return self.container[self.name] if self.name < len(self.container) else _MISSING
        return getattr(self.container, self.name, _MISSING)

    def _put(self, value: Any) -> None:
        if value is _MISSING:
            del self.container[self.name]
        elif isinstance(self.container, (dict, list)):
            self.container[self.name] = value
        else:
            setattr(self.container, self.name, value)

    def take(self) -> None:
        if self.count == 0 and self._get() is self.old:
            self._put(self.new)
        self.count += 1
        ADOPTED[id(self.container)] += 1

    def give_back(self) -> None:
        self.count -= 1
        ADOPTED[id(self.container)] -= 1
        if self.count == 0:
            if self._get() is self.new:  # otherwise somebody has bound the name anew
                self._put(self.old)
            if _places.get(self.key) is self:
                del _places[self.key]


_places: dict[Any, _Place] = {}
_lock = threading.RLock()


def _place(
    container: Any, name: Any, value: Any, replace: Callable[[Any], Any], new: Any = None
) -> Iterator[_Place]:
    """The place of a name, if what it is bound to is to be replaced, or is already."""
    key = id(container), name, replace
    known = _places.get(key)
    if known is not None and value is known.new:
        yield known
        return
    new = replace(value) if new is None else new
    if new is not None:
        _places[key] = _Place(key, container, name, value, new)
        yield _places[key]


def _items(container: Any) -> list[tuple[Any, Any]]:
    """What a container of values holds, by name."""
    if isinstance(container, dict):
        return list(container.items())
    if isinstance(container, list):
        return list(enumerate(container))
    if isinstance(container, CellType):
        return [("cell_contents", value) for value in _contents((container,))]
    if isinstance(container, FunctionType):
        return [("__defaults__", container.__defaults__)]
    return list(vars(container).items())


def _in_tuples(replace: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same replacement, also of what is inside a tuple."""

    def replaced(value: Any) -> Any:
        if type(value) is not tuple:
            return replace(value)
        new = [replace(part) for part in value]
        if all(part is None for part in new):
            return None
        return tuple(old if part is None else part for old, part in zip(value, new, strict=True))

    return replaced


def _as_source(value: Any) -> Any:
    """An array of data as a `Source`, ``None`` if it is none."""
    return value.view(Source) if is_data(value) else None


_REPLACE = _in_tuples(_replacement)
_REPLACE_DATA = _in_tuples(_as_source)


# -- what a function reaches -----------------------------------------------------------------


def _is_users(module: str | None) -> bool:
    """Whether a module of this name may be changed."""
    top = (module or "").partition(".")[0]
    if top == "__main__":
        return True
    return top not in _NOT_OURS and top not in sys.stdlib_module_names


def _is_users_namespace(names: dict[str, Any]) -> bool:
    """The same for the global names of a function; code that was executed has its own."""
    name = names.get("__name__")
    module = sys.modules.get(name or "")
    return _is_users(name) or (module is not None and vars(module) is not names)


_NOT_OURS = frozenset({"numpy", "scipy", "dualrev", "pytest", "_pytest"})


def _reached(start: Any) -> tuple[list[FunctionType], list[Any]]:
    """What a call of `start` may use, of modules that may be changed.

    The functions, and the classes, instances and small containers that hold values.
    """
    functions: list[FunctionType] = []
    holders: list[Any] = []
    waiting = [start]
    seen: dict[int, Any] = {}
    while waiting:
        x = waiting.pop()
        if id(x) in seen:
            continue
        seen[id(x)] = x
        if isinstance(x, FunctionType):
            waiting += [x.__wrapped__] if hasattr(x, "__wrapped__") else []
            waiting += _contents(x.__closure__)
            if not _is_users_namespace(x.__globals__):
                continue
            functions.append(x)
            waiting += [x.__globals__[n] for n in _names(x.__code__) if n in x.__globals__]
            waiting += [*(x.__defaults__ or ()), *(x.__kwdefaults__ or {}).values()]
        elif isinstance(x, MethodType):
            waiting += [x.__func__, x.__self__]
        elif isinstance(x, functools.partial):
            waiting += [x.func, *x.args, *x.keywords.values()]
        elif isinstance(x, type):
            if _is_users(x.__module__):
                holders.append(x)
                waiting += [*x.__mro__[1:], *vars(x).values()]
        elif isinstance(x, (staticmethod, classmethod)):
            waiting.append(x.__func__)
        elif isinstance(x, property):
            waiting += [x.fget, x.fset]
        elif isinstance(x, ModuleType):
            if _is_users(x.__name__):
                waiting += [v for v in vars(x).values() if isinstance(v, (FunctionType, type))]
        elif isinstance(x, (list, tuple, set, dict)):
            if len(x) <= _CONTAINER:
                holders += [x] if isinstance(x, (list, dict)) else []
                waiting += x.values() if isinstance(x, dict) else x
        elif _is_users(type(x).__module__):
            waiting.append(type(x))
            holders += [x.__dict__] if hasattr(x, "__dict__") else []
            waiting += getattr(x, "__dict__", {}).values()
            waiting += [x.__wrapped__] if hasattr(x, "__wrapped__") else []
        elif hasattr(x, "__wrapped__"):  # functools.cache and the like
            waiting.append(x.__wrapped__)
    return functions, holders


_CONTAINER = 1000  # larger containers hold data, not functions


def _contents(cells: tuple[CellType, ...] | None) -> list[Any]:
    found = []
    for cell in cells or ():
        with contextlib.suppress(ValueError):  # not yet bound
            found.append(cell.cell_contents)
    return found


def _names(code: CodeType) -> Iterator[str]:
    """All global names and attributes that a function and the functions inside it mention."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _functions_of(module: ModuleType) -> list[FunctionType]:
    """The functions that a module defines, also in its classes."""
    own = []
    for value in vars(module).values():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if isinstance(value, type):
            own += [x for x in vars(value).values() if isinstance(x, FunctionType)]
        elif isinstance(value, FunctionType):
            own.append(value)
    return own


def _package(module: ModuleType) -> list[ModuleType]:
    """A module; with all of a package's modules that are loaded."""
    if not hasattr(module, "__path__"):
        return [module]
    prefix = module.__name__ + "."
    return [module, *(m for name, m in list(sys.modules.items()) if name.startswith(prefix))]


def _containers(targets: tuple[Any, ...]) -> tuple[list[Any], dict[int, set[str]]]:
    """All that holds names for `targets`; and which of Python's own names are mentioned where."""
    found: dict[int, Any] = {}
    mentioned: dict[int, set[str]] = {}
    functions: list[FunctionType] = []
    for target in targets:
        if isinstance(target, ModuleType):
            for module in _package(target):
                _refuse_library(module.__name__)
                functions += _functions_of(module)
                names = vars(module)
                found[id(names)] = names
                mentioned.setdefault(id(names), set()).update(BUILTINS)
        elif callable(target):
            reached, holders = _reached(target)
            functions += reached
            found |= {id(x): x for x in holders}
        else:
            raise StructureError(
                explain(
                    f"dr.adopt cannot adopt {describe(target)}.",
                    "give it functions, modules or packages; without arguments it adopts the "
                    "module that calls it",
                )
            )
    for function in functions:
        names = function.__globals__
        mentioned.setdefault(id(names), set()).update(_names(function.__code__))
        parts = [names, *(function.__closure__ or ()), function.__kwdefaults__ or {}, function]
        found |= {id(x): x for x in parts}
    for names in [x for x in found.values() if isinstance(x, dict) and id(x) in mentioned]:
        tables = [x for name, x in names.items() if name != "__builtins__"]
        found |= {id(x): x for x in tables if type(x) in (dict, list) and len(x) <= _CONTAINER}
    return list(found.values()), mentioned


def _names_in(containers: list[Any], mentioned: dict[int, set[str]]) -> Iterator[_Place]:
    """The places of names that are bound to NumPy and the like."""
    for container in containers:
        for name, value in _items(container):
            yield from _place(container, name, value, _REPLACE)
        for name in mentioned.get(id(container), set()) & BUILTINS.keys():
            new = BUILTINS[name]
            if container.get(name, new) is new:
                yield from _place(container, name, container.get(name, _MISSING), _REPLACE, new)


def _data_in(containers: list[Any]) -> Iterator[_Place]:
    """The places of arrays."""
    for container in containers:
        for name, value in _items(container):
            yield from _place(container, name, value, _REPLACE_DATA)


def _refuse_library(name: str) -> None:
    if not _is_users(name):
        raise StructureError(
            explain(
                f"dr.adopt does not change the module {name}.",
                "adopt your own modules; NumPy and SciPy work as they are",
            )
        )


# -- arrays of data, while a derivative is being taken -------------------------------------------

ACTIVE: dict[int, Adoption] = {}  # all adoptions that were not undone


def _taken(places: Iterator[_Place]) -> list[_Place]:
    found = list({id(place): place for place in places}.values())
    for place in found:
        place.take()
    return found


def begin_run() -> list[_Place]:
    """At the start of a derivative: put sources in the place of arrays of adopted code."""
    with _lock:
        return [
            place
            for adoption in ACTIVE.values()
            for place in _taken(_data_in(adoption._containers))
        ]


def end_run(places: list[_Place]) -> None:
    """At its end: put the arrays back."""
    with _lock:
        for place in places:
            place.give_back()


def as_data(x: Any) -> Any:
    """An argument that is not differentiated, as adopted code gets it."""
    return x.view(Source) if ACTIVE and is_data(x) else x


# -- for users -------------------------------------------------------------------------------


class Adoption:
    """What `adopt` returns: the adoption, to be undone.

    Attributes
    ----------
    names : list of str
        The names that were replaced.
    """

    def __init__(self, targets: tuple[Any, ...]) -> None:
        self._targets = targets
        with _lock:
            self._containers, mentioned = _containers(targets)
            self._places = _taken(_names_in(self._containers, mentioned))
            self._data = _taken(_data_in(self._containers)) if RUNNING.get() else []
            ACTIVE[id(self)] = self

    @property
    def names(self) -> list[str]:
        return sorted({str(place.name) for place in self._places})

    def undo(self) -> None:
        """Put every name back. May be called more than once."""
        with _lock:
            places, self._places, self._data = [*self._data, *self._places], [], []
            for place in places:
                place.give_back()
            ACTIVE.pop(id(self), None)

    def __enter__(self) -> Adoption:
        return self

    def __exit__(self, *error: object) -> None:
        self.undo()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function that was adopted, so that `adopt` can be a decorator."""
        return self._targets[0](*args, **kwargs)

    def __repr__(self) -> str:
        targets = ", ".join(getattr(t, "__name__", repr(t)) for t in self._targets)
        return f"<adoption of {targets}: {len(self._places)} names>"


def adopt(*targets: Any) -> Adoption:
    """Let code that was never written for derivatives be differentiated.

    Parameters
    ----------
    *targets : function, class, module or package
        A function stands for the modules of all functions that it reaches; a package for its
        modules that are loaded. Without targets: the module that makes this call.

    Returns
    -------
    Adoption
        With a method `undo`; at the end of a ``with`` block it is undone. If a function was
        given it can be called in place of that function.

    Raises
    ------
    StructureError
        A target is none of these, or belongs to NumPy, SciPy or Python.

    Notes
    -----
    Names that are bound to NumPy, `math`, `cmath`, SciPy or one of their functions and types
    are bound to the drop-in of `dualrev.numpy`, `dualrev.math` or `dualrev.scipy`; so are
    ``float``, ``int`` and ``complex`` where functions mention them, closures and default
    arguments. Unless a derivative is being taken in the same context, the drop-in calls the
    original: results are the same, a call costs some 0.1 us more. Modules of NumPy, SciPy and
    Python are never changed.

    Examples
    --------
    >>> import math, numpy as np, dualrev as dr
    >>> def spiral(t):
    ...     y = np.zeros(2)
    ...     y[0] = float(t) * math.cos(t)
    ...     y[1] = float(t) * math.sin(t)
    ...     return y
    >>> with dr.adopt(spiral):
    ...     y, dy = dr.jvp(spiral, (0.0,), (1.0,))
    >>> print(dy)
    [1. 0.]

    For one call there is ``adopt=True``:

    >>> print(dr.jacfwd(spiral, adopt=True)(0.0))
    [1. 0.]
    """
    if not targets:
        module = sys.modules.get(sys._getframe(1).f_globals.get("__name__", ""))
        targets = (module,) if module is not None else ()
    adoption = Adoption(targets)
    if len(targets) == 1 and callable(targets[0]):
        functools.update_wrapper(adoption, targets[0], updated=())
    return adoption


def adopted(f: Callable[..., Any], targets: Any) -> Callable[..., Any]:
    """`f`, adopted while it runs: what ``adopt=`` of a transformation asks for.

    `targets` is ``True`` for `f` itself, or what `adopt` takes, one or a tuple.
    """
    if targets is None or targets is False:
        return f
    if targets is True:
        targets = (f,)
    elif not isinstance(targets, (tuple, list)):
        targets = (targets,)

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        with Adoption(tuple(targets)):
            token = STAND_INS.set({}) if STAND_INS.get() is None else None
            try:
                return f(*map(as_data, args), **{key: as_data(x) for key, x in kwargs.items()})
            finally:
                if token is not None:
                    STAND_INS.reset(token)

    return call
