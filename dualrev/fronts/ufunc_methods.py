"""The ufunc methods ``reduce``, ``accumulate``, ``reduceat``, ``outer`` and ``at``.

Sums, products and extrema have rules of their own; all others are said as what they are,
a fold of the binary operation along an axis.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Tracer
from ..rules import elementwise as ew
from ..rules.cumulative import cumulative_max, cumulative_min
from ..rules.indexing import setitem
from ..rules.joining import stack
from ..rules.shaping import cast_to
from . import FUNCTIONS
from .keywords import example
from .packing import as_array
from .writes import refuse_plain_at, unsupported, write_out

_REDUCTIONS = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}
_ACCUMULATIONS = {np.add: np.cumsum, np.multiply: np.cumprod}


def _prepare(ufunc: Any, array: Any, dtype: Any) -> Any:
    array = as_array(array)
    if isinstance(array, Tracer):
        array.refresh()
    if dtype is None:
        return array
    if np.dtype(dtype).kind not in "fc":
        raise unsupported(
            ufunc,
            f"dtype={np.dtype(dtype)} has no derivative",
            "leave dtype out, or say dr.stop_gradient(x)",
        )
    return cast_to(array, np.dtype(dtype)) if isinstance(array, Tracer) else array.astype(dtype)


def _finish(result: Any, out: Any) -> Any:
    if type(out) is tuple:
        (out,) = out
    return result if out is None else write_out(result, out)


def reduce(
    ufunc: Any,
    array: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    """As ``ufunc.reduce``: ``axis=0`` by default, NumPy's for a ufunc."""
    front = FUNCTIONS.get(_REDUCTIONS[ufunc]) if ufunc in _REDUCTIONS else None
    if front is not None:
        given = {"dtype": dtype, "initial": initial, "where": where if where is not True else None}
        if ufunc in (np.maximum, np.minimum):
            array, given["dtype"] = _prepare(ufunc, array, dtype), None
        given = {key: value for key, value in given.items() if value is not None}
        return _finish(front(array, axis=axis, keepdims=keepdims, **given), out)
    array = _prepare(ufunc, array, dtype)
    if where is not True:
        if ufunc.identity is None:
            raise unsupported(ufunc, "reduce with where=", "select the elements first: x[mask]")
        array = np.where(where, array, array.dtype.type(ufunc.identity))
    axes = (
        tuple(range(array.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    )
    axes = tuple(a % array.ndim for a in axes)
    if initial is None and (len(axes) > 1 or any(array.shape[a] == 0 for a in axes)):
        plain = ufunc.reduce(np.asarray(example(array)), axis=axis)  # NumPy refuses where it should
        if array.size == 0:
            return _finish(plain, out)
    kept = [a for a in range(array.ndim) if a not in axes]
    shape = [1 if a in axes else n for a, n in enumerate(array.shape)]
    rows = np.transpose(array, (*axes, *kept)).reshape((-1, *(array.shape[a] for a in kept)))
    items = [rows[k] for k in range(rows.shape[0])]
    result = items.pop(0) if initial is None else initial
    for item in items:
        result = ufunc(result, item)
    return _finish(result.reshape(shape) if keepdims else result, out)


_RUNNING = {np.maximum: cumulative_max, np.minimum: cumulative_min}


def accumulate(ufunc: Any, array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
    """As ``ufunc.accumulate``: all partial results of the fold along `axis`."""
    front = FUNCTIONS.get(_ACCUMULATIONS[ufunc]) if ufunc in _ACCUMULATIONS else None
    if front is not None:
        return _finish(front(array, axis=axis, **({} if dtype is None else {"dtype": dtype})), out)
    array = _prepare(ufunc, array, dtype)
    if array.size == 0:
        return _finish(ufunc.accumulate(example(array), axis), out)
    if ufunc in _RUNNING:
        return _finish(_RUNNING[ufunc](array, axis=axis % array.ndim), out)
    before = (slice(None),) * (axis % array.ndim)
    results = [array[(*before, 0)]]
    for k in range(1, array.shape[axis]):
        results.append(ufunc(results[-1], array[(*before, k)]))
    return _finish(stack(*results, axis=axis), out)


def reduceat(
    ufunc: Any, array: Any, indices: Any, axis: int = 0, dtype: Any = None, out: Any = None
) -> Any:
    """As ``ufunc.reduceat``: a reduction of each slice ``indices[k]:indices[k+1]``."""
    array = _prepare(ufunc, array, dtype)
    n = array.shape[axis]
    starts = np.asarray(indices).tolist()
    if any(not 0 <= k < n for k in starts):
        raise IndexError(
            f"index {next(k for k in starts if not 0 <= k < n)} out-of-bounds in {ufunc.__name__}.reduceat [0, {n})"
        )
    before = (slice(None),) * (axis % array.ndim)
    pieces = []
    for start, stop in zip(starts, [*starts[1:], n], strict=True):
        if start < stop:
            pieces.append(reduce(ufunc, array[(*before, slice(start, stop))], axis))
        else:
            pieces.append(array[(*before, start)])
    if not pieces:
        return _finish(ufunc.reduceat(example(array), indices, axis), out)
    return _finish(stack(*pieces, axis=axis), out)


def outer(ufunc: Any, a: Any, b: Any, **kwargs: Any) -> Any:
    """As ``ufunc.outer``: every element of `a` with every element of `b`."""
    a, b = as_array(a), as_array(b)
    return ufunc(np.reshape(a, np.shape(a) + (1,) * np.ndim(b)), b, **kwargs)


def at(ufunc: Any, array: Any, indices: Any, *operands: Any) -> None:
    """As ``ufunc.at``: in place, and an element that is named again is changed again."""
    if not isinstance(array, Tracer):
        raise refuse_plain_at(ufunc.__name__)
    array.refresh()
    key = _plain_key(indices)
    values = [as_array(v) for v in operands]
    if ufunc is np.add:
        array[...] = ew.add_at(array, values[0], key=key)
    elif ufunc is np.subtract:
        array[...] = ew.add_at(array, -values[0], key=key)
    else:
        array[...] = _at_in_rounds(ufunc, array, key, values)


def _plain_key(key: Any) -> Any:
    if isinstance(key, Tracer):
        key.__index__()  # type: ignore[attr-defined]  # refuses
    if isinstance(key, tuple):
        return tuple(map(_plain_key, key))
    return np.array(key) if isinstance(key, np.ndarray) else key


def _at_in_rounds(ufunc: Any, array: Any, key: Any, values: list[Any]) -> Any:
    """Each round changes elements that are all different: the k-th time that each is named."""
    named = np.arange(array.size).reshape(array.shape)[key]
    values = [np.reshape(np.broadcast_to(v, named.shape), -1) for v in values]
    targets = named.reshape(-1)
    order = np.argsort(targets, kind="stable")
    ordered = targets[order]
    first = np.searchsorted(ordered, ordered, side="left")
    times = np.empty(targets.size, int)
    times[order] = np.arange(targets.size) - first
    flat = np.reshape(array, -1)
    for round_ in range(int(times.max(initial=-1)) + 1):
        now = times == round_
        here = targets[now]
        flat = setitem(flat, ufunc(flat[here], *[v[now] for v in values]), key=here)
    return np.reshape(flat, array.shape)
