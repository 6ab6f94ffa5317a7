"""Colourings: which directions to ask for, so that every entry of a sparse matrix can be read.

Knows patterns only, nothing of differentiation.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import StructureError, UnsupportedArgumentError, explain
from .grouping import canonical, groups, longest_row, permutation, rows_of
from .stars import is_affordable, star_colours

KINDS = ("auto", "column", "row", "both", "symmetric")

_ATTEMPTS = 8  # splits into hubs and the rest that are coloured, at most
_CUTS = 16  # splits that are looked at


@dataclass(frozen=True, repr=False, eq=False)
class Colouring:
    """Colours of columns and rows, from which every entry of a matrix can be read directly.

    The sum of the columns of one colour is ``J @ seed``, one JVP; the sum of the rows of one
    colour is ``seed @ J``, one VJP. Each entry stands alone in one of these sums.

    Attributes
    ----------
    kind : {"column", "row", "both", "symmetric"}
        Where entries are read: from sums of columns, of rows, of either; or from sums of columns
        of a symmetric matrix, entry ``(i, j)`` possibly as ``(j, i)``.
    columns, rows : ndarray of int
        The colour of each column and of each row; -1 if it is not seeded.
    count_columns, count_rows : int
        The numbers of colours.
    """

    kind: str
    columns: np.ndarray
    rows: np.ndarray
    count_columns: int
    count_rows: int

    @property
    def count(self) -> int:
        """The number of colours in all: of products with the matrix or its transpose."""
        return self.count_columns + self.count_rows

    @property
    def shape(self) -> tuple[int, int]:
        """The shape of the matrix."""
        return len(self.rows), len(self.columns)

    def __repr__(self) -> str:
        columns = f"{many(self.count_columns, 'colour')} of {many(len(self.columns), 'column')}"
        rows = f"{many(self.count_rows, 'colour')} of {many(len(self.rows), 'row')}"
        if self.kind == "symmetric":
            return f"{columns}, symmetric"
        return {"column": columns, "row": rows}.get(self.kind, f"{columns} and {rows}")


def colour(
    pattern: Any, kind: str = "auto", order: str = "best", row_cost: float = 1.5
) -> Colouring:
    """Few directions that determine a matrix of this sparsity pattern.

    Parameters
    ----------
    pattern : sparse array or array_like, shape (m, n)
        Its stored entries (of a dense array: its nonzeros) are where the matrix may be nonzero.
    kind : {"auto", "column", "row", "both", "symmetric"}
        Directions among columns (JVPs), rows (VJPs), both, or columns of a symmetric matrix.
        "auto" takes the cheapest of the first three.
    order : {"best", "natural", "largest-first"}
        In which columns are coloured; "best" keeps the fewest colours of several.
    row_cost : float
        What a row direction costs, in column directions.

    Returns
    -------
    Colouring

    Raises
    ------
    StructureError
        `kind` is "symmetric" and the pattern is not.
    UnsupportedArgumentError
        `kind` or `order` is not one of those above.

    Notes
    -----
    Columns that share no row have the same colour [Curtis, Powell & Reid 1974; Coleman & Moré
    1983]. Dense rows would spoil that: with "both" they are read from row directions [Coleman &
    Verma 1998], in a symmetric matrix from their column. Small symmetric patterns also get a
    star colouring [Gebremedhin, Tarafdar, Manne & Pothen 2007]. No step is quadratic in the
    length of a dense row.

    Examples
    --------
    >>> from scipy.sparse import diags_array
    >>> colour(diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(1000, 1000)))
    3 colours of 1,000 columns
    """
    if kind not in KINDS:
        raise UnsupportedArgumentError(
            explain(f"kind={kind!r} is unknown.", f"give one of {', '.join(map(repr, KINDS))}")
        )
    by_rows = canonical(pattern)
    if kind == "column":
        return _column(by_rows, order)
    if kind == "row":
        return _transposed(_column(by_rows.T.tocsr(), order))
    if kind == "symmetric":
        return _symmetric(by_rows, order)
    return _cheapest(by_rows, kind, order, row_cost)


def _column(pattern: Any, order: str) -> Colouring:
    colours, count = groups(pattern, order)
    return Colouring("column", colours, np.full(pattern.shape[0], -1), count, 0)


def _transposed(colouring: Colouring) -> Colouring:
    """The colouring of the transposed matrix."""
    kind = {"column": "row", "row": "column"}.get(colouring.kind, colouring.kind)
    return Colouring(
        kind, colouring.rows, colouring.columns, colouring.count_rows, colouring.count_columns
    )


# Both sides. The rows of more than `limit` entries, the hubs, are read from row directions; all
# other rows from column directions, coloured as if the hubs were not there. Hub columns cost
# such a split one colour each. The same on the transpose. No hubs: the plain column colouring.


@dataclass(order=True)
class _Split:
    """A split to try; splits are ordered by a lower bound of their costs."""

    bound: float
    preference: int
    limit: int
    is_transposed: bool
    is_refined: bool


def _cheapest(pattern: Any, kind: str, order: str, row_cost: float) -> Colouring:
    """The cheapest colouring of columns, rows or both, by branch and bound over the splits."""
    sides = {False: pattern, True: pattern.T.tocsr()}
    costs = {False: (1.0, row_cost), True: (row_cost, 1.0)}  # of a light colour, of a hub's
    # A second mode has its own preparation, so that "auto" wants both to save more than a row.
    extra = row_cost if kind == "auto" else 0.0
    heap = []
    for is_transposed, side in sides.items():
        light, hub = costs[is_transposed]
        for number, limit in _limits(np.diff(side.indptr)):
            bound = light * limit + hub * min(number, 1)
            bound += extra * (number > 0 and limit > 0)
            heap.append(_Split(bound, min(number, 1), limit, is_transposed, number == 0))
    heapq.heapify(heap)
    best, best_cost = None, np.inf
    attempts = 0
    while heap and heap[0].bound < best_cost and attempts < _ATTEMPTS:
        split = heapq.heappop(heap)
        side, (light, hub) = sides[split.is_transposed], costs[split.is_transposed]
        is_hub = np.diff(side.indptr) > split.limit
        if not split.is_refined:  # a column of k hubs needs k colours
            met = side.indices[is_hub[rows_of(side)]]
            longest = int(np.bincount(met).max(initial=0))
            bound = light * split.limit + hub * longest + extra * (split.limit > 0)
            split.bound, split.is_refined = bound, True
            heapq.heappush(heap, split)
            continue
        attempts += 1
        found = _split(side, is_hub, order)
        cost = light * found.count_columns + hub * found.count_rows
        cost += extra * (found.kind == "both")
        if cost < best_cost:
            best, best_cost = (_transposed(found) if split.is_transposed else found), cost
    if best is None:
        best = _column(pattern, order)
    if kind == "both":
        return Colouring("both", best.columns, best.rows, best.count_columns, best.count_rows)
    return best


def _split(pattern: Any, is_hub: np.ndarray, order: str) -> Colouring:
    if not is_hub.any():
        return _column(pattern, order)
    columns, count_columns = groups(pattern[np.flatnonzero(~is_hub)], order)
    rows = np.full(len(is_hub), -1)
    rows[is_hub], count_rows = groups(pattern[np.flatnonzero(is_hub)].T.tocsr(), order)
    kind = "both" if count_columns else "row"
    return Colouring(kind, columns, rows, count_columns, count_rows)


def _limits(lengths: np.ndarray) -> Iterator[tuple[int, int]]:
    """Lengths above which a row may count as a hub, and how many do: where lengths jump most."""
    numbers = np.bincount(lengths)
    present = np.flatnonzero(numbers)[::-1]
    if not len(present):
        return
    longer = np.cumsum(numbers[present]) - numbers[present]  # rows longer than each length
    jumps = np.append(np.inf, present[:-1] / np.maximum(present[1:], 1))
    for k in np.sort(np.argsort(-jumps, kind="stable")[:_CUTS]):
        yield int(longer[k]), int(present[k])
    if present[-1] > 0:
        yield len(lengths), 0


# Symmetric: a hub has a colour of its own, so that (i, hub) is read from it in row i, and
# (hub, i) is the same number. The others are coloured as if the hubs were not there.


def _symmetric(pattern: Any, order: str) -> Colouring:
    m, n = pattern.shape
    _check_symmetric(pattern)
    lengths = np.diff(pattern.indptr)
    limits = [(number, limit) for number, limit in _limits(lengths) if number < n]
    if n:
        usual = int(max(16, 4 * np.median(lengths), np.sqrt(pattern.nnz)))
        limits.insert(0, (int(np.count_nonzero(lengths > usual)), usual))
    best, count = np.full(n, -1), n + 1
    kept = np.zeros(n, dtype=bool), pattern
    attempts = 0
    for number, limit in limits:
        if number >= count or attempts == _ATTEMPTS:
            continue
        is_hub = lengths > limit
        rest = _without(pattern, is_hub)
        if number + longest_row(rest) >= count:
            continue
        attempts += 1
        found, needed = _hubs_first(is_hub, *groups(rest, order))
        if needed < count:
            best, count = found, needed
            kept = is_hub, rest
    if n and count > 2:
        whole = np.zeros(n, dtype=bool), pattern
        for is_hub, rest in (kept, whole) if kept[0].any() else (whole,):
            stars, fewer = _stars(is_hub, rest, order)
            if fewer < count:
                best, count = stars, int(fewer)
    return Colouring("symmetric", best, np.full(m, -1), count if n else 0, 0)


def _without(pattern: Any, is_hub: np.ndarray) -> Any:
    """The pattern without the rows and columns of hubs; the shape and the numbers stay."""
    if not is_hub.any():
        return pattern
    rows = rows_of(pattern)
    keep = ~(is_hub[rows] | is_hub[pattern.indices])
    lengths = np.bincount(rows[keep], minlength=pattern.shape[0])
    indptr = np.append(0, np.cumsum(lengths)).astype(pattern.indptr.dtype)
    return type(pattern)((pattern.data[keep], pattern.indices[keep], indptr), shape=pattern.shape)


def _hubs_first(is_hub: np.ndarray, rest: np.ndarray, count: int) -> tuple[np.ndarray, int]:
    """Colours of the rest, then one for each hub."""
    colours = rest.copy()
    hubs = np.flatnonzero(is_hub)
    colours[hubs] = count + np.arange(len(hubs))
    return colours, count + len(hubs)


def _stars(is_hub: np.ndarray, rest: Any, order: str) -> tuple[np.ndarray, float]:
    """The star colouring of the rest with the fewest colours; infinitely many if too slow."""
    best, count = is_hub, np.inf
    if is_affordable(rest):
        for each in ("natural", "largest-first") if order == "best" else (order,):
            colours = star_colours(rest, permutation(rest, each))
            found, number = _hubs_first(is_hub, colours, int(colours.max(initial=-1)) + 1)
            if number < count:
                best, count = found, number
    return best, count


def _check_symmetric(pattern: Any) -> None:
    m, n = pattern.shape
    if m == n:
        mirrored = pattern.T.tocsr()
        if np.array_equal(mirrored.indptr, pattern.indptr) and np.array_equal(
            mirrored.indices, pattern.indices
        ):
            return
    raise StructureError(
        explain(
            f"the pattern, of shape {pattern.shape}, is not symmetric.",
            "give pattern + pattern.T, or colour it by its columns",
        )
    )


def many(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")
