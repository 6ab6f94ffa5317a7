"""Piecewise polynomials in one variable, differentiable in data, knots and points.

Each class derives from SciPy's own; with plain arguments SciPy's methods run.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.interpolate as si

from ...fronts.keywords import as_shaped, values
from ...fronts.packing import holds_tracers
from ...primitive import Array, Tracer
from ...rules.solvers import solve_banded
from ..mirror import (
    Table,
    any_traced,
    every_value,
    full_name,
    no_rule,
    of_examples,
    unsupported,
)


def _floating(x: Any) -> Array:
    x = as_shaped(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def _column(x: Array, ndim: int) -> Array:
    """A vector that broadcasts along the first of `ndim` axes."""
    return np.reshape(x, (-1, *(1,) * (ndim - 1)))


def _knots(x: Any) -> Any:
    """Plain knots for SciPy's checks; under `vmap` those of one example, if all of them increase."""
    every = every_value(as_shaped(x))
    ndim = np.ndim(x)
    if every.ndim == ndim:
        return every
    if not (np.diff(every, axis=-1) > 0).all():
        raise ValueError("`x` must be strictly increasing sequence.")
    n = every.shape[-1]
    return every.reshape(-1, n)[0] if every.size else np.arange(n, dtype=every.dtype)


def _data(y: Any) -> Any:
    """Plain data for SciPy's checks; under `vmap` zeros, if all examples are finite."""
    every = every_value(as_shaped(y))
    if np.ndim(every) == np.ndim(y):
        return every
    if not np.isfinite(every).all():
        raise ValueError("`y` must contain only finite values.")
    return np.zeros(np.shape(y), every.dtype)


def _interval(knots: Any, at: Any, side: Any = "left") -> Any:
    """How many plain knots lie before each point, of every example if there are several."""

    def counted(knots: Any, at: Any) -> Any:
        if knots.ndim == 1:
            return np.searchsorted(knots, at, side=side)
        before = np.less if side == "left" else np.less_equal
        return np.sum(before(knots[..., None, :], at[..., :, None]), axis=-1)

    return of_examples(counted, knots, at)


def _some(mask: Any) -> bool:
    return bool(np.any(every_value(mask)))


def _chosen(table: Array, j: Any) -> Array:
    """``table[j]``, where `j` may differ among examples that share the table."""
    return np.asarray(table, like=j)[j] if isinstance(j, Tracer) else table[j]


# -- interpolation by lines ------------------------------------------------------------------------

_CONSTANT = ("nearest", "nearest-up", "previous", "next", "zero", 0)


class _AsScipys:
    """Copied and pickled as an object of SciPy's class, which stands behind in the bases."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        reduced: Any = super().__reduce_ex__(max(protocol, 2))
        kind, *rest = reduced[1]
        return _new, (_scipys(kind), *rest), *reduced[2:]


def _new(kind: type, *rest: Any) -> Any:
    return kind.__new__(kind, *rest)


def _scipys(kind: type) -> type:
    return next(c for c in kind.__mro__ if c.__module__.startswith("scipy."))


class interp1d(_AsScipys, si.interp1d):  # type: ignore[misc]
    """`scipy.interpolate.interp1d`, in traced data and at traced points too."""

    def __init__(self, x: Any, y: Any, kind: Any = "linear", axis: int = -1, **rest: Any) -> None:
        self._kind_given = kind
        self._data: Any = None
        if not any_traced((x, y), rest):
            super().__init__(x, y, kind, axis, **rest)
            return
        fill = rest.get("fill_value")
        if kind not in ("linear", 1) or holds_tracers(fill):
            unsupported(
                f"scipy.interpolate.interp1d of traced data with kind={kind!r}, or with a traced fill_value.",
                "use kind='linear', or CubicSpline",
            )
        order = (
            None if rest.get("assume_sorted", False) else np.argsort(values(x), kind="mergesort")
        )
        x, y = _floating(x), np.moveaxis(_floating(y), axis, 0)
        if order is not None:
            x, y = _chosen(x, order), _chosen(y, order)
        super().__init__(_knots(x), _data(np.moveaxis(y, 0, axis)), kind, axis, **rest)
        self._data = x, y
        self.x, self.y = x, np.moveaxis(y, 0, axis)

    def __call__(self, x: Any) -> Any:
        if self._data is None and not holds_tracers(x):
            return super().__call__(x)
        point = _floating(x)
        if self._data is not None:
            knots, data = self._data
        elif self._kind_given in ("linear", 1):
            knots, data = _floating(self.x), np.moveaxis(_floating(self.y), self.axis, 0)
        elif self._kind_given in _CONSTANT:  # steps: a constant
            return of_examples(super().__call__, values(point))
        else:
            unsupported(
                f"scipy.interpolate.interp1d with kind={self._kind_given!r} at a traced point.",
                "use CubicSpline",
            )
        flat = np.reshape(point, (-1,))
        y = self._lines(flat, knots, data)
        axis = self.axis % data.ndim
        y = np.reshape(y, (*point.shape, *data.shape[1:]))
        places = tuple(range(point.ndim))
        return np.moveaxis(y, places, tuple(axis + k for k in places)) if axis else y

    def _lines(self, x: Array, knots: Array, data: Array) -> Array:
        at, ends = values(x), values(knots)
        below, above = at < ends[0], at > ends[-1]
        fill = self.fill_value
        extrapolates = isinstance(fill, str)
        if self.bounds_error and not extrapolates and (_some(below) or _some(above)):
            raise ValueError("A value in x_new is outside the interpolation range.")
        j = np.clip(_interval(ends, at), 1, len(ends) - 1)
        start, first = _chosen(knots, j - 1), _chosen(data, j - 1)
        step = _column(_chosen(knots, j) - start, data.ndim)
        slope = (_chosen(data, j) - first) / step
        y = slope * _column(x - start, data.ndim) + first
        if extrapolates:
            return y
        low, high = fill if isinstance(fill, tuple) else (fill, fill)
        for mask, end in ((below, low), (above, high)):
            if _some(mask):
                y = np.where(_column(mask, data.ndim), np.asarray(end), y)
        lost = np.isnan(at)
        return np.where(_column(lost, data.ndim), np.nan, y) if _some(lost) else y


# -- piecewise polynomials -----------------------------------------------------------------------


def _evaluated(spline: Any, x: Any, nu: int, extrapolate: Any) -> Array:
    """``sum_k c_k (x - x_j)**(degree - k)``, or its derivative of order `nu`, on the interval of x."""
    extrapolate = spline.extrapolate if extrapolate is None else extrapolate
    if extrapolate == "periodic" or nu < 0:
        unsupported(
            "a piecewise polynomial with traced values, extrapolate='periodic' or nu < 0.",
            "evaluate at np.mod(x - x0, period) + x0",
        )
    point = _floating(x)
    flat = np.reshape(point, (-1,))
    knots, c = _floating(spline.x), _floating(spline.c)
    ends = values(knots)
    at = values(flat)
    j = np.clip(_interval(ends, at, "right") - 1, 0, len(ends) - 2)
    degree = c.shape[0] - 1
    u = _column(flat - _chosen(knots, j), c.ndim - 1)
    y = 0.0 * (u + _chosen(c[0], j))
    for k in range(degree + 1 - nu):
        power = degree - k
        y = y * u + math.perm(power, nu) * _chosen(c[k], j)
    outside = (at < ends[0]) | (at > ends[-1]) | np.isnan(at)
    lost = np.isnan(at) if extrapolate else outside
    if _some(lost):
        y = np.where(_column(lost, y.ndim), np.nan, y)
    y = np.reshape(y, (*point.shape, *c.shape[2:]))
    axis = spline.axis
    if not axis:
        return y
    places = tuple(range(point.ndim))
    return np.moveaxis(y, places, tuple(axis + k for k in places))


def _kept(name: str) -> property:
    """SciPy's attribute, which may also be traced: its own setter would make it an array."""
    key = f"_traced_{name}"

    def scipys_attribute(self: Any) -> Any:
        return getattr(super(_Piecewise, type(self)), name)

    def get(self: Any) -> Any:
        value = self.__dict__.get(key)
        return scipys_attribute(self).__get__(self) if value is None else value

    def put(self: Any, value: Any) -> None:
        if holds_tracers(value):
            self.__dict__[key] = value
        else:
            self.__dict__.pop(key, None)
            scipys_attribute(self).__set__(self, value)

    return property(get, put)


class _Piecewise(_AsScipys):
    """Evaluation of a piecewise polynomial whose coefficients, knots or points are traced."""

    c: Any = _kept("c")
    x: Any = _kept("x")

    def _is_traced(self) -> bool:
        return holds_tracers(self.c) or holds_tracers(self.x)

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        if self._is_traced() or holds_tracers(x):
            return _evaluated(self, x, nu, extrapolate)
        return super().__call__(x, nu, extrapolate)  # type: ignore[misc]

    def derivative(self, nu: int = 1) -> Any:
        if not self._is_traced() or nu < 0:
            return super().derivative(nu)  # type: ignore[misc]
        x, c = self.x, self.c
        count = max(c.shape[0] - nu, 1)
        factors = [math.perm(c.shape[0] - 1 - k, nu) for k in range(count)]
        c = _column(np.array(factors, float), c.ndim) * c[:count]
        made = self.construct_fast(np.zeros(c.shape), _knots(x), self.extrapolate, self.axis)  # type: ignore[attr-defined]
        made.x, made.c = x, c
        return made


def _refused(cls: Any, name: str) -> Any:
    def method(self: Any, *args: Any, **keywords: Any) -> Any:
        if self._is_traced() or any_traced(args, keywords):
            no_rule(f"{full_name(_scipys(cls))}.{name}", "evaluate it, with nu for derivatives")
        return getattr(super(cls, self), name)(*args, **keywords)

    method.__name__ = name
    return method


def _cubic(x: Array, y: Array, dydx: Array) -> Array:
    """The coefficients from values and slopes at the knots. [de Boor 1978, ch. IV]"""
    dx = _column(np.diff(x), y.ndim)
    slope = np.diff(y, axis=0) / dx
    t = (dydx[:-1] + dydx[1:] - 2 * slope) / dx
    return np.stack([t / dx, (slope - dydx[:-1]) / dx - t, dydx[:-1], y[:-1]], axis=0)


class PPoly(_Piecewise, si.PPoly):  # type: ignore[misc]
    """`scipy.interpolate.PPoly`, in traced data and at traced points too."""

    def __init__(self, c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> None:
        if not any_traced((c, x), {}):
            super().__init__(c, x, extrapolate, axis)
            return
        super().__init__(_data(c), _knots(x), extrapolate, axis)
        c = _floating(c)
        self.c = np.moveaxis(c, (axis + 1, axis + 2), (0, 1)) if axis else c
        self.x = _floating(x)


class CubicHermiteSpline(_Piecewise, si.CubicHermiteSpline):  # type: ignore[misc]
    """`scipy.interpolate.CubicHermiteSpline`, in traced data and at traced points too."""

    def __init__(self, x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None) -> None:
        if not any_traced((x, y, dydx), {}):
            super().__init__(x, y, dydx, axis, extrapolate)
            return
        super().__init__(_knots(x), _data(y), _data(dydx), axis, extrapolate)
        x, y, dydx = _floating(x), _floating(y), _floating(dydx)
        self.x = x
        self.c = _cubic(x, np.moveaxis(y, axis, 0), np.moveaxis(dydx, axis, 0))


class CubicSpline(_Piecewise, si.CubicSpline):  # type: ignore[misc]
    """`scipy.interpolate.CubicSpline`, in traced data and at traced points too."""

    def __init__(
        self, x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None
    ) -> None:
        if not any_traced((x, y, bc_type), {}):
            super().__init__(x, y, axis, bc_type, extrapolate)
            return
        if isinstance(bc_type, str) and bc_type == "periodic":
            unsupported(
                "scipy.interpolate.CubicSpline of traced data with bc_type='periodic'.",
                "use 'not-a-knot', 'natural', 'clamped', or derivatives at the ends",
            )
        conditions = [bc_type, bc_type] if isinstance(bc_type, str) else list(bc_type)
        known = [c if isinstance(c, str) else (c[0], _data(c[1])) for c in conditions]
        super().__init__(_knots(x), _data(y), axis, tuple(known), extrapolate)
        x, y = _floating(x), np.moveaxis(_floating(y), axis, 0)
        self.x = x
        self.c = _cubic(x, y, _slopes(x, y, *map(_condition, conditions)))


def _condition(c: Any) -> Any:
    """An end condition as the order of a derivative and its value, or ``None`` for not-a-knot."""
    if isinstance(c, str):
        return {"not-a-knot": None, "natural": (2, 0.0), "clamped": (1, 0.0)}[c]
    return int(c[0]), as_shaped(c[1])


def _slopes(x: Array, y: Array, first: Any, last: Any) -> Array:
    """The slopes at the knots of the spline with two continuous derivatives: a tridiagonal system.
    [de Boor 1978, ch. IV, eq. 7]"""
    n = len(x)
    dx = np.diff(x)
    wide = _column(dx, y.ndim)
    slope = np.diff(y, axis=0) / wide
    if n == 2:  # a line, or a parabola
        first, last = first or (1, slope[0]), last or (1, slope[0])
    zero, one = np.zeros(1, x.dtype), np.ones(1, x.dtype)
    row = slope.shape[1:]
    if n == 3 and first is None and last is None:  # a parabola through three points
        above, middle, below = one, 2 * (dx[:1] + dx[1:]), one
        diagonal = np.concatenate([one, middle, one])
        upper = np.concatenate([zero, above, dx[:1]])
        lower = np.concatenate([dx[1:], below, zero])
        inner = 3 * (wide[0] * slope[1] + wide[1] * slope[0])
        rows = [2 * slope[0], inner, 2 * slope[1]]
    else:
        d0, u1, b0 = _end(first, x[2] - x[0] if n > 2 else None, dx, wide, slope, row, 1)
        d1, l1, b1 = _end(
            last, x[-1] - x[-3] if n > 2 else None, dx[::-1], wide[::-1], slope[::-1], row, -1
        )
        diagonal = np.concatenate([d0, 2 * (dx[:-1] + dx[1:]), d1])
        upper = np.concatenate([zero, u1, dx[:-1]])
        lower = np.concatenate([dx[1:], l1, zero])
        inner = 3 * (wide[1:] * slope[:-1] + wide[:-1] * slope[1:])
        rows = [b0, *inner, b1]
    bands = np.stack([upper, diagonal, lower], axis=0)
    b = np.stack([np.broadcast_to(v, row) for v in rows], axis=0)
    return np.reshape(solve_banded(bands, np.reshape(b, (n, -1)), l=1, u=1), b.shape)


def _end(
    condition: Any, two: Any, dx: Array, wide: Array, slope: Array, row: Any, sign: int
) -> tuple[Array, Array, Array]:
    """The diagonal, its neighbour and the right-hand side in the equation of one end."""
    if condition is None:
        d = np.reshape(two, (1,) * len(row)) if row else two
        b = ((wide[0] + 2 * d) * wide[1] * slope[0] + wide[0] ** 2 * slope[1]) / d
        return dx[1:2], np.reshape(two, (1,)), b
    order, value = condition
    if order == 1:
        return np.ones(1, dx.dtype), np.zeros(1, dx.dtype), value
    b = -0.5 * sign * value * wide[0] ** 2 + 3 * slope[0] * wide[0]
    return 2 * dx[:1], dx[:1], b


# -- the others -----------------------------------------------------------------------------------


def _at_traced_points(original: Any) -> Any:
    """Differentiable in the point of evaluation; data have to be plain."""

    def __init__(self: Any, *args: Any, **keywords: Any) -> None:
        if any_traced(args, keywords):
            no_rule(
                full_name(original), "use CubicSpline, or give the slopes to CubicHermiteSpline"
            )
        super(cls, self).__init__(*args, **keywords)

    cls: Any = type(original.__name__, (_Piecewise, original), {"__init__": __init__})
    return cls


def _refusing_class(original: Any) -> Any:
    """Neither data nor points may be traced."""

    def refusing(name: str) -> Any:
        def method(self: Any, *args: Any, **keywords: Any) -> Any:
            if any_traced(args, keywords):
                no_rule(full_name(original), "use interp1d with kind='linear', or CubicSpline")
            return getattr(super(cls, self), name)(*args, **keywords)

        method.__name__ = name
        return method

    methods = {name: refusing(name) for name in ("__init__", "__call__") if hasattr(original, name)}
    cls: Any = type(original.__name__, (_AsScipys, original), {**methods, "refuses": True})
    return cls


FUNCTIONS: Table = {
    si.interp1d: interp1d,
    si.PPoly: PPoly,
    si.CubicHermiteSpline: CubicHermiteSpline,
    si.CubicSpline: CubicSpline,
    si.PchipInterpolator: _at_traced_points(si.PchipInterpolator),
    si.Akima1DInterpolator: _at_traced_points(si.Akima1DInterpolator),
}
for _class in FUNCTIONS.values():
    if issubclass(_class, si.PPoly):
        for _name in ("antiderivative", "integrate", "roots", "solve"):
            setattr(_class, _name, _refused(_class, _name))

_OTHERS = (
    "BPoly", "NdPPoly", "BSpline", "NdBSpline", "UnivariateSpline", "InterpolatedUnivariateSpline",
    "LSQUnivariateSpline", "BarycentricInterpolator", "KroghInterpolator", "FloaterHormannInterpolator",
    "RegularGridInterpolator", "RectBivariateSpline", "BivariateSpline", "SmoothBivariateSpline",
    "LSQBivariateSpline", "RectSphereBivariateSpline", "SmoothSphereBivariateSpline",
    "LSQSphereBivariateSpline", "RBFInterpolator", "Rbf", "LinearNDInterpolator",
    "NearestNDInterpolator", "CloughTocher2DInterpolator", "AAA",
)  # fmt: skip
for _name in _OTHERS:
    if hasattr(si, _name):
        FUNCTIONS[getattr(si, _name)] = _refusing_class(getattr(si, _name))
