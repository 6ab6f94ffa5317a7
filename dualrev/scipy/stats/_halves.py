"""Halves of symmetric distributions, folded ones, and Levy's: formulas of the standard ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats as st

from ...fronts.keywords import values
from ...primitive import Array
from ._derived import LOG_2, LOG_ROOT_TWO_PI, ROOT_TWO, Formula, either, log_normal_mass, log_sech

# fmt: off
HALF_PI, LOG_TWO_OVER_PI = math.pi / 2, math.log(2 / math.pi)


def _logit2(q: Array) -> Array:
    """``log((2 - q) / q)``."""
    return np.log1p(2 * (1 - q) / q)


def _halfnorm_logsf(x: Array) -> Array:
    near = lambda x: np.log1p(-sc.erf(x / ROOT_TWO))
    return either(values(x) < 0.5, near, lambda x: LOG_2 + sc.log_ndtr(-x), x, 0.5)


def _halflogistic_logsf(x: Array) -> Array:
    near = lambda x: -np.log1p(0.5 * np.expm1(x))
    return either(values(x) < 1, near, lambda x: LOG_2 + sc.log_expit(-x), x, 1.0)


def _foldcauchy_logpdf(x: Array, c: Array) -> Array:
    """``log(2 s / ((s - 2 c x) (s + 2 c x)) / pi)`` with ``s = 1 + x**2 + c**2``."""
    s = 1 + x * x + c * c
    u = 2 * c * x / s
    near = values(u) < 0.5
    small = -np.log1p(-(np.where(near, u, 0.0) ** 2)) - np.log(s)
    rest = np.log(s) - np.log1p((x - c) ** 2) - np.log1p((x + c) ** 2)
    return LOG_TWO_OVER_PI + np.where(near, small, rest)


FORMULAS: dict[Any, dict[str, Formula]] = {
    st.halfnorm: {
        "logpdf": lambda x: 0.5 * LOG_TWO_OVER_PI - 0.5 * x * x,
        "cdf":    lambda x: sc.erf(x / ROOT_TWO),
        "sf":     lambda x: sc.erfc(x / ROOT_TWO),       "logsf":  _halfnorm_logsf,
        "ppf":    lambda q: ROOT_TWO * sc.erfinv(q),     "isf":    lambda q: ROOT_TWO * sc.erfcinv(q),
        "mean":   lambda: math.sqrt(2 / math.pi),        "var":    lambda: 1 - 2 / math.pi,
        "entropy": lambda: 0.5 * math.log(math.pi / 2) + 0.5,
    },
    st.halfcauchy: {
        "logpdf": lambda x: LOG_TWO_OVER_PI - np.logaddexp(0.0, 2 * np.log(x)),
        "cdf":    lambda x: np.arctan(x) / HALF_PI,      "sf":     lambda x: np.arctan2(1.0, x) / HALF_PI,
        "ppf":    lambda q: np.tan(HALF_PI * q),         "isf":    lambda q: 1 / np.tan(HALF_PI * q),
    },
    st.halflogistic: {
        "logpdf": lambda x: 2 * log_sech(0.5 * x) - LOG_2,
        "cdf":    lambda x: np.tanh(0.5 * x),
        "sf":     lambda x: 2 * sc.expit(-x),            "logsf":  _halflogistic_logsf,
        "ppf":    lambda q: 2 * np.arctanh(q),           "isf":    _logit2,
    },
    st.halfgennorm: {
        "logpdf": lambda x, b: np.log(b) - x**b - sc.gammaln(1 / b),
        "cdf":    lambda x, b: sc.gammainc(1 / b, x**b), "sf":     lambda x, b: sc.gammaincc(1 / b, x**b),
        "ppf":    lambda q, b: sc.gammaincinv(1 / b, q)**(1 / b), "isf": lambda q, b: sc.gammainccinv(1 / b, q)**(1 / b),
    },
    st.foldnorm: {
        "logpdf": lambda x, c: LOG_2 - 0.5 * (x * x + c * c) - log_sech(c * x) - LOG_ROOT_TWO_PI,
        "cdf":    lambda x, c: np.exp(log_normal_mass(c - x, c + x, x)),
        "sf":     lambda x, c: either(values(x) < 0.5, lambda x: -np.expm1(log_normal_mass(c - x, c + x, x)), lambda x: sc.ndtr(c - x) + sc.ndtr(-c - x), x, 0.5),
    },
    st.foldcauchy: {
        "logpdf": _foldcauchy_logpdf,
        "cdf":    lambda x, c: np.arctan2(2.0, (1 + c * c) / x - x) / math.pi,
        "sf":     lambda x, c: np.arctan2(2.0, x - (1 + c * c) / x) / math.pi,
    },
    st.levy: {
        "logpdf": lambda x: -LOG_ROOT_TWO_PI - 1.5 * np.log(x) - 0.5 / x,
        "cdf":    lambda x: sc.erfc(np.sqrt(0.5 / x)),   "sf":     lambda x: sc.erf(np.sqrt(0.5 / x)),
        "ppf":    lambda q: 0.5 / sc.erfcinv(q)**2,      "isf":    lambda q: 0.5 / sc.erfinv(q)**2,
    },
    st.levy_l: {
        "logpdf": lambda x: -LOG_ROOT_TWO_PI - 1.5 * np.log(-x) + 0.5 / x,
        "cdf":    lambda x: sc.erf(np.sqrt(-0.5 / x)),   "sf":     lambda x: sc.erfc(np.sqrt(-0.5 / x)),
        "ppf":    lambda q: -0.5 / sc.erfinv(q)**2,      "isf":    lambda q: -0.5 / sc.erfcinv(q)**2,
    },
}
# fmt: on
