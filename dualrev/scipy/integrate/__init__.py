"""`scipy.integrate`: integrals of samples are differentiable; solvers refuse traced arguments."""

import scipy.integrate as _original

from ..mirror import face as _face
from ..mirror import solver as _solver
from ..mirror import with_refusals as _with_refusals
from ._samples import FUNCTIONS as _FUNCTIONS

_REFUSED = (
    "quad", "dblquad", "tplquad", "nquad", "quad_vec", "fixed_quad", "cubature", "tanhsinh", "nsum",
    "qmc_quad", "odeint", "solve_ivp", "solve_bvp",
)  # fmt: skip
FUNCTIONS = _with_refusals(_original, _FUNCTIONS, _REFUSED, _solver)
_names, __getattr__ = _face(_original, FUNCTIONS)
globals().update(_names)
