"""`scipy.optimize.minimize` with exact derivatives, for every method that takes them.

One plain function; `dr.grad` is its ``jac``, `dr.hessian` its ``hess``, `dr.hvp` its ``hessp``. Each
method gets what it takes, and nothing that it would warn about or refuse (SciPy's documentation is
more generous than its code). The same methods are then run as many people run them: without
``jac``, so that SciPy takes finite differences, where a method allows it.

The function is Rosenbrock's with 30 variables, next to SciPy's own analytic derivatives, and a
regression by the log-cosh of the residuals, which has none in SciPy.

What it finds: all methods reach the minimum of the analytic run. Finite differences need 31 calls
of the function for each gradient, and the methods that look at the gradient's norm then stop with
a warning, or a thousand times farther from the minimum.

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
TAKES = {
    "CG": "jac",
    "BFGS": "jac",
    "L-BFGS-B": "jac",
    "TNC": "jac",
    "SLSQP": "jac",
    "Newton-CG": "jac, hess or hessp",
    "trust-ncg": "jac, hess or hessp",
    "trust-krylov": "jac, hess or hessp",
    "trust-exact": "jac, hess",
    "dogleg": "jac, hess",
    "trust-constr": "jac, hess or hessp",
}
NEEDS_JAC = ("Newton-CG", "trust-ncg", "trust-krylov", "trust-exact", "dogleg")
TOLERANCES = {
    "CG": {"gtol": 1e-8},
    "BFGS": {"gtol": 1e-8},
    "L-BFGS-B": {"gtol": 1e-8, "ftol": 0.0},
    "TNC": {"gtol": 1e-9, "ftol": 0.0, "xtol": 0.0},
    "SLSQP": {"ftol": 1e-14},
    "Newton-CG": {"xtol": 1e-9},
    "trust-constr": {"gtol": 1e-8, "xtol": 1e-12},
}


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


class Counter:
    """A function that knows how often it was called."""

    def __init__(self, f):
        self.f, self.calls = f, 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


def derivatives(f, method, kind):
    """The keywords of `minimize` for `f`: exactly what the method takes."""
    keywords = {"jac": Counter(dr.grad(f))}
    if kind == "hess":
        keywords["hess"] = Counter(dr.hessian(f))
    elif kind == "hessp":
        keywords["hessp"] = Counter(lambda x, p: dr.hvp(f, x, p))
    return keywords
