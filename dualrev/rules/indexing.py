"""Indexing: taking elements and its transpose, adding elements into place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..primitive import Differential, Tracer
from .forms import Linear, linear
from .forms.batching import all_full, full, lifted
from .forms.shapes import conform, shape_dtype
from .keys import (
    differs_among_examples,
    dispatch,
    flat_positions,
    in_batch,
    is_traced,
    names_once,
    one_of,
    pick,
    positions,
)
from .keys import is_basic as is_basic

_MANY = 500  # elements from which it pays to compute where they go in the flattened array


def add_into(buffer: Any, key: Any, value: Any, unique: bool) -> None:
    """``buffer[key] += value``, repeated indices adding up."""
    if unique:
        buffer[key] += value
    elif (
        np.size(value) < _MANY
        or buffer.ndim == np.ndim(value) == 1
        or not buffer.flags.c_contiguous
    ):
        np.add.at(buffer, key, value)
    else:  # NumPy is five times as fast where all has one axis
        where = flat_positions(key, buffer.shape)
        np.add.at(buffer.reshape(-1), where.reshape(-1), value.reshape(-1))


def take(x: Any, key: Any) -> Any:
    """``x[key]``; of a tracer not a view, for what is inside another tracer is a value."""
    return x.take_index(key) if isinstance(x, Tracer) else x[key]


def _scatter(*values: Any, keys: Any, shape: Any, dtype: Any) -> Any:
    buffer = np.zeros(shape, dtype)
    for k, (value, key) in enumerate(zip(values, keys, strict=True)):
        if k == 0 and names_once(key):
            buffer[key] = value
        else:
            add_into(buffer, key, value, names_once(key))
    return buffer


class _Gather(Linear):
    """``y = x[key]``. The sweep knows it, and adds cotangents into place: see `reverse`."""

    __slots__ = ()

    def specialise(self, active: int) -> Differential:
        return _GatherDifferential(self)


class _GatherDifferential(Differential):
    """``dy = dx[key]``; ``ct_x`` is ``ct`` added into zeros at ``key``."""

    __slots__ = ()

    def keep(self, y: Any, args: Sequence[Any], params: Any) -> tuple[Any, ...]:
        x = args[0]
        return x.shape, x.dtype, params["key"]

    def keep1(self, y: Any, x: Any, params: Any) -> tuple[Any, ...]:
        return x.shape, x.dtype, params["key"]

    def push(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        return take(tangents[0], residuals[2])

    def pull(self, residuals: Any, ct: Any) -> Any:
        shape, dtype, key = residuals
        return scatter(ct, keys=(key,), shape=shape, dtype=dtype)


def _batch_getitem(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    (x,), key = args, params["key"]
    shape = x.shape[1:] if batched[0] else x.shape
    if differs_among_examples(key):
        return dispatch(getitem, (x,), pick(getitem, key, shape, size, rows=batched[0]))
    inside = in_batch(key)
    if inside is not None:
        return dispatch(getitem, (x,), inside) if is_traced(key) else getitem(x, key=inside)
    rows = x.reshape(size, math.prod(shape))
    return getitem(rows, key=(slice(None), positions(key, shape)))


def _batch_setitem(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    x, value, key = full(args[0], batched[0], size), args[1], params["key"]
    shape = x.shape[1:]
    if differs_among_examples(key):
        inside = pick(setitem, key, shape, size, rows=True)
        region = np.broadcast_shapes(*(k.shape for k in inside))[1:] + shape[len(inside) - 1 :]
        value = fitted(value, len(region)) if batched[1] else value
        return dispatch(setitem, (x, value), inside)
    region = np.broadcast_to(False, shape)[one_of(key)].shape
    value = fitted(value, len(region)) if batched[1] else value
    inside = in_batch(key)
    if is_traced(key):  # it differs among the examples of another batch
        if inside is None:
            setitem.refuse_batch(" for indices of an outer batch with slices between them")
        return dispatch(setitem, (x, value), inside)
    if inside is not None:
        return setitem(x, value, key=inside)
    rows = x.reshape(size, math.prod(shape))
    key = (slice(None), positions(key, shape))
    return setitem(rows, value, key=key).reshape(size, *shape)


def fitted(value: Any, rank: int) -> Any:
    """A batched `value` that is written to a region of `rank` axes."""
    if value.ndim - 1 > rank:  # leading axes of length 1
        return value.reshape(value.shape[0], *value.shape[value.ndim - rank :])
    return lifted(value, rank)


def _batch_scatter(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    values = all_full(size, args, batched)
    shape, keys = tuple(params["shape"]), params["keys"]
    inside = [in_batch(key) for key in keys]
    if all(key is not None for key in inside):
        return scatter(*values, keys=tuple(inside), shape=(size, *shape), dtype=params["dtype"])
    rows = tuple((slice(None), positions(key, shape)) for key in keys)
    flat = (size, math.prod(shape))
    y = scatter(*values, keys=rows, shape=flat, dtype=params["dtype"])
    return y.reshape(size, *shape)


getitem = _Gather(take, (), name="getitem", structural=True, batch=_batch_getitem)
scatter = linear(
    _scatter,
    lambda ct, values, keys, shape, dtype: [take(ct, key) for key in keys],
    name="scatter",
    variadic=True,
    batch=_batch_scatter,
)


def _set_index(x: Any, value: Any, key: Any) -> Any:
    y = np.array(x)  # also of a NumPy scalar, which has no items to assign
    y[key] = value
    return y


class _SetItem(Linear):
    """``y = x`` with ``y[key] = value``. The sweep clears cotangents in place: see `reverse`."""

    __slots__ = ()

    def specialise(self, active: int) -> Differential:
        return SetDifferential(self, active)


class SetDifferential(Differential):
    """``dy = dx`` with ``dy[key] = dvalue``; ``ct_x`` is ``ct`` cleared at `key`,
    ``ct_value = ct[key]``.

    What was overwritten has no influence, what was written has all. Where a key names an
    element twice the last value stands, so only its cotangent counts.
    """

    __slots__ = ("mask",)

    def __init__(self, primitive: _SetItem, active: int) -> None:
        super().__init__(primitive, deferred=True)
        self.mask = active

    def keep(self, y: Any, args: Sequence[Any], params: Any) -> tuple[Any, ...]:
        x, value = args
        return x.shape, x.dtype, *shape_dtype(value), params["key"]

    def push(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        shape, dtype, _, _, key = residuals
        dx = tangents[0] if self.mask & 1 else np.zeros(shape, dtype)
        dvalue = tangents[-1] if self.mask & 2 else dtype.type(0)
        return setitem(dx, dvalue, key=key)

    def pull(self, residuals: Any, ct: Any) -> Any:
        cts = []
        if self.mask & 1:
            cts.append(setitem(ct, ct.dtype.type(0), key=residuals[4]))
        if self.mask & 2:
            cts.append(self.pull_value(residuals, ct))
        return cts[0] if len(cts) == 1 else tuple(cts)

    def pull_in_place(self, residuals: Any, ct: np.ndarray) -> Any:
        """The same in the buffer of `ct`, which nobody else holds: O(elements written)."""
        if self.mask == 2:
            return self.pull_value(residuals, ct)
        ct_value = self.pull_value(residuals, ct).copy() if self.mask & 2 else None
        ct[residuals[4]] = 0
        return (ct, ct_value) if self.mask & 2 else ct

    def pull_value(self, residuals: Any, ct: Any) -> Any:
        shape, _, value_shape, value_dtype, key = residuals
        return conform(last_written(ct, shape, key), value_shape, value_dtype)


setitem = _SetItem(_set_index, (), name="setitem", structural=True, batch=_batch_setitem)


def last_written(ct: Any, shape: Any, key: Any) -> Any:
    """``ct[key]``, zero where an element is named again later in `key`."""
    taken = take(ct, key)
    if names_once(key):
        return taken
    last = _is_last(flat_positions(key, shape).reshape(-1), math.prod(shape))
    return taken if last.all() else np.where(last.reshape(taken.shape), taken, ct.dtype.type(0))


def _is_last(places: np.ndarray, size: int) -> np.ndarray:
    """For each of `places`, numbers below `size`, whether it is not named again later."""
    if 16 * places.size > size:
        writer = np.empty(size, np.intp)
        order = np.arange(places.size)
        writer[places] = order
        return writer[places] == order
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    last = np.ones(places.size, bool)
    last[order[:-1]] = ordered[1:] != ordered[:-1]
    return last
