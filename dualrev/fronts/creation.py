"""Arrays made from nothing, in the run of a traced one: what can be stored into.

``np.zeros(n, like=x)`` and ``np.zeros_like(x)`` of a traced ``x`` are traced arrays with
zero derivative; traced values can be stored into them.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..primitive import Tracer
from ..rules import shaping as sh
from ..rules.forms.shapes import anywhere
from .keywords import as_kind, as_shaped, given, plain, values
from .packing import as_array


def _attached(like: Tracer, value: Any) -> Any:
    """A plain array as a constant in the run of `like`; integers and booleans stay plain."""
    value = as_array(value)
    if isinstance(value, Tracer):
        return value
    value = np.asarray(value)
    return sh.attach(like, value=value) if value.dtype.kind in "fc" else value


def _made(function: Callable[..., Any]) -> Callable[..., Any]:
    def front(like: Tracer, *args: Any, **kwargs: Any) -> Any:
        return _attached(like, function(*args, **kwargs))

    return front


def _converted(
    like: Tracer,
    a: Any,
    dtype: Any = None,
    order: str | None = None,
    *,
    copy: bool | None = None,
    ndmin: int = 0,
    **kwargs: Any,
) -> Any:
    x = as_array(a)
    if not isinstance(x, Tracer):
        return _attached(like, np.array(x, dtype, ndmin=ndmin))
    if given(dtype) and np.dtype(dtype).kind not in "fc":
        return np.array(np.asarray(x) if np.dtype(dtype).kind == "O" else plain(x), dtype)
    y = as_kind(x, dtype)
    if not isinstance(y.memory(), np.ndarray):  # a NumPy scalar becomes an array of no axes
        y = sh.permute(y, move=np.array, back=np.array)
    elif not _lies(y.memory(), order):
        y = sh.permute(y, move=partial(np.array, order=order), back=np.array)
    elif y is a and copy:
        y = y.copy(order or "K")
    if y.ndim < ndmin:
        y = np.reshape(y, (1,) * (ndmin - y.ndim) + y.shape)
    return y


def _lies(memory: np.ndarray, order: str | None) -> bool:
    """Whether elements lie in memory in the order asked for."""
    if order == "F":
        return memory.flags.f_contiguous
    if order == "C":
        return memory.flags.c_contiguous
    return order != "A" or memory.flags.forc


def _copied(
    like: Tracer,
    a: Any,
    dtype: Any = None,
    *,
    copy: bool | None = True,
    order: str | None = "K",
    **kw: Any,
) -> Any:
    return _converted(like, a, dtype, order, copy=copy, **kw)


def from_iterable(like: Tracer, iterable: Any, dtype: Any = None, count: int = -1) -> Any:
    items = list(iterable) if count < 0 else list(itertools.islice(iterable, count))
    return _converted(like, items, dtype)


def _contiguous(like: Tracer, a: Any, dtype: Any = None) -> Any:
    return _converted(like, a, dtype, "C", ndmin=1)


def _fortran(like: Tracer, a: Any, dtype: Any = None) -> Any:
    return _converted(like, a, dtype, "F", ndmin=1)


def required(like: Tracer, a: Any, dtype: Any = None, requirements: Any = None) -> Any:
    """As ``np.require``: an array in the order, and owned, as the letters ask for."""
    letters = {
        r[0].upper()
        for r in ([requirements] if isinstance(requirements, str) else requirements or ())
    }
    order = "F" if "F" in letters else "C" if "C" in letters else None
    return _converted(like, a, dtype, order, copy=True if "O" in letters and a.window else None)


def full_of(
    like: Tracer,
    shape: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "C",
    *,
    device: Any = None,
) -> Any:
    shape = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    value = as_kind(as_shaped(fill_value), dtype)
    if isinstance(value, Tracer):
        return sh.permute(sh.broadcast_to(value, shape=shape), move=np.array, back=np.array)
    return _attached(like, np.full(shape, value))


# Called with the array given as ``like=``.
CREATION: dict[Callable[..., Any], Callable[..., Any]] = {
    **{
        f: _made(f)
        for f in (
            np.zeros,
            np.ones,
            np.empty,
            np.eye,
            np.identity,
            np.arange,
            np.tri,
            np.fromfunction,
            np.fromstring,
            np.frombuffer,
            np.fromfile,
            np.loadtxt,
            np.genfromtxt,
        )
    },
    np.full: full_of,
    np.fromiter: from_iterable,
    np.array: _copied,
    **dict.fromkeys((np.asarray, np.asanyarray), _converted),
    np.ascontiguousarray: _contiguous,
    np.asfortranarray: _fortran,
    np.require: required,
}


def _filled(function: Callable[..., Any]) -> Callable[..., Any]:
    def front(
        a: Any,
        dtype: Any = None,
        order: str = "K",
        subok: bool = True,
        shape: Any = None,
        *,
        device: Any = None,
    ) -> Any:
        like = as_array(a)
        value = function(np.empty(like.shape, like.dtype), dtype=dtype, shape=shape)
        return _attached(like, value) if isinstance(like, Tracer) else value

    return front


def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: str = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    like = as_shaped(a)
    return full_of(
        like if isinstance(like, Tracer) else as_shaped(fill_value),
        like.shape if shape is None else shape,
        fill_value,
        dtype or like.dtype,
    )


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
    num = operator.index(num)
    if num < 0:
        raise ValueError(f"Number of samples, {num}, must be non-negative.")
    kinds = [x if type(x) in (int, float, complex) else as_shaped(x).dtype for x in (start, stop)]
    kind = np.result_type(*kinds, 0.0)
    a, b = (as_kind(as_shaped(x), kind) for x in (start, stop))
    delta = b - a
    steps = num - 1 if endpoint else num
    t = np.arange(num, dtype=kind).reshape((-1,) + (1,) * delta.ndim)
    step = delta / steps if steps > 0 else np.nan
    if steps <= 0:
        y = t * delta
    else:
        y = t * step
        if anywhere(values(step) == 0):  # of subnormal numbers
            y = np.where(values(step) == 0, t / steps * delta, y)
    y = y + a
    if endpoint and num > 1:
        y[-1] = b
    y = np.moveaxis(y, 0, axis) if axis != 0 else y
    if dtype is not None and np.dtype(dtype).kind in "iu":
        y = np.floor(values(y))
    y = as_kind(y, dtype)
    return (y, step) if retstep else y


def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    if np.ndim(base):
        ends = [as_shaped(x) for x in (start, stop, base)]
        ndim = max(x.ndim for x in ends)
        start, stop, base = (sh.reshape(x, shape=(1,) * (ndim - x.ndim) + x.shape) for x in ends)
        base = np.expand_dims(base, axis)
    return as_kind(np.power(base, linspace(start, stop, num, endpoint, axis=axis)), dtype)


def geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    a, b = as_shaped(start), as_shaped(stop)
    if anywhere(values(a) == 0) or anywhere(values(b) == 0):
        raise ValueError("Geometric sequence cannot include zero")
    kind = np.result_type(a.dtype, b.dtype, float(num), np.zeros((), dtype))
    a, b = as_kind(a, kind), as_kind(b, kind)
    # Turned to positive real numbers, and back.
    sign = np.sign(a) if kind.kind != "c" else a / np.abs(a)
    a, b = a / sign, b / sign
    y = as_kind(logspace(np.log10(a), np.log10(b), num, endpoint), kind)
    if num > 0:
        y[0] = a
        if num > 1 and endpoint:
            y[-1] = b
    y = y * sign
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
