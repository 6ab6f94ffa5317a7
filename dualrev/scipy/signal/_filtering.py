"""Filters along an axis, and trends."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import scipy.signal as ss

from ...fronts.keywords import as_shaped, normal_axes
from ...fronts.packing import holds_tracers
from ...primitive import Array
from ...rules import filters as fi
from ..mirror import Table, drop_in, every_value, no_rule, table, unsupported


def _floating(x: Any) -> Array:
    x = as_shaped(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


# -- recursive filters -----------------------------------------------------------------------------


def _filtered(b: Array, a: Array, x: Array, zi: Array | None = None) -> tuple[Array, Any]:
    """The filter along the last axis, and its last state if its first is given.

    In the transposed direct form II the first state is what is still to come of inputs from before:
    ``a * y = b * x + zi``, with coefficients for which ``a_0 = 1``; the last state is what is
    to come of those until now.
    """
    if zi is None:
        return fi.lfilter(b, a, x, axis=x.ndim - 1), None
    n, order = x.shape[-1], max(len(a), len(b)) - 1
    if zi.shape[-1:] != (order,):
        raise ValueError(f"Unexpected shape for parameter zi: {zi.shape}, expected {order} last.")
    b, a = b / a[0], a / a[0]
    zi = np.broadcast_to(zi, (*x.shape[:-1], order))
    one = np.ones(1, b.dtype)
    widths = [(0, 0)] * (x.ndim - 1)
    long = np.pad(x, [*widths, (0, order)])
    inputs = fi.lfilter(b, one, long, axis=x.ndim - 1) + np.pad(zi, [*widths, (0, n)])
    y = fi.lfilter(one, a, inputs[..., :n], axis=x.ndim - 1)
    outputs = fi.lfilter(a, one, np.pad(y, [*widths, (0, order)]), axis=x.ndim - 1)
    return y, (inputs - outputs)[..., n:]


@drop_in(ss.lfilter)
def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    b, a, x = np.atleast_1d(_floating(b)), np.atleast_1d(_floating(a)), _floating(x)
    if b.ndim != 1 or a.ndim != 1:
        raise ValueError("object of too small depth for desired array")
    (place,) = normal_axes(axis, x.ndim)
    if zi is None:
        return fi.lfilter(b, a, x, axis=place)
    y, zf = _filtered(b, a, np.moveaxis(x, place, -1), np.moveaxis(_floating(zi), place, -1))
    return np.moveaxis(y, -1, place), np.moveaxis(zf, -1, place)


@drop_in(ss.sosfilt)
def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    sos, x = _floating(sos), _floating(x)
    if sos.ndim != 2 or sos.shape[1] != 6:
        raise ValueError("sos array must be shape (n_sections, 6)")
    if not np.all(every_value(sos)[..., 3] == 1):
        raise ValueError("sos[:, 3] should be all ones")
    if zi is not None:
        unsupported(
            "scipy.signal.sosfilt of traced arrays with zi.", "use lfilter, section by section"
        )
    (place,) = normal_axes(axis, x.ndim)
    for section in sos:
        x = fi.lfilter(section[:3], section[3:], x, axis=place)
    return x


def _extended(x: Array, n: int, kind: str) -> Array:
    """`x` with `n` more samples at both ends of its last axis."""
    before, after = np.flip(x[..., 1 : n + 1], -1), np.flip(x[..., -n - 1 : -1], -1)
    first, last = x[..., :1], x[..., -1:]
    if kind == "odd":
        before, after = 2 * first - before, 2 * last - after
    elif kind == "constant":
        before, after = np.repeat(first, n, -1), np.repeat(last, n, -1)
    elif kind != "even":
        raise ValueError(f"Unknown value '{kind}' given to padtype.")
    return np.concatenate([before, x, after], axis=-1)


@drop_in(ss.filtfilt)
def filtfilt(
    b: Any,
    a: Any,
    x: Any,
    axis: int = -1,
    padtype: Any = "odd",
    padlen: Any = None,
    method: str = "pad",
    irlen: Any = None,
) -> Any:
    """Forward and backward, each from the steady state of the first sample."""
    if method != "pad" or holds_tracers(b) or holds_tracers(a):
        unsupported(
            "scipy.signal.filtfilt with traced coefficients, or of a traced signal with method='gust'.",
            "use lfilter forward and backward",
        )
    b, a, x = np.atleast_1d(_floating(b)), np.atleast_1d(_floating(a)), _floating(x)
    (place,) = normal_axes(axis, x.ndim)
    x = np.moveaxis(x, place, -1)
    if padtype is None:
        padlen = 0
    n = 3 * max(len(a), len(b)) if padlen is None else int(padlen)
    if x.shape[-1] <= n:
        raise ValueError(
            f"The length of the input vector x must be greater than padlen, which is {n}."
        )
    zi = ss.lfilter_zi(b, a)
    long = _extended(x, n, padtype) if n else x
    y, _ = _filtered(b, a, long, zi * long[..., :1])
    back, _ = _filtered(b, a, np.flip(y, -1), zi * y[..., -1:])
    y = np.flip(back, -1)
    return np.moveaxis(y[..., n : y.shape[-1] - n] if n else y, -1, place)


# -- local polynomials, trends, the analytic signal --------------------------------------------------

PAD_MODES = {"mirror": "reflect", "nearest": "edge", "wrap": "wrap", "constant": "constant"}


@drop_in(ss.savgol_filter)
def savgol_filter(
    x: Any,
    window_length: int,
    polyorder: int,
    deriv: int = 0,
    delta: float = 1.0,
    axis: int = -1,
    mode: str = "interp",
    cval: float = 0.0,
) -> Any:
    """A correlation with constant weights; at the ends the polynomial of the first or last window.
    [Savitzky & Golay 1964]"""
    if any(map(holds_tracers, (window_length, polyorder, deriv, delta, cval))):
        no_rule("scipy.signal.savgol_filter in its parameters", "keep them constant")
    x = _floating(x)
    (place,) = normal_axes(axis, x.ndim)
    x = np.moveaxis(x, place, -1)
    w, n = int(window_length), x.shape[-1]
    how = {"deriv": deriv, "delta": delta}
    if mode == "interp":
        if w > n:
            raise ValueError(
                "If mode is 'interp', window_length must be less than or equal to the size of x."
            )
        half, m = w // 2, min(2 * (w // 2) + 1, n)  # the filter of m samples says it all
        matrix = ss.savgol_filter(np.eye(m), w, polyorder, axis=0, mode="interp", **how)
        matrix = matrix.astype(x.dtype)
        if n == m:
            y = x @ matrix.T
        else:
            first, last = x[..., :m] @ matrix[:half].T, x[..., n - m :] @ matrix[m - half :].T
            y = np.concatenate([first, _correlated(x, matrix[half]), last], axis=-1)
    elif mode in PAD_MODES:
        weights = ss.savgol_coeffs(w, polyorder, use="dot", **how).astype(x.dtype)
        widths = [*[(0, 0)] * (x.ndim - 1), ((w - 1) // 2, w // 2)]
        extra = {"constant_values": cval} if mode == "constant" else {}
        y = _correlated(np.pad(x, widths, PAD_MODES[mode], **extra), weights)
    else:
        raise ValueError("mode must be 'mirror', 'constant', 'nearest' 'wrap' or 'interp'.")
    return np.moveaxis(y, -1, place)


def _correlated(x: Array, weights: Any) -> Array:
    """``y_i = sum_k weights_k x_(i+k)`` along the last axis, where the window fits."""
    kernel = weights[::-1].reshape((1,) * (x.ndim - 1) + (-1,))
    return fi.convolve(x, kernel, mode="valid", method="direct")


@drop_in(ss.detrend)
def detrend(
    data: Any, axis: int = -1, type: str = "linear", bp: Any = 0, overwrite_data: bool = False
) -> Any:
    x = _floating(data)
    if type not in ("linear", "l", "constant", "c"):
        raise ValueError("Trend type must be 'linear' or 'constant'.")
    (place,) = normal_axes(axis, x.ndim)
    if type in ("constant", "c"):
        return x - np.mean(x, axis=place, keepdims=True)
    x = np.moveaxis(x, place, -1)
    n = x.shape[-1]
    breaks = np.unique(np.concatenate([[0], np.ravel(bp), [n]])).astype(int)
    if np.any(breaks > n):
        raise ValueError("Breakpoints must be less than length of data along given axis.")
    parts = []
    for start, stop in pairwise(breaks):
        m = stop - start
        lines = np.stack([np.arange(1, m + 1) / m, np.ones(m)], axis=1)
        basis = np.linalg.qr(lines)[0].astype(x.dtype)
        piece = x[..., start:stop]
        parts.append(piece - (piece @ basis) @ basis.T)
    return np.moveaxis(np.concatenate(parts, axis=-1), -1, place)


@drop_in(ss.hilbert)
def hilbert(x: Any, N: Any = None, axis: int = -1) -> Any:
    """Without the negative frequencies, and the positive ones doubled. [Marple 1999, eq. 8]"""
    x = _floating(x)
    if x.dtype.kind == "c":
        raise ValueError("x must be real.")
    (place,) = normal_axes(axis, x.ndim)
    n = x.shape[place] if N is None else int(N)
    weights = np.zeros(n, x.dtype)
    weights[0] = 1
    weights[1 : (n + 1) // 2] = 2
    if n % 2 == 0:
        weights[n // 2] = 1
    shape = [-1 if k == place else 1 for k in range(x.ndim)]
    return np.fft.ifft(np.fft.fft(x, n, place) * weights.reshape(shape), axis=place)


FUNCTIONS: Table = table(lfilter, sosfilt, filtfilt, savgol_filter, detrend, hilbert)
