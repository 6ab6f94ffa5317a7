"""The writer: a program as a straight line of NumPy.

Every operation becomes one statement. Ufuncs write into buffers that are kept between calls, each
used again once its value is needed no more; what is returned is new. Numbers are plain floats.
The source of Rosenbrock's function and its gradient reads::

    def replay(b0, b1, b2, x):
        v0 = x[1:]
        v1 = x[:-1]
        v2 = square(v1, b0)
        ...
"""

from __future__ import annotations

import ast
import linecache
import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.operations import Constant, Guard, Input, Operation
from ..rules.indexing import add_into
from .blocks import Block, grouped
from .graph import Program
from .pieces import write_block
from .plan import Plan
from .statements import FORMS, OF_NUMBERS_TOO
from .vocabulary import (
    ELEMENTWISE,
    F8,
    ITEM,
    SUM,
    TAKE,
    dot,
)

FAILED = -1  # what a replay returns where it cannot say what the function would have done
_ONE_THREAD = 8192  # elements up to which BLAS computes a dot product by itself
_LONG = 60  # characters up to which an expression grows


class Writer:
    """Writes one program; `source` is the text, `scope` what its names mean."""

    def __init__(self, program: Program, exact: bool, pretty: bool = False) -> None:
        self.program = program
        self.exact = exact
        self.operations = grouped(program.operations, program.outputs, exact)
        self.plan = Plan(self.operations, program.outputs, exact)
        self.names: dict[int, str] = dict(program.names)
        self.scope: dict[str, Any] = {
            "array_equal": _array_equal, "math": math, "ndarray": np.ndarray, "add_into": add_into,
            "empty": np.empty, "zeros": np.zeros, "array": np.array, "float64": np.float64, "bool_": np.bool_,
            "inf": math.inf, "nan": math.nan, "all_finite": _all_finite, "broadcast_to": np.broadcast_to,
            "add": np.add, "vdot": np.vdot, "matmul": np.matmul, "add_reduce": np.add.reduce,
            "copyto": np.copyto,
        }  # fmt: skip
        self.lines: list[str] = []
        self.buffers: list[tuple[tuple[int, ...], Any]] = []
        self.free: dict[Any, list[str]] = {}
        self.owned: dict[int, str] = {}  # buffers by the identity of the operation that fills them
        self.fresh: set[int] = set()  # operations whose arrays were made in this call
        self.constants: dict[Any, str] = {}
        self.listed: dict[int, str] = {}
        self.parts: dict[int, str] = {}  # plain floats that are written where they are used
        self.users: dict[int, Operation] = {}
        for x in self.operations:
            for used in x.uses():
                self.users[id(used)] = x
        self.guards: list[Guard] = []
        self.pretty = pretty
        self.begun: set[int] = set()  # scatters of which the first part is written
        self.pieces: list[str] = []  # functions for the pieces of blocks
        self.outputs = {id(y) for y in program.outputs if isinstance(y, Operation)}

    # -- the whole ---------------------------------------------------------------------------

    def write(self) -> str:
        program = self.program
        reads: dict[int, int] = {}
        for x in self.operations:
            if x.function is TAKE and id(x) in self.plan.floats and type(x.params["key"]) is int:
                reads[id(x.args[0])] = reads.get(id(x.args[0]), 0) + 1
        self.elements = reads
        if self.pretty:
            self._name_after_lines()
        for x in program.inputs:
            if id(x) in self.plan.floats and x.type is np.float64:
                self.say(f"{self.names[id(x)]} = float({self.names[id(x)]})")
        for k, x in enumerate(self.operations):
            self._write(k, x)
            for used in x.uses():
                if self.plan.last[id(used)] <= k:
                    self.release(used)
            if not isinstance(x, Guard) and self.plan.last.get(id(x), -1) <= k:
                self.release(x)
        self._write_return()
        parameters = [f"b{k}" for k in range(len(self.buffers))] + self.arguments()
        head = f"def replay({', '.join(parameters)}):"
        self.source = (
            "\n".join([*self.pieces, head, *("    " + line for line in self.lines)]) + "\n"
        )
        return self.source

    @property
    def is_plain(self) -> bool:
        """Whether nothing but plain floats are computed with."""
        inputs = all(x.type in (float, np.float64) for x in self.program.inputs)
        return inputs and all(
            isinstance(x, Guard)
            or (id(x) in self.plan.floats and x.function in self.plan.templates)
            for x in self.operations
        )

    def arguments(self) -> list[str]:
        return [self.names[id(x)] for x in self.program.inputs]

    def say(self, line: str) -> None:
        self.lines.append(line)

    # -- names and values ------------------------------------------------------------------------

    def named(self, x: Operation) -> str:
        name = self.names.get(id(x))
        if name is None:
            name = self.names[id(x)] = f"v{len(self.names)}"
        return name

    def constant(self, value: Any) -> str:
        return self._constant(id(value), lambda: value)

    def ones(self, n: int) -> str:
        """A vector of ones."""
        return self._constant(("ones", n), lambda: np.ones(n))

    def _constant(self, key: Any, made: Callable[[], Any]) -> str:
        """The name of a constant, made when it is named for the first time."""
        name = self.constants.get(key)
        if name is None:
            name = self.constants[key] = f"c{len(self.constants)}"
            self.scope[name] = made()
        return name

    def called(self, function: Any) -> str:
        """The name of a function in the source."""
        name = getattr(function, "__name__", "")
        if type(function) is np.ufunc and getattr(np, name, None) is function:
            self.scope[name] = function
            return name
        return self.constant(function)

    def value(self, x: Any, plain: bool = False) -> str:
        """An argument in the source; numbers as NumPy's, unless `plain` ones will do."""
        if isinstance(x, Constant):
            return self.constant(x.value)
        if isinstance(x, Operation):
            if id(x) in self.parts:
                return f"({self.parts[id(x)]})"
            name = self.named(x)
            if not plain and id(x) in self.plan.floats and x.type in (np.float64, np.bool_):
                return f"float64({name})" if x.type is np.float64 else f"bool_({name})"
            return name
        kind = type(x)
        if kind is float:
            return repr(x) if math.isfinite(x) else f"({x!r})"
        if kind is np.float64 and plain:
            return self.value(float(x))
        if kind in (bool, int, str, type(None)):
            return f"({x!r})" if kind is int and x < 0 else repr(x)
        if kind is tuple or kind is list:
            inside = ", ".join(self.value(part) for part in x)
            if kind is list:
                return f"[{inside}]"
            return f"({inside},)" if len(x) == 1 else f"({inside})"
        if kind is slice:
            return f"slice({self.value(x.start)}, {self.value(x.stop)}, {self.value(x.step)})"
        if kind is dict:
            return "{" + ", ".join(f"{k!r}: {self.value(v)}" for k, v in x.items()) + "}"
        return self.constant(x)

    def key(self, key: Any) -> str:
        """An index as it is written between brackets."""
        if type(key) is tuple and key:
            parts = [self.value(part) if type(part) is tuple else self.key(part) for part in key]
            return ", ".join(parts) + ("," if len(key) == 1 else "")
        if type(key) is slice:
            ends = [self.end(key.start), self.end(key.stop)]
            return ":".join(ends if key.step is None else [*ends, self.end(key.step)])
        return "..." if key is Ellipsis else self.value(key)

    def end(self, x: Any) -> str:
        """An end of a slice."""
        return "" if x is None else str(x) if type(x) is int else self.value(x)

    def operand(self, x: Any) -> str:
        """An argument of a ufunc on doubles; a number as an array, which is faster."""
        if type(x) not in (int, float, np.float64):
            return self.value(x, plain=True)
        return self._constant((float(x), str(x)), lambda: np.array(x, float))

    # -- buffers ----------------------------------------------------------------------------------

    def is_returned(self, x: Operation) -> bool:
        """Whether the value, or a view of it, is a result: then it is in no buffer."""
        return self.plan.last.get(id(x), -1) >= len(self.operations)

    def target(self, k: int, x: Operation) -> str | None:
        """The buffer for the array `x`, made at position `k`; ``None`` for one that is returned."""
        if self.is_returned(x):
            self.fresh.add(id(x))
            return None
        if x.function in ELEMENTWISE:
            for a in x.uses():  # over an argument that nothing needs any more
                name = self.owned.get(id(a))
                if (
                    name
                    and self.plan.last[id(a)] == k
                    and a.shape == x.shape
                    and a.dtype == x.dtype
                ):
                    del self.owned[id(a)]
                    self.owned[id(x)] = name
                    return name
        waiting = self.free.get((x.shape, x.dtype))
        if waiting:
            name = waiting.pop()
        else:
            name = f"b{len(self.buffers)}"
            self.buffers.append((x.shape, x.dtype))
        self.owned[id(x)] = name
        return name

    def release(self, x: Operation) -> None:
        name = self.owned.pop(id(x), None)
        if name is not None:
            self.free.setdefault((x.shape, x.dtype), []).append(name)

    def take_over(self, k: int, x: Any, new: Operation) -> str | None:
        """The array of `x`, to be overwritten to become `new`, if nobody needs it as it was."""
        if not isinstance(x, Operation) or self.plan.last[id(x)] != k or x.shape != new.shape:
            return None
        if x.dtype != new.dtype or sum(a is x for a in new.args) > 1:
            return None
        if id(x) in self.owned and not self.is_returned(new):
            self.owned[id(new)] = self.owned.pop(id(x))
            return self.named(x)
        if id(x) in self.fresh:
            self.fresh.add(id(new))
            return self.named(x)
        return None

    # -- one operation ----------------------------------------------------------------------------

    def _write(self, k: int, x: Operation) -> None:
        if isinstance(x, Guard):
            self._write_guard(x)
            return
        if isinstance(x, Block):
            write_block(self, k, x)
            return
        if self._is_inlined(x):
            return
        if id(x) in self.plan.floats:
            if self._is_part(x):
                self.parts[id(x)] = self.scalar(x)
                return
            self.say(f"{self.named(x)} = {self.scalar(x)}" + self.comment(x))
            return
        special = FORMS.get(x.function)
        if special is not None and (x.type is np.ndarray or x.function in OF_NUMBERS_TOO):
            before = len(self.lines)
            if special(self, k, x):
                if len(self.lines) > before:
                    self.lines[before] += self.comment(x)
                return
            del self.lines[before:]
        self._write_call(k, x)

    def _write_call(self, k: int, x: Operation) -> None:
        self.say(f"{self.named(x)} = {self._call_of(x)}" + self.comment(x))
        if not x.fixed:
            self.check_kind(x)

    def _call_of(self, x: Operation) -> str:
        args = [self.value(a) for a in x.args]
        args += [f"{key}={self.value(v)}" for key, v in x.params.items()]
        return f"{self.called(x.function)}({', '.join(args)})"

    def check_kind(self, x: Operation) -> None:
        """A guard: the value has the shape and kind that it had, which here depend on values."""
        number = len(self.guards)
        self.guards.append(Guard(x, x.shape, False, x.line))
        name, kind = self.named(x), self.constant(x.type)
        test = f"type({name}) is not {kind}"
        if x.type is np.ndarray:
            test += f" or {name}.shape != {x.shape!r} or {name}.dtype != {self.constant(x.dtype)}"
        self.say(f"if {test}: return {number}")

    def _write_guard(self, x: Guard) -> None:
        number = len(self.guards)
        self.guards.append(x)
        seen = x.args[0]
        if x.truth:
            text = self.scalar(seen) if self._is_inlined(seen) else self.value(seen, plain=True)
            self.say(
                f"if {'not ' if x.expected else ''}({text}): return {number}" + self.comment(x)
            )
        elif isinstance(x.expected, np.ndarray):
            self.say(
                f"if not array_equal({self.value(seen)}, {self.constant(x.expected)}): return {number}"
            )
        else:
            expected = self.value(x.expected) if type(x.expected) in (int, float, bool, str) else self.constant(x.expected)  # fmt: skip
            self.say(
                f"if {self.value(seen, plain=True)} != {expected}: return {number}"
                + self.comment(x)
            )

    # -- plain floats -----------------------------------------------------------------------------

    def _is_inlined(self, x: Any) -> bool:
        """Whether `x` is a comparison of floats that only a guard needs."""
        user = self.users.get(id(x))
        return (
            isinstance(user, Guard)
            and user.truth
            and id(x) in self.plan.floats
            and x.dtype == bool
            and self.plan.uses[id(x)] == 1
            and id(x) not in self.outputs
        )

    def _is_part(self, x: Operation) -> bool:
        """Whether a float is used once, in another float, and can be written there."""
        if self.plan.uses.get(id(x), 0) != 1 or id(x) in self.outputs:
            return False
        templates = self.plan.templates
        user = self.users.get(id(x))
        if x.function not in templates or user is None or id(user) not in self.plan.floats:
            return False
        if id(x) in self.plan.checked or templates.get(user.function, "{0}{0}").count("{0}") > 1:
            return False
        return sum(len(self.parts.get(id(a), "")) for a in x.uses()) < _LONG

    def scalar(self, x: Operation) -> str:
        template = self.plan.templates.get(x.function)
        if template is not None and all(
            self.plan.is_float(a) or (isinstance(a, Operation) and a.type is float) for a in x.args
        ):
            return template.format(*[self.value(a, plain=True) for a in x.args])
        if isinstance(x, Input):
            return f"float({self.named(x)})"
        if x.function is TAKE and isinstance(x.args[0], Operation):
            array, key = x.args[0], x.params["key"]
            if type(key) is int and not isinstance(array, Constant):
                if self.elements.get(id(array), 0) > 2 and array.size <= 64:
                    if id(array) not in self.listed:
                        self.listed[id(array)] = self.named(array) + "_"
                        self.say(f"{self.listed[id(array)]} = {self.named(array)}.tolist()")
                    return f"{self.listed[id(array)]}[{key}]"
                if array.ndim == 1:
                    return f"{self.value(array)}.item({key})"
            return f"float({self.value(array)}[{self.key(key)}])"
        if x.function is dot or x.function is SUM:
            return f"float({self.reduction(x)})"
        if x.function is ITEM:
            return f"float({self.value(x.args[0])}[{x.args[1]}])"
        return f"{'bool' if x.dtype == bool else 'float'}({self._call_of(x)})"

    def reduction(self, x: Operation) -> str:
        if x.function is dot:
            a, b = map(self.value, x.args)
            return f"{a}.dot({b})" if x.args[0].ndim == 1 else f"vdot({a}, {b})"
        axis = x.params.get("axis")
        inside = self.value(x.args[0])
        if axis is None and x.args[0].ndim > 1:
            return f"add_reduce({inside}, None)"
        return f"add_reduce({inside})" if axis is None else f"add_reduce({inside}, {axis!r})"

    # -- results ---------------------------------------------------------------------------------------

    def _write_return(self) -> None:
        checks = []
        given: set[int] = set()
        results = []
        floats = [self.named(x) for k, x in self.plan.checked.items() if k in self.plan.floats]
        for y in self.program.outputs:
            if not isinstance(y, Operation):
                text = self.value(y)
                results.append(f"{text}.copy()" if type(y) is np.ndarray else text)
                continue
            name = self.named(y)
            text = self.value(y)
            if id(y) in self.plan.floats and y.dtype == F8:
                floats.append(name)
            elif y.type is np.ndarray and y.dtype.kind in "fc":
                small = y.ndim == 1 and y.dtype == F8 and y.size <= _ONE_THREAD
                checks.append(f"({name}.dot({name}) < inf or all_finite({name}))" if small else f"all_finite({name})")  # fmt: skip
            elif isinstance(y.dtype, np.dtype) and y.dtype.kind in "fc":
                checks.append(f"{name} - {name} == 0.0")
            if y.type is np.ndarray:
                mine = id(y) in self.fresh and id(y) not in given and y.function is not TAKE
                results.append(text if mine else f"{name}.copy()")
                given.add(id(y))
            else:
                results.append(text)
        if floats:
            checks.insert(0, f"0.0 * ({' + '.join(dict.fromkeys(floats))}) == 0.0")
        if checks:
            self.say(f"if not ({' and '.join(checks)}): return {FAILED}")
        self.say(f"return ({_tree_of(self.program.structure, iter(results))},)")

    # -- for people ----------------------------------------------------------------------------------

    def comment(self, x: Operation) -> str:
        if not self.pretty or x.line is None:
            return ""
        code, number = x.line
        source = linecache.getline(code.co_filename, number).strip()
        return f"  # {os.path.basename(code.co_filename)}:{number}: {source}" if source else ""

    def _name_after_lines(self) -> None:
        """The last value that a line of the user's makes is named as the line names it."""
        last: dict[Any, Operation] = {}
        for x in self.program.operations:
            if x.line is not None and not isinstance(x, Guard):
                last[x.line] = x
        taken = set(self.names.values()) | set(self.scope)
        for (code, number), x in last.items():
            try:
                statement = ast.parse(linecache.getline(code.co_filename, number).strip()).body[0]
            except (SyntaxError, IndexError, ValueError):
                continue
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                name = statement.targets[0].id
                count = 0
                while f"{name}{count or ''}" in taken:
                    count += 1
                name = f"{name}{count or ''}"
                if id(x) not in self.names and not (name[0] in "bc" and name[1:].isdigit()):
                    taken.add(name)
                    self.names[id(x)] = name


def _tree_of(structure: Any, leaves: Any) -> str:
    """The result, written out; of unusual containers taken from their list of leaves."""
    if structure is None:
        return str(next(leaves))
    if structure.kind is type(None):
        return "None"
    if structure.kind in (tuple, list):
        inside = ", ".join(_tree_of(child, leaves) for child in structure.children)
        if structure.kind is list:
            return f"[{inside}]"
        return f"({inside},)" if len(structure.children) == 1 else f"({inside})"
    if structure.kind is dict:
        pairs = zip(structure.data, structure.children, strict=True)
        if all(type(key) in (str, int) for key in structure.data):
            return "{" + ", ".join(f"{k!r}: {_tree_of(c, leaves)}" for k, c in pairs) + "}"
    return f"unflatten(structure, [{', '.join(leaves)}])"


def _array_equal(a: Any, b: Any) -> bool:
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))


def _all_finite(x: Any) -> bool:
    """One pass that allocates nothing; only if a sum is not finite the elements are looked at."""
    if x.dtype == F8:
        with np.errstate(all="ignore"):
            total = np.add.reduce(x, None)
        if math.isfinite(total):
            return True
    return bool(np.isfinite(x).all())
