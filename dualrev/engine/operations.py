"""What a recording is made of: operations, each the value of a function of earlier ones.

The list of them, in the order of execution, is a program in static single assignment form: every
value has one place where it is made, and what uses it refers to that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Function = Callable[..., Any]


class Operation:
    """One value: ``function(*args, **params)``.

    Attributes
    ----------
    function : callable
        On plain values; ``None`` for inputs, constants and guards (the subclasses).
    args : tuple
        Operations, and plain values that never change.
    params : dict
        The same by name; tuples and slices in it may hold operations too.
    shape, dtype
        Of the value. A plain number has the dtype that NumPy gives it.
    type : type
        ``ndarray``, a NumPy scalar type, or a type of Python's numbers, which adapt to the
        kinds of arrays beside them as NumPy's scalars do not; ``tuple`` for several values.
    line : tuple of (code, int), or None
        Where in the user's code it was called.
    fixed : bool
        Whether the function's result always has this shape and dtype if the arguments have theirs.
    """

    __slots__ = ("_used", "args", "dtype", "fixed", "function", "line", "params", "shape", "type")

    def __init__(
        self,
        function: Function | None,
        args: tuple[Any, ...],
        params: dict[str, Any],
        value: Any,
        line: Any = None,
        fixed: bool = True,
    ) -> None:
        self.function = function
        self.args = args
        self.params = params
        self.line = line
        self.fixed = fixed
        kind = self.type = type(value)
        if kind is np.ndarray or issubclass(kind, np.generic):
            self.shape, self.dtype = value.shape, value.dtype
        elif issubclass(kind, (bool, int, float, complex)):
            self.shape, self.dtype = (), np.dtype(kind)
        else:
            self.shape, self.dtype = (), None

    def like(self, function: Any, args: tuple[Any, ...], params: dict[str, Any]) -> Operation:
        """Another operation with a value of this shape and dtype."""
        made = Operation.__new__(Operation)
        made.function, made.args, made.params = function, args, params
        made.shape, made.dtype, made.type = self.shape, self.dtype, self.type
        made.line, made.fixed = self.line, True
        return made

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def name(self) -> str:
        return getattr(self.function, "__name__", None) or type(self.function).__name__

    def uses(self) -> tuple[Operation, ...]:
        """The operations whose values this needs, one for each time; found once."""
        try:
            return self._used
        except AttributeError:
            found: list[Operation] = []

            def see(x: Any) -> None:
                if isinstance(x, Operation):
                    found.append(x)

            replaced(self.args, see)
            replaced(self.params, see)
            self._used: tuple[Operation, ...] = tuple(found)
            return self._used

    def __repr__(self) -> str:
        return f"<{self.name}: {self.dtype}{list(self.shape)}>"


class Input(Operation):
    """An argument, or a leaf of one."""

    __slots__ = ()

    def __init__(self, value: Any) -> None:
        super().__init__(None, (), {}, value)

    @property
    def name(self) -> str:
        return "input"


class Constant(Operation):
    """What the function did not get as an argument. Arrays are held by reference.

    Attributes
    ----------
    value : Array or number
    """

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        super().__init__(None, (), {}, value)
        self.value = value

    @property
    def name(self) -> str:
        return "constant"


class Guard(Operation):
    """Where Python looked at a value: the program holds while it is what it was.

    Attributes
    ----------
    args : (Operation,)
    expected : bool, int, ndarray, ...
        What was seen: the truth of the value, or the value itself.
    truth : bool
        Whether only its truth was asked for.
    """

    __slots__ = ("expected", "truth")

    def __init__(self, seen: Operation, expected: Any, truth: bool, line: Any) -> None:
        super().__init__(None, (seen,), {}, None, line)
        self.expected = expected
        self.truth = truth

    @property
    def name(self) -> str:
        return "guard"


NESTED = frozenset({tuple, list, dict, slice})


def replaced(x: Any, new: Callable[[Any], Any]) -> Any:
    """`x` with ``new(leaf)`` for what stands in its tuples, lists, dicts and slices."""
    kind = type(x)
    if kind is tuple or kind is list:
        return kind([replaced(part, new) for part in x])
    if kind is dict:
        return {key: replaced(value, new) for key, value in x.items()}
    if kind is slice:
        return slice(new(x.start), new(x.stop), new(x.step))
    return new(x)
