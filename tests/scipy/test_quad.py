"""`scipy.integrate`: integrals of functions, in limits, arguments, and in what the function uses."""

import math
import warnings

import numpy as np
import pytest
import scipy.integrate as si

import dualrev as dr
from dualrev.scipy import integrate as ours
from tests.rules.harness import Case, check_case

P = np.array([0.7, 1.3, 2.1])


def quad(*args, **kwargs):
    return ours.quad(*args, **kwargs)[0]


def gauss(x):
    return ours.fixed_quad(lambda t: np.exp(-x * t), 0.0, x, n=7)[0]


CASES = [
    Case("fixed_quad", gauss, (0.7,), exact=False),
    Case(
        "fixed_quad, args",
        lambda a, b: ours.fixed_quad(lambda t, a: np.sin(a * t), a, b, args=(b,))[0],
        (0.3, 1.2),
        exact=False,
    ),
]

# Cut into subintervals by values, and so not compiled: dr.compile calls these as they are.
# fmt: off
ADAPTIVE = [
    Case("quad, closure", lambda x: quad(lambda t: np.exp(-x * t), 0, 2), (1.3,), exact=False),
    Case("quad, args", lambda x: quad(lambda t, a: np.exp(-a * t), 0, 2, args=(x,)), (1.3,), exact=False),
    Case("quad, limits", lambda a, b: quad(lambda t: np.exp(-t * t), a, b), (0.2, 1.3), exact=False),
    Case("quad, limits downwards", lambda a, b: quad(lambda t: np.exp(-b * t * t), a, b), (1.2, 0.3), exact=False),
    Case("quad, all", lambda p: quad(lambda t: p[0] * np.sin(p[1] * t), p[0], p[2]), (P,), exact=False),
    Case("quad, infinite", lambda x: quad(lambda t: np.exp(-x * t * t), -np.inf, np.inf), (1.3,), order=2, exact=False),
    Case("quad, to infinity", lambda x: quad(lambda t: np.exp(-x * t), x, np.inf), (1.3,), order=2, exact=False),
    Case("quad, from minus infinity", lambda x: quad(lambda t: np.exp(x * t), -np.inf, x), (1.3,), order=2, exact=False),
    Case("quad, points", lambda x: quad(lambda t: x * np.abs(t - 0.3) ** x, 0, 1, points=[0.3]), (1.5,), order=1, exact=False),
    Case("quad, complex", lambda x: quad(lambda t: np.exp(1j * x * t), 0, 1, complex_func=True), (0.6,), order=2, exact=False),
    Case("quad, a peak", lambda x: quad(lambda t: 1 / (0.01 + (t - x) ** 2), 0, 1), (0.4,), order=2, exact=False, rtol=1e-5),
    Case("quad_vec", lambda x: ours.quad_vec(lambda t: np.exp(-x * t) * np.arange(1.0, 3), 0, 2.0)[0], (1.3,), order=2, exact=False),
    Case("quad_vec, of an array", lambda x: ours.quad_vec(lambda t: np.exp(-x * t), 0, 2.0)[0], (P,), order=2, exact=False),
    Case("quad_vec, limits", lambda a, b: ours.quad_vec(lambda t: np.exp(-t * b) * np.arange(1.0, 3), a, b)[0], (0.3, 1.3), order=2, exact=False),
    Case("quad, from infinity", lambda x: quad(lambda t: np.exp(-x * t), np.inf, x), (1.3,), order=1, exact=False),
    Case("quad, to minus infinity", lambda x: quad(lambda t: np.exp(x * t), x, -np.inf), (1.3,), order=1, exact=False),
    Case("quad, infinite downwards", lambda x: quad(lambda t: np.exp(-x * t * t), np.inf, -np.inf), (1.3,), order=1, exact=False),
    Case("quad_vec, downwards", lambda a, b: ours.quad_vec(lambda t: np.exp(-t * b) * np.arange(1.0, 3), a, b)[0], (1.3, 0.2), order=1, exact=False),
    Case("quad_vec, to infinity", lambda x: ours.quad_vec(lambda t: np.exp(-t * x) * np.arange(1.0, 3), x, np.inf)[0], (1.3,), order=2, exact=False),
    Case("dblquad", lambda x: ours.dblquad(lambda t, s: np.exp(-x * t) * s, 0, x, 0, lambda s: s * x)[0], (0.7,), order=1, exact=False),
    Case("nquad", lambda x: ours.nquad(lambda t, s, a: a * t * s, [[0, 1], [0, x]], args=(x,))[0], (0.7,), order=2, exact=False),
]
# fmt: on


@pytest.mark.parametrize("case", [*CASES, *ADAPTIVE], ids=str)
def test_rule(case):
    check_case(case)


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (lambda x: quad(lambda t: t ** (x - 1), 0, 1), 0.5, -4.0),
        (lambda x: quad(lambda t: (1 - t) ** (x - 1), 0, 1), 0.8, -1 / 0.64),
        (lambda x: quad(lambda t: np.log(t) * x, 0, 1), 0.5, -1.0),
        (lambda x: quad(lambda t: np.abs(t - x), 0, 1), 0.3, -0.4),  # a kink that moves
        (lambda x: quad(lambda t: np.sqrt(np.abs(t - x)), 0, x) * 1.0, 0.6, 0.6**0.5),
        (lambda x: quad(lambda t: math.exp(-t), 0, x), 0.5, math.exp(-0.5)),  # t is plain
        (lambda x: quad(lambda t: 1e6 * np.exp(-x * t), 0, 1), 1e-9, -0.5e6),
        (lambda x: quad(lambda t: x * t, 2, 2), 0.5, 0.0),
        (lambda x: quad(lambda t: np.cos(40 * x * t), 0, 3), 0.9,
         3 * math.cos(108) / 0.9 - math.sin(108) / (40 * 0.81)),
    ],
)  # fmt: skip
def test_derivatives_are_integrated_to_their_own_accuracy(f, x, slope):
    for y in (dr.grad(f)(x), dr.derivative(f)(x)):
        np.testing.assert_allclose(y, slope, rtol=3e-8, atol=3e-8)


def test_what_cannot_be_made_accurate_is_told():
    with pytest.warns(si.IntegrationWarning, match="derivative of the integral"):
        dr.grad(lambda x: quad(lambda t: np.abs(t - 1 / 3) ** (x - 1.0), 0, 1))(0.3)


def test_plain_arguments_are_scipys():
    f = lambda t, a: math.exp(-a * t)
    assert ours.quad(f, 0, 1, (2.0,)) == si.quad(f, 0, 1, (2.0,))
    assert ours.quad(np.cos, 0, 3, weight="sin", wvar=2) == si.quad(
        np.cos, 0, 3, weight="sin", wvar=2
    )
    assert ours.quad(math.cos, 0, 1, full_output=1)[2]["neval"] == 21
    assert ours.quad_vec(np.cos, 0, 1) == si.quad_vec(np.cos, 0, 1)
    region = (lambda y, x: x * y, 0, 1, 0, lambda x: x)
    assert ours.dblquad(*region) == si.dblquad(*region)
    box = (lambda z, y, x: x * y * z, 0, 1, 0, 1, 0, lambda x, y: x * y)
    assert ours.tplquad(*box) == si.tplquad(*box)
    assert ours.quad.__wrapped__ is si.quad


def test_values_and_errors_are_scipys_while_traced():
    def f(x):
        y, error = ours.quad(lambda t: np.exp(-x * t) / np.sqrt(t), 0, 1)
        assert type(error) is float
        return y

    expected = si.quad(lambda t: np.exp(-1.3 * t) / np.sqrt(t), 0, 1)
    assert dr.jvp(f, (1.3,), (1.0,))[0] == pytest.approx(expected[0], rel=1e-15)
    found = []

    def g(x):
        found.append(ours.quad(lambda t: np.exp(-x * t), 0, 1, full_output=1))
        return found[-1][0]

    dr.grad(g)(1.3)
    assert len(found[0]) == 3
    assert found[0][2]["neval"] == 21


def test_batches():
    f = lambda x: quad(lambda t: np.exp(-x * t), 0, 2)
    limits = lambda x: quad(lambda t: np.exp(-t * t), -x, x * x)
    x = np.array([0.5, 1.0, 2.0, 30.0])
    for g in (f, limits):
        for h in (g, dr.grad(g), dr.derivative(g), dr.grad(dr.grad(g))):
            actual = dr.vmap(h)(x)
            np.testing.assert_allclose(actual, [h(v) for v in x], rtol=1e-7, atol=1e-10)
    pair = lambda x: ours.quad_vec(lambda t: np.exp(-x * t) * np.arange(1.0, 3), 0, 2.0)[0]
    np.testing.assert_allclose(dr.vmap(pair)(x), [pair(v) for v in x], rtol=1e-9)


def test_compiled_functions_are_called_as_they_are():
    f = lambda x: quad(lambda t: np.exp(-x * t), 0, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        c = dr.compile(dr.grad(f))
        for x in (1.3, 1.3, 0.2, 9.0):
            assert c(x) == pytest.approx(dr.grad(f)(x), rel=1e-14)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: quad(lambda t: t * x, 0, 1, weight="cos", wvar=2.0),
        lambda x: quad(lambda t: np.where(t < x, 1.0, 2.0) * x, 0, 1, points=[x]),
        lambda x: quad(lambda t: np.exp(-t), 0, x * np.inf),
        lambda x: ours.quad_vec(lambda t: t * np.ones(2), 0, 1, points=(x,))[0],
        lambda x: ours.nquad(lambda t: x * t, [[0, 1]], full_output=True)[0],
        lambda x: ours.tanhsinh(lambda t: t * x, 0, 1).integral,
        lambda x: ours.cubature(lambda t: t[:, 0] * x, [0.0], [1.0]).estimate,
        lambda x: ours.solve_ivp(lambda t, y: -x * y, (0, 1), [1.0]).y[0, -1],
    ],
)
@pytest.mark.parametrize("derivative", [dr.grad, dr.derivative])
@pytest.mark.filterwarnings("ignore")
def test_refused(f, derivative):
    with pytest.raises(dr.errors.DualrevError):
        derivative(f)(0.5)


@pytest.mark.parametrize(
    ("f", "instead"),
    [
        (lambda x: ours.solve_ivp(lambda t, y: -y, (0, 1), [x]), "Runge-Kutta"),
        (lambda x: ours.odeint(lambda y, t: -x * y, 1.0, [0, 1]), "Runge-Kutta"),
        (lambda x: ours.nsum(lambda k: x**k, 1, np.inf), "quad"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_refusals_name_another_way(f, instead):
    with pytest.raises(dr.errors.NoRuleError, match=instead):
        dr.derivative(f)(0.5)
