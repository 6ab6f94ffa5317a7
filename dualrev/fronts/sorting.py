"""NumPy's sorting functions, order statistics and sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitive import Array, Tracer
from ..rules import sorting as so
from .keywords import NOT_GIVEN, as_kind, as_shaped, deliver, given, plain, refuse


def sort(a: Any, axis: Any = -1, kind: Any = None, order: Any = None, *, stable: Any = None) -> Any:
    if order is not None:
        refuse("np.sort", "order=", "sort by a key: x[np.argsort(key)]")
    if kind is not None and stable is not None:
        raise ValueError(
            "`kind` and `stable` parameters can't be provided at the same time. Use only one of them."
        )
    x = as_shaped(a)
    if axis is None:
        x, axis = x.reshape(-1), -1
    return so.sort_along(x, axis=axis, kind="stable" if stable else kind)


def sort_complex(a: Any) -> Any:
    y = sort(a)
    if y.dtype.kind == "c":
        return y
    return as_kind(y, {"b": "F", "h": "F", "B": "F", "H": "F", "g": "G"}.get(y.dtype.char, "D"))


def partition(
    a: Any, kth: Any, axis: Any = -1, kind: str = "introselect", order: Any = None
) -> Any:
    if order is not None:
        refuse("np.partition", "order=", "partition by a key: x[np.argpartition(key, kth)]")
    x = as_shaped(a)
    if axis is None:
        x, axis = x.reshape(-1), -1
    return so.partition_along(x, kth=kth, axis=axis, kind=kind)


# -- order statistics -------------------------------------------------------------------


def median(
    a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: bool = False
) -> Any:
    return _statistic(np.median, a, axis, out, keepdims)


def nanmedian(
    a: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    keepdims: Any = NOT_GIVEN,
) -> Any:
    return _statistic(np.nanmedian, a, axis, out, keepdims)


def _statistic(
    function: Callable[..., Any], a: Any, axis: Any, out: Any, keepdims: Any, **options: Any
) -> Any:
    x = as_shaped(a)
    for name in ("q", "weights"):
        if isinstance(options.get(name), Tracer):
            refuse(
                f"np.{function.__name__}",
                f"a traced {name}=",
                f"the result is no smooth function of it; say {name}=dr.stop_gradient({name}) if a constant is meant",
            )
    if options.get("weights", 0) is None:
        del options["weights"]
    result = so.order_statistic(
        x,
        function=function,
        axis=axis,
        skip_nan=function.__name__.startswith("nan"),
        keepdims=given(keepdims) and bool(keepdims),
        **options,
    )
    return deliver(result, out)


def _quantile(function: Callable[..., Any], no_keepdims: Any) -> Callable[..., Any]:
    def quantile(
        a: Any,
        q: Any,
        axis: Any = None,
        out: Any = None,
        overwrite_input: bool = False,
        method: str = "linear",
        keepdims: Any = no_keepdims,
        *,
        weights: Any = None,
    ) -> Any:
        return _statistic(function, a, axis, out, keepdims, q=q, method=method, weights=weights)

    return quantile


# -- sets -------------------------------------------------------------------------------


def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: Any = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    x = as_shaped(ar)
    _, index, *more = np.unique(
        plain(x), True, return_inverse, return_counts, axis, equal_nan=equal_nan
    )
    if axis is None:
        values = so.take_flat(x, index=index, unique=True)
    else:
        values = x[(slice(None),) * (axis % x.ndim) + (index,)]
    if return_index:
        more = [index, *more]
    return (values, *more) if more else values


def _unique_tuple(function: Any, *flags: bool) -> Callable[..., Any]:
    def unique_tuple(x: Any) -> Any:
        names = function(np.zeros(1))
        return type(names)(*unique(x, *flags, equal_nan=False))

    return unique_tuple


def unique_values(x: Any) -> Any:
    return unique(x, equal_nan=False)


# Of equal elements the first counts: of the first array, where both have it.


def _rows(ar1: Any, ar2: Any, assume_unique: bool) -> tuple[Array, Array]:
    a, b = as_shaped(ar1), as_shaped(ar2)
    return (a.reshape(-1), b.reshape(-1)) if assume_unique else (unique(a), unique(b))


def union1d(ar1: Any, ar2: Any) -> Any:
    return unique(np.concatenate((ar1, ar2), axis=None))


def intersect1d(
    ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False
) -> Any:
    values, places, others = np.intersect1d(plain(ar1), plain(ar2), assume_unique, True)
    common = as_shaped(ar1).reshape(-1)[places]
    if not isinstance(common, Tracer):
        common = values
    return (common, places, others) if return_indices else common


def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    a, b = _rows(ar1, ar2, assume_unique)
    return a[np.isin(plain(a), plain(b), assume_unique=True, invert=True)]


def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    both = sort(np.concatenate(_rows(ar1, ar2, assume_unique)))
    steps = plain(both)[1:] != plain(both)[:-1]
    return (
        both[np.concatenate(([True], steps)) & np.concatenate((steps, [True]))]
        if both.size
        else both
    )


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.sort: sort,
    np.sort_complex: sort_complex,
    np.partition: partition,
    np.median: median,
    np.nanmedian: nanmedian,
    np.quantile: _quantile(np.quantile, False),
    np.percentile: _quantile(np.percentile, False),
    np.nanquantile: _quantile(np.nanquantile, NOT_GIVEN),
    np.nanpercentile: _quantile(np.nanpercentile, NOT_GIVEN),
    np.unique: unique,
    np.union1d: union1d,
    np.intersect1d: intersect1d,
    np.setdiff1d: setdiff1d,
    np.setxor1d: setxor1d,
    np.unique_values: unique_values,
    np.unique_all: _unique_tuple(np.unique_all, True, True, True),
    np.unique_counts: _unique_tuple(np.unique_counts, False, False, True),
    np.unique_inverse: _unique_tuple(np.unique_inverse, False, True, False),
}
