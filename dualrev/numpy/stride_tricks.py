"""A drop-in for ``numpy.lib.stride_tricks``."""

from typing import Any

import numpy

from .namespace import mirror

globals().update(mirror(numpy.lib.stride_tricks))


def __getattr__(name: str) -> Any:
    return getattr(numpy.lib.stride_tricks, name)


def __dir__() -> list[str]:
    return dir(numpy.lib.stride_tricks)
