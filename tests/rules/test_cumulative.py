"""Running sums, products and extremes."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.rules.cumulative import cumulative_max, cumulative_min, recurrence

from .harness import Case, check_case

rng = np.random.default_rng(2)
v = rng.standard_normal(5)
A = rng.standard_normal((3, 4))
T = rng.standard_normal((2, 3, 4))
C = rng.standard_normal((3, 4)) + 1j * rng.standard_normal((3, 4))
f32 = A.astype(np.float32)
mask = np.array([[True, False, True, True], [True, True, False, True], [False, True, True, True]])
zeros = np.where(mask, A, 0.0)
scalar = np.float64(0.7)

CASES = [
    Case(f"np.{f.__name__}, {name}", lambda x, f=f, kw=kw: f(x, **kw), (x,))
    for f in (np.cumsum, np.cumprod, np.nancumsum, np.nancumprod)
    for name, (x, kw) in {
        "vector": (v, {}),
        "flattened": (A, {}),
        "axis=0": (A, {"axis": 0}),
        "axis=-2": (T, {"axis": -2}),
        "axis=-1": (T, {"axis": -1}),
        "complex": (C, {"axis": 1}),
        "float32": (f32, {"axis": 1}),
        "size one": (A[:1, :1], {"axis": 0}),
        "empty": (np.zeros((0, 3)), {"axis": 0}),
        "empty, axis=1": (np.zeros((0, 3)), {"axis": 1}),
        "0-d": (np.array(2.0), {}),
        "zeros": (zeros, {"axis": 1}),
        "many zeros": (np.array([2.0, 0.0, 3.0, 0.0, 0.0, 5.0]), {}),
    }.items()
]
CASES += [
    Case("np.cumsum, dtype", lambda x: np.cumsum(x, 0, dtype=complex), (A,)),
    Case("np.nancumsum, nan", lambda x: np.nancumsum(np.where(mask, x, np.nan), 1), (A,)),
    Case("np.nancumprod, nan", lambda x: np.nancumprod(np.where(mask, x, np.nan), 0), (A,)),
    Case("x.cumsum, x.cumprod", lambda x: x.cumsum() * x.cumprod(), (A,)),
    Case("cumulative_max", lambda x: cumulative_max(x, axis=1) * x, (T,)),
    Case("cumulative_min", lambda x: cumulative_min(x, axis=0), (A,)),
    Case("cumulative_max, float32", lambda x: cumulative_max(x, axis=-1), (f32,)),
    Case("cumulative_max, empty", lambda x: cumulative_max(x, axis=0), (np.zeros((0, 3)),)),
    Case("recurrence", lambda a, b: recurrence(a, b, axis=0), (A, A[::-1].copy())),
    Case(
        "recurrence, reverse",
        lambda a, b: recurrence(a, b, axis=1, reverse=True),
        (A, A[::-1].copy()),
    ),
    Case("recurrence, vectors", lambda a, b: recurrence(a, b, axis=0), (v, v[::-1].copy())),
    Case(
        "recurrence, vectors, reverse",
        lambda a, b: recurrence(a, b, axis=0, reverse=True),
        (v, v[::-1].copy()),
    ),
    Case("recurrence, complex", lambda a, b: recurrence(a, b, axis=-1), (C, C.conj())),
]
if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    CASES += [
        Case(f"np.{f.__name__}, {name}", lambda x, f=f, kw=kw: f(x, **kw), (x,))
        for f in (np.cumulative_sum, np.cumulative_prod)
        for name, (x, kw) in {
            "vector": (v, {}),
            "axis=1, include_initial": (A, {"axis": 1, "include_initial": True}),
            "axis=-2, include_initial": (T, {"axis": -2, "include_initial": True}),
            "float32": (f32, {"axis": 0, "include_initial": True}),
            "scalar": (scalar, {}),
        }.items()
    ]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


# -- points at which a convention decides -----------------------------------------------


def jacobians(f, x):
    forward, reverse = dr.jacfwd(f)(x), dr.jacrev(f)(x)
    np.testing.assert_allclose(forward, reverse, rtol=1e-13, atol=1e-13)
    return reverse


def test_cumprod_with_zeros():
    x = np.array([2.0, 0.0, 3.0, 0.0])
    expected = [[1, 0, 0, 0], [0, 2, 0, 0], [0, 6, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_array_equal(jacobians(np.cumprod, x), expected)
    second = dr.jacfwd(dr.jacrev(np.cumprod))(x)
    assert second[3, 1, 3] == second[3, 3, 1] == 6
    np.testing.assert_array_equal(second, dr.jacrev(dr.jacrev(np.cumprod))(x))


def test_cumprod_does_not_overflow_behind_a_zero():
    x = np.array([0.0, 1e200, 1e200, 1e200])
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(dr.grad(lambda x: np.cumprod(x)[2])(x), [np.inf, 0, 0, 0])


def test_running_extremes_at_ties_share_evenly():
    x = np.array([1.0, 1.0, 0.0, 1.0, 2.0, 2.0])
    third = 1 / 3
    expected = [
        [1, 0, 0, 0, 0, 0],
        [0.5, 0.5, 0, 0, 0, 0],
        [0.5, 0.5, 0, 0, 0, 0],
        [third, third, 0, third, 0, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0.5, 0.5],
    ]
    np.testing.assert_allclose(jacobians(lambda x: cumulative_max(x, axis=0), x), expected)
    np.testing.assert_allclose(jacobians(lambda x: cumulative_min(x, axis=0), -x), expected)


def test_running_extremes_with_nan():
    x = np.array([1.0, np.nan, 3.0])
    np.testing.assert_allclose(
        jacobians(lambda x: cumulative_max(x, axis=0), x), [[1, 0, 0], [0, 1, 0], [0, 1, 0]]
    )


def test_errors():
    if hasattr(np, "cumulative_sum"):
        with pytest.raises(ValueError, match="axis"):
            dr.grad(lambda x: np.cumulative_sum(x).sum())(A)
    with pytest.raises(np.exceptions.AxisError):
        dr.grad(lambda x: np.cumsum(x, axis=2).sum())(A)
