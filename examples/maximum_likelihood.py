"""Maximum likelihood and standard errors: the flow of the Nile, and O-rings of the space shuttle.

The standard errors of a maximum likelihood fit are those of the inverse Hessian, and the Hessian of a
likelihood that is a loop, such as a Kalman filter, is seldom written by hand. `dr.hessian` takes it
from the loop as it is.

The Nile: a hundred annual flows are a level that wanders, and noise, ``y = level + e`` and
``level' = level + w``; their two variances are to be found [Durbin & Koopman 2012, ch. 2]. The
independent answer is the density of the differences of the flows, a Gaussian with a tridiagonal
covariance, whose derivatives are formulas. The likelihood, differentiated by the data, smooths them,
too: ``y + v g`` is the mean of the level given all flows, and ``v + v^2 H`` its variance, where ``v`` is
the variance of ``e``, and ``g``, ``H`` are gradient and Hessian by the flows [Efron 2011].

The O-rings: logistic regression of the distress of joints on the temperature, at 23 flights of the
space shuttle [Dalal, Fowlkes & Hoadley 1989]. A function of the parameters, here the chance of
distress on a cold morning, has the standard error ``sqrt(g' C g)``: the delta method, with `dr.grad`.

What it finds: variances of 15098.5 and 1469.2 (published: 15099 and 1469.1) with standard errors of
3146 and 1280, which are those of the formulas to 1e-14. The ``hess_inv`` of SciPy's BFGS, which is often
taken for the covariance, depends on the path: from one start of six it doubles an error. Second
differences are good to 6 digits with the best of steps, and to 2 with one a hundred times smaller. For
the O-rings the published line, and at 31 F a chance of distress of 0.9996, with the interval from 0.48
to 1: nobody had flown below 53 F.

    python examples/maximum_likelihood.py
    python examples/maximum_likelihood.py --picture nile.svg
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy import optimize

import dualrev as dr
from dualrev.charts import line_chart
from dualrev.comparison import require
from dualrev.timing import table

DATA = Path(__file__).parent / "data" / "nile.csv"
PUBLISHED = 15099.0, 1469.1  # variances of noise and level [Durbin & Koopman 2012, 2.10]
NORMAL = 1.959963984540054  # 95 of 100 lie within so many standard deviations

TEMPERATURE = np.array([
    66, 70, 69, 68, 67, 72, 73, 70, 57, 63, 70, 78, 67, 53, 67, 75, 70, 81, 76, 79, 75, 76, 58,
])  # fmt: skip
DISTRESS = np.array([0, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1])


def error(found, true):
    """The largest error, relative to the largest entry."""
    return np.max(np.abs(found - true)) / np.max(np.abs(true))


# -- the Nile ----------------------------------------------------------------------------


def log_likelihood(variances, flow):
    """The Kalman filter; nothing is known of the first level [Durbin & Koopman 2012, 2.9]."""
    noise, wander = variances
    level, spread = flow[0], noise + wander
    total = -0.5 * len(flow) * np.log(2 * np.pi)
    for y in flow[1:]:
        surprise, variance = y - level, spread + noise
        total = total - 0.5 * (np.log(variance) + surprise**2 / variance)
        gain = spread / variance
        level = level + gain * surprise
        spread = (1 - gain) * spread + wander
    return total


def by_hand(variances, flow):
    """Gradient and Hessian of the log-likelihood, from the covariance of the differences."""
    d, n = np.diff(flow), len(flow) - 1
    # the covariance is linear in the variances, with these coefficients
    parts = [2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1), np.eye(n)]
    inverse = np.linalg.inv(variances[0] * parts[0] + variances[1] * parts[1])
    moved = [inverse @ part for part in parts]
    whitened = inverse @ d
    gradient = [0.5 * (whitened @ part @ whitened - np.trace(m)) for part, m in zip(parts, moved)]
    hessian = [[0.5 * np.trace(a @ b) - d @ a @ b @ whitened for b in moved] for a in moved]
    return np.array(gradient), np.array(hessian)


def smoothed_by_hand(variances, flow):
    """Mean and variance of the levels given all flows: a linear system."""
    steps = np.diff(np.eye(len(flow)), axis=0)
    covariance = np.linalg.inv(np.eye(len(flow)) / variances[0] + steps.T @ steps / variances[1])
    return covariance @ flow / variances[0], np.diag(covariance)


def second_differences(f, x, h):
    """The Hessian by differences of `f`, with the steps ``h x``."""
    steps = np.diag(h * x)
    return np.array([
        [(f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b)) / 4 for b in steps]
        for a in steps
    ]) / np.outer(h * x, h * x)  # fmt: skip


def errors_of(hessian):
    return np.sqrt(np.diag(np.linalg.inv(-hessian)))


def nile(flow):
    """The variances with standard errors, by several ways; and the levels."""

    def loss(logs):  # of the logarithms: variances are positive
        return -log_likelihood(np.exp(logs), flow)

    start = np.log([1e4, 1e4])
    found = dr.scipy.Objective(loss, compile=False).minimize(start, method="trust-exact", tol=1e-6)
    require(found.success, found.message)
    variances = np.exp(found.x)
    close = np.abs(variances - PUBLISHED) < [0.5, 0.1]
    require(bool(np.all(close)), f"other variances than published: {variances}")

    def of_variances(v):
        return log_likelihood(v, flow)

    gradient_by_hand = by_hand(variances * 1.1, flow)[0]
    gradient = dr.grad(of_variances)(variances * 1.1)  # not at the maximum: there it is zero
    require(error(gradient, gradient_by_hand) < 1e-10, "the gradient is not that by hand")
    hessian_by_hand = by_hand(variances, flow)[1]
    true = errors_of(hessian_by_hand)
    ways = {"dr.hessian": dr.hessian(of_variances)(variances), "by hand": hessian_by_hand}
    for h in (1e-2, 1e-3, 1e-4, 1e-5, 1e-6):
        ways[f"differences, step {h:.0e}"] = second_differences(of_variances, variances, h)
    rows = []
    for name, hessian in ways.items():
        errors = errors_of(hessian)
        rows.append([name, *(f"{e:.1f}" for e in errors), f"{error(errors, true):.0e}"])
        require(name != "dr.hessian" or error(errors, true) < 1e-10, "wrong standard errors")
    for noise, wander in ((1e4, 1e4), (1e4, 1e3), (2e4, 2e3), (2e4, 1e2), (5e3, 5e3), (3e4, 3e4)):
        quasi = optimize.minimize(loss, np.log([noise, wander]), method="BFGS")
        require(error(np.exp(quasi.x), variances) < 1e-3, "BFGS finds another maximum")
        errors = np.sqrt(np.diag(quasi.hess_inv)) * variances  # of logarithms, by the delta method
        name = f"hess_inv of BFGS from {noise:,.0f}; {wander:,.0f}"
        rows.append([name, *(f"{e:.1f}" for e in errors), f"{error(errors, true):.0e}"])
    print(f"The Nile: variances {variances[0]:.1f} and {variances[1]:.1f}\n")
    print(table(rows, ["standard errors by", "of the noise", "of the level", "error"]))

    covariance = np.linalg.inv(-ways["dr.hessian"])
    slope = dr.grad(lambda v: v[1] / v[0])(variances)
    ratio = variances[1] / variances[0]
    print(f"\nTheir ratio: {ratio:.4f} +- {np.sqrt(slope @ covariance @ slope):.4f} (delta method)")

    def of_flow(y):
        return log_likelihood(variances, y)

    level = flow + variances[0] * dr.grad(of_flow)(flow)
    spread = variances[0] + variances[0] ** 2 * np.diag(dr.hessian(of_flow)(flow))
    level_by_hand, spread_by_hand = smoothed_by_hand(variances, flow)
    require(error(level, level_by_hand) < 1e-11, "the smoothed level is not that by hand")
    require(error(spread, spread_by_hand) < 1e-10, "its variance is not that by hand")
    print(
        f"Level in 1871: {level[0]:.0f} +- {np.sqrt(spread[0]):.0f}, "
        f"in 1970: {level[-1]:.0f} +- {np.sqrt(spread[-1]):.0f} (as by smoothing by hand)\n"
    )
    return level, np.sqrt(spread)


# -- the O-rings -------------------------------------------------------------------------


def distress_loss(b):
    z = log_odds(b, TEMPERATURE)
    return np.sum(np.logaddexp(0.0, z) - DISTRESS * z)


def reweighted_by_hand():
    """Iteratively reweighted least squares, and the inverse of the information."""
    X = np.stack([np.ones(len(TEMPERATURE)), TEMPERATURE], axis=-1)
    b = np.zeros(2)
    for _ in range(30):
        p = 1 / (1 + np.exp(-X @ b))
        information = X.T @ ((p * (1 - p))[:, None] * X)
        b = b + np.linalg.solve(information, X.T @ (DISTRESS - p))
    return b, np.linalg.inv(information)


def log_odds(b, temperature):
    return b[0] + b[1] * temperature


def chance(b, temperature):
    return 1 / (1 + np.exp(-log_odds(b, temperature)))


def o_rings():
    """The line with its standard errors, and the chance on a cold morning."""
    found = dr.scipy.Objective(distress_loss).minimize(np.zeros(2), method="trust-exact", tol=1e-8)
    b, covariance = found.x, np.linalg.inv(dr.hessian(distress_loss)(found.x))
    b_by_hand, covariance_by_hand = reweighted_by_hand()
    require(error(b, b_by_hand) < 1e-8, "the line is not that by hand")
    require(error(covariance, covariance_by_hand) < 1e-7, "the covariance is not that by hand")
    errors = np.sqrt(np.diag(covariance))
    published = [15.0429, 7.3786, -0.2322, 0.1082]
    ours = [b[0], errors[0], b[1], errors[1]]
    require(np.all(np.round(ours, 4) == published), f"other numbers than published: {ours}")
    print(f"O-rings: log odds {b[0]:.4f} ({errors[0]:.4f}) {b[1]:+.4f} ({errors[1]:.4f}) T\n")
    rows = []
    for t in (31.0, 50.0, 60.0, 70.0, 80.0):
        slope = dr.grad(chance)(b, t)
        deviation = np.sqrt(slope @ covariance @ slope)
        slope = dr.grad(log_odds)(b, t)  # the band of the log odds stays between 0 and 1
        width = NORMAL * np.sqrt(slope @ covariance @ slope)
        low, high = (1 / (1 + np.exp(-log_odds(b, t) - side)) for side in (-width, width))
        x = np.array([1.0, t])  # on paper: the slope of the log odds is (1, T)
        true = NORMAL * np.sqrt(x @ covariance_by_hand @ x)
        require(abs(width / true - 1) < 1e-7, f"the band at {t} F is wrong")
        p = chance(b, t)
        require(abs(deviation / (p * (1 - p) * true / NORMAL) - 1) < 1e-7, "wrong delta method")
        rows.append([f"{t:.0f}", f"{p:.4f}", f"{deviation:.4f}", f"{low:.3f}", f"{high:.4f}"])
    print(table(rows, ["F", "chance", "deviation", "95 % from", "to"]))


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--picture", type=Path, metavar="SVG", help="draw the Nile's level")
    options = parser.parse_args(argv)
    years, flow = np.loadtxt(DATA, delimiter=",").T
    level, deviation = nile(flow)
    o_rings()
    if options.picture:
        labels = {"xlabel": "year", "ylabel": "flow at Aswan, 10^8 m^3"}
        line_chart(
            {"level": (years, level)},
            options.picture,
            "The Nile: flows, level, and two standard deviations about it",
            **labels,
            points={"flow": (years, flow)},
            bands={"level": (years, level - 2 * deviation, level + 2 * deviation)},
        )
        print(f"\nPicture: {options.picture}")


if __name__ == "__main__":
    main()
