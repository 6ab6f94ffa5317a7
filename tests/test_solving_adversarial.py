"""Solutions where they are hard to differentiate: each of these once gave a wrong number or no help."""

import functools
import types
import warnings
from collections import OrderedDict, defaultdict, deque

import numpy as np
import pytest
import scipy.optimize as so
import scipy.sparse as ss

import dualrev as dr
from dualrev.errors import (
    ConvergenceError,
    NotDifferentiableError,
    SingularSystemError,
    UnsupportedArgumentError,
)
from dualrev.scipy import optimize

rng = np.random.default_rng(0)
SLOPE = 0.5 / np.sqrt(2.0)  # of the square root of 2
EXACT = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15}


# -- what functions hold --------------------------------------------------------------------------


class Slots:
    __slots__ = ("__private", "a")

    def __init__(self, a):
        self.a, self.__private = a, 0.0 * a

    def __call__(self, z):
        return z**2 - self.a - self.__private


class Model:
    pass


def _attribute(a):
    def f(z):
        return z**2 - f.a

    f.a = a
    return f


def _cached(a):
    @functools.lru_cache(maxsize=3)
    def parameter(k):
        return k * a

    return lambda z: z**2 - parameter(1)


def _itself(a):
    model = Model()
    model.model, model.a = model, a
    model.f = lambda z: z**2 - model.model.a
    return model.f


def _itself_in_a_dict(a):
    held = {"a": a}
    held["held"] = held
    return lambda z: z**2 - held["held"]["held"]["a"]


def _in(make):
    def residual(a):
        held = make(a)
        return lambda z: z**2 - held[0]

    return residual


KEEPERS = {
    "slots": Slots,
    "attribute of a function": _attribute,
    "cache": _cached,
    "itself": _itself,
    "itself in a dict": _itself_in_a_dict,
    "defaultdict": _in(lambda a: defaultdict(float, {0: a})),
    "OrderedDict": _in(lambda a: OrderedDict({0: a})),
    "deque": _in(lambda a: deque([a], maxlen=3)),
    "list": _in(lambda a: type("List", (list,), {})([a])),
    "dict": _in(lambda a: type("Dict", (dict,), {})({0: a})),
    "namespace": lambda a: (lambda space: lambda z: z**2 - space.a)(types.SimpleNamespace(a=a)),
}


@pytest.mark.parametrize("make", KEEPERS.values(), ids=KEEPERS)
def test_where_values_are_kept(make):
    f = lambda a: dr.root(make(a), 1.0)
    g = lambda a: optimize.brentq(make(a), 0.0, 3.0, xtol=1e-15)
    for h in (f, g):
        np.testing.assert_allclose(dr.grad(h)(2.0), SLOPE, rtol=1e-12)
        np.testing.assert_allclose(dr.derivative(dr.grad(h))(2.0), -0.25 * 2**-1.5, rtol=1e-12)


def test_what_a_function_stores_outside_is_seen():
    def f(a):
        count = 0

        def residual(z):
            nonlocal count
            count += 1
            return z**2 - a

        z = dr.root(residual, 1.0)
        assert count > 1
        return z

    np.testing.assert_allclose(dr.grad(f)(2.0), SLOPE, rtol=1e-12)


def test_constraints_and_bounds_of_scipy_are_searched():
    def f(c):
        constraint = so.NonlinearConstraint(lambda z: z[0] + z[1], -np.inf, c)
        cost = lambda z: np.sum((z - 1.0) ** 2)
        return optimize.minimize(cost, np.zeros(2), method="SLSQP", constraints=constraint).x

    np.testing.assert_allclose(dr.jacobian(f)(1.0), [0.5, 0.5], atol=1e-6)

    def g(c):
        constraint = so.NonlinearConstraint(lambda z: z[0] + z[1] - c, -np.inf, 0.0)
        cost = lambda z: np.sum((z - 1.0) ** 2)
        return optimize.minimize(cost, np.zeros(2), method="SLSQP", constraints=constraint).x

    np.testing.assert_allclose(dr.jacobian(g)(1.0), [0.5, 0.5], atol=1e-6)


class hidden:
    value = None


@pytest.mark.parametrize("tol", [None, 1e-6])
@pytest.mark.parametrize("outer", [dr.derivative, dr.grad])
@pytest.mark.parametrize("inner", [dr.derivative, dr.grad])
def test_hidden_values_are_refused_without_a_tolerance_too(inner, outer, tol):
    residual = lambda z, b: z**2 - hidden.value * b

    def f(a):
        def g(b):
            hidden.value = a
            return dr.implicit(residual, lambda b: np.sqrt(2.0 * b), tol=tol)(b)

        return inner(g)(1.0)

    with pytest.raises(UnsupportedArgumentError, match="neither an argument nor"):
        outer(f)(2.0)


def test_hidden_values_of_a_solver_without_arguments():
    def f(a):
        hidden.value = a
        return a * dr.implicit(lambda z: z**2 - hidden.value, lambda: np.sqrt(2.0))()

    for mode in (dr.grad, dr.derivative):
        with pytest.raises(UnsupportedArgumentError, match="neither an argument nor"):
            mode(f)(2.0)


# -- where a solver stopped -----------------------------------------------------------------------


def test_a_solution_near_zero():
    sine = lambda a: optimize.brentq(lambda z: np.sin(z) - a, -1.0, 2.0)
    minimum = lambda a: optimize.minimize(lambda z: np.sum((z - a) ** 2 + z**3 + z**4), [1.0]).x[0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(dr.grad(sine)(0.0), 1.0, rtol=1e-12)
        np.testing.assert_allclose(dr.derivative(minimum)(0.0), 1.0, rtol=1e-5)
    tiny = dr.implicit(lambda z, a: z * (1 + a) - 1e-12, lambda a: 3e-12 / (1 + a))
    with pytest.raises(ConvergenceError, match="not solved"):
        dr.grad(tiny)(1.0)


def bad_from_5_on(a):
    exact = dr.implicit(lambda z, a: z**2 - a, lambda a: np.sqrt(a) * (1.0 if a < 5 else 1.5))
    return exact(a)


def test_every_point_is_checked():
    compiled = dr.compile(dr.grad(bad_from_5_on))
    for a in (1.0, 2.0, 3.0):
        np.testing.assert_allclose(compiled(a), 0.5 / np.sqrt(a), rtol=1e-13)
    with pytest.raises(ConvergenceError):
        compiled(9.0)
    many = np.array([2.0, 9.0, 1e6])
    for f in (
        dr.vmap(dr.grad(bad_from_5_on)),
        dr.grad(lambda a: np.sum(dr.vmap(bad_from_5_on)(a))),
    ):
        with pytest.raises(ConvergenceError):
            f(many)


def test_a_point_that_was_refused_is_refused_again():
    pull = dr.vjp(bad_from_5_on, 9.0)[1]
    for _ in range(3):
        with pytest.raises(ConvergenceError):
            pull(1.0)


def test_a_small_example_beside_a_large_one():
    solver = dr.implicit(lambda z, a: z**2 - a, lambda a: np.sqrt(a) * (2.0 if a < 10 else 1.0))
    with pytest.raises(ConvergenceError):
        dr.grad(lambda a: np.sum(dr.vmap(solver)(a)))(np.array([1.0, 1e16]))


def test_a_solver_that_writes_to_its_arguments():
    def solver(a):
        np.sqrt(a, out=a)
        return a

    f = dr.implicit(lambda z, a: z**2 - a, solver)
    a = np.array([2.0, 3.0])
    np.testing.assert_allclose(dr.jacobian(f)(a), np.diag(0.5 / np.sqrt(a)), rtol=1e-13)
    np.testing.assert_array_equal(a, [2.0, 3.0])


def test_complex_equations_of_real_unknowns():
    with pytest.raises(NotDifferentiableError, match="complex"):
        dr.grad(lambda a: dr.root(lambda z: (z - a) * (1 + 1j), 1.0))(2.0)


def test_no_unknowns():
    none = np.zeros(0)
    for f in (
        lambda a: dr.root(lambda z: z - a, none),
        lambda a: dr.fixed_point(lambda z: 0.5 * z + a, none),
        lambda a: dr.argmin(lambda z: np.sum((z - a) ** 2), none),
        lambda a: dr.linear_solve(lambda z: 2.0 * z, a),
    ):
        assert dr.jacobian(f)(none).shape == (0, 0)


# -- what is said of a linear system --------------------------------------------------------------


def test_a_matrix_that_is_not_symmetric_is_not_positive_definite():
    A = np.array([[2.0, 1.0], [0.0, 3.0]])
    with pytest.raises(SingularSystemError, match="positive definite"):
        dr.linear_solve(A, np.ones(2), positive_definite=True)


def test_equations_that_are_not_diagonal():
    coupled = lambda z, a: np.stack([z[0] + 0.9 * z[1] - a, 2 * z[0] - 3 * z[1] - 1])
    with pytest.raises(UnsupportedArgumentError, match="independent"):
        dr.jacobian(lambda a: dr.root(coupled, np.ones(2), a, linear="diagonal"))(1.0)


@pytest.mark.parametrize("matvec", [lambda x: 2 * x + 1, lambda x: x + x**3])
def test_linear_solve_of_what_is_not_linear(matvec):
    with pytest.raises(UnsupportedArgumentError, match="not linear"):
        dr.linear_solve(matvec, np.ones(2))


def test_a_sparse_matrix_that_is_singular_to_rounding():
    def f(a):
        equations = lambda z: np.stack([0.1 * 3 * z[0] + 0.3 * z[1] - a, z[0] + z[1] - a / 0.3])
        return dr.root(equations, np.ones(2), linear="sparse")[0]

    with pytest.raises(SingularSystemError, match="condition number"):
        dr.grad(f)(1.0)


# -- minima ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e3, 1e6])
def test_argmin_of_any_unit(scale):
    def f(a):
        return dr.argmin(
            lambda z: scale * np.sum((z - a) ** 2 + z**4),
            np.zeros(2),
            equality=lambda z: z[0] + z[1] - 1.0,
            inequality=lambda z: z[0] - 0.7,
        )

    a = np.array([-1.0, 1.0])
    np.testing.assert_allclose(f(a), [0.7, 0.3], rtol=1e-9)
    np.testing.assert_allclose(dr.jacobian(f)(a), np.zeros((2, 2)), atol=1e-9)


def test_argmin_that_starts_at_its_minimum():
    calls = []

    def f(z, a):
        calls.append(1)
        return np.sum((z - a) ** 2)

    start = np.array([1.0, 2.0])
    for a in (start, start + 1e-15):
        for keywords in ({}, {"bounds": (0, 5)}, {"inequality": lambda z, a: 5 - z}):
            calls.clear()
            np.testing.assert_allclose(dr.argmin(f, start, a, **keywords), a, rtol=1e-15)
            assert len(calls) < 100


def test_argmin_of_single_precision():
    start, a = np.zeros(2, np.float32), np.array([1.0, 2.0], np.float32)
    f = lambda a: dr.argmin(
        lambda z: np.sum((z - a) ** 2), start, inequality=lambda z: 1 - np.sum(z)
    )
    np.testing.assert_allclose(dr.jacobian(f)(a), [[0.5, -0.5], [-0.5, 0.5]], atol=1e-5)


# -- results of SciPy's solvers -------------------------------------------------------------------


def bowl(z, a):
    return np.sum((z - a) ** 2 + z**4)


def test_derivatives_in_the_result_of_minimize():
    a = np.array([0.7, -1.2])
    slope, curvature = dr.grad(bowl), dr.hessian(bowl)

    def found(a):
        return optimize.minimize(
            bowl, np.zeros(2), (a,), "trust-exact", slope, curvature, options={"gtol": 1e-12}
        )

    exact = dr.jacobian(lambda a: curvature(found(a).x, a))(a)
    np.testing.assert_allclose(dr.jacobian(lambda a: found(a).hess)(a), exact, rtol=1e-12)
    assert np.max(np.abs(exact)) > 1.0

    def bounded(a):
        bounds = [(None, 0.2), (None, None)]
        return optimize.minimize(bowl, np.zeros(2), (a,), jac=slope, bounds=bounds, tol=1e-12)

    jacobian = dr.jacobian(lambda a: bounded(a).jac)(a)
    np.testing.assert_allclose(jacobian, [[-2.0, 0.0], [0.0, 0.0]], atol=1e-6)
    with pytest.raises(UnsupportedArgumentError, match="hess_inv"):
        dr.jacobian(lambda a: optimize.minimize(bowl, np.zeros(2), (a,)).hess_inv)(a)
    with pytest.raises(UnsupportedArgumentError, match="fjac"):
        dr.jacobian(lambda a: optimize.root(lambda z: z**3 + z - a, np.ones(2)).fjac)(a)


T = np.linspace(0.0, 3.0, 12)
DATA = 2.0 * np.exp(-1.3 * T) + 0.1 * rng.standard_normal(12)


def decay(t, a, k):
    return a * np.exp(-k * t)


def misfit(p, y):
    return decay(T, *p) - y


def differences(f, x, h=1e-3):
    steps = h * np.eye(x.size)
    return np.stack([(f(x + s) - f(x - s)) / (2 * h) for s in steps], axis=-1)


@pytest.mark.parametrize("loss", ["linear", "soft_l1", "cauchy", "arctan"])
def test_the_jacobian_in_the_result_of_least_squares(loss):
    exact = dr.jacobian(misfit)

    def covariance(least_squares):
        def f(y):
            found = least_squares(
                misfit, [1.0, 1.0], exact, args=(y,), loss=loss, f_scale=0.3, **EXACT
            )
            return np.linalg.inv(found.jac.T @ found.jac)

        return f

    got = dr.jacobian(covariance(optimize.least_squares))(DATA)
    want = differences(covariance(so.least_squares), DATA)
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=2e-4 * np.max(np.abs(want)))


def slopes(t, *p):
    return np.stack(dr.jacfwd(decay, argnums=(1, 2))(t, *p), axis=-1)


@pytest.mark.parametrize("sigma", [None, 0.1 + 0.05 * T])
@pytest.mark.parametrize("loss", ["soft_l1", "cauchy"])
def test_curve_fit_with_a_loss(loss, sigma):
    keywords = {"method": "trf", "loss": loss, "f_scale": 0.5, "sigma": sigma, "jac": slopes}

    def fit(curve_fit):
        return lambda y: np.concatenate(
            [np.ravel(x) for x in curve_fit(decay, T, y, [1.0, 1.0], **keywords, **EXACT)]
        )

    with warnings.catch_warnings():
        warnings.simplefilter("error", dr.AccuracyWarning)
        got = dr.jacobian(fit(optimize.curve_fit))(DATA)
    want = differences(fit(so.curve_fit), DATA)
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=2e-4 * np.max(np.abs(want)))


def test_curve_fit_with_a_loss_that_is_a_function():
    fit = lambda y: optimize.curve_fit(decay, T, y, [1.0, 1.0], method="trf", loss=lambda z: z)[0]
    with pytest.raises(UnsupportedArgumentError, match="loss"):
        dr.jacobian(fit)(DATA)


@pytest.mark.parametrize("sigma", [None, 0.1 + 0.05 * T, np.diag((0.1 + 0.05 * T) ** 2) + 0.001])
def test_curve_fit_without_missing_data(sigma):
    holes = np.arange(12) % 5 == 2
    data = np.where(holes, np.nan, DATA)
    rest = sigma
    if sigma is not None:
        rest = sigma[~holes] if sigma.ndim == 1 else sigma[np.ix_(~holes, ~holes)]
    fit = functools.partial(optimize.curve_fit, decay, p0=[1.0, 1.0], **EXACT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dr.AccuracyWarning)
        f = lambda y: fit(T, y, sigma=sigma, nan_policy="omit")[0]
        got = dr.jacobian(f)(data)
        want = dr.jacobian(lambda y: fit(T[~holes], y, sigma=rest)[0])(DATA[~holes])
    np.testing.assert_allclose(got[:, ~holes], want, rtol=1e-6)
    assert not np.any(got[:, holes])


C, A_UB, B_UB = np.array([-1.0, -2.0]), np.array([[1.0, 1.0], [1.0, 3.0]]), np.array([4.0, 6.0])


def test_linprog_without_bounds_and_with_residuals():
    free = dr.jacobian(lambda b: optimize.linprog(C, A_UB, b, bounds=[]).x)(B_UB)
    np.testing.assert_allclose(free, np.linalg.inv(A_UB), rtol=1e-12)
    none = dr.jacobian(lambda b: optimize.linprog(C, A_UB, b, bounds=None).x)(B_UB)
    np.testing.assert_allclose(none, np.linalg.inv(A_UB), rtol=1e-12)
    bounds = [(0, 0.5), (0, None)]
    lower = dr.jacobian(lambda b: optimize.linprog(C, A_UB, b, bounds=bounds).lower.residual)(B_UB)
    np.testing.assert_allclose(lower, [[0, 0], [0, 1 / 3]], atol=1e-13)
    upper = optimize.linprog(C, A_UB, B_UB, bounds=bounds).upper.residual
    np.testing.assert_allclose(
        dr.vjp(lambda b: optimize.linprog(C, A_UB, b, bounds=bounds).upper.residual, B_UB)[0],
        upper,
        atol=1e-14,
    )


def test_programs_that_are_refused_by_name():
    with pytest.raises(SingularSystemError, match="integers"):
        dr.jacobian(lambda b: optimize.linprog(C, A_UB, b, integrality=1).x)(B_UB + 0.3)
    with pytest.raises(UnsupportedArgumentError, match="sparse"):
        dr.jacobian(lambda b: optimize.linprog(C, ss.csr_array(A_UB), b).x)(B_UB)
    with pytest.raises(UnsupportedArgumentError, match="sparse"):
        dr.jacobian(lambda b: optimize.lsq_linear(ss.csr_array(A_UB), b).x)(B_UB)


def test_lsq_linear_that_stopped_early():
    A, y = rng.standard_normal((6, 3)), 1e-10 * rng.standard_normal(6)
    limits = -1e-11, 2e-11
    exact = dr.jacobian(lambda y: optimize.lsq_linear(A, y, limits, method="bvls").x)(y)
    assert exact.shape == (3, 6)
    with pytest.raises(ConvergenceError, match="stopped far"):
        dr.jacobian(lambda y: optimize.lsq_linear(A, y, limits).x)(y)
    free = dr.jacobian(lambda y: optimize.lsq_linear(A, y, (-0.1, 0.2)).unbounded_sol[0])(1e10 * y)
    np.testing.assert_allclose(free, np.linalg.pinv(A), rtol=1e-10)


def test_least_squares_with_bounds_of_many_examples():
    A, y = rng.standard_normal((6, 3)), rng.standard_normal((4, 6))
    fits = (
        lambda y: optimize.nnls(A, y)[0],
        lambda y: optimize.nnls(A, y)[1],
        lambda y: optimize.lsq_linear(A, y, (-0.1, 0.2), method="bvls").x,
        lambda y: optimize.lsq_linear(A, y, (-0.1, 0.2), method="bvls").cost,
    )
    for f in fits:
        np.testing.assert_allclose(dr.vmap(f)(y), [f(row) for row in y], rtol=1e-10, atol=1e-12)
        one = dr.jacobian(f)
        np.testing.assert_allclose(dr.vmap(one)(y), [one(row) for row in y], rtol=1e-9, atol=1e-11)
        whole = dr.grad(lambda y, f=f: np.sum(dr.vmap(f)(y) ** 2))(y)
        rows = [dr.grad(lambda row, f=f: np.sum(f(row) ** 2))(row) for row in y]
        np.testing.assert_allclose(whole, rows, rtol=1e-9, atol=1e-11)
    many = np.array([0.05, 0.1])
    widths = lambda u: optimize.lsq_linear(A, y[0], (-u, u), method="bvls").x
    np.testing.assert_allclose(dr.vmap(widths)(many), [widths(u) for u in many], rtol=1e-10)


def test_linear_programs_of_many_examples():
    sides, bounds = np.stack([B_UB, [5.0, 1.0], [1.0, 7.0]]), [(0, 3.5), (0, None)]
    for f in (
        lambda b: optimize.linprog(C, A_UB, b, bounds=bounds).x,
        lambda b: optimize.linprog(C, A_UB, b, bounds=bounds).slack,
        lambda b: optimize.linprog(C, A_UB, b, bounds=bounds).fun,
    ):
        np.testing.assert_allclose(dr.vmap(f)(sides), [f(b) for b in sides], atol=1e-12)
        one = dr.jacobian(f)
        np.testing.assert_allclose(dr.vmap(one)(sides), [one(b) for b in sides], atol=1e-12)
        whole = dr.grad(lambda b, f=f: np.sum(dr.vmap(f)(b) ** 2))(sides)
        rows = [dr.grad(lambda row, f=f: np.sum(f(row) ** 2))(row) for row in sides]
        np.testing.assert_allclose(whole, rows, atol=1e-11)
    limit = lambda u: optimize.linprog(C, A_UB, B_UB, bounds=(0, u)).x
    limits = np.array([0.5, 1.2])
    np.testing.assert_allclose(dr.vmap(limit)(limits), [limit(u) for u in limits])
    with pytest.raises(ConvergenceError, match="no solution"):
        dr.vmap(lambda b: optimize.linprog(C, A_UB, b).x)(np.stack([B_UB, -B_UB]))
    with pytest.raises(SingularSystemError, match="degenerate"):
        dr.vmap(lambda b: optimize.linprog(C, A_UB, b).x)(np.stack([B_UB, [6.0, 6.0]]))


# -- where interior methods stop, and other ways to call ------------------------------------------


def test_an_interior_method_with_its_own_tolerances():
    def f(c):
        constraint = so.LinearConstraint(np.eye(2) * c, 1.0, np.inf)
        cost = lambda z: np.sum(z**2)
        return optimize.minimize(cost, np.ones(2), method="trust-constr", constraints=constraint).x

    with pytest.warns(dr.AccuracyWarning):
        np.testing.assert_allclose(dr.jacobian(f)(2.0), [-0.25, -0.25], rtol=2e-3)


def test_bounds_that_can_be_read_once():
    cost = lambda z, a: np.sum((z - a) ** 2)
    f = lambda a: (
        optimize.minimize(cost, np.zeros(2), (a,), bounds=zip([0, 0], [1, 1], strict=True)).x
    )
    np.testing.assert_allclose(dr.jacobian(f)(np.array([0.5, 2.0])), np.diag([1.0, 0.0]), atol=1e-7)


def test_a_solver_that_is_a_method():
    class Scaled:
        def __init__(self, k):
            self.k = k

        def residual(z, self, a):
            return z**2 - self.k * a

        @dr.implicit(residual)
        def solve(self, a):
            return np.sqrt(self.k * a)

    np.testing.assert_allclose(dr.grad(lambda a: Scaled(1.0).solve(a))(2.0), SLOPE)
    np.testing.assert_allclose(dr.grad(lambda k: Scaled(k).solve(2.0))(1.0), 2 * SLOPE)
    assert isinstance(Scaled.solve, type(dr.implicit(lambda z: z, lambda: 0.0)))


def test_a_root_of_unknowns_of_different_sizes():
    f = lambda a: dr.root(
        lambda z: np.stack([z[0] - 1e12, np.arctan(z[1]) - a]), np.array([0.0, 3.0])
    )
    np.testing.assert_allclose(f(0.3)[1], np.tan(0.3), rtol=1e-12)


def test_objects_that_give_themselves_for_a_copy():
    class Single:
        def __init__(self, a):
            self.a = a

        def __copy__(self):
            return self

        def __call__(self, z):
            return z**2 - self.a

    def f(a):
        single = Single(a)
        z = dr.root(single, 1.0)
        assert single.a is a
        return z

    np.testing.assert_allclose(dr.grad(f)(2.0), SLOPE)
