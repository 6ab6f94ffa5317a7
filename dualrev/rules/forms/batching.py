"""How a primitive carries a leading axis: the batch rules that many of them share.

A batch rule is ``rule(primitive, size, args, batched, params)``: of `args` those that are
`batched` have a leading axis of length `size`, and so must the result. It is said in terms of
primitives, whose derivatives are then those of the whole batch::

    vmap f (X) = f'(X),   f' the same operation one axis further in

Every example is independent of the others, so that batching and differentiating commute: the
derivative of ``f'`` is the batch of derivatives of ``f``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index


class InBatch:
    """A parameter that differs among the examples: `value` has the leading axis."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


BatchRule = Callable[[Any, int, Sequence[Any], Sequence[bool], dict[str, Any]], Any]


def full(x: Any, is_batched: bool, size: int) -> Any:
    """`x` with the leading axis, repeated along it if it has none."""
    return x if is_batched else np.broadcast_to(x, (size, *np.shape(x)))


def all_full(size: int, args: Sequence[Any], batched: Sequence[bool]) -> list[Any]:
    return [full(x, b, size) for x, b in zip(args, batched, strict=True)]


def lifted(x: Any, rank: int) -> Any:
    """A batched `x` with axes of length 1 after the first, so that each example has `rank` axes."""
    missing = rank + 1 - x.ndim
    if missing <= 0:
        return x
    return x.reshape(x.shape[0], *(1,) * missing, *x.shape[1:])


def aligned(args: Sequence[Any], batched: Sequence[bool]) -> list[Any]:
    """`args` so that NumPy's broadcasting gives what it gives for each example, in a batch."""
    rank = max(np.ndim(x) - b for x, b in zip(args, batched, strict=True))
    return [lifted(x, rank) if b else x for x, b in zip(args, batched, strict=True)]


def elementwise_rule(
    primitive: Any, size: int, args: Sequence[Any], batched: Sequence[bool], params: dict[str, Any]
) -> Any:
    """For what treats every element alike, with broadcasting."""
    if not any(batched):
        primitive.refuse_batch(" for these parameters")
    return primitive(*aligned(args, batched), **params)


def stacked(
    primitive: Any, size: int, args: Sequence[Any], batched: Sequence[bool], params: dict[str, Any]
) -> Any:
    """For what acts on the last axes, and keeps leading ones apart as ``np.linalg`` does."""
    return primitive(*all_full(size, args, batched), **params)


def shifted(axis: Any, ndim: int) -> Any:
    """The axis, or axes, of one example, in a batch; `ndim` axes has the example."""
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, (tuple, list)):
        return tuple([normalize_axis_index(a, ndim) + 1 for a in axis])
    return normalize_axis_index(axis, ndim) + 1


def along(default: Any = None, one: bool = False, reduces: bool = False) -> BatchRule:
    """For what acts along ``axis``, whose default is `default`; with `one` along a single axis,
    or for ``None`` over all elements in order. What `reduces` takes numbers for arrays of one
    axis, as NumPy does."""

    def rule(
        primitive: Any,
        size: int,
        args: Sequence[Any],
        batched: Sequence[bool],
        params: dict[str, Any],
    ) -> Any:
        args = all_full(size, args, batched)
        axis = params.get("axis", default)
        ndim = args[0].ndim - 1
        if ndim == 0 and reduces and axis in (0, -1):
            axis = None
        if axis is not None or not one:
            return primitive(*args, **{**params, "axis": shifted(axis, ndim)})
        flat = [x.reshape(size, prod(x.shape[1:])) for x in args]
        y = primitive(*flat, **{**params, "axis": 1})
        return y.reshape(size, *(1,) * ndim) if params.get("keepdims") else y

    return rule


def stacks_of(
    size: int, args: Sequence[Any], batched: Sequence[bool], ranks: Sequence[int]
) -> list[Any]:
    """`args` as stacks of what has `ranks` axes, with as many axes before these in all of them."""
    args = all_full(size, args, batched)
    extra = max(x.ndim - 1 - rank for x, rank in zip(args, ranks, strict=True))
    return [lifted(x, rank + extra) for x, rank in zip(args, ranks, strict=True)]
