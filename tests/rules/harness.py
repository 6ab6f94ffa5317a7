"""The check that every rule passes, written once; rules bring only data (`Case`).

``check_case`` asserts, in this order: the value, its shape and its dtype are NumPy's; the
JVP agrees with central differences; each argument alone; the dot-product identity of JVP
and VJP; second order in all four mode pairs; third order; float32 keeps its dtype.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import dualrev as dr
from dualrev.checks import differences, leaves, pairing, random_like


@dataclass(frozen=True)
class Case:
    """A function of arrays, all differentiated, and a point inside its smooth domain.

    Attributes
    ----------
    name : str
        ``"np.sin"``, or ``"np.sum, axis=-1"``: the function first, then what is special.
    f : callable
        Plain NumPy; static arguments closed over. Returns an array or a tree of arrays.
    args : tuple of arrays
    order : int
        The highest order of derivative to check (1 to 3).
    rtol : float
        Against differences, relative to the size of the derivative.
    exact : bool
        Whether the value must equal NumPy's bit for bit, or within a few ulp.
    """

    name: str
    f: Callable[..., Any]
    args: tuple[Any, ...]
    order: int = 3
    rtol: float = 2e-6
    exact: bool = True

    def __str__(self) -> str:
        return self.name


def shared(cases: Any, share: int) -> list[Any]:
    """Parameters for pytest: one in `share` of many like cases always, the others among what is slow."""
    return [
        pytest.param(case, id=str(case), marks=() if k % share == 0 else pytest.mark.slow)
        for k, case in enumerate(cases)
    ]


def assert_close(actual: Any, expected: Any, rtol: float, what: str) -> None:
    for a, e in zip(leaves(actual), leaves(expected), strict=True):
        a, e = np.asarray(a), np.asarray(e)
        assert a.shape == e.shape, f"{what}: shape {a.shape}, expected {e.shape}"
        scale = max(1.0, float(np.max(np.abs(e), initial=0.0)))
        np.testing.assert_allclose(a, e, rtol=0, atol=rtol * scale, err_msg=what)


def inexact(y: Any) -> bool:
    return np.asarray(y).dtype.kind in "fc"


def check_case(case: Case, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    f, args = case.f, case.args
    expected = f(*args)
    dargs = [random_like(rng, a) for a in args]

    # value, shape and dtype are NumPy's, in both modes
    for mode, y in (("forward", dr.jvp(f, args, dargs)[0]), ("reverse", dr.vjp(f, *args)[0])):
        for actual, wanted in zip(leaves(y), leaves(expected), strict=True):
            label = f"{case.name}: value in {mode} mode"
            assert np.shape(actual) == np.shape(wanted), f"{label}: shape {np.shape(actual)}"
            assert np.asarray(actual).dtype == np.asarray(wanted).dtype, (
                f"{label}: {np.asarray(actual).dtype}"
            )
            if case.exact:
                np.testing.assert_array_equal(actual, wanted, err_msg=label)
            else:
                np.testing.assert_allclose(actual, wanted, rtol=1e-12, atol=1e-12, err_msg=label)

    def g(*xs: Any) -> list[Any]:  # the leaves that have derivatives
        return [
            leaf
            for leaf in leaves(f(*xs))
            if inexact(leaf if not hasattr(leaf, "primal") else dr.stop_gradient(leaf))
        ]

    if any(np.asarray(a).real.dtype.itemsize < 8 for a in args):
        check_small_dtype(case, g, args, dargs, rng)
        return
    check_first_order(case, g, args, dargs, rng)
    if case.order >= 2:
        check_second_order(case, g, args, dargs, rng)
    if case.order >= 3:
        check_third_order(case, g, args, dargs, rng)


def check_small_dtype(case: Case, g: Any, args: Any, dargs: Any, rng: Any) -> None:
    """float32 and complex64: dtypes kept in every direction; values against double precision."""
    y, dy = dr.jvp(g, args, dargs)
    ct = random_like(rng, y)
    cts = dr.vjp(g, *args)[1](ct)
    for v, dv in zip(y, dy, strict=True):
        assert np.asarray(dv).dtype == np.asarray(v).dtype, (
            f"{case.name}: tangent {np.asarray(dv).dtype}"
        )
    for c, a in zip(cts, args, strict=True):
        assert np.asarray(c).dtype == np.asarray(a).dtype, (
            f"{case.name}: cotangent {np.asarray(c).dtype}"
        )
    wide = [a.astype(np.result_type(a, np.float64)) for a in map(np.asarray, args)]
    dwide = [np.asarray(d).astype(w.dtype) for d, w in zip(dargs, wide, strict=True)]
    assert_close(dy, dr.jvp(g, wide, dwide)[1], 2e-4, f"{case.name}: JVP in single precision")


def check_first_order(case: Case, g: Any, args: Any, dargs: Any, rng: Any) -> None:
    y, dy = dr.jvp(g, args, dargs)
    for v, dv in zip(y, dy, strict=True):
        assert np.shape(dv) == np.shape(v), f"{case.name}: tangent has shape {np.shape(dv)}"
        assert np.asarray(dv).dtype == np.asarray(v).dtype, (
            f"{case.name}: tangent is {np.asarray(dv).dtype}"
        )
    assert_close(dy, differences(g, args, dargs), case.rtol, f"{case.name}: JVP and differences")

    ct = random_like(rng, y)
    cts = dr.vjp(g, *args)[1](ct)
    for c, a in zip(cts, args, strict=True):
        assert np.shape(c) == np.shape(a), f"{case.name}: cotangent has shape {np.shape(c)}"
        assert np.asarray(c).dtype == np.asarray(a).dtype, (
            f"{case.name}: cotangent is {np.asarray(c).dtype}"
        )
    assert_dot(pairing(ct, dy), pairing(list(cts), dargs), f"{case.name}: JVP and VJP")
    assert_close(dr.linearize(g, *args)[1](*dargs), dy, 1e-10, f"{case.name}: linearize and JVP")

    for k in range(len(args)) if len(args) > 1 else ():  # each argument alone

        def alone(x: Any, k: int = k) -> Any:
            return g(*args[:k], x, *args[k + 1 :])

        dk = dr.jvp(alone, (args[k],), (dargs[k],))[1]
        alone_args = [d if j == k else np.zeros_like(d) for j, d in enumerate(dargs)]
        assert_close(
            dk, dr.jvp(g, args, alone_args)[1], 1e-10, f"{case.name}: JVP of argument {k} alone"
        )
        assert_close(
            dr.vjp(alone, args[k])[1](ct)[0],
            cts[k],
            1e-10,
            f"{case.name}: VJP of argument {k} alone",
        )


def assert_dot(a: float, b: float, what: str) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-9, err_msg=f"{what}: dot-product identity")


def check_second_order(case: Case, g: Any, args: Any, dargs: Any, rng: Any) -> None:
    """d/dt of the VJP, of the JVP: the four nestings agree with each other and differences."""
    ct = random_like(rng, g(*args))
    eargs = [random_like(rng, a) for a in args]

    def pulled(*xs: Any) -> Any:
        return list(dr.vjp(g, *xs)[1](ct))

    def pushed(*xs: Any) -> Any:
        return dr.jvp(g, xs, dargs)[1]

    forward_reverse = dr.jvp(pulled, args, eargs)[1]
    assert_close(
        forward_reverse,
        differences(pulled, args, eargs),
        10 * case.rtol,
        f"{case.name}: forward over reverse",
    )
    forward_forward = dr.jvp(pushed, args, eargs)[1]
    assert_close(
        forward_forward,
        differences(pushed, args, eargs),
        10 * case.rtol,
        f"{case.name}: forward over forward",
    )
    value = pairing(ct, forward_forward)
    assert_dot(
        value,
        pairing(forward_reverse, dargs),
        f"{case.name}: forward over forward and over reverse",
    )
    reverse_forward = list(dr.vjp(pushed, *args)[1](ct))
    assert_dot(value, pairing(reverse_forward, eargs), f"{case.name}: reverse over forward")
    reverse_reverse = list(dr.vjp(pulled, *args)[1](list(dargs)))
    assert_dot(value, pairing(reverse_reverse, eargs), f"{case.name}: reverse over reverse")


def check_third_order(case: Case, g: Any, args: Any, dargs: Any, rng: Any) -> None:
    """The third derivative along one direction, by duals thrice, and with a tape innermost."""
    ct = random_like(rng, g(*args))

    def pulled(*xs: Any) -> Any:
        return list(dr.vjp(g, *xs)[1](ct))

    def second(h: Any) -> Any:
        return lambda *xs: dr.jvp(h, xs, dargs)[1]

    third = dr.jvp(second(second(g)), args, dargs)[1]
    mixed = dr.jvp(second(pulled), args, dargs)[1]
    value = pairing(ct, third)
    scale = max(1.0, abs(value), *[float(np.max(np.abs(m), initial=0.0)) for m in leaves(mixed)])
    np.testing.assert_allclose(
        value / scale,
        pairing(mixed, dargs) / scale,
        rtol=1e-7,
        atol=1e-8,
        err_msg=f"{case.name}: third order",
    )
