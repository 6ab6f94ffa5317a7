"""The museum of perturbation confusion: programs on which nested derivatives went wrong.

Each once gave, or still gives, a wrong number in some system; the source stands beside it.
"""

import numpy as np
import pytest

import dualrev as dr

D = dr.derivative
G = dr.grad
BOTH = [D, G]
PAIRS = [(outer, inner) for outer in BOTH for inner in BOTH]


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_siskind_pearlmutter_2005(outer, inner):
    """Perturbation confusion and referential transparency (IFL 2005), eq. 1: the first of all."""
    assert outer(lambda x: x * inner(lambda y: x + y)(1.0))(1.0) == 1.0


@pytest.mark.parametrize(("outer", "inner"), PAIRS)
def test_manzyuk_2019_introduction(outer, inner):
    """Manzyuk et al., Perturbation confusion in forward AD of higher-order functions, sec. 1."""
    assert outer(lambda x: inner(lambda y: x * y)(2.0))(3.0) == 1.0


@pytest.mark.parametrize("inner", BOTH)
def test_amazing_bug(inner):
    """The "amazing bug" (ibid., sec. 4): a derivative of a curried function keeps its own tag.

    s(u)(f)(x) = f(x + u); D(s)(0) is the derivative operator: D(s)(0)(D(s)(0)(h)) = h''.
    """

    def shift_derivative(f):
        return lambda x: inner(lambda u: f(x + u))(0.0)

    h = np.exp
    assert shift_derivative(shift_derivative(h))(1.0) == pytest.approx(np.e, rel=1e-15)


def test_forwarddiff_issue_83():
    """ForwardDiff.jl issue 83: a closure over the outer variable inside an inner derivative."""
    assert D(lambda x: D(lambda y: x**2 * y**3)(2.0))(1.0) == 2 * 3 * 4
    assert G(lambda x: D(lambda y: x**2 * y**3)(2.0))(1.0) == 24


def test_forwarddiff_confusion_jacobian():
    """ForwardDiff.jl ConfusionTest: the Jacobian of a gradient that closes over both arguments."""

    def a_gradient(x):
        return G(lambda y: np.sum(x * y**2))(np.array([1.0, 2.0]))

    np.testing.assert_array_equal(dr.jacfwd(a_gradient)(np.array([3.0, 4.0])), np.diag([2.0, 4.0]))
    np.testing.assert_array_equal(dr.jacrev(a_gradient)(np.array([3.0, 4.0])), np.diag([2.0, 4.0]))


def test_inner_derivative_of_an_outer_constant():
    """d/dx of d/dy of a function of x alone is zero, not d/dx of it."""
    for outer, inner in PAIRS:
        assert outer(lambda x, inner=inner: inner(lambda y: x * x + 0 * y)(5.0))(2.0) == 0.0
        assert outer(lambda x, inner=inner: inner(lambda y: x * x)(5.0))(2.0) == 0.0


def test_three_levels():
    def f(x):
        return x * D(lambda y: y * G(lambda z: x * y * z**2)(3.0))(2.0)

    # d/dz = 2xyz = 6xy at z = 3; d/dy (6 x y^2) = 12 x y = 24 x; f = 24 x^2
    assert D(f)(5.0) == 240.0
    assert G(f)(5.0) == 240.0
    assert D(G(f))(5.0) == 48.0


def test_the_same_function_differentiated_at_two_levels():
    """One function object, used at both levels: tags belong to runs, not to functions."""

    def f(x):
        return x**3

    def g(x):
        return D(f)(x) * x

    assert D(g)(2.0) == pytest.approx(9 * 4)
    assert G(g)(2.0) == pytest.approx(9 * 4)


def test_swapped_order_of_levels():
    """An inner value combined with an outer one from either side."""
    for outer, inner in PAIRS:
        assert outer(lambda x, inner=inner: inner(lambda y: y - x)(1.0) * x)(7.0) == 1.0
        assert outer(lambda x, inner=inner: inner(lambda y: x - y)(1.0) * x)(7.0) == -1.0
        assert outer(lambda x, inner=inner: inner(lambda y: x**y)(2.0))(3.0) == pytest.approx(
            3 + 6 * np.log(3)
        )


def test_lazily_evaluated_inner_function():
    """A closure that escapes the inner derivative is used outside it, with plain values only."""
    kept = []

    def inner(y):
        kept.append(lambda t: t * 2.0)
        return y * y

    assert D(lambda x: D(inner)(x) + kept[-1](x))(3.0) == 4.0


def test_vjp_inside_jvp_and_back():
    x, v = np.array([0.3, -0.2]), np.array([1.0, 2.0])

    def f(x):
        return np.sum(np.sin(x) * x[::-1])

    hv = dr.jvp(lambda x: dr.vjp(f, x)[1](1.0)[0], (x,), (v,))[1]
    np.testing.assert_allclose(
        hv, dr.vjp(lambda x: dr.jvp(f, (x,), (v,))[1], x)[1](1.0)[0], rtol=1e-14
    )
    np.testing.assert_allclose(hv, dr.hessian(f)(x) @ v, rtol=1e-14)


def test_pullback_called_under_another_level():
    """A pullback made outside and called inside is linear in its cotangent there."""
    _, pullback = dr.vjp(lambda x: x**2, 3.0)
    assert D(lambda c: pullback(c)[0])(1.0) == 6.0
    assert G(lambda c: pullback(c)[0] * c)(1.0) == 12.0


def test_an_exception_leaks_no_level():
    def fails(x):
        raise ValueError("on purpose")

    for transform in BOTH:
        with pytest.raises(ValueError, match="on purpose"):
            D(lambda x, transform=transform: transform(fails)(x))(1.0)
    test_three_levels()
