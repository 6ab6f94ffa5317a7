"""`check`: derivatives held against each other, and against differences of the function.

No step size has to be chosen. The two modes are compared exactly, by the dot-product
identity; the function is compared with its derivatives by how fast the Taylor remainder
falls when the step is halved.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from . import tree
from .adoption import adopted
from .errors import CheckError
from .primitive import Array, Tracer, Tree
from .transforms import jvp, vjp
from .transforms.arguments import Argnums, Call, differentiable

Function = Callable[..., Any]


@dataclass
class Report:
    """What `check` found: one row a test, printed as a table.

    Attributes
    ----------
    rows : list of (str, float, float)
        Name of the test, error found, error allowed.
    """

    name: str
    rows: list[tuple[str, float, float]] = field(default_factory=list)

    def add(self, test: str, error: float, allowed: float) -> None:
        self.rows.append((test, float(error), allowed))

    @property
    def passed(self) -> bool:
        """Whether every error is within what is allowed."""
        return all(error <= allowed for _, error, allowed in self.rows)

    def __str__(self) -> str:
        width = max(len(test) for test, _, _ in self.rows)
        lines = [f"check of {self.name}: {'passed' if self.passed else 'FAILED'}"]
        for test, error, allowed in self.rows:
            mark = "ok  " if error <= allowed else "FAIL"
            lines.append(f"  {mark} {test:<{width}}  error {error:8.1e}  allowed {allowed:.0e}")
        return "\n".join(lines)


# -- the parts, which our own tests use too ---------------------------------------------


def leaves(y: Tree) -> list[Any]:
    """The leaves of a tree."""
    return tree.flatten(y)[0]


def random_like(rng: np.random.Generator, y: Tree) -> Tree:
    """A random direction: tree, shapes and dtypes of `y`."""

    def draw(v: Any) -> Any:
        v = np.asarray(v)
        d = rng.standard_normal(v.shape)
        if v.dtype.kind == "c":
            d = d + 1j * rng.standard_normal(v.shape)
        return d.astype(v.dtype)[()]

    return tree.map_leaves(draw, y)


def pairing(ct: Tree, dy: Tree) -> float:
    """The number ``Re sum(ct * dy)``: a cotangent applied to a tangent."""
    pairs = zip(leaves(ct), leaves(dy), strict=True)
    return float(sum(np.sum(np.asarray(c) * np.asarray(d)).real for c, d in pairs))


def size_of(y: Tree) -> float:
    """The largest modulus in a tree."""
    return max((float(np.max(np.abs(v), initial=0.0)) for v in leaves(y)), default=0.0)


def distance(a: Tree, b: Tree) -> float:
    """The largest difference of two trees, relative to the second where that is above 1."""
    if len(leaves(a)) != len(leaves(b)):
        return math.inf
    worst = 0.0
    for p, q in zip(leaves(a), leaves(b), strict=True):
        p, q = np.asarray(p), np.asarray(q)
        if p.shape != q.shape:
            return math.inf
        if p.size:
            gap = np.max(np.abs(p - q)) / max(1.0, float(np.max(np.abs(q))))
            worst = max(worst, float(gap) if not np.isnan(gap) else math.inf)
    return worst


def _moved(args: Sequence[Any], dargs: Sequence[Any], t: float) -> list[Any]:
    return [
        tree.map_leaves(lambda x, d: x + t * d, a, da) for a, da in zip(args, dargs, strict=True)
    ]


def differences(
    f: Function, args: Sequence[Any], dargs: Sequence[Any], step: float = 5e-4
) -> list[Any]:
    """The directional derivative by the central difference of five points, error O(step^4)."""
    h = step * max(1.0, size_of(list(args))) / max(1.0, size_of(list(dargs)))

    def at(t: float) -> list[Any]:
        return [np.asarray(v) for v in leaves(f(*_moved(args, dargs, t)))]

    rows = zip(at(h), at(-h), at(2 * h), at(-2 * h), strict=True)
    return [(8 * (p1 - m1) - (p2 - m2)) / (12 * h) for p1, m1, p2, m2 in rows]


def remainder_order(
    f: Function, args: Sequence[Any], dargs: Sequence[Any], terms: Sequence[Any]
) -> float:
    """How fast the Taylor remainder falls: its order in the step, as measured.

    ``r(h) = |f(x + h d) - sum_k h^k terms[k]|`` for a series of halved steps. With all
    terms right the order is ``len(terms)``; a wrong last term lowers it by one. The
    median of the best neighbouring rates is taken, above the level of rounding; a
    remainder at that level throughout counts as infinite order.
    """
    size = max(1.0, size_of(list(args))) / max(1e-30, size_of(list(dargs)))
    scale = max(size_of(list(terms[:1])), 1e-300)
    steps = [0.1 * size * 2.0**-k for k in range(24)]
    remainders = []
    for h in steps:
        y = leaves(f(*_moved(args, dargs, h)))
        model = [
            sum(h**k * np.asarray(leaves(t)[j]) for k, t in enumerate(terms)) for j in range(len(y))
        ]
        remainders.append(size_of([np.asarray(v) - m for v, m in zip(y, model, strict=True)]))
    noise = 200 * np.finfo(float).eps * scale
    rates = [
        math.log2(r / s)
        for r, s in itertools.pairwise(remainders)
        if r > s > noise and math.isfinite(r)
    ]
    if not rates:
        return math.inf
    tail = sorted(rates[-4:])
    return tail[len(tail) // 2]


# -- the check --------------------------------------------------------------------------


def check(
    f: Function,
    *args: Tree,
    argnums: Argnums | None = None,
    order: int = 2,
    rtol: float = 1e-6,
    seed: int = 0,
    adopt: Any = None,
    **kwargs: Any,
) -> Report:
    """Hold the derivatives of `f` against each other and against `f` itself.

    Parameters
    ----------
    f : callable
        Any function of trees of arrays; its values may be of any shape.
    *args : tree of array_like
        The point, where `f` is smooth.
    argnums : int, str, or sequence of them, optional
        The arguments to differentiate; all positional ones by default.
    order : {1, 2}
        The highest order to check.
    rtol : float
        Allowed against differences, relative to the largest derivative. Identities
        between modes are held to 1e-8.
    seed : int
        For the random directions.
    adopt : bool, callable, module, or sequence of them
        Adopt `f` (``True``), or other functions and modules, while it runs: see `adopt`.
    **kwargs
        Passed to `f`.

    Returns
    -------
    Report
        One row a test; prints as a table.

    Raises
    ------
    CheckError
        If any test fails; the message is the table.

    Notes
    -----
    Tests, along random directions ``d`` and cotangents ``c``: the value is the same in
    plain NumPy and both modes; ``<c, J d> = <J^T c, d>``; the Taylor remainder of first
    (and second) order falls with the second (third) power of the step; the five-point
    difference; and for second order the four ways to nest two modes. Cost: some 60
    evaluations of `f`. [Griewank & Walther 2008, sec. 3.2 for the identity]

    Examples
    --------
    >>> report = check(lambda x: np.sum(np.sin(x) ** 2), np.array([0.3, 1.0]))
    >>> report.passed
    True
    """
    rng = np.random.default_rng(seed)
    f = adopted(f, adopt)
    call = Call(f, tuple(range(len(args))) if argnums is None else argnums, args, kwargs)
    points = [
        tree.map_leaves(lambda leaf, k=k: differentiable(leaf, call.describe(k)), x)
        for k, x in enumerate(call.selected())
    ]

    def g(*xs: Any) -> list[Any]:  # on copies, for `f` may write to its arguments
        copies = [tree.map_leaves(lambda leaf: leaf.copy(), x) for x in xs]
        return [leaf for leaf in leaves(call.run(copies)) if _inexact(leaf)]

    report = Report(getattr(f, "__name__", repr(f)))
    dx = [random_like(rng, x) for x in points]
    y = g(*points)
    value, dy = jvp(g, points, dx)
    ct = random_like(rng, [np.asarray(v) for v in y])
    reverse_value, pullback = vjp(g, *points)
    cts = list(pullback(ct))
    report.add("value, forward mode", distance(value, y), 1e-12)
    report.add("value, reverse mode", distance(reverse_value, y), 1e-12)
    report.add(
        "dot product: forward and reverse", _relative(pairing(ct, dy), pairing(cts, dx)), 1e-8
    )
    report.add(
        "Taylor remainder, first order", _shortfall(remainder_order(g, points, dx, [y, dy]), 2), 0.3
    )
    report.add("finite differences", distance(dy, differences(g, points, dx)), rtol)
    if order >= 2:
        _check_second_order(report, g, points, dx, y, dy, ct, rng)
    if not report.passed:
        raise CheckError(str(report))
    return report


def _check_second_order(
    report: Report,
    g: Function,
    points: list[Any],
    dx: list[Any],
    y: Any,
    dy: Any,
    ct: Any,
    rng: np.random.Generator,
) -> None:
    ex = [random_like(rng, x) for x in points]

    def pushed(*xs: Any) -> Any:
        return jvp(g, xs, dx)[1]

    def pulled(*xs: Any) -> Any:
        return list(vjp(g, *xs)[1](ct))

    forward_forward = jvp(pushed, points, ex)[1]
    value = pairing(ct, forward_forward)
    ways = {
        "forward over reverse": pairing(jvp(pulled, points, ex)[1], dx),
        "reverse over forward": pairing(list(vjp(pushed, *points)[1](ct)), ex),
        "reverse over reverse": pairing(list(vjp(pulled, *points)[1](dx)), ex),
    }
    for way, other in ways.items():
        report.add(f"second order: forward over forward and {way}", _relative(other, value), 1e-8)
    half = [0.5 * np.asarray(d) for d in leaves(jvp(pushed, points, dx)[1])]
    report.add(
        "Taylor remainder, second order",
        _shortfall(remainder_order(g, points, dx, [y, dy, half]), 3),
        0.5,
    )


def _inexact(leaf: Array) -> bool:
    return isinstance(leaf, Tracer) or np.asarray(leaf).dtype.kind in "fc"


def _relative(a: float, b: float) -> float:
    gap = abs(a - b) / max(1.0, abs(a), abs(b))
    return gap if not math.isnan(gap) else math.inf


def _shortfall(found: float, expected: int) -> float:
    return max(0.0, expected - found) if not math.isnan(found) else math.inf
