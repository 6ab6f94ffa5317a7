"""`scipy.special`: distribution functions and their inverses, in all real arguments."""

import numpy as np
import pytest
import scipy.special as sc

import dualrev as dr
from dualrev.rules.incomplete import beta_densities, betas, gamma_densities, gammas
from dualrev.rules.student import students, t_densities
from tests.rules.harness import Case, check_case, shared

P = np.array([0.4, 1.3, 2.6, 4.1])
Q = np.array([1.7, 0.6, 3.4, 2.2])
U = np.array([0.15, 0.4, 0.62, 0.9])
V = np.array([0.31, 0.72, 0.5, 0.22])
A = np.array([-1.7, -0.6, 0.3, 1.9])
N = np.array([5.3, 7.9, 12.4, 6.5])
D, F = np.array([4.0, 3.3]), np.array([0.7, 1.4])
E, L = np.array([6.2, 9.1]), np.array([1.1, 2.3])
F_OF = sc.ncfdtr(D, E, L, F)
OF_TWO = [
    (sc.gammainc, P, Q), (sc.gammaincc, P, Q), (sc.gammaincinv, P, U), (sc.gammainccinv, P, U),
    (sc.chdtr, P, Q), (sc.chdtrc, P, Q), (sc.chdtri, P, U), (sc.chdtriv, V, Q),
    (sc.stdtr, P, A), (sc.stdtrit, P, U), (sc.stdtr, 20 * P, A), (sc.stdtr, P, np.zeros(4)),
    (sc.stdtridf, np.array([0.1, 0.2, 0.15, 0.05]), -np.array([1.6, 1.2, 1.5, 2.2])),
    (sc.pdtrik, V, Q), (sc.tklmbda, A / 4, np.array([0.5, -0.3, 1e-9, 1.4])),
]  # fmt: skip
OF_THREE = [
    *[(f, P, Q, U) for f in (sc.betainc, sc.betaincc, sc.betaincinv, sc.betainccinv)],
    (sc.btdtria, V, Q, U), (sc.btdtrib, Q, V, U),
    (sc.fdtr, P, Q, N), (sc.fdtrc, P, Q, N), (sc.fdtri, P, 2 * Q, V),
    (sc.fdtridfd, P, sc.fdtr(P, 2 * Q, Q), Q),
    *[(f, P, Q, U) for f in (sc.gdtr, sc.gdtrc, sc.gdtrix)],
    (sc.gdtria, V, Q, P), (sc.gdtrib, P, V, Q),
    (sc.bdtrik, V, N, U), (sc.bdtrin, Q, V, U), (sc.nbdtrik, V, N, V), (sc.nbdtrin, Q, V, V),
    (sc.nrdtrimn, V, P, A), (sc.nrdtrisd, np.full(4, 0.4), np.array([0.1, 0.2, 0.3, 0.15]), A - 2),
]  # fmt: skip
NONCENTRAL = [
    (sc.chndtr, N, P, Q), (sc.chndtr, 3 * N, P, 2 * N), (sc.chndtrix, U, P, Q),
    (sc.chndtridf, N, sc.chndtr(N, P, Q), Q), (sc.chndtrinc, N, P, sc.chndtr(N, P, Q)),
    (sc.nctdtr, N, A, Q - 2), (sc.nctdtrit, N, A, U), (sc.nctdtrinc, N, V, A),
    (sc.nctdtridf, sc.nctdtr(P, A, Q), A, Q),
    (sc.ncfdtr, D, E, L, F), (sc.ncfdtri, D, E, L, V[:2]), (sc.ncfdtridfd, D, F_OF, L, F),
    (sc.ncfdtridfn, F_OF, E, L, F), (sc.ncfdtrinc, D, E, F_OF, F),
]  # fmt: skip
OF_ORDERS = [
    *[(f, (3,), Q) for f in (sc.pdtr, sc.pdtrc)], (sc.pdtri, (3,), U),
    *[(f, (2, 7), U) for f in (sc.bdtr, sc.bdtrc, sc.bdtri, sc.nbdtr, sc.nbdtrc, sc.nbdtri)],
    (sc.kolmogorov, (), np.array([0.4, 0.8, 1.1, 2.0])), (sc.kolmogi, (), U),
    *[(f, (5,), np.array([0.15, 0.35, 0.62, 0.9])) for f in (sc.smirnov, sc.smirnovi)],
]  # fmt: skip
# SciPy's values of these are not exact enough for differences
ROUGH = {
    sc.stdtridf, sc.bdtrik, sc.fdtridfd, sc.nbdtrik, sc.nbdtrin, sc.bdtrin, sc.chdtriv, sc.pdtrik, sc.ncfdtr,
    sc.ncfdtri, sc.chndtrinc, sc.chndtridf, sc.nctdtrinc,
}  # fmt: skip
ROUGHER = {sc.ncfdtridfd, sc.ncfdtridfn, sc.ncfdtrinc, sc.nctdtridf}


def case_of(f, args, note=""):
    rtol = 3e-2 if f in ROUGHER else 1e-3 if f in ROUGH else 1e-5
    order = 2 if f.nin > 2 or f in ROUGHER else 3
    return Case(f"sc.{f.__name__}{note}", f, args, order, rtol)


CASES = [
    *[case_of(f, args) for f, *args in [*OF_TWO, *OF_THREE] for args in [tuple(args)]],
    *[
        case_of(f, tuple(x.astype(np.float32) for x in args), ", float32")
        for f, *args in [
            (sc.gammainc, P, Q),
            (sc.gammaincinv, P, U),
            (sc.chdtri, P, U),
            (sc.stdtr, P, A),
            (sc.betainc, P, Q, U),
            (sc.fdtr, P, Q, N),
            (sc.gdtrix, P, Q, U),
            (sc.nctdtr, N, A, Q),
        ]
    ],
    *[case_of(f, tuple(args)) for f, *args in NONCENTRAL],
    *[
        Case(f"sc.{f.__name__}, {n}", lambda x, f=f, n=n: f(*n, x), (x,), rtol=1e-5)
        for f, n, x in OF_ORDERS
    ],
]


@pytest.mark.parametrize("case", shared(CASES, 3))
def test_rule(case):
    check_case(case)


# -- accuracy, against mpmath -------------------------------------------------------------------


def differences_of(f, order, step):
    """The derivative of `order` (1 or 2) of `f(shift)` at 0, in the precision of mpmath."""
    if order == 1:
        return (8 * (f(step) - f(-step)) - f(2 * step) + f(-2 * step)) / (12 * step)
    sides = 16 * (f(step) + f(-step)) - f(2 * step) - f(-2 * step)
    return (sides - 30 * f(0)) / (12 * step * step)


@pytest.fixture
def mp():
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workdps(50):
        yield mpmath.mp


GAMMA_POINTS = [
    (a, x)
    for a in (1e-8, 0.1, 0.7, 1.0, 3.5, 40.0, 1e3)
    for x in (1e-250, 1e-3, 0.5, 1.0, 3.3, 38.0, 200.0, 1100.0)
]


@pytest.mark.parametrize("order", [1, 2])
def test_gammainc_by_its_parameter(mp, order):
    for a, x in GAMMA_POINTS:
        lower = x < max(a, 1)

        def tail(h, a=a, x=x, lower=lower):
            bounds = (0, x) if lower else (x, mp.inf)
            value = mp.gammainc(mp.mpf(a) + h, *bounds, regularized=True)
            return value if lower else -value

        expected = differences_of(tail, order, mp.mpf(10) ** -11 * min(a, 1))
        if abs(expected) > 1e-290:
            scale = max(abs(expected), 1e-14 if abs(tail(0)) > 1e-3 else 0)
            assert abs(gammas(order)(a, x) - expected) < 1e-11 * scale, (a, x)


@pytest.mark.parametrize("orders", [(1, 0), (0, 1), (2, 0), (0, 2)])
def test_betainc_by_its_parameters(mp, orders):
    for a, b in [(1e-3, 0.4), (0.5, 0.5), (2.5, 1e-3), (1.0, 30.0), (60.0, 45.0), (800.0, 2.0)]:
        for x in (1e-200, 1e-3, 0.2, 0.51, 0.9, 0.997, 1 - 1e-12):
            lower = x * (a + b) < a
            k = 0 if orders[0] else 1

            def tail(h, a=a, b=b, x=x, lower=lower, k=k):
                x = mp.mpf(x)
                c, d = (a + h, mp.mpf(b)) if k == 0 else (mp.mpf(a), b + h)
                if lower:
                    return mp.betainc(c, d, 0, x, regularized=True)
                return -mp.betainc(d, c, 0, 1 - x, regularized=True)

            expected = differences_of(tail, max(orders), mp.mpf(10) ** -11 * min(a, b, 1))
            if abs(expected) > 1e-290:
                assert abs(betas(*orders)(a, b, x) - expected) < 1e-10 * abs(expected), (a, b, x)


@pytest.mark.parametrize("order", [1, 2])
def test_stdtr_by_its_degrees_of_freedom(mp, order):
    for n in (0.1, 1.0, 2.5, 24.0, 26.0, 500.0):
        for t in (1e-3, 0.3, 1.5, 1.7, 8.0, 1e3):

            def tail(h, n=n, t=t):
                m, t = n + h, mp.mpf(t)
                return -mp.betainc(m / 2, 0.5, 0, m / (m + t * t), regularized=True) / 2

            expected = differences_of(tail, order, mp.mpf(10) ** -10 * n)
            if abs(expected) > 1e-290:
                assert abs(students(order)(n, t) - expected) < 1e-11 * abs(expected), (n, t)
                assert students(order)(n, -t) == -students(order)(n, t)


def test_densities(mp):
    for a, x in GAMMA_POINTS:
        expected = mp.exp((a - 1) * mp.log(x) - x - mp.loggamma(a))
        if 1e-290 < expected < 1e290:
            assert abs(gamma_densities(0)(a, x) - expected) < 1e-12 * expected, (a, x)
    for a, b, x in [(1.5, 2.5, 1e-300), (1e4, 1e5, 0.09), (0.3, 1e-5, 0.7), (2e3, 0.5, 0.99)]:
        expected = mp.mpf(x) ** (a - 1) * (1 - mp.mpf(x)) ** (b - 1) / mp.beta(a, b)
        assert abs(beta_densities(0, 0)(a, b, x) - expected) < 1e-12 * expected, (a, b, x)
    for n, t in [(0.5, 1e5), (3.0, 0.0), (1e9, 2.0)]:
        c = mp.gamma((n + 1) / mp.mpf(2)) / mp.gamma(n / mp.mpf(2)) / mp.sqrt(n * mp.pi)
        expected = c * (1 + mp.mpf(t) ** 2 / n) ** (-(mp.mpf(n) + 1) / 2)
        assert abs(t_densities(0)(n, t) - expected) < 1e-12 * expected, (n, t)


# -- points of their own --------------------------------------------------------------------------


@pytest.mark.parametrize("derivative", [dr.grad, dr.derivative])
@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda a: sc.gammainc(a, 0.0), 2.5, 0.0),
        (lambda x: sc.gammainc(1.0, x), 0.0, 1.0),
        (lambda x: sc.gammainc(1.5, x), np.inf, 0.0),
        (lambda a: sc.gammaincinv(a, 0.0), 1.5, 0.0),
        (lambda a: sc.betainc(a, 2.5, 1.0), 1.5, 0.0),
        (lambda n: sc.stdtr(n, 0.0), 3.0, 0.0),
        (lambda t: sc.stdtr(np.inf, t), 1.0, np.exp(-0.5) / np.sqrt(2 * np.pi)),
        (lambda n: sc.stdtr(n, 1.0), np.inf, 0.0),
        (lambda x: sc.tklmbda(x, 1.5), 3.0, 0.0),
        (lambda x: sc.tklmbda(x, 0.0), 0.3, sc.expit(0.3) * sc.expit(-0.3)),
        (lambda m: sc.pdtrik(0.01, m), 0.1, 0.0),
        (lambda c: sc.chndtr(3.0, 4.0, c), 0.0, -0.12551071508349182),
        (lambda x: sc.gammaincc(2.0, x), 600.0, -600 * np.exp(-600)),
        (lambda x: sc.kolmogorov(x), 0.01, 0.0),
    ],
)  # fmt: skip
def test_special_points(derivative, f, x, expected):
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(derivative(f)(x), expected, rtol=1e-12, atol=1e-50)


@pytest.mark.parametrize(
    ("f", "x", "named"),
    [
        (lambda k: sc.pdtr(k, 0.3), 2.0, "respect to k"),
        (lambda k: sc.bdtri(k, 7, 0.3), 2.0, "respect to k"),
        (lambda n: sc.smirnov(n, 0.3), 5.0, "respect to n"),
        (lambda c: sc.chndtr(3e4, 4.0, c), 2.9e4, "noncentrality this large"),
    ],
)
@pytest.mark.parametrize("derivative", [dr.grad, dr.derivative])
def test_refused(derivative, f, x, named):
    with pytest.raises((dr.errors.NoRuleError, dr.errors.UnsupportedArgumentError), match=named):
        derivative(f)(x)
