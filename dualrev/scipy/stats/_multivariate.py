"""The multivariate normal distribution, in point, mean and covariance."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.stats as st

from ...fronts.keywords import plain
from ...fronts.packing import holds_tracers
from ...primitive import Array
from ...rules.factors import cholesky
from ...rules.solvers import solve_triangular
from ..mirror import Table, any_traced, no_rule, unsupported
from ._distribution import double

LOG_TWO_PI = math.log(2 * math.pi)
_WITHOUT = "write the formula with NumPy, or say dr.stop_gradient(x) if a constant is meant"


def _parameters(mean: Any, cov: Any) -> tuple[Array, Array]:
    """Mean and covariance as SciPy completes them: a number or a vector is a diagonal."""
    if isinstance(cov, st.Covariance):
        unsupported(
            "scipy.stats.multivariate_normal of traced arrays with a Covariance object.",
            "give the matrix: cov.covariance",
        )
    cov = double(1.0 if cov is None else cov)
    mean = None if mean is None else double(mean)
    if mean is None:
        n = cov.shape[0] if cov.ndim > 1 else 1
        mean = np.zeros(n)
    n = mean.shape[0] if mean.ndim else 1
    if mean.ndim > 1:
        raise ValueError(f"Array 'mean' must be a vector of length {n}.")
    if cov.ndim == 0:
        cov = cov * np.eye(n)
    elif cov.ndim == 1:
        cov = cov[:, None] * np.eye(cov.shape[0])
    if cov.shape != (n, n):
        raise ValueError(f"Array 'cov' must be square of size {n}, it has shape {cov.shape}.")
    return np.reshape(mean, (n,)), cov


def _logpdf(x: Any, mean: Any, cov: Any, allow_singular: Any) -> Array:
    """``-(n log 2 pi + log det C + |L^-1 (x - m)|^2) / 2`` with ``C = L L^T``. [Murray 2016, sec. 1]"""
    if allow_singular:
        unsupported(
            "scipy.stats.multivariate_normal of traced arrays with allow_singular=True.",
            "leave it out: the covariance has to be positive definite",
        )
    mean, cov = _parameters(mean, cov)
    n = len(mean)
    x = double(x)
    if x.ndim == 0:
        x = np.reshape(x, (1, 1))
    elif x.ndim == 1:
        x = np.reshape(x, (-1, 1) if n == 1 else (1, -1))
    gap = x - mean
    rows = np.reshape(gap, (-1, n))
    factor = cholesky(cov, lower=True)
    z = solve_triangular(factor, rows.T, trans=0, lower=True, unit=False)
    squares = np.reshape(np.sum(z * z, axis=0), gap.shape[:-1])
    log_det = 2 * np.sum(np.log(np.diagonal(factor)))
    y = -0.5 * (n * LOG_TWO_PI + log_det + squares)
    return np.squeeze(y)[()]


_Normal: Any = type(st.multivariate_normal)
_Frozen: Any = type(st.multivariate_normal())


class Normal(_Normal):
    """SciPy's `multivariate_normal`, which takes traced arguments too."""

    def __call__(
        self,
        mean: Any = None,
        cov: Any = 1,
        allow_singular: bool = False,
        seed: Any = None,
        **rest: Any,
    ) -> Any:
        return Frozen(mean, cov, allow_singular=allow_singular, seed=seed, **rest)

    def logpdf(self, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
        if any_traced((x, mean, cov), {}):
            return _logpdf(x, mean, cov, allow_singular)
        return super().logpdf(x, mean, cov, allow_singular)

    def pdf(self, x: Any, mean: Any = None, cov: Any = 1, allow_singular: bool = False) -> Any:
        if any_traced((x, mean, cov), {}):
            return np.exp(_logpdf(x, mean, cov, allow_singular))
        return super().pdf(x, mean, cov, allow_singular)


class Frozen(_Frozen):
    """SciPy's frozen distribution, whose point or parameters may be traced."""

    def __init__(self, mean: Any = None, cov: Any = 1, **rest: Any) -> None:
        self._from_user = mean, cov, rest.get("allow_singular", False)
        self._traced = any_traced((mean, cov), {})
        super().__init__(*(plain(mean), plain(cov)) if self._traced else (mean, cov), **rest)
        if self._traced:
            self.mean: Any = _parameters(mean, cov)[0]

    @property
    def cov(self) -> Any:
        return _parameters(*self._from_user[:2])[1] if self._traced else self.cov_object.covariance

    def logpdf(self, x: Any) -> Any:
        if self._traced or holds_tracers(x):
            return _logpdf(x, *self._from_user)
        return super().logpdf(x)

    def pdf(self, x: Any) -> Any:
        if self._traced or holds_tracers(x):
            return np.exp(_logpdf(x, *self._from_user))
        return super().pdf(x)


def _refused(cls: Any, base: Any, name: str) -> Any:
    def method(self: Any, *args: Any, **kwds: Any) -> Any:
        if getattr(self, "_traced", False) or any_traced(args, kwds):
            no_rule(f"scipy.stats.multivariate_normal.{name}", _WITHOUT)
        return getattr(super(cls, self), name)(*args, **kwds)

    method.__name__ = name
    return method


for _class, _base in ((Normal, _Normal), (Frozen, _Frozen)):
    for _name in ("cdf", "logcdf", "rvs", "entropy", "fit", "marginal"):
        if hasattr(_base, _name):
            setattr(_class, _name, _refused(_class, _base, _name))


def _normal() -> Any:
    ours = object.__new__(Normal)
    ours.__dict__.update(st.multivariate_normal.__dict__)
    return ours


FUNCTIONS: Table = {st.multivariate_normal: _normal()}
