"""What would fail, before a derivative is asked for: `explain`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import tree
from .adoption import adopted
from .engine.reverse import Tape
from .errors import AVERTED, NOTED, DualrevError, user_line
from .primitive import Tree
from .transforms.arguments import differentiable, output, run_user


@dataclass
class Explanation:
    """What `explain` found; prints as a list.

    Attributes
    ----------
    name : str
        Of the function.
    found : list of DualrevError
        One for each place where the derivative would be lost, in the order of the run. Each
        is the error that a derivative would raise.
    stopped : str or None
        The exception that ended the run early, if any.
    operations : int
        How many operations were recorded.
    after_adoption : Explanation or None
        The same with ``adopt=True``, if anything was found.
    """

    name: str
    found: list[DualrevError] = field(default_factory=list)
    stopped: str | None = None
    operations: int = 0
    after_adoption: Explanation | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing stands in the way of a derivative."""
        return not self.found and self.stopped is None

    def __str__(self) -> str:
        if self.passed:
            return f"{self.name}: nothing is lost, in {self.operations} operations."
        places = f"{len(self.found)} place" + ("s" if len(self.found) != 1 else "")
        lines = [f"{self.name}: {places} where a derivative would be lost or has no rule."]
        for k, error in enumerate(self.found, 1):
            first, *rest = str(error).splitlines()
            lines += [f"{k:3}. {first}", *(f"     {row.strip()}" for row in rest)]
        if self.stopped is not None:
            lines.append(f"The run ended early: {self.stopped}")
        if self.after_adoption is not None:
            remain = len(self.after_adoption.found)
            if self.after_adoption.passed:
                lines.append("With adopt=True: nothing is lost.")
            elif remain < len(self.found):
                lines.append(f"With adopt=True: {remain} left. See explain(..., adopt=True).")
        return "\n".join(lines)

    __repr__ = __str__


def explain(f: Callable[..., Any], *args: Tree, adopt: Any = None, **kwargs: Any) -> Explanation:
    """Run a function and list what would fail, and where, before a derivative is asked for.

    Parameters
    ----------
    f : callable
        Plain NumPy.
    *args : tree of array_like
        The point. Numbers and arrays are traced; flags, text and the like are passed on.
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.
    **kwargs
        Passed to `f`, not traced.

    Returns
    -------
    Explanation
        Prints as a list: what happens, in which line, and what to write instead.

    Notes
    -----
    Where the derivative would be lost, the run goes on with plain values. If there are such
    places, `f` runs once more, adopted: to say whether adoption is all that it needs, and to
    find what comes after a loss. Only the path that `f` takes at this point is seen.

    Examples
    --------
    >>> import math, numpy as np
    >>> def spiral(t):
    ...     y = np.zeros(2)
    ...     y[0] = t * math.cos(t)
    ...     y[1] = t * math.sin(t)
    ...     return y
    >>> report = explain(spiral, 0.5)
    >>> len(report.found), report.after_adoption.passed
    (4, True)
    """
    explanation = _run(adopted(f, adopt), args, kwargs, [])
    explanation.name = getattr(f, "__name__", repr(f))
    if not explanation.passed and not adopt:
        averted: list[DualrevError] = []
        explanation.after_adoption = _run(adopted(f, True), args, kwargs, averted)
        explanation.found = _distinct([*explanation.found, *averted])
    return explanation


def _run(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    averted: list[DualrevError],
) -> Explanation:
    tape = Tape()
    noted: list[DualrevError] = []
    token, other_token = NOTED.set(noted), AVERTED.set(averted)
    stopped = None
    try:
        y = run_user(
            lambda *xs: f(*xs, **kwargs), [_traced(tape, k, x) for k, x in enumerate(args)]
        )
        for leaf in tree.flatten(y)[0]:
            output(leaf)
    except DualrevError as error:
        noted.append(error)
    except Exception as error:  # the user's own, or NumPy's
        stopped = f"{type(error).__name__}: {error}\n  {user_line(error)}"
    finally:
        NOTED.reset(token)
        AVERTED.reset(other_token)
        tape.close()
    return Explanation(getattr(f, "__name__", ""), _distinct(noted), stopped, len(tape.records))


def _traced(tape: Tape, k: int, argument: Any) -> Any:
    def variable(leaf: Any) -> Any:
        try:
            return tape.variable(differentiable(leaf, f"argument {k}"))
        except DualrevError:
            return leaf

    return tree.map_leaves(variable, argument)


def _distinct(found: list[DualrevError]) -> list[DualrevError]:
    """One error a place and kind: a loop meets the same one many times."""
    places: dict[str, DualrevError] = {}
    for error in found:
        what, where, *_ = str(error).splitlines()
        places.setdefault(f"{what[:12]} {where}", error)
    return list(places.values())
