"""The operations that programs know by more than their name, each under one name.

``a * b``, ``np.multiply(a, b)`` and the primitive `multiply` are one operation, and so are the
ways to write a sum. What is not here is called as it was.
"""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numpy as np

from ..engine.operations import Operation
from ..rules import elementwise as ew
from ..rules import reductions as red
from ..rules import shaping as sh
from ..rules.indexing import getitem, scatter, setitem
from ..rules.joining import stack

TAKE, SCATTER, SET, STACK = getitem.fun, scatter.fun, setitem.fun, stack.fun
RESHAPE, TRANSPOSE, BROADCAST = sh.reshape.fun, sh.transpose.fun, sh.broadcast_to.fun
CAST, ATTACH = sh.cast.fun, sh.attach.fun
SUM, MEAN = red.sum_over.fun, red.mean_over.fun
EXPIT, SECH, RATIO, GAP = ew.expit.fun, ew.sech.fun, ew.ratio.fun, ew.gap.fun
ITEM = operator.getitem  # of a tuple
F8 = np.dtype(float)


def dot(a: Any, b: Any) -> Any:
    """``sum(a * b)`` over all elements of two real arrays of one shape."""
    return a.dot(b) if a.ndim == 1 else np.vdot(a, b)


def accumulate(x: Any, *values: Any, keys: Any) -> Any:
    """`x` with all `values` added at their keys, of which none names an element twice."""
    y = np.array(x)
    for value, key in zip(values, keys, strict=True):
        y[key] += value
    return y


# fmt: off
UFUNC_OF: dict[Any, Any] = {
    operator.add: np.add, operator.sub: np.subtract, operator.mul: np.multiply,
    operator.truediv: np.divide, operator.pow: np.power, operator.mod: np.remainder,
    operator.floordiv: np.floor_divide, operator.neg: np.negative, operator.pos: np.positive,
    abs: np.absolute, operator.matmul: np.matmul, operator.invert: np.invert,
    operator.lt: np.less, operator.le: np.less_equal, operator.gt: np.greater,
    operator.ge: np.greater_equal, operator.eq: np.equal, operator.ne: np.not_equal,
    operator.and_: np.bitwise_and, operator.or_: np.bitwise_or, operator.xor: np.bitwise_xor,
}
_OF_FLOATS = frozenset({
    operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, operator.pos, abs,
    operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
})
_SUMS = (np.add.reduce, np.sum, np.ndarray.sum)
# Elementwise ufuncs whose results are new arrays, with ``out``.
ELEMENTWISE = frozenset({
    np.add, np.subtract, np.multiply, np.divide, np.power, np.negative, np.absolute, np.square,
    np.sqrt, np.reciprocal, np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p,
    np.positive, np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan, np.arctan2, np.hypot, np.sinh,
    np.cosh, np.tanh, np.arcsinh, np.arccosh, np.arctanh, np.cbrt, np.logaddexp, np.maximum,
    np.minimum, np.sign, np.floor, np.ceil, np.rint, np.trunc, np.less, np.less_equal, np.greater,
    np.greater_equal, np.equal, np.not_equal, np.isnan, np.isfinite, np.logical_and, np.logical_or,
    np.logical_not, np.bitwise_and, np.bitwise_or, np.invert, np.remainder, np.float_power,
})
# fmt: on


def is_number(x: Any) -> bool:
    """Whether `x` is a plain number or a NumPy scalar, known when the program is written."""
    return isinstance(x, (bool, int, float, complex, np.generic))


def is_scalar(x: Any) -> bool:
    """Whether `x` has no axes and is no array."""
    return x.type is not np.ndarray and x.shape == () if isinstance(x, Operation) else is_number(x)


def shape_of(x: Any) -> tuple[int, ...]:
    return x.shape if isinstance(x, Operation) else np.shape(x)


def normal(operation: Operation) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """Function, arguments and parameters of an operation under their one name."""
    function, args, params = operation.function, operation.args, operation.params
    numpy = operation.type is np.ndarray or issubclass(operation.type, np.generic)
    if function in UFUNC_OF and (numpy or (function in _OF_FLOATS and _of_floats(args))):
        return UFUNC_OF[function], args, params
    if type(function) is np.ufunc:
        return function, args, params
    if function in _SUMS and operation.dtype is not None and operation.dtype.kind == "f":
        given = _sum_arguments(args, params, 0 if function == np.add.reduce else None)
        if given is not None and getattr(args[0], "dtype", None) == operation.dtype:
            return SUM, args[:1], given
    if function is np.broadcast_to and len(args) == 2 and not params:
        return BROADCAST, args[:1], {"shape": _shape(args[1])}
    if function is np.reshape and len(args) == 2 and not params:
        return RESHAPE, args[:1], {"shape": operation.shape}
    if function is RESHAPE:
        return RESHAPE, args, {"shape": operation.shape}
    return function, args, params


def _of_floats(args: Any) -> bool:
    """Whether these are plain floats: their operators are those of NumPy's scalars."""
    return all(a.type in (float, np.float64) if isinstance(a, Operation) else type(a) in (float, int, np.float64) for a in args)  # fmt: skip


def _shape(x: Any) -> tuple[int, ...]:
    return tuple(x) if isinstance(x, (tuple, list)) else (x,)


def _sum_arguments(args: Any, params: dict[str, Any], default: Any) -> dict[str, Any] | None:
    """``axis`` and ``keepdims`` of a sum, ``None`` if there is more to it."""
    names = ("axis", "dtype", "out", "keepdims")
    given = {**dict(zip(names, args[1:], strict=False)), **params}
    if len(args) > 5 or any(given.pop(name, None) is not None for name in ("dtype", "out")):
        return None
    axis, keepdims = given.pop("axis", default), given.pop("keepdims", False)
    given = {k: v for k, v in given.items() if v is not np._NoValue}
    if given or isinstance(axis, Operation) or isinstance(keepdims, Operation):
        return None
    keepdims = False if keepdims is np._NoValue else bool(keepdims)
    return {"axis": axis, "keepdims": keepdims}


@functools.cache
def is_power_of_two(c: float) -> bool:
    return c != 0 and math.isfinite(c) and abs(math.frexp(c)[0]) == 0.5
