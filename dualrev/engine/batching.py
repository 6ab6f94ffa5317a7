"""Batches: one run of a function for many examples at once.

A `Batched` stands for one example and holds them all: what it shows is the shape of one, its
primal has a leading axis. Every primitive says how it carries that axis (`Primitive.batch`), in
terms of primitives; so a batch of what is being differentiated is differentiated as a whole::

    vmap(f)(X)[k] = f(X[k])

The batches of `vmap` have the highest levels: whatever is nested in whatever order, such a
batch is unpacked first, and derivatives are taken of arrays with all leading axes. Examples do
not depend on each other, so that this is the derivative of each of them; the variables of a
derivative that is taken inside of `vmap` are repeated for every example beforehand (`enter`),
so that each of them has its own.

The batches of directions that Jacobians are made of have a level as any trace has, further out
than the dual numbers whose tangents they are: the primals stay as they are, once for all
directions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn

import numpy as np

from ..arithmetic import PLAIN
from ..array import ArrayTracer
from ..errors import (
    STORE,
    STORING,
    ConcreteValueError,
    DualrevError,
    NoBatchRuleError,
    describe,
    explain,
    or_adopt,
    user_instruction,
)
from ..fronts import CONSTANT_FUNCTIONS
from ..fronts.packing import as_array
from ..fronts.ufuncs import CONSTANT_UFUNCS
from ..primitive import CLOSED, WRITTEN, Primitive, Trace, Tracer, apply, primal_of, revive
from ..rules.forms.batching import InBatch, aligned, full, shifted
from ..rules.forms.elementwise import Elementwise
from ..rules.indexing import getitem, setitem

_ABOVE_ALL = 1 << 60  # levels of batches; those of derivatives are counted from one

# The batches inside of which user code runs, the innermost last.
BATCHES: ContextVar[tuple[BatchTrace, ...]] = ContextVar("batches", default=())


class BatchTrace(Trace):
    """One run of a function for `size` examples, or of a sweep for `size` directions."""

    __slots__ = ("size",)

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size


@contextmanager
def batching(size: int) -> Iterator[BatchTrace]:
    """The batch of a `vmap`, for the code inside; closed at the end."""
    trace = BatchTrace(size)
    trace.level += _ABOVE_ALL
    token = BATCHES.set((*BATCHES.get(), trace))
    try:
        yield trace
    finally:
        BATCHES.reset(token)
        trace.close()


class Batched(ArrayTracer):
    """One example that stands for all: its primal has them along a leading axis.

    Attributes
    ----------
    primal : Array
        Of shape ``(size, *shape)``; it may be a tracer of a derivative, or of an outer batch.
    run : BatchTrace
    """

    __slots__ = ()
    batched = True

    def __init__(self, primal: Any, trace: BatchTrace) -> None:
        self.primal = primal
        self.run = trace
        self.writes = 0
        self.window = None

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return np.ndarray if self.primal.ndim > 1 else self.primal.dtype.type  # type: ignore[no-any-return]

    @property  # type: ignore[misc]
    def shape(self) -> tuple[int, ...]:
        return self.primal.shape[1:]  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        return self.primal.ndim - 1  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        return int(np.prod(self.primal.shape[1:], dtype=np.intp))

    def value(self) -> Any:
        self.run.refuse_if_closed()
        return (
            Batched(primal_of(self.primal), self.run) if isinstance(self.primal, Tracer) else self
        )

    def like(self, primal: Any) -> Batched:
        """Another value in the same batch."""
        return Batched(primal, self.run)

    def memory(self) -> Any:
        held = self.primal.memory() if isinstance(self.primal, Tracer) else self.primal
        return held[0] if len(held) else np.empty(held.shape[1:], held.dtype)

    # -- primitives -----------------------------------------------------------------------

    def apply1(self, primitive: Primitive, params: Any = None) -> Any:
        trace = self.run
        if trace.alert or params is not None or not isinstance(primitive, Elementwise):
            return self.apply(primitive, (self,), params or {})
        return Batched(primitive(self.primal), trace)

    def apply2(self, primitive: Primitive, a: Any, b: Any) -> Any:
        return apply(primitive, (a, b), {})

    def apply(self, primitive: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
        trace = self.run
        if trace.alert:
            if trace.alert & CLOSED:
                revive(args)
                return apply(primitive, args, params)
            if trace.alert & WRITTEN:
                for arg in args:
                    if isinstance(arg, Tracer):
                        arg.refresh()
        primals, batched = [], []
        for arg in args:
            mine = type(arg) is Batched and arg.run is trace
            if not mine and isinstance(arg, Tracer):
                arg = arg.snapshot()
                if isinstance(arg, Tracer) and arg.run.level > trace.level:
                    return apply(primitive, args, params)  # a view of what is batched further in
            primals.append(arg.primal if mine else arg)
            batched.append(mine)
        if params:
            params = {key: self._unpacked(value) for key, value in params.items()}
        y = primitive.batch(trace.size, primals, batched, params)
        if type(y) is tuple:
            return tuple([Batched(item, trace) for item in y])
        return Batched(y, trace)

    def _unpacked(self, param: Any) -> Any:
        """A parameter in which what differs among the examples is marked as such."""
        if type(param) is Batched and param.run is self.run:
            return InBatch(param.primal)
        if type(param) is tuple and any(isinstance(part, Tracer) for part in param):
            return tuple(map(self._unpacked, param))
        return param

    # -- elements -------------------------------------------------------------------------

    def take_index(self, key: Any) -> Any:
        if not self.run.alert and (type(key) is int or type(key) is slice):
            return Batched(getitem(self.primal, key=(slice(None), key)), self.run)
        return self.apply(getitem, (self,), {"key": key})

    def write(self, key: Any, value: Any) -> None:
        mine = type(value) is Batched and value.run is self.run
        if mine:
            value.refresh()
            value = value.primal
        args = (self.primal, value)
        self.primal = setitem.batch(self.run.size, args, (True, mine), {"key": self._unpacked(key)})

    # -- NumPy's protocols: what takes no derivative ----------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        constant = ufunc in CONSTANT_UFUNCS
        if method == "__call__" and not kwargs and ufunc.signature is None:
            arrays = [as_array(x) for x in inputs]
            values = [primal_of(x) for x in arrays]
            if constant or all(v is x for v, x in zip(values, arrays, strict=True)):
                return _of_values(ufunc, values)
        if constant and method != "__call__":
            _refuse_function(f"np.{ufunc.__name__}.{method}")
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in _ALONG:
            return _along(func, *args, **kwargs)
        if func in _EACH_ELEMENT and args and args[0] is self is primal_of(self) and not kwargs:
            return Batched(func(self.primal, *args[1:], **kwargs), self.run)
        if func in _EACH_CONSTANT:
            return _of_values(
                lambda *values: func(*values, **kwargs), [primal_of(as_array(x)) for x in args]
            )
        if func in _OF_KIND:
            return func(*[_example(x) for x in args], **kwargs)
        if func in CONSTANT_FUNCTIONS:
            _refuse_function(f"np.{func.__name__}")
        return super().__array_function__(func, types, args, kwargs)

    def _compare(ufunc: Any) -> Callable[..., Any]:  # type: ignore[misc]
        def compare(self: Any, other: Any) -> Any:
            if other is None or isinstance(other, str):
                return NotImplemented
            return ufunc(self, other)

        return compare

    def _reflected(ufunc: Any) -> Callable[..., Any]:  # type: ignore[misc]
        return lambda self, other: ufunc(other, self)

    __eq__, __ne__ = _compare(np.equal), _compare(np.not_equal)  # type: ignore[assignment]
    __lt__, __le__ = _compare(np.less), _compare(np.less_equal)
    __gt__, __ge__ = _compare(np.greater), _compare(np.greater_equal)
    __and__, __or__, __xor__ = map(_compare, (np.bitwise_and, np.bitwise_or, np.bitwise_xor))
    __rand__, __ror__, __rxor__ = __and__, __or__, __xor__
    __floordiv__, __rfloordiv__ = _compare(np.floor_divide), _reflected(np.floor_divide)
    __lshift__, __rshift__ = _compare(np.left_shift), _compare(np.right_shift)

    def __invert__(self) -> Any:
        return np.invert(self)

    __hash__ = ArrayTracer.__hash__

    def _method(function: Any) -> Callable[..., Any]:  # type: ignore[misc]
        return lambda self, *args, **kwargs: function(self, *args, **kwargs)

    argmax, argmin, argsort = map(_method, (np.argmax, np.argmin, np.argsort))
    all, any, argpartition = map(_method, (np.all, np.any, np.argpartition))

    del _compare, _reflected, _method

    # -- what one example alone cannot answer -------------------------------------------------

    def _refuse(self, doing: str, instead: str) -> NoReturn:
        _refuse_value(doing, describe(self))

    def __bool__(self) -> bool:
        self.run.refuse_if_closed()
        _refuse_value("a condition (if, while, and, or)", describe(self))

    def __index__(self) -> int:
        _refuse_value(
            "an index into a plain array",
            describe(self),
            "make the table one of them: np.asarray(table, like=i)[i]",
        )

    def __float__(self) -> float:
        if user_instruction() == "store":
            _refuse_value(STORING, describe(self), or_adopt(STORE))
        self._refuse("float(), or a plain array made of it,", "")

    __int__ = __complex__ = __float__  # type: ignore[assignment]

    def __round__(self, ndigits: int | None = None) -> Any:
        self._refuse("round()", "")

    def refuse_plain(self) -> NoReturn:
        """Raise: a plain value was demanded."""
        self._refuse("a plain array", "")

    def __contains__(self, item: Any) -> bool:
        self._refuse("`in`", "")

    def __repr__(self) -> str:
        shown = np.array2string(self.memory(), separator=", ", threshold=20)
        return f"Batched({shown}, the first of {self.run.size})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)


def _refuse_value(doing: str, what: str, instead: str | None = None) -> NoReturn:
    raise ConcreteValueError(
        explain(
            f"{doing} inside of vmap needs one value, but it differs among the examples.",
            instead
            or "use np.where, np.sum and other functions of whole arrays; index a plain table by "
            "np.asarray(table, like=i)[i]; or compute it before vmap and pass it in",
            with_=what,
        )
    )


def _refuse_function(name: str) -> NoReturn:
    raise NoBatchRuleError(
        explain(
            f"{name} has no batch rule: its result depends on the values of each example.",
            "compute it outside of vmap, or compose it from np.where, np.take, sums and the like",
        )
    )


# -- operators ---------------------------------------------------------------------------------


def _operators(symbol: str, name: str) -> None:
    """Arithmetic without detours where the operands are of one rank, or one is a constant."""
    source = f"""
def operate(self, other):
    run = self.run
    if not run.alert:
        a = self.primal
        if type(other) is Batched:
            if other.run is run:
                b = other.primal
                if a.ndim == b.ndim:
                    return Batched(a {symbol} b, run)
        elif type(other) in PLAIN or (
            type(other) is ndarray and other.ndim < a.ndim and other.dtype.char in "dfDF"
        ):
            return Batched(a {symbol} other, run)
    return general(self, other)

def reflected(self, other):
    run = self.run
    if not run.alert:
        a = self.primal
        if type(other) in PLAIN or (
            type(other) is ndarray and other.ndim < a.ndim and other.dtype.char in "dfDF"
        ):
            return Batched(other {symbol} a, run)
    return general_reflected(self, other)
"""
    scope: dict[str, Any] = {
        "Batched": Batched, "PLAIN": PLAIN, "ndarray": np.ndarray,
        "general": getattr(ArrayTracer, f"__{name}__"),
        "general_reflected": getattr(ArrayTracer, f"__r{name}__"),
    }  # fmt: skip
    exec(compile(source, f"<{name} of batches>", "exec"), scope)
    setattr(Batched, f"__{name}__", scope["operate"])
    setattr(Batched, f"__r{name}__", scope["reflected"])


for _symbol, _name in (("+", "add"), ("-", "sub"), ("*", "mul"), ("/", "truediv")):
    _operators(_symbol, _name)


# -- functions of values, whose derivative is zero -----------------------------------------------


def _of_values(ufunc: Any, values: Sequence[Any]) -> Any:
    """A ufunc of plain values, of which the innermost batch is unpacked."""
    top = max((x for x in values if isinstance(x, Tracer)), key=lambda x: x.run.level)
    trace = top.run
    trace.refuse_if_closed()
    mine = [type(x) is Batched and x.run is trace for x in values]
    raw = [x.primal if m else x for x, m in zip(values, mine, strict=True)]
    y = ufunc(*aligned(raw, mine))
    if type(y) is tuple:
        return tuple([Batched(item, trace) for item in y])
    return Batched(y, trace)


# With their default axis; ``None`` stands for all elements in order.
_ALONG: dict[Any, Any] = {
    np.argmax: None, np.argmin: None, np.argsort: -1, np.argpartition: -1, np.nanargmax: None,
    np.nanargmin: None, np.all: None, np.any: None, np.count_nonzero: None,
}  # fmt: skip
_MANY_AXES = (np.all, np.any, np.count_nonzero)
# What treats every element alike; of plain values there is nothing else to do.
_EACH_ELEMENT = frozenset({np.real, np.imag, np.angle, np.round, np.around})
_EACH_CONSTANT = frozenset({np.isreal, np.iscomplex, np.isposinf, np.isneginf, np.isclose})
# What asks only for shapes and kinds: one example answers.
_OF_KIND = frozenset({np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, np.isrealobj,
    np.min_scalar_type, np.can_cast, np.common_type, np.may_share_memory, np.shares_memory,
    np.diag_indices_from, np.tril_indices_from, np.triu_indices_from})  # fmt: skip


def _along(func: Any, a: Any, *args: Any, **kwargs: Any) -> Any:
    """argmax, argsort, all, ...: along an axis of each example."""
    a = primal_of(a)
    if not isinstance(a, Batched):
        _refuse_function(f"np.{func.__name__} of these arguments")
    a.run.refuse_if_closed()
    raw, ndim = a.primal, a.ndim
    rest = list(args)
    if func is np.argpartition:
        kwargs["kth"] = rest.pop(0) if rest else kwargs["kth"]
    axis = rest.pop(0) if rest else kwargs.pop("axis", _ALONG[func])
    if rest:
        _refuse_function(f"np.{func.__name__} with these arguments")
    if axis is None and func not in _MANY_AXES:
        raw = raw.reshape(a.run.size, a.size)
        y = func(raw, axis=1, **kwargs)
    else:
        y = func(raw, axis=shifted(axis, ndim), **kwargs)
    return Batched(y, a.run)


def _example(x: Any) -> Any:
    return x.memory() if isinstance(x, Tracer) else x


# -- in and out of all batches that run ------------------------------------------------------------


def enter(x: Any, batches: Sequence[BatchTrace]) -> Any:
    """`x` with the axes of all `batches` in front, repeated along those that it does not have."""
    for trace in reversed(batches):
        if isinstance(x, Tracer):
            x.refresh()
        x = _enter(x, trace)
    return x


def _enter(x: Any, trace: BatchTrace) -> Any:
    if type(x) is not Batched or x.run.level < trace.level:
        return full(x, False, trace.size)
    if x.run is trace:
        return x.primal
    # A batch further inside stays so: the axis of `trace` goes behind its axis.
    return Batched(np.swapaxes(_enter(x.primal, trace), 0, 1), x.run)


def leave(x: Any, batches: Sequence[BatchTrace]) -> Any:
    """The inverse: one example that stands for all."""
    for trace in batches:
        x = _leave(x, trace)
    return x


def _leave(x: Any, trace: BatchTrace) -> Any:
    if type(x) is Batched and x.run.level > trace.level:
        return Batched(_leave(np.swapaxes(x.primal, 0, 1), trace), x.run)
    return Batched(x, trace)


def by_direction(linear: Callable[..., Any], vectors: Sequence[Any], point: Sequence[Any]) -> Any:
    """``linear(*vectors)``; for a batch of directions, if `linear` cannot take it, one by one.

    For rules of users, who may call compiled code, at a plain `point`. Never for the examples
    of a `vmap`.
    """
    batches = [x for x in vectors if type(x) is Batched and x.run.level < _ABOVE_ALL]
    try:
        return linear(*vectors)
    except (DualrevError, TypeError, ValueError):
        plain = all(type(x.primal) is np.ndarray for x in batches)
        others = sum(isinstance(x, Tracer) for x in (*vectors, *point)) > len(batches)
        if not batches or not plain or others or len({x.run for x in batches}) > 1:
            raise
    trace = batches[0].run
    rows = [
        linear(*[x.primal[k][()] if type(x) is Batched else x for x in vectors])
        for k in range(trace.size)
    ]
    if not rows:
        raise NoBatchRuleError(explain("a rule of a user for no directions at all.", "give some"))
    if isinstance(rows[0], tuple):
        return tuple(Batched(np.stack(items), trace) for items in zip(*rows, strict=True))
    return Batched(np.stack(rows), trace)


def is_inside(x: Any, batches: Sequence[BatchTrace]) -> bool:
    """Whether `x` belongs to one of `batches`."""
    return any(type(x) is Batched and x.run is trace for trace in batches)
