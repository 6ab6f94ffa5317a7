"""The pattern object: which entries of a matrix may be other than zero."""

from __future__ import annotations

import math
import os
import zipfile
from typing import Any

import numpy as np

from ..errors import PatternError, describe, explain
from ..primitive import primal_of


class Pattern:
    """Which entries of a matrix may be other than zero.

    Made by `jacobian_pattern`, `hessian_pattern`, `Pattern.of` and `Pattern.load`; immutable.

    Attributes
    ----------
    shape : tuple of int
        Rows and columns.
    indptr, indices : ndarray of int
        Row ``i`` has entries in the columns ``indices[indptr[i]:indptr[i + 1]]``, which ascend. Not
        to be written to.
    symmetric : bool
        Whether it is the pattern of a symmetric matrix, such as a Hessian.

    Examples
    --------
    >>> from dualrev.sparse.detection import jacobian_pattern
    >>> pattern = jacobian_pattern(lambda x: x[1:] - x[:-1] ** 2, np.ones(4))
    >>> pattern
    Pattern: 3 x 4 with 6 entries (50 %), at most 2 in a row
    >>> print(pattern.to_scipy().toarray().astype(int))
    [[1 1 0 0]
     [0 1 1 0]
     [0 0 1 1]]
    """

    __slots__ = ("indices", "indptr", "shape", "symmetric")

    shape: tuple[int, int]
    indptr: np.ndarray
    indices: np.ndarray
    symmetric: bool

    def __init__(self, matrix: Any, symmetric: bool = False) -> None:
        """From a ``csr_array`` of which all stored entries count; see `Pattern.of` for others."""
        if not matrix.has_canonical_format:
            matrix = matrix.copy()
            matrix.sum_duplicates()
        for name, array in (("indptr", matrix.indptr), ("indices", matrix.indices)):
            view = array.view()
            view.flags.writeable = False
            setattr(self, name, view)
        self.shape = int(matrix.shape[0]), int(matrix.shape[1])
        self.symmetric = symmetric
        if symmetric and (self.shape[0] != self.shape[1] or not _is_symmetric(matrix)):
            raise PatternError(
                explain(
                    f"a pattern of {in_words(self.shape)} is not symmetric.",
                    "leave out symmetric=True, or give the union with the transpose",
                )
            )

    @classmethod
    def of(cls, matrix: Any, symmetric: bool = False) -> Pattern:
        """The pattern of a matrix.

        Parameters
        ----------
        matrix : array_like, sparse matrix or array, or Pattern
            Of a sparse one every stored entry counts, also a zero; of a dense one what is not zero.
        symmetric : bool
            Whether it is the pattern of a symmetric matrix.

        Raises
        ------
        PatternError
            Not a matrix, or not symmetric.
        """
        if isinstance(matrix, Pattern):
            return cls(matrix.to_scipy(), symmetric or matrix.symmetric)
        from scipy.sparse import csr_array, issparse

        if not issparse(matrix):
            matrix = np.asarray(primal_of(matrix))
            if matrix.ndim != 2 or matrix.dtype.kind not in "biufc":
                raise PatternError(
                    explain(
                        f"{describe(matrix)} has no sparsity pattern.",
                        "give a matrix: two axes, numbers or booleans",
                    )
                )
            matrix = matrix != 0
        coo = matrix.tocoo() if issparse(matrix) else csr_array(matrix).tocoo()
        ones = np.ones(coo.nnz, bool)  # so that stored zeros count, and none cancel
        return cls(csr_array((ones, (coo.row, coo.col)), coo.shape), symmetric)

    @property
    def nnz(self) -> int:
        """The number of entries."""
        return len(self.indices)

    @property
    def density(self) -> float:
        """Entries as a fraction of all places; 0 where there is no place."""
        places = math.prod(self.shape)
        return self.nnz / places if places else 0.0

    def to_scipy(self) -> Any:
        """A new ``csr_array`` of ``True``."""
        from scipy.sparse import csr_array

        parts = np.ones(self.nnz, bool), self.indices.copy(), self.indptr.copy()
        return csr_array(parts, self.shape)

    def transpose(self) -> Pattern:
        """The pattern of the transposed matrix."""
        if self.symmetric:
            return self
        return Pattern(self.to_scipy().T.tocsr())

    def union(self, other: Any) -> Pattern:
        """Entries of this pattern, of `other`, or of both: for instance of several points."""
        other = self._like(other)
        return Pattern(self.to_scipy() + other.to_scipy(), self.symmetric and other.symmetric)

    def covers(self, other: Any) -> bool:
        """Whether every entry of `other`, a pattern or a matrix, is one of this pattern."""
        other = self._like(other)
        return bool((self.to_scipy() + other.to_scipy()).nnz == self.nnz)

    def _like(self, other: Any) -> Pattern:
        other = Pattern.of(other)
        if other.shape != self.shape:
            raise PatternError(
                explain(
                    f"a pattern of {in_words(other.shape)} meets one of {in_words(self.shape)}.",
                    "give patterns of one shape",
                )
            )
        return other

    def __eq__(self, other: object) -> bool:
        """The same shape and entries."""
        if not isinstance(other, Pattern):
            return NotImplemented
        return (
            self.shape == other.shape
            and np.array_equal(self.indptr, other.indptr)
            and np.array_equal(self.indices, other.indices)
        )

    def __hash__(self) -> int:
        return hash((self.shape, self.nnz))

    def __repr__(self) -> str:
        longest = int(np.diff(self.indptr).max(initial=0))
        return (
            f"Pattern: {in_words(self.shape)} with {self.nnz} entries ({100 * self.density:.3g} %), "
            f"at most {longest} in a row{', symmetric' * self.symmetric}"
        )

    # -- in files ---------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, in NumPy's ``npz`` format: see `Pattern.load`."""
        with open(path, "wb") as file:
            np.savez_compressed(
                file,
                shape=np.array(self.shape),
                indptr=self.indptr,
                indices=self.indices,
                symmetric=np.array(self.symmetric),
            )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Pattern:
        """Read a pattern from a file that `save` wrote; nothing in the file is executed.

        Raises
        ------
        PatternError
            The file is not one of these, or is damaged.
        """
        from scipy.sparse import csr_array

        try:
            with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
                rows, columns = file["shape"].tolist()
                indptr, indices = file["indptr"], file["indices"]
                symmetric = bool(file["symmetric"])
            if not (indptr.dtype.kind == indices.dtype.kind == "i"):
                raise ValueError("positions that are not integers")
            made = csr_array((np.ones(len(indices), bool), indices, indptr), (rows, columns))
            made.check_format(full_check=True)
            if not made.has_canonical_format:
                raise ValueError("entries out of order")
            return cls(made, symmetric)
        except FileNotFoundError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError,
                zipfile.BadZipFile) as error:  # fmt: skip
            raise PatternError(
                explain(
                    f"{os.fspath(path)} is not a file with a sparsity pattern ({error}).".replace(
                        "\n", " "
                    ),
                    "give a file that Pattern.save wrote",
                )
            ) from error


def in_words(shape: tuple[int, ...]) -> str:
    """``3 x 4``."""
    return " x ".join(map(str, shape))


def _is_symmetric(matrix: Any) -> bool:
    mirrored = matrix.T.tocsr()
    return np.array_equal(matrix.indptr, mirrored.indptr) and np.array_equal(
        matrix.indices, mirrored.indices
    )
