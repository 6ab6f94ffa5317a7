"""Batches and derivatives inside each other: into all batches that run, and out again.

A derivative that is taken inside of `vmap` has variables of its own for every example: `enter`
puts the axes of all batches in front, `leave` makes one example of it that stands for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import DualrevError, NoBatchRuleError, explain
from ..primitive import BATCHES, RECORDING, RUNNING, Tracer
from ..rules.forms.batching import full
from .batching import Batched, BatchTrace


@contextmanager
def batching(size: int) -> Iterator[BatchTrace]:
    """The batch of a `vmap`, for the code inside; closed at the end."""
    trace = BatchTrace(size, of_examples=True)
    token = BATCHES.set((*BATCHES.get(), trace))
    try:
        yield trace
    finally:
        BATCHES.reset(token)
        trace.close()


@contextmanager
def outside() -> Iterator[None]:
    """Among plain values: no batch, no recording and no derivative is about, whatever runs."""
    tokens = BATCHES.set(()), RECORDING.set(None), RUNNING.set(False)
    try:
        yield
    finally:
        for variable, token in zip((BATCHES, RECORDING, RUNNING), tokens, strict=True):
            variable.reset(token)  # type: ignore[attr-defined]


def enter(x: Any, batches: Sequence[BatchTrace]) -> Any:
    """`x` with the axes of all `batches` in front, repeated along those that it does not have."""
    for trace in reversed(batches):
        if isinstance(x, Tracer):
            x.refresh()
        x = _enter(x, trace)
    return x


def _enter(x: Any, trace: BatchTrace) -> Any:
    if type(x) is not Batched or x.run.level < trace.level:
        return full(x, False, trace.size)
    if x.run is trace:
        return x.primal
    # A batch further inside stays so: the axis of `trace` goes behind its axis.
    return Batched(np.swapaxes(_enter(x.primal, trace), 0, 1), x.run)


def leave(x: Any, batches: Sequence[BatchTrace]) -> Any:
    """The inverse: one example that stands for all."""
    for trace in batches:
        x = _leave(x, trace)
    return x


def _leave(x: Any, trace: BatchTrace) -> Any:
    if type(x) is Batched and x.run.level > trace.level:
        return Batched(_leave(np.swapaxes(x.primal, 0, 1), trace), x.run)
    return Batched(x, trace)


def is_inside(x: Any, batches: Sequence[BatchTrace]) -> bool:
    """Whether `x` belongs to one of `batches`."""
    return any(type(x) is Batched and x.run is trace for trace in batches)


def by_direction(linear: Callable[..., Any], vectors: Sequence[Any], point: Sequence[Any]) -> Any:
    """``linear(*vectors)``; for a batch of directions, if `linear` cannot take it, one by one.

    For rules of users, who may call compiled code, at a plain `point`. Never for the examples
    of a `vmap`.
    """
    batches = [x for x in vectors if type(x) is Batched and not x.run.of_examples]
    try:
        return linear(*vectors)
    except (DualrevError, TypeError, ValueError):
        plain = all(type(x.primal) is np.ndarray for x in batches)
        others = sum(isinstance(x, Tracer) for x in (*vectors, *point)) > len(batches)
        if not batches or not plain or others or len({x.run for x in batches}) > 1:
            raise
    trace = batches[0].run
    rows = [
        linear(*[x.primal[k][()] if type(x) is Batched else x for x in vectors])
        for k in range(trace.size)
    ]
    if not rows:
        raise NoBatchRuleError(explain("a rule of a user for no directions at all.", "give some"))
    if isinstance(rows[0], tuple):
        return tuple(Batched(np.stack(items), trace) for items in zip(*rows, strict=True))
    return Batched(np.stack(rows), trace)
