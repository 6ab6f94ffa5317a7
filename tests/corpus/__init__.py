"""NumPy code as people write it: what the library promises to differentiate.

No file here knows of the library. Each ends in ``CASES``: a function and the point at which it
is differentiated, by all of its arguments there. `tests/test_corpus.py` holds the derivatives to
extrapolated differences; `benchmarks/corpus.py` counts, and compares with other libraries.
"""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

FAMILIES = ("fitting", "equations", "formulas", "robotics", "networks", "finance")


def cases() -> Iterator[tuple[str, Callable[..., Any], tuple[Any, ...]]]:
    """Family, function and arguments of every case."""
    for family in FAMILIES:
        for function, *point in importlib.import_module(f"{__name__}.{family}").CASES:
            yield family, function, tuple(point)
