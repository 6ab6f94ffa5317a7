"""Reverse mode: `vjp`, `grad`, `value_and_grad`; one sweep back along a tape."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..adoption import adopted
from ..engine.reverse import Node, Tape
from ..errors import NotDifferentiableError, explain
from ..primitive import BATCHES, Tracer, Tree, is_finite
from .arguments import FLOAT64, Argnums, Call, by_position, run_user, tangent_like, zeros_like
from .recording import Recording, leaf_cotangent, typed, unit_seed


def vjp(
    f: Callable[..., Any], *primals: Tree, has_aux: bool = False, adopt: Any = None
) -> tuple[Any, ...]:
    """Value and pullback: ``y = f(x)`` and the map ``ct -> ct J(x)``.

    Parameters
    ----------
    f : callable
        Takes ``len(primals)`` trees of arrays, returns a tree of arrays. Plain NumPy.
    *primals : tree of array_like
        The point ``x``; any shapes.
    has_aux : bool
        Whether `f` returns ``(y, aux)``; ``aux`` is not differentiated.
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.

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
    recording = Recording(adopted(f, adopt), primals, by_position, has_aux, lasting=True)

    def pullback(ct: Tree) -> tuple[Tree, ...]:
        leaves = tree.leaves_like(
            recording.structure_out, ct, "the cotangent", "the function's value"
        )
        cts = [
            tangent_like(c, typed(v), "the cotangent")
            for c, v in zip(leaves, recording.values, strict=True)
        ]
        return tuple(recording.arguments(recording.pull(cts)))

    return (recording.value, pullback, recording.aux) if has_aux else (recording.value, pullback)


def value_and_grad(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    *,
    adopt: Any = None,
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
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.

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
    f = adopted(f, adopt)
    plain = argnums == 0 and not has_aux and not holomorphic

    @functools.wraps(f)
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        if plain and not kwargs and len(args) == 1 and not BATCHES.get():
            x = args[0]
            if (type(x) is np.ndarray or isinstance(x, Tracer)) and x.dtype is FLOAT64:
                return value_and_gradient_at(f, x)
        call = Call(f, argnums, args, kwargs)
        recording = Recording(
            lambda *values: call.run(values), call.selected(), call.describe, has_aux
        )
        seed = unit_seed(recording, holomorphic, "grad")
        if holomorphic and any(x.dtype.kind != "c" for x in recording.primals):
            raise NotDifferentiableError(
                explain(
                    "holomorphic=True needs complex arguments.",
                    "give complex arguments, or leave out holomorphic",
                )
            )
        leaves = recording.pull((seed,), free=True)
        if not all(map(is_finite, leaves)) and is_finite(recording.values[0]):
            recording = Recording(
                lambda *values: call.run(values), call.selected(), call.describe, has_aux
            )
            leaves = recording.pull((seed,))
        gradient = call.results(recording.arguments(leaves))
        value = recording.values[0]
        return ((value, recording.aux), gradient) if has_aux else (value, gradient)

    return value_and_gradient


_ONE = np.float64(1.0)


def value_and_gradient_at(f: Callable[..., Any], x: Any) -> tuple[Any, Any]:
    """The common case, one array of doubles, without ceremony."""
    tape = Tape()
    recording = None
    if isinstance(x, Tracer):
        x = x.snapshot()
    try:
        tape.records.append(None)
        y = run_user(f, (Node(x, tape, 0),))
        if tape.alert and isinstance(y, Tracer):
            y.refresh()
        if not (
            type(y) is Node and y.run is tape and y.primal.shape == () and y.primal.dtype is FLOAT64
        ):
            recording = Recording.__new__(Recording)
            recording.tape, recording.primals, recording.batches = tape, [x], ()
            recording.structure_in = [None]
            recording.finish(y)  # packs lists of traced scalars; what has no gradient is refused
    finally:
        tape.close()
    if recording is not None:
        ct = recording.pull((unit_seed(recording, False, "grad"),), free=True)[0]
        return recording.values[0], ct
    (ct,) = tape.sweep_back({y.index: _ONE}, (0,), free=True)
    if ct is None:
        return y.primal, zeros_like(x)
    # A sum of squares is finite if all are, or overflows; then the elements are looked at.
    calm = type(ct) is np.ndarray and ct.ndim > 0 and ct.size < 1000 and np.vdot(ct, ct) < np.inf
    if not calm and not is_finite(ct) and is_finite(y.primal):  # a nan that is masked out?
        recording = Recording(f, (x,), by_position)
        return y.primal, recording.pull((_ONE,))[0]
    return y.primal, leaf_cotangent(ct, x)


def grad(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    *,
    adopt: Any = None,
) -> Callable[..., Any]:
    """The gradient of a function whose value is one number, by one sweep of reverse mode.

    Parameters
    ----------
    f, argnums, has_aux, holomorphic, adopt
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
    array([-400., 1002., -200.])
    >>> g = grad(lambda x, scale: scale * x**2, argnums=("x", "scale"))(3.0, scale=2.0)
    >>> print(*g)
    12.0 9.0
    """
    f = adopted(f, adopt)
    both = value_and_grad(f, argnums, has_aux, holomorphic)
    plain = argnums == 0 and not has_aux and not holomorphic

    @functools.wraps(f)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        if plain and len(args) == 1 and not kwargs and not BATCHES.get():
            (x,) = args
            if type(x) is np.ndarray and x.dtype is FLOAT64:
                return value_and_gradient_at(f, x)[1]
        value, result = both(*args, **kwargs)
        return (result, value[1]) if has_aux else result

    return gradient
