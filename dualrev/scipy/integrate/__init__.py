"""`scipy.integrate`: integrals of functions and of samples; solvers refuse traced arguments."""

import functools as _functools

import scipy.integrate as _original

from ..mirror import face as _face
from ..mirror import solver as _solver
from ..mirror import with_refusals as _with_refusals
from . import _quad, _samples, _several

_INTEGRALS = ("cubature", "tanhsinh", "nsum", "qmc_quad")
_SOLVERS = ("odeint", "solve_ivp", "solve_bvp")
_INSTEAD_OF_STEPS = (
    "write the steps with NumPy, in a loop over a fixed grid (Runge-Kutta of order 4): every step is "
    "then differentiated; or give the solution a rule with dr.custom; or say dr.stop_gradient(x) if a "
    "constant is meant"
)
_INSTEAD_OF_THIS = (
    "use scipy.integrate.quad, nquad, quad_vec or fixed_quad, which have derivatives, or say "
    "dr.stop_gradient(x) if a constant is meant"
)

FUNCTIONS = {**_samples.FUNCTIONS, **_quad.FUNCTIONS, **_several.FUNCTIONS}
for _some, _instead in ((_INTEGRALS, _INSTEAD_OF_THIS), (_SOLVERS, _INSTEAD_OF_STEPS)):
    _refuse = _functools.partial(_solver, instead=_instead)
    FUNCTIONS = _with_refusals(_original, FUNCTIONS, _some, _refuse)
_names, __getattr__ = _face(_original, FUNCTIONS)
globals().update(_names)
