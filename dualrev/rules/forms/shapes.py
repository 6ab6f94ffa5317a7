"""Cotangents and tangents brought to the shape and dtype of what they belong to."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...primitive import Array, Tracer, primal_of, spec_of


def unbroadcast(ct: Array, shape: tuple[int, ...]) -> Array:
    """The transpose of broadcasting to ``ct.shape``: sum over what was repeated."""
    extra = ct.ndim - len(shape)
    axes = (
        *range(extra),
        *(extra + k for k, n in enumerate(shape) if n == 1 != ct.shape[extra + k]),
    )
    return ct.sum(axis=axes).reshape(shape)


def to_spec(ct: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    """`ct` as a cotangent of an array with `shape` and `dtype`.

    The pairing of tangents and cotangents is ``Re sum(ct * dx)``; for real ``dx`` only
    the real part of ``ct`` counts.
    """
    if ct.shape != shape:
        ct = unbroadcast(ct, shape)
    if ct.dtype != dtype:
        if ct.dtype.kind == "c" and dtype.kind != "c":
            ct = ct.real
        if ct.dtype != dtype:
            ct = ct.astype(dtype)
    return ct


def as_tangent(dy: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    """`dy` as a tangent of an array with `shape` and `dtype`."""
    if dy.dtype != dtype:
        if dy.dtype.kind == "c" and dtype.kind != "c":
            dy = dy.real
        if dy.dtype != dtype:
            dy = dy.astype(dtype)
    if dy.shape != shape:
        dy = np.broadcast_to(dy, shape)
    return dy


def is_constant(x: Any) -> bool:
    """Whether `x` holds plain values, or a batch of them, and no derivative."""
    return not isinstance(x, Tracer) or primal_of(x) is x


def as_values(x: Any) -> Any:
    """The plain values of `x` as an array; of a program that is recorded, as recorded ones."""
    x = primal_of(x)
    return x if isinstance(x, Tracer) else np.asarray(x)


def anywhere(condition: Any) -> bool:
    """Whether a condition on plain values holds for any element, of any example of a batch."""
    while isinstance(condition, Tracer) and condition.batched:
        condition = condition.primal
    return bool(np.any(condition))


def shape_dtype(x: Any) -> tuple[tuple[int, ...], Any]:
    spec = spec_of(x)
    return spec.shape, spec.dtype


def conform(ct: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """`ct` if its spec is right, mended by the broadcasting rule if it is not."""
    if ct.shape == shape and ct.dtype == dtype:
        return ct
    return to_spec(ct, shape, dtype)


def zeros_like(x: Any) -> Any:
    shape, dtype = shape_dtype(x)
    return np.zeros(shape, dtype if dtype.kind in "fc" else float)
