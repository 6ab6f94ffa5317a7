"""Factorisations and functions of matrices in `scipy.linalg`: equation, differential, source.

Where NumPy has the same factorisation the rule is its rule, and the value SciPy's: they may
choose other signs of vectors, which the rules take as they find them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg as sl

from ..primitive import Array
from . import linalg as la
from . import spectral as sp
from .forms import General, general
from .linalg import H, T, diagonal, inverse, symmetric
from .solvers import solve_sylvester
from .spectral import _gaps

# -- with the rules of NumPy's functions ------------------------------------------------------

det = General(lambda a: np.asarray(sl.det(a, check_finite=False))[()], la.det.rule, "det")
eigvals = General(lambda a: sl.eigvals(a, check_finite=False), sp.eigvals.rule, "eigvals")
eig = General(lambda a: tuple(sl.eig(a, check_finite=False)), sp.eig.rule, "eig", singular=True)
qr = General(lambda a: tuple(sl.qr(a, mode="economic", check_finite=False)), la.qr.rule, "qr")
svdvals = General(lambda a: sl.svdvals(a, check_finite=False), sp.svdvals.rule, "svdvals")


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


svd = General(_svd, sp.svd.rule, "svd", singular=True)
eigh = General(_eigh, sp.eigh.rule, "eigh", singular=True)
eigvalsh = General(_eigvalsh, sp.eigvalsh.rule, "eigvalsh")
pinv = General(_pinv, la.pinv.rule, "pinv")
lstsq = General(_lstsq, la.lstsq.rule, "lstsq")


@general(lambda a, lower: sl.inv(a, check_finite=False), name="inv")
def inv(y: Array, a: Array, lower: bool) -> Any:
    """``Y = A^-1``:  ``dY = -Y dA Y``. [Giles 2008, 2.2.3]"""
    return (lambda da: -y @ da @ y), (lambda ct: (-T(y) @ ct @ T(y),))


@general(lambda a, lower: sl.cholesky(a, lower, check_finite=False), name="cholesky")
def cholesky(y: Array, a: Array, lower: bool) -> Any:
    """``A = L L^H``, or ``A = U^H U``, the same with ``L = U^H``. [Murray 2016, eq. 8 and 10]"""
    push, pull = la.cholesky.rule(y if lower else H(y), a)
    if lower:
        return push, pull
    return (lambda da: H(push(da))), (lambda ct: pull(H(ct)))


@general(
    lambda a, b, lower: tuple(sl.eigh(a, b, lower=lower, check_finite=False)),
    name="eigh_generalised",
    singular=True,
)
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
    return tuple(sl.lu(a, permute_l=False, check_finite=False)[1:])


@general(_lu, name="lu")
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


@general(lambda a: sl.sqrtm(a), name="sqrtm")
def sqrtm(y: Array, a: Array) -> Any:
    """``Y Y = A``:  ``Y dY + dY Y = dA``;  ``Y^T ct_A + ct_A Y^T = ct``. [Higham 2008, sec. 6.1]"""
    return (lambda da: solve_sylvester(y, y, da)), (lambda ct: solve_sylvester(T(y), T(y), ct))


# -- functions of matrices -------------------------------------------------------------------


def matrix_function(fun: Callable[..., Any], name: str) -> General:
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

    made = General(fun, rule, name)
    return made


expm = matrix_function(sl.expm, "expm")
logm = matrix_function(sl.logm, "logm")
cosm = matrix_function(sl.cosm, "cosm")
sinm = matrix_function(sl.sinm, "sinm")
tanm = matrix_function(sl.tanm, "tanm")
coshm = matrix_function(sl.coshm, "coshm")
sinhm = matrix_function(sl.sinhm, "sinhm")
tanhm = matrix_function(sl.tanhm, "tanhm")
fractional_power = matrix_function(
    lambda a, t: sl.fractional_matrix_power(a, t), "fractional_matrix_power"
)
