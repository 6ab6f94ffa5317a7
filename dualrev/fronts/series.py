"""`numpy.polynomial`: what NumPy hands us of it, and what it cannot do.

Most of its functions know no protocol: they work on arrays of objects, on the elements of
a traced array one by one, which is slow and right. But roots and fits need linear algebra,
which knows no objects. `SERIES` has these, and the others, for namespaces of our own.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..rules.indexing import scatter
from .keywords import as_shaped, plain
from .packing import as_array

# -- the functions that know the protocol: in NumPy 2.4 these two -------------------------------


def _value(x: Any, c: Any, tensor: bool = True) -> Any:
    """``sum_k c_k x^k`` for every row of coefficients, and, if `tensor`, for every ``x``."""
    if tensor:
        c = np.reshape(c, c.shape + (1,) * x.ndim)
    y = c[-1] + x * 0
    for k in range(2, len(c) + 1):
        y = c[-k] + y * x
    return y


def polyval2d(x: Any, y: Any, c: Any) -> Any:
    x, y = as_shaped(x), as_shaped(y)
    if x.shape != y.shape:
        raise ValueError("x, y are incompatible")
    return _value(y, _value(x, as_shaped(c)), tensor=False)


def polygrid2d(x: Any, y: Any, c: Any) -> Any:
    return _value(as_shaped(y), _value(as_shaped(x), as_shaped(c)))


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    function: front
    for function, front in (
        (np.polynomial.polynomial.polyval2d, polyval2d),
        (np.polynomial.polynomial.polygrid2d, polygrid2d),
    )
    if hasattr(function, "_implementation")
}

# -- the functions that do not, for namespaces of our own ----------------------------------------


def _valued(val: Callable[..., Any]) -> Callable[..., Any]:
    def front(x: Any, c: Any, tensor: bool = True) -> Any:
        x, c = as_shaped(x), np.atleast_1d(as_shaped(c))
        if tensor:
            c = np.reshape(c, c.shape + (1,) * x.ndim)
        return as_array(val(x, c, tensor=False))

    return front


def _on_grids(val: Callable[..., Any]) -> Callable[..., Any]:
    def front(*points_and_c: Any) -> Any:
        *points, c = points_and_c
        for x in points:
            c = val(x, c)
        return c

    return front


def polyvalfromroots(x: Any, r: Any, tensor: bool = True) -> Any:
    x, r = as_shaped(x), np.atleast_1d(as_shaped(r))
    if tensor:
        r = np.reshape(r, r.shape + (1,) * x.ndim)
    elif x.ndim >= r.ndim:
        raise ValueError("x.ndim must be < r.ndim when tensor == False")
    return np.prod(x - r, axis=0)


def _rooted(roots: Callable[..., Any], companion: Callable[..., Any], turn: int) -> Any:
    """Eigenvalues of the companion matrix, turned round as NumPy turns it."""

    def front(c: Any) -> Any:
        (c,) = np.polynomial.polyutils.as_series([c])
        if len(c) < 3:
            return as_array(roots(c))
        return np.sort(np.linalg.eigvals(as_array(companion(c))[::turn, ::turn]))

    return front


def _fitted(vander: Callable[..., Any]) -> Callable[..., Any]:
    def front(
        x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None
    ) -> Any:
        x, y = as_shaped(x) + 0.0, as_shaped(y) + 0.0
        zeros = [np.zeros(a.shape) for a in (x, y)]
        np.polynomial.polynomial.polyfit(*zeros, deg, full=True)  # refuses what it should
        degrees = np.arange(deg + 1) if np.ndim(deg) == 0 else np.sort(deg)
        left = as_array(vander(x, degrees[-1]))[:, degrees]
        right = y.T
        if w is not None:
            w = as_shaped(w) + 0.0
            left, right = left * w[:, None], right * w
        rcond = len(x) * np.finfo(x.dtype).eps if rcond is None else rcond
        scale = np.sqrt(np.sum(np.real(left * np.conjugate(left)), axis=0))
        scale = np.where(plain(scale) == 0, 1, scale)
        c, residuals, rank, s = np.linalg.lstsq(left / scale, right.T, rcond)
        c = (c.T / scale).T
        if np.ndim(deg):
            c = scatter(
                c, keys=(degrees,), shape=(int(degrees[-1]) + 1, *c.shape[1:]), dtype=c.dtype
            )
        if rank != len(degrees) and not full:
            warnings.warn(
                "The fit may be poorly conditioned", np.exceptions.RankWarning, stacklevel=3
            )
        return (c, [residuals, rank, s, rcond]) if full else c

    return front


def _family(module: Any, name: str) -> dict[Callable[..., Any], Callable[..., Any]]:
    def of(suffix: str) -> Callable[..., Any]:
        return getattr(module, name + suffix)  # type: ignore[no-any-return]

    val = _valued(of("val"))
    return {
        of("val"): val,
        of("grid2d"): _on_grids(val),
        of("grid3d"): _on_grids(val),
        of("roots"): _rooted(of("roots"), of("companion"), 1 if name == "poly" else -1),
        of("fit"): _fitted(of("vander")),
    }


# What NumPy cannot do with traced arrays. All other functions need their results packed only.
SERIES: dict[Callable[..., Any], Callable[..., Any]] = {
    **_family(np.polynomial.polynomial, "poly"),
    **_family(np.polynomial.chebyshev, "cheb"),
    **_family(np.polynomial.legendre, "leg"),
    **_family(np.polynomial.hermite, "herm"),
    **_family(np.polynomial.hermite_e, "herme"),
    **_family(np.polynomial.laguerre, "lag"),
    np.polynomial.polynomial.polyvalfromroots: polyvalfromroots,
}
