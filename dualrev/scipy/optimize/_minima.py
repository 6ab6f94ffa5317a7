"""Minima: found by SciPy, differentiable as solutions of their conditions of first order.

The gradient in these conditions is taken of the objective itself, whatever derivatives the
solver is given. Bounds and constraints that are active at the solution stay active.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.optimize as so

from ...fronts.keywords import plain
from ...fronts.packing import as_array
from ...primitive import Tracer
from ...solving.optima import Conditions
from ...transforms import grad, hessian, jacobian, jvp, stop_gradient
from ...tree import as_tuple
from ..mirror import Table, table, unsupported
from ._calls import at_solution, solving, with_solution
from ._roots import _value


def _conditions(f: Any, bounds: Any, constraints: Any) -> Conditions:
    """The problem in the words of `solving.optima`, with constraints as SciPy takes them."""
    equal: list[Callable[[Any], Any]] = []
    positive: list[Callable[[Any], Any]] = []
    for c in constraints if isinstance(constraints, (list, tuple)) else [constraints]:
        _sort(c, equal, positive)
    lower, upper = _bounds(bounds)
    return Conditions(f, _all(equal), _all(positive), lower, upper)


def _all(constraints: list[Callable[[Any], Any]]) -> Any:
    if not constraints:
        return None
    return lambda z: np.concatenate([np.atleast_1d(c(z)) for c in constraints])


def _sort(c: Any, equal: list[Any], positive: list[Any]) -> None:
    """One of SciPy's constraints as functions that vanish, and functions that are not negative."""
    if isinstance(c, dict):
        args = as_tuple(c.get("args", ()))
        kind = equal if c["type"].lower() == "eq" else positive
        kind.append(lambda z: c["fun"](z, *args))
        return
    linear = isinstance(c, so.LinearConstraint)
    values = (lambda z: c.A @ z) if linear else (lambda z: np.atleast_1d(c.fun(z)))
    sides = np.broadcast_arrays(*map(_plain, (c.lb, c.ub)))
    both, low, high = sides[0] == sides[1], np.isfinite(sides[0]), np.isfinite(sides[1])
    lb, ub = np.atleast_1d(c.lb), np.atleast_1d(c.ub)
    for where, side, sign, kind in (
        (both & low, lb, 1, equal),
        (~both & low, lb, 1, positive),
        (~both & high, ub, -1, positive),
    ):
        if np.any(where):
            kind.append(_one_sided(values, np.atleast_1d(where), side, sign))


def _one_sided(values: Any, where: Any, side: Any, sign: int) -> Callable[[Any], Any]:
    def constraint(z: Any) -> Any:
        distance = sign * (values(z) - side)
        return distance[np.broadcast_to(where, np.shape(distance))]

    return constraint


def _plain(x: Any) -> Any:
    return np.atleast_1d(stop_gradient(x) if isinstance(x, Tracer) else np.asarray(x, float))


def _bounds(bounds: Any) -> tuple[Any, Any]:
    if bounds is None:
        return None, None
    if isinstance(bounds, so.Bounds):
        return bounds.lb, bounds.ub
    sides = []
    for k, missing in enumerate((-np.inf, np.inf)):
        side = [missing if pair[k] is None else pair[k] for pair in bounds]
        sides.append(np.stack(side) if any(isinstance(x, Tracer) for x in side) else np.array(side))
    return sides[0], sides[1]


def minimum(name: str, f: Any, given: Any, solve: Any, bounds: Any, constraints: Any) -> Any:
    """The place of a minimum of ``f(given)(z)``, and SciPy's result."""

    def problem(given: Any, bounds: Any, constraints: Any) -> Conditions:
        return _conditions(f(given), bounds, constraints)

    def solver(given: Any, bounds: Any, constraints: Any) -> Any:
        result = solve(given, bounds, constraints)
        kept.append(result)
        z = np.atleast_1d(result.x).astype(float)
        return problem(given, bounds, constraints).multipliers(z)

    def residual(unknown: Any, given: Any, bounds: Any, constraints: Any) -> Any:
        return problem(given, bounds, constraints).residual(unknown)

    kept: list[Any] = []
    free = bounds is None and not constraints
    unknown, _ = at_solution(name, solver, residual, (given, bounds, constraints), symmetric=free)
    return unknown[0], kept[-1]


@solving(so.minimize)
def minimize(
    fun: Any, x0: Any, args: Any = (), method: Any = None, jac: Any = None, hess: Any = None,
    hessp: Any = None, bounds: Any = None, constraints: Any = (), tol: Any = None,
    callback: Any = None, options: Any = None,
) -> Any:  # fmt: skip
    if isinstance(bounds, Iterator):
        bounds = list(bounds)
    given = fun, x0, as_tuple(args), jac, hess, hessp, callback

    def objective(given: Any) -> Callable[[Any], Any]:
        fun, _, args, jac, *_ = given
        return lambda z: _number(_value(fun(z, *args), jac))

    def solve(given: Any, bounds: Any, constraints: Any) -> Any:
        fun, x0, args, jac, hess, hessp, callback = given
        return so.minimize(
            fun, x0, args, method, jac, hess, hessp, bounds, constraints, tol, callback, options
        )

    name = "scipy.optimize.minimize"
    x, result = minimum(name, objective, given, solve, bounds, constraints)
    f = objective(given)
    later = {"grad": lambda: grad(f)(x), "hess": lambda: hessian(f)(x)}
    if isinstance(result.get("jac"), np.ndarray):  # of trust-constr it is of the constraints
        later["jac"] = later["grad"]
    return with_solution(result, name, later, _APPROXIMATED, x=x, fun=f(x))


_APPROXIMATED = (
    "jac", "hess_inv", "final_simplex", "direc", "multipliers", "v", "constr", "lagrangian_grad",
)  # fmt: skip


def _number(value: Any) -> Any:
    """A number, also of an array with one."""
    return np.reshape(value, ()) if np.shape(value) else value


@solving(so.minimize_scalar)
def minimize_scalar(
    fun: Any, bracket: Any = None, bounds: Any = None, args: Any = (), method: Any = None,
    tol: Any = None, options: Any = None,
) -> Any:  # fmt: skip
    given = fun, as_tuple(args), bracket, bounds

    def solver(fun: Any, args: Any, bracket: Any, bounds: Any) -> Any:
        return so.minimize_scalar(fun, bracket, bounds, args, method, tol, options)

    def residual(z: Any, fun: Any, args: Any, bracket: Any, bounds: Any) -> Any:
        slope = grad(lambda z: _number(fun(z, *args)))(z)
        if bounds is None:
            return slope
        return z - np.clip(z - slope, *bounds)

    x, result = at_solution("scipy.optimize.minimize_scalar", solver, residual, given)
    return with_solution(result, x=x, fun=_number(fun(x, *as_tuple(args))))


_LOSSES: dict[str, Callable[[Any], Any]] = {  # rho of the square, as in `least_squares`
    "linear": lambda z: z,
    "soft_l1": lambda z: 2 * (np.sqrt(1 + z) - 1),
    "huber": lambda z: np.where(z <= 1, z, 2 * np.sqrt(np.where(z <= 1, 1, z)) - 1),
    "cauchy": np.log1p,
    "arctan": np.arctan,
}


def _cost(r: Any, loss: str, scale: Any) -> Any:
    return 0.5 * scale**2 * np.sum(_LOSSES[loss]((r / scale) ** 2))


def _weighted(r: Any, matrix: Any, loss: str, scale: Any) -> tuple[Any, Any]:
    """The gradient of the losses, and the Jacobian of residuals with as many squares, as
    `least_squares` has them: the second derivative of half a loss of r^2 by r is ``rho' + 2 rho'' r^2``."""
    if loss == "linear":
        return matrix.T @ r, matrix
    z = (r / scale) ** 2
    slope = grad(lambda z: np.sum(_LOSSES[loss](z)))
    first, second = jvp(slope, (z,), (np.ones(np.shape(z)),))
    weights = np.maximum(first + 2 * second * z, np.finfo(float).eps)
    return matrix.T @ (first * r), matrix * np.sqrt(weights)[:, None]


def _known_loss(name: str, loss: Any) -> None:
    if not isinstance(loss, str) or loss not in _LOSSES:
        unsupported(
            f"scipy.optimize.{name} of traced values with a loss that is a function.",
            f"choose one of {', '.join(_LOSSES)}, or minimize the sum of losses",
        )


@solving(so.least_squares)
def least_squares(
    fun: Any, x0: Any, jac: Any = "2-point", bounds: Any = None, method: str = "trf",
    ftol: Any = 1e-8, xtol: Any = 1e-8, gtol: Any = 1e-8, x_scale: Any = None, loss: Any = "linear",
    f_scale: float = 1.0, *rest: Any, args: Any = (), kwargs: Any = None, **keywords: Any,
) -> Any:  # fmt: skip
    _known_loss("least_squares", loss)
    if rest:
        unsupported(
            "scipy.optimize.least_squares of traced values with so many positional arguments.",
            "give those after f_scale by name",
        )
    given = fun, x0, jac, as_tuple(args), kwargs or {}
    scale = {} if x_scale is None else {"x_scale": x_scale}

    def objective(given: Any) -> Callable[[Any], Any]:
        fun, _, _, args, kwargs = given

        return lambda z: _cost(np.atleast_1d(fun(z, *args, **kwargs)), loss, f_scale)

    def solve(given: Any, bounds: Any, constraints: Any) -> Any:
        fun, x0, jac, args, kwargs = given
        limits = {} if bounds is None else {"bounds": tuple(zip(*bounds, strict=True))}
        return so.least_squares(
            fun, x0, jac, method=method, ftol=ftol, xtol=xtol, gtol=gtol, loss=loss, f_scale=f_scale,
            args=args, kwargs=kwargs, **limits, **scale, **keywords,
        )  # fmt: skip

    name = "scipy.optimize.least_squares"
    x, result = minimum(name, objective, given, solve, _pairs(bounds, np.size(x0)), ())

    def residuals(z: Any) -> Any:
        return np.atleast_1d(fun(z, *given[3], **given[4]))

    r = residuals(x)

    def weighted() -> tuple[Any, Any]:
        return _weighted(r, jacobian(residuals)(x), loss, f_scale)

    later = {"grad": lambda: weighted()[0]}
    if isinstance(result.jac, np.ndarray):
        later["jac"] = lambda: weighted()[1]
    return with_solution(result, name, later, ("jac",), x=x, fun=r, cost=_cost(r, loss, f_scale))


def _pairs(bounds: Any, n: int) -> Any:
    """Lower and upper bounds, as `least_squares` takes them, in the pairs of `minimize`."""
    if bounds is None:
        return None
    sides = (bounds.lb, bounds.ub) if isinstance(bounds, so.Bounds) else bounds
    lower, upper = (np.broadcast_to(as_array(side), (n,)) for side in sides)
    return [(lower[k], upper[k]) for k in range(n)]


@solving(so.curve_fit)
def curve_fit(
    f: Any, xdata: Any, ydata: Any, p0: Any = None, sigma: Any = None, absolute_sigma: bool = False,
    *rest: Any, **keywords: Any,
) -> Any:  # fmt: skip
    if rest or keywords.get("full_output"):
        unsupported(
            "scipy.optimize.curve_fit of traced values with full_output, or with options by position.",
            "give options by name, without full_output",
        )
    loss, f_scale = keywords.get("loss", "linear"), keywords.get("f_scale", 1.0)
    _known_loss("curve_fit", loss)
    if keywords.get("nan_policy") == "omit" and not keywords.get("check_finite"):
        xdata, ydata, sigma = _without_nan(xdata, ydata, sigma)
    if isinstance(xdata, (list, tuple)):
        xdata = as_array(xdata)
    ydata = as_array(ydata)
    given = f, xdata, ydata, p0, sigma, keywords

    def residuals(f: Any, xdata: Any, ydata: Any, sigma: Any) -> Callable[[Any], Any]:
        def of(p: Any) -> Any:
            r = f(xdata, *[p[k] for k in range(len(p))]) - ydata
            if sigma is None:
                return np.ravel(r)
            if np.ndim(sigma) == 2 and np.size(sigma) > 1:
                return np.linalg.solve(np.linalg.cholesky(sigma), r)
            return np.ravel(r / sigma)

        return of

    def objective(given: Any) -> Callable[[Any], Any]:
        f, xdata, ydata, _, sigma, _ = given
        r = residuals(f, xdata, ydata, sigma)
        return lambda p: _cost(r(p), loss, f_scale)

    def solve(given: Any, bounds: Any, constraints: Any) -> Any:
        f, xdata, ydata, p0, sigma, keywords = given
        found = so.curve_fit(f, xdata, ydata, p0, sigma, absolute_sigma, **keywords)
        return so.OptimizeResult(x=found[0], success=True)

    if keywords.get("bounds") is None:
        limits = None
    elif p0 is None:
        unsupported(
            "scipy.optimize.curve_fit of traced values with bounds and without p0.", "give p0"
        )
    else:
        limits = _pairs(keywords["bounds"], np.size(p0))
    p, _ = minimum("scipy.optimize.curve_fit", objective, given, solve, limits, ())
    r = residuals(f, xdata, ydata, sigma)
    matrix = _weighted(r(p), jacobian(r)(p), loss, f_scale)[1]
    covariance = np.linalg.inv(matrix.T @ matrix)
    if not absolute_sigma:
        free = matrix.shape[0] - matrix.shape[1]
        covariance = covariance * (2 * _cost(r(p), loss, f_scale) / free if free > 0 else np.inf)
    return p, covariance


def _without_nan(xdata: Any, ydata: Any, sigma: Any) -> tuple[Any, Any, Any]:
    """The data as ``nan_policy="omit"`` leaves them."""
    xdata, ydata = as_array(xdata), as_array(ydata)
    missing = np.isnan(plain(xdata))
    keep = ~(missing.any(axis=tuple(range(missing.ndim - 1))) | np.isnan(plain(ydata)))
    if np.ndim(sigma) == 1:
        sigma = as_array(sigma)[keep]
    elif np.ndim(sigma) == 2:
        sigma = as_array(sigma)[keep][:, keep]
    return xdata[..., keep], ydata[keep], sigma


FUNCTIONS: Table = table(minimize, minimize_scalar, least_squares, curve_fit)
