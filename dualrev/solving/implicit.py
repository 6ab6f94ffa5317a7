"""`implicit`: any solver made differentiable at its solution, by the implicit function theorem.

What its arguments and closures hold of traced values is taken out (`captures`), given to a primitive
(`problems`), and put in again where solver and residual are called.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any

import numpy as np

from .. import tree
from ..adoption import ACTIVE, adopted
from ..buffer import settled
from ..errors import UnsupportedArgumentError, explain
from ..fronts.packing import as_array
from ..primitive import RUNNING, Tracer, Tree
from ..transforms import stop_gradient
from .captures import captured
from .methods import options_of
from .problems import Problem, found_in, refuse_hidden, solution

MODES = ("implicit", "unrolled", "one-step", "neumann")


class Implicit:
    """A solver that is differentiated at its solution; made by `implicit`."""

    def __init__(
        self,
        residual: Callable[..., Any],
        solver: Callable[..., Any],
        mode: str,
        terms: int,
        tol: float | None,
        options: dict[str, Any],
        name: str | None = None,
    ) -> None:
        if mode not in MODES:
            raise UnsupportedArgumentError(
                explain(f"mode={mode!r} is unknown.", f"choose one of {', '.join(MODES)}")
            )
        if not isinstance(terms, (int, np.integer)) or terms < 1:
            raise UnsupportedArgumentError(
                explain(f"terms={terms!r} is not a positive integer.", "give one")
            )
        self._residual, self._solver = residual, solver
        self._mode, self._terms, self._tol = mode, terms, tol
        self._options = options
        self._name = name or str(getattr(solver, "__name__", "the solver"))
        self._sparse: Any = None
        functools.update_wrapper(self, solver, updated=())

    def __call__(self, *args: Tree, **kwargs: Any) -> Tree:
        return self.solve(args, kwargs)[0]

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: the instance is the first argument of solver and residual."""
        return self if instance is None else MethodType(self, instance)

    def solve(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Tree, Any]:
        """The solution, and what the solver returned."""
        if self._mode == "unrolled":
            result = self._solver(*args, **kwargs)
            return found_in(result), result
        leaves, restore = captured(self._residual, self._solver, args, kwargs)
        if not leaves:
            result = self._solver(*args, **kwargs)
            if RUNNING.get():
                self._check_hidden(found_in(result), args, kwargs)
            return found_in(result), result
        problem = self._problem(restore)
        if self._mode == "implicit":
            z = solution(*leaves, problem=problem)
            return problem.layout.unravel(z), problem.result
        z = solution(*[stop_gradient(leaf) for leaf in leaves], problem=problem)
        for _ in range(1 if self._mode == "one-step" else self._terms):
            z = z - problem.residual(z, *leaves)
        return problem.layout.unravel(z), problem.result

    def _check_hidden(self, z: Tree, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Refuse what the residual uses, but `captured` does not find."""
        found = self._residual(z, *args, **kwargs)
        if any(isinstance(settled(as_array(x)), Tracer) for x in tree.flatten((z, found))[0]):
            refuse_hidden(self._name)

    def _problem(self, restore: Callable[[Sequence[Any]], tuple[Any, ...]]) -> Problem:
        def solver(*leaves: Any) -> Any:
            _, solve, args, kwargs = restore(leaves)
            return solve(*args, **kwargs)

        def equations(z: Any, *leaves: Any) -> Any:
            residual, _, args, kwargs = restore(leaves)
            return residual(z, *args, **kwargs)

        # The rule calls these in a sweep, when the code that is adopted now no longer is.
        targets = tuple([t for adoption in ACTIVE.values() for t in adoption.targets])
        equations = adopted(equations, targets or None)
        return Problem(solver, equations, self._options, self._tol, self._matrix, self._name)

    def _matrix(self, f: Callable[..., Any], z: np.ndarray) -> Any:
        """A sparse Jacobian, whose pattern is found once."""
        if self._sparse is None:
            from ..sparse import jacobian

            self._sparse = jacobian(lambda z, f: f(z))
        return self._sparse(z, f)

    def __repr__(self) -> str:
        return f"<{self._name}, differentiated at its solution>"


def implicit(
    residual: Callable[..., Any],
    solver: Callable[..., Any] | None = None,
    *,
    linear: Any = "auto",
    symmetric: bool = False,
    positive_definite: bool = False,
    mode: str = "implicit",
    terms: int = 10,
    tol: float | None = 1e-6,
) -> Any:
    """Make any solver differentiable, at its solution, by the implicit function theorem.

    Parameters
    ----------
    residual : callable
        ``residual(z, *args, **kwargs)``: what vanishes at the solution ``z``, as many numbers as
        ``z`` has; any tree of arrays. Plain NumPy.
    solver : callable, optional
        ``solver(*args, **kwargs)`` returns the solution, a tree of arrays, or SciPy's
        ``OptimizeResult`` or ``RootResults``. It sees plain numbers only: it may be SciPy's, your
        loop, compiled code. Without it `implicit` is a decorator for the solver.
    linear : str or callable
        How linear systems with the Jacobian of the residual are solved. ``"auto"``: LU up to 32
        unknowns, then Krylov methods on products, and LU again where these fail. ``"dense"``;
        ``"sparse"``: LU of the Jacobian read from few products; ``"cg"``, ``"minres"``,
        ``"gmres"``, ``"bicgstab"``; ``"iterate"``: the adjoint fixed-point iteration, for
        ``residual = z - g(z)`` where ``g`` contracts; ``"diagonal"``: the unknowns are independent;
        or a function ``solve(matvec, b)``.
    symmetric, positive_definite : bool
        What is known of the Jacobian: MINRES and conjugate gradients, Cholesky factors.
    mode : {"implicit", "unrolled", "one-step", "neumann"}
        ``"unrolled"`` differentiates the solver's own steps, which must be NumPy. ``"one-step"``
        differentiates one step ``z - residual(z)`` from the solution, ``"neumann"`` as many as
        `terms` says: cheap, and wrong by the rate of convergence to that power.
        [Bolte, Pauwels & Vaiter 2023]
    terms : int
        Of the Neumann series.
    tol : float or None
        A derivative of a solution that is farther away from the true one, relative to its size,
        gives an `AccuracyWarning`; from 1e-2 an error. ``None``: no check.

    Returns
    -------
    callable
        The solver, with its arguments and a tree of arrays as result; differentiable in both
        modes, to any order, and under `vmap`, in its arguments and in whatever `residual` and
        `solver` close over. An argument that `residual` ignores, as a starting point, has
        derivative zero. On plain arguments it is the solver.

    Raises
    ------
    ConvergenceError
        A derivative is taken far from the solution, or a linear system is not solved.
    SingularSystemError
        The Jacobian at the solution is singular: there is no derivative.
    StructureError
        The residual has not as many numbers as there are unknowns.

    Notes
    -----
    Forward mode costs one JVP of the residual and one linear system, reverse mode one VJP and one
    transposed system, whatever the solver costs. Factors are kept for all directions and orders
    at one point. Derivatives of a higher order come from differentiating the rule, not the solver.
    [Griewank & Walther 2008, ch. 15; Christianson 1994; Blondel et al. 2022]

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> from scipy import optimize
    >>> def kepler(E, e, M):  # E - e sin E = M
    ...     return E - e * np.sin(E) - M
    >>> def solve(e, M):
    ...     return optimize.brentq(kepler, 0.0, 7.0, args=(e, M), xtol=1e-15)
    >>> E = dr.implicit(kepler, solve)
    >>> slope = dr.grad(E, argnums=1)(0.3, 1.0)
    >>> bool(np.isclose(slope, 1 / (1 - 0.3 * np.cos(E(0.3, 1.0)))))
    True
    """
    options = options_of(linear, symmetric, positive_definite)
    if solver is None:
        return lambda solver: Implicit(residual, solver, mode, terms, tol, options)
    return Implicit(residual, solver, mode, terms, tol, options)
