"""Continuous distributions: what shifts and scales the standard ones, whose formulas stand in tables.

A family is an entry of a table: see `_standard`, `_positive`, `_halves`, `_line`, `_bounded`, `_extremes`, `_more`;
what the entry leaves out follows from the rest: see `_derived`. At the ends of a support, where a
distribution function has a kink, its derivative is 0, the subgradient of least norm. Derivatives
with respect to shapes exist where the special functions have them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...fronts.keywords import values
from ...primitive import Array
from ..mirror import Table, every_value
from . import _bounded, _extremes, _halves, _line, _more, _positive, _standard
from ._derived import Formula, completed, select
from ._distribution import Mirrored, double, mirrored

# -- the methods -------------------------------------------------------------------------------


class _Call:
    """A call of a method: the standardised point, kept inside the support, and parameters."""

    def __init__(self, dist: Any, x: Any, args: Any, kwds: Any, closed: bool) -> None:
        shapes, loc, scale = dist._parse_args(*args, **kwds)
        self.shapes = [double(s) for s in shapes]
        self.scale = double(scale)
        z = (double(x) - double(loc)) / self.scale
        support = "_support_mask" if closed else "_open_support_mask"
        place = dist._place(z, self.shapes, self.scale, support)
        point, low, high, self.valid, inside = place
        self.above = point >= high
        self.inside = inside & self.valid
        if closed:  # densities vanish at infinity, where their terms may be ``inf - inf``
            self.inside = self.inside & np.isfinite(point)
        self.z = z if np.all(every_value(self.inside)) else _kept(z, self.inside, low, high)
        # Parameters that make no sense are replaced too: their formulas would warn.
        self.shapes = dist._sensible(self.valid, self.shapes)
        self.scale = select(self.valid, self.scale, 1.0)

    def finish(self, value: Array, outside: Any) -> Array:
        value = select(self.inside, value, outside)
        return select(self.valid, value, np.nan)


def _kept(z: Array, inside: Any, low: Any, high: Any) -> Array:
    """`z`, and outside of the support a point inside of it."""
    from_low, to_high = np.isfinite(low), np.isfinite(high)
    a = np.where(from_low, low, np.where(to_high, high - 2.0, -0.5))
    b = np.where(to_high, high, np.where(from_low, low + 2.0, 1.5))
    return np.where(inside, z, 0.5 * (a + b))


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


def _distribution(method: str, below: float, above: float) -> Any:
    """`cdf`, `sf`, or the logarithm of one."""

    def evaluate(dist: Mirrored, x: Any, args: Any, kwds: Any) -> Array:
        call = _Call(dist, x, args, kwds, closed=False)
        value = dist._formula(method)(call.z, *call.shapes)
        return call.finish(value, np.where(call.above, above, below))

    return evaluate


def _quantile(method: str) -> Any:
    def evaluate(dist: Any, q: Any, args: Any, kwds: Any) -> Array:
        shapes, loc, scale = dist._parse_args(*args, **kwds)
        shapes, loc, scale, q = [double(s) for s in shapes], double(loc), double(scale), double(q)
        point, low, high, valid, _ = dist._place(q, shapes, scale)
        if "ends" in dist._formulas:
            low, high = dist._formula("ends")(*shapes)
        if method == "isf":
            low, high = high, low
        inside = valid & (point > 0) & (point < 1)
        safe = select(inside, q, 0.5)
        value = dist._formula(method)(safe, *dist._sensible(valid, shapes))
        value = value * scale + loc
        for end, at in ((low, point == 0), (high, point == 1)):
            if np.any(every_value(at)):
                finite = np.isfinite(values(end))
                moved = np.where(finite, end, 0.0) * scale + loc
                value = np.where(at, np.where(finite, moved, values(end)), value)
        return select(valid & (point >= 0) & (point <= 1), value, np.nan)

    return evaluate


# -- numbers that belong to a distribution -------------------------------------------------------


def _parameters(dist: Any, args: Any, kwds: Any) -> tuple[list[Array], Array, Array, Any]:
    shapes, loc, scale = dist._parse_args(*args, **kwds)
    shapes, loc, scale = [double(s) for s in shapes], double(loc), double(scale)
    _, _, _, valid, _ = dist._place(0.5, shapes, scale)
    return dist._sensible(valid, shapes), loc, scale, valid


def _mean(dist: Any, *args: Any, **kwds: Any) -> Array:
    shapes, loc, scale, valid = _parameters(dist, args, kwds)
    return select(valid, dist._formula("mean")(*shapes) * scale + loc, np.nan)


def _var(dist: Any, *args: Any, **kwds: Any) -> Array:
    shapes, loc, scale, valid = _parameters(dist, args, kwds)
    return select(valid, dist._formula("var")(*shapes) * scale**2 + 0.0 * loc, np.nan)


def _std(dist: Any, *args: Any, **kwds: Any) -> Array:
    return np.sqrt(_var(dist, *args, **kwds))


def _entropy(dist: Any, *args: Any, **kwds: Any) -> Array:
    shapes, loc, scale, valid = _parameters(dist, args, kwds)
    value = dist._formula("entropy")(*shapes) + np.log(select(valid, scale, 1.0)) + 0.0 * loc
    return select(valid, value, np.nan)


def _median(dist: Any, *args: Any, **kwds: Any) -> Array:
    return dist.ppf(0.5, *args, **kwds)


def _interval(dist: Any, confidence: Any, *args: Any, **kwds: Any) -> tuple[Array, Array]:
    confidence = double(confidence)
    if np.any((every_value(confidence) > 1) | (every_value(confidence) < 0)):
        raise ValueError("alpha must be between 0 and 1 inclusive")
    q = 0.5 * (1.0 - confidence)
    return dist.ppf(q, *args, **kwds), dist.ppf(1.0 - q, *args, **kwds)


def _nnlf(dist: Any, theta: Any, x: Any) -> Array:
    """``-sum(logpdf(x))`` for ``theta = (*shapes, loc, scale)``; infinite outside of the support."""
    *shapes, loc, scale = theta
    value = -np.sum(dist.logpdf(double(x), *shapes, loc=loc, scale=scale))
    return np.where(np.isnan(values(value)), np.inf, value)[()]


NUMBERS: dict[str, Any] = {
    "mean": _mean,
    "var": _var,
    "std": _std,
    "entropy": _entropy,
    "median": _median,
    "interval": _interval,
    "nnlf": _nnlf,
}

METHODS = {
    "logpdf": _logpdf,
    "pdf": _pdf,
    "cdf": _distribution("cdf", 0.0, 1.0),
    "sf": _distribution("sf", 1.0, 0.0),
    "logcdf": _distribution("logcdf", -np.inf, 0.0),
    "logsf": _distribution("logsf", 0.0, -np.inf),
    "ppf": _quantile("ppf"),
    "isf": _quantile("isf"),
}

FAMILIES: dict[Any, dict[str, Formula]] = {
    **{
        f: {**formulas, **_standard.MOMENTS.get(f, {})}
        for f, formulas in _standard.FORMULAS.items()
    },
    **_positive.FORMULAS,
    **_halves.FORMULAS,
    **_line.FORMULAS,
    **_bounded.FORMULAS,
    **_extremes.FORMULAS,
    **_more.FORMULAS,
}

FUNCTIONS: Table = {
    original: mirrored(original, METHODS, completed(original, formulas), NUMBERS)
    for original, formulas in FAMILIES.items()
}
