"""`numpy.linalg` as users call it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import UnsupportedArgumentError, explain
from ..primitive import Array, Tracer
from ..rules import linalg as la
from ..rules import spectral as sp
from ..rules.forms.shapes import anywhere
from ..rules.parts import mirror_image
from .keywords import as_shaped, normal_axes, of_values, values

_ONE = np.eye(1)
EighResult, EigResult = type(np.linalg.eigh(_ONE)), type(np.linalg.eig(_ONE))
QRResult, SVDResult = type(np.linalg.qr(_ONE)), type(np.linalg.svd(_ONE))
SlogdetResult = type(np.linalg.slogdet(_ONE))


def _matrix(a: Any) -> Any:
    x = as_shaped(a)
    if x.dtype.kind not in "fc":
        x = x.astype(np.float64)
    if x.ndim < 2:
        raise np.linalg.LinAlgError(
            f"{x.ndim}-dimensional array given. Array must be at least two-dimensional"
        )
    return x


# -- solving -------------------------------------------------------------------------------


def solve(a: Any, b: Any) -> Any:
    a, b = _matrix(a), as_shaped(b)
    if b.ndim == 1:
        return la.solve(a, b[:, None])[..., 0]
    return la.solve(a, b)


def inv(a: Any) -> Any:
    return la.inv(_matrix(a))


def det(a: Any) -> Any:
    return la.det(_matrix(a))


def slogdet(a: Any) -> Any:
    return SlogdetResult(*la.slogdet(_matrix(a)))


def tensorinv(a: Any, ind: int = 2) -> Any:
    a = as_shaped(a)
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    rows = int(np.prod(a.shape[ind:], dtype=int))
    return np.reshape(inv(np.reshape(a, (rows, -1))), a.shape[ind:] + a.shape[:ind])


def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = as_shaped(a), as_shaped(b)
    if axes is not None:
        order = [k for k in range(a.ndim) if k not in axes] + list(axes)
        a = np.transpose(a, order)
    shape = a.shape[-(a.ndim - b.ndim) :] if a.ndim > b.ndim else ()
    size = int(np.prod(shape, dtype=int))
    return np.reshape(solve(np.reshape(a, (-1, size)), np.reshape(b, -1)), shape)


def pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = np._NoValue) -> Any:
    x = _matrix(a)
    if hermitian:  # NumPy reads the lower triangle
        x = mirror_image(x, "her", True)
    if rtol is not np._NoValue:
        if rcond is not None:
            raise ValueError("`rtol` and `rcond` can't be both set.")
        rcond = max(x.shape[-2:]) * np.finfo(x.dtype).eps if rtol is None else rtol
    return la.pinv(x, rcond=rcond)


def _rank(a: Array, rcond: Any) -> tuple[Any, Any]:
    """The rank that `lstsq` sees, and the singular values, as constants."""
    value = values(a)
    if not isinstance(value, Tracer):
        return np.linalg.lstsq(value, np.zeros(len(value), value.dtype), rcond)[2:]
    s = of_values(lambda a: np.linalg.svd(a, compute_uv=False), a)
    limit = max(a.shape) * np.finfo(s.dtype).eps if rcond is None else rcond
    return np.sum(s > limit * s[..., :1], axis=-1), s


def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    a, b = _matrix(a), as_shaped(b)
    rank, s = _rank(a, rcond)
    if anywhere(rank < min(a.shape)):
        raise UnsupportedArgumentError(
            explain(
                f"np.linalg.lstsq of a traced matrix of shape {a.shape} and rank {rank}: the solution "
                "of least norm is differentiated at full rank only.",
                "use np.linalg.pinv(a) @ b, whose derivative assumes that the rank stays as it is",
            )
        )
    columns = b if b.ndim > 1 else b[:, None]
    if a.shape[0] < a.shape[1]:
        x = la.pinv(a, rcond=max(a.shape) * np.finfo(a.dtype).eps if rcond is None else rcond)
        x = x @ columns
    else:
        x = la.lstsq(a, columns, rcond=rcond)
    if a.shape[0] > a.shape[1]:
        gap = columns - a @ x
        residuals = np.sum(np.real(np.conjugate(gap) * gap), axis=0)
    else:
        residuals = np.empty(0, x.dtype)
    s = sp.svdvals(a) if isinstance(a, Tracer) else s
    return (x if b.ndim > 1 else x[:, 0]), residuals, rank, s


# -- factorisations ------------------------------------------------------------------------


def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    a = _matrix(a)
    return la.H(la.cholesky(la.H(a))) if upper else la.cholesky(a)


def eigh(a: Any, UPLO: str = "L") -> Any:
    return EighResult(*sp.eigh(_matrix(a), uplo=UPLO))


def eigvalsh(a: Any, UPLO: str = "L") -> Any:
    return sp.eigvalsh(_matrix(a), uplo=UPLO)


def eig(a: Any) -> Any:
    return EigResult(*sp.eig(_matrix(a)))


def eigvals(a: Any) -> Any:
    return sp.eigvals(_matrix(a))


def svd(
    a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False
) -> Any:
    a = _matrix(a)
    if hermitian:
        return _svd_of_hermitian(a, compute_uv)
    if not compute_uv:
        return sp.svdvals(a)
    u, s, vh = sp.svd(a)
    m, n = a.shape[-2:]
    if full_matrices and m != n:
        full = of_values(np.linalg.svd, a)
        if m > n:
            u = la.completed(u, full.U)
        else:
            vh = la.H(la.completed(la.H(vh), la.H(full.Vh)))
    return SVDResult(u, s, vh)


def _svd_of_hermitian(a: Any, compute_uv: bool) -> Any:
    """Singular values are moduli of eigenvalues, the largest first; vectors those of `eigh`."""
    w, v = sp.eigh(a, uplo="L") if compute_uv else (sp.eigvalsh(a, uplo="L"), None)
    order = np.argsort(np.abs(values(w)), axis=-1)[..., ::-1]
    s = np.take_along_axis(np.abs(w), order, axis=-1)
    if not compute_uv:
        return s
    signs = np.take_along_axis(np.sign(values(w)), order, axis=-1)[..., None, :]
    u = np.take_along_axis(v, order[..., None, :], axis=-1)
    return SVDResult(u, s, la.H(u * signs))


def svdvals(x: Any, /) -> Any:
    return sp.svdvals(_matrix(x))


def qr(a: Any, mode: str = "reduced") -> Any:
    a = _matrix(a)
    m, n = a.shape[-2:]
    if mode not in ("reduced", "r", "complete"):
        raise UnsupportedArgumentError(
            explain(
                f"np.linalg.qr of a traced matrix with mode={mode!r}.",
                "use mode='reduced', mode='complete' or mode='r'",
            )
        )
    if m >= n:
        q, r = la.qr(a)
    else:  # wider than high: the square part decides Q
        q, square = la.qr(a[..., :m])
        r = np.concatenate([square, la.H(q) @ a[..., m:]], axis=-1)
    if mode == "r":
        return r
    if mode == "complete" and m > n:
        q = la.completed(q, of_values(lambda a: np.linalg.qr(a, "complete").Q, a))
        r = np.concatenate([r, np.zeros((*r.shape[:-2], m - n, n), r.dtype)], axis=-2)
    return QRResult(q, r)


# -- norms ---------------------------------------------------------------------------------


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = as_shaped(x)
    if x.dtype.kind not in "fc":
        x = x.astype(np.float64)
    if not x.size:
        return np.linalg.norm(np.zeros(x.shape, x.dtype), ord, axis, keepdims)
    if axis is None:
        if ord is None or (ord == 2 and x.ndim == 1) or (ord in ("f", "fro") and x.ndim == 2):
            y = la.norm_of(x, axis=None)
            return np.reshape(y, (1,) * x.ndim) if keepdims else y
        axes = tuple(range(x.ndim))
    else:
        axes = normal_axes(axis if isinstance(axis, tuple) else int(axis), x.ndim)
    if len(axes) == 1:
        y = _vector_norm(x, ord, axes[0])
    elif len(axes) == 2:
        y = _matrix_norm(x, ord, axes)
    else:
        raise ValueError("Improper number of dimensions to norm.")
    return np.expand_dims(y, axes) if keepdims else y


def _vector_norm(x: Any, ord: Any, axis: int) -> Any:
    if ord is None or ord == 2:
        return la.norm_of(x, axis=axis)
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order '{ord}' for vectors")
    if ord == 0:
        return np.sum(np.not_equal(values(x), 0), axis=axis, dtype=float)
    size = np.abs(x)
    if ord == np.inf:
        return np.max(size, axis=axis)
    if ord == -np.inf:
        return np.min(size, axis=axis)
    if ord == 1:
        return np.sum(size, axis=axis)
    return np.sum(size**ord, axis=axis) ** (1 / ord)


def _matrix_norm(x: Any, ord: Any, axes: tuple[int, int]) -> Any:
    rows, columns = axes
    if ord is None or ord in ("f", "fro"):
        return la.norm_of(x, axis=axes)
    if ord in (2, -2, "nuc"):
        s = sp.svdvals(np.moveaxis(x, axes, (-2, -1)))
        if ord == "nuc":
            return np.sum(s, axis=-1)
        return np.max(s, axis=-1) if ord == 2 else np.min(s, axis=-1)
    if ord not in (1, -1, np.inf, -np.inf):
        raise ValueError("Invalid norm order for matrices.")
    summed, kept = (rows, columns) if ord in (1, -1) else (columns, rows)
    sums = np.sum(np.abs(x), axis=summed)
    extreme = np.max if ord in (1, np.inf) else np.min
    return extreme(sums, axis=kept - (kept > summed))


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    x = as_shaped(x)
    axes = normal_axes(axis, x.ndim)
    rest = [k for k in range(x.ndim) if k not in axes]
    flat = np.reshape(np.transpose(x, [*axes, *rest]), (-1, *(x.shape[k] for k in rest)))
    y = norm(flat, ord, 0)
    return np.expand_dims(y, axes) if keepdims else y


def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return norm(x, ord, (-2, -1), keepdims)


def cond(x: Any, p: Any = None) -> Any:
    x = _matrix(x)
    if not x.size:
        raise np.linalg.LinAlgError("cond is not defined on empty arrays")
    with np.errstate(all="ignore"):  # as NumPy: infinite for a singular matrix
        if p is None or p in (2, -2):
            s = sp.svdvals(x)
            result = s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
            singular = ~sp._positive(s, x)[..., -1]
            if p != -2 and anywhere(singular):  # what rounding left: no derivative, as at infinity
                top = s[..., 0]
                steep = np.sqrt(np.where(singular, top - values(top), 1))
                result = result + np.where(singular, steep, 0)
        else:
            result = norm(x, p, (-2, -1)) * norm(la.inverse(x), p, (-2, -1))
    undefined = np.isnan(values(result)) & ~np.isnan(values(x)).any(axis=(-2, -1))
    return np.where(undefined, np.inf, result) if anywhere(undefined) else result


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.linalg.solve: solve,
    np.linalg.inv: inv,
    np.linalg.det: det,
    np.linalg.slogdet: slogdet,
    np.linalg.tensorinv: tensorinv,
    np.linalg.tensorsolve: tensorsolve,
    np.linalg.pinv: pinv,
    np.linalg.lstsq: lstsq,
    np.linalg.cholesky: cholesky,
    np.linalg.eigh: eigh,
    np.linalg.eigvalsh: eigvalsh,
    np.linalg.eig: eig,
    np.linalg.eigvals: eigvals,
    np.linalg.svd: svd,
    np.linalg.svdvals: svdvals,
    np.linalg.qr: qr,
    np.linalg.norm: norm,
    np.linalg.vector_norm: vector_norm,
    np.linalg.matrix_norm: matrix_norm,
    np.linalg.cond: cond,
}
