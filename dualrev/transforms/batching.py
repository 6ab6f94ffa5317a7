"""`vmap`: a function of one example made a function of many, in one run."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..adoption import adopted
from ..engine.batching import Batched, BatchTrace
from ..engine.nesting import batching
from ..errors import BatchSizeError, StructureError, describe, explain
from ..primitive import Tracer, Tree
from .arguments import fresh, output, run_user, unshared

Axes = Any  # an int, None, or a tree of them that begins as what it is for


def vmap(
    f: Callable[..., Any],
    in_axes: Axes = 0,
    out_axes: Axes = 0,
    *,
    chunk_size: int | None = None,
    adopt: Any = None,
) -> Callable[..., Any]:
    """A function of one example as a function of a batch of them, in one run.

    Parameters
    ----------
    f : callable
        Takes and returns trees of arrays: one example. Plain NumPy.
    in_axes : int, None, or a sequence of trees of them
        Along which axis of the arguments the examples lie; ``None`` for what they share. One
        for all arguments, or a sequence with an entry an argument; an entry may be a tree that
        begins as the argument does. Arguments given by keyword are shared, as they are.
    out_axes : int, None, or tree of them
        Where to put the axis of the examples in the results; ``None`` for a result that is the
        same for all of them.
    chunk_size : int, optional
        How many examples at once: bounds the memory. All of them by default.
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.

    Returns
    -------
    callable
        With `f`'s arguments, each with one more axis where `in_axes` says so; returns the
        results of all examples, along `out_axes`.

    Raises
    ------
    BatchSizeError
        The arguments have axes of different lengths, or no such axis; nothing is mapped over.
    NoBatchRuleError
        `f` calls a function that has no batch rule. No loop is hidden behind it.
    ConcreteValueError
        `f` asks for a plain value that differs among the examples, for example in an ``if``.

    Notes
    -----
    Every operation is one NumPy call for the whole batch, and a product with a shared matrix is
    one product of matrices. Nests in any order with itself and with `grad`, `jvp`, `vjp` and
    the rest: ``vmap(grad(f), in_axes=(None, 0))`` gives the gradient of every example.
    Derivatives taken inside of `vmap` repeat their point for every example: for many
    directions at one point map over ``linearize(f, x)[1]``, or use `jacobian`.

    Examples
    --------
    >>> def loss(w, x, y):
    ...     return (np.tanh(w @ x) - y) ** 2
    >>> w, X, Y = np.array([0.5, -1.0]), np.eye(2), np.array([1.0, 0.0])
    >>> vmap(grad(loss), in_axes=(None, 0, 0))(w, X, Y)
    array([[-0.84603348,  0.        ],
           [ 0.        , -0.63970001]])
    """
    f = adopted(f, adopt)
    if chunk_size is not None and (not isinstance(chunk_size, (int, np.integer)) or chunk_size < 1):
        raise StructureError(
            explain(
                f"chunk_size={chunk_size!r} is not a positive integer.", "leave it out, or give one"
            )
        )

    @functools.wraps(f)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        leaves, structures, axes = _taken_apart(args, in_axes)
        size = _common_size(leaves, axes)
        fronted = [
            leaf if axis is None else np.moveaxis(leaf, axis, 0)
            for leaf, axis in zip(leaves, axes, strict=True)
        ]
        pieces = []
        structure: Any = None
        for start, stop in _chunks(size, chunk_size):
            with batching(stop - start) as trace:
                parts = [
                    leaf if axis is None else Batched(leaf[start:stop], trace)
                    for leaf, axis in zip(fronted, axes, strict=True)
                ]
                y = run_user(lambda *a: f(*a, **kwargs), tree.unflatten_all(structures, parts))
                outs, structure = tree.flatten(y)
                pieces.append(_unbatched(outs, trace))
        places = _spread(
            out_axes, tree.unflatten(structure, [0] * len(pieces[0])), "out_axes", "the result"
        )
        columns = zip(*pieces, strict=True)
        results = [
            _joined(column, size, place) for column, place in zip(columns, places, strict=True)
        ]
        return tree.unflatten(structure, results)

    return mapped


def _chunks(size: int, chunk_size: int | None) -> Iterator[tuple[int, int]]:
    """The parts of a batch; of no examples one empty part, so that shapes are known."""
    step = chunk_size or max(size, 1)
    for start in range(0, max(size, 1), step):
        yield start, min(start + step, size)


def _taken_apart(args: Sequence[Any], in_axes: Axes) -> tuple[list[Any], list[Any], list[Any]]:
    """The leaves of all arguments, each argument's structure, and each leaf's axis."""
    if isinstance(in_axes, (tuple, list)):
        if len(in_axes) != len(args):
            raise StructureError(
                explain(
                    f"in_axes has {len(in_axes)} entries for {len(args)} positional arguments.",
                    "give one entry an argument, or one number for all",
                )
            )
        entries = list(in_axes)
    else:
        entries = [in_axes] * len(args)
    leaves: list[Any] = []
    structures, axes = [], []
    for k, (arg, entry) in enumerate(zip(args, entries, strict=True)):
        found, structure = tree.flatten(arg)
        of_leaves = _spread(entry, arg, f"in_axes[{k}]", f"argument {k}")
        for leaf, axis in zip(found, of_leaves, strict=True):
            leaves.append(leaf if axis is None else _mappable(leaf, axis, k))
        structures.append(structure)
        axes += of_leaves
    return leaves, structures, axes


def _mappable(leaf: Any, axis: int, k: int) -> Any:
    x = leaf if isinstance(leaf, Tracer) else np.asarray(leaf)
    if x.dtype.kind not in "fciub":
        raise StructureError(
            explain(
                f"vmap over argument {k}, which holds {describe(leaf)}.",
                "map over arrays of numbers; give in_axes=None for what all examples share",
            )
        )
    if not -x.ndim <= axis < x.ndim:
        raise BatchSizeError(
            explain(
                f"vmap over axis {axis} of argument {k}, which has the shape {x.shape}.",
                "give an array with an axis for the examples, or in_axes=None for what they share",
            )
        )
    return x


def _common_size(leaves: Sequence[Any], axes: Sequence[Any]) -> int:
    sizes = [leaf.shape[axis] for leaf, axis in zip(leaves, axes, strict=True) if axis is not None]
    if not sizes:
        raise BatchSizeError(
            explain("vmap has nothing to map over.", "give an argument with an axis of examples")
        )
    if len(set(sizes)) > 1:
        shapes = ", ".join(
            f"{leaf.shape} along axis {axis}"
            for leaf, axis in zip(leaves, axes, strict=True)
            if axis is not None
        )
        raise BatchSizeError(
            explain(
                f"the arguments of vmap have different numbers of examples: {shapes}.",
                "give axes of one length, or in_axes=None for what all examples share",
            )
        )
    return int(sizes[0])


def _spread(axes: Axes, over: Tree, what: str, of: str) -> list[Any]:
    """An axis for each leaf of the tree `over`, from a tree that begins as it does."""
    if axes is None or (isinstance(axes, (int, np.integer)) and not isinstance(axes, bool)):
        return [axes if axes is None else int(axes)] * len(tree.flatten(over)[0])
    found: list[Any] = []
    if isinstance(axes, dict) and isinstance(over, dict) and axes.keys() == over.keys():
        for key in over:
            found += _spread(axes[key], over[key], f"{what}[{key!r}]", f"{of}[{key!r}]")
        return found
    if (
        isinstance(axes, (tuple, list))
        and isinstance(over, (tuple, list))
        and len(axes) == len(over)
    ):
        for k, (axis, part) in enumerate(zip(axes, over, strict=True)):
            found += _spread(axis, part, f"{what}[{k}]", f"{of}[{k}]")
        return found
    raise StructureError(
        explain(
            f"{what} is {axes!r}, which does not fit {of}, {describe(over)}.",
            "give an int, None, or a tree of them that begins as what it is for",
        )
    )


def _unbatched(leaves: Sequence[Any], trace: BatchTrace) -> list[tuple[Any, bool]]:
    """Results with all examples along their first axis, or as they are if they are shared.

    No two of them share memory, nor does one with an array of the caller's.
    """
    found: list[tuple[Any, bool]] = []
    for leaf in map(output, leaves):
        differs = type(leaf) is Batched and leaf.run is trace
        value = fresh(leaf.primal) if differs else unshared(leaf)
        if differs and any(value is other for other, _ in found):
            value = unshared(value)
        found.append((value, differs))
    return found


def _joined(column: Sequence[tuple[Any, bool]], size: int, place: int | None) -> Any:
    """The results of all parts of the batch, with the axis of the examples at `place`."""
    value, differs = column[0]
    if not differs and place is None:
        return value
    if place is None:
        raise StructureError(
            explain(
                "out_axes=None for a result that differs among the examples.",
                "give the axis along which to put the examples",
            )
        )
    if not differs:
        value = value if isinstance(value, Tracer) else np.asarray(value)
        whole = np.broadcast_to(value, (size, *value.shape)).copy()
    else:
        whole = value if len(column) == 1 else np.concatenate([v for v, _ in column])
    if not -whole.ndim <= place < whole.ndim:
        raise BatchSizeError(
            explain(
                f"out_axes={place} for a result of shape {whole.shape[1:]}.",
                "give an axis that the result with one axis more has",
            )
        )
    return np.moveaxis(whole, 0, place) if place else whole
