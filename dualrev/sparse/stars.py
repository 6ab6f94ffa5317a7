"""Star colouring: fewer colours for a symmetric matrix than its columns alone would need."""

from __future__ import annotations

from typing import Any

import numpy as np

_AFFORDABLE = 400_000  # sum of squared degrees: the loops below are Python


def is_affordable(pattern: Any) -> bool:
    """Whether `star_colours` takes well under a second."""
    degrees = np.diff(pattern.indptr).astype(np.float64)
    return bool(pattern.nnz <= 20_000 and degrees @ degrees <= _AFFORDABLE)


def star_colours(pattern: Any, order: np.ndarray) -> np.ndarray:
    """Colours of vertices such that every path of four vertices has three of them.

    Neighbours differ in colour, and each two colours induce a forest of stars; an entry is then
    read from the column of the star's hub. Vertices without entries get -1. Work: the sum of
    squared degrees. [Gebremedhin, Tarafdar, Manne & Pothen 2007, algorithm 4.1]
    """
    n = pattern.shape[0]
    starts, indices = pattern.indptr.tolist(), pattern.indices.tolist()
    near = [[w for w in indices[starts[v] : starts[v + 1]] if w != v] for v in range(n)]
    colour = [-1] * n
    star: dict[tuple[int, int], int] = {}  # of each edge, from both ends
    hub: list[int] = []  # of each star; -1 while it is a single edge
    for v in order.tolist():
        if starts[v] == starts[v + 1]:
            continue
        coloured = [w for w in near[v] if colour[w] >= 0]
        forbidden = {colour[w] for w in coloured}
        first: dict[int, int] = {}  # the first neighbour of each colour
        treated = set()
        for w in coloured:
            q = first.setdefault(colour[w], w)
            if q != w:  # v would be the hub of w and q: neither may have another neighbour like v
                for u in (q, w):
                    if u not in treated:
                        treated.add(u)
                        forbidden.update(colour[x] for x in near[u] if x != v and colour[x] >= 0)
            else:
                forbidden.update(
                    colour[x] for x in near[w] if x != v and colour[x] >= 0 and hub[star[w, x]] == x
                )
        mine = 0
        while mine in forbidden:
            mine += 1
        colour[v] = mine
        for w in coloured:  # v joins the star of w, opens one as its hub, or begins an edge
            partner = next((x for x in near[w] if x != v and colour[x] == mine), None)
            q = first[colour[w]]
            if partner is not None:
                number = star[w, partner]
                hub[number] = w
            elif q != w:
                number = star[v, q]
                hub[number] = v
            else:
                number = len(hub)
                hub.append(-1)
            star[v, w] = star[w, v] = number
    return np.array(colour, dtype=np.int64)
