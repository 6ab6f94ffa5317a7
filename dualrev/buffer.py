"""Buffers: plain arrays that traced values can be stored into.

``y = np.zeros(3); y[0] = x[0] * x[1]`` is how arrays are filled, and an ndarray cannot hold
a traced value. A `Buffer` can. It is an array tracer that belongs to no run: it holds an
ndarray and behaves as that ndarray, until a traced value is written to it. From then on it
names a traced array, of the run of that value.

`dualrev.numpy` makes buffers, and only while a derivative is being taken.
"""

from __future__ import annotations

import functools
import inspect
import sys
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .aliasing import IMAG, REAL, VIEWS, call_with
from .array import _CLASS, ArrayTracer, call_function, plain_key
from .errors import STORE, STORING, AliasError, explain, note_averted
from .fronts.packing import as_array, holds_tracers
from .fronts.storing import WRITERS
from .fronts.ufuncs import call_ufunc
from .memory import Memory, Places, owner_of
from .primitive import RUNNING, WRITTEN, Primitive, Trace, Tracer, apply
from .rules.indexing import is_basic, setitem
from .tree import rebuilt


class _NoTrace(Trace):
    """The level below all others: nothing is traced."""

    __slots__ = ()

    def __init__(self) -> None:
        self.level = 0
        self.alert = 0


NO_TRACE = _NoTrace()


class Buffer(ArrayTracer):
    """An ndarray of floats or complex numbers that can become traced.

    Attributes
    ----------
    primal : ndarray
        The elements. Views, and views of views, share its memory, as in NumPy.
    run : Trace
        `NO_TRACE`, of level 0.
    tangent : tuple or None
        ``(writes, copy)``: the last copy that was given to a record, and when.
    index : list of weak references or None
        Plain arrays of the same memory that somebody else holds, and may write to unseen.
    """

    __slots__ = ()
    source: type = np.ndarray  # the type of plain arrays whose results are buffers: see `source`

    def __init__(self, primal: np.ndarray, window: Any = None) -> None:
        self.primal = primal
        self.run = NO_TRACE
        self.tangent = None
        self.index = None
        self.window = window
        self.writes = 0

    # -- what it names now ------------------------------------------------------------------

    def refresh(self) -> None:
        """If what this views has become traced, so has this."""
        if self.window is None:
            return
        parent, look, _ = self.window
        parent.refresh()
        if type(parent) is not Buffer:
            self._name(look(parent) if callable(look) else parent.take_index(look))
            self.window = parent, look, parent.writes

    def snapshot(self) -> Any:
        """The elements as they are now, safe from later writes: what a record keeps."""
        self.refresh()
        if type(self) is not Buffer:
            return self.snapshot()
        root = self._root()
        if self._is_exported():  # a tape copies or watches what others can write to
            return self.primal
        if self.tangent is None or self.tangent[0] != root.writes:
            copy = self.primal.copy("K")
            copy.flags.writeable = False
            self.tangent = root.writes, copy
        return self.tangent[1]

    def take_back(self: Any) -> None:
        """After its run has ended: a buffer once more, of the values that it was left with.

        So an array that code keeps between calls does not keep the run of one alive.
        """
        primal = self.primal
        if isinstance(primal, Tracer):  # of an outer run
            self._name(primal)
            return
        _CLASS.__set__(self, Buffer)
        self.primal = primal if primal.base is None else primal.copy("K")
        self.run, self.tangent, self.index = NO_TRACE, None, None
        self.writes += 1

    def _root(self) -> Any:
        root = self
        while root.window is not None:
            root = root.window[0]
        return root

    @property
    def flags(self) -> Any:
        self.refresh()
        return self.primal.flags if type(self) is Buffer else self.flags

    def _is_exported(self) -> bool:
        """Whether a plain array, held by others, shares this memory."""
        return any(ref() is not None for ref in self._root().index or ())

    def _refuse_exported(self) -> None:
        """Raise if a plain array shares this memory: it would not see traced values."""
        if self._is_exported():
            raise AliasError(
                explain(
                    "storing a traced value into an array whose memory somebody else holds, as a "
                    "plain array or matrix: it would not see it.",
                    "give the other one a copy, np.copy(y); or adopt its code too",
                )
            )

    def _written(self) -> None:
        self._root().writes += 1

    def copy(self, order: str = "C") -> Any:
        """As ``ndarray.copy``."""
        self.refresh()
        return Buffer(self.primal.copy(order)) if type(self) is Buffer else self.copy(order)

    def __copy__(self) -> Any:
        return self.copy()

    def view(self, *kind: Any) -> Any:
        """As ``ndarray.view``; another kind of view is a plain array."""
        self.refresh()
        if type(self) is not Buffer:
            return self.view(*kind)
        kind = tuple(getattr(k, "standing_for", k) for k in kind)
        part = self.primal.view(*kind)
        if type(part) is np.ndarray and part.dtype == self.dtype:
            return self[...]
        return self._export(part)

    def __deepcopy__(self, memo: Any) -> Any:
        return self.copy()

    # -- operations ---------------------------------------------------------------------------

    def apply(self, primitive: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
        args = [settled(arg) for arg in args]
        if any(isinstance(arg, Tracer) for arg in args):
            return apply(primitive, args, params)
        result = primitive.fun(*args, **params)
        if type(result) is np.ndarray and not result.flags.writeable:  # it views a snapshot
            result = result.copy("K")
        return buffered(result)

    def __getitem__(self, key: Any) -> Any:
        self.refresh()
        if type(self) is not Buffer:
            return self[key]
        key = _index(key)
        result = self.primal[key]
        if type(result) is not np.ndarray:
            return result
        return Buffer(result, (self, key, self.writes) if is_basic(key) else None)

    def take_index(self, key: Any) -> Any:
        return self[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        self.refresh()
        if type(self) is not Buffer:
            self[key] = value
            return
        key = _index(key)
        value = settled(as_array(value))
        if not self.primal.flags.writeable:
            raise ValueError("assignment destination is read-only")
        if not isinstance(value, Tracer):
            self.primal[key] = value
            self._written()
            return
        note_averted(STORING, STORE)
        self._refuse_exported()
        self._name(setitem(self, value, key=key))
        self.origin = Buffer.take_back
        self.run.alert |= WRITTEN
        if self.window is not None:  # plain writes so far are seen by all views already
            parent, look, _ = self.window
            self.window = parent, look, parent.writes
            self._write_through()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        targets = [x for x in kwargs.get("out", ()) if isinstance(x, Tracer)]
        if method == "at":
            targets.append(inputs[0])
        for target in targets:
            target.refresh()
        given = [x if any(x is t for t in targets) else settled(x) for x in inputs]
        if "where" in kwargs:
            kwargs["where"] = settled(kwargs["where"])
        if any(type(t) is not Buffer for t in targets) or any(map(_traced, given)):
            return call_ufunc(ufunc, method, given, kwargs)
        if "out" in kwargs:
            kwargs["out"] = tuple(map(elements, kwargs["out"]))
        result = getattr(ufunc, method)(*map(elements, given), **kwargs)
        for target in targets:
            target._written()
        return _returned(result, targets)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return call_with_buffers(func, args, kwargs, func in WRITERS)

    # -- numbers and plain arrays -------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        self.refresh()
        if type(self) is not Buffer:
            return self.__array__(dtype, copy)
        if copy or (dtype is not None and np.dtype(dtype) != self.dtype):
            return np.array(self.primal, dtype, copy=copy)
        return self._export()

    def _export(self, array: Any = None) -> Any:
        """An array of this memory that others may hold, and `array` if it is of another type."""
        memory = Memory(self.primal if array is None else array)
        root = self._root()
        if array is None or type(array) is np.ndarray:
            root.index = [*(root.index or ()), weakref.ref(memory)]
            return np.asarray(memory)
        root.index = [*(root.index or ()), weakref.ref(array)]
        return array

    def __getattr__(self, name: str) -> Any:  # strides, tobytes, ctypes, ...
        if name.startswith("__") or type(self) is not Buffer:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute {name!r}")
        return getattr(self.primal, name)

    def __repr__(self) -> str:
        self.refresh()
        return repr(self.primal) if type(self) is Buffer else repr(self)

    def __str__(self) -> str:
        self.refresh()
        return str(self.primal) if type(self) is Buffer else str(self)

    def __reduce_ex__(self, protocol: Any) -> Any:
        self.refresh()
        if type(self) is not Buffer:
            return self.__reduce_ex__(protocol)
        return self.primal.__reduce_ex__(protocol)


def _method(name: str) -> Callable[..., Any]:
    """The method of ndarrays, on the memory of a buffer."""

    def on_array(array: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(array, name)(*args, **kwargs)

    traced = getattr(ArrayTracer, name, None)

    if name in _VIEWING:
        _PURE_VIEWS.add(on_array)

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        self.refresh()
        if type(self) is not Buffer:
            return on_array(self, *args, **kwargs)
        return call_with_buffers(on_array, (self, *args), kwargs, name in _WRITING, traced)

    method.__name__ = name
    method.__doc__ = f"As ``ndarray.{name}``."
    return method


def _attribute(name: str) -> property:
    """The attribute of ndarrays that is a view."""

    def view(array: Any) -> Any:
        return getattr(array, name)

    _PURE_VIEWS.add(view)
    look = {"real": REAL, "imag": IMAG}.get(name, view)

    def get(self: Any) -> Any:
        self.refresh()
        if type(self) is not Buffer:
            return view(self)
        part = view(self.primal)
        return self if part is self.primal else Buffer(part, (self, look, self.writes))

    def put(self: Any, given: Any) -> None:
        value: Any = settled(as_array(given))
        if not isinstance(value, Tracer):
            get(self)[...] = value
        elif self.dtype.kind != "c":
            self[...] = value
        else:
            real: Any = value if name == "real" else self.real
            imag: Any = self.imag if name == "real" else value
            self[...] = real + 1j * imag

    return property(get, put if name in ("real", "imag") else None)


_WRITING = frozenset({"fill", "partition", "put", "sort"})
_VIEWING = frozenset({"diagonal", "ravel", "reshape", "squeeze", "swapaxes", "transpose"})
# Functions of which a view depends on shapes alone, not on values: they can be called again.
_PURE_VIEWS: set[Callable[..., Any]] = set(VIEWS)
for _name in dir(np.ndarray):
    if not _name.startswith("__") and _name not in (*Buffer.__dict__, "resize", "view"):
        if callable(getattr(np.ndarray, _name)):
            setattr(Buffer, _name, _method(_name))
        elif _name in ("T", "mT", "real", "imag"):
            setattr(Buffer, _name, _attribute(_name))
for _name in ("__float__", "__int__", "__complex__", "__index__"):

    def _number(self: Any, name: str = _name) -> Any:
        self.refresh()
        return getattr(self.primal if type(self) is Buffer else super(Buffer, self), name)()

    setattr(Buffer, _name, _number)


def buffered(result: Any) -> Any:
    """Arrays of floats or complex numbers as buffers, also in tuples and lists."""
    if type(result) is np.ndarray:
        return _as_buffer(result)
    if isinstance(result, (list, tuple)):
        return rebuilt(result, map(buffered, result))
    return result


def fresh(result: Any, args: Sequence[Any]) -> Any:
    """A result in which arrays that are new are buffers; what shares memory with `args` is not.

    Whoever holds a plain array would not see traced values in it.
    """
    if isinstance(result, (list, tuple)):
        return rebuilt(result, [fresh(part, args) for part in result])
    if type(result) is not np.ndarray:
        return result
    kind = _sharing(result, args)
    if kind is not None:
        return result if kind is np.ndarray else result.view(kind)
    return _as_buffer(result) if isinstance(owner_of(result), np.ndarray) else result


def _as_buffer(array: np.ndarray) -> Any:
    """A new array as a buffer; of integers, from which others are computed, as a source."""
    if not RUNNING.get() or not array.flags.writeable:
        return array
    if array.dtype.kind in "fc":
        return Buffer(array)
    return array.view(Buffer.source) if array.dtype.kind in "iub" and array.ndim else array


def _sharing(result: np.ndarray, args: Sequence[Any]) -> Any:
    """The type of the array in `args` that shares memory with `result`, ``None`` if none does."""
    for arg in args:
        kind = None
        if isinstance(arg, np.ndarray):
            kind = type(arg) if owner_of(result) is owner_of(arg) else None
        elif isinstance(arg, (list, tuple)):
            kind = _sharing(result, arg)
        if kind is not None:
            return kind
    return None


def call_with_buffers(
    func: Callable[..., Any],
    args: Sequence[Any],
    kwargs: dict[str, Any],
    writes: bool = False,
    traced: Callable[..., Any] | None = None,
) -> Any:
    """Call a function of NumPy, some of whose arguments are buffers or traced.

    `writes` says that it writes into its first argument; `traced` is what is called instead
    if an argument is traced.
    """
    if (func is np.real or func is np.imag) and len(args) == 1 and type(args[0]) is Buffer:
        return args[0].real if func is np.real else args[0].imag
    out = _out_position(func)
    targets = [kwargs.get("out"), args[0] if writes else None, *args[out : out + 1]]
    targets = [x for x in targets if isinstance(x, Tracer)]
    for target in targets:
        target.refresh()

    def settle(x: Any) -> Any:
        return x if any(x is t for t in targets) else settled(x)

    given = list(map(settle, args))
    named = {key: settle(x) for key, x in kwargs.items()}
    if takes_traced(given, named):
        return traced(*given, **named) if traced else call_function(func, given, named)
    result = func(*map(elements, args), **{key: elements(x) for key, x in kwargs.items()})
    buffers = [x for x in (*args, *kwargs.values()) if type(x) is Buffer]
    if result is None:  # it has written into its arguments
        for buffer in buffers:
            buffer._written()
        return None

    def again(*args: Any, **kwargs: Any) -> Any:
        return (traced if traced and holds_traced(args) else func)(*args, **kwargs)

    look: Any = again if func in _PURE_VIEWS else None
    if isinstance(result, (list, tuple)):
        parts = [
            _window(part, look and (lambda *a, k=k, **kw: look(*a, **kw)[k]), args, kwargs)
            for k, part in enumerate(result)
        ]
        return rebuilt(result, parts)
    return _window(result, look, args, kwargs)


@functools.cache
def _out_position(func: Callable[..., Any]) -> int:
    """Where ``out`` stands among the positional arguments of a function; beyond all if nowhere."""
    try:
        names = list(inspect.signature(func).parameters)
    except ValueError:
        names = []
    return names.index("out") if "out" in names else sys.maxsize - 1


def _window(part: Any, again: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
    """What a function of buffers returned: where it shares the memory of one, a view of that.

    `again` calls the function on what a buffer has become. Without it the view is known by
    where its elements stand.
    """
    if not isinstance(part, np.ndarray):
        return buffered(part)
    for where, arg in (*enumerate(args), *kwargs.items()):
        if type(arg) is not Buffer or owner_of(part) is not owner_of(arg.primal):
            continue
        if part is arg.primal:
            arg._written()  # it may have been given as ``out``
            return arg
        if type(part) is not np.ndarray or part.dtype != arg.dtype:
            return arg._export(part)
        if again is None:
            look: Any = Places(part, arg.primal)
        else:

            def look(parent: Any, where: Any = where) -> Any:
                return call_with(again, args, kwargs, where, parent)

        return Buffer(part, (arg, look, arg.writes))
    return fresh(part, args)


def _returned(result: Any, targets: Sequence[Any]) -> Any:
    """The result of a ufunc; where it is the memory of a buffer, that buffer."""
    if isinstance(result, tuple):
        return tuple(_returned(part, targets) for part in result)
    for target in targets:
        if type(target) is Buffer and result is target.primal:
            return target
    return result if targets else buffered(result)


def _traced(x: Any) -> bool:
    return isinstance(x, Tracer) and type(x) is not Buffer


def holds_traced(x: Any) -> bool:
    """Whether `x` is traced, or a list, tuple or object array with something traced inside."""
    if isinstance(x, Tracer):
        return type(x) is not Buffer
    if isinstance(x, (list, tuple)):
        return any(map(holds_traced, x))
    return not isinstance(x, (float, int)) and holds_tracers(x)


def takes_traced(args: Sequence[Any], kwargs: dict[str, Any]) -> bool:
    """Whether an argument of a call is traced, or holds something traced."""
    return any(map(holds_traced, args)) or any(map(holds_traced, kwargs.values()))


def settled(x: Any) -> Any:
    """A buffer as what it holds: an ndarray, or a traced array; also in lists and tuples."""
    if type(x) is Buffer:
        x.refresh()
        return x.snapshot() if type(x) is Buffer else x
    if type(x) is list or type(x) is tuple:
        return rebuilt(x, map(settled, x))
    return x


def elements(x: Any) -> Any:
    """The memory of a buffer; also in lists and tuples."""
    if type(x) is Buffer:
        return x.primal
    if type(x) is list or type(x) is tuple:
        return rebuilt(x, map(elements, x))
    return x


def _index(key: Any) -> Any:
    """An index with buffers in it as plain arrays."""
    return plain_key(elements(key))
