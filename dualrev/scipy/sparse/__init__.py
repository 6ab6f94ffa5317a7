"""`scipy.sparse`: matrices refuse traced data; what has no data is SciPy's own."""

import scipy.sparse as _original

from ..mirror import ClassStandIn as _ClassStandIn
from ..mirror import face as _face
from ..mirror import refusing as _refusing
from ..mirror import with_refusals as _with_refusals
from . import linalg as linalg

_INSTEAD = "use a dense matrix, or products of its parts: np.add.at(y, rows, data * x[columns])"
_CLASSES = [
    getattr(_original, f"{kind}_{form}")
    for kind in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
    for form in ("array", "matrix")
]
_REFUSED = (
    "diags", "diags_array", "spdiags", "kron", "kronsum", "block_diag", "block_array", "bmat", "hstack", "vstack",
    "tril", "triu", "expand_dims", "permute_dims", "swapaxes",
)  # fmt: skip
FUNCTIONS = _with_refusals(
    _original,
    {**linalg.FUNCTIONS, **{c: _ClassStandIn(c, _INSTEAD) for c in _CLASSES}},
    _REFUSED,
    lambda f: _refusing(f, _INSTEAD),
)
_names, __getattr__ = _face(_original, FUNCTIONS, own=("linalg",))
globals().update(_names)
