"""Determinants, norms, and functions of matrices in `scipy.linalg`."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl

from ...fronts.packing import holds_tracers
from ...rules import factors as fa
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
    if holds_tracers(t):
        no_rule(
            "scipy.linalg.fractional_matrix_power in its exponent",
            "write expm(t * logm(A)), which has the same value",
        )
    return fa.fractional_power(matrix(A, square=True), t=t)


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
    "orth", "null_space", "subspace_angles", "schur", "rsf2csf", "hessenberg", "ldl", "rq", "qz", "ordqz",
    "cossin", "cdf2rdf", "qr_multiply", "qr_update", "qr_insert", "qr_delete", "pinvh", "funm", "signm",
    "expm_cond", "eig_banded", "eigvals_banded", "eigh_tridiagonal", "eigvalsh_tridiagonal",
    "cholesky_banded", "cho_solve_banded", "matrix_balance", "orthogonal_procrustes", "null_space", "leslie",
    "fiedler", "fiedler_companion", "convolution_matrix", "clarkson_woodruff_transform", "diagsvd",
)  # fmt: skip
