"""Continuous distributions: formulas of the standard ones, as in SciPy, and what shifts and scales them.

At the ends of a support, where a distribution function has a kink, its derivative is 0, the
subgradient of least norm. Derivatives with respect to shapes exist where the special functions have them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats as st

from ...fronts.keywords import values
from ...primitive import Array
from ..mirror import Table, every_value
from ._distribution import Formula, Mirrored, double, mirrored, select

LOG_2, LOG_PI, ROOT_TWO_PI = math.log(2), math.log(math.pi), math.sqrt(2 * math.pi)
LOG_ROOT_TWO_PI = math.log(ROOT_TWO_PI)

# -- the methods -------------------------------------------------------------------------------


class _Call:
    """A call of a method: the standardised point, kept inside the support, and parameters."""

    def __init__(self, dist: Any, x: Any, args: Any, kwds: Any, closed: bool) -> None:
        shapes, loc, scale = dist._parse_args(*args, **kwds)
        self.shapes = [double(s) for s in shapes]
        self.scale = double(scale)
        z = (double(x) - double(loc)) / self.scale
        point, low, high, self.valid = dist._place(z, self.shapes, self.scale)
        self.above = point >= high
        inside = (point >= low) & (point <= high) if closed else (point > low) & (point < high)
        if closed and "open" in dist._formulas:
            inside = inside & (point > low)
        self.inside = inside & self.valid
        self.z = select(self.inside, z, 0.5)  # which stands in every support
        # Parameters that make no sense are replaced too: their formulas would warn.
        self.shapes = [select(self.valid, s, 1.0) for s in self.shapes]
        self.scale = select(self.valid, self.scale, 1.0)

    def finish(self, value: Array, outside: Any) -> Array:
        value = select(self.inside, value, outside)
        return select(self.valid, value, np.nan)


def _logpdf(dist: Mirrored, x: Any, args: Any, kwds: Any) -> Array:
    call = _Call(dist, x, args, kwds, closed=True)
    value = dist._formula("logpdf")(call.z, *call.shapes) - np.log(call.scale)
    return call.finish(value, -np.inf)


def _pdf(dist: Mirrored, x: Any, args: Any, kwds: Any) -> Array:
    call = _Call(dist, x, args, kwds, closed=True)
    if "pdf" in dist._formulas:
        value = dist._formula("pdf")(call.z, *call.shapes)
    else:
        value = np.exp(dist._formula("logpdf")(call.z, *call.shapes))
    return call.finish(value / call.scale, 0.0)


def _distribution(method: str, other: str, log: bool, below: float, above: float) -> Any:
    """`cdf`, `sf`, or the logarithm of one, whose formula may be that of `other`."""

    def evaluate(dist: Mirrored, x: Any, args: Any, kwds: Any) -> Array:
        call = _Call(dist, x, args, kwds, closed=False)
        value = dist._formula(method, other)(call.z, *call.shapes)
        if log and method not in dist._formulas:
            value = np.log(value)
        return call.finish(value, np.where(call.above, above, below))

    return evaluate


def _quantile(method: str) -> Any:
    def evaluate(dist: Any, q: Any, args: Any, kwds: Any) -> Array:
        shapes, loc, scale = dist._parse_args(*args, **kwds)
        shapes, loc, scale, q = [double(s) for s in shapes], double(loc), double(scale), double(q)
        point, low, high, valid = dist._place(q, shapes, scale)
        if method == "isf":
            low, high = high, low
        inside = valid & (point > 0) & (point < 1)
        safe = select(inside, q, 0.5)
        value = dist._formula(method)(safe, *[select(valid, s, 1.0) for s in shapes])
        value = value * scale + loc
        for end, at in ((low, point == 0), (high, point == 1)):
            if np.any(every_value(at)):
                finite = np.where(np.isfinite(end), end, 0.0) * scale + loc
                value = np.where(at, np.where(np.isfinite(end), finite, end), value)
        return select(valid & (point >= 0) & (point <= 1), value, np.nan)

    return evaluate


METHODS = {
    "logpdf": _logpdf,
    "pdf": _pdf,
    "cdf": _distribution("cdf", "", False, 0.0, 1.0),
    "sf": _distribution("sf", "", False, 1.0, 0.0),
    "logcdf": _distribution("logcdf", "cdf", True, -np.inf, 0.0),
    "logsf": _distribution("logsf", "sf", True, 0.0, -np.inf),
    "ppf": _quantile("ppf"),
    "isf": _quantile("isf"),
}

# -- the standard distributions ------------------------------------------------------------------


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
        "logpdf": _lognorm_logpdf,                       "open":   _lognorm_logpdf,  # at 0 the density is 0
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
        "logpdf": lambda x: sc.log_expit(x) + sc.log_expit(-x),
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
# fmt: on

FUNCTIONS: Table = {
    original: mirrored(original, METHODS, formulas) for original, formulas in FORMULAS.items()
}
