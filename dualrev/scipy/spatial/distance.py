"""`scipy.spatial.distance`: distances of traced points."""

import scipy.spatial.distance as _original

from ..mirror import face as _face
from ..mirror import with_refusals as _with_refusals
from ._distances import FUNCTIONS as _FUNCTIONS

_REFUSED = (
    "dice", "hamming", "jaccard", "rogerstanimoto", "russellrao", "sokalsneath", "yule", "directed_hausdorff",
)  # fmt: skip
FUNCTIONS = _with_refusals(_original, _FUNCTIONS, _REFUSED)
_names, __getattr__ = _face(_original, FUNCTIONS)
globals().update(_names)
