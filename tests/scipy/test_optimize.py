"""`scipy.optimize`: solutions of SciPy's solvers, differentiated."""

import numpy as np
import pytest
import scipy.optimize as so

import dualrev as dr
from dualrev.scipy import optimize
from tests.rules.harness import Case, check_case

rng = np.random.default_rng(0)
r = rng.standard_normal
P2 = np.array([2.0, 1.0])
T = np.linspace(0.0, 3.0, 20)
DATA = 2.0 * np.exp(-1.3 * T) + 0.5 + 0.05 * r(20)
TIGHT = {"xtol": 1e-15, "rtol": 1e-14}


def system(z, a):
    return np.array([z[0] ** 3 + z[1] - a[0], z[1] ** 3 - z[0] - a[1]])


def kepler(E, e, M):
    return E - e * np.sin(E) - M


def decay(t, a, k, c):
    return a * np.exp(-k * t) + c


def decay_jacobian(t, *p):
    return np.stack(dr.jacfwd(decay, argnums=(1, 2, 3))(t, *p), axis=-1)


def bowl(z, a):
    return np.sum((z - a) ** 2) + np.sum(z**4) + 0.3 * z[0] * z[1]


def slope(z, a):
    return dr.grad(bowl)(z, a)


def curvature(z, a):
    return dr.hessian(bowl)(z, a)


def minimum(method="trust-exact", **keywords):
    exact = {"jac": slope, "hess": curvature} if method.startswith("trust") else {"jac": slope}
    options = {"gtol": 1e-12} if method.startswith("trust") else {"gtol": 1e-10}
    if method == "SLSQP":
        options = {"ftol": 1e-15}
    elif method == "L-BFGS-B":
        options |= {"ftol": 1e-16}
    elif method == "trust-constr":
        options |= {"xtol": 1e-13, "barrier_tol": 1e-12}

    def f(a):
        return optimize.minimize(
            bowl, np.zeros(2), args=(a,), method=method, options=options, **exact, **keywords
        ).x

    return f


# fmt: off
A2 = np.array([0.7, -1.2])
MATRIX = r((6, 3))
SIDE = r(6)
PROGRAM = np.array([-1.0, -2.0]), np.array([[1.0, 1.0], [1.0, 3.0]]), np.array([4.0, 6.0])
CASES = [
    Case("optimize.root", lambda a: optimize.root(system, np.ones(2), args=(a,), tol=1e-13).x, (P2,)),
    Case("optimize.root, lm", lambda a: optimize.root(system, np.ones(2), args=(a,), method="lm", tol=1e-13).x, (P2,)),
    Case("optimize.root, krylov", lambda a: optimize.root(system, np.ones(2), args=a, method="krylov", tol=1e-13).x, (P2,), order=1),
    Case("optimize.fsolve", lambda a: optimize.fsolve(system, np.ones(2), a, xtol=1e-12), (P2,), rtol=1e-4),
    Case("optimize.root_scalar", lambda e, M: np.multiply(1.0, optimize.root_scalar(kepler, (e, M), "brentq", (0.0, 7.0), **TIGHT).root), (0.3, 1.0), exact=False),
    *[Case(f"optimize.{f.__name__}", lambda e, M, f=f: np.multiply(1.0, f(kepler, 0.0, 7.0, (e, M), **TIGHT)), (0.3, 1.0), exact=False)
      for f in (optimize.brentq, optimize.brenth, optimize.bisect, optimize.ridder, optimize.toms748)],
    Case("optimize.newton", lambda e, M: optimize.newton(kepler, 1.0, args=(e, M), tol=1e-15), (0.3, 1.0), exact=False),
    Case("optimize.newton, array", lambda e, M: optimize.newton(kepler, np.ones(3), args=(e, M), tol=1e-15), (0.3, np.array([0.5, 1.0, 1.5])), exact=False),
    Case("optimize.fixed_point", lambda a: np.multiply(1.0, optimize.fixed_point(lambda z: np.cos(a * z), 0.5, xtol=1e-15)), (0.8,), exact=False),
    Case("optimize.newton_krylov", lambda a: optimize.newton_krylov(lambda z: system(z, a), np.ones(2), f_tol=1e-14), (P2,), order=1),
    *[Case(f"optimize.minimize, {method}", minimum(method), (A2,), order=2, rtol=1e-4)
      for method in ("trust-exact", "BFGS", "L-BFGS-B", "SLSQP")],
    Case("optimize.minimize, bounds", minimum("L-BFGS-B", bounds=[(None, 0.2), (-0.5, None)]), (A2,), order=2),
    Case("optimize.minimize_scalar", lambda a: optimize.minimize_scalar(lambda z: (z - a) ** 2 + z**4, tol=1e-14).x, (0.7,), order=2, rtol=1e-4, exact=False),
    Case("optimize.least_squares", lambda y: optimize.least_squares(lambda p: decay(T, *p) - y, np.ones(3), xtol=1e-15, ftol=1e-15, gtol=1e-15).x, (DATA,), order=1, rtol=1e-3),
    Case("optimize.curve_fit", lambda y: optimize.curve_fit(decay, T, y, np.ones(3), jac=decay_jacobian, xtol=1e-15, ftol=1e-15, gtol=1e-15), (DATA,), order=1, rtol=1e-3, exact=False),
    Case("optimize.linprog", lambda c, A, b: optimize.linprog(c, A, b).x, PROGRAM, exact=False),
    Case("optimize.linprog, optimum", lambda c, A, b: optimize.linprog(c, A, b).fun, PROGRAM, exact=False),
    Case("optimize.nnls", lambda A, b: optimize.nnls(A, b), (MATRIX, SIDE), exact=False, order=2),
    Case("optimize.lsq_linear", lambda A, b: optimize.lsq_linear(A, b, (-0.1, 0.2), method="bvls").x, (MATRIX, SIDE), exact=False, order=2),
    Case("optimize.isotonic_regression", lambda y: optimize.isotonic_regression(y).x, (SIDE,), exact=False),
    Case("optimize.linear_sum_assignment", lambda C: C[optimize.linear_sum_assignment(C)].sum(), (MATRIX[:3],), exact=False),
]
# fmt: on


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case):
    with np.errstate(all="ignore"):
        check_case(case)


def test_keplers_equation_to_third_order():
    e, M = 0.3, 1.0

    def E(M):
        return optimize.brentq(kepler, 0.0, 7.0, (e, M), xtol=1e-15)

    value = E(M)
    sine, cosine = np.sin(value), np.cos(value)
    d = 1 - e * cosine
    exact = [1 / d, -e * sine / d**3, (3 * e**2 * sine**2 - e * cosine * d) / d**5]
    for mode in (dr.grad, dr.derivative):
        f = E
        for order in range(3):
            f = mode(f)
            np.testing.assert_allclose(f(M), exact[order], rtol=1e-13)


def test_what_is_closed_over():
    def implied(price):
        rate = 0.02
        return optimize.brentq(lambda s: s * np.exp(-rate) - price, 0.0, 10.0, xtol=1e-15)

    np.testing.assert_allclose(dr.grad(implied)(2.0), np.exp(0.02), rtol=1e-14)

    class Model:
        def __init__(self, a):
            self.a = a

        def misfit(self, z):
            return z**2 - self.a

    method = dr.grad(lambda a: optimize.newton(Model(a).misfit, 1.0, tol=1e-15))
    np.testing.assert_allclose(method(2.0), 0.5 / np.sqrt(2.0), rtol=1e-13)


def test_results_are_scipys_with_traced_values():
    def f(a):
        found = optimize.root(system, np.ones(2), args=(a,))
        assert found.success and found.nfev > 0
        return np.sum(found.x)

    assert dr.check(f, P2, rtol=1e-4).passed
    x, report = optimize.brentq(kepler, 0.0, 7.0, (0.3, 1.0), full_output=True)
    assert report.root == x


def constrained(method, **options):
    """min (z0 - a)^2 + (z1 - a)^2 with z0 + z1 = b, z0 <= c."""

    def f(a, b, c):
        equal = {"type": "eq", "fun": lambda z: z[0] + z[1] - b}
        less = {"type": "ineq", "fun": lambda z: c - z[0]}
        cost = lambda z: (z[0] - a) ** 2 + 2 * (z[1] - a) ** 2
        return optimize.minimize(
            cost, np.zeros(2), method=method, constraints=[equal, less], options=options
        ).x

    return f


def test_constraints():
    f = constrained("SLSQP", ftol=1e-15)
    values = 1.0, 1.5, 0.5  # the inequality is active: z = (c, b - c)
    np.testing.assert_allclose(f(*values), [0.5, 1.0], atol=1e-8)
    jacobian = [dr.jacobian(f, argnums=k)(*values) for k in range(3)]
    np.testing.assert_allclose(jacobian, [[0, 0], [0, 1], [1, -1]], atol=1e-7)
    values = 1.0, 1.5, 5.0  # it is not: z0 - a = 2 (z1 - a)
    jacobian = [dr.jacobian(f, argnums=k)(*values) for k in range(3)]
    np.testing.assert_allclose(jacobian, [[-1 / 3, 1 / 3], [2 / 3, 1 / 3], [0, 0]], atol=1e-7)


def test_nonlinear_and_linear_constraints():
    def f(a, radius):
        circle = so.NonlinearConstraint(lambda z: z[0] ** 2 + z[1] ** 2, 0.0, radius)
        line = so.LinearConstraint(np.array([[1.0, -1.0]]), 0.0, 0.0)
        with_both = [circle, line]
        return optimize.minimize(
            lambda z: (z[0] - a) ** 2 + z[1] ** 2 - 3 * z[1], np.full(2, 0.1), method="SLSQP",
            constraints=with_both, options={"ftol": 1e-15},
        ).x  # fmt: skip

    np.testing.assert_allclose(f(1.0, 0.5), [0.5, 0.5], atol=1e-7)


def test_marginals_of_a_linear_program():
    c, A, b = PROGRAM
    found = optimize.linprog(c, A, b)
    np.testing.assert_allclose(
        dr.grad(lambda b: optimize.linprog(c, A, b).fun)(b), found.ineqlin.marginals, rtol=1e-12
    )
    np.testing.assert_allclose(
        dr.grad(lambda c: optimize.linprog(c, A, b).fun)(c), found.x, rtol=1e-12
    )
    marginals = dr.jacobian(lambda c: optimize.linprog(c, A, b).ineqlin.marginals)(c)
    np.testing.assert_allclose(marginals, np.linalg.inv(A).T, rtol=1e-12)


def test_a_degenerate_program_is_refused():
    c, A, b = (
        np.array([-1.0, -1.0]),
        np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
        np.array([1.0, 1.0, 2.0]),
    )
    with pytest.raises(dr.errors.SingularSystemError, match="degenerate"):
        dr.grad(lambda c: optimize.linprog(c, A, b).fun)(c)
    with pytest.raises(dr.errors.SingularSystemError, match="solutions are as good"):
        dr.grad(lambda c: optimize.linprog(c, A[2:], b[2:]).fun)(c)


def test_a_solver_that_stopped_early():
    def stopped(a):
        return optimize.minimize(
            bowl, np.zeros(2), args=(a,), jac=slope, method="BFGS", options={"maxiter": 1}
        ).x[0]

    with pytest.raises(dr.errors.ConvergenceError, match="not solved"):
        dr.grad(stopped)(A2)
    with pytest.warns(dr.AccuracyWarning, match="tighten"):
        dr.grad(lambda a: optimize.brentq(lambda z: z**3 - a, 0.0, 2.0, xtol=1e-4))(2.0)


def test_a_multiple_root_has_no_derivative():
    with pytest.raises(dr.errors.SingularSystemError, match="singular"):
        dr.grad(lambda a: optimize.root(lambda z: (z - a) ** 2 * np.ones(1), np.ones(1)).x[0])(1.0)


def test_many_examples():
    es = np.linspace(0.1, 0.6, 4)
    E = lambda e: optimize.brentq(kepler, 0.0, 7.0, (e, 1.0), xtol=1e-15)
    np.testing.assert_allclose(dr.vmap(E)(es), [E(e) for e in es], rtol=1e-15)
    np.testing.assert_allclose(dr.vmap(dr.grad(E))(es), [dr.grad(E)(e) for e in es], rtol=1e-13)
