"""A drop-in for ``numpy.random``."""

from typing import Any

import numpy

from .namespace import mirror

globals().update(mirror(numpy.random))


def __getattr__(name: str) -> Any:
    return getattr(numpy.random, name)


def __dir__() -> list[str]:
    return dir(numpy.random)
