"""NumPy's reductions that leave out nan, and the running ones."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitive import Array
from ..rules import cumulative as cu
from ..rules.forms.shapes import anywhere
from ..rules.joining import concatenate
from .keywords import (
    NOT_GIVEN,
    as_kind,
    as_shaped,
    deliver,
    given,
    masked,
    values,
)
from .reductions import nanmax_silent, nanmin_silent, one_ddof, prod, squared_modulus, std, sum, var

# -- without nan ------------------------------------------------------------------------


def _filled(a: Any, fill: float) -> tuple[Array, Any]:
    """`a` with `fill` for every nan, and where they were."""
    x = as_shaped(a)
    missing = np.isnan(values(x))
    return (np.where(missing, fill, x) if anywhere(missing) else x), missing


def nansum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NOT_GIVEN,
    initial: Any = NOT_GIVEN,
    where: Any = NOT_GIVEN,
) -> Any:
    return sum(_filled(a, 0)[0], axis, dtype, out, keepdims, initial, where)


def nanprod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NOT_GIVEN,
    initial: Any = NOT_GIVEN,
    where: Any = NOT_GIVEN,
) -> Any:
    return prod(_filled(a, 1)[0], axis, dtype, out, keepdims, initial, where)


def _present(missing: Any, axis: Any, keepdims: Any, where: Any) -> Any:
    return np.sum(
        ~missing,
        axis=axis,
        dtype=np.intp,
        keepdims=given(keepdims) and bool(keepdims),
        where=_mask(where),
    )


def _mask(where: Any) -> Any:
    return values(where) if given(where) else True


def _over_counts(total: Array, n: Any) -> Array:
    """``total / n``, nan where nothing was counted."""
    real = np.empty(0, total.dtype).real.dtype
    return total / np.where(n > 0, n, np.nan).astype(real)[()]


def nanmean(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = NOT_GIVEN,
    *,
    where: Any = NOT_GIVEN,
) -> Any:
    x, missing = _filled(a, 0)
    n = _present(missing, axis, keepdims, where)
    if anywhere(n == 0):
        warnings.warn("Mean of empty slice", RuntimeWarning, stacklevel=3)
    return deliver(_over_counts(sum(x, axis, dtype, None, keepdims, where=where), n), out)


def nanvar(
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
    x, missing = _filled(a, 0)
    if not anywhere(missing):
        return var(
            x, axis, dtype, out, ddof, keepdims, where=where, mean=mean, correction=correction
        )
    if not given(mean):
        n = _present(missing, axis, True, where)
        mean = _over_counts(sum(x, axis, dtype, None, True, where=where), n)
    squares = masked(squared_modulus(masked(x - mean, ~missing, 0)), where, 0)
    free = _present(missing, axis, keepdims, where) - one_ddof(ddof, correction)
    if anywhere(free <= 0):
        warnings.warn("Degrees of freedom <= 0 for slice.", RuntimeWarning, stacklevel=3)
    return deliver(_over_counts(sum(squares, axis, dtype, None, keepdims), free), out)


def nanstd(
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
    x = as_shaped(a)
    axis = axis if x.ndim or axis not in (0, -1) else None
    if not anywhere(np.isnan(values(x))):
        return std(
            x, axis, dtype, out, ddof, keepdims, where=where, mean=mean, correction=correction
        )
    return deliver(
        np.sqrt(
            nanvar(
                x, axis, dtype, None, ddof, keepdims, where=where, mean=mean, correction=correction
            )
        ),
        out,
    )


def _nan_extreme(extreme: Callable[..., Any]) -> Callable[..., Any]:
    def without_nan(
        a: Any,
        axis: Any = None,
        out: Any = None,
        keepdims: Any = NOT_GIVEN,
        initial: Any = NOT_GIVEN,
        where: Any = NOT_GIVEN,
    ) -> Any:
        result = extreme(a, axis, None, keepdims, initial, where)
        if anywhere(np.isnan(values(result))):
            warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=3)
        return deliver(result, out)

    return without_nan


nanmax = _nan_extreme(nanmax_silent)
nanmin = _nan_extreme(nanmin_silent)

# -- running ----------------------------------------------------------------------------


def _running(primitive: Any, a: Any, axis: Any, dtype: Any, out: Any) -> Any:
    x = as_kind(as_shaped(a), dtype)
    if axis is None or x.ndim == 0:
        x, axis = x if x.ndim == 1 else x.reshape(-1), 0
    return deliver(primitive(x, axis=np.lib.array_utils.normalize_axis_index(axis, x.ndim)), out)


def cumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    return _running(cu.cumsum_along, a, axis, dtype, out)


def cumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    return _running(cu.cumprod_along, a, axis, dtype, out)


def nancumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    return _running(cu.cumsum_along, _filled(a, 0)[0], axis, dtype, out)


def nancumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    return _running(cu.cumprod_along, _filled(a, 1)[0], axis, dtype, out)


def _cumulative(
    primitive: Any, x: Any, axis: Any, dtype: Any, out: Any, initial: float | None
) -> Any:
    x = as_shaped(x)
    if x.ndim == 0:
        x = x.reshape(1)
    if axis is None and x.ndim > 1:
        raise ValueError(
            "For arrays which have more than one dimension ``axis`` argument is required."
        )
    result = _running(primitive, x, axis or 0, dtype, None)
    if initial is not None:
        axis = (axis or 0) % x.ndim
        shape = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
        result = concatenate(np.full(shape, initial, result.dtype), result, axis=axis)
    return deliver(result, out)


def cumulative_sum(
    x: Any,
    /,
    *,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    include_initial: bool = False,
) -> Any:
    return _cumulative(cu.cumsum_along, x, axis, dtype, out, 0 if include_initial else None)


def cumulative_prod(
    x: Any,
    /,
    *,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    include_initial: bool = False,
) -> Any:
    return _cumulative(cu.cumprod_along, x, axis, dtype, out, 1 if include_initial else None)


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.nansum: nansum,
    np.nanprod: nanprod,
    np.nanmean: nanmean,
    np.nanvar: nanvar,
    np.nanstd: nanstd,
    np.nanmax: nanmax,
    np.nanmin: nanmin,
    np.cumsum: cumsum,
    np.cumprod: cumprod,
    np.nancumsum: nancumsum,
    np.nancumprod: nancumprod,
    np.cumulative_sum: cumulative_sum,
    np.cumulative_prod: cumulative_prod,
}
