"""Compression: the seeds of a colouring, and where each entry is read from their products.

Knows patterns only, nothing of differentiation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from ..errors import StructureError, explain
from .colouring import Colouring
from .grouping import canonical, rows_of


class Compression:
    """A pattern and a colouring of it, prepared: products with seeds in, sparse matrix out.

    The place of every entry is found once, here; after that `decompress` is one gather.

    Parameters
    ----------
    pattern : sparse array or array_like, shape (m, n)
        Where the matrix may be nonzero.
    colouring : Colouring
        Of this pattern, from `colour`.

    Raises
    ------
    StructureError
        The colouring has another shape, or leaves an entry that cannot be read.

    Examples
    --------
    >>> import numpy as np
    >>> from dualrev.sparse.colouring import colour
    >>> J = np.diag([1.0, 2.0, 3.0])
    >>> compression = Compression(J, colour(J))
    >>> compression.column_seeds()
    array([[1., 1., 1.]])
    >>> compression.decompress(compression.column_seeds() @ J.T).toarray()
    array([[1., 0., 0.],
           [0., 2., 0.],
           [0., 0., 3.]])
    """

    __slots__ = ("colouring", "indices", "indptr", "shape", "source")

    def __init__(self, pattern: Any, colouring: Colouring) -> None:
        by_rows = canonical(pattern)
        if by_rows.shape != colouring.shape:
            raise StructureError(
                explain(
                    f"the pattern has shape {by_rows.shape}, its colouring {colouring.shape}.",
                    "give the pattern that was coloured",
                )
            )
        self.colouring = colouring
        self.shape = by_rows.shape
        # Copies, because the pattern is the user's and may change.
        self.indptr, self.indices = by_rows.indptr.copy(), by_rows.indices.copy()
        self.source = _sources(by_rows, colouring)  # of each entry, in `entries`' flat products

    def __repr__(self) -> str:
        return f"Compression({len(self.indices)} entries, {self.colouring!r})"

    def column_seeds(
        self, dtype: Any = np.float64, start: int = 0, stop: int | None = None
    ) -> np.ndarray:
        """Seeds of 0 and 1, one row for each colour of columns: products are ``J @ seed``.

        Only colours ``start <= c < stop``, to keep memory small.
        """
        return _seeds(self.colouring.columns, self.colouring.count_columns, dtype, start, stop)

    def row_seeds(
        self, dtype: Any = np.float64, start: int = 0, stop: int | None = None
    ) -> np.ndarray:
        """Seeds of 0 and 1, one row for each colour of rows: products are ``seed @ J``.

        Only colours ``start <= c < stop``, to keep memory small.
        """
        return _seeds(self.colouring.rows, self.colouring.count_rows, dtype, start, stop)

    def entries(self, compressed_columns: Any = None, compressed_rows: Any = None) -> Any:
        """The entries of the matrix, in the order of `indices`: one gather."""
        colouring, (m, n) = self.colouring, self.shape
        flat = [
            _flat(compressed, (count, length), what)
            for compressed, count, length, what in (
                (compressed_columns, colouring.count_columns, m, "columns"),
                (compressed_rows, colouring.count_rows, n, "rows"),
            )
            if count
        ]
        if not flat:
            given = compressed_columns if compressed_rows is None else compressed_rows
            return np.zeros(0, dtype=getattr(given, "dtype", np.float64))
        return (flat[0] if len(flat) == 1 else np.concatenate(flat))[self.source]

    def decompress(self, compressed_columns: Any = None, compressed_rows: Any = None) -> csr_array:
        """The matrix, from the products with its seeds.

        Parameters
        ----------
        compressed_columns : array, shape (count_columns, m)
            Row ``c`` is ``J @ seed`` for the seed of colour ``c``. May be left out if there
            are no colours of columns.
        compressed_rows : array, shape (count_rows, n)
            Row ``r`` is ``seed @ J``.

        Returns
        -------
        csr_array
            With sorted indices, and an entry, possibly zero, wherever the pattern has one. Of a
            symmetric colouring, equal to its transpose to the last bit.
        """
        # The index arrays are copied: methods such as eliminate_zeros write to them.
        matrix = csr_array(
            (
                self.entries(compressed_columns, compressed_rows),
                self.indices.copy(),
                self.indptr.copy(),
            ),
            shape=self.shape,
        )
        matrix.has_canonical_format = True
        return matrix


def _sources(pattern: Any, colouring: Colouring) -> np.ndarray:
    """For each entry, its place in all products laid end to end.

    An entry can be read from a product where no other entry falls on the same place.
    """
    m, n = pattern.shape
    rows, columns = rows_of(pattern), pattern.indices
    source, is_alone = _places(colouring.columns[columns], rows, m, colouring.count_columns)
    if colouring.kind == "symmetric":
        # Of (i, j) and (j, i) one is read, and the same one for both: they agree to the last bit.
        numbered = csr_array(
            (np.arange(pattern.nnz), pattern.indices, pattern.indptr), shape=pattern.shape
        )
        mirror = numbered.T.tocsr().data
        lower = np.where(rows >= columns, np.arange(pattern.nnz), mirror)
        read = np.where(is_alone[lower], lower, mirror[lower])
        source, is_alone = source[read], is_alone[read]
    elif colouring.count_rows:
        by_row, is_alone_by_row = _places(colouring.rows[rows], columns, n, colouring.count_rows)
        by_row += colouring.count_columns * m
        source = np.where(is_alone, source, by_row)
        is_alone |= is_alone_by_row
    if not is_alone.all():
        k = int(np.argmin(is_alone))
        raise StructureError(
            explain(
                f"entry ({rows[k]}, {columns[k]}) cannot be read with this colouring.",
                "give the pattern that was coloured",
            )
        )
    return source


def _places(
    colours: np.ndarray, lines: np.ndarray, length: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Where each entry falls in ``count`` products of this length, and whether it is alone there."""
    if count == 0:
        return np.zeros(len(colours), dtype=np.intp), np.zeros(len(colours), dtype=bool)
    place = colours.astype(np.intp) * length + lines
    seeded = place[colours >= 0] if colours.min(initial=0) < 0 else place
    size = count * length
    if size <= 16 * len(place) + 1_000_000:
        is_alone = np.bincount(seeded, minlength=size)[place] == 1
    else:
        _, inverse, numbers = np.unique(place, return_inverse=True, return_counts=True)
        is_alone = numbers[inverse] == 1
    return place, is_alone & (colours >= 0)


def _seeds(colours: np.ndarray, count: int, dtype: Any, start: int, stop: int | None) -> np.ndarray:
    start, stop, _ = slice(start, stop).indices(count)
    places = np.flatnonzero((colours >= start) & (colours < stop))
    seeds = np.zeros((max(stop - start, 0), len(colours)), dtype)
    seeds[colours[places] - start, places] = 1
    return seeds


def _flat(compressed: Any, shape: tuple[int, int], what: str) -> Any:
    if np.shape(compressed) != shape:
        raise StructureError(
            explain(
                f"the compressed {what} have shape {np.shape(compressed)}, not {shape}.",
                f"give one product for each colour of {what}",
            )
        )
    return np.reshape(compressed, -1)
