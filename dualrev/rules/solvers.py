"""Linear and matrix equations of `scipy.linalg`: equation, differential, source.

A structured solver reads a part of its matrix, which may be a triangle or a band: the matrix is a linear
function of that part, and only the part has a derivative. Of a symmetric matrix LAPACK reads one
triangle; it is differentiated as a function of ``(A + A^H) / 2``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ..primitive import Array
from .forms import general
from .linalg import H, T, inverse, symmetric


def _mirrored(kind: str) -> str:
    """What a matrix of this kind is when transposed."""
    swap = {"upper triangular": "lower triangular", "lower triangular": "upper triangular"}
    return swap.get(kind, kind)


def _seen(d: Array, kind: Any) -> Array:
    """The part of a change of the matrix that a solver for this kind sees."""
    if kind in ("sym", "symmetric"):
        return 0.5 * (d + T(d))
    if kind in ("her", "hermitian", "pos", "positive definite"):
        return symmetric(d)
    if kind == "upper triangular":
        return np.triu(d)
    if kind == "lower triangular":
        return np.tril(d)
    if kind in ("diagonal", "tridiagonal"):
        width = kind == "tridiagonal"
        return np.triu(np.tril(d, int(width)), -int(width))
    return d


def _solve(a: Any, b: Any, kind: Any, lower: bool) -> Any:
    keyword = {} if kind is None else {"assume_a": kind}
    return sl.solve(a, b, lower=lower, check_finite=False, **keyword)


@general(_solve, name="solve")
def solve(x: Array, a: Array, b: Array, kind: Any, lower: bool) -> Any:
    """``A X = B``:  ``A dX = dB - dA X``;  ``ct_B = A^-T ct``, ``ct_A = -ct_B X^T``, as far as the
    solver for this kind of matrix sees A. [Giles 2008, 2.3.1]"""

    def push(da: Array, db: Array) -> Array:
        return solve(a, db - _seen(da, kind) @ x, kind=kind, lower=lower)

    def pull(ct: Array) -> Any:
        if kind in ("her", "hermitian", "pos", "positive definite"):
            ct_b = np.conjugate(solve(a, np.conjugate(ct), kind=kind, lower=lower))
        elif kind in ("sym", "symmetric"):
            ct_b = solve(a, ct, kind=kind, lower=lower)
        else:
            ct_b = solve(T(a), ct, kind=None if kind is None else _mirrored(kind), lower=lower)
        return lambda: _seen(-ct_b @ T(x), kind), lambda: ct_b

    return push, pull


def _triangle(d: Array, lower: bool, unit: bool) -> Array:
    return np.tril(d, -int(unit)) if lower else np.triu(d, int(unit))


def _solve_triangular(a: Any, b: Any, trans: int, lower: bool, unit: bool) -> Any:
    return sl.solve_triangular(
        a, b, trans=trans, lower=lower, unit_diagonal=unit, check_finite=False
    )


@general(_solve_triangular, name="solve_triangular")
def solve_triangular(x: Array, a: Array, b: Array, trans: int, lower: bool, unit: bool) -> Any:
    """``A X = B``, or ``A^T X = B``, for a triangle A:  ``A dX = dB - dA X``. [Giles 2008, 2.3.1]"""
    how = {"lower": lower, "unit": unit}

    def push(da: Array, db: Array) -> Array:
        d = _triangle(da, lower, unit)
        return solve_triangular(a, db - (T(d) if trans else d) @ x, trans=trans, **how)

    def pull(ct: Array) -> Any:
        ct_b = solve_triangular(a, ct, trans=1 - trans, **how)
        product = lambda: -(x @ T(ct_b) if trans else ct_b @ T(x))
        return lambda: _triangle(product(), lower, unit), lambda: ct_b

    return push, pull


@general(lambda c, b, lower: sl.cho_solve((c, lower), b, check_finite=False), name="cho_solve")
def cho_solve(x: Array, c: Array, b: Array, lower: bool) -> Any:
    """``L L^H X = B``, or ``U^H U X = B``:  ``A dX = dB - dA X`` with ``dA = dL L^H + L dL^H``.
    [Murray 2016, sec. 3]"""
    factor = np.tril(c) if lower else H(np.triu(c))

    def push(dc: Array, db: Array) -> Array:
        half = (np.tril(dc) if lower else H(np.triu(dc))) @ H(factor)
        return cho_solve(c, db - (half + H(half)) @ x, lower=lower)

    def pull(ct: Array) -> Any:
        ct_b = np.conjugate(cho_solve(c, np.conjugate(ct), lower=lower))

        def to_factor() -> Array:
            ct_a = -ct_b @ T(x)
            ct_factor = (ct_a + H(ct_a)) @ np.conjugate(factor)
            return np.tril(ct_factor) if lower else np.triu(H(ct_factor))

        return to_factor, lambda: ct_b

    return push, pull


def _unpacked(lu: Array) -> tuple[Array, Array]:
    return np.tril(lu, -1) + np.eye(lu.shape[-1], dtype=lu.dtype), np.triu(lu)


@general(
    lambda lu, b, piv, order, trans: sl.lu_solve((lu, piv), b, trans, check_finite=False),
    name="lu_solve",
)
def lu_solve(x: Array, lu: Array, b: Array, piv: Any, order: Any, trans: int) -> Any:
    """``A X = B``, or ``A^T X = B``, with the rows of A in the given order ``A' = L U``:
    ``A dX = dB - dA X`` with ``dA' = dL U + L dU``. [Giles 2008, 2.3.1]"""
    lower, upper = _unpacked(lu)
    back = np.argsort(order)
    how = {"piv": piv, "order": order}

    def push(dlu: Array, db: Array) -> Array:
        da = (np.tril(dlu, -1) @ upper + lower @ np.triu(dlu))[back]
        return lu_solve(lu, db - (T(da) if trans else da) @ x, trans=trans, **how)

    def pull(ct: Array) -> Any:
        ct_b = lu_solve(lu, ct, trans=1 - trans, **how)

        def to_factors() -> Array:
            g = -(x @ T(ct_b) if trans else ct_b @ T(x))[order]
            return np.tril(g @ T(upper), -1) + np.triu(T(lower) @ g)

        return to_factors, lambda: ct_b

    return push, pull


# -- bands and diagonals -------------------------------------------------------------------


def shift(x: Array, by: int, axis: int) -> Array:
    """``y[i] = x[i + by]`` along an axis, zero outside."""
    n = x.shape[axis]
    by = max(-n, min(n, by))
    if by == 0:
        return x
    head = (slice(None),) * axis
    shape = list(x.shape)
    shape[axis] = abs(by)
    zeros = np.zeros(shape, x.dtype)
    if by > 0:
        return np.concatenate([x[(*head, slice(by, None))], zeros], axis=axis)
    return np.concatenate([zeros, x[(*head, slice(None, n + by))]], axis=axis)


def transposed_bands(bands: Array, l: int, u: int) -> Array:
    """The bands of ``A^T``: the diagonal ``d = j - i`` of A stands in row ``u - d``."""
    return np.stack([shift(bands[u - d], d, 0) for d in range(-l, u + 1)], axis=0)


def _times_bands(bands: Array, x: Array, l: int, u: int) -> Array:
    """``A x`` for a band matrix: ``y_i = sum_d A_(i, i+d) x_(i+d)``."""
    return sum(shift(bands[u - d][:, None] * x, d, 0) for d in range(-l, u + 1))


@general(
    lambda bands, b, l, u: sl.solve_banded((l, u), bands, b, check_finite=False),
    name="solve_banded",
)
def solve_banded(x: Array, bands: Array, b: Array, l: int, u: int) -> Any:
    """``A X = B`` for a band matrix, stored by diagonals:  ``A dX = dB - dA X``. [Giles 2008, 2.3.1]"""

    def push(dbands: Array, db: Array) -> Array:
        return solve_banded(bands, db - _times_bands(dbands, x, l, u), l=l, u=u)

    def pull(ct: Array) -> Any:
        ct_b = solve_banded(transposed_bands(bands, l, u), ct, l=u, u=l)

        def to_bands() -> Array:
            rows = [-np.sum(shift(ct_b, k - u, 0) * x, axis=1) for k in range(l + u + 1)]
            return np.stack(rows, axis=0)

        return to_bands, lambda: ct_b

    return push, pull


def toeplitz(c: Array, r: Array) -> Array:
    """``A_ij = c_(i-j)`` for ``i >= j``, else ``r_(j-i)``."""
    m, n = len(c), len(r)
    values = np.concatenate([c[::-1], r[1:]])
    return values[np.arange(m - 1, -1, -1)[:, None] + np.arange(n)]


@general(lambda c, r, b: sl.solve_toeplitz((c, r), b, check_finite=False), name="solve_toeplitz")
def solve_toeplitz(x: Array, c: Array, r: Array, b: Array) -> Any:
    """``A X = B`` for constant diagonals, by first column and row:  ``A dX = dB - dA X``.
    [Giles 2008, 2.3.1]"""
    n = len(c)

    def push(dc: Array, dr: Array, db: Array) -> Array:
        return solve_toeplitz(c, r, db - toeplitz(dc, dr) @ x)

    def pull(ct: Array) -> Any:
        row = np.concatenate([c[:1], r[1:]])
        ct_b = solve_toeplitz(row, c, ct)
        # The sum of ct_A = -ct_b x^T along each diagonal.
        sums = sum(-np.convolve(ct_b[:, k], x[::-1, k]) for k in range(x.shape[1]))

        def to_row() -> Array:
            return np.concatenate([np.zeros(1, sums.dtype), sums[: n - 1][::-1]])

        return lambda: sums[n - 1 :], to_row, lambda: ct_b

    return push, pull


# -- matrix equations ----------------------------------------------------------------------


@general(sl.solve_sylvester)
def solve_sylvester(x: Array, a: Array, b: Array, q: Array) -> Any:
    """``A X + X B = Q``:  ``A dX + dX B = dQ - dA X - X dB``. [Higham 2008, sec. B.14]"""

    def push(da: Array, db: Array, dq: Array) -> Array:
        return solve_sylvester(a, b, dq - da @ x - x @ db)

    def pull(ct: Array) -> Any:
        w = solve_sylvester(T(a), T(b), ct)
        return lambda: -w @ T(x), lambda: -T(x) @ w, lambda: w

    return push, pull


@general(sl.solve_continuous_lyapunov)
def solve_continuous_lyapunov(x: Array, a: Array, q: Array) -> Any:
    """``A X + X A^H = Q``:  ``A dX + dX A^H = dQ - dA X - X dA^H``. [Higham 2008, sec. B.14]"""

    def push(da: Array, dq: Array) -> Array:
        return solve_continuous_lyapunov(a, dq - da @ x - x @ H(da))

    def pull(ct: Array) -> Any:
        w = solve_continuous_lyapunov(T(a), ct)
        return lambda: -(w @ T(x) + H(T(x) @ w)), lambda: w

    return push, pull


@general(
    lambda a, q, method: sl.solve_discrete_lyapunov(a, q, method), name="solve_discrete_lyapunov"
)
def solve_discrete_lyapunov(x: Array, a: Array, q: Array, method: Any) -> Any:
    """``X = A X A^H + Q``:  ``dX = A dX A^H + dA X A^H + A X dA^H + dQ``. [Gajic & Qureshi 1995, ch. 3]"""

    def push(da: Array, dq: Array) -> Array:
        change = da @ x @ H(a) + a @ x @ H(da)
        return solve_discrete_lyapunov(a, change + dq, method=method)

    def pull(ct: Array) -> Any:
        w = solve_discrete_lyapunov(T(a), ct, method=method)
        return lambda: w @ np.conjugate(a) @ T(x) + np.conjugate(T(w) @ a @ x), lambda: w

    return push, pull


@general(
    lambda a, b, q, r, balanced: sl.solve_continuous_are(a, b, q, r, balanced=balanced),
    name="solve_continuous_are",
)
def solve_continuous_are(x: Array, a: Array, b: Array, q: Array, r: Array, balanced: bool) -> Any:
    """``A^H X + X A - X B R^-1 B^H X + Q = 0``: with the gain ``K = R^-1 B^H X`` and ``F = A - B K``,
    ``F^H dX + dX F + dF^H X + X dF + dQ + K^H dR K = 0`` where ``dF = dA - dB K``.
    [Kao & Hennequin 2020, sec. 4]"""
    k = solve(r, H(b) @ x, kind="gen", lower=False)
    f = a - b @ k

    def push(da: Array, db: Array, dq: Array, dr: Array) -> Array:
        half = x @ (da - db @ k)
        change = half + H(half) + symmetric(dq) + H(k) @ symmetric(dr) @ k
        return solve_continuous_lyapunov(H(f), -change)

    return push


@general(
    lambda a, b, q, r, balanced: sl.solve_discrete_are(a, b, q, r, balanced=balanced),
    name="solve_discrete_are",
)
def solve_discrete_are(x: Array, a: Array, b: Array, q: Array, r: Array, balanced: bool) -> Any:
    """``X = A^H X A - A^H X B (R + B^H X B)^-1 B^H X A + Q``: with the gain ``K = (R + B^H X B)^-1 B^H X A``
    and ``F = A - B K``, ``dX = F^H dX F + dF^H X F + F^H X dF + dQ + K^H dR K`` where ``dF = dA - dB K``.
    [Kao & Hennequin 2020, sec. 4]"""
    k = solve(r + H(b) @ x @ b, H(b) @ x @ a, kind="gen", lower=False)
    f = a - b @ k

    def push(da: Array, db: Array, dq: Array, dr: Array) -> Array:
        half = H(f) @ x @ (da - db @ k)
        change = half + H(half) + symmetric(dq) + H(k) @ symmetric(dr) @ k
        return solve_discrete_lyapunov(H(f), change, method=None)

    return push


@general(lambda a, side: tuple(sl.polar(a, side)), name="polar")
def polar(y: Any, a: Array, side: str) -> Any:
    """``A = U P``:  ``P dP + dP P = dA^H A + A^H dA``, ``dU = (dA - U dP) P^-1``; likewise
    ``A = P U``. [Higham 2008, sec. 8.1]"""
    u, p = y
    p_inverse = inverse(p)

    def push(da: Array) -> Any:
        half = H(da) @ a if side == "right" else da @ H(a)
        dp = solve_sylvester(p, p, half + H(half))
        du = (da - u @ dp) @ p_inverse if side == "right" else p_inverse @ (da - dp @ u)
        return du, dp

    return push
