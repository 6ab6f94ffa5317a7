"""Linear systems of plain numbers: what is found out about a matrix once, and used for many sides.

Each method is a class: made from a linear map and its transpose, it solves with both. None but
`Dense` and `Sparse` ever forms the matrix. SciPy's modules are loaded when they are needed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import ConvergenceError, SingularSystemError, UnsupportedArgumentError, explain

Map = Callable[[np.ndarray], np.ndarray]

SMALL = 32  # unknowns up to which a matrix costs less than the overhead of a Krylov method
LARGEST = 4096  # unknowns up to which a matrix is the way out where a Krylov method fails
RTOL = 1e-13  # that is asked of Krylov methods, relative to the right-hand side,
ACCEPTED = 1e-9  # and that they must reach
STEPS = 2000  # of a fixed-point iteration

SINGULAR = (
    "the solution is not isolated, or is a multiple root: it has no derivative there; change the "
    "equation, or regularize it; leave out constraints that follow from others; scale unknowns and "
    "equations of very different sizes"
)


class Linear:
    """A linear map at one point: products, and the matrix if somebody needs it.

    Attributes
    ----------
    size : int
    push, pull : callable
        Products with the matrix and with its transpose.
    dense, sparse : callable
        Make the matrix, as an ndarray or as a `csr_array`.
    """

    def __init__(
        self, size: int, push: Map, pull: Map, dense: Callable[[], Any], sparse: Callable[[], Any]
    ) -> None:
        self.size, self.push, self.pull = size, push, pull
        self.dense, self.sparse = dense, sparse


class Dense:
    """LU, or Cholesky's factors of what is said to be positive definite."""

    def __init__(self, linear: Linear, positive: bool) -> None:
        import scipy.linalg as sl

        self.positive = positive
        matrix = np.atleast_2d(linear.dense())
        if not np.isfinite(matrix).all():
            raise SingularSystemError(
                explain(
                    "the Jacobian at the solution is not finite.",
                    "the equation must be differentiable at its solution",
                )
            )
        if positive:
            skew = np.max(np.abs(matrix - matrix.T), initial=0.0)
            try:  # of which only one triangle is read
                if skew > np.sqrt(np.finfo(matrix.dtype).eps) * np.max(np.abs(matrix), initial=0.0):
                    raise np.linalg.LinAlgError
                self.factors = sl.cho_factor(matrix, check_finite=False)
            except np.linalg.LinAlgError:
                raise SingularSystemError(
                    explain(
                        "a matrix that was said to be positive definite is not.",
                        "leave out positive_definite=True; of a minimum the Hessian must be so",
                    )
                ) from None
            return
        self.factors = _lu(matrix)

    def solve(self, b: np.ndarray, transposed: bool) -> np.ndarray:
        import scipy.linalg as sl

        if self.positive:
            return sl.cho_solve(self.factors, b.T, check_finite=False).T
        return sl.lu_solve(self.factors, b.T, trans=int(transposed), check_finite=False).T


def _lu(matrix: np.ndarray) -> Any:
    from scipy.linalg import lapack

    with np.errstate(all="ignore"):
        norm = np.max(np.sum(np.abs(matrix), axis=0), initial=0.0)
        getrf, gecon = (
            (lapack.sgetrf, lapack.sgecon)
            if matrix.dtype == np.float32
            else (lapack.dgetrf, lapack.dgecon)
        )
        lu, pivots, failed = getrf(matrix)
        rcond = 0.0 if failed else gecon(lu, norm)[0]
    if len(matrix) and not rcond > np.finfo(matrix.dtype).eps / 4:
        raise SingularSystemError(
            explain(
                f"the Jacobian at the solution is singular (its condition number exceeds "
                f"{1 / np.finfo(matrix.dtype).eps:.0e}).",
                SINGULAR,
            )
        )
    return lu, pivots


class Sparse:
    """Sparse LU, of a matrix from few products."""

    def __init__(self, linear: Linear) -> None:
        from scipy.sparse.linalg import LinearOperator, onenormest, splu

        matrix = linear.sparse().tocsc()
        try:
            self.factors = splu(matrix)
        except RuntimeError as error:
            raise SingularSystemError(
                explain(f"the Jacobian at the solution is singular ({error}).", SINGULAR)
            ) from None
        solve, eps = self.factors.solve, np.finfo(matrix.dtype).eps
        inverse = LinearOperator(
            matrix.shape,
            solve,
            lambda b: solve(b, "T"),
            solve,
            matrix.dtype,
            lambda b: solve(b, "T"),
        )
        norm = abs(matrix).sum(axis=0).max()
        if not norm * onenormest(inverse, t=1) < 4 / eps:
            raise SingularSystemError(
                explain(
                    f"the Jacobian at the solution is singular (its condition number exceeds "
                    f"{1 / eps:.0e}).",
                    SINGULAR,
                )
            )

    def solve(self, b: np.ndarray, transposed: bool) -> np.ndarray:
        columns = np.asfortranarray(b.T)
        return self.factors.solve(columns, trans="T" if transposed else "N").T


class Diagonal:
    """A map that keeps the elements apart: one product shows its diagonal, another that it does."""

    def __init__(self, linear: Linear) -> None:
        self.diagonal = linear.push(np.ones(linear.size))
        v = probe(linear.size)
        if differ(linear.push(v), self.diagonal * v):
            raise UnsupportedArgumentError(
                explain(
                    "the equations are not independent: one of them has several unknowns.",
                    'use another method for the linear systems, as linear="dense"; for '
                    "scipy.optimize.newton of several unknowns use scipy.optimize.root",
                )
            )
        if not np.all(self.diagonal):
            raise SingularSystemError(explain("a slope at the solution is zero.", SINGULAR))

    def solve(self, b: np.ndarray, transposed: bool) -> np.ndarray:
        return b / self.diagonal


class Products:
    """What needs products only; one right-hand side after another."""

    def __init__(self, linear: Linear, solve: Callable[[Map, np.ndarray], np.ndarray]) -> None:
        self.linear, self.one = linear, solve

    def solve(self, b: np.ndarray, transposed: bool) -> np.ndarray:
        product = self.linear.pull if transposed else self.linear.push
        if b.ndim == 1:
            return self.one(product, b)
        if not len(b):
            return np.zeros_like(b)
        return np.stack([self.one(product, row) for row in b])


class Careful:
    """Products, and where these do not converge the matrix."""

    def __init__(self, linear: Linear, solve: Callable[[Map, np.ndarray], np.ndarray]) -> None:
        self.linear = linear
        self.now: Any = Products(linear, solve)

    def solve(self, b: np.ndarray, transposed: bool) -> np.ndarray:
        try:
            return self.now.solve(b, transposed)
        except ConvergenceError:
            if isinstance(self.now, Dense) or self.linear.size > LARGEST:
                raise
            self.now = Dense(self.linear, False)
            return self.now.solve(b, transposed)


def krylov(kind: str) -> Callable[[Map, np.ndarray], np.ndarray]:
    """Conjugate gradients, MINRES, GMRES or BiCGSTAB of SciPy, held to what they promise."""

    def solve(product: Map, b: np.ndarray) -> np.ndarray:
        from scipy.sparse import linalg

        n = len(b)
        size = np.linalg.norm(b)
        if not size:
            return np.zeros_like(b)
        operator = linalg.LinearOperator((n, n), product, dtype=b.dtype)
        if kind == "gmres":
            x, _ = linalg.gmres(operator, b, rtol=RTOL, atol=0.0, restart=min(n, 80), maxiter=40)
        elif kind == "minres":
            x, _ = linalg.minres(operator, b, rtol=RTOL, maxiter=10 * n)
        else:
            x, _ = getattr(linalg, kind)(operator, b, rtol=RTOL, atol=0.0, maxiter=10 * n)
        return _held(product, x, b, kind)

    return solve


def _held(product: Map, x: np.ndarray, b: np.ndarray, kind: str) -> np.ndarray:
    missed = np.linalg.norm(product(x) - b) / np.linalg.norm(b)
    if not missed <= (ACCEPTED if b.dtype == float else 1e-4):
        raise ConvergenceError(
            explain(
                f"{kind} did not solve the linear system at the solution: its residual is {missed:.1e} of "
                "the right-hand side.",
                'choose another method, linear="dense" or "sparse", or give your own: '
                "linear=solve with solve(matvec, b)",
            )
        )
    return x


def iteration(product: Map, b: np.ndarray) -> np.ndarray:
    """``x = b + (I - A) x`` for ``A = I - G``: the sum of ``G^k b``, a product each.
    [Christianson 1994; Griewank & Walther 2008, sec. 15.2]

    Where ``G`` does not contract, or slowly, GMRES.
    """
    x, term = b.copy(), b
    first = last = np.max(np.abs(b), initial=0.0)
    for k in range(1, STEPS):
        term = term - product(term)
        x += term
        now = np.max(np.abs(term), initial=0.0)
        if now <= 1e-16 * np.max(np.abs(x), initial=0.0):
            return x
        if k % 30 == 0:
            if not now < 0.5 * last or not np.isfinite(first):
                break
            last = now
    return krylov("gmres")(product, b)


def prepare(linear: Linear, method: Any, symmetric: bool, positive: bool, contracts: bool) -> Any:
    """The method that was asked for, at one point."""
    if callable(method):

        def asked(product: Map, b: np.ndarray) -> np.ndarray:
            x = np.asarray(method(product, b), dtype=b.dtype).reshape(b.shape)
            return _held(product, x, b, "the method that was given") if np.any(b) else x

        return Products(linear, asked)
    if method == "dense" or (method == "auto" and linear.size <= SMALL):
        return Dense(linear, positive)
    if method == "sparse":
        return Sparse(linear)
    if method == "diagonal":
        return Diagonal(linear)
    if method == "auto":
        if contracts:
            return Careful(linear, iteration)
        return Careful(linear, krylov("cg" if positive else "minres" if symmetric else "gmres"))
    if method == "iterate":
        return Products(linear, iteration)
    return Products(linear, krylov(method))


METHODS = ("auto", "dense", "sparse", "cg", "minres", "gmres", "bicgstab", "iterate", "diagonal")


def options_of(
    method: Any = "auto", symmetric: bool = False, positive: bool = False, contracts: bool = False
) -> dict[str, Any]:
    """What `prepare` is told of the linear systems: the method, and what is known of the matrix.

    Raises
    ------
    UnsupportedArgumentError
        There is no such method.
    """
    if callable(method) or method in METHODS:
        return {
            "method": method,
            "symmetric": symmetric,
            "positive": positive,
            "contracts": contracts,
        }
    raise UnsupportedArgumentError(
        explain(
            f"linear={method!r} is no method for the linear systems.",
            f"choose one of {', '.join(METHODS)}, or give a function solve(matvec, b)",
        )
    )


def probe(size: int) -> np.ndarray:
    """A vector of nothing special, to see what a map does with it."""
    return np.random.default_rng(0).standard_normal(size)


def differ(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether two vectors differ by more than rounding; not finite ones do not."""
    return bool(np.max(np.abs(x - y), initial=0.0) > 1e-4 * np.max(np.abs(y), initial=0.0))


def frozen(x: Any) -> np.ndarray:
    """A copy that nobody can write to: a tape keeps it as it is."""
    copy = np.array(x)
    copy.flags.writeable = False
    return copy


def same(kept: Sequence[np.ndarray], given: Sequence[Any]) -> bool:
    """Whether arrays still have the values that were kept."""
    return len(kept) == len(given) and all(map(np.array_equal, kept, given))
