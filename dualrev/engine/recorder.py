"""Recording: a program of NumPy calls, written down while it runs on actual values.

A `Recorded` (see `recorded`) carries a plain value and the operation that made it. It takes no
derivative: it lies below all tracers that do, so that what a transformation does with it, forward
and back, is what is recorded. Wherever Python looks at a value (``if``, ``while``, ``int(x)``, an index) a guard is
recorded: the program holds for arguments for which every guard sees what it saw.
"""

from __future__ import annotations

import operator
import os
import sys
from typing import Any, NoReturn

import numpy as np

from ..errors import PASSED_OVER
from ..fronts.packing import as_array
from ..primitive import Trace, Tracer, primal_of
from ..rules.forms import Bilinear, Elementwise, Linear
from ..tree import rebuilt
from .constants import fingerprint
from .operations import NESTED, Constant, Guard, Input, Operation, replaced

ndarray = np.ndarray
FIXED = (Elementwise, Linear, Bilinear)
_COMPARED = 1024  # elements up to which a constant is compared at every use


class Unrecordable(Exception):
    """The program does something that a replay could not do; not an error of the user's."""


OUTSIDE = "it uses a value that is differentiated outside of it"


class Outside(Unrecordable):
    """The program uses a value of a derivative that is being taken around it: it can be recorded
    at another time."""


class Recorder(Trace):
    """One recording.

    Attributes
    ----------
    kind : type
        The tracer that values are wrapped in: `Recorded`.
    operations : list of Operation
        In the order of execution, guards among them.
    broken : str or None
        Why there can be no program: what a replay could not do.
    """

    __slots__ = ("broken", "constants", "inputs", "kind", "operations")

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.kind = kind
        self.operations: list[Operation] = []
        self.inputs: list[Any] = []
        self.broken: str | None = None
        # by identity: the array, what it was when first used, and its operation
        self.constants: dict[int, tuple[Any, Any, Constant]] = {}

    def input(self, value: Any) -> Any:
        """The leaf `value` of an argument, as something that is recorded."""
        made = self.kind(value, self, Input(value))
        self.inputs.append(made)
        return made

    def refuse(self, why: str) -> NoReturn:
        self.broken = self.broken or why
        raise Unrecordable(why)

    # -- constants ------------------------------------------------------------------------

    def constant(self, array: Any) -> Constant:
        """The operation of an array that is no argument, or of a number."""
        if type(array) is not ndarray:
            return Constant(array)
        found = self.constants.get(id(array))
        if found is None:
            mark = array.copy() if array.size <= _COMPARED else _mark(array)
            found = self.constants[id(array)] = array, mark, Constant(array)
        elif array.size <= _COMPARED and not _same(array, found[1]):
            self.refuse("an array that is no argument was overwritten while the function ran")
        return found[2]

    def lifted(self, array: Any) -> Any:
        """A constant as something that is recorded, for rules that compute with it."""
        return self.kind(array, self, self.constant(array))

    def check_constants(self) -> None:
        """Raise if an array that the program refers to was overwritten while it was recorded."""
        for array, mark, _ in self.constants.values():
            if not _same(array if array.size <= _COMPARED else _mark(array), mark):
                self.refuse("an array that is no argument was overwritten while the function ran")

    # -- operations -------------------------------------------------------------------------

    def result(
        self, function: Any, args: tuple[Any, ...], params: dict[str, Any], y: Any, fixed: bool
    ) -> Any:
        """Write down ``y = function(*args, **params)``; `y` as something that is recorded."""
        made = Operation(function, args, params, y, _line(), fixed)
        self.operations.append(made)
        return self._wrapped(y, made)

    def _wrapped(self, y: Any, made: Operation) -> Any:
        kind = type(y)
        if kind is ndarray or issubclass(kind, (np.generic, bool, int, float, complex)):
            return self.kind(y, self, made)
        if isinstance(y, (tuple, list)):
            items = []
            for k, item in enumerate(y):
                part = Operation(operator.getitem, (made, k), {}, item, made.line, made.fixed)
                self.operations.append(part)
                items.append(self._wrapped(item, part))
            return rebuilt(y, items)
        if y is NotImplemented or y is None or isinstance(y, (str, type, np.dtype)):
            return y
        return self.refuse(f"{made.name} returned {kind.__name__}")

    def call(self, function: Any, args: Any, kwargs: Any, fixed: bool = False) -> Any:
        """``function(*args, **kwargs)`` on plain values, written down as it is."""
        self.refuse_if_closed()
        values, made = self.taken_apart(tuple(args))
        if not kwargs:
            return self.result(function, made, {}, function(*values), fixed)
        named, params = self.taken_apart(dict(kwargs))
        return self.result(function, made, params, function(*values, **named), fixed)

    def guard(self, seen: Operation, expected: Any, truth: bool = False) -> None:
        self.operations.append(Guard(seen, expected, truth, _line()))

    def taken_apart(self, x: Any) -> tuple[Any, Any]:
        """``(x as plain values, x as operations)``, also inside of tuples, lists and dicts."""
        if type(x) is self.kind and x.run is self:
            if x.window is not None:
                x.refresh()
            return x.primal, x.index
        if isinstance(x, Tracer):
            x = x.snapshot()
            if isinstance(x, Tracer):
                if x.run.level > self.level:
                    raise Inner
                if x.run.level and not x.final:  # its tangent would be lost
                    self.broken = self.broken or OUTSIDE
                    raise Outside(OUTSIDE)
                return self.taken_apart(primal_of(x))
        kind = type(x)
        if kind in NESTED:
            return (
                replaced(x, lambda part: self.taken_apart(part)[0]),
                replaced(x, lambda part: self.taken_apart(part)[1]),
            )
        if issubclass(kind, ndarray):
            if x.dtype.kind == "O":
                packed = as_array(x)
                if isinstance(packed, Tracer):
                    return self.taken_apart(packed)
            if kind is not ndarray:
                x = as_array(x)
            return x, self.constant(x)
        return x, x


def _line() -> tuple[Any, int] | None:
    """Where in the user's code an operation is called; ``None`` for what a sweep does."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        path = frame.f_code.co_filename
        if path == _RECORDING or not path.startswith(PASSED_OVER):
            return None if path == _RECORDING else (frame.f_code, frame.f_lineno)
        frame = frame.f_back
    return None


# The module that starts a recording: behind it are callers, not the function.
_RECORDING = os.path.join(os.path.dirname(os.path.dirname(__file__)), "program", "recording.py")


class Inner(Exception):
    """An argument belongs to a trace further inside."""


def _mark(array: Any) -> Any:
    mark = fingerprint(array)
    return array.tobytes() if mark is None else mark


def _same(a: Any, b: Any) -> bool:
    if type(a) is bytes or type(b) is bytes:
        return type(a) is type(b) and bool(a == b)
    return bool(
        np.array_equal(a, b, equal_nan=a.dtype.kind in "fc") if a.dtype.kind in "fciub" else True
    )
