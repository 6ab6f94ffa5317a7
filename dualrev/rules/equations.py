"""Matrix equations of `scipy.linalg`, and the polar form: equation, differential, source.

Stacks, along leading axes, which not all of SciPy's functions take, are solved at once: Sylvester's
equation as a system of ``m n`` unknowns, or by the Schur forms of matrices that all right-hand
sides share.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ..primitive import Array
from . import linalg as la
from .forms import general
from .forms.batching import full, stacked, stacks_of
from .forms.shapes import as_values
from .linalg import H, T, inverse, symmetric
from .solvers import solve


def _solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    if a.ndim == b.ndim == q.ndim == 2:
        return sl.solve_sylvester(a, b, q)
    kind = np.result_type(a, b, q)
    if a.ndim == b.ndim == 2:
        x = _by_schur_forms(a, b, q)
        return (x if kind.kind == "c" else x.real).astype(kind)
    # Row by row: (A (x) I + I (x) B^T) vec X = vec Q.
    m, n = q.shape[-2:]
    matrix = _kronecker(a, np.eye(n, dtype=kind)) + _kronecker(np.eye(m, dtype=kind), T(b))
    q = np.broadcast_to(q, (*matrix.shape[:-2], m, n))
    return np.linalg.solve(matrix, q.reshape(*q.shape[:-2], m * n, 1)).reshape(q.shape)


def _by_schur_forms(a: Any, b: Any, q: Any) -> Any:
    """The solutions for a stack of right-hand sides: with triangular A and B column by column.
    [Bartels & Stewart 1972]"""
    (s, u), (t, v) = (sl.schur(matrix, output="complex") for matrix in (a, b))
    f = H(u) @ q @ v
    stack = f.reshape(-1, *f.shape[-2:])
    y = np.zeros(stack.shape, stack.dtype)
    for j in range(y.shape[-1]):
        rest = stack[:, :, j] - y[:, :, :j] @ t[:j, j]
        y[:, :, j] = sl.solve_triangular(s + t[j, j] * np.eye(len(s)), rest.T).T
    return u @ y.reshape(f.shape) @ H(v)


def _kronecker(a: Any, b: Any) -> Any:
    """Of the matrices in the last two axes."""
    product = a[..., :, None, :, None] * b[..., None, :, None, :]
    return product.reshape(
        *product.shape[:-4], a.shape[-2] * b.shape[-2], a.shape[-1] * b.shape[-1]
    )


def _batch_sylvester(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    if batched[0] or batched[1]:
        args = stacks_of(size, args, batched, (2, 2, 2))
    return solve_sylvester(*args)


@general(_solve_sylvester, name="solve_sylvester", batch=_batch_sylvester)
def solve_sylvester(x: Array, a: Array, b: Array, q: Array) -> Any:
    """``A X + X B = Q``:  ``A dX + dX B = dQ - dA X - X dB``. [Higham 2008, sec. B.14]"""

    def push(da: Array, db: Array, dq: Array) -> Array:
        return solve_sylvester(a, b, dq - da @ x - x @ db)

    def pull(ct: Array) -> Any:
        w = solve_sylvester(T(a), T(b), ct)
        return lambda: -w @ T(x), lambda: -T(x) @ w, lambda: w

    return push, pull


def unsingular(a: Array) -> Any:
    """The factor 1; nan where ``A X + X A = Q`` has no unique solution, to rounding, which LAPACK does not tell."""
    w = np.linalg.eigvals(as_values(a) + 0j)
    sums = np.abs(w[..., :, None] + w[..., None, :])
    size = np.max(np.abs(w), axis=-1, initial=0.0)
    least = np.min(sums, axis=(-2, -1), initial=np.inf)
    singular = least <= a.shape[-1] * np.finfo(w.dtype).eps * size
    return np.where(singular, np.nan, 1).astype(a.real.dtype)[..., None, None]


def _batch_lyapunov(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    a, q = args
    return _batch_sylvester(primitive, size, (a, H(a), q), (batched[0], *batched), params)


@general(sl.solve_continuous_lyapunov, batch=_batch_lyapunov)
def solve_continuous_lyapunov(x: Array, a: Array, q: Array) -> Any:
    """``A X + X A^H = Q``:  ``A dX + dX A^H = dQ - dA X - X dA^H``. [Higham 2008, sec. B.14]"""

    def push(da: Array, dq: Array) -> Array:
        return solve_continuous_lyapunov(a, dq - da @ x - x @ H(da))

    def pull(ct: Array) -> Any:
        w = solve_continuous_lyapunov(T(a), ct)
        return lambda: -(w @ T(x) + H(T(x) @ w)), lambda: w

    return push, pull


def _batch_discrete(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    """``(I - A (x) conj A) vec X = vec Q``, or by the bilinear transform, as SciPy does both."""
    (a, q), method = args, params["method"]
    n = a.shape[-1]
    eye = np.eye(n, dtype=a.dtype)
    if method == "direct" or (method is None and n < 10):
        q = full(q, batched[1], size)
        matrix = np.eye(n * n, dtype=a.dtype) - _kronecker(a, np.conjugate(a))
        right = q.reshape(size, n * n, 1)
        if batched[0]:
            return la.solve(matrix, right).reshape(q.shape)
        columns = la.solve(matrix, T(right[:, :, 0]))
        return T(columns).reshape(q.shape)
    outer = la.inv(H(a) + eye)
    b = (H(a) - eye) @ outer
    c = 2 * la.inv(a + eye) @ q @ outer
    each = batched[0], batched[0], True
    return _batch_sylvester(primitive, size, (H(b), b, -c), each, params)


@general(
    lambda a, q, method: sl.solve_discrete_lyapunov(a, q, method),
    name="solve_discrete_lyapunov",
    batch=_batch_discrete,
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


@general(
    lambda a, b, q, r, e, s, balanced: sl.solve_continuous_are(a, b, q, r, e, s, balanced),
    name="solve_continuous_are",
)
def solve_generalised_care(
    x: Array, a: Array, b: Array, q: Array, r: Array, e: Array, s: Array, balanced: bool
) -> Any:
    """``A^H X E + E^H X A - (E^H X B + S) R^-1 (B^H X E + S^H) + Q = 0``: with the gain
    ``K = R^-1 (B^H X E + S^H)`` and ``F = A - B K``, ``F^H dX E + E^H dX F`` and the changes of the other
    matrices vanish; after division by E a Lyapunov equation. [Kao & Hennequin 2020, sec. 4]"""
    k = solve(r, H(b) @ x @ e + H(s), kind="gen", lower=False)
    f = a - b @ k
    e_inverse = la.inv(e)

    def push(da: Array, db: Array, dq: Array, dr: Array, de: Array, ds: Array) -> Array:
        half = H(e) @ x @ (da - db @ k) + H(de) @ x @ f - ds @ k
        change = half + H(half) + symmetric(dq) + H(k) @ symmetric(dr) @ k
        return solve_continuous_lyapunov(H(f @ e_inverse), -H(e_inverse) @ change @ e_inverse)

    return push


@general(
    lambda a, b, q, r, e, s, balanced: sl.solve_discrete_are(a, b, q, r, e, s, balanced),
    name="solve_discrete_are",
)
def solve_generalised_dare(
    x: Array, a: Array, b: Array, q: Array, r: Array, e: Array, s: Array, balanced: bool
) -> Any:
    """``E^H X E = A^H X A - (A^H X B + S) (R + B^H X B)^-1 (B^H X A + S^H) + Q``: with the gain
    ``K = (R + B^H X B)^-1 (B^H X A + S^H)`` and ``F = A - B K``, ``E^H dX E = F^H dX F`` and the changes of
    the other matrices; after division by E a Lyapunov equation. [Kao & Hennequin 2020, sec. 4]"""
    k = solve(r + H(b) @ x @ b, H(b) @ x @ a + H(s), kind="gen", lower=False)
    f = a - b @ k
    e_inverse = la.inv(e)

    def push(da: Array, db: Array, dq: Array, dr: Array, de: Array, ds: Array) -> Array:
        half = H(f) @ x @ (da - db @ k) - ds @ k - H(e) @ x @ de
        change = half + H(half) + symmetric(dq) + H(k) @ symmetric(dr) @ k
        scaled = H(e_inverse) @ change @ e_inverse
        return solve_discrete_lyapunov(H(f @ e_inverse), scaled, method=None)

    return push


def _polar(a: Any, side: str) -> Any:
    if a.ndim == 2:
        return tuple(sl.polar(a, side))
    w, s, vh = np.linalg.svd(a, full_matrices=False)
    right = side == "right"
    return w @ vh, ((H(vh) * s[..., None, :]) @ vh if right else (w * s[..., None, :]) @ H(w))


@general(_polar, name="polar", batch=stacked)
def polar(y: Any, a: Array, side: str) -> Any:
    """``A = U P``:  ``dU = U W + (1 - U U^H) dA P^-1`` with the skew W of
    ``P W + W P = U^H dA - dA^H U``, and ``dP`` is the symmetric part of ``U^H (dA - dU P)``; likewise
    ``A = P U``. [Higham 2008, sec. 8.1]"""
    u, p = y
    if side == "left":  # of the conjugate transpose, from the right
        push = _polar_change(H(u), p)
        return lambda da: (lambda du, dp: (H(du), dp))(*push(H(da)))
    return _polar_change(u, p)


def _polar_change(u: Array, p: Array) -> Any:
    tall = u.shape[-2] > u.shape[-1]
    regular = unsingular(p)
    p_inverse = inverse(p) if tall else None

    def push(da: Array) -> Any:
        m = H(u) @ da
        w = regular * solve_sylvester(p, p, m - H(m))
        du = u @ w
        if tall:
            du = du + (da - u @ m) @ p_inverse
        return du, symmetric(m - w @ p)

    return push
