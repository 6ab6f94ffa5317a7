"""What a mirror of one of SciPy's modules is made of.

A mirror holds SciPy's own objects under SciPy's names; where one of them would lose traced
values, a *drop-in* stands in its place: SciPy itself, at SciPy's speed, on plain arguments,
and ours where one is traced.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from types import FunctionType, ModuleType
from typing import Any, NoReturn

from ..errors import NoRuleError, UnsupportedArgumentError, describe, explain
from ..fronts.packing import holds_tracers
from ..primitive import primal_of

Function = Callable[..., Any]
Table = dict[Any, Any]


def any_traced(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether an argument of a call is a tracer, or holds one."""
    for arg in args:
        if holds_tracers(arg):
            return True
    for arg in kwargs.values():
        if holds_tracers(arg):
            return True
    return False


def full_name(original: Any) -> str:
    """``scipy.linalg.solve`` as users write it, without the private modules between."""
    parts = [p for p in (original.__module__ or "").split(".") if not p.startswith("_")]
    return ".".join([*parts, original.__name__])


def drop_in(original: Function) -> Callable[[Function], Function]:
    """A decorator: `original` on plain arguments, the decorated function on traced ones."""

    def declare(traced: Function) -> Function:
        @functools.wraps(original)
        def function(*args: Any, **kwargs: Any) -> Any:
            if any_traced(args, kwargs):
                return traced(*args, **kwargs)
            return original(*args, **kwargs)

        return function

    return declare


def no_rule(name: str, instead: str, args: tuple[Any, ...] = ()) -> NoReturn:
    """Raise: `name` has no derivative."""
    details = ", ".join(describe(primal_of(a)) for a in args)
    raise NoRuleError(
        explain(f"{name} has no derivative rule.", instead, **({"with_": details} if args else {}))
    )


def unsupported(what: str, instead: str) -> NoReturn:
    """Raise: there is a derivative, but not for this argument."""
    raise UnsupportedArgumentError(explain(what, instead))


INSTEAD = (
    "compose it from supported functions, give it a rule with dr.custom, or say "
    "dr.stop_gradient(x) if a constant is meant"
)


def refusing(original: Function, instead: str = INSTEAD) -> Function:
    """`original` on plain arguments, a named error on traced ones."""

    @drop_in(original)
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        no_rule(full_name(original), instead, args)

    return refuse


def table(*functions: Function) -> Table:
    """From SciPy's functions to their drop-ins."""
    return {f.__wrapped__: f for f in functions}  # type: ignore[attr-defined]


def with_refusals(original: ModuleType, functions: Table, names: Iterable[str]) -> Table:
    """`functions`, and a refusal for the functions of a module under `names` that are not in it."""
    refused = {}
    for name in names:
        value = getattr(original, name, None)
        if isinstance(value, FunctionType) and value not in functions:
            refused[value] = refusing(value)
    return {**functions, **refused}


def face(
    original: ModuleType, functions: Table, own: Iterable[str] = ()
) -> tuple[dict[str, Any], Function]:
    """The public names of a mirror, and its ``__getattr__`` for those that SciPy loads late.

    `own` are the modules of the mirror itself, which SciPy has under the same name.
    """

    def mirrored(value: Any) -> Any:
        try:
            return functions.get(value, value)
        except TypeError:  # not hashable
            return value

    names = {
        name: mirrored(getattr(original, name))
        for name in dir(original)
        if not name.startswith("_") and name not in own
    }
    if hasattr(original, "__all__"):
        names["__all__"] = list(original.__all__)

    def late(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {original.__name__!r} has no attribute {name!r}")
        return mirrored(getattr(original, name))

    return names, late
