"""``y = B(a, b)``: one transpose an argument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from ...primitive import Differential, Primitive, Spec, spec_of
from .batching import BatchRule
from .shapes import anywhere, is_constant, to_spec


class Bilinear(Primitive):
    """``y = B(a, b)``, linear in each argument: ``dy = B(da, b) + B(a, db)``."""

    __slots__ = ("left", "right")

    def __init__(
        self,
        fun: Callable[..., Any],
        left: Callable[..., Any],
        right: Callable[..., Any],
        name: str | None = None,
        batch: BatchRule | None = None,
    ) -> None:
        super().__init__(fun, name, batch)
        self.left = left
        self.right = right

    def specialise(self, active: int) -> Differential:
        return BilinearDifferential(self, active)


class BilinearDifferential(Differential):
    """Residuals: both arguments, one whose values do not matter as its spec; parameters; the
    dtype of the result."""

    __slots__ = ("left", "mask", "right")
    primitive: Bilinear

    def __init__(self, primitive: Bilinear, active: int) -> None:
        super().__init__(primitive)
        self.mask = active
        self.left, self.right = primitive.left, primitive.right

    def keep(self, y: Any, args: Sequence[Any], params: Any) -> tuple[Any, Any, Any, Any]:
        a, b = args
        if self.mask == 1:
            a = spec_of(a)
        elif self.mask == 2:
            b = spec_of(b)
        return a, b, params, y.dtype

    def keep2(self, y: Any, a: Any, b: Any) -> tuple[Any, Any, Any, Any]:
        if self.mask == 1:
            a = Spec(a.shape, a.dtype)
        elif self.mask == 2:
            b = Spec(b.shape, b.dtype)
        return a, b, None, y.dtype

    def push(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        return self._push(self.primitive, residuals, tangents)

    def _push(self, fun: Callable[..., Any], residuals: Any, tangents: Sequence[Any]) -> Any:
        a, b, params, dtype = residuals
        if params:
            fun = partial(fun, **params)
        if self.mask == 3:
            dy = fun(tangents[0], b) + fun(a, tangents[1])
        elif self.mask == 1:
            dy = fun(tangents[0], b)
        else:
            dy = fun(a, tangents[0])
        return dy if dy.dtype == dtype else dy.astype(dtype)

    def pull(self, residuals: Any, ct: Any) -> Any:
        return self._pull(self.left, self.right, residuals, ct)

    def _pull(
        self, left: Callable[..., Any], right: Callable[..., Any], residuals: Any, ct: Any
    ) -> Any:
        a, b, params, _ = residuals
        mask = self.mask
        if mask & 1:
            ct_a = left(ct, a, b, **params) if params else left(ct, a, b)
            if ct_a.dtype != a.dtype or ct_a.shape != a.shape:
                ct_a = to_spec(ct_a, a.shape, a.dtype)
            if mask == 1:
                return ct_a
        ct_b = right(ct, a, b, **params) if params else right(ct, a, b)
        if ct_b.dtype != b.dtype or ct_b.shape != b.shape:
            ct_b = to_spec(ct_b, b.shape, b.dtype)
        return ct_b if mask == 2 else (ct_a, ct_b)

    def push_absorbing(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        def absorbing(s: Any, t: Any, **params: Any) -> Any:
            return contract_absorbing(partial(self.primitive, **params), s, t)

        return self._push(absorbing, residuals, tangents)

    def pull_absorbing(self, residuals: Any, ct: Any) -> Any:
        def left(ct: Any, a: Any, b: Any, **params: Any) -> Any:
            return contract_absorbing(lambda ct, b: self.left(ct, a, b, **params), ct, b)

        def right(ct: Any, a: Any, b: Any, **params: Any) -> Any:
            return contract_absorbing(lambda ct, a: self.right(ct, a, b, **params), ct, a)

        return self._pull(left, right, residuals, ct)


def bilinear(
    fun: Callable[..., Any],
    left: Callable[..., Any],
    right: Callable[..., Any],
    name: str | None = None,
    batch: BatchRule | None = None,
) -> Bilinear:
    """Declare ``y = fun(a, b, **params)``, linear in `a` and linear in `b`.

    Parameters
    ----------
    left : callable
        ``left(ct, a, b, **params)`` is the cotangent of `a`; of `a` only the spec counts.
    right : callable
        ``right(ct, a, b, **params)`` is the cotangent of `b`; of `b` only the spec counts.
    batch : callable, optional
        How it carries a leading axis, for `vmap`: see `batching`.
    """
    return Bilinear(fun, left, right, name, batch)


def contract_absorbing(contract: Callable[[Any, Any], Any], ct: Any, b: Any) -> Any:
    """A bilinear ``contract(ct, b)`` in which ``0 * inf = 0``.

    Split ``ct = finite + rest``. Where the rest meets only zeros of ``b`` the result is
    ``contract(finite, b)``; elsewhere it is infinite or undefined, and stays so.
    """
    result = contract(ct, b)
    if not is_constant(result):
        return result
    wild_ct, wild_b = ~np.isfinite(ct), ~np.isfinite(b)
    if not (anywhere(wild_ct) or anywhere(wild_b)):
        return result
    calm = contract(np.where(wild_ct, 0, ct), np.where(wild_b, 0, b))
    hits = contract(wild_ct.astype(float), np.not_equal(b, 0).astype(float))
    hits = hits + contract(np.not_equal(ct, 0).astype(float), wild_b.astype(float))
    return np.where(hits == 0, calm, result)[()]
