"""`VectorCallbacks`: values and Jacobians of a function with a vector as its value."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.linalg import LinearOperator

from .. import sparse as _sparse
from ..errors import DualrevError
from ..transforms import jacobian, jvp, value_and_jacobian, vjp
from .base import Callbacks, Settings
from .compressed import Compressed, jac_columns, jac_rows
from .evaluation import Point, kept
from .operators import ProductOperator
from .values import owned, sparse_option, vector_of


class VectorCallbacks(Callbacks):
    """A function ``(x, *args) -> vector`` and its Jacobian, in all forms that solvers take.

    Attributes
    ----------
    sparse : {"auto", True, False}
        Whether solvers that take either get sparse Jacobians.
    """

    callbacks: ClassVar[tuple[str, ...]] = (
        *("fun", "jac", "fun_and_jac", "jac_sparse", "jac_op", "jac_auto", "jac_sparsity"),
        "Dfun",
    )

    def __init__(
        self, f: Callable[..., Any], settings: Settings, like: Any = None, sparse: Any = "auto"
    ) -> None:
        super().__init__(f, settings, like)
        self.sparse = sparse_option(sparse)
        self._compressed = Compressed(
            _sparse.jacobian(self._flat(vector_of)), self._programs, self._define
        )
        self._shape: tuple[int, int] | None = None  # of the last dense Jacobian
        self._kinds: dict[Any, str] = {}  # of Jacobian, by the shapes of the arguments

    def _define(self, kind: str) -> Callable[..., Any]:
        vector = self._flat(vector_of)
        if kind == "fun":
            return self._recordable(vector)
        if kind == "jac":
            return jacobian(vector)
        if kind == "fun_and_jac":
            return value_and_jacobian(vector)
        if kind == "jvp":
            return lambda x, v, *args: jvp(lambda x: vector(x, *args), (x,), (v,))[1]
        if kind == "vjp":
            return lambda x, u, *args: vjp(lambda x: vector(x, *args), x)[1](u)[0]
        return {"jac_columns": jac_columns, "jac_rows": jac_rows}[kind](vector)

    # -- values ------------------------------------------------------------------------------------

    def fun(self, x: Any, *args: Any) -> np.ndarray:
        """The value, of shape ``(m,)``."""
        x = self._vector(x)
        point = self._at(x, *args)
        if "fun" in point:
            self._state.tally.hits += 1
            return point["fun"].copy()  # type: ignore[no-any-return]
        return self._value(point, x, self._run("fun", x, *args)).copy()

    __call__ = fun

    def _value(self, point: Point, x: np.ndarray, y: Any) -> np.ndarray:
        value = np.array(y, np.float64, order="C")  # it may be the user's own
        point["fun"] = value = self._by_policy("the value", x, value)
        if self.progress.active:
            self.progress.show(self.counts.fun, float(np.linalg.norm(value)))
        return value

    # -- Jacobians ---------------------------------------------------------------------------------

    def jac(self, x: Any, *args: Any) -> np.ndarray:
        """The Jacobian as an array of shape ``(m, n)``, forward or reverse as its shape suggests."""
        x = self._vector(x)
        point = self._at(x, *args)
        if "jac" in point:
            self._state.tally.hits += 1
        else:
            self._jacobian(point, x, args)
        return point["jac"].copy()  # type: ignore[no-any-return]

    def fun_and_jac(self, x: Any, *args: Any) -> tuple[np.ndarray, np.ndarray]:
        """Value and Jacobian."""
        x = self._vector(x)
        point = self._at(x, *args)
        if "jac" in point and "fun" in point:
            self._state.tally.hits += 1
        else:
            self._jacobian(point, x, args)
        return point["fun"].copy(), point["jac"].copy()

    def _jacobian(self, point: Point, x: np.ndarray, args: tuple[Any, ...]) -> None:
        if "fun" in point:
            j = self._run("jac", x, *args)
        else:
            value, j = self._run("fun_and_jac", x, *args)
            self._value(point, x, value)
        j = self._allowed("the Jacobian", x, owned(j, (point["fun"].size, x.size)))
        if self._unchecked:
            self._check_once("fun", x, args, j)
        point["jac"], self._shape = j, j.shape

    def jac_sparse(self, x: Any, *args: Any) -> csr_array:
        """The Jacobian as a ``csr_array``, from as many products as its colouring has colours."""
        x = self._vector(x)
        point = self._at(x, *args)
        if "jac_sparse" in point:
            self._state.tally.hits += 1
        else:
            matrix = self._timed("jac_sparse", self._compressed.matrix, x, *args)
            self._allowed("the Jacobian", x, matrix.data)
            if self._unchecked:
                self._check_once("fun", x, args, matrix)
            point["jac_sparse"] = matrix
        return point["jac_sparse"].copy()

    def jac_op(self, x: Any, *args: Any) -> LinearOperator:
        """The Jacobian as a linear operator, with all its products and those of its transpose."""
        x, args = self._vector(x).copy(), kept(args)
        m, n = self.fun(x, *args).size, x.size
        if self._programs.eager is not None:  # a run is kept, every product a sweep along it
            return _sparse.jacobian_operator(self._flat(vector_of), x, *args)
        product = functools.partial(self._product, x, args)
        return ProductOperator(
            (m, n),
            functools.partial(product, "jvp", m),
            functools.partial(product, "vjp", n),
            functools.partial(product, "jac_columns", m),
            functools.partial(product, "jac_rows", n),
        )

    def _product(
        self, x: np.ndarray, args: tuple[Any, ...], kind: str, length: int, v: np.ndarray
    ) -> np.ndarray:
        found = owned(self._run(kind, x, v, *args), (*v.shape[:-1], length))
        return self._allowed("a product with the Jacobian", x, found)

    def jac_auto(self, x: Any, *args: Any) -> Any:
        """The Jacobian as a ``csr_array`` if its colouring pays, otherwise as an array."""
        x = self._vector(x)
        return getattr(self, "jac_sparse" if self.is_sparse(x, *args) else "jac")(x, *args)

    def is_sparse(self, x: Any, *args: Any) -> bool:
        """Whether `jac_auto` gives sparse matrices for arguments of these shapes."""
        x = self._vector(x)
        key = x.size, tuple([np.shape(a) for a in args if isinstance(a, np.ndarray)])
        kind = self._kinds.get(key)
        if kind is None:
            try:
                pays = self.sparse is True or (
                    self.sparse == "auto" and self._compressed.pays(x, *args)
                )
            except DualrevError:  # the pattern cannot be found: something without a rule for it
                pays = False
            kind = self._kinds[key] = "sparse" if pays else "dense"
        return kind == "sparse"

    def jac_sparsity(self, x: Any, *args: Any) -> csr_array:
        """Where the Jacobian may be nonzero, for solvers that take differences."""
        x = self._vector(x)
        pattern = self._compressed.derivative.prepare(x, *args).pattern.to_scipy()
        return csr_array(pattern).astype(np.int8)

    def Dfun(self, x: Any, *args: Any) -> np.ndarray:
        """The transposed Jacobian, of shape ``(n, m)``: what ``col_deriv=1`` says is given."""
        return np.ascontiguousarray(self.jac(x, *args).T)

    def _notes(self) -> list[str]:
        notes = []
        if self._shape is not None:
            m, n = self._shape
            mode = "reverse" if n > 1.5 * m else "forward"  # as `jacobian` chooses
            notes.append(
                f"Jacobian of {m} x {n}: {m if mode == 'reverse' else n} directions by {mode} mode"
            )
        preparation = self._compressed.preparation
        return notes + ([] if preparation is None else repr(preparation).splitlines()[:2])
