"""`linearize`: record once, then push and pull as often as you like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import tree
from ..adoption import adopted
from ..errors import StructureError, explain
from ..primitive import Tree
from .arguments import by_position, fresh, tangent_like
from .recording import Recording, typed


class Linearization:
    """The linear map ``J(x)`` of a function at a point: ``push`` and its transpose ``pull``.

    Made by `linearize`; calling it is `push`.
    """

    __slots__ = ("_recording",)

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def push(self, *tangents: Tree) -> Tree:
        """``J dx``: tangents of the arguments to a tangent of the value."""
        recording = self._recording
        if len(tangents) != len(recording.structure_in):
            raise StructureError(
                explain(
                    f"this linearization takes {len(recording.structure_in)} tangents, got {len(tangents)}.",
                    "give one tangent an argument",
                )
            )
        leaves = []
        for k, (structure, dx) in enumerate(zip(recording.structure_in, tangents, strict=True)):
            leaves += tree.leaves_like(structure, dx, f"tangent {k}", f"argument {k}")
        checked = [
            tangent_like(d, x, "a tangent") for d, x in zip(leaves, recording.primals, strict=True)
        ]
        return tree.unflatten(recording.structure_out, [fresh(d) for d in recording.push(checked)])

    __call__ = push

    def pull(self, ct: Tree) -> tuple[Tree, ...]:
        """``ct J``: a cotangent of the value to cotangents of the arguments."""
        recording = self._recording
        leaves = tree.leaves_like(
            recording.structure_out, ct, "the cotangent", "the function's value"
        )
        cts = [
            tangent_like(c, typed(v), "the cotangent")
            for c, v in zip(leaves, recording.values, strict=True)
        ]
        return tuple(recording.arguments(recording.pull(cts)))


def linearize(
    f: Callable[..., Any], *primals: Tree, adopt: Any = None
) -> tuple[Tree, Linearization]:
    """Value and linearization: ``y = f(x)`` and the linear map ``dx -> J(x) dx``.

    Parameters
    ----------
    f : callable
    *primals : tree of array_like
        The point ``x``.
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.

    Returns
    -------
    y : tree of arrays
    linearization : Linearization
        A callable: ``linearization(*tangents)`` is the JVP at `primals`, without another
        run of `f`. Its `pull` is the VJP.

    Raises
    ------
    NotDifferentiableError, NoRuleError
        As in `vjp`.

    Notes
    -----
    One run of `f` on a tape; each product then costs only the linear operations. Better
    than `jvp` for many directions at one point.

    Examples
    --------
    >>> y, linear = linearize(lambda x: x**2, np.array([1.0, 2.0]))
    >>> linear(np.array([1.0, 10.0]))
    array([ 2., 40.])
    """
    recording = Recording(adopted(f, adopt), primals, by_position, lasting=True)
    return recording.value, Linearization(recording)
