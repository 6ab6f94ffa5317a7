"""Identities: what an operation can be replaced by, given what its arguments are.

Those of the first kind hold to the last bit::

    -(-x) = x     x * x = x**2     x + x = 2 x     a + (-b) = a - b     x / 2**k = x * 2**-k

Those of the second kind, which `exact` switches off, change results by rounding errors::

    c (d x) = (c d) x              sum(c x) = c sum(x)          x**3 = x**2 x
    sum(a * b) = a . b             sum(a + b) = sum(a) + sum(b) 1 / cosh(x)**2 = 1 - tanh(x)**2

Each rule takes the simplifier `to`, an operation `like` the one to be made, and the arguments; it returns
a simpler operation, a number, or ``None``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.operations import Constant, Operation
from ..rules.keys import names_once
from .vocabulary import (
    BROADCAST,
    CAST,
    EXPIT,
    F8,
    GAP,
    MEAN,
    RESHAPE,
    SCATTER,
    SECH,
    SUM,
    TRANSPOSE,
    accumulate,
    dot,
    is_number,
    is_power_of_two,
    is_scalar,
    shape_of,
)


def made_by(x: Any) -> Any:
    return x.function if isinstance(x, Operation) else None


def is_double(x: Any) -> bool:
    if isinstance(x, Operation):
        return x.dtype == F8 and x.type is not float
    return type(x) is float or type(x) is np.float64 or type(x) is int


def _is_array(x: Any, shape: tuple[int, ...]) -> bool:
    return isinstance(x, Operation) and x.type is np.ndarray and x.shape == shape and x.dtype == F8


def _factor(x: Any) -> tuple[Any, Any]:
    """``(c, rest)`` if `x` is ``c * rest`` with a number ``c``."""
    if made_by(x) is np.multiply:
        for c, rest in (x.args, x.args[::-1]):
            if isinstance(c, (int, float)) and is_number(c) and shape_of(rest) == x.shape:
                return c, rest
    return None, None


def _is_product(x: Any) -> bool:
    """Whether the sum of `x` is a dot product, up to a factor."""
    function = made_by(x)
    if function is np.negative:
        return _is_product(x.args[0])
    if function is np.square:
        return _is_array(x.args[0], x.shape)
    if function is np.multiply:
        if all(_is_array(a, x.shape) for a in x.args):
            return True
        return any(is_scalar(s) and _is_product(rest) for s, rest in (x.args, x.args[::-1]))
    return False


def is_plain_key(key: Any) -> bool:
    parts = key if type(key) is tuple else (key,)
    return not any(isinstance(p, Operation) for p in parts) and names_once(key)


def _holds_array(key: Any) -> bool:
    return any(isinstance(p, np.ndarray) for p in (key if type(key) is tuple else (key,)))


# -- elementwise functions -----------------------------------------------------------------------


def _negative(to: Any, like: Operation, x: Any) -> Any:
    if made_by(x) is np.negative:
        return x.args[0]
    if made_by(x) is np.subtract and not to.exact:  # of a zero the sign may change
        return to.make(like, np.subtract, x.args[::-1], {})
    c, rest = _factor(x)
    return to.make(like, np.multiply, (-c, rest), {}) if c is not None else None


def _add(to: Any, like: Operation, a: Any, b: Any) -> Any:
    if a is b:
        return to.make(like, np.multiply, (2.0, a), {})
    if made_by(b) is np.negative:
        return to.make(like, np.subtract, (a, b.args[0]), {})
    if made_by(a) is np.negative:
        return to.make(like, np.subtract, (b, a.args[0]), {})
    if made_by(a) is SCATTER and made_by(b) is SCATTER:
        params = {**a.params, "keys": (*a.params["keys"], *b.params["keys"])}
        return to.make(like, SCATTER, (*a.args, *b.args), params)
    for x, y in ((a, b), (b, a)):
        if made_by(y) is SCATTER and shape_of(x) == like.shape and not is_scalar(x):
            keys = y.params["keys"]
            if all(map(is_plain_key, keys)):
                if made_by(x) is accumulate:
                    return to.make(like, accumulate, (*x.args, *y.args),
                                     {"keys": (*x.params["keys"], *keys)})  # fmt: skip
                return to.make(like, accumulate, (x, *y.args), {"keys": keys})
    return None


def _subtract(to: Any, like: Operation, a: Any, b: Any) -> Any:
    if is_number(b) and b == 0 and is_double(a):
        return to.broadcast(like, a)
    if made_by(b) is np.negative:
        return to.make(like, np.add, (a, b.args[0]), {})
    return None


def _multiply(to: Any, like: Operation, a: Any, b: Any) -> Any:
    if is_number(b) and not is_number(a):
        a, b = b, a
    if is_number(a):
        if not isinstance(a, (int, float)):
            return None
        if a == 1:
            return to.broadcast(like, b) if is_double(b) else None
        if a == -1:
            return to.make(like, np.negative, (b,), {})
        if made_by(b) is np.negative:
            return to.make(like, np.multiply, (-a, b.args[0]), {})
        c, rest = _factor(b)
        if c is not None and (not to.exact or is_power_of_two(float(a)) or is_power_of_two(float(c))):  # fmt: skip
            return to.make(like, np.multiply, (float(a) * float(c), rest), {})
        return None
    if a is b:
        return to.make(like, np.square, (a,), {})
    for x, y in ((a, b), (b, a)):
        if made_by(x) is np.negative:
            return to.make(like, np.negative, (to.array(np.multiply, x.args[0], y),), {})
    if to.exact:
        return None
    for x, y in ((a, b), (b, a)):  # (u / v) y = u (y / v), which the other cotangent is
        if made_by(x) is np.divide and not is_number(y):
            inverse = to.found(np.divide, (1, x.args[1])) or to.found(np.divide, (1.0, x.args[1]))  # fmt: skip
            pulled = inverse and (to.found(np.multiply, (y, inverse)) or to.found(np.multiply, (inverse, y)))  # fmt: skip
            if pulled and pulled.shape == like.shape:
                return to.make(like, np.multiply, (x.args[0], pulled), {})
    for x, y in ((a, b), (b, a)):
        c, rest = _factor(x)
        if c is not None:
            return to.make(like, np.multiply, (c, to.array(np.multiply, rest, y)), {})
    if like.shape:  # factors of no axes together, before the arrays
        for x, y in ((a, b), (b, a)):
            if is_scalar(x) and made_by(y) is np.multiply:
                for s, rest in (y.args, y.args[::-1]):
                    if is_scalar(s) and not is_scalar(rest) and shape_of(rest) == like.shape:
                        return to.make(like, np.multiply, (to.array(np.multiply, x, s), rest), {})  # fmt: skip
    return None


def _divide(to: Any, like: Operation, a: Any, b: Any) -> Any:
    if is_number(b) and isinstance(b, (int, float)):
        c = float(b)
        if c == 1:
            return to.broadcast(like, a) if is_double(a) else None
        if is_power_of_two(c):
            return to.make(like, np.multiply, (1.0 / c, a), {})
        factor, rest = _factor(a)
        if factor is not None and not to.exact and c:
            return to.make(like, np.multiply, (factor / c, rest), {})
    if made_by(a) is np.negative:
        return to.make(like, np.negative, (to.array(np.divide, a.args[0], b),), {})
    if not to.exact and like.shape and is_scalar(b) and not is_scalar(a):
        return to.make(like, np.multiply, (to.array(np.divide, 1.0, b), a), {})
    return None


def _square(to: Any, like: Operation, x: Any) -> Any:
    if made_by(x) in (np.negative, np.absolute) and is_double(x.args[0]):
        return to.make(like, np.square, x.args, {})
    if made_by(x) is SECH and not to.exact:
        return to.array(np.subtract, 1.0, to.array(np.square, to.array(np.tanh, x.args[0])))  # fmt: skip
    return None


def _power(to: Any, like: Operation, x: Any, n: Any) -> Any:
    if not is_number(n) or not is_double(x):
        return None
    if n == 1:
        return to.broadcast(like, x)
    if n == 2:
        return to.make(like, np.square, (x,), {})
    if n == -1:
        return to.make(like, np.reciprocal, (x,), {}) if not is_number(x) else None
    if to.exact or is_number(x):
        return None
    if n == 0.5:
        return to.make(like, np.sqrt, (x,), {})
    if n == 3:
        return to.make(like, np.multiply, (to.array(np.square, x), x), {})
    if n == 4:
        return to.make(like, np.square, (to.array(np.square, x),), {})
    return None


# -- other operations ---------------------------------------------------------------------------


def _sum(to: Any, like: Operation, args: Any, params: Any) -> Any:
    (x,) = args
    axis = params.get("axis")
    if axis == () and not is_number(x):
        return x
    if not isinstance(x, Operation) or x.type is not np.ndarray or to.exact:
        return None
    function = x.function

    def total(part: Any) -> Any:
        return to.make(like, SUM, (part,), params)

    if function is np.negative and shape_of(x.args[0]) == x.shape:
        return to.make(like, np.negative, (total(x.args[0]),), {})
    if function is np.multiply:
        for s, rest in (x.args, x.args[::-1]):
            if is_scalar(s) and shape_of(rest) == x.shape:
                return to.make(like, np.multiply, (s, total(rest)), {})
    if axis is not None or params.get("keepdims") or not x.size:
        return None
    if function is np.multiply and all(_is_array(a, x.shape) for a in x.args):
        return to.make(like, dot, x.args, {})
    if function is np.square and _is_array(x.args[0], x.shape):
        return to.make(like, dot, (x.args[0], x.args[0]), {})
    of_arrays = all(_is_array(a, x.shape) for a in x.args)
    if function in (np.add, np.subtract) and of_arrays and any(map(_is_product, x.args)):
        return to.make(like, function, tuple([total(a) for a in x.args]), {})
    if function is BROADCAST and is_scalar(x.args[0]):
        return to.make(like, np.multiply, (float(x.size), x.args[0]), {})
    return None


def _mean(to: Any, like: Operation, args: Any, params: Any) -> Any:
    (x,) = args
    if not isinstance(x, Operation) or not x.size or not like.size:
        return None
    return to.make(like, np.divide, (to.make(like, SUM, args, params), x.size // like.size), {})  # fmt: skip


def _reshape(to: Any, like: Operation, args: Any, params: Any) -> Any:
    (x,) = args
    if not isinstance(x, Operation) or x.type is not np.ndarray:
        return None
    if x.shape == like.shape:
        return x
    if x.function is RESHAPE and isinstance(x.args[0], Operation):
        return to.make(like, RESHAPE, x.args, params)
    if x.function is BROADCAST and is_scalar(x.args[0]) and like.shape:
        return to.make(like, BROADCAST, x.args, {"shape": like.shape})
    return None


def _broadcast(to: Any, like: Operation, args: Any, params: Any) -> Any:
    (x,) = args
    if isinstance(x, Constant) and x.value.size > 1 and not any(x.value.strides):
        x = x.value.reshape(-1)[0]  # a constant that is a repeated number
        return to.make(like, BROADCAST, (x,), params)
    if isinstance(x, Operation) and x.shape == like.shape and x.type is np.ndarray:
        return x
    if made_by(x) is BROADCAST:
        return to.make(like, BROADCAST, x.args, params)
    return None


def _transpose(to: Any, like: Operation, args: Any, params: Any) -> Any:
    (x,) = args
    axes = params.get("axes")
    if axes is None or isinstance(axes, Operation) or not isinstance(x, Operation):
        return None
    if list(axes) == list(range(len(axes))):
        return x
    if made_by(x) is TRANSPOSE and x.params.get("axes") is not None:
        inner = x.params["axes"]
        if [inner[k] for k in axes] == list(range(len(axes))):
            return x.args[0]
    return None


def _gap(to: Any, like: Operation, args: Any, params: Any) -> Any:
    """``a - b``: of two equal infinities it raises, and the function itself is called."""
    return to.make(like, np.subtract, args, {})


def _expit(to: Any, like: Operation, args: Any, params: Any) -> Any:
    """``1 / (1 + exp(-x))``; beside ``y = logaddexp(a, b)`` with ``x = a - b`` it is ``exp(a - y)``."""
    (x,) = args
    if to.exact or not isinstance(x, Operation) or x.type is float:
        return None
    if x.function is np.negative:
        other = to.found(EXPIT, x.args)
        if other is not None:
            return to.make(like, np.subtract, (1.0, other), {})
    if like.type is not np.ndarray:
        return None
    safe = to.make(like, np.maximum, (x, -700.0), {})  # exp does not overflow
    power = to.make(like, np.exp, (to.make(like, np.negative, (safe,), {}),), {})
    found = to.make(like, np.reciprocal, (to.make(like, np.add, (1.0, power), {}),), {})
    to.known[EXPIT, to.key(args), to.key({}), like.type] = found
    return found


def _cast(to: Any, like: Operation, args: Any, params: Any) -> Any:
    (x,) = args
    same = isinstance(x, Operation) and x.dtype == like.dtype and x.type is like.type
    return x if same else None


def _scatter(to: Any, like: Operation, args: Any, params: Any) -> Any:
    """Values for one key are added before; all of an array is the value its."""
    keys = params["keys"]
    if not all(map(is_plain_key, keys)) or not all(map(is_double, args)):
        return None
    texts = [repr(key) if names_once(key) and not _holds_array(key) else id(key) for key in keys]
    if len(set(texts)) < len(texts):
        together: dict[Any, Any] = {}
        for text, key, value in zip(texts, keys, args, strict=True):
            if text in together:
                value = to.array(np.add, together[text][1], value)
            together[text] = key, value
        keys, args = zip(*together.values(), strict=True)
        return to.make(like, SCATTER, args, {**params, "keys": keys})
    if len(args) == 1 and keys[0] == slice(None) and shape_of(args[0]) == like.shape:
        return args[0] if is_double(args[0]) and not is_number(args[0]) else None
    return None


ELEMENTWISE_RULES: dict[Any, Any] = {
    np.negative: _negative,
    np.positive: lambda to, like, x: x if is_double(x) else None,
    np.add: _add,
    np.subtract: _subtract,
    np.multiply: _multiply,
    np.divide: _divide,
    np.square: _square,
    np.power: _power,
}
RULES: dict[Any, Any] = {
    SUM: _sum,
    MEAN: _mean,
    RESHAPE: _reshape,
    BROADCAST: _broadcast,
    TRANSPOSE: _transpose,
    CAST: _cast,
    SCATTER: _scatter,
    GAP: _gap,
    EXPIT: _expit,
}
