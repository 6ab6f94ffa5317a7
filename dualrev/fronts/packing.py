"""Packing: lists and object arrays of traced scalars made into one traced array, in O(n).

``np.array([y[1], -y[0]])`` of traced scalars makes an array of objects, and NumPy does not
tell us. Such arrays are packed wherever they come back: as arguments of the next
operation, and as results.
"""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Number
from typing import Any

import numpy as np

from ..errors import UnsupportedArgumentError, describe, explain
from ..primitive import Array, Tracer
from ..rules.joining import stack

_SEQUENCES = (list, tuple)


def holds_tracers(x: Any) -> bool:
    """Whether `x` is a tracer, or a sequence or object array with one inside."""
    if isinstance(x, Tracer):
        return True
    if isinstance(x, _SEQUENCES):
        return any(holds_tracers(item) for item in x)
    if isinstance(x, np.ndarray) and x.dtype.kind == "O":
        return any(isinstance(item, Tracer) for item in x.flat)
    if isinstance(x, Sequence) and not isinstance(x, (str, bytes, range)):
        return any(map(holds_tracers, x))
    return False


def as_array(x: Any) -> Array:
    """`x` as an array or tracer: what ``np.asarray`` would be if it knew tracers."""
    if isinstance(x, Tracer):
        return x if x.run.level else x.snapshot()  # of a buffer what it holds
    if isinstance(x, (np.generic, float, int, complex)):
        return x
    if isinstance(x, np.ndarray):
        if isinstance(x, (np.matrix, np.ma.MaskedArray)):
            raise UnsupportedArgumentError(
                explain(
                    f"a {type(x).__name__} beside traced values: its products or masks are its own.",
                    "use a plain array: np.asarray(m), or np.where(mask, 0, data) for masked data",
                )
            )
        if x.dtype.kind == "O":
            return _pack_objects(x)
        if type(x) is not np.ndarray:  # of a `Source` what it is now
            return x.as_it_is() if hasattr(x, "as_it_is") else x.view(np.ndarray)
        return x
    if isinstance(x, _SEQUENCES):
        return _pack_sequence(x) if holds_tracers(x) else np.asarray(x)
    y = np.asarray(x)  # of a deque or another sequence perhaps an array of objects
    return _pack_objects(y) if y.dtype.kind == "O" else y


def numpy_complex(x: complex, dtype: Any) -> Any:
    """A Python number as NumPy's, of the kind that it has beside `dtype`.

    Python's complex numbers take a float64 scalar for a float, so that ``1j * x`` would
    leave NumPy.
    """
    return np.result_type(dtype, x).type(x)


def _pack_objects(x: np.ndarray) -> Array:
    items = list(x.flat)
    if not any(isinstance(item, Tracer) for item in items):
        plain = np.asarray(items if all(isinstance(item, Number) for item in items) else x)
        return plain.reshape(x.shape) if plain.dtype.kind in "biufc" else x
    return _pack_flat(items).reshape(x.shape)


def _pack_flat(items: list[Any]) -> Array:
    arrays = [as_array(item) for item in items]
    for item in arrays:
        if np.shape(item) != ():
            raise UnsupportedArgumentError(
                explain(
                    f"an object array holds {describe(item)} among traced scalars.",
                    "use np.stack, np.concatenate or np.block",
                )
            )
    return stack(*arrays, axis=0)


def _pack_sequence(x: Any) -> Array:
    if all(not isinstance(item, _SEQUENCES) and np.shape(item) == () for item in x):
        return _pack_flat(list(x))
    rows = [as_array(item) for item in x]
    shapes = {np.shape(row) for row in rows}
    if len(shapes) != 1:
        raise UnsupportedArgumentError(
            explain(
                f"a sequence with parts of different shapes {sorted(shapes)} cannot become one array.",
                "join the parts with np.concatenate, or pad them to one shape",
            )
        )
    return stack(*rows, axis=0)
