"""Integrals of log-concave densities over one tail, and what keeps their digits.

Everything here takes plain arrays: the values of the primitives in `incomplete`, `student` and
`noncentral`.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.special as sc

HALF_LOG_TWO_PI = 0.5 * math.log(2 * math.pi)

# Bernoulli numbers B_2, B_4, ...: DLMF Table 24.2.1
BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)

Parts = Callable[..., Any]


# -- logarithms that keep their digits --------------------------------------------------------


def log1p_minus(x: Any) -> Any:
    """``log(1 + x) - x``; for small ``x`` by ``v = x / (2 + x)``: ``2 artanh v - x``. [DLMF 4.37.24]"""
    near = np.abs(x + 0.2) < 0.7
    z = np.where(near, x, 0.0)
    v = z / (2 + z)
    u = v * v
    series = 0 * u
    for k in range(18, 0, -1):
        series = series * u + 1 / (2 * k + 1)
    return np.where(near, 2 * v * u * series - z * v, np.log1p(x) - x)


def exp_minus(x: Any) -> Any:
    """``exp(x) - 1 - x``."""
    near = np.abs(x) < 0.5
    z = np.where(near, x, 0.0)
    series = 0 * z
    for n in range(16, 1, -1):
        series = series * z + 1 / math.factorial(n)
    return np.where(near, z * z * series, np.expm1(x) - x)


def stirling(a: Any) -> Any:
    """``log Gamma(a) - (a - 1/2) log a + a - log(2 pi) / 2``. [DLMF 5.11.1]"""
    large = a > 10
    r = 1 / np.where(large, a, 10)
    series = 0 * r
    for k in range(len(BERNOULLI), 0, -1):
        series = series * r * r + BERNOULLI[k - 1] / (2 * k * (2 * k - 1))
    b = np.where(large, 10, a)
    direct = sc.gammaln(b) - (b - 0.5) * np.log(b) + b - HALF_LOG_TWO_PI
    return np.where(large, r * series, direct)


def log_minus_digamma(a: Any) -> Any:
    """``log a - psi(a)``. [DLMF 5.11.2]"""
    large = a > 10
    r = 1 / np.where(large, a, 10)
    series = 0 * r
    for k in range(len(BERNOULLI), 0, -1):
        series = series * r * r + BERNOULLI[k - 1] / (2 * k)
    b = np.where(large, 10, a)
    return np.where(large, 0.5 * r + r * r * series, np.log(b) - sc.digamma(b))


def log_ratio(difference: Any, x: Any, a: Any) -> Any:
    """``log(x / a)``, of which the difference is known."""
    near = np.abs(difference) < 0.5 * a
    small = np.where(near, difference, 0) / a
    return np.where(near, np.log1p(small), np.log(x / a))


def log_ratio_minus(difference: Any, x: Any, a: Any) -> Any:
    """``log(x / a) - (x - a) / a``."""
    near = np.abs(difference) < 0.5 * a
    small = np.where(near, difference, 0) / a
    return np.where(near, log1p_minus(small), np.log(x / a) - difference / a)


# -- integrals over one tail --------------------------------------------------------------------

_LEVELS = (1.5, 10.0, 42.0)  # panels end where the integrand has fallen to exp(-level)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)
_CHUNK = 2048


def panels(log: Parts, start: Any, cuts: Sequence[Any] = ()) -> tuple[Any, Any]:
    """Nodes and weights, along a first axis, of a quadrature over ``s > 0`` of what is about
    ``exp(log(s))``, ``log`` decreasing from 0, and concave between `cuts`.

    The ends of the panels by bisection; `start` is a first guess.
    """
    left, right = 0 * start, start
    ends = [left]
    for level in _LEVELS:
        for _ in range(60):
            short = log(right) > -level
            if not short.any():
                break
            right = np.where(short, 2 * right, right)
        low, high = left, right
        for _ in range(60):
            middle = 0.5 * (low + high)
            beyond = log(middle) < -level
            low, high = np.where(beyond, low, middle), np.where(beyond, middle, high)
            if not (high - low > 0.05 * (high - left)).any():
                break
        left = right = high
        ends.append(high)
    if cuts:
        ends = list(np.sort([*ends, *[np.clip(cut, 0, right) for cut in cuts]], axis=0))
    nodes, weights = [], []
    for left, right in itertools.pairwise(ends):
        half = 0.5 * (right - left)
        nodes.append(left + half * (1 + _NODES[:, None]))
        weights.append(half * _WEIGHTS[:, None])
    return np.concatenate(nodes), np.concatenate(weights)


def spread(core: Parts, *args: Any) -> Any:
    """``core(*args)`` of one-dimensional arrays in double precision, a chunk at a time, in the
    shape and the precision of `args`."""
    kind = np.result_type(*args)
    kind = kind if kind.kind == "f" and kind.itemsize < 8 else np.dtype(np.float64)
    arrays = np.broadcast_arrays(*[np.asarray(x, np.float64) for x in args])
    flat = [x.ravel() for x in arrays]
    result = np.empty(flat[0].size)
    with np.errstate(all="ignore"):
        for k in range(0, flat[0].size, _CHUNK):
            result[k : k + _CHUNK] = core(*[x[k : k + _CHUNK] for x in flat])
    return result.reshape(arrays[0].shape).astype(kind)[()]


# -- Bell polynomials ---------------------------------------------------------------------------


def bell(orders: Sequence[int], parts: Callable[..., Any]) -> Any:
    """``exp(-p) d^k d^l exp(p)`` with ``k, l = orders``, by the derivatives ``parts(i, j)`` of ``p``:
    ``W_(k+1,l) = sum C(k,i) C(l,j) p_(i+1,j) W_(k-i,l-j)``."""

    @functools.cache
    def w(k: int, m: int) -> Any:
        if k == m == 0:
            return 1.0
        if k == 0:
            return sum(math.comb(m - 1, j) * p(0, j + 1) * w(0, m - 1 - j) for j in range(m))
        return sum(
            math.comb(k - 1, i) * math.comb(m, j) * p(i + 1, j) * w(k - 1 - i, m - j)
            for i in range(k)
            for j in range(m + 1)
        )

    p = functools.cache(parts)
    return w(*orders)


def times(orders: Sequence[int], factor: Callable[..., Any], parts: Callable[..., Any]) -> Any:
    """`bell` for ``g exp(p)``, of which ``factor(i, j)`` gives ``d^i d^j g``: by Leibniz' rule."""
    k, m = orders
    return sum(
        math.comb(k, i) * math.comb(m, j) * factor(i, j) * bell((k - i, m - j), parts)
        for i in range(k + 1)
        for j in range(m + 1)
    )


def polygamma_step(n: int, a: Any, d: Any) -> Any:
    """``psi_n(a + d) - psi_n(a)``, for small ``d`` by Taylor's series."""
    near = np.abs(d) < 0.02 * a
    direct = sc.polygamma(n, a + d) - sc.polygamma(n, a)
    if not near.any():
        return direct
    b, e = np.where(near, a, 1), np.where(near, d, 0)
    series = sum(sc.polygamma(n + j, b) * e**j / math.factorial(j) for j in range(10, 0, -1))
    return np.where(near, series, direct)
