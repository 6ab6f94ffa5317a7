"""A drop-in for ``numpy.linalg``."""

from typing import Any

import numpy

from .namespace import mirror

globals().update(mirror(numpy.linalg))


def __getattr__(name: str) -> Any:
    return getattr(numpy.linalg, name)


def __dir__() -> list[str]:
    return dir(numpy.linalg)
