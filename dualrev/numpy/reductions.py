"""NumPy's reductions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..rules import reductions as rd
from .packing import as_array


def sum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, initial: Any = None, where: Any = True) -> Any:
    return rd.sum_over(as_array(a), axis=axis)


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {np.sum: sum}
