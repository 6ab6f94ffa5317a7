"""Sparsity patterns: never an entry too few, and none too many where structure decides."""

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse as ss
from hypothesis import given, settings
from hypothesis import strategies as st

import dualrev as dr
from dualrev import errors
from dualrev.sparse.detection import hessian_pattern, jacobian_pattern, verify
from dualrev.sparse.patterns import Pattern
from dualrev.transforms.arguments import by_position
from dualrev.transforms.recording import Recording
from tests.rules.test_coverage import cases

rng = np.random.default_rng(0)


def dense(f: Any, args: tuple[Any, ...]) -> np.ndarray:
    """Where the Jacobian is not zero: rows all results, columns all arguments, flattened."""
    recording = Recording(f, args, by_position)
    columns = []
    for k, x in enumerate(recording.primals):
        for j in range(x.size):
            column: Any = 0
            for unit in (1, 1j) if x.dtype.kind == "c" else (1,):
                e = np.zeros(x.size, x.dtype)
                e[j] = unit
                tangents = [np.zeros(z.shape, z.dtype)[()] for z in recording.primals]
                tangents[k] = e.reshape(x.shape)[()]
                pushed = [np.ravel(dy) for dy in recording.push(tangents)]
                values = np.abs(np.concatenate(pushed)) if pushed else np.zeros(0)
                # products by Fourier transforms leave roundings where zeros belong
                column = column | (values > 1e-14 * np.max(values, initial=0.0)) | np.isnan(values)
            columns.append(column)
    rows = sum(np.size(v) for v in recording.values)
    return np.stack(columns, 1) if columns else np.zeros((rows, 0), bool)


def jacobian(f: Any, *args: Any) -> np.ndarray:
    return jacobian_pattern(f, *args, argnums=tuple(range(len(args)))).to_scipy().toarray()


CASES = list(cases())


@pytest.mark.parametrize("part", range(8))
def test_no_rule_misses_an_entry(part):
    """Every case of every rule: the pattern covers the Jacobian at its point."""
    missing = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for case in CASES[part::8]:
            found, wanted = jacobian(case.f, *case.args), dense(case.f, case.args)
            assert found.shape == wanted.shape, case.name
            if (wanted & ~found).any():
                missing.append(case.name)
    assert not missing


# -- problems of the literature --------------------------------------------------------------


def bratu_line(u):
    p = np.pad(u, 1)
    return p[2:] - 2 * u + p[:-2] + np.exp(u)


def bratu_padded(u):
    p = np.pad(u, 1)
    return p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4 * u + np.exp(u)


def bratu_sliced(u):
    y = np.exp(u) - 4 * u
    y[1:] += u[:-1]
    y[:-1] += u[1:]
    y[:, 1:] += u[:, :-1]
    y[:, :-1] += u[:, 1:]
    return y


def bratu_buffer(u):
    y = np.zeros(u.shape, like=u)
    y[...] = np.exp(u) - 4 * u
    for k in range(len(u)):
        if k:
            y[k] += u[k - 1]
            y[:, k] += u[:, k - 1]
        if k < len(u) - 1:
            y[k] += u[k + 1]
            y[:, k] += u[:, k + 1]
    return y


def bratu_rolled(u):
    return sum(np.roll(u, by, axis) for by in (1, -1) for axis in (0, 1)) - 4 * u + np.exp(u)


def brusselator(z):
    u, v = z.reshape(2, -1)

    def laplacian(w):
        return np.roll(w, 1) + np.roll(w, -1) - 2 * w

    return np.concatenate([
        1 + u * u * v - 4 * u + laplacian(u),
        3 * u - u * u * v + laplacian(v),
    ])  # fmt: skip


CAMERA, POINT = rng.integers(0, 3, 20), rng.integers(0, 7, 20)


def bundle_adjustment(z):
    cameras, points = z[:27].reshape(3, 9)[CAMERA], z[27:].reshape(7, 3)[POINT]
    r = cameras[:, :3]
    angle = np.sqrt(np.sum(r**2, axis=1))[:, None]
    k = r / angle
    p = points * np.cos(angle) + np.cross(k, points) * np.sin(angle)
    p = p + k * np.sum(k * points, axis=1)[:, None] * (1 - np.cos(angle)) + cameras[:, 3:6]
    p = -p[:, :2] / p[:, 2:]
    n = np.sum(p**2, axis=1)
    distortion = 1 + n * (cameras[:, 7] + cameras[:, 8] * n)
    return (p * (distortion * cameras[:, 6])[:, None]).ravel()


def arrow(x):
    return np.concatenate([np.sum(x**2)[None], x[1:] ** 2 * x[0]])


def loop(x):
    y = np.zeros(len(x), like=x)
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = x[i] * x[i - 1] - 1
    return y


def loop_of_lists(x):
    return np.array([x[0], *(x[i] * x[i - 1] for i in range(1, len(x)))])


A = np.triu(np.tril(rng.random((5, 7)), 2))


def by_matrices(x):
    X = x.reshape(7, 2)
    return np.concatenate([
        (A @ X).ravel(), (X.T @ A.T).ravel(), np.einsum("ij,jk->ki", A, X).ravel(), X[:, 0] @ X[:, 1:],
        np.convolve(x, [1.0, 0.0, 2.0], "same"), np.diff(x), np.sum(X, axis=0), np.cumsum(x[:4]),
    ])  # fmt: skip


JACOBIANS = [
    (bratu_line, (9,)),
    (bratu_padded, (4, 4)),
    (bratu_sliced, (4, 4)),
    (bratu_buffer, (4, 4)),
    (bratu_rolled, (4, 5)),
    (brusselator, (16,)),
    (bundle_adjustment, (48,)),
    (arrow, (7,)),
    (loop, (6,)),
    (loop_of_lists, (6,)),
    (by_matrices, (14,)),
    (lambda x: np.linalg.solve(x[:8].reshape(2, 2, 2), x[8:].reshape(2, 2, 3)), (20,)),
    (lambda x: x / (1 + np.sum(x, axis=1, keepdims=True)), (3, 4)),
    (lambda x: {"a": np.max(x), "b": [x * 2, 3.0]}, (1,)),
    (lambda x: dr.grad(lambda y: np.sum(y[1:] ** 2 * y[:-1]))(x), (6,)),
    (lambda x: dr.jvp(np.sin, (x,), (x[::-1],))[1], (6,)),
    (lambda x: np.fft.fft(x, axis=0).real, (3, 2)),
    (lambda x: np.stack([x, 2 * x], axis=1)[::-1].T.swapaxes(0, 1).reshape(4, 3), (6,)),
]


@pytest.mark.parametrize(("f", "shape"), JACOBIANS, ids=lambda p: getattr(p, "__name__", ""))
def test_jacobians_exactly(f, shape):
    x = 0.5 + rng.random(shape)
    np.testing.assert_array_equal(jacobian(f, x), dense(f, (x,)))


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def arwhead(x):
    return np.sum((x[:-1] ** 2 + x[-1] ** 2) ** 2 - 4 * x[:-1] + 3)


def bdqrtic(x):
    a, b, c, d, e = x[:-4], x[1:-3], x[2:-2], x[3:-1], x[-1]
    return np.sum((3 - 4 * a) ** 2 + (a**2 + 2 * b**2 + 3 * c**2 + 4 * d**2 + 5 * e**2) ** 2)


def minimal_surface(x):
    across, along = x[1:, 1:] - x[:-1, :-1], x[1:, :-1] - x[:-1, 1:]
    return np.sum(np.sqrt(1 + 0.5 * (across**2 + along**2)))


def element_by_element(x):
    total = 0.0
    for i in range(1, len(x)):
        total = total + x[i - 1] * x[i] ** 2
    return total


HESSIANS = [
    (rosenbrock, (8,)),
    (arwhead, (8,)),
    (bdqrtic, (9,)),
    (minimal_surface, (4, 5)),
    (element_by_element, (6,)),
    (lambda x: np.sum(x) * 2, (4,)),
    (lambda x: np.sum(np.prod(x, axis=1)), (3, 2)),
    (lambda x: np.linalg.norm(x, axis=1).sum(), (3, 2)),
]


@pytest.mark.parametrize(("f", "shape"), HESSIANS, ids=lambda p: getattr(p, "__name__", ""))
def test_hessians_exactly(f, shape):
    x = 0.5 + rng.random(shape)
    found = hessian_pattern(f, x)
    wanted = dr.hessian(f)(x).reshape(x.size, x.size)
    if f is minimal_surface:  # entries that are zero by arithmetic: corners of one cell
        assert found.covers(wanted)
        assert np.diff(found.indptr).max() == 9
    else:
        np.testing.assert_array_equal(found.to_scipy().toarray(), wanted != 0)
    assert found.symmetric


# -- random programs -------------------------------------------------------------------------

STEPS = {  # names that end in * may give more entries than the Jacobian has at a point
    "sin": lambda x, y: np.sin(x),
    "sum": lambda x, y: x + y,
    "product": lambda x, y: x * y,
    "slice": lambda x, y: np.concatenate([x[2:], y[:2]]),
    "roll": lambda x, y: np.roll(x, 1),
    "reverse": lambda x, y: x[::-1],
    "gather": lambda x, y: x[[0, 0, 3, 5, 2, 1]],
    "write": lambda x, y: _written(x, y),
    "outer": lambda x, y: (x.reshape(2, 3) * y[:3]).T.ravel(),
    "broadcast": lambda x, y: np.broadcast_to(x[1:3], (3, 2)).reshape(6),
    "where*": lambda x, y: np.where(x > 0.5, x, y),
    "max*": lambda x, y: np.maximum(x, y[0]),
    "sort*": lambda x, y: np.sort(x.reshape(3, 2), axis=0).ravel(),
    "scale": lambda x, y: x * np.sum(y[3:]),
    "rows": lambda x, y: np.repeat(np.sum(x.reshape(2, 3), axis=0), 2),
    "difference*": lambda x, y: np.append(np.diff(x), y[:1]),
    "product of matrices*": lambda x, y: np.repeat(
        x.reshape(2, 3) @ y.reshape(3, 2), [1, 2], 0
    ).ravel(),
    "cumsum*": lambda x, y: np.cumsum(x),
    "add at": lambda x, y: _added(x, y),
}


def _written(x, y):
    z = x.copy()
    z[1::2] = y[:3]
    z[4] = 1.0
    return z


def _added(x, y):
    z = x * 1
    np.add.at(z, [1, 1, 3], y[2:5])
    return z


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 9)), min_size=1, max_size=6)
)
def test_random_programs(program):
    def f(x):
        values = [x[:6], np.cos(x[3:9])]
        for name, other in program:
            values.append(STEPS[name](values[-1], values[other % len(values)]))
        return values[-1]

    x = 0.1 + np.random.default_rng(1).random(9)
    found, wanted = jacobian(f, x), dense(f, (x,))
    assert not (wanted & ~found).any()
    if not any(name.endswith("*") for name, _ in program):
        # a value that happens to be differenced away cannot occur: all steps are positive
        np.testing.assert_array_equal(found, wanted)
    second = hessian_pattern(lambda x: np.sum(f(x) ** 3), x)
    assert second.covers(dr.hessian(lambda x: np.sum(f(x) ** 3))(x))


def test_the_pattern_does_not_depend_on_the_point():
    def f(x):
        y = np.where(x > 0, x, x[::-1])
        return np.concatenate([y, np.sort(x)[:1], np.max(x)[None], np.clip(x, 0, 1), abs(x)])

    assert jacobian_pattern(f, np.zeros(4)) == jacobian_pattern(f, np.arange(4.0) - 2)


SELECTIONS = [
    lambda x: np.max(x.reshape(2, 3), axis=1),
    lambda x: np.min(x.reshape(2, 3), axis=0, keepdims=True),
    lambda x: np.max(x, axis=None)[None],
    lambda x: np.median(x.reshape(2, 3), axis=1),
    lambda x: np.quantile(x.reshape(2, 3), [0.2, 0.5], axis=-1),
    lambda x: np.quantile(x.reshape(2, 3), [0.2, 0.5], axis=(0, 1), keepdims=True),
    lambda x: np.sort(x.reshape(2, 3), axis=0),
    lambda x: np.partition(x, 2)[:2],
    lambda x: np.maximum.accumulate(x),
    lambda x: np.interp(x, [0.0, 2.0, 4.0, 9.0], np.sin(x[:4])),
    lambda x: np.interp(2.5, np.sort(x), x**2)[None],
    lambda x: np.where(x > 2, x, x[::-1]),
    lambda x: np.maximum(x, x[0]),
]


@pytest.mark.parametrize("select", SELECTIONS)
def test_patterns_with_selections_hold_at_other_points(select):
    def f(x):
        return np.sum(np.ravel(select(x)) ** 3)

    x = np.arange(6.0)
    jacobian_at_x, hessian_at_x = jacobian_pattern(select, x), hessian_pattern(f, x)
    for k in range(10):
        y = np.random.default_rng(k).permutation(x) + 0.1
        np.testing.assert_array_equal(jacobian_at_x.covers(dense(select, (y,))), True)
        assert hessian_at_x.covers(dr.hessian(f)(y))
        assert hessian_at_x == hessian_pattern(f, y)


# -- many elements -----------------------------------------------------------------------------


def test_hubs_are_not_quadratic():
    n = 20_000
    x = rng.random(n)
    assert hessian_pattern(arwhead, x).nnz == 3 * n - 2
    assert jacobian_pattern(arrow, x).nnz == 3 * n - 2


def test_shared_sets_stay_shared():
    """Two layers: every hidden value depends on a column of weights, for each of many rows."""
    X = rng.random((400, 30))

    def loss(w, v):
        return np.sum((np.tanh(X @ w) @ v) ** 2)

    found = jacobian_pattern(lambda w: np.tanh(X @ w), rng.random((30, 20)))
    assert found.nnz == 400 * 20 * 30
    assert jacobian_pattern(loss, rng.random((30, 20)), np.ones(20), argnums=(0, 1)).nnz == 620


def test_what_is_not_sparse_is_refused():
    with pytest.raises(errors.PatternError, match="not sparse") as caught:
        jacobian_pattern(lambda x: x / np.sum(x), np.ones(100_000))
    assert "instead" in str(caught.value)


# -- arguments and results ------------------------------------------------------------------------


def test_trees_and_argnums():
    def f(p, scale, q):
        return {"u": p["a"] * scale, "v": [np.sum(p["b"]), q]}

    p = {"a": np.ones(2), "b": np.ones((1, 3))}
    found = jacobian_pattern(f, p, 2.0, np.ones(1), argnums=(0, "q"))
    wanted = np.zeros((4, 6), bool)
    wanted[[0, 1], [0, 1]] = wanted[2, 2:5] = wanted[3, 5] = True
    np.testing.assert_array_equal(found.to_scipy().toarray(), wanted)
    assert jacobian_pattern(lambda x, y: x * y, 1, y=2.0).nnz == 1


def test_small_and_constant():
    assert jacobian_pattern(lambda x: x, 3.0).shape == (1, 1)
    assert jacobian_pattern(lambda x: x[:0], np.ones(3)).shape == (0, 3)
    assert jacobian_pattern(lambda x: x, np.ones(0)).shape == (0, 0)
    assert jacobian_pattern(lambda x: np.ones(2), np.ones(3)).nnz == 0
    assert jacobian_pattern(lambda x: (), np.ones(3)).shape == (0, 3)
    assert jacobian_pattern(lambda x: np.floor(x), np.ones(3)).nnz == 0
    assert hessian_pattern(lambda x: np.sum(x), np.ones(3)).nnz == 0
    assert hessian_pattern(lambda z: np.sum(abs(z) ** 2), np.ones(2) + 1j).nnz == 2


def test_within_another_derivative():
    seen = []

    def f(x):
        seen.append(jacobian_pattern(lambda y: y * x, x))
        return np.sum(x**2)

    dr.grad(f)(np.ones(3))
    assert seen[0] == Pattern.of(np.eye(3))


def test_adopted_code():
    def f(x):
        y = np.zeros(3)
        y[1:] = x[:2]
        return y

    found = jacobian_pattern(f, np.ones(3), adopt=True)
    np.testing.assert_array_equal(found.to_scipy().toarray(), np.eye(3, k=-1))


def test_custom_rules_depend_on_everything():
    double = dr.custom(lambda x: 2 * x, jvp=lambda x, dx: (2 * x[0], 2 * dx[0]))
    assert jacobian_pattern(lambda x: double(x[:2]), np.ones(3)).nnz == 4
    tripled = dr.elementwise(lambda x: 3 * x, 3, name="tripled")
    assert jacobian_pattern(lambda x: tripled(x[:2]), np.ones(3)).nnz == 2


def test_errors_of_the_function_are_named():
    with pytest.raises(errors.ConcreteValueError):
        jacobian_pattern(lambda x: float(x[0]) * x, np.ones(2))
    with pytest.raises(errors.NotScalarError):
        hessian_pattern(lambda x: x, np.ones(2))
    with pytest.raises(errors.NotDifferentiableError):
        jacobian_pattern(lambda x: x, "text")


# -- the object ---------------------------------------------------------------------------------


def test_of_dense_and_sparse():
    stored = ss.csr_array((np.zeros(1), ([0], [1])), (2, 3))
    assert Pattern.of(stored).nnz == 1  # a stored zero counts
    twice = ss.coo_matrix(([1.0, -1.0], ([0, 0], [1, 1])), (2, 3))
    assert Pattern.of(twice) == Pattern.of(stored)
    assert Pattern.of([[0, 1, 0], [0, 0, 0]]) == Pattern.of(stored.tocsc())
    assert Pattern.of(stored).transpose().shape == (3, 2)
    assert Pattern.of(np.eye(2)).density == 0.5
    for wrong in (np.ones(3), np.array([["a"]]), None):
        with pytest.raises(errors.PatternError):
            Pattern.of(wrong)
    with pytest.raises(errors.PatternError, match="not symmetric"):
        Pattern.of([[0, 1], [0, 0]], symmetric=True)


def test_union_and_covers():
    a, b = Pattern.of(np.eye(3)), Pattern.of(np.eye(3, k=1))
    both = a.union(b)
    assert both.nnz == 5 and both.covers(a) and both.covers(b) and not a.covers(both)
    assert a != b and hash(a) == hash(Pattern.of(np.eye(3))) and a != 3
    with pytest.raises(errors.PatternError, match="2 x 2"):
        a.union(np.eye(2))


def test_caller_cannot_write_to_it():
    pattern = Pattern.of(np.eye(3))
    pattern.to_scipy().indices[:] = 0
    assert pattern == Pattern.of(np.eye(3))
    with pytest.raises(ValueError):
        pattern.indices[0] = 2


def test_saved_and_loaded(tmp_path):
    path = tmp_path / "pattern"
    for pattern in (hessian_pattern(arwhead, np.ones(5)), Pattern.of(np.zeros((0, 4)))):
        pattern.save(path)
        again = Pattern.load(path)
        assert again == pattern and again.symmetric == pattern.symmetric


def test_bad_files(tmp_path):
    path = tmp_path / "pattern.npz"
    good = Pattern.of(np.eye(3))
    fields = {"shape": [3, 3], "indptr": good.indptr, "indices": good.indices, "symmetric": False}
    np.savez(path, **fields)
    assert Pattern.load(path) == good
    bad = (
        {"indices": np.array([0, 1, 7])},
        {"indices": np.array([0.5, 1, 2])},
        {"indptr": np.array([0, 2, 1, 3])},
        {"indptr": np.array([0, 3])},
        {"shape": [3, 3, 3]},
        {"symmetric": True, "indices": np.array([1, 1, 1])},
        {"shape": np.array([{}, 2], object)},
    )
    for change in bad:
        np.savez(path, **{**fields, **change})
        with pytest.raises(errors.PatternError, match=r"not a file|symmetric"):
            Pattern.load(path)
    for content in (b"", b"text", b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(errors.PatternError, match="instead"):
            Pattern.load(path)
    with pytest.raises(FileNotFoundError):
        Pattern.load(tmp_path / "nowhere")


def test_verify():
    x = np.arange(1.0, 6)
    verify(jacobian_pattern(bratu_line, x), bratu_line, x)
    verify(np.ones((5, 5)), bratu_line, x)
    verify(hessian_pattern(rosenbrock, x), rosenbrock, x)
    with pytest.raises(errors.PatternError, match=r"misses 8 or more .*\(0, 1\), \(1, 0\)"):
        verify(np.eye(5), bratu_line, x)
    with pytest.raises(errors.PatternError, match="Hessian"):
        verify(Pattern.of(np.eye(5), symmetric=True), rosenbrock, x)
    with pytest.raises(errors.PatternError, match="is 5 x 4, but the Jacobian is 5 x 5"):
        verify(np.ones((5, 4)), bratu_line, x)
    verify(np.eye(5), lambda x: x + np.where(x > 0, 0 * x[::-1], x[::-1]), x)  # more than is found


def test_loading_dualrev_stays_quick():
    program = (
        "import sys, dualrev, dualrev.engine.patterns\n"
        "print([m for m in ('scipy.sparse', 'scipy.special', 'scipy.signal') if m in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"
