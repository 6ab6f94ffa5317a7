"""Functions that join, cut, select and store elements."""

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
INDEX = np.array([[0, 2], [1, 1]])


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
    Case("np.put, mode", written(lambda y, v: np.put(y, [7, -9], v, mode="wrap")), (A, V[:2])),
    Case("np.putmask, few values", written(lambda y, v: np.putmask(y, A > 0, v)), (A, V[:4])),
    Case("np.copyto, broadcast", written(lambda y, v: np.copyto(y, v)), (A, S)),
    Case("np.fill_diagonal, wrap", written(lambda y, v: np.fill_diagonal(y, v, wrap=True)), (np.zeros((5, 2)) + V[:2], V[:2])),
    Case("np.ndarray.flat, written", written(lambda y, v: y.flat.__setitem__(slice(None, None, 2), v)), (A, V[:2])),
    Case("np.ndarray.put", written(lambda y, v: y.put([1, 1], v)), (A, V[:2])),
    # joins of many kinds
    Case("np.concatenate, dtype", lambda x: np.concatenate([x, x], dtype=complex), (A,)),
    Case("np.concatenate, rows", np.concatenate, (T,)),
    Case("np.stack, float32", lambda x: np.stack([x, np.ones((2, 3), np.float32)]), (F32,)),
    Case("np.vstack, 0-d", lambda x, y: np.vstack([x, y]), (S, S)),
    Case("np.block, one", lambda x: np.block(x), (A,)),
    Case("np.block, deep", lambda x: np.block([[[x]], [[x]]]), (T,)),
    Case("np.insert, several", lambda x, y: np.insert(x, [0, 0, 2], y, axis=0), (A, B[:1])),
    Case("np.insert, mask", lambda x: np.insert(x, np.array([True, False] * 3), 9), (V,)),
    Case("np.insert, float32", lambda x: np.insert(x, 0, 1.5), (F32,)),
    Case("np.append, to plain", lambda x: np.append([1.0], x), (S,)),
    Case("np.split, over the end", lambda x: np.split(x, [3, 1, 9]), (V,)),
    Case("np.hsplit, 1-d", lambda x: np.hsplit(x, [2]), (V,)),
    Case("np.array_split, axis", lambda x: np.array_split(x, 2, axis=-1), (A,)),
    Case("np.select, kinds", lambda x: np.select([A > 0], [x], default=1.5), (F32,)),
    Case("np.select, broadcast", lambda x, s: np.select([A > 0, A[0] > 1], [x, s], default=x[1] ** 2), (A, S)),
    Case("np.choose, broadcast", lambda x, s: np.choose([[0], [1]], [x, s]), (A, S)),
    Case("np.choose, mode", lambda x: np.choose([0, -1, 5], x, mode="wrap"), (A,)),
    Case("np.choose, 0-d", lambda x, s: np.choose(1, [x, s]), (S, S)),
    Case("np.take, clip", lambda x: np.take(x, [7, -9], axis=1, mode="clip"), (A,)),
    Case("np.take, none", lambda x: np.take(x, [], axis=1), (A,)),
    Case("np.take, scalar", lambda x: np.take(x, 1, axis=0) * np.take(x, 4), (A,)),
    Case("np.take_along_axis, flat", lambda x: np.take_along_axis(x, np.array([0, 5, 5]), None), (A,)),
    Case("np.piecewise, 0-d", lambda x: np.piecewise(x, [x > 0], [lambda t: t**2, lambda t: -t]), (S,)),
    Case("np.extract, 1-d", lambda x: np.extract([1, 0, 1], x), (V[:3],)),
]
# fmt: on


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


@pytest.mark.parametrize(
    "write",
    [
        lambda p, x: np.put(p, [0], x[:1]),
        lambda p, x: np.place(p, p == 0, x),
        lambda p, x: np.putmask(p, p == 0, x),
        lambda p, x: np.copyto(p, x),
        lambda p, x: np.full_like(p, x[0]),
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


@pytest.mark.parametrize(
    "write",
    [
        lambda p, x: np.put(p, [0, 3], x[:2]),
        lambda p, x: np.copyto(p, x),
        lambda p, x: np.place(p, [True, False] * 3, x),
    ],
)
def test_arrays_of_objects_can_hold_traced_values(write):
    def f(x):
        p = np.zeros(6, object)
        write(p, x)
        return np.sum(p * p) * x[0]

    dr.check(f, V)


REFUSED = {
    "kinds": (TypeError, lambda x: np.concatenate([x, x], dtype=int)),
    "casting": (TypeError, lambda x: np.stack([x, x], dtype=np.float32, casting="safe")),
    "generator": (TypeError, lambda x: np.concatenate(a for a in [x, x])),
    "depths": (ValueError, lambda x: np.block([[x], x])),
    "vsplit of a vector": (ValueError, lambda x: np.vsplit(x, 2)),
    "unequal split": (ValueError, lambda x: np.split(x, 4)),
    "one choice": (ValueError, lambda x: np.where(x > 0, x)),
    "conditions that are numbers": (TypeError, lambda x: np.select([x], [x])),
    "choices by floats": (TypeError, lambda x: np.choose([0.5], [x, x])),
    "no such choice": (ValueError, lambda x: np.choose([2], [x, x])),
    "no such mode": (ValueError, lambda x: np.take(x, 2, mode="bad")),
    "no such element": (IndexError, lambda x: np.take(x, 9)),
    "no such place": (IndexError, lambda x: np.put(x * 1.0, [99], x)),
    "nothing to place": (ValueError, lambda x: np.place(x * 1.0, [True] * 6, x[:0])),
    "a mask of another size": (ValueError, lambda x: np.putmask(x * 1.0, [True], x)),
    "complex into real": (TypeError, lambda x: np.copyto(x * 1.0, x * 1j)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_numpy_refuses_is_refused(name):
    error, call = REFUSED[name]
    with pytest.raises(error):
        call(V.copy())
    with pytest.raises(error):
        dr.jvp(call, (V,), (V,))
