"""`Callbacks`: what all callback classes share."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, ClassVar

import numpy as np

from ..adoption import adopted
from ..errors import UnsupportedArgumentError, explain
from ..primitive import RECORDING
from ..transforms import vjp
from ..transforms.arguments import FLOAT64
from ..tree import as_tuple
from .counts import Counts, Ledger
from .evaluation import Cache, Objects, Point
from .parameters import Parameters, as_vector
from .programs import Programs
from .progress import Progress
from .remainder import check_remainder
from .report import report_of
from .values import check_policy, has_nan, name_of, refuse_nan


@dataclass(frozen=True)
class Settings:
    """The options that all callback classes take."""

    cache: int = 2
    compile: bool = True
    check: bool = False
    nan: str = "raise"
    adopt: Any = None
    progress: bool = False

    def __post_init__(self) -> None:
        check_policy(self.nan)
        whole = isinstance(self.cache, (int, np.integer)) and not isinstance(self.cache, bool)
        if not whole or self.cache < 0:
            raise UnsupportedArgumentError(
                explain(f"cache={self.cache!r}.", "give how many points to keep: 0, 1, 2, ...")
            )


class Callbacks:
    """A function of the user's, its derivatives, and what is known at the last points.

    A subclass defines `_define`, the plain function of each kind, and its callbacks: each asks
    `_cache` for the point, and `_run` for what is not known there.

    Attributes
    ----------
    f : callable
        The function as the user gave it, adopted if that was asked for.
    name : str
    settings : Settings
    parameters : Parameters or None
        The form of structured parameters.
    counts : Counts
    """

    what: ClassVar[str] = "function"  # in reports
    callbacks: ClassVar[tuple[str, ...]] = ("fun",)  # whose last arguments `closed` gives

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        self._given = args, kwargs  # what a copy in another process is made from
        return self

    _given: tuple[tuple[Any, ...], dict[str, Any]]

    def __init__(self, f: Callable[..., Any], settings: Settings, like: Any = None) -> None:
        self.f = adopted(f, settings.adopt)
        self.name = name_of(f)
        self.settings = settings
        given = isinstance(like, Parameters) or like is None
        self.parameters: Parameters | None = like if given else Parameters(like)
        self._ledger = Ledger()
        self.progress = Progress(settings.progress)
        self._cache = Cache(settings.cache, self._ledger)
        self._at: Callable[..., Point] = self._cache.at  # what is known at these arguments
        self._state = self._cache.state  # of the thread: `tally`, `points`
        self._programs = Programs(self._define, settings.compile, self._ledger, self.name)
        self._objects = Objects()
        self._shaped: dict[Parameters, Any] = {}
        self._unchecked = settings.check
        self._lock = threading.Lock()

    def __reduce__(self) -> Any:
        args, kwargs = self._given
        return _remade, (type(self), args, kwargs)

    def __repr__(self) -> str:
        return f"<{self.what} {self.name}: {self.counts!r}>"

    # -- for subclasses ------------------------------------------------------------------------

    def _define(self, kind: str) -> Callable[..., Any]:
        """The plain function that evaluates a kind; it is compiled and kept."""
        raise NotImplementedError

    def _run(self, kind: str, *arguments: Any) -> Any:
        """Evaluate a kind by its program; counted and timed."""
        if len(arguments) > 1:
            self._look_at(arguments)
        function = self._programs[kind]
        start = perf_counter()
        found = function(*arguments)
        self._state.tally.add(kind, perf_counter() - start)
        return found

    def _timed(self, kind: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """The same for a function that is not compiled, or is by parts."""
        if len(arguments) > 1:
            self._look_at(arguments)
        start = perf_counter()
        found = function(*arguments)
        self._state.tally.add(kind, perf_counter() - start)
        return found

    def _look_at(self, arguments: tuple[Any, ...]) -> None:
        """Forget what was recorded for an object among the arguments that has changed."""
        if self._programs.eager is None and self._objects.have_changed(arguments):
            self._programs.forget()

    def _vector(self, x: Any) -> np.ndarray:
        """What a solver or the user gave as ``x``, as a vector of doubles."""
        if type(x) is np.ndarray and x.dtype is FLOAT64 and x.ndim == 1:
            return x
        return as_vector(x, self.parameters)

    def _flat(self, result: Callable[[Any, str], Any]) -> Callable[..., Any]:
        """The user's function of the vector of all parameters; `result` checks what it returns."""
        f, name, parameters = self.f, self.name, self.parameters
        if parameters is None or parameters.is_flat:

            def flat(x: Any, *args: Any) -> Any:
                return result(f(x, *args), name)
        else:

            def flat(x: Any, *args: Any) -> Any:
                return result(f(parameters.unravel(x), *args), name)

        flat.__name__ = name
        return flat

    @staticmethod
    def _recordable(f: Callable[..., Any]) -> Callable[..., Any]:
        """`f` as it is recorded: on a tape, for lists of traced numbers to become arrays.

        Called as it is otherwise, also where a replay is compared with it.
        """

        @functools.wraps(f)
        def recordable(x: Any, *args: Any) -> Any:
            if RECORDING.get() is None:
                return f(x, *args)
            return vjp(lambda x: f(x, *args), x)[0]

        return recordable

    def _refuse_nan(self, what: str, x: np.ndarray) -> None:
        if self.settings.nan == "raise":
            refuse_nan(what, self.name, x)

    def _allowed(self, what: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """`y` itself, a derivative at `x`, unless there is a NaN in it that is not allowed."""
        if self.settings.nan == "raise" and has_nan(y):
            refuse_nan(what, self.name, x)
        return y

    def _by_policy(self, what: str, x: np.ndarray, value: np.ndarray) -> np.ndarray:
        """`value`, of the function at `x`, as it is to be where there is a NaN in it."""
        if self.settings.nan == "inf":
            return np.where(np.isnan(value), np.inf, value)
        return self._allowed(what, x, value)

    def _check_once(
        self, kind: str, x: np.ndarray, args: tuple[Any, ...], derivative: np.ndarray
    ) -> None:
        """The test that ``check=True`` asks for, before the first derivative leaves."""
        check_remainder(self.name, lambda x: self._run(kind, x, *args), x, derivative)
        self._unchecked = False  # a test that fails is repeated at the next point

    # -- for users -----------------------------------------------------------------------------

    @property
    def counts(self) -> Counts:
        """The work that was done so far."""
        return self._ledger.read()

    @property
    def eager(self) -> str | None:
        """Why the function is called as it is and not compiled, if that is so."""
        whys = [self._programs.eager, *[made.eager for made in list(self._shaped.values())]]
        return next((why for why in whys if why is not None), None)

    def forget(self) -> None:
        """Drop what is known, and what was recorded: something else than the arguments has changed."""
        self._programs.forget()
        self._cache.forget()
        for made in list(self._shaped.values()):
            made.forget()

    def report(self) -> str:
        """What was computed how, how often and at what cost, as a text."""
        notes = [note for each in (self, *self._shaped.values()) for note in each._notes()]
        return report_of(self.title, self.counts, self.eager, notes)

    def closed(self, args: Any = ()) -> Closed:
        """The callbacks with these `args`, for solvers that pass none.

        Parameters
        ----------
        args : tuple
            As SciPy takes them: something else than a tuple is the only argument.
        """
        return Closed(self, as_tuple(args))

    def shaped(self, like: Any) -> Any:
        """The same function of structured parameters: `like` is an example, or `Parameters`.

        Made once for each structure. It adds to the same counts.
        """
        parameters = like if isinstance(like, Parameters) else Parameters(like)
        with self._lock:
            made = self._shaped.get(parameters)
            if made is None:
                args, kwargs = self._given
                made = type(self)(*args, **{**kwargs, "like": parameters})
                made._count_in(self._ledger)
                self._shaped[parameters] = made
            return made

    def _count_in(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._cache = Cache(self.settings.cache, ledger)
        self._at, self._state = self._cache.at, self._cache.state
        self._programs.ledger = ledger

    @property
    def title(self) -> str:
        """The first line of the report."""
        return f"{self.what} {self.name}"

    def _notes(self) -> list[str]:
        """More lines of the report, such as how many colours a sparse matrix takes."""
        return []


class Closed:
    """The callbacks of an object with their last arguments given.

    Each is an attribute of the same name; calling it is its value.
    """

    def __init__(self, owner: Any, args: tuple[Any, ...]) -> None:
        self.owner, self.args = owner, args

    def __call__(self, *arguments: Any) -> Any:
        return self.owner(*arguments, *self.args)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self.owner.callbacks:
            raise AttributeError(f"{type(self.owner).__name__} has no callback {name!r}")
        return _Bound(getattr(self.owner, name), self.args)

    def __reduce__(self) -> Any:
        return Closed, (self.owner, self.args)

    def __repr__(self) -> str:
        return f"<{self.owner!r} with {len(self.args)} arguments given>"


class _Bound:
    """A callback with its last arguments given."""

    __slots__ = ("args", "callback")

    def __init__(self, callback: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self.callback, self.args = callback, args

    def __call__(self, *arguments: Any) -> Any:
        return self.callback(*arguments, *self.args)


def _remade(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    return cls(*args, **kwargs)
