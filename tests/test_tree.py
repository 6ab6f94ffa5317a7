"""Flattening and unflattening trees."""

import dataclasses
from collections import OrderedDict, namedtuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualrev import errors, tree

Pair = namedtuple("Pair", "a b")


@dataclasses.dataclass
class Box:
    content: object
    label: object = None


leaf = st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
trees = st.recursive(
    leaf | st.none(),
    lambda t: (
        st.lists(t, max_size=3)
        | st.tuples(t, t)
        | st.dictionaries(st.text(max_size=2), t, max_size=3)
        | st.builds(Pair, t, t)
        | st.builds(Box, t, t)
    ),
    max_leaves=12,
)


@given(trees)
def test_round_trip(t):
    leaves, structure = tree.flatten(t)
    assert tree.unflatten(structure, leaves) == t
    assert tree.flatten(tree.unflatten(structure, leaves)) == (leaves, structure)
    assert tree.leaves_like(structure, t, "a", "b") == leaves


@given(trees, trees)
def test_equal_structures_have_equal_hashes(a, b):
    p, q = tree.flatten(a)[1], tree.flatten(b)[1]
    if p == q:
        assert hash(p) == hash(q)


def test_leaves_in_order():
    leaves, structure = tree.flatten({"b": [1, (2, None)], "a": Pair(3, Box(4, 5))})
    assert leaves == [1, 2, 3, 4, 5]
    assert "dict" in repr(structure)


def test_a_leaf_is_a_tree():
    x = np.ones(3)
    leaves, structure = tree.flatten(x)
    assert leaves[0] is x and structure is None


def test_other_containers_are_leaves():
    for value in ({1, 2}, OrderedDict(a=1), "ab", range(3), Box):
        assert tree.flatten(value)[0] == [value]


@pytest.mark.parametrize(
    ("like", "other"),
    [
        ([1, 2], (1, 2)),
        ([1, 2], [1, 2, 3]),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, 5),
        ([1], [[1]]),
        (Pair(1, 2), (1, 2)),
        (None, 1),
        ({"a": {"b": 1}}, {"a": {"c": 1}}),
    ],
)
def test_mismatch_names_the_place(like, other):
    structure = tree.flatten(like)[1]
    with pytest.raises(errors.StructureError, match="the other"):
        tree.leaves_like(structure, other, "the other", "the first")


def test_map_leaves():
    assert tree.map_leaves(lambda a, b: a + b, {"x": 1, "y": [2]}, {"y": [20], "x": 10}) == {
        "x": 11,
        "y": [22],
    }
