"""The check of `compile` that every rule passes: a replay is the function, at other points too."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import dualrev as dr
from dualrev.checks import leaves, random_like

from .harness import Case, inexact


def assert_same(actual: Any, expected: Any, what: str) -> None:
    """The same tree, types, kinds and shapes, and values up to rounding."""
    xs, one = dr.tree.flatten(actual)
    ys, other = dr.tree.flatten(expected)
    assert one == other, f"{what}: {one} instead of {other}"
    for x, y in zip(xs, ys, strict=True):
        assert type(x) is type(y), f"{what}: {type(x)} instead of {type(y)}"
        x, y = np.asarray(x), np.asarray(y)
        assert x.dtype == y.dtype and x.shape == y.shape, f"{what}: {x.dtype}{x.shape}"
        if x.dtype.kind not in "fc":
            assert np.array_equal(x, y), what
            continue
        single = y.real.dtype.itemsize < 8
        finite = np.abs(y[np.isfinite(y)])
        scale = float(np.max(finite, initial=1e-300))
        np.testing.assert_allclose(
            x, y, rtol=1e-4 if single else 1e-9, atol=(1e-4 if single else 1e-10) * scale,
            err_msg=what,
        )  # fmt: skip


def check_compiled(f: Callable[..., Any], points: list[Any], what: str) -> str | None:
    """Call the compiled `f` at all `points`; why it is called as it is, if it is."""
    compiled = dr.compile(f, verify=0)
    results = []
    for args in points:
        before = [np.copy(a) for a in args]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", dr.CompilationWarning)
            y = compiled(*args)
        assert_same(y, f(*args), what)
        for a, b in zip(args, before, strict=True):
            np.testing.assert_array_equal(a, b, err_msg=f"{what}: an argument was written to")
        results.append((y, [np.copy(leaf) for leaf in leaves(y)]))
    arrays = [x for y, _ in results for x in leaves(y) if isinstance(x, np.ndarray)]
    for k, a in enumerate(arrays):
        for b in arrays[:k]:
            assert not np.may_share_memory(a, b), f"{what}: results share memory"
    if compiled._failed and all(np.isfinite(x).all() for x in arrays if x.dtype.kind in "fc"):
        return "a replay did not say what the function does"
    for y, kept in results:
        for leaf, copy in zip(leaves(y), kept, strict=True):
            np.testing.assert_array_equal(leaf, copy, err_msg=f"{what}: a result was overwritten")
    return compiled.eager


def check_case_compiled(case: Case, seed: int = 0) -> dict[str, str]:
    """Value, JVP, VJP and second order, compiled; the reasons where one is called as it is."""
    rng = np.random.default_rng(seed)
    args = [np.asarray(a)[()] for a in case.args]

    def g(*xs: Any) -> list[Any]:
        return leaves(case.f(*xs))

    ct = [random_like(rng, y) if inexact(y) else None for y in map(np.asarray, g(*args))]
    dargs = [random_like(rng, np.asarray(a)) for a in args]

    def pulled(*xs: Any) -> list[Any]:
        def differentiable(*xs: Any) -> list[Any]:
            return [y for y, c in zip(g(*xs), ct, strict=True) if c is not None]

        return list(dr.vjp(differentiable, *xs)[1]([c for c in ct if c is not None]))

    def pushed(*xs: Any) -> list[Any]:
        return list(dr.jvp(g, xs, dargs)[1])

    def second(*xs: Any) -> list[Any]:
        return list(dr.jvp(pulled, xs, dargs)[1])

    def scaled(a: Any, scale: float) -> Any:
        return np.asarray(a * np.asarray(a).dtype.type(scale))[()]

    points = [args, args, [scaled(a, 0.995) for a in args], args]
    kinds = {"value": g, "JVP": pushed, "VJP": pulled}
    if case.order > 1:
        kinds["second"] = second
    reasons = {}
    for kind, f in kinds.items():
        why = check_compiled(f, points, f"{case.name}, {kind}")
        if why is not None:
            reasons[kind] = why
    return reasons
