"""Sparse Jacobians and Hessians: what preparing and evaluating them costs, against the peers.

    python benchmarks/sparse.py [--quick] [--large]

writes ``results/sparse.md``; exit code 1 if a bar is missed. A peer that is not installed is
left out; each of its measurements runs in a process of its own, that is ended when it takes too
long, and is compared with dualrev's matrix before it is timed. ``--large`` adds a million unknowns.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from problems import BY_NAME, HESSIANS, JACOBIANS, Problem, Symbols, bratu_2d
from timing import Report, arguments, duration, progress, ratio, seconds_each, table

import dualrev as dr

Bars = list[tuple[str, float, float]]  # what, measured, at most
Work = Callable[[], Any]
PATIENCE = 120.0  # seconds for one measurement of a peer
HOPELESS = 1000.0  # times the base: a peer that needs them is not asked for larger sizes


# -- dualrev ----------------------------------------------------------------------------


def derivative(problem: Problem) -> Any:
    return (dr.sparse.hessian if problem.is_hessian else dr.sparse.jacobian)(problem.plain)


def base(problem: Problem) -> Work:
    """What evaluations are compared with: the residual, or the gradient."""
    g = dr.grad(problem.plain) if problem.is_hessian else problem.plain
    return lambda: g(problem.x)


def is_right(problem: Problem) -> bool:
    """Whether the sparse matrix is the dense one."""
    dense = (dr.hessian if problem.is_hessian else dr.jacobian)(problem.plain)(problem.x)
    found = derivative(problem)(problem.x).toarray()
    return np.allclose(found, dense, rtol=1e-10, atol=1e-12 * np.abs(dense).max())


def ours(problem: Problem, budget: float) -> dict[str, float]:
    """Seconds of detection, colouring, the base and an evaluation; colours."""
    fresh = [derivative(problem).prepare(problem.x) for _ in range(3)]
    found = {step: min(each.seconds[step] for each in fresh) for step in ("detection", "colouring")}
    J = derivative(problem)
    J(problem.x)
    found["colours"] = J.preparation.colouring.count
    works = {
        "f": lambda: problem.plain(problem.x),
        "base": base(problem),
        "evaluation": lambda: J(problem.x),
    }
    return found | seconds_each(works, budget)


# -- the peers, each measurement in its own process -------------------------------------


def with_asdex(problem: Problem) -> tuple[float, int, Work]:
    """Seconds of preparation, colours, and the evaluation."""
    import asdex
    import jax

    jax.config.update("jax_enable_x64", True)
    x = jax.numpy.asarray(problem.x)

    def f(x: Any) -> Any:
        return problem.f(jax.numpy, x)

    def small(x: Any) -> Any:
        y = x[1:] * x[:-1]
        return y.sum() if problem.is_hessian else y

    colour = asdex.hessian_coloring if problem.is_hessian else asdex.jacobian_coloring
    derive = asdex.hessian_from_coloring if problem.is_hessian else asdex.jacobian_from_coloring
    colour(small, jax.numpy.ones(100))  # Numba compiles at the first call
    start = time.perf_counter()
    colouring = colour(f, x)
    took = time.perf_counter() - start
    run = jax.jit(derive(f, colouring))

    def work() -> Any:
        return jax.block_until_ready(run(x))

    return took, colouring.num_colors, work


def with_casadi(problem: Problem) -> tuple[float, int, Work]:
    import casadi

    start = time.perf_counter()
    s = casadi.MX.sym("x", problem.x.size)
    y = problem.f(Symbols(casadi), s)
    matrix = casadi.hessian(y, s)[0] if problem.is_hessian else casadi.jacobian(y, s)
    run = casadi.Function("run", [s], [matrix])
    took = time.perf_counter() - start
    return took, -1, lambda: run(problem.x)


def with_scipy(problem: Problem) -> tuple[float, int, Work]:
    """Grouped differences, which are given the pattern; in natural order, not SciPy's random one."""
    from scipy.optimize._numdiff import approx_derivative, group_columns

    pattern = dr.sparse.jacobian_pattern(problem.plain, problem.x).to_scipy().astype(float)
    start = time.perf_counter()
    groups = group_columns(pattern.tocsc(), np.arange(problem.x.size))
    took = time.perf_counter() - start

    def run() -> Any:
        return approx_derivative(
            problem.plain, problem.x, method="2-point", sparsity=(pattern, groups)
        )

    return took, int(groups.max()) + 1, run


PEERS = {"asdex": with_asdex, "CasADi": with_casadi, "SciPy": with_scipy}


def as_scipy(matrix: Any) -> Any:
    """The result of any of them as a SciPy matrix."""
    from scipy.sparse import csr_array

    if hasattr(matrix, "indices") and hasattr(matrix, "data") and hasattr(matrix, "n_sparse"):
        places = np.asarray(matrix.indices)
        parts = np.asarray(matrix.data), (places[:, 0], places[:, 1])
        return csr_array(parts, shape=matrix.shape)
    return csr_array(matrix.sparse() if hasattr(matrix, "sparse") else matrix)


def agrees(problem: Problem, matrix: Any, tolerance: float) -> bool:
    expected = derivative(problem)(problem.x)
    return bool(abs(as_scipy(matrix) - expected).max() <= tolerance * abs(expected).max())


def measure(peer: str, maker: str, n: int, budget: float, out: Any) -> None:
    """In a process of its own: preparation, colours, evaluation and base, sent through `out`."""
    problem = BY_NAME[maker](n)
    try:
        took, colours, work = PEERS[peer](problem)
        if not agrees(problem, work(), 1e-4 if peer == "SciPy" else 1e-9):
            out.send("wrong")
            return
        t = seconds_each({"base": base(problem), "evaluation": work}, budget)
        out.send((took, colours, t["evaluation"] / t["base"]))
    except Exception as error:
        out.send(type(error).__name__)


def measured(peer: str, maker: str, n: int, budget: float) -> tuple[float, int, float] | str:
    """What `measure` sends, or why there is nothing."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=measure, args=(peer, maker, n, budget, there))
    process.start()
    there.close()
    try:
        return here.recv() if here.poll(PATIENCE) else f"> {PATIENCE:.0f} s"
    except EOFError:
        return "ended"
    finally:
        process.terminate()
        process.join()


def installed() -> list[str]:
    modules = {"asdex": "asdex", "CasADi": "casadi", "SciPy": "scipy"}
    return [peer for peer, module in modules.items() if importlib.util.find_spec(module)]


# -- the page ---------------------------------------------------------------------------


def section(
    report: Report,
    title: str,
    makers: list[Callable[[int], Problem]],
    sizes: list[int],
    budget: float,
    bars: Bars,
) -> None:
    """The tables of Jacobians or of Hessians."""
    is_hessian = makers is HESSIANS
    peers = [p for p in installed() if not (is_hessian and p == "SciPy")]
    what = "gradient" if is_hessian else "residual"
    rows, others = [], []
    lost = set()  # peers that gave up at a smaller size
    for make in makers:
        if not is_right(make(64)):
            raise SystemExit(f"{make.__name__}: the sparse matrix is not the dense one")
        for n in sizes:
            problem = make(n)
            progress(f"{problem.name}, {n:,}")
            t = ours(problem, budget)
            prepared = t["detection"] + t["colouring"]
            cost = t["evaluation"] / t["base"]
            name = f"{problem.name}, {max(np.size(problem.plain(problem.x)), problem.x.size):,}"
            rows.append([name, f"{t['colours']:.0f}", duration(t["detection"]),
                         duration(t["colouring"]), ratio(prepared / t["f"]), duration(t["base"]),
                         duration(t["evaluation"]), ratio(cost)])  # fmt: skip
            if n >= 100_000:
                bars.append((f"{name}: colours", t["colours"], problem.colours))
                bars.append((f"{name}: detection and colouring, seconds", prepared,
                             1.0 if n == 100_000 else 10.0))  # fmt: skip
                bars.append((f"{name}: evaluation / {what}", cost, 15.0))
            cells = [name, duration(prepared), f"{t['colours']:.0f}", ratio(cost)]
            for peer in peers:
                if (peer, make) in lost:
                    cells += ["-", "-", "-"]
                    continue
                progress(f"{problem.name}, {n:,}: {peer}")
                found = measured(peer, make.__name__, n, budget)
                if isinstance(found, str):
                    cells += [found, "-", "-"]
                    lost.add((peer, make))
                else:
                    colours = str(found[1]) if found[1] >= 0 else "-"
                    cells += [duration(found[0]), colours, ratio(found[2])]
                    if found[2] > HOPELESS:
                        lost.add((peer, make))
            others.append(cells)
    report.add(f"## {title}")
    heads = ["problem, size", "colours", "detection", "colouring", "both / f", what,
             "evaluation", f"evaluation / {what}"]  # fmt: skip
    report.add(table(rows, heads))
    if peers:
        report.add(f"Preparation, colours, and evaluation / {what}, with the peers:")
        heads = ["problem, size"]
        for peer in ("dualrev", *peers):
            heads += [peer, "colours", "ratio"]
        report.add(table(others, heads))


def main() -> int:
    options = arguments(__doc__ or "", large="a million unknowns as well")
    budget = 0.5 if options.quick else 2.0
    sizes = [1_000, 10_000] if options.quick else [1_000, 10_000, 100_000]
    report = Report("Sparse derivatives", options.output / "sparse.md")
    report.add(
        "The size is the number of unknowns, or of residuals if they are more. Preparation is done once: detection of the pattern and colouring. Every matrix is checked, "
        "at 64 unknowns against the dense one, and those of the peers against ours. asdex's "
        "evaluations are jitted, compiling is not counted; SciPy's grouped differences are given "
        "the pattern, and approximate; CasADi (MX) does not tell its colours."
    )
    bars: Bars = []
    section(report, "Jacobians", JACOBIANS, sizes, budget, bars)
    section(report, "Hessians", HESSIANS, sizes, budget, bars)
    if options.large:
        section(report, "A million unknowns", [bratu_2d], [1_000_000], budget, bars)
    return report.finish(bars)


if __name__ == "__main__":
    sys.exit(main())
