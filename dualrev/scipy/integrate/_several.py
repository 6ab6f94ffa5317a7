"""Integrals of functions of several variables, of arrays, and by fixed rules.

Several variables are integrals inside of each other, as in SciPy: see `_quad`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate as si

from ...buffer import settled
from ...fronts.keywords import as_shaped, values
from ...fronts.packing import holds_tracers
from ...primitive import Tracer
from ...tree import as_tuple
from ..mirror import Table, any_traced, every_value, table, unsupported
from ._kronrod import sum_over
from ._quad import (
    SPLIT,
    beyond,
    forwards,
    on_unit_interval,
    quad,
    refuse_recording,
    tell,
)

# -- several variables -------------------------------------------------------------------------------


class _Found(Exception):
    """A traced value has turned up."""


def _guarded(f: Any) -> Any:
    """`f`, which stops what calls it as soon as its result is traced."""
    if not callable(f):
        return f

    def call(*args: Any) -> Any:
        result = f(*args)
        parts = result.values() if isinstance(result, dict) else (result,)
        if any(map(holds_tracers, parts)):
            raise _Found
        return result

    return call


def _each(opts: Any, count: int) -> list[Callable[..., Any]]:
    """The options of every variable, as functions of the outer ones."""
    if opts is None or isinstance(opts, dict) or callable(opts):
        opts = [opts] * count
    return [o if callable(o) else functools.partial(_constant, dict(o or {})) for o in opts]


def _constant(value: Any, *_: Any) -> Any:
    return value


@functools.wraps(si.nquad)
def nquad(
    func: Any, ranges: Any, args: Any = None, opts: Any = None, full_output: Any = False
) -> Any:
    args = () if args is None else as_tuple(args)
    plain_func = callable(func) and not hasattr(func, "argtypes")
    if not any_traced((args, *[r for r in ranges if not callable(r)]), {}):
        if not plain_func:
            return si.nquad(func, ranges, args, opts, full_output)
        guarded = [_guarded(r) for r in ranges]
        try:
            return si.nquad(_guarded(func), guarded, args, opts, full_output)
        except _Found:
            pass
    if full_output:
        unsupported("scipy.integrate.nquad of traced values with full_output.", "leave it out")
    limits = [r if callable(r) else functools.partial(_constant, r) for r in ranges]
    options, errors = _each(opts, len(limits)), [0.0]

    def integral(level: int, *outer: Any) -> Any:
        low, high = limits[level](*outer)
        given = dict(options[level](*outer))
        if "points" in given:
            given["points"] = [x for x in given["points"] if low <= x <= high]
        inner = func if level == 0 else functools.partial(integral, level - 1)
        value, error = quad(inner, low, high, outer, **given)[:2]
        errors.append(error)
        return value

    value = integral(len(limits) - 1, *args)
    return value, max(errors)


def _called(f: Any, *args: Any) -> Any:
    return f(*args) if callable(f) else f


@functools.wraps(si.dblquad)
def dblquad(
    func: Any,
    a: Any,
    b: Any,
    gfun: Any,
    hfun: Any,
    args: Any = (),
    epsabs: Any = 1.49e-8,
    epsrel: Any = 1.49e-8,
) -> Any:
    inner = lambda x, *_: [_called(gfun, x), _called(hfun, x)]
    return nquad(func, [inner, [a, b]], args, {"epsabs": epsabs, "epsrel": epsrel})


@functools.wraps(si.tplquad)
def tplquad(
    func: Any, a: Any, b: Any, gfun: Any, hfun: Any, qfun: Any, rfun: Any, args: Any = (),
    epsabs: Any = 1.49e-8, epsrel: Any = 1.49e-8,
) -> Any:  # fmt: skip
    innermost = lambda y, x, *_: [_called(qfun, x, y), _called(rfun, x, y)]
    inner = lambda x, *_: [_called(gfun, x), _called(hfun, x)]
    return nquad(func, [innermost, inner, [a, b]], args, {"epsabs": epsabs, "epsrel": epsrel})


# -- functions whose values are arrays ----------------------------------------------------------------


class _PlainArrays:
    """The integrand for SciPy: plain arrays; in a batch those of all examples."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f, self.traced = f, False

    def __call__(self, t: Any) -> Any:
        y = self.f(t)
        if not holds_tracers(y):
            return y
        self.traced = True
        return every_value(settled(as_shaped(y)))


@functools.wraps(si.quad_vec)
def quad_vec(
    f: Any, a: Any, b: Any, epsabs: float = 1e-200, epsrel: float = 1e-8, norm: Any = "2",
    cache_size: float = 100e6, limit: float = 10000, workers: Any = 1, points: Any = None,
    quadrature: Any = None, full_output: bool = False, *, args: Any = (),
) -> Any:  # fmt: skip
    args = settled(as_tuple(args))
    a, b = settled(a), settled(b)
    options = {"epsabs": epsabs, "epsrel": epsrel, "norm": norm, "cache_size": cache_size,
               "limit": limit, "workers": workers, "points": points}  # fmt: skip
    if workers != 1 and not any_traced((a, b, args), {}):
        return si.quad_vec(
            f, a, b, quadrature=quadrature, full_output=full_output, args=args, **options
        )
    plain = _PlainArrays(lambda t: f(t, *args))
    known = any_traced((a, b), {}) or holds_tracers(points)
    low, high = values(as_shaped(a)), values(as_shaped(b))
    if not known or not any(isinstance(x, Tracer) for x in (low, high)):
        result = si.quad_vec(plain, low, high, quadrature=quadrature, full_output=True, **options)
        if not known and not plain.traced:
            return result if full_output else result[:2]
    refuse_recording()
    if holds_tracers(points):
        unsupported("scipy.integrate.quad_vec with traced points.", SPLIT)
    if any(isinstance(x, Tracer) for x in (low, high)):
        unsupported(
            "scipy.integrate.quad_vec with limits that differ among the examples of vmap.",
            "integrate from 0 to 1: quad_vec(lambda s: (b - a) * f(a + (b - a) * s), 0, 1)",
        )
    low, high = float(low), float(high)
    total: Any = result[0]
    g = lambda t: as_shaped(f(t, *args))
    if plain.traced and low != high:
        cuts = result[2].intervals
        h: Any = g
        if math.isinf(low) or math.isinf(high):
            h = on_unit_interval(g, low, high)
            unit = _PlainArrays(h)
            cuts = si.quad_vec(
                unit, 0.0, 1.0, quadrature="gk21", full_output=True, **options | {"points": None}
            )[2].intervals
        parts, sign = forwards(list(map(tuple, np.asarray(cuts).tolist())), low, high)
        least = 1e-12 * float(np.max(np.abs(total), initial=0.0))
        sums, converged = sum_over(h, parts, max(epsabs, least), epsrel)
        tell(converged, "scipy.integrate.quad_vec")
        total = sign * sums
    total = total + beyond(g, b) - beyond(g, a)
    return (total, *result[1:]) if full_output else (total, result[1])


# -- fixed rules ---------------------------------------------------------------------------------------


@functools.wraps(si.fixed_quad)
def fixed_quad(func: Any, a: Any, b: Any, args: Any = (), n: int = 5) -> Any:
    """Gauss's rule, as traced arithmetic. [DLMF 3.5.15]"""
    a, b = settled(a), settled(b)
    if not any_traced((a, b), {}):
        return si.fixed_quad(func, a, b, args, n)  # whose sum takes traced values
    x, w = np.polynomial.legendre.leggauss(n)
    a, b = as_shaped(a), as_shaped(b)
    y = as_shaped(func((b - a) * (x + 1) / 2.0 + a, *args))
    return (b - a) / 2.0 * np.sum(w * y, axis=-1), None


FUNCTIONS: Table = table(nquad, dblquad, tplquad, quad_vec, fixed_quad)
