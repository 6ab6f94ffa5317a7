"""Memory: whose it is, where a view stands in it, and who else holds it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided


class Memory:
    """The memory of a buffer as others hold it. It lives as long as any array made from it,
    whose base it is."""

    def __init__(self, array: np.ndarray) -> None:
        self.base = array
        self.__array_interface__ = array.__array_interface__


class Places:
    """Where each element of a view stands in its parent, found in memory."""

    def __init__(self, view: np.ndarray, parent: np.ndarray) -> None:
        low, high = np.lib.array_utils.byte_bounds(parent)
        size = parent.itemsize
        places = np.full((high - low) // size, -1)  # for every element between the bounds

        def lie(array: np.ndarray) -> np.ndarray:
            start = (array.__array_interface__["data"][0] - low) // size
            steps = tuple(step // size * places.itemsize for step in array.strides)
            return as_strided(places[start:], array.shape, steps)

        lie(parent)[...] = np.arange(parent.size).reshape(parent.shape)
        self.places = lie(view).copy()

    def __call__(self, parent: Any) -> Any:
        return parent.reshape(-1)[self.places]


def owner_of(x: np.ndarray) -> Any:
    """Whose memory it is, through views of views; also those of `as_strided`."""
    while True:
        base = getattr(x, "base", None)
        base = getattr(x, "obj", None) if base is None else base  # of a memoryview
        if base is None:
            return x
        x = base
