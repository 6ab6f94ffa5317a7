"""The traced array: NumPy's operators, methods and protocols on a tracer.

`ArrayTracer` is a duck array. It is not an ndarray, has no ``__float__`` that returns a
number and no numeric ``__array__``: each of those would let NumPy drop the derivative in
silence. It can be written to, and views of it behave as NumPy's do: every tracer names an
immutable value, and a write makes it name a new one.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np

from .aliasing import IMAG, REAL, VIEWS, refuse_repeated, with_windows
from .arithmetic import binary, constant_operator, in_place
from .conversions import Conversions
from .errors import (
    DualrevError,
    NoRuleError,
    StructureError,
    describe,
    explain,
    raise_or_note,
)
from .fronts import CONSTANT_FUNCTIONS, FUNCTIONS
from .fronts.creation import CREATION
from .fronts.packing import as_array
from .fronts.storing import Flat
from .fronts.ufuncs import OBJECT_METHODS, call_ufunc
from .primitive import CLOSED, NORM_OF, WRITTEN, Tracer, primal_of
from .rules import elementwise as ew
from .rules.indexing import getitem, is_basic, setitem
from .rules.keys import dispatch, is_traced
from .rules.linalg import squared_norm
from .rules.products import matmul
from .tree import rebuilt

_CLASS: Any = object.__dict__["__class__"]


class ArrayTracer(Conversions):
    """A tracer that answers to NumPy as an array does; `Dual` and `Node` are its two kinds."""

    __slots__ = ()
    __array_priority__ = 1000.0
    __hash__ = Conversions.__hash__  # which a class with ``__eq__`` would not inherit

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """The type of what this stands for: ``isinstance(x, np.ndarray)`` is true of an array.

        Python asks for it where the type itself does not answer, as do ``match`` and
        `functools.singledispatch`. The type is still `Node` or `Dual`.
        """
        return primal_of(self).__class__  # type: ignore[no-any-return]

    # -- operators ----------------------------------------------------------------------

    __add__, __radd__ = binary(ew.add)
    __sub__, __rsub__ = binary(ew.subtract)
    __mul__, __rmul__ = binary(ew.multiply)
    __truediv__, __rtruediv__ = binary(ew.divide)
    __mod__, __rmod__ = binary(ew.remainder)
    __matmul__, __rmatmul__ = binary(matmul)
    _power, __rpow__ = binary(ew.pow)

    def __pow__(self, exponent: Any, modulus: None = None) -> Any:
        if type(exponent) is int or type(exponent) is float:
            if exponent == 2:
                if self.window is not None and self.window[1] is NORM_OF:
                    return squared_norm(self)
                return self.apply1(ew.square)
            if exponent == 0.5:
                return self.apply1(ew.sqrt)
            if exponent == 1:
                return self.apply1(ew.positive)
            if exponent == -1:
                return self.apply1(ew.reciprocal)
        return self._power(exponent)

    def __neg__(self) -> Any:
        return self.apply1(ew.negative)

    def __pos__(self) -> Any:
        return self.apply1(ew.positive)

    def __abs__(self) -> Any:
        return self.apply1(ew.absolute)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    __iadd__ = in_place(operator.add)
    __isub__ = in_place(operator.sub)
    __imul__ = in_place(operator.mul)
    __itruediv__ = in_place(operator.truediv)
    __ipow__ = in_place(operator.pow)
    __imod__ = in_place(operator.mod)
    __imatmul__ = in_place(operator.matmul)
    __ifloordiv__ = in_place(operator.floordiv)

    __eq__ = constant_operator(operator.eq)  # type: ignore[assignment]
    __ne__ = constant_operator(operator.ne)  # type: ignore[assignment]
    __lt__ = constant_operator(operator.lt)
    __le__ = constant_operator(operator.le)
    __gt__ = constant_operator(operator.gt)
    __ge__ = constant_operator(operator.ge)
    __floordiv__ = constant_operator(operator.floordiv)
    __rfloordiv__ = constant_operator(lambda a, b: b // a)

    def __bool__(self) -> bool:
        self.refresh()
        return bool(primal_of(self))

    def __contains__(self, item: Any) -> bool:
        return bool(np.any(self == item))

    def __round__(self, ndigits: int | None = None) -> Any:
        return round(primal_of(self)) if ndigits is None else round(primal_of(self), ndigits)

    # -- elements -----------------------------------------------------------------------

    def take_index(self, key: Any) -> Any:
        """``self[key]`` for a key that holds no tracers."""
        return self.apply1(getitem, {"key": key})

    def __getitem__(self, key: Any) -> Any:
        if self.run.alert & CLOSED:
            self.revive()
            return self[key]
        if type(key) is slice:
            result = self.take_index(key)
            result.window = self, key, self.writes
            return result
        if type(key) is int:
            result = self.take_index(key)
            if result.ndim:
                result.window = self, key, self.writes
            return result
        key = plain_key(key)
        if is_traced(key):
            return dispatch(getitem, (self,), key)
        result = self.take_index(key)
        if (
            is_basic(key)
            and isinstance(primal_of(result), np.ndarray)
            and isinstance(primal_of(self), np.ndarray)  # an array made of a scalar is a copy
        ):
            result.window = self, key, self.writes
        return result

    def __setitem__(self, key: Any, value: Any) -> None:
        if self.run.alert & CLOSED:
            self.revive()
            self[key] = value
            return
        self.refresh()
        if not self.batched and not isinstance(primal_of(self), np.ndarray):
            kind = primal_of(self).__class__.__name__
            raise TypeError(f"'{kind}' object does not support item assignment")
        if self.window is not None and callable(self.window[1]):
            refuse_repeated(self, self.window[0])
        key = plain_key(key)
        value = as_array(value)
        if self.dtype.kind != "c" and getattr(value, "dtype", np.dtype(type(value))).kind == "c":
            raise StructureError(
                explain(
                    f"a complex value is stored into an array of {self.dtype}, which would drop "
                    "its imaginary part.",
                    "store its .real, or make the array complex",
                )
            )
        self.run.alert |= WRITTEN
        if is_traced(key) and not self.final:
            self._name(dispatch(setitem, (self, value), key))
            self.run.alert |= WRITTEN
        elif isinstance(value, Tracer) and value.run.level > self.run.level:
            self._name(setitem(self, value, key=key))  # this value now belongs to that run
            self.run.alert |= WRITTEN
        else:
            self.write(key, value)
            self.writes += 1
        if self.window is not None:
            self._write_through()

    def _write_through(self) -> None:
        """After a write to this view: write it to what this views."""
        parent, part, _ = self.window
        if part is NORM_OF:
            self.window = None
            return
        if part is REAL or part is IMAG:
            setattr(parent, "real" if part is REAL else "imag", self)
            self.window = parent, part, parent.writes
            return
        if callable(part):  # a view by a function: where it puts each element of its parent
            size, shape = parent.size, parent.shape
            if shape:
                parent[np.unravel_index(part(np.arange(size).reshape(shape)), shape)] = self
            else:
                parent[...] = self.reshape(())
        else:
            parent[part] = self
        self.window = parent, part, parent.writes

    def write(self, key: Any, value: Any) -> None:
        """``self[key] = value`` for a value of this run or one outside it."""
        raise NotImplementedError

    def _name(self, other: Any) -> None:
        """Make this tracer name the value that `other` names, in the trace of `other`."""
        _CLASS.__set__(self, type(other))
        self.primal, self.run = other.primal, other.run
        self.tangent, self.index = getattr(other, "tangent", None), getattr(other, "index", None)
        self.writes += 1

    def refresh(self) -> None:
        """Read this view again if what it looks into was written to since."""
        if self.window is None:
            return
        parent, key, seen = self.window
        if key is NORM_OF:
            return
        parent.refresh()
        if parent.writes != seen:
            self._name(key(parent) if callable(key) else parent.take_index(key))
            self.window = parent, key, parent.writes

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[k] for k in range(self.shape[0]))

    @property
    def flat(self) -> Flat:
        return Flat(self)

    @flat.setter
    def flat(self, value: Any) -> None:
        Flat(self)[...] = value

    def __copy__(self) -> Any:
        return self.snapshot()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.snapshot()

    # -- elements as Python's ------------------------------------------------------------

    def item(self, *args: Any) -> Any:
        """As ``ndarray.item``, but the result is traced: its derivative is not lost."""
        if len(args) == 1 and isinstance(args[0], tuple):
            (args,) = args
        if len(args) > 1:
            return self[args]
        if not args and self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self.reshape(-1)[args[0] if args else 0]

    def tolist(self) -> Any:
        """Nested lists of traced scalars."""
        return [row.tolist() for row in self] if self.shape else self

    # -- NumPy's protocols ----------------------------------------------------------------

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if "out" in kwargs and any(hasattr(out, "as_it_is") for out in kwargs["out"]):
            return NotImplemented  # a `Source` answers
        try:
            return call_ufunc(ufunc, method, inputs, kwargs)
        except DualrevError as error:
            raise_or_note(error)
            return getattr(ufunc, method)(*_strip(inputs), **_strip(kwargs))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if hasattr(kwargs.get("out"), "as_it_is"):
            return NotImplemented  # a `Source` answers
        if func in CREATION:
            return CREATION[func](self, *args, **kwargs)
        return call_function(func, args, kwargs)

    # -- for people ---------------------------------------------------------------------

    def __repr__(self) -> str:
        text = np.array2string(np.asarray(primal_of(self)), separator=", ", threshold=20)
        return f"{type(self).__name__}({text}, level={self.run.level})"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(primal_of(self), spec) if spec else repr(self)


# NumPy's loops over arrays of objects look for methods named like the ufunc.
for _name, _function in OBJECT_METHODS.items():
    setattr(ArrayTracer, _name, _function)


def call_function(func: Any, args: Any, kwargs: Any) -> Any:
    """Call one of NumPy's functions, some of whose arguments are traced, or hold tracers."""
    front = FUNCTIONS.get(func)
    try:
        if front is not None:
            if func in VIEWS:
                return with_windows(func, args, kwargs)
            return front(*args, **kwargs)
        if func in CONSTANT_FUNCTIONS:
            return func(*_strip(args), **_strip(kwargs))
        raise NoRuleError(
            explain(
                f"{_full_name(func)} has no derivative rule.",
                "compose it from supported functions, or give it a rule with dr.custom; "
                "dr.stop_gradient(x) if a constant is meant",
                with_=", ".join(describe(primal_of(a)) for a in args),
            )
        )
    except DualrevError as error:
        raise_or_note(error)
        return func(*_strip(args), **_strip(kwargs))


def _full_name(func: Any) -> str:
    """``np.linalg.solve`` as users write it."""
    module = getattr(func, "__module__", "numpy") or "numpy"
    return f"{module.replace('numpy', 'np', 1)}.{func.__name__}"


def _strip(x: Any) -> Any:
    """Arguments with all tracers, also in lists, tuples and dicts, replaced by their values."""
    if isinstance(x, Tracer):
        x.refresh()
        return primal_of(x)
    if isinstance(x, (list, tuple)):
        return rebuilt(x, map(_strip, x))
    if isinstance(x, dict):
        return {key: _strip(value) for key, value in x.items()}
    if isinstance(x, np.ndarray) and x.dtype.kind == "O":
        return primal_of(as_array(x))
    return x


def plain_key(key: Any) -> Any:
    """An index of plain integers, slices and arrays; traced parts are refused."""
    if isinstance(key, tuple):
        return tuple([plain_key(part) for part in key])
    if isinstance(key, list):
        return np.asarray(key, dtype=int if not key else None)
    if isinstance(key, Tracer):
        key.refresh()
        return key.as_index()
    if isinstance(key, np.ndarray):
        return np.array(key)  # what is recorded must not change with the caller's array
    if isinstance(key, int) and type(key) not in (int, bool):
        return int(key)  # a member of an enumeration
    return key
