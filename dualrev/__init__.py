"""dualrev: exact derivatives of the NumPy and SciPy code that people already have."""

from .engine.forward import Dual as Dual
from .engine.reverse import Node as Node
from .engine.reverse import Tape as Tape
from .transforms import derivative as derivative
from .transforms import grad as grad
from .transforms import hessian as hessian
from .transforms import hvp as hvp
from .transforms import jacfwd as jacfwd
from .transforms import jacrev as jacrev
from .transforms import jvp as jvp
from .transforms import linearize as linearize
from .transforms import stop_gradient as stop_gradient
from .transforms import value_and_grad as value_and_grad
from .transforms import vjp as vjp
from .tree import register_tree as register_tree
