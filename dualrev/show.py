"""Pictures and tables of a recorded computation: what was computed, and how derivatives flow.

`graph` runs a function once on a watched tape and sweeps back once; the `Graph` that it
returns is drawn as SVG or DOT, or printed as the table of an evaluation trace
[Griewank & Walther 2008, table 2.2], extended by local derivatives and cotangents.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .adoption import adopted
from .drawing import Box, Edge, draw_graph
from .errors import UnsupportedArgumentError, describe, explain
from .notation import clipped, quoted, short
from .primitive import Tree
from .watching import GraphNode, watch

SUFFIXES = (".svg", ".dot", ".gv", ".txt")  # of the files that `Graph.save` writes
MOST_DRAWN = 2_000  # operations in a picture; more cannot be read


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


def graph(f: Callable[..., Any], *args: Tree, ct: Tree = None, adopt: Any = None) -> Graph:
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
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.

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
    f = adopted(f, adopt)
    return Graph(
        getattr(f, "__qualname__", type(f).__name__).replace("<locals>.", ""), watch(f, args, ct)
    )
