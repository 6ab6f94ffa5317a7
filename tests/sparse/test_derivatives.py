"""Sparse Jacobians, Hessians and operators: equal to the dense ones, with few directions."""

import numpy as np
import pytest
import scipy.sparse as sps
import scipy.sparse.linalg as spl

import dualrev as dr
from dualrev.errors import NotScalarError, PatternError, UnsupportedArgumentError

RNG = np.random.default_rng(11)


def bratu(u):
    return 2 * u[1:-1] - u[2:] - u[:-2] - 0.01 * np.exp(u[1:-1])


def bratu_2d(u):
    k = int(np.sqrt(u.size))
    p = np.pad(u.reshape(k, k), 1)
    inner = p[1:-1, 1:-1]
    around = p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2]
    return (4 * inner - around - 0.01 * np.exp(inner)).ravel()


def arrow(x):
    return np.concatenate([np.sum(x**2).reshape(1), x[1:] ** 2 * x[0]])


def wide(x):
    return np.sum(x.reshape(3, -1) ** 3, axis=1)


def chain(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def arwhead(x):
    return np.sum((x[:-1] ** 2 + x[-1] ** 2) ** 2 - 4 * x[:-1] + 3)


def bdqrtic(x):
    a, b, c, d = x[:-4], x[1:-3], x[2:-2], x[3:-1]
    return np.sum((3 - 4 * a) ** 2 + (a**2 + 2 * b**2 + 3 * c**2 + 4 * d**2 + 5 * x[-1] ** 2) ** 2)


def minimal_surface(x):
    k = int(np.sqrt(x.size))
    z = x.reshape(k, k)
    a, b = z[1:, 1:] - z[:-1, :-1], z[1:, :-1] - z[:-1, 1:]
    return np.sum(np.sqrt(1 + 0.5 * k * k * (a * a + b * b)))


@pytest.mark.parametrize(
    ("f", "n", "colours"),
    [(bratu, 60, 3), (bratu_2d, 64, 7), (arrow, 60, 4), (wide, 60, 3), (np.cumsum, 12, 12)],
)
@pytest.mark.parametrize("chunk_size", [None, 1, 2])
@pytest.mark.parametrize("guard", [True, False])
def test_jacobians(f, n, colours, chunk_size, guard):
    x = RNG.normal(size=n)
    J = dr.sparse.jacobian(f, chunk_size=chunk_size, guard=guard)
    for _ in range(2):
        value, matrix = J.with_value(x)
        np.testing.assert_array_equal(value, f(x))
        np.testing.assert_allclose(matrix.toarray(), dr.jacobian(f)(x), rtol=1e-13, atol=1e-13)
    assert J.preparation.colouring.count <= colours
    assert matrix.has_canonical_format and matrix.format == "csr"
    assert J.preparation.is_dense == (f is np.cumsum)


@pytest.mark.parametrize("kind", ["column", "row", "both"])
def test_kinds(kind):
    x = RNG.normal(size=40)
    for f in (bratu, arrow):
        J = dr.sparse.jacobian(f, kind=kind)
        np.testing.assert_allclose(J(x).toarray(), dr.jacobian(f)(x), atol=1e-13)


@pytest.mark.parametrize(
    ("f", "n", "colours"),
    [(chain, 50, 3), (arwhead, 50, 2), (bdqrtic, 50, 8), (minimal_surface, 64, 9)],
)
@pytest.mark.parametrize("chunk_size", [None, 1, 3])
def test_hessians(f, n, colours, chunk_size):
    x = RNG.normal(size=n)
    H = dr.sparse.hessian(f, chunk_size=chunk_size)
    gradient, matrix = H.with_value(x)
    np.testing.assert_array_equal(gradient, dr.grad(f)(x))
    dense = dr.hessian(f)(x)
    np.testing.assert_allclose(matrix.toarray(), dense, rtol=1e-12, atol=1e-10)
    assert abs(matrix - matrix.T).max() == 0
    assert H.preparation.colouring.count <= colours


def test_detection_and_colouring_are_done_once(monkeypatch):
    calls = []
    import dualrev.sparse.derivatives as module

    find = module.jacobian_pattern
    monkeypatch.setattr(
        module, "jacobian_pattern", lambda *a, **k: calls.append(1) or find(*a, **k)
    )
    J = dr.sparse.jacobian(bratu)
    for n in (20, 20, 30, 20, 30):
        J(RNG.normal(size=n))
    assert len(calls) == 2


def test_a_changed_structure_is_noticed():
    def f(x):
        y = x**2
        return y[::-1] * x if x[0] > 0 else y

    J = dr.sparse.jacobian(f)
    down, up = -np.ones(9), np.arange(1.0, 10)
    assert J(down).nnz == 9
    np.testing.assert_allclose(J(up).toarray(), dr.jacobian(f)(up))
    np.testing.assert_allclose(J(down).toarray(), dr.jacobian(f)(down))  # both are known now
    assert J.preparation.pattern.nnz == 17

    def g(x):
        return np.sum(x**2) if x[0] < 0 else np.sum(x**2) + np.sum(x[1:] ** 2 * x[:-1] ** 2)

    H = dr.sparse.hessian(g)
    assert H(down).nnz == 9
    np.testing.assert_allclose(H(up).toarray(), dr.hessian(g)(up))


def test_the_size_of_the_result_may_change():
    def f(x):
        return x**2 if x[0] > 0 else x[1:] ** 2

    J = dr.sparse.jacobian(f)
    for x in (np.ones(40), -np.ones(40), np.ones(40)):
        np.testing.assert_allclose(J(x).toarray(), dr.jacobian(f)(x))


def test_given_patterns():
    x = RNG.normal(size=30)
    band = sps.diags_array([1.0, 1, 1], offsets=[0, 1, 2], shape=(28, 30))
    J = dr.sparse.jacobian(bratu, pattern=band)
    np.testing.assert_allclose(J(x).toarray(), dr.jacobian(bratu)(x))
    for pattern in (np.ones((28, 30)), band.toarray(), dr.sparse.Pattern.of(band)):
        np.testing.assert_allclose(
            dr.sparse.jacobian(bratu, pattern=pattern)(x).toarray(), J(x).toarray()
        )
    with pytest.raises(PatternError, match="30"):
        dr.sparse.jacobian(bratu, pattern=np.eye(30))(x)
    with pytest.raises(PatternError, match="29"):
        dr.sparse.jacobian(bratu, pattern=np.eye(28, 29))(x)
    missing = sps.diags_array([1.0, 1], offsets=[0, 1], shape=(28, 30))
    with pytest.raises(PatternError, match="misses"):
        dr.sparse.jacobian(bratu, pattern=missing)(x)
    with pytest.raises(PatternError, match="misses"):
        dr.sparse.hessian(chain, pattern=np.eye(30))(x)
    with pytest.raises(PatternError, match="symmetric"):
        dr.sparse.hessian(chain, pattern=np.tri(30))


def test_trees_and_arguments():
    def f(p, s):
        return {"a": p["u"] ** 2 * s, "b": p["v"][1:] - p["v"][:-1]}

    p = {"u": RNG.normal(size=30), "v": RNG.normal(size=20)}
    J = dr.sparse.jacobian(f, argnums=(0, 1))
    value, matrix = J.with_value(p, 2.0)
    assert set(value) == {"a", "b"} and matrix.shape == (49, 51)
    np.testing.assert_allclose(matrix.toarray()[:30, :30], np.diag(4 * p["u"]))
    np.testing.assert_allclose(matrix.toarray()[:30, 50], p["u"] ** 2)
    np.testing.assert_allclose(matrix.toarray()[30:, 30:50], np.diff(np.eye(20), axis=0))

    H = dr.sparse.hessian(lambda p: np.sum(p["u"] ** 3) + np.sum(p["v"] ** 2))
    gradient, matrix = H.with_value(p)
    np.testing.assert_allclose(matrix.diagonal(), np.concatenate([6 * p["u"], np.full(20, 2.0)]))
    np.testing.assert_allclose(gradient["u"], 3 * p["u"] ** 2)


def test_single_precision_and_small_sizes():
    x = RNG.normal(size=40).astype(np.float32)
    assert dr.sparse.jacobian(bratu)(x).dtype == np.float32
    for n in (0, 1, 2, 3):
        x = RNG.normal(size=n)
        assert dr.sparse.jacobian(lambda x: x**2)(x).shape == (n, n)
        assert dr.sparse.hessian(lambda x: np.sum(x**2))(x).shape == (n, n)
    assert dr.sparse.jacobian(lambda x: x**2)(3.0).toarray() == 6.0


def test_the_report_says_what_happened():
    J = dr.sparse.jacobian(bratu)
    assert J.preparation is None
    report = repr(J.prepare(np.zeros(50)))
    assert "3 colours of 50 columns" in report and "guards the pattern" in report
    dense = dr.sparse.jacobian(np.cumsum)
    dense(np.ones(8))
    assert "dense" in repr(dense.preparation)


def test_nonfinite_entries_are_no_change_of_structure():
    x = np.zeros(30)
    with np.errstate(all="ignore"):
        matrix = dr.sparse.jacobian(np.sqrt)(x)
    assert np.isinf(matrix.diagonal()).all() and matrix.nnz == 30


def test_refusals():
    x = RNG.normal(size=20)
    with pytest.raises(NotScalarError):
        dr.sparse.hessian(bratu)(x)
    with pytest.raises(UnsupportedArgumentError, match="kind"):
        dr.sparse.jacobian(bratu, kind="columns")
    with pytest.raises(UnsupportedArgumentError, match="inside of another"):
        dr.grad(lambda x: dr.sparse.jacobian(bratu)(x).sum())(x)
    with pytest.raises(UnsupportedArgumentError, match="complex"):
        dr.sparse.jacobian(bratu)(x + 0j)
    with pytest.raises(UnsupportedArgumentError, match="inside of another"):
        dr.grad(lambda x: np.sum(dr.sparse.jacobian_operator(bratu, x) @ np.ones(20)))(x)


# -- operators ------------------------------------------------------------------------------


def test_operators_are_the_matrices():
    x = RNG.normal(size=30)
    J, dense = dr.sparse.jacobian_operator(bratu, x), dr.jacobian(bratu)(x)
    assert J.shape == (28, 30) and J.dtype == np.float64
    np.testing.assert_array_equal(J.value, bratu(x))
    v, u = RNG.normal(size=30), RNG.normal(size=28)
    V, U = RNG.normal(size=(30, 4)), RNG.normal(size=(28, 3))
    np.testing.assert_allclose(J @ v, dense @ v, atol=1e-13)
    np.testing.assert_allclose(J.T @ u, dense.T @ u, atol=1e-13)
    np.testing.assert_allclose(J.rmatvec(u), dense.T @ u, atol=1e-13)
    np.testing.assert_allclose(J @ V, dense @ V, atol=1e-13)
    np.testing.assert_allclose(J.T @ U, dense.T @ U, atol=1e-13)
    np.testing.assert_allclose(J.H @ U, dense.T @ U, atol=1e-13)
    np.testing.assert_allclose((J.T @ J) @ v, dense.T @ (dense @ v), atol=1e-12)
    assert (J @ np.zeros((30, 0))).shape == (28, 0)
    np.testing.assert_allclose(J @ v[:, None], (dense @ v)[:, None], atol=1e-13)
    np.testing.assert_array_equal(J @ np.arange(30), J @ np.arange(30.0))

    H, dense = dr.sparse.hessian_operator(chain, x), dr.hessian(chain)(x)
    np.testing.assert_array_equal(H.value, dr.grad(chain)(x))
    np.testing.assert_allclose(H @ V, dense @ V, rtol=1e-10)
    np.testing.assert_allclose(H.T @ v, dense @ v, rtol=1e-10)


def test_operators_of_trees():
    def f(p, s):
        return p[0] * s, np.sum(p[1])

    J = dr.sparse.jacobian_operator(f, (np.arange(3.0), np.ones(2)), 2.0)
    assert J.shape == (4, 5)
    np.testing.assert_array_equal(J @ np.arange(5.0), [0, 2, 4, 7])
    np.testing.assert_array_equal(J.T @ np.arange(4.0), [0, 2, 4, 3, 3])
    np.testing.assert_array_equal(J @ np.eye(5), J.T.__matmul__(np.eye(4)).T)


def test_krylov_methods():
    u = np.zeros(64)
    for _ in range(6):
        J = dr.sparse.jacobian_operator(bratu_2d, u)
        step, failed = spl.gmres(J, -J.value, rtol=1e-10)
        assert not failed
        u = u + step
    assert np.max(np.abs(bratu_2d(u))) < 1e-9
    x = np.ones(40)
    largest = spl.eigsh(dr.sparse.hessian_operator(chain, x), 1, return_eigenvectors=False)
    np.testing.assert_allclose(largest, np.linalg.eigvalsh(dr.hessian(chain)(x))[-1:])


def test_an_operator_keeps_its_point():
    x = np.ones(20)
    J = dr.sparse.jacobian_operator(lambda x: x**2, x)
    x[:] = 7.0
    np.testing.assert_array_equal(J @ np.ones(20), np.full(20, 2.0))


def test_newton_with_a_sparse_solver():
    u = np.zeros(100)
    J = dr.sparse.jacobian(bratu_2d)
    for _ in range(6):
        value, matrix = J.with_value(u)
        u = u - spl.spsolve(matrix.tocsc(), value)
    assert np.max(np.abs(bratu_2d(u))) < 1e-12


def test_complex_vectors_meet_real_operators():
    x = np.array([0.5, 1.5, -2.0])
    J, z = dr.sparse.jacobian_operator(lambda u: u**2, x), x + 1j
    np.testing.assert_allclose(J @ z, 2 * x * z)
    np.testing.assert_allclose(J.T @ z, 2 * x * z)
    np.testing.assert_allclose(J @ z[:, None], (2 * x * z)[:, None])
    np.testing.assert_allclose(J.H @ z[:, None], (2 * x * z)[:, None])


def test_values_of_what_is_around():
    for derivative in (
        lambda u: dr.sparse.jacobian(lambda v: v**2 * u)(np.ones(40)).toarray(),
        lambda u: dr.sparse.hessian(lambda v: np.sum(v**2 * u))(np.ones(40)).toarray(),
    ):
        for transform in (dr.vmap, dr.jacfwd):
            with pytest.raises(UnsupportedArgumentError):
                transform(derivative)(np.ones((2, 40)) if transform is dr.vmap else np.ones(40))


@pytest.mark.parametrize("kind", ["auto", "row", "both"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("late", "scale", "row", "at"),
    [
        (np.sqrt, 1.0, 3, 2.0),
        (np.sqrt, 1.0, 3, 0.0),
        (np.positive, 1e12, 3, 2.0),
        (np.positive, 1e2, 5, 2.0),
        (np.positive, 1e5, 3, 2.0),
    ],
)
def test_one_entry_that_appears_late(kind, dtype, late, scale, row, at):
    """However large the others are, beside it or elsewhere, and if it is infinite itself."""

    def f(x):
        y = x * x.dtype.type(1)
        y[row] = y[row] * x.dtype.type(scale)
        if x[0] > 0:
            y[5] += late(x[9])
        return y

    before, after = -np.ones(12, dtype), -np.ones(12, dtype)
    after[[0, 9]] = 1, at
    J = dr.sparse.jacobian(f, kind=kind)
    with np.errstate(all="ignore"):
        J(before)
        np.testing.assert_array_equal(J(after).toarray(), dr.jacobian(f)(after))
        np.testing.assert_array_equal(J(before).toarray(), dr.jacobian(f)(before))


def test_rounding_errors_are_learnt(monkeypatch):
    """Cancellation is no change of structure: it is looked at once."""
    import dualrev.sparse.derivatives as module

    calls = []
    find = module.jacobian_pattern
    monkeypatch.setattr(
        module, "jacobian_pattern", lambda *a, **k: calls.append(1) or find(*a, **k)
    )

    def f(x):
        return (x * 1e9 + x[::-1]) - x * 1e9

    J = dr.sparse.jacobian(f)
    for _ in range(6):
        x = RNG.normal(size=30)
        np.testing.assert_allclose(J(x).toarray(), dr.jacobian(f)(x), atol=1e-6)
    assert len(calls) <= 3
