"""NumPy's statistics of samples: covariances, correlations, histograms."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitive import Array, Tracer
from ..rules import calculus as ca
from ..rules.forms.shapes import anywhere
from ..rules.joining import concatenate
from .keywords import as_kind, as_shaped, example, plain, refuse, values
from .packing import holds_tracers
from .reductions import average, sum


def _table(m: Any, dtype: Any, rowvar: bool, one_row: bool) -> Array:
    """Variables in rows, observations in columns."""
    x = as_kind(as_shaped(m), dtype)
    if x.ndim > 2:
        raise ValueError("m has more than 2 dimensions")
    if x.ndim < 2:
        x = x.reshape(1, -1)
        return x if rowvar or one_row else x.T
    return x if rowvar else x.T


def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: Any = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof must be integer")
    m = as_shaped(m)
    if y is not None:
        y = as_shaped(y)
    if dtype is None:
        dtype = np.result_type(m.dtype, np.float64, *([] if y is None else [y.dtype]))
    x = _table(m, dtype, rowvar, m.ndim < 2)
    if y is not None:
        other = _table(y, dtype, rowvar or (y.ndim == 2 and y.shape[0] == 1), True)
        x = concatenate(x, other, axis=0)
    if x.shape[0] == 0:
        return np.zeros((0, 0))
    if ddof is None:
        ddof = 0 if bias else 1
    weights = _weights(fweights, aweights, x.shape[1])
    if weights is None:
        free: Any = x.shape[1] - ddof
        d = x - np.mean(x, axis=1, keepdims=True)
        weighted = d
    else:
        total = sum(weights)
        free = total - ddof
        if aweights is not None and ddof != 0:
            free = total - ddof * sum(weights * as_shaped(aweights)) / total
        d = x - as_kind(average(x, axis=1, weights=weights), x.dtype)[:, None]
        weighted = d * weights
    if anywhere(values(free) <= 0):
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=3)
        free = np.where(values(free) <= 0, 0.0, free)[()]
    products = d @ np.conjugate(weighted.T)
    factor = np.true_divide(1, free)
    products = products * (factor if isinstance(factor, Tracer) else float(factor))
    return products if len(products) > 1 else products.reshape(())


def _weights(fweights: Any, aweights: Any, n: int) -> Any:
    """The product of the repetitions and weights of the observations, checked."""
    product: Any = None
    for name, weights in (("fweights", fweights), ("aweights", aweights)):
        if weights is None:
            continue
        weights = as_shaped(weights)
        weights = weights if isinstance(weights, Tracer) else weights.astype(float)
        if name == "fweights" and anywhere(values(weights) != np.around(values(weights))):
            raise TypeError("fweights must be integer")
        if weights.ndim > 1:
            raise RuntimeError(f"cannot handle multidimensional {name}")
        if weights.shape[0] != n:
            raise RuntimeError(f"incompatible numbers of samples and {name}")
        if anywhere(values(weights) < 0):
            raise ValueError(f"{name} cannot be negative")
        product = weights if product is None else product * weights
    return product


def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    c = cov(x, y, rowvar, dtype=dtype)
    if c.ndim == 0:
        return c / c
    k = np.arange(len(c))
    scale = np.sqrt(np.real(c[k, k]))
    c = c / scale[:, None] / scale[None, :]
    if c.dtype.kind == "c":
        return np.clip(np.real(c), -1, 1) + 1j * np.clip(np.imag(c), -1, 1)
    return np.clip(c, -1, 1)


# -- convolution ------------------------------------------------------------------------


def _sequence(x: Any) -> Array:
    x = as_shaped(x)
    return x.reshape(1) if x.ndim == 0 else x


_MODES = {0: "valid", 1: "same", 2: "full", "v": "valid", "s": "same", "f": "full"}


def convolve(a: Any, v: Any, mode: Any = "full") -> Any:
    a, v = _sequence(a), _sequence(v)
    if a.size == 0 or v.size == 0:
        raise ValueError(f"{'a' if a.size == 0 else 'v'} cannot be empty")
    return ca.convolve(a, v, mode=_MODES.get(mode, mode))


def correlate(a: Any, v: Any, mode: Any = "valid") -> Any:
    a, v = _sequence(a), _sequence(v)
    mode = _MODES.get(mode, mode)
    if a.size >= v.size:
        return ca.convolve(a, np.conjugate(v[::-1]), mode=mode)
    return np.conjugate(ca.convolve(v, np.conjugate(a[::-1]), mode=mode))[::-1]


# -- counting ---------------------------------------------------------------------------


def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    x = np.asarray(plain(x))
    if not x.size:
        x = x.astype(np.intp)  # an empty list has no kind
    if weights is None:
        return np.bincount(x, minlength=minlength)
    return ca.bincount(as_shaped(weights), x=x, minlength=minlength)


def _refuse_traced(function: str, **options: Any) -> None:
    for name, value in options.items():
        if holds_tracers(value):
            refuse(
                f"np.{function}",
                f"a traced {name}=",
                f"counts have no derivative; use dr.stop_gradient for the {name}",
            )


def _moving(edges: Any, a: Any, bins: Any, limits: Any) -> Any:
    """Where edges are not given they move with the smallest and the largest element of `a`."""
    if not isinstance(a, Tracer) or np.ndim(bins) or limits is not None or not a.size:
        return edges
    low, high = np.min(a), np.max(a)
    if plain(low) == plain(high):  # NumPy takes a half to both sides
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, len(edges), dtype=edges.dtype)


def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    _refuse_traced("histogram_bin_edges", bins=bins, range=range)
    edges = np.histogram_bin_edges(plain(a), bins, range, example(weights))
    return _moving(edges, as_shaped(a), bins, range)


def histogram(
    a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    _refuse_traced("histogram", bins=bins, range=range)
    x = np.ravel(plain(a))
    counts, edges = np.histogram(
        x, bins, range, weights=None if weights is None else np.ravel(example(weights))
    )
    if weights is not None:
        weights = as_shaped(weights).reshape(-1)
        bin_of = np.searchsorted(edges, x, side="right") - 1
        bin_of[x == edges[-1]] = len(edges) - 2
        counts = ca.histogram(weights, x=x, bins=bins, limits=range, bin_of=bin_of)
    edges = _moving(edges, as_shaped(a), bins, range)
    if density:
        return counts / as_kind(np.diff(edges), float) / np.sum(counts), edges
    return counts, edges


def histogramdd(
    sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None
) -> Any:
    _refuse_traced("histogramdd", bins=bins, range=range)
    if hasattr(sample, "shape") and sample.ndim == 2:
        columns = [sample[:, k] for k in np.arange(sample.shape[1])]
    else:
        columns = [as_shaped(c) for c in np.atleast_2d(as_shaped(sample))]
    points = np.stack([plain(c) for c in columns], axis=1)
    counts, edges = np.histogramdd(points, bins, range)
    if weights is not None:
        each = [np.searchsorted(e, p, side="right") for e, p in zip(edges, points.T, strict=True)]
        for places, e, p in zip(each, edges, points.T, strict=True):
            places[p == e[-1]] -= 1  # the last bin is closed
        shape = tuple(len(e) + 1 for e in edges)  # with an outlier on each end
        flat = np.ravel_multi_index(each, shape)
        counts = as_kind(
            ca.bincount(as_shaped(weights), x=flat, minlength=int(np.prod(shape))), float
        )
        counts = np.reshape(counts, shape)[(slice(1, -1),) * len(shape)]
    many = bins if hasattr(bins, "__len__") else (bins,) * len(edges)
    limits = (None,) * len(edges) if range is None else range
    edges = list(map(_moving, edges, columns, many, limits))
    if density:
        total = np.sum(counts)
        for k, e in enumerate(edges):
            counts = counts / np.reshape(
                np.diff(e), [-1 if j == k else 1 for j in np.arange(len(edges))]
            )
        counts = counts / total
    return counts, edges


def histogram2d(
    x: Any,
    y: Any,
    bins: Any = 10,
    range: Any = None,
    density: Any = None,
    weights: Any = None,
) -> Any:
    if len(x) != len(y):
        raise ValueError("x and y must have the same length.")
    if hasattr(bins, "__len__") and len(bins) not in (1, 2):
        bins = [bins, bins]
    counts, (of_x, of_y) = histogramdd([x, y], bins, range, density, weights)
    return counts, of_x, of_y


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.cov: cov,
    np.corrcoef: corrcoef,
    np.convolve: convolve,
    np.correlate: correlate,
    np.bincount: bincount,
    np.histogram: histogram,
    np.histogram_bin_edges: histogram_bin_edges,
    np.histogramdd: histogramdd,
    np.histogram2d: histogram2d,
}
