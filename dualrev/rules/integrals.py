"""Integrals of elementary functions: Faddeeva's, Voigt's, Fresnel's, sine and cosine integrals, Spence's.

Formulas: DLMF, by the section named. ``UFUNCS`` is from SciPy's ufunc to the primitive.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy.special as sc

from ..errors import UnsupportedArgumentError, explain
from .bessel import spherical_in, spherical_jn
from .forms import Elementwise, elementwise
from .forms.shapes import anywhere, as_values
from .orders import kind_of
from .relative import log1prel_derivative
from .several import several

ROOT_PI = math.sqrt(math.pi)
OF_FRESNEL = complex(math.sqrt(0.5), math.sqrt(0.5))

# fmt: off
# -- Faddeeva's function and Voigt's profile: DLMF 7.10.2, 7.19.1-2; the heat equation -----------
wofz       = elementwise(sc.wofz,       lambda x: wofz_derivative(1)(x))
voigt_profile = elementwise(sc.voigt_profile, lambda a, b, c: _voigt(a, b, c, 1).real, lambda a, b, c: b * _voigt(a, b, c, 2).real, lambda a, b, c: -_voigt(a, b, c, 1).imag, singular=True)

# -- Fresnel integrals: DLMF 7.2.7-8, and from x to infinity [Zhang & Jin 1996, 16.5] -----------
fresnel    = several(lambda x: tuple(sc.fresnel(x)), lambda y, x: (chirp_sin(x), chirp_cos(x)), name="fresnel")
chirp_sin  = elementwise(lambda x: np.sin(_chirp(x)), lambda x: math.pi * x * chirp_cos(x), name="sin(pi/2 x**2)")
chirp_cos  = elementwise(lambda x: np.cos(_chirp(x)), lambda x: -math.pi * x * chirp_sin(x), name="cos(pi/2 x**2)")
modfresnelp = several(lambda x: tuple(sc.modfresnelp(x)), lambda y, x: (-np.exp(1j * x * x), 0.5 * OF_FRESNEL * wofz_derivative(1)(OF_FRESNEL * _right(x))), name="modfresnelp")
modfresnelm = several(lambda x: tuple(sc.modfresnelm(x)), lambda y, x: (-np.exp(-1j * x * x), 0.5 * np.conjugate(OF_FRESNEL * wofz_derivative(1)(OF_FRESNEL * _right(x)))), name="modfresnelm")

# -- sine, cosine, hyperbolic integrals, the dilogarithm: DLMF 6.2.9-16, 25.12.2 ----------------
sici       = several(lambda x: tuple(sc.sici(x)),   lambda y, x: (spherical_jn(0, x), np.cos(x) / x), name="sici")
shichi     = several(lambda x: tuple(sc.shichi(x)), lambda y, x: (spherical_in(0, x), np.cosh(x) / x), name="shichi")
spence     = elementwise(sc.spence,     lambda x: _spence_slope(x), singular=True)
# fmt: on


@functools.cache
def wofz_derivative(k: int) -> Elementwise:
    """The derivative of order `k` of ``w(z)``, as a primitive."""
    return elementwise(
        sc.wofz if k == 0 else lambda z: _wofz(z, k),
        lambda x: wofz_derivative(k + 1)(x),
        name=f"wofz, derivative {k}",
    )


def _wofz(z: Any, k: int) -> Any:
    """``w' = 2 i / sqrt(pi) - 2 z w``, ``w_(n+1) = -2 z w_n - 2 n w_(n-1)``; where that cancels the
    asymptotic series term by term, and ``w(z) = 2 exp(-z**2) - w(-z)`` below the real axis. [DLMF
    7.10.2, 7.12.1, 7.4.3]"""
    kind, z = kind_of(z), np.asarray(z)
    far = np.abs(z) > 8 + k
    v = np.where(far, 1, z)
    before, near = sc.wofz(v), 2j / ROOT_PI - 2 * v * sc.wofz(v)
    for n in range(1, k):
        before, near = near, -2 * v * near - 2 * n * before
    if not far.any():
        return near[()]
    u = np.where(far, z, 100)
    t, series = 1 / (u * u), 0.0
    for n in range(30, -1, -1):
        factor = math.prod(range(1, 2 * n, 2)) / 2**n * math.perm(2 * n + k, k)
        series = series * t + factor
    series = series * (-1) ** k * 1j / ROOT_PI / u ** (k + 1)
    low = far & (z.imag < 0)
    if low.any():
        u = np.where(low, z, 0)
        gauss, last = np.exp(-u * u), 0 * u
        for n in range(k):
            gauss, last = -2 * u * gauss - 2 * n * last, gauss
        series = series + np.where(low, 2 * gauss, 0)
    return np.where(far, series, near).astype(np.result_type(kind, np.complex64))[()]


def _voigt(x: Any, sigma: Any, gamma: Any, k: int) -> Any:
    """The derivative of order `k` by `x` of ``w((x + i gamma) / (sqrt(2) sigma)) / (sqrt(2 pi)
    sigma)``, of which Voigt's profile is the real part; ``dV/dsigma = sigma d2V/dx2``."""
    sharp = np.equal(as_values(sigma), 0)
    s = np.where(sharp, 1, sigma) * math.sqrt(2)
    z = x + 1j * gamma
    blurred = wofz_derivative(k)(z / s) / (ROOT_PI * s ** (k + 1))
    if not sharp.any():
        return blurred
    pole = np.where(sharp, z, 1)
    return np.where(
        sharp, (-1) ** k * math.factorial(k) * 1j / (math.pi * pole ** (k + 1)), blurred
    )


def _right(x: Any) -> Any:
    """`x`, where SciPy's modified Fresnel integrals are right: their values left of 0 are not."""
    if anywhere(as_values(x) < 0):
        raise UnsupportedArgumentError(
            explain(
                "scipy.special.modfresnelp and modfresnelm are wrong for negative arguments.",
                "use sqrt(pi) exp(+-i pi/4) - F(-x) for F(x)",
            )
        )
    return x


def _chirp(x: Any) -> Any:
    """``pi/2 x**2`` modulo ``2 pi``, from the exact square: `x` in two halves, each term modulo 4."""
    if np.asarray(x).dtype.kind == "c":
        return 0.5 * math.pi * x * x
    wide = np.asarray(x, np.float64)
    with np.errstate(all="ignore"):
        high = wide * 134217729.0
        high = high - (high - wide)
        low = wide - high
        turns = np.fmod(high * high, 4) + np.fmod(2 * high * low, 4) + low * low
        turns = np.where(np.isfinite(turns), np.fmod(turns, 4), 0.0)
    return (0.5 * math.pi * turns).astype(kind_of(x))[()]


def _spence_slope(x: Any) -> Any:
    """``log(x) / (1 - x)``, which is -1 at 1."""
    near = np.abs(as_values(x) - 1) < 0.3
    u, v = np.where(near, x, 1), np.where(near, 2, x)
    return np.where(near, -log1prel_derivative(0)(u - 1), np.log(v) / (1 - v))


UFUNCS = {
    p.fun: p for p in (wofz, voigt_profile, spence)
} | {
    sc.fresnel: fresnel, sc.modfresnelp: modfresnelp, sc.modfresnelm: modfresnelm,
    sc.sici: sici, sc.shichi: shichi,
}  # fmt: skip
