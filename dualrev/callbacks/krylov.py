"""Newton's method with Krylov solves and exact products: where SciPy's private parts are used.

SciPy's `KrylovJacobian` takes every product with the Jacobian from a difference of ``F``. Here it
is the exact one. What is private in SciPy (``nonlin_solve``) is asked for in `_private` alone; if it
is missing, the public functions are given a linear solver that uses exact products.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize
from scipy.sparse import linalg
from scipy.sparse.linalg import LinearOperator

Product = Callable[[np.ndarray, np.ndarray], np.ndarray]  # x, v -> J(x) v

_METHODS = ("bicgstab", "gmres", "lgmres", "cgs", "minres", "tfqmr")


def _private() -> tuple[Any, Any]:
    """SciPy's class of Krylov Jacobians and its Newton iteration, or ``None``."""
    try:
        from scipy.optimize._nonlin import KrylovJacobian, nonlin_solve
    except ImportError:  # pragma: no cover
        return None, None
    return KrylovJacobian, nonlin_solve


_Base, _nonlin_solve = _private()


if _Base is not None:

    class ExactKrylov(_Base):  # type: ignore[misc, valid-type]
        """SciPy's `KrylovJacobian` whose products are exact; for `nonlin_solve`.

        Parameters
        ----------
        product : callable
            ``product(x, v)``, the Jacobian at ``x`` times ``v``.
        **options
            `method`, `inner_maxiter`, `inner_M`, `outer_k` and so on, as of `newton_krylov`.
        """

        def __init__(self, product: Product, **options: Any) -> None:
            super().__init__(**options)
            self._product = product

        def _update_diff_step(self) -> None:
            self.omega = 0.0  # no differences are taken

        def matvec(self, v: np.ndarray) -> np.ndarray:
            return self._product(self.x0, v)

else:  # pragma: no cover
    ExactKrylov = None  # type: ignore[assignment, misc]


class ExactSolver:
    """A linear solver for SciPy's public functions that uses exact products.

    They call it as ``solver(operator, residual)`` and do not say at which point; it is the one where
    the function has this value.

    Parameters
    ----------
    product_at : callable
        ``product_at(residual)``: the product ``v -> J v`` where the function has this value, or
        ``None`` if that is not known; then it is SciPy's own, by differences.
    method : str or callable
        SciPy's solver underneath.
    """

    def __init__(self, product_at: Callable[[np.ndarray], Any], method: Any) -> None:
        self._product_at = product_at
        self._method = getattr(linalg, method) if method in _METHODS else method
        self._is_lgmres = method == "lgmres"
        self._outer: list[Any] = []  # directions that LGMRES carries from one solve to the next
        self.__signature__ = inspect.signature(self._method)  # SciPy looks at its parameters

    def __call__(self, op: LinearOperator, rhs: np.ndarray, **options: Any) -> Any:
        product = self._product_at(rhs)
        if product is not None:
            op = LinearOperator(op.shape, product, dtype=np.float64)
        if self._is_lgmres:  # as `KrylovJacobian` would set it up
            options["maxiter"] = 1
            options.setdefault("outer_v", self._outer)
            options.setdefault("prepend_outer_v", True)
            options.setdefault("store_outer_Av", False)
        options.setdefault("atol", 0.0)
        return self._method(op, rhs, **options)


def solve(
    F: Callable[[np.ndarray], np.ndarray],
    x0: np.ndarray,
    product: Product,
    product_at: Callable[[np.ndarray], Any],
    inner: dict[str, Any],
    options: dict[str, Any],
) -> np.ndarray:
    """A root of `F` by Newton's method; `inner` are options of the linear solves.

    Raises
    ------
    scipy.optimize.NoConvergence
    """
    if _nonlin_solve is not None:
        jacobian = ExactKrylov(product, **inner)
        return np.asarray(_nonlin_solve(F, x0, jacobian=jacobian, **options))
    inner = dict(inner)
    solver = ExactSolver(product_at, inner.pop("method", "lgmres"))
    return np.asarray(optimize.newton_krylov(F, x0, method=solver, **inner, **options))
