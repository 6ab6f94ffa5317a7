"""dualrev: exact derivatives of the NumPy and SciPy code that people already have.

>>> import numpy as np, dualrev as dr
>>> def f(x):  # plain NumPy, nothing changed
...     return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
>>> dr.grad(f)(np.array([1.0, 2.0, 3.0]))
array([-400., 1002., -200.])

The public interface is what ``__all__`` names.
"""

import importlib

from . import errors as errors
from . import scipy as scipy
from .adoption import Adoption as Adoption
from .adoption import adopt as adopt
from .adoption.replacements import PACKAGES as _PACKAGES
from .checks import Report as Report
from .checks import check as check
from .custom import custom as custom
from .diagnosis import Explanation as Explanation
from .diagnosis import explain as explain
from .engine.forward import Dual as Dual
from .engine.reverse import Node as Node
from .engine.reverse import Tape as Tape
from .primitive import Trace as Trace
from .program.compiled import CompilationWarning as CompilationWarning
from .program.compiled import Compiled as Compiled
from .program.compiled import compile as compile
from .rules.forms import bilinear as bilinear
from .rules.forms import elementwise as elementwise
from .rules.forms import general as general
from .rules.forms import linear as linear
from .show import Graph as Graph
from .show import graph as graph
from .solving.equations import fixed_point as fixed_point
from .solving.equations import linear_solve as linear_solve
from .solving.equations import root as root
from .solving.implicit import implicit as implicit
from .solving.optima import argmin as argmin
from .solving.problems import AccuracyWarning as AccuracyWarning
from .transforms import Linearization as Linearization
from .transforms import derivative as derivative
from .transforms import gauss_newton_product as gauss_newton_product
from .transforms import grad as grad
from .transforms import hessian as hessian
from .transforms import hessian_diagonal as hessian_diagonal
from .transforms import hvp as hvp
from .transforms import jacfwd as jacfwd
from .transforms import jacobian as jacobian
from .transforms import jacrev as jacrev
from .transforms import jvp as jvp
from .transforms import laplacian as laplacian
from .transforms import linearize as linearize
from .transforms import stop_gradient as stop_gradient
from .transforms import value_and_grad as value_and_grad
from .transforms import value_and_jacobian as value_and_jacobian
from .transforms import vjp as vjp
from .transforms import vmap as vmap
from .tree import register_tree as register_tree

_PACKAGES["scipy"] = scipy.drop_in_of


def __getattr__(name: str) -> object:
    """`sparse`, loaded when first used: it loads ``scipy.sparse``."""
    if name == "sparse":
        return importlib.import_module(".sparse", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__version__ = "0.1.0"

__all__ = [
    "AccuracyWarning",
    "Adoption",
    "CompilationWarning",
    "Compiled",
    "Dual",
    "Explanation",
    "Graph",
    "Linearization",
    "Node",
    "Report",
    "Tape",
    "Trace",
    "adopt",
    "argmin",
    "bilinear",
    "check",
    "compile",
    "custom",
    "derivative",
    "elementwise",
    "errors",
    "explain",
    "fixed_point",
    "gauss_newton_product",
    "general",
    "grad",
    "graph",
    "hessian",
    "hessian_diagonal",
    "hvp",
    "implicit",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "laplacian",
    "linear",
    "linear_solve",
    "linearize",
    "register_tree",
    "root",
    "scipy",
    "sparse",
    "stop_gradient",
    "value_and_grad",
    "value_and_jacobian",
    "vjp",
    "vmap",
]
