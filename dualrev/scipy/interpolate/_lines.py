"""`scipy.interpolate.interp1d`: lines, steps, and splines through all points."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.interpolate as si

from ...fronts.keywords import values
from ...fronts.packing import holds_tracers
from ...primitive import Array
from ..mirror import any_traced, of_examples
from ._arrays import AsScipys, chosen, column, data, floating, interval, knots, some
from ._basis import make_interp_spline

_STEPS = ("nearest", "nearest-up", "previous", "next")
_ORDERS = {"zero": 0, "slinear": 1, "linear": 1, "quadratic": 2, "cubic": 3}


class interp1d(AsScipys, si.interp1d):  # type: ignore[misc]
    """`scipy.interpolate.interp1d`, in traced data and at traced points too."""

    _data: Any = None  # of traced data; `adoption` makes instances of plain ones
    _fill: Any = None
    _kind_given: Any = None

    def __init__(self, x: Any, y: Any, kind: Any = "linear", axis: int = -1, **rest: Any) -> None:
        self._kind_given = kind
        if not any_traced((x, y), rest):
            super().__init__(x, y, kind, axis, **rest)
            return
        x, y = floating(x), np.moveaxis(floating(y), axis, 0)
        if x.ndim == 1 and x.shape[0] != y.shape[0]:
            raise ValueError("x and y arrays must be equal in length along interpolation axis.")
        if x.ndim == 1 and not rest.get("assume_sorted", False):
            order = of_examples(lambda v: np.argsort(v, axis=-1, kind="mergesort"), values(x))
            x, y = chosen(x, order), chosen(y, order)
        fill = rest.pop("fill_value", np.nan)
        known = _plain_fill(fill)
        super().__init__(
            knots(x), data(np.moveaxis(y, 0, axis)), kind, axis, fill_value=known, **rest
        )
        self._data, self._fill = (x, y), fill
        self.x, self.y = x, np.moveaxis(y, 0, axis)

    def __call__(self, x: Any) -> Any:
        if self._data is None and not holds_tracers(x):
            return super().__call__(x)
        point = floating(x)
        if self._data is not None:
            knots, data = self._data
        else:
            knots, data = floating(self.x), np.moveaxis(floating(self.y), self.axis, 0)
        flat = np.reshape(point, (-1,))
        kind = self._what_kind()
        if kind in _STEPS:
            y = chosen(data, _step(kind, values(knots), values(flat)))
            y = y + column(0.0 * flat, y.ndim)
        elif _ORDERS.get(kind, kind) == 1:
            y = _lines(flat, knots, data)
        else:
            y = make_interp_spline(knots, data, k=_ORDERS.get(kind, kind))(flat)
        y = self._filled(y, values(flat), values(knots), data.ndim)
        axis = self.axis % data.ndim
        y = np.reshape(y, (*point.shape, *data.shape[1:]))
        places = tuple(range(point.ndim))
        return np.moveaxis(y, places, tuple(axis + k for k in places)) if axis else y

    def _what_kind(self) -> Any:
        """As it was given; of one of SciPy's as SciPy has it."""
        if self._kind_given is not None:
            return self._kind_given
        return self._spline.k if self._kind == "spline" else self._kind

    def _filled(self, y: Array, at: Any, ends: Any, ndim: int) -> Array:
        """`y`, and outside of the data an error, or the value to fill."""
        below, above = at < ends[0], at > ends[-1]
        fill = self.fill_value if self._fill is None else self._fill
        extrapolates = isinstance(fill, str)
        if self.bounds_error and not extrapolates and (some(below) or some(above)):
            raise ValueError("A value in x_new is outside the interpolation range.")
        if extrapolates:
            sides = {"previous": (below, np.nan), "next": (above, np.nan)}
            mask, end = sides.get(self._what_kind(), (below, None))
            if end is not None and some(mask):
                y = np.where(column(mask, ndim), end, y)
            return y
        low, high = fill if isinstance(fill, tuple) else (fill, fill)
        for mask, end in ((below, low), (above, high)):
            if some(mask):
                y = np.where(column(mask, ndim), end, y)
        lost = np.isnan(at)
        return np.where(column(lost, ndim), np.nan, y) if some(lost) else y


def _lines(x: Array, knots: Array, data: Array) -> Array:
    ends = values(knots)
    j = np.clip(interval(ends, values(x)), 1, len(ends) - 1)
    start, first = chosen(knots, j - 1), chosen(data, j - 1)
    step = column(chosen(knots, j) - start, data.ndim)
    slope = (chosen(data, j) - first) / step
    return slope * column(x - start, data.ndim) + first


def _step(kind: str, knots: Any, at: Any) -> Any:
    """Which datum a step takes at plain points: a constant."""
    n = knots.shape[-1]
    if kind == "previous":
        return np.clip(interval(knots, at, "right") - 1, 0, n - 1)
    if kind == "next":
        return np.clip(interval(knots, at, "left"), 0, n - 1)
    half = knots / 2.0
    side = "left" if kind == "nearest" else "right"
    return np.clip(interval(half[1:] + half[:-1], at, side), 0, n - 1)


def _plain_fill(fill: Any) -> Any:
    """What SciPy's checks see of a value to fill, which may be traced."""
    if isinstance(fill, tuple):
        return tuple(map(_plain_fill, fill))
    return np.zeros(np.shape(fill)) if holds_tracers(fill) else fill
