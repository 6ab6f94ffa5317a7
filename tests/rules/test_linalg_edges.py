"""Linear algebra near and at the points where formulas divide by zero."""

import numpy as np
import pytest

import dualrev as dr

from .harness import Case, check_case

rng = np.random.default_rng(11)
r = rng.standard_normal
L = np.linalg


def with_values(values, m=None):
    """A square or tall matrix with these singular values."""
    n = len(values)
    u, v = L.qr(r((m or n, n)))[0], L.qr(r((n, n)))[0]
    return (u * values) @ v.T


NEAR = with_values([2.0, 1.0, 1e-8])
NULLITY_TWO = with_values([2.0, 1.0, 0.0, 0.0])
COMPLEX = (r((3, 2)) + 1j * r((3, 2))) @ (r((2, 3)) + 1j * r((2, 3)))
TALL = with_values([3.0, 2.0, 1.0], 5)

# fmt: off
CASES = [
    Case("np.linalg.det, nearly singular", L.det, (NEAR,)),
    Case("np.linalg.det, nullity 2", L.det, (NULLITY_TWO,)),
    Case("np.linalg.det, singular, complex", L.det, (COMPLEX,)),
    Case("np.linalg.det, singular, float32", L.det, (NULLITY_TWO[:3, :3].astype(np.float32) * 0 + 1,)),
    Case("np.linalg.det, size 0", L.det, (np.zeros((0, 0)),)),
    Case("np.linalg.qr, complete", lambda a: (lambda q, r: q[:, 3:] @ q[:, 3:].T)(*L.qr(a, "complete")), (TALL,), exact=False),
    Case("np.linalg.svd, full", lambda a: (lambda u, s, vh: u[:, 3:] @ u[:, 3:].T)(*L.svd(a)), (TALL,), exact=False),
    Case("np.linalg.pinv, rtol", lambda a: L.pinv(a, rtol=None), (TALL,)),
    Case("np.linalg.norm, nuclear of a batch", lambda x: L.norm(x, "nuc", axis=(1, 2)), (r((2, 3, 4)),), exact=False),
]
# fmt: on


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


def second_of_det(a, v):
    """d(cofactors)[v] in the bases of the singular vectors: products of the other values."""
    u, s, vh = L.svd(a)
    n = len(s)
    e = u.T @ v @ vh.T
    p = [[0 if i == j else np.prod(np.delete(s, [i, j])) for j in range(n)] for i in range(n)]
    return L.det(u) * L.det(vh) * u @ (np.diag(p @ np.diag(e)) - p * e.T) @ vh


@pytest.mark.parametrize("n", [3, 12, 30])
@pytest.mark.parametrize("smallest", [1.0, 1e-4, 1e-8, 1e-12, 0.0])
def test_hessian_of_det_keeps_its_digits(n, smallest):
    a, v = with_values(np.append(np.linspace(2, 1, n - 1), smallest)), r((n, n))
    expected = second_of_det(a, v)
    error = np.abs(dr.hvp(L.det, a, v) - expected).max() / np.abs(expected).max()
    assert error < 1e-11


def test_nuclear_norm_of_a_matrix_that_lacks_rank():
    """The subgradient of least norm, also if the zero is a rounding error: u v^T of the others."""
    a = np.outer([1.0, 2, 3], [1.0, 0, 2])
    u, _, vh = L.svd(a)
    g = dr.grad(lambda x: L.norm(x, "nuc"))(a)
    np.testing.assert_allclose(g, np.outer(u[:, 0], vh[0]), atol=1e-14)


def test_repeated_eigenvalues_are_right_or_not_finite():
    """V exp(L) V^T is smooth, but not said by its factors: nan, never a number made of rounding."""
    q = L.qr(r((4, 4)))[0]
    for basis in (np.eye(4), q):
        a = (basis * [1, 1, 1, 3.0]) @ basis.T
        g = r((4, 4))

        def f(x, g=g):
            w, v = L.eigh(x)
            return np.sum(g * ((v * np.exp(w)) @ v.T))

        assert not np.isfinite(dr.grad(f)(a)).all()
        assert not np.isfinite(dr.jvp(f, (a,), (g,))[1])
        hv = dr.hvp(lambda x: np.sum(np.exp(L.eigvalsh(x))), a, g)
        assert not np.isfinite(hv).all()


def test_simple_vectors_beside_a_repeated_value():
    a, g = with_values([3.0, 1.0, 1.0]), r((3, 3))

    def f(x):
        u, _, vh = L.svd(x)
        return np.sum(g * np.outer(u[:, 0], vh[0]))

    difference = (f(a + 1e-6 * g) - f(a - 1e-6 * g)) / 2e-6
    np.testing.assert_allclose(np.sum(dr.grad(f)(a) * g), difference, rtol=1e-7)


def test_an_inner_run_is_seen_by_a_written_array_of_an_outer_one():
    """Sum of 2 y z with y = (3 x0, x1), z = 1: the alert of the outer run must not hide the inner."""

    def f(x):
        y = x * 1
        y[0] = 3 * x[0]
        return np.sum(dr.grad(lambda z: np.sum((y @ z) * z))(np.ones(2)))

    # d/dz of (y.z) sum(z), summed: 2 sum(y) + 2 (y.z) = 4 (3 x0 + x1)
    np.testing.assert_allclose(dr.grad(f)(np.array([1.0, 2.0])), [12, 4])
    np.testing.assert_allclose(dr.jvp(f, (np.array([1.0, 2.0]),), (np.ones(2),)), (20, 16))


def test_numpys_own_errors():
    for f in (lambda x: L.norm(x, axis=5), lambda x: L.vector_norm(x, axis=7)):
        with pytest.raises(np.exceptions.AxisError):
            dr.grad(f)(np.ones(2))
    with pytest.raises(ValueError, match="rcond"):
        dr.grad(lambda a: np.sum(L.pinv(a, 1e-3, rtol=1e-3)))(TALL)
    with pytest.raises(np.linalg.LinAlgError):
        dr.grad(lambda a: np.sum(L.cond(a)))(np.zeros((0, 0)))
    with pytest.raises(ValueError, match="axis"):
        dr.grad(lambda x: L.norm(x, axis=(0, -2)))(TALL)
