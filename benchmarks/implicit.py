"""Solutions of equations: what their derivatives cost and how exact they are.

    python benchmarks/implicit.py [--quick]

writes ``results/implicit.md``; exit code 1 if a bar is missed. An equilibrium layer against long
unrolling, a dense solve and an adjoint by hand; Kepler's equation against its closed derivatives; a
quadratic program against its active set; a system of 100,000 unknowns without a matrix.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from timing import Report, arguments, duration, progress, ratio, seconds_each, table

import dualrev as dr
from dualrev.comparison import peak_memory
from dualrev.scipy import optimize

Bars = list[tuple[str, float, float]]  # what, measured, at most


def error(found: Any, true: Any) -> float:
    return float(np.max(np.abs(found - true)) / np.max(np.abs(true)))


# -- a layer that is an equilibrium -----------------------------------------------------


class Layer:
    """``z = tanh(W z + U x + b)``, and the loss ``|z|^2``."""

    def __init__(self, n: int) -> None:
        rng = np.random.default_rng(0)
        self.W = rng.standard_normal((n, n)) * (0.5 / np.sqrt(n))
        self.inflow = rng.standard_normal((n, 10)) @ rng.standard_normal(10) / 3

    def solved(self, **options: Any) -> Callable[[Any], Any]:
        start = np.zeros(len(self.inflow))

        def loss(W: Any) -> Any:
            return np.sum(dr.fixed_point(self.step, start, W, **options) ** 2)

        return loss

    def step(self, z: Any, W: Any) -> Any:
        return np.tanh(W @ z + self.inflow)

    def unrolled(self, steps: int) -> Callable[[Any], Any]:
        def loss(W: Any) -> Any:
            z = np.zeros(len(self.inflow))
            for _ in range(steps):
                z = self.step(z, W)
            return np.sum(z**2)

        return loss

    def by_hand(self, W: np.ndarray) -> np.ndarray:
        """The gradient with the adjoint iteration, in NumPy."""
        z = np.zeros(len(self.inflow))
        for _ in range(200):
            z, old = self.step(z, W), z
            if np.max(np.abs(z - old)) < 1e-15:
                break
        slope, w, term = 1 - z**2, 2 * z, 2 * z
        while np.max(np.abs(term)) > 1e-16 * np.max(np.abs(w)):
            term = (term * slope) @ W
            w = w + term
        return np.outer(w * slope, z)


def equilibrium(report: Report, n: int, budget: float, bars: Bars) -> None:
    layer = Layer(n)
    W, V = layer.W, np.random.default_rng(1).standard_normal((n, n)) / n
    long = layer.unrolled(120)
    steps = 26
    losses = {
        "adjoint iteration (the default)": layer.solved(),
        "GMRES": layer.solved(linear="gmres"),
        "dense Jacobian, LU": layer.solved(linear="dense"),
        f"unrolled, {steps} steps": layer.unrolled(steps),
        "unrolled, 120 steps": long,
    }
    gradient, product = dr.grad(long)(W), dr.hvp(long, W, V)
    works: dict[str, Callable[[], Any]] = {"f": lambda: layer.solved()(W)}
    for name, loss in losses.items():
        works[name] = lambda loss=loss: dr.grad(loss)(W)
    works["by hand, in NumPy"] = lambda: layer.by_hand(W)
    progress(f"equilibrium layer, {n} units")
    t = seconds_each(works, budget, repeats=5)
    tp = seconds_each(
        {k: lambda f=f: dr.hvp(f, W, V) for k, f in losses.items()}, budget, repeats=3
    )
    rows = []
    for name in [*losses, "by hand, in NumPy"]:
        g = works[name]()
        second = [error(dr.hvp(losses[name], W, V), product), tp[name]] if name in losses else None
        peak = peak_memory(works[name]) / 2**20
        rows.append([
            name, f"{error(g, gradient):.0e}", duration(t[name]), ratio(t[name] / t["f"]), f"{peak:.1f} MiB",
            f"{second[0]:.0e}" if second else "", duration(second[1]) if second else "",
        ])  # fmt: skip
    report.add(f"## An equilibrium layer, {n} units: gradient and Hessian-vector product")
    report.add(
        table(rows, ["way", "error", "gradient", "/ f", "peak memory", "error of H v", "H v"])
    )
    ours = "adjoint iteration (the default)"
    bars.append((f"layer of {n}: error of the gradient", error(works[ours](), gradient), 1e-11))
    bars.append((f"layer of {n}: gradient / f", t[ours] / t["f"], 6.0))
    if n > 100:  # below, a matrix costs less
        bars.append((f"layer of {n}: gradient / dense", t[ours] / t["dense Jacobian, LU"], 1.0))


# -- closed forms ---------------------------------------------------------------------------


def kepler(report: Report, bars: Bars) -> None:
    e, M = 0.3, 1.0

    def E(M: Any) -> Any:
        return optimize.brentq(lambda E: E - e * np.sin(E) - M, 0.0, 7.0, xtol=1e-15)

    value = E(M)
    s, c = np.sin(value), np.cos(value)
    d = 1 - e * c
    exact = [1 / d, -e * s / d**3, (3 * e**2 * s**2 - e * c * d) / d**5]
    rows = []
    for mode in (dr.derivative, dr.grad):
        f, row = E, [f"dr.{mode.__name__}"]
        for order in range(3):
            f = mode(f)
            found = abs(f(M) / exact[order] - 1)
            row.append(f"{found:.0e}")
            bars.append((f"Kepler, order {order + 1}, {row[0]}: error", found, 1e-12))
        rows.append(row)
    report.add("## Kepler's equation, solved by `brentq`: relative errors")
    report.add(table(rows, ["nested", "order 1", "order 2", "order 3"]))


def program(report: Report, bars: Bars) -> None:
    rng = np.random.default_rng(3)
    n, m, k = 20, 4, 10
    root = rng.standard_normal((n, n))
    P, q = root @ root.T + np.eye(n), rng.standard_normal(n)
    A, G, inside = rng.standard_normal((m, n)), rng.standard_normal((k, n)), rng.standard_normal(n)
    b, h = A @ inside, G @ inside + rng.random(k)

    def solve(q: Any) -> Any:
        return dr.argmin(
            lambda z: 0.5 * z @ P @ z + q @ z, np.zeros(n),
            equality=lambda z: A @ z - b, inequality=lambda z: h - G @ z,
        )  # fmt: skip

    z = solve(q)
    rows = np.concatenate([A, G[h - G @ z < 1e-9]])
    kkt = np.block([[P, rows.T], [rows, np.zeros((len(rows), len(rows)))]])
    found = error(dr.jacobian(solve)(q), -np.linalg.inv(kkt)[:n, :n])
    bars.append(("quadratic program: error of the sensitivities", found, 1e-9))
    report.add(
        f"## A quadratic program with {n} variables, {m} equations, {k} inequalities\n\n"
        f"{len(rows) - m} inequalities are active. Error of the Jacobian of the solution: {found:.0e}."
    )


def matrix_free(report: Report, n: int, budget: float, bars: Bars) -> None:
    q, k = np.sin(np.arange(n)), 1 + np.cos(np.arange(n + 1)) ** 2

    def energy(k: Any) -> Any:
        def rod(u: Any) -> Any:
            return u - 0.1 * np.diff(k * np.diff(u, prepend=0.0, append=0.0))

        return np.sum(dr.linear_solve(rod, q, positive_definite=True) ** 2)

    v = np.cos(3.0 * np.arange(n + 1))
    works = {
        "f": lambda: energy(k),
        "gradient": lambda: dr.grad(energy)(k),
        "Hessian-vector product": lambda: dr.hvp(energy, k, v),
    }
    progress(f"matrix-free, {n} unknowns")
    t = seconds_each(works, budget, repeats=3)
    h = 1e-4
    second = (energy(k + h * v) - 2 * energy(k) + energy(k - h * v)) / h**2
    rows = [[name, duration(t[name]), ratio(t[name] / t["f"])] for name in works]
    report.add(f"## A rod, {n:,} unknowns, conjugate gradients on products")
    report.add(table(rows, ["", "time", "/ f"]))
    slope = np.vdot(dr.grad(energy)(k), v)
    forward = dr.jvp(energy, (k,), (v,))[1]
    bars.append(("rod: forward and reverse differ by", abs(slope / forward - 1), 1e-9))
    curvature = np.vdot(v, dr.hvp(energy, k, v))
    bars.append(("rod: curvature, against differences", abs(curvature / second - 1), 1e-4))
    bars.append(("rod: gradient / f", t["gradient"] / t["f"], 8.0))


def main() -> int:
    options = arguments(__doc__ or "")
    budget = 0.5 if options.quick else 3.0
    report = Report("Solutions of equations, differentiated", options.output / "implicit.md")
    bars: Bars = []
    for n in (100,) if options.quick else (100, 500):
        equilibrium(report, n, budget, bars)
    kepler(report, bars)
    program(report, bars)
    matrix_free(report, 10_000 if options.quick else 100_000, budget, bars)
    return report.finish(bars)


if __name__ == "__main__":
    sys.exit(main())
