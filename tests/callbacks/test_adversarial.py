"""Found by attack: what changes besides `x`, what happens between calls, in threads, with options."""

import sys
import threading
import types
import warnings

import numpy as np
import pytest

import dualrev as dr
from dualrev.callbacks import programs
from dualrev.errors import NotDifferentiableError, StructureError, UnsupportedArgumentError
from dualrev.program.compiled import CompilationWarning

S = dr.scipy
X = np.array([1.0, 2.0])


@pytest.fixture(params=[(0, 0), (2, 2), (10, 100)], ids=str)
def waits(request, monkeypatch):
    monkeypatch.setattr(programs, "WAITS", request.param[0])
    monkeypatch.setattr(programs, "WAITS_OF_VALUES", request.param[1])


# -- what changes besides x ----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["fun", "grad", "hess", "hess_sparse"])
def test_forget_drops_what_was_computed_from_constants(waits, kind):
    data = np.ones(2)

    def f(x):
        return np.sum((x - 2 * data) ** 2 * data)

    P, right = S.Objective(f), S.Objective(f, compile=False, cache=0)
    for k in range(6):
        getattr(P, kind)(X + k)
    data[:] = 5.0
    P.forget()
    found, expected = getattr(P, kind)(X), getattr(right, kind)(X)
    if kind == "hess_sparse":
        found, expected = found.toarray(), expected.toarray()
    np.testing.assert_allclose(found, expected)


def test_forget_for_the_attribute_of_a_slot(waits):
    class Model:
        __slots__ = ("a",)

        def f(self, x):
            return np.sum((x - self.a) ** 2)

    model = Model()
    model.a = 1.0
    P = S.Objective(model.f)
    for k in range(6):
        P.fun_and_jac(X + k)
    model.a = 5.0
    P.forget()
    value, gradient = P.fun_and_jac(X)
    assert value == 25.0
    np.testing.assert_allclose(gradient, 2 * (X - 5.0))


def test_forget_reaches_structured_parameters():
    scale = np.ones(2)
    P = S.Objective(lambda p: np.sum(2 * scale * p["a"]))
    Q = P.shaped({"a": X})
    assert Q.fun({"a": X}) == 6.0
    scale[:] = 2.0
    P.forget()
    assert Q.fun({"a": X}) == 12.0


def test_forget_reaches_the_points_of_other_threads():
    scale = np.ones(2)
    P = S.Objective(lambda x: np.sum(scale * x))
    found, ready, changed = [], threading.Event(), threading.Event()

    def work():
        found.append(P.fun(X))
        ready.set()
        changed.wait(10)
        found.append(P.fun(X))

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait(10)
    scale[:] = 2.0
    P.forget()
    changed.set()
    thread.join()
    assert found == [3.0, 6.0]


def test_forget_the_proof_of_a_constant_jacobian():
    mode = {"a": 0}
    Q = S.ODE(lambda t, y: -y if mode["a"] == 0 else -(y**2))
    assert Q.constant_jac(0.0, X) is not None
    mode["a"] = 1
    Q.forget()
    assert Q.constant_jac(0.0, X) is None


def test_counts_go_on_after_forget():
    P = S.Objective(lambda x: np.sum(x**2))
    for k in range(3):
        P.fun(X + k)
    P.forget()
    for k in range(3):
        P.fun(X + k)
    counts = P.counts
    assert (counts.fun, counts.traces, counts.replays, counts.specialisations) == (6, 2, 4, 1)


class Holder:
    k = 1.0


def _slots():
    return type("Slots", (), {"__slots__": ("k",)})()


def _nested():
    made = Holder()
    made.k = Holder()
    return made


# fmt: off
ARGUMENTS = {
    "namespace": (lambda: types.SimpleNamespace(k=1.0),  lambda a: setattr(a, "k", 9.0),      lambda x, a: np.sum(x * a.k)),
    "nested":    (_nested,                               lambda a: setattr(a.k, "k", 9.0),    lambda x, a: np.sum(x * a.k.k)),
    "folded":    (lambda: types.SimpleNamespace(k=np.ones(2)), lambda a: a.k.__setitem__(0, 9.0), lambda x, a: np.sum(x * (2 * a.k))),
    "masked":    (lambda: np.ma.array([1.0, 2.0]),       lambda a: a.__setitem__(0, 9.0),     lambda x, a: np.sum(x * np.asarray(a.filled(0.0)))),
    "objects":   (lambda: np.array([1.0, "s"], object),  lambda a: a.__setitem__(0, 9.0),     lambda x, a: np.sum(x * float(a[0]))),
    "set":       (lambda: {1.0},                         lambda a: (a.clear(), a.add(9.0)),   lambda x, a: np.sum(x * next(iter(a)))),
    "bytearray": (lambda: bytearray(b"\x01"),            lambda a: a.__setitem__(0, 9),       lambda x, a: np.sum(x * a[0])),
    "in a dict": (lambda: {"m": types.SimpleNamespace(k=1.0)}, lambda a: setattr(a["m"], "k", 9.0), lambda x, a: np.sum(x * a["m"].k)),
    "array":     (lambda: np.ones(2),                    lambda a: a.__setitem__(0, 9.0),     lambda x, a: np.sum(x * a)),
    "large":     (lambda: np.ones(9000),                 lambda a: a.__setitem__(-1, 9.0),    lambda x, a: np.sum(x * a[-1])),
    "list":      (lambda: [[1.0]],                       lambda a: a[0].__setitem__(0, 9.0),  lambda x, a: np.sum(x * a[0][0])),
}
# fmt: on


@pytest.mark.parametrize("name", ARGUMENTS)
def test_an_argument_that_changes_in_place(waits, name):
    make, change, f = ARGUMENTS[name]
    a = make()
    for P, kind in (
        (S.Objective(f), "fun"),
        (S.Objective(f), "grad"),
        (S.Residuals(lambda x, a: f(x, a) * x), "jac"),
        (S.ODE(lambda t, y, a: f(y, a) * y), "jac"),
    ):
        a = make()
        first = (0.0,) if isinstance(P, S.ODE) else ()
        for k in range(6):
            getattr(P, kind)(*first, X + k, a)
        before = getattr(P, kind)(*first, X, a)
        change(a)
        found = getattr(P, kind)(*first, X, a)
        assert not np.allclose(found, before)
        fresh = type(P)(P.f, compile=False)
        np.testing.assert_allclose(found, getattr(fresh, kind)(*first, X, a))


def test_an_argument_that_stays_is_replayed():
    a = types.SimpleNamespace(k=3.0)
    P = S.Objective(lambda x, a: np.sum(a.k * x))
    for k in range(6):
        P.fun(X + k, a)
    assert P.counts.traces == 1 and P.counts.replays == 5


def test_operators_keep_their_arguments():
    for compile in (True, False):
        a = np.ones(2)
        made = [
            S.Objective(lambda x, a: np.sum(a * x**3), compile=compile).hess_op(X, a),
            S.Residuals(lambda x, a: a * x**3, compile=compile).jac_op(X, a),
        ]
        a[:] = 7.0
        np.testing.assert_allclose(made[0] @ np.ones(2), 6 * X)
        np.testing.assert_allclose(made[1] @ np.ones(2), 3 * X**2)


# -- threads -------------------------------------------------------------------------------------


def _in_threads(work, n=4):
    errors = []

    def run(k):
        try:
            work(k)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(n)]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert not errors, errors


def test_threads_while_programs_are_forgotten(waits):
    for _ in range(3):
        P = S.Objective(lambda x, a: np.sum((x - a) ** 2 * np.sin(x)))

        def work(k, P=P):
            for step in range(10):
                x = np.arange(3.0) + k + 0.1 * step
                assert np.isclose(P.fun(x, float(k)), np.sum((x - k) ** 2 * np.sin(x)))
                right = 2 * (x - k) * np.sin(x) + (x - k) ** 2 * np.cos(x)
                np.testing.assert_allclose(P.grad(x, float(k)), right, atol=1e-9)
                if step % 4 == 3:
                    P.forget()

        _in_threads(work)


def test_threads_while_a_program_gives_up():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompilationWarning)
        for _ in range(20):
            P = S.Objective(lambda x: np.sum(x) * np.random.rand(), cache=0)
            _in_threads(lambda k, P=P: [P.fun(X + k + j) for j in range(6)])


# -- what was recorded, and what gave up ---------------------------------------------------------


def test_one_that_waits_is_not_recorded_after_another_gave_up(monkeypatch):
    monkeypatch.setattr(programs, "WAITS", 4)
    P = S.Objective(lambda x: np.sum(x) * np.random.rand(), cache=0)
    P.grad(X)
    with pytest.warns(CompilationWarning):
        for k in range(3):
            P.fun(X + k)
    traces = P.counts.traces
    for k in range(8):
        P.grad(X + k)
    assert P.counts.traces == traces


def test_report_of_structured_parameters_says_that_they_gave_up():
    P = S.Objective(lambda p: np.sum(p["a"] ** 2) * np.random.rand())
    Q = P.shaped({"a": X})
    with pytest.warns(CompilationWarning):
        for k in range(3):
            Q.fun({"a": X + k})
    assert P.eager is not None and "called as it is" in P.report()


def test_report_of_structured_parameters_has_their_notes():
    P = S.Objective(lambda p: np.sum(p["a"] ** 2), sparse=True)
    P.shaped({"a": np.ones(50)}).hess_sparse({"a": np.ones(50)})
    assert "Hessian of Pattern" in P.report()


def test_the_test_of_a_derivative_counts():
    calls = [0]

    def f(x):
        calls[0] += 1
        return np.sum(x**2)

    P = S.Objective(f, compile=False, check=True)
    P.fun_and_jac(X)
    assert P.counts.fun == calls[0] > 2
    P = S.Objective(lambda x: np.sum(x**2), check=True)
    for k in range(4):
        P.fun_and_jac(X + k)
    assert P.counts.replays == P.counts.fun - 2


# -- options -------------------------------------------------------------------------------------


def test_the_name_of_a_method_in_capitals_with_sparse_and_dense_constraints():
    P = S.Objective(lambda x: np.sum((x - 2) ** 2))
    sparse = S.Constraint(lambda x: x**2, ub=1.0)
    dense = S.Constraint(lambda x: np.sum(x**2) * x[:3], ub=1e9)
    found = P.minimize(np.full(60, 0.5), "Trust-Constr", constraints=[sparse, dense])
    np.testing.assert_allclose(found.x, 1.0, atol=1e-2)


@pytest.mark.parametrize("method", ["COBYLA", "COBYQA"])
def test_a_sparse_affine_constraint_for_a_method_without_derivatives(method):
    P = S.Objective(lambda x: np.sum((x[:2] - 2) ** 2))
    box = S.Constraint(lambda x: x * 1.0, ub=1.0, sparse=True)
    found = P.minimize(np.full(18, 0.5), method, constraints=box)
    np.testing.assert_allclose(found.x[:2], 1.0, atol=1e-2)


def test_nothing_to_minimize():
    for x0 in (np.zeros(0), {}, {"a": np.zeros(0)}):
        with pytest.raises(UnsupportedArgumentError, match="no elements"):
            S.Objective(lambda x: 1.0).minimize(x0)


@pytest.mark.parametrize("pair", [5, (0, 1, 2), (0, [1, 2]), ("a", 1)], ids=str)
def test_bounds_by_name_that_are_no_pair(pair):
    P = S.Objective(lambda p: p["a"] ** 2)
    with pytest.raises(UnsupportedArgumentError, match="bounds of 'a'"):
        P.minimize({"a": 1.0}, bounds={"a": pair})


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr", "COBYLA", "COBYQA"])
def test_bounds_of_a_constraint_of_another_size(method):
    P = S.Objective(lambda x: np.sum(x**2))
    with pytest.raises(StructureError, match="has 2 values, its bounds 3"):
        P.minimize(X, method, constraints=S.Constraint(lambda x: x**2, [0, 0, 0]))
    with pytest.raises(StructureError, match="has 2 values, its bounds 3"):
        P.minimize(X, method, constraints=S.Constraint(lambda x: 2 * x, [0, 0, 0]))


def test_the_look_whether_a_model_is_pointwise_is_silent():
    t = np.linspace(0.0, 3.0, 50)
    C = S.CurveFit(
        lambda t, *p: sum(p[2 * k] * np.exp(-p[2 * k + 1] * t / np.max(t)) for k in range(5))
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for k in range(4):
            C.jac(t, *np.linspace(0.5, 1.5 + k, 10))


# -- what is differentiated from outside ---------------------------------------------------------

# fmt: off
OUTSIDE = {
    "gradient":  lambda: dr.grad(S.Objective(lambda x: np.sum(x**3)))(X),
    "arguments": lambda: dr.grad(lambda a: S.Objective(lambda x, a: np.sum(a * x))(X, a))(2.0),
    "vmap":      lambda: dr.vmap(S.Objective(lambda x: np.sum(x**3)))(np.ones((3, 2))),
    "jacobian":  lambda: dr.jacobian(S.Residuals(lambda x: x**3))(X),
    "root":      lambda: dr.grad(S.ScalarRoot(lambda x: x**3))(2.0),
    "root args": lambda: dr.grad(lambda a: S.ScalarRoot(lambda x, a: a * x)(2.0, a))(2.0),
    "ode":       lambda: dr.jacobian(lambda y: S.ODE(lambda t, y: y**3)(0.0, y))(X),
    "odr":       lambda: dr.jacobian(lambda b: S.ODRModel(lambda b, x: b[0] * x)(b, X))(np.ones(1)),
}
# fmt: on


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_callback_that_is_differentiated_says_so(waits, name):
    with pytest.raises(NotDifferentiableError, match="is traced: this callback is for solvers"):
        OUTSIDE[name]()


def test_a_callback_in_a_program_is_right():
    P = S.Objective(lambda x: np.sum(x**3))
    f = dr.compile(lambda x: P.fun(x) + np.sum(P.grad(x)))
    for k in range(4):
        x = X + k
        assert np.isclose(f(x), np.sum(x**3) + np.sum(3 * x**2))
