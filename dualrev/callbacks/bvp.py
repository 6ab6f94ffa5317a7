"""`BVP`: boundary value problems with exact Jacobians, for `scipy.integrate.solve_bvp`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..adoption import adopted
from ..errors import StructureError, UnsupportedArgumentError, describe, explain
from ..fronts.packing import as_array
from ..primitive import Tracer
from ..transforms import jacobian
from .base import Callbacks, Settings
from .joined import joined
from .parameters import is_structured
from .pointwise import blocks, columns, refuse_coupled
from .values import name_of, owned


class BVP(Callbacks):
    """A boundary value problem ``y' = f(x, y, p)``, ``bc(y(a), y(b), p) = 0``.

    Parameters
    ----------
    rhs : callable
        ``rhs(x, y)`` or ``rhs(x, y, p)``, plain NumPy, for all nodes at once: ``x`` has shape
        ``(m,)``, ``y`` has shape ``(n, m)``; returns the same, also as a list of rows.
    bc : callable
        ``bc(ya, yb)`` or ``bc(ya, yb, p)``: returns ``n + k`` residuals, also as a list.
    cache, compile, check, nan, adopt, progress
        As in `Objective`. NaN is passed on by default: the solver stops at it.
    like : tree of array_like, optional
        An example of structured parameters ``p``.

    Notes
    -----
    ``rhs`` acts at every node alike, so that one sweep gives a column of the Jacobians of all nodes:
    ``n + k`` directions of arrays ``(n, m)``. That no node depends on another is asked once, as SciPy
    only takes it for granted.

    Examples
    --------
    Bratu's problem ``y'' + exp(y) = 0``, zero at both ends:

    >>> P = BVP(
    ...     lambda x, y: [y[1], -np.exp(y[0])],
    ...     lambda ya, yb: [ya[0], yb[0]],
    ... )
    >>> x = np.linspace(0.0, 1.0, 5)
    >>> found = P.solve(x, np.zeros((2, 5)))
    >>> print(found.success, found.sol(0.5)[0].round(4))
    True 0.1405
    """

    what: ClassVar[str] = "boundary value problem"
    callbacks: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        rhs: Callable[..., Any],
        bc: Callable[..., Any],
        *,
        cache: int = 2,
        compile: bool = True,
        check: bool = False,
        nan: str = "pass",
        adopt: Any = None,
        progress: bool = False,
        like: Any = None,
    ) -> None:
        super().__init__(rhs, Settings(cache, compile, check, nan, adopt, progress), like)
        self.conditions = adopted(bc, adopt)
        self._bc_name = name_of(bc)
        self._is_asked = False

    # -- plain functions -------------------------------------------------------------------------

    def _tree(self, p: Any) -> Any:
        like = self.parameters
        return p if like is None or like.is_flat else like.unravel(p)

    def _rhs(self, x: Any, y: Any, *p: Any) -> Any:
        dy = self.f(x, y, *map(self._tree, p))
        dy = dy if isinstance(dy, Tracer) else as_array(_rows(dy, np.shape(y)))
        if np.shape(dy) != np.shape(y):
            raise StructureError(
                explain(
                    f"{self.name} must return {describe(y)}, like y; it returned {describe(dy)}.",
                    "return one row for each unknown, with a value for each node",
                )
            )
        return dy

    def _bc(self, ya: Any, yb: Any, *p: Any) -> Any:
        return joined(self.conditions(ya, yb, *map(self._tree, p)), self._bc_name)

    def _define(self, kind: str) -> Callable[..., Any]:
        if kind == "fun":
            return lambda y, x, *p: self._recordable(lambda y, *p: self._rhs(x, y, *p))(y, *p)
        if kind == "fun_jac":

            def fun_jac(y: Any, x: Any, *p: Any) -> Any:
                of_y = blocks(lambda y: self._rhs(x, y, *p), y)
                of_y = np.transpose(of_y, (1, 0, 2))
                if not p:
                    return (of_y,)
                of_p = columns(lambda p: self._rhs(x, y, p), p[0])
                return of_y, np.transpose(of_p, (1, 0, 2))

            return fun_jac

        def split(z: Any, n: int) -> Any:
            p = (z[2 * n :],) if np.size(z) > 2 * n else ()
            return self._bc(z[:n], z[n : 2 * n], *p)

        if kind == "bc":
            return lambda z, n: self._recordable(lambda z: split(z, n))(z)
        return lambda z, n: jacobian(lambda z: split(z, n), mode="forward")(z)

    # -- callbacks -------------------------------------------------------------------------------

    def fun(self, x: Any, y: Any, *p: Any) -> np.ndarray:
        """The right-hand side at all nodes, of shape ``(n, m)``."""
        y, x, p = self._nodes(y, x, p)
        found = np.array(self._run("fun", y, x, *p), np.float64)  # it may be the user's own
        if self.progress.active:
            self.progress.show(self.counts.fun, None)
        return self._by_policy("the right-hand side", y, found)

    __call__ = fun

    def bc(self, ya: Any, yb: Any, *p: Any) -> np.ndarray:
        """The residuals of the boundary conditions, of shape ``(n + k,)``."""
        z, n = self._ends(ya, yb, p)
        found = self._run("bc", z, n)
        return self._by_policy("the boundary residual", z, np.array(found, np.float64))

    def fun_jac(self, x: Any, y: Any, *p: Any) -> Any:
        """``df/dy`` of shape ``(n, n, m)``; with parameters ``(df/dy, df/dp)``, the second (n, k, m)."""
        y, x, p = self._nodes(y, x, p)
        point = self._at(y, x, *p)
        if "fun_jac" in point:
            self._state.tally.hits += 1
        else:
            n, m = y.shape
            shapes = [(n, n, m), *[(n, each.size, m) for each in p]]
            found = [
                self._allowed("the Jacobian", y, owned(np.ascontiguousarray(j), shape))
                for j, shape in zip(self._run("fun_jac", y, x, *p), shapes, strict=True)
            ]
            if not self._is_asked or self.settings.check:
                self._is_asked = m > 1
                refuse_coupled(self.name, lambda y: self._rhs(x, y, *p), y, found[0], "nodes")
            point["fun_jac"] = found
        copies = [j.copy() for j in point["fun_jac"]]
        return tuple(copies) if p else copies[0]

    def bc_jac(self, ya: Any, yb: Any, *p: Any) -> tuple[np.ndarray, ...]:
        """``dbc/dya`` and ``dbc/dyb`` of shape ``(n + k, n)``; with parameters ``dbc/dp``, too."""
        z, n = self._ends(ya, yb, p)
        point = self._at(z, n)
        if "bc_jac" in point:
            self._state.tally.hits += 1
        else:
            found = self._run("bc_jac", z, n)
            point["bc_jac"] = self._allowed(
                "the boundary Jacobian", z, owned(found, np.shape(found))
            )
        j = point["bc_jac"]
        parts = [j[:, :n], j[:, n : 2 * n], *([j[:, 2 * n :]] if p else [])]
        return tuple([part.copy() for part in parts])

    def _nodes(self, y: Any, x: Any, p: tuple[Any, ...]) -> Any:
        if np.iscomplexobj(y):
            raise UnsupportedArgumentError(
                explain(
                    f"y is {describe(y)}.",
                    "solve for real and imaginary parts, as more rows of y",
                )
            )
        y = np.ascontiguousarray(y, np.float64)
        if y.ndim != 2:
            raise StructureError(
                explain(f"y is {describe(y)}.", "give an array (n, m): unknowns by nodes")
            )
        return y, np.ascontiguousarray(x, np.float64), tuple([self._vector(each) for each in p])

    def _ends(self, ya: Any, yb: Any, p: tuple[Any, ...]) -> tuple[np.ndarray, int]:
        ya = np.asarray(ya, np.float64)
        parts = [ya, np.asarray(yb, np.float64), *[self._vector(each) for each in p]]
        return np.concatenate(parts), ya.size

    # -- for solvers -----------------------------------------------------------------------------

    def kw(self) -> dict[str, Any]:
        """The keywords of `solve_bvp`: ``solve_bvp(P.fun, P.bc, x, y, p, **P.kw())``."""
        return {"fun_jac": self.fun_jac, "bc_jac": self.bc_jac}

    def solve(self, x: Any, y: Any, p: Any = None, **options: Any) -> Any:
        """Solve by `scipy.integrate.solve_bvp`, with both Jacobians.

        Parameters
        ----------
        x, y
            Nodes, of shape ``(m,)``, and a guess at them, of shape ``(n, m)``.
        p : tree of array_like, optional
            A guess of the unknown parameters: a vector, or by name.
        **options
            As for SciPy.

        Returns
        -------
        BVPResult
            SciPy's, with ``params``, which is ``p`` in its form, and ``counts``.
        """
        if p is not None and is_structured(p) and self.parameters is None:
            return self.shaped(p).solve(x, y, p, **options)
        from scipy.integrate import solve_bvp

        start, before = None if p is None else self._vector(p), self.counts
        try:
            found = solve_bvp(self.fun, self.bc, x, y, start, **self.kw(), **options)
        finally:
            self.progress.close()
        found.params = None if found.p is None else self._tree(found.p)
        found.counts = self.counts - before
        return found


def _rows(dy: Any, shape: tuple[int, ...]) -> Any:
    """A list of rows, of which some may be one number for all nodes."""
    if isinstance(dy, (list, tuple)) and any(np.shape(row) == () for row in dy):
        return [row + np.zeros(shape[1:]) if np.shape(row) == () else row for row in dy]
    return dy
