"""Differences, interpolation, convolution, counting: analysis on sampled functions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitive import Array, Spec, primal_of
from .forms import bilinear, general, linear
from .forms.batching import all_full, along
from .forms.shapes import as_values
from .indexing import scatter

# -- differences ------------------------------------------------------------------------


def _neighbours(ndim: int, axis: int) -> tuple[Any, Any]:
    head = (slice(None),) * (axis % ndim)
    return (*head, slice(1, None)), (*head, slice(None, -1))


def _difference(x: Array, axis: int) -> Array:
    right, left = _neighbours(x.ndim, axis)
    return x[right] - x[left]


def _difference_back(ct: Array, axis: int, n: int) -> Array:
    right, left = _neighbours(ct.ndim, axis)
    shape = list(ct.shape)
    shape[axis] = n
    x = np.zeros(shape, ct.dtype)
    if n > 1:
        x[right] = ct
        x[left] -= ct
    return x


# y_i = x_{i+1} - x_i, and its transpose.
difference = linear(
    _difference,
    lambda ct, x, axis: difference_back(ct, axis=axis, n=x.shape[axis]),
    name="diff",
    batch=along(),
)
difference_back = linear(
    _difference_back,
    lambda ct, x, axis, n: difference(ct, axis=axis),
    name="diff_transposed",
    batch=along(),
)


def _unwrap(x: Array, discont: Any, axis: int, period: Any) -> Array:
    return np.unwrap(x, discont, axis, period=period)


@general(_unwrap, name="unwrap", batch=along())
def unwrap_along(y: Array, x: Array, discont: Any, axis: int, period: Any) -> Any:
    """``y = x + multiples of the period``: ``dy = dx``."""
    return lambda dx: dx, lambda ct: ct


# -- interpolation ----------------------------------------------------------------------


def _interpolate(x: Array, xp: Array, fp: Array, left: Any = None, right: Any = None) -> Array:
    return np.interp(x, xp, fp, left, right)


def _batch_interpolate(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    if not (batched[1] or batched[2]):
        return interpolate(*args, **params)
    x, xp, fp = (
        v if v.dtype.char in "dD" else v.astype(np.result_type(v.dtype, np.float64))
        for v in all_full(size, args, batched)  # NumPy computes in double precision
    )
    # One table for each example: in each of them the interval is found by counting knots.
    flat = x.reshape(size, math.prod(x.shape[1:]))
    at, knots = primal_of(flat), primal_of(xp)
    n = knots.shape[1]
    j = np.clip(np.sum(knots[:, None, :] <= at[:, :, None], axis=-1) - 1, 0, max(n - 2, 0))
    k, row = np.minimum(j + 1, n - 1), np.arange(size)[:, None]
    x_j, f_j = xp[row, j], fp[row, j]
    low, high = at < knots[:, :1], at > knots[:, -1:]
    outside = low | high | (k == j)
    gap = np.where(outside, 1, xp[row, k] - x_j)
    inner = f_j + np.where(outside, 0, (fp[row, k] - f_j) / gap * (flat - x_j))
    left, right = params.get("left"), params.get("right")
    inner = np.where(low, fp[:, :1] if left is None else left, inner)
    inner = np.where(high, fp[:, -1:] if right is None else right, inner)
    return inner.reshape(size, *x.shape[1:])


@general(_interpolate, name="interp", batch=_batch_interpolate)
def interpolate(
    y: Array, x: Array, xp: Array, fp: Array, left: Any = None, right: Any = None
) -> Any:
    """``y = (1 - w) f_j + w f_{j+1}`` with ``w = (x - x_j) / (x_{j+1} - x_j)``.

    ``dy = (1 - w) (df_j - s dx_j) + w (df_{j+1} - s dx_{j+1}) + s dx`` with the slope
    ``s``. At a knot the interval to its right counts, at the last knot that to its left;
    outside, ``dy`` is that of the end value, or 0 where a constant was given for it.
    """
    at, knots = as_values(x), as_values(xp)
    n = len(knots)
    low, high = at < knots[0], at > knots[-1]
    j = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, max(n - 2, 0))
    k = np.minimum(j + 1, n - 1)
    outside = low | high if n > 1 else np.ones(at.shape, bool)
    gap = np.where(outside, 1, xp[k] - xp[j])
    w = np.where(outside, high * 1.0, (x - xp[j]) / gap)
    slope = np.where(outside, 0, (fp[k] - fp[j]) / gap)
    alive = ~((low & (left is not None)) | (high & (right is not None)))
    before, after = np.where(alive, 1 - w, 0), np.where(alive, w, 0)

    def push(dx: Array, dxp: Array, dfp: Array) -> Array:
        return before * (dfp[j] - slope * dxp[j]) + after * (dfp[k] - slope * dxp[k]) + slope * dx

    def to_knots(first: Array, second: Array, like: Array) -> Array:
        first, second = np.broadcast_to(first, y.shape), np.broadcast_to(second, y.shape)
        return scatter(first, second, keys=(j, k), shape=like.shape, dtype=first.dtype)

    def pull(ct: Array) -> tuple[Any, ...]:
        a, b = ct * before, ct * after
        return slope * ct, lambda: to_knots(-slope * a, -slope * b, xp), lambda: to_knots(a, b, fp)

    return push, pull


# -- convolution ------------------------------------------------------------------------


def _convolve(a: Array, b: Array, mode: str = "full") -> Array:
    return np.convolve(a, b, mode)


def _uncut(ct: Array, n: int, m: int, mode: str) -> Array:
    """The cotangent of the full convolution from that of the part which `mode` keeps."""
    if mode == "full":
        return ct
    short = min(n, m)
    start = short - 1 if mode == "valid" else short - 1 - short // 2
    part = slice(start, start + len(ct))
    return scatter(ct, keys=(part,), shape=(n + m - 1,), dtype=ct.dtype)


def _convolve_left(ct: Array, a: Spec, b: Array, mode: str = "full") -> Array:
    full = _uncut(ct, a.size, b.size, mode)
    return convolve(full, b[::-1], mode="valid")


def _convolve_right(ct: Array, a: Array, b: Spec, mode: str = "full") -> Array:
    full = _uncut(ct, a.size, b.size, mode)
    return convolve(full, a[::-1], mode="valid")


def _batch_convolve(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    """Windows of the one that is batched, times the other, read backward."""
    (a, b), (a_batched, b_batched) = args, batched
    if not a_batched:
        a, b, a_batched, b_batched = b, a, True, False
    n, m = a.shape[1], b.shape[-1]
    mode = params.get("mode", "full")
    padded = np.concatenate(
        [np.zeros((size, m - 1), a.dtype), a, np.zeros((size, m - 1), a.dtype)], axis=1
    )
    start, count = 0, n + m - 1
    if mode == "same":
        start, count = (min(n, m) - 1) // 2, max(n, m)
    elif mode == "valid":
        start, count = min(n, m) - 1, max(n, m) - min(n, m) + 1
    windows = padded[:, start + np.arange(count)[:, None] + np.arange(m)]
    back = b[..., ::-1]
    return windows @ back if not b_batched else (windows @ back[:, :, None])[:, :, 0]


# y_k = sum_i a_i b_{k-i}; the transpose for `a` correlates with `b`.
convolve = bilinear(
    _convolve, _convolve_left, _convolve_right, name="convolve", batch=_batch_convolve
)

# -- counting ---------------------------------------------------------------------------


def _bincount(weights: Array, x: np.ndarray, minlength: int) -> Array:
    return np.bincount(x, weights, minlength)


def _histogram(weights: Array, x: np.ndarray, bins: Any, limits: Any, bin_of: np.ndarray) -> Array:
    return np.histogram(x, bins, limits, weights=weights)[0]


def _histogram_transpose(
    ct: Array, weights: Spec, x: Any, bins: Any, limits: Any, bin_of: np.ndarray
) -> Array:
    inside = (bin_of >= 0) & (bin_of < len(ct))
    return np.where(inside, ct[np.where(inside, bin_of, 0)], 0)


def _batch_bincount(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    (weights,), x = args, params["x"]
    n = max(int(params["minlength"]), int(np.max(x, initial=-1)) + 1)
    places = (np.arange(size)[:, None] * n + x).reshape(-1)
    y = bincount(weights.reshape(size * len(x)), x=places, minlength=size * n)
    return y.reshape(size, n)


def _batch_histogram(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    (weights,), bin_of = args, params["bin_of"].reshape(-1)
    n = len(np.histogram_bin_edges(params["x"], params["bins"], params["limits"])) - 1
    inside = np.flatnonzero((bin_of >= 0) & (bin_of < n))
    flat = weights.reshape(size, len(bin_of))[:, inside]
    key = slice(None), bin_of[inside]
    return scatter(flat, keys=(key,), shape=(size, n), dtype=weights.dtype)


# Both are linear in the weights: y_k = sum of w_i over the i that fall into bin k.
bincount = linear(
    _bincount, lambda ct, weights, x, minlength: ct[x], name="bincount", batch=_batch_bincount
)
histogram = linear(_histogram, _histogram_transpose, name="histogram", batch=_batch_histogram)
