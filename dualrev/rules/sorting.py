"""Sorting and order statistics: values decide an order, and the order moves the derivative."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitive import Array, Tracer, primal_of
from .forms import general, linear
from .forms.batching import along, shifted
from .forms.shapes import anywhere, as_values

# -- taking by flat position ------------------------------------------------------------


def _take(x: Array, index: np.ndarray, unique: bool) -> Array:
    return np.take(x, index)


def _put(values: Array, index: np.ndarray, shape: tuple[int, ...], unique: bool) -> Array:
    buffer = np.zeros(shape, values.dtype)
    if unique:
        buffer.reshape(-1)[index] = values
    else:
        np.add.at(buffer.reshape(-1), index, values)
    return buffer


def _batch_take(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    (x,), index = args, params["index"]
    starts = np.arange(size).reshape(size, *(1,) * index.ndim) * math.prod(x.shape[1:])
    return take_flat(x, index=starts + index, unique=params["unique"])


def _batch_put(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    (values,), index, shape = args, params["index"], params["shape"]
    starts = np.arange(size).reshape(size, *(1,) * index.ndim) * math.prod(shape)
    return put_flat(values, index=starts + index, shape=(size, *shape), unique=params["unique"])


# y = x.flat[index], and its transpose; `unique` says that no position is named twice.
take_flat = linear(
    _take,
    lambda ct, x, index, unique: put_flat(ct, index=index, shape=x.shape, unique=unique),
    name="take_flat",
    structural=True,
    batch=_batch_take,
)
put_flat = linear(
    _put,
    lambda ct, values, index, shape, unique: take_flat(ct, index=index, unique=unique),
    name="put_flat",
    structural=True,
    batch=_batch_put,
)


def flat_positions(index: np.ndarray, shape: tuple[int, ...], axis: int) -> np.ndarray:
    """Positions in the flattened array of the elements that `index` names along `axis`.

    `index` has the shape of the array, except along `axis`.
    """
    if len(shape) == 1:
        return index
    axis %= len(shape)
    step = int(np.prod(shape[axis + 1 :], dtype=np.intp))
    outer = int(np.prod(shape[:axis], dtype=np.intp))
    rows = index.reshape(outer, index.shape[axis], step)
    base = np.arange(outer).reshape(-1, 1, 1) * (shape[axis] * step) + np.arange(step)
    return (base + rows * step).reshape(index.shape)


# -- sorting ----------------------------------------------------------------------------


def stable_order(x: np.ndarray, axis: int) -> np.ndarray:
    """The permutation of the stable sort, by the faster sort where nothing ties."""
    if x.size < 1000:
        return np.argsort(x, axis=axis, kind="stable")
    order = np.argsort(x, axis=axis)
    ranked = np.moveaxis(np.take_along_axis(x, order, axis), axis, 0)
    if (ranked[1:] > ranked[:-1]).all():
        return order
    return np.argsort(x, axis=axis, kind="stable")


def _permuted(index: np.ndarray, shape: tuple[int, ...]) -> tuple[Any, Any]:
    def push(dx: Array) -> Array:
        return take_flat(dx, index=index, unique=True)

    def pull(ct: Array) -> Array:
        return put_flat(ct, index=index, shape=shape, unique=True)

    return push, pull


def _sort(x: Array, axis: int = -1, kind: Any = None) -> Array:
    return np.sort(x, axis=axis, kind=kind)


@general(_sort, name="sort", batch=along())
def sort_along(y: Array, x: Array, axis: int = -1, kind: Any = None) -> Any:
    """``y = P x``: ``dy = P dx``, with the permutation ``P`` of the stable sort."""
    order = stable_order(primal_of(x), axis)
    return _permuted(flat_positions(order, x.shape, axis), x.shape)


def _partition(x: Array, kth: Any, axis: int = -1, kind: str = "introselect") -> Array:
    return np.partition(x, kth, axis=axis, kind=kind)


@general(_partition, name="partition", batch=along())
def partition_along(y: Array, x: Array, kth: Any, axis: int = -1, kind: str = "introselect") -> Any:
    """``y = P x``: ``dy = P dx``.

    How NumPy arranges the two parts is not specified, so ``P`` is found from what came
    out: the element of rank ``k`` in ``y`` is the element of rank ``k`` in ``x``.
    """
    ranked_x = stable_order(primal_of(x), axis)
    ranked_y = stable_order(primal_of(y), axis)
    order = np.empty_like(ranked_x)
    np.put_along_axis(order, ranked_y, ranked_x, axis)
    return _permuted(flat_positions(order, x.shape, axis), x.shape)


# -- order statistics -------------------------------------------------------------------


def normal_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """`axis`, one or several or ``None`` for all, as positions counted from 0."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(int(a) % ndim for a in (axis if isinstance(axis, (tuple, list)) else (axis,)))


def _order_statistic(
    x: Array, function: Callable[..., Any], axis: Any, skip_nan: bool, **options: Any
) -> Any:
    return function(x, axis=axis, **options)


def _batch_statistic(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    (x,) = args
    axis = shifted(params["axis"], x.ndim - 1)
    if isinstance(axis, tuple) and len(axis) == 1:
        (axis,) = axis
    if size == 0:  # NumPy cannot fold the axes of nothing
        one = order_statistic.fun(np.ones(x.shape[1:], x.dtype), **params)
        return np.zeros((0, *np.shape(one)), x.dtype)
    weights = params.get("weights")
    if weights is not None and np.shape(weights) == x.shape[1:]:
        params = {**params, "weights": np.broadcast_to(weights, x.shape)}
    y = order_statistic(x, **{**params, "axis": axis})
    several = np.ndim(params.get("q", 0.5))  # quantiles come first, before the examples
    return np.moveaxis(y, several, 0) if several else y


@general(_order_statistic, name="order_statistic", batch=_batch_statistic)
def order_statistic(
    y: Array, x: Array, function: Callable[..., Any], axis: Any, skip_nan: bool, **options: Any
) -> Any:
    """``y = (1 - g) x_(k) + g x_(k+1)``: the same weights for ``dx``.

    For `function` one of NumPy's medians, quantiles and percentiles, by any method.
    Applied to the *ranks* of the elements, 0 to n - 1, it returns ``k + g`` itself.
    [Hyndman & Fan 1996]
    """
    values = as_values(x)
    if isinstance(values, Tracer) and ("weights" in options or anywhere(np.isnan(values))):
        values = values.plain()  # what follows writes ranks
    if values.size == 0:
        return lambda dx: np.zeros(y.shape, x.dtype), lambda ct: np.zeros(x.shape, x.dtype)
    axes = normal_axes(axis, values.ndim)
    order = [*(k for k in range(values.ndim) if k not in axes), *axes]
    rows = values.transpose(order).reshape(-1, math.prod(values.shape[k] for k in axes))
    n = rows.shape[1]
    ranked = stable_order(rows, 1)
    undefined = np.isnan(rows)
    options = {**options, "keepdims": False}
    if "weights" in options or undefined.any():
        ranks = np.empty(rows.shape)
        np.put_along_axis(ranks, ranked, np.broadcast_to(np.arange(n, dtype=float), rows.shape), 1)
        if skip_nan:
            undefined &= ~undefined.all(1, keepdims=True)
        ranks[undefined] = np.nan
        ranks = ranks.reshape([values.shape[k] for k in order]).transpose(np.argsort(order))
        place = np.asarray(function(ranks, axis=axis, **options)).reshape(-1, len(rows))
        place = np.where(np.isnan(place), n - 1, place)
    else:  # the same place in every row
        place = np.asarray(function(np.arange(n, dtype=float), axis=0, **options)).reshape(-1, 1)
    low = np.floor(place).astype(np.intp)
    weight = np.broadcast_to(place - low, (len(place), len(rows)))
    positions = np.arange(values.size).reshape(values.shape).transpose(order).reshape(rows.shape)
    row = np.arange(len(rows))
    first = np.take(positions, row * n + ranked[row, low]).reshape(y.shape)
    above = ranked[row, np.minimum(low + 1, n - 1)]
    second = np.take(positions, row * n + above).reshape(y.shape)
    once = len(place) == 1  # several quantiles may rest on the same element
    between = bool(weight.any())
    g = weight.reshape(y.shape).astype(values.real.dtype)

    def push(dx: Array) -> Array:
        low = take_flat(dx, index=first, unique=once)
        return (1 - g) * low + g * take_flat(dx, index=second, unique=once) if between else low

    def pull(ct: Array) -> Array:
        if not between:
            return put_flat(ct, index=first, shape=x.shape, unique=once)
        low = put_flat((1 - g) * ct, index=first, shape=x.shape, unique=once)
        return low + put_flat(g * ct, index=second, shape=x.shape, unique=once)

    return push, pull
