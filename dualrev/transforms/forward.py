"""Forward mode: `jvp` and `derivative`; duals that run along with the function."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..adoption import adopted
from ..engine.forward import Dual
from ..engine.nesting import enter, leave
from ..errors import StructureError, describe, explain
from ..fronts.packing import as_array
from ..primitive import BATCHES, Trace, Tracer, Tree
from .arguments import (
    FLOAT64,
    Call,
    differentiable,
    fresh,
    output,
    primal_at,
    run_user,
    split_aux,
    tangent_like,
    unshared,
    zeros_like,
)


def jvp(
    f: Callable[..., Any],
    primals: Sequence[Tree],
    tangents: Sequence[Tree],
    has_aux: bool = False,
    *,
    adopt: Any = None,
) -> tuple[Any, ...]:
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
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.

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
        raise StructureError(
            explain(
                f"jvp got {len(primals)} primals and {len(tangents)} tangents.",
                "give one tangent an argument",
            )
        )
    f = adopted(f, adopt)
    if len(primals) == 1 and not has_aux:
        x, dx = primals[0], tangents[0]
        if (
            type(x) is type(dx) is np.ndarray
            and x.dtype is dx.dtype is FLOAT64
            and x.shape == dx.shape
            and not BATCHES.get()
        ):
            return _jvp(f, x, dx)
    trace = Trace()
    batches = BATCHES.get()
    try:
        duals = []
        for k, (x, dx) in enumerate(zip(primals, tangents, strict=True)):
            leaves, structure = tree.flatten(x)
            xs = [differentiable(leaf, f"argument {k}") for leaf in leaves]
            dxs = tree.leaves_like(structure, dx, f"tangents[{k}]", f"primals[{k}]")
            dxs = [tangent_like(d, p, f"tangents[{k}]") for d, p in zip(dxs, xs, strict=True)]
            pairs = [
                Dual(enter(p, batches), enter(d, batches), trace)
                for p, d in zip(xs, dxs, strict=True)
            ]
            duals.append(tree.unflatten(structure, [leave(dual, batches) for dual in pairs]))
        y, aux = split_aux(run_user(f, duals), has_aux, trace)
        values, dy = duals_apart(y, trace)
    finally:
        trace.close()
    return (values, dy, aux) if has_aux else (values, dy)


def _jvp(f: Callable[..., Any], x: np.ndarray, dx: np.ndarray) -> tuple[Any, Any]:
    """The common case, one array of doubles, without ceremony."""
    trace = Trace()
    try:
        return duals_apart(run_user(f, (Dual(x, dx, trace),)), trace)
    finally:
        trace.close()


def duals_apart(y: Tree, trace: Trace) -> tuple[Tree, Tree]:
    """A tree of duals as the tree of their primals and the tree of their tangents."""
    if type(y) is Dual and y.run is trace:
        y.refresh()
        primal = y.primal
        return unshared(primal), fresh(y.tangent)
    outputs, structure = tree.flatten(y)
    outputs = [output(leaf) for leaf in outputs]
    values = tree.unflatten(structure, [primal_at(leaf, trace) for leaf in outputs])
    return values, tree.unflatten(structure, [_tangent_at(leaf, trace) for leaf in outputs])


def _tangent_at(leaf: Any, trace: Trace) -> Any:
    if isinstance(leaf, Tracer) and leaf.batched:
        batches = BATCHES.get()
        inner = enter(leaf, batches)
        if type(inner) is Dual and inner.run is trace:
            return leave(fresh(inner.tangent), batches)
    if type(leaf) is Dual and leaf.run is trace:
        return fresh(leaf.tangent)
    return zeros_like(leaf)


def derivative(
    f: Callable[..., Any], argnums: int | str = 0, *, adopt: Any = None
) -> Callable[..., Any]:
    """The derivative of a function of one number, or elementwise of an array.

    Parameters
    ----------
    f : callable
        A function of a scalar (with any result), or an elementwise function of an array.
    argnums : int or str
        The argument to differentiate.
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.

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
    f = adopted(f, adopt)

    @functools.wraps(f)
    def derived(*args: Any, **kwargs: Any) -> Any:
        call = Call(f, argnums, args, kwargs)
        (x,) = call.selected()
        x = differentiable(as_array(x), call.describe(0))
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
