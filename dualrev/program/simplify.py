"""Simplification: the same results with fewer operations.

One pass over the program in order. Every operation is written anew by `Simplifier.make`, which
knows what its arguments are: it folds constants, drops what does nothing, moves factors outward
and broadcasting away, and gives an operation that is there already instead of a second one. What
nothing needs is then left out.

The identities are in `identities`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.operations import Constant, Guard, Operation, replaced
from ..engine.recorded import COPY
from .identities import ELEMENTWISE_RULES, RULES, is_double, made_by
from .vocabulary import (
    BROADCAST,
    ELEMENTWISE,
    F8,
    is_number,
    normal,
    shape_of,
)


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
            args, params = replaced(args, find), replaced(params, find)
            new[id(old)] = self.make(old, function, args, params)
        return self._needed([find(y) for y in outputs])

    def _constant(self, x: Constant) -> Any:
        """A number where it is one."""
        return x.value if is_number(x.value) else x

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
        if isinstance(simpler, Operation):
            if simpler.type is like.type and simpler.shape == like.shape:
                return simpler  # of an array without axes NumPy gives a number
        elif simpler is not None and like.shape == () and like.type is not np.ndarray:
            return like.type(simpler)
        key = (function, self.key(args), self.key(params), like.type)
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

    def found(self, function: Any, args: tuple[Any, ...]) -> Operation | None:
        """An operation that is there already."""
        key = function, self.key(args), self.key({})
        for kind in (np.ndarray, np.float64):
            if (*key, kind) in self.known:
                return self.known[(*key, kind)]
        return None

    def key(self, x: Any) -> Any:
        kind = type(x)
        if kind is Operation:
            return id(x)
        if kind is tuple or kind is list:
            return kind, tuple(map(self.key, x))
        if kind is dict:
            return kind, tuple([(k, self.key(v)) for k, v in x.items()])
        if kind is slice:
            return kind, self.key(x.start), self.key(x.stop), self.key(x.step)
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
        rule = RULES.get(function)
        return rule(self, like, args, params) if rule is not None and like.dtype == F8 else None

    def _elementwise(self, like: Operation, function: Any, args: Any) -> Any:
        found = self._without_broadcasting(like, function, args)
        if found is not None:
            return found
        rule = ELEMENTWISE_RULES.get(function)
        return rule(self, like, *args) if rule is not None else None

    def _without_broadcasting(self, like: Operation, function: Any, args: Any) -> Any:
        """A repeated argument needs no repetition if another one has the full shape."""
        if not any(made_by(a) is BROADCAST for a in args):
            return None
        small = [a.args[0] if made_by(a) is BROADCAST else a for a in args]
        if not all(is_double(x) for x in small):
            return None
        shape = np.broadcast_shapes(*map(shape_of, small))
        if shape == like.shape:
            return self.make(like, function, tuple(small), {})
        if math.prod(shape) > like.size // 2:
            return None
        return self.broadcast(like, self.array(function, *small))

    def broadcast(self, like: Operation, x: Any) -> Any:
        return x if shape_of(x) == like.shape else self.make(like, BROADCAST, (x,), {"shape": like.shape})  # fmt: skip
