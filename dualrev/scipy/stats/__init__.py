"""`scipy.stats`: distributions, descriptive statistics, and a density from a sample."""

import scipy.stats as _original

from ..mirror import face as _face
from ..mirror import with_refusals as _with_refusals
from . import (
    _continuous,
    _descriptive,
    _discrete,
    _distribution,
    _hypotheses,
    _kernel,
    _multivariate,
    _objects,
    _vectors,
)

_known = {**_continuous.FUNCTIONS, **_discrete.FUNCTIONS}
_known |= {**_multivariate.FUNCTIONS, **_vectors.FUNCTIONS}
_known |= {**_descriptive.FUNCTIONS, **_kernel.FUNCTIONS, **_objects.FUNCTIONS}
_known |= _hypotheses.FUNCTIONS
FUNCTIONS = _with_refusals(
    _original, {**_known, **_distribution.refusing_others(_known)}, _original.__all__
)
_names, __getattr__ = _face(_original, FUNCTIONS)
globals().update(_names)
