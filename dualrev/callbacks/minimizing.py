"""One run of `scipy.optimize.minimize`: what the method takes laid out, what it gives named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from scipy import optimize
from scipy.sparse import issparse

from ..errors import UnsupportedArgumentError, explain
from ..tree import as_tuple
from .methods import CONSTRAINED, GLOBAL, method_of, suitable
from .parameters import Parameters


def minimized(
    objective: Any,
    x0: np.ndarray,
    method: Any,
    args: Any,
    bounds: Any,
    constraints: Sequence[Any],
    tol: float | None,
    callback: Callable[..., Any] | None,
    options: dict[str, Any],
) -> optimize.OptimizeResult:
    """What `Objective.minimize` returns."""
    parameters, keywords = objective.parameters, {}
    bounds = bounds_of(bounds, parameters)
    if not x0.size:
        raise UnsupportedArgumentError(
            explain("there is nothing to minimize over: x0 has no elements.", "give some variables")
        )
    if method is None:
        method = "SLSQP" if constraints else "BFGS" if bounds is None else "L-BFGS-B"
    elif isinstance(method, str) and method == "auto":
        method = suitable(x0.size, bounds is not None, bool(constraints))
    if callable(method):
        name, keywords = "trust-constr", {"jac": objective.jac, "hessp": objective.hessp}
    else:
        name = method_of(method)
        if name in GLOBAL:
            raise UnsupportedArgumentError(
                explain(
                    f"{name} is no method of minimize.",
                    f"call scipy.optimize.{name}(P, ..., **P.kw({name!r}))",
                )
            )
        keywords = objective.kw(name, x0.size)
    if constraints:
        given = _for_method(constraints, name, x0, parameters)
        keywords["constraints"] = given
        if name == "trust-constr" and len(given) > 1:
            options.setdefault("sparse_jacobian", any(_is_sparse(c, x0) for c in given))
    before = objective.counts
    try:
        found = optimize.minimize(
            objective.fun,
            x0,
            args=as_tuple(args),
            method=method if callable(method) else name,
            bounds=bounds,
            tol=tol,
            callback=callback,
            options=options,
            **keywords,
        )
    finally:
        objective.progress.close()
    found.params = found.x if parameters is None else parameters.unravel(found.x)
    found.counts = objective.counts - before
    return found


def _for_method(
    constraints: Sequence[Any], method: str, x0: np.ndarray, parameters: Parameters | None
) -> list[Any]:
    """The constraints as the method takes them; those that are SciPy's own stay."""
    if method not in CONSTRAINED:
        raise UnsupportedArgumentError(
            explain(
                f"the method {method} takes no constraints.",
                f"choose one of {', '.join(CONSTRAINED)}",
            )
        )
    found: list[Any] = []
    for constraint in constraints:
        if not hasattr(constraint, "for_method"):
            found.append(constraint)
            continue
        if parameters is not None:
            constraint = constraint.shaped(parameters)
        found += constraint.for_method(method, x0)
    return found


def _is_sparse(constraint: Any, x0: np.ndarray) -> bool:
    """Whether a constraint of SciPy's has a sparse Jacobian: all must agree."""
    if isinstance(constraint, optimize.LinearConstraint):
        return bool(issparse(constraint.A))
    jac = getattr(constraint, "jac", None)
    return callable(jac) and bool(issparse(jac(x0)))


def bounds_of(bounds: Any, parameters: Parameters | None) -> Any:
    """Bounds as SciPy takes them: those given by name for each parameter are laid out."""
    if not isinstance(bounds, dict):
        return bounds
    if parameters is None:
        raise UnsupportedArgumentError(
            explain("bounds by name, and parameters without names.", "give bounds as SciPy does")
        )
    lower, upper = np.full(parameters.size, -np.inf), np.full(parameters.size, np.inf)
    places = parameters.places
    for name, pair in bounds.items():
        if name not in places:
            raise UnsupportedArgumentError(
                explain(f"there is no parameter {name!r}.", f"the names are {', '.join(places)}")
            )
        part, shape = places[name]
        try:
            least, most = pair
            for limits, limit in ((lower, least), (upper, most)):
                if limit is not None:
                    limits[part] = np.broadcast_to(limit, shape).reshape(-1)
        except (TypeError, ValueError):
            raise UnsupportedArgumentError(
                explain(
                    f"the bounds of {name!r}, of shape {shape}, are {pair!r}.",
                    "give a pair: each of the two None, a number, or an array of that shape",
                )
            ) from None
    return optimize.Bounds(lower, upper)


def polished(
    closed: Any,
    f: Any,
    x0: Any,
    bounds: Any = None,
    constraints: Any = (),
    **more: Any,
) -> optimize.OptimizeResult:
    """What `differential_evolution` calls at the end; `closed` knows the arguments."""
    method = "trust-constr" if constraints else "L-BFGS-B"
    keywords = {"constraints": constraints} if constraints else {}
    return optimize.minimize(
        closed.fun, x0, method=method, bounds=bounds, jac=closed.jac, **keywords, **more
    )
