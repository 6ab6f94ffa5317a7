"""Polynomials: roots, division, fits; those by values and coefficients stand in test_calculus."""

import numpy as np
import pytest

import dualrev as dr

from .harness import Case, check_case

rng = np.random.default_rng(12)
p = rng.uniform(0.5, 2.0, 6)
q = rng.uniform(0.5, 2.0, 4)
A = rng.standard_normal((4, 4))
C = q + 1j * rng.standard_normal(4)
x = np.sort(rng.random(8))
y = rng.random(8)
two = rng.random((8, 2))
f32 = p.astype(np.float32)

CASES = [
    Case("np.roots", np.roots, (p,)),
    Case("np.roots, all real", np.roots, (np.poly([1.0, 2.0, 3.5]),)),
    Case("np.roots, complex", np.roots, (C,)),
    Case("np.roots, float32", np.roots, (f32,)),
    Case("np.roots, a list", lambda b, c: np.roots(np.stack([1.0, b, c])), (q[0], q[1])),
    Case("np.roots, leading zeros", lambda p: np.roots(np.concatenate([np.zeros(2), p])), (q,)),
    Case("np.roots, a line", np.roots, (q[:2],)),
    Case("np.poly, of roots", np.poly, (q,)),
    Case("np.poly, of complex roots", np.poly, (C,)),
    Case(
        "np.poly, of conjugate roots",
        lambda a, b: np.poly(np.stack([a + 1j * b, a - 1j * b])),
        (q[0], q[1]),
    ),
    Case("np.poly, float32", np.poly, (f32,)),
    Case("np.poly, of a matrix", np.poly, (A,)),
    Case("np.poly, of a complex matrix", np.poly, (A + 1j * A.T,)),
    Case("np.poly, repeated eigenvalues", np.poly, (np.diag([1.0, 1.0, 2.0, 1.0]),)),
    Case("np.poly, of a matrix of one", np.poly, (A[:1, :1],)),
    Case("np.polydiv", np.polydiv, (p, q)),
    Case("np.polydiv, by a longer one", np.polydiv, (q, p)),
    Case("np.polydiv, by a number", np.polydiv, (p, q[:1])),
    Case("np.polydiv, complex", np.polydiv, (C, p[:2])),
    Case("np.polydiv, float32", np.polydiv, (f32, f32[:3])),
    Case("np.polyfit", lambda x, y: np.polyfit(x, y, 2), (x, y), exact=False),
    Case(
        "np.polyfit, weights", lambda x, y, w: np.polyfit(x, y, 2, w=w), (x, y, y + 1), exact=False
    ),
    Case("np.polyfit, cov", lambda x, y: np.polyfit(x, y, 2, cov=True), (x, y), exact=False),
    Case("np.polyfit, full", lambda x, y: np.polyfit(x, y, 1, full=True)[:2], (x, y), exact=False),
    Case(
        "np.polyfit, two columns, weights, unscaled",
        lambda x, y: np.polyfit(x, y, 1, w=np.arange(1.0, 9.0), cov="unscaled"),
        (x, two),
        exact=False,
    ),
    Case(
        "np.polyval, of a polynomial", lambda p, q: np.polyval(p, np.poly1d(q)).coeffs, (q, p[:3])
    ),
    Case("np.poly1d, value", lambda p, t: np.poly1d(p)(t), (p, x)),
    Case("np.poly1d, product", lambda p, q: (np.poly1d(p) * np.poly1d(q)).coeffs, (p, q)),
    Case("np.poly1d, beside coefficients", lambda p: np.polyadd(np.poly1d(q), p).coeffs, (p,)),
    Case("np.poly1d, derivative", lambda p: np.poly1d(p).deriv(2).coeffs, (p,)),
    Case("np.poly1d, roots", lambda p: np.poly1d(p).r, (q,)),
]

if hasattr(np.polynomial.polynomial.polyval2d, "_implementation"):  # since NumPy 2.4
    _P = np.polynomial.polynomial
    CASES += [
        Case("np.polynomial.polynomial.polyval2d", _P.polyval2d, (x, y, A[:3])),
        Case("np.polynomial.polynomial.polyval2d, numbers", _P.polyval2d, (x[0], y[0], A[:, :2])),
        Case("np.polynomial.polynomial.polygrid2d", _P.polygrid2d, (x[:3], y[:2], A[:3])),
        Case("np.polynomial.polynomial.polygrid2d, of a row", _P.polygrid2d, (x, y[0], A)),
    ]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


def test_root_of_vanishing_coefficients():
    """A root at zero moves with the last coefficient; one at infinity stays there."""
    np.testing.assert_allclose(dr.jacrev(np.roots)(np.array([0.0, 2.0, 0.0])), [[0.0, 0.0, -0.5]])


def test_polynomials_in_polynomials_out():

    def f(c):
        for made in (
            np.polyadd(np.poly1d(q), c),
            np.polysub(c, np.poly1d(q)),
            np.polymul(np.poly1d(q), c),
            *np.polydiv(c, np.poly1d(q)),
            np.polyder(np.poly1d(c)),
            np.polyint(np.poly1d(c)),
        ):
            assert isinstance(made, np.poly1d)
        return c[0]

    dr.grad(f)(p)
