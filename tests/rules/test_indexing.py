"""Indexing: every kind of key, read and written."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualrev as dr
from dualrev.rules.indexing import add_into, last_written, names_once

from .harness import Case, check_case

rng = np.random.default_rng(11)
V = rng.standard_normal(6)
A = rng.standard_normal((2, 3))
T = rng.standard_normal((2, 3, 4))
Z = A + 1j * A[::-1]
F32 = A.astype(np.float32)
S = np.float64(0.7)

KEYS = {
    "int": (A, 1),
    "negative": (A, -1),
    "all ints": (A, (1, -1)),
    "NumPy ints": (A, (np.int64(1), np.uint8(2))),
    "slices": (A, (slice(None, None, -1), slice(0, 3, 2))),
    "ellipsis": (T, (..., 0)),
    "only ellipsis": (A, ...),
    "no key": (A, ()),
    "new axes": (A, (None, ..., None, 0)),
    "list": (V, [0, -1, 0]),
    "integers": (A, np.array([[0, 1], [1, 1]])),
    "small integers": (A, np.array([0, 1, 1], np.uint8)),
    "0-d integers": (A, (np.array(1), np.array(2))),
    "pairs": (A, ([0, -1, 0], [1, 2, 1])),
    "broadcast": (A, (np.array([[0], [1]]), [0, 2, 2])),
    "ix_": (A, np.ix_([1, 0], [0, 2])),
    "apart": (T, ([0, 1, 1], slice(None), [0, 3, 3])),
    "an int apart": (T, (0, slice(None), [0, 1, 1])),
    "a slice before": (T, (slice(1), [0, 2], [1, 1])),
    "mask": (A, A > 0),
    "partial mask": (T, A > 0),
    "mask of rows": (A, [True, False]),
    "mask of columns": (A, (slice(None), np.array([True, False, True]))),
    "two masks": (T, (np.array([True, True]), slice(None), np.array([True, False, False, True]))),
    "mask and integers": (T, (np.array([True, True]), [0, 2])),
    "mask of nothing": (A, A > 9),
    "no integers": (A, np.array([], int)),
    "an empty list": (A, []),
    "true": (A, True),
    "false": (A, np.False_),
    "0-d mask": (A, np.array(True)),
    "tuple in a tuple": (A, ((0, 1, 1),)),
    "complex": (Z, ([0, 1, 1], 0)),
    "float32": (F32, ([0, 1, 1], 0)),
    "empty array": (np.empty((0, 3)), (slice(None), [0, 1, 1])),
    "scalar": (S, ()),
    "scalar, ellipsis": (S, ...),
    "scalar, new axis": (S, None),
    "scalar, true": (S, True),
    "indices of a triangle": (A, np.tril_indices_from(A)),
}


def overwritten(key):
    """A copy with new values at `key`, the last one where a key names an element twice."""

    def f(x, value):
        y = x * np.ones_like(np.sum(value))  # traced, whichever argument is
        y[key] = value * 2
        return y * y

    return f


def zeros_written(key):
    def f(value):
        y = np.zeros((2, 3, 4), like=value)
        y[key] = value
        y[key] *= value
        return y

    return f


CASES = [Case(f"x[{name}]", lambda x, k=k: x[k], (x,)) for name, (x, k) in KEYS.items()]
CASES += [
    Case(
        f"x[{name}] = values",
        lambda x, v, k=k: overwritten(k)(x, v),
        (x, np.asarray(rng.standard_normal(np.shape(x[k])) + x[k])[()]),
    )
    for name, (x, k) in KEYS.items()
    if x.ndim and x.dtype != np.float32
]
CASES += [
    Case(f"x[{name}] = scalar", lambda x, s, k=k: overwritten(k)(x, s), (x, S))
    for name, (x, k) in KEYS.items()
    if x.ndim and x.dtype == float
]
CASES += [
    Case("x[rows] = row", lambda x, v: overwritten([1, 0, 1])(x, v), (A, V[:3])),
    Case("x[...] = column", lambda x, v: overwritten(...)(x, v), (A, V[:2, None])),
    Case("zeros[mask] = values", zeros_written(T > 0), (rng.standard_normal((T > 0).sum()),)),
    Case("zeros[pairs] = values", zeros_written(([0, 1, 0], [2, 2, 2])), (T[0, :3],)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


@pytest.mark.parametrize("key", [1.0, "a", A, 7, [0, 9], (0, 0, 0), np.array([True] * 5)])
def test_what_numpy_refuses_is_refused(key):
    for f in (lambda x: x[key], lambda x: overwritten(key)(x, x[0, 0])):
        with pytest.raises(IndexError):
            f(A)
        with pytest.raises(IndexError):
            dr.jvp(f, (A,), (A,))


def test_a_key_is_read_when_it_is_used():
    def f(x):
        key = np.array([0, 1])
        y = x[key]
        key[:] = 5
        return np.sum(y * x[:2])

    dr.check(f, V)


# -- any key ---------------------------------------------------------------------------------

axis_keys = st.one_of(
    st.integers(-2, 1),
    st.slices(2),
    st.just(slice(None, None, -1)),
    st.just(None),
    st.lists(st.integers(-2, 1), min_size=0, max_size=3),
    st.just(np.array([[0, 1], [1, -1]])),
    st.lists(st.booleans(), min_size=2, max_size=2).map(lambda m: np.array(m, bool)),
)


def legal(x, key):
    try:
        return np.asarray(x[key]) is not None
    except IndexError:
        return False


@settings(max_examples=150, deadline=None)
@given(st.lists(axis_keys, max_size=4).map(tuple), st.booleans())
def test_any_key(key, with_ellipsis):
    x = np.arange(1.0, 9.0).reshape(2, 2, 2)
    key = (*key, ...) if with_ellipsis else key
    if not legal(x, key):
        return
    taken = np.asarray(x[key])

    def read(x):
        return np.sum(x[key] ** 2)

    def write(x):
        y = x * 1.0
        y[key] = (x[0, 0, 0] * x[1, 1, 1]) if taken.size else 0.0
        y[key] *= 3.0
        return np.sum(y**2)

    for f in (read, write):
        value, gradient = dr.value_and_grad(f)(x)
        assert value == f(x.copy())
        np.testing.assert_allclose(gradient, dr.jacfwd(f)(x), rtol=1e-13)
    ones = np.zeros_like(x)
    np.add.at(ones, key, 2 * taken)
    np.testing.assert_allclose(dr.grad(read)(x), ones)
    np.testing.assert_allclose(
        dr.hvp(write, x, x), dr.hvp(write, x, x, mode="reverse-over-reverse")
    )


keys_of_large = st.one_of(
    st.just(rng.integers(-20, 20, 300)),
    st.just((rng.integers(-20, 20, 900), rng.integers(-30, 30, 900))),
    st.just((rng.integers(0, 20, (700, 1)), rng.integers(0, 30, 2))),
    st.just((slice(None), rng.integers(-30, 30, 90))),
    st.just((rng.integers(-20, 20, 800).astype(np.int8), 3)),
    st.just((3, rng.integers(-30, 30, 600))),
    st.just((None, rng.integers(-20, 20, 60), ...)),
    st.just(rng.integers(-20, 20, (30, 4))),
)


@settings(max_examples=30, deadline=None)
@given(keys_of_large, st.sampled_from("CF"), st.booleans())
def test_many_elements_with_repeats(key, order, of_vector):
    x = np.asarray(rng.standard_normal((20, 30)), order=order)
    if of_vector and not isinstance(key, tuple):
        x = x[:, 0].copy()
    value = rng.standard_normal(np.shape(x[key]))
    expected, buffer = x.copy("K"), x.copy("K")
    np.add.at(expected, key, value)
    add_into(buffer, key, value, names_once(key))
    np.testing.assert_allclose(buffer, expected, atol=1e-13)
    # what was written last is what counts
    places = np.zeros(x.shape, int)
    places[key] = np.arange(value.size).reshape(value.shape)
    stands = places[key] == np.arange(value.size).reshape(value.shape)
    np.testing.assert_array_equal(last_written(x, x.shape, key), np.where(stands, x[key], 0.0))


def test_few_repeats_in_a_large_array():
    key = np.array([5, 99_000, 5, 7, 99_000])
    ct = np.arange(100_000.0)
    np.testing.assert_array_equal(last_written(ct, ct.shape, key), [0, 0, 5, 7, 99_000])


@pytest.mark.parametrize(
    ("key", "once"),
    [
        (0, True), (slice(3), True), ((0, None, ..., slice(2)), True), (True, True),
        (np.array([True]), True), ((np.array([True]), slice(None), 0), True),
        ([0, 0], False), (np.array([0]), False), ((np.array([0]), 0), False), (((0, 0),), False),
    ],
)  # fmt: skip
def test_keys_that_name_no_element_twice(key, once):
    assert names_once(key) is once
