"""`scipy.signal`: convolution, filters, trends. Design of filters is left to plain arguments."""

import scipy.signal as _original

from ..mirror import face as _face
from ..mirror import with_refusals as _with_refusals
from . import _convolution, _filtering

FUNCTIONS = _with_refusals(
    _original, {**_convolution.FUNCTIONS, **_filtering.FUNCTIONS}, _original.__all__
)
_names, __getattr__ = _face(_original, FUNCTIONS)
globals().update(_names)
