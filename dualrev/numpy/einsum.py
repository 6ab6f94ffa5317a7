"""`np.einsum`: any number of operands, contracted in pairs.

Every call is brought to one form: explicit letters, no ellipsis, no letter twice in an
operand (its diagonal is taken first), pairs along a path.
"""

from __future__ import annotations

import string
from functools import partial
from typing import Any

import numpy as np

from ..primitive import Tracer
from ..rules.products import einsum_pair
from ..rules.shaping import move
from .keywords import as_shaped, deliver, plain, refuse

_LETTERS = string.ascii_letters


def einsum(*operands: Any, out: Any = None, optimize: Any = False, **kwargs: Any) -> Any:
    for keyword, value in kwargs.items():
        if keyword == "dtype" and value is not None:
            refuse("np.einsum", "dtype", "cast the operands with astype")
    inputs, output, arrays = _parse(operands)
    arrays = [as_shaped(a) for a in arrays]
    arrays, inputs = map(list, zip(*map(_diagonal, arrays, inputs), strict=True))
    for path in _path(inputs, output, arrays):
        chosen = [(arrays.pop(k), inputs.pop(k)) for k in sorted(path, reverse=True)][::-1]
        rest = "".join(inputs) + output
        while len(chosen) > 1:
            (a, s), (b, t), *others = chosen
            later = rest + "".join(u for _, u in others)
            kept = (
                output
                if not others and not inputs
                else "".join(c for c in dict.fromkeys(s + t) if c in later)
            )
            chosen = [(_pair(a, s, b, t, kept, bool(optimize)), kept), *others]
        arrays.append(chosen[0][0])
        inputs.append(chosen[0][1])
    return deliver(_single(arrays[0], inputs[0], output), out)


def einsum_path(*operands: Any, **kwargs: Any) -> Any:
    return np.einsum_path(*(plain(x) for x in operands), **kwargs)


def _parse(operands: Any) -> tuple[list[str], str, list[Any]]:
    """Letters of every operand and of the result, and the operands."""
    if not isinstance(operands[0], str):
        operands = _from_lists(operands)
    subscripts, *arrays = operands
    subscripts = subscripts.replace(" ", "")
    left, arrow, output = subscripts.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(arrays):
        raise ValueError(f"einsum: {len(inputs)} subscripts for {len(arrays)} operands")
    free = [c for c in _LETTERS if c not in subscripts]
    longest = 0
    for k, (term, array) in enumerate(zip(inputs, arrays, strict=True)):
        if "..." in term:
            hidden = np.ndim(plain(array)) - len(term.replace("...", ""))
            longest = max(longest, hidden)
            inputs[k] = term.replace("...", "".join(free[26 - hidden : 26]) if hidden else "")
    ellipsis = "".join(free[26 - longest : 26])
    for term, array in zip(inputs, arrays, strict=True):
        if len(term) != np.ndim(plain(array)):
            raise ValueError(
                f"einsum: subscripts {term!r} for an operand with {np.ndim(plain(array))} axes"
            )
    if arrow:
        return inputs, output.replace("...", ellipsis), arrays
    letters = "".join(inputs)
    once = sorted(c for c in set(letters) if letters.count(c) == 1 and c not in ellipsis)
    return inputs, ellipsis + "".join(once), arrays


def _from_lists(operands: Any) -> list[Any]:
    """The form ``einsum(a, [0, 1], b, [1, 2], [0, 2])`` as the form with letters."""

    def letters(labels: Any) -> str:
        return "".join("..." if k is Ellipsis else _LETTERS[k] for k in labels)

    pairs, last = divmod(len(operands), 2)
    terms = ",".join(letters(operands[2 * k + 1]) for k in range(pairs))
    if last:
        terms += "->" + letters(operands[-1])
    return [terms, *(operands[2 * k] for k in range(pairs))]


def _diagonal(a: Any, term: str) -> tuple[Any, str]:
    """An operand whose letters are all different: repeated ones name a diagonal."""
    unique = "".join(dict.fromkeys(term))
    if unique == term:
        return a, term
    subscripts = f"{term}->{unique}"
    return (
        move(a, move=partial(np.einsum, subscripts))
        if isinstance(a, Tracer)
        else np.einsum(subscripts, a)
    ), unique


def _path(inputs: list[str], output: str, arrays: list[Any]) -> list[tuple[int, ...]]:
    if len(arrays) <= 2:
        return [tuple(range(len(arrays)))] if len(arrays) == 2 else []
    shapes = [np.broadcast_to(np.float64(0), a.shape) for a in arrays]
    return np.einsum_path(f"{','.join(inputs)}->{output}", *shapes, optimize="greedy")[0][1:]


def _pair(a: Any, s: str, b: Any, t: str, kept: str, optimize: bool) -> Any:
    a, s = _summed_alone(a, s, t + kept)
    b, t = _summed_alone(b, t, s + kept)
    return einsum_pair(a, b, subscripts=(s, t, kept), optimize=optimize)


def _summed_alone(a: Any, term: str, elsewhere: str) -> tuple[Any, str]:
    """Letters that stand nowhere else are summed at once."""
    axes = tuple(k for k, c in enumerate(term) if c not in elsewhere)
    return (np.sum(a, axis=axes), "".join(c for c in term if c in elsewhere)) if axes else (a, term)


def _single(a: Any, term: str, output: str) -> Any:
    a, term = _summed_alone(a, term, output)
    return a if term == output else np.transpose(a, [term.index(c) for c in output])
