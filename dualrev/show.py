"""Pictures and tables of a recorded computation: what was computed, and how derivatives flow.

`graph` runs a function once on a watched tape and sweeps back once; the `Graph` that it
returns is drawn as SVG or DOT, or printed as the table of an evaluation trace
[Griewank & Walther 2008, table 2.2], extended by local derivatives and cotangents.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import tree
from .drawing import Box, Edge, draw_graph
from .engine.reverse import Node, Tape
from .errors import StructureError, UnsupportedArgumentError, describe, explain, user_line
from .notation import SMALL, argument_names, clipped, expression, paths, quoted, short
from .primitive import WATCHED, Differential, Primitive, Tracer, Tree, primal_of
from .rules.forms import Elementwise

SUFFIXES = (".svg", ".dot", ".gv", ".txt")  # of the files that `Graph.save` writes
MOST_DRAWN = 2_000  # operations in a picture; more cannot be read


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


@dataclass
class Graph:
    """A recorded computation, drawn and printed; made by `graph`.

    In a notebook it displays itself as a picture.

    Attributes
    ----------
    nodes : list of GraphNode
        In the order of execution; parents come before children.
    """

    name: str
    nodes: list[GraphNode] = field(default_factory=list)

    @property
    def swept(self) -> bool:
        """Whether cotangents are shown."""
        return any(node.cotangent is not None for node in self.nodes)

    # -- as text ------------------------------------------------------------------------

    def to_text(self) -> str:
        """The evaluation trace as a table: one row an operation, with its local derivatives."""
        rows = [("", "value of", "is", "local derivatives", "cotangent")]
        for node in self.nodes:
            what = node.name if node.operation == "input" else f"{node.name} = {node.expression}"
            partials = [
                f"d{node.name}/d{self.nodes[p].name} = {short(d)}"
                if d is not None
                else f"d{node.name}/d{self.nodes[p].name}: linear map"
                for p, d in zip(node.parents, node.derivatives, strict=True)
            ]
            mark = "->" if node.output else "in" if node.operation == "input" else ""
            rows.append(
                (
                    mark,
                    what,
                    short(node.value),
                    "; ".join(partials),
                    "-" if node.cotangent is None else short(node.cotangent),
                )
            )
        widths = [max(len(row[k]) for row in rows) for k in range(5)]
        lines = [
            "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        lines.insert(1, "  ".join("-" * w for w in widths))
        return "\n".join(lines) + "\n"

    def summary(self) -> str:
        """How many operations of each kind there are, and on which lines of the user's code."""
        kinds = Counter(node.operation for node in self.nodes)
        lines = Counter(node.line for node in self.nodes if node.line)
        rows = [
            f"{self.name}: {len(self.nodes)} values, {sum(len(n.parents) for n in self.nodes)} edges"
        ]
        rows += [f"  {count:7d}  {kind}" for kind, count in kinds.most_common()]
        rows += ["by line:"] if lines else []
        rows += [f"  {count:7d}  {line}" for line, count in lines.most_common(20)]
        return "\n".join(rows) + "\n"

    __str__ = to_text

    def __repr__(self) -> str:
        return f"<Graph of {self.name}: {len(self.nodes)} values>"

    # -- as pictures --------------------------------------------------------------------

    def to_svg(self) -> str:
        """The picture as SVG text.

        Raises
        ------
        UnsupportedArgumentError
            There are more than 2,000 values: no picture of them can be read.
        """
        self._refuse_crowd()
        boxes = [Box(self._lines(node), self._kind(node), self._hint(node)) for node in self.nodes]
        edges = [
            Edge(p, k, short(d) if d is not None and np.ndim(d) == 0 else "")
            for k, node in enumerate(self.nodes)
            for p, d in zip(node.parents, node.derivatives, strict=True)
        ]
        return draw_graph(boxes, edges, self.name)

    def _repr_svg_(self) -> str | None:
        return self.to_svg() if len(self.nodes) <= MOST_DRAWN else None

    def to_dot(self) -> str:
        """The graph in the DOT language, for Graphviz and its relatives."""
        out = [
            f"digraph {quoted(self.name)} {{",
            "  node [shape=box, style=rounded, fontname=monospace];",
        ]
        for k, node in enumerate(self.nodes):
            label = "\n".join(text for text, _ in self._lines(node))
            style = {
                "input": ", color=blue",
                "output": ", color=darkgreen",
                "unused": ', style="rounded,dashed"',
            }
            out.append(f"  n{k} [label={quoted(label)}{style.get(self._kind(node), '')}];")
        for k, node in enumerate(self.nodes):
            for p, d in zip(node.parents, node.derivatives, strict=True):
                label = f" [label={quoted(short(d))}]" if d is not None and np.ndim(d) == 0 else ""
                out.append(f"  n{p} -> n{k}{label};")
        return "\n".join([*out, "}"]) + "\n"

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to `path`: a picture for ``.svg``, DOT for ``.dot`` and ``.gv``, a table for ``.txt``."""
        writers = dict(
            zip(SUFFIXES, (self.to_svg, self.to_dot, self.to_dot, self.to_text), strict=True)
        )
        suffix = os.path.splitext(os.fspath(path))[1].lower()
        if suffix not in writers:
            raise UnsupportedArgumentError(
                explain(
                    f"a graph cannot be saved as {suffix or 'a file without a suffix'}.",
                    f"choose one of {', '.join(writers)}",
                )
            )
        text = writers[suffix]()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    # -- parts --------------------------------------------------------------------------

    def _lines(self, node: GraphNode) -> list[tuple[str, str]]:
        title = node.name if node.operation == "input" else f"{node.name} = {node.expression}"
        lines = [(clipped(title), "title"), (clipped(short(node.value)), "value")]
        if node.cotangent is not None:
            lines.append((clipped(f"ct {short(node.cotangent)}"), "cotangent"))
        return lines

    def _kind(self, node: GraphNode) -> str:
        """Which colours; values on which no result depends are pale."""
        if node.output:
            return "output"
        if node.operation == "input":
            return "input"
        return "unused" if node.cotangent is None and self.swept else "operation"

    def _hint(self, node: GraphNode) -> str:
        return "\n".join(filter(None, [f"{node.operation} -> {describe(node.value)}", node.line]))

    def _refuse_crowd(self) -> None:
        if len(self.nodes) > MOST_DRAWN:
            raise UnsupportedArgumentError(
                explain(
                    f"{self.name} has {len(self.nodes)} values; a picture of more than {MOST_DRAWN} cannot be read.",
                    "draw a smaller case (fewer steps, a shorter loop); print graph.summary(); or use to_text() or to_dot()",
                )
            )


def graph(f: Callable[..., Any], *args: Tree, ct: Tree = None) -> Graph:
    """Record one run of `f`: every operation, its value, local derivatives and cotangent.

    Parameters
    ----------
    f : callable
        Plain NumPy, as for `grad`. May return any tree of arrays.
    *args : tree
        The point. Numbers and arrays are differentiated; flags and text are passed on.
    ct : tree of array_like, optional
        Cotangent of the value. By default 1 if the value is one number; otherwise no
        cotangents are shown.

    Returns
    -------
    Graph
        With `to_text`, `to_svg`, `to_dot` and `save`.

    Raises
    ------
    NoRuleError
        As in `vjp`.
    StructureError
        `ct` does not match the value.

    Notes
    -----
    Slower than `vjp` and keeps all values: for pictures, not for work.

    Examples
    --------
    >>> print(graph(lambda x: np.sin((2 * x + 1) ** 2), 0.5).to_text())
        value of      is         local derivatives    cotangent
    --  ------------  ---------  -------------------  ---------
    in  x             0.5                             -5.22915
        v1 = 2 * x    1          dv1/dx = 2           -2.61457
        v2 = v1 + 1   2          dv2/dv1 = 1          -2.61457
        v3 = v2**2    4          dv3/dv2 = 4          -0.653644
    ->  v4 = sin(v3)  -0.756802  dv4/dv3 = -0.653644  1
    <BLANKLINE>
    """
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
        y = f(*arguments)
        outputs, structure = tree.flatten(y)
        positions = [tape.position(out) for out in outputs]
    finally:
        tape.close()
    made = Graph(getattr(f, "__qualname__", type(f).__name__).replace("<locals>.", ""))
    _fill(made, tape, inputs)
    for index in positions:
        if index is not None:
            made.nodes[index].output = True
    if ct is None and len(outputs) == 1 and np.shape(outputs[0]) == () and positions[0] is not None:
        cts: list[Any] = [np.ones((), outputs[0].dtype)[()]]
    elif ct is not None:
        cts = tree.leaves_like(structure, ct, "ct", "the value")
    else:
        return made
    _sweep(made, tape, outputs, positions, cts)
    return made


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
        known = [
            arg.index if isinstance(arg, Node) and arg.run is self else primal_of(arg)
            for arg in args
        ]
        traced = [isinstance(arg, Node) and arg.run is self for arg in args]
        self.seen[len(self.records) - 1] = (
            primitive,
            known,
            traced,
            params,
            primal_of(y) if not isinstance(y, tuple) else y,
            user_line(),
        )


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
    inputs.append((path, array[()]))
    return tape.variable(array[()])


def _fill(made: Graph, tape: _WatchedTape, inputs: Sequence[tuple[str, Any]]) -> None:
    """The nodes of all records, inputs first."""
    for index, record in enumerate(tape.records):
        if record is None:
            name, value = inputs[index]
            made.nodes.append(GraphNode(name, "input", name, value))
            continue
        differential, parents, residuals = record
        parents = (parents,) if type(parents) is int else tuple(parents)
        name = f"v{index - len(inputs) + 1}"
        if index in tape.seen:
            primitive, args, traced, params, y, line = tape.seen[index]
            texts = [
                made.nodes[a].name if t else short(a) for a, t in zip(args, traced, strict=True)
            ]
            text = expression(primitive.name, texts, params)
        else:  # an item of a tuple-valued result
            source = made.nodes[parents[0]]
            y, line, text = (
                source.value[residuals[0]],
                source.line,
                f"{source.name}[{residuals[0]}]",
            )
        derivatives = _derivatives(
            differential, residuals, parents, [made.nodes[p].value for p in parents], y
        )
        made.nodes.append(
            GraphNode(name, differential.primitive.name, text, y, parents, derivatives, line)
        )


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
    made: Graph,
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
    for index, node in enumerate(made.nodes):
        node.cotangent = found.get(index)
