"""Linear operators whose products are compiled programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

Product = Callable[[np.ndarray], np.ndarray]


class ProductOperator(LinearOperator):
    """A real matrix known by its products, each of which gives a new array of doubles.

    Parameters
    ----------
    shape : (int, int)
    push, pull : callable
        ``A v`` and ``u A`` of one vector.
    push_all, pull_all : callable
        The same for vectors in the rows of an array, results in rows.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        push: Product,
        pull: Product,
        push_all: Product,
        pull_all: Product,
    ) -> None:
        super().__init__(np.dtype(np.float64), shape)
        self._push, self._pull, self._push_all, self._pull_all = push, pull, push_all, pull_all
        self._symmetric = push is pull

    def _matvec(self, v: Any) -> np.ndarray:
        return _by_parts(self._push, np.reshape(v, -1))

    def _rmatvec(self, u: Any) -> np.ndarray:
        return _by_parts(self._pull, np.reshape(u, -1))

    def _matmat(self, v: Any) -> np.ndarray:
        return _by_parts(self._push_all, np.transpose(v)).T

    def _rmatmat(self, u: Any) -> np.ndarray:
        return _by_parts(self._pull_all, np.transpose(u)).T

    def _adjoint(self) -> Any:
        return self if self._symmetric else super()._adjoint()


def _by_parts(product: Product, v: Any) -> np.ndarray:
    """A real product of what may be complex: of its real and its imaginary part."""
    if np.iscomplexobj(v):
        real, imaginary = (product(np.ascontiguousarray(p, np.float64)) for p in (v.real, v.imag))
        return real + 1j * imaginary
    return product(np.ascontiguousarray(v, np.float64))
