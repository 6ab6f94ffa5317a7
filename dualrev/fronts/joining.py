"""NumPy's functions that join arrays and cut them apart."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..primitive import Tracer
from ..rules import joining as jn
from ..rules import shaping as sh
from .keywords import as_kind, as_shaped, deliver, normal_axes, plain
from .packing import holds_tracers


def _arrays(sequence: Any) -> list[Any]:
    if not isinstance(sequence, (Sequence, deque, Tracer, np.ndarray)):
        raise TypeError("The first input argument needs to be a sequence")
    parts: Any = sequence
    return [as_shaped(a) for a in parts]


def _in_kind(joined: Any, dtype: Any, casting: str) -> Any:
    if dtype is not None and not np.can_cast(joined.dtype, dtype, casting):
        raise TypeError(
            f"Cannot cast array data from {joined.dtype!r} to {np.dtype(dtype)!r} "
            f"according to the rule '{casting}'"
        )
    return as_kind(joined, dtype)


def concatenate(
    arrays: Any,
    /,
    axis: int | None = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Any:
    parts = _arrays(arrays)
    if axis is None:
        parts, axis = [sh.reshape(a, shape=(-1,)) for a in parts], 0
    return deliver(_in_kind(jn.concatenate(*parts, axis=axis), dtype, casting), out)


def stack(
    arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    return deliver(_in_kind(jn.stack(*_arrays(arrays), axis=axis), dtype, casting), out)


def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    parts = [np.atleast_2d(a) for a in _arrays(tup)]
    return _in_kind(jn.concatenate(*parts, axis=0), dtype, casting)


def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    parts = [np.atleast_1d(a) for a in _arrays(tup)]
    axis = 0 if parts and parts[0].ndim == 1 else 1
    return _in_kind(jn.concatenate(*parts, axis=axis), dtype, casting)


def dstack(tup: Any) -> Any:
    return jn.concatenate(*[np.atleast_3d(a) for a in _arrays(tup)], axis=2)


def column_stack(tup: Any) -> Any:
    parts = [np.reshape(a, (-1, 1)) if a.ndim < 2 else a for a in _arrays(tup)]
    return jn.concatenate(*parts, axis=1)


def block(arrays: Any) -> Any:
    np.block(_marks(arrays))  # NumPy refuses depths that do not match, and tuples
    depth = _depth(arrays)
    ndim = max(depth, *(np.ndim(a) for a in _flat(arrays)))
    joined = _join_blocks(arrays, depth, ndim)
    return joined.snapshot() if isinstance(joined, Tracer) else joined


def _marks(arrays: Any) -> Any:
    """The same nested lists, with arrays that take no memory."""
    if isinstance(arrays, (list, tuple)):
        return type(arrays)(map(_marks, arrays))
    return np.broadcast_to(False, np.shape(arrays))


def _depth(arrays: Any) -> int:
    return 1 + max(map(_depth, arrays), default=0) if isinstance(arrays, list) else 0


def _flat(arrays: Any) -> list[Any]:
    return [a for part in arrays for a in _flat(part)] if isinstance(arrays, list) else [arrays]


def _join_blocks(arrays: Any, depth: int, ndim: int) -> Any:
    """Innermost lists join along the last axis, those around them along the one before."""
    if not isinstance(arrays, list):
        a = as_shaped(arrays)
        return sh.reshape(a, shape=(1,) * (ndim - a.ndim) + a.shape)
    parts = [_join_blocks(part, depth - 1, ndim) for part in arrays]
    return jn.concatenate(*parts, axis=ndim - depth)


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return concatenate([arr, values], axis=axis)


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    x, v = as_shaped(arr), as_shaped(values)
    marks = x.size + np.arange(v.size).reshape(v.shape)
    where = plain(obj) if holds_tracers(obj) else obj
    source = np.insert(np.arange(x.size).reshape(x.shape), where, marks, axis)
    flat = sh.reshape(x, shape=(-1,)), as_kind(sh.reshape(v, shape=(-1,)), x.dtype)
    return jn.concatenate(*flat, axis=0)[source]


# -- cutting apart: slices, so that the parts are views ------------------------------------


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    x = as_shaped(ary)
    (axis,) = normal_axes(axis, x.ndim)
    n = x.shape[axis]
    cuts = plain(indices_or_sections)
    if np.iterable(cuts):
        bounds = [0, *cuts, n]
    else:
        parts = int(cuts)
        if parts <= 0:
            raise ValueError("number sections must be larger than 0.")
        each, more = divmod(n, parts)  # the first `more` parts have one element more
        bounds = [k * each + min(k, more) for k in range(parts + 1)]
    head = (slice(None),) * axis
    return [x[(*head, slice(start, stop))] for start, stop in itertools.pairwise(bounds)]


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    x = as_shaped(ary)
    cuts = plain(indices_or_sections)
    if not np.iterable(cuts) and x.shape[axis] % cuts:
        raise ValueError("array split does not result in an equal division")
    return array_split(x, cuts, axis)


def _split_along(axis: int, least: int, name: str) -> Callable[..., list[Any]]:
    def front(ary: Any, indices_or_sections: Any) -> list[Any]:
        x = as_shaped(ary)
        if x.ndim < least:
            raise ValueError(f"{name} only works on arrays of {least} or more dimensions")
        return split(x, indices_or_sections, min(axis, x.ndim - 1))

    return front


vsplit = _split_along(0, 2, "vsplit")
hsplit = _split_along(1, 1, "hsplit")
dsplit = _split_along(2, 3, "dsplit")


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    x = as_shaped(x)
    if x.ndim == 0:
        raise ValueError("Input array must be at least 1-d.")
    (axis,) = normal_axes(axis, x.ndim)
    head = (slice(None),) * axis
    return tuple(x[(*head, k)] for k in range(x.shape[axis]))


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.concatenate: concatenate,
    np.concat: concatenate,
    np.stack: stack,
    np.vstack: vstack,
    np.hstack: hstack,
    np.dstack: dstack,
    np.column_stack: column_stack,
    np.block: block,
    np.append: append,
    np.insert: insert,
    np.array_split: array_split,
    np.split: split,
    np.hsplit: hsplit,
    np.vsplit: vsplit,
    np.dsplit: dsplit,
    np.unstack: unstack,
}
