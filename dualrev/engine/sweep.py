"""The sweep: cotangents from the outputs of a tape back to its inputs.

Each record is passed once, from the last to the first; its differential pulls the
cotangent of its value back to its parents, where cotangents add up. What is added to
belongs to the sweep, so that it adds in place:

* the cotangent of indexing goes into a buffer at the index, at the cost of the elements
  touched: reading n elements one by one costs O(n) to differentiate, not O(n^2);
* the cotangent of a write is cleared where the write was;
* large sums and products reuse buffers that nobody else holds.

Where a cotangent is itself traced, the same is said functionally.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from ..primitive import LARGE, Item, Tracer, Transpose, is_finite
from ..rules.indexing import SetDifferential, add_into, getitem, names_once, scatter

ndarray = np.ndarray
GATHER = getitem.first
_PLAIN = frozenset(
    {
        ndarray,
        np.float16,
        np.float32,
        np.float64,
        np.longdouble,
        np.complex64,
        np.complex128,
        np.clongdouble,
    }
)


def _count_local() -> int:
    """What `getrefcount` gives for an object that only one local name holds."""
    array = np.empty(1)
    return getrefcount(array)


def _count_passed() -> int:
    """The same inside a function to which a local name was passed."""

    def count(array: Any) -> int:
        return getrefcount(array)

    array = np.empty(1)
    return count(array)


_EXACT = getattr(sys, "_is_gil_enabled", lambda: True)()  # without it no count can be trusted
_LOCAL = _count_local() if _EXACT else 0
_PASSED = _count_passed() if _EXACT else 0


class _Alarm:
    """What NumPy calls when an invalid operation has set its flag."""

    __slots__ = ("alarms",)

    def __init__(self, alarms: list[str]) -> None:
        self.alarms = alarms

    def __call__(self, kind: str, flag: int) -> None:
        self.alarms.append(kind)


def sweep_back(
    records: list[Any],
    seeds: dict[int, Any],
    inputs: Sequence[int],
    transpose: Callable[..., list[Any]],
    careful: bool = False,
) -> list[Any]:
    """Cotangents of `inputs` from those of outputs, `seeds`, all by position.

    Walks `records` backward and uses them up. `transpose` pulls back through a linear
    function, for rules that state no transpose.
    """
    if not seeds:
        return [None] * len(inputs)
    count = (max(seeds) if len(seeds) > 1 else next(iter(seeds))) + 1
    if count < len(records):
        del records[count:]
    cts: list[Any] = [None] * count
    for index, ct in seeds.items():
        cts[index] = ct if hasattr(ct, "size") else np.float64(ct)
    found: dict[int, Any] = {}  # cotangents of inputs
    pieces: dict[int, list[Any]] = {}  # traced cotangents of elements, waiting
    alarms: list[str] = []
    next_record, next_ct = records.pop, cts.pop
    # An invalid operation (0 * inf) raises a flag in hardware: it costs nothing to watch.
    with np.errstate(divide="ignore", over="ignore", invalid="call", call=_Alarm(alarms)):
        while cts:
            ct = next_ct()
            record = next_record()
            if pieces and len(cts) in pieces:
                ct = _gather(ct, pieces.pop(len(cts)))
            if ct is None:
                continue
            if record is None:
                found[len(cts)] = ct
                continue
            differential, parents, residuals = record
            if differential is GATHER:
                shape, dtype, key = residuals
                old = cts[parents]
                if type(ct) not in _PLAIN or isinstance(old, Tracer):
                    pieces.setdefault(parents, []).append((ct, key, shape, dtype))
                    continue
                if old is None:
                    old = cts[parents] = np.zeros(shape, dtype)
                    if type(key) is slice:
                        old[key] = ct
                        continue
                elif (
                    type(old) is not ndarray
                    or old.base is not None
                    or getrefcount(old) > _LOCAL + 1
                ):
                    old = cts[parents] = np.array(old)
                if type(key) is slice:
                    old[key] += ct
                else:
                    add_into(old, key, ct, names_once(key))
                continue
            special = differential.special
            if type(ct) is ndarray and (
                ct.size > LARGE or (special and type(differential) is SetDifferential)
            ):
                alarms.clear()  # what follows may use up `ct`: it cannot be done twice
                owned = ct.base is None and getrefcount(ct) <= _LOCAL
                if owned and type(differential) is SetDifferential:
                    pulled = differential.pull_in_place(residuals, ct)
                    _accumulate_deferred(cts, parents, pulled)
                    continue
                pulled = differential.pull_large(residuals, ct, owned)
            elif isinstance(ct, Tracer) and type(ct.primal) is ndarray and ct.primal.size > LARGE:
                alarms.clear()
                pulled = differential.pull_large(residuals, ct, getrefcount(ct) <= _LOCAL)
            else:
                pulled = differential.pull(residuals, ct)
            if alarms or special or careful:
                if type(pulled) is Transpose:
                    pulled = _transposed(pulled, parents, transpose)
                if alarms or ((careful or differential.singular) and _is_wild(pulled)):
                    alarms.clear()
                    pulled = differential.pull_absorbing(residuals, ct)
                    if type(pulled) is Transpose:
                        pulled = _transposed(pulled, parents, transpose)
                    alarms.clear()
                if differential.deferred:
                    _accumulate_deferred(cts, parents, pulled)
                    continue
            if type(parents) is int:
                old = cts[parents]
                if old is None:
                    cts[parents] = pulled
                elif type(old) is ndarray and old.size > LARGE:
                    cts[parents] = None
                    cts[parents] = _sum_large(old, pulled)
                else:
                    cts[parents] = old + pulled
            else:
                for parent, new in zip(parents, pulled):
                    old = cts[parent]
                    if old is None:
                        cts[parent] = new
                    elif type(old) is ndarray and old.size > LARGE:
                        cts[parent] = None
                        cts[parent] = _sum_large(old, new)
                    else:
                        cts[parent] = old + new
    return [found.get(i) for i in inputs]


def _sum_large(old: Any, new: Any) -> Any:
    """``old + new``, in the buffer of `old` if only the sweep's local name holds it."""
    if (
        type(new) is ndarray
        and new.dtype == old.dtype
        and old.base is None
        and getrefcount(old) <= _PASSED
    ):
        return np.add(old, new, out=old)
    return old + new


def _is_wild(pulled: Any) -> bool:
    """Whether cotangents hold inf or nan; items of a tuple are looked at when they are whole."""
    return not (pulled is None or type(pulled) is Item or is_finite(pulled))


def _transposed(work: Transpose, parents: Any, transpose: Callable[..., list[Any]]) -> Any:
    """The cotangents of a rule that states no transpose, by transposing its differential."""
    cts = transpose(work.push, work.zeros, work.ct)
    return cts[0] if type(parents) is int else tuple(cts)


def _accumulate_deferred(cts: list[Any], parents: Any, pulled: Any) -> None:
    """Cotangents of items of a tuple, of several arguments, or none at all."""
    if pulled is None:
        return
    if type(parents) is int:
        parents, pulled = (parents,), (pulled,)
    for parent, new in zip(parents, pulled, strict=True):
        old = cts[parent]
        if type(new) is Item:
            if old is None:
                old = cts[parent] = [None] * new.size
            old[new.index] = new.value if old[new.index] is None else old[new.index] + new.value
        else:
            cts[parent] = new if old is None else old + new


def _gather(ct: Any, pieces: list[Any]) -> Any:
    """`ct` plus all `pieces`, said functionally, in one operation."""
    values, keys, shapes, dtypes = zip(*pieces, strict=True)
    total = scatter(*values, keys=keys, shape=shapes[0], dtype=dtypes[0])
    return total if ct is None else ct + total
