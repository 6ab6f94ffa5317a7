"""Types that know traced values: ``float(x)``, ``np.float64(x)``, ``isinstance(x, np.ndarray)``.

Each is a subclass of the type that it stands for, and takes its place in ``isinstance``, in
comparisons of types and as a ``dtype``. Called on something traced it gives something traced,
of that kind; on anything else it gives what the type itself gives.
"""

from __future__ import annotations

import numbers
from collections import abc
from collections.abc import Callable
from types import UnionType
from typing import Any

import numpy as np

from ..array import ArrayTracer
from ..buffer import Buffer, holds_traced
from ..errors import note_averted
from ..fronts.keywords import as_kind, plain
from ..fronts.packing import as_array
from ..primitive import RUNNING, primal_of
from ..source import Source

_running = RUNNING.get


class Kind(type):
    """The type of these types."""

    standing_for: type
    made: Callable[..., Any]
    holds: Callable[[Any], bool]

    def _is_users(cls) -> bool:
        """Whether it is a subclass that the user has made of one of these."""
        return "standing_for" not in cls.__dict__

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls._is_users():
            return super().__call__(*args, **kwargs)
        if _running() and any(map(holds_traced, args)):
            note_averted(f"{cls.__name__}() of a traced value", "leave it out, or write x.astype")
            return cls.made(*args, **kwargs)
        return cls.standing_for(*args, **kwargs)

    def __instancecheck__(cls, x: Any) -> bool:
        if cls._is_users():
            return super().__instancecheck__(x)
        return isinstance(x, cls.standing_for) or (isinstance(x, ArrayTracer) and cls.holds(x))

    def __subclasscheck__(cls, kind: type) -> bool:
        if cls._is_users():
            return super().__subclasscheck__(kind)
        return issubclass(kind, cls.standing_for)

    def __eq__(cls, other: object) -> bool:
        return other is cls or other is cls.__dict__.get("standing_for")

    def __hash__(cls) -> int:
        return hash(cls.__dict__.get("standing_for", id(cls)))

    def __repr__(cls) -> str:
        return repr(cls.standing_for)


def _kind(
    standing_for: type, made: Callable[..., Any], holds: Callable[[Any], bool], dtype: Any = None
) -> Kind:
    body: dict[str, Any] = {"__slots__": (), "__doc__": standing_for.__doc__}
    if dtype is not None:
        body["dtype"] = np.dtype(dtype)
    kind = Kind(standing_for.__name__, (standing_for,), body)
    kind.__module__, kind.__qualname__ = standing_for.__module__, standing_for.__qualname__
    kind.standing_for, kind.made, kind.holds = standing_for, made, holds
    return kind


def is_scalar(x: Any) -> bool:
    """Whether a traced value stands for a NumPy scalar, not an array."""
    return isinstance(primal_of(x), np.generic)


def _number(x: Any, dtype: Any) -> Any:
    """A traced array of one element as a scalar."""
    x = as_array(x)
    if x.size != 1:
        raise TypeError("only 0-dimensional arrays can be converted to Python scalars")
    x = as_kind(x, dtype)
    return x if is_scalar(x) else x.reshape(-1)[0]


def as_float(x: Any) -> Any:
    """What ``float(x)`` is of something traced, of one element."""
    if not isinstance(x, ArrayTracer):
        return x
    if x.dtype.kind == "c":
        raise TypeError("float() argument must be a string or a real number, not 'complex'")
    return _number(x, np.float64)


def _complex(real: Any = 0.0, imag: Any = 0.0) -> Any:
    x = real + 1j * imag if holds_traced(imag) or imag else real
    return _number(x, np.complex128)


def _int(x: Any) -> int:
    """A number that is constant between integers."""
    return int(plain(x))


def _scalar_type(kind: Any) -> Kind:
    """``np.float64`` and its like."""

    def made(x: Any) -> Any:
        x = as_kind(x, kind)
        return x.reshape(-1)[0] if x.ndim == 0 and not is_scalar(x) else x

    return _kind(kind, made, lambda x: is_scalar(x) and x.dtype.type is kind)


def _abstract(kind: type) -> Kind:
    """``np.floating`` and its like: for ``isinstance``."""
    return _kind(kind, kind, lambda x: is_scalar(x) and issubclass(x.dtype.type, kind))


# From the type to the one that stands for it.
KINDS: dict[type, Kind] = {
    float: _kind(float, as_float, lambda x: is_scalar(x) and x.dtype == np.float64, np.float64),
    complex: _kind(
        complex, _complex, lambda x: is_scalar(x) and x.dtype == np.complex128, np.complex128
    ),
    int: _kind(int, _int, lambda x: False, np.int64),
    np.ndarray: _kind(np.ndarray, np.ndarray, lambda x: type(x) is Buffer or not is_scalar(x)),
    **{kind: _scalar_type(kind) for kind in (np.float64, np.float32, np.complex128, np.complex64)},
    **{
        kind: _abstract(kind)
        for kind in (np.generic, np.number, np.inexact, np.floating, np.complexfloating)
    },
}

# Types of which an array or a scalar is an instance in the eyes of Python's own protocols.
_PROTOCOLS: dict[type, Callable[[Any], bool]] = {
    numbers.Number: is_scalar,
    numbers.Complex: is_scalar,
    numbers.Real: lambda x: is_scalar(x) and x.dtype.kind == "f",
    **dict.fromkeys(
        (abc.Iterable, abc.Sized, abc.Container, abc.Collection), lambda x: not is_scalar(x)
    ),
}


def is_instance(x: Any, kinds: Any) -> bool:
    """``isinstance``, for which a traced value is what it stands for."""
    if kinds is type_of:
        return isinstance(x, type)
    if isinstance(kinds, tuple):
        return any(is_instance(x, kind) for kind in kinds)
    if not isinstance(x, ArrayTracer):
        return isinstance(x, kinds)
    if isinstance(kinds, UnionType):
        return is_instance(x, kinds.__args__)
    if kinds in KINDS:
        return KINDS[kinds].holds(x)
    if kinds in _PROTOCOLS:
        return _PROTOCOLS[kinds](x)
    return isinstance(x, kinds)


def has_attribute(x: Any, name: str) -> bool:
    """``hasattr``, for which a traced value is what it stands for."""
    return hasattr(primal_of(x) if isinstance(x, ArrayTracer) else x, name)


# Types that are called to convert; adoption replaces these, and leaves the others alone.
CALLED = (float, int, complex, np.float64, np.float32, np.complex128, np.complex64)


def type_of(*args: Any) -> Any:
    """``type``, for which a traced value is what it stands for."""
    if len(args) != 1:
        return type(*args)
    (x,) = args
    found: Any = type(x)
    if isinstance(x, (ArrayTracer, Source)):
        found = x.__class__
    return KINDS[found] if found in CALLED else found


# Python's own names that adopted code gets.
BUILTINS: dict[str, Any] = {
    "type": type_of,
    **{kind.__name__: KINDS[kind] for kind in (float, int, complex)},
    "isinstance": is_instance,
    "hasattr": has_attribute,
}
