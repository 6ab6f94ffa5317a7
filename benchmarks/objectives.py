"""Objectives as a user of NumPy writes them, each with the gradient that one writes by hand.

A function takes the namespace that it computes with, then its arguments, then its constants:
``objective.bind(np)`` is a function of the arguments alone, which the constants are closed over.
The gradients by hand make no pass that is not needed, but neither do they reuse buffers or leave
NumPy: this is what a skilled person would write and still want to read.

[SKF18] F. Srajer, Z. Kukelova, A. Fitzgibbon: A benchmark of selected algorithmic differentiation
tools on some problems in computer vision and machine learning. Optimization Methods and Software
33 (2018), 889-906. The last three objectives are written from its formulas.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

Function = Callable[..., Any]


@dataclass(frozen=True)
class Objective:
    """A function whose value is one number, and its value and gradient by hand.

    Attributes
    ----------
    name : str
    f : callable
        ``f(xp, *args, *constants)``.
    by_hand : callable
        ``by_hand(*args, *constants)``: value and gradient, or the Hessian-vector product.
    points : sequence of tuple
        Arguments; a call of a benchmark goes through all of them.
    constants : tuple
    argnums : int or tuple of int
        What is differentiated.
    forms : dict
        Other forms of `f`, by the name of the namespace, where `f` itself does not run.
    is_product : bool
        Whether the Hessian times a vector is wanted: the last argument is the vector.
    is_scalar : bool
        Whether it computes with single floats: `f` runs with ``math``, too.
    is_large : bool
        Whether its memory is of interest.
    """

    name: str
    f: Function
    by_hand: Function
    points: Sequence[tuple[Any, ...]]
    constants: tuple[Any, ...] = ()
    argnums: int | tuple[int, ...] = 0
    forms: dict[str, Function] = field(default_factory=dict)
    is_product: bool = False
    is_scalar: bool = False
    is_large: bool = False

    def bind(self, xp: Any) -> Function:
        """The function of the arguments alone, in one namespace."""
        f = partial(self.forms.get(xp.__name__, self.f), xp)
        return closed(f, tuple(converted(xp, c) for c in self.constants))

    def hand(self) -> Function:
        return closed(self.by_hand, self.constants)


def closed(f: Function, constants: tuple[Any, ...]) -> Function:
    return (lambda *args: f(*args, *constants)) if constants else f


def converted(xp: Any, value: Any) -> Any:
    """A constant for PyTorch, which does not multiply arrays of NumPy; others take them."""
    is_data = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return xp.from_numpy(value) if xp.__name__ == "torch" and is_data else value


# -- Rosenbrock -------------------------------------------------------------------------


def rosenbrock(xp: Any, x: Any) -> Any:
    return xp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_casadi(ca: Any, x: Any) -> Any:
    return ca.sum1(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_by_hand(x: np.ndarray) -> tuple[Any, np.ndarray]:
    a = x[:-1]
    t, u = x[1:] - a**2, 1.0 - a
    t200 = 200.0 * t
    g = np.empty_like(x)
    g[-1] = 0.0
    g[:-1] = -2.0 * (a * t200 + u)
    g[1:] += t200
    return 100.0 * (t @ t) + u @ u, g


def rosenbrock_of(n: int) -> Objective:
    forms = {"casadi": rosenbrock_casadi}
    points = [(np.linspace(-1.0, 1.5, n),)]
    return Objective(f"Rosenbrock, n = {n:,}", rosenbrock, rosenbrock_by_hand, points, forms=forms)


# -- logistic regression ----------------------------------------------------------------

PENALTY = 1e-3


def logistic(xp: Any, w: Any, x: Any, y: Any) -> Any:
    return xp.mean(xp.logaddexp(0.0, -y * (x @ w))) + 0.5 * PENALTY * (w @ w)


def logistic_torch(torch: Any, w: Any, x: Any, y: Any) -> Any:
    loss = torch.nn.functional.softplus(-y * (x @ w), threshold=1e9)
    return torch.mean(loss) + 0.5 * PENALTY * (w @ w)


def logistic_by_hand(w: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[Any, np.ndarray]:
    m = -y * (x @ w)
    loss = np.logaddexp(0.0, m)
    value = loss.sum() / y.size + 0.5 * PENALTY * (w @ w)
    return value, (y * np.exp(m - loss)) @ x * (-1.0 / y.size) + PENALTY * w


def logistic_product_by_hand(
    w: np.ndarray, v: np.ndarray, x: np.ndarray, y: np.ndarray
) -> np.ndarray:
    e = np.exp(-np.abs(x @ w))  # the labels are -1 and 1, and s (1 - s) is even
    return (e / (1.0 + e) ** 2 * (x @ v)) @ x / y.size + PENALTY * v


def logistic_of(m: int, n: int, is_product: bool) -> Objective:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((m, n)), np.where(rng.random(m) < 0.5, -1.0, 1.0)
    w, v = 0.3 * rng.standard_normal((2, n))
    return Objective(
        f"logistic {m:,} x {n}{', H v' if is_product else ''}",
        logistic,
        logistic_product_by_hand if is_product else logistic_by_hand,
        [(w, v) if is_product else (w,)],
        (x, y),
        forms={"torch": logistic_torch},
        is_product=is_product,
        is_large=m * n > 10**6,
    )


# -- elementwise ------------------------------------------------------------------------


def waves(xp: Any, x: Any) -> Any:
    return xp.sum(xp.exp(-(x**2) / 2.0) * xp.sin(3.0 * x) + x * xp.tanh(x))


def waves_by_hand(x: np.ndarray) -> tuple[Any, np.ndarray]:
    u, t = 3.0 * x, np.tanh(x)
    e, s = np.exp(-0.5 * (x * x)), np.sin(u)
    return e @ s + x @ t, e * (3.0 * np.cos(u) - x * s) + t + x * (1.0 - t * t)


def waves_of(n: int) -> Objective:
    points = [(np.linspace(-2.0, 2.0, n),)]
    return Objective(f"elementwise, n = {n:,}", waves, waves_by_hand, points, is_large=True)


# -- single floats ----------------------------------------------------------------------


def kepler(xp: Any, m: Any, e: Any) -> Any:
    """The eccentric anomaly: ``E - e sin E = M`` by Newton's iteration."""
    x = m
    while True:
        step = (x - e * xp.sin(x) - m) / (1.0 - e * xp.cos(x))
        x = x - step
        if abs(step) < 1e-12:
            return x


def kepler_unrolled(xp: Any, m: Any, e: Any) -> Any:
    """As many steps as any of the points needs, for tracers that cannot take a branch."""
    x = m
    for _ in range(8):
        x = x - (x - e * xp.sin(x) - m) / (1.0 - e * xp.cos(x))
    return x


def kepler_by_hand(m: float, e: float) -> tuple[float, tuple[float, float]]:
    """The implicit function theorem: no iteration is differentiated."""
    x = kepler(math, m, e)
    slope = 1.0 / (1.0 - e * math.cos(x))
    return x, (slope, math.sin(x) * slope)


def kepler_of(count: int, is_fixed: bool) -> Objective:
    anomalies = [0.8] * count if is_fixed else np.linspace(0.05, 3.0, count).tolist()
    return Objective(
        f"Kepler, {'one anomaly' if is_fixed else f'{count} anomalies'}",
        kepler,
        kepler_by_hand,
        [(m, 0.6) for m in anomalies],
        argnums=(0, 1),
        forms={"jax.numpy": kepler_unrolled, "casadi": kepler_unrolled},
        is_scalar=True,
    )


DAMPING = 0.1


def pendulum(xp: Any, angle: Any, speed: Any, h: Any) -> Any:
    """The sum of a damped pendulum's state after one classic Runge-Kutta step."""

    def push(a: Any, s: Any) -> Any:
        return -xp.sin(a) - DAMPING * s

    a1, s1 = speed, push(angle, speed)
    a2 = speed + 0.5 * h * s1
    s2 = push(angle + 0.5 * h * a1, a2)
    a3 = speed + 0.5 * h * s2
    s3 = push(angle + 0.5 * h * a2, a3)
    a4 = speed + h * s3
    s4 = push(angle + h * a3, a4)
    new_angle = angle + h / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4)
    new_speed = speed + h / 6.0 * (s1 + 2.0 * s2 + 2.0 * s3 + s4)
    return new_angle + new_speed


def pendulum_by_hand(angle: float, speed: float, h: float) -> tuple[float, tuple[float, ...]]:
    half, third, sixth = 0.5 * h, h / 3.0, h / 6.0
    s1 = -math.sin(angle) - DAMPING * speed
    p2, a2 = angle + half * speed, speed + half * s1
    s2 = -math.sin(p2) - DAMPING * a2
    p3, a3 = angle + half * a2, speed + half * s2
    s3 = -math.sin(p3) - DAMPING * a3
    p4, a4 = angle + h * a3, speed + h * s3
    s4 = -math.sin(p4) - DAMPING * a4
    slope = speed + s1 + 2.0 * (a2 + s2 + a3 + s3) + a4 + s4
    # Adjoints: k are those of a stage's slopes, (p, q) those of the state where they are taken.
    k4 = sixth
    g4, q4 = -math.cos(p4) * k4, k4 - DAMPING * k4
    ka, ks = third + h * g4, third + h * q4
    g3, q3 = -math.cos(p3) * ks, ka - DAMPING * ks
    ka, ks = third + half * g3, third + half * q3
    g2, q2 = -math.cos(p2) * ks, ka - DAMPING * ks
    ka, ks = sixth + half * g2, sixth + half * q2
    g1, q1 = -math.cos(angle) * ks, ka - DAMPING * ks
    of_h = g4 * a3 + q4 * s3 + 0.5 * (g3 * a2 + q3 * s2 + g2 * speed + q2 * s1) + slope / 6.0
    value = angle + speed + sixth * slope
    return value, (1.0 + g1 + g2 + g3 + g4, 1.0 + q1 + q2 + q3 + q4, of_h)


def pendulum_of(count: int) -> Objective:
    points = [(a, 0.3, 0.05) for a in np.linspace(0.1, 3.0, count).tolist()]
    return Objective(
        "pendulum, one RK4 step",
        pendulum,
        pendulum_by_hand,
        points,
        argnums=(0, 1, 2),
        is_scalar=True,
    )


# -- Gaussian mixture [SKF18, sec. 4.1] ---------------------------------------------------


@dataclass(frozen=True)
class Mixture:
    """Where the elements of a factor stand, and Wishart's prior."""

    index: np.ndarray  # of the element of `icf` at each place of the matrix
    gamma: float
    m: int
    constant: float


def mixture(xp: Any, alphas: Any, means: Any, icf: Any, x: Any, lower: Any, c: Mixture) -> Any:
    """The logarithm of the posterior; `icf` has log-diagonals, then columns below them."""
    n, d = x.shape
    log_diagonal = icf[:, :d]
    diagonal, sums = xp.exp(log_diagonal), xp.sum(log_diagonal, axis=1)
    factor = icf[:, c.index] * lower
    centred = x - means[:, None, :]
    y = diagonal[:, None, :] * centred + centred @ xp.swapaxes(factor, 1, 2)
    terms = (alphas + sums)[:, None] - 0.5 * xp.sum(y**2, axis=2)
    top = xp.max(terms)
    likelihood = xp.sum(xp.log(xp.sum(xp.exp(terms - top), axis=0)) + top)
    weights = n * xp.log(xp.sum(xp.exp(alphas)))
    squares = xp.sum(diagonal**2) + xp.sum(icf[:, d:] ** 2)
    prior = 0.5 * c.gamma**2 * squares - c.m * xp.sum(sums)
    return likelihood - weights + prior + c.constant


def mixture_by_hand(
    alphas: np.ndarray,
    means: np.ndarray,
    icf: np.ndarray,
    x: np.ndarray,
    lower: np.ndarray,
    c: Mixture,
) -> Any:
    n, d = x.shape
    log_diagonal, below = icf[:, :d], icf[:, d:]
    diagonal, sums = np.exp(log_diagonal), log_diagonal.sum(axis=1)
    factor = icf[:, c.index] * lower
    factor[:, range(d), range(d)] = diagonal
    centred = x - means[:, None, :]
    y = centred @ factor.swapaxes(1, 2)
    terms = (alphas + sums)[:, None] - 0.5 * np.einsum("knd,knd->kn", y, y)
    top = terms.max()
    e = np.exp(terms - top)
    total = e.sum(axis=0)
    a = np.exp(alphas)
    value = np.log(total).sum() + n * (top - np.log(a.sum())) + c.constant
    squares = np.vdot(diagonal, diagonal) + np.vdot(below, below)
    value += 0.5 * c.gamma**2 * squares - c.m * sums.sum()

    r = e / total
    counts = r.sum(axis=1)
    ry = r[:, :, None] * y
    of_factor = ry.swapaxes(1, 2) @ centred  # negative, as is the next
    of_means = (ry.sum(axis=1)[:, None, :] @ factor)[:, 0]
    of_icf = np.empty_like(icf)
    of_diagonal = of_factor[:, range(d), range(d)]
    of_icf[:, :d] = diagonal * (c.gamma**2 * diagonal - of_diagonal) + (counts - c.m)[:, None]
    column, row = np.triu_indices(d, 1)
    of_icf[:, d:] = c.gamma**2 * below - of_factor[:, row, column]
    return value, (counts - n / a.sum() * a, of_means, of_icf)


def mixture_of(d: int, k: int, n: int) -> Objective:
    rng = np.random.default_rng(0)
    column, row = np.triu_indices(d, 1)
    index, lower = np.zeros((d, d), int), np.zeros((d, d))
    index[row, column], lower[row, column] = d + np.arange(row.size), 1.0
    gamma, m = 1.0, 0
    freedom = d + m + 1
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi)
    log_gamma += sum(math.lgamma(0.5 * (freedom - j)) for j in range(d))
    prior = freedom * d * (math.log(gamma) - 0.5 * math.log(2.0)) - log_gamma
    constant = -0.5 * n * d * math.log(2.0 * math.pi) - k * prior
    alphas, means = rng.standard_normal(k), rng.standard_normal((k, d))
    icf = 0.3 * rng.standard_normal((k, d * (d + 1) // 2))
    return Objective(
        f"Gaussian mixture, d = {d}, k = {k}, n = {n:,}",
        mixture,
        mixture_by_hand,
        [(alphas, means, icf)],
        (rng.standard_normal((n, d)), lower, Mixture(index, gamma, m, constant)),
        argnums=(0, 1, 2),
        is_large=True,
    )


# -- bundle adjustment [SKF18, sec. 4.2] ---------------------------------------------------


def bundle(
    xp: Any, cameras: Any, points: Any, weights: Any, camera: Any, point: Any, seen: Any
) -> Any:
    """The squared errors of projections; a camera turns, stands, magnifies, shifts, distorts."""
    turn = cameras[:, :3]
    angle = xp.sqrt(xp.sum(turn**2, axis=1))
    axis = (turn / angle[:, None])[camera]
    cosine, sine = xp.cos(angle)[camera][:, None], xp.sin(angle)[camera][:, None]
    own = cameras[camera]
    x = points[point] - own[:, 3:6]
    along = xp.sum(axis * x, axis=1)[:, None]
    turned = cosine * x + sine * xp.linalg.cross(axis, x) + (1.0 - cosine) * along * axis
    flat = turned[:, :2] / turned[:, 2:]
    r2 = xp.sum(flat**2, axis=1)
    scale = own[:, 6] * (1.0 + own[:, 9] * r2 + own[:, 10] * r2**2)
    error = weights[:, None] * (scale[:, None] * flat + own[:, 7:9] - seen)
    return xp.sum(error**2) + xp.sum((1.0 - weights**2) ** 2)


def dots(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->i", a, b)


def summed(index: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """The rows with the same index, added."""
    columns = [np.bincount(index, column, count) for column in values.T]
    return np.stack(columns, axis=1)


def bundle_by_hand(
    cameras: np.ndarray,
    points: np.ndarray,
    weights: np.ndarray,
    camera: np.ndarray,
    point: np.ndarray,
    seen: np.ndarray,
) -> Any:
    turn = cameras[:, :3]
    angle = np.sqrt(dots(turn, turn))
    every = turn / angle[:, None]
    axis, c, s = every[camera], np.cos(angle)[camera], np.sin(angle)[camera]
    own = cameras[camera]
    focus, k1, k2 = own[:, 6], own[:, 9], own[:, 10]
    x = points[point] - own[:, 3:6]
    along, rest = dots(axis, x), 1.0 - c
    across = np.cross(axis, x)
    c_, s_ = c[:, None], s[:, None]
    turned = c_ * x + s_ * across + (rest * along)[:, None] * axis
    depth = turned[:, 2:]
    flat = turned[:, :2] / depth
    r2 = dots(flat, flat)
    bend = 1.0 + r2 * (k1 + r2 * k2)
    scale = focus * bend
    off = scale[:, None] * flat + own[:, 7:9] - seen
    squares, other = dots(off, off), 1.0 - weights**2
    w2 = weights**2
    value = w2 @ squares + other @ other

    of_off = (2.0 * w2)[:, None] * off
    of_scale = dots(of_off, flat)
    of_bend = of_scale * focus
    of_r2 = of_bend * (k1 + 2.0 * r2 * k2)
    of_flat = (scale[:, None] * of_off + (2.0 * of_r2)[:, None] * flat) / depth
    of_turned = np.empty_like(turned)
    of_turned[:, :2] = of_flat
    of_turned[:, 2] = -dots(of_flat, flat)
    across_turned, held = np.cross(of_turned, axis), dots(axis, of_turned)
    of_x = c_ * of_turned + s_ * across_turned + (rest * held)[:, None] * axis
    of_own = np.empty((camera.size, 12))
    of_own[:, :3] = s_ * np.cross(x, of_turned)
    of_own[:, :3] += (rest * along)[:, None] * of_turned + (rest * held)[:, None] * x
    of_own[:, 3:6] = -of_x
    of_own[:, 6] = of_scale * bend
    of_own[:, 7:9] = of_off
    of_own[:, 9] = of_bend * r2
    of_own[:, 10] = of_own[:, 9] * r2
    of_own[:, 11] = c * dots(across, of_turned) + s * (along * held - dots(x, of_turned))
    added = summed(camera, of_own, len(cameras))
    of_axis, of_angle = added[:, :3], added[:, 11:]
    of_cameras = added[:, :11]
    inward = dots(every, of_axis)[:, None] * every
    of_cameras[:, :3] = of_angle * every + (of_axis - inward) / angle[:, None]
    of_weights = weights * (2.0 * squares - 4.0 * other)
    return value, (of_cameras, summed(point, of_x, len(points)), of_weights)


def bundle_of(cameras: int, points: int, observations: int) -> Objective:
    rng = np.random.default_rng(0)
    own = 0.3 * rng.standard_normal((cameras, 11))
    own[:, 3:6] += [0.0, 0.0, -6.0]
    own[:, 6] += 1.0
    own[:, 9:] *= 0.1
    indices = rng.integers(0, cameras, observations), rng.integers(0, points, observations)
    return Objective(
        f"bundle adjustment, {cameras} cameras, {observations:,} observations",
        bundle,
        bundle_by_hand,
        [(own, rng.standard_normal((points, 3)), 0.5 + rng.random(observations))],
        (*indices, rng.standard_normal((observations, 2))),
        argnums=(0, 1, 2),
    )


# -- LSTM [SKF18, sec. 4.4, with the diagonal weights of its benchmark] ----------------------


def sigmoid(xp: Any, x: Any) -> Any:
    return 1.0 / (1.0 + xp.exp(-x))


def lstm(xp: Any, main: Any, extra: Any, state: Any, sequence: Any) -> Any:
    """The mean loss of predictions, each from what came before; `main`: (layers, 2, 4, width)."""
    layers = range(len(main))
    hidden, cell = [state[k, 0] for k in layers], [state[k, 1] for k in layers]
    total = 0.0
    for t in range(len(sequence) - 1):
        x = sequence[t] * extra[0]
        for k in layers:
            w, b, h = main[k, 0], main[k, 1], hidden[k]
            forget = sigmoid(xp, x * w[0] + b[0])
            take = sigmoid(xp, h * w[1] + b[1])
            out = sigmoid(xp, x * w[2] + b[2])
            change = xp.tanh(h * w[3] + b[3])
            cell[k] = cell[k] * forget + take * change
            x = hidden[k] = out * xp.tanh(cell[k])
        y = x * extra[1] + extra[2]
        y = y - xp.log(xp.sum(xp.exp(y)) + 2.0)
        total = total + xp.sum(sequence[t + 1] * y)
    return -total / ((len(sequence) - 1) * sequence.shape[1])


def lstm_scanned(jnp: Any, main: Any, extra: Any, state: Any, sequence: Any) -> Any:
    """The same for JAX, which compiles for minutes if the steps are unrolled."""
    scan = importlib.import_module("jax.lax").scan
    layers = range(len(main))

    def step(carried: Any, pair: Any) -> Any:
        given, target = pair
        x, states = given * extra[0], []
        for k in layers:
            w, b, h = main[k, 0], main[k, 1], carried[k][0]
            forget = sigmoid(jnp, x * w[0] + b[0])
            take = sigmoid(jnp, h * w[1] + b[1])
            out = sigmoid(jnp, x * w[2] + b[2])
            change = jnp.tanh(h * w[3] + b[3])
            cell = carried[k][1] * forget + take * change
            x = out * jnp.tanh(cell)
            states.append((x, cell))
        y = x * extra[1] + extra[2]
        y = y - jnp.log(jnp.sum(jnp.exp(y)) + 2.0)
        return states, jnp.sum(target * y)

    start = [(jnp.asarray(state[k, 0]), jnp.asarray(state[k, 1])) for k in layers]
    losses = scan(step, start, (sequence[:-1], sequence[1:]))[1]
    return -jnp.sum(losses) / ((len(sequence) - 1) * sequence.shape[1])


def lstm_by_hand(
    main: np.ndarray, extra: np.ndarray, state: np.ndarray, sequence: np.ndarray
) -> Any:
    steps, layers = len(sequence) - 1, range(len(main))
    ws, bs = [tuple(m[0]) for m in main], [tuple(m[1]) for m in main]
    hidden, cell = [s[0] for s in state], [s[1] for s in state]
    w_in, w_out, b_out = extra
    total = 0.0
    saved: list[Any] = []
    for t in range(steps):
        x = sequence[t] * w_in
        for k in layers:
            (wf, wi, wo, wc), (bf, bi, bo, bc) = ws[k], bs[k]
            h, c = hidden[k], cell[k]
            f = 1.0 / (1.0 + np.exp(-(x * wf + bf)))
            i = 1.0 / (1.0 + np.exp(-(h * wi + bi)))
            o = 1.0 / (1.0 + np.exp(-(x * wo + bo)))
            g = np.tanh(h * wc + bc)
            cell[k] = c * f + i * g
            th = np.tanh(cell[k])
            saved.append((x, h, c, f, i, o, g, th))
            x = hidden[k] = o * th
        y = x * w_out + b_out
        e = np.exp(y)
        z = e.sum() + 2.0
        target = sequence[t + 1]
        many = target.sum()
        total += target @ y - many * np.log(z)
        saved.append((x, target - many / z * e))

    of_main, of_extra = np.zeros_like(main), np.zeros_like(extra)
    of_h = [np.zeros(main.shape[-1]) for _ in layers]
    of_c = [np.zeros(main.shape[-1]) for _ in layers]
    dz = np.empty(main.shape[2:])
    for t in reversed(range(steps)):
        x, of_y = saved.pop()
        of_extra[1] += of_y * x
        of_extra[2] += of_y
        of_x = of_y * w_out
        for k in reversed(layers):
            wf, wi, wo, wc = ws[k]
            x, h, c, f, i, o, g, th = saved.pop()
            of_out = of_h[k] + of_x
            ot = o * th
            dc = of_c[k] + of_out * (o - ot * th)
            dz[0] = df = dc * c * (f - f * f)
            dz[1] = di = dc * g * (i - i * i)
            dz[2] = do = of_out * (ot - ot * o)
            dz[3] = dg = dc * i * (1.0 - g * g)
            of_c[k] = dc * f
            of_main[k, 1] += dz
            dz[0::2] *= x
            dz[1::2] *= h
            of_main[k, 0] += dz
            of_h[k] = di * wi + dg * wc
            of_x = df * wf + do * wo
        of_extra[0] += of_x * sequence[t]
    scale = -1.0 / (steps * sequence.shape[1])
    return scale * total, (scale * of_main, scale * of_extra)


def lstm_of(layers: int, width: int, steps: int) -> Objective:
    rng = np.random.default_rng(0)
    main, extra = rng.standard_normal((layers, 2, 4, width)), rng.standard_normal((3, width))
    state = rng.standard_normal((layers, 2, width))
    sequence = np.eye(width)[rng.integers(0, width, steps)]
    return Objective(
        f"LSTM, {layers} layers of {width}, {steps} steps",
        lstm,
        lstm_by_hand,
        [(main, extra)],
        (state, sequence),
        argnums=(0, 1),
        forms={"jax.numpy": lstm_scanned},
    )


ROSENBROCK = [partial(rosenbrock_of, 10), partial(rosenbrock_of, 1000)]
LOGISTIC = [
    partial(logistic_of, m, n, is_product)
    for is_product in (False, True)
    for m, n in ((100, 5), (1000, 50), (20_000, 100))
]
ELEMENTWISE = [partial(waves_of, 10**6)]
SCALARS = [partial(kepler_of, 50, True), partial(kepler_of, 50, False), partial(pendulum_of, 50)]
LEARNING = [
    partial(mixture_of, 10, 25, 1000),
    partial(bundle_of, 21, 500, 5000),
    partial(lstm_of, 2, 14, 50),
]
