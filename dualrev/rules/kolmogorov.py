"""The distributions of Kolmogorov's and Smirnov's statistics, differentiated in the statistic."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy.special as sc

from .forms import Elementwise, elementwise
from .forms.shapes import as_values
from .orders import keeping
from .partly import partly
from .tails import spread

ROOT_TWO_PI = math.sqrt(2 * math.pi)
_SQUARES = tuple((0.5 * (2 * k - 1) * math.pi) ** 2 for k in range(1, 5))


def kolmogorov_density(x: Any) -> Any:
    """``8 x sum (-1)**(k-1) k**2 exp(-2 k**2 x**2)``; for small ``x`` by Jacobi's transformation,
    ``sqrt(2 pi) sum (c / x**2 - 1) exp(-c / (2 x**2)) / x**2`` with ``c = ((2k-1) pi / 2)**2``.
    [Kolmogorov 1933; DLMF 20.7.32]"""
    small = as_values(x) < 1
    far, near = np.where(small, 1, x), np.where(small, np.where(as_values(x) > 0.03, x, 0.03), 1)
    large = sum(
        (-1) ** (k - 1) * 8 * k * k * far * np.exp(-2 * k * k * far * far) for k in range(1, 6)
    )
    r = 1 / np.square(near)
    theta = sum((c * r - 1) * np.exp(-0.5 * c * r) for c in _SQUARES)
    return np.where(small, ROOT_TWO_PI * r * theta, large)


def _smirnov(n: Any, d: Any, k: int) -> Any:
    """The derivative of order `k`, term by term, of  [Birnbaum & Tingey 1951, eq. 3.0]::

    P = sum_j C(n, j) d (d + j/n)**(j-1) (1 - d - j/n)**(n-j),   j <= n (1 - d)
    """
    result = np.empty(n.shape)
    for count in np.unique(n):
        (here,) = np.nonzero(n == count)
        step = max(1, int(2e6 / (count + 1)))
        for i in range(0, here.size, step):
            part = here[i : i + step]
            result[part] = _smirnov_terms(count, d[part], k)
    return result


def _smirnov_terms(n: Any, d: Any, k: int) -> Any:
    j = np.arange(n + 1)[:, None]
    below, above = d + j / n, ((n - j) - n * d) / n
    log_below, log_above = np.log(below), np.log(np.where(above > 0, above, 1))
    log_binomial = sc.gammaln(n + 1) - sc.gammaln(j + 1) - sc.gammaln(n - j + 1)
    total = 0.0
    for i in range(k + 1):
        m = k - i
        first = np.where(j > 0, d * _falling(j - 1, i) / below, 1.0 if i == 0 else 0.0)
        if i:
            first = first + np.where(j > 0, i * _falling(j - 1, i - 1), 0.0)
        powers = (j - i) * log_below + (n - j - m) * log_above
        powers = np.where(j > 0, powers, (n - m) * log_above)
        term = (-1) ** m * math.comb(k, i) * first * _falling(n - j, m)
        total = total + term * np.exp(log_binomial + powers)
    return np.sum(np.where(above > 0, total, 0), axis=0)


def _falling(x: Any, k: int) -> Any:
    return math.prod([x - i for i in range(k)], start=1.0 + 0 * x)


@functools.cache
def smirnov_by(k: int) -> Elementwise:
    """The derivative of order `k` in the statistic, as a primitive."""
    return elementwise(
        lambda a, b: spread(lambda n, d: _smirnov(np.trunc(n), d, k), a, b),
        0,
        lambda a, b: smirnov_by(k + 1)(a, b),
        name=f"smirnov, derivative {k}",
    )


kolmogorov = elementwise(sc.kolmogorov, keeping(lambda x: -kolmogorov_density(x)))
kolmogi = elementwise(sc.kolmogi, keeping(lambda y: -1 / kolmogorov_density(y)), singular=True)
smirnov = partly(sc.smirnov, "n d", None, lambda a, b: smirnov_by(1)(a, b))
smirnovi = partly(sc.smirnovi, "n p", None, lambda y, a: 1 / smirnov_by(1)(a, y))

UFUNCS = {p.fun: p for p in (kolmogorov, kolmogi, smirnov, smirnovi)}
