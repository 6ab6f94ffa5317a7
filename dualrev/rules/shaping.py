"""Shape: moving, repeating and dropping elements; linear, and values never matter."""

from __future__ import annotations

from typing import Any

import numpy as np

from .forms import linear, unbroadcast

reshape = linear(
    lambda x, shape: np.reshape(x, shape),
    lambda ct, x, shape: np.reshape(ct, x.shape),
    name="reshape",
    structural=True,
)
transpose = linear(
    lambda x, axes: np.transpose(x, axes),
    lambda ct, x, axes: np.transpose(ct, np.argsort(axes)),
    name="transpose",
    structural=True,
)
broadcast_to = linear(
    lambda x, shape: np.broadcast_to(x, shape),
    lambda ct, x, shape: unbroadcast(ct, x.shape),
    name="broadcast_to",
    structural=True,
)


def _cast(x: Any, dtype: Any) -> Any:
    return np.asarray(x).astype(dtype)[()]


# Between kinds of float and complex; from real to complex the transpose takes the real part.
cast = linear(_cast, lambda ct, x, dtype: cast_to(ct, x.dtype), name="cast")


def cast_to(x: Any, dtype: Any) -> Any:
    """`x` with elements of `dtype`; the real part if that is real and `x` is complex."""
    if x.dtype == dtype:
        return x
    if x.dtype.kind == "c" and np.dtype(dtype).kind != "c":
        x = x.real
    return cast(x, dtype=np.dtype(dtype))
