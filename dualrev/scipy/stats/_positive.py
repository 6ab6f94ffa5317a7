"""Families on the positive half-line: formulas of the standard ones; more in `_halves`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats as st

from ...fronts.keywords import values
from ...fronts.packing import holds_tracers
from ...primitive import Array
from ...rules.noncentral import chndtr
from ..mirror import every_value, unsupported
from ._derived import LOG_2, LOG_ROOT_TWO_PI, Formula, either, integrals, log1mexp, log_normal_mass

# fmt: off
HALF_PI, LOG_TWO_OVER_PI = math.pi / 2, math.log(2 / math.pi)


def _soft(c: Array, x: Array) -> Array:
    """``log(1 + x**c)``, which does not overflow."""
    return np.logaddexp(0.0, c * np.log(x))


def _f_logpdf(x: Array, n: Array, m: Array) -> Array:
    n, m = n / 2, m / 2
    return sc.xlogy(n, n) + sc.xlogy(m, m) + sc.xlogy(n - 1, x) - (n + m) * np.log(m + n * x) - sc.betaln(n, m)


def _odds(a: Array, b: Array, x: Array, upper: bool) -> Array:
    """A tail of the odds ``x = p / (1 - p)`` of the beta distribution, from the smaller of p and 1 - p."""
    low, high = (sc.betaincc, sc.betainc) if upper else (sc.betainc, sc.betaincc)
    small = values(x) < 1
    if np.all(every_value(small)):
        return low(a, b, x / (1 + x))
    if not np.any(every_value(small)):
        return high(b, a, 1 / (1 + x))
    below, above = np.where(small, x, 1.0), np.where(small, 1.0, x)
    return np.where(small, low(a, b, below / (1 + below)), high(b, a, 1 / (1 + above)))


# -- inverse Gaussian: Giner & Smyth 2016, eq. 2-4 ----------------------------------------------


def _invgauss_logpdf(x: Array, mu: Array) -> Array:
    return -LOG_ROOT_TWO_PI - 1.5 * np.log(x) - (x / mu - 1)**2 / (2 * x)


def _invgauss_terms(x: Array, mu: Array) -> tuple[Array, Array, Array]:
    r = 1 / np.sqrt(x)
    a, b = r * (x / mu - 1), -r * (x / mu + 1)
    return sc.log_ndtr(a), sc.log_ndtr(-a), 2 / mu + sc.log_ndtr(b)


def _invgauss_logcdf(x: Array, mu: Array) -> Array:
    low, _, other = _invgauss_terms(x, mu)
    return low + np.log1p(np.exp(other - low))


def _invgauss_logsf(x: Array, mu: Array) -> Array:
    _, high, other = _invgauss_terms(x, mu)
    return high + np.log1p(-np.exp(other - high))


# -- the generalised gamma distribution, whose power may be negative ------------------------------


def _gengamma(tail: bool, root: bool) -> Formula:
    up, down = (sc.gammaincc, sc.gammainc) if tail else (sc.gammainc, sc.gammaincc)
    if root:
        up, down = (sc.gammainccinv, sc.gammaincinv) if tail else (sc.gammaincinv, sc.gammainccinv)

    def formula(x: Array, a: Array, c: Array) -> Array:
        y = x if root else x**c
        z = np.where(values(c) > 0, up(a, y), down(a, y))
        return z**(1 / c) if root else z

    return formula


def _vanishing(mask: Any, logpdf: Formula, x: Array) -> Array:
    """A density that vanishes at the end of its support, where its terms would be ``inf - inf``."""
    if not np.any(every_value(mask)):
        return logpdf(x)
    return np.where(mask, -np.inf, logpdf(np.where(mask, 1.0, x)))


def _gengamma_logpdf(x: Array, a: Array, c: Array) -> Array:
    log = lambda x: np.log(np.abs(c)) + sc.xlogy(a * c - 1, x) - x**c - sc.gammaln(a)
    return _vanishing((values(x) == 0) & (values(c) < 0), log, x)


def _recipinvgauss_logpdf(x: Array, mu: Array) -> Array:
    log = lambda x: -(1 - mu * x)**2 / (2 * x * mu**2) - LOG_ROOT_TWO_PI - 0.5 * np.log(x)
    return _vanishing(values(x) == 0, log, x)


def _half_line(*shapes: Any) -> tuple[float, float]:
    return 0.0, math.inf


def _rice_logpdf(x: Array, b: Array) -> Array:
    return np.log(x) - 0.5 * (x - b)**2 + np.log(sc.i0e(x * b))


def _rice_slope(x: Array, b: Array) -> Array:
    """Of ``1 - Q_1(b, x)`` in `b`, with Marcum's Q. [Pratt 1968, eq. 6]"""
    return -x * np.exp(-0.5 * (x - b)**2) * sc.i1e(x * b)


def _ncx2_logpdf(x: Array, df: Array, nc: Array) -> Array:
    """[Johnson, Kotz & Balakrishnan 1995, eq. 29.4], and the central one for ``nc = 0``, which may not be traced."""
    central = np.equal(values(nc), 0)
    if np.any(every_value(central)) and holds_tracers(nc):
        unsupported("scipy.stats.ncx2 with a traced nc of 0.", "use scipy.stats.chi2, or a positive nc")
    if np.all(every_value(central)):
        return sc.xlogy(0.5 * df - 1, x) - 0.5 * x - sc.gammaln(0.5 * df) - LOG_2 * 0.5 * df + 0.0 * nc
    c = np.where(central, 1.0, nc)
    root = np.sqrt(c * x)
    full = -LOG_2 + (0.25 * df - 0.5) * (np.log(x) - np.log(c)) - 0.5 * (np.sqrt(x) - np.sqrt(c))**2 + np.log(sc.ive(0.5 * df - 1, root))
    if not np.any(every_value(central)):
        return full
    return np.where(central, _ncx2_logpdf(x, df, np.zeros(())), full)


def _ncx2_slope(x: Array, df: Array, nc: Array) -> Array:
    """Of the ``cdf`` in `nc`: minus the density with two more degrees of freedom. [the same, eq. 29.22]"""
    return -np.exp(_ncx2_logpdf(x, df + 2, nc))


def _ncx2_by_degrees(x: Array, df: Array, nc: Array) -> Array:
    """Of the ``cdf`` in `df`: the partial of `scipy.special.chndtr`."""
    partial: Any = chndtr.partials  # type: ignore[attr-defined]
    return partial[1](values(x), x, df, nc)


def _powernorm_tail(lower: bool) -> Formula:
    """The root of ``ndtr(-x)**c = p``, for ``p = 1 - q`` or ``p = q``."""

    def formula(q: Array, c: Array) -> Array:
        log = (np.log1p(-q) if lower else np.log(q)) / c
        near = values(log) > -LOG_2
        return np.where(near, sc.ndtri(-np.expm1(np.where(near, log, -LOG_2))), -sc.ndtri(np.exp(np.where(near, -LOG_2, log))))

    return formula


def powernorm_root(q: Array, c: Array) -> Array:
    return _powernorm_tail(True)(q, c)


def powernorm_tail_root(q: Array, c: Array) -> Array:
    return _powernorm_tail(False)(q, c)


def _loglaplace_logpdf(x: Array, c: Array) -> Array:
    return np.log(c / 2) + sc.xlogy(np.where(values(x) > 1, -c, c) - 1, x)


def _loglaplace_tail(x: Array, c: Array) -> tuple[Any, Array]:
    above = values(x) > 1
    return above, 0.5 * np.exp(-c * np.abs(np.log(x)))


def _loglaplace_cdf(x: Array, c: Array) -> Array:
    above, tail = _loglaplace_tail(x, c)
    return np.where(above, 1 - tail, tail)


def _loglaplace_sf(x: Array, c: Array) -> Array:
    above, tail = _loglaplace_tail(x, c)
    return np.where(above, tail, 1 - tail)


def _loglaplace_ppf(q: Array, c: Array) -> Array:
    high = values(q) > 0.5
    size = np.log(2 * np.where(high, 1 - q, q)) / c
    return np.exp(np.where(high, -size, size))


def _alpha_logsf(x: Array, a: Array) -> Array:
    log = log_normal_mass(a - 1 / x, a, 0.5 / x) - sc.log_ndtr(a)
    near = values(log) > -0.1
    if not np.any(every_value(near)):
        return log
    return np.where(near, log1mexp(np.where(near, sc.log_ndtr(a - 1 / x) - sc.log_ndtr(a), -1.0)), log)


def _alpha_logcdf(x: Array, a: Array) -> Array:
    log = sc.log_ndtr(a - 1 / x) - sc.log_ndtr(a)
    near = values(log) > -0.1
    if not np.any(every_value(near)):
        return log
    tail = log_normal_mass(a - 1 / x, a, 0.5 / x) - sc.log_ndtr(a)
    return np.where(near, log1mexp(np.where(near, tail, -1.0)), log)


_erlang: dict[str, Formula] = {
    "logpdf": lambda x, a: sc.xlogy(a - 1.0, x) - x - sc.gammaln(a),
    "cdf":    lambda x, a: sc.gammainc(a, x),            "sf":     lambda x, a: sc.gammaincc(a, x),
    "ppf":    lambda q, a: sc.gammaincinv(a, q),         "isf":    lambda q, a: sc.gammainccinv(a, q),
    "mean":   lambda a: a,                               "var":    lambda a: a,
}

FORMULAS: dict[Any, dict[str, Formula]] = {
    st.erlang: _erlang,
    st.f: {
        "logpdf": _f_logpdf,
        "cdf":    lambda x, n, m: _odds(n / 2, m / 2, n * x / m, False),
        "sf":     lambda x, n, m: _odds(n / 2, m / 2, n * x / m, True),
    },
    st.betaprime: {
        "logpdf": lambda x, a, b: sc.xlogy(a - 1, x) - (a + b) * np.log1p(x) - sc.betaln(a, b),
        "cdf":    lambda x, a, b: _odds(a, b, x, False), "sf":     lambda x, a, b: _odds(a, b, x, True),
    },
    st.invgamma: {
        "logpdf": lambda x, a: -(a + 1) * np.log(x) - sc.gammaln(a) - 1 / x,
        "cdf":    lambda x, a: sc.gammaincc(a, 1 / x),   "sf":     lambda x, a: sc.gammainc(a, 1 / x),
        "ppf":    lambda q, a: 1 / sc.gammainccinv(a, q), "isf":   lambda q, a: 1 / sc.gammaincinv(a, q),
    },
    st.invgauss: {
        "logpdf": _invgauss_logpdf,
        "logcdf": _invgauss_logcdf,                      "logsf":  _invgauss_logsf,
        "cdf":    lambda x, mu: np.exp(_invgauss_logcdf(x, mu)), "sf": lambda x, mu: np.exp(_invgauss_logsf(x, mu)),
        "mean":   lambda mu: mu,                         "var":    lambda mu: mu**3,
    },
    st.wald: {
        "logpdf": lambda x: _invgauss_logpdf(x, 1.0),
        "logcdf": lambda x: _invgauss_logcdf(x, 1.0),    "logsf":  lambda x: _invgauss_logsf(x, 1.0),
        "cdf":    lambda x: np.exp(_invgauss_logcdf(x, 1.0)), "sf": lambda x: np.exp(_invgauss_logsf(x, 1.0)),
        "mean":   lambda: 1.0,                           "var":    lambda: 1.0,
    },
    st.recipinvgauss: {
        "logpdf": _recipinvgauss_logpdf,
        "cdf":    lambda x, mu: np.exp(_invgauss_logsf(1 / x, mu)), "sf": lambda x, mu: np.exp(_invgauss_logcdf(1 / x, mu)),
    },
    st.rayleigh: {
        "logpdf": lambda x: np.log(x) - 0.5 * x * x,
        "logsf":  lambda x: -0.5 * x * x,
        "ppf":    lambda q: np.sqrt(-2 * np.log1p(-q)),  "isf":    lambda q: np.sqrt(-2 * np.log(q)),
        "mean":   lambda: math.sqrt(math.pi / 2),        "var":    lambda: 2 - math.pi / 2,
    },
    st.maxwell: {
        "logpdf": lambda x: 0.5 * LOG_TWO_OVER_PI + 2 * np.log(x) - 0.5 * x * x,
        "cdf":    lambda x: sc.gammainc(1.5, 0.5 * x * x), "sf":   lambda x: sc.gammaincc(1.5, 0.5 * x * x),
        "ppf":    lambda q: np.sqrt(2 * sc.gammaincinv(1.5, q)), "isf": lambda q: np.sqrt(2 * sc.gammainccinv(1.5, q)),
    },
    st.chi: {
        "logpdf": lambda x, df: LOG_2 * (1 - 0.5 * df) - sc.gammaln(0.5 * df) + sc.xlogy(df - 1, x) - 0.5 * x * x,
        "cdf":    lambda x, df: sc.gammainc(0.5 * df, 0.5 * x * x), "sf": lambda x, df: sc.gammaincc(0.5 * df, 0.5 * x * x),
        "ppf":    lambda q, df: np.sqrt(2 * sc.gammaincinv(0.5 * df, q)), "isf": lambda q, df: np.sqrt(2 * sc.gammainccinv(0.5 * df, q)),
    },
    st.nakagami: {
        "logpdf": lambda x, nu: LOG_2 + sc.xlogy(nu, nu) - sc.gammaln(nu) + sc.xlogy(2 * nu - 1, x) - nu * x * x,
        "cdf":    lambda x, nu: sc.gammainc(nu, nu * x * x), "sf": lambda x, nu: sc.gammaincc(nu, nu * x * x),
        "ppf":    lambda q, nu: np.sqrt(sc.gammaincinv(nu, q) / nu), "isf": lambda q, nu: np.sqrt(sc.gammainccinv(nu, q) / nu),
    },
    st.pareto: {
        "logpdf": lambda x, b: np.log(b) - (b + 1) * np.log(x),
        "logsf":  lambda x, b: -b * np.log(x),
        "ppf":    lambda q, b: np.exp(-np.log1p(-q) / b), "isf":   lambda q, b: q**(-1 / b),
    },
    st.lomax: {
        "logpdf": lambda x, c: np.log(c) - (c + 1) * np.log1p(x),
        "logsf":  lambda x, c: -c * np.log1p(x),
        "ppf":    lambda q, c: np.expm1(-np.log1p(-q) / c), "isf": lambda q, c: np.expm1(-np.log(q) / c),
    },
    st.burr: {
        "logpdf": lambda x, c, d: np.log(c) + np.log(d) + sc.xlogy(c * d - 1, x) - (d + 1) * _soft(c, x),
        "logcdf": lambda x, c, d: -d * _soft(-c, x),
        "ppf":    lambda q, c, d: np.expm1(-np.log(q) / d)**(-1 / c), "isf": lambda q, c, d: np.expm1(-np.log1p(-q) / d)**(-1 / c),
    },
    st.burr12: {
        "logpdf": lambda x, c, d: np.log(c) + np.log(d) + sc.xlogy(c - 1, x) - (d + 1) * _soft(c, x),
        "logsf":  lambda x, c, d: -d * _soft(c, x),
        "ppf":    lambda q, c, d: np.expm1(-np.log1p(-q) / d)**(1 / c), "isf": lambda q, c, d: np.expm1(-np.log(q) / d)**(1 / c),
    },
    st.mielke: {
        "logpdf": lambda x, k, s: np.log(k) + sc.xlogy(k - 1, x) - (1 + k / s) * _soft(s, x),
        "logcdf": lambda x, k, s: either(values(x) < 1, lambda x: k * np.log(x) - k / s * _soft(s, x), lambda x: -k / s * _soft(-s, x), x, 1.0),
        "ppf":    lambda q, k, s: np.expm1(-np.log(q) * s / k)**(-1 / s), "isf": lambda q, k, s: np.expm1(-np.log1p(-q) * s / k)**(-1 / s),
    },
    st.fisk: {
        "logpdf": lambda x, c: np.log(c) + sc.xlogy(c - 1, x) - 2 * _soft(c, x),
        "logcdf": lambda x, c: -_soft(-c, x),            "logsf":  lambda x, c: -_soft(c, x),
        "cdf":    lambda x, c: sc.expit(c * np.log(x)),  "sf":     lambda x, c: sc.expit(-c * np.log(x)),
        "ppf":    lambda q, c: np.exp(sc.logit(q) / c),  "isf":    lambda q, c: np.exp(-sc.logit(q) / c),
    },
    st.kappa3: {
        "logpdf": lambda x, a: np.log(a) - (1 + 1 / a) * np.logaddexp(np.log(a), a * np.log(x)),
        "logcdf": lambda x, a: either(values(x) < 1, lambda x: np.log(x) - np.logaddexp(np.log(a), a * np.log(x)) / a, lambda x: -np.logaddexp(0.0, np.log(a) - a * np.log(x)) / a, x, 1.0),
        "ppf":    lambda q, a: (a / np.expm1(-a * np.log(q)))**(1 / a), "isf": lambda q, a: (a / np.expm1(-a * np.log1p(-q)))**(1 / a),
    },
    st.gengamma: {
        "logpdf": _gengamma_logpdf,
        "cdf":    _gengamma(False, False),               "sf":     _gengamma(True, False),
        "ppf":    _gengamma(False, True),                "isf":    _gengamma(True, True),
    },
    st.loglaplace: {
        "logpdf": _loglaplace_logpdf,
        "cdf":    _loglaplace_cdf,                       "sf":     _loglaplace_sf,
        "ppf":    _loglaplace_ppf,                       "isf":    lambda q, c: 1 / _loglaplace_ppf(q, c),
    },
    st.gibrat: {
        "logpdf": lambda x: -0.5 * np.log(x)**2 - np.log(x) - LOG_ROOT_TWO_PI,
        "cdf":    lambda x: sc.ndtr(np.log(x)),          "logcdf": lambda x: sc.log_ndtr(np.log(x)),
        "sf":     lambda x: sc.ndtr(-np.log(x)),         "logsf":  lambda x: sc.log_ndtr(-np.log(x)),
        "ppf":    lambda q: np.exp(sc.ndtri(q)),         "isf":    lambda q: np.exp(-sc.ndtri(q)),
    },
    st.fatiguelife: {
        "logpdf": lambda x, c: np.log1p(x) - (x - 1)**2 / (2 * x * c**2) - np.log(2 * c) - LOG_ROOT_TWO_PI - 1.5 * np.log(x),
        "cdf":    lambda x, c: sc.ndtr((np.sqrt(x) - 1 / np.sqrt(x)) / c), "logcdf": lambda x, c: sc.log_ndtr((np.sqrt(x) - 1 / np.sqrt(x)) / c),
        "sf":     lambda x, c: sc.ndtr((1 / np.sqrt(x) - np.sqrt(x)) / c), "logsf":  lambda x, c: sc.log_ndtr((1 / np.sqrt(x) - np.sqrt(x)) / c),
        "ppf":    lambda q, c: np.exp(2 * np.arcsinh(0.5 * c * sc.ndtri(q))), "isf": lambda q, c: np.exp(-2 * np.arcsinh(0.5 * c * sc.ndtri(q))),
    },
    st.powerlognorm: {
        "logpdf": lambda x, c, s: np.log(c) - np.log(x) - np.log(s) - 0.5 * (np.log(x) / s)**2 - LOG_ROOT_TWO_PI + (c - 1) * sc.log_ndtr(-np.log(x) / s),
        "logsf":  lambda x, c, s: c * sc.log_ndtr(-np.log(x) / s),
        "ppf":    lambda q, c, s: np.exp(s * powernorm_root(q, c)), "isf": lambda q, c, s: np.exp(s * powernorm_tail_root(q, c)),
    },
    st.alpha: {
        "logpdf": lambda x, a: -2 * np.log(x) - 0.5 * (a - 1 / x)**2 - LOG_ROOT_TWO_PI - sc.log_ndtr(a),
        "logcdf": _alpha_logcdf,                         "logsf":  _alpha_logsf,
        "cdf":    lambda x, a: np.exp(_alpha_logcdf(x, a)), "sf":  lambda x, a: np.exp(_alpha_logsf(x, a)),
        "ppf":    lambda q, a: 1 / (a - sc.ndtri(q * sc.ndtr(a))),
    },
    st.rice: {"logpdf": _rice_logpdf, **integrals(st.rice, _rice_logpdf, _rice_slope, support=_half_line)},
    st.ncx2: {
        "logpdf": _ncx2_logpdf, **integrals(st.ncx2, _ncx2_logpdf, _ncx2_by_degrees, _ncx2_slope),
        "mean":   lambda df, nc: df + nc,                "var":    lambda df, nc: 2 * (df + 2 * nc),
    },
}
# fmt: on
