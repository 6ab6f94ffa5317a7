"""A drop-in for ``numpy.fft``."""

from typing import Any

import numpy

from .namespace import mirror

globals().update(mirror(numpy.fft))


def __getattr__(name: str) -> Any:
    return getattr(numpy.fft, name)


def __dir__() -> list[str]:
    return dir(numpy.fft)
