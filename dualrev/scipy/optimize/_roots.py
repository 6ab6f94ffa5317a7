"""Roots and fixed points: solved by SciPy, differentiable by the implicit function theorem.

The derivative is by what the function is given in ``args``, and by what it closes over. Where
the search starts, brackets, tolerances and derivatives that are given to the solver have none.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.optimize as so

from ...tree import as_tuple
from ..mirror import Function, Table, table
from ._calls import at_solution, solving, with_solution


def _value(found: Any, with_derivative: Any) -> Any:
    """Of a function that returns its derivatives, too, the value."""
    return found[0] if with_derivative is True else found


@solving(so.root)
def root(
    fun: Any, x0: Any, args: Any = (), method: Any = "hybr", jac: Any = None, tol: Any = None,
    callback: Any = None, options: Any = None,
) -> Any:  # fmt: skip
    given = fun, x0, as_tuple(args), jac, callback, options

    def solver(fun: Any, x0: Any, args: Any, jac: Any, callback: Any, options: Any) -> Any:
        return so.root(fun, x0, args, method, jac, tol, callback, options)

    def residual(z: Any, fun: Any, x0: Any, args: Any, jac: Any, *rest: Any) -> Any:
        return _value(fun(z, *args), jac)

    name = "scipy.optimize.root"
    x, result = at_solution(name, solver, residual, given)
    return with_solution(result, name, without=("fjac", "r", "qtf", "cov_x", "jac"), x=x)


@solving(so.fsolve)
def fsolve(func: Any, x0: Any, args: Any = (), *rest: Any, **keywords: Any) -> Any:
    def solver(func: Any, x0: Any, args: Any, rest: Any, keywords: Any) -> Any:
        return so.fsolve(func, x0, args, *rest, **{**keywords, "full_output": True})[0]

    def residual(z: Any, func: Any, x0: Any, args: Any, *others: Any) -> Any:
        return func(z, *args)

    if keywords.get("full_output") or (len(rest) > 1 and rest[1]):
        _no_report("fsolve", "full_output")
    given = func, x0, as_tuple(args), rest, keywords
    return at_solution("scipy.optimize.fsolve", solver, residual, given)[0]


def _no_report(name: str, keyword: str) -> None:
    from ..mirror import unsupported

    unsupported(
        f"scipy.optimize.{name} of traced values with {keyword}=True.",
        "leave that out, or use scipy.optimize.root, whose result is a report",
    )


@solving(so.root_scalar)
def root_scalar(
    f: Any, args: Any = (), method: Any = None, bracket: Any = None, fprime: Any = None,
    fprime2: Any = None, x0: Any = None, x1: Any = None, xtol: Any = None, rtol: Any = None,
    maxiter: Any = None, options: Any = None,
) -> Any:  # fmt: skip
    def solver(f: Any, args: Any, bracket: Any, fprime: Any, fprime2: Any, x0: Any, x1: Any) -> Any:
        return so.root_scalar(
            f, args, method, bracket, fprime, fprime2, x0, x1, xtol, rtol, maxiter, options
        )

    def residual(
        z: Any, f: Any, args: Any, bracket: Any, fprime: Any, fprime2: Any, *rest: Any
    ) -> Any:
        return _value(f(z, *args), fprime is True or fprime2 is True)

    given = f, as_tuple(args), bracket, fprime, fprime2, x0, x1
    x, result = at_solution("scipy.optimize.root_scalar", solver, residual, given)
    return with_solution(result, root=x)


def _bracketing(original: Function) -> Function:
    """``brentq(f, a, b, args, xtol, rtol, maxiter, full_output, disp)`` and its like."""
    name = f"scipy.optimize.{original.__name__}"

    @solving(original)
    def function(f: Any, a: Any, b: Any, args: Any = (), *rest: Any, **keywords: Any) -> Any:
        def solver(f: Any, a: Any, b: Any, args: Any, rest: Any, keywords: Any) -> Any:
            found = original(f, a, b, args, *rest, **keywords)
            return found[1] if isinstance(found, tuple) else found

        def residual(z: Any, f: Any, a: Any, b: Any, args: Any, *others: Any) -> Any:
            return f(z, *args)

        given = f, a, b, as_tuple(args), rest, keywords
        x, result = at_solution(name, solver, residual, given)
        if isinstance(result, so.RootResults):
            return x, with_solution(result, root=x)
        return x

    return function


@solving(so.newton)
def newton(
    func: Any, x0: Any, fprime: Any = None, args: Any = (), tol: float = 1.48e-8, maxiter: int = 50,
    fprime2: Any = None, x1: Any = None, rtol: float = 0.0, full_output: bool = False,
    disp: bool = True,
) -> Any:  # fmt: skip
    many = np.size(x0) > 1

    def solver(func: Any, x0: Any, fprime: Any, args: Any, fprime2: Any, x1: Any) -> Any:
        found = so.newton(
            func, x0, fprime, args, tol, maxiter, fprime2, x1, rtol, full_output, disp
        )
        if not full_output:
            return found
        return (found.root if many else found[0]), found

    def residual(z: Any, func: Any, x0: Any, fprime: Any, args: Any, *rest: Any) -> Any:
        return func(z, *args)

    if full_output:
        _no_report("newton", "full_output")
    given = func, x0, fprime, as_tuple(args), fprime2, x1
    known = {"method": "diagonal"} if many else {}  # SciPy treats every element alone
    return at_solution("scipy.optimize.newton", solver, residual, given, **known)[0]


@solving(so.fixed_point)
def fixed_point(
    func: Any, x0: Any, args: Any = (), xtol: float = 1e-8, maxiter: int = 500, method: str = "del2"
) -> Any:
    def solver(func: Any, x0: Any, args: Any) -> Any:
        return so.fixed_point(func, x0, args, xtol, maxiter, method)

    def residual(z: Any, func: Any, x0: Any, args: Any) -> Any:
        return z - func(z, *args)

    given = func, x0, as_tuple(args)
    name = "scipy.optimize.fixed_point"
    return at_solution(name, solver, residual, given, contracts=True)[0]


def _vectorial(original: Function) -> Function:
    """``broyden1(F, xin, ...)`` and its like."""

    @solving(original)
    def function(F: Any, xin: Any, *rest: Any, **keywords: Any) -> Any:
        def solver(F: Any, xin: Any, rest: Any, keywords: Any) -> Any:
            return original(F, xin, *rest, **keywords)

        def residual(z: Any, F: Any, *others: Any) -> Any:
            return F(z)

        given = F, xin, rest, keywords
        return at_solution(f"scipy.optimize.{original.__name__}", solver, residual, given)[0]

    return function


_BRACKETING = (so.brentq, so.brenth, so.bisect, so.ridder, so.toms748)
_VECTORIAL = (
    so.newton_krylov, so.broyden1, so.broyden2, so.anderson, so.linearmixing, so.diagbroyden,
    so.excitingmixing,
)  # fmt: skip

FUNCTIONS: Table = table(
    root,
    fsolve,
    root_scalar,
    newton,
    fixed_point,
    *map(_bracketing, _BRACKETING),
    *map(_vectorial, _VECTORIAL),
)
