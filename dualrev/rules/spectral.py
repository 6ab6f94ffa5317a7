"""Eigenvalues and singular values, with their vectors: equation, differential, source.

Vectors are defined up to a sign or a phase, those of a repeated value up to a rotation:
what depends on that choice has no derivative. Where it would be divided by the gap between
equal values the result is nan, never a number that only looks like a derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Array, primal_of
from .forms import general
from .forms.batching import stacked
from .forms.shapes import as_values
from .linalg import H, T, diagonal, inverse, spoilt, symmetric


def _gaps(w: Array) -> Array:
    """``1 / (w_j - w_i)`` off the diagonal, zero on it; infinite where values repeat.

    Values that differ by no more than their rounding errors repeat: what depends on the basis
    that LAPACK happened to choose among their vectors must not look like a derivative.
    """
    n = w.shape[-1]
    eye = np.eye(n, dtype=bool)
    values = as_values(w)
    apart = np.abs(values[..., None, :] - values[..., :, None])
    size = np.max(np.abs(values), axis=-1, initial=0.0)[..., None, None]
    repeated = apart <= n * np.finfo(values.dtype).eps * size
    gaps = w[..., None, :] - w[..., :, None]
    return np.where(eye, 0, np.where(repeated, np.inf, 1 / np.where(repeated, 1, gaps)))


def _shared(values: Any) -> Any:
    """For values that are equal, the matrix that gives each the mean; ``None`` if all differ.

    The mean over a repeated value is what does not depend on the basis: it is right for
    sums, and an even split of a tie for single values.
    """
    values = as_values(values)
    equal = values[..., None, :] == values[..., :, None]
    if np.count_nonzero(equal) == values.size:
        return None
    return equal / np.count_nonzero(equal, axis=-1, keepdims=True)


def _positive(s: Array, a: Array) -> Any:
    """Which singular values are not zero to rounding: those that `np.linalg.matrix_rank` counts."""
    values = as_values(s)
    largest = np.max(values, axis=-1, keepdims=True, initial=0.0)
    return values > max(a.shape[-2:]) * np.finfo(values.dtype).eps * largest


def _evenly(share: Any, d: Array) -> Array:
    if share is None:
        return d
    return (share.astype(np.empty(0, d.dtype).real.dtype) @ d[..., None])[..., 0]


def _eigh(a: Any, uplo: str) -> Any:
    return tuple(np.linalg.eigh(a, uplo))


@general(_eigh, name="eigh", singular=True, batch=stacked)
def eigh(y: Any, a: Array, uplo: str) -> Any:
    """``A V = V diag(w)``:  ``dw = diag(P)``, ``dV = V (F * P)`` with ``P = V^H dA V``,
    ``F_ij = 1 / (w_j - w_i)``. [Giles 2008, 3.1]"""
    w, v = y
    share = _shared(w)

    def push(da: Array) -> Any:
        p = H(v) @ symmetric(da) @ v
        return _evenly(share, diagonal(p).real), v @ (_gaps(w) * p)

    return push


@general(lambda a, uplo: np.linalg.eigvalsh(a, uplo), name="eigvalsh", batch=stacked)
def eigvalsh(w: Array, a: Array, uplo: str) -> Any:
    """``A v = w v``:  ``dw = diag(V^H dA V)``; the mean of these for a repeated value. [Giles 2008, 3.1]"""
    v = eigh(a, uplo=uplo)[1]
    share = _shared(w)
    v_conj = np.conjugate(v)

    def push(da: Array) -> Array:
        return _evenly(share, np.sum((v_conj * (symmetric(da) @ v)).real, axis=-2))

    def pull(ct: Array) -> Any:
        return (symmetric((v_conj * _evenly(share, ct)[..., None, :]) @ T(v)),)

    return push, pull


def _eig(a: Any) -> Any:
    return tuple(np.linalg.eig(a))


@general(_eig, name="eig", singular=True, batch=stacked)
def eig(y: Any, a: Array) -> Any:
    """``A V = V diag(w)``:  ``dw = diag(P)``, ``dV = V (F * P)`` with ``P = V^-1 dA V``, less what
    changes the normal form: columns have length 1, their largest element is real.
    [Boeddeker et al. 2017, sec. 4.6; the phase as in LAPACK's geev]"""
    w, v = y
    share = _shared(w)
    v_inverse = _inverse_of_vectors(v)

    def push(da: Array) -> Any:
        p = v_inverse @ da @ v
        dv = v @ (_gaps(w) * p)
        change = np.sum((np.conjugate(v) * dv).real, axis=-2, keepdims=True)
        if v.dtype.kind == "c":
            sizes = np.abs(primal_of(v))
            largest = np.arange(v.shape[-1])[:, None] == np.argmax(sizes, axis=-2)[..., None, :]
            turn = np.sum(
                np.where(largest, dv / np.where(largest, v, 1), 0), axis=-2, keepdims=True
            )
            change = change + 1j * turn.imag
        return _evenly(share, diagonal(p)), dv - v * change

    return push


def _inverse_of_vectors(v: Array) -> Array:
    """nan where the matrix is defective, within rounding errors: there is no derivative."""
    v_inverse = inverse(v)
    sizes = np.max(np.abs(primal_of(v_inverse)), axis=(-2, -1), keepdims=True, initial=0.0)
    defective = sizes > 0.01 / np.finfo(v.dtype).eps
    return spoilt(v_inverse, defective) if defective.any() else v_inverse


@general(np.linalg.eigvals, batch=stacked)
def eigvals(w: Array, a: Array) -> Any:
    """``A V = V diag(w)``:  ``dw = diag(V^-1 dA V)``. [Giles 2008, 3.1]"""
    v = eig(a)[1]
    v_inverse = _inverse_of_vectors(v)
    share = _shared(w)

    def push(da: Array) -> Array:
        return _evenly(share, np.sum(T(v_inverse) * (da @ v), axis=-2))

    def pull(ct: Array) -> Any:
        return ((T(v_inverse) * _evenly(share, ct)[..., None, :]) @ T(v),)

    return push, pull


def _svd(a: Any) -> Any:
    return tuple(np.linalg.svd(a, full_matrices=False))


@general(_svd, name="svd", singular=True, batch=stacked)
def svd(y: Any, a: Array) -> Any:
    """``A = U diag(s) V^H``:  ``ds = Re diag(P)`` with ``P = U^H dA V``; ``dU, dV`` by
    ``F_ij = 1 / (s_j^2 - s_i^2)``. [Townsend 2016; Wan & Zhang 2019, eq. 11]"""
    u, s, vh = y
    v = H(vh)
    share = _shared(s)
    positive = _positive(s, a)

    def push(da: Array) -> Any:
        p = H(u) @ da @ v
        row, column = s[..., None, :], s[..., :, None]
        sums = row + column
        f = _gaps(s) / np.where(primal_of(sums) == 0, 1, sums)
        turn_u = f * (p * row + column * H(p))
        turn_v = f * (column * p + H(p) * row)
        if a.dtype.kind == "c":  # the phase that both share is put into U
            eye = np.eye(s.shape[-1], dtype=bool)
            turn_u = turn_u + np.where(eye, 1j * p.imag / row, 0)
        du, dv = u @ turn_u, v @ turn_v
        if u.shape[-2] > u.shape[-1]:
            rest = da @ v
            du = du + (rest - u @ (H(u) @ rest)) / row
        if v.shape[-2] > v.shape[-1]:
            rest = H(da) @ u
            dv = dv + (rest - v @ (H(v) @ rest)) / row
        ds = np.where(positive, _evenly(share, diagonal(p).real), 0)
        return du, ds, H(dv)

    return push


@general(lambda a: np.linalg.svd(a, compute_uv=False), name="svdvals", batch=stacked)
def svdvals(s: Array, a: Array) -> Any:
    """``A = U diag(s) V^H``:  ``ds = Re diag(U^H dA V)``; 0 where ``s = 0`` to rounding, the subgradient of
    least norm, and the mean for a repeated value. [Giles 2008, 3.2]"""
    u, _, vh = svd(a)
    share = _shared(s)
    positive = _positive(s, a)
    u_conj, v_conj = np.conjugate(u), np.conjugate(vh)

    def push(da: Array) -> Array:
        d = np.sum((T(u_conj) * (v_conj @ T(da))).real, axis=-1)
        return np.where(positive, _evenly(share, d), 0)

    def pull(ct: Array) -> Any:
        ct = _evenly(share, np.where(positive, ct, 0))
        return ((u_conj * ct[..., None, :]) @ v_conj,)

    return push, pull
