"""Products of matrices and tensors."""

import numpy as np
import pytest

import dualrev as dr

from .harness import Case, check_case

rng = np.random.default_rng(3)
r = rng.standard_normal
V, W, A, B, C, T = r(3), r(3), r((2, 3)), r((3, 4)), r((4, 2)), r((2, 3, 4))
S = np.float64(0.7)
SQ = r((3, 3)) + 2 * np.eye(3)
Z = A + 1j * r((2, 3))
F32 = A.astype(np.float32)


def ein(subscripts, **kwargs):
    return lambda *operands: np.einsum(subscripts, *operands, **kwargs)


# fmt: off
CASES = [
    Case("np.matmul", np.matmul, (A, B)),
    *[
        Case(f"np.matmul, {a.shape} @ {b.shape}", lambda a, b: a @ b, (a, b))
        for a, b in [
            (V, W), (A, V), (V, B), (T, r((4, 2))), (r((5, 1, 2, 3)), r((2, 3, 2))), (T, r(4)), (r(3), T),
            (r((0, 3)), B), (r((2, 0)), r((0, 3))), (r((1, 1)), r((1, 1))), (Z, B), (V, Z.T),
        ]
    ],
    *[
        Case(f"np.matmul, edge {a.shape} @ {b.shape}", np.matmul, (a, b))
        for a, b in [
            (r((4, 1, 2, 3)), r((3,))), (r((1, 2, 3)), r((5, 3, 2))), (r((4, 2, 3)), r((1, 3, 2))), (A, r((5, 3, 2))),
            (r(0), r(0)), (r((2, 0)), r(0)), (r((2, 3, 0)), r(0)), (r((4, 0, 3)), B), (r((4, 2, 0)), r((0, 2))),
            (r((0, 2, 3)), V), (r((0, 2, 3)), B), (V, r((0, 3, 2))), (r((4, 2, 3)), r((3, 0))), (r(1), r((1, 1))),
        ]
    ],
    Case("np.matmul, float32 and float64", np.matmul, (F32, B)),
    Case("np.matmul, float32 and integers", lambda a: a @ np.arange(3), (F32,)),
    Case("np.matmul, complex64", np.matmul, (Z.astype(np.complex64), B.astype(np.float32))),
    Case("np.matmul, list on the left", lambda v: [[1, 2, 3]] @ v, (V,)),
    Case("np.matmul, axes", lambda a, b: np.matmul(a, b, axes=[(0, 1), (1, 0), (1, 0)]), (A, r((4, 3)))),
    Case("np.matmul, axes and a vector", lambda a, b: np.matmul(a, b, axes=[(0, 1), (0,), (1,)]), (T, r(3))),
    Case("np.matmul, float32", lambda a, b: a @ b, (F32, B.astype(np.float32))),
    Case("np.dot", np.dot, (A, B)),
    Case("np.dot, scalars", np.dot, (S, A)),
    Case("np.dot, vectors", np.dot, (V, W)),
    Case("np.dot, tensors", np.dot, (T, r((5, 4, 2))), exact=False),
    Case("np.dot, method", lambda a: a.dot(B), (A,)),
    Case("np.vdot", np.vdot, (Z, A)),
    Case("np.inner", np.inner, (T, r((2, 4))), exact=False),
    Case("np.inner, vectors", np.inner, (V, W)),
    Case("np.inner, scalar", np.inner, (S, V)),
    Case("np.outer", np.outer, (A, V)),
    Case("np.kron", np.kron, (A, B)),
    Case("np.kron, ranks", np.kron, (V, A)),
    Case("np.tensordot", np.tensordot, (T, r((3, 4, 2)))),
    Case("np.tensordot, axes", lambda a, b: np.tensordot(a, b, ([2, 0], [0, 1])), (T, C)),
    Case("np.tensordot, none", lambda a, b: np.tensordot(a, b, 0), (V, A)),
    Case("np.vecdot", np.vecdot, (Z, V)),
    Case("np.vecdot, axis", lambda a, b: np.vecdot(a, b, axis=0), (A, r((2, 3)))),
    Case("np.matvec", np.matvec, (T, r(4))),
    Case("np.vecmat", np.vecmat, (Z[0], SQ)),
    Case("np.dot, 0-d", np.dot, (S, S)),
    Case("np.dot, constant on the left", lambda v: np.dot(np.arange(6.0).reshape(2, 3), v), (V,)),
    Case("np.dot, size 0", np.dot, (r((2, 0)), r((3, 0, 2)))),
    Case("np.vdot, 0-d", np.vdot, (S, Z[0, 0])),
    Case("np.vdot, shapes", np.vdot, (Z, r((3, 2)))),
    Case("np.kron, 0-d", np.kron, (S, A)),
    Case("np.kron, size 0", np.kron, (r(0), r(2))),
    Case("np.outer, 0-d", np.outer, (S, S)),
    Case("np.tensordot, negative axes", lambda a, b: np.tensordot(a, b, ((-1, 0), (0, -1))), (T, r((4, 3, 2)))),
    Case("np.tensordot, 0-d", lambda a, b: np.tensordot(a, b, 0), (S, S)),
    Case("np.tensordot, size 0", lambda a, b: np.tensordot(a, b, 1), (r((2, 0)), r((0, 3)))),
    Case("np.vecdot, keepdims", lambda a, b: np.vecdot(a, b, axis=0, keepdims=True), (Z, A)),
    Case("np.vecdot, axes", lambda a, b: np.vecdot(a, b, axes=[0, 1, ()]), (Z, r((3, 2)))),
    Case("np.vecdot, size 0", np.vecdot, (r((2, 0)), r(0))),
    Case("np.matvec, axes", lambda a, b: np.matvec(a, b, axes=[(0, 1), 0, 0]), (T, r((3, 4))), exact=False),
    Case("np.matvec, batch of vectors", np.matvec, (Z, r((4, 3)))),
    Case("np.matvec, dtype", lambda a, b: np.matvec(a, b, dtype=complex), (A, V)),
    Case("np.vecmat, axes", lambda a, b: np.vecmat(a, b, axes=[0, (0, 1), 0]), (Z, r((2, 3, 3))), exact=False),
    Case("np.einsum", ein("ij,jk->ik"), (A, B)),
    Case("np.einsum, implicit", ein("ij,jk"), (A, B)),
    Case("np.einsum, transposed", ein("ij,jk->ki"), (A, B)),
    Case("np.einsum, three", ein("ij,jk,kl->il"), (A, B, C), exact=False),
    Case("np.einsum, four", ein("ij,jk,kl,i->l"), (A, B, C, r(2)), exact=False),
    Case("np.einsum, trace", ein("ii"), (SQ,), exact=False),
    Case("np.einsum, diagonal", ein("ii->i"), (SQ,)),
    Case("np.einsum, diagonal of a product", ein("ij,ji->i"), (A, r((3, 2)))),
    Case("np.einsum, repeated", ein("iij,j->i"), (r((3, 3, 2)), r(2)), exact=False),
    Case("np.einsum, ellipsis", ein("...ij,jk"), (r((5, 2, 3)), B)),
    Case("np.einsum, two ellipses", ein("...i,...i->..."), (r((4, 1, 3)), r((2, 3)))),
    Case("np.einsum, outer", ein("i,j->ji"), (V, W)),
    Case("np.einsum, summed alone", ein("ij,k->i"), (A, V), exact=False),
    Case("np.einsum, total", ein("ijk->"), (T,), exact=False),
    Case("np.einsum, permuted", ein("ijk->kji"), (T,)),
    Case("np.einsum, lists", lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]), (A, B)),
    Case("np.einsum, complex", ein("ij,jk->ik"), (Z, B)),
    Case("np.einsum, elementwise", ein("ij,ij->ij"), (A, r((2, 3)))),
    Case("np.einsum, optimize", ein("ij,jk->ik", optimize=True), (A, B), exact=False),
    Case("np.einsum, size 0", ein("ij,jk->ik"), (r((2, 0)), r((0, 4)))),
    Case("np.einsum, 0-d", ein(",i"), (S, V)),
    Case("np.einsum, size 1 beside longer", ein("ij,jk"), (r((2, 1)), B), exact=False),
    Case("np.einsum, batch", ein("bij,bjk->bik"), (r((1, 2, 3)), r((4, 3, 2)))),
    Case("np.einsum, batch of diagonals", ein("...ii->..."), (r((2, 3, 3)),), exact=False),
    Case("np.einsum, two diagonals", ein("ii,ii->i"), (SQ, r((3, 3)))),
    Case("np.einsum, lists and an ellipsis", lambda a, v: np.einsum(a, [..., 0], v, [0], [...]), (A, V), exact=False),
    Case("np.einsum, one array three times", lambda a: np.einsum("ij,ij,ij->i", a, a, a), (A,), exact=False),
    Case("np.einsum, complex of three", ein("ij,jk,k->i"), (Z, B, r(4)), exact=False),
    Case("np.einsum, float32", ein("ij,kj->ik"), (F32, F32), exact=False),
    Case("np.linalg.multi_dot, vectors", lambda v, m, w: np.linalg.multi_dot([v, m, w]), (Z[0], SQ, W), exact=False),
    Case("np.linalg.multi_dot", lambda a, b, c, d: np.linalg.multi_dot([a, b, c, d]), (A, B, C, r(2)), exact=False),
    Case("np.linalg.matrix_power", lambda a: np.linalg.matrix_power(a, 5), (SQ / 3,), exact=False),
    Case("np.linalg.matrix_power, 0", lambda a: np.linalg.matrix_power(a, 0) @ a, (SQ,)),
    Case("np.linalg.matrix_power, negative", lambda a: np.linalg.matrix_power(a, -2), (SQ,), exact=False),
    Case("np.linalg.matmul", np.linalg.matmul, (A, B)),
    Case("np.linalg.outer", np.linalg.outer, (V, W)),
    Case("np.linalg.tensordot", lambda a, b: np.linalg.tensordot(a, b, axes=1), (A, B)),
    Case("np.linalg.vecdot", np.linalg.vecdot, (A, V)),
    Case("np.linalg.cross", np.linalg.cross, (V, W)),
    Case("np.linalg.matrix_transpose", np.linalg.matrix_transpose, (T,)),
    Case("np.linalg.trace", np.linalg.trace, (SQ,)),
    Case("np.linalg.diagonal", lambda a: np.linalg.diagonal(a, offset=1), (T,)),
]
# fmt: on


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


def test_einsum_path_is_a_constant():
    assert dr.grad(lambda a: np.sum(a) * len(np.einsum_path("ij,jk", a, B)[0]))(A).shape == A.shape


def test_einsum_refuses_dtype():
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="dtype"):
        dr.grad(lambda a: np.einsum("ij->", a, dtype=np.float32))(A)


@pytest.mark.parametrize("bad", ["ij,jk,kl", "ijk"])
def test_einsum_with_wrong_subscripts(bad):
    with pytest.raises(ValueError, match="einsum"):
        dr.grad(lambda a: np.sum(np.einsum(bad, a, B)))(A)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda a: np.matmul(a, B, signature="dd->d"), dr.errors.UnsupportedArgumentError),
        (lambda a: np.matmul(a, B, dtype=np.int64), TypeError),
        (lambda a: np.matmul(a, B, axes=[(0, 1), (0, 1)]), ValueError),
        (lambda a: np.matmul(a, B, axis=0), TypeError),
        (lambda a: np.matmul(a, 2.0), ValueError),
        (lambda a: np.vecdot(a, V, axes=[1, 0], keepdims=True), dr.errors.UnsupportedArgumentError),
        (lambda a: np.matvec(a, V, keepdims=True), TypeError),
        (lambda a: np.dot(a, B, out=np.zeros((2, 4))), dr.errors.UnsupportedArgumentError),
        (lambda a: np.tensordot(a, a, ([0, 0], [0, 0])), ValueError),
        (lambda a: np.linalg.matrix_power(a, 2), np.linalg.LinAlgError),
    ],
)
def test_a_product_that_cannot_be_is_refused(call, error):
    with pytest.raises(error):
        dr.jvp(call, (A,), (A,))


PRODUCTS = {
    "matmul": lambda m, v: m @ v,
    "einsum": lambda m, v: np.einsum("ij,j->i", m, v),
    "vecmat": lambda m, v: np.vecmat(v, m),
}


@pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS.keys())
@pytest.mark.parametrize("jacobian", [dr.jacfwd, dr.jacrev])
def test_zeros_of_a_factor_absorb_infinite_derivatives(product, jacobian):
    diagonal, x = np.diag([1.0, 2.0]), np.array([0.0, 4.0])
    expected = [[np.inf, 0], [0, 0.5]]  # d sqrt(0) is infinite, and meets only zeros elsewhere
    np.testing.assert_array_equal(jacobian(lambda x: product(diagonal, np.sqrt(x)))(x), expected)


def test_the_cotangent_of_an_inactive_factor_is_never_computed():
    def never(*args, **params):
        raise AssertionError("asked for")

    product = dr.bilinear(np.multiply, lambda ct, a, b: ct * b, never)
    np.testing.assert_array_equal(dr.grad(lambda v: np.sum(product(v, W)))(V), W)
