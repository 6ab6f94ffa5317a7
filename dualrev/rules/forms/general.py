"""Everything else: a differential ``push`` and, where it pays, its transpose ``pull``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...errors import RuleError
from ...primitive import BATCHES, Differential, Primitive, Transpose
from .batching import BatchRule
from .shapes import anywhere, as_tangent, conform, is_constant, shape_dtype, zeros_like


class General(Primitive):
    """Any differentiable operation: ``rule(y, *args, **params)`` gives ``push`` and ``pull``.

    ``push(da, db, ...)`` takes a tangent for every argument. ``pull(ct)`` returns a
    cotangent for every argument; an entry may be a function of no arguments, called only
    if that argument is active, or ``None`` for an argument without derivative. A rule
    that returns ``push`` alone has its ``pull`` derived by transposing it.
    """

    __slots__ = ("rule", "singular")

    def __init__(
        self,
        fun: Callable[..., Any],
        rule: Callable[..., Any],
        name: str | None = None,
        singular: bool = False,
        batch: BatchRule | None = None,
    ) -> None:
        super().__init__(fun, name, batch)
        self.rule = rule
        self.singular = singular

    def specialise(self, active: int) -> Differential:
        return _GeneralDifferential(self, active)


class _GeneralDifferential(Differential):
    """Residuals: result, arguments, parameters; the rule is run when a map is needed."""

    __slots__ = ("positions",)
    primitive: General

    def __init__(self, primitive: General, active: int) -> None:
        super().__init__(primitive, singular=primitive.singular, deferred=True)
        self.positions = tuple(k for k in range(active.bit_length()) if active >> k & 1)

    def keep(self, y: Any, args: Sequence[Any], params: Any) -> tuple[Any, ...]:
        return y, tuple(args), params

    def push(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        y, args, _params = residuals
        push = self._maps(residuals)[0]
        if len(tangents) < len(args):
            given = dict(zip(self.positions, tangents, strict=True))
            tangents = [given[k] if k in given else zeros_like(x) for k, x in enumerate(args)]
        dy = push(*tangents)
        if isinstance(y, tuple):
            return tuple(as_tangent(d, *shape_dtype(p)) for d, p in zip(dy, y, strict=True))
        return as_tangent(dy, *shape_dtype(y))

    def pull(self, residuals: Any, ct: Any) -> Any:
        _y, args, _params = residuals
        push, pull = self._maps(residuals)
        if pull is None:
            return self._transposed(push, args, ct)
        cts = pull(ct)
        if not isinstance(cts, tuple):
            cts = (cts,)
        if len(cts) != len(args):
            raise RuleError(
                f"the rule of {self.primitive.name} returned {len(cts)} cotangents for {len(args)} arguments"
            )
        out = []
        for k in self.positions:
            c = cts[k]
            if callable(c):
                c = _apart(c)()
            out.append(zeros_like(args[k]) if c is None else conform(c, *shape_dtype(args[k])))
        return out[0] if len(out) == 1 else tuple(out)

    def push_absorbing(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        return _absorbing(lambda dxs: self.push(residuals, dxs), tuple(tangents))

    def pull_absorbing(self, residuals: Any, ct: Any) -> Any:
        if isinstance(ct, list):  # a tuple-valued operation
            return self.pull(residuals, ct)
        return _absorbing(lambda cts: self.pull(residuals, cts[0]), (ct,))

    def _maps(self, residuals: Any) -> tuple[Any, Any]:
        y, args, params = residuals
        maps = _apart(self.primitive.rule)(y, *args, **(params or {}))
        push, pull = maps if isinstance(maps, tuple) else (maps, None)
        return _apart(push), _apart(pull)

    def _transposed(self, push: Any, args: Sequence[Any], ct: Any) -> Transpose:
        zeros = [zeros_like(x) for x in args]

        def restricted(*active: Any) -> Any:
            full = list(zeros)
            for k, dx in zip(self.positions, active, strict=True):
                full[k] = dx
            return push(*full)

        return Transpose(restricted, [zeros[k] for k in self.positions], ct)


def _apart(f: Any) -> Any:
    """A rule, or a map of it, for derivatives that it takes itself: the values of an operation have
    entered all batches that run, and so are inside of none."""
    if f is None or not BATCHES.get():
        return f

    def call(*args: Any, **kwargs: Any) -> Any:
        token = BATCHES.set(())
        try:
            return f(*args, **kwargs)
        finally:
            BATCHES.reset(token)

    return call


def _absorbing(linear: Callable[[tuple[Any, ...]], Any], values: tuple[Any, ...]) -> Any:
    """A linear map in which zeros absorb infinite `values`.

    Split the values into a finite part and the rest. Elements of the result that the
    rest does not reach are those of the finite part alone. What it reaches shows when
    it is replaced by random numbers.
    """
    result = linear(values)
    if not all(map(is_constant, values)) or not all(map(_is_plain, _parts(result))):
        return result
    wild = [~np.isfinite(v) for v in values]
    if not any(map(anywhere, wild)):
        return result
    calm = linear(tuple(np.where(w, 0, v)[()] for w, v in zip(wild, values, strict=True)))
    draw = np.random.default_rng(0).uniform
    probe = linear(
        tuple(
            (w * draw(1, 2, np.shape(v))).astype(v.dtype)[()]
            for w, v in zip(wild, values, strict=True)
        )
    )
    rows = zip(_parts(result), _parts(calm), _parts(probe), strict=True)
    mixed = [np.where(np.equal(p, 0), c, r)[()] for r, c, p in rows]
    return tuple(mixed) if isinstance(result, tuple) else mixed[0]


def _parts(result: Any) -> tuple[Any, ...]:
    return result if isinstance(result, tuple) else (result,)


def _is_plain(x: Any) -> bool:
    return isinstance(x, (np.ndarray, np.generic)) and is_constant(x)


def general(
    fun: Callable[..., Any],
    name: str | None = None,
    singular: bool = False,
    batch: BatchRule | None = None,
) -> Callable[..., General]:
    """Declare `fun` by its linearization; a decorator for the rule.

    The decorated ``rule(y, *args, **params)`` returns ``push, pull`` (or ``push`` alone).
    Its docstring states the equation, its differential, and the source. `batch` says how the
    operation carries a leading axis, for `vmap`: see `batching`.
    """

    def declare(rule: Callable[..., Any]) -> General:
        return General(fun, rule, name or rule.__name__, singular, batch)

    return declare
