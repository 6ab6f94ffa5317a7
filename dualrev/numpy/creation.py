"""Arrays made from nothing, in the run of a traced one: what can be stored into.

``np.zeros(n, like=x)`` and ``np.zeros_like(x)`` of a traced ``x`` are traced arrays with
zero derivative; traced values can be stored into them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitive import Tracer
from ..rules.shaping import attach
from .keywords import as_kind, as_shaped
from .packing import as_array


def _attached(like: Tracer, value: Any) -> Any:
    """A plain array as a constant in the run of `like`; integers and booleans stay plain."""
    value = np.asarray(value)
    return attach(like, value=value) if value.dtype.kind in "fc" else value


def _made(function: Callable[..., Any]) -> Callable[..., Any]:
    def front(like: Tracer, *args: Any, **kwargs: Any) -> Any:
        return _attached(like, function(*args, **kwargs))

    return front


def _converted(like: Tracer, a: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
    x = as_kind(as_array(a), dtype)
    if isinstance(x, Tracer):
        ndmin = kwargs.get("ndmin", 0)
        x = x if x.ndim >= ndmin else np.reshape(x, (1,) * (ndmin - x.ndim) + x.shape)
        return x.snapshot()
    return _attached(like, x)


def full_of(
    like: Tracer, shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None
) -> Any:
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    value = as_kind(as_shaped(fill_value), dtype)
    if isinstance(value, Tracer):
        return np.broadcast_to(value, shape).snapshot()
    return _attached(like, np.full(shape, value))


# Called with the array given as ``like=``.
CREATION: dict[Callable[..., Any], Callable[..., Any]] = {
    **{f: _made(f) for f in (np.zeros, np.ones, np.empty, np.eye, np.identity, np.arange, np.tri)},
    np.full: full_of,
    **dict.fromkeys((np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray), _converted),
}


def _filled(function: Callable[..., Any]) -> Callable[..., Any]:
    def front(
        a: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
    ) -> Any:
        like = as_array(a)
        value = function(np.empty(like.shape, like.dtype), dtype=dtype, shape=shape)
        return _attached(like, value) if isinstance(like, Tracer) else value

    return front


def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Any:
    like = as_shaped(a)
    return full_of(like if isinstance(like, Tracer) else as_shaped(fill_value), like.shape if shape is None else shape, fill_value, dtype or like.dtype)


# -- between two end points ----------------------------------------------------------------


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    a, b = as_shaped(start) * 1.0, as_shaped(stop) * 1.0
    delta = b - a
    steps = num - 1 if endpoint else num
    t = np.arange(num, dtype=delta.dtype).reshape((-1,) + (1,) * delta.ndim)
    step = delta / steps if steps > 0 else delta * np.nan
    y = t * step + a if steps > 0 else t * delta + a
    if endpoint and num > 1:
        y[-1] = b
    y = np.moveaxis(y, 0, axis) if axis != 0 else y
    y = as_kind(y, dtype)
    return (y, step) if retstep else y


def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    y = linspace(start, stop, num, endpoint, axis=axis)
    base = np.expand_dims(as_shaped(base), axis) if np.ndim(base) else base
    return as_kind(np.power(base, y), dtype)


def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    a, b = as_shaped(start) * 1.0, as_shaped(stop) * 1.0
    sign = np.sign(a) if a.dtype.kind != "c" else a / np.abs(a)
    y = sign * logspace(np.log10(a / sign), np.log10(b / sign), num, endpoint)
    if num > 0:
        y[0] = a
        if num > 1 and endpoint:
            y[-1] = b
    return as_kind(np.moveaxis(y, 0, axis) if axis != 0 else y, dtype)


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.zeros_like: _filled(np.zeros_like),
    np.ones_like: _filled(np.ones_like),
    np.empty_like: _filled(np.zeros_like),
    np.full_like: full_like,
    np.linspace: linspace,
    np.logspace: logspace,
    np.geomspace: geomspace,
}
