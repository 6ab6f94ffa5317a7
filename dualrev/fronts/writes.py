"""Results written into arrays: ``out=``, and ``plain += traced``.

A traced array can be written to. A plain one cannot hold a derivative; NumPy gives us
``plain += traced`` as ``np.add(plain, traced, out=(plain,))``, and Python then binds the
name to whatever we return. So we return the traced sum, which is right if that name was
the only one of the array, and is refused otherwise.
"""

from __future__ import annotations

import dis
import sys
from types import FrameType
from typing import Any

import numpy as np

from ..errors import (
    AliasError,
    UnsupportedArgumentError,
    describe,
    explain,
    instruction_of,
    or_adopt,
    user_frame,
)
from ..primitive import Tracer, spec_of
from ..rules.shaping import cast_to

_COUNTS = getattr(sys, "_is_gil_enabled", lambda: True)()  # without a GIL counts are not exact


def check_fits(result: Any, out: Any, casting: str) -> None:
    """NumPy's own conditions for writing `result` into `out`."""
    spec = spec_of(result)
    dtype, shape = spec.dtype, spec.shape
    if not np.can_cast(dtype, out.dtype, casting):
        raise TypeError(
            f"Cannot cast output from {dtype!r} to {out.dtype!r} with casting rule '{casting}'"
        )
    if np.broadcast_shapes(shape, out.shape) != out.shape:
        raise ValueError(
            f"non-broadcastable output operand with shape {out.shape} doesn't match the broadcast shape {shape}"
        )


def write_out(result: Any, out: Any, casting: str = "same_kind") -> Any:
    """``out[...] = result`` with NumPy's checks; returns `out`."""
    check_fits(result, out, casting)
    if isinstance(result, Tracer) and not isinstance(out, Tracer):
        raise _refuse_explicit(out)
    out[...] = result
    return out


def bind_anew(result: Any, plain: Any, casting: str, refusal: AliasError | None) -> Any:
    """The value of ``plain += traced``: the traced sum, with the kind of array that `plain` is."""
    check_fits(result, plain, casting)
    if not isinstance(result, Tracer):
        plain[...] = result
        return plain
    if refusal is not None and plain.dtype.kind == "O":
        plain[...] = np.asarray(result)  # an array of objects can hold traced scalars
        return plain
    if refusal is not None:
        raise refusal
    if result.dtype != plain.dtype and plain.dtype.kind != "O":  # of objects, as it is
        result = cast_to(result, plain.dtype)
    return result if result.shape == plain.shape else np.broadcast_to(result, plain.shape)


def refusal_to_bind(kwargs: dict[str, Any], name: str) -> AliasError | None:
    """Why a plain ``kwargs["out"][0]`` cannot become traced, if somebody would not see it.

    `kwargs` holds the array: a local name for it before it is counted would be counted.
    """
    count = _count(kwargs)
    frame = user_frame()
    plain = kwargs["out"][0]
    if frame is not None and instruction_of(frame) == "in-place":
        if _COUNTS and (count > _in_place_limit(frame) or _base_is_shared(plain)):
            return _refuse_shared(plain, name)
        return None
    new = _COUNTS and _NEW < _NAMED and count <= _NEW and not _base_is_shared(plain)
    return None if new else _refuse_explicit(plain)


def _refuse_explicit(out: Any) -> AliasError:
    return AliasError(
        explain(
            "a plain array given as out= cannot hold a traced result.",
            or_adopt(
                "write y = np.add(a, b) without out=, or make the buffer traced: "
                "out = np.zeros(n, like=x)"
            ),
            with_=f"out: {describe(out)}",
        )
    )


def _refuse_shared(plain: Any, name: str) -> AliasError:
    return AliasError(
        explain(
            "a plain array that has other names, or is a view, was updated in place with a traced value: they would not see it.",
            or_adopt(
                f"write y = np.{name}(y, x), which makes a new array, or start from a traced "
                "buffer: y = np.zeros(n, like=x)"
            ),
            with_=f"the plain array: {describe(plain)}",
        )
    )


# -- what the user's code is doing --------------------------------------------------------


# -- who else can see an array --------------------------------------------------------------
#
# References to an array while a ufunc runs: the user's names, the interpreter's stack, and
# the tuples of the call. How many the latter two are depends on the version of Python, so
# it is measured: in programs in which the array has one name, or none.


def _count(kwargs: dict[str, Any]) -> int:
    return sys.getrefcount(kwargs["out"][0])


class _Probe:
    """Stands where a tracer will stand, and answers with the number of references."""

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return _relay(inputs, kwargs)


def _relay(inputs: Any, kwargs: dict[str, Any]) -> int:
    return _count(kwargs)


def _local_update() -> Any:
    y: Any = np.zeros(1)
    y += _Probe()
    return y


def _global_update() -> Any:
    names: dict[str, Any] = {"np": np, "probe": _Probe()}
    exec("y = np.zeros(1)\ny += probe", names)
    return names["y"]


def _named_out() -> Any:
    y = np.zeros(1)
    return np.add(_Probe(), 1.0, out=y)


def _new_out() -> Any:
    return np.add(_Probe(), 1.0, out=np.zeros(1))


_LOCAL, _GLOBAL, _NAMED, _NEW = _local_update(), _global_update(), _named_out(), _new_out()


def _references_to_base() -> int:
    view = np.zeros(2)[:1]
    return sys.getrefcount(view.base)


_ONE_VIEW = _references_to_base()


def _in_place_limit(frame: FrameType) -> int:
    """References to the target of ``y += x`` if ``y`` is its only name."""
    if _LOCAL == _GLOBAL:
        return int(_LOCAL)
    # Python 3.14 borrows a local that it can see is used at once.
    steps = list(dis.get_instructions(frame.f_code))
    here = next(k for k, step in enumerate(steps) if step.offset == frame.f_lasti)
    borrowed = here > 0 and steps[here - 1].opname == "LOAD_FAST_BORROW_LOAD_FAST_BORROW"
    return int(_LOCAL if borrowed else max(_LOCAL, _GLOBAL))


def _base_is_shared(plain: Any) -> bool:
    """Whether the array is a view into something that has another name."""
    if plain.base is None:
        return False
    return type(plain.base) is not np.ndarray or sys.getrefcount(plain.base) > _ONE_VIEW


def refuse_plain_at(name: str) -> AliasError:
    return AliasError(
        explain(
            f"np.{name}.at cannot write traced values into a plain array.",
            or_adopt(
                f"make it traced first: y = np.zeros(n, like=x), then np.{name}.at(y, i, v); or, "
                "for sums, np.bincount(i, weights=v)"
            ),
        )
    )


def unsupported(ufunc: Any, what: str, instead: str) -> UnsupportedArgumentError:
    return UnsupportedArgumentError(
        explain(f"np.{ufunc.__name__} of traced arrays: {what}.", instead)
    )
