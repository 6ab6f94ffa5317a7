"""NumPy's reductions: sums, means, moments, products, extremes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitive import Array, Tracer
from ..rules import reductions as rd
from ..rules.forms.shapes import anywhere
from .keywords import (
    NOT_GIVEN,
    as_kind,
    as_shaped,
    axis_or_axes,
    deliver,
    given,
    masked,
    normal_axes,
    reduced_shape,
    values,
)

# -- sums -------------------------------------------------------------------------------


def sum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NOT_GIVEN,
    initial: Any = NOT_GIVEN,
    where: Any = NOT_GIVEN,
) -> Any:
    if isinstance(a, Tracer) and dtype is out is None and initial is where is NOT_GIVEN:
        if keepdims is NOT_GIVEN or not keepdims:
            return a.apply1(
                rd.sum_over, None if axis is None else {"axis": axis_or_axes(axis, a.ndim)}
            )
        return a.apply1(rd.sum_over, {"axis": axis_or_axes(axis, a.ndim), "keepdims": True})
    x = masked(as_kind(as_shaped(a), dtype), where, 0)
    total = rd.sum_over(
        x, axis=axis_or_axes(axis, x.ndim), keepdims=given(keepdims) and bool(keepdims)
    )
    return deliver(total + initial if given(initial) else total, out)


def mean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NOT_GIVEN,
    *,
    where: Any = NOT_GIVEN,
) -> Any:
    x = as_kind(as_shaped(a), dtype)
    axis = axis_or_axes(axis, x.ndim)
    keepdims = given(keepdims) and bool(keepdims)
    if where is True or not given(where):
        return deliver(rd.mean_over(x, axis=axis, keepdims=keepdims), out)
    total = rd.sum_over(masked(x, where, 0), axis=axis, keepdims=keepdims)
    return deliver(total / _like(count(x, axis, keepdims, where), total), out)


def count(x: Array, axis: Any, keepdims: bool, where: Any) -> Any:
    """How many elements a reduction counts: an int, or integers if there is a mask."""
    if where is True or not given(where):
        return rd.count_of(x, axis)
    return np.sum(np.broadcast_to(values(where), x.shape), axis=axis, keepdims=keepdims)


def _like(n: Any, x: Array) -> Any:
    """Counts as real numbers of the precision of `x`."""
    return n if isinstance(n, int) else n.astype(np.empty(0, x.dtype).real.dtype)


def average(
    a: Any,
    axis: Any = None,
    weights: Any = None,
    returned: bool = False,
    *,
    keepdims: Any = NOT_GIVEN,
) -> Any:
    a = as_shaped(a)
    keepdims = given(keepdims) and bool(keepdims)
    if axis is not None:
        axis = normal_axes(axis, a.ndim)
    if weights is None:
        result = mean(a, axis, keepdims=keepdims)
        scale: Any = result.dtype.type(a.size / result.size)
    else:
        weights = _weights(as_shaped(weights), a, axis)
        scale = sum(weights, axis, keepdims=keepdims)
        if anywhere(values(scale) == 0):
            raise ZeroDivisionError("Weights sum to zero, can't be normalized")
        result = sum(a * weights, axis, keepdims=keepdims) / scale
    if not returned:
        return result
    return result, scale if np.shape(scale) == np.shape(result) else np.broadcast_to(
        scale, result.shape
    )


def _weights(weights: Array, a: Array, axis: Any) -> Array:
    """`weights` with the shape of `a`, or broadcasting to it."""
    if weights.shape == a.shape:
        return weights
    if axis is None:
        raise TypeError("Axis must be specified when shapes of a and weights differ.")
    if weights.shape != tuple(a.shape[k] for k in axis):
        raise ValueError(
            "Shape of weights must be consistent with shape of a along specified axis."
        )
    if len(axis) > 1:
        weights = np.transpose(weights, np.argsort(axis))
    return weights.reshape(tuple(n if k in axis else 1 for k, n in enumerate(a.shape)))


def trace(
    a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    return sum(np.diagonal(as_shaped(a), offset, axis1, axis2), -1, dtype, out)


# -- second moments ---------------------------------------------------------------------


def var(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = NOT_GIVEN,
    *,
    where: Any = NOT_GIVEN,
    mean: Any = NOT_GIVEN,
    correction: Any = NOT_GIVEN,
) -> Any:
    x = as_kind(as_shaped(a), dtype)
    ddof = one_ddof(ddof, correction)
    axis = axis_or_axes(axis, x.ndim)
    keepdims = given(keepdims) and bool(keepdims)
    if not given(mean) and (where is True or not given(where)):
        return deliver(rd.var_over(x, axis=axis, ddof=ddof, keepdims=keepdims), out)
    if not given(mean):
        total = rd.sum_over(masked(x, where, 0), axis=axis, keepdims=True)
        mean = total / _like(count(x, axis, True, where), total)
    total = rd.sum_over(masked(squared_modulus(x - mean), where, 0), axis=axis, keepdims=keepdims)
    n = np.maximum(np.subtract(count(x, axis, keepdims, where), ddof), 0)
    return deliver(total / n.astype(total.dtype), out)


def one_ddof(ddof: float, correction: Any) -> Any:
    """The degrees of freedom, given by either of two names."""
    if not given(correction):
        return ddof
    if ddof != 0:
        raise ValueError("ddof and correction can't be provided simultaneously.")
    return correction


def squared_modulus(d: Array) -> Array:
    """``|d|^2`` without a square root."""
    return np.real(d * np.conjugate(d)) if d.dtype.kind == "c" else np.square(d)


def std(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: Any = NOT_GIVEN,
    *,
    where: Any = NOT_GIVEN,
    mean: Any = NOT_GIVEN,
    correction: Any = NOT_GIVEN,
) -> Any:
    square = var(
        a, axis, dtype, None, ddof, keepdims, where=where, mean=mean, correction=correction
    )
    return deliver(np.sqrt(square), out)


# -- products and extremes --------------------------------------------------------------


def _by_one_axis(primitive: Any, x: Array, axis: Any, keepdims: Any) -> Array:
    """A reduction that knows one axis or all, over several."""
    keepdims = given(keepdims) and bool(keepdims)
    axis = axis_or_axes(axis, x.ndim) if x.ndim or axis not in (0, -1) else None
    if type(axis) is not tuple:
        return primitive(x, axis=axis, keepdims=keepdims)
    if not axis:
        return +x
    if len(axis) == x.ndim:
        return primitive(x, axis=None, keepdims=keepdims)
    shape = reduced_shape(x.shape, axis, keepdims)
    if len(axis) > 1:
        kept = [k for k in range(x.ndim) if k not in axis]
        last = [x.shape[k] for k in kept] + [rd.count_of(x, axis)]
        x = np.transpose(x, (*kept, *axis)).reshape(last)
        axis = (x.ndim - 1,)
    return primitive(x, axis=axis[0], keepdims=False).reshape(shape)


def prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NOT_GIVEN,
    initial: Any = NOT_GIVEN,
    where: Any = NOT_GIVEN,
) -> Any:
    x = masked(as_kind(as_shaped(a), dtype), where, 1)
    product = _by_one_axis(rd.prod_over, x, axis, keepdims)
    return deliver(product * initial if given(initial) else product, out)


def _extreme(primitive: Any, choose: Any, worst: float) -> Callable[..., Any]:
    def extreme(
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = NOT_GIVEN,
        initial: Any = NOT_GIVEN,
        where: Any = NOT_GIVEN,
    ) -> Any:
        x = as_shaped(a)
        if where is not True and given(where):
            if not given(initial):
                raise ValueError(
                    "reduction operation does not have an identity, so to use a where mask one has to specify 'initial'"
                )
            x = masked(x, where, complex(worst, worst) if x.dtype.kind == "c" else worst)
        if given(initial) and x.size == 0:
            shape = reduced_shape(x.shape, axis, given(keepdims) and bool(keepdims))
            return deliver(np.sum(x, axis=axis).reshape(shape) + initial, out)
        best = _by_one_axis(primitive, x, axis, keepdims)
        return deliver(choose(best, initial) if given(initial) else best, out)

    return extreme


max = _extreme(rd.max_over, np.maximum, -np.inf)
min = _extreme(rd.min_over, np.minimum, np.inf)
nanmax_silent = _extreme(rd.fmax_over, np.fmax, -np.inf)
nanmin_silent = _extreme(rd.fmin_over, np.fmin, np.inf)


def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = NOT_GIVEN) -> Any:
    a = as_shaped(a)
    return deliver(max(a, axis, None, keepdims) - min(a, axis, None, keepdims), out)


def _whether(function: Callable[..., Any]) -> Callable[..., Any]:
    """A constant, which may be written into a traced array."""

    def front(
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = NOT_GIVEN,
        *,
        where: Any = NOT_GIVEN,
    ) -> Any:
        mask = values(where) if given(where) else where
        return deliver(function(values(a), axis, None, keepdims, where=mask), out)

    return front


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.sum: sum,
    np.mean: mean,
    np.average: average,
    np.trace: trace,
    np.var: var,
    np.std: std,
    np.prod: prod,
    np.max: max,
    np.amax: max,
    np.min: min,
    np.amin: min,
    np.ptp: ptp,
    np.all: _whether(np.all),
    np.any: _whether(np.any),
}
