"""NumPy's elementwise functions that are not ufuncs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import UnsupportedArgumentError, explain
from ..primitive import apply
from ..rules import elementwise as ew
from .keywords import plain, values
from .packing import as_array
from .writes import write_out

_ABSENT = np._NoValue  # type: ignore[attr-defined]


def sinc(x: Any) -> Any:
    return ew.sinc(as_array(x))


def i0(x: Any) -> Any:
    from ..rules.special import numpy_i0  # not at the top: it loads scipy.special

    return numpy_i0(as_array(x))


def real(val: Any) -> Any:
    val = as_array(val)
    return ew.real(val) if val.dtype.kind == "c" else val


def imag(val: Any) -> Any:
    val = as_array(val)
    return ew.imag(val) if val.dtype.kind == "c" else np.imag(values(val))


def real_if_close(a: Any, tol: float = 100) -> Any:
    a = as_array(a)
    close = np.real_if_close(plain(a), tol).dtype.kind != "c"
    return real(a) if close else a


def angle(z: Any, deg: bool = False) -> Any:
    z = as_array(z)
    if z.dtype.kind != "c":
        return np.angle(values(z), deg)  # 0 or pi
    radians = ew.angle(z)
    return radians * (180 / np.pi) if deg else radians


def nan_to_num(
    x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    x = as_array(x)
    y = ew.nan_to_num(x, nan=values(nan), posinf=values(posinf), neginf=values(neginf))
    return y if copy else write_out(y, x)


def clip(
    a: Any,
    a_min: Any = _ABSENT,
    a_max: Any = _ABSENT,
    out: Any = None,
    *,
    min: Any = _ABSENT,
    max: Any = _ABSENT,
    **kwargs: Any,
) -> Any:
    if kwargs:
        raise UnsupportedArgumentError(
            explain(
                f"np.clip of a traced array has no keyword {', '.join(kwargs)}.",
                "leave it out, and cast or select the result",
            )
        )
    low, high = _bound(a_min, min, "a_min"), _bound(a_max, max, "a_max")
    a = as_array(a)
    if low is not None and high is not None:
        y = apply(ew.clip, (a, low, high), {})
    elif low is not None:
        y = ew.clip_below(a, low)
    elif high is not None:
        y = ew.clip_above(a, high)
    else:
        y = ew.positive(a)
    return y if out is None else write_out(y, out)


def _bound(positional: Any, keyword: Any, name: str) -> Any:
    if positional is not _ABSENT and keyword is not _ABSENT:
        raise ValueError(
            f"Passing `{name[2:]}` keyword argument when `{name}` is provided is forbidden."
        )
    bound = keyword if positional is _ABSENT else positional
    return None if bound is None or bound is _ABSENT else as_array(bound)


def fix(x: Any, out: Any = None) -> Any:
    y = np.trunc(values(as_array(x)))
    return y if out is None else write_out(y, out)


def _rounded(function: Callable[..., Any]) -> Callable[..., Any]:
    """A constant, which may be written into a traced array."""

    def front(a: Any, decimals: int = 0, out: Any = None) -> Any:
        y = function(values(as_array(a)), decimals)
        return y if out is None else write_out(y, out)

    return front


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.sinc: sinc,
    np.i0: i0,
    np.real: real,
    np.imag: imag,
    np.real_if_close: real_if_close,
    np.angle: angle,
    np.nan_to_num: nan_to_num,
    np.clip: clip,
    np.fix: fix,
    np.round: _rounded(np.round),
    np.around: _rounded(np.around),
}
