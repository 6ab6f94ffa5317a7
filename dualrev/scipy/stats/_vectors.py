"""Distributions of vectors and matrices besides the normal one: Student's, Dirichlet's, Wishart's,
and the multinomial one.

Densities are differentiable in the point and in all parameters.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc
import scipy.stats as st

from ...fronts.keywords import as_shaped, values
from ...fronts.packing import holds_tracers
from ...primitive import Array
from ...rules.factors import cholesky
from ...rules.solvers import solve_triangular
from ..mirror import Table, any_traced, every_value, no_rule, unsupported
from ._derived import LOG_2, select
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
    if np.any(every_value(alpha) <= 0):
        raise ValueError("All parameters must be greater than 0")
    if alpha.ndim != 1:
        raise ValueError("Parameter vector 'a' must be one dimensional.")
    if x.shape[0] + 1 == alpha.shape[0]:
        x = np.concatenate([x, np.expand_dims(1.0 - np.sum(x, axis=0), 0)])
    if x.shape[0] != alpha.shape[0]:
        raise ValueError(f"x has {x.shape[0]} parts, and alpha has {alpha.shape[0]}.")
    if np.any(every_value(x) < 0):
        raise ValueError("Each entry in 'x' must be greater than or equal zero.")
    if np.any(np.abs(every_value(np.sum(x, axis=0)) - 1.0) > 1e-9):
        raise ValueError("The input vector 'x' must lie within the normal simplex.")
    a = np.reshape(alpha, (-1,) + (1,) * (x.ndim - 1))
    norm = np.sum(sc.gammaln(alpha)) - sc.gammaln(np.sum(alpha))
    return np.squeeze(np.sum(sc.xlogy(a - 1.0, x), axis=0) - norm)[()]


# -- matrices and counts -----------------------------------------------------------------------------


def _square(value: Any, what: str) -> Array:
    """A matrix; a number is one of one row, and a vector a diagonal."""
    value = double(1.0 if value is None else value)
    if value.ndim == 0:
        return np.reshape(value, (1, 1))
    if value.ndim == 1:
        return value[:, None] * np.eye(len(value))
    if value.ndim > 2 or value.shape[0] != value.shape[1]:
        raise ValueError(f"Array '{what}' must be square if it is two dimensional.")
    return value


def _wishart_parts(x: Any, df: Any, scale: Any) -> tuple[Array, Array, Array, int]:
    """The points, along a first axis, degrees of freedom, scale, and the dimension."""
    scale = _square(scale, "scale")
    n = len(scale)
    df = double(n if df is None else df)
    if df.ndim:
        raise ValueError("Degrees of freedom must be a scalar.")
    if np.any(every_value(df) <= n - 1):
        raise ValueError(
            "Degrees of freedom must be greater than the dimension of scale matrix minus 1."
        )
    x = double(x)
    if x.ndim == 0:
        x = x * np.eye(n)
    elif x.ndim == 1:
        x = np.reshape(x, (1, 1, -1)) if n == 1 else x[:, None] * np.eye(len(x))
    if x.ndim > 3 or x.shape[:2] != (n, n):
        raise ValueError(
            f"Quantiles have incompatible dimensions: should be {(n, n)}, got {x.shape[:2]}."
        )
    return (np.moveaxis(x, -1, 0) if x.ndim == 3 else x), df, scale, n


def _log_det(a: Array) -> Array:
    sign, value = np.linalg.slogdet(a)
    if np.any(every_value(sign) <= 0):
        raise np.linalg.LinAlgError("a matrix is not positive definite")
    return value


def _wishart_logpdf(x: Any, df: Any, scale: Any) -> Array:
    """[Kotz, Balakrishnan & Johnson 2000, ch. 49]"""
    x, df, scale, n = _wishart_parts(x, df, scale)
    trace = np.trace(np.linalg.solve(scale, x), axis1=-2, axis2=-1)
    norm = 0.5 * df * n * LOG_2 + 0.5 * df * _log_det(scale) + _log_multigamma(0.5 * df, n)
    return np.squeeze(0.5 * (df - n - 1) * _log_det(x) - 0.5 * trace - norm)[()]


def _invwishart_logpdf(x: Any, df: Any, scale: Any) -> Array:
    """The density of the inverse of a matrix of Wishart's distribution."""
    x, df, scale, n = _wishart_parts(x, df, scale)
    trace = np.trace(np.linalg.solve(x, scale), axis1=-2, axis2=-1)
    norm = 0.5 * df * n * LOG_2 - 0.5 * df * _log_det(scale) + _log_multigamma(0.5 * df, n)
    return np.squeeze(-0.5 * (df + n + 1) * _log_det(x) - 0.5 * trace - norm)[()]


def _log_multigamma(a: Array, n: int) -> Array:
    """``log(pi) n (n - 1) / 4 + sum_j log Gamma(a - j / 2)``. [DLMF 35.3.4]"""
    return n * (n - 1) / 4 * math.log(math.pi) + np.sum(sc.gammaln(a - 0.5 * np.arange(n)))


def _multinomial_logpmf(x: Any, n: Any, p: Any) -> Array:
    """``log n! + sum (x_k log p_k - log x_k!)``. As in SciPy the last probability is what the others
    leave where they do not sum to 1; the number and the counts are constant."""
    if any(holds_tracers(v) and values(v) is not v for v in (x, n)):
        no_rule(
            "scipy.stats.multinomial in its counts",
            "counts are integers: keep them constant, or say dr.stop_gradient(x)",
        )
    x, n, p = as_shaped(values(x)), as_shaped(values(n)), double(p)
    if x.ndim == 0:
        raise ValueError("x must be an array.")
    if x.shape[-1] != p.shape[-1]:
        raise ValueError(
            f"Size of each quantile should be size of p: received {x.shape[-1]}, but expected "
            f"{p.shape[-1]}."
        )
    gap = 1.0 - np.sum(p, axis=-1, keepdims=True)
    off = np.abs(values(gap)) > 10 * np.finfo(float).eps
    if np.any(every_value(off)):
        last = p[..., -1:] + np.where(off, gap, 0.0)
        p = np.concatenate([p[..., :-1], last], axis=-1)
    inside = np.all((x >= 0) & (np.floor(x) == x), axis=-1) & (np.sum(x, axis=-1) == n)
    valid = np.all((values(p) >= 0) & (values(p) <= 1), axis=-1) & (n >= 0)
    k = np.where(np.expand_dims(inside, -1), x, 0)
    safe = p if np.all(every_value(valid)) else np.where(np.expand_dims(valid, -1), p, 0.5)
    terms = np.sum(sc.xlogy(k, safe) - sc.gammaln(k + 1.0), axis=-1)
    value = select(inside, terms + sc.gammaln(np.where(n >= 0, n, 0) + 1.0), -np.inf)
    return select(valid, value, np.nan)[()]


_TABLE: dict[Any, tuple[dict[str, Any], tuple[str, ...]]] = {
    st.multivariate_t: ({"logpdf": _t_logpdf}, ("cdf", "entropy", "rvs", "marginal")),
    st.dirichlet: ({"logpdf": _dirichlet_logpdf}, ("mean", "var", "cov", "entropy", "rvs")),
    st.wishart: ({"logpdf": _wishart_logpdf}, ("mean", "mode", "var", "entropy", "rvs")),
    st.invwishart: ({"logpdf": _invwishart_logpdf}, ("mean", "mode", "var", "entropy", "rvs")),
    st.multinomial: ({"logpmf": _multinomial_logpmf}, ("cov", "entropy", "rvs")),
}


class Frozen:
    """A distribution with parameters of which some are traced; the densities only."""

    def __init__(
        self, dist: Any, name: str, formulas: dict[str, Any], args: Any, kwds: Any
    ) -> None:
        self._dist, self._name, self._formulas = dist, name, formulas
        self._args, self._kwds = args, kwds

    def __getattr__(self, method: str) -> Any:
        if method.startswith("__"):
            raise AttributeError(method)
        if method not in self._formulas and f"log{method}" not in self._formulas:
            no_rule(f"scipy.stats.{self._name}.{method} with traced parameters", _WITHOUT)
        call = getattr(self._dist, method)
        return lambda x: call(x, *self._args, **self._kwds)


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
                no_rule(f"scipy.stats.{name}.{method}", _WITHOUT)
            return getattr(super(cls, self), method)(*args, **kwds)

        return call

    densities = {*formulas, *[m.removeprefix("log") for m in formulas]}

    def at_traced_points(self: Any, scipys: Any, method: str, args: Any, kwds: Any) -> Any:
        def call(x: Any) -> Any:
            if any_traced((x,), {}):
                return getattr(self, method)(x, *args, **kwds)
            return scipys(x)

        return call

    def frozen(self: Any, *args: Any, **kwds: Any) -> Any:
        if not any_traced(args, kwds):
            made = super(cls, self).__call__(*args, **kwds)
            for m in body:  # SciPy's object, whose densities take traced points too
                if m in densities:
                    setattr(made, m, at_traced_points(self, getattr(made, m), m, args, kwds))
            return made
        return Frozen(self, name, formulas, args, kwds)

    body = {m: refusing(m) for m in refused if hasattr(kind, m)}
    body["__call__"] = frozen
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
