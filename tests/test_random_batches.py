"""Random programs in a batch: whatever an example does alone, it does among others.

Each program runs once for all examples, and in a loop over them: values, and derivatives
taken inside and outside of `vmap`, must agree. Programs may nest `vmap`, `grad` and `jvp`.
"""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dualrev as dr

from .test_random_programs import BINARY, CONSTANT, KEYS, MATRIX, SLICES, UNARY, N

SIZE = 3
UNARIES = UNARY | {
    "list": lambda a: np.stack([a[1], a[0], 1.5 * a[2], a[3]]),
    "argmax": lambda a: 0.3 * a * a[np.argmax(a)],
    "argsort": lambda a: a[np.argsort(-a)],
    "any": lambda a: np.where((a > 0.3).any(), a, 0.5 * a),
    "cumprod": lambda a: np.cumprod(np.tanh(a)),
    "median": lambda a: a - np.median(a),
    "repeat": lambda a: np.repeat(a[:2], 2),
    "pad": lambda a: 1.1 * np.pad(a, 1)[1:-1],
    "einsum": lambda a: np.einsum("ij,j->i", MATRIX, a),
    "solve": lambda a: np.linalg.solve(MATRIX + 2 * np.eye(N), a),
    "convolve": lambda a: np.convolve(a, [0.3, 0.5, -0.2], "same"),
    "fft": lambda a: 0.4 * np.fft.fft(a).real,
    "stop": lambda a: dr.stop_gradient(a) * a,
}
BINARIES = BINARY | {
    "where": lambda a, b: np.where(a > b, a, 0.5 * b),
    "condition": lambda a, b: np.where(np.sum(a) > np.sum(b), a, b),
    "order": lambda a, b: a[np.argsort(b)],
    "matrices": lambda a, b: 0.3 * (a.reshape(2, 2) @ b.reshape(2, 2)).ravel(),
    "rows": lambda a, b: (np.stack([a, b]) @ MATRIX)[0],
    "vmap": lambda a, b: dr.vmap(lambda s, t: 0.3 * s * t + 0.1 * np.sum(b * s))(a, b),
    "vmap of rows": lambda a, b: dr.vmap(lambda r: 0.2 * np.sum(r * a))(np.outer(b, CONSTANT)),
    "vmap of grad": lambda a, b: dr.vmap(dr.grad(lambda s, t: np.tanh(s * t) * s))(a, b),
    "grad": lambda a, b: 0.3 * dr.grad(lambda z: np.sum(np.sin(z) * b * z))(a),
    "jvp": lambda a, b: 0.3 * dr.jvp(lambda z: np.tanh(z * a), (a,), (b,))[1],
}
ANY = st.integers(0, 9)
steps = st.one_of(
    st.tuples(st.just("unary"), st.sampled_from(sorted(UNARIES)), ANY),
    st.tuples(st.just("binary"), st.sampled_from(sorted(BINARIES)), ANY, ANY),
    st.tuples(st.just("view"), SLICES, ANY),
    st.tuples(st.just("write"), KEYS, ANY, ANY),
    st.tuples(st.just("augment"), KEYS, ANY, st.sampled_from(["+", "*", "-"])),
    st.tuples(st.just("augment view"), ANY, st.sampled_from(["+", "*"])),
    st.tuples(st.just("whole"), ANY, ANY),
    st.tuples(st.just("largest"), ANY, ANY, st.sampled_from(["=", "+"])),
    st.tuples(st.just("add at"), st.lists(st.integers(0, N - 1), min_size=3, max_size=3), ANY, ANY),
)


def run(program, x, c):
    """The program of one example `x` and of `c`, which the examples may share."""
    whole = [x, x * 1.0, c + 0.0 * x]
    views = []

    def pick(k):
        return whole[k % len(whole)]

    for kind, *detail in program:
        if kind == "unary":
            name, k = detail
            whole.append(UNARIES[name](pick(k)))
        elif kind == "binary":
            name, j, k = detail
            whole.append(BINARIES[name](pick(j), pick(k)))
        elif kind == "view":
            key, k = detail
            views.append(pick(k)[key])
        elif kind == "write":
            key, j, k = detail
            key = np.array(key) if isinstance(key, list) else key
            source = pick(k)
            pick(j)[key] = 0.9 * source[key] if isinstance(key, (slice, np.ndarray)) else source[0]
        elif kind == "augment":
            key, k, sign = detail
            key = np.array(key) if isinstance(key, list) else key
            target = pick(k)
            if sign == "+":
                target[key] += 0.25
            elif sign == "*":
                target[key] *= 0.8
            else:
                target[key] -= 0.1 * target[1]
        elif kind == "augment view" and views:
            k, sign = detail
            view = views[k % len(views)]
            if sign == "+":
                view += 0.25
            else:
                view *= 0.8
        elif kind == "whole":
            j, k = detail
            target = pick(j)
            target += 0.2 * pick(k)
        elif kind == "largest":  # an index that differs among the examples
            j, k, sign = detail
            source, target = pick(k), pick(j)
            place = np.argmax(source)
            if sign == "=":
                target[place] = 0.5 * source[1]
            else:
                target[place] += 0.2 * source[0]
        elif kind == "add at":
            places, j, k = detail
            np.add.at(pick(j), places, 0.3 * pick(k)[:3])
    total = sum(np.sum(w * (i + 1)) for i, w in enumerate(whole))
    return 0.1 * total + 0.1 * sum(np.sum(v * v) for v in views)


def check_batch(program, seed, shared):
    rng = np.random.default_rng(seed)
    X, C, V = rng.standard_normal((3, SIZE, N))
    axes = (0, None) if shared else (0, 0)
    C = C[0] if shared else C

    def f(x, c):
        return run(program, x.copy(), c)

    def loop(g):
        return np.stack([np.asarray(g(X[k], C if shared else C[k])) for k in range(SIZE)])

    def batch(g, X=X, **options):
        return dr.vmap(g, axes, **options)(X, C)

    def close(actual, expected):
        scale = 1 + np.max(np.abs(expected))
        np.testing.assert_allclose(actual, expected, rtol=1e-7, atol=1e-8 * scale)

    value = loop(f)
    if not np.isfinite(value).all() or np.max(np.abs(value)) > 1e4:
        return
    before = X.copy(), C.copy()
    gradient = dr.grad(f)
    first, second = loop(gradient), loop(dr.jacrev(gradient))
    whole = np.zeros((SIZE, N, SIZE, N))  # examples do not depend on each other
    whole[np.arange(SIZE), :, np.arange(SIZE)] = second
    close(batch(lambda x, c: run(program, x, c)), value)  # writes to its argument
    close(batch(gradient), first)
    close(batch(gradient, chunk_size=2), first)
    close(dr.grad(lambda X: np.sum(batch(f, X)))(X), first)
    close(dr.jvp(lambda X: batch(f, X), (X,), (V,))[1], np.sum(first * V, axis=1))
    close(batch(dr.jacfwd(f)), first)
    close(batch(dr.hessian(f)), second)
    close(batch(dr.hessian_diagonal(f)), np.diagonal(second, axis1=1, axis2=2))
    close(dr.jacfwd(lambda X: batch(gradient, X))(X), whole)
    close(dr.jacrev(lambda X: batch(gradient, X))(X), whole)
    products = batch(lambda x, c: dr.vmap(dr.vjp(lambda x: gradient(x, c), x)[1])(np.eye(N))[0])
    close(products, second)
    if not shared:  # all pairs, of which the diagonal are the examples
        pairs = dr.vmap(lambda x: dr.vmap(gradient, (None, 0))(x, C))(X)
        close(pairs[np.arange(SIZE), np.arange(SIZE)], first)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(C, before[1])


programs = st.lists(steps, min_size=2, max_size=16)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs, st.integers(0, 2**31), st.booleans())
def test_random_batches(program, seed, shared):
    check_batch(program, seed, shared)


@pytest.mark.slow
@settings(
    max_examples=int(os.environ.get("DUALREV_PROGRAMS", "3000")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(programs, st.integers(0, 2**31), st.booleans())
def test_thousands_of_random_batches(program, seed, shared):
    check_batch(program, seed, shared)


# -- batches in batches: examples, inner examples and elements are all as many ------------------

INNER = {  # with respect to what the inner examples share, what differs, or not at all
    "value": lambda f: f,
    "grad": lambda f: lambda x, c: dr.grad(lambda x: np.sum(f(x, c)))(x),
    "grad of inner": lambda f: lambda x, c: dr.grad(lambda c: np.sum(f(x, c)))(c),
    "jacfwd": dr.jacfwd,
    "jacrev of inner": lambda f: dr.jacrev(f, 1),
    "jvp": lambda f: lambda x, c: dr.jvp(f, (x, c), (c, x))[1],
    "hessian": lambda f: dr.hessian(lambda x, c: np.sum(f(x, c))),
}
BETWEEN = {
    "value": lambda g: g,
    "jacfwd": dr.jacfwd,
    "jacrev": dr.jacrev,
    "jvp": lambda g: lambda x: dr.jvp(g, (x,), (np.sin(x),))[1],
    "grad": lambda g: dr.grad(lambda x: np.sum(np.sin(g(x)))),
}
OUTSIDE = {
    "value": lambda h: h,
    "jacfwd": dr.jacfwd,
    "jvp": lambda h: lambda X: dr.jvp(h, (X,), (np.cos(X),))[1],
    "grad": lambda h: dr.grad(lambda X: np.sum(np.cos(h(X)))),
}


def run_inside(program, x, c, z, alone):
    """`x` and a closure `z` belong to the outer batch, `c` to the inner one; as a vector."""
    zero = 0.0 * (x + c + z) if alone else 0.0  # alone, what is written to must be traced
    base = [x + zero, x.copy() + zero if alone else x.copy(), c + zero, z + zero]
    part, turned = base[0][1:], base[0][::-1]
    base[0][2] = c[0]  # now under both views
    part[0] += x[0] * c[1]
    turned[np.argmax(c)] = 0.5 * c[3]
    base[1][np.argmax(x)] *= c[2]
    base[3][:] = np.where(x > c, base[3], 0.7 * c)
    return np.stack([run(program, y, base[3]) for y in base[:3]]) + np.sum(turned * part[0])


def check_batches_in_batches(program, seed, inner, between, outside, alike):
    rng = np.random.default_rng(seed)
    X, C = rng.standard_normal((2, N, N))

    def inside(x, c, z, alone=False):
        return INNER[inner](lambda x, c: run_inside(program, x, c, z, alone))(x, c)

    def rows(x):
        return C if alike else np.outer(CONSTANT, x) + C

    def by_batch(x):
        return dr.vmap(lambda x, c: inside(x, c, np.cos(z)), (None, 0))(x, rows(z := x))

    def by_loop(x):
        cs = rows(x)
        return np.stack([inside(x, cs[k], np.cos(x), True) for k in range(N)])

    def loops(X):
        return np.stack([BETWEEN[between](by_loop)(X[k]) for k in range(N)])

    expected = OUTSIDE[outside](loops)(X)
    if not np.isfinite(expected).all() or np.max(np.abs(expected)) > 1e6:
        return
    actual = OUTSIDE[outside](dr.vmap(BETWEEN[between](by_batch)))(X)
    scale = 1 + np.max(np.abs(expected))
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-7 * scale)


nested = (
    st.lists(steps, max_size=6),
    st.integers(0, 2**31),
    st.sampled_from(sorted(INNER)),
    st.sampled_from(sorted(BETWEEN)),
    st.sampled_from(sorted(OUTSIDE)),
    st.booleans(),
)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(*nested)
def test_batches_in_batches(program, seed, inner, between, outside, alike):
    check_batches_in_batches(program, seed, inner, between, outside, alike)


@pytest.mark.slow
@settings(
    max_examples=int(os.environ.get("DUALREV_PROGRAMS", "3000")) // 5,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(*nested)
def test_thousands_of_batches_in_batches(program, seed, inner, between, outside, alike):
    check_batches_in_batches(program, seed, inner, between, outside, alike)
