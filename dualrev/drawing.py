"""Drawings as SVG text: a layered graph of boxes. Knows nothing of derivatives.

The layout is the classic one in four steps [Sugiyama, Tagawa & Toda 1981]: layers by the
longest path, dummies where an edge crosses a layer, order by barycentres, and places that
are as near to the neighbours as the order allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise

FONT = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"
SIZE = 13  # of the text, in pixels
ADVANCE = 0.603 * SIZE  # width of a character of a monospaced font
LINE = 18  # from one line of text to the next
PAD = 9
GAP = 26  # between boxes of a layer
RANK = 46  # between layers
MOST_DUMMIES = 20_000

COLOURS = {  # kind of box: fill, border
    "input": ("#e3f0fb", "#2f78b7"),
    "operation": ("#ffffff", "#8a8f98"),
    "output": ("#e6f5ea", "#2e8b57"),
    "unused": ("#f4f4f4", "#c4c7cc"),
}
TEXT = {"title": "#1b1f24", "value": "#57606a", "cotangent": "#b4440f"}


@dataclass
class Box:
    """A box to draw: lines of ``(text, style)``, and a text shown when it is pointed at."""

    lines: Sequence[tuple[str, str]]
    kind: str = "operation"
    hint: str = ""
    width: float = field(init=False)
    height: float = field(init=False)

    def __post_init__(self) -> None:
        self.width = max(len(text) for text, _ in self.lines) * ADVANCE + 2 * PAD
        self.height = len(self.lines) * LINE + 2 * PAD - 5


@dataclass
class Edge:
    """An arrow from box `tail` to box `head`, which comes later."""

    tail: int
    head: int
    label: str = ""


@dataclass
class _Layout:
    """Where everything is: `layers` hold vertices in order; those beyond the boxes are dummies."""

    layers: list[list[int]]
    widths: list[float]
    routes: list[list[int]]  # for each edge its vertices from tail to head
    x: list[float]


def draw_graph(boxes: Sequence[Box], edges: Sequence[Edge], title: str = "") -> str:
    """The graph as SVG text, from top to bottom."""
    layout = _lay_out(boxes, edges)
    tops, top = [], PAD + (24.0 if title else 0.0)
    labelled = any(edge.label for edge in edges)
    heights = [
        max((boxes[v].height for v in layer if v < len(boxes)), default=0.0)
        for layer in layout.layers
    ]
    for height in heights:
        tops.append(top)
        top += height + RANK + (10 if labelled else 0)
    left = (
        min(
            (layout.x[v] - layout.widths[v] / 2 for layer in layout.layers for v in layer),
            default=0.0,
        )
        - PAD
    )
    right = (
        max(
            (layout.x[v] + layout.widths[v] / 2 for layer in layout.layers for v in layer),
            default=0.0,
        )
        + PAD
    )
    right = max(right + (50 if labelled else 0), left + len(title) * ADVANCE + 2 * PAD)
    bottom = top - RANK + PAD
    rank = {v: k for k, layer in enumerate(layout.layers) for v in layer}

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{right - left:.0f}" height="{bottom:.0f}" '
        f'viewBox="{left:.1f} 0 {right - left:.1f} {bottom:.1f}" font-family="{FONT}" font-size="{SIZE}">',
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0,0.5 L7.5,4 L0,7.5 z" fill="#6b7280"/></marker></defs>',
        f'<rect x="{left:.1f}" width="100%" height="100%" fill="#ffffff"/>',
    ]
    if title:
        parts.append(
            f'<text x="{left + PAD:.1f}" y="{PAD + 12}" font-weight="bold">{escape(title)}</text>'
        )
    ports = _ports(boxes, edges, layout)
    labels = []
    for edge, route, (start, end) in zip(edges, layout.routes, ports, strict=True):
        points = [(start, tops[rank[edge.tail]] + boxes[edge.tail].height)]
        for v in route[1:-1]:
            middle = tops[rank[v]] + heights[rank[v]] / 2
            points.append((layout.x[v], middle))
        points.append((end, tops[rank[edge.head]]))
        parts.append(
            f'<path d="{_curve(points)}" fill="none" stroke="#6b7280" stroke-width="1.2" marker-end="url(#head)"/>'
        )
        if edge.label:
            leftmost = end < layout.x[edge.head] - 1
            labels.append(
                f'<text x="{end + (-6 if leftmost else 6):.1f}" y="{points[-1][1] - 13:.1f}" font-size="11" fill="#7a3e9d" '
                f'text-anchor="{"end" if leftmost else "start"}" stroke="#ffffff" stroke-width="3" '
                f'paint-order="stroke">{escape(edge.label)}</text>'
            )
    for v, box in enumerate(boxes):
        fill, border = COLOURS[box.kind]
        x, y = layout.x[v] - box.width / 2, tops[rank[v]]
        dash = ' stroke-dasharray="4 3"' if box.kind == "unused" else ""
        parts.append(f"<g><title>{escape(box.hint)}</title>")
        parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{box.height:.1f}" rx="6" '
            f'fill="{fill}" stroke="{border}" stroke-width="1.3"{dash}/>'
        )
        for k, (text, style) in enumerate(box.lines):
            weight = ' font-weight="bold"' if style == "title" else ""
            parts.append(
                f'<text x="{layout.x[v]:.1f}" y="{y + PAD + 8 + k * LINE:.1f}" text-anchor="middle" '
                f'fill="{TEXT[style]}"{weight}>{escape(text)}</text>'
            )
        parts.append("</g>")
    return "\n".join([*parts, *labels, "</svg>"]) + "\n"


def _curve(points: Sequence[tuple[float, float]]) -> str:
    """A path through the points that leaves and enters each of them vertically."""
    path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for (x0, y0), (x1, y1) in pairwise(points):
        bend = 0.5 * (y1 - y0)
        path += f" C{x0:.1f},{y0 + bend:.1f} {x1:.1f},{y1 - bend:.1f} {x1:.1f},{y1:.1f}"
    return path


def _ports(
    boxes: Sequence[Box], edges: Sequence[Edge], layout: _Layout
) -> list[tuple[float, float]]:
    """Where each edge leaves its tail and enters its head: spread out, in the order of the other ends."""
    ports = [[0.0, 0.0] for _ in edges]
    for end, step in ((0, 1), (1, -2)):
        at: dict[int, list[int]] = {}
        for k, edge in enumerate(edges):
            at.setdefault(edge.tail if end == 0 else edge.head, []).append(k)
        for v, here in at.items():
            here.sort(key=lambda k: layout.x[layout.routes[k][step]])
            room = min(boxes[v].width * 0.7, 22.0 * (len(here) - 1))
            for place, k in enumerate(here):
                share = place / (len(here) - 1) - 0.5 if len(here) > 1 else 0.0
                ports[k][end] = layout.x[v] + share * room
    return [(start, finish) for start, finish in ports]


def _lay_out(boxes: Sequence[Box], edges: Sequence[Edge]) -> _Layout:
    rank = _ranks(len(boxes), edges)
    widths = [box.width for box in boxes]
    layers: list[list[int]] = [[] for _ in range(max(rank, default=-1) + 1)]
    for v, r in enumerate(rank):
        layers[r].append(v)
    spans = [rank[e.head] - rank[e.tail] - 1 for e in edges]
    longest = max(spans, default=0) if sum(spans) <= MOST_DUMMIES else 4
    routes = []
    for edge, span in zip(edges, spans, strict=True):
        route = [edge.tail]
        if span <= longest:
            for r in range(rank[edge.tail] + 1, rank[edge.head]):
                widths.append(14.0)
                layers[r].append(len(widths) - 1)
                route.append(len(widths) - 1)
        routes.append([*route, edge.head])
    above: list[list[int]] = [[] for _ in widths]
    below: list[list[int]] = [[] for _ in widths]
    for route in routes:
        for u, v in pairwise(route):
            below[u].append(v)
            above[v].append(u)
    x = _order(layers, above, below)
    _place(layers, widths, above, below, x)
    return _Layout(layers, widths, routes, x)


def _ranks(count: int, edges: Sequence[Edge]) -> list[int]:
    """Layers by the longest path; boxes without parents stand just above their first use."""
    rank = [0] * count
    parents = [False] * count
    by_head: dict[int, list[int]] = {}
    for edge in edges:
        by_head.setdefault(edge.head, []).append(edge.tail)
        parents[edge.head] = True
    for v in range(count):  # tails come before heads
        rank[v] = max((rank[u] + 1 for u in by_head.get(v, ())), default=0)
    first: dict[int, int] = {}
    for edge in edges:
        first[edge.tail] = min(first.get(edge.tail, rank[edge.head]), rank[edge.head])
    return [first.get(v, r + 1) - 1 if not parents[v] else r for v, r in enumerate(rank)]


def _order(
    layers: list[list[int]], above: list[list[int]], below: list[list[int]], rounds: int = 12
) -> list[float]:
    """Order each layer by the mean place of its neighbours, down and up in turn."""
    place = [0.0] * len(above)
    for layer in layers:
        for k, v in enumerate(layer):
            place[v] = float(k)
    best, fewest = [list(layer) for layer in layers], _crossings(layers, below, place)
    for turn in range(rounds):
        neighbours = above if turn % 2 == 0 else below
        for layer in layers if turn % 2 == 0 else reversed(layers):
            mean = {
                v: sum(place[u] for u in neighbours[v]) / len(neighbours[v])
                for v in layer
                if neighbours[v]
            }
            layer.sort(key=lambda v: mean.get(v, place[v]))
            for k, v in enumerate(layer):
                place[v] = float(k)
        crossings = _crossings(layers, below, place)
        if crossings < fewest:
            best, fewest = [list(layer) for layer in layers], crossings
        if not fewest:
            break
    layers[:] = best
    return place


def _crossings(layers: list[list[int]], below: list[list[int]], place: list[float]) -> int:
    """How many pairs of edges cross: inversions between neighbouring layers, counted by a tree of sums."""
    total = 0
    for k, layer in enumerate(layers[:-1]):
        size = len(layers[k + 1])
        sums = [0] * (size + 1)
        seen = 0
        for v in sorted(layer, key=place.__getitem__):
            ends = sorted(int(place[u]) for u in below[v])
            for end in ends:
                before, i = 0, end + 1
                while i:
                    before += sums[i]
                    i &= i - 1
                total += seen - before
            for end in ends:
                i = end + 1
                while i <= size:
                    sums[i] += 1
                    i += i & -i
            seen += len(ends)
    return total


def _place(
    layers: list[list[int]],
    widths: list[float],
    above: list[list[int]],
    below: list[list[int]],
    x: list[float],
    rounds: int = 30,
) -> None:
    """Coordinates: each layer in turn moves to the mean of its neighbours, as near as it can."""
    for layer in layers:
        at = 0.0
        for v in layer:
            x[v] = at + widths[v] / 2
            at += widths[v] + GAP
        for v in layer:
            x[v] -= at / 2
    for turn in range(rounds):
        neighbours = above if turn % 2 == 0 else below
        for layer in layers if turn % 2 == 0 else reversed(layers):
            wishes = []
            for v in layer:
                near = neighbours[v] if turn < rounds - 6 else above[v] + below[v]
                weights = [
                    1.0 if above[u] else 0.1 for u in near
                ]  # inputs follow, they do not lead
                total = sum(weights)
                wishes.append(
                    sum(w * x[u] for w, u in zip(weights, near, strict=True)) / total
                    if near
                    else x[v]
                )
            heavy = [1.0 if above[v] else 0.1 for v in layer]
            for v, at in zip(
                layer, _spaced(wishes, [widths[v] for v in layer], heavy), strict=True
            ):
                x[v] = at


def _spaced(wishes: list[float], widths: list[float], weights: list[float]) -> list[float]:
    """The places nearest to `wishes`, in weighted least squares, that keep the order and do not overlap.

    Without the widths this is a monotone fit, which pooling neighbours that violate the
    order solves exactly [Ayer et al. 1955].
    """
    offsets, offset = [], 0.0
    for k, width in enumerate(widths):
        if k:
            gap = GAP if width > 14 or widths[k - 1] > 14 else 4
            offset += (widths[k - 1] + width) / 2 + gap
        offsets.append(offset)
    pools: list[list[float]] = []  # weighted sum, weight, count
    for wish, offset, weight in zip(wishes, offsets, weights, strict=True):
        pools.append([weight * (wish - offset), weight, 1])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] > pools[-1][0] * pools[-2][1]:
            total, weight, count = pools.pop()
            pools[-1][0] += total
            pools[-1][1] += weight
            pools[-1][2] += count
    fitted = [total / weight for total, weight, count in pools for _ in range(int(count))]
    return [fit + offset for fit, offset in zip(fitted, offsets, strict=True)]
