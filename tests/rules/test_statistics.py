"""Covariances, convolutions, histograms."""

import numpy as np
import pytest

import dualrev as dr

from .harness import Case, check_case

rng = np.random.default_rng(4)
v = rng.standard_normal(7)
w = rng.standard_normal(4)
A = rng.standard_normal((3, 6))
B = rng.standard_normal((2, 6))
C = rng.standard_normal((3, 6)) + 1j * rng.standard_normal((3, 6))
positive = rng.random(6) + 0.5
f32 = A.astype(np.float32)
bins = np.array([0, 2, 1, 2, 0, 4, 2])
places = rng.random(7)

CASES = [
    Case("np.cov", np.cov, (A,), exact=False),
    Case("np.cov, vector", np.cov, (v,), exact=False),
    Case("np.cov, y", np.cov, (A, B), exact=False),
    Case("np.cov, two vectors", np.cov, (v, v**2), exact=False),
    Case("np.cov, columns", lambda x: np.cov(x, rowvar=False), (A,), exact=False),
    Case("np.cov, columns, y", lambda x, y: np.cov(x, y, rowvar=False), (A.T, B.T), exact=False),
    Case("np.cov, bias", lambda x: np.cov(x, bias=True), (A,), exact=False),
    Case("np.cov, ddof", lambda x: np.cov(x, ddof=2), (A,), exact=False),
    Case("np.cov, fweights", lambda x: np.cov(x, fweights=[1, 2, 1, 3, 1, 1]), (A,), exact=False),
    Case("np.cov, aweights", lambda x, p: np.cov(x, aweights=p), (A, positive), exact=False),
    Case(
        "np.cov, aweights, bias",
        lambda x, p: np.cov(x, aweights=p, bias=True),
        (A, positive),
        exact=False,
    ),
    Case(
        "np.cov, both weights",
        lambda x: np.cov(x, aweights=positive, fweights=[1, 2, 1, 3, 1, 1]),
        (A,),
        exact=False,
    ),
    Case("np.cov, complex", np.cov, (C,), exact=False),
    Case("np.cov, float32", np.cov, (f32,), exact=False),
    Case("np.corrcoef", np.corrcoef, (A,), exact=False),
    Case(
        "np.corrcoef, y, columns",
        lambda x, y: np.corrcoef(x, y, rowvar=False),
        (v[:, None], v[:, None] ** 2),
        exact=False,
    ),
    Case("np.corrcoef, vector", np.corrcoef, (v,), exact=False),
    Case("np.corrcoef, complex", np.corrcoef, (C,), exact=False),
]
CASES += [
    Case(
        f"np.{f.__name__}, {mode}, {len(a)} and {len(b)}{kind}",
        lambda a, b, f=f, m=mode: f(a, b, m),
        (a, b),
    )
    for f in (np.convolve, np.correlate)
    for mode in ("full", "same", "valid")
    for a, b, kind in (
        (v, w, ""),
        (w, v, ""),
        (v, w[:3], ""),
        (w[:3], v, ""),
        (w, w[::-1].copy(), ""),
        (v[:6], w, ""),
        (C[0], C[1, :3], ", complex"),
        (w[:2], C[0, :5], ", mixed"),
        (v[:1], w, ""),
        (f32[0], f32[1, :2], ", float32"),
    )
]
CASES += [
    Case("np.convolve, scalar", lambda a, b: np.convolve(a, b), (np.float64(2.0), v)),
    Case("np.correlate, default mode", lambda a, b: np.correlate(a, b), (v, w)),
    Case("np.convolve, nonlinear", lambda a, b: np.convolve(a, b * a[:4]), (v, w)),
    Case("np.bincount", lambda w: np.bincount(bins, w), (v,)),
    Case("np.bincount, minlength", lambda w: np.bincount(bins, weights=w, minlength=9), (v,)),
    Case("np.bincount, float32", lambda w: np.bincount(bins, w), (v.astype(np.float32),)),
    Case("np.histogram, weights", lambda w: np.histogram(places, 4, weights=w)[0], (v,)),
    Case("np.histogram, range", lambda w: np.histogram(places, 3, (0.2, 0.8), weights=w)[0], (v,)),
    Case(
        "np.histogram, edges",
        lambda w: np.histogram(places, [0, 0.3, 0.4, 1.0], weights=w)[0],
        (v,),
    ),
    Case(
        "np.histogram, density",
        lambda w: np.histogram(places, 3, weights=w, density=True)[0],
        (np.abs(v),),
    ),
    Case("np.histogram, complex", lambda w: np.histogram(places[:6], 3, weights=w)[0], (C[0],)),
    Case("np.histogram, float32", lambda w: np.histogram(places[:6], 3, weights=w)[0], (f32[0],)),
    Case("np.histogram, of x", lambda x: np.histogram(x, 3), (v,), exact=False),
    Case("np.histogram, of x, edges", lambda x: np.histogram(x, [-1.0, 0.0, 1.0])[0], (v,)),
    Case(
        "np.histogram, density, moving edges",
        lambda a, w: np.histogram(a, 4, weights=w, density=True),
        (places, places + 1),
    ),
    Case("np.histogram, float32, density", lambda a: np.histogram(a, 3, density=True), (f32,)),
    Case("np.histogram_bin_edges", lambda a: np.histogram_bin_edges(a, 4), (A,)),
    Case("np.histogram_bin_edges, auto", lambda a: np.histogram_bin_edges(a, "auto"), (v,)),
    Case("np.histogramdd", lambda a, w: np.histogramdd(a, 3, weights=w), (A.T, positive)),
    Case(
        "np.histogramdd, density",
        lambda a, w: np.histogramdd(a, [3, 2], density=True, weights=w),
        (B.T, positive),
    ),
    Case(
        "np.histogramdd, edges, range",
        lambda a, w: np.histogramdd(a, [3, np.array([-1, 0.5, 1.0])], [(-1, 1), None], weights=w),
        (B.T, positive),
    ),
    Case("np.histogramdd, a list of columns", lambda a, b: np.histogramdd([a, b], 2)[1], (v, v**2)),
    Case(
        "np.histogram2d",
        lambda a, b, w: np.histogram2d(a, b, 3, weights=w),
        (v, v[::-1].copy(), places),
    ),
    Case(
        "np.histogram2d, edges for both",
        lambda w: np.histogram2d(v, v, np.array([-2, -1, 0, 0.5, 2]), weights=w),
        (places,),
    ),
    Case(
        "np.histogram2d, bins for each",
        lambda a, b: np.histogram2d(a, b, [2, 3], density=True)[1:],
        (v, v**2),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


def test_covariance_of_a_given_dtype():
    y, dy = dr.jvp(lambda x: np.cov(x, dtype=np.float32), (A,), (A,))
    assert y.dtype == dy.dtype == np.float32
    np.testing.assert_allclose(dy, 2 * y, rtol=1e-5)


def test_counts_are_plain():
    def f(x):
        counts, edges = np.histogram(x, 3)
        assert isinstance(counts, np.ndarray)
        assert np.bincount([0, 1, 1]).tolist() == [1, 2]
        return edges[0] + 10 * edges[-1]

    np.testing.assert_array_equal(dr.grad(f)(np.array([2.0, 5.0, 1.0])), [0, 10, 1])


def test_correlation_of_proportional_samples_has_no_slope():
    x = np.array([1.0, 2.0, 4.0, 3.0])
    g = dr.grad(lambda y: np.corrcoef(x, y)[0, 1])(3 * x)
    np.testing.assert_allclose(g, 0, atol=1e-15)


def test_errors():
    with pytest.raises(ValueError, match="cannot be empty"):
        dr.grad(lambda x: np.convolve(x, np.zeros(0)).sum())(v)
    with pytest.raises(ValueError, match="dimensions"):
        dr.grad(lambda x: np.cov(x).sum())(np.zeros((2, 2, 2)))
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="bins"):
        dr.grad(lambda x: np.histogram(x, bins=np.sort(x))[0].sum())(v)
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="range"):
        dr.grad(lambda x: np.histogram(x, range=(-1, x[0]))[1].sum())(v)
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning, match="Degrees of freedom"):
        dr.vjp(lambda x: np.cov(x, ddof=6), A)
