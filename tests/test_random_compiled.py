"""Random programs, compiled: every replay does what the program does, whichever way it goes.

The programs are those of the other random tests, and programs with branches and loops that
depend on values. Each is called at points of which some repeat, so that programs are recorded,
replayed, left at a guard, recorded for another path, and found again.
"""

import os
import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import dualrev as dr
import dualrev.numpy

from .test_compile_cases import check_calls
from .test_random_batches import programs as batch_programs
from .test_random_batches import run as run_batch
from .test_random_buffers import PROGRAMS as BUFFERS
from .test_random_buffers import run as run_buffers
from .test_random_programs import BINARY, UNARY, N
from .test_random_programs import run as run_plain
from .test_random_programs import steps as plain_steps

MANY = int(os.environ.get("DUALREV_PROGRAMS", "3000"))
SEED = st.integers(0, 2**31)


def usual(examples):
    return settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))


def hvp(f):
    return lambda x, *rest: dr.hvp(lambda x: f(x, *rest), x, np.cos(np.arange(N) + 1.0))


def jvp(f):
    return lambda x, *rest: dr.jvp(lambda x: f(x, *rest), (x,), (np.cos(np.arange(N) + 1.0),))


TRANSFORMS = {
    "value": lambda f: f,
    "grad": dr.grad,
    "value and grad": dr.value_and_grad,
    "jvp": jvp,
    "hvp": hvp,
    "hessian": dr.hessian,
}


def tame(f, *args):
    """Whether the value is neither infinite nor huge: rounding errors are not the whole of it."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = np.asarray(f(*args))
    return bool(np.isfinite(y).all() and np.max(np.abs(y), initial=0.0) < 1e4)


def points(seed, *shape):
    """Some arguments, of which the first are repeated: ``[a, a, b, c, a, c]``."""
    a, b, c = np.random.default_rng(seed).standard_normal((3, *shape))
    return [a, a, b, c, a, c]


def check(f, calls, name, rtol=1e-8):
    if all(tame(f, *args) for args in calls):
        check_calls(TRANSFORMS[name](f), calls, name, rtol, 1.0)


def check_plain(program, seed, name):
    xs = points(seed, N)
    check(lambda x: run_plain(program, x * 1.0), [(x,) for x in xs], name)


def check_buffers(program, seed, name):
    low = any(step[:2] == ("make", "float32") for step in program)
    xs = points(seed, N)
    f = lambda x: run_buffers(dualrev.numpy, program, x * 1.0)
    check(f, [(x,) for x in xs], name, 1e-3 if low else 1e-8)


def check_batch(program, seed, name):
    calls = [(x, c) for x, c in points(seed, 2, N)]
    check(lambda x, c: run_batch(program, x * 1.0, c), calls, name)


def check_vmap(program, seed, name, shared):
    axes = (0, None) if shared else (0, 0)
    calls = [(x[:3], x[3] if shared else x[3:]) for x in points(seed, 6, N)]

    def f(x, c):
        return run_batch(program, x * 1.0, c)

    def whole(x, c):
        return dr.vmap(f, axes)(x, c)

    if all(tame(whole, *args) for args in calls):
        check_calls(dr.vmap(TRANSFORMS[name](f), axes), calls, f"vmap of {name}", 1e-8, 1.0)


PLAIN = st.lists(plain_steps, min_size=2, max_size=16)
NAMES = st.sampled_from(sorted(TRANSFORMS))
FEW = st.sampled_from(["value", "grad", "hvp"])


@usual(60)
@given(PLAIN, SEED, NAMES)
def test_programs(program, seed, name):
    check_plain(program, seed, name)


@usual(60)
@given(BUFFERS, SEED, NAMES)
def test_programs_on_buffers(program, seed, name):
    check_buffers(program, seed, name)


@usual(30)
@given(batch_programs, SEED, FEW)
def test_programs_with_transformations_inside(program, seed, name):
    check_batch(program, seed, name)


@usual(20)
@given(batch_programs, SEED, FEW, st.booleans())
def test_batches(program, seed, name, shared):
    check_vmap(program, seed, name, shared)


@pytest.mark.slow
@usual(MANY)
@given(PLAIN, SEED, NAMES)
def test_thousands_of_programs(program, seed, name):
    check_plain(program, seed, name)


@pytest.mark.slow
@usual(MANY)
@given(BUFFERS, SEED, NAMES)
def test_thousands_of_programs_on_buffers(program, seed, name):
    check_buffers(program, seed, name)


@pytest.mark.slow
@usual(MANY // 2)
@given(batch_programs, SEED, FEW)
def test_thousands_of_programs_with_transformations_inside(program, seed, name):
    check_batch(program, seed, name)


@pytest.mark.slow
@usual(MANY // 2)
@given(batch_programs, SEED, FEW, st.booleans())
def test_thousands_of_batches(program, seed, name, shared):
    check_vmap(program, seed, name, shared)


# -- programs that go other ways -------------------------------------------------------------------

ANY = st.integers(0, 9)
LEVEL = st.sampled_from([-0.7, 0.0, 0.4])
LEAF = st.one_of(
    st.tuples(st.just("unary"), st.sampled_from(sorted(UNARY)), ANY),
    st.tuples(st.just("binary"), st.sampled_from(sorted(BINARY)), ANY, ANY),
    st.tuples(st.just("write"), ANY, ANY),
    st.tuples(st.just("element"), ANY, ANY),
    st.tuples(st.just("largest"), ANY, ANY),
    st.tuples(st.just("mask"), ANY, LEVEL),
    st.tuples(st.just("number"), ANY),
)
BRANCHES = st.recursive(
    st.lists(LEAF, min_size=1, max_size=4),
    lambda inner: st.lists(
        st.one_of(
            LEAF,
            st.tuples(st.just("if"), ANY, LEVEL, inner, inner),
            st.tuples(st.just("while"), ANY, inner),
            st.tuples(st.just("for"), ANY, inner),
        ),
        min_size=1,
        max_size=5,
    ),
    max_leaves=12,
)


def run_branches(program, whole):
    def pick(k):
        return whole[k % len(whole)]

    for kind, *detail in program:
        if kind == "unary":
            whole.append(UNARY[detail[0]](pick(detail[1])))
        elif kind == "binary":
            whole.append(BINARY[detail[0]](pick(detail[1]), pick(detail[2])))
        elif kind == "write":
            target, source = pick(detail[0]), pick(detail[1])
            target[1:] = 0.7 * source[:-1]
        elif kind == "element":
            target, source = pick(detail[0]), pick(detail[1])
            target[detail[1] % N] += 0.3 * source[detail[0] % N]
        elif kind == "largest":
            target, source = pick(detail[0]), pick(detail[1])
            target[int(np.argmax(source))] = 0.4 * np.sum(target)
        elif kind == "mask":
            target = pick(detail[0])
            target[target > detail[1]] *= 0.6
        elif kind == "number":
            target = pick(detail[0])
            target *= 1.0 + 0.1 * round(float(dr.stop_gradient(np.tanh(target[0]))))
        elif kind == "if":
            k, level, one, other = detail
            run_branches(one if np.mean(pick(k)) > level else other, whole)
        elif kind == "while":
            k, inner = detail
            target, count = pick(k), 0
            while np.sum(target * target) > 0.5 and count < 3:
                target *= 0.6
                run_branches(inner, whole)
                count += 1
        elif kind == "for":
            k, inner = detail
            for value in pick(k)[:2]:
                if value > 0:
                    whole.append(pick(k) * value)
                    run_branches(inner, whole)
    return whole


def check_branches(program, seed, name):
    rng = np.random.default_rng(seed)
    a, b, c, d = rng.standard_normal((4, N))
    calls = [(x,) for x in (a, a, b, b, c, a, d, b, c, d, -a, a)]

    def f(x):
        whole = run_branches(program, [x * 1.0, 0.5 * x])
        return sum(np.sum(w * (k + 1)) for k, w in enumerate(whole))

    with np.errstate(all="ignore"):
        if len(run_branches(program, [a * 1.0, 0.5 * a])) > 60:
            return
    check(f, calls, name)


@usual(35)
@given(BRANCHES, SEED, NAMES)
def test_branches(program, seed, name):
    check_branches(program, seed, name)


@pytest.mark.slow
@usual(MANY)
@given(BRANCHES, SEED, NAMES)
def test_thousands_of_branches(program, seed, name):
    check_branches(program, seed, name)


# -- scalars: programs of plain floats -----------------------------------------------------------------

SCALAR = {
    "sin": lambda a, b: np.sin(a),
    "exp": lambda a, b: np.exp(-a * a),
    "sqrt": lambda a, b: np.sqrt(1 + a * a),
    "log": lambda a, b: np.log(1.5 + np.cos(a)),
    "tanh": lambda a, b: np.tanh(a) * b,
    "power": lambda a, b: (2 + np.sin(a)) ** b,
    "cube": lambda a, b: 0.1 * a**3,
    "integer": lambda a, b: 2 * a - b,
    "divide": lambda a, b: a / (2 + b * b),
    "arctan2": lambda a, b: np.arctan2(a, b + 3),
    "maximum": np.maximum,
    "minimum": lambda a, b: np.minimum(a, 0.3 * b),
    "abs": lambda a, b: abs(a) - abs(b),
    "where": lambda a, b: np.where(a > b, a * b, b),
    "sign": lambda a, b: np.sign(a) * b,
    "hypot": np.hypot,
    "clip": lambda a, b: np.clip(a, -0.8, 0.7),
    "python": lambda a, b: max(a, b) * min(a, 1.0),
    "branch": lambda a, b: a * b if a > b else a - b,
    "stack": lambda a, b: np.sum(np.stack([a, b, a * b]) * np.arange(3.0)),
    "array": lambda a, b: np.sum(np.full(3, 0.5) * a) + b,
    "remainder": lambda a, b: np.remainder(a, 2.0) + b,
    "floor": lambda a, b: np.floor(a) * b,
    "expit": lambda a, b: 1 / (1 + np.exp(-a)),
    "logaddexp": lambda a, b: np.logaddexp(a, b) * 0.5,
}
SCALARS = st.lists(st.tuples(st.sampled_from(sorted(SCALAR)), ANY, ANY), min_size=1, max_size=12)
KINDS = {
    "float": float,
    "float64": np.float64,
    "0-d": np.array,
    "float32": np.float32,
}


def check_scalars(program, seed, kinds, name):
    rng = np.random.default_rng(seed)
    numbers = rng.standard_normal((4, 2))
    calls = [
        tuple(KINDS[kind](value) for kind, value in zip(kinds, numbers[k], strict=True))
        for k in (0, 0, 1, 2, 1, 3, 0)
    ]

    def f(x, y):
        values = [x, y]
        for function, j, k in program:
            values.append(SCALAR[function](values[j % len(values)], values[k % len(values)]))
        return sum(np.sum(v) for v in values[2:]), values[-1]

    def total(x, y):
        return f(x, y)[0]

    low = "float32" in kinds
    if not all(tame(total, *args) for args in calls):
        return
    g = {
        "value": f,
        "grad": dr.grad(total, (0, 1)),
        "second": dr.jacfwd(dr.grad(total)),
        "jvp": lambda x, y: dr.jvp(f, (x, y), (np.ones_like(x), np.ones_like(y))),
    }[name]
    check_calls(g, calls, f"{name} of {kinds}", 1e-3 if low else 1e-8, 1.0)


KIND = st.tuples(st.sampled_from(sorted(KINDS)), st.sampled_from(sorted(KINDS)))
SCALAR_NAMES = st.sampled_from(["value", "grad", "second", "jvp"])


@usual(100)
@given(SCALARS, SEED, KIND, SCALAR_NAMES)
def test_scalars(program, seed, kinds, name):
    check_scalars(program, seed, kinds, name)


@pytest.mark.slow
@usual(MANY)
@given(SCALARS, SEED, KIND, SCALAR_NAMES)
def test_thousands_of_scalars(program, seed, kinds, name):
    check_scalars(program, seed, kinds, name)
