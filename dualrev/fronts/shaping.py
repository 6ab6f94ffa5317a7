"""NumPy's functions of shape: the same elements, in another order or another number."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..primitive import Array, Tracer
from ..rules import joining as jn
from ..rules import shaping as sh
from ..rules.indexing import getitem, scatter
from ..rules.keys import dispatch
from .keywords import as_kind, as_shaped, normal_axes, plain, values
from .packing import as_array, holds_tracers

# -- functions that only move elements -----------------------------------------------------


def _front(function: Callable[..., Any], apply: Callable[..., Any]) -> Callable[..., Any]:
    """A front that calls ``apply(x, *args, **kwargs)``; the array may be given by its keyword."""
    name = next(iter(inspect.signature(function).parameters))

    def front(*args: Any, **kwargs: Any) -> Any:
        if not args:
            args = (kwargs.pop(name),)
        return apply(as_shaped(args[0]), *args[1:], **kwargs)

    front.__name__ = function.__name__
    return front


def _moved(function: Callable[..., Any]) -> Callable[..., Any]:
    """The front of a function that moves, repeats or drops elements of its first argument."""

    def apply(x: Array, *args: Any, **kwargs: Any) -> Any:
        options = tuple(map(_plain, args)), {key: _plain(value) for key, value in kwargs.items()}
        return sh.move(x, move=partial(_call, function, *options))

    return _front(function, apply)


def _permuted(function: Callable[..., Any], inverse: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a function that only permutes elements, and how to move them back."""

    def apply(x: Array, *args: Any, **kwargs: Any) -> Any:
        back = partial(_call, inverse, args, kwargs)
        return sh.permute(x, move=partial(_call, function, args, kwargs), back=back)

    return _front(function, apply)


def _call(function: Callable[..., Any], args: Any, kwargs: Any, x: Any) -> Any:
    return function(x, *args, **kwargs)


def _plain(option: Any) -> Any:
    return plain(option) if holds_tracers(option) else option


def _roll_back(x: Any, shift: Any, axis: Any = None) -> Any:
    return np.roll(x, np.negative(shift), axis)


def _rotate_back(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    return np.rot90(m, -k, axes)


def tile(A: Any, reps: Any) -> Any:
    x = as_shaped(A)
    times = tuple(reps) if np.iterable(reps) else (reps,)
    ndim = max(x.ndim, len(times))
    times = (1,) * (ndim - len(times)) + times
    shape = (1,) * (ndim - x.ndim) + x.shape
    pairs = list(zip(times, shape, strict=True))
    y = sh.reshape(x, shape=tuple(k for n in shape for k in (1, n)))
    y = sh.broadcast_to(y, shape=tuple(k for pair in pairs for k in pair))
    return sh.reshape(y, shape=tuple(t * n for t, n in pairs))


def repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    x, times = as_shaped(a), np.asarray(_plain(repeats))
    if times.size != 1 or times.dtype.kind not in "iu":
        return sh.move(x, move=partial(np.repeat, repeats=times, axis=axis))
    if axis is None or x.ndim == 0:
        x, axis = sh.reshape(x, shape=(-1,)), axis or 0
    (axis,) = normal_axes(axis, x.ndim)
    n, t = x.shape[axis], int(times.reshape(())[()])
    head, tail = x.shape[:axis], x.shape[axis + 1 :]
    y = sh.broadcast_to(sh.reshape(x, shape=(*head, n, 1, *tail)), shape=(*head, n, t, *tail))
    return sh.reshape(y, shape=(*head, n * t, *tail))


def resize(a: Any, new_shape: Any) -> Any:
    x = as_shaped(a)
    if x.size == 0:
        return np.resize(np.zeros(x.shape, x.dtype), new_shape)
    return sh.move(x, move=partial(np.resize, new_shape=new_shape))


def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    x, index = as_shaped(arr), values(indices)
    if not isinstance(index, Tracer):
        return sh.move(x, move=partial(np.take_along_axis, indices=index, axis=axis))
    if axis is None:
        return dispatch(getitem, (np.reshape(x, (-1,)),), (index,))
    (axis,) = normal_axes(axis, x.ndim)
    mesh = list(np.ogrid[tuple(slice(n) for n in x.shape)])
    return dispatch(getitem, (x,), (*mesh[:axis], index, *mesh[axis + 1 :]))


# -- the shape alone -----------------------------------------------------------------------


def reshape(a: Any, /, shape: Any = None, order: str = "C", *, copy: bool | None = None) -> Any:
    x = as_shaped(a)
    if copy:
        x = sh.permute(x, move=np.array, back=np.array)
    elif copy is False:  # NumPy refuses where it would have to copy
        np.reshape(plain(x), shape, order, copy=False)
    if order == "A":  # called again, so that a view knows in which order it looks
        return np.reshape(x, shape, _layout(x))
    if order == "C":
        return sh.reshape(x, shape=shape)
    return sh.move(x, move=partial(np.reshape, shape=shape, order=order))


def positions_as(memory: np.ndarray) -> np.ndarray:
    """Where each element stands in the flattened array, in an array that is laid out alike."""
    positions = np.empty_like(memory, np.intp)
    positions[...] = np.arange(memory.size).reshape(memory.shape)
    return positions


def ravel(a: Any, order: str = "C") -> Any:
    x = as_shaped(a)
    if order == "K" and x.ndim > 1:
        memory = x.memory()
        if not (memory.flags.c_contiguous or memory.flags.f_contiguous):
            return sh.reshape(x, shape=(-1,))[np.ravel(positions_as(memory), "K")]
    if order in ("A", "K"):
        return np.ravel(x, _layout(x))
    if order == "C":
        return sh.reshape(x, shape=(-1,))
    return sh.move(x, move=partial(np.ravel, order=order))


def _layout(x: Array) -> str:
    """The order in which the elements of `x` lie in memory: C or Fortran."""
    memory = x.memory() if isinstance(x, Tracer) else x
    return "F" if x.ndim > 1 and np.isfortran(np.asarray(memory)) else "C"


def expand_dims(a: Any, axis: Any) -> Any:
    x = as_shaped(a)
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    ndim = x.ndim + len(axes)
    axes = normal_axes(axes, ndim)
    rest = iter(x.shape)
    return sh.reshape(x, shape=tuple(1 if k in axes else next(rest) for k in range(ndim)))


def squeeze(a: Any, axis: Any = None) -> Any:
    x = as_shaped(a)
    return sh.reshape(x, shape=np.squeeze(np.broadcast_to(False, x.shape), axis).shape)


def _at_least(n: int, function: Callable[..., Any]) -> Callable[..., Any]:
    def one(x: Array) -> Array:
        if x.ndim >= n:
            return x
        return np.reshape(x, function(np.broadcast_to(False, x.shape)).shape)

    def front(*arrays: Any) -> Any:
        made = tuple(one(as_shaped(a)) for a in arrays)
        return made[0] if len(made) == 1 else made

    return front


atleast_1d = _at_least(1, np.atleast_1d)
atleast_2d = _at_least(2, np.atleast_2d)
atleast_3d = _at_least(3, np.atleast_3d)


def transpose(a: Any, axes: Any = None) -> Any:
    x = as_shaped(a)
    order = range(x.ndim)[::-1] if axes is None else normal_axes(tuple(axes), x.ndim)
    return sh.transpose(x, axes=tuple(order))


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    x = as_shaped(a)
    (i,), (j,) = normal_axes(axis1, x.ndim), normal_axes(axis2, x.ndim)
    order = list(range(x.ndim))
    order[i], order[j] = j, i
    return sh.transpose(x, axes=tuple(order))


def _reordered(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that permutes axes: where each goes is read off an array of odd shape."""

    def apply(x: Array, *args: Any, **kwargs: Any) -> Any:
        marked = function(np.broadcast_to(False, tuple(range(2, 2 + x.ndim))), *args, **kwargs)
        return sh.transpose(x, axes=tuple(n - 2 for n in marked.shape))

    return _front(function, apply)


def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    return sh.broadcast_to(as_shaped(array), shape=tuple(shape) if np.iterable(shape) else (shape,))


def broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    arrays = [as_shaped(a) for a in args]
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    return tuple(a if a.shape == shape else np.broadcast_to(a, shape) for a in arrays)


def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    arrays = [as_shaped(x) for x in xi]
    marks = [np.broadcast_to(False, a.size) for a in arrays]
    shapes = [g.shape for g in np.meshgrid(*marks, sparse=True, indexing=indexing)]
    reshape = sh.reshape if copy else np.reshape  # the latter gives views
    grids: Any = [reshape(a, shape=shape) for a, shape in zip(arrays, shapes, strict=True)]
    if not sparse:
        grids = broadcast_arrays(*grids)
    return tuple(map(np.copy, grids)) if copy else grids


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    if isinstance(x, Tracer) and np.dtype(dtype).kind == "O":
        return np.asarray(x)  # an array of traced scalars
    y = as_kind(x, dtype)
    return y.snapshot() if y is x and copy and isinstance(x, Tracer) else y


def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    x = as_array(a)
    if not isinstance(x, Tracer):
        return np.copy(a, order, subok)
    memory = x.memory()
    if isinstance(memory, np.ndarray):
        flags = memory.flags
        if flags.c_contiguous if order == "C" else flags.forc and order != "F":
            return x.snapshot()
    return sh.permute(x, move=partial(np.array, order=order), back=np.array)


# -- parts that are zero -------------------------------------------------------------------


def diag(v: Any, k: int = 0) -> Any:
    x = as_shaped(v)
    if x.ndim == 2:
        return sh.move(x, move=partial(np.diagonal, offset=k))
    if x.ndim != 1:
        raise ValueError("Input must be 1- or 2-d.")
    n = x.size + abs(k)
    start = k if k > 0 else -k * n
    every = slice(start, start + x.size * (n + 1), n + 1)
    return sh.reshape(scatter(x, keys=(every,), shape=(n * n,), dtype=x.dtype), shape=(n, n))


def diagflat(v: Any, k: int = 0) -> Any:
    return diag(sh.reshape(as_shaped(v), shape=(-1,)), k)


def tril(m: Any, k: int = 0) -> Any:
    x = as_shaped(m)
    return jn.where(x, 0, condition=np.tri(*x.shape[-2:], k=k, dtype=bool))


def triu(m: Any, k: int = 0) -> Any:
    x = as_shaped(m)
    return jn.where(0, x, condition=np.tri(*x.shape[-2:], k=k - 1, dtype=bool))


def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    x = as_shaped(filt)
    np.trim_zeros(np.zeros((0,) * x.ndim), trim, axis)  # NumPy refuses what it should
    found = np.argwhere(plain(x))
    first = found.min(0) if found.size else np.zeros(x.ndim, int)
    last = found.max(0) + 1 if found.size else np.zeros(x.ndim, int)
    key = [slice(None)] * x.ndim
    for k in normal_axes(axis, x.ndim):
        start = first[k] if "f" in trim.lower() or not found.size else None
        stop = last[k] if "b" in trim.lower() or not found.size else None
        key[k] = slice(start, stop)
    return x[tuple(key)]


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.reshape: reshape,
    np.ravel: ravel,
    np.expand_dims: expand_dims,
    np.squeeze: squeeze,
    np.atleast_1d: atleast_1d,
    np.atleast_2d: atleast_2d,
    np.atleast_3d: atleast_3d,
    np.transpose: transpose,
    np.permute_dims: transpose,
    np.swapaxes: swapaxes,
    np.broadcast_to: broadcast_to,
    np.broadcast_arrays: broadcast_arrays,
    np.meshgrid: meshgrid,
    np.astype: astype,
    np.copy: copy,
    np.tile: tile,
    np.repeat: repeat,
    np.resize: resize,
    np.diag: diag,
    np.diagflat: diagflat,
    np.tril: tril,
    np.triu: triu,
    np.trim_zeros: trim_zeros,
    np.take_along_axis: take_along_axis,
    np.roll: _permuted(np.roll, _roll_back),
    np.rot90: _permuted(np.rot90, _rotate_back),
    **{f: _permuted(f, f) for f in (np.flip, np.fliplr, np.flipud)},
    **{f: _reordered(f) for f in (np.moveaxis, np.rollaxis, np.matrix_transpose)},
    **{
        f: _moved(f)
        for f in (
            np.diagonal,
            np.delete,
            np.lib.stride_tricks.sliding_window_view,
        )
    },
}
