"""`implicit`: any solver made differentiable at its solution, by the implicit function theorem.

If ``F(z(a), a) = 0`` then, however ``z`` was found::

    F_z dz + F_a da = 0        dz = -F_z^-1 F_a da        [Griewank & Walther 2008, ch. 15]

and, transposed, ``ct_a = -F_a^T F_z^-T ct``. Both are products with the residual's own JVP and
VJP around one linear system, which is a primitive with a rule of its own (`systems`): so every
mode and order follows, and no matrix is formed unless a method asks for one.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from types import MethodType
from typing import Any

import numpy as np

from .. import tree
from ..adoption import ACTIVE, adopted
from ..buffer import settled
from ..engine.nesting import outside
from ..errors import (
    ConvergenceError,
    UnsupportedArgumentError,
    explain,
    user_line,
)
from ..fronts.packing import as_array
from ..primitive import RUNNING, Array, Tracer, Tree
from ..rules.forms import General
from ..transforms import jvp, stop_gradient, vjp, vmap
from .captures import captured
from .layouts import Layout
from .methods import check_method
from .systems import Examples, System, linearized, solution_of

MODES = ("implicit", "unrolled", "one-step", "neumann")
NEAR_ZERO = 1e-4  # a step: then what counts is how much the derivative changes
FAR = 1e-2  # relative distance to the solution from which there is no derivative at all


class AccuracyWarning(UserWarning):
    """A solver stopped before its solution: the derivative is wrong by about as much."""


class Problem:
    """One call: what is solved, and for which values.

    Attributes
    ----------
    solution : callable
        ``solution(*leaves)``: calls the solver on plain leaves; returns its solution, a tree.
    equations : callable
        ``equations(z, *leaves)``: what vanishes, for a tree ``z``.
    layout : Layout
        Of the solution; known when it was solved.
    result : object
        What the solver returned last.
    """

    def __init__(
        self,
        solver: Callable[..., Any],
        equations: Callable[..., Any],
        options: dict[str, Any],
        tol: float | None,
        sparse: Any,
        name: str,
    ) -> None:
        self.solver, self.equations = solver, equations
        self.tol, self.name = tol, name
        self.layout: Any = None
        self.result: Any = None
        self.system: System = linearized(self.residual, options, sparse, self.judge)

    def solve(self, *leaves: Any) -> np.ndarray:
        """The solution as a vector, of plain leaves."""
        with outside():  # a solver may write to its arguments
            self.result = self.solver(*[np.array(x) if np.ndim(x) else x for x in leaves])
        layout, parts = Layout.of(found_in(self.result), f"the solution of {self.name}")
        if any(isinstance(part, Tracer) for part in parts):
            refuse_hidden(self.name)
        self.layout = layout
        return np.array(layout.ravel(found_in(self.result), "the solution"))

    def residual(self, z: Array, *leaves: Array) -> Array:
        """The equations at a vector, as a vector."""
        return self.layout.ravel(
            self.equations(self.layout.unravel(z), *leaves), f"the residual of {self.name}"
        )

    def judge(self, given: Sequence[Any]) -> None:
        """Warn where the solver stopped too early: one Newton step tells how far that is.

        It is not taken where the residual is nothing beside the terms that cancel in it."""
        z, *leaves = given
        residual = self.residual(z, *leaves)
        if isinstance(residual, Tracer):
            refuse_hidden(self.name)
        if self.tol is None or not residual.size:
            return
        scale, eps = np.max(np.abs(z)), np.finfo(z.dtype).eps
        terms = np.max(np.abs(self.system.push(z, z, *leaves)))  # that cancel in the residual
        if np.max(np.abs(residual)) <= max(1e-6 * self.tol, eps) * terms:
            return
        newton = solution_of(residual, *given, system=self.system)
        step = np.max(np.abs(newton))
        distance = step / scale if scale else step
        tol = max(self.tol, 1e3 * eps)
        if distance <= tol:
            return
        if scale <= FAR and step <= NEAR_ZERO:  # a relative distance says nothing there
            distance = min(distance, self._change(given, z - newton))
            if distance <= tol:
                return
        what = (
            f"{self.name} is differentiated where it is not solved: the residual is "
            f"{np.max(np.abs(residual)):.1e}, and the solution is some {distance:.0e} away, relative to "
            "its size."
        )
        if not distance <= FAR:
            raise ConvergenceError(
                explain(
                    what,
                    "see that the solver converges (a tighter tolerance, more iterations, a better "
                    "start), and that residual is what it solves; tol=None leaves this check out",
                )
            )
        warnings.warn(
            AccuracyWarning(
                f"{what} The derivative is wrong by about as much: tighten the solver's tolerance.\n"
                f"  called in {user_line()}"
            ),
            stacklevel=2,
        )

    def _change(self, given: Sequence[Any], better: np.ndarray) -> float:
        """How much a derivative changes, relative to its size, if it is taken at `better`."""
        z, *leaves = given
        rng = np.random.default_rng(0)
        changes = [
            (rng.standard_normal(np.shape(x)) * (1 + np.abs(x))).astype(x.dtype) for x in leaves
        ]

        def slope(z: np.ndarray) -> np.ndarray:
            at = functools.partial(self.residual, z)
            _, change = jvp(at, tuple(leaves), tuple(changes))
            return self.system.factors.made([z, *leaves], z.size).solve(change[None], False)[0]

        here, there = slope(z), slope(better)
        size = np.max(np.abs(here))
        return float(np.max(np.abs(there - here)) / size) if size else 0.0


def refuse_hidden(name: str) -> None:
    raise UnsupportedArgumentError(
        explain(
            f"{name} uses a traced value that is neither an argument nor in a closure.",
            "pass it as an argument of the solver and of the residual",
        )
    )


def found_in(result: Any) -> Any:
    """The solution in what a solver returned: itself, or its ``x`` or ``root``."""
    for name in ("x", "root"):
        if hasattr(result, name) and (hasattr(result, "success") or hasattr(result, "converged")):
            return getattr(result, name)
    return result


class _Examples(Problem):
    """The same problem for all examples of a batch; solved one after another."""

    def __init__(self, one: Any, axes: tuple[int | None, ...]) -> None:
        self.one, self.axes, self.tol, self.name = one, axes, one.tol, one.name
        self.system = Examples(one.system, (0, *axes))

    def solve(self, *leaves: Any) -> np.ndarray:
        size = next(len(x) for x, a in zip(leaves, self.axes, strict=True) if a is not None)
        found = []
        for k in range(size):
            row = [x if a is None else x[k] for x, a in zip(leaves, self.axes, strict=True)]
            found.append(self.one.solve(*row))
        if not found:
            raise UnsupportedArgumentError(
                explain(f"{self.name} for no examples at all.", "give one example at least")
            )
        return np.stack(found)

    def residual(self, z: Array, *leaves: Array) -> Array:
        return vmap(self.one.residual, (0, *self.axes))(z, *leaves)


def _batch(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    axes = tuple([0 if is_batched else None for is_batched in batched])
    return solution(*args, problem=_Examples(params["problem"], axes))


def _solve(*leaves: Any, problem: Problem) -> Any:
    return problem.solve(*leaves)


def _rule(z: Array, *leaves: Array, problem: Problem) -> tuple[Any, Any]:
    def at_solution(*leaves: Array) -> Array:
        return problem.residual(z, *leaves)

    def push(*changes: Array) -> Array:
        change = jvp(at_solution, leaves, changes)[1]
        return solution_of(-change, z, *leaves, system=problem.system)

    def pull(ct: Array) -> tuple[Any, ...]:
        w = solution_of(ct, z, *leaves, system=problem.system.transposed)
        return vjp(at_solution, *leaves)[1](-w)

    return push, pull


solution = General(_solve, _rule, "implicit solution", batch=_batch)
"""``solution(*leaves, problem=problem)``: the ``z`` for which ``problem.residual(z, *leaves)`` is zero."""


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
        check_method(options["method"])
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
    options = {
        "method": linear,
        "symmetric": symmetric,
        "positive": positive_definite,
        "contracts": False,
    }
    if solver is None:
        return lambda solver: Implicit(residual, solver, mode, terms, tol, options)
    return Implicit(residual, solver, mode, terms, tol, options)
