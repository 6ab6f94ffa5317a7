"""Linear systems as one primitive: all modes and orders of everything that is solved.

The equation ``A(p) x = b`` defines ``x``, and differentiating it gives the same system again::

    dx = A^-1 (db - dA x)            ct_b = A^-T ct,   ct_p = -(d/dp A(p) x)^T ct_b

So the rule needs what the system is made of, products, and the system itself, transposed or not;
its derivative has the same rule. A factorisation serves all of them at one point.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine.nesting import outside
from ..errors import UnsupportedArgumentError, explain
from ..primitive import Array
from ..rules.forms import General
from ..rules.forms.batching import full
from ..transforms import jacobian, jvp, linearize, vjp, vmap
from .methods import Linear, differ, frozen, prepare, probe, same


class Factors:
    """The numbers of a system at the last point: kept for other right-hand sides, and compared
    by value, because arrays may be written to."""

    def __init__(
        self,
        linear: Callable[[int, Sequence[Any]], Linear],
        options: dict[str, Any],
        check: Callable[[Sequence[Any]], None] | None = None,
    ) -> None:
        self.linear, self.options, self.check = linear, options, check
        self.kept: tuple[list[Any], Any] | None = None

    def made(self, given: Sequence[Any], size: int) -> Any:
        return prepare(self.linear(size, given), **self.options)

    def solve(self, b: np.ndarray, given: Sequence[Any], transposed: bool) -> np.ndarray:
        with outside():
            kept = self.kept
            if kept is None or not same(kept[0], given):
                copies = [frozen(x) for x in given]
                kept = self.kept = copies, self.made(copies, b.shape[-1])
                self._checked(copies)
            return kept[1].solve(b, transposed)

    def _checked(self, given: Sequence[Any]) -> None:
        """With the factors in place, which `check` may use; without them again if it raises."""
        if self.check is None:
            return
        try:
            self.check(given)
        except BaseException:
            self.kept = None
            raise


class System:
    """A linear map ``A(*given)`` of vectors, and its inverse.

    Attributes
    ----------
    push, pull : callable
        ``push(x, *given)`` is ``A x``, ``pull(w, *given)`` is ``A^T w``.
    rank : int
        How many axes a right-hand side has; those in front are other right-hand sides.
    """

    rank = 1

    def __init__(
        self, push: Callable[..., Any], pull: Callable[..., Any], factors: Factors, flipped: bool
    ) -> None:
        self.push, self.pull = push, pull
        self.factors, self.flipped = factors, flipped

    @functools.cached_property
    def transposed(self) -> System:
        return System(self.pull, self.push, self.factors, not self.flipped)

    def solve(self, b: np.ndarray, given: Sequence[Any]) -> np.ndarray:
        """Of plain numbers."""
        if not b.size:
            return np.zeros_like(b)
        x = self.factors.solve(b.reshape(-1, b.shape[-1]), given, self.flipped)
        return np.ascontiguousarray(x).reshape(b.shape)

    def times(self, x: Array, given: Sequence[Any]) -> Array:
        """``A x``, also of many ``x`` along leading axes."""
        if np.ndim(x) == self.rank:
            return self.push(x, *given)
        return vmap(lambda row: self.times(row, given))(x)


class Examples(System):
    """Systems side by side, one for each example of a batch, along one more axis in front."""

    def __init__(self, one: System, axes: tuple[int | None, ...]) -> None:
        self.one, self.axes = one, axes
        self.rank = one.rank + 1

    def push(self, x: Array, *given: Any) -> Array:  # type: ignore[override]
        return vmap(self.one.push, (0, *self.axes))(x, *given)

    def pull(self, w: Array, *given: Any) -> Array:  # type: ignore[override]
        return vmap(self.one.pull, (0, *self.axes))(w, *given)

    @functools.cached_property
    def transposed(self) -> System:
        return Examples(self.one.transposed, self.axes)

    def solve(self, b: np.ndarray, given: Sequence[Any]) -> np.ndarray:
        axis = b.ndim - self.rank
        sides = np.moveaxis(b, axis, 0)
        found = [
            self.one.solve(
                side, [x if a is None else x[k] for x, a in zip(given, self.axes, strict=True)]
            )
            for k, side in enumerate(sides)
        ]
        return np.moveaxis(np.stack(found), 0, axis) if found else np.zeros_like(b)


def _batch(primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
    system = params["system"]
    b, *given = args
    if not any(batched[1:]):
        return solution_of(b, *given, system=system)  # more right-hand sides
    b = full(b, batched[0], size)
    b = np.moveaxis(b, 0, b.ndim - system.rank - 1)  # behind the axes of other sides
    axes = tuple([0 if is_batched else None for is_batched in batched[1:]])
    x = solution_of(b, *given, system=Examples(system, axes))
    return np.moveaxis(x, x.ndim - system.rank - 1, 0)


def _solve(b: Any, *given: Any, system: System) -> Any:
    return system.solve(b, given)


def _rule(x: Array, b: Array, *given: Array, system: System) -> tuple[Any, Any]:
    def applied(*given: Array) -> Array:
        return system.times(x, given)

    def push(db: Array, *changes: Array) -> Array:
        change = jvp(applied, given, changes)[1] if given else 0.0
        return solution_of(db - change, *given, system=system)

    def pull(ct: Array) -> tuple[Any, ...]:
        w = solution_of(ct, *given, system=system.transposed)
        cts = vjp(applied, *given)[1](-w) if given else ()
        return w, *cts

    return push, pull


solution_of = General(_solve, _rule, "linear_solve", batch=_batch)
"""``solution_of(b, *given, system=system)``: the ``x`` for which ``A(*given) x = b``."""


def linearized(
    residual: Callable[..., Any], options: dict[str, Any], sparse: Any, check: Any = None
) -> System:
    """The system whose matrix is the Jacobian of ``residual(z, *leaves)`` by ``z``; given are
    ``z, *leaves``. ``check([z, *leaves])`` is called at every point that is new."""

    def at(leaves: Sequence[Any]) -> Callable[[Any], Any]:
        return lambda z: residual(z, *leaves)

    def push(v: Array, z: Array, *leaves: Array) -> Array:
        return jvp(at(leaves), (z,), (v,))[1]

    def pull(w: Array, z: Array, *leaves: Array) -> Array:
        return vjp(at(leaves), z)[1](w)[0]

    def linear(size: int, given: Sequence[Any]) -> Linear:
        z, *leaves = given
        f = at(leaves)
        products = linearize(f, z)[1]
        return Linear(
            size,
            products.push,
            lambda w: products.pull(w)[0],
            lambda: jacobian(f)(z),
            lambda: sparse(f, z),
        )

    return System(push, pull, Factors(linear, options, check), False)


def of_products(matvec: Callable[..., Any], options: dict[str, Any], sparse: Any) -> System:
    """The system whose products are ``matvec(x, *given)``, which is linear in ``x``."""

    def pull(w: Array, *given: Array) -> Array:
        return vjp(lambda x: matvec(x, *given), np.zeros(np.shape(w)))[1](w)[0]

    def linear(size: int, given: Sequence[Any]) -> Linear:
        def f(x: Array) -> Array:
            return matvec(x, *given)

        zero, v = np.zeros(size), probe(size)
        products = linearize(f, zero)[1]
        if differ(f(v), products.push(v)):
            raise UnsupportedArgumentError(
                explain(
                    "linear_solve of a function that is not linear.",
                    "give a function A(x) with A(0) = 0 and A(x + y) = A(x) + A(y); solve other "
                    "equations with dr.root",
                )
            )
        return Linear(
            size,
            f,
            lambda w: products.pull(w)[0],
            lambda: jacobian(f)(zero),
            lambda: sparse(f, zero),
        )

    return System(matvec, pull, Factors(linear, options), False)
