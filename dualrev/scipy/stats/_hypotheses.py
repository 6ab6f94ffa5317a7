"""Student's tests and the analysis of variance, as compositions of NumPy's functions."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats as st

from ...primitive import Array
from ..mirror import Table, table, unsupported
from ._descriptive import _kept, _ours, _probability, _sample

TtestResult: Any = type(st.ttest_1samp([0.0, 1.0, 2.0], 0.0))
F_onewayResult: Any = type(st.f_oneway([0.0, 1.0], [1.0, 3.0]))
_SIGNS = {"less": -1, "two-sided": 0, "greater": 1}


def _student(estimate: Any, error: Any, df: Any, mean: Any, alternative: str, kept: Any) -> Any:
    """``t = (estimate - mean) / error``, with its probability in `df` degrees of freedom."""
    t = (estimate - mean) / error
    p = _probability(t, lambda t: sc.stdtr(df, t), alternative)
    return TtestResult(
        statistic=kept(t),
        pvalue=kept(p),
        df=kept(df),
        alternative=_SIGNS[alternative],
        standard_error=kept(error),
        estimate=kept(estimate),
        xp=np,
    )


@_ours(st.ttest_1samp)
def ttest_1samp(
    a: Any,
    popmean: Any,
    axis: Any = 0,
    nan_policy: str = "propagate",
    alternative: str = "two-sided",
    *,
    keepdims: bool = False,
) -> Any:
    x, along = _sample(a, axis, nan_policy)
    n = x.shape[along]
    mean = np.mean(x, axis=along)
    if np.ndim(popmean) and np.ndim(popmean) == x.ndim:
        popmean = np.squeeze(popmean, axis=along)
    error = np.sqrt(np.var(x, axis=along, ddof=1) / n)
    df = np.broadcast_to(n - 1.0, np.shape(mean))
    return _student(mean, error, df, popmean, alternative, lambda y: _kept(y, a, axis, keepdims))


@_ours(st.ttest_rel)
def ttest_rel(
    a: Any,
    b: Any,
    axis: Any = 0,
    nan_policy: str = "propagate",
    alternative: str = "two-sided",
    *,
    keepdims: bool = False,
) -> Any:
    x, along = _sample(a, axis, nan_policy)
    y, _ = _sample(b, axis, nan_policy)
    if x.shape[along] != y.shape[along]:
        raise ValueError("unequal length arrays")
    n, d = x.shape[along], x - y
    mean = np.mean(d, axis=along)
    error = np.sqrt(np.var(d, axis=along, ddof=1) / n)
    df = np.broadcast_to(n - 1.0, np.shape(mean))
    return _student(mean, error, df, 0.0, alternative, lambda v: _kept(v, a, axis, keepdims))


@_ours(st.ttest_ind)
def ttest_ind(
    a: Any,
    b: Any,
    *,
    axis: Any = 0,
    equal_var: bool = True,
    nan_policy: str = "propagate",
    alternative: str = "two-sided",
    trim: Any = 0,
    method: Any = None,
    keepdims: bool = False,
) -> Any:
    """Student's, or with ``equal_var=False`` Welch's, whose degrees of freedom depend on the samples."""
    if trim or method is not None:
        unsupported(
            "scipy.stats.ttest_ind of traced samples with trim or method.", "leave them out"
        )
    x, along = _sample(a, axis, nan_policy)
    y, _ = _sample(b, axis, nan_policy)
    n, m = x.shape[along], y.shape[along]
    u, v = np.var(x, axis=along, ddof=1), np.var(y, axis=along, ddof=1)
    if equal_var:
        error = np.sqrt(((n - 1) * u + (m - 1) * v) / (n + m - 2.0) * (1.0 / n + 1.0 / m))
        df: Any = np.broadcast_to(n + m - 2.0, np.shape(error))
    else:
        u, v = u / n, v / m
        error = np.sqrt(u + v)
        df = (u + v) ** 2 / (u**2 / (n - 1) + v**2 / (m - 1))
    gap = np.mean(x, axis=along) - np.mean(y, axis=along)
    return _student(gap, error, df, 0.0, alternative, lambda z: _kept(z, a, axis, keepdims))


@_ours(st.f_oneway)
def f_oneway(
    *samples: Any,
    axis: Any = 0,
    equal_var: bool = True,
    nan_policy: str = "propagate",
    keepdims: bool = False,
) -> Any:
    """The variance between samples over that within them."""
    if not equal_var or len(samples) < 2:
        unsupported(
            "scipy.stats.f_oneway of traced samples with equal_var=False, or of one sample.",
            "leave `equal_var` out",
        )
    parts = [_sample(x, axis, nan_policy)[0] for x in samples]
    along = 0 if axis is None else axis
    n, groups = sum(x.shape[along] for x in parts), len(parts)
    center = sum(np.sum(x, axis=along, keepdims=True) for x in parts) / n
    between: Array = sum(  # type: ignore[assignment]
        x.shape[along] * np.sum((np.mean(x, axis=along, keepdims=True) - center) ** 2, axis=along)
        for x in parts
    )
    within = sum(x.shape[along] * np.var(x, axis=along) for x in parts)
    f = between / (groups - 1.0) / (within / (n - groups))
    p = sc.fdtrc(groups - 1.0, n - groups + 0.0, f)
    first = samples[0]
    return F_onewayResult(_kept(f, first, axis, keepdims), _kept(p, first, axis, keepdims))


FUNCTIONS: Table = table(ttest_1samp, ttest_rel, ttest_ind, f_oneway)
