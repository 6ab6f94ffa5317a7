"""Convolution and correlation."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal as ss

from ...fronts.keywords import as_shaped, normal_axes
from ...primitive import Array
from ...rules import filters as fi
from ..mirror import Table, drop_in, table, unsupported


def _floating(x: Any) -> Array:
    x = as_shaped(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def _convolved(a: Array, b: Array, mode: str, method: str) -> Array:
    if mode not in ("full", "same", "valid"):
        raise ValueError("acceptable mode flags are 'valid', 'same', or 'full'")
    if a.ndim == b.ndim == 0:
        return a * b
    if a.ndim != b.ndim:
        raise ValueError("volume and kernel should have the same dimensionality")
    if method == "auto":
        # By the sizes: under `vmap` the same method for all examples.
        like = (np.broadcast_to(np.zeros((), x.dtype), x.shape) for x in (a, b))
        method = ss.choose_conv_method(*like, mode=mode)
    return fi.convolve(a, b, mode=mode, method=method)


@drop_in(ss.convolve)
def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    return _convolved(_floating(in1), _floating(in2), mode, method)


@drop_in(ss.correlate)
def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    a, b = _floating(in1), _floating(in2)
    return _convolved(a, np.conjugate(fi.flipped(b)) if b.ndim else np.conjugate(b), mode, method)


def _by_fourier(in1: Any, in2: Any, mode: str, axes: Any, name: str) -> Array:
    a, b = _floating(in1), _floating(in2)
    if axes is not None and set(normal_axes(axes, a.ndim)) != set(range(a.ndim)):
        return _along_axes(a, b, mode, normal_axes(axes, a.ndim), name)
    return _convolved(a, b, mode, "fft")


def _along_axes(a: Array, b: Array, mode: str, axes: tuple[int, ...], name: str) -> Array:
    """Over some axes, in the other axes element by element."""
    if mode == "valid" and any(a.shape[k] < b.shape[k] for k in axes):
        unsupported(
            f"scipy.signal.{name} of traced arrays with axes, mode='valid' and the smaller first.",
            "exchange the two",
        )
    sizes = [a.shape[k] + b.shape[k] - 1 for k in axes]
    if a.dtype.kind == "c" or b.dtype.kind == "c":
        y = np.fft.ifftn(np.fft.fftn(a, sizes, axes) * np.fft.fftn(b, sizes, axes), sizes, axes)
    else:
        y = np.fft.irfftn(np.fft.rfftn(a, sizes, axes) * np.fft.rfftn(b, sizes, axes), sizes, axes)
    if mode == "full":
        return y
    key = [slice(None)] * y.ndim
    for k in axes:
        n, m = a.shape[k], b.shape[k]
        start, kept = ((m - 1) // 2, n) if mode == "same" else (m - 1, n - m + 1)
        key[k] = slice(start, start + kept)
    return y[tuple(key)]


@drop_in(ss.fftconvolve)
def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    return _by_fourier(in1, in2, mode, axes, "fftconvolve")


@drop_in(ss.oaconvolve)
def oaconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Any:
    return _by_fourier(in1, in2, mode, axes, "oaconvolve")


def _filled(name: str, boundary: str, fillvalue: Any) -> None:
    if boundary != "fill" or fillvalue != 0:
        unsupported(
            f"scipy.signal.{name} of traced arrays with boundary={boundary!r} or fillvalue.",
            "pad with np.pad, and use mode='valid'",
        )


@drop_in(ss.convolve2d)
def convolve2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    _filled("convolve2d", boundary, fillvalue)
    return _convolved(_floating(in1), _floating(in2), mode, "direct")


@drop_in(ss.correlate2d)
def correlate2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0
) -> Any:
    _filled("correlate2d", boundary, fillvalue)
    a, b = _floating(in1), _floating(in2)
    if mode != "same":
        return correlate(a, b, mode, "direct")
    key = tuple(slice(m // 2, m // 2 + n) for n, m in zip(a.shape, b.shape, strict=True))
    return correlate(a, b, "full", "direct")[key]


FUNCTIONS: Table = table(convolve, correlate, fftconvolve, oaconvolve, convolve2d, correlate2d)
