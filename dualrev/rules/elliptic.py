"""Elliptic integrals and functions: incomplete, symmetric, Jacobi's; the arithmetic-geometric mean.

Derivatives of elliptic integrals are, term by term, integrals of the same kind, which have no
cancellation and no special points where arguments agree::

    C(w, b; z) = integral of t**w prod_j (t + z_j)**-b_j  over 0 < t < oo,   dC/dz_j = -b_j C(w, b + e_j; z)

So rules are stated by `carlson`, which is closed under differentiation. Formulas: DLMF, by the
section named. ``UFUNCS`` is from SciPy's ufunc to the primitive.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy.special as sc

from ..errors import UnsupportedArgumentError, explain
from .bessel_orders import blocks
from .forms import Elementwise, elementwise
from .forms.shapes import as_values
from .orders import keeping, kind_of
from .several import Several, several

HALF, THIRD = 0.5, 1.5  # exponents of R_F, and of what is integrated for R_D

# fmt: off
# -- symmetric integrals: DLMF 19.16.1-9, 19.18.4-5, 19.2.17 ---------------------------------
elliprf   = elementwise(sc.elliprf,    lambda a, b, c: -0.25 * _by(a, b, c), lambda a, b, c: -0.25 * _by(b, a, c), lambda a, b, c: -0.25 * _by(c, a, b), singular=True)
elliprd   = elementwise(sc.elliprd,    lambda a, b, c: -0.75 * carlson(0, (1.5, 0.5, 1.5))(a, b, c), lambda a, b, c: -0.75 * carlson(0, (0.5, 1.5, 1.5))(a, b, c), lambda a, b, c: -2.25 * carlson(0, (0.5, 0.5, 2.5))(a, b, c), singular=True)
elliprg   = elementwise(sc.elliprg,    lambda a, b, c: 0.125 * _by(a, b, c, 1), lambda a, b, c: 0.125 * _by(b, a, c, 1), lambda a, b, c: 0.125 * _by(c, a, b, 1), singular=True)
elliprc   = elementwise(sc.elliprc,    lambda y, a, b: _elliprc_first(y, a, b), lambda y, a, b: _elliprc_second(y, a, b), singular=True)
elliprj   = several(sc.elliprj,        lambda y, a, b, c, p: -0.75 * carlson(0, (1.5, 0.5, 0.5, 1.0))(a, b, c, p), lambda y, a, b, c, p: -0.75 * carlson(0, (0.5, 1.5, 0.5, 1.0))(a, b, c, p), lambda y, a, b, c, p: -0.75 * carlson(0, (0.5, 0.5, 1.5, 1.0))(a, b, c, p), lambda y, a, b, c, p: -1.5 * carlson(0, (0.5, 0.5, 0.5, 2.0))(a, b, c, p))

# -- Legendre's integrals, the mean: DLMF 19.2.4-5, 19.25.1, 19.8.5 ---------------------------
ellipkinc = elementwise(sc.ellipkinc,  lambda a, b: 1 / np.sqrt(_delta(a, b)), keeping(lambda a, b: 0.5 * legendre(1, -1.5)(a, b)), singular=True)
ellipeinc = elementwise(sc.ellipeinc,  lambda a, b: np.sqrt(_delta(a, b)), keeping(lambda a, b: -0.5 * legendre(1, -0.5)(a, b)), singular=True)
ellipkm1  = elementwise(sc.ellipkm1,   keeping(lambda x: -sc.elliprd(0.0, 1.0, x) / 6), singular=True)
agm       = elementwise(sc.agm,        lambda y, a, b: _agm_slope(a / y, b / y), lambda y, a, b: _agm_slope(b / y, a / y), singular=True)

# -- Jacobi's functions and amplitude: DLMF 22.13.1-3, 22.16.1; by the parameter: F(phi, m) = u
ellipj    = several(lambda u, m: tuple(sc.ellipj(u, m)), lambda y, u, m: (y[1] * y[2], -y[0] * y[2], -m * y[0] * y[1], y[2]), lambda y, u, m: _ellipj_slope(y, u, m), name="ellipj")
# fmt: on


def _by(a: Any, b: Any, c: Any, w: int = 0) -> Any:
    return carlson(w, (1.5, 0.5, 0.5))(a, b, c)


def _agm_slope(a: Any, b: Any) -> Any:
    """``M = pi / (2 R_F(0, a**2, b**2))``, of arguments in units of `M`."""
    return 2 / (3 * math.pi) * a * sc.elliprd(0.0, b * b, a * a)


def _delta(phi: Any, m: Any) -> Any:
    """``1 - m sin(phi)**2``, where that is small too."""
    c = np.cos(phi)
    return (1 - m) + m * c * c


def _turned(y: Any, a: Any, b: Any) -> tuple[Any, Any, Any, Any]:
    """Where ``b < 0`` the principal value, ``sqrt(a / (a - b)) R_C(a - b, -b)``. [DLMF 19.2.20]"""
    value = as_values(b)
    turned = (value < 0) if value.dtype.kind != "c" else (value.real < 0) & (value.imag == 0)
    return turned, np.where(turned, a, 1), np.where(turned, b, -1), np.where(turned, a - b, a)


def _elliprc_first(y: Any, a: Any, b: Any) -> Any:
    turned, p, q, u = _turned(y, a, b)
    inner = -0.25 * carlson(0, (1.5, 1.0))(u, np.where(turned, -b, b))
    factor = np.sqrt(p / (p - q))
    return np.where(turned, -0.5 * q / (p * (p - q)) * y + factor * inner, inner)


def _elliprc_second(y: Any, a: Any, b: Any) -> Any:
    turned, p, q, u = _turned(y, a, b)
    v = np.where(turned, -b, b)
    inner = -0.5 * carlson(0, (0.5, 2.0))(u, v)
    both = inner - 0.25 * carlson(0, (1.5, 1.0))(u, v)
    factor = np.sqrt(p / (p - q))
    return np.where(turned, 0.5 / (p - q) * y - factor * both, inner)


# -- the general integral -------------------------------------------------------------------


@functools.cache
def carlson(w: int, b: tuple[float, ...]) -> Any:
    """``C(w, b; z)`` of ``len(b)`` arguments, as a primitive."""

    def partial(k: int) -> Any:
        raised = (*b[:k], b[k] + 1, *b[k + 1 :])
        return lambda y, *z: -b[k] * carlson(w, raised)(*z)

    name = f"Carlson's integral {w}, {b}"
    return Several(lambda *z: _carlson(w, b, z), [partial(k) for k in range(len(b))], name)


def _carlson(w: int, b: tuple[float, ...], z: Any) -> Any:
    """By the trapezoidal rule in ``log t``, where the integrand is analytic in a strip whose width
    is that of the sector free of ``-z``: full accuracy from about 300 points. [Trefethen &
    Weideman 2014, sec. 5]"""
    kind = kind_of(*z)
    z = np.broadcast_arrays(*[np.asarray(x) for x in z])
    shape = z[0].shape
    z = np.stack([np.ravel(x).astype(np.result_type(kind, np.float64)) for x in z])
    if z.dtype.kind == "c":
        angle = np.angle(z)
        turn = 0.5 * (angle.max(axis=0, initial=-4) + angle.min(axis=0, initial=4))
        width = math.pi - 0.5 * float(np.max(np.ptp(angle, axis=0), initial=0.0))
        outside = bool(np.any((z.real < 0) & (z.imag == 0)))
    else:
        turn, width, outside = np.zeros(1), math.pi, bool(np.any(z < 0))
    if outside:
        raise UnsupportedArgumentError(
            explain(
                "the derivative of an elliptic integral has a negative argument.",
                "use arguments that are positive, or complex off the negative axis",
            )
        )
    size, powers = np.abs(z), np.array(b)[:, None]
    sum_b = float(np.sum(powers))
    usable = np.all(np.isfinite(size), axis=0) & np.any(size > 0, axis=0)
    at_zero = np.sum(np.where(size == 0, powers, 0), axis=0)
    with np.errstate(divide="ignore"):
        logs = np.log(size)
    low = np.min(np.where(size > 0, logs, np.inf), axis=0)
    high = np.max(np.where(size > 0, logs, -np.inf), axis=0)
    low, high = np.where(usable, low, 0), np.where(usable, high, 0)
    left = 38 / np.maximum(w + 1 - at_zero, 0.5)
    right = 38 / max(sum_b - w - 1, 0.5)
    step = 2 * math.pi * width / (38 + 2.6 * sum_b)
    count = int(np.max((high + right - low + left) / step, initial=0)) + 2
    total = np.zeros(z.shape[1:], z.dtype)
    rotation = np.exp(1j * turn) if z.dtype.kind == "c" else 1.0
    unit = np.exp(high)
    scaled = z / unit
    start = low - left - high
    with np.errstate(all="ignore"):
        for block in blocks(count, total.size):
            k = np.arange(block.start, block.stop)[:, None]
            t = np.exp(start + k * step) * rotation
            term = t ** (w + 1)
            for x, e in zip(scaled, b, strict=True):
                term = term * _power(t + x, -e)
            total = total + np.sum(np.where(np.isfinite(term), term, 0), axis=0)
        total = total * step * unit ** (w + 1 - sum_b)
    total = np.where(at_zero >= w + 1, np.inf, np.where(usable, total, np.nan))
    return total.reshape(shape).astype(kind)[()]


def _power(x: Any, e: float) -> Any:
    """``x**e`` for half an integer `e`, which is faster than a power."""
    whole = math.floor(e)
    y = x**whole if whole else 1.0
    return y * np.sqrt(x) if e != whole else y


# -- incomplete integrals of Legendre's kind --------------------------------------------------


@functools.cache
def legendre(k: int, e: float) -> Elementwise:
    """``integral of sin**2k (1 - m sin**2)**e`` from 0 to ``phi``, as a primitive."""
    return elementwise(
        lambda phi, m: _legendre(k, e, phi, m),
        lambda a, b: np.sin(a) ** (2 * k) * _delta(a, b) ** e,
        lambda a, b: -e * legendre(k + 1, e - 1)(a, b),
        name=f"elliptic integral {k}, {e}",
        singular=True,
    )


def _legendre(k: int, e: float, phi: Any, m: Any) -> Any:
    n = np.rint(phi / math.pi)
    s, c = np.sin(phi), np.cos(phi)
    return _incomplete(k, e, s * (1 - 2 * (n % 2)), c, (1 - m) + m * c * c, n, 1 - m)


def _incomplete(k: int, e: float, s: Any, c: Any, delta: Any, n: Any, m1: Any) -> Any:
    """``s**(2k+1) C(0, (1/2, k+1+e, -e); c**2, 1, delta) / 2``, and `n` times the whole: put
    ``sin**2 = s**2 / (t + 1)``."""
    b = (0.5, k + 1 + e, -e)
    y = 0.5 * s ** (2 * k + 1) * _checked(b, (c * c, np.ones_like(c), delta))
    if np.any(n):
        whole = _checked(b, (np.zeros_like(m1), np.ones_like(m1), m1))
        y = y + np.where(n == 0, 0, n * whole)
    return y


def _checked(b: Any, z: Any) -> Any:
    """The integral, and nan where it does not exist."""
    good = z[2] >= 0
    return np.where(good, _carlson(0, b, (z[0], z[1], np.where(good, z[2], 1))), np.nan)[()]


# -- Jacobi's functions by the parameter -------------------------------------------------------


@functools.cache
def jacobi_integral(k: int) -> Elementwise:
    """``Q_k``, the integral of ``(sn / dn)**2k`` from 0 to ``u``:  ``dQ_k/dm = (k + 1/2) Q_(k+1) -
    (sn / dn)**2k Q_1 / 2``, for ``dphi/dm = -dn Q_1 / 2``."""
    return elementwise(
        lambda u, m: _jacobi_integral(k, u, m),
        lambda a, b: _sd(a, b) ** (2 * k),
        lambda a, b: (k + 0.5) * jacobi_integral(k + 1)(a, b) - 0.5 * _sd(a, b) ** (2 * k) * jacobi_integral(1)(a, b),
        name=f"integral of sd**{2 * k}",
        singular=True,
    )  # fmt: skip


def _sd(u: Any, m: Any) -> Any:
    sn, _, dn, _ = sc.ellipj(u, m)
    return sn / dn


def _jacobi_integral(k: int, u: Any, m: Any) -> Any:
    sn, cn, dn, phi = sc.ellipj(u, m)
    n = np.rint(phi / math.pi)
    return _incomplete(k, -0.5 - k, sn * (1 - 2 * (n % 2)), cn, dn * dn, n, 1 - m)


def _ellipj_slope(y: Any, u: Any, m: Any) -> Any:
    sn, cn, dn, _ = y
    turn = -0.5 * dn * jacobi_integral(1)(u, m)
    return cn * turn, -sn * turn, -(sn * sn + 2 * m * sn * cn * turn) / (2 * dn), turn


UFUNCS = {
    p.fun: p
    for p in (elliprf, elliprd, elliprg, elliprc, elliprj, ellipkinc, ellipeinc, ellipkm1, agm)
} | {sc.ellipj: ellipj}  # fmt: skip
