"""Keys: what an index names, and what it names one axis further in, in a batch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitive import Tracer
from .forms.batching import InBatch, lifted

_BASIC = frozenset({int, slice, type(...), type(None)})


def is_basic(key: Any) -> bool:
    """Whether `key` names no element twice and gives a view: ints, slices, ``...``, None."""
    if type(key) is tuple:
        return all(type(k) in _BASIC or isinstance(k, np.integer) for k in key)
    return type(key) in _BASIC or isinstance(key, np.integer)


def names_once(key: Any) -> bool:
    """Whether `key` can name no element twice: basic keys, boolean masks, and both together."""
    if type(key) in _BASIC:
        return True
    parts = key if type(key) is tuple else (key,)
    return all(type(k) in _BASIC or isinstance(k, np.integer) or is_mask(k) for k in parts)


def is_mask(key: Any) -> bool:
    return isinstance(key, (bool, np.bool_)) or (isinstance(key, np.ndarray) and key.dtype == bool)


def flat_positions(key: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Where the elements that `key` names stand in the flattened array, in their order."""
    if type(key) is not tuple:
        key = (key,)
    if all(isinstance(k, (int, np.integer, np.ndarray)) and not is_mask(k) for k in key):
        rows: Any = 0
        for k, n in zip(key, shape, strict=False):
            rows = rows * n + np.asarray(k, np.intp) % n
        inner = math.prod(shape[len(key) :])
        return np.reshape(rows, (*np.shape(rows), 1)) * inner + np.arange(inner)
    return np.arange(math.prod(shape)).reshape(shape)[key]


def positions(key: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Where each element of ``x[key]`` stands in the flattened `x`."""
    return np.asarray(np.arange(math.prod(shape)).reshape(shape)[key])


# -- in a batch ------------------------------------------------------------------------------


def is_apart(parts: tuple[Any, ...]) -> bool:
    """Whether a slice stands between index arrays: then NumPy puts what they name in front."""
    if all(type(k) in _BASIC or isinstance(k, np.integer) for k in parts):
        return False
    places = [k for k, part in enumerate(parts) if type(part) not in (slice, type(...), type(None))]
    return places[-1] - places[0] >= len(places)


def in_batch(key: Any) -> tuple[Any, ...] | None:
    """`key` one axis further in; ``None`` if the result would be laid out otherwise."""
    parts = key if type(key) is tuple else (key,)
    return None if is_apart(parts) else (slice(None), *parts)


def differs_among_examples(key: Any) -> bool:
    parts = key if type(key) is tuple else (key,)
    return any(type(k) is InBatch for k in parts)


def is_traced(key: Any) -> bool:
    """Whether a plain key differs among the examples of a batch."""
    parts = key if type(key) is tuple else (key,)
    return any(isinstance(k, Tracer) for k in parts)


def one_of(key: Any) -> Any:
    """A plain key that names a region of the same shape."""
    if type(key) is tuple:
        return tuple([one_of(k) for k in key])
    return np.zeros(key.shape, np.intp) if isinstance(key, Tracer) else key


def pick(primitive: Any, key: Any, shape: tuple[int, ...], size: int, rows: bool) -> Any:
    """A key that differs among the examples as index arrays that broadcast to the whole result.

    Parameters
    ----------
    shape : tuple of int
        Of one example of the array that is indexed.
    rows : bool
        Whether each example indexes an array of its own.
    """
    parts = list(key) if type(key) is tuple else [key]
    if any(part is None or is_mask(part) for part in parts):
        primitive.refuse_batch(" for a key with new axes or masks that differs among the examples")
    if any(type(part) is InBatch and part.value.dtype.kind not in "iu" for part in parts):
        primitive.refuse_batch(" for a mask or floats that differ among the examples as an index")
    missing = len(shape) - sum(part is not ... for part in parts)
    dots = next((k for k, part in enumerate(parts) if part is ...), len(parts))
    parts[dots : dots + 1] = [slice(None)] * missing
    advanced = [k for k, part in enumerate(parts) if type(part) is not slice]
    if advanced[-1] - advanced[0] >= len(advanced):
        primitive.refuse_batch(
            " for indices that differ among the examples with slices between them"
        )
    before, after = advanced[0], len(parts) - 1 - advanced[-1]
    rank = max(
        np.ndim(p.value) - 1 if type(p) is InBatch else np.ndim(p)
        for p in (parts[k] for k in advanced)
    )
    if all(part == slice(None) for part in parts[len(parts) - after :]):  # NumPy takes all of it
        parts, after = parts[: len(parts) - after], 0
    axes = before + rank + after
    indices: list[Any] = [np.arange(size).reshape(size, *(1,) * axes)] if rows else []
    for k, part in enumerate(parts):
        if type(part) is slice:
            place = k if k < before else k - len(advanced) + rank
            line = np.arange(*part.indices(shape[k]))
            indices.append(line.reshape(-1, *(1,) * (axes - 1 - place)))
        elif type(part) is InBatch:
            value = lifted(part.value, rank)
            indices.append(value.reshape(size, *(1,) * before, *value.shape[1:], *(1,) * after))
        else:
            array = np.asarray(part)
            indices.append(array.reshape((*array.shape, *(1,) * after)))
    return tuple(indices)


def dispatch(primitive: Any, args: tuple[Any, ...], key: Any) -> Any:
    """Apply `primitive` in the innermost trace among `args` and the parts of `key`."""
    parts = key if type(key) is tuple else (key,)
    traced = [x for x in (*args, *parts) if isinstance(x, Tracer)]
    if not traced:
        return primitive.fun(*args, key=key)
    return max(traced, key=lambda x: x.run.level).apply(primitive, args, {"key": key})
