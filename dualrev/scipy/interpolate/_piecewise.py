"""Piecewise polynomials in one variable, differentiable in data, knots and points.

Each class derives from SciPy's own; with plain arguments SciPy's methods run.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.interpolate as si

from ...fronts.keywords import values
from ...fronts.packing import holds_tracers
from ...primitive import Array
from ..mirror import Table, any_traced, every_value, full_name, no_rule, unsupported
from ._arrays import AsScipys, chosen, column, data, floating, interval, knots, scipys, some
from ._basis import BSpline, make_interp_spline
from ._fitpack import FUNCTIONS as _FITPACK
from ._grid import RegularGridInterpolator, interpn
from ._lines import interp1d
from ._slopes import akima_slopes, condition, cubic_slopes, pchip_slopes, periodic_slopes

# -- piecewise polynomials -----------------------------------------------------------------------


def _evaluated(spline: Any, x: Any, nu: int, extrapolate: Any) -> Array:
    """``sum_k c_k (x - x_j)**(degree - k)``, or its derivative of order `nu`, on the interval of x."""
    extrapolate = spline.extrapolate if extrapolate is None else extrapolate
    if nu < 0:
        unsupported(
            "a piecewise polynomial with traced values and nu < 0.", "use its antiderivative(-nu)"
        )
    point = floating(x)
    flat = np.reshape(point, (-1,))
    x, c = floating(spline.x), floating(spline.c)
    ends = values(x)
    if extrapolate == "periodic":
        flat, extrapolate = x[0] + np.mod(flat - x[0], x[-1] - x[0]), False
    at = values(flat)
    j = np.clip(interval(ends, at, "right") - 1, 0, len(ends) - 2)
    degree = c.shape[0] - 1
    u = column(flat - chosen(x, j), c.ndim - 1)
    y = 0.0 * (u + chosen(c[0], j))
    for k in range(degree + 1 - nu):
        power = degree - k
        y = y * u + math.perm(power, nu) * chosen(c[k], j)
    outside = (at < ends[0]) | (at > ends[-1]) | np.isnan(at)
    lost = np.isnan(at) if extrapolate else outside
    if some(lost):
        y = np.where(column(lost, y.ndim), np.nan, y)
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


class _Piecewise(AsScipys):
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
        if not self._is_traced():
            return super().derivative(nu)  # type: ignore[misc]
        if nu < 0:
            return self.antiderivative(-nu)
        x, c = self.x, self.c
        count = max(c.shape[0] - nu, 1)
        factors = [math.perm(c.shape[0] - 1 - k, nu) for k in range(count)]
        c = column(np.array(factors, float), c.ndim) * c[:count]
        return self._made(c, x, self.extrapolate)  # type: ignore[attr-defined]

    def _made(self, c: Array, x: Array, extrapolate: Any) -> Any:
        made = self.construct_fast(np.zeros(c.shape), knots(x), extrapolate, self.axis)  # type: ignore[attr-defined]
        made.x, made.c = x, c
        return made

    def antiderivative(self, nu: int = 1) -> Any:
        """Continuous, and 0 at the first knot."""
        if not self._is_traced():
            return super().antiderivative(nu)  # type: ignore[misc]
        if nu <= 0:
            return self.derivative(-nu)
        x, c = floating(self.x), floating(self.c)
        step = column(np.diff(x), c.ndim - 1)
        for _ in range(nu):
            powers = np.arange(c.shape[0], 0, -1)
            c = c / column(powers.astype(float), c.ndim)
            whole = 0.0 * (c[0] * step)
            for k in range(c.shape[0]):
                whole = (whole + c[k]) * step
            start = np.concatenate([0.0 * whole[:1], np.cumsum(whole[:-1], axis=0)])
            c = np.concatenate([c, np.expand_dims(start, 0)])
        extrapolate = self.extrapolate  # type: ignore[attr-defined]
        return self._made(c, x, False if extrapolate == "periodic" else extrapolate)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        if not self._is_traced() and not any_traced((a, b), {}):
            return super().integrate(a, b, extrapolate)  # type: ignore[misc]
        extrapolate = self.extrapolate if extrapolate is None else extrapolate  # type: ignore[attr-defined]
        whole = self.antiderivative()
        whole.axis = 0
        limits = [np.reshape(floating(v), (1,)) for v in (a, b)]
        if extrapolate != "periodic":
            ends = [_evaluated(whole, v, 0, bool(extrapolate)) for v in limits]
        else:
            x = floating(self.x)
            start, period = x[0], x[-1] - x[0]
            total = _evaluated(whole, x[-1], 0, True)
            ends = []
            for v in limits:
                turns = np.floor(values((v - start) / period))
                rest = _evaluated(whole, v - turns * period, 0, True)
                ends.append(rest + column(turns, rest.ndim) * total)
        value = ends[1] - ends[0]
        return np.reshape(value, value.shape[1:])


def _refused(cls: Any, name: str) -> Any:
    def method(self: Any, *args: Any, **keywords: Any) -> Any:
        if self._is_traced() or any_traced(args, keywords):
            no_rule(f"{full_name(scipys(cls))}.{name}", "evaluate it, with nu for derivatives")
        return getattr(super(cls, self), name)(*args, **keywords)

    method.__name__ = name
    return method


def _cubic(x: Array, y: Array, dydx: Array) -> Array:
    """The coefficients from values and slopes at the knots. [de Boor 1978, ch. IV]"""
    dx = column(np.diff(x), y.ndim)
    slope = np.diff(y, axis=0) / dx
    t = (dydx[:-1] + dydx[1:] - 2 * slope) / dx
    return np.stack([t / dx, (slope - dydx[:-1]) / dx - t, dydx[:-1], y[:-1]], axis=0)


class PPoly(_Piecewise, si.PPoly):  # type: ignore[misc]
    """`scipy.interpolate.PPoly`, in traced data and at traced points too."""

    def __init__(self, c: Any, x: Any, extrapolate: Any = None, axis: int = 0) -> None:
        if not any_traced((c, x), {}):
            super().__init__(c, x, extrapolate, axis)
            return
        super().__init__(data(c), knots(x), extrapolate, axis)
        c = floating(c)
        self.c = np.moveaxis(c, (axis + 1, axis + 2), (0, 1)) if axis else c
        self.x = floating(x)


class CubicHermiteSpline(_Piecewise, si.CubicHermiteSpline):  # type: ignore[misc]
    """`scipy.interpolate.CubicHermiteSpline`, in traced data and at traced points too."""

    def __init__(self, x: Any, y: Any, dydx: Any, axis: int = 0, extrapolate: Any = None) -> None:
        if not any_traced((x, y, dydx), {}):
            super().__init__(x, y, dydx, axis, extrapolate)
            return
        super().__init__(knots(x), data(y), data(dydx), axis, extrapolate)
        x, y, dydx = floating(x), floating(y), floating(dydx)
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
        conditions = [bc_type, bc_type] if isinstance(bc_type, str) else list(bc_type)
        known = [c if isinstance(c, str) else (c[0], data(c[1])) for c in conditions]
        name = bc_type if isinstance(bc_type, str) else tuple(known)
        super().__init__(knots(x), data(y), axis, name, extrapolate)
        x, y = floating(x), np.moveaxis(floating(y), axis, 0)
        self.x = x
        if "periodic" in [c for c in conditions if isinstance(c, str)]:
            ends = every_value(y[-1] - y[0]), every_value(y[0])
            if not np.all(np.abs(ends[0]) <= 1e-15 + 1e-15 * np.abs(ends[1])):
                raise ValueError("The first and last `y` point must be identical for 'periodic'.")
            slopes = periodic_slopes(x, y)
        else:
            slopes = cubic_slopes(x, y, *map(condition, conditions))
        self.c = _cubic(x, y, slopes)


class PchipInterpolator(_Piecewise, si.PchipInterpolator):  # type: ignore[misc]
    """`scipy.interpolate.PchipInterpolator`, in traced data and at traced points too."""

    def __init__(self, x: Any, y: Any, axis: int = 0, extrapolate: Any = None) -> None:
        if not any_traced((x, y), {}):
            super().__init__(x, y, axis, extrapolate)
            return
        super().__init__(knots(x), data(y), axis, extrapolate)
        x, y = floating(x), np.moveaxis(floating(y), axis, 0)
        self.x, self.c = x, _cubic(x, y, pchip_slopes(x, y))


class Akima1DInterpolator(_Piecewise, si.Akima1DInterpolator):  # type: ignore[misc]
    """`scipy.interpolate.Akima1DInterpolator`, in traced data and at traced points too."""

    def __init__(
        self, x: Any, y: Any, axis: int = 0, *, method: Any = "akima", extrapolate: Any = None
    ) -> None:
        if not any_traced((x, y), {}):
            super().__init__(x, y, axis, method=method, extrapolate=extrapolate)
            return
        super().__init__(knots(x), data(y), axis, method=method, extrapolate=extrapolate)
        x, y = floating(x), np.moveaxis(floating(y), axis, 0)
        self.x, self.c = x, _cubic(x, y, akima_slopes(x, y, method))


# -- the others -----------------------------------------------------------------------------------


_SCATTERED = (
    "sum kernels about the points x: k(cdist(z, x)) @ np.linalg.solve(k(cdist(x, x)), y), with cdist of "
    "dualrev.scipy.spatial.distance; on a grid use RegularGridInterpolator"
)
_ON_A_GRID = "on a grid use RegularGridInterpolator, or RectBivariateSpline at traced points"
_ON_A_LINE = "use make_interp_spline, CubicSpline, or UnivariateSpline with s=0"


def _instead_of(name: str) -> str:
    if name.startswith(("RBF", "Rbf", "LinearND", "NearestND", "CloughTocher")):
        return _SCATTERED
    return _ON_A_GRID if "Bivariate" in name or name.startswith("Nd") else _ON_A_LINE


def _refusing_class(original: Any) -> Any:
    """Neither data nor points may be traced."""

    def refusing(name: str) -> Any:
        def method(self: Any, *args: Any, **keywords: Any) -> Any:
            if any_traced(args, keywords):
                no_rule(full_name(original), _instead_of(original.__name__))
            return getattr(super(cls, self), name)(*args, **keywords)

        method.__name__ = name
        return method

    methods = {name: refusing(name) for name in ("__init__", "__call__") if hasattr(original, name)}
    cls: Any = type(original.__name__, (AsScipys, original), {**methods, "refuses": True})
    return cls


FUNCTIONS: Table = {
    si.interp1d: interp1d,
    si.PPoly: PPoly,
    si.CubicHermiteSpline: CubicHermiteSpline,
    si.CubicSpline: CubicSpline,
    si.PchipInterpolator: PchipInterpolator,
    si.Akima1DInterpolator: Akima1DInterpolator,
    si.BSpline: BSpline,
    si.RegularGridInterpolator: RegularGridInterpolator,
    si.interpn: interpn,
    si.make_interp_spline: make_interp_spline,
    **_FITPACK,
}
for _class in FUNCTIONS.values():
    if isinstance(_class, type) and issubclass(_class, si.PPoly):
        for _name in ("roots", "solve"):
            setattr(_class, _name, _refused(_class, _name))

_OTHERS = (
    "BPoly", "NdPPoly", "NdBSpline", "LSQUnivariateSpline", "BarycentricInterpolator", "KroghInterpolator", "FloaterHormannInterpolator",
    "BivariateSpline", "SmoothBivariateSpline",
    "LSQBivariateSpline", "RectSphereBivariateSpline", "SmoothSphereBivariateSpline",
    "LSQSphereBivariateSpline", "RBFInterpolator", "Rbf", "LinearNDInterpolator",
    "NearestNDInterpolator", "CloughTocher2DInterpolator", "AAA",
)  # fmt: skip
for _name in _OTHERS:
    if hasattr(si, _name):
        FUNCTIONS[getattr(si, _name)] = _refusing_class(getattr(si, _name))
