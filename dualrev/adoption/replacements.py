"""What stands for what: drop-ins for NumPy's, SciPy's and Python's names, sources for arrays.

Those of packages that are built on derivatives themselves come from above: ``PACKAGES``.
"""

from __future__ import annotations

import cmath
import functools
import math
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from .. import cmath as dual_cmath
from .. import math as dual_math
from .. import numpy as dual_numpy
from ..buffer import holds_traced
from ..numpy.kinds import CALLED, KINDS
from ..numpy.vectorized import Vectorized, vectorized
from ..primitive import RUNNING
from ..source import Source, is_data


def _replacements() -> dict[int, tuple[Any, Any]]:
    """By identity: ``{id(original): (original, its drop-in)}``.

    Types that are not called keep their identity, so that ``type(y) is np.ndarray`` stays
    true; that a traced array is an instance is the answer of `is_instance`.
    """
    numpy = ModuleType("dualrev.numpy", dual_numpy.__doc__)
    vars(numpy).update(vars(dual_numpy))
    called = {kind: KINDS[kind] for kind in CALLED}
    for name, value in vars(np).items():
        if isinstance(value, type) and value not in called and value is not np.vectorize:
            setattr(numpy, name, value)
    modules = [
        (np, numpy),
        (np.linalg, dual_numpy.linalg),
        (np.fft, dual_numpy.fft),
        (np.random, dual_numpy.random),
        (np.polynomial, dual_numpy.polynomial),
        (np.lib.stride_tricks, dual_numpy.stride_tricks),
        *(
            (getattr(np.polynomial, name), getattr(dual_numpy.polynomial, name))
            for name in dual_numpy.polynomial.FAMILIES
        ),
        (math, dual_math),
        (cmath, dual_cmath),
    ]
    pairs: list[tuple[Any, Any]] = [*modules, *called.items()]
    for original, drop_in in modules:
        for name, value in vars(original).items():
            if callable(value) and not name.startswith("_") and not isinstance(value, type):
                pairs.append((value, getattr(drop_in, name)))
    return {id(a): (a, b) for a, b in pairs if a is not b}


_REPLACEMENTS = _replacements()

# From the name of a package to what finds the drop-in of one of its functions or modules, or None.
PACKAGES: dict[str, Callable[[Any], Any]] = {}


def replacement(value: Any) -> Any:
    """The drop-in of `value`, or ``None``."""
    found = _REPLACEMENTS.get(id(value))
    if found is not None and found[0] is value:
        return found[1]
    if type(value) is np.vectorize:
        return vectorized(value)
    if value is np.vectorize:
        return Vectorized
    if type(value) is functools._lru_cache_wrapper:
        return _cached(value)
    home = getattr(value, "__module__", None)
    if isinstance(value, ModuleType):
        home = value.__name__
    find = PACKAGES.get(home.partition(".")[0]) if isinstance(home, str) else None
    return None if find is None else find(value)


def _cached(original: Any) -> Callable[..., Any]:
    """A function with a cache: of plain values only, and passed by where a traced one is given."""

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not RUNNING.get():
            return original(*args, **kwargs)
        if any(map(holds_traced, (*args, *kwargs.values()))):
            return original.__wrapped__(*args, **kwargs)
        token = RUNNING.set(False)
        try:
            result = original(*args, **kwargs)
        finally:
            RUNNING.reset(token)
        found = REPLACE_DATA(result)
        return result if found is None else found

    for name in ("cache_info", "cache_clear", "cache_parameters"):
        setattr(call, name, getattr(original, name))
    return call


def in_tuples(replace: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same replacement, also of what is inside a tuple."""

    def replaced(value: Any) -> Any:
        if type(value) is not tuple:
            return replace(value)
        new = [replace(part) for part in value]
        if all(part is None for part in new):
            return None
        return tuple(old if part is None else part for old, part in zip(value, new, strict=True))

    return replaced


def as_source(value: Any) -> Any:
    """An array of data as a `Source`, ``None`` if it is none."""
    return value.view(Source) if is_data(value) else None


REPLACE = in_tuples(replacement)
REPLACE_DATA = in_tuples(as_source)
