"""Domains of products: of matrices and tensors, and convolutions.

With a constant factor its zeros count: ``y_i = sum_j A_ij x_j`` depends on the ``x_j`` for which
``A_ij`` is not zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..primitive import primal_of
from .domains import Domains, merged, reduced, union

_TERMS = 1 << 25  # terms up to which the zeros of a constant factor are looked at


def matmul(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Domains | None:
    """``C_..ij = sum_k A_..ik B_..kj``, also of vectors."""
    a, b = (np.ndim(x) for x in args)
    stack = "".join(chr(ord("A") + k) for k in range(max(a, b, 2) - 2))
    s = stack[len(stack) - (a - 2) :] + "ik" if a > 1 else "k"
    t = stack[len(stack) - (b - 2) :] + "kj" if b > 1 else "k"
    out = stack + "i" * (a > 1) + "j" * (b > 1)
    return _contraction(y, args, domains, (s, t, out))


def einsum(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Domains | None:
    return _contraction(y, args, domains, params["subscripts"])


def _contraction(y: Any, args: Any, domains: Any, subscripts: Sequence[str]) -> Domains | None:
    s, t, out = subscripts
    a, b = domains
    if a is not None and b is not None:
        return union(_spread(a, s, out), _spread(b, t, out))
    if a is None:
        a, b, s, t, args = b, a, t, s, (args[1], args[0])
    return _by_constant(y, a, s, np.asarray(primal_of(args[1])), t, out)


def _spread(x: Domains, letters: str, out: str) -> Domains:
    """The union over the letters that are summed, along the others of `out`."""
    if len(set(letters)) < len(letters):  # a diagonal
        letters, x = _diagonal(x, letters)
    x = reduced(x, [k for k, c in enumerate(letters) if c not in out])
    kept = [c for c in letters if c in out]
    x = x.reshape([n for c, n in zip(letters, x.shape, strict=True) if c in out])
    order = sorted(range(len(kept)), key=lambda k: out.index(kept[k]))
    rows = np.transpose(x.rows, order)
    shape = iter(rows.shape)
    return x.move(rows.reshape([next(shape) if c in kept else 1 for c in out]))


def _diagonal(x: Domains, letters: str) -> tuple[str, Domains]:
    once = "".join(dict.fromkeys(letters))
    numbers = [once.index(c) for c in letters]
    return once, x.move(np.einsum(x.rows, numbers, list(range(len(once)))))


def _by_constant(y: Any, x: Domains, s: str, constant: Any, t: str, out: str) -> Domains | None:
    """The product with a constant that has letters `t`, of which the zeros count."""
    repeated = len(set(s)) < len(s) or len(set(t)) < len(t)
    free = [c for c in s if c not in t]  # letters of x alone
    sizes = dict(zip(t, constant.shape, strict=True)) if not repeated else {}
    count = np.count_nonzero(constant)
    x_sizes = dict(zip(s, x.shape, strict=True)) if not repeated else {}
    broadcast = any(x_sizes.get(c, n) != n for c, n in sizes.items())
    terms = count * math.prod(x_sizes[c] for c in free) if not repeated else 0
    if repeated or broadcast or count == constant.size or terms > _TERMS:
        return _spread(x, s, out).broadcast_to(np.shape(y)) if count else None
    at = {c: index[:, None] for c, index in zip(t, np.nonzero(constant), strict=True)}
    inner = np.unravel_index(
        np.arange(math.prod(x_sizes[c] for c in free)), [x_sizes[c] for c in free]
    ) if free else ()  # fmt: skip
    at |= {c: index[None, :] for c, index in zip(free, inner, strict=True)}
    row = x.rows[tuple(np.broadcast_arrays(*(at[c] for c in s)))] if s else x.rows
    place = np.zeros((count, 1), np.intp)
    for c, n in zip(out, np.shape(y), strict=True):
        place = place * n + at[c]
    row, place = np.broadcast_arrays(row, place)
    return merged(x.base, [row], [place], np.shape(y))


def convolution(primitive: Any, y: Any, args: Any, domains: Any, params: Any) -> Domains | None:
    """``y_k = sum_i a_i b_(k-i)``, of which a mode keeps a part."""
    a, b = domains
    shapes = [np.shape(x) for x in args]
    first = None
    if a is not None:
        first = _convolved(a, shapes[1], None if b is not None else args[1], y, params, shapes)
    second = None
    if b is not None:
        second = _convolved(b, shapes[0], None if a is not None else args[0], y, params, shapes)
    return union(first, second)


def _convolved(
    x: Domains, shape: tuple[int, ...], other: Any, y: Any, params: Any, shapes: Any
) -> Domains:
    taps = np.ones(shape, bool) if other is None else np.not_equal(primal_of(other), 0)
    if x.rows.size * np.count_nonzero(taps) > _TERMS:
        return reduced(x, range(x.rows.ndim)).broadcast_to(y.shape)
    starts = _starts(y.shape, shapes, params)
    inside: Any = True
    place: Any = 0
    grid = zip(np.indices(x.shape), np.nonzero(taps), starts, y.shape, strict=True)
    for index, tap, start, n in grid:
        k = index.reshape(-1, 1) + tap - start
        inside = inside & (k >= 0) & (k < n)
        place = place * n + k
    row = np.broadcast_to(x.rows.reshape(-1, 1), inside.shape)
    return merged(x.base, [row[inside]], [place[inside]], y.shape)


def _starts(kept: tuple[int, ...], shapes: Any, params: Any) -> list[int]:
    """Where the part that the mode keeps begins in the full convolution, along each axis."""
    mode = params.get("mode", "full")
    if mode == "full":
        return [0] * len(kept)
    if mode == "valid":
        return [min(n, m) - 1 for n, m in zip(*shapes, strict=True)]
    if len(kept) == 1 and "method" not in params:  # NumPy's
        short = min(shapes[0][0], shapes[1][0])
        return [short - 1 - short // 2]
    return [(m - 1) // 2 for m in shapes[1]]
