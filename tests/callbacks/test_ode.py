"""`ODE`: exact Jacobians for all integrators, dense, sparse, banded and constant."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import integrate, sparse

import dualrev as dr
from dualrev.callbacks.ode import METHODS
from dualrev.callbacks.race import Race

IMPLICIT = ["Radau", "BDF", "LSODA"]


def van_der_pol(t, y, mu):
    return [y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]]


def brusselator(t, y):
    """Species interleaved, so that the Jacobian is a band: two below, two above."""
    u, v = y[::2], y[1::2]
    c = 0.02 * (u.size + 1) ** 2
    left, right = np.ones(1), 3.0 * np.ones(1)
    uu, vv = np.concatenate([left, u, left]), np.concatenate([right, v, right])
    du = 1.0 + u**2 * v - 4.0 * u + c * (uu[2:] - 2.0 * u + uu[:-2])
    dv = 3.0 * u - u**2 * v + c * (vv[2:] - 2.0 * v + vv[:-2])
    return np.stack([du, dv], axis=1).reshape(-1)


def start(n):
    x = np.linspace(0.0, 1.0, n // 2 + 2)[1:-1]
    return np.stack([1.0 + np.sin(2 * np.pi * x), 3.0 + 0 * x], axis=1).reshape(-1)


def heat(t, y):
    p = np.concatenate([[0.0], y, [np.sin(t)]])
    return (y.size + 1) ** 2 * (p[2:] - 2.0 * y + p[:-2])


def differences(f, t, y, *args):
    h = 1e-6
    return np.stack(
        [
            (np.array(f(t, y + h * e, *args)) - np.array(f(t, y - h * e, *args))) / (2 * h)
            for e in np.eye(y.size)
        ],
        axis=1,
    )


class Counted:
    def __init__(self, f):
        self.f, self.calls = f, 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


@pytest.mark.parametrize("method", METHODS)
def test_every_method(method):
    P = dr.scipy.ODE(van_der_pol)
    y0 = [2.0, 0.0]
    theirs = integrate.solve_ivp(
        van_der_pol, (0, 10), y0, method, args=(5.0,), rtol=1e-8, atol=1e-8
    )
    for keywords in (P.kw(method), P.kw(method, y0, 0.0, (5.0,))):
        ours = integrate.solve_ivp(
            P.fun, (0, 10), y0, method, args=(5.0,), rtol=1e-8, atol=1e-8, **keywords
        )
        np.testing.assert_allclose(ours.y[:, -1], theirs.y[:, -1], atol=1e-5)
    found = P.solve((0, 10), y0, method, args=5.0, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(found.y[:, -1], theirs.y[:, -1], atol=1e-5)
    assert found.counts.fun == found.nfev
    if method != "LSODA":  # which finds that this one is not stiff
        assert (found.counts.jac + found.counts.hits > 0) == (method in IMPLICIT)


@pytest.mark.parametrize("method", IMPLICIT)
@pytest.mark.parametrize("n", [40, 240])
def test_fewer_evaluations_than_differences(method, n):
    P, f = dr.scipy.ODE(brusselator), Counted(brusselator)
    ours = P.solve((0, 2), start(n), method)
    theirs = integrate.solve_ivp(f, (0, 2), start(n), method)
    np.testing.assert_allclose(ours.y[:, -1], theirs.y[:, -1], atol=1e-3)
    assert ours.counts.fun * 1.3 < f.calls
    assert P.eager is None
    if method == "LSODA":
        assert P.kw(method, start(n))["lband"] == 2 and ours.counts.jac_columns > 0
    else:
        assert sparse.issparse(P.jac_auto(0.0, start(n))) == (n > 100)


def test_jacobians_agree():
    n = 24
    P, y = dr.scipy.ODE(brusselator), start(n) + 0.1
    right = differences(brusselator, 0.3, y)
    dense, packed = P.jac(0.3, y), P.jac_banded(0.3, y)
    compressed = P.jac_sparse(0.3, y)
    np.testing.assert_allclose(dense, right, atol=1e-5)
    assert isinstance(compressed, sparse.csc_array)
    np.testing.assert_allclose(compressed.toarray(), dense, rtol=1e-13, atol=1e-13)
    assert P.bands(0.3, y) == (2, 2) and packed.shape == (5, n)
    for i in range(n):
        for j in range(n):
            if abs(i - j) <= 2:
                assert abs(packed[2 + i - j, j] - dense[i, j]) < 1e-12
    for matrix in (dense, packed):
        assert matrix.flags.c_contiguous and matrix.dtype == np.float64
        matrix[:] = 0.0
    assert P.jac(0.3, y).any() and P.jac_banded(0.3, y).any()


def test_bands_that_are_not_symmetric():
    def f(t, y):
        return np.concatenate([y[:-2] * y[2:], y[-2:] ** 2]) + 0.5 * np.concatenate([[0.0], y[:-1]])

    P, y = dr.scipy.ODE(f), np.linspace(0.5, 1.5, 9)
    assert P.bands(0.0, y) == (1, 2)
    dense, packed = differences(f, 0.0, y), P.jac_banded(0.0, y)
    for i in range(9):
        for j in range(max(0, i - 1), min(9, i + 3)):
            assert abs(packed[2 + i - j, j] - dense[i, j]) < 1e-7


def test_entries_outside_of_the_band_are_refused():
    def f(t, y):
        return -y if t < 1.0 else -y[::-1]

    P = dr.scipy.ODE(f)
    assert P.bands(0.0, np.ones(12)) == (0, 0)
    P.jac_banded(0.5, np.ones(12))
    with pytest.raises(dr.errors.StructureError, match="outside of its band"):
        P.jac_banded(2.0, np.ones(12))


A = np.array([[-2.0, 1.0], [1.0, -2.0]])


@pytest.mark.parametrize(
    ("rhs", "is_constant"),
    [
        (lambda t, y: A @ y, True),
        (lambda t, y: A @ y + np.sin(t) * np.ones(2), True),
        (lambda t, y: [y[1], -y[0]], True),
        (lambda t, y: [y[1], -y[0] + np.cos(3 * t)], True),
        (lambda t, y: np.array([2 * y[1], y[0] / 3 + t]), True),
        (lambda t, y: t * (A @ y), False),
        (lambda t, y: [y[1] * t, -y[0]], False),
        (lambda t, y: [y[1] / t, 1.0], False),
        (lambda t, y: -np.abs(y), False),
        (lambda t, y: y**2, False),
        (lambda t, y: A @ y if t < 1 else y, False),
        (lambda t, y: y if y[0] > -10 else 2 * y, False),
        (lambda t, y: np.where(t > 1, y, 0.0), False),
        (lambda t, y: y[np.argsort(np.array([t, 1.0]))], False),
        (lambda t, y: np.maximum(y, -100.0), False),
        (lambda t, y: np.floor(y) + y, False),
    ],
)
def test_constant_jacobians_are_proved(rhs, is_constant):
    P = dr.scipy.ODE(rhs)
    found = P.constant_jac(0.5, [1.0, 2.0])
    assert (found is not None) == is_constant
    if is_constant:
        np.testing.assert_allclose(found, differences(rhs, 0.9, np.array([0.3, -2.0])), atol=1e-8)
        for method in ("Radau", "BDF"):
            solved = P.solve((0.1, 2.0), [1.0, 2.0], method)
            assert solved.success and solved.njev == 0


def test_constant_sparse_jacobian():
    P = dr.scipy.ODE(heat)
    found = P.solve((0, 1), np.zeros(200), "BDF")
    assert found.njev == 0 and sparse.issparse(P.kw("BDF", np.zeros(200))["jac"])
    assert found.counts.jac_sparse <= 1


def test_args_decide_and_are_part_of_what_is_known():
    P = dr.scipy.ODE(lambda t, y, a: a * y)
    assert P.jac(0.0, [1.0], 2.0) == [[2.0]] and P.jac(0.0, [1.0], 3.0) == [[3.0]]
    assert P.jac(0.0, [1.0], np.array([4.0])) == [[4.0]]
    assert P.constant_jac(0.0, [1.0], 2.0) == [[2.0]]
    assert P.constant_jac(0.0, [1.0], 3.0) == [[3.0]]


def test_structured_states():
    def rhs(t, y, k):
        rate = k * y["a"]
        return {"b": rate - 0.5 * y["b"], "a": -rate, "c": [[0.5 * y["b"][0], 0.0]]}

    P = dr.scipy.ODE(rhs)
    y0 = {"a": np.ones(2), "b": np.zeros(2), "c": np.zeros((1, 2))}
    for method in METHODS:
        found = P.solve((0, 3), y0, method, args=(2.0,), t_eval=np.linspace(0, 3, 7), rtol=1e-7)
        np.testing.assert_allclose(found.states["a"][0], np.exp(-2.0 * found.t), rtol=1e-3)
        assert found.states["c"].shape == (1, 2, 7)


def test_events_and_output():
    def low(t, y, a):
        return y["x"] - 0.5

    low.terminal, low.direction = True, -1
    P = dr.scipy.ODE(lambda t, y, a: {"x": -a * y["x"]})
    for method in IMPLICIT:
        found = P.solve((0, 9), {"x": 1.0}, method, args=(1.0,), events=low, dense_output=True)
        assert abs(found.t_events[0][0] - np.log(2.0)) < 2e-3
        assert abs(found.sol(0.3)[0] - np.exp(-0.3)) < 2e-3


@pytest.mark.parametrize("vectorized", [False, True])
@pytest.mark.parametrize("method", ["Radau", "BDF"])
def test_vectorized(vectorized, method):
    def rhs(t, y):
        return (
            np.array([y[1], 5.0 * (1 - y[0] ** 2) * y[1] - y[0]])
            if not vectorized
            else (np.stack([y[1], 5.0 * (1 - y[0] ** 2) * y[1] - y[0]]))
        )

    P = dr.scipy.ODE(rhs, vectorized=vectorized)
    columns = np.array([[2.0, 1.0, 0.5], [0.0, 1.0, 2.0]])
    right = np.stack([P.fun(0.0, c) for c in columns.T], axis=1)
    np.testing.assert_array_equal(P.fun(0.0, columns), right)
    assert P.fun(0.0, columns[:, :1]).shape == (2, 1)
    with_fd = integrate.solve_ivp(P.fun, (0, 5), [2.0, 0.0], method, vectorized=vectorized)
    exact = integrate.solve_ivp(
        P.fun, (0, 5), [2.0, 0.0], method, vectorized=vectorized, **P.kw(method)
    )
    np.testing.assert_allclose(exact.y[:, -1], with_fd.y[:, -1], atol=1e-3)


# -- odeint and ode ---------------------------------------------------------------------------


@pytest.mark.parametrize("tfirst", [False, True])
@pytest.mark.parametrize("col_deriv", [False, True])
def test_odeint(tfirst, col_deriv):
    def rhs(y, t, mu):
        return van_der_pol(t, y, mu)

    t, y0 = np.linspace(0, 5, 11), np.array([2.0, 0.0])
    right = integrate.odeint(rhs, y0, t, args=(5.0,))
    P = dr.scipy.ODE(rhs, tfirst=False)
    f = P.fun if tfirst else (lambda y, t, mu: P.fun(t, y, mu))
    ours = integrate.odeint(
        f, y0, t, (5.0,), Dfun=P.Dfun(tfirst, col_deriv), col_deriv=col_deriv, tfirst=tfirst
    )
    np.testing.assert_allclose(ours, right, atol=1e-5)
    np.testing.assert_allclose(P.odeint(y0, t, (5.0,)), right, atol=1e-5)


@pytest.mark.parametrize("col_deriv", [False, True])
def test_odeint_banded(col_deriv):
    t, y0 = np.linspace(0, 1, 5), start(40)
    P = dr.scipy.ODE(brusselator)
    below, above = P.bands(0.0, y0)
    ours, info = integrate.odeint(
        P.fun, y0, t, Dfun=P.Dfun(True, col_deriv, banded=True), col_deriv=col_deriv, tfirst=True,
        ml=below, mu=above, full_output=True,
    )  # fmt: skip
    right = integrate.odeint(brusselator, y0, t, tfirst=True)
    np.testing.assert_allclose(ours, right, atol=1e-4)
    assert info["message"] == "Integration successful."


@pytest.mark.parametrize("name", ["vode", "lsoda"])
@pytest.mark.parametrize("banded", [False, True])
def test_ode_classes(name, banded):
    P, y0 = dr.scipy.ODE(brusselator), start(40)
    right = integrate.solve_ivp(brusselator, (0, 1), y0, "LSODA", rtol=1e-8, atol=1e-8).y[:, -1]
    below, above = P.bands(0.0, y0)
    solver = integrate.ode(P.fun, P.jac_banded if banded else P.jac)
    options = {"method": "bdf", "with_jacobian": True} if name == "vode" else {}
    if banded:
        options |= {"lband": below, "uband": above}
    solver.set_integrator(name, rtol=1e-8, atol=1e-8, nsteps=5000, **options)
    y = solver.set_initial_value(y0, 0.0).integrate(1.0)
    np.testing.assert_allclose(y, right, atol=1e-5)
    with_args = integrate.ode(dr.scipy.ODE(van_der_pol).fun, dr.scipy.ODE(van_der_pol).jac)
    with_args.set_integrator("lsoda").set_f_params(5.0).set_jac_params(5.0)
    assert np.all(np.isfinite(with_args.set_initial_value([2.0, 0.0], 0.0).integrate(1.0)))


# -- what all have in common -------------------------------------------------------------------


def test_values_are_new_doubles_of_the_right_shape():
    kept = np.zeros(2)

    def reuses(t, y):
        kept[:] = -y
        return kept

    P = dr.scipy.ODE(reuses, compile=False)
    first = P.fun(0.0, [1.0, 2.0])
    P.fun(0.0, [3.0, 4.0])
    assert first.tolist() == [-1.0, -2.0]
    P = dr.scipy.ODE(lambda t, y: [1, 2])
    for _ in range(12):
        assert P.fun(0, [1, 2]).dtype == np.float64
    assert P.jac(0, [1, 2]).tolist() == [[0.0, 0.0], [0.0, 0.0]]


def test_errors_are_named():
    for rhs in (lambda t, y: [y[0]], lambda t, y: {"a": y}, lambda t, y: None):
        P = dr.scipy.ODE(rhs)
        for _ in range(10):
            with pytest.raises(dr.errors.DualrevError):
                P.fun(0.0, [1.0, 2.0])
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="Radau"):
        dr.scipy.ODE(heat).kw("Gear")
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="imaginary"):
        dr.scipy.ODE(heat).solve((0, 1), np.ones(3) + 1j)
    with pytest.raises(dr.errors.DualrevError):
        dr.scipy.ODE(lambda t, y: 1j * y).fun(0.0, [1.0])
    with pytest.raises(dr.errors.NotANumberError):
        dr.scipy.ODE(lambda t, y: y * np.nan, nan="raise").fun(0.0, [1.0])
    assert np.isnan(dr.scipy.ODE(lambda t, y: y * np.nan).fun(0.0, [1.0])).all()
    wrong = dr.scipy.ODE(lambda t, y: dr.stop_gradient(y) * y, check=True)
    with pytest.raises(dr.errors.CheckError):
        wrong.jac(0.0, [1.0, 2.0])


def test_pickle_and_threads():
    P = pickle.loads(pickle.dumps(dr.scipy.ODE(van_der_pol)))
    with ThreadPoolExecutor(4) as pool:
        ends = list(
            pool.map(lambda mu: P.solve((0, 5), [2.0, 0.0], "Radau", args=(mu,)).y[:, -1],
                     [1.0, 2.0, 3.0, 2.0])
        )  # fmt: skip
    np.testing.assert_array_equal(ends[1], ends[3])
    assert "differential equation van_der_pol" in P.report()


def test_a_race_is_won_by_the_faster():
    def slow():
        return sum(range(20_000))

    race = Race(slow, lambda: sum([199990000]))
    results = {race() for _ in range(10)}
    assert race.winner == 1 and len(results) <= 2
