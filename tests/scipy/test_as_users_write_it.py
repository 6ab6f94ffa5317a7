"""Short programs of several fields, as users of SciPy write them: both modes and second order, held
against differences; compiled; and with the code left as it is, adopted."""

import math

import numpy as np
import pytest
import scipy
import scipy.integrate as plain_integrate
import scipy.interpolate as plain_interpolate
import scipy.sparse as plain_sparse
import scipy.spatial
import scipy.special as plain_special
import scipy.stats as plain_stats
from scipy.linalg import eigh as plain_eigh
from scipy.optimize import brentq as plain_brentq

import dualrev as dr
from dualrev.errors import DualrevError, UnsupportedArgumentError
from dualrev.scipy import integrate, interpolate, linalg, optimize, sparse, spatial, special, stats
from tests.rules.harness import Case, check_case

rng = np.random.default_rng(5)
MATRIX = plain_sparse.csc_array(
    4 * np.eye(5) + plain_sparse.random_array((5, 5), density=0.4, rng=rng).toarray()
)
X = np.array([0.0, 0.5, 1.2, 2.0, 2.6, 3.1, 4.0])
DATA = np.sin(X)
CURVE = interpolate.splrep(X, DATA)
LINE = interpolate.UnivariateSpline(X, DATA, s=0)
GRID = interpolate.RectBivariateSpline(X, X[:6], np.outer(DATA, np.cos(X[:6])))
SAMPLE = rng.gamma(2.0, 1.5, 30)
OTHER = rng.normal(1.0, 0.8, 12)
POINTS = rng.standard_normal((8, 2))

# fmt: off
CASES = [
    Case("spsolve", lambda b: sparse.linalg.spsolve(MATRIX, b), (rng.standard_normal(5),), exact=False),
    Case("spsolve, columns", lambda b: sparse.linalg.spsolve(MATRIX, b), (rng.standard_normal((5, 2)),), exact=False),
    Case("factorized", lambda b: sparse.linalg.factorized(MATRIX)(b), (rng.standard_normal(5),), exact=False),
    Case("splev", lambda x, c: interpolate.splev(x, (CURVE[0], c, 3)), (np.array([0.3, 1.7, 3.6]), CURVE[1][:7]), exact=False),
    *[Case(f"splrep, k={k}", lambda y, k=k: interpolate.splrep(X, y, k=k)[1], (DATA,), exact=False) for k in (1, 2, 3, 5)],
    Case("splint", lambda a, b, y: interpolate.splint(a, b, interpolate.splrep(X, y)), (0.3, 3.3, DATA), exact=False),
    Case("splder", lambda y: interpolate.splev(1.3, interpolate.splder(interpolate.splrep(X, y))), (DATA,), exact=False),
    Case("BSpline.antiderivative", lambda y: interpolate.make_interp_spline(X, y).antiderivative(2)(3.3), (DATA,), exact=False),
    Case("BSpline.integrate", lambda a, y: 1.0 * interpolate.make_interp_spline(X, y).integrate(a, 4.5), (0.7, DATA), exact=False),
    Case("UnivariateSpline", lambda x, y: interpolate.UnivariateSpline(X, y, s=0)(x), (np.array([0.3, 1.7]), DATA), exact=False),
    Case("RectBivariateSpline", lambda x, y: GRID(x, y, grid=False), (np.array([0.3, 1.7]), np.array([2.2, 0.6])), exact=False),
    Case("ttest_ind, Welch", lambda a, b: list(stats.ttest_ind(a, b, equal_var=False)), (OTHER, SAMPLE[:9]), exact=False, rtol=1e-5),
    Case("ttest_ind", lambda a, b: list(stats.ttest_ind(a, b)), (OTHER, SAMPLE[:9]), exact=False, rtol=1e-5),
    Case("ttest_1samp", lambda a: list(stats.ttest_1samp(a, 0.5)), (OTHER,), exact=False, rtol=1e-5),
    Case("ttest_rel", lambda a, b: list(stats.ttest_rel(a, b)), (OTHER, SAMPLE[:12]), exact=False, rtol=1e-5),
    Case("f_oneway", lambda a, b: list(stats.f_oneway(a, b)), (OTHER, SAMPLE[:9]), exact=False, rtol=1e-5),
    Case("distance_matrix", lambda a, b: spatial.distance_matrix(a, b), (POINTS[:3], POINTS[4:]), exact=False),
    Case("minkowski_distance", lambda a, b: spatial.minkowski_distance(a, b, 3), (POINTS[:3], POINTS[4:7]), exact=False),
]
# fmt: on


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case):
    check_case(case)


# -- programs ---------------------------------------------------------------------------------------


def weak_acid(p):  # chemistry: the pH of a weak acid
    def charge(h):
        return h - 1e-14 / h - p[1] * p[0] / (p[0] + h)

    return -np.log10(optimize.brentq(charge, 1e-14, 2.0, xtol=1e-15, rtol=1e-14))


def complexes(p):  # chemistry: an equilibrium of a metal and a ligand
    def balance(x):
        M, L = np.exp(x)
        ML = 10.0 ** p[0] * M * L
        return [M + ML - 0.1, L + ML - p[1]]

    return np.exp(optimize.fsolve(balance, [-3.0, -1.0], xtol=1e-13))


def regulator(p):  # control: the cost of a linear-quadratic regulator
    A, B = np.array([[0, 1], [-1 / p[0], -p[1] / p[0]]]), np.array([[0], [1 / p[0]]])
    return np.trace(linalg.solve_continuous_are(A, B, np.diag([p[2], 1.0]), np.eye(1)))


def censored(p):  # survival: Weibull, with censored times
    t = np.minimum(SAMPLE, 4.0)
    seen = stats.weibull_min.logpdf(t, p[0], scale=p[1])
    return -np.sum(np.where(SAMPLE > 4.0, stats.weibull_min.logsf(t, p[0], scale=p[1]), seen))


def t_copula(p):  # finance: a copula of quantiles, by the degrees of freedom too
    z = stats.t.ppf(np.linspace(0.1, 0.9, 8).reshape(4, 2), p[1])
    shape = np.array([[1, p[0]], [p[0], 1]])
    joint = stats.multivariate_t.logpdf(z, loc=[0, 0], shape=shape, df=p[1])
    return np.sum(joint) - np.sum(stats.t.logpdf(z, p[1]))


def welch(x):  # statistics: Welch's test, whose degrees of freedom depend on the sample
    found = stats.ttest_ind(x, SAMPLE[:9], equal_var=False)
    return np.array([found.statistic, found.pvalue, found.df])


def call(S, K, T, r, sigma):
    d = (np.log(S / K) + (r + sigma**2 / 2) * T) / (sigma * np.sqrt(T))
    return S * stats.norm.cdf(d) - K * np.exp(-r * T) * stats.norm.cdf(d - sigma * np.sqrt(T))


def implied_volatility(p):  # finance
    def gap(sigma):
        return call(p[1], 95.0, 0.5, p[2], sigma) - p[0]

    return optimize.brentq(gap, 1e-4, 3.0, xtol=1e-14)


def bessel_zero(nu):  # physics: a zero of a Bessel function by its order
    return optimize.brentq(lambda x: special.jv(nu, x), 3.5, 6.0, xtol=1e-14)


def action(p):  # physics: an integral between turning points; its integrand ends in a root
    def potential(x):
        return 0.5 * p[1] * x**2 + 0.1 * p[2] * x**4

    end = optimize.brentq(lambda x: potential(x) - p[0], 0, 10, xtol=1e-14)

    def momentum(angle):
        rest = np.maximum(p[0] - potential(end * np.sin(angle)), 0)
        return np.sqrt(rest) * end * np.cos(angle)

    return integrate.quad(momentum, -np.pi / 2, np.pi / 2, epsabs=1e-11)[0]


def triangle(p):  # physics: an integral of integrals
    def inner(y):
        return integrate.quad(lambda x: np.exp(-p[0] * x * y), 0, y)[0]

    return integrate.quad(inner, 0, p[1])[0]


def modes(k):  # engineering: the frequencies of a chain
    K = np.diag(2.0 * k) - np.diag(k[1:], 1) - np.diag(k[1:], -1)
    return np.sqrt(linalg.eigh(K, k[0] * np.diag([1.0, 2.0, 1.5]))[0])


def heated(b):  # engineering: a sparse system with a constant matrix
    return sparse.linalg.spsolve(MATRIX, np.exp(b)) ** 2


def colebrook(p):  # engineering: friction in a pipe
    def gap(f):
        return 1 / np.sqrt(f) + 2 * np.log10(p[0] / 3.7 + 2.51 / (p[1] * np.sqrt(f)))

    return optimize.root_scalar(gap, bracket=[1e-3, 1], xtol=1e-14).root


def table_of_values(x):  # imaging: splines of data, at points
    return interpolate.splev(x, CURVE) + LINE(x) * LINE.derivative()(x)


def surface(q):
    return GRID.ev(q[0], q[1]) + GRID(q[0], q[1], dx=1, grid=False)


def area(y):
    return interpolate.splint(0.5, 3.2, interpolate.splrep(X, y))


def process(p):  # machine learning: the likelihood of a Gaussian process
    K = p[0] * np.exp(-0.5 * spatial.distance_matrix(POINTS / p[1], POINTS / p[1]) ** 2)
    factor = linalg.cho_factor(K + 0.1 * np.eye(8), lower=True)
    y = np.sin(POINTS[:, 0])
    return 0.5 * y @ linalg.cho_solve(factor, y) + np.sum(np.log(np.diag(factor[0])))


def kalman(p):  # statistics: a likelihood in a loop
    x, P, total = np.zeros(2), np.eye(2), 0.0
    F = np.array([[1, 1], [0, p[0]]])
    for z in np.sin(np.arange(6.0)):
        x, P = F @ x, F @ P @ F.T + p[1] * np.eye(2)
        S = P[0, 0] + p[2]
        total += stats.norm.logpdf(z, loc=x[0], scale=np.sqrt(S))
        x, P = x + P[:, 0] / S * (z - x[0]), P - np.outer(P[:, 0] / S, P[0])
    return -total


# The code as it is: SciPy's own modules, `math`, arrays that are filled.


def truss(area):
    nodes, bars = np.array([[0, 0], [1, 0], [0, 1.0]]), [(0, 1), (1, 2), (0, 2)]
    K = np.zeros((6, 6))
    for (i, j), a in zip(bars, area, strict=True):
        d = nodes[j] - nodes[i]
        k = a / np.linalg.norm(d) ** 3 * np.outer(d, d)
        places = np.ix_([2 * i, 2 * i + 1, 2 * j, 2 * j + 1], [2 * i, 2 * i + 1, 2 * j, 2 * j + 1])
        K[places] += np.block([[k, -k], [-k, k]])
    free, F = [2, 4, 5], np.array([1.0, 0.5, -1.0])
    return F @ scipy.linalg.solve(K[np.ix_(free, free)], F, assume_a="pos")


def half_life(p):
    def f(x):
        return math.exp(-p[0] * x) * math.sqrt(x + p[1])

    return plain_integrate.quad(f, 0, math.inf)[0]


def pendulum(p):
    angle = plain_brentq(lambda x: math.sin(x) - p[0] * x, 0.5, 3.0, xtol=1e-14)
    return 4 * math.sqrt(p[1] / 9.81) * plain_special.ellipk(math.sin(angle / 2) ** 2)


def adopted_curve(y):
    curve = plain_interpolate.UnivariateSpline(X, y, s=0)
    return curve.integral(0.2, 3.0) + curve.derivative()(1.1) ** 2


def adopted_fit(p):
    K = p[0] * np.exp(-scipy.spatial.distance_matrix(POINTS[:3], POINTS[:3])) + p[1] * np.eye(3)
    logs = plain_stats.norm.logpdf(np.arange(3.0), scale=np.sqrt(np.diag(K)))
    return np.sum(plain_eigh(K)[0] ** 2) + logs.sum()


PROGRAMS = {
    weak_acid: [0.1, 1.0], complexes: [2.0, 0.5], regulator: [0.5, 1.0, 2.0],
    censored: [1.3, 3.0], t_copula: [0.4, 5.0], welch: OTHER[:5],
    implied_volatility: [12.0, 100.0, 0.02], bessel_zero: 1.5, action: [1.0, 0.5, 2.0],
    triangle: [2.0, 1.5], modes: [1.0, 1.1, 0.9], heated: [0.3, -0.2, 0.5, 0.1, 0.0],
    colebrook: [0.02, 1e3], table_of_values: 1.3, surface: [1.3, 2.2], area: DATA,
    process: [1.1, 0.9], kalman: [0.9, 0.3, 0.5],
}  # fmt: skip
ADOPTED = {
    truss: [1.0, 2.0, 3.0], half_life: [2.0, 0.5], pendulum: [0.6, 1.2],
    adopted_curve: DATA, adopted_fit: [1.3, 0.4],
}  # fmt: skip


def differences(f, x):
    """Central ones, extrapolated twice. [Richardson 1911]"""
    columns = []
    for k in range(x.size):
        h = 2e-3 * max(abs(x.flat[k]), 0.05)

        def central(h, k=k):
            step = np.zeros(x.shape)
            step.flat[k] = h
            return (np.asarray(f(x + step)) - np.asarray(f(x - step))) / (2 * h)

        a, b, c = central(h), central(h / 2), central(h / 4)
        columns.append((64 * c - 20 * b + a) / 45)
    return np.stack(columns, axis=-1).reshape((*columns[0].shape, *x.shape))


def weighted(f):
    def total(x):
        y = f(x)
        return np.sum(y * np.cos(np.arange(np.size(y)))) if np.ndim(y) else y

    return total


def close(actual, expected, rtol):
    np.testing.assert_allclose(actual, expected, rtol=0, atol=rtol * np.max(np.abs(expected)))


@pytest.mark.parametrize("f", [*PROGRAMS, *ADOPTED], ids=lambda f: f.__name__)
def test_program(f):
    adopt = f in ADOPTED
    x = np.asarray((ADOPTED if adopt else PROGRAMS)[f], float)
    slope = differences(f, x)
    close(dr.jacfwd(f, adopt=adopt)(x), slope, 1e-7)
    close(dr.jacrev(f, adopt=adopt)(x), slope, 1e-7)
    total = weighted(f)
    adopt = [f] if adopt else False
    gradient = dr.grad(total, adopt=adopt)
    close(dr.hessian(total, adopt=adopt)(x), differences(gradient, x), 1e-6)


@pytest.mark.parametrize("f", [censored, welch, implied_volatility, heated, area, process, kalman])
def test_program_compiled_and_of_many(f):
    x, total = np.asarray(PROGRAMS[f], float), weighted(f)
    gradient = dr.grad(total)
    compiled = dr.compile(gradient)
    compiled(x)
    close(compiled(1.01 * x), gradient(1.01 * x), 1e-10)
    close(dr.vmap(gradient)(np.stack([x, 1.01 * x]))[1], gradient(1.01 * x), 1e-10)


def test_second_derivatives_of_nested_integrals_take_few_points():
    count = 0

    def inner(p, y):
        def f(x):
            nonlocal count
            count += 1
            return np.exp(-p[0] * x * y)

        return integrate.quad(f, 0, y)[0]

    def f(p):
        return integrate.quad(lambda y: inner(p, y), 0, p[1])[0]

    dr.hessian(f)(np.array([2.0, 3.0]))
    assert count < 20_000


# -- what is refused says what to write instead -----------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "hint"),
    [
        (lambda y: interpolate.RBFInterpolator(POINTS[:7], y)(POINTS)[0], DATA, "cdist"),
        (lambda y: interpolate.UnivariateSpline(X, y, s=0.1)(1.0), DATA, "s=0"),
        (lambda y: interpolate.splrep(X, y, s=0.1)[1], DATA, "s=0"),
        (lambda v: np.sum(sparse.linalg.spsolve(np.diag(v), np.ones(7))), DATA + 2, "linear_solve"),
        (lambda v: sparse.diags_array(v) @ np.ones(7), DATA, "np.add.at"),
    ],
)
def test_refusals_name_what_helps(f, x, hint):
    with pytest.raises(DualrevError, match=hint):
        dr.jacfwd(f)(x)


def test_a_traced_weight_of_quad_is_refused_by_name():
    def f(w):
        return integrate.quad(np.exp, 0, 1, weight="cos", wvar=w)[0]

    with pytest.raises(UnsupportedArgumentError, match="weight"):
        dr.derivative(f)(2.0)


@pytest.mark.parametrize("ext", [0, 1, 3])
@pytest.mark.parametrize("der", [0, 1, 2])
def test_splines_beyond_their_knots_are_scipys(ext, der):
    x = np.array([-0.3, 0.0, 0.7, 2.2, 4.0, 4.2])
    line = interpolate.UnivariateSpline(X, DATA, s=0, ext=ext)
    for f in (lambda x: interpolate.splev(x, CURVE, der, ext), lambda x: line(x, der)):
        np.testing.assert_allclose(dr.jvp(f, (x,), (x,))[0], f(x), rtol=1e-12, atol=1e-13)
    for f in (lambda x: line.derivative()(x), lambda x: line.antiderivative()(x)):
        np.testing.assert_allclose(dr.jvp(f, (x,), (x,))[0], f(x), rtol=1e-12, atol=1e-13)
