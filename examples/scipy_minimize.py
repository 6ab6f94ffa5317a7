"""`scipy.optimize.minimize` with exact derivatives, for every method that takes them.

One plain function; `dr.scipy.Objective` makes of it what each method takes: gradient, Hessian or
products, and nothing that it would warn about or refuse (SciPy's documentation is more generous
than its code). The same methods are then run as many people run them: without ``jac``, so that
SciPy takes finite differences, where a method allows it.

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

METHODS = (
    *("CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP"),  # gradients
    *("Newton-CG", "trust-ncg", "trust-krylov", "trust-exact", "trust-constr"),  # and curvature
    "dogleg",  # wherever it goes, the Hessian must be positive definite
)
NEEDS_JAC = ("Newton-CG", "trust-ncg", "trust-krylov", "trust-exact", "dogleg")
KINDS = ("fun", "grad", "hess", "hvp")
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


def run(f, method, x0, keywords):
    """Minimize; the result, and the time."""
    start = time.perf_counter()
    limits = LIMITS.get(method, OTHERS)
    with np.errstate(over="ignore"):  # trust-krylov multiplies memory that it has not set
        found = optimize.minimize(f, x0, method=method, options=limits, **keywords)
    return found, time.perf_counter() - start


def exact(method, x0):
    """A row of the table with exact derivatives; any warning is an error."""
    P = dr.scipy.Objective(rosenbrock)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, took = run(P, method, x0, P.kw(method, len(x0)))
    error = np.max(np.abs(found.x - 1))
    require(found.success, f"{method}: {found.message}")
    require(error < 1e-6, f"{method} misses the minimum by {error:.1e}")
    slope = np.max(np.abs(optimize.rosen_der(found.x)))  # as SciPy has it
    require(slope < 1e-4, f"{method} stopped at a gradient of {slope:.1e}")
    counts = [f"{getattr(P.counts, kind):,}" if getattr(P.counts, kind) else "-" for kind in KINDS]
    return [method, f"{found.nit:,}", *counts, f"{error:.0e}", duration(took), "yes"]


def differenced(method, x0):
    """The same without derivatives: SciPy differences the function."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, took = run(rosenbrock, method, x0, {})
    error = np.max(np.abs(found.x - 1))
    success = "yes" if found.success else "no"
    row = [f"{method}, differences", f"{found.nit:,}", f"{found.nfev:,}", "-", "-", "-"]
    return [*row, f"{error:.0e}", duration(took), success]


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-n", type=int, help="variables (30, or 200 in a long run)")
    parser.add_argument("--long", action="store_true", help="more variables")
    options = parser.parse_args(argv)
    n = options.n or (200 if options.long else 30)
    x0 = np.full(n, 1.5)

    P, p = dr.scipy.Objective(rosenbrock), np.cos(np.arange(n))
    for kind, ours, scipys in (
        ("jac", P.jac(x0), optimize.rosen_der(x0)),
        ("hess", P.hess(x0), optimize.rosen_hess(x0)),
        ("hessp", P.hessp(x0, p), optimize.rosen_hess_prod(x0, p)),
    ):
        same = np.allclose(ours, scipys, rtol=1e-13, atol=1e-12 * np.max(np.abs(scipys)))
        require(same, f"{kind} is not SciPy's")

    rows = []
    for method in METHODS:
        if sys.stderr.isatty():
            print(f"  {method} ...\033[K", end="\r", file=sys.stderr, flush=True)
        rows.append(exact(method, x0))
        if method not in NEEDS_JAC:
            rows.append(differenced(method, x0))
    head = [
        "method",
        "iterations",
        "f",
        "gradient",
        "Hessian",
        "products",
        "error",
        "time",
        "success",
    ]
    print(f"Rosenbrock, n = {n}: evaluations of the function and of its derivatives\n")
    print(table(rows, head))
    print(f"\nThe last of them, {METHODS[-1]}, as it reports itself:\n")
    P = dr.scipy.Objective(rosenbrock)
    P.minimize(x0, method=METHODS[-1])
    print(P.report())


if __name__ == "__main__":
    main()
