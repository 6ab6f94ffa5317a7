"""`vmap` of SciPy's functions: what the check of every rule's batch does not reach."""

import itertools

import numpy as np
import pytest
import scipy.linalg as sl
import scipy.signal as ss

import dualrev as dr
from dualrev.scipy import interpolate, linalg, signal, stats

rng = np.random.default_rng(0)
r = rng.standard_normal


def rows(f, *args):
    return np.stack([f(*row) for row in zip(*args, strict=True)])


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("method", ["direct", "fft"])
def test_convolutions_of_any_sizes(mode, method):
    for n, m in [((6, 5), (2, 3)), ((2, 3), (6, 5)), ((6, 3), (2, 5)), ((5, 1), (5, 1))]:
        if mode == "valid" and n == (6, 3):
            continue  # neither is larger
        a, b = r((4, *n)), r((4, *m))
        for axes in itertools.product((0, None), repeat=2):
            if axes == (None, None):
                continue
            args = [x if axis == 0 else x[0] for x, axis in zip((a, b), axes, strict=True)]
            full = [x if axis == 0 else [x[0]] * 4 for x, axis in zip((a, b), axes, strict=True)]
            actual = dr.vmap(lambda a, b: signal.convolve(a, b, mode, method), axes)(*args)
            expected = rows(lambda a, b: ss.convolve(a, b, mode, method), *full)
            np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12)


def test_a_filter_that_overflows_spoils_no_other():
    b, x = r((4, 3)), r((4, 400))
    a = np.concatenate([np.ones((4, 1)), 0.2 * r((4, 2))], axis=1)
    a[1] = 1, -80, 9e9
    actual = dr.vmap(signal.lfilter)(b, a, x)
    np.testing.assert_allclose(actual, rows(ss.lfilter, b, a, x), rtol=1e-9, atol=1e-12)
    assert np.isfinite(actual).all(axis=1).tolist() == [True, False, True, True]


def test_filters_in_nested_batches():
    b, a, x = r((2, 3)), np.array([[1.0, 0.3, 0.1], [2.0, 0.1, 0.2]]), r((4, 9))
    actual = dr.vmap(dr.vmap(signal.lfilter, (None, None, 0)), (0, 0, None))(b, a, x)
    expected = np.stack([rows(lambda x: ss.lfilter(b[k], a[k], x), x) for k in range(2)])  # noqa: B023
    np.testing.assert_allclose(actual, expected, rtol=1e-12)


def test_a_band_matrix_with_infinities_spoils_no_other():
    bands, b = r((3, 3, 5)) + 4 * (np.arange(3) == 1)[:, None], r((3, 5))
    bands[1, 1, 2] = np.inf
    solve = lambda ab, b: linalg.solve_banded((1, 1), ab, b, check_finite=False)
    actual = dr.vmap(solve)(bands, b)
    np.testing.assert_allclose(actual, rows(solve, bands, b), rtol=1e-12)


@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize(
    "kind",
    ["gen", "sym", "her", "pos", "upper triangular", "lower triangular", "diagonal", "tridiagonal"],
)
def test_solvers_read_the_same_part_of_the_matrix(kind, lower):
    a, b = r((3, 4, 4)) + 6 * np.eye(4), r((3, 4))
    try:
        expected = rows(lambda a, b: sl.solve(a, b, assume_a=kind, lower=lower), a, b)
    except ValueError:
        pytest.skip("not a kind of this SciPy's")
    solve = lambda a, b: linalg.solve(a, b, assume_a=kind, lower=lower)
    np.testing.assert_allclose(dr.vmap(solve)(a, b), expected, rtol=1e-12)
    slope = dr.grad(lambda a, b: np.sum(solve(a, b) ** 2))
    np.testing.assert_allclose(dr.vmap(slope)(a, b), rows(slope, a, b), rtol=1e-10, atol=1e-14)


def test_indefinite_matrices_are_refused_in_a_batch_too():
    a = np.stack([np.eye(2), -np.eye(2)])
    with pytest.raises(np.linalg.LinAlgError):
        dr.vmap(lambda a: linalg.solve(a, np.ones(2), assume_a="pos"))(a)


@pytest.mark.parametrize("method", [None, "direct", "bilinear"])
def test_matrix_equations_with_shared_matrices(method):
    a, q = 0.2 * r((12, 12)), r((3, 12, 12))
    solve = lambda q: linalg.solve_discrete_lyapunov(a, q, method)
    np.testing.assert_allclose(dr.vmap(solve)(q), rows(solve, q), rtol=0, atol=1e-11)
    each = lambda a, q: linalg.solve_sylvester(a, a[:5, :5] + np.eye(5), q[:, :5])
    many = np.stack([a, 2 * a, a.T]) + 3 * np.eye(12)
    np.testing.assert_allclose(dr.vmap(each)(many, q), rows(each, many, q), rtol=0, atol=1e-11)


def test_counts_may_differ_among_examples():
    k, mu = np.array([0, 1, 4]), np.array([1.0, 2.0, 3.0])
    slope = dr.grad(lambda mu, k: stats.poisson.logpmf(k, mu))
    np.testing.assert_allclose(dr.vmap(slope)(mu, k), k / mu - 1, rtol=1e-12)


def test_knots_that_decrease_in_one_example_are_refused():
    x = np.stack([np.arange(5.0), np.arange(5.0)[::-1]])
    with pytest.raises(ValueError, match="strictly increasing"):
        dr.vmap(lambda x: interpolate.CubicSpline(x, x**2)(1.5))(x)
