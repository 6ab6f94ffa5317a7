"""Watching a computation: one run on a tape that keeps all it sees, and one sweep back.

Every value becomes a `GraphNode`, with its local derivatives and its cotangent; `show`
draws them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import tree
from .engine.reverse import Node, Tape
from .errors import StructureError, explain, user_line
from .fronts.packing import as_array
from .notation import SMALL, argument_names, expression, paths, short
from .primitive import WATCHED, Differential, Primitive, Tracer, Tree, primal_of
from .rules.forms import Elementwise
from .transforms.arguments import run_user


@dataclass
class GraphNode:
    """One value of the computation: an input, or the result of an operation.

    Attributes
    ----------
    name : str
        The argument's name, or ``v1, v2, ...`` in the order of execution.
    operation : str
        Name of the primitive; ``"input"`` for an input.
    expression : str
        The operation written as Python, in the names of its arguments.
    value, cotangent : Array
        Plain; the cotangent is ``None`` where none arrived.
    parents : tuple of int
        Positions of the values that it depends on.
    derivatives : tuple
        For each parent the local derivative: an array of partials for an elementwise
        operation, a Jacobian for another small one, otherwise ``None``.
    line : str
        Where in the user's code the operation was called.
    output : bool
        Whether it is a result of the function.
    """

    name: str
    operation: str
    expression: str
    value: Any
    parents: tuple[int, ...] = ()
    derivatives: tuple[Any, ...] = ()
    line: str = ""
    cotangent: Any = None
    output: bool = False


def watch(f: Callable[..., Any], args: Sequence[Tree], ct: Tree = None) -> list[GraphNode]:
    """The nodes of one run of `f`, with cotangents if `ct` is given or the value is one number."""
    tape = _WatchedTape()
    inputs: list[tuple[str, Any]] = []
    try:
        arguments = []
        for name, argument in zip(argument_names(f, args), args, strict=True):
            leaves, structure = tree.flatten(argument)
            arguments.append(
                tree.unflatten(
                    structure,
                    [
                        _input(tape, leaf, path, inputs)
                        for leaf, path in zip(leaves, paths(structure, name), strict=True)
                    ],
                )
            )
        y = run_user(f, arguments)
        outputs, structure = tree.flatten(y)
        outputs = [_whole(out) for out in outputs]
        positions = [tape.position(out) for out in outputs]
    finally:
        tape.close()
    nodes = _nodes(tape, inputs)
    for index in positions:
        if index is not None:
            nodes[index].output = True
    if ct is None and len(outputs) == 1 and np.shape(outputs[0]) == () and positions[0] is not None:
        cts: list[Any] = [np.ones((), outputs[0].dtype)[()]]
    elif ct is not None:
        cts = tree.leaves_like(structure, ct, "ct", "the value")
    else:
        return nodes
    _sweep(nodes, tape, outputs, positions, cts)
    return nodes


class _WatchedTape(Tape):
    """A tape that keeps what it sees: primitive, arguments, parameters, result, line of code."""

    __slots__ = ("seen",)

    def __init__(self) -> None:
        super().__init__()
        self.alert = WATCHED
        self.seen: dict[int, tuple[Any, ...]] = {}

    def watch(
        self, primitive: Primitive, args: Sequence[Any], params: dict[str, Any], y: Any
    ) -> None:
        parents = self.records[-1][1]
        left = iter((parents,) if type(parents) is int else parents)
        known = [  # copies: what is written to later must not change what was seen
            next(left) if isinstance(arg, Node) and arg.run is self else short(primal_of(arg))
            for arg in args
        ]
        self.seen[len(self.records) - 1] = primitive, known, params, _copied(y), user_line()


def _copied(y: Any) -> Any:
    return tuple(map(_copied, y)) if isinstance(y, tuple) else np.array(primal_of(y))[()]


def _whole(out: Any) -> Any:
    """A result as one value: packed if it is an object array, read again if it is a view."""
    if isinstance(out, Tracer):
        out.refresh()
    return as_array(out) if isinstance(out, np.ndarray) else out


class _Observed(Differential):
    """A differential that notes the cotangent which reaches it."""

    __slots__ = ("found", "inner", "place")

    def __init__(self, inner: Differential, place: int, found: dict[int, Any]) -> None:
        super().__init__(inner.primitive, inner.singular, inner.deferred)
        self.inner, self.place, self.found = inner, place, found

    def pull(self, residuals: Any, ct: Any) -> Any:
        self.found[self.place] = ct if isinstance(ct, list) else np.array(primal_of(ct))[()]
        return self.inner.pull(residuals, ct)

    def pull_absorbing(self, residuals: Any, ct: Any) -> Any:
        return self.inner.pull_absorbing(residuals, ct)


def _input(tape: Tape, leaf: Any, path: str, inputs: list[tuple[str, Any]]) -> Any:
    """`leaf` on the tape if it can be differentiated, else as it is."""
    if isinstance(leaf, Tracer):
        return leaf
    array = np.asarray(leaf)
    if array.dtype.kind in "iu":
        array = array.astype(np.float64)
    if array.dtype.kind not in "fc":
        return leaf
    inputs.append((path, array.copy()[()]))
    return tape.variable(array[()])


def _nodes(tape: _WatchedTape, inputs: Sequence[tuple[str, Any]]) -> list[GraphNode]:
    """A node for each record."""
    nodes: list[GraphNode] = []
    for index, record in enumerate(tape.records):
        if record is None:
            name, value = inputs[index]
            nodes.append(GraphNode(name, "input", name, value))
            continue
        differential, parents, residuals = record
        parents = (parents,) if type(parents) is int else tuple(parents)
        name = f"v{index - len(inputs) + 1}"
        if index in tape.seen:
            primitive, args, params, y, line = tape.seen[index]
            texts = [a if isinstance(a, str) else nodes[a].name for a in args]
            text = expression(primitive.name, texts, params)
        else:  # an item of a tuple-valued result
            source = nodes[parents[0]]
            y, line, text = (
                source.value[residuals[0]],
                source.line,
                f"{source.name}[{residuals[0]}]",
            )
        derivatives = _derivatives(
            differential, residuals, parents, [nodes[p].value for p in parents], y
        )
        nodes.append(
            GraphNode(name, differential.primitive.name, text, y, parents, derivatives, line)
        )
    return nodes


def _derivatives(
    differential: Differential, residuals: Any, parents: tuple[int, ...], xs: Sequence[Any], y: Any
) -> tuple[Any, ...]:
    """The local derivative by each parent, where it can be shown."""
    if isinstance(y, tuple) or any(isinstance(x, tuple) for x in xs):
        return (None,) * len(parents)
    found: list[Any] = []
    zeros = [np.zeros(x.shape, x.dtype)[()] for x in xs]
    with np.errstate(all="ignore"):
        for k, x in enumerate(xs):

            def push(dx: Any, k: int = k) -> Any:
                tangents = [dx if j == k else z for j, z in enumerate(zeros)]
                return np.array(differential.push_absorbing(residuals, tangents))[()]

            if isinstance(differential.primitive, Elementwise):
                found.append(push(np.ones(x.shape, x.dtype)[()]))
            elif x.size * y.size <= SMALL:
                columns = [push(e.reshape(x.shape)[()]) for e in np.eye(x.size, dtype=x.dtype)]
                found.append(
                    np.stack(columns, axis=-1).reshape(y.shape + x.shape)[()] if columns else None
                )
            else:
                found.append(None)
    return tuple(found)


def _sweep(
    nodes: list[GraphNode],
    tape: Tape,
    outputs: Sequence[Any],
    positions: Sequence[int | None],
    cts: Sequence[Any],
) -> None:
    """One sweep back that leaves its cotangent at every node."""
    found: dict[int, Any] = {}
    records = [
        r if r is None else (_Observed(r[0], k, found), *r[1:]) for k, r in enumerate(tape.records)
    ]
    observed = Tape()
    observed.records = records
    seeds: dict[int, Any] = {}
    for out, index, given in zip(outputs, positions, cts, strict=True):
        if index is None or given is None:
            continue
        given = np.asarray(given, out.dtype)[()]
        if given.shape != out.shape:
            raise StructureError(
                explain(
                    f"ct has shape {given.shape}, the value {out.shape}.",
                    "give the cotangent the shape of what the function returns",
                )
            )
        seeds[index] = given if index not in seeds else seeds[index] + given
    inputs = [k for k, record in enumerate(records) if record is None]
    found.update(zip(inputs, observed.sweep_back(seeds, inputs), strict=True))
    for index, node in enumerate(nodes):
        node.cotangent = found.get(index)
