"""Adoption: names replaced wherever they are, and put back exactly."""

import functools
import math
import pickle
import sys
import threading
import types
from dataclasses import dataclass
from math import cos
from math import exp as exponential

import numpy as np
import pytest
from numpy import zeros

import dualrev as dr
from dualrev import errors

TABLE = {"sin": math.sin, "name": "sine", "scale": 2.0}
WEIGHTS = np.array([1.0, 2.0])


def names_of(f):
    """All that adoption may change of a function: its names, its closure, its defaults."""
    cells = [c.cell_contents for c in f.__closure__ or ()]
    return dict(f.__globals__), cells, f.__defaults__, dict(f.__kwdefaults__ or {}), dict(TABLE)


def same(a, b):
    return all(
        (x.keys() == y.keys() and all(x[k] is y[k] for k in x))
        if isinstance(x, dict)
        else x is y or all(p is q for p, q in zip(x, y, strict=True))
        for x, y in zip(a, b, strict=True)
        if x is not None or y is not None
    )


def spiral(t):
    y = zeros(2)
    y[0] = float(t) * cos(t)
    y[1] = float(t) * TABLE["sin"](t) * exponential(0 * t)
    return y


def derivative_of_spiral(t):
    return np.array([math.cos(t) - t * math.sin(t), math.sin(t) + t * math.cos(t)])


TRANSFORMS = {
    "jacfwd": lambda f, **kw: dr.jacfwd(f, **kw)(0.5),
    "jacrev": lambda f, **kw: dr.jacrev(f, **kw)(0.5),
    "jvp": lambda f, **kw: dr.jvp(f, (0.5,), (1.0,), **kw)[1],
    "linearize": lambda f, **kw: dr.linearize(f, 0.5, **kw)[1](1.0),
    "derivative": lambda f, **kw: dr.derivative(f, **kw)(0.5),
}


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
class TestForms:
    def test_for_one_call(self, transform):
        before = names_of(spiral)
        np.testing.assert_allclose(transform(spiral, adopt=True), derivative_of_spiral(0.5))
        assert same(names_of(spiral), before)

    def test_in_a_block(self, transform):
        before = names_of(spiral)
        with dr.adopt(spiral) as adoption:
            assert {"zeros", "cos", "float", "sin"} <= set(adoption.names)
            np.testing.assert_allclose(transform(spiral), derivative_of_spiral(0.5))
        assert same(names_of(spiral), before)
        assert "float" not in globals()

    def test_for_good(self, transform):
        before = names_of(spiral)
        adoption = dr.adopt(spiral)
        try:
            np.testing.assert_allclose(transform(spiral), derivative_of_spiral(0.5))
        finally:
            adoption.undo()
        adoption.undo()  # once more changes nothing
        assert same(names_of(spiral), before)

    def test_of_the_callers_module(self, transform):
        before = names_of(spiral)
        with dr.adopt():
            np.testing.assert_allclose(transform(spiral), derivative_of_spiral(0.5))
        assert same(names_of(spiral), before)

    def test_not_adopted_names_the_line(self, transform):
        with pytest.raises(errors.ConcreteValueError, match=r"dr\.adopt\(\)"):
            transform(spiral)


def test_all_other_transformations_take_it():
    total = lambda t: np.sum(spiral(t))
    expected = derivative_of_spiral(0.5).sum()
    assert np.isclose(dr.grad(total, adopt=True)(0.5), expected)
    assert np.isclose(dr.value_and_grad(total, adopt=True)(0.5)[1], expected)
    assert np.isclose(dr.vjp(total, 0.5, adopt=True)[1](1.0)[0], expected)
    second = dr.derivative(dr.derivative(total, adopt=True), adopt=True)(0.5)
    assert np.isclose(dr.hessian(total, adopt=True)(0.5), second)
    assert np.isclose(dr.hvp(total, 0.5, 2.0, adopt=True), 2 * second)
    assert dr.check(total, 0.5, adopt=True).passed
    assert len(dr.graph(total, 0.5, adopt=True).to_text()) > 100


def test_results_are_plain():
    with dr.adopt(spiral):
        assert type(spiral(0.5)) is np.ndarray
        value, dy = dr.jvp(spiral, (0.5,), (1.0,))
        assert type(value) is type(dy) is np.ndarray
        assert type(dr.jvp(lambda t: zeros(3), (0.5,), (1.0,))[0]) is np.ndarray
        y, pullback = dr.vjp(lambda t: zeros(3), 0.5)
        assert type(y) is np.ndarray and pullback(y)[0] == 0


# -- what is reached -------------------------------------------------------------------------


class Model:
    order = 2

    def __init__(self, scale):
        self.scale = scale
        self.state = None

    @property
    def double(self):
        return float(self.scale) * 2

    @staticmethod
    def shift(y):
        y[0] += 1.0
        return y

    def __call__(self, t):
        self.state = np.zeros(self.order)
        self.state[0] = math.sin(t) * self.double
        return self.shift(self.state)[0]


@dataclass
class Parameters:
    rate: float
    values: np.ndarray

    def total(self):
        out = np.empty(2)
        out[:] = self.rate * self.values
        return out.sum()


def decorated(f):
    @functools.wraps(f)
    def call(*args):
        return f(*args)

    return call


@decorated
def with_decorator(t):
    y = np.zeros(1)
    y[0] = math.exp(t)
    return y[0]


def with_defaults(t, sine=math.sin, *, make=np.zeros, kind=np.float64):
    y = make(1)
    y[0] = sine(kind(t))
    return y[0]


def closed_over():
    sine, kind = math.sin, float

    def inner(t):
        return sine(kind(t))

    return inner


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (Model(3.0), 6 * math.cos(0.4)),
        (Model(3.0).__call__, 6 * math.cos(0.4)),
        (lambda t: Model(3.0)(t), 6 * math.cos(0.4)),
        (lambda t: Parameters(t, WEIGHTS).total(), 3.0),
        (with_decorator, math.exp(0.4)),
        (with_defaults, math.cos(0.4)),
        (closed_over(), math.cos(0.4)),
        (functools.partial(lambda s, t: s * math.sin(t), 2.0), 2 * math.cos(0.4)),
        (lambda t: sum(map(math.sin, [t, t])), 2 * math.cos(0.4)),
        (lambda t: next(f(t) for f in [closed_over()]), math.cos(0.4)),
    ],
    ids=["object", "method", "class", "dataclass", "decorator", "defaults", "closure", "partial",
         "map", "nested"],
)  # fmt: skip
def test_reached(f, expected):
    before = dict(globals())
    defaults = with_defaults.__defaults__, dict(with_defaults.__kwdefaults__)
    for transform in (dr.derivative, dr.grad):
        assert np.isclose(transform(f, adopt=True)(0.4), expected)
    assert dict(globals()) == before
    assert (with_defaults.__defaults__, with_defaults.__kwdefaults__) == defaults


def module(name, source):
    made = types.ModuleType(name)
    sys.modules[name] = made
    exec(compile(source, f"{name}.py", "exec"), vars(made))
    return made


HELPER = """
import math
import numpy as np
def helper(t):
    y = np.zeros(1)
    y[0] = math.sin(t)
    return y[0]
"""


def test_modules_and_packages():
    package = module("a_package", "")
    package.__path__ = []
    inner = module("a_package.inner", HELPER)
    user = module("a_user", "from a_package.inner import helper\ndef f(t): return 2 * helper(t)")
    try:
        for target in (user.f, inner, package):
            with dr.adopt(target):
                assert np.isclose(dr.derivative(user.f)(0.3), 2 * math.cos(0.3))
            assert inner.np is np and inner.math is math and "float" not in vars(inner)
        with dr.adopt(user), pytest.raises(errors.ConcreteValueError):
            dr.derivative(user.f)(0.3)  # a module stands for itself
        assert np.isclose(dr.derivative(user.f, adopt=package)(0.3), 2 * math.cos(0.3))
    finally:
        for name in ("a_package", "a_package.inner", "a_user"):
            del sys.modules[name]


@pytest.mark.parametrize("bad", [np, np.linalg, math, sys, 3.0, "numpy", [1]])
def test_what_cannot_be_adopted(bad):
    before = dict(vars(np))
    with pytest.raises(errors.StructureError, match="adopt"):
        dr.adopt(bad)
    assert all(vars(np)[name] is value for name, value in before.items())


# -- undone exactly ---------------------------------------------------------------------------


def test_overlapping_adoptions():
    before = names_of(spiral)
    first, second = dr.adopt(spiral), dr.adopt()
    first.undo()
    assert np.isclose(dr.jacfwd(spiral)(0.5)[0], derivative_of_spiral(0.5)[0])
    third = dr.adopt(spiral)
    second.undo()
    assert np.isclose(dr.jacfwd(spiral)(0.5)[0], derivative_of_spiral(0.5)[0])
    third.undo()
    assert same(names_of(spiral), before)


def test_undone_after_an_error():
    before = names_of(spiral)

    def fails(t):
        spiral(t)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        dr.derivative(fails, adopt=True)(0.5)
    assert same(names_of(spiral), before)


def test_a_name_bound_anew_meanwhile_is_left_alone():
    user = module("a_user", HELPER)
    try:
        with dr.adopt(user):
            user.math = "mine"
        assert user.math == "mine" and user.np is np
    finally:
        del sys.modules["a_user"]


def test_decorator():
    @dr.adopt
    def f(t):
        y = np.zeros(1)
        y[0] = math.sin(t)
        return y[0]

    try:
        assert f.__name__ == "f"
        assert np.isclose(dr.derivative(f)(0.5), math.cos(0.5))
        assert f(0.5) == math.sin(0.5)
    finally:
        f.undo()


# -- other threads ----------------------------------------------------------------------------


def test_threads_see_plain_numpy():
    wrong = []
    stop = threading.Event()

    def plainly():
        expected = np.array([0.5 * math.cos(0.5), 0.5 * math.sin(0.5)])
        while not stop.is_set():
            y = spiral(0.5)
            if type(y) is not np.ndarray or not np.array_equal(y, expected):
                wrong.append(y)

    def differentiating():
        for _ in range(30):
            found = dr.jacfwd(spiral, adopt=True)(0.5)
            if not np.allclose(found, derivative_of_spiral(0.5)):
                wrong.append(found)

    before = names_of(spiral)
    plain = threading.Thread(target=plainly)
    workers = [threading.Thread(target=differentiating) for _ in range(4)]
    plain.start()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    stop.set()
    plain.join()
    assert not wrong
    assert same(names_of(spiral), before)


# -- types that stand for types ------------------------------------------------------------------


def kinds(x):
    assert isinstance(x, np.ndarray) and not isinstance(x, float)
    assert (
        isinstance(x[0], float) and isinstance(x[0], np.floating) and isinstance(x[0], np.float64)
    )
    assert not isinstance(x[0], np.ndarray) and not isinstance(x[0], int) and np.isscalar(x[0])
    assert isinstance(x[0] + 1j, complex) and not isinstance(x[0], np.float32)
    assert isinstance(float(x[0]), float) and isinstance(np.float32(x[0]), np.float32)
    assert float == float and issubclass(np.float64, float) and float("inf") > 1  # noqa: E721
    assert np.zeros(2, dtype=float).dtype == np.float64 and np.dtype(np.float64) == float
    assert int(3.7) == 3 and int(x[1]) == 2 and complex(1, 2) == 1 + 2j and float("2") == 2.0
    assert np.issubdtype(x.dtype, np.floating) and x.astype(float).dtype == np.float64
    with pytest.raises(TypeError):
        float(x)
    with pytest.raises(ValueError, match="could not convert"):
        float("text")
    return float(x[0]) * np.float64(x[1]) + complex(x[0], x[1]).imag


def test_kinds():
    x = np.array([3.0, 2.5])
    with dr.adopt(kinds):
        assert kinds(x) == 10.0
        np.testing.assert_allclose(dr.grad(kinds)(x), [2.5, 4.0])
        np.testing.assert_allclose(dr.jvp(kinds, (x,), (np.ones(2),))[1], 6.5)


# -- data, and functions made of functions -----------------------------------------------------------


DATA = np.linspace(0.5, 2.0, 4)
COUNTS = np.array([1, 2, 3, 4])
BOX = {"y": np.array([1.0, 2.0]), "w": [np.ones(2)]}
WORK = np.zeros(3)


@np.vectorize
def vector_function(t, p):
    return math.sin(t) * p if t > 0 else p**2


typed_vector_function = np.vectorize(lambda t, p: math.exp(t) * p, otypes=[float])


class Holder:
    scale = np.array([2.0, 3.0])

    def __init__(self):
        self.data = np.array([1.0, 5.0])

    def run(self, p):
        y = self.data.copy()
        y[0] = p[0] * self.scale[1]
        z = self.scale * 1.0
        z[1] = p[1]
        return y.sum() * z.prod()


HOLDER = Holder()


def from_globals(p):
    y = DATA.copy()
    y[1:3] = p
    z = DATA * 2
    z[0] += p[0]
    w = np.sin(DATA)
    w[-1] = p[1] ** 2
    c = COUNTS / 2
    c[2] = p[0]
    return y @ z + w.sum() * c.sum()


def from_tables(p):
    y, w = BOX["y"].copy(), BOX["w"][0] * 3
    y[0] = p[0]
    w[1] = p[1]
    return (y * w).sum()


def from_defaults(p, start=DATA, *, more=WEIGHTS):
    u, v = start[::2].copy(), more + 0
    u[0] = p[0]
    v[1] = p[1]
    return u.sum() * v.sum()


def from_closure():
    start = np.ones(3)

    def inner(p):
        u = start - 0.5
        u[:2] *= p
        return np.sum(u**2)

    return inner


def by_vectorize(p):
    return np.sum(vector_function(DATA, p[0])) + np.sum(typed_vector_function(DATA, p[1]))


@pytest.mark.parametrize(
    "f",
    [from_globals, from_tables, from_defaults, from_closure(), HOLDER.run,
     lambda p: HOLDER.run(p), by_vectorize],
    ids=["globals", "tables", "defaults", "closure", "method", "instance", "vectorize"],
)  # fmt: skip
def test_data_that_code_starts_from(f):
    p = np.array([0.7, 1.3])
    h = 1e-6
    expected = [(f(p + h * e) - f(p - h * e)) / (2 * h) for e in np.eye(2)]
    before, held = names_of(f), dict(vars(HOLDER))
    value = f(p)
    for transform in (dr.grad, dr.jacfwd):
        np.testing.assert_allclose(transform(f, adopt=True)(p), expected, rtol=1e-7)
        with dr.adopt(f):
            np.testing.assert_allclose(transform(f)(p), expected, rtol=1e-7)
            assert type(DATA) is np.ndarray  # only while a derivative is taken is it another
            assert f(p) == value
    assert same(names_of(f), before) and vars(HOLDER) == held
    assert type(HOLDER.data) is np.ndarray and type(Holder.scale) is np.ndarray


def test_arguments_that_are_not_differentiated():
    def f(p, start):
        u = start.copy()
        u[0] = p
        return np.sum(u**2)

    start = np.array([1.0, 2.0])
    assert dr.grad(f, adopt=True)(3.0, start) == 6.0
    with dr.adopt(f):
        assert dr.grad(f)(3.0, start) == 6.0
        assert dr.grad(f, argnums="p")(start=start, p=3.0) == 6.0
    np.testing.assert_array_equal(start, [1.0, 2.0])


class Stepper:
    """Keeps its work arrays between calls."""

    def __init__(self):
        self.u = np.zeros(4)
        self.table = np.ones((2, 4))

    def run(self, p):
        self.u[:] = 1.0
        row = self.table[1]
        for k in range(3):
            self.u[1:-1] += p[0] * (self.u[2:] + self.u[:-2])
            row[:] = self.u * p[1]
            row *= 0.5
            np.add.at(self.u, [0, 0], p[1])
            np.multiply(self.table[1], 2.0, out=self.table[0])
            self.u += np.asarray(self.table[0]) * 0.1
            self.u[k] = sum(v for v in self.u) + self.u.flat[0]
        return self.u.sum() * p[0] + self.table.mean()


STEPPER = Stepper()
ALIAS = STEPPER.u


def in_global(p):
    WORK[0] = p[0]
    WORK[1:] = p * 2
    out = np.sum(WORK**2) + WORK @ np.ones(3)
    WORK[...] = 0.0
    return out + np.linalg.norm(WORK + p[0])


def through_an_alias(p):
    STEPPER.u[:2] = p
    return ALIAS.sum() + ALIAS[0] * 3


@pytest.mark.parametrize(
    "f",
    [STEPPER.run, lambda p: STEPPER.run(p), in_global, through_an_alias],
    ids=["method", "instance", "global", "alias"],
)
def test_work_arrays_kept_between_calls(f):
    p = np.array([0.7, 1.3])
    h = 1e-6
    expected = [(f(p + h * e) - f(p - h * e)) / (2 * h) for e in np.eye(2)]
    value = f(p)
    for transform in (dr.grad, dr.jacfwd):
        np.testing.assert_allclose(transform(f, adopt=True)(p), expected, rtol=1e-6)
    found = dr.hessian(f, adopt=True)(p)
    second = [
        (dr.grad(f, adopt=True)(p + h * e) - dr.grad(f, adopt=True)(p - h * e)) / (2 * h)
        for e in np.eye(2)
    ]
    np.testing.assert_allclose(found, second, rtol=1e-5, atol=1e-8)
    assert type(STEPPER.u) is np.ndarray and STEPPER.u is ALIAS
    assert all(a.dtype == float for a in (STEPPER.u, STEPPER.table, WORK))
    assert f(p) == value


@functools.lru_cache
def grid(n):
    return np.linspace(0.0, 1.0, n)


@functools.cache
def work(n):
    return np.zeros(n)


@functools.lru_cache
def slow(x):
    return math.sin(x)


TABLES: dict = {}


def with_grid(p):
    return np.sum(grid(3) * p)


def with_cached_work(p):
    b = work(3)
    b[:] = p
    return np.sum(work(3) * p) + slow(p[0])


def with_lazy_table(p):
    if "w" not in TABLES:
        TABLES["w"] = np.zeros((2, 3))
    row = TABLES["w"][1]
    row[:] = p * p
    return TABLES["w"].sum()


def with_integers(p):
    t = np.arange(3) * 0.5
    t[0] = p[0]
    m = np.array([[2, 0], [0, 2]]) * 1.0
    m[0, 1] = p[1]
    n = np.zeros(3, int)
    n[1] += 2
    i = np.arange(3)[::-1]
    return t.sum() * m.sum() + p[i][0] * n[1]


@pytest.mark.parametrize("f", [with_grid, with_cached_work, with_lazy_table, with_integers])
@pytest.mark.parametrize("first", ["plain", "adopted"])
def test_what_is_kept_in_caches_stays_plain(f, first):
    for cache in (grid, work, slow):
        cache.cache_clear()
    TABLES.clear()
    p = np.array([0.7, 1.3, 0.4])
    if first == "plain":
        f(p)
    found = [dr.grad(f, adopt=True)(p), dr.jacfwd(f, adopt=True)(p), dr.grad(f, adopt=True)(p)]
    value = f(p)
    h = 1e-6
    expected = [(f(p + h * e) - f(p - h * e)) / (2 * h) for e in np.eye(3)]
    for gradient in found:
        np.testing.assert_allclose(gradient, expected, rtol=1e-7)
    assert f(p) == value and type(value) is np.float64
    assert type(grid(3)) is np.ndarray and type(grid(3) * 2) is np.ndarray
    dr.hessian(f, adopt=True)(p)
    assert f(p) == value
    pickle.dumps(TABLES)


def test_a_traced_key():
    def f(x):
        return {1.0: 2.0}.get(x, 3.0) * x

    with pytest.raises(errors.ConcreteValueError, match="cache"):
        dr.derivative(f)(1.0)


def test_identity_of_types():
    def f(x):
        y = np.zeros(2)
        y[0] = float(x)
        a = type(x) is np.float64 and type(y) is np.ndarray and float is float
        b = int is int and type(x) in (float, np.float64) and isinstance(float, type)
        return y.sum() if a and b else 0.0

    with dr.adopt(f):
        assert f(np.float64(2.0)) == 2.0 and dr.derivative(f)(2.0) == 1.0
        assert type(f) is types.FunctionType


def test_modules_of_scipy_and_their_solvers():
    """``import scipy.special as sp`` binds a module: its names are the drop-ins, too."""
    import scipy.optimize as so
    import scipy.special as sp

    def soft(x):
        return sp.logsumexp(x)

    def lambert(a):
        return so.brentq(lambda z: z * math.exp(z) - a, 0, 10, xtol=1e-15)

    assert np.allclose(dr.grad(soft, adopt=True)(np.zeros(4)), 0.25)
    w = lambert(2.0)
    assert np.isclose(dr.grad(lambert, adopt=True)(2.0), w / (2.0 * (1 + w)), rtol=1e-13)


def test_objects_of_scipy_made_before():
    """Interpolators and frozen distributions of a module, made when it was loaded."""
    from scipy import interpolate, stats

    t = np.linspace(0.0, 3.0, 8)
    grid = interpolate.RegularGridInterpolator((t,), np.sin(t))
    splines = [
        interpolate.CubicSpline(t, np.sin(t)),
        interpolate.PchipInterpolator(t, np.sin(t)),
        interpolate.make_interp_spline(t, np.sin(t)),
        interpolate.interp1d(t, np.sin(t)),
        interpolate.UnivariateSpline(t, np.sin(t)),
    ]
    prior = stats.gamma(2.0, scale=3.0)

    for spline in splines:
        kind = type(spline)

        def f(x, spline=spline):
            return np.sum(spline(x) ** 2)

        x = np.array([0.3, 1.1])
        expected = [(f(x + h) - f(x - h)) / 2e-6 for h in 1e-6 * np.eye(2)]
        assert np.allclose(dr.grad(f, adopt=True)(x), expected, rtol=1e-5)
        assert type(spline) is kind
    assert np.isclose(dr.grad(lambda x: prior.logpdf(x), adopt=True)(1.3), 1 / 1.3 - 1 / 3)
    point = dr.grad(lambda x: np.sum(grid(np.stack([x]))), adopt=True)(np.array([1.0]))
    assert point.shape == (1,)
