"""Polynomials, by coefficients with the highest power first, as NumPy's functions have them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Array
from .forms import general
from .joining import concatenate, stack

# -- values -----------------------------------------------------------------------------


def _powers(x: Array, n: int) -> Array:
    return np.vander(x, n, increasing=True)


@general(_powers)
def powers(y: Array, x: Array, n: int) -> Any:
    """``y_ik = x_i^k`` for ``k < n``: ``dy_ik = k x_i^(k-1) dx_i``."""
    slopes = np.zeros(y.shape, y.dtype)
    if n > 1:
        factors = np.arange(1, n).astype(y.dtype)
        rest = factors * powers(x, n=n - 1)
        slopes = concatenate(slopes[:, :1], rest, axis=1)
    return lambda dx: slopes * dx[:, None], lambda ct: (ct * slopes).sum(axis=1)


def _polynomial(p: Array, x: Array) -> Array:
    return np.polyval(p, x)


@general(_polynomial, name="polyval")
def polynomial(y: Array, p: Array, x: Array) -> Any:
    """``y = sum_k p_k x^(n-1-k)``: ``dy = dp(x) + p'(x) dx``."""
    n = len(p)
    slope = polynomial(p[:-1] * np.arange(n - 1, 0, -1).astype(p.dtype), x) if n > 1 else 0 * x

    def push(dp: Array, dx: Array) -> Array:
        return polynomial(dp, x) + slope * dx

    def pull(ct: Array) -> tuple[Any, ...]:
        return lambda: ct.reshape(-1) @ powers(x.reshape(-1), n=n)[:, ::-1], lambda: ct * slope

    return push, pull


# -- roots ------------------------------------------------------------------------------


def _roots(p: Array) -> Array:
    return np.roots(p)


@general(_roots)
def roots(y: Array, p: Array) -> Any:
    """``p(y) = 0``: ``dy = -dp(y) / p'(y)``; infinite at a repeated root.

    Also for leading and trailing zeros of `p`, which NumPy strips: a root at infinity
    does not count, one at zero does.
    """
    n = len(p)
    weights = -1 / polynomial(p[:-1] * np.arange(n - 1, 0, -1).astype(p.dtype), y)

    def push(dp: Array) -> Array:
        return weights * polynomial(dp, y)

    def pull(ct: Array) -> Array:
        return (ct * weights) @ powers(y, n=n)[:, ::-1]

    return push, pull


def _characteristic(a: Array) -> Array:
    return np.poly(a)


@general(_characteristic, name="poly")
def characteristic(y: Array, a: Array) -> Any:
    """``sum_k y_k t^(n-k) = det(t I - a)``: ``dy_k = -tr(B_k da)``.

    The ``B_k`` are the coefficients of ``adj(t I - a)``: ``B_1 = I``,
    ``B_(k+1) = a B_k + y_k I``. So repeated eigenvalues need no care.
    [Gantmacher 1959, IV.5]
    """
    eye = np.eye(len(a), dtype=a.dtype)
    factor, factors = eye, [eye]
    for k in range(1, len(a)):
        factor = a @ factor + y[k] * eye
        factors.append(factor)
    adjugate = stack(*factors, axis=0)

    def push(da: Array) -> Array:
        dy = -np.einsum("kij,ji->k", adjugate, da)
        return concatenate(np.zeros(1, dy.dtype), dy, axis=0)

    def pull(ct: Array) -> Array:
        return -np.einsum("k,kij->ji", ct[1:], adjugate)

    return push, pull
