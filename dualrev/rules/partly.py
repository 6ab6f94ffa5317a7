"""Elementwise functions of parameters, some of them without a derivative.

``partly(fun, "k n p", None, None, partial)``: an error names the argument that has none.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, NoReturn

from ..errors import NoRuleError, explain
from ..primitive import Array, Differential, Primitive
from .forms import Elementwise, General
from .forms.batching import elementwise_rule
from .orders import keeping

NAMES = ("a", "b", "c", "d")


def refuse(name: str, argument: str) -> NoReturn:
    raise NoRuleError(
        explain(
            f"scipy.special.{name} has no derivative with respect to {argument}.",
            f"keep {argument} constant, or say dr.stop_gradient({argument})",
        )
    )


def _check(primitive: Any, active: int) -> None:
    for k, partial in enumerate(primitive.partials):
        if active >> k & 1 and partial is None:
            refuse(primitive.name, primitive.arguments[k])


class _Partly(Elementwise):
    """Elementwise in the arguments that have a partial; the others stay constant."""

    __slots__ = ("arguments",)
    arguments: tuple[str, ...]

    def specialise(self, active: int) -> Differential:
        _check(self, active)
        return super().specialise(active)


class _PartlyOfFour(General):
    """The same for more arguments than `elementwise` has names for."""

    __slots__ = ("arguments", "partials")
    arguments: tuple[str, ...]
    partials: tuple[Any, ...]

    def specialise(self, active: int) -> Differential:
        _check(self, active)
        return super().specialise(active)


def partly(fun: Callable[..., Any], arguments: str, *partials: Any) -> Primitive:
    """``fun(*arguments)`` by its partial derivatives, ``None`` where there is none; they name
    ``y``, ``a, b, c`` and of four arguments ``d`` as those of `elementwise`."""
    kept = tuple(keeping(p) if callable(p) else p for p in partials)
    made: Any
    if len(kept) < 4:
        made = _Partly(fun, kept, fun.__name__, singular=True)
    else:
        made = _PartlyOfFour(fun, _rule(kept), fun.__name__, singular=True, batch=elementwise_rule)
        made.partials = kept
    made.arguments = tuple(arguments.split())
    return made


def _rule(partials: tuple[Any, ...]) -> Callable[..., Any]:
    needs = [tuple(inspect.signature(p).parameters) for p in partials]

    def rule(y: Array, *args: Array) -> Any:
        known = dict(zip(("y", *NAMES), (y, *args), strict=True))

        def slope(k: int) -> Any:
            return partials[k](*[known[name] for name in needs[k]])

        def push(*tangents: Any) -> Any:
            return sum(d * slope(k) for k, d in enumerate(tangents))

        def pull(ct: Any) -> Any:
            return tuple((lambda k=k: ct * slope(k)) for k in range(len(args)))

        return push, pull

    return rule
