"""`numpy.emath`: functions of real numbers whose values outside their domain are complex."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitive import Array
from ..rules.forms.shapes import anywhere
from .keywords import as_kind, as_shaped, values


def _negative(x: Any) -> Any:
    return np.isreal(x) & (x < 0)


def _beyond_one(x: Any) -> Any:
    return np.isreal(x) & (np.abs(x) > 1)


def _extended(x: Any, outside: Callable[[Any], Any]) -> Array:
    """`x`, complex if one of its elements is outside of the real domain."""
    x = as_shaped(x)
    if not anywhere(outside(values(x))):
        return x
    return as_kind(x, np.complex64 if x.dtype.char in "fbhBHF" else np.complex128)


def _on(function: Callable[..., Any], outside: Callable[[Any], Any]) -> Callable[..., Any]:
    def front(x: Any) -> Any:
        return function(_extended(x, outside))

    return front


def logn(n: Any, x: Any) -> Any:
    return np.log(_extended(x, _negative)) / np.log(_extended(n, _negative))


def power(x: Any, p: Any) -> Any:
    p = as_shaped(p)
    if p.dtype.kind not in "fc" and np.any(p < 0):
        p = p * 1.0
    return np.power(_extended(x, _negative), p)


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    **{
        getattr(np.emath, f.__name__): _on(f, _negative)
        for f in (np.sqrt, np.log, np.log2, np.log10)
    },
    **{
        getattr(np.emath, f.__name__): _on(f, _beyond_one)
        for f in (np.arccos, np.arcsin, np.arctanh)
    },
    np.emath.logn: logn,
    np.emath.power: power,
}
