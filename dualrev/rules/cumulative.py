"""Running sums, products and extremes: every prefix reduced."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..primitive import Array, Tracer, primal_of
from .forms import general, linear
from .forms.batching import along
from .joining import concatenate
from .sorting import put_flat, take_flat


def _along(ndim: int, axis: int, key: Any) -> tuple[Any, ...]:
    """The index that is `key` along `axis` and takes everything along the others."""
    return (slice(None),) * (axis % ndim) + (key,)


def _running(function: Any, x: Array, axis: int, reverse: bool) -> Array:
    if not reverse:
        return function(x, axis=axis)
    back = _along(np.ndim(x), axis, slice(None, None, -1))
    return function(x[back], axis=axis)[back]


def _cumsum(x: Array, axis: int, reverse: bool = False) -> Array:
    return _running(np.cumsum, x, axis, reverse)


# y_i = x_0 + ... + x_i; the transpose sums from the other end.
cumsum_along = linear(
    _cumsum,
    lambda ct, x, axis, reverse=False: cumsum_along(ct, axis=axis, reverse=not reverse),
    name="cumsum",
    batch=along(),
)


def before(y: Array, axis: int, first: float = 0) -> Array:
    """``(first, y_0, ..., y_{n-2})`` along `axis`."""
    traced = isinstance(y, Tracer)
    if not traced:  # the same, faster
        moved = np.empty_like(y)
        moved[_along(y.ndim, axis, slice(0, 1))] = first
        moved[_along(y.ndim, axis, slice(1, None))] = y[_along(y.ndim, axis, slice(None, -1))]
        return moved
    end = np.full_like(primal_of(y)[_along(y.ndim, axis, slice(0, 1))], first)
    return concatenate(end, y[_along(y.ndim, axis, slice(None, -1))], axis=axis)


def after(y: Array, axis: int, last: float = 0) -> Array:
    """``(y_1, ..., y_{n-1}, last)`` along `axis`."""
    traced = isinstance(y, Tracer)
    if not traced:
        moved = np.empty_like(y)
        moved[_along(y.ndim, axis, slice(-1, None))] = last
        moved[_along(y.ndim, axis, slice(None, -1))] = y[_along(y.ndim, axis, slice(1, None))]
        return moved
    end = np.full_like(primal_of(y)[_along(y.ndim, axis, slice(0, 1))], last)
    return concatenate(y[_along(y.ndim, axis, slice(1, None))], end, axis=axis)


# -- products ---------------------------------------------------------------------------


def _recurrence(a: Array, b: Array, axis: int, reverse: bool = False) -> Array:
    if b.ndim == 1:  # Python's numbers are faster than NumPy's, one at a time
        return _recurrence_of_numbers(a, b, reverse)
    a = np.moveaxis(a, axis, 0)
    y = np.array(np.moveaxis(b, axis, 0), np.result_type(a, b))
    for i in range(len(y) - 2, -1, -1) if reverse else range(1, len(y)):
        y[i] += a[i + 1] * y[i + 1] if reverse else a[i] * y[i - 1]
    return np.moveaxis(y, 0, axis)


def _recurrence_of_numbers(a: Array, b: Array, reverse: bool) -> Array:
    factors, values = a.tolist(), b.tolist()
    if reverse:
        factors, values = factors[:0:-1], values[::-1]
    else:
        del factors[:1]
    y = (
        list(
            itertools.accumulate(
                zip(factors, values[1:]), lambda y, ab: ab[0] * y + ab[1], initial=values[0]
            )
        )
        if values
        else []
    )
    return np.array(y[::-1] if reverse else y, np.result_type(a, b))


@general(_recurrence, batch=along())
def recurrence(y: Array, a: Array, b: Array, axis: int, reverse: bool = False) -> Any:
    """``y_i = a_i y_{i-1} + b_i``: ``dy_i = a_i dy_{i-1} + (da_i y_{i-1} + db_i)``.

    With `reverse` the transpose, ``y_i = a_{i+1} y_{i+1} + b_i``. Each is the derivative
    of the other, so no order of derivative ever divides.
    """

    def push(da: Array, db: Array) -> Array:
        change = after(da * y, axis) if reverse else da * before(y, axis)
        return recurrence(a, change + db, axis=axis, reverse=reverse)

    def pull(ct: Array) -> tuple[Any, ...]:
        ct_b = recurrence(a, ct, axis=axis, reverse=not reverse)
        return lambda: before(ct_b, axis) * y if reverse else ct_b * before(y, axis), ct_b

    return push, pull


def _cumprod(x: Array, axis: int, reverse: bool = False) -> Array:
    return _running(np.cumprod, x, axis, reverse)


@general(_cumprod, name="cumprod", batch=along())
def cumprod_along(y: Array, x: Array, axis: int, reverse: bool = False) -> Any:
    """``y_i = x_i y_{i-1}``: ``dy_i = x_i dy_{i-1} + y_{i-1} dx_i``; exact at zeros.

    With `reverse` the products start from the other end.
    """
    if reverse:
        factor, previous = before(x, axis, 1), after(y, axis, 1)
    else:
        factor, previous = x, before(y, axis, 1)

    def push(dx: Array) -> Array:
        return recurrence(factor, previous * dx, axis=axis, reverse=reverse)

    def pull(ct: Array) -> Array:
        return previous * recurrence(factor, ct, axis=axis, reverse=not reverse)

    return push, pull


def products_of_others(x: Array, axis: int) -> Array:
    """``z_i`` = product of all ``x_j`` along `axis` with ``j != i``, without a division."""
    left = before(cumprod_along(x, axis=axis), axis, 1)
    return left * after(cumprod_along(x, axis=axis, reverse=True), axis, 1)


# -- extremes ---------------------------------------------------------------------------


def _running_extreme(function: np.ufunc, name: str) -> Any:
    def accumulate(x: Array, axis: int = 0) -> Array:
        return function.accumulate(x, axis=axis)

    @general(accumulate, name=name, batch=along(0))
    def extreme(y: Array, x: Array, axis: int = 0) -> Any:
        """``y_i = x_k``, the extreme so far: ``dy_i = dx_k``; ties share evenly."""
        shape, axis = x.shape, axis % x.ndim
        cells = (
            int(np.prod(shape[:axis], dtype=np.intp)),
            shape[axis],
            int(np.prod(shape[axis + 1 :], dtype=np.intp)),
        )
        xs, ys = primal_of(x).reshape(cells), primal_of(y).reshape(cells)
        won, same = xs == ys, np.zeros(cells, bool)
        same[:, 1:] = ys[:, 1:] == ys[:, :-1]
        if np.isnan(ys).any():
            won |= np.isnan(xs) & np.isnan(ys)
            same[:, 1:] |= np.isnan(ys[:, 1:]) & np.isnan(ys[:, :-1])
        if not (won & same).any():
            rows, inner = np.arange(cells[0]).reshape(-1, 1, 1), np.arange(cells[2])
            winner = np.maximum.accumulate(
                np.where(won, np.arange(cells[1]).reshape(-1, 1), 0), axis=1
            )
            index = ((rows * cells[1] + winner) * cells[2] + inner).reshape(shape)
            return (
                lambda dx: take_flat(dx, index=index, unique=False),
                lambda ct: put_flat(ct, index=index, shape=shape, unique=False),
            )
        # The mean over all winners since the extreme last changed.
        stay = same.astype(xs.real.dtype)
        count = recurrence(stay, won.astype(stay.dtype), axis=1)

        def push(dx: Array) -> Array:
            shares = np.where(won, dx.reshape(cells), 0)
            return (recurrence(stay, shares, axis=1) / count).reshape(shape)

        def pull(ct: Array) -> Array:
            shares = recurrence(stay, ct.reshape(cells) / count, axis=1, reverse=True)
            return np.where(won, shares, 0).reshape(shape)

        return push, pull

    return extreme


cumulative_max = _running_extreme(np.maximum, "cumulative_max")
cumulative_min = _running_extreme(np.minimum, "cumulative_min")
