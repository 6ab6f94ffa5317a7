"""Compiled derivatives against those written by hand, eager ones, and the peers.

    python benchmarks/compile.py [--quick]

writes ``results/compile.md``; exit code 1 if a bar is missed. A peer that is not installed, or
that does not run a function, is left out. Derivatives by hand are compared with eager dualrev,
and everything with them, before anything is timed. Arguments are NumPy arrays or floats and so
are results, conversions included.
"""

from __future__ import annotations

import gc
import math
import os
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from objectives import ELEMENTWISE, LEARNING, LOGISTIC, ROSENBROCK, SCALARS, Objective
from peers import Peers
from timing import Report, arguments, duration, progress, ratio, seconds_each, table

import dualrev as dr

Work = Callable[[], Any]
Derivative = Callable[..., Any]
PEERS = ["JAX jit", "PyTorch", "CasADi"]
IN_NUMPY = ["by hand", "eager", "compiled", "kept"]  # what tracemalloc sees the memory of


@dataclass(frozen=True)
class Bar:
    what: str
    measured: float
    limit: float
    is_floor: bool = False

    @property
    def holds(self) -> bool:
        return self.measured >= self.limit if self.is_floor else self.measured <= self.limit


@dataclass(frozen=True)
class Timed:
    """An objective with the seconds of every way, and of first calls."""

    objective: Objective
    seconds: dict[str, float]
    first: float
    second: float
    operations: int
    programs: int
    jax_first: float | None
    reason: str | None  # why it is not compiled

    @property
    def per_hundred(self) -> float:
        return self.first / self.operations * 100.0 if self.operations else math.inf

    def over(self, way: str, other: str) -> float:
        """How many times slower one way is than another; nan if one of them is missing."""
        return self.seconds.get(way, math.nan) / self.seconds.get(other, math.nan)

    def cell(self, way: str, other: str) -> str:
        value = self.over(way, other)
        return ratio(value) if math.isfinite(value) else "-"


# -- ways -------------------------------------------------------------------------------


def eager(objective: Objective) -> Derivative:
    """What is compiled, and what is called as it is: the same function."""
    f = objective.bind(np)
    if objective.is_product:
        return lambda x, v: dr.hvp(f, x, v)
    return dr.value_and_grad(f, argnums=objective.argnums)


def numbers(objective: Objective) -> tuple[int, ...]:
    """The arguments that are differentiated."""
    given = objective.argnums
    return (given,) if isinstance(given, int) else given


def with_jax(peers: Peers, objective: Objective) -> Derivative:
    jax, f = peers.jax, objective.bind(peers.jnp)

    def product(x: Any, v: Any) -> Any:
        return jax.jvp(jax.grad(f), (x,), (v,))[1]

    derive = product if objective.is_product else jax.value_and_grad(f, argnums=objective.argnums)
    compiled, convert = jax.jit(derive), jax.tree_util.tree_map

    def run(*args: Any) -> Any:
        return convert(np.asarray, jax.block_until_ready(compiled(*args)))

    return run


def with_torch(peers: Peers, objective: Objective) -> Derivative:
    torch, f = peers.torch, objective.bind(peers.torch)

    def gradient(*args: Any) -> Any:
        tensors = [torch.tensor(x, requires_grad=True) for x in args]
        y = f(*tensors)
        found = tuple(g.numpy() for g in torch.autograd.grad(y, tensors))
        return y.item(), found if isinstance(objective.argnums, tuple) else found[0]

    def product(x: Any, v: Any) -> Any:
        t = torch.tensor(x, requires_grad=True)
        (g,) = torch.autograd.grad(f(t), t, create_graph=True)
        return torch.autograd.grad(g, t, torch.from_numpy(v))[0].numpy()

    return product if objective.is_product else gradient


def with_casadi(peers: Peers, objective: Objective) -> Derivative:
    ca, f = peers.casadi, objective.bind(peers.casadi)
    symbols = [ca.SX.sym("x", np.size(x)) for x in objective.points[0]]
    y = f(*symbols)
    function = ca.Function("g", symbols, [y, *(ca.gradient(y, s) for s in symbols)])

    def run(*args: Any) -> Any:
        value, *found = function(*args)
        if objective.is_scalar:
            return float(value), tuple(map(float, found))
        return float(value), np.asarray(found[0]).ravel()

    return run


def derivatives(peers: Peers, objective: Objective) -> dict[str, Any]:
    """The derivative in every library that runs the function."""
    ways: dict[str, Any] = {
        "by hand": objective.hand(),
        "eager": eager(objective),
        "compiled": dr.compile(eager(objective)),
    }
    if peers.jax:
        ways["JAX jit"] = with_jax(peers, objective)
    if peers.torch and not objective.is_scalar:
        ways["PyTorch"] = with_torch(peers, objective)
    if peers.casadi and (objective.is_scalar or "casadi" in objective.forms):
        ways["CasADi"] = with_casadi(peers, objective)
    return ways


# -- measurements -----------------------------------------------------------------------


def agree(objective: Objective, ways: dict[str, Any]) -> float | None:
    """Refuse to time what computes something else; the seconds of JAX's first call."""
    jax_first = None
    name = objective.name
    for way in [way for way in ways if way != "eager"]:
        for k, point in enumerate(objective.points):
            right = dr.tree.flatten(ways["eager"](*point))[0]
            for call in range(3 if way == "compiled" else 1):  # recorded, compared, replayed
                start = time.perf_counter()
                found = ways[way](*point)
                if way == "JAX jit" and k == 0 and call == 0:
                    jax_first = time.perf_counter() - start
                leaves = dr.tree.flatten(found)[0]
                if len(leaves) != len(right) or not all(map(same, leaves, right)):
                    raise SystemExit(f"{name}: {way} and eager dualrev differ")
    return jax_first


def same(a: Any, b: Any) -> bool:
    return np.allclose(a, b, rtol=1e-9, atol=1e-9 * float(np.max(np.abs(b))))


def through(f: Derivative, points: Any) -> Work:
    """One call for each point."""
    if len(points) == 1:
        (point,) = points
        return lambda: f(*point)

    def run() -> None:
        for point in points:
            f(*point)

    return run


def first_calls(objective: Objective, repeats: int) -> tuple[float, float]:
    """Seconds of the first call, which records and writes, and of the second, which compares."""
    point = objective.points[0]
    firsts, seconds = [], []
    for _ in range(repeats):
        compiled = dr.compile(eager(objective))
        start = time.perf_counter()
        compiled(*point)
        middle = time.perf_counter()
        compiled(*point)
        seconds.append(time.perf_counter() - middle)
        firsts.append(middle - start)
    return statistics.median(firsts), statistics.median(seconds)


def measured(peers: Peers, objective: Objective, budget: float, repeats: int) -> Timed:
    progress(objective.name)
    ways = derivatives(peers, objective)
    jax_first = agree(objective, ways)
    points, inputs = objective.points, len(numbers(objective))
    works = {way: through(f, points) for way, f in ways.items()}
    plain = [point[:inputs] for point in points]
    works["f"] = through(objective.bind(np), plain)
    if objective.is_scalar:
        works["f on floats"] = through(objective.bind(math), plain)
    found = seconds_each(works, budget, repeats=repeats)
    compiled = ways["compiled"]
    if compiled.eager:
        found["compiled"] = math.inf  # no bar holds
    first, second = first_calls(objective, 3 if objective.is_large else 9)
    return Timed(
        objective,
        {way: t / len(points) for way, t in found.items()},
        first,
        second,
        0 if compiled.eager else len(compiled.program(*points[0]).operations),
        compiled.specialisations,
        jax_first,
        compiled.eager,
    )


def peak(work: Work) -> int:
    """The most bytes that a call holds at a time, results included."""
    work()
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def peaks(objective: Objective) -> dict[str, int]:
    """The peaks in NumPy, and what a compiled function holds between calls."""
    point = objective.points[0]
    found = {
        way: peak(through(f, [point]))
        for way, f in (("by hand", objective.hand()), ("eager", eager(objective)))
    }
    tracemalloc.start()
    try:
        compiled = dr.compile(eager(objective))
        for _ in range(3):  # recorded, compared with the function, replayed
            compiled(*point)
        gc.collect()
        found["kept"] = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        compiled(*point)
        found["compiled"] = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return found


# -- tables -----------------------------------------------------------------------------


def time_cell(seconds: float | None) -> str:
    return duration(seconds) if seconds is not None and math.isfinite(seconds) else "-"


def tables(report: Report, timed: list[Timed]) -> None:
    rows: list[list[Any]] = []
    ways = ["by hand", "eager", "compiled", *PEERS]
    for t in timed:
        bare = "f on floats" if t.objective.is_scalar else "f"
        cells = [time_cell(t.seconds.get(way)) for way in ways]
        rows.append([t.objective.name, duration(t.seconds[bare]), *cells])
    report.add("## Time of a call")
    report.add(
        "`f` is the plain function, for single floats with `math`; the other columns are its value "
        "and gradient, or its Hessian-vector product (H v). Where there are many points, a time is "
        "the mean over them."
    )
    report.add(table(rows, ["objective", "f", *ways]))
    for t in timed:
        if t.reason:
            report.add(f"{t.objective.name} is not compiled, and no bar holds: {t.reason}")

    rows = []
    for t in timed:
        bare = "f on floats" if t.objective.is_scalar else "f"
        over = [t.cell("compiled", way) for way in (bare, "by hand", "eager", *PEERS)]
        rows.append([t.objective.name, *over])
    report.add("## Time of the compiled derivative / time of the others")
    report.add(table(rows, ["objective", "f", "by hand", "eager", *PEERS]))

    rows = []
    for t in timed:
        calls = [time_cell(x) for x in (t.first, t.per_hundred, t.second, t.jax_first)]
        rows.append([t.objective.name, t.operations, t.programs, *calls])
    report.add("## First calls")
    report.add(
        "The first call runs the function, records it, and writes the program for the first point; "
        "the second replays it and compares with the function. JAX's first call traces and compiles."
    )
    head = ["objective", "operations", "programs", "first call", "per 100 operations"]
    report.add(table(rows, [*head, "second call", "JAX jit: first call"]))


def memory(report: Report, objectives: list[Objective]) -> None:
    rows = []
    for objective in objectives:
        progress(f"memory: {objective.name}")
        found = peaks(objective)
        arrays = [a for a in objective.points[0] if isinstance(a, np.ndarray)]
        size = sum(a.nbytes for a in (*arrays, *objective.constants) if isinstance(a, np.ndarray))
        cells = [f"{found[way] / 2**20:.2f}" for way in IN_NUMPY]
        rows.append([objective.name, f"{size / 2**20:.2f}", *cells])
    report.add("## Peak memory of a call, MiB")
    report.add(
        "As `tracemalloc` counts it, without arguments and data. The compiled function keeps a part "
        "of its memory between calls, which is in its peak and by itself in the last column."
    )
    report.add(
        table(rows, ["objective", "arguments and data", *IN_NUMPY[:-1], "kept between calls"])
    )


def bars_of(timed: list[Timed]) -> list[Bar]:
    bars: list[Bar] = []

    def bar(t: Timed, way: str, other: str, limit: float, is_floor: bool = False) -> None:
        value = t.over(way, other)
        if not math.isnan(value):
            bars.append(Bar(f"{t.objective.name}: {way} / {other}", value, limit, is_floor))

    for t in timed:
        f = t.objective.f.__name__
        if f == "rosenbrock":
            bar(t, "compiled", "by hand", 1.0)
            bar(t, "JAX jit", "compiled", 1.0, True)
        elif f == "logistic":
            bar(t, "compiled", "by hand", 1.1)
            if not t.objective.is_large:
                bar(t, "JAX jit", "compiled", 1.0, True)
        elif f == "waves":
            bar(t, "by hand", "compiled", 1.5, True)
            bar(t, "compiled", "JAX jit", 1.5)
        elif t.objective.is_scalar:
            bar(t, "compiled", "f on floats", 3.0)
            what = f"{t.objective.name}: first call, ms per 100 operations"
            bars.append(Bar(what, 1e3 * t.per_hundred, 1.0))
        else:
            bar(t, "compiled", "by hand", 1.2)
    return bars


def main() -> int:
    options = arguments(__doc__ or "")
    budget, repeats = (0.6, 9) if options.quick else (4.0, 31)
    peers = Peers()
    report = Report("Compiled derivatives", options.output / "compile.md")
    report.add(
        f"Peers: {peers.versions()}, in double precision. JAX works with its own threads "
        f"everywhere; dualrev with its own, and PyTorch with {os.cpu_count()}, for the large "
        "elementwise function only."
    )
    timed: list[Timed] = []
    large: list[Objective] = []
    for make in [*ROSENBROCK, *LOGISTIC, *ELEMENTWISE, *SCALARS, *LEARNING]:
        objective = make()
        is_elementwise = make in ELEMENTWISE
        if peers.torch:
            peers.torch.set_num_threads(os.cpu_count() or 1 if is_elementwise else 1)
        timed.append(measured(peers, objective, budget, repeats))
        if objective.is_large:
            large.append(objective)
    tables(report, timed)
    memory(report, large)
    bars = bars_of(timed)
    rows = [
        [
            "PASS" if bar.holds else "FAIL",
            bar.what,
            f"{bar.measured:.3g}",
            f"{'at least' if bar.is_floor else 'at most'} {bar.limit:g}",
        ]
        for bar in bars
    ]
    report.add("## Bars")
    report.add(table(rows, ["", "what", "measured", "bar"]))
    report.save()
    return int(not all(bar.holds for bar in bars))


if __name__ == "__main__":
    sys.exit(main())
