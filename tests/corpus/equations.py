"""Equations: time steppers, finite differences, finite volumes, spectral codes and other solvers of ODEs and PDEs."""

import functools
import math
from collections import namedtuple
from dataclasses import dataclass, field
from math import cos, pi, sin, sqrt

import numpy as np
import numpy.linalg as la
from numpy import exp, linspace, zeros
from numpy.linalg import norm, solve


# ---------------------------------------------------------------------------------------------------------------------
# ODEs
# ---------------------------------------------------------------------------------------------------------------------

def lotka_volterra_euler(params, y0, T=2.0, n=80):
    """Forward Euler for the predator-prey model, returns the whole trajectory sampled every 10 steps."""
    alpha, beta, delta, gamma = params
    dt = T / n
    y = np.zeros((n + 1, 2))
    y[0] = y0
    for k in range(n):
        prey, pred = y[k]
        y[k + 1, 0] = prey + dt * (alpha * prey - beta * prey * pred)
        y[k + 1, 1] = pred + dt * (delta * prey * pred - gamma * pred)
    return y[::10]


def rk4(f, y0, t, *args):
    y = np.empty((len(t), len(y0)))
    y[0, :] = y0
    for i in range(len(t) - 1):
        h = t[i + 1] - t[i]
        k1 = f(y[i], t[i], *args)
        k2 = f(y[i] + k1 * h / 2., t[i] + h / 2., *args)
        k3 = f(y[i] + k2 * h / 2., t[i] + h / 2., *args)
        k4 = f(y[i] + k3 * h, t[i] + h, *args)
        y[i + 1] = y[i] + (h / 6.) * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


def lorenz_final(state, sigma=10.0, rho=28.0, beta=8.0 / 3.0):
    def f(state, t, sigma, rho, beta):
        x, y, z = state  # Unpack the state vector
        return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])  # Derivatives

    t = np.arange(0.0, 0.4, 0.01)
    states = rk4(f, state, t, sigma, rho, beta)
    return states[-1, :]


def sir_peak(beta, gamma, i0):
    """SIR with plain Python floats and lists: returns final sizes, mean of infected and total incidence."""
    N = 1000.0
    S, I, R = [N - i0], [i0], [0.0]
    dt = 2.0
    for _ in range(30):
        new_inf = beta * S[-1] * I[-1] / N * dt
        new_rec = gamma * I[-1] * dt
        S.append(S[-1] - new_inf)
        I.append(I[-1] + new_inf - new_rec)
        R.append(R[-1] + new_rec)
    S = np.array(S)
    I = np.array(I)
    R = np.array(R)
    assert np.allclose(S + I + R, N)
    return S[-1], np.mean(I), np.max(I), -np.diff(S).sum()


def van_der_pol_rk45(mu, y0):
    """Runge-Kutta-Fehlberg 4(5) with step-size control, one oscillator."""
    A = [[],
         [1 / 4],
         [3 / 32, 9 / 32],
         [1932 / 2197, -7200 / 2197, 7296 / 2197],
         [439 / 216, -8, 3680 / 513, -845 / 4104],
         [-8 / 27, 2, -3544 / 2565, 1859 / 4104, -11 / 40]]
    b4 = np.array([25 / 216, 0, 1408 / 2565, 2197 / 4104, -1 / 5, 0])
    b5 = np.array([16 / 135, 0, 6656 / 12825, 28561 / 56430, -9 / 50, 2 / 55])

    def rhs(y):
        return np.array([y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]])

    t, tend, h = 0.0, 1.5, 0.1
    y = np.asarray(y0, dtype=float)
    while t < tend - 1e-12:
        h = min(h, tend - t)
        K = np.zeros((6, y.size))
        for s in range(6):
            dy = np.zeros_like(y)
            for j, a in enumerate(A[s]):
                dy += h * a * K[j]
            K[s] = rhs(y + dy)
        err = norm(h * (b5 - b4) @ K)
        if err <= 1e-4:
            t += h
            y = y + h * np.dot(b5, K)
        h *= min(2.0, max(0.3, 0.9 * (1e-4 / (err + 1e-16)) ** 0.2))
    return y


@dataclass
class Body:
    mass: float
    pos: np.ndarray
    vel: np.ndarray
    acc: np.ndarray = field(default_factory=lambda: np.zeros(2))


class NBody:
    """Planar gravitating bodies, velocity Verlet."""

    G = 1.0
    soft = 0.05

    def __init__(self, bodies):
        self.bodies = bodies
        self.compute_forces()

    def compute_forces(self):
        for b in self.bodies:
            b.acc = np.zeros(2)
        for i, a in enumerate(self.bodies):
            for b in self.bodies[i + 1:]:
                r = b.pos - a.pos
                d3 = (r.dot(r) + self.soft ** 2) ** 1.5
                a.acc += self.G * b.mass * r / d3
                b.acc -= self.G * a.mass * r / d3

    def step(self, dt):
        for b in self.bodies:
            b.vel = b.vel + 0.5 * dt * b.acc
            b.pos = b.pos + dt * b.vel
        self.compute_forces()
        for b in self.bodies:
            b.vel += 0.5 * dt * b.acc

    @property
    def energy(self):
        ke = sum(0.5 * b.mass * (b.vel ** 2).sum() for b in self.bodies)
        pe = 0.0
        for i in range(len(self.bodies)):
            for j in range(i):
                d = self.bodies[i].pos - self.bodies[j].pos
                pe -= self.G * self.bodies[i].mass * self.bodies[j].mass / math.sqrt(d @ d + self.soft ** 2)
        return ke + pe


def three_bodies(masses, v):
    x0 = [np.array([0.0, 0.0]), np.array([1.0, 0.0]), np.array([0.0, 1.7])]
    vel = [np.zeros(2), np.array([0.0, v[0]]), np.array([v[1], 0.1])]
    sim = NBody([Body(m, x, u) for m, x, u in zip(masses, x0, vel)])
    for _ in range(25):
        sim.step(0.02)
    return np.concatenate([b.pos for b in sim.bodies] + [[sim.energy]])


def leapfrog_henon_heiles(q, p, dt=0.05, nsteps=40):
    """Symplectic leapfrog (kick-drift-kick) overwriting local copies of q and p."""
    q = np.array(q, dtype=float)
    p = np.array(p, dtype=float)

    def grad_v(q):
        x, y = q
        return np.array([x + 2 * x * y, y + x ** 2 - y ** 2])

    p -= 0.5 * dt * grad_v(q)
    for n in range(nsteps):
        q += dt * p
        if n < nsteps - 1:
            p -= dt * grad_v(q)
    p -= 0.5 * dt * grad_v(q)
    H = 0.5 * np.sum(p * p) + 0.5 * np.sum(q * q) + q[0] ** 2 * q[1] - q[1] ** 3 / 3
    return q, p, H


def robertson_implicit_euler(k):
    """Stiff kinetics of Robertson, implicit Euler + Newton with an analytic Jacobian.  k in scaled units."""
    k1, k2, k3 = k[0] * 0.04, k[1] * 3e7, k[2] * 1e4

    def f(y):
        r1 = k1 * y[0]
        r2 = k2 * y[1] ** 2
        r3 = k3 * y[1] * y[2]
        return np.array([-r1 + r3, r1 - r2 - r3, r2])

    def jac(y):
        J = np.zeros((3, 3))
        J[0, 0] = -k1
        J[0, 1] = k3 * y[2]
        J[0, 2] = k3 * y[1]
        J[1] = [k1, -2 * k2 * y[1] - k3 * y[2], -k3 * y[1]]
        J[2, 1] = 2 * k2 * y[1]
        return J

    y = np.array([1.0, 0.0, 0.0])
    dt = 1e-3
    for step in range(18):
        ynew = y.copy()
        for it in range(20):
            g = ynew - y - dt * f(ynew)
            dy = np.linalg.solve(np.eye(3) - dt * jac(ynew), -g)
            ynew += dy
            if np.max(np.abs(dy)) < 1e-14:
                break
        else:
            raise RuntimeError(f"Newton did not converge at step {step}: {ynew}")
        y = ynew
        dt *= 1.6
    return y * np.array([1.0, 1e4, 1.0])


def bdf2_pendulum(theta0, damping, h=0.05, N=30):
    """BDF2 with a backward-Euler start-up; Newton on 2 unknowns with Cramer's rule."""
    g_over_l = 9.81 / 2.0
    th = np.zeros(N + 1)
    om = np.zeros(N + 1)
    th[0] = theta0

    def newton(a, b, c, th_g, om_g):
        # solve  th - c*om = a ;  om + c*(g/l sin th + damping om) = b
        for _ in range(6):
            r1 = th_g - c * om_g - a
            r2 = om_g + c * (g_over_l * np.sin(th_g) + damping * om_g) - b
            j11, j12 = 1.0, -c
            j21, j22 = c * g_over_l * np.cos(th_g), 1 + c * damping
            det = j11 * j22 - j12 * j21
            th_g -= (j22 * r1 - j12 * r2) / det
            om_g -= (j11 * r2 - j21 * r1) / det
        return th_g, om_g

    th[1], om[1] = newton(th[0], om[0], h, th[0], om[0])
    for i in range(2, N + 1):
        a = (4 * th[i - 1] - th[i - 2]) / 3
        b = (4 * om[i - 1] - om[i - 2]) / 3
        th[i], om[i] = newton(a, b, 2 * h / 3, th[i - 1], om[i - 1])
    return np.column_stack((th, om))[::6]


def brusselator(A, B, x0=1.2, y0=2.5):
    """Heun's method; the step is built by a closure, the loop by functools.reduce."""
    dt = 0.04

    def rate(u):
        x, y = u
        xxy = x * x * y
        return np.array([A + xxy - (B + 1.0) * x, B * x - xxy])

    def heun(u, _):
        k = rate(u)
        return u + 0.5 * dt * (k + rate(u + dt * k))

    return functools.reduce(heun, range(60), np.array([x0, y0]))


# ---------------------------------------------------------------------------------------------------------------------
# parabolic equations
# ---------------------------------------------------------------------------------------------------------------------

def heat_ftcs(u0, kappa):
    """Explicit heat equation on [0,1], fixed ends."""
    u = np.array(u0, dtype=float)
    nx = len(u)
    dx = 1.0 / (nx - 1)
    dt = 0.002
    r = kappa * dt / dx ** 2
    if r > 0.5:
        raise ValueError(f"unstable: r = {r:.3f}")
    for n in range(60):
        un = u.copy()
        u[1:-1] = un[1:-1] + r * (un[2:] - 2 * un[1:-1] + un[:-2])
    return u


def TDMAsolver(a, b, c, d):
    '''
    TDMA solver, a b c d can be NumPy array type or Python list type.
    refer to http://en.wikipedia.org/wiki/Tridiagonal_matrix_algorithm
    '''
    nf = len(d)  # number of equations
    ac, bc, cc, dc = map(np.array, (a, b, c, d))  # copy arrays
    for it in range(1, nf):
        mc = ac[it - 1] / bc[it - 1]
        bc[it] = bc[it] - mc * cc[it - 1]
        dc[it] = dc[it] - mc * dc[it - 1]

    xc = bc
    xc[-1] = dc[-1] / bc[-1]

    for il in range(nf - 2, -1, -1):
        xc[il] = (dc[il] - cc[il] * xc[il + 1]) / bc[il]

    return xc


def heat_btcs_rod(k_left, k_right, q, n=16):
    """Implicit heat equation in a two-material rod, flux q on the left and convection on the right."""
    dx = 1.0 / n
    x = (np.arange(n) + 0.5) * dx
    k = np.where(x < 0.5, k_left, k_right)
    kf = 2 * k[1:] * k[:-1] / (k[1:] + k[:-1])  # harmonic mean at faces
    dt = 0.05
    lam = kf * dt / dx ** 2
    diag = np.ones(n)
    diag[:-1] += lam
    diag[1:] += lam
    h_conv = 4.0
    diag[-1] += h_conv * dt / dx
    T = np.full(n, 1.0)
    for _ in range(10):
        rhs = T.copy()
        rhs[0] += q * dt / dx
        T = TDMAsolver(-lam, diag, -lam, rhs)
    return T


def crank_nicolson_call(s0, strike, sigma, rate=0.05, T=1.0):
    """Black-Scholes PDE in log price by Crank-Nicolson with dense matrices, value read by interpolation."""
    M, Nt = 40, 20
    xmin, xmax = np.log(20.0), np.log(500.0)
    x = np.linspace(xmin, xmax, M + 1)
    dx, dt = x[1] - x[0], T / Nt
    nu = rate - 0.5 * sigma ** 2
    V = np.log1p(np.exp((np.exp(x) - strike) / 2.0)) * 2.0  # smoothed payoff
    L = np.zeros((M + 1, M + 1))
    for i in range(1, M):
        L[i, i - 1] = 0.5 * sigma ** 2 / dx ** 2 - 0.5 * nu / dx
        L[i, i] = -sigma ** 2 / dx ** 2 - rate
        L[i, i + 1] = 0.5 * sigma ** 2 / dx ** 2 + 0.5 * nu / dx
    I = np.eye(M + 1)
    A, B = I - 0.5 * dt * L, I + 0.5 * dt * L
    Ainv = np.linalg.inv(A)
    for n in range(Nt):
        b = B @ V
        b[0] = 0.0
        b[-1] = np.exp(xmax) - strike * math.exp(-rate * (n + 1) * dt)
        V = Ainv @ b
    return np.interp(np.log(s0), x, V)


class ReactionDiffusion2D:
    """Gray-Scott on a periodic grid, in-place updates of self.u and self.v."""

    def __init__(self, n, Du, Dv, F, k):
        self.n = n
        self.Du, self.Dv, self.F, self.k = Du, Dv, F, k
        X, Y = np.meshgrid(np.arange(n), np.arange(n))
        blob = np.exp(-((X - n // 2) ** 2 + (Y - n // 2 + 1) ** 2) / 3.0)
        self.u = 1.0 - 0.5 * blob
        self.v = 0.35 * blob

    @staticmethod
    def lap(Z):
        return (np.roll(Z, 1, axis=0) + np.roll(Z, -1, axis=0)
                + np.roll(Z, 1, axis=1) + np.roll(Z, -1, axis=1) - 4 * Z)

    def advance(self, steps):
        for _ in range(steps):
            uvv = self.u * self.v * self.v
            du = self.Du * self.lap(self.u) - uvv + self.F * (1 - self.u)
            dv = self.Dv * self.lap(self.v) + uvv - (self.F + self.k) * self.v
            self.u = self.u + du
            self.v = self.v + dv
        return self


def gray_scott(p):
    Du, Dv, F, k = p
    rd = ReactionDiffusion2D(7, Du, Dv, F, k).advance(12)
    return np.vstack([rd.u[3, :], rd.v.mean(axis=0), rd.v[:, 3]])


def fisher_kpp_2d(D, growth, source):
    """2-D finite differences with slices, five-point Laplacian, reflecting walls written after every step."""
    nx, ny, h, dt = 9, 7, 0.25, 0.01
    c = np.zeros((nx, ny))
    c[4, 3] = source
    c[3:6, 2:5] += 0.1 * source
    for _ in range(20):
        lap = (c[2:, 1:-1] + c[:-2, 1:-1] + c[1:-1, 2:] + c[1:-1, :-2] - 4 * c[1:-1, 1:-1]) / h ** 2
        c[1:-1, 1:-1] += dt * (D * lap + growth * c[1:-1, 1:-1] * (1.0 - c[1:-1, 1:-1]))
        c[0, :] = c[1, :]
        c[-1, :] = c[-2, :]
        c[:, 0] = c[:, 1]
        c[:, -1] = c[:, -2]
    profile = c[:, 3]
    return profile, np.trapezoid(np.trapezoid(c, dx=h, axis=1), dx=h)


# ---------------------------------------------------------------------------------------------------------------------
# hyperbolic equations
# ---------------------------------------------------------------------------------------------------------------------

def advection_upwind(speed, center, width=0.12):
    nx = 40
    x, dx = linspace(0, 1, nx, retstep=True)
    u = exp(-((x - center) / width) ** 2)
    cfl = speed * 0.012 / dx
    assert np.all(abs(cfl) <= 1), f"CFL violated: {cfl}"
    for _ in range(25):
        if speed > 0:
            u[1:] = u[1:] - cfl * (u[1:] - u[:-1])
            u[0] = u[-1]
        else:
            u[:-1] = u[:-1] - cfl * (u[1:] - u[:-1])
            u[-1] = u[0]
    mass = u.sum() * dx
    mean = (x * u).sum() * dx / mass
    return np.array([mass, mean, sqrt(((x - mean) ** 2 * u).sum() * dx / mass)])


# step 4 of "12 steps to Navier-Stokes"
def burgers_periodic(nu, amp):
    nx = 31
    nt = 30
    dx = 2 * pi / (nx - 1)
    dt = 0.01
    x = np.linspace(0, 2 * np.pi, nx)
    u = np.asarray(1.5 + amp * np.sin(x))
    un = np.empty(nx)
    for n in range(nt):
        un = u.copy()
        for i in range(1, nx - 1):
            u[i] = un[i] - un[i] * dt / dx * (un[i] - un[i - 1]) + nu * dt / dx ** 2 * (un[i + 1] - 2 * un[i] + un[i - 1])
        u[0] = un[0] - un[0] * dt / dx * (un[0] - un[-2]) + nu * dt / dx ** 2 * (un[1] - 2 * un[0] + un[-2])
        u[-1] = u[0]
    return u[::3]


def wave_string(pluck, c, damping):
    """Damped string, three time levels with swapping of the arrays; the microphone listens at one point."""
    n = 21
    L = 1.0
    x = np.linspace(0.0, L, n)
    y_old = np.where(x < pluck[0], x / pluck[0], (L - x) / (L - pluck[0])) * pluck[1]
    y = y_old.copy()
    y_new = np.zeros_like(y)
    dx = L / (n - 1)
    dt = 0.02
    s = (c * dt / dx) ** 2
    mic = []
    inside = slice(1, -1)
    for k in range(30):
        y_new[inside] = (2 * y[inside] - (1 - damping * dt / 2) * y_old[inside]
                         + s * (y[2:] - 2 * y[inside] + y[:-2])) / (1 + damping * dt / 2)
        y_old, y, y_new = y, y_new, y_old
        if k % 4 == 3:
            mic.append(y[6])
    return np.array(mic)


def van_leer(r):
    return (r + np.abs(r)) / (1.0 + np.abs(r))


def muscl_advection(u0, a=1.0):
    """Finite volumes, two ghost cells on each side, MUSCL with the van Leer limiter, Heun in time."""
    ng = 2
    n = len(u0)
    dx, dt = 1.0 / n, 0.4 / n

    def fill_ghosts(w):
        w[:ng] = w[n:n + ng]
        w[-ng:] = w[ng:2 * ng]

    def flux_divergence(w):
        dm = w[1:-1] - w[:-2]
        dp = w[2:] - w[1:-1]
        slope = van_leer(dm / dp) * dp
        left = w[1:-1] + 0.5 * slope
        f = a * left
        return -(f[1:-1] - f[:-2]) / dx

    w = np.zeros(n + 2 * ng)
    w[ng:-ng] = u0
    fill_ghosts(w)
    for _ in range(4):
        w1 = w.copy()
        w1[ng:-ng] += dt * flux_divergence(w)
        fill_ghosts(w1)
        w2 = w1.copy()
        w2[ng:-ng] += dt * flux_divergence(w1)
        w[ng:-ng] = 0.5 * (w[ng:-ng] + w2[ng:-ng])
        fill_ghosts(w)
    return w[ng:-ng]


def dam_break(h_left, h_right, manning):
    """Shallow water, Rusanov fluxes on a state array U[variable, cell], friction as a fractional step."""
    g = 9.81
    N = 24
    U = np.empty((2, N + 2))
    h, hu = U  # views on the rows
    h[: N // 2 + 1] = h_left
    h[N // 2 + 1:] = h_right
    hu[:] = 0.0
    dx, dt = 1.0, 0.06
    for it in range(15):
        vel = hu / h
        F = np.array([hu, hu * vel + 0.5 * g * h ** 2])
        smax = np.abs(vel) + np.sqrt(g * h)
        s = np.maximum(smax[1:], smax[:-1])
        flux = 0.5 * (F[:, 1:] + F[:, :-1]) - 0.5 * s * (U[:, 1:] - U[:, :-1])
        U[:, 1:-1] -= dt / dx * np.diff(flux, axis=1)
        hu[1:-1] /= 1 + dt * g * manning ** 2 * 0.5 / h[1:-1] ** (4.0 / 3)
        # reflecting walls
        U[0, 0], U[0, -1] = U[0, 1], U[0, -2]
        U[1, 0], U[1, -1] = -U[1, 1], -U[1, -2]
    return np.ascontiguousarray(U[:, 4:20:2])


# ---------------------------------------------------------------------------------------------------------------------
# elliptic equations
# ---------------------------------------------------------------------------------------------------------------------

def laplace_jacobi(top, bottom, left, right):
    """Laplace on a plate: Jacobi iterations to a tolerance."""
    phi = np.zeros((7, 7))
    phi[0, :] = top
    phi[-1, :] = bottom
    phi.T[0, 1:-1] = left
    phi.T[-1, 1:-1] = right
    eps = 1.0
    sweeps = 0
    while eps > 1e-11 and sweeps < 500:
        new = phi.copy()
        new[1:-1, 1:-1] = 0.25 * (phi[:-2, 1:-1] + phi[2:, 1:-1] + phi[1:-1, :-2] + phi[1:-1, 2:])
        eps = np.abs(new - phi).max()
        phi = new
        sweeps += 1
    return phi[3, 1:-1].copy(), phi[1:-1, 3].copy()


def poisson_sor(charges, eps_r):
    """Fortran-like triple loop: Poisson with a dielectric half, SOR."""
    n = 6
    omega = 1.4
    V = np.zeros((n, n))
    rho = np.zeros((n, n))
    rho[2, 1] = charges[0]
    rho[3, 4] = charges[1]
    eps = np.ones((n, n))
    eps[:, n // 2:] *= eps_r
    for it in range(40):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                ee = 0.5 * (eps[i, j] + eps[i, j + 1])
                ew = 0.5 * (eps[i, j] + eps[i, j - 1])
                en = eps[i, j]
                gs = (ee * V[i, j + 1] + ew * V[i, j - 1] + en * (V[i + 1, j] + V[i - 1, j]) + rho[i, j]) / (ee + ew + 2 * en)
                V[i, j] += omega * (gs - V[i, j])
    return V[1:-1, 1:-1].flatten()


def nonlinear_poisson_gauss_seidel(lam, ends):
    # Bratu problem u'' + lam e^u = 0, pointwise Newton inside red-black Gauss-Seidel
    n = 10
    h2 = (1.0 / n) ** 2
    u = np.linspace(ends[0], ends[1], n + 1)
    for sweep in range(150):
        for colour in (1, 2):
            s = u[colour:-1:2]  # a strided view
            nb = u[colour - 1:-2:2] + u[colour + 1::2]
            e = lam * h2 * np.exp(s)
            s -= (2 * s - nb - e) / (2 - e)
    return u


def v_cycle(phi, f, h):
    """Recursive V-cycle for -phi'' = f with homogeneous Dirichlet ends."""
    def smooth(phi, nu):
        for _ in range(nu):
            phi[1:-1] += (2.0 / 3.0) * 0.5 * (phi[:-2] + phi[2:] - 2 * phi[1:-1] + h * h * f[1:-1])
        return phi

    if len(phi) == 3:
        phi[1] = 0.5 * h * h * f[1]
        return phi
    phi = smooth(phi, 2)
    r = np.zeros_like(phi)
    r[1:-1] = f[1:-1] + (phi[:-2] - 2 * phi[1:-1] + phi[2:]) / (h * h)
    rc = r[::2].copy()
    rc[1:-1] = 0.25 * (r[1:-3:2] + 2 * r[2:-2:2] + r[3:-1:2])
    ec = v_cycle(np.zeros_like(rc), rc, 2 * h)
    e = np.zeros_like(phi)
    e[::2] = ec
    e[1::2] = 0.5 * (ec[:-1] + ec[1:])
    phi += e
    return smooth(phi, 2)


def multigrid_loaded_string(loads, tension=2.0):
    n = 16
    x = np.linspace(0, 1, n + 1)
    f = sum(p * np.sin((k + 1) * np.pi * x) for k, p in enumerate(loads)) / tension
    u = np.zeros(n + 1)
    for _ in range(3):
        u = v_cycle(u, f, 1.0 / n)
    return u[1:-1]


def fem_bar(E, area, load):
    """Linear finite elements for a tapered bar: assembly of element matrices with np.ix_, reduced solve."""
    L, nel = 2.0, 5
    nodes = np.linspace(0, L, nel + 1)
    K = np.zeros((nel + 1, nel + 1))
    F = np.zeros(nel + 1)
    conn = [(e, e + 1) for e in range(nel)]
    for e, (i, j) in enumerate(conn):
        le = nodes[j] - nodes[i]
        Ae = area[0] + (area[1] - area[0]) * (nodes[i] + nodes[j]) / 2 / L
        ke = E * Ae / le * np.array([[1, -1], [-1, 1]])
        K[np.ix_([i, j], [i, j])] += ke
        F[[i, j]] += load * le / 2
    F[-1] += 1.5
    free = np.arange(1, nel + 1)
    u = np.zeros(nel + 1)
    u[free] = solve(K[np.ix_(free, free)], F[free])
    reaction = K[0].dot(u) - F[0]
    stress = [E * (u[j] - u[i]) / (nodes[j] - nodes[i]) for i, j in conn]
    return np.concatenate([u, stress, [reaction]])


TRI_NODES = np.array([[0, 0], [1, 0], [1.1, 1], [0, 0.9], [0.45, 0.5]])
TRI_ELEMS = [[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]]


def fem_heat_triangles(k, q, center):
    """P1 triangles: B matrix, determinant, penalty-free Dirichlet rows, mesh node as a shape variable."""
    xy = TRI_NODES.copy()
    xy = np.vstack([xy[:4], center])
    A = np.zeros((5, 5))
    b = np.zeros(5)
    for el, kel in zip(TRI_ELEMS, k):
        P = np.ones((3, 3))
        P[:, 1:] = xy[el]
        area = abs(np.linalg.det(P)) / 2
        grads = la.inv(P)[1:, :]
        Ke = kel * area * grads.T @ grads
        for a in range(3):
            b[el[a]] += q * area / 3
            for c in range(3):
                A[el[a], el[c]] += Ke[a, c]
    stiffness = A.copy()
    for node, value in {0: 0.0, 1: 1.0, 3: 0.25}.items():
        A[node, :] = 0.0
        A[node, node] = 1.0
        b[node] = value
    T = np.linalg.solve(A, b)
    return T, 0.5 * T @ stiffness @ T


# ---------------------------------------------------------------------------------------------------------------------
# spectral methods
# ---------------------------------------------------------------------------------------------------------------------

def kuramoto_sivashinsky(a, c):
    """u_t + u u_x = -mu u_xx - nu u_xxxx by rfft with an integrating factor (2/3 dealiasing)."""
    N = 32
    x = 2 * np.pi * np.arange(N) / N
    k = np.fft.rfftfreq(N, 1.0 / N)
    u = a * np.cos(x) + c * np.sin(2 * x + 0.4)
    dealias = np.abs(k) < N / 3
    dt, lin = 0.02, 0.5 * k ** 2 - 0.05 * k ** 4
    E = np.exp(dt * lin)
    v = np.fft.rfft(u)
    for _ in range(20):
        u = np.fft.irfft(v, n=N)
        nl = -0.5j * k * np.fft.rfft(u ** 2) * dealias
        v = E * (v + dt * nl)
    spectrum = np.abs(v[1:6]) ** 2 / N ** 2
    return np.fft.irfft(v)[::4], spectrum


def split_step_schroedinger(k0, barrier, sigma=0.6):
    """Wave packet on a barrier, split-operator FFT; probabilities left and right and <x>."""
    n, L, dt = 64, 16.0, 0.05
    x = np.linspace(-L / 2, L / 2, n, endpoint=False)
    dx = x[1] - x[0]
    p = 2 * np.pi * np.fft.fftfreq(n, d=dx)
    V = barrier * np.exp(-x ** 2 / 0.5)
    psi = np.exp(-(x + 3) ** 2 / (4 * sigma ** 2)) * np.exp(1j * k0 * x)
    psi /= np.sqrt((np.abs(psi) ** 2).sum() * dx)
    half = np.exp(-0.5j * dt * V)
    kin = np.exp(-0.5j * dt * p ** 2)
    for _ in range(30):
        psi *= half
        psi = np.fft.ifft(kin * np.fft.fft(psi))
        psi *= half
    rho = (psi.conj() * psi).real
    return rho[x > 0].sum() * dx, rho[x < 0].sum() * dx, np.sum(x * rho) * dx


def cheb(N):
    """CHEB compute D = differentiation matrix, x = Chebyshev grid (Trefethen)"""
    x = np.cos(np.pi * np.arange(N + 1) / N).reshape(N + 1, 1)
    c = np.hstack((2, np.ones(N - 1), 2)) * (-1) ** np.arange(N + 1)
    X = np.tile(x, (1, N + 1))
    dX = X - X.T
    D = np.outer(c, 1 / c) / (dX + np.eye(N + 1))
    D = D - np.diag(D.sum(axis=1))
    return D, x[:, 0]


def cheb_allen_cahn_steady(eps, ua, ub):
    """eps u'' + u - u^3 = 0, u(1)=ua, u(-1)=ub: Chebyshev collocation and Newton on the interior points."""
    N = 10
    D, x = cheb(N)
    D2 = D.dot(D)
    u = 0.5 * (ua + ub) + 0.5 * (ua - ub) * x
    change, it = 1.0, 0
    while change > 1e-12:
        res = eps * D2 @ u + u - u ** 3
        J = eps * D2[1:-1, 1:-1] + np.diag(1 - 3 * u[1:-1] ** 2)
        du = np.linalg.solve(J, -res[1:-1])
        u[1:-1] += du
        change = norm(du, np.inf)
        it += 1
        if it > 25:
            raise RuntimeError("no convergence, change = %g" % change)
    return u, D[0] @ u


# ---------------------------------------------------------------------------------------------------------------------
# boundary values, rays, lattices, networks
# ---------------------------------------------------------------------------------------------------------------------

def shooting_beam(load, ya, yb):
    """y'' = -load*(1+y'^2)^(1/2) + y/4 with y(0)=ya, y(1)=yb: secant iterations on the initial slope."""
    ya, yb = float(ya), float(yb)

    def shoot(slope):
        n = 20
        h = 1.0 / n
        y, z = ya, slope
        g = lambda y, z: -load * math.sqrt(1.0 + z * z) + 0.25 * y
        for _ in range(n):
            # midpoint rule
            ym, zm = y + h / 2 * z, z + h / 2 * g(y, z)
            y, z = y + h * zm, z + h * g(ym, zm)
        return y - yb

    s0, s1 = yb - ya, yb - ya + 0.5 * load
    f0, f1 = shoot(s0), shoot(s1)
    for _ in range(30):
        if abs(f1) < 1e-13 or f1 == f0:
            break
        s0, s1, f0 = s1, s1 - f1 * (s1 - s0) / (f1 - f0), f1
        f1 = shoot(s1)
    return s1


def grin_ray(y0, theta0, n0=1.5, alpha=0.6, ds=0.05):
    """Ray in a graded-index fibre, d/ds(n dr/ds) = grad n; returns the path and the optical path length."""
    index = lambda r: n0 * math.sqrt(1 - (alpha * r[1]) ** 2)

    def grad_index(r):
        return np.array([0.0, -n0 ** 2 * alpha ** 2 * r[1] / index(r)])

    r = np.array([0.0, y0])
    t = index(r) * np.array([cos(theta0), sin(theta0)])
    path = [r]
    opl = 0.0
    for i in range(24):
        n_mid = index(r + 0.5 * ds * t / index(r))
        r_mid = r + 0.5 * ds * t / index(r)
        t = t + ds * grad_index(r_mid)
        r = r_mid + 0.5 * ds * t / n_mid
        opl += n_mid * ds
        if i % 4 == 3:
            path.append(r)
    return np.array(path), opl


# D2Q9
_c = np.array([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [-1, 1], [-1, -1], [1, -1]])
_w = np.array([4 / 9] + [1 / 9] * 4 + [1 / 36] * 4)


def lbm_shear_wave(tau, u0, force=1e-3):
    """Lattice Boltzmann BGK: decay of a shear wave with a body force."""
    nx, ny = 4, 8
    y = np.arange(ny)
    rho = np.ones((nx, ny))
    u = np.zeros((2, nx, ny))
    u[0] = u0 * np.sin(2 * np.pi * y / ny)[None, :]
    u[1] += 0.2 * u0

    def equilibrium(rho, u):
        cu = np.einsum('qd,dxy->qxy', _c, u)
        usq = np.einsum('dxy,dxy->xy', u, u)
        feq = np.empty((9, nx, ny))
        for q in range(9):
            feq[q] = _w[q] * rho * (1 + 3 * cu[q] + 4.5 * cu[q] ** 2 - 1.5 * usq)
        return feq

    f = equilibrium(rho, u)
    for step in range(10):
        rho = f.sum(axis=0)
        u = np.tensordot(_c.T, f, axes=1) / rho
        u[0] += tau * force / rho
        f -= (f - equilibrium(rho, u)) / tau
        for q in range(9):
            f[q] = np.roll(np.roll(f[q], _c[q, 0], axis=0), _c[q, 1], axis=1)
    return u[0, 1, :] * 10, f[:, 2, 3]


def ising_mean_field(T, field_, J=1.0, z=4):
    """Self-consistent magnetisation by fixed-point iteration, then thermodynamics."""
    beta = 1.0 / np.float64(T)
    m, m_old = 0.9, 0.0
    count = 0
    while abs(m - m_old) > 1e-13 and count < 500:
        m_old = m
        m = np.tanh(beta * (z * J * m + field_))
        count += 1
    energy = -0.5 * z * J * m ** 2 - field_ * m
    entropy = -sum(p * np.log(p) for p in ((1 + m) / 2, (1 - m) / 2))
    chi = beta * (1 - m ** 2) / (1 - beta * z * J * (1 - m ** 2))
    return {"m": m, "u": energy, "s": entropy, "chi": chi}["m"], energy - T * entropy, chi


EDGES = [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (4, 5), (3, 5), (1, 5)]


def network_sis(beta, mu, p0):
    """SIS epidemic on a contact network, probability that node i escapes infection = prod_j (1 - beta A_ij p_j)."""
    n = p0.shape[0]
    A = np.zeros((n, n))
    for i, j in EDGES:
        A[i, j] = A[j, i] = 1.0
    A[[0, 3], [1, 4]] *= 0.5
    history = [p0]
    p = p0
    for t in range(8):
        escape = np.prod(1 - beta * A * p[np.newaxis, :], axis=1)
        p = (1 - p) * (1 - escape) + (1 - mu) * p
        history.append(p)
    history = np.array(history)
    r0 = beta / mu * np.max(np.linalg.eigvalsh((A + A.T) / 2))
    return history[::2].sum(axis=1), history[-1], r0


def two_compartment_pk(theta, dose=100.0):
    """Oral dose, two compartments: matrix exponential by eigen-free scaling and squaring, concentrations at the visits."""
    par = dict(zip(["ka", "ke", "k12", "k21", "V"], theta))
    M = np.zeros((3, 3))
    M[0, 0] = -par["ka"]
    M[1, :] = [par["ka"], -par["ke"] - par["k12"], par["k21"]]
    M[2, 1:] = par["k12"], -par["k21"]

    def expm(A, terms=12, squarings=4):
        A = A / 2 ** squarings
        out = np.eye(len(A))
        term = np.eye(len(A))
        for k in range(1, terms):
            term = term @ A / k
            out += term
        for _ in range(squarings):
            out = out.dot(out)
        return out

    visits = [0.5, 1.0, 2.0, 4.0, 8.0]
    conc = np.zeros(len(visits))
    amount = np.array([dose, 0.0, 0.0])
    last = 0.0
    for i, t in enumerate(visits):
        amount = expm(M * (t - last)) @ amount
        conc[i] = amount[1] / par["V"]
        last = t
    auc = np.trapezoid(conc, visits)
    return np.append(conc, auc)


def seir_ages(contact, sigma=0.25, gamma=0.2):
    """Two age groups, SEIR, state packed in one vector and reshaped to (4, 2) inside the right-hand side."""
    contact = np.asarray(contact, dtype=float)
    if contact.ndim != 2 or np.any(contact < 0):
        raise ValueError(f"bad contact matrix {contact}")
    N = np.array([0.4, 0.6])

    def rhs(y):
        S, E, I, R = y.reshape(4, 2)
        dy = np.empty((4, 2))
        infection = S * (contact @ (I / N))
        dy[0] = -infection
        dy[1] = infection - sigma * E
        dy[2] = sigma * E - gamma * I
        dy[3] = gamma * I
        return dy.ravel()

    y = np.zeros(8)
    y[0:2] = 0.98 * N
    y[4:6] = 0.02 * N
    for day in range(30):
        k1 = rhs(y)
        y = y + rhs(y + 0.5 * k1)
    return y.reshape(4, 2).T


def carbonate_equilibrium(pk, total):
    """pH of water with carbonate: Newton with a numerical floor on the unknowns log10 [H], log10 [HCO3]."""
    K1, K2, Kw = 10 ** -pk[0], 10 ** -pk[1], 1e-14
    ln10 = math.log(10.0)
    w = np.array([-8.0, -3.0])
    for it in range(60):
        H, B = 10 ** w[0], 10 ** w[1]
        co2, co3, oh = H * B / K1, K2 * B / H, Kw / H
        ct, alk = total
        F = np.array([(co2 + B + co3) / (ct * 1e-3) - 1,
                      (B + 2 * co3 + oh - H) / (alk * 1e-3) - 1])
        J = np.array([[co2 - co3, co2 + B + co3],
                      [-2 * co3 - oh - H, B + 2 * co3]]) * ln10
        J[0] /= ct * 1e-3
        J[1] /= alk * 1e-3
        step = np.linalg.solve(J, F)
        w = w - np.clip(step, -1.0, 1.0)
        if max(abs(step)) < 1e-12:
            break
    return -w[0], co2 * 1e3, B * 1e3, co3 * 1e3


def ssh_chain(t1, t2, onsite):
    """Tight-binding Su-Schrieffer-Heeger chain: spectrum, and density and dipole of the filled states."""
    N = 8
    H = np.zeros((N, N))
    for i in range(N - 1):
        t = t1 if i % 2 == 0 else t2
        H[i, i + 1] = -t
        H[i + 1, i] = -t
    H.flat[::N + 1] = [onsite * (-1) ** i + 0.05 * i for i in range(N)]
    energies, states = np.linalg.eigh(H)
    occ = states[:, : N // 2]
    density = 2 * np.sum(occ ** 2, axis=1)
    dipole = ((density - 1) @ (np.arange(N) - (N - 1) / 2)).item()
    return energies, density, dipole


Layer = namedtuple("Layer", "n d")


def bragg_reflectance(d_high, d_low, wavelength, pairs=3):
    """Optical transfer matrices, 2x2 complex."""
    stack = [Layer(2.3, d_high), Layer(1.38, d_low)] * pairs

    def characteristic(layer):
        delta = 2 * np.pi * layer.n * layer.d / wavelength
        M = np.empty((2, 2), dtype=complex)
        M[0, 0] = M[1, 1] = np.cos(delta)
        M[0, 1] = 1j * np.sin(delta) / layer.n
        M[1, 0] = 1j * layer.n * np.sin(delta)
        return M

    M = functools.reduce(np.matmul, [characteristic(layer) for layer in stack])
    B, C = M @ np.array([1.0, 1.52])
    r = (B - C) / (B + C)
    R = abs(r) ** 2
    T = 4 * 1.52 / abs(B + C) ** 2
    return float(R), float(T), np.angle(r)


def ising_chain_transfer(K, h, N=6):
    """Partition function of a ring and correlation by powers of the transfer matrix."""
    T = np.array([[exp(K + h), exp(-K)], [exp(-K), exp(K - h)]])
    sz = np.diag([1.0, -1.0])
    Z = np.trace(np.linalg.matrix_power(T, N))
    corr = []
    left = np.eye(2)
    for r in range(N // 2):
        right = functools.reduce(np.dot, [T] * (N - r))
        corr.append(np.trace(sz @ left @ sz @ right) / Z)
        left = left @ T
    lam = np.sort(np.linalg.eigvalsh(T))[::-1]
    return np.r_[np.log(Z) / N, corr, 1.0 / np.log(lam[0] / lam[1])]


def lorenz96(x, F):
    def L96(x):
        """Lorenz 96 model with constant forcing"""
        N = len(x)
        d = np.zeros(N)
        for i in range(N):
            # Loops over indices (with operations and Python underflow indexing handling edge cases)
            d[i] = (x[(i + 1) % N] - x[i - 2]) * x[i - 1] - x[i] + F
        return d

    dt = 0.02
    x = x.astype(float)
    for _ in range(15):
        k1 = L96(x)
        k2 = L96(x + k1 * dt / 2)
        k3 = L96(x + k2 * dt / 2)
        k4 = L96(x + k3 * dt)
        x += dt / 6 * (k1 + 2 * (k2 + k3) + k4)
    return x


def double_gyre_flow_map(xy, A, eps=0.25, omega=2 * pi / 10):
    """Finite-time deformation: flow map of tracers advected by the double gyre, plus the tangent matrix."""
    x, y = [float(c) for c in xy]
    M = np.eye(2)
    t, dt = 0.0, 0.1
    while t < 2.0 - 1e-9:
        a, b = eps * sin(omega * t), 1 - 2 * eps * sin(omega * t)
        f, fx, fxx = a * x ** 2 + b * x, 2 * a * x + b, 2 * a
        u = -pi * A * sin(pi * f) * cos(pi * y)
        v = pi * A * cos(pi * f) * sin(pi * y) * fx
        G = np.zeros((2, 2))
        G[0] = -pi ** 2 * A * cos(pi * f) * fx * cos(pi * y), pi ** 2 * A * sin(pi * f) * sin(pi * y)
        G[1, 0] = -pi ** 2 * A * sin(pi * f) * fx ** 2 * sin(pi * y) + pi * A * cos(pi * f) * sin(pi * y) * fxx
        G[1, 1] = pi ** 2 * A * cos(pi * f) * fx * cos(pi * y)
        M += dt * G.dot(M)
        x += dt * u
        y += dt * v
        t += dt
    C = M.T @ M
    ftle = math.log(math.sqrt(la.eigvalsh(C)[-1])) / 2.0
    return np.array([x, y]), ftle


def adams_bashforth_orbit(state, mu, dt=0.05):
    """AB3 for a perturbed Kepler orbit, derivatives kept in a rolling table whose oldest row is overwritten."""
    J2 = 0.02

    def deriv(s):
        r = math.hypot(s[0], s[1])
        factor = -mu / r ** 3 * (1 + J2 / r ** 2)
        return [s[2], s[3], factor * s[0], factor * s[1]]

    table = np.zeros((3, 4))
    s = np.array(state, dtype=float)
    out = np.zeros((5, 4))
    row = 0
    for n in range(40):
        table[n % 3] = deriv(s)
        if n < 2:
            s = s + dt * table[n % 3] + 0.5 * dt ** 2 * np.r_[table[n % 3, 2:], 0.0, 0.0]
        else:
            s = s + dt / 12 * (23 * table[n % 3] - 16 * table[(n - 1) % 3] + 5 * table[(n - 2) % 3])
        if (n + 1) % 8 == 0:
            out[row] = s
            row += 1
    angular = out[:, 0] * out[:, 3] - out[:, 1] * out[:, 2]
    return np.c_[out, angular]


def count_calls(fn):
    """Decorator: counts the calls, as a poor man's profiler."""
    @functools.wraps(fn)
    def wrapper(*args, **kw):
        wrapper.calls += 1
        return fn(*args, **kw)
    wrapper.calls = 0
    return wrapper


@count_calls
def advection_diffusion_cn(pe, inlet, n=8):
    """Dense theta-scheme; the matrix is filled through strided views of its flat memory."""
    h, dt = 1.0 / n, 0.05
    inlet = np.atleast_1d(inlet)
    A = np.zeros((n, n))
    flat = A.reshape(-1)
    flat[:: n + 1] = -2 / h ** 2
    flat[1:: n + 1] = 1 / h ** 2 - 0.5 * pe / h
    flat[n:: n + 1] = 1 / h ** 2 + 0.5 * pe / h
    A[-1, -2] *= 2          # Neumann outlet
    g = np.zeros(n)
    row = A[-1]
    row[-2] = 2 / h ** 2
    g[0] = (1 / h ** 2 + 0.5 * pe / h) * inlet[0]
    c = np.zeros(n)
    lhs = np.eye(n)
    lhs -= 0.5 * dt * A
    for _ in range(5):
        c = np.linalg.solve(lhs, c + dt * (0.5 * A.dot(c) + g))
    return c


def mackey_glass(beta, tau_feedback, history=1.1, gamma=0.1, n=9.65):
    """Delay equation by the method of steps; trailing moving average of the record."""
    dt, lag = 0.5, 12
    if np.isscalar(history):
        x = [history] * (lag + 1)
    else:
        x = list(history)
    try:
        power = int(n)
        assert power == n
    except AssertionError:
        power = n
    for _ in range(48):
        delayed = (1 - tau_feedback) * x[-1 - lag] + tau_feedback * x[-lag]
        x.append(x[-1] + dt * (beta * delayed / (1 + pow(delayed, power)) - gamma * x[-1]))
    x = np.array(x[lag:])
    return np.convolve(x, np.ones(4) / 4, mode="valid")[::5]


def boris(v, E, B, qm, dt):
    """Generator of velocities (Boris rotation)."""
    while True:
        t = 0.5 * qm * dt * B
        s = 2 * t / (1 + t.dot(t))
        v_minus = v + 0.5 * qm * dt * E
        v_prime = v_minus + np.cross(v_minus, t)
        v = v_minus + np.cross(v_prime, s) + 0.5 * qm * dt * E
        yield v


def penning_drift(v0, B, E_y, qm=1.5):
    x = np.zeros(3)
    E = np.array([0, E_y, 0.02])
    track = np.empty((6, 3))
    for i, v in zip(range(30), boris(np.asarray(v0, dtype=float), E, B, qm, 0.1)):
        x = x + 0.1 * v
        track[i // 5] = x
    mu = 0.5 * (v.dot(v) - np.dot(v, B) ** 2 / B.dot(B)) / norm(B)
    return track, mu


def poisson_kron(kx, ky, screening):
    """Anisotropic screened Poisson with Kronecker products, Cholesky factor, forward and back substitution."""
    n = 4
    T = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    A = kx * np.kron(np.eye(n), T) + ky * np.kron(T, np.eye(n))
    A.ravel()[:: n * n + 1] += screening
    x = np.linspace(0.2, 0.8, n)
    b = np.outer(np.sin(np.pi * x), x).ravel()
    Lc = np.linalg.cholesky(A)
    N = len(b)
    y = np.zeros(N)
    for i in range(N):
        y[i] = (b[i] - np.dot(Lc[i, :i], y[:i])) / Lc[i, i]
    u = np.zeros(N)
    for i in reversed(range(N)):
        u[i] = (y[i] - Lc[i + 1:, i] @ u[i + 1:]) / Lc[i, i]
    logdet = 2 * np.log(np.diag(Lc)).sum()
    return u.reshape(n, n).T, logdet


def airy_taylor(x, y0, dy0, order=20):
    """Power-series solution of y'' = (x + 0.3) y, with the recurrence for the coefficients, summed by Horner."""
    a = zeros(order + 1)
    a[0], a[1] = y0, dy0
    for k in range(order - 1):
        a[k + 2] = (0.3 * a[k] + (a[k - 1] if k > 0 else 0.0)) / ((k + 1) * (k + 2))
    value = np.polyval(a[::-1], x)
    slope = 0.0
    for k in range(order, 0, -1):
        slope = slope * x + k * a[k]
    return np.stack([value, slope])


def heated_slab_nonlinear(bc, eps_rad=0.4):
    """Steady conduction with k(T) and radiation: residual function, finite-bandwidth Jacobian written out, Newton."""
    if isinstance(bc, np.ndarray):
        T_left, T_amb = bc.tolist()
    else:
        T_left, T_amb = bc
    n = 9
    h = 1.0 / (n - 1)
    cond = lambda T: 1.0 + 0.3 * T
    T = np.zeros(n)
    T[:] = T_left
    for it in range(12):
        R, J = np.zeros(n), np.zeros((n, n))
        R[0] = T[0] - T_left
        J[0, 0] = 1
        for i in range(1, n - 1):
            ke, kw = cond(0.5 * (T[i] + T[i + 1])), cond(0.5 * (T[i] + T[i - 1]))
            R[i] = ke * (T[i + 1] - T[i]) - kw * (T[i] - T[i - 1])
            J[i, i - 1] = kw - 0.15 * (T[i] - T[i - 1])
            J[i, i + 1] = ke + 0.15 * (T[i + 1] - T[i])
            J[i, i] = -ke - kw + 0.15 * (T[i + 1] - T[i]) - 0.15 * (T[i] - T[i - 1])
        R[-1] = cond(T[-1]) * (T[-1] - T[-2]) / h + eps_rad * (T[-1] ** 4 - T_amb ** 4)
        J[-1, -2:] = -cond(T[-1]) / h, cond(T[-1]) / h + 0.3 * (T[-1] - T[-2]) / h + 4 * eps_rad * T[-1] ** 3
        T -= np.linalg.solve(J, R)
        if np.allclose(R, 0, atol=1e-13):
            break
    return T


CASES = [
    (lotka_volterra_euler, np.array([1.1, 0.4, 0.1, 0.4]), np.array([10.0, 5.0])),
    (lorenz_final, np.array([1.0, 1.5, 20.0]), 10.0, 28.0, 2.7),
    (sir_peak, 0.4, 0.1, 10.0),
    (van_der_pol_rk45, 1.3, np.array([1.5, 0.4])),
    (three_bodies, np.array([1.0, 0.3, 0.2]), np.array([0.9, -0.7])),
    (leapfrog_henon_heiles, np.array([0.1, 0.2]), np.array([0.3, -0.15])),
    (robertson_implicit_euler, np.array([1.0, 1.1, 0.9])),
    (bdf2_pendulum, 1.0, 0.3),
    (brusselator, 1.0, 2.6),
    (heat_ftcs, np.array([0.1, 0.5, 1.2, 0.9, -0.3, 0.4, 0.8, 0.2]), 0.7),
    (heat_btcs_rod, 0.5, 1.7, 3.0),
    (crank_nicolson_call, 104.0, 95.0, 0.25),
    (gray_scott, np.array([0.16, 0.08, 0.035, 0.06])),
    (fisher_kpp_2d, 0.8, 1.5, 0.6),
    (advection_upwind, 0.9, 0.35),
    (advection_upwind, -0.7, 0.6),
    (burgers_periodic, 0.3, 0.8),
    (wave_string, np.array([0.31, 0.5]), 1.8, 0.7),
    (muscl_advection, np.array([0.62, 0.75, 1.55, 0.94, 0.49, 0.46, 1.43, 0.44])),
    (dam_break, 2.0, 1.1, 0.3),
    (laplace_jacobi, 1.0, -0.5, 0.3, 2.0),
    (poisson_sor, np.array([1.0, -2.0]), 3.5),
    (nonlinear_poisson_gauss_seidel, 1.2, np.array([0.1, 0.4])),
    (multigrid_loaded_string, np.array([1.0, -2.0, 0.7])),
    (fem_bar, 12.0, np.array([1.0, 0.6]), 0.8),
    (fem_heat_triangles, np.array([1.0, 2.0, 0.5, 1.3]), 2.0, np.array([0.45, 0.5])),
    (kuramoto_sivashinsky, 1.0, 0.4),
    (split_step_schroedinger, 2.5, 3.0),
    (cheb_allen_cahn_steady, 0.2, 1.2, -0.4),
    (shooting_beam, 1.3, 0.2, 0.5),
    (grin_ray, 0.3, 0.25),
    (lbm_shear_wave, 0.8, 0.1),
    (ising_mean_field, 3.0, 0.2),
    (network_sis, 0.25, 0.3, np.array([0.5, 0.1, 0.05, 0.2, 0.02, 0.1])),
    (two_compartment_pk, np.array([1.2, 0.25, 0.4, 0.3, 5.0])),
    (seir_ages, np.array([[0.5, 0.15], [0.12, 0.3]])),
    (carbonate_equilibrium, np.array([6.35, 10.33]), np.array([2.1, 2.3])),
    (ssh_chain, 1.0, 0.6, 0.3),
    (bragg_reflectance, 60.0, 100.0, 640.0),
    (ising_chain_transfer, 0.5, 0.2),
    (lorenz96, np.array([8.0, 8.5, 7.2, 3.1, -1.0, 2.0]), 8.0),
    (double_gyre_flow_map, np.array([0.6, 0.35]), 0.2),
    (adams_bashforth_orbit, np.array([1.0, 0.1, -0.05, 1.1]), 1.0),
    (advection_diffusion_cn, 1.4, 0.9),
    (mackey_glass, 0.2, 0.4),
    (penning_drift, np.array([0.5, -0.2, 0.3]), np.array([0.1, 0.2, 1.0]), 0.15),
    (poisson_kron, 1.2, 0.8, 0.3),
    (airy_taylor, np.array([0.4, 0.9, 1.3]), 1.0, -0.6),
    (heated_slab_nonlinear, np.array([1.5, 0.7])),
]
