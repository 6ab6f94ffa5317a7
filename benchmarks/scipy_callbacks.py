"""SciPy's solvers with exact derivatives from dualrev, against SciPy's finite differences.

    python benchmarks/scipy_callbacks.py [--quick]

writes ``results/scipy_callbacks.md``; exit code 1 where ours is not the better one in evaluations
and in time. Both start at the same point with the same options, and must end at the same
solution. For ours warnings are errors.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy import integrate, optimize
from timing import Report, arguments, duration, progress, ratio, table

import dualrev as dr

Run = Callable[..., Any]  # of a function, or of an object of ours: solves, returns the solution


class Counted:
    """A function that counts how often it is called, as a user would."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f, self.calls = f, 0

    def __call__(self, *args: Any) -> Any:
        self.calls += 1
        return self.f(*args)


@dataclass
class Comparison:
    """One problem and one solver.

    Attributes
    ----------
    solver, problem : str
    f : callable
        The user's function.
    make : callable
        ``make(f)``: our object.
    ours, theirs : callable
        Solve with our object, or with the function.
    tolerance : float
        By how much the solutions may differ, relative to the largest element.
    value : callable or None
        Solutions are compared by this value instead.
    """

    solver: str
    problem: str
    f: Callable[..., Any]
    make: Callable[..., Any]
    ours: Run
    theirs: Run
    tolerance: float = 1e-3
    value: Callable[[Any], Any] | None = None

    def row(self, budget: float) -> tuple[list[str], bool, bool]:
        """The cells; whether ours is better; whether its first solve is faster."""
        progress(f"{self.solver}: {self.problem}")
        counted = Counted(self.f)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            right = np.asarray(self.theirs(counted))
        made = self.make(self.f)

        def ours() -> Any:
            made._cache.forget()  # what is known at the points of the solve before
            with warnings.catch_warnings(), np.errstate(over="ignore"):
                warnings.simplefilter("error")
                return self.ours(made)

        def theirs() -> Any:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                return self.theirs(self.f)

        first = seconds_of(ours)
        for _ in range(UNTIL_RECORDED):
            ours()
        before = made.counts
        found = np.asarray(ours())
        counts = made.counts - before
        same = self.agrees(found, right)
        evaluations, derivatives = counts.fun, derivatives_of(counts)
        t = compared(ours, theirs, budget)
        fewer, faster = evaluations < counted.calls, t[0] < t[1]
        good = fewer and faster and same is not False
        remark = "" if good else "not faster" if fewer else "not fewer evaluations"
        if same is False:
            remark = "other solution"
        elif same is None:
            remark = (remark + "; " if remark else "") + "differences end further away"
        cells = [
            self.solver, self.problem, f"{counted.calls:,}", f"{evaluations:,}", derivatives,
            duration(t[1]), duration(t[0]), ratio(t[1] / t[0]),
            duration(first), remark,
        ]  # fmt: skip
        return cells, good, first < t[1]

    def agrees(self, found: np.ndarray, right: np.ndarray) -> bool | None:
        """Whether both end at the same; ``None`` if ours has the smaller value by far."""
        if self.value is not None:
            ours, theirs = float(self.value(found)), float(self.value(right))
            close = abs(ours - theirs) <= self.tolerance * max(1.0, abs(theirs))
            return True if close else None if ours < theirs else False
        scale = np.max(np.abs(right), initial=1.0)
        return bool(np.max(np.abs(found - right), initial=0.0) <= self.tolerance * scale)


UNTIL_RECORDED = 12  # solves: programs are recorded after ten calls, values after a hundred
HEAD = ["solver", "problem", "f, differences", "f, dualrev", "derivatives, dualrev",
        "time, differences", "time, dualrev", "ratio", "first run", "remark"]  # fmt: skip
NAMES = {
    "grad": "gradients", "hess": "Hessians", "hess_sparse": "sparse Hessians", "jac": "Jacobians",
    "hvp": "Hessian products", "jac_sparse": "sparse Jacobians", "jvp": "products",
    "jac_columns": "banded Jacobians", "fun_jac": "Jacobians", "bc_jac": "boundary Jacobians",
}  # fmt: skip


def derivatives_of(counts: Any) -> str:
    calls = {"jac" if kind == "jac_by_points" else kind for kind in counts.calls}
    kinds = dict.fromkeys(
        part
        for kind in sorted(calls)
        for part in (kind.split("_and_") if "_and_" in kind else [kind])
    )
    if "jac_sparse" in kinds:
        kinds.pop("jac_columns", None)
    return ", ".join(f"{counts.total(kind):,} {NAMES[kind]}" for kind in kinds if kind in NAMES)


def seconds_of(work: Callable[[], Any]) -> float:
    """Of the processor: what a clock on the wall says where nothing else runs."""
    start = time.process_time()
    work()
    return time.process_time() - start


def compared(ours: Run, theirs: Run, budget: float) -> tuple[float, float]:
    """The time of the fastest run of both, in turn; of what takes long a single one."""
    times: tuple[list[float], list[float]] = [], []
    until = time.perf_counter() + budget
    for k in range(40):
        times[0].append(seconds_of(ours))
        if k < 3 or statistics.median(times[1]) * k < 2 * budget:
            if k and times[1][0] > 3 * budget:
                break
            times[1].append(seconds_of(theirs))
        if k >= 4 and time.perf_counter() > until:
            break
    return min(times[0]), min(times[1])


# -- functions --------------------------------------------------------------------------------


def rosenbrock(x: Any) -> Any:
    """The extended Rosenbrock function: pairs of variables."""
    a, b = x[::2], x[1::2]
    return np.sum(100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2)


def chained(x: Any) -> Any:
    return np.sum(10.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


class Logistic:
    """Regression on data like images of digits: 8 x 8 pixels, two blurred shapes and noise."""

    def __init__(self, m: int = 400, side: int = 8) -> None:
        rng = np.random.default_rng(0)
        i, j = np.mgrid[:side, :side] / (side - 1.0) - 0.5
        ring = np.exp(-(((np.hypot(i, j) - 0.35) / 0.12) ** 2))
        bar = np.exp(-((j / 0.15) ** 2))
        self.labels = np.where(rng.random(m) < 0.5, 1.0, -1.0)
        shapes = np.where(self.labels[:, None] > 0, ring.ravel(), bar.ravel())
        self.pixels = shapes + 0.7 * rng.standard_normal((m, side * side))

    def __call__(self, w: Any) -> Any:
        margins = self.labels * (self.pixels @ w)
        return np.mean(np.logaddexp(0.0, -margins)) + 1e-2 * np.sum(w**2)


def broyden(x: Any) -> Any:
    """Broyden's tridiagonal equations."""
    before, after = np.concatenate([[0.0], x[:-1]]), np.concatenate([x[1:], [0.0]])
    return (3.0 - 2.0 * x) * x - before - 2.0 * after + 1.0


T = np.linspace(0.0, 10.0, 200)
CENTRES = np.linspace(0.5, 9.5, 12)[:, None]


def spectrum(t: Any, *p: Any) -> Any:
    """Twelve peaks: heights and widths."""
    p = np.stack(p)
    k = len(CENTRES)
    return np.sum(p[:k, None] * np.exp(-((p[k:, None] * (t - CENTRES)) ** 2)), axis=0)


PEAKS = np.concatenate([np.linspace(1.0, 2.0, 12), np.linspace(1.5, 2.5, 12)])
DATA = spectrum(T, *PEAKS) + 0.01 * np.sin(53.0 * T)


def residuals(p: Any) -> Any:
    k = len(CENTRES)
    return np.sum(p[:k, None] * np.exp(-((p[k:, None] * (T - CENTRES)) ** 2)), axis=0) - DATA


def brusselator(t: Any, y: Any) -> Any:
    u, v = y[::2], y[1::2]
    c = 0.02 * (u.size + 1) ** 2
    uu, vv = np.concatenate([[1.0], u, [1.0]]), np.concatenate([[3.0], v, [3.0]])
    du = 1.0 + u**2 * v - 4.0 * u + c * (uu[2:] - 2.0 * u + uu[:-2])
    dv = 3.0 * u - u**2 * v + c * (vv[2:] - 2.0 * v + vv[:-2])
    return np.stack([du, dv], axis=1).reshape(-1)


def start_of(n: int) -> np.ndarray:
    x = np.linspace(0.0, 1.0, n // 2 + 2)[1:-1]
    return np.stack([1.0 + np.sin(2 * np.pi * x), 3.0 + 0 * x], axis=1).reshape(-1)


def heat(t: Any, y: Any) -> Any:
    """Heat with a source that burns out, and an end that swings."""
    p = np.concatenate([[0.0], y, [np.sin(t)]])
    return (y.size + 1) ** 2 * (p[2:] - 2.0 * y + p[:-2]) + np.exp(-y)


def chain(x: Any, y: Any) -> Any:
    """Coupled oscillators with a nonlinear restoring force, as a boundary value problem."""
    n = len(y) // 2
    u, v = y[:n], y[n:]
    return np.concatenate([v, np.sinh(u) - 0.1 * np.roll(u, 1, axis=0)])


def ends(ya: Any, yb: Any) -> Any:
    n = len(ya) // 2
    return np.concatenate([ya[:n] - 0.3, yb[:n] - 0.1 * np.arange(n)])


def bratu(u: Any) -> Any:
    m = u.shape[0]
    v = np.pad(u, 1)
    around = v[2:, 1:-1] + v[:-2, 1:-1] + v[1:-1, 2:] + v[1:-1, :-2]
    return (m + 1) ** 2 * (around - 4.0 * u) + 6.0 * np.exp(u)


def curved(x: Any) -> Any:
    """Constraints on neighbours."""
    return x[1:] ** 2 + x[:-1]


# -- comparisons ----------------------------------------------------------------------------


def minimizers(n: int) -> list[Comparison]:
    """Methods that need a gradient have no differences in SciPy: these get its own two-point ones."""
    found = []
    logistic = Logistic()
    settings = [
        (f"Rosenbrock, {n}", rosenbrock, np.tile([-1.2, 1.0], n // 2)),
        (f"logistic, {logistic.pixels.shape[1]}", logistic, np.zeros(64)),
    ]
    methods = ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP", "Newton-CG", "trust-ncg", "trust-krylov",
               "trust-exact", "dogleg", "trust-constr"]  # fmt: skip
    limits = {
        "SLSQP": {"maxiter": 1000},
        "TNC": {"maxfun": 100_000},
        "trust-constr": {"maxiter": 2000},
    }
    for name, f, x0 in settings:
        for method in methods:
            start = x0
            if method == "dogleg" and f is rosenbrock:  # its Hessian is not definite on the way
                start = np.full(n, 1.3)
            options = limits.get(method, {})
            found.append(
                Comparison(
                    method, name, f, dr.scipy.Objective,
                    partial(minimized, method, start, options),
                    partial(minimized_by_differences, method, start, options),
                    2e-3, f,
                )
            )  # fmt: skip
    return found


def minimized(method: str, x0: Any, options: Any, P: Any) -> Any:
    return P.minimize(x0, method, **options).x


STEP = 1e-5  # of differences of gradients that are differences themselves


def minimized_by_differences(method: str, x0: Any, options: Any, f: Any) -> Any:
    more: dict[str, Any] = {}
    if method in ("Newton-CG", "trust-ncg", "trust-krylov", "trust-exact", "dogleg"):

        def jac(x: Any) -> Any:
            return optimize.approx_fprime(x, f)

        more["jac"] = jac
        if method in ("trust-exact", "dogleg"):
            more["hess"] = lambda x: symmetric(optimize.approx_fprime(x, jac, STEP))
        else:
            more["hessp"] = lambda x, p: slope_along(jac, x, p)
    return optimize.minimize(f, x0, method=method, options=options, **more).x


def slope_along(jac: Run, x: Any, p: Any) -> Any:
    h = STEP / max(float(np.linalg.norm(p)), 1e-300)
    return (jac(x + h * p) - jac(x - h * p)) / (2.0 * h)


def symmetric(h: Any) -> Any:
    return 0.5 * (h + h.T)


def sparse_minimizers(n: int) -> list[Comparison]:
    x0 = np.full(n, 1.1)
    return [
        Comparison(
            method, f"chained, {n:,}", chained, dr.scipy.Objective,
            partial(minimized, method, x0, {}),
            partial(minimized_by_differences, method, x0, {}),
            2e-3, chained,
        )
        for method in ("trust-constr", "trust-krylov")
    ]  # fmt: skip


def fits() -> list[Comparison]:
    start = np.concatenate([np.full(12, 1.2), np.full(12, 2.0)])
    found = [
        Comparison(
            f"least_squares, {method}", "peaks, 24", residuals, dr.scipy.Residuals,
            lambda R, method=method: optimize.least_squares(R, start, method=method, **R.kw(method)).x,
            lambda f, method=method: optimize.least_squares(f, start, method=method).x,
        )
        for method in ("trf", "dogbox", "lm")
    ]  # fmt: skip
    found += [
        Comparison(
            f"curve_fit, {method}", "peaks, 24", spectrum, dr.scipy.CurveFit,
            lambda C, method=method: C.fit(T, DATA, start, method=method).x,
            lambda f, method=method: optimize.curve_fit(f, T, DATA, start, method=method)[0],
        )
        for method in ("lm", "trf", "dogbox")
    ]  # fmt: skip
    return found


def equations(n: int, side: int) -> list[Comparison]:
    start, square = np.full(n, -1.0), np.zeros((side, side))
    found = [
        Comparison(
            f"root, {method}", f"Broyden, {n}", broyden, dr.scipy.Root,
            lambda F, method=method: F.solve(start, method).x,
            lambda f, method=method: optimize.root(f, start, method=method).x,
        )
        for method in ("hybr", "lm", "krylov")
    ]  # fmt: skip
    found.append(
        Comparison(
            "newton_krylov", f"Bratu 2-D, {side * side:,}", bratu,
            partial(dr.scipy.Root, like=square),
            lambda F: F.newton_krylov(square),
            lambda f: optimize.newton_krylov(f, square),
            1e-4,
        )
    )  # fmt: skip
    return found


def equations_of_motion(sizes: list[int]) -> list[Comparison]:
    return [
        Comparison(
            f"solve_ivp, {method}", f"{name}, {n}", f, dr.scipy.ODE,
            partial(solved, (0.0, 5.0), y0, method),
            partial(solved_by_differences, (0.0, 5.0), y0, method),
            5e-3,
        )
        for n in sizes
        for name, f, y0 in (("Brusselator", brusselator, start_of(n)), ("heat", heat, np.zeros(n)))
        for method in ("Radau", "BDF", "LSODA")
    ]  # fmt: skip


def solved(span: Any, y0: Any, method: str, P: Any) -> Any:
    return P.solve(span, y0, method).y[:, -1]


def solved_by_differences(span: Any, y0: Any, method: str, f: Any) -> Any:
    return integrate.solve_ivp(f, span, y0, method).y[:, -1]


def boundary(n: int) -> list[Comparison]:
    x = np.linspace(0.0, 1.0, 11)
    y = np.zeros((2 * n, x.size))
    return [
        Comparison(
            "solve_bvp", f"chain, {2 * n}", chain, partial(dr.scipy.BVP, bc=ends),
            lambda P: P.solve(x, y).sol(x),
            lambda f: integrate.solve_bvp(f, ends, x, y).sol(x),
        )
    ]  # fmt: skip


def constrained(n: int) -> list[Comparison]:
    """Objective and constraint by one or the other; counted are those of the constraint."""
    x0 = np.full(n, 0.5)
    found = []
    for method in ("SLSQP", "trust-constr"):
        options = {"maxiter": 3000} if method == "trust-constr" else {}
        found.append(
            Comparison(
                f"{method}, NonlinearConstraint", f"chained, {n}", curved,
                partial(dr.scipy.Constraint, lb=-np.inf, ub=1.0),
                partial(under_constraint, method, x0, options, dr.scipy.Objective(chained)),
                partial(under_constraint_by_differences, method, x0, options),
                2e-3, chained,
            )
        )  # fmt: skip
    return found


def under_constraint(method: str, x0: Any, options: Any, P: Any, c: Any) -> Any:
    P.forget()
    return P.minimize(x0, method, constraints=c, **options).x


def under_constraint_by_differences(method: str, x0: Any, options: Any, f: Any) -> Any:
    limits = optimize.NonlinearConstraint(f, -np.inf, 1.0)
    return optimize.minimize(chained, x0, method=method, constraints=limits, options=options).x


def main() -> int:
    options = arguments(__doc__ or "", all="exit code 0 whatever comes out")
    quick = options.quick
    budget = 0.3 if quick else 1.5
    report = Report("SciPy's solvers: exact derivatives against differences",
                    options.output / "scipy_callbacks.md",
                    "Processor time, the fastest of many runs in turn, in one process.")  # fmt: skip
    report.add(
        "Differences are those that SciPy takes by itself; where it takes none (Newton-CG, the trust "
        "region methods but trust-constr) they are `approx_fprime` for the gradient, and differences "
        "of that, with a step that suits their errors, for the Hessian and its products. The number after a problem is that of its unknowns. Evaluations are "
        "those of the user's function, counted in it. The time is that of a solve whose programs are "
        "recorded, which they are after some calls; that of the first one is beside it. Ratios within "
        "5 % of 1 "
        "are a draw. SLSQP and TNC have higher limits than by default, without which differences do not "
        "arrive; for constraints the evaluations are those of the constraint. "
        "Where a ratio is near 1, the function is so cheap that SciPy's own work is nearly all of the time: "
        "solve_ivp and solve_bvp at 40 unknowns, Krylov methods (which take no more evaluations "
        "by differences than products)."
    )
    sections: list[tuple[str, list[Comparison]]] = [
        ("minimize", minimizers(30)),
        ("minimize, sparse", sparse_minimizers(100 if quick else 1000)),
        ("constraints", constrained(30)),
        ("least_squares and curve_fit", fits()),
        ("root and newton_krylov", equations(50, 16 if quick else 40)),
        ("solve_ivp", equations_of_motion([40] if quick else [40, 200])),
        ("solve_bvp", boundary(12)),
    ]
    worse, slow_at_first = [], []
    for title, comparisons in sections:
        rows = []
        for comparison in comparisons:
            cells, good, is_fast_at_once = comparison.row(budget)
            rows.append(cells)
            if not is_fast_at_once:
                slow_at_first.append(f"{cells[0]}, {cells[1]}")
            if not good:
                worse.append(f"{cells[0]}, {cells[1]}: {cells[-1]}")
        report.add(f"## {title}")
        report.add(table(rows, HEAD))
    total = sum(len(comparisons) for _, comparisons in sections)
    report.add("## Bars")
    report.add(
        f"Fewer evaluations and less time, once recorded: {total - len(worse)} of {total}."
        + "".join(f"\n\n* {line}" for line in worse)
    )
    report.add(
        f"The first solve takes less time than differences in "
        f"{total - len(slow_at_first)} of {total}. It takes more, so that a single solve does not pay, "
        f"for: {'; '.join(slow_at_first) or 'none'}."
    )
    report.save()
    return int(bool(worse) and not options.all)


if __name__ == "__main__":
    sys.exit(main())
