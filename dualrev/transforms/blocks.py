"""Blocks of a Jacobian, leaf by leaf: a batched basis pushed or pulled in one sweep.

``J E`` and ``E^T J`` for the basis ``E`` of one leaf are one run of forward mode, or one sweep of
reverse mode, whose tangents or cotangents are a batch: every operation is done for all
directions at once. Chunks of directions bound the memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..engine.batching import Batched, BatchTrace
from ..engine.forward import Dual
from ..errors import UnsupportedArgumentError, explain
from ..primitive import BATCHES, Trace, Tracer
from .arguments import FLOAT64, Call, differentiable, output, run_user
from .forward import duals_apart, jvp
from .recording import Recording, typed

CHUNK_BYTES = 1 << 20  # of the widest array of a chunk: what caches hold


class Leaves:
    """A call as a function of the leaves of its differentiated arguments to a list of leaves."""

    __slots__ = ("call", "primals", "structure_out", "structures")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.primals: list[Any] = []
        self.structures = []
        for k, argument in enumerate(call.selected()):
            leaves, structure = tree.flatten(argument)
            self.primals += [differentiable(leaf, call.describe(k)) for leaf in leaves]
            self.structures.append(structure)

    def __call__(self, *leaves: Any) -> list[Any]:
        y = self.call.run(self.arguments(leaves))
        found, self.structure_out = tree.flatten(y)
        return [output(leaf) for leaf in found]

    def arguments(self, leaves: Sequence[Any]) -> list[Any]:
        """Leaves put back into the trees of the arguments."""
        return tree.unflatten_all(self.structures, leaves)

    def result_of(self, leaves: Sequence[Any]) -> Any:
        """Leaves put back into the tree of the result."""
        return tree.unflatten(self.structure_out, list(leaves))

    def argument_of(self, leaves: Sequence[Any]) -> Any:
        """Leaves put back into the tree of the argument, or a tuple of them for several."""
        return self.call.results(self.arguments(leaves))

    def result(self, blocks: Sequence[Sequence[Any]]) -> Any:
        """``blocks[i][k]``, of output leaf i and input leaf k, as the tree of trees that users get."""
        return self.result_of([self.argument_of(row) for row in blocks])


def chunks(count: int, widest: int, chunk_size: int | None, itemsize: int = 8) -> Iterator[slice]:
    """The directions in parts: `chunk_size` at a time, or as many as `CHUNK_BYTES` allows."""
    step = chunk_size or max(1, CHUNK_BYTES // (itemsize * max(widest, 1)))
    for start in range(0, count, step):
        yield slice(start, min(start + step, count))


def check_chunk_size(chunk_size: Any) -> None:
    whole = isinstance(chunk_size, (int, np.integer)) and not isinstance(chunk_size, bool)
    if chunk_size is not None and not (whole and chunk_size > 0):
        raise UnsupportedArgumentError(
            explain(
                f"chunk_size={chunk_size!r}.",
                "give a positive integer: how many directions at once; or leave it out",
            )
        )


def refuse_kinds(primals: Any, holomorphic: bool, name: str) -> None:
    """Refuse complex arguments of a function that is not said to be holomorphic, and the reverse."""
    complex_in = any(x.dtype.kind == "c" for x in primals)
    if complex_in != holomorphic:
        raise UnsupportedArgumentError(
            explain(
                f"{name} with {'complex' if complex_in else 'real'} arguments and holomorphic={holomorphic}.",
                "say holomorphic=True for a holomorphic function of complex arguments, and only "
                "then; otherwise differentiate with respect to real and imaginary parts",
            )
        )


def basis(x: Any, part: slice) -> np.ndarray:
    """Unit arrays like `x`, those of the elements in `part`, along a leading axis."""
    count = part.stop - part.start
    e = np.zeros((count, *x.shape), x.dtype)
    e.reshape(-1)[part.start :: x.size + 1] = 1
    return e


def split(rows: np.ndarray, leaves: Sequence[Any]) -> list[np.ndarray]:
    """Flat directions, one a row, as directions of each leaf, along the leading axis."""
    parts, start = [], 0
    for x in leaves:
        size = int(np.size(x))
        part = rows[:, start : start + size].reshape(len(rows), *np.shape(x))
        dtype = getattr(x, "dtype", part.dtype)
        parts.append(part if part.dtype == dtype or dtype.kind not in "fc" else part.astype(dtype))
        start += size
    return parts


def flattened(leaves: Sequence[Any]) -> list[np.ndarray]:
    """The inverse, leaf by leaf: directions as rows."""
    return [np.reshape(x, (len(x), math.prod(np.shape(x)[1:]))) for x in leaves]


def unpacked(y: Any, trace: BatchTrace, count: int) -> Any:
    """The directions of `y` along its leading axis; zeros, or one for all, if it has none."""
    if type(y) is Batched:
        if y.run is trace:
            return y.primal
        return y.like(np.swapaxes(unpacked(y.primal, trace, count), 0, 1))  # inside of a vmap
    return np.broadcast_to(y, (count, *np.shape(y)))


def push_batch(
    function: Callable[..., list[Any]], primals: Sequence[Any], tangents: Sequence[Any], count: int
) -> tuple[list[Any], list[Any]]:
    """Values, and ``J dx`` for `count` directions along the leading axes of `tangents`.

    A tangent may be ``None`` for a leaf that does not move.
    """
    trace = BatchTrace(count)
    try:
        values, dys = jvp(function, primals, _batches(tangents, primals, trace))
        return values, [unpacked(dy, trace, count) for dy in dys]
    finally:
        trace.close()


def _batches(tangents: Sequence[Any], primals: Sequence[Any], trace: BatchTrace) -> list[Any]:
    return [
        np.broadcast_to(np.zeros((), x.dtype), x.shape) if dx is None else Batched(dx, trace)
        for x, dx in zip(primals, tangents, strict=True)
    ]


def push_recorded(recording: Recording, tangents: Sequence[Any], count: int) -> list[Any]:
    """``J dx`` for `count` directions along the leading axes of `tangents`, by what is recorded."""
    trace = BatchTrace(count)
    try:
        dys = recording.push(_batches(tangents, recording.primals, trace))
        return [unpacked(dy, trace, count) for dy in dys]
    finally:
        trace.close()


def pull_batch(recording: Recording, cts: Sequence[Any], count: int) -> list[Any]:
    """``ct J`` for `count` cotangents along the leading axes of `cts`."""
    trace = BatchTrace(count)
    try:
        seeds = [None if ct is None else Batched(ct, trace) for ct in cts]
        return [unpacked(ct, trace, count) for ct in recording.pull(seeds)]
    finally:
        trace.close()


def is_simple(x: Any, chunk_size: int | None) -> bool:
    """Whether `x` is one array of doubles, all of whose directions fit into one chunk."""
    return (
        type(x) is np.ndarray
        and x.dtype is FLOAT64
        and 0 < x.size * x.itemsize * x.size <= CHUNK_BYTES
        and (chunk_size is None or chunk_size >= x.size)
        and not BATCHES.get()
    )


def push_basis(f: Callable[..., Any], x: np.ndarray) -> tuple[Any, Any]:
    """The value of `f` and its Jacobian, as trees: the common case, without ceremony."""
    batch, trace = BatchTrace(x.size), Trace()
    try:
        columns = Batched(basis(x, slice(0, x.size)), batch)
        value, dy = duals_apart(run_user(f, (Dual(x, columns, trace),)), trace)
        if type(dy) is Batched and type(dy.primal) is np.ndarray and dy.run is batch:
            rows = dy.primal.reshape(x.size, dy.size).T
            return value, rows.reshape(dy.shape + x.shape)
        return value, tree.map_leaves(
            lambda d: _last(_joined([unpacked(d, batch, x.size)]), np.shape(d), x.shape), dy
        )
    finally:
        trace.close()
        batch.close()


def forward_blocks(
    function: Callable[..., list[Any]],
    primals: Sequence[Any],
    chunk_size: int | None,
    recording: Recording | None = None,
) -> tuple[list[Any], list[list[Any]]]:
    """Values and ``blocks[i][k]`` of shape ``y_i.shape + x_k.shape``, by forward mode.

    One sweep runs along with the function; if it takes several, the function is recorded once,
    or pushed along the `recording` that there is.
    """
    sweeps = [list(chunks(x.size, x.size, chunk_size, x.dtype.itemsize)) for x in primals]
    if recording is None and sum(map(len, sweeps)) != 1:
        recording = Recording(function, primals, lambda k: "an argument")
    values = [] if recording is None else recording.values
    columns: list[list[Any]] = []  # of each input leaf, the columns of each output leaf
    for k, x in enumerate(primals):
        parts = []
        for part in sweeps[k]:
            tangents = [basis(x, part) if j == k else None for j in range(len(primals))]
            count = part.stop - part.start
            if recording is None:
                values, dys = push_batch(function, primals, tangents, count)
            else:
                dys = push_recorded(recording, tangents, count)
            parts.append(dys)
        if not parts:
            parts = [[np.zeros((0, *np.shape(v)), kind_of(v, x)) for v in values]]
        columns.append(
            [
                _last(_joined(pieces), np.shape(v), x.shape)
                for v, pieces in zip(values, zip(*parts, strict=True), strict=True)
            ]
        )
    return values, [list(row) for row in zip(*columns, strict=True)]


def reverse_blocks(recording: Recording, chunk_size: int | None) -> list[list[Any]]:
    """``blocks[i][k]`` of shape ``y_i.shape + x_k.shape``, by reverse mode."""
    blocks = []
    widest = max([x.size for x in recording.primals], default=1)
    for i, v in enumerate(map(typed, recording.values)):
        parts = []
        for part in chunks(v.size, max(widest, v.size), chunk_size, v.dtype.itemsize):
            count = part.stop - part.start
            cts = [basis(v, part) if j == i else None for j in range(len(recording.values))]
            parts.append(pull_batch(recording, cts, count))
        if not parts:
            parts = [[np.zeros((0, *x.shape), x.dtype) for x in recording.primals]]
        blocks.append(
            [
                np.reshape(_joined(pieces), np.shape(v) + x.shape)
                for x, pieces in zip(recording.primals, zip(*parts, strict=True), strict=True)
            ]
        )
    return blocks


def kind_of(v: Any, x: Any) -> Any:
    """The dtype of the derivative of `v` with respect to `x`."""
    return np.result_type(typed(v).dtype, x.dtype)


def _joined(pieces: Sequence[Any]) -> Any:
    if len(pieces) > 1:
        return np.concatenate(pieces)
    (piece,) = pieces
    return piece if isinstance(piece, Tracer) or piece.flags.writeable else np.array(piece)


def _last(columns: Any, shape: tuple[int, ...], x_shape: tuple[int, ...]) -> Any:
    """The leading axis of directions as the last axes, those of `x`."""
    return np.reshape(np.moveaxis(columns, 0, -1), shape + x_shape)
