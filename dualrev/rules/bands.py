"""Symmetric matrices of few diagonals, their spectra: equation, differential, source.

A band matrix is a linear function of its bands, of which LAPACK reads one half; what stands outside of
the matrix, in the corners of the stored bands, has no derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ..primitive import Array
from . import spectral as sp
from .forms import general
from .forms.batching import stacked, stacks_of
from .linalg import H, T, diagonal


def whole(bands: Array, lower: bool) -> Array:
    """The symmetric, or Hermitian, matrix of which `bands` holds one half."""
    w, n = bands.shape[-2] - 1, bands.shape[-1]
    offset = np.arange(n) - np.arange(n)[:, None]  # j - i
    inside = (offset >= 0) & (offset <= w)
    if lower:  # row d holds A_(j+d, j): the transpose of the half above the diagonal
        half = bands[..., np.where(inside, offset, 0), np.arange(n)[:, None]]
        half = np.conjugate(half) if bands.dtype.kind == "c" else half
    else:  # row w - d holds A_(j-d, j)
        half = bands[..., np.where(inside, w - offset, 0), np.arange(n)]
    strict = np.where(inside & (offset > 0), half, 0)
    middle = np.where(offset == 0, half, 0)
    return strict + (middle.real if bands.dtype.kind == "c" else middle) + H(strict)


def stored(a: Array, w: int, lower: bool) -> Array:
    """The bands of the triangle of `a`, zero in the corners."""
    n = a.shape[-1]
    column = np.arange(n)
    offset = np.arange(w + 1) if lower else np.arange(-w, 1)
    row = column + offset[:, None]
    inside = (row >= 0) & (row < n)
    return np.where(inside, a[..., np.where(inside, row, 0), column], 0)


def corners(w: int, n: int, lower: bool) -> Any:
    """Which elements of the bands lie outside of the matrix."""
    return stored(np.ones((n, n)), w, lower) == 0


def _batch_tridiagonal(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    return primitive(*stacks_of(size, args, batched, (1, 1)))


def _eigh_tridiagonal(d: Any, e: Any) -> Any:
    if d.ndim == e.ndim == 1 and d.size:
        return tuple(sl.eigh_tridiagonal(d, e, check_finite=False))
    return tuple(np.linalg.eigh(tridiagonal(d, e)))


def tridiagonal(d: Array, e: Array) -> Array:
    """The symmetric matrix with the diagonal `d`, and `e` beside it."""
    n = d.shape[-1]
    below = np.concatenate([e, np.zeros((*e.shape[:-1], 1), e.dtype)], axis=-1)[..., :n, None]
    below = below * np.eye(n, k=1, dtype=e.dtype)
    return d[..., None] * np.eye(n, dtype=d.dtype) + below + T(below)


@general(_eigh_tridiagonal, name="eigh_tridiagonal", singular=True, batch=_batch_tridiagonal)
def eigh_tridiagonal(y: Any, d: Array, e: Array) -> Any:
    """``A V = V diag(w)``, A with d on its diagonal and e beside it:  the differential of `eigh`, where
    ``P = V^T dA V`` is the sum of outer products of rows of V. [Giles 2008, 3.1]"""
    w, v = y
    share = sp._shared(w)

    def push(dd: Array, de: Array) -> Any:
        beside = T(v[..., :-1, :]) @ (de[..., :, None] * v[..., 1:, :])
        p = T(v) @ (dd[..., :, None] * v) + beside + T(beside)
        return sp._evenly(share, diagonal(p)), v @ (sp._gaps(w) * p)

    return push


def _eigvalsh_tridiagonal(d: Any, e: Any) -> Any:
    if d.ndim == e.ndim == 1 and d.size:
        return sl.eigvalsh_tridiagonal(d, e, check_finite=False)
    return np.linalg.eigvalsh(tridiagonal(d, e))


@general(_eigvalsh_tridiagonal, name="eigvalsh_tridiagonal", batch=_batch_tridiagonal)
def eigvalsh_tridiagonal(w: Array, d: Array, e: Array) -> Any:
    """``A v = w v``:  ``dw = sum(v_i^2 dd_i) + 2 sum(v_i v_(i+1) de_i)``; the mean of these for a repeated
    value. [Giles 2008, 3.1]"""
    v = eigh_tridiagonal(d, e)[1]
    share = sp._shared(w)
    squares, products = v * v, 2 * v[..., :-1, :] * v[..., 1:, :]

    def push(dd: Array, de: Array) -> Array:
        change = np.sum(squares * dd[..., :, None], axis=-2)
        return sp._evenly(share, change + np.sum(products * de[..., :, None], axis=-2))

    def pull(ct: Array) -> Any:
        ct = sp._evenly(share, ct)[..., None, :]
        return np.sum(squares * ct, axis=-1), np.sum(products * ct, axis=-1)

    return push, pull


def _eig_banded(bands: Any, lower: bool) -> Any:
    if bands.ndim == 2 and bands.size:
        return tuple(sl.eig_banded(bands, lower=lower, check_finite=False))
    return tuple(np.linalg.eigh(whole(bands, lower)))


@general(_eig_banded, name="eig_banded", singular=True, batch=stacked)
def eig_banded(y: Any, bands: Array, lower: bool) -> Any:
    """``A V = V diag(w)``, A by its bands:  the differential of `eigh`. [Giles 2008, 3.1]"""
    push = sp.eigh.rule(y, bands, "L")
    return lambda dbands: push(whole(dbands, lower))


def _eigvals_banded(bands: Any, lower: bool) -> Any:
    if bands.ndim == 2 and bands.size:
        return sl.eigvals_banded(bands, lower=lower, check_finite=False)
    return np.linalg.eigvalsh(whole(bands, lower))


@general(_eigvals_banded, name="eigvals_banded", batch=stacked)
def eigvals_banded(w: Array, bands: Array, lower: bool) -> Any:
    """``A v = w v``, A by its bands:  ``dw = diag(V^H dA V)``. [Giles 2008, 3.1]"""
    v = eig_banded(bands, lower=lower)[1]
    share = sp._shared(w)
    v_conj = np.conjugate(v) if v.dtype.kind == "c" else v

    def push(dbands: Array) -> Array:
        change = np.sum(v_conj * (whole(dbands, lower) @ v), axis=-2)
        return sp._evenly(share, change.real if v.dtype.kind == "c" else change)

    return push
