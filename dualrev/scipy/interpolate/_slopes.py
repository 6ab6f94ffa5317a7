"""Slopes at the knots, by which piecewise cubic interpolants differ."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...fronts.keywords import as_shaped, values
from ...primitive import Array
from ...rules.solvers import solve_banded
from ..mirror import every_value, of_examples
from ._arrays import column


def condition(c: Any) -> Any:
    """An end condition as the order of a derivative and its value, or ``None`` for not-a-knot."""
    if isinstance(c, str):
        return {"not-a-knot": None, "natural": (2, 0.0), "clamped": (1, 0.0)}[c]
    return int(c[0]), as_shaped(c[1])


def cubic_slopes(x: Array, y: Array, first: Any, last: Any) -> Array:
    """The slopes at the knots of the spline with two continuous derivatives: a tridiagonal system.
    [de Boor 1978, ch. IV, eq. 7]"""
    n = len(x)
    dx = np.diff(x)
    wide = column(dx, y.ndim)
    slope = np.diff(y, axis=0) / wide
    if n == 2:  # a line, or a parabola
        first, last = first or (1, slope[0]), last or (1, slope[0])
    zero, one = np.zeros(1, x.dtype), np.ones(1, x.dtype)
    row = slope.shape[1:]
    if n == 3 and first is None and last is None:  # a parabola through three points
        above, middle, below = one, 2 * (dx[:1] + dx[1:]), one
        diagonal = np.concatenate([one, middle, one])
        upper = np.concatenate([zero, above, dx[:1]])
        lower = np.concatenate([dx[1:], below, zero])
        inner = 3 * (wide[0] * slope[1] + wide[1] * slope[0])
        rows = [2 * slope[0], inner, 2 * slope[1]]
    else:
        d0, u1, b0 = _end(first, x[2] - x[0] if n > 2 else None, dx, wide, slope, row, 1)
        d1, l1, b1 = _end(
            last, x[-1] - x[-3] if n > 2 else None, dx[::-1], wide[::-1], slope[::-1], row, -1
        )
        diagonal = np.concatenate([d0, 2 * (dx[:-1] + dx[1:]), d1])
        upper = np.concatenate([zero, u1, dx[:-1]])
        lower = np.concatenate([dx[1:], l1, zero])
        inner = 3 * (wide[1:] * slope[:-1] + wide[:-1] * slope[1:])
        rows = [b0, *inner, b1]
    bands = np.stack([upper, diagonal, lower], axis=0)
    b = np.stack([np.broadcast_to(v, row) for v in rows], axis=0)
    return np.reshape(solve_banded(bands, np.reshape(b, (n, -1)), l=1, u=1), b.shape)


def _end(
    condition: Any, two: Any, dx: Array, wide: Array, slope: Array, row: Any, sign: int
) -> tuple[Array, Array, Array]:
    """The diagonal, its neighbour and the right-hand side in the equation of one end."""
    if condition is None:
        d = np.reshape(two, (1,) * len(row)) if row else two
        b = ((wide[0] + 2 * d) * wide[1] * slope[0] + wide[0] ** 2 * slope[1]) / d
        return dx[1:2], np.reshape(two, (1,)), b
    order, value = condition
    if order == 1:
        return np.ones(1, dx.dtype), np.zeros(1, dx.dtype), value
    b = -0.5 * sign * value * wide[0] ** 2 + 3 * slope[0] * wide[0]
    return 2 * dx[:1], dx[:1], b


def periodic_slopes(x: Array, y: Array) -> Array:
    """The slopes of the periodic spline: a cyclic tridiagonal system, whose last unknown is eliminated."""
    n = len(x)
    dx = np.diff(x)
    wide = column(dx, y.ndim)
    slope = np.diff(y, axis=0) / wide
    if n == 2:
        return np.concatenate([slope, slope])
    if n == 3:
        t = np.sum(slope / wide, axis=0) / np.sum(1.0 / wide, axis=0)
        return np.stack([t, t, t])
    before, after = np.concatenate([dx[-1:], dx[:-1]]), dx  # of each knot but the last
    left, right = column(before, y.ndim), column(after, y.ndim)
    b = 3 * (right * np.concatenate([slope[-1:], slope[:-1]]) + left * slope)
    zero = np.zeros(1, x.dtype)
    diagonal = 2 * (before + after)
    upper = np.concatenate([zero, before[:-2]])
    lower = np.concatenate([after[1:-1], zero])
    bands = np.stack([upper, diagonal[:-1], lower])
    corner = np.concatenate([-after[:1], np.zeros(n - 4, x.dtype), -before[-2:-1]])
    rhs = np.concatenate([np.reshape(b[:-1], (n - 2, -1)), corner[:, None]], axis=1)
    solved = solve_banded(bands, rhs, l=1, u=1)
    one, two = np.reshape(solved[:, :-1], b[:-1].shape), column(solved[:, -1], y.ndim)
    top = b[-1] - before[-1] * one[0] - after[-1] * one[-1]
    last = top / (diagonal[-1] + before[-1] * two[0] + after[-1] * two[-1])
    inner = one + two * last
    return np.concatenate([inner, np.expand_dims(last, 0), inner[:1]])


def pchip_slopes(x: Array, y: Array) -> Array:
    """Weighted harmonic means of the slopes beside a knot, and 0 at extrema. [Fritsch & Butland 1984, eq. 5]"""
    h = column(np.diff(x), y.ndim)
    m = np.diff(y, axis=0) / h
    if len(x) == 2:
        return np.concatenate([m, m])
    one, two = m[:-1], m[1:]
    signs = np.sign(values(m))
    flat = (signs[1:] != signs[:-1]) | np.equal(signs[1:], 0) | np.equal(signs[:-1], 0)
    v, w = 2 * h[1:] + h[:-1], h[1:] + 2 * h[:-1]
    mean = (v + w) / (v / np.where(flat, 1.0, one) + w / np.where(flat, 1.0, two))
    ends = _pchip_end(h[0], h[1], m[0], m[1]), _pchip_end(h[-1], h[-2], m[-1], m[-2])
    first, last = [np.expand_dims(e, 0) for e in ends]
    return np.concatenate([first, np.where(flat, 0.0, mean), last])


def _pchip_end(h: Array, k: Array, m: Array, n: Array) -> Array:
    """By three points, bent where that would change the shape. [Moler 2004, sec. 3.6]"""
    d = ((2 * h + k) * m - h * n) / (h + k)
    sd, sm, sn = np.sign(values(d)), np.sign(values(m)), np.sign(values(n))
    steep = (sm != sn) & (np.abs(values(d)) > 3.0 * np.abs(values(m)))
    return np.where(sd != sm, 0.0, np.where(steep, 3.0 * m, d))


def akima_slopes(x: Array, y: Array, method: str) -> Array:
    """Means of the slopes beside a knot, weighted by the change of slope on the other side.
    [Akima 1970, eq. 1]"""
    m = np.diff(y, axis=0) / column(np.diff(x), y.ndim)
    if len(x) == 2:
        return np.concatenate([m, m])
    low = 2.0 * m[:1] - m[1:2], 3.0 * m[:1] - 2.0 * m[1:2]
    high = 2.0 * m[-1:] - m[-2:-1], 3.0 * m[-1:] - 2.0 * m[-2:-1]
    m = np.concatenate([low[1], low[0], m, high[0], high[1]])
    change = np.abs(np.diff(m, axis=0))
    if method == "makima":
        size = 0.5 * np.abs(m[1:] + m[:-1])
        change = change + size
    after, before = change[2:], change[:-2]
    both = after + before

    def decided(both: Any) -> Any:
        axes = tuple(range(-y.ndim, 0))
        return both > 1e-9 * np.max(both, axis=axes, keepdims=True)

    known = of_examples(decided, values(both))
    share = np.where(known, before, 0.0) / np.where(known, both, 1.0)
    weighted = m[1:-2] + share * (m[2:-1] - m[1:-2])
    if np.all(every_value(known)):
        return weighted
    return np.where(known, weighted, 0.5 * (m[3:] + m[:-3]))
