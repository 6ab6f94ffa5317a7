"""Index domains: for each element of an array, the set of inputs that it depends on.

The sets are rows of one sparse boolean matrix, and each element names its row: so elements that
share a set share its storage, moving elements moves row numbers and nothing else, and what has
to be computed runs in compiled loops of `scipy.sparse`. [Bischof et al. 1996; Hill & Dalle 2025]
Knows nothing of primitives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import PatternError, explain

_LARGEST = 1 << 31  # entries of a matrix of sets, which cost four bytes each and more
_FEW = 2000  # entries up to which NumPy is quicker than the overhead of scipy.sparse
_WORTH_SEARCHING = 1 << 16  # entries from which it pays to look for equal pairs of rows


class Sets:
    """Sets of inputs: the rows of a boolean matrix in compressed form, without its ones."""

    __slots__ = ("indices", "indptr", "shape")

    def __init__(self, indices: np.ndarray, indptr: np.ndarray, columns: int) -> None:
        self.indices = indices
        self.indptr = indptr
        self.shape = len(indptr) - 1, columns

    @property
    def nnz(self) -> int:
        return len(self.indices)

    def csr(self) -> Any:
        from scipy.sparse import csr_array  # which takes a while to load

        made = csr_array((np.ones(self.nnz, bool), self.indices, self.indptr), self.shape)
        made.has_canonical_format = True
        return made

    def without_first(self) -> Sets:
        return Sets(self.indices, self.indptr[1:], self.shape[1])

    def take(self, rows: np.ndarray) -> Sets:
        """The sets of these rows, in their order."""
        lengths = np.diff(self.indptr)[rows]
        total = int(lengths.sum(dtype=np.int64))
        _refuse_dense(total)
        if total < _FEW:
            stops = np.cumsum(lengths)
            places = np.repeat(self.indptr[rows] - (stops - lengths), lengths) + np.arange(total)
            indptr = np.zeros(len(rows) + 1, np.int32)
            indptr[1:] = stops
            return Sets(self.indices[places], indptr, self.shape[1])
        chosen = self.csr()[rows]
        return Sets(chosen.indices, chosen.indptr, self.shape[1])

    def union(self, other: Sets) -> Sets:
        """Row by row."""
        if self.nnz + other.nnz >= _FEW:
            both = self.csr() + other.csr()
            return Sets(both.indices, both.indptr, self.shape[1])
        count, columns = self.shape
        keys = np.unique(np.concatenate([
            np.repeat(np.arange(count), np.diff(sets.indptr)) * columns + sets.indices
            for sets in (self, other)
        ]))  # fmt: skip
        indptr = np.searchsorted(keys, np.arange(count + 1) * columns).astype(np.int32)
        return Sets((keys % columns).astype(np.int32), indptr, columns)


class Domains:
    """For each element of an array the set of inputs that it depends on; immutable.

    Attributes
    ----------
    base : Sets
        One a row, with sorted indices; row 0 is the empty set.
    rows : ndarray of int
        Of the shape of the array: which row of `base` each element has.
    own : bool
        Whether element k has row k + 1, and no row is left over.
    """

    __slots__ = ("base", "own", "rows")

    def __init__(self, base: Sets, rows: np.ndarray, own: bool = False) -> None:
        self.base = base
        self.rows = rows
        self.own = own

    @property
    def shape(self) -> tuple[int, ...]:
        return self.rows.shape

    def move(self, rows: Any) -> Domains:
        """The same sets for other elements: `rows` are some of these, moved, dropped or repeated."""
        return Domains(self.base, np.asarray(rows))

    def reshape(self, shape: Sequence[int]) -> Domains:
        return Domains(self.base, self.rows.reshape(tuple(shape)), self.own)

    def broadcast_to(self, shape: tuple[int, ...]) -> Domains:
        if self.rows.shape == shape:
            return self
        return Domains(self.base, np.broadcast_to(self.rows, shape))

    def matrix(self) -> Any:
        """One row an element, in C order, as a ``csr_array`` of bool."""
        sets = self.base.without_first() if self.own else self.base.take(self.rows.reshape(-1))
        return sets.csr()


# -- making them -----------------------------------------------------------------------------


def inputs(shapes: Sequence[tuple[int, ...]]) -> list[Domains]:
    """The domains of the inputs themselves: each element depends on itself."""
    sizes = [math.prod(shape) for shape in shapes]
    base = _identity(sum(sizes))
    starts = np.cumsum([1, *sizes]).tolist()
    return [
        Domains(base, np.arange(start, start + size).reshape(shape), own=len(shapes) == 1)
        for start, size, shape in zip(starts, sizes, shapes, strict=False)
    ]


def nothing(like: Domains, shape: tuple[int, ...]) -> Domains:
    """No element depends on anything."""
    return Domains(_empty(like.base.shape[1]), np.broadcast_to(np.intp(0), shape))


def _empty(columns: int) -> Sets:
    return Sets(np.empty(0, np.int32), np.zeros(2, np.int32), columns)


def _identity(n: int) -> Sets:
    indptr = np.arange(-1, n + 1, dtype=np.int32)
    indptr[0] = 0
    return Sets(np.arange(n, dtype=np.int32), indptr, n)


def _owned(sets: Any, shape: tuple[int, ...]) -> Domains:
    """The domains of an array whose elements have `sets`, one each, in C order."""
    base = Sets(sets.indices, np.append(sets.indptr[:1], sets.indptr), sets.shape[1])
    return Domains(base, np.arange(1, len(sets.indptr)).reshape(shape), own=True)


def _refuse_dense(entries: int) -> None:
    if entries >= _LARGEST:
        raise PatternError(
            explain(
                f"the sparsity pattern has about {entries:.1e} entries: this derivative is not sparse.",
                "use products instead of the matrix: jvp, vjp, hvp; or detect the pattern of the sparse "
                "parts of the function one by one",
            )
        )


# -- several of them -----------------------------------------------------------------------


def joined(parts: Sequence[Domains]) -> tuple[Sets, list[np.ndarray]]:
    """One base for all `parts`, and the rows of each in it."""
    base = parts[0].base
    if all(part.base is base for part in parts):
        return base, [part.rows for part in parts]
    parts = [_compact(part) for part in parts]
    bases = list({id(part.base): part.base for part in parts}.values())
    starts, start, filled = {}, 0, 0
    indptr = [bases[0].indptr[:2]]  # of the empty set, which all share
    for b in bases:
        starts[id(b)] = start
        indptr.append(b.indptr[2:] + b.indptr.dtype.type(filled))
        start += b.shape[0] - 1
        filled += b.nnz
        _refuse_dense(filled)
    indices = np.concatenate([b.indices for b in bases])
    rows = []
    for part in parts:
        start = starts[id(part.base)]
        rows.append(np.where(part.rows > 0, part.rows + start, 0) if start else part.rows)
    return Sets(indices, np.concatenate(indptr), base.shape[1]), rows


def _compact(part: Domains) -> Domains:
    """Without sets that no element has any more, if these are many."""
    held = part.base.shape[0]
    if held <= 4 * part.rows.size + 16:
        return part
    used = np.zeros(held, bool)
    used[part.rows] = True
    used[0] = True
    number = np.cumsum(used) - 1
    return Domains(part.base.take(np.flatnonzero(used)), number[part.rows])


def union(a: Domains | None, b: Domains | None) -> Domains | None:
    """Element by element the union of two sets, with broadcasting; ``None`` is nothing."""
    if a is None or a is b:
        return b
    if b is None:
        return a
    if a.base is b.base and a.shape == b.shape and _equal(a.rows, b.rows):
        return a
    shape = np.broadcast_shapes(a.shape, b.shape)
    return _union(a.broadcast_to(shape), b.broadcast_to(shape))


def _union(a: Domains, b: Domains) -> Domains:
    shape = a.shape
    once = tuple(  # what is repeated in both is computed once
        slice(0, 1) if step_a == 0 == step_b else slice(None)
        for step_a, step_b in zip(a.rows.strides, b.rows.strides, strict=True)
    )
    own_a, own_b = a.own, b.own
    rows_a, rows_b = a.rows[once], b.rows[once]
    inner, rows_a, rows_b = rows_a.shape, rows_a.reshape(-1), rows_b.reshape(-1)
    if not own_a and not rows_a.any():
        return b
    if not own_b and not rows_b.any():
        return a
    lengths_a, lengths_b = _lengths(a.base, rows_a, own_a), _lengths(b.base, rows_b, own_b)
    total_a, total_b = lengths_a.sum(dtype=np.int64), lengths_b.sum(dtype=np.int64)
    back = None
    if total_a + total_b > _WORTH_SEARCHING + 4 * (a.base.nnz + b.base.nnz):
        pairs = rows_a * b.base.shape[0] + rows_b
        pairs, back = np.unique(pairs, return_inverse=True)
        rows_a, rows_b = np.divmod(pairs, b.base.shape[0])
        own_a = own_b = False
        total_a = _lengths(a.base, rows_a, False).sum(dtype=np.int64)
        total_b = _lengths(b.base, rows_b, False).sum(dtype=np.int64)
    _refuse_dense(total_a + total_b)
    sets_a = a.base.without_first() if own_a else a.base.take(rows_a)
    sets_b = b.base.without_first() if own_b else b.base.take(rows_b)
    both = sets_a.union(sets_b)
    if both.nnz == total_a:
        return a  # `b` adds nothing
    if both.nnz == total_b:
        return b
    if back is not None:
        found = _owned(both, (both.shape[0],))
        return found.move((back + 1).reshape(inner)).broadcast_to(shape)
    return _owned(both, inner).broadcast_to(shape)


def _lengths(base: Sets, rows: np.ndarray, own: bool) -> np.ndarray:
    lengths = np.diff(base.indptr)
    return lengths[1:] if own else lengths[rows]


def _equal(a: np.ndarray, b: np.ndarray) -> bool:
    return a is b or bool((a == b).all())


def union_of(parts: Sequence[Domains | None]) -> Domains | None:
    """The union of any number of domains, with broadcasting; ``None`` is nothing."""
    found = None
    for part in parts:
        found = union(found, part)
    return found


# -- many elements to one ------------------------------------------------------------------


def merged(
    base: Sets, rows: Sequence[np.ndarray], places: Sequence[np.ndarray], shape: tuple[int, ...]
) -> Domains:
    """An array of `shape` whose element ``places[i]`` depends on what ``rows[i]`` does, for all i.

    Several arrays of rows and places count as one. Places are positions in C order.
    """
    size = math.prod(shape)
    row = _flat(rows)
    place = _flat(places)
    if size == 1:
        return _all_of(base, row, shape)
    if row.size <= size:
        taken = np.zeros(size, bool)
        taken[place] = True
        if np.count_nonzero(taken) == row.size:  # nothing meets: rows are moved
            moved = np.zeros(size, np.intp)
            moved[place] = row
            return Domains(base, moved.reshape(shape))
    if not row.all():
        place, row = place[row > 0], row[row > 0]
    from scipy.sparse import csr_array

    who = csr_array((np.ones(row.size, bool), (place, row)), (size, base.shape[0]))
    if _are_ascending_singles(base):  # as inputs are: the product would move indices
        return _owned(Sets(base.indices[who.indices - 1], who.indptr, base.shape[1]), shape)
    _refuse_dense(np.diff(base.indptr)[who.indices].sum(dtype=np.int64))
    found = who @ base.csr()
    found.sort_indices()
    return _owned(found, shape)


def _are_ascending_singles(base: Sets) -> bool:
    """Whether each set has one element, which ascends from set to set."""
    return bool(
        base.nnz == base.shape[0] - 1
        and (np.diff(base.indptr)[1:] == 1).all()
        and (np.diff(base.indices) > 0).all()
    )


def _flat(parts: Sequence[np.ndarray]) -> np.ndarray:
    flat = [np.asarray(part).reshape(-1) for part in parts]
    return flat[0] if len(flat) == 1 else np.concatenate(flat)


def _all_of(base: Sets, row: np.ndarray, shape: tuple[int, ...]) -> Domains:
    """One element that depends on all."""
    used = np.zeros(base.shape[0], bool)
    used[row] = True
    inside = np.zeros(base.shape[1], bool)
    inside[base.indices[np.repeat(used, np.diff(base.indptr))]] = True
    indices = np.flatnonzero(inside).astype(np.int32)
    indptr = np.array([0, 0, len(indices)], np.int32)
    return Domains(Sets(indices, indptr, base.shape[1]), np.ones(shape, np.intp), own=True)


def reduced(part: Domains, axes: Sequence[int]) -> Domains:
    """The union over `axes`, which are kept with length 1."""
    axes = [axis % part.rows.ndim for axis in axes]
    rows = part.rows
    shape = tuple(1 if k in axes else n for k, n in enumerate(rows.shape))
    if shape == rows.shape:
        return part
    if rows.size == 0:
        return nothing(part, shape)
    rows = rows[  # repeated elements count once
        tuple(slice(0, 1) if step == 0 else slice(None) for step in rows.strides)
    ]
    inner = tuple(1 if k in axes else n for k, n in enumerate(rows.shape))
    places = np.broadcast_to(np.arange(math.prod(inner)).reshape(inner), rows.shape)
    return merged(part.base, [rows], [places], inner).broadcast_to(shape)


def everything(parts: Sequence[Domains | None]) -> Domains | None:
    """A single element that depends on all that `parts` depend on."""
    found: Domains | None = None
    for part in parts:
        if part is not None:
            found = union(found, _all_of(part.base, part.rows.reshape(-1), ()))
    return found
