"""``y = B(a, b)``: one transpose an argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...primitive import Differential, Primitive, Spec, Tracer
from .shapes import conform, shape_dtype


class Bilinear(Primitive):
    """``y = B(a, b)``, linear in each argument: ``dy = B(da, b) + B(a, db)``."""

    __slots__ = ("left", "right")

    def __init__(
        self,
        fun: Callable[..., Any],
        left: Callable[..., Any],
        right: Callable[..., Any],
        name: str | None = None,
    ) -> None:
        super().__init__(fun, name)
        self.left = left
        self.right = right

    def specialise(self, active: int) -> Differential:
        return _BilinearDifferential(self, active)


class _BilinearDifferential(Differential):
    """Residuals: each argument if the other is active, else its spec; parameters."""

    __slots__ = ("mask",)
    primitive: Bilinear

    def __init__(self, primitive: Bilinear, active: int) -> None:
        super().__init__(primitive)
        self.mask = active

    def keep(self, y: Any, args: Sequence[Any], params: Any) -> tuple[Any, ...]:
        a, b = args
        spec_a = shape_dtype(a)
        spec_b = shape_dtype(b)
        mask = self.mask
        return (a if mask & 2 else None), (b if mask & 1 else None), spec_a, spec_b, params, y.dtype

    def push(self, residuals: Any, tangents: Sequence[Any], bind: Any = None) -> Any:
        a, b, _, _, params, dtype = residuals
        bind = bind or _call
        fun = self.primitive
        if self.mask == 3:
            dy = bind(fun, tangents[0], b, params) + bind(fun, a, tangents[1], params)
        elif self.mask == 1:
            dy = bind(fun, tangents[0], b, params)
        else:
            dy = bind(fun, a, tangents[0], params)
        return dy if dy.dtype == dtype else dy.astype(dtype)

    def pull(self, residuals: Any, ct: Any, bind: Any = None) -> Any:
        a, b, spec_a, spec_b, params, _ = residuals
        bind = bind or _call
        left, right = self.primitive.left, self.primitive.right
        cts = []
        if self.mask & 1:
            shape = Spec(*spec_a)
            c = bind(lambda ct, b, **params: left(ct, shape, b, **params), ct, b, params)
            cts.append(conform(c, *spec_a))
        if self.mask & 2:
            shape_b = Spec(*spec_b)
            c = bind(lambda ct, a, **params: right(ct, a, shape_b, **params), ct, a, params)
            cts.append(conform(c, *spec_b))
        return cts[0] if len(cts) == 1 else tuple(cts)

    def push_absorbing(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        return self.push(residuals, tangents, _call_absorbing)

    def pull_absorbing(self, residuals: Any, ct: Any) -> Any:
        return self.pull(residuals, ct, _call_absorbing)


def _call(fun: Any, a: Any, b: Any, params: dict[str, Any]) -> Any:
    return fun(a, b, **params)


def _call_absorbing(fun: Any, a: Any, b: Any, params: dict[str, Any]) -> Any:
    return contract_absorbing(lambda s, t: fun(s, t, **params), a, b)


def bilinear(
    fun: Callable[..., Any],
    left: Callable[..., Any],
    right: Callable[..., Any],
    name: str | None = None,
) -> Bilinear:
    """Declare ``y = fun(a, b, **params)``, linear in `a` and linear in `b`.

    Parameters
    ----------
    left : callable
        ``left(ct, a, b, **params)`` is the cotangent of `a`; `a` is a spec.
    right : callable
        ``right(ct, a, b, **params)`` is the cotangent of `b`; `b` is a spec.
    """
    return Bilinear(fun, left, right, name)


def contract_absorbing(contract: Callable[[Any, Any], Any], ct: Any, b: Any) -> Any:
    """A bilinear ``contract(ct, b)`` in which ``0 * inf = 0``.

    Split ``ct = finite + rest``. Where the rest meets only zeros of ``b`` the result is
    ``contract(finite, b)``; elsewhere it is infinite or undefined, and stays so.
    """
    result = contract(ct, b)
    if isinstance(result, Tracer):
        return result
    wild_ct, wild_b = ~np.isfinite(ct), ~np.isfinite(b)
    if not (wild_ct.any() or wild_b.any()):
        return result
    calm = contract(np.where(wild_ct, 0, ct), np.where(wild_b, 0, b))
    hits = contract(wild_ct.astype(float), np.not_equal(b, 0).astype(float))
    hits = hits + contract(np.not_equal(ct, 0).astype(float), wild_b.astype(float))
    return np.where(hits == 0, calm, result)[()]
