"""SciPy's callbacks from one plain NumPy function: exact derivatives in the form each solver takes.

Reached as ``dr.scipy.Objective``, ``dr.scipy.Constraint``, ``dr.scipy.Residuals``.

>>> import numpy as np, dualrev as dr
>>> P = dr.scipy.Objective(lambda x: np.sum((x - 3.0) ** 4 + x**2))
>>> P.minimize([0.0, 1.0], method="trust-exact").success
True

How a class is built. A subclass of `base.Callbacks` has

* ``__init__``, which calls ``super().__init__(f, Settings(...), like)``;
* ``_define(kind)``, which returns the plain function of a kind (``"fun"``, ``"grad"``, ...); it is
  called once for a kind, and what it returns is compiled by `programs.Programs`. It starts from
  ``self._flat(values.number_of)`` or ``self._flat(values.vector_of)``: the user's function of the
  vector of all parameters, whose wrong results are refused by name; and for ``"fun"`` it is
  ``self._recordable`` of that;
* its callbacks, each of them like this::

      def jac(self, x, *args):
          x = self._vector(x)
          point = self._at(x, *args)          # a dict: what is known for these values
          if "jac" in point:
              self._state.tally.hits += 1
          else:
              point["jac"] = self._run("jac", x, *args)    # counted, timed, compiled
          return point["jac"].copy()          # SciPy keeps what it is given

What has a vector as its value stands on `vector.VectorCallbacks`, with its Jacobian in all forms.

Modules: `parameters` (trees as vectors), `evaluation` (the cache), `counts` and `report`,
`programs` (what is compiled), `values` (shapes, kinds, NaN), `compressed` (sparse matrices by
compiled products), `operators`, `remainder` (the test of ``check=True``), `progress` (the line on
the terminal), `methods` (what each method of SciPy's takes), `minimizing`, `affine` (proofs that
a constraint is).
"""

from .bvp import BVP as BVP
from .constraint import Constraint as Constraint
from .counts import Counts as Counts
from .curve_fit import CurveFit as CurveFit
from .density import Density as Density
from .objective import Objective as Objective
from .ode import ODE as ODE
from .odr import ODRModel as ODRModel
from .parameters import Parameters as Parameters
from .residuals import Residuals as Residuals
from .root import Root as Root
from .root import newton_krylov as newton_krylov
from .scalar_root import ScalarRoot as ScalarRoot

__all__ = [
    "BVP",
    "ODE",
    "Constraint",
    "Counts",
    "CurveFit",
    "Density",
    "ODRModel",
    "Objective",
    "Parameters",
    "Residuals",
    "Root",
    "ScalarRoot",
    "newton_krylov",
]
