"""NumPy's functions of polynomials, which are rows of coefficients, the highest power first."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitive import Array
from ..rules import polynomials as po
from ..rules.forms.shapes import anywhere
from ..rules.joining import concatenate, stack
from .keywords import as_kind, as_shaped, plain


def _coefficients(p: Any) -> Array:
    p = as_shaped(p.coeffs if isinstance(p, np.poly1d) else p)
    return p.reshape(1) if p.ndim == 0 else p


def _of_polynomials(front: Callable[..., Any]) -> Callable[..., Any]:
    """The results are `np.poly1d` if an argument is."""

    @functools.wraps(front)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        y = front(*args, **kwargs)
        if not any(isinstance(p, np.poly1d) for p in (*args, *kwargs.values())):
            return y
        return tuple(map(np.poly1d, y)) if isinstance(y, tuple) else np.poly1d(y)

    return wrapped


# -- values -----------------------------------------------------------------------------


def vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    x = as_shaped(x)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    v = po.powers(x, n=len(x) if N is None else int(N))
    return v if increasing else v[:, ::-1]


def polyval(p: Any, x: Any) -> Any:
    if not isinstance(x, np.poly1d):
        return po.polynomial(_coefficients(p), as_shaped(x))
    y: Any = 0
    for coefficient in _coefficients(p):
        y = y * x + coefficient
    return y


# -- arithmetic -------------------------------------------------------------------------


@_of_polynomials
def polyadd(a1: Any, a2: Any) -> Any:
    a, b = _coefficients(a1), _coefficients(a2)
    n = max(len(a), len(b))
    return _padded(a, n) + _padded(b, n)


@_of_polynomials
def polysub(a1: Any, a2: Any) -> Any:
    a, b = _coefficients(a1), _coefficients(a2)
    n = max(len(a), len(b))
    return _padded(a, n) - _padded(b, n)


def _padded(p: Array, n: int) -> Array:
    return p if len(p) == n else concatenate(np.zeros(n - len(p), p.dtype), p, axis=0)


@_of_polynomials
def polymul(a1: Any, a2: Any) -> Any:
    return np.convolve(_trimmed(_coefficients(a1)), _trimmed(_coefficients(a2)))


def _trimmed(p: Array) -> Array:
    """Without leading zeros, as NumPy's polynomials are."""
    found = np.flatnonzero(plain(p))
    if not len(p):
        return np.zeros(1, p.dtype)
    return p[found[0] :] if len(found) else p[-1:]


@_of_polynomials
def polydiv(u: Any, v: Any) -> Any:
    r, v = _coefficients(u) + 0.0, _coefficients(v) + 0.0
    kind = np.result_type(r.dtype, v.dtype)
    r, n = as_kind(r, kind), len(v)
    scale = 1.0 / v[0]
    quotient = []
    for k in range(len(r) - n + 1):
        q = scale * r[k]
        parts = r[:k], r[k : k + n] - q * v, r[k + n :]
        r = concatenate(*(part for part in parts if part.size), axis=0)
        quotient.append(as_kind(q, kind))
    while len(r) > 1 and np.allclose(plain(r)[0], 0, rtol=1e-14):
        r = r[1:]
    return (stack(*quotient, axis=0) if quotient else np.zeros(1, kind)), r


@_of_polynomials
def polyder(p: Any, m: int = 1) -> Any:
    if int(m) < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    p = _coefficients(p)
    for _ in range(int(m)):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


@_of_polynomials
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    m = int(m)
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    constants = np.zeros(m) if k is None else _coefficients(k)
    if len(constants) == 1 and m > 1:
        constants = np.broadcast_to(constants, (m,))
    if len(constants) < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    p = _coefficients(p)
    for j in range(m):
        p = concatenate(p / np.arange(len(p), 0, -1), constants[j : j + 1], axis=0)
    return p


# -- roots ------------------------------------------------------------------------------


def roots(p: Any) -> Any:
    p = as_shaped(p)
    p = p.reshape(1) if p.ndim == 0 else p
    if p.ndim != 1:
        raise ValueError("Input must be a rank-1 array.")
    return po.roots(p)


def poly(seq_of_zeros: Any) -> Any:
    """From roots, or of a matrix: its characteristic polynomial."""
    x = as_shaped(seq_of_zeros)
    x = x.reshape(1) if x.ndim == 0 else x
    if x.ndim == 2 and x.shape[0] == x.shape[1] != 0:
        return po.characteristic(x)
    if x.ndim != 1:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    if len(x) == 0:
        return 1.0
    x = as_kind(x, np.mintypecode(x.dtype.char))
    one = np.ones((), x.dtype)
    p: Any = np.ones(1, x.dtype)
    for zero in x:
        p = np.convolve(p, stack(one, -zero, axis=0))
    if p.dtype.kind == "c":
        zeros = np.asarray(plain(x), complex)
        if np.all(np.sort(zeros) == np.sort(zeros.conjugate())):
            p = np.real(p).copy()
    return p


# -- fitting ----------------------------------------------------------------------------


def polyfit(
    x: Any,
    y: Any,
    deg: Any,
    rcond: Any = None,
    full: bool = False,
    w: Any = None,
    cov: Any = False,
) -> Any:
    order = int(deg) + 1
    x, y = as_shaped(x) + 0.0, as_shaped(y) + 0.0
    if deg < 0:
        raise ValueError("expected deg >= 0")
    if x.ndim != 1:
        raise TypeError("expected 1D vector for x")
    if x.size == 0:
        raise TypeError("expected non-empty vector for x")
    if y.ndim < 1 or y.ndim > 2:
        raise TypeError("expected 1D or 2D array for y")
    if x.shape[0] != y.shape[0]:
        raise TypeError("expected x and y to have same length")
    if rcond is None:
        rcond = len(x) * np.finfo(x.dtype).eps
    left, right = vander(x, order), y
    if w is not None:
        w = as_shaped(w) + 0.0
        if w.ndim != 1:
            raise TypeError("expected a 1-d array for weights")
        if w.shape[0] != y.shape[0]:
            raise TypeError("expected w and y to have the same length")
        left = as_kind(left * w[:, None], left.dtype)
        right = as_kind(right * (w[:, None] if right.ndim == 2 else w), right.dtype)
    scale = np.sqrt(np.sum(left * left, axis=0))  # of similar size, for a better condition
    left = left / scale
    c, residuals, rank, s = np.linalg.lstsq(left, right, rcond)
    c = (c.T / scale).T
    if not full and anywhere(rank != order):
        warnings.warn("Polyfit may be poorly conditioned", np.exceptions.RankWarning, stacklevel=3)
    if full:
        return c, residuals, rank, s, rcond
    if not cov:
        return c
    variance = np.linalg.inv(left.T @ left) / np.outer(scale, scale)
    factor: Any = 1
    if cov != "unscaled":
        if len(x) <= order:
            raise ValueError(
                "the number of data points must exceed order to scale the covariance matrix"
            )
        factor = residuals / (len(x) - order)
    return c, (variance if y.ndim == 1 else variance[:, :, None]) * factor


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.vander: vander,
    np.polyval: polyval,
    np.polyadd: polyadd,
    np.polysub: polysub,
    np.polymul: polymul,
    np.polydiv: polydiv,
    np.polyder: polyder,
    np.polyint: polyint,
    np.roots: roots,
    np.poly: poly,
    np.polyfit: polyfit,
}
