"""`Race`: two ways to the same value, and which of them is faster here, found out as they are used."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

_ROUNDS = 4  # a program is recorded at its first call, verified at its second


class Race:
    """A function as it is against its replay: for a few calls in turn, then the winner.

    Parameters
    ----------
    ways : sequence of callable
        Each gives the same value.

    Attributes
    ----------
    winner : int or None
    best : callable or None
        The way that won.
    """

    __slots__ = ("_left", "_seconds", "_ways", "best", "winner")

    def __init__(self, *ways: Callable[..., Any]) -> None:
        self._ways = ways
        self._seconds = [float("inf")] * len(ways)
        self.best: Callable[..., Any] | None = None
        self._left = _ROUNDS * len(ways)
        self.winner: int | None = None

    def __call__(self, *arguments: Any) -> Any:
        if self.best is not None:
            return self.best(*arguments)
        turn = self._left % len(self._ways)
        start = perf_counter()
        found = self._ways[turn](*arguments)
        self._seconds[turn] = min(self._seconds[turn], perf_counter() - start)
        self._left -= 1
        if self._left <= 0:
            self.winner = self._seconds.index(min(self._seconds))
            self.best = self._ways[self.winner]
        return found
