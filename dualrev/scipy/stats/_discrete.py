"""Discrete distributions: differentiable in their real parameters, not in counts and places."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats as st

from ...fronts.keywords import as_shaped, values
from ...fronts.packing import holds_tracers
from ...primitive import Array
from ..mirror import Table, no_rule, of_examples
from ._distribution import Formula, Mirrored, double, mirrored, select


def _count(dist: Any, k: Any, args: Any, kwds: Any) -> tuple[Any, list[Array], Any, Any, Any]:
    """The shifted count, shapes, and support."""
    shapes, loc, _ = dist._parse_args(*args, **kwds)
    counts = (k, loc, shapes[0]) if dist.name == "binom" else (k, loc)
    if any(holds_tracers(v) and values(v) is not v for v in counts):
        no_rule(
            f"scipy.stats.{dist.name} in its count or its place loc",
            "counts are integers: keep them constant, or say dr.stop_gradient(k)",
        )
    k = as_shaped(values(k)) - as_shaped(values(loc))
    shapes = [double(s) for s in shapes]
    point, low, high, valid = dist._place(k, shapes, 1.0)
    shapes = [select(valid, s, 1.0) for s in shapes]
    return point, shapes, low, high, valid


def _mass(log: bool) -> Any:
    def evaluate(dist: Mirrored, k: Any, args: Any, kwds: Any) -> Array:
        k, shapes, low, high, valid = _count(dist, k, args, kwds)
        inside = valid & (k >= low) & (k <= high) & (np.floor(k) == k)
        value = dist._formula("logpmf")(np.where(inside, k, 0), *shapes)
        value = select(inside, value, -np.inf) if log else select(inside, np.exp(value), 0.0)
        return select(valid, value, np.nan)

    return evaluate


def _distribution(method: str, log: bool) -> Any:
    def evaluate(dist: Mirrored, k: Any, args: Any, kwds: Any) -> Array:
        k, shapes, low, high, valid = _count(dist, k, args, kwds)
        inside = valid & (k >= low) & (k < high) & np.isfinite(k)
        value = dist._formula(method)(np.floor(np.where(inside, k, 0)), *shapes)
        ends = (k >= high) if method == "cdf" else (k < low)
        value = select(inside, value, np.where(ends, 1.0, 0.0))
        if log:
            with np.errstate(divide="ignore"):
                value = np.log(value)
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


# fmt: off
FORMULAS: dict[Any, dict[str, Formula]] = {
    st.poisson: {
        "logpmf": lambda k, mu: sc.xlogy(k, mu) - sc.gammaln(k + 1.0) - mu,
        "cdf":    lambda k, mu: sc.pdtr(k, mu),
        "sf":     lambda k, mu: sc.pdtrc(k, mu),
    },
    st.binom: {
        "logpmf": lambda k, n, p: _choose(n, k) + sc.xlogy(k, p) + sc.xlog1py(n - k, -p),
        "cdf":    lambda k, n, p: sc.betaincc(k + 1.0, n - k, p),
        "sf":     lambda k, n, p: sc.betainc(k + 1.0, n - k, p),
    },
    st.nbinom: {
        "logpmf": lambda k, n, p: sc.gammaln(n + k) - sc.gammaln(k + 1.0) - sc.gammaln(n) + n * np.log(p) + sc.xlog1py(k, -p),
        "cdf":    lambda k, n, p: sc.betainc(n, k + 1.0, p),
        "sf":     lambda k, n, p: sc.betaincc(n, k + 1.0, p),
    },
}
# fmt: on


FUNCTIONS: Table = {
    original: mirrored(original, METHODS, formulas) for original, formulas in FORMULAS.items()
}
