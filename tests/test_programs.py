"""compile: a replay is the function, or the function is called."""

import functools
import math
import pickle
import threading
import warnings
from dataclasses import dataclass

import numpy as np
import pytest

import dualrev as dr
import dualrev.numpy as dnp

from .test_compile_cases import assert_same

RNG = np.random.default_rng(5)
X = RNG.normal(size=7)


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def called(f, *points, **options):
    """Call the compiled `f` twice at each point, and compare."""
    compiled = dr.compile(f, **options)
    for args in points:
        for _ in range(2):
            assert_same(compiled(*args), f(*args), "compiled")
    return compiled


# -- transformations -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        rosenbrock,
        dr.grad(rosenbrock),
        dr.value_and_grad(rosenbrock),
        dr.hessian(rosenbrock),
        dr.jacfwd(lambda x: np.sin(x) * x[::-1]),
        dr.jacrev(lambda x: np.sin(x) * x[::-1]),
        dr.hessian_diagonal(lambda x: np.sum(x**3)),
        lambda x: dr.hvp(rosenbrock, x, np.ones(7)),
        lambda x: dr.jvp(rosenbrock, (x,), (np.ones(7),)),
        lambda x: dr.vmap(dr.grad(rosenbrock))(np.stack([x, 2 * x])),
        lambda x: dr.grad(lambda x: dr.grad(rosenbrock)(x) @ x)(x),
    ],
)
def test_every_transformation(f):
    compiled = called(f, (X,), (2 * X,))
    assert compiled.eager is None and compiled.specialisations == 1


def test_trees_keywords_and_static_arguments():
    def f(p, x, *, power=2, flag=True):
        y = p["w"] @ x + p["b"][0]
        return {"loss": np.sum(y**power), "flag": flag, "y": (y, [x])}

    compiled = dr.compile(f)
    p = {"w": RNG.normal(size=(3, 7)), "b": [1.5]}
    for power in (2, 3, 2):
        for flag in (True, False):
            for _ in range(3):
                assert_same(
                    compiled(p, X, power=power, flag=flag), f(p, X, power=power, flag=flag), "f"
                )
    assert compiled.specialisations == 4 and compiled.eager is None


@dataclass
class Point:
    x: np.ndarray
    scale: float


def test_dataclasses_and_shapes():
    def f(p):
        return dr.grad(lambda p: np.sum(p.scale * np.sin(p.x)))(p)

    compiled = dr.compile(f)
    for n in (3, 4, 3, 4, 3):
        p = Point(X[:n], 2.0 + n)
        assert_same(compiled(p), f(p), "gradient")
    assert compiled.specialisations == 2


def test_numbers_adapt_as_in_numpy():
    def f(x, t):
        return x * t, x * np.float64(t), t * 2

    x = X.astype(np.float32)
    called(f, (x, 0.5), (x, 0.25))
    called(f, (x, np.float64(0.5)), (x, np.float32(0.5)))


# -- control flow -----------------------------------------------------------------------------------


def test_flipped_branches_are_followed():
    def f(x):
        if np.sum(x) > 0:
            return np.sum(x**2)
        while np.max(x) < 1:
            x = x + 0.5
        return np.sum(np.sin(x)) + int(x[0] > 1)

    gradient = dr.value_and_grad(f)
    compiled = dr.compile(gradient)
    for k in range(60):
        x = np.array([0.1, -0.3]) * (-1) ** k - (k % 3) * (k % 2)
        assert_same(compiled(x), gradient(x), "branches")
    assert compiled.eager is None and compiled.specialisations == 4


def test_loops_of_any_length():
    def kepler(m, e):
        angle = m
        while True:
            step = (angle - e * np.sin(angle) - m) / (1 - e * np.cos(angle))
            angle = angle - step
            if abs(step) < 1e-12:
                return angle

    f = dr.value_and_grad(kepler, argnums=(0, 1))
    compiled = dr.compile(f)
    for m in np.linspace(0.1, 3.0, 40).tolist() * 2:
        assert_same(compiled(m, 0.7), f(m, 0.7), "Kepler")
    assert compiled.eager is None and 1 < compiled.specialisations < 8


def test_data_dependent_sizes_and_indices():
    def f(x):
        chosen = x[x > 0]
        return np.sum(chosen**2) + x[np.argmax(x)] * len(chosen) + np.sum(x[np.argsort(x)[:2]])

    compiled = dr.compile(dr.grad(f))
    for k in range(8):
        x = np.roll(X, k) * (1 + k)
        assert_same(compiled(x), dr.grad(f)(x), "sizes")
        assert_same(compiled(x), dr.grad(f)(x), "sizes")


def test_too_many_paths_leave_the_function_alone():
    def f(x):
        return x * int(x * 1000)

    compiled = dr.compile(f)
    with pytest.warns(dr.CompilationWarning, match=r"x \* int\(x \* 1000\)"):
        for k in range(40):
            assert compiled(k / 7) == f(k / 7)
    assert compiled.eager is not None


# -- what is no argument -----------------------------------------------------------------------------

SCALE, TABLE = 2.0, np.array([1.0, 2.0, 3.0])


def test_globals_closures_and_attributes_are_watched(monkeypatch):
    offset = 1.0
    options = {"power": 2}

    class Model:
        weight = 1.0

        def __init__(self):
            self.rate = 0.5

        def loss(self, x):
            return np.sum((x * SCALE + offset) ** options["power"]) * self.rate + self.weight

    model = Model()
    compiled = dr.compile(dr.value_and_grad(model.loss))

    def check():
        for _ in range(3):
            assert_same(compiled(X), dr.value_and_grad(model.loss)(X), "surroundings")

    check()
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    check()
    offset = 2.0
    check()
    options["power"] = 3
    check()
    model.rate = 0.25
    check()
    assert compiled.eager is None


def test_captured_arrays_are_held_by_reference():
    table = np.array([1.0, 2.0, 3.0])

    def f(x):
        return np.sum(np.sin(x) * table / (1 + table @ x))

    compiled = dr.compile(dr.value_and_grad(f))
    x = np.array([0.1, 0.2, 0.3])
    for factor in (1.0, 2.0, 0.5):
        table *= factor
        for _ in range(3):
            assert_same(compiled(x), dr.value_and_grad(f)(x), "captured")
    assert compiled.specialisations == 1


def test_what_is_not_repeatable_is_left_alone():
    rng = np.random.default_rng(0)

    def noisy(x):
        return np.sum(x * rng.normal(size=7))

    compiled = dr.compile(noisy)
    with pytest.warns(dr.CompilationWarning, match="not the same at every call"):
        for _ in range(3):
            compiled(X)
    assert compiled(X) != compiled(X)


def test_work_arrays_and_arguments_that_are_written_to():
    def into_argument(x):
        x[0] = 5.0
        return np.sum(x)

    def into_buffer(x):
        y = dnp.zeros(7)
        for k in range(7):
            y[k] = x[k] * x[k - 1]
        y[1:3] += x[:2]
        return np.sum(y**2)

    compiled = dr.compile(into_argument)
    with pytest.warns(dr.CompilationWarning, match="writes into its argument"):
        x = X.copy()
        assert compiled(x) == into_argument(X.copy())
    assert x[0] == 5.0
    compiled = called(dr.value_and_grad(into_buffer), (X,), (2 * X,))
    assert compiled.eager is None
    called(into_buffer, (X,), (2 * X,))


def test_errors_are_those_of_the_function():
    compiled = dr.compile(dr.grad(lambda x: np.sum(x) / math.sin(x[0])))
    with pytest.raises(dr.errors.ConcreteValueError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        compiled(X)
    compiled = dr.compile(lambda a, b: np.linalg.solve(a, b))
    a = np.eye(3)
    for _ in range(3):
        np.testing.assert_array_equal(compiled(a, X[:3]), X[:3])
    with pytest.raises(np.linalg.LinAlgError):
        compiled(np.zeros((3, 3)), X[:3])
    with pytest.raises(TypeError, match="unexpected keyword"):
        dr.compile(rosenbrock)(X, y=3)


def test_warnings_and_infinities_are_those_of_the_function():
    def f(x):
        return np.sum(np.where(x > 0, np.sqrt(np.abs(x)), 0.0)) + np.sum(1 / (1 + x))

    compiled = dr.compile(dr.value_and_grad(f))
    points = (X, np.abs(X), np.zeros(7), np.full(7, -1.0), np.full(7, np.inf), np.full(7, np.nan))
    for x in points:
        for _ in range(3):
            with warnings.catch_warnings(record=True) as expected:
                warnings.simplefilter("always")
                y = dr.value_and_grad(f)(x)
            with warnings.catch_warnings(record=True) as actual:
                warnings.simplefilter("always")
                z = compiled(x)
            assert_same(z, y, "infinities")
            assert {str(w.message) for w in actual} == {str(w.message) for w in expected}


def test_overflow_in_plain_floats_is_not_hidden():
    def f(x, y):
        return 1.0 / (x * y + 1.0) + 0.0 * x

    compiled = dr.compile(dr.value_and_grad(f, argnums=(0, 1)))
    for x, y in ((1.0, 2.0), (3.0, 4.0), (1e300, 1e300), (1.0, -1.0), (2.0, 1.0)):
        with np.errstate(all="ignore"):
            assert_same(compiled(x, y), dr.value_and_grad(f, argnums=(0, 1))(x, y), "overflow")


# -- results, threads, pickles ------------------------------------------------------------------------


def test_results_are_fresh():
    def f(x):
        return x, x[1:], TABLE, x.reshape(1, -1), np.broadcast_to(x[0], (3,))

    compiled = dr.compile(f)
    for _ in range(3):
        results = compiled(X)
        for k, a in enumerate(results):
            assert a.flags.writeable and not np.may_share_memory(a, X)
            assert not np.may_share_memory(a, TABLE)
            assert not any(np.may_share_memory(a, b) for b in results[:k])
        assert_same(results, f(X), "fresh")


def test_threads_agree():
    f = dr.value_and_grad(lambda x: np.sum(np.exp(-(x**2)) * np.sin(x)) if x[0] > 0 else x @ x)
    compiled = dr.compile(f)
    points = [RNG.normal(size=50) for _ in range(40)] + [RNG.normal(size=40_000) for _ in range(4)]
    expected = [f(x) for x in points]
    wrong = []

    def work(k):
        try:
            for _ in range(5):
                for x, y in zip(points, expected, strict=True):
                    assert_same(compiled(x), y, "threads")
        except AssertionError as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and compiled.eager is None


def test_reentrant():
    @dr.compile
    def inner(x):
        return np.sum(x**2)

    @dr.compile
    def outer(x):
        return inner(x) * inner(2 * x)

    for _ in range(3):
        assert_same(outer(X), float(np.sum(X**2)) * np.sum((2 * X) ** 2), "nested")
        assert_same(dr.grad(inner)(X), 2 * X, "differentiated from outside")
        assert_same(dr.vmap(inner)(np.stack([X, X])), np.full(2, np.sum(X**2)), "batched")


@dr.compile
def decorated(x):
    """The sum of squares."""
    return np.sum(x**2)


def test_pickles_and_keeps_its_name():
    assert decorated.__name__ == "decorated" and decorated.__doc__ == "The sum of squares."
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    again = pickle.loads(pickle.dumps(dr.compile(rosenbrock, exact=True)))
    assert_same(again(X), rosenbrock(X), "pickled")
    assert_same(functools.partial(decorated)(X), np.sum(X**2), "partial")


def test_methods():
    class Model:
        scale = 3.0

        @dr.compile
        def loss(self, x):
            return np.sum(self.scale * x**2)

    model = Model()
    for _ in range(3):
        assert_same(model.loss(X), np.sum(3.0 * X**2), "method")
    model.scale = 2.0
    for _ in range(3):
        assert_same(model.loss(X), np.sum(2.0 * X**2), "method")


# -- the program -----------------------------------------------------------------------------------------


def test_exact_is_exact():
    def f(x, y):
        r = np.hypot(x, y) ** 3 / 7 + np.tanh(x) * 3.0 * (2.0 * y)
        return np.sum(r * r) + np.mean(r), dr.grad(lambda x: np.sum(np.sin(x) * x**3 / 3))(x)

    compiled = dr.compile(f, exact=True)
    for k in range(5):
        (a, b), (c, d) = compiled(X + k, 2 * X), f(X + k, 2 * X)
        assert a == c and np.array_equal(b, d)
    g = dr.value_and_grad(lambda m, e: m * np.tanh(e) + np.sin(m) ** 2 / e, argnums=(0, 1))
    compiled = dr.compile(g, exact=True)
    for k in range(1, 6):
        assert compiled(0.3 * k, 0.7) == g(0.3 * k, 0.7)


def test_fewer_operations():
    gradient = dr.compile(dr.value_and_grad(rosenbrock))
    gradient(X)
    program = gradient.program()
    assert len(program.operations) <= 15
    names = [x.name for x in program.operations]
    assert names.count("dot") == 2 and "_sum" not in names and "broadcast_to" not in names
    assert program.flops > 0 and program.nbytes > program.flops
    assert "dot" in program.summary() and "return" in str(program)
    assert program.to_svg().startswith("<svg")


def test_the_source_can_be_read():
    def loss(w):
        residual = TABLE * w - 1.0
        return np.sum(residual**2)

    compiled = dr.compile(dr.value_and_grad(loss))
    with pytest.raises(ValueError, match="not called yet"):
        compiled.source()
    source = compiled.source(np.ones(3))
    assert "def replay(" in source and "w)" in source
    assert "residual = " in source and "residual = TABLE * w - 1.0" in source


def test_large_arrays_run_in_pieces():
    def f(x, y):
        z = np.exp(-(x**2)) * np.sin(3 * x) + y * np.tanh(x)
        return np.sum(z / (1 + z**2)), np.where(z > 0.5, z, 0.0)

    g = dr.value_and_grad(f, has_aux=True, argnums=(0, 1))
    for shape in ((40_001,), (300, 200), (7, 30, 400)):
        x, y = RNG.normal(size=shape), RNG.normal(size=shape)
        compiled = dr.compile(g)
        for k in range(3):
            assert_same(compiled(x + k, y), g(x + k, y), "pieces")
        assert "piece0" in compiled.source()
    y = RNG.normal(size=200)
    x = RNG.normal(size=(300, 200))
    compiled = dr.compile(g)
    for _ in range(3):
        assert_same(compiled(x, y), g(x, y), "broadcast")


def test_an_instance_keeps_its_attributes_to_itself():
    class Model:
        def __init__(self):
            self._given, self._f = 2.0, "mine"

        def __call__(self, x):
            return self._given * x

    c = dr.compile(Model())
    for _ in range(3):
        assert np.allclose(c(np.arange(3.0)), [0.0, 2.0, 4.0])
    assert c.eager is None


def test_a_value_that_is_differentiated_outside():
    """In a closure it is no constant: the function is called as it is, and recorded another time."""
    x = np.array([1.0, 2.0])
    held = {"a": 1.0}

    def f(x):
        return np.sum(held["a"] * x**3)

    def around(a):
        c = dr.compile(lambda x: np.sum(a * x**3))
        return c(x) + c(x)

    assert dr.grad(around)(2.0) == dr.derivative(around)(2.0) == 18.0
    c = dr.compile(f)
    g = dr.compile(dr.grad(f))
    for _ in range(3):
        assert c(x) == 9.0 and np.allclose(g(x), 3 * x**2)

    def later(a):
        held["a"] = a
        try:
            return c(x) + np.sum(g(x))
        finally:
            held["a"] = 1.0

    for _ in range(3):
        assert dr.grad(later)(2.0) == dr.derivative(later)(2.0) == 9.0 + 15.0
        assert c(x) == 9.0 and c.eager is None
