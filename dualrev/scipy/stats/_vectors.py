"""Distributions of vectors besides the normal one: Student's and Dirichlet's.

Densities are differentiable in the point and in all parameters.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats as st

from ...primitive import Array
from ...rules.factors import cholesky
from ...rules.solvers import solve_triangular
from ..mirror import Table, any_traced, every_value, no_rule, unsupported
from ._distribution import double
from ._multivariate import _parameters

_WITHOUT = "call it with its parameters: dist.logpdf(x, ...), which has derivatives"


def _t_logpdf(
    x: Any, loc: Any = None, shape: Any = 1, df: Any = 1, allow_singular: Any = False
) -> Array:
    """[Kotz & Nadarajah 2004, eq. 1.1]"""
    if allow_singular:
        unsupported(
            "scipy.stats.multivariate_t of traced arrays with allow_singular=True.",
            "leave it out: the shape has to be positive definite",
        )
    loc, shape = _parameters(loc, shape)
    n, x, df = len(loc), double(x), double(df)
    if np.any(np.isinf(every_value(df))):
        unsupported("scipy.stats.multivariate_t with df=inf.", "use multivariate_normal")
    if x.ndim == 0:
        x = np.reshape(x, (1, 1))
    elif x.ndim == 1:
        x = np.reshape(x, (-1, 1) if n == 1 else (1, -1))
    gap = x - loc
    factor = cholesky(shape, lower=True)
    rows = np.reshape(gap, (-1, n))
    z = solve_triangular(factor, rows.T, trans=0, lower=True, unit=False)
    squares = np.reshape(np.sum(z * z, axis=0), gap.shape[:-1])
    half = 0.5 * (df + n)
    norm = sc.gammaln(half) - sc.gammaln(0.5 * df) - 0.5 * n * (np.log(df) + math.log(math.pi))
    log_det = np.sum(np.log(np.diagonal(factor)))
    return np.squeeze(norm - log_det - half * np.log1p(squares / df))[()]


def _dirichlet_logpdf(x: Any, alpha: Any) -> Array:
    """``sum (a_k - 1) log x_k - log B(a)``. [Kotz, Balakrishnan & Johnson 2000, ch. 49]"""
    x, alpha = double(x), double(alpha)
    if np.min(every_value(alpha)) <= 0:
        raise ValueError("All parameters must be greater than 0")
    if alpha.ndim != 1:
        raise ValueError("Parameter vector 'a' must be one dimensional.")
    if x.shape[0] + 1 == alpha.shape[0]:
        x = np.concatenate([x, np.expand_dims(1.0 - np.sum(x, axis=0), 0)])
    if x.shape[0] != alpha.shape[0]:
        raise ValueError(f"x has {x.shape[0]} parts, and alpha has {alpha.shape[0]}.")
    if np.min(every_value(x)) < 0:
        raise ValueError("Each entry in 'x' must be greater than or equal zero.")
    if np.any(np.abs(every_value(np.sum(x, axis=0)) - 1.0) > 1e-9):
        raise ValueError("The input vector 'x' must lie within the normal simplex.")
    a = np.reshape(alpha, (-1,) + (1,) * (x.ndim - 1))
    norm = np.sum(sc.gammaln(alpha)) - sc.gammaln(np.sum(alpha))
    return np.squeeze(np.sum(sc.xlogy(a - 1.0, x), axis=0) - norm)[()]


_TABLE: dict[Any, tuple[dict[str, Any], tuple[str, ...]]] = {
    st.multivariate_t: ({"logpdf": _t_logpdf}, ("cdf", "entropy", "rvs", "marginal")),
    st.dirichlet: ({"logpdf": _dirichlet_logpdf}, ("mean", "var", "cov", "entropy", "rvs")),
}


def _mirrored(original: Any, formulas: dict[str, Any], refused: tuple[str, ...]) -> Any:
    """`original`, with logarithms of densities that take traced arguments, and the densities."""
    kind = type(original)
    name = str(kind.__name__).removesuffix("_gen")

    def evaluated(method: str, formula: Any, exponential: bool) -> Any:
        def call(self: Any, *args: Any, **kwds: Any) -> Any:
            if not any_traced(args, kwds):
                return getattr(super(cls, self), method)(*args, **kwds)
            value = formula(*args, **kwds)
            return np.exp(value) if exponential else value

        return call

    def refusing(method: str) -> Any:
        def call(self: Any, *args: Any, **kwds: Any) -> Any:
            if any_traced(args, kwds):
                no_rule(f"scipy.stats.{name}.{method}".replace(".__call__", ", frozen,"), _WITHOUT)
            return getattr(super(cls, self), method)(*args, **kwds)

        return call

    body = {m: refusing(m) for m in (*refused, "__call__") if hasattr(kind, m)}
    for m, formula in formulas.items():
        body[m] = evaluated(m, formula, False)
        body[m.removeprefix("log")] = evaluated(m.removeprefix("log"), formula, True)
    cls: Any = type(kind.__name__, (kind,), body)
    ours = object.__new__(cls)
    ours.__dict__.update(original.__dict__)
    return ours


FUNCTIONS: Table = {
    original: _mirrored(original, formulas, refused)
    for original, (formulas, refused) in _TABLE.items()
}
