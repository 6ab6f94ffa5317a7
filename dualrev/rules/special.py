"""Special functions of SciPy: one line a function, as in `elementwise`.

Formulas: DLMF, by the section named. ``UFUNCS`` is from SciPy's ufunc to the primitive.
Loaded when first needed: who passes a function of ``scipy.special`` has imported it, and
who does not should not wait for it.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy.special as sc

from ..errors import NoRuleError, UnsupportedArgumentError, explain
from ..primitive import Differential, primal_of
from .elementwise import logarithm, over
from .forms import Elementwise, elementwise

ROOT_PI, ROOT_TWO = math.sqrt(math.pi), math.sqrt(2)


class _OfGivenOrder(Elementwise):
    """``f(order, x)``, differentiable with respect to `x` alone."""

    __slots__ = ()

    def specialise(self, active: int) -> Differential:
        if active & 1:
            raise NoRuleError(
                explain(
                    f"scipy.special.{self.name} has no derivative with respect to its order.",
                    "keep the order constant, or say dr.stop_gradient(order)",
                )
            )
        return super().specialise(active)


def _of_order(fun: Any, partial: Any) -> Elementwise:
    return _OfGivenOrder(fun, (0, partial), fun.__name__, singular=True)


# fmt: off
# -- the gamma function and its relatives: DLMF 5.2, 5.5, 5.12, 5.15 ----------------------
gammaln   = elementwise(sc.gammaln,   lambda x: sc.digamma(x), singular=True)
digamma   = elementwise(sc.digamma,   lambda x: polygamma(1, x), name="digamma", singular=True)
polygamma = _of_order(sc.polygamma,   lambda a, b: polygamma(a + 1, b))
gamma     = elementwise(sc.gamma,     lambda x, y: y * sc.digamma(x), singular=True)
rgamma    = elementwise(sc.rgamma,    lambda x, y: _rgamma_slope(x, y), singular=True)
betaln    = elementwise(sc.betaln,    lambda a, b: sc.digamma(a) - sc.digamma(a + b), lambda a, b: sc.digamma(b) - sc.digamma(a + b), singular=True)
beta      = elementwise(sc.beta,      lambda y, a, b: y * (sc.digamma(a) - sc.digamma(a + b)), lambda y, a, b: y * (sc.digamma(b) - sc.digamma(a + b)), singular=True)

# -- error functions and the normal distribution: DLMF 7.2, 7.10, 7.17 --------------------
erf       = elementwise(sc.erf,       lambda x: 2 / ROOT_PI * np.exp(-x * x))
erfc      = elementwise(sc.erfc,      lambda x: -2 / ROOT_PI * np.exp(-x * x))
erfcx     = elementwise(sc.erfcx,     lambda x, y: _erfcx_slope(x, y))
erfinv    = elementwise(sc.erfinv,    lambda y: ROOT_PI / 2 * np.exp(y * y), singular=True)
erfcinv   = elementwise(sc.erfcinv,   lambda y: -ROOT_PI / 2 * np.exp(y * y), singular=True)
ndtr      = elementwise(sc.ndtr,      lambda x: np.exp(-0.5 * x * x) / (ROOT_TWO * ROOT_PI))
log_ndtr  = elementwise(sc.log_ndtr,  lambda x: ROOT_TWO / ROOT_PI / sc.erfcx(x / -ROOT_TWO))
ndtri     = elementwise(sc.ndtri,     lambda y: ROOT_TWO * ROOT_PI * np.exp(0.5 * y * y), singular=True)

# -- logistic functions -------------------------------------------------------------------
expit     = elementwise(sc.expit,     lambda x, y: y * sc.expit(-x))
logit     = elementwise(sc.logit,     lambda x: 1 / (x * (1 - x)), singular=True)
log_expit = elementwise(sc.log_expit, lambda x: sc.expit(-x))

# -- entropies, and exponentials that keep their digits -----------------------------------
xlogy     = elementwise(sc.xlogy,     lambda b: logarithm(b), lambda a, b: over(a, b), singular=True)
xlog1py   = elementwise(sc.xlog1py,   lambda b: logarithm(b, np.log1p), lambda a, b: over(a, 1 + b), singular=True)
entr      = elementwise(sc.entr,      lambda x: -np.log(x) - 1, singular=True)
rel_entr  = elementwise(sc.rel_entr,  lambda a, b: _log_ratio(a, b) + 1, lambda a, b: -over(a, b), singular=True)
kl_div    = elementwise(sc.kl_div,    lambda a, b: _log_ratio(a, b), lambda a, b: over(b - a, b), singular=True)
expm1     = elementwise(sc.expm1,     lambda x: np.exp(x))
log1p     = elementwise(sc.log1p,     lambda x: 1 / (1 + x), singular=True)

# -- Bessel functions: DLMF 10.6, 10.29 ---------------------------------------------------
j0        = elementwise(sc.j0,        lambda x: -sc.j1(x))
j1        = elementwise(sc.j1,        lambda x: 0.5 * (sc.j0(x) - sc.jv(2, x)))
y0        = elementwise(sc.y0,        lambda x: -sc.y1(x), singular=True)
y1        = elementwise(sc.y1,        lambda x: 0.5 * (sc.y0(x) - sc.yv(2, x)), singular=True)
i0        = elementwise(sc.i0,        lambda x: sc.i1(x))
i1        = elementwise(sc.i1,        lambda x: 0.5 * (sc.i0(x) + sc.iv(2, x)))
i0e       = elementwise(sc.i0e,       lambda x, y: sc.i1e(x) - np.sign(x) * y)
i1e       = elementwise(sc.i1e,       lambda x, y: 0.5 * (sc.i0e(x) + sc.ive(2, x)) - np.sign(x) * y)
k0        = elementwise(sc.k0,        lambda x: -sc.k1(x), singular=True)
k1        = elementwise(sc.k1,        lambda x: -0.5 * (sc.k0(x) + sc.kv(2, x)), singular=True)
jv        = _of_order(sc.jv,          lambda a, b: 0.5 * (sc.jv(a - 1, b) - sc.jv(a + 1, b)))
yv        = _of_order(sc.yv,          lambda a, b: 0.5 * (sc.yv(a - 1, b) - sc.yv(a + 1, b)))
iv        = _of_order(sc.iv,          lambda a, b: 0.5 * (sc.iv(a - 1, b) + sc.iv(a + 1, b)))
kv        = _of_order(sc.kv,          lambda a, b: -0.5 * (sc.kv(a - 1, b) + sc.kv(a + 1, b)))
ive       = _of_order(sc.ive,         lambda y, a, b: 0.5 * (sc.ive(a - 1, b) + sc.ive(a + 1, b)) - _sign_of_real(b) * y)
kve       = _of_order(sc.kve,         lambda y, a, b: y - 0.5 * (sc.kve(a - 1, b) + sc.kve(a + 1, b)))
numpy_i0  = elementwise(np.i0,        lambda x: sc.i1(x))
# fmt: on


def _sign_of_real(x: Any) -> Any:
    if x.dtype.kind == "c":
        raise UnsupportedArgumentError(
            explain(
                "scipy.special.ive is not holomorphic: no rule for complex arguments.",
                "use iv, which is",
            )
        )
    return np.sign(x)


def _rgamma_slope(x: Any, y: Any) -> Any:
    """``(1/Gamma)' = -psi / Gamma``; by reflection where ``psi`` has its poles, DLMF 5.5.3-4."""
    left = primal_of(x).real < 0.5
    u, v = np.where(left, x, 0), np.where(left, 1, x)
    reflected = sc.gamma(1 - u) * np.cos(math.pi * u) - y * sc.digamma(1 - u)
    return np.where(left, reflected, -y * sc.digamma(v))


def _erfcx_slope(x: Any, y: Any) -> Any:
    """``2 x y - 2/sqrt(pi)``; where that cancels, the asymptotic series term by term, DLMF 7.12.1."""
    near = 2 * x * y - 2 / ROOT_PI
    large = primal_of(x).real > 12
    if not large.any():
        return near
    t = 1 / np.square(np.where(large, x, 12))
    far = 0
    for k in range(12, -1, -1):
        far = (
            far * t + (-1) ** (k + 1) * math.prod(range(1, 2 * k, 2)) * (2 * k + 1) / 2**k / ROOT_PI
        )
    return np.where(large, far * t, near)


def _typed(x: Any, other: Any) -> Any:
    """A Python number as a NumPy scalar that promotes `other` to nothing."""
    return x if hasattr(x, "dtype") else other.dtype.type(x)


def _log_ratio(a: Any, b: Any) -> Any:
    """``log(a / b)``, with all digits where ``a`` is close to ``b``."""
    a, b = _typed(a, b), _typed(b, a)
    near = np.abs(primal_of(a) - primal_of(b)) < 0.5 * np.abs(primal_of(b))
    p, q = np.where(near, a, 1), np.where(near, b, 1)
    if near.all():
        return np.log1p((p - q) / q)
    r, s = np.where(near, 1, a), np.where(near, 1, b)
    return np.where(near, np.log1p((p - q) / q), np.log(r) - np.log(s))


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


exprel = exprel_derivative(0)

UFUNCS = {
    p.fun: p
    for p in (
        gammaln, digamma, gamma, rgamma, betaln, beta, erf, erfc, erfcx, erfinv, erfcinv, ndtr, log_ndtr, ndtri,
        expit, logit, log_expit, xlogy, xlog1py, entr, rel_entr, kl_div, expm1, log1p, exprel, j0, j1, y0, y1,
        i0, i1, i0e, i1e, k0, k1, jv, yv, iv, kv, ive, kve,
    )
}  # fmt: skip
