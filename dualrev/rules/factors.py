"""Factorisations and functions of matrices in `scipy.linalg`: equation, differential, source.

Where NumPy has the same factorisation the rule is its rule, and the value SciPy's: they may
choose other signs of vectors, which the rules take as they find them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy
import scipy.linalg as sl

from ..primitive import Array
from . import linalg as la
from . import spectral as sp
from .equations import solve_sylvester, unsingular
from .forms import General, general
from .forms.batching import BatchRule, InBatch, stacked, stacks_of
from .forms.shapes import as_values
from .linalg import H, T, diagonal, inverse, symmetric
from .parts import mirror_image, seen
from .spectral import _gaps

# -- with the rules of NumPy's functions ------------------------------------------------------


def by(numpys: General) -> BatchRule:
    """Stacks, which not all of SciPy's functions take, by NumPy's function with the same result."""
    return lambda primitive, size, args, batched, params: numpys(*args, **params)


det = General(
    lambda a: np.asarray(sl.det(a, check_finite=False))[()], la.det.rule, "det", batch=by(la.det)
)


def _batch_eig(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    w, v = sp.eig(*args)
    return w.astype(np.result_type(w.dtype, np.complex64)), v  # complex always, as in SciPy


def _batch_eigvals(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    w = sp.eigvals(*args)
    return w.astype(np.result_type(w.dtype, np.complex64))


def _eig(a: Any) -> Any:
    return tuple(sl.eig(a, check_finite=False))


def _qr(a: Any) -> Any:
    return tuple(sl.qr(a, mode="economic", check_finite=False))


eigvals = General(
    lambda a: sl.eigvals(a, check_finite=False), sp.eigvals.rule, "eigvals", batch=_batch_eigvals
)
eig = General(_eig, sp.eig.rule, "eig", singular=True, batch=_batch_eig)
qr = General(_qr, la.qr.rule, "qr", batch=by(la.qr))
svdvals = General(
    lambda a: sl.svdvals(a, check_finite=False), sp.svdvals.rule, "svdvals", batch=by(sp.svdvals)
)


def _svd(a: Any) -> Any:
    return tuple(sl.svd(a, full_matrices=False, check_finite=False))


def _eigh(a: Any, uplo: str) -> Any:
    return tuple(sl.eigh(a, lower=uplo == "L", check_finite=False))


def _eigvalsh(a: Any, uplo: str) -> Any:
    return sl.eigvalsh(a, lower=uplo == "L", check_finite=False)


def _pinv(a: Any, rcond: Any) -> Any:
    return sl.pinv(a, atol=rcond[0], rtol=rcond[1], check_finite=False)


def _lstsq(a: Any, b: Any, rcond: Any) -> Any:
    return sl.lstsq(a, b, cond=rcond, check_finite=False)[0]


def _batch_pinv(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    (a,), (atol, rtol) = args, params["rcond"]
    if atol:
        primitive.refuse_batch(" with atol")
    return la.pinv(a, rcond=max(a.shape[1:]) * np.finfo(a.dtype).eps if rtol is None else rtol)


def _batch_lstsq(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    """At full column rank, of which the caller makes sure, ``A^+ B``."""
    a, b = args
    return la.pinv(a, rcond=None) @ b


# Eigenvectors of a stack have the signs that NumPy's driver of LAPACK gives them.
svd = General(_svd, sp.svd.rule, "svd", singular=True, batch=by(sp.svd))
eigh = General(_eigh, sp.eigh.rule, "eigh", singular=True, batch=by(sp.eigh))
eigvalsh = General(_eigvalsh, sp.eigvalsh.rule, "eigvalsh", batch=by(sp.eigvalsh))
pinv = General(_pinv, la.pinv.rule, "pinv", batch=_batch_pinv)
lstsq = General(_lstsq, la.lstsq.rule, "lstsq", batch=_batch_lstsq)


def _pinvh(a: Any, atol: Any, rtol: Any, lower: bool) -> Any:
    if a.ndim == 2:
        return sl.pinvh(a, atol, rtol, lower, check_finite=False)
    w, v = np.linalg.eigh(a, "L" if lower else "U")
    size = np.max(np.abs(w), axis=-1, keepdims=True, initial=0.0)
    relative = a.shape[-1] * np.finfo(w.dtype).eps if rtol is None and not atol else rtol or 0.0
    kept = np.abs(w) > (atol or 0.0) + relative * size
    return (v * np.where(kept, 1 / np.where(kept, w, 1), 0)[..., None, :]) @ H(v)


@general(_pinvh, name="pinvh", batch=stacked)
def pinvh(y: Array, a: Array, atol: Any, rtol: Any, lower: bool) -> Any:
    """``Y = A^+``, A symmetric, at constant rank:  the differential of `pinv`, with a symmetric ``dA``.
    [Golub & Pereyra 1973, eq. 4.12]"""
    push = la.pinv.rule(y, mirror_image(a, "her", lower), None)
    return lambda da: push(symmetric(da))


def _inv(a: Any, kind: Any, lower: bool) -> Any:
    keywords = {} if kind is None else {"assume_a": kind, "lower": lower}
    y = sl.inv(a, check_finite=False, **keywords)
    # SciPy leaves what it found beside the diagonal of a matrix that is said to be one.
    return (
        y if kind != "diagonal" else np.where(np.eye(a.shape[-1], dtype=bool), y, 0).astype(y.dtype)
    )


def _batch_inv(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    return la.inv(mirror_image(args[0], params["kind"], params["lower"]))


@general(_inv, name="inv", batch=_batch_inv)
def inv(y: Array, a: Array, kind: Any, lower: bool) -> Any:
    """``Y = A^-1``:  ``dY = -Y dA Y``, as far as LAPACK sees A. [Giles 2008, 2.2.3]"""
    return (lambda da: -y @ seen(da, kind) @ y), (lambda ct: (seen(-T(y) @ ct @ T(y), kind),))


def _batch_cholesky(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    (a,) = args
    return la.cholesky(a) if params["lower"] else H(la.cholesky(H(a)))


@general(
    lambda a, lower: sl.cholesky(a, lower, check_finite=False),
    name="cholesky",
    batch=_batch_cholesky,
)
def cholesky(y: Array, a: Array, lower: bool) -> Any:
    """``A = L L^H``, or ``A = U^H U``, the same with ``L = U^H``. [Murray 2016, eq. 8 and 10]"""
    push, pull = la.cholesky.rule(y if lower else H(y), a)
    if lower:
        return push, pull
    return (lambda da: H(push(da))), (lambda ct: pull(H(ct)))


def _eigh_generalised(a: Any, b: Any, lower: bool) -> Any:
    if a.ndim == b.ndim == 2:
        return tuple(sl.eigh(a, b, lower=lower, check_finite=False))
    # B = L L^H: the eigenvalues of L^-1 A L^-H, as in LAPACK's hegvd.
    uplo = "L" if lower else "U"
    l_inverse = np.linalg.inv(np.linalg.cholesky(b if lower else H(b)))
    w, v = np.linalg.eigh(symmetric(l_inverse @ mirror_image(a, "her", lower) @ H(l_inverse)), uplo)
    return w, H(l_inverse) @ v


@general(_eigh_generalised, name="eigh_generalised", singular=True, batch=stacked)
def eigh_generalised(y: Any, a: Array, b: Array, lower: bool) -> Any:
    """``A V = B V diag(w)``, ``V^H B V = 1``: with ``P = V^H dA V - V^H dB V diag(w)``,
    ``dw = diag(P)``, ``dV = V (F * P - diag(V^H dB V) / 2)``, ``F_ij = 1 / (w_j - w_i)``.
    [de Leeuw 2007, sec. 2]"""
    w, v = y
    n = w.shape[-1]

    def push(da: Array, db: Array) -> Any:
        q = H(v) @ symmetric(db) @ v
        p = H(v) @ symmetric(da) @ v - q * w[..., None, :]
        half = 0.5 * np.eye(n).astype(w.dtype) * q
        return sp._evenly(sp._shared(w), diagonal(p).real), v @ (_gaps(w) * p - half)

    return push


# -- LU ------------------------------------------------------------------------------------


def _lu(a: Any, order: Any) -> Any:
    if a.size == 0:
        *leading, m, n = a.shape
        return np.zeros((*leading, m, min(m, n)), a.dtype), np.zeros(
            (*leading, min(m, n), n), a.dtype
        )
    return tuple(sl.lu(a, permute_l=False, check_finite=False)[1:])


def _batch_lu(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    order = params["order"]
    return lu(*args, order=order.value if type(order) is InBatch else order)


@general(_lu, name="lu", batch=_batch_lu)
def lu(y: Any, a: Array, order: Any) -> Any:
    """``A' = L U`` with the rows of A in the given order: with the square parts ``L_1``, ``U_1``
    and ``M = L_1^-1 dA'_1 U_1^-1``, ``dL_1 = L_1 lower(M)``, ``dU_1 = upper(M) U_1``.
    [de Hoog, Anderssen & Lukas 2011, sec. 2]"""
    low, up = y
    k = low.shape[-1]
    square_l, square_u = low[..., :k, :], up[..., :, :k]
    l_inverse, u_inverse = inverse(square_l), inverse(square_u)

    def push(da: Array) -> Any:
        da = np.take_along_axis(da, order[..., None], axis=-2)
        m = l_inverse @ da[..., :k, :k] @ u_inverse
        dl, du = square_l @ np.tril(m, -1), np.triu(m) @ square_u
        if low.shape[-2] > k:
            rest = (da[..., k:, :] - low[..., k:, :] @ du) @ u_inverse
            dl = np.concatenate([dl, rest], axis=-2)
        if up.shape[-1] > k:
            rest = l_inverse @ (da[..., :, k:] - dl @ up[..., :, k:])
            du = np.concatenate([du, rest], axis=-1)
        return dl, du

    return push


def _batch_by_scipy(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    """For functions that take stacks since SciPy 1.17."""
    if tuple(map(int, scipy.__version__.split(".")[:2])) < (1, 17):
        primitive.refuse_batch(" before SciPy 1.17")
    if size == 0:
        return args[0]
    return primitive(*args, **params)


@general(lambda a: sl.sqrtm(a), name="sqrtm", batch=_batch_by_scipy)
def sqrtm(y: Array, a: Array) -> Any:
    """``Y Y = A``:  ``Y dY + dY Y = dA``;  ``Y^T ct_A + ct_A Y^T = ct``. [Higham 2008, sec. 6.1]"""
    regular = unsingular(y)
    return (
        lambda da: regular * solve_sylvester(y, y, da),
        lambda ct: regular * solve_sylvester(T(y), T(y), ct),
    )


# -- functions of matrices -------------------------------------------------------------------


def _factor(a: Array) -> Any:
    """1; nan where the matrix is singular to rounding."""
    w = np.abs(np.linalg.eigvals(as_values(a) + 0j))
    least = a.shape[-1] * np.finfo(w.dtype).eps * np.max(w, axis=-1, initial=0.0)
    singular = np.min(w, axis=-1, initial=np.inf) <= least
    return np.where(singular, np.nan, 1).astype(a.real.dtype)[..., None, None]


def matrix_function(
    fun: Callable[..., Any], name: str, batch: BatchRule | None = None, at_zero: bool = True
) -> General:
    """``Y = f(A)``, whose Frechet derivative is a block of ``f`` of a larger matrix.

    ``f([[A, E], [0, A]]) = [[f(A), L(A, E)], [0, f(A)]]``, exact also where eigenvalues
    repeat; the transpose of ``E -> L(A, E)`` is ``L(A^T, .)``. Without `at_zero` the function has no
    derivative at the eigenvalue 0, and that of a singular matrix is nan. [Mathias 1996, thm 2.1;
    Higham 2008, eq. 3.16]
    """

    def rule(y: Array, a: Array, **params: Any) -> Any:
        """``f([[A, dA], [0, A]]) = [[Y, dY], [0, Y]]``. [Mathias 1996, thm 2.1]"""
        n = a.shape[-1]
        regular: Any = 1 if at_zero else _factor(a)

        def derivative(b: Array, e: Array) -> Array:
            top = np.concatenate([b, e], axis=-1)
            bottom = np.concatenate([np.zeros(b.shape, b.dtype), b], axis=-1)
            block = np.concatenate([top, bottom], axis=-2)
            return regular * made(block, **params)[..., :n, n:]

        return (lambda da: derivative(a, da)), (lambda ct: (derivative(T(a), ct),))

    made = General(fun, rule, name, batch=batch)
    return made


def _by_exponentials(formula: Callable[[Array], Array]) -> BatchRule:
    """For functions made of exponentials, which SciPy takes of stacks too. [Higham 2008, sec. 12.1]"""
    return lambda primitive, size, args, batched, params: formula(*args)


def _waves(a: Array) -> tuple[Array, Array]:
    """``cos A`` and ``sin A``."""
    if a.dtype.kind != "c":
        e = expm(1j * a)
        return e.real, e.imag
    e, back = expm(1j * a), expm(-1j * a)
    return 0.5 * (e + back), -0.5j * (e - back)


def _hyperbolic(a: Array) -> tuple[Array, Array]:
    """``cosh A`` and ``sinh A``."""
    e, back = expm(a), expm(-a)
    return 0.5 * (e + back), 0.5 * (e - back)


expm = matrix_function(sl.expm, "expm", stacked)
logm = matrix_function(
    lambda a: sl.logm(a) if a.size else +a, "logm", _batch_by_scipy, at_zero=False
)
cosm = matrix_function(sl.cosm, "cosm", _by_exponentials(lambda a: _waves(a)[0]))
sinm = matrix_function(sl.sinm, "sinm", _by_exponentials(lambda a: _waves(a)[1]))
tanm = matrix_function(sl.tanm, "tanm", _by_exponentials(lambda a: la.solve(*_waves(a))))
coshm = matrix_function(sl.coshm, "coshm", _by_exponentials(lambda a: _hyperbolic(a)[0]))
sinhm = matrix_function(sl.sinhm, "sinhm", _by_exponentials(lambda a: _hyperbolic(a)[1]))
tanhm = matrix_function(sl.tanhm, "tanhm", _by_exponentials(lambda a: la.solve(*_hyperbolic(a))))
fractional_power = matrix_function(
    lambda a, t: sl.fractional_matrix_power(a, t),
    "fractional_matrix_power",
    _batch_by_scipy,
    at_zero=False,
)


def _power(a: Any, t: Any) -> Any:
    if a.ndim == 2 and np.ndim(t) == 0:
        return sl.fractional_matrix_power(a, float(t))
    leading = np.broadcast_shapes(a.shape[:-2], np.shape(t))
    full = np.broadcast_to(a, (*leading, *a.shape[-2:]))
    if 0 in leading:
        return np.zeros(full.shape, a.dtype)
    t = np.broadcast_to(t, leading)
    made = [sl.fractional_matrix_power(full[k], float(t[k])) for k in np.ndindex(*leading)]
    return np.reshape(np.stack(made), full.shape)


def _batch_power(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    return primitive(*stacks_of(size, args, batched, (2, 0)))


@general(_power, name="fractional_matrix_power", batch=_batch_power)
def power(y: Array, a: Array, t: Array) -> Any:
    """``Y = A^t``:  a block of the power of a larger matrix for A, ``dY = log(A) A^t dt`` for t.
    [Mathias 1996, thm 2.1; Higham 2008, sec. 11.1]"""
    n = a.shape[-1]
    regular = _factor(a)

    def derivative(b: Array, e: Array) -> Array:
        top = np.concatenate([b, e], axis=-1)
        bottom = np.concatenate([np.zeros(b.shape, b.dtype), b], axis=-1)
        return regular * power(np.concatenate([top, bottom], axis=-2), t)[..., :n, n:]

    def push(da: Array, dt: Array) -> Array:
        return derivative(a, da) + dt[..., None, None] * (logm(a) @ y)

    def pull(ct: Array) -> Any:
        to_exponent = lambda: np.sum(ct * (logm(a) @ y), axis=(-2, -1))
        return lambda: derivative(T(a), ct), to_exponent

    return push, pull
