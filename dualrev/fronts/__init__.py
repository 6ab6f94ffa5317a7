"""The front: NumPy's functions as users call them, said in terms of primitives.

Each module ends in a table, ``FUNCTIONS``, from NumPy's function to ours; they are merged
here, once. Functions whose derivative is zero wherever it exists are in
``CONSTANT_FUNCTIONS``: they are called on plain values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import (
    calculus,
    creation,
    elementwise,
    fft,
    joining,
    linalg,
    missing,
    padding,
    polynomials,
    products,
    reductions,
    scimath,
    selecting,
    series,
    shaping,
    sorting,
    statistics,
    storing,
)

FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    **shaping.FUNCTIONS,
    **padding.FUNCTIONS,
    **joining.FUNCTIONS,
    **selecting.FUNCTIONS,
    **storing.FUNCTIONS,
    **creation.FUNCTIONS,
    **reductions.FUNCTIONS,
    **missing.FUNCTIONS,
    **sorting.FUNCTIONS,
    **statistics.FUNCTIONS,
    **calculus.FUNCTIONS,
    **polynomials.FUNCTIONS,
    **series.FUNCTIONS,
    **fft.FUNCTIONS,
    **products.FUNCTIONS,
    **linalg.FUNCTIONS,
    **elementwise.FUNCTIONS,
    **scimath.FUNCTIONS,
}

CONSTANT_FUNCTIONS = frozenset({np.shape, np.ndim, np.size, np.argmax, np.argmin, np.argsort, np.result_type, np.iscomplexobj, np.isrealobj, np.allclose, np.isclose, np.array_equal, np.searchsorted, np.nonzero, np.flatnonzero, np.argwhere, np.count_nonzero, np.sign, np.min_scalar_type, np.can_cast, np.may_share_memory, np.shares_memory, np.lexsort, np.argpartition, np.nanargmax, np.nanargmin, np.digitize, np.isin, np.array_repr, np.array_str, np.array2string, np.iscomplex, np.isreal, np.isposinf, np.isneginf, np.array_equiv, np.common_type, np.linalg.matrix_rank, np.tril_indices_from, np.triu_indices_from, np.diag_indices_from, np.ix_, np.unravel_index, np.ravel_multi_index})  # fmt: skip
