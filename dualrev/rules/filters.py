"""Filters and transforms of signals: convolution, recursive filters, cosine and sine transforms."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft as sf
import scipy.signal as ss

from ..primitive import Array, Spec
from .forms import bilinear, general, linear

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


# y_k = sum_i a_i b_{k-i}; the transpose for `a` correlates with `b`.
convolve = bilinear(_convolve, _convolve_left, _convolve_right, name="convolve")

# -- recursive filters -----------------------------------------------------------------------------


@general(lambda b, a, x, axis: ss.lfilter(b, a, x, axis), name="lfilter")
def lfilter(y: Array, b: Array, a: Array, x: Array, axis: int) -> Any:
    """``a * y = b * x``, products of causal filters:  ``a * dy = b * dx + db * x - da * y``; transposed
    filters run backward in time. [Oppenheim & Schafer 2010, sec. 6.3]"""
    one = np.ones(1, y.dtype)
    n = x.shape[axis]
    head = (slice(None),) * axis

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
            return np.stack([np.sum(p * q) for p, q in zip(late, early, strict=True)])

        return (
            lambda: to_coefficients(x, len(b)),
            lambda: -to_coefficients(y, len(a)),
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
dct = linear(_dct, _dct_transpose, name="dct")
dst = linear(_dst, _dst_transpose, name="dst")
