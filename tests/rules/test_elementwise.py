"""Elementwise functions: every rule against differences, and the values that are agreed on."""

import math

import numpy as np
import pytest
import scipy.special as sc

import dualrev as dr
from dualrev.rules.special import polygamma

from .harness import Case, check_case

X = np.array([0.31, -0.62, 0.47])  # inside (-1, 1)
P = np.array([0.43, 1.7, 2.9])  # positive
L = np.array([1.3, 2.1, 4.2])  # larger than 1
A = np.array([[0.7, -1.2, 2.3], [1.1, 0.4, -0.8]])
B = np.array([1.9, -0.5, 1.4])
Z = np.array([0.4 + 0.3j, -0.7 + 0.2j, 0.5 - 0.6j])
W = np.array([[1.2 - 0.4j, 0.3 + 0.8j, -0.9 + 0.5j], [0.8 + 0.1j, -0.4 - 0.7j, 1.1 + 0.2j]])

ANYWHERE = [
    np.positive,
    np.negative,
    np.square,
    np.exp,
    np.exp2,
    np.expm1,
    np.sin,
    np.cos,
    np.tan,
    np.arctan,
]
ANYWHERE += [
    np.sinh,
    np.cosh,
    np.tanh,
    np.arcsinh,
    np.arcsin,
    np.arccos,
    np.arctanh,
    np.reciprocal,
    np.conjugate,
]
ANYWHERE += [np.absolute, np.sinc]
POSITIVE = [np.sqrt, np.log, np.log2, np.log10, np.log1p]
REAL = [np.cbrt, np.fabs, np.deg2rad, np.radians, np.rad2deg, np.degrees, np.nan_to_num, np.i0]
BINARY = [np.add, np.subtract, np.multiply, np.divide]
REAL_BINARY = [
    np.arctan2,
    np.hypot,
    np.logaddexp,
    np.logaddexp2,
    np.maximum,
    np.minimum,
    np.fmax,
    np.fmin,
]
REAL_BINARY += [np.remainder, np.fmod]


def name(f, *more):
    return ", ".join([f"np.{f.__name__}", *more])


def _into(x, f):
    """``f(x)``, a constant, written over the elements of a copy of `x`."""
    y = x * 1.0
    f(y, out=y)
    return y


CASES = [
    *[Case(name(f), f, (X,)) for f in [*ANYWHERE, *REAL]],
    *[Case(name(f, "complex"), f, (Z,)) for f in [*ANYWHERE, *POSITIVE]],
    *[Case(name(f), f, (P,)) for f in POSITIVE],
    *[Case(name(f, "0-d"), f, (np.float64(0.37),)) for f in [*ANYWHERE, *REAL, *POSITIVE]],
    *[
        Case(name(f, "float32"), f, (P.astype(np.float32) / 4,))
        for f in [*ANYWHERE, *REAL, *POSITIVE]
    ],
    *[Case(name(f, "complex64"), f, (Z.astype(np.complex64),)) for f in [*ANYWHERE, *POSITIVE]],
    Case("np.sin, size 0", np.sin, (np.zeros((0, 3)),)),
    Case("np.sin, size 1", np.sin, (np.ones((1, 1)),)),
    Case("np.arccosh", np.arccosh, (L,)),
    Case("np.arccosh, complex", np.arccosh, (Z,)),
    Case("np.arccosh, float32", np.arccosh, (L.astype(np.float32),)),
    *[Case(name(f, "broadcasting"), f, (A, B)) for f in [*BINARY, *REAL_BINARY]],
    *[Case(name(f, "complex"), f, (W, Z)) for f in BINARY],
    *[Case(name(f, "real and complex"), f, (A, Z)) for f in BINARY],
    *[Case(name(f, "0-d"), f, (np.float64(1.9), np.float64(0.7))) for f in [*BINARY, *REAL_BINARY]],
    *[
        Case(name(f, "float32"), f, (A.astype(np.float32), B.astype(np.float32)))
        for f in [*BINARY, *REAL_BINARY]
    ],
    *[
        Case(name(f, "float32 and a number"), lambda x, f=f: f(x, 0.75), (A.astype(np.float32),))
        for f in [*BINARY, *REAL_BINARY]
    ],
    *[
        Case(name(f, "number and float32"), lambda x, f=f: f(0.75, x), (A.astype(np.float32),))
        for f in [*BINARY, *REAL_BINARY]
    ],
    *[
        Case(name(f, "list"), lambda x, f=f: f(x, [1.0, 2.0, 3.0]), (X,))
        for f in [*BINARY, *REAL_BINARY]
    ],
    *[Case(name(f, "size 0"), f, (np.zeros((0, 3)), B)) for f in [*BINARY, *REAL_BINARY]],
    Case("np.power", np.power, (np.abs(A), B)),
    Case("np.power, complex", np.power, (W, Z)),
    Case("np.power, 0-d", np.power, (np.float64(1.3), np.float64(-0.8))),
    Case("np.power, number to the x", lambda x: np.power(2.0, x), (A,)),
    Case("np.power, float32 number to the x", lambda x: np.power(2.0, x), (A.astype(np.float32),)),
    Case("np.float_power", np.float_power, (np.abs(A), B)),
    Case("np.float_power, 3", lambda x: np.float_power(x, 3), (A,)),
    *[
        Case(f"np.power, {p}", lambda x, p=p: np.power(x, p), (A,))
        for p in (0, 1, 2, 3, -1, -2, 4.0)
    ],
    *[Case(f"x ** {p}", lambda x, p=p: x**p, (A,)) for p in (0, 1, 2, 3, -1, -2, 4.0)],
    *[
        Case(f"x ** {p}, float32", lambda x, p=p: x**p, (A.astype(np.float32),))
        for p in (0, 2, 3, -2, 4.0)
    ],
    *[Case(f"x ** {p}, positive", lambda x, p=p: x**p, (P,)) for p in (0.5, -0.5, 2.5)],
    Case("x ** integers", lambda x: x ** np.array([0, 2, 3]), (A,)),
    Case("2 ** x", lambda x: 2**x, (A,)),
    Case("x ** y", lambda x, y: x**y, (np.abs(A), B)),
    Case("x % y", lambda x, y: x % y, (A, B)),
    Case("np.real", np.real, (Z,)),
    Case("np.imag", np.imag, (Z,)),
    Case("np.real of real", np.real, (X,)),
    Case("np.imag of real", lambda x: x + np.imag(x), (X,)),
    Case("np.angle", np.angle, (Z,)),
    Case("np.angle, deg", lambda z: np.angle(z, deg=True), (Z,)),
    Case("np.angle of real", lambda x: x * np.angle(x), (X,)),
    Case("np.real_if_close", np.real_if_close, (Z,)),
    Case("np.real_if_close, close", lambda x: np.real_if_close(x + 0j), (X,)),
    Case("np.sign, complex", np.sign, (Z,)),
    Case("np.sign, complex64", np.sign, (Z.astype(np.complex64),)),
    Case("np.nan_to_num, complex", np.nan_to_num, (Z,)),
    Case("np.round, times x", lambda x: np.round(x) * x, (A,)),
    Case("np.round, into a traced array", lambda x: _into(x, np.round) * x, (A,)),
    Case("np.around, decimals", lambda x: np.around(x, decimals=1) * x, (X,)),
    Case(
        "np.clip", lambda x, a, b: np.clip(x, a, b), (A, np.array([-0.9, -0.1, 0.2]), np.array(0.9))
    ),
    Case("np.clip, numbers", lambda x: np.clip(x, -1, 1), (A,)),
    Case("np.clip, float32", lambda x: np.clip(x, -1, 1), (A.astype(np.float32),)),
    Case("np.clip, below", lambda x, a: np.clip(x, a, None), (A, B)),
    Case("np.clip, above", lambda x, b: np.clip(x, max=b), (A, B)),
    Case("np.clip, plain and traced bounds", lambda a: np.clip(A, a, 1.0), (X,)),
    Case("np.clip, method", lambda x: x.clip(-1, 1), (A,)),
    Case("np.copysign", lambda x: np.copysign(x, B), (A,)),
    Case("np.copysign, float32", lambda x: np.copysign(x, -2.0), (A.astype(np.float32),)),
    Case("np.ldexp", lambda x: np.ldexp(x, np.array([[1], [-2]])), (B,)),
    Case("np.heaviside", lambda h: np.heaviside(np.array([-1.0, 0.0, 2.0]), h), (B,)),
    Case("np.nextafter", lambda x: np.nextafter(x, 10.0), (B,)),
    Case("np.modf", lambda x: np.modf(x), (A,)),
    Case("np.frexp", lambda x: np.frexp(x)[0], (A,)),
    Case("np.divmod", lambda x, y: np.divmod(x, y)[1], (A, B)),
    Case("divmod", lambda x, y: divmod(x, y)[1], (A, B)),
    Case("np.sinc, far", np.sinc, (np.array([3.7, -5.2, 1.1]),)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


# -- special functions ------------------------------------------------------------------

SPECIAL = [
    *[
        (f, (P,))
        for f in (
            sc.gammaln,
            sc.digamma,
            sc.gamma,
            sc.rgamma,
            sc.entr,
            sc.exprel,
            sc.log1p,
            sc.expm1,
        )
    ],
    *[
        (f, (A,))
        for f in (
            sc.erf,
            sc.erfc,
            sc.erfcx,
            sc.expit,
            sc.log_expit,
            sc.log_ndtr,
            sc.ndtr,
            sc.exprel,
            sc.rgamma,
        )
    ],
    *[(f, (A,)) for f in (sc.i0, sc.i0e, sc.i1, sc.i1e, sc.j0, sc.j1)],
    *[(f, (X,)) for f in (sc.erfinv,)],
    *[(f, (np.array([0.2, 0.5, 0.8]),)) for f in (sc.logit, sc.ndtri, sc.erfcinv)],
    *[(f, (P,)) for f in (sc.y0, sc.y1, sc.k0, sc.k1)],
    *[(f, (P, L)) for f in (sc.xlogy, sc.xlog1py, sc.rel_entr, sc.kl_div, sc.beta, sc.betaln)],
    *[(lambda x, f=f: f(1.5, x), (P,)) for f in (sc.iv, sc.jv, sc.yv, sc.kv, sc.ive, sc.kve)],
    *[
        (lambda x, f=f: f(2, x), (P.astype(np.float32),))
        for f in (sc.iv, sc.jv, sc.yv, sc.kv, sc.ive, sc.kve)
    ],
    *[
        (lambda x, n=n: sc.polygamma(n, x) if type(x) is np.ndarray else polygamma(n, x), (P,))
        for n in (0, 1, 2)
    ],
    *[
        (lambda x, f=f: f(0.75, x), (P.astype(np.float32),))
        for f in (sc.xlogy, sc.xlog1py, sc.rel_entr, sc.kl_div, sc.beta)
    ],
    *[
        (lambda x, f=f: f(x, 0.75), (P.astype(np.float32),))
        for f in (sc.xlogy, sc.xlog1py, sc.rel_entr, sc.kl_div, sc.beta)
    ],
    *[
        (f, (P.astype(np.float32) / 4,))
        for f in (sc.gammaln, sc.erf, sc.erfcx, sc.expit, sc.exprel, sc.log_ndtr, sc.rgamma)
    ],
    *[(f, (Z,)) for f in (sc.gamma, sc.rgamma, sc.erf, sc.erfcx, sc.log_ndtr, sc.expm1)],
]


def special_name(k):
    return f"{k}-{getattr(SPECIAL[k][0], '__name__', 'f')}"


@pytest.mark.parametrize("k", range(len(SPECIAL)), ids=special_name)
def test_special(k):
    f, args = SPECIAL[k]
    complex_digamma = f in (sc.gamma, sc.rgamma) and args[0].dtype.kind == "c"
    check_case(Case(special_name(k), f, args, order=1 if complex_digamma else 3, rtol=1e-5))


def test_order_of_a_struve_function_has_no_derivative():
    with pytest.raises(dr.errors.NoRuleError, match="order"):
        dr.grad(lambda v: sc.struve(v, 1.0))(0.5)
    with pytest.raises(dr.errors.NoRuleError, match="order"):
        dr.jvp(lambda v: sc.modstruve(v, 1.0), (0.5,), (1.0,))


@pytest.mark.parametrize(
    ("f", "points", "expected"),
    [
        (sc.rgamma, [0.0, -1.0, -2.0], [1.0, -1.0, 2.0]),  # (-1)**n n!
        (sc.exprel, [0.0, 1e-9], [0.5, 0.5 + 1e-9 / 3]),
        (sc.log_ndtr, [-1e6, -30.0], [1e6 + 1e-6, 30.03325966743367]),
        (sc.erfcx, [1e8, 50.0], [-5.641895835477563e-17, -2.2554056313532387e-4]),
        (sc.expit, [-700.0, 700.0], [math.exp(-700), math.exp(-700)]),
        (sc.log_expit, [700.0], [math.exp(-700)]),
    ],
)
def test_special_at_special_points(f, points, expected):
    for derivative in both(f, points):
        np.testing.assert_allclose(derivative, expected, rtol=1e-12)


def test_kl_div_near_its_minimum():
    a, b = 1.0 + 1e-9, 1.0
    assert dr.grad(sc.kl_div)(a, b) == pytest.approx(math.log1p(a - b), rel=1e-12)
    assert dr.grad(sc.kl_div, 1)(a, b) == pytest.approx(b - a, rel=1e-12)
    assert dr.derivative(dr.derivative(sc.kl_div))(2.0, 2.0) == pytest.approx(0.5)


def test_xlogy_at_zero():
    assert dr.grad(sc.xlogy, 1)(0.0, 0.0) == 0
    assert dr.grad(sc.xlogy, 1)(0.0, 2.0) == 0
    assert dr.grad(sc.xlogy)(0.0, 2.0) == math.log(2.0)


# -- agreed values: both modes ----------------------------------------------------------


def both(f, points):
    """Elementwise derivatives at `points`, by duals and by the tape."""
    x = np.asarray(points)
    with np.errstate(all="ignore"):
        return dr.jvp(f, (x,), (np.ones_like(x),))[1], dr.grad(lambda x: np.sum(f(x)))(x)


def orders(f, x, n):
    """Derivatives 1 to n of a function of one number: by duals, and by tapes."""
    with np.errstate(all="ignore"):
        for d in (dr.derivative, dr.grad):
            g, values = f, []
            for _ in range(n):
                g = d(g)
                values.append(float(g(x)))
            yield values


NAN, INF = math.nan, math.inf
VALUES = [
    ("abs", np.abs, [0.0, -0.0, -2.0], [0.0, 0.0, -1.0]),
    ("fabs", np.fabs, [0.0, -2.0], [0.0, -1.0]),
    ("x**0", lambda x: x**0, [0.0, 2.0, -1.0], [0, 0, 0]),
    ("x**0.0 as array", lambda x: x ** np.zeros(3), [0.0, 2.0, -1.0], [0, 0, 0]),
    ("x**1", lambda x: np.power(x, 1), [0.0, -3.0], [1, 1]),
    ("x**2.0", lambda x: np.power(x, 2.0), [0.0, -3.0], [0, -6]),
    ("x**3", lambda x: x**3, [0.0, -2.0], [0, 12]),
    ("0**y", lambda y: 0.0**y, [1.0, 0.5, 3.0], [0, 0, 0]),
    ("maximum(x, 0)", lambda x: np.maximum(x, 0), [-1.0, 0.0, 1.0], [0, 0.5, 1]),
    ("minimum(0, x)", lambda x: np.minimum(0, x), [-1.0, 0.0, 1.0], [1, 0.5, 0]),
    ("maximum(x, x)", lambda x: np.maximum(x, x), [3.0], [1]),
    ("fmax(x, nan)", lambda x: np.fmax(x, NAN), [3.0], [1]),
    ("fmin(nan, x)", lambda x: np.fmin(NAN, x), [3.0], [1]),
    ("fmax tie", lambda x: np.fmax(x, 1.0), [1.0], [0.5]),
    ("clip", lambda x: np.clip(x, -1, 1), [-1.0, 1.0, 0.0, 2.0], [1, 1, 1, 0]),
    ("clip below", lambda x: np.clip(x, 0, None), [-1.0, 0.0, 1.0], [0, 1, 1]),
    ("arctan2(x, 0)", lambda x: np.arctan2(x, np.zeros_like(x)), [0.0], [0]),
    ("arctan2(0, x)", lambda x: np.arctan2(np.zeros_like(x), x), [0.0], [0]),
    ("hypot(x, 0)", lambda x: np.hypot(x, 0.0), [0.0, -1.0], [0, -1]),
    ("logaddexp", lambda x: np.logaddexp(x, x[::-1]), [-INF, -INF], [1.0, 1.0]),
    (
        "logaddexp, one",
        lambda x: np.logaddexp(x, np.array([INF, -INF, 0.0])),
        [INF, -INF, -INF],
        [0.5, 0.5, 0.0],
    ),
    ("logaddexp, tail", lambda x: np.logaddexp(x, 1e4), [1e4 - 600], [math.exp(-600)]),
    ("heaviside", lambda x: x * np.heaviside(x, 0.5), [2.0, -2.0], [1, 0]),
    ("sign", lambda x: x * np.sign(x), [2.0, -2.0], [1, -1]),
    ("floor", lambda x: x + np.floor(x), [2.5], [1]),
    ("x % 3", lambda x: x % 3, [2.5, -1.0], [1, 1]),
    ("7 % x", lambda x: 7 % x, [2.5, -2.0], [-2, 4]),
    ("fmod(7, x)", lambda x: np.fmod(7.0, x), [2.5, -2.0], [-2, 3]),
    ("tanh, tails", np.tanh, [300.0, -300.0], [4 * math.exp(-600)] * 2),
    ("arcsinh, far", np.arcsinh, [1e200, -1e200], [1e-200, 1e-200]),
    ("arccosh, far", np.arccosh, [1e200], [1e-200]),
    ("arctan2, far", lambda x: np.arctan2(x, 1e200), [1e200], [0.5e-200]),
    ("arctan2, near", lambda x: np.arctan2(x, 1e-200), [1e-200], [0.5e200]),
    ("hypot, far", lambda x: np.hypot(x, 3e200), [4e200], [0.8]),
    ("expm1, tail", np.expm1, [-50.0], [math.exp(-50)]),
    ("x/0", lambda x: x / 0.0, [1.0], [INF]),
    ("nan_to_num", np.nan_to_num, [NAN, INF, 1.0], [0, 0, 1]),
    ("where sqrt", lambda x: np.where(x > 0, np.sqrt(x), 0), [0.0, 4.0], [0, 0.25]),
    ("where log", lambda x: np.where(x > 0, np.log(x), 0), [0.0, -1.0, 2.0], [0, 0, 0.5]),
    ("where 1/x", lambda x: np.where(x > 0, 1 / x, x), [0.0, 2.0], [1, -0.25]),
    ("where x**-0.5", lambda x: np.where(x > 0, x**-0.5, 0), [0.0, 1.0], [0, -0.5]),
    ("where sin(x)/x", lambda x: np.where(x != 0, np.sin(x) / x, 1), [0.0], [0]),
    ("where arccos", lambda x: np.where(np.abs(x) < 1, np.arccos(x), 0), [1.0, 0.0], [0, -1]),
    ("sqrt", np.sqrt, [0.0], [INF]),
]


@pytest.mark.parametrize(("label", "f", "points", "expected"), VALUES, ids=[v[0] for v in VALUES])
def test_agreed_value(label, f, points, expected):
    for derivative in both(f, points):
        np.testing.assert_allclose(derivative, expected, rtol=1e-12, err_msg=label)


HIGHER = [
    ("sinc", np.sinc, 0.0, [0, -(math.pi**2) / 3, 0, math.pi**4 / 5]),
    (
        "sinc near 0",
        np.sinc,
        1e-6,
        [-(math.pi**2) / 3 * 1e-6, -(math.pi**2) / 3, math.pi**4 / 5 * 1e-6, math.pi**4 / 5],
    ),
    ("x**3 at 0", lambda x: x**3, 0.0, [0, 0, 6, 0]),
    ("power(x, 3.0) at 0", lambda x: np.power(x, 3.0), 0.0, [0, 0, 6, 0]),
    ("x**1 at 0", lambda x: np.power(x, 1), 0.0, [1, 0, 0]),
    ("x**array(2) at 0", lambda x: np.power(x, np.float64(2)), 0.0, [0, 2, 0, 0]),
    ("x**2 at -1", lambda x: x ** np.float64(2), -1.0, [-2, 2, 0, 0]),
    (
        "x**y along y at y = 0",
        lambda y: np.float64(2.0) ** y,
        0.0,
        [math.log(2), math.log(2) ** 2, math.log(2) ** 3],
    ),
    ("x**x at y = 0", lambda t: (2.0 + t) ** t, 0.0, [math.log(2), 1 + math.log(2) ** 2]),
    ("logaddexp at a tie", lambda x: np.logaddexp(x, 1.5), 1.5, [0.5, 0.25, 0, -0.125]),
    ("logaddexp2 at a tie", lambda x: np.logaddexp2(x, 1.5), 1.5, [0.5, math.log(2) / 4]),
    ("tanh at 0", np.tanh, 0.0, [1, 0, -2, 0]),
    ("tanh far", np.tanh, 1000.0, [0, 0, 0, 0]),
    ("arctan2 at 0", lambda x: np.arctan2(x, 1.0), 0.0, [1, 0, -2]),
    ("arctan2 at pi", lambda x: np.arctan2(x, -2.0), 0.0, [-0.5, 0, 0.25]),
    ("hypot at 0", lambda x: np.hypot(x, 2.0), 0.0, [0, 0.5, 0]),
    ("abs squared", lambda x: np.abs(x) ** 2, 0.0, [0, 0]),
    ("maximum", lambda x: np.maximum(x, 1.0) ** 2, 3.0, [6, 2, 0]),
    ("clip at a bound", lambda x: np.clip(x, 0.0, 2.0) ** 2, 2.0, [4, 2, 0]),
    ("exprel", sc.exprel, 0.0, [1 / 2, 1 / 3, 1 / 4, 1 / 5]),
    ("rgamma", sc.rgamma, -1.0, [-1, 2 * (1 - np.euler_gamma) - 0]),
    ("i1", sc.i1, 0.0, [0.5, 0, 3 / 8]),
    ("erf", sc.erf, 0.0, [2 / math.sqrt(math.pi), 0, -4 / math.sqrt(math.pi)]),
    ("erfcx far", sc.erfcx, 1e5, [-1 / math.sqrt(math.pi) / 1e10, 2 / math.sqrt(math.pi) / 1e15]),
    ("log_ndtr far", sc.log_ndtr, -1e4, [1e4 + 1e-4, -1]),
    ("log_ndtr right", sc.log_ndtr, 60.0, [0, 0]),
]


@pytest.mark.parametrize(("label", "f", "x", "expected"), HIGHER, ids=[v[0] for v in HIGHER])
def test_higher_orders_at_special_points(label, f, x, expected):
    for values in orders(f, x, len(expected)):
        np.testing.assert_allclose(
            values, expected, rtol=1e-7, atol=1e-30 if "far" in label else 1e-12, err_msg=label
        )


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("x", [0.3, 0.6, 0.95, 1.0, 1.27, 1.6, 1.9, 2.4])
def test_sinc_series_and_recurrence_agree(n, x):
    """Against the integral: sinc(x) = int_0^1 cos(pi x t) dt, 40 Gauss points."""
    t, w = np.polynomial.legendre.leggauss(40)
    t, w = (t + 1) / 2, w / 2
    u = math.pi * x * t
    expected = np.sum(w * (math.pi * t) ** n * np.cos(u + n * math.pi / 2))
    for values in orders(np.sinc, x, n):
        assert values[-1] == pytest.approx(expected, rel=1e-12, abs=1e-13 * math.pi**n)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("x", [-6.0, -2.1, -1.4, 0.5, 1.6, 2.2, 2.9, 3.1, 7.0])
def test_exprel_series_and_recurrence_agree(n, x):
    t, w = np.polynomial.legendre.leggauss(40)
    t, w = (t + 1) / 2, w / 2
    expected = np.sum(w * t**n * np.exp(x * t))
    for values in orders(sc.exprel, x, n):
        assert values[-1] == pytest.approx(expected, rel=2e-12)


def test_complex_abs_and_sign_and_angle_at_zero():
    z = np.array([0j, 3 + 4j])
    for f, expected in ((np.abs, [0, 0.6 - 0.8j]), (np.angle, [0, -1j / (3 + 4j)])):
        np.testing.assert_allclose(dr.grad(lambda z, f=f: np.sum(f(z)))(z), expected)
    np.testing.assert_allclose(dr.jvp(np.sign, (z,), (np.ones(2) + 0j,))[1][0], 0)
    np.testing.assert_allclose(dr.jvp(np.abs, (z,), (np.ones(2) + 0j,))[1], [0, 0.6])


def test_power_with_both_arguments_at_zero_base():
    """``d/da d/db a**b`` at ``a = 0, b = 2`` is 0; ``log(0)`` must not show."""
    for f in (np.power, lambda a, b: a**b):
        with np.errstate(all="ignore"):
            h = dr.hessian(lambda v, f=f: f(v[0], v[1]))(np.array([0.0, 3.0]))
        np.testing.assert_allclose(h, 0, atol=0)


def test_power_of_negative_base_never_takes_its_logarithm():
    with np.errstate(all="raise"):
        assert dr.grad(lambda x: x**3.0)(-2.0) == 12
        assert dr.grad(lambda x: np.power(x, np.array(3.0)))(-2.0) == 12
        assert dr.jvp(lambda x: np.power(x, np.array(3.0)), (-2.0,), (1.0,))[1] == 12


def test_powers_are_numpys_own_bit_for_bit():
    x = np.random.default_rng(0).uniform(0.1, 3, 1000)
    for p in (3, -3, 2.5, 1 / 3):
        np.testing.assert_array_equal(dr.vjp(lambda x, p=p: np.power(x, p), x)[0], np.power(x, p))
        np.testing.assert_array_equal(dr.vjp(lambda x, p=p: x**p, x)[0], x**p)
        for t in x[:50]:
            assert dr.vjp(lambda x, p=p: np.power(x, p), t)[0] == np.power(t, p)
            assert dr.vjp(lambda x, p=p: x**p, t)[0] == t**p
