"""What of SciPy is differentiated, by the cases that the tests check.

Every case of the rule tables is run once, traced, while a profiler listens for the calls that
reach a rule: which function, and which of its arguments are traced. So the page says no more
than what is checked.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterable
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

import dualrev as dr
from dualrev.fronts.packing import holds_tracers
from dualrev.fronts.ufuncs import call_ufunc
from dualrev.primitive import Tracer

# Code of drop-ins: closures that know the function they stand for.
DROP_INS = ("scipy/mirror.py", "scipy/optimize/_calls.py")
DISTRIBUTIONS = "stats/_distribution.py"
USERS = ("/tests/", "/scipy/", "/docs/")  # who calls: a case, SciPy's own Python code, or `listen`


class Listener:
    """Notes the calls of functions of SciPy with traced arguments, while a case runs."""

    def __init__(self) -> None:
        self.heard: dict[Any, set[str]] = {}

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        if event != "call":
            return
        code = frame.f_code
        if code is call_ufunc.__code__:
            self.note_ufunc(frame)
        elif code.co_filename.endswith(DROP_INS) and code.co_name == "function":
            self.note_function(frame)
        elif code.co_filename.endswith(DISTRIBUTIONS) and code.co_name == "method":
            self.note_method(frame.f_locals)

    def note_ufunc(self, frame: FrameType) -> None:
        if not asked_for(frame):
            return
        given = frame.f_locals
        ufunc, inputs = given["ufunc"], given["inputs"]
        names = names_of_ufunc(ufunc)
        traced = {n for n, x in zip(names, inputs, strict=False) if isinstance(x, Tracer)}
        self.heard.setdefault(ufunc, set()).update(traced)

    def note_function(self, frame: FrameType) -> None:
        given = frame.f_locals
        original = given.get("original")
        if original is None or not asked_for(frame):
            return
        try:
            bound = inspect.signature(original).bind(*given["args"], **given["kwargs"]).arguments
        except (TypeError, ValueError):
            return
        traced = {name for name, x in bound.items() if holds_tracers(x) or hides_tracers(x)}
        self.heard.setdefault(original, set()).update(traced)

    def note_method(self, given: dict[str, Any]) -> None:
        family, method = given["self"], given["name"]
        if "x" not in given or given["args"] is None:
            return  # a number that belongs to the distribution
        place = ["loc"] if hasattr(family, "pmf") else ["loc", "scale"]
        names = ["x", *shapes_of(family), *place]
        if method in ("ppf", "isf"):
            names[0] = "q"
        given = {**dict(zip(names, (given["x"], *given["args"]), strict=False)), **given["kwds"]}
        traced = {name for name, x in given.items() if holds_tracers(x)}
        self.heard.setdefault(Method(family.name, method, tuple(names)), set()).update(traced)


class Method(NamedTuple):
    """A method of a distribution of `scipy.stats`, with the names of its arguments."""

    family: str
    name: str
    arguments: tuple[str, ...]


def shapes_of(family: Any) -> list[str]:
    return [name.strip() for name in (family.shapes or "").split(",") if name.strip()]


def hides_tracers(x: Any) -> bool:
    """Whether a tuple of arguments, or the closure of a function, holds a traced value."""
    if isinstance(x, dict):
        return any(map(hides_tracers, x.values()))
    cells = getattr(x, "__closure__", None) or ()
    return holds_tracers(x) or any(holds_tracers(cell.cell_contents) for cell in cells)


def asked_for(frame: FrameType) -> bool:
    """Whether a case, or SciPy's Python code for one, made this call, and not a rule."""
    caller = frame.f_back
    while caller is not None and caller.f_code.co_filename.endswith(("/array.py", "/batching.py")):
        caller = caller.f_back
    if caller is None:
        return False
    path = caller.f_code.co_filename.replace("\\", "/")
    return "/dualrev/" not in path and any(part in path for part in USERS)


def names_of_ufunc(ufunc: Any) -> list[str]:
    """The names of its arguments, as its documentation has them."""
    for found in re.findall(rf"^\s*{ufunc.__name__}\((.*?)\)", ufunc.__doc__ or "", re.MULTILINE):
        names = [name.strip(" [") for name in found.split(",")]
        names = [name for name in names if re.fullmatch(r"[A-Za-z_]\w*", name)]
        if len(names) >= ufunc.nin and not names[0].startswith("x1"):
            return names[: ufunc.nin]
    return ["x"] if ufunc.nin == 1 else [f"x{k + 1}" for k in range(ufunc.nin)]


def arguments_of(function: Any) -> list[str]:
    if isinstance(function, np.ufunc):
        return names_of_ufunc(function)
    return list(inspect.signature(function).parameters)


class Entry:
    """What is checked of one function: by argument the highest order; in batches; compiled."""

    def __init__(self) -> None:
        self.orders: dict[str, int] = {}
        self.in_batches = False

    def add(self, arguments: Iterable[str], order: int, in_batches: bool) -> None:
        for name in arguments:
            self.orders[name] = max(order, self.orders.get(name, 0))
        self.in_batches |= in_batches


def listen(cases: Iterable[Any], is_refused: Callable[[Any], bool]) -> dict[Any, Entry]:
    """By function what the cases check."""
    found: dict[Any, Entry] = {}
    for case in cases:
        listener = Listener()
        with np.errstate(all="ignore"):
            sys.setprofile(listener)
            try:
                dr.vjp(lambda *args, case=case: case.f(*args), *case.args)
            except dr.errors.DualrevError:
                continue  # complex or integer arguments, checked in another way
            finally:
                sys.setprofile(None)
        small = any(np.asarray(a).real.dtype.itemsize < 8 for a in case.args)
        for function, arguments in listener.heard.items():
            order = 1 if small else case.order
            found.setdefault(function, Entry()).add(arguments, order, not is_refused(case))
    return found


def home(function: Any) -> tuple[str, str]:
    """``("scipy.linalg", "solve")``."""
    if isinstance(function, np.ufunc):
        return "scipy.special", function.__name__
    parts = [p for p in (function.__module__ or "").split(".") if not p.startswith("_")]
    return ".".join(parts[:3] if "distance" in parts else parts[:2]), function.__name__


def rows(
    found: dict[Any, Entry], is_scipys: Callable[[Any], bool]
) -> dict[str, list[tuple[str, ...]]]:
    """By module the rows: function, arguments, orders, batches."""
    modules: dict[str, list[tuple[str, ...]]] = {}
    for function, entry in found.items():
        if not entry.orders or isinstance(function, Method) or not is_scipys(function):
            continue
        module, name = home(function)
        lowest, highest = min(entry.orders.values()), max(entry.orders.values())
        orders = str(highest) if lowest == highest else f"{lowest} to {highest}"
        order_of_names = arguments_of(function)
        names = sorted(entry.orders, key=order_of_names.index)
        arguments = ", ".join(f"`{name}`" for name in names)
        modules.setdefault(module, []).append(
            (f"`{name}`", arguments, orders, "yes" if entry.in_batches else "no")
        )
    return {module: sorted(rows) for module, rows in sorted(modules.items())}


def families(found: dict[Any, Entry]) -> list[tuple[str, ...]]:
    """The rows of the distributions: family, methods in all parameters, methods not in all."""
    by_family: dict[str, list[tuple[Method, Entry]]] = {}
    for method, entry in found.items():
        if isinstance(method, Method):
            by_family.setdefault(method.family, []).append((method, entry))
    rows = []
    for family, methods in sorted(by_family.items()):
        parts: tuple[list[str], list[str]] = [], []
        for method, entry in methods:
            moving = [
                n for n in method.arguments if "scale" in method.arguments or n not in ("x", "loc")
            ]
            missing = [name for name in moving if name not in entry.orders]
            text = f"`{method.name}`"
            if missing:
                text += f" (not {', '.join(f'`{name}`' for name in missing)})"
            parts[bool(missing)].append(text)
        rows.append((f"`{family}`", *(", ".join(part) for part in parts)))
    return rows
