"""A nonlinear partial differential equation: Newton's method with a sparse Jacobian.

The Bratu problem, ``-(u_xx + u_yy) = lam exp(u)`` in the unit square and ``u = 0`` on its edge, by
differences on a grid. It describes ignition: below ``lam = 6.808`` there are two solutions, a cool
and a hot one; above there is none, for the heat that is made cannot flow away.

The residual is five slices of NumPy. Each of its values depends on five unknowns, so that a few
products give the whole Jacobian, whatever the size of the grid; ``dr.sparse.jacobian`` finds out
which, and SciPy solves the sparse systems. The other way, without any matrix, is Newton-Krylov:
``dr.sparse.jacobian_operator`` multiplies, GMRES solves.

What is checked: the Jacobian against the five-point stencil written by hand, the residual, the
order of convergence of Newton's method (2) and of the grid (2), and, along the curve of
solutions, the value of ``lam`` where it turns back, which is known: 6.808124.

What it finds, on 10,000 unknowns: 5 products in place of 10,000, and a Jacobian for the price of
10 to 20 residuals. Newton's method converges in 5 steps. Newton-Krylov gets there as well, through
hundreds of products, in several times the time, because nothing preconditions it.

    python examples/bratu.py
    python examples/bratu.py -n 150                  22,500 unknowns
    python examples/bratu.py --picture jacobian.svg  the pattern, and which product reads what
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, gmres, splu, spsolve

import dualrev as dr
from dualrev.comparison import require
from dualrev.timing import duration, ratio, seconds_each, table

FOLD = 6.808124  # of the equation itself: where its two solutions meet

# -- the equation, in plain NumPy -------------------------------------------------------


def bratu(u, lam):
    """The residual, times h^2, at the inner points of a square grid; `u` is flat."""
    n = int(np.sqrt(u.size))
    h = 1 / (n + 1)
    v = np.pad(np.reshape(u, (n, n)), 1)
    flow = 4 * v[1:-1, 1:-1] - v[2:, 1:-1] - v[:-2, 1:-1] - v[1:-1, 2:] - v[1:-1, :-2]
    return np.ravel(flow - h**2 * lam * np.exp(v[1:-1, 1:-1]))


def jacobian_by_hand(u, lam):
    """The five-point stencil, less the derivative of the exponential."""
    n = int(np.sqrt(u.size))
    line = sparse.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(n, n))
    eye = sparse.eye_array(n)
    stencil = sparse.kron(line, eye) + sparse.kron(eye, line)
    return (stencil - sparse.diags_array(lam * np.exp(u) / (n + 1) ** 2)).tocsr()


# -- Newton's method, with and without a matrix --------------------------------------------


def newton(J, u, lam, tolerance=1e-13):
    """``J du = -residual`` by a sparse solver, until the residual is zero to rounding."""
    residuals = []
    for _ in range(20):
        r, matrix = J.with_value(u, lam)
        residuals.append(np.max(np.abs(r)))
        if residuals[-1] < tolerance:
            break
        u = u - spsolve(matrix.tocsc(), r)
    return u, residuals


def newton_krylov(u, lam, tolerance=1e-11):
    """The same with products alone; each system only as well as it is worth [Kelley 1995]."""
    products = 0
    for step in range(30):
        J = dr.sparse.jacobian_operator(bratu, u, lam)
        norm = np.max(np.abs(J.value))
        if norm < tolerance:
            return u, step, products

        def multiply(v, J=J):
            nonlocal products
            products += 1
            return J.matvec(v)

        counted = LinearOperator(J.shape, multiply, dtype=J.dtype)
        change, _ = gmres(counted, -J.value, rtol=1e-4, restart=100, maxiter=50)
        u = u + change
    raise RuntimeError("Newton-Krylov did not converge")


# -- the curve of solutions, around the fold --------------------------------------------------


def turning_point(n, height=1.4, tolerance=1e-12):
    """The largest `lam` with a solution on an n x n grid: where the Jacobian is singular.

    Unknowns are u, lam and a null vector v; Newton's method for
    ``F = 0``, ``F_u v = 0``, ``w v = 1`` [Moore & Spence 1980]. The second equation is itself a
    derivative, by ``dr.jvp``, and is differentiated once more in the sparse Jacobian of all three.
    """
    size = n * n
    x = np.sin(np.pi * np.arange(1, n + 1) / (n + 1))
    shape = np.outer(x, x).ravel()  # near the solution, and near the null vector
    w = shape / (shape @ shape)

    def extended(z):
        u, lam, v = z[:size], z[size], z[size + 1 :]
        r, change = dr.jvp(lambda u: bratu(u, lam), (u,), (v,))
        return np.concatenate([r, change, np.reshape(w @ v - 1, 1)])

    J = dr.sparse.jacobian(extended)
    z = np.concatenate([height * shape, [6.8], shape])
    for _ in range(20):
        r, matrix = J.with_value(z)
        if np.max(np.abs(r)) < tolerance:
            break
        z = z - splu(matrix.tocsc()).solve(r)
    return z[size], np.max(z[:size]), J.preparation


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-n", type=int, default=100, help="grid points along each side")
    parser.add_argument("--lam", type=float, default=6.0, help="how much heat is made")
    parser.add_argument("--picture", type=Path, metavar="SVG", help="draw the Jacobian's pattern")
    options = parser.parse_args(argv)
    n, lam = options.n, options.lam
    start = np.zeros(n * n)

    J = dr.sparse.jacobian(bratu)
    J(start, lam)
    print(f"{J.preparation}\n")
    at = 0.1 * np.cos(np.arange(n * n))
    error = abs(J(at, lam) - jacobian_by_hand(at, lam)).max()
    require(error < 1e-13, f"the Jacobian is wrong by {error:.1e}")
    times = seconds_each(
        {"residual": lambda: bratu(at, lam), "Jacobian": lambda: J(at, lam)}, repeats=7
    )
    cost = ratio(times["Jacobian"] / times["residual"])
    print(f"The Jacobian is the stencil by hand, for the price of {cost} residuals.\n")

    begin = time.perf_counter()
    u, residuals = newton(J, start, lam)
    took = time.perf_counter() - begin
    orders = ["", ""] + [
        f"{np.log(b / a) / np.log(a / before):.2f}" if b > 1e-14 else ""
        for before, a, b in zip(residuals, residuals[1:], residuals[2:], strict=False)
    ]
    rows = [[k, f"{r:.1e}", o] for k, (r, o) in enumerate(zip(residuals, orders, strict=True))]
    print(f"Newton, {n * n:,} unknowns, {duration(took)}:\n")
    print(table(rows, ["step", "residual", "order"]) + "\n")
    require(residuals[-1] < 1e-12, f"Newton ended at a residual of {residuals[-1]:.1e}")

    begin = time.perf_counter()
    krylov, steps, products = newton_krylov(start, lam)
    took = time.perf_counter() - begin
    error = np.max(np.abs(krylov - u))
    require(error < 1e-6, f"Newton-Krylov ends elsewhere, {error:.1e} away")
    print(f"Newton-Krylov: the same in {steps} steps, {products:,} products, {duration(took)}.\n")
    if options.picture:
        J.preparation.save(options.picture)
        print(f"Picture: {options.picture}\n")

    rows, folds = [], []
    for points in (15, 31, 63):
        top = np.max(newton(J, np.zeros(points**2), lam)[0])
        fold, height, preparation = turning_point(points)
        rows.append([points, f"{top:.6f}", f"{fold:.6f}", f"{height:.5f}", preparation.directions])
        folds.append((top, fold))
    print(table(rows, ["grid", f"u, lam = {lam:g}", "lam at fold", "u at fold", "directions"]))
    (a, _), (b, fb), (c, fc) = folds
    order = np.log2((b - a) / (c - b))
    require(abs(order - 2) < 0.1, f"the grid converges with order {order:.2f}, not 2")
    limit = fc + (fc - fb) / 3  # Richardson's, of second order
    require(abs(limit - FOLD) < 1e-4, f"the fold is at {limit:.6f}, not {FOLD}")
    print(f"\nOf order {order:.2f} in h. The fold, extrapolated: {limit:.5f} (known: {FOLD}).")


if __name__ == "__main__":
    main()
