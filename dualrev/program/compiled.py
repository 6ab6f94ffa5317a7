"""`compile`: a function recorded once for each way that it goes, and replayed."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..adoption import adopted
from ..engine.recorder import Outside, Unrecordable
from ..errors import line_of, user_line
from ..primitive import BATCHES, RECORDING, Tracer
from .graph import Program
from .guards import Signature, surroundings
from .recording import record
from .replay import Replay

IN_A_ROW = 12  # calls that record, or fail, one after the other before the function is left alone
KEPT = 64  # specialisations
_TOLERANCE = 1e-9  # of the comparison with the function itself, relative to the largest element


class CompilationWarning(UserWarning):
    """A compiled function is called as it is: replays of it do not pay, or would be wrong.

    The message names the reason, and the line that decides where there is one.
    """


class Compiled:
    """A function, with the programs that were recorded of it; made by `compile`.

    Attributes
    ----------
    specialisations : int
        How many programs there are: one for each signature and each path through the branches.
    eager : str or None
        Why the function is called as it is and not replayed, if that is so.
    """

    def __init__(self, f: Callable[..., Any], exact: bool, verify: int, adopt: Any) -> None:
        self._f = adopted(f, adopt)
        self._given = f, exact, verify, adopt
        self._replays: list[Replay] = []  # the last used first
        self._chosen: Replay | None = None
        self._recorded = 0  # calls in a row that recorded
        self._failed = 0  # replays in a row that could not say what the function would do
        self.eager: str | None = None
        functools.update_wrapper(self, f, updated=())  # an instance has attributes of its own

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        chosen = self._chosen
        if chosen is None:
            return self._elsewhere(args, kwargs, None, None)
        found = chosen.enter(args, kwargs)
        if type(found) is tuple:
            return found[0]
        other = chosen.next.get(found)
        if other is not None and not other.unverified:  # the branch went the other way before
            second = other.enter(args, kwargs)
            if type(second) is tuple:
                self._chosen = other
                return second[0]
        return self._elsewhere(args, kwargs, chosen, found)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __reduce__(self) -> Any:
        f, exact, verify, adopt = self._given
        name = getattr(self, "__qualname__", "")
        if _global(getattr(self, "__module__", None), name) is self:
            return name  # a decorated function is found where it stands
        return Compiled, (f, exact, verify, adopt)

    def __repr__(self) -> str:
        state = (self.eager and "called as it is") or f"{self.specialisations} specialisations"
        return f"<compiled {getattr(self, '__name__', 'function')}: {state}>"

    # -- what it has ---------------------------------------------------------------------------

    @property
    def specialisations(self) -> int:
        return len(self._replays)

    def program(self, *args: Any, **kwargs: Any) -> Program:
        """The program that was used last; with arguments, the one for a call with these."""
        return self._current(args, kwargs).program

    def source(self, *args: Any, **kwargs: Any) -> str:
        """Its source: NumPy, with the names and lines of the user's code."""
        return self._current(args, kwargs).source()

    def _current(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Replay:
        if args or kwargs:
            self(*args, **kwargs)
        if not self._replays:
            why = self.eager or "it was not called yet"
            raise ValueError(f"there is no program: {why}")
        return self._chosen or self._replays[0]

    # -- calls that the last program does not answer ----------------------------------------------

    def _elsewhere(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], last: Replay | None, found: Any
    ) -> Any:
        if self.eager is not None or RECORDING.get() is not None or BATCHES.get():
            return self._f(*args, **kwargs)
        waiting = [r for r in self._replays if r is not last]
        while True:
            if type(found) is int and last is not None:
                if found < 0:
                    return self._after_failure(args, kwargs)
                following = last.next.get(found)
                if following is not None and following in waiting:
                    waiting.remove(following)
                    waiting.insert(0, following)
            if not waiting:
                break
            replay = waiting.pop(0)
            before, guard = last, found
            found = replay.enter(args, kwargs)
            if type(found) is tuple:
                if before is not None and type(guard) is int:
                    before.next[guard] = replay
                return self._success(replay, found[0], args, kwargs)
            if found is not None:
                last = replay
            else:
                found, last = guard, before
        return self._record(args, kwargs, last, found)

    def _success(self, replay: Replay, value: Any, args: Any, kwargs: Any) -> Any:
        self._recorded = self._failed = 0
        if replay.unverified > 0:
            replay.unverified -= 1
            expected = self._f(*args, **kwargs)
            if not _agree(value, expected):
                self._give_up(
                    "a replay differs from the function itself, which is then not the same at every "
                    "call (random numbers, a clock, something that it changes)"
                )
                return expected
            return value
        if replay is not self._chosen:
            self._chosen = replay
            self._replays = [replay, *[r for r in self._replays if r is not replay]]
        return value

    def _after_failure(self, args: Any, kwargs: Any) -> Any:
        """A replay met an infinity, or an error: the function itself says what that means."""
        self._chosen = None
        self._failed += 1
        value = self._f(*args, **kwargs)
        if self._failed > IN_A_ROW:
            self._give_up("values that are not finite, or warnings, at every call")
        return value

    def _record(self, args: Any, kwargs: Any, last: Replay | None, guard: Any) -> Any:
        signature = Signature(args, kwargs)
        if any(isinstance(leaf, Tracer) for leaf in signature.leaves):
            return self._f(*args, **kwargs)  # differentiated from outside
        _, exact, verify, _ = self._given
        statics = [
            x for x in signature.leaves if not isinstance(x, (np.ndarray, np.generic, float))
        ]
        around = surroundings(self._f, statics)
        try:
            value, program = record(self._f, signature, exact)
            replay = Replay(program, signature, around, exact, verify)
        except Exception as error:  # also what only a recording would raise
            value = self._f(*args, **kwargs)  # raises if the function does
            if isinstance(error, Outside):
                return value
            why = (
                str(error)
                if isinstance(error, Unrecordable)
                else f"{type(error).__name__}: {error}"
            )
            self._give_up(why.splitlines()[0] if why else type(error).__name__)
            return value
        if last is not None and type(guard) is int:
            last.next[guard] = replay
        self._replays = [replay, *self._replays][:KEPT]  # a new list: other threads read the old
        self._chosen = None  # until it has replayed once
        self._recorded += 1
        if self._recorded > IN_A_ROW:
            self._give_up(_cause(last, guard))
        return value

    def _give_up(self, why: str) -> None:
        self.eager = why
        self._chosen, self._replays = None, []
        name = getattr(self, "__name__", "the function")
        warnings.warn(
            CompilationWarning(
                f"dr.compile leaves {name} as it is: {why}\n  called in {user_line()}"
            ),
            stacklevel=2,
        )


def _cause(last: Replay | None, guard: Any) -> str:
    """Why nearly every call needs another program."""
    if last is None or type(guard) is not int or not 0 <= guard < len(last.guards):
        return (
            f"{IN_A_ROW} calls in a row had other shapes, kinds or options, or the function uses "
            "something else than an argument that changes"
        )
    seen = last.guards[guard]
    doing = "a condition" if seen.truth else "a plain value (int, float, an index, a plain array)"
    if seen.line is None:
        return f"{IN_A_ROW} calls in a row went another way, decided by {doing}"
    return f"{IN_A_ROW} calls in a row went another way, decided by {doing} in {line_of(seen.line)}"


def _agree(a: Any, b: Any) -> bool:
    """Whether two results are the same up to rounding."""
    xs, one = tree.flatten(a)
    ys, other = tree.flatten(b)
    return one == other and all(map(_leaves_agree, xs, ys))


def _leaves_agree(x: Any, y: Any) -> bool:
    if isinstance(x, (np.ndarray, np.generic, int, float, complex)):
        if type(x) is not type(y) or np.shape(x) != np.shape(y):
            return False
        x, y = np.asarray(x), np.asarray(y)
        if x.dtype != y.dtype:
            return False
        if x.dtype.kind not in "fc" or not x.size:
            return bool(np.array_equal(x, y))
        tolerance = _TOLERANCE if x.dtype.itemsize // (1 + (x.dtype.kind == "c")) > 4 else 1e-4
        with np.errstate(all="ignore"):
            scale = np.max(np.abs(y), where=np.isfinite(y), initial=0.0)
            return bool(np.allclose(x, y, rtol=tolerance, atol=tolerance * scale, equal_nan=True))
    return x is y or bool(x == y)


def _global(module: str | None, name: str) -> Any:
    found: Any = sys.modules.get(module or "")
    for part in name.split("."):
        found = getattr(found, part, None)
    return found


def compile(
    f: Callable[..., Any] | None = None,
    *,
    exact: bool = False,
    verify: int = 1,
    adopt: Any = None,
) -> Any:
    """A function that is recorded at its first call, and replayed as NumPy at the next ones.

    Parameters
    ----------
    f : callable
        Any function of trees of arrays and numbers, also one that a transformation made:
        ``compile(grad(f))``, ``compile(hessian(f))``. Left out: a decorator with these options.
    exact : bool
        Keep every operation as it is: the results have the same bits. By default they may differ
        by rounding errors, a few units in the last place of each operation's largest term.
    verify : int
        How many replays of each program are compared with `f` itself.
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.

    Returns
    -------
    Compiled
        Takes `f`'s arguments and returns its results, always as new arrays. ``source()`` is the
        text of the replay, ``program()`` the operations, ``specialisations`` how many programs
        there are, ``eager`` why there are none.

    Warns
    -----
    CompilationWarning
        Replays do not pay, or would be wrong; `f` is then called as it is.

    Raises
    ------
    Exception
        What `f` raises. The first call, and any call that a replay cannot answer, is one of `f`.

    Notes
    -----
    A program holds for arguments of the same structure, shapes and kinds, for which Python goes
    the same way: guards are asked where the branches were. Others are recorded beside it. Integers,
    flags and text among the arguments are part of the program. Arrays that are no arguments are
    held by reference; what is computed from them alone is computed once.

    The first call costs some 40 microseconds an operation. A replay costs what its NumPy calls
    cost, plus about half a microsecond. Memory: the buffers of the largest live set, kept between
    calls, one set a thread. Thread-safe; pickled if `f` can be.

    Each operation of the program is in static single assignment form [Cytron et al. 1991].

    Examples
    --------
    >>> fg = compile(value_and_grad(lambda x: np.sum(x**2)))
    >>> for _ in range(3):
    ...     value, gradient = fg(np.array([1.0, 2.0]))
    >>> print(value, gradient)
    5.0 [2. 4.]
    >>> fg.specialisations
    1
    """
    if f is None:
        return lambda g: compile(g, exact=exact, verify=verify, adopt=adopt)
    if isinstance(f, Compiled):
        return f
    return Compiled(f, exact, verify, adopt)
