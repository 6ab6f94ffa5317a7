"""A drop-in for NumPy: ``import dualrev.numpy as np``.

Every name is NumPy's own, or calls it at once, unless a derivative is being taken in this
context (`running`). Then arrays that are made here can have traced values stored into them:

* functions that return new arrays return a `Buffer`, which behaves as the plain array;
* lists of traced numbers are packed before NumPy sees them;
* ``np.float64(x)``, ``isinstance(x, np.ndarray)`` and the like know traced arrays.

>>> import numpy, dualrev as dr, dualrev.numpy as np
>>> def recursion(x):
...     y = np.zeros(3)
...     y[0] = x[0]
...     for k in range(1, 3):
...         y[k] = y[k - 1] * x[k]
...     return y[-1]
>>> dr.grad(recursion)(numpy.array([1.0, 2.0, 3.0]))
array([6., 3., 2.])
>>> np.sin is numpy.sin, type(np.zeros(3)) is numpy.ndarray
(True, True)
"""

from typing import Any

import numpy

from . import fft as fft
from . import linalg as linalg
from . import polynomial as polynomial
from . import random as random
from . import stride_tricks as stride_tricks
from .namespace import mirror

globals().update(mirror(numpy))


def __getattr__(name: str) -> Any:
    return getattr(numpy, name)


def __dir__() -> list[str]:
    return dir(numpy)
