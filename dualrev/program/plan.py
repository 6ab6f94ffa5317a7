"""The plan: which values are plain floats, how long each value lives, which may be overwritten."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.operations import Guard, Operation
from .vocabulary import (
    ELEMENTWISE,
    EXPIT,
    F8,
    MEAN,
    RATIO,
    SCATTER,
    SECH,
    SET,
    SUM,
    accumulate,
    dot,
)

# fmt: off
# How functions of plain floats are written. Those with a name of `math` raise where NumPy warns.
SCALAR: dict[Any, str] = {
    np.add: "{0} + {1}", np.subtract: "{0} - {1}", np.multiply: "{0} * {1}",
    np.divide: "{0} / {1}", np.negative: "-{0}", np.positive: "{0}", np.square: "{0} * {0}",
    np.absolute: "abs({0})", np.reciprocal: "1.0 / {0}",
    np.less: "{0} < {1}", np.less_equal: "{0} <= {1}", np.greater: "{0} > {1}",
    np.greater_equal: "{0} >= {1}", np.equal: "{0} == {1}", np.not_equal: "{0} != {1}",
    np.maximum: "({0} if {0} >= {1} else {1})", np.minimum: "({0} if {0} <= {1} else {1})",
    np.sign: "(1.0 if {0} > 0.0 else -1.0 if {0} < 0.0 else 0.0)",
    np.float64: "{0}", RATIO: "({0} / {1} if {1} else 0.0)",
    np.sqrt: "math.sqrt({0})", operator.pow: "math.pow({0}, {1})",  # of Python's own floats
}
TRANSCENDENTAL: dict[Any, str] = {
    np.power: "math.pow({0}, {1})", np.exp: "math.exp({0})", np.expm1: "math.expm1({0})",
    np.log: "math.log({0})", np.log2: "math.log2({0})", np.log10: "math.log10({0})",
    np.log1p: "math.log1p({0})", np.sin: "math.sin({0})", np.cos: "math.cos({0})",
    np.tan: "math.tan({0})", np.arcsin: "math.asin({0})", np.arccos: "math.acos({0})",
    np.arctan: "math.atan({0})", np.arctan2: "math.atan2({0}, {1})", np.sinh: "math.sinh({0})",
    np.cosh: "math.cosh({0})", np.tanh: "math.tanh({0})", np.hypot: "math.hypot({0}, {1})",
    EXPIT: "1.0 / (1.0 + math.exp(-{0}))", SECH: "1.0 / math.cosh({0})",
}
# What may turn an infinite or undefined argument into a finite value, without a word.
_SWALLOWS = frozenset({
    np.divide, np.reciprocal, np.less, np.less_equal, np.greater, np.greater_equal, np.equal,
    np.not_equal, np.maximum, np.minimum, np.sign, RATIO, np.power, operator.pow, np.exp, np.expm1, np.arctan,
    np.arctan2, np.tanh, np.hypot, EXPIT, SECH,
})
_BOUNDED = frozenset({np.sin, np.cos, np.tanh, np.arctan, np.sign, EXPIT, SECH})
_COMPARISONS = frozenset({
    np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal,
})
# What passes them on, and what raises an error for them.
_PASSES_ON = frozenset({
    np.add, np.subtract, np.multiply, np.divide, np.negative, np.positive, np.square, np.absolute,
    np.float64,
})
_RAISES = frozenset({np.sin, np.cos, np.tan})
# fmt: on
_FRESH = frozenset({SUM, MEAN, SCATTER, SET, dot, accumulate, np.matmul, *ELEMENTWISE})


class Plan:
    """What the writer has to know of every operation.

    Attributes
    ----------
    floats : set of int
        Identities of the operations whose values are plain Python floats, or truth values.
    last : dict
        By identity, the position of the last operation that needs the value, or a view of it.
    uses : dict
        By identity, how many operations and outputs use the value.
    checked : dict
        By identity, plain floats that have to be finite in the end, or the replay does not count.
    """

    def __init__(
        self, operations: Sequence[Operation], outputs: Sequence[Any], exact: bool
    ) -> None:
        self.templates = dict(SCALAR) if exact else {**SCALAR, **TRANSCENDENTAL}
        self.floats: set[int] = set()
        self.uses: dict[int, int] = {}
        self.last: dict[int, int] = {}
        self.checked: dict[int, Operation] = {}
        self._find_floats(operations)
        self._drop_what_shows(operations, outputs)
        for k, operation in enumerate(operations):
            for x in operation.uses():
                self.uses[id(x)] = self.uses.get(id(x), 0) + 1
                self.last[id(x)] = k
        for y in outputs:
            if isinstance(y, Operation):
                self.uses[id(y)] = self.uses.get(id(y), 0) + 1
                self.last[id(y)] = len(operations)
        for operation in reversed(operations):  # what is viewed lives as long as its views
            if not isinstance(operation, Guard) and not self.is_fresh(operation):
                end = self.last.get(id(operation), -1)
                for x in operation.uses():
                    self.last[id(x)] = max(self.last.get(id(x), -1), end)

    @staticmethod
    def is_fresh(operation: Operation) -> bool:
        """Whether the value shares no memory with any argument."""
        return operation.function in _FRESH or operation.type is not np.ndarray

    def is_float(self, x: Any) -> bool:
        """Whether `x` is, or can be written as, a plain float or truth value."""
        if isinstance(x, Operation):
            return id(x) in self.floats
        return type(x) in (float, int, bool, np.float64)

    def _find_floats(self, operations: Sequence[Operation]) -> None:
        wanted: dict[int, Operation] = {}
        for x in operations:
            self.floats.update(map(id, getattr(x, "sums", ())))  # of a block
        for x in operations:
            if self._is_scalar(x) and x.function in self.templates:
                args = [a for a in x.args if isinstance(a, Operation)]
                if all(self._is_scalar(a) or _is_truth(a) for a in args) and args:
                    self.floats.add(id(x))
                    wanted.update((id(a), a) for a in args)
                    if x.function in _SWALLOWS:
                        self._check(x)
        for x in wanted.values():  # scalars that scalars are computed from
            self.floats.add(id(x))

    def _drop_what_shows(self, operations: Sequence[Operation], outputs: Sequence[Any]) -> None:
        """A value that is not finite needs no check if that shows in a result, or raises."""
        shows = {id(y) for y in outputs if isinstance(y, Operation) and y.dtype == F8}
        for x in reversed(operations):
            if isinstance(x, Guard):
                continue
            if x.function in _RAISES or (x.function in _PASSES_ON and id(x) in shows):
                args = x.args[:1] if x.function in (np.divide, RATIO) else x.args
                shows.update(id(a) for a in args if isinstance(a, Operation) and a.shape == ())
        self.checked = {k: x for k, x in self.checked.items() if k not in shows}

    def _is_scalar(self, x: Operation) -> bool:
        if x.shape != () or x.type is np.ndarray:
            return False
        return x.dtype == F8 or _is_truth(x)

    def _check(self, x: Operation) -> None:
        args = x.args[1:] if x.function in (np.divide, RATIO) else x.args
        for a in args:
            known = not isinstance(a, Operation) or a.dtype != F8 or a.function in _BOUNDED
            if not known:
                self.checked[id(a)] = a


def _is_truth(x: Operation) -> bool:
    return x.dtype == bool and x.shape == () and x.function in _COMPARISONS
