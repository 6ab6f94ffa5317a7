"""The modes compared: exactness and cost, on two functions with hand-written derivatives."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

from . import transforms as dr
from .errors import CheckError
from .timing import duration, ratio, seconds_each, table

Array = Any


# -- functions to differentiate ---------------------------------------------------------


def rosenbrock(x: Array) -> Array:
    """The banana-shaped valley, in any number of dimensions; its minimum is 0 at ones."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_gradient(x: Array) -> Array:
    """Its gradient, written by hand."""
    t = x[1:] - x[:-1] ** 2
    g = np.zeros_like(x)
    g[:-1] = -400.0 * x[:-1] * t - 2.0 * (1 - x[:-1])
    g[1:] += 200.0 * t
    return g


def wave(p: Array) -> Array:
    """A curve of 1,000 points with a few parameters: amplitudes and phases of overtones."""
    t = np.linspace(0.0, 1.0, 1000)
    y = 0.0
    for k in range(len(p) // 2):
        y = y + p[2 * k] * np.sin(6.0 * (k + 1) * t + p[2 * k + 1])
    return y


def wave_jacobian(p: Array) -> Array:
    """Its Jacobian, written by hand."""
    t = np.linspace(0.0, 1.0, 1000)
    columns = []
    for k in range(len(p) // 2):
        angle = 6.0 * (k + 1) * t + p[2 * k + 1]
        columns += [np.sin(angle), p[2 * k] * np.cos(angle)]
    return np.stack(columns, axis=-1)


def central_differences(f: Callable[[Array], Array], x: Array) -> Array:
    """The Jacobian by central differences, with the usual step."""
    h = np.finfo(float).eps ** (1 / 3) * np.maximum(1.0, np.abs(x))
    columns = []
    for k in range(x.size):
        e = np.zeros_like(x)
        e[k] = h[k]
        columns.append((f(x + e) - f(x - e)) / (2 * h[k]))
    return np.stack(columns, axis=-1)


def peak_memory(work: Callable[[], Any]) -> int:
    """Bytes that `work` has allocated at its worst moment."""
    already = tracemalloc.is_tracing()
    if not already:
        tracemalloc.start()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    work()
    peak = tracemalloc.get_traced_memory()[1] - before
    if not already:
        tracemalloc.stop()
    return peak


def require(holds: bool, complaint: str) -> None:
    """Refuse to go on with a wrong number, also under ``python -O``."""
    if not holds:
        raise CheckError(complaint)


# -- the comparison ---------------------------------------------------------------------


def modes(out: Callable[[str], None], budget: float = 1.5) -> None:
    """Exactness and cost: forward, reverse, finite differences, written by hand."""
    rng = np.random.default_rng(0)
    rows: list[list[str]] = []
    many, few = rng.uniform(-1.0, 1.5, 1000), rng.uniform(0.5, 1.5, 4)
    for name, f, by_hand, x in [
        ("1,000 inputs, 1 output", rosenbrock, rosenbrock_gradient, many),
        ("4 inputs, 1,000 outputs", wave, wave_jacobian, few),
    ]:
        ways = {
            "by hand": lambda: by_hand(x),  # noqa: B023 (used in this turn)
            "reverse": lambda: (dr.grad if f is rosenbrock else dr.jacrev)(f)(x),  # noqa: B023
            "forward": lambda: dr.jacfwd(f)(x),  # noqa: B023
            "central differences": lambda: central_differences(f, x),  # noqa: B023
        }
        true = by_hand(x.astype(np.longdouble)) if f is rosenbrock else by_hand(x)
        times = seconds_each({"f": lambda: f(x), **ways}, budget / 2)  # noqa: B023
        for way, compute in ways.items():
            error = float(np.max(np.abs(compute() - true)) / np.max(np.abs(true)))
            rows.append([name, way, f"{error:.0e}", ratio(times[way] / times["f"])])
            require(
                error < (1e-6 if "differences" in way else 1e-14), f"{way} is wrong by {error:.1e}"
            )
    out(table(rows, ["function", "derivative by", "largest error", "time / time of f"]))


def rosenbrock_works(n: int) -> dict[str, Callable[[], Any]]:
    """The function, its gradient and a Hessian-vector product, to be timed."""
    x, v = np.linspace(-1.0, 1.5, n), np.ones(n)
    gradient = dr.grad(rosenbrock)
    return {
        "f": lambda: rosenbrock(x),
        "by hand": lambda: rosenbrock_gradient(x),
        "grad": lambda: gradient(x),
        "hvp": lambda: dr.hvp(rosenbrock, x, v),
    }


def costs(out: Callable[[str], None], budget: float = 1.5) -> None:
    """What a gradient and a Hessian-vector product cost, as ratios to the function."""
    rows = []
    for n in (10, 1000, 100_000):
        t = seconds_each(rosenbrock_works(n), budget / 3)
        rows.append(
            [
                f"{n:,}",
                duration(t["f"]),
                ratio(t["grad"] / t["f"]),
                ratio(t["hvp"] / t["f"]),
                ratio(t["hvp"] / t["grad"]),
            ]
        )
    out(
        table(
            rows,
            [
                "Rosenbrock, n",
                "f",
                "gradient / f",
                "Hessian-vector / f",
                "Hessian-vector / gradient",
            ],
        )
    )
