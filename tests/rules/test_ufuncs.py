"""Ufuncs with all their keywords and methods; results written into plain and traced arrays."""

import operator
import subprocess
import sys

import numpy as np
import pytest
import scipy.special as sc

import dualrev as dr
from dualrev.fronts.ufuncs import COMPOSITES, CONSTANT_UFUNCS, OBJECT_METHODS, PRODUCTS, UFUNCS
from dualrev.rules import special

from .harness import Case, check_case

X = np.array([0.31, -0.62, 0.47])
A = np.array([[0.7, -1.2, 2.3], [1.1, 0.4, -0.8]])
B = np.array([1.9, -0.5, 1.4])
S = np.float64(0.7)
MASK = np.array([True, False, True])
INDEX = np.array([2, 0, 2, 1, 2])
V = np.array([0.3, 1.2, -0.4, 0.9, 2.1])


def into(x, write, also=0.0):
    """A copy of `x`, traced if `x` or `also` is, after `write`."""
    y = x + 0.0 * np.sum(also)
    write(y)
    return y


OUTER = [
    np.add,
    np.multiply,
    np.subtract,
    np.divide,
    np.maximum,
    np.hypot,
    np.logaddexp,
    np.arctan2,
]

CASES = [
    *[Case(f"np.{f.__name__}.outer", f.outer, (A, B)) for f in OUTER],
    Case("np.multiply.outer, 0-d", np.multiply.outer, (S, B)),
    Case("np.multiply.outer, list", lambda x: np.multiply.outer([1.0, 2.0], x), (B,)),
    Case("np.add.outer, out", lambda x: into(np.zeros((3, 3)), lambda y: np.add.outer(x, B, out=y), x), (X,), exact=True),
    *[Case(f"np.{f.__name__}.reduce", f.reduce, (A,)) for f in (np.logaddexp, np.hypot, np.subtract, np.divide, np.fmax, np.arctan2)],
    *[Case(f"np.logaddexp.reduce, axis={a}", lambda x, a=a: np.logaddexp.reduce(x, axis=a), (A,)) for a in (1, -1, None, (0, 1))],
    Case("np.logaddexp.reduce, keepdims", lambda x: np.logaddexp.reduce(x, axis=1, keepdims=True), (A,)),
    Case("np.logaddexp.reduce, initial", lambda x: np.logaddexp.reduce(x, initial=0.5), (A,)),
    Case("np.logaddexp.reduce, where", lambda x: np.logaddexp.reduce(x, axis=1, where=MASK), (A,)),
    Case("np.hypot.reduce, float32", np.hypot.reduce, (A.astype(np.float32),)),
    Case("np.subtract.reduce, dtype", lambda x: np.subtract.reduce(x, dtype=np.float32), (A.astype(np.float32),)),
    *[Case(f"np.{f.__name__}.accumulate", f.accumulate, (A,)) for f in (np.logaddexp, np.maximum, np.minimum, np.subtract, np.hypot)],
    Case("np.maximum.accumulate, axis=-1", lambda x: np.maximum.accumulate(x, axis=-1), (A,)),
    Case("np.add.reduceat", lambda x: np.add.reduceat(x, [0, 2, 1]), (B,), exact=False),
    Case("np.maximum.reduceat, axis=1", lambda x: np.logaddexp.reduceat(x, [1, 0], axis=1), (A,)),
    Case("np.add.reduce", np.add.reduce, (A,)),
    Case("np.add.reduce, axis", lambda x: np.add.reduce(x, axis=1, keepdims=True), (A,)),
    Case("np.multiply.reduce", np.multiply.reduce, (A,), exact=False),
    Case("np.maximum.reduce", np.maximum.reduce, (A,)),
    Case("np.minimum.reduce, axis=None", lambda x: np.minimum.reduce(x, axis=None), (A,)),
    Case("np.add.accumulate", np.add.accumulate, (A,)),
    Case("np.multiply.accumulate", lambda x: np.multiply.accumulate(x, axis=1), (A,)),
    *[Case(f"np.{f.__name__}.at", lambda x, v, f=f: into(x, lambda y: f.at(y, INDEX, v), v), (B, V))
      for f in (np.add, np.subtract, np.multiply, np.divide, np.maximum, np.hypot)],
    Case("np.add.at, rows", lambda x, v: into(x, lambda y: np.add.at(y, [1, 1], v), v), (A, B)),
    Case("np.add.at, tuple", lambda x, v: into(x, lambda y: np.add.at(y, ([0, 0], [1, 1]), v), v), (A, S)),
    Case("np.multiply.at, slice", lambda x, v: into(x, lambda y: np.multiply.at(y, (slice(None), 1), v), v), (A, S)),
    Case("np.multiply.at, mask", lambda x, v: into(x, lambda y: np.multiply.at(y, MASK, v), v), (B, S)),
    Case("np.negative.at", lambda x: into(x, lambda y: np.negative.at(y, [0, 0, 1])), (B,)),
    Case("np.exp.at", lambda x: into(x, lambda y: np.exp.at(y, [0, 0, 1])), (X,)),
    Case("where=True", lambda x: np.exp(x, where=True), (B,)),
    Case("out traced", lambda x: into(x, lambda y: np.multiply(y, x, out=y)), (B,)),
    Case("out traced, overlapping", lambda x: into(x, lambda y: np.add(y[1:], 1.0, out=y[:-1])), (B,)),
    Case("out traced, constant", lambda x: x * into(x, lambda y: np.floor(y, out=y)), (B,)),
    Case("out traced, where", lambda x: into(x, lambda y: np.exp(x, out=y, where=MASK)), (B,)),
    Case("out new, where", lambda x: np.divide(1.0, x, out=np.zeros(3), where=MASK), (B,)),
    Case("divmod, out", lambda x: np.divmod(x, 0.4, out=(np.zeros(3), x * 0.0))[1], (B,)),
    Case("dtype", lambda x: np.add(x, B, dtype=np.float64), (X,)),
    Case("dtype, casting", lambda x: np.multiply(x, B, dtype=np.float64, casting="safe", order="C"), (X,)),
    Case("dtype complex", lambda x: np.exp(x, dtype=complex), (X,)),
    Case("list of traced", lambda x: np.hypot([x[0], 2 * x[1]], x[:2]), (X,)),
    Case("object array", lambda x: np.multiply(np.array([x[0], 2 * x[1]]), x[:2]), (X,)),
    Case("np.frexp", np.frexp, (A,)),
    Case("np.divmod", np.divmod, (A, B)),
    Case("np.matmul", np.matmul, (A, B)),
    Case("np.matmul, out", lambda x: into(B[:2] * x[0], lambda y: np.matmul(A, x, out=y)), (B,)),
    Case("np.vecdot", np.vecdot, (A, B)),
    Case("np.matvec", np.matvec, (A, B)),
    Case("np.vecmat", np.vecmat, (np.ones(2), A)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


def test_every_ufunc_of_numpy_is_in_exactly_one_table():
    every = {f for f in vars(np).values() if isinstance(f, np.ufunc)}
    tables = [set(UFUNCS) | PRODUCTS, set(COMPOSITES), CONSTANT_UFUNCS]
    assert every == set().union(*tables)
    assert sum(map(len, tables)) == len(every)


CONSTANTS = [
    lambda x: np.floor(x), np.ceil, np.rint, np.trunc, np.sign, np.signbit, np.spacing, np.isnan, np.isfinite, np.logical_not,
    lambda x: np.floor_divide(x, 0.3), lambda x: x // 0.3, lambda x: np.greater(x, 0), lambda x: np.equal(x, [0.31, 1.0, 2.0]),
    lambda x: np.logical_and.reduce(x > 0), np.logical_or.accumulate, lambda x: np.greater.outer(x, B), np.fix,
    lambda x: np.greater(x, 0, out=np.zeros(3, bool)), lambda x: np.less(x[0], x), lambda x: np.frexp(x)[1], lambda x: np.modf(x)[1],
]  # fmt: skip


@pytest.mark.parametrize("k", range(len(CONSTANTS)))
def test_constants_are_plain_and_numpys(k):
    f, seen = CONSTANTS[k], []
    dr.grad(lambda x: (seen.append(f(x)), np.sum(x))[1])(X)
    assert isinstance(seen[0], (np.ndarray, np.generic))
    np.testing.assert_array_equal(seen[0], f(X))
    assert seen[0].dtype == f(X).dtype


def test_python_functions_as_ufuncs():
    """`np.frompyfunc` sees the elements one by one, traced; so does `np.vectorize`."""
    product = np.frompyfunc(lambda a, b: a * b if a > 0 else a**2, 2, 1)
    both = np.frompyfunc(lambda a: (np.sin(a), a), 1, 2)
    g = dr.grad(lambda x: np.sum(product(x, np.array([2.0, 3.0, 4.0]))))(np.array([1.0, -2.0, 3.0]))
    np.testing.assert_array_equal(g, [2, -4, 4])
    np.testing.assert_allclose(
        dr.grad(lambda x: np.sum(both(x)[0] * both(x)[1]))(X), np.sin(X) + X * np.cos(X)
    )


@pytest.mark.parametrize("f", [np.arcsin, np.arccos, np.arccosh])
@pytest.mark.parametrize("z", [2 + 0j, complex(2, -0.0), -2 + 0j, complex(-2, -0.0)])
def test_branch_cuts_are_left_on_the_side_of_the_signed_zero(f, z):
    h = 1e-6
    slope = (f(complex(z.real + h, z.imag)) - f(complex(z.real - h, z.imag))) / (2 * h)
    np.testing.assert_allclose(dr.jvp(f, (np.complex128(z),), (1 + 0j,))[1], slope, rtol=1e-6)


def test_objects_can_hold_traced_results():
    def f(x):
        objects = np.array([x[0], x[1], 1.0])
        part = objects[:2]
        part += x[1:] * x[0]
        return objects[0] * objects[1] + objects[2]

    g = dr.grad(f)(np.array([2.0, 3.0, 5.0]))  # (a + a b) (b + a c) + 1
    np.testing.assert_allclose(g, [4 * 13 + 8 * 5, 2 * 13 + 8, 8 * 2])


def test_objects_that_are_plain_numbers():
    numbers = np.array([1.0, 2, 3], object)
    np.testing.assert_array_equal(dr.grad(lambda x: np.sum(x * numbers))(X[:3]), [1, 2, 3])


# -- errors -------------------------------------------------------------------------------


def test_unknown_ufunc_is_named(monkeypatch):
    monkeypatch.delitem(special.UFUNCS, sc.mathieu_a)  # all that SciPy has are known
    with pytest.raises(dr.errors.NoRuleError, match="the ufunc mathieu_a"):
        dr.grad(lambda x: sc.mathieu_a(1, x))(0.5)


@pytest.mark.parametrize(
    ("f", "error", "text"),
    [
        (
            lambda x: np.sin(x, where=MASK),
            dr.errors.UnsupportedArgumentError,
            "where= without out=",
        ),
        (
            lambda x: np.add(x, 1.0, signature="dd->d"),
            dr.errors.UnsupportedArgumentError,
            "signature",
        ),
        (
            lambda x: np.add(x, 1.0, dtype=np.int64, casting="unsafe"),
            dr.errors.UnsupportedArgumentError,
            "int64",
        ),
        (lambda x: np.add(x, 1.0, dtype=np.float32, casting="safe"), TypeError, "cast"),
        (
            lambda x: np.subtract.reduce(np.multiply.outer(x, x), axis=None),
            ValueError,
            "reorderable",
        ),
        (lambda x: np.maximum.reduceat(x, [0, 5]), IndexError, "out-of-bounds"),
        (lambda x: np.add.at(np.zeros(3), INDEX[:3], x), dr.errors.AliasError, "plain array"),
        (lambda x: np.divmod.outer(x, x), dr.errors.NoRuleError, "divmod"),
        (lambda x: np.clip(x, 0, 1, casting="safe"), dr.errors.UnsupportedArgumentError, "casting"),
        (lambda x: np.add(x, 1.0, out=x[:2] * 0.0), ValueError, "broadcast"),
    ],
)
def test_refused(f, error, text):
    with pytest.raises(error, match=text):
        dr.grad(lambda x: np.sum(f(x)))(X)
    with pytest.raises(error, match=text):
        dr.jvp(f, (X,), (X,))


# -- plain += traced ----------------------------------------------------------------------

PLAIN = np.ones(3)


def grad_and_jvp(f, x=X):
    g = dr.grad(lambda x: np.sum(f(x)))(x)
    np.testing.assert_allclose(np.sum(dr.jvp(f, (x,), (x,))[1]), np.sum(g * x))
    return g


def test_sole_owner_is_bound_anew():
    def f(x):
        y = np.zeros(3)
        y += x
        y *= x
        y -= 2.0 * x
        y /= 2.0
        y **= 2
        return y

    h = (X**2 - 2 * X) / 2
    np.testing.assert_allclose(grad_and_jvp(f), 2 * h * (X - 1))


def test_every_in_place_operator():
    for op in ("+=", "-=", "*=", "/=", "**=", "%="):
        code = f"def f(x):\n    y = np.full(3, 1.5)\n    y {op} x\n    return y"
        names = {"np": np}
        exec(code, names)
        x = np.abs(X) + 0.05
        expected = dr.grad(
            lambda x, op=op: np.sum(getattr(operator, OPERATORS[op])(np.full(3, 1.5), x))
        )(x)
        np.testing.assert_allclose(grad_and_jvp(names["f"], x), expected)


OPERATORS = {"+=": "add", "-=": "sub", "*=": "mul", "/=": "truediv", "**=": "pow", "%=": "mod"}


def test_floor_divide_in_place_stays_plain():
    def f(x):
        y = np.full(3, 7.5)
        y //= x
        assert type(y) is np.ndarray
        return y * x

    np.testing.assert_allclose(grad_and_jvp(f), 7.5 // X)


def test_loop_over_an_accumulator():
    def f(x):
        total = np.zeros(3)
        for k in range(4):
            total += k * x**2
        return total

    np.testing.assert_allclose(grad_and_jvp(f), 12 * X)


def test_attribute_item_closure_and_argument():
    class Box:
        pass

    def attribute(x):
        box = Box()
        box.y = np.zeros(3)
        box.y += x
        return box.y

    def item(x):
        ys = [np.zeros(3), np.ones(3)]
        ys[1] += x
        d = {"a": np.zeros(3)}
        d["a"] += ys[1]
        return d["a"]

    def cell(x):
        y = np.zeros(3)

        def add():
            nonlocal y
            y += x

        add()
        return y

    def argument(x):
        def add(y):
            y += x
            return y

        return add(np.zeros(3))

    for f in (attribute, item, cell, argument):
        np.testing.assert_allclose(grad_and_jvp(f), 1)


def test_fresh_view_of_a_fresh_array():
    def f(x):
        y = np.zeros(6).reshape(2, 3)
        y += x
        return y

    np.testing.assert_allclose(grad_and_jvp(f), 2)


def test_dtype_of_the_plain_array_is_kept():
    def f(x):
        y = np.zeros(3, np.float32)
        y += x
        assert y.dtype == np.float32
        return y

    np.testing.assert_allclose(grad_and_jvp(f), 1)

    def to_integers(x):
        y = np.zeros(3, int)
        y += x
        return y

    with pytest.raises(TypeError, match="Cannot cast"):
        grad_and_jvp(to_integers)

    def too_large(x):
        y = np.zeros(3)
        y += np.multiply.outer(x, x)
        return y

    with pytest.raises(ValueError, match="broadcast"):
        grad_and_jvp(too_large)


def two_names(x):
    y = np.zeros(3)
    z = y
    y += x
    return z


def in_a_list(x):
    y = np.zeros(3)
    ys = [y]
    y += x
    return ys[0]


def parameter(x):
    def add(y):
        y += x

    z = np.zeros(3)
    add(z)
    return z


def a_global(x):
    y = PLAIN
    y += x
    return y


def a_view(x):
    z = np.zeros((2, 3))
    y = z[0]
    y += x
    return z


def a_part(x):
    z = np.zeros((2, 3))
    z[0] += x
    return z


def loop_variable(x):
    ys = [np.zeros(3), np.zeros(3)]
    for y in ys:
        y += x
    return ys[0]


@pytest.mark.parametrize(
    "f",
    [two_names, in_a_list, parameter, a_global, a_view, a_part, loop_variable],
    ids=lambda f: f.__name__,
)
def test_shared_is_refused(f):
    with pytest.raises(dr.errors.AliasError, match="other names"):
        dr.grad(lambda x: np.sum(f(x)))(X)
    with pytest.raises(dr.errors.AliasError, match="other names"):
        dr.jvp(f, (X,), (X,))


def named_out(x):
    y = np.zeros(3)
    np.add(x, 1.0, out=y)
    return y


def returned_out(x):
    y = np.zeros(3)
    return np.add(x, 1.0, out=y)


def function_iadd(x):
    y = np.zeros(3)
    return operator.iadd(y, x)


def out_of_matmul(x):
    y = np.zeros(2)
    np.matmul(A, x, out=y)
    return y


@pytest.mark.parametrize(
    "f", [named_out, returned_out, function_iadd, out_of_matmul], ids=lambda f: f.__name__
)
def test_explicit_out_is_refused(f):
    with pytest.raises(dr.errors.AliasError, match="out="):
        dr.grad(lambda x: np.sum(f(x)))(X)


def test_caller_arrays_are_never_written_to():
    x, y = X.copy(), PLAIN.copy()

    def f(x):
        x *= 2.0
        return x * y

    dr.grad(lambda x: np.sum(f(x)))(x)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, PLAIN)


def test_scipy_special_is_not_loaded_by_us():
    code = "import sys, dualrev, numpy as np; dualrev.grad(lambda x: np.sum(np.sin(x)**2))(np.ones(3)); assert 'dualrev.rules.special' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["sin", "exp", "sqrt", "arctan2", "hypot"])
def test_object_loops_find_their_methods(name):
    """NumPy applies a ufunc to a list of traced scalars by their methods."""
    ufunc, method = getattr(np, name), OBJECT_METHODS[name]
    extra = (2.0,) * (ufunc.nin - 1)
    for x in (0.3, 1.7):
        assert dr.grad(lambda x, e=extra, m=method: m(x, *e))(x) == dr.grad(
            lambda x, e=extra, u=ufunc: u(x, *e)
        )(x)
