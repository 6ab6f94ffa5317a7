"""The showcase: what exact derivatives are good for, on real input, in a few seconds.

Every demonstration prints a table and asserts its result against an independent answer:
a hand-written derivative, a published estimate, the textbook minimum, a finite difference.
All functions are plain NumPy, as a user would write them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import optimize
from scipy.sparse.linalg import spsolve

from . import sparse
from . import transforms as dr
from .callbacks import Objective
from .comparison import modes, peak_memory, require, rosenbrock, rosenbrock_gradient
from .errors import CheckError
from .program.compiled import compile
from .show import graph
from .solving.equations import fixed_point
from .timing import duration, ratio, seconds_each, table

Array = Any

# Space shuttle flights before Challenger: temperature at launch (degrees Fahrenheit), and
# whether an O-ring of the field joints showed distress. Presidential Commission (1986),
# vol. 1, p. 129-131; as analysed by Dalal, Fowlkes & Hoadley, J. Am. Stat. Assoc. 84 (1989).
# fmt: off
TEMPERATURE = np.array([66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58.0])
DISTRESS = np.array([0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1.0])
# fmt: on
PUBLISHED_ESTIMATE = np.array([15.0429, -0.2322])  # intercept and slope of the logistic regression


def negative_log_likelihood(beta: Array) -> Array:
    """Logistic regression of O-ring distress on temperature."""
    z = beta[0] + beta[1] * TEMPERATURE
    return np.sum(np.logaddexp(0.0, z) - DISTRESS * z)


# -- the demonstrations -----------------------------------------------------------------


def lesson(out: Callable[[str], None]) -> None:
    """How it works: the recorded graph of a small function, with its derivatives."""

    def f(x: Array) -> Array:
        return np.sin((2 * x + 1) ** 2)

    picture = graph(f, 0.5)
    out(picture.to_text())
    by_hand = np.cos(4.0) * 2 * 2.0 * 2
    require(
        np.isclose(picture.nodes[0].cotangent, by_hand, rtol=1e-14),
        "the sweep and the chain rule disagree",
    )
    out(f"by hand, d/dx sin((2x+1)^2) = cos((2x+1)^2) 2 (2x+1) 2 = {by_hand:.6g}: the same")


def newton(out: Callable[[str], None]) -> None:
    """Newton's method: logistic regression on the O-ring data, Rosenbrock in 1,000 dimensions."""
    _o_rings(out)
    _thousand_dimensions(out)


def _o_rings(out: Callable[[str], None]) -> None:
    scale = np.array([1.0, 1 / TEMPERATURE.mean()])
    beta = np.zeros(2)
    value_and_grad, hessian = (
        dr.value_and_grad(negative_log_likelihood),
        dr.hessian(negative_log_likelihood),
    )
    rows = []
    for step in range(12):
        value, g = value_and_grad(beta)
        rows.append(
            [
                step,
                f"{value:.8f}",
                f"{np.max(np.abs(g * scale)):.1e}",
                f"{beta[0]:.4f}",
                f"{beta[1]:.4f}",
            ]
        )
        if np.max(np.abs(g * scale)) < 1e-12:
            break
        beta = beta - np.linalg.solve(hessian(beta), g)
    out(
        "Challenger O-rings, P(distress) = 1 / (1 + exp(-b0 - b1 temperature)), Newton with the exact Hessian:"
    )
    out(table(rows, ["step", "-log likelihood", "|gradient|", "b0", "b1"]))
    require(np.allclose(beta, PUBLISHED_ESTIMATE, atol=6e-5), "the published estimate was missed")
    chance = 1 / (1 + np.exp(-beta[0] - 31 * beta[1]))
    out(
        f"published: b0 = 15.0429, b1 = -0.2322; at 31 F, the morning of the launch: P(distress) = {chance:.4f}\n"
    )


def _thousand_dimensions(out: Callable[[str], None]) -> None:
    x0 = np.random.default_rng(0).uniform(0.5, 1.5, 1000)
    g = compile(dr.grad(rosenbrock))
    results = {}
    runs: dict[str, dict[str, Any]] = {
        "BFGS": {"options": {"maxiter": 40}},
        "L-BFGS-B": {"options": {"maxiter": 20_000, "maxfun": 40_000, "ftol": 0.0, "gtol": 1e-9}},
        "Newton-CG": {"options": {"xtol": 1e-12}},
        "trust-krylov": {"options": {"gtol": 1e-9}},
    }
    start = time.perf_counter()
    rows = [
        [
            "gradient descent, 1,000 steps",
            *_descent(rosenbrock, g, x0, 1000),
            duration(time.perf_counter() - start),
        ]
    ]
    for name, options in runs.items():
        start = time.perf_counter()
        found = Objective(rosenbrock).minimize(x0, method=name, **options)
        took = duration(time.perf_counter() - start)
        results[name] = found
        rows.append(
            [
                name,
                found.nit,
                found.nfev,
                f"{found.fun:.1e}",
                f"{np.max(np.abs(g(found.x))):.1e}",
                took,
            ]
        )
    out(
        "Rosenbrock, n = 1,000, start within 0.5 of the minimum; SciPy's methods (40 iterations of BFGS) with "
        "all derivatives from one function, dr.scipy.Objective:"
    )
    out(table(rows, ["method", "iterations", "calls of f", "f", "|gradient|", "time"]))
    eager = dr.grad(rosenbrock)
    times = seconds_each(
        {"f": lambda: rosenbrock(x0), "eager": lambda: eager(x0), "compiled": lambda: g(x0)},
        budget=0.3,
    )
    out(
        f"a gradient costs {ratio(times['eager'] / times['f'])} f, compiled "
        f"{ratio(times['compiled'] / times['f'])} f; "
        f"the compiled one is {g.source().count(chr(10))} lines of NumPy"
    )
    for name in ("Newton-CG", "trust-krylov"):
        require(
            np.max(np.abs(rosenbrock_gradient(results[name].x))) < 1e-5, f"{name} did not converge"
        )


def _descent(
    f: Callable[[Array], Array], g: Callable[[Array], Array], x: Array, steps: int
) -> tuple[int, int, str, str]:
    """Gradient descent with halving of the step: iterations, calls, value, gradient."""
    t, value, calls = 1e-3, f(x), 1
    for _ in range(steps):
        slope = g(x)
        t *= 2
        while True:
            calls += 1
            trial = f(x - t * slope)
            if trial <= value - 0.5 * t * slope @ slope or t < 1e-12:
                break
            t /= 2
        x, value = x - t * slope, trial
    return steps, calls, f"{value:.1e}", f"{np.max(np.abs(g(x))):.1e}"


def bratu(u: Array) -> Array:
    """``u'' + exp(u) = 0`` with ``u(0) = u(1) = 0``, differences of second order, times -h^2."""
    h = 1 / (len(u) + 1)
    padded = np.pad(u, 1)
    return 2 * u - padded[2:] - padded[:-2] - h**2 * np.exp(u)


def sparse_equations(out: Callable[[str], None], n: int = 20_000) -> None:
    """Newton's method on a boundary value problem, with a sparse Jacobian found by itself."""
    u = np.zeros(n)
    jacobian = sparse.jacobian(bratu)
    rows = []
    for step in range(8):
        start = time.perf_counter()
        residual, matrix = jacobian.with_value(u)
        taken = time.perf_counter() - start
        change = spsolve(matrix.tocsc(), -residual)
        u = u + change
        size = float(np.max(np.abs(change)))
        rows.append([step, f"{np.max(np.abs(residual)):.1e}", f"{size:.1e}", duration(taken)])
        if size < 1e-7:  # the condition of the matrix grows as n^2
            break
    out(f"Bratu's equation u'' + exp(u) = 0 on {n:,} points, plain NumPy; the Jacobian:")
    out(repr(jacobian.preparation))
    out(table(rows, ["step", "|residual|", "|change|", "residual and Jacobian"]))
    theta = optimize.brentq(lambda t: t - np.sqrt(2) * np.cosh(t / 4), 1.0, 2.0, xtol=1e-15)
    x = np.arange(1, n + 1) / (n + 1)
    exact = 2 * np.log(np.cosh(theta / 4) / np.cosh(theta / 2 * (x - 0.5)))
    error = float(np.max(np.abs(u - exact)))
    require(error < 1e-7, "the closed solution of Bratu's equation was missed")
    out(f"the closed solution 2 ln(cosh(t/4) / cosh(t (x - 1/2) / 2)) is met to {error:.0e}")


def implicit_layer(out: Callable[[str], None]) -> None:
    """A layer that solves z = tanh(W z + U x + b), differentiated at its solution."""
    rng = np.random.default_rng(1)
    n, steps = 40, 150
    w = rng.standard_normal((n, n))
    w *= 0.9 / np.linalg.norm(w, 2)
    u, b, readout = (
        rng.standard_normal((n, 1)),
        0.1 * rng.standard_normal((n, 1)),
        rng.standard_normal(n) / n,
    )
    x = ((TEMPERATURE - TEMPERATURE.mean()) / TEMPERATURE.std())[None, :]

    def update(z: Array, w: Array, u: Array, b: Array) -> Array:
        return np.tanh(w @ z + u @ x + b)

    def loss(z: Array) -> Array:
        return np.sum((readout @ z - DISTRESS) ** 2)

    def unrolled(w: Array, u: Array, b: Array) -> Array:
        z = np.zeros((n, x.shape[1]))
        for _ in range(steps):
            z = update(z, w, u, b)
        return loss(z)

    def implicit(w: Array, u: Array, b: Array) -> Array:
        return loss(fixed_point(update, np.zeros((n, x.shape[1])), w, u, b))

    parameters, all_of_them = (w, u, b), (0, 1, 2)
    exact, long_way = dr.grad(implicit, all_of_them), dr.grad(unrolled, all_of_them)
    direction = tuple(rng.standard_normal(p.shape) for p in parameters)
    reverse = sum(np.sum(g * d) for g, d in zip(exact(*parameters), direction, strict=True))
    forward = dr.jvp(implicit, parameters, direction)[1]
    by_unrolling = sum(np.sum(g * d) for g, d in zip(long_way(*parameters), direction, strict=True))
    require(np.isclose(forward, reverse, rtol=1e-10), "forward and reverse mode disagree")
    require(
        np.isclose(by_unrolling, reverse, rtol=1e-6),
        "unrolling and the implicit function theorem disagree",
    )
    works = {"implicit": lambda: exact(*parameters), "unrolled": lambda: long_way(*parameters)}
    times, peaks = (
        seconds_each(works, 0.8),
        {name: peak_memory(work) for name, work in works.items()},
    )
    rows = [
        ["implicit, forward", f"{forward:.12f}", "-", "-"],
        ["implicit, reverse", f"{reverse:.12f}", "1.00", "1.00"],
        [
            f"{steps} steps unrolled, reverse",
            f"{by_unrolling:.12f}",
            ratio(times["unrolled"] / times["implicit"]),
            ratio(peaks["unrolled"] / peaks["implicit"]),
        ],
    ]
    out(table(rows, ["derivative by", "along a direction", "time", "peak memory"]))


def meta_learning(out: Callable[[str], None], iterations: int = 1000) -> None:
    """Weights that learn a new sine curve from ten points in one step [Finn et al. 2017]."""
    rows = []
    for name, first_order in (("second order", False), ("first order", True)):
        rng = np.random.default_rng(2)
        weights = _draw_weights(rng)
        meta_loss = _meta_loss(first_order)
        meta_gradient = compile(dr.grad(meta_loss))
        step = _adam(weights)
        for _ in range(iterations):
            batch = _draw_tasks(rng, 25)
            weights = step(weights, meta_gradient(weights, *batch))
        before, after = _test_error(weights, np.random.default_rng(3))
        rows.append([name, iterations, f"{before:.2f}", f"{after:.2f}"])
        require(
            after < (0.7 if iterations >= 1000 else 1.0) * before,
            "one step of adaptation did not help",
        )
        if not first_order:
            _assert_meta_gradient(meta_loss, weights, batch, rng)
    out(table(rows, ["meta-gradient", "iterations", "test error before", "after one step"]))
    out(
        "mean squared error on 500 new curves; the second-order gradient agrees with a finite difference"
    )


Weights = list[Array]


def _draw_weights(rng: np.random.Generator) -> Weights:
    sizes = [(1, 40), (40, 40), (40, 1)]
    return [a for i, o in sizes for a in (0.1 * rng.standard_normal((i, o)), np.zeros((1, o)))]


def _draw_tasks(rng: np.random.Generator, count: int, points: int = 10) -> tuple[Array, ...]:
    """Inputs and outputs, to adapt to and to be tested on: arrays ``(count, points, 1)``."""
    amplitude, phase = rng.uniform(0.1, 5.0, (count, 1, 1)), rng.uniform(0.0, np.pi, (count, 1, 1))
    x, x_test = rng.uniform(-5.0, 5.0, (2, count, points, 1))
    return x, amplitude * np.sin(x - phase), x_test, amplitude * np.sin(x_test - phase)


def _network(weights: Weights, x: Array) -> Array:
    for k in (0, 2):
        h = x @ weights[k] + weights[k + 1]
        x = np.where(h > 0, h, 0.0)
    return x @ weights[4] + weights[5]


def _task_errors(weights: Weights, x: Array, y: Array) -> Array:
    return np.sum((_network(weights, x) - y) ** 2) / x.shape[1]


def _adapt(weights: Weights, x: Array, y: Array, first_order: bool) -> Weights:
    """One step of gradient descent for every task at once: the weights get a leading axis."""
    many = [np.broadcast_to(w, (x.shape[0], *w.shape)) for w in weights]
    slopes = dr.grad(_task_errors)(many, x, y)
    if first_order:
        slopes = dr.stop_gradient(slopes)
    return [w - 0.01 * s for w, s in zip(many, slopes, strict=True)]


def _meta_loss(first_order: bool) -> Callable[..., Array]:
    def loss(weights: Weights, x: Array, y: Array, x_test: Array, y_test: Array) -> Array:
        return _task_errors(_adapt(weights, x, y, first_order), x_test, y_test) / x.shape[0]

    return loss


def _adam(weights: Weights, rate: float = 1e-3) -> Callable[[Weights, Weights], Weights]:
    """Adam [Kingma & Ba 2015], with its usual constants."""
    m, v, t = [0.0 * w for w in weights], [0.0 * w for w in weights], 0

    def step(weights: Weights, slopes: Weights) -> Weights:
        nonlocal t
        t += 1
        for k, s in enumerate(slopes):
            m[k] = 0.9 * m[k] + 0.1 * s
            v[k] = 0.999 * v[k] + 0.001 * s**2
        size = rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        return [w - size * a / (np.sqrt(b) + 1e-8) for w, a, b in zip(weights, m, v, strict=True)]

    return step


def _test_error(weights: Weights, rng: np.random.Generator) -> tuple[float, float]:
    x, y, x_test, y_test = _draw_tasks(rng, 500)
    adapted = _adapt(weights, x, y, first_order=True)
    return float(_task_errors(weights, x_test, y_test) / 500), float(
        _task_errors(adapted, x_test, y_test) / 500
    )


def _assert_meta_gradient(
    loss: Callable[..., Array], weights: Weights, batch: Any, rng: np.random.Generator
) -> None:
    direction = [rng.standard_normal(w.shape) for w in weights]
    slope = sum(
        np.sum(g * d) for g, d in zip(dr.grad(loss)(weights, *batch), direction, strict=True)
    )
    h = 1e-7
    ends = [
        loss([w + s * h * d for w, d in zip(weights, direction, strict=True)], *batch)
        for s in (1, -1)
    ]
    require(
        np.isclose((ends[0] - ends[1]) / (2 * h), slope, rtol=1e-4), "the meta-gradient is wrong"
    )


# -- all of it --------------------------------------------------------------------------

DEMONSTRATIONS: tuple[tuple[str, Callable[[Callable[[str], None]], None]], ...] = (
    ("How it works: every operation, its local derivative, and the sweep back", lesson),
    ("The modes compared: exactness and cost", modes),
    ("Newton steps", newton),
    ("Sparse equations", sparse_equations),
    ("An implicit layer", implicit_layer),
    ("Meta-learning: derivatives through a step of learning", meta_learning),
)


def main() -> int:
    """Run all demonstrations; the number of those whose assertion failed."""
    failures = 0
    for k, (title, demonstrate) in enumerate(DEMONSTRATIONS, 1):
        if sys.stderr.isatty():
            print(f"[{k}/{len(DEMONSTRATIONS)}] {title} ...", file=sys.stderr, flush=True)
        print(f"\n{k}. {title}\n")
        start = time.perf_counter()
        try:
            demonstrate(print)
        except CheckError as error:
            failures += 1
            print(f"FAILED: {error}")
        print(f"   ({duration(time.perf_counter() - start)})", flush=True)
    print(
        "\nAll results agree with their independent answers."
        if not failures
        else f"\n{failures} demonstrations FAILED."
    )
    return failures
