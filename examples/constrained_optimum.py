"""A chemical equilibrium by constrained minimization, and how it changes with what is put in.

Hydrazine burns with oxygen at 3500 K and 750 psi. Ten species are present, in amounts ``x`` that
minimize the free energy ``sum x (c + ln(x / sum x))``; hydrogen, nitrogen and oxygen are conserved,
``A x = feed`` [White, Johnson & Dantzig 1958; problem 112 of Hock & Schittkowski 1981].
`dr.scipy.Objective` and `dr.scipy.Constraint` give SciPy's solvers exact derivatives.

The solution is a function of the feed and of the pressure; `dr.argmin` and `dualrev.scipy.optimize`
are differentiable as such. The independent answer has three unknowns for the ten: the chemical potential
of each element. With these, ``x = total exp(A^T potentials - c)``, and Newton's method, by hand, finds them
and the total from ``A x = feed`` and ``sum x = total``; the sensitivities follow from the same matrix.

What it finds: a free energy of -47.761091 (published: -47.7611). `dr.argmin` finds the composition to
2e-15 and its sensitivities to 1e-15; SLSQP is 7e-9 away after 34 iterations, and so are the sensitivities
at its solution; trust-constr, an interior method, stops 2e-5 away after 19. A mole of oxygen atoms more
makes 0.29 mol of water, 0.21 of O2 and 0.16 of OH, and takes 0.35 of H2. The optimum's gradient by the
feed is the potentials of the elements, -9.785, -12.969 and -15.222 RT; its Hessian, how these change.

    python examples/constrained_optimum.py
    python examples/constrained_optimum.py --picture composition.svg
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.optimize import Bounds

import dualrev as dr
from dualrev.charts import line_chart
from dualrev.comparison import require
from dualrev.scipy import Constraint, Objective
from dualrev.scipy.optimize import minimize
from dualrev.timing import duration, table

SPECIES = ("H", "H2", "H2O", "N", "N2", "NH", "NO", "O", "O2", "OH")
C = np.array([  # free energy of a mole over RT, plus ln(pressure)
    -6.089, -17.164, -34.054, -5.914, -24.721, -14.986, -24.100, -10.708, -26.662, -22.179,
])  # fmt: skip
A = np.array([  # atoms of H, N, O
    [1, 2, 2, 0, 0, 1, 0, 0, 0, 1],
    [0, 0, 0, 1, 2, 1, 1, 0, 0, 0],
    [0, 0, 1, 0, 0, 0, 1, 1, 2, 1],
])  # fmt: skip
FEED = np.array([2.0, 1.0, 1.0])
LEAST = 1e-6  # of a species; at no solution here is it reached
START = np.full(10, 0.1)
PUBLISHED = -47.7611


def free_energy(x, pressure=1.0):
    """Over RT; `pressure` as a multiple of 750 psi."""
    return np.sum(x * (C + np.log(pressure) + np.log(x / np.sum(x))))


def equilibrium(feed, pressure=1.0):
    """The amounts of the species, differentiable by feed and pressure."""
    return dr.argmin(
        lambda x: free_energy(x, pressure),
        START,
        equality=lambda x: A @ x - feed,
        bounds=(LEAST, None),
    )


def equilibrium_by_scipy(feed, pressure=1.0):
    """The same by SciPy's SLSQP, as code that knows of no derivative would have it."""
    return minimize(
        free_energy,
        START,
        args=(pressure,),
        method="SLSQP",
        jac=dr.grad(free_energy),
        bounds=[(LEAST, None)] * 10,
        constraints={"type": "eq", "fun": lambda x: A @ x - feed, "jac": lambda x: A},
        options={"ftol": 1e-15, "maxiter": 500},
    ).x


# -- the independent answer --------------------------------------------------------------


def potentials_by_hand(feed, start, pressure=1.0):
    """Newton's method for the elements' potentials and the logarithm of the total amount."""
    unknown = start
    for _ in range(50):
        x = amounts(unknown, pressure)
        total = np.exp(unknown[3])
        change = np.linalg.solve(matrix(x), np.append(A @ x - feed, np.sum(x) - total))
        unknown = unknown - change
        if np.max(np.abs(change)) < 1e-14:
            break
    return unknown


def amounts(unknown, pressure):
    return np.exp(unknown[3] + unknown[:3] @ A - C - np.log(pressure))


def matrix(x):
    """Derivatives of ``A x`` and ``sum x - total`` by potentials and ln total, where ``sum x = total``."""
    return np.block([[(A * x) @ A.T, (A @ x)[:, None]], [A @ x, np.zeros(1)]])


def sensitivities_by_hand(x):
    """``dx / dfeed`` and ``dx / dln pressure``; and ``dpotentials / dfeed``."""
    rows = np.vstack([A, np.ones(10)])  # x' = x (rows^T unknown' - pressure')
    by_feed = np.linalg.solve(matrix(x), np.eye(4)[:, :3])
    by_pressure = np.linalg.solve(matrix(x), np.append(A @ x, np.sum(x)))
    return (
        x[:, None] * (rows.T @ by_feed),
        x * (rows.T @ by_pressure - 1),
        by_feed[:3],
    )


# -- the comparison ----------------------------------------------------------------------


def error(found, true):
    """The largest error, relative to the largest entry."""
    return np.max(np.abs(found - true)) / np.max(np.abs(true))


def solve():
    """The equilibrium by SciPy's two solvers with constraints, by `dr.argmin`, and by hand."""
    true = amounts(potentials_by_hand(FEED, np.array([-10.0, -13.0, -15.0, 0.5])), 1.0)
    rows = []
    for method, options in {
        "SLSQP": {"ftol": 1e-15, "maxiter": 500},
        "trust-constr": {"gtol": 1e-9, "xtol": 1e-12, "barrier_tol": 1e-12, "maxiter": 2000},
    }.items():
        start = time.perf_counter()
        objective, balance = Objective(free_energy), Constraint(lambda x: A @ x, FEED, FEED)
        found = objective.minimize(
            START,
            method=method,
            constraints=balance,
            bounds=Bounds(LEAST, np.inf, keep_feasible=True),  # no logarithm of a negative number
            **options,
        )
        took = time.perf_counter() - start
        require(found.success, f"{method}: {found.message}")
        e = error(found.x, true)
        require(e < (1e-6 if method == "SLSQP" else 1e-4), f"{method} is wrong by {e:.1e}")
        rows.append([method, f"{found.fun:.9f}", f"{e:.0e}", str(found.nit), duration(took)])
    start = time.perf_counter()
    x = equilibrium(FEED)
    took = time.perf_counter() - start
    require(error(x, true) < 1e-12, f"dr.argmin is wrong by {error(x, true):.1e}")
    rows.append(
        ["dr.argmin", f"{free_energy(x):.9f}", f"{error(x, true):.0e}", "-", duration(took)]
    )
    rows.append(["by hand", f"{free_energy(true):.9f}", "0e+00", "-", "-"])
    require(round(free_energy(true), 4) == PUBLISHED, "another optimum than published")
    print(table(rows, ["minimum by", "free energy", "error of x", "iterations", "time"]) + "\n")
    return x


def sensitivity(x):
    """Derivatives of the composition, and of the optimum: the chemical potentials."""
    by_feed = dr.jacobian(equilibrium)(FEED)
    by_pressure = dr.derivative(lambda p: equilibrium(FEED, np.exp(p)))(0.0)
    true, true_by_pressure, curvature = sensitivities_by_hand(x)
    for name, found, hand in (("feed", by_feed, true), ("pressure", by_pressure, true_by_pressure)):
        require(error(found, hand) < 1e-11, f"by {name}: wrong by {error(found, hand):.1e}")
    by_scipy = dr.jacobian(equilibrium_by_scipy)(FEED)
    require(error(by_scipy, true) < 1e-6, f"by SLSQP: wrong by {error(by_scipy, true):.1e}")

    h = 1e-4  # and by solving again, with another feed
    again = np.stack(
        [(equilibrium(FEED + e) - equilibrium(FEED - e)) / (2 * h) for e in h * np.eye(3)], axis=-1
    )
    require(error(again, true) < 1e-6, f"solved again: {error(again, true):.1e}")
    # twice the feed is twice of everything: x is homogeneous of degree one [Euler]
    require(error(by_feed @ FEED, x) < 1e-11, "the composition is not homogeneous")
    rows = [
        [name, f"{x[k]:.5f}", *(f"{s:+.4f}" for s in by_feed[k]), f"{by_pressure[k]:+.5f}"]
        for k, name in enumerate(SPECIES)
    ]
    print(table(rows, ["species", "amount", "by H", "by N", "by O", "by ln pressure"]))
    errors = [error(found, true) for found in (by_feed, by_scipy, again)]
    print(
        f"\nErrors: dr.argmin {errors[0]:.0e}, SLSQP {errors[1]:.0e}, solved again {errors[2]:.0e}."
    )

    def optimum(feed):
        return free_energy(equilibrium(feed))

    potentials = dr.grad(optimum)(FEED)
    unknown = potentials_by_hand(FEED, np.array([-10.0, -13.0, -15.0, 0.5]))
    require(error(potentials, unknown[:3]) < 1e-12, "the multipliers are not the potentials")
    require(error(dr.hessian(optimum)(FEED), curvature) < 1e-10, "the second derivative is wrong")
    require(abs(potentials @ FEED / free_energy(x) - 1) < 1e-12, "potentials times feed: no")
    written = ", ".join(f"{name} {p:.5f}" for name, p in zip("HNO", potentials, strict=True))
    print(f"Chemical potentials, the gradient of the optimum by the feed: {written}.")


def picture(path):
    """Composition against the oxygen that is fed, with tangents."""
    feeds = np.linspace(0.2, 2.6, 49)
    unknown, compositions = np.array([-10.0, -13.0, -15.0, 0.5]), []
    for oxygen in feeds:  # each from the one before: the curve by hand, the tangents by dr
        unknown = potentials_by_hand(np.array([2.0, 1.0, oxygen]), unknown)
        compositions.append(amounts(unknown, 1.0))
    compositions = np.array(compositions)
    shown = [SPECIES.index(name) for name in ("H2O", "H2", "O2", "OH", "N2", "NO")]
    series = {SPECIES[k]: (feeds, compositions[:, k]) for k in shown}
    xs, ys, reach = [], [], 0.2
    for oxygen in (0.6, 0.9, 1.2, 1.6, 2.1):
        x, slope = dr.jvp(lambda o: equilibrium(np.array([2.0, 1.0, o])), (oxygen,), (1.0,))
        xs += [oxygen - reach, oxygen + reach, np.nan]
        ends = [x - reach * slope, x + reach * slope]
        ys += [*(np.where(end < 0, np.nan, end) for end in ends), x]  # amounts are positive
    tangents = {SPECIES[k]: (xs, np.array(ys)[:, k]) for k in shown}
    title = "Hydrazine and oxygen at 3500 K: composition, and its tangents"
    labels = {"xlabel": "oxygen atoms fed, with 2 of H and 1 of N", "ylabel": "moles"}
    line_chart(series, path, title, **labels, dashes=tangents)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--picture", type=Path, metavar="SVG", help="draw the composition")
    options = parser.parse_args(argv)
    sensitivity(solve())
    if options.picture:
        picture(options.picture)
        print(f"\nPicture: {options.picture}")


if __name__ == "__main__":
    main()
