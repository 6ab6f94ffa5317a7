"""Functions that move elements or make arrays: shapes, padding, creation."""

import copy

import numpy as np
import pytest

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


def filled(make):
    """Traced values stored into an array that `make` creates."""

    def f(x):
        y = make(x)
        y[0] = x[0] ** 2
        y[-1:] = np.sin(x[-1:])
        return y

    return f


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
    Case("np.reshape, by the order in memory", lambda x: np.reshape(np.copy(x, order="F"), (3, 2), order="A"), (A,)),
    Case("np.reshape, float32", lambda x: np.reshape(x, 6), (F32,)),
    Case("np.ravel, by the order in memory", lambda x: np.ravel(np.copy(x, "F"), "K") * np.ravel(np.copy(x, "F"), "A"), (T,)),
    Case("np.ravel, of permuted axes", lambda x: np.ravel(x.transpose(1, 0, 2), "K"), (T,)),
    Case("np.roll, size 0", lambda x: np.roll(x, 1), (EMPTY,)),
    Case("np.roll, by keyword", lambda x: np.roll(a=x, shift=2, axis=-1), (T,)),
    Case("np.roll, complex", lambda x: np.roll(x, 1) * x, (Z,)),
    Case("np.rot90, axes", lambda x: np.rot90(x, 1, axes=(2, 0)), (T,)),
    Case("np.tile, of a scalar", lambda x: np.tile(x, (2, 2)), (S,)),
    Case("np.tile, no times", lambda x: np.tile(x, (0, 2)), (A,)),
    Case("np.tile, float32", lambda x: np.tile(x, 3), (F32,)),
    Case("np.repeat, axis", lambda x: np.repeat(x, 3, axis=-1), (T,)),
    Case("np.resize, of nothing", lambda x: np.resize(x, (2,)), (EMPTY,)),
    Case("np.resize, smaller", lambda x: np.resize(x, (2, 2)), (A,)),
    Case("np.copy, order", lambda x: np.ravel(np.copy(x, order="F"), "K"), (A,)),
    Case("np.diag, far off", lambda x: np.diag(x, 4), (V[:2],)),
    Case("np.trim_zeros, matrix", lambda x: np.trim_zeros(np.pad(x, 2), axis=0), (A,)),
    Case("np.trim_zeros, front", lambda x: np.trim_zeros(np.pad(x, 2), "f"), (A,)),
    Case("np.pad, float32", lambda x: np.pad(x, 1, constant_values=2.5), (F32,)),
    Case("np.pad, size 0", lambda x: np.pad(x, 1), (EMPTY,)),
    Case("np.pad, linear ramp", lambda x: np.pad(x, ((3, 2), (0, 2)), mode="linear_ramp", end_values=((1, 2), (3, 4))), (A,)),
    Case("np.pad, traced end", lambda x: np.pad(x, 2, mode="linear_ramp", end_values=x[0, 1] ** 2), (A,)),
    Case("np.pad, maximum", lambda x: np.pad(x, 2, mode="maximum"), (A,)),
    Case("np.pad, minimum of some", lambda x: np.pad(x, 2, mode="minimum", stat_length=((1, 2), (2, 1), (3, 1))), (T,)),
    Case("np.pad, mean", lambda x: np.pad(x, ((1, 0), (0, 2)), mode="mean", stat_length=2), (A,)),
    Case("np.pad, median", lambda x: np.pad(x, 1, mode="median"), (T,)),
    Case("np.pad, odd reflection", lambda x: np.pad(x, (7, 5), mode="reflect", reflect_type="odd"), (A,)),
    Case("np.pad, odd symmetry", lambda x: np.pad(x, ((2, 5), (4, 1)), mode="symmetric", reflect_type="odd"), (A,)),
    Case("np.pad, odd reflection of one", lambda x: np.pad(x, 2, mode="reflect", reflect_type="odd"), (A[:1],)),
    Case("np.ndarray.flat", lambda x: x.flat[1:4] * x.flat[-1], (A,)),
    Case("np.ndarray.trace", lambda x: x.trace(1), (A,)),
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
    Case("np.full_like, kind and shape", lambda x, s: np.full_like(x, s, shape=(2, 2)), (F32, np.float32(S))),
    Case("np.linspace, float32", lambda a: np.linspace(a, 1, 4), (F32[0, 0],)),
    Case("np.linspace, one", lambda a: np.linspace(a, 1.0, 1), (S,)),
    Case("np.linspace, of equal ends", lambda a, b: np.linspace(a, b, 3), (S, S)),
    Case("np.linspace, with step", lambda a: np.linspace(a, 1.0, 3, retstep=True), (S,)),
    Case("np.linspace, complex", lambda a: np.linspace(a, 1.0, 3), (Z[0, 0],)),
    Case("np.logspace, bases", lambda a, b: np.logspace(a, b, 3, base=V[:2] ** 2 + 1, axis=-1), (S, V[2]), exact=False),
    Case("np.geomspace, negative", lambda a: np.geomspace(-a, -2.0, 3), (S,), exact=False),
    Case("np.geomspace, arrays", lambda a: np.geomspace(a**2, a**2 + 1, 3, axis=1), (V[:2],), exact=False),
]
# fmt: on
if "int, dict" in (np.pad.__doc__ or ""):  # not yet in NumPy 2.2
    CASES.append(Case("np.pad, widths by axis", lambda x: np.pad(x, {-1: (2, 0)}), (A,)))


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


CONVERTED = {
    "asarray": lambda x: np.asarray([x[0], 2.0, x[1]], like=x),
    "asarray, complex": lambda x: np.abs(np.asarray(x, dtype=complex, like=x) + 1j),
    "ascontiguousarray": lambda x: np.ascontiguousarray(x[0], like=x),
    "array, ndmin": lambda x: np.array(x[0], ndmin=2, like=x),
    "full, traced": lambda x: np.full((2, 2), x[0], like=x),
    "full, without like": lambda x: np.full((2, 2), x[0]),
    "r_": lambda x: np.r_[x[1:3], 0.0, x[0] ** 2],
    "c_": lambda x: np.c_[x, x**2],
    "vectorize": lambda x: np.vectorize(lambda t: t**2)(x),
}


@pytest.mark.parametrize("name", CONVERTED)
def test_converted(name):
    dr.check(lambda x: np.sum(CONVERTED[name](x) * x[0]), V)


def test_an_array_of_no_axes_can_be_written_to():
    def f(x):
        y = np.array(x[0], like=x)
        y[...] = y * x[1]
        return y * x[2]

    np.testing.assert_allclose(dr.grad(f)(V)[:3], [V[1] * V[2], V[0] * V[2], V[0] * V[1]])


def test_unsupported_modes_of_pad():
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="function as mode"):
        dr.grad(lambda x: np.sum(np.pad(x, 1, mode=lambda *row: None)))(V)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.diag(x.reshape(1, 2, 3)),
        lambda x: np.trim_zeros(x, "x"),
        lambda x: np.pad(x, 1, "nonsense"),
        lambda x: np.pad(x, 1, "edge", constant_values=3),
        lambda x: np.linspace(x, 1, -1),
        lambda x: np.geomspace(x, 0),
        lambda x: np.transpose(x, (0, 0)),
        lambda x: np.reshape(x.reshape(2, 3).T, -1, copy=False),
        lambda x: x[:2].item(),
    ],
)
def test_what_numpy_refuses_is_refused(call):
    with pytest.raises(ValueError):
        call(V.copy())
    with pytest.raises(ValueError):
        dr.jvp(call, (V,), (V,))


# -- views and copies ------------------------------------------------------------------------

ALIASES = {
    "reshape, order A": lambda y: np.reshape(y, (3, 2), order="A"),
    "reshape, copy": lambda y: y.reshape(-1, copy=True),
    "ravel, order K": lambda y: np.ravel(y, "K"),
    "flatten": lambda y: y.flatten(),
    "transpose": lambda y: y.T,
    "moveaxis": lambda y: np.moveaxis(y, 0, 1)[0],
    "atleast_2d": lambda y: np.atleast_2d(y, y[0])[1],
    "broadcast_to": lambda y: np.broadcast_to(y, (2, 2, 3)),
    "flip": lambda y: np.flip(y, 1),
    "tile once": lambda y: np.tile(y, 1),
    "repeat once": lambda y: np.repeat(y, 1, 0),
    "diagonal": lambda y: np.diagonal(y),
    "diag": lambda y: np.diag(y),
    "sliding window": lambda y: np.lib.stride_tricks.sliding_window_view(y, 2, axis=1),
    "astype": lambda y: y.astype(float),
    "astype, no copy": lambda y: y.astype(float, copy=False),
    "copy.copy": lambda y: copy.copy(y[0]),
    "copy.deepcopy": lambda y: copy.deepcopy(y),
    "view": lambda y: y.view(),
    "pad by nothing": lambda y: np.pad(y, 0, "edge"),
    "meshgrid": lambda y: np.meshgrid(y[0], y[1], sparse=True)[0],
    "meshgrid, views": lambda y: np.meshgrid(y[0], y[1], sparse=True, copy=False)[0],
}


@pytest.mark.parametrize("name", ALIASES)
@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("into", ["array", "result"])
def test_views_and_copies(name, order, into):
    def f(x):
        y = (x.T * 1.0).T if order == "F" else x * 1.0
        w = ALIASES[name](y)
        if into == "array":
            y[0, 1] = x[1, 2] ** 2
        else:
            w[(0,) * w.ndim] = x[1, 2] ** 2
        return [y * 1.0, w * 1.0]

    try:
        f(A.copy())
    except ValueError:  # NumPy has a view that may not be written to
        if name not in ("diagonal", "diag"):  # these it could write to, and so we do
            with pytest.raises(ValueError, match="read-only"):
                dr.jvp(f, (A,), (A,))
        return
    check_case(Case(name, f, (A,), order=2))
