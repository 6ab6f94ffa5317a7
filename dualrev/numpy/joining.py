"""NumPy's functions that join arrays and cut them apart."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..rules import joining as jn
from .keywords import as_kind, as_shaped, deliver, plain
from .packing import as_array


def _arrays(sequence: Any) -> list[Any]:
    return [as_shaped(a) for a in sequence]


def concatenate(
    arrays: Any, /, axis: int | None = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    parts = _arrays(arrays)
    if axis is None:
        parts, axis = [np.reshape(a, -1) for a in parts], 0
    joined = jn.concatenate(*parts, axis=axis)
    return deliver(as_kind(joined, dtype), out)


def stack(
    arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    return deliver(as_kind(jn.stack(*_arrays(arrays), axis=axis), dtype), out)


def vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    return as_kind(jn.concatenate(*[np.atleast_2d(a) for a in _arrays(tup)], axis=0), dtype)


def hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    parts = [np.atleast_1d(a) for a in _arrays(tup)]
    axis = 0 if parts and parts[0].ndim == 1 else 1
    return as_kind(jn.concatenate(*parts, axis=axis), dtype)


def dstack(tup: Any) -> Any:
    return jn.concatenate(*[np.atleast_3d(a) for a in _arrays(tup)], axis=2)


def column_stack(tup: Any) -> Any:
    parts = [np.reshape(a, (-1, 1)) if a.ndim < 2 else a for a in _arrays(tup)]
    return jn.concatenate(*parts, axis=1)


def block(arrays: Any) -> Any:
    depth = _depth(arrays)
    ndim = max(depth, *(np.ndim(a) for a in _flat(arrays)))
    return _join_blocks(arrays, depth, ndim)


def _depth(arrays: Any) -> int:
    return 1 + max(map(_depth, arrays), default=0) if isinstance(arrays, list) else 0


def _flat(arrays: Any) -> list[Any]:
    return [a for part in arrays for a in _flat(part)] if isinstance(arrays, list) else [as_array(arrays)]


def _join_blocks(arrays: Any, depth: int, ndim: int) -> Any:
    """Innermost lists join along the last axis, those around them along the one before."""
    if not isinstance(arrays, list):
        a = as_shaped(arrays)
        return np.reshape(a, (1,) * (ndim - a.ndim) + a.shape)
    parts = [_join_blocks(part, depth - 1, ndim) for part in arrays]
    return jn.concatenate(*parts, axis=ndim - depth)


def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return concatenate([arr, values], axis=axis)


def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    x, v = as_shaped(arr), as_shaped(values)
    marks = x.size + np.arange(v.size).reshape(v.shape)
    indices = np.insert(np.arange(x.size).reshape(x.shape), plain(obj), marks, axis)
    v = np.reshape(v, -1)
    both = jn.concatenate(np.reshape(x, -1), v if v.dtype == x.dtype else as_kind(v, x.dtype), axis=0)
    return both[indices]


# -- cutting apart: slices, so that the parts are views ------------------------------------


def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    x = as_shaped(ary)
    parts = np.array_split(np.arange(x.shape[axis]), plain(indices_or_sections))
    head = (slice(None),) * (axis % x.ndim)
    ends = np.cumsum([len(part) for part in parts]).tolist()
    if isinstance(indices_or_sections, (int, np.integer)):
        bounds = zip([0, *ends[:-1]], ends, strict=True)
        return [x[(*head, slice(start, stop))] for start, stop in bounds]
    cuts = [None, *plain(indices_or_sections), None]
    return [x[(*head, slice(start, stop))] for start, stop in itertools.pairwise(cuts)]


def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    x = as_shaped(ary)
    if isinstance(indices_or_sections, (int, np.integer)) and x.shape[axis] % indices_or_sections:
        raise ValueError("array split does not result in an equal division")
    return array_split(x, indices_or_sections, axis)


def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    x = as_shaped(ary)
    return split(x, indices_or_sections, 1 if x.ndim > 1 else 0)


def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    return split(ary, indices_or_sections, 0)


def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    return split(ary, indices_or_sections, 2)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    x = np.moveaxis(as_shaped(x), axis, 0)
    return tuple(x[k] for k in range(x.shape[0]))


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
