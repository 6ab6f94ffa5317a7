"""The families that are met most: formulas of the standard ones, as in SciPy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats as st

from ...fronts.keywords import values
from ...primitive import Array
from ._derived import LOG_2, LOG_PI, LOG_ROOT_TWO_PI, ROOT_TWO_PI, Formula, log_sech, select


def _t_logpdf(x: Array, df: Array) -> Array:
    normal = np.isinf(values(df))
    n = select(~normal, df, 1.0)
    value = np.log(sc.poch(0.5 * n, 0.5)) - 0.5 * (np.log(n) + LOG_PI)
    value = value - (n + 1) / 2 * np.log1p(x * x / n)
    return select(~normal, value, -0.5 * x * x - LOG_ROOT_TWO_PI)


def _lognorm_logpdf(x: Array, s: Array) -> Array:
    return -(np.log(x) ** 2) / (2 * s**2) - np.log(s * x * ROOT_TWO_PI)


def _laplace_tail(x: Array) -> tuple[Any, Array]:
    right = values(x) > 0
    return right, 0.5 * np.exp(np.where(right, -x, x))


def _laplace_cdf(x: Array) -> Array:
    right, tail = _laplace_tail(x)
    return np.where(right, 1.0 - tail, tail)


def _laplace_logcdf(x: Array) -> Array:
    right, tail = _laplace_tail(x)
    return np.where(right, np.log1p(-tail), x - LOG_2)


def _laplace_ppf(q: Array) -> Array:
    high = values(q) > 0.5
    size = np.log(2 * np.where(high, 1 - q, q))
    return np.where(high, -size, size)


def _cauchy_logpdf(x: Array) -> Array:
    near = np.abs(values(x)) < 1
    u, v = np.where(near, x, 0), np.where(near, 1, x)
    far = -(2 * np.log(np.abs(v)) + np.log1p((1 / v) ** 2))
    return np.where(near, -np.log1p(u * u), far) - LOG_PI


def _cauchy_ppf(q: Array) -> Array:
    """``tan(pi (q - 1/2))``, with all digits near the ends."""
    low, high = values(q) < 0.25, values(q) > 0.75
    side = np.where(low, q, np.where(high, 1 - q, 0.25))
    tail = 1 / np.tan(math.pi * side)
    middle = np.tan(math.pi * (np.where(low | high, 0.5, q) - 0.5))
    return np.where(low, -tail, np.where(high, tail, middle))


def _gamma_logpdf(x: Array, a: Array) -> Array:
    return sc.xlogy(a - 1.0, x) - x - sc.gammaln(a)


def _beta_logpdf(x: Array, a: Array, b: Array) -> Array:
    return sc.xlog1py(b - 1.0, -x) + sc.xlogy(a - 1.0, x) - sc.betaln(a, b)


def _weibull_logpdf(x: Array, c: Array) -> Array:
    return np.log(c) + sc.xlogy(c - 1, x) - x**c


def _chi2_logpdf(x: Array, df: Array) -> Array:
    return sc.xlogy(df / 2 - 1, x) - x / 2 - sc.gammaln(df / 2) - LOG_2 * df / 2


# fmt: off
FORMULAS: dict[Any, dict[str, Formula]] = {
    st.norm: {
        "logpdf": lambda x: -(x * x) / 2.0 - LOG_ROOT_TWO_PI,
        "pdf":    lambda x: np.exp(-(x * x) / 2.0) / ROOT_TWO_PI,
        "cdf":    lambda x: sc.ndtr(x),                  "logcdf": lambda x: sc.log_ndtr(x),
        "sf":     lambda x: sc.ndtr(-x),                 "logsf":  lambda x: sc.log_ndtr(-x),
        "ppf":    lambda q: sc.ndtri(q),                 "isf":    lambda q: -sc.ndtri(q),
    },
    st.expon: {
        "logpdf": lambda x: -x,
        "cdf":    lambda x: -np.expm1(-x),
        "sf":     lambda x: np.exp(-x),                  "logsf":  lambda x: -x,
        "ppf":    lambda q: -np.log1p(-q),               "isf":    lambda q: -np.log(q),
    },
    st.gamma: {
        "logpdf": _gamma_logpdf,
        "cdf":    lambda x, a: sc.gammainc(a, x),        "sf":     lambda x, a: sc.gammaincc(a, x),
        "ppf":    lambda q, a: sc.gammaincinv(a, q),     "isf":    lambda q, a: sc.gammainccinv(a, q),
    },
    st.beta: {
        "logpdf": _beta_logpdf,
        "cdf":    lambda x, a, b: sc.betainc(a, b, x),   "sf":     lambda x, a, b: sc.betaincc(a, b, x),
        "ppf":    lambda q, a, b: sc.betaincinv(a, b, q), "isf":   lambda q, a, b: sc.betainccinv(a, b, q),
    },
    st.t: {
        "logpdf": _t_logpdf,
        "cdf":    lambda x, df: sc.stdtr(df, x),         "sf":     lambda x, df: sc.stdtr(df, -x),
        "ppf":    lambda q, df: sc.stdtrit(df, q),       "isf":    lambda q, df: -sc.stdtrit(df, q),
    },
    st.lognorm: {
        "logpdf": _lognorm_logpdf,
        "cdf":    lambda x, s: sc.ndtr(np.log(x) / s),   "logcdf": lambda x, s: sc.log_ndtr(np.log(x) / s),
        "sf":     lambda x, s: sc.ndtr(-np.log(x) / s),  "logsf":  lambda x, s: sc.log_ndtr(-np.log(x) / s),
        "ppf":    lambda q, s: np.exp(s * sc.ndtri(q)),  "isf":    lambda q, s: np.exp(-s * sc.ndtri(q)),
    },
    st.uniform: {
        "logpdf": lambda x: 0.0 * x,
        "cdf":    lambda x: x,                           "sf":     lambda x: 1.0 - x,
        "ppf":    lambda q: q,                           "isf":    lambda q: 1.0 - q,
    },
    st.laplace: {
        "logpdf": lambda x: -np.abs(x) - LOG_2,
        "cdf":    _laplace_cdf,                          "logcdf": _laplace_logcdf,
        "sf":     lambda x: _laplace_cdf(-x),            "logsf":  lambda x: _laplace_logcdf(-x),
        "ppf":    _laplace_ppf,                          "isf":    lambda q: -_laplace_ppf(q),
    },
    st.logistic: {
        "logpdf": lambda x: 2 * (log_sech(0.5 * x) - LOG_2),
        "cdf":    lambda x: sc.expit(x),                 "logcdf": lambda x: sc.log_expit(x),
        "sf":     lambda x: sc.expit(-x),                "logsf":  lambda x: sc.log_expit(-x),
        "ppf":    lambda q: sc.logit(q),                 "isf":    lambda q: -sc.logit(q),
    },
    st.cauchy: {
        "logpdf": _cauchy_logpdf,
        "cdf":    lambda x: np.arctan2(1.0, -x) / math.pi, "sf":   lambda x: np.arctan2(1.0, x) / math.pi,
        "ppf":    _cauchy_ppf,                           "isf":    lambda q: -_cauchy_ppf(q),
    },
    st.weibull_min: {
        "logpdf": _weibull_logpdf,
        "cdf":    lambda x, c: -np.expm1(-(x**c)),
        "sf":     lambda x, c: np.exp(-(x**c)),          "logsf":  lambda x, c: -(x**c),
        "ppf":    lambda q, c: (-np.log1p(-q)) ** (1 / c), "isf":  lambda q, c: (-np.log(q)) ** (1 / c),
    },
    st.chi2: {
        "logpdf": _chi2_logpdf,
        "cdf":    lambda x, df: sc.chdtr(df, x),         "sf":     lambda x, df: sc.chdtrc(df, x),
        "ppf":    lambda q, df: 2 * sc.gammaincinv(df / 2, q), "isf": lambda q, df: sc.chdtri(df, q),
    },
}

# Means, variances and entropies of the standard distributions. [Johnson, Kotz & Balakrishnan 1994-95]
MOMENTS: dict[Any, dict[str, Formula]] = {
    st.norm:     {"mean": lambda: 0.0, "var": lambda: 1.0, "entropy": lambda: LOG_ROOT_TWO_PI + 0.5},
    st.expon:    {"mean": lambda: 1.0, "var": lambda: 1.0, "entropy": lambda: 1.0},
    st.uniform:  {"mean": lambda: 0.5, "var": lambda: 1 / 12, "entropy": lambda: 0.0},
    st.laplace:  {"mean": lambda: 0.0, "var": lambda: 2.0, "entropy": lambda: LOG_2 + 1},
    st.logistic: {"mean": lambda: 0.0, "var": lambda: math.pi**2 / 3, "entropy": lambda: 2.0},
    st.cauchy:   {"entropy": lambda: math.log(4 * math.pi)},
    st.gamma:    {"mean": lambda a: a, "var": lambda a: a, "entropy": lambda a: sc.digamma(a) * (1 - a) + a + sc.gammaln(a)},
    st.chi2:     {"mean": lambda df: df, "var": lambda df: 2 * df},
    st.beta:     {"mean": lambda a, b: a / (a + b), "var": lambda a, b: a * b / ((a + b)**2 * (a + b + 1))},
    st.lognorm:  {"mean": lambda s: np.exp(0.5 * s * s), "var": lambda s: np.expm1(s * s) * np.exp(s * s),
                  "entropy": lambda s: 0.5 + LOG_ROOT_TWO_PI + np.log(s)},
    st.weibull_min: {"mean": lambda c: sc.gamma(1 + 1 / c), "var": lambda c: sc.gamma(1 + 2 / c) - sc.gamma(1 + 1 / c)**2,
                     "entropy": lambda c: np.euler_gamma * (1 - 1 / c) - np.log(c) + 1},
    st.t:        {"mean": lambda df: np.where(values(df) > 1, 0.0 * df, np.inf),
                  "var": lambda df: np.where(values(df) > 2, df / (df - 2), np.where(values(df) > 1, np.inf, np.nan))},
}
# fmt: on
