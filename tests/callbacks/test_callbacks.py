"""What all callback classes share: the cache, fresh results, NaN, threads, pickles, refusals."""

import copy
import pickle
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import optimize

import dualrev as dr
from dualrev.callbacks import programs
from dualrev.callbacks.counts import Ledger
from dualrev.callbacks.evaluation import NoKey, key_of
from dualrev.callbacks.report import report_of
from dualrev.callbacks.values import has_nan
from dualrev.errors import (
    CheckError,
    NotANumberError,
    NotScalarError,
    StructureError,
    UnsupportedArgumentError,
)

from .problems import decay, rosenbrock

X = np.array([0.3, -0.7, 1.1, 0.4])


def objective(f=rosenbrock, **options):
    return dr.scipy.Objective(f, **options)


# -- values and kinds ----------------------------------------------------------------------


def test_derivatives_are_right():
    P, p = objective(), np.cos(np.arange(4.0))
    for _ in range(4):  # recorded, compared, replayed
        for x in (X, 2 * X):
            assert P.fun(x) == pytest.approx(rosenbrock(x), rel=1e-14)
            np.testing.assert_allclose(P.jac(x), optimize.rosen_der(x), rtol=1e-12)
            h = optimize.rosen_hess(x)
            np.testing.assert_allclose(P.hess(x), h, rtol=1e-12)
            np.testing.assert_allclose(P.hess_sparse(x).toarray(), h, rtol=1e-11)
            np.testing.assert_allclose(P.hessp(x, p), h @ p, rtol=1e-12)
            operator = P.hess_op(x)
            np.testing.assert_allclose(operator @ p, h @ p, rtol=1e-12)
            np.testing.assert_allclose(operator @ np.eye(4), h, rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(operator.T @ p, h @ p, rtol=1e-12)
            np.testing.assert_allclose(operator @ (1j * p), 1j * h @ p, rtol=1e-12)
            value, gradient = P.fun_and_jac(x)
            assert value == P(x)
            np.testing.assert_array_equal(gradient, P.grad(x))


@pytest.mark.parametrize("compile", [True, False])
@pytest.mark.parametrize("n", [1, 2, 33])
def test_results_are_new_doubles(compile, n):
    P = objective(lambda x: np.sum(np.sin(x) * x[0]), compile=compile)
    x = np.linspace(0.1, 1, n)
    for _ in range(3):
        for make, shape in (
            (P.jac, (n,)),
            (P.hess, (n, n)),
            (lambda x: P.hessp(x, x), (n,)),
            (lambda x: P.fun_and_jac(x)[1], (n,)),
        ):
            first, second = make(x), make(x)
            for y in (first, second):
                assert type(y) is np.ndarray and y.dtype == np.float64 and y.shape == shape
                assert y.flags.c_contiguous and y.flags.writeable
            assert not np.shares_memory(first, second)
            kept = second.copy()
            first[...] = np.nan
            np.testing.assert_array_equal(make(x), kept)
        assert type(P.fun(x)) is float
        h = P.hess(x)
        np.testing.assert_array_equal(h, h.T)
        m = P.hess_sparse(x)
        assert m.dtype == np.float64
        m.data[:] = 0
        np.testing.assert_allclose(P.hess_sparse(x).toarray(), h, atol=1e-14)
        x = x + 0.01


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[0] ** 2,
        lambda x: np.sum(x**2, keepdims=True),
        lambda x: x[:1] ** 2,
        lambda x: np.array(x[0] ** 2),
        lambda x: [x[0] ** 2],
        lambda x: (x @ x).reshape(1, 1),
        lambda x: np.float32(2.0) * x[0],
    ],
)
def test_one_number_in_any_form(f):
    P = objective(f)
    for k in range(3):
        assert P.fun([1.0 + k, 2.0]) == float(np.asarray(f(np.array([1.0 + k, 2.0]))).reshape(()))
        assert P.jac([1.0 + k, 2.0])[0] != 0
    assert optimize.minimize(P, [1.0, 2.0], jac=P.jac, options={"maxiter": 2}).nfev


def test_integers_lists_and_numbers():
    P = objective(lambda x: np.sum((x - 1.0) ** 2))
    assert P([2, 3]) == 5.0 and P((2, 3)) == 5.0 and P(np.array([2, 3])) == 5.0
    assert P.jac(np.array([2, 3], np.int8)).dtype == np.float64
    assert P(3) == 4.0 and P.jac(np.float32(3)).shape == (1,)
    assert P.minimize(3).success and P.minimize([0, 5]).success
    assert P.minimize(np.array(3)).x.shape == (1,)


def test_a_value_that_does_not_depend_on_x():
    for f in (lambda x: 3.0, lambda x: 3, lambda x: np.sum(np.floor(x))):
        P = objective(f)
        for k in range(3):
            P.fun(X + k)
            np.testing.assert_array_equal(P.jac(X + k), 0)
            np.testing.assert_array_equal(P.hess(X + k), 0)


@pytest.mark.parametrize("f", [lambda x: x**2, lambda x: (x[0], x[1]), lambda x: {"a": x[0]}])
def test_several_numbers_are_refused(f):
    P = objective(f)
    for ask in (P.fun, P.jac, P.hess):
        with pytest.raises(NotScalarError, match="one number"):
            ask(X)


@pytest.mark.parametrize("f", [lambda x: None, lambda x: "text", lambda x: 1j * x[0]])
def test_what_is_no_number_is_refused(f):
    with pytest.raises(NotScalarError, match="must return"):
        objective(f).fun(X)


def test_other_shapes_of_x_are_refused():
    P = objective()
    for x in ({"a": 1.0}, np.ones((2, 2)), [np.ones(2), np.ones(3)]):
        with pytest.raises(StructureError, match="like="):
            P.fun(x)


# -- the cache -----------------------------------------------------------------------------


def test_gradients_reuse_points_and_points_gradients():
    P = objective()
    P.fun(X), P.jac(X.copy()), P.jac(X), P.fun(X)
    assert (P.counts.fun, P.counts.grad, P.counts.hits) == (1, 1, 2)
    P.jac(2 * X), P.fun(2 * X)  # the derivative first
    assert (P.counts.fun, P.counts.grad, P.counts.hits) == (2, 2, 3)
    assert P.counts.calls == {"fun": 1, "grad": 1, "fun_and_grad": 1}
    P.fun(X)  # the last but one
    assert P.counts.fun == 2
    P.fun(3 * X), P.fun(2 * X)
    assert P.counts.fun == 4


def test_values_alone_do_not_pay_for_gradients():
    P = objective()
    optimize.minimize(P, X, method="SLSQP", jac=P.jac)
    assert P.counts.grad < P.counts.fun
    P = objective()
    optimize.minimize(P, X, method="Nelder-Mead")
    assert P.counts.grad == 0 and P.counts.traces == 1


def test_args_are_part_of_the_key():
    P = objective(lambda x, a, b=1.0: np.sum(a * x**2) * b)
    for a in (1.0, 2.0, np.ones(4), 2 * np.ones(4), 0.0, np.float64(3.0)):
        for b in (1.0, -2.0):
            assert P(X, a, b) == pytest.approx(np.sum(a * X**2) * b)
            np.testing.assert_allclose(P.jac(X, a, b), 2 * a * X * b)
    assert P(X, 1) == P(X, True) == P(X, 1.0)


def test_arrays_that_change_in_place():
    P, a, x = objective(lambda x, a: np.sum(a * x)), np.ones(4), X.copy()
    assert P(x, a) == pytest.approx(np.sum(X))
    a[0] = 5
    assert P(x, a) == pytest.approx(np.sum(a * X))
    x[0] = 7
    assert P(x, a) == pytest.approx(np.sum(a * x))
    options = {"a": [1.0, a]}
    Q = objective(lambda x, o: np.sum(o["a"][0] * o["a"][1] * x))
    first = Q(x, options)
    options["a"][0] = 2.0
    assert Q(x, options) == pytest.approx(2 * first)
    a[:] = 0
    assert Q(x, options) == 0


@pytest.mark.parametrize("make", [np.array, lambda a: np.asfortranarray(a), lambda a: a[::-1, 1:]])
def test_large_arrays_are_compared_by_value(make):
    data = make(np.random.default_rng(0).standard_normal((600, 13)))
    other = np.ones((200, 100), np.float32)
    P = objective(lambda x, a, b: np.sum(a) * np.sum(x**2) + b[0, 0])
    expected = lambda: np.sum(data) * np.sum(X**2) + other[0, 0]
    for k in range(4):
        for _ in range(2):
            assert P(X, data, other) == pytest.approx(expected(), rel=1e-10)
            assert P(X, data.copy(), other.copy()) == pytest.approx(expected(), rel=1e-10)
        assert P.counts.fun == 2 * k + 1
        data[-1, -1] += 1.0
        assert P(X, data, other) == pytest.approx(expected(), rel=1e-10)
        other[0, 0] += 2.0
    assert key_of((np.zeros((100, 50)),)) != key_of((np.zeros((50, 100)),))


class Model:
    def __init__(self, scale):
        self.scale = scale


def test_objects_as_args_by_their_state():
    P, model = objective(lambda x, m: m.scale * np.sum(x)), Model(1.0)
    first = P(X, model)
    model.scale = 2.0
    assert P(X, model) == pytest.approx(2 * first)
    assert P(X, model) and P.counts.hits == 1


def test_what_has_no_key_is_not_kept():
    with pytest.raises(NoKey):
        key_of((X, threading.Lock()))
    scale = 1.0
    factor = lambda x: scale * x
    P = objective(lambda x, h: np.sum(h(x)), compile=False)
    first = P(X, factor)
    scale = 2.0
    assert P(X, factor) == pytest.approx(2 * first)


def test_keys_tell_values_apart():
    x = np.zeros(2)
    keys = [
        key_of((x, a))
        for a in (0.0, -0.0, 0, False, np.float32(0), None, "", b"", (), [], {}, np.zeros(1))
    ]
    assert all(k != other for i, k in enumerate(keys) for other in keys[:i])
    assert key_of((-x,)) != key_of((x,))
    assert key_of((np.array([np.nan]),)) == key_of((np.array([np.nan]),))
    assert key_of((x, np.zeros((2, 1)))) != key_of((x, np.zeros((1, 2))))
    assert key_of((x, np.zeros(2, "f4"))) != key_of((x, np.zeros(1)))


def test_without_a_cache():
    P = objective(cache=0)
    P.fun(X), P.fun(X), P.jac(X), P.jac(X)
    assert P.counts.hits == 0 and P.counts.fun == 4


def test_forget():
    weights = np.ones(4)
    P = objective(lambda x: np.sum(weights * x), compile=False)
    first = P(X)
    weights *= 2
    assert P(X) == first
    P.forget()
    assert P(X) == pytest.approx(2 * first)


def test_a_function_that_writes_to_its_argument():
    def f(x):
        x -= 1.0
        return np.sum(x**2)

    for compile in (True, False):
        P = objective(f, compile=compile)
        for k in range(4):
            x = X + k
            assert P.fun(x.copy()) == pytest.approx(np.sum((x - 1) ** 2))
            np.testing.assert_allclose(P.jac(x.copy()), 2 * (x - 1))
            value, gradient = P.fun_and_jac(x + 0.5)
            assert value == pytest.approx(np.sum((x - 0.5) ** 2))
            np.testing.assert_allclose(gradient, 2 * (x - 0.5))


# -- NaN -----------------------------------------------------------------------------------


def root_of_first(x):
    return np.sqrt(x[0]) + x[1] ** 2


@pytest.mark.parametrize("compile", [True, False])
def test_nan(compile):
    bad = np.array([-1.0, 2.0])
    with np.errstate(invalid="ignore"):
        P = objective(root_of_first, compile=compile)
        for _ in range(3):
            with pytest.raises(NotANumberError, match=r"value of root_of_first.*-1\."):
                P.fun(bad)
            with pytest.raises(NotANumberError):
                P.jac(bad)
        P = objective(root_of_first, nan="inf", compile=compile)
        assert P.fun(bad) == np.inf and P.fun(bad) == np.inf
        assert np.isnan(P.jac(bad)[0])
        P = objective(root_of_first, nan="pass", compile=compile)
        assert np.isnan(P.fun(bad)) and np.isnan(P.fun(bad))
        assert P.counts.fun == 1  # a NaN is found again
        assert np.isnan(P.hess(bad)[0, 0])


def test_nan_of_a_derivative_alone():
    h = dr.custom(lambda x: x**2, jvp=lambda p, t: (p[0] ** 2, t[0] * np.nan))
    for compile in (True, False):
        P = objective(lambda x: np.sum(h(x)), compile=compile)
        for _ in range(3):
            assert P.fun(X) == pytest.approx(np.sum(X**2))
            with pytest.raises(NotANumberError, match="gradient"):
                P.jac(X)
        P = objective(lambda x: np.sum(h(x)), nan="inf", compile=compile)
        assert np.isnan(P.jac(X)).all()


def test_nan_in_x():
    P = objective(lambda x: np.sum(np.where(np.isnan(x), 0.0, x) ** 2))
    x = np.array([np.nan, 2.0])
    assert P(x) == 4.0 and P(np.array([3.0, 2.0])) == 13.0 and P(x) == 4.0
    assert P.counts.hits == 1


def test_large_numbers_are_no_nan():
    P = objective(lambda x: 1e300 * x[0] - 1e300 * x[1], compile=False)
    np.testing.assert_array_equal(P.jac(X)[:2], [1e300, -1e300])
    assert not has_nan(np.array([[np.inf, -np.inf]])) and not has_nan(np.full(9000, -1e300))
    assert has_nan(np.array([[np.inf, np.nan]])) and not has_nan(np.zeros(0))


def test_an_infinite_value_is_no_nan():
    P = objective(lambda x: np.where(x[0] > 0, x[0], np.inf))
    assert P([-1.0]) == np.inf


# -- check, adopt, eager -----------------------------------------------------------------------


def test_check_once():
    calls = []

    def f(x):
        calls.append(1)
        return np.sum(np.cos(x))

    P = objective(f, check=True, compile=False)
    P.jac(X)
    many = len(calls)
    P.jac(2 * X)
    assert many > 20 and len(calls) <= many + 2

    P = objective(lambda x: np.sum(x**2 * dr.stop_gradient(x)), check=True)
    for _ in range(2):
        with pytest.raises(CheckError, match="Taylor"):
            P.jac(X)
    R = dr.scipy.Residuals(lambda x: x**2 * dr.stop_gradient(x), check=True)
    with pytest.raises(CheckError):
        R.jac(X)
    assert dr.scipy.Residuals(decay, check=True).jac([1.0, 1.0, 0.0]).shape == (30, 3)


def test_a_function_that_cannot_be_compiled_says_so_once():
    rng = np.random.default_rng(0)

    def noisy(x):
        return np.sum(x**2) + rng.standard_normal()

    P = objective(noisy)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for k in range(20):
            P.fun(X + k), P.jac(X + k), P.hess(X + k), P.hessp(X + k, X)
    assert [w.category for w in seen] == [dr.CompilationWarning]
    assert "noisy" in str(seen[0].message) and "same at every call" in str(seen[0].message)
    assert P.eager and P.eager in P.report()

    P = objective(noisy)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for k in range(20):
            np.testing.assert_allclose(P.jac(X + k), 2 * (X + k))
            P.fun(2 * X + k)
    assert P.eager


def test_eager_products_keep_the_linearisation():
    P = objective(compile=False)
    for p in np.eye(4):
        np.testing.assert_allclose(P.hessp(X, p), optimize.rosen_hess(X) @ p)
    assert P.counts.linearize == 1 and P.counts.hvp == 4
    np.testing.assert_allclose(P.hess_sparse(X).toarray(), optimize.rosen_hess(X))


def test_lists_of_numbers_are_compiled():
    def f(x):
        y = np.array([x[0] ** 2, x[1] * x[2], x[3]])
        return np.sum(y * y)

    P = objective(f)
    for k in range(30):
        assert P.fun(X + k) == pytest.approx(f(X + k))
    assert P.eager is None and P.counts.traces == 1


def test_branches_are_kept_side_by_side():
    def f(x):
        if x[0] > 0:
            return np.sum(x**2)
        return np.sum(x**4)

    P = objective(f)
    for k in range(6):
        x = X * (-1) ** k * (1 + k)
        assert P.fun(x) == pytest.approx(f(x))
        np.testing.assert_allclose(P.jac(x), 2 * x if x[0] > 0 else 4 * x**3)
    assert P.counts.specialisations == 4 and P.eager is None


# -- threads and pickles -----------------------------------------------------------------------


def test_threads():
    P = objective()
    points = [X + 0.01 * k for k in range(200)]

    def work(x):
        assert P.fun(x) == pytest.approx(rosenbrock(x))
        np.testing.assert_allclose(P.jac(x), optimize.rosen_der(x), rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(P.hess(x), optimize.rosen_hess(x), rtol=1e-10)
        assert P.fun(x) == pytest.approx(rosenbrock(x))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, points))
    assert P.counts.fun == P.counts.grad == P.counts.hess == 200
    assert P.counts.hits == 200


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda P: pickle.loads(pickle.dumps(P))]
)
def test_pickles(copied):
    P = dr.scipy.Objective(rosenbrock, nan="inf", cache=3)
    P.jac(X)
    Q = copied(P)
    assert Q.settings == P.settings and Q.counts.fun == 0
    np.testing.assert_array_equal(Q.jac(X), P.jac(X))
    assert pickle.loads(pickle.dumps(P.closed())).fun(X) == P.fun(X)
    jac = pickle.loads(pickle.dumps(P.closed().jac))
    np.testing.assert_array_equal(jac(X), P.jac(X))
    for other in (dr.scipy.Residuals(decay), dr.scipy.Constraint(decay, 0.0, 1.0)):
        np.testing.assert_array_equal(copied(other).fun(X), other.fun(X))
    shaped = P.shaped({"a": np.ones(2), "b": 1.0})
    assert copied(shaped).parameters == shaped.parameters
    made = dr.scipy.Constraint(decay, 0.0, 1.0).as_dict()[0]
    assert pickle.loads(pickle.dumps(made))["fun"](X).shape == (60,)


def test_closed():
    P = objective(lambda x, a, b: np.sum(a * x**2) + b)
    Q = P.closed((2.0, 1.0))
    assert Q(X) == Q.fun(X) == P(X, 2.0, 1.0)
    np.testing.assert_array_equal(Q.hessp(X, X), P.hessp(X, X, 2.0, 1.0))
    np.testing.assert_array_equal(Q.hess(X), P.hess(X, 2.0, 1.0))
    with pytest.raises(AttributeError):
        _ = Q.minimize


# -- counts and reports ------------------------------------------------------------------------


def test_counts_and_report():
    P = objective()
    found = P.minimize(X, "trust-krylov")
    counts = found.counts
    assert counts.grad <= found.njev and counts.hess <= found.nhev + 1
    assert counts.jac == 0
    assert counts.replays > counts.traces >= 2
    assert set(counts.seconds) == set(counts.calls) == set(counts.best)
    text = P.report()
    assert text.startswith("objective rosenbrock\ncompiled")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(line) for line in rows}) == 1  # aligned
    assert "Counts(fun=" in repr(P)
    again = P.minimize(X, "trust-krylov").counts  # of this run alone
    assert again.traces == 0 and again.fun == counts.fun
    assert pickle.loads(pickle.dumps(found)).counts == found.counts == copy.deepcopy(counts)


def test_a_dear_gradient_is_said():
    ledger = Ledger()
    tally = ledger.tally()
    for _ in range(5):
        tally.add("fun", 1.0)
        tally.add("grad", 11.0)
    assert "warning: a gradient costs 11.0 f" in report_of("title", ledger.read(), "a reason", [])


def test_progress(monkeypatch, capsys):
    P = objective(progress=True)
    P.minimize(X)
    assert capsys.readouterr().err == ""  # no terminal
    import sys

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("dualrev.callbacks.progress._INTERVAL", 0.0)
    P = objective(progress=True)
    P.minimize(X)
    text = capsys.readouterr().err
    assert "evaluations, value" in text and "|g|" in text and "\n" not in text


def test_the_names_are_found_and_load_nothing_by_themselves():
    import subprocess
    import sys

    code = "import sys, dualrev; print('dualrev.callbacks' in sys.modules, 'Objective' in dir(dualrev.scipy))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_refused_options():
    with pytest.raises(UnsupportedArgumentError, match="raise"):
        dr.scipy.Residuals(decay, nan="ignore")


def test_eager_values_are_taped_where_gradients_follow():
    runs = []

    def f(x):
        runs.append(1)
        return rosenbrock(x)

    P = objective(f, compile=False)
    for k in range(10):
        x = X + k
        assert P.fun(x) == rosenbrock(x)
        np.testing.assert_allclose(P.jac(x), optimize.rosen_der(x))
    assert len(runs) == 11 and P.counts.fun == P.counts.grad == 10
    for k in range(40):  # values alone: no tapes any more
        P.fun(X - k)
    assert not any("recording" in point for _, point in P._state.points)
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isnan(objective(root_of_first, compile=False, nan="pass").jac([-1.0, 1.0])[0])
    P = objective(lambda x: 3, compile=False)
    for k in range(3):
        assert P.fun(X + k) == 3.0
        np.testing.assert_array_equal(P.jac(X + k), 0)


def test_a_compiled_function_and_methods():
    class Model:
        def __init__(self):
            self.scale = 2.0

        def loss(self, x):
            return self.scale * np.sum(x**2)

    for f in (dr.compile(rosenbrock), Model().loss, np.linalg.norm):
        P = objective(f)
        for k in range(3):
            np.testing.assert_allclose(P.jac(X + k), dr.grad(f)(X + k))
            assert P.fun(X + k) == pytest.approx(float(f(X + k)))


def test_a_global_that_changes_is_seen():
    model = Model(1.0)
    P = objective(lambda x: model.scale * np.sum(x))
    for k in range(6):
        model.scale = float(k // 2)
        assert P.fun(X + k) == pytest.approx(model.scale * np.sum(X + k))
        np.testing.assert_allclose(P.jac(X + k), model.scale)


def test_adopt():
    import math

    def f(x):
        return math.exp(x[0]) + math.sin(x[1])

    P = objective(f, adopt=True)
    for k in range(3):
        x = X + k
        assert P.fun(x) == pytest.approx(f(x))
        np.testing.assert_allclose(P.jac(x), [math.exp(x[0]), math.cos(x[1]), 0, 0])


def test_few_calls_are_not_compiled(monkeypatch):
    """A program costs as much as some calls: it is recorded when these have been made."""
    monkeypatch.setattr(programs, "WAITS", 5)
    monkeypatch.setattr(programs, "WAITS_OF_VALUES", 8)
    P = dr.scipy.Objective(lambda x: np.sum(x**4), cache=0)
    for k in range(12):
        x = np.full(3, 1.0 + k)
        np.testing.assert_allclose(P.grad(x), 4 * x**3)
        assert P.fun(x) == np.sum(x**4)
        if k == 4:
            assert P.counts.traces == 0 and "so far" in P.report()
    assert P.counts.traces == 2 and P.counts.replays == 12 + 12 - 2 - 5 - 8


def test_the_users_buffer_is_not_kept():
    buffer = np.zeros(3)

    def r(x):
        buffer[:] = x**2
        return buffer

    a, b = np.array([1.0, 2.0, 3.0]), np.full(3, 2.0)
    for compiled in (False, True):
        for made in (dr.scipy.Residuals, dr.scipy.Root):
            R = made(r, compile=compiled)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = R.fun(a), R.fun(b), R.fun(a)
            np.testing.assert_array_equal(found, [a**2, b**2, a**2])
