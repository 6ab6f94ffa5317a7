"""NumPy's functions that move elements: shapes, joins, selections."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..rules import joining as jn
from ..rules import shaping as sh
from .packing import as_array


def reshape(a: Any, /, shape: Any = None, order: str = "C", *, copy: bool | None = None) -> Any:
    a = as_array(a)
    return sh.reshape(a, shape=shape)


def transpose(a: Any, axes: Any = None) -> Any:
    a = as_array(a)
    axes = tuple(range(a.ndim))[::-1] if axes is None else tuple(axes)
    return sh.transpose(a, axes=axes)


def swapaxes(a: Any, axis1: int, axis2: int) -> Any:
    a = as_array(a)
    axes = list(range(a.ndim))
    axes[axis1], axes[axis2] = axes[axis2], axes[axis1]
    return sh.transpose(a, axes=tuple(axes))


def broadcast_to(array: Any, shape: Any, subok: bool = False) -> Any:
    return sh.broadcast_to(as_array(array), shape=tuple(shape))


def where(condition: Any, x: Any = None, y: Any = None, /) -> Any:
    return jn.where(as_array(x), as_array(y), condition=condition)


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.reshape: reshape,
    np.transpose: transpose,
    np.swapaxes: swapaxes,
    np.broadcast_to: broadcast_to,
    np.where: where,
}
