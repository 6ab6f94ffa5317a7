"""Distributions of `scipy.stats` that take traced arguments.

A mirrored distribution is an instance of a class derived from SciPy's own: with plain arguments
SciPy's methods run; with traced ones the formulas of the standard distribution, shifted and scaled.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats as st

from ...fronts.keywords import as_shaped, values
from ...primitive import Array
from ..mirror import Table, any_traced, every_value, no_rule, of_examples

Formula = Callable[..., Array]

# Methods without formulas: integrals, estimators, random numbers, moments.
_REFUSED = (
    "rvs", "stats", "moment", "entropy", "mean", "var", "std", "median", "interval", "expect", "fit",
    "nnlf", "fit_loc_scale", "support",
)  # fmt: skip
_WITHOUT = "write the formula with NumPy, or say dr.stop_gradient(x) if a constant is meant"


def double(x: Any) -> Array:
    """`x` in double precision, in which SciPy evaluates every distribution."""
    x = as_shaped(x)
    return x if x.dtype == np.float64 else x.astype(np.float64)


def select(mask: Any, value: Array, other: Any) -> Array:
    """`value` where the mask holds, else `other`: nothing is done if it holds everywhere."""
    return value if np.all(every_value(mask)) else np.where(mask, value, other)


def scipys_own(name: str) -> Any:
    return getattr(st, name)


class Mirrored:
    """What both kinds of distribution share; stands before SciPy's class among the bases."""

    name: str
    _formulas: dict[str, Formula]

    def freeze(self, *args: Any, **kwds: Any) -> Any:
        if not any_traced(args, kwds):
            return super().freeze(*args, **kwds)  # type: ignore[misc]
        plain = [every_value(a) for a in args], {key: every_value(v) for key, v in kwds.items()}
        frozen = copy.copy(super().freeze(*plain[0], **plain[1]))  # type: ignore[misc]
        frozen.dist, frozen.args, frozen.kwds = self, args, kwds
        return frozen

    def __call__(self, *args: Any, **kwds: Any) -> Any:
        return self.freeze(*args, **kwds)

    def __reduce__(self) -> Any:
        return scipys_own, (self.name,)

    def _formula(self, method: str, default: str = "") -> Formula:
        formula = self._formulas.get(method) or self._formulas.get(default)
        if formula is None:
            no_rule(f"scipy.stats.{self.name}.{method}", _WITHOUT)
        return formula

    def _place(self, z: Array, shapes: Any, scale: Any) -> tuple[Any, Any, Any, Any]:
        """The plain point and support; where the parameters make sense."""

        def judged(scale: Any, *shapes: Any) -> Any:
            size = np.broadcast_shapes(np.shape(scale), *map(np.shape, shapes))
            low, high = self._get_support(*shapes)  # type: ignore[attr-defined]
            valid = self._argcheck(*shapes) & (scale > 0)  # type: ignore[attr-defined]
            return tuple([np.broadcast_to(v, size) for v in (low, high, valid)])

        low, high, valid = of_examples(judged, *map(values, (scale, *shapes)))
        point = values(z)
        return point, low, high, valid & ~np.isnan(point)


def _method(name: str, traced: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, x: Any, *args: Any, **kwds: Any) -> Any:
        if not any_traced((x, *args), kwds):
            return getattr(super(self._mirror, self), name)(x, *args, **kwds)
        return traced(self, x, args, kwds)

    method.__name__ = name
    return method


def _refused(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwds: Any) -> Any:
        if any_traced(args, kwds):
            no_rule(f"scipy.stats.{self.name}.{name}", _WITHOUT)
        return getattr(super(self._mirror, self), name)(*args, **kwds)

    method.__name__ = name
    return method


class Refusing(Mirrored):
    """A distribution without formulas: a named error for traced arguments."""

    def freeze(self, *args: Any, **kwds: Any) -> Any:
        if any_traced(args, kwds):
            no_rule(f"scipy.stats.{self.name}", _WITHOUT)
        return super().freeze(*args, **kwds)


_EVALUATIONS = ("pdf", "logpdf", "pmf", "logpmf", "cdf", "logcdf", "sf", "logsf", "ppf", "isf")


def mirrored(original: Any, methods: dict[str, Any], formulas: dict[str, Formula]) -> Any:
    """`original`, with methods that take traced arguments."""
    kind = type(original)
    body = {name: _method(name, traced) for name, traced in methods.items()}
    refused = (*_REFUSED, *_EVALUATIONS)
    body |= {name: _refused(name) for name in refused if name not in body and hasattr(kind, name)}
    base = Mirrored if methods else Refusing
    cls: Any = type(kind.__name__, (base, kind), {**body, "_formulas": formulas})
    cls._mirror = cls
    ours = object.__new__(cls)
    ours.__dict__.update(original.__dict__)
    return ours


def refusing_others(known: Table) -> Table:
    """All other distributions of SciPy, which refuse traced arguments by name."""
    others = {}
    for name in dir(st):
        value = getattr(st, name)
        if isinstance(value, (st.rv_continuous, st.rv_discrete)) and value not in known:
            others[value] = mirrored(value, {}, {})
    return others
