"""`scipy.linalg`: solvers, factorisations, functions of matrices, matrices of given structure."""

import numpy as np
import pytest
import scipy.linalg as sl

import dualrev as dr
from dualrev.scipy import linalg as ours
from tests.rules.harness import Case, check_case

rng = np.random.default_rng(3)
r = rng.standard_normal


def c(*shape):
    return r(shape) + 1j * r(shape)


A = r((3, 3)) + 3 * np.eye(3)
B = r((3, 2))
V = r(3)
Z = c(3, 3) + 4 * np.eye(3)
S = A @ A.T / 4 + np.diag([1.0, 2.0, 4.0])
Q = np.diag([1.0, 0.5, 2.0]) + 0.1
HERMITIAN = Z @ Z.conj().T / 4
TALL, WIDE = r((4, 3)), r((3, 5))
F32 = S.astype(np.float32)
BATCH = r((2, 3, 3)) + 3 * np.eye(3)
BANDS = r((4, 5)) + 4 * (np.arange(4) == 1)[:, None]
HALF = r((3, 5)) / 4
HALF_UP = HALF + 4 * (np.arange(3) == 2)[:, None]
HALF_LOW = HALF + 4 * (np.arange(3) == 0)[:, None]
COLUMN, ROW = r(4) + 4 * np.eye(4)[0], r(4)
STABLE = 0.3 * r((3, 3))
ONE = r((3, 1))


def sym(m):
    return (m + np.conjugate(np.swapaxes(m, -1, -2))) / 2


def on_symmetric(f, **keywords):
    return lambda m, *rest: f(sym(m), *rest, **keywords)


def assume(kind, wrap=lambda m: m, **keywords):
    return lambda a, b: ours.solve(wrap(a), b, assume_a=kind, **keywords)


def of_eigh(m):
    w, q = ours.eigh(sym(m))
    return (q * np.exp(0.1 * w)) @ np.conjugate(q.T)


def signed(w, v):
    """Vectors whose last elements are positive: LAPACK's signs jump under differences."""
    return w, v * np.sign(v[-1])


def of_eig(m):
    w, q = ours.eig(m)
    return (q * np.exp(0.1 * w)) @ ours.inv(q)


def of_svd(m):
    u, s, vh = ours.svd(m, full_matrices=False)
    return (u * s**2) @ vh


def of_full_svd(m):
    u, s, vh = ours.svd(m)
    k = len(s)
    return u[:, k:] @ u[:, k:].T if len(u) > k else vh[k:].T @ vh[k:]


def of_generalised(a, b):
    w, v = ours.eigh(sym(a), sym(b))
    return (v * w) @ np.conjugate(v.T)


def of_full_qr(m):
    q, t = ours.qr(m)
    return q @ t, q[:, t.shape[1] :] @ q[:, t.shape[1] :].T, t


def factored(m, b):
    return ours.cho_solve(ours.cho_factor(sym(m)), b)


# fmt: off
CASES = [
    Case("solve", ours.solve, (A, B)),
    Case("solve, vector", ours.solve, (A, V), exact=False),
    Case("solve, complex", ours.solve, (Z, c(3, 2))),
    Case("solve, real and complex", ours.solve, (A, c(3, 2)), exact=False),
    Case("solve, float32", ours.solve, (F32, F32[:, :2])),
    Case("solve, transposed", lambda a, b: ours.solve(a, b, transposed=True), (A, B), exact=False),
    Case("solve, gen", assume("gen"), (A, B)),
    Case("solve, sym", assume("sym", lambda m: (m + m.T) / 2), (A, B)),
    Case("solve, sym, complex", assume("sym", lambda m: (m + m.T) / 2), (Z, c(3, 2)), order=2),
    Case("solve, her", assume("her", sym), (HERMITIAN, c(3, 2))),
    Case("solve, pos", assume("pos", sym), (S, B)),
    Case("solve, pos, lower", assume("pos", sym, lower=True), (S, B)),
    Case("solve_triangular", ours.solve_triangular, (A, B)),
    Case("solve_triangular, vector", ours.solve_triangular, (A, V), exact=False),
    *[Case(f"solve_triangular, {trans} {lower} {unit}", lambda a, b, t=trans, l=lower, u=unit:
           ours.solve_triangular(a, b, trans=t, lower=l, unit_diagonal=u), (A, B), exact=False)
      for trans in (1, "C") for lower in (False, True) for unit in (False, True)],
    Case("solve_triangular, complex", lambda a, b: ours.solve_triangular(a, b, trans=2), (Z, c(3, 2)), exact=False),
    Case("cho_factor", on_symmetric(lambda m: ours.cho_factor(m)[0]), (S,)),
    Case("cho_solve", factored, (S, B)),
    Case("cho_solve, lower", lambda a, b: ours.cho_solve((a, True), b), (A, V), exact=False),
    Case("cho_solve, upper, complex", lambda a, b: ours.cho_solve((a, False), b), (Z, c(3, 2))),
    Case("lu_factor and lu_solve", lambda a, b: ours.lu_solve(ours.lu_factor(a), b), (A, B), exact=False),
    Case("lu_factor and lu_solve, complex", lambda a, b: ours.lu_solve(ours.lu_factor(a), b, 2), (Z, c(3, 2)), exact=False),
    Case("lu_factor and lu_solve, transposed", lambda a, b: ours.lu_solve(ours.lu_factor(a), b, 1), (A, V), exact=False),
    *[Case(f"lu_factor, {m.shape}", lambda a: ours.lu_factor(a)[0], (m,), exact=False) for m in (A, TALL, WIDE)],
    *[Case(f"lu, {m.shape}", lambda a: ours.lu(a)[1:], (m,), rtol=1e-5) for m in (A, TALL, WIDE)],
    Case("lu, permute_l", lambda a: ours.lu(a, permute_l=True), (A,), exact=False),
    Case("lu, p_indices", lambda a: ours.lu(a, p_indices=True)[1:], (A[::-1],), exact=False),
    Case("inv", ours.inv, (A,)),
    Case("inv, complex", ours.inv, (Z,)),
    Case("solve_banded", lambda ab, b: ours.solve_banded((2, 1), ab, b), (BANDS, r((5, 2)))),
    Case("solve_banded, vector", lambda ab, b: ours.solve_banded((2, 1), ab, b), (BANDS, r(5)), exact=False),
    Case("solve_banded, complex", lambda ab, b: ours.solve_banded((2, 1), ab, b), (BANDS + 1j * r((4, 5)), c(5, 2))),
    Case("solve_banded, diagonal", lambda ab, b: ours.solve_banded((0, 0), ab, b), (BANDS[1:2], r((5, 2)))),
    Case("solveh_banded", ours.solveh_banded, (HALF_UP, r(5)), exact=False),
    Case("solveh_banded, lower", lambda ab, b: ours.solveh_banded(ab, b, lower=True), (HALF_LOW, r((5, 2))), exact=False),
    Case("solve_toeplitz", lambda c, r, b: ours.solve_toeplitz((c, r), b), (COLUMN, ROW, r((4, 2)))),
    Case("solve_toeplitz, vector", ours.solve_toeplitz, (COLUMN, r(4)), exact=False),
    Case("solve_toeplitz, complex", ours.solve_toeplitz, (COLUMN + 0.1j * ROW * (ROW[0] != ROW), c(4, 2))),
    Case("matmul_toeplitz", lambda c, r, x: ours.matmul_toeplitz((c, r), x), (COLUMN, ROW, r((4, 2))), exact=False),
    Case("solve_circulant", ours.solve_circulant, (COLUMN, r(4)), exact=False),
    Case("solve_sylvester", ours.solve_sylvester, (A, S[:2, :2], B)),
    Case("solve_sylvester, complex", ours.solve_sylvester, (Z, HERMITIAN[:2, :2], c(3, 2))),
    Case("solve_continuous_lyapunov", ours.solve_continuous_lyapunov, (A, Q + STABLE)),
    Case("solve_continuous_lyapunov, complex", ours.solve_continuous_lyapunov, (Z, c(3, 3))),
    Case("solve_discrete_lyapunov", ours.solve_discrete_lyapunov, (STABLE, Q + STABLE)),
    Case("solve_discrete_lyapunov, complex", ours.solve_discrete_lyapunov, (STABLE + 0.1j * A, c(3, 3))),
    Case("solve_discrete_lyapunov, bilinear", lambda a, q: ours.solve_discrete_lyapunov(a, q, "bilinear"), (STABLE, Q)),
    Case("solve_continuous_are", lambda a, b, q, r: ours.solve_continuous_are(a, b, sym(q), sym(r)), (STABLE, B, Q, S[:2, :2]), exact=False, rtol=1e-5),
    Case("solve_discrete_are", lambda a, b, q, r: ours.solve_discrete_are(a, b, sym(q), sym(r)), (STABLE, B, Q, S[:2, :2]), exact=False, rtol=1e-5),
    Case("det", ours.det, (A,)),
    Case("det, complex", ours.det, (Z,)),
    Case("cholesky", on_symmetric(ours.cholesky), (S,)),
    Case("cholesky, lower", on_symmetric(ours.cholesky, lower=True), (S,)),
    Case("cholesky, complex", on_symmetric(ours.cholesky), (HERMITIAN,)),
    Case("cholesky, float32", on_symmetric(ours.cholesky), (F32,)),
    *[Case(f"qr, economic {m.shape}", lambda a: ours.qr(a, mode="economic"), (m,), exact=False) for m in (A, TALL, WIDE, Z)],
    *[Case(f"qr, full {m.shape}", of_full_qr, (m,), exact=False) for m in (A, TALL)],
    Case("qr, r", lambda a: ours.qr(a, mode="r"), (TALL,), exact=False),
    Case("qr, pivoting", lambda a: ours.qr(a, mode="economic", pivoting=True), (TALL,), exact=False),
    Case("eigh", of_eigh, (S,), exact=False),
    Case("eigh, complex", of_eigh, (HERMITIAN,), exact=False),
    Case("eigh, vectors", lambda a: signed(*ours.eigh(sym(a))), (S,)),
    Case("eigh, subset", lambda a: signed(*ours.eigh(sym(a), subset_by_index=[1, 2])), (S,), exact=False),
    Case("eigh, eigvals_only", lambda a: ours.eigh(sym(a), eigvals_only=True), (S,)),
    Case("eigh, generalised", of_generalised, (A, S), exact=False, rtol=1e-5),
    Case("eigh, generalised, vectors", lambda a, b: signed(*ours.eigh(sym(a), sym(b))), (A, S), exact=False, rtol=1e-5),
    Case("eigh, generalised, complex", of_generalised, (Z, HERMITIAN), exact=False, rtol=1e-5),
    Case("eigvalsh", on_symmetric(ours.eigvalsh), (S,)),
    Case("eigvalsh, generalised", lambda a, b: ours.eigvalsh(sym(a), sym(b), subset_by_index=[0, 1]), (A, S), exact=False),
    Case("eigvals", ours.eigvals, (A,)),
    Case("eigvals, complex", ours.eigvals, (Z,)),
    Case("eig", of_eig, (Z,), exact=False),
    Case("eig, real", of_eig, (A,), exact=False),
    *[Case(f"svd, {m.shape}", of_svd, (m,), exact=False) for m in (A, TALL, WIDE, Z)],
    *[Case(f"svd, full {m.shape}", of_full_svd, (m,), exact=False) for m in (TALL, WIDE)],
    Case("svd, values only", lambda a: ours.svd(a, compute_uv=False), (TALL,)),
    Case("svdvals", ours.svdvals, (WIDE,)),
    *[Case(f"polar, {m.shape}", ours.polar, (m,), exact=False, rtol=1e-5) for m in (A, TALL, Z)],
    *[Case(f"polar, left {m.shape}", lambda a: ours.polar(a, "left"), (m,), exact=False, rtol=1e-5) for m in (A, WIDE)],
    Case("pinv", ours.pinv, (TALL,)),
    Case("lstsq", lambda a, b: ours.lstsq(a, b)[:2], (TALL, r((4, 2))), exact=False),
    Case("lstsq, vector", lambda a, b: ours.lstsq(a, b)[:2], (TALL, r(4)), exact=False),
    Case("norm", ours.norm, (TALL,), exact=False),
    Case("norm, axis", lambda a: ours.norm(a, 1, axis=0, keepdims=True), (TALL,), exact=False),
    Case("norm, nuc", lambda a: ours.norm(a, "nuc"), (TALL,), exact=False),
    Case("expm", ours.expm, (0.3 * A,), exact=False),
    Case("expm, batch", ours.expm, (0.3 * BATCH,), order=2, exact=False),
    Case("expm, complex", ours.expm, (0.3 * Z,), order=2, exact=False),
    Case("expm, repeated eigenvalues", ours.expm, (np.diag([1.0, 1.0, 1.0, 3.0]),), order=2, exact=False),
    Case("expm, float32", ours.expm, (F32,), exact=False),
    Case("expm_frechet", ours.expm_frechet, (0.3 * A, 0.3 * S), order=2, exact=False),
    Case("sqrtm", ours.sqrtm, (S,), exact=False, rtol=1e-5),
    Case("sqrtm, complex", ours.sqrtm, (Z,), order=2, exact=False, rtol=1e-5),
    Case("logm", ours.logm, (S,), order=2, exact=False, rtol=1e-5),
    Case("logm, complex", ours.logm, (Z,), order=2, exact=False, rtol=1e-5),
    Case("fractional_matrix_power", lambda a: ours.fractional_matrix_power(a, 0.4), (S,), order=2, exact=False, rtol=1e-5),
    *[Case(name, getattr(ours, name), (0.3 * A,), order=2, exact=False) for name in ("cosm", "sinm", "tanm", "coshm", "sinhm", "tanhm")],
    Case("toeplitz", ours.toeplitz, (COLUMN, V)),
    Case("toeplitz, complex", ours.toeplitz, (c(3),)),
    Case("circulant", ours.circulant, (COLUMN,)),
    Case("hankel", ours.hankel, (COLUMN,)),
    Case("hankel, row", ours.hankel, (COLUMN, V)),
    Case("companion", ours.companion, (COLUMN,)),
    Case("block_diag", ours.block_diag, (A, V, TALL)),
    Case("khatri_rao", ours.khatri_rao, (A, TALL)),
]
# fmt: on


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


def test_a_matrix_of_one_element_is_a_number():
    """Since SciPy 1.15: it divides every right-hand side."""
    assert (dr.grad(lambda a: np.sum(ours.solve(a, B)))(np.array([[2.0]])) == -np.sum(B) / 4).all()


def test_names_are_scipys():
    assert ours.LinAlgError is sl.LinAlgError
    assert ours.solve.__wrapped__ is sl.solve
    assert set(sl.__all__) <= set(dir(ours))
    assert ours.solve(A, B).tobytes() == sl.solve(A, B).tobytes()


def test_lists_of_traced_scalars():
    g = dr.grad(lambda x: ours.det([[x[0], 1.0], [1.0, x[1]]]))(np.array([2.0, 3.0]))
    np.testing.assert_allclose(g, [3.0, 2.0])


def test_expm_where_eigenvalues_repeat():
    """The masked quotient of differences would give -16.4 for one such loss; this is exact."""
    a, e = np.diag([1.0, 1.0, 1.0, 3.0]), r((4, 4))
    expected = sl.expm_frechet(a, e, compute_expm=False)
    np.testing.assert_allclose(dr.jvp(ours.expm, (a,), (e,))[1], expected, rtol=1e-12)


def test_what_is_not_seen_has_no_derivative():
    g = dr.grad(lambda a: np.sum(ours.solve_triangular(a, V)))(A)
    assert (np.tril(g, -1) == 0).all() and (np.triu(g) != 0).any()


@pytest.mark.parametrize("name", ["qz", "ordqz", "cossin", "cdf2rdf"])
@pytest.mark.parametrize("derivative", [dr.jacrev, dr.jacfwd])
def test_refused(name, derivative):
    args = (S,) if name == "cossin" else (S, S)
    with pytest.raises(dr.errors.NoRuleError, match=f"scipy.linalg.{name} has no"):
        derivative(lambda a: getattr(ours, name)(a, *args[1:]))(S)


@pytest.mark.parametrize(
    "f",
    [
        lambda a: ours.eig(a, a, homogeneous_eigvals=True),
        lambda a: ours.lstsq(a[[0, 1, 1]], a[:3, 0])[0],
        lambda a: ours.funm(a, np.exp, disp=False),
        lambda a: ours.qr(a, mode="raw"),
    ],
)
def test_unsupported_arguments(f):
    with pytest.raises(dr.errors.UnsupportedArgumentError, match=r"scipy\.linalg"):
        dr.jacfwd(f)(S)
