"""Fourier transforms: linear, each with a transform as its transpose."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Array, Spec
from .forms import linear
from .forms.batching import along

# Of a pair of transforms one is divided by n, or both by its root; `norm` says which, and
# the transpose of a real transform is one of the other direction with the same factor.
OPPOSITE = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def _resize(x: Array, n: int, axis: int) -> Array:
    shape = list(x.shape)
    shape[axis] = n
    y = np.zeros(shape, x.dtype)
    part = (slice(None),) * (axis % x.ndim) + (slice(0, min(n, x.shape[axis])),)
    y[part] = x[part]
    return y


# The first n elements along an axis, zeros where there are fewer.
resize = linear(
    _resize,
    lambda ct, x, n, axis: resize(ct, n=x.shape[axis], axis=axis),
    name="resize",
    structural=True,
    batch=along(),
)


def _fft(x: Array, axis: int, norm: Any = None) -> Array:
    return np.fft.fft(x, axis=axis, norm=norm)


def _ifft(x: Array, axis: int, norm: Any = None) -> Array:
    return np.fft.ifft(x, axis=axis, norm=norm)


# The matrix exp(-2 pi i j k / n) is symmetric: it is its own transpose.
fft = linear(
    _fft, lambda ct, x, axis, norm=None: fft(ct, axis=axis, norm=norm), name="fft", batch=along()
)
ifft = linear(
    _ifft, lambda ct, x, axis, norm=None: ifft(ct, axis=axis, norm=norm), name="ifft", batch=along()
)


def _rfft(x: Array, axis: int, norm: Any = None) -> Array:
    return np.fft.rfft(x, axis=axis, norm=norm)


def _irfft(z: Array, n: int, axis: int, norm: Any = None) -> Array:
    return np.fft.irfft(z, n, axis=axis, norm=norm)


def _multiplicities(n: int, ndim: int, axis: int, dtype: Any) -> np.ndarray:
    """How often each coefficient of a real transform stands in the full one: 1 or 2."""
    twice = np.full(n // 2 + 1, 2, np.empty(0, dtype).real.dtype)
    twice[0] = 1
    if n % 2 == 0:
        twice[-1] = 1
    shape = [1] * ndim
    shape[axis] = -1
    return twice.reshape(shape)


def _rfft_transpose(ct: Array, x: Spec, axis: int, norm: Any = None) -> Array:
    n = x.shape[axis]
    halves = np.conjugate(ct) / _multiplicities(n, x.ndim, axis, ct.dtype)
    return irfft(halves, n=n, axis=axis, norm=OPPOSITE[norm])


def _irfft_transpose(ct: Array, z: Spec, n: int, axis: int, norm: Any = None) -> Array:
    back = np.conjugate(rfft(ct, axis=axis, norm=OPPOSITE[norm]))
    return back * _multiplicities(n, z.ndim, axis, ct.dtype)


# Linear over the reals only: y_k = sum_j x_j exp(-2 pi i j k / n) for k <= n/2, and back.
rfft = linear(_rfft, _rfft_transpose, name="rfft", batch=along())
irfft = linear(_irfft, _irfft_transpose, name="irfft", batch=along())
