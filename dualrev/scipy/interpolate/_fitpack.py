"""Splines of FITPACK's interface, as B-splines: through points, evaluated, integrated; surfaces.

Smoothing chooses its knots by the data, step by step; smoothed splines are differentiable at traced
points, in their data only where they pass through all points (``s=0``).
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import scipy.interpolate as si

from ...fronts.keywords import values
from ...fronts.packing import holds_tracers
from ...primitive import Array
from ..mirror import (
    Function,
    Table,
    any_traced,
    drop_in,
    every_value,
    full_name,
    no_rule,
    table,
    unsupported,
)
from ._arrays import AsScipys, chosen, floating, some
from ._basis import BSpline, _place, _slope_row, _through_points

_SMOOTHING = (
    "interpolate, s=0; or fit coefficients on fixed knots, which is linear: np.linalg.lstsq(B, y) with "
    "B = BSpline.design_matrix(x, t, k).toarray()"
)
_Parts = tuple[Any, Any, int]


def _beyond(spline: BSpline, x: Any, y: Array, ext: int) -> Array:
    """What is asked for outside of the knots: zeros, an error, or the value at the boundary."""
    if ext == 0:
        return y
    t, k = values(floating(spline.t)), spline.k
    at = values(floating(x))
    outside = (at < t[k]) | (at > t[-k - 1])
    if ext == 1:
        return np.where(outside, 0.0, y)
    if ext == 2 and some(outside):
        raise ValueError("Error code returned by spev: 1")
    return y


def _evaluated(parts: _Parts, x: Any, der: Any, ext: Any) -> Array:
    ext = {"extrapolate": 0, "zeros": 1, "raise": 2, "const": 3}.get(ext, ext)
    if ext not in (0, 1, 2, 3):
        raise ValueError(f"ext = {ext} not in (0, 1, 2, 3) ")
    t, c, k = parts
    nu = operator.index(der)
    if not 0 <= nu <= k:
        raise ValueError(f"0<=der={der}<=k={k} must hold")
    spline, x = BSpline(t, c, k), floating(x)
    if ext == 3 and nu == 0:  # derivatives are extrapolated, as by SciPy
        t = floating(t)
        x = np.clip(x, t[k], t[len(t) - k - 1])
    return _beyond(spline, x, spline(x, nu), ext)


@drop_in(si.splev)
def splev(x: Any, tck: Any, der: Any = 0, ext: Any = 0) -> Any:
    if isinstance(tck, si.BSpline):
        if ext not in (0, 1):
            raise ValueError(f"Extrapolation mode {ext} is not supported by BSpline.")
        return tck(x, der, ext == 0)
    t, c, k = tck
    if isinstance(c, (list, tuple)) and np.ndim(c[0]):
        return [_evaluated((t, part, k), x, der, ext) for part in c]
    return _evaluated((t, c, k), x, der, ext)


@drop_in(si.splrep)
def splrep(
    x: Any,
    y: Any,
    w: Any = None,
    xb: Any = None,
    xe: Any = None,
    k: Any = 3,
    task: Any = 0,
    s: Any = None,
    t: Any = None,
    full_output: Any = 0,
    per: Any = 0,
    quiet: Any = 1,
) -> Any:
    if (s is None and w is not None) or holds_tracers(s) or s or task or t is not None:
        unsupported("scipy.interpolate.splrep of traced data, smoothed.", _SMOOTHING)
    if not (xb is None and xe is None) or per or full_output:
        unsupported(
            "scipy.interpolate.splrep of traced data with xb, xe, per or full_output.",
            "leave them out; CubicSpline has bc_type='periodic'",
        )
    spline = _through_points(x, y, k)
    c = floating(spline.c)
    return floating(spline.t), np.concatenate([c, np.zeros(spline.k + 1, c.dtype)]), spline.k


@drop_in(si.splint)
def splint(a: Any, b: Any, tck: Any, full_output: Any = 0) -> Any:
    if full_output:
        unsupported("scipy.interpolate.splint of traced values with full_output.", "leave it out")
    spline = tck if isinstance(tck, si.BSpline) else BSpline(*tck)
    return BSpline(spline.t, spline.c, spline.k).integrate(a, b, extrapolate=False)


def _of_knots(original: Function, method: str) -> Function:
    @drop_in(original)
    def derived(tck: Any, n: int = 1) -> Any:
        of = getattr(tck if isinstance(tck, si.BSpline) else BSpline(*tck), method)(n)
        if isinstance(tck, si.BSpline):
            return of
        c = floating(of.c)
        return of.t, np.concatenate([c, np.zeros(len(of.t) - len(c), c.dtype)]), of.k

    return derived


# -- the classes ------------------------------------------------------------------------------------


class _Univariate(AsScipys):
    """Through all points of traced data, and evaluated at traced points."""

    def _parts(self) -> _Parts:
        return self.__dict__.get("_traced_parts") or self._eval_args  # type: ignore[attr-defined]

    def _through(self, x: Any, y: Any, plainly: bool, k: int, ext: Any) -> None:
        if not plainly:
            unsupported(
                f"scipy.interpolate.{type(self).__name__} of traced data, smoothed.", _SMOOTHING
            )
        spline = _through_points(x, y, k)
        self._traced_parts = floating(spline.t), floating(spline.c), spline.k
        self.ext = {"extrapolate": 0, "zeros": 1, "raise": 2, "const": 3}.get(ext, ext)

    def __call__(self, x: Any, nu: int = 0, ext: Any = None) -> Any:
        if "_traced_parts" not in self.__dict__ and not holds_tracers(x):
            return super().__call__(x, nu, ext)  # type: ignore[misc]
        return _evaluated(self._parts(), x, nu, self.ext if ext is None else ext)

    def _from(self, method: str, n: int) -> Any:
        of: Any = getattr(BSpline(*self._parts()), method)(n)
        made: Any = object.__new__(UnivariateSpline)
        made._traced_parts = of.t, of.c, of.k
        made.ext = 1 if self.ext == 3 and method == "derivative" else self.ext
        return made

    def derivative(self, n: int = 1) -> Any:
        if "_traced_parts" not in self.__dict__:
            return _ours(super().derivative(n))  # type: ignore[misc]
        return self._from("derivative", n)

    def antiderivative(self, n: int = 1) -> Any:
        if "_traced_parts" not in self.__dict__:
            return _ours(super().antiderivative(n))  # type: ignore[misc]
        return self._from("antiderivative", n)

    def integral(self, a: Any, b: Any) -> Any:
        if "_traced_parts" not in self.__dict__ and not any_traced((a, b), {}):
            return super().integral(a, b)  # type: ignore[misc]
        return BSpline(*self._parts()).integrate(a, b, extrapolate=False)


def _whole(bbox: Any) -> bool:
    return all(end is None for end in bbox)


def _ours(spline: Any) -> Any:
    """What SciPy has made, as of our class."""
    made: Any = object.__new__(UnivariateSpline)
    made.__dict__.update(spline.__dict__)
    return made


class UnivariateSpline(_Univariate, si.UnivariateSpline):  # type: ignore[misc]
    """`scipy.interpolate.UnivariateSpline`, at traced points, and with ``s=0`` of traced data."""

    def __init__(
        self,
        x: Any,
        y: Any,
        w: Any = None,
        bbox: Any = (None, None),
        k: int = 3,
        s: Any = None,
        ext: Any = 0,
        check_finite: bool = False,
    ) -> None:
        if not any_traced((x, y, w, s), {}):
            super().__init__(x, y, w, list(bbox), k, s, ext, check_finite)
            return
        self._through(x, y, type(s) in (int, float) and not s and _whole(bbox), k, ext)


class InterpolatedUnivariateSpline(_Univariate, si.InterpolatedUnivariateSpline):  # type: ignore[misc]
    """`scipy.interpolate.InterpolatedUnivariateSpline`, in traced data and at traced points too."""

    def __init__(
        self,
        x: Any,
        y: Any,
        w: Any = None,
        bbox: Any = (None, None),
        k: int = 3,
        ext: Any = 0,
        check_finite: bool = False,
    ) -> None:
        if not any_traced((x, y, w), {}):
            super().__init__(x, y, w, list(bbox), k, ext, check_finite)
            return
        self._through(x, y, _whole(bbox), k, ext)


class RectBivariateSpline(AsScipys, si.RectBivariateSpline):  # type: ignore[misc]
    """`scipy.interpolate.RectBivariateSpline`, at traced points too."""

    def __init__(self, *args: Any, **keywords: Any) -> None:
        if any_traced(args, keywords):
            no_rule(
                full_name(si.RectBivariateSpline),
                "interpolate along each axis: make_interp_spline(y, z, axis=1)(b), then over x",
            )
        super().__init__(*args, **keywords)

    def __call__(self, x: Any, y: Any, dx: int = 0, dy: int = 0, grid: bool = True) -> Any:
        if not any_traced((x, y), {}):
            return super().__call__(x, y, dx, dy, grid)
        x, y = floating(x), floating(y)
        if grid:
            return _surface(self, x[:, None], y[None, :], dx, dy)
        return _surface(self, x, y, dx, dy)

    def ev(self, xi: Any, yi: Any, dx: int = 0, dy: int = 0) -> Any:
        return self(xi, yi, dx, dy, grid=False)


def _surface(spline: Any, x: Array, y: Array, dx: int, dy: int) -> Array:
    """``sum_ij B_i(x) B_j(y) c_ij``; points beyond the grid are moved to its edge."""
    (tx, ty, c), (kx, ky) = spline.tck, spline.degrees
    shape = np.broadcast_shapes(x.shape, y.shape)
    rows, places = [], []
    for v, t, k, nu in ((x, tx, kx, dx), (y, ty, ky, dy)):
        count = len(t) - k - 1
        flat = np.reshape(np.broadcast_to(np.clip(v, t[k], t[count]), shape), (-1,))
        j = _place(t, k, values(flat), count)
        rows.append(_slope_row(flat, t, k, j, nu))
        places.append(j - k)
    width = len(ty) - ky - 1
    z: Any = 0.0
    for r, b in enumerate(rows[0]):
        for q, d in enumerate(rows[1]):
            z = z + b * d * chosen(c, (places[0] + r) * width + places[1] + q)
    lost = np.isnan(every_value(x)).any() or np.isnan(every_value(y)).any()
    return np.reshape(z + 0.0 * (x + y).reshape(-1) if lost else z, shape)


FUNCTIONS: Table = {
    **table(
        splev, splrep, splint, _of_knots(si.splder, "derivative"),
        _of_knots(si.splantider, "antiderivative"),
    ),
    si.UnivariateSpline: UnivariateSpline,
    si.InterpolatedUnivariateSpline: InterpolatedUnivariateSpline,
    si.RectBivariateSpline: RectBivariateSpline,
}  # fmt: skip
