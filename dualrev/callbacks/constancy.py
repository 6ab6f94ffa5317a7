"""Whether the Jacobian of ``f(y, t)`` with respect to ``y`` is a constant, proved from its program.

As in `affine`: every operation on something that depends on ``y`` has to be linear in that, and what
it is multiplied with may not depend on ``t`` either. So ``A y + b(t)`` is proved, ``t A y`` is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.operations import Guard, Operation
from ..program.guards import Signature
from ..program.recording import record
from .affine import _TOGETHER, _is_linear


def has_constant_jacobian(f: Callable[[Any, Any], Any], y: np.ndarray, t: float) -> bool:
    """Whether it is proved that ``df/dy`` is the same for all ``y`` and ``t``."""
    try:
        _, program = record(f, Signature((y.copy(), float(t)), {}), True)
    except (
        Exception
    ):  # what cannot be recorded is not proved; the Jacobian says by name what is wrong
        return False
    state, time = program.inputs
    of_state, of_time = {id(state)}, {id(time)}
    for operation in program.operations:
        uses = operation.uses()
        active = [u for u in uses if id(u) in of_state]
        is_timed = any(id(u) in of_time for u in uses)
        if isinstance(operation, Guard):
            if active or is_timed:
                return False
            continue
        if active:
            if not _is_linear(operation, of_state, len(active)):
                return False
            if is_timed and not (operation.function in _TOGETHER and _is_data(uses, of_time)):
                return False
            of_state.add(id(operation))
        elif is_timed:
            of_time.add(id(operation))
    return all(
        isinstance(y, (Operation, np.ndarray, np.generic, float, int)) or id(y) in of_state
        for y in program.outputs
    )


def _is_data(uses: Any, of_time: set[int]) -> bool:
    """Whether what depends on the time is summed or joined, and is no index or mask."""
    kinds = [getattr(u, "dtype", None) for u in uses if id(u) in of_time]
    return all(isinstance(kind, np.dtype) and kind.kind == "f" for kind in kinds)
