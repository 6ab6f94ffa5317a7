"""One specialisation: the source of a program, compiled, with its buffers.

A replay runs in a context of its own, in which invalid operations, divisions by zero and overflows
raise: whatever would warn, or make zeros absorb infinities in a sweep, is left to the function
itself. `contextvars.Context.run` enters it in a few ten nanoseconds.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..engine.operations import Guard
from .graph import Program
from .guards import Signature, written_surroundings
from .writer import FAILED, Writer

Found = Any  # a tuple with the result; an int, the guard that did not hold; None: other arguments


class Replay:
    """A function of the arguments of one signature, along one path.

    Attributes
    ----------
    program : Program
    guards : list of Guard
    enter : callable
        ``enter(args, kwargs)``: a tuple with the result, the number of the guard that saw something
        else, `FAILED`, or ``None`` if this is not the signature.
    unverified : int
        How many of the next replays are compared with the function itself.
    """

    def __init__(
        self,
        program: Program,
        signature: Signature,
        around: list[Any],
        exact: bool,
        verify: int,
    ) -> None:
        self.program = program
        self.exact = exact
        self.unverified = verify
        writer = Writer(program, exact)
        source = writer.write()
        self.guards: list[Guard] = writer.guards
        self.next: dict[int, Replay] = {}  # by the guard that did not hold, who replayed then
        scope = writer.scope
        scope["unflatten"], scope["structure"] = tree.unflatten, program.structure
        exec(compile(source, f"<replay of {program.name}>", "exec"), scope)
        self._replay = scope["replay"]
        self._buffers = writer.buffers
        self.pool: list[Any] = []
        self.enter = self._written_entry(signature, around, writer)

    def source(self) -> str:
        """The statements of the replay, with the names and lines of the user's code."""
        return Writer(self.program, self.exact, pretty=True).write()

    def _made(self) -> Any:
        """A context in which errors of arithmetic are raised, and buffers."""
        context = contextvars.copy_context()
        context.run(np.seterr, divide="raise", over="raise", invalid="raise", under="ignore")
        return (context.run, *[np.empty(shape, dtype) for shape, dtype in self._buffers])

    def _written_entry(self, signature: Signature, around: list[Any], writer: Writer) -> Callable[..., Found]:  # fmt: skip
        scope: dict[str, Any] = {
            "replay": self._replay, "pool": self.pool, "made": self._made, "failures": Exception,  # the function itself then says what it is
        }  # fmt: skip
        names = [f"x{k}" for k in range(len(signature.dynamic))]
        checks = signature.written(names, scope) + written_surroundings(around, scope)
        buffers = ", ".join(f"b{k}" for k in range(len(self._buffers)))
        given = ", ".join(filter(None, [buffers, *names]))
        lines = checks
        if writer.is_plain:  # floats alone need no context: Python raises by itself
            lines += [f"try: return replay({given})", f"except failures: return {FAILED}"]
        else:
            lines += [
                "try: held = pool.pop()",
                "except IndexError: held = made()",
                f"run{', ' + buffers if buffers else ','} = held",
                f"try: return run(replay{', ' + given if given else ''})",
                f"except failures: return {FAILED}",
                "finally: pool.append(held)",
            ]
        source = "def enter(args, kwargs):\n" + "".join(f"    {line}\n" for line in lines)
        exec(compile(source, f"<entry of {self.program.name}>", "exec"), scope)
        return scope["enter"]  # type: ignore[no-any-return]
