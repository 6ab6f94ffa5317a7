"""A drop-in for ``numpy.polynomial``, with its six families of functions."""

from types import ModuleType
from typing import Any

import numpy

from .namespace import mirror


def _family(name: str) -> ModuleType:
    original = getattr(numpy.polynomial, name)
    module = ModuleType(f"{__name__}.{name}", original.__doc__)
    vars(module).update(mirror(original))
    return module


FAMILIES = ("polynomial", "chebyshev", "legendre", "hermite", "hermite_e", "laguerre")
globals().update(mirror(numpy.polynomial))
globals().update({name: _family(name) for name in FAMILIES})


def __getattr__(name: str) -> Any:
    return getattr(numpy.polynomial, name)


def __dir__() -> list[str]:
    return dir(numpy.polynomial)
