"""Legendre functions, associated, normalised, and spherical harmonics; Dirichlet's kernel.

Formulas: DLMF, by the section named. ``UFUNCS`` is from SciPy's ufunc to the primitive; the
functions of SciPy that are several ufuncs are called through the mirror.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy.special as sc

from .forms import Elementwise
from .forms.shapes import as_values
from .orders import kind_of, of_order, of_two_orders
from .several import Several, several

lpmv = of_two_orders(sc.lpmv, lambda a, b, c: _lpmv_slope(a, b, c))


def _lpmv_slope(m: Any, v: Any, x: Any) -> Any:
    """``sqrt(1 - x**2) P' = ((v + m) (v - m + 1) P(m-1) - P(m+1)) / 2``; at the ends what
    ``(1 - x**2)**(m/2)`` times a polynomial gives. [DLMF 14.10.1-2, 14.6.1]"""
    ends = np.abs(as_values(x)) == 1
    inner = np.where(ends, 0, x)
    rest = np.sqrt((1 - inner) * (1 + inner))
    up, down = sc.lpmv(m + 1, v, inner), sc.lpmv(m - 1, v, inner)
    factor = (v + m) * (v - m + 1)
    slope = 0.5 * (np.where(np.equal(factor, 0), 0, factor * down) - up) / rest
    if not ends.any():
        return slope
    k, z = np.abs(m), np.where(ends, x, 1)
    norm = (-1.0) ** k * np.where(np.less(m, 0), (-1.0) ** k * sc.poch(v - k + 1, 2 * k) ** -1, 1)
    rest = np.where(ends, 1 - z * z, 1)
    first = norm * sc.poch(v - k + 1, 2 * k) / (2.0**k * sc.gamma(k + 1))
    one = first * sc.hyp2f1(k - v, v + k + 1, k + 1.0, 0.5 * (1 - z))
    two = 0.5 * (v - k) * (v + k + 1) / (k + 1)
    other = first * two * sc.hyp2f1(k - v + 1, v + k + 2, k + 2.0, 0.5 * (1 - z))
    lower = np.where(np.equal(k, 0), 0.0, -k * z * rest ** (np.maximum(k, 1) / 2 - 1) * one)
    return np.where(ends, lower + rest ** (k / 2) * other, slope)


# -- Legendre polynomials: DLMF 18.9.19 --------------------------------------------------------


@functools.cache
def legendre_derivative(k: int) -> Elementwise:
    """The derivative of order `k` of ``P_n(z)``, as a primitive."""
    return of_order(
        lambda n, z: _legendre(k, n, z),
        lambda a, b: legendre_derivative(k + 1)(a, b),
        name=f"legendre_p, derivative {k}",
    )


def _legendre(k: int, n: Any, z: Any) -> Any:
    if k <= 2:
        return sc.legendre_p(n, z, diff_n=k)[k][()]
    n = np.asarray(n)
    low = n < k
    factor = math.prod(range(1, 2 * k, 2))
    return np.where(low, 0, factor * sc.eval_gegenbauer(np.where(low, 0, n - k), k + 0.5, z))[()]


# -- associated ones: DLMF 14.2.2 --------------------------------------------------------------


@functools.cache
def associated_derivative(k: int, branch_cut: int, norm: bool) -> Several:
    """The derivative of order ``k <= 2`` of ``P_n^m(z)``, as a primitive; beyond by Legendre's
    equation, ``(1 - z**2) y'' = 2 z y' - L y`` with ``L = n (n + 1) - m**2 / (1 - z**2)``."""

    def at(j: int) -> Any:
        return associated_derivative(j, branch_cut, norm)

    def third(y: Any, n: Any, m: Any, z: Any) -> Any:
        rest = (1 - z) * (1 + z)
        factor = n * (n + 1) - m * m / rest
        value, first = at(0)(n, m, z), at(1)(n, m, z)
        return (4 * z * y + (2 - factor) * first + 2 * m * m * z / rest**2 * value) / rest

    return several(
        lambda n, m, z: sc.assoc_legendre_p(n, m, z, branch_cut=branch_cut, norm=norm, diff_n=k)[k][()],
        None,
        None,
        third if k == 2 else lambda y, n, m, z: at(k + 1)(n, m, z),
        name=f"assoc_legendre_p, derivative {k}",
    )  # fmt: skip


# -- on the sphere: DLMF 14.30.1, 14.10.5; [Edmonds 1957, eq. 2.5.24] ----------------------------

# fmt: off
sph_legendre = several(lambda n, m, t: sc.sph_legendre_p(n, m, t)[0][()], None, None, lambda y, n, m, t: by_angle(n, m, t), name="sph_legendre_p")
sph_harmonic = several(lambda n, m, t, p: sc.sph_harm_y(n, m, t, p), None, None, lambda y, n, m, t, p: np.exp(1j * m * p) * by_angle(n, m, t), lambda y, n, m, t, p: 1j * m * y, name="sph_harm_y")
# fmt: on


def _turned(f: Any, n: Any, m: Any, t: Any) -> Any:
    """The derivative by the polar angle: neighbours in `m`, with no special point at the poles."""
    n, m = np.asarray(n, np.float64), np.asarray(m, np.float64)
    up, down = np.maximum((n - m) * (n + m + 1), 0), np.maximum((n + m) * (n - m + 1), 0)
    whole = n.astype(int), m.astype(int)
    above, below = f(whole[0], whole[1] + 1, t), f(whole[0], whole[1] - 1, t)
    turn = np.where(np.sin(as_values(t)) < 0, -0.5, 0.5)  # SciPy's are functions of |sin|
    return turn * (np.sqrt(up) * above - np.sqrt(down) * below)


def by_angle(n: Any, m: Any, t: Any) -> Any:
    return _turned(sph_legendre, n, m, t)


def by_angle_twice(n: Any, m: Any, t: Any) -> Any:
    return _turned(by_angle, n, m, t)


# -- Dirichlet's kernel, which is a sum of cosines ------------------------------------------------


@functools.cache
def dirichlet_derivative(k: int) -> Several:
    """The derivative of order `k` by `x` of ``sin(n x / 2) / (n sin(x / 2))``, as a primitive."""
    return several(
        sc.diric if k == 0 else lambda x, n: _dirichlet(k, x, n),
        lambda y, x, n: dirichlet_derivative(k + 1)(x, n),
        None,
        name=f"diric, derivative {k}",
    )


def _dirichlet(k: int, x: Any, n: Any) -> Any:
    """``1/n sum_j cos((j - (n - 1) / 2) x)``, term by term."""
    kind = kind_of(x)
    x, n = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(n, np.float64))
    good = (n > 0) & (n == np.floor(n)) & np.isfinite(x)
    n = np.where(good, n, 1)
    total = np.zeros(x.shape)
    for j in range(int(np.max(n, initial=1) + 1) // 2):
        rate = (n - 1) / 2 - j
        wave = np.sin(rate * x) if k % 2 else np.cos(rate * x)
        term = rate**k * (-1) ** ((k + 1) // 2) * wave
        total = total + np.where(rate > 0, 2 * term, 0)
    return np.where(good, total / n, np.nan).astype(kind)[()]


UFUNCS = {sc.lpmv: lpmv}
