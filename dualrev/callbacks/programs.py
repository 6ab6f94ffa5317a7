"""The compiled functions of an object: made when asked for, left alone where they fail."""

from __future__ import annotations

import contextlib
import threading
import warnings
from collections.abc import Callable
from typing import Any

from ..errors import user_line
from ..program.compiled import CompilationWarning, Compiled
from .counts import Ledger

Function = Callable[..., Any]

WAITS = 10  # calls of a derivative that cost as much as its program does,
WAITS_OF_VALUES = 100  # and of a plain function


class Program(Compiled):
    """A compiled function that counts what it records, and whose surrender disturbs no solver.

    Attributes
    ----------
    kind : str
        What it computes: ``"fun"``, ``"grad"``, ...
    traces : int
        Runs of the function that recorded a program.
    plain : int
        Calls of the function as it is, before it was worth recording.
    """

    def __init__(self, f: Function, kind: str, group: Programs) -> None:
        super().__init__(f, False, 1, None)
        self.kind, self.traces, self.plain, self._group = kind, 0, 0, group

    def _record(self, args: Any, kwargs: Any, last: Any, guard: Any) -> Any:
        self.traces += 1
        return super()._record(args, kwargs, last, guard)

    def renewed(self) -> Program:
        """Another one of the same function, with its counts, and nothing recorded."""
        made = Program(self._f, self.kind, self._group)
        made.traces, made.plain = self.traces, self.plain
        return made

    def _give_up(self, why: str) -> None:
        self.eager = why
        self._chosen, self._replays = None, self._replays[:1]  # where another thread looks
        self._group.gave_up(self, why)


class Waiting:
    """A function as it is, for as many calls as recording costs; then its program takes its place.

    Few calls do not pay for a program, and nobody knows how many there will be: to wait until as
    much was spent as a program costs is at most twice as dear as to know. [Karlin et al. 1988]
    """

    __slots__ = ("_function", "_program", "_until")

    def __init__(self, program: Program, calls: int) -> None:
        self._program, self._until = program, program.plain + calls
        self._function = program._f

    def __call__(self, *arguments: Any) -> Any:
        program = self._program
        if program.plain >= self._until:
            return program._group.after(self, program)(*arguments)
        program.plain += 1
        return self._function(*arguments)


class Programs:
    """One program for each kind, compiled unless one of them had to be left alone.

    Parameters
    ----------
    define : callable
        ``define(kind)``: the plain function of a kind.
    compiled : bool
    ledger : Ledger
    name : str
        What is compiled, for the warning.

    Attributes
    ----------
    eager : str or None
        Why functions are called as they are.
    waits : dict of str to int
        By kind, how many calls go by before it is recorded, if not `WAITS`.
    """

    def __init__(
        self, define: Callable[[str], Function], compiled: bool, ledger: Ledger, name: str
    ) -> None:
        self._define, self.ledger, self._name = define, ledger, name
        self._lock = threading.RLock()
        self._made: dict[str, Function] = {}
        self._recorded: dict[str, Program] = {}
        self.eager = None if compiled else "compile=False"
        self.waits = {"fun": WAITS_OF_VALUES}

    def __getitem__(self, kind: str) -> Function:
        made = self._made.get(kind)
        return self._make(kind) if made is None else made

    def _make(self, kind: str) -> Function:
        with self._lock:
            if kind not in self._made:
                function = self._define(kind)
                if self.eager is None and not isinstance(function, Compiled):
                    program = Program(function, kind, self)
                    self.ledger.watch(program)
                    self._recorded[kind] = program
                    function = self._at_first(program)
                self._made[kind] = function
            return self._made[kind]

    def _at_first(self, program: Program) -> Function:
        calls = self.waits.get(program.kind, WAITS)
        return Waiting(program, calls) if calls else program

    def after(self, waiting: Waiting, program: Program) -> Function:
        """What follows on waiting: the program, or the function if another program gave up."""
        function = program if self.eager is None else program._f
        with self._lock:
            if self._made.get(program.kind) is waiting:  # and was not forgotten meanwhile
                self._made[program.kind] = function
        return function

    def forget(self) -> None:
        """Record again, when that pays: something that is no argument has changed."""
        with self._lock:
            for kind, program in list(self._recorded.items()):
                if program.eager is None:  # others may be in the middle of the old one
                    self._recorded[kind] = made = program.renewed()
                    self.ledger.watch(made, program)
                    self._made[kind] = self._at_first(made)

    def is_waiting(self, kind: str) -> bool:
        """Whether a kind is called as it is so far, because few calls do not pay for a program."""
        return isinstance(self._made.get(kind), Waiting)

    def gave_up(self, program: Program, why: str) -> None:
        """One program is called as it is from now on: say so once, and make no more of them."""
        with self._lock:
            first, self.eager = self.eager is None, why
        if first:
            with contextlib.suppress(CompilationWarning):  # where warnings are errors
                warnings.warn(
                    CompilationWarning(
                        f"{self._name} is called as it is, not compiled: {why}\n"
                        f"  called in {user_line()}"
                    ),
                    stacklevel=2,
                )
