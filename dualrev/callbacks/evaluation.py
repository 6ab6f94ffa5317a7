"""What is known at the last points: one cache for all callbacks of an object, in each thread.

SciPy hands every callback its own copy of ``x``, asks for values before derivatives or after
them, and for derivatives at some of the points only. So points are found again by value, and
whichever callback comes first fills them. The arguments are part of the key.
"""

from __future__ import annotations

import pickle
import threading
from collections.abc import Sequence
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

from .. import tree
from ..primitive import Tracer
from ..transforms.arguments import FLOAT64
from .counts import Ledger, Tally
from .parameters import refuse_traced

Point = dict[str, Any]  # what is known at a point, by kind

_LARGE = 1 << 15  # bytes from which an array is kept as a snapshot
_FIRST = 512  # words that tell most arrays apart
_PLAIN = (int, bool, str, bytes, type(None))
_COMPARED = frozenset(
    [
        *(*_PLAIN, float, complex, np.float64, np.float32, np.int64, np.bool_),
        *(FunctionType, BuiltinFunctionType, ModuleType, type),
    ]
)
_MOST = 64  # objects that are watched


class NoKey(Exception):
    """The value of an argument cannot be told from another one's: nothing is kept."""


class Snapshot:
    """The value of a large array: one object for it, found again without another copy."""

    __slots__ = ("dtype", "shape", "words")

    def __init__(self, x: np.ndarray) -> None:
        self.shape, self.dtype = x.shape, x.dtype
        self.words = _words(x).copy()

    def holds(self, x: np.ndarray) -> bool:
        """Whether `x` has this value, to the last bit."""
        if x.shape != self.shape or x.dtype != self.dtype:
            return False
        words = _words(x)
        if not np.array_equal(words[:_FIRST], self.words[:_FIRST]):
            return False
        return np.array_equal(words, self.words)


def _words(x: np.ndarray) -> np.ndarray:
    """The bytes of an array in C order as integers, which are quickly compared."""
    flat = np.ascontiguousarray(x).reshape(-1).view(np.uint8)
    return flat if flat.size % 8 else flat.view(np.int64)


def key_of(arguments: tuple[Any, ...], points: Sequence[tuple[Any, Point]] = ()) -> Any:
    """The value of all arguments; equal keys mean that a function gives the same again.

    Large arrays are looked for in the keys of `points`.

    Raises
    ------
    NoKey
    """
    return tuple(
        [
            _snapshot(x, points)
            if type(x) is np.ndarray and x.nbytes >= _LARGE and not x.dtype.hasobject
            else _frozen(x)
            for x in arguments
        ]
    )


def _snapshot(x: np.ndarray, points: Sequence[tuple[Any, Point]]) -> Snapshot:
    tried: list[Snapshot] = []
    for key, _ in points:
        for part in key if type(key) is tuple else ():
            if type(part) is Snapshot and part not in tried:
                if part.holds(x):
                    return part
                tried.append(part)
    return Snapshot(x)


def _frozen(x: Any) -> Any:
    kind = type(x)
    if kind is np.ndarray and not x.dtype.hasobject:
        return x.shape, x.dtype, x.tobytes()
    if kind is float:
        return kind, x.hex()  # -0.0 is not 0.0, nan is nan
    if kind in _PLAIN:
        return kind, x
    if kind is tuple or kind is list:
        return kind, tuple([_frozen(part) for part in x])
    if kind is dict:
        return kind, tuple([(_frozen(k), _frozen(v)) for k, v in x.items()])
    if isinstance(x, Tracer) and (x.batched or not x.final):
        refuse_traced("an argument")
    if isinstance(x, np.generic) and not x.dtype.hasobject:
        return kind, x.tobytes()
    if isinstance(x, (type, np.ufunc, BuiltinFunctionType)):
        return kind, id(x), x
    if kind is FunctionType and x.__closure__ is None and not x.__defaults__:
        return kind, id(x), x
    try:
        return kind, pickle.dumps(x, 5)
    except Exception as error:
        raise NoKey from error


class Objects:
    """Arguments that programs take as constants, and whether they are as they were.

    Programs look at their attributes, but not at all that they hold.
    """

    def __init__(self) -> None:
        self._seen: dict[int, tuple[Any, int]] = {}  # by identity: itself, and of what value

    def have_changed(self, arguments: tuple[Any, ...]) -> bool:
        """Whether one of them is known, and has another value than at the last call."""
        if all(map(_is_plain, arguments)):
            return False
        has_changed = False
        for x in tree.flatten(list(arguments))[0]:
            if _is_plain(x):
                continue
            try:
                value = hash(_frozen(x))
            except (NoKey, TypeError):
                continue
            has_changed |= self._seen.get(id(x), (x, value))[1] != value
            if id(x) not in self._seen and len(self._seen) >= _MOST:
                self._seen.clear()
                has_changed = True  # nobody knows
            self._seen[id(x)] = x, value
        return has_changed


def _is_plain(x: Any) -> bool:
    """Whether programs compare the value of `x`, or all that they can know of a function."""
    kind = type(x)
    return kind in _COMPARED or (kind is np.ndarray and x.dtype.kind in "fiubc")


def kept(arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments for later: arrays as they are now."""
    return tuple([x.copy() if type(x) is np.ndarray else x for x in arguments])


class _State(threading.local):
    """What a thread has: its points, the last used first, and its tally."""

    def __init__(self, ledger: Ledger) -> None:
        self.points: list[tuple[Any, Point]] = []
        self.age = 0  # of the points, as in `Cache`
        self.tally: Tally = ledger.tally()


class Cache:
    """The last points of each thread.

    Parameters
    ----------
    size : int
        How many points are kept; 0 keeps none.
    ledger : Ledger
        Where hits are counted.
    """

    def __init__(self, size: int, ledger: Ledger) -> None:
        self.size = size
        self.age = 0  # how often all that is known was dropped
        self.state = _State(ledger)

    def at(self, *arguments: Any) -> Point:
        """What is known for these arguments, to be read and written: new if they are new."""
        x, state = arguments[0], self.state
        if state.age != self.age:
            state.points, state.age = [], self.age
        points = state.points
        if len(arguments) == 1 and type(x) is np.ndarray and x.dtype is FLOAT64 and x.ndim == 1:
            key: Any = x.tobytes()
            if points and points[0][0] == key:
                return points[0][1]
        else:
            try:
                key = key_of(arguments, points)
            except NoKey:
                return {}
        for k, (seen, point) in enumerate(points):
            if seen == key:
                if k:
                    points.insert(0, points.pop(k))
                return point
        point = {}
        points.insert(0, (key, point))
        del points[self.size :]
        return point

    def forget(self) -> None:
        """Drop the points of all threads: what `f` uses besides its arguments has changed."""
        self.age += 1
