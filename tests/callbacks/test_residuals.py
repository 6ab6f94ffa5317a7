"""Least squares: every form of the Jacobian that SciPy takes, losses, and what a fit says."""

import numpy as np
import pytest
from scipy import optimize, sparse
from scipy.optimize._lsq.least_squares import IMPLEMENTED_LOSSES

import dualrev as dr
from dualrev.errors import NotANumberError, NotScalarError, UnsupportedArgumentError

from .problems import DATA, T, decay

START = np.array([1.0, 1.0, 0.0])


def chain(x):
    return np.concatenate([10 * (x[1:] - x[:-1] ** 2), 1 - x[:-1]])


@pytest.mark.parametrize("compile", [True, False])
def test_forms_of_the_jacobian(compile):
    R = dr.scipy.Residuals(decay, compile=compile)
    for k in range(3):
        x = START + 0.1 * k
        j = dr.jacfwd(decay)(x)
        np.testing.assert_allclose(R.fun(x), decay(x), atol=1e-15)
        np.testing.assert_allclose(R.jac(x), j)
        np.testing.assert_allclose(R.jac_sparse(x).toarray(), j)
        np.testing.assert_allclose(R.Dfun(x), j.T)
        assert R.Dfun(x).flags.c_contiguous and R.jac(x).flags.c_contiguous
        value, jac = R.fun_and_jac(x)
        np.testing.assert_array_equal(value, R.fun(x))
        np.testing.assert_array_equal(jac, R.jac(x))
        operator, u, v = R.jac_op(x), np.cos(T), np.array([1.0, -2.0, 0.5])
        np.testing.assert_allclose(operator.matvec(v), j @ v)
        np.testing.assert_allclose(operator.rmatvec(u), u @ j)
        np.testing.assert_allclose(operator.matmat(np.eye(3)), j, atol=1e-15)
        np.testing.assert_allclose(operator.rmatmat(np.eye(30)), j.T, atol=1e-15)
        np.testing.assert_allclose(operator.T @ u, u @ j)
        np.testing.assert_allclose(operator @ (1j * v), 1j * (j @ v))


def test_fresh_results():
    R = dr.scipy.Residuals(decay)
    for ask in (R.fun, R.jac, R.Dfun):
        first = ask(START)
        kept = first.copy()
        first[:] = 7
        np.testing.assert_array_equal(ask(START), kept)


def test_wide_and_sparse():
    n = 60
    R = dr.scipy.Residuals(chain)
    x = np.linspace(0.5, 1.5, n)
    j = dr.jacrev(chain)(x)
    assert sparse.issparse(R.jac_auto(x))
    np.testing.assert_allclose(R.jac_sparse(x).toarray(), j)
    pattern = R.jac_sparsity(x)
    np.testing.assert_array_equal(pattern.toarray() != 0, j != 0)
    wide = dr.scipy.Residuals(lambda x: np.array([np.sum(x**2), x[0] * x[-1]]))
    np.testing.assert_allclose(wide.jac(x)[0], 2 * x)
    assert "colours" in R.report() and "2 directions by reverse mode" in wide.report()


def test_a_row_and_a_column_that_are_dense():
    def arrow(x):
        return np.concatenate([[np.sum(x**2)], x[0] * x[1:] ** 2])

    R = dr.scipy.Residuals(arrow)
    for k in range(3):
        x = np.linspace(0.5, 1.5, 80) + k
        np.testing.assert_allclose(R.jac_sparse(x).toarray(), dr.jacfwd(arrow)(x))
    assert R.eager is None


def test_a_pattern_that_changes_is_found_again():
    def r(x):
        return x * x[::-1] if x[0] > 0 else x**2

    R = dr.scipy.Residuals(r, sparse=True)
    for x in (np.ones(50), -np.ones(50), np.ones(50)):
        np.testing.assert_allclose(R.jac_sparse(x).toarray(), dr.jacfwd(r)(x))


@pytest.mark.parametrize("tr_solver", [None, "exact", "lsmr"])
@pytest.mark.parametrize("method", ["lm", "trf", "dogbox"])
def test_least_squares(method, tr_solver):
    if method == "lm" and tr_solver:
        with pytest.raises(UnsupportedArgumentError):
            dr.scipy.Residuals(decay).kw(method, tr_solver)
        return
    best = optimize.least_squares(decay, START, xtol=1e-12, ftol=1e-12, gtol=1e-12)
    R = dr.scipy.Residuals(decay)
    found = optimize.least_squares(R, START, method=method, **R.kw(method, tr_solver))
    np.testing.assert_allclose(found.x, best.x, atol=1e-4)
    R = dr.scipy.Residuals(chain)
    found = optimize.least_squares(R, np.full(40, 1.2), method=method, **R.kw(method, tr_solver))
    assert found.success and R.eager is None


def test_fewer_evaluations_than_differences():
    R = dr.scipy.Residuals(decay)
    found = R.fit(START, method="trf")
    plain = []
    optimize.least_squares(lambda x: plain.append(1) or decay(x), START)
    assert R.counts.fun == found.nfev
    assert R.counts.jac == found.njev
    assert 2 * R.counts.fun < len(plain)


def test_fit():
    R = dr.scipy.Residuals(lambda x, t: x[0] * np.exp(-x[1] * t) + x[2] - DATA)
    found = R.fit(START, T)
    _, covariance = optimize.curve_fit(
        lambda t, a, k, c: a * np.exp(-k * t) + c, T, DATA, p0=START, xtol=1e-12, ftol=1e-12
    )
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-4)
    np.testing.assert_allclose(found.standard_errors**2, np.diag(covariance), rtol=1e-4)
    scaled = R.fit(START, T, absolute_sigma=True)
    assert scaled.covariance[0, 0] > 100 * found.covariance[0, 0]


def test_fit_of_named_parameters():
    R = dr.scipy.Residuals(lambda p: p["a"] * np.exp(-p["k"] * T) + p["c"] - DATA)
    for options in (
        {},
        {"bounds": {"k": (0, 1.0)}},
        {"loss": R.loss(np.log1p)},
        {"method": "dogbox"},
    ):
        found = R.fit({"a": 1.0, "k": 0.9, "c": 0.0}, **options)
        assert found.success
        assert set(found.params) == set(found.standard_errors) == {"a", "k", "c"}
        limit = 1.0 if "bounds" in options else 1.3
        assert found.params["k"] == pytest.approx(limit, abs=0.05)
    assert found.counts.fun < R.counts.fun


def test_without_full_rank_the_covariance_is_infinite():
    R = dr.scipy.Residuals(lambda x: (x[0] + x[1]) * T - DATA)
    assert np.isinf(R.fit([1.0, 1.0], method="trf").covariance).all()


def test_leastsq():
    R = dr.scipy.Residuals(lambda x, t: x[0] * np.exp(-x[1] * t) + x[2] - DATA)
    x, _ = R.leastsq(START, T)
    np.testing.assert_allclose(x, R.fit(START, T).x, atol=1e-5)
    y, _ = optimize.leastsq(R.fun, START, args=(T,), Dfun=R.Dfun, col_deriv=R.col_deriv)
    np.testing.assert_array_equal(x, y)
    z, _ = optimize.leastsq(R.fun, START, args=(T,), Dfun=R.jac)
    np.testing.assert_allclose(x, z)


@pytest.mark.parametrize("name", ["soft_l1", "cauchy", "arctan", "huber"])
def test_losses_are_scipys(name):
    rho = {
        "soft_l1": lambda z: 2 * (np.sqrt(1 + z) - 1),
        "cauchy": np.log1p,
        "arctan": np.arctan,
        "huber": lambda z: np.where(z <= 1, z, 2 * np.sqrt(z) - 1),
    }[name]
    z = np.array([0.0, 0.3, 2.0, 17.0])
    expected = np.empty((3, 4))
    IMPLEMENTED_LOSSES[name](z, expected, False)
    found = dr.scipy.Residuals.loss(rho)(z)
    assert found.shape == (3, 4) and found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15)
    R = dr.scipy.Residuals(decay)
    ours = R.fit(START, loss=R.loss(rho), f_scale=0.05)
    theirs = R.fit(START, loss=name, f_scale=0.05)
    np.testing.assert_allclose(ours.x, theirs.x, rtol=1e-9)


def test_nan_and_wrong_results():
    def r(x):
        return np.sqrt(x)

    with np.errstate(invalid="ignore"):
        with pytest.raises(NotANumberError, match="value of r"):
            dr.scipy.Residuals(r).fun([-1.0, 4.0])
        assert dr.scipy.Residuals(r, nan="inf").fun([-1.0, 4.0]).tolist() == [np.inf, 2.0]
        assert np.isnan(dr.scipy.Residuals(r, nan="pass").fun([-1.0, 4.0])[0])
    with pytest.raises(NotScalarError, match="real"):
        dr.scipy.Residuals(lambda x: x * 1j).fun([1.0])
    R = dr.scipy.Residuals(lambda x: x[0] ** 2)
    assert R.fun([3.0]).shape == (1,) and R.jac([3.0]).tolist() == [[6.0]]
    R = dr.scipy.Residuals(lambda x: [x[0] ** 2, 1, x[1]])
    for k in range(3):
        assert R.fun([3.0 + k, 1.0]).tolist() == [(3.0 + k) ** 2, 1, 1]
        np.testing.assert_array_equal(R.jac([3.0 + k, 1.0]), [[6 + 2 * k, 0], [0, 0], [0, 1]])
    assert R.eager is None
