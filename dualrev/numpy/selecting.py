"""NumPy's functions that choose elements, and those that write into an array."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..errors import AliasError, describe, explain
from ..primitive import Tracer
from ..rules import joining as jn
from ..rules import shaping as sh
from .keywords import as_shaped, deliver, normal_axes, plain
from .packing import as_array


def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    condition = plain(condition)
    if x is None and y is None:
        return np.where(condition)
    return jn.where(as_array(x), as_array(y), condition=condition)


def select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    dtype = np.result_type(*[as_shaped(c).dtype for c in choicelist], *([] if np.ndim(default) == 0 and not isinstance(default, Tracer) else [as_shaped(default).dtype]))
    chosen = as_array(default)
    for condition, choice in zip(condlist[::-1], choicelist[::-1], strict=True):
        chosen = np.where(plain(condition), as_array(choice), chosen)
    return chosen if chosen.dtype == dtype else chosen.astype(dtype)


def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    index = np.asarray(plain(a))
    n = len(choices)
    if mode == "raise" and (index.min(initial=0) < 0 or index.max(initial=0) >= n):
        raise ValueError("invalid entry in choice array")
    index = index % n if mode == "wrap" else np.clip(index, 0, n - 1)
    chosen = as_array(choices[0])
    for k in range(1, n):
        chosen = np.where(index == k, as_array(choices[k]), chosen)
    shape = np.broadcast_shapes(index.shape, np.shape(chosen))
    return deliver(chosen if chosen.shape == shape else np.broadcast_to(chosen, shape), out)


def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kw: Any) -> Any:
    x = as_shaped(x)
    conditions = np.asarray(plain(condlist), dtype=bool)
    if conditions.ndim == x.ndim or (x.ndim == 0 and conditions.ndim == 1 and len(funclist) in (1,)):
        conditions = conditions[None] if conditions.ndim == x.ndim else conditions
    if len(funclist) == len(conditions) + 1:
        conditions = np.concatenate([conditions, ~np.any(conditions, axis=0, keepdims=True)])
    y: Any = 0.0
    for condition, function in zip(conditions, funclist, strict=True):
        if callable(function):
            # where the condition is false any point of the domain will do: one where it is true
            if not condition.any():
                continue
            inside = x[condition] if x.ndim else x
            value = function(inside, *args, **kw)
            if x.ndim:
                value = _spread(value, condition, x)
        else:
            value = function
        y = np.where(condition, value, y)
    y = y if np.shape(y) == x.shape else np.broadcast_to(y, x.shape)
    return y if y.dtype == x.dtype else y.astype(x.dtype)


def _spread(values: Any, condition: Any, x: Any) -> Any:
    """`values` put where `condition` is true, zero elsewhere."""
    y = np.zeros_like(x)
    y[condition] = values
    return y


def take(a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise") -> Any:
    x = as_shaped(a)
    key = np.asarray(plain(indices))
    if axis is None:
        x, axis = np.reshape(x, -1), 0
    (axis,) = normal_axes(axis, x.ndim)
    n = x.shape[axis]
    if mode == "wrap":
        key = key % n
    elif mode == "clip":
        key = np.clip(key, 0, n - 1)
    elif key.size and (key.min() < -n or key.max() >= n):
        raise IndexError(f"index out of bounds for axis {axis} with size {n}")
    return deliver(x[(slice(None),) * axis + (key,)], out)


def compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    move = partial(_compress, np.asarray(plain(condition)), axis)
    return deliver(sh.move(as_shaped(a), move=move), out)


def _compress(condition: Any, axis: int | None, x: Any) -> Any:
    return np.compress(condition, x, axis)


def extract(condition: Any, arr: Any) -> Any:
    return np.reshape(as_shaped(arr), -1)[np.flatnonzero(plain(condition))]


# -- writing -------------------------------------------------------------------------------


def _destination(a: Any, function: str) -> Any:
    """A destination that can hold traced values."""
    if isinstance(a, Tracer):
        return a
    raise AliasError(
        explain(
            f"np.{function} of traced values into a plain array, {describe(a)}, which cannot hold them.",
            "make the array with np.zeros(shape, like=x), or as np.zeros_like(x) of a traced x",
        )
    )


def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    a = _destination(a, "put")
    index = np.asarray(plain(ind)).reshape(-1)
    if mode != "raise":
        index = index % a.size if mode == "wrap" else np.clip(index, 0, a.size - 1)
    values = np.reshape(as_shaped(v), -1)
    if not index.size or not values.size:
        return
    a[np.unravel_index(index % a.size, a.shape)] = values[np.arange(index.size) % values.size]


def place(arr: Any, mask: Any, vals: Any) -> None:
    arr = _destination(arr, "place")
    found = np.nonzero(np.asarray(plain(mask), bool).reshape(arr.shape))
    values = np.reshape(as_shaped(vals), -1)
    if len(found[0]):
        arr[found] = values[np.arange(len(found[0])) % values.size]


def putmask(a: Any, /, mask: Any, values: Any) -> None:
    a = _destination(a, "putmask")
    mask = np.asarray(plain(mask), bool)
    values = as_shaped(values)
    if values.shape == a.shape:
        a[mask] = values[mask]
        return
    index = np.flatnonzero(mask)
    a[np.unravel_index(index, a.shape)] = np.reshape(values, -1)[index % values.size]


def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    dst = _destination(dst, "copyto")
    if where is True:
        dst[...] = src
        return
    mask = np.broadcast_to(plain(where), dst.shape)
    dst[mask] = np.broadcast_to(as_shaped(src), dst.shape)[mask]


def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    a = _destination(a, "fill_diagonal")
    marks = np.zeros(a.shape, bool)
    np.fill_diagonal(marks, True, wrap)
    found = np.nonzero(marks)
    values = np.reshape(as_shaped(val), -1)
    a[found] = values[np.arange(len(found[0])) % values.size]


def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    arr = _destination(arr, "put_along_axis")
    if axis is None:
        arr[np.unravel_index(np.asarray(plain(indices)), arr.shape)] = values
        return
    source = np.take_along_axis(np.arange(arr.size).reshape(arr.shape), np.asarray(plain(indices)), axis)
    arr[np.unravel_index(source, arr.shape)] = values


# -- functions applied to parts ------------------------------------------------------------


def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    x = as_shaped(arr)
    (axis,) = normal_axes(axis, x.ndim)
    rows = np.reshape(np.moveaxis(x, axis, -1), (-1, x.shape[axis]))
    results = [as_shaped(func1d(rows[k], *args, **kwargs)) for k in range(rows.shape[0])]
    head, tail = x.shape[:axis], x.shape[axis + 1 :]
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
    np.put: put,
    np.place: place,
    np.putmask: putmask,
    np.copyto: copyto,
    np.fill_diagonal: fill_diagonal,
    np.put_along_axis: put_along_axis,
    np.apply_along_axis: apply_along_axis,
    np.apply_over_axes: apply_over_axes,
}
