"""Arguments in, results out: what is differentiated, and how it goes back to the caller."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from .. import tree
from ..adoption import ACTIVE, as_data, begin_run, end_run
from ..engine.nesting import enter, leave
from ..errors import (
    STORE,
    STORING,
    ConcreteValueError,
    DualrevError,
    LeakedTracerError,
    NotDifferentiableError,
    StructureError,
    UnsupportedArgumentError,
    describe,
    explain,
    or_adopt,
)
from ..fronts.packing import as_array
from ..primitive import BATCHES, RUNNING, Trace, Tracer, Tree, is_final, primal_of
from ..source import STAND_INS, Source

Argnums = int | str | Sequence[int | str]
FLOAT64 = np.dtype(np.float64)


def differentiable(x: Any, what: str) -> Any:
    """`x` as an array that has tangents: kinds of float and complex kept, integers promoted."""
    if isinstance(x, Tracer):
        return x.as_variable()
    if type(x) is not np.ndarray:
        if type(x) is float:
            return np.float64(x)
        if type(x) is int:
            return np.float64(x)
        x = np.asarray(as_array(x) if isinstance(x, (np.matrix, np.ma.MaskedArray)) else x)
        if x.ndim == 0 and x.dtype.kind != "O":
            x = x[()]
    kind = x.dtype.kind
    if kind == "f" or kind == "c":
        return x
    if kind in "iu":
        return x.astype(np.float64)
    if kind == "O":
        packed = as_array(x)
        if isinstance(packed, Tracer):
            return packed
    raise NotDifferentiableError(
        explain(
            f"{what} cannot be differentiated: it is {describe(x)}.",
            "give real or complex numbers; pass flags, text and other options as arguments that "
            "are not differentiated (`argnums`), by keyword, or in a closure",
        )
    )


# What NumPy says when it was given objects that it cannot compute with.
_OF_OBJECTS = (
    "has no callable",
    "('O')",
    "object_",
    "NPY_ITER_REFS_OK",
    "ufunc 'is",
    "ufunc 'divmod'",
    "non-numeric array",
)


def run_user(f: Callable[..., Any], args: Sequence[Any]) -> Any:
    """``f(*args)``; where NumPy hid one of our errors behind its own, ours is raised."""
    data = begin_run() if ACTIVE and not RUNNING.get() else None
    token = RUNNING.set(True)
    stand_ins = STAND_INS.set({}) if data is not None else None
    try:
        return f(*args)
    except (ValueError, TypeError, IndexError, SystemError) as error:
        cause = error.__cause__
        if "Error setting single item" in str(error):  # of ``y.flat``
            cause = ConcreteValueError(
                explain(f"{STORING} would lose its derivative.", or_adopt(STORE), error)
            )
        while cause is not None and not isinstance(cause, DualrevError):
            cause = cause.__cause__
        if cause is not None:
            raise cause from None
        if not isinstance(error, IndexError) and any(sign in str(error) for sign in _OF_OBJECTS):
            raise UnsupportedArgumentError(
                explain(
                    "NumPy was given a list or an array of objects with traced numbers in it, and did not ask dualrev.",
                    "make one array of it first: np.array([...], like=x), or np.stack([...])",
                    error,
                )
            ) from error
        raise
    finally:
        RUNNING.reset(token)
        if data is not None and stand_ins is not None:
            STAND_INS.reset(stand_ins)
            end_run(data)


def output(y: Any) -> Any:
    """A leaf of a result, as one array: object arrays of traced scalars are packed."""
    if isinstance(y, Tracer):
        y.refresh()
        if y.batched:
            y.run.refuse_if_closed()
        return y if y.run.level else y.snapshot()
    if type(y) is Source or (isinstance(y, np.ndarray) and y.dtype.kind == "O"):
        y = as_array(y)
    if getattr(getattr(y, "dtype", None), "kind", "") == "O":  # a sparse matrix of traced values
        raise UnsupportedArgumentError(
            explain(
                f"the function returned {describe(y)}, which holds objects and would lose derivatives.",
                "return arrays of numbers; of a sparse matrix return what is computed with it",
            )
        )
    return y


def tangent_like(dx: Any, x: Any, what: str) -> Any:
    """`dx` checked and converted to a tangent, or cotangent, of `x`."""
    shape, dtype = x.shape, x.dtype
    if is_final(dx):
        dx = dx.as_variable()
        dx = dx[()] if dx.ndim == 0 and isinstance(dx, np.ndarray) else dx
    elif not isinstance(dx, Tracer):
        dx = np.asarray(dx)
        if dx.dtype.kind not in "fciub":
            raise NotDifferentiableError(explain(f"{what} is {describe(dx)}.", "give numbers"))
    if dx.shape != shape:
        raise StructureError(
            explain(
                f"{what} has shape {dx.shape}, but must have the shape {shape} of what it belongs to.",
                "give it the same shape; broadcast it yourself if that is what you mean",
            )
        )
    if dx.dtype != dtype:
        if dx.dtype.kind == "c" and dtype.kind != "c":
            raise StructureError(
                explain(
                    f"{what} is complex, but what it belongs to is {dtype}.",
                    "give its real part, or a complex argument",
                )
            )
        dx = dx.astype(dtype)
    return dx[()] if type(dx) is np.ndarray and dx.ndim == 0 else dx


def unshared(value: Any) -> Any:
    if isinstance(value, Tracer):
        return value.snapshot()
    return value.copy("K") if type(value) is np.ndarray else value


def zeros_like(x: Any) -> Any:
    dtype = x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype
    return np.zeros(np.shape(x), dtype if dtype.kind in "fc" else np.float64)[()]


_OWN = (lambda a: getrefcount(a))(np.empty(1))


def fresh(ct: Any) -> Any:
    """`ct` as an array that nobody else holds: callers may keep it and write to it."""
    if isinstance(ct, Tracer):
        return ct.snapshot()
    if type(ct) is np.ndarray and (
        ct.base is not None or not ct.flags.owndata or getrefcount(ct) > _OWN + 2
    ):
        return ct.copy()
    return ct


class Call:
    """A call of `f` with some arguments selected for differentiation."""

    __slots__ = ("args", "f", "kwargs", "many", "names")

    def __init__(
        self, f: Callable[..., Any], argnums: Argnums, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.f = f
        self.args = args
        self.kwargs = kwargs
        single = not isinstance(argnums, (tuple, list))
        self.many = not single
        names: Any = (argnums,) if single else argnums
        self.names = [self._place(name) for name in names]
        if len(set(self.names)) < len(self.names):
            raise StructureError(
                explain(f"argnums={argnums!r} names an argument twice.", "name each argument once")
            )

    def _place(self, name: int | str) -> int | str:
        """Where the argument is in this call: a position, or a keyword."""
        if isinstance(name, np.integer):
            name = int(name)
        if isinstance(name, bool) or not isinstance(name, (int, str)):
            raise StructureError(
                explain(
                    f"argnums={name!r} is neither a position nor a name.",
                    "give an int, a string, or a sequence of them",
                )
            )
        if isinstance(name, str):
            if name in self.kwargs:
                return name
            try:
                parameters = list(inspect.signature(self.f).parameters)
            except ValueError:
                parameters = []
            if name in parameters and parameters.index(name) < len(self.args):
                return parameters.index(name)
        elif -len(self.args) <= name < len(self.args):
            return name % len(self.args)
        function = getattr(self.f, "__name__", "the function")
        raise StructureError(
            explain(
                f"argnums names argument {name!r}, which this call of {function} does not have "
                f"({len(self.args)} positional, keywords {sorted(self.kwargs)}).",
                "name a position counted from 0, or an argument by its name, and pass it in the call",
            )
        )

    def selected(self) -> list[Any]:
        return [self.args[n] if isinstance(n, int) else self.kwargs[n] for n in self.names]

    def run(self, values: Sequence[Any]) -> Any:
        args = list(map(as_data, self.args))
        kwargs = {key: as_data(x) for key, x in self.kwargs.items()}
        for name, value in zip(self.names, values, strict=True):
            if isinstance(name, int):
                args[name] = value
            else:
                kwargs[name] = value
        return self.f(*args, **kwargs)

    def describe(self, k: int) -> str:
        name = self.names[k]
        return f"argument {name}" if isinstance(name, int) else f"argument {name!r}"

    def results(self, values: Sequence[Any]) -> Any:
        return tuple(values) if self.many else values[0]


def split_aux(y: Any, has_aux: bool, trace: Trace) -> tuple[Any, Any]:
    if not has_aux:
        return y, None
    if not (isinstance(y, tuple) and len(y) == 2):
        raise StructureError(
            explain(
                f"with has_aux=True the function must return (value, aux), but it returned {describe(y)}.",
                "return a tuple of two",
            )
        )
    return y[0], tree.map_leaves(lambda leaf: primal_at(leaf, trace), y[1])


def primal_at(leaf: Any, trace: Trace) -> Any:
    leaf = output(leaf)
    if not isinstance(leaf, Tracer):
        return leaf
    if leaf.run is trace:
        return unshared(leaf.primal)
    if leaf.batched:
        inner = enter(leaf, BATCHES.get())
        if isinstance(inner, Tracer) and inner.run is trace:
            return leave(unshared(inner.primal), BATCHES.get())
        if holds(leaf, trace):
            raise LeakedTracerError(
                explain(
                    "a derivative inside of vmap is taken in another thread, which does not know "
                    "of the batch.",
                    "run it as contextvars.copy_context().run(f), or take the derivative outside of "
                    "vmap",
                )
            )
    return leaf.snapshot()


def holds(x: Any, trace: Trace) -> bool:
    """Whether there is a tracer of `trace` under `x`."""
    while isinstance(x, Tracer):
        if x.run is trace:
            return True
        x = x.primal
    return False


def by_position(k: int) -> str:
    return f"argument {k}"


def stop_gradient(x: Tree) -> Tree:
    """`x` as a constant: its value, and no derivative of any order.

    Parameters
    ----------
    x : tree of arrays

    Returns
    -------
    tree of arrays
        Plain arrays with the values of `x`.

    Examples
    --------
    >>> print(grad(lambda x: x * stop_gradient(x))(3.0))
    3.0
    """
    return tree.map_leaves(lambda leaf: unshared(primal_of(output(leaf))), x)
