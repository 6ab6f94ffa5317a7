"""Jacobians, Hessians and what is made of them: all directions in one sweep."""

import numpy as np
import pytest

import dualrev as dr
from dualrev.errors import NotScalarError, UnsupportedArgumentError

RNG = np.random.default_rng(3)
X = RNG.normal(size=5)
A = RNG.normal(size=(4, 5))


def residuals(x):
    return np.concatenate([10 * (x[1:] - x[:-1] ** 2), np.sin(x[:2]) * x[-1]])


def chain(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def by_loop(f, x):
    """Column by column, by JVPs."""
    columns = [dr.jvp(f, (x,), (e.reshape(x.shape),))[1] for e in np.eye(x.size)]
    return np.stack(columns, axis=-1).reshape(np.shape(columns[0]) + x.shape)


@pytest.mark.parametrize("mode", ["auto", "forward", "reverse"])
@pytest.mark.parametrize("chunk_size", [None, 1, 2, 100])
def test_chunks_and_modes(mode, chunk_size):
    f = dr.value_and_jacobian(residuals, mode=mode, chunk_size=chunk_size)
    for _ in range(2):  # what the first call finds out the second uses
        value, jacobian = f(X)
        np.testing.assert_array_equal(value, residuals(X))
        np.testing.assert_allclose(jacobian, by_loop(residuals, X), rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: A @ np.tanh(x),
        lambda x: np.outer(x, x),
        lambda x: np.sort(x) * np.max(x),
        lambda x: np.fft.rfft(x).real,
        lambda x: np.linalg.solve(np.eye(5) + np.outer(x, x), x),
        lambda x: np.linalg.inv(np.eye(5) + np.outer(x, x)),
        lambda x: np.convolve(x, x[:3]),
        lambda x: np.cumsum(x) ** 2 + np.cumprod(x),
        lambda x: np.array([x[k] * x[k - 1] for k in range(5)], like=x),
        lambda x: np.linalg.norm(x) * x,
        lambda x: np.einsum("i,ij->j", x[:4], A),
        lambda x: np.where(x > 0, x, x**2),
        lambda x: x.reshape(1, 5)[::-1, ::2] * 2,
        lambda x: np.float64(3.0) * np.ones(2),
    ],
)
def test_both_modes_are_the_loop(f):
    expected = by_loop(f, X)
    np.testing.assert_allclose(dr.jacfwd(f)(X), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(dr.jacrev(f)(X), expected, rtol=1e-12, atol=1e-12)


def test_a_matrix_in_and_out():
    x = RNG.normal(size=(2, 3))
    expected = by_loop(lambda x: x @ x.T, x)
    for jacobian in (dr.jacfwd, dr.jacrev, dr.jacobian):
        np.testing.assert_allclose(jacobian(lambda x: x @ x.T)(x), expected, atol=1e-14)


def test_trees():
    def f(p, s):
        return {"y": p["a"] * s, "z": (np.sum(p["b"]) * p["a"][0],)}

    p = {"a": X[:3], "b": X[3:]}
    for mode in ("forward", "reverse"):
        j = dr.jacobian(f, argnums=(0, 1), mode=mode)(p, 2.0)
        np.testing.assert_array_equal(j["y"][0]["a"], 2 * np.eye(3))
        np.testing.assert_array_equal(j["y"][0]["b"], np.zeros((3, 2)))
        np.testing.assert_array_equal(j["y"][1], X[:3])
        np.testing.assert_allclose(j["z"][0][0]["a"], np.sum(X[3:]) * np.eye(3)[0])
        np.testing.assert_allclose(j["z"][0][0]["b"], np.full(2, X[0]))


def test_the_mode_follows_from_the_shapes():
    swept = []

    @dr.custom
    def f(x):
        return x * 2.0

    @f.defvjp
    def f_vjp(x):
        def pull(ct):
            swept.append("reverse")
            return (2.0 * ct,)

        return f(x), pull

    dr.jacobian(lambda x: np.sum(f(x)))(X)
    assert swept


@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_sizes(n):
    x = RNG.normal(size=n)
    for jacobian in (dr.jacfwd, dr.jacrev, dr.jacobian):
        assert jacobian(lambda x: x**2)(x).shape == (n, n)
        assert jacobian(lambda x: np.sum(x))(x).shape == (n,)
    h = dr.hessian(lambda x: np.sum(x**3))(x)
    np.testing.assert_allclose(h, np.diag(6 * x))
    np.testing.assert_allclose(dr.hessian_diagonal(lambda x: np.sum(x**3))(x), 6 * x)


def test_numbers():
    assert dr.jacobian(lambda x: x**2)(3.0) == 6.0
    assert dr.hessian(lambda x: x**3)(2.0) == 12.0
    assert dr.hessian_diagonal(lambda x: x**3)(2.0) == 12.0
    assert dr.laplacian(lambda x: x**3)(2.0) == 12.0


def test_single_precision_and_complex():
    x = X.astype(np.float32)
    for jacobian in (dr.jacfwd, dr.jacrev):
        assert jacobian(lambda x: x * x)(x).dtype == np.float32
    z = X + 1j * X[::-1]
    for jacobian in (dr.jacfwd, dr.jacrev, dr.jacobian):
        np.testing.assert_allclose(jacobian(lambda z: z**2, holomorphic=True)(z), np.diag(2 * z))
    np.testing.assert_allclose(
        dr.jacobian(lambda x: np.exp(1j * x))(X), np.diag(1j * np.exp(1j * X))
    )
    with pytest.raises(UnsupportedArgumentError, match="holomorphic"):
        dr.jacobian(lambda z: z)(z)


def test_hessians_are_symmetric_to_the_last_bit():
    def f(p):
        return np.sum(np.exp(p["a"][:, None] * p["b"]) / (1 + p["a"][0] ** 2))

    p = {"a": X[:2], "b": X[2:]}
    h = dr.hessian(f)(p)
    np.testing.assert_array_equal(h["a"]["b"], h["b"]["a"].T)
    for key in p:
        np.testing.assert_array_equal(h[key][key], h[key][key].T)
    flat = dr.hessian(lambda x: f({"a": x[:2], "b": x[2:]}))(X)
    np.testing.assert_array_equal(flat, flat.T)
    np.testing.assert_allclose(flat[:2, 2:], h["a"]["b"], rtol=1e-13)
    for chunk_size in (1, 2, 3):
        np.testing.assert_allclose(
            dr.hessian(chain, chunk_size=chunk_size)(X), dr.hessian(chain)(X)
        )


def test_diagonal_and_laplacian():
    h = dr.hessian(chain)(X)
    np.testing.assert_allclose(dr.hessian_diagonal(chain)(X), np.diag(h))
    np.testing.assert_allclose(dr.hessian_diagonal(chain, chunk_size=2)(X), np.diag(h))
    np.testing.assert_allclose(dr.laplacian(chain)(X), np.trace(h))
    gradient = dr.grad(dr.laplacian(chain))(X)  # nests
    np.testing.assert_allclose(gradient, np.trace(dr.jacobian(dr.hessian(chain))(X)), rtol=1e-12)


def test_gauss_newton():
    j, v = dr.jacobian(residuals)(X), X[::-1]
    np.testing.assert_allclose(dr.gauss_newton_product(residuals, X, v), j.T @ (j @ v))

    def loss(r):
        return np.sum(np.log1p(r**2))

    middle = dr.hessian(loss)(residuals(X))
    found = dr.gauss_newton_product(residuals, X, v, loss)
    np.testing.assert_allclose(found, j.T @ (middle @ (j @ v)))


def test_a_kept_linearization_of_the_gradient():
    gradient, product = dr.linearize(dr.grad(chain), X)
    np.testing.assert_array_equal(gradient, dr.grad(chain)(X))
    h = dr.hessian(chain)(X)
    for e in np.eye(5):
        np.testing.assert_allclose(product(e), h @ e, atol=1e-12)
    np.testing.assert_allclose(dr.vmap(product)(np.eye(5)), h, atol=1e-12)


def test_nested_jacobians_agree():
    third = dr.jacfwd(dr.hessian(chain))(X)
    for other in (
        dr.jacrev(dr.hessian(chain)),
        dr.jacfwd(dr.jacfwd(dr.jacfwd(chain))),
        dr.jacrev(dr.jacrev(dr.jacrev(chain))),
        dr.jacfwd(dr.jacrev(dr.jacfwd(chain))),
    ):
        np.testing.assert_allclose(other(X), third, rtol=1e-12, atol=1e-9)


def test_zeros_absorb_in_every_direction():
    x = np.array([0.0, 4.0])

    def f(x):
        return np.sqrt(x) * np.array([0.0, 1.0])

    def masked(x):
        return np.where(x > 1, np.log(x), 0.0)

    with np.errstate(all="ignore"):
        for jacobian in (dr.jacfwd, dr.jacrev):
            np.testing.assert_array_equal(jacobian(f)(x), [[0, 0], [0, 0.25]])
            np.testing.assert_array_equal(jacobian(masked)(x), [[0, 0], [0, 0.25]])


def test_refusals():
    with pytest.raises(NotScalarError):
        dr.hessian(lambda x: x)(X)
    with pytest.raises(NotScalarError):
        dr.hessian(lambda x: (np.sum(x), np.sum(x)))(X)
    with pytest.raises(NotScalarError):
        dr.hessian_diagonal(lambda x: x)(X)
    with pytest.raises(UnsupportedArgumentError, match="no mode"):
        dr.jacobian(residuals, mode="backward")
    with pytest.raises(UnsupportedArgumentError, match="chunk_size"):
        dr.jacobian(residuals, chunk_size=0)
    with pytest.raises(UnsupportedArgumentError, match="2 leaves"):
        dr.hessian_diagonal(lambda p: p[0] * p[1])((1.0, 2.0))
    with pytest.raises(UnsupportedArgumentError, match="complex result"):
        dr.jacrev(lambda x: np.exp(1j * x))(X)


def test_results_belong_to_the_caller():
    for f in (lambda x: x, lambda x: np.ones(3), lambda x: (x, x)):
        for jacobian in (dr.jacfwd, dr.jacrev, dr.jacobian):
            for leaf in dr.checks.leaves(jacobian(f)(X)):
                leaf += 1.0
    np.testing.assert_array_equal(dr.jacfwd(lambda x: x)(X), np.eye(5))
