"""Newton's method with exact derivatives, on plain vectors: the solver where nobody gave one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.nesting import outside
from ..errors import ConvergenceError, explain
from ..transforms import jacobian, linearize

FORMED = 256  # unknowns up to which the Jacobian is formed
STEPS = 100


def newton(f: Callable[[Any], Any], z: np.ndarray, name: str) -> np.ndarray:
    """A root of `f`, to rounding: full steps near it, and shorter ones where these do not help.
    [Nocedal & Wright 2006, sec. 11.2]

    Raises
    ------
    ConvergenceError
    """
    with outside(), np.errstate(all="ignore"):
        z, r = np.array(z), f(z)
        size = np.linalg.norm(r)
        near = max(1e-9, 100 * np.finfo(z.dtype).eps)
        is_near = False
        for _ in range(STEPS):
            if size == 0 or not np.isfinite(size):
                break
            direction, predicted = _direction(f, z, r)
            step = np.max(np.abs(direction), initial=0.0)
            is_near = predicted <= 0.1 * size and step <= near * np.max(np.abs(z), initial=0.0)
            # Of unknowns of very different sizes some may still be far.
            is_far = np.any(np.abs(direction) > 1e-6 * np.abs(z) + 1e-12)
            tries = 40 if is_far or not is_near else 1
            new, r_new, new_size = _shortened(f, z, direction, size, tries)
            if not new_size < size:  # no better number is near
                break
            z, r, size = new, r_new, new_size
        if size == 0 or is_near:
            return z
    raise ConvergenceError(
        explain(
            f"{name} found no solution: the residual is {size:.1e} where it stopped.",
            "give a better starting point, or your own solver: solver=..., or dr.implicit(residual, solver)",
        )
    )


def _direction(f: Callable[[Any], Any], z: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, float]:
    """The step ``-J^-1 r``, and what it leaves of the residual, as far as that is linear."""
    if len(z) <= FORMED:
        matrix = jacobian(f)(z)
        try:
            direction = np.linalg.solve(matrix, -r)
        except np.linalg.LinAlgError:
            direction = np.full_like(r, np.nan)
        if not np.isfinite(direction).all() and np.isfinite(matrix).all():
            direction = np.linalg.lstsq(matrix, -r)[0]
        return direction, float(np.linalg.norm(matrix @ direction + r))
    from scipy.sparse.linalg import LinearOperator, gmres

    push = linearize(f, z)[1].push
    n = len(z)
    operator = LinearOperator((n, n), push, dtype=z.dtype)
    direction = gmres(operator, -r, rtol=1e-8, restart=80, maxiter=20)[0]
    return direction, float(np.linalg.norm(push(direction) + r))


def _shortened(
    f: Callable[[Any], Any], z: np.ndarray, direction: np.ndarray, size: float, tries: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """The first of the steps 1, 1/2, 1/4, ... that makes the residual smaller."""
    t = 1.0
    for _ in range(tries):
        new = z + t * direction
        r = f(new)
        new_size = float(np.linalg.norm(r))
        if new_size < (1 - 1e-4 * t) * size:
            return new, r, new_size
        t /= 2
    return z, np.asarray(r), np.inf
