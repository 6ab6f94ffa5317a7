"""ndarray's methods and attributes that no function shares; those that cannot be traced."""

import copy
import pickle

import numpy as np
import pytest

import dualrev as dr

from .harness import Case, check_case

rng = np.random.default_rng(15)
v = rng.standard_normal(6)
A = rng.standard_normal((3, 4))


def partitioned(x):
    y = x * 1.0
    y.partition(2, axis=0)
    return y


def rounded_into(x):
    y = x * 1.0
    x.round(1, out=y)
    return x * y


CASES = [
    Case("ndarray.partition", partitioned, (v,)),
    Case("ndarray.round, out", rounded_into, (A,)),
    Case(
        "ndarray.compress, out",
        lambda x: x.compress([True, False, True], 0, out=np.zeros_like(x[:2])),
        (A,),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


def refused(attempt, error):
    with pytest.raises(error):
        dr.grad(lambda x: (attempt(x), np.sum(x))[1])(A)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda x: x.tobytes(),
        lambda x: x.tofile("never-written"),
        lambda x: x.dump("never-written"),
        lambda x: x.dumps(),
        lambda x: x.data,
        lambda x: x.ctypes,
        lambda x: np.from_dlpack(x),
        lambda x: pickle.dumps(x),
        lambda x: x[0, 0].as_integer_ratio(),
        lambda x: x[0, 0].hex(),
    ],
)
def test_memory_is_not_handed_out(attempt):
    refused(attempt, dr.errors.ConcreteValueError)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda x: x.byteswap(),
        lambda x: x.getfield(float),
        lambda x: x.setfield(1.0, float),
        lambda x: x.setflags(write=False),
        lambda x: x.resize((4, 3)),
        lambda x: x.to_device("cpu"),
        lambda x: x.view(complex),
    ],
)
def test_unsupported_methods_are_named(attempt):
    refused(attempt, dr.errors.UnsupportedArgumentError)


def test_every_attribute_of_arrays_is_there():
    """As a value or as a named error; what only the inside of NumPy uses may be missing."""
    seen = []
    dr.grad(lambda x: (seen.extend(n for n in dir(A) if not hasattr(type(x), n)), np.sum(x))[1])(A)
    removed = {"itemset", "newbyteorder", "ptp", "tostring"}  # by NumPy 2, some as stubs
    assert {name for name in seen if not name.startswith("__")} <= removed


def test_copies_stay_traced():
    for duplicate in (copy.copy, copy.deepcopy):
        np.testing.assert_array_equal(dr.grad(lambda x, d=duplicate: np.sum(d(x)))(v), np.ones(6))


def test_strides_and_device():
    def f(x):
        assert x.strides == A.strides
        assert x.T.strides == A.T.strides
        assert x.device == "cpu"
        return np.sum(x)

    dr.grad(f)(A)
