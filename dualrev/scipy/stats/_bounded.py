"""Families on an interval: formulas of the standard ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats as st

from ...fronts.keywords import values
from ...primitive import Array
from ..mirror import every_value
from ._derived import (
    LOG_2,
    LOG_PI,
    LOG_ROOT_TWO_PI,
    Formula,
    log1m_square,
    log1mexp,
    log_normal_mass,
    minus_sin,
    two_tails,
)

# fmt: off

# -- the truncated normal distribution ---------------------------------------------------------------

def _truncnorm_log(x: Array, a: Array, b: Array, upper: bool) -> Array:
    """The logarithm of a tail; near 0 from that of the other one."""
    whole = log_normal_mass(a, b)
    below, above = log_normal_mass(a, x) - whole, log_normal_mass(x, b) - whole
    one, other = (above, below) if upper else (below, above)
    near = values(one) > -0.1
    return np.where(near, log1mexp(np.where(near, other, -1.0)), one)


# -- others ---------------------------------------------------------------------------------------------


def _johnsonsb(x: Array, a: Array, b: Array) -> Array:
    return a + b * (np.log(x) - np.log1p(-x))


def _semicircle(x: Array) -> Array:
    """``(u - sin u) / (2 pi)`` with the angle ``u = 2 arccos(-x)``."""
    return minus_sin(4 * np.arcsin(np.sqrt(0.5 * (1 + x)))) / (2 * math.pi)


PI_REST = 1.2246467991473532e-16  # what a double leaves of pi


def _cosine(x: Array) -> Array:
    return minus_sin(math.pi + x + PI_REST) / (2 * math.pi)


def _truncated(x: Array, b: Array) -> Array:
    return np.exp(-b) * np.expm1(b - x) / -np.expm1(-b)


def _truncpareto_sf(x: Array, b: Array, c: Array) -> Array:
    return np.exp(-b * np.log(c)) * np.expm1(b * np.log1p((c - x) / x)) / -np.expm1(-b * np.log(c))


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)


def _argus_cdf(x: Array, chi: Array) -> Array:
    """The integral of the density from 0, by Gauss and Legendre, for ``x < 1/2``, where its complement
    leaves nothing."""

    def near(x: Array) -> Array:
        t = np.expand_dims(0.5 * x, -1) * (1 + _NODES)
        shape = np.expand_dims(chi, -1) if np.ndim(chi) else chi
        return 0.5 * x * np.sum(np.exp(_argus_logpdf(t, shape)) * _WEIGHTS, axis=-1)

    small = values(x) < 0.5
    if np.all(every_value(small)):
        return near(x)
    rest = 1 - _argus_sf(np.where(small, 0.5, x), chi)
    return np.where(small, near(np.where(small, x, 0.5)), rest)


def _triang(x: Array, c: Array, low: Formula, high: Formula) -> Array:
    left = values(x) < values(c)
    return np.where(left, low(np.where(left, x, 1.0), np.where(left, c, 1.0)), high(np.where(left, 0.0, x), np.where(left, 0.0, c)))


def _argus_sf(x: Array, chi: Array) -> Array:
    return sc.gammainc(1.5, 0.5 * chi**2 * (1 - x) * (1 + x)) / sc.gammainc(1.5, 0.5 * chi**2)


def _argus_logpdf(x: Array, chi: Array) -> Array:
    norm = 3 * np.log(chi) - LOG_ROOT_TWO_PI - np.log(0.5 * sc.gammainc(1.5, 0.5 * chi**2))
    return norm + np.log(x) + 0.5 * log1m_square(x) - 0.5 * chi**2 * (1 - x) * (1 + x)


_loguniform: dict[str, Formula] = {
    "logpdf": lambda x, a, b: -np.log(x) - np.log(np.log(b) - np.log(a)),
    **two_tails(lambda x, a, b: np.log1p((x - a) / a) / np.log1p((b - a) / a), lambda x, a, b: np.log1p((b - x) / x) / np.log1p((b - a) / a)),
    "ppf":    lambda q, a, b: np.exp(np.log(a) + q * (np.log(b) - np.log(a))),
    "isf":    lambda q, a, b: np.exp(np.log(b) - q * (np.log(b) - np.log(a))),
    "ends":   lambda a, b: (a, b),
    "mean":   lambda a, b: (b - a) / (np.log(b) - np.log(a)),
}

FORMULAS: dict[Any, dict[str, Formula]] = {
    st.anglit: {
        "logpdf": lambda x: np.log(np.cos(2 * x)),
        "cdf":    lambda x: np.sin(x + math.pi / 4)**2,  "sf":     lambda x: np.cos(x + math.pi / 4)**2,
        "ppf":    lambda q: np.arcsin(np.sqrt(q)) - math.pi / 4, "isf": lambda q: math.pi / 4 - np.arcsin(np.sqrt(q)),
        "mean":   lambda: 0.0,                           "var":    lambda: math.pi**2 / 16 - 0.5,
        "entropy": lambda: 1 - LOG_2,
    },
    st.arcsine: {
        "logpdf": lambda x: -LOG_PI - 0.5 * np.log(x) - 0.5 * np.log1p(-x),
        **two_tails(lambda x: 2 / math.pi * np.arcsin(np.sqrt(x)), lambda x: 2 / math.pi * np.arcsin(np.sqrt(1 - x))),
        "ppf":    lambda q: np.sin(math.pi / 2 * q)**2,  "isf":    lambda q: np.cos(math.pi / 2 * q)**2,
        "mean":   lambda: 0.5,                           "var":    lambda: 0.125,
    },
    st.argus:   {"logpdf": _argus_logpdf, **two_tails(_argus_cdf, _argus_sf)},
    st.bradford: {
        "logpdf": lambda x, c: np.log(c) - np.log1p(c * x) - np.log(np.log1p(c)),
        **two_tails(lambda x, c: np.log1p(c * x) / np.log1p(c), lambda x, c: np.log1p(c * (1 - x) / (1 + c * x)) / np.log1p(c)),
        "ppf":    lambda q, c: np.expm1(q * np.log1p(c)) / c, "isf": lambda q, c: 1 + (1 + c) / c * np.expm1(-q * np.log1p(c)),
    },
    st.cosine: {
        "logpdf": lambda x: LOG_2 + 2 * np.log(np.cos(0.5 * x)) - 2 * LOG_ROOT_TWO_PI,
        "cdf":    _cosine,                               "sf":     lambda x: _cosine(-x),
    },
    st.johnsonsb: {
        "logpdf": lambda x, a, b: np.log(b) - np.log(x) - np.log1p(-x) - 0.5 * _johnsonsb(x, a, b)**2 - LOG_ROOT_TWO_PI,
        "cdf":    lambda x, a, b: sc.ndtr(_johnsonsb(x, a, b)), "logcdf": lambda x, a, b: sc.log_ndtr(_johnsonsb(x, a, b)),
        "sf":     lambda x, a, b: sc.ndtr(-_johnsonsb(x, a, b)), "logsf": lambda x, a, b: sc.log_ndtr(-_johnsonsb(x, a, b)),
        "ppf":    lambda q, a, b: sc.expit((sc.ndtri(q) - a) / b), "isf": lambda q, a, b: sc.expit((-sc.ndtri(q) - a) / b),
    },
    st.loguniform: _loguniform,
    st.reciprocal: _loguniform,
    st.powerlaw: {
        "logpdf": lambda x, a: np.log(a) + sc.xlogy(a - 1, x),
        "logcdf": lambda x, a: a * np.log(x),
        "ppf":    lambda q, a: q**(1 / a),               "isf":    lambda q, a: np.exp(np.log1p(-q) / a),
        "mean":   lambda a: a / (a + 1),                 "var":    lambda a: a / ((a + 2) * (a + 1)**2),
        "entropy": lambda a: 1 - 1 / a - np.log(a),
    },
    st.rdist: {
        "logpdf": lambda x, c: (0.5 * c - 1) * log1m_square(x) - LOG_2 * (c - 1) - sc.betaln(0.5 * c, 0.5 * c),
        "cdf":    lambda x, c: sc.betainc(0.5 * c, 0.5 * c, 0.5 * (x + 1)),
        "sf":     lambda x, c: sc.betainc(0.5 * c, 0.5 * c, 0.5 * (1 - x)),
    },
    st.semicircular: {
        "logpdf": lambda x: LOG_2 - LOG_PI + 0.5 * log1m_square(x),
        "cdf":    _semicircle,                           "sf":     lambda x: _semicircle(-x),
        "mean":   lambda: 0.0,                           "var":    lambda: 0.25,
    },
    st.triang: {
        "logpdf": lambda x, c: LOG_2 + _triang(x, c, lambda x, c: np.log(x) - np.log(c), lambda x, c: np.log1p(-x) - np.log1p(-c)),
        "cdf":    lambda x, c: _triang(x, c, lambda x, c: x * x / c, lambda x, c: 1 - (1 - x)**2 / (1 - c)),
        "sf":     lambda x, c: _triang(x, c, lambda x, c: 1 - x * x / c, lambda x, c: (1 - x)**2 / (1 - c)),
        "ppf":    lambda q, c: _triang(q, c, lambda q, c: np.sqrt(c * q), lambda q, c: 1 - np.sqrt((1 - c) * (1 - q))),
        "isf":    lambda q, c: 1 - _triang(q, 1 - c, lambda q, c: np.sqrt(c * q), lambda q, c: 1 - np.sqrt((1 - c) * (1 - q))),
        "mean":   lambda c: (c + 1) / 3,                 "var":    lambda c: (1 - c + c * c) / 18,
    },
    st.truncexpon: {
        "logpdf": lambda x, b: -x - np.log(-np.expm1(-b)),
        **two_tails(lambda x, b: np.expm1(-x) / np.expm1(-b), _truncated),
        "ppf":    lambda q, b: -np.log1p(q * np.expm1(-b)),
        "ends":   lambda b: (0.0 * b, b),
    },
    st.truncnorm: {
        "logpdf": lambda x, a, b: -0.5 * x * x - LOG_ROOT_TWO_PI - log_normal_mass(a, b),
        "logcdf": lambda x, a, b: _truncnorm_log(x, a, b, False),
        "logsf":  lambda x, a, b: _truncnorm_log(x, a, b, True),
        "cdf":    lambda x, a, b: np.exp(_truncnorm_log(x, a, b, False)),
        "sf":     lambda x, a, b: np.exp(_truncnorm_log(x, a, b, True)),
        "ends":   lambda a, b: (a, b),
    },
    st.truncpareto: {
        "logpdf": lambda x, b, c: np.log(b / -np.expm1(-b * np.log(c))) - (b + 1) * np.log(x),
        **two_tails(lambda x, b, c: np.expm1(-b * np.log(x)) / np.expm1(-b * np.log(c)), _truncpareto_sf),
        "ppf":    lambda q, b, c: np.exp(-np.log1p(q * np.expm1(-b * np.log(c))) / b),
        "ends":   lambda b, c: (0.0 * b + 1.0, c),
    },
}
# fmt: on
