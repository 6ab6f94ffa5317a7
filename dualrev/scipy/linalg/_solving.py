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
from ...rules.forms.shapes import anywhere
from ..mirror import Table, drop_in, of_examples, table, unsupported
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
    lu, trans = _conjugated(lu, trans)
    rows = columns(b)
    if lu.ndim > 2 or rows.ndim > 2:
        leading = np.broadcast_shapes(lu.shape[:-2], rows.shape[:-2])
        rows = np.broadcast_to(rows, (*leading, *rows.shape[-2:]))
    x = so.lu_solve(lu, rows, piv=piv, order=row_order(piv), trans=trans)
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
    a = matrix(a, check_finite, square=True)
    return fa.inv(a, kind=assume_a, lower=bool(lower))


# -- bands and diagonals ---------------------------------------------------------------------


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
    x = so.solve_banded(ab, columns(b), l=l, u=u)
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
    ab, b = matrix(ab, check_finite), floating(b, check_finite)
    w = ab.shape[-2] - 1
    if ab.dtype.kind == "c":  # of the diagonal the real part is read
        middle = np.arange(w + 1)[:, None] == (0 if lower else w)
        ab = np.where(middle, ab.real, ab)
    half = np.conjugate(ab) if lower else ab
    if lower:  # row d holds A_(i+d, i), conjugate of what row w - d of the upper half holds
        rows = [so.shift(half[..., d, :], -d, -1) for d in range(w, 0, -1)]
        ab = np.concatenate([np.stack(rows, axis=-2), ab], axis=-2) if w else ab
    else:
        rows = [so.shift(np.conjugate(ab[..., w - d, :]), d, -1) for d in range(1, w + 1)]
        ab = np.concatenate([ab, np.stack(rows, axis=-2)], axis=-2) if w else ab
    return like(b, so.solve_banded(ab, columns(b), l=w, u=w))


def _column_and_row(c_or_cr: Any, check_finite: bool) -> tuple[Array, Array]:
    if isinstance(c_or_cr, tuple):
        c, r = (floating(v, check_finite) for v in c_or_cr)
    else:
        c = floating(c_or_cr, check_finite)
        r = np.conjugate(c)
    if not (c.ndim and r.ndim):
        unsupported("a Toeplitz matrix of traced numbers.", "use vectors")
    return c, r


@drop_in(sl.solve_toeplitz)
def solve_toeplitz(c_or_cr: Any, b: Any, check_finite: bool = True) -> Any:
    c, r = _column_and_row(c_or_cr, check_finite)
    b = floating(b, check_finite)
    if c.ndim == r.ndim == 1 and b.ndim <= 2:
        return like(b, so.solve_toeplitz(c, r, columns(b)))
    return like(b, so.solve(so.toeplitz(c, r), columns(b), kind="gen", lower=False))


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
    c, b = np.atleast_1d(floating(c)), np.atleast_1d(floating(b))
    c, b = np.moveaxis(c, caxis, -1), np.moveaxis(b, baxis, -1)
    n = c.shape[-1]
    if n != b.shape[-1]:
        raise ValueError(f"Shapes of c {c.shape} and b {b.shape} are incompatible")
    sizes = of_examples(lambda c: np.abs(np.fft.fft(c)), values(c))
    least = sizes.max(axis=-1, keepdims=True, initial=0.0) * n * np.finfo(float).eps
    singular_ones = sizes <= (least if tol is None else tol)
    divisor = np.fft.fft(c)
    if singular == "raise" and anywhere(singular_ones):
        raise np.linalg.LinAlgError("near singular circulant matrix.")
    quotient = np.fft.fft(b) / np.where(singular_ones, 1, divisor)
    x = np.fft.ifft(np.where(singular_ones, 0, quotient))
    x = x if "c" in (c.dtype.kind, b.dtype.kind) else np.real(x)
    return np.moveaxis(x, -1, outaxis)


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


def _riccati(primitive: Any, arrays: Any, e: Any, s: Any, balanced: bool) -> Any:
    """With all six matrices, if one of the last two is given."""
    a, b, q, r = (np.atleast_2d(floating(v)) for v in arrays)
    if e is None and s is None:
        return primitive[0](a, b, q, r, balanced=balanced)
    e = np.eye(a.shape[-1], dtype=a.dtype) if e is None else np.atleast_2d(floating(e))
    s = np.zeros(b.shape, b.dtype) if s is None else np.atleast_2d(floating(s))
    return primitive[1](a, b, q, r, e, s, balanced=balanced)


@drop_in(sl.solve_continuous_are)
def solve_continuous_are(
    a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True
) -> Any:
    primitives = eq.solve_continuous_are, eq.solve_generalised_care
    return _riccati(primitives, (a, b, q, r), e, s, balanced)


@drop_in(sl.solve_discrete_are)
def solve_discrete_are(
    a: Any, b: Any, q: Any, r: Any, e: Any = None, s: Any = None, balanced: bool = True
) -> Any:
    primitives = eq.solve_discrete_are, eq.solve_generalised_dare
    return _riccati(primitives, (a, b, q, r), e, s, balanced)


FUNCTIONS: Table = table(
    solve, solve_triangular, cho_solve, lu_solve, inv, solve_banded, solveh_banded, solve_toeplitz,
    matmul_toeplitz, solve_circulant, solve_sylvester, solve_continuous_lyapunov, solve_discrete_lyapunov,
    solve_continuous_are, solve_discrete_are,
)  # fmt: skip
