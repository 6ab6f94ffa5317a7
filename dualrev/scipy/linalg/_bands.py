"""Band matrices of `scipy.linalg`: spectra, and Cholesky's factors."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ...fronts.keywords import plain
from ...primitive import Array
from ...rules import bands as ba
from ...rules import factors as fa
from ...rules import solvers as so
from ..mirror import Table, drop_in, table
from ._arguments import columns, each, floating, in_phase, like, matrix


def _part(w: Array, select: Any, select_range: Any) -> slice:
    """Which eigenvalues, in their order, are selected: by index, or inside of ``(low, high]``."""
    if select in ("a", "all", 0):
        return slice(None)
    low, high = select_range
    if select in ("i", "index", 2):
        return slice(int(low), int(high) + 1)
    if select not in ("v", "value", 1):
        raise ValueError("invalid argument for select")
    w = plain(w)
    return slice(int(np.sum(w <= low)), int(np.sum(w <= high)))


def _real(x: Any, check_finite: bool) -> Array:
    x = floating(x, check_finite)
    if x.dtype.kind == "c":
        raise TypeError("Only real arrays currently supported")
    return x


@drop_in(sl.eigh_tridiagonal)
def eigh_tridiagonal(
    d: Any,
    e: Any,
    eigvals_only: bool = False,
    select: Any = "a",
    select_range: Any = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:
    d, e = _real(d, check_finite), _real(e, check_finite)
    if d.shape[-1] != e.shape[-1] + 1:
        raise ValueError(f"d ({d.shape[-1]}) must have one more element than e ({e.shape[-1]})")
    if eigvals_only:
        w = ba.eigvalsh_tridiagonal(d, e)
        return w[..., _part(w, select, select_range)]
    w, v = ba.eigh_tridiagonal(d, e)
    if select in ("a", "all", 0) and lapack_driver == "auto" and d.ndim == e.ndim == 1:
        return w, v
    part = _part(w, select, select_range)

    def vectors(d: Any, e: Any) -> Any:
        return sl.eigh_tridiagonal(
            d[0], e[0], False, select, select_range, False, tol, lapack_driver=lapack_driver
        )[1]

    return w[..., part], in_phase(
        v[..., part], each(vectors, 2, 2), d[..., None, :], e[..., None, :]
    )


@drop_in(sl.eigvalsh_tridiagonal)
def eigvalsh_tridiagonal(
    d: Any,
    e: Any,
    select: Any = "a",
    select_range: Any = None,
    check_finite: bool = True,
    tol: float = 0.0,
    lapack_driver: str = "auto",
) -> Any:
    return eigh_tridiagonal(d, e, True, select, select_range, check_finite, tol, lapack_driver)


@drop_in(sl.eig_banded)
def eig_banded(
    a_band: Any,
    lower: bool = False,
    eigvals_only: bool = False,
    overwrite_a_band: bool = False,
    select: Any = "a",
    select_range: Any = None,
    max_ev: int = 0,
    check_finite: bool = True,
) -> Any:
    bands, lower = matrix(a_band, check_finite), bool(lower)
    if eigvals_only:
        w = ba.eigvals_banded(bands, lower=lower)
        return w[..., _part(w, select, select_range)]
    w, v = ba.eig_banded(bands, lower=lower)
    if select in ("a", "all", 0) and bands.ndim == 2:
        return w, v
    part = _part(w, select, select_range)

    def vectors(bands: Any) -> Any:
        return sl.eig_banded(
            bands, lower, select=select, select_range=select_range, check_finite=False
        )[1]

    return w[..., part], in_phase(v[..., part], each(vectors, 2), bands)


@drop_in(sl.eigvals_banded)
def eigvals_banded(
    a_band: Any,
    lower: bool = False,
    overwrite_a_band: bool = False,
    select: Any = "a",
    select_range: Any = None,
    check_finite: bool = True,
) -> Any:
    return eig_banded(a_band, lower, True, False, select, select_range, 0, check_finite)


@drop_in(sl.cholesky_banded)
def cholesky_banded(
    ab: Any, overwrite_ab: bool = False, lower: bool = False, check_finite: bool = True
) -> Any:
    """By Cholesky's factor of the whole matrix, which has the same bands; the corners, outside of the
    matrix, hold what stood there before, as in LAPACK."""
    ab = matrix(ab, check_finite)
    w, n = ab.shape[-2] - 1, ab.shape[-1]
    factor = fa.cholesky(ba.whole(ab, bool(lower)), lower=bool(lower))
    return np.where(ba.corners(w, n, bool(lower)), ab, ba.stored(factor, w, bool(lower)))


@drop_in(sl.cho_solve_banded)
def cho_solve_banded(
    cb_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    """``L L^H x = b``, or ``U^H U x = b``: two systems with bands."""
    cb, lower = cb_and_lower
    cb, b = matrix(cb, check_finite), floating(b, check_finite)
    w = cb.shape[-2] - 1
    l, u = (w, 0) if lower else (0, w)
    other = so.transposed_bands(np.conjugate(cb) if cb.dtype.kind == "c" else cb, l, u)
    first, second = (cb, other) if lower else (other, cb)
    x = so.solve_banded(first, columns(b), l=w, u=0)
    return like(b, so.solve_banded(second, x, l=0, u=w))


FUNCTIONS: Table = table(
    eigh_tridiagonal, eigvalsh_tridiagonal, eig_banded, eigvals_banded, cholesky_banded, cho_solve_banded
)  # fmt: skip
