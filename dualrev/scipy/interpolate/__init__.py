"""`scipy.interpolate`: piecewise polynomials in one variable."""

import scipy.interpolate as _original

from ..mirror import face as _face
from ..mirror import with_refusals as _with_refusals
from ._piecewise import FUNCTIONS as _FUNCTIONS

FUNCTIONS = _with_refusals(_original, _FUNCTIONS, _original.__all__)
_names, __getattr__ = _face(_original, FUNCTIONS)
globals().update(_names)
