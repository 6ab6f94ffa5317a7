"""What a mirror of one of SciPy's modules is made of.

A mirror holds SciPy's own objects under SciPy's names; where one of them would lose traced
values, a *drop-in* stands in its place: SciPy itself, at SciPy's speed, on plain arguments,
and ours where one is traced.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NoReturn

import numpy as np

from ..buffer import fresh, settled
from ..errors import NoRuleError, UnsupportedArgumentError, describe, explain
from ..fronts.packing import holds_tracers
from ..primitive import RECORDING, RUNNING, Tracer, primal_of
from ..rules.forms.batching import aligned

Function = Callable[..., Any]
Table = dict[Any, Any]


def any_traced(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether an argument of a call is a tracer, or holds one."""
    for arg in args:
        if holds_tracers(arg):
            return True
    return bool(kwargs) and any(map(holds_tracers, kwargs.values()))


def any_derivative(parts: Iterable[Any]) -> bool:
    """Whether a derivative is taken of something among `parts`."""
    for x in parts:
        if isinstance(x, (list, tuple)):
            if any_derivative(x):
                return True
        elif (isinstance(x, Tracer) and (x.batched or primal_of(x) is not x)) or (
            type(x) is np.ndarray and x.dtype.kind == "O" and any_derivative(x.flat)
        ):
            return True
    return False


def every_value(x: Any) -> Any:
    """The plain value of `x`; under `vmap` those of all examples, along leading axes."""
    while isinstance(x, Tracer):
        x.refresh()
        x = x.plain() if x.final and not x.batched else x.primal
    return x


def of_examples(f: Function, *values: Any) -> Any:
    """`f`, which acts on the last axes, of plain values; under `vmap` of all examples at once."""
    batches = [x for x in values if isinstance(x, Tracer)]
    if not batches:
        return f(*values)
    top = max(batches, key=lambda x: x.run.level)
    if not top.batched:
        return top.call(f, *values)  # recorded as it is
    own = [isinstance(x, Tracer) and x.run is top.run for x in values]
    made: Any = type(top)
    raw = aligned([x.primal if mine else x for x, mine in zip(values, own, strict=True)], own)
    y = of_examples(f, *raw)
    return tuple([made(v, top.run) for v in y]) if isinstance(y, tuple) else made(y, top.run)


def full_name(original: Any) -> str:
    """``scipy.linalg.solve`` as users write it, without the private modules between."""
    parts = [p for p in (original.__module__ or "").split(".") if not p.startswith("_")]
    return ".".join([*parts, original.__name__])


def drop_in(original: Function) -> Callable[[Function], Function]:
    """A decorator: `original` on plain arguments, the decorated function on traced ones."""

    def declare(traced: Function) -> Function:
        @functools.wraps(original)
        def function(*args: Any, **kwargs: Any) -> Any:
            running = RUNNING.get()
            if running:
                args, kwargs = settled(args), {key: settled(x) for key, x in kwargs.items()}
            if any_traced(args, kwargs):
                recorder = RECORDING.get()
                if recorder is not None and not any_derivative((*args, *kwargs.values())):
                    return recorder.call(original, args, kwargs)
                return traced(*args, **kwargs)
            result = original(*args, **kwargs)
            return fresh(result, args) if running else result

        return function

    return declare


def no_rule(name: str, instead: str, args: tuple[Any, ...] = ()) -> NoReturn:
    """Raise: `name` has no derivative."""
    what = f"{name} has no derivative rule."
    if not args:
        raise NoRuleError(explain(what, instead))
    with_ = ", ".join(describe(primal_of(a)) for a in args)
    raise NoRuleError(explain(what, instead, with_=with_))


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

    refuse.refuses = True  # type: ignore[attr-defined]  # for the page of what is supported
    return refuse


class _Guarded:
    """A function that a solver calls: a traced result is refused, where SciPy would make it a number."""

    def __init__(self, function: Function, solver: str, instead: str) -> None:
        functools.update_wrapper(self, function, updated=())
        self.function, self.solver, self.instead = function, solver, instead
        self.error: Exception | None = None

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self.function(*args, **kwargs)
        if holds_tracers(result):
            try:
                no_rule(self.solver, self.instead)
            except NoRuleError as error:
                self.error = error
                raise
        return result


INSTEAD_OF_SOLVING = (
    "the function that is solved uses a traced value: say dr.stop_gradient(x) for a constant, or "
    "differentiate the solution by the implicit function theorem with dr.custom"
)


def solver(original: Function, instead: str = INSTEAD_OF_SOLVING) -> Function:
    """`original`, which refuses traced arguments, and traced results of the functions given to it."""
    name = full_name(original)

    def guarded(value: Any) -> Any:
        if not isinstance(value, (FunctionType, MethodType)):
            return value
        return _Guarded(value, name, instead)

    @functools.wraps(original)
    def function(*args: Any, **kwargs: Any) -> Any:
        if any_traced(args, kwargs):
            no_rule(name, instead, args)
        args = tuple(map(guarded, args))
        kwargs = {key: guarded(value) for key, value in kwargs.items()}
        try:
            return original(*args, **kwargs)
        except Exception:
            for value in (*args, *kwargs.values()):
                if isinstance(value, _Guarded) and value.error is not None:
                    raise value.error from None  # compiled code puts its own in this one's place
            raise

    function.refuses = True  # type: ignore[attr-defined]
    return function


class ClassStandIn:
    """Stands for one of SciPy's classes: its constructor refuses traced arguments.

    Whatever else is asked of a class is asked of SciPy's, and what it makes is SciPy's.
    """

    def __init__(self, original: type, instead: str = INSTEAD) -> None:
        self.__wrapped__ = original
        self._instead = instead
        self.__doc__ = original.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if any_traced(args, kwargs):
            no_rule(full_name(self.__wrapped__), self._instead)
        return self.__wrapped__(*args, **kwargs)

    def __instancecheck__(self, instance: Any) -> bool:
        return isinstance(instance, self.__wrapped__)

    def __subclasscheck__(self, subclass: Any) -> bool:
        return issubclass(subclass, self.__wrapped__)

    def __mro_entries__(self, bases: Any) -> tuple[type, ...]:
        return (self.__wrapped__,)

    def __getattr__(self, name: str) -> Any:
        if name in ("__wrapped__", "_instead"):
            raise AttributeError(name)
        return getattr(self.__wrapped__, name)

    def __or__(self, other: Any) -> Any:
        return self.__wrapped__ | other

    def __ror__(self, other: Any) -> Any:
        return other | self.__wrapped__

    def __reduce__(self) -> Any:
        return ClassStandIn, (self.__wrapped__, self._instead)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)


def table(*functions: Function) -> Table:
    """From SciPy's functions to their drop-ins."""
    return {f.__wrapped__: f for f in functions}  # type: ignore[attr-defined]


def with_refusals(
    original: ModuleType,
    functions: Table,
    names: Iterable[str],
    refuse: Callable[[Function], Function] = refusing,
) -> Table:
    """`functions`, and a refusal for the functions of a module under `names` that are not in it."""
    refused = {}
    for name in names:
        value = getattr(original, name, None)
        if isinstance(value, (FunctionType, BuiltinFunctionType)) and value not in functions:
            refused[value] = refuse(value)
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
