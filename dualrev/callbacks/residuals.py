"""`Residuals`: least squares with exact Jacobians, for all of SciPy's solvers of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from scipy import optimize

from ..errors import UnsupportedArgumentError, explain
from ..transforms import jvp
from ..tree import as_tuple
from .base import Settings
from .fits import covariance_of
from .minimizing import bounds_of
from .parameters import is_structured
from .vector import VectorCallbacks


class Residuals(VectorCallbacks):
    """A function whose value is a vector of residuals, for `least_squares` and `leastsq`.

    Parameters
    ----------
    r : callable
        ``r(x, *args)``, plain NumPy; returns a vector.
    sparse : {"auto", True, False}
        Whether ``trf`` and ``dogbox`` get sparse Jacobians; by default where the colouring takes so
        few products that it pays.
    cache, compile, check, nan, adopt, progress, like
        As in `Objective`.

    Examples
    --------
    >>> t = np.linspace(0.0, 3.0, 20)
    >>> data = 2.0 * np.exp(-1.3 * t) + 0.01 * np.cos(20 * t)
    >>> R = Residuals(lambda p: p["a"] * np.exp(-p["k"] * t) - data)
    >>> fit = R.fit({"a": 1.0, "k": 1.0})
    >>> print(f"{fit.params['k']:.2f} +- {fit.standard_errors['k']:.2f}")
    1.30 +- 0.01

    With SciPy's own function, here with a vector of parameters:

    >>> R = Residuals(lambda p: p[0] * np.exp(-p[1] * t) - data)
    >>> found = optimize.least_squares(R, [1.0, 1.0], **R.kw("trf"))
    >>> found.success, R.counts.jac == found.njev
    (True, True)
    """

    what: ClassVar[str] = "residuals"
    col_deriv = 1  # what `leastsq` and `fsolve` have to be told about `Dfun`

    def __init__(
        self,
        r: Callable[..., Any],
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
        super().__init__(r, settings, like, sparse)

    def kw(self, method: str = "trf", tr_solver: str | None = None) -> dict[str, Any]:
        """The keywords of `least_squares`, given a method and a solver of its linear problems.

        Parameters
        ----------
        method : {"lm", "trf", "dogbox"}
        tr_solver : {None, "exact", "lsmr"}
            ``"exact"`` takes dense Jacobians. ``"lsmr"`` takes them as operators, or sparse where
            that pays. By default sparse ones if they pay, else dense ones.
        """
        if method == "lm" and tr_solver is None:
            return {"jac": self.jac}
        if method not in ("trf", "dogbox") or tr_solver not in (None, "exact", "lsmr"):
            raise UnsupportedArgumentError(
                explain(
                    f"method={method!r} with tr_solver={tr_solver!r}.",
                    "choose 'lm', or 'trf' or 'dogbox' with tr_solver None, 'exact' or 'lsmr'",
                )
            )
        if tr_solver == "exact":
            return {"jac": self.jac, "tr_solver": "exact"}
        if tr_solver == "lsmr":
            return {"jac": self._for_lsmr, "tr_solver": "lsmr"}
        return {"jac": self.jac_auto}

    def _for_lsmr(self, x: Any, *args: Any) -> Any:
        if self.is_sparse(x, *args):
            return self.jac_sparse(x, *args)
        return self.jac_op(x, *args)

    @staticmethod
    def loss(rho: Callable[[Any], Any]) -> Loss:
        """A loss for `least_squares` from `rho` alone.

        Parameters
        ----------
        rho : callable
            Elementwise, of the squared residuals ``z``; plain NumPy.

        Returns
        -------
        callable
            ``z -> [rho(z), rho'(z), rho''(z)]``, of shape ``(3, m)``.

        Examples
        --------
        >>> Residuals.loss(np.log1p)(np.array([0.0, 1.0]))
        array([[ 0.        ,  0.69314718],
               [ 1.        ,  0.5       ],
               [-1.        , -0.25      ]])
        """
        return Loss(rho)

    def fit(
        self,
        x0: Any,
        args: Any = (),
        *,
        method: str | None = None,
        tr_solver: str | None = None,
        bounds: Any = (-np.inf, np.inf),
        loss: Any = "linear",
        kwargs: dict[str, Any] | None = None,
        absolute_sigma: bool = False,
        **options: Any,
    ) -> optimize.OptimizeResult:
        """Solve the least-squares problem by `scipy.optimize.least_squares`.

        Parameters
        ----------
        x0 : tree of array_like
            Where to start: a vector, or any tree of arrays and numbers, which `r` then gets.
        args, bounds, loss, **options
            As for `least_squares`; `bounds` may be by name, ``{"k": (0, None)}``; `loss` may be what
            `Residuals.loss` makes.
        method : {None, "trf", "dogbox", "lm"}
            By default ``lm`` for dense problems without bounds and loss, else ``trf``.
        tr_solver : {None, "exact", "lsmr"}
            See `kw`.
        absolute_sigma : bool
            Whether the residuals are in units of their standard deviation; otherwise their
            variance is estimated from their size, as by `curve_fit`.

        Returns
        -------
        OptimizeResult
            SciPy's, with ``params``, ``covariance``, ``standard_errors`` (in the form of `x0`) and
            ``counts``.

        Notes
        -----
        The covariance is ``s^2 (J^T J)^+`` at the solution, by the singular values of the exact
        Jacobian; infinite if ``J`` has not full rank. [Björck 1996, sec. 1.1]
        """
        if is_structured(x0) and self.parameters is None:
            return self.shaped(x0).fit(
                x0,
                args,
                method=method,
                tr_solver=tr_solver,
                bounds=bounds,
                loss=loss,
                kwargs=kwargs,
                absolute_sigma=absolute_sigma,
                **options,
            )
        start = self._vector(x0)
        args = as_tuple(args)
        bounds = bounds_of(bounds, self.parameters)
        if method is None:
            method = self._suitable(start, args, bounds, loss, tr_solver)
        before = self.counts
        try:
            found = optimize.least_squares(
                self.fun,
                start,
                args=args,
                bounds=bounds,
                loss=loss,
                method=method,
                **self.kw(method, tr_solver),
                **options,
            )
        finally:
            self.progress.close()
        unravel = (lambda x: x) if self.parameters is None else self.parameters.unravel
        jac = self.jac(found.x, *args) if not self.is_sparse(found.x, *args) else found.jac
        found.covariance = covariance_of(jac, self.fun(found.x, *args), absolute_sigma)
        found.standard_errors = unravel(np.sqrt(np.diag(found.covariance)))
        found.params, found.counts = unravel(found.x), self.counts - before
        return found

    def _suitable(
        self, x: np.ndarray, args: tuple[Any, ...], bounds: Any, loss: Any, tr_solver: str | None
    ) -> str:
        if isinstance(bounds, optimize.Bounds):
            bounds = bounds.lb, bounds.ub
        is_free = not any(np.isfinite(b).any() for b in map(np.asarray, bounds))
        if not is_free or loss != "linear" or tr_solver is not None or self.is_sparse(x, *args):
            return "trf"
        return "lm" if self.fun(x, *args).size >= x.size else "trf"

    def leastsq(self, x0: Any, args: Any = (), **options: Any) -> Any:
        """`scipy.optimize.leastsq` with the exact Jacobian; returns what it returns."""
        args = as_tuple(args)
        return optimize.leastsq(
            self.fun, self._vector(x0), args=args, Dfun=self.Dfun, col_deriv=1, **options
        )


class Loss:
    """``rho`` and its first two derivatives, elementwise, by nested forward mode."""

    def __init__(self, rho: Callable[[Any], Any]) -> None:
        self.rho = rho

    def __call__(self, z: Any) -> np.ndarray:
        z = np.asarray(z, float)
        one = np.ones_like(z)

        def slope(z: Any) -> Any:
            return jvp(self.rho, (z,), (one,))[1]

        first, second = jvp(slope, (z,), (one,))
        return np.array([np.broadcast_to(y, z.shape) for y in (self.rho(z), first, second)], float)
