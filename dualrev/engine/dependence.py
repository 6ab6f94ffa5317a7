"""Which elements of a result depend on which elements of the arguments, by primitive.

A rule ``rule(primitive, y, args, domains, params)`` gives the domains of the result ``y`` (a tuple
of them for a tuple; ``None`` for nothing) from those of the arguments, ``None`` for constants. No
rule looks at the values of arguments that have domains: a pattern holds at every point. Zeros of a
constant factor of a product count. What has no rule depends on everything, which is never wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..primitive import Primitive
from ..rules import (
    calculus,
    cumulative,
    fourier,
    indexing,
    joining,
    linalg,
    polynomials,
    products,
    shaping,
    sorting,
    spectral,
)
from ..rules import elementwise as ew
from ..rules import reductions as red
from ..rules.forms import Elementwise, Linear, absorbing_product
from ..rules.sorting import normal_axes
from .contraction import convolution, einsum, matmul
from .domains import Domains, everything, joined, merged, reduced, union, union_of

Found = Any  # Domains, None, or a tuple of these
Rule = Callable[[Primitive, Any, Sequence[Any], Sequence[Domains | None], dict[str, Any]], Found]


def dependence(
    primitive: Primitive,
    y: Any,
    args: Sequence[Any],
    domains: Sequence[Domains | None],
    params: dict[str, Any],
) -> Found:
    """The domains of ``y = primitive(*args, **params)``, for each item if that is a tuple."""
    results = y if type(y) is tuple else (y,)
    if not any(map(np.size, results)) or not any(d is not None and d.rows.size for d in domains):
        return (None,) * len(y) if type(y) is tuple else None
    found = (RULES.get(primitive) or _rule_of(primitive))(primitive, y, args, domains, params)
    if type(y) is tuple:
        each = found if type(found) is tuple else (found,) * len(y)
        return tuple(_fitted(d, np.shape(p)) for d, p in zip(each, y, strict=True))
    return _fitted(found, np.shape(y))


def _fitted(found: Domains | None, shape: tuple[int, ...]) -> Domains | None:
    return None if found is None else found.broadcast_to(shape)


# -- forms ---------------------------------------------------------------------------------


def _all(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    """Everything depends on everything."""
    return everything(domains)


def _none(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    return None


def _each(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    """Element by element, with broadcasting."""
    return union_of(domains)


def _elementwise(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    """The same without the arguments on which nothing depends: those of partial 0."""
    return union_of(
        [
            None if isinstance(partial, (int, float)) and partial == 0 else d
            for d, partial in zip(domains, primitive.partials, strict=True)
        ]
    )


def _structural(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    """Elements are moved: so are the numbers of their sets, in which 0 is the empty one."""
    base, rows = _rows_of(args, domains)
    return Domains(base, np.asarray(primitive.fun(*rows, **params)))


def _rows_of(args: Any, domains: Any) -> tuple[Any, list[np.ndarray]]:
    base, active = joined([d for d in domains if d is not None])
    given = iter(active)
    return base, [
        np.zeros(np.shape(x), np.intp) if d is None else next(given)
        for x, d in zip(args, domains, strict=True)
    ]


# -- reductions ----------------------------------------------------------------------------


def _reduction(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    """All elements along ``axis`` to one."""
    (x,) = domains
    axes = normal_axes(params.get("axis"), x.rows.ndim)
    found = reduced(x, axes)
    if params.get("keepdims"):
        return found
    return found.reshape([n for k, n in enumerate(found.shape) if k not in axes])


def _along(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    """All elements along ``axis`` to all."""
    return union_of(
        [
            None if d is None else reduced(d, normal_axes(params["axis"], d.rows.ndim))
            for d in domains
        ]
    )


def _logsumexp(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    both = union_of(domains)
    assert both is not None
    shape = np.broadcast_shapes(*map(np.shape, args))
    both = both.broadcast_to(shape)
    return reduced(both, normal_axes(params["axis"], len(shape)))


_PREFIXES = 1 << 22  # pairs of elements up to which prefixes are told apart


def _prefixes(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    """All elements up to each along ``axis``, or from each on; for many elements, all of them."""
    (axis,) = normal_axes(params.get("axis", 0), np.ndim(y))
    n = y.shape[axis]
    if y.size * n > _PREFIXES:
        return _along(primitive, y, args, domains, {"axis": axis})
    places = np.moveaxis(np.arange(y.size).reshape(y.shape), axis, -1).reshape(-1, n)
    later, earlier = np.tril_indices(n)
    if params.get("reverse"):
        later, earlier = earlier, later
    parts = [
        merged(d.base, [d.broadcast_to(y.shape).rows.reshape(-1)[places[:, earlier]]],
               [places[:, later]], y.shape)
        for d in domains
        if d is not None
    ]  # fmt: skip
    return union_of(parts)


# -- adding elements into place ---------------------------------------------------------------


def _scatter(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    base, rows = _rows_of(args, domains)
    places = np.arange(y.size).reshape(y.shape)
    where = [np.asarray(places[key]) for key in params["keys"]]
    rows = [np.broadcast_to(row, place.shape) for row, place in zip(rows, where, strict=True)]
    active = [k for k, d in enumerate(domains) if d is not None]
    return merged(base, [rows[k] for k in active], [where[k] for k in active], y.shape)


def _add_at(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    x, v = domains
    if v is None:
        return x
    place = np.asarray(np.arange(y.size).reshape(y.shape)[params["key"]])
    added = merged(v.base, [v.broadcast_to(place.shape).rows], [place], y.shape)
    return union(x, added)


def _put_flat(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    if params["unique"]:
        return _structural(primitive, y, args, domains, params)
    (values,) = domains
    place = np.asarray(params["index"])
    return merged(values.base, [values.broadcast_to(place.shape).rows], [place], y.shape)


def _bincount(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    (weights,) = domains
    return merged(weights.base, [weights.rows], [np.asarray(params["x"])], y.shape)


def _histogram(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    (weights,) = domains
    place = np.asarray(params["bin_of"])
    inside = (place >= 0) & (place < y.size)
    rows = weights.broadcast_to(place.shape).rows
    return merged(weights.base, [rows[inside]], [place[inside]], y.shape)


def _difference(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    (x,) = domains
    head = (slice(None),) * (params["axis"] % x.rows.ndim)
    return union(x.move(x.rows[(*head, slice(1, None))]), x.move(x.rows[(*head, slice(None, -1))]))


def _difference_back(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    (ct,) = domains
    axis = params["axis"] % ct.rows.ndim
    if y.shape[axis] < 2:
        return None
    end = np.zeros([1 if k == axis else n for k, n in enumerate(ct.shape)], np.intp)
    return union(
        ct.move(np.concatenate([end, ct.rows], axis)), ct.move(np.concatenate([ct.rows, end], axis))
    )


# -- analysis, polynomials, order statistics -----------------------------------------------------


def _where(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    """Both branches: the condition may be another elsewhere."""
    return union_of(domains)


def _interpolate(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    """The interval is found by values: on all knots, unless these and the points are constant."""
    x, xp, fp = domains
    if x is not None or xp is not None:
        return union(x, everything([xp, fp]))
    at, knots = np.asarray(args[0]), np.asarray(args[1])
    if not all(type(a) is np.ndarray or isinstance(a, (np.generic, float)) for a in args[:2]):
        return everything([fp])
    j = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, max(len(knots) - 2, 0))
    k = np.minimum(j + 1, len(knots) - 1)
    return union(fp.move(fp.rows[j]), fp.move(fp.rows[k]))


def _powers(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    """``y_ik = x_i^k``, of which the first column is constant."""
    (x,) = domains
    rows = np.repeat(x.rows[:, None], params["n"], axis=1)
    rows[:, :1] = 0
    return x.move(rows)


def _polynomial(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    p, x = domains
    return union(x, everything([p]))


def _order_statistic(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    """A reduction, for each of several quantiles, which stand first."""
    return _reduction(primitive, y, args, domains, params)


# -- linear algebra ------------------------------------------------------------------------


def _stacked(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    """Functions of the matrices in the last two axes, each for itself."""
    (a,) = domains
    stack = a.shape[:-2]
    found = reduced(a, (-2, -1))
    if type(y) is tuple:
        return tuple([found.reshape(stack + (1,) * (np.ndim(p) - len(stack))) for p in y])
    return found.reshape(stack + (1,) * (np.ndim(y) - len(stack)))


def _solve(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    """``A X = B``: on the whole matrix, and on the column of B."""
    a, b = domains
    vector = np.ndim(args[1]) == 1
    if a is not None:
        a = reduced(a, (-2, -1))
        a = a.reshape(a.shape[:-1]) if vector else a
    if b is not None:
        b = reduced(b, (-1,) if vector else (-2,))
    return union(a, b)


def _solve_columns(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Found:
    """The same where the last argument is B and all others say what the matrix is."""
    *rest, b = domains
    if b is not None:
        b = everything([b]) if np.ndim(args[-1]) != 2 else reduced(b, (0,))
    return union(everything(rest), b)


# -- the table -----------------------------------------------------------------------------

# fmt: off
RULES: dict[Primitive, Rule] = {
    **dict.fromkeys((ew.sign, ew.nan_to_num, ew.conjugate, ew.real, ew.imag, ew.ldexp, shaping.cast, calculus.unwrap_along, absorbing_product), _each),
    **dict.fromkeys((
        red.sum_over, red.mean_over, red.var_over, red.prod_over, red.max_over, red.min_over,
        red.fmax_over, red.fmin_over, linalg.euclidean, linalg._squared,
    ), _reduction),
    **dict.fromkeys((sorting.sort_along, sorting.partition_along, fourier.fft, fourier.ifft, fourier.rfft, fourier.irfft), _along),
    **dict.fromkeys((
        cumulative.cumsum_along, cumulative.cumprod_along, cumulative.recurrence,
        cumulative.cumulative_max, cumulative.cumulative_min,
    ), _prefixes),
    **dict.fromkeys((
        linalg.inv, linalg.det, linalg.slogdet, linalg.cholesky, linalg.qr, linalg.pinv, spectral.eigh,
        spectral.eigvalsh, spectral.eig, spectral.eigvals, spectral.svd, spectral.svdvals,
    ), _stacked),
    sorting.order_statistic: _order_statistic,
    sorting.put_flat: _put_flat,
    indexing.scatter: _scatter,
    ew.add_at: _add_at,
    shaping.attach: _none,
    joining.where: _where,
    calculus.difference: _difference,
    calculus.difference_back: _difference_back,
    calculus.bincount: _bincount,
    calculus.histogram: _histogram,
    calculus.interpolate: _interpolate,
    calculus.convolve: convolution,
    polynomials.powers: _powers,
    polynomials.polynomial: _polynomial,
    products.matmul: matmul,
    products.einsum_pair: einsum,
    linalg.solve: _solve,
}

# Rules for primitives of modules that are loaded when first needed, by module and name.
LATE: dict[str, dict[str, Rule]] = {
    "special": {"logsumexp": _logsumexp, "softmax": _along, "log_softmax": _along},
    "filters": {"convolve": convolution, "dct": _along, "dst": _along},
    "hypergeometric": {"hyp2f1": _each, "jacobi": _each},
    "solvers": dict.fromkeys((
        "solve", "solve_triangular", "cho_solve", "lu_solve", "solve_banded", "solve_toeplitz",
    ), _solve_columns),
    "factors": {"inv": _stacked, "det": _stacked, "cholesky": _stacked},
}
# fmt: on


def _rule_of(primitive: Primitive) -> Rule:
    """The rule for a primitive that is not in the table, by its form or its name."""
    if isinstance(primitive, Elementwise):
        return _elementwise
    if isinstance(primitive, Linear) and primitive.structural:
        return _structural
    for name, late in LATE.items():
        module = sys.modules.get(f"{Primitive.__module__.rpartition('.')[0]}.rules.{name}")
        if module is not None:
            for key, rule in late.items():
                RULES.setdefault(getattr(module, key), rule)
    return RULES.get(primitive, _all)
