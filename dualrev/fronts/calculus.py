"""NumPy's differences, integrals and interpolation."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitive import Array, Tracer
from ..rules import calculus as ca
from ..rules.forms.shapes import anywhere
from ..rules.joining import concatenate, stack
from .keywords import NOT_GIVEN, as_kind, as_shaped, normal_axes, refuse, values

normalize_axis_index = np.lib.array_utils.normalize_axis_index

# -- differences and integrals ----------------------------------------------------------


def diff(
    a: Any, n: int = 1, axis: int = -1, prepend: Any = NOT_GIVEN, append: Any = NOT_GIVEN
) -> Any:
    if n == 0:
        return a
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n!r}")
    x = as_shaped(a)
    if x.ndim == 0:
        raise ValueError("diff requires input that is at least one dimensional")
    axis = normalize_axis_index(axis, x.ndim)
    ends = [
        None if end is NOT_GIVEN else _slab(as_shaped(end), x, axis) for end in (prepend, append)
    ]
    parts = [part for part in (ends[0], x, ends[1]) if part is not None]
    if len(parts) > 1:
        x = concatenate(*parts, axis=axis)
    for _ in range(n):
        x = ca.difference(x, axis=axis)
    return x


def _slab(end: Array, x: Array, axis: int) -> Array:
    """`end` as something that can be put before or after `x` along `axis`."""
    if end.ndim:
        return end
    return np.broadcast_to(end, (*x.shape[:axis], 1, *x.shape[axis + 1 :]))


def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    x = as_shaped(ary).reshape(-1)
    y = x[1:] - x[:-1]
    parts = [y]
    for end, place in ((to_begin, 0), (to_end, 2)):
        if end is None:
            continue
        end = as_shaped(end).reshape(-1)
        if not np.can_cast(end.dtype, x.dtype, casting="same_kind"):
            name = "to_end" if place else "to_begin"
            raise TypeError(
                f"dtype of `{name}` must be compatible with input `ary` under the `same_kind` rule."
            )
        parts.insert(place, as_kind(end, x.dtype))
    return concatenate(*parts, axis=0) if len(parts) > 1 else y


def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = as_shaped(y)
    axis = normalize_axis_index(axis, y.ndim)
    d = dx
    if x is not None:
        x = as_shaped(x)
        if x.ndim == 1:
            shape = [1] * y.ndim
            shape[axis] = -1
            d = diff(x).reshape(shape)
        else:
            d = diff(x, axis=axis - y.ndim)
    head = (slice(None),) * axis
    return np.sum(d * (y[(*head, slice(1, None))] + y[(*head, slice(None, -1))]) / 2.0, axis=axis)


def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    f = as_shaped(f)
    if f.dtype.kind not in "fc":
        f = as_kind(f, np.float64)
    axes = normal_axes(axis, f.ndim)
    if edge_order > 2:
        raise ValueError("'edge_order' greater than 2 not supported")
    results = []
    for k, spacing in zip(axes, _spacings(f, varargs, axes), strict=True):
        if f.shape[k] < edge_order + 1:
            raise ValueError(
                "Shape of array too small to calculate a numerical gradient, at least (edge_order + 1) elements are required."
            )
        results.append(_gradient_along(f, spacing, k, edge_order))
    return results[0] if len(axes) == 1 else tuple(results)


def _spacings(f: Array, varargs: tuple[Any, ...], axes: tuple[int, ...]) -> list[Any]:
    """For each axis the one distance of neighbours, or all of them."""
    if not varargs:
        return [1.0] * len(axes)
    if len(varargs) == 1 and np.ndim(values(varargs[0])) == 0:
        return list(varargs) * len(axes)
    if len(varargs) != len(axes):
        raise TypeError("invalid number of arguments")
    spacings = []
    for x, k in zip(varargs, axes, strict=True):
        x = as_shaped(x)
        if x.ndim > 1:
            raise ValueError("distances must be either scalars or 1d")
        if x.ndim == 1:
            if len(x) != f.shape[k]:
                raise ValueError(
                    "when 1d, distances must match the length of the corresponding dimension"
                )
            x = diff(x if x.dtype.kind in "fc" else as_kind(x, np.float64))
            # equal distances are one number, as in NumPy, unless each has a derivative
            if not isinstance(x, Tracer) and (x == x[0]).all():
                x = x[0]
        spacings.append(x)
    return spacings


def _gradient_along(f: Array, h: Any, axis: int, edge_order: int) -> Array:
    """Second-order differences inside, one-sided ones at the ends."""
    head = (slice(None),) * axis
    uniform = np.ndim(values(h)) == 0

    def at(first: int, last: int | None) -> Array:
        return f[(*head, slice(first, last))]

    if uniform:
        inner = (at(2, None) - at(0, -2)) / (2.0 * h)
    else:
        h1, h2 = h[:-1], h[1:]
        shape = [1] * f.ndim
        shape[axis] = -1
        a = (-h2 / (h1 * (h1 + h2))).reshape(shape)
        b = ((h2 - h1) / (h1 * h2)).reshape(shape)
        c = (h1 / (h2 * (h1 + h2))).reshape(shape)
        inner = a * at(0, -2) + b * at(1, -1) + c * at(2, None)
    if edge_order == 1:
        first = (at(1, 2) - at(0, 1)) / (h if uniform else h[0])
        last = (at(-1, None) - at(-2, -1)) / (h if uniform else h[-1])
    else:
        if uniform:
            p, q = (-1.5 / h, 2.0 / h, -0.5 / h), (0.5 / h, -2.0 / h, 1.5 / h)
        else:
            h1, h2 = h[0], h[1]
            p = (-(2.0 * h1 + h2) / (h1 * (h1 + h2)), (h1 + h2) / (h1 * h2), -h1 / (h2 * (h1 + h2)))
            h1, h2 = h[-2], h[-1]
            q = (h2 / (h1 * (h1 + h2)), -(h2 + h1) / (h1 * h2), (2.0 * h2 + h1) / (h2 * (h1 + h2)))
        first = p[0] * at(0, 1) + p[1] * at(1, 2) + p[2] * at(2, 3)
        last = q[0] * at(-3, -2) + q[1] * at(-2, -1) + q[2] * at(-1, None)
    result = concatenate(first, inner, last, axis=axis)
    return as_kind(result, f.dtype) if result.dtype.kind == f.dtype.kind else result


def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    for name, value in (("discont", discont), ("period", period)):
        if isinstance(value, Tracer):
            refuse(
                "np.unwrap",
                f"a traced {name}=",
                f"say {name}=dr.stop_gradient({name}) if a constant is meant",
            )
    return ca.unwrap_along(as_shaped(p), discont=discont, axis=axis, period=period)


# -- vectors ----------------------------------------------------------------------------


def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None
) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = as_shaped(a), as_shaped(b)
    if a.ndim < 1 or b.ndim < 1:
        raise ValueError("At least one array has zero dimension")
    a0, a1, *a2 = _components(a, axisa)
    b0, b1, *b2 = _components(b, axisb)
    if not (a2 and b2):
        warnings.warn(
            "Arrays of 2-dimensional vectors are deprecated. Use arrays of 3-dimensional vectors instead. "
            "(deprecated in NumPy 2.0)",
            DeprecationWarning,
            stacklevel=3,
        )
    last = a0 * b1 - a1 * b0
    if not a2 and not b2:
        return last
    if a2 and b2:
        parts = [a1 * b2[0] - a2[0] * b1, a2[0] * b0 - a0 * b2[0], last]
    elif a2:
        parts = [-(a2[0] * b1), a2[0] * b0, last]
    else:
        parts = [a1 * b2[0], -(a0 * b2[0]), last]
    return stack(*parts, axis=normalize_axis_index(axisc, np.ndim(values(last)) + 1))


def _components(a: Array, axis: int) -> list[Array]:
    axis = normalize_axis_index(axis, a.ndim)
    if a.shape[axis] not in (2, 3):
        raise ValueError("incompatible dimensions for cross product\n(dimension must be 2 or 3)")
    return [a[(slice(None),) * axis + (k,)] for k in range(a.shape[axis])]


# -- interpolation ----------------------------------------------------------------------


def interp(
    x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    x, xp, fp = as_shaped(x), as_shaped(xp), as_shaped(fp)
    if period is not None:
        if anywhere(values(period) == 0):
            raise ValueError("period must be a non-zero value")
        period, left, right = abs(period), None, None
        x, xp = x % period, xp % period
        order = np.argsort(values(xp))
        xp, fp = np.take_along_axis(xp, order, 0), np.take_along_axis(fp, order, 0)
        xp = concatenate(xp[-1:] - period, xp, xp[:1] + period, axis=0)
        fp = concatenate(fp[-1:], fp, fp[:1], axis=0)
    traced = {"left": isinstance(left, Tracer), "right": isinstance(right, Tracer)}
    constant = {"left": 0.0 if traced["left"] else left, "right": 0.0 if traced["right"] else right}
    y = ca.interpolate(x, xp, fp, **constant)
    if traced["left"]:
        y = np.where(values(x) < values(xp[0]), left, y)
    return np.where(values(x) > values(xp[-1]), right, y) if traced["right"] else y


FUNCTIONS: dict[Callable[..., Any], Callable[..., Any]] = {
    np.diff: diff,
    np.ediff1d: ediff1d,
    np.trapezoid: trapezoid,
    np.gradient: gradient,
    np.unwrap: unwrap,
    np.cross: cross,
    np.interp: interp,
}
