"""Integrals of functions: differentiable in limits, arguments, and in all that the function uses.

SciPy integrates the plain values, and says into which subintervals it has cut the range. Over these
the traced function is summed once more, by a fixed rule: see `_kronrod`. What limits contribute is
the integrand at the limits [Leibniz; DLMF 1.5.22]. The integrand has to be continuous in what the
derivative is taken with respect to: a jump whose place depends on it is not seen.
"""

from __future__ import annotations

import functools
import itertools
import math
import warnings
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import numpy as np
import scipy.integrate as si
from scipy import LowLevelCallable

from ...buffer import settled
from ...fronts.keywords import as_shaped, values
from ...fronts.packing import holds_tracers
from ...primitive import RECORDING, Array, Tracer
from .._orders import orders
from ..mirror import Function, Table, any_traced, every_value, table, unsupported
from ._kronrod import Interval, sum_over

WITHOUT_WEIGHT = "multiply the weight into the integrand, and leave out `weight`"
SPLIT = "integrate from limit to limit, and add: quad(f, a, c)[0] + quad(f, c, b)[0]"


# The integrand whose plain values are wanted alone, in this context: see `_Plain`.
_ASKING: ContextVar[Any] = ContextVar("who asks for plain values", default=None)


class _Plain:
    """The integrand for SciPy: plain numbers, of one of the examples of a batch.

    An integral inside of it then gives its plain value, and says so.
    """

    def __init__(self, f: Callable[[Any], Any], example: int = 0) -> None:
        self.f, self.example = f, example
        self.traced, self.size = False, 1

    def __call__(self, t: Any) -> Any:
        token = _ASKING.set(self)
        try:
            y = self.f(t)
        finally:
            _ASKING.reset(token)
        if not holds_tracers(y):
            return y
        self.traced = True
        found = np.ravel(every_value(settled(as_shaped(y))))
        self.size = max(self.size, found.size)
        return found[self.example % found.size].item()


def refuse_recording() -> None:
    recorder = RECORDING.get()
    if recorder is not None:  # where the range is cut depends on values
        recorder.refuse("an integral whose subintervals depend on values")


def beyond(f: Callable[[Any], Any], limit: Any) -> Any:
    """The integral from the value of a limit to the limit itself: 0, with all its derivatives.

    ``sum_k w_k h f(b + x_k h)`` with ``h = 0``, by Gauss's rule, of as many points as make it exact
    to the order of derivatives that are taken; of the first order it is ``h f(b)``.
    """
    order = orders(limit)
    if not order:
        return 0.0
    start = values(limit)
    if not np.all(np.isfinite(every_value(start))):
        unsupported(
            "scipy.integrate.quad with an infinite limit that is traced.",
            "give the limit as a constant: np.inf",
        )
    h = limit - start
    if order == 1:
        return h * f(start)
    x, w = np.polynomial.legendre.leggauss((order + 1) // 2)
    return h * sum(0.5 * wk * f(start + 0.5 * (1.0 + xk) * h) for xk, wk in zip(x, w, strict=True))


def on_unit_interval(f: Callable[[Any], Any], a: float, b: float) -> Callable[[Any], Any]:
    """The integrand over (0, 1] of an integral over an infinite range, as in QUADPACK (QAGI)."""
    if math.isinf(a) and math.isinf(b):
        sign = 1.0 if b > a else -1.0
        return lambda t: sign * (f((1.0 - t) / t) + f((t - 1.0) / t)) / (t * t)
    if math.isinf(b):
        sign = math.copysign(1.0, b)
        return lambda t: sign * f(a + sign * (1.0 - t) / t) / (t * t)
    sign = math.copysign(1.0, a)
    return lambda t: -sign * f(b + sign * (1.0 - t) / t) / (t * t)


def _intervals(info: dict[str, Any]) -> list[Interval]:
    last = info["last"]
    return sorted(zip(info["alist"][:last].tolist(), info["blist"][:last].tolist(), strict=True))


def _merged(parts: list[list[Interval]]) -> list[Interval]:
    """The common refinement of several divisions of one range."""
    ends = sorted({end for part in parts for interval in part for end in interval})
    return list(itertools.pairwise(ends))


def forwards(parts: list[Interval], low: float, high: float) -> tuple[list[Interval], float]:
    """Intervals from left to right, and the sign of the integral over them."""
    upwards = sorted((min(part), max(part)) for part in parts)
    finite = math.isfinite(low) and math.isfinite(high)
    return upwards, (-1.0 if finite and high < low else 1.0)


def tell(converged: bool, name: str) -> None:
    if not converged:
        warnings.warn(
            f"{name}: a derivative of the integral may be less accurate than the tolerance asks for. "
            "Cut the range where the derivative of the integrand is singular.",
            si.IntegrationWarning,
            stacklevel=4,
        )


def _is_python(func: Any) -> bool:
    return (
        callable(func) and not isinstance(func, LowLevelCallable) and not hasattr(func, "argtypes")
    )


@functools.wraps(si.quad)
def quad(
    func: Any,
    a: Any,
    b: Any,
    args: Any = (),
    full_output: Any = 0,
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
    limit: int = 50,
    points: Any = None,
    weight: Any = None,
    wvar: Any = None,
    wopts: Any = None,
    maxp1: int = 50,
    limlst: int = 50,
    complex_func: bool = False,
) -> Any:
    if not isinstance(args, tuple):
        args = (args,)
    a, b, args = settled(a), settled(b), settled(args)
    options = {"epsabs": epsabs, "epsrel": epsrel, "limit": limit}
    rest = {"weight": weight, "wvar": wvar, "wopts": wopts, "maxp1": maxp1, "limlst": limlst}
    if not _is_python(func):
        if any_traced((a, b, args), {}):
            unsupported(
                "scipy.integrate.quad of compiled code with traced values.",
                "write the integrand in Python, with NumPy",
            )
        return si.quad(
            func,
            a,
            b,
            args,
            full_output,
            points=points,
            complex_func=complex_func,
            **options,
            **rest,
        )
    if complex_func and any_traced((a, b, args), {}):
        return _complex(func, a, b, args, full_output, points, options | rest)
    f = lambda t: func(t, *args)
    plain = _Plain(f)
    known = any_traced((a, b, wvar), {}) or holds_tracers(points)
    if not known:
        plainly = si.quad if not complex_func else _complex_quad
        result = plainly(plain, a, b, (), full_output, points=points, **options, **rest)
        if not plain.traced:
            return result
        if complex_func:
            return _complex(func, a, b, args, full_output, points, options | rest)
    refuse_recording()
    if weight is not None:
        unsupported("scipy.integrate.quad of traced values with weight.", WITHOUT_WEIGHT)
    if holds_tracers(points):
        unsupported("scipy.integrate.quad with traced points.", SPLIT)
    return _traced(f, as_shaped(a), as_shaped(b), full_output, points, options)


def _complex_quad(*args: Any, **kwargs: Any) -> Any:
    return si.quad(*args, complex_func=True, **kwargs)


def _complex(
    func: Any, a: Any, b: Any, args: Any, full_output: Any, points: Any, options: Any
) -> Any:
    """Of a complex function the integrals of both parts, as in SciPy."""

    def part(take: Any) -> Any:
        return quad(
            lambda t, *args: take(as_shaped(func(t, *args))),
            a,
            b,
            args,
            full_output,
            points=points,
            **options,
        )

    real, imag = part(np.real), part(np.imag)
    result = real[0] + 1j * imag[0], real[1] + 1j * imag[1]
    return (*result, {"real": real[2:], "imag": imag[2:]}) if full_output else result


def _traced(f: Function, a: Array, b: Array, full_output: Any, points: Any, options: Any) -> Any:
    low, high = values(a), values(b)
    g = f
    if any(isinstance(x, Tracer) for x in (low, high)):  # the limits differ among examples
        if not np.all(np.isfinite(every_value(low)) & np.isfinite(every_value(high))):
            unsupported(
                "scipy.integrate.quad with infinite limits that differ among the examples of vmap.",
                "give the limit as a constant: np.inf",
            )
        if points is not None:
            unsupported("scipy.integrate.quad with points and limits of vmap.", SPLIT)
        start, length = low, high - low
        g, low, high = (lambda s: length * f(start + s * length)), 0.0, 1.0
    low, high = float(low), float(high)
    plain = _Plain(g)
    results = [si.quad(plain, low, high, full_output=1, points=points, **options)]
    for k in range(1, plain.size):
        some = _Plain(g, k)
        results.append(si.quad(some, low, high, full_output=1, points=points, **options))
    first = results[0]
    if len(first) > 3 and not full_output:
        warnings.warn(first[3], si.IntegrationWarning, stacklevel=3)
    total: Any = first[0]
    asking = _ASKING.get()
    if asking is not None and len(results) == 1:
        asking.traced = True
        return (total, first[1], *first[2:]) if full_output else (total, first[1])
    if plain.traced and low != high:
        infinite = math.isinf(low) or math.isinf(high)
        h = on_unit_interval(g, low, high) if infinite else g
        parts, sign = forwards(_merged([_intervals(r[2]) for r in results]), low, high)
        sums, converged = sum_over(h, parts, options["epsabs"], options["epsrel"])
        tell(converged, "scipy.integrate.quad")
        total = sign * sums
        if len(results) == 1:  # of the value SciPy's own, which may be extrapolated
            total = total - values(total) + first[0]
    total = total + beyond(f, b) - beyond(f, a)
    return (total, first[1], *first[2:]) if full_output else (total, first[1])


FUNCTIONS: Table = table(quad)
