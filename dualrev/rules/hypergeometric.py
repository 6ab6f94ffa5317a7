"""Hypergeometric functions and their children: complete elliptic integrals, polynomials.

Formulas: DLMF, by the section named. ``UFUNCS`` is from SciPy's ufunc to the primitive.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sc

from ..errors import UnsupportedArgumentError, explain
from ..primitive import primal_of
from .forms import elementwise
from .forms.shapes import anywhere, as_values
from .hypergeometric_parameters import parameter
from .orders import keeping, of_order, of_three_orders, of_two_orders
from .several import several

# fmt: off
# -- hypergeometric functions: DLMF 13.3.15, 13.3.22, 15.5.1, 16.3.1 ------------------------
hyp0f1    = of_order(sc.hyp0f1,          lambda a, b: sc.hyp0f1(a + 1, b) / a, order=lambda a, b: parameter("hyp0f1", (1, 0))(a, b))
hyp1f1    = of_two_orders(sc.hyp1f1,     lambda a, b, c: a / b * sc.hyp1f1(a + 1, b + 1, c), lambda a, b, c: parameter("hyp1f1", (1, 0, 0))(a, b, c), lambda a, b, c: parameter("hyp1f1", (0, 1, 0))(a, b, c))
hyperu    = of_two_orders(sc.hyperu,     lambda a, b, c: -a * sc.hyperu(a + 1, b + 1, c), lambda a, b, c: parameter("hyperu", (1, 0, 0))(a, b, c), lambda a, b, c: parameter("hyperu", (0, 1, 0))(a, b, c))
hyp2f1    = several(sc.hyp2f1,           lambda y, *z: parameter("hyp2f1", (1, 0, 0, 0))(*z), lambda y, *z: parameter("hyp2f1", (0, 1, 0, 0))(*z), lambda y, *z: parameter("hyp2f1", (0, 0, 1, 0))(*z), lambda y, a, b, c, x: a * b / c * sc.hyp2f1(a + 1, b + 1, c + 1, x))

# -- complete elliptic integrals: DLMF 19.4.1-2, 19.5.1-2 -----------------------------------
ellipk    = elementwise(sc.ellipk,       keeping(lambda x: _ellipk_slope(x)), singular=True)
ellipe    = elementwise(sc.ellipe,       keeping(lambda x: -math.pi / 8 * sc.hyp2f1(0.5, 1.5, 2.0, x)), singular=True)

# -- orthogonal polynomials, for any real degree: DLMF 18.9.15-26, Table 18.5.1 --------------
jacobi     = several(sc.eval_jacobi, None, lambda y, n, a, b, x: _jacobi_by_order(y, n, a, b, x, 1), lambda y, n, a, b, x: _jacobi_by_order(y, n, a, b, x, -1), lambda y, a, b, c, x: 0.5 * (a + b + c + 1) * _lowered(a, lambda n: sc.eval_jacobi(n, b + 1, c + 1, x)))
legendre   = of_order(sc.eval_legendre,      lambda a, b: 0.5 * (a + 1) * _lowered(a, lambda n: sc.eval_jacobi(n, 1.0, 1.0, b)))
chebyt     = of_order(sc.eval_chebyt,        lambda a, b: a * _lowered(a, lambda n: sc.eval_chebyu(n, b)))
chebyu     = of_order(sc.eval_chebyu,        lambda a, b: 2 * _lowered(a, lambda n: sc.eval_gegenbauer(n, 2.0, b)))
gegenbauer = of_two_orders(sc.eval_gegenbauer,    lambda a, b, c: 2 * b * _lowered(a, lambda n: sc.eval_gegenbauer(n, b + 1, c)), None, lambda y, a, b, c: _gegenbauer_by_order(y, a, b, c))
laguerre   = of_order(sc.eval_laguerre,      lambda a, b: -_lowered(a, lambda n: sc.eval_genlaguerre(n, 1.0, b)))
genlaguerre = of_two_orders(sc.eval_genlaguerre,  lambda a, b, c: -_lowered(a, lambda n: sc.eval_genlaguerre(n, b + 1, c)), None, lambda a, b, c: _below("eval_genlaguerre", a, lambda k, up: sc.eval_genlaguerre(k, b, c) / up))
hermite    = of_order(sc.eval_hermite,       lambda a, b: 2 * a * _lowered(a, lambda n: sc.eval_hermite(n, b)))
hermitenorm = of_order(sc.eval_hermitenorm,  lambda a, b: a * _lowered(a, lambda n: sc.eval_hermitenorm(n, b)))

chebyc     = of_order(sc.eval_chebyc,        lambda a, b: a * _lowered(a, lambda n: sc.eval_chebys(n, b)))
chebys     = of_order(sc.eval_chebys,        lambda a, b: _lowered(a, lambda n: sc.eval_gegenbauer(n, 2.0, 0.5 * b)))
sh_legendre = of_order(sc.eval_sh_legendre,  lambda a, b: (a + 1) * _lowered(a, lambda n: sc.eval_jacobi(n, 1.0, 1.0, 2 * b - 1)))
sh_chebyt  = of_order(sc.eval_sh_chebyt,     lambda a, b: 2 * a * _lowered(a, lambda n: sc.eval_sh_chebyu(n, b)))
sh_chebyu  = of_order(sc.eval_sh_chebyu,     lambda a, b: 4 * _lowered(a, lambda n: sc.eval_gegenbauer(n, 2.0, 2 * b - 1)))
sh_jacobi  = of_three_orders(sc.eval_sh_jacobi, lambda a, b, c, x: a * _lowered(a, lambda n: sc.eval_sh_jacobi(n, b + 2, c + 1, x)))
# fmt: on


def _lowered(n: Any, f: Any) -> Any:
    """``f(n - 1)``, and 0 where the degree ``n`` is 0: then the polynomial is constant."""
    constant = np.equal(n, 0)
    if not np.any(constant):
        return f(n - 1)
    return np.where(constant, 0.0, f(np.where(constant, 1, n - 1)))


def _below(name: str, n: Any, term: Any) -> Any:
    """The sum of ``term(k, n - k)`` over ``k < n``, for whole ``n``."""
    n = as_values(n)
    if anywhere(n != np.floor(n)):
        unsupported = f"scipy.special.{name} has no derivative by its parameters for this degree."
        raise UnsupportedArgumentError(explain(unsupported, "use a whole degree"))
    total: Any = 0.0 * n
    for k in range(int(np.max(n, initial=0))):
        up = n - k
        total = total + np.where(up > 0, term(k, np.maximum(up, 1)), 0.0)
    return total


def _gegenbauer_by_order(y: Any, n: Any, b: Any, x: Any) -> Any:
    """In terms of lower degrees. [Szmytkowski 2011]"""

    def term(k: int, up: Any) -> Any:
        own = (k + 1) / ((k + 2 * b) * (2 * k + 2 * b + 1)) + 1 / (k + n + 2 * b)
        other = np.where(up % 2 == 0, 2.0, 0.0) * (k + b) / ((k + n + 2 * b) * up)
        return 2 * (own * y + other * sc.eval_gegenbauer(k, b, x))

    return _below("eval_gegenbauer", n, term)


def _jacobi_by_order(y: Any, n: Any, a: Any, b: Any, x: Any, sign: int) -> Any:
    """The same by `a`, or by `b`. [Szmytkowski 2009]"""

    def term(k: int, up: Any) -> Any:
        other = (b if sign > 0 else a) + k + 1
        factor = sc.poch(other, up) / sc.poch(a + b + k + 1, up) * (2 * k + a + b + 1) / up
        turn = np.where(up % 2 == 0, 1.0, sign)
        return (y + turn * factor * sc.eval_jacobi(k, a, b, x)) / (k + n + a + b + 1)

    return _below("eval_jacobi", n, term)


def _ellipk_slope(x: Any) -> Any:
    """``(E / (1 - m) - K) / 2m``; where that cancels, ``pi/8 F(3/2, 3/2; 2; m)``."""
    near = np.abs(primal_of(x)) < 0.5
    u, v = np.where(near, x, 0), np.where(near, 0.5, x)
    far = (sc.ellipe(v) / (1 - v) - sc.ellipk(v)) / (2 * v)
    return np.where(near, math.pi / 8 * sc.hyp2f1(1.5, 1.5, 2.0, u), far)


UFUNCS = {
    p.fun: p
    for p in (
        hyp0f1, hyp1f1, hyperu, hyp2f1, ellipk, ellipe, jacobi, legendre, chebyt, chebyu, gegenbauer,
        laguerre, genlaguerre, hermite, hermitenorm, chebyc, chebys, sh_legendre, sh_chebyt, sh_chebyu,
        sh_jacobi,
    )
}  # fmt: skip
