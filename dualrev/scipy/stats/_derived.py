"""What follows from the formulas of a distribution: tails, quantiles, and integrals of a density.

An entry of a table of families states what has a closed form. `completed` adds the rest: a
function of one tail from the other, quantiles from the distribution function.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ...errors import NoRuleError, explain
from ...fronts.keywords import values
from ...primitive import Array, Differential
from ...rules.forms import General
from ...rules.forms.batching import elementwise_rule
from ...rules.special import exprel, log1prel_derivative
from .._orders import orders
from ..mirror import every_value, of_examples

Formula = Callable[..., Array]
LOG_2, LOG_PI = math.log(2), math.log(math.pi)
ROOT_TWO, ROOT_TWO_PI = math.sqrt(2), math.sqrt(2 * math.pi)
LOG_ROOT_TWO_PI = math.log(ROOT_TWO_PI)

_log1prel = log1prel_derivative(0)


def log1p_over(c: Array, x: Array) -> Array:
    """``log(1 + c x) / c``, and `x` for ``c = 0``."""
    return x * _log1prel(c * x)


def expm1_over(c: Array, x: Array) -> Array:
    """``(exp(c x) - 1) / c``, and `x` for ``c = 0``: the inverse of `log1p_over`."""
    return x * exprel(c * x)


def log1mexp(u: Array) -> Array:
    """``log(1 - exp(u))`` for ``u <= 0``, with all digits at both ends. [Maechler 2012, eq. 7]"""
    near = values(u) > -LOG_2
    small, large = np.where(near, u, -1.0), np.where(near, -1.0, u)
    return np.where(near, np.log(-np.expm1(small)), np.log1p(-np.exp(large)))


def select(mask: Any, value: Array, other: Any) -> Array:
    """`value` where the mask holds, else `other`: nothing is done if it holds everywhere."""
    return value if np.all(every_value(mask)) else np.where(mask, value, other)


def either(mask: Any, yes: Formula, no: Formula, x: Array, safe: Any) -> Array:
    """``yes(x)`` where the mask holds, else ``no(x)``; each sees `safe` in place of the other's."""
    if np.all(every_value(mask)):
        return yes(x)
    if not np.any(every_value(mask)):
        return no(x)
    return np.where(mask, yes(np.where(mask, x, safe)), no(np.where(mask, safe, x)))


# -- one tail from the other ---------------------------------------------------------------------


def completed(dist: Any, formulas: dict[str, Formula]) -> dict[str, Formula]:
    """`formulas`, and what follows from them."""
    f = dict(formulas)
    if f.pop("even", None):  # symmetric about 0
        for upper, lower, sign in (("sf", "cdf", 1), ("logsf", "logcdf", 1), ("isf", "ppf", -1)):
            if lower in f and upper not in f:
                f[upper] = _reflected(f[lower], sign)
    known = dict(f)
    for one, other in (("cdf", "sf"), ("sf", "cdf")):
        log_one, log_other = known.get(f"log{one}"), known.get(f"log{other}")
        if one in known:
            continue
        if log_one is not None:
            f[one] = _after(np.exp, log_one)
        elif log_other is not None:
            f[one] = _after(lambda u: -np.expm1(u), log_other)
            f[f"log{one}"] = _after(log1mexp, log_other)
        elif other in known:
            f[one] = _after(lambda u: 1.0 - u, known[other])
    for one, other in (("cdf", "sf"), ("sf", "cdf")):
        if f"log{one}" not in f and one in f:
            f[f"log{one}"] = _logarithm(f[one], f[other])
    if "logpdf" in f:
        density = f.get("pdf") or _after(np.exp, f["logpdf"])
        if "ppf" not in f and "cdf" in f:
            f["ppf"] = inverse(flat(dist._ppf), f["cdf"], density)
        if "isf" not in f and "sf" in f:
            f["isf"] = inverse(flat(dist._isf), f["sf"], _after(lambda u: -u, density))
    return f


def _reflected(g: Formula, sign: int) -> Formula:
    if sign > 0:
        return lambda x, *shapes: g(-x, *shapes)
    return lambda q, *shapes: -g(q, *shapes)


def _after(f: Formula, g: Formula) -> Formula:
    return lambda x, *shapes: f(g(x, *shapes))


def _logarithm(one: Formula, other: Formula) -> Formula:
    """Of a tail, where it is near 1 from the other one."""

    def formula(x: Array, *shapes: Array) -> Array:
        y = one(x, *shapes)
        near = values(y) > 0.5
        if not np.any(every_value(near)):
            return np.log(y)
        z = other(x, *shapes)
        return np.where(near, np.log1p(-np.where(near, z, 0.5)), np.log(np.where(near, 0.5, y)))

    return formula


# -- inverses --------------------------------------------------------------------------------------


def flat(method: Formula) -> Formula:
    """SciPy's own formula, which may expect vectors, for arrays of any shape."""

    def call(*args: Any) -> Any:
        args = np.broadcast_arrays(*args)
        with np.errstate(all="ignore"):
            result = method(*[np.array(a, dtype=float).ravel() for a in args])
        return np.reshape(np.asarray(result, dtype=float), args[0].shape)[()]

    return call


def inverse(solve: Formula, f: Formula, slope: Formula) -> Formula:
    """The root `x` of ``f(x, *shapes) = q``: SciPy's value, with derivatives by Newton's method.

    A step ``x + (q - f(x)) / f'(x)`` at the root leaves the value as it is; if derivatives of `x` up to
    the order k are right before it, those up to 2 k + 1 are after it. [Griewank & Walther 2008, sec. 15.2]
    """

    def evaluate(q: Array, *shapes: Array) -> Array:
        args = (q, *shapes)
        x = of_examples(solve, *map(values, args))
        right, wanted = 0, orders(*args)
        while right < wanted:
            step = (q - f(x, *shapes)) / slope(x, *shapes)
            x = x + (step - values(step))
            right = 2 * right + 1
        return x

    return evaluate


# -- integrals of a density --------------------------------------------------------------------------


class _Integral(General):
    """A distribution function by SciPy: its derivative in the point is the density."""

    __slots__ = ("known",)
    known: int

    def specialise(self, active: int) -> Differential:
        if active & ~self.known:
            _refuse(str(self.name))
        return super().specialise(active)


def _refuse(name: str) -> NoReturn:
    raise NoRuleError(
        explain(
            f"scipy.stats.{name} has no derivative with respect to its shapes.",
            "keep them constant, say dr.stop_gradient(shape), or integrate the density with "
            "scipy.integrate.quad",
        )
    )


def integrals(dist: Any, logpdf: Formula, *partials: Formula | None) -> dict[str, Formula]:
    """``cdf`` and ``sf`` by SciPy, differentiable in the point by the density, and in a shape by its
    partial derivative of the ``cdf``, where one is given."""

    def made(method: str, sign: float) -> Any:
        def rule(y: Array, x: Array, *shapes: Array) -> Any:
            slopes: list[Any] = [lambda: sign * np.exp(logpdf(x, *shapes))]
            slopes += [None if p is None else lambda p=p: sign * p(x, *shapes) for p in partials]
            slopes += [None] * (1 + len(shapes) - len(slopes))

            def push(*tangents: Any) -> Any:
                terms = [s() * t for s, t in zip(slopes, tangents, strict=True) if s is not None]
                return sum(terms[1:], terms[0])

            def pull(ct: Any) -> Any:
                return tuple([None if s is None else (lambda s=s: s() * ct) for s in slopes])

            return push, pull

        fun = flat(getattr(dist, "_" + method))
        name = f"{dist.name}.{method}"
        primitive = _Integral(fun, rule, name, singular=True, batch=elementwise_rule)
        primitive.known = 1 | sum(1 << k for k, p in enumerate(partials, 1) if p is not None)
        return primitive

    return {"cdf": made("cdf", 1.0), "sf": made("sf", -1.0)}
