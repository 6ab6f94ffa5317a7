"""`scipy.sparse.linalg`: direct solvers with traced right sides; the others refuse traced arguments."""

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as _sparse
import scipy.sparse.linalg as _original

from ...fronts.keywords import as_shaped
from ...fronts.packing import holds_tracers
from ...rules.sparse_systems import solve_factored
from ..mirror import drop_in as _drop_in
from ..mirror import face as _face
from ..mirror import no_rule as _no_rule
from ..mirror import table as _table
from ..mirror import with_refusals as _with_refusals

_DENSE = (
    "use a dense matrix, np.linalg.solve; or dr.linear_solve, with linear='sparse' and the product of "
    "the matrix with a vector as its function"
)


def _right_side(b: Any) -> Any:
    b = as_shaped(b)
    return b if b.dtype.kind in "fc" else b.astype(np.float64)


@_drop_in(_original.spsolve)
def spsolve(A: Any, b: Any, permc_spec: Any = None, use_umfpack: bool = True) -> Any:
    """By SuperLU, in the right side."""
    if holds_tracers(A):
        _no_rule("scipy.sparse.linalg.spsolve in its matrix", _DENSE)
    b = _right_side(b)
    A = _sparse.csc_array(A)
    A = A.astype(np.promote_types(A.dtype, np.empty(0, b.dtype).real.dtype))
    if A.shape[0] != A.shape[1] or b.ndim not in (1, 2) or b.shape[0] != A.shape[0]:
        raise ValueError(f"matrix - rhs dimension mismatch ({A.shape} - {b.shape[0]})")
    if b.ndim == 2 and b.shape[1] == 1:
        b = b[:, 0]
    return solve_factored(b, lu=_original.splu(A, permc_spec or "COLAMD"), trans="N")


def factorized(A: Any) -> Callable[[Any], Any]:
    """As SciPy's, and of traced right sides."""
    plainly = _original.factorized(A)
    factors: list[Any] = []

    def solve(b: Any) -> Any:
        if not holds_tracers(b):
            return plainly(b)
        if not factors:
            matrix = _sparse.csc_array(A)
            kept = matrix if matrix.dtype.kind in "fc" else matrix.astype(np.float64)
            factors.append(_original.splu(kept))
        return solve_factored(_right_side(b), lu=factors[0], trans="N")

    return solve


factorized.__wrapped__ = _original.factorized  # type: ignore[attr-defined]

FUNCTIONS = _with_refusals(
    _original,
    _table(spsolve, factorized),
    [name for name in _original.__all__ if name not in ("use_solver", "aslinearoperator")],
)
_names, __getattr__ = _face(_original, FUNCTIONS)
globals().update(_names)
