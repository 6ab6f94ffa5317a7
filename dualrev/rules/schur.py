"""Forms under changes of basis, in `scipy.linalg`: equation, differential, source.

Of ``A = Z T Z^H`` the differential is ``Z^H dA Z = W T - T W + dT`` with a skew ``W = Z^H dZ``: those of
its equations that lie where T is zero determine W, column by column. Columns of Z are defined up to a
sign or a phase, which stays as it is; where eigenvalues repeat the result is nan.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ..errors import UnsupportedArgumentError, explain
from ..primitive import Array
from . import spectral as sp
from .equations import solve_sylvester, unsingular
from .forms import general
from .forms.batching import stacked
from .forms.shapes import as_values
from .linalg import H, T, diagonal, inverse, spoilt, symmetric
from .solvers import solve_triangular


def each(f: Any, a: Any) -> Any:
    """``f(a)``, a tuple of arrays, for a matrix or for all of a stack."""
    if a.ndim == 2:
        return f(a)
    flat = [f(m) for m in a.reshape(-1, *a.shape[-2:])]
    parts = (
        zip(*flat, strict=True) if flat else [[x] for x in f(np.eye(*a.shape[-2:], dtype=a.dtype))]
    )
    leading = a.shape[:-2]
    return tuple(
        [np.stack(part)[: len(flat)].reshape(*leading, *part[0].shape) for part in map(list, parts)]
    )


# -- Schur's form --------------------------------------------------------------------------


def _schur(a: Any, sort: Any) -> Any:
    return each(
        lambda m: tuple(sl.schur(m, output="complex", sort=sort, check_finite=False)[:2]), a
    )


def _repeated(w: Any) -> Any:
    """Which pairs of values, in a matrix, differ by no more than rounding errors."""
    apart = np.abs(w[..., :, None] - w[..., None, :])
    size = np.max(np.abs(w), axis=-1, initial=0.0)[..., None, None]
    return apart <= w.shape[-1] * np.finfo(w.dtype).eps * size


@general(_schur, name="schur", batch=stacked)
def schur(y: Any, a: Array, sort: Any) -> Any:
    """``A = Z T Z^H``, T a triangle:  with ``M = Z^H dA Z``, below the diagonal ``W T - T W = M``, a triangular
    system for each column of W, and ``dT = M - W T + T W``, ``dZ = Z W``. [Stewart & Sun 1990, sec. V.2]"""
    t, z = y
    n = t.shape[-1]
    repeated = _repeated(diagonal(as_values(t)))

    def push(da: Array) -> Any:
        m = H(z) @ da @ z
        low = np.zeros((*m.shape[:-1], 0), m.dtype)  # W below the diagonal, as far as known
        for j in range(n):
            right = m[..., j + 1 :, j : j + 1] - low[..., j + 1 :, :] @ t[..., :j, j : j + 1]
            part = t[..., j : j + 1, j : j + 1] * np.eye(n - j - 1) - t[..., j + 1 :, j + 1 :]
            bad = np.eye(n - j - 1, dtype=bool) & repeated[..., j + 1 :, j, None]
            part = spoilt(part, bad)
            w = (
                solve_triangular(part, right, trans=0, lower=False, unit=False)
                if j < n - 1
                else right
            )
            zeros = np.zeros((*m.shape[:-2], j + 1, 1), m.dtype)
            low = np.concatenate([low, np.concatenate([zeros, w], axis=-2)], axis=-1)
        skew = low - H(low)
        return np.triu(m - skew @ t + t @ skew), z @ skew

    return push


def _real_schur(a: Any, sort: Any) -> Any:
    return each(lambda m: tuple(sl.schur(m, output="real", sort=sort, check_finite=False)[:2]), a)


@general(_real_schur, name="real_schur", batch=stacked)
def real_schur(y: Any, a: Array, sort: Any) -> Any:
    """``A = Z T Z^T``, T a triangle of blocks of one and two rows:  as `schur`, by blocks. Inside of a block
    ``[[a, b], [c, a]]`` equal diagonals determine the rotation, ``2 (b + c) W_21 = M_22 - M_11``.
    [Stewart & Sun 1990, sec. V.2]"""
    t, z = y
    n = t.shape[-1]
    values = as_values(t)
    blocks = _blocks(values)
    repeated = _repeated(_eigenvalues(values, blocks))
    large = 1 + 4 * np.max(np.abs(values), axis=(-2, -1), initial=0.0)[..., None, None]

    def push(da: Array) -> Any:
        m = T(z) @ da @ z
        low = np.zeros((*m.shape[:-1], 0), m.dtype)
        for p, q in blocks:
            right = m[..., q:, p:q] - low[..., q:, :] @ t[..., :p, p:q]
            if q < n:
                bad = np.any(repeated[..., q:, p:q], axis=(-2, -1), keepdims=True)
                left = np.where(bad, large * np.eye(n - q), -t[..., q:, q:]).astype(t.dtype)
                w = solve_sylvester(left, t[..., p:q, p:q], right)
                right = spoilt(w, bad)
            column = np.concatenate([np.zeros((*m.shape[:-2], q, q - p), m.dtype), right], axis=-2)
            low = np.concatenate([low, column], axis=-1)
        skew = low - T(low)
        rest = m - skew @ t + t @ skew
        for p, q in blocks:
            if q - p == 2:
                turn = np.zeros((n, n), t.dtype)
                turn[p + 1, p], turn[p, p + 1] = 1, -1
                gap = rest[..., p + 1, p + 1] - rest[..., p, p]
                angle = 0.5 * gap / (t[..., p, p + 1] + t[..., p + 1, p])
                skew = skew + angle[..., None, None] * turn
        inside = np.tri(n, dtype=bool).T
        for p, q in blocks:
            inside[p:q, p:q] = True
        return np.where(inside, m - skew @ t + t @ skew, 0), z @ skew

    return push


def _blocks(t: Any) -> list[tuple[int, int]]:
    """Where the blocks of a triangle of blocks begin and end: in all matrices of a stack alike."""
    n = t.shape[-1]
    starts = [0] if n else []
    for p in range(1, n):
        linked = t[..., p, p - 1] != 0
        if not bool(np.any(linked)):
            starts.append(p)
        elif not bool(np.all(linked)):
            raise UnsupportedArgumentError(
                explain(
                    "scipy.linalg.schur of matrices in one batch that have complex eigenvalues at different "
                    "places.",
                    "use output='complex', or take one at a time",
                )
            )
    return list(zip(starts, [*starts[1:], n], strict=True)) if n else []


def _eigenvalues(t: Any, blocks: Any) -> Any:
    """Of a triangle of blocks in normal form."""
    w: list[Any] = []
    for p, q in blocks:
        if q - p == 1:
            w.append(t[..., p, p] + 0j)
        else:
            root = np.sqrt(np.abs(t[..., p, p + 1] * t[..., p + 1, p]))
            w += [t[..., p, p] + 1j * root, t[..., p, p] - 1j * root]
    return np.stack(w, axis=-1) if w else np.zeros(t.shape[:-1], complex)


# -- Hessenberg's form -----------------------------------------------------------------------


def _hessenberg(a: Any) -> Any:
    return each(lambda m: tuple(sl.hessenberg(m, calc_q=True, check_finite=False)), a)


@general(_hessenberg, name="hessenberg", batch=stacked)
def hessenberg(y: Any, a: Array) -> Any:
    """``A = Q K Q^H``, K zero below its subdiagonal, which is real, and ``Q e_1 = e_1``:  with
    ``M = Q^H dA Q`` and ``v = M e_j + K W e_j - sum_(k<=j) W e_k K_kj``, ``W_(i,j+1) = v_i / K_(j+1,j)`` for
    ``i > j + 1``; nan where the subdiagonal is zero. [Golub & Van Loan 2013, thm 7.4.2]"""
    h, q = y
    n = h.shape[-1]
    values = as_values(h)
    size = np.max(np.abs(values), axis=(-2, -1), initial=0.0)[..., None, None]
    least = n * np.finfo(values.dtype).eps * size

    def push(da: Array) -> Any:
        m = H(q) @ da @ q
        skew = np.zeros((*m.shape[:-1], 1), m.dtype)
        for j in range(n - 1):
            v = m[..., :, j : j + 1] + h @ skew[..., :, j:] - skew @ h[..., : j + 1, j : j + 1]
            step = h[..., j + 1 : j + 2, j : j + 1].real
            small = np.abs(values[..., j + 1 : j + 2, j : j + 1]) <= least
            v = v / np.where(small, np.nan, step)
            middle = v[..., j + 1 : j + 2, :]
            middle = 1j * middle.imag if m.dtype.kind == "c" else 0 * middle
            known = -H(skew[..., j + 1 : j + 2, :])
            column = np.concatenate([known, middle, v[..., j + 2 :, :]], axis=-2)
            skew = np.concatenate([skew, column], axis=-1)
        return np.triu(m - skew @ h + h @ skew, -1), q @ skew

    return push


# -- factors of symmetric matrices -----------------------------------------------------------


def _ldl(a: Any, lower: bool, hermitian: bool) -> Any:
    return each(lambda m: sl.ldl(m, lower, hermitian, check_finite=False)[:2], a)


@general(_ldl, name="ldl", batch=stacked)
def ldl(y: Any, a: Array, lower: bool, hermitian: bool) -> Any:
    """``A = L D L^H``, D of blocks of one and two rows, L a triangle of rows in another order:  with
    ``M = L^-1 dA L^-H``, ``dD = M`` inside of the blocks and ``dL = L M D^-1`` with M below them; the pivots
    stay as they are. [Bunch & Kaufman 1977; the differential as Murray 2016, eq. 8]"""
    factor, d = y
    n = d.shape[-1]
    beside = diagonal(as_values(d)[..., 1:, :-1]) != 0
    # Two rows are of one block if every element of the subdiagonal between them is not zero.
    count = np.cumsum(
        np.concatenate([np.zeros((*beside.shape[:-1], 1), int), ~beside], axis=-1), axis=-1
    )
    same = count[..., :, None] == count[..., None, :]
    below = ~same & (np.tri(n, dtype=bool) if lower else np.tri(n, dtype=bool).T)
    f_inverse, d_inverse = inverse(factor), inverse(d)
    other = H if hermitian else T

    def push(da: Array) -> Any:
        da = symmetric(da) if hermitian else 0.5 * (da + T(da))
        m = f_inverse @ da @ other(f_inverse)
        return factor @ (np.where(below, m, 0) @ d_inverse), np.where(same, m, 0)

    return push


# -- generalised eigenvalues -----------------------------------------------------------------


def _eig_generalised(a: Any, b: Any) -> Any:
    if a.size == 0 or b.size == 0:
        shape = np.broadcast_shapes(a.shape, b.shape)
        kind = np.result_type(a, b)
        return np.zeros(shape[:-1], np.result_type(kind, np.complex64)), np.zeros(shape, kind)
    return tuple(sl.eig(a, b, check_finite=False))


@general(_eig_generalised, name="eig_generalised", singular=True, batch=stacked)
def eig_generalised(y: Any, a: Array, b: Array) -> Any:
    """``A V = B V diag(w)``, B regular:  with ``P = (B V)^-1 (dA V - dB V diag(w))``, ``dw = diag(P)``,
    ``dV = V (F * P)``, less what changes the columns' length 1; ``F_ij = 1 / (w_j - w_i)``.
    [Stewart & Sun 1990, sec. VI.2]"""
    w, v = y
    share = sp._shared(w)
    left = sp._inverse_of_vectors(b @ v)

    def push(da: Array, db: Array) -> Any:
        p = left @ (da @ v - (db @ v) * w[..., None, :])
        dv = v @ (sp._gaps(w) * p)
        along = np.sum((np.conjugate(v) * dv).real, axis=-2, keepdims=True)
        return sp._evenly(share, diagonal(p)), dv - v * along

    return push


# -- the sign of a matrix ---------------------------------------------------------------------


def _signm(a: Any) -> Any:
    return each(lambda m: (sl.signm(m),), a)[0]


@general(_signm, name="signm", batch=stacked)
def signm(y: Array, a: Array) -> Any:
    """``Y = A (A^2)^(-1/2)``:  ``N dY + dY N = dA - Y dA Y`` with ``N = Y A``; nan where an eigenvalue is
    zero. [Kenney & Laub 1991, sec. 2; Higham 2008, thm 5.3]"""
    n = y @ a
    regular = unsingular(n)
    return lambda da: regular * solve_sylvester(n, n, da - y @ da @ y)
