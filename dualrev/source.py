"""Sources: the plain arrays that adopted code computes from.

``u = U0.copy(); u[0] = theta`` starts from an array that was made before any derivative was
asked for. While one is being taken, adoption puts a `Source` in the place of such an array: the
same memory, and an ndarray still. What is computed from it is a `Buffer`, into which traced
values can be stored; what only views it is a source again.

The array itself belongs to somebody else, who would see traced values in it, or keep them: they
are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from .array import ArrayTracer
from .buffer import elements, fresh, holds_traced, settled
from .errors import AliasError, describe, explain
from .fronts.storing import WRITERS
from .primitive import RUNNING

ndarray = np.ndarray
_running = RUNNING.get


class Source(np.ndarray):
    """A view of an ndarray, whose copies and results are buffers while a derivative is taken."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        outs = kwargs.get("out", ())
        if method == "at" or outs:
            targets = (*outs, inputs[0]) if method == "at" else outs
            traced = any(map(holds_traced, inputs))
            if traced and any(type(t) is Source for t in targets):
                _refuse(next(t for t in targets if type(t) is Source))
        kwargs = {key: plain(x) for key, x in kwargs.items()}
        result = getattr(ufunc, method)(*map(plain, inputs), **kwargs)
        for out in outs:
            if type(out) is Source and not isinstance(result, tuple):
                return out
        return fresh(result, inputs) if _running() else result

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func in WRITERS and type(args[0]) is Source and any(map(holds_traced, args[1:])):
            _refuse(args[0])
        named = {key: plain(x) for key, x in kwargs.items()}
        result = func(*map(plain, args), **named)
        return fresh(result, args) if _running() else result

    def __getitem__(self, key: Any) -> Any:
        key = elements(key)
        result = plain(self)[plain(key)]
        return fresh(result, (self,)) if _running() else result

    def __setitem__(self, key: Any, value: Any) -> None:
        if holds_traced(value):
            _refuse(self)
        plain(self)[plain(elements(key))] = elements(value)

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


def plain(x: Any) -> Any:
    """A source as the ndarray that it is; also in lists and tuples."""
    if type(x) is Source:
        return x.view(ndarray)
    if type(x) is list:
        return [plain(part) for part in x]
    if type(x) is tuple:
        return tuple([plain(part) for part in x])
    return x


def is_data(x: Any) -> bool:
    """Whether `x` is an array of numbers that code may compute from."""
    return type(x) is ndarray and x.dtype.kind in "fciu"


def _refuse(target: Source) -> NoReturn:
    raise AliasError(
        explain(
            "storing a traced value into an array that the code did not make itself: a global, a "
            "default, an attribute, or an argument that is not differentiated.",
            "store into a copy: y = y.copy()",
            array=describe(target),
        )
    )


def _method(name: str) -> Callable[..., Any]:
    """The method of ndarrays; what is new is a buffer."""

    def on_array(array: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(array, name)(*args, **kwargs)

    traced = getattr(ArrayTracer, name, None)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        array = plain(self)
        if not _running():
            return on_array(array, *args, **kwargs)
        if any(map(holds_traced, args)):
            if name in _WRITING:
                _refuse(self)
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
