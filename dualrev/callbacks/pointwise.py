"""Derivatives of functions that act at every node alike: one direction serves all nodes at once.

The last axis of an array is that of the nodes; what a function gives at a node depends on what it is
given there. Then the Jacobian has one block for each node, and a sweep with the same unit vector at
all nodes gives a column of each of them. That the nodes are independent is asked once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import StructureError, explain
from ..transforms import jvp, vmap

_TOLERANCE = 1e-8


def blocks(f: Callable[[Any], Any], y: Any, is_row: bool = False) -> Any:
    """Derivatives of `f`, of shape ``(k, *result)``, in each of the ``k`` rows of ``y`` (k, m).

    With `is_row` the argument is one row, of shape ``(m,)``, and there is one direction.
    """
    if is_row:
        return jvp(f, (y,), (np.ones(np.shape(y)),))[1][None]
    k, m = np.shape(y)
    units = np.repeat(np.eye(k)[:, :, None], m, axis=2)
    return vmap(lambda d: jvp(f, (y,), (d,))[1])(units)


def columns(f: Callable[[Any], Any], p: Any) -> Any:
    """Derivatives of `f`, of shape ``(k, *result)``, in each element of the vector `p`."""
    return vmap(lambda d: jvp(f, (p,), (d,))[1])(np.eye(np.size(p)))


def refuse_coupled(
    name: str, f: Callable[[Any], Any], y: np.ndarray, derivative: np.ndarray, axis: str
) -> None:
    """Raise if `derivative`, (rows, k, m), is not the whole derivative of `f` at ``y``, (k, m)."""
    d = np.random.default_rng(0).standard_normal(y.shape)
    with np.errstate(all="ignore"):
        right = np.asarray(jvp(f, (y,), (d,))[1])
        found = np.einsum("ikm,km->im", derivative, d.reshape(-1, y.shape[-1]))
        error = np.abs(found.reshape(right.shape) - right)
        scale = np.einsum("ikm,km->im", np.abs(derivative), np.abs(d.reshape(-1, y.shape[-1])))
        largest = max(np.max(scale, initial=0.0), np.max(np.abs(right), initial=0.0))
    if np.any(error > _TOLERANCE * largest):
        raise StructureError(
            explain(
                f"{name} mixes {axis}: what it gives at one depends on others.",
                f"compute every one of the {axis} from its own values only, as SciPy wants it; sums "
                "and differences along the last axis are what to look for",
            )
        )
