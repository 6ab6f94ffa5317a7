"""`Objective`: values, gradients and Hessians of one function in the forms that SciPy takes."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from scipy import optimize
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator

from .. import sparse as _sparse
from ..errors import DualrevError
from ..transforms import grad, hessian, hvp, value_and_grad
from ..transforms.arguments import by_position
from ..transforms.recording import Recording, unit_seed
from ..tree import as_tuple
from .base import Callbacks, Settings
from .compressed import Compressed, hess_products
from .evaluation import Point, kept
from .methods import GLOBAL, SMALL, TAKES, method_of
from .minimizing import minimized, polished
from .operators import ProductOperator
from .parameters import is_structured
from .values import number_of, owned, sparse_option


class Objective(Callbacks):
    """A function with one number as its value, for SciPy's minimizers.

    Parameters
    ----------
    f : callable
        ``f(x, *args)``, plain NumPy; returns one real number: a float, 0-d, or one element.
    sparse : {"auto", True, False}
        Whether ``trust-constr`` and ``Newton-CG`` get sparse Hessians; by default where the
        colouring of the Hessian takes so few products that it pays.
    cache : int
        At how many points results are kept, for all callbacks together.
    compile : bool
        Record `f` and its derivatives once and replay them, each first replay compared with `f`.
        Where that does not pay they are called as they are, and a warning says why.
    check : bool
        At the first gradient compare it with `f` by the Taylor remainder.
    nan : {"raise", "inf", "pass"}
        What a NaN does: raises an error that says where; makes the value infinite; is passed on.
        The derivatives of an infinite value are passed on as they are.
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.
    progress : bool
        Show evaluations, value, size of the gradient and seconds in a line on the terminal.
    like : tree of array_like, optional
        An example of the parameters, if `f` takes a dict, a dataclass, an array of another shape,
        ...; the callbacks then take the vector of all of them, and `f` the tree.

    Attributes
    ----------
    counts : Counts
        The work that was really done.
    parameters : Parameters or None
        Names and places of structured parameters in ``x``.

    Raises
    ------
    NotScalarError
        From a callback: `f` returns a vector, or complex numbers.
    NotANumberError
        From a callback: a value or a derivative is NaN, with ``nan="raise"``.
    CheckError
        From a callback: with ``check=True``, the gradient is not that of `f`.

    Notes
    -----
    All callbacks take ``(x, *args)``, `hessp` takes ``(x, p, *args)``; they share what is known at
    the last points, found again by the values of ``x`` and ``args``, and return new arrays. What
    `f` uses besides its arguments has to stay as it is, or say `forget`. Points at which only the
    value is asked for never pay for a gradient. Threads have caches of their own. Large arrays
    among ``args`` are compared at every call: data that stays may better be used by `f` as it is, from
    outside.

    Examples
    --------
    >>> def f(x):
    ...     return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    >>> P = Objective(f)
    >>> x0 = np.full(5, 1.5)
    >>> found = optimize.minimize(P, x0, method="trust-exact", **P.kw("trust-exact"))
    >>> found.success, P.counts.fun == found.nfev
    (True, True)

    The same in one line, and parameters that have names:

    >>> P.minimize(x0, method="BFGS").success
    True
    >>> line = Objective(lambda p: (p["a"] - 1.0) ** 2 + np.sum((p["b"] - p["a"]) ** 2))
    >>> print(np.round(line.minimize({"a": 0.0, "b": np.zeros(2)}).params["b"], 6))
    [1. 1.]
    """

    what: ClassVar[str] = "objective"
    callbacks: ClassVar[tuple[str, ...]] = (
        *("fun", "grad", "jac", "fun_and_jac", "hess", "hess_sparse", "hess_op", "hess_auto"),
        "hessp",
    )

    def __init__(
        self,
        f: Callable[..., Any],
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
        super().__init__(f, Settings(cache, compile, check, nan, adopt, progress), like)
        self.sparse = sparse_option(sparse)
        self._compressed = Compressed(
            _sparse.hessian(self._flat(number_of)),
            self._programs,
            self._define,
        )
        self._kinds: dict[Any, str] = {}  # of Hessian, by the shapes of the arguments

    def _define(self, kind: str) -> Callable[..., Any]:
        value = self._flat(number_of)
        if kind == "fun":
            return self._recordable(value)
        if kind == "grad":
            return grad(value)
        if kind == "fun_and_grad":
            return value_and_grad(value)
        if kind == "hess":
            return hessian(value)
        if kind == "hess_products":
            return hess_products(value)
        return lambda x, p, *args: hvp(value, x, p, *args)

    # -- values and gradients --------------------------------------------------------------------

    def fun(self, x: Any, *args: Any) -> float:
        """The value: a float."""
        x = self._vector(x)
        point = self._at(x, *args)
        if "fun" in point:
            self._state.tally.hits += 1
            return point["fun"]  # type: ignore[no-any-return]
        if self._programs.eager is not None and self._is_followed():
            return self._value(point, x, self._taped(point, x, args))
        return self._value(point, x, self._run("fun", x, *args))

    __call__ = fun

    def _is_followed(self) -> bool:
        """Whether a gradient was asked for at most points, so that a tape is likely to pay."""
        calls = self._state.tally.calls
        gradients = calls.get("grad", 0) + calls.get("fun_and_grad", 0)
        return 2 * gradients > calls.get("fun", 0)

    def _taped(self, point: Point, x: np.ndarray, args: tuple[Any, ...]) -> Any:
        """The value, by a run on a tape that the gradient then only has to walk back."""
        value = self._flat(number_of)
        recording = point["recording"] = self._timed(
            "fun", lambda: Recording(lambda x: value(x, *args), (x,), by_position, lasting=True)
        )
        return recording.values[0]

    def grad(self, x: Any, *args: Any) -> np.ndarray:
        """The gradient, of shape ``(n,)``."""
        x = self._vector(x)
        point = self._at(x, *args)
        if "grad" in point:
            self._state.tally.hits += 1
            return point["grad"].copy()  # type: ignore[no-any-return]
        return self._gradient(point, x, args).copy()

    jac = grad

    def fun_and_jac(self, x: Any, *args: Any) -> tuple[float, np.ndarray]:
        """Value and gradient, for ``jac=True``, `fmin_l_bfgs_b` and `fmin_tnc`."""
        x = self._vector(x)
        point = self._at(x, *args)
        if "grad" in point:
            self._state.tally.hits += 1
        else:
            self._gradient(point, x, args)
        return point["fun"], point["grad"].copy()

    def _value(self, point: Point, x: np.ndarray, y: Any) -> float:
        value = float(y)
        if value != value:
            value = self._nan_value(x)
        point["fun"] = value
        if self.progress.active:
            self.progress.show(self.counts.fun, value)
        return value

    def _nan_value(self, x: np.ndarray) -> float:
        self._refuse_nan("the value", x)
        return math.inf if self.settings.nan == "inf" else math.nan

    def _gradient(self, point: Point, x: np.ndarray, args: tuple[Any, ...]) -> np.ndarray:
        if "recording" in point:
            recording = point.pop("recording")
            seed = unit_seed(recording, False, "grad")
            (g,) = self._timed("grad", recording.pull, (seed,))
        elif "fun" in point:
            g = self._run("grad", x, *args)
        else:
            value, g = self._run("fun_and_grad", x, *args)
            self._value(point, x, value)
        g = self._allowed("the gradient", x, owned(g, x.shape))
        if self._unchecked:
            self._check_once("fun", x, args, g)
        point["grad"] = g
        if self.progress.active:
            self.progress.show(self.counts.fun, point["fun"], float(np.linalg.norm(g)))
        return g

    # -- second derivatives ------------------------------------------------------------------------

    def hess(self, x: Any, *args: Any) -> np.ndarray:
        """The Hessian as an array, symmetric to the last bit."""
        x = self._vector(x)
        point = self._at(x, *args)
        if "hess" in point:
            self._state.tally.hits += 1
        else:
            h = owned(self._run("hess", x, *args), (x.size, x.size))
            point["hess"] = self._allowed("the Hessian", x, 0.5 * (h + h.T))
        return point["hess"].copy()  # type: ignore[no-any-return]

    def hess_sparse(self, x: Any, *args: Any) -> csr_array:
        """The Hessian as a ``csr_array``, from as many products as its colouring has colours."""
        x = self._vector(x)
        point = self._at(x, *args)
        if "hess_sparse" in point:
            self._state.tally.hits += 1
        else:
            matrix = self._timed("hess_sparse", self._compressed.matrix, x, *args)
            self._allowed("the Hessian", x, matrix.data)
            point["hess_sparse"] = matrix
        return point["hess_sparse"].copy()

    def hess_op(self, x: Any, *args: Any) -> LinearOperator:
        """The Hessian as a symmetric linear operator, with ``matvec`` and ``matmat``."""
        x, args = self._vector(x).copy(), kept(args)

        def push(p: np.ndarray) -> np.ndarray:
            return self.hessp(x, p, *args)

        def push_all(rows: np.ndarray) -> np.ndarray:
            products = self._run("hess_products", x, rows, *args)
            return self._allowed("a product with the Hessian", x, owned(products, rows.shape))

        return ProductOperator((x.size, x.size), push, push, push_all, push_all)

    def hessp(self, x: Any, p: Any, *args: Any) -> np.ndarray:
        """The Hessian times the vector `p`, of shape ``(n,)``."""
        x, p = self._vector(x), self._vector(p)
        if self._programs.eager is None:  # a replay costs less than a product by a kept run
            product = self._run("hvp", x, p, *args)
        else:
            point = self._at(x, *args)
            if "operator" not in point:
                point["operator"] = self._timed(
                    "linearize", _sparse.hessian_operator, self._flat(number_of), x, *args
                )
            product = self._timed("hvp", point["operator"].matvec, p)
        return self._allowed("a product with the Hessian", x, owned(product, x.shape))

    def hess_auto(self, x: Any, *args: Any) -> Any:
        """The Hessian in the form that suits it: sparse, an array, or a linear operator.

        Sparse if its colouring pays, otherwise an array for few variables. The same form at all
        points, as solvers want it.
        """
        x = self._vector(x)
        key = x.size, tuple([np.shape(a) for a in args if isinstance(a, np.ndarray)])
        kind = self._kinds.get(key)
        if kind is None:
            kind = self._kinds[key] = self._suitable(x, args)
        return getattr(self, kind)(x, *args)

    def _suitable(self, x: np.ndarray, args: tuple[Any, ...]) -> str:
        if self.sparse is True:
            return "hess_sparse"
        if x.size <= SMALL:
            return "hess"
        try:
            pays = self.sparse == "auto" and self._compressed.pays(x, *args)
        except DualrevError:  # the pattern cannot be found: something without a rule for it
            pays = False
        return "hess_sparse" if pays else "hess_op"

    def _notes(self) -> list[str]:
        preparation = self._compressed.preparation
        return [] if preparation is None else repr(preparation).splitlines()[:2]

    # -- for solvers -----------------------------------------------------------------------------

    def kw(self, method: str, n: int | None = None, args: Any = ()) -> dict[str, Any]:
        """The keywords of `minimize` for a method: the derivatives that it takes, and no others.

        Parameters
        ----------
        method : str
            A method of `minimize`, in any case; or ``"basinhopping"``, ``"dual_annealing"``,
            ``"shgo"``, ``"differential_evolution"``, whose keywords these then are.
        n : int, optional
            How many variables there are: with few, methods that take products get the Hessian.
        args : tuple
            For ``"basinhopping"`` and ``"differential_evolution"``, which do not pass them on.

        Examples
        --------
        >>> P = Objective(lambda x: np.sum(x**4))
        >>> sorted(P.kw("bfgs")), sorted(P.kw("trust-krylov")), P.kw("Powell")
        (['jac'], ['hessp', 'jac'], {})
        """
        method = method_of(method)
        if method in GLOBAL:
            return self._global(method, as_tuple(args))
        takes = TAKES[method]
        if not takes:
            return {}
        if "hess_sparse" in takes and self.sparse is True:
            return {"jac": self.jac, "hess": self.hess_sparse}
        if method == "trust-constr":
            return {"jac": self.jac, "hess": self.hess_auto}
        is_small = n is not None and n <= SMALL
        if "hess" in takes and ("hessp" not in takes or is_small):
            return {"jac": self.jac, "hess": self.hess}
        if "hess_sparse" in takes and n is not None and self.sparse == "auto":
            return {"jac": self.jac, "hess": self.hess_auto}
        if "hessp" in takes:
            return {"jac": self.jac, "hessp": self.hessp}
        return {"jac": self.jac}

    def _global(self, method: str, args: tuple[Any, ...]) -> dict[str, Any]:
        local: dict[str, Any] = {"method": "L-BFGS-B", "jac": self.jac}
        if method == "differential_evolution":
            return {"polish": functools.partial(polished, self.closed(args))}
        if method == "basinhopping" and args:
            local["args"] = args
        return {"minimizer_kwargs": local}

    def minimize(
        self,
        x0: Any,
        method: Any = "auto",
        args: Any = (),
        *,
        bounds: Any = None,
        constraints: Any = (),
        tol: float | None = None,
        callback: Callable[..., Any] | None = None,
        options: dict[str, Any] | None = None,
        **more: Any,
    ) -> optimize.OptimizeResult:
        """Minimize by `scipy.optimize.minimize`, with the derivatives that the method takes.

        Parameters
        ----------
        x0 : tree of array_like
            Where to start: a vector, or any tree of arrays and numbers, which `f` then gets.
        method : str, callable or None
            A method of SciPy's; ``None`` for SciPy's own choice. By default ``trust-exact`` up to
            100 variables and ``trust-ncg`` beyond; with bounds ``L-BFGS-B``; with constraints
            ``SLSQP`` and, beyond 100, ``trust-constr``.
        args : tuple
            For `f`.
        bounds : Bounds, sequence of pairs, or dict
            As for SciPy; or by name, ``{"rate": (0, None)}``, for structured parameters.
        constraints : Constraint, or SciPy's, or a sequence of them
            A `Constraint` is handed over in the form that the method takes.
        tol, callback
            As for SciPy.
        options, **more
            The method's options, as for SciPy or by keyword: ``maxiter=100``.

        Returns
        -------
        OptimizeResult
            SciPy's, with ``params``, which is ``x`` in the form of `x0`, and ``counts``.

        Examples
        --------
        >>> P = Objective(lambda x, a: np.sum((x - a) ** 2))
        >>> found = P.minimize([0.0, 0.0], args=(2.0,), bounds=[(0, 1), (0, 5)])
        >>> print(found.x)
        [1. 2.]
        """
        if is_structured(x0) and self.parameters is None:
            return self.shaped(x0).minimize(
                x0,
                method,
                args,
                bounds=bounds,
                constraints=constraints,
                tol=tol,
                callback=callback,
                options=options,
                **more,
            )
        options = {**(options or {}), **more}
        given = constraints if isinstance(constraints, (list, tuple)) else [constraints]
        return minimized(
            self, self._vector(x0), method, args, bounds, list(given), tol, callback, options
        )
