"""Interpolation on a rectangular grid: linear, and by the nearest value."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import scipy.interpolate as si

from ...fronts.keywords import as_shaped, values
from ...primitive import Array
from ..mirror import any_traced, drop_in, no_rule, unsupported
from ._arrays import AsScipys, chosen, column, data, floating, interval, knots, some

_METHODS = ("linear", "nearest")


class RegularGridInterpolator(AsScipys, si.RegularGridInterpolator):  # type: ignore[misc]
    """`scipy.interpolate.RegularGridInterpolator`, in traced values, grid, and at traced points."""

    _from_user: Any = None
    _traced = False

    def __init__(
        self,
        points: Any,
        values: Any,
        method: str = "linear",
        bounds_error: bool = True,
        fill_value: Any = np.nan,
        **rest: Any,
    ) -> None:
        self._from_user = points, values, fill_value
        self._traced = any_traced((*points, values, fill_value), rest)
        if not self._traced:
            super().__init__(points, values, method, bounds_error, fill_value, **rest)
            return
        _known(method)
        fill = None if fill_value is None else 0.0
        axes = [knots(p) if len(np.shape(p)) == 1 else p for p in points]
        super().__init__(axes, data(values), method, bounds_error, fill, **rest)

    def __call__(self, xi: Any, method: Any = None, **rest: Any) -> Any:
        if not self._traced and not any_traced((xi,), rest):
            return super().__call__(xi, method, **rest)
        method = self.method if method is None else method
        _known(method)
        if rest.get("nu") is not None:
            raise ValueError("Can only compute derivatives for methods of splines.")
        points, table, fill = self._from_user or (self.grid, self.values, self.fill_value)
        return _evaluated(points, table, xi, method, self.bounds_error, fill)


def _known(method: str) -> None:
    if method not in _METHODS:
        unsupported(
            f"scipy.interpolate.RegularGridInterpolator of traced values with method={method!r}.",
            "use method='linear', or CubicSpline along each axis; at traced points of two variables "
            "RectBivariateSpline",
        )


def _points(xi: Any, ndim: int) -> Array:
    if isinstance(xi, tuple):
        xi = np.stack(np.broadcast_arrays(*map(floating, xi)), axis=-1)
    xi = floating(xi)
    if xi.ndim == 1:
        xi = np.reshape(xi, (-1, 1) if ndim == 1 else (1, -1))
    if xi.shape[-1] != ndim:
        raise ValueError(
            "The requested sample points xi have dimension "
            f"{xi.shape[-1]} but this RegularGridInterpolator has dimension {ndim}"
        )
    return xi


def _evaluated(points: Any, table: Any, xi: Any, method: str, bounds_error: bool, fill: Any) -> Any:
    """The product of the interpolants along each axis: a sum over the corners of a cell."""
    axes, table = [floating(p) for p in points], floating(table)
    n = len(axes)
    xi = _points(xi, n)
    shape, rest = table.shape[:n], table.shape[n:]
    flat = np.reshape(xi, (-1, n))
    for k, axis in enumerate(axes):  # descending ones are turned
        ends = values(axis)
        if some(ends[-1] < ends[0]):
            axes[k], table = axis[::-1], np.flip(table, axis=k)
    cells = np.reshape(table, (-1, *rest))
    outside: Any = False
    lost: Any = False
    corners: list[list[tuple[Any, Any]]] = []
    for k, axis in enumerate(axes):
        x, at, ends = flat[:, k], values(flat)[:, k], values(axis)
        beyond = (at < ends[0]) | (at > ends[-1])
        if bounds_error and some(beyond):
            raise ValueError(f"One of the requested xi is out of bounds in dimension {k}")
        outside, lost = outside | beyond, lost | np.isnan(at)
        if shape[k] == 1:
            corners.append([(0, 1.0)])
            continue
        j = np.clip(interval(ends, at, "right") - 1, 0, shape[k] - 2)
        start = chosen(axis, j)
        share = (x - start) / (chosen(axis, j + 1) - start)
        if method == "nearest":
            corners.append([(np.where(values(share) <= 0.5, j, j + 1), 1.0)])
        else:
            corners.append([(j, 1.0 - share), (j + 1, share)])
    y: Any = column(0.0 * np.sum(flat, axis=1), 1 + len(rest))
    for corner in itertools.product(*corners):
        place, weight = 0, 1.0
        for k, (j, w) in enumerate(corner):
            place, weight = place * shape[k] + j, weight * w
        if isinstance(place, int):
            place = np.full(len(flat), place)
        term = chosen(cells, place)
        y = y + (term if isinstance(weight, float) else term * column(weight, 1 + len(rest)))
    if not bounds_error and fill is not None and some(outside):
        y = np.where(column(outside, y.ndim), as_shaped(fill), y)
    if some(lost):
        y = np.where(column(lost, y.ndim), np.nan, y)
    return np.reshape(y, (*xi.shape[:-1], *rest))


@drop_in(si.interpn)
def interpn(
    points: Any,
    values: Any,
    xi: Any,
    method: str = "linear",
    bounds_error: bool = True,
    fill_value: Any = np.nan,
) -> Any:
    if method not in _METHODS:
        no_rule(f"scipy.interpolate.interpn with method={method!r}", "use method='linear'")
    f = RegularGridInterpolator(points, values, method, bounds_error, fill_value)
    return f(xi)
