"""No rule without a case: every primitive and every NumPy function in the tables is checked."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import dualrev.rules
from dualrev import tree
from dualrev.engine.reverse import Tape
from dualrev.numpy import FUNCTIONS
from dualrev.numpy.ufuncs import UFUNCS
from dualrev.primitive import WATCHED, Primitive

from .harness import Case

HERE = Path(__file__).parent

# Checked by tests of their own kind, not by a case: they write, or take no arrays of numbers.
ELSEWHERE: set[str] = set()


def cases() -> Iterator[Case]:
    for path in sorted(HERE.glob("test_*.py")):
        if path.stem not in ("test_harness", "test_coverage"):
            module = importlib.import_module(f"tests.rules.{path.stem}")
            yield from module.CASES


def primitives() -> dict[int, str]:
    found = {}
    for info in pkgutil.walk_packages(dualrev.rules.__path__, "dualrev.rules."):
        for name, value in vars(importlib.import_module(info.name)).items():
            if isinstance(value, Primitive):
                found[id(value)] = f"{info.name}.{name}"
    return found


class Listening(Tape):
    """A tape that only notes which primitives were applied."""

    __slots__ = ("heard",)

    def __init__(self) -> None:
        super().__init__()
        self.alert = WATCHED
        self.heard: set[int] = set()

    def watch(self, primitive, args, params, y) -> None:
        self.heard.add(id(primitive))


def test_every_primitive_has_a_case():
    heard: set[int] = set()
    for case in cases():
        tape = Listening()
        y = case.f(*[tape.variable(a) for a in case.args])
        with np.errstate(all="ignore"):  # one sweep: transposes apply primitives too
            inner = Listening()
            seeds = {}
            for leaf in tree.flatten(y)[0]:
                position = tape.position(leaf)
                if position is not None:
                    seeds[position] = inner.variable(np.ones(leaf.shape, leaf.dtype)[()])
            tape.sweep_back(seeds, range(len(case.args)))
        heard |= tape.heard | inner.heard
    missing = sorted(name for key, name in primitives().items() if key not in heard)
    assert not missing, f"no case uses {missing}"


def test_every_function_has_a_case():
    names = {case.name.split(",")[0].split(" ")[0].split(":")[0] for case in cases()}
    wanted = {f"np.{name_of(f)}" for f in FUNCTIONS} | {f"np.{u.__name__}" for u in UFUNCS if u.__name__ in dir(np)}
    missing = sorted(wanted - names - ELSEWHERE)
    assert not missing, f"no case is named after {missing}"


def name_of(function) -> str:
    module = function.__module__
    for package in ("linalg", "fft"):
        if getattr(getattr(np, package), function.__name__, None) is function:
            return f"{package}.{function.__name__}"
    if getattr(np, function.__name__, None) is function:
        return function.__name__
    return f"{module}.{function.__name__}".removeprefix("numpy.")
