"""What a function returns, as one vector: an array of any shape, a list, or a tree of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import tree
from ..errors import StructureError, describe, explain
from ..fronts.packing import as_array
from ..primitive import Tracer
from .parameters import Parameters
from .values import vector_of


def joined(y: Any, name: str, parameters: Parameters | None = None) -> Any:
    """The vector of all elements of `y`, which may be traced.

    With structured `parameters`, `y` may be a tree like them, whose leaves go to their places.
    """
    if isinstance(y, (Tracer, np.ndarray)):
        y = as_array(y)
    elif parameters is not None and parameters.structure is not None:
        leaves = tree.leaves_like(
            parameters.structure,
            _packed(y, parameters.structure),
            f"what {name} returns",
            "what it is a function of",
        )
        parts = [as_array(leaf) for leaf in leaves]
        for part, path, shape in zip(parts, parameters.leaves, parameters.shapes, strict=True):
            if np.shape(part) != shape:
                raise StructureError(
                    explain(
                        f"{name} returns {path} with shape {np.shape(part)}; it was given {shape}.",
                        "return every part in the shape in which it is given",
                    )
                )
        y = np.concatenate([np.reshape(part, -1) for part in parts]) if parts else np.zeros(0)
    elif isinstance(y, dict) or y is None:
        raise StructureError(
            explain(
                f"{name} must return a vector; it returned {describe(y)}.",
                "return an array or a list; for named values give like=, an example of them",
            )
        )
    else:
        y = as_array(y)
    return vector_of(y if len(np.shape(y)) < 2 else np.reshape(y, -1), name)


def _packed(y: Any, structure: Any) -> Any:
    """`y` with lists of numbers as arrays, where arrays are expected."""
    if structure.kind is not dict or not isinstance(y, dict) or len(y) != len(structure.data):
        return y
    leaves = {key for key, child in zip(structure.data, structure.children) if child is None}
    return {
        key: as_array(part) if key in leaves and isinstance(part, (list, tuple)) else part
        for key, part in y.items()
    }
