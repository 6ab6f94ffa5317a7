"""Student's distribution, differentiated by its degrees of freedom too.

Two families of primitives, closed under differentiation as those of `incomplete`: `students(k)`, the
derivative ``d^k/dn^k`` of the distribution function, and `t_densities(k)` of the density.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special as sc

from .forms import Elementwise, elementwise
from .tails import (
    BERNOULLI,
    bell,
    log1p_minus,
    panels,
    spread,
    stirling,
)

_NORMAL = 1e30  # with so many degrees of freedom the distribution is the normal one
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)

# d/dn 2 log c,  c = Gamma((n+1)/2) / (sqrt(n) Gamma(n/2)):  psi((n+1)/2) - psi(n/2) - 1/n. Expanded
# in 1/n:  sum_j 2 (2**(2j) - 1) B_2j / (2j n**2j)  [DLMF 5.11.2, by psi(2z) of 5.5.8]
_TERMS = tuple((2 * j, 2 * (4**j - 1) * b / (2 * j)) for j, b in enumerate(BERNOULLI, 1))


def _rate(n: Any, k: int) -> Any:
    """The derivative of order `k` of ``2 d(log c)/dn``."""
    large = n > 25
    r = 1 / np.where(large, n, 25)
    series = sum(c * (-1) ** k * math.perm(p + k - 1, k) * r ** (p + k) for p, c in _TERMS)
    m = np.where(large, 25, n)
    direct = 0.5**k * (sc.polygamma(k, 0.5 * (m + 1)) - sc.polygamma(k, 0.5 * m))
    return np.where(large, series, direct - (-1) ** k * math.factorial(k) / m ** (k + 1))


def _log_constant(n: Any) -> Any:
    """``log Gamma((n+1)/2) / (sqrt(n pi) Gamma(n/2))``."""
    h = 0.5 * n
    # by Stirling's: h log(1 + 1/2h) - 1/2 - log(2 pi) / 2, and the rests
    main = h * (log1p_minus(0.5 / h)) - 0.5 * math.log(2 * math.pi)
    return main + stirling(h + 0.5) - stirling(h)


def _logit(n: Any, log: Any) -> Any:
    """``log(t**2 / n)``, by the logarithm of ``|t|``."""
    return 2 * log - np.log(n)


def _parts(n: Any, logit: Any) -> Callable[[int, int], Any]:
    """Derivatives by ``n`` of the logarithm of the density: with ``p = t**2 / (n + t**2) = 1 - q``::

    2 d(log f)/dn = 2 d(log c)/dn + log q + p + p / n
    """
    p, q = sc.expit(logit), sc.expit(-logit)

    def parts(k: int, _: int) -> Any:
        if k == 1:
            moving = np.where(logit < 0, log1p_minus(-p), p - np.logaddexp(0, logit)) + p / n
        elif k == 2:
            moving = p / n * (p - (1 + q) / n)
        else:  # log q + p = log n - log T + t**2 / T,  p / n = 1 / n - 1 / T,  T = n + t**2 = n / q
            j = k - 1
            moving = math.factorial(j) * (p * (q / n) ** j + (1 - q ** (j + 1)) / n ** (j + 1))
            moving = (-1) ** j * (moving - math.factorial(j - 1) * (1 - q**j) / n**j)
        return 0.5 * (_rate(n, k - 1) + moving)

    return parts


def _density(n: Any, logit: Any, k: int) -> Any:
    n = np.minimum(n, _NORMAL)
    value = np.exp(_log_constant(n) - 0.5 * (n + 1) * np.logaddexp(0, logit))
    return value * bell((k, 0), _parts(n, logit))


def _integral(n: Any, t: Any, k: int) -> Any:
    """The integral of the density's derivative from 0 to ``|t|``, or less that from ``|t|`` to
    infinity: the former by ``u = sqrt(n) sinh(v)``, the latter by ``u = |t| exp(s)``."""
    n, size = np.minimum(n, _NORMAL), np.abs(t)
    result = np.empty(n.shape)
    near = size < 1.6
    m, u = n[near], size[near]
    if near.any():
        end = np.arcsinh(u / np.sqrt(m))
        v = 0.5 * end * (1 + _NODES[:, None])
        point = np.sqrt(m) * np.sinh(v)
        values = _density(m, _logit(m, np.log(point)), k) * np.cosh(v)
        result[near] = 0.5 * end * np.sqrt(m) * np.sum(_WEIGHTS[:, None] * values, axis=0)
    m, u = n[~near], size[~near]
    if not near.all():
        square = u * u
        share = 1 / (1 + m / square)  # t**2 / (n + t**2)
        rest = 1 / (1 + square / m)

        def log(s: Any) -> Any:  # s - (n+1)/2 log(rest + share exp(2s)), decreasing from 0
            small = np.log1p(share * np.expm1(2 * np.minimum(s, 1)))
            large = 2 * s + np.log(share + rest * np.exp(-2 * s))
            return s - 0.5 * (m + 1) * np.where(s < 1, small, large)

        start = 1 / (0.1 * m + 0.1 * np.minimum(square, m) + 1e-300)
        s, w = panels(log, start, (3, 16))
        logit = _logit(m, np.log(u))
        weights = bell((k, 0), _parts(m, logit + 2 * s))
        tail = np.sum(w * np.exp(log(s)) * weights, axis=0)
        result[~near] = -u * _density(m, logit, 0) * tail
    return np.sign(t) * np.where(np.isinf(t), 0, result)


@functools.cache
def t_densities(k: int) -> Elementwise:
    """``d^k/dn^k (1 + t**2/n)**(-(n+1)/2) / (sqrt(n) B(n/2, 1/2))``, as a primitive."""

    def slope(y: Any, a: Any, b: Any) -> Any:
        # d(log f)/dt = -t (n + 1) / T = -t (1 + (1 - t**2) / T), T = n + t**2
        total = a + b * b
        rise = -b * (a + 1) / total * y
        for j in range(1, k + 1):
            change = -b * (1 - b * b) * (-1) ** j * math.perm(k, j) / total ** (j + 1)
            rise = rise + change * t_densities(k - j)(a, b)
        return rise

    return elementwise(
        lambda a, b: spread(
            lambda n, t: _density(n, _logit(np.minimum(n, _NORMAL), np.log(np.abs(t))), k), a, b
        ),
        lambda a, b: t_densities(k + 1)(a, b),
        slope,
        name=f"t density, derivative {k}" if k else "t density",
    )


@functools.cache
def students(k: int) -> Elementwise:
    """``d^k/dn^k`` of Student's distribution function with ``n`` degrees of freedom, as a
    primitive; ``k > 0``."""
    return elementwise(
        lambda a, b: spread(lambda n, t: _integral(n, t, k), a, b),
        lambda a, b: students(k + 1)(a, b),
        lambda a, b: t_densities(k)(a, b),
        name=f"stdtr, derivative {k} by its degrees of freedom",
    )
