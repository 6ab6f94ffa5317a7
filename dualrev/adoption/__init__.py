"""Adoption: code that was never written for derivatives gets the drop-in names.

``dr.adopt(f)`` looks at the modules of `f` and of the functions that it reaches, and replaces
what their names are bound to: NumPy by `dualrev.numpy`, `math` by `dualrev.math`, SciPy's
functions by those of `dualrev.scipy`, and so on. Names are found by what they are bound to,
so it does not matter how they were imported. Everything is put back at the end.

The replacements are NumPy itself unless a derivative is being taken in the same thread. That
is why other threads, and other callers of that code, do not notice.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any

from ..primitive import RUNNING
from ..source import STAND_INS, Source, is_data
from .places import LOCK, Place
from .reach import containers_of, data_in, names_in

ACTIVE: dict[int, Adoption] = {}  # all adoptions that were not undone


def _taken(places: Iterator[Place]) -> list[Place]:
    found = list({id(place): place for place in places}.values())
    for place in found:
        place.take()
    return found


def begin_run() -> list[Place]:
    """At the start of a derivative: put sources in the place of arrays of adopted code."""
    with LOCK:
        return [
            place for adoption in ACTIVE.values() for place in _taken(data_in(adoption._containers))
        ]


def end_run(places: list[Place]) -> None:
    """At its end: put the arrays back."""
    with LOCK:
        for place in places:
            place.give_back()


def as_data(x: Any) -> Any:
    """An argument that is not differentiated, as adopted code gets it."""
    return x.view(Source) if ACTIVE and is_data(x) else x


class Adoption:
    """What `adopt` returns: the adoption, to be undone.

    Attributes
    ----------
    names : list of str
        The names that were replaced.
    targets : tuple
        What was given to `adopt`.
    """

    def __init__(self, targets: tuple[Any, ...]) -> None:
        self.targets = targets
        with LOCK:
            self._containers, mentioned = containers_of(targets)
            self._places = _taken(names_in(self._containers, mentioned))
            self._data = _taken(data_in(self._containers)) if RUNNING.get() else []
            ACTIVE[id(self)] = self

    @property
    def names(self) -> list[str]:
        return sorted({str(place.name) for place in self._places})

    def undo(self) -> None:
        """Put every name back. May be called more than once."""
        with LOCK:
            places, self._places, self._data = [*self._data, *self._places], [], []
            for place in places:
                place.give_back()
            ACTIVE.pop(id(self), None)

    def __enter__(self) -> Adoption:
        return self

    def __exit__(self, *error: object) -> None:
        self.undo()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function that was adopted, so that `adopt` can be a decorator."""
        return self.targets[0](*args, **kwargs)

    def __repr__(self) -> str:
        targets = ", ".join(getattr(t, "__name__", repr(t)) for t in self.targets)
        return f"<adoption of {targets}: {len(self._places)} names>"


def adopt(*targets: Any) -> Adoption:
    """Let code that was never written for derivatives be differentiated.

    Parameters
    ----------
    *targets : function, class, module or package
        A function stands for the modules of all functions that it reaches; a package for its
        modules that are loaded. Without targets: the module that makes this call.

    Returns
    -------
    Adoption
        With a method `undo`; at the end of a ``with`` block it is undone. If a function was
        given it can be called in place of that function.

    Raises
    ------
    StructureError
        A target is none of these, or belongs to NumPy, SciPy or Python.

    Notes
    -----
    Names that are bound to NumPy, `math`, `cmath`, SciPy or one of their functions and types
    are bound to the drop-in of `dualrev.numpy`, `dualrev.math` or `dualrev.scipy`; so are
    ``float``, ``int`` and ``complex`` where functions mention them, closures and default
    arguments. Unless a derivative is being taken in the same context, the drop-in calls the
    original: results are the same, a call costs some 0.1 us more. Modules of NumPy, SciPy and
    Python are never changed.

    Examples
    --------
    >>> import math, numpy as np, dualrev as dr
    >>> def spiral(t):
    ...     y = np.zeros(2)
    ...     y[0] = float(t) * math.cos(t)
    ...     y[1] = float(t) * math.sin(t)
    ...     return y
    >>> with dr.adopt(spiral):
    ...     y, dy = dr.jvp(spiral, (0.0,), (1.0,))
    >>> print(dy)
    [1. 0.]

    For one call there is ``adopt=True``:

    >>> print(dr.jacfwd(spiral, adopt=True)(0.0))
    [1. 0.]
    """
    if not targets:
        module = sys.modules.get(sys._getframe(1).f_globals.get("__name__", ""))
        targets = (module,) if module is not None else ()
    adoption = Adoption(targets)
    if len(targets) == 1 and callable(targets[0]):
        functools.update_wrapper(adoption, targets[0], updated=())
    return adoption


def adopted(f: Callable[..., Any], targets: Any) -> Callable[..., Any]:
    """`f`, adopted while it runs: what ``adopt=`` of a transformation asks for.

    `targets` is ``True`` for `f` itself, or what `adopt` takes, one or a tuple.
    """
    if targets is None or targets is False:
        return f
    if targets is True:
        targets = (f,)
    elif not isinstance(targets, (tuple, list)):
        targets = (targets,)

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        with Adoption(tuple(targets)):
            token = STAND_INS.set({}) if STAND_INS.get() is None else None
            try:
                return f(*map(as_data, args), **{key: as_data(x) for key, x in kwargs.items()})
            finally:
                if token is not None:
                    STAND_INS.reset(token)

    return call
