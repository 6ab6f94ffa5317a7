"""Hessians and what is made of them: forward mode over reverse mode, many directions at once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ..adoption import adopted
from ..engine.batching import Batched, BatchTrace
from ..errors import NotScalarError, UnsupportedArgumentError, describe, explain
from ..primitive import BATCHES, Tree
from .arguments import FLOAT64, Argnums, Call
from .blocks import (
    Leaves,
    basis,
    check_chunk_size,
    chunks,
    forward_blocks,
    is_simple,
    push_basis,
    refuse_kinds,
    unpacked,
)
from .forward import jvp
from .reverse import grad, value_and_gradient_at, vjp

HvpMode = Literal["forward-over-reverse", "reverse-over-forward", "reverse-over-reverse"]


def hessian(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    holomorphic: bool = False,
    *,
    chunk_size: int | None = None,
    adopt: Any = None,
) -> Callable[..., Any]:
    """The Hessian of a function with one number as its value, forward over reverse.

    Parameters
    ----------
    f, argnums, holomorphic, adopt
        As in `grad`.
    chunk_size : int, optional
        How many columns at once; see `jacobian`.

    Returns
    -------
    callable
        With `f`'s arguments; for one array an array of shape ``x.shape + x.shape``,
        symmetric to the last bit. For trees: the tree of the argument in itself.

    Raises
    ------
    NotScalarError
        As in `grad`.
    UnsupportedArgumentError
        Complex arguments without `holomorphic`, or the reverse.

    Notes
    -----
    The gradient, run on dual numbers whose tangents are all columns of a chunk: the operations
    of one Hessian-vector product, on arrays with one more axis. For products with a few
    vectors use `hvp`, for a sparse Hessian `sparse.hessian`. [Christianson 1992]

    Examples
    --------
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    f = adopted(f, adopt)
    check_chunk_size(chunk_size)

    plain = argnums == 0 and not holomorphic

    @functools.wraps(f)
    def hessian_of(*args: Any, **kwargs: Any) -> Any:
        if plain and len(args) == 1 and not kwargs and is_simple(args[0], chunk_size):
            h = push_basis(lambda x: value_and_gradient_at(f, x)[1], args[0])[1]
            n = args[0].size
            flat = h.reshape(n, n)
            return (0.5 * (flat + flat.T)).reshape(h.shape)
        leaves = Leaves(Call(f, argnums, args, kwargs))
        refuse_kinds(leaves.primals, holomorphic, "hessian")
        gradient = gradient_of(leaves, holomorphic)
        _, h = forward_blocks(gradient, leaves.primals, chunk_size)
        rows = range(len(h))
        symmetric = [
            [0.5 * (h[i][k] + _transposed(h[k][i], i, leaves)) for k in rows] for i in rows
        ]
        return leaves.argument_of([leaves.argument_of(row) for row in symmetric])

    return hessian_of


def gradient_of(leaves: Leaves, holomorphic: bool = False) -> Callable[..., list[Any]]:
    """The gradient as a list of leaves, of the leaves of the arguments."""

    def value(*xs: Any) -> Any:
        (y, *more) = leaves(*xs) or [None]
        if more or leaves.structure_out is not None:
            raise NotScalarError(
                explain(
                    f"hessian needs a function with one number as its value; this one returned {len(more) + 1} leaves.",
                    "sum or select one number in the function, or use jacobian",
                )
            )
        return y

    if len(leaves.primals) == 1:
        of_one = grad(value, holomorphic=holomorphic)
        return lambda x: [of_one(x)]
    of_all = grad(value, tuple(range(len(leaves.primals))), holomorphic=holomorphic)
    return lambda *xs: list(of_all(*xs))


def _transposed(block: Any, i: int, leaves: Leaves) -> Any:
    """The block with the axes of the input leaf `i`, which come last, in front."""
    last = leaves.primals[i].ndim
    return np.moveaxis(block, range(block.ndim - last, block.ndim), range(last))


def hessian_diagonal(
    f: Callable[..., Any],
    argnums: int | str = 0,
    *,
    chunk_size: int | None = None,
    adopt: Any = None,
) -> Callable[..., Any]:
    """The diagonal of the Hessian: second derivatives along each coordinate.

    Parameters
    ----------
    f : callable
        Returns one real number.
    argnums : int or str
        The argument to differentiate: one array.
    chunk_size : int, optional
        How many coordinates at once; see `jacobian`.
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.

    Returns
    -------
    callable
        With `f`'s arguments; returns ``d2f / dx_i^2``, in the shape of the argument.

    Raises
    ------
    NotScalarError
        The value is not one number.
    NotDifferentiableError, NoRuleError
        As in `jvp`.

    Notes
    -----
    Forward over forward mode, all coordinates of a chunk at once: ``x.size`` directions, no tape
    and no matrix. Where the Hessian is sparse ``sparse.hessian(f)(x).diagonal()`` needs only
    as many directions as colours. [Griewank & Walther 2008, ch. 13]

    Examples
    --------
    >>> hessian_diagonal(lambda x: x[0] ** 3 * x[1] ** 2)(np.array([1.0, 2.0]))
    array([24.,  2.])
    """
    f = adopted(f, adopt)
    check_chunk_size(chunk_size)

    @functools.wraps(f)
    def diagonal_of(*args: Any, **kwargs: Any) -> Any:
        leaves = Leaves(Call(f, argnums, args, kwargs))
        refuse_kinds(leaves.primals, False, "hessian_diagonal")
        if len(leaves.primals) != 1:
            raise UnsupportedArgumentError(
                explain(
                    f"hessian_diagonal of an argument with {len(leaves.primals)} leaves.",
                    "give one array, or take hessian of the tree",
                )
            )
        (x,) = leaves.primals
        pieces = []
        for part in chunks(x.size, x.size, chunk_size):
            trace = BatchTrace(part.stop - part.start)
            try:
                dx = Batched(basis(x, part), trace)
                second = jvp(lambda x, dx=dx: jvp(leaves, (x,), (dx,))[1], (x,), (dx,))[1]
                pieces.append(_one_number(second, trace))
            finally:
                trace.close()
        found = np.concatenate(pieces) if pieces else np.zeros(0, x.dtype)
        return np.reshape(found, x.shape)

    return diagonal_of


def _one_number(dys: list[Any], trace: BatchTrace) -> Any:
    if len(dys) != 1 or np.shape(dys[0]) != ():
        found = describe(dys[0]) if len(dys) == 1 else f"{len(dys)} leaves"
        raise NotScalarError(
            explain(
                f"a Hessian needs a function with one number as its value; this one returned {found}.",
                "sum or select one number in the function, or use jacobian",
            )
        )
    return unpacked(dys[0], trace, trace.size)


def laplacian(
    f: Callable[..., Any],
    argnums: int | str = 0,
    *,
    chunk_size: int | None = None,
    adopt: Any = None,
) -> Callable[..., Any]:
    """The Laplacian: the sum of all second derivatives along coordinates.

    Parameters
    ----------
    f, argnums, chunk_size, adopt
        As in `hessian_diagonal`.

    Returns
    -------
    callable
        With `f`'s arguments; returns one number, ``sum_i d2f / dx_i^2``.

    Raises
    ------
    NotScalarError, NotDifferentiableError, NoRuleError
        As in `hessian_diagonal`.

    Examples
    --------
    >>> print(laplacian(lambda x: np.sum(x**4))(np.array([1.0, 2.0])))
    60.0
    """
    diagonal = hessian_diagonal(f, argnums, chunk_size=chunk_size, adopt=adopt)

    @functools.wraps(f)
    def laplacian_of(*args: Any, **kwargs: Any) -> Any:
        return np.sum(diagonal(*args, **kwargs))

    return laplacian_of


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
