"""Functions of `scipy.special` that are written in Python, for traced arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc

from ...fronts.keywords import as_shaped, normal_axes, values
from ...fronts.packing import holds_tracers
from ...primitive import Array
from ...rules import bessel, legendre
from ...rules import special as sp
from ...rules.zeta import hurwitz_derivative, riemann_derivative
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


@drop_in(sc.zeta)
def zeta(x: Any, q: Any = None, out: Any = None) -> Any:
    """Differentiable in both arguments, for real ``x``; with `q` for ``x > 1``."""
    if out is not None:
        unsupported("scipy.special.zeta of a traced value with out.", "leave out `out`")
    x = _floating(x)
    return riemann_derivative(0)(x) if q is None else hurwitz_derivative(0)(x, _floating(q))


@drop_in(sc.diric)
def diric(x: Any, n: Any) -> Any:
    """Differentiable in `x`, at multiples of a turn too."""
    return legendre.dirichlet_derivative(0)(_floating(x), as_shaped(n))


@drop_in(sc.assoc_laguerre)
def assoc_laguerre(x: Any, n: Any, k: Any = 0.0) -> Any:
    return sc.eval_genlaguerre(n, k, _floating(x))


@drop_in(sc.lmbda)
def lmbda(v: Any, x: Any) -> tuple[Any, Any]:
    """``0F1(; v + 1; -x**2 / 4)``, and its derivative. [DLMF 10.16.9]"""
    x = _scalar("lmbda", v, x)
    if v < 0:
        raise ValueError("argument must be > 0.")
    orders = v - int(v) + np.arange(int(v) + 1)
    square = -0.25 * x * x
    slope = -0.5 * x / (orders + 1) * sc.hyp0f1(orders + 2, square)
    return sc.hyp0f1(orders + 1, square), slope


def _scalar(name: str, order: Any, x: Any) -> Any:
    if holds_tracers(order):
        no_rule(f"scipy.special.{name} in its order", "keep the order constant")
    x = _floating(x)
    if np.ndim(order) or x.ndim:
        raise ValueError("arguments must be scalars.")
    return x


def _riccati(original: Function, primitive: Any) -> Function:
    @drop_in(original)
    def function(n: Any, x: Any) -> tuple[Any, Any]:
        x = _scalar(original.__name__, n, x)
        orders = np.arange(int(n) + 1)
        value = primitive(orders, x)
        return x * value, value + x * primitive.partials[1](orders, x)

    return function


# -- Legendre functions: SciPy's are several ufuncs, and no functions ------------------------


def _orders(name: str, *orders: Any) -> None:
    if any(map(holds_tracers, orders)):
        no_rule(f"scipy.special.{name} in its degree and order", "keep these constant")


def _up_to(diff_n: int, f: Function) -> Any:
    """``f(k)`` for all ``k <= diff_n``, stacked as SciPy does."""
    if diff_n not in (0, 1, 2):
        raise ValueError(
            f"diff_n is currently only implemented for orders 0, 1, and 2, received: {diff_n}."
        )
    return np.stack([f(k) for k in range(diff_n + 1)])


@drop_in(sc.legendre_p)
def legendre_p(n: Any, z: Any, *, diff_n: int = 0) -> Any:
    _orders("legendre_p", n)
    z = _floating(z)
    return _up_to(diff_n, lambda k: legendre.legendre_derivative(k)(np.asarray(n), z))


@drop_in(sc.assoc_legendre_p)
def assoc_legendre_p(
    n: Any, m: Any, z: Any, *, branch_cut: Any = 2, norm: bool = False, diff_n: int = 0
) -> Any:
    _orders("assoc_legendre_p", n, m)
    if np.ndim(branch_cut):
        unsupported(
            "scipy.special.assoc_legendre_p of a traced value with several branch cuts.",
            "call it once for each",
        )
    z, cut = _floating(z), int(branch_cut)
    return _up_to(
        diff_n,
        lambda k: legendre.associated_derivative(k, cut, bool(norm))(np.asarray(n), np.asarray(m), z),
    )  # fmt: skip


@drop_in(sc.sph_legendre_p)
def sph_legendre_p(n: Any, m: Any, theta: Any, *, diff_n: int = 0) -> Any:
    _orders("sph_legendre_p", n, m)
    n, m, theta = np.asarray(n), np.asarray(m), _floating(theta)
    f = legendre.sph_legendre
    return _up_to(diff_n, lambda k: (f, legendre.by_angle, legendre.by_angle_twice)[k](n, m, theta))


@drop_in(sc.sph_harm_y)
def sph_harm_y(n: Any, m: Any, theta: Any, phi: Any, *, diff_n: int = 0) -> Any:
    """With `diff_n` the gradient and the Hessian by both angles stand along last axes."""
    _orders("sph_harm_y", n, m)
    n, m, theta, phi = np.asarray(n), np.asarray(m), _floating(theta), _floating(phi)
    y = legendre.sph_harmonic(n, m, theta, phi)
    if diff_n == 0:
        return y
    if diff_n not in (1, 2):
        return sc.sph_harm_y(0, 0, 0.0, 0.0, diff_n=diff_n)  # which raises
    turn = np.exp(1j * m * phi)
    by_theta, by_phi = turn * legendre.by_angle(n, m, theta), 1j * m * y
    gradient = np.stack([by_theta, by_phi], axis=-1)
    if diff_n == 1:
        return y, gradient
    twice, mixed = turn * legendre.by_angle_twice(n, m, theta), 1j * m * by_theta
    rows = [np.stack([twice, mixed], axis=-1), np.stack([mixed, 1j * m * by_phi], axis=-1)]
    return y, gradient, np.stack(rows, axis=-2)


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
    _spherical(sc.spherical_jn, bessel.spherical_jn),
    _spherical(sc.spherical_yn, bessel.spherical_yn),
    _spherical(sc.spherical_in, bessel.spherical_in),
    _spherical(sc.spherical_kn, bessel.spherical_kn),
    zeta,
    diric,
    assoc_laguerre,
    lmbda,
    _riccati(sc.riccati_jn, bessel.spherical_jn),
    _riccati(sc.riccati_yn, bessel.spherical_yn),
    legendre_p,
    assoc_legendre_p,
    sph_legendre_p,
    sph_harm_y,
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
    "factorial2", "factorialk", "stirling2", "lqmn", "lqn", "pbdn_seq", "pbdv_seq", "pbvv_seq",
    "legendre_p_all", "assoc_legendre_p_all", "sph_legendre_p_all", "sph_harm_y_all",
    "ellip_harm", "ellip_harm_2", "ellip_normal",
)  # fmt: skip
