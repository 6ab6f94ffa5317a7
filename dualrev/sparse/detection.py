"""Detection: the sparsity pattern of a function's Jacobian or Hessian, from one run of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..adoption import adopted
from ..engine.domains import inputs
from ..engine.patterns import Tracked
from ..engine.selection import leave_selections_open
from ..errors import PatternError, UnsupportedArgumentError, explain
from ..primitive import Trace, Tracer, primal_of
from ..transforms.arguments import Argnums, Call, output, run_user
from ..transforms.blocks import Leaves, split
from ..transforms.forward import jvp
from ..transforms.hessians import gradient_of
from ..transforms.recording import Recording, unit_seed
from .patterns import Pattern, in_words

_COLUMNS = 64  # columns of which `verify` computes the values, in doubt


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
    `jacobian_pattern` for the points at which it holds. [Griewank & Walther 2008, sec. 7.1]

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
    leave_selections_open(recording.tape)
    return recording.pull((seed,), free=True)


class _Detection:
    """A call of a function whose selected arguments are tracked."""

    __slots__ = ("leaves",)

    def __init__(
        self,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        argnums: Argnums,
        adopt: Any,
    ) -> None:
        self.leaves = Leaves(Call(adopted(f, adopt), argnums, args, kwargs))
        self.leaves.primals = [primal_of(x) for x in self.leaves.primals]

    def run(self, function: Callable[[Call, list[Any]], Any]) -> Any:
        """The domains of the results of ``function(call, values)``, as one ``csr_array``."""
        trace = Trace()
        try:
            primals = self.leaves.primals
            shapes = [x.shape for x in primals]
            domains = inputs(shapes)
            tracked = [Tracked(x, d, trace) for x, d in zip(primals, domains, strict=True)]
            values = self.leaves.arguments(tracked)
            found = run_user(function, (self.leaves.call, values))
            results = [output(y) for y in tree.flatten(found)[0]]
            columns = sum(map(math.prod, shapes))
            parts = [_matrix(y, trace, columns) for y in results]
        finally:
            trace.close()
        if len(parts) == 1:
            return parts[0]
        from scipy.sparse import csr_array, vstack

        return vstack(parts, format="csr") if parts else csr_array((0, columns), dtype=bool)

    def column(self, k: int, second: bool) -> np.ndarray:
        """Column `k` of the Jacobian, or of the Hessian, by forward mode."""
        primals = self.leaves.primals
        unit = np.zeros((1, sum(x.size for x in primals)))
        unit[0, k] = 1
        tangents = [dx[0][()] for dx in split(unit, primals)]
        dys = jvp(gradient_of(self.leaves) if second else self.leaves, primals, tangents)[1]
        return np.concatenate([np.ravel(dy) for dy in dys]) if dys else np.zeros(0)


def _matrix(y: Any, trace: Trace, columns: int) -> Any:
    """The pattern of one result, of as many rows as it has elements."""
    while isinstance(y, Tracer) and y.run is not trace:
        if y.batched:
            raise UnsupportedArgumentError(
                explain(
                    "the sparsity pattern of a function that uses values of a vmap around it.",
                    "find the pattern outside of vmap, and map over products with the Jacobian",
                )
            )
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
                f"the pattern is {in_words(given.shape)}, but the {what} is {in_words(found.shape)}.",
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
