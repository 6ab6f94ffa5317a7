"""Integrals of sampled functions: linear in the samples, rational in the points."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.integrate as si

from ...fronts.keywords import as_shaped
from ...primitive import Array
from ...rules.elementwise import ratio
from ..mirror import Table, drop_in, every_value, table, unsupported


def _samples(y: Any, x: Any, dx: Any, axis: int) -> tuple[Array, Any]:
    """The samples with their axis last, and the spacings along it: an array or a number."""
    y = as_shaped(y)
    axis = np.lib.array_utils.normalize_axis_index(axis, y.ndim)
    y = np.moveaxis(y, axis, -1) if y.ndim > 1 else y
    if x is None:
        dx = as_shaped(dx)
        return y, (np.moveaxis(dx, axis, -1) if dx.ndim else dx)
    x = as_shaped(x)
    if x.ndim == 1:
        if x.shape[0] != y.shape[-1]:
            raise ValueError("If given, length of x along axis must be the same as y.")
    elif x.ndim != y.ndim:
        raise ValueError("If given, shape of x must be 1-D or the same as y.")
    else:
        x = np.moveaxis(x, axis, -1)
    return y, np.diff(x)


@drop_in(si.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    return np.trapezoid(as_shaped(y), x if x is None else as_shaped(x), as_shaped(dx), axis)


@drop_in(si.cumulative_trapezoid)
def cumulative_trapezoid(
    y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    values, h = _samples(y, x, dx, axis)
    if values.shape[-1] == 0:
        raise ValueError("At least one point is required along `axis`.")
    parts = h * (values[..., 1:] + values[..., :-1]) / 2.0
    sums = np.cumsum(parts, axis=-1)
    if initial is not None:
        if initial != 0:
            raise ValueError("`initial` must be `None` or `0`.")
        sums = np.concatenate([np.zeros((*sums.shape[:-1], 1), sums.dtype), sums], axis=-1)
    return np.moveaxis(sums, -1, axis)


# -- Simpson's rule, for equal and for other spacings: Cartwright 2017, eq. 8 ------------------


def _pairs(y: Array, h: Any, n: int) -> Array:
    """Simpson's rule over the first ``n - 1`` intervals, an even number."""
    y0, y1, y2 = y[..., 0 : n - 2 : 2], y[..., 1 : n - 1 : 2], y[..., 2:n:2]
    if not np.ndim(h):
        return np.sum(y0 + 4.0 * y1 + y2, axis=-1) * (h / 3.0)
    h0, h1 = h[..., 0 : n - 2 : 2], h[..., 1 : n - 1 : 2]
    both = h0 + h1
    first, last = 2.0 - ratio(1.0, ratio(h0, h1)), 2.0 - ratio(h0, h1)
    middle = both * ratio(both, h0 * h1)
    return np.sum(both / 6.0 * (y0 * first + y1 * middle + y2 * last), axis=-1)


@drop_in(si.simpson)
def simpson(y: Any, x: Any = None, *, dx: Any = 1.0, axis: int = -1) -> Any:
    values, h = _samples(y, x, dx, axis)
    n = values.shape[-1]
    if n % 2:
        return _pairs(values, h, n)
    spaced = np.ndim(h) > 0
    if n == 2:
        width = h[..., -1] if spaced else h
        return 0.5 * width * (values[..., -1] + values[..., -2])
    h0, h1 = (h[..., -2], h[..., -1]) if spaced else (h, h)
    alpha = ratio(2 * h1**2 + 3 * h0 * h1, 6 * (h1 + h0))
    beta = ratio(h1**2 + 3.0 * h0 * h1, 6 * h0)
    eta = ratio(h1**3, 6 * h0 * (h0 + h1))
    last = alpha * values[..., -1] + beta * values[..., -2] - eta * values[..., -3]
    return _pairs(values, h, n - 1) + last


def _intervals(f1: Array, f2: Array, f3: Array, h1: Any, h2: Any) -> Array:
    """The integral over the first of two intervals, of the parabola through three points."""
    both = h1 + h2
    a, b = h1 / both, h1 / both * (h1 / h2)
    return h1 / 6 * ((3 - a) * f1 + (3 + b + a) * f2 - b * f3)


@drop_in(si.cumulative_simpson)
def cumulative_simpson(
    y: Any, *, x: Any = None, dx: Any = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    values, h = _samples(y, x, dx, axis)
    n = values.shape[-1]
    if n < 3:
        sums = np.moveaxis(cumulative_trapezoid(y, x, dx, axis), axis, -1)
    else:
        if x is not None and np.any(every_value(h) <= 0):
            raise ValueError("Input x must be strictly increasing.")
        h = np.broadcast_to(h, (*values.shape[:-1], n - 1))
        f1, f2, f3 = values[..., :-2], values[..., 1:-1], values[..., 2:]
        ahead = _intervals(f1, f2, f3, h[..., :-1], h[..., 1:])
        behind = _intervals(f3, f2, f1, h[..., 1:], h[..., :-1])
        # The k-th interval belongs to the parabola that starts or, for odd k, that ends with it.
        parts = [ahead[..., k] if k % 2 == 0 else behind[..., k - 1] for k in range(n - 2)]
        sums = np.cumsum(np.stack([*parts, behind[..., -1]], axis=-1), axis=-1)
    if initial is not None:
        start = as_shaped(initial)
        start = np.moveaxis(start, axis, -1) if start.ndim else start
        start = np.broadcast_to(start, (*sums.shape[:-1], 1))
        sums = np.concatenate([start, sums + start], axis=-1)
    return np.moveaxis(sums, -1, axis)


@drop_in(si.romb)
def romb(y: Any, dx: Any = 1.0, axis: int = -1, show: Any = False) -> Any:
    """Trapezoidal rules of halved steps, extrapolated. [DLMF 3.5.10]"""
    if show:
        unsupported("scipy.integrate.romb of traced samples with show.", "leave out `show`")
    values, dx = _samples(y, None, dx, axis)
    intervals = values.shape[-1] - 1
    if intervals < 1 or intervals & (intervals - 1):
        raise ValueError("Number of samples must be one plus a non-negative power of 2.")
    h = intervals * dx
    row = [(values[..., 0] + values[..., -1]) / 2.0 * h]
    step = intervals
    while step > 1:
        middle = np.sum(values[..., step // 2 : intervals : step], axis=-1)
        new = [0.5 * (row[0] + h * middle)]
        for j, coarse in enumerate(row, 1):
            new.append(new[-1] + (new[-1] - coarse) / (4**j - 1))
        row, step, h = new, step // 2, h / 2.0
    return row[-1]


FUNCTIONS: Table = table(trapezoid, cumulative_trapezoid, simpson, cumulative_simpson, romb)
