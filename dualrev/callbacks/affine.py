"""Whether a function is affine, proved from its program: ``c(x) = A x + b`` at every ``x``.

A derivative that vanishes at some points proves nothing (`abs`, `floor`, a branch). So the function
is recorded, and it is affine if it never looks at a value, and if every operation on something
that depends on ``x`` is linear in that. What is not known to be linear counts as not linear.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.operations import Guard, Operation
from ..primitive import Primitive
from ..program.guards import Signature
from ..program.recording import record
from ..program.vocabulary import SET, TAKE, accumulate, dot
from ..rules import calculus, cumulative, fourier, indexing, joining, products, reductions, shaping
from ..rules import elementwise as ew
from ..rules.forms import Bilinear, Linear

_MODULES = (calculus, cumulative, ew, fourier, indexing, joining, products, reductions, shaping)


def _functions(form: type[Primitive]) -> set[Any]:
    return {x.fun for module in _MODULES for x in vars(module).values() if isinstance(x, form)}


# Linear in all arguments together; linear in each; linear in the first.
_TOGETHER = _functions(Linear) | {
    *(np.add, np.subtract, np.negative, np.positive, np.concatenate, np.diff, np.cumsum),
    *(TAKE, SET, accumulate, np.ndarray.mean, np.ndarray.sum, np.add.reduce),
}
_EACH = _functions(Bilinear) | {np.multiply, np.matmul, dot, ew.multiply.fun}
_FIRST = {np.divide, ew.divide.fun}


def is_affine(f: Callable[[Any], Any], x: np.ndarray) -> bool:
    """Whether `f`, a function of one vector like `x`, is proved to be affine."""
    try:
        _, program = record(f, Signature((x.copy(),), {}), True)
    except Exception:  # what cannot be recorded is not proved; errors of `f` come again
        return False
    depends = {id(a) for a in program.inputs}
    for y in program.operations:
        active = [u for u in y.uses() if id(u) in depends]
        if not active:
            continue
        if isinstance(y, Guard) or not _is_linear(y, depends, len(active)):
            return False
        depends.add(id(y))
    return all(
        isinstance(y, (Operation, np.ndarray, np.generic, float, int)) for y in program.outputs
    )


def _is_linear(y: Operation, depends: set[int], uses: int) -> bool:
    """Whether an operation is linear in those of its arguments that depend on the input."""
    if y.dtype != np.float64:
        return False
    positions = [k for k, a in enumerate(y.args) if _has(a, depends)]
    if sum(_has(a, depends) for a in _flat(y.args)) != uses:  # one among the parameters
        return False
    if y.function in _TOGETHER:
        return True
    if y.function in _EACH:
        return len(positions) == 1
    if y.function in _FIRST:
        return positions == [0]
    return y.function is np.where and 0 not in positions


def _flat(args: Any) -> list[Any]:
    found: list[Any] = []
    for a in args:
        found += _flat(a) if isinstance(a, (tuple, list)) else [a]
    return found


def _has(a: Any, depends: set[int]) -> bool:
    return any(id(part) in depends for part in (_flat(a) if isinstance(a, (tuple, list)) else [a]))
