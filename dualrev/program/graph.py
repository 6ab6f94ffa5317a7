"""A program: a recording with its inputs and results; counted and printed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..drawing import Box, Edge, draw_graph
from ..engine.operations import Constant, Guard, Input, Operation
from ..notation import expression, short
from .vocabulary import ELEMENTWISE, SUM, dot

_MOST_DRAWN = 500  # operations that a notebook shows as a picture


@dataclass
class Program:
    """What a function computed, as a list of operations.

    Attributes
    ----------
    name : str
    inputs : list of Input
        The leaves of all arguments that are arrays or numbers.
    operations : list of Operation
        In the order of execution, guards among them.
    outputs : list
        The leaves of the result: operations, or plain values that never change.
    structure : Structure or None
        Of the result.
    names : dict
        Of operations, by identity: those of the arguments.
    """

    name: str
    inputs: list[Input]
    operations: list[Operation]
    outputs: list[Any]
    structure: Any
    names: dict[int, str]

    @property
    def guards(self) -> list[Guard]:
        return [x for x in self.operations if isinstance(x, Guard)]

    @property
    def flops(self) -> int:
        """Operations on single numbers: about, a function such as ``exp`` counted as one."""
        return sum(map(_flops, self.operations))

    @property
    def nbytes(self) -> int:
        """Bytes that are read and written if every operation goes through memory."""
        return sum(
            _nbytes(x) + sum(map(_nbytes, x.uses()))
            for x in self.operations
            if not isinstance(x, Guard)
        )

    def summary(self) -> str:
        """How many operations, numbers and bytes; and how many operations of each kind."""
        kinds = Counter(x.name for x in self.operations)
        rows = [
            f"{self.name}: {len(self.operations)} operations, {len(self.guards)} of them guards; "
            f"about {self.flops:,} flops, {self.nbytes:,} bytes"
        ]
        return "\n".join(rows + [f"  {n:6d}  {kind}" for kind, n in kinds.most_common()]) + "\n"

    def to_text(self) -> str:
        """One line an operation."""
        names = dict(self.names)

        def named(x: Any) -> str:
            if isinstance(x, Constant):
                return f"<{short(x.value)}>"
            return names.get(id(x), "?") if isinstance(x, Operation) else short(x)

        lines = [f"{named(x):8} = input: {x.dtype}{list(x.shape)}" for x in self.inputs]
        for k, x in enumerate(self.operations):
            if isinstance(x, Guard):
                lines.append(f"{'':8}   guard: {named(x.args[0])} is {short(x.expected)}")
                continue
            names.setdefault(id(x), f"v{k}")
            text = expression(x.name, [named(a) for a in x.args], x.params)
            lines.append(f"{named(x):8} = {text}: {x.dtype}{list(x.shape)}")
        return "\n".join([*lines, "return " + ", ".join(map(named, self.outputs))]) + "\n"

    def to_svg(self) -> str:
        """A picture, as SVG."""
        nodes = [*self.inputs, *self.operations]
        place = {id(x): k for k, x in enumerate(nodes)}
        results = {id(y) for y in self.outputs}
        boxes, edges = [], []
        for k, x in enumerate(nodes):
            kind = (
                "output" if id(x) in results else "input" if isinstance(x, Input) else "operation"
            )
            title = self.names.get(id(x), x.name)
            shape = "" if isinstance(x, Guard) else f"{x.dtype}{list(x.shape)}"
            boxes.append(Box([(title, "title"), (shape, "value")], kind, repr(x)))
            edges += [Edge(place[id(u)], k, "") for u in x.uses() if id(u) in place]
        return draw_graph(boxes, edges, self.name)

    def _repr_svg_(self) -> str | None:
        return self.to_svg() if len(self.operations) <= _MOST_DRAWN else None

    __str__ = to_text

    def __repr__(self) -> str:
        return f"<Program {self.name}: {len(self.operations)} operations>"


def _nbytes(x: Operation) -> int:
    return x.size * x.dtype.itemsize if isinstance(x.dtype, np.dtype) else 0


def _flops(x: Operation) -> int:
    if x.function in ELEMENTWISE:
        return x.size
    if x.function is SUM:
        return sum(a.size for a in x.uses())
    if x.function is dot:
        return 2 * max(a.size for a in x.uses())
    if x.function is np.matmul:
        a = x.args[0]
        inner = np.shape(a)[-1] if not isinstance(a, Operation) else a.shape[-1]
        return 2 * x.size * int(inner)
    return 0
