"""Functions as people write them: right in both modes when adopted, and never silently wrong."""

import inspect

import numpy as np
import pytest

import dualrev as dr

from .corpus import cases
from .reference import close, copied, flat, jacobian, leaves, matrix

CASES = [
    pytest.param(f, point, id=f"{family}-{getattr(f, '__name__', 'f')}-{k}")
    for k, (family, f, point) in enumerate(cases())
]
REFERENCES: dict = {}


def reference(f, point):
    """The Jacobian from differences, computed once a case."""
    key = id(f), id(point)
    if key not in REFERENCES:
        REFERENCES[key] = jacobian(f, point)[0]
    return REFERENCES[key]


def derivative(transform, f, point, **options):
    """The Jacobian as one matrix, one column a number of the point."""
    copies = copied(point)
    found = transform(lambda *xs: leaves(f(*xs)), tuple(range(len(point))), **options)(*copies)
    for before, after in zip(point, copies, strict=True):  # the caller's arrays are untouched
        assert np.array_equal(before, after)
    return matrix(found, point)


@pytest.mark.parametrize("transform", [dr.jacfwd, dr.jacrev], ids=["forward", "reverse"])
@pytest.mark.parametrize(("f", "point"), CASES)
class TestCorpus:
    def test_adopted(self, f, point, transform):
        """Right, with one ``dr.adopt``; the value is NumPy's, and every name is put back."""
        names = {k: v for k, v in f.__globals__.items() if callable(v) or inspect.ismodule(v)}
        before = set(f.__globals__)
        expected = reference(f, point)
        with dr.adopt(f):
            assert close(derivative(transform, f, point), expected)
        assert set(f.__globals__) == before
        assert all(f.__globals__[name] is names[name] for name in names)

    def test_as_it_is(self, f, point, transform):
        """Right, or an error; never a wrong number."""
        try:
            found = derivative(transform, f, point)
        except dr.errors.DualrevError as error:
            assert "instead" in str(error)
        except (TypeError, IndexError) as error:
            assert _is_users(error, f), error
        else:
            assert close(found, reference(f, point))


def _is_users(error, f):
    """Whether it is the corpus's own error: it asked for a type, and was told another."""
    if str(error) == "invalid index to scalar variable.":  # NumPy's own words
        return True
    frames = inspect.getinnerframes(error.__traceback__)
    return frames[-1].filename == f.__code__.co_filename


@pytest.mark.parametrize(("f", "point"), CASES)
def test_value(f, point):
    """An adopted function gives NumPy's value when nothing is differentiated, and when it is."""
    expected = flat(f(*copied(point)))
    with dr.adopt(f):
        plain = flat(f(*copied(point)))
        value = dr.vjp(f, *point)[0]
    assert np.array_equal(plain, expected)
    assert np.allclose(flat(value), expected, rtol=1e-12, atol=1e-14)
