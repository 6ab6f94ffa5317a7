"""Robotics: kinematics, estimation, control, vehicles, structures and circuits, as engineers write them."""

import functools
import math
from dataclasses import dataclass
from math import atan2, cos, hypot, pi, sin, sqrt

import numpy as np
import numpy.linalg as la
from numpy import array, dot, zeros
from numpy.linalg import inv, norm

GRAVITY = 9.81

# ---------------------------------------------------------------------------------------------------------------------
# kinematics

# alpha, a, d  (Stanford-like arm, metres)
DH_TABLE = [
    (-pi / 2, 0.0, 0.412),
    (pi / 2, 0.0, 0.154),
    (0.0, 0.432, 0.0),
    (-pi / 2, 0.02, 0.25),
    (pi / 2, 0.0, 0.0),
    (0.0, 0.0, 0.263),
]


def dh_matrix(theta, alpha, a, d):
    T = np.eye(4)
    T[0, 0] = math.cos(theta)
    T[0, 1] = -math.sin(theta) * math.cos(alpha)
    T[0, 2] = math.sin(theta) * math.sin(alpha)
    T[0, 3] = a * math.cos(theta)
    T[1, 0] = math.sin(theta)
    T[1, 1] = math.cos(theta) * math.cos(alpha)
    T[1, 2] = -math.cos(theta) * math.sin(alpha)
    T[1, 3] = a * math.sin(theta)
    T[2, 1] = math.sin(alpha)
    T[2, 2] = math.cos(alpha)
    T[2, 3] = d
    return T


def dh_forward_kinematics(q):
    """End effector pose of the six-axis arm, upper 3x4 block."""
    q = np.asarray(q, dtype=float)
    assert q.shape == (6,), f"six joint angles expected, got {q.shape}"
    T = np.identity(4)
    for theta, (alpha, a, d) in zip(q, DH_TABLE):
        T = T.dot(dh_matrix(theta, alpha, a, d))
    return T[:3, :]


def planar_arm_joints(q, lengths):
    """x, y of every joint of a planar chain."""
    n = len(q)
    pts = np.zeros((n + 1, 2))
    angle = 0.0
    for i, (qi, li) in enumerate(zip(q, lengths)):
        angle += qi
        pts[i + 1] = pts[i]
        pts[i + 1, 0] += li * cos(angle)
        pts[i + 1, 1] += li * sin(angle)
    return pts


def euler_zyx_to_matrix(yaw, pitch, roll):
    cy, sy = np.cos(yaw), np.sin(yaw)
    cp, sp = np.cos(pitch), np.sin(pitch)
    cr, sr = np.cos(roll), np.sin(roll)
    Rz = np.array([[cy, -sy, 0], [sy, cy, 0], [0, 0, 1]])
    Ry = np.array([[cp, 0, sp], [0, 1, 0], [-sp, 0, cp]])
    Rx = np.array([[1, 0, 0], [0, cr, -sr], [0, sr, cr]])
    return functools.reduce(np.dot, [Rz, Ry, Rx])


def quat_mul(p, q):
    pw, px, py, pz = p
    qw, qx, qy, qz = q
    return np.array([
        pw * qw - px * qx - py * qy - pz * qz,
        pw * qx + px * qw + py * qz - pz * qy,
        pw * qy - px * qz + py * qw + pz * qx,
        pw * qz + px * qy - py * qx + pz * qw,
    ])


def rotate_points_by_quaternion(q, pts):
    """Rotate the rows of pts with q v q*, q need not be normalized."""
    q = np.array(q, dtype=np.float64)
    q /= norm(q)
    conj = q.copy()
    conj[1:] *= -1
    out = np.empty_like(pts)
    for k in range(pts.shape[0]):
        v = np.concatenate([[0.0], pts[k]])
        out[k, :] = quat_mul(quat_mul(q, v), conj)[1:]
    return out


def skew(w):
    return np.array([[0, -w[2], w[1]], [w[2], 0, -w[0]], [-w[1], w[0], 0]])


def rodrigues_roundtrip_error(rvec, tvec):
    """exp map to R, compose with a fixed extrinsic, log map back, and translation."""
    theta = np.sqrt(np.sum(rvec ** 2))
    if theta < 1e-12:
        R = np.eye(3)
    else:
        K = skew(rvec / theta)
        R = np.eye(3) + math.sin(theta) * K + (1 - math.cos(theta)) * K.dot(K)
    R_cam = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])
    R = R_cam @ R
    phi = np.arccos(np.clip((np.trace(R) - 1) / 2, -1.0, 1.0))
    w = np.array([R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1]])
    w *= phi / (2 * np.sin(phi))
    twist = np.r_[w, R_cam @ tvec]
    return twist


def arm_geometric_jacobian(q, L=(0.5, 0.4, 0.3)):
    """6 x 3 geometric Jacobian of an RRR arm with axes z, y, y."""
    axes_local = [np.array([0, 0, 1.0]), np.array([0, 1.0, 0]), np.array([0, 1.0, 0])]
    n = q.size
    T = np.eye(4)
    origins, axes = [], []
    for i in range(n):
        c, s = np.cos(q[i]), np.sin(q[i])
        A = np.eye(4)
        if axes_local[i][2] == 1:
            A[:2, :2] = [[c, -s], [s, c]]
            A[2, 3] = L[i]
        else:
            A[0, 0], A[0, 2], A[2, 0], A[2, 2] = c, s, -s, c
            A[:3, 3] = A[:3, :3] @ np.array([L[i], 0, 0])
        origins.append(T[:3, 3].copy())
        axes.append(T[:3, :3] @ axes_local[i])
        T = T @ A
    pe = T[:3, 3]
    J = np.zeros((6, n))
    for i in range(n):
        J[:3, i] = np.cross(axes[i], pe - origins[i])
        J[3:, i] = axes[i]
    return J, float(np.sqrt(la.det(J[:3] @ J[:3].T)))


def ik_newton(target):
    """Joint angles of a 2-link arm that reach target, by damped Newton until converged."""
    l1, l2 = 1.0, 0.8
    q = np.array([0.4, 0.9])
    it = 0
    while True:
        x = l1 * np.cos(q[0]) + l2 * np.cos(q[0] + q[1])
        y = l1 * np.sin(q[0]) + l2 * np.sin(q[0] + q[1])
        err = target - np.array([x, y])
        J = np.zeros((2, 2))
        J[0, 0] = -y
        J[0, 1] = -l2 * np.sin(q[0] + q[1])
        J[1, 0] = x
        J[1, 1] = l2 * np.cos(q[0] + q[1])
        q = q + np.linalg.solve(J, err)
        it += 1
        if norm(err) < 1e-10 or it > 50:
            break
    return q


# ---------------------------------------------------------------------------------------------------------------------
# dynamics


def recursive_newton_euler(q, qd, qdd):
    """Joint torques of a planar 3R arm (masses at the link centres), outward and inward pass."""
    m = [2.0, 1.5, 0.8]
    l = [0.5, 0.4, 0.25]
    I = [mi * li ** 2 / 12.0 for mi, li in zip(m, l)]
    n = 3
    w = np.zeros(n + 1)
    wd = np.zeros(n + 1)
    a = np.zeros((n + 1, 2))
    a[0] = [0.0, GRAVITY]
    ac = np.zeros((n, 2))

    def perp(v):
        return np.array([-v[1], v[0]])

    for i in range(n):
        w[i + 1] = w[i] + qd[i]
        wd[i + 1] = wd[i] + qdd[i]
        c, s = np.cos(q[i]), np.sin(q[i])
        Rt = np.array([[c, s], [-s, c]])
        base = Rt @ a[i]
        r = np.array([l[i], 0.0])
        a[i + 1] = base + wd[i + 1] * perp(r) - w[i + 1] ** 2 * r
        ac[i] = base + wd[i + 1] * perp(r / 2) - w[i + 1] ** 2 * r / 2
    f = np.zeros(2)
    tau = np.zeros(n + 1)
    for i in reversed(range(n)):
        if i < n - 1:
            c, s = np.cos(q[i + 1]), np.sin(q[i + 1])
            f = np.array([[c, -s], [s, c]]) @ f
        F = m[i] * ac[i]
        tau[i] = tau[i + 1] + I[i] * wd[i + 1] + l[i] / 2 * F[1] + l[i] * f[1]
        f = f + F
    return tau[:-1]


def inertia_of_body(masses, omega):
    """Inertia tensor of point masses about their centre, by explicit loops, then energy and principal moments."""
    pos = BODY_POINTS
    M = sum(masses)
    com = zeros(3)
    for k in range(len(masses)):
        for j in range(3):
            com[j] += masses[k] * pos[k][j] / M
    I = zeros((3, 3))
    for mk, p in zip(masses, pos):
        r = p - com
        I[0, 0] += mk * (r[1] ** 2 + r[2] ** 2)
        I[1, 1] += mk * (r[0] ** 2 + r[2] ** 2)
        I[2, 2] += mk * (r[0] ** 2 + r[1] ** 2)
        I[0, 1] -= mk * r[0] * r[1]
        I[0, 2] -= mk * r[0] * r[2]
        I[1, 2] -= mk * r[1] * r[2]
    I[1, 0] = I[0, 1]
    I[2, 0] = I[0, 2]
    I[2, 1] = I[1, 2]
    principal = la.eigvalsh(I)
    wdot = la.solve(I, -np.cross(omega, I @ omega))
    return principal, wdot, 0.5 * omega.dot(I).dot(omega)


BODY_POINTS = np.array([[1.0, 0.1, -0.2], [-0.8, 0.6, 0.3], [0.2, -1.1, 0.5], [0.1, 0.4, 0.9]])


@dataclass
class CartPoleParams:
    mc: float = 1.0
    mp: float = 0.1
    length: float = 0.5
    g: float = 9.8
    dt: float = 0.02


def cartpole_rollout(state, gains, p=CartPoleParams()):
    """Euler rollout of the Gym cart-pole under state feedback, returns the final state and cost."""
    x, xdot, th, thdot = state
    total = p.mc + p.mp
    cost = 0.0
    for _ in range(25):
        force = -dot(gains, [x, xdot, th, thdot])
        temp = (force + p.mp * p.length * thdot ** 2 * math.sin(th)) / total
        thacc = (p.g * math.sin(th) - math.cos(th) * temp) / (
            p.length * (4.0 / 3.0 - p.mp * math.cos(th) ** 2 / total)
        )
        xacc = temp - p.mp * p.length * thacc * math.cos(th) / total
        x += p.dt * xdot
        xdot += p.dt * xacc
        th += p.dt * thdot
        thdot += p.dt * thacc
        cost += x ** 2 + 10 * th ** 2 + 0.001 * force ** 2
    return np.array([x, xdot, th, thdot]), cost


def double_pendulum_rk4(y0, m2=0.7):
    def f(y):
        th1, th2, w1, w2 = y
        m1, L1, L2 = 1.0, 1.0, 0.6
        d = th1 - th2
        M = np.array([[(m1 + m2) * L1, m2 * L2 * np.cos(d)], [L1 * np.cos(d), L2]])
        rhs = np.zeros(2)
        rhs[0] = -m2 * L2 * w2 ** 2 * np.sin(d) - (m1 + m2) * GRAVITY * np.sin(th1)
        rhs[1] = L1 * w1 ** 2 * np.sin(d) - GRAVITY * np.sin(th2)
        dy = np.empty(4)
        dy[:2] = y[2:]
        dy[2:] = np.linalg.solve(M, rhs)
        return dy

    h = 0.05
    n = 10
    Y = np.zeros((n + 1, 4))
    Y[0] = y0
    for i in range(n):
        k1 = f(Y[i])
        k2 = f(Y[i] + h / 2 * k1)
        k3 = f(Y[i] + h / 2 * k2)
        k4 = f(Y[i] + h * k3)
        Y[i + 1] = Y[i] + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return Y[::2].T


# ---------------------------------------------------------------------------------------------------------------------
# estimation

_rng = np.random.default_rng(7)
POSITION_MEAS = 0.5 * np.arange(12) + 0.3 * _rng.standard_normal(12)
GYRO = 0.4 * _rng.standard_normal((15, 3))
ACCEL = np.array([0.1, -0.2, 9.7]) + 0.3 * _rng.standard_normal((15, 3))
BEACONS = {"a": (0.0, 5.0), "b": (6.0, 4.0), "c": (5.0, -3.0)}


class KalmanFilter:
    def __init__(self, x0, q, r, dt=1.0):
        self.x = np.zeros(2)
        self.x[0] = x0[0]
        self.x[1] = x0[1]
        self.P = np.eye(2)
        self.P *= 4.0
        self.F = np.array([[1.0, dt], [0.0, 1.0]])
        self.H = np.array([[1.0, 0.0]])
        self.Q = q ** 2 * np.array([[dt ** 4 / 4, dt ** 3 / 2], [dt ** 3 / 2, dt ** 2]])
        self.R = np.zeros((1, 1))
        self.R[0, 0] = r ** 2
        self.loglik = 0.0

    def predict(self):
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z):
        y = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        K = self.P @ self.H.T @ np.linalg.inv(S)
        self.x += K @ y
        self.P = (np.eye(2) - K @ self.H) @ self.P
        self.loglik += -0.5 * (y @ np.linalg.solve(S, y) + np.log(np.linalg.det(S)) + np.log(2 * np.pi))


def kalman_loglik(x0, q, r):
    """Log-likelihood and final state of a constant velocity filter."""
    kf = KalmanFilter(x0, q, r)
    for z in POSITION_MEAS:
        kf.predict()
        kf.update(z)
    return kf.loglik, kf.x, kf.P


class RangeBearingEKF(object):
    """EKF localisation with known landmarks; state is (x, y, heading)."""

    def __init__(self, mu, P):
        self.mu = np.array(mu, dtype=float)
        self.P = P

    def motion(self, v, w, dt=0.5):
        th = self.mu[2]
        G = np.eye(3)
        G[0, 2] = -v * dt * sin(th)
        G[1, 2] = v * dt * cos(th)
        self.mu[0] += v * dt * cos(th)
        self.mu[1] += v * dt * sin(th)
        self.mu[2] += w * dt
        V = np.zeros((3, 2))
        V[:2, 0] = [dt * cos(th), dt * sin(th)]
        V[2, 1] = dt
        M = np.diag([0.1 * v ** 2 + 0.01, 0.05 * w ** 2 + 0.01])
        self.P = G.dot(self.P).dot(G.T) + V.dot(M).dot(V.T)

    def correct(self, name, rng, bearing):
        mx, my = BEACONS[name]
        dx, dy = mx - self.mu[0], my - self.mu[1]
        r2 = dx ** 2 + dy ** 2
        r = hypot(dx, dy)
        zhat = np.array([r, atan2(dy, dx) - self.mu[2]])
        H = np.array([[-dx / r, -dy / r, 0.0], [dy / r2, -dx / r2, -1.0]])
        innov = np.array([rng, bearing]) - zhat
        while innov[1] > pi:
            innov[1] -= 2 * pi
        while innov[1] < -pi:
            innov[1] += 2 * pi
        S = H @ self.P @ H.T + np.diag([0.04, 0.01])
        K = np.linalg.solve(S, H @ self.P).T
        self.mu += K @ innov
        self.P -= K @ S @ K.T


def ekf_localization(mu0, controls):
    ekf = RangeBearingEKF(mu0, 0.2 * np.eye(3))
    readings = [("a", 4.6, 1.9), ("b", 5.5, 0.3), ("c", 4.9, -1.1)]
    for (v, w), (name, rng, brg) in zip(controls, readings):
        ekf.motion(v, w)
        ekf.correct(name, rng, brg)
    return np.append(ekf.mu, np.diag(ekf.P))


def sigma_points(x, P, kappa=1.0):
    n = len(x)
    try:
        L = np.linalg.cholesky((n + kappa) * P)
    except np.linalg.LinAlgError:
        L = np.linalg.cholesky((n + kappa) * P + 1e-9 * np.eye(n))
    yield x
    for i in range(n):
        yield x + L[:, i]
        yield x - L[:, i]


def ukf_reentry(x0, sigmas):
    """Unscented filter of a falling body (height, speed) seen by a radar."""
    heights = [9.45, 8.82, 8.15]
    x = np.asarray(x0, float)
    P = np.zeros((2, 2))
    P.ravel()[::3] = sigmas ** 2
    n, kappa = 2, 1.0
    w = np.full(2 * n + 1, 1.0 / (2 * (n + kappa)))
    w[0] = kappa / (n + kappa)

    def step(s):
        h, v = s
        drag = 0.08 * v ** 2 * math.exp(-h / 7.0)
        return np.array([h - 0.5 * v, v - 0.5 * (drag - 0.1)])

    for z in heights:
        X = np.array([step(s) for s in sigma_points(x, P)])
        x = w @ X
        dX = X - x
        P = np.einsum("k,ki,kj->ij", w, dX, dX) + np.diag([1e-3, 2e-3])
        Z = np.array([math.hypot(s[0], 3.0) for s in X])
        zm = np.sum(w * Z)
        Pzz = np.sum(w * (Z - zm) ** 2) + 0.01
        Pxz = (w * (Z - zm)) @ dX
        K = Pxz / Pzz
        x = x + K * (math.hypot(z, 3.0) - zm)
        P = P - np.outer(K, K) * Pzz
    return x, P


def imu_dead_reckoning(bias_g, bias_a, scale=1.0):
    """Strapdown integration: attitude as a matrix, velocity and position in the world frame."""
    dt = 0.1
    R = np.eye(3)
    v = np.zeros(3)
    p = np.zeros(3)
    track = np.empty((len(GYRO), 3))
    g = np.array([0, 0, -GRAVITY])
    for k, (om, ac) in enumerate(zip(GYRO, ACCEL)):
        phi = (scale * om - bias_g) * dt
        angle = np.linalg.norm(phi)
        K = np.array([[0, -phi[2], phi[1]], [phi[2], 0, -phi[0]], [-phi[1], phi[0], 0]])
        if angle > 1e-8:
            R = R @ (np.eye(3) + np.sin(angle) / angle * K + (1 - np.cos(angle)) / angle ** 2 * (K @ K))
        else:
            R = R @ (np.eye(3) + K)
        acc = R @ (ac - bias_a) + g
        p += v * dt + 0.5 * acc * dt ** 2
        v += acc * dt
        track[k] = p
    return track[::3], v


def madgwick_update(q, gain, gyro=(0.02, -0.1, 0.3), accel=(0.3, -1.2, 9.5), dt=0.02, steps=8):
    """Madgwick's AHRS without magnetometer, straight from the report."""
    q0, q1, q2, q3 = (float(c) for c in q)
    gx, gy, gz = gyro
    ax, ay, az = np.array(accel) / np.linalg.norm(accel)
    for _ in range(steps):
        F = np.array([
            [2 * (q1 * q3 - q0 * q2) - ax],
            [2 * (q0 * q1 + q2 * q3) - ay],
            [2 * (0.5 - q1 ** 2 - q2 ** 2) - az],
        ])
        J = np.array([
            [-2 * q2, 2 * q3, -2 * q0, 2 * q1],
            [2 * q1, 2 * q0, 2 * q3, 2 * q2],
            [0, -4 * q1, -4 * q2, 0],
        ])
        grad = J.T.dot(F).flatten()
        grad /= np.linalg.norm(grad)
        qdot = 0.5 * np.array([
            -q1 * gx - q2 * gy - q3 * gz,
            q0 * gx + q2 * gz - q3 * gy,
            q0 * gy - q1 * gz + q3 * gx,
            q0 * gz + q1 * gy - q2 * gx,
        ])
        qdot -= gain * grad
        q0 += qdot[0] * dt
        q1 += qdot[1] * dt
        q2 += qdot[2] * dt
        q3 += qdot[3] * dt
        n = math.sqrt(q0 ** 2 + q1 ** 2 + q2 ** 2 + q3 ** 2)
        q0, q1, q2, q3 = q0 / n, q1 / n, q2 / n, q3 / n
    return np.array([q0, q1, q2, q3])


def wahba_davenport(obs, weights):
    """Attitude from vector observations by the q-method: dominant eigenvector of Davenport's K matrix."""
    ref = np.array([[1.0, 0.0, 0.0], [0.0, 0.8, 0.6]])
    b = obs / np.linalg.norm(obs, axis=1, keepdims=True)
    B = np.zeros((3, 3))
    for wi, bi, ri in zip(weights, b, ref):
        B += wi * np.outer(bi, ri)
    K = np.empty((4, 4))
    K[:3, :3] = B + B.T - np.trace(B) * np.eye(3)
    K[3, 3] = np.trace(B)
    z = [B[1, 2] - B[2, 1], B[2, 0] - B[0, 2], B[0, 1] - B[1, 0]]
    K[:3, 3] = z
    K[3, :3] = z
    vals, vecs = np.linalg.eigh(K)
    q = vecs[:, -1]
    if q[3] < 0:
        q = -q
    return q, vals[-1]


def pose_graph_chi2(poses):
    """SE(2) pose graph with one loop closure; residuals whitened by the information matrix."""
    x = np.vstack([np.zeros((1, 3)), poses.reshape(-1, 3)])
    edges = [
        (0, 1, (1.0, 0.0, 0.5)),
        (1, 2, (1.1, 0.1, 0.6)),
        (2, 3, (0.9, -0.1, 0.55)),
        (3, 0, (-0.2, -1.6, 1.2)),
    ]
    W = np.linalg.cholesky(np.diag([50.0, 50.0, 100.0]) + 5.0).T
    res = np.zeros(3 * len(edges))
    for k, (i, j, (zx, zy, zt)) in enumerate(edges):
        ci, si = np.cos(x[i, 2]), np.sin(x[i, 2])
        d = x[j, :2] - x[i, :2]
        e = res[3 * k : 3 * k + 3]  # a view
        e[0] = ci * d[0] + si * d[1] - zx
        e[1] = -si * d[0] + ci * d[1] - zy
        dth = x[j, 2] - x[i, 2] - zt
        e[2] = (dth + np.pi) % (2 * np.pi) - np.pi
        e[:] = W @ e
    return res, 0.5 * np.sum(res ** 2)


ICP_TARGET = np.array([[0.0, 0.0], [1.0, 0.2], [2.1, 0.1], [2.0, 1.3], [0.3, 1.5]])


def icp_2d(source):
    """Point-to-point ICP, Kabsch rotation at each iteration, transform of the last iterate."""
    src = source.copy()
    R_tot = np.eye(2)
    t_tot = np.zeros(2)
    for _ in range(4):
        d2 = ((src[:, None, :] - ICP_TARGET[None, :, :]) ** 2).sum(axis=-1)
        match = ICP_TARGET[np.argmin(d2, axis=1)]
        mu_s, mu_t = src.mean(axis=0), match.mean(0)
        H = (src - mu_s).T @ (match - mu_t)
        U, S, Vt = np.linalg.svd(H)
        R = Vt.T @ U.T
        if np.linalg.det(R) < 0:
            Vt[1] *= -1
            R = Vt.T @ U.T
        t = mu_t - R @ mu_s
        src = src @ R.T + t
        R_tot = R @ R_tot
        t_tot = R @ t_tot + t
    T = np.eye(3)
    T[:2, :2] = R_tot
    T[:2, 2] = t_tot
    return T, np.sqrt(np.mean(np.sum((src - match) ** 2, axis=1)))


# ---------------------------------------------------------------------------------------------------------------------
# vision

OBS_2D = np.array([[310.0, 255.0], [402.0, 198.0], [250.0, 310.0], [371.0, 330.0]])
MODEL_3D = np.array([[0.0, 0.0, 0.0], [0.4, -0.3, 0.1], [-0.3, 0.3, -0.1], [0.2, 0.4, 0.2]])


def bundle_residuals(camera):
    """Reprojection residuals as in the scipy cookbook: camera = [rvec, tvec, f, k1, k2]."""
    camera = np.ascontiguousarray(camera)
    rot_vec = np.tile(camera[:3], (len(MODEL_3D), 1))
    theta = np.linalg.norm(rot_vec, axis=1)[:, np.newaxis]
    with np.errstate(invalid="ignore"):
        v = rot_vec / theta
        v = np.nan_to_num(v)
    d = np.sum(MODEL_3D * v, axis=1)[:, np.newaxis]
    cos_theta = np.cos(theta)
    sin_theta = np.sin(theta)
    proj = cos_theta * MODEL_3D + sin_theta * np.cross(v, MODEL_3D) + d * (1 - cos_theta) * v
    proj += camera[3:6]
    xy = proj[:, :2] / proj[:, 2, np.newaxis]
    f, k1, k2 = camera[6], camera[7], camera[8]
    n = np.sum(xy ** 2, axis=1)
    r = 1 + k1 * n + k2 * n ** 2
    xy *= (r * f)[:, np.newaxis]
    # Huber, pixels
    res = (xy + np.array([320, 240]) - OBS_2D).ravel()
    a = np.abs(res)
    big = a > 8.0
    out = res / 2.0
    out[big] = np.sign(res[big]) * np.sqrt(8.0 * (a[big] - 4.0) / 2.0)
    return out


def undistort_pixel(uv, dist):
    """OpenCV's fixed point iteration, then the ray in the world frame of a tilted camera."""
    fx, fy, cx, cy = 520.0, 515.0, 320.0, 240.0
    k1, k2, p1, p2 = dist
    x0 = (uv[0] - cx) / fx
    y0 = (uv[1] - cy) / fy
    x, y = x0, y0
    for it in range(100):
        xprev, yprev = x, y
        r2 = x * x + y * y
        icdist = 1.0 / (1 + (k2 * r2 + k1) * r2)
        dx = 2 * p1 * x * y + p2 * (r2 + 2 * x * x)
        dy = p1 * (r2 + 2 * y * y) + 2 * p2 * x * y
        x = (x0 - dx) * icdist
        y = (y0 - dy) * icdist
        if max(abs(x - xprev), abs(y - yprev)) < 1e-13:
            break
    ray = np.array([x, y, 1.0])
    ray /= np.sqrt(ray.dot(ray))
    tilt = math.radians(35.0)
    R = np.eye(3)
    R[1:, 1:] = [[cos(tilt), -sin(tilt)], [sin(tilt), cos(tilt)]]
    return R.T @ ray


def triangulate_dlt(uv1, uv2):
    """Linear triangulation from two views: homogeneous least squares through normal equations with the scale fixed."""
    P1 = np.c_[np.eye(3), np.zeros(3)]
    P2 = np.hstack((np.array([[0.96, 0.0, 0.28], [0.0, 1.0, 0.0], [-0.28, 0.0, 0.96]]), np.array([[-1.0], [0.1], [0.05]])))
    rows = []
    for (u, v), P in [(uv1, P1), (uv2, P2)]:
        rows.append(u * P[2] - P[0])
        rows.append(v * P[2] - P[1])
    A = np.vstack(rows)
    lhs, rhs = A[:, :3], -A[:, 3]
    X = np.linalg.lstsq(lhs, rhs, rcond=None)[0]
    x_h = P2 @ np.append(X, 1)
    return np.concatenate((X, x_h[:2] / x_h[2] - uv2))


# ---------------------------------------------------------------------------------------------------------------------
# control


class PID:
    def __init__(self, kp, ki, kd, limit=2.8):
        self.kp, self.ki, self.kd = kp, ki, kd
        self.limit = limit
        self.integral = 0.0
        self.last = None

    def __call__(self, error, dt):
        self.integral = min(max(self.integral + error * dt, -5.0), 5.0)
        deriv = 0.0 if self.last is None else (error - self.last) / dt
        self.last = error
        u = self.kp * error + self.ki * self.integral + self.kd * deriv
        if u > self.limit:
            return self.limit
        elif u < -self.limit:
            return -self.limit
        return u


def pid_step_response(kp, ki, kd, tau=0.8):
    """ITAE-like cost and samples of a second-order plant under PID control with saturation."""
    dt = 0.05
    pid = PID(kp, ki, kd)
    y, ydot = 0.0, 0.0
    t = np.arange(60) * dt
    hist = []
    for tk in t:
        u = pid(1.0 - y, dt)
        ydot += dt * (u - y - 1.2 * ydot) / tau
        y += dt * ydot
        hist.append(y)
    hist = np.array(hist)
    err = 1.0 - hist
    itse = np.trapezoid(t * err ** 2, t)
    return itse, hist[4::8]


def lqr_gain(A_entries, r):
    """Discrete LQR by iterating the Riccati equation until it stops moving."""
    A = np.eye(3)
    A[0, 1] = A[1, 2] = 0.1
    A[1, 0] = A_entries[0]
    A[2, 1] = A_entries[1]
    A[2, 2] = A_entries[2]
    B = array([[0.0], [0.02], [0.5]])
    Q = np.diag([1.0, 0.1, 0.01])
    R = np.atleast_2d(r)
    P = Q.copy()
    for k in range(2000):
        K = inv(R + B.T @ P @ B) @ (B.T @ P @ A)
        Pn = Q + A.T @ P @ (A - B @ K)
        delta = np.max(np.abs(Pn - P))
        P = Pn
        if delta < 1e-11:
            break
    else:
        raise RuntimeError(f"Riccati iteration did not converge: {delta}")
    return K.ravel(), np.trace(P)


def mpc_cost(u, x0):
    """Shooting cost of a unicycle that has to reach (2, 1) around an obstacle, u = [v0, w0, v1, w1, ...]."""
    U = u.reshape(-1, 2)
    N = U.shape[0]
    dt = 0.4
    X = np.zeros((N + 1, 3))
    X[0] = x0
    for k in range(N):
        X[k + 1, 0] = X[k, 0] + dt * U[k, 0] * np.cos(X[k, 2])
        X[k + 1, 1] = X[k, 1] + dt * U[k, 0] * np.sin(X[k, 2])
        X[k + 1, 2] = X[k, 2] + dt * U[k, 1]
    goal = np.array([2.0, 1.0])
    cost = 10 * np.sum((X[-1, :2] - goal) ** 2)
    cost += 0.1 * np.sum(U ** 2)
    cost += np.sum(np.diff(U, axis=0) ** 2)
    dist = np.sqrt((X[:, 0] - 1.0) ** 2 + (X[:, 1] - 0.9) ** 2)
    clearance = np.maximum(0.0, 1.0 - dist)
    cost += 50 * (clearance ** 2).sum()
    return cost


def c2d_van_loan(A, Qc):
    """Zero-order-hold discretisation and noise covariance by Van Loan's block exponential."""
    n = A.shape[0]
    dt = 0.25
    Z = np.zeros((2 * n, 2 * n))
    Z[:n, :n] = -A
    Z[:n, n:] = np.diag(Qc)
    Z[n:, n:] = A.T
    Z *= dt
    # expm: scaling and squaring
    s = 4
    Y = Z / 2 ** s
    E = np.eye(2 * n)
    term = np.eye(2 * n)
    for k in range(1, 11):
        term = term @ Y / k
        E += term
    for _ in range(s):
        E = E @ E
    Phi = E[n:, n:].T
    Qd = Phi @ E[:n, n:]
    return Phi, Qd


def bode_of_motor(R, L, J):
    """DC motor current-to-speed frequency response: magnitude in dB and phase in degrees."""
    b, Kt = 0.1, 0.6
    w = np.logspace(-1, 2, 8)
    s = 1j * w
    H = Kt / ((L * s + R) * (J * s + b) + Kt ** 2)
    out = np.zeros((2, w.size))
    out[0] = 20 * np.log10(np.abs(H))
    out[1] = np.angle(H) * 180 / np.pi
    return out


# ---------------------------------------------------------------------------------------------------------------------
# trajectories


def natural_spline(y, tq=np.array([0.25, 0.8, 1.7, 2.6, 3.3])):
    """Natural cubic spline through (0, 1, ...), Thomas algorithm, values, velocities and jerk energy."""
    n = len(y)
    h = 1.0
    a = np.ones(n) * h / 6
    b = np.ones(n) * 2 * h / 3
    c = np.ones(n) * h / 6
    d = np.zeros(n)
    d[1:-1] = np.diff(y, 2) / h
    b[0] = b[-1] = 1.0
    c[0] = a[-1] = 0.0
    for i in range(1, n):
        w = a[i] / b[i - 1]
        b[i] -= w * c[i - 1]
        d[i] -= w * d[i - 1]
    m = np.zeros(n)
    m[-1] = d[-1] / b[-1]
    for i in range(n - 2, -1, -1):
        m[i] = (d[i] - c[i] * m[i + 1]) / b[i]
    k = np.clip(np.floor(tq).astype(int), 0, n - 2)
    s = tq - k
    pos = (1 - s) * y[k] + s * y[k + 1] + h ** 2 / 6 * (((1 - s) ** 3 - (1 - s)) * m[k] + (s ** 3 - s) * m[k + 1])
    vel = y[k + 1] - y[k] + h / 6 * ((3 * s ** 2 - 1) * m[k + 1] - (3 * (1 - s) ** 2 - 1) * m[k])
    return np.column_stack([pos, vel]), np.sum(np.diff(m) ** 2)


def quintic_trajectory(start, end, T):
    """Minimum-jerk boundary value polynomial with (pos, vel, acc) at both ends."""
    def row(t):
        return [
            [1, t, t ** 2, t ** 3, t ** 4, t ** 5],
            [0, 1, 2 * t, 3 * t ** 2, 4 * t ** 3, 5 * t ** 4],
            [0, 0, 2, 6 * t, 12 * t ** 2, 20 * t ** 3],
        ]

    M = np.array(row(0.0) + row(T))
    coef = np.linalg.solve(M, np.hstack([start, end]))
    ts = np.linspace(0, T, 9)
    p = coef[::-1]
    pos = np.polyval(p, ts)
    jerk = np.polyval(p[:3] * np.array([60.0, 24.0, 6.0]), ts)
    return pos, np.trapezoid(jerk ** 2, ts)


def slerp_path(q0, q1):
    """Slerp between two unit quaternions and the angular rate along it."""
    q0 = q0 / np.sqrt(sum(c * c for c in q0))
    q1 = q1 / np.sqrt(sum(c * c for c in q1))
    d = q0.dot(q1)
    if d < 0.0:
        q1 = -q1
        d = -d
    if d > 0.9995:
        raise ValueError(f"quaternions too close: {d}")
    om = math.acos(d)
    ts = [0.1, 0.35, 0.6, 0.9]
    path = np.zeros((len(ts), 4))
    for i, t in enumerate(ts):
        path[i, :] += math.sin((1 - t) * om) / math.sin(om) * q0
        path[i, :] += math.sin(t * om) / math.sin(om) * q1
    return path, 2 * om


# ---------------------------------------------------------------------------------------------------------------------
# vehicles


class SingleTrack:
    """Dynamic bicycle model with Pacejka tyres (1:1 car)."""

    params = dict(m=1500.0, Iz=2500.0, lf=1.2, lr=1.5, h=0.5)

    def __init__(self, vx, mu=0.9):
        self.vx = vx
        self.mu = mu
        self.state = np.zeros(5)  # vy, r, psi, x, y

    def tyre(self, alpha, Fz, B=10.0, C=1.9, E=0.97):
        Ba = B * alpha
        return self.mu * Fz * math.sin(C * math.atan(Ba - E * (Ba - math.atan(Ba))))

    def step(self, delta, dt):
        p = self.params
        vy, r, psi, x, y = self.state
        L = p["lf"] + p["lr"]
        af = delta - math.atan2(vy + p["lf"] * r, self.vx)
        ar = -math.atan2(vy - p["lr"] * r, self.vx)
        Ff = self.tyre(af, p["m"] * GRAVITY * p["lr"] / L)
        Fr = self.tyre(ar, p["m"] * GRAVITY * p["lf"] / L)
        d = np.array([
            (Ff * math.cos(delta) + Fr) / p["m"] - self.vx * r,
            (p["lf"] * Ff * math.cos(delta) - p["lr"] * Fr) / p["Iz"],
            r,
            self.vx * math.cos(psi) - vy * math.sin(psi),
            self.vx * math.sin(psi) + vy * math.cos(psi),
        ])
        self.state = self.state + dt * d


def lane_change(vx, mu, steer_amp):
    car = SingleTrack(vx, mu=mu)
    dt = 0.02
    log = []
    for k in range(60):
        t = k * dt
        car.step(steer_amp * math.sin(2 * math.pi * t / 1.2), dt)
        if k % 10 == 9:
            log.append(car.state)
    return np.array(log)


def pure_pursuit(pose, lookahead, path_y=lambda x: 0.5 * math.sin(0.6 * x)):
    """Kinematic bicycle that tracks a path by pure pursuit; returns the cross track errors."""
    wheelbase, v, dt = 0.33, 1.5, 0.05
    x, y, yaw = pose
    errors = []
    for _ in range(20):
        # goal point on the path, Newton on |p - (s, f(s))| = lookahead
        s = x + lookahead
        for _ in range(6):
            e = math.hypot(s - x, path_y(s) - y) - lookahead
            slope = (path_y(s + 1e-3) - path_y(s - 1e-3)) / 2e-3
            s -= e / (((s - x) + (path_y(s) - y) * slope) / math.hypot(s - x, path_y(s) - y))
        alpha = math.atan2(path_y(s) - y, s - x) - yaw
        delta = math.atan(2 * wheelbase * math.sin(alpha) / lookahead)
        x += v * math.cos(yaw) * dt
        y += v * math.sin(yaw) * dt
        yaw += v / wheelbase * math.tan(delta) * dt
        errors.append(y - path_y(x))
    errors = np.asarray(errors)
    return errors[3::4], np.sqrt(np.mean(errors ** 2)).item()


# altitude [km], density [kg/m3]
ATMOSPHERE = np.array([
    [0.0, 1.225],
    [2.0, 1.007],
    [4.0, 0.8194],
    [6.0, 0.6601],
    [8.0, 0.5258],
    [10.0, 0.4135],
])


def aircraft_longitudinal(state, elevator, throttle):
    """Derivatives of V [m/s], gamma, q, theta, h [km] of a small jet."""
    V, gamma, q, theta, h = state
    alpha = theta - gamma
    if not -0.3 < alpha < 0.3:
        raise ValueError(f"stalled at alpha = {alpha:.3f}")
    rho = np.interp(h, ATMOSPHERE[:, 0], ATMOSPHERE[:, 1])
    S, c, m, Iy = 20.0, 2.0, 5000.0, 28000.0
    qbar = 0.5 * rho * V ** 2
    CL = 0.25 + 5.1 * alpha + 0.4 * elevator
    CD = 0.022 + 0.045 * CL ** 2
    Cm = 0.03 - 0.9 * alpha - 1.2 * elevator - 12.0 * q * c / (2 * V)
    thrust = 16000.0 * throttle * (rho / 1.225) ** 0.7
    dx = np.zeros_like(state)
    dx[0] = (thrust * np.cos(alpha) - qbar * S * CD) / m - GRAVITY * np.sin(gamma)
    dx[1] = (thrust * np.sin(alpha) + qbar * S * CL) / (m * V) - GRAVITY / V * np.cos(gamma)
    dx[2] = qbar * S * c * Cm / Iy
    dx[3] = q
    dx[4] = V * np.sin(gamma) / 1000
    return dx


def quadrotor_attitude_control(R_params, omega, thrusts):
    """Geometric SO(3) controller moment (Lee 2010) and angular acceleration from the rotor mixer."""
    def rot(axis, a):
        R = np.eye(3)
        i, j = [k for k in range(3) if k != axis]
        R[i, i] = R[j, j] = np.cos(a)
        sgn = -1 if axis == 1 else 1
        R[i, j] = -sgn * np.sin(a)
        R[j, i] = sgn * np.sin(a)
        return R

    vee = lambda M: np.array([M[2, 1], M[0, 2], M[1, 0]])
    R = rot(2, R_params[2]) @ rot(1, R_params[1]) @ rot(0, R_params[0])
    Rd = rot(2, 0.2)
    J = np.diag([0.0082, 0.0085, 0.0138]) * 100
    eR = 0.5 * vee(Rd.T @ R - R.T @ Rd)
    eW = omega - R.T @ Rd @ np.array([0.0, 0.0, 0.1])
    moment = -8.8 * eR - 2.5 * eW + np.cross(omega, J @ omega)
    d, ctf = 0.315, 0.08
    mixer = np.array([[1, 1, 1, 1], [0, -d, 0, d], [d, 0, -d, 0], [-ctf, ctf, -ctf, ctf]])
    wrench = mixer @ thrusts
    wrench[1:] += moment
    rotor = la.solve(mixer, wrench)
    wdot = inv(J).dot(wrench[1:] - np.cross(omega, J.dot(omega)))
    return rotor, wdot


# ---------------------------------------------------------------------------------------------------------------------
# orbits

MU_EARTH = 398600.4418  # km^3/s^2
R_EARTH = 6378.137


def degrees_to_radians(*positions):
    """Decorator: the positional arguments at these positions are given in degrees."""
    def wrap(fn):
        @functools.wraps(fn)
        def inner(*args):
            args = list(args)
            for p in positions:
                args[p] = math.pi * args[p] / 180
            return fn(*args)

        return inner

    return wrap


@degrees_to_radians(2, 3, 4, 5)
def elements_to_state(a, e, inc, raan, argp, M):
    """Classical elements (thousand km, degrees) to position [1000 km] and velocity [km/s]."""
    a = a * 1000.0
    E = M if e < 0.8 else math.pi
    while True:
        dE = (E - e * math.sin(E) - M) / (1 - e * math.cos(E))
        E -= dE
        if abs(dE) < 1e-13:
            break
    nu = 2 * math.atan2(math.sqrt(1 + e) * math.sin(E / 2), math.sqrt(1 - e) * math.cos(E / 2))
    r = a * (1 - e * math.cos(E))
    h = math.sqrt(MU_EARTH * a * (1 - e ** 2))
    perifocal = np.zeros((2, 3))
    perifocal[0, :2] = r * np.cos(nu), r * np.sin(nu)
    perifocal[1, :2] = -MU_EARTH / h * np.sin(nu), MU_EARTH / h * (e + np.cos(nu))

    def R3(x):
        return np.array([[cos(x), sin(x), 0.0], [-sin(x), cos(x), 0.0], [0.0, 0.0, 1.0]])

    def R1(x):
        return np.array([[1.0, 0.0, 0.0], [0.0, cos(x), sin(x)], [0.0, -sin(x), cos(x)]])

    Q = (R3(argp) @ R1(inc) @ R3(raan)).T
    out = (Q @ perifocal.T).T
    out[0] /= 1000.0
    return out


def j2_propagation(r0, v0):
    """Twenty minutes of J2-perturbed motion, RK4; lengths in Mm, velocities in km/s."""
    mu = MU_EARTH * 1e-9
    Re = R_EARTH * 1e-3
    J2 = 1.08262668e-3

    def accel(r):
        x, y, z = r
        rn = norm(r)
        k = 1.5 * J2 * mu * Re ** 2 / rn ** 5
        a = -mu * r / rn ** 3
        a += k * np.array([x * (5 * z ** 2 / rn ** 2 - 1), y * (5 * z ** 2 / rn ** 2 - 1), z * (5 * z ** 2 / rn ** 2 - 3)])
        return a

    def rhs(s):
        return np.concatenate((s[3:], accel(s[:3])))

    s = np.zeros(6)
    s[:3] = r0
    s[3:] = v0
    s[3:] *= 1e-3
    dt = 60.0
    t = 0.0
    while t < 1200.0 - 1e-9:
        k1 = rhs(s)
        k2 = rhs(s + 0.5 * dt * k1)
        k3 = rhs(s + 0.5 * dt * k2)
        k4 = rhs(s + dt * k3)
        s += dt / 6.0 * (k1 + 2.0 * (k2 + k3) + k4)
        t += dt
    s[3:] *= 1e3
    return s


# ---------------------------------------------------------------------------------------------------------------------
# structures

NODES = [(0.0, 0.0), (200.0, 0.0), (400.0, 0.0), (100.0, 150.0), (300.0, 150.0)]  # cm
BARS = [(0, 1), (1, 2), (0, 3), (3, 1), (1, 4), (4, 2), (3, 4)]


def truss_displacements(areas, load):
    """Plane truss: assembly by index loops, displacements [cm] and bar forces [kN]."""
    E = 7000.0  # kN/cm2
    ndof = 2 * len(NODES)
    K = np.zeros((ndof, ndof))
    for e, (n1, n2) in enumerate(BARS):
        x1, y1 = NODES[n1]
        x2, y2 = NODES[n2]
        L = np.sqrt((x2 - x1) ** 2 + (y2 - y1) ** 2)
        c, s = (x2 - x1) / L, (y2 - y1) / L
        k = E * areas[e] / L * np.array([
            [c * c, c * s, -c * c, -c * s],
            [c * s, s * s, -c * s, -s * s],
            [-c * c, -c * s, c * c, c * s],
            [-c * s, -s * s, c * s, s * s],
        ])
        dofs = [2 * n1, 2 * n1 + 1, 2 * n2, 2 * n2 + 1]
        for i in range(4):
            for j in range(4):
                K[dofs[i], dofs[j]] += k[i, j]
    F = np.zeros(ndof)
    F[2 * 1 + 1] = -load
    F[2 * 4] = 0.3 * load
    fixed = [0, 1, 5]
    free = np.setdiff1d(np.arange(ndof), fixed)
    u = np.zeros(ndof)
    u[free] = np.linalg.solve(K[np.ix_(free, free)], F[free])
    force = np.empty(len(BARS))
    for e, (n1, n2) in enumerate(BARS):
        d = np.subtract(NODES[n2], NODES[n1])
        L = np.linalg.norm(d)
        force[e] = E * areas[e] / L * np.dot(d / L, u[2 * n2 : 2 * n2 + 2] - u[2 * n1 : 2 * n1 + 2])
    return u, force


def stepped_beam(I, P):
    """Cantilever of Euler-Bernoulli elements of varying inertia with a penalty support and hand-made elimination."""
    EMOD = 21.0
    ne = len(I)
    le = 1.0 / ne
    nd = 2 * (ne + 1)
    K = np.zeros((nd, nd))
    f = np.zeros((nd, 1))
    k0 = np.array([
        [12, 6 * le, -12, 6 * le],
        [6 * le, 4 * le ** 2, -6 * le, 2 * le ** 2],
        [-12, -6 * le, 12, -6 * le],
        [6 * le, 2 * le ** 2, -6 * le, 4 * le ** 2],
    ])
    for e in range(ne):
        sl = slice(2 * e, 2 * e + 4)
        K[sl, sl] += EMOD * I[e] / le ** 3 * k0
    f[-2, 0] = -P
    K[nd - 2, nd - 2] += 15.0  # elastic support at the tip
    K = K[2:, 2:]
    f = f[2:, 0]
    n = f.shape[0]
    # Gaussian elimination without pivoting, K is positive definite
    for i in range(n):
        for j in range(i + 1, min(i + 4, n)):
            factor = K[j, i] / K[i, i]
            K[j, i:] -= factor * K[i, i:]
            f[j] -= factor * f[i]
    u = np.zeros(n)
    for i in range(n - 1, -1, -1):
        u[i] = (f[i] - K[i, i + 1 :].dot(u[i + 1 :])) / K[i, i]
    return u.reshape(-1, 2)


def cst_element_stress(xy, E=200.0, nu=0.3):
    """Constant strain triangle: von Mises stress and stiffness times a given displacement."""
    u = np.array([0.0, 0.0, 0.01, -0.002, 0.004, 0.006])
    (x1, y1), (x2, y2), (x3, y3) = xy
    two_area = np.linalg.det(np.array([[1, x1, y1], [1, x2, y2], [1, x3, y3]]))
    beta = np.array([y2 - y3, y3 - y1, y1 - y2])
    gamma = np.array([x3 - x2, x1 - x3, x2 - x1])
    B = np.zeros((3, 6))
    B[0, 0::2] = beta
    B[1, 1::2] = gamma
    B[2, 0::2] = gamma
    B[2, 1::2] = beta
    B /= two_area
    D = np.zeros((3, 3))
    D[0, 0] = D[1, 1] = 1.0
    D[0, 1] = D[1, 0] = nu
    D[2, 2] = (1 - nu) / 2
    D *= E / (1 - nu ** 2)
    sx, sy, txy = D @ B @ u
    vm = np.sqrt(sx ** 2 - sx * sy + sy ** 2 + 3 * txy ** 2)
    K = B.T @ D @ B * two_area / 2
    return vm, K @ u


SPRINGS = np.array([[0, 1], [1, 2], [2, 3], [0, 2], [1, 3]])
ANCHORS = np.array([[0.0, 0.0], [1.0, -0.2], [2.0, 0.3], [3.0, 0.0]])


def spring_network(stiffness, rest):
    """Damped symplectic Euler of a small mass-spring web, both end masses held; energy and positions."""
    pos = ANCHORS.copy()
    vel = np.zeros_like(pos)
    free = np.array([False, True, True, False])
    i, j = SPRINGS.T
    dt = 0.02
    for _ in range(30):
        d = pos[j] - pos[i]
        length = np.sqrt(np.einsum("ij,ij->i", d, d))
        f = (stiffness * (length - rest) / length)[:, None] * d
        force = np.zeros((4, 2))
        np.add.at(force, i, f)
        np.subtract.at(force, j, f)
        force[:, 1] -= 0.5 * GRAVITY
        force -= 0.4 * vel
        vel[free] += dt * force[free] / 0.5
        pos = pos + dt * vel
    energy = 0.5 * np.sum(stiffness * (length - rest) ** 2)
    return energy, pos[free]


# ---------------------------------------------------------------------------------------------------------------------
# circuits

NETLIST = """
R1 1 2
R2 2 0
R3 2 3
R4 3 0
R5 1 3
"""


def resistor_network(R, Vs):
    """Modified nodal analysis of a bridge read from a netlist; node voltages, source current, dissipated power."""
    n_nodes = 3
    A = np.zeros((n_nodes + 1, n_nodes + 1))
    elements = [line.split() for line in NETLIST.strip().splitlines()]
    for (name, a, b), r in zip(elements, R):
        g = 1.0 / r
        a, b = int(a) - 1, int(b) - 1
        if a >= 0:
            A[a, a] += g
        if b >= 0:
            A[b, b] += g
        if a >= 0 and b >= 0:
            A[a, b] -= g
            A[b, a] -= g
    A[-1, 0] = 1.0
    A[0, -1] = 1.0
    z = np.zeros(n_nodes + 1)
    z[-1] = Vs
    x = np.linalg.solve(A, z)
    volt = {0: 0.0}
    volt.update((k + 1, x[k]) for k in range(n_nodes))
    power = 0.0
    for (name, a, b), r in zip(elements, R):
        power += (volt[int(a)] - volt[int(b)]) ** 2 / r
    return x, power


def diode_clipper(vin, Rs, n_ideality):
    """Newton solution of two antiparallel diodes behind a resistor, for each input sample."""
    Is, Vt = 2.52e-9, 0.02585
    nVt = n_ideality * Vt
    vin = np.atleast_1d(vin)
    vout = np.zeros(len(vin))
    for k in range(len(vin)):
        v = 0.5 if vin[k] > 0 else -0.5
        for it in range(60):
            f = (vin[k] - v) / Rs - 2e3 * Is * np.sinh(v / nVt)
            df = -1.0 / Rs - 2e3 * Is * np.cosh(v / nVt) / nVt
            dv = f / df
            v = v - dv
            if abs(dv) < 1e-14:
                break
        vout[k] = v
    return vout


def rlc_ladder_ac(L, C, Rload):
    """Gain of a three-section LC ladder by ABCD (chain) matrices, complex arithmetic."""
    gains = []
    for f in [0.2, 0.5, 0.9, 1.3]:
        w = 2 * pi * f
        chain = np.eye(2, dtype=complex)
        for Lk, Ck in zip(L, C):
            series = np.array([[1, 1j * w * Lk + 0.05], [0, 1]])
            shunt = np.eye(2, dtype=complex)
            shunt[1, 0] = 1j * w * Ck
            chain = chain @ series @ shunt
        H = 1 / (chain[0, 0] + chain[0, 1] / Rload)
        gains.append(20 * np.log10(abs(H)))
    return np.array(gains)


# ---------------------------------------------------------------------------------------------------------------------
# planning and vibration

ROBOT_TREE = {
    "base": [("torso", (0.0, 0.0, 0.4), 0)],
    "torso": [("left_arm", (0.0, 0.25, 0.3), 1), ("right_arm", (0.0, -0.25, 0.3), 2)],
    "left_arm": [("left_hand", (0.35, 0.0, 0.0), None)],
    "right_arm": [("right_hand", (0.35, 0.0, -0.1), None)],
}
LINK_MASS = {"torso": 8.0, "left_arm": 2.0, "right_arm": 2.0, "left_hand": 0.5, "right_hand": 0.7}


def humanoid_center_of_mass(q):
    """Walk the kinematic tree recursively; centre of mass and hand positions."""
    where = {}

    def visit(name, R, p):
        where[name] = p
        for child, offset, joint in ROBOT_TREE.get(name, []):
            p_child = p + R @ np.asarray(offset)
            R_child = R
            if joint is not None:
                c, s = math.cos(q[joint]), math.sin(q[joint])
                Rj = np.eye(3)
                if joint == 0:
                    Rj[0, 0], Rj[0, 1], Rj[1, 0], Rj[1, 1] = c, -s, s, c
                else:
                    Rj[0, 0], Rj[0, 2], Rj[2, 0], Rj[2, 2] = c, s, -s, c
                R_child = R @ Rj
            visit(child, R_child, p_child)

    visit("base", np.eye(3), np.zeros(3))
    com = sum(m * where[name] for name, m in LINK_MASS.items()) / sum(LINK_MASS.values())
    return com, [where["left_hand"], where["right_hand"]]


def elastic_band(interior, obstacle):
    """Relax a way-point band between two fixed ends; interior is (n, 2), moved through a view of the path."""
    path = np.vstack(([[0.0, 0.0]], interior, [[4.0, 0.0]]))
    inner = path[1:-1]
    for it in range(15):
        tension = np.roll(path, -1, axis=0)[1:-1] + np.roll(path, 1, axis=0)[1:-1] - 2 * inner
        away = inner - obstacle
        dist = norm(away, axis=1)
        push = np.where(dist < 3.0, np.exp(-dist), 0.0)
        inner += 0.2 * tension + 0.1 * (push / dist)[:, None] * away
    seg = np.diff(path, axis=0)
    arclength = np.cumsum(np.hypot(seg.T[0], seg.T[1]))
    return inner.flatten(), arclength


def potential_field_cost(goal, k_rep):
    """Repulsive plus attractive potential on a small grid, normalised to a soft-min policy."""
    gx, gy = np.meshgrid(np.linspace(-1, 1, 4), np.linspace(-1, 1, 5))
    U = 0.5 * ((gx - goal[0]) ** 2 + (gy - goal[1]) ** 2)
    for ox, oy, rad in [(0.1, 0.2, 0.8), (-0.6, -0.5, 0.6)]:
        d = np.sqrt((gx - ox) ** 2 + (gy - oy) ** 2)
        close = d < rad
        U[close] += 0.5 * k_rep * (1 / d[close] - 1 / rad) ** 2
    P = np.zeros_like(U)
    P.flat[:] = np.exp(-U).ravel()
    P /= P.sum()
    m = np.array([(P * gx).sum(), (P * gy).sum()])
    ranked = np.sort(U, axis=None)
    return P, m, ranked[:5]


def input_shaper_residual(freq, zeta):
    """ZVD shaped step (impulses convolved with a smooth command) on a flexible crane, RMS residual vibration."""
    dt = 0.05
    t = np.arange(0, 4, dt)
    K = np.exp(-zeta * np.pi / np.sqrt(1 - zeta ** 2))
    amps = np.array([1, 2 * K, K ** 2]) / (1 + K) ** 2
    shaper = np.zeros(13)
    shaper[::6] = amps
    command = np.clip(t / 0.47, 0.0, 1.0)
    shaped = np.convolve(command, shaper)[: t.size]
    wn = 2 * np.pi * freq
    x = np.zeros((t.size, 2))
    for k in range(t.size - 1):
        row = x[k + 1]
        row[1] = (x[k, 1] + dt * wn ** 2 * (shaped[k] - x[k, 0])) / (1 + 2 * dt * 0.08 * wn)
        row[0] = x[k, 0] + dt * row[1]
    tail = x[40:, 0] - shaped[40:]
    spectrum = np.abs(np.fft.rfft(tail)) ** 2 / tail.size
    return np.sqrt(np.mean(tail ** 2)), amps, spectrum[1:6]


def lyapunov_covariance(params):
    """Stationary covariance of a quarter-car suspension on a rough road: Kronecker form of the Lyapunov equation."""
    params = np.asanyarray(params)
    ms, mu = 2.5, 0.4
    ks, cs, kt = params.astype(float)
    A = np.zeros((4, 4))
    A[0, 1], A[0, 3] = 1.0, -1.0  # suspension stroke
    A[1] = np.array([-ks, -cs, 0, cs]) / ms
    A[2, 3] = 1.0  # tyre deflection
    A[3] = np.array([ks, cs, -kt, -cs]) / mu
    G = np.array([0.0, 0.0, -1.0, 0.0])
    I = np.eye(4)
    big = np.kron(A, I) + np.kron(I, A)
    P = np.linalg.solve(big, -np.outer(G, G).flatten()).reshape(4, 4)
    ride = A[1] @ P @ A[1]
    return np.sqrt([ride, P[0, 0], P[2, 2]])


def gravity_turn(payload, kick, isp=(282.0, 348.0)):
    """Two-stage ascent over a flat Earth; units: tonnes, km, km/s, kick in degrees.  Scalars or one-element arrays."""
    if isinstance(payload, np.ndarray):
        payload = payload.item()
    if not np.isscalar(kick):
        kick = float(kick[0])
    stages = [dict(dry=22.0, prop=390.0, burn=160.0), dict(dry=4.0, prop=92.0, burn=340.0)]
    g0 = 9.80665e-3
    v, gamma, x, h = 0.1, math.radians(90.0 - kick), 0.0, 0.7
    log = []
    for number, st in enumerate(stages):
        above = payload + sum(s["dry"] + s["prop"] for s in stages[number + 1 :])
        steps = 40
        dt = st["burn"] / steps
        mdot = st["prop"] / st["burn"]
        m = above + st["dry"] + st["prop"]
        k = 0
        while k < steps:
            rho = 1.225 * math.exp(-h / 8.0)
            drag = 0.5 * rho * pow(v, 2) * 0.3 * 10.0
            thrust = mdot * isp[number] * g0
            v += dt * ((thrust - 0.1 * drag) / m - g0 * math.sin(gamma))
            gamma -= dt * (g0 / v - v / (6371.0 + h)) * math.cos(gamma)
            x += dt * v * math.cos(gamma)
            h += dt * v * math.sin(gamma)
            m -= mdot * dt
            k += 1
        log += [v, gamma, x, h]
    return log


def stewart_leg_lengths(pose):
    """Leg lengths of a hexapod and its static leg forces under its own weight."""
    x, y, z, roll, pitch, yaw = [np.float64(p) for p in pose]
    base_angles = np.radians([-10, 10, 110, 130, 230, 250])
    plat_angles = np.radians([-50, 50, 70, 170, 190, 290])
    base = np.zeros((6, 3))
    base[:, 0], base[:, 1] = 1.2 * np.cos(base_angles), 1.2 * np.sin(base_angles)
    plat = np.stack([0.8 * np.cos(plat_angles), 0.8 * np.sin(plat_angles), np.zeros(6)], axis=-1)
    R = euler_zyx_to_matrix(yaw, pitch, roll)
    arms = np.einsum("ij,kj->ki", R, plat)
    legs = arms + [x, y, z] - base
    lengths = np.sqrt((legs * legs).sum(axis=1))
    W = np.empty((6, 6))
    W[:3] = (legs / lengths[:, None]).T
    W[3:, :] = np.cross(arms, legs / lengths[:, None]).T
    wrench = np.zeros(6)
    wrench[2] = 50.0
    return lengths, np.linalg.solve(W, wrench)


CASES = [
    (dh_forward_kinematics, np.array([0.3, -0.7, 0.5, 1.1, 0.4, -0.2])),
    (planar_arm_joints, np.array([0.3, 0.5, -0.9, 0.4]), np.array([1.0, 0.8, 0.6, 0.3])),
    (euler_zyx_to_matrix, 0.4, -0.3, 1.2),
    (rotate_points_by_quaternion, np.array([0.9, 0.1, -0.3, 0.4]), np.array([[1.0, 0.2, 0.3], [-0.5, 1.5, 0.7]])),
    (rodrigues_roundtrip_error, np.array([0.3, -0.5, 0.8]), np.array([1.0, 0.4, -2.0])),
    (arm_geometric_jacobian, np.array([0.4, 0.6, 0.9])),
    (ik_newton, np.array([1.1, 0.9])),
    (recursive_newton_euler, np.array([0.3, 0.7, -0.4]), np.array([0.5, -1.0, 0.8]), np.array([1.0, 0.2, -0.6])),
    (inertia_of_body, np.array([1.0, 2.0, 1.5, 0.7]), np.array([0.3, -0.8, 1.1])),
    (cartpole_rollout, np.array([0.1, -0.2, 0.15, 0.1]), np.array([-1.0, -1.6, -18.0, -3.5])),
    (double_pendulum_rk4, np.array([0.9, -0.4, 0.3, 0.7])),
    (kalman_loglik, np.array([0.1, 0.4]), 0.15, 0.4),
    (ekf_localization, np.array([0.2, 0.4, 0.3]), np.array([[1.0, 0.2], [0.8, -0.3], [1.2, 0.1]])),
    (ukf_reentry, np.array([10.0, 1.2]), np.array([0.3, 0.2])),
    (imu_dead_reckoning, np.array([0.01, -0.02, 0.03]), np.array([0.1, -0.1, 0.05]), 1.02),
    (madgwick_update, np.array([0.9, 0.2, -0.3, 0.1]), 0.1),
    (wahba_davenport, np.array([[0.8, 0.5, -0.1], [-0.4, 0.7, 0.6]]), np.array([0.6, 0.4])),
    (pose_graph_chi2, np.array([1.05, 0.02, 0.48, 1.9, 0.65, 1.15, 2.2, 1.5, 1.62])),
    (icp_2d, np.array([[0.15, -0.1], [1.1, 0.3], [2.15, 0.35], [1.9, 1.5], [0.2, 1.5]])),
    (bundle_residuals, np.array([0.2, -0.1, 0.3, 0.05, 0.02, 2.5, 500.0, -0.1, 0.02])),
    (undistort_pixel, np.array([410.0, 150.0]), np.array([-0.28, 0.09, 0.001, -0.002])),
    (triangulate_dlt, np.array([0.1, -0.05]), np.array([0.05, -0.02])),
    (pid_step_response, 6.0, 0.8, 0.3),
    (lqr_gain, np.array([0.3, -0.1, 0.9]), 0.5),
    (mpc_cost, np.array([1.0, 0.8, 1.2, -0.3, 0.9, -0.4]), np.array([0.1, 0.0, 0.2])),
    (c2d_van_loan, np.array([[0.0, 1.0], [-4.0, -0.6]]), np.array([0.1, 0.7])),
    (bode_of_motor, 1.5, 0.3, 0.02),
    (natural_spline, np.array([0.0, 1.2, 0.7, -0.4, 0.9])),
    (quintic_trajectory, np.array([0.0, 0.3, 0.1]), np.array([1.5, -0.2, 0.4]), 2.0),
    (slerp_path, np.array([0.9, 0.1, 0.3, -0.2]), np.array([-0.2, 0.7, -0.5, 0.4])),
    (lane_change, 22.0, 0.85, 0.04),
    (pure_pursuit, np.array([0.0, 0.3, 0.1]), 0.8),
    (aircraft_longitudinal, np.array([140.0, 0.03, 0.02, 0.08, 3.3]), -0.03, 0.7),
    (quadrotor_attitude_control, np.array([0.2, -0.3, 0.6]), np.array([0.4, -0.5, 0.3]), np.array([4.0, 5.1, 4.6, 5.3])),
    (elements_to_state, 9.5, 0.23, 51.6, 110.0, 75.0, 40.0),
    (j2_propagation, np.array([5.2, -3.1, 3.9]), np.array([3.4, 6.2, 1.1])),
    (truss_displacements, np.array([4.0, 5.0, 6.0, 3.0, 3.5, 6.5, 5.5]), 100.0),
    (stepped_beam, np.array([3.0, 2.0, 1.5, 0.8]), 2.0),
    (cst_element_stress, np.array([[0.0, 0.1], [1.2, 0.2], [0.4, 1.1]])),
    (spring_network, np.array([20.0, 35.0, 25.0, 12.0, 15.0]), np.array([0.9, 1.0, 1.1, 1.8, 1.9])),
    (resistor_network, np.array([1.0, 2.2, 4.7, 2.7, 1.8]), 5.0),
    (diode_clipper, np.array([0.4, -1.2, 2.5]), 2.2, 1.75),
    (rlc_ladder_ac, np.array([0.3, 0.5, 0.3]), np.array([0.2, 0.25, 0.15]), 1.0),
    (humanoid_center_of_mass, np.array([0.3, -0.8, 0.5])),
    (elastic_band, np.array([[1.0, 0.3], [2.0, 0.8], [3.1, 0.4]]), np.array([1.9, -0.4])),
    (potential_field_cost, np.array([0.7, -0.4]), 0.3),
    (input_shaper_residual, 1.6, 0.1),
    (lyapunov_covariance, np.array([18.0, 4.0, 90.0])),
    (gravity_turn, np.array([12.0]), 1.1),
    (stewart_leg_lengths, np.array([0.05, -0.1, 1.3, 0.1, -0.15, 0.2])),
]
