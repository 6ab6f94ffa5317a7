"""Eigenvalues, singular values and the polar form in `scipy.linalg`."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ...fronts.keywords import plain, values
from ...primitive import Array
from ...rules import equations as eq
from ...rules import factors as fa
from ...rules import linalg as la
from ...rules import schur as sc
from ...rules import solvers as so
from ...rules.linalg import H
from ...rules.parts import mirror_image
from ..mirror import Table, drop_in, of_examples, table, unsupported
from ._arguments import each, in_phase, matrix


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


FUNCTIONS: Table = table(eigh, eigvalsh, eigvals, eig, svd, svdvals, polar)
