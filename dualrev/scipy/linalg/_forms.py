"""Schur's and Hessenberg's form, factors of other shapes, and bases of subspaces in `scipy.linalg`."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ...fronts.keywords import values
from ...primitive import Array
from ...rules import equations as eq
from ...rules import factors as fa
from ...rules import linalg as la
from ...rules import schur as sc
from ...rules.forms.shapes import anywhere
from ...rules.linalg import H
from ..mirror import Table, drop_in, every_value, of_examples, table, unsupported
from ._arguments import each, floating, in_phase, matrix
from ._factoring import qr

# -- forms under changes of basis -------------------------------------------------------------


@drop_in(sl.schur)
def schur(
    a: Any,
    output: str = "real",
    lwork: Any = None,
    overwrite_a: bool = False,
    sort: Any = None,
    check_finite: bool = True,
) -> Any:
    """Columns of Z keep their signs, or phases. Where eigenvalues repeat the derivative is nan."""
    if output not in ("real", "complex", "r", "c"):
        raise ValueError("argument must be 'real', or 'complex'")
    a = matrix(a, check_finite, square=True)
    whole = output in ("complex", "c") or a.dtype.kind == "c"
    t, z = (sc.schur if whole else sc.real_schur)(a, sort=sort)
    if sort is None:
        return t, z

    def count(a: Any) -> Any:
        if a.size == 0:
            return np.zeros(a.shape[:-2], int)
        return each(lambda m: np.asarray(sl.schur(m, output, sort=sort)[2]), 2)(a)

    return t, z, of_examples(count, values(a))


@drop_in(sl.rsf2csf)
def rsf2csf(T: Any, Z: Any, check_finite: bool = True) -> Any:
    """A rotation for each block of two rows. [Golub & Van Loan 2013, sec. 7.4.1]"""
    Z, T = matrix(Z, check_finite, square=True), matrix(T, check_finite, square=True)
    if T.shape != Z.shape:
        raise ValueError(f"Input array shapes must match: Z: {Z.shape} vs. T: {T.shape}")
    n = T.shape[-1]
    eps = np.finfo(T.dtype).eps
    kind = np.result_type(T.dtype, Z.dtype, np.complex64)
    t, z = T.astype(kind), Z.astype(kind)
    for k in range(n - 1, 0, -1):
        block = t[..., k - 1 : k + 1, k - 1 : k + 1]
        here = values(block)
        limit = eps * (np.abs(here[..., 0, 0]) + np.abs(here[..., 1, 1]))
        linked = np.abs(here[..., 1, 0]) > limit
        if not anywhere(linked):
            continue
        # The eigenvalue that LAPACK finds first, of the two that are half +- root.
        half = 0.5 * (block[..., 0, 0] + block[..., 1, 1])
        gap = 0.5 * (block[..., 0, 0] - block[..., 1, 1])
        root = np.sqrt(np.where(linked, gap * gap + block[..., 0, 1] * block[..., 1, 0], 1))
        first = of_examples(lambda m: np.linalg.eigvals(m)[..., 0], here)
        ahead = np.real((first - values(half)) * np.conjugate(values(root))) >= 0
        mu = np.where(linked, half + np.where(ahead, 1, -1) * root - block[..., 1, 1], 1)
        below = np.where(linked, block[..., 1, 0], 0)
        length = np.sqrt(np.abs(mu) ** 2 + np.abs(below) ** 2)
        c, s = mu / length, below / length
        rows = [np.stack([np.conjugate(c), s], axis=-1), np.stack([-s, c], axis=-1)]
        turn = np.stack(rows, axis=-2)
        parts = t[..., : k - 1, :], turn @ t[..., k - 1 : k + 1, :], t[..., k + 1 :, :]
        t = np.concatenate(parts, axis=-2)
        t, z = (
            np.concatenate(
                [x[..., : k - 1], x[..., k - 1 : k + 1] @ H(turn), x[..., k + 1 :]], axis=-1
            )
            for x in (t, z)
        )
    return np.triu(t), z


@drop_in(sl.hessenberg)
def hessenberg(
    a: Any, calc_q: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    """Columns of Q keep their signs. Where the subdiagonal is zero the derivative is nan."""
    a = matrix(a, check_finite, square=True)
    n = a.shape[-1]
    if n <= 2:
        eye = np.broadcast_to(np.eye(n), a.shape).copy()
        return (a, eye) if calc_q else a
    h, q = sc.hessenberg(a)
    return (h, q) if calc_q else h


# -- factors ------------------------------------------------------------------------------------


@drop_in(sl.ldl)
def ldl(
    A: Any,
    lower: bool = True,
    hermitian: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
) -> Any:
    a = matrix(A, check_finite, square=True)
    keywords = {"lower": bool(lower), "hermitian": bool(hermitian)}
    factor, d = sc.ldl(a, **keywords)

    def order(a: Any) -> Any:
        if a.size == 0:
            return np.zeros(a.shape[:-1], int)
        return each(lambda m: sl.ldl(m, **keywords, check_finite=False)[2], 2)(a)

    return factor, d, of_examples(order, values(a))


def _rq(a: Array) -> tuple[Array, Array]:
    """By the QR factors of ``A^H`` with its columns in reverse. [Golub & Van Loan 2013, sec. 5.2]"""
    m, n = a.shape[-2:]
    b = H(a[..., ::-1, :])
    q, r = fa.qr(b[..., : min(m, n)])
    if m > n:
        r = np.concatenate([r, H(q) @ b[..., n:]], axis=-1)
    return H(r)[..., ::-1, ::-1], H(q)[..., ::-1, :]


@drop_in(sl.rq)
def rq(
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    check_finite: bool = True,
) -> Any:
    if mode not in ("full", "r", "economic"):
        raise ValueError("Mode argument should be one of ['full', 'r', 'economic']")
    a = matrix(a, check_finite)
    m, n = a.shape[-2:]
    k = min(m, n)
    r, q = _rq(a)

    def rows(a: Any) -> Any:  # of Q, as columns
        return H(each(lambda x: sl.rq(x, mode="economic", check_finite=False)[1], 2)(a))

    columns = in_phase(H(q), rows, a)
    phases = np.sum(np.conjugate(columns) * H(q), axis=-2)  # of length 1
    r = np.concatenate([r[..., : r.shape[-1] - k], r[..., -k:] * phases[..., None, :]], axis=-1)
    if mode == "economic" or m >= n:
        return r if mode == "r" else (r, H(columns))
    r = np.concatenate([np.zeros((*r.shape[:-1], n - m), r.dtype), r], axis=-1)
    if mode == "r":
        return r

    def all_columns(a: Any) -> Any:
        if a.size == 0:
            return np.zeros((*a.shape[:-2], n, n), a.dtype)
        full = H(each(lambda x: sl.rq(x, check_finite=False)[1], 2)(a))
        return np.concatenate([full[..., n - m :], full[..., : n - m]], axis=-1)

    complete = la.completed(columns, of_examples(all_columns, values(a)))
    return r, H(np.concatenate([complete[..., m:], complete[..., :m]], axis=-1))


@drop_in(sl.qr_multiply)
def qr_multiply(
    a: Any,
    c: Any,
    mode: str = "right",
    pivoting: bool = False,
    conjugate: bool = False,
    overwrite_a: bool = False,
    overwrite_c: bool = False,
) -> Any:
    if mode not in ("left", "right"):
        raise ValueError(f"Mode argument can only be 'left' or 'right' but not '{mode}'")
    a, c = matrix(a), floating(c)
    rows = np.atleast_2d(c)
    if mode == "left" and c.ndim < 2:
        rows = rows.T
    m, n = a.shape[-2:]
    k = min(m, n)
    if mode == "left" and rows.shape[-2] != (m if overwrite_c else k):
        raise ValueError(
            f"Array shapes are not compatible for Q @ c operation: {a.shape} vs {c.shape}"
        )
    if mode == "right" and rows.shape[-1] != m:
        raise ValueError(
            f"Array shapes are not compatible for c @ Q operation: {c.shape} vs {a.shape}"
        )
    whole = mode == "left" and bool(overwrite_c)
    q, r, *order = qr(a, mode="full" if whole else "economic", pivoting=pivoting)
    q = np.conjugate(q) if conjugate else q
    product = q @ rows if mode == "left" else rows @ q[..., :k]
    if c.ndim == 1:
        product = product[..., 0] if mode == "left" else product[..., 0, :]
    return product, r[..., :k, :], *order


@drop_in(sl.matrix_balance)
def matrix_balance(
    A: Any,
    permute: bool = True,
    scale: bool = True,
    separate: bool = False,
    overwrite_a: bool = False,
) -> Any:
    """The order and the scales, powers of two, are constants around a matrix."""
    a = matrix(A, square=True)

    def found(a: Any) -> Any:
        if a.size == 0:
            shape = a.shape[:-1]
            return np.ones(shape, a.dtype), np.broadcast_to(np.arange(a.shape[-1]), shape)
        return each(lambda m: tuple(sl.matrix_balance(m, permute, scale, True)[1]), 2)(a)

    scales, order = of_examples(found, values(a))
    rows = np.take_along_axis(a, order[..., :, None], axis=-2)
    b = np.take_along_axis(rows, order[..., None, :], axis=-1)
    b = b * (scales[..., None, :] / scales[..., :, None]).astype(a.dtype)
    if separate:
        return b, (scales, order)
    return b, (order[..., None, :] == np.arange(a.shape[-1])[:, None]) * scales[..., None, :]


# -- subspaces ----------------------------------------------------------------------------------


def _least(a: Array, rcond: Any) -> Any:
    return np.finfo(a.dtype).eps * max(a.shape[-2:]) if rcond is None else rcond


def _rank(a: Array, rcond: Any, name: str) -> int:
    """The rank that SciPy's `orth` and `null_space` see, which all examples of a batch must share."""
    least = _least(a, rcond)

    def counted(a: Any) -> Any:
        s = np.linalg.svd(a, compute_uv=False)
        return np.sum(s > least * np.max(s, axis=-1, keepdims=True, initial=0.0), axis=-1)

    ranks = every_value(of_examples(counted, values(a)))
    if not ranks.size:
        return min(a.shape[-2:])
    if np.min(ranks) < np.max(ranks):
        unsupported(
            f"scipy.linalg.{name} of traced matrices in one batch that have different ranks.",
            "take one at a time, or use projectors: pinv(a) @ a",
        )
    return int(np.max(ranks))


def _orthonormal(x: Array) -> Array:
    """The columns, nearly orthonormal, made so."""
    return x @ la.inv(H(la.cholesky(H(x) @ x))) if x.shape[-1] else x


@drop_in(sl.null_space)
def null_space(
    A: Any,
    rcond: Any = None,
    *,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """At constant rank; what depends on the choice of a basis has no derivative: the vectors are
    moved as little as keeps them orthonormal, and in the null space."""
    a = matrix(A, check_finite)
    count = a.shape[-1] - _rank(a, rcond, "null_space")

    def found(a: Any) -> Any:
        if a.size == 0:
            return np.zeros((*a.shape[:-2], a.shape[-1], count), a.dtype)
        of_one = lambda m: sl.null_space(m, rcond, check_finite=False, lapack_driver=lapack_driver)
        return each(of_one, 2)(a)

    basis = of_examples(found, values(a))
    return _orthonormal(basis - la.pinv(a, rcond=_least(a, rcond)) @ (a @ basis))


def _basis(a: Array, rank: int, rcond: Any) -> Any:
    """SciPy's basis of the range, as a constant."""

    def found(a: Any) -> Any:
        if a.size == 0:
            return np.zeros((*a.shape[:-1], rank), a.dtype)
        return each(lambda m: sl.orth(m, rcond), 2)(a)

    return of_examples(found, values(a))


@drop_in(sl.orth)
def orth(A: Any, rcond: Any = None) -> Any:
    """The singular vectors, with their derivative, at constant rank."""
    a = matrix(A)
    rank = _rank(a, rcond, "orth")
    if rank == min(a.shape[-2:]):
        u = fa.svd(a)[0][..., :rank]
    else:
        some = _projected(a, rank, rcond)
        u = some @ fa.svd(H(some) @ a)[0]
    return in_phase(u, each(lambda m: sl.orth(m, rcond), 2), a)


def _projected(a: Array, rank: int, rcond: Any) -> Array:
    """An orthonormal basis of the range, smooth at constant rank."""
    y = la.pinv(a, rcond=_least(a, rcond))
    return _orthonormal(a @ (y @ _basis(a, rank, rcond)))


def _range(a: Array) -> Array:
    """Some orthonormal basis of the range, smooth around `a` at constant rank."""
    rank = _rank(a, None, "subspace_angles")
    return fa.qr(a)[0] if rank == a.shape[-1] else _projected(a, rank, None)


@drop_in(sl.subspace_angles)
def subspace_angles(A: Any, B: Any) -> Any:
    """By cosines where these are small, else by sines. [Knyazev & Argentati 2002, alg. 3.1]"""
    a, b = matrix(A), matrix(B)
    if a.shape[-2] != b.shape[-2]:
        raise ValueError(
            f"A and B must have the same number of rows, got {a.shape[-2]} and {b.shape[-2]}"
        )
    p, q = _range(a), _range(b)
    product = H(p) @ q
    cosines = fa.svdvals(product)[..., ::-1]
    rest = q - p @ product if p.shape[-1] >= q.shape[-1] else p - q @ H(product)
    small = values(cosines) ** 2 >= 0.5
    sines = np.where(small, fa.svdvals(rest), 0)
    cosines = np.where(small, 0, cosines)
    return np.where(small, np.arcsin(np.clip(sines, -1, 1)), np.arccos(np.clip(cosines, -1, 1)))


@drop_in(sl.orthogonal_procrustes)
def orthogonal_procrustes(A: Any, B: Any, check_finite: bool = True) -> Any:
    """The unitary factor of ``A^H B``, and the trace of the other. [Golub & Van Loan 2013, sec. 6.4.1]"""
    a, b = matrix(A, check_finite), matrix(B, check_finite)
    if a.shape[-2:] != b.shape[-2:]:
        raise ValueError(f"the shapes of A and B differ ({a.shape} vs {b.shape})")
    u, p = eq.polar(H(a) @ b, side="right")
    trace = np.trace(p, axis1=-2, axis2=-1)
    return u, trace.real if p.dtype.kind == "c" else trace


FUNCTIONS: Table = table(
    schur, rsf2csf, hessenberg, ldl, rq, qr_multiply, matrix_balance, null_space, orth, subspace_angles,
    orthogonal_procrustes,
)  # fmt: skip
