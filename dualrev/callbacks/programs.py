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


class Program(Compiled):
    """A compiled function that counts what it records, and whose surrender disturbs no solver.

    Attributes
    ----------
    kind : str
        What it computes: ``"fun"``, ``"grad"``, ...
    traces : int
        Runs of the function that recorded a program.
    """

    def __init__(self, f: Function, kind: str, group: Programs) -> None:
        super().__init__(f, False, 1, None)
        self.kind, self.traces, self._group = kind, 0, group

    def _record(self, args: Any, kwargs: Any, last: Any, guard: Any) -> Any:
        self.traces += 1
        return super()._record(args, kwargs, last, guard)

    def _give_up(self, why: str) -> None:
        self.eager = why
        self._chosen, self._replays = None, []
        self._group.gave_up(self, why)


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
    """

    def __init__(
        self, define: Callable[[str], Function], compiled: bool, ledger: Ledger, name: str
    ) -> None:
        self._define, self.ledger, self._name = define, ledger, name
        self._lock = threading.RLock()
        self._made: dict[str, Function] = {}
        self.eager = None if compiled else "compile=False"

    def __getitem__(self, kind: str) -> Function:
        made = self._made.get(kind)
        return self._make(kind) if made is None else made

    def _make(self, kind: str) -> Function:
        with self._lock:
            if kind not in self._made:
                function = self._define(kind)
                if self.eager is None and not isinstance(function, Compiled):
                    function = Program(function, kind, self)
                    self.ledger.watch(function)
                self._made[kind] = function
            return self._made[kind]

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
