"""The text that says what was computed how, how often, and at what cost."""

from __future__ import annotations

from collections.abc import Sequence

from ..timing import duration, ratio, table
from .counts import Counts

DEAR = 8.0  # evaluations of the function; theory allows five for a gradient, with its value
_FEW = 2
_FIRST_ORDER = ("grad", "fun_and_grad")  # one number's gradient: its cost is bounded


def report_of(title: str, counts: Counts, eager: str | None, notes: Sequence[str]) -> str:
    """The report of one object."""
    mode = "as it is so far: compiled from the call on from which that pays"
    if eager is not None:
        mode = f"called as it is: {eager}"
    elif counts.traces:
        mode = f"compiled ({counts.traces} recorded, {counts.replays} replayed)"
    lines = [title, mode, *notes]
    calls, seconds, best = counts.calls, counts.seconds, counts.best
    unit = best["fun"] if calls.get("fun", 0) > _FEW else None  # the first call tells little
    rows = [
        [
            kind,
            f"{count:,}",
            duration(seconds[kind]),
            duration(best[kind]),
            ratio(best[kind] / unit) if unit else "-",
        ]
        for kind, count in calls.items()
    ]
    if rows:
        lines += ["", table(rows, ["", "evaluations", "time", "fastest", "cost in f"])]
    lines.append(f"{counts.hits:,} callbacks were answered from what was known at the point")
    if unit and (counts.traces or eager is not None):
        for kind in _FIRST_ORDER:
            if calls.get(kind, 0) > 2 and best[kind] > DEAR * unit:
                lines.append(f"warning: a gradient costs {ratio(best[kind] / unit)} f")
    return "\n".join(lines)
