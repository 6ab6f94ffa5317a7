"""Determinants, norms, and functions of matrices in `scipy.linalg`."""

from __future__ import annotations

from contextvars import Context
from typing import Any

import numpy as np
import scipy.linalg as sl

from ...fronts.packing import holds_tracers
from ...rules import factors as fa
from ...rules import schur
from ...rules.insertions import insertion
from ...transforms.forward import jvp
from ..mirror import Function, Table, drop_in, no_rule, table, unsupported
from ._arguments import floating, matrix


@drop_in(sl.det)
def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    return fa.det(matrix(a, check_finite, square=True))


@drop_in(sl.norm)
def norm(
    a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True
) -> Any:
    return np.linalg.norm(floating(a, check_finite), ord, axis, keepdims)


@drop_in(sl.expm)
def expm(A: Any) -> Any:
    return fa.expm(matrix(A, False, square=True))


def _function(original: Function, primitive: Any) -> Function:
    @drop_in(original)
    def function(A: Any, **keywords: Any) -> Any:
        if keywords:
            unsupported(
                f"scipy.linalg.{original.__name__} of a traced matrix with {', '.join(keywords)}.",
                "leave that out",
            )
        return primitive(matrix(A, square=True))

    return function


@drop_in(sl.fractional_matrix_power)
def fractional_matrix_power(A: Any, t: Any) -> Any:
    """In the exponent too: ``d/dt A^t = log(A) A^t``. Integers are powers by products."""
    a = matrix(A, square=True)
    if holds_tracers(t):
        return fa.power(a, floating(t))
    if t == int(t):
        return np.linalg.matrix_power(a, int(t))
    return fa.fractional_power(a, t=t)


class _Derivatives:
    """Those of a function of numbers, of every order, at plain numbers."""

    def __init__(self, function: Function) -> None:
        self.chain = [function]

    def __call__(self, k: int, x: Any) -> Any:
        while len(self.chain) <= k:
            self.chain.append(self._next(self.chain[-1]))
        # As called from outside: whatever is traced, batched or recorded around is of no concern.
        y = Context().run(self._quietly, self.chain[k], x)
        if holds_tracers(y):
            no_rule(
                "scipy.linalg.funm of a function that holds traced values",
                "say it with the matrix: (v * func(w)) @ v.T with w, v = eigh(a), or stop_gradient",
            )
        return y

    @staticmethod
    def _quietly(function: Function, x: Any) -> Any:
        with np.errstate(all="ignore"):
            return function(x)

    @staticmethod
    def _next(function: Function) -> Function:
        return lambda x: jvp(function, (x,), (np.ones_like(x),))[1]


@drop_in(sl.funm)
def funm(A: Any, func: Function, disp: bool = True) -> Any:
    """Of a matrix that is not defective; eigenvalues may repeat. Where it is not symmetric the condition
    of its eigenvectors bounds the accuracy. `func` must be differentiable by dualrev."""
    if not disp:
        unsupported("scipy.linalg.funm of a traced matrix with disp=False.", "leave out disp")
    return insertion(matrix(A, square=True), f=_Derivatives(func))


@drop_in(sl.signm)
def signm(A: Any, disp: Any = True) -> Any:
    if disp is False:
        unsupported("scipy.linalg.signm of a traced matrix with disp=False.", "leave out disp")
    return schur.signm(matrix(A, square=True))


@drop_in(sl.expm_cond)
def expm_cond(A: Any, check_finite: bool = True) -> Any:
    """The 2-norm of the derivative of `expm` as a matrix, relative. [Higham 2008, sec. 3.1]"""
    a = matrix(A, check_finite, square=True)
    a = a.astype(np.result_type(a.dtype, np.float64))
    n = a.shape[-1]
    basis = np.eye(n * n, dtype=a.dtype).reshape(n * n, n, n)
    one = a[..., None, :, :]
    zeros = np.zeros((*one.shape[:-3], n * n, n, n), a.dtype)
    top = np.concatenate([one + zeros, basis + zeros], axis=-1)
    block = fa.expm(np.concatenate([top, np.concatenate([zeros, one + zeros], axis=-1)], axis=-2))
    kronecker = np.reshape(block[..., :n, n:], (*a.shape[:-2], n * n, n * n))
    size = fa.svdvals(kronecker)[..., 0]
    frobenius = lambda m: np.linalg.norm(m, axis=(-2, -1))
    return size * frobenius(a) / frobenius(fa.expm(a))


@drop_in(sl.expm_frechet)
def expm_frechet(
    A: Any, E: Any, method: Any = None, compute_expm: bool = True, check_finite: bool = True
) -> Any:
    """The blocks of the exponential of ``[[A, E], [0, A]]``. [Mathias 1996, thm 2.1]"""
    A, E = matrix(A, check_finite, square=True), matrix(E, check_finite, square=True)
    n = A.shape[-1]
    top = np.concatenate([A, E], axis=-1)
    bottom = np.concatenate([np.zeros_like(E), A], axis=-1)
    block = fa.expm(np.concatenate([top, bottom], axis=-2))
    derivative = block[..., :n, n:]
    return (block[..., :n, :n], derivative) if compute_expm else derivative


FUNCTIONS: Table = table(
    det,
    norm,
    expm,
    fractional_matrix_power,
    funm,
    signm,
    expm_cond,
    expm_frechet,
    _function(sl.sqrtm, fa.sqrtm),
    _function(sl.logm, fa.logm),
    _function(sl.cosm, fa.cosm),
    _function(sl.sinm, fa.sinm),
    _function(sl.tanm, fa.tanm),
    _function(sl.coshm, fa.coshm),
    _function(sl.sinhm, fa.sinhm),
    _function(sl.tanhm, fa.tanhm),
)

# Without a unique or smooth result, or not yet said.
REFUSED = (
    "qz", "ordqz", "cossin", "cdf2rdf", "qr_update", "qr_insert", "qr_delete", "pinvh",
    "clarkson_woodruff_transform",
)  # fmt: skip
