"""``np.vectorize`` of functions whose results may be traced."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..buffer import elements, fresh
from ..fronts.packing import as_array
from ..primitive import RUNNING


class Vectorized(np.vectorize):
    """As ``np.vectorize``; ``otypes`` bind plain results, for traced ones they are no types."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not RUNNING.get():
            return super().__call__(*args, **kwargs)
        free = np.vectorize(
            self.pyfunc, excluded=self.excluded, cache=self.cache, signature=self.signature
        )
        results = free(*map(elements, args), **{key: elements(x) for key, x in kwargs.items()})
        many = isinstance(results, tuple)
        packed = [
            self._typed(as_array(result), k)
            for k, result in enumerate(results if many else (results,))
        ]
        return tuple(packed) if many else packed[0]

    def _typed(self, result: Any, k: int) -> Any:
        if type(result) is np.ndarray and self.otypes:
            result = result.astype(self.otypes[k])
        return fresh(result, ())


def vectorized(original: Any) -> Vectorized:
    """A function that NumPy has vectorized, as one that knows traced results."""
    if isinstance(original, Vectorized):
        return original
    return Vectorized(
        original.pyfunc,
        original.otypes,
        original.__doc__,
        original.excluded,
        original.cache,
        original.signature,
    )
