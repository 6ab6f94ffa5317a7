"""No rule without a case: every primitive and every NumPy function in the tables is checked."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import dualrev.rules
from dualrev import tree
from dualrev.engine.reverse import Tape
from dualrev.fronts import FUNCTIONS
from dualrev.fronts.ufuncs import UFUNCS
from dualrev.primitive import WATCHED, Primitive
from dualrev.rules.forms import absorbing_product
from dualrev.transforms.arguments import run_user

from .harness import Case

HERE = Path(__file__).parent

# Checked by tests of their own kind, not by a case: they write, or take no arrays of numbers.
ELSEWHERE = {"np.amax", "np.amin", "np.fix", "np.einsum_path"}  # other names; a constant
ABSORBING = {id(absorbing_product)}  # only where an infinity is about: tests/test_conventions.py


WITHOUT_CASES = ("test_harness", "test_coverage", "test_linalg_accuracy", "test_stats_accuracy")

# Many cases of few primitives: where every case is run in other ways too, a share of them tells as much.
MANY = {
    "test_stats_families": 20,
    "test_stats": 4,
    "test_special_probability": 9,
    "test_special_functions": 3,
    "test_linalg_more": 2,
    "test_interpolate_more": 3,
}


def cases(thinned: bool = False) -> Iterator[Case]:
    """All cases of the tables; `thinned`, of those that are MANY a share."""
    for package in (HERE, HERE.parent / "scipy"):
        for path in sorted(package.glob("test_*.py")):
            if path.stem not in WITHOUT_CASES:
                module = importlib.import_module(f"tests.{package.name}.{path.stem}")
                yield from module.CASES[:: MANY.get(path.stem, 1) if thinned else 1]


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


def programs() -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Those that are MANY come last, and only until every primitive was heard."""
    few = list(cases(thinned=True))
    yield from ((case.f, case.args) for case in few)
    known = set(map(id, few))
    yield from ((case.f, case.args) for case in cases() if id(case) not in known)
    special = importlib.import_module("tests.rules.test_elementwise").SPECIAL
    yield from ((f, args) for f, args in special if args[0].dtype.kind != "c")  # first order only


def sweep_with_ones(tape: Tape, results: Any, count: int) -> list[Any]:
    seeds = {}
    for leaf in tree.flatten(results)[0]:
        position = tape.position(leaf)
        if position is not None:
            seeds[position] = np.ones(leaf.shape, leaf.dtype)[()]
    return tape.sweep_back(seeds, range(count))


def test_every_primitive_has_a_case():
    """Also those that only rules use: every case runs on a tape on a tape on a tape."""
    heard: set[int] = set()
    wanted = {key: name for key, name in primitives().items() if key not in ABSORBING}
    with np.errstate(all="ignore"):
        for f, args in programs():
            if wanted.keys() <= heard:
                break
            tapes = [Listening(), Listening(), Listening()]
            values = list(args)
            for tape in tapes:
                values = [tape.variable(v) for v in values]
            results = run_user(f, values)
            for tape in reversed(tapes):
                results = [c for c in sweep_with_ones(tape, results, len(args)) if c is not None]
            heard = heard.union(*(tape.heard for tape in tapes))
    missing = sorted(name for key, name in wanted.items() if key not in heard)
    assert not missing, f"no case uses {missing}"


def test_every_function_has_a_case():
    names = {case.name.split(",")[0].split(" ")[0].split(":")[0] for case in cases()}
    wanted = {f"np.{name_of(f)}" for f in FUNCTIONS} | {
        f"np.{u.__name__}" for u in UFUNCS if u.__name__ in dir(np)
    }
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
