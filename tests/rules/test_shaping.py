"""Functions that move, join, select and make arrays: shapes, joins, selections, creation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dualrev as dr

from .harness import Case, check_case

rng = np.random.default_rng(7)
V = rng.standard_normal(6)
A = rng.standard_normal((2, 3))
B = rng.standard_normal((2, 3))
T = rng.standard_normal((2, 3, 4))
Z = A + 1j * B
F32 = A.astype(np.float32)
EMPTY = np.empty((0, 3))
S = np.float64(0.7)
INDEX = np.array([[0, 2], [1, 1]])


def filled(make):
    """Traced values stored into an array that `make` creates."""

    def f(x):
        y = make(x)
        y[0] = x[0] ** 2
        y[-1:] = np.sin(x[-1:])
        return y

    return f


def written(write):
    """A copy of the argument, written into."""

    def f(x, *more):
        y = x * np.ones_like(np.sum(more[0]))  # traced, whichever argument is
        write(y, *more)
        return y

    return f


def along_axis(y, v):
    np.put_along_axis(y, np.array([[1], [0]]), v, 1)


# fmt: off
CASES = [
    Case("np.reshape", lambda x: np.reshape(x, (3, -1)), (A,)),
    Case("np.reshape, order F", lambda x: np.reshape(x, (3, 2), order="F"), (A,)),
    Case("np.reshape, to 0-d", lambda x: np.reshape(x, ()), (V[:1],)),
    Case("np.reshape, size 0", lambda x: x.reshape(3, 0), (EMPTY,)),
    Case("np.reshape, method", lambda x: x.reshape(3, 2) * x.reshape((1, 6)).reshape(3, 2), (A,)),
    Case("np.ravel", np.ravel, (A,)),
    Case("np.ravel, order F", lambda x: np.ravel(x, "F") * x.flatten("F"), (T,)),
    Case("np.expand_dims", lambda x: np.expand_dims(x, (0, -1)), (A,)),
    Case("np.squeeze", lambda x: np.squeeze(x[:, :1]), (A,)),
    Case("np.squeeze, axis", lambda x: x[None, :, None].squeeze(axis=(0, -3)) if False else np.squeeze(x[None], 0), (A,)),
    Case("np.atleast_1d", lambda x: np.atleast_1d(x), (S,)),
    Case("np.atleast_2d", lambda x, y: np.atleast_2d(x, y), (V, S)),
    Case("np.atleast_3d", lambda x: np.atleast_3d(x), (A,)),
    Case("np.transpose", np.transpose, (T,)),
    Case("np.transpose, axes", lambda x: np.transpose(x, (1, -1, 0)), (T,)),
    Case("np.transpose, methods", lambda x: x.transpose(1, 0) @ x + x.T @ x.mT.T, (A,)),
    Case("np.permute_dims", lambda x: np.permute_dims(x, (2, 0, 1)), (T,)),
    Case("np.matrix_transpose", np.matrix_transpose, (T,)),
    Case("np.swapaxes", lambda x: np.swapaxes(x, 0, -1), (T,)),
    Case("np.moveaxis", lambda x: np.moveaxis(x, [0, 1], [-1, 0]), (T,)),
    Case("np.rollaxis", lambda x: np.rollaxis(x, 2), (T,)),
    Case("np.broadcast_to", lambda x: np.broadcast_to(x, (4, 2, 3)), (A,)),
    Case("np.broadcast_to, from 0-d", lambda x: np.broadcast_to(x, (2, 1)), (S,)),
    Case("np.broadcast_arrays", lambda x, y: np.broadcast_arrays(x, y), (A, V[:1])),
    Case("np.meshgrid", lambda x, y: np.meshgrid(x, y), (V[:2], V[3:])),
    Case("np.meshgrid, ij", lambda x, y: np.meshgrid(x, y, indexing="ij", sparse=True), (V[:2], V[3:])),
    Case("np.flip", np.flip, (A,)),
    Case("np.flip, axis", lambda x: np.flip(x, (0, -1)), (T,)),
    Case("np.fliplr", np.fliplr, (A,)),
    Case("np.flipud", np.flipud, (A,)),
    Case("np.roll", lambda x: np.roll(x, (1, 2), axis=(0, 1)), (A,)),
    Case("np.roll, flat", lambda x: np.roll(x, -2), (A,)),
    Case("np.rot90", lambda x: np.rot90(x, 3), (A,)),
    Case("np.tile", lambda x: np.tile(x, (2, 1, 2)), (A,)),
    Case("np.repeat", lambda x: np.repeat(x, [2, 0, 1], axis=1), (A,)),
    Case("np.repeat, method", lambda x: x.repeat(2), (A,)),
    Case("np.resize", lambda x: np.resize(x, (4, 2)), (A,)),
    Case("np.copy", np.copy, (A,)),
    Case("np.astype", lambda x: np.astype(x, np.float32).astype(float), (F32,)),
    Case("np.astype, to complex", lambda x: x.astype(complex) * (1 + 2j), (A,)),
    Case("np.diagonal", lambda x: np.diagonal(x, 1, 0, 2), (T,)),
    Case("np.diagonal, method", lambda x: x.diagonal(-1), (A,)),
    Case("np.diag", lambda x: np.diag(x, -1), (V,)),
    Case("np.diag, of a matrix", lambda x: np.diag(x, 1), (A,)),
    Case("np.diagflat", lambda x: np.diagflat(x), (A,)),
    Case("np.tril", lambda x: np.tril(x, -1), (T,)),
    Case("np.triu", lambda x: np.triu(x, 1), (T,)),
    Case("np.triu, complex", np.triu, (Z,)),
    Case("np.trim_zeros", lambda x: np.trim_zeros(np.concatenate([np.zeros(2), x, np.zeros(1)])), (V,)),
    Case("np.pad", lambda x: np.pad(x, ((1, 2), (0, 1))), (A,)),
    Case("np.pad, constants", lambda x: np.pad(x, 1, constant_values=((1.0, 2.0), (3.0, 4.0))), (A,)),
    Case("np.pad, traced constant", lambda x: np.pad(x, 1, constant_values=x[0, 1] ** 2), (A,)),
    Case("np.pad, edge", lambda x: np.pad(x, 2, mode="edge"), (A,)),
    Case("np.pad, reflect", lambda x: np.pad(x, 1, mode="reflect"), (A,)),
    Case("np.pad, symmetric", lambda x: np.pad(x, ((0, 3), (1, 1)), mode="symmetric"), (A,)),
    Case("np.pad, wrap", lambda x: np.pad(x, 4, mode="wrap"), (A,)),
    Case("np.delete", lambda x: np.delete(x, [0, -1], axis=1), (A,)),
    Case("np.delete, flat", lambda x: np.delete(x, 2), (A,)),
    Case("np.lib.stride_tricks.sliding_window_view", lambda x: np.lib.stride_tricks.sliding_window_view(x, 3) ** 2, (V,)),
    # joins
    Case("np.concatenate", lambda x, y: np.concatenate([x, y, np.ones((2, 1))], axis=-1), (A, B)),
    Case("np.concatenate, flat", lambda x, y: np.concatenate((x, y), axis=None), (A, V)),
    Case("np.concatenate, kinds", lambda x, z: np.concatenate([x, z]), (A, Z)),
    Case("np.concatenate, float32", lambda x: np.concatenate([x, x * 2]), (F32,)),
    Case("np.concatenate, size 0", lambda x, y: np.concatenate([x, y]), (A, EMPTY)),
    Case("np.concatenate, of scalars in lists", lambda x: np.concatenate([[x[0], x[1] * x[2]], x]), (V,)),
    Case("np.concat", lambda x, y: np.concat([x, y]), (A, B)),
    Case("np.stack", lambda x, y: np.stack([x, y], axis=-1), (A, B)),
    Case("np.stack, 0-d", lambda x: np.stack([x, x**2, 3.0]), (S,)),
    Case("np.vstack", lambda x, y: np.vstack([x, y]), (A, V[:3])),
    Case("np.hstack", lambda x, y: np.hstack([x, y]), (A, B)),
    Case("np.hstack, 1-d", lambda x, s: np.hstack([x, s]), (V, S)),
    Case("np.dstack", lambda x, y: np.dstack([x, y]), (A, B)),
    Case("np.column_stack", lambda x, y: np.column_stack([x, y]), (A, V[:2])),
    Case("np.block", lambda x, y: np.block([[x, np.eye(2)], [y[:, :2], y]]), (A, B)),
    Case("np.block, of scalars", lambda x: np.block([x[0], x[1:] ** 2, 5.0]), (V,)),
    Case("np.append", lambda x, y: np.append(x, y), (A, V)),
    Case("np.append, axis", lambda x, y: np.append(x, y, axis=0), (A, B)),
    Case("np.insert", lambda x, y: np.insert(x, [1, 3], y, axis=1), (A, S)),
    Case("np.insert, flat", lambda x, y: np.insert(x, 2, y), (A, V[:2])),
    Case("np.split", lambda x: np.split(x, 3), (V,)),
    Case("np.split, at", lambda x: np.split(x, [1, 4], axis=-1), (T,)),
    Case("np.array_split", lambda x: np.array_split(x, 4), (V,)),
    Case("np.hsplit", lambda x: np.hsplit(x, 3), (A,)),
    Case("np.vsplit", lambda x: np.vsplit(x, 2), (A,)),
    Case("np.dsplit", lambda x: np.dsplit(x, 2), (T,)),
    Case("np.unstack", lambda x: np.unstack(x, axis=1), (A,)),
    # selections
    Case("np.where", lambda x, y: np.where(A > 0, x, y), (A, B)),
    Case("np.where, broadcast", lambda x, y: np.where(np.ones((4, 1, 1), bool), x, y), (A, V[:3])),
    Case("np.where, scalars", lambda x: np.where(x > 0, x, 0.0) * np.where(x > 0, 1, x), (A,)),
    Case("np.where, float32", lambda x: np.where(x > 0, x, 0.0), (F32,)),
    Case("np.where, kinds", lambda x, z: np.where(A > 0, x, z), (A, Z)),
    Case("np.where, traced condition", lambda x, y: np.where(x > y, x * y, x), (A, B)),
    Case("np.select", lambda x: np.select([x < -0.5, x > 0.5], [x**2, x**3], 1.0), (A,)),
    Case("np.choose", lambda x, y: np.choose(INDEX[0] % 2, [x[:, :2], y[:, 1:]]), (A, B)),
    Case("np.piecewise", lambda x: np.piecewise(x, [x < 0], [lambda t: t**2, lambda t: np.sin(t)]), (A,)),
    Case("np.piecewise, constants", lambda x: np.piecewise(x, [x < 0, x >= 0], [3.0, np.exp]), (V,)),
    Case("np.take", lambda x: np.take(x, INDEX, axis=1), (A,)),
    Case("np.take, flat", lambda x: x.take([0, 5, 5]), (A,)),
    Case("np.take, wrap", lambda x: np.take(x, [-7, 8], axis=0, mode="wrap"), (A,)),
    Case("np.take_along_axis", lambda x: np.take_along_axis(x, INDEX, axis=1), (A,)),
    Case("np.compress", lambda x: np.compress([True, False, True], x, axis=1), (A,)),
    Case("np.compress, method", lambda x: x.compress([0, 1, 1]), (A,)),
    Case("np.extract", lambda x: np.extract(A > 0, x), (A,)),
    Case("np.apply_along_axis", lambda x: np.apply_along_axis(lambda r: r * r[0], 1, x), (T,)),
    Case("np.apply_along_axis, to scalars", lambda x: np.apply_along_axis(lambda r: r @ r, 0, x), (T,)),
    Case("np.apply_over_axes", lambda x: np.apply_over_axes(np.sum, x, (0, 2)), (T,)),
    # writes
    Case("np.put", written(lambda y, v: np.put(y, [0, -1, 2], v)), (A, V[:2])),
    Case("np.place", written(lambda y, v: np.place(y, A > 0, v)), (A, V[:2])),
    Case("np.putmask", written(lambda y, v: np.putmask(y, A > 0, v)), (A, B)),
    Case("np.copyto", written(lambda y, v: np.copyto(y, v, where=[True, False, True])), (A, V[:3])),
    Case("np.fill_diagonal", written(lambda y, v: np.fill_diagonal(y, v)), (A, S)),
    Case("np.put_along_axis", written(along_axis), (A, V[:2].reshape(2, 1))),
    # creation
    Case("np.zeros_like", filled(np.zeros_like), (A,)),
    Case("np.ones_like", filled(np.ones_like), (A,)),
    Case("np.empty_like", filled(lambda x: np.empty_like(x) * 0 + 1), (A,)),
    Case("np.full_like", filled(lambda x: np.full_like(x, 2.0)), (A,)),
    Case("np.full_like, traced", lambda x: np.full_like(x, x[0, 1] ** 2), (A,)),
    Case("np.linspace", lambda a, b: np.linspace(a, b, 5), (S, np.float64(2.0)), exact=False),
    Case("np.linspace, arrays", lambda a, b: np.linspace(a, b, 4, endpoint=False, axis=-1), (V[:2], V[2:4]), exact=False),
    Case("np.logspace", lambda a, b: np.logspace(a, b, 4), (S, np.float64(1.5)), exact=False),
    Case("np.geomspace", lambda a, b: np.geomspace(a, b, 4), (S, np.float64(1.5)), exact=False),
]
# fmt: on


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


CREATED = {
    "zeros": lambda x: np.zeros((3, 2), like=x),
    "ones": lambda x: np.ones(3, like=x),
    "empty": lambda x: np.empty(3, like=x),
    "full": lambda x: np.full(3, 2.0, like=x),
    "eye": lambda x: np.eye(3, like=x),
    "identity": lambda x: np.identity(3, like=x),
    "arange": lambda x: np.arange(3.0, like=x),
    "array": lambda x: np.array([1.0, 2.0, 3.0], like=x),
}


@pytest.mark.parametrize("name", CREATED)
def test_like(name):
    def f(x):
        y = CREATED[name](x)
        y[0] = x[0]
        y[1] = 5.0
        return np.sum(y[:2] ** 2 * x[1])

    dr.check(f, V)
    assert dr.grad(f)(V)[0] != 0


def test_array_like_packs():
    f = lambda x: np.array([[x[0], 1.0], [x[1] * x[2], x[3]]], like=x)
    dr.check(f, V)
    assert dr.vjp(f, V)[0].shape == (2, 2)


def test_a_nan_does_not_leak_from_the_pattern():
    x = np.array([np.nan, 1.0])

    def f(x):
        y = np.zeros_like(x)
        y[0] = x[1]
        return np.sum(y)

    np.testing.assert_array_equal(dr.grad(f)(x), [0.0, 1.0])
    assert dr.jvp(f, (x,), (np.ones(2),))[1] == 1.0


@pytest.mark.parametrize(
    "write",
    [
        lambda p, x: np.put(p, [0], x[:1]),
        lambda p, x: np.place(p, p == 0, x),
        lambda p, x: np.putmask(p, p == 0, x),
        lambda p, x: np.copyto(p, x),
        lambda p, x: np.put_along_axis(p, np.array([0]), x[:1], 0),
    ],
)
def test_writing_into_a_plain_array_is_refused(write):
    def f(x):
        p = np.zeros(6)
        write(p, x)
        return np.sum(p)

    with pytest.raises(dr.errors.AliasError, match="like=x"):
        dr.grad(f)(V)


def test_unsupported_modes_of_pad():
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="function as mode"):
        dr.grad(lambda x: np.sum(np.pad(x, 1, mode=lambda *row: None)))(V)


# -- indexing: every kind of key -------------------------------------------------------------

axis_keys = st.one_of(
    st.integers(-2, 1),
    st.slices(2),
    st.just(slice(None, None, -1)),
    st.just(None),
    st.lists(st.integers(-2, 1), min_size=0, max_size=3),
    st.lists(st.booleans(), min_size=2, max_size=2).map(lambda m: np.array(m, bool)),
)


def legal(x, key):
    try:
        return np.asarray(x[key]) is not None
    except IndexError:
        return False


@settings(max_examples=150, deadline=None)
@given(st.lists(axis_keys, max_size=4).map(tuple), st.booleans())
def test_any_key(key, with_ellipsis):
    x = np.arange(1.0, 9.0).reshape(2, 2, 2)
    key = (*key, ...) if with_ellipsis else key
    if not legal(x, key):
        return
    taken = np.asarray(x[key])

    def read(x):
        return np.sum(x[key] ** 2)

    def write(x):
        y = x * 1.0
        y[key] = (x[0, 0, 0] * x[1, 1, 1]) if taken.size else 0.0
        y[key] *= 3.0
        return np.sum(y**2)

    for f in (read, write):
        value, gradient = dr.value_and_grad(f)(x)
        assert value == f(x.copy())
        np.testing.assert_allclose(gradient, dr.jacfwd(f)(x), rtol=1e-13)
    ones = np.zeros_like(x)
    np.add.at(ones, key, 2 * taken)
    np.testing.assert_allclose(dr.grad(read)(x), ones)
    np.testing.assert_allclose(
        dr.hvp(write, x, x), dr.hvp(write, x, x, mode="reverse-over-reverse")
    )
