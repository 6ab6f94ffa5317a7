"""`scipy.optimize`: solutions are differentiable by the implicit function theorem.

What has no rule refuses traced arguments by name; so does a tracer that reaches a solver inside
the objective, where SciPy would make it a number.
"""

import scipy.optimize as _original

from ..mirror import face as _face
from ..mirror import solver as _solver
from ..mirror import with_refusals as _with_refusals
from ._minima import FUNCTIONS as _MINIMA
from ._programs import FUNCTIONS as _PROGRAMS
from ._roots import FUNCTIONS as _ROOTS

_WORK = ("rosen", "rosen_der", "rosen_hess", "rosen_hess_prod", "approx_fprime", "check_grad")
_REFUSED = [name for name in _original.__all__ if name not in _WORK]
FUNCTIONS = _with_refusals(_original, {**_ROOTS, **_MINIMA, **_PROGRAMS}, _REFUSED, _solver)
_names, __getattr__ = _face(_original, FUNCTIONS)
globals().update(_names)
