"""A drop-in for `cmath`: ``import dualrev.cmath as cmath``. See `dualrev.math`."""

from __future__ import annotations

import cmath
from typing import Any

import numpy as np

from .fronts.packing import as_array
from .math import drop_in


def _log(z: Any, base: Any = None) -> Any:
    return np.log(z) if base is None else np.log(z) / np.log(base + 0j)


def _rect(r: Any, phi: Any) -> Any:
    return r * np.exp(1j * as_array(phi))


_TRACED = {
    "sqrt": np.sqrt, "exp": np.exp, "log": _log, "log10": np.log10, "rect": _rect,
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh,
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh,
    "phase": np.angle, "polar": lambda z: (np.abs(z), np.angle(z)),
}  # fmt: skip


def _as_complex(x: Any) -> Any:
    return as_array(x) + 0j


globals().update(
    {
        name: drop_in(value, _TRACED.get(name), (lambda x: x) if name == "rect" else _as_complex)
        if callable(value)
        else value
        for name, value in vars(cmath).items()
        if not name.startswith("_")
    }
)
