"""What is recorded: a plain value that writes down all that is done with it.

It answers to NumPy as an array or a number does; operators, functions and methods are called on the
plain values as they are, so that kinds and results are those of the function itself.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..aliasing import VIEWS, with_windows, write_into
from ..array import ArrayTracer
from ..fronts.creation import CREATION
from ..fronts.packing import as_array
from ..fronts.storing import WRITERS
from ..primitive import Primitive, Tracer, apply
from ..rules.indexing import getitem, setitem
from .batch_values import OF_KIND
from .operations import Constant, Input, Operation
from .recorder import FIXED, Inner, Recorder

ndarray = np.ndarray


class Recorded(ArrayTracer):
    """A plain value of a program that is being recorded.

    Attributes
    ----------
    primal : Array or number
    index : Operation
        What made it.
    run : Recorder
    """

    __slots__ = ()
    final = True

    def __init__(self, primal: Any, trace: Recorder, made: Operation) -> None:
        self.primal = primal
        self.run = trace
        self.index = made
        self.writes = 0
        self.window = None

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self.primal)

    @property  # type: ignore[misc]
    def shape(self) -> tuple[int, ...]:
        return self.index.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> Any:
        return self.index.dtype

    @property
    def ndim(self) -> int:
        return len(self.index.shape)

    @property
    def size(self) -> int:
        return self.index.size  # type: ignore[no-any-return]

    def value(self) -> Recorded:
        return self

    def memory(self) -> Any:
        return self.primal

    def is_finite(self) -> bool:
        """The actual value decides; a replay sees in its results, and by flags, where it must not."""
        return bool(np.isfinite(self.primal).all())

    def as_variable(self) -> Any:
        if self.dtype.kind == "b":
            self.run.refuse("a boolean as what is differentiated")  # the function itself raises
        if not isinstance(self.primal, (ndarray, np.generic)):
            return self._call(np.float64, (self,), {}, True)
        return self.astype(np.float64) if self.dtype.kind in "iu" else self.snapshot()

    def as_index(self) -> Any:
        return self if self.ndim else self.__index__()

    # -- calls ----------------------------------------------------------------------------

    def call(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        """``function(*args, **kwargs)`` on plain values, written down as it is."""
        return self._call(function, args, kwargs, False)

    def _call(self, function: Any, args: Any, kwargs: Any, fixed: bool) -> Any:
        return self.run.call(function, args, kwargs, fixed)

    def apply1(self, primitive: Primitive, params: Any = None) -> Any:
        trace = self.run
        if trace.alert or params is not None:
            return self.apply(primitive, (self,), params or {})
        y = primitive.fun(self.primal)
        return trace.result(primitive.fun, (self.index,), {}, y, isinstance(primitive, FIXED))

    def apply2(self, primitive: Primitive, a: Any, b: Any) -> Any:
        return self.apply(primitive, (a, b), {})

    def apply(self, primitive: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
        trace = self.run
        if trace.alert and trace.settle(args):
            return apply(primitive, args, params)
        try:
            values, made = trace.taken_apart(tuple(args))
        except Inner:
            return apply(primitive, args, params)
        fixed = isinstance(primitive, FIXED)
        if not params:
            return trace.result(primitive.fun, made, {}, primitive.fun(*values), fixed)
        named, params = trace.taken_apart(params)
        fixed = fixed and not any(isinstance(x, Operation) and not isinstance(x, Constant)
                                  for x in params.values())  # fmt: skip
        y = primitive.fun(*values, **named)
        return trace.result(primitive.fun, made, params, y, fixed)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if _is_foreign(self, inputs) or method == "at":
            return super().__array_ufunc__(ufunc, method, *inputs, **kwargs)
        if "out" in kwargs and any(out is not None for out in kwargs["out"]):
            if any(type(out) is ndarray for out in kwargs["out"]):
                self.run.refuse("a value is written into a plain array (out=)")
            return self._into(ufunc, method, inputs, kwargs)
        inputs = tuple(as_array(x) if isinstance(x, (list, tuple)) else x for x in inputs)
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        return self._call(function, inputs, kwargs, True)

    def _into(self, ufunc: Any, method: str, inputs: Any, kwargs: dict[str, Any]) -> Any:
        """A ufunc that writes into recorded arrays: a result, and then the write."""
        rest = {key: x for key, x in kwargs.items() if key not in ("out", "where")}
        outs, where = kwargs["out"], kwargs.get("where", True)
        results = self.__array_ufunc__(ufunc, method, *inputs, **rest)
        many = isinstance(results, tuple)
        for y, out in zip(results if many else (results,), outs, strict=True):
            if not np.can_cast(y.dtype, out.dtype, kwargs.get("casting", "same_kind")):
                raise TypeError(f"Cannot cast output from {y.dtype!r} to {out.dtype!r}")
            out[...] = y if where is True else np.where(where, y, out)
        return tuple(outs) if many else outs[0]

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in OF_KIND:
            return func(*[x.primal if type(x) is Recorded else x for x in args], **kwargs)
        if func in CREATION or func in WRITERS or _is_foreign(self, (*args, *kwargs.values())):
            return super().__array_function__(func, types, args, kwargs)
        if kwargs.get("out") is not None:
            if not isinstance(kwargs["out"], Tracer):
                self.run.refuse("a value is written into a plain array (out=)")
            return super().__array_function__(func, types, args, kwargs)
        if func is np.imag and self.dtype.kind != "c":
            return self._call(func, args, kwargs, True)  # no view, but zeros
        if func in VIEWS and not (func is np.einsum and len(args) != 2):
            return with_windows(func, args, kwargs)
        packed = [
            as_array(x) if isinstance(x, ndarray) and x.dtype.kind == "O" else x for x in args
        ]
        return self._call(func, packed, kwargs, False)

    # -- elements -------------------------------------------------------------------------

    def take_index(self, key: Any) -> Any:
        return self.apply(getitem, (self,), {"key": key})

    def write(self, key: Any, value: Any) -> None:
        trace = self.run
        if isinstance(self.index, Input):
            trace.refuse("the function writes into its argument")
        plain, made = trace.taken_apart(value)
        names, named = trace.taken_apart(key)
        write_into(self, "primal", names, plain)
        self.index = Operation(setitem.fun, (self.index, made), {"key": named}, self.primal)
        trace.operations.append(self.index)

    def snapshot(self) -> Any:
        self.refresh()
        return Recorded(self.primal, self.run, self.index)

    def copy(self, order: str = "C") -> Any:
        """Another array, which may be written to."""
        self.refresh()
        trace = self.run
        trace.refuse_if_closed()
        y = np.array(self.primal, order=order)[()]  # type: ignore[call-overload]
        return trace.result(COPY, (self.index,), {}, y, True)

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    # -- what Python looks at --------------------------------------------------------------

    def plain(self) -> Any:
        """The value; the program then holds only while it is the same."""
        self.refresh()
        self.run.refuse_if_closed()
        if not isinstance(self.index, Constant):
            value = self.primal.copy() if type(self.primal) is ndarray else self.primal
            self.run.guard(self.index, value)
        return self.primal

    def __bool__(self) -> bool:
        self.refresh()
        self.run.refuse_if_closed()
        seen = bool(self.primal)
        if type(self.primal) is ndarray or not isinstance(self.index, Constant):
            self.run.guard(self.index, seen, truth=True)
        return seen

    def __float__(self) -> float:
        return float(self.plain())

    def __int__(self) -> int:
        return int(self.plain())

    def __index__(self) -> int:
        return operator.index(self.plain())

    def __complex__(self) -> complex:
        return complex(self.plain())

    def __hash__(self) -> int:
        return hash(self.plain())

    def __round__(self, ndigits: int | None = None) -> Any:
        return self.call(round, self) if ndigits is None else self.call(round, self, ndigits)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.array(self.plain(), dtype)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.plain().__reduce_ex__(protocol)

    def __contains__(self, item: Any) -> bool:
        return bool(self.call(operator.contains, self, item))

    def __repr__(self) -> str:
        return repr(self.plain())

    def __str__(self) -> str:
        return str(self.plain())

    def __format__(self, spec: str) -> str:
        return format(self.plain(), spec)

    def item(self, *args: Any) -> Any:
        return self.call(_item, self, *args)

    def tolist(self) -> Any:
        return self.call(_to_list, self)


def COPY(x: Any) -> Any:
    """A copy; to a program, in which no value changes, the same."""
    return x.copy()


def _item(x: Any, *args: Any) -> Any:
    return x.item(*args)


def _to_list(x: Any) -> Any:
    return x.tolist()


def _is_foreign(mine: Recorded, parts: Any) -> bool:
    """Whether something among `parts` belongs to a trace further inside."""
    for x in parts:
        if isinstance(x, Tracer):
            if x.run is not mine.run and x.run.level > mine.run.level:
                return True
        elif (type(x) in (list, tuple) and _is_foreign(mine, x)) or (
            isinstance(x, ndarray) and x.dtype.kind == "O" and _is_foreign(mine, list(x.flat))
        ):
            return True
    return False


# -- operators -------------------------------------------------------------------------------


def _operators(name: str, function: Callable[..., Any], ufunc: Any) -> None:
    """An operator, and its reflection, on the plain values as they are: Python's numbers stay."""
    inner, inner_reflected = (getattr(ArrayTracer, f"__{r}{name}__", None) for r in ("", "r"))

    def operate(self: Any, other: Any) -> Any:
        trace = self.run
        if not trace.alert:
            kind = type(other)
            if kind is Recorded:
                if other.run is trace:
                    y = function(self.primal, other.primal)
                    return trace.result(function, (self.index, other.index), {}, y, True)
            elif kind is float or kind is int or kind is np.float64:
                y = function(self.primal, other)
                return trace.result(function, (self.index, other), {}, y, True)
        if _is_foreign(self, (other,)):
            return inner(self, other) if inner and not comparing else ufunc(self, other)
        if isinstance(other, (list, tuple)) and not isinstance(self.primal, ndarray):
            return NotImplemented
        return self._call(function, (self, other), {}, True)

    def reflected(self: Any, other: Any) -> Any:
        if _is_foreign(self, (other,)):
            return inner_reflected(self, other) if inner_reflected else ufunc(other, self)
        return self._call(function, (other, self), {}, True)

    comparing = name in ("eq", "ne", "lt", "le", "gt", "ge")
    setattr(Recorded, f"__{name}__", operate)
    if not comparing:
        setattr(Recorded, f"__r{name}__", reflected)


for _name, _function, _ufunc in (
    ("add", operator.add, np.add), ("sub", operator.sub, np.subtract),
    ("mul", operator.mul, np.multiply), ("truediv", operator.truediv, np.divide),
    ("mod", operator.mod, np.remainder), ("pow", operator.pow, np.power),
    ("matmul", operator.matmul, np.matmul), ("floordiv", operator.floordiv, np.floor_divide),
    ("and", operator.and_, np.bitwise_and), ("or", operator.or_, np.bitwise_or),
    ("xor", operator.xor, np.bitwise_xor), ("lshift", operator.lshift, np.left_shift),
    ("rshift", operator.rshift, np.right_shift), ("divmod", divmod, np.divmod),
    ("eq", operator.eq, np.equal), ("ne", operator.ne, np.not_equal),
    ("lt", operator.lt, np.less), ("le", operator.le, np.less_equal),
    ("gt", operator.gt, np.greater), ("ge", operator.ge, np.greater_equal),
):  # fmt: skip
    _operators(_name, _function, _ufunc)

_UNARY: dict[str, Callable[[Any], Any]] = {
    "neg": operator.neg, "pos": operator.pos, "abs": abs, "invert": operator.invert,
}  # fmt: skip
for _name, _one in _UNARY.items():

    def _unary(self: Any, function: Any = _one) -> Any:
        return self._call(function, (self,), {}, True)

    setattr(Recorded, f"__{_name}__", _unary)


# -- methods of ndarrays that neither write nor view ------------------------------------------


def _method(name: str) -> Callable[..., Any]:
    inner = getattr(ArrayTracer, name, None)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if inner is not None and (kwargs.get("out") is not None or _is_foreign(self, args)):
            return inner(self, *args, **kwargs)
        return self._call(getattr(type(self.primal), name), (self, *args), kwargs, False)

    method.__name__ = name
    return method


for _name in (
    "sum", "prod", "mean", "var", "std", "max", "min", "cumsum", "cumprod", "trace", "clip", "dot",
    "argmax", "argmin", "argsort", "all", "any", "nonzero", "searchsorted", "argpartition", "round",
    "choose", "compress", "repeat", "take", "astype", "is_integer", "tobytes",
):  # fmt: skip
    setattr(Recorded, _name, _method(_name))
