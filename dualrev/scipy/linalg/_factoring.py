"""Factorisations and spectra of `scipy.linalg`."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ...fronts.keywords import plain, values
from ...primitive import Array, Tracer
from ...rules import equations as eq
from ...rules import factors as fa
from ...rules import linalg as la
from ...rules import schur as sc
from ...rules import solvers as so
from ...rules.linalg import H
from ...rules.parts import mirror_image
from ..mirror import Table, drop_in, every_value, of_examples, table, unsupported
from ._arguments import columns, each, floating, in_phase, like, matrix
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


def _orders(a: Array) -> tuple[Any, Any]:
    """LAPACK's row interchanges, and the order that they give."""
    value = values(a)
    if a.ndim > 2 or isinstance(value, Tracer):  # `lu` takes stacks
        order = of_examples(_order_of_rows, value)
        return interchanges(order, min(a.shape[-2:])), order
    piv = sl.lu_factor(value, check_finite=False)[1]
    return piv, row_order(piv, a.shape[0])


def _order_of_rows(a: Any) -> Any:
    if a.size == 0:
        return np.broadcast_to(np.arange(a.shape[-2]), a.shape[:-1])
    return np.argsort(sl.lu(a, p_indices=True, check_finite=False)[0], axis=-1)


@drop_in(sl.lu_factor)
def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    a = matrix(a, check_finite)
    piv, order = _orders(a)
    low, up = fa.lu(a, order=order)
    *leading, m, n = a.shape
    k = min(m, n)
    below = np.tril(low, -1)
    if n > k:
        below = np.concatenate([below, np.zeros((*leading, m, n - k), low.dtype)], axis=-1)
    if m > k:
        up = np.concatenate([up, np.zeros((*leading, m - k, n), up.dtype)], axis=-2)
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
    order = _orders(a)[1]
    low, up = fa.lu(a, order=order)
    back = np.argsort(order, axis=-1)
    if permute_l:
        return np.take_along_axis(low, back[..., None], axis=-2), up
    if p_indices:
        return back, low, up
    kind = low.real.dtype.type
    places = np.arange(back.shape[-1])
    return np.where(back[..., :, None] == places, kind(1), kind(0)), low, up


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
    if mode not in ("full", "qr", "r", "economic"):
        unsupported(
            f"scipy.linalg.qr of a traced matrix with mode={mode!r}.",
            "use mode='full', 'economic' or 'r', or qr_multiply",
        )
    last: tuple[Any, ...] = ()
    *leading, m, n = a.shape
    if pivoting:
        order = plain(of_examples(_pivots, values(a)))
        a, last = np.take_along_axis(a, order[..., None, :], axis=-1), (order,)
    if m < n:
        q, r = fa.qr(a[..., :m])
        r = np.concatenate([r, H(q) @ a[..., m:]], axis=-1)
    else:
        q, r = fa.qr(a)
    if mode in ("full", "qr", "r") and m > n:
        r = np.concatenate([r, np.zeros((*leading, m - n, n), r.dtype)], axis=-2)
        if mode != "r":
            q = la.completed(q, of_examples(_full_q, values(a)))
    return (r, *last) if mode == "r" else (q, r, *last)


def _pivots(a: Any) -> Any:
    if a.size == 0:
        return np.broadcast_to(np.arange(a.shape[-1]), (*a.shape[:-2], a.shape[-1]))
    return each(lambda m: sl.qr(m, mode="r", pivoting=True, check_finite=False)[-1], 2)(a)


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
    if type not in (1, 2, 3):
        raise ValueError('"type" keyword only accepts 1, 2, and 3.')
    if subset_by_index is not None and subset_by_value is not None:
        raise ValueError("Either index or value subset can be requested.")
    a = matrix(a, check_finite, square=True)
    if b is not None:
        b = matrix(b, check_finite, square=True)
    w, v = _eigh(a, b, bool(lower), type, eigvals_only)
    part = slice(None)
    if subset_by_index is not None:
        low, high = map(int, subset_by_index)
        part = slice(low, high + 1)
    elif subset_by_value is not None:
        value = plain(w)
        part = slice(*(int(np.sum(value <= limit)) for limit in subset_by_value))
    if eigvals_only:
        return w[..., part]
    w, v = w[..., part], v[..., part]
    if part == slice(None) and driver is None and type == 1 and a.ndim == 2:
        return w, v
    keywords = {
        "lower": lower,
        "type": type,
        "subset_by_index": subset_by_index,
        "subset_by_value": subset_by_value,
        "driver": driver,
        "check_finite": False,
    }
    if b is None:
        return w, in_phase(v, each(lambda a: sl.eigh(a, **keywords)[1], 2), a)
    return w, in_phase(v, each(lambda a, b: sl.eigh(a, b, **keywords)[1], 2, 2), a, b)


def _eigh(a: Array, b: Any, lower: bool, type: int, eigvals_only: bool) -> tuple[Any, Any]:
    """All eigenvalues and vectors. With ``B = L L^H``, ``A B v = w v`` and ``B A v = w v`` are
    ``L^H A L x = w x`` with ``v = L^-H x`` and ``v = L x``. [Anderson et al. 1999, sec. 2.3.7.1]"""
    uplo = "L" if lower else "U"
    if b is None:
        return (fa.eigvalsh(a, uplo=uplo), None) if eigvals_only else fa.eigh(a, uplo=uplo)
    if type == 1:
        return fa.eigh_generalised(a, b, lower=lower)
    factor = fa.cholesky(b, lower=lower)
    factor = factor if lower else H(factor)
    c = H(factor) @ mirror_image(a, "her", lower) @ factor
    if eigvals_only:
        return fa.eigvalsh(c, uplo="L"), None
    w, x = fa.eigh(c, uplo="L")
    if type == 3:
        return w, factor @ x
    return w, so.solve_triangular(H(factor), x, trans=0, lower=False, unit=False)


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
        driver=driver,
    )


def _not_homogeneous(name: str, homogeneous: bool) -> None:
    if homogeneous:
        unsupported(
            f"scipy.linalg.{name} of traced matrices with homogeneous_eigvals: LAPACK scales the pairs as it "
            "likes.",
            "leave it out: the quotients have derivatives",
        )


@drop_in(sl.eigvals)
def eigvals(
    a: Any,
    b: Any = None,
    overwrite_a: bool = False,
    check_finite: bool = True,
    homogeneous_eigvals: bool = False,
) -> Any:
    _not_homogeneous("eigvals", homogeneous_eigvals)
    a = matrix(a, check_finite, square=True)
    if b is None:
        return fa.eigvals(a)
    return sc.eig_generalised(a, matrix(b, check_finite, square=True))[0]


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
    """Columns have length 1. Without b the largest element of a complex one is real; with b, whose
    vectors have no such normal form, their phases stay as they are."""
    _not_homogeneous("eig", homogeneous_eigvals)
    a = matrix(a, check_finite, square=True)
    if not (left or right):
        return eigvals(a, b)
    if b is None:
        w, v = fa.eig(a)
        opposite = la.inverse(v) if left else None
    else:
        b = matrix(b, check_finite, square=True)
        w, v = sc.eig_generalised(a, b)
        opposite = la.inverse(b @ v) if left else None
    if not left:
        return w, v
    u = _left_vectors(H(opposite), a, b)
    return (w, u, v) if right else (w, u)


def _left_vectors(u: Array, a: Array, b: Any) -> Array:
    """The columns in the normal form that SciPy's have: of length 1, the largest element real."""
    u = u / np.linalg.norm(u, axis=-2, keepdims=True)
    if b is not None:
        wanted = each(lambda a, b: sl.eig(a, b, True, False, check_finite=False)[1], 2, 2)
        return in_phase(u, wanted, a, b)
    if u.dtype.kind == "c":

        def place(a: Any) -> Any:
            if a.size == 0:
                return np.zeros((*a.shape[:-2], 1, a.shape[-1]), int)
            of_one = lambda m: sl.eig(m, left=True, right=False, check_finite=False)[1]
            return np.argmax(np.abs(each(of_one, 2)(a)), axis=-2)[..., None, :]

        largest = np.take_along_axis(u, of_examples(place, values(a)), axis=-2)
        u = u * (np.conjugate(largest) / np.abs(largest))
    return in_phase(u, each(lambda a: sl.eig(a, None, True, False, check_finite=False)[1], 2), a)


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
    if lapack_driver not in ("gesdd", "gesvd"):
        raise ValueError('lapack_driver must be "gesdd" or "gesvd"')
    u, s, vh = fa.svd(a)
    if lapack_driver == "gesvd" or a.ndim > 2:
        of_one = lambda m: sl.svd(m, False, check_finite=False, lapack_driver=lapack_driver)[0]
        turned = in_phase(u, each(of_one, 2), a)
        vh = vh * H(np.sum(np.conjugate(u) * turned, axis=-2, keepdims=True))
        u = turned
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
    if side == "right" and m < n:  # the second factor is singular, the first that of the other form
        u = eq.polar(a, side="left")[0]
        return u, H(u) @ a
    if side == "left" and m > n:
        u = eq.polar(a, side="right")[0]
        return u, a @ H(u)
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


@drop_in(sl.pinvh)
def pinvh(
    a: Any,
    atol: Any = None,
    rtol: Any = None,
    lower: bool = True,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """As a function of ``(A + A^H) / 2``, at constant rank."""
    a = matrix(a, check_finite, square=True)
    keywords = {"atol": atol, "rtol": rtol, "lower": bool(lower)}
    y = fa.pinvh(a, **keywords)
    if not return_rank:
        return y

    def rank(a: Any) -> Any:
        of_one = lambda m: np.asarray(
            sl.pinvh(m, return_rank=True, check_finite=False, **keywords)[1]
        )
        return each(of_one, 2)(a) if a.size else np.zeros(a.shape[:-2], int)

    return y, of_examples(rank, values(a))


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
    if lapack_driver not in (None, "gelsd", "gelss", "gelsy"):
        raise ValueError(f'LAPACK driver "{lapack_driver}" is not found')
    a, b = matrix(a, check_finite), floating(b, check_finite)
    least = np.finfo(a.dtype).eps if cond is None else cond

    def counted(a: Any) -> Any:
        s = np.linalg.svd(a, compute_uv=False)
        return np.sum(s > least * s[..., :1], axis=-1)

    ranks = of_examples(counted, values(a))
    rank = int(np.min(every_value(ranks), initial=min(a.shape[-2:])))
    if rank < min(a.shape[-2:]):
        unsupported(
            f"scipy.linalg.lstsq of a traced {a.shape} matrix of rank {rank}: the solution of least norm is "
            "differentiated at full rank only.",
            "use scipy.linalg.pinv(a) @ b, whose derivative assumes that the rank stays as it is",
        )
    rows = columns(b) if a.ndim == 2 or b.ndim == 1 else b
    m, n = a.shape[-2:]
    if m < n or a.ndim > 2 or b.ndim > 2:
        x = la.pinv(a, rcond=least) @ rows
    else:
        x = fa.lstsq(a, rows, rcond=cond)
    if m > n and lapack_driver != "gelsy":
        gap = rows - a @ x
        residues = like(b, np.sum(np.real(np.conjugate(gap) * gap), axis=-2))
    else:
        residues = np.zeros((0,), x.dtype)
    s = None if lapack_driver == "gelsy" else fa.svdvals(a)
    return like(b, x), residues, (rank if a.ndim == 2 else ranks), s


FUNCTIONS: Table = table(
    cholesky, cho_factor, lu_factor, lu, qr, eigh, eigvalsh, eigvals, eig, svd, svdvals, polar, pinv, pinvh,
    lstsq,
)  # fmt: skip
