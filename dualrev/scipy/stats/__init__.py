"""`scipy.stats`: densities and distribution functions of the common distributions."""

import scipy.stats as _original

from ..mirror import face as _face
from ..mirror import with_refusals as _with_refusals
from . import _continuous, _discrete, _distribution, _multivariate, _vectors

_known = {**_continuous.FUNCTIONS, **_discrete.FUNCTIONS}
_known |= {**_multivariate.FUNCTIONS, **_vectors.FUNCTIONS}
FUNCTIONS = _with_refusals(
    _original, {**_known, **_distribution.refusing_others(_known)}, _original.__all__
)
_names, __getattr__ = _face(_original, FUNCTIONS)
globals().update(_names)
