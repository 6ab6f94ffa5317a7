"""Elementwise functions of several results, or of more arguments than `elementwise` has names for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..primitive import Differential
from .forms import absorbing_product
from .forms.batching import elementwise_rule
from .forms.general import General, _GeneralDifferential
from .forms.shapes import as_tangent, conform, shape_dtype, zeros_like
from .orders import UNKNOWN, _refuse


class Several(General):
    """``f(a, b, ...)`` element by element, with broadcasting; the result may be a tuple.

    A partial is ``p(y, a, b, ...)`` and returns what `f` returns: a tuple for a tuple. That of
    an argument without known derivative is `UNKNOWN`.
    """

    __slots__ = ("partials",)

    def __init__(
        self, fun: Callable[..., Any], partials: Sequence[Any], name: str | None = None
    ) -> None:
        super().__init__(fun, self._rule, name, singular=True, batch=elementwise_rule)
        self.partials = tuple(partials)

    def _rule(self, *args: Any) -> Any:
        raise NotImplementedError

    def specialise(self, active: int) -> Differential:
        if any(active >> k & 1 and p is UNKNOWN for k, p in enumerate(self.partials)):
            _refuse(self.name)
        return _SeveralDifferential(self, active)


class _SeveralDifferential(_GeneralDifferential):
    """``dy_j = sum_k p_kj dx_k`` and ``ct_k = sum_j p_kj ct_j``."""

    __slots__ = ()
    primitive: Several

    def _slopes(self, y: Any, args: Any) -> list[tuple[Any, ...]]:
        found = [self.primitive.partials[k](y, *args) for k in self.positions]
        return [p if isinstance(p, tuple) else (p,) for p in found]

    def push(self, residuals: Any, tangents: Sequence[Any], times: Any = np.multiply) -> Any:
        y, args, _ = residuals
        results = y if isinstance(y, tuple) else (y,)
        terms: list[Any] = [None] * len(results)
        for slopes, dx in zip(self._slopes(y, args), tangents, strict=True):
            for j, p in enumerate(slopes):
                if not _is_none(p):
                    term = times(p, dx)
                    terms[j] = term if terms[j] is None else terms[j] + term
        dy = tuple(
            [
                zeros_like(r) if d is None else as_tangent(d, *shape_dtype(r))
                for d, r in zip(terms, results, strict=True)
            ]
        )
        return dy if isinstance(y, tuple) else dy[0]

    def pull(self, residuals: Any, ct: Any, times: Any = np.multiply) -> Any:
        y, args, _ = residuals
        cts = ct if isinstance(y, tuple) else (ct,)
        out = []
        for k, slopes in zip(self.positions, self._slopes(y, args), strict=True):
            total: Any = None
            for p, c in zip(slopes, cts, strict=True):
                if c is not None and not _is_none(p):
                    term = times(p, c)
                    total = term if total is None else total + term
            shaped = shape_dtype(args[k])
            out.append(zeros_like(args[k]) if total is None else conform(total, *shaped))
        return out[0] if len(out) == 1 else tuple(out)

    def push_absorbing(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        return self.push(residuals, tangents, absorbing_product)

    def pull_absorbing(self, residuals: Any, ct: Any) -> Any:
        return self.pull(residuals, ct, absorbing_product)


def _is_none(p: Any) -> bool:
    return type(p) is int and p == 0


def several(fun: Callable[..., Any], *partials: Any, name: str | None = None) -> Several:
    """Declare ``fun(a, b, ...)``, elementwise, of one result or a tuple, by its partials."""
    return Several(fun, partials, name)
