"""`scipy.fft`: Fourier, cosine and sine transforms."""

import scipy.fft as _original

from ..mirror import face as _face
from ._transforms import FUNCTIONS as FUNCTIONS

_names, __getattr__ = _face(_original, FUNCTIONS)
globals().update(_names)
