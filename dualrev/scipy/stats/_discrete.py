"""Discrete distributions: differentiable in their real parameters, not in counts and places."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats as st

from ...fronts.keywords import as_shaped, values
from ...fronts.packing import holds_tracers
from ...primitive import Array
from ...rules.zeta import hurwitz_derivative, riemann_derivative
from ..mirror import Table, no_rule, of_examples
from . import _continuous
from ._derived import Formula, select
from ._distribution import Mirrored, double, mirrored


def _count(dist: Any, k: Any, args: Any, kwds: Any) -> tuple[Any, list[Array], Any, Any, Any]:
    """The shifted count, shapes, and support."""
    shapes, loc, _ = dist._parse_args(*args, **kwds)
    counts = (k, loc, *[shapes[j] for j in COUNTS.get(dist.name, ())])
    if any(holds_tracers(v) and values(v) is not v for v in counts):
        no_rule(
            f"scipy.stats.{dist.name} in its count or its place loc",
            "counts are integers: keep them constant, or say dr.stop_gradient(k)",
        )
    k = as_shaped(values(k)) - as_shaped(values(loc))
    shapes = [double(s) for s in shapes]
    point, low, high, valid, _ = dist._place(k, shapes, 1.0)
    shapes = dist._sensible(valid, shapes)
    return point, shapes, low, high, valid


def _mass(log: bool) -> Any:
    def evaluate(dist: Mirrored, k: Any, args: Any, kwds: Any) -> Array:
        k, shapes, low, high, valid = _count(dist, k, args, kwds)
        inside = valid & (k >= low) & (k <= high) & (np.floor(k) == k)
        inner = np.where(inside, k, np.where(np.isfinite(low), low, 0))
        value = dist._formula("logpmf")(inner, *shapes)
        value = select(inside, value, -np.inf) if log else select(inside, np.exp(value), 0.0)
        return select(valid, value, np.nan)

    return evaluate


def _distribution(method: str, log: bool) -> Any:
    def evaluate(dist: Mirrored, k: Any, args: Any, kwds: Any) -> Array:
        k, shapes, low, high, valid = _count(dist, k, args, kwds)
        inside = valid & (k >= low) & (k < high) & np.isfinite(k)
        inner = np.where(inside, k, np.where(np.isfinite(low), low, 0))
        value = dist._formula(method)(np.floor(inner), *shapes)
        ends = (k >= high) if method == "cdf" else (k < low)
        if log:
            value = np.log(select(inside, value, 1.0))
            value = select(inside, value, np.where(ends, 0.0, -np.inf))
        else:
            value = select(inside, value, np.where(ends, 1.0, 0.0))
        return select(valid, value, np.nan)

    return evaluate


def _constant(method: str) -> Any:
    """Quantiles are steps: their derivative is 0 wherever it exists."""

    def evaluate(dist: Any, q: Any, args: Any, kwds: Any) -> Array:
        def step(q: Any, *shapes: Any) -> Any:
            rest = dict(zip(kwds, shapes[len(args) :], strict=True))
            return getattr(dist, method)(q, *shapes[: len(args)], **rest)

        return of_examples(step, *map(values, (q, *args, *kwds.values())))

    return evaluate


COUNTS = {"binom": (0,), "betabinom": (0,), "boltzmann": (1,)}  # shapes that are counts

METHODS = {
    "logpmf": _mass(True),
    "pmf": _mass(False),
    "cdf": _distribution("cdf", False),
    "sf": _distribution("sf", False),
    "logcdf": _distribution("cdf", True),
    "logsf": _distribution("sf", True),
    "ppf": _constant("ppf"),
    "isf": _constant("isf"),
}


def _choose(n: Array, k: Any) -> Array:
    return sc.gammaln(n + 1) - (sc.gammaln(k + 1.0) + sc.gammaln(n - k + 1))


def _skellam(k: Any, a: Array, b: Array) -> Array:
    """``exp(-a - b) (a/b)**(k/2) I_k(2 sqrt(a b))``. [Skellam 1946]"""
    bessel = np.log(sc.ive(np.abs(k), 2 * np.sqrt(a * b)))
    return 0.5 * k * (np.log(a) - np.log(b)) - (np.sqrt(a) - np.sqrt(b)) ** 2 + bessel


def _dlaplace_tail(k: Any, a: Array) -> Array:
    """``P(X <= -k)`` for ``k >= 1``."""
    return np.exp(-a * k) / (1 + np.exp(-a))


def _dlaplace_cdf(k: Any, a: Array) -> Array:
    low = k < 0
    tail = _dlaplace_tail(np.where(low, -k, k + 1), a)
    return np.where(low, tail, 1 - tail)


def _dlaplace_sf(k: Any, a: Array) -> Array:
    low = k < 0
    tail = _dlaplace_tail(np.where(low, -k, k + 1), a)
    return np.where(low, 1 - tail, tail)


# fmt: off
FORMULAS: dict[Any, dict[str, Formula]] = {
    st.poisson: {
        "logpmf": lambda k, mu: sc.xlogy(k, mu) - sc.gammaln(k + 1.0) - mu,
        "cdf":    lambda k, mu: sc.pdtr(k, mu),
        "sf":     lambda k, mu: sc.pdtrc(k, mu),
        "mean":   lambda mu: mu,                         "var":    lambda mu: mu,
    },
    st.binom: {
        "logpmf": lambda k, n, p: _choose(n, k) + sc.xlogy(k, p) + sc.xlog1py(n - k, -p),
        "cdf":    lambda k, n, p: sc.betaincc(k + 1.0, n - k, p),
        "sf":     lambda k, n, p: sc.betainc(k + 1.0, n - k, p),
        "mean":   lambda n, p: n * p,                    "var":    lambda n, p: n * p * (1 - p),
    },
    st.nbinom: {
        "logpmf": lambda k, n, p: sc.gammaln(n + k) - sc.gammaln(k + 1.0) - sc.gammaln(n) + n * np.log(p) + sc.xlog1py(k, -p),
        "cdf":    lambda k, n, p: sc.betainc(n, k + 1.0, p),
        "sf":     lambda k, n, p: sc.betaincc(n, k + 1.0, p),
        "mean":   lambda n, p: n * (1 - p) / p,          "var":    lambda n, p: n * (1 - p) / p**2,
    },
    st.bernoulli: {
        "logpmf": lambda k, p: sc.xlogy(k, p) + sc.xlog1py(1 - k, -p),
        "cdf":    lambda k, p: 1 - p + 0.0 * k,          "sf":     lambda k, p: p + 0.0 * k,
        "mean":   lambda p: p,                           "var":    lambda p: p * (1 - p),
        "entropy": lambda p: sc.entr(p) + sc.entr(1 - p),
    },
    st.geom: {
        "logpmf": lambda k, p: sc.xlog1py(k - 1, -p) + np.log(p),
        "cdf":    lambda k, p: -np.expm1(sc.xlog1py(k, -p)),
        "sf":     lambda k, p: np.exp(sc.xlog1py(k, -p)),
        "mean":   lambda p: 1 / p,                       "var":    lambda p: (1 - p) / p**2,
    },
    st.planck: {
        "logpmf": lambda k, b: np.log(-np.expm1(-b)) - b * k,
        "cdf":    lambda k, b: -np.expm1(-b * (k + 1)),
        "sf":     lambda k, b: np.exp(-b * (k + 1)),
        "mean":   lambda b: 1 / np.expm1(b),             "var":    lambda b: np.exp(-b) / np.expm1(-b)**2,
    },
    st.boltzmann: {
        "logpmf": lambda k, b, n: np.log(np.expm1(-b) / np.expm1(-b * n)) - b * k,
        "cdf":    lambda k, b, n: np.expm1(-b * (k + 1)) / np.expm1(-b * n),
        "sf":     lambda k, b, n: np.exp(-b * (k + 1)) * np.expm1(-b * (n - k - 1)) / np.expm1(-b * n),
    },
    st.dlaplace: {
        "logpmf": lambda k, a: np.log(np.tanh(0.5 * a)) - a * np.abs(k),
        "cdf":    _dlaplace_cdf,                         "sf":     _dlaplace_sf,
        "mean":   lambda a: 0.0 * a,                     "var":    lambda a: 2 * np.exp(-a) / np.expm1(-a)**2,
    },
    st.logser: {
        "logpmf": lambda k, p: k * np.log(p) - np.log(k) - np.log(-np.log1p(-p)),
    },
    st.zipf: {
        "logpmf": lambda k, a: -a * np.log(k) - np.log(riemann_derivative(0)(a)),
        "cdf":    lambda k, a: 1 - hurwitz_derivative(0)(a, k + 1.0) / riemann_derivative(0)(a),
        "sf":     lambda k, a: hurwitz_derivative(0)(a, k + 1.0) / riemann_derivative(0)(a),
        "mean":   lambda a: np.where(values(a) > 2, riemann_derivative(0)(np.where(values(a) > 2, a - 1, 2.0)) / riemann_derivative(0)(a), np.inf),
    },
    st.yulesimon: {
        "logpmf": lambda k, a: np.log(a) + sc.betaln(k, a + 1),
        "cdf":    lambda k, a: 1 - k * sc.beta(k, a + 1),
        "sf":     lambda k, a: k * sc.beta(k, a + 1),
    },
    st.betabinom: {
        "logpmf": lambda k, n, a, b: -np.log(n + 1) - sc.betaln(n - k + 1, k + 1) + sc.betaln(k + a, n - k + b) - sc.betaln(a, b),
        "mean":   lambda n, a, b: n * a / (a + b),
        "var":    lambda n, a, b: n * (a + b + n) * (a / (a + b)) * (b / (a + b)) / (a + b + 1),
    },
    st.betanbinom: {
        "logpmf": lambda k, n, a, b: -np.log(n + k) - sc.betaln(n, k + 1) + sc.betaln(a + n, b + k) - sc.betaln(a, b),
    },
    st.skellam: {
        "logpmf": _skellam,
        "mean":   lambda a, b: a - b,                    "var":    lambda a, b: a + b,
    },
}
# fmt: on

NUMBERS = {name: _continuous.NUMBERS[name] for name in ("mean", "var", "std", "entropy")}

FUNCTIONS: Table = {
    original: mirrored(original, METHODS, formulas, NUMBERS)
    for original, formulas in FORMULAS.items()
}
