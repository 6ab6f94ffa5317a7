"""The transformations: functions that turn functions into their derivatives.

All of them stand on two sweeps: duals that run along with the function (`jvp`), and a
tape that is walked back (`vjp`) or forward again (`linearize`). Nesting them gives any
order: `hvp` is `jvp` of `grad`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import Any, Literal

import numpy as np

from . import tree
from .engine.forward import Dual
from .engine.reverse import Node, Tape
from .errors import (
    DualrevError,
    NotDifferentiableError,
    NotScalarError,
    StructureError,
    UnsupportedArgumentError,
    describe,
    explain,
)
from .numpy.packing import as_array
from .primitive import Array, Trace, Tracer, Tree, primal_of

Argnums = int | str | Sequence[int | str]
HvpMode = Literal["forward-over-reverse", "reverse-over-forward", "reverse-over-reverse"]

# -- arguments in, results out ----------------------------------------------------------


def _differentiable(x: Any, what: str) -> Any:
    """`x` as an array that has tangents: kinds of float and complex kept, integers promoted."""
    if isinstance(x, Tracer):
        return x.snapshot()
    if type(x) is not np.ndarray:
        if type(x) is float:
            return np.float64(x)
        if type(x) is int:
            return np.float64(x)
        x = np.asarray(x)
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


def _run(f: Callable[..., Any], args: Sequence[Any]) -> Any:
    """``f(*args)``; where NumPy hid one of our errors behind its own, ours is raised."""
    try:
        return f(*args)
    except (ValueError, TypeError, IndexError) as error:
        if isinstance(error.__cause__, DualrevError):
            raise error.__cause__ from None
        raise


def _output(y: Any) -> Any:
    """A leaf of a result, as one array: object arrays of traced scalars are packed."""
    if isinstance(y, Tracer):
        y.refresh()
        return y
    if isinstance(y, np.ndarray) and y.dtype.kind == "O":
        return as_array(y)
    return y


def _tangent_like(dx: Any, x: Any, what: str) -> Any:
    """`dx` checked and converted to a tangent, or cotangent, of `x`."""
    shape, dtype = x.shape, x.dtype
    if not isinstance(dx, Tracer):
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
                explain(f"{what} is complex, but what it belongs to is {dtype}.", "give its real part, or a complex argument")
            )
        dx = dx.astype(dtype)
    return dx[()] if type(dx) is np.ndarray and dx.ndim == 0 else dx


def _unshared(value: Any) -> Any:
    if isinstance(value, Tracer):
        return value.snapshot()
    return value.copy() if type(value) is np.ndarray else value


def _zeros_like(x: Any) -> Any:
    dtype = x.dtype if hasattr(x, "dtype") else np.asarray(x).dtype
    return np.zeros(np.shape(x), dtype if dtype.kind in "fc" else np.float64)[()]


_OWN = (lambda a: getrefcount(a))(np.empty(1))


def _fresh(ct: Any) -> Any:
    """`ct` as an array that nobody else holds: callers may keep it and write to it."""
    if type(ct) is np.ndarray and (ct.base is not None or not ct.flags.owndata or getrefcount(ct) > _OWN + 2):
        return ct.copy()
    return ct


class _Call:
    """A call of `f` with some arguments selected for differentiation."""

    __slots__ = ("args", "f", "kwargs", "many", "names")

    def __init__(self, f: Callable[..., Any], argnums: Argnums, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.f = f
        self.args = args
        self.kwargs = kwargs
        self.many = not isinstance(argnums, (int, str))
        self.names = [self._place(n) for n in (argnums if self.many else (argnums,))]  # type: ignore[union-attr]

    def _place(self, name: int | str) -> int | str:
        """Where the argument is in this call: a position, or a keyword."""
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
        args, kwargs = list(self.args), dict(self.kwargs)
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


def _split_aux(y: Any, has_aux: bool, trace: Trace) -> tuple[Any, Any]:
    if not has_aux:
        return y, None
    if not (isinstance(y, tuple) and len(y) == 2):
        raise StructureError(
            explain(f"with has_aux=True the function must return (value, aux), but it returned {describe(y)}.", "return a tuple of two")
        )
    return y[0], tree.map_leaves(lambda leaf: _primal(leaf, trace), y[1])


def _primal(leaf: Any, trace: Trace) -> Any:
    leaf = _output(leaf)
    return leaf.primal if isinstance(leaf, Tracer) and leaf.run is trace else leaf


# -- one tape ---------------------------------------------------------------------------


class _Recording:
    """One run of a function on a tape: its value, and the way back."""

    __slots__ = ("aux", "counts", "inputs", "outputs", "primals", "structure_in", "structure_out", "tape", "values")

    def __init__(
        self,
        f: Callable[..., Any],
        arguments: Sequence[Any],
        what: Callable[[int], str],
        has_aux: bool = False,
        lasting: bool = False,
    ) -> None:
        """Run `f`; a `lasting` recording is safe from later writes to the caller's arrays."""
        tape = self.tape = Tape()
        self.primals, self.counts, self.structure_in = [], [], []
        nodes = []
        try:
            for k, argument in enumerate(arguments):
                leaves, structure = tree.flatten(argument)
                primals = [_differentiable(leaf, what(k)) for leaf in leaves]
                if lasting:
                    primals = [p.copy() if p is leaf and type(p) is np.ndarray else p for p, leaf in zip(primals, leaves, strict=True)]
                self.primals += primals
                self.counts.append(len(primals))
                self.structure_in.append(structure)
                nodes.append(tree.unflatten(structure, [tape.variable(p) for p in primals]))
            y = _run(f, nodes)
            self._finish(tape, y, has_aux)
        finally:
            tape.close()

    def _finish(self, tape: Tape, y: Any, has_aux: bool) -> None:
        self.inputs = range(len(self.primals))
        y, self.aux = _split_aux(y, has_aux, tape)
        leaves, self.structure_out = tree.flatten(y)
        self.outputs = [_output(leaf) for leaf in leaves]
        self.values = [_primal(leaf, tape) for leaf in self.outputs]

    @property
    def value(self) -> Any:
        """The function's value, as arrays that the caller may write to."""
        return tree.unflatten(self.structure_out, [_unshared(v) for v in self.values])

    def pull(self, cts: Sequence[Any], free: bool = False) -> list[Any]:
        """Cotangents of the input leaves from those of the output leaves."""
        seeds: dict[int, Any] = {}
        for out, ct in zip(self.outputs, cts, strict=True):
            index = self.tape.position(out)
            if index is not None and ct is not None:
                seeds[index] = ct if index not in seeds else seeds[index] + ct
        found = self.tape.sweep_back(seeds, self.inputs, free)
        return [
            _zeros_like(x) if ct is None else _leaf_cotangent(ct, x)
            for ct, x in zip(found, self.primals, strict=True)
        ]

    def push(self, tangents: Sequence[Any]) -> list[Any]:
        """Tangents of the output leaves from those of the input leaves."""
        wanted = [self.tape.position(out) for out in self.outputs]
        found = self.tape.sweep_forward(dict(zip(self.inputs, tangents, strict=True)), [w for w in wanted if w is not None])
        return [
            _zeros_like(v) if w is None or found[w] is None else found[w]
            for w, v in zip(wanted, self.values, strict=True)
        ]

    def arguments(self, leaves: Sequence[Any]) -> list[Any]:
        """Leaves of all arguments, put back into the arguments' trees."""
        leaves = list(leaves)
        out, start = [], 0
        for count, structure in zip(self.counts, self.structure_in, strict=True):
            out.append(tree.unflatten(structure, leaves[start : start + count]))
            start += count
        return out


def _leaf_cotangent(ct: Any, x: Any) -> Any:
    if ct.dtype != x.dtype:
        ct = ct.real if ct.dtype.kind == "c" and x.dtype.kind != "c" else ct
        ct = ct.astype(x.dtype)
    if type(ct) is np.ndarray and ct.ndim == 0:
        return ct[()]
    return _fresh(ct)


def _scalar(recording: _Recording, holomorphic: bool, name: str) -> Any:
    """The one real number (complex if `holomorphic`) that a gradient needs."""
    values = recording.values
    if recording.structure_out is not None or np.shape(values[0]) != ():
        found = repr(recording.structure_out) if recording.structure_out is not None else describe(values[0])
        raise NotScalarError(
            explain(
                f"{name} needs a function with one number as its value; this one returned {found}.",
                "sum or select one number in the function; for all derivatives of an array use "
                "jacrev or jacfwd; for extra results return (value, aux) with has_aux=True",
            )
        )
    dtype = values[0].dtype if hasattr(values[0], "dtype") else np.asarray(values[0]).dtype
    if dtype.kind == "c" and not holomorphic:
        raise NotScalarError(
            explain(
                f"{name} needs a real value; this function returned {dtype}.",
                "return a real number such as abs(z)**2 or z.real, or say holomorphic=True if the "
                "function is holomorphic",
            )
        )
    if holomorphic and dtype.kind != "c":
        raise NotScalarError(
            explain(f"holomorphic=True needs a complex value; this function returned {dtype}.", "leave out holomorphic, or give complex arguments")
        )
    if dtype.kind not in "fc":
        return np.float64(1.0)
    return dtype.type(1)


# -- reverse mode -----------------------------------------------------------------------


def vjp(f: Callable[..., Any], *primals: Tree, has_aux: bool = False) -> tuple[Any, ...]:
    """Value and pullback: ``y = f(x)`` and the map ``ct -> ct J(x)``.

    Parameters
    ----------
    f : callable
        Takes ``len(primals)`` trees of arrays, returns a tree of arrays. Plain NumPy.
    *primals : tree of array_like
        The point ``x``; any shapes.
    has_aux : bool
        Whether `f` returns ``(y, aux)``; ``aux`` is not differentiated.

    Returns
    -------
    y : tree of arrays
    pullback : callable
        Takes a cotangent of `y` (same tree, shapes; units [output]/[y]) and returns a
        tuple with a cotangent for each argument. May be called any number of times.
    aux : tree
        Only with `has_aux`.

    Raises
    ------
    NotDifferentiableError
        An argument is boolean, text or an object.
    NoRuleError
        `f` calls a function without a derivative rule.
    StructureError
        The cotangent does not match `y` (from the pullback).

    Notes
    -----
    One run of `f` on a tape; each call of the pullback costs about 2-3 evaluations of
    `f`, for any number of inputs. The tape keeps what the rules need of the
    intermediate values alive as long as the pullback lives. [Griewank & Walther 2008,
    sec. 3.2]

    Examples
    --------
    >>> y, pullback = vjp(np.sin, 0.0)
    >>> print(y, *pullback(2.0))
    0.0 2.0
    """
    recording = _Recording(f, primals, _argument, has_aux, lasting=True)

    def pullback(ct: Tree) -> tuple[Tree, ...]:
        leaves = tree.leaves_like(recording.structure_out, ct, "the cotangent", "the function's value")
        cts = [_tangent_like(c, _typed(v), "the cotangent") for c, v in zip(leaves, recording.values, strict=True)]
        return tuple(recording.arguments(recording.pull(cts)))

    return (recording.value, pullback, recording.aux) if has_aux else (recording.value, pullback)


def _typed(v: Any) -> Any:
    """`v` with a shape and an inexact dtype, for what is checked against it."""
    if hasattr(v, "dtype") and v.dtype.kind in "fc":
        return v
    return _zeros_like(v)


def value_and_grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Callable[..., Any]:
    """A function that returns the value of `f` and its gradient, for the price of one sweep.

    Parameters
    ----------
    f : callable
        Returns one real number (complex with `holomorphic`), or ``(value, aux)``.
    argnums : int, str, or sequence of them
        The arguments to differentiate, by position or by name; a sequence gives a tuple
        of gradients.
    has_aux : bool
        Whether `f` returns ``(value, aux)``.
    holomorphic : bool
        Whether `f` is a holomorphic function of complex arguments.

    Returns
    -------
    callable
        With `f`'s arguments; returns ``(value, gradient)``, or ``((value, aux), gradient)``.
        The gradient has the tree, shapes and dtypes of the arguments, and units
        [value]/[argument].

    Raises
    ------
    NotScalarError
        The value is not one number, or is complex without `holomorphic`.
    NotDifferentiableError, NoRuleError, StructureError
        As in `vjp`.

    Notes
    -----
    Cost: one run of `f` on a tape and one sweep, at most about five times the arithmetic
    of `f` however many inputs there are [Griewank & Walther 2008, sec. 3.3]. For a real
    function of complex ``z = x + iy`` the gradient is ``dL/dx - i dL/dy``, as in JAX;
    the direction of steepest ascent is its conjugate.

    Examples
    --------
    >>> value, gradient = value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    >>> print(value, gradient)
    5.0 [2. 4.]
    """

    plain = argnums == 0 and not has_aux and not holomorphic

    @functools.wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        if plain and not kwargs and len(args) == 1:
            x = args[0]
            if type(x) is np.ndarray and x.dtype is _FLOAT64:
                return _value_and_gradient(f, x)
        call = _Call(f, argnums, args, kwargs)
        recording = _Recording(lambda *values: call.run(values), call.selected(), call.describe, has_aux)
        seed = _scalar(recording, holomorphic, "grad")
        if holomorphic and any(x.dtype.kind != "c" for x in recording.primals):
            raise NotDifferentiableError(
                explain("holomorphic=True needs complex arguments.", "give complex arguments, or leave out holomorphic")
            )
        gradient = call.results(recording.arguments(recording.pull((seed,), free=True)))
        value = recording.values[0]
        return ((value, recording.aux), gradient) if has_aux else (value, gradient)

    return value_and_gradient


_FLOAT64 = np.dtype(np.float64)
_ONE = np.float64(1.0)


def _value_and_gradient(f: Callable[..., Any], x: np.ndarray) -> tuple[Any, Any]:
    """The common case, one array of doubles, without ceremony."""
    tape = Tape()
    try:
        y = _run(f, (tape.variable(x),))
        if isinstance(y, Tracer):
            y.refresh()
    finally:
        tape.close()
    if type(y) is Node and y.run is tape and y.primal.shape == () and y.primal.dtype is _FLOAT64:
        (ct,) = tape.sweep_back({y.index: _ONE}, (0,), free=True)
        if type(ct) is np.ndarray:
            return y.primal, _fresh(ct)
    else:
        recording = _Recording.__new__(_Recording)
        recording.tape, recording.primals, recording.counts, recording.structure_in = tape, [x], [1], [None]
        recording._finish(tape, y, False)  # packs object arrays; refuses what has no gradient
        ct = recording.pull((_scalar(recording, False, "grad"),), free=True)[0]
        return recording.values[0], ct
    return y.primal, _zeros_like(x) if ct is None else _leaf_cotangent(ct, x)


def _argument(k: int) -> str:
    return f"argument {k}"


def grad(
    f: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False
) -> Callable[..., Any]:
    """The gradient of a function whose value is one number, by one sweep of reverse mode.

    Parameters
    ----------
    f, argnums, has_aux, holomorphic
        As in `value_and_grad`.

    Returns
    -------
    callable
        With `f`'s arguments; returns the gradient, or ``(gradient, aux)`` with `has_aux`.

    Raises
    ------
    NotScalarError, NotDifferentiableError, NoRuleError, StructureError
        As in `value_and_grad`.

    Notes
    -----
    Cost as in `value_and_grad`. `grad` nests: ``grad(grad(f))`` is the second derivative.

    Examples
    --------
    >>> def f(x):
    ...     return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    >>> grad(f)(np.array([1.0, 2.0, 3.0]))
    array([-400., -202., -200.])
    >>> g = grad(lambda x, scale: scale * x**2, argnums=("x", "scale"))(3.0, scale=2.0)
    >>> print(*g)
    12.0 9.0
    """
    both = value_and_grad(f, argnums, has_aux, holomorphic)

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        value, result = both(*args, **kwargs)
        return (result, value[1]) if has_aux else result

    return gradient


# -- forward mode -----------------------------------------------------------------------


def jvp(f: Callable[..., Any], primals: Sequence[Tree], tangents: Sequence[Tree], has_aux: bool = False) -> tuple[Any, ...]:
    """Value and directional derivative: ``y = f(x)`` and ``dy = J(x) dx``.

    Parameters
    ----------
    f : callable
        Takes ``len(primals)`` trees of arrays, returns a tree of arrays. Plain NumPy.
    primals : sequence of trees of array_like
        The point ``x``; any shapes.
    tangents : sequence of trees of array_like
        The direction ``dx``; trees, shapes and units of `primals`.
    has_aux : bool
        Whether `f` returns ``(y, aux)``.

    Returns
    -------
    y : tree of arrays
    dy : tree of arrays
        Tree, shapes and units of `y`.
    aux : tree
        Only with `has_aux`.

    Raises
    ------
    StructureError
        `tangents` does not match `primals`.
    NotDifferentiableError, NoRuleError
        As in `vjp`.

    Notes
    -----
    Cost: about 2-3 evaluations of `f`; no tape is kept. One direction a call: for a
    gradient use `grad`. [Griewank & Walther 2008, sec. 3.1]

    Examples
    --------
    >>> y, dy = jvp(np.sin, (0.0,), (2.0,))
    >>> print(y, dy)
    0.0 2.0
    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise StructureError(
            explain(
                f"jvp takes primals and tangents as tuples, one entry an argument of the function; got "
                f"{describe(primals)} and {describe(tangents)}.",
                "write jvp(f, (x,), (dx,))",
            )
        )
    if len(primals) != len(tangents):
        raise StructureError(explain(f"jvp got {len(primals)} primals and {len(tangents)} tangents.", "give one tangent an argument"))
    if len(primals) == 1 and not has_aux:
        x, dx = primals[0], tangents[0]
        if type(x) is type(dx) is np.ndarray and x.dtype is dx.dtype is _FLOAT64 and x.shape == dx.shape:
            return _jvp(f, x, dx)
    trace = Trace()
    try:
        duals = []
        for k, (x, dx) in enumerate(zip(primals, tangents, strict=True)):
            leaves, structure = tree.flatten(x)
            xs = [_differentiable(leaf, f"argument {k}") for leaf in leaves]
            dxs = tree.leaves_like(structure, dx, f"tangents[{k}]", f"primals[{k}]")
            dxs = [_tangent_like(d, p, f"tangents[{k}]") for d, p in zip(dxs, xs, strict=True)]
            duals.append(tree.unflatten(structure, [Dual(p, d, trace) for p, d in zip(xs, dxs, strict=True)]))
        y, aux = _split_aux(_run(f, duals), has_aux, trace)
        values, dy = _duals_apart(y, trace)
    finally:
        trace.close()
    return (values, dy, aux) if has_aux else (values, dy)


def _jvp(f: Callable[..., Any], x: np.ndarray, dx: np.ndarray) -> tuple[Any, Any]:
    """The common case, one array of doubles, without ceremony."""
    trace = Trace()
    try:
        return _duals_apart(_run(f, (Dual(x, dx, trace),)), trace)
    finally:
        trace.close()


def _duals_apart(y: Tree, trace: Trace) -> tuple[Tree, Tree]:
    """A tree of duals as the tree of their primals and the tree of their tangents."""
    if type(y) is Dual and y.run is trace:
        y.refresh()
        return y.primal, _fresh(y.tangent)
    outputs, structure = tree.flatten(y)
    outputs = [_output(leaf) for leaf in outputs]
    mine = [isinstance(leaf, Dual) and leaf.run is trace for leaf in outputs]
    values = tree.unflatten(structure, [leaf.primal if m else leaf for leaf, m in zip(outputs, mine, strict=True)])
    dy = tree.unflatten(structure, [_fresh(leaf.tangent) if m else _zeros_like(leaf) for leaf, m in zip(outputs, mine, strict=True)])
    return values, dy


class Linearization:
    """The linear map ``J(x)`` of a function at a point: ``push`` and its transpose ``pull``.

    Made by `linearize`; calling it is `push`.
    """

    __slots__ = ("_recording",)

    def __init__(self, recording: _Recording) -> None:
        self._recording = recording

    def push(self, *tangents: Tree) -> Tree:
        """``J dx``: tangents of the arguments to a tangent of the value."""
        recording = self._recording
        if len(tangents) != len(recording.structure_in):
            raise StructureError(
                explain(f"this linearization takes {len(recording.structure_in)} tangents, got {len(tangents)}.", "give one tangent an argument")
            )
        leaves = []
        for k, (structure, dx) in enumerate(zip(recording.structure_in, tangents, strict=True)):
            leaves += tree.leaves_like(structure, dx, f"tangent {k}", f"argument {k}")
        checked = [_tangent_like(d, x, "a tangent") for d, x in zip(leaves, recording.primals, strict=True)]
        return tree.unflatten(recording.structure_out, [_fresh(d) for d in recording.push(checked)])

    __call__ = push

    def pull(self, ct: Tree) -> tuple[Tree, ...]:
        """``ct J``: a cotangent of the value to cotangents of the arguments."""
        recording = self._recording
        leaves = tree.leaves_like(recording.structure_out, ct, "the cotangent", "the function's value")
        cts = [_tangent_like(c, _typed(v), "the cotangent") for c, v in zip(leaves, recording.values, strict=True)]
        return tuple(recording.arguments(recording.pull(cts)))


def linearize(f: Callable[..., Any], *primals: Tree) -> tuple[Tree, Linearization]:
    """Value and linearization: ``y = f(x)`` and the linear map ``dx -> J(x) dx``.

    Parameters
    ----------
    f : callable
    *primals : tree of array_like
        The point ``x``.

    Returns
    -------
    y : tree of arrays
    linearization : Linearization
        A callable: ``linearization(*tangents)`` is the JVP at `primals`, without another
        run of `f`. Its `pull` is the VJP.

    Raises
    ------
    NotDifferentiableError, NoRuleError
        As in `vjp`.

    Notes
    -----
    One run of `f` on a tape; each product then costs only the linear operations. Better
    than `jvp` for many directions at one point.

    Examples
    --------
    >>> y, linear = linearize(lambda x: x**2, np.array([1.0, 2.0]))
    >>> linear(np.array([1.0, 10.0]))
    array([ 2., 40.])
    """
    recording = _Recording(f, primals, _argument, lasting=True)
    return recording.value, Linearization(recording)


def derivative(f: Callable[..., Any], argnums: int | str = 0) -> Callable[..., Any]:
    """The derivative of a function of one number, or elementwise of an array.

    Parameters
    ----------
    f : callable
        A function of a scalar (with any result), or an elementwise function of an array.
    argnums : int or str
        The argument to differentiate.

    Returns
    -------
    callable
        With `f`'s arguments; returns ``df/dx`` in the shape of the result.

    Raises
    ------
    StructureError
        The argument is an array and the result has another shape: then `f` is not
        elementwise.

    Notes
    -----
    Forward mode, about 2-3 evaluations of `f`. Nests: ``derivative(derivative(f))``.

    Examples
    --------
    >>> derivative(derivative(np.sin))(np.array([0.0, np.pi / 2]))
    array([-0., -1.])
    """

    @functools.wraps(f)
    def derived(*args: Any, **kwargs: Any) -> Any:
        call = _Call(f, argnums, args, kwargs)
        (x,) = call.selected()
        x = _differentiable(as_array(x), call.describe(0))
        y, dy = jvp(lambda x: call.run((x,)), (x,), (np.ones(x.shape, x.dtype)[()],))
        if x.shape != () and (not hasattr(y, "shape") or y.shape != x.shape):
            raise StructureError(
                explain(
                    f"derivative of an array is elementwise, but the argument has shape {x.shape} and the result is {describe(y)}.",
                    "use grad for a function with one number as its value, jacfwd or jacrev for a Jacobian",
                )
            )
        return dy

    return derived


# -- Jacobians and Hessians -------------------------------------------------------------


def _basis(x: Any) -> Any:
    """The standard basis of arrays like `x`, one after another."""
    for k in range(x.size):
        e = np.zeros(x.size, x.dtype)
        e[k] = 1
        yield e.reshape(x.shape)[()]


def _refuse_kinds(values: Sequence[Any], primals: Sequence[Any], holomorphic: bool, name: str) -> None:
    complex_in = any(x.dtype.kind == "c" for x in primals)
    if complex_in != holomorphic:
        raise UnsupportedArgumentError(
            explain(
                f"{name} with {'complex' if complex_in else 'real'} arguments and holomorphic={holomorphic}.",
                "say holomorphic=True for a holomorphic function of complex arguments, and only "
                "then; otherwise differentiate with respect to real and imaginary parts",
            )
        )
    if not holomorphic and name == "jacrev" and any(np.asarray(primal_of(v)).dtype.kind == "c" for v in values):
        raise UnsupportedArgumentError(
            explain("jacrev of a complex result.", "use jacfwd, or split the result into real and imaginary parts")
        )


def jacfwd(f: Callable[..., Any], argnums: Argnums = 0, holomorphic: bool = False) -> Callable[..., Any]:
    """The Jacobian by forward mode: one push an input.

    Parameters
    ----------
    f : callable
        Returns a tree of arrays.
    argnums : int, str, or sequence of them
    holomorphic : bool

    Returns
    -------
    callable
        With `f`'s arguments; returns, for one array in and one array out, an array of
        shape ``y.shape + x.shape``. For trees: the tree of the value, each leaf replaced
        by the tree of the argument (a tuple for several `argnums`).

    Raises
    ------
    UnsupportedArgumentError
        Complex arguments without `holomorphic`, or the reverse.

    Notes
    -----
    `f` runs once; each of the ``x.size`` columns then costs about one evaluation of `f`.
    Better than `jacrev` if there are fewer inputs than outputs.

    Examples
    --------
    >>> jacfwd(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    @functools.wraps(f)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        call = _Call(f, argnums, args, kwargs)
        recording = _Recording(lambda *values: call.run(values), call.selected(), call.describe)
        _refuse_kinds(recording.values, recording.primals, holomorphic, "jacfwd")
        blocks: list[list[Any]] = [[] for _ in recording.values]
        for k, x in enumerate(recording.primals):
            columns: list[list[Any]] = [[] for _ in recording.values]
            for e in _basis(x):
                tangents = [e if j == k else _zeros_like(z) for j, z in enumerate(recording.primals)]
                for column, dy in zip(columns, recording.push(tangents), strict=True):
                    column.append(dy)
            for block, column, v in zip(blocks, columns, recording.values, strict=True):
                block.append(_stack_last(column, v, x))
        return tree.unflatten(
            recording.structure_out, [call.results(recording.arguments(block)) for block in blocks]
        )

    return jacobian


def _stack_last(columns: list[Any], v: Any, x: Any) -> Any:
    shape = np.shape(v) + x.shape
    if not columns:
        return np.zeros(shape, np.result_type(_typed(v).dtype, x.dtype))
    return np.stack(columns, axis=-1).reshape(shape)


def jacrev(f: Callable[..., Any], argnums: Argnums = 0, holomorphic: bool = False) -> Callable[..., Any]:
    """The Jacobian by reverse mode: one pull an output.

    Parameters
    ----------
    f, argnums, holomorphic
        As in `jacfwd`.

    Returns
    -------
    callable
        As in `jacfwd`.

    Raises
    ------
    UnsupportedArgumentError
        Complex arguments without `holomorphic`, or a complex result.

    Notes
    -----
    `f` runs once; each of the ``y.size`` rows then costs about 2-3 evaluations of `f`.
    Better than `jacfwd` if there are fewer outputs than inputs.

    Examples
    --------
    >>> jacrev(lambda x: np.cumsum(x))(np.array([1.0, 2.0]))
    array([[1., 0.],
           [1., 1.]])
    """

    @functools.wraps(f)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        call = _Call(f, argnums, args, kwargs)
        recording = _Recording(lambda *values: call.run(values), call.selected(), call.describe)
        _refuse_kinds(recording.values, recording.primals, holomorphic, "jacrev")
        blocks = []
        for k, v in enumerate(map(_typed, recording.values)):
            rows: list[list[Any]] = [[] for _ in recording.primals]
            for e in _basis(v):
                cts = [e if j == k else None for j in range(len(recording.values))]
                for row, ct in zip(rows, recording.pull(cts), strict=True):
                    row.append(ct)
            leaves = [
                np.stack(row).reshape(v.shape + x.shape) if row else np.zeros(v.shape + x.shape, x.dtype)
                for row, x in zip(rows, recording.primals, strict=True)
            ]
            blocks.append(call.results(recording.arguments(leaves)))
        return tree.unflatten(recording.structure_out, blocks)

    return jacobian


def hessian(f: Callable[..., Any], argnums: Argnums = 0, holomorphic: bool = False) -> Callable[..., Any]:
    """The Hessian of a function with one number as its value, forward over reverse.

    Parameters
    ----------
    f, argnums, holomorphic
        As in `grad`.

    Returns
    -------
    callable
        With `f`'s arguments; for one array an array of shape ``x.shape + x.shape``,
        symmetric to the last bit. For trees: the tree of the argument in itself.

    Raises
    ------
    NotScalarError
        As in `grad`.

    Notes
    -----
    Cost: one gradient recorded on a tape, then one push an input, about the cost of a
    gradient each. For products with a few vectors use `hvp`.

    Examples
    --------
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    second = jacfwd(grad(f, argnums, holomorphic=holomorphic), argnums, holomorphic)

    @functools.wraps(f)
    def hessian_of(*args: Any, **kwargs: Any) -> Any:
        h = second(*args, **kwargs)
        if type(h) is np.ndarray and h.ndim and h.ndim % 2 == 0:
            half = h.ndim // 2
            h = 0.5 * (h + h.transpose(*range(half, h.ndim), *range(half)))
        return h

    return hessian_of


def hvp(
    f: Callable[..., Any], x: Tree, v: Tree, *args: Any, mode: HvpMode = "forward-over-reverse", **kwargs: Any
) -> Tree:
    """The Hessian-vector product ``H(x) v``, without the Hessian.

    Parameters
    ----------
    f : callable
        ``f(x, *args, **kwargs)``, one real number.
    x : tree of array_like
        The point.
    v : tree of array_like
        The direction; tree and shapes of `x`.
    mode : {"forward-over-reverse", "reverse-over-forward", "reverse-over-reverse"}
        How the two derivatives nest. The first is the fastest and needs the least memory.

    Returns
    -------
    tree of arrays
        Like `x`; units [f]/[x]^2 [v].

    Raises
    ------
    NotScalarError, StructureError, NotDifferentiableError, NoRuleError
        As in `grad` and `jvp`.

    Notes
    -----
    Cost: 2-3 gradients, however many inputs [Pearlmutter 1994; Griewank & Walther 2008,
    sec. 5.4]. For many products at one point keep ``linearize(grad(f), x)``.

    Examples
    --------
    >>> hvp(lambda x: np.sum(x**3), np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    """

    def g(x: Tree) -> Any:
        return f(x, *args, **kwargs)

    if mode == "forward-over-reverse":
        return jvp(grad(g), (x,), (v,))[1]
    if mode == "reverse-over-forward":
        return grad(lambda x: jvp(g, (x,), (v,))[1])(x)
    if mode == "reverse-over-reverse":
        return vjp(grad(g), x)[1](v)[0]
    raise UnsupportedArgumentError(explain(f"hvp has no mode {mode!r}.", f"choose one of {', '.join(HvpMode.__args__)}"))  # type: ignore[attr-defined]


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
    return tree.map_leaves(lambda leaf: primal_of(_output(leaf)), x)
