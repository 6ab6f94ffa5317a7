"""Constraints: exact derivatives, the forms that the methods take, and proofs of affinity."""

import numpy as np
import pytest
from scipy import optimize
from scipy.sparse import issparse

import dualrev as dr
from dualrev.errors import StructureError, UnsupportedArgumentError

from .problems import rosenbrock

METHODS = ["slsqp", "trust-constr", "cobyla", "cobyqa"]


def ring(x):
    return np.array([np.sum(x**2), x[0] * x[1]])


def constraint(**options):
    return dr.scipy.Constraint(ring, [-np.inf, 0.1], [4.0, np.inf], **options)


def test_derivatives():
    C = constraint()
    for k in range(4):
        x, v = np.array([0.3, 0.8, -0.2]) + k, np.array([0.5, -2.0 + k])
        np.testing.assert_allclose(C.fun(x), ring(x))
        np.testing.assert_allclose(C.jac(x), [2 * x, [x[1], x[0], 0]])
        h = 2 * v[0] * np.eye(3)
        h[0, 1] = h[1, 0] = v[1]
        np.testing.assert_allclose(C.hess(x, v), h)
        np.testing.assert_array_equal(C.hess(x, v), C.hess(x, v).T)


@pytest.mark.parametrize("n", [40, 200])
def test_large_ones_are_sparse_or_products(n):
    x, v, p = np.linspace(0.1, 1, n), np.array([1.5, -1.0]), np.cos(np.arange(n))
    h = dr.hessian(lambda x: np.dot(v, ring(x)))(x)
    found = constraint().hess(x, v)
    assert issparse(found)
    np.testing.assert_allclose(found.toarray(), h)
    np.testing.assert_allclose(constraint().hess(x, 0 * v).toarray(), 0 * h)
    found = constraint(sparse=False).hess(x, v)
    np.testing.assert_allclose(found @ p, h @ p)
    np.testing.assert_allclose(found @ np.eye(n)[:, :2], h[:, :2])
    C = dr.scipy.Constraint(lambda x: x[1:] * x[:-1], 0.0, 1.0)
    assert issparse(C.jac_auto(x)) and not issparse(constraint().jac_auto(x))


@pytest.mark.parametrize("method", METHODS)
def test_minimize(method):
    start = np.full(5, 0.5)
    P, C = dr.scipy.Objective(rosenbrock), constraint()
    found = P.minimize(
        start, method, constraints=C, **({"maxiter": 5000} if method == "cobyla" else {})
    )
    reference = optimize.minimize(
        rosenbrock,
        start,
        method="SLSQP",
        constraints=optimize.NonlinearConstraint(ring, [-np.inf, 0.1], [4.0, np.inf]),
        options={"ftol": 1e-12},
    )
    assert found.success
    assert found.fun == pytest.approx(reference.fun, abs=1e-3)
    assert C.counts.fun > 0 and (C.counts.jac > 0) == (method in ("slsqp", "trust-constr"))
    if method == "slsqp":
        assert C.counts.fun * 3 < reference.nfev


@pytest.mark.parametrize("sparse", ["auto", True, False])
@pytest.mark.parametrize("method", METHODS[:2])
def test_several_at_once(method, sparse):
    n = 50
    P = dr.scipy.Objective(rosenbrock, sparse=sparse)
    found = P.minimize(
        np.full(n, 0.5),
        method,
        constraints=[
            dr.scipy.Constraint(lambda x: x[1:] * x[:-1], -np.inf, 0.5, sparse=sparse),
            constraint(),
            dr.scipy.Constraint(lambda x: x[0] - x[1], 0.0, 0.0),
            optimize.LinearConstraint(np.ones((1, n)), -100, 100),
        ][: 4 if method == "trust-constr" else 3],
        bounds=[(-1, 1)] * n,
    )
    assert found.success
    assert np.sum(found.x**2) <= 4 + 1e-5 and found.x[0] == pytest.approx(found.x[1], abs=1e-6)
    assert np.all(found.x[1:] * found.x[:-1] <= 0.5 + 1e-5)


def test_dicts():
    C = dr.scipy.Constraint(
        lambda x, a: a * x, [0.0, 1.0, -np.inf, -1.0, -np.inf], [0.0, np.inf, 2.0, 1.0, np.inf]
    )
    equal, unequal = C.as_dict(args=(2.0,))
    x = np.arange(5.0)
    assert equal["type"] == "eq" and unequal["type"] == "ineq"
    np.testing.assert_array_equal(equal["fun"](x, *equal["args"]), [0.0])
    np.testing.assert_array_equal(equal["jac"](x, 2.0), [[2, 0, 0, 0, 0]])
    np.testing.assert_array_equal(unequal["fun"](x, 2.0), [2 - 1, 6 + 1, 2 - 4, 1 - 6])
    j = unequal["jac"](x, 2.0)
    np.testing.assert_array_equal(j @ np.ones(5), [2, 2, -2, -2])
    assert j.flags.c_contiguous
    assert [d["type"] for d in C.as_dict("ineq")] == ["ineq"] and len(C.as_dict("eq")) == 1
    assert dr.scipy.Constraint(ring).as_dict() == []
    one = dr.scipy.Constraint(lambda x: np.sum(x), 1.0, np.inf)
    assert one.as_dict("eq") == []
    np.testing.assert_array_equal(one.as_dict()[0]["fun"](x), [9.0])
    for d, method in ((C.as_dict(args=(2.0,)), "SLSQP"), (one.as_dict(), "COBYLA")):
        target = (lambda y: np.sum((y - 3) ** 2)) if method == "SLSQP" else np.linalg.norm
        d = [{k: w for k, w in e.items() if k != "jac" or method == "SLSQP"} for e in d]
        assert optimize.minimize(target, x, method=method, constraints=d).success


def test_nonlinear_with_args():
    C = dr.scipy.Constraint(lambda x, r: np.sum(x**2) - r**2, -np.inf, 0.0, args=1.0)
    for made, radius in ((C.nonlinear(), 1.0), (C.nonlinear(args=(2.0,)), 2.0)):
        found = optimize.minimize(
            lambda x: x[0] + x[1] ** 2,
            [0.1, 0.1],
            jac=lambda x: np.array([1.0, 2 * x[1]]),
            hess=lambda x: np.diag([0.0, 2.0]),
            method="trust-constr",
            constraints=made,
        )
        np.testing.assert_allclose(found.x, [-radius, 0], atol=1e-3)


A = np.arange(8.0).reshape(2, 4) - 3.0


@pytest.mark.parametrize(
    "c",
    [
        lambda x: A @ x + 1.0,
        lambda x: np.sum(x) - 1.0,
        lambda x: np.array([x[0] - 2 * x[1], np.mean(x) / 3, -x[2]]),
        lambda x: np.concatenate([np.cumsum(x), np.diff(x), x[::-1], np.where(A[0] > 0, x, 2 * x)]),
        lambda x: np.dot(A, x)[0],
        lambda x: [x[0], x[1] + x[2]],
        lambda x: np.einsum("ij,j->i", A, x),
        lambda x: x.reshape(2, 2).T.ravel() + 0.0,
        lambda x: np.zeros(3) + x[0],
        lambda x: np.array([sum(x), 2.0]),
        lambda x: np.convolve(x, [1.0, 2.0]),
    ],
)
def test_affine_functions_are_proved_to_be(c):
    C = dr.scipy.Constraint(c, -1.0, 2.0)
    x = np.array([0.3, -1.0, 2.0, 0.7])
    assert C.is_affine(x)
    made = C.linear(x)
    value = np.atleast_1d(c(x))
    np.testing.assert_allclose(made.A @ x - made.lb, value + 1.0, atol=1e-13)
    np.testing.assert_allclose(made.A @ x - made.ub, value - 2.0, atol=1e-13)


def _branch(x):
    return x if x[0] > 0 else 2 * x


def _loop(x):
    y = x
    while y[0] < 1:
        y = y + 1
    return y


@pytest.mark.parametrize(
    "c",
    [
        np.abs,
        lambda x: np.maximum(x, 0.0),
        np.floor,
        lambda x: x + np.sign(x),
        lambda x: x**2,
        lambda x: x[0] * x,
        lambda x: 1 / x,
        lambda x: np.where(x > 0, x, 2 * x),
        np.sort,
        lambda x: x[np.argmax(x)],
        lambda x: x * (x > 0),
        _branch,
        _loop,
        lambda x: np.round(x),
        lambda x: np.sum(x) ** 1.0 * x,
        lambda x: np.clip(x, -1, 1),
    ],
)
def test_what_is_not_affine_is_not(c):
    C = dr.scipy.Constraint(c, -1.0, 2.0)
    for x in ([0.3, 1.0, 2.0, 0.7], [-0.3, -1.0, -2.0, -0.7], [5.0, 6.0, 7.0, 8.0]):
        assert not C.is_affine(x)
    with pytest.raises(UnsupportedArgumentError, match="affine"):
        C.linear([0.3, 1.0, 2.0, 0.7])


def test_refused():
    with pytest.raises(UnsupportedArgumentError, match="lb <= ub"):
        dr.scipy.Constraint(ring, 1.0, 0.0)
    C = dr.scipy.Constraint(ring, [0.0, 0.0, 0.0], np.inf)
    with pytest.raises(StructureError, match="2 values"):
        C.as_dict()[0]["fun"](np.ones(3))
    with pytest.raises(UnsupportedArgumentError, match="slsqp"):
        dr.scipy.Objective(rosenbrock).minimize(np.ones(3), "bfgs", constraints=constraint())
    with pytest.raises(UnsupportedArgumentError):
        constraint().as_dict("less")
    with pytest.raises(StructureError, match="vector"):
        dr.scipy.Constraint(lambda x: np.outer(x, x), 0.0).fun(np.ones(2))
