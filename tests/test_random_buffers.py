"""Random programs on arrays that are made, viewed, aliased and written to, of any shape.

Each program runs in plain NumPy and, in every mode, in the drop-in namespace. Values must be
NumPy's bit for bit; forward, reverse and differences must agree, also at second order; no
array of the caller may change.
"""

import os

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dualrev as dr
import dualrev.numpy

from .test_random_programs import smooth

SHAPES = [(), (1,), (3,), (4,), (2, 3), (3, 3), (3, 1), (1, 4), (2, 1, 3), (0,), (2, 0)]
INTEGER = st.integers(0, 11)

MAKE = {
    "zeros": lambda np, shape: np.zeros(shape),
    "ones": lambda np, shape: np.ones(shape),
    "full": lambda np, shape: np.full(shape, 0.7),
    "linspace": lambda np, shape: np.linspace(-1, 1, int(numpy.prod(shape))).reshape(shape),
    "array": lambda np, shape: np.array(numpy.full(shape, 0.3).tolist(), dtype=float),
    "copy": lambda np, shape: np.copy(numpy.full(shape, -0.4)),
    "fortran": lambda np, shape: np.zeros(shape, order="F"),
    "float32": lambda np, shape: np.ones(shape, dtype=np.float32),
}
UNARY = {
    "sin": lambda np, a: np.sin(a),
    "tanh": lambda np, a: np.tanh(a),
    "square": lambda np, a: 0.3 * a**2,
    "sqrt": lambda np, a: np.sqrt(1 + a * a),
    "negative": lambda np, a: -a,
    "copy": lambda np, a: np.array(a),
    "method copy": lambda np, a: a.copy(),
    "zeros_like": lambda np, a: np.zeros_like(a),
    "cumsum": lambda np, a: np.cumsum(a) * 0.4,
    "mean": lambda np, a: a - np.mean(a) if a.size else a + 1,
    "sum": lambda np, a: np.sum(a, axis=-1) if a.ndim else a * 1.0,
    "where": lambda np, a: np.where(a > 0.05, a, 0.2 * a),
    "stack": lambda np, a: np.stack([a, 0.5 * a]) if a.ndim < 3 else a * 1.0,
    "clip": lambda np, a: np.clip(a, -0.93, 0.97),
    "items": lambda np, a: np.array([v * 0.9 for v in a.ravel()] or [0.0]),
    "list": lambda np, a: np.array([[v, 1.0] for v in np.ravel(a)] or [[0.0, 1.0]]),
    "outer": lambda np, a: np.outer(a, np.ones(2)) * 0.5,
}
BINARY = {
    "add": lambda np, a, b: a + 0.5 * b,
    "multiply": lambda np, a, b: a * b * 0.5,
    "divide": lambda np, a, b: a / (2 + np.cos(b)),
    "maximum": lambda np, a, b: np.maximum(a, b),
    "hypot": lambda np, a, b: np.hypot(a, b + 2),
}
VIEW = {
    "same": lambda np, a: a,
    "slice": lambda np, a: a[1:] if a.ndim else a,
    "stride": lambda np, a: a[::2] if a.ndim else a,
    "backward": lambda np, a: a[::-1] if a.ndim else a,
    "row": lambda np, a: a[0] if a.ndim > 1 and a.shape[0] else a,
    "column": lambda np, a: a[..., 0] if a.ndim > 1 and a.shape[-1] else a,
    "last": lambda np, a: a[..., -1:] if a.ndim else a,
    "axis": lambda np, a: a[None] if a.ndim < 3 else a,
    "transpose": lambda np, a: a.T,
    "ravel": lambda np, a: a.ravel(),
    "reshape": lambda np, a: a.reshape(-1),
    "reshape column": lambda np, a: np.reshape(a, (-1, 1)),
    "squeeze": lambda np, a: np.squeeze(a),
    "asarray": lambda np, a: np.asarray(a),
    "atleast": lambda np, a: np.atleast_2d(a) if a.ndim < 3 else a,
    "swapaxes": lambda np, a: np.swapaxes(a, 0, -1) if a.ndim else a,
    "diagonal": lambda np, a: a.reshape(-1)[:: a.shape[1] + 1] if a.ndim == 2 else a,
    "flip": lambda np, a: np.flip(a),
    "split": lambda np, a: np.array_split(a, 2)[1] if a.ndim else a,
    "unpack": lambda np, a: next(iter(a), a) if a.ndim > 1 else a,
    "view": lambda np, a: a.view(),
    "real": lambda np, a: a.real,
}
WRITE = {
    "all": lambda np, a, v: a.__setitem__(Ellipsis, v),
    "first": lambda np, a, v: a.__setitem__(0, v) if a.ndim and len(a) else None,
    "slice": lambda np, a, v: a.__setitem__(slice(1, None), v) if a.ndim else None,
    "list": lambda np, a, v: a.__setitem__([0, -1], v) if a.ndim and len(a) else None,
    "repeated": lambda np, a, v: a.__setitem__([0, 0], v) if a.ndim and len(a) else None,
    "mask": lambda np, a, v: a.__setitem__(a > 0.1, v),
    "fill": lambda np, a, v: a.fill(v),
    "put": lambda np, a, v: np.put(a, [0], v) if a.size else None,
    "copyto": lambda np, a, v: np.copyto(a, v, casting="same_kind"),
    "diagonal": lambda np, a, v: np.fill_diagonal(a, v) if a.ndim == 2 and a.size else None,
    "add.at": lambda np, a, v: np.add.at(a, [0, 0], v) if a.ndim and len(a) else None,
    "flat": lambda np, a, v: a.flat.__setitem__(slice(0, 2), v) if a.size else None,
}
AUGMENT = ["+", "-", "*", "out", "sort"]

STEP = st.one_of(
    st.tuples(st.just("make"), st.sampled_from(sorted(MAKE)), st.sampled_from(SHAPES)),
    st.tuples(st.just("unary"), st.sampled_from(sorted(UNARY)), INTEGER),
    st.tuples(st.just("binary"), st.sampled_from(sorted(BINARY)), INTEGER, INTEGER),
    st.tuples(st.just("view"), st.sampled_from(sorted(VIEW)), INTEGER),
    st.tuples(st.just("view"), st.sampled_from(sorted(VIEW)), INTEGER),
    st.tuples(st.just("write"), st.sampled_from(sorted(WRITE)), INTEGER, INTEGER),
    st.tuples(st.just("write"), st.sampled_from(sorted(WRITE)), INTEGER, INTEGER),
    st.tuples(st.just("whole"), INTEGER, INTEGER),
    st.tuples(st.just("augment"), st.sampled_from(AUGMENT), INTEGER, INTEGER),
)
PROGRAMS = st.lists(STEP, min_size=5, max_size=30)


def run(np, program, x):
    """The program on `x`, with NumPy or its drop-in as `np`."""
    pool = [x, np.zeros(3)]

    def array(k):
        return pool[k % len(pool)]

    def writable(k):
        a = array(k)
        return a if isinstance(a, np.ndarray) and a.flags.writeable else None

    for kind, *detail in program:
        if kind == "make":
            name, shape = detail
            pool.append(MAKE[name](np, shape))
        elif kind == "unary":
            name, k = detail
            pool.append(UNARY[name](np, array(k)))
        elif kind == "binary":
            name, j, k = detail
            a, b = array(j), array(k)
            if _broadcast(a, b) is not None and b.ndim < 3:
                pool.append(BINARY[name](np, a, b))
        elif kind == "view":
            name, k = detail
            if isinstance(array(k), np.ndarray):
                pool.append(VIEW[name](np, array(k)))
        elif kind == "write":
            name, j, k = detail
            target, source = writable(j), array(k)
            if target is not None:
                WRITE[name](np, target, source.ravel()[0] * 0.8 if source.size else 0.3)
        elif kind == "whole":
            target, source = writable(detail[0]), array(detail[1])
            if target is not None and _broadcast(target, source) == target.shape:
                target[...] = source
        else:
            sign, j, k = detail
            target, source = writable(j), array(k)
            if target is None or _broadcast(target, source) != target.shape:
                continue
            if sign == "+":
                target += 0.3 * source
            elif sign == "-":
                target -= 0.1
            elif sign == "*":
                target *= 0.9
            elif sign == "sort" and target.ndim:
                target.sort()
            elif sign == "out":
                np.multiply(source, 0.5, out=target)
    return sum(np.sum(np.sin(a)) * (k + 1) for k, a in enumerate(pool))


def _broadcast(a, b):
    try:
        return numpy.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return None


def check_program(program, seed):
    rng = numpy.random.default_rng(seed)
    x, dx, dv = rng.standard_normal((3, 4))

    def f(x):
        return run(dualrev.numpy, program, x)

    with numpy.errstate(all="ignore"):
        plain = run(numpy, program, x.copy())
        assert f(x.copy()) == plain or numpy.isnan(plain)
    if not numpy.isfinite(plain) or abs(plain) > 1e6:
        return
    before = x.copy()
    value, gradient = dr.value_and_grad(f)(x)
    forward_value, forward = dr.jvp(f, (x,), (dx,))
    assert value == plain and forward_value == plain
    numpy.testing.assert_array_equal(x, before)
    low = any(step[:2] == ("make", "float32") for step in program)
    rtol = 1e-4 if low else 1e-9
    scale = 1 + numpy.max(numpy.abs(gradient))
    numpy.testing.assert_allclose(gradient @ dx, forward, rtol=rtol, atol=rtol * scale)
    if not low:
        regular, expected = smooth(lambda x: run(numpy, program, x.copy()), x, dx)
        if regular:
            numpy.testing.assert_allclose(forward, expected, rtol=1e-5, atol=1e-5 * scale)
    second = dr.hvp(f, x, dx) @ dv
    scale = 1 + abs(second)
    rtol = 1e-3 if low else 1e-7
    for mode in ("forward-over-reverse", "reverse-over-reverse", "reverse-over-forward"):
        again = dr.hvp(f, x, dv, mode=mode) @ dx
        numpy.testing.assert_allclose(again, second, rtol=rtol, atol=rtol * scale)
    numpy.testing.assert_array_equal(x, before)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(PROGRAMS, st.integers(0, 2**31))
def test_random_programs(program, seed):
    check_program(program, seed)


@pytest.mark.slow
@settings(
    max_examples=int(os.environ.get("DUALREV_PROGRAMS", "10000")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(PROGRAMS, st.integers(0, 2**31))
def test_ten_thousand_random_programs(program, seed):
    check_program(program, seed)
