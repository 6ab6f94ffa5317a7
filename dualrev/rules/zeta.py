"""Zeta functions, by both arguments, and Wright's Bessel function.

Formulas: DLMF, by the section named. ``UFUNCS`` is from SciPy's ufunc to the primitive.
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction
from typing import Any

import numpy as np
import scipy.special as sc

from ..errors import UnsupportedArgumentError, explain
from .forms import Elementwise, elementwise
from .orders import kind_of, of_two_orders

# fmt: off
zetac     = elementwise(sc.zetac,            lambda x: riemann_derivative(1)(x), singular=True)
wright_bessel = of_two_orders(sc.wright_bessel, lambda a, b, c: sc.wright_bessel(a, a + b, c))
log_wright_bessel = of_two_orders(sc.log_wright_bessel, lambda y, a, b, c: np.exp(sc.log_wright_bessel(a, a + b, c) - y))
# fmt: on

TERMS, CORRECTIONS = 12, 14


def _bernoulli(count: int) -> list[Fraction]:
    """``B_0, ..., B_(count-1)``. [DLMF 24.5.3]"""
    found = [Fraction(1)]
    for n in range(1, count):
        rest = sum((math.comb(n + 1, k) * b for k, b in enumerate(found)), Fraction(0))
        found.append(-rest / (n + 1))
    return found


BERNOULLI = [float(b) for b in _bernoulli(2 * CORRECTIONS + 1)[2::2]]

Series = list[Any]  # coefficients of a Taylor polynomial in a step of ``s``


@functools.cache
def riemann_derivative(k: int) -> Elementwise:
    """The derivative of order `k` of ``zeta(s)``, as a primitive."""
    return elementwise(
        sc.zeta if k == 0 else lambda s: _riemann(k, s),
        lambda x: riemann_derivative(k + 1)(x),
        name=f"zeta, derivative {k}",
        singular=True,
    )


@functools.cache
def hurwitz_derivative(k: int) -> Elementwise:
    """The derivative of order `k` by ``s`` of ``zeta(s, q)``, as a primitive: ``d/dq zeta(s, q) =
    -s zeta(s + 1, q)``. [DLMF 25.11.17]"""

    def by_q(a: Any, b: Any) -> Any:
        y = -a * hurwitz_derivative(k)(a + 1, b)
        return y - k * hurwitz_derivative(k - 1)(a + 1, b) if k else y

    return elementwise(
        sc.zeta if k == 0 else lambda s, q: _hurwitz(k, s, q),
        lambda a, b: hurwitz_derivative(k + 1)(a, b),
        by_q,
        name=f"zeta(s, q), derivative {k}",
        singular=True,
    )


def _times(p: Series, q: Series) -> Series:
    return [sum(p[j] * q[n - j] for j in range(n + 1)) for n in range(len(p))]


def _inverse(p: Series) -> Series:
    out = [1 / p[0]]
    for n in range(1, len(p)):
        out.append(-sum(p[j] * out[n - j] for j in range(1, n + 1)) / p[0])
    return out


def _power(a: Any, s: Any, k: int) -> Series:
    """``a**-(s + e)`` in powers of ``e``."""
    log, y = np.log(a), a**-s
    out = [y]
    for n in range(1, k + 1):
        out.append(-out[-1] * log / n)
    return out


def _euler_maclaurin(k: int, s: Any, q: Any) -> Any:
    """``zeta(s, q)`` is a sum, its integral, and corrections, each a polynomial in a step of ``s``.
    [DLMF 25.11.28, 2.10.1]"""
    total = [0.0 * s * q] * (k + 1)
    for n in range(TERMS):
        total = [x + y for x, y in zip(total, _power(q + n, s, k), strict=True)]
    a, s = q + TERMS, np.minimum(s, 1e12)
    tail = _power(a, s, k)
    step = [s] + [np.ones_like(s)] * (k > 0) + [np.zeros_like(s)] * (k - 1)
    whole = _inverse([s - 1, *step[1:]])
    parts = [a * w + (0.5 if n == 0 else 0) for n, w in enumerate(whole)]
    rising = [x / a for x in step]  # (s)_(2j-1) a**(1-2j)
    for j, b in enumerate(BERNOULLI, start=1):
        parts = [x + b / math.factorial(2 * j) * r for x, r in zip(parts, rising, strict=True)]
        for m in (2 * j - 1, 2 * j):
            rising = [r / a for r in _times(rising, [s + m, *step[1:]])]
    rest = [np.where(tail[0] == 0, 0, x) for x in _times(tail, parts)]
    return math.factorial(k) * (total[k] + rest[k])


def _hurwitz(k: int, s: Any, q: Any) -> Any:
    kept = kind_of(s, q)
    s, q = np.broadcast_arrays(np.asarray(s, np.float64), np.asarray(q, np.float64))
    good = (s > 1) & (q > 0)
    if np.any((s > 1) & (q <= 0) & (q != np.floor(q)) & (s == np.floor(s))):
        raise UnsupportedArgumentError(
            explain(
                "scipy.special.zeta(x, q) is not differentiable by x for negative q.",
                "keep x constant, or use a positive q",
            )
        )
    with np.errstate(all="ignore"):
        y = _euler_maclaurin(k, np.where(good, s, 2), np.where(good, q, 1))
    y = np.where(good, y, np.where((s == 1) & (q > 0), (-1) ** k * np.inf, np.nan))
    return y.astype(kept)[()]


def _riemann(k: int, s: Any) -> Any:
    """Left of the strip by reflection: ``zeta(1 - s) = 2 (2 pi)**-s cos(pi s / 2) Gamma(s) zeta(s)``.
    [DLMF 25.4.1]"""
    kept = kind_of(s)
    if kept.kind == "c":
        raise UnsupportedArgumentError(
            explain(
                "scipy.special.zeta has a derivative for real arguments only.",
                "say dr.stop_gradient(x) if a constant is meant",
            )
        )
    s = np.asarray(s, np.float64)
    good = np.isfinite(s) & (s != 1)
    right = np.where(good & (s > -1), s, 2.0)
    with np.errstate(all="ignore"):
        y = _euler_maclaurin(k, right, np.ones_like(right))
        if np.any(s <= -1):
            y = np.where(s <= -1, _reflected(k, np.where(good & (s <= -1), 1 - s, 3.0)), y)
    y = np.where(good, y, np.where(s == 1, (-1) ** k * np.inf, np.where(s == np.inf, 0.0, np.nan)))
    return y.astype(kept)[()]


def _reflected(k: int, s: Any) -> Any:
    """The derivative of order `k` of ``zeta`` at ``1 - s``, for ``s > 1``."""
    zeta = [
        (sc.zeta(s, 1.0) if n == 0 else _euler_maclaurin(n, s, np.ones_like(s))) / math.factorial(n)
        for n in range(k + 1)
    ]
    r = np.fmod(s, 4)  # cos(pi s / 2 + n pi / 2), exact at its zeros
    cosine = [(math.pi / 2) ** n / math.factorial(n) * _cos_half_turns(r + n) for n in range(k + 1)]
    log = [0.0 * s] + [
        (sc.digamma(s) - math.log(2 * math.pi) if n == 1 else sc.polygamma(n - 1, s))
        / math.factorial(n)
        for n in range(1, k + 1)
    ]
    growth = [np.ones_like(s)]  # exp of the series `log`
    for n in range(1, k + 1):
        growth.append(sum(j * log[j] * growth[n - j] for j in range(1, n + 1)) / n)
    size = 2 * np.exp(sc.gammaln(s) - s * math.log(2 * math.pi))
    product = _times(_times(zeta, cosine), growth)[k]
    return (-1) ** k * math.factorial(k) * size * product


def _cos_half_turns(r: Any) -> Any:
    """``cos(pi r / 2)``."""
    nearest = np.rint(r)
    rest = math.pi / 2 * (r - nearest)
    odd = np.fmod(nearest, 2) != 0
    sign = np.where(np.isin(np.fmod(nearest, 4), (1, 2)), -1.0, 1.0)
    return sign * np.where(odd, np.sin(rest), np.cos(rest))


UFUNCS = {p.fun: p for p in (zetac, wright_bessel, log_wright_bessel)} | {
    sc._ufuncs._zeta: hurwitz_derivative(0),
    sc._ufuncs._riemann_zeta: riemann_derivative(0),
}
