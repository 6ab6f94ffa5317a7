"""`CurveFit`: `scipy.optimize.curve_fit` with the exact Jacobian, and what a fit says."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from scipy import optimize

from ..errors import UnsupportedArgumentError, explain
from ..fronts.packing import as_array
from ..primitive import Tracer
from ..sparse.directions import probe_of
from ..transforms import jacobian, jvp, value_and_grad, value_and_jacobian, vmap
from .base import Callbacks, Settings
from .evaluation import Point
from .joined import joined
from .minimizing import bounds_of
from .parameters import Parameters, is_structured
from .programs import WAITS_OF_VALUES
from .race import Race
from .values import owned

MANY = 8  # parameters from which on reverse mode pays
_ROUNDING = 1e-10


class CurveFit(Callbacks):
    """A model ``y = f(xdata, *params)`` to be fitted to data.

    Parameters
    ----------
    model : callable
        ``model(xdata, a, b, ...)``, plain NumPy, as `curve_fit` takes it. With parameters that are
        arrays or have structure, which `fit` is given as a dict: ``model(xdata, a, b, ...)`` with
        these names, or ``model(xdata, params)``.
    cache, compile, check, nan, adopt, progress, like
        As in `Objective`; `like` is an example of the parameters.

    Notes
    -----
    The Jacobian is computed in forward mode, with the directions of all parameters at once. With many
    parameters, and a model whose value at a point depends on the data of this point alone, it is
    computed in reverse mode, for all points at once: a few evaluations of the model, however many
    parameters there are. Whether that gives the same is seen at the first Jacobian, and from then on
    by the derivative in one direction.

    Examples
    --------
    >>> x = np.linspace(0.0, 4.0, 50)
    >>> y = 2.5 * np.exp(-1.3 * x) + 0.5 + 0.01 * np.cos(40 * x)
    >>> C = CurveFit(lambda x, a, k, c: a * np.exp(-k * x) + c)
    >>> best = C.fit(x, y)
    >>> print({name: round(float(value), 2) for name, value in best.params.items()})
    {'a': 2.5, 'k': 1.3, 'c': 0.5}

    With SciPy's own function:

    >>> popt, pcov = optimize.curve_fit(C, x, y, p0=[1.0, 1.0, 1.0], jac=C.jac)
    >>> bool(np.allclose(popt, best.x, rtol=1e-5))
    True
    """

    what: ClassVar[str] = "model"
    callbacks: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        model: Callable[..., Any],
        *,
        cache: int = 2,
        compile: bool = True,
        check: bool = False,
        nan: str = "raise",
        adopt: Any = None,
        progress: bool = False,
        like: Any = None,
    ) -> None:
        super().__init__(model, Settings(cache, compile, check, nan, adopt, progress), like)
        self._names = _names_of(model)
        self._pointwise: dict[Any, bool] = {}  # by the same as the next
        self._races: dict[Any, Race] = {}  # by the number of parameters and the shape of the data

    def _define(self, kind: str) -> Callable[..., Any]:
        model, name, parameters = self.f, self.name, self.parameters
        by_name = self._is_by_name

        def vector(p: Any, xdata: Any) -> Any:
            if parameters is None or parameters.is_flat:
                y = model(xdata, *[p[k] for k in range(np.size(p))])
            elif by_name:
                y = model(xdata, **parameters.unravel(p))
            else:
                y = model(xdata, parameters.unravel(p))
            return joined(y if isinstance(y, Tracer) else as_array(y), name)

        if kind == "fun":
            return self._recordable(vector)
        if kind == "slope":
            return lambda p, xdata, d: jvp(lambda p: vector(p, xdata), (p,), (d,))
        if kind == "jac_by_points":

            def at(p: Any, x: Any) -> Any:
                return value_and_grad(lambda p: vector(p, x[..., None]).reshape(()))(p)

            return lambda p, xdata: vmap(lambda x: at(p, x), in_axes=-1)(xdata)
        make = jacobian if kind == "jac" else value_and_jacobian
        return make(vector, mode="forward")

    @property
    def _is_by_name(self) -> bool:
        """Whether the model takes the parts of structured parameters by their names."""
        like = self.parameters
        if like is None or like.structure is None or like.structure.kind is not dict:
            return False
        return set(like.structure.data) <= set(self._names or ())

    # -- callbacks -------------------------------------------------------------------------------

    def fun(self, xdata: Any, *params: Any) -> np.ndarray:
        """The model's values, of shape ``(M,)``; `params` are numbers, or the structured ones."""
        p, xdata = self._given_as_vector(params), _data(xdata)
        point = self._at(p, xdata)
        if "fun" in point:
            self._state.tally.hits += 1
        else:
            key = p.size, np.shape(xdata)
            race = self._races.get(key)
            if race is None:
                race = self._races[key] = self._race()
            self._value(point, p, race(p, xdata))
        return point["fun"].copy()  # type: ignore[no-any-return]

    __call__ = fun

    def _race(self) -> Race:
        """Short models are faster as they are, long ones as programs."""

        def replayed(p: np.ndarray, xdata: Any) -> Any:
            return self._run("fun", p, xdata)

        like = self.parameters
        if self.settings.compile is False or not (like is None or like.is_flat):
            return Race(replayed)

        def as_it_is(p: np.ndarray, xdata: Any) -> Any:
            return self._timed(
                "fun_as_it_is", lambda: joined(np.asarray(self.f(xdata, *p)), self.name)
            )

        self._programs.waits["fun"] = 0  # the race does
        return Race(replayed, as_it_is, after=WAITS_OF_VALUES)

    def jac(self, xdata: Any, *params: Any) -> np.ndarray:
        """Derivatives with respect to the parameters, of shape ``(M, k)``."""
        p, xdata = self._given_as_vector(params), _data(xdata)
        point = self._at(p, xdata)
        if "jac" in point:
            self._state.tally.hits += 1
            return point["jac"].copy()  # type: ignore[no-any-return]
        key = p.size, np.shape(xdata)
        j = self._by_points(point, p, xdata) if self._pointwise.get(key) else None
        if j is None:
            if "fun" in point:
                j = self._run("jac", p, xdata)
            else:
                value, j = self._run("fun_and_jac", p, xdata)
                self._value(point, p, value)
            j = owned(j, (point["fun"].size, p.size))
            if key not in self._pointwise and not self._programs.is_waiting("jac"):
                self._pointwise[key] = self._is_pointwise(point["fun"], j, p, xdata)
        j = self._allowed("the Jacobian", p, j)
        if self._unchecked:
            self._check_once("fun", p, (xdata,), j)
        point["jac"] = j
        return j.copy()

    def _is_pointwise(self, value: np.ndarray, j: np.ndarray, p: np.ndarray, xdata: Any) -> bool:
        """Whether it pays, and works, to take the gradient of each value from its own data alone."""
        if p.size < MANY or self._programs.eager is not None or not isinstance(xdata, np.ndarray):
            return False
        if xdata.ndim == 0 or xdata.shape[-1] != value.size or value.size < p.size:
            return False
        if xdata.dtype.kind != "f" or not np.isfinite(j).all():
            return False
        try:
            with np.errstate(all="ignore"):
                one, gradients = self._define("jac_by_points")(p, xdata)
        except Exception:  # the model wants all of the data
            return False
        return _agree(one, value, np.abs(value)) and _agree(gradients, j, np.abs(j))

    def _by_points(self, point: Point, p: np.ndarray, xdata: Any) -> np.ndarray | None:
        """The Jacobian by reverse mode for all points at once; ``None`` where a direction disagrees."""
        value, j = self._run("jac_by_points", p, xdata)
        direction = probe_of(p.size, np.dtype(float))
        right, slope = self._run("slope", p, xdata, direction)
        if not np.isfinite(j).all():
            return None
        sizes = np.abs(j) @ np.abs(direction)
        if _agree(value, right, np.abs(right)) and _agree(j @ direction, slope, sizes):
            if "fun" not in point:
                self._value(point, p, right)
            return owned(j, j.shape)
        self._pointwise[p.size, np.shape(xdata)] = False
        return None

    def _value(self, point: Point, p: np.ndarray, y: Any) -> None:
        value = np.array(y, np.float64)  # it may be the user's own
        point["fun"] = self._by_policy("the value", p, value)
        if self.progress.active:
            self.progress.show(self.counts.fun, None)

    def _given_as_vector(self, params: tuple[Any, ...]) -> np.ndarray:
        if len(params) == 1 and not isinstance(params[0], (float, int, np.generic)):
            return self._vector(params[0])
        return np.array(params, np.float64)

    # -- for solvers -----------------------------------------------------------------------------

    def kw(self, method: str | None = None) -> dict[str, Any]:
        """The keywords of `curve_fit`: the Jacobian, for each of its methods.

        Parameters
        ----------
        method : {None, "lm", "trf", "dogbox"}
        """
        if method not in (None, "lm", "trf", "dogbox"):
            raise UnsupportedArgumentError(
                explain(f"method={method!r} is unknown.", "choose 'lm', 'trf' or 'dogbox'")
            )
        return {"jac": self.jac}

    def fit(
        self,
        xdata: Any,
        ydata: Any,
        p0: Any = None,
        *,
        sigma: Any = None,
        absolute_sigma: bool = False,
        check_finite: bool | None = None,
        bounds: Any = (-np.inf, np.inf),
        method: str | None = None,
        nan_policy: str | None = None,
        **options: Any,
    ) -> optimize.OptimizeResult:
        """Fit the model by `scipy.optimize.curve_fit`.

        Parameters
        ----------
        xdata : array_like or object
            Where the model is measured, of any shape.
        ydata : array_like
            What was measured.
        p0 : tree of array_like, optional
            Where to start: a vector, or a dict of numbers and arrays. By default ones, for as many
            parameters as the model has.
        sigma, absolute_sigma, check_finite, method, nan_policy, **options
            As for SciPy.
        bounds : pair of array_like, Bounds, or dict
            As for SciPy; or by name, ``{"k": (0, None)}``.

        Returns
        -------
        OptimizeResult
            ``x``; ``params`` and ``standard_errors`` by name, in the form of `p0`; ``covariance``;
            ``correlation``; ``fun`` and ``residuals`` (measured minus fitted); ``chi_square``, the sum
            of the squares of the residuals, in units of `sigma` if given; ``degrees_of_freedom``;
            ``reduced_chi_square``; ``r_square``; ``nfev``; ``message``; ``counts``.

        Raises
        ------
        RuntimeError
            The solver does not converge.
        """
        known = self.parameters
        if p0 is not None and known is None and is_structured(p0):
            return self.shaped(p0).fit(
                xdata, ydata, p0, sigma=sigma, absolute_sigma=absolute_sigma,
                check_finite=check_finite, bounds=bounds, method=method, nan_policy=nan_policy,
                **options,
            )  # fmt: skip
        start = self._start(p0, bounds)
        named = known
        if named is None and self._names is not None and len(self._names) >= start.size:
            named = Parameters(dict.fromkeys(self._names[: start.size], 1.0))
        bounds = bounds_of(bounds, named)
        ydata, before = np.asarray(ydata, float).reshape(-1), self.counts
        if sigma is not None and np.ndim(sigma) == 0:  # which SciPy's code does not take with jac
            sigma = np.full(ydata.size, float(sigma))
        try:
            x, covariance, info, message, _ = optimize.curve_fit(
                self.fun, xdata, ydata, start, sigma, absolute_sigma, check_finite, bounds, method,
                jac=self.jac, full_output=True, nan_policy=nan_policy, **options,
            )  # fmt: skip
        finally:
            self.progress.close()
        found = self._result(x, covariance, info, message, xdata, ydata, sigma, named)
        found.counts = self.counts - before
        return found

    def _start(self, p0: Any, bounds: Any) -> np.ndarray:
        if p0 is not None:
            return self._vector(p0).copy()
        if self.parameters is not None or self._names is None:
            raise UnsupportedArgumentError(
                explain(
                    f"the number of parameters of {self.name} is not known.",
                    "give p0, where to start; or name the parameters: def model(x, a, b)",
                )
            )
        named = Parameters(dict.fromkeys(self._names, 1.0))
        limits = bounds_of(bounds, named)
        if isinstance(limits, optimize.Bounds):
            limits = limits.lb, limits.ub
        lower, upper = (np.broadcast_to(np.asarray(b, float), (named.size,)) for b in limits)
        start = np.ones(named.size)  # as SciPy: inside of the bounds
        both = np.isfinite(lower) & np.isfinite(upper)
        start[both] = 0.5 * (lower[both] + upper[both])
        below, above = np.isfinite(lower) & ~both, np.isfinite(upper) & ~both
        start[below], start[above] = lower[below] + 1.0, upper[above] - 1.0
        return start

    def _result(
        self,
        x: np.ndarray,
        covariance: np.ndarray,
        info: dict[str, Any],
        message: str,
        xdata: Any,
        ydata: np.ndarray,
        sigma: Any,
        named: Parameters | None,
    ) -> optimize.OptimizeResult:
        fitted = self.fun(xdata, *x) if self.parameters is None else self.fun(xdata, x)
        kept = np.isfinite(ydata)  # SciPy leaves NaN out, with nan_policy="omit"
        residuals = ydata - fitted
        scaled = residuals[kept]
        if sigma is not None:
            sigma = np.asarray(sigma, float)
            if sigma.ndim == 2 and sigma.shape[0] == kept.size and sigma.shape[0] > 1:
                root = np.linalg.cholesky(sigma[np.ix_(kept, kept)])
                scaled = np.linalg.solve(root, scaled)
            else:
                scaled = scaled / np.broadcast_to(sigma.reshape(-1), kept.shape)[kept]
        chi_square = float(scaled @ scaled)
        freedom = int(kept.sum()) - x.size
        spread = ydata[kept] - np.mean(ydata[kept])
        total = float(spread @ spread)
        errors = np.sqrt(np.diag(covariance))
        with np.errstate(all="ignore"):
            correlation = covariance / np.outer(errors, errors)
        unravel = (lambda v: v) if named is None else named.unravel
        return optimize.OptimizeResult(
            x=x,
            params=unravel(x),
            covariance=covariance,
            standard_errors=unravel(errors),
            correlation=correlation,
            names=[f"x[{k}]" for k in range(x.size)] if named is None else named.names,
            fun=fitted,
            residuals=residuals,
            chi_square=chi_square,
            degrees_of_freedom=freedom,
            reduced_chi_square=chi_square / freedom if freedom > 0 else np.nan,
            r_square=1.0 - float(np.sum(residuals[kept] ** 2)) / total if total else np.nan,
            nfev=int(info["nfev"]),
            message=message,
            success=True,
        )


def _agree(found: Any, right: np.ndarray, sizes: np.ndarray) -> bool:
    if np.shape(found) != np.shape(right):
        return False
    return bool(
        np.max(np.abs(found - right), initial=0.0) <= _ROUNDING * np.max(sizes, initial=0.0)
    )


def _data(xdata: Any) -> Any:
    return np.asarray(xdata) if type(xdata) in (list, tuple) else xdata


def _names_of(model: Callable[..., Any]) -> tuple[str, ...] | None:
    """The names of the model's parameters, if it has no ``*params``."""
    try:
        given = list(inspect.signature(model).parameters.values())
    except (TypeError, ValueError):
        return None
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in given) or len(given) < 2:
        return None
    return tuple(p.name for p in given[1:])
