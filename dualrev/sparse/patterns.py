"""Sparsity patterns: found by running the function once, kept, compared, saved."""

from __future__ import annotations

import math
import os
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..adoption import adopted
from ..engine.domains import inputs
from ..engine.patterns import Tracked
from ..errors import PatternError, describe, explain
from ..primitive import Trace, Tracer, primal_of
from ..transforms.arguments import Argnums, Call, differentiable, output, run_user
from ..transforms.forward import jvp
from ..transforms.recording import Recording, unit_seed
from ..transforms.reverse import grad

_COLUMNS = 64  # columns of which `verify` computes the values, in doubt


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
                    f"a pattern of {_size(self.shape)} is not symmetric.",
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
                    f"a pattern of {_size(other.shape)} meets one of {_size(self.shape)}.",
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
            f"Pattern: {_size(self.shape)} with {self.nnz} entries ({100 * self.density:.3g} %), "
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
            with np.load(path, allow_pickle=False) as file:
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


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _is_symmetric(matrix: Any) -> bool:
    mirrored = matrix.T.tocsr()
    return np.array_equal(matrix.indptr, mirrored.indptr) and np.array_equal(
        matrix.indices, mirrored.indices
    )


# -- detection -----------------------------------------------------------------------------


def jacobian_pattern(
    f: Callable[..., Any], *args: Any, argnums: Argnums = 0, adopt: Any = None, **kwargs: Any
) -> Pattern:
    """The sparsity pattern of the Jacobian of `f`, found in one run of `f`.

    Parameters
    ----------
    f : callable
        Takes arrays or trees of arrays, returns a tree of arrays. Plain NumPy.
    *args, **kwargs
        The arguments of `f`. Of the numbers in those that are differentiated only the shapes
        matter, unless `f` decides by them what it does.
    argnums : int, str, or sequence of them
        The arguments to differentiate, by position or by name.
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.

    Returns
    -------
    Pattern
        Rows are the elements of the result, columns those of the arguments: in C order, leaf
        after leaf for trees.

    Raises
    ------
    NotDifferentiableError, NoRuleError
        As in `jvp`.
    PatternError
        The Jacobian is dense, and so large that its pattern cannot be stored.

    Notes
    -----
    An entry that is not in the pattern is zero at every point that takes the same branches: what
    Python's ``if`` and ``while``, comparisons, and indices computed from values decide is taken
    as it is at this point (of ``np.where``, maxima and sorting all possibilities count). An entry
    of the pattern may be zero. All other arguments are constants, of which the zeros count where
    one is a factor of a matrix product.

    Each value is accompanied by the set of inputs that each of its elements depends on, as a row
    of a sparse matrix. [Bischof et al. 1996; Hill & Dalle 2025]

    Examples
    --------
    >>> jacobian_pattern(lambda x: np.diff(x) * x[0], np.ones(5))
    Pattern: 4 x 5 with 11 entries (55 %), at most 3 in a row
    """
    detection = _Detection(f, args, kwargs, argnums, adopt)
    return Pattern(detection.run(lambda call, values: call.run(values)))


def hessian_pattern(
    f: Callable[..., Any], *args: Any, argnums: Argnums = 0, adopt: Any = None, **kwargs: Any
) -> Pattern:
    """The sparsity pattern of the Hessian of `f`, found in one run of its gradient.

    Parameters
    ----------
    f : callable
        Returns one real number.
    *args, argnums, adopt, **kwargs
        As in `jacobian_pattern`.

    Returns
    -------
    Pattern
        Symmetric. Rows and columns are the elements of the arguments, in C order, leaf after
        leaf for trees.

    Raises
    ------
    NotScalarError, NotDifferentiableError, NoRuleError, PatternError
        As in `grad` and `jacobian_pattern`.

    Notes
    -----
    The pattern of the Jacobian of the gradient, where that and its transpose agree: see
    `jacobian_pattern` for what it holds for. In a gradient a maximum over an axis, a median or a
    sorting selects elements as at this point.

    Examples
    --------
    >>> def f(x):
    ...     return np.sum((x[1:] - x[:-1] ** 2) ** 2)
    >>> hessian_pattern(f, np.ones(5))
    Pattern: 5 x 5 with 13 entries (52 %), at most 3 in a row, symmetric
    """
    matrix = _Detection(f, args, kwargs, argnums, adopt).run(_gradient)
    both = matrix.multiply(matrix.T.tocsr()).tocsr().astype(bool)
    both.sort_indices()
    return Pattern(both, symmetric=True)


def _gradient(call: Call, values: list[Any]) -> list[Any]:
    recording = Recording(lambda *values: call.run(values), values, call.describe)
    kind = recording.values[0].dtype.kind if recording.structure_out is None else ""
    seed = unit_seed(recording, kind == "c", "hessian_pattern")
    return recording.pull((seed,), free=True)


class _Detection:
    """A call of a function whose selected arguments are tracked."""

    __slots__ = ("call", "leaves", "structures")

    def __init__(
        self,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        argnums: Argnums,
        adopt: Any,
    ) -> None:
        self.call = Call(adopted(f, adopt), argnums, args, kwargs)
        self.leaves: list[list[Any]] = []  # of each selected argument
        self.structures = []
        for k, x in enumerate(self.call.selected()):
            leaves, structure = tree.flatten(x)
            what = self.call.describe(k)
            self.leaves.append([differentiable(primal_of(leaf), what) for leaf in leaves])
            self.structures.append(structure)

    def run(self, function: Callable[[Call, list[Any]], Any]) -> Any:
        """The domains of the results of ``function(call, values)``, as one ``csr_array``."""
        trace = Trace()
        try:
            shapes = [x.shape for leaves in self.leaves for x in leaves]
            domains = iter(inputs(shapes))
            values = self._filled(lambda x: Tracked(x, next(domains), trace))
            results = [output(y) for y in tree.flatten(run_user(function, (self.call, values)))[0]]
            columns = sum(map(math.prod, shapes))
            parts = [_matrix(y, trace, columns) for y in results]
        finally:
            trace.close()
        if len(parts) == 1:
            return parts[0]
        from scipy.sparse import csr_array, vstack

        return vstack(parts, format="csr") if parts else csr_array((0, columns), dtype=bool)

    def _filled(self, leaf: Callable[[Any], Any]) -> list[Any]:
        """The selected arguments, with ``leaf(x)`` for each leaf."""
        return [
            tree.unflatten(structure, [leaf(x) for x in leaves])
            for structure, leaves in zip(self.structures, self.leaves, strict=True)
        ]

    def column(self, k: int, second: bool) -> np.ndarray:
        """Column `k` of the Jacobian, or of the Hessian, by forward mode."""
        unit = np.zeros(sum(x.size for leaves in self.leaves for x in leaves))
        unit[k] = 1
        start = 0

        def part(x: Any) -> Any:
            nonlocal start
            start += x.size
            return unit[start - x.size : start].reshape(x.shape).astype(x.dtype)[()]

        def f(*values: Any) -> Any:
            return self.call.run(values)

        several = tuple(range(len(self.leaves)))
        _, dy = jvp(grad(f, several) if second else f, self._filled(lambda x: x), self._filled(part))
        leaves = [np.ravel(d) for d in tree.flatten(dy)[0]]
        return np.concatenate(leaves) if leaves else np.zeros(0)


def _matrix(y: Any, trace: Trace, columns: int) -> Any:
    """The pattern of one result, of as many rows as it has elements."""
    while isinstance(y, Tracer) and y.run is not trace:
        y = y.primal
    if type(y) is Tracked:
        return y.tangent.matrix()
    from scipy.sparse import csr_array

    return csr_array((np.size(y), columns), dtype=bool)


# -- verification --------------------------------------------------------------------------


def verify(
    pattern: Any,
    f: Callable[..., Any],
    *args: Any,
    argnums: Argnums = 0,
    adopt: Any = None,
    **kwargs: Any,
) -> None:
    """Raise if a given pattern is not one of the Jacobian of `f`, or of the Hessian.

    Parameters
    ----------
    pattern : Pattern, sparse matrix, or array_like
        If it is a `Pattern` that says it is symmetric, the Hessian is meant.
    f, *args, argnums, adopt, **kwargs
        As in `jacobian_pattern`; the point counts.

    Raises
    ------
    PatternError
        The shape is another, or entries are missing: the message names the first of them.

    Notes
    -----
    The pattern is detected once more. Where the given one leaves out entries of it, up to 64
    columns of the matrix are computed at this point: entries left out that are zero there are
    no error, for a person may know more than detection can.

    Examples
    --------
    >>> verify(np.eye(3), lambda x: x**2, np.ones(3))
    """
    given = Pattern.of(pattern)
    find = hessian_pattern if given.symmetric else jacobian_pattern
    found = find(f, *args, argnums=argnums, adopt=adopt, **kwargs)
    what = "Hessian" if given.symmetric else "Jacobian"
    if given.shape != found.shape:
        raise PatternError(
            explain(
                f"the pattern is {_size(given.shape)}, but the {what} is {_size(found.shape)}.",
                "rows are the elements of the result, columns those of the differentiated arguments; "
                f"dr.sparse.{find.__name__}(f, x) finds the pattern",
            )
        )
    held = given.to_scipy()
    missing = (found.to_scipy() > held).tocoo()  # of booleans
    if missing.nnz == 0:
        return
    detection = _Detection(f, args, kwargs, argnums, adopt)
    columns = np.unique(missing.col)
    wrong = []
    for k in columns[:_COLUMNS].tolist():
        rows = missing.row[missing.col == k]
        values = detection.column(k, given.symmetric)[rows]
        wrong += [(int(i), k) for i in rows[values != 0]]
    if not wrong and len(columns) <= _COLUMNS:
        return
    some = wrong or list(zip(missing.row.tolist(), missing.col.tolist(), strict=True))
    places = ", ".join(f"({i}, {k})" for i, k in sorted(some)[:5])
    count = f"{len(wrong)} or more" if wrong else f"up to {missing.nnz}"
    raise PatternError(
        explain(
            f"the pattern misses {count} entries of the {what}; row and column of the first: {places}.",
            f"add them, or let dr.sparse.{find.__name__}(f, x) find the pattern",
        )
    )
