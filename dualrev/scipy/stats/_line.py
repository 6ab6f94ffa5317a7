"""Families on the whole line, and on the circle: formulas of the standard ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats as st

from ...fronts.keywords import values
from ...primitive import Array
from ...rules.bessel_orders import by_order
from ._derived import (
    LOG_2,
    LOG_PI,
    LOG_ROOT_TWO_PI,
    Formula,
    either,
    flat,
    integrals,
    inverse,
    log1mexp,
    log_sech,
    slope_of_tail,
)
from ._positive import powernorm_root, powernorm_tail_root

# fmt: off
EVEN: Formula = lambda: True


def _tail_or_rest(x: Array, tail: Formula) -> Array:
    """A distribution function, even about 0, from ``tail(|x|)``: of ``-|x|``."""
    y = tail(np.abs(x))
    return np.where(values(x) > 0, 1.0 - y, y)


def _by_sign(q: Array, lower: Formula, upper: Formula) -> Array:
    """A quantile: ``-lower(2 q)`` below one half, ``upper(2 q - 1)`` above."""
    return either(values(q) > 0.5, lambda q: upper(2 * q - 1), lambda q: -lower(2 * q), q, 0.5)


# -- skew and mixed normal distributions -----------------------------------------------------------


def _skewnorm_logpdf(x: Array, a: Array) -> Array:
    return LOG_2 - 0.5 * x * x - LOG_ROOT_TWO_PI + sc.log_ndtr(a * x)


def _skewnorm_slope(x: Array, a: Array) -> Array:
    """Of ``cdf = ndtr(x) - 2 T(x, a)`` in `a`. [Azzalini 1985, eq. 3; Owen 1956, eq. 2.1]"""
    return -np.exp(-0.5 * x * x * (1 + a * a)) / (math.pi * (1 + a * a))


def _exponnorm_log(x: Array, k: Array) -> Array:
    """``log(exp(1 / (2 k**2) - x / k) ndtr(-t))`` with ``t = 1/k - x``, for large ``t`` by the scaled erfc."""
    left = lambda x: np.log(0.5 * sc.erfcx((1 / k - x) / math.sqrt(2))) - 0.5 * x * x
    right = lambda x: 0.5 / k**2 - x / k + sc.log_ndtr(x - 1 / k)
    inner = values(x) < values(1 / k)
    return np.where(inner, left(np.where(inner, x, 1 / k)), right(np.where(inner, 1 / k, x)))


def _line(*shapes: Any) -> tuple[float, float]:
    return -math.inf, math.inf


def _turn(*shapes: Any) -> tuple[float, float]:
    return -math.pi, math.pi


def _nig_logpdf(x: Array, a: Array, b: Array) -> Array:
    """[Barndorff-Nielsen 1997, eq. 2.2]"""
    r = np.sqrt(1 + x * x)
    return np.log(a) - LOG_PI + np.sqrt((a - b) * (a + b)) + b * x - a * r + np.log(sc.k1e(a * r)) - np.log(r)


_nig_slopes = [
    slope_of_tail(_nig_logpdf, partial, _line)
    for partial in (
        lambda x, a, b: a / np.sqrt((a - b) * (a + b)) - np.sqrt(1 + x * x) * _ratio(0.0, 1.0, a * np.sqrt(1 + x * x)),
        lambda x, a, b: x - b / np.sqrt((a - b) * (a + b)),
    )
]


def _ratio(v: Array, u: Array, z: Array) -> Array:
    return sc.kve(v, z) / sc.kve(u, z)


def _log_bessel_slope(v: Array, z: Array) -> Array:
    """Of ``log K_v(z)`` in `z`. [DLMF 10.29.2]"""
    return -_ratio(v - 1, v, z) - v / z


def _by_order(v: Array, z: Array) -> Array:
    """Of ``log K_v(z)`` in `v`."""
    return by_order("kve", 1)(v + 0.0 * z, z) / sc.kve(v, z)


def _hyperbolic_by_root(p: Array, a: Array, b: Array) -> Array:
    """Of the logarithm of the norm in ``w = sqrt(a**2 - b**2)``, over `w`."""
    w = np.sqrt((a - b) * (a + b))
    return (p / w - _log_bessel_slope(p, w)) / w


def _hyperbolic_logpdf(x: Array, p: Array, a: Array, b: Array) -> Array:
    """[Prause 1999, eq. 1.3]"""
    w, r = np.sqrt((a - b) * (a + b)), np.sqrt(1 + x * x)
    norm = p * np.log(w) - (p - 0.5) * np.log(a) - LOG_ROOT_TWO_PI - np.log(sc.kve(p, w)) + w
    return norm + np.log(sc.kve(p - 0.5, a * r)) - a * r + (p - 0.5) * np.log(r) + b * x


_hyperbolic_slopes = [
    slope_of_tail(_hyperbolic_logpdf, partial, _line)
    for partial in (
        lambda x, p, a, b: np.log(np.sqrt((a - b) * (a + b)) / a * np.sqrt(1 + x * x)) + _by_order(p - 0.5, a * np.sqrt(1 + x * x)) - _by_order(p, np.sqrt((a - b) * (a + b))),
        lambda x, p, a, b: a * _hyperbolic_by_root(p, a, b) - (p - 0.5) / a + np.sqrt(1 + x * x) * _log_bessel_slope(p - 0.5, a * np.sqrt(1 + x * x)),
        lambda x, p, a, b: x - b * _hyperbolic_by_root(p, a, b),
    )
]


# -- two sides ---------------------------------------------------------------------------------------


def _asymmetric_logpdf(x: Array, k: Array) -> Array:
    return np.where(values(x) >= 0, -x * k, x / k) - np.log(k + 1 / k)


def _asymmetric_cdf(x: Array, k: Array) -> Array:
    right, both = values(x) >= 0, k + 1 / k
    return np.where(right, 1 - np.exp(-np.abs(x) * k) / (k * both), k / both * np.exp(-np.abs(x) / k))


def _asymmetric_ppf(q: Array, k: Array) -> Array:
    both = k + 1 / k
    low = values(q) < values(k / both)
    return np.where(low, k * np.log(q * both / k), -np.log((1 - q) * both * k) / k)


def _gennorm_tail(x: Array, b: Array) -> Array:
    return 0.5 * sc.gammaincc(1 / b, x**b)


def _skewcauchy_logpdf(x: Array, a: Array) -> Array:
    return -np.log1p((x / (1 + a * np.sign(values(x))))**2) - LOG_PI


def _skewcauchy_cdf(x: Array, a: Array) -> Array:
    low = values(x) <= 0
    below = (1 - a) / math.pi * np.arctan2(1.0, np.where(low, -x, 0.0) / (1 - a))
    above = 1 - (1 + a) / math.pi * np.arctan2(1.0, np.where(low, 0.0, x) / (1 + a))
    return np.where(low, below, above)


def _skewcauchy_ppf(q: Array, a: Array) -> Array:
    low = values(q) <= values((1 - a) / 2)
    below = -(1 - a) / np.tan(math.pi * np.where(low, q, (1 - a) / 4) / (1 - a))
    above = (1 + a) / np.tan(math.pi * np.where(low, (1 + a) / 4, 1 - q) / (1 + a))
    return np.where(low, below, above)


def _crystalball_norm(beta: Array, m: Array) -> Array:
    return m / beta / (m - 1) * np.exp(-0.5 * beta**2) + math.sqrt(2 * math.pi) * sc.ndtr(beta)


def _crystalball_logpdf(x: Array, beta: Array, m: Array) -> Array:
    core = values(x) > values(-beta)
    tail = m * np.log(m / beta) - 0.5 * beta**2 - m * np.log(m / beta - beta - np.where(core, -beta, x))
    return np.where(core, -0.5 * x * x, tail) - np.log(_crystalball_norm(beta, m))


def _crystalball_log(x: Array, beta: Array, m: Array, upper: bool) -> Array:
    """The logarithm of a tail, from the one that has a closed form on that side of ``-beta``."""
    norm, core = np.log(_crystalball_norm(beta, m)), values(x) > values(-beta)
    above = LOG_ROOT_TWO_PI + sc.log_ndtr(-np.where(core, x, 0.0)) - norm
    below = m * np.log(m / beta) - 0.5 * beta**2 - (m - 1) * np.log(m / beta - beta - np.where(core, -beta, x)) - np.log(m - 1) - norm
    return np.where(core, above if upper else log1mexp(above), log1mexp(below) if upper else below)


# -- Tukey's lambda: its quantile has a closed form -------------------------------------------------


def _tukey_ppf(q: Array, lam: Array) -> Array:
    return sc.boxcox(q, lam) - sc.boxcox1p(-q, lam)


def _tukey_spread(q: Array, lam: Array) -> Array:
    return q**(lam - 1) + (1 - q)**(lam - 1)


_scipys_tukey = flat(st.tukeylambda._cdf)


def _tukey_root(x: Any, lam: Any) -> Any:
    """SciPy's value in the lower tail, and Newton's method in its logarithm for the last digits."""
    q = np.maximum(_scipys_tukey(x, lam), 1e-300)
    with np.errstate(all="ignore"):
        for _ in range(8):
            step = (x - _tukey_ppf(q, lam)) / (q * _tukey_spread(q, lam))
            q = np.where(np.isfinite(step), q * np.exp(np.clip(step, -2.0, 2.0)), q)
    return q


_tukey_low = inverse(_tukey_root, _tukey_ppf, _tukey_spread)


def _tukey_cdf(x: Array, lam: Array) -> Array:
    return _tail_or_rest(x, lambda x: _tukey_low(-x, lam))


# -- on the circle -----------------------------------------------------------------------------------


def _vonmises_logpdf(x: Array, k: Array) -> Array:
    return k * sc.cosm1(x) - 2 * LOG_ROOT_TWO_PI - np.log(sc.i0e(k))


_vonmises_by_tail = slope_of_tail(_vonmises_logpdf, lambda x, k: np.cos(x) - sc.i1e(k) / sc.i0e(k), _turn)


def _vonmises_slope(x: Array, k: Array) -> Array:
    """Of the ``cdf`` in `k`, which has the period of the circle."""
    turns = np.round(values(x) / (2 * math.pi))
    return _vonmises_by_tail(x - 2 * math.pi * turns, k)


TURN_REST = 2.4492935982947064e-16  # what a double leaves of 2 pi


def _wrapcauchy_tail(x: Array, c: Array, lower: bool) -> Array:
    low = values(x) < math.pi
    half = np.arctan((1 + c) / (1 - c) * np.tan(0.5 * np.where(low, x, 2 * math.pi - x + TURN_REST))) / math.pi
    return np.where(low, half, 1 - half) if lower else np.where(low, 1 - half, half)


def _wrapcauchy_root(q: Array, c: Array, lower: bool) -> Array:
    low = values(q) < 0.5
    half = 2 * np.arctan((1 - c) / (1 + c) * np.tan(math.pi * np.where(low, q, 1 - q)))
    return np.where(low == lower, half, 2 * math.pi - half)


FORMULAS: dict[Any, dict[str, Formula]] = {
    st.skewnorm: {"logpdf": _skewnorm_logpdf, **integrals(st.skewnorm, _skewnorm_logpdf, _skewnorm_slope, support=_line)},
    st.exponnorm: {
        "logpdf": lambda x, k: _exponnorm_log(x, k) - np.log(k),
        "cdf":    lambda x, k: sc.ndtr(x) - np.exp(_exponnorm_log(x, k)),
        "sf":     lambda x, k: sc.ndtr(-x) + np.exp(_exponnorm_log(x, k)),
        "mean":   lambda k: k,                           "var":    lambda k: 1 + k * k,
    },
    st.norminvgauss: {"logpdf": _nig_logpdf, **integrals(st.norminvgauss, _nig_logpdf, *_nig_slopes, support=_line)},
    st.genhyperbolic: {"logpdf": _hyperbolic_logpdf, **integrals(st.genhyperbolic, _hyperbolic_logpdf, *_hyperbolic_slopes, support=_line)},
    st.powernorm: {
        "logpdf": lambda x, c: np.log(c) - 0.5 * x * x - LOG_ROOT_TWO_PI + (c - 1) * sc.log_ndtr(-x),
        "logsf":  lambda x, c: c * sc.log_ndtr(-x),
        "ppf":    powernorm_root,                        "isf":    powernorm_tail_root,
    },
    st.gennorm: {
        "logpdf": lambda x, b: np.log(0.5 * b) - sc.gammaln(1 / b) - np.abs(x)**b,
        "cdf":    lambda x, b: _tail_or_rest(x, lambda x: _gennorm_tail(x, b)),
        "ppf":    lambda q, b: _by_sign(q, lambda p: sc.gammainccinv(1 / b, p)**(1 / b), lambda p: sc.gammaincinv(1 / b, p)**(1 / b)),
        "even":   EVEN,
        "mean":   lambda b: 0.0 * b,                     "var":    lambda b: np.exp(sc.gammaln(3 / b) - sc.gammaln(1 / b)),
    },
    st.hypsecant: {
        "logpdf": lambda x: log_sech(x) - LOG_PI,
        "cdf":    lambda x: 2 / math.pi * np.arctan(np.exp(x)),
        "ppf":    lambda q: np.log(np.tan(math.pi / 2 * q)), "even": EVEN,
        "mean":   lambda: 0.0,                           "var":    lambda: math.pi**2 / 4,
    },
    st.johnsonsu: {
        "logpdf": lambda x, a, b: np.log(b) - 0.5 * np.log1p(x * x) - 0.5 * (a + b * np.arcsinh(x))**2 - LOG_ROOT_TWO_PI,
        "cdf":    lambda x, a, b: sc.ndtr(a + b * np.arcsinh(x)), "logcdf": lambda x, a, b: sc.log_ndtr(a + b * np.arcsinh(x)),
        "sf":     lambda x, a, b: sc.ndtr(-a - b * np.arcsinh(x)), "logsf": lambda x, a, b: sc.log_ndtr(-a - b * np.arcsinh(x)),
        "ppf":    lambda q, a, b: np.sinh((sc.ndtri(q) - a) / b), "isf":  lambda q, a, b: np.sinh((-sc.ndtri(q) - a) / b),
    },
    st.laplace_asymmetric: {
        "logpdf": _asymmetric_logpdf,
        "cdf":    _asymmetric_cdf,                       "sf":     lambda x, k: _asymmetric_cdf(-x, 1 / k),
        "ppf":    _asymmetric_ppf,                       "isf":    lambda q, k: -_asymmetric_ppf(q, 1 / k),
        "mean":   lambda k: 1 / k - k,                   "var":    lambda k: 1 / k**2 + k**2,
    },
    st.dgamma: {
        "logpdf": lambda x, a: sc.xlogy(a - 1.0, np.abs(x)) - np.abs(x) - sc.gammaln(a) - LOG_2,
        "cdf":    lambda x, a: _tail_or_rest(x, lambda x: 0.5 * sc.gammaincc(a, x)),
        "ppf":    lambda q, a: _by_sign(q, lambda p: sc.gammainccinv(a, p), lambda p: sc.gammaincinv(a, p)), "even": EVEN,
        "mean":   lambda a: 0.0 * a,                     "var":    lambda a: a * (a + 1),
    },
    st.dweibull: {
        "logpdf": lambda x, c: np.log(0.5 * c) + sc.xlogy(c - 1, np.abs(x)) - np.abs(x)**c,
        "cdf":    lambda x, c: _tail_or_rest(x, lambda x: 0.5 * np.exp(-x**c)),
        "ppf":    lambda q, c: _by_sign(q, lambda p: (-np.log(p))**(1 / c), lambda p: (-np.log1p(-p))**(1 / c)), "even": EVEN,
    },
    st.skewcauchy: {
        "logpdf": _skewcauchy_logpdf,
        "cdf":    _skewcauchy_cdf,                       "sf":     lambda x, a: _skewcauchy_cdf(-x, -a),
        "ppf":    _skewcauchy_ppf,                       "isf":    lambda q, a: -_skewcauchy_ppf(q, -a),
    },
    st.crystalball: {
        "logpdf": _crystalball_logpdf,
        "cdf":    lambda x, b, m: np.exp(_crystalball_log(x, b, m, False)), "sf":     lambda x, b, m: np.exp(_crystalball_log(x, b, m, True)),
        "logcdf": lambda x, b, m: _crystalball_log(x, b, m, False), "logsf": lambda x, b, m: _crystalball_log(x, b, m, True),
    },
    st.tukeylambda: {
        "logpdf": lambda x, lam: -np.log(_tukey_spread(_tukey_low(-np.abs(x), lam), lam)),
        "cdf":    _tukey_cdf,
        "ppf":    _tukey_ppf,                            "even":   EVEN,
    },
    st.vonmises:      {"logpdf": _vonmises_logpdf, **integrals(st.vonmises, _vonmises_logpdf, _vonmises_slope)},
    st.vonmises_line: {"logpdf": _vonmises_logpdf, **integrals(st.vonmises_line, _vonmises_logpdf, _vonmises_slope, support=_turn)},
    st.wrapcauchy: {
        "logpdf": lambda x, c: np.log1p(-c * c) - 2 * LOG_ROOT_TWO_PI - np.log((1 - c)**2 + 4 * c * np.sin(0.5 * x)**2),
        "cdf":    lambda x, c: _wrapcauchy_tail(x, c, True), "sf": lambda x, c: _wrapcauchy_tail(x, c, False),
        "ppf":    lambda q, c: _wrapcauchy_root(q, c, True), "isf": lambda q, c: _wrapcauchy_root(q, c, False),
    },
}
# fmt: on
