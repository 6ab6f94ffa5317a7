"""Families of extreme values, and those with a double exponential: formulas of the standard ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats as st

from ...fronts.keywords import values
from ...primitive import Array
from ._derived import LOG_2, LOG_ROOT_TWO_PI, Formula, expm1_over, log1mexp, log1p_over

# fmt: off


def _falling(u: Array) -> Array:
    """``exp(-exp(u))``: 0 with all its derivatives where the inner one would overflow."""
    return np.exp(-np.exp(np.minimum(u, 50.0)))


def _rising(u: Array) -> Array:
    """``1 - exp(-exp(u))``."""
    return -np.expm1(-np.exp(np.minimum(u, 50.0)))


def _low(q: Array) -> Array:
    """``log(-log q)``, of ppf."""
    return np.log(-np.log(q))


def _high(q: Array) -> Array:
    """The same for ``1 - q``."""
    return np.log(-np.log1p(-q))


def _genextreme_logpdf(x: Array, c: Array) -> Array:
    """``t (1 - c) - exp(t)`` with ``t = log(1 - c x) / c``, which is ``-inf`` at the end ``x = 1 / c``."""
    t = -log1p_over(-c, x)
    at_end = np.equal(values(c), 1) & np.isinf(values(t))
    return (1 - c) * np.where(at_end, 0.0, t) - np.exp(t)


EULER = np.euler_gamma

FORMULAS: dict[Any, dict[str, Formula]] = {
    st.genextreme: {
        "logpdf": _genextreme_logpdf,
        "logcdf": lambda x, c: -np.exp(-log1p_over(-c, x)), "logsf": lambda x, c: log1mexp(-np.exp(np.minimum(-log1p_over(-c, x), 50.0))),
        "cdf":    lambda x, c: _falling(-log1p_over(-c, x)), "sf":  lambda x, c: _rising(-log1p_over(-c, x)),
        "ppf":    lambda q, c: -expm1_over(c, _low(q)),  "isf":    lambda q, c: -expm1_over(c, _high(q)),
    },
    st.genpareto: {
        "logpdf": lambda x, c: -(1 + c) * log1p_over(c, x),
        "logsf":  lambda x, c: -log1p_over(c, x),
        "ppf":    lambda q, c: expm1_over(c, -np.log1p(-q)), "isf": lambda q, c: expm1_over(c, -np.log(q)),
    },
    st.gumbel_r: {
        "logpdf": lambda x: -x - np.exp(-x),
        "logcdf": lambda x: -np.exp(-x),                 "logsf":  lambda x: log1mexp(-np.exp(np.minimum(-x, 50.0))),
        "cdf":    lambda x: _falling(-x),                "sf":     lambda x: _rising(-x),
        "ppf":    lambda q: -_low(q),                    "isf":    lambda q: -_high(q),
        "mean":   lambda: EULER,                         "var":    lambda: np.pi**2 / 6,
        "entropy": lambda: EULER + 1,
    },
    st.gumbel_l: {
        "logpdf": lambda x: x - np.exp(x),
        "logcdf": lambda x: log1mexp(-np.exp(np.minimum(x, 50.0))),        "logsf":  lambda x: -np.exp(x),
        "cdf":    lambda x: _rising(x),                  "sf":     lambda x: _falling(x),
        "ppf":    lambda q: _high(q),                    "isf":    lambda q: _low(q),
        "mean":   lambda: -EULER,                        "var":    lambda: np.pi**2 / 6,
        "entropy": lambda: EULER + 1,
    },
    st.weibull_max: {
        "logpdf": lambda x, c: np.log(c) + sc.xlogy(c - 1, -x) - (-x)**c,
        "logcdf": lambda x, c: -(-x)**c,
        "ppf":    lambda q, c: -(-np.log(q))**(1 / c),   "isf":    lambda q, c: -(-np.log1p(-q))**(1 / c),
    },
    st.invweibull: {
        "logpdf": lambda x, c: np.log(c) - (c + 1) * np.log(x) - x**-c,
        "logcdf": lambda x, c: -x**-c,
        "ppf":    lambda q, c: (-np.log(q))**(-1 / c),   "isf":    lambda q, c: (-np.log1p(-q))**(-1 / c),
    },
    st.exponweib: {
        "logpdf": lambda x, a, c: np.log(a) + np.log(c) + sc.xlogy(a - 1, -np.expm1(-x**c)) - x**c + sc.xlogy(c - 1, x),
        "logcdf": lambda x, a, c: a * log1mexp(-x**c),
        "ppf":    lambda q, a, c: (-log1mexp(np.log(q) / a))**(1 / c),
        "isf":    lambda q, a, c: (-log1mexp(np.log1p(-q) / a))**(1 / c),
    },
    st.exponpow: {
        "logpdf": lambda x, b: np.log(b) + sc.xlogy(b - 1, x) + x**b - np.expm1(x**b),
        "logsf":  lambda x, b: -np.expm1(x**b),          "logcdf": lambda x, b: log1mexp(-np.expm1(np.minimum(x**b, 50.0))),
        "cdf":    lambda x, b: -np.expm1(-np.expm1(np.minimum(x**b, 50.0))), "sf": lambda x, b: np.exp(-np.expm1(np.minimum(x**b, 50.0))),
        "ppf":    lambda q, b: np.log1p(-np.log1p(-q))**(1 / b), "isf": lambda q, b: np.log1p(-np.log(q))**(1 / b),
    },
    st.genlogistic: {
        "logpdf": lambda x, c: np.log(c) + c * sc.log_expit(x) + sc.log_expit(-x),
        "logcdf": lambda x, c: c * sc.log_expit(x),
        "ppf":    lambda q, c: -np.log(np.expm1(-np.log(q) / c)), "isf": lambda q, c: -np.log(np.expm1(-np.log1p(-q) / c)),
    },
    st.loggamma: {
        "logpdf": lambda x, c: c * x - np.exp(x) - sc.gammaln(c),
        "cdf":    lambda x, c: sc.gammainc(c, np.exp(x)),    "sf":  lambda x, c: sc.gammaincc(c, np.exp(x)),
        "mean":   lambda c: sc.digamma(c),               "var":    lambda c: sc.polygamma(1, c),
    },
    st.gompertz: {
        "logpdf": lambda x, c: np.log(c) + x - c * np.expm1(x),
        "logsf":  lambda x, c: -c * np.expm1(x),
        "ppf":    lambda q, c: np.log1p(-np.log1p(-q) / c), "isf": lambda q, c: np.log1p(-np.log(q) / c),
    },
    st.moyal: {
        "logpdf": lambda x: -0.5 * (x + np.exp(-x)) - LOG_ROOT_TWO_PI,
        "cdf":    lambda x: sc.erfc(np.exp(-0.5 * x) / np.sqrt(2.0)), "sf": lambda x: sc.erf(np.exp(-0.5 * x) / np.sqrt(2.0)),
        "ppf":    lambda q: -np.log(2 * sc.erfcinv(q)**2), "isf":  lambda q: -np.log(2 * sc.erfinv(q)**2),
        "mean":   lambda: EULER + LOG_2,                 "var":    lambda: np.pi**2 / 2,
    },
}
# fmt: on
