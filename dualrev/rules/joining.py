"""Joining arrays, and choosing between them; all linear."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..primitive import Spec
from .forms import linear


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


# y = (a, b, ...) side by side: the transpose cuts the cotangent at the same places.
stack = linear(_stack, _unstack, name="stack", variadic=True, structural=True)
concatenate = linear(_concatenate, _split, name="concatenate", variadic=True, structural=True)


def _where(a: Any, b: Any, condition: Any) -> Any:
    return np.where(condition, a, b)


# y = a where condition, else b; each cotangent is zero where the other was taken.
where = linear(
    _where,
    lambda ct, a, b, condition: np.where(condition, ct, ct.dtype.type(0)),
    lambda ct, a, b, condition: np.where(condition, ct.dtype.type(0), ct),
    name="where",
    structural=True,
)
