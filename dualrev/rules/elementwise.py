"""Elementwise functions: one line a function, one partial an argument.

``y`` names the result, ``x`` the only argument, ``a, b, c`` several. What a partial does
not name is not kept alive. Formulas: DLMF ch. 4 unless another source is named. Values at
ties and at points without a derivative: "Derivatives where mathematics leaves a choice"
in the documentation.

Where a partial has a special point of its own (0/0, inf - inf) it is said by an auxiliary
primitive that is right there, and whose partials are again in this table. So the second
and third derivatives see the smooth function, not the mask around a point.
"""

from __future__ import annotations

import functools
import math
import operator
from typing import Any

import numpy as np

from ..primitive import primal_of
from .forms import Elementwise, elementwise, general, linear, to_spec
from .forms.batching import InBatch, aligned, elementwise_rule, full
from .indexing import fitted
from .keys import positions

LN2, LN10, DEGREE = math.log(2), math.log(10), math.pi / 180

# fmt: off
# -- arithmetic (`operator` rather than `np`: faster on NumPy scalars, the same values) ----
positive   = elementwise(operator.pos,     1, name="positive")
negative   = elementwise(operator.neg,     -1, name="negative")
add        = elementwise(operator.add,     1, 1, name="add")
subtract   = elementwise(operator.sub,     1, -1, name="subtract")
multiply   = elementwise(operator.mul,     "b", "a", name="multiply")
divide     = elementwise(operator.truediv, lambda b: _inverse(b), lambda y, b: -y / b, name="divide", singular=True)
reciprocal = elementwise(np.reciprocal,    lambda y: -y * y, singular=True)
square     = elementwise(np.square,        lambda x: x + x)
sqrt       = elementwise(np.sqrt,          lambda y: 0.5 / y, singular=True)
cbrt       = elementwise(np.cbrt,          lambda y: 1 / (3 * y * y), singular=True)
pow        = elementwise(operator.pow,     lambda a, b: _slope(a, b), lambda y, a: xlogy(y, a), name="pow", singular=True)
power      = elementwise(np.power,         lambda a, b: _slope(a, b), lambda y, a: xlogy(y, a), singular=True)
float_power = elementwise(np.float_power,  lambda a, b: _slope(a, b, np.float_power), lambda y, a: xlogy(y, a), singular=True)

# -- exponential functions ----------------------------------------------------------------
exp        = elementwise(np.exp,           "y")
exp2       = elementwise(np.exp2,          lambda y: LN2 * y)
expm1      = elementwise(np.expm1,         lambda x: np.exp(x))
log        = elementwise(np.log,           lambda x: 1 / x, singular=True)
log2       = elementwise(np.log2,          lambda x: 1 / (LN2 * x), singular=True)
log10      = elementwise(np.log10,         lambda x: 1 / (LN10 * x), singular=True)
log1p      = elementwise(np.log1p,         lambda x: 1 / (1 + x), singular=True)
logaddexp  = elementwise(np.logaddexp,     lambda a, b: expit(gap(a, b)), lambda a, b: expit(gap(b, a)))
logaddexp2 = elementwise(np.logaddexp2,    lambda a, b: expit(LN2 * gap(a, b)), lambda a, b: expit(LN2 * gap(b, a)))

# -- trigonometric and hyperbolic functions -----------------------------------------------
sin        = elementwise(np.sin,           lambda x: np.cos(x))
cos        = elementwise(np.cos,           lambda x: -np.sin(x))
tan        = elementwise(np.tan,           lambda y: 1 + y * y)
arcsin     = elementwise(np.arcsin,        lambda x: 1 / _root_one_minus_square(x), singular=True)
arccos     = elementwise(np.arccos,        lambda x: -1 / _root_one_minus_square(x), singular=True)
arctan     = elementwise(np.arctan,        lambda x: 1 / (1 + x * x), singular=True)
sinh       = elementwise(np.sinh,          lambda x: np.cosh(x))
cosh       = elementwise(np.cosh,          lambda x: np.sinh(x))
tanh       = elementwise(np.tanh,          lambda x: np.square(sech(x)))
arcsinh    = elementwise(np.arcsinh,       lambda x: 1 / _root_one_plus_square(x), singular=True)
arccosh    = elementwise(np.arccosh,       lambda x: 1 / (np.sqrt(x - 1) * np.sqrt(x - -1)), singular=True)
arctanh    = elementwise(np.arctanh,       lambda x: 1 / ((1 - x) * (1 + x)), singular=True)
arctan2    = elementwise(np.arctan2,       lambda a, b: _over_square(b, a, b), lambda a, b: -_over_square(a, a, b), singular=True)
hypot      = elementwise(np.hypot,         lambda y, a: ratio(a, y), lambda y, b: ratio(b, y))
deg2rad    = elementwise(np.deg2rad,       DEGREE)
radians    = elementwise(np.radians,       DEGREE)
rad2deg    = elementwise(np.rad2deg,       1 / DEGREE)
degrees    = elementwise(np.degrees,       1 / DEGREE)

# -- choices: masks of what was chosen, halves at ties ------------------------------------
maximum    = elementwise(np.maximum,       lambda a, b: _won(a > b, a == b, a), lambda a, b: _won(b > a, a == b, b))
minimum    = elementwise(np.minimum,       lambda a, b: _won(a < b, a == b, a), lambda a, b: _won(b < a, a == b, b))
fmax       = elementwise(np.fmax,          lambda a, b: _won((a > b) | (b != b), a == b, a), lambda a, b: _won((b > a) | (a != a), a == b, b))
fmin       = elementwise(np.fmin,          lambda a, b: _won((a < b) | (b != b), a == b, a), lambda a, b: _won((b < a) | (a != a), a == b, b))
clip       = elementwise(np.clip,          lambda a, b, c: (a >= b) & (a <= c), lambda a, b, c: (a < b) & (b <= c), lambda a, b, c: (a > c) | (b > c))
clip_below = elementwise(np.maximum,       lambda a, b: a >= b, lambda a, b: a < b, name="clip_below")
clip_above = elementwise(np.minimum,       lambda a, b: a <= b, lambda a, b: a > b, name="clip_above")
heaviside  = elementwise(np.heaviside,     0, lambda a: a == 0)

# -- parts: sign, modulus, remainder ------------------------------------------------------
absolute   = elementwise(np.absolute,      lambda x, y: _direction(x, y), real=True)
fabs       = elementwise(np.fabs,          lambda x: np.sign(x))
copysign   = elementwise(np.copysign,      lambda y, a: np.sign(a) * np.sign(y), 0)
nextafter  = elementwise(np.nextafter,     1, 0)
remainder  = elementwise(operator.mod,     1, lambda a, b: -(a // b), name="remainder", singular=True)
fmod       = elementwise(np.fmod,          1, lambda y, a, b: -_whole(y, a, b), singular=True)
fraction   = elementwise(lambda x: np.modf(x)[0], 1, name="fraction")
angle      = elementwise(np.angle,         lambda x: ratio(-1j, x), real=True, singular=True)
conjugate  = linear(np.conjugate,          lambda ct, x: np.conjugate(ct), batch=elementwise_rule)
real       = linear(np.real,               lambda ct, x: ct, name="real", batch=elementwise_rule)
imag       = linear(np.imag,               lambda ct, x: ct * -1j, name="imag", batch=elementwise_rule)
ldexp      = linear(lambda x, n: np.ldexp(x, n), lambda ct, x, n: to_spec(ldexp(ct, n=n), x.shape, x.dtype), name="ldexp", batch=lambda *call: _batch_ldexp(*call))
add_at     = linear(lambda x, v, key: _add_at(x, v, key), lambda ct, x, v, key: ct, lambda ct, x, v, key: ct[key], name="add_at", batch=lambda *call: _batch_add_at(*call))

# -- auxiliary primitives, closed under differentiation -----------------------------------
ratio      = elementwise(lambda a, b: _ratio(a, b), lambda b: ratio(1.0, b), lambda y, b: -ratio(y, b), name="ratio", singular=True)
xlogy      = elementwise(lambda a, b: _xlogy(a, b), lambda b: logarithm(b), lambda a, b: over(a, b), name="xlogy", singular=True)
gap        = elementwise(lambda a, b: _gap(a, b), 1, -1, name="gap")
expit      = elementwise(lambda x: _expit(x), lambda x, y: y * expit(-x), name="expit")
sech       = elementwise(lambda x: _sech(x), lambda x, y: -y * np.tanh(x), name="sech")
# fmt: on


def _inverse(b: Any) -> Any:
    try:
        return 1 / b
    except ZeroDivisionError:  # a Python number; NumPy's do not raise
        return math.copysign(math.inf, b.real)


def _slope(a: Any, b: Any, raised: Any = operator.pow) -> Any:
    """``d(a**b)/da = b a**(b-1)``, and 0 where ``b = 0``: never ``0 * 0**-1``."""
    if type(b) is int or type(b) is float:
        return b * raised(a, b - 1) if b else 0.0
    constant = np.equal(primal_of(b), 0) & np.equal(primal_of(a), 0)
    if constant.any():
        a = np.where(constant, 1, a)
    return b * raised(a, b - 1)


def _root_one_minus_square(x: Any) -> Any:
    """``sqrt(1 - x^2)``; on a branch cut, on the side that the sign of a zero says.

    ``x - -1`` keeps the sign of a zero imaginary part, ``x + 1`` does not.
    """
    if x.dtype.kind != "c":
        return np.sqrt((1 - x) * (1 + x))
    return np.sqrt(-(x - 1)) * np.sqrt(x - -1)


def _root_one_plus_square(x: Any) -> Any:
    return np.sqrt(1 + x * x) if x.dtype.kind == "c" else np.hypot(1.0, x)


def _over_square(s: Any, a: Any, b: Any) -> Any:
    """``s / (a**2 + b**2)`` without overflow in between; 0 at ``a = b = 0``."""
    r = np.hypot(a, b)
    return ratio(ratio(s, r), r)


def _won(won: Any, tie: Any, x: Any) -> Any:
    """1 where `x` won, 1/2 at a tie, else 0. Booleans keep every dtype as it is."""
    return np.where(tie, x.dtype.type(0.5), won) if np.any(tie) else won


def _direction(x: Any, y: Any) -> Any:
    """``d|z| = Re(conj(z) dz) / |z|``; 0 at 0."""
    return ratio(np.conjugate(x), y) if x.dtype.kind == "c" else np.sign(x)


def _whole(y: Any, a: Any, b: Any) -> Any:
    """The integer ``n`` of ``fmod(a, b) = a - n b``; ``trunc(a / b)`` can be off by one."""
    return np.rint((primal_of(a) - primal_of(y)) / primal_of(b))


# -- the operations of the auxiliary primitives, on plain arrays --------------------------


def _ratio(a: Any, b: Any) -> Any:
    """``a / b``, and 0 where ``b = 0``: ``x / |x|`` at 0, with derivative 0."""
    zero = np.equal(b, 0)
    if not zero.any():
        return a / b
    quotient = a / np.where(zero, 1, b)
    return np.where(zero, quotient.dtype.type(0), quotient)[()]


def over(a: Any, b: Any) -> Any:
    """``a / b``, and 0 where both are 0."""
    both = np.equal(primal_of(a), 0) & np.equal(primal_of(b), 0)
    return np.where(both, 0, a / np.where(both, 1, b)) if both.any() else a / b


def _xlogy(a: Any, b: Any) -> Any:
    """``a log(b)``, and 0 where ``a = 0``."""
    zero = np.equal(a, 0)
    return a * logarithm(np.where(zero, 1, b) if zero.any() else b)


def logarithm(b: Any, log: Any = np.log) -> Any:
    """The logarithm; of a Python number a Python number, which promotes no float32.

    Silent at 0: where its infinity matters, it shows.
    """
    with np.errstate(divide="ignore"):
        return log(b) if hasattr(b, "dtype") else log(b).item()


def _gap(a: Any, b: Any) -> Any:
    """``a - b``, and 0 for two equal infinities."""
    with np.errstate(invalid="ignore"):
        d = np.subtract(a, b)
    lost = np.isnan(d)
    return np.where(lost & np.equal(a, b), 0, d)[()] if lost.any() else d


def _expit(x: Any) -> Any:
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def _sech(x: Any) -> Any:
    if x.dtype.kind == "c":  # cosh overflows to inf + nan j
        t = np.exp(np.where(x.real < 0, x, -x))
        return 2 * t / (1 + t * t)
    with np.errstate(over="ignore"):
        return 1 / np.cosh(x)


def _add_at(x: Any, v: Any, key: Any) -> Any:
    y = np.array(x)
    np.add.at(y, key, v)
    return y


def _batch_add_at(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    x, v = full(args[0], batched[0], size), args[1]
    shape = x.shape[1:]
    rows = x.reshape(size, math.prod(shape))
    places = positions(params["key"], shape)
    v = fitted(v, places.ndim) if batched[1] else v
    return add_at(rows, v, key=(slice(None), places)).reshape(size, *shape)


def _batch_ldexp(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    n = params["n"]
    each = type(n) is InBatch
    x, n = aligned((*args, n.value if each else n), (*batched, each))
    return ldexp(x, n=n)


# -- functions whose derivatives are a family ---------------------------------------------


@general(np.sign, batch=elementwise_rule)
def sign(y: Any, x: Any) -> Any:
    """``y = z / |z|``: ``dy = i y Im(conj(y) dz) / |z|``: it turns. 0 at 0."""
    r = np.absolute(x)

    def push(dx: Any) -> Any:
        return 1j * y * ratio((np.conjugate(y) * dx).imag, r)

    def pull(ct: Any) -> Any:
        return (-1j * np.conjugate(y) * ratio((1j * ct * y).real, r),)

    return push, pull


@general(np.nan_to_num, batch=elementwise_rule)
def nan_to_num(y: Any, x: Any, **params: Any) -> Any:
    """``y = x`` where finite, a constant elsewhere: ``dy = dx`` where finite. Its own transpose."""
    value = primal_of(x)

    def keep(d: Any) -> Any:
        if value.dtype.kind != "c":
            return np.where(np.isfinite(value), d, d.dtype.type(0))
        re = np.where(np.isfinite(value.real), d.real, 0)
        return re + 1j * np.where(np.isfinite(value.imag), d.imag, 0)

    return keep, lambda ct: (keep(ct),)


@functools.cache
def sinc_derivative(order: int) -> Elementwise:
    """The derivative of `order` of ``sin(pi x) / (pi x)``, as a primitive."""
    return elementwise(
        np.sinc if order == 0 else lambda x: _sinc(x, order),
        lambda x: sinc_derivative(order + 1)(x),
        name="sinc" if order == 0 else f"sinc, derivative {order}",
    )


def _sinc(x: Any, order: int) -> Any:
    """``pi**k S_k(pi x)``, where ``S_k`` is the k-th derivative of ``S_0(u) = sin(u) / u``.

    ``u S_0 = sin(u)`` k times differentiated is ``u S_k + k S_(k-1) = sin(u + k pi/2)``.
    That recurrence loses digits for ``u < k``; there the series of ``S_0``, differentiated
    term by term, has few terms: ``(-1)**n u**(2n-k) / ((2n+1) (2n-k)!)``.
    """
    u = math.pi * x
    near = np.abs(u) < 2 + order
    v = np.where(near, 1, u)
    sin, cos = np.sin(v), np.cos(v)
    far = sin / v
    for k in range(1, order + 1):
        far = ((sin, cos, -sin, -cos)[k % 4] - k * far) / v
    w = np.where(near, u, 0)
    first = (order + 1) // 2
    series = 0 * w
    for n in range(first + 14 + 2 * order, first - 1, -1):
        series = series * (w * w) + (-1) ** n / ((2 * n + 1) * math.factorial(2 * n - order))
    if order % 2:
        series = series * w
    return (math.pi**order * np.where(near, series, far))[()]


sinc = sinc_derivative(0)
