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
from .errors import ADOPTED, StructureError, describe, explain
from .numpy.kinds import BUILTINS, KINDS

_MISSING = object()


# -- what stands for what -------------------------------------------------------------------


def _replacements() -> dict[int, tuple[Any, Any]]:
    """By identity: ``{id(original): (original, its drop-in)}``.

    Types that are not called keep their identity, so that ``type(y) is np.ndarray`` stays
    true; that a traced array is an instance is the answer of `is_instance`.
    """
    numpy = ModuleType("dualrev.numpy", dual_numpy.__doc__)
    vars(numpy).update(vars(dual_numpy))
    called = {kind: KINDS[kind] for kind in _CALLED}
    for name, value in vars(np).items():
        if isinstance(value, type) and value not in called:
            setattr(numpy, name, value)
    modules = [
        (np, numpy),
        (np.linalg, dual_numpy.linalg),
        (np.fft, dual_numpy.fft),
        (np.random, dual_numpy.random),
        (np.polynomial, dual_numpy.polynomial),
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


_CALLED = (float, int, complex, np.float64, np.float32, np.complex128, np.complex64)
_REPLACEMENTS = _replacements()


def _replacement(value: Any) -> Any:
    """The drop-in of `value`, or ``None``."""
    found = _REPLACEMENTS.get(id(value))
    if found is not None and found[0] is value:
        return found[1]
    home = getattr(value, "__module__", None)
    if isinstance(value, ModuleType):
        home = value.__name__
    if isinstance(home, str) and home.partition(".")[0] == "scipy":
        if value is sys.modules["scipy"]:
            return dual_scipy
        return dual_scipy.functions().get(value)
    return None


# -- one name, replaced and put back ---------------------------------------------------------


class _Place:
    """A place that holds a value: a name in a namespace, a closure's cell, a function's defaults.

    Several adoptions may hold it at once; the first replaces the value, the last puts it back.
    """

    __slots__ = ("container", "count", "name", "new", "old")

    def __init__(self, container: Any, name: Any, old: Any, new: Any) -> None:
        self.container, self.name, self.old, self.new = container, name, old, new
        self.count = 0

    def _get(self) -> Any:
        if isinstance(self.container, dict):
            return self.container.get(self.name, _MISSING)
        return getattr(self.container, self.name)

    def _put(self, value: Any) -> None:
        if value is _MISSING:
            del self.container[self.name]
        elif isinstance(self.container, dict):
            self.container[self.name] = value
        else:
            setattr(self.container, self.name, value)

    def take(self) -> None:
        if self.count == 0 and self._get() is self.old:
            self._put(self.new)
            if isinstance(self.container, dict):
                ADOPTED.add(id(self.container))
        self.count += 1

    def give_back(self) -> None:
        self.count -= 1
        if self.count == 0:
            if self._get() is self.new:  # otherwise somebody has bound the name anew
                self._put(self.old)
            if isinstance(self.container, dict):
                ADOPTED.discard(id(self.container))
            del _places[id(self.container), self.name]


_places: dict[tuple[int, Any], _Place] = {}
_lock = threading.RLock()


def _place(container: Any, name: Any, value: Any, new: Any = None) -> _Place | None:
    """The place of a name, if what it is bound to has a replacement, or is one already."""
    known = _places.get((id(container), name))
    if known is not None and value is known.new:
        return known
    if new is None:
        new = _replacement(value)
    if new is None:
        return None
    place = _places[id(container), name] = _Place(container, name, value, new)
    return place


def _places_in(namespace: dict[str, Any], mentioned: set[str]) -> Iterator[_Place]:
    for name, value in list(namespace.items()):
        if isinstance(value, dict) and 0 < len(value) <= _CONTAINER and name != "__builtins__":
            inner = [(value, key, x) for key, x in value.items() if callable(x)]
        else:
            inner = []
        for place in (_place(namespace, name, value), *(_place(*item) for item in inner)):
            if place is not None:
                yield place
    for name, kind in BUILTINS.items():
        if name in mentioned and namespace.get(name, kind) is kind:
            place = _place(namespace, name, namespace.get(name, _MISSING), kind)
            if place is not None:
                yield place


def _places_of(function: FunctionType) -> Iterator[_Place]:
    for cell in function.__closure__ or ():
        for value in _contents((cell,)):
            place = _place(cell, "cell_contents", value)
            if place is not None:
                yield place
    defaults = function.__defaults__
    if defaults is not None:
        known = _places.get((id(function), "__defaults__"))
        new = tuple(_replacement(x) or x for x in defaults)
        if (known and known.new is defaults) or any(
            a is not b for a, b in zip(new, defaults, strict=True)
        ):
            place = _place(function, "__defaults__", defaults, new)
            if place is not None:
                yield place
    for name, value in (function.__kwdefaults__ or {}).items():
        place = _place(function.__kwdefaults__, name, value)
        if place is not None:
            yield place


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


def _reached(start: Any) -> list[FunctionType]:
    """The functions that a call of `start` may use, of modules that may be changed."""
    functions: dict[int, FunctionType] = {}
    waiting = [start]
    seen: set[int] = set()
    while waiting:
        x = waiting.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        if isinstance(x, FunctionType):
            waiting += [x.__wrapped__] if hasattr(x, "__wrapped__") else []
            if not _is_users_namespace(x.__globals__):
                waiting += _contents(x.__closure__)
                continue
            functions[id(x)] = x
            waiting += _contents(x.__closure__)
            waiting += [x.__globals__[n] for n in _names(x.__code__) if n in x.__globals__]
            waiting += [*(x.__defaults__ or ()), *(x.__kwdefaults__ or {}).values()]
        elif isinstance(x, MethodType):
            waiting += [x.__func__, x.__self__]
        elif isinstance(x, functools.partial):
            waiting += [x.func, *x.args, *x.keywords.values()]
        elif isinstance(x, type):
            if _is_users(x.__module__):
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
                waiting += x.values() if isinstance(x, dict) else x
        elif _is_users(type(x).__module__):
            waiting.append(type(x))
            waiting += getattr(x, "__dict__", {}).values()
            if hasattr(x, "__wrapped__"):
                waiting.append(x.__wrapped__)
        elif hasattr(x, "__wrapped__"):  # functools.cache and the like
            waiting.append(x.__wrapped__)
    return list(functions.values())


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


def _plan(targets: tuple[Any, ...]) -> list[_Place]:
    """All places to be replaced for `targets`."""
    functions: list[FunctionType] = []
    namespaces: dict[int, dict[str, Any]] = {}
    mentioned: dict[int, set[str]] = {}
    for target in targets:
        if isinstance(target, ModuleType):
            for module in _package(target):
                _refuse_library(module.__name__)
                functions += _functions_of(module)
                namespaces[id(vars(module))] = vars(module)
                mentioned.setdefault(id(vars(module)), set()).update(BUILTINS)
        elif callable(target):
            functions += _reached(target)
        else:
            raise StructureError(
                explain(
                    f"dr.adopt cannot adopt {describe(target)}.",
                    "give it functions, modules or packages; without arguments it adopts the "
                    "module that calls it",
                )
            )
    places: dict[int, _Place] = {}
    for function in functions:
        names = function.__globals__
        namespaces[id(names)] = names
        mentioned.setdefault(id(names), set()).update(_names(function.__code__))
        places |= {id(place): place for place in _places_of(function)}
    for key, namespace in namespaces.items():
        places |= {id(p): p for p in _places_in(namespace, mentioned[key])}
    return list(places.values())


def _refuse_library(name: str) -> None:
    if not _is_users(name):
        raise StructureError(
            explain(
                f"dr.adopt does not change the module {name}.",
                "adopt your own modules; NumPy and SciPy work as they are",
            )
        )


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
        self._places: list[_Place] = []
        self._take()

    @property
    def names(self) -> list[str]:
        return sorted({str(place.name) for place in self._places})

    def _take(self) -> None:
        with _lock:
            self._places = _plan(self._targets)
            for place in self._places:
                place.take()

    def undo(self) -> None:
        """Put every name back. May be called more than once."""
        with _lock:
            places, self._places = self._places, []
            for place in places:
                place.give_back()

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
            return f(*args, **kwargs)

    return call
