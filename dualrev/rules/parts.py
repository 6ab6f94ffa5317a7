"""The part of a matrix that a solver reads: a triangle, a band, or one half of a symmetric matrix.

Apart from the solvers, which load ``scipy.linalg``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitive import Array
from .linalg import H, T, symmetric


def seen(d: Array, kind: Any) -> Array:
    """The part of a change of the matrix that a solver for this kind sees."""
    if kind in ("sym", "symmetric"):
        return 0.5 * (d + T(d))
    if kind in ("her", "hermitian", "pos", "positive definite"):
        return symmetric(d)
    if kind == "upper triangular":
        return np.triu(d)
    if kind == "lower triangular":
        return np.tril(d)
    if kind in ("diagonal", "tridiagonal"):
        width = kind == "tridiagonal"
        return np.triu(np.tril(d, int(width)), -int(width))
    return d


def mirror_image(a: Any, kind: Any, lower: bool) -> Any:
    """The whole matrix, from the part that a solver for this kind reads."""
    if kind not in ("sym", "symmetric", "her", "hermitian", "pos", "positive definite"):
        return seen(a, kind)
    strict = np.tril(a, -1) if lower else np.triu(a, 1)
    diagonal = np.where(np.eye(a.shape[-1], dtype=bool), a, 0)
    if kind in ("sym", "symmetric"):
        return strict + diagonal + T(strict)
    return strict + diagonal.real + H(strict)
