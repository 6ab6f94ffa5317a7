"""How many derivatives are being taken of what a function is given."""

from __future__ import annotations

from typing import Any

from ..primitive import Tracer


def orders(*args: Any) -> int:
    """How many derivatives are being taken of `args`, one inside of another."""
    levels = set()
    for x in args:
        while isinstance(x, Tracer):
            if not x.final:
                levels.add(x.run.level)
            elif not x.batched:
                break
            x = x.primal
    return len(levels)
