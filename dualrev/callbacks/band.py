"""`Band`: Jacobians with few diagonals, read from as many products."""

from __future__ import annotations

import numpy as np

from ..sparse.directions import probe_of

_ROUNDING = 1e-9  # of products, relative to the largest


class Band:
    """Where the entries of a band are in the products with its seeds.

    Columns that are as far from each other as the band is wide share no row, so that there is one
    seed a diagonal [Curtis, Powell & Reid 1974]; one more direction sees entries outside of it.

    Parameters
    ----------
    n : int
    below, above : int
        Diagonals on either side of the main one.
    """

    def __init__(self, n: int, below: int, above: int) -> None:
        self.n, self.below, self.above = n, below, above
        width = below + above + 1
        diagonal, column = np.mgrid[:width, :n]
        row = column + diagonal - above
        self.inside = (row >= 0) & (row < n)
        self._index = column % width, np.clip(row, 0, n - 1)
        self.probe = probe_of(n, np.dtype(float))
        seeds = np.zeros((width + 1, n))
        seeds[np.arange(n) % width, np.arange(n)] = 1.0
        seeds[-1] = self.probe
        self.seeds = seeds

    def packed(self, products: np.ndarray) -> np.ndarray:
        return np.where(self.inside, products[self._index], 0.0)

    def misses(self, packed: np.ndarray, product: np.ndarray) -> bool:
        """Whether the product with the probe shows entries outside of the band."""
        terms, n = packed * self.probe, self.n
        found, size = np.zeros(n), np.zeros(n)
        for k, term in enumerate(terms):
            shift = k - self.above  # of the row against the column
            rows = slice(max(0, shift), n + min(0, shift))
            part = term[max(0, -shift) : n - max(0, shift)]
            found[rows] += part
            size[rows] += np.abs(part)
        if not np.all(np.isfinite(packed)):
            return False
        size = np.maximum(size, np.abs(product))
        return bool(np.any(np.abs(found - product) > _ROUNDING * np.max(size, initial=0.0)))
