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
from .equations import solve_sylvester
from .forms import General, general
from .forms.batching import BatchRule, InBatch, stacked
from .linalg import H, T, diagonal, inverse, symmetric
from .solvers import mirror_image
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


@general(
    lambda a, lower: sl.inv(a, check_finite=False),
    name="inv",
    batch=lambda primitive, size, args, batched, params: la.inv(*args),
)
def inv(y: Array, a: Array, lower: bool) -> Any:
    """``Y = A^-1``:  ``dY = -Y dA Y``. [Giles 2008, 2.2.3]"""
    return (lambda da: -y @ da @ y), (lambda ct: (-T(y) @ ct @ T(y),))


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
    return (lambda da: solve_sylvester(y, y, da)), (lambda ct: solve_sylvester(T(y), T(y), ct))


# -- functions of matrices -------------------------------------------------------------------


def matrix_function(fun: Callable[..., Any], name: str, batch: BatchRule | None = None) -> General:
    """``Y = f(A)``, whose Frechet derivative is a block of ``f`` of a larger matrix.

    ``f([[A, E], [0, A]]) = [[f(A), L(A, E)], [0, f(A)]]``, exact also where eigenvalues
    repeat; the transpose of ``E -> L(A, E)`` is ``L(A^T, .)``. [Mathias 1996, thm 2.1;
    Higham 2008, eq. 3.16]
    """

    def rule(y: Array, a: Array, **params: Any) -> Any:
        """``f([[A, dA], [0, A]]) = [[Y, dY], [0, Y]]``. [Mathias 1996, thm 2.1]"""
        n = a.shape[-1]

        def derivative(b: Array, e: Array) -> Array:
            top = np.concatenate([b, e], axis=-1)
            bottom = np.concatenate([np.zeros(b.shape, b.dtype), b], axis=-1)
            block = np.concatenate([top, bottom], axis=-2)
            return made(block, **params)[..., :n, n:]

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
logm = matrix_function(sl.logm, "logm", _batch_by_scipy)
cosm = matrix_function(sl.cosm, "cosm", _by_exponentials(lambda a: _waves(a)[0]))
sinm = matrix_function(sl.sinm, "sinm", _by_exponentials(lambda a: _waves(a)[1]))
tanm = matrix_function(sl.tanm, "tanm", _by_exponentials(lambda a: la.solve(*_waves(a))))
coshm = matrix_function(sl.coshm, "coshm", _by_exponentials(lambda a: _hyperbolic(a)[0]))
sinhm = matrix_function(sl.sinhm, "sinhm", _by_exponentials(lambda a: _hyperbolic(a)[1]))
tanhm = matrix_function(sl.tanhm, "tanhm", _by_exponentials(lambda a: la.solve(*_hyperbolic(a))))
fractional_power = matrix_function(
    lambda a, t: sl.fractional_matrix_power(a, t), "fractional_matrix_power", _batch_by_scipy
)
