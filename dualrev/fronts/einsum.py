"""`np.einsum`: any number of operands, contracted in pairs.

Every call is brought to one form: explicit letters, no ellipsis, no letter twice in an
operand (its diagonal is taken first), no axis of size 1 under a letter that is longer
elsewhere, pairs along a path. How is worked out once for the same subscripts and shapes.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..primitive import Tracer
from ..rules.products import einsum_pair
from ..rules.shaping import move
from .keywords import as_shaped, deliver, plain, refuse

_LETTERS = string.ascii_letters
_DEFAULTS = {"dtype": None, "casting": "safe"}


def einsum(*operands: Any, out: Any = None, optimize: Any = False, **kwargs: Any) -> Any:
    for keyword, value in kwargs.items():
        if keyword not in ("dtype", "casting", "order"):
            raise TypeError(f"einsum() got an unexpected keyword argument '{keyword}'")
        if keyword in _DEFAULTS and value != _DEFAULTS[keyword]:
            refuse("np.einsum", keyword, "cast the operands with astype")
    subscripts, *given = operands if isinstance(operands[0], str) else _from_lists(operands)
    arrays = [as_shaped(a) for a in given]
    plan = _plan(subscripts, tuple(a.shape for a in arrays))
    arrays = [_prepared(a, p) for a, p in zip(arrays, plan.prepare, strict=True)]
    blas = bool(optimize) or len(arrays) > 2  # else the same sum as NumPy's, bit for bit
    for first, second, alone, pair in plan.steps:
        b, a = arrays.pop(second), arrays.pop(first)
        a, b = (np.sum(x, axis=axes) if axes else x for x, axes in zip((a, b), alone, strict=True))
        arrays.append(einsum_pair(a, b, subscripts=pair, optimize=blas))
    (y,) = arrays
    if plan.summed:
        y = np.sum(y, axis=plan.summed)
    return deliver(y if plan.order is None else np.transpose(y, plan.order), out)


def einsum_path(*operands: Any, **kwargs: Any) -> Any:
    return np.einsum_path(*(plain(x) for x in operands), **kwargs)


class _Plan(NamedTuple):
    """``prepare``: for every operand the diagonal to take and the shape to give it. ``steps``:
    two positions, the axes of each to sum first, the letters. At last a sum and an order."""

    prepare: list[tuple[str | None, tuple[int, ...] | None]]
    steps: list[tuple[int, int, tuple[Any, Any], tuple[str, str, str]]]
    summed: tuple[int, ...]
    order: list[int] | None


@functools.lru_cache(maxsize=1024)
def _plan(subscripts: str, shapes: tuple[tuple[int, ...], ...]) -> _Plan:
    inputs, output = _letters_of(subscripts, shapes)
    stand_ins = [np.broadcast_to(np.float64(0), shape) for shape in shapes]
    spelled = f"{','.join(inputs)}->{output}"
    path = np.einsum_path(spelled, *stand_ins, optimize="greedy")[0][1:]  # NumPy's own errors too
    sizes: dict[str, int] = {}
    for term, shape in zip(inputs, shapes, strict=True):
        for letter, n in zip(term, shape, strict=True):
            sizes[letter] = n if sizes.get(letter, 1) == 1 else sizes[letter]
    prepare, terms = [], []
    for term, shape in zip(inputs, shapes, strict=True):
        preparation, term = _preparation(term, dict(zip(term, shape, strict=True)), sizes)
        prepare.append(preparation)
        terms.append(term)
    steps = []
    for chosen in path if len(terms) > 1 else ():
        group = sorted(chosen)
        while len(group) > 1:
            second, first = group.pop(), group.pop()
            t, s = terms.pop(second), terms.pop(first)
            later = "".join(terms) + output
            kept = "".join(c for c in dict.fromkeys(s + t) if c in later)
            alone_s, s = _alone(s, t + kept)
            alone_t, t = _alone(t, s + kept)
            kept = kept if terms else output
            steps.append((first, second, (alone_s, alone_t), (s, t, kept)))
            terms.append(kept)
            group.append(len(terms) - 1)
    summed, term = _alone(terms[0], output)
    order = None if term == output else [term.index(c) for c in output]
    return _Plan(prepare, steps, summed, order)


def _alone(term: str, elsewhere: str) -> tuple[tuple[int, ...], str]:
    """The axes whose letters stand nowhere else, to be summed at once, and the other letters."""
    axes = tuple(k for k, c in enumerate(term) if c not in elsewhere)
    return axes, "".join(c for c in term if c in elsewhere)


def _letters_of(subscripts: str, shapes: Sequence[tuple[int, ...]]) -> tuple[list[str], str]:
    """The letters of every operand and of the result, written out."""
    subscripts = subscripts.replace(" ", "")
    left, arrow, output = subscripts.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(shapes):
        raise ValueError(f"einsum: {len(inputs)} subscripts for {len(shapes)} operands")
    free = [c for c in _LETTERS if c not in subscripts]
    hidden = [
        len(shape) - len(term.replace("...", "")) if "..." in term else 0
        for term, shape in zip(inputs, shapes, strict=True)
    ]
    longest = max(hidden)
    if longest > len(free):
        raise ValueError("einsum: too many axes")
    ellipsis = "".join(free[:longest])
    for k, (term, shape) in enumerate(zip(inputs, shapes, strict=True)):
        inputs[k] = term.replace("...", ellipsis[longest - hidden[k] :] if hidden[k] > 0 else "")
        if len(inputs[k]) != len(shape):
            raise ValueError(f"einsum: subscripts {term!r} for an operand with {len(shape)} axes")
        if len(set(zip(inputs[k], shape, strict=True))) > len(set(inputs[k])):
            raise ValueError(f"einsum: subscripts {term!r} for an operand of shape {shape}")
    if arrow:
        if longest and "..." not in output:
            raise ValueError("einsum: the result has no '...' for the axes under the ellipsis")
        return inputs, output.replace("...", ellipsis)
    letters = "".join(inputs)
    once = sorted(c for c in set(letters) if letters.count(c) == 1 and c not in ellipsis)
    return inputs, ellipsis + "".join(once)


def _from_lists(operands: Any) -> list[Any]:
    """The form ``einsum(a, [0, 1], b, [1, 2], [0, 2])`` as the form with letters."""

    def letters(labels: Any) -> str:
        return "".join("..." if k is Ellipsis else _LETTERS[k] for k in labels)

    pairs, last = divmod(len(operands), 2)
    terms = ",".join(letters(operands[2 * k + 1]) for k in range(pairs))
    if last:
        terms += "->" + letters(operands[-1])
    return [terms, *(operands[2 * k] for k in range(pairs))]


def _preparation(
    term: str, size: dict[str, int], sizes: dict[str, int]
) -> tuple[tuple[str | None, tuple[int, ...] | None], str]:
    """What makes the letters of an operand all different and all of their full size."""
    unique = "".join(dict.fromkeys(term))
    full = "".join(c for c in unique if size[c] == sizes[c])
    diagonal = f"{term}->{unique}" if unique != term else None
    shape = tuple(size[c] for c in full) if full != unique else None
    return (diagonal, shape), full


def _prepared(a: Any, preparation: tuple[str | None, tuple[int, ...] | None]) -> Any:
    diagonal, shape = preparation
    if diagonal is not None:
        take = partial(np.einsum, diagonal)
        a = move(a, move=take) if isinstance(a, Tracer) else take(a)
    return a if shape is None else np.reshape(a, shape)
