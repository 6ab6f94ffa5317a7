"""What goes back to SciPy: new arrays of doubles of the right shape, and no NaN unless allowed."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import numpy as np

from ..errors import (
    NotANumberError,
    NotScalarError,
    StructureError,
    UnsupportedArgumentError,
    describe,
    explain,
)
from ..fronts.packing import as_array
from ..primitive import Tracer
from ..transforms.arguments import FLOAT64

POLICIES = ("raise", "inf", "pass")


def number_of(y: Any, name: str) -> Any:
    """The one real number that a function returned: a number, 0-d, or an array of one element."""
    if type(y) is float or type(y) is np.float64:
        return y
    y = _array(y)
    shape = getattr(y, "shape", None)
    if shape is None or math.prod(shape) != 1:
        raise NotScalarError(
            explain(
                f"{name} must return one number; it returned {describe(y)}.",
                "sum or select one number in the function; for a vector of residuals use "
                "dr.scipy.Residuals, for constraints dr.scipy.Constraint",
            )
        )
    _refuse_kind(y, name)
    return y.reshape(()) if shape else y


def vector_of(y: Any, name: str) -> Any:
    """The real vector that a function returned: a number is one of length 1."""
    y = _array(y)
    shape = getattr(y, "shape", None)
    if shape is None or len(shape) > 1:
        raise StructureError(
            explain(
                f"{name} must return a vector; it returned {describe(y)}.",
                "ravel an array, and join several with np.concatenate",
            )
        )
    _refuse_kind(y, name)
    return y if shape else y.reshape(1)


def _array(y: Any) -> Any:
    """What a function returned as an array, if it can be one: lists too, of traced numbers."""
    if isinstance(y, Tracer) or getattr(y, "dtype", np.object_) != np.object_:
        return y
    if isinstance(y, (int, float, complex, list, tuple, np.ndarray)):
        packed = as_array(y)
        if isinstance(packed, Tracer):
            return packed
        with contextlib.suppress(ValueError):  # parts of different lengths
            return np.asarray(packed)
    return y


def _refuse_kind(y: Any, name: str) -> None:
    if y.dtype.kind not in "fiub":
        raise NotScalarError(
            explain(
                f"{name} must return real numbers; it returned {describe(y)}.",
                "return the real part, or abs(z)**2; real and imaginary parts of residuals can be "
                "joined with np.concatenate",
            )
        )


def owned(y: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A C-contiguous array of doubles of this shape: the result of a program, which is new."""
    if type(y) is np.ndarray and y.dtype is FLOAT64 and y.shape == shape and y.flags.c_contiguous:
        return y if y.flags.writeable else y.copy()
    return np.array(y, np.float64, order="C").reshape(shape)


def check_policy(nan: Any) -> str:
    if nan not in POLICIES:
        raise UnsupportedArgumentError(
            explain(f"nan={nan!r} is unknown.", "give 'raise', 'inf' or 'pass'")
        )
    return str(nan)


def sparse_option(sparse: Any) -> bool | str:
    if sparse is True or sparse is False or sparse == "auto":
        return sparse  # type: ignore[no-any-return]
    raise UnsupportedArgumentError(
        explain(f"sparse={sparse!r} is unknown.", "give 'auto', True or False")
    )


def has_nan(y: np.ndarray) -> bool:
    """Whether there is a NaN among the elements; infinities are none."""
    # A sum of squares: inf if it overflows, of which `vdot` does not warn; nan only from a nan.
    return math.isnan(np.vdot(y, y))


def refuse_nan(what: str, name: str, x: Any) -> None:
    """Raise: `what`, "the value" or "the gradient", is NaN at `x`."""
    raise NotANumberError(
        explain(
            f"{what} of {name} is NaN at x = {_short(x)}.",
            "bound the variables so that the solver stays where the function is defined; or make "
            "the object with nan='inf' (an infinite value there) or nan='pass'",
        )
    )


def _short(x: Any) -> str:
    return np.array2string(np.asarray(x), threshold=10, precision=6)


def name_of(f: Any) -> str:
    """The name of the user's function, for messages."""
    return getattr(f, "__name__", None) or type(f).__name__
