"""Aliases: views of traced arrays, and writes that everyone sees and no record feels.

Every tracer names an immutable value; a write makes it name a new one. A view remembers what
it looks into: it is read again after a write to that, and a write to it goes there too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from sys import getrefcount
from typing import Any

import numpy as np

from .errors import AliasError, explain
from .fronts import FUNCTIONS
from .primitive import NORM_OF, Tracer, primal_of
from .rules.indexing import setitem

# Functions whose results NumPy returns as views of the first argument, where it can.
VIEWS = frozenset({
    np.reshape, np.ravel, np.transpose, np.permute_dims, np.matrix_transpose, np.swapaxes,
    np.moveaxis, np.rollaxis, np.expand_dims, np.squeeze, np.atleast_1d, np.atleast_2d,
    np.atleast_3d, np.flip, np.fliplr, np.flipud, np.rot90, np.split, np.array_split,
    np.hsplit, np.vsplit, np.dsplit, np.unstack, np.real, np.imag, np.diagonal, np.diag,
    np.broadcast_to, np.lib.stride_tricks.sliding_window_view, np.einsum, np.linalg.diagonal,
    np.linalg.matrix_transpose,
})  # fmt: skip


_EACH = frozenset({np.atleast_1d, np.atleast_2d, np.atleast_3d})  # views of every argument


def REAL(z: Any) -> Any:
    """The real part, as a view: what is written to it goes to ``z.real``."""
    return z.real


def IMAG(z: Any) -> Any:
    """The imaginary part, as a view."""
    return z.imag


def with_windows(func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call a function that may return views; those that are look into its array."""
    if func in _EACH and len(args) > 1:
        return tuple([func(x) for x in args])
    front = FUNCTIONS[func]
    result = front(*args, **kwargs)
    if func is np.einsum and len(args) != 2:
        return result
    where, parent = _parent(args, kwargs)
    if parent is None:
        return result

    def again(p: Any) -> Any:
        return call_with(front if isinstance(p, Tracer) else func, args, kwargs, where, p)

    many = isinstance(result, (list, tuple))
    views = None  # what NumPy makes of an array laid out as `parent` is
    for k, part in enumerate(result if many else (result,)):
        if part is parent or not isinstance(part, Tracer) or part.window is not None:
            continue
        if not isinstance(primal_of(part), np.ndarray):
            continue
        if views is None:
            memory = _layout(parent)
            views = again(memory)
        if not np.may_share_memory(views[k] if many else views, memory):
            continue
        look: Any = (lambda p, k=k: again(p)[k]) if many else again
        if func is np.real or func is np.imag:
            look = REAL if func is np.real else IMAG
        part.window = parent, look, parent.writes
    return result


def call_with(func: Callable[..., Any], args: Any, kwargs: Any, where: Any, value: Any) -> Any:
    """Call a function with one argument, at a position or by its name, replaced by `value`."""
    if isinstance(where, str):
        return func(*args, **{**kwargs, where: value})
    return func(*args[:where], value, *args[where + 1 :], **kwargs)


def _parent(args: Any, kwargs: Any) -> tuple[Any, Any]:
    """The only traced argument of a call, and where it stands."""
    found = [(k, x) for k, x in enumerate(args) if isinstance(x, Tracer)]
    found += [(key, x) for key, x in kwargs.items() if isinstance(x, Tracer)]
    return found[0] if len(found) == 1 else (None, None)


def _layout(x: Tracer) -> Any:
    """An array whose elements lie in memory as those of `x` would in NumPy.

    A tracer that was written to holds a copy of its own, which may lie differently.
    """
    if x.window is None or x.window[1] is NORM_OF:
        return x.memory()
    parent, key, _ = x.window
    memory = _layout(parent)
    return key(memory) if callable(key) else memory[key]


def refuse_repeated(view: Tracer, parent: Tracer) -> None:
    """Raise if a write to `view` would be one to several of its elements, or NumPy forbids it."""
    array, memory = _layout(view), _layout(parent)
    steps = zip(array.shape, array.strides, strict=True)
    repeats = array.size > 0 and any(n > 1 and step == 0 for n, step in steps)
    if repeats or (memory.flags.writeable and not array.flags.writeable):
        raise AliasError(
            explain(
                "assignment destination is read-only: a view in which elements may be repeated.",
                "write into a copy, y = np.copy(view), or into the array that it views",
            )
        )


def write_into(holder: Tracer, name: str, key: Any, value: Any) -> None:
    """``holder.name[key] = value``, in place where nobody else holds that array.

    Somebody else may be a record that needs the old value, a view, or the caller.
    """
    if isinstance(value, Tracer) and not isinstance(getattr(holder, name), Tracer):
        target = setitem(getattr(holder, name), value, key=key)
    else:
        target = _own(holder, name)
        target[key] = value
    setattr(holder, name, target)


def _own(holder: Tracer, name: str) -> Any:
    """The array in a slot, to be written into: itself if only the slot holds it, or a copy."""
    value = getattr(holder, name)
    if isinstance(value, np.ndarray) and (value.base is not None or not value.flags.writeable):
        return value.copy("K")
    return value if _COUNTS and getrefcount(value) <= _SOLE else value.copy("K")


def _count_sole() -> int:
    """What the count in `_own` is for an array that only the slot holds."""

    class Holder:
        __slots__ = ("primal",)
        primal: Any

    def count(holder: Any, name: str) -> int:
        value = getattr(holder, name)
        return getrefcount(value)

    holder = Holder()
    holder.primal = np.empty(1)
    return count(holder, "primal")


_SOLE = _count_sole()
_COUNTS = getattr(sys, "_is_gil_enabled", lambda: True)()  # without a GIL counts are not exact
