"""Simplification: the same results with fewer operations.

One pass over the program in order. Every operation is written anew by `Simplifier.make`, which
knows what its arguments are: it folds constants, drops what does nothing, moves factors outward
and broadcasting away, and gives an operation that is there already instead of a second one. What
nothing needs is then left out.

Identities of the first kind hold to the last bit::

    -(-x) = x     x * x = x**2     x + x = 2 x     a + (-b) = a - b     x / 2**k = x * 2**-k

Those of the second kind, which `exact` switches off, change results by rounding errors::

    c (d x) = (c d) x              sum(c x) = c sum(x)          x**3 = x**2 x
    sum(a * b) = a . b             sum(a + b) = sum(a) + sum(b) 1 / cosh(x)**2 = 1 - tanh(x)**2
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.recorder import COPY
from ..engine.operations import Constant, Guard, Operation, replaced
from ..rules.keys import names_once
from .vocabulary import (
    BROADCAST,
    CAST,
    ELEMENTWISE,
    MEAN,
    RESHAPE,
    SCATTER,
    EXPIT,
    GAP,
    SECH,
    SUM,
    TRANSPOSE,
    accumulate,
    dot,
    is_number,
    is_power_of_two,
    is_scalar,
    normal,
    shape_of,
)

F8 = np.dtype(float)


class Simplifier:
    """Writes operations anew, each only once."""

    def __init__(self, exact: bool) -> None:
        self.exact = exact
        self.known: dict[Any, Operation] = {}
        self.kept_alive: list[Any] = []  # what stands in `known` by its identity
        self.operations: list[Operation] = []

    def run(
        self, operations: Sequence[Operation], outputs: Sequence[Any]
    ) -> tuple[list[Operation], list[Any]]:
        """The operations that are left, in order, and the outputs among them."""
        new: dict[int, Any] = {}

        def find(x: Any) -> Any:
            if not isinstance(x, Operation):
                return x
            found = new.get(id(x))
            if found is None:
                found = new[id(x)] = self._constant(x) if isinstance(x, Constant) else x
            return found

        seen: dict[tuple[int, bool], Guard] = {}
        for old in operations:
            if isinstance(old, Guard):
                value = find(old.args[0])
                if (id(value), old.truth) in seen or is_number(value):
                    continue  # asked before
                seen[id(value), old.truth] = old
                self.operations.append(Guard(value, old.expected, old.truth, old.line))
                continue
            function, args, params = normal(old)
            args = tuple([find(a) if isinstance(a, Operation) else replaced(a, find) for a in args])
            if params:
                params = {key: replaced(value, find) for key, value in params.items()}
            new[id(old)] = self.make(old, function, args, params)
        return self._needed([find(y) for y in outputs])

    def _constant(self, x: Constant) -> Any:
        """A number where it is one."""
        return x.value if x.private and is_number(x.value) else x

    def _needed(self, outputs: list[Any]) -> tuple[list[Operation], list[Any]]:
        needed = {id(y) for y in outputs if isinstance(y, Operation)}
        kept = []
        for operation in reversed(self.operations):
            if isinstance(operation, Guard) or id(operation) in needed:
                needed.update(map(id, operation.uses()))
                kept.append(operation)
        return kept[::-1], outputs

    # -- one operation -----------------------------------------------------------------------

    def make(self, like: Operation, function: Any, args: tuple[Any, ...], params: Any) -> Any:
        """``function(*args, **params)``, of the shape and kind of `like`: an operation or a number."""
        if function is COPY and (is_number(args[0]) or args[0].type is like.type):
            return args[0]
        folded = self._folded(like, function, args, params)
        if folded is not None:
            return folded
        simpler = self._simpler(like, function, args, params)
        if simpler is not None:
            return simpler
        key = (function, self._key(args), self._key(params), like.type)
        found = self.known.get(key)
        if found is None:
            found = self.known[key] = like.like(function, args, params)
            found.fixed = like.fixed
            self.operations.append(found)
        return found

    def array(self, function: Any, *args: Any, **params: Any) -> Any:
        """The same for an elementwise function of doubles."""
        shape = np.broadcast_shapes(*map(shape_of, args))
        like = Operation(None, (), {}, np.float64(0))
        like.shape, like.type = shape, np.ndarray if shape else np.float64
        return self.make(like, function, args, params)

    def _found(self, function: Any, args: tuple[Any, ...]) -> Operation | None:
        """An operation that is there already."""
        key = function, self._key(args), self._key({})
        for kind in (np.ndarray, np.float64):
            if (*key, kind) in self.known:
                return self.known[(*key, kind)]
        return None

    def _key(self, x: Any) -> Any:
        kind = type(x)
        if kind is tuple or kind is list:
            return kind, tuple(map(self._key, x))
        if kind is dict:
            return kind, tuple([(k, self._key(v)) for k, v in x.items()])
        if kind is slice:
            return kind, self._key(x.start), self._key(x.stop), self._key(x.step)
        if is_number(x):
            return kind, x, str(x) if x == 0 or x != x else None
        if isinstance(x, (str, type, np.dtype, type(None))):
            return x
        if isinstance(x, Constant):
            x = x.value
        self.kept_alive.append(x)
        return id(x)

    def _folded(self, like: Operation, function: Any, args: Any, params: Any) -> Any:
        """The value itself, where all arguments are numbers."""
        if not args or not all(map(is_number, args)) or like.shape != () or params:
            return None
        if type(function) is not np.ufunc and like.type not in (float, int, bool):
            return None
        try:
            with np.errstate(all="raise"):
                value = function(*args)
        except (ArithmeticError, ValueError):
            return None
        return value if is_number(value) and type(value) is like.type else None

    # -- identities ----------------------------------------------------------------------------

    def _simpler(self, like: Operation, function: Any, args: Any, params: Any) -> Any:
        if type(function) is np.ufunc:
            if params or like.dtype != F8:
                return None
            if function in ELEMENTWISE:
                return self._elementwise(like, function, args)
            return None
        rule = _RULES.get(function)
        return rule(self, like, args, params) if rule is not None and like.dtype == F8 else None

    def _elementwise(self, like: Operation, function: Any, args: Any) -> Any:
        found = self._without_broadcasting(like, function, args)
        if found is not None:
            return found
        rule = _IDENTITIES.get(function)
        return rule(self, like, *args) if rule is not None else None

    def _without_broadcasting(self, like: Operation, function: Any, args: Any) -> Any:
        """A repeated argument needs no repetition if another one has the full shape."""
        if not any(_function(a) is BROADCAST for a in args):
            return None
        small = [a.args[0] if _function(a) is BROADCAST else a for a in args]
        if not all(_is_double(x) for x in small):
            return None
        shape = np.broadcast_shapes(*map(shape_of, small))
        if shape == like.shape:
            return self.make(like, function, tuple(small), {})
        if math.prod(shape) > like.size // 2:
            return None
        return self.broadcast(like, self.array(function, *small))

    def broadcast(self, like: Operation, x: Any) -> Any:
        return x if shape_of(x) == like.shape else self.make(like, BROADCAST, (x,), {"shape": like.shape})  # fmt: skip

    def _negative(self, like: Operation, x: Any) -> Any:
        if _function(x) is np.negative:
            return x.args[0]
        if _function(x) is np.subtract and not self.exact:  # of a zero the sign may change
            return self.make(like, np.subtract, x.args[::-1], {})
        c, rest = _factor(x)
        return self.make(like, np.multiply, (-c, rest), {}) if c is not None else None

    def _add(self, like: Operation, a: Any, b: Any) -> Any:
        if a is b:
            return self.make(like, np.multiply, (2.0, a), {})
        if _function(b) is np.negative:
            return self.make(like, np.subtract, (a, b.args[0]), {})
        if _function(a) is np.negative:
            return self.make(like, np.subtract, (b, a.args[0]), {})
        if _function(a) is SCATTER and _function(b) is SCATTER:
            params = {**a.params, "keys": (*a.params["keys"], *b.params["keys"])}
            return self.make(like, SCATTER, (*a.args, *b.args), params)
        for x, y in ((a, b), (b, a)):
            if _function(y) is SCATTER and shape_of(x) == like.shape and not is_scalar(x):
                keys = y.params["keys"]
                if all(map(_is_plain_key, keys)):
                    if _function(x) is accumulate:
                        return self.make(like, accumulate, (*x.args, *y.args),
                                         {"keys": (*x.params["keys"], *keys)})  # fmt: skip
                    return self.make(like, accumulate, (x, *y.args), {"keys": keys})
        return None

    def _subtract(self, like: Operation, a: Any, b: Any) -> Any:
        if is_number(b) and b == 0 and _is_double(a):
            return self.broadcast(like, a)
        if _function(b) is np.negative:
            return self.make(like, np.add, (a, b.args[0]), {})
        return None

    def _multiply(self, like: Operation, a: Any, b: Any) -> Any:
        if is_number(b) and not is_number(a):
            a, b = b, a
        if is_number(a):
            if not isinstance(a, (int, float)):
                return None
            if a == 1:
                return self.broadcast(like, b) if _is_double(b) else None
            if a == -1:
                return self.make(like, np.negative, (b,), {})
            if _function(b) is np.negative:
                return self.make(like, np.multiply, (-a, b.args[0]), {})
            c, rest = _factor(b)
            if c is not None and (not self.exact or is_power_of_two(float(a)) or is_power_of_two(float(c))):  # fmt: skip
                return self.make(like, np.multiply, (float(a) * float(c), rest), {})
            return None
        if a is b:
            return self.make(like, np.square, (a,), {})
        for x, y in ((a, b), (b, a)):
            if _function(x) is np.negative:
                return self.make(like, np.negative, (self.array(np.multiply, x.args[0], y),), {})
        if self.exact:
            return None
        for x, y in ((a, b), (b, a)):  # (u / v) y = u (y / v), which the other cotangent is
            if _function(x) is np.divide and not is_number(y):
                inverse = self._found(np.divide, (1, x.args[1])) or self._found(np.divide, (1.0, x.args[1]))  # fmt: skip
                pulled = inverse and (self._found(np.multiply, (y, inverse)) or self._found(np.multiply, (inverse, y)))  # fmt: skip
                if pulled and pulled.shape == like.shape:
                    return self.make(like, np.multiply, (x.args[0], pulled), {})
        for x, y in ((a, b), (b, a)):
            c, rest = _factor(x)
            if c is not None:
                return self.make(like, np.multiply, (c, self.array(np.multiply, rest, y)), {})
        if like.shape:  # factors of no axes together, before the arrays
            for x, y in ((a, b), (b, a)):
                if is_scalar(x) and _function(y) is np.multiply:
                    for s, rest in (y.args, y.args[::-1]):
                        if is_scalar(s) and not is_scalar(rest) and shape_of(rest) == like.shape:
                            return self.make(like, np.multiply, (self.array(np.multiply, x, s), rest), {})  # fmt: skip
        return None

    def _divide(self, like: Operation, a: Any, b: Any) -> Any:
        if is_number(b) and isinstance(b, (int, float)):
            c = float(b)
            if c == 1:
                return self.broadcast(like, a) if _is_double(a) else None
            if is_power_of_two(c):
                return self.make(like, np.multiply, (1.0 / c, a), {})
            factor, rest = _factor(a)
            if factor is not None and not self.exact and c:
                return self.make(like, np.multiply, (factor / c, rest), {})
        if _function(a) is np.negative:
            return self.make(like, np.negative, (self.array(np.divide, a.args[0], b),), {})
        if not self.exact and like.shape and is_scalar(b) and not is_scalar(a):
            return self.make(like, np.multiply, (self.array(np.divide, 1.0, b), a), {})
        return None

    def _square(self, like: Operation, x: Any) -> Any:
        if _function(x) in (np.negative, np.absolute) and _is_double(x.args[0]):
            return self.make(like, np.square, x.args, {})
        if _function(x) is SECH and not self.exact:
            return self.array(np.subtract, 1.0, self.array(np.square, self.array(np.tanh, x.args[0])))  # fmt: skip
        return None

    def _power(self, like: Operation, x: Any, n: Any) -> Any:
        if not is_number(n) or not _is_double(x):
            return None
        if n == 1:
            return self.broadcast(like, x)
        if n == 2:
            return self.make(like, np.square, (x,), {})
        if n == -1:
            return self.make(like, np.reciprocal, (x,), {}) if not is_number(x) else None
        if self.exact or is_number(x):
            return None
        if n == 0.5:
            return self.make(like, np.sqrt, (x,), {})
        if n == 3:
            return self.make(like, np.multiply, (self.array(np.square, x), x), {})
        if n == 4:
            return self.make(like, np.square, (self.array(np.square, x),), {})
        return None

    # -- other operations ---------------------------------------------------------------------

    def _sum(self, like: Operation, args: Any, params: Any) -> Any:
        (x,) = args
        axis = params.get("axis")
        if axis == () and not is_number(x):
            return x
        if not isinstance(x, Operation) or x.type is not np.ndarray or self.exact:
            return None
        function = x.function

        def total(part: Any) -> Any:
            return self.make(like, SUM, (part,), params)

        if function is np.negative and shape_of(x.args[0]) == x.shape:
            return self.make(like, np.negative, (total(x.args[0]),), {})
        if function is np.multiply:
            for s, rest in (x.args, x.args[::-1]):
                if is_scalar(s) and shape_of(rest) == x.shape:
                    return self.make(like, np.multiply, (s, total(rest)), {})
        if axis is not None or params.get("keepdims") or not x.size:
            return None
        if function is np.multiply and all(_is_array(a, x.shape) for a in x.args):
            return self.make(like, dot, x.args, {})
        if function is np.square and _is_array(x.args[0], x.shape):
            return self.make(like, dot, (x.args[0], x.args[0]), {})
        if function in (np.add, np.subtract) and all(_is_array(a, x.shape) for a in x.args):
            if any(map(_is_product, x.args)):
                return self.make(like, function, tuple([total(a) for a in x.args]), {})
        if function is BROADCAST and is_scalar(x.args[0]):
            return self.make(like, np.multiply, (float(x.size), x.args[0]), {})
        return None

    def _mean(self, like: Operation, args: Any, params: Any) -> Any:
        (x,) = args
        if not isinstance(x, Operation) or not x.size or not like.size:
            return None
        return self.make(like, np.divide, (self.make(like, SUM, args, params), x.size // like.size), {})  # fmt: skip

    def _reshape(self, like: Operation, args: Any, params: Any) -> Any:
        (x,) = args
        if not isinstance(x, Operation) or x.type is not np.ndarray:
            return None
        if x.shape == like.shape:
            return x
        if x.function is RESHAPE and isinstance(x.args[0], Operation):
            return self.make(like, RESHAPE, x.args, params)
        if x.function is BROADCAST and is_scalar(x.args[0]) and like.shape:
            return self.make(like, BROADCAST, x.args, {"shape": like.shape})
        return None

    def _broadcast(self, like: Operation, args: Any, params: Any) -> Any:
        (x,) = args
        if isinstance(x, Constant) and x.value.size > 1 and not any(x.value.strides):
            x = x.value.reshape(-1)[0]  # a constant that is a repeated number
            return self.make(like, BROADCAST, (x,), params)
        if isinstance(x, Operation) and x.shape == like.shape and x.type is np.ndarray:
            return x
        if _function(x) is BROADCAST:
            return self.make(like, BROADCAST, x.args, params)
        return None

    def _transpose(self, like: Operation, args: Any, params: Any) -> Any:
        (x,) = args
        axes = params.get("axes")
        if axes is None or isinstance(axes, Operation) or not isinstance(x, Operation):
            return None
        if list(axes) == list(range(len(axes))):
            return x
        if _function(x) is TRANSPOSE and x.params.get("axes") is not None:
            inner = x.params["axes"]
            if [inner[k] for k in axes] == list(range(len(axes))):
                return x.args[0]
        return None

    def _gap(self, like: Operation, args: Any, params: Any) -> Any:
        """``a - b``: of two equal infinities it raises, and the function itself is called."""
        return self.make(like, np.subtract, args, {})

    def _expit(self, like: Operation, args: Any, params: Any) -> Any:
        """``1 / (1 + exp(-x))``; beside ``y = logaddexp(a, b)`` with ``x = a - b`` it is ``exp(a - y)``."""
        (x,) = args
        if self.exact or not isinstance(x, Operation) or x.type is float:
            return None
        if x.function is np.negative:
            other = self._found(EXPIT, x.args)
            if other is not None:
                return self.make(like, np.subtract, (1.0, other), {})
        if like.type is not np.ndarray:
            return None
        safe = self.make(like, np.maximum, (x, -700.0), {})  # exp does not overflow
        power = self.make(like, np.exp, (self.make(like, np.negative, (safe,), {}),), {})
        found = self.make(like, np.reciprocal, (self.make(like, np.add, (1.0, power), {}),), {})
        self.known[EXPIT, self._key(args), self._key({}), like.type] = found
        return found

    def _cast(self, like: Operation, args: Any, params: Any) -> Any:
        (x,) = args
        same = isinstance(x, Operation) and x.dtype == like.dtype and x.type is like.type
        return x if same else None

    def _scatter(self, like: Operation, args: Any, params: Any) -> Any:
        """Values for one key are added before; all of an array is the value itself."""
        keys = params["keys"]
        if not all(map(_is_plain_key, keys)) or not all(map(_is_double, args)):
            return None
        texts = [repr(key) if names_once(key) and not _holds_array(key) else id(key) for key in keys]
        if len(set(texts)) < len(texts):
            together: dict[Any, Any] = {}
            for text, key, value in zip(texts, keys, args, strict=True):
                if text in together:
                    value = self.array(np.add, together[text][1], value)
                together[text] = key, value
            keys, args = zip(*together.values(), strict=True)
            return self.make(like, SCATTER, args, {**params, "keys": keys})
        if len(args) == 1 and keys[0] == slice(None) and shape_of(args[0]) == like.shape:
            return args[0] if _is_double(args[0]) and not is_number(args[0]) else None
        return None


def _function(x: Any) -> Any:
    return x.function if isinstance(x, Operation) else None


def _is_double(x: Any) -> bool:
    if isinstance(x, Operation):
        return x.dtype == F8 and x.type is not float
    return type(x) is float or type(x) is np.float64 or type(x) is int


def _is_array(x: Any, shape: tuple[int, ...]) -> bool:
    return isinstance(x, Operation) and x.type is np.ndarray and x.shape == shape and x.dtype == F8


def _factor(x: Any) -> tuple[Any, Any]:
    """``(c, rest)`` if `x` is ``c * rest`` with a number ``c``."""
    if _function(x) is np.multiply:
        for c, rest in (x.args, x.args[::-1]):
            if isinstance(c, (int, float)) and is_number(c) and shape_of(rest) == x.shape:
                return c, rest
    return None, None


def _is_product(x: Any) -> bool:
    """Whether the sum of `x` is a dot product, up to a factor."""
    function = _function(x)
    if function is np.negative:
        return _is_product(x.args[0])
    if function is np.square:
        return _is_array(x.args[0], x.shape)
    if function is np.multiply:
        if all(_is_array(a, x.shape) for a in x.args):
            return True
        return any(is_scalar(s) and _is_product(rest) for s, rest in (x.args, x.args[::-1]))
    return False


def _is_plain_key(key: Any) -> bool:
    parts = key if type(key) is tuple else (key,)
    return not any(isinstance(p, Operation) for p in parts) and names_once(key)


def _holds_array(key: Any) -> bool:
    return any(isinstance(p, np.ndarray) for p in (key if type(key) is tuple else (key,)))


_IDENTITIES: dict[Any, Any] = {
    np.negative: Simplifier._negative,
    np.positive: lambda self, like, x: x if _is_double(x) else None,
    np.add: Simplifier._add,
    np.subtract: Simplifier._subtract,
    np.multiply: Simplifier._multiply,
    np.divide: Simplifier._divide,
    np.square: Simplifier._square,
    np.power: Simplifier._power,
}
_RULES: dict[Any, Any] = {
    SUM: Simplifier._sum,
    MEAN: Simplifier._mean,
    RESHAPE: Simplifier._reshape,
    BROADCAST: Simplifier._broadcast,
    TRANSPOSE: Simplifier._transpose,
    CAST: Simplifier._cast,
    SCATTER: Simplifier._scatter,
    GAP: Simplifier._gap,
    EXPIT: Simplifier._expit,
}
