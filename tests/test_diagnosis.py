"""`explain`: what would fail, before a derivative is asked for."""

import math

import numpy as np

import dualrev as dr

X = np.array([1.0, 2.0, 3.0])


def fine(x):
    return np.sum(x**2)


def loses(x):
    y = np.zeros(3)
    for k in range(3):
        y[k] = x[k] * 2
    z = np.asarray(x, dtype=float)
    return y.sum() + math.sin(x[0]) * z[1] + float(x[2])


def has_no_rule(x):
    return np.sum(np.packbits(x > 0)) + np.sum(np.packbits(x.astype("O") > 0)) + unknown(x)


def unknown(x):
    import scipy.special

    return np.sum(scipy.special.struve(x, 1.0))


def draws(x):
    return np.random.normal(x[0], 1.0) * x[1]


def fails(x):
    return float(x[0]) * x[7]


def test_nothing_to_find():
    report = dr.explain(fine, X)
    assert report.passed and not report.found and report.after_adoption is None
    assert report.operations >= 2 and "nothing is lost" in str(report)


def test_every_place_is_found_once():
    before = dict(globals())
    report = dr.explain(loses, X)
    text = str(report)
    for line in ("y[k] = x[k] * 2", "np.asarray(x, dtype=float)", "math.sin(x[0])"):
        assert line in text
    assert len(report.found) == 3 and text.count("y[k] = x[k] * 2") == 1
    assert all("instead" in str(error) for error in report.found)
    assert report.after_adoption.passed and "With adopt=True: nothing is lost." in text
    assert dict(globals()) == before
    assert dr.explain(loses, X, adopt=True).passed


def test_after_what_is_explained_a_derivative_works():
    assert np.isfinite(dr.grad(loses, adopt=True)(X)).all()


def test_missing_rules():
    report = dr.explain(has_no_rule, X)
    assert any("struve" in str(error) for error in report.found)
    assert not report.passed and not report.after_adoption.passed


def test_random_numbers():
    for adopt in (None, True):
        report = dr.explain(draws, X, adopt=adopt)
        assert len(report.found) == 1 and "standard_normal" in str(report)


def test_an_error_of_the_users_own():
    report = dr.explain(fails, X)
    assert "IndexError" in report.stopped and len(report.found) == 1
    assert "ended early" in str(report)


def test_other_arguments_are_passed_on():
    def f(x, flag, *, scale):
        assert flag is True and scale == 2.0
        return x * scale

    assert dr.explain(f, X, True, scale=2.0).passed


def test_nothing_is_left_behind():
    dr.explain(loses, X)
    with np.testing.assert_raises(dr.errors.ConcreteValueError):
        dr.grad(loses)(X)
