"""`scipy.special`: its ufuncs dispatch as they are; the functions written in Python are ours."""

import scipy.special as _original

from ..mirror import face as _face
from ..mirror import with_refusals as _with_refusals
from ._functions import FUNCTIONS as _FUNCTIONS
from ._functions import REFUSED as _REFUSED

FUNCTIONS = _with_refusals(_original, _FUNCTIONS, _REFUSED)
_names, __getattr__ = _face(_original, FUNCTIONS)
globals().update(_names)
