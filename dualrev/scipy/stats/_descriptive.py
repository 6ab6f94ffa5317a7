"""Descriptive statistics as compositions of NumPy's functions: moments, means, entropies, regression.

Samples may be traced; ``axis=None`` means all elements. Of ``nan_policy`` there is only ``'propagate'``.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats as st

from ...buffer import settled
from ...fronts.keywords import as_shaped, values
from ...primitive import RUNNING, Array
from ..mirror import Table, any_traced, drop_in, every_value, table, unsupported

# The classes of what SciPy returns.
PearsonRResult: Any = type(st.pearsonr([0.0, 1.0, 2.0], [0.0, 1.0, 3.0]))
LinregressResult: Any = type(st.linregress([0.0, 1.0, 2.0], [0.0, 1.0, 3.0]))


def _sample(x: Any, axis: Any, policy: Any = "propagate") -> tuple[Array, Any]:
    """`x` in floating point, raveled for ``axis=None``, and the axis."""
    if policy != "propagate":
        unsupported(
            f"a statistic of a traced sample with nan_policy={policy!r}.",
            "select the elements first: x[~np.isnan(x)]",
        )
    x = as_shaped(x)
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    return (np.reshape(x, (-1,)), 0) if axis is None else (x, axis)


def _kept(y: Array, a: Any, axis: Any, keepdims: bool) -> Array:
    if not keepdims:
        return y
    if axis is None:
        return np.reshape(y, (1,) * np.ndim(a))
    return np.expand_dims(y, axis)


def _central(x: Array, order: int, axis: Any, center: Any = None) -> Array:
    """``mean((x - c)**order)``, with the mean for `c`, of which there is no first moment."""
    if center is None:
        if order == 1:
            return 0.0 * np.mean(x, axis=axis)
        center = np.mean(x, axis=axis, keepdims=True)
    elif np.ndim(center):
        center = np.expand_dims(as_shaped(center), axis)
    return np.mean((x - center) ** order, axis=axis)


@drop_in(st.moment)
def moment(
    a: Any,
    order: Any = 1,
    axis: Any = 0,
    nan_policy: str = "propagate",
    *,
    center: Any = None,
    keepdims: bool = False,
) -> Any:
    x, along = _sample(a, axis, nan_policy)
    if np.ndim(order):
        unsupported(
            "scipy.stats.moment of a traced sample with several orders.", "call it for each"
        )
    if order != round(order):
        raise ValueError("All elements of `order` must be integral.")
    return _kept(_central(x, int(order), along, center), a, axis, keepdims)


def _unless_constant(m2: Array, x: Array, axis: Any, f: Any) -> Array:
    """``f(m2)``, and nan for samples that are constant within rounding, as SciPy has it."""
    mean = values(np.mean(x, axis=axis))
    flat = values(m2) <= (np.finfo(x.dtype).resolution * mean) ** 2
    if not np.any(every_value(flat)):
        return f(m2)
    return np.where(flat, np.nan, f(np.where(flat, 1.0, m2)))


@drop_in(st.skew)
def skew(
    a: Any,
    axis: Any = 0,
    bias: bool = True,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Any:
    """``m3 / m2**1.5``, and without bias times ``sqrt(n (n - 1)) / (n - 2)``."""
    x, along = _sample(a, axis, nan_policy)
    n, m2, m3 = x.shape[along], _central(x, 2, along), _central(x, 3, along)
    factor = 1.0 if bias or n <= 2 else math.sqrt((n - 1.0) * n) / (n - 2.0)
    return _kept(_unless_constant(m2, x, along, lambda m: factor * m3 / m**1.5), a, axis, keepdims)


@drop_in(st.kurtosis)
def kurtosis(
    a: Any,
    axis: Any = 0,
    fisher: bool = True,
    bias: bool = True,
    nan_policy: str = "propagate",
    *,
    keepdims: bool = False,
) -> Any:
    x, along = _sample(a, axis, nan_policy)
    n, m2, m4 = x.shape[along], _central(x, 2, along), _central(x, 4, along)

    def ratio(m: Array) -> Array:
        if bias or n <= 3:
            return m4 / m**2
        excess = (n**2 - 1.0) * m4 / m**2 - 3 * (n - 1) ** 2.0
        return 1.0 / (n - 2) / (n - 3) * excess + 3.0

    y = _unless_constant(m2, x, along, ratio)
    return _kept(y - 3.0 if fisher else y, a, axis, keepdims)


@drop_in(st.zscore)
def zscore(a: Any, axis: Any = 0, ddof: int = 0, nan_policy: str = "propagate") -> Any:
    return zmap(a, a, axis=axis, ddof=ddof, nan_policy=nan_policy)


@drop_in(st.zmap)
def zmap(
    scores: Any, compare: Any, axis: Any = 0, ddof: int = 0, nan_policy: str = "propagate"
) -> Any:
    x, _ = _sample(scores, 0, nan_policy)
    y, _ = _sample(compare, 0, nan_policy)
    mean = np.mean(y, axis=axis, keepdims=True)
    return (x - mean) / np.std(y, axis=axis, ddof=ddof, keepdims=True)


@drop_in(st.sem)
def sem(
    a: Any, axis: Any = 0, ddof: int = 1, nan_policy: str = "propagate", *, keepdims: bool = False
) -> Any:
    x, along = _sample(a, axis, nan_policy)
    y = np.std(x, axis=along, ddof=ddof) / math.sqrt(x.shape[along])
    return _kept(y, a, axis, keepdims)


@drop_in(st.variation)
def variation(
    a: Any, axis: Any = 0, nan_policy: str = "propagate", ddof: int = 0, *, keepdims: bool = False
) -> Any:
    x, along = _sample(a, axis, nan_policy)
    y = np.std(x, axis=along, ddof=ddof) / np.mean(x, axis=along)
    return _kept(y, a, axis, keepdims)


# -- means -----------------------------------------------------------------------------------------


def _mean(x: Array, axis: Any, weights: Any) -> Array:
    if weights is None:
        return np.mean(x, axis=axis)
    w = as_shaped(weights)
    if w.ndim == 1 and x.ndim > 1:
        w = np.reshape(w, tuple(-1 if k == axis % x.ndim else 1 for k in range(x.ndim)))
    w = np.broadcast_to(w, x.shape)
    return np.sum(w * x, axis=axis) / np.sum(w, axis=axis)


def _weighted(a: Any, axis: Any, dtype: Any, weights: Any, policy: Any) -> tuple[Array, Any, Any]:
    x, along = _sample(a, axis, policy)
    if axis is None and weights is not None:
        weights = np.reshape(as_shaped(weights), (-1,))
    return (x if dtype is None else x.astype(dtype)), along, weights


@drop_in(st.gmean)
def gmean(
    a: Any,
    axis: Any = 0,
    dtype: Any = None,
    weights: Any = None,
    *,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    x, along, w = _weighted(a, axis, dtype, weights, nan_policy)
    return _kept(np.exp(_mean(np.log(x), along, w)), a, axis, keepdims)


@drop_in(st.hmean)
def hmean(
    a: Any,
    axis: Any = 0,
    dtype: Any = None,
    *,
    weights: Any = None,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    x, along, w = _weighted(a, axis, dtype, weights, nan_policy)
    x = np.where(values(x) < 0, np.nan, x)
    return _kept(1.0 / _mean(1.0 / x, along, w), a, axis, keepdims)


@drop_in(st.pmean)
def pmean(
    a: Any,
    p: Any,
    *,
    axis: Any = 0,
    dtype: Any = None,
    weights: Any = None,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """Differentiable in the power too, which may be traced unless it is 0."""
    if np.any(every_value(p) == 0):
        if p is not values(p):
            unsupported("scipy.stats.pmean with a traced power of 0.", "use scipy.stats.gmean")
        return gmean(a, axis, dtype, weights, nan_policy=nan_policy, keepdims=keepdims)
    if not np.all(np.isfinite(every_value(p))):
        raise NotImplementedError("Power mean only implemented for finite `p`")
    x, along, w = _weighted(a, axis, dtype, weights, nan_policy)
    x = np.where(values(x) < 0, np.nan, x)
    return _kept(_mean(x**p, along, w) ** (1 / p), a, axis, keepdims)


# -- what is sorted --------------------------------------------------------------------------------


@drop_in(st.trim_mean)
def trim_mean(
    a: Any,
    proportiontocut: float,
    axis: Any = 0,
    *,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    x, along = _sample(a, axis, nan_policy)
    n = x.shape[along]
    cut = int(proportiontocut * n)
    if cut > n - cut:
        raise ValueError("Proportion too big.")
    x = np.moveaxis(np.sort(x, axis=along), along, 0)[cut : n - cut]
    return _kept(np.mean(x, axis=0), a, axis, keepdims)


@drop_in(st.iqr)
def iqr(
    x: Any,
    axis: Any = None,
    rng: Any = (25, 75),
    scale: Any = 1.0,
    nan_policy: str = "propagate",
    interpolation: str = "linear",
    keepdims: bool = False,
) -> Any:
    if isinstance(scale, str):
        if scale.lower() != "normal":
            raise ValueError(f"{scale} not a valid scale for `iqr`")
        scale = float(sc.ndtri(0.75) - sc.ndtri(0.25))
    if len(rng) != 2:
        raise TypeError("`rng` must be a two element sequence.")
    y, along = _sample(x, axis, nan_policy)
    low, high = np.quantile(y, np.sort(rng) / 100.0, axis=along, method=interpolation)
    return _kept((high - low) / scale, x, axis, keepdims)


# -- entropy, correlation, regression --------------------------------------------------------------


@drop_in(st.entropy)
def entropy(
    pk: Any,
    qk: Any = None,
    base: Any = None,
    axis: Any = 0,
    *,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """``-sum p log p`` of what is made to sum to 1; with `qk` ``sum p log(p / q)``."""
    if base is not None and base <= 0:
        raise ValueError("`base` must be a positive number or `None`.")
    p, along = _sample(pk, axis, nan_policy)
    p = p / np.sum(p, axis=along, keepdims=True)
    if qk is None:
        y = np.sum(sc.entr(p), axis=along)
    else:
        q, _ = _sample(qk, axis, nan_policy)
        y = np.sum(sc.rel_entr(p, q / np.sum(q, axis=along, keepdims=True)), axis=along)
    return _kept(y if base is None else y / np.log(base), pk, axis, keepdims)


def _ours(original: Any) -> Any:
    """A drop-in that records itself, not SciPy's call, whose result is no tree of arrays."""

    def declare(traced: Any) -> Any:
        @functools.wraps(original)
        def function(*args: Any, **kwargs: Any) -> Any:
            if RUNNING.get():
                args, kwargs = settled(args), {key: settled(x) for key, x in kwargs.items()}
            return (traced if any_traced(args, kwargs) else original)(*args, **kwargs)

        return function

    return declare


def _probability(t: Array, one: Any, alternative: str) -> Array:
    """Of a statistic at least as extreme as `t`, by its distribution function `one`."""
    if alternative == "less":
        return one(t)
    if alternative == "greater":
        return one(-t)
    if alternative != "two-sided":
        raise ValueError("`alternative` must be 'less', 'greater', or 'two-sided'.")
    return 2 * one(-np.abs(t))


@_ours(st.pearsonr)
def pearsonr(
    x: Any, y: Any, *, alternative: str = "two-sided", method: Any = None, axis: Any = 0
) -> Any:
    """``x' y / (|x'| |y'|)`` of the deviations from the means; the statistic and its probability."""
    if method is not None:
        unsupported("scipy.stats.pearsonr of traced samples with method.", "leave `method` out")
    x, along = _sample(x, axis)
    y, _ = _sample(y, axis)
    n = x.shape[along]
    if n != y.shape[along]:
        raise ValueError("`x` and `y` must have the same length along `axis`.")
    if n < 2:
        raise ValueError("`x` and `y` must have length at least 2.")
    x, y = np.broadcast_arrays(np.moveaxis(x, along, 0), np.moveaxis(y, along, 0))
    u, v = x - np.mean(x, axis=0), y - np.mean(y, axis=0)
    r = np.sum(u * v, axis=0) / np.sqrt(np.sum(u * u, axis=0) * np.sum(v * v, axis=0))
    beyond = np.abs(values(r)) > 1
    if np.any(every_value(beyond)):  # by rounding
        r = np.where(beyond, np.sign(values(r)), r)
    if n == 2:
        p = np.ones(np.shape(r))[()]
    else:
        half = n / 2 - 1
        p = _probability(r, lambda t: sc.betainc(half, half, 0.5 * (1 + t)), alternative)
    return PearsonRResult(statistic=r, pvalue=p, alternative=alternative, n=n, x=x, y=y, axis=0)


@_ours(st.linregress)
def linregress(
    x: Any,
    y: Any,
    alternative: str = "two-sided",
    *,
    axis: Any = 0,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """Of two vectors: slope, intercept, correlation, its probability, and standard errors."""
    x, _ = _sample(x, 0, nan_policy)
    y, _ = _sample(y, 0, nan_policy)
    if x.ndim != 1 or y.ndim != 1 or keepdims or axis not in (0, -1, None):
        unsupported("scipy.stats.linregress of traced arrays that are not vectors.", "use dr.vmap")
    n = len(x)
    if n != len(y):
        raise ValueError("all the input array dimensions must match exactly")
    if np.any(np.ptp(every_value(x), axis=-1) == 0):
        raise ValueError("Cannot calculate a linear regression if all x values are identical")
    mean, middle = np.mean(x), np.mean(y)
    u, v = x - mean, y - middle
    xx, xy, yy = np.mean(u * u), np.mean(u * v), np.mean(v * v)
    slope, r = xy / xx, xy / np.sqrt(xx * yy)
    if n == 2:
        flat = np.equal(values(y)[0], values(y)[1])
        p, error = np.where(flat, 1.0, 0.0), 0.0 * slope
    else:
        rest = np.mean((v - slope * u) ** 2)  # (1 - r**2) yy, with all digits
        t = slope * np.sqrt(xx * (n - 2) / rest)
        p = _probability(t, lambda t: sc.stdtr(n - 2.0, t), alternative)
        error = np.sqrt(rest / xx / (n - 2))
    return LinregressResult(
        slope=slope,
        intercept=middle - slope * mean,
        rvalue=r,
        pvalue=p,
        stderr=error,
        intercept_stderr=error * np.sqrt(xx + mean**2),
    )


FUNCTIONS: Table = table(
    moment, skew, kurtosis, zscore, zmap, sem, variation, gmean, hmean, pmean, trim_mean, iqr,
    entropy, pearsonr, linregress,
)  # fmt: skip
