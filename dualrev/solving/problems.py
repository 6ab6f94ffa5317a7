"""`Problem`: what a solver solves, and its solution as a primitive.

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
from typing import Any

import numpy as np

from ..engine.nesting import outside
from ..errors import ConvergenceError, UnsupportedArgumentError, explain, user_line
from ..primitive import Array, Tracer
from ..rules.forms import General
from ..transforms import jvp, vjp, vmap
from .layouts import Layout
from .systems import Examples, System, linearized, solution_of

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
        found = found_in(self.result)
        layout = Layout.of(found, f"the solution of {self.name}")
        vector = layout.ravel(found, "the solution")
        if isinstance(vector, Tracer):
            refuse_hidden(self.name)
        self.layout = layout
        return np.array(vector)

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
