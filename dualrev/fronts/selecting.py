"""NumPy's functions that choose elements, and those that apply a function to parts."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..primitive import Tracer
from ..rules import joining as jn
from ..rules import shaping as sh
from ..rules.indexing import getitem
from ..rules.keys import dispatch
from .keywords import as_kind, as_shaped, deliver, normal_axes, plain, values
from .packing import as_array


def where(condition: Any, /, *xy: Any) -> Any:
    condition = values(condition)
    if not xy:
        return np.nonzero(plain(condition))
    if len(xy) != 2:
        raise ValueError("either both or neither of x and y should be given")
    return jn.choose(as_array(xy[0]), as_array(xy[1]), condition)


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    if len(condlist) == 0:
        raise ValueError("select with an empty condition list is not possible")
    choices = [c if type(c) in _NUMBERS else as_shaped(c) for c in (*choicelist, default)]
    dtype = np.result_type(*(c if type(c) in _NUMBERS else c.dtype for c in choices))
    chosen = choices.pop()
    for k in range(len(choices) - 1, -1, -1):
        condition = values(condlist[k])
        condition = condition if isinstance(condition, Tracer) else np.asarray(condition)
        if condition.dtype != bool:
            raise TypeError(f"invalid entry {k} in condlist: should be boolean ndarray")
        chosen = jn.choose(choices[k], chosen, condition)
    return as_kind(chosen, dtype)


_NUMBERS = (int, float, complex)  # they adapt to the kind of the others


def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    # Which choice, and where in it, for each element of the result: NumPy says.
    parts = [as_shaped(c) for c in choices]
    starts = np.cumsum([0, *(c.size for c in parts)])
    marks = [k + np.arange(c.size).reshape(c.shape) for k, c in zip(starts, parts)]
    source = np.choose(plain(a), marks, mode=mode)
    joined = jn.concatenate(*[sh.reshape(c, shape=(-1,)) for c in parts], axis=0)
    return deliver(joined[source], out)


def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    x = as_shaped(x)
    conditions = np.asarray(plain(condlist), dtype=bool)
    if conditions.ndim == x.ndim or (
        x.ndim == 0 and conditions.ndim == 1 and len(funclist) in (1,)
    ):
        conditions = conditions[None] if conditions.ndim == x.ndim else conditions
    if len(funclist) == len(conditions) + 1:
        conditions = np.concatenate([conditions, ~np.any(conditions, axis=0, keepdims=True)])
    y: Any = 0.0
    for condition, function in zip(conditions, funclist, strict=True):
        if callable(function):
            # where the condition is false any point of the domain will do: one where it is true
            if not condition.any():
                continue
            value = function(x[condition], *args, **kw)
            value = _spread(value, condition, x) if x.ndim else np.reshape(value, ())
        else:
            value = function
        y = np.where(condition, value, y)
    y = y if np.shape(y) == x.shape else np.broadcast_to(y, x.shape)
    return y if y.dtype == x.dtype else y.astype(x.dtype)


def _spread(values: Any, condition: Any, x: Any) -> Any:
    """`values` put where `condition` is true, zero elsewhere."""
    values = as_array(values)
    like = values if isinstance(values, Tracer) else x
    y = np.zeros(x.shape, x.dtype, like=like)
    y[condition] = values
    return y


def take(
    a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise"
) -> Any:
    x = as_shaped(a)
    key = values(indices)
    if not isinstance(key, Tracer):
        key = np.asarray(key).astype(np.intp)
    if axis is None or x.ndim == 0:
        x, axis = sh.reshape(x, shape=(-1,)), axis or 0
    (axis,) = normal_axes(axis, x.ndim)
    n = x.shape[axis]
    if mode == "wrap":
        key = key % n
    elif mode == "clip":
        key = np.clip(key, 0, n - 1)
    elif mode != "raise":
        raise ValueError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    if not isinstance(key, Tracer) and not key.ndim:
        key = int(key)
    return deliver(dispatch(getitem, (x,), (slice(None),) * axis + (key,)), out)


def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    move = partial(_compress, np.asarray(plain(condition)), axis)
    return deliver(sh.move(as_shaped(a), move=move), out)


def _compress(condition: Any, axis: int | None, x: Any) -> Any:
    return np.compress(condition, x, axis)


def extract(condition: Any, arr: Any) -> Any:
    return np.reshape(as_shaped(arr), -1)[np.flatnonzero(plain(condition))]


# -- functions applied to parts ------------------------------------------------------------


def apply_along_axis(
    func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any
) -> Any:
    x = as_shaped(arr)
    (axis,) = normal_axes(axis, x.ndim)
    head, tail = x.shape[:axis], x.shape[axis + 1 :]
    count = math.prod(head + tail)
    if count == 0:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    rows = np.reshape(np.moveaxis(x, axis, -1), (count, x.shape[axis]))
    results = [as_shaped(func1d(rows[k], *args, **kwargs)) for k in range(count)]
    inner = results[0].shape
    y = np.reshape(np.stack(results), head + tail + inner)
    places = tuple(range(len(head), len(head) + len(inner)))
    return np.moveaxis(y, tuple(range(len(head) + len(tail), y.ndim)), places) if inner else y


def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    x = as_shaped(a)
    for axis in normal_axes(axes, x.ndim):
        y = func(x, axis)
        x = y if y.ndim == x.ndim else np.expand_dims(y, axis)
    return x


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.where: where,
    np.select: select,
    np.choose: choose,
    np.piecewise: piecewise,
    np.take: take,
    np.compress: compress,
    np.extract: extract,
    np.apply_along_axis: apply_along_axis,
    np.apply_over_axes: apply_over_axes,
}
