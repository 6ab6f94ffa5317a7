"""What the mirrors of solvers share: when a call needs a derivative, and what comes back."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence
from typing import Any

import scipy.optimize as so

from ...buffer import fresh, settled
from ...primitive import RUNNING
from ...solving.captures import captured
from ...solving.implicit import Implicit
from ...solving.methods import options_of
from ..mirror import Function, unsupported

TOL = 1e-6  # how far from the solution SciPy may have stopped, before a derivative warns


def solving(original: Function) -> Callable[[Function], Function]:
    """As `drop_in`, for what calls functions of the user's, which may close over traced values."""

    def declare(traced: Function) -> Function:
        @functools.wraps(original)
        def function(*args: Any, **kwargs: Any) -> Any:
            if not RUNNING.get():
                return original(*args, **kwargs)
            args, kwargs = settled(args), {key: settled(x) for key, x in kwargs.items()}
            if captured(args, kwargs)[0]:
                return traced(*args, **kwargs)
            return fresh(original(*args, **kwargs), args)

        return function

    return declare


def at_solution(
    name: str,
    solver: Callable[..., Any],
    residual: Callable[..., Any],
    given: Sequence[Any],
    **known: Any,
) -> tuple[Any, Any]:
    """The solution ``solver(*given)``, differentiable where ``residual(z, *given)`` vanishes, and
    what the solver returned."""
    implicit = Implicit(residual, solver, "implicit", 1, TOL, options_of(**known), name)
    return implicit.solve(tuple(given), {})


class Result(so.OptimizeResult):
    """SciPy's result with traced values in the place of plain ones.

    What is seldom asked for is computed when it is; what has no derivative refuses."""

    def __missing__(self, key: str) -> Any:
        later = self.__dict__.get("later", {})
        if key not in later:
            raise KeyError(key)
        self[key] = value = later[key]()
        return value


def with_solution(
    result: Any,
    name: str = "",
    later: dict[str, Callable[[], Any]] | None = None,
    without: Sequence[str] = (),
    **found: Any,
) -> Any:
    """SciPy's `result` of the function `name`, with what was `found`, what is found `later`, and
    `without` derivatives of what SciPy approximates."""
    if not name:
        made = copy.copy(result)
        for key, value in found.items():
            setattr(made, key, value)
        return made

    def refusal(key: str) -> Callable[[], Any]:
        return lambda: unsupported(
            f"{name}: `{key}` of the result, of traced values.",
            "compute it from `x` with a derivative of your function: dr.jacobian, dr.hessian",
        )

    made = Result({**result, **found})
    refusals = {key: refusal(key) for key in without}
    object.__setattr__(
        made, "later", {k: f for k, f in {**refusals, **(later or {})}.items() if k in made}
    )
    for key in made.__dict__["later"]:
        del made[key]
    return made
