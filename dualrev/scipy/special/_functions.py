"""Functions of `scipy.special` that are written in Python, for traced arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc

from ...fronts.keywords import as_shaped, normal_axes, values
from ...fronts.packing import holds_tracers
from ...primitive import Array
from ...rules import special as sp
from ..mirror import Function, Table, drop_in, every_value, no_rule, table, unsupported

# -- sums of exponentials -------------------------------------------------------------------


def _floating(x: Any) -> Array:
    x = as_shaped(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


@drop_in(sc.logsumexp)
def logsumexp(
    a: Any, axis: Any = None, b: Any = None, keepdims: bool = False, return_sign: bool = False
) -> Any:
    a = _floating(a)
    axes = normal_axes(axis, a.ndim)
    if not axes:  # a 0-d array
        a = np.reshape(a, (1,))
        axes, flat = (0,), True
    else:
        flat = False
    if b is None:
        weights, given = np.ones((), a.dtype)[()], False
    else:
        weights, given = _floating(b), True
        shape = np.broadcast_shapes(a.shape, weights.shape)
        if len(shape) > a.ndim:
            axes = normal_axes(axis, len(shape))
        a, weights = np.broadcast_to(a, shape), np.broadcast_to(weights, shape)
        if np.result_type(a.dtype, weights.dtype).kind == "c":
            kind = np.result_type(a.dtype, weights.dtype)
            a, weights = a.astype(kind), weights.astype(kind)
    if a.dtype.kind == "c" and not return_sign:
        y, sign = sp.logsumexp(a, weights, axis=axes)
        y = y + 1j * np.angle(sign)
    else:
        y, sign = sp.logsumexp(a, weights, axis=axes)
        if given and not return_sign:
            y = np.where(values(sign) < 0, np.nan, y)
    if flat:
        y, sign = (np.reshape(v, ()) for v in (y, sign))
    elif not keepdims:
        y, sign = np.squeeze(y, axis=axes), np.squeeze(sign, axis=axes)
    return (y, sign) if return_sign else y


@drop_in(sc.softmax)
def softmax(x: Any, axis: Any = None) -> Any:
    x = _floating(x)
    return sp.softmax(x, axis=normal_axes(axis, x.ndim))


@drop_in(sc.log_softmax)
def log_softmax(x: Any, axis: Any = None) -> Any:
    x = _floating(x)
    return sp.log_softmax(x, axis=normal_axes(axis, x.ndim))


# -- the gamma function ---------------------------------------------------------------------


@drop_in(sc.polygamma)
def polygamma(n: Any, x: Any) -> Any:
    """Differentiable in `x`."""
    return sp.polygamma(as_shaped(n), _floating(x))


@drop_in(sc.multigammaln)
def multigammaln(a: Any, d: Any) -> Any:
    """``log(pi) d (d - 1) / 4 + sum_j log Gamma(a - (j - 1) / 2)``. [DLMF 35.3.4]"""
    a = _floating(a)
    if not np.isscalar(d) or math.floor(d) != d:
        raise ValueError("d should be a positive integer (dimension)")
    if np.any(every_value(a) <= 0.5 * (d - 1)):
        raise ValueError(f"condition a ({every_value(a)}) > 0.5 * (d-1) ({0.5 * (d - 1)}) not met")
    shifts = np.arange(int(d)) / 2
    logs = sc.gammaln(np.expand_dims(a, 0) - np.reshape(shifts, (-1, *(1,) * a.ndim)))
    return np.sum(logs, axis=0) + d * (d - 1) * 0.25 * math.log(math.pi)


def _exact(name: str, exact: Any) -> None:
    if exact:
        unsupported(
            f"scipy.special.{name} of a traced value with exact=True is an integer.",
            "leave out `exact`",
        )


@drop_in(sc.comb)
def comb(N: Any, k: Any, *, exact: bool = False, repetition: bool = False) -> Any:
    _exact("comb", exact)
    N, k = as_shaped(N), as_shaped(k)
    if repetition:
        N = N + k - 1
    counted = (values(k) <= values(N)) & (values(N) >= 0) & (values(k) >= 0)
    return np.where(counted, sc.binom(N, k), 0.0)


@drop_in(sc.perm)
def perm(N: Any, k: Any, exact: bool = False) -> Any:
    _exact("perm", exact)
    N, k = as_shaped(N), as_shaped(k)
    counted = (values(k) <= values(N)) & (values(N) >= 0) & (values(k) >= 0)
    return np.where(counted, sc.poch(N - k + 1, k), 0.0)


@drop_in(sc.factorial)
def factorial(n: Any, exact: bool = False, extend: str = "zero") -> Any:
    _exact("factorial", exact)
    n = _floating(n)
    y = sc.gamma(n + 1)
    return y if extend == "complex" else np.where(values(n) < 0, 0.0, y)


# -- elementwise functions with parameters --------------------------------------------------


@drop_in(sc.lambertw)
def lambertw(z: Any, k: Any = 0, tol: float = 1e-8) -> Any:
    if tol != 1e-8:
        unsupported("scipy.special.lambertw of a traced value with tol.", "leave out `tol`")
    return sp.lambertw(as_shaped(k), _floating(z))


def _spherical(original: Function, primitive: Any) -> Function:
    @drop_in(original)
    def function(n: Any, z: Any, derivative: bool = False) -> Any:
        n, z = as_shaped(n), _floating(z)
        if holds_tracers(n):
            no_rule(f"scipy.special.{original.__name__} in its order", "keep the order constant")
        return primitive.partials[1](n, z) if derivative else primitive(n, z)

    return function


OURS = [
    logsumexp,
    softmax,
    log_softmax,
    polygamma,
    multigammaln,
    comb,
    perm,
    factorial,
    lambertw,
    _spherical(sc.spherical_jn, sp.spherical_jn),
    _spherical(sc.spherical_yn, sp.spherical_yn),
    _spherical(sc.spherical_in, sp.spherical_in),
    _spherical(sc.spherical_kn, sp.spherical_kn),
]

if hasattr(sc, "softplus"):

    @drop_in(sc.softplus)
    def softplus(x: Any, **kwargs: Any) -> Any:
        if kwargs:
            unsupported(f"scipy.special.softplus with {', '.join(kwargs)}.", "leave that out")
        return sp.softplus(_floating(x))

    OURS.append(softplus)

FUNCTIONS: Table = table(*OURS)

# What would convert a traced value, or hand back an array of objects.
REFUSED = (
    "zeta", "diric", "factorial2", "factorialk", "stirling2", "lmbda", "riccati_jn", "riccati_yn",
    "lqmn", "lqn", "pbdn_seq", "pbdv_seq", "pbvv_seq", "legendre_p", "legendre_p_all",
    "assoc_legendre_p", "assoc_legendre_p_all", "sph_legendre_p", "sph_legendre_p_all", "sph_harm_y",
    "sph_harm_y_all", "ellip_harm", "ellip_harm_2", "ellip_normal", "assoc_laguerre",
)  # fmt: skip
