"""`np.pad`: what it puts around an array is constant, moved elements, or made from the edges."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..primitive import Array, Tracer
from ..rules import joining as jn
from ..rules import shaping as sh
from ..rules.indexing import scatter, setitem
from .keywords import as_kind, as_shaped, plain, refuse

_STATISTICS = {"maximum": np.max, "minimum": np.min, "mean": np.mean, "median": np.median}


def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    x = as_shaped(array)
    if callable(mode):
        refuse("np.pad", "a function as mode", "build the parts and join them with np.concatenate")
    odd = kwargs.get("reflect_type", "even") == "odd"
    if mode in ("edge", "wrap") or (mode in ("reflect", "symmetric") and not odd):
        return sh.move(x, move=partial(_pad, pad_width=pad_width, mode=mode, **kwargs))
    values = kwargs.get("constant_values", 0)
    if mode == "constant" and isinstance(as_shaped(values), Tracer):
        return _pad_with(x, pad_width, as_shaped(values))
    # On zeros: NumPy checks the arguments, and we see what it puts around.
    zero = mode == "empty" or (mode == "constant" and not kwargs)
    zeros = np.broadcast_to(np.zeros((), bool if zero else x.dtype), x.shape)
    frame = np.pad(zeros, pad_width, mode, **_plain_values(kwargs))
    widths = [(k, n) for k, n in _pairs(_by_axis(pad_width, x.ndim), x.ndim)]
    inside = tuple(slice(k, k + n) for (k, _), n in zip(widths, x.shape, strict=True))
    if zero:
        return scatter(x, keys=(inside,), shape=frame.shape, dtype=x.dtype)
    if mode == "constant" or x.size == 0:
        return setitem(frame, x, key=inside)
    if mode in ("reflect", "symmetric"):
        return _reflected(x, widths, mode == "symmetric")
    if mode == "linear_ramp":
        return _around(x, widths, _ramps, _pairs(kwargs.get("end_values", 0), x.ndim))
    lengths = _pairs(kwargs.get("stat_length"), x.ndim)
    return _around(x, widths, partial(_statistics, _STATISTICS[mode]), lengths)


def _pad(x: Any, **kwargs: Any) -> Any:
    return np.pad(x, **kwargs)


def _plain_values(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {key: value if isinstance(value, str) else plain(value) for key, value in kwargs.items()}


def _by_axis(pad_width: Any, ndim: int) -> Any:
    if not isinstance(pad_width, dict):
        return pad_width
    widths: list[Any] = [(0, 0)] * ndim
    for axis, width in pad_width.items():
        widths[axis] = width if isinstance(width, tuple) else (width, width)
    return widths


def _pairs(values: Any, ndim: int) -> Any:
    """One pair ``(before, after)`` for each axis; numbers as NumPy reads them."""
    values = as_shaped(values)
    if not isinstance(values, Tracer):
        if values.ndim < 3 and values.size <= 2 and values.shape != (2, 1):
            flat = values.reshape(-1)
            return ((flat[0], flat[-1]),) * ndim
        return np.broadcast_to(values, (ndim, 2)).tolist()
    return np.broadcast_to(values, (ndim, 2))


def _pad_with(x: Array, pad_width: Any, values: Array) -> Array:
    """Padded with traced constants: elements are taken from both, side by side."""
    marks = x.size + np.arange(values.size).reshape(values.shape)
    positions = np.arange(x.size).reshape(x.shape)
    source = np.pad(positions, pad_width, constant_values=marks)
    flat = np.reshape(x, -1), np.reshape(as_kind(values, x.dtype), -1)
    return jn.concatenate(*flat, axis=0)[source]


# -- made from the edges, axis by axis ---------------------------------------------------------


def _along(axis: int, start: int | None, stop: int | None, step: int | None = None) -> Any:
    return (slice(None),) * axis + (slice(start, stop, step),)


def _around(x: Array, widths: Any, ends: Callable[..., Any], options: Any) -> Array:
    """`x` between the parts that ``ends(x, axis, widths, option)`` makes for each axis."""
    for axis, width in enumerate(widths):
        before, after = ends(x, axis, width, options[axis])
        parts = [part for part, n in ((before, width[0]), (x, 1), (after, width[1])) if n]
        if len(parts) > 1:
            x = jn.concatenate(*parts, axis=axis)
    return x


def _ramps(x: Array, axis: int, widths: Any, ends: Any) -> list[Array]:
    """From an end value, not included at the other end, to the edge of `x`."""
    head = (slice(None),) * axis
    edges = (x[(*head, 0)], x[(*head, -1)])
    before, after = (
        np.linspace(end, edge, n, endpoint=False, dtype=x.dtype, axis=axis)
        for end, edge, n in zip(ends, edges, widths, strict=True)
    )
    return [before, after[_along(axis, None, None, -1)]]


def _statistics(
    function: Callable[..., Any], x: Array, axis: int, widths: Any, lengths: Any
) -> list[Array]:
    """A statistic of the elements next to each edge, as often as the width says."""
    n = x.shape[axis]
    before, after = (n if length is None else min(int(length), n) for length in lengths)
    chunks = x[_along(axis, None, before)], x[_along(axis, n - after, None)]
    parts = []
    for chunk, width in zip(chunks, widths, strict=True):
        value = function(chunk, axis=axis, keepdims=True)
        shape = (*value.shape[:axis], width, *value.shape[axis + 1 :])
        parts.append(np.broadcast_to(value, shape))
    return parts


def _reflected(x: Array, widths: Any, with_edge: bool) -> Array:
    """Odd reflection, ``2 edge - x``, in rounds as long as what is reflected is too short."""
    for axis, (before, after) in enumerate(widths):
        period = x.shape[axis]
        if period == 1:  # nothing to reflect: NumPy repeats it
            repeated = ((before, after) if k == axis else (0, 0) for k in range(x.ndim))
            x = sh.move(x, move=partial(_pad, pad_width=tuple(repeated), mode="edge"))
            continue
        while before > 0 or after > 0:
            n = x.shape[axis]
            whole = n // period * period if with_edge else (n - 1) // (period - 1) * (period - 1)
            low, high = min(whole, before), min(whole, after)
            skip = 0 if with_edge else 1
            left = x[_along(axis, skip, skip + low)][_along(axis, None, None, -1)]
            right = x[_along(axis, n - skip - high, n - skip)][_along(axis, None, None, -1)]
            left = 2 * x[_along(axis, 0, 1)] - left
            right = 2 * x[_along(axis, n - 1, n)] - right
            x = jn.concatenate(left, x, right, axis=axis)
            before, after = before - low, after - high
    return x


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {np.pad: pad}
