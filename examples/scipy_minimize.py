"""`scipy.optimize.minimize` with exact derivatives, for every method that takes them.

One plain function; `dr.grad` is its ``jac``, `dr.hessian` its ``hess``, `dr.hvp` its ``hessp``. Each
method gets what it takes, and nothing that it would warn about or refuse (SciPy's documentation is
more generous than its code). The same methods are then run as many people run them: without
``jac``, so that SciPy takes finite differences, where a method allows it.

The function is Rosenbrock's with 30 variables, because SciPy has its derivatives too, written by
hand, to compare with.

What it finds: with exact derivatives every method succeeds, without a warning, and ends within 1e-6
of the minimum. Finite differences need 31 calls of the function for a gradient, thousands in all;
they end a thousand times farther away, and some methods report that they failed.

    python examples/scipy_minimize.py
    python examples/scipy_minimize.py --long     200 variables
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings

import numpy as np
from scipy import optimize

import dualrev as dr
from dualrev.comparison import require
from dualrev.timing import duration, table

# What each method of `minimize` takes, measured with SciPy 1.17. The methods that are not here
# (Nelder-Mead, Powell, COBYLA, COBYQA) take no derivatives.
KINDS = ("jac", "hess", "hessp")
GRADIENT, HESSIAN, PRODUCTS = ("jac",), ("jac", "hess"), ("jac", "hessp")
TAKES = {
    "CG": [GRADIENT],
    "BFGS": [GRADIENT],
    "L-BFGS-B": [GRADIENT],
    "TNC": [GRADIENT],
    "SLSQP": [GRADIENT],
    "Newton-CG": [HESSIAN, PRODUCTS],
    "trust-ncg": [HESSIAN, PRODUCTS],
    "trust-krylov": [HESSIAN, PRODUCTS],
    "trust-exact": [HESSIAN],
    "dogleg": [HESSIAN],  # wherever it goes, the Hessian must be positive definite
    "trust-constr": [HESSIAN, PRODUCTS],
}
NEEDS_JAC = ("Newton-CG", "trust-ncg", "trust-krylov", "trust-exact", "dogleg")
LIMITS = {  # when to stop: at a gradient of 1e-8, said in the words of each method
    "L-BFGS-B": {"gtol": 1e-8, "ftol": 0.0, "maxiter": 10_000, "maxfun": 100_000},
    "TNC": {"gtol": 1e-9, "ftol": 0.0, "xtol": 0.0, "maxfun": 10_000},
    "SLSQP": {"ftol": 1e-16, "maxiter": 10_000},
    "Newton-CG": {"xtol": 1e-9, "maxiter": 10_000},
    "trust-constr": {"gtol": 1e-8, "xtol": 1e-12, "maxiter": 10_000},
}
OTHERS = {"gtol": 1e-8, "maxiter": 10_000}


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


class Counter:
    """A function that knows how often it was called."""

    def __init__(self, f):
        self.f, self.calls = f, 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


def derivatives(f, kinds):
    """The keywords of `minimize` for `f`: what a method takes, and nothing else."""
    every = {
        "jac": dr.grad(f),
        "hess": dr.hessian(f),
        "hessp": lambda x, p: dr.hvp(f, x, p),
    }
    return {kind: Counter(every[kind]) for kind in kinds}


def run(method, x0, keywords):
    """Minimize; the result, the calls of the function, and the time."""
    f = Counter(rosenbrock)
    start = time.perf_counter()
    limits = LIMITS.get(method, OTHERS)
    with np.errstate(over="ignore"):  # trust-krylov multiplies memory that it has not set
        found = optimize.minimize(f, x0, method=method, options=limits, **keywords)
    return found, f.calls, time.perf_counter() - start


def exact(method, x0, kinds):
    """A row of the table with exact derivatives; any warning is an error."""
    keywords = derivatives(rosenbrock, kinds)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, calls, took = run(method, x0, keywords)
    name = f"{method} with {' and '.join(kinds)}"
    error = np.max(np.abs(found.x - 1))
    require(found.success, f"{name}: {found.message}")
    require(error < 1e-6, f"{name} misses the minimum by {error:.1e}")
    slope = np.max(np.abs(optimize.rosen_der(found.x)))  # as SciPy has it
    require(slope < 1e-4, f"{name} stopped at a gradient of {slope:.1e}")
    counts = [f"{keywords[kind].calls:,}" if kind in keywords else "-" for kind in KINDS]
    return [method, f"{found.nit:,}", f"{calls:,}", *counts, f"{error:.0e}", duration(took), "yes"]


def differenced(method, x0):
    """The same without derivatives: SciPy differences the function."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, calls, took = run(method, x0, {})
    error = np.max(np.abs(found.x - 1))
    success = "yes" if found.success else "no"
    row = [f"{method}, differences", f"{found.nit:,}", f"{calls:,}", "-", "-", "-"]
    return [*row, f"{error:.0e}", duration(took), success]


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-n", type=int, help="variables (30, or 200 in a long run)")
    parser.add_argument("--long", action="store_true", help="more variables")
    options = parser.parse_args(argv)
    n = options.n or (200 if options.long else 30)
    x0 = np.full(n, 1.5)

    p = np.cos(np.arange(n))
    for kind, ours, scipys in (
        ("jac", dr.grad(rosenbrock)(x0), optimize.rosen_der(x0)),
        ("hess", dr.hessian(rosenbrock)(x0), optimize.rosen_hess(x0)),
        ("hessp", dr.hvp(rosenbrock, x0, p), optimize.rosen_hess_prod(x0, p)),
    ):
        same = np.allclose(ours, scipys, rtol=1e-13, atol=1e-12 * np.max(np.abs(scipys)))
        require(same, f"{kind} is not SciPy's")

    rows = []
    for method, ways in TAKES.items():
        if sys.stderr.isatty():
            print(f"  {method} ...\033[K", end="\r", file=sys.stderr, flush=True)
        rows += [exact(method, x0, kinds) for kinds in ways]
        if method not in NEEDS_JAC:
            rows.append(differenced(method, x0))
    head = ["method", "iterations", "f", *KINDS, "error", "time", "success"]
    print(f"Rosenbrock, n = {n}: calls of the function and of each derivative\n")
    print(table(rows, head))


if __name__ == "__main__":
    main()
