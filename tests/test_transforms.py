"""The transformations: signatures, trees, dtypes, nesting, aliasing."""

import dataclasses
from collections import namedtuple

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der, rosen_hess, rosen_hess_prod

import dualrev as dr

X = np.linspace(-1.2, 1.1, 6)
V = np.cos(np.arange(6.0))


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def test_rosenbrock_against_scipy():
    np.testing.assert_allclose(rosenbrock(X), rosen(X))
    np.testing.assert_allclose(dr.grad(rosenbrock)(X), rosen_der(X), rtol=1e-13)
    np.testing.assert_allclose(dr.jvp(rosenbrock, (X,), (V,))[1], rosen_der(X) @ V, rtol=1e-13)
    np.testing.assert_allclose(dr.hessian(rosenbrock)(X), rosen_hess(X), rtol=1e-12, atol=1e-12)
    for mode in ("forward-over-reverse", "reverse-over-forward", "reverse-over-reverse"):
        np.testing.assert_allclose(
            dr.hvp(rosenbrock, X, V, mode=mode), rosen_hess_prod(X, V), rtol=1e-12
        )


def test_scipys_own_function_as_it_is():
    """`scipy.optimize.rosen` was not written for us."""
    np.testing.assert_allclose(dr.grad(rosenbrock)(X), rosen_der(X), rtol=1e-13)


def test_hessian_is_symmetric_to_the_last_bit():
    h = dr.hessian(
        lambda x: np.sum(np.exp(np.outer(x, np.sin(x)))) if False else np.exp(x @ np.sin(x))
    )(X)
    np.testing.assert_array_equal(h, h.T)


def test_value_and_grad():
    value, gradient = dr.value_and_grad(rosenbrock)(X)
    assert value == rosenbrock(X)
    np.testing.assert_array_equal(gradient, dr.grad(rosenbrock)(X))


def test_scalars_in_scalars_out():
    g = dr.grad(lambda x: x**3)(2.0)
    assert g == 12.0 and isinstance(g, np.float64)
    assert dr.grad(lambda x: x**3)(2) == 12.0  # an integer is promoted
    assert dr.grad(lambda x: x**3)(np.float32(2)).dtype == np.float32
    y, dy = dr.jvp(np.sin, (0.0,), (2.0,))
    assert (y, dy) == (0.0, 2.0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_dtypes_are_kept(dtype):
    x = np.array([1, 2, 3], dtype)
    g = dr.grad(lambda x: np.sum(np.sin(x) * x**2))(x)
    assert g.dtype == dtype
    y, dy = dr.jvp(np.sin, (x,), (x,))
    assert y.dtype == dtype and dy.dtype == dtype


def test_integer_arguments_become_float64():
    g = dr.grad(lambda x: np.sum(x**2))(np.array([1, 2, 3]))
    assert g.dtype == np.float64
    np.testing.assert_array_equal(g, [2, 4, 6])


def test_mixed_dtypes_give_each_its_own():
    a, b = np.ones(2, np.float32), np.ones(2)
    ga, gb = dr.grad(lambda a, b: np.sum(a * b), argnums=(0, 1))(a, b)
    assert ga.dtype == np.float32 and gb.dtype == np.float64


class TestComplex:
    z = np.array([1 + 2j, -0.5 + 0.25j])

    def test_real_loss(self):
        """dL/dx - i dL/dy for L = |z|^2 is 2 conj(z)."""
        g = dr.grad(lambda z: np.sum(z.real**2 + z.imag**2))(self.z)
        np.testing.assert_allclose(g, 2 * self.z.conj())

    def test_holomorphic(self):
        g = dr.grad(lambda z: z**3, holomorphic=True)(1 + 2j)
        assert g == pytest.approx(3 * (1 + 2j) ** 2)
        j = dr.jacrev(np.exp, holomorphic=True)(self.z)
        np.testing.assert_allclose(j, np.diag(np.exp(self.z)))
        np.testing.assert_allclose(dr.jacfwd(np.exp, holomorphic=True)(self.z), j)

    def test_real_argument_complex_inside(self):
        g = dr.grad(lambda x: np.abs(np.sum(np.exp(1j * x))) ** 2)(X)
        e = np.exp(1j * X)
        np.testing.assert_allclose(g, 2 * np.real(np.conj(e.sum()) * 1j * e), atol=1e-14)

    def test_jacfwd_of_complex_result(self):
        j = dr.jacfwd(lambda x: np.exp(1j * x))(X)
        np.testing.assert_allclose(j, np.diag(1j * np.exp(1j * X)))


Pair = namedtuple("Pair", "a b")


@dataclasses.dataclass(frozen=True)
class Model:
    weights: dict
    bias: float


class TestTrees:
    def test_containers(self):
        params = {"w": [X, 2.0], "p": Pair(3.0, (X,)), "n": None, "m": Model({"k": X}, 1.5)}

        def f(p):
            return (
                p["w"][1] * np.sum(p["w"][0])
                + p["p"].a * p["p"].b[0][0]
                + p["m"].bias * p["m"].weights["k"][1]
            )

        g = dr.grad(f)(params)
        assert list(g) == list(params) and g["n"] is None
        np.testing.assert_array_equal(g["w"][0], np.full(6, 2.0))
        assert g["w"][1] == X.sum()
        assert isinstance(g["p"], Pair) and g["p"].a == X[0]
        np.testing.assert_array_equal(g["p"].b[0], 3.0 * np.eye(6)[0])
        assert isinstance(g["m"], Model) and g["m"].bias == X[1]
        np.testing.assert_array_equal(g["m"].weights["k"], 1.5 * np.eye(6)[1])

    def test_results(self):
        _y, dy = dr.jvp(lambda x: {"s": np.sin(x), "two": (x, 3.0)}, (X,), (V,))
        np.testing.assert_array_equal(dy["s"], np.cos(X) * V)
        np.testing.assert_array_equal(dy["two"][0], V)
        assert dy["two"][1] == 0.0

    def test_dicts_match_by_key(self):
        _y, dy = dr.jvp(lambda d: d["a"] * d["b"], ({"a": 2.0, "b": 3.0},), ({"b": 1.0, "a": 0.0},))
        assert dy == 2.0

    def test_jacobians_of_trees(self):
        def f(p):
            return {"y": p["a"] * X, "z": p["b"] @ X}

        p = {"a": 2.0, "b": np.arange(12.0).reshape(2, 6)}
        forward, reverse = dr.jacfwd(f)(p), dr.jacrev(f)(p)
        for j in (forward, reverse):
            np.testing.assert_array_equal(j["y"]["a"], X)
            assert j["y"]["b"].shape == (6, 2, 6) and not j["y"]["b"].any()
            np.testing.assert_array_equal(j["z"]["b"], np.einsum("ij,k->ijk", np.eye(2), X))

    def test_hessian_of_a_tree(self):
        h = dr.hessian(lambda p: p["a"] ** 2 * p["b"])({"a": 3.0, "b": 5.0})
        assert h["a"]["a"] == 10.0 and h["a"]["b"] == h["b"]["a"] == 6.0 and h["b"]["b"] == 0.0

    def test_hvp_of_a_tree(self):
        hv = dr.hvp(lambda p: p["a"] ** 2 * p["b"], {"a": 3.0, "b": 5.0}, {"a": 1.0, "b": 0.0})
        assert hv == {"a": 10.0, "b": 6.0}

    def test_registered_class(self):
        class Point:
            def __init__(self, x, y):
                self.x, self.y = x, y

        dr.register_tree(Point, lambda p: ((p.x, p.y), None), lambda _, xy: Point(*xy))
        g = dr.grad(lambda p: p.x * p.y)(Point(2.0, 3.0))
        assert (g.x, g.y) == (3.0, 2.0)


class TestArguments:
    def f(self, x, y, scale=1.0):
        return scale * x**2 * y

    def test_argnums(self):
        assert dr.grad(self.f, argnums=1)(3.0, 5.0) == 9.0
        assert dr.grad(self.f, argnums=-1)(3.0, 5.0) == 9.0
        assert dr.grad(self.f, argnums=(1, 0))(3.0, 5.0) == (9.0, 30.0)
        assert dr.grad(self.f, argnums=[0])(3.0, 5.0) == (30.0,)

    def test_names(self):
        assert dr.grad(self.f, argnums="y")(3.0, 5.0) == 9.0
        assert dr.grad(self.f, argnums="y")(3.0, y=5.0) == 9.0
        assert dr.grad(self.f, argnums=("x", "scale"))(3.0, 5.0, scale=2.0) == (60.0, 45.0)
        assert dr.derivative(self.f, argnums="scale")(3.0, 5.0, scale=2.0) == 45.0

    def test_keywords_are_passed_on(self):
        assert dr.grad(self.f)(3.0, 5.0, scale=2.0) == 60.0
        assert dr.hvp(self.f, 3.0, 1.0, 5.0, scale=2.0) == 20.0

    def test_several_in_jacobians(self):
        j = dr.jacfwd(lambda x, y: x * y, argnums=(0, 1))(X, V)
        np.testing.assert_array_equal(j[0], np.diag(V))
        np.testing.assert_array_equal(j[1], np.diag(X))

    def test_aux(self):
        def f(x):
            return np.sum(x**2), {"norm": np.sqrt(np.sum(x**2)), "label": "text"}

        (_value, aux), gradient = dr.value_and_grad(f, has_aux=True)(X)
        assert isinstance(aux["norm"], np.float64) and aux["label"] == "text"
        np.testing.assert_array_equal(gradient, 2 * X)
        assert dr.grad(f, has_aux=True)(X)[1]["norm"] == aux["norm"]
        assert dr.vjp(f, X, has_aux=True)[2]["norm"] == aux["norm"]
        assert dr.jvp(f, (X,), (V,), has_aux=True)[2]["norm"] == aux["norm"]


def test_a_constant_function_has_zero_derivative():
    np.testing.assert_array_equal(dr.grad(lambda x: 3.0)(X), np.zeros(6))
    np.testing.assert_array_equal(dr.jvp(lambda x: np.ones(2), (X,), (V,))[1], np.zeros(2))
    np.testing.assert_array_equal(dr.jacrev(lambda x: np.ones(2))(X), np.zeros((2, 6)))


def test_stop_gradient():
    assert dr.grad(lambda x: x * dr.stop_gradient(x))(3.0) == 3.0
    assert dr.derivative(lambda x: dr.stop_gradient({"a": x})["a"] * x)(3.0) == 3.0
    assert dr.grad(lambda x: dr.grad(lambda y: y * dr.stop_gradient(x) * y)(x))(3.0) == 6.0


def test_linearize_both_ways():
    y, linear = dr.linearize(lambda a, b: a * np.sin(b), X, V)
    np.testing.assert_array_equal(y, X * np.sin(V))
    np.testing.assert_allclose(linear(V, X), V * np.sin(V) + X * np.cos(V) * X)
    np.testing.assert_allclose(linear.pull(np.ones(6))[1], X * np.cos(V))


def test_identity_returns_fresh_arrays():
    x, ct = X.copy(), V.copy()
    y, pullback = dr.vjp(lambda x: x, x)
    (found,) = pullback(ct)
    assert not any(np.shares_memory(p, q) for p in (y, found) for q in (x, ct))
    y, dy = dr.jvp(lambda x: x, (x,), (ct,))
    assert not np.shares_memory(dy, ct)
    g = dr.grad(np.sum)(x)
    g[...] = 7  # may be written to
    np.testing.assert_array_equal(dr.grad(np.sum)(x), np.ones(6))


def test_a_pullback_survives_later_writes():
    x = X.copy()
    y, pullback = dr.vjp(np.exp, x)
    expected = pullback(V)[0].copy()
    y[...] = 0
    x[...] = 0
    np.testing.assert_array_equal(pullback(V)[0], expected)


def test_the_callers_arrays_are_never_written():
    x = X.copy()

    def f(x):
        x[0] = 5.0
        x *= 2
        return np.sum(x**2)

    g = dr.grad(f)(x)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_allclose(g, [0, *(8 * X[1:])])
    np.testing.assert_allclose(dr.jacfwd(f)(x), g)


def test_control_flow():
    def f(x):
        y = x
        while y < 100:
            y = y * y + 1 if y > 2 else y * 3
        return y

    # 1.5 -> 4.5 -> 21.25 -> 452.56
    assert dr.grad(f)(1.5) == pytest.approx(3 * 2 * 4.5 * 2 * 21.25)
    assert dr.derivative(f)(1.5) == dr.grad(f)(1.5)


def test_lists_of_scalars():
    def rhs(y):
        return np.array([y[1], -np.sin(y[0])])

    np.testing.assert_allclose(dr.jacfwd(rhs)(np.array([0.5, 0.1])), [[0, 1], [-np.cos(0.5), 0]])
    np.testing.assert_allclose(dr.jacrev(rhs)(np.array([0.5, 0.1])), [[0, 1], [-np.cos(0.5), 0]])
    g = dr.grad(lambda y: np.sum(2.0 * np.array([y[0] * y[1], y[0]]) ** 2))(np.array([2.0, 3.0]))
    np.testing.assert_allclose(g, [4 * 2 * 9 + 4 * 2, 4 * 4 * 3])
