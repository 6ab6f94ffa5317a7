"""The rule forms: what one declaration means to every interpreter.

``elementwise``  y = f(a, b, ...) element by element: one partial an argument
``linear``       y = A a + B b + ...: one transpose an argument
``bilinear``     y = B(a, b): one transpose an argument
``general``      everything else: a differential ``push`` and, where it pays, its transpose ``pull``

Every form gives the same two maps, from the local derivative alone [Griewank & Walther
2008, ch. 3]::

    push:  dy   = sum over active arguments of  D_k dx_k
    pull:  ct_k = D_k^T ct

Un-broadcasting, inactive arguments, dtypes and absorbing zeros are said here once.
Knows nothing of traces: plain NumPy, so that rules run on tracers are differentiated too.
"""

from __future__ import annotations

from .absorbing import absorbing_product as absorbing_product
from .bilinear import Bilinear as Bilinear
from .bilinear import bilinear as bilinear
from .elementwise import Elementwise as Elementwise
from .elementwise import elementwise as elementwise
from .general import General as General
from .general import general as general
from .linear import Linear as Linear
from .linear import linear as linear
from .shapes import as_tangent as as_tangent
from .shapes import to_spec as to_spec
from .shapes import unbroadcast as unbroadcast
