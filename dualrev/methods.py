"""What ndarrays have by name: attributes and methods, on a traced array.

Each is the NumPy function of the same name; those that give views give views here too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .aliasing import VIEWS, with_windows
from .errors import (
    AliasError,
    ConcreteValueError,
    UnsupportedArgumentError,
    explain,
)
from .fronts import FUNCTIONS
from .fronts.keywords import deliver
from .primitive import NORM_OF, Tracer, primal_of
from .rules import elementwise as ew


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    """The ndarray method that does what a NumPy function does."""
    front = FUNCTIONS[function]
    view = function in VIEWS

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if view:
            return with_windows(function, (self, *args), kwargs)
        return front(self, *args, **kwargs)

    method.__name__ = function.__name__
    method.__doc__ = f"As ``ndarray.{function.__name__}``; differentiable."
    return method


def _constant_method(name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(self, Tracer):
            self.refresh()
        return getattr(primal_of(self), name)(*map(primal_of, args), **kwargs)

    method.__name__ = name
    method.__doc__ = f"As ``ndarray.{name}``; the result is plain, its derivative is zero."
    return method


def _plain_only(name: str) -> Callable[..., Any]:
    """What hands out the memory of an array, from which a derivative cannot come back."""

    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise ConcreteValueError(
            explain(
                f"ndarray.{name} of a traced value would lose its derivative.",
                f"say dr.stop_gradient(x).{name} if a constant is meant",
            )
        )

    method.__name__ = name
    return method


def _unsupported(name: str, instead: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        raise UnsupportedArgumentError(
            explain(f"ndarray.{name} of a traced array is not supported.", instead)
        )

    method.__name__ = name
    return method


class _Flags:
    """The flags of a traced array: to be read."""

    def __init__(self, flags: Any) -> None:
        object.__setattr__(self, "_flags", flags)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._flags, name)

    def __getitem__(self, name: str) -> Any:
        return self._flags[name]

    def __setattr__(self, name: str, value: Any) -> None:
        raise AliasError(explain("the flags of a traced array cannot be set.", "leave it out"))

    def __setitem__(self, name: str, value: Any) -> None:
        self.__setattr__(name, value)

    def __repr__(self) -> str:
        return repr(self._flags)


class ArrayMethods(Tracer):
    """Attributes and methods of ndarrays; `ArrayTracer` adds operators, items and protocols."""

    __slots__ = ()

    # -- what kind of array -------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self.primal.shape  # type: ignore[no-any-return]

    @shape.setter
    def shape(self, shape: Any) -> None:
        raise AliasError(
            explain(
                "the shape of a traced array cannot be assigned to.", "write y = y.reshape(shape)"
            )
        )

    @property
    def dtype(self) -> Any:
        return self.primal.dtype

    @property
    def ndim(self) -> int:
        return self.primal.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        return self.primal.size  # type: ignore[no-any-return]

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize  # type: ignore[no-any-return]

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    @property
    def flags(self) -> Any:
        return _Flags(np.asarray(self.memory()).flags)

    @property
    def base(self) -> Any:
        """What this is a view of, ``None`` if it is none."""
        found = self
        while found.window is not None and found.window[1] is not NORM_OF:
            found = found.window[0]
        return None if found is self else found

    # -- methods ------------------------------------------------------------------------

    @property
    def T(self) -> Any:
        return with_windows(np.transpose, (self,), {})

    @property
    def mT(self) -> Any:
        return with_windows(np.swapaxes, (self, -1, -2), {})

    @property
    def real(self) -> Any:
        return with_windows(np.real, (self,), {})

    @real.setter
    def real(self, value: Any) -> None:
        self[...] = value if self.dtype.kind != "c" else value + 1j * self.imag

    @property
    def imag(self) -> Any:
        return with_windows(np.imag, (self,), {})

    @imag.setter
    def imag(self, value: Any) -> None:
        self[...] = self.real + 1j * value

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> Any:
        """As ``ndarray.reshape``; differentiable."""
        to = shape[0] if len(shape) == 1 else shape
        return with_windows(np.reshape, (self, to), {"order": order, "copy": copy})

    def transpose(self, *axes: Any) -> Any:
        """As ``ndarray.transpose``; differentiable."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes
        return with_windows(np.transpose, (self, order or None), {})

    def flatten(self, order: str = "C") -> Any:
        """As ``ndarray.flatten``: a copy; differentiable."""
        return self.reshape(-1, order=order).copy()  # type: ignore[no-any-return]

    def astype(
        self,
        dtype: Any,
        order: str = "K",
        casting: Any = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> Any:
        """As ``ndarray.astype``; to integers and booleans the result is plain."""
        if not np.can_cast(self.dtype, dtype, casting):
            raise TypeError(
                f"Cannot cast array data from {self.dtype!r} to {np.dtype(dtype)!r} "
                f"according to the rule '{casting}'"
            )
        return FUNCTIONS[np.astype](self, dtype, copy=copy)

    def copy(self, order: str = "C") -> Any:
        """As ``ndarray.copy``: the same value under a new name, which later writes do not reach."""
        memory = self.memory()
        if isinstance(memory, np.ndarray) and not memory.flags.c_contiguous:
            return FUNCTIONS[np.copy](self, order)
        return self.snapshot()

    def view(self, *kind: Any) -> Any:
        """As ``ndarray.view``, of the same kind: another name of the same elements."""
        same = [k is np.ndarray or (k is not None and np.dtype(k) == self.dtype) for k in kind]
        if not all(same):
            raise UnsupportedArgumentError(
                explain("a view of a traced array as another kind.", "use x.astype, x.real, x.imag")
            )
        return self[...]  # type: ignore[index]

    def fill(self, value: Any) -> None:
        """As ``ndarray.fill``."""
        self[...] = value

    def sort(self, axis: int = -1, kind: Any = None, order: Any = None, stable: Any = None) -> None:
        """As ``ndarray.sort``: in place."""
        self[...] = FUNCTIONS[np.sort](self, axis)

    def conjugate(self) -> Any:
        """As ``ndarray.conjugate``; differentiable. Real arrays are returned as they are."""
        if self.dtype.kind != "c":
            return self
        return self.apply1(ew.conjugate)

    conj = conjugate

    sum, prod, mean, var, std = map(_method, (np.sum, np.prod, np.mean, np.var, np.std))
    max, min, cumsum, cumprod = map(_method, (np.max, np.min, np.cumsum, np.cumprod))
    ravel, squeeze, swapaxes, repeat = map(_method, (np.ravel, np.squeeze, np.swapaxes, np.repeat))
    take, diagonal, clip, dot = map(_method, (np.take, np.diagonal, np.clip, np.dot))
    trace, put = map(_method, (np.trace, np.put))

    argmax, argmin, argsort, all, any, nonzero, searchsorted, argpartition = map(
        _constant_method,
        ("argmax", "argmin", "argsort", "all", "any", "nonzero", "searchsorted", "argpartition"),
    )

    def round(self, decimals: int = 0, out: Any = None) -> Any:
        """As ``ndarray.round``; the result is plain, its derivative is zero."""
        self.refresh()
        return deliver(np.round(primal_of(self), decimals), out)

    def compress(self, condition: Any, axis: int | None = None, out: Any = None) -> Any:
        """As ``ndarray.compress``; differentiable."""
        return FUNCTIONS[np.compress](condition, self, axis, out)

    # -- memory -------------------------------------------------------------------------

    @property
    def strides(self) -> tuple[int, ...]:
        return self.memory().strides  # type: ignore[no-any-return]

    device = "cpu"

    def partition(
        self, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None
    ) -> None:
        """As ``ndarray.partition``: in place."""
        self[...] = FUNCTIONS[np.partition](self, kth, axis, kind, order)

    choose, is_integer = map(_constant_method, ("choose", "is_integer"))
    tobytes, tofile, dump, dumps = map(_plain_only, ("tobytes", "tofile", "dump", "dumps"))
    as_integer_ratio, hex = map(_plain_only, ("as_integer_ratio", "hex"))  # of NumPy scalars
    data, ctypes = (property(_plain_only(name)) for name in ("data", "ctypes"))
    __dlpack__, __dlpack_device__ = map(_plain_only, ("__dlpack__", "__dlpack_device__"))
    __reduce_ex__ = _plain_only("__reduce_ex__")  # pickled it would be a constant elsewhere
    resize = _unsupported("resize", "write y = np.resize(x, shape), which makes a new array")
    byteswap = _unsupported("byteswap", "give arrays in native byte order")
    getfield = _unsupported("getfield", "use x.real, x.imag, x.astype")
    setfield = _unsupported("setfield", "write x.real = value, x[...] = value")
    setflags = _unsupported("setflags", "set flags of plain arrays before they are differentiated")
    to_device = _unsupported("to_device", "leave it out")
