"""Linear algebra: equation, differential, source. Matrices in the last two axes.

``T`` is the transpose and ``H`` the conjugate transpose. Where a rule states no pullback
it is the transpose of the differential, derived. Functions of a symmetric matrix read one
triangle in LAPACK; they are differentiated as functions of ``(A + A^H) / 2``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitive import NORM_OF, Array, Tracer, primal_of
from .elementwise import ratio
from .forms import general
from .forms.batching import InBatch, all_full, full, lifted, shifted, stacked
from .forms.shapes import as_values


def T(a: Array) -> Array:
    return np.swapaxes(a, -1, -2)


def H(a: Array) -> Array:
    return np.conjugate(T(a)) if a.dtype.kind == "c" else T(a)


def symmetric(a: Array) -> Array:
    """The projection onto symmetric, or Hermitian, matrices."""
    return 0.5 * (a + H(a))


def diagonal(a: Array) -> Array:
    """The diagonals of the matrices in the last two axes."""
    return np.diagonal(a, axis1=-2, axis2=-1)


def _eye(n: int, dtype: Any) -> Any:
    return np.eye(n, dtype=dtype)


# -- solving -------------------------------------------------------------------------------


def _batch_solve(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    a, b = args
    if batched[0] or a.ndim > 2 or b.ndim != 3:
        rank = max(np.ndim(x) - is_batched for x, is_batched in zip(args, batched, strict=True))
        a, b = (lifted(x, rank) for x in all_full(size, args, batched))
        return solve(a, b)
    n, k = b.shape[1:]  # one matrix: one factorisation, all right-hand sides beside each other
    columns = np.transpose(b, (1, 0, 2)).reshape(n, size * k)
    return np.transpose(solve(a, columns).reshape(n, size, k), (1, 0, 2))


@general(np.linalg.solve, batch=_batch_solve)
def solve(x: Array, a: Array, b: Array) -> Any:
    """``A X = B``:  ``A dX = dB - dA X``;  ``ct_B = A^-T ct``, ``ct_A = -ct_B X^T``. [Giles 2008, 2.3.1]"""

    def push(da: Array, db: Array) -> Array:
        return solve(a, db - da @ x)

    def pull(ct: Array) -> Any:
        ct_b = solve(T(a), ct)
        return lambda: -ct_b @ T(x), lambda: ct_b

    return push, pull


@general(np.linalg.inv, batch=stacked)
def inv(y: Array, a: Array) -> Any:
    """``Y = A^-1``:  ``dY = -Y dA Y``. [Giles 2008, 2.2.3]"""
    return (lambda da: -y @ da @ y), (lambda ct: (-T(y) @ ct @ T(y),))


def spoilt(x: Array, where: Any) -> Array:
    """`x` times nan at some places, so that derivatives of every order are nan there too; a mask
    would make them zero."""
    return x * np.where(where, np.nan, 1).astype(x.real.dtype)


def inverse(a: Array) -> Array:
    """The inverse; nan for a singular matrix, of which a batch may hold some."""
    try:
        return inv(a)
    except np.linalg.LinAlgError:
        singular = np.equal(np.linalg.slogdet(primal_of(a))[0], 0)[..., None, None]
        return inv(spoilt(a, singular))


# -- determinants --------------------------------------------------------------------------


def cofactors(a: Array, y: Array) -> Array:
    """The cofactor matrix, the gradient of the determinant ``y``: ``y A^-T``, also where A is singular."""
    n = a.shape[-1]
    plain = primal_of(a)
    if n == 0 or not np.isfinite(plain).all() or _is_regular(plain, primal_of(y)):
        return _times(y, T(inv(a)))
    # Scaled by powers of two, so that determinants neither over- nor underflow on the way.
    exponent = np.frexp(np.max(np.abs(plain), axis=(-2, -1), keepdims=True))[1]
    scale = np.ldexp(np.ones((), plain.real.dtype), exponent)
    flat = np.reshape(a / scale, (-1, n, n))
    return T(np.reshape(_det_adjugate(flat)[1], a.shape)) * scale ** (n - 1)


def _det_adjugate(m: Array) -> tuple[Array, Array]:
    """``det M`` and ``adj M = det M M^-1`` of a stack of matrices, exact where M is singular too.

    Both are polynomials, said here in terms whose derivatives of every order are right. In the
    bases of its singular vectors, ``M = U [[B, C], [D, E]] V^H``, the large singular values
    stand in B, which is regular; the Schur complement ``S = E - D B^-1 C`` is treated in the
    same way, down to what is small or zero. With ``G = B^-1 C``, ``K = D B^-1``: ``det M = det U V^H det B det S``,
    ``adj M = det U V^H det B V [[det S B^-1 + G adj S K, -G adj S], [-adj S K, adj S]] U^H``.
    [Zhang 2005, sec. 1.1]
    """
    n = m.shape[-1]
    u, s, vh = np.linalg.svd(primal_of(m))
    eps = np.finfo(s.dtype).eps
    ranks = np.sum((s > eps**0.25 * s[:, :1]) & (s[:, :1] > 100 * eps), axis=-1)
    if ranks.size == 0:
        return np.linalg.det(m), m
    if ranks.min() < ranks.max():  # groups of one rank
        groups = [np.flatnonzero(ranks == k) for k in np.unique(ranks)]
        back = np.argsort(np.concatenate(groups))
        parts = zip(*(_det_adjugate(m[group]) for group in groups), strict=True)
        det_m, adj_m = (np.concatenate(part)[back] for part in parts)
        return det_m, adj_m
    k = int(ranks[0])
    if k == 0:
        return _characteristic(m)
    if k == n:
        det_m = np.linalg.det(m)
        return det_m, _times(det_m, inv(m))
    f = H(u) @ m @ H(vh)
    b, c, d, e = f[:, :k, :k], f[:, :k, k:], f[:, k:, :k], f[:, k:, k:]
    b_inverse = inv(b)
    g, h = b_inverse @ c, d @ b_inverse
    rest = e - h @ c
    det_s, adj_s = _characteristic(rest) if n - k <= 3 else _det_adjugate(rest)
    first = np.concatenate([_times(det_s, b_inverse) + g @ adj_s @ h, -g @ adj_s], axis=-1)
    second = np.concatenate([-adj_s @ h, adj_s], axis=-1)
    det_b = np.linalg.det(u) * np.linalg.det(vh) * np.linalg.det(b)
    adj_f = np.concatenate([first, second], axis=-2)
    return det_b * det_s, _times(det_b, H(vh) @ adj_f @ H(u))


def _is_regular(a: Any, y: Any) -> bool:
    """Whether ``y A^-T`` has nearly all digits, for all matrices of a batch with determinants `y`."""
    limits = np.finfo(a.dtype)
    if not (np.isfinite(y) & (np.abs(y) > limits.tiny)).all():
        return False
    a_inverse = np.linalg.inv(a)
    condition = np.linalg.norm(a, axis=(-2, -1)) * np.linalg.norm(a_inverse, axis=(-2, -1))
    return bool((condition < limits.eps**-0.375).all())


def _times(factors: Array, matrices: Array) -> Array:
    return np.expand_dims(factors, (-2, -1)) * matrices


def _characteristic(m: Array) -> tuple[Array, Array]:
    """``det M`` and ``adj M`` by the recursion of Faddeev and LeVerrier, divisions by integers
    only: for an M near zero, where ``det M M^-1`` loses its digits. [Householder 1964, sec. 6.7]"""
    n = m.shape[-1]
    eye = _eye(n, m.dtype)
    adjugate = np.broadcast_to(eye, m.shape)
    for k in range(1, n):
        product = m @ adjugate
        trace = np.sum(diagonal(product), axis=-1)
        adjugate = product - _times(trace / k, eye)
    sign = (-1) ** (n - 1)
    det_m = np.sum(diagonal(m @ adjugate), axis=-1) * (sign / n)
    return det_m, sign * adjugate


@general(np.linalg.det, batch=stacked)
def det(y: Array, a: Array) -> Any:
    """``y = det A``:  ``dy = sum(C * dA)`` with the cofactors ``C``. [Giles 2008, 2.2.4]"""
    c = cofactors(a, y)
    return (lambda da: np.sum(c * da, axis=(-2, -1))), (
        lambda ct: (np.expand_dims(ct, (-2, -1)) * c,)
    )


def _slogdet(a: Any) -> Any:
    return tuple(np.linalg.slogdet(a))


@general(_slogdet, name="slogdet", batch=stacked)
def slogdet(y: Any, a: Array) -> Any:
    """``det A = s e^l``:  ``dl = Re tr(A^-1 dA)``, ``ds = i s Im tr(A^-1 dA)``. [Giles 2008, 2.2.4]"""
    sign, _ = y
    inverted = T(inverse(a))

    def push(da: Array) -> Any:
        trace = np.sum(inverted * da, axis=(-2, -1))
        if a.dtype.kind != "c":
            return np.zeros(sign.shape, sign.dtype), trace
        return 1j * sign * trace.imag, trace.real

    def pull(cts: Any) -> Any:
        ct_sign, ct_log = cts
        weight = 0.0 if ct_log is None else ct_log
        if ct_sign is not None and a.dtype.kind == "c":
            weight = weight + 1j * (ct_sign * sign).imag
        return (np.expand_dims(np.broadcast_to(weight, sign.shape), (-2, -1)) * inverted,)

    return push, pull


# -- factorisations ------------------------------------------------------------------------


@general(np.linalg.cholesky, batch=stacked)
def cholesky(y: Array, a: Array) -> Any:
    """``A = L L^H``:  ``dL = L phi(L^-1 dA L^-H)``, phi: lower triangle, half of the diagonal.
    ``ct_A = L^-T phi(L^T ct) conj(L^-1)``, made symmetric. [Murray 2016, eq. 8 and 10]"""
    n = y.shape[-1]
    half = (np.tri(n, k=-1) + 0.5 * np.eye(n)).astype(y.dtype)
    w = inv(y)

    def push(da: Array) -> Array:
        return y @ (half * (w @ symmetric(da) @ H(w)))

    def pull(ct: Array) -> Any:
        return (symmetric(T(w) @ (half * (T(y) @ ct)) @ np.conjugate(w)),)

    return push, pull


def _qr(a: Any) -> Any:
    return tuple(np.linalg.qr(a))


@general(_qr, name="qr", batch=stacked)
def qr(y: Any, a: Array) -> Any:
    """``A = Q R``, not wider than high:  with ``C = dA R^-1``, ``D = Q^H C`` and the skew
    ``W = lower(D) - lower(D)^H``: ``dR = (D - W) R``, ``dQ = C - Q (D - W)``. [Walter & Lehmann 2010, sec. 3]"""
    q, r = y
    n = r.shape[-1]
    lower = np.tri(n, k=-1)
    r_inverse = inverse(spoilt(r, _dependent(r)))

    def push(da: Array) -> Any:
        c = da @ r_inverse
        d = H(q) @ c
        low = lower.astype(d.dtype) * d
        skew = low - H(low)
        if d.dtype.kind == "c":  # the diagonal of R stays real
            skew = skew + np.where(np.eye(n, dtype=bool), 1j * d.imag, 0)
        change = d - skew
        return c - q @ change, change @ r

    return push


def _dependent(r: Array) -> Any:
    """Whether a column depends on those before it, to rounding: what is left of it has no direction."""
    values = as_values(r)
    sizes = np.linalg.norm(values, axis=-2)
    left = np.abs(np.diagonal(values, axis1=-2, axis2=-1))
    least = r.shape[-1] * np.finfo(sizes.dtype).eps * sizes
    return np.any(left <= least, axis=-1)[..., None, None]


def completed(q: Array, full: Any) -> Array:
    """The columns of Q, and those of `full` that complete them to a basis.

    These are determined but for a rotation among them. They are moved as little as keeps
    them orthonormal: what does not depend on the rotation has the right derivative.
    """
    rest = full[..., q.shape[-1] :]
    rest = rest - q @ (H(q) @ rest)
    rest = rest @ inv(H(cholesky(H(rest) @ rest)))
    return np.concatenate([q, rest], axis=-1)


@general(lambda a, rcond: np.linalg.pinv(a, rcond), name="pinv", batch=stacked)
def pinv(y: Array, a: Array, rcond: Any) -> Any:
    """``Y = A^+`` at constant rank:  ``dY = -Y dA Y + Y Y^H dA^H (1 - A Y) + (1 - Y A) dA^H Y^H Y``.
    [Golub & Pereyra 1973, eq. 4.12]"""

    def push(da: Array) -> Array:
        h = H(da)
        left = h - h @ a @ y
        right = h - y @ a @ h
        return -y @ da @ y + y @ H(y) @ left + right @ H(y) @ y

    return push


def _batch_lstsq(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    a, b = args
    if batched[0]:
        rcond = max(a.shape[1:]) * np.finfo(a.dtype).eps
        return pinv(a, rcond=rcond) @ full(b, batched[1], size)
    columns = np.transpose(b, (1, 0, 2)).reshape(b.shape[1], size * b.shape[2])
    x = lstsq(a, columns, **params).reshape(a.shape[1], size, b.shape[2])
    return np.transpose(x, (1, 0, 2))


@general(lambda a, b, rcond: np.linalg.lstsq(a, b, rcond)[0], name="lstsq", batch=_batch_lstsq)
def lstsq(x: Array, a: Array, b: Array, rcond: Any) -> Any:
    """``min |A X - B|`` at full column rank:  ``dX = A^+ (dB - dA X) + A^+ A^+H dA^H (B - A X)``.
    [Golub & Pereyra 1973, sec. 4]"""
    y = pinv(a, rcond=None)

    def push(da: Array, db: Array) -> Array:
        return y @ (db - da @ x) + y @ (H(y) @ (H(da) @ (b - a @ x)))

    return push


# -- the Euclidean norm --------------------------------------------------------------------


def _batch_norm(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    (x,), axis = args, params["axis"]
    if axis is None:  # over all elements, in their order
        return euclidean(x.reshape(size, math.prod(x.shape[1:])), axis=1)
    return euclidean(x, axis=shifted(axis, x.ndim - 1))


def _batch_squared(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    (x,), y, axis = args, params["y"], params["axis"]
    y = y.value if type(y) is InBatch else y
    if axis is None:
        return _squared(x.reshape(size, math.prod(x.shape[1:])), y=y, axis=1)
    return _squared(x, y=y, axis=shifted(axis, x.ndim - 1))


@general(
    lambda x, axis: np.linalg.norm(x, None, axis), name="norm", singular=True, batch=_batch_norm
)
def euclidean(y: Array, x: Array, axis: Any) -> Any:
    """``y = |x|``:  ``dy = Re sum(conj(x) dx) / y``; zero at zero, the subgradient of least norm."""
    length = y if axis is None else np.expand_dims(y, axis)
    unit = ratio(np.conjugate(x), length)

    def push(dx: Array) -> Array:
        return np.sum((unit * dx).real, axis=axis)

    def pull(ct: Array) -> Any:
        return ((ct if axis is None else np.expand_dims(ct, axis)) * unit,)

    return push, pull


@general(lambda x, y, axis: y, name="squared_norm", batch=_batch_squared)
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
    return _squared(x, y=np.square(primal_of(norm)), axis=axis)


def norm_of(x: Array, axis: Any) -> Array:
    """The Euclidean norm over `axis`, which remembers of what it is one."""
    y = euclidean(x, axis=axis)
    if isinstance(y, Tracer):
        y.window = x.snapshot(), NORM_OF, axis
    return y
