"""Selections by value, in a gradient whose pattern is to be found: any element may be the one.

The pullback of a maximum sends a cotangent to where the maximum is *now*. A pattern has to hold at
other points too: there every element that could be selected receives every cotangent that could
go to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..primitive import Differential
from ..rules import calculus, cumulative, reductions, sorting
from ..rules.sorting import normal_axes
from .domains import Domains, everything, reduced
from .patterns import Tracked
from .reverse import Tape

_REDUCING = frozenset({
    reductions.max_over, reductions.min_over, reductions.fmax_over, reductions.fmin_over,
    sorting.order_statistic,
})  # fmt: skip
_ALONG = frozenset({
    sorting.sort_along, sorting.partition_along, cumulative.cumulative_max, cumulative.cumulative_min,
})  # fmt: skip
_SELECTING = _REDUCING | _ALONG | {calculus.interpolate}


def leave_selections_open(tape: Tape) -> None:
    """Let the pullbacks on `tape`, a record of tracked values, select any element."""
    for index, record in enumerate(tape.records):
        if record is not None and record[0].primitive in _SELECTING:
            tape.records[index] = (_AnySelection(record[0]), *record[1:])


class _AnySelection(Differential):
    """The pullback of a selection, with the domains that it has at all points together."""

    __slots__ = ("here",)

    def __init__(self, here: Differential) -> None:
        super().__init__(here.primitive, deferred=here.deferred)
        self.here = here

    def pull(self, residuals: Any, ct: Any) -> Any:
        pulled = self.here.pull(residuals, ct)
        args, params = residuals[1], residuals[2] or {}
        if isinstance(pulled, tuple):
            return tuple([self._opened(c, ct, args, params) for c in pulled])
        return self._opened(pulled, ct, args, params)

    def pull_absorbing(self, residuals: Any, ct: Any) -> Any:
        return self.pull(residuals, ct)

    def _opened(self, pulled: Any, ct: Any, args: Sequence[Any], params: dict[str, Any]) -> Any:
        if type(pulled) is not Tracked:
            return pulled
        found: Domains | None
        if self.primitive in _REDUCING:
            found = _back(ct.tangent, args[0].ndim, params) if type(ct) is Tracked else None
        elif self.primitive in _ALONG:
            axes = normal_axes(params.get("axis", 0), pulled.ndim)
            found = reduced(ct.tangent, axes) if type(ct) is Tracked else None
        else:
            found = everything([x.tangent for x in (ct, *args) if type(x) is Tracked])
        return pulled if found is None else pulled._with(
            pulled.primal, found.broadcast_to(np.shape(pulled.primal))
        )  # fmt: skip


def _back(ct: Domains, ndim: int, params: dict[str, Any]) -> Domains:
    """From the shape of a reduction to one that broadcasts to the shape of what was reduced."""
    axes = normal_axes(params.get("axis"), ndim)
    keepdims = bool(params.get("keepdims"))
    first = len(ct.shape) - (ndim if keepdims else ndim - len(axes))  # axes of several quantiles
    ct = reduced(ct, range(first))
    kept = iter(ct.shape[first:])
    if keepdims:
        return ct.reshape(tuple(kept))
    return ct.reshape([1 if k in axes else next(kept) for k in range(ndim)])
