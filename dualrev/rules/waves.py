"""Solutions of the wave equation in other coordinates: Mathieu, spheroidal, parabolic cylinder functions.

SciPy gives the value with its derivative by the argument; the derivative of that follows from
the differential equation. Formulas: DLMF, by the section named. ``UFUNCS`` is from SciPy's ufunc
to the primitive.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import scipy.special as sc

from ..errors import UnsupportedArgumentError, explain
from .forms.shapes import anywhere, as_values
from .orders import of_order, of_two_orders
from .several import Several, several

DEGREE = math.pi / 180


def _pair(ufunc: Any, second: Any, unit: float = 1.0, first_kind: Any = None) -> Several:
    """``(y, y')`` of arguments of which the last is `x`, in `unit`: ``y'' = second(y, y', ...)``.

    Radial functions of the second kind are compared with those of the `first_kind`: SciPy's are
    not accurate everywhere.
    """

    def slope(results: Any, *args: Any) -> Any:
        y, first = results
        if first_kind is not None:
            _compare(ufunc, first_kind, [as_values(v) for v in (y, first, *args)])
        return unit * first, unit * second(y, first, *args)

    unknown = (None,) * (ufunc.nin - 1)
    return several(lambda *args: tuple(ufunc(*args)), *unknown, slope, name=ufunc.__name__)


def _compare(ufunc: Any, first_kind: Any, values: list[Any]) -> None:
    """Refuse what contradicts ``c rest (R1 R2' - R1' R2) = 1``. [DLMF 30.11.7]"""
    y, dy, *args = values
    c, x = args[2], args[-1]
    one, done = first_kind(*args)
    rest = (x - 1) * (x + 1) if ufunc.__name__.startswith("pro") else 1 + x * x
    if anywhere(np.abs(c * rest * (one * dy - done * y) - 1) > 1e-6):
        raise UnsupportedArgumentError(
            explain(
                f"scipy.special.{ufunc.__name__} is not accurate here: value and derivative disagree.",
                "keep the argument constant, or compute the function by an integral",
            )
        )


# fmt: off
# -- Mathieu functions, of degrees; modified ones: DLMF 28.2.1, 28.20.1 --------------------------
def _angular(value: Any) -> Any:
    return lambda y, dy, m, q, x: (2 * q * np.cos(2 * DEGREE * x) - value(m, q)) * y


def _radial(value: Any) -> Any:
    return lambda y, dy, m, q, x: (value(m, q) - 2 * q * np.cosh(2 * x)) * y


mathieu_cem = _pair(sc.mathieu_cem, _angular(sc.mathieu_a), DEGREE)
mathieu_sem = _pair(sc.mathieu_sem, _angular(sc.mathieu_b), DEGREE)
mathieu_modcem1 = _pair(sc.mathieu_modcem1, _radial(sc.mathieu_a))
mathieu_modcem2 = _pair(sc.mathieu_modcem2, _radial(sc.mathieu_a))
mathieu_modsem1 = _pair(sc.mathieu_modsem1, _radial(sc.mathieu_b))
mathieu_modsem2 = _pair(sc.mathieu_modsem2, _radial(sc.mathieu_b))

# -- spheroidal wave functions: DLMF 30.2.1, of ``c**2 = gamma**2``, or of ``-c**2`` --------------
def _prolate(y: Any, dy: Any, m: Any, c: Any, cv: Any, x: Any) -> Any:
    rest = (1 - x) * (1 + x)
    return (2 * x * dy - (cv - (c * x) ** 2 - m * m / rest) * y) / rest


def _oblate(y: Any, dy: Any, m: Any, c: Any, cv: Any, x: Any) -> Any:
    rest = (1 - x) * (1 + x)
    return (2 * x * dy - (cv + (c * x) ** 2 - m * m / rest) * y) / rest


def _oblate_radial(y: Any, dy: Any, m: Any, c: Any, cv: Any, x: Any) -> Any:
    rest = 1 + x * x
    return ((cv - (c * x) ** 2 - m * m / rest) * y - 2 * x * dy) / rest


def _with_value(equation: Any) -> Any:
    return lambda y, dy, m, n, c, cv, x: equation(y, dy, m, c, cv, x)


def _finding_value(equation: Any, value: Any) -> Any:
    return lambda y, dy, m, n, c, x: equation(y, dy, m, c, value(m, n, c), x)


pro_ang1 = _pair(sc.pro_ang1, _finding_value(_prolate, sc.pro_cv))
pro_rad1 = _pair(sc.pro_rad1, _finding_value(_prolate, sc.pro_cv))
pro_rad2 = _pair(sc.pro_rad2, _finding_value(_prolate, sc.pro_cv), first_kind=sc.pro_rad1)
obl_ang1 = _pair(sc.obl_ang1, _finding_value(_oblate, sc.obl_cv))
obl_rad1 = _pair(sc.obl_rad1, _finding_value(_oblate_radial, sc.obl_cv))
obl_rad2 = _pair(sc.obl_rad2, _finding_value(_oblate_radial, sc.obl_cv), first_kind=sc.obl_rad1)
pro_ang1_cv = _pair(sc.pro_ang1_cv, _with_value(_prolate))
pro_rad1_cv = _pair(sc.pro_rad1_cv, _with_value(_prolate))
pro_rad2_cv = _pair(sc.pro_rad2_cv, _with_value(_prolate), first_kind=sc.pro_rad1_cv)
obl_ang1_cv = _pair(sc.obl_ang1_cv, _with_value(_oblate))
obl_rad1_cv = _pair(sc.obl_rad1_cv, _with_value(_oblate_radial))
obl_rad2_cv = _pair(sc.obl_rad2_cv, _with_value(_oblate_radial), first_kind=sc.obl_rad1_cv)

# -- parabolic cylinder functions: DLMF 12.2.2, 12.2.3 -------------------------------------------
pbdv = _pair(sc.pbdv, lambda y, dy, v, x: (0.25 * x * x - v - 0.5) * y)
pbvv = _pair(sc.pbvv, lambda y, dy, v, x: (0.25 * x * x - v - 0.5) * y)
pbwa = _pair(sc.pbwa, lambda y, dy, a, x: (a - 0.25 * x * x) * y)

# -- characteristic values: DLMF 28.4, 30.3; of spheroidal functions by ``t = +-c**2`` ------------
mathieu_a = of_order(sc.mathieu_a, lambda a, b: mathieu_derivative(1, "a")(a, b))
mathieu_b = of_order(sc.mathieu_b, lambda a, b: mathieu_derivative(1, "b")(a, b))
pro_cv    = of_two_orders(sc.pro_cv, lambda a, b, c: 2 * c * spheroidal_derivative(1)(a, b, c * c))
obl_cv    = of_two_orders(sc.obl_cv, lambda a, b, c: -2 * c * spheroidal_derivative(1)(a, b, -c * c))
# fmt: on


@functools.cache
def mathieu_derivative(k: int, kind: str) -> Several:
    """The derivative of order `k` by `q` of ``a_m(q)``, or ``b_m(q)``, as a primitive."""
    even = kind == "a"
    return several(
        _each(lambda m, q: _of_eigenvalue(k, q, *_mathieu_matrix(even, int(m), abs(q)))),
        None,
        lambda y, m, q: mathieu_derivative(k + 1, kind)(m, q),
        name=f"mathieu_{kind}, derivative {k}",
    )


@functools.cache
def spheroidal_derivative(k: int) -> Several:
    """The derivative of order `k` by `t` of the characteristic value, as a primitive."""
    return several(
        _each(lambda m, n, t: _of_eigenvalue(k, t, *_spheroidal_matrix(int(m), int(n), abs(t)))),
        None,
        None,
        lambda y, m, n, t: spheroidal_derivative(k + 1)(m, n, t),
        name=f"spheroidal characteristic value, derivative {k}",
    )  # fmt: skip


def _each(f: Any) -> Any:
    return lambda *args: np.vectorize(f, otypes=[np.float64])(*args)[()]


def _mathieu_matrix(even: bool, m: int, size: float) -> tuple[Any, Any, int]:
    """``diag(a) + q b`` in cosines, or sines."""
    half = m // 2
    count = half + 24 + int(1.5 * math.sqrt(size))
    r = np.arange(count)
    b = np.diag(np.ones(count - 1), 1)
    if m % 2:
        b[0, 0] = 0.5 if even else -0.5
        return (2.0 * r + 1) ** 2, b + b.T, half
    if even:
        b[0, 1] = math.sqrt(2)
        return (2.0 * r) ** 2, b + b.T, half
    return (2.0 * r + 2) ** 2, b + b.T, half - 1


def _spheroidal_matrix(m: int, n: int, size: float) -> tuple[Any, Any, int]:
    """``diag(a) + t b`` in associated Legendre functions; `b` is ``x**2``."""
    count = (n - m) // 2 + 24 + int(math.sqrt(size))
    degree = m + (n - m) % 2 + 2.0 * np.arange(count)

    def side(j: Any) -> Any:  # of x, between degrees j - 1 and j
        return np.sqrt((j * j - m * m) / (4 * j * j - 1))

    b = np.diag(side(degree) ** 2 + side(degree + 1) ** 2)
    off = side(degree[:-1] + 1) * side(degree[:-1] + 2)
    b = b + np.diag(off, 1) + np.diag(off, -1)
    return degree * (degree + 1), b, (n - m) // 2


def _of_eigenvalue(k: int, t: float, a: Any, b: Any, index: int) -> float:
    """The derivative of order `k` of an eigenvalue of ``diag(a) + t b``, by perturbation. [Kato
    1966, II.2.2]"""
    if not (0 <= index < len(a) and math.isfinite(t)):
        return math.nan
    values, vectors = np.linalg.eigh(np.diag(a) + t * b)
    gaps = values - values[index]
    gaps[index] = math.inf
    states, shifts = [vectors[:, index]], [values[index]]
    for n in range(1, k + 1):
        shifts.append(states[0] @ b @ states[n - 1])
        force = -(b @ states[n - 1])
        for j in range(1, n):
            force = force + shifts[j] * states[n - j]
        states.append(vectors @ ((vectors.T @ force) / gaps))
    return float(math.factorial(k) * shifts[k])


UFUNCS = {
    getattr(sc, str(p.name)): p
    for p in (
        mathieu_cem, mathieu_sem, mathieu_modcem1, mathieu_modcem2, mathieu_modsem1, mathieu_modsem2,
        pro_ang1, pro_rad1, pro_rad2, obl_ang1, obl_rad1, obl_rad2, pro_ang1_cv, pro_rad1_cv,
        pro_rad2_cv, obl_ang1_cv, obl_rad1_cv, obl_rad2_cv, pbdv, pbvv, pbwa,
    )
} | {p.fun: p for p in (mathieu_a, mathieu_b, pro_cv, obl_cv)}  # fmt: skip
