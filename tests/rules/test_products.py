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
