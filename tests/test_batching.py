"""vmap of every primitive is the loop over examples, whichever of the arguments are batched."""

import contextvars
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import scipy

import dualrev as dr
from dualrev.errors import BatchSizeError, ConcreteValueError, NoBatchRuleError, StructureError

from .rules.batching import check_batching
from .rules.test_coverage import cases

# What the result is depends on the values of each example: shape, kind, or how it is computed.
# These raise an error that says so; the reasons are in docs/how-to/many-examples.md.
REFUSED = {
    "np.unique": "how many", "np.union1d": "how many", "np.intersect1d": "how many",
    "np.setdiff1d": "how many", "np.setxor1d": "how many", "np.trim_zeros": "how many",
    "np.polymul": "zeros in front are cut off", "np.polydiv": "zeros in front are cut off",
    "np.polyval, of a polynomial": "zeros in front are cut off", "np.poly1d": "zeros in front are cut off",
    "np.poly, of complex roots": "real or complex", "np.poly, of conjugate roots": "real or complex",
    "np.real_if_close": "real or complex", "np.piecewise": "each part takes its elements",
    "np.pad, traced end": "an option", "np.any, into a traced array": "an option",
    "np.histogram, of x": "edges and counts", "np.histogram, density, moving edges": "edges and counts",
    "np.histogram, float32, density": "edges and counts", "np.histogram_bin_edges": "edges and counts",
    "np.histogramdd": "edges and counts", "np.histogram2d": "edges and counts",
    "np.full_like, kind and shape": "NumPy does not ask us: a plain array is filled",
    "solve_continuous_are": "no algorithm for stacks", "solve_discrete_are": "no algorithm for stacks",
    "qr, pivoting": "the pivots", "ndimage.gaussian_filter": "the radius",
    "multivariate_normal, frozen": "a factorisation that is kept",
    "optimize.linprog": "what is active", "optimize.nnls": "what is active", "optimize.lsq_linear": "what is active",
    "optimize.isotonic_regression": "what is active", "optimize.linear_sum_assignment": "indices",
}  # fmt: skip

if np.lib.NumpyVersion(scipy.__version__) < "1.17.0":  # SciPy has no stacks of these
    REFUSED |= dict.fromkeys(
        ("sqrtm", "logm", "fractional_matrix_power"), "no algorithm for stacks"
    )

# Cases of the same names that are about an argument that is not batched here.
NOT_REFUSED = ("np.histogram2d, edges for both", "ndimage.gaussian_filter, sigmas",
    "ndimage.gaussian_filter, float32", "multivariate_normal, frozen, point")  # fmt: skip

# The kind or the length of the result depends on the values: of no examples it is unknown.
UNKNOWN_OF_NONE = (
    "np.roots",
    "np.lib.scimath",
    "np.linalg.eig, complex",
    "np.linalg.eigvals, complex",
    "optimize.",
    "interp1d",
    "make_interp_spline",
    "BSpline",
    "genhyperbolic",
    "vonmises",
)

# By quadrature, or by search: seconds each. Checked where everything is.
DEAR = (
    "genhyperbolic",
    "vonmises",
    "ncf",
    "sc.ncf",
    "sc.nct",
    "f.isf",
    "fractional_matrix_power",
    "logm, complex",
    "expm_cond",
    "funm",
)

CASES = list(cases(thinned=True))


def is_refused(case) -> bool:
    return case.name.startswith(tuple(REFUSED)) and case.name not in NOT_REFUSED


@pytest.mark.parametrize("part", range(16))
def test_the_batch_is_the_loop(part):
    with np.errstate(all="ignore"):
        for case in CASES[part::16]:
            if not case.name.startswith(DEAR):
                check(case)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(16))
def test_every_batch_is_the_loop(part):
    with np.errstate(all="ignore"):
        for case in list(cases())[part::16]:
            check(case)


def check(case):
    if not is_refused(case):
        sizes = (1,) if case.name.startswith(UNKNOWN_OF_NONE) else (0, 1)
        check_batching(case, sizes=sizes)


def test_what_depends_on_the_values_is_refused_by_name():
    for case in filter(is_refused, CASES):
        with pytest.raises(dr.errors.DualrevError), np.errstate(all="ignore"):
            check_batching(case)


# -- vmap -----------------------------------------------------------------------------------

RNG = np.random.default_rng(7)
X, Y, W = RNG.normal(size=(5, 3)), RNG.normal(size=5), RNG.normal(size=(4, 3))


def quartic(x):
    return np.sum(np.sin(x) * x[::-1]) ** 2


def loop(f, *args):
    return np.stack([f(*[a[k] for a in args]) for k in range(len(args[0]))])


def test_axes_and_trees():
    def f(p, s):
        return {"sum": p["a"] + p["b"][0], "product": (p["a"] * s, s)}

    p = {"a": X.T, "b": [Y]}
    y = dr.vmap(f, ({"a": 1, "b": 0}, None), {"sum": 0, "product": (-1, None)})(p, 2.0)
    np.testing.assert_array_equal(y["sum"], X + Y[:, None])
    np.testing.assert_array_equal(y["product"][0], 2.0 * X.T)
    assert y["product"][1] == 2.0
    np.testing.assert_array_equal(dr.vmap(lambda x: 3.0)(X), np.full(5, 3.0))
    np.testing.assert_array_equal(dr.vmap(lambda x, k=1: k * x)(X, k=2), 2 * X)


def test_nesting_with_itself():
    def distance(a, b):
        return np.sum((a - b) ** 2)

    table = dr.vmap(dr.vmap(distance, (None, 0)), (0, None))(X, X)
    np.testing.assert_allclose(table, np.sum((X[:, None] - X) ** 2, axis=-1))
    slopes = dr.vmap(dr.vmap(dr.grad(distance), (None, 0)), (0, None))(X, X)
    np.testing.assert_allclose(slopes, 2 * (X[:, None] - X))


@pytest.mark.parametrize(
    "transform",
    [
        dr.grad,
        dr.hessian,
        dr.jacfwd,
        dr.jacrev,
        lambda f: dr.jacfwd(dr.hessian(f)),
        lambda f: dr.hessian_diagonal(f),
        lambda f: lambda x: dr.jvp(f, (x,), (np.cos(x),))[1],
        lambda f: lambda x: dr.hvp(f, x, np.ones(3)),
        lambda f: lambda x: dr.linearize(f, x)[1](np.ones(3)),
        lambda f: lambda x: dr.vmap(dr.linearize(dr.grad(f), x)[1].push)(np.eye(3)),
        lambda f: lambda x: dr.vmap(dr.vjp(dr.grad(f), x)[1])(np.eye(3))[0],
    ],
)
def test_derivatives_inside(transform):
    np.testing.assert_allclose(
        dr.vmap(transform(quartic))(X), loop(transform(quartic), X), rtol=1e-12, atol=1e-12
    )


def test_derivatives_outside():
    def total(X):
        return np.sum(dr.vmap(dr.grad(quartic))(X) ** 2)

    def by_loop(X):
        return np.sum(np.stack([dr.grad(quartic)(x) for x in X]) ** 2)

    np.testing.assert_allclose(dr.grad(total)(X), dr.grad(by_loop)(X))
    np.testing.assert_allclose(dr.hessian(total)(X), dr.hessian(by_loop)(X), atol=1e-10)


def test_gradient_of_every_example():
    def loss(w, x, y):
        return np.sum((np.tanh(w @ x) - y) ** 2)

    each = dr.vmap(dr.grad(loss), (None, 0, 0))(W, X, Y)
    np.testing.assert_allclose(each, loop(lambda x, y: dr.grad(loss)(W, x, y), X, Y))
    np.testing.assert_allclose(
        np.sum(each, axis=0),
        dr.grad(lambda w: np.sum(dr.vmap(loss, (None, 0, 0))(w, X, Y)))(W),
    )


def test_indices_and_conditions_that_differ():
    index = np.array([0, 2, 1, 1, 0])
    np.testing.assert_array_equal(dr.vmap(lambda x, i: x[i])(X, index), X[np.arange(5), index])
    np.testing.assert_array_equal(
        dr.vmap(lambda i: np.asarray(W, like=i)[i] * 2)(index), W[index] * 2
    )
    np.testing.assert_array_equal(dr.vmap(lambda x: np.where(x > 0, x, 0))(X), np.maximum(X, 0))
    each = dr.vmap(dr.grad(lambda w, i: np.sum(w[i] ** 2)), (None, 0))(W, index)
    np.testing.assert_array_equal(
        each, loop(lambda i: dr.grad(lambda w: np.sum(w[i] ** 2))(W), index)
    )

    def write(x, i):
        y = np.zeros(3, like=x)
        y[i] = x[0] * x[1]
        return y

    np.testing.assert_array_equal(
        dr.vmap(write)(X, index), np.eye(3)[index] * (X[:, 0] * X[:, 1])[:, None]
    )


def test_writes():
    def f(x):
        y = np.zeros(3, like=x)
        y[1:] = x[:2]
        y[0] += x[1]
        view = y[::2]
        view *= x[0]
        return y

    def plain(x):
        return np.array([x[1] * x[0], x[0], x[1] * x[0]])

    np.testing.assert_array_equal(dr.vmap(f)(X), loop(plain, X))


@pytest.mark.parametrize("chunk_size", [1, 2, 5, 9])
def test_chunks(chunk_size):
    mapped = dr.vmap(dr.grad(quartic), chunk_size=chunk_size)(X)
    np.testing.assert_array_equal(mapped, dr.vmap(dr.grad(quartic))(X))


def test_mismatched_batches():
    with pytest.raises(BatchSizeError, match="different numbers of examples"):
        dr.vmap(np.add)(X, Y[:3])
    with pytest.raises(BatchSizeError, match="axis 2"):
        dr.vmap(np.sin, 2)(X)
    with pytest.raises(BatchSizeError, match="axis 0"):
        dr.vmap(np.sin)(1.0)
    with pytest.raises(BatchSizeError, match="nothing to map over"):
        dr.vmap(np.sin, None)(X)
    with pytest.raises(BatchSizeError, match="out_axes"):
        dr.vmap(np.sum, 0, 2)(X)
    with pytest.raises(StructureError, match="2 entries"):
        dr.vmap(np.sin, (0, 0))(X)
    with pytest.raises(StructureError, match="does not fit"):
        dr.vmap(lambda p: p[0], ((0, 0, 0),))((X, Y))
    with pytest.raises(StructureError, match="differs among the examples"):
        dr.vmap(np.sin, 0, None)(X)
    with pytest.raises(StructureError, match="map over arrays of numbers"):
        dr.vmap(len)("text")
    with pytest.raises(StructureError, match="chunk_size"):
        dr.vmap(np.sin, chunk_size=0)


def test_values_that_differ():
    with pytest.raises(ConcreteValueError, match="a condition"):
        dr.vmap(lambda x: x if x[0] > 0 else -x)(X)
    with pytest.raises(ConcreteValueError, match="like=i"):
        dr.vmap(lambda i: W[i])(np.arange(3))
    with pytest.raises(NoBatchRuleError, match="nonzero"):
        dr.vmap(lambda x: np.nonzero(x)[0])(X)
    with pytest.raises(dr.errors.LeakedTracerError):
        kept = []
        dr.vmap(lambda x: kept.append(x) or x)(X)
        kept[0] * 2


# -- found by attack ---------------------------------------------------------------------------

C = RNG.normal(size=(4, 4))


@pytest.mark.parametrize("size", [2, 4])
def test_a_view_whose_base_was_written_to_from_an_inner_batch(size):
    """Outer and inner batch of one size, or not: the axes must not be taken for each other."""

    def f(x, c):
        y = x * 1.0
        view, part = y[::-1], y[1:]
        y[2] = c[0]
        part[0] += x[0] * c[1]
        return np.sum(view * view * np.arange(4)) + np.sum(y)

    def outer(x):
        return dr.vmap(f, (None, 0))(x, C)

    def by_loop(x):
        return np.stack([f(x, c) for c in C])

    xs = C[:size] + 1
    for transform in (lambda g: g, dr.jacrev, dr.jacfwd):
        np.testing.assert_allclose(dr.vmap(transform(outer))(xs), loop(transform(by_loop), xs))
    np.testing.assert_allclose(
        dr.jacfwd(dr.vmap(outer))(xs), dr.jacfwd(lambda X: np.stack([by_loop(x) for x in X]))(xs)
    )


def test_keys_of_another_batch():
    def outer(c):
        return dr.vmap(lambda x, c: x[np.argmax(c)] * c, (0, None))(C, c)

    expected = np.stack([[x[np.argmax(c)] * c for x in C] for c in C])
    np.testing.assert_array_equal(dr.vmap(outer)(C), expected)
    m, i = RNG.normal(size=(2, 3, 4)), np.array([[0, 1], [1, 2]])
    np.testing.assert_array_equal(
        dr.vmap(lambda m, i: m[1, i])(m, i), np.stack([a[1, k] for a, k in zip(m, i, strict=True)])
    )
    np.testing.assert_array_equal(
        dr.vmap(lambda m, i: m[i, 2])(m, i), np.stack([a[k, 2] for a, k in zip(m, i, strict=True)])
    )


def test_a_derivative_in_a_thread_that_does_not_know_of_the_batch():
    def elsewhere(g):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(g).result()

    for derivative in (dr.grad, dr.jacfwd, dr.hessian):
        with pytest.raises(dr.errors.DualrevError, match="another thread"):
            dr.vmap(lambda x, d=derivative: elsewhere(lambda: d(lambda y: np.sum(y**2 * x))(x)))(X)
    known = dr.vmap(
        lambda x: elsewhere(
            partial(contextvars.copy_context().run, dr.grad(lambda y: np.sum(y**2 * x)), x)
        )
    )(X)
    np.testing.assert_allclose(known, 2 * X**2)


def test_what_numpy_refuses_of_one_example_is_refused_of_a_batch():
    for f in (
        lambda x: np.sum(x, axis=1),
        lambda x: np.max(x, axis=-2),
        lambda x: np.sort(x, axis=1),
        lambda x: np.argmax(x, axis=1),
        lambda x: np.median(x, axis=1),
        lambda x: np.concatenate([x, x], axis=1),
        lambda x: np.stack([x, x], axis=2),
        lambda x: x[0] @ np.ones((2, 3)),
        lambda x: np.ones(3) @ x[0],
        lambda x: np.sort(x[0]),
    ):
        with pytest.raises(ValueError):
            dr.vmap(f)(X)
    np.testing.assert_array_equal(dr.vmap(lambda s: np.sum(s, axis=0))(Y), Y)


def test_results_of_a_wider_kind_are_not_cut():
    def scaled(i):
        y = i * 1
        y *= 2.5
        return y

    with pytest.raises(TypeError, match="same_kind"):
        dr.vmap(scaled)(np.arange(6).reshape(2, 3))


def test_batches_that_have_ended():
    kept = []
    dr.vmap(lambda x: kept.append((x, x > 0, dr.vjp(np.sin, x)[1])) or x)(X)
    x, mask, pullback = kept[0]
    for use in (
        lambda: x > 1,
        lambda: np.argmax(x),
        lambda: np.sign(x),
        lambda: mask & True,
        lambda: np.where(mask, Y[:3], 0.0),
        lambda: pullback(np.ones(3)),
        lambda: dr.value_and_jacobian(lambda z: (z, x))(Y),
        lambda: Y[:3] * x,
    ):
        with pytest.raises(dr.errors.LeakedTracerError):
            use()


def test_results_do_not_share_memory():
    constant = np.ones(3)
    y = dr.vmap(lambda x: constant, 0, None)(X)
    y += 1
    np.testing.assert_array_equal(constant, np.ones(3))

    def twice(x):
        y = x * 2
        return y, y

    a, b = dr.vmap(twice)(X)
    a += 1
    np.testing.assert_array_equal(b, 2 * X)
