"""Joining arrays, and choosing between them; all linear."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..primitive import Spec, Tracer
from .forms import linear
from .forms.batching import InBatch, aligned, all_full, shifted


def _stack(*arrays: Any, axis: int) -> Any:
    return np.stack(arrays, axis)


def _unstack(ct: Any, arrays: Sequence[Spec], axis: int) -> list[Any]:
    head = (slice(None),) * (axis % ct.ndim)
    return [ct[(*head, k)] for k in range(len(arrays))]


def _concatenate(*arrays: Any, axis: int) -> Any:
    return np.concatenate(arrays, axis)


def _split(ct: Any, arrays: Sequence[Spec], axis: int) -> list[Any]:
    head = (slice(None),) * (axis % ct.ndim)
    stops = np.cumsum([0, *(a.shape[axis] for a in arrays)]).tolist()
    return [ct[(*head, slice(i, j))] for i, j in itertools.pairwise(stops)]


def _batch_join(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    values = all_full(size, args, batched)
    ndim = values[0].ndim - 1 + (primitive is stack)
    return primitive(*values, axis=shifted(params["axis"], ndim))


# y = (a, b, ...) side by side: the transpose cuts the cotangent at the same places.
stack = linear(_stack, _unstack, name="stack", variadic=True, structural=True, batch=_batch_join)
concatenate = linear(
    _concatenate, _split, name="concatenate", variadic=True, structural=True, batch=_batch_join
)


def _where(a: Any, b: Any, condition: Any) -> Any:
    return np.where(condition, a, b)


def _batch_where(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    condition = params["condition"]
    each = type(condition) is InBatch
    if each:
        condition = condition.value
    return choose(*aligned((*args, condition), (*batched, each)))


def choose(a: Any, b: Any, condition: Any) -> Any:
    """`a` where `condition`, which may differ among the examples of a batch, else `b`."""
    if isinstance(condition, Tracer):
        traced = [x for x in (a, b, condition) if isinstance(x, Tracer)]
        top = max(traced, key=lambda x: x.run.level)
        return top.apply(where, (a, b), {"condition": condition})
    return where(a, b, condition=condition)


# y = a where condition, else b; each cotangent is zero where the other was taken.
where = linear(
    _where,
    lambda ct, a, b, condition: np.where(condition, ct, ct.dtype.type(0)),
    lambda ct, a, b, condition: np.where(condition, ct.dtype.type(0), ct),
    name="where",
    structural=True,
    batch=_batch_where,
)
