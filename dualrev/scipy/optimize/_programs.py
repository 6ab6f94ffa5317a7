"""Linear programs and least squares with bounds: at a solution, systems of what is active there.

A vertex of a linear program solves the equations of its active rows ``M x = r``; the rest of
the program does not matter nearby. So the solution, the optimum and the marginals are those of
a linear system [Bertsimas & Tsitsiklis 1997, sec. 5.1; Gal 1995]. Least squares with bounds
are least squares in the variables that are free [Lawson & Hanson 1974, ch. 23].
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.optimize as so

from ...errors import ConvergenceError, SingularSystemError, explain
from ...fronts.keywords import plain
from ...fronts.keywords import values as of_all
from ...fronts.packing import as_array
from ...primitive import Tracer
from ..mirror import Table, drop_in, table, unsupported
from ._calls import at_solution, with_solution
from ._minima import minimum

NEAR = 1e-9  # of an active row, relative to the sizes about


def _kink(name: str, what: str) -> None:
    raise SingularSystemError(
        explain(
            f"scipy.optimize.{name}: {what}, so that the solution has no derivative.",
            "perturb the program a little, or differentiate the optimum by the marginals that SciPy "
            "returns",
        )
    )


def _rows(matrix: Any, right: Any, n: int) -> tuple[Any, Any]:
    if matrix is None:
        return np.zeros((0, n)), np.zeros(0)
    return as_array(matrix), np.reshape(as_array(right), -1)


def _sides(bounds: Any, n: int) -> tuple[list[Any], list[Any]]:
    if bounds is None or (isinstance(bounds, (list, tuple)) and not bounds):
        bounds = (0, None)
    pairs = list(bounds) if isinstance(bounds, (list, tuple)) else list(as_array(bounds))
    if len(pairs) == 2 and not np.ndim(pairs[0]) and not isinstance(pairs[0], (list, tuple)):
        pairs = [tuple(pairs)] * n
    if len(pairs) == 1:
        pairs = pairs * n
    return [p[0] for p in pairs], [p[1] for p in pairs]


def _no_sparse(name: str, *matrices: Any) -> None:
    if any(hasattr(matrix, "tocsr") or hasattr(matrix, "matvec") for matrix in matrices):
        unsupported(
            f"scipy.optimize.{name} of traced values with a sparse matrix or an operator.",
            "give an array: A.toarray()",
        )


@drop_in(so.linprog)
def linprog(
    c: Any, A_ub: Any = None, b_ub: Any = None, A_eq: Any = None, b_eq: Any = None,
    bounds: Any = (0, None), *rest: Any, **keywords: Any,
) -> Any:  # fmt: skip
    if np.any(keywords.get("integrality")):
        _kink("linprog", "a program in integers jumps from one solution to another")
    _no_sparse("linprog", A_ub, A_eq)
    c = np.reshape(as_array(c), -1)
    n = c.shape[0]
    (a_ub, r_ub), (a_eq, r_eq) = _rows(A_ub, b_ub, n), _rows(A_eq, b_eq, n)
    low, high = _sides(bounds, n)
    if _differs(c, a_ub, r_ub, a_eq, r_eq, *low, *high):
        return _each(c, a_ub, r_ub, a_eq, r_eq, low, high, rest, keywords)
    values = [None if x is None else plain(x) for x in (c, A_ub, b_ub, A_eq, b_eq)]
    pairs = [
        tuple(None if side is None else float(plain(side)) for side in pair)
        for pair in zip(low, high, strict=True)
    ]
    found = so.linprog(*values, pairs, *rest, **keywords)
    if not found.success or found.x is None:
        return found
    active = _active(found, n)
    m_eq = a_eq.shape[0]
    eye = np.eye(n)
    matrix = np.concatenate([a_eq, a_ub[active[0]], eye[active[1]], eye[active[2]]])
    sides = [low[k] for k in active[1]] + [high[k] for k in active[2]]
    right = np.concatenate([r_eq, r_ub[active[0]], *([np.stack(sides)] if sides else [])])
    found.x = np.linalg.solve(matrix, right)
    found.fun = np.dot(c, found.x)
    marginals = np.linalg.solve(matrix.T, c)
    ends = np.cumsum([m_eq, *map(len, active)])
    found.eqlin.marginals = marginals[:m_eq]
    for k, (part, size) in enumerate(
        ((found.ineqlin, a_ub.shape[0]), (found.lower, n), (found.upper, n))
    ):
        spread = np.zeros((size, len(active[k])))
        spread[active[k], np.arange(len(active[k]))] = 1.0
        part.marginals = spread @ marginals[ends[k] : ends[k + 1]]
    found.slack, found.con = r_ub - a_ub @ found.x, r_eq - a_eq @ found.x
    found.ineqlin.residual, found.eqlin.residual = found.slack, found.con
    for part, bound, sign in ((found.lower, low, 1), (found.upper, high, -1)):
        ends = [-sign * np.inf if side is None else side for side in bound]
        part.residual = sign * (found.x - np.stack(ends))
    return found


def _each(
    c: Any, a_ub: Any, r_ub: Any, a_eq: Any, r_eq: Any, low: Any, high: Any, rest: Any, keywords: Any
) -> Any:  # fmt: skip
    """Programs of many examples: a linear program is a minimum with constraints."""

    def solve(given: Any, bounds: Any, constraints: Any) -> Any:
        found = so.linprog(*given, bounds, *rest, **keywords)
        if not found.success or found.x is None:
            raise ConvergenceError(
                explain(
                    f"scipy.optimize.linprog of many examples: one has no solution ({found.message}).",
                    "leave this example out",
                )
            )
        _active(found, len(found.x))
        return found

    given, bounds = (c, a_ub, r_ub, a_eq, r_eq), list(zip(low, high, strict=True))
    constraints = (
        {"type": "eq", "fun": lambda z: a_eq @ z - r_eq},
        {"type": "ineq", "fun": lambda z: r_ub - a_ub @ z},
    )
    name = "scipy.optimize.linprog"
    x, found = minimum(
        name, lambda given: lambda z: np.dot(given[0], z), given, solve, bounds, constraints
    )
    return with_solution(
        found, name, without=("eqlin", "ineqlin", "lower", "upper"),
        x=x, fun=np.dot(c, x), slack=r_ub - a_ub @ x, con=r_eq - a_eq @ x,
    )  # fmt: skip


def _active(found: Any, n: int) -> list[np.ndarray]:
    """The rows, lower and upper bounds that hold the vertex: as many as there are variables."""
    size = 1.0 + np.max(np.abs(found.x))  # SciPy's tolerances are absolute
    parts = found.ineqlin, found.lower, found.upper
    held = [np.abs(part.residual) <= NEAR * size for part in parts]
    fixed = held[1] & held[2]
    held[2] = held[2] & ~fixed  # a variable without freedom counts once
    count = len(found.eqlin.residual) + sum(map(np.count_nonzero, held))
    if count > n:
        _kink(
            "linprog", "more constraints are active than there are variables (a degenerate vertex)"
        )
    if count < n:
        _kink("linprog", "the optimum is not a single point")
    if not all(np.all(part.marginals[h]) for part, h in zip(parts, held, strict=True)):
        _kink("linprog", "an active constraint has the marginal zero, other solutions are as good")
    return [np.flatnonzero(h) for h in held]


def _differs(*values: Any) -> bool:
    """Whether there is not one value, because of a `vmap`: then every example has free variables of
    its own, and its solution is that of `_projected`."""
    return any(isinstance(of_all(x), Tracer) for x in values)


def _projected(x: Any, A: Any, b: Any, low: Any, high: Any) -> Any:
    """What vanishes at a least-squares solution with bounds."""
    return x - np.clip(x - A.T @ (A @ x - b), low, high)


@drop_in(so.nnls)
def nnls(A: Any, b: Any, *rest: Any, **keywords: Any) -> Any:
    A, b = as_array(A), as_array(b)
    if _differs(A, b):

        def solver(A: Any, b: Any, low: Any, high: Any) -> Any:
            return so.nnls(A, b, *rest, **keywords)[0]

        x, _ = at_solution("scipy.optimize.nnls", solver, _projected, (A, b, 0.0, np.inf))
        return x, np.linalg.norm(A @ x - b)
    x, _ = so.nnls(plain(A), plain(b), *rest, **keywords)
    x = _within(A, b, x > 0, np.zeros(len(x)))
    return x, np.linalg.norm(A @ x - b)


def _within(A: Any, b: Any, free: np.ndarray, fixed: Any) -> Any:
    """The least-squares solution in the variables that are free, the others as they are."""
    spread = np.eye(len(free))[:, free]
    held = np.where(free, 0.0, fixed)
    if not free.any():
        return held + 0.0 * (A.T @ b)
    return held + spread @ np.linalg.lstsq(A[:, free], b - A @ held, rcond=None)[0]


def _see_same(found: Any, exact: np.ndarray) -> None:
    """Whether `lsq_linear` stopped where its active bounds say that the solution is."""
    free = exact if found.unbounded_sol is None else found.unbounded_sol[0]
    size = max(np.max(np.abs(x), initial=0.0) for x in (exact, free))
    if not np.max(np.abs(found.x - exact), initial=0.0) <= 1e-3 * size:
        raise ConvergenceError(
            explain(
                "scipy.optimize.lsq_linear stopped far from the solution for the bounds that are active.",
                'use method="bvls", a smaller tol, or numbers near one',
            )
        )


@drop_in(so.lsq_linear)
def lsq_linear(A: Any, b: Any, bounds: Any = (-np.inf, np.inf), *rest: Any, **keywords: Any) -> Any:
    _no_sparse("lsq_linear", A)
    A, b = as_array(A), as_array(b)
    n = A.shape[1]
    sides = (bounds.lb, bounds.ub) if isinstance(bounds, so.Bounds) else bounds
    if _differs(A, b, *sides):

        def solver(A: Any, b: Any, low: Any, high: Any) -> Any:
            return so.lsq_linear(A, b, (low, high), *rest, **keywords)

        name = "scipy.optimize.lsq_linear"
        x, found = at_solution(name, solver, _projected, (A, b, *map(as_array, sides)))
        r = A @ x - b
        lost = ("unbounded_sol", "active_mask", "optimality")
        return with_solution(found, name, without=lost, x=x, fun=r, cost=0.5 * np.sum(r**2))
    limits = tuple([np.broadcast_to(plain(as_array(side)), (n,)) for side in sides])
    found = so.lsq_linear(plain(A), plain(b), limits, *rest, **keywords)
    low, high = found.active_mask < 0, found.active_mask > 0
    lower, upper = (
        np.where(at, side, 0.0) for at, side in zip((low, high), map(as_array, sides), strict=True)
    )
    x = _within(A, b, ~low & ~high, lower + upper)
    _see_same(found, plain(x))
    fun = A @ x - b

    def unbounded() -> Any:
        return _within(A, b, np.ones(n, bool), np.zeros(n)), *found.unbounded_sol[1:]

    later = {} if found.unbounded_sol is None else {"unbounded_sol": unbounded}
    name = "scipy.optimize.lsq_linear"
    return with_solution(found, name, later, x=x, fun=fun, cost=0.5 * np.sum(fun**2))


@drop_in(so.isotonic_regression)
def isotonic_regression(y: Any, *, weights: Any = None, increasing: bool = True) -> Any:
    """Means over blocks, as many as the solution has steps. [Barlow et al. 1972, sec. 1.2]"""
    y = as_array(y)
    weights = np.ones(y.shape) if weights is None else as_array(weights)
    found = so.isotonic_regression(plain(y), weights=plain(weights), increasing=increasing)
    starts, ends = found.blocks[:-1], found.blocks[1:]
    blocks = np.repeat(np.arange(len(starts)), ends - starts)
    member = (blocks == np.arange(len(starts))[:, None]).astype(float)
    found.weights = member @ weights
    found.x = ((member @ (weights * y)) / found.weights)[blocks]
    return found


@drop_in(so.linear_sum_assignment)
def linear_sum_assignment(cost_matrix: Any, maximize: bool = False) -> Any:
    """Indices: constants. What they cost, ``cost[rows, columns].sum()``, is differentiable."""
    return so.linear_sum_assignment(plain(as_array(cost_matrix)), maximize)


FUNCTIONS: Table = table(linprog, nnls, lsq_linear, isotonic_regression, linear_sum_assignment)
