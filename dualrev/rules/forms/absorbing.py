"""Zeros that absorb: a product in which ``0 * inf = 0 * nan = 0``.

In the chain rule an exact zero, of a tangent, a cotangent or a partial, wins over an infinity: a
branch that was masked out never poisons a derivative.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .batching import elementwise_rule
from .bilinear import bilinear
from .shapes import to_spec


def _absorbing_product(a: Any, b: Any) -> Any:
    with np.errstate(invalid="ignore", over="ignore"):
        product = np.multiply(a, b)
    return np.where(np.equal(a, 0) | np.equal(b, 0), product.dtype.type(0), product)[()]


absorbing_product = bilinear(
    _absorbing_product,
    lambda ct, a, b: to_spec(absorbing_product(ct, b), a.shape, a.dtype),
    lambda ct, a, b: to_spec(absorbing_product(a, ct), b.shape, b.dtype),
    name="absorbing_product",
    batch=elementwise_rule,
)
