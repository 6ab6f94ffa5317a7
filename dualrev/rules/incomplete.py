"""Incomplete gamma and beta functions and their densities, differentiated by parameters too.

Four families of primitives, closed under differentiation, so that orders compose::

    F_k = d^k F / da^k:    dF_k/da = F_(k+1),   dF_k/dx = f_k
    f_k = d^k f / da^k:    df_k/da = f_(k+1),   df_k/dx = d^k (f d(log f)/dx) / da^k

`gammas(k)` and `gamma_densities(k)`; `betas(k, l)` and `beta_densities(k, l)` by both shapes. The
latter also take the odds ``x / (1 - x)`` for the argument, which keeps digits at both ends.

A parameter's derivative of the integral of a density is the integral of ``f W_k``, ``W_k`` a Bell
polynomial in the derivatives of ``log f`` [Comtet 1974, sec. 3.3]. It is taken over the end where
``W_1`` keeps its sign, so that small tails keep their digits: Gauss-Legendre panels in the logarithm
of the variable, where the integrand is log-concave. Measured against mpmath: 1e-13 of the
derivative, or of its terms where they cancel (higher orders), times what one digit of the arguments
changes.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy.special as sc

from .elementwise import over
from .forms import Elementwise, elementwise
from .tails import (
    HALF_LOG_TWO_PI,
    Parts,
    bell,
    exp_minus,
    log1p_minus,
    log_minus_digamma,
    log_ratio,
    log_ratio_minus,
    panels,
    polygamma_step,
    spread,
    stirling,
    times,
)

# -- the incomplete gamma function ----------------------------------------------------------------


def _gamma_core(a: Any, x: Any, divisor: Any = 1.0) -> Any:
    """``x**a exp(-x) / Gamma(a)``, divided; for large ``a`` no difference of large numbers."""
    log = a * log_ratio_minus(x - a, x, a) - stirling(a) - HALF_LOG_TWO_PI
    return np.sqrt(a) * np.exp(log - np.log(divisor))


def _gamma_bell(a: Any, x: Any, k: int, moved: Any = 0.0) -> Any:
    """`bell` for ``x**a / Gamma(a)``, the logarithm of ``x`` moved; for small ``a`` that of
    ``a (x**a / Gamma(a + 1))``, whose terms are small."""
    small = a < 1
    b = np.where(small, a + 1, a)
    first = log_ratio(x - b, x, b) + log_minus_digamma(b) + moved

    def parts(n: int, _: int) -> Any:
        return first if n == 1 else -sc.polygamma(n - 1, b)

    value = bell((k, 0), parts)
    if k and small.any():
        value = value + np.where(small, k * bell((k - 1, 0), parts) / a, 0)
    return value


def _gamma_density(a: Any, x: Any, k: int) -> Any:
    edge = np.where(x < np.inf, np.exp(sc.xlogy(a - 1, x) - x - sc.gammaln(a)), 0 * a)
    inside = (x > 0) & (x < np.inf)
    u = np.where(inside, x, 1)
    return np.where(inside, _gamma_core(a, u, u) * _gamma_bell(a, u, k), edge if k == 0 else 0)


def _gamma_integral(a: Any, x: Any, k: int) -> Any:
    """The derivative by ``a`` of the regularised lower function, from the lower end for
    ``x < max(a, 1)``, else from the upper one. With ``t = x exp(-+s)``::

        P_k = +-x f(a, x) int exp(-+a s +- x (1 - exp(-+s))) W_k(log t) ds

    Near ``a = 0`` from ``P(a, x) = P(a + 1, x) + x**a exp(-x) / Gamma(a + 1)``. [DLMF 8.2.4, 8.8.5]
    """
    lower = x < np.maximum(a, 1)
    sign = np.where(lower, -1.0, 1.0)
    raised = lower & (a < 1)
    b = np.where(raised, a + 1, a)
    rate = np.abs(b - x)

    def log(s: Any) -> Any:
        return -rate * s - x * exp_minus(sign * s)

    s, w = panels(log, 1 / (0.1 * rate + 0.2 * np.sqrt(x) + 1e-300))
    integral = -sign * np.sum(w * np.exp(log(s)) * _gamma_bell(b, x, k, sign * s), axis=0)
    if raised.any():  # x**a exp(-x) / Gamma(a + 1), of which the integral has x times as much
        integral = np.where(raised, integral * x + _gamma_bell(b, x, k), integral)
    value = _gamma_core(b, x, np.where(raised, x, 1)) * integral
    return np.where((x > 0) & (x < np.inf), value, 0 * a)


@functools.cache
def gamma_densities(k: int) -> Elementwise:
    """``d^k/da^k x**(a-1) exp(-x) / Gamma(a)``, as a primitive."""
    return elementwise(
        lambda a, b: spread(lambda a, b: _gamma_density(a, b, k), a, b),
        lambda a, b: gamma_densities(k + 1)(a, b),
        lambda y, a, b: (
            y * (over(a - 1, b) - 1) + (over(k * gamma_densities(k - 1)(a, b), b) if k else 0)
        ),
        name=f"gamma density, derivative {k}" if k else "gamma density",
        singular=True,
    )


@functools.cache
def gammas(k: int) -> Elementwise:
    """``d^k/da^k`` of the regularised lower incomplete gamma function, as a primitive; ``k > 0``."""
    return elementwise(
        lambda a, b: spread(lambda a, b: _gamma_integral(a, b, k), a, b),
        lambda a, b: gammas(k + 1)(a, b),
        lambda a, b: gamma_densities(k)(a, b),
        name=f"gammainc, derivative {k} by its parameter",
        singular=True,
    )


# -- the incomplete beta function -----------------------------------------------------------------


def _beta_core(a: Any, b: Any, x: Any, y: Any, divisor: Any = 1.0) -> Any:
    """``x**a y**b / B(a, b)``, ``y = 1 - x``, divided: with ``d = b x - a y`` the terms linear in ``d``
    cancel. [Didonato & Morris 1992, sec. 9]"""
    d, total = b * x - a * y, a + b
    log = a * log_ratio_minus(d, x * total, a) + b * log_ratio_minus(-d, y * total, b)
    rest = stirling(total) - stirling(a) - stirling(b) - HALF_LOG_TWO_PI
    return np.sqrt(a / total) * np.sqrt(b) * np.exp(log + rest - np.log(divisor))


def _share(n: int, p: Any, q: Any, x: Any, y: Any, moved: Any = 0.0) -> Any:
    """The derivative of order `n` by ``p`` of ``p log x + log Gamma(p + q) - log Gamma(p)``, the
    logarithm moved."""
    if n > 1:
        return polygamma_step(n - 1, p, q)
    total = p + q
    far = log_ratio(q * x - p * y, x * total, p) + log_minus_digamma(p) - log_minus_digamma(total)
    near = (np.abs(q) < 0.02 * p) & (np.abs(q) < 1)
    if near.any():
        log = np.where(y < 0.5, np.log1p(-y), np.log(x))
        far = np.where(near, log + polygamma_step(0, p, np.where(near, q, 0)), far)
    return far + moved


def _beta_parts(
    a: Any, b: Any, p: Any, q: Any, x: Any, y: Any, down: Any = 0.0, up: Any = 0.0
) -> Parts:
    """Derivatives by ``a`` and ``b`` of ``a log x + b log y + log Gamma(t) - log Gamma(a) - log
    Gamma(b)``, where ``t = a + p = b + q`` is their sum but for integers."""

    def parts(i: int, j: int) -> Any:
        if i and j:
            return sc.polygamma(i + j - 1, a + p)
        return _share(i, a, p, x, y, down) if i else _share(j, b, q, y, x, up)

    return parts


def _fraction(a: Any, b: Any, i: int, j: int) -> Any:
    """``d^i/da^i d^j/db^j b / (a + b)``."""
    n, t = i + j, a + b
    return (
        b / t if n == 0 else -((-1) ** n) * math.factorial(n - 1) * (j * a - i * b) / t ** (n + 1)
    )


def _beta_integral(a: Any, b: Any, x: Any, y: Any, k: int, m: int) -> Any:
    """The derivative of the regularised function by ``a`` and ``b``, from the end next to the
    argument, which is made the lower one by ``I_x(a, b) = 1 - I_y(b, a)``. With the logit moved
    down by ``s``, so that ``t = x exp(-s) / q``, ``1 - t = y / q``, ``q = y + x exp(-s)``::

        I_kl = x**a y**b / B(a, b) int exp(-a s) q**(-a-b) W_kl(log t, log(1 - t)) ds

    Near ``a = 0`` from ``I_x(a, b) = I_x(a + 1, b) + x**a y**b / (a B(a, b))``.
    [DLMF 8.17.1-4, 8.17.20]
    """
    swap = x * np.maximum(b, 1) > y * np.maximum(a, 1)
    flat = [np.where(swap, v, u) for u, v in ((a, b), (b, a), (x, y), (y, x))]
    result = np.empty(a.shape)
    for part, orders, sign in ((~swap, (k, m), 1), (swap, (m, k), -1)):
        if part.any():
            c, d, u, v = (w[part] for w in flat)
            result[part] = sign * _beta_lower(c, d, u, v, *orders)
    return np.where((x > 0) & (y > 0), result, 0 * (a + b))


def _beta_lower(a: Any, b: Any, x: Any, y: Any, k: int, m: int) -> Any:
    raised = a < 1
    c = np.where(raised, a + 1, a)
    total, rate = c + b, c * y - b * x
    smaller, sign = np.minimum(x, y), np.where(x <= y, -1.0, 1.0)

    def log(s: Any) -> Any:
        e = np.expm1(sign * s)
        return -rate * s - total * (log1p_minus(smaller * e) + smaller * exp_minus(sign * s))

    s, w = panels(log, 1 / (0.1 * rate + 0.2 * np.sqrt(total * x * y) + 1e-300))
    shift = np.log1p(smaller * np.expm1(sign * s))
    down = np.where(sign < 0, -s - shift, -shift)  # log(t / x)
    up = np.where(sign < 0, -shift, s - shift)  # log((1 - t) / y)
    # 1 / Gamma(b) = b / Gamma(b + 1) near b = 0
    small = b < 1
    d = np.where(small, b + 1, b)
    parts = _beta_parts(c, d, b, np.where(small, c - 1, c), x, y, down, up)
    moved = bell((k, m), parts)
    if m and small.any():
        moved = moved + np.where(small, m * bell((k, m - 1), parts) / b, 0)
    integral = np.sum(w * np.exp(log(s)) * moved, axis=0)
    if raised.any():  # b / (a + b) times x**a y**b Gamma(a+b+1) / (Gamma(a+1) Gamma(b+1))
        parts = _beta_parts(a + 1, b + 1, b, a, x, y)
        added = times((k, m), lambda i, j: _fraction(a, b, i, j), parts) / b
        integral = np.where(raised, integral * x + added, integral)
    return _beta_core(c, b, x, y, np.where(raised, x, 1)) * integral


def _by_argument(x: Any) -> tuple[Any, Any, Any]:
    """``x``, ``1 - x``, and what the core is to be divided by for the density."""
    return x, 1 - x, x * (1 - x)


def _by_odds(r: Any) -> tuple[Any, Any, Any]:
    y = 1 / (1 + r)
    return np.where(r > 1, 1 / (1 + 1 / r), r * y), y, r


def _beta_density(a: Any, b: Any, v: Any, k: int, m: int, odds: bool) -> Any:
    x, y, scale = (_by_odds if odds else _by_argument)(v)
    edge = sc.xlogy(a - 1, x) + sc.xlogy(b + 1 if odds else b - 1, y) - sc.betaln(a, b)
    value = np.where((x > 0) & (y > 0), _beta_core(a, b, x, y, scale), np.exp(edge))
    if k == m == 0:
        return value
    large = bell((k, m), _beta_parts(a, b, b, a, x, y))
    small = np.minimum(a, b) < 1
    if not small.any():
        return value * large
    # 1 / B(a, b) = a b / (a + b) times Gamma(a+b+1) / (Gamma(a+1) Gamma(b+1))

    def factor(i: int, j: int) -> Any:
        return a * _fraction(a, b, i, j) + (i * _fraction(a, b, i - 1, j) if i else 0)

    parts = _beta_parts(a + 1, b + 1, b, a, x, y)
    return value * np.where(small, times((k, m), factor, parts) * (a + b) / (a * b), large)


@functools.cache
def beta_densities(k: int, m: int, odds: bool = False) -> Elementwise:
    """``d^k/da^k d^m/db^m x**(a-1) (1-x)**(b-1) / B(a, b)``, as a primitive; or with `odds`
    ``r**(a-1) (1+r)**(-a-b) / B(a, b)``."""

    def slope(y: Any, a: Any, b: Any, c: Any) -> Any:
        upper = 1 + c if odds else 1 - c
        lowered = beta_densities(k - 1, m, odds)(a, b, c) * k if k else 0
        raised = beta_densities(k, m - 1, odds)(a, b, c) * m if m else 0
        if odds:
            slope = y * (over(a - 1, c) - over(a + b, upper))
            return slope + over(lowered, c * upper) - over(raised, upper)
        slope = y * (over(a - 1, c) - over(b - 1, upper))
        return slope + over(lowered, c) - over(raised, upper)

    return elementwise(
        lambda a, b, c: spread(lambda a, b, c: _beta_density(a, b, c, k, m, odds), a, b, c),
        lambda a, b, c: beta_densities(k + 1, m, odds)(a, b, c),
        lambda a, b, c: beta_densities(k, m + 1, odds)(a, b, c),
        slope,
        name="beta density" + (f", derivative {k}, {m}" if k or m else ""),
        singular=True,
    )


@functools.cache
def betas(k: int, m: int, odds: bool = False) -> Elementwise:
    """``d^k/da^k d^m/db^m`` of the regularised incomplete beta function, as a primitive;
    ``k + m > 0``; with `odds` at the argument ``r / (1 + r)``."""
    sides = _by_odds if odds else _by_argument
    return elementwise(
        lambda a, b, c: spread(lambda a, b, c: _beta_integral(a, b, *sides(c)[:2], k, m), a, b, c),
        lambda a, b, c: betas(k + 1, m, odds)(a, b, c),
        lambda a, b, c: betas(k, m + 1, odds)(a, b, c),
        lambda a, b, c: beta_densities(k, m, odds)(a, b, c),
        name=f"betainc, derivative {k}, {m} by its parameters",
        singular=True,
    )
