"""B-splines: through points, and evaluated; differentiable in points, knots, data and coefficients."""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np
import scipy.interpolate as si

from ...fronts.keywords import as_shaped, values
from ...fronts.packing import holds_tracers
from ...primitive import Array
from ...rules.solvers import solve_banded
from ..mirror import any_traced, every_value, no_rule, of_examples, unsupported
from ._arrays import AsScipys, chosen, column, data, floating, some

_INSTEAD = "evaluate it, with nu for derivatives"
_PERIODIC = "integrate over each period, with extrapolate=False"


def _place(t: Any, k: int, at: Any, count: int) -> Any:
    """The interval ``t[j] <= x < t[j + 1]`` of each plain point, the last one closed."""

    def placed(t: Any, at: Any) -> Any:
        if t.ndim == 1:
            j = np.searchsorted(t, at, side="right")
        else:
            j = np.sum(t[..., None, :] <= at[..., :, None], axis=-1)
        j = np.clip(j - 1, k, count - 1)
        for _ in range(k + 1):  # knots of the last interval may coincide
            one = np.take_along_axis(np.broadcast_to(t, (*j.shape[:-1], t.shape[-1])), j, -1)
            two = np.take_along_axis(np.broadcast_to(t, (*j.shape[:-1], t.shape[-1])), j + 1, -1)
            j = np.where((one == two) & (j > k), j - 1, j)
        return j

    return of_examples(placed, t, at)


def _basis(x: Array, t: Array, k: int, j: Any) -> list[Array]:
    """The ``k + 1`` basis functions that do not vanish at `x` on interval `j`. [de Boor 1978, ch. X, eq. 8]"""
    rows = [1.0 + 0.0 * x]
    left = [x - chosen(t, j - r) for r in range(k)]
    right = [chosen(t, j + 1 + r) - x for r in range(k)]
    for d in range(1, k + 1):
        saved: Any = 0.0
        made = []
        for r in range(d):
            term = rows[r] / (right[r] + left[d - 1 - r])
            made.append(saved + right[r] * term)
            saved = left[d - 1 - r] * term
        rows = [*made, saved]
    return rows


def _slope_row(x: Array, t: Array, k: int, j: Any, nu: int) -> list[Array]:
    """The derivatives of order `nu` of those functions. [de Boor 1978, ch. X, eq. 15]"""
    rows = _basis(x, t, k - nu, j)
    for d in range(k - nu + 1, k + 1):
        made: list[Any] = [0.0] * (d + 1)
        for r in range(d):
            i = j - d + 1 + r
            term = rows[r] * d / (chosen(t, i + d) - chosen(t, i))
            made[r + 1] = made[r + 1] + term
            made[r] = made[r] - term
        rows = made
    return rows


def _evaluated(spline: Any, x: Any, nu: int, extrapolate: Any) -> Array:
    point = floating(x)
    t, c, k = floating(spline.t), floating(spline.c), spline.k
    flat = np.reshape(point, (-1,))
    count = len(values(t)) - k - 1
    if extrapolate == "periodic":
        start, period = t[k], t[count] - t[k]
        flat, extrapolate = start + np.mod(flat - start, period), False
    at, ends = values(flat), values(t)
    j = _place(ends, k, at, count)
    if nu > k:
        y = 0.0 * (column(flat, c.ndim) + chosen(c, j))
    else:
        rows = _slope_row(flat, t, k, j, nu)
        y = sum(column(b, c.ndim) * chosen(c, j - k + r) for r, b in enumerate(rows))
    lost = np.isnan(at)
    if not extrapolate:
        lost = lost | (at < ends[k]) | (at > ends[count])
    if some(lost):
        y = np.where(column(lost, c.ndim), np.nan, y)
    y = np.reshape(y, (*point.shape, *c.shape[1:]))
    axis = spline.axis
    places = tuple(range(point.ndim))
    return np.moveaxis(y, places, tuple(axis + k for k in places)) if axis else y


class BSpline(AsScipys, si.BSpline):  # type: ignore[misc]
    """`scipy.interpolate.BSpline`, with traced knots, coefficients or points."""

    def __init__(self, t: Any, c: Any, k: Any, extrapolate: Any = True, axis: int = 0) -> None:
        if not any_traced((t, c), {}):
            super().__init__(t, c, k, extrapolate, axis)
            return
        super().__init__(_sorted(t), data(c), k, extrapolate, axis)
        self._traced_parts = floating(t), np.moveaxis(floating(c), axis, 0)  # as SciPy has them

    @property
    def t(self) -> Any:
        parts = self.__dict__.get("_traced_parts")
        return super().t if parts is None else parts[0]

    @t.setter
    def t(self, value: Any) -> None:
        si.BSpline.t.fset(self, value)

    @property
    def c(self) -> Any:
        parts = self.__dict__.get("_traced_parts")
        return super().c if parts is None else parts[1]

    @c.setter
    def c(self, value: Any) -> None:
        si.BSpline.c.fset(self, value)

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Any:
        if "_traced_parts" not in self.__dict__ and not holds_tracers(x):
            return super().__call__(x, nu, extrapolate)
        return _evaluated(self, x, nu, self.extrapolate if extrapolate is None else extrapolate)

    def derivative(self, nu: int = 1) -> Any:
        if "_traced_parts" not in self.__dict__:
            return _ours(super().derivative(nu))
        return _derived(self, nu)

    def antiderivative(self, nu: int = 1) -> Any:
        if "_traced_parts" not in self.__dict__:
            return _ours(super().antiderivative(nu))
        return _derived(self, -nu)

    def integrate(self, a: Any, b: Any, extrapolate: Any = None) -> Any:
        """Beyond the knots of the base interval the last pieces go on, or there is nothing."""
        if "_traced_parts" not in self.__dict__ and not any_traced((a, b), {}):
            return super().integrate(a, b, extrapolate)
        extrapolate = self.extrapolate if extrapolate is None else extrapolate
        if extrapolate == "periodic":
            no_rule("scipy.interpolate.BSpline.integrate of a periodic spline", _PERIODIC)
        whole = _derived(self, -1)
        t, count = floating(self.t), len(self.t) - self.k - 1
        a, b = floating(a), floating(b)
        if not extrapolate:
            a, b = np.clip(a, t[self.k], t[count]), np.clip(b, t[self.k], t[count])
        ends = [_evaluated(whole, v, 0, True) for v in (a, b)]
        return ends[1] - ends[0]


def _ours(spline: Any) -> BSpline:
    return BSpline.construct_fast(spline.t, spline.c, spline.k, spline.extrapolate, spline.axis)  # type: ignore[no-any-return]


def _derived(spline: Any, nu: int) -> BSpline:
    """The derivative of order `nu`, or the antiderivative of order ``-nu``.

    ``k (c_i - c_{i-1}) / (t_{i+k} - t_i)`` are the coefficients of the derivative; sums of
    ``c_i (t_{i+k+1} - t_i) / (k + 1)`` those of the antiderivative. [de Boor 1978, ch. X, eqs. 15, 22]
    """
    t, c, k = floating(spline.t), floating(spline.c), spline.k
    if nu > k:
        raise ValueError(f"Order of derivative (n = {nu}) must be <= order of spline (k = {k})")
    c = c[: t.shape[0] - k - 1]
    for _ in range(nu):
        n = c.shape[0]
        width = t[k + 1 : n + k] - t[1:n]
        single = values(width) == 0  # a basis function that is zero
        c = np.where(column(single, c.ndim), 0.0, np.diff(c, axis=0) * k)
        c = c / column(np.where(single, 1.0, width), c.ndim)
        t, k = t[1:-1], k - 1
    for _ in range(-nu):
        width = (t[k + 1 :] - t[: t.shape[0] - k - 1]) / (k + 1.0)
        sums = np.cumsum(c * column(width, c.ndim), axis=0)
        c = np.concatenate([0.0 * sums[:1], sums])
        t, k = np.concatenate([t[:1], t, t[-1:]]), k + 1
    extrapolate = False if nu < 0 and spline.extrapolate == "periodic" else spline.extrapolate
    return BSpline(t, np.moveaxis(c, 0, spline.axis), k, extrapolate, spline.axis)


def _sorted(t: Any) -> Any:
    """Plain knots for SciPy's checks; under `vmap` those of one example."""
    every = every_value(as_shaped(t))
    if every.ndim == np.ndim(t):
        return every
    if (np.diff(every, axis=-1) < 0).any():
        raise ValueError("Knots must be in a non-decreasing order.")
    return every.reshape(-1, every.shape[-1])[0]


def _refused(name: str) -> Any:
    def method(self: Any, *args: Any, **kwds: Any) -> Any:
        if "_traced_parts" in self.__dict__ or any_traced(args, kwds):
            no_rule(f"scipy.interpolate.BSpline.{name}", _INSTEAD)
        return getattr(super(BSpline, self), name)(*args, **kwds)

    method.__name__ = name
    return method


BSpline.insert_knot = _refused("insert_knot")


# -- through points -----------------------------------------------------------------------------------


def _inner_knots(x: Array, k: int) -> Array:
    """Knots of the spline without conditions at its ends. [de Boor 1978, ch. XIII]"""
    half = (k + 1) // 2 if k % 2 else k // 2
    t = x if k % 2 else 0.5 * (x[1:] + x[:-1])
    return t[half : len(t) - half]


def _conditions(side: Any, like: Array) -> list[tuple[int, Any]]:
    if side is None:
        return []
    if isinstance(side, str):
        names = {"clamped": [(1, 0.0)], "natural": [(2, 0.0)], "not-a-knot": []}
        if side not in names:
            raise ValueError(f"Unknown boundary condition : {side}")
        side = names[side]
    return [(operator.index(nu), np.broadcast_to(as_shaped(v), like.shape[1:])) for nu, v in side]


@functools.wraps(si.make_interp_spline)
def make_interp_spline(*args: Any, **keywords: Any) -> Any:
    if any_traced(args, keywords):
        return _through_points(*args, **keywords)
    spline = si.make_interp_spline(*args, **keywords)
    return BSpline.construct_fast(spline.t, spline.c, spline.k, spline.extrapolate, spline.axis)


def _through_points(
    x: Any,
    y: Any,
    k: int = 3,
    t: Any = None,
    bc_type: Any = None,
    axis: int = 0,
    check_finite: bool = True,
) -> Any:
    """The coefficients solve a banded system, the basis at the points. [de Boor 1978, ch. XIII]"""
    if isinstance(bc_type, str) and bc_type == "periodic":
        unsupported(
            "scipy.interpolate.make_interp_spline of traced data with bc_type='periodic'.",
            "use CubicSpline, which has bc_type='periodic'",
        )
    k = operator.index(k)
    x, y = floating(x), np.moveaxis(floating(y), axis, 0)
    _checked(x, y, check_finite)
    if bc_type is None or isinstance(bc_type, str):
        sides: Any = bc_type, bc_type
    else:
        sides = bc_type
    first, last = [_conditions(side, y) for side in sides]
    if k == 0 or (k == 1 and t is None):
        if first or last or t is not None:
            raise ValueError(f"Too much info for k={k}: t and bc_type can only be None.")
        t = np.concatenate([x, x[-1:]] if k == 0 else [x[:1], x, x[-1:]])
        return _spline(t, y, k, axis)
    n = len(x)
    if t is None:
        inner = x[1:-1] if first or last else _inner_knots(x, k)
        t = np.concatenate([x[:1]] * (k + 1) + [inner] + [x[-1:]] * (k + 1))
    t = floating(t)
    count = t.shape[0] - k - 1
    if count - n != len(first) + len(last):
        raise ValueError(
            "The number of derivatives at boundaries does not match: expected "
            f"{count - n}, got {len(first)}+{len(last)}"
        )
    ends, at = values(t), values(x)
    j = _place(ends, k, at, count)
    blocks, places = [np.stack(_basis(x, t, k, j), axis=-1)], [j]
    right = [np.reshape(y, (n, -1))]
    for side, end, at_start in ((first, x[:1], True), (last, x[-1:], False)):
        e = _place(ends, k, values(end), count)
        for nu, value in side:
            row = np.stack(_slope_row(end, t, k, e, nu), axis=-1)
            where = 0 if at_start else len(blocks)
            blocks.insert(where, row)
            places.insert(where, e)
            right.insert(where, np.reshape(floating(value), (1, -1)))
    table, place = np.concatenate(blocks), np.concatenate(places)
    row, column_ = np.indices((2 * k + 1, count))
    i = column_ + row - k  # the equation whose coefficient stands in this band
    r = column_ - chosen(place, np.clip(i, 0, count - 1)) + k
    known = (i >= 0) & (i < count) & (r >= 0) & (r <= k)
    where = np.clip(i, 0, count - 1) * (k + 1) + np.clip(r, 0, k)
    bands = np.where(known, chosen(np.reshape(table, (-1,)), where), 0.0)
    rhs = np.concatenate(right)
    c = solve_banded(bands, rhs, l=k, u=k)
    return _spline(t, np.reshape(c, (count, *y.shape[1:])), k, axis)


def _spline(t: Array, c: Array, k: int, axis: int) -> BSpline:
    return BSpline(t, np.moveaxis(c, 0, axis), k, axis=axis)


def _checked(x: Array, y: Array, finite: bool) -> None:
    if x.ndim != 1:
        raise ValueError("Expect x to be a 1D strictly increasing sequence.")
    if x.shape[0] != y.shape[0]:
        raise ValueError(f"Shapes of x {x.shape} and y {y.shape} are incompatible")
    every = every_value(x)
    if np.any(every[..., 1:] == every[..., :-1]):
        raise ValueError("Expect x to not have duplicates")
    if np.any(every[..., 1:] < every[..., :-1]):
        raise ValueError("Expect x to be a 1D strictly increasing sequence.")
    if finite and not (np.isfinite(every).all() and np.isfinite(every_value(y)).all()):
        raise ValueError("array must not contain infs or NaNs")
