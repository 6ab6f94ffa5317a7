"""Special functions of SciPy: one line a function, as in `elementwise`.

Formulas: DLMF, by the section named. ``UFUNCS`` is from SciPy's ufunc to the primitive.
Loaded when first needed: who passes a function of ``scipy.special`` has imported it, and
who does not should not wait for it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc

from ..primitive import primal_of
from . import bessel, elliptic, hypergeometric, integrals, legendre, probability, waves, zeta
from .bessel import numpy_i0 as numpy_i0
from .elementwise import DEGREE, LN2, LN10, gap, logarithm, over
from .forms import elementwise, general
from .forms.batching import aligned, along, shifted
from .orders import of_order
from .relative import exprel_derivative as exprel_derivative
from .relative import log1prel_derivative as log1prel_derivative

ROOT_PI, ROOT_TWO = math.sqrt(math.pi), math.sqrt(2)


# fmt: off
# -- the gamma function and its relatives: DLMF 5.2, 5.5, 5.12, 5.15 ----------------------
gammaln   = elementwise(sc.gammaln,   lambda x: sc.digamma(x), singular=True)
digamma   = elementwise(sc.digamma,   lambda x: polygamma(1, x), name="digamma", singular=True)
polygamma = of_order(sc.polygamma,   lambda a, b: polygamma(a + 1, b))
loggamma  = elementwise(sc.loggamma,  lambda x: sc.digamma(x), singular=True)
gamma     = elementwise(sc.gamma,     lambda x, y: y * sc.digamma(x), singular=True)
rgamma    = elementwise(sc.rgamma,    lambda x, y: _rgamma_slope(x, y), singular=True)
betaln    = elementwise(sc.betaln,    lambda a, b: sc.digamma(a) - sc.digamma(a + b), lambda a, b: sc.digamma(b) - sc.digamma(a + b), singular=True)
beta      = elementwise(sc.beta,      lambda y, a, b: y * (sc.digamma(a) - sc.digamma(a + b)), lambda y, a, b: y * (sc.digamma(b) - sc.digamma(a + b)), singular=True)
poch      = elementwise(sc.poch,      lambda y, a, b: y * (sc.digamma(a + b) - sc.digamma(a)), lambda y, a, b: y * sc.digamma(a + b), singular=True)
binom     = elementwise(sc.binom,     lambda y, a, b: y * (sc.digamma(a + 1) - sc.digamma(a - b + 1)), lambda y, a, b: y * (sc.digamma(a - b + 1) - sc.digamma(b + 1)), singular=True)

# -- error functions and the normal distribution: DLMF 7.2, 7.10, 7.17 --------------------
erf       = elementwise(sc.erf,       lambda x: 2 / ROOT_PI * np.exp(-x * x))
erfc      = elementwise(sc.erfc,      lambda x: -2 / ROOT_PI * np.exp(-x * x))
erfcx     = elementwise(sc.erfcx,     lambda x, y: _erfcx_slope(x, y))
erfi      = elementwise(sc.erfi,      lambda x: 2 / ROOT_PI * np.exp(x * x))
dawsn     = elementwise(sc.dawsn,     lambda x, y: _dawsn_slope(x, y))
wofz      = integrals.wofz
erfinv    = elementwise(sc.erfinv,    lambda y: ROOT_PI / 2 * np.exp(y * y), singular=True)
erfcinv   = elementwise(sc.erfcinv,   lambda y: -ROOT_PI / 2 * np.exp(y * y), singular=True)
ndtr      = elementwise(sc.ndtr,      lambda x: np.exp(-0.5 * x * x) / (ROOT_TWO * ROOT_PI))
log_ndtr  = elementwise(sc.log_ndtr,  lambda x: ROOT_TWO / ROOT_PI / sc.erfcx(x / -ROOT_TWO))
ndtri     = elementwise(sc.ndtri,     lambda y: ROOT_TWO * ROOT_PI * np.exp(0.5 * y * y), singular=True)

# -- logistic functions -------------------------------------------------------------------
expit     = elementwise(sc.expit,     lambda x, y: y * sc.expit(-x))
logit     = elementwise(sc.logit,     lambda x: 1 / (x * (1 - x)), singular=True)
log_expit = elementwise(sc.log_expit, lambda x: sc.expit(-x))
softplus  = elementwise(lambda x: np.logaddexp(0, x), lambda x: sc.expit(x), name="softplus")

# -- powers and exponentials: Box-Cox [Box & Cox 1964], Lambert's W: DLMF 4.13.4 -------------
cbrt      = elementwise(sc.cbrt,      lambda y: 1 / (3 * y * y), singular=True)
exp2      = elementwise(sc.exp2,      lambda y: LN2 * y)
exp10     = elementwise(sc.exp10,     lambda y: LN10 * y)
cosm1     = elementwise(sc.cosm1,     lambda x: -np.sin(x))
powm1     = elementwise(sc.powm1,     lambda a, b: b * np.power(a, b - 1), lambda y, a: sc.xlogy(y + 1, a), singular=True)
boxcox    = elementwise(sc.boxcox,    lambda a, b: np.power(a, b - 1), lambda a, b: _boxcox_slope(np.log(a), b), singular=True)
boxcox1p  = elementwise(sc.boxcox1p,  lambda a, b: np.exp((b - 1) * np.log1p(a)), lambda a, b: _boxcox_slope(np.log1p(a), b), singular=True)
inv_boxcox = elementwise(sc.inv_boxcox,     lambda y, b: np.power(y, 1 - b), lambda y, a, b: y * a * a * log1prel_derivative(1)(a * b), singular=True)
inv_boxcox1p = elementwise(sc.inv_boxcox1p, lambda y, b: np.power(1 + y, 1 - b), lambda y, a, b: (1 + y) * a * a * log1prel_derivative(1)(a * b), singular=True)
lambertw  = of_order(lambda k, z: sc.lambertw(z, k), lambda y: np.exp(-y) / (1 + y), name="lambertw")
wrightomega = elementwise(sc.wrightomega, lambda y: y / (1 + y), singular=True)

# -- constants, piece by piece ---------------------------------------------------------------
gammasgn  = elementwise(sc.gammasgn,  0)
rounded   = elementwise(sc.round,     0)

# -- degrees ------------------------------------------------------------------------------
sindg     = elementwise(sc.sindg,     lambda x: DEGREE * sc.cosdg(x))
cosdg     = elementwise(sc.cosdg,     lambda x: -DEGREE * sc.sindg(x))
tandg     = elementwise(sc.tandg,     lambda y: DEGREE * (1 + y * y))
cotdg     = elementwise(sc.cotdg,     lambda y: -DEGREE * (1 + y * y))
radian    = elementwise(sc.radian,    DEGREE, DEGREE / 60, DEGREE / 3600)

# -- losses: quadratic near zero, linear far away [Huber 1964] -------------------------------
huber     = elementwise(sc.huber,     lambda a, b: np.where(_inside(a, b), 0, np.abs(b) - a), lambda a, b: np.where(_inside(a, b), b, a * np.sign(b)))
pseudo_huber = elementwise(sc.pseudo_huber, lambda a, b: _pseudo_huber_slope(a, b), lambda a, b: b / np.hypot(1.0, over(b, a)), singular=True)

# -- exponential integrals: DLMF 6.2, 8.19.13 ------------------------------------------------
expi      = elementwise(sc.expi,      lambda x: np.exp(x) / x, singular=True)
exp1      = elementwise(sc.exp1,      lambda x: -np.exp(-x) / x, singular=True)
expn      = of_order(sc.expn,         lambda a, b: -_expn(a - 1, b))

# -- entropies, and exponentials that keep their digits -----------------------------------
xlogy     = elementwise(sc.xlogy,     lambda b: logarithm(b), lambda a, b: over(a, b), singular=True)
xlog1py   = elementwise(sc.xlog1py,   lambda b: logarithm(b, np.log1p), lambda a, b: over(a, 1 + b), singular=True)
entr      = elementwise(sc.entr,      lambda x: -np.log(x) - 1, singular=True)
rel_entr  = elementwise(sc.rel_entr,  lambda a, b: _log_ratio(a, b) + 1, lambda a, b: -over(a, b), singular=True)
kl_div    = elementwise(sc.kl_div,    lambda a, b: _log_ratio(a, b), lambda a, b: over(b - a, b), singular=True)
expm1     = elementwise(sc.expm1,     lambda x: np.exp(x))
log1p     = elementwise(sc.log1p,     lambda x: 1 / (1 + x), singular=True)
# fmt: on


def _rgamma_slope(x: Any, y: Any) -> Any:
    """``(1/Gamma)' = -psi / Gamma``; by reflection where ``psi`` has its poles, DLMF 5.5.3-4."""
    left = primal_of(x).real < 0.5
    u, v = np.where(left, x, 0), np.where(left, 1, x)
    reflected = sc.gamma(1 - u) * np.cos(math.pi * u) - y * sc.digamma(1 - u)
    return np.where(left, reflected, -y * sc.digamma(v))


def _erfcx_slope(x: Any, y: Any) -> Any:
    """``2 x y - 2/sqrt(pi)``; where that cancels, the asymptotic series term by term, DLMF 7.12.1."""
    return _or_series(2 * x * y - 2 / ROOT_PI, x, primal_of(x).real, -1, -1 / ROOT_PI)


def _dawsn_slope(x: Any, y: Any) -> Any:
    """``1 - 2 x y``; where that cancels, the asymptotic series term by term, DLMF 7.12.1, 7.5.1."""
    return _or_series(1 - 2 * x * y, x, np.abs(primal_of(x).real), 1, -0.5)


def _or_series(near: Any, x: Any, size: Any, sign: int, first: float) -> Any:
    """`near`, and ``first sum_k sign**k (2k+1)!! / (2**k x**(2k+2))`` where `size` is large."""
    large = size > 12
    if not large.any():
        return near
    t = 1 / np.square(np.where(large, x, 12))
    far = 0
    for k in range(12, -1, -1):
        far = far * t + sign**k * math.prod(range(1, 2 * k + 2, 2)) / 2**k
    return np.where(large, first * far * t, near)


def _boxcox_slope(u: Any, b: Any) -> Any:
    """``d/db (exp(b u) - 1) / b = u**2 E'(b u)`` with ``E(t) = (exp(t) - 1) / t``."""
    return u * u * exprel_derivative(1)(b * u)


def _inside(delta: Any, r: Any) -> Any:
    return np.abs(primal_of(r)) <= primal_of(delta)


def _pseudo_huber_slope(delta: Any, r: Any) -> Any:
    """``2 d (s - 1) - r**2 / (d s)`` with ``s = sqrt(1 + (r/d)**2)``: ``d (s - 1)**2 / s``."""
    ratio = over(r, delta)
    s = np.hypot(1.0, ratio)
    rise = ratio * ratio / (s + 1)  # s - 1, with all its digits
    return delta * rise * rise / s


def _expn(n: Any, x: Any) -> Any:
    """``E_n(x)``, for ``n < 1`` too: ``x E_n = exp(-x) - n E_(n+1)``. [DLMF 8.19.12]"""
    if np.all(np.greater_equal(n, 1)):
        return sc.expn(n, x)
    low = np.minimum(n, 0)
    value = np.exp(-x) / x
    for m in range(-1, int(np.min(low)) - 1, -1):
        value = np.where(np.less_equal(low, m), (np.exp(-x) - m * value) / x, value)
    return np.where(np.less(n, 1), value, sc.expn(np.maximum(n, 1), x))


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


exprel = exprel_derivative(0)


# -- sums of exponentials -------------------------------------------------------------------


def _batch_logsumexp(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    ndim = max(np.ndim(x) - b for x, b in zip(args, batched, strict=True))
    return logsumexp(*aligned(args, batched), axis=shifted(params["axis"], ndim))


def _logsumexp(a: Any, b: Any, axis: Any) -> Any:
    if a.size == 0:  # which SciPy does not take with several axes
        shape = list(np.broadcast_shapes(a.shape, np.shape(b)))
        for k in axis:
            shape[k] = 1
        return np.full(shape, -np.inf, a.real.dtype), np.zeros(shape, a.dtype)
    return sc.logsumexp(a, axis=axis, b=b, keepdims=True, return_sign=True)


@general(_logsumexp, name="logsumexp", batch=_batch_logsumexp)
def logsumexp(results: Any, a: Any, b: Any, axis: Any) -> Any:
    """``s e^y = sum b e^a``:  ``dy = Re sum e^(a-y) (b da + db) / s``; even among equal infinities.
    A complex sign turns:  ``ds = i s Im`` of that sum. [Boyd & Vandenberghe 2004, sec. 3.1.5]"""
    y, sign = results
    empty = np.equal(primal_of(sign), 0)  # a sum of nothing but e^-inf
    scaled = np.exp(gap(a, y)) / (np.where(empty, 1, sign) if empty.any() else sign)
    weights = scaled * b
    lost = ~np.isfinite(primal_of(y))
    if lost.any():
        total = np.sum(
            np.broadcast_to(weights, np.broadcast_shapes(a.shape, b.shape)), axis, keepdims=True
        )
        weights = np.where(lost, weights / total, weights)

    def push(da: Any, db: Any) -> Any:
        change = np.sum(weights * da + scaled * db, axis=axis, keepdims=True)
        if sign.dtype.kind == "c":
            return change.real, 1j * sign * change.imag
        return change, np.zeros(sign.shape, sign.dtype)

    return push


@general(lambda x, axis: sc.softmax(x, axis), name="softmax", batch=along())
def softmax(y: Any, x: Any, axis: Any) -> Any:
    """``y = e^x / sum e^x``:  ``dy = y (dx - sum y dx)``. [Bridle 1990, eq. 6]"""

    def change(d: Any) -> Any:
        return y * (d - np.sum(y * d, axis=axis, keepdims=True))

    return change, lambda ct: (change(ct),)


@general(lambda x, axis: sc.log_softmax(x, axis), name="log_softmax", batch=along())
def log_softmax(y: Any, x: Any, axis: Any) -> Any:
    """``y = x - log sum e^x``:  ``dy = dx - sum e^y dx``. [Bridle 1990]"""
    p = np.exp(y)
    return (lambda dx: dx - np.sum(p * dx, axis=axis, keepdims=True)), (
        lambda ct: (ct - p * np.sum(ct, axis=axis, keepdims=True),)
    )


UFUNCS = {
    p.fun: p
    for p in (
        gammaln, digamma, gamma, rgamma, betaln, beta, erf, erfc, erfcx, erfinv, erfcinv, ndtr, log_ndtr, ndtri,
        expit, logit, log_expit, xlogy, xlog1py, entr, rel_entr, kl_div, expm1, log1p, exprel,
        loggamma, poch, binom, erfi, dawsn, wofz, cbrt, exp2, exp10, cosm1, powm1, boxcox, boxcox1p,
        inv_boxcox, inv_boxcox1p, wrightomega, sindg, cosdg, tandg, cotdg, radian, huber, pseudo_huber,
        expi, exp1, expn, gammasgn, rounded,
    )
}  # fmt: skip
for _module in (bessel, elliptic, hypergeometric, integrals, legendre, probability, waves, zeta):
    UFUNCS |= _module.UFUNCS
