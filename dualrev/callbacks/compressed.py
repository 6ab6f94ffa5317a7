"""Sparse derivatives whose products with the seeds of all colours are one compiled program.

`dualrev.sparse` finds the pattern, colours it and guards it; what is here replays the products.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from ..sparse import Preparation, SparseDerivative
from ..sparse.directions import disagreement_of, probe_of
from ..transforms import grad
from ..transforms.arguments import by_position
from ..transforms.blocks import pull_batch, push_batch
from ..transforms.recording import Recording
from .programs import Programs

_CHUNK = 1 << 20  # elements of the directions of one product
_FEW = 64  # directions that may still pay
_SAMPLES = 5  # columns that are looked at
_SHARE = 0.25  # of those that the dense matrix takes

Products = Callable[..., np.ndarray]


class Compressed:
    """A sparse Jacobian or Hessian of a function of ``(x, *args)``.

    Parameters
    ----------
    derivative : SparseDerivative
    programs : Programs
        Those of kind ``"hess_products"``, ``"jac_columns"`` and ``"jac_rows"`` are called with
        ``(x, seeds, *args)`` and return products, one a row. Where programs are not replayed
        `derivative` computes the products itself.
    define : callable
        The plain function of a kind.
    """

    def __init__(
        self,
        derivative: SparseDerivative,
        programs: Programs,
        define: Callable[[str], Products],
    ) -> None:
        self.derivative, self._programs, self._define = derivative, programs, define
        self._columns = "hess_products" if derivative.symmetric else "jac_columns"

    @property
    def preparation(self) -> Preparation | None:
        return self.derivative.preparation

    def pays(self, x: np.ndarray, *args: Any) -> bool:
        """Whether a sparse matrix takes so few directions that it is worth having."""
        if self._looks_dense(x, args):
            return False
        preparation = self.derivative.prepare(x, *args)
        most = min(_FEW, _SHARE * min(preparation.pattern.shape))
        return not preparation.is_dense and preparation.directions <= most

    def _looks_dense(self, x: np.ndarray, args: tuple[Any, ...]) -> bool:
        """Whether a few columns, and a few rows, are so full that no colouring will pay.

        The pattern and the colouring of a large dense matrix take long.
        """
        if x.size < 4 / _SHARE:
            return True
        m = _full(self._define(self._columns), x, args, x.size)
        if m <= min(_FEW, _SHARE * x.size) or self.derivative.symmetric:
            return m > 2 * _FEW
        rows = np.size(self._define("fun")(x, *args))
        return _full(self._define("jac_rows"), x, args, rows) > min(_FEW, _SHARE * rows)

    def matrix(self, x: np.ndarray, *args: Any) -> csr_array:
        """The matrix at a point: a new one."""
        preparation = self.derivative.prepare(x, *args)
        if preparation.is_dense or self._programs.eager is not None:
            return self._other(x, args)
        colouring, compression = preparation.colouring, preparation.compression
        m, n = preparation.pattern.shape
        by_columns = by_rows = None
        forward = bool(colouring.count_columns or not colouring.count_rows)
        probe = probe_of(n if forward else m, np.dtype(float))
        if forward:
            seeds = np.concatenate([compression.column_seeds(), probe[None]])
            by_columns = self._products(self._columns, x, seeds, args)
        if colouring.count_rows:
            seeds = compression.row_seeds()
            if not forward:
                seeds = np.concatenate([seeds, probe[None]])
            by_rows = self._products("jac_rows", x, seeds, args)
        if by_columns is not None:
            if by_columns.shape != (colouring.count_columns + 1, m):
                return self._other(x, args)
            matrix = compression.decompress(by_columns[:-1], by_rows)
            error = disagreement_of(matrix, probe, by_columns[-1])
        else:
            assert by_rows is not None
            matrix = compression.decompress(None, by_rows[:-1])
            error = disagreement_of(matrix.T, probe, by_rows[-1])
        # An entry outside of the pattern, or values that are not finite: it looks again.
        return matrix if error <= preparation.rounding else self._other(x, args)

    def _other(self, x: np.ndarray, args: tuple[Any, ...]) -> csr_array:
        matrix = self.derivative(x, *args)
        if matrix.dtype != np.float64:
            matrix = matrix.astype(np.float64)
        return matrix

    def _products(
        self, kind: str, x: np.ndarray, seeds: np.ndarray, args: tuple[Any, ...]
    ) -> np.ndarray:
        step = max(1, _CHUNK // max(1, seeds.shape[1]))
        parts = [
            np.asarray(self._programs[kind](x, seeds[k : k + step], *args))
            for k in range(0, len(seeds), step)
        ]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _full(products: Products, x: np.ndarray, args: tuple[Any, ...], size: int) -> float:
    """How many entries of a column are not zero at `x`: the median of a few columns."""
    chosen = np.random.default_rng(0).choice(size, min(_SAMPLES, size), replace=False)
    seeds = np.zeros((len(chosen), size))
    seeds[np.arange(len(chosen)), chosen] = 1
    with np.errstate(all="ignore"):
        return float(np.median(np.count_nonzero(np.asarray(products(x, seeds, *args)), axis=1)))


def hess_products(value: Callable[..., Any]) -> Products:
    """``H(x) s`` for each row ``s`` of `seeds`; `value` returns one number."""
    gradient = grad(value)
    return jac_columns(gradient)


def jac_columns(vector: Callable[..., Any]) -> Products:
    """``J(x) s`` for each row ``s`` of `seeds`, in one sweep."""

    def products(x: Any, seeds: Any, *args: Any) -> Any:
        return push_batch(lambda x: [vector(x, *args)], [x], [seeds], len(seeds))[1][0]

    return products


def jac_rows(vector: Callable[..., Any]) -> Products:
    """``s J(x)`` for each row ``s`` of `seeds`, in one sweep."""

    def products(x: Any, seeds: Any, *args: Any) -> Any:
        recording = Recording(lambda x: vector(x, *args), (x,), by_position)
        return pull_batch(recording, [seeds], len(seeds))[0]

    return products
