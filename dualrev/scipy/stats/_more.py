"""Noncentral t and F distributions, Pearson's third kind, and the four-parameter kappa distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats as st

from ...fronts.keywords import values
from ...primitive import Array
from ...rules.noncentral import ncfdtr, t_by, t_moment
from ..mirror import every_value
from ._derived import (
    LOG_ROOT_TWO_PI,
    Formula,
    either,
    expm1_over,
    integrals,
    log1p_over,
    log1prel_slope,
)

# -- noncentral ones: the partials of their distribution functions, see `rules.noncentral` -----------


def _nct_pdf(x: Array, df: Array, nc: Array) -> Array:
    return t_moment(1, 0, 0)(df, nc, x)


def _ncf_by(k: int) -> Formula:
    partial: Any = ncfdtr.partials[k]  # type: ignore[attr-defined, index]
    return lambda x, dfn, dfd, nc: partial(values(x), dfn, dfd, nc, x)


_ncf_pdf = _ncf_by(3)


def _log_of(pdf: Formula) -> Formula:
    return lambda x, *shapes: np.log(pdf(x, *shapes))


# -- Pearson's third kind: a gamma distribution of mean 0, variance 1 and the given skewness ----------

_SMALL = 1.6e-5  # of the skewness, below which SciPy takes the normal distribution
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360)


def _stirling(skew: Array) -> Array:
    """``log Gamma(a) - (a - 1/2) log a + a - log(2 pi) / 2`` for ``a = 4 / skew**2``. [DLMF 5.11.1]"""

    def series(s: Array) -> Array:
        r = 0.25 * s * s
        total = 0.0 * r
        for c in _STIRLING[::-1]:
            total = total * r * r + c
        return r * total

    def direct(s: Array) -> Array:
        a = 4 / (s * s)
        return sc.gammaln(a) - (a - 0.5) * np.log(a) + a - LOG_ROOT_TWO_PI

    return either(np.abs(values(skew)) < 0.5, series, direct, skew, 0.5)


def _log1p_rest(w: Array) -> Array:
    """``(log(1 + w) - w) / w**2``, by the derivative of ``log(1 + w) / w`` where `w` is small."""
    near = lambda w: -1 / (1 + w) - log1prel_slope(w)
    return either(np.abs(values(w)) < 0.5, near, lambda w: (np.log1p(w) - w) / w**2, w, 0.5)


def _pearson3_logpdf(x: Array, skew: Array) -> Array:
    """``-log(2 pi) / 2 + a (log(1 + w) - w) - log(1 + w) - stirling(a)``, ``a = 4 / skew**2``,
    ``w = skew x / 2``: normal for no skewness. [Johnson, Kotz & Balakrishnan 1994, eq. 17.2]"""
    inside = values(skew * x) > -2
    w = 0.5 * skew * x
    w = w if np.all(every_value(inside)) else np.where(inside, w, 0.0)
    value = x * x * _log1p_rest(w) - np.log1p(w) - LOG_ROOT_TWO_PI - _stirling(skew)
    return value if np.all(every_value(inside)) else np.where(inside, value, -np.inf)


def _pearson3(upper: bool) -> Formula:
    def tail(x: Array, skew: Array) -> Array:
        small = np.abs(values(skew)) < _SMALL
        every = np.all(every_value(small))
        result: Any = 0.0
        if np.any(every_value(small)):
            result = _edgeworth(x, skew if every else np.where(small, skew, 0.0), upper)
            if every:
                return result
        s = np.where(small, 1.0, skew)
        a = 4 / (s * s)
        inside = values(s * x) > -2
        y = a * (1 + 0.5 * s * np.where(inside, x, 0.0))
        turned = values(s) < 0
        value = np.where(turned ^ upper, sc.gammaincc(a, y), sc.gammainc(a, y))
        value = np.where(inside, value, np.where(turned ^ upper, 1.0, 0.0))
        return np.where(small, result, value)

    return tail


def _edgeworth(x: Array, s: Array, upper: bool) -> Array:
    """To the second order in the skewness. [Abramowitz & Stegun 1964, 26.2.48]"""
    first = (x * x - 1) / 6
    second = (x**3 - 3 * x) / 16 + (x**5 - 10 * x**3 + 15 * x) / 72
    gap = np.exp(-0.5 * x * x - LOG_ROOT_TWO_PI) * (s * first + s * s * second)
    return sc.ndtr(-x) + gap if upper else sc.ndtr(x) - gap


# -- kappa of four parameters, those of the place and the scale among them ------------------------------


def _kappa4_logs(x: Array, h: Array, k: Array) -> tuple[Array, Array]:
    """``t = log(1 - k x) / k`` and ``log cdf = log(1 - h exp(t)) / h``. [Hosking 1994, eqs. 1-2]"""
    t = -log1p_over(-k, x)
    return t, -log1p_over(-h, np.exp(t))


def _kappa4_logpdf(x: Array, h: Array, k: Array) -> Array:
    at_end = values(h * np.exp(-log1p_over(-k, x))) >= 1  # where the cdf is 0
    some = np.any(every_value(at_end))
    t, log = _kappa4_logs(np.where(at_end, 0.5 / k, x) if some else x, h, k)
    value = (1 - h) * log + (1 - k) * t
    return np.where(at_end, np.where(values(h) < 1, -np.inf, np.inf), value) if some else value


def _kappa4_root(log: Array, h: Array, k: Array) -> Array:
    return -expm1_over(k, np.log(-expm1_over(h, log)))


# fmt: off
FORMULAS: dict[Any, dict[str, Formula]] = {
    st.nct: {
        "logpdf": _log_of(_nct_pdf), "pdf": _nct_pdf,
        **integrals(st.nct, _log_of(_nct_pdf), lambda x, df, nc: t_by(1)(df, nc, x), lambda x, df, nc: -t_moment(0, 0, 0)(df, nc, x)),
    },
    st.ncf: {
        "logpdf": _log_of(_ncf_pdf), "pdf": _ncf_pdf,
        **integrals(st.ncf, _log_of(_ncf_pdf), _ncf_by(0), _ncf_by(1), _ncf_by(2)),
    },
    st.pearson3: {
        "logpdf": _pearson3_logpdf,
        "cdf":    _pearson3(False),                      "sf":     _pearson3(True),
        "mean":   lambda s: 0.0 * s,                     "var":    lambda s: 0.0 * s + 1.0,
    },
    st.kappa4: {
        "logpdf": _kappa4_logpdf,
        "logcdf": lambda x, h, k: _kappa4_logs(x, h, k)[1],
        "ppf":    lambda q, h, k: _kappa4_root(np.log(q), h, k), "isf": lambda q, h, k: _kappa4_root(np.log1p(-q), h, k),
    },
}
# fmt: on
