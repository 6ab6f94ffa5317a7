"""The transformations: functions that turn functions into their derivatives.

All of them stand on two sweeps: duals that run along with the function (`jvp`), and a
tape that is walked back (`vjp`) or forward again (`linearize`). Nesting them gives any
order: `hvp` is `jvp` of `grad`.
"""

from .arguments import stop_gradient as stop_gradient
from .batching import vmap as vmap
from .forward import derivative as derivative
from .forward import jvp as jvp
from .jacobians import hessian as hessian
from .jacobians import hvp as hvp
from .jacobians import jacfwd as jacfwd
from .jacobians import jacrev as jacrev
from .linear import Linearization as Linearization
from .linear import linearize as linearize
from .reverse import grad as grad
from .reverse import value_and_grad as value_and_grad
from .reverse import vjp as vjp
