"""Solutions of equations: differentiable by the implicit function theorem, whatever solves them."""
