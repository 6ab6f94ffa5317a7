"""Forward, reverse, finite differences and hand-written derivatives: who wins where.

    python benchmarks/modes.py [--quick]

writes ``results/modes.md`` and a picture. Exit code 1 if a bar is missed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from timing import (
    Report,
    arguments,
    duration,
    progress,
    ratio,
    seconds_each,
    table,
)

import dualrev as dr
from dualrev.charts import line_chart
from dualrev.comparison import central_differences, peak_memory, rosenbrock, rosenbrock_gradient

Bars = list[tuple[str, float, float]]  # what, measured, at most


# -- numbers of inputs and outputs ------------------------------------------------------


def inputs_and_outputs(report: Report, budget: float) -> None:
    """``y = tanh(A x)``, from few inputs and many outputs to the reverse."""
    rng = np.random.default_rng(0)
    rows = []
    for n, m in ((1, 1000), (10, 1000), (10, 100), (100, 100), (100, 10), (1000, 10), (1000, 1)):
        progress(f"inputs and outputs: {n}, {m}")
        a, x = rng.standard_normal((m, n)) / np.sqrt(n), rng.standard_normal(n)

        def f(x: Any, a: Any = a) -> Any:
            return np.tanh(a @ x)

        def by_hand(x: Any, a: Any = a) -> Any:
            return (1 - np.tanh(a @ x) ** 2)[:, None] * a

        works: dict[str, Callable[[], Any]] = {
            "f": lambda f=f, x=x: f(x),
            "by hand": lambda by_hand=by_hand, x=x: by_hand(x),
            "forward": lambda f=f, x=x: dr.jacfwd(f)(x),
            "reverse": lambda f=f, x=x: dr.jacrev(f)(x),
            "central differences": lambda f=f, x=x: central_differences(f, x),
        }
        times = seconds_each(works, budget)
        true = by_hand(x)
        errors = {
            way: np.max(np.abs(works[way]() - true))
            for way in ("forward", "reverse", "central differences")
        }
        winner = min(("forward", "reverse", "central differences"), key=times.__getitem__)
        rows.append(
            [
                f"{n:,}",
                f"{m:,}",
                *(ratio(times[way] / times["f"]) for way in list(works)[1:]),
                winner,
                f"{max(errors['forward'], errors['reverse']):.0e}",
                f"{errors['central differences']:.0e}",
            ]
        )
    report.add("## Jacobians of `tanh(A x)`: time / time of f")
    head = [
        "inputs",
        "outputs",
        "by hand",
        "forward",
        "reverse",
        "differences",
        "fastest",
        "error, both modes",
        "error, differences",
    ]
    report.add(table(rows, head))


# -- growth -----------------------------------------------------------------------------


def growth(
    report: Report, budget: float, most: int, bars: Bars
) -> dict[str, tuple[list[float], list[float]]]:
    """The Rosenbrock gradient by all ways, and a Hessian-vector product, from n = 10."""
    rows, lines = [], {}
    n = 10
    while n <= most:
        progress(f"growth: n = {n}")
        x, v, g = np.linspace(-1.0, 1.5, n), np.ones(n), dr.grad(rosenbrock)
        works: dict[str, Callable[[], Any]] = {
            "f": lambda x=x: rosenbrock(x),
            "by hand": lambda x=x: rosenbrock_gradient(x),
            "reverse": lambda x=x, g=g: g(x),
            "Hessian-vector": lambda x=x, v=v: dr.hvp(rosenbrock, x, v),
        }
        if n <= 1000:
            works["forward"] = lambda x=x: dr.jacfwd(rosenbrock)(x)
            works["differences"] = lambda x=x: central_differences(rosenbrock, x)
        t = seconds_each(works, budget)
        for name in works:
            if name != "f":
                xs, ys = lines.setdefault(name, ([], []))
                xs.append(n)
                ys.append(t[name] / t["f"])
        cells = [
            ratio(t[name] / t["f"]) if name in t else "-"
            for name in ("by hand", "reverse", "forward", "differences", "Hessian-vector")
        ]
        rows.append([f"{n:,}", duration(t["f"]), *cells, ratio(t["Hessian-vector"] / t["reverse"])])
        if n == 10:
            bars.append(("Rosenbrock n = 10: gradient / f", t["reverse"] / t["f"], 7.0))
            bars.append(
                (
                    "small arrays (n = 10): Hessian-vector product / gradient",
                    t["Hessian-vector"] / t["reverse"],
                    4.0,
                )
            )
        n *= 10
    report.add("## Growth with size, Rosenbrock function: time / time of f")
    report.add(
        table(
            rows,
            [
                "n",
                "f",
                "by hand",
                "reverse",
                "forward",
                "differences",
                "Hessian-vector",
                "Hessian-vector / reverse",
            ],
        )
    )
    report.add(
        "Near n = 10,000 the C library of Linux may give its heap back to the system after every "
        "call; page faults then raise all ratios, that of the hand-written gradient too. "
        "`MALLOC_TRIM_THRESHOLD_=100000000` in the environment prevents it."
    )
    return lines


# -- second order on large arrays -------------------------------------------------------


def second_order(report: Report, budget: float, quick: bool, bars: Bars) -> None:
    """Hessian-vector products of functions that work on large arrays."""
    rng = np.random.default_rng(0)
    size = 100_000 if quick else 1_000_000
    m, n = (2_000, 200) if quick else (5_000, 500)
    a, labels = rng.standard_normal((m, n)), rng.integers(0, 2, m)
    inputs, targets = rng.standard_normal((m, 64)), rng.standard_normal((m, 10))
    shapes = {"w1": (64, 128), "b1": (128,), "w2": (128, 10), "b2": (10,)}

    def logistic(beta: Any) -> Any:
        z = a @ beta
        return np.sum(np.logaddexp(0.0, z) - labels * z)

    def network(w: Any) -> Any:
        h = np.tanh(inputs @ w["w1"] + w["b1"])
        return np.sum((h @ w["w2"] + w["b2"] - targets) ** 2)

    weights = {name: 0.1 * rng.standard_normal(shape) for name, shape in shapes.items()}
    direction = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    x = np.linspace(-2.0, 2.0, size)
    tasks: list[tuple[str, Callable[[Any], Any], Any, Any]] = [
        (f"Rosenbrock, n = {size:,}", rosenbrock, x, np.ones(size)),
        (f"exp, sin and tanh of {size:,} numbers", elementwise, x, np.ones(size)),
        (f"logistic regression {m:,} x {n}", logistic, 0.1 * rng.standard_normal(n), np.ones(n)),
        (f"network 64-128-10, {m:,} examples", network, weights, direction),
    ]
    rows = []
    for name, f, at, v in tasks:
        progress(f"second order: {name}")
        g = dr.grad(f)
        works: dict[str, Callable[[], Any]] = {
            "f": lambda f=f, at=at: f(at),
            "gradient": lambda g=g, at=at: g(at),
            "product": lambda f=f, at=at, v=v: dr.hvp(f, at, v),
        }
        t = seconds_each(works, budget)
        cost = t["product"] / t["gradient"]
        cells = [ratio(t["gradient"] / t["f"]), ratio(t["product"] / t["f"]), ratio(cost)]
        rows.append([name, duration(t["f"]), *cells])
        bars.append((f"{name}: Hessian-vector product / gradient", cost, 2.5))
    report.add("## Second order on large arrays: time / time of f")
    report.add(
        table(rows, ["function", "f", "gradient", "Hessian-vector", "Hessian-vector / gradient"])
    )


# -- single costs -----------------------------------------------------------------------


def read_one_by_one(x: Any) -> Any:
    """A Python loop that reads every element on its own."""
    total = 0.0
    for k in range(len(x)):
        total = total + x[k] * x[k]
    return total


def chain(x: Any, steps: int) -> Any:
    """Operations one after another, each on the result of the one before."""
    for _ in range(steps):
        x = x * 1.0000001
    return x


def sines(x: Any, k: int) -> Any:
    """`k` large intermediate values, all of them needed on the way back."""
    for _ in range(k):
        x = np.sin(x)
    return np.sum(x)


def elementwise(x: Any) -> Any:
    """Elementwise functions of a large array."""
    return np.sum(np.exp(-(x**2)) * np.sin(3.0 * x) + np.tanh(x))


def single_costs(report: Report, budget: float, quick: bool, bars: Bars) -> None:
    """Loops, chains, memory, and what one operation costs."""
    rows = []
    progress("one operation")
    one = np.float64(0.5)
    g = dr.grad(lambda x: chain(x, 1000))
    h = dr.grad(lambda x: chain(x, 0))
    t = seconds_each(
        {"f": lambda: chain(one, 1000), "with": lambda: g(one), "without": lambda: h(one)}, budget
    )
    per_operation = (t["with"] - t["without"]) / 1000
    rows.append(
        [
            "one scalar operation, recorded and swept back",
            duration(per_operation),
            f"{ratio(per_operation / (t['f'] / 1000))} x NumPy's",
        ]
    )
    bars.append(
        ("one traced operation, forward and backward, in microseconds", per_operation * 1e6, 5.0)
    )

    progress("loops")
    sizes = [1_000, 3_000, 10_000, 30_000]
    loop_gradient = dr.grad(read_one_by_one)
    points = [np.linspace(0.0, 1.0, n) for n in sizes]
    t = seconds_each(
        {str(n): (lambda x=x: loop_gradient(x)) for n, x in zip(sizes, points, strict=True)},
        2 * budget,
        repeats=7,
    )
    each = [t[str(n)] / n for n in sizes]
    rows.append(
        [
            "loop reading 10,000 elements, gradient",
            duration(t["10000"]),
            f"{duration(each[2])} an element; at 1,000: {duration(each[0])}",
        ]
    )
    bars.append(
        (
            "loop over elements: time an element at 30,000 / at 1,000 (1 is linear)",
            each[3] / each[0],
            1.5,
        )
    )

    progress("a long chain")
    long = 200_000 if quick else 1_000_000
    peaks = {
        n: peak_memory(lambda n=n: dr.grad(lambda x: chain(x, n))(one)) for n in (long // 10, long)
    }
    rows.append(
        [
            f"chain of {long:,} operations, peak memory",
            f"{peaks[long] / 1e6:.0f} MB",
            f"{peaks[long] / long:.0f} bytes an operation",
        ]
    )
    bars.append(
        (
            f"chain of {long:,}: memory an operation / the same at a tenth (1 is linear)",
            peaks[long] / peaks[long // 10] / 10,
            1.25,
        )
    )

    progress("large arrays")
    x = np.linspace(-2.0, 2.0, 1_000_000)
    large_gradient = dr.grad(elementwise)
    t = seconds_each({"f": lambda: elementwise(x), "g": lambda: large_gradient(x)}, 2 * budget)
    rows.append(
        [
            "elementwise function of 1,000,000 numbers",
            duration(t["f"]),
            f"gradient {ratio(t['g'] / t['f'])} x f",
        ]
    )
    bars.append(("large elementwise function: gradient / f", t["g"] / t["f"], 4.0))

    ks, extras = [1, 2, 5, 10, 20], []
    for k in ks:
        peak = peak_memory(lambda k=k: dr.grad(lambda x: sines(x, k))(x)) / x.nbytes
        extras.append(peak - k)
    rows.append(
        [
            "reverse sweep over k large intermediates, peak memory",
            "-",
            ", ".join(f"k + {e:.2f}" for e in extras) + f" arrays for k = {ks}",
        ]
    )
    bars.append(("peak memory over k large intermediates: arrays more than k", max(extras), 2.01))
    report.add("## Single costs")
    report.add(table(rows, ["what", "measured", "which is"]))


def against_autograd(report: Report, budget: float, bars: Bars) -> None:
    """The bar that names a peer, where the peer is installed."""
    try:
        import autograd
        import autograd.numpy as anp
    except ImportError:
        report.add("(autograd is not installed: its bar is left out.)")
        return

    def f(x: Any) -> Any:
        return anp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    x, ours, theirs = np.linspace(-1.0, 1.5, 10), dr.grad(rosenbrock), autograd.grad(f)
    t = seconds_each({"ours": lambda: ours(x), "theirs": lambda: theirs(x)}, budget)
    bars.append(("Rosenbrock n = 10: gradient / autograd's", t["ours"] / t["theirs"], 0.25))


def main() -> int:
    options = arguments(__doc__ or "")
    budget = 0.4 if options.quick else 2.0
    report = Report("Modes compared", options.output / "modes.md")
    bars: Bars = []
    inputs_and_outputs(report, budget)
    lines = growth(report, budget, 100_000 if options.quick else 1_000_000, bars)
    line_chart(
        lines,
        options.output / "modes.svg",
        "Rosenbrock function: what a derivative costs",
        "number of inputs n",
        "time / time of f",
        True,
        True,
    )
    report.add("![cost of a derivative against the number of inputs](modes.svg)")
    second_order(report, budget, options.quick, bars)
    single_costs(report, budget, options.quick, bars)
    against_autograd(report, budget, bars)
    return report.finish(bars)


if __name__ == "__main__":
    sys.exit(main())
