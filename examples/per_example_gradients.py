"""The gradient of every example of a batch, by ``vmap(grad(loss))``: what it is good for.

A gradient sums up over the examples. Some methods need it before the sum:

* differentially private training clips the gradient of each example to a length, so that no single
  one of them can show in the weights, and adds noise to the sum [Abadi et al. 2016];
* the gradient noise scale, the variance of an example's gradient against the mean's square, says
  which size of a batch is worth its price [McCandlish et al. 2018];
* the longest gradients belong to the examples that a model finds odd.

The model is a network with one hidden layer, written for one example; the data are real (569
biopsies, 30 measurements). What is checked: the gradients against a loop of ``dr.grad`` and against
backpropagation by hand; their mean against the gradient of the mean loss; the noise scale against
what batches drawn at random show.

What it finds: all gradients at once are 35 to 50 times as fast as the loop, and cost up to twice the
gradient of the mean. Clipped and with noise, training gets 98.2 % of the biopsies right; without,
98.9 %.

    python examples/per_example_gradients.py
    python examples/per_example_gradients.py --steps 1000
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import dualrev as dr
from dualrev.comparison import require
from dualrev.timing import duration, ratio, seconds_each, table

DATA = Path(__file__).parent / "data" / "breast_cancer.csv"

# -- a network, for one example ---------------------------------------------------------------


def loss(params, x, y):
    """Cross entropy of one biopsy: `x` holds its measurements, `y` is 0 or 1."""
    hidden = np.tanh(params["W"] @ x + params["b"])
    z = params["v"] @ hidden + params["c"]
    return np.logaddexp(0.0, z) - y * z


gradient = dr.grad(loss)
gradients = dr.vmap(gradient, in_axes=(None, 0, 0))  # of all examples: one more axis, in front


def by_loop(params, X, Y):
    each = [gradient(params, x, y) for x, y in zip(X, Y, strict=True)]
    return {name: np.stack([g[name] for g in each]) for name in params}


def by_hand(params, X, Y):
    """Backpropagation on paper, for all examples."""
    hidden = np.tanh(X @ params["W"].T + params["b"])
    dz = 1 / (1 + np.exp(-(hidden @ params["v"] + params["c"]))) - Y
    inner = dz[:, None] * params["v"] * (1 - hidden**2)
    return {
        "W": inner[:, :, None] * X[:, None, :],
        "b": inner,
        "v": dz[:, None] * hidden,
        "c": dz,
    }


def mean_loss(params, X, Y):
    return np.mean(dr.vmap(loss, in_axes=(None, 0, 0))(params, X, Y))


# -- what per-example gradients are for -----------------------------------------------------------


def squares(G):
    """The squared length of every example's gradient, over all weights."""
    return sum(np.sum(np.reshape(g, (len(g), -1)) ** 2, axis=1) for g in G.values())


def private_step(params, X, Y, rng, rate=0.5, longest=1.0, noise=1.0):
    """One step of differentially private gradient descent [Abadi et al. 2016, algorithm 1]."""
    G = gradients(params, X, Y)
    factor = np.minimum(1.0, longest / np.sqrt(squares(G)))
    new = {}
    for name, g in G.items():
        total = np.tensordot(factor, g, axes=1)
        total = total + noise * longest * rng.standard_normal(total.shape)
        new[name] = params[name] - rate * total / len(X)
    return new


def plain_step(params, X, Y, rate=0.5):
    g = dr.grad(mean_loss)(params, X, Y)
    return {name: params[name] - rate * g[name] for name in params}


def noise_scale(G):
    """The trace of the covariance of an example's gradient, over the squared mean gradient."""
    n = len(G["c"])
    mean = sum(np.sum(np.mean(g, axis=0) ** 2) for g in G.values())
    return (np.mean(squares(G)) - mean) * n / (n - 1), mean


def noise_by_sampling(params, X, Y, rng, size=16, batches=2000):
    """The same variance, from how much the gradients of small batches scatter."""
    G = np.concatenate(
        [np.reshape(g, (len(X), -1)) for g in by_hand(params, X, Y).values()], axis=1
    )
    chosen = rng.integers(len(X), size=(batches, size))
    means = np.stack([G[rows].mean(axis=0) for rows in chosen])
    return size * np.sum(np.var(means, axis=0))


def accuracy(params, X, Y):
    score = np.tanh(X @ params["W"].T + params["b"]) @ params["v"] + params["c"]
    return np.mean((score > 0) == Y)


def error(found, true):
    scale = max(np.max(np.abs(t)) for t in true.values())
    return max(np.max(np.abs(found[name] - true[name])) for name in true) / scale


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, default=200, help="steps of training")
    options = parser.parse_args(argv)
    rows = np.loadtxt(DATA, delimiter=",")
    X, Y = rows[:, :-1], rows[:, -1]
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    rng = np.random.default_rng(0)
    start = {
        "W": rng.standard_normal((16, X.shape[1])) / np.sqrt(X.shape[1]),
        "b": np.zeros(16),
        "v": rng.standard_normal(16) / 4,
        "c": np.float64(0.0),
    }
    weights = sum(np.size(p) for p in start.values())
    print(f"{len(X)} examples, {weights} weights: {len(X) * weights:,} numbers\n")

    G = gradients(start, X, Y)
    for what, other in (("a loop", by_loop), ("backpropagation by hand", by_hand)):
        off = error(G, other(start, X, Y))
        require(off < 1e-13, f"not what {what} gives: {off:.1e}")
    means = {name: np.mean(g, axis=0) for name, g in G.items()}
    off = error(means, dr.grad(mean_loss)(start, X, Y))
    require(off < 1e-13, f"the mean is not the gradient of the mean: {off:.1e}")
    works = {
        "vmap(grad(loss))": lambda: gradients(start, X, Y),
        "the same, 64 at a time": lambda: chunked(start, X, Y),
        "by hand": lambda: by_hand(start, X, Y),
        "a loop of grad(loss)": lambda: by_loop(start, X, Y),
        "the gradient of the mean": lambda: dr.grad(mean_loss)(start, X, Y),
    }
    chunked = dr.vmap(gradient, in_axes=(None, 0, 0), chunk_size=64)
    require(error(chunked(start, X, Y), G) == 0, "chunks change the numbers")
    times = seconds_each(works, repeats=5)
    first = times["vmap(grad(loss))"]
    lines = [[name, duration(took), ratio(took / first)] for name, took in times.items()]
    print(table(lines, ["gradients", "time", "ratio"]) + "\n")

    variance, mean = noise_scale(G)
    sampled = noise_by_sampling(start, X, Y, rng)
    require(
        abs(sampled / variance - 1) < 0.1, f"variance {variance:.4g}, by sampling {sampled:.4g}"
    )
    print(f"Variance of a gradient {variance:.3g}, as batches of 16 show it {sampled:.3g};")
    print(
        f"squared mean {mean:.3g}: batches of some {variance / mean:.0f} are worth their price.\n"
    )

    plain = private = start
    for _ in range(options.steps):
        plain = plain_step(plain, X, Y)
        private = private_step(private, X, Y, rng)
    lengths = np.sqrt(squares(gradients(private, X, Y)))
    lines = [
        [name, f"{mean_loss(p, X, Y):.3f}", f"{accuracy(p, X, Y):.1%}"]
        for name, p in (
            ("at the start", start),
            ("gradient descent", plain),
            ("clipped, with noise", private),
        )
    ]
    print(table(lines, [f"{options.steps} steps", "loss", "right"]))
    require(accuracy(private, X, Y) > 0.95, "private training does not learn")
    odd = np.argsort(-lengths)[:3]
    print(
        f"\nMedian length of a gradient at the end: {np.median(lengths):.2g}; the longest three, "
        f"{', '.join(f'{lengths[k]:.2g}' for k in odd)},\nbelong to the biopsies "
        f"{', '.join(map(str, odd))}."
    )


if __name__ == "__main__":
    main()
