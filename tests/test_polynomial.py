"""`numpy.polynomial` knows no protocol: it runs on arrays of objects, rightly or not at all."""

import numpy as np
import pytest
from numpy.polynomial import chebyshev, hermite, hermite_e, laguerre, legendre, polynomial

from dualrev.fronts.packing import as_array
from dualrev.fronts.series import SERIES

from .rules.harness import Case, check_case

rng = np.random.default_rng(14)
c = rng.uniform(0.5, 2.0, 5)
d = rng.uniform(0.5, 2.0, 3)
x = rng.uniform(-1.0, 1.0, 6)
y = rng.uniform(-1.0, 1.0, 6)
A = rng.uniform(0.5, 2.0, (3, 4))
T = rng.uniform(0.5, 2.0, (2, 3, 2))
s = np.float64(0.3)

FAMILIES = {
    "poly": (polynomial, np.polynomial.Polynomial),
    "cheb": (chebyshev, np.polynomial.Chebyshev),
    "leg": (legendre, np.polynomial.Legendre),
    "herm": (hermite, np.polynomial.Hermite),
    "herme": (hermite_e, np.polynomial.HermiteE),
    "lag": (laguerre, np.polynomial.Laguerre),
}


def packed(f):
    """`f` with results in one array each, which the transformations do at the outside only."""

    def g(*args):
        y = f(*args)
        return tuple(map(as_array, y)) if isinstance(y, tuple) else as_array(y)

    return g


def cases(name):
    module, kind = FAMILIES[name]

    def of(suffix):
        return getattr(module, name + suffix)

    def case(what, f, *args):
        return Case(f"{name}{what}", packed(f), args, order=2, exact=False)

    made = [
        case("val", of("val"), x, c),
        case("val, a number", of("val"), s, A),
        case("val, rows", lambda c: of("val")(x, c), A),
        case("val, x of objects", lambda x, c: of("val")(np.asarray(x), c), x, A),
        case("val, no tensor", lambda x, c: of("val")(x, c, tensor=False), x[:4], A),
        case("val2d", of("val2d"), x, y, A),
        case("val3d", of("val3d"), x, y, x + y, T),
        case("grid2d", lambda c: of("grid2d")(x, y, c), A),
        case("vander", lambda x: of("vander")(x, 3), x),
        case("vander2d", lambda x, y: of("vander2d")(x, y, [1, 2]), x, y),
        case("der", lambda c: of("der")(c, 2, scl=2.0), c),
        case("der, axis=1", lambda c: of("der")(c, axis=1), A),
        case("int", lambda c: of("int")(c, 2, k=[1.0, 2.0], lbnd=-1), c),
        case("add", of("add"), c, d),
        case("sub", of("sub"), d, c),
        case("mul", of("mul"), c, d),
        case("mulx", of("mulx"), c),
        case("div", of("div"), c, d),
        case("div, by a number", lambda c, d: of("div")(c, d)[0], c, d[:1]),
        case("pow", lambda c: of("pow")(c, 3), d),
        case("line", of("line"), s, s + 1),
        case("fromroots", of("fromroots"), d),
        case("companion", of("companion"), c),
        case("roots, of a line", of("roots"), d[:2]),
        case(" object, value", lambda c, t: kind(c)(t), c, A),
        case(" object, product", lambda c, d: (kind(c) * kind(d)).coef, c, d),
        case(" object, quotient", lambda c, d: (kind(c) // kind(d)).coef, c, d),
        case(" object, remainder", lambda c, d: (kind(c) % kind(d)).coef, c, d),
        case(" object, power", lambda c: (kind(c) ** 2).coef, d),
        case(" object, derivative", lambda c, t: kind(c).deriv(2)(t), c, s),
        case(" object, integral", lambda c, t: kind(c).integ()(t), c, s),
        case(" object, domain", lambda b, t: kind(c, domain=[0.0, b])(t), s, x),
    ]
    if name != "poly":
        made += [
            case("2poly", of("2poly"), c),
            case(" from powers", getattr(module, f"poly2{name}"), c),
        ]
    return made


@pytest.mark.parametrize("case", [k for name in FAMILIES for k in cases(name)], ids=str)
def test_right(case):
    check_case(case)


@pytest.mark.parametrize("name", FAMILIES)
def test_traced_points_with_rows_of_coefficients(name):
    """Each row at each point, as NumPy has it: a traced x is an array, not a number."""
    val = getattr(FAMILIES[name][0], name + "val")
    for rows in (A, A[:1], A[:2], A[:, :1]):
        check_case(Case("rows", packed(val), (x[:4], rows), order=1, exact=False))
        check_case(
            Case("itself", packed(lambda c: val(2 * c[0], c)), (rows,), order=1, exact=False)
        )


def test_values_from_roots():
    """The same, with the roots themselves."""
    for t, r in ((x, x), (x[:4], A), (x, d[:1])):
        check_case(
            Case("points", packed(polynomial.polyvalfromroots), (t, r), order=1, exact=False)
        )
    check_case(Case("a number", polynomial.polyvalfromroots, (s, d), order=2))
    check_case(Case("roots", lambda r: as_array(polynomial.polyvalfromroots(x, r)), (d,), order=2))


# -- the fronts for namespaces of our own ---------------------------------------------------------


def front_cases(name):
    module = FAMILIES[name][0]

    def case(what, suffix, f, *args):
        function = getattr(module, name + suffix)
        front = SERIES[function]

        def either(*xs):  # NumPy's own on plain arrays
            traced = any(hasattr(x, "primal") for x in xs)
            return f(front if traced else function, *xs)

        return Case(f"{name}{suffix}, {what}", either, args, order=2, exact=False)

    def spare(fit, x, y):
        return fit(x, y, [0, 2])

    return [
        case("1-d", "val", lambda g, x, c: g(x, c), x, c),
        case("a number", "val", lambda g, x, c: g(x, c), s, A),
        case("rows", "val", lambda g, x, c: g(x, c), x, A),
        case("no tensor", "val", lambda g, x, c: g(x, c, tensor=False), x[:4], A),
        case("of objects", "val", lambda g, x, c: g(np.asarray(x), c), x[:2], d),
        case("grid", "grid2d", lambda g, x, y, c: g(x, y, c), x[:2], y[:3], A),
        case("grid", "grid3d", lambda g, x, y, c: g(x, y, x, c), x[:2], y[:3], T),
        case("four", "roots", lambda g, c: g(c), c),
        case("one", "roots", lambda g, c: g(c), c[:2]),
        case("two", "roots", lambda g, c: g(c), d),
        case("plain", "fit", lambda g, x, y: g(x, y, 2), x, y),
        case("weights", "fit", lambda g, x, y, w: g(x, y, 1, w=w), x, y, y + 2),
        case("some degrees", "fit", spare, x, y),
        case("columns", "fit", lambda g, y: g(x, y, 2), np.stack([y, x * y], axis=1)),
        case("full", "fit", lambda g, x, y: g(x, y, 1, full=True)[1][0], x, y),
    ]


@pytest.mark.parametrize("case", [k for name in FAMILIES for k in front_cases(name)], ids=str)
def test_front(case):
    check_case(case)


def test_front_of_values_from_roots():
    front = SERIES[polynomial.polyvalfromroots]
    for t, r in ((x, d), (x[:4], A), (s, A)):
        np.testing.assert_array_equal(front(t, r), polynomial.polyvalfromroots(t, r))
        check_case(Case("from roots", front, (t, r), order=2))
