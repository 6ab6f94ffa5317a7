"""Groups of columns that share no row: the greedy colouring behind every kind.

Knows nothing of differentiation: patterns are canonical `csr_array`, of which only the places
of the entries count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array

from ..errors import UnsupportedArgumentError, explain

ORDERS = ("best", "natural", "largest-first")

_HUB = 256  # rows longer than this are never searched in `_first_fit`
_SAMPLE = 256  # rows on which a lattice colouring is tried before all rows are
_TRIALS = 1500  # of lattice colourings on the sample, some 20 µs each


def groups(pattern: Any, order: str = "best") -> tuple[np.ndarray, int]:
    """A colour for each column, -1 for empty ones, and the number of colours.

    Columns of one colour share no row. [Curtis, Powell & Reid 1974; Coleman & Moré 1983]
    "best" keeps the fewer of "natural", "largest-first" and, on square patterns, a lattice.
    """
    if order not in ORDERS:
        raise UnsupportedArgumentError(
            explain(f"order={order!r} is unknown.", f"give one of {', '.join(map(repr, ORDERS))}")
        )
    used = np.bincount(pattern.indices, minlength=pattern.shape[1]) > 0
    fewest = longest_row(pattern)
    if fewest == np.count_nonzero(used):  # one row meets every column, or all is empty
        return np.where(used, np.cumsum(used) - 1, -1), fewest
    by_columns = pattern.tocsc()
    best, count = None, np.inf
    for each in ("natural", "largest-first") if order == "best" else (order,):
        found = _greedy(by_columns, permutation(pattern, each), fewest)
        if found.max() + 1 < count:
            best, count = found, int(found.max()) + 1
        if count == fewest:
            break
    assert best is not None
    if order == "best" and count > fewest:
        lattice = _lattice(pattern, fewest, int(count))
        if lattice is not None:
            best, count = lattice
    return np.where(used, best, -1), int(count)


def longest_row(pattern: Any) -> int:
    """The largest number of entries in a row: no colouring of the columns has fewer colours."""
    return int(np.diff(pattern.indptr).max(initial=0))


def rows_of(pattern: Any) -> np.ndarray:
    """The row of each entry."""
    return np.repeat(
        np.arange(pattern.shape[0], dtype=pattern.indices.dtype), np.diff(pattern.indptr)
    )


def permutation(pattern: Any, order: str) -> np.ndarray:
    """The columns, in the order "natural" or "largest-first"."""
    n = pattern.shape[1]
    if order == "natural":
        return np.arange(n)
    # A bound on the degree in the graph of columns; exact where no two columns share two rows.
    lengths = np.diff(pattern.indptr)
    degree = np.bincount(pattern.indices, weights=np.repeat(lengths - 1.0, lengths), minlength=n)
    return np.argsort(-degree, kind="stable")


def _greedy(by_columns: csc_array, order: np.ndarray, fewest: int) -> np.ndarray:
    """Each column in turn gets the smallest colour that none of its rows has met."""
    compiled = _compiled()
    # SciPy's function passes over all columns once a colour: too slow where a long row forces
    # many colours.
    passes = fewest * by_columns.shape[1]
    if compiled is None or passes > 150 * by_columns.nnz + 20_000_000:
        return _first_fit(by_columns, order)
    return compiled(by_columns, order)


@cache
def _compiled() -> Callable[[Any, np.ndarray], np.ndarray] | None:
    """SciPy's compiled grouping, a private name. Its default order is random: give one."""
    try:  # here, not above: scipy.optimize takes longer to import than all of dualrev
        from scipy.optimize._numdiff import group_columns
    except ImportError:
        return None
    return group_columns


def _first_fit(by_columns: csc_array, order: np.ndarray) -> np.ndarray:
    """The same colours as the compiled grouping, up to long rows.

    A long row keeps only the smallest colour above all that it has met, so that the work is
    linear in its length.
    """
    m, n = by_columns.shape
    starts, indices = by_columns.indptr.tolist(), by_columns.indices.tolist()
    hub = (np.bincount(by_columns.indices, minlength=m) > _HUB).tolist()
    met: list[list[int]] = [[] for _ in range(m)]
    above = [0] * m
    colours = np.zeros(n, dtype=np.int64)
    for j in order.tolist():
        rows = indices[starts[j] : starts[j + 1]]
        taken: set[int] = set()
        colour = 0
        for i in rows:
            if hub[i]:
                colour = max(colour, above[i])
            else:
                taken.update(met[i])
        while colour in taken:
            colour += 1
        for i in rows:
            if hub[i]:
                above[i] = colour + 1
            else:
                met[i].append(colour)
        colours[j] = colour
    return colours


def _lattice(pattern: Any, fewest: int, count: int) -> tuple[np.ndarray, int] | None:
    """A colouring ``(x + b y + c z) mod p`` with ``fewest <= p < count``, if there is one.

    For stencils on grids, whose widths are read off the offsets of the entries from the
    diagonal: five colours for the five-point stencil, where greedy needs seven. [Goldfarb &
    Toint 1984]
    """
    m, n = pattern.shape
    if m != n or fewest > 32:
        return None
    if m > _SAMPLE:
        origin = np.linspace(0, m - 1, _SAMPLE).astype(np.int64)
        sample = pattern[origin]
    else:
        origin, sample = np.arange(m), pattern
    rows = rows_of(sample)
    columns = sample.indices.astype(np.int64)
    offsets = np.unique(np.abs(columns - origin[rows]))
    trials = 0
    for p, widths in product(range(fewest, count), _widths(offsets, n)):
        places = _coordinates(columns, widths)
        for factors in product(range(p), repeat=len(widths)):
            trials += 1
            if trials > _TRIALS:
                return None
            if _is_valid(rows, _mix(places, factors, p), p):
                colours = _mix(_coordinates(np.arange(n), widths), factors, p)
                if _is_valid(rows_of(pattern), colours[pattern.indices], p):
                    present, colours = np.unique(colours, return_inverse=True)
                    return colours, len(present)
    return None


def _widths(offsets: np.ndarray, n: int) -> Iterator[tuple[int, ...]]:
    """The widths of grids in which these offsets may be those of neighbours."""
    if len(offsets) > 32:
        return
    several = [int(w) for w in offsets if 1 < w < n]
    for w in several:
        yield (w,)
    for w in several:
        yield from ((w, big) for big in several if big > w and big % w == 0)


def _coordinates(index: np.ndarray, widths: tuple[int, ...]) -> list[np.ndarray]:
    """``x, y, ...`` of a flat index: its digits, the first changing fastest."""
    digits = []
    below = 1
    for width in widths:
        digits.append((index % width) // below)
        below = width
    return [*digits, index // below]


def _mix(places: list[np.ndarray], factors: tuple[int, ...], p: int) -> np.ndarray:
    total = places[0]
    for place, factor in zip(places[1:], factors, strict=True):
        total = total + factor * place
    return total % p


def _is_valid(rows: np.ndarray, colours: np.ndarray, p: int) -> bool:
    """Whether no row has two entries of one of `p` colours."""
    return bool(np.bincount(rows.astype(np.int64) * p + colours).max(initial=0) <= 1)


def canonical(pattern: Any) -> csr_array:
    """The pattern as rows of sorted, distinct entries; the argument is left as it is."""
    given = csr_array(pattern)
    own = csr_array(
        (np.ones(given.nnz, dtype=np.int8), given.indices, given.indptr), shape=given.shape
    )
    if not own.has_canonical_format:
        own = own.copy()
        own.sum_duplicates()
        own.data[:] = 1
    return own
