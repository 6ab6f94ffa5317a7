"""A drop-in for `math`: ``import dualrev.math as math``.

On numbers every function is that of `math`. On traced values it is the NumPy or SciPy function
of the same meaning, after `math` itself has been asked: what is outside of its domain is the
same error.

>>> import dualrev as dr, dualrev.math as math
>>> dr.derivative(lambda x: math.exp(2 * x))(0.0)
np.float64(2.0)
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .buffer import holds_traced
from .errors import note_averted
from .fronts.keywords import plain
from .fronts.packing import as_array
from .numpy.kinds import as_float
from .primitive import RUNNING

_running = RUNNING.get
Function = Callable[..., Any]


def _special(name: str) -> Function:
    """The ufunc of ``scipy.special``, which is loaded when it is first called."""

    def function(x: Any) -> Any:
        import scipy.special

        return getattr(scipy.special, name)(x)

    return function


def _log(x: Any, base: Any = None) -> Any:
    return np.log(x) if base is None else np.log(x) / np.log(base)


def _hypot(*coordinates: Any) -> Any:
    return functools.reduce(np.hypot, coordinates)


def _dist(p: Any, q: Any) -> Any:
    return np.linalg.norm(as_array(list(p)) - as_array(list(q)))


def _fsum(values: Iterable[Any]) -> Any:
    return np.sum(as_array(list(values)))


def _prod(values: Iterable[Any], *, start: Any = 1) -> Any:
    return functools.reduce(lambda a, b: a * b, values, start)


def _sumprod(p: Any, q: Any) -> Any:
    return sum(a * b for a, b in zip(p, q, strict=True))


def _fma(x: Any, y: Any, z: Any) -> Any:
    return x * y + z


def _modf(x: Any) -> tuple[Any, Any]:
    whole = math.modf(plain(x))[1]
    return x - whole, whole


def _remainder(x: Any, y: Any) -> Any:
    """``x - n y`` with the ``n`` nearest to ``x / y``."""
    n = round((plain(x) - math.remainder(plain(x), plain(y))) / plain(y))
    return x - n * y


_TRACED: dict[str, Function] = {
    **{
        name: getattr(np, name)
        for name in ("sqrt", "cbrt", "exp", "exp2", "expm1", "log2", "log10", "log1p", "sin", "cos",
                     "tan", "sinh", "cosh", "tanh", "copysign", "degrees", "radians", "fabs", "fmod",
                     "ldexp", "nextafter")
    },
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "atan2": np.arctan2,
    "asinh": np.arcsinh, "acosh": np.arccosh, "atanh": np.arctanh, "pow": np.power,
    "erf": _special("erf"), "erfc": _special("erfc"), "gamma": _special("gamma"),
    "lgamma": _special("gammaln"), "log": _log, "hypot": _hypot, "modf": _modf, "fma": _fma,
    "remainder": _remainder, "frexp": np.frexp,
}  # fmt: skip
# Of sequences; `math` is asked about the sequence of plain numbers.
_OF_SEQUENCES: dict[str, Function] = {
    "fsum": _fsum,
    "prod": _prod,
    "dist": _dist,
    "sumprod": _sumprod,
}


def drop_in(original: Function, traced: Function | None, convert: Function = as_float) -> Function:
    """A function of `math` that knows traced values; without `traced`, one that is constant."""

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not _running() or not any(map(holds_traced, args)):
            return original(*args, **kwargs)
        note_averted(
            f"float() of a traced value, by math.{original.__name__},", "use the NumPy function"
        )
        value = original(*[_number(x) for x in args], **kwargs)
        if traced is None:
            return value
        return traced(*map(convert, args))

    return call


def drop_in_sequences(original: Function, traced: Function) -> Function:
    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not _running():
            return original(*args, **kwargs)
        args = tuple(arg if isinstance(arg, (list, tuple)) else list(arg) for arg in args)
        if not any(map(holds_traced, args)) and not any(map(holds_traced, kwargs.values())):
            return original(*args, **kwargs)
        return traced(*args, **kwargs)

    return call


def _number(x: Any) -> Any:
    x = plain(x)
    return x.item() if isinstance(x, np.ndarray) and x.size == 1 else x


_names = {name: value for name, value in vars(math).items() if not name.startswith("_")}
for _name, _value in _names.items():
    if _name in _OF_SEQUENCES:
        _names[_name] = drop_in_sequences(_value, _OF_SEQUENCES[_name])
    elif callable(_value):
        _names[_name] = drop_in(_value, _TRACED.get(_name))
globals().update(_names)
