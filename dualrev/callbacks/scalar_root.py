"""`ScalarRoot`: one equation for one number, with two exact derivatives in one sweep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from scipy import optimize

from ..errors import StructureError, UnsupportedArgumentError, describe, explain
from ..fronts.packing import as_array
from ..primitive import Tracer
from ..transforms import jvp
from ..tree import as_tuple
from .base import Callbacks, Settings
from .evaluation import Point
from .parameters import refuse_traced
from .remainder import check_remainder
from .values import _refuse_kind

# For each method of `root_scalar` the derivatives that it takes.
# fmt: off
ORDERS = {
    "bisect": 0, "brentq": 0, "brenth": 0, "ridder": 0, "toms748": 0, "secant": 0,
    "newton": 1, "halley": 2,
}
# fmt: on
_KINDS = ("fun", "fun_and_prime", "fun_prime_and_prime2")
_NAMES = ("fun", "fprime", "fprime2")
_WHAT = ("the value", "the first derivative", "the second derivative")


class ScalarRoot(Callbacks):
    """An equation ``f(x, *args) = 0`` for a number, or elementwise for an array of them.

    Parameters
    ----------
    f : callable
        ``f(x, *args)``, plain NumPy; returns a number, or elementwise an array.
    cache, compile, check, nan, adopt, progress
        As in `Objective`.

    Notes
    -----
    ``f``, ``f'`` and ``f''`` come from one sweep of duals inside of duals. How many derivatives a
    new point gets is what the solver asked for at the last one, so that a method by brackets pays
    for values only.

    Examples
    --------
    >>> f = ScalarRoot(lambda x, a: x**3 - a)
    >>> found = optimize.root_scalar(f, args=(2.0,), x0=1.0, method="halley", **f.kw("halley"))
    >>> round(float(found.root), 6), f.counts.fun
    (1.259921, 4)

    An array of equations, for `scipy.optimize.newton`:

    >>> print(optimize.newton(f, np.ones(3), args=(np.array([1.0, 8.0, 27.0]),), **f.kw(2)))
    [1. 2. 3.]
    """

    what: ClassVar[str] = "equation"
    callbacks: ClassVar[tuple[str, ...]] = ("fun", "fprime", "fprime2", "fun_and_fprime", "jet")

    def __init__(
        self,
        f: Callable[..., Any],
        *,
        cache: int = 2,
        compile: bool = True,
        check: bool = False,
        nan: str = "raise",
        adopt: Any = None,
        progress: bool = False,
    ) -> None:
        super().__init__(f, Settings(cache, compile, check, nan, adopt, progress))
        self._expected = 0  # derivatives at the first point

    def _define(self, kind: str) -> Callable[..., Any]:
        f, name = self.f, self.name

        def value(x: Any, *args: Any) -> Any:
            return _elementwise(f(x, *args), x, name)

        if kind == "fun":
            return value

        def first(x: Any, *args: Any) -> Any:
            return jvp(lambda x: value(x, *args), (x,), (np.ones(np.shape(x))[()],))

        if kind == "fun_and_prime":
            return first

        def both(x: Any, *args: Any) -> Any:
            one = np.ones(np.shape(x))[()]
            (y, dy), (_, ddy) = jvp(lambda x: first(x, *args), (x,), (one,))
            return y, dy, ddy

        return both

    # -- callbacks -------------------------------------------------------------------------------

    def fun(self, x: Any, *args: Any) -> Any:
        """The value: a float, or an array like `x`."""
        return self._derivative(0, x, args)

    __call__ = fun

    def fprime(self, x: Any, *args: Any) -> Any:
        """The first derivative: a float, or an array like `x`."""
        return self._derivative(1, x, args)

    def fprime2(self, x: Any, *args: Any) -> Any:
        """The second derivative: a float, or an array like `x`."""
        return self._derivative(2, x, args)

    def fun_and_fprime(self, x: Any, *args: Any) -> tuple[Any, Any]:
        """Value and derivative, for `root_scalar` with ``fprime=True``."""
        first = self._derivative(1, x, args)
        return self._derivative(0, x, args), first

    def jet(self, x: Any, *args: Any) -> tuple[Any, Any, Any]:
        """Value and two derivatives, for `root_scalar` with ``fprime2=True``."""
        second = self._derivative(2, x, args)
        return self._derivative(0, x, args), self._derivative(1, x, args), second

    def _derivative(self, order: int, x: Any, args: tuple[Any, ...]) -> Any:
        if type(x) is not float:
            x = _real(x)
        point = self._at(x, *args)
        name = _NAMES[order]
        if name in point:
            self._state.tally.hits += 1
        else:
            before = [p for _, p in self._state.points if p is not point]
            asked = (before[0].get("asked", 0) if before else self._expected) if not point else 0
            self._evaluate(point, max(order, asked), x, args)
        if order > point.get("asked", 0) or "asked" not in point:
            point["asked"] = order
        found = point[name]
        if type(found) is float:
            if found != found and self.settings.nan == "raise":
                self._refuse_nan(_WHAT[order], np.asarray(x))
            return found
        if self.settings.nan == "raise" and np.isnan(found).any():
            self._refuse_nan(_WHAT[order], np.asarray(x))
        return found.copy()

    def _evaluate(self, point: Point, order: int, x: Any, args: tuple[Any, ...]) -> None:
        found = self._run(_KINDS[order], x, *args)
        for name, y in zip(_NAMES, found if order else (found,), strict=False):
            y = float(y) if np.ndim(y) == 0 else np.array(y, np.float64)
            if name == "fun" and self.settings.nan == "inf":
                y = np.where(np.isnan(y), np.inf, y)
                y = y if y.ndim else float(y)
            point[name] = y
        if self._unchecked and order:
            at, slope = np.atleast_1d(np.asarray(x, float)), np.ravel(point["fprime"])
            self._check_elementwise(at, np.shape(x), args, slope)
        if self.progress.active:
            self.progress.show(self.counts.fun, float(np.linalg.norm(point["fun"])))

    def _check_elementwise(
        self, x: np.ndarray, shape: tuple[int, ...], args: tuple[Any, ...], slope: np.ndarray
    ) -> None:
        with self._lock:
            first, self._unchecked = self._unchecked, False
        if first:

            def f(x: np.ndarray) -> np.ndarray:
                at = x.reshape(shape) if shape else float(x[0])
                return np.ravel(self._run("fun", at, *args))

            check_remainder(self.name, f, x.reshape(-1), np.diag(slope))

    # -- for solvers -----------------------------------------------------------------------------

    def kw(self, method: str | int) -> dict[str, Any]:
        """The keywords of `root_scalar` for a method, or of `newton` for an order.

        Parameters
        ----------
        method : str or {0, 1, 2}
            The method, or how many derivatives it takes: 1 is Newton's, 2 is Halley's.
        """
        order = ORDERS.get(method.lower()) if isinstance(method, str) else method
        if order not in (0, 1, 2):
            raise UnsupportedArgumentError(
                explain(
                    f"method={method!r} is unknown.",
                    f"choose one of {', '.join(ORDERS)}, or 0, 1, 2 derivatives",
                )
            )
        self._expected = order
        return [
            {},
            {"fprime": self.fprime},
            {"fprime": self.fprime, "fprime2": self.fprime2},
        ][order]

    def solve(
        self,
        x0: Any = None,
        method: str | None = None,
        args: Any = (),
        *,
        bracket: Any = None,
        x1: Any = None,
        **options: Any,
    ) -> Any:
        """Solve by `scipy.optimize.root_scalar`, or for an array `x0` by `scipy.optimize.newton`.

        Parameters
        ----------
        x0 : float or array_like
            Where to start.
        method : str, optional
            By default ``brentq`` with a bracket, else ``newton``; arrays: ``newton`` or ``halley``.
        args : tuple
            For `f`.
        bracket, x1, **options
            As for SciPy.

        Returns
        -------
        RootResults, or array
            SciPy's; ``counts`` are this object's.
        """
        args = as_tuple(args)
        name = (method or ("brentq" if bracket is not None else "newton")).lower()
        try:
            if np.ndim(x0):
                if name not in ("newton", "halley", "secant"):
                    raise UnsupportedArgumentError(
                        explain(
                            f"method={method!r} takes one number at a time.",
                            "choose newton or halley for an array, or solve one after the other",
                        )
                    )
                return optimize.newton(
                    self.fun, np.asarray(x0, float), args=args, **self.kw(name), **options
                )
            return optimize.root_scalar(
                self.fun, args, method=name, bracket=bracket, x0=x0, x1=x1, **self.kw(name),
                **options,
            )  # fmt: skip
        finally:
            self.progress.close()


def _real(x: Any) -> Any:
    given, x = x, np.asarray(x)
    if x.dtype.kind not in "fiu":
        if isinstance(given, Tracer):
            refuse_traced("x")
        raise UnsupportedArgumentError(
            explain(
                f"x is {describe(x)}, which is not real.",
                "give real numbers; a complex equation is two real ones, for dr.scipy.Root",
            )
        )
    return x.astype(np.float64) if x.ndim else float(x)


def _elementwise(y: Any, x: Any, name: str) -> Any:
    """A result like `x`; one element for one number is a number."""
    y = y if isinstance(y, Tracer) else as_array(y)
    shape, wanted = np.shape(y), np.shape(x)
    if shape != wanted:
        if wanted == () and np.size(y) == 1:
            y = np.reshape(y, ())
        elif shape == ():
            y = y + np.zeros(wanted)
        else:
            raise StructureError(
                explain(
                    f"{name} of {describe(x)} returns {describe(y)}.",
                    "an equation for one number returns one, and an array is taken elementwise; for "
                    "a system of equations use dr.scipy.Root",
                )
            )
    if not isinstance(y, (float, int)):
        _refuse_kind(y, name)
    return y
