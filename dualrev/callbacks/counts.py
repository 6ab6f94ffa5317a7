"""`Counts`: the work that was really done, whatever the solver counts, and what it cost."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

# What one evaluation of a kind gives besides itself.
_ALSO = {
    "fun_and_grad": ("fun", "grad"),
    "fun_and_jac": ("fun", "jac"),
    "fun_and_prime": ("fun", "prime"),
    "fun_prime_and_prime2": ("fun", "prime", "prime2"),
    "fun_as_it_is": ("fun",),
    "jac_by_points": ("jac",),
}
# Kinds that are computed by a program of another one.
_INSIDE = {"hess_sparse": "hess_products", "jac_sparse": "jac_columns"}


@dataclass(repr=False)
class Counts:
    """How often a function and its derivatives were evaluated, over all threads.

    Besides those named below, attributes are counts of true work by kind: ``counts.fun``,
    ``counts.grad``, ``counts.hess``, ``counts.hvp``, ``counts.jac`` and so on; a kind that did not
    occur counts 0. The difference of two is what was done in between.

    Attributes
    ----------
    calls : dict of str to int
        By kind, with values and derivatives that were computed together as a kind of its own.
    seconds : dict of str to float
        What each kind took.
    best : dict of str to float
        The fastest evaluation of each kind, in seconds: without what recording took.
    hits : int
        Callbacks that were answered from what was known at the point.
    traces : int
        Runs of the function that recorded a program.
    replays : int
        Evaluations by a program.
    specialisations : int
        Programs that are held: one for each shape of the arguments and way through the branches.
    """

    calls: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    best: dict[str, float] = field(default_factory=dict)
    hits: int = 0
    traces: int = 0
    replays: int = 0
    specialisations: int = 0

    def total(self, kind: str) -> int:
        """How often a kind was evaluated, alone or together with others."""
        return sum(
            n for name, n in self.calls.items() if kind == name or kind in _ALSO.get(name, ())
        )

    def __getattr__(self, kind: str) -> int:
        if kind.startswith("_"):
            raise AttributeError(kind)
        return self.total(kind)

    def __sub__(self, before: Counts) -> Counts:
        calls = {kind: n - before.calls.get(kind, 0) for kind, n in self.calls.items()}
        calls = {kind: n for kind, n in calls.items() if n}
        return Counts(
            calls,
            {kind: self.seconds[kind] - before.seconds.get(kind, 0.0) for kind in calls},
            {kind: self.best[kind] for kind in calls},
            self.hits - before.hits,
            self.traces - before.traces,
            self.replays - before.replays,
            self.specialisations,
        )

    def __repr__(self) -> str:
        kinds = dict.fromkeys(part for kind in self.calls for part in _ALSO.get(kind, (kind,)))
        parts = [f"{kind}={self.total(kind)}" for kind in kinds]
        parts += [f"{name}={getattr(self, name)}" for name in ("hits", "traces", "replays")]
        return f"Counts({', '.join(parts)}, seconds={sum(self.seconds.values()):.3g})"


class Tally:
    """The counts of one thread, which nobody else writes."""

    __slots__ = ("best", "calls", "hits", "seconds")

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}
        self.seconds: dict[str, float] = {}
        self.best: dict[str, float] = {}
        self.hits = 0

    def add(self, kind: str, seconds: float) -> None:
        """One evaluation of this kind was done."""
        calls = self.calls
        if kind in calls:
            calls[kind] += 1
            self.seconds[kind] += seconds
            if seconds < self.best[kind]:
                self.best[kind] = seconds
        else:
            self.seconds[kind] = self.best[kind] = seconds
            calls[kind] = 1  # last: who reads meanwhile finds the others too


class Ledger:
    """The tallies of all threads, and the programs whose traces count."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tallies: list[Tally] = []
        self._programs: list[Any] = []

    def tally(self) -> Tally:
        """A tally for one more thread."""
        with self._lock:
            self._tallies.append(Tally())
            return self._tallies[-1]

    def watch(self, program: Any, old: Any = None) -> None:
        """Count the traces of one more program, which may take the place of an old one."""
        with self._lock:
            self._programs = [p for p in self._programs if p is not old] + [program]

    def read(self) -> Counts:
        """The sums, as they are now."""
        with self._lock:
            tallies, programs = list(self._tallies), list(self._programs)
        found = Counts()
        for tally in tallies:
            found.hits += tally.hits
            for kind, n in dict(tally.calls).items():
                seconds, best = tally.seconds[kind], tally.best[kind]
                found.calls[kind] = found.calls.get(kind, 0) + n
                found.seconds[kind] = found.seconds.get(kind, 0.0) + seconds
                found.best[kind] = min(found.best.get(kind, best), best)
        found.traces = sum(p.traces for p in programs)
        found.specialisations = sum(p.specialisations for p in programs if p.eager is None)
        replayed = {p.kind for p in programs if p.eager is None}
        replayed |= {kind for kind, inner in _INSIDE.items() if inner in replayed}
        evaluated = sum(found.calls.get(kind, 0) for kind in replayed)
        others = sum(p.traces + p.plain for p in programs if p.eager is None)
        found.replays = max(0, evaluated - others)
        return found
