"""Sparse derivatives: patterns, colourings, and matrices from few directions.

>>> import numpy as np
>>> from dualrev import sparse
>>> J = sparse.jacobian(lambda u: np.diff(u) ** 2)
>>> print(J(np.array([0.0, 1.0, 3.0])).toarray())
[[-2.  2.  0.]
 [ 0. -4.  4.]]

Loaded when first used, for it loads ``scipy.sparse``.
"""

from .colouring import Colouring as Colouring
from .colouring import colour as colour
from .compression import Compression as Compression
from .derivatives import SparseDerivative as SparseDerivative
from .derivatives import hessian as hessian
from .derivatives import jacobian as jacobian
from .detection import hessian_pattern as hessian_pattern
from .detection import jacobian_pattern as jacobian_pattern
from .detection import verify as verify
from .operators import DerivativeOperator as DerivativeOperator
from .operators import hessian_operator as hessian_operator
from .operators import jacobian_operator as jacobian_operator
from .patterns import Pattern as Pattern
from .preparation import Preparation as Preparation

__all__ = [
    "Colouring",
    "Compression",
    "DerivativeOperator",
    "Pattern",
    "Preparation",
    "SparseDerivative",
    "colour",
    "hessian",
    "hessian_operator",
    "hessian_pattern",
    "jacobian",
    "jacobian_operator",
    "jacobian_pattern",
    "verify",
]
