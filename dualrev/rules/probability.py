"""Distribution functions of probability and their inverses, incomplete gamma and beta functions.

Differentiable in the argument and in real parameters; numbers of trials and of events, which SciPy
truncates, stay constant. An inverse function has, from ``F(p, y(p, q)) = q``, the derivatives
``1 / F_y`` and ``-F_p / F_y``. Formulas: DLMF, by the section named. ``UFUNCS`` is from SciPy's
ufunc to the primitive.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc

from . import kolmogorov, noncentral
from .elementwise import over
from .forms import elementwise
from .forms.shapes import anywhere, as_values
from .incomplete import beta_densities, betas, gamma_densities, gammas
from .partly import partly
from .relative import exprel_derivative
from .student import students, t_densities

ROOT_TWO, ROOT_TWO_PI = math.sqrt(2), math.sqrt(2 * math.pi)

gamma_density, gamma_by = gamma_densities(0), gammas(1)
beta_density, beta_by_first, beta_by_second = beta_densities(0, 0), betas(1, 0), betas(0, 1)
student_density, student_by = t_densities(0), students(1)

# fmt: off
# -- incomplete gamma functions: DLMF 8.8.13 ------------------------------------------------
gammainc     = partly(sc.gammainc,     "a x", lambda a, b: gamma_by(a, b),       lambda a, b: gamma_density(a, b))
gammaincc    = partly(sc.gammaincc,    "a x", lambda a, b: -gamma_by(a, b),      lambda a, b: -gamma_density(a, b))
gammaincinv  = partly(sc.gammaincinv,  "a y", lambda y, a: _gamma_ratio(a, y),   lambda y, a: 1 / gamma_density(a, y))
gammainccinv = partly(sc.gammainccinv, "a y", lambda y, a: _gamma_ratio(a, y),   lambda y, a: -1 / gamma_density(a, y))

# -- incomplete beta functions: DLMF 8.17.1-2 ------------------------------------------------
betainc      = partly(sc.betainc,      "a b x", lambda a, b, c: beta_by_first(a, b, c),  lambda a, b, c: beta_by_second(a, b, c),  lambda a, b, c: beta_density(a, b, c))
betaincc     = partly(sc.betaincc,     "a b x", lambda a, b, c: -beta_by_first(a, b, c), lambda a, b, c: -beta_by_second(a, b, c), lambda a, b, c: -beta_density(a, b, c))
betaincinv   = partly(sc.betaincinv,   "a b y", lambda y, a, b: -over(beta_by_first(a, b, y), beta_density(a, b, y)), lambda y, a, b: -over(beta_by_second(a, b, y), beta_density(a, b, y)), lambda y, a, b: 1 / beta_density(a, b, y))
betainccinv  = partly(sc.betainccinv,  "a b y", lambda y, a, b: -over(beta_by_first(a, b, y), beta_density(a, b, y)), lambda y, a, b: -over(beta_by_second(a, b, y), beta_density(a, b, y)), lambda y, a, b: -1 / beta_density(a, b, y))
btdtria      = partly(sc.btdtria,      "p b x", lambda y, b, c: 1 / beta_by_first(y, b, c), lambda y, b, c: -over(beta_by_second(y, b, c), beta_by_first(y, b, c)), lambda y, b, c: -over(beta_density(y, b, c), beta_by_first(y, b, c)))
btdtrib      = partly(sc.btdtrib,      "a p x", lambda y, a, c: -over(beta_by_first(a, y, c), beta_by_second(a, y, c)), lambda y, a, c: 1 / beta_by_second(a, y, c), lambda y, a, c: -over(beta_density(a, y, c), beta_by_second(a, y, c)))

# -- chi-square and gamma distributions ------------------------------------------------------
chdtr        = partly(sc.chdtr,        "v x", lambda a, b: 0.5 * gamma_by(a / 2, b / 2),  lambda a, b: 0.5 * gamma_density(a / 2, b / 2))
chdtrc       = partly(sc.chdtrc,       "v x", lambda a, b: -0.5 * gamma_by(a / 2, b / 2), lambda a, b: -0.5 * gamma_density(a / 2, b / 2))
chdtri       = partly(sc.chdtri,       "v p", lambda y, a: _gamma_ratio(a / 2, y / 2),    lambda y, a: -2 / gamma_density(a / 2, y / 2))
chdtriv      = partly(sc.chdtriv,      "p x", lambda y, b: 2 / gamma_by(y / 2, b / 2),    lambda y, b: 1 / _gamma_ratio(y / 2, b / 2))
gdtr         = partly(sc.gdtr,         "a b x", lambda a, b, c: c * gamma_density(b, a * c),  lambda a, b, c: gamma_by(b, a * c),  lambda a, b, c: a * gamma_density(b, a * c))
gdtrc        = partly(sc.gdtrc,        "a b x", lambda a, b, c: -c * gamma_density(b, a * c), lambda a, b, c: -gamma_by(b, a * c), lambda a, b, c: -a * gamma_density(b, a * c))
gdtria       = partly(sc.gdtria,       "p b x", lambda y, b, c: 1 / (c * gamma_density(b, y * c)), lambda y, b, c: _gamma_ratio(b, y * c) / c, lambda y, c: -y / c)
gdtrib       = partly(sc.gdtrib,       "a p x", lambda y, a, c: c / _gamma_ratio(y, a * c), lambda y, a, c: 1 / gamma_by(y, a * c), lambda y, a, c: a / _gamma_ratio(y, a * c))
gdtrix       = partly(sc.gdtrix,       "a b p", lambda y, a: -y / a, lambda y, a, b: _gamma_ratio(b, a * y) / a, lambda y, a, b: 1 / (a * gamma_density(b, a * y)))

# -- Student's and the F distribution --------------------------------------------------------
stdtr        = partly(sc.stdtr,        "df t", lambda a, b: student_by(a, b), lambda a, b: student_density(a, b))
stdtrit      = partly(sc.stdtrit,      "df p", lambda y, a: -over(student_by(a, y), student_density(a, y)), lambda y, a: 1 / student_density(a, y))
stdtridf     = partly(sc.stdtridf,     "p t",  lambda y, b: 1 / student_by(y, b), lambda y, b: -over(student_density(y, b), student_by(y, b)))
fdtr         = partly(sc.fdtr,         "dfn dfd x", lambda a, b, c: _f_by_first(a, b, c),  lambda a, b, c: _f_by_second(a, b, c),  lambda a, b, c: _f_density(a, b, c))
fdtrc        = partly(sc.fdtrc,        "dfn dfd x", lambda a, b, c: -_f_by_first(a, b, c), lambda a, b, c: -_f_by_second(a, b, c), lambda a, b, c: -_f_density(a, b, c))
fdtri        = partly(sc.fdtri,        "dfn dfd p", lambda y, a, b: -over(_f_by_first(a, b, y), _f_density(a, b, y)), lambda y, a, b: -over(_f_by_second(a, b, y), _f_density(a, b, y)), lambda y, a, b: 1 / _f_density(a, b, y))
fdtridfd     = partly(sc.fdtridfd,     "dfn p x", lambda y, a, c: -over(_f_by_first(a, y, c), _f_by_second(a, y, c)), lambda y, a, c: 1 / _f_by_second(a, y, c), lambda y, a, c: -over(_f_density(a, y, c), _f_by_second(a, y, c)))

# -- Poisson, binomial and negative binomial distributions: DLMF 8.4.10, 8.17.5 ---------------
pdtr         = partly(sc.pdtr,         "k m", None, lambda a, b: -gamma_density(np.floor(a) + 1, b))
pdtrc        = partly(sc.pdtrc,        "k m", None, lambda a, b: gamma_density(np.floor(a) + 1, b))
pdtri        = partly(sc.pdtri,        "k y", None, lambda y, a: -1 / gamma_density(np.trunc(a) + 1, y))
pdtrik       = partly(sc.pdtrik,       "p m", lambda y, b: _unless_clipped(y, -1 / gamma_by(y + 1, b)), lambda y, b: _unless_clipped(y, 1 / _gamma_ratio(y + 1, b)))
bdtr         = partly(sc.bdtr,         "k n p", None, None, lambda a, b, c: -beta_density(np.floor(a) + 1, np.trunc(b) - np.floor(a), c))
bdtrc        = partly(sc.bdtrc,        "k n p", None, None, lambda a, b, c: beta_density(np.floor(a) + 1, np.trunc(b) - np.floor(a), c))
bdtri        = partly(sc.bdtri,        "k n y", None, None, lambda y, a, b: -1 / beta_density(np.floor(a) + 1, np.trunc(b) - np.floor(a), y))
bdtrik       = partly(sc.bdtrik,       "y n p", lambda y, b, c: _unless_clipped(y, -1 / _binomial_by_events(y, b, c)), lambda y, b, c: _unless_clipped(y, -over(beta_by_second(y + 1, b - y, c), _binomial_by_events(y, b, c))), lambda y, b, c: _unless_clipped(y, -over(beta_density(y + 1, b - y, c), _binomial_by_events(y, b, c))))
bdtrin       = partly(sc.bdtrin,       "k y p", lambda y, a, c: -over(_binomial_by_events(a, y, c), beta_by_second(a + 1, y - a, c)), lambda y, a, c: -1 / beta_by_second(a + 1, y - a, c), lambda y, a, c: -over(beta_density(a + 1, y - a, c), beta_by_second(a + 1, y - a, c)))
nbdtr        = partly(sc.nbdtr,        "k n p", None, None, lambda a, b, c: beta_density(np.trunc(b), np.trunc(a) + 1, c))
nbdtrc       = partly(sc.nbdtrc,       "k n p", None, None, lambda a, b, c: -beta_density(np.trunc(b), np.trunc(a) + 1, c))
nbdtri       = partly(sc.nbdtri,       "k n y", None, None, lambda y, a, b: 1 / beta_density(np.trunc(b), np.trunc(a) + 1, y))
nbdtrik      = partly(sc.nbdtrik,      "y n p", lambda y, b, c: _unless_clipped(y, 1 / beta_by_second(b, y + 1, c)), lambda y, b, c: _unless_clipped(y, -over(beta_by_first(b, y + 1, c), beta_by_second(b, y + 1, c))), lambda y, b, c: _unless_clipped(y, -over(beta_density(b, y + 1, c), beta_by_second(b, y + 1, c))))
nbdtrin      = partly(sc.nbdtrin,      "k y p", lambda y, a, c: -over(beta_by_second(y, a + 1, c), beta_by_first(y, a + 1, c)), lambda y, a, c: 1 / beta_by_first(y, a + 1, c), lambda y, a, c: -over(beta_density(y, a + 1, c), beta_by_first(y, a + 1, c)))

# -- the normal distribution: Owen's T function [Owen 1956, eq. 2.1], and logarithms ---------
owens_t      = elementwise(sc.owens_t,        lambda a, b: -0.5 / ROOT_TWO_PI * np.exp(-0.5 * a * a) * sc.erf(a * b / ROOT_TWO), lambda a, b: np.exp(-0.5 * a * a * (1 + b * b)) / (2 * math.pi * (1 + b * b)))
ndtri_exp    = elementwise(sc.ndtri_exp,      lambda x, y: ROOT_TWO_PI * np.exp(x + 0.5 * y * y), singular=True)
nrdtrimn     = partly(sc.nrdtrimn,     "p std x", lambda y, b, c: -b * ROOT_TWO_PI * np.exp(0.5 * np.square((c - y) / b)), lambda y, b, c: (y - c) / b, 1)
nrdtrisd     = partly(sc.nrdtrisd,     "mn p x", lambda y, a, c: -over(y, c - a), lambda y, a, c: -ROOT_TWO_PI * over(y * y, c - a) * np.exp(0.5 * np.square((c - a) / y)), lambda y, a, c: over(y, c - a))

# -- Tukey's lambda distribution ---------------------------------------------------------------
tklmbda      = partly(sc.tklmbda,      "x lmbda", lambda a, b: _tukey_density(a, b), lambda y, a, b: -_tukey_density(a, b) * _tukey_quantile_by(y, a, b))
# fmt: on


def _gamma_ratio(a: Any, x: Any) -> Any:
    """How the quantile ``x`` moves with ``a``: ``-P_a / P_x``."""
    return -over(gamma_by(a, x), gamma_density(a, x))


def _odds(dfn: Any, dfd: Any, x: Any) -> Any:
    """Of the beta variable of which the F variable is ``x``. [DLMF 8.17.2]"""
    return dfn * x / dfd


def _f_density(dfn: Any, dfd: Any, x: Any) -> Any:
    return beta_densities(0, 0, True)(dfn / 2, dfd / 2, _odds(dfn, dfd, x)) * dfn / dfd


def _f_by_first(dfn: Any, dfd: Any, x: Any) -> Any:
    moved = _f_density(dfn, dfd, x) * x / dfn
    return 0.5 * betas(1, 0, True)(dfn / 2, dfd / 2, _odds(dfn, dfd, x)) + moved


def _f_by_second(dfn: Any, dfd: Any, x: Any) -> Any:
    moved = _f_density(dfn, dfd, x) * x / dfd
    return 0.5 * betas(0, 1, True)(dfn / 2, dfd / 2, _odds(dfn, dfd, x)) - moved


def _binomial_by_events(k: Any, n: Any, p: Any) -> Any:
    """``d/dk I_p(k + 1, n - k)``: two terms of one sign."""
    return beta_by_first(k + 1, n - k, p) - beta_by_second(k + 1, n - k, p)


def _unless_clipped(y: Any, slope: Any) -> Any:
    """`slope`; 0 where there is no number of events so unlikely, and SciPy gives 0."""
    none = as_values(y) <= 0
    return np.where(none, 0, slope) if anywhere(none) else slope


def _tukey_density(x: Any, shape: Any) -> Any:
    """``1 / (p**(l-1) + q**(l-1))``, ``p = F(x)``, ``q = F(-x)``; 0 outside of ``|x| < 1/l``.
    [Joiner & Rosenblatt 1971, eq. 1]"""
    p, q = tklmbda(x, shape), tklmbda(-x, shape)
    inside = as_values(shape) * np.abs(as_values(x)) < 1
    u, v = np.where(inside, p, 0.5), np.where(inside, q, 0.5)
    return np.where(inside, 1 / (u ** (shape - 1) + v ** (shape - 1)), 0)


def _tukey_quantile_by(y: Any, x: Any, shape: Any) -> Any:
    """``d/dl (p**l - q**l) / l = log(p)**2 E'(l log p) - log(q)**2 E'(l log q)`` with
    ``E(t) = (exp(t) - 1) / t``."""
    inside = as_values(shape) * np.abs(as_values(x)) < 1
    p = np.log(np.where(inside, y, 0.5))
    q = np.log(np.where(inside, tklmbda(-x, shape), 0.5))
    by = exprel_derivative(1)
    return p * p * by(shape * p) - q * q * by(shape * q)


UFUNCS = {
    p.fun: p
    for p in (
        gammainc, gammaincc, gammaincinv, gammainccinv, betainc, betaincc, betaincinv, betainccinv,
        btdtria, btdtrib, chdtr, chdtrc, chdtri, chdtriv, gdtr, gdtrc, gdtria, gdtrib, gdtrix,
        stdtr, stdtrit, stdtridf, fdtr, fdtrc, fdtri, fdtridfd, pdtr, pdtrc, pdtri, pdtrik,
        bdtr, bdtrc, bdtri, bdtrik, bdtrin, nbdtr, nbdtrc, nbdtri, nbdtrik, nbdtrin,
        owens_t, ndtri_exp, nrdtrimn, nrdtrisd, tklmbda,
    )
}  # fmt: skip
for _module in (kolmogorov, noncentral):
    UFUNCS |= _module.UFUNCS
