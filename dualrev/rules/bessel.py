"""Bessel functions and their kin: Hankel, Kelvin, Airy, spherical and Struve's; integrals of them.

Formulas: DLMF, by the section named. ``UFUNCS`` is from SciPy's ufunc to the primitive.
Derivatives by the order: `bessel_orders`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sc

from ..errors import UnsupportedArgumentError, explain
from .bessel_orders import by_order
from .forms import elementwise
from .forms.shapes import as_values
from .orders import keeping, of_order
from .several import several

ROOT_PI = math.sqrt(math.pi)
OF_BER, OF_KER = complex(-math.sqrt(0.5), math.sqrt(0.5)), complex(math.sqrt(0.5), math.sqrt(0.5))

# fmt: off
# -- Bessel functions: DLMF 10.6, 10.29 ---------------------------------------------------
j0        = elementwise(sc.j0,        lambda x: -sc.j1(x))
j1        = elementwise(sc.j1,        lambda x: 0.5 * (sc.j0(x) - sc.jv(2, x)))
y0        = elementwise(sc.y0,        lambda x: -sc.y1(x), singular=True)
y1        = elementwise(sc.y1,        lambda x: 0.5 * (sc.y0(x) - sc.yv(2, x)), singular=True)
i0        = elementwise(sc.i0,        lambda x: sc.i1(x))
i1        = elementwise(sc.i1,        lambda x: 0.5 * (sc.i0(x) + sc.iv(2, x)))
i0e       = elementwise(sc.i0e,       lambda x, y: _scaled(y, 0, x, lambda: sc.i1e(x) - np.sign(x) * y, -1))
i1e       = elementwise(sc.i1e,       lambda x, y: _scaled(y, 1, x, lambda: 0.5 * (sc.i0e(x) + sc.ive(2, x)) - np.sign(x) * y, -1))
k0        = elementwise(sc.k0,        lambda x: -sc.k1(x), singular=True)
k1        = elementwise(sc.k1,        lambda x: -0.5 * (sc.k0(x) + sc.kv(2, x)), singular=True)
k0e       = elementwise(sc.k0e,       lambda x, y: _scaled(y, 0, x, lambda: y - sc.k1e(x)), singular=True)
k1e       = elementwise(sc.k1e,       lambda x, y: _scaled(y, 1, x, lambda: y - 0.5 * (sc.k0e(x) + sc.kve(2, x))), singular=True)
kn        = of_order(sc.kn,           lambda a, b: -0.5 * (sc.kv(a - 1, b) + sc.kv(a + 1, b)))
yn        = of_order(sc.yn,           lambda a, b: 0.5 * (sc.yv(a - 1, b) - sc.yv(a + 1, b)))
hankel1   = of_order(sc.hankel1,      lambda a, b: 0.5 * (sc.hankel1(a - 1, b) - sc.hankel1(a + 1, b)), order=lambda a, b: by_order("hankel1", 1)(a, b))
hankel2   = of_order(sc.hankel2,      lambda a, b: 0.5 * (sc.hankel2(a - 1, b) - sc.hankel2(a + 1, b)), order=lambda a, b: by_order("hankel2", 1)(a, b))
jv        = of_order(sc.jv,           lambda a, b: 0.5 * (sc.jv(a - 1, b) - sc.jv(a + 1, b)), order=lambda a, b: by_order("jv", 1)(a, b))
yv        = of_order(sc.yv,           lambda a, b: 0.5 * (sc.yv(a - 1, b) - sc.yv(a + 1, b)), order=lambda a, b: by_order("yv", 1)(a, b))
iv        = of_order(sc.iv,           lambda a, b: 0.5 * (sc.iv(a - 1, b) + sc.iv(a + 1, b)), order=lambda a, b: by_order("iv", 1)(a, b))
kv        = of_order(sc.kv,           lambda a, b: -0.5 * (sc.kv(a - 1, b) + sc.kv(a + 1, b)), order=lambda a, b: by_order("kv", 1)(a, b))
hankel1e  = of_order(sc.hankel1e,     lambda y, a, b: _scaled(y, a, b, lambda: 0.5 * (sc.hankel1e(a - 1, b) - sc.hankel1e(a + 1, b)) - 1j * y, 1j), order=lambda a, b: np.exp(-1j * b) * by_order("hankel1", 1)(a, b))
hankel2e  = of_order(sc.hankel2e,     lambda y, a, b: _scaled(y, a, b, lambda: 0.5 * (sc.hankel2e(a - 1, b) - sc.hankel2e(a + 1, b)) + 1j * y, -1j), order=lambda a, b: np.exp(1j * b) * by_order("hankel2", 1)(a, b))
jve       = of_order(sc.jve,          lambda a, b: _real(b, "jve", "jv") and 0.5 * (sc.jve(a - 1, b) - sc.jve(a + 1, b)), order=lambda a, b: by_order("jv", 1)(a, b))
yve       = of_order(sc.yve,          lambda a, b: _real(b, "yve", "yv") and 0.5 * (sc.yve(a - 1, b) - sc.yve(a + 1, b)), order=lambda a, b: by_order("yv", 1)(a, b))
ive       = of_order(sc.ive,          lambda y, a, b: _real(b, "ive", "iv") and _scaled(y, a, b, lambda: 0.5 * (sc.ive(a - 1, b) + sc.ive(a + 1, b)) - np.sign(b) * y, -1), order=lambda a, b: by_order("ive", 1)(a, b))
kve       = of_order(sc.kve,          lambda y, a, b: _scaled(y, a, b, lambda: y - 0.5 * (sc.kve(a - 1, b) + sc.kve(a + 1, b))), order=lambda a, b: by_order("kve", 1)(a, b))
numpy_i0  = elementwise(np.i0,        lambda x: sc.i1(x))

# -- spherical Bessel functions: DLMF 10.51.2, 10.51.5 --------------------------------------
spherical_jn = of_order(sc.spherical_jn, lambda a, b: _spherical(spherical_jn, a, b, 1, -1))
spherical_yn = of_order(sc.spherical_yn, lambda a, b: _spherical(spherical_yn, a, b, 1, -1))
spherical_in = of_order(sc.spherical_in, lambda a, b: _spherical(spherical_in, a, b, 1, 1))
spherical_kn = of_order(sc.spherical_kn, lambda a, b: _spherical(spherical_kn, a, b, -1, -1))

# -- Struve functions: DLMF 11.4.24, 11.4.26 -------------------------------------------------
struve    = of_order(sc.struve,       lambda a, b: 0.5 * (sc.struve(a - 1, b) - sc.struve(a + 1, b) + _struve_term(a, b)))
modstruve = of_order(sc.modstruve,    lambda a, b: 0.5 * (sc.modstruve(a - 1, b) + sc.modstruve(a + 1, b) + _struve_term(a, b)))

# -- Airy functions, also scaled: DLMF 9.2.1, 9.6.2, 9.6.4 ------------------------------------
airy      = several(sc.airy,          lambda y, x: (y[1], x * y[0], y[3], x * y[2]))
airye     = several(sc.airye,         lambda y, x: _airye_slope(y, x))

# -- Kelvin functions: DLMF 10.61.1-2 ---------------------------------------------------------
ber       = elementwise(sc.ber,       lambda x: sc.berp(x))
bei       = elementwise(sc.bei,       lambda x: sc.beip(x))
ker       = elementwise(sc.ker,       lambda x: sc.kerp(x), singular=True)
kei       = elementwise(sc.kei,       lambda x: sc.keip(x), singular=True)
berp      = elementwise(sc.berp,      lambda x: _second_be(x).real)
beip      = elementwise(sc.beip,      lambda x: _second_be(x).imag)
kerp      = elementwise(sc.kerp,      lambda x: _second_ke(x).real, singular=True)
keip      = elementwise(sc.keip,      lambda x: _second_ke(x).imag, singular=True)
kelvin    = several(sc.kelvin,        lambda y, x: (y[2], y[3], _second_be(x), _second_ke(x)))

# -- integrals: DLMF 10.22.1, 11.2.2, 9.10 ----------------------------------------------------
itj0y0    = several(sc.itj0y0,        lambda y, x: (sc.j0(x), sc.y0(x)))
iti0k0    = several(sc.iti0k0,        lambda y, x: (sc.i0(x), sc.k0(x)))
it2j0y0   = several(sc.it2j0y0,       lambda y, x: (_rest(x, lambda v: 1 - sc.j0(v), -1), -sc.y0(x) / x))
it2i0k0   = several(sc.it2i0k0,       lambda y, x: (_rest(x, lambda v: sc.i0(v) - 1, 1), -sc.k0(x) / x))
itstruve0 = elementwise(sc.itstruve0, keeping(lambda x: sc.struve(0, x)))
itmodstruve0 = elementwise(sc.itmodstruve0, keeping(lambda x: sc.modstruve(0, x)))
it2struve0 = elementwise(sc.it2struve0, keeping(lambda x: _struve_over(x)))
itairy    = several(sc.itairy,        lambda y, x: (sc.airy(x)[0], sc.airy(x)[2], sc.airy(-x)[0], sc.airy(-x)[2]))
# fmt: on

besselpoly = several(  # DLMF 10.6.1 under the integral of ``x**b J_c(2 a x)``
    sc.besselpoly,
    lambda y, a, b, c: sc.besselpoly(a, b + 1, c - 1) - sc.besselpoly(a, b + 1, c + 1),
    None,
    None,
)


def _real(x: Any, name: str, instead: str) -> bool:
    if x.dtype.kind == "c":
        raise UnsupportedArgumentError(
            explain(
                f"scipy.special.{name} is not holomorphic: no rule for complex arguments.",
                f"use {instead}, which is",
            )
        )
    return True


def _scaled(y: Any, order: Any, x: Any, near: Callable[[], Any], turn: Any = 1) -> Any:
    """The slope of a scaled function, ``near()``; where that cancels, by the expansion
    ``y = c x**-1/2 sum_k turn**k a_k(order) x**-k``. [DLMF 10.17.1, 10.17.5, 10.40.1-2]"""
    value, size = as_values(x), np.square(as_values(order))
    far = np.abs(value) > 25 + size
    if turn != -1:
        far = far & (value.real > 0)
    if not far.any():
        return near()
    t = 1 / np.where(far, np.abs(x) if turn == -1 else x, 50)
    mu = 4 * np.where(far, order, 0) ** 2
    total, slope, a = 1.0 + 0 * t, 0 * t, 1.0
    for k in range(1, 24):
        a = a * turn * (mu - (2 * k - 1) ** 2) / (8 * k)
        term = a * t ** (k - 1)
        slope = slope + k * term
        total = total + term * t
    series = -y * t * (0.5 + t * slope / total)
    if turn == -1:
        series = series * np.sign(x)
    return np.where(far, series, near())


def _spherical(f: Any, n: Any, x: Any, sign: int, other: int) -> Any:
    """``(+-n f_(n-1) +- (n+1) f_(n+1)) / (2n+1)``."""
    below = n * f(np.maximum(n - 1, 0), x) if np.any(n) else 0.0
    return (sign * below + other * (n + 1) * f(n + 1, x)) / (2 * n + 1)


def _struve_term(a: Any, b: Any) -> Any:
    return (0.5 * b) ** a / (ROOT_PI * sc.gamma(a + 1.5))


def _second_be(x: Any) -> Any:
    """``w''`` of ``w = ber + i bei = J_0(c x)``, which has no special point at 0."""
    z = OF_BER * x
    return OF_BER**2 * 0.5 * (sc.jv(2, z) - sc.jv(0, z))


def _second_ke(x: Any) -> Any:
    """``w''`` of ``w = ker + i kei = K_0(c x)``."""
    z = OF_KER * x
    return OF_KER**2 * 0.5 * (sc.kv(0, z) + sc.kv(2, z))


def _airye_slope(y: Any, x: Any) -> Any:
    """``Ai e^z``, ``Bi e^-|Re z|`` with ``z = 2/3 x**(3/2)``, of real `x`."""
    _real(x, "airye", "airy")
    ai, aip, bi, bip = y
    root = np.sqrt(x)
    up = np.where(as_values(x) > 0, x, 0)
    root_up = np.sqrt(up)
    return (
        _airy_sum(ai, aip + root * ai, x, -1),
        _airy_sum(aip, x * ai + root * aip, x, -1, True),
        _airy_sum(bi, bip - root_up * bi, x, 1),
        _airy_sum(bip, x * bi - root_up * bip, x, 1, True),
    )


def _airy_sum(y: Any, near: Any, x: Any, sign: int, second: bool = False) -> Any:
    """`near`; where that cancels by ``y = c x**(-+1/4) sum_k (+-)**k u_k z**-k``. [DLMF 9.7.5-8]"""
    far = as_values(x) > 12
    if not far.any():
        return near
    v = np.where(far, x, 30)
    t = 1.5 * v**-1.5
    total, slope, u = 1.0 + 0 * t, 0 * t, 1.0
    for k in range(1, 24):
        u = u * sign * (6 * k - 5) * (6 * k - 3) * (6 * k - 1) / (216 * k * (2 * k - 1))
        term = u * ((6 * k + 1) / (1 - 6 * k) if second else 1) * t ** (k - 1)
        slope = slope + k * term
        total = total + term * t
    series = y / v * ((0.25 if second else -0.25) - 1.5 * t * slope / total)
    return np.where(far, series, near)


def _rest(x: Any, far: Callable[[Any], Any], sign: int) -> Any:
    """``+-(J_0 - 1) / x`` or that of ``I_0``; near 0 its series."""
    near = np.abs(as_values(x)) < 2
    u, v = np.where(near, x, 0), np.where(near, 2, x)
    t, series = u * u / 4, 0.0
    for k in range(14, 0, -1):
        series = series * t + sign ** (k - 1) / math.factorial(k) ** 2
    return np.where(near, series * u / 4, far(v) / v)


def _struve_over(x: Any) -> Any:
    """``-H_0(x) / x``; near 0 its series. [DLMF 11.2.1]"""
    near = np.abs(as_values(x)) < 2
    u, v = np.where(near, x, 0), np.where(near, 2, x)
    t, series = u * u, 0.0
    for k in range(14, -1, -1):
        series = series * t + (-1) ** k / math.prod(range(1, 2 * k + 2, 2)) ** 2
    return np.where(near, -2 / math.pi * series, -sc.struve(0, v) / v)


UFUNCS = {
    p.fun: p
    for p in (
        j0, j1, y0, y1, i0, i1, i0e, i1e, k0, k1, k0e, k1e, kn, yn, hankel1, hankel2, jv, yv, iv, kv,
        hankel1e, hankel2e, jve, yve, ive, kve, struve, modstruve, airy, airye, ber, bei, ker, kei,
        berp, beip, kerp, keip, kelvin, besselpoly, itj0y0, iti0k0, it2j0y0, it2i0k0, itstruve0,
        itmodstruve0, it2struve0, itairy,
    )
}  # fmt: skip
