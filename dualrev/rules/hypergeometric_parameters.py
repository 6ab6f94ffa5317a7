"""Hypergeometric functions differentiated by their parameters, of real arguments.

A series is differentiated term by term, each term a polynomial in small steps of the parameters
[Ancarani & Gasaneo 2008; 2009]; Tricomi's function under its integral [DLMF 13.4.4]. Kummer's and
Pfaff's transformations give series without alternation [DLMF 13.2.39, 15.8.1]. Accuracy about
1e-13 where all terms have one sign; what loses more than half of the digits, or needs more than
`MOST` terms (``hyp2f1`` for ``x > 0.99`` or ``x < -100``), is refused.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NoReturn

import numpy as np
import scipy.special as sc

from ..errors import UnsupportedArgumentError, explain
from .bessel_orders import blocks
from .orders import kind_of
from .several import Several, several

MOST, LOSS = 6000, 1e-8


@functools.cache
def parameter(kind: str, index: tuple[int, ...]) -> Several:
    """The derivative of orders `index` by the arguments of ``scipy.special.<kind>``, as a primitive."""

    def partial(k: int) -> Any:
        raised = (*index[:k], index[k] + 1, *index[k + 1 :])
        return lambda y, *args: parameter(kind, raised)(*args)

    return several(
        lambda *args: _evaluate(kind, index, args),
        *[partial(k) for k in range(len(index))],
        name=f"{kind}, derivative {index}",
    )


def _evaluate(kind: str, index: tuple[int, ...], args: Any) -> Any:
    kept = kind_of(*args)
    if kept.kind == "c":
        _refuse(kind, "of a complex argument")
    arrays = np.broadcast_arrays(*[np.asarray(x, np.float64) for x in args])
    shape = arrays[0].shape
    *parameters, x = (np.ravel(a) for a in arrays)
    if x.size == 0:
        return np.zeros(shape, kept)
    functions: dict[str, Any] = {"hyp0f1": _0f1, "hyp1f1": _1f1, "hyp2f1": _2f1, "hyperu": _u}
    with np.errstate(all="ignore"):
        y = functions[kind](index, *parameters, x)
    y = y * math.prod(map(math.factorial, index[:-1]))
    return y.reshape(shape).astype(kept)[()]


def _refuse(kind: str, where: str) -> NoReturn:
    raise UnsupportedArgumentError(
        explain(
            f"scipy.special.{kind} has no derivative by its parameters {where}.",
            "keep the parameters constant, or use another argument",
        )
    )


# -- polynomials in steps of the parameters, one axis each, before that of the elements -----------


def _times(p: Any, value: Any, steps: dict[int, float]) -> Any:
    """``p (value + sum steps[k] e_k)``."""
    out = p * value
    for axis, step in steps.items():
        upper, lower = _moved(axis)
        out[upper] += step * p[lower]
    return out


def _over(p: Any, value: Any, axis: int) -> Any:
    """``p / (value + e_axis)``."""
    out = np.moveaxis(p / value, axis, 0).copy()
    for k in range(1, len(out)):
        out[k] -= out[k - 1] / value
    return np.moveaxis(out, 0, axis)


def _moved(axis: int) -> tuple[Any, Any]:
    head = (slice(None),) * axis
    return (*head, slice(1, None)), (*head, slice(None, -1))


def _one(index: tuple[int, ...], x: Any) -> Any:
    p = np.zeros([k + 1 for k in index[:-1]] + [len(x)])
    p[(0,) * len(index[:-1])] = 1
    return p


def _grown(p: Any, log: Any, steps: dict[int, float]) -> Any:
    """``p exp(log sum steps[k] e_k)``."""
    total, term = p, p
    for k in range(1, sum(p.shape[:-1]) + 1):
        term = _times(term, 0.0, {axis: step / k for axis, step in steps.items()}) * log
        total = total + term
    return total


def _series(kind: str, p: Any, up: Any, down: Any, x: Any) -> Any:
    """``p sum_n prod (u)_n / prod (d)_n x**n / n!``, of the highest order in `p`."""
    term = total = p
    largest = np.abs(p)
    for n in range(MOST):
        for value, steps in up:
            term = _times(term, value + n, steps)
        for value, axis in down:
            term = _over(term, value + n, axis)
        term = term * (x / (n + 1))
        total = total + term
        largest = np.maximum(largest, np.abs(term))
        if n % 8 == 7 and np.all(
            (np.abs(term) <= 1e-18 * np.abs(total)) | (term == 0) | (total != total)
        ):
            break  # fmt: skip
    else:
        _refuse(kind, "here: its series converges too slowly")
    size = np.abs(total).sum(axis=tuple(range(p.ndim - 1)))
    if np.any(np.finfo(float).eps * _highest(largest) > LOSS * size):
        _refuse(kind, "here: its series loses too many digits")
    return total


def _highest(p: Any) -> Any:
    return p[(-1,) * (p.ndim - 1)]


# -- the functions --------------------------------------------------------------------------------


def _0f1(index: Any, b: Any, x: Any) -> Any:
    p, order = _one(index, x), index[-1]
    for n in range(order):
        p = _over(p, b + n, 0)
    return _highest(_series("hyp0f1", p, (), [(b + order, 0)], x))


def _1f1(index: Any, a: Any, b: Any, x: Any) -> Any:
    p, order = _one(index, x), index[-1]
    for n in range(order):
        p = _over(_times(p, a + n, {0: 1.0}), b + n, 1)
    a, b = a + order, b + order
    right = _series("hyp1f1", p, [(a, {0: 1.0})], [(b, 1)], np.maximum(x, 0))
    if not np.any(x < 0):
        return _highest(right)
    turned = [(b - a, {0: -1.0, 1: 1.0})]
    left = _series("hyp1f1", p, turned, [(b, 1)], np.maximum(-x, 0)) * np.exp(np.minimum(x, 0))
    return _highest(np.where(x < 0, left, right))


def _2f1(index: Any, a: Any, b: Any, c: Any, x: Any) -> Any:
    p, order = _one(index, x), index[-1]
    if np.any(x >= 1):
        _refuse("hyp2f1", "at x >= 1")
    for n in range(order):
        p = _over(_times(_times(p, a + n, {0: 1.0}), b + n, {1: 1.0}), c + n, 2)
    a, b, c = a + order, b + order, c + order
    near = x > -0.5
    u = np.where(near, x, 0)
    right = _series("hyp2f1", p, [(a, {0: 1.0}), (b, {1: 1.0})], [(c, 2)], u)
    if near.all():
        return _highest(right)
    v = np.where(near, 0, x)
    turned = [(a, {0: 1.0}), (c - b, {1: -1.0, 2: 1.0})]
    log = -np.log1p(-v)
    left = _series("hyp2f1", _grown(p, log, {0: 1.0}), turned, [(c, 2)], v / (v - 1))
    return _highest(np.where(near, right, left * np.exp(a * log)))


def _u(index: Any, a: Any, b: Any, x: Any) -> Any:
    """``1 / Gamma(a)`` times the integral of ``exp(-x t) t**(a-1) (1+t)**(b-a-1)``, by the trapezoidal
    rule in ``log t``; `x` of positive `a` alone."""
    if np.any((a <= 0) | (x <= 0)):
        _refuse("hyperu", "unless a > 0 and x > 0")
    i, j, order = index
    power = a + order
    low = -40 / np.minimum(power, 5.0) - np.log1p(x) - 2
    high = np.log((60 + 20 * np.abs(b) + 2 * power) / x) + 1
    step = 0.12
    count = int(np.max((high - low) / step)) + 2
    totals: list[Any] = [0.0] * (i + 1)
    size: Any = -np.inf
    for last in (False, True):  # the largest exponent, and then the sums in units of it
        for block in blocks(count, x.size):
            s = low + np.arange(block.start, block.stop)[:, None] * step
            grown = np.logaddexp(0, s)
            part = power * s - x * np.exp(s) + (b - a - 1) * grown
            if not last:
                size = np.maximum(size, np.max(part, axis=0))
                continue
            part = np.exp(part - size) * grown**j / math.factorial(j)
            for k in range(i + 1):
                weight = (s - grown) ** k / math.factorial(k)
                totals[k] = totals[k] + np.sum(weight * part, axis=0)
    gamma = [np.ones_like(x)]  # 1 / Gamma(a + e) in units of 1 / Gamma(a)
    log = [sc.digamma(a) if n == 1 else sc.polygamma(n - 1, a) / math.factorial(n) for n in range(1, i + 1)]  # fmt: skip
    for n in range(1, i + 1):
        gamma.append(-sum(m * log[m - 1] * gamma[n - m] for m in range(1, n + 1)) / n)
    y = sum(gamma[i - k] * totals[k] for k in range(i + 1))
    return (-1) ** order * y * step * np.exp(size - sc.gammaln(a))
