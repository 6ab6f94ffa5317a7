"""`scipy.sparse.linalg`: solvers refuse traced arguments."""

import scipy.sparse.linalg as _original

from ..mirror import face as _face
from ..mirror import with_refusals as _with_refusals

FUNCTIONS = _with_refusals(
    _original,
    {},
    [name for name in _original.__all__ if name not in ("use_solver", "aslinearoperator")],
)
_names, __getattr__ = _face(_original, FUNCTIONS)
globals().update(_names)
