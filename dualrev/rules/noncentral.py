"""Noncentral chi-square, F and t distributions and their inverses, in all arguments.

The first two are mixtures of central ones with the weights of Poisson's distribution [Johnson, Kotz
& Balakrishnan 1995, eqs. 29.2, 30.10]; one step of the weights is a derivative in the noncentrality.
The last is an integral over the estimated deviation. SciPy's own values lose digits in tails; these
derivatives do not take part in that.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy.special as sc

from ..errors import UnsupportedArgumentError, explain
from .elementwise import over
from .forms import Elementwise, elementwise
from .forms.shapes import anywhere, as_values
from .incomplete import beta_densities, betas, gamma_densities, gammas
from .partly import partly
from .tails import (
    HALF_LOG_TWO_PI,
    bell,
    exp_minus,
    log_minus_digamma,
    panels,
    spread,
    stirling,
)

gamma_density, gamma_by = gamma_densities(0), gammas(1)
odds_density = beta_densities(0, 0, True)
MOST_TERMS = 48 << 8

# fmt: off
poisson = elementwise(lambda a, b: spread(lambda j, m: np.where(j < 0, 0, np.exp(sc.xlogy(j, m) - m - sc.gammaln(j + 1))), a, b), 0, lambda y, a, b: poisson(a - 1, b) - y, name="Poisson's weight")

# -- chi-square ----------------------------------------------------------------------------------
chndtr    = partly(sc.chndtr,    "x df nc", lambda y, a, b, c: _chi_density(y, a, b, c),         lambda y, a, b, c: _chi_by_degrees(y, a, b, c), lambda y, a, b, c: -_chi_density(y, a, b + 2, c))
chndtrix  = partly(sc.chndtrix,  "p df nc", lambda y, b, c: 1 / _chi_density(y, y, b, c),        lambda y, b, c: -over(_chi_by_degrees(y, y, b, c), _chi_density(y, y, b, c)), lambda y, b, c: over(_chi_density(y, y, b + 2, c), _chi_density(y, y, b, c)))
chndtridf = partly(sc.chndtridf, "x p nc",  lambda y, a, c: -over(_chi_density(y, a, y, c), _chi_by_degrees(y, a, y, c)), lambda y, a, c: 1 / _chi_by_degrees(y, a, y, c), lambda y, a, c: over(_chi_density(y, a, y + 2, c), _chi_by_degrees(y, a, y, c)))
chndtrinc = partly(sc.chndtrinc, "x df p",  lambda y, a, b: over(_chi_density(y, a, b, y), _chi_density(y, a, b + 2, y)), lambda y, a, b: over(_chi_by_degrees(y, a, b, y), _chi_density(y, a, b + 2, y)), lambda y, a, b: -1 / _chi_density(y, a, b + 2, y))

# -- F -------------------------------------------------------------------------------------------
ncfdtr    = partly(sc.ncfdtr,    "dfn dfd nc f", lambda y, a, b, c, d: _f_by(0, y, a, b, c, d), lambda y, a, b, c, d: _f_by(1, y, a, b, c, d), lambda y, a, b, c, d: _f_by(2, y, a, b, c, d), lambda y, a, b, c, d: _f_by(3, y, a, b, c, d))
ncfdtri   = partly(sc.ncfdtri,   "dfn dfd nc p", lambda y, a, b, c: _f_inverse(0, 3, y, a, b, c, y), lambda y, a, b, c: _f_inverse(1, 3, y, a, b, c, y), lambda y, a, b, c: _f_inverse(2, 3, y, a, b, c, y), lambda y, a, b, c: 1 / _f_by(3, y, a, b, c, y))
ncfdtridfd = partly(sc.ncfdtridfd, "dfn p nc f", lambda y, a, c, d: _f_inverse(0, 1, y, a, y, c, d), lambda y, a, c, d: 1 / _f_by(1, y, a, y, c, d), lambda y, a, c, d: _f_inverse(2, 1, y, a, y, c, d), lambda y, a, c, d: _f_inverse(3, 1, y, a, y, c, d))
ncfdtridfn = partly(sc.ncfdtridfn, "p dfd nc f", lambda y, b, c, d: 1 / _f_by(0, y, y, b, c, d), lambda y, b, c, d: _f_inverse(1, 0, y, y, b, c, d), lambda y, b, c, d: _f_inverse(2, 0, y, y, b, c, d), lambda y, b, c, d: _f_inverse(3, 0, y, y, b, c, d))
ncfdtrinc = partly(sc.ncfdtrinc, "dfn dfd p f", lambda y, a, b, d: _f_inverse(0, 2, y, a, b, y, d), lambda y, a, b, d: _f_inverse(1, 2, y, a, b, y, d), lambda y, a, b, d: 1 / _f_by(2, y, a, b, y, d), lambda y, a, b, d: _f_inverse(3, 2, y, a, b, y, d))

# -- t -------------------------------------------------------------------------------------------
nctdtr    = partly(sc.nctdtr,    "df nc t", lambda a, b, c: t_by(1)(a, b, c), lambda a, b, c: -t_moment(0, 0, 0)(a, b, c), lambda a, b, c: t_moment(1, 0, 0)(a, b, c))
nctdtrit  = partly(sc.nctdtrit,  "df nc p", lambda y, a, b: -over(t_by(1)(a, b, y), t_moment(1, 0, 0)(a, b, y)), lambda y, a, b: over(t_moment(0, 0, 0)(a, b, y), t_moment(1, 0, 0)(a, b, y)), lambda y, a, b: 1 / t_moment(1, 0, 0)(a, b, y))
nctdtridf = partly(sc.nctdtridf, "p nc t",  lambda y, b, c: 1 / t_by(1)(y, b, c), lambda y, b, c: over(t_moment(0, 0, 0)(y, b, c), t_by(1)(y, b, c)), lambda y, b, c: -over(t_moment(1, 0, 0)(y, b, c), t_by(1)(y, b, c)))
nctdtrinc = partly(sc.nctdtrinc, "df p t",  lambda y, a, c: over(t_by(1)(a, y, c), t_moment(0, 0, 0)(a, y, c)), lambda y, a, c: -1 / t_moment(0, 0, 0)(a, y, c), lambda y, a, c: over(t_moment(1, 0, 0)(a, y, c), t_moment(0, 0, 0)(a, y, c)))
# fmt: on


# -- mixtures by Poisson's distribution -----------------------------------------------------------


def _events(y: Any, mode: Any) -> Any:
    """0, 1, ... along a new first axis, up to far beyond `mode`, where the terms are largest."""
    needed = mode + 10 * np.sqrt(mode) + 40
    count = 48
    while anywhere(needed > count):
        count *= 2
        if count > MOST_TERMS:
            raise UnsupportedArgumentError(
                explain(
                    "a noncentral distribution has no derivative for a noncentrality this large: "
                    f"its series has more than {MOST_TERMS} terms.",
                    "use the normal distribution with its mean and variance, sc.ndtr",
                )
            )
    return np.arange(count).astype(y.dtype).reshape(count, *(1,) * y.ndim)


def _chi_events(y: Any, x: Any, nc: Any) -> Any:
    """The terms grow with the events up to the noncentrality, or in the upper tail the geometric
    mean with ``x``."""
    u, v = as_values(nc), as_values(x)
    return _events(y, 0.5 * np.maximum(u, np.sqrt(np.abs(u * v))))


def _chi_density(y: Any, x: Any, df: Any, nc: Any) -> Any:
    """Half the mixture of gamma densities; that with two degrees more is ``-dF/dnc``, too."""
    j = _chi_events(y, x, nc)
    terms = poisson(j, 0.5 * nc) * gamma_density(0.5 * df + j, 0.5 * x)
    return 0.5 * np.sum(terms, axis=0)


def _chi_by_degrees(y: Any, x: Any, df: Any, nc: Any) -> Any:
    j = _chi_events(y, x, nc)
    return 0.5 * np.sum(poisson(j, 0.5 * nc) * gamma_by(0.5 * df + j, 0.5 * x), axis=0)


def _f_by(k: int, y: Any, dfn: Any, dfd: Any, nc: Any, f: Any) -> Any:
    """The derivative by argument `k`: the mixture of those of ``I(a + j, b)``, and by the
    noncentrality of ``(I(a + j + 1, b) - I(a + j, b)) / 2 = -r p(a + j, b) / (2 (a + j))`` with the
    density ``p`` of the odds ``r``. [DLMF 8.17.20]"""
    dfn, dfd = _found(dfn), _found(dfd)
    u, v = as_values(nc), as_values(dfd)
    j = _events(y, 0.5 * (u + np.sqrt(np.abs(u * v))))
    a, b, r = 0.5 * dfn + j, 0.5 * dfd, dfn * f / dfd
    if k == 2:
        terms = -0.5 * r * odds_density(a, b, r) / a
    elif k == 3:
        terms = odds_density(a, b, r) * dfn / dfd
    elif k == 0:
        terms = 0.5 * betas(1, 0, True)(a, b, r) + odds_density(a, b, r) * f / dfd
    else:
        terms = 0.5 * betas(0, 1, True)(a, b, r) - odds_density(a, b, r) * r / dfd
    return np.sum(poisson(j, 0.5 * nc) * terms, axis=0)


def _found(df: Any) -> Any:
    """Degrees of freedom; nan for those that say SciPy's search found none, 1e-100 and 1e100."""
    lost = np.abs(np.log(as_values(df))) > 200
    return np.where(lost, np.nan, df) if anywhere(lost) else df


def _f_inverse(k: int, solved: int, *args: Any) -> Any:
    return -over(_f_by(k, *args), _f_by(solved, *args))


# -- t: with V**2 the ratio of a chi-square variable to its degrees of freedom, ----------------------
#    F = E Phi(t V - nc)  [Johnson, Kotz & Balakrishnan 1995, eq. 31.11]


def _two_sided(log: Any, peak: Any, start: Any, bend: Any) -> tuple[Any, Any]:
    """Nodes and weights over the line for ``exp(log)``, which falls on both sides of its `peak`; on
    the left it bends about `bend`."""
    top = log(peak)
    right, w = panels(lambda s: log(peak + s) - top, start)
    left, v = panels(
        lambda s: log(peak - s) - top, start, [peak - bend + c for c in (-2, 2, 8, 24)]
    )
    return np.concatenate([peak - left, peak + right]), np.concatenate([v, w])


def _bend(nc: Any, t: Any) -> Any:
    """Below this ``t V`` is next to nothing."""
    return -np.log1p(np.abs(t) * (1 + np.abs(nc)))


def _log_deviation(n: Any, u: Any) -> Any:
    """The logarithm of the density of ``log V`` at ``u``."""
    a = 0.5 * n
    return math.log(2) - a * exp_minus(2 * u) + 0.5 * np.log(a) - stirling(a) - HALF_LOG_TWO_PI


def _deviation_bell(n: Any, u: Any, k: int) -> Any:
    a = 0.5 * n

    def parts(i: int, _: int) -> Any:
        if i == 1:
            return 0.5 * (log_minus_digamma(a) - exp_minus(2 * u))
        power = (-1) ** i * math.factorial(i - 2) / a ** (i - 1)
        return 0.5**i * (power - sc.polygamma(i - 1, a))

    return bell((k, 0), parts)


def _moment(n: Any, nc: Any, t: Any, m: int, i: int, k: int) -> Any:
    """``d^k/dn^k E V**m phi^(i)(t V - nc)``. The integrand over ``log V`` has its largest value at
    the root of ``(n + t**2) v**2 - t nc v - (n + m)``."""
    b, c = t * nc, n + t * t
    root = np.sqrt(b * b + 4 * (n + m) * c)
    peak = np.where(b > 0, (b + root) / (2 * c), 2 * (n + m) / (root - b))

    def log(u: Any) -> Any:
        z = t * np.exp(u) - nc
        return _log_deviation(n, u) + m * u - 0.5 * z * z - HALF_LOG_TWO_PI

    u, w = _two_sided(log, np.log(peak), 1 / np.sqrt(2 * n + c * peak * peak + 1), _bend(nc, t))
    z = t * np.exp(u) - nc
    hermite = (-1) ** i * sc.eval_hermitenorm(i, z)
    return np.sum(w * np.exp(log(u)) * hermite * _deviation_bell(n, u, k), axis=0)


def _t_integral(n: Any, nc: Any, t: Any, k: int) -> Any:
    """``d^k/dn^k E Phi(t V - nc)``, or less that of the complement where that is small."""
    sign = np.where(t > nc, -1.0, 1.0)

    def log(u: Any) -> Any:
        return _log_deviation(n, u) + sc.log_ndtr(sign * (t * np.exp(u) - nc))

    low, high = np.full(n.shape, -60.0), np.full(n.shape, 12.0)
    for _ in range(50):  # the peak: log is concave in V
        u = 0.5 * (low + high)
        z, v = sign * (t * np.exp(u) - nc), np.exp(u)
        mills = np.exp(-0.5 * z * z - HALF_LOG_TWO_PI - sc.log_ndtr(z))
        rising = n * (1 - v * v) + sign * t * v * mills > 0
        low, high = np.where(rising, u, low), np.where(rising, high, u)
    start = 1 / np.sqrt(2 * n + t * t * np.exp(2 * low) + 1)
    u, w = _two_sided(log, low, start, _bend(nc, t))
    return sign * np.sum(w * np.exp(log(u)) * _deviation_bell(n, u, k), axis=0)


@functools.cache
def t_moment(m: int, i: int, k: int) -> Elementwise:
    """``d^k/dn^k E V**m phi^(i)(t V - nc)`` of ``(n, nc, t)``, as a primitive."""
    return elementwise(
        lambda a, b, c: spread(lambda n, nc, t: _moment(n, nc, t, m, i, k), a, b, c),
        lambda a, b, c: t_moment(m, i, k + 1)(a, b, c),
        lambda a, b, c: -t_moment(m, i + 1, k)(a, b, c),
        lambda a, b, c: t_moment(m + 1, i + 1, k)(a, b, c),
        name=f"nctdtr, moment {m}, {i}, {k}",
    )


@functools.cache
def t_by(k: int) -> Elementwise:
    """``d^k/dn^k`` of the distribution function of ``(n, nc, t)``, as a primitive; ``k > 0``."""
    return elementwise(
        lambda a, b, c: spread(lambda n, nc, t: _t_integral(n, nc, t, k), a, b, c),
        lambda a, b, c: t_by(k + 1)(a, b, c),
        lambda a, b, c: -t_moment(0, 0, k)(a, b, c),
        lambda a, b, c: t_moment(1, 0, k)(a, b, c),
        name=f"nctdtr, derivative {k} by its degrees of freedom",
    )


UFUNCS = {
    p.fun: p
    for p in (
        chndtr, chndtrix, chndtridf, chndtrinc, ncfdtr, ncfdtri, ncfdtridfd, ncfdtridfn, ncfdtrinc,
        nctdtr, nctdtrit, nctdtridf, nctdtrinc,
    )
}  # fmt: skip
