"""Sorting, order statistics and sets."""

import numpy as np
import pytest

import dualrev as dr

from .harness import Case, check_case

rng = np.random.default_rng(3)


def apart(*shape):
    """Random numbers, no two of them close: the order is that of a neighbourhood."""
    n = int(np.prod(shape))
    return ((rng.permutation(n) + 0.5 * rng.random(n)) * (4 / n) - 2).reshape(shape)


v = apart(7)
A = apart(3, 5)
T = apart(2, 3, 4)
C = apart(3, 4) + 1j * apart(3, 4)
f32 = A.astype(np.float32)
scalar = np.float64(0.7)
mask = np.ones((3, 5), bool)
mask[0, 1] = mask[1, 2] = mask[1, 4] = False


def with_holes(x):
    return np.where(mask, x, np.nan)


CASES = [
    Case("np.sort", np.sort, (v,)),
    Case("np.sort, axis=0", lambda x: np.sort(x, axis=0), (A,)),
    Case("np.sort, axis=-2, kind", lambda x: np.sort(x, axis=-2, kind="heapsort"), (T,)),
    Case("np.sort, axis=None", lambda x: np.sort(x, axis=None), (A,)),
    Case("np.sort, stable", lambda x: np.sort(x, stable=True), (A,)),
    Case("np.sort, complex", np.sort, (C,)),
    Case("np.sort, float32", np.sort, (f32,)),
    Case("np.sort, empty", np.sort, (np.zeros((0, 3)),)),
    Case("np.sort, empty rows", np.sort, (np.zeros((3, 0)),)),
    Case("np.sort, size one", np.sort, (A[:1, :1],)),
    Case("np.sort, nan", lambda x: np.nan_to_num(np.sort(with_holes(x)), nan=3.0), (A,)),
    Case("np.sort and a product", lambda x: np.sort(x, axis=1) * x, (A,)),
    Case("np.sort_complex", np.sort_complex, (v,)),
    Case("np.sort_complex, complex", np.sort_complex, (C,)),
    Case("np.partition", lambda x: np.partition(x, 3), (v,)),
    Case("np.partition, axis=0, several", lambda x: np.partition(x, (0, 2), axis=0), (A,)),
    Case("np.partition, axis=None", lambda x: np.partition(x, 4, axis=None), (A,)),
    Case("np.partition, float32", lambda x: np.partition(x, 1), (f32,)),
    Case("np.partition, long", lambda x: np.partition(x, 40)[[0, 40, -1]][1], (apart(90),)),
    Case("np.unique", np.unique, (v,)),
    Case("np.unique, matrix", np.unique, (A,)),
    Case("np.unique, all results", lambda x: np.unique(x, True, True, True), (A,)),
    Case("np.unique, axis", lambda x: np.unique(x, axis=0), (A,)),
    Case("np.unique_values", lambda x: np.sort(np.unique_values(x)), (v,)),
    Case("np.unique_counts", lambda x: np.unique_counts(x), (v,)),
    Case("np.unique_all", lambda x: np.unique_all(x), (v,)),
    Case("np.unique_inverse", lambda x: np.unique_inverse(x), (v,)),
]
SHAPED = {
    "odd": (v, {}),
    "even": (v[:6], {}),
    "axis=0": (A, {"axis": 0}),
    "axis=-1, keepdims": (T, {"axis": -1, "keepdims": True}),
    "axis=(0, 2)": (T, {"axis": (0, 2)}),
    "axis=(-1, 0), keepdims": (T, {"axis": (-1, 0), "keepdims": True}),
    "all, keepdims": (A, {"keepdims": True}),
    "size one": (A[:1, :1], {"axis": 1}),
    "scalar": (scalar, {}),
    "float32": (f32, {"axis": 1}),
}
CASES += [
    Case(f"np.{f.__name__}, {name}", lambda x, f=f, kw=kw: f(x, **kw), (x,))
    for f in (np.median, np.nanmedian)
    for name, (x, kw) in SHAPED.items()
]
CASES += [
    Case(f"np.{f.__name__}, q={q}, {name}", lambda x, f=f, q=q, kw=kw: f(x, q, **kw), (x,))
    for f, q in (
        (np.quantile, 0.3),
        (np.percentile, [10, 50, 77]),
        (np.nanquantile, [0.3, 1.0]),
        (np.nanpercentile, 0),
    )
    for name, (x, kw) in SHAPED.items()
]
METHODS = [
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull",
    "linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest",
]  # fmt: skip
CASES += [
    Case(
        f"np.quantile, {method}",
        lambda x, m=method: np.quantile(x, [0.0, 0.1, 0.25, 0.6, 1.0], axis=-1, method=m),
        (A,),
    )
    for method in METHODS
]
CASES += [
    Case(
        f"np.nanquantile, {method}",
        lambda x, m=method: np.nanquantile(with_holes(x), [0.1, 0.6], axis=-1, method=m),
        (A,),
    )
    for method in METHODS
]
CASES += [
    Case("np.median, complex", lambda x: np.median(x, axis=1), (C,)),
    Case("np.nanmedian, nan", lambda x: np.nanmedian(with_holes(x), axis=1), (A,)),
    Case("np.nanmedian, nan, axis=0", lambda x: np.nanmedian(with_holes(x), axis=0), (A,)),
    Case("np.nanmedian, nan, all", lambda x: np.nanmedian(with_holes(x)), (A,)),
    Case(
        "np.nanpercentile, two axes",
        lambda x: np.nanpercentile(with_holes(x), [20, 30], axis=(0, 1)),
        (A,),
    ),
    Case(
        "np.quantile, weights",
        lambda x: np.quantile(
            x, [0.2, 0.7], axis=1, method="inverted_cdf", weights=np.arange(1.0, 6.0)
        ),
        (A,),
    ),
    Case("np.quantile, q of float32", lambda x: np.quantile(x, np.float32(0.3), axis=0), (f32,)),
    Case("np.quantile, q is an array", lambda x: np.quantile(x, np.array(0.3), axis=0), (f32,)),
    Case("np.median, nonlinear", lambda x: np.median(x**2, axis=0) * x, (A,)),
    Case("np.union1d", np.union1d, (A, A[0] + 1)),
    Case("np.intersect1d", lambda x: np.intersect1d(x[::-1], x[2:], return_indices=True), (A[0],)),
    Case("np.intersect1d, unique", lambda x: np.intersect1d(x, x[:2], True), (A[0],)),
    Case("np.setdiff1d", lambda x: np.setdiff1d(x, x[:2]), (A[0],)),
    Case(
        "np.setdiff1d, unique", lambda x: np.setdiff1d(x, [0.0, 1.0], assume_unique=True), (A[0],)
    ),
    Case("np.setxor1d", lambda x, y: np.setxor1d(x, np.append(y, x[:2])), (A[0], A[1])),
    Case("np.setxor1d, nothing", np.setxor1d, (A[0, :0], A[0, :0])),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


# -- points at which a convention decides -----------------------------------------------


def gradient(f, x):
    reverse = dr.grad(f)(x)
    forward = [dr.jvp(f, (x,), (e,))[1] for e in np.eye(len(x))]
    np.testing.assert_allclose(forward, reverse, rtol=1e-13)
    return reverse


def test_sort_at_ties_is_stable():
    x = np.array([2.0, 1.0, 2.0, 1.0])
    expected = np.eye(4)[[1, 3, 0, 2]]
    np.testing.assert_array_equal(dr.jacrev(np.sort)(x), expected)
    np.testing.assert_array_equal(dr.jacfwd(np.sort)(x), expected)


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (np.median, [3.0, 1.0, 2.0], [0, 0, 1]),
        (np.median, [3.0, 1.0, 2.0, 9.0], [0.5, 0, 0.5, 0]),
        (np.median, [1.0, np.nan], [0, 1]),
        (np.nanmedian, [1.0, np.nan], [1, 0]),
        (lambda x: np.quantile(x, 0.25), [0.0, 4.0, 1.0], [0.5, 0, 0.5]),
        (lambda x: np.quantile(x, 0.5, method="lower"), [0.0, 4.0], [1, 0]),
        (lambda x: np.unique(x).sum(), [1.0, 2.0, 1.0], [1, 1, 0]),
        (lambda x: np.union1d(x, [1.0, 3.0]).sum(), [1.0, 2.0, 1.0], [1, 1, 0]),
        (lambda x: np.union1d([1.0, 3.0], x).sum(), [1.0, 2.0, 1.0], [0, 1, 0]),
        (lambda x: np.intersect1d(x, 2 * x).sum(), [1.0, 2.0, 7.0], [0, 1, 0]),
        (lambda x: np.intersect1d([2.0, 9.0], x).sum(), [1.0, 2.0], [0, 0]),
        (lambda x: np.sum(np.partition(x, 1)[:2]), [3.0, 1.0, 2.0], [0, 1, 1]),
    ],
)
def test_convention(f, x, expected):
    np.testing.assert_allclose(gradient(f, np.array(x)), expected, rtol=1e-12)


def test_partition_moves_tangents_with_their_values():
    x = rng.standard_normal((4, 300))
    for kth, axis in ((100, -1), ((5, 250), 1), (2, 0)):
        y, dy = dr.jvp(lambda x, k=kth, a=axis: np.partition(x, k, axis=a), (x,), (x,))
        np.testing.assert_array_equal(y, dy)


def test_sort_in_place():
    def f(x):
        y = x * 1.0
        y.sort()
        return y @ np.arange(4.0)

    np.testing.assert_array_equal(dr.grad(f)(np.array([3.0, 1.0, 2.0, 0.0])), [3, 1, 2, 0])


def test_empty_median_is_nan():
    with pytest.warns(RuntimeWarning):
        y, pull = dr.vjp(np.median, np.zeros(0))
    assert np.isnan(y)
    assert pull(1.0)[0].shape == (0,)


def test_constants():
    x = np.array([3.0, 1.0, 2.0])

    def f(x):
        assert isinstance(np.argsort(x), np.ndarray)
        assert isinstance(np.lexsort((x, x)), np.ndarray)
        assert np.searchsorted(np.sort(x), 2.5) == 2
        assert np.digitize(x, [1.5]).tolist() == [1, 0, 1]
        return np.sum(x[np.argsort(x)] * np.arange(3.0))

    np.testing.assert_array_equal(dr.grad(f)(x), [2, 0, 1])


def test_errors():
    for f in (
        lambda q: np.quantile(v, q) if not isinstance(q, dr.Node) else np.quantile(q * v, q),
        lambda x: np.sort(x, order="a").sum(),
        lambda x: np.median(x, out=np.zeros(())),
    ):
        with pytest.raises(dr.errors.UnsupportedArgumentError):
            dr.grad(f)(np.float64(0.3) if f.__code__.co_varnames[0] == "q" else v)
    with pytest.raises(ValueError, match="range"):
        dr.grad(lambda x: np.quantile(x, 1.5))(v)
    with pytest.raises(TypeError, match="real"):
        dr.grad(lambda x: np.quantile(x, 0.5).real)(C)
