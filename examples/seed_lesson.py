"""How automatic differentiation works, step by step, on two small functions.

First ``y = sin((2 x + 1)**2)``, then a network with one hidden layer. NumPy code is a sequence of
simple operations. Run on a `dr.Tape`, each operation leaves one record: which values it came from,
and its local derivative. Two sweeps over the records give derivatives:

* forward: a tangent starts at the input and is multiplied by each local derivative;
* backward: a cotangent starts at the output with 1 and is multiplied by the same local
  derivatives in the opposite order; where a value was used twice, two cotangents are added.

The lesson does both by hand, with nothing but the printed table, and finds what the chain rule on
paper and the library find. ``--picture`` draws the two graphs.

    python examples/seed_lesson.py
    python examples/seed_lesson.py --picture .     the graphs, as SVG and DOT
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

import dualrev as dr
from dualrev.comparison import require
from dualrev.notation import short
from dualrev.show import graph

# -- 1. the seed: y = sin((2 x + 1)^2) ---------------------------------------------------


def seed(x):
    return np.sin((2 * x + 1) ** 2)


def seed_by_hand(x):
    """The chain rule on paper."""
    return np.cos((2 * x + 1) ** 2) * 2 * (2 * x + 1) * 2


# -- 2. a network with one hidden layer --------------------------------------------------

INPUT = np.array([0.5, -1.0])
TARGET = 1.0


def network(W, b, u, c):
    """The error of ``u . tanh(W x + b) + c`` on one example."""
    hidden = np.tanh(W @ INPUT + b)
    return 0.5 * (u @ hidden + c - TARGET) ** 2


def network_by_hand(W, b, u, c):
    """Back-propagation on paper [Rumelhart, Hinton & Williams 1986]."""
    hidden = np.tanh(W @ INPUT + b)
    error = u @ hidden + c - TARGET  # dE/d(output)
    at_hidden = error * u * (1 - hidden**2)  # dE/d(W x + b)
    return np.outer(at_hidden, INPUT), at_hidden, error * hidden, error


# -- the two sweeps, by hand -------------------------------------------------------------


def step_by_step(f, *args):
    """Record `f` on a tape, print every step of both sweeps; the cotangents of the arguments."""
    tape = dr.Tape()
    y = f(*[tape.variable(arg) for arg in args])  # plain NumPy code; each operation leaves a record
    tape.close()
    picture = graph(f, *args)  # the same run, with values and names for the printout
    names = [node.name for node in picture.nodes]
    count = len(tape.records)
    require(count == len(names) and y.index == count - 1, "the tape is not what was drawn")

    print("Run it. Each operation, its value, its local derivatives:\n")
    for node in picture.nodes:
        what = node.name if node.operation == "input" else f"{node.name} = {node.expression}"
        partials = [
            f"d{node.name}/d{names[p]} = {linear_map(d)}"
            for p, d in zip(node.parents, node.derivatives, strict=True)
        ]
        print(f"  {what:<22} is {short(node.value):<30} {'   '.join(partials)}".rstrip())

    print("\nSweep forward. One tangent at a time, from the first argument's first number:\n")
    tangents = [None] * count
    for k, record in enumerate(tape.records):
        if record is None:  # an argument
            tangents[k] = np.zeros(np.shape(args[k]))
            if k == 0:
                tangents[k].flat[0] = 1.0
        else:
            differential, parents, residuals = record
            parents = (parents,) if isinstance(parents, int) else parents
            tangents[k] = differential.push(residuals, [tangents[p] for p in parents])
        print(f"  {names[k] + ' moves by':<22}    {short(tangents[k])}")

    print("\nSweep back. 1 at the end; to each parent goes cotangent times local derivative:\n")
    cotangents = [0.0] * (count - 1) + [1.0]
    for k in reversed(range(count)):
        ct = cotangents[k]
        if tape.records[k] is None:
            print(f"  {'gradient by ' + names[k]:<22} is {short(ct)}")
            continue
        differential, parents, residuals = tape.records[k]
        pulled = differential.pull(residuals, ct)
        parents, pulled = ((parents,), (pulled,)) if isinstance(parents, int) else (parents, pulled)
        for parent, contribution in zip(parents, pulled, strict=True):
            cotangents[parent] = cotangents[parent] + contribution  # twice used: added
        sent = [f"{names[p]} += {short(c)}" for p, c in zip(parents, pulled, strict=True)]
        print(f"  {'cotangent of ' + names[k]:<22} is {short(ct):<30} {'   '.join(sent)}")
    print()
    return picture, tangents[-1], cotangents[: len(args)]


def linear_map(derivative):
    """Numbers where they can be read; a matrix product is what it is."""
    readable = derivative is not None and np.ndim(derivative) < 2
    return short(derivative) if readable else "a linear map"


# -- the lesson --------------------------------------------------------------------------


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--picture", type=Path, metavar="FOLDER", help="draw the graphs there")
    options = parser.parse_args(argv)

    x = 0.5
    print("1. y = sin((2 x + 1)^2) at x = 0.5\n")
    lesson, slope, (gradient,) = step_by_step(seed, x)
    on_paper = seed_by_hand(x)
    print(f"By the chain rule on paper: cos((2x+1)^2) 2 (2x+1) 2 = {on_paper:.6f}, the same.\n")
    for found in (slope, gradient, dr.derivative(seed)(x), dr.grad(seed)(x)):
        require(np.isclose(found, on_paper, rtol=1e-14, atol=0), "not what the chain rule gives")

    print("2. E = (u . tanh(W x + b) + c - target)^2 / 2 at x = (0.5, -1)\n")
    W, b = np.array([[0.2, -0.4], [0.7, 0.1]]), np.array([0.1, -0.2])
    u, c = np.array([0.5, -1.0]), 0.1
    net, slope, gradients = step_by_step(network, W, b, u, c)
    on_paper = network_by_hand(W, b, u, c)
    library = dr.grad(network, argnums=(0, 1, 2, 3))(W, b, u, c)
    for by_sweep, by_hand, by_library in zip(gradients, on_paper, library, strict=True):
        require(np.allclose(by_sweep, by_hand, rtol=1e-14, atol=0), "the sweep is wrong")
        require(np.array_equal(by_sweep, by_library), "the library sweeps otherwise")
    require(np.isclose(slope, on_paper[0][0, 0], rtol=1e-13), "the forward sweep is wrong")
    print("Back-propagation on paper gives the same four gradients; the forward sweep gave one of")
    print(f"their {sum(np.size(g) for g in gradients)} numbers, the backward sweep all of them.")

    if options.picture:
        for picture, name in ((lesson, "lesson"), (net, "network")):
            for suffix in (".svg", ".dot"):
                picture.save(options.picture / (name + suffix))
        print(f"\nPictures: lesson and network, as .svg and .dot, in {options.picture}")


if __name__ == "__main__":
    main()
