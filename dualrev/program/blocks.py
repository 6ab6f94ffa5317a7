"""Blocks: chains of elementwise operations on large arrays, a piece that caches hold at a time.

An operation on a million doubles waits for memory; the next one waits again for what the first
has written. Over pieces of some 8,000 elements the chain runs in the cache, and pieces run in
several threads, for NumPy lets go of the interpreter while it computes. Sums over all elements
end a chain: every piece gives its part.

Which operations go together: an operation is of stage ``s + 1`` if it needs what a chain of stage
``s`` gives as a whole. Of one shape and one stage, all can run piece by piece.
"""

from __future__ import annotations

import contextvars
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ..engine.operations import Guard, Operation
from .vocabulary import ELEMENTWISE, F8, SUM, dot, is_scalar, shape_of

PIECE = 8192  # elements of a piece; BLAS takes more threads for longer dot products
SMALLEST = 1 << 15  # elements from which it pays
_FEWEST = 3  # operations


class Block(Operation):
    """Several operations of one shape, run piece by piece.

    Attributes
    ----------
    members : list of Operation
    given : list of Operation
        Members that are needed elsewhere: whole arrays.
    sums : list of Operation
        Members that are sums over all elements.
    """

    __slots__ = ("given", "members", "sums")

    def __init__(self, members: list[Operation], needed: set[int]) -> None:
        super().__init__(None, (), {}, None)
        self.members = members
        self.sums = [x for x in members if x.shape == ()]
        self.given = [x for x in members if x.shape != () and id(x) in needed]
        inside = set(map(id, members))
        outside: dict[int, Operation] = {}
        for x in members:
            for used in x.uses():
                if id(used) not in inside:
                    outside[id(used)] = used
        self.args = tuple(outside.values())
        self.shape = next(x.shape for x in members if x.shape)

    @property
    def name(self) -> str:
        return f"block of {len(self.members)}"


def grouped(
    operations: Sequence[Operation], outputs: Sequence[Any], exact: bool
) -> list[Operation]:
    """The operations, those that run piece by piece put together."""
    stages: dict[int, int] = {}
    groups: dict[tuple[Any, int], list[Operation]] = {}
    member_of: dict[int, tuple[Any, int]] = {}
    for x in operations:
        shape = _shape_of_piece(x, exact)
        stage = 0
        for used in x.uses():
            group = member_of.get(id(used))
            same = group is not None and shape is not None and group[0] == shape and used.shape
            stage = max(stage, stages.get(id(used), 0) + (group is not None and not same))
        stages[id(x)] = stage
        if shape is not None:
            member_of[id(x)] = shape, stage
            groups.setdefault((shape, stage), []).append(x)
    worth = {key for key, members in groups.items() if len(members) >= _FEWEST}
    if not worth:
        return list(operations)
    needed = {id(y) for y in outputs if isinstance(y, Operation)}
    for x in operations:
        needed.update(id(u) for u in x.uses() if member_of.get(id(u)) != member_of.get(id(x)))
    rows: list[tuple[int, bool, Operation]] = []
    done: set[Any] = set()
    for x in operations:
        key = member_of.get(id(x))
        if key is None or key not in worth:
            rows.append((stages[id(x)], False, x))
        elif key not in done:
            done.add(key)
            rows.append((key[1], True, Block(groups[key], needed)))
    rows.sort(key=lambda row: row[:2])
    return [x for _, _, x in rows]


def _shape_of_piece(x: Operation, exact: bool) -> Any:
    """The shape of the arrays that `x` computes with, if it can run piece by piece."""
    if isinstance(x, Guard) or x.dtype not in (F8, np.dtype(bool)):
        return None
    if x.function in ELEMENTWISE and x.type is np.ndarray and not x.params and x.fixed:
        fits = all(is_scalar(a) or _fits(shape_of(a), x.shape) for a in x.args)
        return x.shape if fits and x.size >= SMALLEST else None
    if exact or x.shape != () or x.dtype != F8:
        return None
    whole = x.function is dot or (
        x.function is SUM and x.params.get("axis") is None and not x.params.get("keepdims")
    )
    if whole:
        shape = shape_of(x.args[0])
        return shape if x.args[0].dtype == F8 and np.prod(shape) >= SMALLEST else None
    return None


def _fits(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Whether an argument is cut as the result is, or the same for all pieces."""
    return shape == whole or not is_cut(shape, whole) or shape[0] == whole[0]


def is_cut(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Whether a piece needs only a part of an argument of this shape."""
    return len(shape) == len(whole) and shape[0] != 1


# -- while a program runs ------------------------------------------------------------------------

_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
_lock = threading.Lock()
_workers: ThreadPoolExecutor | None = None


def _pool() -> ThreadPoolExecutor:
    global _workers
    with _lock:
        if _workers is None:
            _workers = ThreadPoolExecutor(_cores, "dualrev")
        return _workers


def _forget() -> None:
    """In a child process, which does not have the threads of its parent."""
    global _workers, _lock
    _workers, _lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


class Pieces:
    """What a block needs when it runs: how it is cut, and buffers for pieces."""

    def __init__(
        self, rows: int, width: int, dtypes: Sequence[Any], inner: tuple[int, ...]
    ) -> None:
        self.step = max(1, PIECE // width)
        self.rows = rows
        self.dtypes, self.inner = dtypes, inner
        self.free: list[list[Any]] = []

    def _buffers(self) -> list[Any]:
        try:
            return self.free.pop()
        except IndexError:
            return [np.empty((self.step, *self.inner), dtype) for dtype in self.dtypes]

    def run(self, piece: Callable[..., Any], count: int, *arrays: Any) -> list[float]:
        """Run ``piece(lo, hi, buffers, *arrays)`` over all rows; the `count` sums of its results."""
        pieces = -(-self.rows // self.step)
        shares = min(_cores, pieces)
        ends = [
            self.rows if k == shares else pieces * k // shares * self.step
            for k in range(shares + 1)
        ]

        def share(first: int, last: int) -> list[Any]:
            buffers = self._buffers()
            try:
                return [
                    piece(lo, min(lo + self.step, last), buffers, *arrays)
                    for lo in range(first, last, self.step)
                ]
            finally:
                self.free.append(buffers)

        spans = [(ends[k], ends[k + 1]) for k in range(shares)]
        waiting = [
            _pool().submit(contextvars.copy_context().run, share, first, last)
            for first, last in spans[1:]
        ]
        try:
            parts = share(*spans[0])
        finally:
            rest = [future.exception() for future in waiting]  # nobody writes once this returns
        for future, error in zip(waiting, rest, strict=True):
            if error is not None:
                raise error
            parts += future.result()
        return [float(sum(column)) for column in zip(*parts, strict=True)] if count else []
