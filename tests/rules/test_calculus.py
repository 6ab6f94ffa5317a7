"""Differences, integrals, interpolation, polynomials, vectors."""

import numpy as np
import pytest

import dualrev as dr

from .harness import Case, check_case

rng = np.random.default_rng(5)
v = rng.standard_normal(6)
w = rng.standard_normal(4)
A = rng.standard_normal((3, 5))
T = rng.standard_normal((2, 3, 4))
C = rng.standard_normal((3, 4)) + 1j * rng.standard_normal((3, 4))
f32 = A.astype(np.float32)
scalar = np.float64(0.7)
knots = np.array([-1.0, 0.2, 0.9, 2.0])
at = np.array([-2.0, -0.4, 0.5, 1.3, 1.9, 3.0])
steps = np.cumsum(rng.random(5) + 0.3)
three = rng.standard_normal((4, 3))

CASES = [
    Case("np.diff", np.diff, (v,)),
    Case("np.diff, n=2, axis=0", lambda x: np.diff(x, 2, 0), (A,)),
    Case("np.diff, n=0", lambda x: np.diff(x, 0) * 1, (A,)),
    Case("np.diff, axis=-2", lambda x: np.diff(x, axis=-2), (T,)),
    Case(
        "np.diff, prepend, append",
        lambda x, p, q: np.diff(x, prepend=p, append=q),
        (A, scalar, A[:, :2].copy()),
    ),
    Case("np.diff, prepend a number", lambda x: np.diff(x, prepend=0), (A,)),
    Case("np.diff, nothing left", lambda x: np.diff(x, 3), (v[:2],)),
    Case("np.diff, size one", np.diff, (v[:1],)),
    Case("np.diff, empty", np.diff, (np.zeros((3, 0)),)),
    Case("np.diff, complex", np.diff, (C,)),
    Case("np.diff, float32", np.diff, (f32,)),
    Case("np.ediff1d", np.ediff1d, (A,)),
    Case("np.ediff1d, ends", lambda x, e, b: np.ediff1d(x, e, b), (v, w, scalar)),
    Case("np.trapezoid", np.trapezoid, (A,)),
    Case("np.trapezoid, x", np.trapezoid, (A, steps)),
    Case("np.trapezoid, x of a matrix", lambda y, x: np.trapezoid(y, x, axis=0), (A, A**2)),
    Case("np.trapezoid, x along axis=1", lambda y, x: np.trapezoid(y, x, axis=1), (T, steps[:3])),
    Case("np.trapezoid, dx", lambda y, h: np.trapezoid(y, dx=h, axis=-2), (A, scalar)),
    Case("np.trapezoid, complex", np.trapezoid, (C,)),
    Case("np.trapezoid, float32", np.trapezoid, (f32,)),
    Case("np.gradient", np.gradient, (v,)),
    Case("np.gradient, all axes", np.gradient, (A,)),
    Case("np.gradient, edge_order=2", lambda f: np.gradient(f, edge_order=2), (A,)),
    Case("np.gradient, axis", lambda f: np.gradient(f, axis=-1), (T,)),
    Case("np.gradient, spacing", lambda f, h: np.gradient(f, h), (A, scalar)),
    Case(
        "np.gradient, two spacings",
        lambda f, h: np.gradient(f, h, 2.0, axis=(1, 2), edge_order=2),
        (T, scalar),
    ),
    Case("np.gradient, coordinates", lambda f, x: np.gradient(f, x), (v[:5], steps)),
    Case(
        "np.gradient, coordinates, edge_order=2",
        lambda f, x: np.gradient(f, x, axis=1, edge_order=2),
        (A, steps),
    ),
    Case("np.gradient, coordinates are constant", lambda f: np.gradient(f, steps, axis=1), (A,)),
    Case("np.gradient, equal distances", lambda f: np.gradient(f, np.arange(5.0), axis=1), (A,)),
    Case(
        "np.gradient, equal distances, traced",
        lambda f, x: np.gradient(f, x),
        (v, np.arange(6.0)),
        exact=False,
    ),
    Case("np.gradient, complex", lambda f: np.gradient(f, axis=0), (C,)),
    Case("np.gradient, float32", lambda f: np.gradient(f, 0.1), (f32,)),
    Case("np.cross", np.cross, (three, three[::-1].copy())),
    Case("np.cross, broadcasting", np.cross, (three, v[:3])),
    Case("np.cross, vectors", np.cross, (v[:3], v[3:])),
    Case(
        "np.cross, axes",
        lambda a, b: np.cross(a, b, axisa=0, axisb=1, axisc=0),
        (three.T.copy(), three),
    ),
    Case("np.cross, axis", lambda a, b: np.cross(a, b, axis=0), (three.T.copy(), three.T**2)),
    Case("np.cross, complex", np.cross, (C[:, :3], C[:, 1:])),
    Case("np.cross, float32", np.cross, (f32[:, :3], f32[:, 1:4])),
    Case("np.interp", np.interp, (at, knots, w)),
    Case("np.interp, scalar", np.interp, (scalar, knots, w)),
    Case("np.interp, matrix", np.interp, (A, knots, w)),
    Case(
        "np.interp, left, right",
        lambda x, xp, fp: np.interp(x, xp, fp, left=-3.0, right=9.0),
        (at, knots, w),
    ),
    Case(
        "np.interp, traced left",
        lambda x, xp, fp: np.interp(x, xp, fp, left=x[0] ** 2),
        (at, knots, w),
    ),
    Case("np.interp, complex", np.interp, (at, knots, C[0])),
    Case(
        "np.interp, period",
        lambda x, xp, fp: np.interp(x, xp, fp, period=2.5),
        (at, knots[[1, 0, 2]], w[:3]),
        exact=False,
    ),
    Case("np.interp, one knot", np.interp, (at, knots[:1], w[:1])),
    Case("np.interp, empty", np.interp, (np.zeros(0), knots, w)),
    Case("np.interp, float32", np.interp, tuple(a.astype(np.float32) for a in (at, knots, w))),
    Case("np.unwrap", np.unwrap, (4 * v,)),
    Case("np.unwrap, axis, period", lambda x: np.unwrap(x, axis=0, period=1.5), (A,)),
    Case("np.unwrap, float32", np.unwrap, (4 * f32,)),
    Case("np.vander", np.vander, (w,)),
    Case("np.vander, increasing", lambda x: np.vander(x, 3, increasing=True), (v,)),
    Case("np.vander, at zero", lambda x: np.vander(x, 4), (np.array([0.0, 1.0, -2.0]),)),
    Case("np.vander, N=0", lambda x: np.vander(x, 0), (v,)),
    Case("np.vander, N=1", lambda x: np.vander(x, 1), (v,)),
    Case("np.vander, complex", np.vander, (C[0],)),
    Case("np.vander, float32", np.vander, (f32[0],)),
    Case("np.polyval", np.polyval, (w, v)),
    Case("np.polyval, scalar", np.polyval, (w, scalar)),
    Case("np.polyval, matrix", np.polyval, (w, A)),
    Case("np.polyval, constant", np.polyval, (w[:1], v)),
    Case("np.polyval, complex", np.polyval, (C[0], C[1])),
    Case("np.polyval, real of complex", np.polyval, (w, C)),
    Case("np.polyval, float32", np.polyval, (f32[0], f32)),
    Case("np.polyadd", np.polyadd, (w, v)),
    Case("np.polyadd, same length", np.polyadd, (w, w**2)),
    Case("np.polysub", np.polysub, (v, w)),
    Case("np.polymul", np.polymul, (v, w)),
    Case("np.polymul, a number", lambda p: np.polymul(p, 2.0), (w,)),
    Case("np.polyder", np.polyder, (v,)),
    Case("np.polyder, m=2", lambda p: np.polyder(p, 2), (v,)),
    Case("np.polyint", np.polyint, (v,)),
    Case("np.polyint, m=2, k", lambda p: np.polyint(p, 2, p[:2] ** 2), (v,)),
    Case("np.polyint, one k", lambda p: np.polyint(p, 3, p[0] ** 2), (v,)),
    Case("np.polyder and np.polyval", lambda p, x: np.polyval(np.polyder(p), x), (v, w)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors")
@pytest.mark.parametrize(("n", "m"), [(2, 2), (2, 3), (3, 2)])
def test_cross_of_vectors_in_the_plane(n, m):
    try:
        np.cross(three[:, :n], three[::-1, :m])
    except ValueError:
        pytest.skip("this NumPy has only vectors in space")
    check_case(Case("np.cross", np.cross, (three[:, :n], three[::-1, :m])))


def test_interp_at_knots_takes_the_interval_to_the_right_and_the_last_that_to_the_left():
    xp, fp = np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 10.0])
    slopes = [dr.grad(lambda x: np.interp(x, xp, fp))(x) for x in (-1.0, 0.0, 1.0, 3.0, 4.0)]
    np.testing.assert_array_equal(slopes, [0, 2, 4, 4, 0])
    forward = [
        dr.jvp(lambda x: np.interp(x, xp, fp), (x,), (1.0,))[1] for x in (-1.0, 0.0, 1.0, 3.0, 4.0)
    ]
    np.testing.assert_array_equal(forward, slopes)


def test_polynomials_at_zero():
    p = np.array([1.0, 2.0, 3.0])
    assert dr.grad(lambda x: np.polyval(p, x))(0.0) == 2
    assert dr.hessian(lambda x: np.polyval(p, x))(np.float64(0.0)) == 2


def test_errors():
    with pytest.raises(ValueError, match="too small"):
        dr.grad(lambda f: np.gradient(f, edge_order=2).sum())(v[:2])
    with pytest.raises(TypeError, match="number of arguments"):
        dr.grad(lambda f: np.gradient(f, 1.0, 2.0, 3.0)[0].sum())(A)
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="period"):
        dr.grad(lambda x: np.unwrap(x, period=x[0]).sum())(v)
    with pytest.raises(ValueError, match="order"):
        dr.grad(lambda x: np.diff(x, -1).sum())(v)
