"""Nonlinear least squares on seven problems of NIST, with exact Jacobians and influences.

NIST certifies parameters, their standard deviations and the residual sum of squares to eleven
digits [NIST StRD]. The standard deviations come from the Jacobian at the solution, so they show
what a Jacobian is worth. `dr.scipy.CurveFit` gives SciPy's `curve_fit` the exact one; without it
SciPy takes differences. Both start where NIST says, and are asked for all the digits that there
are.

A fit is a function of the data, and `dualrev.scipy.optimize.curve_fit` is differentiable as such, by
the implicit function theorem: `dr.jacobian` gives the influence of every measurement on every
parameter. That is what a change of a measurement does, to first order. From the influences follows,
too, what leaving a measurement out does. Both are compared with fits to changed data.

What it finds: the exact Jacobian gives parameters and standard deviations to 8.5 digits or more from
far starts and near ones, mostly to all that are certified; differences give 6 to 8 digits of the
standard deviations, and take twice the calls. The influences are as by hand to 1e-13. Without its last
measurement, b1 of Misra1a falls by 3.79, more than its standard deviation of 2.71; the influence of that
measurement says 3.86. None of the other thirteen moves b1 by more than 1.01.

    python examples/curve_fit.py
    python examples/curve_fit.py --picture influence.svg
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import optimize

import dualrev as dr
from dualrev.charts import line_chart
from dualrev.comparison import require
from dualrev.scipy import CurveFit
from dualrev.scipy.optimize import curve_fit
from dualrev.timing import table

# -- the problems, https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml -------------------


class Problem(NamedTuple):
    """Data, a model, the two starts, and what is certified."""

    data: np.ndarray  # rows (y, x)
    model: object
    starts: list
    parameters: list
    deviations: list
    residual: float  # sum of squares


MISRA = np.array([
    [10.07, 77.6], [14.73, 114.9], [17.94, 141.1], [23.93, 190.8], [29.61, 239.9],
    [35.18, 289.0], [40.02, 332.8], [44.82, 378.4], [50.76, 434.8], [55.05, 477.3],
    [61.01, 536.8], [66.40, 593.1], [75.47, 689.1], [81.78, 760.0],
])  # fmt: skip
DANWOOD = np.array([
    [2.138, 1.309], [3.421, 1.471], [3.597, 1.490], [4.340, 1.565], [4.882, 1.611], [5.660, 1.680],
])  # fmt: skip
RAT42 = np.array([
    [8.93, 9], [10.80, 14], [18.59, 21], [22.33, 28], [39.35, 42], [56.11, 57], [61.73, 63],
    [64.62, 70], [67.08, 79],
])  # fmt: skip
MGH10 = np.column_stack([
    [34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744,
     8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872],
    np.arange(50.0, 126.0, 5.0),
])  # fmt: skip

# fmt: off
PROBLEMS = {
    "Misra1a": Problem(
        MISRA, lambda x, b1, b2: b1 * (1 - np.exp(-b2 * x)),
        [[500, 1e-4], [250, 5e-4]],
        [2.3894212918e2, 5.5015643181e-4], [2.7070075241, 7.2668688436e-6], 1.2455138894e-1,
    ),
    "Misra1b": Problem(
        MISRA, lambda x, b1, b2: b1 * (1 - (1 + b2 * x / 2) ** -2),
        [[500, 1e-4], [300, 2e-4]],
        [3.3799746163e2, 3.9039091287e-4], [3.1643950207, 4.2547321834e-6], 7.5464681533e-2,
    ),
    "Misra1c": Problem(
        MISRA, lambda x, b1, b2: b1 * (1 - (1 + 2 * b2 * x) ** -0.5),
        [[500, 1e-4], [600, 2e-4]],
        [6.3642725809e2, 2.0813627256e-4], [4.6638326572, 1.7728423155e-6], 4.0966836971e-2,
    ),
    "Misra1d": Problem(
        MISRA, lambda x, b1, b2: b1 * b2 * x / (1 + b2 * x),
        [[500, 1e-4], [450, 3e-4]],
        [4.3736970754e2, 3.0227324449e-4], [3.6489174345, 2.9334354479e-6], 5.6419295283e-2,
    ),
    "DanWood": Problem(
        DANWOOD, lambda x, b1, b2: b1 * x**b2,
        [[1, 5], [0.7, 4]],
        [7.6886226176e-1, 3.8604055871], [1.8281973860e-2, 5.1726610913e-2], 4.3173084083e-3,
    ),
    "Rat42": Problem(
        RAT42, lambda x, b1, b2, b3: b1 / (1 + np.exp(b2 - b3 * x)),
        [[100, 1, 0.1], [75, 2.5, 0.07]],
        [7.2462237576e1, 2.6180768402, 6.7359200066e-2],
        [1.7340283401, 8.8295217536e-2, 3.4465663377e-3], 8.0565229338,
    ),
    "MGH10": Problem(
        MGH10, lambda x, b1, b2, b3: b1 * np.exp(b2 / (x + b3)),
        [[2, 400000, 25000], [0.02, 4000, 250]],
        [5.6096364710e-3, 6.1813463463e3, 3.4522363462e2],
        [1.5687892471e-4, 2.3309021107e1, 7.8486103508e-1], 8.7945855171e1,
    ),
}
# fmt: on
TO_THE_END = {"ftol": 1e-15, "xtol": 1e-15, "maxfev": 10_000}


# -- the certified digits ----------------------------------------------------------------


def digits(found, certified):
    """How many digits agree, of the worst one; those that are certified are eleven."""
    error = np.max(np.abs(np.asarray(found) / np.asarray(certified) - 1))
    return min(11.0, -np.log10(max(error, 1e-16)))


def fitted(problem, start, exact):
    """Parameters, standard deviations, evaluations of model and Jacobian."""
    y, x = problem.data.T
    if exact:
        fit = CurveFit(problem.model).fit(x, y, start, **TO_THE_END)
        return fit.x, np.sqrt(np.diag(fit.covariance)), fit.counts.fun + fit.counts.jac
    p, covariance, info, _, _ = optimize.curve_fit(
        problem.model, x, y, start, full_output=True, **TO_THE_END
    )
    return p, np.sqrt(np.diag(covariance)), info["nfev"]


def certified():
    """Both ways, from both starts, against what NIST certifies."""
    rows = []
    for name, problem in PROBLEMS.items():
        y, x = problem.data.T
        for where, start in zip(("far", "near"), problem.starts, strict=True):
            row = [name, where]
            for exact in (True, False):
                p, deviations, evaluations = fitted(problem, start, exact)
                square = np.sum((y - problem.model(x, *p)) ** 2)
                found = digits(p, problem.parameters), digits(deviations, problem.deviations)
                require(digits(square, problem.residual) > 9, f"{name}: the fit is not the best")
                if exact:
                    require(min(found) > 7.5, f"{name}: only {min(found):.1f} digits")
                row += [f"{found[0]:.1f}", f"{found[1]:.1f}", f"{evaluations:,}"]
            rows.append(row)
    head = ["digits of", "start", "b, exact", "sd", "calls", "b, differences", "sd", "calls"]
    print(table(rows, head) + "\n")


# -- influences --------------------------------------------------------------------------


def fit_to(y, x, model, start):
    """The parameters as a differentiable function of the measurements."""
    return curve_fit(model, x, y, start, jac=CurveFit(model).jac, ftol=1e-15, xtol=1e-15)[0]


def influences_by_hand(x, y, b1, b2):
    """``H^-1 J^T``: of Misra1a, with the Hessian ``H = J^T J + sum r r''`` of half the squares."""
    decay = np.exp(-b2 * x)
    jac = np.stack([1 - decay, b1 * x * decay], axis=-1)
    residuals = b1 * (1 - decay) - y
    mixed, second = residuals @ (x * decay), residuals @ (-b1 * x**2 * decay)
    return np.linalg.solve(jac.T @ jac + [[0, mixed], [mixed, second]], jac.T)


def influence():
    """What each measurement does to b1 of Misra1a: changed a little, and left out."""
    problem = PROBLEMS["Misra1a"]
    (y, x), start = problem.data.T, problem.starts[1]
    p = fit_to(y, x, problem.model, start)
    influences = dr.jacobian(fit_to)(y, x, problem.model, start)
    by_hand = influences_by_hand(x, y, *p)
    error = np.max(np.abs(influences / by_hand - 1))
    require(error < 1e-8, f"the influences are wrong by {error:.1e}")

    # Without measurement i: its residual moves the fit, and the fit moves its residual. With the
    # leverage h = (d fitted_i / d y_i) the change is -dp/dy_i r_i / (1 - h), to first order.
    fitted_values = problem.model(x, *p)
    jac = CurveFit(problem.model).jac(x, *p)
    leverages = np.sum(jac * influences.T, axis=1)
    foreseen = -influences[0] * (y - fitted_values) / (1 - leverages)
    left_out, rows = np.empty(len(y)), []
    for k in range(len(y)):
        moved = fit_to(y + 0.1 * (np.arange(len(y)) == k), x, problem.model, start)[0] - p[0]
        kept = np.arange(len(y)) != k
        left_out[k] = fit_to(y[kept], x[kept], problem.model, p)[0] - p[0]
        slope = 0.1 * influences[0, k]
        require(abs(moved - slope) < 0.02 * np.max(np.abs(influences)), "a change is not foreseen")
        rows.append([
            f"{x[k]:g}", f"{y[k]:g}", f"{slope:+.3f}", f"{moved:+.3f}",
            f"{foreseen[k]:+.3f}", f"{left_out[k]:+.3f}",
        ])  # fmt: skip
    worst = np.max(np.abs(foreseen - left_out)) / np.max(np.abs(left_out))
    require(worst < 0.05, f"what leaving out does is not foreseen: {worst:.2f}")
    head = ["x", "y", "b1 by dr, y + 0.1", "refitted", "b1 by dr, left out", "refitted"]
    print(f"Influences on b1 of Misra1a ({p[0]:.2f} +- {problem.deviations[0]:.2f}):\n")
    print(table(rows, head))
    print(f"\nInfluences as by hand to {error:.0e}; leaving out is foreseen to {worst:.1%}.")
    return x, foreseen, left_out


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--picture", type=Path, metavar="SVG", help="draw the influences")
    options = parser.parse_args(argv)
    certified()
    x, foreseen, left_out = influence()
    if options.picture:
        title = "Misra1a: change of b1 when a measurement is left out"
        labels = {"xlabel": "x of the measurement", "ylabel": "change of b1"}
        line = {"by the influence": (x, foreseen)}
        line_chart(line, options.picture, title, **labels, points={"refitted": (x, left_out)})
        print(f"\nPicture: {options.picture}")


if __name__ == "__main__":
    main()
