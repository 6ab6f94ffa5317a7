"""Distributions as objects, SciPy's newer kind, which refuse traced arguments by name."""

from __future__ import annotations

from typing import Any

import scipy.stats as st

from ..mirror import Table, any_traced, no_rule

_INSTEAD = {
    "Normal": "use scipy.stats.norm(loc=mu, scale=sigma)",
    "Uniform": "use scipy.stats.uniform(loc=a, scale=b - a)",
    "Logistic": "use scipy.stats.logistic(loc=mu, scale=s)",
    "Binomial": "use scipy.stats.binom(n, p)",
    "Mixture": "sum the densities of scipy.stats.norm and others, with weights",
}
_METHODS = (
    "pdf", "logpdf", "pmf", "logpmf", "cdf", "logcdf", "ccdf", "logccdf", "icdf", "ilogcdf", "iccdf",
    "ilogccdf", "mean", "median", "mode", "variance", "standard_deviation", "skewness", "kurtosis",
    "entropy", "logentropy", "moment",
)  # fmt: skip


def _refusing(original: Any) -> Any:
    name = original.__name__

    def refusing(method: str) -> Any:
        def call(self: Any, *args: Any, **kwds: Any) -> Any:
            if any_traced(args, kwds):
                no_rule(f"scipy.stats.{name}", _INSTEAD[name])
            return getattr(super(cls, self), method)(*args, **kwds)

        call.__name__ = method
        return call

    def plain_new(kind: Any, *args: Any, **kwds: Any) -> Any:
        return object.__new__(kind)  # SciPy's may make another class

    body: dict[str, Any] = {"__new__": plain_new}
    body |= {m: refusing(m) for m in ("__init__", *_METHODS) if hasattr(original, m)}
    cls: Any = type(name, (original,), {**body, "refuses": True, "__module__": original.__module__})
    return cls


FUNCTIONS: Table = {
    getattr(st, name): _refusing(getattr(st, name)) for name in _INSTEAD if hasattr(st, name)
}
