"""`numpy.polynomial`: what NumPy hands us of it, and what it would get wrong.

Most of its functions know no protocol: they work on arrays of objects, on the elements of
a traced array one by one, which is slow and right. But those that evaluate a series take
an ``x`` that is no ndarray for one number.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy as np

from ..errors import UnsupportedArgumentError, explain
from ..primitive import Tracer
from .keywords import as_shaped

VALUES = frozenset({"polyval", "chebval", "legval", "hermval", "hermeval", "lagval"})
FROM_ROOTS = "polyvalfromroots"  # ``np.prod(x - r, axis=0)``


def refuse_lost_axes(frame: FrameType) -> None:
    """Raise if `frame`, of a function of numpy.polynomial, took a traced array for a number."""
    name = frame.f_code.co_name
    if not frame.f_globals.get("__name__", "").startswith("numpy.polynomial."):
        return
    x = frame.f_locals["x"]
    rows = frame.f_locals["r" if name == FROM_ROOTS else "c"]
    if not isinstance(x, Tracer) or not x.ndim or not frame.f_locals["tensor"]:
        return
    if np.ndim(rows) > (0 if name == FROM_ROOTS else 1):
        raise UnsupportedArgumentError(
            explain(
                f"NumPy's {name} takes a traced x for one number, so it would pair its elements "
                f"with {'the roots' if name == FROM_ROOTS else 'the rows of coefficients'}.",
                "write np.prod(x - np.expand_dims(r, tuple(range(r.ndim, r.ndim + x.ndim))), axis=0)"
                if name == FROM_ROOTS
                else f"write {name}(x, c.reshape(c.shape + (1,) * x.ndim), tensor=False)",
            )
        )


def guard_roots() -> None:
    """The same for a product along the first axis, if ``polyvalfromroots`` asks for it."""
    frame: FrameType | None = sys._getframe(2)
    for _ in range(3):
        if frame is not None and frame.f_code.co_name == FROM_ROOTS:
            refuse_lost_axes(frame)
        frame = frame and frame.f_back


# -- the functions that know the protocol: in NumPy 2.4 these two -------------------------------


def _value(x: Any, c: Any, tensor: bool = True) -> Any:
    """``sum_k c_k x^k`` for every row of coefficients, and, if `tensor`, for every ``x``."""
    if tensor:
        c = np.reshape(c, c.shape + (1,) * x.ndim)
    y = c[-1] + x * 0
    for k in range(2, len(c) + 1):
        y = c[-k] + y * x
    return y


def polyval2d(x: Any, y: Any, c: Any) -> Any:
    x, y = as_shaped(x), as_shaped(y)
    if x.shape != y.shape:
        raise ValueError("x, y are incompatible")
    return _value(y, _value(x, as_shaped(c)), tensor=False)


def polygrid2d(x: Any, y: Any, c: Any) -> Any:
    return _value(as_shaped(y), _value(as_shaped(x), as_shaped(c)))


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    function: front
    for function, front in (
        (np.polynomial.polynomial.polyval2d, polyval2d),
        (np.polynomial.polynomial.polygrid2d, polygrid2d),
    )
    if hasattr(function, "_implementation")
}
