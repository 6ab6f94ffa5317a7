"""What interpolants share: knots and data for SciPy's checks, intervals, gathered rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...fronts.keywords import as_shaped
from ...primitive import Array, Tracer
from ..mirror import every_value, of_examples


def floating(x: Any) -> Array:
    x = as_shaped(x)
    return x if x.dtype.kind in "fc" else x.astype(np.float64)


def column(x: Array, ndim: int) -> Array:
    """A vector that broadcasts along the first of `ndim` axes."""
    return np.reshape(x, (-1, *(1,) * (ndim - 1)))


def knots(x: Any) -> Any:
    """Plain knots for SciPy's checks; under `vmap` those of one example, if all of them increase, or
    all decrease."""
    every = every_value(as_shaped(x))
    ndim = np.ndim(x)
    if every.ndim == ndim:
        return every
    steps = np.diff(every, axis=-1)
    if not ((steps > 0).all() or (steps < 0).all()):
        raise ValueError("`x` must be strictly increasing sequence.")
    n = every.shape[-1]
    return every.reshape(-1, n)[0] if every.size else np.arange(n, dtype=every.dtype)


def data(y: Any) -> Any:
    """Plain data for SciPy's checks; under `vmap` zeros, if all examples are finite."""
    every = every_value(as_shaped(y))
    if np.ndim(every) == np.ndim(y):
        return every
    if not np.isfinite(every).all():
        raise ValueError("`y` must contain only finite values.")
    return np.zeros(np.shape(y), every.dtype)


def interval(knots: Any, at: Any, side: Any = "left") -> Any:
    """How many plain knots lie before each point, of every example if there are several."""

    def counted(knots: Any, at: Any) -> Any:
        if knots.ndim == 1:
            return np.searchsorted(knots, at, side=side)
        before = np.less if side == "left" else np.less_equal
        return np.sum(before(knots[..., None, :], at[..., :, None]), axis=-1)

    return of_examples(counted, knots, at)


def some(mask: Any) -> bool:
    return bool(np.any(every_value(mask)))


def chosen(table: Array, j: Any) -> Array:
    """``table[j]``, where `j` may differ among examples that share the table."""
    return np.asarray(table, like=j)[j] if isinstance(j, Tracer) else table[j]


class AsScipys:
    """Copied and pickled as an object of SciPy's class, which stands behind in the bases."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        reduced: Any = super().__reduce_ex__(max(protocol, 2))
        kind, *rest = reduced[1]
        return _new, (scipys(kind), *rest), *reduced[2:]


def _new(kind: type, *rest: Any) -> Any:
    return kind.__new__(kind, *rest)


def scipys(kind: type) -> type:
    return next(c for c in kind.__mro__ if c.__module__.startswith("scipy."))
