"""`Race`: two ways to the same value, and which of them is faster here, found out as they are used.

`Direct` is the function as it is, where it has won, for one solve.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from ..transforms.arguments import FLOAT64
from .counts import Tally

_ROUNDS = 4  # a program is recorded at its first call, verified at its second


class Race:
    """A function as it is against its replay: for a few calls in turn, then the winner.

    Parameters
    ----------
    *ways : callable
        Each gives the same value.
    after : int
        For so many calls the last one is taken; then it is worth finding out.

    Attributes
    ----------
    winner : int or None
    best : callable or None
        The way that won.
    """

    __slots__ = ("_after", "_left", "_seconds", "_ways", "best", "winner")

    def __init__(self, *ways: Callable[..., Any], after: int = 0) -> None:
        self._ways = ways
        self._seconds = [float("inf")] * len(ways)
        self.best: Callable[..., Any] | None = None
        self._left, self._after = _ROUNDS * len(ways), after
        self.winner: int | None = None

    def __call__(self, *arguments: Any) -> Any:
        if self.best is not None:
            return self.best(*arguments)
        if self._after:
            self._after -= 1
            return self._ways[-1](*arguments)
        turn = self._left % len(self._ways)
        start = perf_counter()
        found = self._ways[turn](*arguments)
        self._seconds[turn] = min(self._seconds[turn], perf_counter() - start)
        self._left -= 1
        if self._left <= 0:
            self.winner = self._seconds.index(min(self._seconds))
            self.best = self._ways[self.winner]
        return found


class Direct:
    """A short function without detours: calling it costs what it costs.

    Parameters
    ----------
    f : callable
    shape : tuple of int
        Of its value.
    other : callable
        Makes a value of another shape or kind one of these, or refuses it.
    """

    __slots__ = ("_best", "_calls", "_f", "_other", "_seconds", "_shape")

    def __init__(
        self, f: Callable[..., Any], shape: tuple[int, ...], other: Callable[[Any], np.ndarray]
    ) -> None:
        self._f, self._shape, self._other = f, shape, other
        self._calls, self._seconds, self._best = 0, 0.0, float("inf")

    def __call__(self, *arguments: Any) -> np.ndarray:
        start = perf_counter()
        value = np.array(self._f(*arguments))  # a new one: it may be the user's own
        took = perf_counter() - start
        self._calls += 1
        self._seconds += took
        if took < self._best:
            self._best = took
        if value.dtype is FLOAT64 and value.shape == self._shape:
            return value
        return self._other(value)

    def add_to(self, tally: Tally) -> None:
        """Count what was done."""
        if self._calls:
            tally.add("fun_as_it_is", self._best)
            tally.calls["fun_as_it_is"] += self._calls - 1
            tally.seconds["fun_as_it_is"] += self._seconds - self._best
