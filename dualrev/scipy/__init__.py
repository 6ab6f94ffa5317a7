"""SciPy for traced values: each module here is a drop-in for SciPy's of the same name.

>>> from dualrev.scipy import special
>>> special.gamma(5.0)
np.float64(24.0)

Modules are loaded when they are first asked for. ``FUNCTIONS`` is from SciPy's functions to
ours, over all modules; `functions` the same over those that SciPy has loaded.

``CALLBACKS`` are the classes that make what SciPy's solvers take: derivatives of plain functions.
"""

from __future__ import annotations

import copy
import functools
import importlib
import sys
from types import ModuleType
from typing import Any

MODULES = (
    "special",
    "linalg",
    "integrate",
    "stats",
    "spatial",
    "signal",
    "fft",
    "ndimage",
    "interpolate",
    "optimize",
    "sparse",
)
CALLBACKS = (  # in `dualrev.callbacks`
    *("Objective", "Constraint", "Residuals", "Root", "ScalarRoot", "CurveFit", "newton_krylov"),
    *("ODE", "BVP", "ODRModel", "Density"),
)


def _load(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")


def functions(loaded_only: bool = True) -> dict[Any, Any]:
    """From SciPy's functions and modules to ours; by default of the modules that are loaded."""
    return _functions_of(
        tuple([name for name in MODULES if not loaded_only or f"scipy.{name}" in sys.modules])
    )


@functools.cache
def _functions_of(names: tuple[str, ...]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for name in names:
        ours = _load(name)
        found |= ours.FUNCTIONS
        found[sys.modules[f"scipy.{name}"]] = ours
    return found


def drop_in_of(value: Any) -> Any:
    """What stands for a function or module of SciPy in adopted code, or ``None``."""
    if value is sys.modules["scipy"]:
        return sys.modules[__name__]
    known = functions()
    if isinstance(value, (ModuleType, type)) or not hasattr(value, "__dict__"):
        return known.get(value)
    return (known.get(value) if callable(value) else None) or _as_ours(value, known)


def _as_ours(value: Any, known: dict[Any, Any]) -> Any:
    """An interpolator or a frozen distribution of SciPy's, as one of ours with the same contents."""
    kind = type(value)
    for base in kind.__mro__:  # SciPy makes a spline an instance of what it was found to be
        ours = known.get(base)
        if (
            isinstance(ours, type)
            and issubclass(ours, base)
            and not getattr(ours, "refuses", False)
        ):
            made = copy.copy(value)
            made.__class__ = ours
            return made
    name = getattr(getattr(value, "dist", None), "name", None)
    if (
        isinstance(name, str)
        and kind.__name__.startswith("rv_")
        and kind.__name__.endswith("frozen")
    ):
        family = known.get(getattr(sys.modules["scipy.stats"], name, None))
        if family is not None:
            made = copy.copy(value)
            made.dist = family
            return made
    return None


def __getattr__(name: str) -> Any:
    if name in MODULES:
        return _load(name)
    if name in CALLBACKS:
        return getattr(importlib.import_module("dualrev.callbacks"), name)
    if name == "FUNCTIONS":
        return functions(loaded_only=False)
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module("scipy"), name)


def __dir__() -> list[str]:
    names = dir(importlib.import_module("scipy"))
    return sorted({*MODULES, *CALLBACKS, "FUNCTIONS", "functions", *names})
