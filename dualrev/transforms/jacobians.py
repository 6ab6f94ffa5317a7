"""Jacobians: a whole basis pushed or pulled in one sweep."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..adoption import adopted
from ..errors import UnsupportedArgumentError, explain
from ..primitive import Tree
from .arguments import Argnums, Call
from .blocks import (
    Leaves,
    check_chunk_size,
    forward_blocks,
    is_simple,
    push_basis,
    refuse_kinds,
    reverse_blocks,
)
from .hessians import hvp
from .linear import linearize
from .recording import Recording, typed

MODES = ("auto", "forward", "reverse")


def value_and_jacobian(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    holomorphic: bool = False,
    *,
    mode: str = "auto",
    chunk_size: int | None = None,
    adopt: Any = None,
) -> Callable[..., Any]:
    """A function that returns the value of `f` and its Jacobian.

    Parameters
    ----------
    f, argnums, holomorphic, mode, chunk_size, adopt
        As in `jacobian`.

    Returns
    -------
    callable
        With `f`'s arguments; returns ``(value, jacobian)``.

    Raises
    ------
    UnsupportedArgumentError
        As in `jacobian`.

    Examples
    --------
    >>> value, J = value_and_jacobian(lambda x: x[:2] * x[2])(np.array([1.0, 2.0, 3.0]))
    >>> print(value, J.tolist())
    [3. 6.] [[3.0, 0.0, 1.0], [0.0, 3.0, 2.0]]
    """
    f = adopted(f, adopt)
    check_chunk_size(chunk_size)
    if mode not in MODES:
        raise UnsupportedArgumentError(
            explain(f"jacobian has no mode {mode!r}.", f"choose one of {', '.join(MODES)}")
        )

    plain = argnums == 0 and not holomorphic
    forward_at: set[Any] = set()  # shapes at which forward mode has turned out to be cheaper

    @functools.wraps(f)
    def both(*args: Any, **kwargs: Any) -> Any:
        simple = plain and len(args) == 1 and not kwargs and is_simple(args[0], chunk_size)
        if simple and (mode == "forward" or args[0].shape in forward_at):
            return push_basis(f, args[0])
        leaves = Leaves(Call(f, argnums, args, kwargs))
        recording = None
        if mode != "forward":
            recording = Recording(leaves, leaves.primals, lambda k: "an argument")
            rows = sum(np.size(v) for v in recording.values)
            complex_out = any(typed(v).dtype.kind == "c" for v in recording.values)
            if mode == "reverse" or (
                rows * _ROW_COST <= sum(x.size for x in leaves.primals)
                and (holomorphic or not complex_out)
            ):
                refuse_kinds(leaves.primals, holomorphic, "jacrev")
                if complex_out and not holomorphic:
                    raise UnsupportedArgumentError(
                        explain(
                            "jacrev of a complex result.",
                            "use jacfwd, or split the result into real and imaginary parts",
                        )
                    )
                blocks = reverse_blocks(recording, chunk_size)
                return leaves.result_of(recording.value), leaves.result(blocks)
        refuse_kinds(leaves.primals, holomorphic, "jacfwd")
        if plain and mode == "auto" and len(leaves.primals) == 1:
            forward_at.add(leaves.primals[0].shape)
        values, blocks = forward_blocks(leaves, leaves.primals, chunk_size, recording)
        return leaves.result_of(values), leaves.result(blocks)

    return both


_ROW_COST = 1.5  # what a row costs by reverse mode, in columns by forward mode


def jacobian(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    holomorphic: bool = False,
    *,
    mode: str = "auto",
    chunk_size: int | None = None,
    adopt: Any = None,
) -> Callable[..., Any]:
    """The Jacobian, by forward or reverse mode, whichever has fewer directions.

    Parameters
    ----------
    f : callable
        Returns a tree of arrays.
    argnums : int, str, or sequence of them
    holomorphic : bool
        Whether `f` is a holomorphic function of complex arguments.
    mode : {"auto", "forward", "reverse"}
        "auto" takes forward mode unless the inputs outnumber the outputs by half.
    chunk_size : int, optional
        How many columns or rows at once. By default as many as make the arrays of a chunk some
        1 MB, which caches hold; memory grows with it.
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
        Complex arguments without `holomorphic`, or the reverse; an unknown mode.
    NoBatchRuleError
        A derivative needs an operation that cannot carry many directions at once.

    Notes
    -----
    All directions of a chunk in one sweep: the operations are those of one JVP, on arrays with
    one more axis. For a sparse Jacobian `sparse.jacobian` needs far fewer directions; for
    products alone `linearize` needs no Jacobian. [Griewank & Walther 2008, sec. 3.1-3.2]

    Examples
    --------
    >>> jacobian(lambda x: np.array([x[0] * x[1], np.sin(x[1])], like=x))(np.array([2.0, 0.0]))
    array([[0., 2.],
           [0., 1.]])
    """
    pair = value_and_jacobian(
        f, argnums, holomorphic, mode=mode, chunk_size=chunk_size, adopt=adopt
    )

    @functools.wraps(f)
    def jacobian_of(*args: Any, **kwargs: Any) -> Any:
        return pair(*args, **kwargs)[1]

    return jacobian_of


def jacfwd(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    holomorphic: bool = False,
    *,
    chunk_size: int | None = None,
    adopt: Any = None,
) -> Callable[..., Any]:
    """The Jacobian by forward mode: all columns in one run.

    Parameters
    ----------
    f, argnums, holomorphic, chunk_size, adopt
        As in `jacobian`.

    Returns
    -------
    callable
        As in `jacobian`.

    Raises
    ------
    UnsupportedArgumentError
        Complex arguments without `holomorphic`, or the reverse.

    Notes
    -----
    `f` runs once; ``x.size`` directions are pushed in all. Better than `jacrev` if there are
    fewer inputs than outputs.

    Examples
    --------
    >>> jacfwd(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    return jacobian(f, argnums, holomorphic, mode="forward", chunk_size=chunk_size, adopt=adopt)


def jacrev(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    holomorphic: bool = False,
    *,
    chunk_size: int | None = None,
    adopt: Any = None,
) -> Callable[..., Any]:
    """The Jacobian by reverse mode: all rows in one sweep.

    Parameters
    ----------
    f, argnums, holomorphic, chunk_size, adopt
        As in `jacobian`.

    Returns
    -------
    callable
        As in `jacobian`.

    Raises
    ------
    UnsupportedArgumentError
        Complex arguments without `holomorphic`, or a complex result.

    Notes
    -----
    `f` runs once on a tape; one sweep a chunk, with ``y.size`` directions in all. Better than
    `jacfwd` if there are fewer outputs than inputs.

    Examples
    --------
    >>> jacrev(lambda x: np.cumsum(x))(np.array([1.0, 2.0]))
    array([[1., 0.],
           [1., 1.]])
    """
    return jacobian(f, argnums, holomorphic, mode="reverse", chunk_size=chunk_size, adopt=adopt)


def gauss_newton_product(
    f: Callable[..., Any],
    x: Tree,
    v: Tree,
    loss: Callable[..., Any] | None = None,
    *,
    adopt: Any = None,
) -> Tree:
    """The Gauss-Newton product ``J^T L J v``, without the matrices.

    Parameters
    ----------
    f : callable
        ``f(x)``: residuals, or what `loss` is a function of.
    x : tree of array_like
        The point.
    v : tree of array_like
        The direction; tree and shapes of `x`.
    loss : callable, optional
        ``loss(f(x))``, one number; ``L`` is its Hessian. By default half the sum of squares, so
        that ``L`` is the identity.
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.

    Returns
    -------
    tree of arrays
        Like `x`. Positive semidefinite in `v` for a convex `loss`, which the Hessian is not.

    Raises
    ------
    StructureError, NotDifferentiableError, NoRuleError
        As in `vjp`.

    Notes
    -----
    One run of `f` on a tape, one sweep forward, one back [Schraudolph 2002, sec. 3].

    Examples
    --------
    >>> x, v = np.array([1.0, 2.0]), np.array([1.0, 0.0])
    >>> gauss_newton_product(lambda x: x**2, x, v)
    array([4., 0.])
    """
    y, linear = linearize(f, x, adopt=adopt)
    dy = linear.push(v)
    return linear.pull(dy if loss is None else hvp(loss, y, dy))[0]
