"""The transformations: functions that turn functions into their derivatives.

All of them stand on two sweeps: duals that run along with the function (`jvp`), and a
tape that is walked back (`vjp`) or forward again (`linearize`). Nesting them gives any
order: `hvp` is `jvp` of `grad`.
"""

from .arguments import stop_gradient as stop_gradient
from .batching import vmap as vmap
from .forward import derivative as derivative
from .forward import jvp as jvp
from .hessians import hessian as hessian
from .hessians import hessian_diagonal as hessian_diagonal
from .hessians import hvp as hvp
from .hessians import laplacian as laplacian
from .jacobians import gauss_newton_product as gauss_newton_product
from .jacobians import jacfwd as jacfwd
from .jacobians import jacobian as jacobian
from .jacobians import jacrev as jacrev
from .jacobians import value_and_jacobian as value_and_jacobian
from .linear import Linearization as Linearization
from .linear import linearize as linearize
from .reverse import grad as grad
from .reverse import value_and_grad as value_and_grad
from .reverse import vjp as vjp
