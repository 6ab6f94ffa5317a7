"""`scipy.optimize`: solvers refuse traced starting points and arguments.

A tracer that reaches a solver inside the objective is refused where SciPy makes it a number.
"""

import scipy.optimize as _original

from ..mirror import face as _face
from ..mirror import solver as _solver
from ..mirror import with_refusals as _with_refusals

_WORK = ("rosen", "rosen_der", "rosen_hess", "rosen_hess_prod", "approx_fprime", "check_grad")
_REFUSED = [name for name in _original.__all__ if name not in _WORK]
FUNCTIONS = _with_refusals(_original, {}, _REFUSED, _solver)
_names, __getattr__ = _face(_original, FUNCTIONS)
globals().update(_names)
