"""Timing as ratios: everything that is compared runs in turn, many times, in one process.

Clocks of one machine differ from hour to hour by tens of per cent; ratios of interleaved
runs hardly do.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

Work = Callable[[], Any]


def seconds_each(
    works: Mapping[str, Work], budget: float = 1.0, repeats: int = 15, block: float = 2e-3
) -> dict[str, float]:
    """The median time of one call of each, in seconds.

    Parameters
    ----------
    works : mapping of str to callable
    budget : float
        Seconds for all of them together, about; at least three repeats are made.
    repeats : int
        The most repeats.
    block : float
        Seconds that a block of calls should take to be timed well.
    """
    counts = {}
    for name, work in works.items():
        work()  # caches, lazy imports
        took = _timed(work, 1)
        counts[name] = max(1, int(block / max(took, 1e-9)))
    times: dict[str, list[float]] = {name: [] for name in works}
    until = time.perf_counter() + budget
    enabled = gc.isenabled()
    gc.disable()
    try:
        for k in range(repeats):
            for name, work in works.items():
                times[name].append(_timed(work, counts[name]))
            if k >= 2 and time.perf_counter() > until:
                break
    finally:
        if enabled:
            gc.enable()
    return {name: statistics.median(found) for name, found in times.items()}


def _timed(work: Work, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - start) / count


def table(rows: Sequence[Sequence[Any]], head: Sequence[str]) -> str:
    """A Markdown table that is also readable as text: numbers to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [
        max(len(name), *(len(row[k]) for row in cells)) if cells else len(name)
        for k, name in enumerate(head)
    ]
    right = [k > 0 and all(_is_number(row[k]) for row in cells) for k in range(len(head))]

    def line(row: Sequence[str]) -> str:
        return (
            "| "
            + " | ".join(
                c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)
            )
            + " |"
        )

    rule = (
        "|"
        + "|".join("-" * (w + 1) + (":" if r else "-") for w, r in zip(widths, right, strict=True))
        + "|"
    )
    return "\n".join([line(head), rule, *map(line, cells)])


def _is_number(cell: str) -> bool:
    return bool(cell) and (cell[0].isdigit() or cell in ("-", "exact") or cell[0] in "<>-")


def ratio(x: float) -> str:
    """A ratio to two digits or so."""
    return f"{x:.2f}" if x < 10 else f"{x:.1f}" if x < 100 else f"{x:,.0f}"


def duration(seconds: float) -> str:
    """A time with its unit."""
    for limit, unit, name in ((1e-3, 1e6, "us"), (1.0, 1e3, "ms")):
        if seconds < limit:
            return f"{seconds * unit:.3g} {name}"
    return f"{seconds:.3g} s"
