"""`scipy.linalg` and `numpy.linalg` against high precision, at points that are hard for formulas."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.scipy import linalg as ours

mp = pytest.importorskip("mpmath")

CASES = []

rng = np.random.default_rng(0)
r = rng.standard_normal
BASIS = np.linalg.qr(r((4, 4)))[0]


def with_eigenvalues(*values):
    a = (BASIS * values) @ BASIS.T
    return (a + a.T) / 2


# fmt: off
MATRICES = {
    "distinct":        with_eigenvalues(0.5, 1.0, 2.0, 3.0),
    "gap 1e-4":        with_eigenvalues(1.0, 1.0001, 1.0003, 3.0),
    "gap 1e-9":        with_eigenvalues(1.0, 1 + 1e-9, 2.0, 3.0),
    "repeated":        with_eigenvalues(1.0, 1.0, 1.0, 3.0),
    "exactly":         np.diag([1.0, 1.0, 1.0, 3.0]),
    "not symmetric":   r((4, 4)) + 4 * np.eye(4),
    "size 1":          np.array([[1.7]]),
}
FUNCTIONS = {
    "expm":            (ours.expm, lambda m: mp.expm(m, method="taylor")),
    "logm":            (ours.logm, mp.logm),
    "sqrtm":           (ours.sqrtm, mp.sqrtm),
    "power":           (lambda a: ours.fractional_matrix_power(a, 0.3), lambda m: mp.expm(mp.mpf(0.3) * mp.logm(m), method="taylor")),
    "funm of exp":     (lambda a: ours.funm(a, np.exp), lambda m: mp.expm(m, method="taylor")),
    "funm of log":     (lambda a: ours.funm(a, np.log), mp.logm),
    "funm of sqrt":    (lambda a: ours.funm(a, np.sqrt), mp.sqrtm),
    "polar, unitary":  (lambda a: ours.polar(a)[0], lambda m: m * mp.sqrtm(m.T * m) ** -1),
    "polar, positive": (lambda a: ours.polar(a)[1], lambda m: mp.sqrtm(m.T * m)),
    "procrustes":      (lambda a: ours.orthogonal_procrustes(a, np.eye(len(a)))[0], lambda m: (m * mp.sqrtm(m.T * m) ** -1).T),
    "inv":             (ours.inv, lambda m: m**-1),
    "pinv":            (ours.pinv, lambda m: m**-1),
}
# fmt: on


def matrix(a):
    return mp.matrix(np.asarray(a).tolist())


def numbers(m):
    return np.array([[float(mp.re(m[i, j])) for j in range(m.cols)] for i in range(m.rows)])


def differences(g, a, e):
    """The first two derivatives of ``g(a + t e)`` at 0, by central differences of many digits."""
    with mp.workdps(60):
        x, d, h = matrix(a), matrix(e), mp.mpf(10) ** -15
        up, here, down = g(x + h * d), g(x), g(x - h * d)
        return numbers((up - down) / (2 * h)), numbers((up - 2 * here + down) / h**2)


def close(actual, expected, rtol):
    assert np.abs(actual - expected).max() <= rtol * np.abs(expected).max()


@pytest.mark.parametrize("kind", MATRICES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_matrices(name, kind):
    """To second order, whether eigenvalues are apart, close or equal."""
    f, g = FUNCTIONS[name]
    a = MATRICES[kind]
    e, ct = r(a.shape), r(a.shape)
    first, second = differences(g, a, e)
    rtol = 2e-12 if name == "expm" else 2e-14
    close(dr.jvp(f, (a,), (e,))[1], first, rtol)
    np.testing.assert_allclose(
        np.sum(dr.vjp(f, a)[1](ct)[0] * e),
        np.sum(ct * first),
        rtol=0,
        atol=rtol * np.sum(np.abs(ct * first)),
    )
    close(dr.jvp(lambda x: dr.jvp(f, (x,), (e,))[1], (a,), (e,))[1], second, 5 * rtol)
    pulled = dr.jvp(lambda x: dr.vjp(f, x)[1](ct)[0], (a,), (e,))[1]
    scale = np.sum(np.abs(ct * second))
    np.testing.assert_allclose(
        np.sum(pulled * e), np.sum(ct * second), rtol=0, atol=5 * rtol * scale
    )


def test_funm_of_eigenvalues_of_all_sizes():
    """Differences of close values where these are small: the integral over a simplex counts."""
    a, e = with_eigenvalues(1.0, 1e-3, 1e-6, 1e-10), r((4, 4))
    first, second = differences(lambda m: mp.expm(m, method="taylor"), a, e)
    f = lambda x: ours.funm(x, np.exp)
    close(dr.jvp(f, (a,), (e,))[1], first, 2e-14)
    close(dr.jvp(lambda x: dr.jvp(f, (x,), (e,))[1], (a,), (e,))[1], second, 2e-14)


def test_third_order_of_funm_at_repeated_eigenvalues():
    a, e = MATRICES["repeated"], r((4, 4))
    f = lambda t: ours.funm(a + t * e, np.exp)
    third = dr.derivative(dr.derivative(dr.derivative(f)))(0.0)
    with mp.workdps(60):
        x, d, h = matrix(a), matrix(e), mp.mpf(10) ** -10
        g = lambda k: mp.expm(x + k * h * d, method="taylor")
        expected = numbers((g(2) - 2 * g(1) + 2 * g(-1) - g(-2)) / (2 * h**3))
    close(third, expected, 1e-12)


def test_exponent_of_a_fractional_power():
    a = MATRICES["repeated"]
    d = dr.derivative(lambda t: ours.fractional_matrix_power(a, t))(0.3)
    with mp.workdps(40):
        log = mp.logm(matrix(a))
        close(d, numbers(log * mp.expm(mp.mpf(0.3) * log, method="taylor")), 1e-14)


@pytest.mark.parametrize("gap", [1.0, 1e-3, 1e-6, 1e-9])
def test_vectors_of_close_eigenvalues_lose_what_the_gap_says(gap):
    """The projector onto the first vector of a tridiagonal matrix, relative to its condition."""
    d, e = np.array([1.0, 1.0 + gap, 4.0]), np.array([gap, 0.5 * gap])
    dd, de = r(3), r(2)

    def whole(d, e):
        return mp.matrix([[d[0], e[0], 0], [e[0], d[1], e[1]], [0, e[1], d[2]]])

    def projector(m):
        v = mp.eigsy(m)[1]
        return v[:, 0] * v[:, 0].T

    with mp.workdps(60):
        x, change = whole(d.tolist(), e.tolist()), whole(dd.tolist(), de.tolist())
        h = mp.mpf(10) ** -25
        expected = numbers((projector(x + h * change) - projector(x - h * change)) / (2 * h))

    def ours_projector(d, e):
        v = ours.eigh_tridiagonal(d, e)[1]
        return np.outer(v[:, 0], v[:, 0])

    actual = dr.jvp(ours_projector, (d, e), (dd, de))[1]
    close(actual, expected, 50 * np.finfo(float).eps / gap)


@pytest.mark.parametrize("angle", [1.0, 1e-3, 1e-8, 1e-12])
def test_small_subspace_angles(angle):
    f = lambda t: ours.subspace_angles(
        np.array([[1.0], [0.0], [0.0]]), np.stack([np.cos(t), np.sin(t), 0 * t])[:, None]
    )
    np.testing.assert_allclose(f(angle), [angle], rtol=1e-13)
    np.testing.assert_allclose(dr.derivative(f)(angle), [1.0], rtol=1e-13)


SINGULAR = np.diag([0.0, 1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("f", "a"),
    [
        (ours.sqrtm, SINGULAR),
        (lambda a: ours.fractional_matrix_power(a, 0.3), SINGULAR),
        (ours.signm, SINGULAR),
        (lambda a: ours.polar(a)[0], SINGULAR),
        (lambda a: ours.orthogonal_procrustes(a, np.eye(4))[0], SINGULAR),
        (lambda a: ours.ldl((a + a.T) / 2)[0], SINGULAR),
        (lambda a: np.linalg.slogdet(a)[1], SINGULAR),
        (lambda a: ours.schur(a)[0], MATRICES["repeated"]),
        (lambda a: ours.schur(a, output="complex")[0].real, MATRICES["repeated"]),
        (ours.hessenberg, np.diag([1.0, 2.0, 3.0, 4.0])),
        (lambda a: ours.eig(a, np.eye(4))[1].real, MATRICES["repeated"]),
        (ours.orth, MATRICES["repeated"]),
        (lambda a: ours.eig_banded(np.stack([0 * a[0], np.diagonal(a)]))[1], MATRICES["exactly"]),
        (lambda a: ours.eigh_tridiagonal(np.diagonal(a), a[0, 1:])[1], MATRICES["exactly"]),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_what_is_not_determined_is_not_finite(f, a):
    """Never a number that only looks like a derivative: in both modes, and to second order."""
    e = r(a.shape)
    with np.errstate(all="ignore"):
        ones = np.ones(np.shape(f(a)))
        weights = r(ones.shape) + 2

        def pulled(x):
            return dr.vjp(f, x)[1](weights)[0]

        assert not np.isfinite(dr.jvp(f, (a,), (e,))[1]).all()
        assert not np.isfinite(pulled(a)).all()
        assert not np.isfinite(dr.jvp(pulled, (a,), (e,))[1]).all()


def test_symmetric_functions_of_repeated_eigenvalues():
    """Right to first order; their second derivative is not said by single values: nan."""
    a = MATRICES["exactly"]
    for f, expected in [
        (lambda x: np.sum(np.linalg.eigvalsh(x) ** 2), 2 * a),
        (lambda x: np.sum(np.log(np.linalg.eigh(x)[0])), np.linalg.inv(a)),
        (lambda x: np.sum(ours.eigvalsh(x) ** 3), 3 * a @ a),
        (lambda x: np.sum(ours.eigvalsh_tridiagonal(np.diagonal(x), x[0, 1:]) ** 2), 2 * a),
    ]:
        np.testing.assert_allclose(dr.grad(f)(a), expected, rtol=1e-14, atol=1e-14)
        with np.errstate(all="ignore"):
            assert not np.isfinite(dr.hvp(f, a, r((4, 4)))).all()


def test_a_defective_matrix_has_no_eigenvectors_for_funm():
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="defective"):
        dr.jacfwd(lambda a: ours.funm(a, np.exp))(np.array([[1.0, 1.0], [0.0, 1.0]]))


def test_funm_of_a_function_that_holds_traced_values():
    with pytest.raises(dr.errors.NoRuleError, match="traced values"):
        dr.grad(lambda p: np.sum(ours.funm(p * np.eye(2), lambda x: p * x)))(2.0)
