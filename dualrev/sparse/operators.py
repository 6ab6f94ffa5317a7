"""Jacobians and Hessians as SciPy's linear operators: products, and never a matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.sparse.linalg import LinearOperator

from ..adoption import adopted
from ..errors import UnsupportedArgumentError, explain
from ..primitive import Tracer
from ..transforms.arguments import Argnums, Call
from ..transforms.blocks import (
    Leaves,
    chunks,
    flattened,
    pull_batch,
    push_recorded,
    refuse_kinds,
    split,
)
from ..transforms.hessians import gradient_of
from ..transforms.recording import Recording, typed


class DerivativeOperator(LinearOperator):
    """``J(x)``, or the Hessian, at one point: the run of `f` is kept, and each product is a sweep.

    Attributes
    ----------
    value : tree of arrays
        ``f(x)``; of a Hessian the gradient.
    shape, dtype
        As of the matrix.
    """

    def __init__(self, leaves: Leaves, symmetric: bool) -> None:
        if any(isinstance(x, Tracer) for x in leaves.primals):
            raise UnsupportedArgumentError(
                explain(
                    "a SciPy operator inside of another derivative: SciPy multiplies plain "
                    "numbers only.",
                    "use dr.linearize(f, x) there, whose push and pull are differentiable",
                )
            )
        function = gradient_of(leaves) if symmetric else leaves
        self._recording = Recording(function, leaves.primals, lambda k: "an argument", lasting=True)
        self._symmetric = symmetric
        values = [np.copy(v) for v in self._recording.values]
        self.value = leaves.argument_of(values) if symmetric else leaves.result_of(values)
        self._inputs = self._recording.primals
        self._outputs = [typed(v) for v in self._recording.values]
        kinds = [x.dtype for x in (*self._inputs, *self._outputs)]
        shape = sum(v.size for v in self._outputs), sum(x.size for x in self._inputs)
        super().__init__(np.result_type(*kinds) if kinds else np.dtype(float), shape)

    def _matvec(self, v: Any) -> Any:
        if np.iscomplexobj(v) and self.dtype.kind != "c":
            return self._matvec(np.real(v)) + 1j * self._matvec(np.imag(v))
        dxs = [part[0][()] for part in split(np.reshape(v, (1, -1)), self._inputs)]
        return _beside([np.asarray(d)[None] for d in self._recording.push(dxs)])[0]

    def _rmatvec(self, u: Any) -> Any:
        if self._symmetric:
            return self._matvec(u)
        if np.iscomplexobj(u) and self.dtype.kind != "c":
            return self._rmatvec(np.real(u)) + 1j * self._rmatvec(np.imag(u))
        cts = [part[0][()] for part in split(np.reshape(u, (1, -1)), self._outputs)]
        return _beside([np.asarray(c)[None] for c in self._recording.pull(cts)])[0]

    def _matmat(self, v: Any) -> Any:
        return self._columns(v, self._inputs, push_recorded, self.shape[0])

    def _rmatmat(self, u: Any) -> Any:
        if self._symmetric:
            return self._matmat(u)
        return self._columns(u, self._outputs, pull_batch, self.shape[1])

    def _columns(self, matrix: Any, like: Any, sweep: Callable[..., Any], length: int) -> Any:
        """All columns in one sweep, in chunks that bound the memory."""
        if np.iscomplexobj(matrix) and self.dtype.kind != "c":
            parts = (self._columns(p(matrix), like, sweep, length) for p in (np.real, np.imag))
            return next(parts) + 1j * next(parts)
        rows = np.ascontiguousarray(np.transpose(matrix))
        done = [
            _beside(sweep(self._recording, split(rows[part], like), part.stop - part.start))
            for part in chunks(len(rows), max(self.shape), None)
        ]
        return np.concatenate(done).T if done else np.zeros((length, 0), self.dtype)

    def _adjoint(self) -> Any:
        return self if self._symmetric else super()._adjoint()


def _beside(leaves: Any) -> np.ndarray:
    flat = flattened(leaves)
    return flat[0] if len(flat) == 1 else np.concatenate(flat, axis=1)


def jacobian_operator(
    f: Callable[..., Any], *args: Any, argnums: Argnums = 0, adopt: Any = None, **kwargs: Any
) -> DerivativeOperator:
    """The Jacobian of `f` at a point as a ``scipy.sparse.linalg.LinearOperator``.

    Parameters
    ----------
    f : callable
        Takes arrays or trees of arrays, returns a tree of arrays.
    *args, **kwargs
        The point, and the other arguments of `f`.
    argnums : int, str, or sequence of them
        The arguments to differentiate, by position or by name.
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.

    Returns
    -------
    DerivativeOperator
        Of shape ``(result size, argument size)``, with ``matvec``, ``rmatvec``, ``matmat`` and
        ``rmatmat``; its ``value`` is ``f(x)``.

    Raises
    ------
    UnsupportedArgumentError
        Complex arguments; inside of another derivative.
    NotDifferentiableError, NoRuleError
        As in `vjp`.

    Notes
    -----
    One run of `f` on a tape, which is kept; each product is one sweep, many columns together are
    one sweep too. For Krylov methods: ``gmres(jacobian_operator(f, x), -f(x))``.

    Examples
    --------
    >>> from dualrev import sparse
    >>> J = sparse.jacobian_operator(lambda x: x**2, np.array([1.0, 2.0]))
    >>> J @ np.array([1.0, 10.0]), J.T @ np.array([1.0, 10.0])
    (array([ 2., 40.]), array([ 2., 40.]))
    """
    leaves = Leaves(Call(adopted(f, adopt), argnums, args, kwargs))
    refuse_kinds(leaves.primals, False, "jacobian_operator")
    return DerivativeOperator(leaves, False)


def hessian_operator(
    f: Callable[..., Any], *args: Any, argnums: Argnums = 0, adopt: Any = None, **kwargs: Any
) -> DerivativeOperator:
    """The Hessian of `f` at a point as a ``scipy.sparse.linalg.LinearOperator``.

    Parameters
    ----------
    f : callable
        Returns one real number.
    *args, argnums, adopt, **kwargs
        As in `jacobian_operator`.

    Returns
    -------
    DerivativeOperator
        Symmetric; its ``value`` is the gradient.

    Raises
    ------
    NotScalarError
        As in `grad`.
    UnsupportedArgumentError, NotDifferentiableError, NoRuleError
        As in `jacobian_operator`.

    Notes
    -----
    The gradient is recorded once and kept, as by ``linearize(grad(f), x)``; each product is one
    sweep along it. For one product `hvp` is cheaper.

    Examples
    --------
    >>> from dualrev import sparse
    >>> H = sparse.hessian_operator(lambda x: np.sum(x**3), np.array([1.0, 2.0]))
    >>> H @ np.array([1.0, 1.0])
    array([ 6., 12.])
    """
    leaves = Leaves(Call(adopted(f, adopt), argnums, args, kwargs))
    refuse_kinds(leaves.primals, False, "hessian_operator")
    return DerivativeOperator(leaves, True)
