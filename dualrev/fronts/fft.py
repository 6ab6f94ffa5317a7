"""NumPy's Fourier transforms: `np.fft`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..primitive import Array
from ..rules import fourier as fo
from .keywords import as_kind, as_shaped, deliver, plain


def _sized(a: Any, n: int | None, axis: int) -> tuple[Array, int]:
    """`a` with `n` elements along `axis`, and that axis counted from 0."""
    x = as_shaped(a)
    axis = np.lib.array_utils.normalize_axis_index(axis, x.ndim)
    if n is None:
        n = x.shape[axis]
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    return (x if n == x.shape[axis] else fo.resize(x, n=int(n), axis=axis)), axis


def fft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    x, axis = _sized(a, n, axis)
    return deliver(fo.fft(x, axis=axis, norm=norm), out)


def ifft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    x, axis = _sized(a, n, axis)
    return deliver(fo.ifft(x, axis=axis, norm=norm), out)


def rfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    x, axis = _sized(a, n, axis)
    return deliver(fo.rfft(x, axis=axis, norm=norm), out)


def irfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    x = as_shaped(a)
    half = x.dtype == np.float16
    n = 2 * (x.shape[axis] - 1) if n is None else int(n)
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    if x.dtype.kind != "c":
        x = as_kind(x, np.result_type(x.dtype, np.complex64))
    x, axis = _sized(x, n // 2 + 1, axis)
    y = fo.irfft(x, n=n, axis=axis, norm=norm)
    return deliver(as_kind(y, np.float16) if half else y, out)


def _opposite(norm: Any) -> Any:
    if norm not in fo.OPPOSITE:
        raise ValueError(f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".')
    return fo.OPPOSITE[norm]


def hfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    return irfft(np.conjugate(as_shaped(a)), n, axis, _opposite(norm), out)


def ihfft(a: Any, n: Any = None, axis: int = -1, norm: Any = None, out: Any = None) -> Any:
    return deliver(np.conjugate(rfft(a, n, axis, _opposite(norm))), out)


# -- several axes -----------------------------------------------------------------------


def _sizes(
    x: Array, s: Any, axes: Any, halved: bool = False
) -> tuple[Sequence[Any], Sequence[int]]:
    """The sizes along the axes of a transform, and the axes."""
    if axes is None:
        axes = list(range(-(x.ndim if s is None else len(s)), 0))
    axes = list(axes)
    if s is None:
        sizes = [x.shape[k] for k in axes]
        if halved:
            sizes[-1] = 2 * (sizes[-1] - 1)
    else:
        sizes = [x.shape[k] if n in (-1, None) else n for n, k in zip(s, axes, strict=False)]
        if len(s) != len(axes):
            raise ValueError("Shape and axes have different lengths.")
    return sizes, axes


def _complex_n(transform: Callable[..., Any], default: Any = None) -> Callable[..., Any]:
    def transform_n(
        a: Any, s: Any = None, axes: Any = default, norm: Any = None, out: Any = None
    ) -> Any:
        x = as_shaped(a)
        for n, axis in reversed(list(zip(*_sizes(x, s, axes), strict=True))):
            x = transform(x, n, axis, norm)
        return deliver(x, out)

    return transform_n


def _real_n(default: Any = None) -> Callable[..., Any]:
    def rfftn(a: Any, s: Any = None, axes: Any = default, norm: Any = None, out: Any = None) -> Any:
        x = as_shaped(a)
        sizes, axes = _sizes(x, s, axes)
        x = rfft(x, sizes[-1], axes[-1], norm)
        for n, axis in reversed(list(zip(sizes[:-1], axes[:-1], strict=True))):
            x = fft(x, n, axis, norm)
        return deliver(x, out)

    return rfftn


def _inverse_real_n(default: Any = None) -> Callable[..., Any]:
    def irfftn(
        a: Any, s: Any = None, axes: Any = default, norm: Any = None, out: Any = None
    ) -> Any:
        x = as_shaped(a)
        sizes, axes = _sizes(x, s, axes, halved=True)
        for n, axis in zip(sizes[:-1], axes[:-1], strict=True):
            x = ifft(x, n, axis, norm)
        return deliver(irfft(x, sizes[-1], axes[-1], norm), out)

    return irfftn


# -- shifts -----------------------------------------------------------------------------


def _shift(sign: int) -> Callable[..., Any]:
    def shift(x: Any, axes: Any = None) -> Any:
        x = as_shaped(x)
        if axes is None:
            axes = tuple(range(x.ndim))
        elif not isinstance(axes, tuple) and not np.ndim(plain(axes)):
            return np.roll(x, sign * (x.shape[axes] // 2), axes)
        return np.roll(x, [sign * (x.shape[k] // 2) for k in axes], tuple(axes))

    return shift


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.fft.fft: fft,
    np.fft.ifft: ifft,
    np.fft.rfft: rfft,
    np.fft.irfft: irfft,
    np.fft.hfft: hfft,
    np.fft.ihfft: ihfft,
    np.fft.fftn: _complex_n(fft),
    np.fft.ifftn: _complex_n(ifft),
    np.fft.fft2: _complex_n(fft, (-2, -1)),
    np.fft.ifft2: _complex_n(ifft, (-2, -1)),
    np.fft.rfftn: _real_n(),
    np.fft.rfft2: _real_n((-2, -1)),
    np.fft.irfftn: _inverse_real_n(),
    np.fft.irfft2: _inverse_real_n((-2, -1)),
    np.fft.fftshift: _shift(1),
    np.fft.ifftshift: _shift(-1),
}
