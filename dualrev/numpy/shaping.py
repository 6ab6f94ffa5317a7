"""NumPy's functions of shape: the same elements, in another order or another number."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..errors import UnsupportedArgumentError, explain
from ..primitive import Tracer
from ..rules import joining as jn
from ..rules import shaping as sh
from ..rules.indexing import scatter
from .keywords import as_kind, as_shaped, normal_axes, plain
from .packing import as_array


def moved(function: Callable[..., Any]) -> Callable[..., Any]:
    """The front of a function that only moves the elements of its first argument."""

    def front(a: Any, /, *args: Any, **kwargs: Any) -> Any:
        kwargs = {key: plain(value) for key, value in kwargs.items()}
        return sh.move(as_shaped(a), move=partial(_call, function, tuple(map(plain, args)), kwargs))

    front.__name__ = function.__name__
    return front


def _call(function: Callable[..., Any], args: Any, kwargs: Any, x: Any) -> Any:
    return function(x, *args, **kwargs)


# -- the shape alone -----------------------------------------------------------------------


def reshape(a: Any, /, shape: Any = None, order: str = "C", *, copy: bool | None = None) -> Any:
    if order == "C":
        return sh.reshape(as_shaped(a), shape=shape)
    return sh.move(as_shaped(a), move=partial(np.reshape, shape=shape, order=order))


def ravel(a: Any, order: str = "C") -> Any:
    a = as_shaped(a)
    if order in ("C", "K"):
        return sh.reshape(a, shape=(-1,)) if order == "C" else sh.move(a, move=partial(np.ravel, order="K"))
    return sh.move(a, move=partial(np.ravel, order=order))


def expand_dims(a: Any, axis: Any) -> Any:
    a = as_shaped(a)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = normal_axes(tuple(axes), a.ndim + len(axes))
    rest = iter(a.shape)
    return sh.reshape(a, shape=tuple(1 if k in axes else next(rest) for k in range(a.ndim + len(axes))))


def squeeze(a: Any, axis: Any = None) -> Any:
    a = as_shaped(a)
    return sh.reshape(a, shape=np.squeeze(np.empty(a.shape, bool), axis).shape)


def _at_least(n: int, function: Callable[..., Any]) -> Callable[..., Any]:
    def front(*arrays: Any) -> Any:
        made = [a if a.ndim >= n else sh.reshape(a, shape=function(np.empty(a.shape)).shape) for a in map(as_shaped, arrays)]
        return made[0] if len(made) == 1 else tuple(made)

    return front


atleast_1d = _at_least(1, np.atleast_1d)
atleast_2d = _at_least(2, np.atleast_2d)
atleast_3d = _at_least(3, np.atleast_3d)


def transpose(a: Any, axes: Any = None) -> Any:
    a = as_shaped(a)
    order = tuple(range(a.ndim))[::-1] if axes is None else normal_axes(tuple(axes), a.ndim)
    return sh.transpose(a, axes=order)


def _reordered(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that permutes axes: where each goes is read off an array of odd shape."""

    def front(a: Any, /, *args: Any, **kwargs: Any) -> Any:
        a = as_shaped(a)
        marked = function(np.broadcast_to(False, tuple(range(2, 2 + a.ndim))), *args, **kwargs)
        return sh.transpose(a, axes=tuple(n - 2 for n in marked.shape))

    front.__name__ = function.__name__
    return front


def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    return sh.broadcast_to(as_shaped(array), shape=(shape,) if isinstance(shape, int) else tuple(shape))


def broadcast_arrays(*args: Any, subok: bool = False) -> Any:
    arrays = [as_shaped(a) for a in args]
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    return tuple(a if a.shape == shape else np.broadcast_to(a, shape) for a in arrays)


def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    arrays = [np.reshape(as_shaped(x), -1) for x in xi]
    shapes = [g.shape for g in np.meshgrid(*(np.empty(a.size) for a in arrays), sparse=True, indexing=indexing)]
    grids = tuple(np.reshape(a, shape) for a, shape in zip(arrays, shapes, strict=True))
    return grids if sparse else broadcast_arrays(*grids)


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    return as_kind(x, dtype)


def copy(a: Any, order: str = "K", subok: bool = False) -> Any:
    a = as_array(a)
    return a.snapshot() if isinstance(a, Tracer) else np.copy(a)


# -- parts that are zero -------------------------------------------------------------------


def diag(v: Any, k: int = 0) -> Any:
    v = as_shaped(v)
    if v.ndim != 1:
        return sh.move(v, move=partial(np.diagonal, offset=k))
    n = v.size + abs(k)
    rows = np.arange(v.size) + max(-k, 0)
    return scatter(v, keys=((rows, rows + k),), shape=(n, n), dtype=v.dtype)


def diagflat(v: Any, k: int = 0) -> Any:
    return diag(np.reshape(as_shaped(v), -1), k)


def tril(m: Any, k: int = 0) -> Any:
    m = as_shaped(m)
    return jn.where(m, 0, condition=np.tri(*m.shape[-2:], k=k, dtype=bool))


def triu(m: Any, k: int = 0) -> Any:
    m = as_shaped(m)
    return jn.where(0, m, condition=np.tri(*m.shape[-2:], k=k - 1, dtype=bool))


def trim_zeros(filt: Any, trim: str = "fb", axis: Any = None) -> Any:
    x = as_shaped(filt)
    if x.ndim != 1:
        raise UnsupportedArgumentError(
            explain(f"np.trim_zeros of an array with {x.ndim} axes.", "cut it with slices")
        )
    found = np.flatnonzero(plain(x))
    start = found[0] if "f" in trim.lower() and found.size else (x.size if not found.size and "f" in trim.lower() else 0)
    stop = found[-1] + 1 if "b" in trim.lower() and found.size else (0 if not found.size and "b" in trim.lower() else x.size)
    return x[start:stop]


def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    x = as_shaped(array)
    if mode in ("edge", "wrap", "empty") or (mode in ("reflect", "symmetric") and kwargs.get("reflect_type", "even") == "even"):
        # what mode "empty" leaves undefined is zero here
        if mode == "empty":
            return pad(x, pad_width)
        return sh.move(x, move=partial(_call, np.pad, (pad_width, mode), kwargs))
    if mode == "constant":
        constants = as_shaped(kwargs.get("constant_values", 0))
        marks = x.size + np.arange(constants.size).reshape(constants.shape)
        indices = np.pad(np.arange(x.size).reshape(x.shape), pad_width, constant_values=marks)
        values = jn.concatenate(np.reshape(x, -1), np.reshape(_like(constants, x), -1), axis=0)
        return values[indices]
    raise UnsupportedArgumentError(
        explain(
            f"np.pad of a traced array with mode {mode!r}.",
            "use one of the modes constant, edge, wrap, reflect, symmetric (reflect_type='even'), or np.concatenate",
        )
    )


def _like(values: Any, x: Any) -> Any:
    return values if isinstance(values, Tracer) else np.asarray(values).astype(x.dtype)


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
    np.broadcast_to: broadcast_to,
    np.broadcast_arrays: broadcast_arrays,
    np.meshgrid: meshgrid,
    np.astype: astype,
    np.copy: copy,
    np.diag: diag,
    np.diagflat: diagflat,
    np.tril: tril,
    np.triu: triu,
    np.trim_zeros: trim_zeros,
    np.pad: pad,
    **{f: _reordered(f) for f in (np.swapaxes, np.moveaxis, np.rollaxis, np.matrix_transpose)},
    **{
        f: moved(f)
        for f in (
            np.flip, np.fliplr, np.flipud, np.roll, np.rot90, np.tile, np.repeat, np.resize,
            np.diagonal, np.delete, np.take_along_axis, np.lib.stride_tricks.sliding_window_view,
        )
    },
}  # fmt: skip
