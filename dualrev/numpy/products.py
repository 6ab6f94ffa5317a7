"""NumPy's products of matrices and tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {}
