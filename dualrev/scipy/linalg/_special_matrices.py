"""Matrices of given structure in `scipy.linalg`: their elements are the arguments' elements."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ...fronts.keywords import as_shaped, values
from ...primitive import Array
from ...rules import solvers as so
from ...rules.forms.shapes import anywhere
from ..mirror import Table, drop_in, table


def _vector(x: Any) -> Array:
    return np.atleast_1d(as_shaped(x))


@drop_in(sl.toeplitz)
def toeplitz(c: Any, r: Any = None) -> Any:
    c = _vector(c)
    return so.toeplitz(c, np.conjugate(c) if r is None else _vector(r))


@drop_in(sl.circulant)
def circulant(c: Any) -> Any:
    c = _vector(c)
    k = np.arange(c.shape[-1])
    return c[..., (k[:, None] - k) % max(len(k), 1)]


@drop_in(sl.hankel)
def hankel(c: Any, r: Any = None) -> Any:
    c = np.ravel(as_shaped(c))  # as SciPy, which has no stacks of these
    r = np.zeros(len(c), c.dtype) if r is None else np.ravel(as_shaped(r))
    chain = np.concatenate([c, r[1:]])
    return chain[np.arange(len(c))[:, None] + np.arange(len(r))]


@drop_in(sl.companion)
def companion(a: Any) -> Any:
    a = _vector(a)
    if a.shape[-1] < 2:
        raise ValueError("The length of `a` along the last axis must be at least 2.")
    if anywhere(np.equal(values(a)[..., 0], 0)):
        raise ValueError(
            "The first coefficient(s) of `a` (i.e. elements of `a[..., 0]`) must not be zero."
        )
    row = -a[..., 1:] / (1.0 * a[..., :1])
    n = row.shape[-1]
    below = np.broadcast_to(np.eye(n, dtype=row.dtype)[:-1], (*row.shape[:-1], n - 1, n))
    return np.concatenate([row[..., None, :], below], axis=-2)


@drop_in(sl.block_diag)
def block_diag(*arrs: Any) -> Any:
    blocks = [np.atleast_2d(as_shaped(a)) for a in arrs]
    leading = np.broadcast_shapes(*(b.shape[:-2] for b in blocks))
    width = sum(b.shape[-1] for b in blocks)
    rows, left = [], 0
    for b in blocks:
        m, n = b.shape[-2:]
        before = np.zeros((*leading, m, left), b.dtype)
        after = np.zeros((*leading, m, width - left - n), b.dtype)
        b = np.broadcast_to(b, (*leading, m, n))
        rows.append(np.concatenate([before, b, after], axis=-1))
        left += n
    return np.concatenate(rows, axis=-2)


@drop_in(sl.khatri_rao)
def khatri_rao(a: Any, b: Any) -> Any:
    a, b = as_shaped(a), as_shaped(b)
    if a.ndim < 2 or b.ndim < 2:
        raise ValueError("Both arrays should have at least two axes.")
    if a.shape[-1] != b.shape[-1]:
        raise ValueError("The number of columns for both arrays should be equal.")
    c = a[..., :, None, :] * b[..., None, :, :]
    return np.reshape(c, (*c.shape[:-3], a.shape[-2] * b.shape[-2], a.shape[-1]))


@drop_in(sl.diagsvd)
def diagsvd(s: Any, M: int, N: int) -> Any:
    s = as_shaped(s)
    n = s.shape[-1]
    if n not in (M, N):
        raise ValueError("Length of s must be M or N.")
    square = s[..., None, :] * np.eye(n, dtype=s.dtype)
    rows = np.zeros((*s.shape[:-1], M - n, n), s.dtype)
    columns = np.zeros((*s.shape[:-1], n, N - n), s.dtype)
    return np.concatenate([square, columns if n == M else rows], axis=-1 if n == M else -2)


@drop_in(sl.leslie)
def leslie(f: Any, s: Any) -> Any:
    f, s = np.atleast_1d(as_shaped(f)), np.atleast_1d(as_shaped(s))
    n = f.shape[-1]
    if n != s.shape[-1] + 1:
        raise ValueError("The length of s must be one less than the length of f.")
    if s.shape[-1] == 0:
        raise ValueError("The length of s must be at least 1.")
    below = s[..., :, None] * np.eye(n, dtype=s.dtype)[:-1]
    leading = np.broadcast_shapes(f.shape[:-1], s.shape[:-1])
    first = np.broadcast_to(f[..., None, :], (*leading, 1, n))
    return np.concatenate([first, np.broadcast_to(below, (*leading, n - 1, n))], axis=-2)


@drop_in(sl.fiedler)
def fiedler(a: Any) -> Any:
    a = np.atleast_1d(as_shaped(a))
    if a.size < 2:
        return np.zeros(a.shape[-1:] * 2, a.dtype) if a.size else a
    return np.abs(a[..., :, None] - a[..., None, :])


@drop_in(sl.fiedler_companion)
def fiedler_companion(a: Any) -> Any:
    """The coefficients in a chain of rows and columns. [Fiedler 2003]"""
    a = np.atleast_1d(as_shaped(a))
    n = a.shape[-1] - 1
    if n < 1:
        return np.zeros((*a.shape[:-1], 0), a.dtype)
    if n < 2:
        return -(a / a[..., :1])[..., 1:, None]
    if anywhere(np.equal(values(a)[..., 0], 0)):
        raise ValueError("Leading coefficient is zero.")
    a = a / a[..., :1]
    place = np.zeros((n, n), int)  # of the coefficient that stands in each element
    place[0, 0] = 1
    for k in range(0, n, 2):
        if k > 0:
            place[k, k - 1] = k + 1
        if k + 1 < n:
            place[k, k + 1] = k + 2
    ones = sl.fiedler_companion(np.append(1.0, np.zeros(n))).astype(a.dtype)
    return np.where(place > 0, -a[..., place], ones)


@drop_in(sl.convolution_matrix)
def convolution_matrix(a: Any, n: int, mode: str = "full") -> Any:
    """Full, same and valid convolutions as `numpy.convolve` has them."""
    if n <= 0:
        raise ValueError("n must be a positive integer.")
    a = as_shaped(a)
    m = a.shape[-1]
    if m == 0:
        raise ValueError("len(a) must be at least 1.")
    if mode not in ("full", "valid", "same"):
        raise ValueError("'mode' argument must be one of ('full', 'valid', 'same')")
    place = np.arange(m + n - 1)[:, None] - np.arange(n)
    inside = (place >= 0) & (place < m)
    if mode != "full":
        cut = min(n, m) - 1
        start = cut // 2 if mode == "same" else cut
        rows = slice(start, len(place) - (cut - cut // 2 if mode == "same" else cut))
        place, inside = place[rows], inside[rows]
    return np.where(inside, a[..., np.where(inside, place, 0)], 0)


OURS = [
    toeplitz, circulant, hankel, companion, block_diag, khatri_rao, diagsvd, leslie, fiedler,
    fiedler_companion, convolution_matrix,
]  # fmt: skip

if hasattr(sl, "kron"):  # until SciPy 1.15

    @drop_in(sl.kron)
    def kron(a: Any, b: Any) -> Any:
        return np.kron(as_shaped(a), as_shaped(b))

    OURS.append(kron)

FUNCTIONS: Table = table(*OURS)
