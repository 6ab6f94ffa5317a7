"""Sparse Jacobians and Hessians: few directions in one sweep, read into a sparse matrix.

Three steps [Curtis, Powell & Reid 1974; Gebremedhin, Manne & Pothen 2005, sec. 1]::

    pattern      which entries can be nonzero: one run of f              (detection)
    colouring    columns that share no row are summed up in one seed     (colouring)
    evaluation   J S for all seeds S in one sweep, entries read from it  (compression)

The first two are done once; every later call at the same shapes is the third alone. Whether
the pattern still holds is checked in passing, by one more direction.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from ..adoption import adopted
from ..errors import PatternError, UnsupportedArgumentError, explain
from ..primitive import Tracer
from ..transforms.arguments import Argnums, Call
from ..transforms.blocks import (
    Leaves,
    check_chunk_size,
    forward_blocks,
    refuse_kinds,
    reverse_blocks,
)
from ..transforms.hessians import gradient_of
from ..transforms.recording import Recording
from .colouring import KINDS, colour
from .compression import Compression
from .detection import hessian_pattern, jacobian_pattern, verify
from .directions import Directions, disagreement_of, probe_of
from .grouping import rows_of
from .patterns import Pattern, in_words
from .preparation import Preparation

ROW_COST = 1.5  # what a row costs by reverse mode, in columns by forward mode


_KEPT = 16  # preparations, for as many shapes


class SparseDerivative:
    """A function that returns a sparse Jacobian or Hessian; made by `jacobian` and `hessian`.

    Attributes
    ----------
    preparation : Preparation or None
        Pattern and colouring of the last call; printed, a report.
    """

    def __init__(
        self,
        f: Callable[..., Any],
        argnums: Argnums,
        symmetric: bool,
        pattern: Any,
        kind: str,
        order: str,
        guard: bool,
        chunk_size: int | None,
        adopt: Any,
    ) -> None:
        check_chunk_size(chunk_size)
        self.f = adopted(f, adopt)
        self.argnums = argnums
        self.symmetric = symmetric
        self.given = None if pattern is None else Pattern.of(pattern, symmetric)
        self.kind, self.order = kind, order
        self.guard = guard
        self.chunk_size = chunk_size
        self.preparation: Preparation | None = None
        self._prepared: dict[Any, Preparation] = {}

    def __repr__(self) -> str:
        return f"<sparse {self._what} of {getattr(self.f, '__name__', 'a function')}>"

    @property
    def _what(self) -> str:
        return "Hessian" if self.symmetric else "Jacobian"

    def __call__(self, *args: Any, **kwargs: Any) -> csr_array:
        """The matrix at a point: rows are elements of the result, columns of the arguments."""
        return self.with_value(*args, **kwargs)[1]

    def prepare(self, *args: Any, **kwargs: Any) -> Preparation:
        """Find pattern and colouring for arguments of these shapes; evaluate nothing."""
        leaves = self._leaves(args, kwargs)
        return self._preparation(leaves, args, kwargs)

    def with_value(self, *args: Any, **kwargs: Any) -> tuple[Any, csr_array]:
        """The value of `f` and its Jacobian, or the gradient and the Hessian, in one sweep."""
        leaves = self._leaves(args, kwargs)
        preparation = self._preparation(leaves, args, kwargs)
        try:
            values, matrix = self._evaluate(leaves, preparation)
        except _Changed as changed:  # the structure may be another: detect it, and keep both
            key = self._key(leaves, args, kwargs)
            made = self._made(args, kwargs, preparation.pattern)
            if made.pattern == preparation.pattern and np.isfinite(changed.disagreement):
                made.rounding = 4 * changed.disagreement  # it is not: these were rounding errors
            self._prepared[key] = made
            try:
                values, matrix = self._evaluate(leaves, self._prepared[key], is_final=True)
            except _Changed:
                raise PatternError(
                    explain(
                        f"the {self._what} has another shape at every call.",
                        "make the shape of the result depend on the shapes of the arguments only",
                    )
                ) from None
        structured = leaves.result_of(values) if not self.symmetric else leaves.argument_of(values)
        return structured, matrix

    # -- preparation ----------------------------------------------------------------------

    def _leaves(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Leaves:
        leaves = Leaves(Call(self.f, self.argnums, args, kwargs))
        if any(isinstance(x, Tracer) for x in leaves.primals):
            batched = any(isinstance(x, Tracer) and x.batched for x in leaves.primals)
            raise UnsupportedArgumentError(
                explain(
                    f"a sparse {self._what} inside of {'vmap' if batched else 'another derivative'}: "
                    "SciPy's matrices hold plain numbers only.",
                    "use dr.jvp, dr.hvp or dr.linearize there, or the dense dr.jacobian",
                )
            )
        refuse_kinds(leaves.primals, False, f"sparse.{self._what.lower()}")
        return leaves

    def _key(self, leaves: Leaves, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        shapes = tuple((x.shape, x.dtype.char) for x in leaves.primals)
        others = [np.shape(x) if isinstance(x, np.ndarray) else None for x in args]
        return shapes, tuple(others), tuple(sorted(kwargs))

    def _preparation(
        self, leaves: Leaves, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Preparation:
        key = self._key(leaves, args, kwargs)
        if key not in self._prepared:
            while len(self._prepared) >= _KEPT:
                del self._prepared[next(iter(self._prepared))]
            self._prepared[key] = self._made(args, kwargs)
        self.preparation = self._prepared[key]
        return self.preparation

    def _made(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], known: Pattern | None = None
    ) -> Preparation:
        start = time.perf_counter()
        pattern = self.given
        if pattern is not None and known is not None:  # the given pattern misses an entry here
            verify(pattern, self.f, *args, argnums=self.argnums, **kwargs)
        elif pattern is None:
            find = hessian_pattern if self.symmetric else jacobian_pattern
            pattern = find(self.f, *args, argnums=self.argnums, **kwargs)
            pattern = pattern.union(known) if known and known.shape == pattern.shape else pattern
        found = time.perf_counter()
        matrix = pattern.to_scipy()
        kind = "symmetric" if self.symmetric else self.kind
        colouring = colour(matrix, kind, self.order, ROW_COST)
        compression = Compression(matrix, colouring)
        coloured = time.perf_counter()
        m, n = pattern.shape
        cost = colouring.count_columns + ROW_COST * colouring.count_rows + self.guard
        self.preparation = Preparation(
            self._what,
            pattern,
            colouring,
            compression,
            is_dense=0 < min(n, m if self.symmetric else ROW_COST * m) <= cost,
            is_guarded=self.guard,
            seconds={
                "detection" if self.given is None else "given": found - start,
                "colouring": coloured - found,
            },
        )
        return self.preparation

    # -- evaluation -----------------------------------------------------------------------

    def _evaluate(
        self, leaves: Leaves, preparation: Preparation, is_final: bool = False
    ) -> tuple[list[Any], csr_array]:
        function = gradient_of(leaves) if self.symmetric else leaves
        sizes = [x.size for x in leaves.primals]
        n = sum(sizes)
        if preparation.pattern.shape[1] != n:
            self._refuse_shape(preparation, (None, n))
        if preparation.is_dense:
            values, matrix, disagreement = self._dense(function, leaves, preparation)
        else:
            values, matrix, disagreement = self._compressed(function, leaves, preparation)
        if preparation.is_guarded and disagreement > preparation.rounding and not is_final:
            raise _Changed(disagreement)
        return values, matrix

    def _refuse_shape(self, preparation: Preparation, shape: tuple[Any, int]) -> None:
        rows, columns = (preparation.pattern.shape[0] if shape[0] is None else shape[0]), shape[1]
        if self.given is None:
            raise _Changed(np.inf)
        raise PatternError(
            explain(
                f"the pattern is {in_words(preparation.pattern.shape)}, but the {self._what} is "
                f"{in_words((rows, columns))}.",
                "rows are the elements of the result, columns those of the differentiated "
                "arguments; leave out pattern= to have it found",
            )
        )

    def _dense(
        self, function: Any, leaves: Leaves, preparation: Preparation
    ) -> tuple[list[Any], csr_array, float]:
        m, n = preparation.pattern.shape
        if self.symmetric or n <= ROW_COST * m:
            values, blocks = forward_blocks(function, leaves.primals, self.chunk_size)
        else:
            recording = Recording(function, leaves.primals, lambda k: "an argument")
            values, blocks = recording.values, reverse_blocks(recording, self.chunk_size)
        rows = [
            np.concatenate(
                [
                    np.reshape(b, (np.size(v), x.size))
                    for b, x in zip(row, leaves.primals, strict=True)
                ],
                axis=1,
            )
            for v, row in zip(values, blocks, strict=True)
        ]
        whole = np.concatenate(rows) if rows else np.zeros((0, n))
        if whole.shape != (m, n):
            self._refuse_shape(preparation, whole.shape)
        if self.symmetric:
            whole = 0.5 * (whole + whole.T)
        compression = preparation.compression
        places = rows_of(compression), compression.indices
        entries = whole[places]
        missed = np.inf if np.count_nonzero(whole) > np.count_nonzero(entries) else 0.0
        parts = entries, compression.indices.copy(), compression.indptr.copy()
        return values, csr_array(parts, shape=(m, n)), missed

    def _compressed(
        self, function: Any, leaves: Leaves, preparation: Preparation
    ) -> tuple[list[Any], csr_array, float]:
        compression, colouring = preparation.compression, preparation.colouring
        m, n = preparation.pattern.shape
        directions = Directions(function, leaves.primals, self.chunk_size)
        kind = np.result_type(*[x.dtype for x in leaves.primals] or [float])
        by_columns = by_rows = probe = None
        forward = colouring.count_columns or not colouring.count_rows
        if preparation.is_guarded:
            probe = probe_of(n if forward else m, kind)
        if forward:
            by_columns = directions.push(
                colouring.columns, colouring.count_columns, probe, kind, (m, n)
            )
        if colouring.count_rows:
            by_rows = directions.pull(
                colouring.rows, colouring.count_rows, None if forward else probe, kind, (m, n)
            )
        values, shape = directions.values, (directions.rows, n)
        if shape != (m, n):
            self._refuse_shape(preparation, shape)
        if probe is None:
            return values, compression.decompress(by_columns, by_rows), 0.0
        if forward:
            matrix = compression.decompress(by_columns[:-1], by_rows)  # type: ignore[index]
            return values, matrix, disagreement_of(matrix, probe, by_columns[-1])  # type: ignore[index]
        matrix = compression.decompress(None, by_rows[:-1])  # type: ignore[index]
        return values, matrix, disagreement_of(matrix.T, probe, by_rows[-1])  # type: ignore[index]


class _Changed(Exception):
    """The matrix may have an entry outside of the pattern: how far the guard's product is off."""

    def __init__(self, disagreement: float) -> None:
        super().__init__()
        self.disagreement = disagreement


def jacobian(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    pattern: Any = None,
    kind: str = "auto",
    order: str = "best",
    guard: bool = True,
    chunk_size: int | None = None,
    adopt: Any = None,
) -> SparseDerivative:
    """A function that returns the Jacobian of `f` as a sparse matrix.

    Parameters
    ----------
    f : callable
        Takes arrays or trees of arrays, returns a tree of arrays. Plain NumPy.
    argnums : int, str, or sequence of them
        The arguments to differentiate, by position or by name.
    pattern : Pattern, sparse matrix, or array_like, optional
        Where the Jacobian may be nonzero; by default it is detected, in one run of `f`.
    kind : {"auto", "column", "row", "both"}
        Read it from products with columns (forward mode), rows (reverse mode) or both, as for
        a matrix with a dense row and a dense column. By default what is cheapest.
    order : {"best", "natural", "largest-first"}
        In which columns are coloured; see `colour`.
    guard : bool
        Check with one more direction, at every call, that the pattern still holds. If it does
        not a detected pattern is found anew and extended; a given one is refused.
    chunk_size : int, optional
        How many directions at once. By default as many as caches hold.
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.

    Returns
    -------
    SparseDerivative
        With `f`'s arguments; returns a ``scipy.sparse.csr_array`` of shape
        ``(result size, argument size)``: elements in C order, leaf after leaf for trees.
        Its ``with_value`` returns ``(value, jacobian)``, its ``preparation`` is a report.

    Raises
    ------
    PatternError
        The pattern has the wrong shape, or misses an entry.
    UnsupportedArgumentError
        Complex arguments; an unknown `kind` or `order`; inside of another derivative.
    NotDifferentiableError, NoRuleError, NoBatchRuleError
        As in `jacobian`.

    Notes
    -----
    The first call at new shapes runs `f` once more, on index sets, and colours the pattern.
    Every call runs `f` once, with as many directions as there are colours. Where that is no
    fewer than a dense matrix takes, the dense one is computed, and `preparation` says so.
    [Curtis, Powell & Reid 1974; Gebremedhin, Manne & Pothen 2005]

    Examples
    --------
    >>> from dualrev import sparse
    >>> J = sparse.jacobian(lambda u: u[2:] - 2 * u[1:-1] + u[:-2] + np.exp(u[1:-1]))
    >>> matrix = J(np.zeros(1000))
    >>> matrix.shape, matrix.nnz
    ((998, 1000), 2994)
    >>> J.preparation.colouring
    3 colours of 1,000 columns
    """
    if kind not in KINDS or kind == "symmetric":
        raise UnsupportedArgumentError(
            explain(f"kind={kind!r} is unknown.", "give 'auto', 'column', 'row' or 'both'")
        )
    return SparseDerivative(f, argnums, False, pattern, kind, order, guard, chunk_size, adopt)


def hessian(
    f: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    pattern: Any = None,
    order: str = "best",
    guard: bool = True,
    chunk_size: int | None = None,
    adopt: Any = None,
) -> SparseDerivative:
    """A function that returns the Hessian of `f` as a sparse matrix, symmetric to the last bit.

    Parameters
    ----------
    f : callable
        Returns one real number.
    argnums, pattern, order, guard, chunk_size, adopt
        As in `jacobian`; `pattern` must be symmetric.

    Returns
    -------
    SparseDerivative
        With `f`'s arguments; returns a ``scipy.sparse.csr_array``. Its ``with_value`` returns
        ``(gradient, hessian)``.

    Raises
    ------
    NotScalarError
        As in `grad`.
    PatternError, UnsupportedArgumentError, NotDifferentiableError, NoRuleError, NoBatchRuleError
        As in `jacobian`.

    Notes
    -----
    The pattern is that of the Jacobian of the gradient. Variables that many others meet, the
    hubs, get a colour of their own and are read by symmetry; the rest is coloured as columns.
    All Hessian-vector products in one sweep, forward over reverse. [Coleman & Moré 1984]

    Examples
    --------
    >>> from dualrev import sparse
    >>> def chain(x):
    ...     return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    >>> H = sparse.hessian(chain)
    >>> H(np.ones(10_000)).shape, H.preparation.colouring.count
    ((10000, 10000), 3)
    """
    return SparseDerivative(f, argnums, True, pattern, "symmetric", order, guard, chunk_size, adopt)
