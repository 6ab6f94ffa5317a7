"""Bessel functions differentiated by their order, of real order and positive argument.

All are contour integrals of an exponential, so that a derivative by the order is a factor under
the integral; contours go over the saddle, where nothing cancels, and Gauss's rule takes them
[DLMF 10.9.17-18, 10.32.9, 10.32.12; Temme 1996, sec. 9.6]::

    H1(v, x) = 1/(pi i)  integral of e**(x sinh t - v t)   from -oo to oo + pi i,      J + i Y = H1
    I(v, x)  = 1/(2 pi i) integral of e**(x cosh t - v t)  from oo - pi i to oo + pi i
    K(v, x)  = 1/2 integral of e**(-x cosh t - v t)        from -oo to oo

Relative accuracy about 1e-13, times ``|v log x|`` for large orders as for the functions
themselves; of ``J`` and ``Y`` where they oscillate, relative to their amplitude.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from ..errors import UnsupportedArgumentError, explain
from .forms import Elementwise, elementwise
from .orders import keeping, kind_of

NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)
CUT = 40.0  # where the exponential has fallen to rounding


@functools.cache
def by_order(kind: str, k: int) -> Elementwise:
    """The derivative of order `k` by the order of the Bessel function `kind`, as a primitive."""

    def slope(a: Any, b: Any) -> Any:
        f = by_order(kind, k)
        if kind in ("kv", "kve"):
            x = -0.5 * (f(a - 1, b) + f(a + 1, b))
        elif kind in ("iv", "ive"):
            x = 0.5 * (f(a - 1, b) + f(a + 1, b))
        else:
            x = 0.5 * (f(a - 1, b) - f(a + 1, b))
        return x + {"kve": 1, "ive": -1}[kind] * f(a, b) if kind in ("kve", "ive") else x

    return elementwise(
        lambda v, x: _by_order(kind, k, v, x),
        keeping(lambda a, b: by_order(kind, k + 1)(a, b)),
        keeping(slope),
        name=f"{kind}, derivative {k} by the order",
        singular=True,
    )


def _by_order(kind: str, k: int, v: Any, x: Any) -> Any:
    if np.asarray(x).dtype.kind == "c" or np.any(np.less(x, 0)):
        raise UnsupportedArgumentError(
            explain(
                f"scipy.special.{kind} has a derivative by the order for positive arguments only.",
                "keep the order constant, or use a real, positive argument",
            )
        )
    kept = kind_of(v, x)
    v, x = np.broadcast_arrays(np.asarray(v, np.float64), np.asarray(x, np.float64))
    shape, v, x = v.shape, v.ravel(), x.ravel()
    usable = np.isfinite(v) & np.isfinite(x) & (x > 0)
    u, z = np.where(usable, v, 0.5), np.where(usable, x, 1.0)
    with np.errstate(all="ignore"):
        if kind in ("kv", "kve"):
            y = _k(k, np.abs(u), z, kind == "kve") * np.where(u < 0, (-1) ** k, 1)
        elif kind in ("iv", "ive"):
            y = _reflected_i(k, u, z, kind == "ive")
        else:
            h = _reflected_h(k, u, z)
            y = {"jv": h.real, "yv": h.imag, "hankel1": h, "hankel2": h.conj()}[kind]
    y = np.where(usable, y, _at_ends(kind, k, v, x))
    if y.dtype.kind == "c":
        kept = np.result_type(kept, np.complex64)
    return y.reshape(shape).astype(kept)[()]


def _at_ends(kind: str, k: int, v: Any, x: Any) -> Any:
    """At 0 and at infinity, where there is a limit."""
    if kind in ("jv", "iv", "ive"):
        low = np.where(v > 0, 0.0, np.where(v == 0, (-1) ** k * np.inf, np.nan))
        high = np.where(np.isfinite(v) & (kind != "iv"), 0.0, np.nan)
        return np.where(x == 0, low, np.where(np.isinf(x), high, np.nan))
    return np.where(np.isinf(x) & np.isfinite(v), 0.0, np.nan)


def _reflected_h(k: int, v: Any, x: Any) -> Any:
    """``H1(-m) = exp(i pi m) H1(m)``. [DLMF 10.4.6]"""
    m = np.abs(v)
    y = _h(k, m, x)
    left = v < 0
    if not left.any():
        return y
    turn = _unit(m)
    other = sum(math.comb(k, j) * (1j * math.pi) ** j * _h(k - j, m, x) for j in range(k + 1))
    return np.where(left, (-1) ** k * turn * other, y)


def _reflected_i(k: int, v: Any, x: Any, scaled: bool) -> Any:
    """``I(-m) = I(m) + 2/pi sin(pi m) K(m)``. [DLMF 10.27.2]"""
    m = np.abs(v)
    y = _i(k, m, x, scaled)
    left = v < 0
    if not left.any():
        return y
    turn = _unit(m)
    other: Any = 0.0
    for j in range(k + 1):
        factor = (turn * (1j * math.pi) ** j).imag
        part = _k(k - j, m, x, True) * np.exp(-2 * x if scaled else -x)
        other = other + math.comb(k, j) * np.where(factor == 0, 0, factor * part)
    return np.where(left, (-1) ** k * (y + 2 / math.pi * other), y)


def _unit(m: Any) -> Any:
    """``exp(i pi m)``, exact at multiples of a half."""
    r = m - 2 * np.floor(m / 2)
    quarter = np.rint(2 * r)
    return 1j**quarter * np.exp(1j * math.pi * (r - quarter / 2))


def _panels(start: Any, stop: Any, longest: float, term: Any, least: int = 1) -> Any:
    """The integral of ``term(t)`` from `start` to `stop`, by Gauss's rule in equal panels."""
    count = max(least, math.ceil(float(np.max(stop - start, initial=0)) / longest))
    half = 0.5 * (stop - start) / count
    total: Any = 0.0
    for p in range(count):
        middle = start + (2 * p + 1) * half
        for block in blocks(len(NODES), np.size(half)):
            total = total + WEIGHTS[block] @ term(middle + half * NODES[block, None])
    return total * half


def blocks(count: int, size: int) -> list[slice]:
    """Ranges of `count` points at which to evaluate `size` elements at once."""
    length = max(1, 2**16 // max(size, 1))
    return [slice(k, min(k + length, count)) for k in range(0, count, length)]


def _over(value: float, x: Any) -> Any:
    """``value / x``, and infinity at 0."""
    return np.where(x > 0, value / np.where(x > 0, x, 1), np.inf)


# -- modified functions ----------------------------------------------------------------------


def _k(k: int, v: Any, x: Any, scaled: bool) -> Any:
    """By the trapezoidal rule on the line, of terms that are all of one sign."""
    size = np.hypot(v, x)
    top = np.arcsinh(v / x)
    peak = v * top - 2 * x * np.sinh(top / 2) ** 2
    step = np.minimum(0.16, 0.5 / np.sqrt(size))
    count = int(np.max((top + np.arccosh(1 + CUT / size)) / step, initial=0)) + 2
    total: Any = 0.0
    for block in blocks(count, v.size):
        n = np.arange(block.start, block.stop)[:, None]
        t = n * step
        fall = np.exp(v * t - 2 * x * np.sinh(t / 2) ** 2 - peak)
        both = -np.expm1(-2 * v * t) if k % 2 else 1 + np.exp(-2 * v * t)
        total = total + np.sum(np.where(n == 0, 0.25, 0.5) * t**k * fall * both, axis=0)
    return total * step * np.exp(peak - (0 if scaled else x))


def _i(k: int, v: Any, x: Any, scaled: bool) -> Any:
    """Up from the saddle ``a = arcsinh(v / x)`` to ``a + pi i``, and on to ``oo + pi i``."""
    a, size = np.arcsinh(v / x), np.hypot(v, x)

    def up(s: Any) -> Any:
        phase = v * (np.sin(s) - s)
        return (-a - 1j * s) ** k * np.exp(-2 * size * np.sin(s / 2) ** 2 + 1j * phase)

    def on(s: Any) -> Any:
        return (-a - s - 1j * math.pi) ** k * np.exp(-v * s - x * np.cosh(a + s) - size)

    width = np.arccos(np.maximum(1 - CUT / size, -1))
    reach = np.minimum(np.arccosh(np.cosh(a) + CUT / x) - a, _over(CUT, v))
    zero = np.zeros_like(v)
    ray = np.conj(_unit(v)) * _panels(zero, reach, 3.0, on)
    y = (_panels(zero, width, 1.1, up).real + ray.imag) / math.pi
    return y * np.exp(size - v * a - (x if scaled else 0))


# -- functions that oscillate ------------------------------------------------------------------


def _h(k: int, v: Any, x: Any) -> Any:
    """``H1``: over the saddle ``i b``, ``cos b = v / x``, if ``v < x``; else along the real axis to
    the saddle ``a = arccosh(v / x)``, and up, for large orders steepest down (Debye's contour)."""
    beyond = v > x
    y = _oscillating(k, np.where(beyond, 0.5 * x, v), x) if not beyond.all() else 0j * x
    if not beyond.any():
        return y
    u = np.where(beyond, v, 2 * x)
    a = np.arccosh(u / x)
    height = np.sqrt((u - x) * (u + x))
    up = np.where(
        u < 5, _straight(k, np.minimum(u, 5), x, a, height), _steepest(k, u, x, a, height)
    )
    small, large = np.exp(height - u * a), np.exp(u * a - height)
    far = small * up.real + 1j * (small * up.imag - large * _real_axis(k, u, x, a, height))
    return np.where(beyond, far, y)


def _straight(k: int, v: Any, x: Any, a: Any, height: Any) -> Any:
    def up(s: Any) -> Any:
        phase = v * (np.sin(s) - s)
        return (-a - 1j * s) ** k * np.exp(-2 * height * np.sin(s / 2) ** 2 + 1j * phase)

    def on(s: Any) -> Any:
        return (-a - s - 1j * math.pi) ** k * np.exp(-v * s - x * np.sinh(a + s) - height)

    reach = np.minimum(np.arcsinh(np.sinh(a) + CUT / x) - a, _over(CUT, v))
    zero = np.zeros_like(v)
    ray = np.conj(_unit(v)) * _panels(zero, reach, 3.0, on)
    return (_panels(zero, zero + math.pi, 1.1, up) - 1j * ray) / math.pi


def _steepest(k: int, v: Any, x: Any, a: Any, height: Any) -> Any:
    """On ``cosh(a + r) = (v / x) s / sin(s)``, where the exponent is real."""

    def term(s: Any) -> Any:
        rise = v / x * s / np.sin(s)
        r = np.arccosh(rise)
        bend = rise * (1 / s - 1 / np.tan(s)) / np.sqrt((rise - 1) * (rise + 1))
        fall = x * np.sinh(r) * np.cos(s) - v * (r - a) - height
        return (-r - 1j * s) ** k * (1 - 1j * bend) * np.exp(fall)

    width = np.minimum(1.2 * np.sqrt(_over(2 * CUT, height)), 1.2 * np.cbrt(4 * CUT / v))
    return _panels(np.zeros_like(v), np.minimum(math.pi, width), 1.1, term, 2) / math.pi


def _real_axis(k: int, v: Any, x: Any, a: Any, height: Any) -> Any:
    """``1/pi`` times the integral of ``t**k exp(v t - x sinh t)`` from ``-a``, over its top at `a`."""

    def term(s: Any) -> Any:  # t = a + s
        close = height * 2 * np.sinh(s / 2) ** 2 + v * (np.sinh(s) - s)
        fall = np.where(s > -1, close, x * np.sinh(a + s) - v * s - height)
        return (a + s) ** k * np.exp(-fall)

    right = np.minimum(
        np.arccosh(1 + _over(CUT, height)), np.arcsinh(2 * CUT / v) + np.cbrt(6 * CUT / v)
    )
    near = np.minimum(2 * a, np.sqrt(_over(4.5 * CUT, height)))
    far = np.minimum(2 * a, near + CUT / v + 5)
    zero = np.zeros_like(v)
    total = _panels(zero, right, 1.5, term, 3) + _panels(-near, zero, 1.5, term, 3)
    return (total + _panels(-far, -near, 1.5, term)) / math.pi


def _oscillating(k: int, v: Any, x: Any) -> Any:
    b = np.arccos(v / x)
    root = np.sqrt((x - v) * (x + v))
    phase = root - v * b

    def half(sign: int) -> Any:
        height = math.pi - b if sign > 0 else b
        scale = np.maximum(height, 0.3)

        def term(s: Any) -> Any:
            bend = np.tanh(s / scale)
            t = sign * s + 1j * (b + sign * height * bend)
            slope = 1 + 1j * height / scale * (1 - bend * bend)
            return (-t) ** k * slope * np.exp(x * np.sinh(t) - v * t - 1j * phase)

        steep = 1.3 * np.sqrt(_over(CUT, root * height / scale))
        large = np.minimum(steep, 1.3 * np.cbrt(3.5 * CUT / x))
        reach = np.where(x > CUT, large, np.arcsinh(2 * CUT / x) + 1.5)
        return _panels(np.zeros_like(v), reach, 1.0, term, 2)

    return (half(1) + half(-1)) / (1j * math.pi) * np.exp(1j * phase)
