"""The check of `vmap` that every rule passes: the batch is the loop, in every combination."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

import dualrev as dr
from dualrev.checks import leaves, random_like

from .harness import Case, assert_close, inexact


def examples(arg: Any, size: int) -> Any:
    """`size` points near `arg`, which stay in its domain: it is scaled."""
    arg = np.asarray(arg)
    scales = 1 - 0.01 * np.arange(size).reshape(-1, *(1,) * arg.ndim)
    return np.ascontiguousarray(arg * scales).astype(arg.dtype)


def of_example(args: Any, axes: Any, k: int) -> list[Any]:
    return [a if axis is None else a[k][()] for a, axis in zip(args, axes, strict=True)]


def loop(f: Any, args: Any, axes: Any, size: int) -> list[Any]:
    """The results of a Python loop over the examples, leaf by leaf."""
    rows = [leaves(f(*of_example(args, axes, k))) for k in range(size)]
    return [np.stack(column) for column in zip(*rows, strict=True)]


def check_batching(case: Case, seed: int = 0, sizes: tuple[int, ...] = (0, 1)) -> None:
    rng = np.random.default_rng(seed)
    count = len(case.args)
    double = all(np.asarray(a).real.dtype.itemsize >= 8 for a in case.args)

    def g(*xs: Any) -> list[Any]:
        return leaves(case.f(*xs))

    ct = [random_like(rng, y) if inexact(y) else None for y in map(np.asarray, g(*case.args))]

    def pulled(*xs: Any) -> list[Any]:
        def differentiable(*xs: Any) -> list[Any]:
            return [y for y, c in zip(g(*xs), ct, strict=True) if c is not None]

        return list(dr.vjp(differentiable, *xs)[1]([c for c in ct if c is not None]))

    dargs = [random_like(rng, np.asarray(a)) for a in case.args]

    def pushed(*xs: Any) -> list[Any]:
        return dr.jvp(g, xs, dargs)[1]

    combinations = [m for m in itertools.product((True, False), repeat=count) if any(m)]
    for mask in combinations:
        axes = tuple(0 if m else None for m in mask)
        args = [examples(a, 3) if m else a for a, m in zip(case.args, mask, strict=True)]
        what = f"{case.name}, in_axes={axes}"
        for name, h in (("value", g), ("JVP", pushed), ("VJP", pulled)):
            actual = dr.vmap(h, axes)(*args)
            expected = loop(h, args, axes, 3)
            for a, e in zip(leaves(actual), expected, strict=True):
                assert np.asarray(a).dtype == e.dtype, f"{what}: {name} is {np.asarray(a).dtype}"
            tolerance = 1e-10 if double else 1e-4
            assert_close(leaves(actual), expected, tolerance, f"{what}: {name}")
    for size in sizes:
        args = [examples(a, max(size, 1))[:size] for a in case.args]
        for h in (g, pulled):
            actual = leaves(dr.vmap(h)(*args))
            one = leaves(h(*case.args))
            for a, e in zip(actual, one, strict=True):
                assert a.shape == (size, *np.shape(e)), f"{case.name}: {size} examples, {a.shape}"
    assert_close(
        dr.vmap(g)(*[examples(a, 1) for a in case.args]),
        [np.asarray(y)[None] for y in g(*case.args)],
        1e-10 if double else 1e-4,
        f"{case.name}: one example",
    )
