"""`scipy.stats.gaussian_kde`, a density from a sample: in points, data, weights and a bandwidth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.stats as st

from ...fronts.packing import holds_tracers
from ...primitive import Array
from ...rules.factors import cholesky
from ...rules.solvers import solve_triangular
from ..mirror import Table, any_traced, no_rule, unsupported
from ..special import logsumexp
from ._distribution import double

_INSTEAD = "evaluate it: kde(points) and kde.logpdf(points) have derivatives"


class gaussian_kde(st.gaussian_kde):  # type: ignore[misc]
    """SciPy's `gaussian_kde`, whose data, weights, bandwidth or points may be traced."""

    def __init__(self, dataset: Any, bw_method: Any = None, weights: Any = None) -> None:
        self._from_user = dataset, bw_method, weights
        self._traced = any_traced((dataset, bw_method, weights), {})
        if not self._traced:
            super().__init__(dataset, bw_method, weights)
            return
        if callable(bw_method):
            unsupported(
                "scipy.stats.gaussian_kde of traced data with a function for its bandwidth.",
                "give the factor: bw_method=number",
            )
        if isinstance(bw_method, str) and bw_method not in ("scott", "silverman"):
            raise ValueError("`bw_method` should be 'scott', 'silverman', a scalar or a callable.")
        self.dataset = _rows(dataset)
        self.d, self.n = self.dataset.shape
        if self.dataset.size <= 1:
            raise ValueError("`dataset` input should have multiple elements.")
        if self.d > self.n:
            raise ValueError("Number of dimensions is greater than number of samples.")
        if weights is not None and np.shape(weights) != (self.n,):
            raise ValueError("`weights` input should be of length n")

    def _parts(self) -> tuple[Array, Array, Array]:
        """The data, their weights, and the factor of the covariance of the kernel."""
        dataset, method, weights = self._from_user
        data = _rows(dataset)
        d, n = data.shape
        w = np.full(n, 1 / n) if weights is None else double(weights)
        w = w / np.sum(w)
        squares = np.sum(w * w)
        if method is None or (isinstance(method, str) and method == "scott"):
            factor = squares ** (1 / (d + 4))
        elif isinstance(method, str):
            factor = ((d + 2) / (4 * squares)) ** (-1 / (d + 4))
        else:
            factor = double(self.factor if callable(method) else method)
        gap = data - np.expand_dims(np.sum(w * data, axis=1), 1)
        covariance = (w * gap) @ gap.T / (1 - squares)
        return data, w, cholesky(covariance, lower=True) * factor

    def logpdf(self, x: Any) -> Any:
        if not self._traced and not holds_tracers(x):
            return super().logpdf(x)
        data, w, factor = self._parts()
        points = _rows(x)
        d, n = data.shape
        if points.shape[0] != d:
            if points.shape != (1, d):
                raise ValueError(
                    f"points have dimension {points.shape[0]}, dataset has dimension {d}"
                )
            points = np.reshape(points, (d, 1))
        m = points.shape[1]
        gap = np.expand_dims(points, 2) - np.expand_dims(data, 1)
        rows = np.reshape(gap, (d, m * n))
        z = solve_triangular(factor, rows, trans=0, lower=True, unit=False)
        squares = np.reshape(np.sum(z * z, axis=0), (m, n))
        norm = np.sum(np.log(np.diagonal(factor))) + 0.5 * d * math.log(2 * math.pi)
        return logsumexp(-0.5 * squares, axis=1, b=w) - norm

    def evaluate(self, points: Any) -> Any:
        if not self._traced and not holds_tracers(points):
            return super().evaluate(points)
        return np.exp(self.logpdf(points))

    __call__ = evaluate

    def pdf(self, x: Any) -> Any:
        return self.evaluate(x)


def _rows(x: Any) -> Array:
    x = double(x)
    return np.reshape(x, (1, -1)) if x.ndim < 2 else x


def _refused(name: str) -> Any:
    def method(self: Any, *args: Any, **kwds: Any) -> Any:
        if self._traced or any_traced(args, kwds):
            no_rule(f"scipy.stats.gaussian_kde.{name}", _INSTEAD)
        return getattr(super(gaussian_kde, self), name)(*args, **kwds)

    method.__name__ = name
    return method


for _name in (
    "integrate_gaussian", "integrate_box_1d", "integrate_box", "integrate_kde", "resample", "marginal",
):  # fmt: skip
    setattr(gaussian_kde, _name, _refused(_name))


FUNCTIONS: Table = {st.gaussian_kde: gaussian_kde}
