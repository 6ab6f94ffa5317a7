"""What the functions of `scipy.linalg` do with their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...fronts.keywords import as_shaped, values
from ...primitive import Array, primal_of
from ...rules.forms.shapes import anywhere
from ..mirror import of_examples


def floating(x: Any, check_finite: bool = True) -> Array:
    """`x` as an array of floats, checked for infinities as SciPy does."""
    x = as_shaped(x)
    if check_finite and anywhere(~np.isfinite(primal_of(x))):
        raise ValueError("array must not contain infs or NaNs")
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def matrix(a: Any, check_finite: bool = True, square: bool = False) -> Array:
    """`a` as a matrix, or a stack of them, of floats."""
    a = floating(a, check_finite)
    if a.ndim < 2:
        raise ValueError(f"Expected at least ndim=2, got a.ndim={a.ndim}")
    if square and a.shape[-1] != a.shape[-2]:
        raise ValueError(f"Expected square matrix, got a.shape={a.shape}")
    return a


def columns(b: Array) -> Array:
    """A right-hand side as a matrix of columns."""
    return b[:, None] if b.ndim == 1 else b


def like(b: Array, x: Array) -> Array:
    """The solution in the form of the right-hand side `b`."""
    return x[..., 0] if b.ndim == 1 else x


def each(f: Callable[..., Any], *ranks: int) -> Callable[..., Any]:
    """`f`, of plain arrays with `ranks` axes, for stacks of them along leading axes."""

    def stacked(*arrays: Any) -> Any:
        leading = np.broadcast_shapes(
            *(a.shape[: a.ndim - k] for a, k in zip(arrays, ranks, strict=True))
        )
        if not leading:
            return f(*arrays)
        full = [
            np.broadcast_to(a, (*leading, *a.shape[a.ndim - k :]))
            for a, k in zip(arrays, ranks, strict=True)
        ]
        made = [f(*(a[index] for a in full)) for index in np.ndindex(*leading)]
        if isinstance(made[0], tuple):
            return tuple([np.reshape(x, (*leading, *x[0].shape)) for x in zip(*made, strict=True)])
        return np.reshape(made, (*leading, *made[0].shape))

    return stacked


def _phases(v: Any, wanted: Any) -> Any:
    overlap = np.sum(np.conjugate(v) * wanted, axis=-2, keepdims=True)
    size = np.abs(overlap)
    return np.where(size > 0, overlap / np.where(size > 0, size, 1), 1).astype(v.dtype)


def in_phase(v: Array, wanted: Callable[..., Any], *arrays: Array) -> Array:
    """The columns of `v` with the signs, or phases, that those of ``wanted(*arrays)`` have: another
    driver of LAPACK may choose other ones, and those of SciPy's own result count. The arrays are
    matrices, or stacks of them."""

    def phases(v: Any, *arrays: Any) -> Any:
        if v.size == 0 or any(a.size == 0 for a in arrays):
            return np.ones((*v.shape[:-2], 1, v.shape[-1]), v.dtype)
        return _phases(v, wanted(*arrays))

    return v * of_examples(phases, values(v), *map(values, arrays))
