"""Reductions: many elements to one."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Tracer
from .forms import linear

Axis = int | tuple[int, ...] | None


def spread(ct: Any, x: Any, axis: Axis = None) -> Any:
    """`ct` of a reduction of `x` over `axis` (not kept), repeated to the shape of `x`."""
    if axis is not None and ct.ndim:
        axes = axis if type(axis) is tuple else (axis,)
        axes = sorted(a % x.ndim for a in axes)
        kept = iter(ct.shape)
        ct = ct.reshape([1 if k in axes else next(kept) for k in range(x.ndim)])
    if x.size < 1024 and not isinstance(ct, Tracer):
        out = np.empty(x.shape, ct.dtype)  # cheaper than np.broadcast_to, for small arrays
        out[...] = ct
        return out
    return np.broadcast_to(ct, x.shape)


def _sum(x: Any, axis: Axis = None) -> Any:
    return np.add.reduce(x, axis)


sum_over = linear(_sum, spread, name="sum")
