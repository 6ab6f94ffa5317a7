"""Distribution functions of probability and their inverses, incomplete gamma and beta functions.

Differentiable in the argument, not in shapes and degrees of freedom, but for the few with
closed forms. Formulas: DLMF, by the section named. ``UFUNCS`` is from SciPy's ufunc to the
primitive.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc

from .forms import elementwise
from .orders import of_order, of_two_orders

ROOT_TWO, ROOT_TWO_PI = math.sqrt(2), math.sqrt(2 * math.pi)

# fmt: off
# -- incomplete gamma functions: DLMF 8.8.13 ------------------------------------------------
gammainc     = of_order(sc.gammainc,          lambda a, b: gamma_density(a, b))
gammaincc    = of_order(sc.gammaincc,         lambda a, b: -gamma_density(a, b))
gammaincinv  = of_order(sc.gammaincinv,       lambda y, a: 1 / gamma_density(a, y))
gammainccinv = of_order(sc.gammainccinv,      lambda y, a: -1 / gamma_density(a, y))

# -- incomplete beta functions: DLMF 8.17.1-2 ------------------------------------------------
betainc      = of_two_orders(sc.betainc,      lambda a, b, c: beta_density(a, b, c))
betaincc     = of_two_orders(sc.betaincc,     lambda a, b, c: -beta_density(a, b, c))
betaincinv   = of_two_orders(sc.betaincinv,   lambda y, a, b: 1 / beta_density(a, b, y))
betainccinv  = of_two_orders(sc.betainccinv,  lambda y, a, b: -1 / beta_density(a, b, y))

# -- distributions: chi-square, t, Poisson, binomial -----------------------------------------
chdtr        = of_order(sc.chdtr,             lambda a, b: 0.5 * gamma_density(a / 2, b / 2))
chdtrc       = of_order(sc.chdtrc,            lambda a, b: -0.5 * gamma_density(a / 2, b / 2))
chdtri       = of_order(sc.chdtri,            lambda y, a: -2 / gamma_density(a / 2, y / 2))
stdtr        = of_order(sc.stdtr,             lambda a, b: t_density(a, b))
stdtrit      = of_order(sc.stdtrit,           lambda y, a: 1 / t_density(a, y))
pdtr         = of_order(sc.pdtr,              lambda a, b: -gamma_density(np.floor(a) + 1, b))
pdtrc        = of_order(sc.pdtrc,             lambda a, b: gamma_density(np.floor(a) + 1, b))
bdtr         = of_two_orders(sc.bdtr,         lambda a, b, c: -beta_density(np.floor(a) + 1, b - np.floor(a), c))
bdtrc        = of_two_orders(sc.bdtrc,        lambda a, b, c: beta_density(np.floor(a) + 1, b - np.floor(a), c))

# -- the normal distribution: Owen's T function [Owen 1956, eq. 2.1], and logarithms ---------
owens_t      = elementwise(sc.owens_t,        lambda a, b: -0.5 / ROOT_TWO_PI * np.exp(-0.5 * a * a) * sc.erf(a * b / ROOT_TWO), lambda a, b: np.exp(-0.5 * a * a * (1 + b * b)) / (2 * math.pi * (1 + b * b)))
ndtri_exp    = elementwise(sc.ndtri_exp,      lambda x, y: ROOT_TWO_PI * np.exp(x + 0.5 * y * y), singular=True)
# fmt: on


def gamma_density(a: Any, x: Any) -> Any:
    """``x**(a-1) exp(-x) / Gamma(a)``."""
    return np.exp(sc.xlogy(a - 1.0, x) - x - sc.gammaln(a))


def beta_density(a: Any, b: Any, x: Any) -> Any:
    """``x**(a-1) (1-x)**(b-1) / B(a, b)``."""
    return np.exp(sc.xlogy(a - 1.0, x) + sc.xlog1py(b - 1.0, -x) - sc.betaln(a, b))


def t_density(df: Any, t: Any) -> Any:
    """``(1 + t**2/n)**(-(n+1)/2) / (sqrt(n) B(n/2, 1/2))``."""
    log = -0.5 * (df + 1.0) * np.log1p(t * t / df) - sc.betaln(0.5 * df, 0.5)
    return np.exp(log) / np.sqrt(df)


UFUNCS = {
    p.fun: p
    for p in (
        gammainc, gammaincc, gammaincinv, gammainccinv, betainc, betaincc, betaincinv, betainccinv,
        chdtr, chdtrc, chdtri, stdtr, stdtrit, pdtr, pdtrc, bdtr, bdtrc, owens_t, ndtri_exp,
    )
}  # fmt: skip
