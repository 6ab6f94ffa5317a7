"""Batches: one run of a function for many examples at once.

A `Batched` stands for one example and holds them all: what it shows is the shape of one, its
primal has a leading axis. Every primitive says how it carries that axis (`Primitive.batch`), in
terms of primitives; so a batch of what is being differentiated is differentiated as a whole::

    vmap(f)(X)[k] = f(X[k])

The batches of `vmap` have the highest levels: whatever is nested in whatever order, such a
batch is unpacked first, and derivatives are taken of arrays with all leading axes. Examples do
not depend on each other, so that this is the derivative of each of them; the variables of a
derivative that is taken inside of `vmap` are repeated for every example beforehand (`nesting`),
so that each of them has its own.

The batches of directions that Jacobians are made of have a level as any trace has, further out
than the dual numbers whose tangents they are: the primals stay as they are, once for all
directions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..arithmetic import PLAIN
from ..array import ArrayTracer
from ..errors import STORE, STORING, NoBatchRuleError, describe, or_adopt, user_instruction
from ..fronts import CONSTANT_FUNCTIONS
from ..fronts.keywords import example
from ..fronts.packing import as_array
from ..fronts.ufuncs import CONSTANT_UFUNCS
from ..primitive import Primitive, Trace, Tracer, apply, primal_of
from ..rules.forms.batching import InBatch
from ..rules.forms.elementwise import Elementwise
from ..rules.indexing import getitem, setitem, take
from .batch_values import (
    ALONG,
    EACH_CONSTANT,
    EACH_ELEMENT,
    OF_KIND,
    along,
    of_values,
    refuse_function,
    refuse_value,
)

_ALL = slice(None)
_ABOVE_ALL = 1 << 60  # levels of batches of examples; all others are counted from one


class BatchTrace(Trace):
    """One run of a function for `size` examples, or of a sweep for `size` directions."""

    __slots__ = ("of_examples", "size")

    def __init__(self, size: int, of_examples: bool = False) -> None:
        super().__init__()
        self.size = size
        self.of_examples = of_examples
        if of_examples:
            self.level += _ABOVE_ALL


class Batched(ArrayTracer):
    """One example that stands for all: its primal has them along a leading axis.

    Attributes
    ----------
    primal : Array
        Of shape ``(size, *shape)``; it may be a tracer of a derivative, or of an outer batch.
    run : BatchTrace
    """

    __slots__ = ()
    batched = final = True

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
        return math.prod(self.primal.shape[1:])

    def value(self) -> Any:
        self.run.refuse_if_closed()
        value = primal_of(self.primal)
        return self if value is self.primal else Batched(value, self.run)

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
        if trace.alert and trace.settle(args):
            return apply(primitive, args, params)
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
        try:
            y = primitive.batch(trace.size, primals, batched, params)
        except NoBatchRuleError:
            if trace.of_examples or not trace.size:
                raise
            y = _one_by_one(primitive, trace.size, primals, batched, params)
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
            return Batched(take(self.primal, (_ALL, key)), self.run)
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
                return of_values(ufunc, values)
        if constant and method != "__call__":
            refuse_function(f"np.{ufunc.__name__}.{method}")
        return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in ALONG:
            return along(func, *args, **kwargs)
        if func in EACH_ELEMENT and args and args[0] is self is primal_of(self) and not kwargs:
            return Batched(func(self.primal, *args[1:]), self.run)
        if func in EACH_CONSTANT:
            return of_values(
                lambda *values: func(*values, **kwargs), [primal_of(as_array(x)) for x in args]
            )
        if func in OF_KIND:
            return func(*[example(x) for x in args], **kwargs)
        if func in CONSTANT_FUNCTIONS:
            refuse_function(f"np.{func.__name__}")
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
        refuse_value(doing, describe(self))

    def __bool__(self) -> bool:
        self.run.refuse_if_closed()
        refuse_value("a condition (if, while, and, or)", describe(self))

    def __index__(self) -> int:
        refuse_value(
            "an index into a plain array",
            describe(self),
            "make the table one of them: np.asarray(table, like=i)[i]",
        )

    def __float__(self) -> float:
        if user_instruction() == "store":
            refuse_value(STORING, describe(self), or_adopt(STORE))
        self._refuse("float(), or a plain array made of it,", "")

    __int__ = __complex__ = __float__  # type: ignore[assignment]

    def __round__(self, ndigits: int | None = None) -> Any:
        self._refuse("round()", "")

    def as_variable(self) -> Any:
        return self.astype(np.float64) if self.dtype.kind in "iu" else self.snapshot()

    def as_index(self) -> Any:
        return primal_of(self)

    def plain(self) -> NoReturn:
        self._refuse("a plain array", "")

    def __contains__(self, item: Any) -> bool:
        self._refuse("`in`", "")

    def __repr__(self) -> str:
        shown = np.array2string(self.memory(), separator=", ", threshold=20)
        return f"Batched({shown}, the first of {self.run.size})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)


def _one_by_one(
    primitive: Primitive,
    size: int,
    args: Sequence[Any],
    batched: Sequence[bool],
    params: dict[str, Any],
) -> Any:
    """For directions of a Jacobian, where an operation of a user's cannot take many at once."""
    rows = [
        apply(primitive, [x[k] if b else x for x, b in zip(args, batched, strict=True)], params)
        for k in range(size)
    ]
    if type(rows[0]) is tuple:
        return tuple([np.stack(items) for items in zip(*rows, strict=True)])
    return np.stack(rows)


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
