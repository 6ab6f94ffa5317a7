"""`root`, `fixed_point`, `linear_solve`: equations solved, and differentiable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..errors import UnsupportedArgumentError, explain
from ..primitive import Tracer, Tree
from .captures import captured
from .implicit import Implicit
from .layouts import Layout
from .methods import Linear, options_of
from .newton import newton
from .systems import Factors, System, of_products, solution_of


def root(
    residual: Callable[..., Any],
    z0: Tree,
    *args: Tree,
    solver: Callable[..., Any] | None = None,
    linear: Any = "auto",
    symmetric: bool = False,
    positive_definite: bool = False,
    tol: float | None = 1e-6,
) -> Tree:
    """The solution ``z`` of ``residual(z, *args) = 0``, differentiable in all that it depends on.

    Parameters
    ----------
    residual : callable
        Returns as many numbers as there are unknowns; plain NumPy, any tree of arrays.
    z0 : tree of array_like
        Where the solver starts; gives the shapes of the unknowns. Its derivative is zero.
    *args : tree
        Passed on. Residual and solver may also close over what is differentiated.
    solver : callable, optional
        ``solver(f, z0) -> z`` for a function ``f(z)`` of plain numbers; SciPy's
        ``OptimizeResult`` is understood. By default Newton's method with exact derivatives and
        a line search: matrices up to 256 unknowns, then GMRES on products.
    linear, symmetric, positive_definite, tol
        As in `implicit`.

    Returns
    -------
    tree of arrays
        As `z0`.

    Raises
    ------
    ConvergenceError
        Newton's method found no root; or as in `implicit`.
    SingularSystemError, StructureError
        As in `implicit`.

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> def golden(a):
    ...     return dr.root(lambda z: z**2 - z - a, 1.5)
    >>> print(golden(1.0), dr.grad(golden)(1.0))  # z' = 1 / (2 z - 1)
    1.618033988749895 0.4472135954999579
    """
    find = solver or _by_newton

    def solve(residual: Any, find: Any, z0: Any, args: Any) -> Any:
        return find(lambda z: residual(z, *args), z0)

    def equations(z: Any, residual: Any, find: Any, z0: Any, args: Any) -> Any:
        return residual(z, *args)

    options = options_of(linear, symmetric, positive_definite)
    solved = Implicit(equations, solve, "implicit", 1, tol, options, "root")
    return solved(residual, find, z0, args)


def _by_newton(f: Callable[[Any], Any], z0: Any) -> Any:
    layout = Layout.of(z0, "the starting point")
    z = np.array(layout.ravel(z0, "the starting point"))
    found = newton(lambda v: layout.ravel(f(layout.unravel(v)), "the residual"), z, "root")
    return layout.unravel(found)


def fixed_point(
    step: Callable[..., Any],
    z0: Tree,
    *args: Tree,
    solver: Callable[..., Any] | None = None,
    max_steps: int = 10_000,
    linear: Any = "auto",
    mode: str = "implicit",
    terms: int = 10,
    tol: float | None = 1e-6,
) -> Tree:
    """The ``z`` with ``z = step(z, *args)``, differentiable in all that it depends on.

    Parameters
    ----------
    step : callable
        Returns a tree like ``z``; plain NumPy.
    z0 : tree of array_like
        Where the iteration starts. Its derivative is zero.
    *args : tree
        Passed on; `step` may also close over what is differentiated.
    solver : callable, optional
        ``solver(g, z0) -> z`` for a function ``g(z)`` of plain numbers. By default the
        iteration ``z = step(z)`` until nothing changes, then, where it does not converge, Newton's
        method.
    max_steps : int
        Of the iteration.
    linear : str or callable
        As in `implicit`. By default the adjoint of the iteration: ``w = ct + w g_z``, products
        only, as fast as the iteration itself converges; GMRES where it does not.
    mode, terms
        As in `implicit`; ``"unrolled"`` takes exactly `max_steps` steps.
    tol : float or None
        As in `implicit`.

    Returns
    -------
    tree of arrays
        As `z0`.

    Raises
    ------
    ConvergenceError
        No fixed point was found; or as in `implicit`.
    SingularSystemError, StructureError
        As in `implicit`.

    Notes
    -----
    Reverse mode needs no record of the iterations: memory does not grow with their number.
    [Christianson 1994; Bai, Kolter & Koltun 2019]

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> def dottie(a):
    ...     return dr.fixed_point(lambda z: np.cos(a * z), 0.5)
    >>> print(round(dottie(1.0), 9), round(dr.grad(dottie)(1.0), 9))
    0.739085133 -0.297474342
    """

    def find(step: Any, given: Any, z0: Any, args: Any) -> Any:
        def g(z: Any) -> Any:
            return step(z, *args)

        if given is not None:
            return given(g, z0)
        return _unrolled(g, z0, max_steps) if mode == "unrolled" else _iterated(g, z0, max_steps)

    def equations(z: Any, step: Any, given: Any, z0: Any, args: Any) -> Any:
        return _difference(z, step(z, *args))

    options = options_of(linear, False, False, contracts=True)
    solved = Implicit(equations, find, mode, terms, tol, options, "fixed_point")
    return solved(step, solver, z0, args)


def _difference(z: Any, image: Any) -> Any:
    leaves, structure = tree.flatten(z)
    images = tree.leaves_like(structure, image, "the value of step", "its argument")
    return [a - b for a, b in zip(leaves, images, strict=True)]


def _unrolled(g: Callable[[Any], Any], z: Any, steps: int) -> Any:
    for _ in range(steps):
        z = g(z)
    return z


def _iterated(g: Callable[[Any], Any], z0: Any, max_steps: int) -> Any:
    layout = Layout.of(z0, "the starting point")

    def image(v: Any) -> Any:
        return layout.ravel(g(layout.unravel(v)), "the value of step")

    z = best = np.array(layout.ravel(z0, "the starting point"))
    least, since = np.inf, 0
    eps = np.finfo(z.dtype).eps
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(max_steps):
            old, z = z, image(z)
            change = np.max(np.abs(z - old), initial=0.0)
            size = np.max(np.abs(z), initial=0.0)
            if change == 0 or not np.isfinite(change):
                break
            if change < least:
                least, since, best = change, 0, z
            else:
                since += 1
            if since >= 3 and least <= 16 * eps * size:  # nothing but rounding
                break
    if np.isfinite(z).all() and change <= 64 * eps * size:
        return layout.unravel(z)
    return layout.unravel(newton(lambda v: v - image(v), best, "fixed_point"))


def linear_solve(
    matrix: Any,
    b: Tree,
    *,
    linear: Any = "auto",
    symmetric: bool = False,
    positive_definite: bool = False,
) -> Tree:
    """The ``x`` with ``A x = b``, from products with ``A``; differentiable in ``A`` and ``b``.

    Parameters
    ----------
    matrix : callable, array_like, sparse matrix or LinearOperator
        ``matrix(x)`` is ``A x``, linear in ``x``, plain NumPy of trees like `b`; it may close
        over what is differentiated. A matrix of SciPy's is a constant.
    b : tree of array_like
    linear, symmetric, positive_definite
        As in `implicit`.

    Returns
    -------
    tree of arrays
        As `b`.

    Raises
    ------
    ConvergenceError, SingularSystemError
        As in `implicit`.

    Notes
    -----
    The derivative takes one more system with ``A`` or its transpose, and no matrix: its products
    are derived from those of ``A``. [Giles 2008, sec. 2.3.1]

    Examples
    --------
    >>> import numpy as np, dualrev as dr
    >>> def energy(k):  # springs in a row, k[0] to the wall, the last one pulled
    ...     def stretched(x):
    ...         forces = k * np.diff(x, prepend=0.0)
    ...         return forces - np.append(forces[1:], 0.0)
    ...     return dr.linear_solve(stretched, np.array([0.0, 0.0, 1.0]), positive_definite=True)[-1]
    >>> dr.grad(energy)(np.array([1.0, 2.0, 4.0]))  # of 1/k[0] + 1/k[1] + 1/k[2]
    array([-1.    , -0.25  , -0.0625])
    """
    layout = Layout.of(b, "the right-hand side")
    vector = layout.ravel(b, "the right-hand side")
    options = options_of(linear, symmetric, positive_definite)
    if not callable(matrix):
        if hasattr(matrix, "rmatvec") or hasattr(matrix, "tocsr"):
            return layout.unravel(
                solution_of(vector, system=_constant(matrix, layout.size, options))
            )
        matrix = _products_of(matrix)
    leaves, restore = captured(matrix)

    def product(x: Any, *leaves: Any) -> Any:
        return layout.ravel(restore(leaves)[0](layout.unravel(x)), "the product")

    def sparse(f: Callable[..., Any], x: np.ndarray) -> Any:
        from ..sparse import jacobian

        return jacobian(f)(x)

    x = solution_of(vector, *leaves, system=of_products(product, options, sparse))
    return layout.unravel(x)


def _products_of(matrix: Any) -> Callable[[Any], Any]:
    a = matrix if isinstance(matrix, Tracer) else np.asarray(matrix)
    return lambda x: a @ x


def _constant(matrix: Any, size: int, options: dict[str, Any]) -> System:
    """The system of one of SciPy's matrices or operators."""
    if tuple(matrix.shape) != (size, size):
        raise UnsupportedArgumentError(
            explain(
                f"a matrix of shape {tuple(matrix.shape)} for {size} unknowns.",
                "give a square matrix of the size of the right-hand side",
            )
        )
    if hasattr(matrix, "tocsr"):
        products = Linear(
            size, lambda x: matrix @ x, lambda w: matrix.T @ w, matrix.toarray, matrix.tocsr
        )
    else:

        def formed() -> np.ndarray:
            return np.asarray(matrix @ np.eye(size))

        def sparse() -> Any:
            from scipy.sparse import csr_array

            return csr_array(formed())

        products = Linear(size, matrix.matvec, matrix.rmatvec, formed, sparse)
    factors = Factors(lambda size, given: products, options)
    return System(products.push, products.pull, factors, False)
