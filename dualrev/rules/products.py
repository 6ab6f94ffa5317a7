"""Products of matrices and tensors: bilinear, each with one transpose an argument."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from .forms import bilinear, unbroadcast


def _matmul_left(ct: Any, a: Any, b: Any) -> Any:
    """``C = A B``: ``ct_A = ct B^T``, vectors as matrices of one row or column."""
    if b.ndim == 1:
        ct_a = ct[..., None] * b if a.ndim > 1 else ct * b
    elif a.ndim == 1:
        ct_a = (ct[..., None, :] @ np.swapaxes(b, -1, -2))[..., 0, :]
    else:
        ct_a = ct @ np.swapaxes(b, -1, -2)
    return ct_a if ct_a.shape == a.shape else unbroadcast(ct_a, a.shape)


def _matmul_right(ct: Any, a: Any, b: Any) -> Any:
    """``C = A B``: ``ct_B = A^T ct``."""
    if a.ndim == 1:
        ct_b = a[:, None] * ct[..., None, :] if b.ndim > 1 else a * ct
    elif b.ndim == 1:
        ct_b = (np.swapaxes(a, -1, -2) @ ct[..., None])[..., 0]
    else:
        ct_b = np.swapaxes(a, -1, -2) @ ct
    return ct_b if ct_b.shape == b.shape else unbroadcast(ct_b, b.shape)


matmul = bilinear(operator.matmul, _matmul_left, _matmul_right, name="matmul")
