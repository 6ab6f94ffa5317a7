"""Functions of matrices by their values on the spectrum, with derivatives of every order.

With the spectral projectors ``Z_i`` of a matrix ``A`` that is not defective, ::

    T_k(A; E_1 ... E_k) = sum f[l_i0, ..., l_ik]  Z_i0 E_1 Z_i1 E_2 ... E_k Z_ik

is ``f(A)`` for ``k = 0``, and one primitive for all `k`: its differential inserts ``dA`` at each of the
``k + 1`` places, whether eigenvalues repeat or not. [Daleckii & Krein 1965; Higham 2008, thm 3.11]
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import UnsupportedArgumentError, explain
from ..primitive import Array, Tracer
from .forms import general
from .forms.batching import stacks_of
from .linalg import T

Derivatives = Callable[[int, Any], Any]  # ``(k, x)``: the k-th derivative at plain numbers


def divided_differences(x: Any, k: int, f: Derivatives) -> tuple[Any, Any]:
    """``f[x_i0, ..., x_ik]`` for all choices of ``k + 1`` of the numbers, and estimates of their errors.

    Of two formulas the one counts whose estimated error is smaller: the quotient of differences of the
    two farthest numbers, whose error grows where these are close, and the integral of the k-th derivative
    over a simplex, by Gauss's rule with two numbers of nodes, which is exact where they are equal.
    [de Boor 2005, sec. 6 and 9]
    """
    n = len(x)
    eps = np.finfo(x.dtype).eps
    with np.errstate(all="ignore"):
        if k == 0:
            values = np.asarray(f(0, x))
            return values, eps * np.abs(values)
        below, errors = divided_differences(x, k - 1, f)
        chosen = np.indices((n,) * (k + 1)).reshape(k + 1, -1)
        points = x[chosen]
        pairs = list(itertools.combinations(range(k + 1), 2))
        gaps = np.stack([np.abs(points[p] - points[q]) for p, q in pairs])
        farthest = np.argmax(gaps, axis=0) if gaps.size else np.zeros(0, int)
        value = np.zeros(chosen.shape[1], np.result_type(below.dtype, x.dtype))
        error = np.full(chosen.shape[1], np.inf)
        for number, (p, q) in enumerate(pairs):
            here = np.flatnonzero(farthest == number)
            without_p = tuple(np.delete(chosen[:, here], p, axis=0))
            without_q = tuple(np.delete(chosen[:, here], q, axis=0))
            gap = points[q, here] - points[p, here]
            value[here] = (below[without_p] - below[without_q]) / gap
            error[here] = (errors[without_p] + errors[without_q]) / np.abs(gap) + eps * np.abs(
                value[here]
            )
        # Without need the function is not asked for values between eigenvalues that are far apart.
        close = np.max(gaps, axis=0) <= 0.5 * np.max(np.abs(points), axis=0)
        near = np.flatnonzero(close | ~(error <= 8 * eps * np.abs(value)))
        if near.size:
            few, many = {1: (8, 12), 2: (6, 8)}.get(k, (4, 5))
            rough, fine = (_over_simplex(points[:, near], k, f, count) for count in (few, many))
            doubt = np.abs(fine - rough) + 4 * eps * np.abs(fine)
            better = np.isfinite(doubt) & ~(error[near] <= doubt)
            value = value.astype(np.result_type(value, fine))
            value[near[better]], error[near[better]] = fine[better], doubt[better]
        shape = (n,) * (k + 1)
        return value.reshape(shape), error.reshape(shape)


def _over_simplex(points: Any, k: int, f: Derivatives, count: int) -> Any:
    """``integral f^(k)(x_0 + s_1 (x_1 - x_0 + s_2 (x_2 - x_1 + ...))) s_1^(k-1) s_2^(k-2) ...`` over the
    unit cube: Hermite and Genocchi's formula. [de Boor 2005, sec. 9]"""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    nodes, weights = (nodes + 1) / 2, weights / 2
    total: Any = 0.0
    for index in itertools.product(range(count), repeat=k):
        s = nodes[list(index)]
        inner: Any = 0.0
        for j in range(k, 0, -1):
            inner = s[j - 1] * (points[j] - points[j - 1] + inner)
        weight = np.prod(weights[list(index)] * s ** np.arange(k - 1, -1, -1))
        total = total + weight * np.asarray(f(k, points[0] + inner))
    return total


def _spectrum(a: Any) -> tuple[Any, Any, Any]:
    """Eigenvalues, vectors, and the inverse of these."""
    if (a == np.conjugate(a.T)).all():
        w, v = np.linalg.eigh(a)
        return w, v, np.conjugate(v.T)
    w, v = np.linalg.eig(a)
    limit = np.finfo(a.dtype).eps ** -0.5
    if not np.linalg.cond(v) < limit:
        raise UnsupportedArgumentError(
            explain(
                "scipy.linalg.funm of a traced matrix that is defective, or nearly: its eigenvectors have "
                f"a condition number above {limit:.0e}.",
                "use a function of its own (expm, logm, sqrtm, signm, cosm, ...), whose derivative needs "
                "no eigenvectors",
            )
        )
    return w, v, np.linalg.inv(v)


def _inserted(a: Any, *es: Any, f: Derivatives) -> Any:
    if a.ndim > 2:
        leading = np.broadcast_shapes(*(x.shape[:-2] for x in (a, *es)))
        full = [np.broadcast_to(x, (*leading, *x.shape[-2:])) for x in (a, *es)]
        if 0 in leading:
            return np.zeros(full[0].shape, np.result_type(*full))
        made = [_inserted(*(x[index] for x in full), f=f) for index in np.ndindex(*leading)]
        return np.reshape(np.stack(made), full[0].shape)
    kind = np.result_type(a, *es)
    if a.size == 0:
        return np.zeros(a.shape, kind)
    w, v, v_inverse = _spectrum(a)
    product = divided_differences(w, len(es), f)[0]
    if es:
        for j, e in enumerate(es):  # sum over all but the first and the last index
            p = v_inverse @ e @ v
            shape = [1] * product.ndim
            shape[j], shape[j + 1] = p.shape
            product = product * p.reshape(shape)
        product = np.sum(product, axis=tuple(range(1, len(es))))
        y = v @ product @ v_inverse
    else:
        y = (v * product) @ v_inverse
    if kind.kind != "c" and y.dtype.kind == "c":  # as SciPy: real if that is what it is
        size = np.max(np.abs(y), initial=0.0)
        if np.max(np.abs(y.imag), initial=0.0) <= 1e6 * np.finfo(kind).eps * max(size, 1):
            y = y.real
    return y.astype(np.result_type(kind, np.complex64) if y.dtype.kind == "c" else kind)


def _batch(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    return primitive(*stacks_of(size, args, batched, [2] * len(args)), **params)


def _is_zero(e: Any) -> bool:
    return not isinstance(e, Tracer) and not np.any(e)


@general(_inserted, name="function_of_matrix", batch=_batch)
def insertion(y: Array, a: Array, *es: Array, f: Derivatives) -> Any:
    """``dT_k = sum_p T_(k+1)(A; E_1 .. E_p, dA, E_(p+1) ..) + sum_j T_k(A; .., dE_j, ..)``; the transposes
    turn the arguments around: ``ct_(E_j) = T_k(A; E_(j+1) .., ct^T, E_1 ..)^T``. [Higham 2008, thm 3.11]"""
    k = len(es)

    def push(da: Array, *des: Array) -> Array:
        terms = [insertion(a, *es[:p], da, *es[p:], f=f) for p in range(k + 1) if not _is_zero(da)]
        terms += [
            insertion(a, *es[:j], e, *es[j + 1 :], f=f)
            for j, e in enumerate(des)
            if not _is_zero(e)
        ]
        return sum(terms, start=np.zeros(y.shape, y.dtype))

    def pull(ct: Array) -> Any:
        around = lambda p, q: T(insertion(a, *es[q:], T(ct), *es[:p], f=f))
        to_matrix = lambda: sum([around(p, p) for p in range(1, k + 1)], start=around(0, 0))
        return to_matrix, *[lambda j=j: around(j, j + 1) for j in range(k)]

    return push, pull
