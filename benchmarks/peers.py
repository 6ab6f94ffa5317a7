"""The same work in dualrev, hand-written NumPy, autograd, JAX, PyTorch and CasADi.

    python benchmarks/peers.py [--quick]

writes ``results/peers.md``. A peer that is not installed is left out. Every result is
compared with the hand-written derivative before it is timed. Arguments are NumPy arrays
and so are results: what a user of NumPy pays, conversions included.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
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

Work = Callable[[], Any]
ORDER = ["by hand", "dualrev", "autograd", "JAX eager", "JAX jit", "PyTorch", "CasADi"]


@dataclass
class Task:
    """One piece of work: the plain function, and its derivative in every library."""

    name: str
    f: Work
    ways: dict[str, Work]
    compile_seconds: float = 0.0
    missing: list[str] = field(default_factory=list)


def library(name: str) -> Any:
    """The module, or ``None`` if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


class Peers:
    """The installed peers, and how each takes a gradient of a function written for its namespace."""

    def __init__(self) -> None:
        self.autograd, self.anp = library("autograd"), library("autograd.numpy")
        self.jax, self.jnp = library("jax"), library("jax.numpy")
        self.torch, self.casadi = library("torch"), library("casadi")
        if self.jax:
            self.jax.config.update("jax_enable_x64", True)
        if self.torch:
            self.torch.set_num_threads(1)
            self.torch.set_default_dtype(self.torch.float64)

    def versions(self) -> str:
        found = {
            "autograd": self.autograd,
            "JAX": self.jax,
            "PyTorch": self.torch,
            "CasADi": self.casadi,
        }
        texts = []
        for name, module in found.items():
            if module is not None:
                number = getattr(module, "__version__", None) or importlib.import_module(
                    "importlib.metadata"
                ).version(name.lower())
                texts.append(f"{name} {number}")
        return ", ".join(texts) or "none"

    def value_and_gradient(
        self, f: Callable[[Any, Any], Any], x: np.ndarray, eager: bool = True
    ) -> dict[str, Work]:
        """``f(np, x)``, written once for a NumPy-like namespace, in all of them."""
        ways: dict[str, Work] = {}
        ours = dr.value_and_grad(lambda x: f(np, x))
        ways["dualrev"] = lambda: ours(x)
        if self.autograd:
            theirs = self.autograd.value_and_grad(lambda x: f(self.anp, x))
            ways["autograd"] = lambda: theirs(x)
        if self.jax:
            plain = self.jax.value_and_grad(lambda x: f(self.jnp, x))
            jitted = self.jax.jit(plain)
            if eager:
                ways["JAX eager"] = lambda: [np.asarray(a) for a in plain(x)]
            ways["JAX jit"] = lambda: [np.asarray(a) for a in jitted(x)]
        if self.torch:
            torch = self.torch

            def with_torch() -> Any:
                t = torch.tensor(x, requires_grad=True)
                y = f(torch, t)
                y.backward()
                return y.item(), t.grad.numpy()

            ways["PyTorch"] = with_torch
        return ways

    def casadi_gradient(self, build: Callable[[Any, Any], Any], x: np.ndarray) -> dict[str, Work]:
        """The value and gradient of ``build(casadi, symbol)``, for flat `x`."""
        ca = self.casadi
        if not ca:
            return {}
        s = ca.SX.sym("x", x.size)
        y = build(ca, s)
        function = ca.Function("g", [s], [y, ca.gradient(y, s)])

        def run() -> Any:
            value, gradient = function(x)
            return float(value), np.asarray(gradient).ravel()

        return {"CasADi": run}


# -- tasks ------------------------------------------------------------------------------


def rosenbrock(xp: Any, x: Any) -> Any:
    return xp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_by_hand(x: np.ndarray) -> tuple[Any, np.ndarray]:
    t, u = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    g = np.zeros_like(x)
    g[:-1] = -400.0 * x[:-1] * t - 2.0 * u
    g[1:] += 200.0 * t
    return np.sum(100.0 * t**2 + u**2), g


def rosenbrock_product_by_hand(x: np.ndarray, v: np.ndarray) -> np.ndarray:
    a, b = x[:-1], x[1:]
    h = np.zeros_like(x)
    h[:-1] = (1200.0 * a**2 - 400.0 * b + 2.0) * v[:-1] - 400.0 * a * v[1:]
    h[1:] += -400.0 * a * v[:-1] + 200.0 * v[1:]
    return h


def gradient_task(peers: Peers, n: int) -> Task:
    x = np.linspace(-1.0, 1.5, n)
    ways = {"by hand": lambda: rosenbrock_by_hand(x), **peers.value_and_gradient(rosenbrock, x)}
    ways |= peers.casadi_gradient(
        lambda ca, s: ca.sum1(100 * (s[1:] - s[:-1] ** 2) ** 2 + (1 - s[:-1]) ** 2), x
    )
    return Task(f"Rosenbrock n = {n:,}: value and gradient", lambda: rosenbrock(np, x), ways)


def product_task(peers: Peers, n: int) -> Task:
    x, v = np.linspace(-1.0, 1.5, n), np.linspace(1.0, 2.0, n)
    ways: dict[str, Work] = {
        "by hand": lambda: rosenbrock_product_by_hand(x, v),
        "dualrev": lambda: dr.hvp(lambda x: rosenbrock(np, x), x, v),
    }
    if peers.autograd:
        theirs = importlib.import_module("autograd.differential_operators").hessian_vector_product(
            lambda x: rosenbrock(peers.anp, x)
        )
        ways["autograd"] = lambda: theirs(x, v)
    if peers.jax:
        jax = peers.jax

        def product(x: Any, v: Any) -> Any:
            return jax.jvp(jax.grad(lambda x: rosenbrock(peers.jnp, x)), (x,), (v,))[1]

        jitted = jax.jit(product)
        eager_x, eager_v = jax.numpy.asarray(x), jax.numpy.asarray(v)
        ways["JAX eager"] = lambda: np.asarray(product(eager_x, eager_v))
        ways["JAX jit"] = lambda: np.asarray(jitted(x, v))
    if peers.torch:
        torch = peers.torch

        def with_torch() -> Any:
            t = torch.tensor(x, requires_grad=True)
            (g,) = torch.autograd.grad(rosenbrock(torch, t), t, create_graph=True)
            return torch.autograd.grad(g, t, torch.from_numpy(v))[0].numpy()

        ways["PyTorch"] = with_torch
    if peers.casadi:
        ca = peers.casadi
        s, d = ca.SX.sym("x", n), ca.SX.sym("v", n)
        y = ca.sum1(100 * (s[1:] - s[:-1] ** 2) ** 2 + (1 - s[:-1]) ** 2)
        function = ca.Function("h", [s, d], [ca.jtimes(ca.gradient(y, s), s, d)])
        ways["CasADi"] = lambda: np.asarray(function(x, v)).ravel()
    return Task(f"Rosenbrock n = {n:,}: Hessian-vector product", lambda: rosenbrock(np, x), ways)


def logistic_task(peers: Peers, m: int, n: int) -> Task:
    rng = np.random.default_rng(0)
    a, y, beta = (
        rng.standard_normal((m, n)),
        rng.integers(0, 2, m).astype(float),
        0.1 * rng.standard_normal(n),
    )
    tensors = {id(peers.torch): [peers.torch.from_numpy(c) for c in (a, y)]} if peers.torch else {}

    def f(xp: Any, beta: Any) -> Any:
        a_, y_ = tensors.get(id(xp), (a, y))
        z = a_ @ beta
        return xp.sum(xp.log(1 + xp.exp(z)) - y_ * z)

    def by_hand() -> Any:
        z = a @ beta
        e = np.exp(z)
        return np.sum(np.log(1 + e) - y * z), a.T @ (e / (1 + e) - y)

    ways = {"by hand": by_hand, **peers.value_and_gradient(f, beta)}
    if m * n <= 10_000:
        ways |= peers.casadi_gradient(
            lambda ca, s: ca.sum1(
                ca.log(1 + ca.exp(ca.mtimes(ca.DM(a), s))) - ca.DM(y) * ca.mtimes(ca.DM(a), s)
            ),
            beta,
        )
    return Task(f"logistic regression {m:,} x {n}: value and gradient", lambda: f(np, beta), ways)


def network_task(peers: Peers) -> Task:
    """10-32-32-1 with tanh on 64 examples; the weights are one flat array."""
    rng = np.random.default_rng(1)
    sizes = [(10, 32), (32,), (32, 32), (32,), (32, 1), (1,)]
    ends = np.cumsum([int(np.prod(s)) for s in sizes])
    starts = ends - [int(np.prod(s)) for s in sizes]
    w, x, y = (
        0.3 * rng.standard_normal(ends[-1]),
        rng.standard_normal((64, 10)),
        rng.standard_normal((64, 1)),
    )
    tensors = {id(peers.torch): [peers.torch.from_numpy(c) for c in (x, y)]} if peers.torch else {}

    def parts(w: Any) -> list[Any]:
        return [w[int(i) : int(j)].reshape(s) for i, j, s in zip(starts, ends, sizes, strict=True)]

    def f(xp: Any, w: Any) -> Any:
        h, y_ = tensors.get(id(xp), (x, y))
        w1, b1, w2, b2, w3, b3 = parts(w)
        h = xp.tanh(h @ w1 + b1)
        h = xp.tanh(h @ w2 + b2)
        return xp.sum((h @ w3 + b3 - y_) ** 2)

    def by_hand() -> Any:
        w1, b1, w2, b2, w3, b3 = parts(w)
        h1 = np.tanh(x @ w1 + b1)
        h2 = np.tanh(h1 @ w2 + b2)
        e = h2 @ w3 + b3 - y
        c3 = 2 * e
        c2 = (c3 @ w3.T) * (1 - h2**2)
        c1 = (c2 @ w2.T) * (1 - h1**2)
        cts = [x.T @ c1, c1.sum(0), h1.T @ c2, c2.sum(0), h2.T @ c3, c3.sum(0)]
        return np.sum(e**2), np.concatenate([c.ravel() for c in cts])

    ways = {"by hand": by_hand, **peers.value_and_gradient(f, w)}
    return Task("network 10-32-32-1, 64 examples: value and gradient", lambda: f(np, w), ways)


def elementwise_task(peers: Peers, n: int) -> Task:
    x = np.linspace(-2.0, 2.0, n)

    def f(xp: Any, x: Any) -> Any:
        return xp.sum(xp.exp(-(x**2)) * xp.sin(3.0 * x) + xp.tanh(x))

    def by_hand() -> Any:
        e, s, t = np.exp(-(x**2)), np.sin(3.0 * x), np.tanh(x)
        return np.sum(e * s + t), e * (3.0 * np.cos(3.0 * x) - 2.0 * x * s) + 1 - t**2

    return Task(
        f"elementwise, {n:,} numbers: value and gradient",
        lambda: f(np, x),
        {"by hand": by_hand, **peers.value_and_gradient(f, x)},
    )


def loop_task(peers: Peers, n: int) -> Task:
    x = np.linspace(0.1, 1.0, n)

    def f(xp: Any, x: Any) -> Any:
        total = 0.0
        for k in range(n):
            total = total + x[k] * x[k]
        return total

    ways: dict[str, Work] = {"by hand": lambda: (x @ x, 2 * x)}
    ways |= peers.value_and_gradient(f, x, eager=n <= 100)
    return Task(f"Python loop over {n:,} elements: value and gradient", lambda: f(np, x), ways)


# -- the comparison ---------------------------------------------------------------------


def agree(task: Task) -> None:
    """Refuse to time what computes something else."""
    right = task.ways["by hand"]()
    right = right[1] if isinstance(right, tuple) else right
    for name, work in task.ways.items():
        start = time.perf_counter()
        found = work()
        if name == "JAX jit":
            task.compile_seconds = time.perf_counter() - start
        found = found[1] if isinstance(found, (tuple, list)) else found
        if not np.allclose(found, right, rtol=1e-8, atol=1e-10):
            raise SystemExit(f"{task.name}: {name} is wrong")


def main() -> int:
    options = arguments(__doc__ or "")
    budget = 1.5 if options.quick else 6.0
    peers = Peers()
    makers: list[Callable[[], Task]] = [
        lambda: gradient_task(peers, 10),
        lambda: gradient_task(peers, 1000),
        lambda: product_task(peers, 10),
        lambda: product_task(peers, 1000),
        lambda: logistic_task(peers, 100, 5),
        lambda: logistic_task(peers, 1000, 50),
        lambda: network_task(peers),
        lambda: elementwise_task(peers, 1_000_000),
        lambda: loop_task(peers, 100 if options.quick else 1000),
    ]
    report = Report("Against the peers", options.output / "peers.md")
    report.add(
        f"Peers: {peers.versions()}. Every entry is time / time of the plain function in NumPy; smaller is better."
    )
    ratios, best = [], []
    for make in makers:
        task = make()
        progress(task.name)
        agree(task)
        t = seconds_each({"f": task.f, **task.ways}, budget)
        ratios.append(
            [
                task.name,
                duration(t["f"]),
                *(ratio(t[way] / t["f"]) if way in t else "-" for way in ORDER),
            ]
        )
        others = {way: t[way] for way in ("autograd", "PyTorch", "JAX eager") if way in t}
        if others:
            way = min(others, key=others.__getitem__)
            compiling = duration(task.compile_seconds) if task.compile_seconds else "-"
            best.append([task.name, way, ratio(others[way] / t["dualrev"]), compiling])
    report.add(table(ratios, ["work", "f in NumPy", *ORDER]))
    report.add("## Fastest eager peer")
    report.add(
        table(best, ["work", "fastest eager peer", "its time / dualrev's", "JAX jit: first call"])
    )
    report.save()
    return 0


if __name__ == "__main__":
    sys.exit(main())
