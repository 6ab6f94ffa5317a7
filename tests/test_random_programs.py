"""Random programs: any sequence of operations, reads, writes and views.

Each program runs in plain NumPy and under every mode. Values must be NumPy's bit for
bit; forward, reverse and differences must agree; the caller's array must be untouched.
"""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dualrev as dr
from dualrev.checks import differences

N = 4
FLAT = st.integers(0, N - 1)
SLICES = st.sampled_from(
    [slice(None), slice(1, None), slice(None, -1), slice(None, None, 2), slice(None, None, -1)]
)
KEYS = st.one_of(
    FLAT,
    SLICES,
    st.lists(FLAT, min_size=1, max_size=4),
    st.lists(st.booleans(), min_size=N, max_size=N),
)

UNARY = {
    "sin": np.sin,
    "exp": lambda a: np.exp(-np.abs(a)),
    "tanh": np.tanh,
    "square": lambda a: 0.1 * a**2,
    "cube": lambda a: 0.01 * a**3,
    "sqrt": lambda a: np.sqrt(1 + a * a),
    "log": lambda a: np.log(2 + np.sin(a)),
    "cumsum": lambda a: np.cumsum(a) * 0.3,
    "sort": np.sort,
    "flip": np.flip,
    "roll": lambda a: np.roll(a, 1),
    "mean": lambda a: a - np.mean(a),
    "max": lambda a: a * 0.5 + np.max(a),
    "matmul": lambda a: MATRIX @ a,
    "where": lambda a: np.where(a > 0.1, a, 0.3 * np.sin(a)),
    "outer": lambda a: np.sum(a[:, None] * a[::-1], axis=0) * 0.2,
    "reshape": lambda a: np.swapaxes(a.reshape(2, 2), 0, 1).ravel(),
    "list": lambda a: (
        np.array([a[1], a[0], 1.5 * a[2], a[3]], like=a)
        if hasattr(a, "primal")
        else np.array([a[1], a[0], 1.5 * a[2], a[3]])
    ),
    "neg": lambda a: -a,
    "scalar": lambda a: a * a[0] * 0.5,
    "clip": lambda a: np.clip(a, -0.9, 0.95),
    "concat": lambda a: np.concatenate([a[2:], a[:2] * 1.1]),
    "norm": lambda a: a / np.sqrt(1 + np.sum(a**2)),
}
BINARY = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - 0.5 * b,
    "mul": lambda a, b: a * np.sin(b),
    "div": lambda a, b: a / (2 + np.cos(b)),
    "max": np.maximum,
    "hypot": lambda a, b: np.hypot(a, b + 2),
    "arctan2": lambda a, b: np.arctan2(a, 3 + np.sin(b)),
    "dot": lambda a, b: a + 0.1 * (a @ b),
}
MATRIX = np.array(
    [[0.2, -0.5, 0.1, 0.3], [0.4, 0.1, -0.2, 0.1], [0.0, 0.3, 0.5, -0.1], [-0.3, 0.2, 0.1, 0.4]]
)
CONSTANT = np.array([0.3, -0.7, 1.1, 0.2])

steps = st.one_of(
    st.tuples(st.just("unary"), st.sampled_from(sorted(UNARY)), st.integers(0, 9)),
    st.tuples(
        st.just("binary"), st.sampled_from(sorted(BINARY)), st.integers(0, 9), st.integers(0, 9)
    ),
    st.tuples(st.just("view"), SLICES, st.integers(0, 9)),
    st.tuples(st.just("write"), KEYS, st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("augment"), KEYS, st.integers(0, 9), st.sampled_from(["+", "*", "-"])),
    st.tuples(st.just("whole"), st.integers(0, 9), st.integers(0, 9)),
    st.tuples(st.just("constant"), st.integers(0, 9)),
)


def run(program, x):
    """The program on `x`; every value has N elements, but views may have fewer."""
    whole = [x, x * 1.0]
    views = []

    def pick(k):
        return whole[k % len(whole)]

    for kind, *detail in program:
        if kind == "unary":
            name, k = detail
            whole.append(UNARY[name](pick(k)))
        elif kind == "binary":
            name, j, k = detail
            whole.append(BINARY[name](pick(j), pick(k)))
        elif kind == "view":
            key, k = detail
            views.append(pick(k)[key])
        elif kind == "write":
            key, j, k = detail
            key = np.array(key) if isinstance(key, list) else key
            target, source = pick(j), pick(k)
            target[key] = source[key] * 0.9 if isinstance(key, (slice, np.ndarray)) else source[0]
        elif kind == "augment":
            key, k, sign = detail
            key = np.array(key) if isinstance(key, list) else key
            target = views[k % len(views)] if views and k > 4 else pick(k)
            if k > 4 and views:
                key = slice(None)
            if sign == "+":
                target[key] += 0.25
            elif sign == "*":
                target[key] *= 0.8
            else:
                target[key] -= pick(k)[1] * 0.1
        elif kind == "whole":
            j, k = detail
            target = pick(j)
            target += 0.2 * pick(k)
        else:
            (k,) = detail
            whole.append(pick(k) * CONSTANT)
    total = sum(np.sum(w * (i + 1)) for i, w in enumerate(whole))
    return total + sum(np.sum(v * v) for v in views)


def smooth(f, x, dx):
    """Whether differences of two step sizes agree: no kink, no tie, no switch near by."""
    (a,), (b,) = differences(f, (x,), (dx,), 2e-4), differences(f, (x,), (dx,), 1e-4)
    return np.isfinite(a) and abs(a - b) < 1e-6 * (1 + abs(a)), b


def check_program(program, seed):
    rng = np.random.default_rng(seed)
    x, dx, dv = rng.standard_normal((3, N))

    def f(x):
        return run(program, x)

    plain = f(x.copy())
    if not np.isfinite(plain) or abs(plain) > 1e6:
        return
    before = x.copy()
    value, gradient = dr.value_and_grad(f)(x)
    forward_value, forward = dr.jvp(f, (x,), (dx,))
    assert value == plain and forward_value == plain
    np.testing.assert_array_equal(x, before)
    scale = 1 + np.max(np.abs(gradient))
    np.testing.assert_allclose(gradient @ dx, forward, rtol=1e-9, atol=1e-10 * scale)
    regular, expected = smooth(lambda x: f(x.copy()), x, dx)
    if regular:
        np.testing.assert_allclose(forward, expected, rtol=1e-5, atol=1e-5 * scale)
    second = dr.hvp(f, x, dx) @ dv
    scale = 1 + abs(second)
    np.testing.assert_allclose(dr.hvp(f, x, dv) @ dx, second, rtol=1e-7, atol=1e-8 * scale)
    np.testing.assert_allclose(
        dr.hvp(f, x, dx, mode="reverse-over-reverse") @ dv, second, rtol=1e-7, atol=1e-8 * scale
    )
    np.testing.assert_allclose(
        dr.hvp(f, x, dx, mode="reverse-over-forward") @ dv, second, rtol=1e-7, atol=1e-8 * scale
    )
    np.testing.assert_array_equal(x, before)


programs = st.lists(steps, min_size=2, max_size=20)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs, st.integers(0, 2**31))
def test_random_programs(program, seed):
    check_program(program, seed)


@pytest.mark.slow
@settings(
    max_examples=int(os.environ.get("DUALREV_PROGRAMS", "10000")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(programs, st.integers(0, 2**31))
def test_ten_thousand_random_programs(program, seed):
    check_program(program, seed)
