"""`CurveFit`: exact Jacobians, names, structured parameters, statistics."""

import numpy as np
import pytest
from scipy import optimize

import dualrev as dr

X = np.linspace(0.0, 4.0, 60)
Y = 2.5 * np.exp(-1.3 * X) + 0.5 + 0.02 * np.cos(40 * X)


def decay(x, a, k, c):
    return a * np.exp(-k * x) + c


@pytest.mark.parametrize("method", ["lm", "trf", "dogbox"])
@pytest.mark.parametrize("sigma", [None, 0.1, "vector", "matrix"])
def test_every_method(method, sigma):
    if sigma == "vector":
        sigma = 0.02 + 0.01 * X
    elif sigma == "matrix":
        sigma = np.diag((0.02 + 0.01 * X) ** 2) + 1e-5
    C = dr.scipy.CurveFit(decay)
    if isinstance(sigma, float):  # which SciPy takes without a Jacobian only
        same = C.fit(X, Y, sigma=np.full(60, 0.1), method=method, absolute_sigma=True)
        found = C.fit(X, Y, sigma=0.1, method=method, absolute_sigma=True)
        np.testing.assert_array_equal(found.covariance, same.covariance)
        np.testing.assert_allclose(found.chi_square, 100 * np.sum(found.residuals**2))
        return
    popt, pcov = optimize.curve_fit(decay, X, Y, [1.0, 1.0, 1.0], sigma, method=method)
    ours, cov = optimize.curve_fit(C, X, Y, [1.0] * 3, sigma, method=method, **C.kw(method))
    np.testing.assert_allclose(ours, popt, rtol=1e-5)
    np.testing.assert_allclose(cov, pcov, rtol=1e-3, atol=1e-9)
    found = C.fit(X, Y, method=method, sigma=sigma, absolute_sigma=sigma is not None)
    np.testing.assert_allclose(found.x, ours, rtol=1e-5)
    np.testing.assert_allclose([*found.params.values()], found.x)
    assert list(found.params) == ["a", "k", "c"]
    errors = np.sqrt(np.diag(found.covariance))
    np.testing.assert_allclose([*found.standard_errors.values()], errors)
    assert found.degrees_of_freedom == 57 and 0.99 < found.r_square < 1.0
    if sigma is None:
        np.testing.assert_allclose(found.chi_square, np.sum((Y - decay(X, *found.x)) ** 2))
        np.testing.assert_allclose(
            found.covariance,
            found.reduced_chi_square * np.linalg.inv(C.jac(X, *found.x).T @ C.jac(X, *found.x)),
            rtol=1e-4,
        )


def test_jacobian():
    C = dr.scipy.CurveFit(decay)
    j = C.jac(X, 2.0, 1.5, 0.3)
    e = np.exp(-1.5 * X)
    np.testing.assert_allclose(j, np.stack([e, -2.0 * X * e, np.ones_like(X)], 1), rtol=1e-14)
    assert j.flags.c_contiguous and j.dtype == np.float64
    j[:] = 0.0
    assert C.jac(X, 2.0, 1.5, 0.3).any() and C.counts.hits == 1
    assert C.jac(X + 1, 2.0, 1.5, 0.3)[0, 1] != 0.0  # other data, same parameters


def test_fewer_evaluations_than_differences():
    centres = np.linspace(0.5, 9.5, 20)
    t = np.linspace(0.0, 10.0, 200)

    def peaks(t, *p):
        return np.sum(np.array(p)[:, None] * np.exp(-((t - centres[:, None]) ** 2)), axis=0)

    data = peaks(t, *np.linspace(1.0, 2.0, 20)) + 0.01 * np.sin(50 * t)
    calls = 0

    def counted(t, *p):
        nonlocal calls
        calls += 1
        return peaks(t, *p)

    popt, _ = optimize.curve_fit(counted, t, data, np.ones(20))
    C = dr.scipy.CurveFit(peaks)
    found = C.fit(t, data, np.ones(20))
    np.testing.assert_allclose(found.x, popt, rtol=1e-3)
    assert found.counts.fun * 5 < calls
    assert found.names[3] == "x[3]" and C.eager is None


CENTRES = np.linspace(0.5, 3.5, 10)


def peaks(x, *p):
    return np.sum(np.array(p)[:, None] * np.exp(-((x - CENTRES[:, None]) ** 2)), axis=0)


def of_two(x, *p):
    return sum(p[k] * x[0] ** (k % 4) * np.cos(k * x[1]) for k in range(10))


def uses_the_mean(x, *p):
    return peaks(x - np.mean(x), *p)


def uses_the_place(x, *p):
    return peaks(x, *p) + p[0] ** 2 * np.arange(x.size)


def uses_more_data(x, *p):
    return peaks(x, *p) * (1.0 + 0.1 * X)


@pytest.mark.parametrize(
    ("model", "x", "is_pointwise"),
    [
        (peaks, X, True),
        (of_two, np.stack([X, X**2]), True),
        (uses_the_mean, X, False),
        (uses_the_place, X, False),
        (uses_more_data, X, False),
    ],
)
def test_many_parameters(model, x, is_pointwise):
    C = dr.scipy.CurveFit(model)
    for seed in range(4):
        p = np.random.default_rng(seed).standard_normal(10)
        j = C.jac(x, *p)
        right = dr.jacfwd(lambda p: model(x, *p))(p)
        np.testing.assert_allclose(j, right, rtol=1e-12, atol=1e-12)
    assert (C.counts.jac_by_points > 0) == is_pointwise
    assert C.counts.jac == 4 and C.eager is None


def test_what_is_no_longer_pointwise_is_seen():
    def model(x, *p):  # which it is for small values of the first parameter only
        return peaks(x, *p) + np.where(p[0] < 1.0, 0.0, np.mean(x) * p[0])

    C = dr.scipy.CurveFit(model)
    for first in (0.1, 0.2, 0.3, 2.0, 2.5, 0.1):
        p = np.full(10, 0.5)
        p[0] = first
        right = dr.jacfwd(lambda p: model(X, *p))(p)
        np.testing.assert_allclose(C.jac(X, *p), right, rtol=1e-12, atol=1e-12)
    assert C.counts.jac_by_points == 3  # two that are right, and one that is seen to be wrong


def test_bounds():
    C = dr.scipy.CurveFit(decay)
    found = C.fit(X, Y, bounds={"k": (0.0, 1.0), "c": (0.0, None)})
    assert found.params["k"] <= 1.0
    same = C.fit(X, Y, bounds=([-np.inf, 0.0, 0.0], [np.inf, 1.0, np.inf]))
    np.testing.assert_allclose(found.x, same.x, rtol=1e-6)
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="no parameter 'q'"):
        C.fit(X, Y, bounds={"q": (0.0, 1.0)})


def test_structured_parameters():
    def by_name(x, a, k):
        return a[0] * np.exp(-k * x) + a[1]

    def tree(x, p):
        return by_name(x, p["a"], p["k"])

    for model in (by_name, tree):
        found = dr.scipy.CurveFit(model).fit(X, Y, {"a": np.ones(2), "k": 1.0})
        np.testing.assert_allclose(found.params["a"], [2.5, 0.5], rtol=0.05)
        assert found.standard_errors["a"].shape == (2,)
        assert found.names == ["a[0]", "a[1]", "k"]
        limited = dr.scipy.CurveFit(model).fit(
            X, Y, {"a": np.ones(2), "k": 0.5}, bounds={"k": (0, 1)}
        )
        assert limited.params["k"] <= 1.0
    C = dr.scipy.CurveFit(tree, like={"a": np.ones(2), "k": 1.0})
    popt, _ = optimize.curve_fit(C, X, Y, np.ones(3), jac=C.jac)
    np.testing.assert_allclose(popt, found.x, rtol=1e-4)


def test_data_of_more_dimensions():
    def plane(x, a, b, c):
        return a * x[0] + b * np.sin(x[1]) + c

    points = np.random.default_rng(0).standard_normal((2, 50))
    data = plane(points, 1.0, 2.0, 3.0)
    found = dr.scipy.CurveFit(plane).fit(points, data)
    np.testing.assert_allclose(found.x, [1.0, 2.0, 3.0])
    grid = points.reshape(2, 5, 10)
    found = dr.scipy.CurveFit(plane).fit(grid, data.reshape(5, 10))
    np.testing.assert_allclose(found.x, [1.0, 2.0, 3.0])
    found = dr.scipy.CurveFit(lambda x, a: [a * v for v in x]).fit([1.0, 2.0, 3.0], [2.0, 4.0, 6.1])
    assert abs(found.params["a"] - 2.02) < 0.01


def test_one_parameter_and_defaults():
    found = dr.scipy.CurveFit(lambda x, a, b=0.5: a * x + b).fit(X, 3.0 * X + 0.5, [1.0])
    np.testing.assert_allclose(found.x, [3.0])
    found = dr.scipy.CurveFit(lambda x, a, b=0.5: a * x + b).fit(X, 3.0 * X + 0.5)
    np.testing.assert_allclose(found.x, [3.0, 0.5], atol=1e-10)


def test_errors_are_named():
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="p0"):
        dr.scipy.CurveFit(lambda x, *p: p[0] * x).fit(X, Y)
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="dogbox"):
        dr.scipy.CurveFit(decay).kw("lma")
    with pytest.raises(dr.errors.NotANumberError):
        dr.scipy.CurveFit(lambda x, a: a * x * np.nan).fit(X, Y)
    with pytest.raises(dr.errors.CheckError):
        dr.scipy.CurveFit(lambda x, a: a * x * dr.stop_gradient(a), check=True).fit(X, Y)
    assert dr.scipy.CurveFit(decay, check=True).fit(X, Y).success


def test_missing_data():
    data = Y.copy()
    data[3] = np.nan
    found = dr.scipy.CurveFit(decay).fit(
        X, data, [1.0, 1.0, 1.0], nan_policy="omit", check_finite=False
    )
    np.testing.assert_allclose(found.params["k"], 1.3, rtol=0.02)
    assert found.degrees_of_freedom == 56
