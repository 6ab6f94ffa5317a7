"""What follows from the formulas of a distribution: tails, quantiles, and integrals of a density.

An entry of a table of families states what has a closed form. `completed` adds the rest: a
function of one tail from the other, quantiles from the distribution function.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import scipy.special as sc

from ...errors import NoRuleError, explain
from ...fronts.keywords import values
from ...primitive import Array, Differential
from ...rules.forms import General
from ...rules.forms.batching import elementwise_rule
from ...rules.special import exprel, log1prel_derivative
from ...rules.tails import panels
from .._orders import orders
from ..mirror import every_value, of_examples

Formula = Callable[..., Array]
LOG_2, LOG_PI = math.log(2), math.log(math.pi)
ROOT_TWO, ROOT_TWO_PI = math.sqrt(2), math.sqrt(2 * math.pi)
LOG_ROOT_TWO_PI = math.log(ROOT_TWO_PI)

_log1prel, log1prel_slope = log1prel_derivative(0), log1prel_derivative(1)


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


# -- what keeps the digits of a small difference ----------------------------------------------------

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(20)


def log_normal_mass(a: Array, b: Array, half: Array | None = None) -> Array:
    """``log(ndtr(b) - ndtr(a))`` for ``a < b``: from the tail in which the interval lies, and of a narrow
    one with the middle m and half the width h ``log(phi(m) int exp(-m t - t**2 / 2), -h < t < h)``, a
    quadrature by Gauss and Legendre of positive terms. `half` is h, where it is known better."""
    low, high = values(a), values(b)
    with np.errstate(invalid="ignore"):
        middle = np.where(np.isfinite(low) & np.isfinite(high), 0.5 * (low + high), np.inf)
        narrow = (high - low) * (1.0 + np.abs(middle)) < 4.0
    if not np.any(every_value(narrow)):
        return _log_wide_mass(a, b)
    c, d = np.where(narrow, a, -1.0), np.where(narrow, b, 1.0)
    h = 0.5 * (d - c) if half is None else np.where(narrow, half, 1.0)
    m = 0.5 * (c + d)
    t = np.expand_dims(h, -1) * _NODES
    terms = np.exp(-np.expand_dims(m, -1) * t - 0.5 * t * t) * _WEIGHTS
    near = np.log(h * np.sum(terms, axis=-1)) - 0.5 * m * m - LOG_ROOT_TWO_PI
    if np.all(every_value(narrow)):
        return near
    return np.where(
        narrow, near, _log_wide_mass(np.where(narrow, -1.0, a), np.where(narrow, 1.0, b))
    )


def _log_wide_mass(a: Array, b: Array) -> Array:
    right = values(a) > 0
    low, high = np.where(right, -b, a), np.where(right, -a, b)
    left = values(high) <= 0
    log_high = sc.log_ndtr(np.where(left, high, 0.0))
    tail = log_high + log1mexp(sc.log_ndtr(np.where(left, low, -1.0)) - log_high)
    middle = np.log1p(-sc.ndtr(np.where(left, -1.0, low)) - sc.ndtr(np.where(left, -1.0, -high)))
    return np.where(left, tail, middle)


def log_sech(x: Array) -> Array:
    """``-log cosh x``, whose derivative keeps its digits at 0."""
    near = lambda x: 0.5 * np.log1p(-(np.tanh(x) ** 2))
    return either(np.abs(values(x)) < 1, near, lambda x: LOG_2 - np.logaddexp(x, -x), x, 1.0)


def minus_sin(u: Array) -> Array:
    """``u - sin(u)`` for ``u >= 0``, by its series where it is small. [DLMF 4.19.1]"""

    def series(u: Array) -> Array:
        s = 0.0 * u
        for k in range(12, 0, -1):
            s = u * u * ((-1) ** (k + 1) / math.factorial(2 * k + 1) + s)
        return u * s

    return either(values(u) < 1.5, series, lambda u: u - np.sin(u), u, 1.5)


def log1m_square(x: Array) -> Array:
    """``log(1 - x**2)``, whose derivative keeps its digits at 0 and at both ends."""
    near = np.abs(values(x)) < 0.5
    return either(near, lambda x: np.log1p(-x * x), lambda x: np.log((1 - x) * (1 + x)), x, 0.5)


def two_tails(cdf: Formula, sf: Formula) -> dict[str, Formula]:
    """Each of two tails that keep their digits near 0 alone, near 1 by the other one."""

    def made(one: Formula, other: Formula) -> Formula:
        def tail(x: Array, *shapes: Array) -> Array:
            y = one(x, *shapes)
            high = values(y) > 0.5
            if not np.any(every_value(high)):
                return y
            z = 1.0 - other(x, *shapes)
            return z if np.all(every_value(high)) else np.where(high, z, y)

        return tail

    return {"cdf": made(cdf, sf), "sf": made(sf, cdf)}


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
            f["ppf"] = inverse(polished(dist._ppf, f["cdf"], density, 1.0), f["cdf"], density)
        if "isf" not in f and "sf" in f:
            down = _after(lambda u: -u, density)
            f["isf"] = inverse(polished(dist._isf, f["sf"], density, -1.0), f["sf"], down)
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


def polished(method: Formula, tail: Formula, density: Formula, sign: float) -> Formula:
    """SciPy's quantile; where it is off, as far in tails, by Newton's method for
    ``log tail(x) = log q`` in ``log |x|``."""
    solve = flat(method)

    def step(q: Any, x: Any, *shapes: Any) -> Any:
        y = tail(x, *shapes)
        return sign * y * (np.log(q) - np.log(y)) / density(x, *shapes)

    def root(q: Any, *shapes: Any) -> Any:
        x = solve(q, *shapes)
        with np.errstate(all="ignore"):
            for _ in range(12):
                dx = step(q, x, *shapes)
                part = dx / x
                rough = (np.abs(part) > 1e-11) & np.isfinite(part) & (q < 0.01)
                if not np.any(rough):
                    break
                x = np.where(rough, x * np.exp(np.clip(part, -1.0, 1.0)), x)
        return x

    return root


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


Support = Callable[..., tuple[Any, Any]]


def _outward(logpdf: Formula, support: Support) -> Formula:
    """For a density with one peak the side away from it, and nodes and weights, along a last axis, of a
    quadrature over that tail in the distance from the point."""

    def nodes(x: Any, *shapes: Any) -> tuple[Any, Any, Any]:
        every = np.broadcast_arrays(x, *shapes)
        size = every[0].shape
        x, *parameters = [v.ravel() for v in every]
        low, high = support(*parameters)
        with np.errstate(all="ignore"):
            step = 1e-6 * (1 + np.abs(x))
            left, right = np.maximum(x - step, low), np.minimum(x + step, high)
            upper = logpdf(right, *parameters) < logpdf(left, *parameters)
            sign, room = np.where(upper, 1.0, -1.0), np.where(upper, high - x, x - low)
            top = logpdf(x, *parameters)

            def log(s: Any) -> Any:
                gap = logpdf(x + sign * np.minimum(s, room), *parameters) - top
                return np.where(s > room, -np.inf, gap)

            finite = np.isfinite(room)
            cuts = (np.where(finite, room, np.inf),) if finite.any() else ()
            s, w = panels(log, np.ones(x.size), cuts)
            w = np.where(s > room, 0.0, w)
        return tuple([np.reshape(v.T, (*size, -1)[: len(size) + v.ndim - 1]) for v in (sign, s, w)])

    return nodes


def slope_of_tail(logpdf: Formula, partial: Formula, support: Support) -> Formula:
    """Of the ``cdf`` in a shape, in which `partial` is the derivative of `logpdf`: the integral of that of
    the density over the tail beyond the point. The ends of the support are numbers."""
    nodes = _outward(logpdf, support)

    def slope(x: Array, *shapes: Array) -> Array:
        sign, s, w = of_examples(nodes, *map(values, (x, *shapes)))
        wide = [np.expand_dims(v, -1) if np.ndim(v) else v for v in shapes]
        low, high = support(*shapes)
        if np.isfinite(low):  # nodes that stay between the point and the end
            room = np.where(sign > 0, high - x, x - low)
            known = values(room)
            share = np.expand_dims(room / np.where(known > 0, known, 1.0), -1)
            s, w = s * share, w * share
        t = np.expand_dims(x, -1) + np.expand_dims(sign, -1) * s
        return -sign * np.sum(w * np.exp(logpdf(t, *wide)) * partial(t, *wide), axis=-1)

    return slope


def _with_tails(fun: Formula, logpdf: Formula, support: Support, side: float) -> Formula:
    """A tail by SciPy, and where it is small, there SciPy's has no digits left, by a quadrature."""
    nodes = _outward(logpdf, support)

    def tail(x: Any, *shapes: Any) -> Any:
        y = fun(x, *shapes)
        small = y < 1e-3
        if not np.any(small):
            return y
        every = [np.broadcast_to(v, np.shape(y)) for v in (x, *shapes)]
        small &= np.isfinite(every[0])
        picked = [v[small] for v in every]
        sign, s, w = nodes(*picked)
        with np.errstate(all="ignore"):
            wide = [v[:, None] for v in picked]
            t = wide[0] + sign[:, None] * s
            z = np.sum(w * np.exp(logpdf(t, *wide[1:])), axis=-1)
        y = np.array(y)
        y[small] = np.where((sign == side) & np.isfinite(z), z, y[small])
        return y[()]

    return tail


def integrals(
    dist: Any, logpdf: Formula, *partials: Formula | None, support: Support | None = None
) -> dict[str, Formula]:
    """``cdf`` and ``sf`` by SciPy, differentiable in the point by the density, and in a shape by its
    partial derivative of the ``cdf``, where one is given. With the support of a density with one peak
    tails are quadratures."""

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
        if support is not None:
            fun = _with_tails(fun, logpdf, support, -sign)
        name = f"{dist.name}.{method}"
        primitive = _Integral(fun, rule, name, singular=True, batch=elementwise_rule)
        primitive.known = 1 | sum(1 << k for k, p in enumerate(partials, 1) if p is not None)
        return primitive

    return {"cdf": made("cdf", 1.0), "sf": made("sf", -1.0)}
