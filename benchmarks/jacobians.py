"""Dense Jacobians and Hessians, and gradients of every example: batched against loops and peers.

    python benchmarks/jacobians.py [--quick]

writes ``results/jacobians.md``; exit code 1 if a bar is missed. A peer that is not installed is
left out. Every result is compared with dualrev's before it is timed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from peers import Peers
from timing import Report, arguments, duration, progress, ratio, seconds_each, table

import dualrev as dr

Bars = list[tuple[str, float, float]]  # what, measured, at least
Work = Callable[[], Any]
Function = Callable[[Any, Any], Any]
WAYS = ["loop of gradients", "loop of jvps", "JAX eager", "JAX jit", "autograd", "torch.func"]


# -- functions, of a namespace and a flat array -----------------------------------------


def bratu(xp: Any, u: Any) -> Any:
    return u[2:] - 2.0 * u[1:-1] + u[:-2] + 1e-4 * xp.exp(u[1:-1])


def rosenbrock_residuals(xp: Any, x: Any) -> Any:
    return xp.concatenate([10.0 * (x[1:] - x[:-1] ** 2), 1.0 - x[:-1]])


def running_sum(xp: Any, x: Any) -> Any:
    return xp.cumsum(x**2, 0) * x


def log_softmax(xp: Any, x: Any) -> Any:
    return x - xp.log(xp.sum(xp.exp(x)))


def rosenbrock(xp: Any, x: Any) -> Any:
    return xp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def quartic(xp: Any, x: Any) -> Any:
    return xp.sum(x**4) + xp.sum(x**2) ** 2


class Layer:
    """``tanh(W x)``, or the sum of its squares; `W` belongs to the namespace."""

    def __init__(self, peers: Peers, n: int, is_loss: bool) -> None:
        w = np.random.default_rng(0).standard_normal((n, n)) / np.sqrt(n)
        self.w = {id(np): w, id(peers.anp): w}
        if peers.jnp:
            self.w[id(peers.jnp)] = peers.jnp.asarray(w)
        if peers.torch:
            self.w[id(peers.torch)] = peers.torch.from_numpy(w)
        self.is_loss = is_loss

    def __call__(self, xp: Any, x: Any) -> Any:
        y = xp.tanh(self.w[id(xp)] @ x)
        return xp.sum(y**2) if self.is_loss else y


def functions(peers: Peers, n: int) -> list[tuple[str, Function, bool]]:
    """Names, functions, and whether the Hessian is meant."""
    return [
        ("Bratu residual", bratu, False),
        ("tanh(W x)", Layer(peers, n, False), False),
        ("Rosenbrock residuals", rosenbrock_residuals, False),
        ("cumsum(x^2) x", running_sum, False),
        ("log softmax", log_softmax, False),
        ("Rosenbrock, Hessian", rosenbrock, True),
        ("sum of tanh(W x)^2, Hessian", Layer(peers, n, True), True),
        ("quartic, Hessian", quartic, True),
    ]


# -- ways -------------------------------------------------------------------------------


def loops(f: Callable[[Any], Any], x: np.ndarray, is_hessian: bool) -> dict[str, Work]:
    """A derivative a row or a column, as one would write it without batching."""
    g = dr.grad(f) if is_hessian else f
    rows, units = range(np.size(g(x))), np.eye(x.size)

    def row(i: int) -> Any:
        return dr.grad(lambda x: g(x)[i])(x)

    def column(e: Any) -> Any:
        return dr.jvp(g, (x,), (e,))[1]

    return {
        "loop of gradients": lambda: np.stack([row(i) for i in rows]),
        "loop of jvps": lambda: np.stack([column(e) for e in units], axis=-1),
    }


def batched(f: Callable[[Any], Any], is_hessian: bool, chunk_size: int | None = None) -> Any:
    return (dr.hessian if is_hessian else dr.jacobian)(f, chunk_size=chunk_size)


def of_peers(peers: Peers, f: Function, x: np.ndarray, is_hessian: bool) -> dict[str, Work]:
    """Forward mode in all of them, for the results have no fewer elements than the arguments."""
    ways: dict[str, Work] = {}
    if peers.jax:
        derive = (peers.jax.hessian if is_hessian else peers.jax.jacfwd)(partial(f, peers.jnp))
        compiled, x_jax = peers.jax.jit(derive), peers.jnp.asarray(x)
        ways["JAX eager"] = lambda: np.asarray(derive(x_jax))
        ways["JAX jit"] = lambda: np.asarray(compiled(x_jax))
    if peers.autograd:
        name = "hessian" if is_hessian else "jacobian"
        theirs = getattr(peers.autograd, name)(partial(f, peers.anp))
        ways["autograd"] = lambda: theirs(x)
    if peers.torch:
        func = peers.torch.func
        theirs_torch = (func.hessian if is_hessian else func.jacfwd)(partial(f, peers.torch))
        x_torch = peers.torch.from_numpy(x)
        ways["torch.func"] = lambda: theirs_torch(x_torch).numpy()
    return ways


def agree(name: str, works: dict[str, Work]) -> None:
    """Refuse to time what computes something else."""
    right = works["dualrev"]()
    for way, work in works.items():
        if way != "f" and not np.allclose(work(), right, rtol=1e-8, atol=1e-10):
            raise SystemExit(f"{name}: {way} and dualrev differ")


# -- tables -----------------------------------------------------------------------------


def dense(report: Report, peers: Peers, n: int, budget: float, bars: Bars) -> None:
    x = np.linspace(-1.0, 1.5, n)
    rows = []
    for name, f, is_hessian in functions(peers, n):
        progress(f"n = {n}: {name}")
        plain = partial(f, np)
        derive = batched(plain, is_hessian)
        works: dict[str, Work] = {
            "f": lambda plain=plain: plain(x),
            "dualrev": lambda derive=derive: derive(x),
        }
        works |= of_peers(peers, f, x, is_hessian)
        if n <= 300:
            works |= loops(plain, x, is_hessian)
        else:
            works.pop("autograd", None)
        agree(name, works)
        t = seconds_each(works, budget)
        cells = [ratio(t[way] / t["dualrev"]) if way in t else "-" for way in WAYS]
        rows.append([name, duration(t["dualrev"]), ratio(t["dualrev"] / t["f"]), *cells])
        if n == 100:
            for way, limit in (("loop of gradients", 20.0), ("JAX eager", 50.0)):
                if way in t:
                    bars.append((f"{name}: {way} / dualrev", t[way] / t["dualrev"], limit))
    report.add(f"## n = {n:,}: time / dualrev's")
    report.add(table(rows, ["derivative", "dualrev", "dualrev / f", *WAYS]))


def chunks(report: Report, peers: Peers, sizes: list[int], budget: float) -> None:
    """How many directions at once: the sizes in bytes of the tangents of one array."""
    exponents = range(17, 26)
    rows = []
    for n in sizes:
        x = np.linspace(-1.0, 1.5, n)
        for name, f, is_hessian in functions(peers, n):
            if n > 1000 and isinstance(f, Layer):  # minutes: a product with W for each chunk
                continue
            progress(f"chunks, n = {n}: {name}")
            plain = partial(f, np)
            works = {}
            for k in exponents:
                chunk = min(n, 2**k // (8 * n))
                if chunk and chunk not in works:
                    works[chunk] = partial(batched(plain, is_hessian, chunk), x)
            t = seconds_each({str(c): work for c, work in works.items()}, budget)
            best = min(t.values())
            times = {k: t.get(str(min(n, 2**k // (8 * n)))) for k in exponents}
            cells = [ratio(each / best) if each else "-" for each in times.values()]
            rows.append([f"{name}, {n:,}", duration(best), *cells])
    report.add("## Directions at once: time / the best, by KB of the tangents of one array")
    heads = ["derivative, n", "best", *(f"{2**k // 1024:,}" for k in exponents)]
    report.add(table(rows, heads))


def examples(report: Report, peers: Peers, count: int, budget: float) -> None:
    """The gradient of every example of a batch: a network 64-256-256-10."""
    rng = np.random.default_rng(0)
    sizes = [64, 256, 256, 10]
    weights = [rng.standard_normal(s) / np.sqrt(s[0]) for s in pairwise(sizes)]
    xs, ys = rng.standard_normal((count, 64)), rng.standard_normal((count, 10))

    def loss(xp: Any, w: Any, x: Any, y: Any) -> Any:
        h = xp.tanh(x @ w[0])
        h = xp.tanh(h @ w[1])
        return xp.sum((h @ w[2] - y) ** 2)

    def looped(gradient: Callable[..., Any]) -> Any:
        each = [gradient(weights, x, y) for x, y in zip(xs, ys, strict=True)]
        return [np.stack(parts) for parts in zip(*each, strict=True)]

    every = dr.vmap(dr.grad(partial(loss, np)), in_axes=(None, 0, 0))
    works: dict[str, Work] = {
        "f": lambda: loss(np, weights, xs, ys),
        "dualrev, vmap": lambda: every(weights, xs, ys),
        "dualrev, loop": lambda: looped(dr.grad(partial(loss, np))),
    }
    compiling = 0.0
    if peers.autograd:
        works["autograd, loop"] = lambda: looped(peers.autograd.grad(partial(loss, peers.anp)))
    if peers.jax:
        jax = peers.jax
        jax_every = jax.vmap(jax.grad(partial(loss, peers.jnp)), in_axes=(None, 0, 0))
        compiled = jax.jit(jax_every)
        jax_args = (
            [peers.jnp.asarray(w) for w in weights],
            peers.jnp.asarray(xs),
            peers.jnp.asarray(ys),
        )
        works["JAX eager, vmap"] = lambda: [np.asarray(g) for g in jax_every(*jax_args)]
        works["JAX jit, vmap"] = lambda: [np.asarray(g) for g in compiled(*jax_args)]
        start = time.perf_counter()
        works["JAX jit, vmap"]()
        compiling = time.perf_counter() - start
    if peers.torch:
        func, given = peers.torch.func, peers.torch.from_numpy
        torch_every = func.vmap(func.grad(partial(loss, peers.torch)), in_dims=(None, 0, 0))
        torch_args = [given(w) for w in weights], given(xs), given(ys)
        works["torch.func, vmap"] = lambda: [g.numpy() for g in torch_every(*torch_args)]
    right = works["dualrev, vmap"]()
    for way, work in works.items():
        progress(f"examples: {way}")
        if way != "f" and not all(map(np.allclose, work(), right)):
            raise SystemExit(f"gradients of examples: {way} and dualrev differ")
    t = seconds_each(works, budget, repeats=7)
    rows = [[way, duration(t[way]), ratio(t[way] / t["f"]), ratio(t[way] / t["dualrev, vmap"])]
            for way in works if way != "f"]  # fmt: skip
    report.add(f"## The gradients of {count} examples, network 64-256-256-10")
    report.add(table(rows, ["way", "time", "time / loss of all", "time / dualrev's"]))
    if compiling:
        report.add(f"JAX jit: the first call takes {duration(compiling)}.")


def main() -> int:
    options = arguments(__doc__ or "")
    budget = 0.5 if options.quick else 3.0
    peers = Peers()
    report = Report("Jacobians and Hessians, batched", options.output / "jacobians.md")
    report.add(
        f"Peers: {peers.versions()}. A loop of gradients is `dr.grad` of each element of the result "
        "(of the gradient, for a Hessian); a loop of jvps is a `dr.jvp` for each unit vector."
    )
    bars: Bars = []
    for n in (10, 100) if options.quick else (10, 100, 1000):
        dense(report, peers, n, budget, bars)
    chunks(report, peers, [300] if options.quick else [300, 1000, 3000], budget)
    examples(report, peers, 20 if options.quick else 100, 4 * budget)
    return report.finish(bars, at_least=True)


if __name__ == "__main__":
    sys.exit(main())
