"""``(exp(x) - 1) / x`` and ``log(1 + x) / x``, with all their derivatives, also at 0."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy.special as sc

from .forms import Elementwise, elementwise


@functools.cache
def exprel_derivative(order: int) -> Elementwise:
    """The derivative of `order` of ``(exp(x) - 1) / x``, as a primitive."""
    return elementwise(
        sc.exprel if order == 0 else lambda x: _exprel(x, order),
        lambda x: exprel_derivative(order + 1)(x),
        name="exprel" if order == 0 else f"exprel, derivative {order}",
    )


def _exprel(x: Any, order: int) -> Any:
    """``E_k``, the k-th derivative of ``E_0 = (exp(x) - 1) / x``: ``x E_k + k E_(k-1) = exp(x)``.

    For small ``x``, where that cancels, the series: ``x**n / (n! (n + k + 1))``.
    """
    near = np.abs(x) < 1 + 0.5 * order
    v = np.where(near, 2 + order, x)
    far, e = sc.exprel(v), np.exp(v)
    for k in range(1, order + 1):
        far = (e - k * far) / v
    w = np.where(near, x, 0)
    series = 0 * w
    for n in range(18 + 2 * order, -1, -1):
        series = series * w + 1 / (math.factorial(n) * (n + order + 1))
    return np.where(near, series, far)[()]


@functools.cache
def log1prel_derivative(order: int) -> Elementwise:
    """The derivative of `order` of ``log(1 + x) / x``, as a primitive."""
    return elementwise(
        lambda x: _log1prel(x, order),
        lambda x: log1prel_derivative(order + 1)(x),
        name=f"log1p(x)/x, derivative {order}",
        singular=True,
    )


def _log1prel(x: Any, order: int) -> Any:
    """``L_k`` of ``L_0 = log(1 + x) / x``: ``x L_k + k L_(k-1) = (-1)**(k-1) (k-1)! / (1 + x)**k``.

    For small ``x``, where that cancels, the series of ``L_0``, differentiated term by term.
    """
    near = np.abs(x) < 0.3
    v = np.where(near, 1, x)
    far = np.log1p(v) / v
    for k in range(1, order + 1):
        far = ((-1) ** (k - 1) * math.factorial(k - 1) / (1 + v) ** k - k * far) / v
    w = np.where(near, x, 0)
    series = 0 * w
    for n in range(34 + 3 * order, order - 1, -1):
        series = series * w + (-1) ** n * math.perm(n, order) / (n + 1)
    return np.where(near, series, far)[()]
