"""`scipy.interpolate`: every kind, boundary condition and way to extrapolate; splines and grids."""

import numpy as np
import pytest
import scipy.interpolate as si

import dualrev as dr
from dualrev.scipy import interpolate
from tests.rules.harness import Case, check_case

rng = np.random.default_rng(23)
r = rng.standard_normal
X = np.array([0.0, 0.7, 1.5, 2.1, 3.0, 3.4])
Y, Z = r(6), r((2, 6, 3))
P = np.array([0.3, 1.15, 1.9, 2.6])
OUT = np.array([-0.55, 1.15, 3.95])
GRID = P.reshape(2, 2)
PERIODIC = np.array([0.4, -0.3, 1.2, 0.9, -0.5])
KINDS = ("slinear", "quadratic", "cubic", 3, 5, "nearest", "nearest-up", "previous", "next", "zero")
U = np.array([0.0, 1.0, 1.6, 2.5])
V = np.array([3.0, 2.0, 0.5])
XI = np.array([[0.4, 0.7], [1.2, 2.4], [2.2, 1.1]])


def made(name, *args, **keywords):
    return getattr(interpolate, name)(*args, **keywords)


def cyclic(y):
    return np.concatenate([y, y[:1]])


def splines():
    end = ((1, 0.5), (2, -0.3))
    for name, rest in (
        ("CubicSpline", {}), ("CubicSpline", {"bc_type": "natural"}), ("CubicSpline", {"bc_type": "clamped"}),
        ("CubicSpline", {"bc_type": end}), ("PchipInterpolator", {}), ("Akima1DInterpolator", {}),
        ("Akima1DInterpolator", {"method": "makima"}),
    ):  # fmt: skip
        label = f"{name}, {rest}"
        yield Case(
            f"{label}, x y p",
            lambda x, y, p, n=name, k=rest: made(n, x, y, **k)(p),
            (X, Y, P),
            exact=False,
            rtol=1e-5,
        )
        yield Case(
            f"{label}, parts",
            lambda y, p, n=name, k=rest: [
                made(n, X, y, **k).derivative(2)(p),
                made(n, X, y, **k).antiderivative()(p),
                made(n, X, y, **k).antiderivative(2)(p),
                made(n, X, y, **k)(p, 1),
            ],
            (Y, P),
            order=2,
            exact=False,
            rtol=1e-5,
        )
        yield Case(
            f"{label}, integral",
            lambda x, y, a, b, n=name, k=rest: made(n, x, y, **k).integrate(a, b),
            (X, Y, 2.9, 0.4),
            order=2,
            exact=False,
            rtol=1e-5,
        )
        rest = {key: v for key, v in rest.items() if v is not end}
        yield Case(
            f"{label}, axis",
            lambda y, p, n=name, k=rest: made(n, X, y, axis=1, **k)(p),
            (Z, GRID),
            order=2,
            exact=False,
            rtol=1e-5,
        )
        yield Case(
            f"{label}, outside",
            lambda y, p, n=name, k=rest: made(n, X, y, extrapolate=True, **k)(p),
            (Y, OUT),
            order=2,
            exact=False,
            rtol=1e-5,
        )
        yield Case(
            f"{label}, wrapped",
            lambda y, p, n=name, k=rest: made(n, X, y, extrapolate="periodic", **k)(p),
            (Y, OUT),
            order=2,
            exact=False,
            rtol=1e-5,
        )
        yield Case(
            f"{label}, 2 knots",
            lambda x, y, p, n=name, k=rest: made(n, x, y, **k)(p),
            (X[:2], Y[:2], P[:1]),
            order=2,
            exact=False,
        )
        yield Case(
            f"{label}, 3 knots",
            lambda x, y, p, n=name, k=rest: made(n, x, y, **k)(p),
            (X[:3], Y[:3], P[:2]),
            order=2,
            exact=False,
        )
    for n in (2, 3, 4, 5, 6):
        f = lambda x, y, p, n=n: made("CubicSpline", x, cyclic(y), bc_type="periodic")(p)
        yield Case(
            f"CubicSpline, periodic, {n} knots",
            f,
            (X[:n], PERIODIC[: n - 1], OUT),
            order=2,
            exact=False,
            rtol=1e-5,
        )
    whole = lambda y, a, b: made("CubicSpline", X, cyclic(y), bc_type="periodic").integrate(a, b)
    yield Case(
        "CubicSpline, periodic, integral", whole, (PERIODIC, -2.3, 11.7), order=2, exact=False
    )
    many = lambda y: made(
        "CubicSpline", X, np.concatenate([y, y[:, :1]], axis=1), axis=1, bc_type="periodic"
    )(P)
    yield Case("CubicSpline, periodic, many", many, (r((2, 5, 3)),), order=2, exact=False)
    yield Case(
        "CubicSpline, end values",
        lambda u, v: made("CubicSpline", X, Z[0, :, 0], bc_type=((2, u), (1, v)))(P),
        (0.5, -0.2),
        order=2,
        exact=False,
    )
    f = interpolate.CubicSpline(X, Y)
    yield Case(
        "CubicSpline, plain, integral",
        lambda a, b: f.integrate(a, b),
        (0.3, 2.2),
        order=2,
        exact=False,
    )
    yield Case(
        "PPoly, integral",
        lambda c, x, b: made("PPoly", c, x).integrate(0.1, b),
        (r((3, 5)), X, 2.2),
        order=2,
        exact=False,
    )


def lines():
    for kind in KINDS:
        f = lambda x, y, p, k=kind: made("interp1d", x, y, kind=k)(p)
        yield Case(f"interp1d, {kind}", f, (X, Y, P), order=2, exact=False, rtol=1e-5)
        f = lambda y, p, k=kind: made(
            "interp1d", X[::-1], y, kind=k, axis=1, fill_value="extrapolate"
        )(p)
        yield Case(f"interp1d, {kind}, many", f, (Z, GRID), order=2, exact=False, rtol=1e-5)
        f = lambda y, p, k=kind: made("interp1d", X, y, kind=k, fill_value="extrapolate")(p)
        yield Case(
            f"interp1d, {kind}, extrapolated",
            f,
            (Y, OUT[1:] if kind == "previous" else OUT[:2]),
            order=2,
            exact=False,
            rtol=1e-5,
        )
        yield Case(
            f"interp1d, {kind}, plain data",
            interpolate.interp1d(X, Y, kind=kind),
            (P,),
            order=2,
            exact=False,
            rtol=1e-5,
        )
    filled = lambda y, u, v: made(
        "interp1d", X, y, kind="cubic", bounds_error=False, fill_value=(u, v)
    )(OUT)
    yield Case("interp1d, fill", filled, (Y, 0.3, 0.7), order=2, exact=False)


def bases():
    for k in (0, 1, 2, 3, 4, 5):
        f = lambda x, y, p, k=k: made("make_interp_spline", x, y, k)(p)
        yield Case(f"make_interp_spline, {k}", f, (X, Y, P), order=2, exact=False, rtol=1e-5)
    for bc in ("natural", "clamped", ([(1, 0.3)], [(2, 0.1)])):
        f = lambda x, y, p, bc=bc: made("make_interp_spline", x, y, bc_type=bc)(p)
        yield Case(f"make_interp_spline, {bc}", f, (X, Y, P), order=2, exact=False, rtol=1e-5)
    five = lambda y, u, v: made(
        "make_interp_spline", X, y, 5, bc_type=([(1, u), (2, 0.0)], [(1, v), (2, 0.1)])
    )(P)
    yield Case("make_interp_spline, 5, ends", five, (Y, 0.3, 0.7), order=2, exact=False, rtol=1e-5)
    yield Case(
        "make_interp_spline, many",
        lambda y, p: made("make_interp_spline", X, y, axis=1)(p, 1),
        (Z, GRID),
        order=2,
        exact=False,
    )
    t = np.array([0.0, 0.0, 0.0, 0.4, 1.0, 1.0, 2.0, 3.0, 3.0, 3.0])
    g = lambda c, p: [made("BSpline", t, c, 2)(p, nu) for nu in (0, 1, 2)]
    yield Case("BSpline", g, (r(7), P), order=2, exact=False)
    h = lambda t, c, p: made("BSpline", t, c, 3)(p)
    yield Case(
        "BSpline, knots",
        h,
        (np.linspace(-1, 4, 10) + 0.1 * np.arange(10.0), r(6), P),
        order=2,
        exact=False,
    )
    wrapped = lambda c, p: made("BSpline", t, c, 2, extrapolate="periodic")(p)
    yield Case("BSpline, wrapped", wrapped, (r(7), OUT), order=2, exact=False)
    yield Case(
        "BSpline, plain", interpolate.make_interp_spline(X, Y), (GRID,), order=2, exact=False
    )


def grids():
    def grid(u, v, z, xi, **rest):
        return made("RegularGridInterpolator", (u, v), z, **rest)(xi)

    for m in ("linear", "nearest"):
        f = lambda u, v, z, xi, m=m: grid(u, v, z, xi, method=m)
        yield Case(f"RegularGridInterpolator, {m}", f, (U, V, r((4, 3)), XI), order=2, exact=False)
    f = lambda z, xi: grid(U, V, z, xi, bounds_error=False, fill_value=None)
    yield Case(
        "RegularGridInterpolator, extrapolated", f, (r((4, 3, 2)), XI + 1.5), order=2, exact=False
    )
    f = lambda z, xi: grid(U, V, z, xi, bounds_error=False, fill_value=0.5)
    yield Case("RegularGridInterpolator, filled", f, (r((4, 3, 2)), XI + 1.5), order=2, exact=False)
    plain = interpolate.RegularGridInterpolator((U, V), r((4, 3)))
    yield Case("RegularGridInterpolator, plain", plain, (XI,), order=2, exact=False)
    yield Case(
        "interpn",
        lambda z, xi: interpolate.interpn((U, V), z, xi),
        (r((4, 3)), XI),
        order=2,
        exact=False,
    )
    one = lambda u, z, xi: interpolate.RegularGridInterpolator((u,), z)(xi)
    yield Case(
        "RegularGridInterpolator, 1", one, (U, r(4), np.array([0.3, 2.2])), order=2, exact=False
    )


CASES = [*splines(), *lines(), *bases(), *grids()]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


@pytest.mark.parametrize("name", ["CubicSpline", "PchipInterpolator", "Akima1DInterpolator"])
def test_at_knots_and_ends(name):
    f, g = getattr(interpolate, name)(X, Y), getattr(si, name)(X, Y)
    slopes = dr.jvp(f, (X,), (np.ones(6),))[1]
    np.testing.assert_allclose(slopes, g(X, 1), rtol=1e-12, atol=1e-12)
    weights = dr.jacobian(lambda y: getattr(interpolate, name)(X, y)(X))(Y)
    np.testing.assert_allclose(weights, np.eye(6), atol=1e-12)


@pytest.mark.parametrize("kind", ["linear", "quadratic", "cubic"])
def test_batches(kind):
    f = lambda y, p: interpolate.interp1d(X, y, kind=kind)(p)
    ys, ps = r((4, 6)), rng.uniform(0.1, 3.3, (4, 2))
    expected = np.stack([f(y, p) for y, p in zip(ys, ps, strict=True)])
    np.testing.assert_allclose(dr.vmap(f)(ys, ps), expected, rtol=1e-12)
    g = lambda x, y: interpolate.CubicSpline(x, y)(1.3)
    xs = X + rng.uniform(0, 0.3, (4, 6))
    expected = [g(x, y) for x, y in zip(xs, ys, strict=True)]
    np.testing.assert_allclose(dr.vmap(g)(xs, ys), expected, rtol=1e-12)
    h = lambda x, y: interpolate.make_interp_spline(x, y, 3)(1.3)
    np.testing.assert_allclose(dr.vmap(h)(xs, ys), expected, rtol=1e-10)


def test_pchip_is_flat_at_extrema():
    y = np.array([0.0, 1.0, 1.0, 3.0, 2.0, 2.0])
    f = lambda y: interpolate.PchipInterpolator(X, y)(P)
    np.testing.assert_allclose(dr.jvp(f, (y,), (y,))[1], f(y), rtol=1e-12)  # homogeneous
    g = lambda y: interpolate.Akima1DInterpolator(X, y)(P)
    line = 2.0 * X
    np.testing.assert_allclose(dr.jvp(g, (line,), (line,))[1], g(line), rtol=1e-12)


@pytest.mark.parametrize(
    "f",
    [
        lambda y: interpolate.CubicSpline(X[::-1], y)(1.0),
        lambda y: interpolate.PchipInterpolator(X[::-1], y)(1.0),
        lambda y: interpolate.Akima1DInterpolator(X[:-1], y)(1.0),
        lambda y: interpolate.make_interp_spline(X[::-1], y)(1.0),
        lambda y: interpolate.make_interp_spline(X[:-1], y)(1.0),
        lambda y: interpolate.CubicSpline(X, y, bc_type="periodic")(1.0),
        lambda y: interpolate.interp1d(X, y, kind="cubic")(5.0),
        lambda y: interpolate.interp1d(X[:-1], y)(1.0),
        lambda y: interpolate.RegularGridInterpolator((X,), y)([5.0]),
        lambda y: interpolate.RegularGridInterpolator((X[:-1],), y)([1.0]),
        lambda y: interpolate.CubicSpline(X, y * np.nan)(1.0),
    ],
)
def test_what_scipy_refuses(f):
    with pytest.raises(ValueError) as scipys:
        f(Y)
    with pytest.raises(ValueError) as ours:
        dr.jvp(f, (Y,), (Y,))
    assert type(ours.value) is type(scipys.value)
