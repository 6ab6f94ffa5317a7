"""`argmin`: the place of a minimum, differentiable; with bounds and constraints.

A minimum solves its conditions of first order. With the Lagrangian ``L = f - nu c - mu g`` for
``c(z) = 0``, ``g(z) >= 0`` and ``lower <= z <= upper`` [Nocedal & Wright 2006, thm 12.1]::

    z - clip(z - L_z, lower, upper) = 0      which is  L_z = 0  where no bound is active
    c(z) = 0
    min(g(z), mu) = 0                        g = 0 or mu = 0: complementarity

These are equations with as many unknowns ``z, nu, mu``, and their derivative is that of the
active set: so the implicit function theorem applies where complementarity is strict
[Fiacco 1976, thm 2.1]. The multipliers come from the solution by a small least-squares problem.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..engine.nesting import outside
from ..errors import ConvergenceError
from ..primitive import Tree
from ..transforms import grad, hessian, hvp, jacobian, value_and_grad
from .implicit import Implicit
from .layouts import Layout
from .methods import options_of
from .newton import newton
from .problems import found_in

# Near a bound or a constraint, relative to the sizes about: then it may be active. The nearest
# ones that balance the gradient are; interior methods stop farther away than others.
NEAR = (1e-5, 1e-4, 1e-3, 1e-2)
BALANCED = 1e-3  # what may be left of the gradient
FORMED = 200  # variables up to which the Hessian is formed


class Conditions:
    """The conditions of first order of one problem, for plain or traced data.

    Everything is a function of the vector of the variables: `f` a number, `equality` and
    `inequality` vectors or ``None``, `lower` and `upper` vectors or ``None``.
    """

    def __init__(self, f: Any, equality: Any, inequality: Any, lower: Any, upper: Any) -> None:
        self.f, self.equality, self.inequality = f, equality, inequality
        self.lower, self.upper = lower, upper

    def lagrangian(self, z: Any, nu: Any, mu: Any) -> Any:
        value = self.f(z)
        if self.equality is not None:
            value = value - np.vdot(nu, self.equality(z))
        if self.inequality is not None:
            value = value - np.vdot(mu, self.inequality(z))
        return value

    def residual(self, unknown: Any) -> list[Any]:
        z, nu, mu = unknown
        slope = grad(self.lagrangian)(z, nu, mu)
        if self.lower is not None or self.upper is not None:
            slope = z - np.clip(z - slope, self.lower, self.upper)
        found = [slope]
        if self.equality is not None:
            found.append(self.equality(z))
        if self.inequality is not None:
            found.append(np.minimum(self.inequality(z), mu))
        return found

    def multipliers(self, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """``z, nu, mu``: what balances the gradient at a minimum; plain values."""
        from scipy.optimize import lsq_linear

        if self.equality is None and self.inequality is None:
            return z, np.zeros(0), np.zeros(0)
        slope = grad(self.f)(z)
        size = max(1.0, float(np.max(np.abs(z), initial=0.0)))
        distance = np.full(z.shape, np.inf)
        for bound in (self.lower, self.upper):
            if bound is not None:
                distance = np.minimum(distance, np.abs(z - bound))
        rows, gaps, low, shapes = [], [], [], []
        for constraint, least in ((self.equality, -np.inf), (self.inequality, 0.0)):
            if constraint is None:
                shapes.append(0)
                continue
            value, matrix = constraint(z), jacobian(constraint)(z)
            reach = size * np.maximum(1.0, np.max(np.abs(matrix), axis=1, initial=0.0))
            rows.append(matrix)
            gaps.append(value / reach if least == 0.0 else np.full(value.shape, -np.inf))
            low.append(np.full(value.shape, least))
            shapes.append(len(value))
        matrix, gap, lower = map(np.concatenate, (rows, gaps, low))
        left, found = np.inf, np.zeros(sum(shapes))
        for near in NEAR:
            free = distance > near * size
            active = np.where(gap > near, 0.0, matrix.T)[free]
            if active.size:
                tried = lsq_linear(active, slope[free], (lower, np.inf), tol=1e-14).x
                tried = np.where(np.any(active, axis=0), tried, 0.0)
            else:
                tried = np.zeros(sum(shapes))
            rest = np.linalg.norm(active @ tried - slope[free])
            if near == NEAR[0] or rest < 0.1 * left:
                left, found = rest, tried
            if left <= BALANCED * np.linalg.norm(slope):
                break
        return z, found[: shapes[0]], found[shapes[0] :]

    def feasible(self, z: np.ndarray) -> np.ndarray:
        """`z`, on a bound where it is as good as there: interior methods stop beside it."""
        if self.lower is None and self.upper is None:
            return z
        return np.clip(z, self.lower, self.upper)


def argmin(
    f: Callable[..., Any],
    z0: Tree,
    *args: Tree,
    bounds: Any = None,
    equality: Callable[..., Any] | None = None,
    inequality: Callable[..., Any] | None = None,
    solver: Callable[..., Any] | None = None,
    linear: Any = "auto",
    positive_definite: bool = False,
    tol: float | None = 1e-6,
) -> Tree:
    """The place ``z`` of a minimum of ``f(z, *args)``, differentiable in all that it depends on.

    Parameters
    ----------
    f : callable
        Returns one real number; plain NumPy.
    z0 : tree of array_like
        Where the solver starts; gives the shapes of the variables.
    *args : tree
        Passed on to `f` and the constraints, which may also close over what is differentiated.
    bounds : tuple (lower, upper), optional
        Numbers, arrays, or trees like `z0`; ``None`` for no bound on that side. May be traced.
    equality, inequality : callable, optional
        ``c(z, *args)``, zero at a solution; ``g(z, *args)``, not negative. Any tree of arrays.
    solver : callable, optional
        ``solver(f, z0) -> z``, for a function `f` of plain numbers. By default SciPy's
        `minimize` with exact derivatives, and Newton's method on the conditions of first order.
    linear, positive_definite, tol
        As in `implicit`. With positive_definite=True the Hessian gets Cholesky factors, or
        conjugate gradients on products (without bounds and constraints).

    Returns
    -------
    tree of arrays
        As `z0`.

    Raises
    ------
    ConvergenceError
        No minimum was found; or as in `implicit`.
    SingularSystemError
        The minimum is not isolated, or constraints depend on each other.

    Notes
    -----
    The derivative is that of the active set. Where a constraint is active but its multiplier is
    zero the solution has a kink, and one of the one-sided derivatives, or a mean of them, is given.
    [Fiacco 1976; Nocedal & Wright 2006, ch. 12]

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> def ridge(penalty):  # of a line through three points
    ...     X, y = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), np.array([1.0, 3.0, 4.0])
    ...     return dr.argmin(lambda w: np.sum((X @ w - y) ** 2) + penalty * np.sum(w**2), np.zeros(2))
    >>> bool(np.allclose(ridge(0.0), [7 / 6, 3 / 2]))
    True
    >>> bool(np.allclose(dr.jacobian(ridge)(0.0), [-2 / 9, -1 / 6]))
    True
    """
    from_z0 = Layout.of(z0, "the starting point")

    def conditions(f: Any, equality: Any, inequality: Any, bounds: Any, args: Any) -> Conditions:
        def of_vector(c: Any) -> Any:
            return None if c is None else lambda z: _vector(c(from_z0.unravel(z), *args))

        lower, upper = (None, None) if bounds is None else bounds
        return Conditions(
            lambda z: f(from_z0.unravel(z), *args),
            of_vector(equality),
            of_vector(inequality),
            _bound(lower, from_z0),
            _bound(upper, from_z0),
        )

    def solve(f: Any, c: Any, g: Any, bounds: Any, solver: Any, z0: Any, args: Any) -> Any:
        problem = conditions(f, c, g, bounds, args)
        start = np.array(from_z0.ravel(z0, "the starting point"), float)
        with outside():
            if solver is None:
                return _minimized(problem, start)
            found = found_in(solver(lambda z: f(z, *args), z0))
            z = problem.feasible(np.array(from_z0.ravel(found, "the minimum")))
            return problem.multipliers(z)

    def equations(
        z: Any, f: Any, c: Any, g: Any, bounds: Any, solver: Any, z0: Any, args: Any
    ) -> Any:
        return conditions(f, c, g, bounds, args).residual(z)

    free = bounds is None and equality is None and inequality is None
    options = options_of(linear, symmetric=free, positive=free and positive_definite)
    solved = Implicit(equations, solve, "implicit", 1, tol, options, "argmin")
    found = solved(f, equality, inequality, bounds, solver, z0, args)
    return from_z0.unravel(found[0])


def _vector(value: Any) -> Any:
    layout = Layout.of(value, "a constraint")
    return layout.ravel(value, "a constraint")


def _bound(bound: Any, layout: Layout) -> Any:
    """A bound of all variables as a vector; `bound` is one number, or a tree like theirs."""
    if bound is None:
        return None
    leaves, structure = tree.flatten(bound)
    if structure is None and np.ndim(bound) == 0:
        return bound * np.ones(layout.size)
    if structure == layout.structure:
        shapes = layout.shapes
        leaves = [np.broadcast_to(x, shape) for x, shape in zip(leaves, shapes, strict=True)]
    return layout.ravel(tree.unflatten(structure, leaves), "a bound")


def _minimized(problem: Conditions, start: np.ndarray) -> Any:
    """A minimum to rounding: SciPy's solver comes near, Newton's method the rest of the way."""
    if not len(start):
        return problem.multipliers(start)
    found = _near(problem, start)
    unknown = problem.multipliers(problem.feasible(found.x))
    layout = Layout.of(unknown, "the minimum")

    def residual(v: Any) -> Any:
        return layout.ravel(problem.residual(layout.unravel(v)), "the conditions")

    try:
        vector = np.array(layout.ravel(unknown, "the minimum"))
        return layout.unravel(newton(residual, vector, "argmin"))
    except ConvergenceError:
        if not found.success:
            raise
        return unknown  # as good as SciPy gets it; a derivative warns if that is not good


def _near(problem: Conditions, start: np.ndarray) -> Any:
    """SciPy's result, by the method that suits the problem; the objective is made of size one,
    because SciPy's tolerances are absolute."""
    from scipy.optimize import minimize

    n, bounds = len(start), None
    if problem.lower is not None or problem.upper is not None:
        low, high = (
            np.full(n, side) if bound is None else bound
            for bound, side in ((problem.lower, -np.inf), (problem.upper, np.inf))
        )
        bounds = list(zip(low, high, strict=True))
        start = np.clip(start, low, high)
    constraints = [
        {"type": kind, "fun": c, "jac": jacobian(c)}
        for kind, c in (("eq", problem.equality), ("ineq", problem.inequality))
        if c is not None
    ]
    with np.errstate(all="ignore"):
        slopes = grad(problem.f)(start), hvp(problem.f, start, 1 + np.abs(start))
        steepest = np.max(np.abs(slopes))
        unit = steepest if 0 < steepest < np.inf else 1.0

        def f(z: Any) -> Any:
            return problem.f(z) / unit

        if constraints:
            options: dict[str, Any] = {"ftol": 1e-14, "maxiter": 1000}
            return minimize(
                value_and_grad(f), start, jac=True, method="SLSQP", bounds=bounds,
                constraints=constraints, options=options,
            )  # fmt: skip
        if bounds is not None:
            options = {"ftol": 1e-15, "gtol": 1e-10, "maxiter": 15_000, "maxfun": 100_000}
            return minimize(
                value_and_grad(f),
                start,
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options=options,
            )
        if n <= FORMED:
            return minimize(f, start, jac=grad(f), hess=hessian(f), method="trust-exact")
        return minimize(
            f, start, jac=grad(f), hessp=lambda x, p: hvp(f, x, p), method="trust-krylov"
        )
