"""Linear algebra: solving, factorisations, spectra, norms."""

import math

import numpy as np
import pytest

import dualrev as dr

from .harness import Case, check_case

rng = np.random.default_rng(0)
r = rng.standard_normal
L = np.linalg


def c(*shape):
    return r(shape) + 1j * r(shape)


A = r((3, 3)) + 2 * np.eye(3)
Z = c(3, 3) + 3 * np.eye(3)
S = A @ A.T + np.diag([1.0, 2.0, 4.0])
HERMITIAN = Z @ Z.conj().T
BATCH = r((2, 3, 3)) + 2 * np.eye(3)
TALL, WIDE = r((4, 3)), r((2, 4))
V = r(3)
RANK_TWO = np.array([[1.0, 2, 3], [2, 4, 6], [1, 0, 1]])
F32 = S.astype(np.float32)


def symmetric(f):
    """On the symmetric part of the argument: what LAPACK would see of a symmetric one."""
    return lambda m: f((m + np.conjugate(np.swapaxes(m, -1, -2))) / 2)


def of_eigh(m):
    w, q = L.eigh(m)
    return (q * np.exp(0.1 * w)) @ np.conjugate(q.T)


def of_eig(m):
    w, q = L.eig(m)
    return (q * np.exp(0.1 * w)) @ L.inv(q)


def of_svd(m):
    u, s, vh = L.svd(m, full_matrices=False)
    return (u * s**2) @ vh


# fmt: off
CASES = [
    Case("np.linalg.solve", L.solve, (A, TALL[:3])),
    Case("np.linalg.solve, vector", L.solve, (A, V), exact=False),
    Case("np.linalg.solve, batch", L.solve, (BATCH, r((3, 2)))),
    Case("np.linalg.solve, batch and vector", L.solve, (BATCH, V), exact=False),
    Case("np.linalg.solve, complex", L.solve, (Z, c(3, 2))),
    Case("np.linalg.solve, real and complex", L.solve, (A, c(3, 2)), exact=False),
    Case("np.linalg.solve, float32", L.solve, (F32, F32[:, :2])),
    Case("np.linalg.solve, size 1", L.solve, (A[:1, :1], A[:1])),
    Case("np.linalg.solve, size 0", L.solve, (r((0, 0)), r((0, 2)))),
    Case("np.linalg.inv", L.inv, (BATCH,)),
    Case("np.linalg.inv, complex", L.inv, (Z,)),
    Case("np.linalg.det", L.det, (BATCH,)),
    Case("np.linalg.det, complex", L.det, (Z,)),
    Case("np.linalg.det, singular", L.det, (RANK_TWO,)),
    Case("np.linalg.det, rank one", L.det, (np.outer(V, V + 1),)),
    Case("np.linalg.det, zero", L.det, (np.zeros((3, 3)),)),
    Case("np.linalg.det, some singular", L.det, (np.stack([RANK_TWO, A]),)),
    Case("np.linalg.slogdet", L.slogdet, (BATCH,)),
    Case("np.linalg.slogdet, complex", L.slogdet, (Z,)),
    Case("np.linalg.cholesky", symmetric(L.cholesky), (S,)),
    Case("np.linalg.cholesky, upper", symmetric(lambda a: L.cholesky(a, upper=True)), (S,), exact=False),
    Case("np.linalg.cholesky, complex", symmetric(L.cholesky), (HERMITIAN,)),
    Case("np.linalg.cholesky, batch", symmetric(L.cholesky), (np.stack([S, 2 * S]),)),
    Case("np.linalg.eigvalsh", symmetric(L.eigvalsh), (S,)),
    Case("np.linalg.eigvalsh, complex", symmetric(L.eigvalsh), (HERMITIAN,)),
    Case("np.linalg.eigvalsh, upper", symmetric(lambda a: L.eigvalsh(a, "U")), (S,)),
    Case("np.linalg.eigh", symmetric(of_eigh), (S,)),
    Case("np.linalg.eigh, complex", symmetric(of_eigh), (HERMITIAN,)),
    Case("np.linalg.eigvals", L.eigvals, (S @ np.diag([1.0, 2.0, 3.0]),)),
    Case("np.linalg.eigvals, complex pair", L.eigvals, (np.array([[0.0, 1.0], [-2.0, 0.1]]),)),
    Case("np.linalg.eig", of_eig, (A @ S,)),
    Case("np.linalg.eig, real vectors", lambda a: tuple(L.eig(a)), (S @ np.diag([1.0, 2.0, 3.0]),)),
    Case("np.linalg.eig, complex, in LAPACK's phase", lambda a: tuple(L.eig(a)), (np.stack([Z, Z.T @ Z]),)),
    Case("np.linalg.eig, complex pair", lambda a: tuple(L.eig(a)), (np.array([[0.2, 1.0, 0.4], [-2.0, 0.1, 0.3], [0.7, 0.5, 1.0]]),)),
    Case("np.linalg.eigvals, complex", L.eigvals, (Z,)),
    Case("np.linalg.eigvalsh, batch", symmetric(L.eigvalsh), (np.stack([S, S @ S]),)),
    Case("np.linalg.eigvalsh, size 1", L.eigvalsh, (S[:1, :1],)),
    Case("np.linalg.svd", of_svd, (TALL,)),
    Case("np.linalg.svd, full and wide", lambda a: (lambda u, s, vh: (vh[2:].T @ vh[2:], u @ u.T * s[0]))(*L.svd(a)), (WIDE,), exact=False),
    Case("np.linalg.svd, full, complex", lambda a: (lambda u, s, vh: u[:, 2:] @ u[:, 2:].conj().T)(*L.svd(a)), (c(4, 2),), exact=False),
    Case("np.linalg.svd, hermitian", symmetric(lambda a: (lambda u, s, vh: ((u * s**2) @ vh, s))(*L.svd(a, hermitian=True))), (S - 4 * np.eye(3),), exact=False),
    Case("np.linalg.svdvals, complex", L.svdvals, (c(2, 3),)),
    Case("np.linalg.qr, complete and complex", lambda a: (lambda q, r: (q[:, 2:] @ q[:, 2:].conj().T, r))(*L.qr(a, "complete")), (c(4, 2),), exact=False),
    Case("np.linalg.svd, wide", of_svd, (WIDE,)),
    Case("np.linalg.svd, complex", of_svd, (c(4, 3),)),
    Case("np.linalg.svd, square and full", lambda a: (lambda u, s, vh: (u * s**3) @ vh)(*L.svd(a)), (A,), exact=False),
    Case("np.linalg.svd, values", lambda a: L.svd(a, compute_uv=False), (np.stack([TALL, 2 * TALL + 1]),)),
    Case("np.linalg.svdvals", L.svdvals, (WIDE,)),
    Case("np.linalg.qr", L.qr, (TALL + 2 * np.eye(4, 3),)),  # far from a change of signs
    Case("np.linalg.qr, complex", L.qr, (c(4, 3),)),
    Case("np.linalg.qr, wide", L.qr, (WIDE,), exact=False),
    Case("np.linalg.qr, r", lambda a: L.qr(a, "r"), (TALL,)),
    Case("np.linalg.pinv", L.pinv, (TALL,)),
    Case("np.linalg.pinv, complex", L.pinv, (c(4, 3),)),
    Case("np.linalg.lstsq", lambda a, b: L.lstsq(a, b, rcond=None)[:2], (TALL, r(4)), exact=False),
    Case("np.linalg.lstsq, matrix", lambda a, b: L.lstsq(a, b, rcond=None)[0], (TALL, r((4, 2)))),
    Case("np.linalg.norm", L.norm, (TALL,)),
    Case("np.linalg.norm, axis", lambda x: L.norm(x, axis=-1, keepdims=True), (BATCH,)),
    Case("np.linalg.norm, squared", lambda x: L.norm(x) ** 2 + np.sum(L.norm(x, axis=0) ** 2), (TALL,)),
    Case("np.linalg.norm, squared, complex", lambda x: L.norm(x, axis=0) ** 2, (c(4, 3),)),
    Case("np.linalg.norm, complex", L.norm, (c(4, 3),)),
    Case("np.linalg.norm, 3", lambda x: L.norm(x, 3, axis=0), (TALL,), exact=False),
    Case("np.linalg.norm, vector 1", lambda x: L.norm(x, 1), (V,)),
    Case("np.linalg.norm, vector inf", lambda x: L.norm(x, np.inf), (V,)),
    Case("np.linalg.norm, vector -inf", lambda x: L.norm(x, -np.inf), (V,)),
    Case("np.linalg.norm, matrix 1", lambda x: L.norm(x, 1), (TALL,)),
    Case("np.linalg.norm, matrix inf", lambda x: L.norm(x, np.inf, axis=(0, 1)), (TALL,)),
    Case("np.linalg.norm, nuclear", lambda x: L.norm(x, "nuc"), (TALL,), exact=False),
    Case("np.linalg.norm, matrix 2", lambda x: L.norm(x, 2), (TALL,)),
    Case("np.linalg.norm, matrix -2", lambda x: L.norm(x, -2), (TALL,)),
    Case("np.linalg.norm, Frobenius of a batch", lambda x: L.norm(x, "fro", axis=(1, 2)), (BATCH,)),
    Case("np.linalg.vector_norm", lambda x: L.vector_norm(x, axis=(0, 1)), (BATCH,), exact=False),
    Case("np.linalg.matrix_norm", L.matrix_norm, (BATCH,)),
    Case("np.linalg.cond", L.cond, (A,)),
    Case("np.linalg.cond, 1", lambda a: L.cond(a, 1), (A,)),
    Case("np.linalg.tensorinv", lambda a: L.tensorinv(a.reshape(2, 2, 4), 2), (r((4, 4)) + 3 * np.eye(4),)),
    Case("np.linalg.tensorsolve", lambda a, b: L.tensorsolve(a.reshape(4, 2, 2), b), (r((4, 4)) + 3 * np.eye(4), r(4)), exact=False),
]
# fmt: on


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


def test_results_are_numpys_tuples():
    def f(a):
        assert L.eigh(a).eigenvalues.shape == (3,) and L.svd(a).Vh.shape == (3, 3)
        assert L.qr(a).R.shape == (3, 3) and L.slogdet(a).logabsdet.shape == ()
        return np.sum(L.eig(a).eigenvalues.real)

    np.testing.assert_allclose(dr.grad(f)(S), np.eye(3), atol=1e-12)


def test_gradients_of_symmetric_functions_are_symmetric():
    for f in (
        lambda a: np.sum(L.cholesky(a)),
        lambda a: L.eigvalsh(a)[0],
        lambda a: np.sum(L.eigh(a)[1] ** 4),
    ):
        g = dr.grad(f)(S)
        np.testing.assert_allclose(g, g.T, atol=1e-12)


def test_sum_of_repeated_eigenvalues():
    np.testing.assert_allclose(dr.grad(lambda a: np.sum(L.eigvalsh(a)))(np.eye(3)), np.eye(3))
    np.testing.assert_allclose(dr.grad(lambda a: np.sum(L.eigh(a)[0]))(np.eye(3)), np.eye(3))


def test_vectors_of_repeated_eigenvalues_are_not_silently_finite():
    d = rng.standard_normal((3, 3))
    assert not np.isfinite(dr.jvp(lambda a: L.eigh(a)[1], (np.eye(3),), (d,))[1]).all()


def test_a_single_repeated_value_is_an_even_split():
    for f in (lambda a: L.eigvalsh(a)[-1], lambda a: L.norm(a, 2), lambda a: L.eigvals(a)[0].real):
        np.testing.assert_allclose(dr.grad(f)(np.eye(3)), np.eye(3) / 3)
        assert dr.jvp(f, (np.eye(3),), (np.diag([3.0, 0, 0]),))[1] == pytest.approx(1)


def test_a_defective_matrix_has_no_derivative_of_its_eigenvalues():
    assert np.isnan(dr.grad(lambda a: L.eigvals(a)[0])(np.array([[1.0, 1.0], [0.0, 1.0]]))).any()


@pytest.mark.parametrize(
    "f", [lambda a: L.slogdet(a)[1], L.cond, lambda a: L.cond(a, 1), lambda a: np.sum(L.qr(a)[1])]
)
def test_a_singular_matrix_where_numpy_has_a_value(f):
    value, g = dr.value_and_grad(f)(np.ones((2, 2)))
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(value, f(np.ones((2, 2))))
    assert not np.isfinite(g).all()


def test_gradient_of_det_keeps_its_digits():
    # Hilbert's matrix of order 8: integer inverse [Choi 1983], condition 1.5e10
    n = 8
    hilbert = 1 / (np.arange(n)[:, None] + np.arange(n) + 1)
    comb = [[math.comb(a, b) for b in range(2 * n + 1)] for a in range(2 * n + 1)]
    inverse = [
        [
            (-1) ** (i + j)
            * (i + j + 1)
            * comb[n + i][n - j - 1]
            * comb[n + j][n - i - 1]
            * comb[i + j][i] ** 2
            for j in range(n)
        ]
        for i in range(n)
    ]
    det = 2.737050113791513e-33  # 1 / 365356847125734485878112256000000
    np.testing.assert_allclose(
        dr.grad(L.det)(hilbert) / det, inverse, rtol=0, atol=1e-7 * np.max(inverse)
    )
    tiny = 1e-200 * np.eye(2)  # its determinant underflows
    np.testing.assert_allclose(dr.grad(L.det)(tiny), tiny, rtol=1e-14, atol=0)
    with np.errstate(invalid="ignore"):
        assert np.isnan(dr.grad(L.det)(np.full((2, 2), np.nan))).all()


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_norm_at_zero(axis):
    z = np.zeros((2, 3))
    f = lambda x: np.sum(L.norm(x, axis=axis))
    np.testing.assert_array_equal(dr.grad(f)(z), z)
    assert dr.jvp(f, (z,), (z + 1,))[1] == 0
    np.testing.assert_array_equal(dr.grad(lambda x: np.sum(L.norm(x, axis=axis) ** 2))(z), z)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda a: L.qr(a, "raw")[1], TALL),
        (lambda a: L.lstsq(a, V, rcond=None)[0], RANK_TWO),
    ],
)
def test_what_is_not_determined_is_refused(f, x):
    with pytest.raises(dr.errors.UnsupportedArgumentError):
        dr.grad(lambda a: np.sum(f(a)))(x)


def test_numpys_own_errors():
    with pytest.raises(np.linalg.LinAlgError):
        dr.grad(lambda a: np.sum(L.inv(a)))(np.zeros((2, 2)))
    with pytest.raises(np.linalg.LinAlgError):
        dr.grad(lambda a: np.sum(L.cholesky(a)))(-np.eye(2))
