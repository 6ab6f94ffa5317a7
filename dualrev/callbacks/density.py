"""`Density`: a density and its derivative, for the samplers of `scipy.stats.sampling`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..errors import UnsupportedArgumentError, explain
from ..transforms import jvp
from ..tree import as_tuple
from .base import Callbacks, Settings
from .remainder import check_remainder
from .values import number_of

METHODS = {
    "tdr": "TransformedDensityRejection",
    "pinv": "NumericalInversePolynomial",
    "srou": "SimpleRatioUniforms",
}


class Density(Callbacks):
    """A density of one variable, which need not be normalised, with its derivative.

    Parameters
    ----------
    pdf : callable, optional
        ``pdf(x, *args)``, plain NumPy; returns one number.
    logpdf : callable, optional
        Its logarithm, instead.
    support : pair of float
        Where the density is not zero.
    args : tuple
        For the function.
    cache, compile, check, nan, adopt, progress
        As in `Objective`.

    Notes
    -----
    ``pdf``, ``dpdf``, ``logpdf`` and ``dlogpdf`` take a number and return a float. With `logpdf` a density
    that underflows has the right logarithmic derivative all the same.

    Examples
    --------
    >>> D = Density(logpdf=lambda x: -0.5 * x**2)
    >>> D.pdf(0.0), D.dpdf(1.0) == -math.exp(-0.5), D.dlogpdf(40.0)
    (1.0, True, -40.0)
    >>> D.sampler(random_state=1).rvs(3).shape
    (3,)
    """

    what: ClassVar[str] = "density"
    callbacks: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        pdf: Callable[..., Any] | None = None,
        *,
        logpdf: Callable[..., Any] | None = None,
        support: tuple[float, float] = (-math.inf, math.inf),
        args: Any = (),
        cache: int = 2,
        compile: bool = True,
        check: bool = False,
        nan: str = "raise",
        adopt: Any = None,
        progress: bool = False,
    ) -> None:
        given = [f for f in (pdf, logpdf) if f is not None]
        low, high = map(float, support)
        if len(given) != 1 or not low < high:
            raise UnsupportedArgumentError(
                explain(
                    f"a density with {len(given)} functions and support {support!r}.",
                    "give pdf or logpdf, one of them, and support=(a, b) with a < b",
                )
            )
        super().__init__(given[0], Settings(cache, compile, check, nan, adopt, progress))
        self.is_log = pdf is None
        self.args = as_tuple(args)
        self._support = low, high

    def _define(self, kind: str) -> Callable[..., Any]:
        f, name = self.f, self.name

        def value(x: Any, *args: Any) -> Any:
            return number_of(f(x, *args), name)

        if kind == "fun":
            return value
        return lambda x, *args: jvp(lambda x: value(x, *args), (x,), (1.0,))

    def support(self) -> tuple[float, float]:
        """Where the density is not zero."""
        return self._support

    def pdf(self, x: Any) -> float:
        """The density: a float."""
        y = self._value(float(x))
        return math.exp(y) if self.is_log else y

    def logpdf(self, x: Any) -> float:
        """Its logarithm: a float, ``-inf`` where the density is zero."""
        y = self._value(float(x))
        if self.is_log:
            return y
        return math.log(y) if y > 0 else -math.inf if y == 0 else math.nan

    def dpdf(self, x: Any) -> float:
        """The derivative of the density: a float."""
        y, dy = self._both(float(x))
        if not self.is_log:
            return dy
        density = math.exp(y)
        return density * dy if density else 0.0  # zero faster than its logarithm falls

    def dlogpdf(self, x: Any) -> float:
        """The derivative of its logarithm: a float."""
        y, dy = self._both(float(x))
        return dy if self.is_log else dy / y if y else math.nan

    __call__ = pdf

    def _evaluate(self, kind: str, x: float) -> Any:
        if not self.is_log:
            return self._run(kind, x, *self.args)
        with np.errstate(divide="ignore"):  # the logarithm of zero, at the end of the support
            return self._run(kind, x, *self.args)

    def _outside(self, x: float) -> bool:
        return x < self._support[0] or x > self._support[1]

    def _value(self, x: float) -> float:
        if self._outside(x):
            return -math.inf if self.is_log else 0.0
        point = self._at(x, *self.args)
        if "fun" in point:
            self._state.tally.hits += 1
            return point["fun"]  # type: ignore[no-any-return]
        point["fun"] = self._number("the value", x, self._evaluate("fun", x))
        return point["fun"]  # type: ignore[no-any-return]

    def _both(self, x: float) -> tuple[float, float]:
        if self._outside(x):
            return (-math.inf if self.is_log else 0.0), 0.0
        point = self._at(x, *self.args)
        if "prime" in point:
            self._state.tally.hits += 1
        else:
            y, dy = self._evaluate("fun_and_prime", x)
            point["fun"] = self._number("the value", x, y)
            if self.is_log and point["fun"] == -math.inf:
                dy = 0.0
            point["prime"] = self._number("the derivative", x, dy)
            if self._unchecked:
                self._check_slope(x, point["prime"])
        return point["fun"], point["prime"]

    def _check_slope(self, x: float, slope: float) -> None:
        with self._lock:
            first, self._unchecked = self._unchecked, False
        if first:
            check_remainder(
                self.name,
                lambda x: np.atleast_1d(self._run("fun", float(x[0]), *self.args)),
                np.array([x]),
                np.array([[slope]]),
            )

    def _number(self, what: str, x: float, y: Any) -> float:
        y = float(y)
        if y != y:
            self._refuse_nan(what, np.asarray(x))
            return math.inf if self.settings.nan == "inf" else y
        return y

    # -- for solvers -----------------------------------------------------------------------------

    def sampler(self, method: str = "tdr", **options: Any) -> Any:
        """A sampler of `scipy.stats.sampling`.

        Parameters
        ----------
        method : str
            ``tdr`` (TransformedDensityRejection), ``pinv`` (NumericalInversePolynomial), ``srou``
            (SimpleRatioUniforms), or the name of a class there.
        **options
            Those of the class: `mode`, `center`, `domain`, `random_state`, ...
        """
        from scipy.stats import sampling

        name = METHODS.get(method.lower(), method)
        if not hasattr(sampling, name):
            raise UnsupportedArgumentError(
                explain(f"method={method!r} is unknown.", f"choose one of {', '.join(METHODS)}")
            )
        return getattr(sampling, name)(self, **options)
