"""How the functions of NumPy's modules are made into those of the drop-in ones."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from ..buffer import call_with_buffers, elements, fresh, holds_traced, takes_traced
from ..buffer import settled as as_plain
from ..errors import NoRuleError, explain, raise_or_note
from ..fronts import FUNCTIONS
from ..fronts.creation import CREATION, from_iterable, full_of
from ..fronts.keywords import plain
from ..fronts.packing import as_array
from ..fronts.series import SERIES
from ..fronts.shaping import positions_as
from ..fronts.storing import WRITERS
from ..primitive import RUNNING, Tracer
from ..source import STAND_INS
from ..source import plain as plain_source
from .kinds import KINDS, is_scalar
from .vectorized import Vectorized

_running = RUNNING.get
Function = Callable[..., Any]


def mirror(module: ModuleType) -> dict[str, Any]:
    """The public names of a module of NumPy, with its functions and types that are replaced."""
    names = {}
    for name, value in vars(module).items():
        if name.startswith("_") or isinstance(value, ModuleType):
            continue
        if value is np.vectorize:
            value = Vectorized
        elif isinstance(value, type):
            value = KINDS.get(value, value)
        elif type(value).__name__ in _WITH_BRACKETS:
            value = Brackets(value)
        elif callable(value) and not isinstance(value, np.ufunc) and name not in _NO_ARRAYS:
            value = drop_in(value)
        names[name] = value
    return names


_WITH_BRACKETS = frozenset({"RClass", "CClass", "MGridClass", "OGridClass"})
_NO_ARRAYS = frozenset({
    "errstate", "seterr", "geterr", "seterrcall", "geterrcall", "set_printoptions", "test",
    "get_printoptions", "printoptions", "show_config", "show_runtime", "get_include", "info",
    "setbufsize", "getbufsize", "seed", "get_state", "set_state", "default_rng", "typename",
    "frompyfunc", "promote_types", "issubdtype", "iterable", "broadcast_shapes",
    "isdtype", "mintypecode", "set_default_rng", "get_bit_generator", "set_bit_generator",
})  # fmt: skip

_OF_ITERATORS = frozenset({np.fromiter})
_CONVERSIONS = frozenset({np.array, np.asarray, np.asanyarray, np.ascontiguousarray})
_WITH_CALLBACKS = frozenset({np.piecewise, np.apply_along_axis, np.apply_over_axes})

_made: dict[int, Function] = {}


def drop_in(function: Function) -> Function:
    """A function of NumPy that knows buffers and lists of traced numbers.

    Where no derivative is being taken it calls `function`, and that is all.
    """
    if id(function) in _made:
        return _made[id(function)]
    traced = TRACED.get(function)
    writes = function in WRITERS
    random = getattr(getattr(function, "__self__", None), "standard_normal", None) is not None

    def while_running(args: Any, kwargs: Any) -> Any:
        if STAND_INS.get():
            args, kwargs = plain_source(args), {k: plain_source(x) for k, x in kwargs.items()}
        if function in _OF_ITERATORS:
            args = (list(args[0]), *args[1:])
        if function in _CONVERSIONS and _converts_itself(args[0]):
            args = (args[0].__array__(), *args[1:])
        if function in _WITH_CALLBACKS:  # whose results may be traced
            return FUNCTIONS[function](*map(as_plain, args), **kwargs)
        if any(map(_has_tracers, args)) or any(map(_has_tracers, kwargs.values())):
            if random and takes_traced(args, kwargs):
                _refuse_random(function)
                return function(*map(plain, args), **{k: plain(v) for k, v in kwargs.items()})
            return call_with_buffers(function, args, kwargs, writes, traced)
        return fresh(function(*args, **kwargs), args)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        return while_running(args, kwargs) if _running() else function(*args, **kwargs)

    _made[id(function)] = call
    return call


def _converts_itself(x: Any) -> bool:
    """Whether `x` is an object of the user's with a method ``__array__``, of buffers perhaps."""
    return hasattr(type(x), "__array__") and not isinstance(x, (np.ndarray, np.generic, Tracer))


def _has_tracers(x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return any(map(_has_tracers, x))
    return isinstance(x, Tracer) or holds_traced(x)


def _refuse_random(function: Function) -> None:
    raise_or_note(
        NoRuleError(
            explain(
                f"np.random.{function.__name__} draws with a traced parameter, by which a random "
                "number has no derivative.",
                "draw with constants and transform: mu + sigma * np.random.standard_normal(n); or "
                "say dr.stop_gradient(x)",
            )
        )
    )


class Brackets:
    """``np.r_[...]`` and its like."""

    def __init__(self, original: Any) -> None:
        self._original = original

    def __getitem__(self, key: Any) -> Any:
        if not _running():
            return self._original[key]
        if holds_traced(key):
            return as_array(self._original[key])
        return fresh(self._original[elements(key)], ())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


# -- functions that dispatch to nobody ----------------------------------------------------------


def _converted(function: Function) -> Function:
    def convert(a: Any, *args: Any, **kwargs: Any) -> Any:
        return CREATION[function](as_array(a), a, *args, **kwargs)

    return convert


def _checked_finite(a: Any, dtype: Any = None, order: Any = None) -> Any:
    np.asarray_chkfinite(plain(a))
    return CREATION[np.asarray](as_array(a), a, dtype)


def _full(shape: Any, fill_value: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
    return full_of(as_array(fill_value), shape, fill_value, dtype)


def _arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = None, **kwargs: Any) -> Any:
    """``start + step * (0, 1, ...)``; how many is constant."""
    if stop is None:
        start, stop = 0.0, start
    n = len(np.arange(plain(start), plain(stop), plain(step)))
    return as_array(start) + step * np.arange(n)


def _from_iterable(iterable: Any, dtype: Any = None, count: int = -1, **kwargs: Any) -> Any:
    return from_iterable(as_array(iterable), iterable, dtype, count)


def _as_strided(
    x: Any,
    shape: Any = None,
    strides: Any = None,
    subok: bool = False,
    *,
    writeable: bool = True,
    check_bounds: Any = None,
) -> Any:
    """The elements that strides over the memory of `x` would find, by their positions."""
    memory = np.asarray(plain(x))
    positions = positions_as(memory)
    size = positions.itemsize
    steps = memory.strides if strides is None else strides
    steps = tuple(step // memory.itemsize * size for step in steps)
    return np.reshape(x, -1)[np.lib.stride_tricks.as_strided(positions, shape, steps)]


TRACED: dict[Function, Function] = {
    **{
        f: _converted(f)
        for f in (
            np.array,
            np.asarray,
            np.asanyarray,
            np.ascontiguousarray,
            np.asfortranarray,
            np.require,
        )
    },
    np.asarray_chkfinite: _checked_finite,
    np.full: _full,
    np.arange: _arange,
    np.fromiter: _from_iterable,
    np.lib.stride_tricks.as_strided: _as_strided,
    np.isscalar: is_scalar,
    **SERIES,
}
