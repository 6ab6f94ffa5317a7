"""Correlations of images with weights: linear in both."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage as sn

from ...fronts.keywords import as_shaped, normal_axes, plain, values
from ...primitive import Array
from ...rules import filters as fi
from ..mirror import Table, drop_in, table, unsupported

PAD_MODES = {
    "reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect", "nearest": "edge",
    "wrap": "wrap", "grid-wrap": "wrap", "constant": "constant", "grid-constant": "constant",
}  # fmt: skip


def _image(x: Any, output: Any, name: str) -> Array:
    if output is not None:
        unsupported(f"scipy.ndimage.{name} of a traced array with output.", "use the result")
    x = as_shaped(x)
    if x.dtype.kind not in "f":
        unsupported(
            f"scipy.ndimage.{name} of traced arguments with an image of {x.dtype}.",
            "filter the real and the imaginary part; convert integers with x.astype(float)",
        )
    return x


def _filtered(x: Array, weights: Array, modes: Any, cval: Any, origins: Any) -> Array:
    """``y_i = sum_k weights_k x_(i + k - m // 2 + origin)`` over all axes, beyond the edges by mode."""
    widths = []
    for m, origin in zip(weights.shape, origins, strict=True):
        if not -(m // 2) <= origin <= (m - 1) // 2:
            raise ValueError(
                "Invalid origin; origin must satisfy -(m // 2) <= origin <= (m - 1) // 2"
            )
        widths.append((m // 2 + origin, m - 1 - m // 2 - origin))
    for axis, (width, mode) in enumerate(zip(widths, modes, strict=True)):
        if mode not in PAD_MODES:
            raise RuntimeError("boundary mode not supported")
        if width == (0, 0):
            continue
        pads = [width if k == axis else (0, 0) for k in range(x.ndim)]
        extra = {"constant_values": cval} if PAD_MODES[mode] == "constant" else {}
        x = np.pad(x, pads, PAD_MODES[mode], **extra)
    # SciPy sums in double precision and rounds once.
    y = fi.convolve(_double(x), fi.flipped(_double(weights)), mode="valid", method="direct")
    return y if y.dtype == x.dtype else y.astype(x.dtype)


def _double(x: Array) -> Array:
    return x if x.dtype == np.float64 else x.astype(np.float64)


def _along(x: Array, weights: Array, axis: int, mode: Any, cval: Any, origin: int) -> Array:
    (place,) = normal_axes(axis, x.ndim)
    shape = [len(weights) if k == place else 1 for k in range(x.ndim)]
    origins = [origin if k == place else 0 for k in range(x.ndim)]
    return _filtered(x, np.reshape(weights, shape), [mode] * x.ndim, cval, origins)


@drop_in(sn.correlate1d)
def correlate1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    x = _image(input, output, "correlate1d")
    return _along(x, as_shaped(weights), axis, mode, cval, origin)


@drop_in(sn.convolve1d)
def convolve1d(
    input: Any,
    weights: Any,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    x, weights = _image(input, output, "convolve1d"), as_shaped(weights)
    origin = -origin - (len(weights) % 2 == 0)
    return _along(x, weights[::-1], axis, mode, cval, origin)


def _sequence(value: Any, n: int) -> list[Any]:
    return [value] * n if np.ndim(values(value)) == 0 else list(value)


def _all_axes(name: str, axes: Any, ndim: int) -> None:
    if axes is not None and set(normal_axes(axes, ndim)) != set(range(ndim)):
        unsupported(f"scipy.ndimage.{name} of traced arrays with axes.", "leave out `axes`")


def _arguments(
    name: str, input: Any, weights: Any, output: Any, mode: Any, axes: Any
) -> tuple[Any, Any, list[Any]]:
    """The image, the weights, and a mode for each axis."""
    x, weights = _image(input, output, name), as_shaped(weights)
    _all_axes(name, axes, x.ndim)
    return x, weights, [mode] * x.ndim if isinstance(mode, str) else list(mode)


@drop_in(sn.correlate)
def correlate(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    x, weights, modes = _arguments("correlate", input, weights, output, mode, axes)
    return _filtered(x, weights, modes, cval, _sequence(origin, x.ndim))


@drop_in(sn.convolve)
def convolve(
    input: Any,
    weights: Any,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    x, weights, modes = _arguments("convolve", input, weights, output, mode, axes)
    pairs = zip(_sequence(origin, x.ndim), weights.shape, strict=True)
    origins = [-o - (m % 2 == 0) for o, m in pairs]
    return _filtered(x, fi.flipped(weights), modes, cval, origins)


# -- Gaussian and uniform filters ------------------------------------------------------------------


def _gaussian_weights(sigma: Any, order: int, radius: int) -> Array:
    """Of a Gaussian, or of its derivative: ``q_(k+1) = q_k' - x q_k / sigma**2``, so that the k-th
    derivative is ``q_k exp(-x**2 / 2 sigma**2)``. [DLMF 18.5.5]"""
    x = np.arange(-radius, radius + 1)
    variance = sigma * sigma
    phi = np.exp(-0.5 / variance * x**2)
    phi = phi / np.sum(phi)
    coefficients: list[Any] = [1.0]  # of q, by powers of x
    for _ in range(order):
        slope = [*[k * c for k, c in enumerate(coefficients)][1:], 0.0, 0.0]
        shifted = [0.0, *[-c / variance for c in coefficients]]
        coefficients = [p + q for p, q in zip(slope, shifted, strict=True)]
    q = sum(c * x.astype(float) ** k for k, c in enumerate(coefficients))
    return q * phi if order else phi


def _gaussian_along(
    x: Array, sigma: Any, axis: int, order: int, mode: Any, cval: Any, truncate: Any, radius: Any
) -> Array:
    if radius is None:
        radius = int(truncate * float(plain(sigma)) + 0.5)
    if order < 0 or radius < 0:
        raise ValueError("order and radius must be non-negative")
    weights = _gaussian_weights(as_shaped(sigma), order, radius)
    return _along(x, weights[::-1], axis, mode, cval, 0)


@drop_in(sn.gaussian_filter1d)
def gaussian_filter1d(
    input: Any,
    sigma: Any,
    axis: int = -1,
    order: int = 0,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
) -> Any:
    """Differentiable in `sigma` too, at the radius that SciPy takes for it."""
    x = _image(input, output, "gaussian_filter1d")
    return _gaussian_along(x, sigma, axis, order, mode, cval, truncate, radius)


@drop_in(sn.gaussian_filter)
def gaussian_filter(
    input: Any,
    sigma: Any,
    order: Any = 0,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    truncate: float = 4.0,
    *,
    radius: Any = None,
    axes: Any = None,
) -> Any:
    x = _image(input, output, "gaussian_filter")
    places = normal_axes(axes, x.ndim)
    n = len(places)
    modes = [mode] * n if isinstance(mode, str) else list(mode)
    rows = zip(places, _sequence(sigma, n), _sequence(order, n), modes, strict=True)
    for (axis, s, k, how), size in zip(rows, _sequence(radius, n), strict=True):
        if plain(s) > 1e-15:
            x = _gaussian_along(x, s, axis, k, how, cval, truncate, size)
    return x


@drop_in(sn.uniform_filter1d)
def uniform_filter1d(
    input: Any,
    size: int,
    axis: int = -1,
    output: Any = None,
    mode: str = "reflect",
    cval: Any = 0.0,
    origin: int = 0,
) -> Any:
    x = _image(input, output, "uniform_filter1d")
    return _along(x, np.full(size, 1 / size), axis, mode, cval, origin)


@drop_in(sn.uniform_filter)
def uniform_filter(
    input: Any,
    size: Any = 3,
    output: Any = None,
    mode: Any = "reflect",
    cval: Any = 0.0,
    origin: Any = 0,
    *,
    axes: Any = None,
) -> Any:
    x = _image(input, output, "uniform_filter")
    places = normal_axes(axes, x.ndim)
    n = len(places)
    modes = [mode] * n if isinstance(mode, str) else list(mode)
    rows = zip(places, _sequence(size, n), modes, _sequence(origin, n), strict=True)
    for axis, m, how, start in rows:
        if m > 1:
            x = _along(x, np.full(m, 1 / m), axis, how, cval, start)
    return x


FUNCTIONS: Table = table(
    correlate1d, convolve1d, correlate, convolve, gaussian_filter1d, gaussian_filter,
    uniform_filter1d, uniform_filter,
)  # fmt: skip
