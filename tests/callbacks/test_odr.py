"""`ODRModel`: shapes and order of both packages."""

import sys
import warnings

import numpy as np
import pytest

import dualrev as dr

X = np.linspace(0.0, 2.0, 25)
BETA = np.array([2.0, -1.2, 0.3])
Y = BETA[0] * np.exp(BETA[1] * X) + BETA[2] + 0.01 * np.sin(31 * X)


def decay(beta, x):
    return beta[0] * np.exp(beta[1] * x) + beta[2]


def plane(beta, x):  # m = 2, q = 1
    return beta[0] * x[0] + beta[1] * x[1] ** 2


def pair(beta, x):  # m = 2, q = 2
    return np.stack([beta[0] * x[0] * x[1], beta[1] * np.sin(x[0]) + beta[2]])


def pair_list(beta, x):
    return [beta[0] * x[0] * x[1], beta[1] * np.sin(x[0]) + beta[2]]


POINTS = np.random.default_rng(0).standard_normal((2, 7))


@pytest.mark.parametrize(
    ("f", "beta", "x", "by_beta", "by_x"),
    [
        (decay, BETA, X, (3, 25), (25,)),
        (plane, BETA[:2], POINTS, (2, 7), (2, 7)),
        (pair, BETA, POINTS, (2, 3, 7), (2, 2, 7)),
        (pair_list, BETA, POINTS, (2, 3, 7), (2, 2, 7)),
    ],
)
def test_shapes_and_values(f, beta, x, by_beta, by_x):
    M = dr.scipy.ODRModel(f)
    j, k = M.jac_beta(beta, x), M.jac_x(beta, x)
    assert j.shape == by_beta and k.shape == by_x
    assert j.flags.c_contiguous and k.flags.c_contiguous
    h = 1e-6
    for i, e in enumerate(np.eye(beta.size)):
        slope = (np.array(f(beta + h * e, x)) - np.array(f(beta - h * e, x))) / (2 * h)
        np.testing.assert_allclose(j[..., i, :], slope, atol=1e-8)
    rows = 1 if x.ndim == 1 else len(x)
    for i in range(rows):
        e = np.ones_like(x) if x.ndim == 1 else np.eye(rows)[i][:, None]
        slope = (np.array(f(beta, x + h * e)) - np.array(f(beta, x - h * e))) / (2 * h)
        np.testing.assert_allclose(k if x.ndim == 1 else k[..., i, :], slope, atol=1e-8)
    first = M.jac_x(beta, x)
    first[:] = 9.0
    np.testing.assert_array_equal(M.jac_x(beta, x), k)


def test_scipy_model():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        odr = pytest.importorskip("scipy.odr")
    M = dr.scipy.ODRModel(decay)
    data = odr.RealData(X, Y, sx=0.01, sy=0.01)
    fit = odr.ODR(data, M.scipy_model(), beta0=[1.0, -1.0, 0.0])
    fit.set_job(deriv=3)  # derivatives that are checked
    found = fit.run()
    assert found.info < 5
    theirs = odr.ODR(data, odr.Model(decay), beta0=[1.0, -1.0, 0.0]).run()
    np.testing.assert_allclose(found.beta, theirs.beta, rtol=1e-5)
    np.testing.assert_allclose(found.beta, BETA, atol=0.05)
    two = odr.ODR(
        odr.Data(POINTS, pair(BETA, POINTS)), dr.scipy.ODRModel(pair).scipy_model(), np.ones(3)
    )
    two.set_job(deriv=3)
    np.testing.assert_allclose(two.run().beta, BETA, rtol=1e-6)
    more = dr.scipy.ODRModel(lambda beta, x, a: beta[0] * x + a)
    fit = odr.ODR(odr.Data(X, 3 * X + 2.0), more.scipy_model(extra_args=(2.0,)), [1.0])
    fit.set_job(deriv=3)
    np.testing.assert_allclose(fit.run().beta, [3.0])


def test_scipy_without_odr(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.odr", None)
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="odrpack"):
        dr.scipy.ODRModel(decay).scipy_model()
    monkeypatch.setitem(sys.modules, "odrpack", None)
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="not installed"):
        dr.scipy.ODRModel(decay).fit(X, Y, BETA)


def test_odrpack():
    odrpack = pytest.importorskip("odrpack")
    M = dr.scipy.ODRModel(decay)
    found = odrpack.odr_fit(M.odrpack_fun, X, Y, [1.0, -1.0, 0.0], **M.odrpack_kw())
    assert found.success
    theirs = odrpack.odr_fit(lambda x, beta: decay(beta, x), X, Y, np.array([1.0, -1.0, 0.0]))
    np.testing.assert_allclose(found.beta, theirs.beta, rtol=1e-5)
    assert found.nfev < theirs.nfev
    same = dr.scipy.ODRModel(lambda x, beta: decay(beta, x), beta_first=False)
    np.testing.assert_allclose(same.fit(X, Y, [1.0, -1.0, 0.0]).beta, found.beta)
    two = dr.scipy.ODRModel(pair).fit(POINTS, pair(BETA, POINTS), np.ones(3))
    np.testing.assert_allclose(two.beta, BETA, rtol=1e-6)
    tree = dr.scipy.ODRModel(lambda p, x: p["a"] * np.exp(p["k"] * x) + p["c"])
    named = tree.fit(X, Y, {"a": 1.0, "k": -1.0, "c": 0.0})
    np.testing.assert_allclose(named.params["k"], found.beta[1])


def test_errors_are_named():
    with pytest.raises(dr.errors.StructureError, match="mixes observations"):
        dr.scipy.ODRModel(lambda b, x: b[0] * np.cumsum(x)).jac_x([1.0], X)
    with pytest.raises(dr.errors.StructureError, match="each observation"):
        dr.scipy.ODRModel(lambda b, x: b[0]).fun([1.0], X)
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="real"):
        dr.scipy.ODRModel(decay).fun(BETA, X * 1j)
    with pytest.raises(dr.errors.NotANumberError):
        dr.scipy.ODRModel(lambda b, x: b[0] * x * np.nan).fun([1.0], X)
    with pytest.raises(dr.errors.CheckError):
        wrong = dr.scipy.ODRModel(lambda b, x: b[0] * x * dr.stop_gradient(b[0]), check=True)
        wrong.jac_beta([2.0], X)
    dr.scipy.ODRModel(pair, check=True).jac_beta(BETA, POINTS)
