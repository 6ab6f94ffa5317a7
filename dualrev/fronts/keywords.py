"""Keywords that many of NumPy's functions share: ``axis``, ``dtype``, ``out``, ``where``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import UnsupportedArgumentError, describe, explain, or_adopt
from ..primitive import Array, Tracer, primal_of
from ..rules.shaping import cast_to
from .packing import as_array

NOT_GIVEN = np._NoValue


def given(keyword: Any) -> bool:
    """Whether the caller gave this keyword a value."""
    return keyword is not None and keyword is not NOT_GIVEN


def plain(x: Any) -> Any:
    """The value of `x` under all levels of tracing, as it is now; refused inside of `vmap`. A
    program that is recorded then holds for this value only."""
    value = values(x)
    return value.plain() if isinstance(value, Tracer) else value


def values(x: Any) -> Any:
    """The same; under `vmap` a batch of plain values."""
    if isinstance(x, Tracer):
        x.refresh()
        return primal_of(x)
    return primal_of(as_array(x)) if isinstance(x, (list, tuple, np.ndarray)) else x


def of_values(function: Callable[..., Any], x: Any) -> Any:
    """``function(x)`` as a constant, for a function that acts on the last axes of a stack."""
    value = values(x)
    if not isinstance(value, Tracer):
        return function(value)
    if not value.batched:
        return value.call(function, value)  # recorded as it is
    y = of_values(function, value.primal)
    if isinstance(y, tuple):
        return type(y)(*[value.like(item) for item in y])
    return value.like(y)


def example(x: Any) -> Any:
    """A plain array of the shape and kind of `x`: its value, or that of one example of a batch."""
    return x.memory() if isinstance(x, Tracer) else plain(x)


def as_kind(x: Any, dtype: Any) -> Array:
    """`x` as an array of `dtype`, if that is given; integers and booleans have no derivative."""
    x = as_array(x)
    if not given(dtype):
        return x
    dtype = np.dtype(dtype)
    if not isinstance(x, Tracer) or dtype.kind not in "fc":
        return of_values(lambda value: np.asarray(value).astype(dtype), x)
    return cast_to(x, dtype)


def as_shaped(x: Any) -> Array:
    """`x` as something that has a shape: an array, a NumPy scalar or a tracer."""
    x = as_array(x)
    return x if hasattr(x, "shape") else np.asarray(x)[()]


def masked(x: Array, where: Any, fill: Any) -> Array:
    """`x` with `fill` outside of the mask `where`, if one is given."""
    if where is True or not given(where):
        return x
    return np.where(values(where), x, fill)


def deliver(result: Any, out: Any) -> Any:
    """`result`, written into `out` if that is given."""
    if not given(out):
        return result
    if isinstance(out, tuple):
        (out,) = out
    if isinstance(result, Tracer) and not isinstance(out, Tracer):
        raise UnsupportedArgumentError(
            explain(
                f"out= is a plain array, {describe(out)}, which cannot hold a traced result.",
                or_adopt(
                    "leave out `out` and use the result, or make the array with "
                    "np.zeros(shape, like=x)"
                ),
            )
        )
    out[...] = result
    return out


def refuse(function: str, keyword: str, instead: str) -> None:
    """Raise: `function` has a derivative, but not with this keyword."""
    raise UnsupportedArgumentError(
        explain(f"{function} of a traced array does not support {keyword}.", instead)
    )


def normal_axes(axis: Any, ndim: int) -> tuple[int, ...]:
    """`axis`, one or several or ``None`` for all, as positions counted from 0."""
    if axis is None:
        return tuple(range(ndim))
    return np.lib.array_utils.normalize_axis_tuple(axis, ndim)


def axis_or_axes(axis: Any, ndim: int) -> Any:
    """`axis` for a primitive: ``None``, an int, or a tuple of ints."""
    if axis is None or type(axis) is int:
        return axis
    if isinstance(axis, tuple):
        return normal_axes(axis, ndim)
    return np.lib.array_utils.normalize_axis_index(axis, ndim)


def reduced_shape(shape: tuple[int, ...], axis: Any, keepdims: bool) -> tuple[int, ...]:
    """The shape of a reduction over `axis`."""
    axes = normal_axes(axis, len(shape))
    return tuple(1 if k in axes else n for k, n in enumerate(shape) if keepdims or k not in axes)
