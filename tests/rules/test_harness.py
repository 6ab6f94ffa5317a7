"""The check itself is checked: it must refuse wrong rules."""

import numpy as np
import pytest

from dualrev.rules.forms import elementwise, general

from .harness import Case, check_case

X = np.array([0.3, 1.2, -0.7])


@pytest.mark.parametrize(
    "partial",
    [lambda x: -np.sin(x), lambda x: 1.0001 * np.cos(x)],
    ids=["wrong sign", "slightly wrong"],
)
def test_wrong_partial_is_refused(partial):
    wrong = elementwise(np.sin, partial)
    with pytest.raises(AssertionError, match="differences"):
        check_case(Case("wrong", lambda x: wrong(x), (X,)))


def test_wrong_transpose_is_refused():
    @general(lambda x: x * x)
    def wrong(y, x):
        return (lambda dx: 2 * x * dx), (lambda ct: (3 * x * ct,))

    with pytest.raises(AssertionError, match="dot-product"):
        check_case(Case("wrong", lambda x: wrong(x), (X,)))


def test_right_rule_passes():
    check_case(Case("np.sin", np.sin, (X,)))
