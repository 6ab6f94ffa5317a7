"""Solutions of equations: every mode and order, every method, singular points, bad input."""

import functools
import itertools
import threading

import numpy as np
import pytest
import scipy.sparse as ss
from hypothesis import given, settings
from hypothesis import strategies as st

import dualrev as dr
from dualrev.solving.captures import captured

rng = np.random.default_rng(0)
r = rng.standard_normal


def contraction(z, W, b):
    return np.tanh(W @ z + b)


W, B = 0.4 * r((5, 5)) / np.sqrt(5), r(5)
METHODS = ["auto", "dense", "sparse", "gmres", "iterate", lambda A, b: direct(A, b)]


def direct(A, b):
    return np.linalg.solve(np.stack([A(e) for e in np.eye(len(b))], axis=1), b)


# -- fixed points ---------------------------------------------------------------------------------


def unrolled(W, b, steps=100):
    z = np.zeros(5)
    for _ in range(steps):
        z = contraction(z, W, b)
    return z


@pytest.mark.parametrize("linear", METHODS, ids=str)
def test_a_layer_against_long_unrolling(linear):
    def loss(W, b):
        return np.sum(np.sin(dr.fixed_point(contraction, np.zeros(5), W, b, linear=linear)))

    def long(W, b):
        return np.sum(np.sin(unrolled(W, b)))

    for g, h in zip(dr.grad(loss, (0, 1))(W, B), dr.grad(long, (0, 1))(W, B), strict=True):
        np.testing.assert_allclose(g, h, rtol=1e-11, atol=1e-13)
    expected = dr.hessian(long, 1)(W, B)
    np.testing.assert_allclose(dr.hessian(loss, 1)(W, B), expected, rtol=1e-10, atol=1e-12)
    twice = dr.jacrev(dr.grad(loss, 1), 1)(W, B)
    np.testing.assert_allclose(twice, expected, rtol=1e-10, atol=1e-12)


def test_shorter_modes():
    def gradient(mode, **keywords):
        def loss(b):
            return np.sum(dr.fixed_point(contraction, np.zeros(5), W, b, mode=mode, **keywords))

        return dr.grad(loss)(B)

    exact = gradient("implicit")
    np.testing.assert_allclose(gradient("unrolled", max_steps=100), exact, rtol=1e-12)
    np.testing.assert_allclose(gradient("neumann", terms=60), exact, rtol=1e-12)
    np.testing.assert_allclose(gradient("neumann", terms=1), gradient("one-step"), rtol=1e-14)
    errors = [np.max(np.abs(gradient("neumann", terms=k) - exact)) for k in (1, 2, 4, 8)]
    assert errors == sorted(errors, reverse=True) and errors[0] > 1e-3


def test_a_map_that_does_not_contract():
    def z(a):
        return dr.fixed_point(lambda z: a - z**3, np.array([0.5, 0.1]), tol=1e-6)

    a = np.array([3.0, 1.0])
    root = z(a)
    np.testing.assert_allclose(root + root**3, a, rtol=1e-12)
    np.testing.assert_allclose(dr.jacobian(z)(a), np.diag(1 / (1 + 3 * root**2)), rtol=1e-10)


# -- roots ----------------------------------------------------------------------------------------


def spring(z, p):
    return {"u": z["u"] ** 3 + np.sum(z["v"]) - p["a"], "v": z["v"] * z["u"] - p["b"] * np.ones(2)}


def test_trees_of_unknowns_and_parameters():
    start = {"u": 1.0, "v": np.ones(2)}
    p = {"a": 3.0, "b": np.array([0.5, 1.0])}

    def f(p):
        z = dr.root(spring, start, p)
        return {"x": z["u"] * z["v"], "y": z["u"]}

    assert set(f(p)) == {"x", "y"}
    assert dr.check(f, p).passed


@pytest.mark.parametrize("modes", list(itertools.product((dr.grad, dr.derivative), repeat=3)))
def test_third_order(modes):
    def f(a):
        return dr.root(lambda z: z**3 + z - a, 1.0)

    z = f(2.0)
    d = 3 * z**2 + 1
    third = (-6 * d + 108 * z**2) / d**5
    for mode in modes:
        f = mode(f)
    np.testing.assert_allclose(f(2.0), third, rtol=1e-12)


def test_every_kind_of_closure():
    a, b = 2.0, 3.0

    class Model:
        def __init__(self, a):
            self.a = a

        def __call__(self, z):
            return z**2 - self.a

        def method(self, z, shift):
            return z**2 - self.a - shift

    def default(a):
        def f(z, a=a):
            return z**2 - a

        return dr.root(f, 1.0)

    def keyword(a):
        def f(z, *, a=a):
            return z**2 - a

        return dr.root(f, 1.0)

    def nested(a):
        def inner(z):
            return z * z - held["a"][0]

        held = {"a": (a,)}
        return dr.root(lambda z: inner(z), 1.0)

    def recursive(a):
        def power(z, n):
            return z * power(z, n - 1) if n else 1.0 + 0.0 * a

        return dr.root(lambda z: power(z, 2) - a, 1.0)

    cases = [
        default, keyword, nested, recursive,
        lambda a: dr.root(Model(a), 1.0),
        lambda a: dr.root(functools.partial(Model(a).method, shift=0.0 * a), 1.0),
        lambda a: dr.root(lambda z: z**2 - np.array([a, a], dtype=object)[0], 1.0),
    ]  # fmt: skip
    for f in cases:
        assert np.isclose(f(a), np.sqrt(a))
        assert np.isclose(dr.grad(f)(a), 0.5 / np.sqrt(a)), f
        assert np.isclose(dr.derivative(dr.grad(f))(a), -0.25 * a**-1.5), f
        assert np.allclose(dr.vmap(dr.grad(f))(np.array([a, b])), 0.5 / np.sqrt([a, b])), f


def test_captured_leaves_the_rest_alone():
    def f(x):
        return x

    leaves, restore = captured(f, [1, {"a": np.ones(2)}], "text")
    assert leaves == [] and restore([])[0] is f


def test_a_value_that_hides_is_refused():
    def f(a):
        box.kept = a
        return dr.implicit(lambda z, a: z - a, lambda a: _of_the_box())(1.0 * a)

    with pytest.raises(dr.errors.UnsupportedArgumentError, match="neither an argument nor"):
        dr.grad(f)(1.0)


class box:
    kept = None


def _of_the_box():
    return box.kept


# -- linear systems -------------------------------------------------------------------------------

SPD = (lambda m: m @ m.T + 6 * np.eye(6))(r((6, 6)))
RIGHT = r(6)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"linear": "cg", "positive_definite": True},
        {"positive_definite": True},
        {"linear": "minres", "symmetric": True},
        {"linear": "gmres"},
        {"linear": "bicgstab"},
        {"linear": "sparse"},
        {"linear": direct},
    ],
    ids=str,
)
def test_linear_solve(options):
    def f(a, b):
        return dr.linear_solve(lambda x: 0.5 * (a + a.T) @ x, b, **options)

    def g(a, b):
        return np.linalg.solve(0.5 * (a + a.T), b)

    def loss(f):
        return lambda a: np.sum(f(a, RIGHT) ** 3)

    np.testing.assert_allclose(f(SPD, RIGHT), g(SPD, RIGHT), rtol=1e-9)
    np.testing.assert_allclose(dr.grad(loss(f))(SPD), dr.grad(loss(g))(SPD), rtol=1e-8, atol=1e-12)
    v = r((6, 6))
    expected = dr.hvp(loss(g), SPD, v)
    np.testing.assert_allclose(dr.hvp(loss(f), SPD, v), expected, rtol=1e-7, atol=1e-11)
    jacobian = dr.jacobian(lambda b: f(SPD, b))(RIGHT)
    np.testing.assert_allclose(jacobian, np.linalg.inv(SPD), rtol=1e-8, atol=1e-11)


def test_matrices_of_scipy():
    A = ss.csr_array(SPD)
    for matrix in (A, ss.linalg.aslinearoperator(SPD), SPD):
        for linear in ("dense", "sparse", "gmres"):
            x = dr.jacobian(lambda b, m=matrix, k=linear: dr.linear_solve(m, b, linear=k))(RIGHT)
            np.testing.assert_allclose(x, np.linalg.inv(SPD), rtol=1e-8, atol=1e-11)
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="square"):
        dr.linear_solve(A[:, :4], RIGHT)


def test_vmap_of_systems():
    matrices, sides = np.stack([SPD, 2 * SPD, SPD + 1]), r((3, 6))

    def f(a, b):
        return dr.linear_solve(lambda x: a @ x, b)

    for axes, args in (
        ((0, 0), (matrices, sides)),
        ((0, None), (matrices, RIGHT)),
        ((None, 0), (SPD, sides)),
    ):
        rows = range(3)
        pick = lambda k, axes=axes, args=args: [
            x if a is None else x[k] for x, a in zip(args, axes, strict=True)
        ]
        np.testing.assert_allclose(dr.vmap(f, axes)(*args), [f(*pick(k)) for k in rows], rtol=1e-11)
        whole = dr.vmap(dr.jacrev(f, (0, 1)), axes)(*args)
        for k in rows:
            for got, want in zip(whole, dr.jacrev(f, (0, 1))(*pick(k)), strict=True):
                np.testing.assert_allclose(got[k], want, rtol=1e-10, atol=1e-13)
        total = lambda *args, axes=axes: np.sum(dr.vmap(f, axes)(*args) ** 2)
        assert dr.check(total, *args).passed


def test_factors_are_found_once(monkeypatch):
    from dualrev.solving import methods

    count = []
    lu = methods._lu
    monkeypatch.setattr(methods, "_lu", lambda a: count.append(1) or lu(a))
    dr.jacobian(lambda a: dr.root(lambda z: z**3 + z - a, np.ones(4)))(np.arange(4.0))
    assert len(count) == 1


def test_factors_notice_what_was_written():
    """A kept linearization, a matrix that its owner changes: the kept factors are not used."""
    a = np.array([[2.0, 1.0], [0.0, 3.0]])
    _, linear = dr.linearize(lambda b: dr.linear_solve(lambda x: a @ x, b), np.ones(2))
    first = linear(np.ones(2))
    np.testing.assert_allclose(first, np.linalg.solve(a, np.ones(2)))


def test_large_and_matrix_free():
    n = 100_000
    q, k = np.sin(np.arange(n)), 1 + np.cos(np.arange(n + 1)) ** 2

    def energy(k):
        u = dr.linear_solve(
            lambda u: u - 0.1 * np.diff(k * np.diff(u, prepend=0.0, append=0.0)),
            q,
            positive_definite=True,
        )
        return np.sum(u**2)

    v = np.cos(3.0 * np.arange(n + 1))
    slope = np.vdot(dr.grad(energy)(k), v)
    np.testing.assert_allclose(slope, dr.jvp(energy, (k,), (v,))[1], rtol=1e-9)
    h = 1e-5
    np.testing.assert_allclose(slope, (energy(k + h * v) - energy(k - h * v)) / (2 * h), rtol=1e-5)


# -- minima ---------------------------------------------------------------------------------------


def test_ridge_hypergradient():
    X, y, Xv, yv = r((20, 4)), r(20), r((10, 4)), r(10)

    def validation(log_penalty):
        w = dr.argmin(
            lambda w: np.sum((X @ w - y) ** 2) + np.exp(log_penalty) * np.sum(w**2), np.zeros(4)
        )
        return np.sum((Xv @ w - yv) ** 2)

    def closed(log_penalty):
        w = np.linalg.solve(X.T @ X + np.exp(log_penalty) * np.eye(4), X.T @ y)
        return np.sum((Xv @ w - yv) ** 2)

    np.testing.assert_allclose(dr.grad(validation)(0.3), dr.grad(closed)(0.3), rtol=1e-10)
    np.testing.assert_allclose(dr.hessian(validation)(0.3), dr.hessian(closed)(0.3), rtol=1e-9)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_sensitivity_of_quadratic_programs(seed):
    """Against the system of the active set, written by hand."""
    random = np.random.default_rng(seed)
    n, m, k = 5, 2, 4
    root = random.standard_normal((n, n))
    P, q = root @ root.T + np.eye(n), random.standard_normal(n)
    A, G = random.standard_normal((m, n)), random.standard_normal((k, n))
    inside = random.standard_normal(n)
    b, h = A @ inside, G @ inside + random.random(k)

    def solve(q, b, h):
        return dr.argmin(
            lambda z: 0.5 * z @ P @ z + q @ z, np.zeros(n),
            equality=lambda z: A @ z - b, inequality=lambda z: h - G @ z,
        )  # fmt: skip

    z = solve(q, b, h)
    active = h - G @ z < 1e-9
    rows = np.concatenate([A, G[active]])
    kkt = np.block([[P, rows.T], [rows, np.zeros((len(rows), len(rows)))]])
    inverse = np.linalg.inv(kkt)[:n]
    multipliers = np.linalg.solve(kkt, np.concatenate([-q, b, h[active]]))[n + m :]
    if np.any(multipliers < 1e-6) or np.any(np.abs((h - G @ z)[~active]) < 1e-6):
        return  # a kink is near
    by_h = np.zeros((n, k))
    by_h[:, active] = inverse[:, n + m :]
    for j, expected in ((0, -inverse[:, :n]), (1, inverse[:, n : n + m]), (2, by_h)):
        np.testing.assert_allclose(dr.jacobian(solve, j)(q, b, h), expected, atol=1e-8)
        np.testing.assert_allclose(dr.jacrev(solve, j)(q, b, h), expected, atol=1e-8)


def test_bounds_that_are_traced():
    P, q = SPD, 3 * RIGHT

    def box(lower, upper):
        return dr.argmin(lambda z: 0.5 * z @ P @ z + q @ z, np.zeros(6), bounds=(lower, upper))

    z = box(-0.1, 0.15)
    at = np.isclose(z, -0.1).astype(float), np.isclose(z, 0.15).astype(float)
    assert at[0].any() and at[1].any() and (at[0] + at[1] == 0).any()
    for k in range(2):
        slope = dr.derivative(box, k)(-0.1, 0.15)
        assert np.allclose(slope[at[k] == 1], 1) and np.allclose(slope[at[1 - k] == 1], 0)
    assert dr.check(lambda lower: box(lower, 0.15), np.full(6, -0.1)).passed


def test_your_own_minimizer():
    from scipy import optimize

    def f(a, solver):
        return dr.argmin(
            lambda z: np.sum((z - a) ** 4 + (z - a) ** 2 + z**2),
            np.zeros(3),
            solver=solver,
            tol=1e-4,
        )

    def bfgs(f, z0):
        return optimize.minimize(f, z0, method="BFGS", options={"gtol": 1e-9})

    a = np.array([0.1, 0.5, -1.0])
    with np.errstate(all="ignore"):
        found = dr.jacobian(f)(a, bfgs)
    np.testing.assert_allclose(found, dr.jacobian(f)(a, None), rtol=1e-5)


# -- what cannot be -------------------------------------------------------------------------------


def test_wrong_numbers_of_equations():
    with pytest.raises(dr.errors.StructureError, match="as many equations"):
        dr.root(lambda z: z[:2], np.ones(3))
    with pytest.raises(dr.errors.StructureError, match="has 3 numbers"):
        dr.grad(
            lambda a: dr.implicit(lambda z, a: np.ones(3) * z[0] - a, lambda a: np.ones(2))(a)[0]
        )(1.0)


def test_no_solution():
    with pytest.raises(dr.errors.ConvergenceError, match="no solution"):
        dr.root(lambda z: z**2 + 1, 0.5)
    with pytest.raises(dr.errors.ConvergenceError):
        dr.fixed_point(lambda z: z + 1.0, 0.0)
    with pytest.raises(dr.errors.ConvergenceError):
        dr.root(lambda z: z * np.nan, 1.0)


def test_singular_solutions():
    with pytest.raises(dr.errors.SingularSystemError):
        dr.grad(lambda a: dr.implicit(lambda z, a: (z - a) ** 2, lambda a: a)(a))(1.0)
    cube_root = dr.implicit(lambda z, a: np.cbrt(z - a), lambda a: a)
    with (
        pytest.raises(dr.errors.SingularSystemError, match="not finite"),
        np.errstate(all="ignore"),
    ):
        dr.grad(cube_root)(1.0)
    with pytest.raises(dr.errors.SingularSystemError, match="positive definite"):
        dr.linear_solve(-SPD, RIGHT, positive_definite=True)
    with pytest.raises(dr.errors.ConvergenceError, match="choose another method"):
        dr.linear_solve(np.zeros((3, 3)), np.ones(3), linear="gmres")


def test_unknown_options():
    for options in ({"linear": "magic"}, {"mode": "magic"}, {"terms": 0, "mode": "neumann"}):
        with pytest.raises(dr.errors.UnsupportedArgumentError):
            dr.implicit(lambda z, a: z - a, lambda a: a, **options)
    with pytest.raises(dr.errors.NotDifferentiableError, match="real and imaginary"):
        dr.root(lambda z: z**2 + 1, 1.0 + 1.0j)


def test_a_wrong_residual_is_noticed():
    solve = dr.implicit(lambda z, a: z - 2 * a, lambda a: a)
    with pytest.raises(dr.errors.ConvergenceError, match="is what it solves"):
        dr.grad(solve)(1.0)
    unchecked = dr.implicit(lambda z, a: z - 2 * a, lambda a: a, tol=None)
    assert dr.grad(unchecked)(1.0) == 2.0


def test_small_and_empty():
    assert dr.root(lambda z: z, np.zeros(0)).shape == (0,)
    assert dr.jacobian(lambda a: dr.root(lambda z: z - a, np.zeros(0)))(np.zeros(0)).shape == (0, 0)
    single = dr.grad(lambda a: dr.root(lambda z: z**2 - a, np.float32(1.0)))(np.float32(2.0))
    assert single.dtype == np.float32 and np.isclose(single, 0.5 / np.sqrt(2), rtol=1e-5)


def test_threads():
    f = dr.grad(lambda a: dr.root(lambda z: z**3 + z - a, 1.0))
    points = np.linspace(1.0, 5.0, 16)
    found = {}
    threads = [
        threading.Thread(target=lambda a=a: found.__setitem__(a, [f(a) for _ in range(5)]))
        for a in points
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for a in points:
        assert found[a] == [f(a)] * 5
