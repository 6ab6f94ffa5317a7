"""`scipy.linalg` for traced matrices too."""

import scipy.linalg as _original

from ..mirror import face as _face
from ..mirror import with_refusals as _with_refusals
from . import _bands, _factoring, _forms, _functions, _solving, _special_matrices, _spectral

FUNCTIONS = _with_refusals(
    _original,
    {
        **_solving.FUNCTIONS,
        **_factoring.FUNCTIONS,
        **_spectral.FUNCTIONS,
        **_bands.FUNCTIONS,
        **_forms.FUNCTIONS,
        **_functions.FUNCTIONS,
        **_special_matrices.FUNCTIONS,
    },
    _functions.REFUSED,
)
_names, __getattr__ = _face(_original, FUNCTIONS)
globals().update(_names)
