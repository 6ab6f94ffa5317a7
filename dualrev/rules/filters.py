"""Filters and transforms of signals: convolution, recursive filters, cosine and sine transforms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.fft as sf
import scipy.linalg as sl
import scipy.signal as ss

from ..primitive import Array, Spec
from .forms import bilinear, general, linear
from .forms.batching import all_full, along

# -- convolution in any number of dimensions -----------------------------------------------------


def _convolve(a: Array, b: Array, mode: str, method: str) -> Array:
    return ss.convolve(a, b, mode, method)


def flipped(x: Array) -> Array:
    """`x` read backward along every axis."""
    return x[(slice(None, None, -1),) * x.ndim]


def _uncut(ct: Array, a: Any, b: Any, mode: str) -> Array:
    """The cotangent of the full convolution from that of the part which `mode` keeps."""
    if mode == "full":
        return ct
    widths = []
    for n, m, kept in zip(a.shape, b.shape, ct.shape, strict=True):
        start = (m - 1) // 2 if mode == "same" else min(n, m) - 1
        widths.append((start, n + m - 1 - kept - start))
    return np.pad(ct, widths)


def _convolve_left(ct: Array, a: Spec, b: Array, mode: str, method: str) -> Array:
    return convolve(_uncut(ct, a, b, mode), flipped(b), mode="valid", method=method)


def _convolve_right(ct: Array, a: Array, b: Spec, mode: str, method: str) -> Array:
    return convolve(_uncut(ct, a, b, mode), flipped(a), mode="valid", method=method)


def _kept(n: int, m: int, mode: str) -> slice:
    """The part of the full convolution of `n` and `m` samples that `mode` keeps."""
    if mode == "full":
        return slice(0, n + m - 1)
    if mode == "same":
        return slice((m - 1) // 2, (m - 1) // 2 + n)
    return slice(min(n, m) - 1, max(n, m))


def _by_fourier(a: Array, b: Array, sizes: Any) -> Array:
    """The full convolution over all axes but the first."""
    axes = tuple(range(1, a.ndim))
    if a.dtype.kind == "c" or b.dtype.kind == "c":
        return np.fft.ifftn(np.fft.fftn(a, sizes, axes) * np.fft.fftn(b, sizes, axes), sizes, axes)
    return np.fft.irfftn(np.fft.rfftn(a, sizes, axes) * np.fft.rfftn(b, sizes, axes), sizes, axes)


def _by_windows(a: Array, b: Array, kept: Any) -> Array:
    """The `kept` part of the convolution over all axes but the first: windows of the longer one,
    times the shorter one backward."""
    if math.prod(a.shape) < math.prod(b.shape):
        a, b = b, a
    size, m = a.shape[0], b.shape[1:]
    padded = np.pad(a, [(0, 0), *[(k - 1, k - 1) for k in m]])
    ndim, places = len(m), np.zeros((1,) * (2 * len(m)), int)
    for k, part in enumerate(kept):
        index = np.arange(part.start, part.stop)[:, None] + np.arange(m[k])
        shape = [1] * (2 * ndim)
        shape[k], shape[ndim + k] = index.shape
        places = places * padded.shape[k + 1] + index.reshape(shape)
    out = places.shape[:ndim]
    places = places.reshape(math.prod(out), math.prod(m))
    windows = padded.reshape(size, math.prod(padded.shape[1:]))[:, places]
    back = b[(slice(None), *[slice(None, None, -1)] * ndim)].reshape(size, places.shape[1], 1)
    return (windows @ back).reshape(size, *out)


def _batch_convolve(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    a, b = args
    mode, method = params["mode"], params["method"]
    shapes = [
        x.shape[1:] if is_batched else x.shape for x, is_batched in zip(args, batched, strict=True)
    ]
    kept = tuple([_kept(n, m, mode) for n, m in zip(*shapes, strict=True)])
    if size == 0:
        return np.zeros((0, *(part.stop - part.start for part in kept)), np.result_type(a, b))
    if all(batched):
        if method != "fft":
            return _by_windows(a, b, kept)
        sizes = [sf.next_fast_len(n + m - 1, True) for n, m in zip(*shapes, strict=True)]
        return _by_fourier(a, b, sizes)[(slice(None), *kept)]
    # With a kernel of length 1 along the axis of the examples.
    if not batched[0] and mode != "same":
        a, b, shapes = b, a, shapes[::-1]
    longer = all(n >= m for n, m in zip(*shapes, strict=True))
    if mode == "full" or (mode == "same" and batched[0]) or (mode == "valid" and longer):
        return convolve(a, b[None], mode=mode, method=method)
    a, b = (x if x.ndim > len(kept) else x[None] for x in (a, b))
    return convolve(a, b, mode="full", method=method)[(slice(None), *kept)]


# y_k = sum_i a_i b_{k-i}; the transpose for `a` correlates with `b`.
convolve = bilinear(
    _convolve, _convolve_left, _convolve_right, name="convolve", batch=_batch_convolve
)

# -- recursive filters -----------------------------------------------------------------------------


def _lfilter(b: Any, a: Any, x: Any, axis: int) -> Any:
    """Also for stacks of filters, along leading axes that `x` shares."""
    if x.size == 0:
        return np.zeros(x.shape, np.result_type(b, a, x))
    if b.ndim == 1:
        return ss.lfilter(b, a, x, axis)
    if not (a[..., 0] != 0).all():
        raise ValueError("The first coefficient of the denominator of a filter must not be zero.")
    b, a = (c.reshape(-1, 1, c.shape[-1]) / a[..., :1].reshape(-1, 1, 1) for c in (b, a))
    x = np.moveaxis(x, axis, -1)
    n = x.shape[-1]
    signals = x.reshape(len(b), -1, n)
    y = np.zeros(signals.shape, np.result_type(b, a, x))
    for k in range(min(n, b.shape[-1])):
        y[..., k:] += b[..., k : k + 1] * signals[..., : n - k]
    if a.shape[-1] > 1 and n > 1:
        y = _recursive(a, y)
    return np.moveaxis(y.reshape(x.shape), -1, axis)


def _recursive(a: Any, x: Any) -> Any:
    """``y_i = x_i - a_1 y_(i-1) - a_2 y_(i-2) - ...`` for all signals at once: a triangle with a few
    bands, in which the signals follow each other."""
    n = x.shape[-1]
    order = min(a.shape[-1], n) - 1
    lag = np.arange(order + 1)[:, None, None, None]
    bands = np.where(np.arange(n) + lag < n, np.moveaxis(a[..., : order + 1], -1, 0)[..., None], 0)
    bands = np.broadcast_to(bands, (order + 1, *x.shape)).reshape(order + 1, -1).astype(x.dtype)
    tbsv = sl.get_blas_funcs("tbsv", dtype=x.dtype)
    y = tbsv(order, bands, x.reshape(-1), lower=1, diag=1).reshape(x.shape)
    if not np.isfinite(y).all():  # infinities do not stay in their signal
        y = np.stack([ss.lfilter([1], c[0], v, -1) for c, v in zip(a, x, strict=True)])
    return y


def _batch_lfilter(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    b, a, x = args
    if b.ndim > 1 or batched[0] or batched[1]:
        b, a, x = all_full(size, args, batched)
    return lfilter(b, a, x, axis=params["axis"] + 1)


@general(_lfilter, name="lfilter", batch=_batch_lfilter)
def lfilter(y: Array, b: Array, a: Array, x: Array, axis: int) -> Any:
    """``a * y = b * x``, products of causal filters:  ``a * dy = b * dx + db * x - da * y``; transposed
    filters run backward in time. [Oppenheim & Schafer 2010, sec. 6.3]"""
    one = np.ones((*b.shape[:-1], 1), y.dtype)
    n = x.shape[axis]
    head = (slice(None),) * axis
    over = tuple(range(b.ndim - 1, x.ndim))

    def filtered(c: Array, v: Array) -> Array:
        return lfilter(c, one, v, axis=axis)

    def push(db: Array, da: Array, dx: Array) -> Array:
        change = filtered(b, dx) + filtered(db, x) - filtered(da, y)
        return lfilter(one, a, change, axis=axis)

    def backward(c: Array, d: Array, v: Array) -> Array:
        return np.flip(lfilter(c, d, np.flip(v, axis), axis=axis), axis)

    def pull(ct: Array) -> Any:
        g = backward(one, a, ct)

        def to_coefficients(v: Array, length: int) -> Array:
            late = [g[(*head, slice(min(k, n), None))] for k in range(length)]
            early = [v[(*head, slice(0, max(n - k, 0)))] for k in range(length)]
            return np.stack(
                [np.sum(p * q, axis=over) for p, q in zip(late, early, strict=True)], axis=-1
            )

        return (
            lambda: to_coefficients(x, b.shape[-1]),
            lambda: -to_coefficients(y, a.shape[-1]),
            lambda: backward(b, one, g),
        )

    return push, pull


# -- cosine and sine transforms ------------------------------------------------------------------


def _scaled(ct: Array, axis: int, first: float, last: float) -> Array:
    """`ct` with its first and last elements along an axis multiplied."""
    n = ct.shape[axis]
    factors = np.ones(n, ct.dtype)
    factors[0] *= first
    factors[-1] *= last
    return ct * factors.reshape([-1 if k == axis else 1 for k in range(ct.ndim)])


def _dct(x: Array, kind: int, axis: int, ortho: bool) -> Array:
    return sf.dct(x, kind, axis=axis, norm="ortho" if ortho else None)


def _dst(x: Array, kind: int, axis: int, ortho: bool) -> Array:
    return sf.dst(x, kind, axis=axis, norm="ortho" if ortho else None)


OTHER = {1: 1, 2: 3, 3: 2, 4: 4}  # the kind of the inverse, and of the transpose


def _dct_transpose(ct: Array, x: Spec, kind: int, axis: int, ortho: bool) -> Array:
    """Orthonormal matrices are transposed by their inverses; the others by moving the factors of
    their first and last terms: ``y_k = sum_n w_n x_n cos(...)`` with weights 1 and 2."""
    how = {"kind": OTHER[kind], "axis": axis, "ortho": ortho}
    if ortho or kind == 4:
        return dct(ct, **how)
    if kind == 1:
        return _scaled(dct(_scaled(ct, axis, 2, 2), **how), axis, 0.5, 0.5)
    if kind == 2:
        return dct(_scaled(ct, axis, 2, 1), **how)
    return _scaled(dct(ct, **how), axis, 0.5, 1)


def _dst_transpose(ct: Array, x: Spec, kind: int, axis: int, ortho: bool) -> Array:
    how = {"kind": OTHER[kind], "axis": axis, "ortho": ortho}
    if ortho or kind in (1, 4):
        return dst(ct, **how)
    if kind == 2:
        return dst(_scaled(ct, axis, 1, 2), **how)
    return _scaled(dst(ct, **how), axis, 1, 0.5)


# Definitions as in SciPy; kinds 2 and 3 are each other's transposes. [Strang 1999, sec. 2]
dct = linear(_dct, _dct_transpose, name="dct", batch=along())
dst = linear(_dst, _dst_transpose, name="dst", batch=along())
