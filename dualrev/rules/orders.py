"""Elementwise functions of orders and an argument: differentiable in the argument, seldom in orders.

``jv(order, x)``, ``gammainc(a, x)``, ``betainc(a, b, x)``, ``hyp2f1(a, b, c, x)``: derivatives with
respect to orders have no closed form; where one is known it is given. The argument stands last.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from ..errors import NoRuleError, explain
from ..primitive import Array, Differential
from .forms import Elementwise, General
from .forms.batching import elementwise_rule


def _refuse(name: Any) -> NoReturn:
    raise NoRuleError(
        explain(
            f"scipy.special.{name} has no derivative with respect to its order.",
            "keep the order constant, or say dr.stop_gradient(order)",
        )
    )


def keeping(partial: Callable[..., Any]) -> Callable[..., Any]:
    """`partial` in the precision of what it is given: beside Python's numbers, constant orders,
    SciPy's ufuncs may leave float32."""

    @functools.wraps(partial)
    def kept(*values: Any) -> Any:
        result = partial(*values)
        kinds = [v.dtype for v in values if hasattr(v, "dtype")]
        kind = np.result_type(result.dtype, *kinds) if not kinds else np.result_type(*kinds)
        narrower = np.can_cast(kind, result.dtype) and kind.kind == result.dtype.kind
        return result.astype(kind) if narrower and kind != result.dtype else result

    return kept


def kind_of(*values: Any) -> Any:
    """The dtype of what SciPy gives for `values`; Python's numbers have a say only alone."""
    if not any(hasattr(v, "dtype") for v in values):
        return np.dtype(np.complex128 if complex in map(type, values) else np.float64)
    return np.result_type(*values, np.float32)


UNKNOWN = None  # in place of a partial


class _Ordered(Elementwise):
    """``f(order, x)`` or ``f(a, b, x)``: elementwise in the arguments whose partial is known."""

    __slots__ = ()

    def specialise(self, active: int) -> Differential:
        if any(active >> k & 1 and p is UNKNOWN for k, p in enumerate(self.partials)):
            _refuse(self.name)
        return super().specialise(active)


class _ManyOrders(General):
    """The same for more orders than `elementwise` has names for."""

    __slots__ = ("orders",)
    orders: int

    def specialise(self, active: int) -> Differential:
        if active & (active - 1) or active >> self.orders != 1:
            _refuse(self.name)
        return super().specialise(active)


def _kept(partial: Any) -> Any:
    return keeping(partial) if callable(partial) else partial


def of_order(
    fun: Callable[..., Any], partial: Any, name: str | None = None, order: Any = UNKNOWN
) -> Elementwise:
    """``f(a, b)``, differentiable with respect to `b`, and to `a` if that partial is given."""
    partials = _kept(order), _kept(partial)
    return _Ordered(fun, partials, name or fun.__name__, singular=True)


def of_two_orders(
    fun: Callable[..., Any], partial: Any, first: Any = UNKNOWN, second: Any = UNKNOWN
) -> Elementwise:
    """``f(a, b, c)``, differentiable with respect to `c`, and what else has a partial."""
    return _Ordered(fun, tuple(map(_kept, (first, second, partial))), fun.__name__, singular=True)


def of_three_orders(fun: Callable[..., Any], partial: Callable[..., Any]) -> General:
    """``f(a, b, c, x)``, differentiable with respect to `x` alone: ``partial(a, b, c, x)``."""

    def rule(y: Array, a: Any, b: Any, c: Any, x: Array) -> Any:
        slope = keeping(partial)(a, b, c, x)
        return (lambda da, db, dc, dx: slope * dx), (lambda ct: (None, None, None, slope * ct))

    made: Any = _ManyOrders(fun, rule, fun.__name__, singular=True, batch=elementwise_rule)
    made.orders = 3
    return made
