"""Every row of the table in docs/explanation/conventions.md, in both modes."""

import re
from pathlib import Path

import numpy as np
import pytest

import dualrev as dr

PAGE = Path(__file__).parent.parent / "docs/explanation/conventions.md"
PAIR = np.array([0.0, 4.0])
TIED = np.array([1.0, 1.0, 0.0])

# The row of the table (its beginning); a function; its arguments; the derivative by each.
ROWS = [
    ("where(x > 0", lambda x: np.sum(np.where(x > 0, np.sqrt(x), 0)), [PAIR], [[0, 0.25]]),
    ("where(x > 0", lambda x: np.sum(np.where(x > 0, np.log(x), 0)), [PAIR], [[0, 0.25]]),
    ("where(x > 0", lambda x: np.sum(np.where(x > 0, 1 / x, 0)), [PAIR], [[0, -0.0625]]),
    ("where(x > 0", lambda x: np.sum(np.where(x > 0, x**-0.5, 0)), [PAIR], [[0, -0.0625]]),
    ("where(x != 0", lambda x: np.where(x != 0, np.sin(x) / x, 1.0), [0.0], [0]),
    ("norm(x)` at 0", np.linalg.norm, [np.zeros(2)], [[0, 0]]),
    ("norm(x)` at 0", lambda x: np.sum(np.linalg.norm(x, axis=1)), [np.zeros((2, 3))], [np.zeros((2, 3))]),
    ("norm(x)` at 0", np.hypot, [0.0, 0.0], [0, 0]),
    ("norm(x)` at 0", np.std, [np.full(3, 0.1)], [[0, 0, 0]]),
    ("norm(x)**2", lambda x: np.linalg.norm(x) ** 2, [np.zeros(2)], [[0, 0]]),
    ("sqrt(sum(x**2))", lambda x: np.sqrt(np.sum(x**2)), [np.zeros(2)], [[0, 0]]),
    ("abs`", np.abs, [0.0], [0]),
    ("abs`", np.sign, [0.0], [0]),
    ("x**0", lambda x: x**0, [0.0], [0]),
    ("x**0", lambda x: np.power(x, 0.0), [0.0], [0]),
    ("x**p", lambda x: x**3, [-2.0], [12]),
    ("x**p", lambda x: np.power(x, 2.0), [-2.0], [-4]),
    ("x**p", lambda x: x**1, [0.0], [1]),
    ("x**p", lambda x: x**-2, [-2.0], [0.25]),
    ("0**y", lambda y: np.power(0.0, y), [2.0], [0]),
    ("0**y", lambda y: 0.0**y, [2.0], [0]),
    ("arctan2", np.arctan2, [0.0, 0.0], [0, 0]),
    *[("maximum`, ", f, [1.0, 1.0], [0.5, 0.5]) for f in (np.maximum, np.minimum, np.fmax, np.fmin)],
    ("maximum`, ", np.max, [TIED], [[0.5, 0.5, 0]]),
    ("maximum`, ", np.min, [-TIED], [[0.5, 0.5, 0]]),
    ("maximum(x, 0)", lambda x: np.maximum(x, 0), [0.0], [0.5]),
    ("clip", lambda x: np.sum(np.clip(x, 0, 1)), [np.array([0.0, 0.5, 1.0, 2.0])], [[1, 1, 1, 0]]),
    ("sort", lambda x: np.sort(x)[0], [np.array([1.0, 1.0])], [[1, 0]]),
    ("sort", np.median, [np.array([3.0, 1.0, 2.0, 5.0])], [[0.5, 0, 0.5, 0]]),
    ("sort", lambda x: np.quantile(x, 0.25), [np.array([3.0, 1.0, 2.0, 5.0])], [[0, 0.25, 0.75, 0]]),
    ("prod", np.prod, [np.array([0.0, 2.0, 3.0])], [[6, 0, 0]]),
    ("prod", np.prod, [np.array([0.0, 0.0, 3.0])], [[0, 0, 0]]),
    ("prod", lambda x: np.cumprod(x)[-1], [np.array([0.0, 2.0, 3.0])], [[6, 0, 0]]),
    ("logaddexp", np.logaddexp, [np.inf, np.inf], [0.5, 0.5]),
    ("logaddexp", np.logaddexp, [-np.inf, -np.inf], [0.5, 0.5]),
    ("det", np.linalg.det, [np.array([[1.0, 2.0], [2.0, 4.0]])], [[[4, -2], [-2, 1]]]),
    *[("floor", lambda x, f=f: f(x) * x, [2.4], [f(2.4)]) for f in (np.floor, np.ceil, np.rint, np.trunc, np.sign)],
    ("floor", lambda x: (x > 1) * x, [2.4], [1]),
    ("floor", lambda x: x[np.argmax(x)], [np.array([1.0, 3.0])], [[0, 1]]),
    ("x % y", lambda x, y: x % y, [7.0, 3.0], [1, -2]),
    ("x % y", np.fmod, [-7.0, 3.0], [1, 2]),
    ("x % y", lambda x: np.floor_divide(x, 2.0) * x, [7.0], [3]),
    ("1/x`", lambda x: 1 / x, [0.0], [-np.inf]),
    ("1/x`", np.log, [0.0], [np.inf]),
    ("1/x`", np.sqrt, [0.0], [np.inf]),
]  # fmt: skip


@pytest.mark.parametrize(("row", "f", "args", "expected"), ROWS, ids=[str(r[0]) for r in ROWS])
@pytest.mark.parametrize("mode", [dr.grad, dr.jacfwd])
def test_first_order(mode, row, f, args, expected):
    assert f"| `{row}" in PAGE.read_text(encoding="utf-8"), "not a row of the page"
    with np.errstate(all="ignore"):
        found = mode(f, argnums=tuple(range(len(args))))(*args)
    for one, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, wanted, rtol=1e-14, atol=1e-15)


def test_hessian_of_a_squared_norm():
    for mode in ("forward-over-reverse", "reverse-over-forward", "reverse-over-reverse"):
        hv = dr.hvp(lambda x: np.linalg.norm(x) ** 2, np.zeros(2), np.array([1.0, 3.0]), mode=mode)
        np.testing.assert_array_equal(hv, [2.0, 6.0])
    h = dr.hessian(lambda x: np.sum(np.linalg.norm(x, axis=1) ** 2))(np.zeros((2, 2)))
    np.testing.assert_array_equal(h.reshape(4, 4), 2 * np.eye(4))


@pytest.mark.xfail(reason="the zero of the root's own derivative absorbs the rest: a known gap")
def test_hessian_of_a_squared_root_of_squares():
    h = dr.hessian(lambda x: np.sqrt(np.sum(x**2)) ** 2)(np.zeros(2))
    np.testing.assert_allclose(h, 2 * np.eye(2))


def test_second_order():
    np.testing.assert_array_equal(
        dr.hessian(np.prod)(np.array([0.0, 0.0, 3.0])), [[0, 3, 0], [3, 0, 0], [0, 0, 0]]
    )
    by_det = dr.hessian(np.linalg.det)(np.array([[1.0, 2.0], [2.0, 4.0]]))
    expected = np.zeros((2, 2, 2, 2))
    expected[0, 0, 1, 1] = expected[1, 1, 0, 0] = 1
    expected[0, 1, 1, 0] = expected[1, 0, 0, 1] = -1
    np.testing.assert_allclose(by_det, expected, atol=1e-12)


def test_sinc_to_fourth_order():
    """sinc(x) = 1 - (pi x)^2 / 6 + (pi x)^4 / 120 - ...  [DLMF 4.19.1]"""
    f, expected = np.sinc, [0, -(np.pi**2) / 3, 0, np.pi**4 / 5]
    for wanted in expected:
        f = dr.derivative(f)
        np.testing.assert_allclose(f(np.array([0.0, 1e-9])), wanted, rtol=1e-12, atol=1e-7)


@pytest.mark.parametrize("f", [np.abs, np.angle], ids=["abs", "angle"])
def test_complex_zero(f):
    assert dr.grad(f)(0j) == 0


def test_every_row_is_tested():
    tested = {row for row, *_ in ROWS} | {"sinc"}
    table = PAGE.read_text(encoding="utf-8").split("## The table")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(.*)$", table, flags=re.MULTILINE)
    missing = [r for r in rows if not any(r.startswith(t) for t in tested)]
    assert len(rows) > 15 and not missing, missing
