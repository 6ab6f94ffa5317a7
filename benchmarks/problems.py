"""Sparse problems, written once: the function takes the namespace it computes with.

``problem.f(np, x)`` is plain NumPy; ``problem.f(jax.numpy, x)`` is the same for JAX, and
``problem.f(Symbols(casadi), x)`` builds the expression of CasADi.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Problem:
    """A function of one flat array, whose Jacobian, or Hessian if it is a number, is sparse."""

    name: str
    f: Callable[[Any, Any], Any]
    x: np.ndarray
    colours: int  # at most
    is_hessian: bool = False

    def plain(self, x: Any) -> Any:
        return self.f(np, x)


# -- equations: Jacobians ---------------------------------------------------------------


def bratu_1d(n: int) -> Problem:
    """``u'' + e^u = 0`` on a line, zero at both ends."""
    h2 = 1.0 / (n + 1) ** 2

    def f(xp: Any, u: Any) -> Any:
        v = xp.concatenate([xp.zeros(1), u, xp.zeros(1)])
        return v[2:] - 2.0 * u + v[:-2] + h2 * xp.exp(u)

    return Problem("Bratu 1-D", f, np.linspace(0.0, 1.0, n), 3)


def bratu_2d(n: int) -> Problem:
    """``Laplace u + e^u = 0`` on a square, zero on its boundary: the five-point stencil."""
    m = round(n**0.5)
    h2 = 1.0 / (m + 1) ** 2

    def f(xp: Any, x: Any) -> Any:
        u = xp.reshape(x, (m, m))
        v = xp.pad(u, 1)
        around = v[2:, 1:-1] + v[:-2, 1:-1] + v[1:-1, 2:] + v[1:-1, :-2]
        return xp.ravel(around - 4.0 * u + h2 * xp.exp(u))

    return Problem("Bratu 2-D", f, np.linspace(0.0, 1.0, m * m), 7)


def brusselator(n: int) -> Problem:
    """A reaction with diffusion on a torus: two species, each at its four neighbours."""
    m = round((n / 2) ** 0.5)
    diffusion = 0.02 * m**2

    def f(xp: Any, x: Any) -> Any:
        u, v = xp.reshape(x[: m * m], (m, m)), xp.reshape(x[m * m :], (m, m))

        def laplacian(w: Any) -> Any:
            around = xp.roll(w, 1, axis=0) + xp.roll(w, -1, axis=0)
            return around + xp.roll(w, 1, axis=1) + xp.roll(w, -1, axis=1) - 4.0 * w

        du = 1.0 + u**2 * v - 4.4 * u + diffusion * laplacian(u)
        dv = 3.4 * u - u**2 * v + diffusion * laplacian(v)
        return xp.concatenate([xp.ravel(du), xp.ravel(dv)])

    return Problem("Brusselator", f, np.linspace(0.5, 2.0, 2 * m * m), 12)


def bundle_adjustment(n: int) -> Problem:
    """Projections of points into cameras: nine parameters a camera, three a point."""
    rng = np.random.default_rng(0)
    many = n // 2  # observations: two residuals each
    cameras, points = max(8, n // 1000), max(4, many // 10)
    camera, point = rng.integers(0, cameras, many), np.arange(many) % points
    seen = rng.standard_normal((2, many))

    def f(xp: Any, x: Any) -> Any:
        c = xp.take(xp.reshape(x[: 9 * cameras], (cameras, 9)), camera, axis=0)
        p = xp.take(xp.reshape(x[9 * cameras :], (points, 3)), point, axis=0)
        # Rodrigues' formula: p turned about the axis w by the angle |w|.
        wx, wy, wz = c[:, 0], c[:, 1], c[:, 2]
        px, py, pz = p[:, 0], p[:, 1], p[:, 2]
        square = wx * wx + wy * wy + wz * wz
        angle = xp.sqrt(square)
        cosine, s = xp.cos(angle), xp.sin(angle) / angle
        k = (1.0 - cosine) / square * (wx * px + wy * py + wz * pz)
        x0 = cosine * px + s * (wy * pz - wz * py) + k * wx + c[:, 3]
        x1 = cosine * py + s * (wz * px - wx * pz) + k * wy + c[:, 4]
        x2 = cosine * pz + s * (wx * py - wy * px) + k * wz + c[:, 5]
        a, b = -x0 / x2, -x1 / x2
        r2 = a * a + b * b
        scale = c[:, 6] * (1.0 + r2 * (c[:, 7] + r2 * c[:, 8]))
        return xp.concatenate([scale * a - seen[0], scale * b - seen[1]])

    start = 0.3 * rng.standard_normal((cameras, 9)) + np.array([0, 0, 0, 0, 0, -5, 1, 0, 0])
    x = np.concatenate([start.ravel(), rng.standard_normal(3 * points)])
    return Problem("bundle adjustment", f, x, 12)


def arrow(n: int) -> Problem:
    """A diagonal with a dense row and a dense column."""

    def f(xp: Any, x: Any) -> Any:
        return xp.concatenate([xp.reshape(xp.sum(x**2), (1,)), xp.sin(x[1:]) * x[0]])

    return Problem("arrow", f, np.linspace(0.5, 1.5, n), 4)


# -- objectives: Hessians ---------------------------------------------------------------


def chained_rosenbrock(n: int) -> Problem:
    def f(xp: Any, x: Any) -> Any:
        return xp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return Problem("chained Rosenbrock", f, np.linspace(-1.0, 1.5, n), 3, True)


def arwhead(n: int) -> Problem:
    """One variable meets all others: the Hessian is an arrow. [CUTE]"""

    def f(xp: Any, x: Any) -> Any:
        return xp.sum((x[:-1] ** 2 + x[-1] ** 2) ** 2 - 4.0 * x[:-1] + 3.0)

    return Problem("ARWHEAD", f, np.linspace(0.5, 1.5, n), 2, True)


def bdqrtic(n: int) -> Problem:
    """A band, and one variable that meets all others. [Conn, Gould, Lescrenier & Toint; CUTE]"""

    def f(xp: Any, x: Any) -> Any:
        a, b, c, d, last = x[:-4], x[1:-3], x[2:-2], x[3:-1], x[-1]
        squares = a**2 + 2.0 * b**2 + 3.0 * c**2 + 4.0 * d**2 + 5.0 * last**2
        return xp.sum((3.0 - 4.0 * a) ** 2 + squares**2)

    return Problem("BDQRTIC", f, np.linspace(0.5, 1.5, n), 8, True)


def banded(n: int) -> Problem:
    """Each variable meets five on either side."""

    def f(xp: Any, x: Any) -> Any:
        window = x[5:]
        for k in range(5):
            window = window + x[k : n - 5 + k]
        return xp.sum(xp.sin(window))

    return Problem("banded", f, np.linspace(0.0, 1.0, n), 11, True)


def minimal_surface(n: int) -> Problem:
    """The area of a surface over a grid of squares."""
    m = round(n**0.5)
    k = 0.5 * (m - 1) ** 2

    def f(xp: Any, x: Any) -> Any:
        u = xp.reshape(x, (m, m))
        p, q = u[1:, 1:] - u[:-1, :-1], u[1:, :-1] - u[:-1, 1:]
        return xp.sum(xp.sqrt(1.0 + k * (p**2 + q**2)))

    s = np.linspace(0.0, 1.0, m)
    return Problem("minimal surface", f, np.ravel(np.sin(3 * s)[:, None] * s), 9, True)


JACOBIANS = [bratu_1d, bratu_2d, brusselator, bundle_adjustment, arrow]
HESSIANS = [chained_rosenbrock, arwhead, bdqrtic, banded, minimal_surface]
BY_NAME = {make.__name__: make for make in (*JACOBIANS, *HESSIANS)}


# -- CasADi -----------------------------------------------------------------------------


class Symbols:
    """The part of NumPy's namespace that the problems use, on CasADi's matrices.

    There every array is a matrix, in Fortran order; one-dimensional arrays are columns.
    """

    def __init__(self, casadi: Any) -> None:
        self.ca = casadi
        self.sin, self.cos, self.exp, self.sqrt = casadi.sin, casadi.cos, casadi.exp, casadi.sqrt

    def zeros(self, n: int) -> Any:
        return self.ca.MX.zeros(n)

    def sum(self, x: Any) -> Any:
        return self.ca.sum1(self.ca.vec(x))

    def concatenate(self, parts: list[Any]) -> Any:
        return self.ca.vertcat(*parts)

    def reshape(self, x: Any, shape: tuple[int, ...]) -> Any:
        return x if len(shape) == 1 else self.ca.reshape(x, *shape[::-1]).T

    def ravel(self, x: Any) -> Any:
        return self.ca.vec(x.T)

    def pad(self, x: Any, width: int) -> Any:
        m, n = x.shape
        sides, ends = self.ca.MX.zeros(m, width), self.ca.MX.zeros(width, n + 2 * width)
        return self.ca.vertcat(ends, self.ca.horzcat(sides, x, sides), ends)

    def roll(self, x: Any, shift: int, axis: int) -> Any:
        if axis:
            return self.ca.horzcat(x[:, -shift:], x[:, :-shift])
        return self.ca.vertcat(x[-shift:, :], x[:-shift, :])

    def take(self, x: Any, index: np.ndarray, axis: int) -> Any:
        assert axis == 0
        return x[index.tolist(), :]
