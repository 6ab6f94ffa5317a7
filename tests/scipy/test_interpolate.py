"""`scipy.interpolate`, and the solvers of `scipy.optimize` and `scipy.sparse` that refuse."""

import copy
import pickle

import numpy as np
import pytest
import scipy.interpolate as si
import scipy.optimize as so
import scipy.sparse as sp

import dualrev as dr
from dualrev.scipy import interpolate, optimize, sparse
from dualrev.scipy.sparse import linalg as sparse_linalg
from tests.rules.harness import Case, check_case

rng = np.random.default_rng(17)
r = rng.standard_normal
X = np.array([0.0, 0.7, 1.5, 2.1, 3.0])
Y = r(5)
POINTS = np.array([0.3, 1.1, 1.9, 2.6])
GRID = POINTS.reshape(2, 2)
BCS = ("not-a-knot", "natural", "clamped", ((1, 0.5), (2, -0.3)), ((2, 0.4), "not-a-knot"))


def spline(x, y, points, **keywords):
    return interpolate.CubicSpline(x, y, **keywords)(points)


def line(x, y, points, **keywords):
    return interpolate.interp1d(x, y, **keywords)(points)


# fmt: off
CASES = [
    Case("interp1d", line, (X, Y, POINTS), exact=False),
    Case("interp1d, many", lambda y, p: line(X, y, p, axis=1), (r((2, 5, 3)), GRID), exact=False),
    Case("interp1d, unsorted", lambda y, p: line(X[::-1], y, p), (Y, POINTS), exact=False),
    Case("interp1d, extrapolate", lambda y, p: line(X, y, p, fill_value="extrapolate"), (Y, POINTS + 2), exact=False),
    Case("interp1d, fill", lambda y, p: line(X, y, p, fill_value=(-1.0, 2.0), bounds_error=False), (Y, POINTS + 2), exact=False),
    Case("interp1d, plain data", interpolate.interp1d(X, Y), (POINTS,), exact=False),
    Case("interp1d, plain data, steps", interpolate.interp1d(X, Y, kind="previous"), (POINTS,)),
    *[Case(f"CubicSpline, {bc}", lambda x, y, p, bc=bc: spline(x, y, p, bc_type=bc), (X, Y, POINTS), exact=False, rtol=1e-5) for bc in BCS],
    *[Case(f"CubicSpline, {n} knots, {bc}", lambda y, p, bc=bc, n=n: spline(X[:n], y, p, bc_type=bc), (Y[:n], POINTS), exact=False)
      for n in (2, 3, 4) for bc in BCS[:4]],
    Case("CubicSpline, many", lambda y, p: spline(X, y, p, axis=1), (r((2, 5, 3)), GRID), exact=False),
    Case("CubicSpline, nu", lambda y, p: [interpolate.CubicSpline(X, y)(p, k) for k in (1, 2, 3)], (Y, POINTS), exact=False),
    Case("CubicSpline, derivative", lambda y, p: interpolate.CubicSpline(X, y).derivative()(p), (Y, POINTS), exact=False),
    Case("CubicSpline, extrapolated", lambda y, p: spline(X, y, p), (Y, POINTS + 2), exact=False),
    Case("CubicSpline, end value", lambda v: spline(X, Y, POINTS, bc_type=((1, v), (1, 0.0))), (0.5,), exact=False),
    Case("CubicSpline, plain data", interpolate.CubicSpline(X, Y), (GRID,), exact=False),
    Case("CubicHermiteSpline", lambda x, y, d, p: interpolate.CubicHermiteSpline(x, y, d)(p), (X, Y, r(5), POINTS), exact=False),
    Case("PPoly", lambda c, p: interpolate.PPoly(c, X)(p), (r((3, 4)), POINTS), exact=False),
    Case("PchipInterpolator, plain data", interpolate.PchipInterpolator(X, Y), (POINTS,), exact=False),
    Case("Akima1DInterpolator, plain data", interpolate.Akima1DInterpolator(X, Y), (POINTS,), exact=False),
]
# fmt: on


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


def test_names_are_scipys():
    f = interpolate.CubicSpline(X, Y)
    assert isinstance(f, si.CubicSpline) and f(1.0) == si.CubicSpline(X, Y)(1.0)
    assert f.integrate(0, 1) == si.CubicSpline(X, Y).integrate(0, 1)
    assert interpolate.interp1d(X, Y, "cubic")(1.0) == si.interp1d(X, Y, "cubic")(1.0)
    assert set(si.__all__) <= set(dir(interpolate))
    assert optimize.rosen is so.rosen and optimize.OptimizeResult is so.OptimizeResult
    a = sparse.csr_array(np.eye(2))
    assert type(a) is sp.csr_array and isinstance(sp.csr_array(a), sparse.csr_array)
    assert issubclass(sp.csr_array, sparse.csr_array)
    assert sparse.eye_array is sp.eye_array


def test_copies_and_pickles():
    for f in (
        interpolate.CubicSpline(X, Y),
        interpolate.interp1d(X, Y),
        interpolate.PchipInterpolator(X, Y),
        interpolate.BarycentricInterpolator(X, Y),
    ):
        for g in (copy.copy(f), pickle.loads(pickle.dumps(f))):
            assert type(g).__module__.startswith("scipy.") and g(1.0) == f(1.0)


def test_outside_the_range():
    with pytest.raises(ValueError, match="interpolation range"):
        dr.grad(interpolate.interp1d(X, Y))(5.0)
    f = interpolate.CubicSpline(X, Y, extrapolate=False)
    assert np.isnan(dr.value_and_grad(f)(5.0)[0])


@pytest.mark.parametrize(
    "f",
    [
        lambda x: interpolate.CubicSpline(X, x * Y).roots()[0],
        lambda x: interpolate.make_interp_spline(X, x * Y).insert_knot(1.0).c[0],
        lambda x: interpolate.make_interp_spline(X, [x, 0, 0, 0, x], bc_type="periodic")(1.0),
        lambda x: interpolate.RegularGridInterpolator((X,), x * Y, method="cubic")([1.0]),
        lambda x: interpolate.UnivariateSpline(X, x * Y)(1.0),
        lambda x: sparse.csr_array([[x, 0.0], [0.0, 1.0]]).sum(),
        lambda x: sparse.coo_matrix(([x], ([0], [0]))).sum(),
        lambda x: sparse.diags_array([x * Y]).sum(),
        lambda x: sparse_linalg.cg(sp.eye_array(5, format="csr"), x * Y)[0],
    ],
)
@pytest.mark.parametrize("derivative", [dr.grad, dr.derivative])
def test_refused(f, derivative):
    errors = (
        dr.errors.NoRuleError,
        dr.errors.UnsupportedArgumentError,
        dr.errors.ConcreteValueError,
    )
    with pytest.raises(errors):
        derivative(f)(1.5)
