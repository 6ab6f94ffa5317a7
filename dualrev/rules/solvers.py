"""Systems of linear equations of `scipy.linalg`: equation, differential, source.

A structured solver reads a part of its matrix, which may be a triangle or a band: the matrix is a linear
function of that part, and only the part has a derivative. Of a symmetric matrix LAPACK reads one
triangle; it is differentiated as a function of ``(A + A^H) / 2``.

Of stacks, along leading axes, which not all of SciPy's functions take, the same equations are solved
for all matrices at once: triangles by substitution, bands as one long band.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ..primitive import Array
from . import linalg as la
from .forms import general
from .forms.batching import BatchRule, InBatch, all_full, lifted, stacks_of
from .linalg import H, T
from .parts import mirror_image, seen


def _mirrored(kind: str) -> str:
    """What a matrix of this kind is when transposed."""
    swap = {"upper triangular": "lower triangular", "lower triangular": "upper triangular"}
    return swap.get(kind, kind)


def _on_columns(rank: int) -> BatchRule:
    """For ``solve(a, ..., b)``: right-hand sides that share the matrix, whose parts have `rank`
    axes, lie beside each other: one factorisation."""

    def rule(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
        *parts, b = args
        shared = not any(batched[:-1]) and all(np.ndim(part) == rank for part in parts)
        if not shared or b.ndim != 3:
            return primitive(*stacks_of(size, args, batched, [rank] * len(parts) + [2]), **params)
        n, k = b.shape[1:]
        x = primitive(*parts, np.transpose(b, (1, 0, 2)).reshape(n, size * k), **params)
        return np.transpose(x.reshape(x.shape[0], size, k), (1, 0, 2))

    return rule


def _solve(a: Any, b: Any, kind: Any, lower: bool) -> Any:
    if a.ndim > 2 or b.ndim > 2:
        a = mirror_image(a, kind, lower)
        if kind in ("pos", "positive definite"):
            np.linalg.cholesky(a)  # raises, as SciPy does, where it is not
        return np.linalg.solve(a, b)
    keyword = {} if kind is None else {"assume_a": kind}
    return sl.solve(a, b, lower=lower, check_finite=False, **keyword)


@general(_solve, name="solve", batch=_on_columns(2))
def solve(x: Array, a: Array, b: Array, kind: Any, lower: bool) -> Any:
    """``A X = B``:  ``A dX = dB - dA X``;  ``ct_B = A^-T ct``, ``ct_A = -ct_B X^T``, as far as the
    solver for this kind of matrix sees A. [Giles 2008, 2.3.1]"""

    def push(da: Array, db: Array) -> Array:
        return solve(a, db - seen(da, kind) @ x, kind=kind, lower=lower)

    def pull(ct: Array) -> Any:
        if kind in ("her", "hermitian", "pos", "positive definite"):
            ct_b = np.conjugate(solve(a, np.conjugate(ct), kind=kind, lower=lower))
        elif kind in ("sym", "symmetric"):
            ct_b = solve(a, ct, kind=kind, lower=lower)
        else:
            ct_b = solve(T(a), ct, kind=None if kind is None else _mirrored(kind), lower=lower)
        return lambda: seen(-ct_b @ T(x), kind), lambda: ct_b

    return push, pull


def _triangle(d: Array, lower: bool, unit: bool) -> Array:
    return np.tril(d, -int(unit)) if lower else np.triu(d, int(unit))


def _substituted(a: Any, b: Any, lower: bool, unit: bool) -> Any:
    """``A^-1 B`` for a stack of triangles, row by row."""
    n = a.shape[-1]
    diagonals = np.diagonal(a, axis1=-2, axis2=-1)
    if not unit and (diagonals == 0).any():
        raise np.linalg.LinAlgError("singular matrix")
    leading = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    x = np.zeros((*leading, *b.shape[-2:]), np.result_type(a, b))
    for i in range(n) if lower else range(n - 1, -1, -1):
        done = slice(0, i) if lower else slice(i + 1, n)
        row = b[..., i, :] - (a[..., i : i + 1, done] @ x[..., done, :])[..., 0, :]
        x[..., i, :] = row if unit else row / diagonals[..., i, None]
    return x


def _solve_triangular(a: Any, b: Any, trans: int, lower: bool, unit: bool) -> Any:
    if a.ndim > 2 or b.ndim > 2:
        a, lower = (T(a), not lower) if trans else (a, lower)
        return _substituted(a, b, lower, unit)
    return sl.solve_triangular(
        a, b, trans=trans, lower=lower, unit_diagonal=unit, check_finite=False
    )


@general(_solve_triangular, name="solve_triangular", batch=_on_columns(2))
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


def _cho_solve(c: Any, b: Any, lower: bool) -> Any:
    if c.ndim > 2 or b.ndim > 2:
        first = c if lower else H(c)
        return _substituted(H(first), _substituted(first, b, True, False), False, False)
    return sl.cho_solve((c, lower), b, check_finite=False)


@general(_cho_solve, name="cho_solve", batch=_on_columns(2))
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


def _ordered(a: Array, order: Any) -> Array:
    """The rows in an order, which may be one for each matrix of a stack."""
    if order.ndim == 1:
        return a[..., order, :]
    order = order.reshape(*(1,) * (a.ndim - 1 - order.ndim), *order.shape)
    return np.take_along_axis(a, order[..., None], axis=-2)


def _lu_solve(lu: Any, b: Any, piv: Any, order: Any, trans: int) -> Any:
    if lu.ndim > 2 or b.ndim > 2:
        if not trans:
            b = _ordered(b, order)
            return _substituted(lu, _substituted(lu, b, True, True), False, False)
        x = _substituted(T(lu), _substituted(T(lu), b, True, False), False, True)
        return _ordered(x, np.argsort(order, axis=-1))
    return sl.lu_solve((lu, piv), b, trans, check_finite=False)


def _batch_lu_solve(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    order = params["order"]
    if type(order) is not InBatch:
        return _on_columns(2)(primitive, size, args, batched, params)
    lu, b = stacks_of(size, args, batched, (2, 2))
    order = lifted(order.value, lu.ndim - 2)
    return lu_solve(lu, b, piv=None, order=order, trans=params["trans"])


@general(_lu_solve, name="lu_solve", batch=_batch_lu_solve)
def lu_solve(x: Array, lu: Array, b: Array, piv: Any, order: Any, trans: int) -> Any:
    """``A X = B``, or ``A^T X = B``, with the rows of A in the given order ``A' = L U``:
    ``A dX = dB - dA X`` with ``dA' = dL U + L dU``. [Giles 2008, 2.3.1]"""
    lower, upper = _unpacked(lu)
    back = np.argsort(order, axis=-1)
    how = {"piv": piv, "order": order}

    def push(dlu: Array, db: Array) -> Array:
        da = _ordered(np.tril(dlu, -1) @ upper + lower @ np.triu(dlu), back)
        return lu_solve(lu, db - (T(da) if trans else da) @ x, trans=trans, **how)

    def pull(ct: Array) -> Any:
        ct_b = lu_solve(lu, ct, trans=1 - trans, **how)

        def to_factors() -> Array:
            g = -_ordered(x @ T(ct_b) if trans else ct_b @ T(x), order)
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
    head = (slice(None),) * (axis % x.ndim)
    shape = list(x.shape)
    shape[axis] = abs(by)
    zeros = np.zeros(shape, x.dtype)
    if by > 0:
        return np.concatenate([x[(*head, slice(by, None))], zeros], axis=axis)
    return np.concatenate([zeros, x[(*head, slice(None, n + by))]], axis=axis)


def transposed_bands(bands: Array, l: int, u: int) -> Array:
    """The bands of ``A^T``: the diagonal ``d = j - i`` of A stands in row ``u - d``."""
    return np.stack([shift(bands[..., u - d, :], d, -1) for d in range(-l, u + 1)], axis=-2)


def _times_bands(bands: Array, x: Array, l: int, u: int) -> Array:
    """``A x`` for a band matrix: ``y_i = sum_d A_(i, i+d) x_(i+d)``."""
    return sum(shift(bands[..., u - d, :, None] * x, d, -2) for d in range(-l, u + 1))


def _solve_banded(bands: Any, b: Any, l: int, u: int) -> Any:
    if bands.ndim == 2 and b.ndim == 2:
        return sl.solve_banded((l, u), bands, b, check_finite=False)
    # The matrices of a stack along one diagonal are one band matrix.
    leading = np.broadcast_shapes(bands.shape[:-2], b.shape[:-2])
    n, k = b.shape[-2:]
    flat_bands = np.broadcast_to(bands, (*leading, *bands.shape[-2:])).reshape(-1, l + u + 1, n)
    flat = np.broadcast_to(b, (*leading, n, k)).reshape(-1, n, k)
    kind = np.result_type(bands, b)
    if not flat.size:
        return np.zeros((*leading, n, k), kind)
    rows = np.arange(n) - u + np.arange(l + u + 1)[:, None]
    alone = np.where((rows >= 0) & (rows < n), flat_bands, 0)
    long = np.moveaxis(alone, 0, 1).reshape(l + u + 1, -1)
    x = sl.solve_banded((l, u), long, flat.reshape(-1, k), check_finite=False).reshape(flat.shape)
    if not np.isfinite(x).all():  # infinities do not stay in their example
        pairs = zip(flat_bands, flat, strict=True)
        x = np.stack([sl.solve_banded((l, u), m, v, check_finite=False) for m, v in pairs])
    return x.reshape(*leading, n, k)


@general(_solve_banded, name="solve_banded", batch=_on_columns(2))
def solve_banded(x: Array, bands: Array, b: Array, l: int, u: int) -> Any:
    """``A X = B`` for a band matrix, stored by diagonals:  ``A dX = dB - dA X``. [Giles 2008, 2.3.1]"""

    def push(dbands: Array, db: Array) -> Array:
        return solve_banded(bands, db - _times_bands(dbands, x, l, u), l=l, u=u)

    def pull(ct: Array) -> Any:
        ct_b = solve_banded(transposed_bands(bands, l, u), ct, l=u, u=l)

        def to_bands() -> Array:
            rows = [-np.sum(shift(ct_b, k - u, -2) * x, axis=-1) for k in range(l + u + 1)]
            return np.stack(rows, axis=-2)

        return to_bands, lambda: ct_b

    return push, pull


def toeplitz(c: Array, r: Array) -> Array:
    """``A_ij = c_(i-j)`` for ``i >= j``, else ``r_(j-i)``."""
    m, n = c.shape[-1], r.shape[-1]
    if c.shape[:-1] != r.shape[:-1]:
        leading = np.broadcast_shapes(c.shape[:-1], r.shape[:-1])
        c, r = np.broadcast_to(c, (*leading, m)), np.broadcast_to(r, (*leading, n))
    values = np.concatenate([c[..., ::-1], r[..., 1:]], axis=-1)
    return values[..., np.arange(m - 1, -1, -1)[:, None] + np.arange(n)]


def _batch_solve_toeplitz(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    if not (batched[0] or batched[1]):
        return _on_columns(1)(primitive, size, args, batched, params)
    c, r, b = all_full(size, args, batched)
    return la.solve(toeplitz(c, r), b)


@general(
    lambda c, r, b: sl.solve_toeplitz((c, r), b, check_finite=False),
    name="solve_toeplitz",
    batch=_batch_solve_toeplitz,
)
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
