"""NumPy's products of matrices and tensors, all said in `matmul`, `multiply` and `einsum`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..rules.products import matmul as matmul_rule
from .einsum import einsum, einsum_path
from .keywords import as_kind, as_shaped, deliver, example, refuse

# -- products of the last axes: NumPy's generalised ufuncs ----------------------------------


def _product_of_cores(product: Any, name: str, cores: tuple[int, int, int]) -> Callable[..., Any]:
    """`product`, a function of arrays whose core axes come last, with all keywords of a gufunc.

    `cores`: how many core axes the arguments and the result have at most.
    """

    def front(x1: Any, x2: Any, /, out: Any = None, **kwargs: Any) -> Any:
        if not kwargs:
            return deliver(product(as_shaped(x1), as_shaped(x2)), out)
        getattr(np, name)(example(x1), example(x2), **kwargs)  # NumPy refuses what it should
        axes, axis, keepdims, dtype = map(kwargs.pop, ("axes", "axis", "keepdims", "dtype"), _NONE)
        for keyword, value in kwargs.items():
            if keyword not in _HARMLESS or (keyword == "casting" and value != "same_kind"):
                refuse(f"np.{name}", keyword, "leave it out; cast with astype")
        if keepdims and axes is not None:
            refuse(f"np.{name}", "keepdims with axes", "use np.expand_dims")
        a, b = as_kind(as_shaped(x1), dtype), as_kind(as_shaped(x2), dtype)
        last = -1 if axis is None else axis
        places = [(last,), (last,), ()] if axes is None and cores == (1, 1, 0) else _places(axes)
        if places:
            a, b = (np.moveaxis(x, p, range(-len(p), 0)) for x, p in zip((a, b), places))
        y = product(a, b)
        if places and len(places) == 3 and places[2]:
            y = np.moveaxis(y, range(-len(places[2]), 0), places[2])
        return deliver(np.expand_dims(y, last) if keepdims else y, out)

    front.__name__ = name
    return front


_NONE = (None, None, False, None)
_HARMLESS = {"casting", "order", "subok"}  # these change no value


def _places(axes: Any) -> list[tuple[int, ...]]:
    return [tuple(p) if isinstance(p, (tuple, list)) else (p,) for p in axes or ()]


def _conjugate(a: Any) -> Any:
    return np.conjugate(a) if a.dtype.kind == "c" else a


def _vecdot(a: Any, b: Any) -> Any:
    if a.ndim == b.ndim == 1:
        return matmul_rule(_conjugate(a), b)
    return matmul_rule(_conjugate(a)[..., None, :], b[..., :, None])[..., 0, 0]


def _matvec(a: Any, b: Any) -> Any:
    return matmul_rule(a, b[..., None])[..., 0]


def _vecmat(a: Any, b: Any) -> Any:
    return matmul_rule(_conjugate(a)[..., None, :], b)[..., 0, :]


matmul = _product_of_cores(matmul_rule, "matmul", (2, 2, 2))
vecdot = _product_of_cores(_vecdot, "vecdot", (1, 1, 0))
matvec = _product_of_cores(_matvec, "matvec", (2, 1, 1))
vecmat = _product_of_cores(_vecmat, "vecmat", (1, 2, 1))


# -- dot and its kin ------------------------------------------------------------------------


def dot(a: Any, b: Any, out: Any = None) -> Any:
    a, b = as_shaped(a), as_shaped(b)
    if a.ndim == 0 or b.ndim == 0:
        y = a * b
    elif a.ndim <= 2 and b.ndim <= 2:
        y = matmul_rule(a, b)
    else:
        y = tensordot(a, b, (-1, max(b.ndim - 2, 0)))
    return deliver(y, out)


def vdot(a: Any, b: Any, /) -> Any:
    return matmul_rule(_conjugate(np.reshape(as_shaped(a), -1)), np.reshape(as_shaped(b), -1))


def inner(a: Any, b: Any, /) -> Any:
    a, b = as_shaped(a), as_shaped(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return matmul_rule(a, b) if a.ndim == b.ndim == 1 else tensordot(a, b, (-1, -1))


def outer(a: Any, b: Any, out: Any = None) -> Any:
    return deliver(np.reshape(as_shaped(a), (-1, 1)) * np.reshape(as_shaped(b), (1, -1)), out)


def kron(a: Any, b: Any) -> Any:
    a, b = as_shaped(a), as_shaped(b)
    ndim = max(a.ndim, b.ndim)
    shape_a = (1,) * (ndim - a.ndim) + a.shape
    shape_b = (1,) * (ndim - b.ndim) + b.shape
    spread_a = [n for size in shape_a for n in (size, 1)]
    spread_b = [n for size in shape_b for n in (1, size)]
    product = np.reshape(a, spread_a) * np.reshape(b, spread_b)
    return np.reshape(product, tuple(p * q for p, q in zip(shape_a, shape_b, strict=True)))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = as_shaped(a), as_shaped(b)
    if isinstance(axes, (int, np.integer)):
        if axes > min(a.ndim, b.ndim):
            raise IndexError(f"tensordot over {axes} axes of arrays with {a.ndim} and {b.ndim}")
        axes_a, axes_b = list(range(a.ndim - axes, a.ndim)), list(range(axes))
    else:
        axes_a, axes_b = ([k] if isinstance(k, (int, np.integer)) else list(k) for k in axes)
    axes_a = list(np.lib.array_utils.normalize_axis_tuple(axes_a, a.ndim))
    axes_b = list(np.lib.array_utils.normalize_axis_tuple(axes_b, b.ndim))
    if [a.shape[k] for k in axes_a] != [b.shape[k] for k in axes_b]:
        raise ValueError("shape-mismatch for sum")
    free_a = [k for k in range(a.ndim) if k not in axes_a]
    free_b = [k for k in range(b.ndim) if k not in axes_b]
    shape = [a.shape[k] for k in free_a] + [b.shape[k] for k in free_b]
    summed = int(np.prod([a.shape[k] for k in axes_a], dtype=int))
    rows = int(np.prod([a.shape[k] for k in free_a], dtype=int))
    left = np.reshape(np.transpose(a, free_a + axes_a), (rows, summed))
    right = np.reshape(
        np.transpose(b, axes_b + free_b),
        (summed, -1) if summed else (0, int(np.prod([b.shape[k] for k in free_b], dtype=int))),
    )
    return np.reshape(matmul_rule(left, right), shape)


def multi_dot(arrays: Sequence[Any], *, out: Any = None) -> Any:
    """The product in the order that takes the fewest multiplications [Cormen et al., ch. 14.2]."""
    matrices = [as_shaped(a) for a in arrays]
    if len(matrices) < 2:
        raise ValueError("Expecting at least two arrays.")
    first, last = matrices[0].ndim, matrices[-1].ndim
    if first == 1:
        matrices[0] = np.atleast_2d(matrices[0])
    if last == 1:
        matrices[-1] = np.reshape(matrices[-1], (-1, 1))
    sizes = [m.shape[0] for m in matrices] + [matrices[-1].shape[1]]
    if any(m.ndim != 2 for m in matrices):
        raise np.linalg.LinAlgError(
            "the arrays of multi_dot are matrices, the first and the last may be vectors"
        )
    y = _product(matrices, _best_splits(sizes), 0, len(matrices) - 1)
    if first == 1:
        y = y[0]
    if last == 1:
        y = y[..., 0]
    return deliver(y, out)


def _best_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    n = len(sizes) - 1
    cost = {(i, i): 0 for i in range(n)}
    splits = {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            costs = {
                k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1]
                for k in range(i, j)
            }
            splits[i, j] = min(costs, key=costs.__getitem__)
            cost[i, j] = costs[splits[i, j]]
    return splits


def _product(matrices: list[Any], splits: dict[tuple[int, int], int], i: int, j: int) -> Any:
    if i == j:
        return matrices[i]
    k = splits[i, j]
    return matmul_rule(_product(matrices, splits, i, k), _product(matrices, splits, k + 1, j))


def matrix_power(a: Any, n: int) -> Any:
    a, n = as_shaped(a), operator.index(n)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    if n == 0:
        eye = np.zeros(a.shape, a.dtype)
        eye[...] = np.eye(a.shape[-1], dtype=a.dtype)
        return eye
    if n < 0:
        return matrix_power(np.linalg.inv(a), -n)
    if n == 3:
        return matmul_rule(matmul_rule(a, a), a)
    power, result = a, None
    while True:  # squares, as in NumPy
        n, odd = divmod(n, 2)
        if odd:
            result = power if result is None else matmul_rule(result, power)
        if not n:
            return result
        power = matmul_rule(power, power)


def linalg_outer(x1: Any, x2: Any, /) -> Any:
    a, b = as_shaped(x1), as_shaped(x2)
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError(
            f"Input arrays must be one-dimensional, but they are {a.ndim=} and {b.ndim=}."
        )
    return outer(a, b)


def linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    a, b = as_shaped(x1), as_shaped(x2)
    if a.shape[axis] != 3 or b.shape[axis] != 3:
        raise ValueError("Both input arrays must be (arrays of) 3-dimensional vectors")
    return np.cross(a, b, axis=axis)


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.matmul: matmul,
    np.dot: dot,
    np.vdot: vdot,
    np.inner: inner,
    np.outer: outer,
    np.kron: kron,
    np.tensordot: tensordot,
    np.einsum: einsum,
    np.einsum_path: einsum_path,
    np.vecdot: vecdot,
    np.linalg.multi_dot: multi_dot,
    np.linalg.matrix_power: matrix_power,
    np.linalg.matmul: matmul,
    np.linalg.outer: linalg_outer,
    np.linalg.tensordot: tensordot,
    np.linalg.vecdot: lambda x1, x2, /, *, axis=-1: vecdot(x1, x2, axis=axis),
    np.linalg.cross: linalg_cross,
    np.linalg.matrix_transpose: np.matrix_transpose,
    np.linalg.trace: lambda x, /, *, offset=0, dtype=None: np.trace(x, offset, -2, -1, dtype),
    np.linalg.diagonal: lambda x, /, *, offset=0: np.diagonal(x, offset, -2, -1),
    **{
        getattr(np, name): front
        for name, front in (("matvec", matvec), ("vecmat", vecmat))
        if hasattr(np, name)
    },
}
