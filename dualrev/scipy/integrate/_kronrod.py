"""Sums over the subintervals of an adaptive rule, of traced integrands, with estimates of their error.

A sum of 21 Kronrod points an interval is traced arithmetic: all modes and orders of derivative follow
from it. Its error, and that of *every derivative that it carries*, is judged as QUADPACK judges an
integral: by the difference to the sum of the 10 Gauss points among them. [Piessens et al. 1983, ch. 2]
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ...engine.forward import Dual
from ...engine.reverse import Node, transpose
from ...engine.sweep import sweep_back
from ...fronts.keywords import as_shaped
from ...primitive import Array, Tracer

# Points in [0, 1], weights of Kronrod and of Gauss. [Kronrod 1964; Piessens et al. 1983, QK21]
_HALF = np.array(
    [
        (0.0, 0.14944555400291690566, 0.0),
        (0.14887433898163121088, 0.14773910490133849137, 0.29552422471475287017),
        (0.29439286270146019813, 0.1427759385770600808, 0.0),
        (0.4333953941292471908, 0.13470921731147332593, 0.26926671930999635509),
        (0.56275713466860468334, 0.12349197626206585108, 0.0),
        (0.67940956829902440623, 0.1093871588022976419, 0.219086362515982044),
        (0.78081772658641689706, 0.093125454583697605535, 0.0),
        (0.86506336668898451073, 0.075039674810919952767, 0.14945134915058059315),
        (0.930157491355708226, 0.054755896574351996031, 0.0),
        (0.97390652851717172008, 0.032558162307964727479, 0.066671344308688137594),
        (0.99565716302580808074, 0.011694638867371874278, 0.0),
    ]
)
_FULL = np.concatenate([_HALF[:0:-1] * (-1.0, 1.0, 1.0), _HALF])
POINTS, KRONROD, GAUSS = _FULL.T
_PIECES = 13  # of an end interval, each a sixteenth of the one before: down to 1e-15 of its length
_HALVINGS = 2  # before that: a smooth integrand is then done, for a tenth of the points
_ROUNDS, _LIMIT = 40, 200

Interval = tuple[float, float]


class _Piece:
    """The sum of `f` over an interval, its difference to Gauss's, and the largest error of a derivative
    in it."""

    __slots__ = ("a", "b", "difference", "error", "sum")

    def __init__(self, f: Callable[[float], Any], a: float, b: float, start: _Boundary) -> None:
        half = 0.5 * (b - a)
        points = np.clip(0.5 * (a + b) + half * POINTS, np.nextafter(a, b), np.nextafter(b, a))
        rows = np.stack([as_shaped(f(t)) for t in points.tolist()])
        self.a, self.b = a, b
        self.sum = half * np.tensordot(KRONROD, rows, ((0,), (0,)))
        self.difference = half * np.tensordot(KRONROD - GAUSS, rows, ((0,), (0,)))
        parts = _components(self.sum, self.difference, start)
        self.error = max(float(np.max(_estimate(v, d), initial=0.0)) for v, d in parts)


def sum_over(
    f: Callable[[float], Any],
    intervals: Sequence[Interval],
    epsabs: float,
    epsrel: float,
) -> tuple[Array, bool]:
    """The integral over `intervals`, made finer until all derivatives are as accurate as was asked
    for; whether they are."""
    start = _Boundary(f(0.5 * (intervals[0][0] + intervals[0][1])))
    low, high = min(a for a, _ in intervals), max(b for _, b in intervals)
    pieces = [_Piece(f, a, b, start.now()) for a, b in intervals]
    suspect = {low, high}  # where the integrand may be singular; if not, halving is enough
    for k in range(_ROUNDS):
        total = np.sum(np.stack([p.sum for p in pieces]), axis=0)
        difference = np.sum(np.stack([p.difference for p in pieces]), axis=0)
        if _excess(start, total, difference, epsabs, epsrel) <= 1.0:
            return total, True
        worst, kept, finer = max(p.error for p in pieces), [], []
        for p in pieces:
            if not p.error >= 0.05 * worst or not p.a < 0.5 * (p.a + p.b) < p.b:
                kept.append(p)
            elif k >= _HALVINGS and not suspect.isdisjoint((p.a, p.b)):
                finer += _graded(p.a, p.b, p.a in suspect, p.b in suspect)
                suspect -= {p.a, p.b}
            else:
                middle = 0.5 * (p.a + p.b)
                finer += [(p.a, middle), (middle, p.b)]
        if not finer or len(kept) + len(finer) > _LIMIT:
            break
        pieces = kept + [_Piece(f, a, b, start.now()) for a, b in finer]
    return total, False


def _graded(a: float, b: float, at_low: bool, at_high: bool) -> list[Interval]:
    """An interval cut ever finer towards an end, where the integrand may have a singularity."""
    if at_low and at_high:
        middle = 0.5 * (a + b)
        return _graded(a, middle, True, False) + _graded(middle, b, False, True)
    steps = (b - a) * 16.0 ** -np.arange(_PIECES + 1.0)
    ends = [a, *(a + steps[::-1])] if at_low else [*(b - steps), b]
    return [(s, t) for s, t in itertools.pairwise(ends) if s < t]


# -- errors of derivatives ---------------------------------------------------------------------------


class _Boundary:
    """How long each tape was before a sum was evaluated: what a sweep back does not pass."""

    def __init__(self, sample: Any) -> None:
        self.tapes = []
        while isinstance(sample, Tracer):
            if isinstance(sample, Node):
                self.tapes.append(sample.run)
            sample = sample.primal if not sample.final or sample.batched else None
        self.lengths = [len(tape.records) for tape in self.tapes]

    def now(self) -> _Boundary:
        """The same tapes, as long as they are by now."""
        other = object.__new__(_Boundary)
        other.tapes, other.lengths = self.tapes, [len(tape.records) for tape in self.tapes]
        return other

    def of(self, tape: Any) -> int:
        for known, length in zip(self.tapes, self.lengths, strict=True):
            if known is tape:
                return length
        return len(tape.records)


def _estimate(value: Any, difference: Any) -> Any:
    """QUADPACK's estimate of an error, with the integral in place of the integral of absolute values."""
    with np.errstate(all="ignore"):
        difference = np.abs(difference)
        size = np.maximum(np.maximum(np.abs(value), difference), np.finfo(float).tiny)
        scaled = size * np.minimum(1.0, (200.0 * difference / size) ** 1.5)
        scaled = np.where(difference < 50 * np.finfo(float).eps * size, 0.0, scaled)
        return np.where(np.isnan(scaled), np.inf, scaled)


def _excess(start: _Boundary, total: Any, difference: Any, epsabs: float, epsrel: float) -> float:
    """The largest error of the value and of all derivatives, relative to what is allowed."""
    worst = 0.0
    for value, delta in _components(total, difference, start):
        allowed = max(epsabs, epsrel * float(np.max(np.abs(value), initial=0.0)), 1e-300)
        worst = max(worst, float(np.max(_estimate(value, delta), initial=0.0)) / allowed)
    return worst


def _components(value: Any, delta: Any, start: _Boundary) -> Iterator[tuple[Any, Any]]:
    """The plain value beside the plain error; then the same of each derivative that they carry."""
    tracers = [x for x in (value, delta) if isinstance(x, Tracer)]
    if not tracers:
        yield np.asarray(value), np.asarray(delta)
        return
    top = max(tracers, key=lambda x: x.run.level)

    def each(mine: Any, other: Any) -> Iterator[tuple[Any, Any]]:
        a, b = [
            mine(x) if isinstance(x, Tracer) and x.run is top.run else other(x)
            for x in (value, delta)
        ]
        return _components(a, b, start)

    yield from each(lambda x: x.primal, lambda x: x)
    if isinstance(top, Dual):
        yield from each(lambda x: x.tangent, lambda x: np.zeros(np.shape(x)))
    elif isinstance(top, Node) and type(value) is type(delta) is Node:
        for row in np.ndindex(top.shape):
            slopes, errors = _swept(value, row, start), _swept(delta, row, start)
            for k, error in errors.items():
                yield from _components(slopes.get(k, 0.0), error, start)


def _swept(x: Node, row: tuple[int, ...], start: _Boundary) -> dict[int, Any]:
    """The derivatives of an element of `x` in all values that were on its tape before."""
    first = start.of(x.run)
    if x.index < first:
        return {}
    outside: dict[int, int] = {}  # from positions before the sum to places in a short tape
    inside = []
    for record in x.run.records[first : x.index + 1]:
        for p in () if record is None else _several(record[1]):
            if p < first:
                outside.setdefault(p, len(outside))
        inside.append(record)
    shift = len(outside) - first
    moved = lambda p: outside[p] if p < first else p + shift
    records: list[Any] = [None] * len(outside)
    for record in inside:
        if record is None:
            records.append(None)
            continue
        differential, parents, residuals = record
        at = moved(parents) if type(parents) is int else [moved(p) for p in parents]
        records.append((differential, at, residuals))
    seed = np.zeros(x.shape, x.dtype)
    seed[row] = 1.0
    found = sweep_back(records, {x.index + shift: seed[()]}, range(len(outside)), transpose)
    return {p: ct for p, ct in zip(outside, found, strict=True) if ct is not None}


def _several(parents: Any) -> Any:
    return (parents,) if type(parents) is int else parents
