"""Custom rules: a user's function with the derivative that the user knows.

Give a JVP, a VJP, or both; whichever is missing is the transpose of the other. For an
operation that has the form of one of the library's own rules declare it with
`elementwise`, `linear`, `bilinear` or `general` instead: one declaration, both modes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import tree
from .buffer import settled
from .engine.nesting import by_direction
from .engine.reverse import transpose
from .errors import RuleError, explain
from .fronts.packing import as_array
from .primitive import Tracer, Tree, spec_of
from .rules.forms import General
from .transforms.batching import vmap


class custom:
    """A function whose derivative is given by its author.

    Parameters
    ----------
    f : callable
        Any function of trees of arrays; it may call compiled code, solvers, anything:
        it never sees a traced value, other than a batch inside of `vmap`. Keyword arguments are
        not differentiated, nor are integers, booleans and text among the positional ones.
    jvp : callable, optional
        ``jvp(primals, tangents, **kwargs) -> (y, dy)``, linear in the tangents.
    vjp : callable, optional
        ``vjp(*primals, **kwargs) -> (y, pullback)``; ``pullback(ct)`` returns a cotangent
        for each argument (a tuple, or the one itself), ``None`` for a zero.

    Raises
    ------
    RuleError
        From the call, if the rule returns the wrong number, tree or shape, or if no rule
        was given.

    Notes
    -----
    Rules should be plain NumPy of their arguments: then they are differentiated too, and
    derivatives of any order follow. The missing one of the two maps is derived as the
    transpose of the other, by one reverse sweep over it. Inside of `vmap` the function and its
    rules run once for all examples, if they are plain NumPy. Also a decorator; then give the
    rules by ``f.defjvp`` and ``f.defvjp``. Jacobians hand the rule all their directions at once; a rule
    that calls compiled code is then called once a direction.

    Examples
    --------
    >>> import dualrev as dr
    >>> @dr.custom
    ... def log1pexp(x):
    ...     return np.logaddexp(0, x)
    >>> @log1pexp.defjvp
    ... def log1pexp_jvp(primals, tangents):
    ...     (x,), (dx,) = primals, tangents
    ...     return log1pexp(x), dx / (1 + np.exp(-x))
    >>> print(dr.grad(log1pexp)(0.0), dr.derivative(dr.grad(log1pexp))(0.0))
    0.5 0.25
    """

    def __init__(
        self,
        f: Callable[..., Any],
        *,
        jvp: Callable[..., Any] | None = None,
        vjp: Callable[..., Any] | None = None,
    ) -> None:
        functools.update_wrapper(self, f, updated=())
        self.f = f
        self._jvp = jvp
        self._vjp = vjp
        name = getattr(f, "__name__", "custom")
        self._primitive = General(self._run, self._rule, name, batch=self._batch)

    def defjvp(self, jvp: Callable[..., Any]) -> Callable[..., Any]:
        """Give the JVP rule; returns it, so that this is a decorator."""
        self._jvp = jvp
        return jvp

    def defvjp(self, vjp: Callable[..., Any]) -> Callable[..., Any]:
        """Give the VJP rule; returns it, so that this is a decorator."""
        self._vjp = vjp
        return vjp

    def __call__(self, *args: Tree, **kwargs: Any) -> Tree:
        leaves, structure = tree.flatten(args)
        leaves = [
            settled(as_array(leaf) if isinstance(leaf, np.ndarray) else leaf) for leaf in leaves
        ]
        if not any(isinstance(leaf, Tracer) for leaf in leaves):
            return self.f(*args, **kwargs)
        if self._jvp is None and self._vjp is None:
            raise RuleError(
                explain(
                    f"{self._primitive.name} is a custom function without a rule.",
                    "give it one: f.defjvp or f.defvjp",
                )
            )
        moving = [_has_tangents(leaf) for leaf in leaves]
        call = _Signature(
            structure,
            moving,
            [leaf for leaf, m in zip(leaves, moving, strict=True) if not m],
            kwargs,
        )
        found = self._primitive(
            *[leaf for leaf, m in zip(leaves, moving, strict=True) if m], call=call
        )
        return tree.unflatten(call.structure_out, found if isinstance(found, tuple) else [found])

    def _run(self, *leaves: Any, call: _Signature) -> Any:
        results, call.structure_out = tree.flatten(self.f(*call.tree(leaves), **call.kwargs))
        arrays = [_array(r) for r in results]
        return arrays[0] if call.structure_out is None else tuple(arrays)

    def _rule(self, y: Any, *leaves: Any, call: _Signature) -> tuple[Any, Any]:
        results = y if isinstance(y, tuple) else (y,)

        def push_one(*tangents: Any) -> Any:
            assert self._jvp is not None
            answer = self._jvp(call.tree(leaves), call.tangents(tangents), **call.kwargs)
            if not isinstance(answer, tuple) or len(answer) != 2:
                self._refuse("the JVP rule must return (y, dy)")
            dy = tree.leaves_like(
                call.structure_out, answer[1], "the tangent from the rule", "the function's value"
            )
            self._check_shapes(dy, results, "tangent")
            return _array(dy[0]) if call.structure_out is None else tuple(map(_array, dy))

        def push(*tangents: Any) -> Any:
            return by_direction(push_one, tangents, (*results, *leaves))

        def pull(cts: Any) -> Any:
            cts = cts if isinstance(y, tuple) else [cts]
            cts = [_zeros(r) if c is None else c for c, r in zip(cts, results, strict=True)]
            return by_direction(pull_one, cts, (*results, *leaves))

        def pull_one(*cts: Any) -> Any:
            assert self._vjp is not None
            answer = self._vjp(*call.tree(leaves), **call.kwargs)
            if not isinstance(answer, tuple) or len(answer) != 2 or not callable(answer[1]):
                self._refuse("the VJP rule must return (y, pullback)")
            pulled = answer[1](tree.unflatten(call.structure_out, list(cts)))
            return call.cotangents(pulled, leaves, self)

        return self._maps(y, push, pull)

    def _batch(self, primitive: Any, size: int, args: Any, batched: Any, params: Any) -> Any:
        """The batch of the function, whose rule is the batch of the rule."""
        axes = tuple([0 if b else None for b in batched])

        def run(*leaves: Any) -> Any:
            return vmap(lambda *one: primitive.fun(*one, **params), axes)(*leaves)

        def rule(y: Any, *leaves: Any) -> tuple[Any, Any]:
            def push(*tangents: Any) -> Any:
                def one(y: Any, leaves: Any, tangents: Any) -> Any:
                    return primitive.rule(y, *leaves, **params)[0](*tangents)

                return vmap(one, (0, axes, axes))(y, leaves, tangents)

            def pull(cts: Any) -> tuple[Any, ...]:
                def one(y: Any, leaves: Any, cts: Any) -> Any:
                    return primitive.rule(y, *leaves, **params)[1](cts)

                if isinstance(y, tuple):
                    cts = [_zeros(r) if c is None else c for c, r in zip(cts, y, strict=True)]
                found = vmap(one, (0, axes, 0))(y, leaves, cts)
                return tuple(
                    [c if b else np.sum(c, axis=0) for c, b in zip(found, batched, strict=True)]
                )

            return self._maps(y, push, pull)

        return General(run, rule, primitive.name, batch=self._batch)(*args)

    def _maps(self, y: Any, push: Any, pull: Any) -> tuple[Any, Any]:
        """Both maps, where the user gave one of them at least: the other is its transpose."""

        def push_from_pull(*tangents: Any) -> Any:
            def linear(*cts: Any) -> Any:
                return pull(list(cts) if isinstance(y, tuple) else cts[0])

            results = y if isinstance(y, tuple) else (y,)
            dy = transpose(linear, [_zeros(r) for r in results], tuple(tangents))
            return tuple(dy) if isinstance(y, tuple) else dy[0]

        return (push if self._jvp else push_from_pull), (pull if self._vjp else None)

    def _check_shapes(self, found: Sequence[Any], like: Sequence[Any], what: str) -> None:
        for f, x in zip(found, like, strict=True):
            if np.shape(f) != np.shape(x):
                self._refuse(
                    f"it returned a {what} of shape {np.shape(f)} where the shape must be {np.shape(x)}"
                )

    def _refuse(self, what: str) -> None:
        raise RuleError(
            explain(
                f"The derivative rule of {self._primitive.name} is wrong: {what}.",
                "correct the rule; dr.check tests it",
            )
        )


class _Signature:
    """How the leaves of one call make up its arguments: the static ones stay here."""

    __slots__ = ("kwargs", "moving", "static", "structure", "structure_out")

    def __init__(
        self, structure: Any, moving: list[bool], static: list[Any], kwargs: dict[str, Any]
    ) -> None:
        self.structure = structure
        self.moving = moving
        self.static = static
        self.kwargs = kwargs
        self.structure_out: Any = None

    def tree(self, leaves: Sequence[Any]) -> Any:
        moving, static = iter(leaves), iter(self.static)
        return tree.unflatten(
            self.structure, [next(moving) if m else next(static) for m in self.moving]
        )

    def tangents(self, tangents: Sequence[Any]) -> Any:
        given, static = iter(tangents), iter(self.static)
        return tree.unflatten(
            self.structure, [next(given) if m else _zeros(next(static)) for m in self.moving]
        )

    def cotangents(self, pulled: Any, leaves: Sequence[Any], owner: custom) -> tuple[Any, ...]:
        """The cotangents of the moving leaves, from what a pullback returned."""
        children = self.structure.children
        if not isinstance(pulled, tuple) or (len(children) == 1 and len(pulled) != 1):
            pulled = (pulled,)
        if len(pulled) != len(children):
            owner._refuse(
                f"its pullback returned {len(pulled)} cotangents for {len(children)} arguments"
            )
        flat: list[Any] = []
        for child, ct in zip(children, pulled, strict=True):
            size = len(tree.flatten(tree.unflatten(child, [0] * _leaf_count(child)))[0])
            flat += (
                [None] * size
                if ct is None
                else tree.leaves_like(child, ct, "the cotangent", "the argument")
            )
        cts = [c for c, m in zip(flat, self.moving, strict=True) if m]
        given = [(c, x) for c, x in zip(cts, leaves, strict=True) if c is not None]
        owner._check_shapes([c for c, _ in given], [x for _, x in given], "cotangent")
        return tuple(
            [_zeros(x) if c is None else _array(c) for c, x in zip(cts, leaves, strict=True)]
        )


def _leaf_count(structure: Any) -> int:
    return 1 if structure is None else sum(map(_leaf_count, structure.children))


def _has_tangents(leaf: Any) -> bool:
    return isinstance(leaf, (Tracer, float, complex)) or (
        isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "fc"
    )


def _array(x: Any) -> Any:
    x = settled(x)
    return x if isinstance(x, Tracer) else np.asarray(x)[()]


def _zeros(x: Any) -> Any:
    try:
        spec = spec_of(x)
    except (TypeError, ValueError):
        return None
    return np.zeros(spec.shape, spec.dtype if spec.dtype.kind in "fc" else float)[()]
