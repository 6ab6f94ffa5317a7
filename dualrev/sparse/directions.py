"""Products with the seeds of all colours, and with one direction more that guards the pattern."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import UnsupportedArgumentError, explain
from ..primitive import Tracer
from ..transforms.blocks import flattened, pull_batch, push_batch, push_recorded, split
from ..transforms.recording import Recording
from .preparation import ROUNDING

_CHUNK_BYTES = 1 << 20  # of the directions of a chunk: what the caches of a core hold


class Directions:
    """Products of a Jacobian with the seeds of colours: in one run if all fit into caches,
    otherwise from a recording, a few at a time, each of which is in caches."""

    def __init__(
        self, function: Callable[..., Any], primals: Sequence[Any], chunk_size: int | None
    ) -> None:
        self.function, self.primals, self.chunk_size = function, primals, chunk_size
        self.recording: Recording | None = None
        self.values: list[Any] = []

    @property
    def rows(self) -> int:
        return sum(int(np.size(v)) for v in self.values)

    def push(
        self, colours: np.ndarray, count: int, probe: Any, kind: Any, shape: tuple[int, int]
    ) -> np.ndarray:
        """``J @ seed`` for each colour, then for `probe`: of shape ``(directions, m)``."""
        parts = self._parts(count + (probe is not None), max(shape), kind)

        def products(start: int, stop: int) -> list[Any]:
            tangents = split(_seeds(colours, start, stop, count, probe, kind), self.primals)
            if len(parts) == 1:
                self.values, found = push_batch(self.function, self.primals, tangents, stop - start)
                return found
            if stop - start == 1:
                return [
                    np.asarray(dy)[None]
                    for dy in self._recorded().push([d[0][()] for d in tangents])
                ]
            return push_recorded(self._recorded(), tangents, stop - start)

        return _collected(products, parts)

    def pull(
        self, colours: np.ndarray, count: int, probe: Any, kind: Any, shape: tuple[int, int]
    ) -> np.ndarray:
        """``seed @ J`` for each colour, then for `probe`: of shape ``(directions, n)``."""
        recording = self._recorded()
        if self.rows != shape[0]:
            return np.zeros((count, shape[1]), kind)  # refused by its shape

        def products(start: int, stop: int) -> list[Any]:
            cts = split(_seeds(colours, start, stop, count, probe, kind), self.values)
            if stop - start == 1:
                return [np.asarray(ct)[None] for ct in recording.pull([c[0][()] for c in cts])]
            return pull_batch(recording, cts, stop - start)

        return _collected(products, self._parts(count + (probe is not None), max(shape), kind))

    def _recorded(self) -> Recording:
        if self.recording is None:
            self.recording = Recording(self.function, self.primals, lambda k: "an argument")
            self.values = self.recording.values
        return self.recording

    def _parts(self, count: int, longest: int, kind: Any) -> list[tuple[int, int]]:
        step = self.chunk_size or max(1, _CHUNK_BYTES // (kind.itemsize * max(longest, 1)))
        return [(k, min(k + step, count)) for k in range(0, count, step)] or [(0, 0)]


def _seeds(
    colours: np.ndarray, start: int, stop: int, count: int, probe: Any, kind: Any
) -> np.ndarray:
    """The seeds of the colours ``start <= c < stop``; what comes after `count` is the probe."""
    seeds = np.empty((stop - start, len(colours)), kind)
    for k in range(start, stop):
        seeds[k - start] = colours == k if k < count else probe
    return seeds


def _collected(
    products: Callable[[int, int], list[Any]], parts: Sequence[tuple[int, int]]
) -> np.ndarray:
    """Products of all parts below each other, the leaves of each beside each other."""
    whole: Any = None
    for start, stop in parts:
        leaves = products(start, stop)
        if any(isinstance(leaf, Tracer) for leaf in leaves):
            raise UnsupportedArgumentError(
                explain(
                    "a sparse derivative of a function that uses values of another derivative "
                    "around it: SciPy's matrices hold plain numbers only.",
                    "use dr.linearize there, or the dense dr.jacobian",
                )
            )
        flat = flattened(leaves)
        if len(parts) == len(flat) == 1:
            return flat[0]
        if whole is None:
            kind = np.result_type(*flat) if flat else np.dtype(float)
            whole = np.empty((parts[-1][1], sum(p.shape[1] for p in flat)), kind)
        column = 0
        for p in flat:
            whole[start:stop, column : column + p.shape[1]] = p
            column += p.shape[1]
    return whole  # type: ignore[no-any-return]


@functools.lru_cache(maxsize=4)
def probe_of(size: int, dtype: Any) -> np.ndarray:
    """A direction without zeros, that no structure is likely to be orthogonal to."""
    rng = np.random.default_rng(size)
    probe = (rng.uniform(1, 2, size) * rng.choice((-1, 1), size)).astype(dtype)
    probe.flags.writeable = False
    return probe


def disagreement_of(matrix: Any, direction: np.ndarray, product: np.ndarray) -> float:
    """How far ``matrix @ direction`` is from `product`, in rounding errors of the worst row.

    Infinite where values are not finite: an entry that was missed may be the reason.
    """
    with np.errstate(all="ignore"):
        found = matrix @ direction
        error = np.abs(found - product)
        scale = np.abs(product)
        eps = np.finfo(product.dtype).eps
        if (error <= ROUNDING * eps * scale).all():
            return 0.0
        if not (np.isfinite(found).all() and np.isfinite(product).all()):
            return np.inf
        scale = scale + abs(matrix) @ np.abs(direction)
        return float(np.max(error / (eps * scale), initial=0.0, where=error > 0))
