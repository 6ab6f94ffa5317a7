"""`scipy.integrate`: integrals of samples; solvers refuse traced arguments."""

import numpy as np
import pytest
import scipy.integrate as si

import dualrev as dr
from dualrev.scipy import integrate as ours
from tests.rules.harness import Case, check_case

rng = np.random.default_rng(5)
r = rng.standard_normal
SAMPLES = {n: r((2, n)) for n in (2, 3, 4, 5, 6, 9)}
POINTS = {n: np.cumsum(rng.uniform(0.5, 1.5, n)) for n in SAMPLES}

# fmt: off
CASES = [
    *[Case(f"{f.__name__}, {n}", f, (SAMPLES[n],), exact=False)
      for f in (ours.trapezoid, ours.cumulative_trapezoid, ours.simpson, ours.cumulative_simpson) for n in SAMPLES],
    *[Case(f"{f.__name__}, x, {n}", lambda y, x, f=f: f(y, x=x), (SAMPLES[n], POINTS[n]), exact=False)
      for f in (ours.trapezoid, ours.cumulative_trapezoid, ours.simpson, ours.cumulative_simpson) for n in SAMPLES],
    *[Case(f"{f.__name__}, x as y, axis", lambda y, x, f=f: f(y, x=x, axis=0), (SAMPLES[5].T, POINTS[5][:, None] + np.zeros(2)), exact=False)
      for f in (ours.trapezoid, ours.cumulative_trapezoid, ours.simpson, ours.cumulative_simpson)],
    *[Case(f"{f.__name__}, dx", lambda y, d, f=f: f(y, dx=d), (SAMPLES[5], 0.3), exact=False)
      for f in (ours.trapezoid, ours.cumulative_trapezoid, ours.simpson, ours.cumulative_simpson, ours.romb)],
    Case("romb", ours.romb, (SAMPLES[9],), exact=False),
    Case("romb, axis", lambda y: ours.romb(y, axis=0), (SAMPLES[3].T,), exact=False),
    Case("cumulative_trapezoid, initial", lambda y: ours.cumulative_trapezoid(y, initial=0, axis=0), (SAMPLES[4],), exact=False),
    Case("cumulative_simpson, initial", lambda y, i: ours.cumulative_simpson(y, initial=i), (SAMPLES[4], 1.5), exact=False),
    Case("simpson, complex", ours.simpson, (SAMPLES[5] + 1j * SAMPLES[5][::-1],), exact=False),
]
# fmt: on


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


def test_names_are_scipys():
    assert ours.OdeSolver is si.OdeSolver
    assert ours.solve_ivp.__wrapped__ is si.solve_ivp
    assert ours.quad(np.sin, 0, 1) == si.quad(np.sin, 0, 1)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: ours.solve_ivp(lambda t, y: -y, (0, 1), [x]).y[0, -1],
        lambda x: ours.solve_ivp(lambda t, y: -x * y, (0, 1), [1.0]).y[0, -1],
        lambda x: ours.odeint(lambda y, t: -y, x, [0, 1])[-1, 0],
        lambda x: ours.odeint(lambda y, t: -x * y, 1.0, [0, 1])[-1, 0],
    ],
)
@pytest.mark.parametrize("derivative", [dr.grad, dr.derivative])
@pytest.mark.filterwarnings("ignore")
def test_refused(f, derivative):
    with pytest.raises((dr.errors.NoRuleError, dr.errors.ConcreteValueError)):
        derivative(f)(1.5)
