"""Factorisations and spectra of `scipy.linalg`."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ...fronts.keywords import plain, values
from ...fronts.packing import holds_tracers
from ...primitive import Array, Tracer
from ...rules import equations as eq
from ...rules import factors as fa
from ...rules import linalg as la
from ...rules.linalg import H
from ..mirror import Table, drop_in, every_value, of_examples, table, unsupported
from ._arguments import columns, floating, like, matrix
from ._solving import interchanges, row_order

# -- triangular factors ----------------------------------------------------------------------


@drop_in(sl.cholesky)
def cholesky(
    a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    return fa.cholesky(matrix(a, check_finite, square=True), lower=bool(lower))


@drop_in(sl.cho_factor)
def cho_factor(
    a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    """The other triangle holds what stood there before, as in LAPACK."""
    a = matrix(a, check_finite, square=True)
    factor = fa.cholesky(a, lower=bool(lower))
    mask = np.tri(a.shape[-1], dtype=bool)
    return np.where(mask if lower else mask.T, factor, a), lower


def _orders(a: Array, name: str) -> tuple[Any, Any]:
    """LAPACK's row interchanges, and the order that they give."""
    if a.ndim > 2:
        unsupported(f"scipy.linalg.{name} of a stack of traced matrices.", "take one at a time")
    value = values(a)
    if isinstance(value, Tracer):  # `lu` takes stacks
        order = of_examples(_order_of_rows, value)
        return interchanges(order, min(a.shape)), order
    piv = sl.lu_factor(value, check_finite=False)[1]
    return piv, row_order(piv, a.shape[0])


def _order_of_rows(a: Any) -> Any:
    if a.size == 0:
        return np.broadcast_to(np.arange(a.shape[-2]), a.shape[:-1])
    return np.argsort(sl.lu(a, p_indices=True, check_finite=False)[0], axis=-1)


@drop_in(sl.lu_factor)
def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    a = matrix(a, check_finite)
    piv, order = _orders(a, "lu_factor")
    low, up = fa.lu(a, order=order)
    m, n = a.shape
    k = min(m, n)
    below = np.tril(low, -1)
    if n > k:
        below = np.concatenate([below, np.zeros((m, n - k), low.dtype)], axis=1)
    if m > k:
        up = np.concatenate([up, np.zeros((m - k, n), up.dtype)], axis=0)
    return below + up, piv


@drop_in(sl.lu)
def lu(
    a: Any,
    permute_l: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> Any:
    a = matrix(a, check_finite)
    order = _orders(a, "lu")[1]
    low, up = fa.lu(a, order=order)
    back = np.argsort(order)
    if permute_l:
        return low[back], up
    if p_indices:
        return back, low, up
    kind = low.real.dtype.type
    return np.where(back[:, None] == np.arange(len(back)), kind(1), kind(0)), low, up


@drop_in(sl.qr)
def qr(
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    a = matrix(a, check_finite)
    if mode not in ("full", "qr", "r", "economic") or a.ndim > 2:
        unsupported(
            f"scipy.linalg.qr of a traced matrix with mode={mode!r}, or of a stack of matrices.",
            "use mode='full', 'economic' or 'r' of one matrix",
        )
    last: tuple[Any, ...] = ()
    if pivoting:
        order = sl.qr(plain(a), mode="r", pivoting=True, check_finite=False)[-1]
        a, last = a[:, order], (order,)
    m, n = a.shape
    if m < n:
        q, r = fa.qr(a[:, :m])
        r = np.concatenate([r, H(q) @ a[:, m:]], axis=1)
    else:
        q, r = fa.qr(a)
    if mode in ("full", "qr", "r") and m > n:
        r = np.concatenate([r, np.zeros((m - n, n), r.dtype)], axis=0)
        if mode != "r":
            q = la.completed(q, of_examples(_full_q, values(a)))
    return (r, *last) if mode == "r" else (q, r, *last)


def _full_q(a: Any) -> Any:
    if a.ndim > 2:
        return np.linalg.qr(a, mode="complete")[0]
    return sl.qr(a, check_finite=False)[0]


# -- eigenvalues and singular values -----------------------------------------------------------


@drop_in(sl.eigh)
def eigh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: Any = None,
) -> Any:
    if type != 1 or subset_by_value is not None:
        unsupported(
            "scipy.linalg.eigh of traced matrices with type=2, type=3 or subset_by_value.",
            "use subset_by_index, or select from all eigenvalues",
        )
    a = matrix(a, check_finite, square=True)
    part = slice(None)
    if subset_by_index is not None:
        low, high = map(int, subset_by_index)
        part = slice(low, high + 1)
    if b is None:
        uplo = "L" if lower else "U"
        if eigvals_only:
            return fa.eigvalsh(a, uplo=uplo)[..., part]
        w, v = fa.eigh(a, uplo=uplo)
    else:
        w, v = fa.eigh_generalised(a, matrix(b, check_finite, square=True), lower=bool(lower))
        if eigvals_only:
            return w[..., part]
    if (driver is None and subset_by_index is None) or isinstance(values(a), Tracer):
        return w[..., part], v[..., part]
    # Another driver of LAPACK may choose other signs: those of SciPy's own result count.
    wanted = sl.eigh(
        plain(a),
        None if b is None else plain(matrix(b)),
        lower=lower,
        subset_by_index=subset_by_index,
        driver=driver,
    )[1]
    w, v = w[..., part], v[..., part]
    overlap = np.sum(np.conjugate(plain(v)) * wanted, axis=-2, keepdims=True)
    return w, v * (overlap / np.abs(overlap)).astype(v.dtype)


@drop_in(sl.eigvalsh)
def eigvalsh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: Any = None,
) -> Any:
    return eigh(
        a,
        b,
        lower=lower,
        eigvals_only=True,
        type=type,
        check_finite=check_finite,
        subset_by_index=subset_by_index,
        subset_by_value=subset_by_value,
    )


def _ordinary(name: str, b: Any, homogeneous: bool) -> None:
    if b is not None or homogeneous:
        unsupported(
            f"scipy.linalg.{name} of traced matrices with b or homogeneous_eigvals.",
            "use solve(b, a), or eigh for symmetric matrices",
        )


@drop_in(sl.eigvals)
def eigvals(
    a: Any,
    b: Any = None,
    overwrite_a: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    _ordinary("eigvals", b, homogeneous_eigvals)
    return fa.eigvals(matrix(a, check_finite, square=True))


@drop_in(sl.eig)
def eig(
    a: Any,
    b: Any = None,
    left: bool = False,
    right: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    _ordinary("eig", b, homogeneous_eigvals)
    a = matrix(a, check_finite, square=True)
    if left:
        unsupported(
            "scipy.linalg.eig of a traced matrix with left=True.",
            "take the inverse of the right vectors, or eig of the conjugate transpose",
        )
    return fa.eig(a) if right else fa.eigvals(a)


def _full_svd(a: Any) -> Any:
    return tuple(np.linalg.svd(a) if a.ndim > 2 else sl.svd(a, check_finite=False))


@drop_in(sl.svd)
def svd(
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    a = matrix(a, check_finite)
    if not compute_uv:
        return fa.svdvals(a)
    if lapack_driver != "gesdd":
        unsupported("scipy.linalg.svd of a traced matrix with lapack_driver.", "leave it out")
    u, s, vh = fa.svd(a)
    m, n = a.shape[-2:]
    if full_matrices and m != n:
        full = of_examples(_full_svd, values(a))
        if m > n:
            u = la.completed(u, full[0])
        else:
            vh = H(la.completed(H(vh), H(full[2])))
    return u, s, vh


@drop_in(sl.svdvals)
def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    return fa.svdvals(matrix(a, check_finite))


@drop_in(sl.polar)
def polar(a: Any, side: str = "right") -> Any:
    a = matrix(a)
    if side not in ("right", "left"):
        raise ValueError("`side` must be either 'right' or 'left'")
    m, n = a.shape[-2:]
    if (m < n) if side == "right" else (m > n):
        unsupported(
            f"scipy.linalg.polar of a traced {m} x {n} matrix from the {side}: its second factor is singular.",
            "take it from the other side",
        )
    return eq.polar(a, side=side)


# -- least squares -----------------------------------------------------------------------------


@drop_in(sl.pinv)
def pinv(
    a: Any,
    *,
    atol: Any = None,
    rtol: Any = None,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    a = matrix(a, check_finite)
    y = fa.pinv(a, rcond=(atol, rtol))
    if return_rank:
        return y, sl.pinv(plain(a), atol=atol, rtol=rtol, return_rank=True)[1]
    return y


@drop_in(sl.lstsq)
def lstsq(
    a: Any,
    b: Any,
    cond: Any = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    lapack_driver: Any = None,
) -> Any:
    a, b = matrix(a, check_finite), floating(b, check_finite)
    value = values(a)
    if isinstance(value, Tracer):
        s = np.linalg.svd(every_value(a), compute_uv=False)
        least = np.finfo(a.dtype).eps if cond is None else cond
        rank = int(np.min(np.sum(s > least * s[..., :1], axis=-1), initial=a.shape[-1]))
        none = np.zeros(0, np.result_type(a.real, b.real))
    else:
        zeros = np.zeros(b.shape, b.dtype)
        _, none, rank, s = sl.lstsq(value, zeros, cond=cond, lapack_driver=lapack_driver)
    if a.ndim > 2 or lapack_driver not in (None, "gelsd") or np.any(rank < a.shape[-1]):
        unsupported(
            f"scipy.linalg.lstsq of a traced {a.shape} matrix of rank {rank}: the solution of least norm is "
            "differentiated at full column rank only, for one matrix and the default driver.",
            "use scipy.linalg.pinv(a) @ b, whose derivative assumes that the rank stays as it is",
        )
    rows = columns(b)
    x = fa.lstsq(a, rows, rcond=cond)
    if a.shape[0] > a.shape[1]:
        gap = rows - a @ x
        residues = like(b, np.sum(np.real(np.conjugate(gap) * gap), axis=0))
    else:
        residues = none
    return like(b, x), residues, rank, (fa.svdvals(a) if holds_tracers(a) else s)


FUNCTIONS: Table = table(
    cholesky, cho_factor, lu_factor, lu, qr, eigh, eigvalsh, eigvals, eig, svd, svdvals, polar, pinv, lstsq
)  # fmt: skip
