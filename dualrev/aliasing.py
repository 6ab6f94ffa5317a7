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
    np.broadcast_to, np.lib.stride_tricks.sliding_window_view,
})  # fmt: skip


def with_windows(func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call a function that may return views; those that are look into its first argument."""
    front = FUNCTIONS[func]
    result = front(*args, **kwargs)
    parent = args[0] if args else None
    if not isinstance(parent, Tracer):
        return result
    many = isinstance(result, (list, tuple))
    views = None  # what NumPy makes of an array laid out as `parent` is
    for k, part in enumerate(result if many else (result,)):
        if part is parent or not isinstance(part, Tracer) or part.window is not None:
            continue
        if not isinstance(primal_of(part), np.ndarray):
            continue
        if views is None:
            memory = _layout(parent)
            views = func(memory, *args[1:], **kwargs)
        if not np.may_share_memory(views[k] if many else views, memory):
            continue

        def look(p: Any, k: int = k) -> Any:
            again = (front if isinstance(p, Tracer) else func)(p, *args[1:], **kwargs)
            return again[k] if many else again

        if parent.dtype.kind == "c" and part.dtype.kind != "c":
            look = _read_only(look)
        part.window = parent, look, parent.writes
    return result


def _layout(x: Tracer) -> Any:
    """An array whose elements lie in memory as those of `x` would in NumPy.

    A tracer that was written to holds a copy of its own, which may lie differently.
    """
    if x.window is None or x.window[1] is NORM_OF:
        return primal_of(x)
    parent, key, _ = x.window
    if getattr(key, "layout", None) is not None:
        key = key.layout
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


def _read_only(look: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def look_only(parent: Any) -> Any:
        if not isinstance(parent, Tracer):  # asked where a write would go
            raise AliasError(
                explain(
                    "a write through the real or imaginary part of a traced array.",
                    "write y.real = value, y.imag = value, or y[...] = a + 1j * b",
                )
            )
        return look(parent)

    look_only.layout = look  # type: ignore[attr-defined]
    return look_only


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
