"""One recorded run of a function: its result, and the program that gives it again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..engine.operations import Constant
from ..engine.recorded import Recorded
from ..engine.recorder import OUTSIDE, Outside, Recorder, Unrecordable
from ..notation import argument_names, paths
from ..primitive import RECORDING, Tracer
from ..transforms.arguments import output, run_user
from .graph import Program
from .guards import Signature
from .simplify import Simplifier


def record(f: Callable[..., Any], signature: Signature, exact: bool) -> tuple[Any, Program]:
    """Run `f` once on the arguments of a call: its value, and the simplified program.

    Raises
    ------
    Unrecordable
        The function does something that a replay could not do. Errors of the function itself.
    """
    recorder = Recorder(Recorded)
    token = RECORDING.set(recorder)
    try:
        args, kwargs = signature.rebuilt([recorder.input(x) for x in signature.dynamic])
        y = run_user(lambda *a: f(*a, **kwargs), args)
        leaves, structure = tree.flatten(y)
        outputs = [_output(recorder, leaf) for leaf in leaves]
        if recorder.broken is not None:
            raise (Outside if recorder.broken is OUTSIDE else Unrecordable)(recorder.broken)
        recorder.check_constants()
    finally:
        RECORDING.reset(token)
        recorder.close()
    value = tree.unflatten(structure, [_value(leaf) for leaf in outputs])
    operations, results = Simplifier(exact).run(
        recorder.operations, [x.index if isinstance(x, Recorded) else x for x in outputs]
    )
    inputs: list[Any] = [x.index for x in recorder.inputs]
    names = _names(f, signature)
    program = Program(
        getattr(f, "__name__", type(f).__name__),
        inputs,
        operations,
        [x.value if isinstance(x, Constant) else x for x in results],
        structure,
        dict(zip(map(id, inputs), names, strict=True)),
    )
    return value, program


def _output(recorder: Recorder, leaf: Any) -> Any:
    leaf = output(leaf)
    if type(leaf) is Recorded:
        return leaf
    if isinstance(leaf, Tracer):
        raise Unrecordable("the result belongs to a derivative that is taken outside")
    if type(leaf) is np.ndarray:
        return recorder.lifted(leaf)
    return leaf


def _value(leaf: Any) -> Any:
    value = leaf.primal if isinstance(leaf, Recorded) else leaf
    return value.copy() if type(value) is np.ndarray else value


def _names(f: Callable[..., Any], signature: Signature) -> list[str]:
    """A name for every input, from the parameters of `f`."""
    names: list[str] = []
    given = [*zip(argument_names(f, signature.args), signature.args, strict=True)]
    for name, value in (*given, *signature.kwargs.items()):
        leaves, structure = tree.flatten(value)
        for path, leaf in zip(paths(structure, name), leaves, strict=True):
            if any(leaf is x for x in signature.dynamic):
                text = "".join(c if c.isalnum() else "_" for c in path).strip("_")
                names.append(text if text.isidentifier() and text not in _TAKEN else f"x_{text}")
    fixed: list[str] = []
    for name in names[: len(signature.dynamic)]:
        fixed.append(name if name not in fixed else f"{name}_{len(fixed)}")
    fixed += [f"x{k}" for k in range(len(fixed), len(signature.dynamic))]
    return fixed


_TAKEN = frozenset({"t", "math", "inf", "nan", "add", "zeros", "empty", "array", "float64", "dot"})
