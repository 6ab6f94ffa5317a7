"""Operators of traced arrays: what ``a * b`` means when an operand is traced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import indent
from typing import Any

import numpy as np

from .fronts.packing import as_array, numpy_complex
from .primitive import Primitive, Tracer, primal_of
from .rules import elementwise as ew
from .rules.forms.elementwise import mend

# Types that operators hand to a primitive as they are.
PLAIN = frozenset({float, int, bool, np.float64, np.float32, np.int64, np.complex128, np.bool_})


def _operand(other: Any, dtype: Any) -> Any:
    """`other` as an operand beside `dtype`, or ``NotImplemented`` if it is not an array at all."""
    if isinstance(other, complex):
        return numpy_complex(complex(other), dtype)
    if isinstance(other, (int, float)):  # a member of an enumeration, and the like
        return int(other) if isinstance(other, int) else float(other)
    if isinstance(other, (np.ndarray, np.generic, Sequence)) and not isinstance(other, str):
        return as_array(other)
    return NotImplemented


def binary(primitive: Primitive) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """An operator and its reflection."""

    def forward(self: Any, other: Any) -> Any:
        if not (isinstance(other, Tracer) or type(other) in PLAIN):
            other = _operand(other, self.dtype)
            if other is NotImplemented:
                return other
        return self.apply2(primitive, self, other)

    def reflected(self: Any, other: Any) -> Any:
        if type(other) not in PLAIN:
            other = _operand(other, self.dtype)
            if other is NotImplemented:
                return other
        return self.apply2(primitive, other, self)

    return forward, reflected


def write_operators(kind: type, both: str, one: str, scope: dict[str, Any]) -> None:
    """Give a kind of tracer its arithmetic, written out for speed.

    The common cases, both operands in one run or the other a plain number, take no
    detour; all others go through ``apply2``. `both` and `one` are Python source: what
    the tracer does with the result ``y`` of the operands ``a`` and ``b`` in its ``run``,
    by the ``differential``, if ``self`` and ``other`` are active, or ``self`` alone. Its
    call of ``keep2`` is replaced by what the differential keeps.
    """

    def written(source: str, differential: Any, columns: int) -> str:
        return indent(
            source.replace("differential.keep2(y, a, b)", differential.kept), columns * " "
        )

    for name, symbol, primitive in _ARITHMETIC:
        general, general_reflected = binary(primitive)
        functions = {
            **scope, "kind": kind, "PLAIN": PLAIN, "mend": mend, "primitive": primitive,
            "general": general, "general_reflected": general_reflected,
        }  # fmt: skip
        source = f"""
def operate(self, other):
    run = self.run
    if not run.alert:
        if type(other) is kind:
            if other.run is run:
                a = self.primal
                b = other.primal
                y = a {symbol} b
                differential = primitive.both
{written(both, primitive.both, 16)}
        elif type(other) in PLAIN:
            a = self.primal
            b = other
            y = a {symbol} b
            differential = primitive.first
{written(one, primitive.first, 12)}
    return general(self, other)

def reflected(self, other):
    run = self.run
    if type(other) in PLAIN and not run.alert:
        a = other
        b = self.primal
        y = a {symbol} b
        differential = primitive.second
{written(one, primitive.second, 8)}
    return general_reflected(self, other)
"""
        exec(compile(source, f"<differential of {primitive.name}>", "exec"), functions)
        setattr(kind, f"__{name}__", functions["operate"])
        setattr(kind, f"__r{name}__", functions["reflected"])


_ARITHMETIC = [
    ("add", "+", ew.add),
    ("sub", "-", ew.subtract),
    ("mul", "*", ew.multiply),
    ("truediv", "/", ew.divide),
]


def constant_operator(function: Callable[..., Any]) -> Callable[..., Any]:
    """An operator whose derivative is zero wherever it exists: its result is plain."""

    def compare(self: Any, other: Any) -> Any:
        self.refresh()
        return function(
            primal_of(self),
            primal_of(as_array(other) if isinstance(other, (list, np.ndarray)) else other),
        )

    return compare


def in_place(function: Callable[..., Any]) -> Callable[..., Any]:
    def update(self: Any, other: Any) -> Any:
        result = function(self, other)
        if not np.can_cast(result.dtype, self.dtype, "same_kind"):
            raise TypeError(
                f"Cannot cast output from {result.dtype!r} to {self.dtype!r} with casting rule "
                "'same_kind'"
            )
        if isinstance(primal_of(self), np.ndarray):
            self[...] = result
            return self
        return result  # a NumPy scalar cannot be written to: the name is bound anew

    return update
