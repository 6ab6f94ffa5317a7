"""`scipy.linalg`: bands, Schur forms, functions of matrices, bases, builders."""

import numpy as np
import pytest

from dualrev.scipy import linalg as ours
from tests.rules.harness import Case, check_case

rng = np.random.default_rng(5)
r = rng.standard_normal


def c(*shape):
    return r(shape) + 1j * r(shape)


def sym(m):
    return (m + np.conjugate(np.swapaxes(m, -1, -2))) / 2


def signed(w, v):
    """Vectors whose last elements are positive: LAPACK's signs jump under differences."""
    last = v[..., -1:, :]
    return w, v * (np.conjugate(last) / np.abs(last))


D, E = np.array([1.0, 2.5, -0.7, 4.0]), np.array([0.5, -0.8, 1.1])
HALF = r((3, 5)) / 3
UP = HALF + (np.arange(3) == 2)[:, None] * np.array([4.0, 5, 6.5, 3, 7])
LOW = HALF + (np.arange(3) == 0)[:, None] * np.array([4.0, 5, 6.5, 3, 7])
Z_UP = UP + 0.3j * r((3, 5)) * (np.arange(3) != 2)[:, None]

A = r((4, 4))
NORMAL = np.array(
    [[1.0, 2, 0.3, 0.1], [-3, 0.5, 0.2, 0.4], [0.1, 0.3, 2.5, 0.5], [0.2, 0.1, 0.4, -1.5]]
)
Z = c(4, 4)
S = sym(r((4, 4)))
HERMITIAN = sym(Z)
DEFINITE = A @ A.T + np.eye(4)
TALL, WIDE, ZWIDE = r((5, 3)), r((3, 5)), c(2, 4)
RANK_TWO = r((5, 2)) @ r((2, 4))


def turned(t, z):
    """Schur's form with the phases that make the last row of Z positive."""
    last = z[..., -1:, :]
    phase = np.conjugate(last) / np.abs(last)
    return t * phase * np.conjugate(np.swapaxes(phase, -1, -2)), z * phase


def signed_rows(x):
    return x * np.sign(x[:, -1:])


def on_rank_two(f):
    """At constant rank: the argument goes through two factors."""
    p, q = np.linalg.svd(RANK_TWO)[0][:, :2], np.linalg.svd(RANK_TWO)[2][:2]
    return lambda m: f((m @ q.T) @ (p.T @ m))


# fmt: off
FORMS = [
    Case("schur, complex output", lambda a: turned(*ours.schur(a, output="complex")), (NORMAL,), order=2, exact=False, rtol=1e-5),
    Case("schur, complex", lambda a: turned(*ours.schur(a)), (Z,), order=3, exact=False, rtol=1e-5),
    Case("schur, complex, sorted", lambda a: turned(*ours.schur(a, sort="lhp")[:2]), (Z,), order=2, exact=False, rtol=1e-5),
    Case("schur, complex, stack", lambda a: turned(*ours.schur(a)), (np.stack([Z, Z.T + 1]),), order=2, exact=False, rtol=1e-5),
    Case("hessenberg", lambda a: ours.hessenberg(a, calc_q=True), (A,), order=3, exact=False, rtol=1e-5),
    Case("hessenberg, complex", lambda a: ours.hessenberg(a, calc_q=True), (Z,), order=2, exact=False, rtol=1e-5),
    Case("hessenberg, size 2", ours.hessenberg, (A[:2, :2],)),
    Case("ldl", lambda a: ours.ldl(sym(a))[:2], (S,), order=3, rtol=1e-5),
    Case("ldl, upper", lambda a: ours.ldl(sym(a), lower=False)[:2], (S,), order=2, rtol=1e-5),
    Case("ldl, two rows", lambda a: ours.ldl(sym(a))[:2], (np.array([[0.1, 3.0, 0.2, 1.0], [3, 0, 1, 1], [0.2, 1, 2, 0.5], [1, 1, 0.5, 0.1]]),), order=2, rtol=1e-5),
    Case("ldl, complex", lambda a: ours.ldl(sym(a))[:2], (HERMITIAN,), order=2, rtol=1e-5),
    Case("ldl, complex, symmetric", lambda a: ours.ldl((a + a.T) / 2, hermitian=False)[:2], (Z,), order=2, rtol=1e-5),
    *[Case(f"rq, economic {m.shape}", lambda a: ours.rq(a, mode="economic"), (m,), exact=False, order=2) for m in (A, TALL, WIDE, ZWIDE)],
    Case("rq, full", lambda a: (lambda r, q: (r, r @ q, q[:2].T @ q[:2]))(*ours.rq(a)), (WIDE,), exact=False, order=2),
    Case("rq, r", lambda a: ours.rq(a, mode="r"), (WIDE,), exact=False, order=2),
    Case("qr_multiply", ours.qr_multiply, (TALL, r((2, 5))), exact=False, order=2),
    Case("qr_multiply, vector", ours.qr_multiply, (TALL, r(5)), exact=False, order=2),
    Case("qr_multiply, left", lambda a, b: ours.qr_multiply(a, b, mode="left"), (TALL, r((3, 2))), exact=False, order=2),
    Case("qr_multiply, conjugate", lambda a, b: ours.qr_multiply(a, b, conjugate=True), (ZWIDE, c(3, 2)), exact=False, order=2),
    Case("matrix_balance", ours.matrix_balance, (np.array([[1.0, 2, 0], [9, 1, 0.01], [1, 2, 10 * np.pi]]),), exact=False),
    Case("matrix_balance, separate", lambda a: ours.matrix_balance(a, separate=True), (np.array([[1.0, 2, 0], [9, 1, 0.01], [1, 2, 10 * np.pi]]),), exact=False),
    Case("signm", ours.signm, (A,), exact=False, order=2, rtol=1e-5),
    Case("signm, complex", ours.signm, (Z,), exact=False, order=2, rtol=1e-5),
    Case("orthogonal_procrustes", ours.orthogonal_procrustes, (TALL, r((5, 3))), exact=False, order=2, rtol=1e-5),
    Case("orthogonal_procrustes, complex", ours.orthogonal_procrustes, (c(4, 2), c(4, 2)), exact=False, order=2, rtol=1e-5),
]
WAVE = lambda x: np.exp(0.5 * x) * np.cos(x)
REPEATED = (lambda q: (q * [1.0, 1, 1, 3]) @ q.T)(np.linalg.qr(A)[0])
FUNCTIONS = [
    Case("funm, symmetric", lambda a: ours.funm(sym(a), WAVE), (S,), exact=False),
    Case("funm, complex Hermitian", lambda a: ours.funm(sym(a), WAVE), (HERMITIAN / 3,), order=2, exact=False),
    Case("funm", lambda a: ours.funm(a, WAVE), (A,), order=2, exact=False),
    Case("funm, complex", lambda a: ours.funm(a, WAVE), (Z / 3,), order=2, exact=False),
    Case("fractional_matrix_power, exponent", ours.fractional_matrix_power, (DEFINITE, 0.4), order=2, exact=False, rtol=1e-5),
    Case("fractional_matrix_power, exponent, complex", ours.fractional_matrix_power, (Z + 5 * np.eye(4), 1.3), order=2, exact=False, rtol=1e-5),
    *[Case(f"fractional_matrix_power, {t}", lambda a, t=t: ours.fractional_matrix_power(a, t), (A,), order=2, exact=False, rtol=1e-5) for t in (0, 1, 3, -2)],
    Case("expm_cond", ours.expm_cond, (0.3 * A,), order=2, exact=False, rtol=1e-5),
    Case("signm, repeated", ours.signm, (REPEATED - 2 * np.eye(4),), order=2, exact=False, rtol=1e-5),
]
G = r((4, 4)) + 4 * np.eye(4)
Z4 = c(4, 4) + 4 * np.eye(4)
STACK = r((2, 4, 4)) + 4 * np.eye(4)
B4 = r((4, 2))
KINDS = ("general", "symmetric", "hermitian", "positive definite", "diagonal", "tridiagonal", "banded",
         "upper triangular", "lower triangular")
PROPER = {"symmetric": lambda m: (m + m.T) / 2, "hermitian": sym, "positive definite": sym,
          "sym": sym, "her": sym, "pos": sym, "diagonal": lambda m: m * np.eye(len(m))}


def proper(kind, m):
    return PROPER.get(kind, lambda m: m)(m)


def whole_numbers(w, *vectors):
    """Complex always: of no examples the kind of the vectors is unknown."""
    return w, *[v + 0 * w[..., None, :] for v in vectors]


def vectors_of(f, *args, **keywords):
    w, v = f(*args, **keywords)
    return signed(w, v)


STABLE, B32 = 0.3 * r((3, 3)), r((3, 2))
Q3, R2, E3, S32 = np.diag([1.0, 0.5, 2.0]) + 0.1, np.array([[2.0, 0.3], [0.3, 1.0]]), np.eye(3) + 0.1 * r((3, 3)), 0.1 * r((3, 2))
SOLVING = [
    *[Case(f"solve, {kind}, {lower}", lambda a, b, kind=kind, lower=lower: ours.solve(proper(kind, a), b, assume_a=kind, lower=lower), (DEFINITE, B4), exact=False, order=2)
      for kind in KINDS for lower in (False, True)],
    *[Case(f"solve, {kind}, transposed", lambda a, b, kind=kind: ours.solve(proper(kind, a), b, assume_a=kind, transposed=True), (DEFINITE, B4[:, 0]), exact=False, order=2) for kind in KINDS],
    *[Case(f"solve, {kind}, complex", lambda a, b, kind=kind: ours.solve(proper(kind, a), b, assume_a=kind), (Z @ Z.conj().T + np.eye(4), c(4, 2)), exact=False, order=2) for kind in KINDS],
    Case("solve, stack", ours.solve, (STACK, B4), exact=False, order=2),
    *[Case(f"inv, {kind}", lambda a, kind=kind: ours.inv(proper(kind, a), assume_a=kind), (DEFINITE,), exact=False, order=2) for kind in ("sym", "her", "pos", "upper triangular", "lower triangular", "diagonal")],
    Case("lu_factor and lu_solve, stack", lambda a, b: ours.lu_solve(ours.lu_factor(a), b), (STACK, B4), exact=False, order=2),
    Case("lu, stack", lambda a: ours.lu(a)[1:], (STACK,), exact=False, order=2),
    Case("lu, permute_l, stack", lambda a: ours.lu(a, permute_l=True), (STACK,), exact=False, order=2),
    Case("qr, economic, stack", lambda a: ours.qr(a, mode="economic"), (STACK,), exact=False, order=2),
    Case("solve_banded, stack", lambda m, b: ours.solve_banded((1, 1), m, b), (np.stack([UP, 2 * UP + 0.1]) + 4 * (np.arange(3) == 1)[:, None], r((5, 2))), exact=False, order=2),
    Case("solveh_banded, stack", ours.solveh_banded, (np.stack([UP, 2 * UP]), r((5, 2))), exact=False, order=2),
    Case("solveh_banded, lower, complex", lambda m, b: ours.solveh_banded(m, b, lower=True), (LOW + 0.2j * HALF * (np.arange(3) != 0)[:, None], c(5)), exact=False, order=2),
    Case("solve_toeplitz, stack", lambda c, r, b: ours.solve_toeplitz((c, r), b), (r((2, 4)) + 5 * np.eye(4)[0], r(4) + 5 * np.eye(4)[0], B4), exact=False, order=2),
    Case("solve_circulant, axes", lambda c, b: ours.solve_circulant(c, b, baxis=1, outaxis=1), (r(4) + 4 * np.eye(4)[0], r((2, 4))), exact=False, order=2),
    Case("solve_circulant, lstsq", lambda b: ours.solve_circulant(np.array([1.0, -1, 1, -1]), b, singular="lstsq"), (r(4),), exact=False),
    *[Case(f"eigh, generalised, type {k}", lambda a, b, k=k: vectors_of(ours.eigh, sym(a), sym(b), type=k), (S, DEFINITE), exact=False, order=2, rtol=1e-5) for k in (1, 2, 3)],
    *[Case(f"eigh, generalised, type {k}, complex, lower={lower}", lambda a, b, k=k, lower=lower: vectors_of(ours.eigh, sym(a), sym(b), type=k, lower=lower), (HERMITIAN, Z @ Z.conj().T + np.eye(4)), exact=False, order=2, rtol=1e-5) for k in (2, 3) for lower in (False, True)],
    *[Case(f"eigvalsh, generalised, type {k}", lambda a, b, k=k: ours.eigvalsh(sym(a), sym(b), type=k), (S, DEFINITE), exact=False, order=2, rtol=1e-5) for k in (2, 3)],
    *[Case(f"eigh, driver {d}", lambda a, d=d: vectors_of(ours.eigh, sym(a), driver=d), (S,), exact=False, order=2) for d in ("ev", "evd", "evr", "evx")],
    Case("eig, left", lambda a: ours.eig(a, left=True), (Z,), exact=False, order=2, rtol=1e-5),
    Case("eig, left, real", lambda a: whole_numbers(*ours.eig(a, left=True)), (NORMAL,), exact=False, order=2, rtol=1e-5),
    Case("eig, left only", lambda a: whole_numbers(*ours.eig(a, left=True, right=False)), (S + np.triu(A),), exact=False, order=2, rtol=1e-5),
    Case("eig, generalised", lambda a, b: vectors_of(ours.eig, a, b), (Z, Z4), exact=False, order=2, rtol=1e-5),
    Case("eig, generalised, left", lambda a, b: (lambda w, u, v: (*signed(w, u), signed(w, v)[1]))(*ours.eig(a, b, left=True)), (Z, Z4), exact=False, order=2, rtol=1e-5),
    Case("eigvals, generalised", ours.eigvals, (NORMAL, G), exact=False, order=2, rtol=1e-5),
    *[Case(f"svd, gesvd {m.shape}", lambda a: (lambda u, s, vh: (u * np.sign(u[-1]), s, vh * np.sign(u[-1])[:, None]))(*ours.svd(a, full_matrices=False, lapack_driver="gesvd")), (m,), exact=False, order=2) for m in (TALL, WIDE)],
    Case("svd, stack", lambda a: (lambda u, s, vh: (u * s[..., None, :] ** 2) @ vh)(*ours.svd(a, full_matrices=False)), (STACK,), exact=False, order=2),
    Case("polar, wide", ours.polar, (WIDE,), exact=False, order=2, rtol=1e-5),
    Case("polar, left, tall", lambda a: ours.polar(a, "left"), (TALL,), exact=False, order=2, rtol=1e-5),
    *[Case(f"lstsq, {d} {m.shape}", lambda a, b, d=d: ours.lstsq(a, b, lapack_driver=d)[:2], (m, r((len(m), 2))), exact=False, order=2) for d in ("gelsd", "gelss", "gelsy") for m in (TALL, WIDE)],
    Case("lstsq, singular values", lambda a, b: ours.lstsq(a, b)[3], (TALL, r(5)), exact=False, order=2),
    Case("pinvh", lambda a: ours.pinvh(sym(a)), (S,), order=2, exact=False),
    Case("pinvh, complex", lambda a: ours.pinvh(sym(a)), (HERMITIAN,), order=2, exact=False),
    Case("pinvh, rank two", lambda b: ours.pinvh(b @ b.T), (RANK_TWO[:, :2],), order=2, exact=False),
    Case("solve_continuous_are, e and s", lambda a, b, q, r, e, s: ours.solve_continuous_are(a, b, sym(q), sym(r), e, s), (STABLE, B32, Q3, R2, E3, S32), exact=False, order=2, rtol=1e-5),
    Case("solve_discrete_are, e and s", lambda a, b, q, r, e, s: ours.solve_discrete_are(a, b, sym(q), sym(r), e, s), (STABLE, B32, Q3, R2, E3, S32), exact=False, order=2, rtol=1e-5),
    Case("solve_continuous_are, s", lambda a, b, q, r, s: ours.solve_continuous_are(a, b, sym(q), sym(r), s=s), (STABLE, B32, Q3, R2, S32), exact=False, order=2, rtol=1e-5),
    Case("solve_continuous_are, complex", lambda a, b, q, r, e: ours.solve_continuous_are(a, b, sym(q), sym(r), e), (STABLE + 0.1j * E3, B32 + 0.3j, Q3 + 0j, R2 + 0j, E3 + 0.1j * STABLE), exact=False, order=2, rtol=1e-5),
]
P = np.array([1.5, -2.0, 0.7, 3.0])
BUILDERS = [
    Case("diagsvd", lambda s: (ours.diagsvd(s, 4, 6), ours.diagsvd(s, 5, 4), ours.diagsvd(s, 4, 4)), (P,)),
    Case("leslie", ours.leslie, (P, P[1:])),
    Case("fiedler", ours.fiedler, (P,)),
    *[Case(f"fiedler_companion, {n}", ours.fiedler_companion, (np.append(P, r(4))[:n],), exact=False) for n in range(2, 9)],
    *[Case(f"convolution_matrix, {mode} {n}", lambda a, n=n, mode=mode: ours.convolution_matrix(a, n, mode), (P,)) for mode in ("full", "same", "valid") for n in (1, 3, 4, 7)],
]
# These hold for one number of results only, which depends on the values.
BY_RANK = [
    Case("null_space", lambda a: (lambda z: z @ z.T)(ours.null_space(a)), (WIDE,), exact=False),
    Case("null_space, complex", lambda a: (lambda z: z @ z.conj().T)(ours.null_space(a)), (ZWIDE,), exact=False),
    Case("null_space, one vector", lambda a: (lambda z: z * np.sign(z[-1]))(ours.null_space(a)), (WIDE[:, :4],), exact=False),
    Case("null_space, rank two", on_rank_two(lambda a: (lambda z: z @ z.T)(ours.null_space(a))), (RANK_TWO,), exact=False, rtol=1e-5),
    Case("orth", lambda a: (lambda z: z * np.sign(z[-1]))(ours.orth(a)), (TALL,), exact=False),
    Case("orth, rank two", on_rank_two(lambda a: (lambda z: z @ z.T)(ours.orth(a))), (RANK_TWO,), exact=False, rtol=1e-5),
    Case("subspace_angles", ours.subspace_angles, (TALL, r((5, 2))), exact=False, rtol=1e-5),
    Case("subspace_angles, small", lambda a, b: ours.subspace_angles(a, a[:, :2] + 0.1 * b), (TALL, r((5, 2))), exact=False, rtol=1e-5),
    Case("subspace_angles, complex", ours.subspace_angles, (c(4, 2), c(4, 2)), exact=False, rtol=1e-5),
    Case("schur", lambda a: ours.schur(a), (NORMAL,), order=2, exact=False, rtol=1e-5),
    Case("schur, triangle", lambda a: ours.schur(sym(a)), (S,), order=2, exact=False, rtol=1e-5),
    Case("rsf2csf", lambda a: ours.rsf2csf(*ours.schur(a)), (NORMAL,), order=2, exact=False, rtol=1e-5),
]
BANDS = [
    Case("eigh_tridiagonal", lambda d, e: signed(*ours.eigh_tridiagonal(d, e)), (D, E)),
    Case("eigh_tridiagonal, index", lambda d, e: signed(*ours.eigh_tridiagonal(d, e, select="i", select_range=(1, 2))), (D, E), exact=False),
    Case("eigh_tridiagonal, driver", lambda d, e: signed(*ours.eigh_tridiagonal(d, e, lapack_driver="stev")), (D, E), exact=False),
    Case("eigh_tridiagonal, stack", lambda d, e: signed(*ours.eigh_tridiagonal(d, e)), (np.stack([D, 2 * D + 1]), E), exact=False),
    Case("eigh_tridiagonal, eigvals_only", lambda d, e: ours.eigh_tridiagonal(d, e, eigvals_only=True), (D, E)),
    Case("eigvalsh_tridiagonal", ours.eigvalsh_tridiagonal, (D, E)),
    Case("eigvalsh_tridiagonal, size 1", ours.eigvalsh_tridiagonal, (D[:1], E[:0])),
    Case("eig_banded", lambda m: signed(*ours.eig_banded(m)), (UP,)),
    Case("eig_banded, lower", lambda m: signed(*ours.eig_banded(m, lower=True)), (LOW,)),
    Case("eig_banded, index", lambda m: signed(*ours.eig_banded(m, select="i", select_range=(0, 1))), (UP,), exact=False),
    Case("eig_banded, complex", lambda m: signed(*ours.eig_banded(m)), (Z_UP,), exact=False),
    Case("eigvals_banded", ours.eigvals_banded, (UP,)),
    Case("eigvals_banded, complex", ours.eigvals_banded, (Z_UP,)),
    Case("cholesky_banded", ours.cholesky_banded, (UP,), exact=False),
    Case("cholesky_banded, lower", lambda m: ours.cholesky_banded(m, lower=True), (LOW,), exact=False),
    Case("cholesky_banded, complex", ours.cholesky_banded, (Z_UP,), exact=False),
    Case("cho_solve_banded", lambda m, b: ours.cho_solve_banded((m, False), b), (UP, r((5, 2))), exact=False),
    Case("cho_solve_banded, lower", lambda m, b: ours.cho_solve_banded((m, True), b), (LOW, r(5)), exact=False),
    Case("cho_solve_banded, complex", lambda m, b: ours.cho_solve_banded((m, False), b), (Z_UP, c(5, 2)), exact=False),
]

CASES = [*BANDS, *FORMS, *SOLVING, *FUNCTIONS, *BUILDERS, *BY_RANK]
# fmt: on


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)
