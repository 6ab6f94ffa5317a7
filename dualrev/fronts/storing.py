"""NumPy's functions that write into an array they are given, and ``x.flat``.

A traced destination is written to as ``a[key] = values``. A plain one cannot hold traced
values, unless it is an array of objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..errors import AliasError, describe, explain, or_adopt
from ..primitive import Array, Tracer
from ..rules.indexing import getitem
from .keywords import as_shaped, plain, values
from .packing import holds_tracers
from .writes import check_fits


def _stored(function: Callable[..., Any], write: Callable[..., None]) -> Callable[..., None]:
    """The front of a function: `write` for a traced destination, an error for a plain one."""

    def front(a: Any, *args: Any, **kwargs: Any) -> None:
        if isinstance(a, Tracer):
            write(a, *args, **kwargs)
        elif isinstance(a, np.ndarray) and a.dtype.kind == "O":
            objects = {key: _as_objects(value) for key, value in kwargs.items()}
            function(a, *map(_as_objects, args), **objects)
        else:
            raise AliasError(
                explain(
                    f"np.{function.__name__} of traced values into a plain array, {describe(a)}, "
                    "which cannot hold them.",
                    or_adopt(
                        "make the array with np.zeros(shape, like=x), or as np.zeros_like(x) of "
                        "a traced x"
                    ),
                )
            )

    front.__name__ = function.__name__
    return front


def _as_objects(x: Any) -> Any:
    return np.asarray(x, dtype=object) if holds_tracers(x) else x


def _cycled(values: Any, n: int) -> Array:
    """The first `n` elements of `values`, which are repeated if there are fewer."""
    flat = np.reshape(as_shaped(values), -1)
    return flat if flat.size == n else flat[np.arange(n) % flat.size]


def put(a: Any, ind: Any, v: Any, mode: str = "raise") -> None:
    index = np.asarray(plain(ind)).astype(np.intp).reshape(-1)
    n = a.size
    if mode == "wrap":
        index = index % n
    elif mode == "clip":
        index = np.clip(index, 0, n - 1)
    elif mode != "raise":
        raise ValueError(f"clipmode must be one of 'clip', 'raise', or 'wrap' (got {mode!r})")
    elif ((index < -n) | (index >= n)).any():
        raise IndexError(f"index out of bounds for an array of size {n}")
    if a.ndim == 0 and index.size:
        a[...] = _cycled(v, index.size)[-1]
    elif index.size and np.size(as_shaped(v)):
        a[np.unravel_index(index % n, a.shape)] = _cycled(v, index.size)


def _mask(a: Any, mask: Any, function: str) -> Any:
    mask = np.asarray(plain(mask), bool)
    if mask.size != a.size:
        raise ValueError(f"{function}: mask and data must be the same size")
    return mask.reshape(a.shape)


def place(arr: Any, mask: Any, vals: Any) -> None:
    mask = _mask(arr, mask, "place")
    n = int(mask.sum())
    if n and not np.size(as_shaped(vals)):
        raise ValueError("Cannot insert from an empty array!")
    if n:
        arr[mask] = _cycled(vals, n)


def putmask(a: Any, mask: Any, values: Any) -> None:
    mask = _mask(a, mask, "putmask")
    if np.size(as_shaped(values)):
        a[mask] = _cycled(values, a.size)[mask.reshape(-1)]


def copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    source = src if isinstance(src, (bool, int, float, complex)) else as_shaped(src)
    check_fits(source, dst, casting)
    if where is True:
        dst[...] = source
        return
    condition = values(where)
    if isinstance(condition, Tracer):
        dst[...] = np.where(condition, source, dst)
        return
    mask = np.broadcast_to(condition, dst.shape)
    dst[mask] = np.broadcast_to(source, dst.shape)[mask]


def fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    marks = np.zeros(a.shape, bool)
    np.fill_diagonal(marks, True, wrap)
    a[marks] = _cycled(val, int(marks.sum()))


def put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None) -> None:
    index = np.asarray(plain(indices))
    if axis is None:  # NumPy writes into a flattened copy, which nobody sees
        np.put_along_axis(np.zeros(arr.shape), index, 0, None)
        return
    positions = np.arange(arr.size).reshape(arr.shape)
    arr[np.unravel_index(np.take_along_axis(positions, index, axis), arr.shape)] = values


class Flat:
    """``x.flat``: the elements of `x` in C order, to be read, run through and written."""

    __slots__ = ("array",)

    def __init__(self, array: Tracer) -> None:
        self.array = array

    def _row(self) -> Any:
        return np.reshape(self.array, -1)

    def __len__(self) -> int:
        return int(self.array.size)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._row())

    def __getitem__(self, key: Any) -> Any:
        return getitem(self._row(), key=np.asarray(key) if isinstance(key, list) else key)

    def __setitem__(self, key: Any, value: Any) -> None:
        x = self.array
        positions = np.arange(x.size)[key].reshape(-1)
        if positions.size:
            where = np.unravel_index(positions, x.shape) if x.ndim else ...
            x[where] = _cycled(value, positions.size) if x.ndim else np.reshape(value, ())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self._row(), dtype)

    def copy(self) -> Any:
        """The elements, as an array."""
        return self._row().snapshot()


_WRITES: dict[Callable[..., Any], Callable[..., None]] = {
    np.put: put,
    np.place: place,
    np.putmask: putmask,
    np.copyto: copyto,
    np.fill_diagonal: fill_diagonal,
    np.put_along_axis: put_along_axis,
}
WRITERS = frozenset(_WRITES)  # functions that write into their first argument
FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    function: _stored(function, write) for function, write in _WRITES.items()
}
