"""Sources: the plain arrays that adopted code computes from.

``u = U0.copy(); u[0] = theta`` starts from an array that was made before any derivative was
asked for. While one is being taken, adoption puts a `Source` in the place of such an array: the
same memory, and an ndarray still. What is computed from it is a `Buffer`, into which traced
values can be stored; what only views it is a source again.

The array itself belongs to somebody else and is never changed by a traced value. Code that stores
one into it (a work array that is kept between calls) gets a stand-in for the rest of the run, and so
do all sources of that memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from .array import ArrayTracer
from .buffer import Buffer, elements, fresh, holds_traced, settled
from .errors import AliasError, describe, explain
from .fronts.packing import as_array
from .fronts.storing import WRITERS
from .memory import Places, owner_of
from .primitive import RUNNING, Tracer
from .rules.shaping import attach
from .tree import rebuilt

ndarray = np.ndarray
_running = RUNNING.get
# In this run, by the id of the owner of memory or of a source: that, and what stands in for it.
STAND_INS: ContextVar[dict[int, tuple[Any, Any]] | None] = ContextVar("stand-ins", default=None)


class Source(np.ndarray):
    """A view of an ndarray, whose copies and results are buffers while a derivative is taken."""

    __slots__ = ()

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return ndarray

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        outs = kwargs.get("out", ())
        targets = (*outs, inputs[0]) if method == "at" else outs
        _prepare(targets, inputs)
        kwargs = {key: plain(x) for key, x in kwargs.items()}
        result = getattr(ufunc, method)(*map(plain, inputs), **kwargs)
        for out in outs:
            if type(out) is Source and not isinstance(result, tuple):
                return out
        return fresh(result, inputs) if _running() else result

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        targets = (*(args[:1] if func in WRITERS else ()), kwargs.get("out"))
        _prepare(targets, (*args, *kwargs.values()))
        named = {key: plain(x) for key, x in kwargs.items()}
        result = func(*map(plain, args), **named)
        return fresh(result, args) if _running() else result

    def __getitem__(self, key: Any) -> Any:
        key = elements(key)
        result = plain(self)[plain(key)]
        return fresh(result, (self,)) if _running() else result

    def __setitem__(self, key: Any, value: Any) -> None:
        _prepare((self,), (value,))
        plain(self)[plain(elements(key))] = elements(value)

    def __iter__(self) -> Any:
        return iter([self[k] for k in range(len(self))])

    @property
    def flat(self) -> Any:
        return plain(self).flat

    @flat.setter
    def flat(self, value: Any) -> None:
        _prepare((self,), (value,))
        plain(self).flat = value

    def as_it_is(self) -> Any:
        """The ndarray, or the traced array that stands in for it."""
        stand_ins = STAND_INS.get()
        if not stand_ins:
            return self.view(ndarray)
        if id(self) in stand_ins:
            found = stand_ins[id(self)][1]
            found.refresh()
            return found
        owner = owner_of(self)
        if id(owner) not in stand_ins:
            return self.view(ndarray)
        root = stand_ins[id(owner)][1]
        places = Places(self.view(ndarray), owner)
        found = places(root)
        found.window = root, places, root.writes
        stand_ins[id(self)] = self, found
        return found

    def __copy__(self) -> Any:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    def __reduce__(self) -> Any:
        return plain(self).__reduce__()

    def __repr__(self) -> str:
        return repr(plain(self))

    def __str__(self) -> str:
        return str(plain(self))


Buffer.source = Source


def plain(x: Any) -> Any:
    """A source as the array that it is now; also in lists and tuples."""
    if type(x) is Source:
        return x.as_it_is()
    if type(x) is list or type(x) is tuple:
        return rebuilt(x, map(plain, x))
    return x


def is_data(x: Any) -> bool:
    """Whether `x` is an array of numbers that code may compute from."""
    return type(x) is ndarray and x.dtype.kind in "fciu"


def _prepare(targets: Sequence[Any], values: Sequence[Any]) -> None:
    """Before something is written: where a traced value goes into a source, make a stand-in."""
    for target in targets:
        if type(target) is Source and type(target.as_it_is()) is ndarray:
            like = next((x for x in map(as_array, _arrays(values)) if isinstance(x, Tracer)), None)
            if like is not None:
                _stand_in(target, like)


def _arrays(values: Sequence[Any]) -> Iterator[Any]:
    return (x for x in values if holds_traced(x))


def _stand_in(target: Source, like: Tracer) -> None:
    """Make a traced array, of the run of `like`, stand for the memory of `target`."""
    stand_ins, owner = STAND_INS.get(), owner_of(target)
    if stand_ins is None or not isinstance(owner, ndarray) or owner.dtype.kind not in "fc":
        raise AliasError(
            explain(
                "storing a traced value into an array that the code did not make itself, and that "
                "cannot hold it.",
                "store into a copy: y = y.copy()",
                array=describe(target),
            )
        )
    stand_ins[id(owner)] = owner, attach(like, value=owner)


def _method(name: str) -> Callable[..., Any]:
    """The method of ndarrays; what is new is a buffer."""

    def on_array(array: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(array, name)(*args, **kwargs)

    traced = getattr(ArrayTracer, name, None)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if name in _WRITING:
            _prepare((self,), args)
        array = plain(self)
        if not _running() or isinstance(array, Tracer):
            return on_array(array, *args, **kwargs)
        if any(map(holds_traced, args)):
            return (traced or on_array)(array, *map(settled, args), **kwargs)
        named = {key: elements(x) for key, x in kwargs.items()}
        return fresh(on_array(array, *map(elements, args), **named), (self,))

    method.__name__ = name
    method.__doc__ = f"As ``ndarray.{name}``."
    return method


_WRITING = frozenset({"fill", "itemset", "partition", "put", "setfield", "sort"})
for _name in dir(ndarray):
    if not _name.startswith("__") and callable(getattr(ndarray, _name)) and _name != "view":
        setattr(Source, _name, _method(_name))
