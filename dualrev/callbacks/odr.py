"""`ODRModel`: orthogonal distance regression with exact derivatives, for SciPy's and its successor."""

from __future__ import annotations

import dataclasses
import importlib
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from scipy import optimize

from ..errors import StructureError, UnsupportedArgumentError, describe, explain
from ..fronts.packing import as_array
from ..primitive import Tracer
from .base import Callbacks, Settings
from .parameters import is_structured
from .pointwise import blocks, columns, refuse_coupled
from .remainder import check_remainder
from .values import _refuse_kind, owned


class ODRModel(Callbacks):
    """A model ``y = f(beta, x)`` with errors in ``x`` too, for `scipy.odr` and for ODRPACK.

    Parameters
    ----------
    f : callable
        ``f(beta, x)``, plain NumPy, for all observations at once: ``x`` has shape ``(n,)`` or
        ``(m, n)``; returns ``(n,)`` or ``(q, n)``, also as a list of rows.
    beta_first : bool
        False if it is written for ODRPACK: ``f(x, beta)``.
    cache, compile, check, nan, adopt, progress
        As in `Objective`.
    like : tree of array_like, optional
        An example of the parameters, if `f` takes a tree of them.

    Notes
    -----
    One sweep for each parameter, and one for each row of ``x``, gives the derivatives at all
    observations. That no observation depends on another one's ``x`` is asked once.

    Examples
    --------
    >>> M = ODRModel(lambda beta, x: beta[0] * np.exp(beta[1] * x))
    >>> x, beta = np.array([0.0, 1.0, 2.0]), np.array([2.0, 0.5])
    >>> M.jac_beta(beta, x).shape, M.jac_x(beta, x).shape
    ((2, 3), (3,))
    >>> sorted(M.odrpack_kw())
    ['jac_beta', 'jac_x']
    """

    what: ClassVar[str] = "model"
    callbacks: ClassVar[tuple[str, ...]] = ("fun", "jac_beta", "jac_x")

    def __init__(
        self,
        f: Callable[..., Any],
        *,
        beta_first: bool = True,
        cache: int = 2,
        compile: bool = True,
        check: bool = False,
        nan: str = "raise",
        adopt: Any = None,
        progress: bool = False,
        like: Any = None,
    ) -> None:
        super().__init__(f, Settings(cache, compile, check, nan, adopt, progress), like)
        self.beta_first = beta_first
        self._is_asked = False

    def _model(self, beta: Any, x: Any, *args: Any) -> Any:
        if self.parameters is not None:
            beta = self.parameters.unravel(beta)
        y = self.f(beta, x, *args) if self.beta_first else self.f(x, beta, *args)
        if isinstance(y, (list, tuple)):
            n = np.shape(x)[-1:]
            y = [row + np.zeros(n) if np.shape(row) == () else row for row in y]
        y = y if isinstance(y, Tracer) else as_array(y)
        shape = np.shape(y)
        if len(shape) not in (1, 2) or shape[-1] != np.shape(x)[-1]:
            raise StructureError(
                explain(
                    f"{self.name} must return a value for each observation; it returned "
                    f"{describe(y)} for x that is {describe(x)}.",
                    "return an array (n,) or (q, n), with n the last axis of x",
                )
            )
        _refuse_kind(y, self.name)
        return y

    def _define(self, kind: str) -> Callable[..., Any]:
        model = self._model
        if kind == "fun":
            return self._recordable(model)
        if kind == "jac_beta":
            return lambda beta, x, *args: columns(lambda b: model(b, x, *args), beta)
        return lambda beta, x, *args: blocks(
            lambda x: model(beta, x, *args), x, is_row=len(np.shape(x)) == 1
        )

    # -- callbacks, in the order of scipy.odr ------------------------------------------------------

    def fun(self, beta: Any, x: Any, *args: Any) -> np.ndarray:
        """The model's values, of shape ``(n,)`` or ``(q, n)``."""
        beta, x = self._arrays(beta, x)
        point = self._at(beta, x, *args)
        if "fun" in point:
            self._state.tally.hits += 1
        else:
            found = self._run("fun", beta, x, *args)
            value = np.array(found, np.float64)  # it may be the user's own
            point["fun"] = self._by_policy("the value", beta, value)
            if self.progress.active:
                self.progress.show(self.counts.fun, None)
        return point["fun"].copy()  # type: ignore[no-any-return]

    __call__ = fun

    def jac_beta(self, beta: Any, x: Any, *args: Any) -> np.ndarray:
        """Derivatives by the ``p`` parameters, of shape ``(p, n)`` or ``(q, p, n)``."""
        beta, x = self._arrays(beta, x)
        return self._derivative("jac_beta", beta, x, args)

    def jac_x(self, beta: Any, x: Any, *args: Any) -> np.ndarray:
        """Derivatives by ``x``, of shape ``(n,)``, ``(m, n)`` or ``(q, m, n)``."""
        beta, x = self._arrays(beta, x)
        found = self._derivative("jac_x", beta, x, args)
        return found[0] if x.ndim == 1 and found.ndim == 2 else found

    def _derivative(
        self, kind: str, beta: np.ndarray, x: np.ndarray, args: tuple[Any, ...]
    ) -> np.ndarray:
        point = self._at(beta, x, *args)
        if kind in point:
            self._state.tally.hits += 1
            return point[kind].copy()  # type: ignore[no-any-return]
        found = np.asarray(self._run(kind, beta, x, *args))
        if found.ndim == 3:  # (p, q, n)
            found = found.transpose(1, 0, 2)
        j = owned(np.ascontiguousarray(found), found.shape)
        if kind == "jac_x" and not (self._is_asked and not self.settings.check):
            self._is_asked = x.shape[-1] > 1
            refuse_coupled(
                self.name, lambda x: self._model(beta, x, *args), x,
                j if j.ndim == 3 else j[None], "observations",
            )  # fmt: skip
        if kind == "jac_beta" and self._unchecked:
            self._check_parameters(beta, x, args, j)
        point[kind] = self._allowed("the derivative", beta, j)
        return j.copy()

    def _check_parameters(
        self, beta: np.ndarray, x: np.ndarray, args: tuple[Any, ...], j: np.ndarray
    ) -> None:
        with self._lock:
            first, self._unchecked = self._unchecked, False
        if first:
            rows = np.moveaxis(j, -2, -1).reshape(-1, beta.size)
            check_remainder(
                self.name, lambda b: np.ravel(self._run("fun", b, x, *args)), beta, rows
            )

    def _arrays(self, beta: Any, x: Any) -> tuple[np.ndarray, np.ndarray]:
        if np.iscomplexobj(x) or np.ndim(x) not in (1, 2):
            raise UnsupportedArgumentError(
                explain(f"x is {describe(x)}.", "give real numbers, of shape (n,) or (m, n)")
            )
        return self._vector(beta), np.ascontiguousarray(x, np.float64)

    # -- for solvers -----------------------------------------------------------------------------

    def scipy_model(self, extra_args: tuple[Any, ...] | None = None, **options: Any) -> Any:
        """SciPy's ``odr.Model`` with ``fjacb`` and ``fjacd``.

        Parameters
        ----------
        extra_args : tuple, optional
            More arguments of `f`.
        **options
            `estimate`, `meta` of ``odr.Model``.

        Raises
        ------
        UnsupportedArgumentError
            This SciPy has no ``odr`` any more: it is deprecated since 1.17, and gone in 1.19.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                odr = importlib.import_module("scipy.odr")
                return odr.Model(
                    self.fun, fjacb=self.jac_beta, fjacd=self._fjacd, extra_args=extra_args,
                    **options,
                )  # fmt: skip
        except ImportError as error:
            raise UnsupportedArgumentError(
                explain(
                    "this SciPy has no scipy.odr.",
                    "install odrpack, and call odr_fit(M.odrpack_fun, x, y, beta0, **M.odrpack_kw())",
                )
            ) from error

    def _fjacd(self, beta: Any, x: Any, *args: Any) -> np.ndarray:
        return self.jac_x(beta, x, *args)

    def odrpack_fun(self, x: Any, beta: Any) -> np.ndarray:
        """The model's values in the order of ODRPACK."""
        return self.fun(beta, x)

    def odrpack_kw(self) -> dict[str, Any]:
        """The keywords of ``odrpack.odr_fit``, whose arguments are in the other order: ``x, beta``.

        ``odr_fit(M.odrpack_fun, x, y, beta0, **M.odrpack_kw())``.
        """
        return {"jac_beta": self._odrpack_jac_beta, "jac_x": self._odrpack_jac_x}

    def _odrpack_jac_beta(self, x: Any, beta: Any) -> np.ndarray:
        return self.jac_beta(beta, x)

    def _odrpack_jac_x(self, x: Any, beta: Any) -> np.ndarray:
        return self.jac_x(beta, x)

    def fit(self, x: Any, y: Any, beta0: Any, **options: Any) -> Any:
        """Fit by ``odrpack.odr_fit``: an `OptimizeResult` with its fields, ``params``, ``counts``.

        Raises
        ------
        UnsupportedArgumentError
            odrpack is not installed.
        """
        if is_structured(beta0) and self.parameters is None:
            return self.shaped(beta0).fit(x, y, beta0, **options)
        try:
            odrpack = importlib.import_module("odrpack")
        except ImportError as error:
            raise UnsupportedArgumentError(
                explain("odrpack is not installed.", "install it; or use scipy_model(), with SciPy")
            ) from error
        start, before = self._vector(beta0).copy(), self.counts
        given = odrpack.odr_fit(
            self.odrpack_fun, np.asarray(x, float), np.asarray(y, float), start,
            **{**self.odrpack_kw(), **options},
        )  # fmt: skip
        names = [field.name for field in dataclasses.fields(given)]
        found = optimize.OptimizeResult({name: getattr(given, name) for name in names})
        like = self.parameters
        found.params = found.beta if like is None else like.unravel(found.beta)
        found.counts = self.counts - before
        return found
