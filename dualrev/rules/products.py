"""Products of matrices and tensors: bilinear, each with one transpose an argument."""

from __future__ import annotations

import math
import operator
import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..primitive import Differential
from .forms import bilinear, unbroadcast
from .forms.batching import all_full, lifted
from .forms.bilinear import Bilinear, BilinearDifferential

# -- matmul --------------------------------------------------------------------------------


def _matmul_left(ct: Any, a: Any, b: Any) -> Any:
    """``C = A B``: ``ct_A = ct B^T``, vectors as matrices of one row or column."""
    if b.ndim == 1:
        ct_a = ct[..., None] * b if a.ndim > 1 else ct * b
    elif a.ndim == 1:
        ct_a = (ct[..., None, :] @ b.swapaxes(-1, -2))[..., 0, :]
    else:
        ct_a = ct @ b.swapaxes(-1, -2)
    return ct_a if ct_a.shape == a.shape else unbroadcast(ct_a, a.shape)


def _matmul_right(ct: Any, a: Any, b: Any) -> Any:
    """``C = A B``: ``ct_B = A^T ct``; a single product where a batch of A shares one B."""
    if a.ndim == 1:
        ct_b = a[:, None] * ct[..., None, :] if b.ndim > 1 else a * ct
    elif b.ndim == 1:
        return ct @ a if a.ndim == 2 else ct.reshape(-1) @ a.reshape(ct.size, a.shape[-1])
    elif b.ndim == 2 < a.ndim:
        rows = ct.size // ct.shape[-1] if ct.size else 0
        return a.reshape(rows, -1).T @ ct.reshape(rows, -1) if rows else np.zeros(b.shape, ct.dtype)
    elif a.shape[-2] == 1:  # a stack of outer products
        ct_b = a.swapaxes(-1, -2) * ct
    else:
        ct_b = a.swapaxes(-1, -2) @ ct
    return ct_b if ct_b.shape == b.shape else unbroadcast(ct_b, b.shape)


def _batch_matmul(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    """One product of large matrices where one operand is shared, else a stack of products."""
    a, b = args
    (m, n) = (x.ndim - is_batched for x, is_batched in zip(args, batched, strict=True))
    if m == 0 or n == 0:
        raise ValueError(
            "matmul: an operand does not have enough dimensions (one example is a number)"
        )
    if not batched[1] and n <= 2:
        if m < 2 or n == 1:
            return a @ b
        rows = a.reshape(math.prod(a.shape[:-1]), a.shape[-1])
        return (rows @ b).reshape(*a.shape[:-1], b.shape[-1])
    if not batched[0] and m <= 2:
        if n == 1:
            return b @ (a.T if m == 2 else a)
        if m == 1 or n > 2 or b.shape[-1] >= _WIDE:
            return a @ b
        columns = b.swapaxes(1, 2)
        rows = columns.reshape(size * b.shape[2], b.shape[1])
        return (rows @ a.T).reshape(size, b.shape[2], a.shape[0]).swapaxes(1, 2)
    a, b = all_full(size, args, batched)
    if m == n == 1:
        return (a[:, None, :] @ b[:, :, None])[:, 0, 0]
    if m == 1:
        return (lifted(a[:, None, :], n) @ b)[..., 0, :]
    if n == 1:
        return (a @ lifted(b[:, :, None], m))[..., 0]
    return lifted(a, n) @ lifted(b, m)


_WIDE = 16  # columns from which a stack of products is as fast as one product of them all


class _Matmul(Bilinear):
    """`matmul`: what `bilinear` makes of it, with fewer steps."""

    __slots__ = ()

    def specialise(self, active: int) -> Differential:
        return _MatmulDifferential(self, active)


class _MatmulDifferential(BilinearDifferential):
    """``dC = dA B + A dB``; the operator itself finds the trace of its operands."""

    __slots__ = ()

    def push(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        a, b, _, _ = residuals
        mask = self.mask
        if mask == 3:
            return tangents[0] @ b + a @ tangents[1]
        return tangents[0] @ b if mask == 1 else a @ tangents[0]


matmul = _Matmul(operator.matmul, _matmul_left, _matmul_right, name="matmul", batch=_batch_matmul)


# -- einsum of two operands ----------------------------------------------------------------


def _einsum(a: Any, b: Any, subscripts: tuple[str, str, str], optimize: Any = True) -> Any:
    s, t, out = subscripts
    return np.einsum(f"{s},{t}->{out}", a, b, optimize=optimize and a.size + b.size > 4096)


def _einsum_transpose(ct: Any, s: str, other: Any, t: str, target: Any, u: str) -> Any:
    """The cotangent of an operand with letters `u`, from those of the result and the other."""
    sizes = dict(zip(s, ct.shape, strict=True)) | {
        c: n for c, n in zip(t, other.shape, strict=True) if n != 1 or c not in s
    }
    found = "".join(c for c in u if c in s + t)
    ct_u = einsum_pair(ct, other, subscripts=(s, t, found))
    if found != u:  # a letter of this operand alone was summed: its cotangent is the same all along
        ct_u = np.reshape(ct_u, [sizes[c] if c in found else 1 for c in u])
        ct_u = np.broadcast_to(ct_u, target.shape)
    return ct_u if ct_u.shape == target.shape else unbroadcast(ct_u, target.shape)


def _batch_einsum(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    s, t, out = params["subscripts"]
    letter = next(c for c in string.ascii_letters if c not in s + t + out)
    s, t = (letter * is_batched + u for u, is_batched in zip((s, t), batched, strict=True))
    return einsum_pair(*args, **{**params, "subscripts": (s, t, letter + out)})


einsum_pair = bilinear(
    _einsum,
    lambda ct, a, b, subscripts, optimize=True: _einsum_transpose(
        ct, subscripts[2], b, subscripts[1], a, subscripts[0]
    ),
    lambda ct, a, b, subscripts, optimize=True: _einsum_transpose(
        ct, subscripts[2], a, subscripts[0], b, subscripts[1]
    ),
    name="einsum",
    batch=_batch_einsum,
)
