"""Reductions: many elements to one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitive import LARGE, Array, Tracer, primal_of
from .cumulative import products_of_others
from .forms import general, linear
from .forms.batching import along
from .sorting import put_flat, take_flat

Axis = int | tuple[int, ...] | None


def spread(ct: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """`ct` of a reduction of `x` over `axis`, repeated to the shape of `x`."""
    shape = x.shape
    if axis is None and type(ct) is np.float64 and len(shape) == 1 and shape[0] < LARGE:
        out = np.empty(shape)  # cheaper than np.broadcast_to, for small arrays
        out.fill(ct)
        return out
    if axis is not None and ct.ndim and not keepdims:
        axes = [a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))]
        kept = iter(ct.shape)
        ct = ct.reshape([1 if k in axes else next(kept) for k in range(x.ndim)])
    if x.size < 1024 and not isinstance(ct, Tracer):
        out = np.empty(x.shape, ct.dtype)  # cheaper than np.broadcast_to, for small arrays
        out[...] = ct
        return out
    return np.broadcast_to(ct, x.shape)


def count_of(x: Any, axis: Axis = None) -> int:
    """How many elements of `x` each element of a reduction over `axis` comes from."""
    if axis is None:
        return x.size  # type: ignore[no-any-return]
    return math.prod(x.shape[a] for a in (axis if type(axis) is tuple else (axis,)))


# -- sums -------------------------------------------------------------------------------


def _sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return np.add.reduce(x, axis, None, None, keepdims)


def _mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    n = count_of(x, axis)
    if n and x.dtype.char in "dfDF":
        return np.add.reduce(x, axis, None, None, keepdims) / n  # np.mean, without its detours
    return np.mean(x, axis=axis, keepdims=keepdims)


def _mean_transpose(ct: Any, x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    return spread(ct / (count_of(x, axis) or 1), x, axis, keepdims)


sum_over = linear(_sum, spread, name="sum", batch=along(reduces=True))
mean_over = linear(_mean, _mean_transpose, name="mean", batch=along(reduces=True))


def _var(x: Any, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    return np.var(x, axis=axis, ddof=ddof, keepdims=keepdims)


@general(_var, name="var", batch=along(reduces=True))
def var_over(y: Array, x: Array, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Any:
    """``y = sum |x - m|^2 / (n - ddof)``: ``dy = 2 Re sum(conj(x - m) dx) / (n - ddof)``."""
    dof = count_of(x, axis) - ddof
    scale = 2 / dof if dof > 0 else math.inf
    d = x - mean_over(x, axis=axis, keepdims=True)
    # Centred twice, the deviations of a constant are zero, not the rounding of its mean.
    d = np.conjugate(d - mean_over(d, axis=axis, keepdims=True))
    if d.dtype.kind == "c":
        return (
            lambda dx: scale * sum_over(np.real(d * dx), axis=axis, keepdims=keepdims),
            lambda ct: spread(scale * ct, x, axis, keepdims) * d,
        )
    return (
        lambda dx: scale * sum_over(d * dx, axis=axis, keepdims=keepdims),
        lambda ct: spread(scale * ct, x, axis, keepdims) * d,
    )


# -- products ---------------------------------------------------------------------------


def _prod(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    return np.multiply.reduce(x, axis, None, None, keepdims)


@general(_prod, name="prod", batch=along(one=True, reduces=True))
def prod_over(y: Array, x: Array, axis: int | None = None, keepdims: bool = False) -> Any:
    """``y = prod_j x_j``: ``dy = sum_i dx_i prod_{j != i} x_j``; exact at zeros."""
    others = (
        products_of_others(x.reshape(-1), 0).reshape(x.shape)
        if axis is None
        else products_of_others(x, axis)
    )
    return (
        lambda dx: sum_over(others * dx, axis=axis, keepdims=keepdims),
        lambda ct: spread(ct, x, axis, keepdims) * others,
    )


# -- extremes ---------------------------------------------------------------------------


def _extreme(function: Callable[..., Any], name: str) -> Any:
    def reduce(x: Array, axis: int | None = None, keepdims: bool = False) -> Array:
        return function(x, axis, None, None, keepdims)

    @general(reduce, name=name, batch=along(one=True, reduces=True))
    def extreme(y: Array, x: Array, axis: int | None = None, keepdims: bool = False) -> Any:
        """``y = x_k``: ``dy = dx_k``; elements that tie share evenly."""
        xs, ys = primal_of(x), primal_of(y)
        n = count_of(x, axis)
        step = 1 if axis is None else math.prod(x.shape[axis % x.ndim + 1 :])
        cells = ys.size // step if step else 0, n, step
        xs, ys = xs.reshape(cells), ys.reshape(cells[0], 1, step)
        won = xs == ys
        if (ys != ys).any():  # nan
            won = won | (np.isnan(xs) & np.isnan(ys))
        if ys.size and np.count_nonzero(won) == ys.size:  # one winner each
            rows = np.arange(cells[0])[:, None] * n + np.argmax(won, axis=1)
            index = (rows * step + np.arange(step)).reshape(y.shape)
            return (
                lambda dx: take_flat(dx, index=index, unique=True),
                lambda ct: put_flat(ct, index=index, shape=x.shape, unique=True),
            )
        count = np.count_nonzero(won, axis=1).astype(xs.real.dtype)

        def push(dx: Array) -> Array:
            return (np.where(won, dx.reshape(cells), 0).sum(axis=1) / count).reshape(y.shape)

        def pull(ct: Array) -> Array:
            shares = ct.reshape(count.shape) / count
            return np.where(won, shares[:, None], 0).reshape(x.shape)

        return push, pull

    return extreme


max_over = _extreme(np.maximum.reduce, "max")
min_over = _extreme(np.minimum.reduce, "min")
fmax_over = _extreme(np.fmax.reduce, "nanmax")  # nan only if there is nothing else
fmin_over = _extreme(np.fmin.reduce, "nanmin")
