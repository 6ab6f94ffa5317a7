"""Shape: moving, repeating and dropping elements; linear, and values never matter."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..primitive import Differential, Primitive, Tracer
from .forms import linear, unbroadcast
from .forms.batching import elementwise_rule, full, lifted, shifted
from .indexing import scatter
from .sorting import take_flat


def _batch_reshape(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    (x,) = args
    shape = params["shape"]
    shape = [shape] if isinstance(shape, (int, np.integer)) else list(shape)
    if -1 in shape:  # of no examples nothing can be inferred
        known = math.prod(n for n in shape if n != -1)
        shape[shape.index(-1)] = math.prod(x.shape[1:]) // (known or 1)
    return reshape(x, shape=(size, *shape))


def _batch_transpose(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    axes = params["axes"]
    return transpose(args[0], axes=(0, *shifted(tuple(axes), len(axes))))


def _batch_broadcast(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    shape = tuple(params["shape"])
    return broadcast_to(lifted(args[0], len(shape)), shape=(size, *shape))


reshape = linear(
    lambda x, shape: np.reshape(x, shape),
    lambda ct, x, shape: np.reshape(ct, x.shape),
    name="reshape",
    structural=True,
    batch=_batch_reshape,
)
transpose = linear(
    lambda x, axes: np.transpose(x, axes),
    lambda ct, x, axes: np.transpose(ct, sorted(range(len(axes)), key=axes.__getitem__)),
    name="transpose",
    structural=True,
    batch=_batch_transpose,
)
broadcast_to = linear(
    lambda x, shape: np.broadcast_to(x, shape),
    lambda ct, x, shape: unbroadcast(ct, x.shape),
    name="broadcast_to",
    structural=True,
    batch=_batch_broadcast,
)


# -- any function that only moves elements -------------------------------------------------


def positions(move: Callable[[Any], Any], x: Any) -> Any:
    """Where each element of ``move(x)`` comes from, in the flattened `x`; -1 for nowhere."""
    return move(np.arange(x.size).reshape(x.shape))


def _move_back(ct: Any, x: Any, move: Callable[[Any], Any]) -> Any:
    """Elements go back where they came from; those that were repeated add up."""
    source = positions(move, x).reshape(-1)
    flat = scatter(np.reshape(ct, -1), keys=(source,), shape=(x.size,), dtype=ct.dtype)
    return np.reshape(flat, x.shape)


def _batch_move(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    """In every example the same elements move: columns of the matrix of flattened examples.

    The elements of an example come to lie in memory in the order that `move` gives them.
    """
    (x,) = args
    shape = x.shape[1:]
    columns = np.asarray(params["move"](np.arange(math.prod(shape)).reshape(shape)[()]))
    order = sorted(range(columns.ndim), key=lambda k: -abs(columns.strides[k]))
    columns = columns.transpose(order)
    unique = bool(np.bincount(columns.reshape(-1), minlength=1).max() < 2)
    starts = np.arange(size).reshape(size, *(1,) * columns.ndim) * math.prod(shape)
    y = take_flat(x, index=starts + columns, unique=unique)
    back = sorted(range(columns.ndim), key=order.__getitem__)
    return y if order == sorted(order) else transpose(y, axes=(0, *(k + 1 for k in back)))


# y = move(x), for a NumPy function that moves, repeats or drops elements and does nothing
# else: applied to the positions of the elements it tells where each one comes from.
move = linear(lambda x, move: move(x), _move_back, name="move", structural=True, batch=_batch_move)

# y = move(x) where every element has one place, and ``back(y)`` is `x` again.
permute = linear(
    lambda x, move, back: move(x),
    lambda ct, x, move, back: permute(ct, move=back, back=move),
    name="permute",
    structural=True,
    batch=_batch_move,
)


# -- kinds of numbers ----------------------------------------------------------------------


def _cast(x: Any, dtype: Any) -> Any:
    return np.asarray(x).astype(dtype)[()]


# Between kinds of float and complex; from real to complex the transpose takes the real part.
cast = linear(_cast, lambda ct, x, dtype: cast_to(ct, x.dtype), name="cast", batch=elementwise_rule)


def cast_to(x: Any, dtype: Any) -> Any:
    """`x` with elements of `dtype`; the real part if that is real and `x` is complex."""
    if x.dtype == dtype:
        return x
    if x.dtype.kind == "c" and np.dtype(dtype).kind != "c":
        x = x.real
    return cast(x, dtype=np.dtype(dtype))


# -- constants that can be written to ------------------------------------------------------


class _Attach(Primitive):
    """A constant array in the run of a tracer, whose values do not matter: so that traced
    values can be stored into it."""

    __slots__ = ()

    def specialise(self, active: int) -> Differential:
        return _AttachDifferential(self, deferred=True)

    def batch(self, size: int, args: Any, batched: Any, params: Any) -> Any:
        many = full(params["value"], False, size)  # a write makes a new array
        return attach(*args, value=many) if isinstance(args[0], Tracer) else many


class _AttachDifferential(Differential):
    """``dy = 0``, and no cotangent at all."""

    __slots__ = ()

    def keep(self, y: Any, args: Sequence[Any], params: Any) -> Any:
        return y.shape, y.dtype

    def push(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        return np.zeros(*residuals)

    def pull(self, residuals: Any, ct: Any) -> Any:
        return None


attach = _Attach(lambda x, value: value.copy(), name="constant")
