"""`BVP`: Jacobians at all nodes from a few sweeps."""

import pickle

import numpy as np
import pytest
from scipy import integrate

import dualrev as dr


def bratu(x, y):
    return np.vstack((y[1], -np.exp(y[0])))


def zero(ya, yb):
    return np.array([ya[0], yb[0]])


def as_lists(x, y):
    return [y[1], -np.exp(y[0])]


def zero_list(ya, yb):
    return [ya[0], yb[0]]


def sturm(x, y, p):
    return np.vstack((y[1], -(p[0] ** 2) * y[0]))


def sturm_bc(ya, yb, p):
    return np.array([ya[0], yb[0], ya[1] - p[0]])


@pytest.mark.parametrize(("rhs", "bc"), [(bratu, zero), (as_lists, zero_list)])
def test_without_parameters(rhs, bc):
    x = np.linspace(0, 1, 7)
    P = dr.scipy.BVP(rhs, bc)
    ours = integrate.solve_bvp(P.fun, P.bc, x, np.zeros((2, 7)), **P.kw())
    theirs = integrate.solve_bvp(bratu, zero, x, np.zeros((2, 7)))
    assert ours.success
    np.testing.assert_allclose(ours.sol(x), theirs.sol(x), atol=1e-6)
    y = np.random.default_rng(0).standard_normal((2, 7))
    j = P.fun_jac(x, y)
    assert j.shape == (2, 2, 7) and j.flags.c_contiguous
    np.testing.assert_allclose(j[1, 0], -np.exp(y[0]))
    np.testing.assert_allclose(j[0, 1], 1.0)
    a, b = P.bc_jac(y[:, 0], y[:, -1])
    assert a.tolist() == [[1.0, 0.0], [0.0, 0.0]] and b.tolist() == [[0.0, 0.0], [1.0, 0.0]]


@pytest.mark.parametrize("k", ["vector", "tree"])
def test_with_parameters(k):
    x = np.linspace(0, 1, 5)
    y = np.zeros((2, 5))
    y[0, 1], y[0, 3] = 1.0, -1.0
    if k == "vector":
        P, p0 = dr.scipy.BVP(sturm, sturm_bc), [6.0]
    else:
        P = dr.scipy.BVP(
            lambda x, y, p: sturm(x, y, [p["k"]]), lambda ya, yb, p: sturm_bc(ya, yb, [p["k"]])
        )
        p0 = {"k": 6.0}
    found = P.solve(x, y, p0)
    assert found.success
    np.testing.assert_allclose(found.p, [2 * np.pi], rtol=1e-3)
    np.testing.assert_allclose(found.params if k == "vector" else found.params["k"], found.p[0])
    j, jp = dr.scipy.BVP(sturm, sturm_bc).fun_jac(x, y, [3.0])
    assert jp.shape == (2, 1, 5)
    np.testing.assert_allclose(jp[1, 0], -6.0 * y[0])
    np.testing.assert_allclose(j[1, 0], -9.0)
    a, b, c = dr.scipy.BVP(sturm, sturm_bc).bc_jac([1.0, 2.0], [3.0, 4.0], [3.0])
    assert (a.shape, b.shape, c.shape) == ((3, 2), (3, 2), (3, 1)) and c[2, 0] == -1.0


def test_fewer_evaluations_than_differences():
    calls = 0

    def chain(x, y):
        nonlocal calls
        calls += 1
        n = len(y) // 2
        u, v = y[:n], y[n:]
        return np.concatenate([v, np.sinh(u) - 0.1 * np.roll(u, 1, axis=0)])

    n, x = 12, np.linspace(0, 1, 11)

    def bc(ya, yb):
        return np.concatenate([ya[:n] - 0.3, yb[:n] - 0.1 * np.arange(n)])

    theirs = integrate.solve_bvp(chain, bc, x, np.zeros((2 * n, 11)))
    of_theirs = calls
    P = dr.scipy.BVP(chain, bc)
    ours = P.solve(x, np.zeros((2 * n, 11)))
    np.testing.assert_allclose(ours.sol(x), theirs.sol(x), atol=1e-5)
    assert ours.counts.fun * 3 < of_theirs
    assert P.eager is None


def test_nodes_that_depend_on_each_other_are_refused():
    P = dr.scipy.BVP(lambda x, y: np.stack([y[1], y[0] - np.mean(y[0])]), zero)
    with pytest.raises(dr.errors.StructureError, match="mixes nodes"):
        P.fun_jac(np.linspace(0, 1, 5), np.ones((2, 5)))


def test_errors_are_named():
    x = np.linspace(0, 1, 5)
    with pytest.raises(dr.errors.StructureError, match="one row for each unknown"):
        dr.scipy.BVP(lambda x, y: y[0], zero).fun(x, np.ones((2, 5)))
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="imaginary"):
        dr.scipy.BVP(bratu, zero).fun(x, np.ones((2, 5)) * 1j)
    with pytest.raises(dr.errors.NotANumberError):
        dr.scipy.BVP(lambda x, y: y * np.nan, zero, nan="raise").fun(x, np.ones((2, 5)))


def test_constant_rows_results_and_pickle():
    P = pickle.loads(pickle.dumps(dr.scipy.BVP(bratu, zero)))
    x, y = np.linspace(0, 1, 5), np.zeros((2, 5))
    first = P.fun_jac(x, y)
    first[:] = 3.0
    assert P.fun_jac(x, y)[0, 0, 0] == 0.0 and P.counts.hits == 1
    P = dr.scipy.BVP(lambda x, y: [y[1], -2.0], zero)
    assert P.solve(x, y).success
    np.testing.assert_allclose(P.solve(x, y).sol(0.5)[0], 0.25, atol=1e-6)
    assert "fun_jac" in P.report()
