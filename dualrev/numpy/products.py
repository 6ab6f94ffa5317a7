"""NumPy's products of matrices and tensors, all said in `matmul`, `multiply` and `einsum`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..rules.products import matmul as matmul_rule
from .einsum import einsum, einsum_path
from .keywords import as_shaped, deliver, refuse


def matmul(x1: Any, x2: Any, /, out: Any = None, **kwargs: Any) -> Any:
    for keyword in kwargs:
        refuse("np.matmul", keyword, "move the axes with np.moveaxis, cast with astype")
    return deliver(matmul_rule(as_shaped(x1), as_shaped(x2)), out)


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


def _conjugate(a: Any) -> Any:
    return np.conjugate(a) if a.dtype.kind == "c" else a


def vecdot(x1: Any, x2: Any, /, out: Any = None, axis: int = -1, **kwargs: Any) -> Any:
    a, b = (np.moveaxis(as_shaped(x), axis, -1) for x in (x1, x2))
    return deliver(matmul_rule(_conjugate(a)[..., None, :], b[..., :, None])[..., 0, 0], out)


def matvec(x1: Any, x2: Any, /, out: Any = None, **kwargs: Any) -> Any:
    return deliver(matmul_rule(as_shaped(x1), as_shaped(x2)[..., None])[..., 0], out)


def vecmat(x1: Any, x2: Any, /, out: Any = None, **kwargs: Any) -> Any:
    return deliver(
        matmul_rule(_conjugate(as_shaped(x1))[..., None, :], as_shaped(x2))[..., 0, :], out
    )


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
        axes_a, axes_b = list(range(a.ndim - axes, a.ndim)), list(range(axes))
    else:
        axes_a, axes_b = ([k] if isinstance(k, (int, np.integer)) else list(k) for k in axes)
    axes_a = [k % a.ndim for k in axes_a]
    axes_b = [k % b.ndim for k in axes_b]
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
    a = as_shaped(a)
    if n == 0:
        eye = np.zeros(a.shape, a.dtype)
        eye[...] = np.eye(a.shape[-1], dtype=a.dtype)
        return a * 0 + eye
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
    np.linalg.outer: outer,
    np.linalg.tensordot: tensordot,
    np.linalg.vecdot: lambda x1, x2, /, *, axis=-1: vecdot(x1, x2, axis=axis),
    np.linalg.cross: lambda x1, x2, /, *, axis=-1: np.cross(x1, x2, axis=axis),
    np.linalg.matrix_transpose: np.matrix_transpose,
    np.linalg.trace: lambda x, /, *, offset=0, dtype=None: np.trace(x, offset, -2, -1, dtype),
    np.linalg.diagonal: lambda x, /, *, offset=0: np.diagonal(x, offset, -2, -1),
    **{
        getattr(np, name): front
        for name, front in (("matvec", matvec), ("vecmat", vecmat))
        if hasattr(np, name)
    },
}
