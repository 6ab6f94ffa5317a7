"""NumPy's ufuncs: calls and the methods ``reduce``, ``accumulate``, ``outer``, ``at``."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import NoRuleError, UnsupportedArgumentError, explain
from ..primitive import Primitive, Tracer, apply, primal_of
from ..rules import elementwise as ew
from ..rules import products
from . import FUNCTIONS
from .packing import as_array

UFUNCS: dict[np.ufunc, Primitive] = {
    np.add: ew.add, np.subtract: ew.subtract, np.multiply: ew.multiply, np.divide: ew.divide,
    np.sin: ew.sin, np.cos: ew.cos, np.exp: ew.exp, np.tanh: ew.tanh, np.log: ew.log, np.sqrt: ew.sqrt, np.square: ew.square,
    np.power: ew.power, np.negative: ew.negative, np.matmul: products.matmul, np.absolute: ew.absolute, np.conjugate: ew.conjugate,
}  # fmt: skip
CONSTANT_UFUNCS = frozenset({np.greater, np.less, np.equal, np.not_equal, np.greater_equal, np.less_equal, np.isfinite, np.isnan, np.sign, np.floor})


def call_ufunc(ufunc: Any, method: str, inputs: Any, kwargs: Any) -> Any:
    primitive = UFUNCS.get(ufunc)
    if primitive is not None and method == "__call__" and not kwargs:
        return apply(primitive, [as_array(x) for x in inputs], {})
    if ufunc in CONSTANT_UFUNCS:
        return ufunc(*map(primal_of, inputs), **kwargs)
    if method == "reduce" and ufunc is np.add:
        return FUNCTIONS[np.sum](*inputs, **kwargs)
    raise NoRuleError(explain(f"np.{ufunc.__name__} has no rule", "?"))
