"""Linear and matrix equations of `scipy.linalg`."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ...fronts.keywords import as_shaped, values
from ...primitive import Array
from ...rules import equations as eq
from ...rules import factors as fa
from ...rules import solvers as so
from ..mirror import Table, drop_in, every_value, of_examples, table, unsupported
from ._arguments import columns, floating, like, matrix


@drop_in(sl.solve)
def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: Any = None,
    transposed: bool = False,
) -> Any:
    if assume_a == "banded":
        unsupported(
            "scipy.linalg.solve of traced arrays with assume_a='banded'.",
            "use solve_banded, or leave out assume_a",
        )
    a, b = matrix(a, check_finite, square=True), floating(b, check_finite)
    if transposed:
        if a.dtype.kind == "c":
            raise NotImplementedError(
                "scipy.linalg.solve can currently not solve a^T x = b or a^H x = b for complex matrices."
            )
        a, lower = np.swapaxes(a, -1, -2), not lower
        assume_a = so._mirrored(assume_a) if assume_a else None
    rows = columns(b)
    if a.shape == (1, 1) and rows.shape[-2] != 1:  # SciPy takes it for a number
        return b / a[0, 0]
    return like(b, so.solve(a, rows, kind=assume_a, lower=bool(lower)))


_TRANS = {0: 0, "N": 0, 1: 1, "T": 1, 2: 2, "C": 2}


def _conjugated(a: Array, trans: Any) -> tuple[Array, int]:
    """The matrix and 0 or 1, for a system with ``A``, ``A^T`` or ``A^H``."""
    trans = _TRANS.get(trans, trans)
    if trans == 2:
        return (np.conjugate(a) if a.dtype.kind == "c" else a), 1
    if trans not in (0, 1):
        raise ValueError(f"trans={trans!r} is none of 0, 1, 2, 'N', 'T', 'C'")
    return a, trans


@drop_in(sl.solve_triangular)
def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    b = floating(b, check_finite)
    a, trans = _conjugated(matrix(a, check_finite, square=True), trans)
    x = so.solve_triangular(a, columns(b), trans=trans, lower=bool(lower), unit=bool(unit_diagonal))
    return like(b, x)


@drop_in(sl.cho_solve)
def cho_solve(
    c_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    c, lower = c_and_lower
    c, b = matrix(c, check_finite, square=True), floating(b, check_finite)
    return like(b, so.cho_solve(c, columns(b), lower=bool(lower)))


@drop_in(sl.lu_solve)
def lu_solve(
    lu_and_piv: Any, b: Any, trans: Any = 0, overwrite_b: bool = False, check_finite: bool = True
) -> Any:
    lu, piv = lu_and_piv
    lu, b, piv = matrix(lu, check_finite, square=True), floating(b, check_finite), values(piv)
    if lu.ndim > 2:
        unsupported(
            "scipy.linalg.lu_solve of a stack of traced matrices.", "use scipy.linalg.solve"
        )
    lu, trans = _conjugated(lu, trans)
    x = so.lu_solve(lu, columns(b), piv=piv, order=row_order(piv), trans=trans)
    return like(b, x)


def row_order(piv: Any, rows: int | None = None) -> Any:
    """The order of rows after LAPACK's interchanges: row ``k`` with row ``piv[k]``, in turn."""

    def interchanged(piv: Any) -> Any:
        n = piv.shape[-1] if rows is None else rows
        order = np.array(np.broadcast_to(np.arange(n), (*piv.shape[:-1], n)))
        for k in range(piv.shape[-1]):
            _interchange(order, k, piv[..., k : k + 1])
        return order

    return of_examples(interchanged, piv)


def _interchange(order: Any, k: int, other: Any) -> None:
    """Row `k` with row `other`, which may differ among the examples."""
    here = order[..., k : k + 1].copy()
    order[..., k : k + 1] = np.take_along_axis(order, other, axis=-1)
    np.put_along_axis(order, other, here, axis=-1)


def interchanges(order: Any, count: int) -> Any:
    """The inverse: ``piv``, of `count` interchanges."""

    def found(order: Any) -> Any:
        rows = np.array(np.broadcast_to(np.arange(order.shape[-1]), order.shape))
        piv = np.zeros((*order.shape[:-1], count), np.int32)
        for k in range(count):
            other = np.argmax(rows == order[..., k : k + 1], axis=-1)[..., None]
            piv[..., k : k + 1] = other
            _interchange(rows, k, other)
        return piv

    return of_examples(found, order)


@drop_in(sl.inv)
def inv(
    a: Any,
    overwrite_a: bool = False,
    check_finite: bool = True,
    *,
    assume_a: Any = None,
    lower: bool = False,
) -> Any:
    if assume_a not in (None, "gen", "general"):
        unsupported(
            f"scipy.linalg.inv of a traced matrix with assume_a={assume_a!r}.", "leave out assume_a"
        )
    return fa.inv(matrix(a, check_finite, square=True), lower=False)


# -- bands and diagonals ---------------------------------------------------------------------


def _plane(a: Any, name: str) -> Array:
    if a.ndim != 2:
        unsupported(f"scipy.linalg.{name} of a stack of traced matrices.", "take one at a time")
    return a


@drop_in(sl.solve_banded)
def solve_banded(
    l_and_u: Any,
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    ab, b = matrix(ab, check_finite), floating(b, check_finite)
    l, u = map(int, l_and_u)
    if l + u + 1 != ab.shape[-2]:
        raise ValueError(
            f"invalid values for the number of lower and upper diagonals: l+u+1 ({l + u + 1}) does not equal "
            f"ab.shape[0] ({ab.shape[-2]})"
        )
    x = so.solve_banded(_plane(ab, "solve_banded"), columns(b), l=l, u=u)
    return like(b, x)


@drop_in(sl.solveh_banded)
def solveh_banded(
    ab: Any,
    b: Any,
    overwrite_ab: bool = False,
    overwrite_b: bool = False,
    lower: bool = False,
    check_finite: bool = True,
) -> Any:
    """Through `solve_banded`, with both halves of the matrix."""
    ab, b = _plane(matrix(ab, check_finite), "solveh_banded"), floating(b, check_finite)
    w = ab.shape[0] - 1
    half = np.conjugate(ab) if lower else ab
    if lower:  # row d holds A_(i+d, i), conjugate of what row w - d of the upper half holds
        rows = [so.shift(half[d], -d, 0) for d in range(w, -1, -1)]
        ab = np.concatenate([np.stack(rows[:-1], axis=0), ab], axis=0) if w else ab
    else:
        rows = [so.shift(np.conjugate(ab[w - d]), d, 0) for d in range(1, w + 1)]
        ab = np.concatenate([ab, np.stack(rows, axis=0)], axis=0) if w else ab
    return like(b, so.solve_banded(ab, columns(b), l=w, u=w))


def _column_and_row(c_or_cr: Any, check_finite: bool) -> tuple[Array, Array]:
    if isinstance(c_or_cr, tuple):
        c, r = (floating(v, check_finite) for v in c_or_cr)
    else:
        c = floating(c_or_cr, check_finite)
        r = np.conjugate(c)
    if c.ndim != 1 or r.ndim != 1:
        unsupported("a Toeplitz matrix of traced arrays that are not vectors.", "ravel them")
    return c, r


@drop_in(sl.solve_toeplitz)
def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    c, r = _column_and_row(c_or_cr, check_finite)
    b = floating(b, check_finite)
    return like(b, so.solve_toeplitz(c, r, columns(b)))


@drop_in(sl.matmul_toeplitz)
def matmul_toeplitz(c_or_cr: Any, x: Any, check_finite: bool = False, workers: Any = None) -> Any:
    """With the matrix itself: SciPy's way by Fourier transforms has the same value."""
    c, r = _column_and_row(c_or_cr, check_finite)
    return so.toeplitz(c, r) @ as_shaped(x)


@drop_in(sl.solve_circulant)
def solve_circulant(
    c: Any,
    b: Any,
    singular: str = "raise",
    tol: Any = None,
    caxis: int = -1,
    baxis: int = 0,
    outaxis: int = 0,
) -> Any:
    c, b = floating(c), floating(b)
    if singular != "raise" or c.ndim != 1 or (caxis, baxis, outaxis) != (-1, 0, 0):
        unsupported(
            "scipy.linalg.solve_circulant of traced arrays with axes, a stack of vectors, or singular='lstsq'.",
            "use scipy.linalg.solve(circulant(c), b)",
        )
    sizes = np.abs(np.fft.fft(every_value(c)))
    least = sizes.max(axis=-1, keepdims=True) * len(c) * np.finfo(float).eps if tol is None else tol
    if (sizes <= least).any():
        raise np.linalg.LinAlgError("near singular circulant matrix.")
    rows = columns(b)
    x = np.fft.ifft(np.fft.fft(rows, axis=0) / np.fft.fft(c)[:, None], axis=0)
    return like(b, x if "c" in (c.dtype.kind, b.dtype.kind) else np.real(x))


# -- matrix equations ------------------------------------------------------------------------


@drop_in(sl.solve_sylvester)
def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    return eq.solve_sylvester(matrix(a), matrix(b), matrix(q))


@drop_in(sl.solve_continuous_lyapunov)
def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    return eq.solve_continuous_lyapunov(matrix(a), matrix(q))


@drop_in(sl.solve_discrete_lyapunov)
def solve_discrete_lyapunov(a: Any, q: Any, method: Any = None) -> Any:
    return eq.solve_discrete_lyapunov(matrix(a), matrix(q), method=method)


def _only_four(name: str, e: Any, s: Any) -> None:
    if e is not None or s is not None:
        unsupported(f"scipy.linalg.{name} of traced matrices with e or s.", "leave them out")


@drop_in(sl.solve_continuous_are)
def solve_continuous_are(
    a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True
) -> Any:
    _only_four("solve_continuous_are", e, s)
    arrays = [np.atleast_2d(floating(v)) for v in (a, b, q, r)]
    return eq.solve_continuous_are(*arrays, balanced=balanced)


@drop_in(sl.solve_discrete_are)
def solve_discrete_are(
    a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True
) -> Any:
    _only_four("solve_discrete_are", e, s)
    arrays = [np.atleast_2d(floating(v)) for v in (a, b, q, r)]
    return eq.solve_discrete_are(*arrays, balanced=balanced)


FUNCTIONS: Table = table(
    solve, solve_triangular, cho_solve, lu_solve, inv, solve_banded, solveh_banded, solve_toeplitz,
    matmul_toeplitz, solve_circulant, solve_sylvester, solve_continuous_lyapunov, solve_discrete_lyapunov,
    solve_continuous_are, solve_discrete_are,
)  # fmt: skip
