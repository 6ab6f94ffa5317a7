"""``y = A a + B b + ...``: one transpose an argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...primitive import Differential, Primitive, Spec
from .batching import BatchRule
from .shapes import conform, shape_dtype, to_spec


class Linear(Primitive):
    """``y = A a + B b + ...``: linear in all its arguments together.

    The operation is its own JVP. Transposes see the specs of the arguments, not values.
    """

    __slots__ = ("structural", "transposes", "variadic")

    def __init__(
        self,
        fun: Callable[..., Any],
        transposes: Sequence[Callable[..., Any]],
        name: str | None = None,
        variadic: bool = False,
        structural: bool = False,
        batch: BatchRule | None = None,
    ) -> None:
        super().__init__(fun, name, batch)
        self.transposes = tuple(transposes)
        self.variadic = variadic
        self.structural = structural

    def specialise(self, active: int) -> Differential:
        if active == 1 and len(self.transposes) == 1 and not self.variadic:
            return _LinearInOne(self)
        return _LinearDifferential(self, active)


class _LinearDifferential(Differential):
    """``dy = A da + B db``, ``ct_a = A^T ct``. Residuals: specs of all arguments, parameters."""

    __slots__ = ("mask", "positions", "transpose")
    primitive: Linear

    def __init__(self, primitive: Linear, active: int) -> None:
        super().__init__(primitive)
        self.mask = active
        self.positions = tuple(k for k in range(active.bit_length()) if active >> k & 1)
        self.transpose = primitive.transposes[0]

    def keep(self, y: Any, args: Sequence[Any], params: Any) -> Any:
        return [shape_dtype(x) for x in args], params, y.dtype

    def push(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        specs, params, dtype = residuals
        if len(tangents) < len(specs):
            given = iter(tangents)
            tangents = [
                next(given) if self.mask >> k & 1 else np.broadcast_to(np.zeros((), d), shape)
                for k, (shape, d) in enumerate(specs)
            ]
        dy = self.primitive(*tangents, **params)
        return dy if dy.dtype == dtype else dy.astype(dtype)

    def pull(self, residuals: Any, ct: Any) -> Any:
        specs, params, _ = residuals
        arguments = [Spec(*s) for s in specs]
        if self.primitive.variadic:
            all_cts = self.transpose(ct, arguments, **params)
            cts = [all_cts[k] for k in self.positions]
        else:
            transposes = self.primitive.transposes
            cts = [transposes[k](ct, *arguments, **params) for k in self.positions]
        cts = [conform(c, *specs[k]) for c, k in zip(cts, self.positions, strict=True)]
        return cts[0] if len(cts) == 1 else tuple(cts)


class _LinearInOne(Differential):
    """The same for an operation of one argument. Residuals: spec, parameters, result's dtype."""

    __slots__ = ("transpose",)

    def __init__(self, primitive: Linear) -> None:
        super().__init__(primitive)
        (self.transpose,) = primitive.transposes

    def keep(self, y: Any, args: Sequence[Any], params: Any) -> Any:
        return args[0].shape, args[0].dtype, params, y.dtype

    def keep1(self, y: Any, x: Any, params: Any) -> Any:
        return x.shape, x.dtype, params, y.dtype

    def push(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        dy = self.primitive(*tangents, **(residuals[2] or {}))
        return dy if dy.dtype == residuals[3] else dy.astype(residuals[3])

    def pull(self, residuals: Any, ct: Any) -> Any:
        shape, dtype, params, _ = residuals
        ct_x = self.transpose(ct, Spec(shape, dtype), **(params or {}))
        return ct_x if ct_x.dtype is dtype else to_spec(ct_x, shape, dtype)


def linear(
    fun: Callable[..., Any],
    *transposes: Callable[..., Any],
    name: str | None = None,
    variadic: bool = False,
    structural: bool = False,
    batch: BatchRule | None = None,
) -> Linear:
    """Declare an operation that is linear in all its positional arguments together.

    Parameters
    ----------
    fun : callable
        ``fun(a, b, ..., **params)``.
    *transposes : callable
        For each argument ``t(ct, a, b, ..., **params)``, where ``a, b`` are specs (shape
        and dtype only). With `variadic` a single ``t(ct, specs, **params)`` that returns
        one cotangent an argument.
    structural : bool
        Whether `fun` only moves, drops or repeats elements.
    batch : callable, optional
        How it carries a leading axis, for `vmap`: see `batching`.
    """
    return Linear(fun, transposes, name, variadic, structural, batch)
