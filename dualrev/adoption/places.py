"""Places: one name, one cell, one default; replaced, and put back exactly."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from types import CellType, FunctionType
from typing import Any

from ..errors import ADOPTED

MISSING = object()


class Place:
    """A place that holds a value: a name in a namespace, a closure's cell, a function's defaults.

    Several adoptions may hold it at once; the first replaces the value, the last puts it back.
    """

    __slots__ = ("container", "count", "key", "name", "new", "old")

    def __init__(self, key: Any, container: Any, name: Any, old: Any, new: Any) -> None:
        self.key = key
        self.container, self.name, self.old, self.new = container, name, old, new
        self.count = 0

    def _get(self) -> Any:
        if isinstance(self.container, dict):
            return self.container.get(self.name, MISSING)
        if isinstance(self.container, list):
            return self.container[self.name] if self.name < len(self.container) else MISSING
        return getattr(self.container, self.name, MISSING)

    def _put(self, value: Any) -> None:
        if value is MISSING:
            del self.container[self.name]
        elif isinstance(self.container, (dict, list)):
            self.container[self.name] = value
        else:
            setattr(self.container, self.name, value)

    def take(self) -> None:
        if self.count == 0 and self._get() is self.old:
            self._put(self.new)
        self.count += 1
        ADOPTED[id(self.container)] += 1

    def give_back(self) -> None:
        self.count -= 1
        ADOPTED[id(self.container)] -= 1
        if self.count == 0:
            if self._get() is self.new:  # otherwise somebody has bound the name anew
                self._put(self.old)
            if _places.get(self.key) is self:
                del _places[self.key]


_places: dict[Any, Place] = {}
LOCK = threading.RLock()


def place_of(
    container: Any, name: Any, value: Any, replace: Callable[[Any], Any], new: Any = None
) -> Iterator[Place]:
    """The place of a name, if what it is bound to is to be replaced, or is already."""
    key = id(container), name, replace
    known = _places.get(key)
    if known is not None and value is known.new:
        yield known
        return
    new = replace(value) if new is None else new
    if new is not None:
        _places[key] = Place(key, container, name, value, new)
        yield _places[key]


def items(container: Any) -> list[tuple[Any, Any]]:
    """What a container of values holds, by name."""
    if isinstance(container, dict):
        return list(container.items())
    if isinstance(container, list):
        return list(enumerate(container))
    if isinstance(container, CellType):
        return [("cell_contents", value) for value in contents((container,))]
    if isinstance(container, FunctionType):
        return [("__defaults__", container.__defaults__)]
    return list(vars(container).items())


def contents(cells: tuple[CellType, ...] | None) -> list[Any]:
    found = []
    for cell in cells or ():
        with contextlib.suppress(ValueError):  # not yet bound
            found.append(cell.cell_contents)
    return found
