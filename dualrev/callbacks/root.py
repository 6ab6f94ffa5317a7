"""`Root`: systems of equations with exact Jacobians, for all of SciPy's solvers of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from scipy import optimize

from ..errors import StructureError, UnsupportedArgumentError, explain
from ..tree import as_tuple
from . import krylov as _krylov
from .base import Settings
from .joined import joined
from .parameters import is_structured
from .values import owned
from .vector import VectorCallbacks

# Methods of `root`, and whether they take a Jacobian; the others warn about it.
# fmt: off
METHODS = {
    "hybr": True, "lm": True, "krylov": False, "df-sane": False, "broyden1": False,
    "broyden2": False, "anderson": False, "linearmixing": False, "diagbroyden": False,
    "excitingmixing": False,
}
# fmt: on


class Root(VectorCallbacks):
    """A system of equations ``F(x, *args) = 0``, for `root`, `fsolve` and `newton_krylov`.

    Parameters
    ----------
    F : callable
        ``F(x, *args)``, plain NumPy; returns an array of any shape, a list of numbers, or for
        structured ``x`` a tree like it.
    sparse : {"auto", True, False}
        Whether `jac_auto` gives sparse Jacobians; none of SciPy's methods takes them.
    cache, compile, check, nan, adopt, progress, like
        As in `Objective`.

    Examples
    --------
    >>> F = Root(lambda x: [x[0] + 0.5 * (x[0] - x[1]) ** 3 - 1.0, 0.5 * (x[1] - x[0]) ** 3 + x[1]])
    >>> found = optimize.root(F, [0.0, 0.0], method="hybr", **F.kw("hybr"))
    >>> print(found.x.round(4), F.counts.fun <= found.nfev)
    [0.8412 0.1588] True

    In one line, with unknowns that have names:

    >>> pair = Root(lambda u: {"x": u["x"] ** 2 - u["y"], "y": u["x"] + u["y"] - 2.0})
    >>> print(pair.solve({"x": 2.0, "y": 0.5}).params)
    {'x': np.float64(1.0), 'y': np.float64(1.0)}
    """

    what: ClassVar[str] = "equations"
    callbacks: ClassVar[tuple[str, ...]] = (*VectorCallbacks.callbacks, "fprime")
    col_deriv = 1  # what `fsolve` has to be told about `Dfun`

    def __init__(
        self,
        F: Callable[..., Any],
        *,
        sparse: bool | str = "auto",
        cache: int = 2,
        compile: bool = True,
        check: bool = False,
        nan: str = "raise",
        adopt: Any = None,
        progress: bool = False,
        like: Any = None,
    ) -> None:
        settings = Settings(cache, compile, check, nan, adopt, progress)
        super().__init__(F, settings, like, sparse)

    def _flat(self, result: Callable[[Any, str], Any]) -> Callable[..., Any]:
        parameters = self.parameters
        return super()._flat(lambda y, name: joined(y, name, parameters))

    def fun(self, x: Any, *args: Any) -> np.ndarray:
        """The value, of shape ``(m,)``."""
        x = self._vector(x)
        point = self._at(x, *args)
        if "fun" in point:
            self._state.tally.hits += 1
        else:
            self._value(point, x, self._run("fun", x, *args))
        if "where" not in point:
            point["where"] = x.copy(), args
        return point["fun"].copy()  # type: ignore[no-any-return]

    __call__ = fun

    fprime = VectorCallbacks.jac  # as `fsolve` calls it

    def jvp(self, x: Any, v: Any, *args: Any) -> np.ndarray:
        """The Jacobian at `x` times `v`."""
        x, v = self._vector(x), self._vector(v)
        product = self._run("jvp", x, v, *args)
        return self._allowed("a product with the Jacobian", x, owned(product, np.shape(product)))

    def _product_at(self, residual: np.ndarray) -> Callable[[np.ndarray], np.ndarray] | None:
        """The product with the Jacobian at the last point of this value, if it is still known."""
        for _, point in self._state.points:
            if "where" in point and np.array_equal(point["fun"], residual):
                x, args = point["where"]
                return lambda v: self.jvp(x, v, *args)
        return None

    # -- for solvers -----------------------------------------------------------------------------

    def kw(self, method: str = "hybr") -> dict[str, Any]:
        """The keywords of `scipy.optimize.root` for a method.

        Parameters
        ----------
        method : str
            ``hybr`` and ``lm`` get the Jacobian; ``krylov`` gets options by which its products with
            the Jacobian are exact, as long as ``cache`` is not 0; the others take no derivatives.

        Examples
        --------
        >>> F = Root(lambda x: np.cos(x) - x)
        >>> x = optimize.root(F, np.zeros(50), method="krylov", **F.kw("krylov")).x
        >>> bool(np.allclose(np.cos(x), x)), F.counts.fun < 10
        (True, True)
        """
        method = self._method(method)
        if method == "krylov":
            solver = _krylov.ExactSolver(self._product_at, "lgmres")
            return {"options": {"jac_options": {"method": solver}}}
        return {"jac": self.jac} if METHODS[method] else {}

    def _method(self, method: object) -> str:
        name = str(method).lower()
        if name not in METHODS:
            raise UnsupportedArgumentError(
                explain(f"method={method!r} is unknown.", f"choose one of {', '.join(METHODS)}")
            )
        return name

    def krylov(self, args: Any = (), **options: Any) -> Any:
        """SciPy's `KrylovJacobian` with exact products, for its function ``nonlin_solve``.

        Parameters
        ----------
        args : tuple
            For `F`.
        **options
            `method`, `inner_maxiter`, `inner_M`, `outer_k`, ... of `scipy.optimize.newton_krylov`.
        """
        if _krylov.ExactKrylov is None:
            raise UnsupportedArgumentError(
                explain(
                    "this SciPy has no KrylovJacobian that can be extended.",
                    "use newton_krylov() of this object, or root with kw('krylov')",
                )
            )
        args = as_tuple(args)
        return _krylov.ExactKrylov(lambda x, v: self.jvp(x, v, *args), **options)

    def solve(
        self,
        x0: Any,
        method: str = "hybr",
        args: Any = (),
        *,
        tol: float | None = None,
        callback: Callable[..., Any] | None = None,
        **options: Any,
    ) -> optimize.OptimizeResult:
        """Solve by `scipy.optimize.root`, with the derivatives that the method takes.

        Parameters
        ----------
        x0 : tree of array_like
            Where to start: a vector, or any tree of arrays and numbers, which `F` then gets.
        method : str
            A method of SciPy's.
        args, tol, callback
            As for SciPy; ``hybr`` and ``lm`` have no callback.
        **options
            The method's options.

        Returns
        -------
        OptimizeResult
            SciPy's, with ``params``, which is ``x`` in the form of `x0`, and ``counts``.
        """
        if is_structured(x0) and self.parameters is None:
            return self.shaped(x0).solve(x0, method, args, tol=tol, callback=callback, **options)
        name, start, before = self._method(method), self._vector(x0), self.counts
        args = as_tuple(args)
        keywords = self.kw(name)
        if name == "krylov":
            given = options.pop("jac_options", {})
            solver = _krylov.ExactSolver(self._product_at, given.get("method", "lgmres"))
            options["jac_options"] = {**given, "method": solver}
            keywords = {}
        self._refuse_unequal(start, args, name)
        try:
            found = optimize.root(
                self.fun, start, args, method=name, tol=tol, callback=callback, options=options,
                **keywords,
            )  # fmt: skip
        finally:
            self.progress.close()
        found.params = found.x if self.parameters is None else self.parameters.unravel(found.x)
        found.counts = self.counts - before
        return found

    def _refuse_unequal(self, x: np.ndarray, args: tuple[Any, ...], method: str) -> None:
        size = self.fun(x, *args).size
        if size != x.size and not (method == "lm" and size > x.size):
            raise StructureError(
                explain(
                    f"{self.name} has {size} values for {x.size} unknowns.",
                    "give as many equations as unknowns; for more equations use "
                    "dr.scipy.Residuals, or method='lm'",
                )
            )

    def newton_krylov(
        self,
        x0: Any,
        args: Any = (),
        *,
        iter: int | None = None,
        method: Any = "lgmres",
        inner_maxiter: int = 20,
        inner_M: Any = None,
        outer_k: int = 10,
        verbose: bool = False,
        maxiter: int | None = None,
        f_tol: float | None = None,
        f_rtol: float | None = None,
        x_tol: float | None = None,
        x_rtol: float | None = None,
        tol_norm: Any = None,
        line_search: str | None = "armijo",
        callback: Callable[..., Any] | None = None,
        **inner: Any,
    ) -> Any:
        """A root by `scipy.optimize.newton_krylov`, with exact products instead of differences.

        Parameters
        ----------
        x0 : tree of array_like
            Where to start; the root has its form.
        args : tuple
            For `F`.
        iter, method, ..., **inner
            As for SciPy; there is no `rdiff`, for no differences are taken.

        Raises
        ------
        scipy.optimize.NoConvergence

        Examples
        --------
        >>> F = Root(lambda u: np.cos(u) + u[::-1] - 2.0 * u)
        >>> u = F.newton_krylov(np.zeros((2, 3)))
        >>> u.shape, bool(np.all(np.abs(F.f(u)) < 1e-5))
        ((2, 3), True)
        """
        if is_structured(x0) and self.parameters is None:
            return self.shaped(x0).newton_krylov(
                x0, args, iter=iter, method=method, inner_maxiter=inner_maxiter, inner_M=inner_M,
                outer_k=outer_k, verbose=verbose, maxiter=maxiter, f_tol=f_tol, f_rtol=f_rtol,
                x_tol=x_tol, x_rtol=x_rtol, tol_norm=tol_norm, line_search=line_search,
                callback=callback, **inner,
            )  # fmt: skip
        if "rdiff" in inner:
            raise UnsupportedArgumentError(
                explain("newton_krylov with rdiff: no differences are taken.", "leave it out")
            )
        start = self._vector(x0)
        args = as_tuple(args)
        self._refuse_unequal(start, args, "krylov")
        try:
            x = _krylov.solve(
                lambda x: self.fun(x, *args),
                start,
                lambda x, v: self.jvp(x, v, *args),
                self._product_at,
                dict(
                    method=method, inner_maxiter=inner_maxiter, inner_M=inner_M, outer_k=outer_k,
                    **inner,
                ),
                {
                    "iter": iter, "verbose": verbose, "maxiter": maxiter, "f_tol": f_tol,
                    "f_rtol": f_rtol, "x_tol": x_tol, "x_rtol": x_rtol, "tol_norm": tol_norm,
                    "line_search": line_search, "callback": callback,
                },
            )  # fmt: skip
        finally:
            self.progress.close()
        return x if self.parameters is None else self.parameters.unravel(x)

    def fsolve(self, x0: Any, args: Any = (), **options: Any) -> Any:
        """`scipy.optimize.fsolve` with the exact Jacobian; returns what it returns."""
        args = as_tuple(args)
        return optimize.fsolve(
            self.fun, self._vector(x0), args=args, fprime=self.Dfun, col_deriv=1, **options
        )


def newton_krylov(F: Any, xin: Any, args: Any = (), **options: Any) -> Any:
    """`scipy.optimize.newton_krylov` with exact products with the Jacobian.

    Parameters
    ----------
    F : callable or Root
        ``F(x, *args)``, plain NumPy; a `Root` keeps its programs from one call to the next.
    xin : tree of array_like
        Where to start; the root has its form.
    args : tuple
        For `F`.
    **options
        As in `Root.newton_krylov`.

    Returns
    -------
    tree of arrays
        Like `xin`.

    Raises
    ------
    scipy.optimize.NoConvergence

    Notes
    -----
    SciPy evaluates ``F`` once for every product with the Jacobian, and its error limits the linear
    solves; here ``F`` is evaluated for the line search alone.

    Examples
    --------
    >>> x = newton_krylov(lambda x: np.cos(x) - x, np.zeros(3))
    >>> print(x.round(3))
    [0.739 0.739 0.739]
    """
    root = F if isinstance(F, Root) else Root(F)
    return root.newton_krylov(xin, args, **options)
