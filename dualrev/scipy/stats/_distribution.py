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
from ._derived import Formula

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

    def _formula(self, method: str) -> Formula:
        formula = self._formulas.get(method)
        if formula is None:
            no_rule(f"scipy.stats.{self.name}.{method}", _WITHOUT)
        return formula

    def _place(
        self, z: Array, shapes: Any, scale: Any, support: str = ""
    ) -> tuple[Any, Any, Any, Any, Any]:
        """The plain point and support; where parameters make sense, where the point is inside."""

        def judged(scale: Any, point: Any, *shapes: Any) -> Any:
            size = np.broadcast_shapes(np.shape(scale), np.shape(point), *map(np.shape, shapes))
            low, high = self._get_support(*shapes)  # type: ignore[attr-defined]
            valid = self._argcheck(*shapes) & (scale > 0) & ~np.isnan(point)  # type: ignore[attr-defined]
            inside = getattr(self, support)(point, *shapes) if support else valid
            return tuple([np.broadcast_to(v, size) for v in (low, high, valid, inside)])

        point = values(z)
        low, high, valid, inside = of_examples(judged, *map(values, (scale, point, *shapes)))
        return point, low, high, valid, inside

    def _sensible(self, valid: Any, shapes: list[Array]) -> list[Array]:
        """The shapes, and where they make no sense some that do."""
        if np.all(every_value(valid)):
            return shapes
        return [
            np.where(valid, s, safe)
            for s, safe in zip(shapes, _SAFE.get(self.name, (1.0,) * len(shapes)), strict=True)
        ]


# Shapes that make sense, where ones do not.
_SAFE = {
    "truncnorm": (-1.0, 1.0),
    "loguniform": (1.0, 2.0),
    "reciprocal": (1.0, 2.0),
    "truncpareto": (1.0, 2.0),
    "norminvgauss": (1.0, 0.0),
    "genhyperbolic": (1.0, 1.0, 0.0),
    "skewcauchy": (0.0,),
    "triang": (0.5,),
    "wrapcauchy": (0.5,),
    "crystalball": (1.0, 2.0),
    "zipf": (2.0,),
    "kappa4": (0.0, 0.0),
}


def _method(name: str, traced: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, x: Any, *args: Any, **kwds: Any) -> Any:
        if not any_traced((x, *args), kwds):
            return getattr(super(self._mirror, self), name)(x, *args, **kwds)
        return traced(self, x, args, kwds)

    method.__name__ = name
    return method


def _number(name: str, traced: Callable[..., Any]) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwds: Any) -> Any:
        if not any_traced(args, kwds):
            return getattr(super(self._mirror, self), name)(*args, **kwds)
        return traced(self, *args, **kwds)

    method.__name__ = name
    return method


def _follows(name: str, formulas: dict[str, Formula]) -> bool:
    """Whether a number that belongs to a distribution has a formula, or follows from others."""
    from_ = {"std": "var", "median": "ppf", "interval": "ppf", "nnlf": "logpdf"}
    return from_.get(name, name) in formulas


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


def mirrored(
    original: Any, methods: dict[str, Any], formulas: dict[str, Formula], numbers: Any = ()
) -> Any:
    """`original`, with methods that take traced arguments."""
    kind = type(original)
    body = {name: _method(name, traced) for name, traced in methods.items()}
    body |= {name: _number(name, numbers[name]) for name in numbers if _follows(name, formulas)}
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
