"""Custom rules: one map given, the other derived, all orders."""

import math

import numpy as np
import pytest

import dualrev as dr

X = np.array([0.3, -1.2, 2.0])


def forbidden(x):
    """Stands for compiled code: it must never see a traced value."""
    assert isinstance(x, (np.ndarray, np.generic, float))
    return np.sinh(x)


by_jvp = dr.custom(forbidden, jvp=lambda p, t: (by_jvp(*p), np.cosh(p[0]) * t[0]))
by_vjp = dr.custom(forbidden, vjp=lambda x: (by_vjp(x), lambda ct: (np.cosh(x) * ct,)))
by_both = dr.custom(
    forbidden,
    jvp=lambda p, t: (by_both(*p), np.cosh(p[0]) * t[0]),
    vjp=lambda x: (by_both(x), lambda ct: np.cosh(x) * ct),
)
by_form = dr.elementwise(forbidden, lambda x: np.cosh(x))


@pytest.mark.parametrize(
    "f", [by_jvp, by_vjp, by_both, by_form], ids=["jvp", "vjp", "both", "form"]
)
def test_every_mode_and_order(f):
    np.testing.assert_array_equal(f(X), np.sinh(X))
    dr.check(f, X)
    third = dr.derivative(dr.derivative(dr.derivative(f)))
    np.testing.assert_allclose(third(X), np.cosh(X), rtol=1e-14)
    np.testing.assert_allclose(
        dr.hessian(lambda x: np.sum(f(x)))(X), np.diag(np.sinh(X)), rtol=1e-14
    )


@pytest.mark.parametrize("kind", ["jvp", "vjp"])
def test_trees_static_arguments_and_keywords(kind):
    def f(params, n, *, scale):
        assert isinstance(n, int)
        return {"y": scale * params["a"] ** n, "z": params["b"] * 2}

    if kind == "jvp":
        rule = {
            "jvp": lambda p, t, scale: (
                g(*p, scale=scale),
                {"y": scale * p[1] * p[0]["a"] ** (p[1] - 1) * t[0]["a"], "z": t[0]["b"] * 2},
            )
        }
    else:
        rule = {
            "vjp": lambda params, n, scale: (
                g(params, n, scale=scale),
                lambda ct: (
                    {"a": scale * n * params["a"] ** (n - 1) * ct["y"], "b": 2 * ct["z"]},
                    None,
                ),
            )
        }
    g = dr.custom(f, **rule)

    def loss(params):
        out = g(params, 3, scale=2.0)
        return np.sum(out["y"]) + np.sum(out["z"])

    found = dr.grad(loss)({"a": X, "b": 1.0})
    np.testing.assert_allclose(found["a"], 6 * X**2)
    assert found["b"] == 2.0
    np.testing.assert_allclose(
        dr.jvp(loss, ({"a": X, "b": 1.0},), ({"a": X, "b": 1.0},))[1], 6 * np.sum(X**3) + 2
    )
    np.testing.assert_allclose(
        dr.hvp(lambda a: loss({"a": a, "b": 1.0}), X, X), 12 * X**2, rtol=1e-13
    )


def test_two_arguments_one_inactive():
    f = dr.custom(lambda x, y: x * y, vjp=lambda x, y: (f(x, y), lambda ct: (ct * y, ct * x)))
    assert dr.grad(lambda x: f(x, 5.0))(2.0) == 5.0
    assert dr.grad(lambda y: f(2.0, y))(5.0) == 2.0
    assert dr.derivative(lambda y: f(2.0, y))(5.0) == 2.0
    assert dr.grad(lambda x: f(x, x))(3.0) == 6.0
    assert dr.hvp(lambda x: f(x, x), 3.0, 1.0) == 2.0


def test_decorators():
    @dr.custom
    def clipped(x):
        """A gradient that is clipped on its way back."""
        return x

    @clipped.defvjp
    def _(x):
        return x, lambda ct: (np.clip(ct, -1, 1),)

    assert clipped.__doc__.startswith("A gradient") and clipped.__name__ == "clipped"
    assert dr.grad(lambda x: 100.0 * clipped(x))(1.0) == 1.0


def test_general_with_push_alone():
    @dr.general(np.linalg.inv)
    def inverse(y, a):
        return lambda da: -y @ da @ y

    a = np.array([[2.0, 0.5], [0.1, 1.5]])
    dr.check(lambda a: inverse(a), a)


def test_linear_and_bilinear_forms():
    reverse = dr.linear(lambda x: x[::-1], lambda ct, x: ct[::-1])
    np.testing.assert_array_equal(dr.grad(lambda x: x[0] * reverse(x)[0])(X), [2.0, 0.0, 0.3])
    outer = dr.bilinear(np.outer, lambda ct, a, b: ct @ b, lambda ct, a, b: a @ ct)
    dr.check(lambda a, b: outer(a, b), X, np.array([1.0, 2.0]))


@pytest.mark.parametrize("given", ["jvp", "vjp", "both"])
@pytest.mark.parametrize("axes", [(0, 0), (0, None), (None, 0)])
def test_a_batch_runs_the_function_and_its_rules_once(given, axes):
    calls = []

    @dr.custom
    def f(x, w):
        calls.append("f")
        return {"a": np.sin(x) * w, "b": np.sum(x**3)}, np.sum(w)

    if given != "vjp":

        @f.defjvp
        def _(primals, tangents):
            (x, w), (dx, dw) = primals, tangents
            change = {"a": np.cos(x) * dx * w + np.sin(x) * dw, "b": np.sum(3 * x**2 * dx)}
            return f(x, w), (change, np.sum(dw))

    if given != "jvp":

        @f.defvjp
        def _(x, w):
            def pullback(cts):
                ct, ct_sum = cts
                return ct["a"] * np.cos(x) * w + ct["b"] * 3 * x**2, ct["a"] * np.sin(x) + ct_sum

            return f(x, w), pullback

    def through(x, w):
        parts, total = f(x, w)
        return np.sum(parts["a"] ** 2) + parts["b"] * total

    def plain(x, w):
        return np.sum((np.sin(x) * w) ** 2) + np.sum(x**3) * np.sum(w)

    rng = np.random.default_rng(0)
    args = [rng.standard_normal((4, 3) if axis == 0 else 3) for axis in axes]
    dr.vmap(through, axes)(*args)
    assert calls == ["f"]
    for transform in (dr.grad, dr.hessian, dr.jacfwd):
        actual = dr.vmap(transform(through), axes)(*args)
        np.testing.assert_allclose(actual, dr.vmap(transform(plain), axes)(*args), rtol=1e-10)
    for k in range(2):
        slopes = [
            dr.grad(lambda *a, g=g: np.sum(dr.vmap(g, axes)(*a) ** 2), k)(*args)
            for g in (through, plain)
        ]
        np.testing.assert_allclose(slopes[0], slopes[1], rtol=1e-10)


def test_jacobians_of_forms_without_a_batch_rule():
    flip = dr.linear(lambda x: x[::-1], lambda ct, x: flip(ct), name="flip")
    outer = dr.bilinear(np.outer, lambda ct, a, b: ct @ b, lambda ct, a, b: a @ ct, name="outer")
    x = np.array([0.5, 1.5, -2])
    for jacobian in (dr.jacfwd, dr.jacrev):
        np.testing.assert_allclose(jacobian(lambda x: flip(x**2))(x), np.diag(2 * x)[::-1])
        np.testing.assert_allclose(
            jacobian(lambda x: outer(x, np.sin(x)))(x),
            jacobian(lambda x: x[:, None] * np.sin(x))(x),
        )

    def f(x):
        return np.sum(flip(x**2) * x) + np.sum(outer(x, x**2))

    def plain(x):
        return np.sum((x**2)[::-1] * x) + np.sum(x[:, None] * x**2)

    np.testing.assert_allclose(dr.hessian(f)(x), dr.hessian(plain)(x))
    np.testing.assert_allclose(dr.hessian_diagonal(f)(x), dr.hessian_diagonal(plain)(x))
    np.testing.assert_allclose(dr.sparse.hessian(f)(x).toarray(), dr.hessian(plain)(x))
    with pytest.raises(dr.errors.NoBatchRuleError, match="flip"):
        dr.vmap(flip)(np.eye(3))
    with pytest.raises(dr.errors.NoBatchRuleError, match="outer"):
        dr.vmap(dr.grad(f))(np.eye(3))


def test_directions_of_rules_that_cannot_take_many():
    """Compiled code, elements stored one by one: the rule is called once a direction."""
    w, x = np.array([1.0, 2, 3]), np.array([0.5, 1.5, -2])

    @dr.custom
    def by_elements(x):
        return np.array([math.sin(v) for v in x])

    @by_elements.defjvp
    def by_elements_jvp(primals, tangents):
        out = np.empty(3)
        for k in range(3):
            out[k] = math.cos(primals[0][k]) * tangents[0][k]
        return by_elements(primals[0]), out

    np.testing.assert_allclose(dr.jacfwd(by_elements)(x), np.diag(np.cos(x)))

    @dr.custom
    def in_place(x):
        return np.sin(x)

    @in_place.defjvp
    def in_place_jvp(primals, tangents):
        out = np.empty(3)
        out[:] = tangents[0]
        out *= np.cos(primals[0])
        return np.sin(primals[0]), out

    np.testing.assert_allclose(dr.jacfwd(in_place)(x), np.diag(np.cos(x)))
    with pytest.raises(dr.errors.DualrevError):  # never zeros: the rule loses the second order
        dr.hessian_diagonal(lambda x: w @ in_place(x))(x)


def test_rules_that_take_derivatives_inside_of_vmap():
    """The values of such a rule are those of all examples: none of the batches is about them."""
    f = dr.custom(lambda x: np.sin(x))
    f.defjvp(lambda primals, tangents: (f(*primals), dr.jvp(np.sin, primals, tangents)[1]))
    x = np.linspace(0.1, 1.0, 3)
    assert np.allclose(dr.vmap(dr.grad(f))(x), np.cos(x))
    assert np.allclose(dr.vmap(dr.derivative(dr.grad(f)))(x), -np.sin(x))
    assert np.allclose(dr.hessian(lambda x: np.sum(dr.vmap(f)(x)))(x), np.diag(-np.sin(x)))


def test_a_general_rule_that_takes_derivatives_inside_of_vmap():
    """The same for `general`, with a batch rule: also where a cotangent is asked for later."""

    def batch(primitive, size, args, batched, params):
        return primitive(*args)

    @dr.general(lambda x: np.sin(x), batch=batch)
    def by_push(y, x):
        return lambda dx: dr.jvp(np.sin, (x,), (dx,))[1]

    @dr.general(lambda x: np.sin(x), batch=batch)
    def by_both(y, x):
        def pull(ct):
            return (lambda: dr.vjp(np.sin, x)[1](ct)[0],)

        return (lambda dx: dr.jvp(np.sin, (x,), (dx,))[1]), pull

    x = np.linspace(0.1, 1.0, 3)
    for f in (by_push, by_both):
        assert np.allclose(dr.vmap(dr.grad(f))(x), np.cos(x))
        assert np.allclose(dr.vmap(dr.derivative(f))(x), np.cos(x))
        assert np.allclose(dr.vmap(dr.derivative(dr.grad(f)))(x), -np.sin(x))
