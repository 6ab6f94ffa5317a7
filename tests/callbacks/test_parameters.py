"""Structured parameters: named going in, named coming out, one vector for the solver."""

from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import pytest

import dualrev as dr
from dualrev.callbacks import Parameters
from dualrev.errors import NotDifferentiableError, StructureError, UnsupportedArgumentError
from dualrev.tree import flatten


@dataclass
class Layer:
    w: np.ndarray
    b: float


Pair = namedtuple("Pair", "a b")

TREES = [
    {"w": np.ones((2, 3)), "b": 1},
    Layer(np.ones((2, 2)), 2.0),
    Pair(1.0, np.arange(3)),
    {"layers": [Layer(np.ones(2), 1.0), Layer(np.ones((1, 1)), 0.5)], "scale": np.float32(2)},
    [np.ones(2), np.array(3.0)],
    (np.ones((2, 2)), [1.0, 2.0]),
    np.arange(6.0).reshape(2, 3),
    {"none": None, "empty": np.zeros((0, 2)), "x": 1.0},
]


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_there_and_back(tree):
    P = Parameters(tree)
    x = P.ravel(tree)
    assert x.shape == (P.size,) and x.dtype == np.float64
    again = P.unravel(x)
    assert type(again) is type(tree)
    np.testing.assert_array_equal(P.ravel(again), x)
    assert len(P.names) == len(set(P.names)) == P.size
    assert Parameters(again) == P and hash(P) == hash(Parameters(again))


def test_names_and_places():
    P = Parameters(TREES[3])
    first = ["layers[0].w[0]", "layers[0].w[1]", "layers[0].b"]
    assert P.names == [*first, "layers[1].w[0, 0]", "layers[1].b", "scale"]
    assert P.places["layers[1].w"] == (slice(3, 4), (1, 1))
    assert repr(Parameters({"a": np.ones((2, 3)), "b": 1.0})) == "Parameters(a[2, 3], b)"


def test_vectors_are_what_scipy_takes_for_them():
    for x in ([1, 2.0], (1, 2), np.array([1, 2]), np.ones(2, "f4")):
        assert Parameters(x).is_flat and Parameters(x).ravel(x).tolist() == list(map(float, x))
    assert not Parameters(2.0).is_flat and Parameters(2.0).unravel(np.array([5.0])) == 5.0


@pytest.mark.parametrize("leaf", [True, 1j, "text", np.array([True]), object()])
def test_what_is_not_real_is_refused(leaf):
    with pytest.raises(NotDifferentiableError, match=r"layer\.w"):
        Parameters({"layer": {"w": leaf}})


def test_other_structures_and_shapes_are_refused():
    P = Parameters({"a": np.ones(2)})
    with pytest.raises(StructureError):
        P.ravel({"b": np.ones(2)})
    with pytest.raises(StructureError, match="2 numbers"):
        dr.scipy.Objective(lambda p: np.sum(p["a"]), like={"a": np.ones(2)}).fun(np.ones(3))
    with pytest.raises(StructureError, match="shape"):
        P.ravel({"a": np.ones(3)})


@pytest.mark.parametrize("tree", TREES[:-1], ids=repr)
def test_the_function_gets_what_the_user_gave(tree):
    like = Parameters(tree)
    seen = []

    def f(params):
        seen.append(type(params))
        return sum(np.sum((leaf - 2.0) ** 2) for leaf in flatten(params)[0])

    P = dr.scipy.Objective(f)
    found = P.minimize(tree, "BFGS")
    if not isinstance(tree, np.ndarray):  # which is a traced one
        assert set(seen) == {type(tree)}
    np.testing.assert_allclose(like.ravel(found.params), 2.0, atol=1e-5)
    assert P.counts.fun > 0 and found.counts == P.counts
    Q = dr.scipy.Objective(f, like=tree)
    x = like.ravel(tree)
    assert Q.fun(tree) == Q.fun(x) == pytest.approx(np.sum((x - 2) ** 2))
    np.testing.assert_allclose(Q.jac(tree), 2 * (x - 2))


def test_programs_are_kept_for_a_structure():
    P = dr.scipy.Objective(lambda p: (p["a"] - 1) ** 2 + np.sum(p["b"] ** 2))
    P.minimize({"a": 0.0, "b": np.ones(2)}, "BFGS")
    traces = P.counts.traces
    P.minimize({"a": 5.0, "b": np.zeros(2)}, "BFGS")
    assert P.counts.traces == traces
    P.minimize({"a": 5.0, "b": np.zeros(3)}, "BFGS")
    assert P.counts.traces == 2 * traces


def test_bounds_by_name():
    P = dr.scipy.Objective(lambda p: (p["a"] - 1) ** 2 + np.sum((p["b"] + 1) ** 2))
    found = P.minimize({"a": 0.0, "b": np.ones(2)}, bounds={"b": (0, 1), "a": (None, 0.5)})
    assert found.params["a"] == pytest.approx(0.5) and found.params["b"].tolist() == [0, 0]
    with pytest.raises(UnsupportedArgumentError, match="the names are a, b"):
        P.minimize({"a": 0.0, "b": 1.0}, bounds={"c": (0, 1)})
    with pytest.raises(UnsupportedArgumentError, match="without names"):
        dr.scipy.Objective(np.sum).minimize([1.0], bounds={"c": (0, 1)})


def test_constraints_get_the_same_structure():
    P = dr.scipy.Objective(lambda p: p["x"] ** 2 + p["y"] ** 2)
    line = dr.scipy.Constraint(lambda p: p["x"] + 2 * p["y"], 5.0, 5.0)
    for method in ("slsqp", "trust-constr", "cobyqa"):
        found = P.minimize({"x": 0.0, "y": 0.0}, method, constraints=line)
        assert found.params["y"] == pytest.approx(2.0, abs=1e-4), method
