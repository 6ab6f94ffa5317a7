"""Every method of `minimize`, with warnings as errors: `kw` gives what it takes and no more."""

import warnings

import numpy as np
import pytest
from scipy import optimize

import dualrev as dr
from dualrev.callbacks.methods import TAKES

from .problems import logistic, logistic_data, rosenbrock

METHODS = sorted(TAKES)
WITH_GRADIENTS = [m for m in METHODS if TAKES[m]]
LIMITS = {
    "nelder-mead": {"maxiter": 40_000, "maxfev": 40_000, "xatol": 1e-6, "fatol": 1e-10},
    "cobyla": {"maxiter": 20_000, "tol": 1e-6},
    "trust-constr": {"maxiter": 3000},
}


@pytest.mark.parametrize("n", [None, 20])
@pytest.mark.parametrize("method", WITH_GRADIENTS)
def test_rosenbrock(method, n):
    P = dr.scipy.Objective(rosenbrock)
    x0 = np.full(20, 1.5)
    with np.errstate(over="ignore"):  # trust-krylov multiplies memory that it has not set
        found = optimize.minimize(
            P, x0, method=method, options=LIMITS.get(method, {}), **P.kw(method, n)
        )
    assert found.success, found.message
    np.testing.assert_allclose(found.x, 1, atol=2e-4)
    assert P.counts.fun <= found.nfev
    assert P.counts.grad <= found.get("njev", found.nfev)
    assert P.eager is None


@pytest.mark.parametrize("method", [m for m in METHODS if m != "cobyla"])
def test_rosenbrock_in_one_line(method):
    P = dr.scipy.Objective(rosenbrock)
    with np.errstate(over="ignore"):
        found = P.minimize([1.3, 1.2, 1.1], method.upper(), **LIMITS.get(method, {}))
    assert found.success, found.message
    np.testing.assert_allclose(found.params, 1, atol=1e-3)
    assert found.counts == P.counts


@pytest.mark.parametrize("method", METHODS)
def test_logistic_regression_with_args(method):
    features, labels = logistic_data()
    P = dr.scipy.Objective(logistic)
    best = P.minimize(np.zeros(6), "trust-exact", args=(features, labels), gtol=1e-9)
    P = dr.scipy.Objective(logistic)
    with np.errstate(over="ignore"):
        found = optimize.minimize(
            P,
            np.zeros(6),
            args=(features, labels),
            method=method,
            options=LIMITS.get(method, {}),
            **P.kw(method),
        )
    assert found.success, found.message
    np.testing.assert_allclose(found.x, best.x, atol=2e-3)


@pytest.mark.parametrize("method", WITH_GRADIENTS)
def test_fewer_evaluations_than_differences(method):
    x0 = np.full(20, 1.5)
    P = dr.scipy.Objective(rosenbrock)
    with np.errstate(over="ignore"):
        found = P.minimize(x0, method)
    assert found.success
    if method in ("newton-cg", "trust-ncg", "trust-krylov", "trust-exact", "dogleg"):
        return  # which take no differences
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = optimize.minimize(rosenbrock, x0, method=method)
    assert found.nfev * 5 < other.nfev or not other.success


def test_methods_by_default():
    P = dr.scipy.Objective(rosenbrock)
    assert P.minimize(np.full(5, 1.2)).nhev > 0  # trust-exact
    assert P.minimize(np.full(150, 1.01)).success  # trust-ncg
    bounded = P.minimize(np.full(5, 0.2), bounds=[(0, 0.5)] * 5)
    assert bounded.success and np.all(bounded.x <= 0.5)
    assert hasattr(P.minimize(np.full(5, 1.2), None), "hess_inv")  # SciPy's: BFGS


@pytest.mark.parametrize("n", [40, 400])
@pytest.mark.parametrize("method", ["trust-constr", "newton-cg"])
def test_a_sparse_hessian_where_it_pays(method, n):
    P = dr.scipy.Objective(rosenbrock)
    found = P.minimize(np.full(n, 1.1), method)
    assert found.success
    assert P.counts.hess_sparse > 0 and P.counts.hvp == 0
    assert "3 colours" in P.report()


@pytest.mark.parametrize("n", [8, 60])
def test_a_dense_hessian(n):
    matrix = np.random.default_rng(0).standard_normal((n, n)) / n

    def f(x):
        return np.sum(np.cosh(x + matrix @ x) - x)

    P = dr.scipy.Objective(f)
    assert P.minimize(np.zeros(n), "trust-constr").success
    assert P.counts.hess_sparse == 0
    assert (P.counts.hess > 0) == (n == 8) and (P.counts.hvp > 0) == (n == 60)


@pytest.mark.parametrize("sparse", [True, False])
def test_sparse_is_asked_for(sparse):
    P = dr.scipy.Objective(rosenbrock, sparse=sparse)
    for method in ("trust-constr", "newton-cg"):
        assert P.minimize(np.full(60, 1.1), method).success
    assert (P.counts.hess_sparse > 0) == sparse


def test_jac_true():
    P = dr.scipy.Objective(rosenbrock)
    found = optimize.minimize(P.fun_and_jac, np.full(5, 1.2), jac=True)
    assert found.success
    x, value, _ = optimize.fmin_l_bfgs_b(P.fun_and_jac, np.full(5, 1.2))
    assert value < 1e-8
    x, _, _ = optimize.fmin_tnc(P.fun_and_jac, np.full(5, 1.2), disp=0)
    np.testing.assert_allclose(x, 1, atol=1e-3)


def test_older_functions():
    P = dr.scipy.Objective(rosenbrock)
    x0 = np.full(5, 1.2)
    quiet = {"disp": 0}
    for x in (
        optimize.fmin_bfgs(P, x0, P.grad, **quiet),
        optimize.fmin_cg(P, x0, P.grad, **quiet),
        optimize.fmin_ncg(P, x0, P.grad, fhess_p=P.hessp, **quiet),
        optimize.fmin_ncg(P, x0, P.grad, fhess=P.hess, **quiet),
    ):
        np.testing.assert_allclose(x, 1, atol=1e-3)
    assert optimize.check_grad(P.fun, P.grad, x0) < 1e-3
    assert optimize.line_search(P.fun, P.grad, x0, -P.grad(x0))[0] is not None


def test_global_methods():
    def f(x):
        return np.sum(x**2 + 3 * np.cos(3 * x)) + 1e-3 * np.sum(x)

    bounds = [(-3.0, 3.0)] * 2
    best = -3.96052
    P = dr.scipy.Objective(f)
    found = optimize.basinhopping(P, [0.0, 0.0], niter=5, rng=0, **P.kw("basinhopping"))
    assert found.fun < best + 3
    found = optimize.dual_annealing(P, bounds, maxiter=30, rng=0, **P.kw("dual_annealing"))
    assert found.fun < best + 0.01
    found = optimize.shgo(P, bounds, **P.kw("shgo"))
    assert abs(found.fun - best) < 1e-5
    found = optimize.differential_evolution(P, bounds, rng=0, **P.kw("differential_evolution"))
    assert abs(found.fun - best) < 1e-5
    assert P.counts.grad > 0


def test_global_methods_with_args():
    P = dr.scipy.Objective(lambda x, a: np.sum((x - a) ** 2))
    bounds, a = [(-3.0, 3.0)] * 2, (1.5,)
    for found in (
        optimize.differential_evolution(
            P, bounds, args=a, rng=0, **P.kw("differential_evolution", args=a)
        ),
        optimize.basinhopping(P, [0.0, 0.0], niter=2, rng=0, **P.kw("basinhopping", args=a)),
        optimize.dual_annealing(P, bounds, args=a, maxiter=5, rng=0, **P.kw("dual_annealing")),
        optimize.shgo(P, bounds, args=a, n=32, sampling_method="sobol", **P.kw("shgo")),
    ):
        np.testing.assert_allclose(found.x, 1.5, atol=1e-6)


def test_a_callable_as_method():
    def descent(fun, x0, args=(), jac=None, hessp=None, **more):
        x = x0
        for _ in range(60):
            x = x - 0.25 * jac(x, *args)
        return optimize.OptimizeResult(x=x, fun=fun(x, *args), success=True)

    P = dr.scipy.Objective(lambda x, a: np.sum((x - a) ** 2))
    np.testing.assert_allclose(P.minimize([0.0, 1.0], descent, args=3.0).x, 3.0)


def test_unknown_names_are_refused():
    P = dr.scipy.Objective(rosenbrock)
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="trust-exact"):
        P.kw("newton")
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="shgo"):
        P.minimize([1.0, 1.0], "shgo")
    for keyword in ({"nan": "no"}, {"sparse": "yes"}, {"cache": -1}):
        with pytest.raises(dr.errors.UnsupportedArgumentError):
            dr.scipy.Objective(rosenbrock, **keyword)


@pytest.mark.parametrize("method", ["l-bfgs-b", "slsqp", "tnc", "trust-constr"])
def test_variables_that_are_fixed_by_bounds(method):
    P = dr.scipy.Objective(rosenbrock)
    found = P.minimize(np.full(4, 0.7), method, bounds=[(0, 2), (0.5, 0.5), (0, 2), (0, 2)])
    assert found.success and found.x[1] == pytest.approx(0.5, abs=1e-6)


def test_options_both_ways():
    P = dr.scipy.Objective(rosenbrock)
    assert P.minimize(np.full(4, 1.5), "bfgs", maxiter=2).nit == 2
    assert P.minimize(np.full(4, 1.5), "bfgs", options={"maxiter": 3}).nit == 3
    seen = []
    P.minimize(np.full(4, 1.5), "bfgs", callback=lambda x: seen.append(x), tol=1e-3)
    assert seen
