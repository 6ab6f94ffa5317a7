"""`Constraint`: bounds on a function, in the forms that SciPy's minimizers take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from scipy import optimize
from scipy.sparse import issparse
from scipy.sparse.linalg import LinearOperator

from .. import sparse as _sparse
from ..errors import DualrevError, StructureError, UnsupportedArgumentError, explain
from ..transforms import hessian, hvp
from ..tree import as_tuple
from .affine import is_affine
from .base import Settings
from .compressed import Compressed, hess_products
from .evaluation import kept
from .methods import SMALL
from .operators import ProductOperator
from .values import owned, vector_of
from .vector import VectorCallbacks


class Constraint(VectorCallbacks):
    """A constraint ``lb <= c(x, *args) <= ub`` with exact Jacobians and Hessians.

    Parameters
    ----------
    c : callable
        ``c(x, *args)``, plain NumPy; returns a number or a vector.
    lb, ub : array_like
        Bounds; equal ones make an equation, infinite ones none.
    args : tuple
        For `c`; SciPy passes none to constraints.
    sparse : {"auto", True, False}
        Whether ``trust-constr`` gets sparse Jacobians and Hessians; by default where the colouring
        takes so few products that it pays. All constraints of a problem must agree:
        `Objective.minimize` sees to it.
    keep_feasible : bool
        As in SciPy's `NonlinearConstraint`.
    cache, compile, check, nan, adopt, progress, like
        As in `Objective`.

    Notes
    -----
    The callbacks `fun`, `jac`, `jac_sparse`, `jac_op` and `hess` stand for themselves too.
    ``hess(x, v)`` is the Hessian of ``v @ c(x)``.

    Examples
    --------
    >>> ring = Constraint(lambda x: np.sum(x**2), 1.0, 4.0)
    >>> from dualrev.callbacks import Objective
    >>> height = Objective(lambda x: x[1] + 0.1 * x[0] ** 2)
    >>> found = height.minimize([1.5, 0.5], method="trust-constr", constraints=ring)
    >>> print(np.abs(found.x).round(3))
    [0. 2.]
    >>> [d["type"] for d in ring.as_dict()]
    ['ineq']
    """

    what: ClassVar[str] = "constraint"
    callbacks: ClassVar[tuple[str, ...]] = (*VectorCallbacks.callbacks, "hess")

    def __init__(
        self,
        c: Callable[..., Any],
        lb: Any = -np.inf,
        ub: Any = np.inf,
        *,
        args: Any = (),
        sparse: bool | str = "auto",
        keep_feasible: Any = False,
        cache: int = 2,
        compile: bool = True,
        check: bool = False,
        nan: str = "raise",
        adopt: Any = None,
        progress: bool = False,
        like: Any = None,
    ) -> None:
        settings = Settings(cache, compile, check, nan, adopt, progress)
        super().__init__(c, settings, like, sparse)
        self.lb, self.ub = np.asarray(lb, float), np.asarray(ub, float)
        if np.any(self.lb > self.ub) or np.isnan(self.lb).any() or np.isnan(self.ub).any():
            raise UnsupportedArgumentError(
                explain(
                    f"bounds lb={lb!r}, ub={ub!r}.", "give lb <= ub, infinite where there is none"
                )
            )
        self.args = as_tuple(args)
        self.keep_feasible = keep_feasible
        self._second = Compressed(_sparse.hessian(self._weighted()), self._programs, self._define)
        self._forms: dict[Any, str] = {}

    def _weighted(self) -> Callable[..., Any]:
        vector = self._flat(vector_of)
        return lambda x, v, *args: np.dot(v, vector(x, *args))

    def _define(self, kind: str) -> Callable[..., Any]:
        if kind == "hess":
            return hessian(self._weighted())
        if kind == "hvp":
            weighted = self._weighted()
            return lambda x, p, v, *args: hvp(weighted, x, p, v, *args)
        if kind == "hess_products":
            return hess_products(self._weighted())
        return super()._define(kind)

    # -- second derivatives ------------------------------------------------------------------------

    def hess(self, x: Any, v: Any, *args: Any) -> Any:
        """The Hessian of ``v @ c(x)``: an array, a ``csr_array``, or a linear operator."""
        x, v = self._vector(x), np.array(v, float).reshape(-1)
        key = x.size, v.size
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = self._form(x, v, args)
        if form == "operator":
            return self._operator(x.copy(), v, kept(args))
        point = self._at(x, v, *args)
        if "hess" in point:
            self._state.tally.hits += 1
        elif form == "sparse":
            matrix = self._timed("hess_sparse", self._second.matrix, x, v, *args)
            self._allowed("the Hessian", x, matrix.data)
            point["hess"] = matrix
        else:
            h = owned(self._run("hess", x, v, *args), (x.size, x.size))
            point["hess"] = self._allowed("the Hessian", x, 0.5 * (h + h.T))
        return point["hess"].copy()

    def _form(self, x: np.ndarray, v: np.ndarray, args: tuple[Any, ...]) -> str:
        if self.sparse is True:
            return "sparse"
        if x.size <= SMALL:
            return "dense"
        try:
            pays = self.sparse == "auto" and self._second.pays(x, np.ones_like(v), *args)
        except DualrevError:
            pays = False
        return "sparse" if pays else "operator"

    def _operator(self, x: np.ndarray, v: np.ndarray, args: tuple[Any, ...]) -> LinearOperator:
        def push(p: np.ndarray) -> np.ndarray:
            return self._allowed("a product", x, owned(self._run("hvp", x, p, v, *args), x.shape))

        def push_all(rows: np.ndarray) -> np.ndarray:
            found = owned(self._run("hess_products", x, rows, v, *args), rows.shape)
            return self._allowed("a product", x, found)

        return ProductOperator((x.size, x.size), push, push, push_all, push_all)

    # -- for solvers -------------------------------------------------------------------------------

    def nonlinear(self, args: Any = None) -> optimize.NonlinearConstraint:
        """SciPy's `NonlinearConstraint`, with the Jacobian and the Hessian."""
        closed = self.closed(self._args(args))
        return optimize.NonlinearConstraint(
            closed.fun,
            self.lb,
            self.ub,
            jac=closed.jac_auto,
            hess=closed.hess,
            keep_feasible=self.keep_feasible,
        )

    def as_dict(self, kind: str | None = None, args: Any = None) -> list[dict[str, Any]]:
        """The dicts that SLSQP and COBYLA take: one for equations, one for inequalities.

        Parameters
        ----------
        kind : {None, "eq", "ineq"}
            Only those; by default both, as far as the bounds have them.
        args : tuple, optional
            Instead of the constraint's own.
        """
        if kind not in (None, "eq", "ineq"):
            raise UnsupportedArgumentError(
                explain(f"kind={kind!r} is unknown.", "give 'eq', 'ineq', or nothing for both")
            )
        equal = np.broadcast_arrays(self.lb, self.ub)
        is_equation = equal[0] == equal[1]
        is_bounded = ~is_equation & (np.isfinite(equal[0]) | np.isfinite(equal[1]))
        given = self._args(args)
        found = []
        for name, present in (("eq", is_equation.any()), ("ineq", is_bounded.any())):
            if present and kind in (None, name):
                side = _Side(self, name)
                found.append({"type": name, "fun": side.fun, "jac": side.jac, "args": given})
        return found

    def is_affine(self, x: Any, args: Any = None) -> bool:
        """Whether it is proved that ``c(x) = A x + b``, for vectors of the size of `x`."""
        given, c = self._args(args), self._recordable(self._flat(vector_of))
        return is_affine(lambda x: c(x, *given), self._vector(x))

    def linear(self, x: Any, args: Any = None) -> optimize.LinearConstraint:
        """SciPy's `LinearConstraint`, if it is proved that `c` is affine.

        Parameters
        ----------
        x : array_like
            Any point: it says how many variables there are.
        args : tuple, optional
            Instead of the constraint's own.

        Raises
        ------
        UnsupportedArgumentError
            `c` is not affine, or not known to be.

        Examples
        --------
        >>> budget = Constraint(lambda x: np.sum(x) - 1.0, 0.0, 0.0)
        >>> made = budget.linear(np.zeros(3))
        >>> print(made.A, made.lb, made.ub)
        [[1. 1. 1.]] [1.] [1.]
        """
        if not self.is_affine(x, args):
            raise UnsupportedArgumentError(
                explain(
                    f"{self.name} is not known to be affine.",
                    "use nonlinear(); an affine function has sums and constant factors only, and "
                    "no branches",
                )
            )
        given, zero = self._args(args), np.zeros_like(self._vector(x))
        b, matrix = self.fun(zero, *given), self.jac_auto(zero, *given)
        return optimize.LinearConstraint(matrix, self.lb - b, self.ub - b, self.keep_feasible)

    def for_method(self, method: str, x: np.ndarray) -> list[Any]:
        """The constraint as a method of `minimize` takes it."""
        if method == "slsqp":
            return list(self.as_dict())
        _Side(self, "ineq").fun(x, *self.args)  # refuses bounds of another size
        if self.is_affine(x):
            made = self.linear(x)
            if method != "trust-constr" and issparse(made.A):
                made.A = made.A.toarray()  # the others join it with dense matrices
            return [made]
        if method == "trust-constr":
            return [self.nonlinear()]
        return [optimize.NonlinearConstraint(self.closed(self.args).fun, self.lb, self.ub)]

    def _args(self, args: Any) -> tuple[Any, ...]:
        if args is None:
            return self.args
        return as_tuple(args)


class _Side:
    """The equations, or the inequalities ``>= 0``, of a constraint: values and Jacobians."""

    def __init__(self, constraint: Constraint, kind: str) -> None:
        self.constraint, self.kind = constraint, kind

    def fun(self, x: Any, *args: Any) -> np.ndarray:
        c = self.constraint.fun(x, *args)
        lb, ub, lower, upper = self._rows(c.size)
        if self.kind == "eq":
            return c[lower] - lb[lower]
        return np.concatenate([c[lower] - lb[lower], ub[upper] - c[upper]])

    def jac(self, x: Any, *args: Any) -> np.ndarray:
        j = self.constraint.jac(x, *args)
        _, _, lower, upper = self._rows(len(j))
        return j[lower] if self.kind == "eq" else np.concatenate([j[lower], -j[upper]])

    def _rows(self, m: int) -> tuple[np.ndarray, ...]:
        """Bounds, and which of them count from below and from above."""
        try:
            lb, ub = (np.broadcast_to(b, (m,)) for b in (self.constraint.lb, self.constraint.ub))
        except ValueError:
            raise StructureError(
                explain(
                    f"{self.constraint.name} has {m} values, its bounds "
                    f"{np.broadcast(self.constraint.lb, self.constraint.ub).size}.",
                    "give one bound, or one for each value",
                )
            ) from None
        equal = lb == ub
        if self.kind == "eq":
            return lb, ub, equal, equal
        return lb, ub, ~equal & np.isfinite(lb), ~equal & np.isfinite(ub)
