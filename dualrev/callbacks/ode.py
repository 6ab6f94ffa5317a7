"""`ODE`: right-hand sides of differential equations with exact Jacobians, for SciPy's integrators."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csc_array

from .. import tree
from ..errors import StructureError, UnsupportedArgumentError, describe, explain
from ..fronts.packing import as_array
from ..transforms.arguments import FLOAT64
from .band import Band
from .base import Settings
from .constancy import has_constant_jacobian
from .evaluation import NoKey, key_of
from .joined import joined
from .parameters import is_structured
from .programs import WAITS_OF_VALUES
from .race import Direct, Race
from .values import owned
from .vector import VectorCallbacks

SMALL = 100  # unknowns up to which a dense factorisation is cheaper than a sparse one
METHODS = ("RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA")


class ODE(VectorCallbacks):
    """A differential equation ``y' = f(t, y, *args)`` with exact Jacobians.

    Parameters
    ----------
    rhs : callable
        ``rhs(t, y, *args)``, plain NumPy; returns an array or a list, or for structured ``y`` a
        tree like it.
    tfirst : bool
        False if it is written for `odeint`: ``rhs(y, t, *args)``.
    vectorized : bool
        Whether ``rhs`` takes states in the columns of ``y`` too, as SciPy means it.
    sparse : {"auto", True, False}
        Whether ``Radau`` and ``BDF`` get sparse Jacobians; by default for more than 100 unknowns,
        where the colouring takes so few products that it pays.
    cache, compile, check, nan, adopt, progress, like
        As in `Objective`. NaN is passed on by default: solvers make the step shorter.

    Notes
    -----
    The callbacks take ``(t, y, *args)``. Jacobians are kept at the last four points; values are not,
    for integrators do not come back to them. What `Dfun` returns is for `odeint`.

    Examples
    --------
    >>> def rhs(t, y, mu):
    ...     return [y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]]
    >>> P = ODE(rhs)
    >>> P.jac(0.0, [2.0, 0.0], 10.0)
    array([[  0.,   1.],
           [ -1., -30.]])
    >>> found = P.solve((0.0, 20.0), [2.0, 0.0], "Radau", args=(1000.0,))
    >>> found.success, found.counts.jac == found.njev
    (True, True)

    With SciPy's own function, and states that have names:

    >>> from scipy.integrate import solve_ivp
    >>> found = solve_ivp(P.fun, (0, 20), [2.0, 0.0], "BDF", args=(10.0,), **P.kw("BDF"))
    >>> decay = ODE(lambda t, y: {"a": -y["a"], "b": y["a"] - 0.5 * y["b"]})
    >>> decay.solve((0.0, 1.0), {"a": np.ones(2), "b": np.zeros(2)}, t_eval=[0.5, 1]).states["b"].shape
    (2, 2)
    """

    what: ClassVar[str] = "differential equation"
    callbacks: ClassVar[tuple[str, ...]] = (
        *("fun", "jac", "jac_sparse", "jac_auto", "jac_banded"),
    )

    def __init__(
        self,
        rhs: Callable[..., Any],
        *,
        tfirst: bool = True,
        vectorized: bool = False,
        sparse: bool | str = "auto",
        cache: int = 4,
        compile: bool = True,
        check: bool = False,
        nan: str = "pass",
        adopt: Any = None,
        progress: bool = False,
        like: Any = None,
    ) -> None:
        self.tfirst, self.vectorized = tfirst, vectorized
        settings = Settings(cache, compile, check, nan, adopt, progress)
        super().__init__(rhs, settings, like, sparse)
        self._bands: dict[Any, Band] = {}
        self._races: dict[int, Race] = {}  # by the number of unknowns
        self._short: set[int] = set()  # where the function as it is has won
        self._constant: dict[Any, bool] = {}

    def _flat(self, result: Callable[[Any, str], Any]) -> Callable[..., Any]:
        """``(y, t, *args)``: what is differentiated comes first."""
        f, name, parameters, tfirst = self.f, self.name, self.parameters, self.tfirst
        is_flat = parameters is None or parameters.is_flat

        def flat(y: Any, t: Any, *args: Any) -> Any:
            state = y if is_flat else parameters.unravel(y)  # type: ignore[union-attr]
            dy = f(t, state, *args) if tfirst else f(state, t, *args)
            return joined(dy, name, parameters)

        flat.__name__ = name
        return flat

    def _define(self, kind: str) -> Callable[..., Any]:
        if kind == "columns":
            f, tfirst = self.f, self.tfirst
            return lambda y, t, *args: as_array(f(t, y, *args) if tfirst else f(y, t, *args))
        return super()._define(kind)

    # -- callbacks -------------------------------------------------------------------------------

    def fun(self, t: Any, y: Any, *args: Any) -> np.ndarray:  # type: ignore[override]
        """The right-hand side, of shape ``(n,)``; of states in columns, ``(n, k)``."""
        is_vector = type(y) is np.ndarray and y.ndim == 1 and y.dtype is FLOAT64
        if is_vector and y.size in self._short:
            return self._as_it_is(y, t, *args)
        t = float(t)
        if not is_vector:
            if isinstance(y, np.ndarray) and y.ndim == 2 and not self._is_array:
                return self._columns(t, y, args)
            y = self._vector(y)
        race = self._races.get(y.size)
        if race is None:
            race = self._races[y.size] = self._race()
        value = race(y, t, *args)
        if race.winner == 1 and self.settings.nan == "pass" and not self.progress.active:
            self._short.add(y.size)
        if self.settings.nan != "pass":
            value = self._by_policy("the right-hand side", y, value)
        if self.progress.active:
            self.progress.show(self.counts.fun, t)
        return value

    __call__ = fun  # type: ignore[assignment]

    def _race(self) -> Race:
        """Short right-hand sides are faster as they are, long ones as programs."""

        def replayed(y: np.ndarray, t: float, *args: Any) -> np.ndarray:
            return self._like(y, self._run("fun", y, t, *args))

        like = self.parameters
        if self.settings.compile is False or not (like is None or like.is_flat):
            return Race(replayed)
        self._programs.waits["fun"] = 0  # the race does
        return Race(replayed, self._as_it_is, after=WAITS_OF_VALUES)

    def _as_it_is(self, y: np.ndarray, t: float, *args: Any) -> np.ndarray:
        start = perf_counter()
        value = np.array(self.f(t, y, *args) if self.tfirst else self.f(y, t, *args))
        self._state.tally.add("fun_as_it_is", perf_counter() - start)
        if value.dtype is FLOAT64 and value.shape == y.shape:
            return value
        return self._like(y, joined(value, self.name))

    def _direct(self, y: np.ndarray) -> Direct:
        f, name = self.f, self.name
        in_order = f if self.tfirst else (lambda t, y, *args: f(y, t, *args))
        return Direct(in_order, y.shape, lambda value: self._like(y, joined(value, name)))

    def _like(self, y: np.ndarray, value: Any) -> np.ndarray:
        """A new array like `y`; `value` may be the user's own."""
        if np.shape(value) != y.shape:
            raise StructureError(
                explain(
                    f"{self.name} returns {np.size(value)} derivatives of {y.size} unknowns.",
                    "return one for each",
                )
            )
        return np.array(value, np.float64)

    @property
    def _is_array(self) -> bool:
        """Whether a state itself is an array of more than one axis."""
        like = self.parameters
        return like is not None and like.structure is None and len(like.shapes[0]) > 1

    def _columns(self, t: float, y: np.ndarray, args: tuple[Any, ...]) -> np.ndarray:
        y = np.ascontiguousarray(y, np.float64)
        if self.vectorized and y.shape[1] != 1 and self.parameters is None:
            return owned(self._run("columns", y, t, *args), y.shape)
        return np.stack([self.fun(t, column.copy(), *args) for column in y.T], axis=1)

    def jac(self, t: Any, y: Any, *args: Any) -> np.ndarray:  # type: ignore[override]
        """The Jacobian with respect to ``y`` as an array of shape ``(n, n)``."""
        y, t = self._vector(y), float(t)
        point = self._at(y, t, *args)
        if "jac" in point:
            self._state.tally.hits += 1
        elif "sparse" in point:
            point["jac"] = point["sparse"].toarray()
        elif self._is_compressed(y, t, args):
            point["jac"] = self._sparse(point, y, t, args).toarray()
        else:
            j = self._allowed(
                "the Jacobian", y, owned(self._run("jac", y, t, *args), (y.size, y.size))
            )
            if self._unchecked:
                self._check_once("fun", y, (t, *args), j)
            point["jac"] = j
        return point["jac"].copy()  # type: ignore[no-any-return]

    def jac_sparse(self, t: Any, y: Any, *args: Any) -> csc_array:  # type: ignore[override]
        """The Jacobian as a ``csc_array``, from as many products as its colouring has colours."""
        y, t = self._vector(y), float(t)
        point = self._at(y, t, *args)
        if "sparse" in point:
            self._state.tally.hits += 1
        else:
            self._sparse(point, y, t, args)
        return csc_array(point["sparse"].tocsc(copy=True))

    def _sparse(self, point: Any, y: np.ndarray, t: float, args: tuple[Any, ...]) -> Any:
        matrix = self._timed("jac_sparse", self._compressed.matrix, y, t, *args)
        self._allowed("the Jacobian", y, matrix.data)
        if self._unchecked:
            self._check_once("fun", y, (t, *args), matrix)
        point["sparse"] = matrix
        return matrix

    def jac_auto(self, t: Any, y: Any, *args: Any) -> Any:  # type: ignore[override]
        """The Jacobian as a ``csc_array`` if that pays, otherwise as an array."""
        y = self._vector(y)
        if self.is_sparse(t, y, *args):
            return self.jac_sparse(t, y, *args)
        return self.jac(t, y, *args)

    def is_sparse(self, t: Any, y: Any, *args: Any) -> bool:  # type: ignore[override]
        """Whether `jac_auto` gives sparse matrices for arguments of these shapes."""
        y = self._vector(y)
        if self.sparse == "auto" and y.size <= SMALL:
            return False
        return super().is_sparse(y, float(t), *args)

    def _is_compressed(self, y: np.ndarray, t: float, args: tuple[Any, ...]) -> bool:
        """Whether the dense matrix, too, is read from the products of a colouring."""
        return y.size > SMALL and super().is_sparse(y, t, *args)

    # -- bands -----------------------------------------------------------------------------------

    def bands(self, t: Any, y: Any, *args: Any) -> tuple[int, int]:
        """How many diagonals below and above the main one can be nonzero: ``lband, uband``."""
        band = self._band(self._vector(y), float(t), args)
        return band.below, band.above

    def _band(self, y: np.ndarray, t: float, args: tuple[Any, ...]) -> Band:
        key = y.size, tuple([np.shape(a) for a in args if isinstance(a, np.ndarray)])
        band = self._bands.get(key)
        if band is None:
            pattern = self._compressed.derivative.prepare(y, t, *args).pattern.to_scipy()
            rows, columns = pattern.nonzero()
            below = int(np.max(rows - columns, initial=0))
            band = Band(y.size, below, int(np.max(columns - rows, initial=0)))
            self._bands[key] = band
        return band

    def jac_banded(self, t: Any, y: Any, *args: Any) -> np.ndarray:
        """The Jacobian packed as LSODA wants it: ``packed[uband + i - j, j]`` is entry ``i, j``.

        Of shape ``(lband + uband + 1, n)``; `bands` says how many diagonals that are. So many
        products are taken, and one more, which sees entries outside of the band.

        Raises
        ------
        StructureError
            There are some, which there were not at first.
        """
        y, t = self._vector(y), float(t)
        band = self._band(y, t, args)
        point = self._at(y, t, *args)
        if "packed" in point:
            self._state.tally.hits += 1
        else:
            products = np.asarray(self._run("jac_columns", y, band.seeds, t, *args))
            packed = band.packed(products)
            self._allowed("the Jacobian", y, packed)
            if band.misses(packed, products[-1]):
                raise StructureError(
                    explain(
                        f"the Jacobian of {self.name} has entries outside of its band of {band.below} "
                        f"diagonals below and {band.above} above, which it had at first.",
                        "solve with dense or sparse Jacobians: kw(method) without y0",
                    )
                )
            point["packed"] = packed
        return point["packed"].copy()  # type: ignore[no-any-return]

    def constant_jac(self, t: Any, y: Any, *args: Any) -> Any:
        """The Jacobian if it is proved to be the same for all ``t`` and ``y``, else ``None``.

        Proved from the program: ``f`` is affine in ``y``, and nothing that multiplies ``y`` depends
        on ``t``. Then ``Radau`` and ``BDF`` take the matrix itself, and never evaluate it again.
        """
        y, t = self._vector(y), float(t)
        try:
            key = y.size, key_of((args,))
        except NoKey:
            key = None
        is_constant = self._constant.get(key)
        if is_constant is None or key is None:
            f = self._recordable(self._flat(None))  # type: ignore[arg-type]
            is_constant = has_constant_jacobian(lambda y, t: f(y, t, *args), y, t)
            if len(self._constant) < 64:
                self._constant[key] = is_constant
        return self.jac_auto(t, y, *args) if is_constant else None

    def forget(self) -> None:
        super().forget()
        self._constant.clear()

    # -- for solvers -----------------------------------------------------------------------------

    def Dfun(  # type: ignore[override]
        self,
        tfirst: bool = False,
        col_deriv: bool = False,
        *,
        banded: bool = False,
    ) -> Callable[..., np.ndarray]:
        """What `odeint` takes as ``Dfun``.

        Parameters
        ----------
        tfirst, col_deriv : bool
            As `odeint` is given them.
        banded : bool
            The packed Jacobian, for ``ml`` and ``mu``, which `bands` finds.
        """
        jac = self.jac_banded if banded else self.jac

        def derivative(first: Any, second: Any, *args: Any) -> np.ndarray:
            t, y = (first, second) if tfirst else (second, first)
            found = jac(t, y, *args)
            return np.ascontiguousarray(found.T) if col_deriv else found

        return derivative

    def kw(self, method: str, y0: Any = None, t0: float = 0.0, args: Any = ()) -> dict[str, Any]:
        """The keywords of `solve_ivp` for a method.

        Parameters
        ----------
        method : str
            ``Radau`` and ``BDF`` get the Jacobian, sparse where that pays, ``LSODA`` a dense one; the
            explicit methods take none.
        y0, t0, args
            If given: a constant Jacobian goes to ``Radau`` and ``BDF`` as a matrix, a narrow one to
            ``LSODA`` as a band.
        """
        name = self._method(method)
        if name not in ("Radau", "BDF", "LSODA"):
            return {}
        if y0 is None:
            return {"jac": self.jac if name == "LSODA" else self.jac_auto}
        y, args = self._vector(y0), tree.as_tuple(args)
        if name == "LSODA":
            if y.size > 10 and super().is_sparse(y, float(t0), *args):
                below, above = self.bands(t0, y, *args)
                if 2 * below + above + 1 <= y.size // 2:
                    return {"jac": self.jac_banded, "lband": below, "uband": above}
            return {"jac": self.jac}
        constant = self.constant_jac(t0, y, *args)
        return {"jac": self.jac_auto if constant is None else constant}

    def _method(self, method: Any) -> str:
        if isinstance(method, type):
            method = method.__name__
        for name in METHODS:
            if str(method).lower() == name.lower():
                return name
        raise UnsupportedArgumentError(
            explain(f"method={method!r} is unknown.", f"choose one of {', '.join(METHODS)}")
        )

    def solve(
        self,
        t_span: Any,
        y0: Any,
        method: str = "LSODA",
        t_eval: Any = None,
        dense_output: bool = False,
        events: Any = None,
        args: Any = (),
        **options: Any,
    ) -> Any:
        """Integrate by `scipy.integrate.solve_ivp`, with the Jacobian that the method takes.

        Parameters
        ----------
        t_span, t_eval, dense_output, args, **options
            As for SciPy.
        y0 : tree of array_like
            The state at the start: a vector, or any tree of arrays and numbers, which ``rhs`` then
            gets.
        method : str
            By default ``LSODA``, which finds out whether the equation is stiff.
        events : callable, or list of them
            As for SciPy; ``event(t, y, *args)`` gets ``y`` in the form of `y0`.

        Returns
        -------
        OdeResult
            SciPy's, with ``states``, which is ``y`` in the form of `y0`, each array with the times as
            one more axis, and ``counts``.
        """
        if is_structured(y0) and self.parameters is None:
            return self.shaped(y0).solve(
                t_span, y0, method, t_eval, dense_output, events, args, **options
            )
        from scipy.integrate import solve_ivp

        if np.iscomplexobj(y0):
            raise UnsupportedArgumentError(
                explain(
                    f"y0 is {describe(y0)}.",
                    "integrate real and imaginary parts: y0 = {'re': ..., 'im': ...}",
                )
            )
        start, name, before = self._vector(y0), self._method(method), self.counts
        args = tree.as_tuple(args)
        keywords = self.kw(name, start, float(t_span[0]), args)
        if events is not None:
            given = events if isinstance(events, (list, tuple)) else [events]
            events = [_Event(event, self) for event in given]
        is_direct = start.size in self._short and "vectorized" not in options
        fun = self._direct(start) if is_direct else self.fun
        try:
            found = solve_ivp(
                fun, t_span, start, name, t_eval, dense_output, events,
                args=args or None, **{**keywords, **options},
            )  # fmt: skip
        finally:
            self.progress.close()
            if isinstance(fun, Direct):
                fun.add_to(self._state.tally)
        found.states = self._states(found.y)
        found.counts = self.counts - before
        return found

    def _states(self, y: np.ndarray) -> Any:
        """The states in their form, with the times as the last axis."""
        like = self.parameters
        if like is None or like.is_flat:
            return y
        parts = [y[place].reshape(*shape, y.shape[1]) for place, shape in like.places.values()]
        return tree.unflatten(like.structure, parts)

    def odeint(self, y0: Any, t: Any, args: Any = (), **options: Any) -> Any:
        """`scipy.integrate.odeint` with the exact Jacobian; returns what it returns."""
        from scipy.integrate import odeint

        args = tree.as_tuple(args)
        return odeint(
            self.fun, self._vector(y0), t, args, Dfun=self.Dfun(True), tfirst=True, **options
        )


class _Event:
    """An event of the user's as SciPy calls it."""

    def __init__(self, event: Callable[..., Any], owner: ODE) -> None:
        self.event, self.owner = event, owner
        for name in ("terminal", "direction"):
            if hasattr(event, name):
                setattr(self, name, getattr(event, name))

    def __call__(self, t: float, y: np.ndarray, *args: Any) -> Any:
        like = self.owner.parameters
        state = y if like is None else like.unravel(y)
        return self.event(t, state, *args) if self.owner.tfirst else self.event(state, t, *args)
