"""Matrices of given structure in `scipy.linalg`: their elements are the arguments' elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ...fronts.keywords import as_shaped
from ...primitive import Array
from ...rules import solvers as so
from ..mirror import Table, drop_in, table, unsupported


def _vector(x: Any, name: str) -> Array:
    x = np.atleast_1d(as_shaped(x))
    if x.ndim != 1:
        unsupported(f"scipy.linalg.{name} of traced arrays that are not vectors.", "ravel them")
    return x


@drop_in(sl.toeplitz)
def toeplitz(c: Any, r: Any = None) -> Any:
    c = _vector(c, "toeplitz")
    return so.toeplitz(c, np.conjugate(c) if r is None else _vector(r, "toeplitz"))


@drop_in(sl.circulant)
def circulant(c: Any) -> Any:
    c = _vector(c, "circulant")
    k = np.arange(len(c))
    return c[(k[:, None] - k) % len(c)]


@drop_in(sl.hankel)
def hankel(c: Any, r: Any = None) -> Any:
    c = _vector(c, "hankel")
    r = np.zeros(len(c), c.dtype) if r is None else _vector(r, "hankel")
    values = np.concatenate([c, r[1:]])
    return values[np.arange(len(c))[:, None] + np.arange(len(r))]


@drop_in(sl.companion)
def companion(a: Any) -> Any:
    a = _vector(a, "companion")
    if a.size < 2:
        raise ValueError("The length of `a` along the last axis must be at least 2.")
    row = -a[1:] / (1.0 * a[0])
    below = np.eye(len(row), dtype=row.dtype)[:-1]
    return np.concatenate([row[None, :], below], axis=0)


@drop_in(sl.block_diag)
def block_diag(*arrs: Any) -> Any:
    blocks = [np.atleast_2d(as_shaped(a)) for a in arrs]
    if any(b.ndim != 2 for b in blocks):
        unsupported("scipy.linalg.block_diag of stacks of traced matrices.", "take one at a time")
    width = sum(b.shape[1] for b in blocks)
    rows, left = [], 0
    for b in blocks:
        m, n = b.shape
        parts = [np.zeros((m, left), b.dtype), b, np.zeros((m, width - left - n), b.dtype)]
        rows.append(np.concatenate(parts, axis=1))
        left += n
    return np.concatenate(rows, axis=0)


@drop_in(sl.khatri_rao)
def khatri_rao(a: Any, b: Any) -> Any:
    a, b = as_shaped(a), as_shaped(b)
    if a.ndim != 2 or b.ndim != 2:
        unsupported("scipy.linalg.khatri_rao of stacks of traced matrices.", "take one at a time")
    if a.shape[1] != b.shape[1]:
        raise ValueError("The number of columns for both arrays should be equal.")
    return np.reshape(a[:, None, :] * b[None, :, :], (-1, a.shape[1]))


OURS = [toeplitz, circulant, hankel, companion, block_diag, khatri_rao]

if hasattr(sl, "kron"):  # until SciPy 1.15

    @drop_in(sl.kron)
    def kron(a: Any, b: Any) -> Any:
        return np.kron(as_shaped(a), as_shaped(b))

    OURS.append(kron)

FUNCTIONS: Table = table(*OURS)
