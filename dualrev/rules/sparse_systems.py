"""Linear systems with a constant sparse matrix, which is factored once for both sweeps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Array, Spec
from .forms import linear

_OTHER = {"N": "T", "T": "N"}


def _solved(b: Array, lu: Any, trans: str) -> Array:
    """``A x = b``, or ``A^T x = b``; of a complex `b` and a real matrix both parts by themselves."""
    if b.dtype.kind == "c" and lu.L.dtype.kind != "c":
        return _solved(b.real, lu, trans) + 1j * _solved(b.imag, lu, trans)
    if not b.size:
        return np.array(b)
    return lu.solve(np.ascontiguousarray(b, lu.L.dtype), trans)  # type: ignore[no-any-return]


def _transposed(ct: Array, b: Spec, lu: Any, trans: str) -> Array:
    """``x = A^-1 b``: ``ct_b = A^-T ct``."""
    return solve_factored(ct, lu=lu, trans=_OTHER[trans])


def _batch(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    """The examples as columns of one right side."""
    (b,) = args
    columns = np.moveaxis(b, 0, -1)
    x = primitive(columns.reshape(columns.shape[0], -1), **params)
    return np.moveaxis(x.reshape(columns.shape), -1, 0)


solve_factored = linear(_solved, _transposed, name="solve_factored", batch=_batch)
