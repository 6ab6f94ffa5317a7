"""`Density`: what the samplers of `scipy.stats.sampling` take."""

import math
import pickle

import numpy as np
import pytest
from scipy import stats
from scipy.stats import sampling

import dualrev as dr


def normal(x):
    return np.exp(-0.5 * x**2)


def log_normal(x):
    return -0.5 * x**2


@pytest.mark.parametrize("given", [{"pdf": normal}, {"logpdf": log_normal}])
def test_four_functions(given):
    D = dr.scipy.Density(**given)
    for x in (-2.0, 0.0, 0.7, np.float64(1.5), 3):
        e = math.exp(-0.5 * x**2)
        values = D.pdf(x), D.dpdf(x), D.logpdf(x), D.dlogpdf(x)
        assert all(type(v) is float for v in values)
        np.testing.assert_allclose(values, (e, -x * e, -0.5 * x**2, -x), rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("given", [{"pdf": normal}, {"logpdf": log_normal}])
@pytest.mark.parametrize("method", ["tdr", "TransformedDensityRejection", "pinv"])
def test_samplers(given, method):
    D = dr.scipy.Density(**given)
    sample = D.sampler(method, random_state=np.random.default_rng(1)).rvs(3000)
    assert stats.kstest(sample, "norm").pvalue > 1e-3


def test_support_and_args():
    D = dr.scipy.Density(logpdf=lambda x, k: (k - 1) * np.log(x) - x, support=(0, np.inf), args=3.0)
    assert D.pdf(-1.0) == 0.0 and D.dpdf(-1.0) == 0.0 and D.logpdf(-1.0) == -math.inf
    sampler = sampling.TransformedDensityRejection(D, c=0.0, random_state=np.random.default_rng(2))
    assert stats.kstest(sampler.rvs(3000), stats.gamma(3).cdf).pvalue > 1e-3
    assert D.eager is None and D.counts.fun > 0


def test_where_the_density_underflows():
    D = dr.scipy.Density(logpdf=log_normal)
    assert (D.pdf(60.0), D.dpdf(60.0), D.dlogpdf(60.0)) == (0.0, 0.0, -60.0)


def test_errors_are_named():
    for options in ({}, {"pdf": normal, "logpdf": log_normal}, {"pdf": normal, "support": (1, 0)}):
        with pytest.raises(dr.errors.UnsupportedArgumentError):
            dr.scipy.Density(**options)
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="tdr"):
        dr.scipy.Density(normal).sampler("metropolis")
    with pytest.raises(dr.errors.NotScalarError):
        dr.scipy.Density(lambda x: np.array([x, x])).pdf(1.0)
    with pytest.raises(dr.errors.NotANumberError):
        dr.scipy.Density(lambda x: x * np.nan).pdf(1.0)
    with pytest.raises(dr.errors.CheckError):
        dr.scipy.Density(lambda x: dr.stop_gradient(x) * x, check=True).dpdf(2.0)
    assert pickle.loads(pickle.dumps(dr.scipy.Density(normal, check=True))).dpdf(0.0) == 0.0
