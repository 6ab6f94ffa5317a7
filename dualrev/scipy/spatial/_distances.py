"""Distances along the last axis, between two points or between all points of sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.spatial
import scipy.spatial.distance as sd
from scipy.special import rel_entr

from ...fronts.keywords import as_shaped, values
from ...primitive import Array
from ...rules.elementwise import ratio
from ..mirror import Function, Table, drop_in, every_value, table, unsupported

# -- formulas, each over the last axis -----------------------------------------------------------


def _weighted(x: Array, w: Any) -> Array:
    return x if w is None else w * x


def _euclidean(u: Array, v: Array, w: Any = None) -> Array:
    gap = u - v
    return np.linalg.norm(gap if w is None else np.sqrt(w) * gap, axis=-1)


def _sqeuclidean(u: Array, v: Array, w: Any = None) -> Array:
    return np.sum(_weighted((u - v) ** 2, w), axis=-1)


def _cityblock(u: Array, v: Array, w: Any = None) -> Array:
    return np.sum(_weighted(np.abs(u - v), w), axis=-1)


def _chebyshev(u: Array, v: Array, w: Any = None) -> Array:
    gap = np.abs(u - v)
    return np.max(gap if w is None else np.where(values(w) > 0, gap, 0.0), axis=-1)


def _minkowski(u: Array, v: Array, p: Any = 2, w: Any = None) -> Array:
    if np.any(every_value(p) <= 0):
        raise ValueError("p must be greater than 0")
    if p == 2:
        return _euclidean(u, v, w)
    if p == np.inf:
        return _chebyshev(u, v, w)
    powers = np.sum(_weighted(np.abs(u - v) ** p, w), axis=-1)
    return powers if p == 1 else powers ** (1 / p)


def _correlation(u: Array, v: Array, w: Any = None, centered: bool = True) -> Array:
    weights = None if w is None else w / np.sum(w)
    if centered:
        if weights is None:
            u = u - np.mean(u, axis=-1, keepdims=True)
            v = v - np.mean(v, axis=-1, keepdims=True)
        else:
            u = u - np.sum(u * weights, axis=-1, keepdims=True)
            v = v - np.sum(v * weights, axis=-1, keepdims=True)
    uv = np.sum(_weighted(u * v, weights), axis=-1)
    uu, vv = np.sum(_weighted(u * u, weights), axis=-1), np.sum(_weighted(v * v, weights), axis=-1)
    return np.clip(1.0 - uv / np.sqrt(uu * vv), 0.0, 2.0)


def _cosine(u: Array, v: Array, w: Any = None) -> Array:
    return _correlation(u, v, w, centered=False)


def _braycurtis(u: Array, v: Array, w: Any = None) -> Array:
    return np.sum(_weighted(np.abs(u - v), w), axis=-1) / np.sum(
        _weighted(np.abs(u + v), w), axis=-1
    )


def _canberra(u: Array, v: Array, w: Any = None) -> Array:
    return np.sum(_weighted(ratio(np.abs(u - v), np.abs(u) + np.abs(v)), w), axis=-1)


def _seuclidean(u: Array, v: Array, V: Any) -> Array:
    return _euclidean(u, v, 1 / V)


def _mahalanobis(u: Array, v: Array, VI: Any) -> Array:
    gap = u - v
    return np.sqrt(np.sum((gap @ VI) * gap, axis=-1))


METRICS: dict[str, Function] = {
    "euclidean": _euclidean, "sqeuclidean": _sqeuclidean, "cityblock": _cityblock, "chebyshev": _chebyshev,
    "minkowski": _minkowski, "correlation": _correlation, "cosine": _cosine, "braycurtis": _braycurtis,
    "canberra": _canberra, "seuclidean": _seuclidean, "mahalanobis": _mahalanobis,
}  # fmt: skip
ALIASES = {
    "euclid": "euclidean", "eu": "euclidean", "e": "euclidean", "sqe": "sqeuclidean", "sqeuclid": "sqeuclidean",
    "cblock": "cityblock", "cb": "cityblock", "c": "cityblock", "chebychev": "chebyshev", "cheby": "chebyshev",
    "cheb": "chebyshev", "ch": "chebyshev", "mi": "minkowski", "m": "minkowski", "pnorm": "minkowski",
    "co": "correlation", "cos": "cosine", "se": "seuclidean", "s": "seuclidean", "mahalanobis": "mahalanobis",
    "mahal": "mahalanobis", "mah": "mahalanobis",
}  # fmt: skip

# -- between two points ------------------------------------------------------------------------


def _floating(x: Any) -> Array:
    """In double precision, in which SciPy measures distances."""
    x = as_shaped(x)
    return x if x.dtype == np.float64 else x.astype(np.float64)


def _of_two(name: str) -> Function:
    formula = METRICS[name]

    @drop_in(getattr(sd, name))
    def distance(u: Any, v: Any, *args: Any, **keywords: Any) -> Any:
        u, v = _floating(u), _floating(v)
        if u.ndim != 1 or v.ndim != 1:
            raise ValueError("Input vector should be 1-D.")
        extra = [a if a is None or np.isscalar(a) else as_shaped(a) for a in args]
        return formula(u, v, *extra, **_keywords(keywords))

    return distance


def _keywords(keywords: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value if value is None or np.isscalar(value) else as_shaped(value)
        for key, value in keywords.items()
        if key != "w" or value is not None
    }


@drop_in(sd.jensenshannon)
def jensenshannon(
    p: Any, q: Any, base: Any = None, *, axis: int = 0, keepdims: bool = False
) -> Any:
    """The root of the mean of two relative entropies. [Endres & Schindelin 2003, eq. 7]"""
    from_p, from_q = _floating(p), _floating(q)
    u = from_p / np.sum(from_p, axis=axis, keepdims=True)
    v = from_q / np.sum(from_q, axis=axis, keepdims=True)
    mean = (u + v) / 2.0
    left = np.sum(rel_entr(u, mean), axis=axis, keepdims=keepdims)
    right = np.sum(rel_entr(v, mean), axis=axis, keepdims=keepdims)
    total = left + right
    return np.sqrt((total if base is None else total / np.log(base)) / 2.0)


# -- between all points ----------------------------------------------------------------------


def _metric_of(metric: Any, name: str) -> tuple[str | None, Callable[..., Any]]:
    if callable(metric):
        original = getattr(metric, "__wrapped__", metric)
        own = getattr(original, "__name__", "")
        if getattr(sd, own, None) is original:
            metric = own
        else:
            return None, metric
    key = str(metric).lower()
    key = ALIASES.get(key, key)
    if key not in METRICS:
        unsupported(
            f"scipy.spatial.distance.{name} of traced points with metric={metric!r}.",
            f"use one of {', '.join(METRICS)}, or a function of two points",
        )
    return key, METRICS[key]


def _completed(key: str | None, keywords: dict[str, Any], points: Array) -> dict[str, Any]:
    """Keywords with the defaults that depend on the points."""
    given = _keywords(keywords)
    if key == "seuclidean" and given.get("V") is None:
        given["V"] = np.var(points, axis=0, ddof=1)
    if key == "mahalanobis" and given.get("VI") is None:
        given["VI"] = np.linalg.inv(np.cov(points.T)).T
    return given


def _no_out(name: str, out: Any) -> None:
    if out is not None:
        unsupported(f"scipy.spatial.distance.{name} of traced points with out.", "leave out `out`")


@drop_in(sd.cdist)
def cdist(XA: Any, XB: Any, metric: Any = "euclidean", *, out: Any = None, **kwargs: Any) -> Any:
    _no_out("cdist", out)
    a, b = _floating(XA), _floating(XB)
    if a.ndim != 2 or b.ndim != 2:
        raise ValueError("XA and XB must be 2-dimensional arrays.")
    if a.shape[1] != b.shape[1]:
        raise ValueError("XA and XB must have the same number of columns")
    key, formula = _metric_of(metric, "cdist")
    if key is None:
        rows = [np.stack([as_shaped(formula(u, v, **kwargs)) for v in b]) for u in a]
        return np.stack(rows)
    keywords = _completed(key, kwargs, np.concatenate([a, b], axis=0))
    return formula(a[:, None, :], b[None, :, :], **keywords)


@drop_in(sd.pdist)
def pdist(X: Any, metric: Any = "euclidean", *, out: Any = None, **kwargs: Any) -> Any:
    _no_out("pdist", out)
    x = _floating(X)
    if x.ndim != 2:
        raise ValueError("A 2-dimensional array must be passed.")
    key, formula = _metric_of(metric, "pdist")
    i, j = np.triu_indices(x.shape[0], 1)
    if key is None:
        return np.stack(
            [as_shaped(formula(x[m], x[n], **kwargs)) for m, n in zip(i, j, strict=True)]
        )
    return formula(x[i], x[j], **_completed(key, kwargs, x))


def _wrong_or_first(x: Any, ndim: int) -> Any:
    """Of examples along leading axes the first that is no matrix of distances, or else the first."""
    examples = x.reshape(-1, *x.shape[x.ndim - ndim :])
    if ndim != 2 or x.shape[-1] != x.shape[-2]:
        return examples[:1]
    mirrored = (examples == np.swapaxes(examples, 1, 2)).all(axis=(1, 2))
    empty = (np.diagonal(examples, axis1=1, axis2=2) == 0).all(axis=1)
    first = int(np.argmin(mirrored & empty)) if len(examples) else 0
    return examples[first : first + 1]


@drop_in(sd.squareform)
def squareform(X: Any, force: str = "no", checks: bool = True) -> Any:
    x = as_shaped(X)
    for example in _wrong_or_first(every_value(x), x.ndim):
        sd.squareform(example, force, checks)  # raises where it is wrong
    if x.ndim == 2:
        i, j = np.triu_indices(x.shape[0], 1)
        return x[i, j]
    n = int(np.ceil(np.sqrt(2 * x.shape[0]))) if x.shape[0] else 1
    place = np.full((n, n), x.shape[0])
    i, j = np.triu_indices(n, 1)
    place[i, j] = place[j, i] = np.arange(x.shape[0])
    return np.concatenate([x, np.zeros(1, x.dtype)])[place]


@drop_in(scipy.spatial.minkowski_distance)
def minkowski_distance(x: Any, y: Any, p: Any = 2.0) -> Any:
    return _minkowski(_floating(x), _floating(y), p)


@drop_in(scipy.spatial.distance_matrix)
def distance_matrix(x: Any, y: Any, p: Any = 2.0, threshold: int = 1_000_000) -> Any:
    return cdist(x, y, "minkowski", p=p)


OF_SPATIAL: Table = table(minkowski_distance, distance_matrix)
FUNCTIONS: Table = table(
    *map(_of_two, METRICS),
    jensenshannon,
    cdist,
    pdist,
    squareform,
)
