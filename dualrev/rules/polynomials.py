"""Polynomials, by coefficients with the highest power first, as NumPy's functions have them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitive import Array
from .forms import general
from .forms.batching import full, stacked
from .joining import concatenate, stack

# -- values -----------------------------------------------------------------------------


def _powers(x: Array, n: int) -> Array:
    return np.vander(x, n, increasing=True)


def _batch_powers(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    (x,), n = args, params["n"]
    return powers(x.reshape(size * x.shape[1]), n=n).reshape(size, x.shape[1], n)


@general(_powers, batch=_batch_powers)
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


def _horner(p: Array, x: Array) -> Array:
    """The same for many polynomials, whose coefficients lie along the last axis of `p`: each at
    its row of `x`, or at the elements that broadcast with it."""
    y = 0 * x
    for k in range(p.shape[-1]):
        y = y * x + p[..., k : k + 1]
    return y


def _batch_polynomial(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    p, x = args
    if not batched[0]:
        return polynomial(p, x)
    x = full(x, batched[1], size)
    return _horner(p, x.reshape(size, math.prod(x.shape[1:]))).reshape(x.shape)


@general(_polynomial, name="polyval", batch=_batch_polynomial)
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
    if p.ndim == 1:
        return np.roots(p)
    n = p.shape[-1]
    flat = p.reshape(-1, n)
    places = np.flatnonzero((flat != 0).any(axis=0))
    if len(flat) == 0:
        return np.zeros((*p.shape[:-1], max(n - 1, 0)), p.dtype)
    if len(places) == 0:  # as in `np.roots`
        return np.zeros((*p.shape[:-1], 0))
    first, last = int(places[0]), int(places[-1])
    if not (flat[:, [first, last]] != 0).all():
        roots.refuse_batch(
            " where the number of leading or trailing zeros differs among the examples"
        )
    degree = last - first
    companion = np.zeros((len(flat), degree, degree), p.dtype)
    companion[:, range(1, degree), range(degree - 1)] = 1
    companion[:, :1] = -flat[:, None, first + 1 : last + 1] / flat[:, None, first : first + 1]
    found = np.linalg.eigvals(companion)
    zeros = np.zeros((len(flat), n - 1 - last), found.dtype)
    return np.concatenate([found, zeros], axis=1).reshape(*p.shape[:-1], n - 1 - first)


@general(_roots, batch=stacked)
def roots(y: Array, p: Array) -> Any:
    """``p(y) = 0``: ``dy = -dp(y) / p'(y)``; infinite at a repeated root.

    Also for leading and trailing zeros of `p`, which NumPy strips: a root at infinity
    does not count, one at zero does. Of a stack of polynomials, in the last axis.
    """
    n = p.shape[-1]
    value = polynomial if p.ndim == 1 else _horner
    weights = -1 / value(p[..., :-1] * np.arange(n - 1, 0, -1).astype(p.dtype), y)

    def push(dp: Array) -> Array:
        return weights * value(dp, y)

    def pull(ct: Array) -> Array:
        if p.ndim == 1:
            return (ct * weights) @ powers(y, n=n)[:, ::-1]
        table = powers(y.reshape(-1), n=n).reshape(*y.shape, n)[..., ::-1]
        return ((ct * weights)[..., None, :] @ table)[..., 0, :]

    return push, pull


def _characteristic(a: Array) -> Array:
    if a.ndim == 2:
        return np.poly(a)
    zeros = np.linalg.eigvals(a)
    y = np.ones((*zeros.shape[:-1], 1), a.dtype)
    for k in range(zeros.shape[-1]):
        y = np.pad(y, [(0, 0)] * (y.ndim - 1) + [(0, 1)])
        y = y - zeros[..., k : k + 1] * np.roll(y, 1, axis=-1)
    if a.dtype.kind != "c":
        return y.real
    paired = np.sort(zeros) == np.sort(np.conjugate(zeros))
    return y.real if paired.size and paired.all() else y  # as in `np.poly`


@general(_characteristic, name="poly", batch=stacked)
def characteristic(y: Array, a: Array) -> Any:
    """``sum_k y_k t^(n-k) = det(t I - a)``: ``dy_k = -tr(B_k da)``.

    The ``B_k`` are the coefficients of ``adj(t I - a)``: ``B_1 = I``,
    ``B_(k+1) = a B_k + y_k I``. So repeated eigenvalues need no care.
    [Gantmacher 1959, IV.5]
    """
    n = a.shape[-1]
    eye = np.eye(n, dtype=a.dtype)
    factor = np.broadcast_to(eye, a.shape)
    factors = [factor]
    for k in range(1, n):
        factor = a @ factor + y[..., k, None, None] * eye
        factors.append(factor)
    adjugate = stack(*factors, axis=-3)

    def push(da: Array) -> Array:
        dy = -np.einsum("...kij,...ji->...k", adjugate, da)
        return concatenate(np.zeros((*dy.shape[:-1], 1), dy.dtype), dy, axis=-1)

    def pull(ct: Array) -> Array:
        return -np.einsum("...k,...kij->...ji", ct[..., 1:], adjugate)

    return push, pull
