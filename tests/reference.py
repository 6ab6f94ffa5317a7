"""Derivatives from values alone: central differences, extrapolated to step zero."""

from collections.abc import Callable
from typing import Any

import numpy as np


def flat(y: Any) -> np.ndarray:
    """All numbers of a result, in order."""
    if isinstance(y, (tuple, list)):
        return np.concatenate([np.zeros(0), *map(flat, y)])
    return np.ravel(np.asarray(y, float))


def copied(point: tuple[Any, ...]) -> list[Any]:
    """The numbers and arrays of a point; the arrays are the caller's no more."""
    return [x.copy() if isinstance(x, np.ndarray) else x for x in point]


def leaves(y: Any) -> list[Any]:
    """The parts of a result, out of all lists and tuples."""
    return [leaf for part in y for leaf in leaves(part)] if isinstance(y, (list, tuple)) else [y]


def matrix(blocks: list[tuple[Any, ...]], point: tuple[Any, ...]) -> np.ndarray:
    """Blocks of a Jacobian, by result and argument, as one matrix."""
    rows = [
        np.concatenate(
            [np.reshape(b, (-1, np.size(x))) for b, x in zip(row, point, strict=True)], axis=1
        )
        for row in blocks
    ]
    return np.concatenate(rows)


def close(found: np.ndarray, expected: np.ndarray) -> bool:
    """Whether a derivative is the extrapolated one, in the accuracy of that."""
    return found.shape == expected.shape and np.allclose(
        found, expected, rtol=1e-6, atol=1e-6 * max(1.0, np.abs(expected).max(initial=0.0))
    )


def jacobian(f: Callable[..., Any], point: tuple[Any, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The Jacobian of `f`, flattened, one column a number of `point`; and its error.

    Romberg's scheme on central differences: four extrapolations take the error from order
    h^2 to h^10. [Ridders 1982; Hairer, Norsett & Wanner 1993, sec. II.9]
    """
    columns = [
        _column(f, point, k, where)
        for k, x in enumerate(point)
        for where in np.ndindex(np.shape(x))
    ]
    derivatives, errors = zip(*columns, strict=True)
    return np.stack(derivatives, axis=1), np.stack(errors, axis=1)


def _column(
    f: Callable[..., Any], point: tuple[Any, ...], k: int, where: Any
) -> tuple[np.ndarray, np.ndarray]:
    def at(t: float) -> np.ndarray:
        moved = copied(point)
        if isinstance(moved[k], np.ndarray):
            moved[k][where] += t
        else:
            moved[k] += t
        return flat(f(*moved))

    h = 2e-3 * max(1.0, abs(float(np.asarray(point[k])[where])))
    rows: list[list[np.ndarray]] = []
    for _ in range(5):
        row = [(at(h) - at(-h)) / (2 * h)]
        for j, before in enumerate(rows[-1] if rows else []):
            row.append(row[j] + (row[j] - before) / (4.0 ** (j + 1) - 1))
        rows.append(row)
        h /= 2
    return rows[-1][-1], np.abs(rows[-1][-1] - rows[-2][-1])
