"""Hypergeometric functions and their children: elliptic integrals, polynomials, Struve functions.

Formulas: DLMF, by the section named. ``UFUNCS`` is from SciPy's ufunc to the primitive.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc

from ..primitive import primal_of
from .forms import elementwise
from .orders import keeping, of_order, of_three_orders, of_two_orders

ROOT_PI = math.sqrt(math.pi)

# fmt: off
# -- hypergeometric functions: DLMF 13.3.15, 13.3.22, 15.5.1, 16.3.1 ------------------------
hyp0f1    = of_order(sc.hyp0f1,          lambda a, b: sc.hyp0f1(a + 1, b) / a)
hyp1f1    = of_two_orders(sc.hyp1f1,     lambda a, b, c: a / b * sc.hyp1f1(a + 1, b + 1, c))
hyperu    = of_two_orders(sc.hyperu,     lambda a, b, c: -a * sc.hyperu(a + 1, b + 1, c))
hyp2f1    = of_three_orders(sc.hyp2f1,   lambda a, b, c, x: a * b / c * sc.hyp2f1(a + 1, b + 1, c + 1, x))

# -- complete elliptic integrals: DLMF 19.4.1-2, 19.5.1-2 -----------------------------------
ellipk    = elementwise(sc.ellipk,       keeping(lambda x: _ellipk_slope(x)), singular=True)
ellipe    = elementwise(sc.ellipe,       keeping(lambda x: -math.pi / 8 * sc.hyp2f1(0.5, 1.5, 2.0, x)), singular=True)

# -- orthogonal polynomials, for any real degree: DLMF 18.9.15-26, Table 18.5.1 --------------
jacobi     = of_three_orders(sc.eval_jacobi, lambda a, b, c, x: 0.5 * (a + b + c + 1) * _lowered(a, lambda n: sc.eval_jacobi(n, b + 1, c + 1, x)))
legendre   = of_order(sc.eval_legendre,      lambda a, b: 0.5 * (a + 1) * _lowered(a, lambda n: sc.eval_jacobi(n, 1.0, 1.0, b)))
chebyt     = of_order(sc.eval_chebyt,        lambda a, b: a * _lowered(a, lambda n: sc.eval_chebyu(n, b)))
chebyu     = of_order(sc.eval_chebyu,        lambda a, b: 2 * _lowered(a, lambda n: sc.eval_gegenbauer(n, 2.0, b)))
gegenbauer = of_two_orders(sc.eval_gegenbauer,    lambda a, b, c: 2 * b * _lowered(a, lambda n: sc.eval_gegenbauer(n, b + 1, c)))
laguerre   = of_order(sc.eval_laguerre,      lambda a, b: -_lowered(a, lambda n: sc.eval_genlaguerre(n, 1.0, b)))
genlaguerre = of_two_orders(sc.eval_genlaguerre,  lambda a, b, c: -_lowered(a, lambda n: sc.eval_genlaguerre(n, b + 1, c)))
hermite    = of_order(sc.eval_hermite,       lambda a, b: 2 * a * _lowered(a, lambda n: sc.eval_hermite(n, b)))
hermitenorm = of_order(sc.eval_hermitenorm,  lambda a, b: a * _lowered(a, lambda n: sc.eval_hermitenorm(n, b)))

# -- Struve functions: DLMF 11.4.24, 11.4.26 -------------------------------------------------
struve    = of_order(sc.struve,          lambda a, b: 0.5 * (sc.struve(a - 1, b) - sc.struve(a + 1, b) + _struve_term(a, b)))
modstruve = of_order(sc.modstruve,       lambda a, b: 0.5 * (sc.modstruve(a - 1, b) + sc.modstruve(a + 1, b) + _struve_term(a, b)))
# fmt: on


def _lowered(n: Any, f: Any) -> Any:
    """``f(n - 1)``, and 0 where the degree ``n`` is 0: then the polynomial is constant."""
    constant = np.equal(n, 0)
    if not np.any(constant):
        return f(n - 1)
    return np.where(constant, 0.0, f(np.where(constant, 1, n - 1)))


def _ellipk_slope(x: Any) -> Any:
    """``(E / (1 - m) - K) / 2m``; where that cancels, ``pi/8 F(3/2, 3/2; 2; m)``."""
    near = np.abs(primal_of(x)) < 0.5
    u, v = np.where(near, x, 0), np.where(near, 0.5, x)
    far = (sc.ellipe(v) / (1 - v) - sc.ellipk(v)) / (2 * v)
    return np.where(near, math.pi / 8 * sc.hyp2f1(1.5, 1.5, 2.0, u), far)


def _struve_term(a: Any, b: Any) -> Any:
    return (0.5 * b) ** a / (ROOT_PI * sc.gamma(a + 1.5))


UFUNCS = {
    p.fun: p
    for p in (
        hyp0f1, hyp1f1, hyperu, hyp2f1, ellipk, ellipe, jacobi, legendre, chebyt, chebyu, gegenbauer,
        laguerre, genlaguerre, hermite, hermitenorm, struve, modstruve,
    )
}  # fmt: skip
