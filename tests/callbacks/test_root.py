"""`Root` and `ScalarRoot`: every method of SciPy's, exact products, fewer evaluations."""

import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import optimize

import dualrev as dr
from dualrev.callbacks import krylov
from dualrev.callbacks.root import METHODS
from dualrev.callbacks.scalar_root import ORDERS


def broyden(x):
    """Broyden's tridiagonal equations."""
    y = (3.0 - 2.0 * x) * x + 1.0
    y[1:] -= x[:-1]
    y[:-1] -= 2.0 * x[1:]
    return y


def mild(x):
    return x - 0.3 * np.cos(x) - 0.1 * np.roll(x, 1)


def bratu(u):
    m = u.shape[0]
    v = np.pad(u, 1)
    around = v[2:, 1:-1] + v[:-2, 1:-1] + v[1:-1, 2:] + v[1:-1, :-2]
    return (m + 1) ** 2 * (around - 4.0 * u) + np.exp(u)


class Counted:
    def __init__(self, f):
        self.f, self.calls = f, 0

    def __call__(self, *args):
        self.calls += 1
        return self.f(*args)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_of_root(method):
    F = dr.scipy.Root(mild)
    if method.endswith("mixing"):  # which need another equation, and take no derivatives
        assert F.kw(method) == {}
        return
    found = optimize.root(F, np.zeros(20), method=method, **F.kw(method))
    assert found.success
    assert np.max(np.abs(mild(found.x))) < 1e-4
    again = F.solve(np.zeros(20), method.upper())
    np.testing.assert_allclose(again.x, found.x, atol=1e-4)
    assert again.counts.traces == 0  # the programs are kept


@pytest.mark.parametrize("method", ["hybr", "lm"])
def test_fewer_evaluations_than_differences(method):
    F, f = dr.scipy.Root(broyden), Counted(broyden)
    ours = F.solve(np.full(30, -1.0), method)
    theirs = optimize.root(f, np.full(30, -1.0), method=method)
    np.testing.assert_allclose(ours.x, theirs.x, atol=1e-8)
    assert ours.counts.fun * 3 < f.calls
    assert ours.counts.fun <= ours.nfev + 1


def test_args_are_part_of_what_is_known():
    F = dr.scipy.Root(lambda x, a: x**2 - a)
    x = np.array([1.0, 2.0])
    assert F.fun(x, 1.0)[0] == 0.0 and F.fun(x, 4.0)[0] == -3.0 and F.fun(x, 1.0)[0] == 0.0
    for method in ("hybr", "lm", "krylov"):
        a = np.array([2.0, 3.0])
        found = F.solve(x, method, args=(a,))
        np.testing.assert_allclose(found.x, np.sqrt(a), rtol=1e-5)
        found = optimize.root(F, x, args=(a,), method=method, **F.kw(method))
        np.testing.assert_allclose(found.x, np.sqrt(a), rtol=1e-5)


def test_fsolve_and_pair():
    F = dr.scipy.Root(broyden)
    x0 = np.full(8, -1.0)
    x = optimize.fsolve(F, x0, fprime=F.fprime)
    np.testing.assert_allclose(F.fsolve(x0), x)
    found = optimize.root(F.fun_and_jac, x0, jac=True)
    np.testing.assert_allclose(found.x, x)
    found = optimize.root(F, x0, jac=lambda x: F.Dfun(x), options={"col_deriv": F.col_deriv})
    np.testing.assert_allclose(found.x, x)


def test_structured_unknowns():
    def circle(u):
        return {"r": u["r"] ** 2 - np.sum(u["p"] ** 2), "p": u["p"] - u["q"][0], "q": u["q"] - 3.0}

    F = dr.scipy.Root(circle)
    found = F.solve({"r": 4.0, "p": np.ones(2), "q": np.ones((1, 2))})
    assert found.success
    np.testing.assert_allclose(found.params["q"], [[3.0, 3.0]])
    np.testing.assert_allclose(found.params["r"], np.sqrt(18.0))
    with pytest.raises(dr.errors.StructureError, match="shape"):
        dr.scipy.Root(lambda u: {"a": np.zeros(3) * u["a"][0]}).solve({"a": np.zeros(2)})


def test_lists_of_numbers():
    F = dr.scipy.Root(lambda x: [x[0] + x[1] - 3.0, x[0] * x[1] - 2.0])
    np.testing.assert_allclose(sorted(F.solve([0.5, 3.0]).x), [1.0, 2.0])
    assert F.jac([1.0, 2.0]).tolist() == [[1.0, 1.0], [2.0, 1.0]]


# -- Newton-Krylov ---------------------------------------------------------------------------


def test_newton_krylov_of_bratu():
    F, f = dr.scipy.Root(bratu), Counted(bratu)
    u0 = np.zeros((12, 12))
    u = dr.scipy.newton_krylov(F, u0, f_tol=1e-9)
    theirs = optimize.newton_krylov(f, u0, f_tol=1e-9)
    np.testing.assert_allclose(u, theirs, atol=1e-8)
    shaped = F.shaped(u0)
    assert shaped.counts.fun < 12 and shaped.counts.fun * 8 < f.calls
    assert shaped.counts.jvp > 0


@pytest.mark.parametrize("method", ["lgmres", "gmres", "bicgstab", "tfqmr"])
def test_linear_solvers(method):
    u = dr.scipy.newton_krylov(bratu, np.zeros((5, 5)), method=method, f_tol=1e-8)
    assert np.max(np.abs(bratu(u))) < 1e-8


def test_without_private_parts_of_scipy(monkeypatch):
    monkeypatch.setattr(krylov, "_nonlin_solve", None)
    F = dr.scipy.Root(bratu)
    for method in ("lgmres", "gmres"):
        u = F.newton_krylov(np.zeros((8, 8)), method=method, f_tol=1e-8)
        assert np.max(np.abs(bratu(u))) < 1e-8
    assert F.counts.fun < 40
    monkeypatch.setattr(krylov, "ExactKrylov", None)
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="newton_krylov"):
        F.krylov()


def test_krylov_object_and_preconditioner():
    from scipy.optimize._nonlin import KrylovJacobian, nonlin_solve

    F = dr.scipy.Root(mild)
    jacobian = F.krylov(inner_maxiter=5)
    assert isinstance(jacobian, KrylovJacobian)
    x = nonlin_solve(F, np.zeros(9), jacobian, f_tol=1e-8)
    assert np.max(np.abs(mild(x))) < 1e-8
    x = F.newton_krylov(np.zeros(9), inner_M=np.eye(9), f_tol=1e-8, inner_maxiter=6)
    assert np.max(np.abs(mild(x))) < 1e-8


def test_without_what_is_known_at_points_scipy_takes_differences():
    F = dr.scipy.Root(mild, cache=0)
    found = optimize.root(F, np.zeros(9), method="krylov", **F.kw("krylov"))
    assert found.success and F.counts.jvp == 0


def test_what_newton_krylov_raises():
    with pytest.raises(optimize.NoConvergence):
        dr.scipy.newton_krylov(lambda x: x**2 + 1.0, np.ones(3), maxiter=3)
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="rdiff"):
        dr.scipy.newton_krylov(mild, np.ones(3), rdiff=1e-8)


# -- what all have in common -------------------------------------------------------------------


def test_errors_are_named():
    with pytest.raises(dr.errors.StructureError, match="3 values for 2 unknowns"):
        dr.scipy.Root(lambda x: np.concatenate([x, x[:1]])).solve([1.0, 2.0])
    with pytest.raises(dr.errors.NotANumberError, match="NaN"):
        dr.scipy.Root(lambda x: np.sqrt(np.abs(x)) * np.nan).solve([1.0, 2.0])
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="hybr"):
        dr.scipy.Root(mild).kw("newton")
    with pytest.raises(dr.errors.StructureError, match="like="):
        dr.scipy.Root(lambda x: {"a": x}).fun([1.0])


def test_results_are_new_arrays():
    F = dr.scipy.Root(broyden)
    x = np.full(4, -1.0)
    for callback in (F.fun, F.jac, F.Dfun):
        first = callback(x)
        kept = first.copy()
        first[:] = 7.0
        np.testing.assert_array_equal(callback(x), kept)
        assert callback(x).dtype == np.float64 and callback(x).flags.c_contiguous


def test_check_pickle_threads():
    F = pickle.loads(pickle.dumps(dr.scipy.Root(broyden, check=True)))
    assert F.solve(np.full(5, -1.0)).success
    with ThreadPoolExecutor(4) as pool:
        roots = list(pool.map(lambda a: F.solve(np.full(5, a)).x, [-1.0, -0.9, -0.8, -0.7]))
    for x in roots:
        np.testing.assert_allclose(x, roots[0], atol=1e-6)
    wrong = dr.scipy.Root(lambda x: x**2 - dr.stop_gradient(x), check=True)
    with pytest.raises(dr.errors.CheckError):
        wrong.solve([2.0, 3.0])
    assert "jac" in F.report()


# -- one equation ------------------------------------------------------------------------------


def cubic(x, a):
    return x**3 - a


@pytest.mark.parametrize("method", ORDERS)
def test_every_method_of_root_scalar(method):
    f = dr.scipy.ScalarRoot(cubic)
    given = {"x0": 1.2, "x1": 1.4} if method in ("newton", "halley", "secant") else {}
    given = given or {"bracket": (0.5, 2.0)}
    if method in ("newton", "halley"):
        del given["x1"]
    found = optimize.root_scalar(f, args=(2.0,), method=method, **given, **f.kw(method))
    assert found.converged and abs(found.root - 2.0 ** (1 / 3)) < 1e-9
    again = f.solve(method=method, args=2.0, **given)
    assert again.root == found.root
    assert f.counts.prime == 0 or ORDERS[method] > 0
    assert f.counts.fun <= 2 * found.function_calls + 1


def test_one_sweep_gives_all():
    f = dr.scipy.ScalarRoot(lambda x: np.exp(x) * np.sin(x))
    value, first, second = f.jet(0.7)
    assert f.counts.calls == {"fun_prime_and_prime2": 1}
    e, s, c = np.exp(0.7), np.sin(0.7), np.cos(0.7)
    np.testing.assert_allclose([value, first, second], [e * s, e * (s + c), 2 * e * c], rtol=1e-14)
    assert all(type(y) is float for y in (value, first, second))
    assert f(0.7) == value and f.fprime(0.7) == first and f.counts.hits >= 2


def test_derivatives_of_the_first_order_where_scipy_takes_pairs():
    f = dr.scipy.ScalarRoot(cubic)
    for function, more in ((f.fun_and_fprime, {"fprime": True}), (f.jet, {"fprime2": True})):
        found = optimize.root_scalar(function, args=(2.0,), x0=1.0, **more)
        assert found.converged


def test_arrays_of_equations():
    f = dr.scipy.ScalarRoot(cubic)
    a = np.array([[1.0, 8.0], [27.0, 64.0]])
    for order in (1, 2):
        x = optimize.newton(f, np.full((2, 2), 2.0), args=(a,), **f.kw(order))
        np.testing.assert_allclose(x, np.cbrt(a))
    np.testing.assert_allclose(f.solve(np.full((2, 2), 2.0), "halley", args=(a,)), np.cbrt(a))
    assert f.fprime2(np.ones((2, 2)), a).tolist() == [[6.0, 6.0], [6.0, 6.0]]


def test_kinds_of_results():
    for f in (
        lambda x: np.array([x - 1.0]),
        lambda x: x * 1 - 1,
        lambda x: np.asarray(0.0) + x - 1,
    ):
        found = dr.scipy.ScalarRoot(f).solve(0.5)
        assert abs(found.root - 1.0) < 1e-12
    constant = dr.scipy.ScalarRoot(lambda x: 3.0)
    assert constant.jet(1.0) == (3.0, 0.0, 0.0)
    assert constant.fprime(np.ones(3)).tolist() == [0.0, 0.0, 0.0]


def test_errors_of_one_equation():
    with pytest.raises(dr.errors.StructureError, match=r"dr.scipy.Root"):
        dr.scipy.ScalarRoot(lambda x: np.array([x, x])).solve(1.0)
    with pytest.raises(dr.errors.NotANumberError):
        dr.scipy.ScalarRoot(lambda x: x * np.nan).solve(1.0)
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="newton"):
        dr.scipy.ScalarRoot(cubic).kw("broyden")
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="real"):
        dr.scipy.ScalarRoot(cubic).fun(1j, 1.0)
    with pytest.raises(dr.errors.CheckError):
        dr.scipy.ScalarRoot(lambda x: x**2 - dr.stop_gradient(x), check=True).solve(3.0)
    right = dr.scipy.ScalarRoot(lambda x: x**2 - 2.0, check=True)
    assert right.solve(3.0).converged and pickle.loads(pickle.dumps(dr.scipy.ScalarRoot(cubic)))
