"""Jacobians, Hessians and Hessian-vector products: the two modes in loops and nestings."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np

from .. import tree
from ..adoption import adopted
from ..engine.batching import BATCHES
from ..errors import UnsupportedArgumentError, explain
from ..primitive import Tree, primal_of
from .arguments import FLOAT64, Argnums, Call, zeros_like
from .forward import jvp
from .recording import Recording, typed
from .reverse import grad, value_and_gradient_at, vjp

HvpMode = Literal["forward-over-reverse", "reverse-over-forward", "reverse-over-reverse"]


def _basis(x: Any) -> Any:
    """The standard basis of arrays like `x`, one after another."""
    for k in range(x.size):
        e = np.zeros(x.size, x.dtype)
        e[k] = 1
        yield e.reshape(x.shape)[()]


def _refuse_kinds(
    values: Sequence[Any], primals: Sequence[Any], holomorphic: bool, name: str
) -> None:
    complex_in = any(x.dtype.kind == "c" for x in primals)
    if complex_in != holomorphic:
        raise UnsupportedArgumentError(
            explain(
                f"{name} with {'complex' if complex_in else 'real'} arguments and holomorphic={holomorphic}.",
                "say holomorphic=True for a holomorphic function of complex arguments, and only "
                "then; otherwise differentiate with respect to real and imaginary parts",
            )
        )
    if (
        not holomorphic
        and name == "jacrev"
        and any(np.asarray(primal_of(v)).dtype.kind == "c" for v in values)
    ):
        raise UnsupportedArgumentError(
            explain(
                "jacrev of a complex result.",
                "use jacfwd, or split the result into real and imaginary parts",
            )
        )


def jacfwd(
    f: Callable[..., Any], argnums: Argnums = 0, holomorphic: bool = False, *, adopt: Any = None
) -> Callable[..., Any]:
    """The Jacobian by forward mode: one push an input.

    Parameters
    ----------
    f : callable
        Returns a tree of arrays.
    argnums : int, str, or sequence of them
    holomorphic : bool
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.

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
    f = adopted(f, adopt)

    @functools.wraps(f)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        call = Call(f, argnums, args, kwargs)
        recording = Recording(lambda *values: call.run(values), call.selected(), call.describe)
        _refuse_kinds(recording.values, recording.primals, holomorphic, "jacfwd")
        blocks: list[list[Any]] = [[] for _ in recording.values]
        for k, x in enumerate(recording.primals):
            columns: list[list[Any]] = [[] for _ in recording.values]
            for e in _basis(x):
                tangents = [e if j == k else zeros_like(z) for j, z in enumerate(recording.primals)]
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
        return np.zeros(shape, np.result_type(typed(v).dtype, x.dtype))
    return np.stack(columns, axis=-1).reshape(shape)


def jacrev(
    f: Callable[..., Any], argnums: Argnums = 0, holomorphic: bool = False, *, adopt: Any = None
) -> Callable[..., Any]:
    """The Jacobian by reverse mode: one pull an output.

    Parameters
    ----------
    f, argnums, holomorphic, adopt
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
    f = adopted(f, adopt)

    @functools.wraps(f)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        call = Call(f, argnums, args, kwargs)
        recording = Recording(lambda *values: call.run(values), call.selected(), call.describe)
        _refuse_kinds(recording.values, recording.primals, holomorphic, "jacrev")
        blocks = []
        for k, v in enumerate(map(typed, recording.values)):
            rows: list[list[Any]] = [[] for _ in recording.primals]
            for e in _basis(v):
                cts = [e if j == k else None for j in range(len(recording.values))]
                for row, ct in zip(rows, recording.pull(cts), strict=True):
                    row.append(ct)
            leaves = [
                np.stack(row).reshape(v.shape + x.shape)
                if row
                else np.zeros(v.shape + x.shape, x.dtype)
                for row, x in zip(rows, recording.primals, strict=True)
            ]
            blocks.append(call.results(recording.arguments(leaves)))
        return tree.unflatten(recording.structure_out, blocks)

    return jacobian


def hessian(
    f: Callable[..., Any], argnums: Argnums = 0, holomorphic: bool = False, *, adopt: Any = None
) -> Callable[..., Any]:
    """The Hessian of a function with one number as its value, forward over reverse.

    Parameters
    ----------
    f, argnums, holomorphic, adopt
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
    f = adopted(f, adopt)
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
    f: Callable[..., Any],
    x: Tree,
    v: Tree,
    *args: Any,
    mode: HvpMode = "forward-over-reverse",
    adopt: Any = None,
    **kwargs: Any,
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
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.

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
    f = adopted(f, adopt)

    def g(x: Tree) -> Any:
        return f(x, *args, **kwargs)

    if mode == "forward-over-reverse":
        if type(x) is np.ndarray and x.dtype is FLOAT64 and not BATCHES.get():
            return jvp(lambda x: value_and_gradient_at(g, x)[1], (x,), (v,))[1]
        return jvp(grad(g), (x,), (v,))[1]
    if mode == "reverse-over-forward":
        return grad(lambda x: jvp(g, (x,), (v,))[1])(x)
    if mode == "reverse-over-reverse":
        return vjp(grad(g), x)[1](v)[0]
    raise UnsupportedArgumentError(
        explain(f"hvp has no mode {mode!r}.", f"choose one of {', '.join(HvpMode.__args__)}")
    )  # type: ignore[attr-defined]
