"""Linear algebra: equation, differential, source. Matrices in the last two axes.

``T`` is the transpose and ``H`` the conjugate transpose. Where a rule states no pullback
it is the transpose of the differential, derived. Functions of a symmetric matrix read one
triangle in LAPACK; they are differentiated as functions of ``(A + A^H) / 2``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import NORM_OF, Array, Tracer, primal_of
from .elementwise import ratio
from .forms import general


def T(a: Array) -> Array:
    return np.swapaxes(a, -1, -2)


def H(a: Array) -> Array:
    return np.conjugate(T(a)) if a.dtype.kind == "c" else T(a)


def _symmetric(a: Array) -> Array:
    return 0.5 * (a + H(a))


def _diagonal(a: Array) -> Array:
    return np.diagonal(a, axis1=-2, axis2=-1)


def _eye(n: int, dtype: Any) -> Any:
    return np.eye(n, dtype=dtype)


# -- solving -------------------------------------------------------------------------------


@general(np.linalg.solve)
def solve(x: Array, a: Array, b: Array) -> Any:
    """``A X = B``:  ``A dX = dB - dA X``;  ``ct_B = A^-T ct``, ``ct_A = -ct_B X^T``. [Giles 2008, 2.3.1]"""

    def push(da: Array, db: Array) -> Array:
        return solve(a, db - da @ x)

    def pull(ct: Array) -> Any:
        ct_b = solve(T(a), ct)
        return lambda: -ct_b @ T(x), lambda: ct_b

    return push, pull


@general(np.linalg.inv)
def inv(y: Array, a: Array) -> Any:
    """``Y = A^-1``:  ``dY = -Y dA Y``. [Giles 2008, 2.2.3]"""
    return (lambda da: -y @ da @ y), (lambda ct: (-T(y) @ ct @ T(y),))


def cofactors(a: Array, y: Array) -> Array:
    """The cofactor matrix, the gradient of the determinant ``y``: ``y A^-T``, also where A is singular.

    There the adjugate is a polynomial of A, by the Faddeev-LeVerrier recursion, so that
    its derivatives are right to every order. [Householder 1964, sec. 6.7]
    """
    n = a.shape[-1]
    sizes = np.linalg.svd(primal_of(a), compute_uv=False)
    singular = sizes[..., -1] <= 1e-10 * sizes[..., 0] if n else np.zeros(a.shape[:-2], bool)
    mask = singular[..., None, None]
    if not singular.any():
        return np.expand_dims(y, (-2, -1)) * T(inv(a))
    eye = _eye(n, a.dtype)
    scale = np.where(
        mask & (sizes[..., :1, None] > 0), sizes[..., :1, None], 1.0
    )  # plain: any scale is exact
    m = np.where(mask, a, eye) / scale
    adjugate = np.broadcast_to(eye, m.shape)
    for k in range(1, n):
        product = m @ adjugate
        trace = np.sum(_diagonal(product), axis=-1)
        adjugate = product - np.expand_dims(trace, (-2, -1)) / k * eye
    polynomial = (-1) ** (n - 1) * T(adjugate) * scale ** (n - 1)
    if singular.all():
        return polynomial
    regular = np.expand_dims(y, (-2, -1)) * T(inv(np.where(mask, eye, a)))
    return np.where(mask, polynomial, regular)


@general(np.linalg.det)
def det(y: Array, a: Array) -> Any:
    """``y = det A``:  ``dy = sum(C * dA)`` with the cofactors ``C``. [Giles 2008, 2.2.4]"""
    c = cofactors(a, y)
    return (lambda da: np.sum(c * da, axis=(-2, -1))), (
        lambda ct: (np.expand_dims(ct, (-2, -1)) * c,)
    )


def _slogdet(a: Any) -> Any:
    return tuple(np.linalg.slogdet(a))


@general(_slogdet, name="slogdet")
def slogdet(y: Any, a: Array) -> Any:
    """``det A = s e^l``:  ``dl = Re tr(A^-1 dA)``, ``ds = i s Im tr(A^-1 dA)``. [Giles 2008, 2.2.4]"""
    sign, _ = y
    inverse = T(inv(a))

    def push(da: Array) -> Any:
        trace = np.sum(inverse * da, axis=(-2, -1))
        if a.dtype.kind != "c":
            return np.zeros(sign.shape, sign.dtype), trace
        return 1j * sign * trace.imag, trace.real

    def pull(cts: Any) -> Any:
        ct_sign, ct_log = cts
        weight = 0.0 if ct_log is None else ct_log
        if ct_sign is not None and a.dtype.kind == "c":
            weight = weight + 1j * (ct_sign * sign).imag
        return (np.expand_dims(np.broadcast_to(weight, sign.shape), (-2, -1)) * inverse,)

    return push, pull


# -- factorisations ------------------------------------------------------------------------


@general(np.linalg.cholesky)
def cholesky(y: Array, a: Array) -> Any:
    """``A = L L^H``:  ``dL = L phi(L^-1 dA L^-H)``, phi: lower triangle, half of the diagonal. [Murray 2016, eq. 8]"""
    n = y.shape[-1]
    half = (np.tri(n, k=-1) + 0.5 * np.eye(n)).astype(y.dtype)

    def push(da: Array) -> Array:
        inner = solve(y, H(solve(y, _symmetric(da))))
        return y @ (half * H(inner))

    if y.dtype.kind == "c":
        return push

    def pull(ct: Array) -> Any:
        inner = half * (T(y) @ ct)
        s = solve(T(y), T(solve(T(y), T(inner))))
        return (0.5 * (s + T(s)),)

    return push, pull


def _gaps(w: Array) -> Array:
    """``1 / (w_j - w_i)`` off the diagonal, zero on it; infinite where values repeat."""
    eye = np.eye(w.shape[-1], dtype=bool)
    gaps = w[..., None, :] - w[..., :, None]
    return np.where(eye, 0, 1 / np.where(eye, 1, gaps))


def _eigh(a: Any, uplo: str) -> Any:
    return tuple(np.linalg.eigh(a, uplo))


@general(_eigh, name="eigh", singular=True)
def eigh(y: Any, a: Array, uplo: str) -> Any:
    """``A V = V diag(w)``:  ``dw = diag(P)``, ``dV = V (F * P)`` with ``P = V^H dA V``,
    ``F_ij = 1 / (w_j - w_i)``. [Giles 2008, 3.1]"""
    w, v = y

    def push(da: Array) -> Any:
        p = H(v) @ _symmetric(da) @ v
        return _diagonal(p).real, v @ (_gaps(w) * p)

    return push


@general(lambda a, uplo: np.linalg.eigvalsh(a, uplo), name="eigvalsh")
def eigvalsh(w: Array, a: Array, uplo: str) -> Any:
    """``A v = w v``:  ``dw = diag(V^H dA V)``: needs no gaps, so repeated values do no harm. [Giles 2008, 3.1]"""
    v = eigh(a, uplo=uplo)[1]
    return lambda da: _diagonal(H(v) @ _symmetric(da) @ v).real


def _eig(a: Any) -> Any:
    return tuple(np.linalg.eig(a))


@general(_eig, name="eig", singular=True)
def eig(y: Any, a: Array) -> Any:
    """``A V = V diag(w)``, columns of length 1:  ``dw = diag(P)``, ``dV = V (F * P)`` less what
    changes the length, with ``P = V^-1 dA V``. [Boeddeker et al. 2017, sec. 4.6]"""
    w, v = y

    def push(da: Array) -> Any:
        p = solve(v, da @ v)
        dv = v @ (_gaps(w) * p)
        lengths = np.sum((np.conjugate(v) * dv).real, axis=-2, keepdims=True)
        return _diagonal(p), dv - v * lengths

    return push


@general(np.linalg.eigvals)
def eigvals(w: Array, a: Array) -> Any:
    """``A V = V diag(w)``:  ``dw = diag(V^-1 dA V)``. [Giles 2008, 3.1]"""
    v = eig(a)[1]
    return lambda da: _diagonal(solve(v, da @ v))


def _svd(a: Any) -> Any:
    return tuple(np.linalg.svd(a, full_matrices=False))


@general(_svd, name="svd", singular=True)
def svd(y: Any, a: Array) -> Any:
    """``A = U diag(s) V^H``:  ``ds = Re diag(P)`` with ``P = U^H dA V``; ``dU, dV`` by
    ``F_ij = 1 / (s_j^2 - s_i^2)``. [Townsend 2016; Wan & Zhang 2019, eq. 11]"""
    u, s, vh = y
    v = H(vh)

    def push(da: Array) -> Any:
        p = H(u) @ da @ v
        f = _gaps(s * s)
        row, column = s[..., None, :], s[..., :, None]
        turn_u = f * (p * row + column * H(p))
        turn_v = f * (column * p + H(p) * row)
        if a.dtype.kind == "c":  # the phase that both share is put into U
            eye = np.eye(s.shape[-1], dtype=bool)
            turn_u = turn_u + np.where(eye, 1j * p.imag / row, 0)
        du, dv = u @ turn_u, v @ turn_v
        if u.shape[-2] > u.shape[-1]:
            rest = da @ v
            du = du + (rest - u @ (H(u) @ rest)) / row
        if v.shape[-2] > v.shape[-1]:
            rest = H(da) @ u
            dv = dv + (rest - v @ (H(v) @ rest)) / row
        return du, _diagonal(p).real, H(dv)

    return push


@general(lambda a: np.linalg.svd(a, compute_uv=False), name="svdvals")
def svdvals(s: Array, a: Array) -> Any:
    """``A = U diag(s) V^H``:  ``ds = Re diag(U^H dA V)``. [Giles 2008, 3.2]"""
    u, _, vh = svd(a)
    return lambda da: _diagonal(H(u) @ da @ H(vh)).real


def _qr(a: Any) -> Any:
    return tuple(np.linalg.qr(a))


@general(_qr, name="qr")
def qr(y: Any, a: Array) -> Any:
    """``A = Q R``, not wider than high:  with ``C = dA R^-1``, ``D = Q^H C`` and the skew
    ``W = lower(D) - lower(D)^H``: ``dR = (D - W) R``, ``dQ = C - Q (D - W)``. [Walter & Lehmann 2010, sec. 3]"""
    q, r = y
    n = r.shape[-1]
    lower = np.tri(n, k=-1)

    def push(da: Array) -> Any:
        c = T(solve(T(r), T(da)))
        d = H(q) @ c
        low = lower.astype(d.dtype) * d
        skew = low - H(low)
        if d.dtype.kind == "c":  # the diagonal of R stays real
            skew = skew + np.where(np.eye(n, dtype=bool), 1j * d.imag, 0)
        change = d - skew
        return c - q @ change, change @ r

    return push


@general(lambda a, rcond: np.linalg.pinv(a, rcond), name="pinv")
def pinv(y: Array, a: Array, rcond: Any) -> Any:
    """``Y = A^+`` at constant rank:  ``dY = -Y dA Y + Y Y^H dA^H (1 - A Y) + (1 - Y A) dA^H Y^H Y``.
    [Golub & Pereyra 1973, eq. 4.12]"""

    def push(da: Array) -> Array:
        h = H(da)
        left = h - h @ a @ y
        right = h - y @ a @ h
        return -y @ da @ y + y @ H(y) @ left + right @ H(y) @ y

    return push


@general(lambda a, b, rcond: np.linalg.lstsq(a, b, rcond)[0], name="lstsq")
def lstsq(x: Array, a: Array, b: Array, rcond: Any) -> Any:
    """``min |A X - B|`` at full column rank:  ``dX = A^+ (dB - dA X) + A^+ A^+H dA^H (B - A X)``.
    [Golub & Pereyra 1973, sec. 4]"""
    y = pinv(a, rcond=None)

    def push(da: Array, db: Array) -> Array:
        return y @ (db - da @ x) + y @ (H(y) @ (H(da) @ (b - a @ x)))

    return push


# -- the Euclidean norm --------------------------------------------------------------------


@general(lambda x, axis: np.linalg.norm(x, None, axis), name="norm", singular=True)
def euclidean(y: Array, x: Array, axis: Any) -> Any:
    """``y = |x|``:  ``dy = Re sum(conj(x) dx) / y``; zero at zero, the subgradient of least norm."""
    length = y if axis is None else np.expand_dims(y, axis)
    unit = ratio(np.conjugate(x), length)

    def push(dx: Array) -> Array:
        return np.sum((unit * dx).real, axis=axis)

    def pull(ct: Array) -> Any:
        return ((ct if axis is None else np.expand_dims(ct, axis)) * unit,)

    return push, pull


@general(lambda x, y, axis: y, name="squared_norm")
def _squared(z: Array, x: Array, y: Any, axis: Any) -> Any:
    """``z = |x|^2``, with the value that squaring the norm has:  ``dz = 2 Re sum(conj(x) dx)``."""
    twice = 2 * np.conjugate(x) if x.dtype.kind == "c" else 2 * x
    return (
        lambda dx: np.sum((twice * dx).real, axis=axis),
        lambda ct: ((ct if axis is None else np.expand_dims(ct, axis)) * twice,),
    )


def squared_norm(norm: Any) -> Array:
    """The square of what `norm_of` gave: smooth where the norm itself has a kink, at zero."""
    x, _, axis = norm.window
    return _squared(x, y=primal_of(norm) ** 2, axis=axis)


def norm_of(x: Array, axis: Any) -> Array:
    """The Euclidean norm over `axis`, which remembers of what it is one."""
    y = euclidean(x, axis=axis)
    if isinstance(y, Tracer):
        y.window = x.snapshot(), NORM_OF, axis
    return y
