"""Triangular and orthogonal factors, pseudoinverses and least squares in `scipy.linalg`."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ...fronts.keywords import plain, values
from ...primitive import Array, Tracer
from ...rules import factors as fa
from ...rules import linalg as la
from ...rules.linalg import H
from ..mirror import Table, drop_in, every_value, of_examples, table, unsupported
from ._arguments import columns, each, floating, like, matrix
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


FUNCTIONS: Table = table(cholesky, cho_factor, lu_factor, lu, qr, pinv, pinvh, lstsq)
