"""Indexing: taking elements and its transpose, adding elements into place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..primitive import Differential, Tracer
from .forms import Linear, linear
from .forms.shapes import conform, shape_dtype


def is_basic(key: Any) -> bool:
    """Whether `key` names no element twice and gives a view: ints, slices, ``...``, None."""
    if type(key) is tuple:
        return all(type(k) in _BASIC or isinstance(k, np.integer) for k in key)
    return type(key) in _BASIC or isinstance(key, np.integer)


_BASIC = frozenset({int, slice, type(...), type(None)})


def names_once(key: Any) -> bool:
    """Whether `key` can name no element twice: basic keys, boolean masks, and both together."""
    if type(key) in _BASIC:
        return True
    parts = key if type(key) is tuple else (key,)
    return all(type(k) in _BASIC or isinstance(k, np.integer) or _is_mask(k) for k in parts)


def _is_mask(key: Any) -> bool:
    return isinstance(key, (bool, np.bool_)) or (isinstance(key, np.ndarray) and key.dtype == bool)


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
        where = _flat_positions(key, buffer.shape)
        np.add.at(buffer.reshape(-1), where.reshape(-1), value.reshape(-1))


def _flat_positions(key: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Where the elements that `key` names stand in the flattened array, in their order."""
    if type(key) is not tuple:
        key = (key,)
    if all(isinstance(k, (int, np.integer, np.ndarray)) and not _is_mask(k) for k in key):
        rows: Any = 0
        for k, n in zip(key, shape, strict=False):
            rows = rows * n + np.asarray(k, np.intp) % n
        inner = math.prod(shape[len(key) :])
        return np.reshape(rows, (*np.shape(rows), 1)) * inner + np.arange(inner)
    return np.arange(math.prod(shape)).reshape(shape)[key]


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


getitem = _Gather(take, (), name="getitem", structural=True)
scatter = linear(
    _scatter,
    lambda ct, values, keys, shape, dtype: [take(ct, key) for key in keys],
    name="scatter",
    variadic=True,
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


setitem = _SetItem(_set_index, (), name="setitem", structural=True)


def last_written(ct: Any, shape: Any, key: Any) -> Any:
    """``ct[key]``, zero where an element is named again later in `key`."""
    taken = take(ct, key)
    if names_once(key):
        return taken
    last = _is_last(_flat_positions(key, shape).reshape(-1), math.prod(shape))
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
