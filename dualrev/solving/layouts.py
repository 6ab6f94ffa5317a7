"""Trees of arrays as one vector, and back."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .. import tree
from ..buffer import settled
from ..errors import NotDifferentiableError, StructureError, describe, explain
from ..fronts.packing import as_array
from ..primitive import spec_of


class Layout:
    """How a tree of arrays lies in a vector."""

    __slots__ = ("dtype", "shapes", "size", "structure")

    def __init__(self, structure: Any, leaves: list[Any], what: str) -> None:
        specs = [spec_of(leaf) for leaf in leaves]
        self.structure = structure
        self.shapes = [spec.shape for spec in specs]
        self.size = sum(map(prod, self.shapes))
        kinds = [spec.dtype for spec in specs]
        self.dtype = np.result_type(*kinds) if kinds else np.dtype(float)
        if self.dtype.kind in "iub" and kinds:
            self.dtype = np.dtype(float)
        if self.dtype.kind != "f":
            raise NotDifferentiableError(
                explain(
                    f"{what} is {self.dtype}: the implicit function theorem is used with real numbers.",
                    "write complex unknowns as their real and imaginary parts",
                )
            )

    @classmethod
    def of(cls, value: Any, what: str) -> Layout:
        """The layout of a tree."""
        leaves, structure = tree.flatten(value)
        return cls(structure, [settled(as_array(leaf)) for leaf in leaves], what)

    def ravel(self, value: Any, what: str) -> Any:
        """A tree of this size as a vector; its shapes may be others."""
        leaves = [settled(as_array(leaf)) for leaf in tree.flatten(value)[0]]
        found = sum(prod(spec_of(leaf).shape) for leaf in leaves)
        if found != self.size:
            raise StructureError(
                explain(
                    f"{what} has {found} numbers where there are {self.size} unknowns"
                    + (f" ({describe(leaves[0])})." if len(leaves) == 1 else "."),
                    "return as many equations as there are unknowns",
                )
            )
        if any(spec_of(leaf).dtype.kind == "c" for leaf in leaves):
            raise NotDifferentiableError(
                explain(
                    f"{what} is complex, and the unknowns are real.",
                    "write complex equations as their real and imaginary parts",
                )
            )
        return joined(leaves, self.dtype)

    def unravel(self, vector: Any) -> Any:
        parts, start = [], 0
        for shape in self.shapes:
            size = prod(shape)
            part = vector if size == self.size else vector[start : start + size]
            parts.append(np.reshape(part, shape) if shape != (self.size,) else part)
            start += size
        return tree.unflatten(
            self.structure, [part if np.shape(part) else part[()] for part in parts]
        )


def joined(leaves: list[Any], dtype: Any) -> Any:
    """Arrays as one vector."""
    if not leaves:
        return np.zeros(0, dtype)
    flat = [np.reshape(leaf, -1) for leaf in leaves]
    vector = flat[0] if len(flat) == 1 else np.concatenate(flat)
    return vector if vector.dtype == dtype else vector.astype(dtype)
