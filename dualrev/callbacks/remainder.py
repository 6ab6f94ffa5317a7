"""The test of ``check=True``: a derivative held against the function by its Taylor remainder."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..checks import remainder_order
from ..errors import CheckError, explain

_LEAST = 1.7  # of the order of the remainder, which is 2 if the derivative is right, 1 if not


def check_remainder(
    name: str, f: Callable[[np.ndarray], Any], x: np.ndarray, derivative: Any
) -> None:
    """Compare ``derivative @ d`` with `f` along a random direction ``d`` from `x`.

    Raises
    ------
    CheckError
        The remainder ``f(x + h d) - f(x) - h derivative @ d`` falls slower than ``h**2``.
    """
    d = np.random.default_rng(0).standard_normal(x.shape)
    with np.errstate(all="ignore"):
        value = np.asarray(f(x.copy()))
        order = remainder_order(f, [x], [d], [value, np.asarray(derivative @ d)])
    if not order >= _LEAST:
        raise CheckError(
            explain(
                f"the derivative of {name} is not that of its values: the Taylor remainder falls "
                f"with the power {order:.2f} of the step, not 2.",
                "look for a custom rule that is wrong, for values that are not differentiated "
                "(stop_gradient), for random numbers; at a kink start from another point",
            )
        )
