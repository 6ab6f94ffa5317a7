"""What the functions of `scipy.linalg` do with their arguments."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...fronts.keywords import as_shaped
from ...primitive import Array, primal_of
from ...rules.forms.shapes import anywhere


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
