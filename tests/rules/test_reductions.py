"""Sums, means, moments, products and extremes; with and without nan."""

import warnings

import numpy as np
import pytest

import dualrev as dr

from .harness import Case, check_case

rng = np.random.default_rng(1)
v = rng.standard_normal(5)
A = rng.standard_normal((3, 4))
T = rng.standard_normal((2, 3, 4))
C = rng.standard_normal((3, 4)) + 1j * rng.standard_normal((3, 4))
one = rng.standard_normal((1, 1))

zero_d = np.array(1.3)
scalar = np.float64(0.7)
empty = np.zeros((0, 3))
f32 = A.astype(np.float32)
mask = np.array([[True, False, True, True], [True, True, False, True], [False, True, True, True]])
holes = np.where(mask, A, np.nan)
zeros = np.where(mask, A, 0.0)
weights = rng.random(4) + 0.5

SHAPED = {
    "vector": (v, {}),
    "matrix": (A, {}),
    "axis=0": (A, {"axis": 0}),
    "axis=-1": (T, {"axis": -1}),
    "axis=1, keepdims": (T, {"axis": 1, "keepdims": True}),
    "axis=(0, 2)": (T, {"axis": (0, 2)}),
    "axis=(-1, 0), keepdims": (T, {"axis": (-1, 0), "keepdims": True}),
    "axis=(0, 1, 2)": (T, {"axis": (0, 1, 2)}),
    "size one": (one, {"axis": 0}),
    "0-d": (zero_d, {}),
    "scalar": (scalar, {}),
    "float32": (f32, {"axis": 1}),
}
MOMENTS = {np.var, np.std}
CASES = [
    Case(f"np.{f.__name__}, {name}", lambda x, f=f, kw=kw: f(x, **kw), (x,))
    for f in (np.sum, np.mean, np.max, np.min, np.ptp)
    for name, (x, kw) in SHAPED.items()
]
CASES += [
    Case("np.all, times x", lambda x: np.all(x, axis=0) * x, (A,)),
    Case("np.any, where", lambda x: np.any(x, (0, 1), keepdims=True, where=mask) * x, (A,)),
    Case("np.any, into a traced array", lambda x: np.any(x, 0, np.zeros_like(x[0])) * x, (A,)),
    Case("np.prod, a scalar's axis=0", lambda x: np.prod(x, axis=0), (scalar,)),
    Case("np.max, a scalar's axis=-1", lambda x: np.max(x, axis=-1), (scalar,)),
]
CASES += [
    Case(f"np.prod, {name}", lambda x, kw=kw: np.prod(x, **kw), (x,), exact="(" not in name)
    for name, (x, kw) in SHAPED.items()
]
CASES += [
    Case(f"np.{f.__name__}, {name}", lambda x, f=f, kw=kw: f(x, **kw), (x,), rtol=1e-5)
    for f in MOMENTS
    for name, (x, kw) in SHAPED.items()
    if name not in ("size one", "0-d", "scalar") or f is np.var
]
CASES += [
    Case(f"np.{f.__name__}, complex", lambda x, f=f: f(x, axis=1), (C,))
    for f in (np.sum, np.mean, np.prod, np.max, np.min, np.var, np.std)
]
CASES += [
    Case(f"np.{f.__name__}, complex64", lambda x, f=f: f(x, axis=1), (C.astype(np.complex64),))
    for f in (np.sum, np.mean, np.prod, np.max, np.var, np.std)
]
CASES += [
    Case(f"np.{f.__name__}, empty", lambda x, f=f: f(x, axis=1), (empty,))
    for f in (np.sum, np.mean, np.prod, np.max, np.min, np.var)
]
CASES += [
    Case("np.sum, all of an empty array", lambda x: np.sum(x), (empty,)),
    Case("np.sum, axis=()", lambda x: np.sum(x, axis=()), (A,)),
    Case("np.prod, axis=()", lambda x: np.prod(x, axis=()), (A,)),
    Case("np.max, axis=()", lambda x: np.max(x, axis=()), (A,)),
    Case(
        "np.sum, initial and where",
        lambda x: np.sum(x, axis=0, initial=2.0, where=mask),
        (A,),
        exact=False,
    ),
    Case("np.sum, dtype wider", lambda x: np.sum(x, axis=0, dtype=np.float64), (f32,)),
    Case("np.sum, dtype complex", lambda x: np.sum(x, axis=0, dtype=complex), (A,)),
    Case("np.sum, dtype int", lambda x: np.sum(x, axis=0, dtype=int), (A,)),
    Case("np.sum, a list", lambda a, b: np.sum([a, b]), (scalar, scalar)),
    Case("np.sum, initial traced", lambda x: np.sum(x, initial=x[0]), (v,), exact=False),
    Case("np.mean, where", lambda x: np.mean(x, axis=1, where=mask), (A,), exact=False),
    Case("np.mean, float32, where", lambda x: np.mean(x, axis=1, where=mask), (f32,), exact=False),
    Case("np.var, ddof=1", lambda x: np.var(x, ddof=1), (A,)),
    Case("np.var, correction", lambda x: np.var(x, axis=0, correction=1), (A,)),
    Case("np.var, where", lambda x: np.var(x, axis=0, where=mask, ddof=0.5), (A,), exact=False),
    Case("np.var, mean", lambda x, m: np.var(x, axis=0, mean=m), (A, A[:1] + 0.1), exact=False),
    Case(
        "np.std, ddof, keepdims",
        lambda x: np.std(x, axis=1, ddof=1, keepdims=True),
        (A,),
        rtol=1e-5,
    ),
    Case("np.std, where", lambda x: np.std(x, axis=1, where=mask), (A,), exact=False, rtol=1e-5),
    Case(
        "np.prod, initial and where",
        lambda x: np.prod(x, axis=0, initial=2.0, where=mask),
        (A,),
        exact=False,
    ),
    Case("np.prod, zeros", lambda x: np.prod(x, axis=1), (zeros,)),
    Case("np.prod, all zeros", lambda x: np.prod(x), (np.zeros(4),)),
    Case("np.prod, zeros, two axes", lambda x: np.prod(x, axis=(0, 1)), (zeros,)),
    Case("np.max, initial", lambda x: np.max(x, axis=0, initial=0.1), (A,)),
    Case("np.max, where", lambda x: np.max(x, axis=0, initial=-5.0, where=mask), (A,)),
    Case("np.min, where, complex", lambda x: np.min(x, axis=0, initial=9.0, where=mask), (C,)),
    Case("np.average", lambda x: np.average(x, axis=0), (A,)),
    Case("np.average, weights", lambda x, w: np.average(x, weights=w), (A, np.abs(A))),
    Case(
        "np.average, weights of an axis",
        lambda x, w: np.average(x, axis=-1, weights=w),
        (A, weights),
    ),
    Case(
        "np.average, weights of two axes",
        lambda x, w: np.average(x, axis=(2, 0), weights=w, keepdims=True),
        (T, rng.random((4, 2)) + 0.5),
        exact=False,
    ),
    Case(
        "np.average, returned",
        lambda x, w: np.average(x, axis=1, weights=w, returned=True),
        (A, weights),
    ),
    Case("np.average, returned, no weights", lambda x: np.average(x, axis=1, returned=True), (A,)),
    Case("np.trace", np.trace, (A,)),
    Case("np.trace, offset, axes", lambda x: np.trace(x, -1, 2, 0), (T,)),
    Case("np.trace, complex", np.trace, (C,)),
]
NAN = [np.nansum, np.nanprod, np.nanmax, np.nanmin, np.nanmean, np.nanvar, np.nanstd]
# holes are constants: where there is a nan, the argument does not enter
CASES += [
    Case(
        f"np.{f.__name__}, {name}",
        lambda x, f=f, kw=kw: f(np.where(mask, x, np.nan), **kw),
        (A,),
        exact=False,
        rtol=1e-5,
    )
    for f in NAN
    for name, kw in {
        "all": {},
        "axis=0": {"axis": 0},
        "axis=-1, keepdims": {"axis": -1, "keepdims": True},
        "axis=(0, 1)": {"axis": (0, 1)},
    }.items()
]
CASES += [
    Case(f"np.{f.__name__}, none missing", lambda x, f=f: f(x, axis=0), (A,), rtol=1e-5)
    for f in NAN
]
CASES += [
    Case(
        f"np.{f.__name__}, float32",
        lambda x, f=f: f(np.where(mask, x, np.float32(np.nan)), axis=0),
        (f32,),
        exact=False,
    )
    for f in NAN
    if f not in (np.nanmean, np.nanvar, np.nanstd)
]
CASES += [
    Case(
        "np.nanvar, ddof, where",
        lambda x: np.nanvar(np.where(mask, x, np.nan), axis=1, ddof=1, where=mask[::-1]),
        (A,),
        exact=False,
    ),
    Case(
        "np.nansum, initial",
        lambda x: np.nansum(np.where(mask, x, np.nan), axis=1, initial=1.0),
        (A,),
        exact=False,
    ),
    Case(
        "x.sum, x.mean, x.var",
        lambda x: x.sum(0) + x.mean(axis=0) + x.var(0, ddof=1),
        (A,),
        exact=False,
    ),
    Case(
        "x.max, x.min, x.prod, x.std",
        lambda x: x.max(0) + x.min(axis=0) + x.prod(0) + x.std(0),
        (A,),
        rtol=1e-5,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


# -- points at which a convention decides -----------------------------------------------


def both_modes(f, x):
    """The gradient by reverse mode, and by one dual a direction."""
    reverse = dr.grad(f)(x)
    forward = np.reshape(
        [dr.jvp(f, (x,), (e.reshape(x.shape),))[1] for e in np.eye(x.size)], x.shape
    )
    np.testing.assert_allclose(forward, reverse, rtol=1e-12, atol=1e-13)
    return reverse


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (np.max, [1.0, 3.0, 3.0], [0, 0.5, 0.5]),
        (np.min, [1.0, 1.0, 3.0, 1.0], [1 / 3, 1 / 3, 0, 1 / 3]),
        (np.ptp, [2.0, 2.0], [0, 0]),
        (np.nanmax, [np.nan, 3.0, 3.0], [0, 0.5, 0.5]),
        (np.nanmin, [-np.inf, np.nan, 3.0], [1, 0, 0]),
        (np.nanmax, [-np.inf, np.nan], [1, 0]),
        (np.max, [np.inf, 0.0], [1, 0]),
        (np.max, [1.0, np.nan], [0, 1]),
        (np.prod, [0.0, 2.0, 3.0], [6, 0, 0]),
        (np.prod, [0.0, 0.0, 3.0], [0, 0, 0]),
        (np.prod, [1e-200, 1e-200, 1.0], [1e-200, 1e-200, 0]),
        (np.std, [2.0, 2.0, 2.0], [0, 0, 0]),
        (np.std, [0.1, 0.1, 0.1], [0, 0, 0]),
        (np.nanstd, [2.0, 2.0, np.nan], [0, 0, 0]),
        (np.var, [2.0, 2.0], [0, 0]),
    ],
)
def test_convention(f, x, expected):
    np.testing.assert_allclose(both_modes(f, np.array(x)), expected, rtol=1e-12, atol=1e-12)


def test_ties_along_an_axis_share_evenly():
    x = np.array([[1.0, 1.0, 0.0], [2.0, 5.0, 5.0]])
    np.testing.assert_array_equal(
        both_modes(lambda x: np.max(x, axis=1).sum(), x), [[0.5, 0.5, 0], [0, 0.5, 0.5]]
    )
    np.testing.assert_array_equal(
        both_modes(lambda x: np.max(x, axis=0).sum(), x), [[0, 0, 0], [1, 1, 1]]
    )


@pytest.mark.parametrize("x", [[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
def test_product_with_zeros_second_order(x):
    x = np.array(x)
    expected = np.array([[0, x[2], x[1]], [x[2], 0, x[0]], [x[1], x[0], 0]])
    np.testing.assert_array_equal(dr.hessian(np.prod)(x), expected)
    np.testing.assert_array_equal(dr.jacrev(dr.grad(np.prod))(x), expected)


def test_std_of_some_constant_rows():
    x = np.array([[2.0, 2.0], [1.0, 3.0]])
    np.testing.assert_allclose(
        both_modes(lambda x: np.std(x, axis=1).sum(), x), [[0, 0], [-0.5, 0.5]], atol=1e-15
    )


def test_zeros_do_not_depend_on_the_way_nan_is_skipped():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        y, pull = dr.vjp(lambda x: np.nanmean(x, axis=0), np.array([[np.nan, 1.0], [np.nan, 2.0]]))
        np.testing.assert_array_equal(y, [np.nan, 1.5])
        np.testing.assert_array_equal(pull(np.array([0.0, 1.0]))[0][:, 1], [0.5, 0.5])


@pytest.mark.parametrize("f", [np.nanmean, np.nanvar, np.nanmax])
def test_warnings_are_numpys(f):
    x = np.array([[np.nan, 1.0], [np.nan, 2.0]])
    with pytest.warns(RuntimeWarning):
        expected = f(x, axis=0)
    with pytest.warns(RuntimeWarning):
        y = dr.jvp(lambda x: f(x, axis=0), (x,), (np.ones((2, 2)),))[0]
    np.testing.assert_array_equal(y, expected)


def test_results_are_scalars_where_numpy_has_them():
    for f in (
        np.sum,
        np.mean,
        np.prod,
        np.max,
        np.var,
        np.std,
        np.ptp,
        np.nansum,
        np.nanmean,
        np.trace,
    ):
        x = np.ones((2, 2)) + np.arange(2)
        assert type(dr.vjp(f, x)[0]) is np.float64, f.__name__


def test_errors():
    with pytest.raises(ValueError, match="zero-size"):
        dr.grad(np.max)(np.zeros(0))
    with pytest.raises(np.exceptions.AxisError):
        dr.grad(lambda x: np.sum(x, axis=3))(A)
    with pytest.raises(ZeroDivisionError):
        dr.grad(lambda x: np.average(x, weights=np.zeros(5)))(v)
    with pytest.raises(ValueError, match="initial"):
        dr.grad(lambda x: np.max(x, where=mask))(A)
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="out="):
        dr.grad(lambda x: np.sum(x, axis=0, out=np.empty(4)).sum())(A)
