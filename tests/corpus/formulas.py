"""Formulas: benchmark functions, numerical recipes and textbook formulas as they stand on the web."""

import functools
import math
from dataclasses import dataclass
from math import atan2, cos, sin, sqrt

import numpy as np
from numpy import linalg as LA
from numpy.linalg import norm

# ---------------------------------------------------------------------------------------------
# optimisation test functions
# ---------------------------------------------------------------------------------------------


def rosenbrock(x):
    """Extended Rosenbrock, loop version."""
    f = 0.0
    for i in range(len(x) - 1):
        f += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return f


def rosen_der(x):
    # straight from the optimisation tutorial
    x = np.asarray(x)
    xm = x[1:-1]
    xm_m1 = x[:-2]
    xm_p1 = x[2:]
    der = np.zeros_like(x)
    der[1:-1] = 200 * (xm - xm_m1**2) - 400 * (xm_p1 - xm**2) * xm - 2 * (1 - xm)
    der[0] = -400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0])
    der[-1] = 200 * (x[-1] - x[-2] ** 2)
    return der


def rosen_hess(x):
    x = np.atleast_1d(x)
    H = np.diag(-400 * x[:-1], 1) - np.diag(400 * x[:-1], -1)
    diagonal = np.zeros(len(x), dtype=x.dtype)
    diagonal[0] = 1200 * x[0] ** 2 - 400 * x[1] + 2
    diagonal[-1] = 200
    diagonal[1:-1] = 202 + 1200 * x[1:-1] ** 2 - 400 * x[2:]
    H = H + np.diag(diagonal)
    return H


def classic_sums(x, A=10.0, a=20.0, b=0.2, c=2 * np.pi):
    """Rastrigin, Ackley and Griewank in one table."""
    x = np.asarray_chkfinite(x)  # ValueError if any NaN or Inf
    n = len(x)
    out = np.empty(3)
    # Rastrigin
    out[0] = A * n + np.sum([xi**2 - A * np.cos(c * xi) for xi in x])
    # Ackley
    s1 = np.sum(x**2)
    s2 = np.sum(np.cos(c * x))
    out[1] = -a * np.exp(-b * np.sqrt(s1 / n)) - np.exp(s2 / n) + a + np.exp(1)
    # Griewank
    j = np.arange(1.0, n + 1)
    out[2] = np.sum(x**2) / 4000.0 - np.prod(np.cos(x / np.sqrt(j))) + 1
    return out


def levy(x):
    if not isinstance(x, np.ndarray):
        x = np.asarray(x, dtype=float)
    d = x.shape[0]
    w = np.zeros(d)
    for ii in range(d):
        w[ii] = 1 + (x[ii] - 1) / 4
    term1 = (math.sin(math.pi * w[0])) ** 2
    term3 = (w[d - 1] - 1) ** 2 * (1 + (math.sin(2 * math.pi * w[d - 1])) ** 2)
    tot = 0
    for ii in range(d - 1):
        wi = w[ii]
        new = (wi - 1) ** 2 * (1 + 10 * (math.sin(math.pi * wi + 1)) ** 2)
        tot = tot + new
    return term1 + tot + term3


michalewicz_m = 0.5  # orig 10: ^20 => underflow


def michalewicz(x):
    x = np.asarray_chkfinite(x)
    n = len(x)
    j = np.arange(1.0, n + 1)
    return -sum(np.sin(x) * np.sin(j * x**2 / np.pi) ** (2 * michalewicz_m))


def styblinski_tang(*x):
    """Called with the coordinates one by one."""
    return sum(map(lambda t: pow(t, 4) - 16 * pow(t, 2) + 5 * t, x)) / 2


SHEKEL_A = [
    [4, 4, 4, 4], [1, 1, 1, 1], [8, 8, 8, 8], [6, 6, 6, 6], [3, 7, 3, 7],
    [2, 9, 2, 9], [5, 5, 3, 3], [8, 1, 8, 1], [6, 2, 6, 2], [7, 3.6, 7, 3.6],
]
SHEKEL_C = np.array([1, 2, 2, 4, 4, 6, 3, 7, 5, 5]) / 10.0


def shekel(x, m=10):
    outer = 0
    for i in range(m):
        bi = SHEKEL_C[i]
        inner = 0
        for j in range(4):
            xj = x[j]
            Cji = SHEKEL_A[i][j]
            inner += (xj - Cji) ** 2
        outer = outer + 1 / (inner + bi)
    return -outer


def hartmann6(xx):
    alpha = np.array([1.0, 1.2, 3.0, 3.2])
    A = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
    P = 1e-4 * np.array([
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ])
    xxmat = np.tile(xx, (4, 1))
    inner = np.sum(A[:, :6] * (xxmat - P[:, :6]) ** 2, axis=1)
    return -np.sum(alpha * np.exp(-inner))


def more_garbow_hillstrom(x):
    """Residuals of MGH problems: Powell singular, Wood, Beale, as one long vector."""
    fvec = np.zeros(4 + 6 + 3)
    # 13. Powell singular
    fvec[0] = x[0] + 10.0 * x[1]
    fvec[1] = sqrt(5.0) * (x[2] - x[3])
    fvec[2] = (x[1] - 2.0 * x[2]) ** 2
    fvec[3] = sqrt(10.0) * (x[0] - x[3]) ** 2
    # 14. Wood
    w = fvec[4:10]
    w[:] = [
        10 * (x[1] - x[0] ** 2),
        1 - x[0],
        np.sqrt(90) * (x[3] - x[2] ** 2),
        1 - x[2],
        np.sqrt(10) * (x[1] + x[3] - 2),
        (x[1] - x[3]) / np.sqrt(10),
    ]
    # 5. Beale
    y = (1.5, 2.25, 2.625)
    for i in range(3):
        fvec[10 + i] = y[i] - x[0] * (1 - x[1] ** (i + 1))
    return fvec


def brown_badly_scaled(x):
    x1, x2 = x
    F = [x1 - 1e3, 1e3 * x2 - 2e-3, x1 * x2 - 2]
    return np.dot(F, F)


def broyden_tridiagonal(x, lam=0.5):
    x = np.asanyarray(x)
    f = (3 - lam * x) * x + 1
    f[1:] -= x[:-1]
    f[:-1] -= 2 * x[1:]
    return f


def watson(x):
    # MINPACK vecfcn, case 10
    n = len(x)
    fvec = np.zeros(31)
    for i in range(29):
        div = (i + 1.0) / 29.0
        s1 = 0.0
        dx = 1.0
        for j in range(1, n):
            s1 = s1 + j * dx * x[j]
            dx = div * dx
        s2 = 0.0
        dx = 1.0
        for j in range(n):
            s2 = s2 + dx * x[j]
            dx = div * dx
        fvec[i] = s1 - s2**2 - 1.0
    fvec[29] = x[0]
    fvec[30] = x[1] - x[0] ** 2 - 1.0
    return fvec


def chebyquad(x):
    """MINPACK chebyquad: the three-term recursion walks over every unknown."""
    n = len(x)
    fvec = np.zeros(n)
    for j in range(n):
        tmp1 = 1.0
        tmp2 = 2.0 * x[j] - 1.0
        temp = 2.0 * tmp2
        for i in range(n):
            fvec[i] += tmp2
            ti = temp * tmp2 - tmp1
            tmp1 = tmp2
            tmp2 = ti
    tk = 1.0 / n
    iev = -1
    for k in range(n):
        fvec[k] *= tk
        if iev > 0:
            fvec[k] += 1.0 / ((k + 1) ** 2 - 1.0)
        iev = -iev
    return fvec


def trigonometric(x):
    n = len(x)
    c = np.cos(x)
    s = n - np.cumsum(c)[-1]
    r = np.ones(n) * s
    r += np.arange(1, n + 1) * (1 - c)
    r -= np.sin(x)
    return r @ r


# ---------------------------------------------------------------------------------------------
# special functions
# ---------------------------------------------------------------------------------------------


def erf_series(x, tol=1e-16):
    total = term = x
    n = 0
    while abs(term) > tol * abs(total):
        n += 1
        term = -term * x * x / n * (2 * n - 1) / (2 * n + 1)
        total += term
    return 2 / math.sqrt(math.pi) * total


def bessel_table(x, nmax=4):
    """J_0 .. J_nmax by the power series."""
    J = np.zeros(nmax + 1)
    for n in range(nmax + 1):
        t = (x / 2) ** n / math.factorial(n)
        k = 0
        while True:
            J[n] += t
            k += 1
            t *= -((x / 2) ** 2) / (k * (n + k))
            if abs(t) < 1e-17:
                break
    return J


LANCZOS_G = 7
LANCZOS_P = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
    -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
]


def gamma(z):
    """Lanczos approximation, with the reflection formula by recursion."""
    if z < 0.5:
        y = math.pi / (math.sin(math.pi * z) * gamma(1 - z))
    else:
        z -= 1
        x = LANCZOS_P[0]
        for i in range(1, len(LANCZOS_P)):
            x += LANCZOS_P[i] / (z + i)
        t = z + LANCZOS_G + 0.5
        y = math.sqrt(2 * math.pi) * t ** (z + 0.5) * math.exp(-t) * x
    return y


def gamma_both_sides(z):
    return [gamma(z), gamma(-z), gamma(z + 3) / gamma(z)]


def betacf(x, p, q=2.5, maxit=200, eps=1e-15, fpmin=1e-300):
    """Continued fraction for the incomplete beta function (Lentz), Numerical Recipes."""
    qab, qap, qam = p + q, p + 1.0, p - 1.0
    c = 1.0
    d = 1.0 - qab * x / qap
    if abs(d) < fpmin:
        d = fpmin
    d = 1.0 / d
    h = d
    for m in range(1, maxit + 1):
        m2 = 2 * m
        aa = m * (q - m) * x / ((qam + m2) * (p + m2))
        d = 1.0 + aa * d
        c = 1.0 + aa / c
        d = 1.0 / d
        h *= d * c
        aa = -(p + m) * (qab + m) * x / ((p + m2) * (qap + m2))
        d = 1.0 + aa * d
        c = 1.0 + aa / c
        d = 1.0 / d
        delta = d * c
        h *= delta
        if abs(delta - 1.0) <= eps:
            return h
    raise RuntimeError(f"betacf did not converge at x={x:.6g}, p={p!r}")


def agm_ellipk(k):
    """Complete elliptic integral and the pendulum's period ratio through the AGM."""
    a, g = 1.0, math.sqrt(1 - k**2)
    while abs(a - g) > 1e-15:
        a, g = (a + g) / 2, math.sqrt(a * g)
    K = math.pi / (2 * a)
    return K, 2 * K / math.pi


def associated_legendre(x, lmax=3):
    """P_l^m(x), all of them in a lower triangle."""
    P = np.zeros((lmax + 1, lmax + 1))
    somx2 = np.sqrt((1.0 - x) * (1.0 + x))
    P[0, 0] = 1.0
    for m in range(1, lmax + 1):
        P[m, m] = -P[m - 1, m - 1] * (2 * m - 1) * somx2
    for m in range(lmax):
        P[m + 1, m] = x * (2 * m + 1) * P[m, m]
    for m in range(lmax + 1):
        for l in range(m + 2, lmax + 1):
            P[l, m] = ((2 * l - 1) * x * P[l - 1, m] - (l + m - 1) * P[l - 2, m]) / (l - m)
    return P


def spherical_harmonics_real(r):
    """Real spherical harmonics up to l=2 of a direction given by an unnormalised vector."""
    rho = norm(r)
    theta = np.arccos(r[2] / rho)
    phi = np.arctan2(r[1], r[0])
    P = associated_legendre(np.cos(theta), 2)
    Y = []
    for l in range(3):
        for m in range(-l, l + 1):
            am = abs(m)
            N = math.sqrt((2 * l + 1) / (4 * math.pi) * math.factorial(l - am) / math.factorial(l + am))
            if m < 0:
                Y.append(math.sqrt(2) * N * np.sin(am * phi) * P[l, am])
            elif m == 0:
                Y.append(N * P[l, 0])
            else:
                Y.append(math.sqrt(2) * N * np.cos(m * phi) * P[l, m])
    return np.array(Y)


def clenshaw(c, x):
    """Sum of a Chebyshev series at several points."""
    if np.isscalar(x):
        x = np.array([x])
    c = np.atleast_1d(c).astype(float)
    b1 = np.zeros_like(x)
    b2 = np.zeros_like(x)
    for ck in c[:0:-1]:
        b1, b2 = 2 * x * b1 - b2 + ck, b1
    return x * b1 - b2 + c[0]


CASES = [
    (rosenbrock, np.array([-1.2, 1.0, 0.7, 1.3])),
    (rosen_der, np.array([1.3, 0.7, 0.8, 1.9, 1.2])),
    (rosen_hess, np.array([0.3, 0.1, 0.2, 0.5])),
    (classic_sums, np.array([0.4, -0.73, 1.15])),
    (levy, np.array([0.2, -1.4, 2.7, 3.1])),
    (michalewicz, np.array([1.1, 0.9, 1.3])),
    (styblinski_tang, -2.1, 1.4, 0.6),
    (shekel, np.array([3.7, 4.2, 3.9, 4.4])),
    (hartmann6, np.array([0.25, 0.2, 0.4, 0.3, 0.35, 0.6])),
    (more_garbow_hillstrom, np.array([3.0, -1.0, 0.4, 1.0])),
    (brown_badly_scaled, np.array([998.0, 2.05e-3])),
    (broyden_tridiagonal, np.array([-1.0, -0.8, -0.9, -1.1, -0.6, -0.4])),
    (watson, np.array([0.1, 0.9, -0.2, 0.4, -0.3, 0.2])),
    (chebyquad, np.array([0.15, 0.25, 0.45, 0.5, 0.7, 0.8])),
    (trigonometric, np.array([0.2, 0.35, 0.1, 0.5])),
    (erf_series, 0.8),
    (bessel_table, 2.3),
    (gamma_both_sides, 1.7),
    (betacf, 0.3, 1.8),
    (agm_ellipk, 0.6),
    (associated_legendre, 0.37),
    (spherical_harmonics_real, np.array([0.6, -0.9, 1.4])),
    (clenshaw, np.array([0.7, -0.4, 0.25, 0.1, -0.05]), np.array([-0.8, -0.1, 0.35, 0.9])),
]
# ---------------------------------------------------------------------------------------------
# geometry and geodesy
# ---------------------------------------------------------------------------------------------

CITIES = np.array([[52.52, 13.405], [48.8566, 2.3522], [40.7128, -74.006]])


def haversine_matrix(lat, lon):
    """Distances in 1000 km between the given points and three cities, vectorised."""
    pts = np.radians(np.column_stack([lat, lon]))
    ref = np.deg2rad(CITIES)
    dlat = pts[:, None, 0] - ref[None, :, 0]
    dlon = pts[:, None, 1] - ref[None, :, 1]
    a = np.sin(dlat / 2.0) ** 2 + np.cos(pts[:, 0])[:, np.newaxis] * np.cos(ref[:, 0]) * np.sin(dlon / 2.0) ** 2
    d = 2 * np.arcsin(np.sqrt(a))
    d *= 6371.0088
    d /= 1e3
    return d


def vincenty_inverse(lat1, lon1, lat2, lon2, a=6378137.0, f=1 / 298.257223563):
    """Geodesic distance in km and forward azimuth on WGS-84."""
    b = (1 - f) * a
    phi1, L1, phi2, L2 = map(math.radians, (lat1, lon1, lat2, lon2))
    U1, U2 = math.atan((1 - f) * math.tan(phi1)), math.atan((1 - f) * math.tan(phi2))
    sinU1, cosU1, sinU2, cosU2 = sin(U1), cos(U1), sin(U2), cos(U2)
    L = L2 - L1
    lam, lam_prev, it = L, 1e9, 0
    while abs(lam - lam_prev) > 1e-14 and it < 100:
        sin_sigma = math.hypot(cosU2 * sin(lam), cosU1 * sinU2 - sinU1 * cosU2 * cos(lam))
        cos_sigma = sinU1 * sinU2 + cosU1 * cosU2 * cos(lam)
        sigma = atan2(sin_sigma, cos_sigma)
        sin_alpha = cosU1 * cosU2 * sin(lam) / sin_sigma
        cos2_alpha = 1 - sin_alpha**2
        try:
            cos_2sm = cos_sigma - 2 * sinU1 * sinU2 / cos2_alpha
        except ZeroDivisionError:
            cos_2sm = 0.0
        C = f / 16 * cos2_alpha * (4 + f * (4 - 3 * cos2_alpha))
        lam_prev = lam
        lam = L + (1 - C) * f * sin_alpha * (sigma + C * sin_sigma * (cos_2sm + C * cos_sigma * (-1 + 2 * cos_2sm**2)))
        it += 1
    u2 = cos2_alpha * (a**2 - b**2) / b**2
    A = 1 + u2 / 16384 * (4096 + u2 * (-768 + u2 * (320 - 175 * u2)))
    B = u2 / 1024 * (256 + u2 * (-128 + u2 * (74 - 47 * u2)))
    dsig = B * sin_sigma * (cos_2sm + B / 4 * (cos_sigma * (-1 + 2 * cos_2sm**2)
                            - B / 6 * cos_2sm * (-3 + 4 * sin_sigma**2) * (-3 + 4 * cos_2sm**2)))
    s = b * A * (sigma - dsig)
    alpha1 = math.atan2(cosU2 * math.sin(lam), cosU1 * sinU2 - sinU1 * cosU2 * math.cos(lam))
    return s / 1000, math.degrees(alpha1) % 360


def polygon_props(xy):
    """Area, centroid, perimeter of a closed polygon (shoelace)."""
    x, y = xy.T
    x1, y1 = np.roll(x, -1), np.roll(y, -1)
    cross = x * y1 - x1 * y
    A = 0.5 * np.sum(cross)
    res = np.zeros(4)
    res[0] = abs(A)
    res[1:3] = np.sum((x + x1) * cross), np.sum((y + y1) * cross)
    res[1:3] /= 6 * A
    closed = np.vstack((xy, xy[0]))
    res[3] = np.hypot(*np.diff(closed, axis=0).T).sum()
    return res


def tetrahedron(edges):
    """Volume by the Cayley-Menger determinant, face areas by Heron; edges ab, ac, ad, bc, bd, cd."""
    ab, ac, ad, bc, bd, cd = edges
    M = np.ones((5, 5)) - np.eye(5)
    k = 0
    for i in range(1, 5):
        for j in range(i + 1, 5):
            M[i, j] = M[j, i] = edges[k] ** 2
            k += 1
    vol = math.sqrt(np.linalg.det(M) / 288)

    def heron(a, b, c):
        s = (a + b + c) / 2
        return math.sqrt(s * (s - a) * (s - b) * (s - c))

    faces = [heron(ab, ac, bc), heron(ab, ad, bd), heron(ac, ad, cd), heron(bc, bd, cd)]
    return np.r_[vol, faces, 3 * vol / sum(faces)]


# ---------------------------------------------------------------------------------------------
# quadrature, interpolation, curves
# ---------------------------------------------------------------------------------------------


def gauleg(x1, x2, n):
    """Abscissas and weights, from Numerical Recipes."""
    x = np.zeros(n)
    w = np.zeros(n)
    m = (n + 1) // 2
    xm, xl = 0.5 * (x2 + x1), 0.5 * (x2 - x1)
    for i in range(m):
        z = math.cos(math.pi * (i + 0.75) / (n + 0.5))
        z1 = z + 1
        while abs(z - z1) > 3e-14:
            p1, p2 = 1.0, 0.0
            for j in range(n):
                p1, p2 = ((2.0 * j + 1.0) * z * p1 - j * p2) / (j + 1), p1
            pp = n * (z * p1 - p2) / (z * z - 1.0)
            z1 = z
            z = z1 - p1 / pp
        x[i] = xm - xl * z
        x[n - 1 - i] = xm + xl * z
        w[i] = 2.0 * xl / ((1.0 - z * z) * pp * pp)
        w[n - 1 - i] = w[i]
    return x, w


def debye_heat_capacity(T, theta=343.0):
    """C_V/(N k) of copper with 12-point Gauss-Legendre."""
    x, w = gauleg(0.0, theta / T, 12)
    integrand = lambda t: t**4 * np.exp(t) / (np.exp(t) - 1) ** 2
    return 9 * (T / theta) ** 3 * np.dot(w, integrand(x))


def simpson_arc_length(a, b, N=20):
    """Ellipse circumference, composite Simpson with slices."""
    if N % 2 == 1:
        raise ValueError("N must be an even integer.")
    t = np.linspace(0, math.pi / 2, N + 1)
    h = t[1] - t[0]
    y = np.sqrt(a**2 * np.sin(t) ** 2 + b**2 * np.cos(t) ** 2)
    S = h / 3 * np.sum(y[0:-1:2] + 4 * y[1::2] + y[2::2])
    e = math.sqrt(1 - (b / a) ** 2)
    ramanujan = math.pi * (3 * (a + b) - math.sqrt((3 * a + b) * (a + 3 * b)))
    info = {"simpson": 4 * S, "ramanujan": ramanujan, "ecc": e}
    return np.array(list(info.values()))


def romberg(f, a, b, n=6):
    R = np.zeros((n, n))
    h = b - a
    R[0, 0] = 0.5 * h * (f(a) + f(b))
    for i in range(1, n):
        h /= 2
        total = 0
        for k in range(1, 2**i, 2):
            total += f(a + k * h)
        R[i, 0] = 0.5 * R[i - 1, 0] + h * total
        for j in range(1, i + 1):
            R[i, j] = R[i, j - 1] + (R[i, j - 1] - R[i - 1, j - 1]) / (4**j - 1)
    return R


def gaussian_mass(mu, sigma, lo, hi):
    pdf = lambda x: math.exp(-0.5 * ((x - mu) / sigma) ** 2) / (sigma * math.sqrt(2 * math.pi))
    R = romberg(pdf, lo, hi)
    return R[-1, -1]


def lagrange_interp(yp, x, xp=(0.0, 0.5, 1.2, 2.0, 2.6)):
    """Several evaluation points, double loop."""
    result = np.zeros(x.shape)
    for i, yi in enumerate(yp):
        basis = np.ones_like(x)
        for j in range(len(xp)):
            if j != i:
                basis *= (x - xp[j]) / (xp[i] - xp[j])
        result += yi * basis
    return result


def newton_divided_differences(x, y):
    """Coefficients in place, then evaluation and derivative by nested multiplication."""
    a = np.array(y, dtype=float)
    n = len(a)
    for k in range(1, n):
        a[k:n] = (a[k:n] - a[k - 1]) / (x[k:n] - x[k - 1])
    t = 0.9
    p, dp = a[-1], 0.0
    for i in reversed(range(n - 1)):
        dp = dp * (t - x[i]) + p
        p = p * (t - x[i]) + a[i]
    return np.concatenate((a, [p, dp]))


def thomas(a, b, c, d):
    """TDMA solver; works on copies."""
    nf = len(d)
    ac, bc, cc, dc = map(np.array, (a, b, c, d))
    for it in range(1, nf):
        mc = ac[it - 1] / bc[it - 1]
        bc[it] = bc[it] - mc * cc[it - 1]
        dc[it] = dc[it] - mc * dc[it - 1]
    xc = bc
    xc[-1] = dc[-1] / bc[-1]
    for il in range(nf - 2, -1, -1):
        xc[il] = (dc[il] - cc[il] * xc[il + 1]) / bc[il]
    return xc


def natural_cubic_spline(x, y):
    xq = [0.2, 0.75, 1.4, 2.3, 2.9]
    n = len(x)
    h = np.diff(x)
    slope = np.diff(y) / h
    M = np.zeros(n)
    M[1:-1] = thomas(h[1:-1], 2 * (h[:-1] + h[1:]), h[1:-1], 6 * np.diff(slope))
    out = []
    for q in xq:
        i = min(max(np.searchsorted(x, q) - 1, 0), n - 2)
        u, v = x[i + 1] - q, q - x[i]
        s = (M[i] * u**3 + M[i + 1] * v**3) / (6 * h[i])
        s += (y[i] / h[i] - M[i] * h[i] / 6) * u + (y[i + 1] / h[i] - M[i + 1] * h[i] / 6) * v
        out.append(s)
    return np.array(out)


def de_casteljau(points, t=0.35):
    """Bezier curve point, tangent and the left control polygon."""
    beta = points.copy()  # values in this array are overwritten
    n = len(beta)
    left = np.empty_like(beta)
    left[0] = beta[0]
    for j in range(1, n):
        if j == n - 1:
            tangent = (n - 1) * (beta[1] - beta[0])
        for k in range(n - j):
            beta[k] = beta[k] * (1 - t) + beta[k + 1] * t
        left[j] = beta[0]
    return np.vstack([left, tangent])


def cox_de_boor(x, k, i, t):
    if k == 0:
        return 1.0 if t[i] <= x < t[i + 1] else 0.0
    if t[i + k] == t[i]:
        c1 = 0.0
    else:
        c1 = (x - t[i]) / (t[i + k] - t[i]) * cox_de_boor(x, k - 1, i, t)
    if t[i + k + 1] == t[i + 1]:
        c2 = 0.0
    else:
        c2 = (t[i + k + 1] - x) / (t[i + k + 1] - t[i + 1]) * cox_de_boor(x, k - 1, i + 1, t)
    return c1 + c2


def bspline_curve(c, interior, k=3):
    t = np.hstack([np.zeros(k + 1), interior, np.ones(k + 1)])
    n = len(t) - k - 1
    assert (n >= k + 1) and (len(c) >= n)
    xs = (0.1, 0.45, 0.8)
    return [sum(c[i] * cox_de_boor(x, k, i, t) for i in range(n)) for x in xs]


# ---------------------------------------------------------------------------------------------
# linear algebra written out
# ---------------------------------------------------------------------------------------------


class GramSchmidt:
    def __init__(self, V):
        self.V = V
        self.n, self.k = V.shape
        self.U = np.zeros((self.n, self.k))
        self.R = np.zeros((self.k, self.k))

    def run(self):
        self.U[:, 0] = self.V[:, 0]
        for i in range(self.k):
            self.U[:, i] = self.V[:, i]
            for j in range(i):
                self.R[j, i] = np.dot(self.U[:, j], self.U[:, i])
                self.U[:, i] -= self.R[j, i] * self.U[:, j]
            self.R[i, i] = norm(self.U[:, i])
            self.U[:, i] /= self.R[i, i]
        return self


def modified_gram_schmidt(V):
    gs = GramSchmidt(V).run()
    return gs.U, gs.R


def qr_householder(A):
    m, n = A.shape
    R = np.array(A)
    Q = np.identity(m)
    for k in range(min(m - 1, n)):
        x = R[k:, k]
        e = np.zeros_like(x)
        e[0] = math.copysign(LA.norm(x), -A[k, k])
        u = x - e
        v = u / LA.norm(u)
        R[k:, :] -= 2.0 * np.outer(v, v @ R[k:, :])
        Q[:, k:] -= 2.0 * np.outer(Q[:, k:] @ v, v)
    return Q[:, :n], np.triu(R[:n])


def lu_solve_pivoting(A, b):
    """Doolittle with partial pivoting in place, then the two triangular solves."""
    LU = np.array(A, dtype=float, copy=True)
    x = np.array(b, dtype=float, copy=True)
    n = LU.shape[0]
    for k in range(n - 1):
        p = int(np.argmax(np.abs(LU[k:, k]))) + k
        if p != k:
            LU[[k, p]] = LU[[p, k]]
            x[[k, p]] = x[[p, k]]
        for i in range(k + 1, n):
            LU[i, k] /= LU[k, k]
            for j in range(k + 1, n):
                LU[i, j] -= LU[i, k] * LU[k, j]
    for i in range(1, n):
        x[i] -= LU[i, :i].dot(x[:i])
    for i in range(n - 1, -1, -1):
        x[i] = (x[i] - LU[i, i + 1 :].dot(x[i + 1 :])) / LU[i, i]
    return x


def cholesky_banachiewicz(a):
    """Pure Python lists, as in Rosetta Code; a is made positive definite first."""
    S = a @ a.T
    S.ravel()[:: len(S) + 1] += 0.5
    A = [list(row) for row in S]
    L = [[0.0] * len(A) for _ in range(len(A))]
    for i, (Ai, Li) in enumerate(zip(A, L)):
        for j, Lj in enumerate(L[: i + 1]):
            s = sum(Li[k] * Lj[k] for k in range(j))
            Li[j] = sqrt(Ai[i] - s) if (i == j) else (1.0 / Lj[j] * (Ai[j] - s))
    logdet = 2 * sum(math.log(L[i][i]) for i in range(len(L)))
    return np.array(L), logdet


def power_iteration(A, num_simulations=300):
    # ideally choose a random vector, but keep it reproducible
    b_k = np.ones(A.shape[1])
    for _ in range(num_simulations):
        b_k1 = np.dot(A, b_k)
        b_k1_norm = np.linalg.norm(b_k1)
        b_new = b_k1 / b_k1_norm
        if np.allclose(b_new, b_k, rtol=0, atol=1e-13):
            break
        b_k = b_new
    rayleigh = b_k.T @ A @ b_k / (b_k.T @ b_k)
    return rayleigh, b_k


def jacobi_eigenvalues(p, tol=1e-14):
    """Cyclic Jacobi rotations on a symmetric 3x3 stress tensor (Voigt), returns the principal stresses."""
    sx, sy, sz, tyz, txz, txy = p
    a = np.array([[sx, txy, txz], [txy, sy, tyz], [txz, tyz, sz]])
    n = len(a)
    for sweep in range(30):
        off = np.sqrt(np.sum(np.tril(a, -1) ** 2))
        if off < tol:
            break
        for k in range(n - 1):
            for l in range(k + 1, n):
                if abs(a[k, l]) < 1e-300:
                    continue
                theta = (a[l, l] - a[k, k]) / (2.0 * a[k, l])
                t = np.sign(theta) / (abs(theta) + np.sqrt(theta**2 + 1.0))
                c = 1 / np.sqrt(t**2 + 1.0)
                s = t * c
                J = np.eye(n)
                J[k, k] = J[l, l] = c
                J[k, l], J[l, k] = s, -s
                a = J.T @ a @ J
    return np.sort(np.diag(a))[::-1]


def det_minors(m):
    """Laplace expansion by recursion next to Gaussian elimination."""
    if m.shape == (2, 2):
        return m[0, 0] * m[1, 1] - m[0, 1] * m[1, 0]
    total = 0
    for c in range(m.shape[1]):
        minor = np.delete(m[1:], c, axis=1)
        total += (-1) ** c * m[0, c] * det_minors(minor)
    return total


def determinant_elimination(A):
    AM = A.copy()
    n = len(A)
    for fd in range(n):
        if AM[fd, fd] == 0:
            AM[fd, fd] = 1.0e-18
        for i in range(fd + 1, n):
            crScaler = AM[i, fd] / AM[fd, fd]
            row = AM[i]
            row -= crScaler * AM[fd]
    return functools.reduce(lambda p, q: p * q, AM.diagonal(), 1.0) + 0.5 * det_minors(A)


def expm_pade(A, q=6):
    """Scaling and squaring, after Golub & Van Loan 11.3.1."""
    A_L1 = np.abs(A).sum(axis=0).max()
    j = max(0, int(math.floor(math.log2(float(A_L1)))) + 1)
    A = A / 2**j
    n = A.shape[0]
    D, N, X = np.eye(n), np.eye(n), np.eye(n)
    c = 1.0
    for k in range(1, q + 1):
        c = c * (q - k + 1) / ((2 * q - k + 1) * k)
        X = A @ X
        N += c * X
        D += (-1) ** k * c * X
    F = np.linalg.solve(D, N)
    for _ in range(j):
        F = F @ F
    return F


def poly_roots_newton(c):
    """Largest root first, Newton on each deflated polynomial (Horner with synthetic division)."""
    coef = list(c)
    roots = []
    while len(coef) > 2:
        z = 1 + max(abs(ck / coef[0]) for ck in coef[1:])
        for _ in range(200):
            b, d = coef[0], 0.0
            for ck in coef[1:]:
                d = d * z + b
                b = b * z + ck
            dz = b / d
            z = z - dz
            if abs(dz) < 1e-13 * abs(z):
                break
        roots.append(z)
        new = [coef[0]]
        for ck in coef[1:-1]:
            new.append(ck + z * new[-1])
        coef = new
    roots.append(-coef[1] / coef[0])
    return np.array(roots)


# ---------------------------------------------------------------------------------------------
# thermodynamics, chemistry, optics, astronomy
# ---------------------------------------------------------------------------------------------

R_GAS = 0.08314462  # L bar / (mol K)


@dataclass
class VanDerWaals:
    a: float
    b: float

    def pressure(self, V, T):
        return R_GAS * T / (V - self.b) - self.a / V**2

    def dpdV(self, V, T):
        return -R_GAS * T / (V - self.b) ** 2 + 2 * self.a / V**3

    def volume(self, p, T):
        V = R_GAS * T / p
        for it in range(50):
            step = (self.pressure(V, T) - p) / self.dpdV(V, T)
            V -= step
            if abs(step) < 1e-13:
                return V
        raise ArithmeticError("no convergence")


def co2_state(p, T, a=3.640):
    gas = VanDerWaals(a=a, b=0.04267)
    V = gas.volume(p, T)
    Z = p * V / (R_GAS * T)
    ln_phi = Z - 1 - math.log(Z * (1 - gas.b / V)) - gas.a / (R_GAS * T * V)
    return V, Z, math.exp(ln_phi)


ANTOINE = {  # mmHg, degrees C
    "benzene": (6.90565, 1211.033, 220.790),
    "toluene": (6.95464, 1344.800, 219.482),
    "o-xylene": (6.99891, 1474.679, 213.686),
}


def bubble_point(x, P):
    """Raoult's law; bisection replaced by a secant on sum(K x) - 1; returns T and the vapour fractions."""
    x = np.append(x, 1 - np.sum(x))
    coeffs = np.array(list(ANTOINE.values()))

    def K(T):
        A, B, C = coeffs[:, 0], coeffs[:, 1], coeffs[:, 2]
        return 10 ** (A - B / (C + T)) / P

    g = lambda T: np.log((K(T) * x).sum())
    T0, T1 = 90.0, 100.0
    while abs(T1 - T0) > 1e-10:
        T0, T1 = T1, T1 - g(T1) * (T1 - T0) / (g(T1) - g(T0))
    y = K(T1) * x
    return np.r_[T1, y]


def ph_of_phosphate(Ca, Cb, pK=(2.15, 7.20, 12.35)):
    """pH of phosphoric acid + NaOH from the charge balance, Newton on log10[H+]."""
    Ka = np.power(10.0, -np.asarray(pK))
    beta = np.concatenate([[1.0], np.cumprod(Ka)])

    def charge(pH):
        h = 10**-pH
        terms = beta * h ** np.arange(3, -1, -1)
        alpha = terms / terms.sum()
        nbar = np.sum(alpha * np.arange(4))
        return h + Cb - 1e-14 / h - Ca * nbar

    pH = 7.0
    for _ in range(60):
        slope = (charge(pH + 1e-3) - charge(pH - 1e-3)) / 2e-3
        dp = charge(pH) / slope
        pH = pH - dp
        if abs(dp) < 1e-12:
            break
    return pH


def fresnel_thin_film(n1, d, theta_deg):
    """Reflectances R_s, R_p of a coating on glass, amplitudes as (re, im) pairs with the round-trip phase."""
    n0, n2, wl = 1.0, 1.52, 550.0
    n = [n0, n1, n2]
    th = [math.radians(theta_deg)]
    for i in (0, 1):
        th.append(math.asin(n[i] / n[i + 1] * math.sin(th[i])))
    c = [math.cos(t) for t in th]
    R = np.zeros(2)
    delta = 4 * math.pi * n1 * d * c[1] / wl
    for pol in range(2):
        r = np.zeros(2)
        for i in range(2):
            if pol == 0:
                r[i] = (n[i] * c[i] - n[i + 1] * c[i + 1]) / (n[i] * c[i] + n[i + 1] * c[i + 1])
            else:
                r[i] = (n[i + 1] * c[i] - n[i] * c[i + 1]) / (n[i + 1] * c[i] + n[i] * c[i + 1])
        num = r[0] ** 2 + r[1] ** 2 + 2 * r[0] * r[1] * np.cos(delta)
        R[pol] = num / (1 + (r[0] * r[1]) ** 2 + 2 * r[0] * r[1] * np.cos(delta))
    return R


def space(d):
    return np.array([[1, d], [0, 1]])


def lens(f):
    return np.array([[1, 0], [-1 / f, 1]])


def ball_refraction(nn, Rc):
    return np.array([[1, 0], [(1 - nn) / (Rc * nn), 1 / nn]])


def gaussian_beam_through(f1, f2, d, z0=5.0, wavelength=1.064e-3):
    """ABCD matrices; q as real and imaginary part; waist and Rayleigh range (mm) after the telescope."""
    elements = [space(40.0), lens(f1), space(d), lens(f2), ball_refraction(1.5, 60.0), space(30.0)]
    M = functools.reduce(lambda acc, m: m.dot(acc), elements, np.eye(2))
    (A, B), (C, D) = M
    q = 1j * z0
    q2 = (A * q + B) / (C * q + D)
    zr = q2.imag
    w = np.sqrt(wavelength * zr / np.pi)
    return np.array([w, q2.real, zr, -1 / C])


def kepler_position(elements, t):
    """Orbital elements (a, e, i, Omega, omega, M0) to position and velocity."""
    a, e, inc, Om, w, M0 = elements
    mu = 4 * np.pi**2
    nmot = np.sqrt(mu / a**3)
    M = (M0 + nmot * t) % (2 * np.pi)
    E = M if e < 0.8 else np.pi
    delta = 1.0
    while abs(delta) > 1e-13:
        delta = (E - e * np.sin(E) - M) / (1 - e * np.cos(E))
        E = E - delta
    r_orb = np.array([a * (np.cos(E) - e), a * np.sqrt(1 - e**2) * np.sin(E), 0.0])
    rdot = nmot * a / (1 - e * np.cos(E))
    v_orb = rdot * np.array([-np.sin(E), np.sqrt(1 - e**2) * np.cos(E), 0])

    def Rz(al):
        return np.array([[np.cos(al), -np.sin(al), 0], [np.sin(al), np.cos(al), 0], [0, 0, 1]])

    def Rx(al):
        R = np.eye(3)
        R[1:, 1:] = [[np.cos(al), -np.sin(al)], [np.sin(al), np.cos(al)]]
        return R

    T = Rz(Om) @ Rx(inc) @ Rz(w)
    return T @ r_orb, T @ v_orb


def planck_photometry(T, A_v=0.3):
    """Colour indices of a reddened blackbody: Planck's law through tabulated filters."""
    c2 = 1.438777e4  # micron K
    lam = np.linspace(0.3, 1.0, 71)
    B = lam**-5.0 / np.expm1(c2 / (lam * T))
    extinction = np.interp(lam, [0.3, 0.44, 0.55, 0.7, 1.0], [1.7, 1.32, 1.0, 0.75, 0.42]) * A_v
    F = B * 10 ** (-0.4 * extinction)
    mags = {}
    for name, centre, width in [("B", 0.44, 0.09), ("V", 0.55, 0.09), ("R", 0.66, 0.14)]:
        S = np.where(np.abs(lam - centre) < width, 1 - ((lam - centre) / width) ** 2, 0.0)
        mags[name] = -2.5 * np.log10(np.trapezoid(F * S, lam) / np.trapezoid(S, lam))
    return mags["B"] - mags["V"], mags["V"] - mags["R"]


# ---------------------------------------------------------------------------------------------
# images and signals
# ---------------------------------------------------------------------------------------------


def sobel_magnitude(img, eps=1e-2):
    """img is flattened 3x3 and padded with its edge values."""
    im = np.pad(img.reshape(3, 3), 1, mode="edge")
    Kx = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    Ky = Kx.T
    h, w = im.shape
    G = np.zeros((h - 2, w - 2))
    for r in range(1, h - 1):
        for c in range(1, w - 1):
            patch = im[r - 1 : r + 2, c - 1 : c + 2]
            gx = (Kx * patch).sum()
            gy = (Ky * patch).sum()
            G[r - 1, c - 1] = np.sqrt(gx**2 + gy**2 + eps)
    return G / G.max()


yy, xx = np.mgrid[0:8, 0:8]
IMAGE = 0.5 + 0.3 * np.sin(0.8 * xx) * np.cos(0.5 * yy) + 0.02 * xx


def bilinear(im, x, y):
    x = np.asarray(x)
    y = np.asarray(y)
    x0 = np.floor(x).astype(int)
    x1 = x0 + 1
    y0 = np.floor(y).astype(int)
    y1 = y0 + 1
    x0 = np.clip(x0, 0, im.shape[1] - 1)
    x1 = np.clip(x1, 0, im.shape[1] - 1)
    y0 = np.clip(y0, 0, im.shape[0] - 1)
    y1 = np.clip(y1, 0, im.shape[0] - 1)
    Ia, Ib, Ic, Id = im[y0, x0], im[y1, x0], im[y0, x1], im[y1, x1]
    wa = (x1 - x) * (y1 - y)
    wb = (x1 - x) * (y - y0)
    wc = (x - x0) * (y1 - y)
    wd = (x - x0) * (y - y0)
    return wa * Ia + wb * Ib + wc * Ic + wd * Id


def affine_warp(p):
    """Lucas-Kanade style: warp a 3x3 template's grid by (1+p0) x + p2 y + p4, ... and sample."""
    W = np.array([[1 + p[0], p[2], p[4]], [p[1], 1 + p[3], p[5]]])
    gx, gy = np.meshgrid(np.arange(2, 5), np.arange(2, 5))
    X = np.stack([gx.ravel(), gy.ravel(), np.ones(9)])
    xw, yw = W @ X
    return bilinear(IMAGE, xw, yw).reshape(gx.shape)


def soft_histogram(values, bandwidth=0.15):
    """Triangular (linear) binning plus the entropy of a Gaussian-smoothed histogram."""
    edges = np.linspace(0, 1, 6)
    centers = (edges[:-1] + edges[1:]) / 2
    width = edges[1] - edges[0]
    hist = np.zeros(5)
    for v in values:
        pos = (v - centers[0]) / width
        k = int(np.floor(pos))
        frac = pos - k
        hist[k] += 1 - frac
        hist[k + 1] += frac
    hist /= hist.sum()
    smooth = np.exp(-0.5 * ((values[:, None] - centers) / bandwidth) ** 2).sum(0)
    smooth /= smooth.sum()
    H = -np.sum(smooth * np.log2(smooth))
    return np.append(hist, H)


def gamma_and_otsu(pix, g):
    """Gamma correction, stretch to [0, 1] and the between-class variance at a fixed split."""
    out = pix.copy()
    out **= g
    lo, hi = out.min(), out.max()
    out -= lo
    out /= hi - lo
    mask = out > 0.5
    dark, bright = out[~mask], out[mask]
    w0, w1 = dark.size / out.size, bright.size / out.size
    sigma_b = w0 * w1 * (dark.mean() - bright.mean()) ** 2
    out[mask] = 1 - (1 - out[mask]) ** 2
    return out, sigma_b


def fir_windowed_sinc(x, fc):
    """Hamming-windowed sinc low-pass applied by a C-like convolution loop."""
    M = 6
    h = np.zeros(M + 1)
    for i in range(M + 1):
        if i - M / 2 == 0:
            h[i] = 2 * math.pi * fc
        else:
            h[i] = math.sin(2 * math.pi * fc * (i - M / 2)) / (i - M / 2)
            h[i] = h[i] * (0.54 - 0.46 * math.cos(2 * math.pi * i / M))
    h = h / np.sum(h)
    y = np.zeros(len(x))
    for j in range(len(x)):
        for i in range(M + 1):
            if j - i < 0:
                break
            y[j] = y[j] + x[j - i] * h[i]
    return y


def biquad(x, f0, Q, fs=48.0):
    """Audio EQ cookbook low-pass, direct form II transposed, plus a one-pole smoother."""
    w0 = 2 * np.pi * f0 / fs
    alpha = np.sin(w0) / (2 * Q)
    cw = np.cos(w0)
    b = np.array([(1 - cw) / 2, 1 - cw, (1 - cw) / 2])
    a = np.array([1 + alpha, -2 * cw, 1 - alpha])
    b, a = b / a[0], a / a[0]
    z = np.zeros(2)
    y = np.empty_like(x)
    for n, xn in enumerate(x):
        yn = b[0] * xn + z[0]
        z[0] = b[1] * xn - a[1] * yn + z[1]
        z[1] = b[2] * xn - a[2] * yn
        y[n] = yn
    ema = [y[0]]
    for yn in y[1:]:
        ema.append(0.3 * yn + 0.7 * ema[-1])
    return np.array([y, ema])


def dft_power(x):
    """Slow DFT, real and imaginary parts by hand, with a Hann window."""
    N = len(x)
    win = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(N) + 0.5) / N)
    xw = x * win
    P = []
    for k in range(N // 2 + 1):
        re = im = 0.0
        for n in range(N):
            ang = 2 * math.pi * k * n / N
            re += xw[n] * math.cos(ang)
            im -= xw[n] * math.sin(ang)
        P.append((re * re + im * im) / N)
    P = np.array(P)
    inner = P[1:-1]
    inner *= 2
    return P


def goertzel(samples, target):
    """Power at a (non-integer) target bin, checked with np.fft at the nearest one."""
    N = len(samples)
    w = 2 * math.pi * target / N
    coeff = 2 * math.cos(w)
    s_prev = s_prev2 = 0.0
    for sample in samples:
        s = sample + coeff * s_prev - s_prev2
        s_prev2 = s_prev
        s_prev = s
    power = s_prev2 * s_prev2 + s_prev * s_prev - coeff * s_prev * s_prev2
    ref = np.abs(np.fft.rfft(samples)[round(float(target))]) ** 2
    return power / N, power / ref


def levinson_durbin(x, order=3):
    """LPC coefficients and reflection coefficients from the biased autocorrelation."""
    n = len(x)
    x = x - np.mean(x)
    r = np.correlate(x, x, mode="full")[n - 1 :] / n
    a = np.zeros(order + 1)
    a[0] = 1
    refl = np.zeros(order)
    E = r[0]
    for m in range(1, order + 1):
        k = -np.dot(a[:m], r[m:0:-1]) / E
        a[1 : m + 1] += k * a[:m][::-1]
        refl[m - 1] = k
        E *= 1 - k**2
    return a[1:], refl, E


def gaussian_blur_separable(pix, sigma):
    """Rows with np.convolve, columns through the transposed view; 3x3 image, kernel of 3 taps."""
    img = np.ascontiguousarray(pix).reshape((3, 3))
    taps = np.r_[-1:2]
    g = np.exp(-(taps**2) / (2 * sigma**2))
    g /= g.sum()
    tmp = np.empty((3, 3))
    for i, row in enumerate(img):
        tmp[i] = np.convolve(row, g, "same")
    out = np.zeros((3, 3))
    for j in range(3):
        out.T[j] = np.convolve(tmp[:, j], g, mode="same")
    sharpened = img + 0.7 * (img - out)
    return np.maximum(sharpened, 0).flatten()


def extended_powell_wood(x):
    """Variables in blocks of four; the residuals are filled through a reshaped view."""
    x = np.asarray(x, float)
    n = len(x)
    assert n % 4 == 0, f"dimension {n} is not a multiple of 4"
    r = np.zeros(n)
    blocks = r.reshape(-1, 4)
    for b, (x1, x2, x3, x4) in enumerate(x.reshape(-1, 4)):
        blocks[b, :2] = x1 + 10 * x2, np.sqrt(5) * (x3 - x4)
        blocks[b, 2] = (x2 - 2 * x3) ** 2
        blocks[b, 3] = np.sqrt(10) * (x1 - x4) ** 2
    powell = r.dot(r)
    wood = 0.0
    for i in range(0, n, 4):
        x1, x2, x3, x4 = (float(v) for v in x[i : i + 4])
        wood += 100 * (x1**2 - x2) ** 2 + (x1 - 1) ** 2 + (x3 - 1) ** 2 + 90 * (x3**2 - x4) ** 2
        wood += 10.1 * ((x2 - 1) ** 2 + (x4 - 1) ** 2) + 19.8 * (x2 - 1) * (x4 - 1)
    return powell, wood


def deg2rad_args(fun):
    @functools.wraps(fun)
    def wrapper(vec, angle):
        return fun(vec, np.float64(angle) * np.pi / 180)

    return wrapper


@deg2rad_args
def rodrigues_and_ray(axis, angle):
    """Rotate a ray about an axis and intersect it with a triangle (Moeller-Trumbore)."""
    k = axis / norm(axis)
    K = np.zeros((3, 3))
    K[0, 1], K[0, 2], K[1, 2] = -k[2], k[1], -k[0]
    K = K - K.T
    R = np.eye(3) + np.sin(angle) * K + (1 - np.cos(angle)) * np.einsum("ij,jk->ik", K, K)
    v0, v1, v2 = np.array([-2.0, -1.5, 3.0]), np.array([2.5, -1.0, 3.5]), np.array([0.0, 2.5, 2.8])
    direction = R @ np.array([0.1, 0.2, 1.0])
    e1, e2 = v1 - v0, v2 - v0
    pvec = np.cross(direction, e2)
    inv_det = 1 / np.dot(e1, pvec)
    tvec = -v0
    u = np.dot(tvec, pvec) * inv_det
    qvec = np.cross(tvec, e1)
    v = direction.dot(qvec) * inv_det
    if u < 0 or v < 0 or u + v > 1:
        return None
    return np.array([u, v, e2.dot(qvec) * inv_det])


def poisson_plate(kx, ky, q):
    """Steady heat in an anisotropic plate, 3x3 interior nodes, Kronecker sums; Fortran-like back substitution check."""
    n = 3
    T1 = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    A = kx * np.kron(np.eye(n), T1) + ky * np.kron(T1, np.eye(n))
    A.flat[:: n * n + 1] += 0.1
    rhs = np.full(n * n, 0.25)
    rhs *= q
    rhs[4] += q**2
    T = np.linalg.inv(A).dot(rhs)
    flux = np.zeros((n, n))
    for j in range(n):
        for i in range(n):
            for m in range(n):
                flux[i, j] += T1[i, m] * T[m * n + j] * ky
    return T.reshape(n, n), flux.sum(axis=0), T.max().item()


CASES += [
    (gaussian_blur_separable, np.array([0.1, 0.5, 0.9, 0.3, 0.4, 0.2, 0.7, 0.85, 0.4]), 0.9),
    (extended_powell_wood, np.array([1.6, -0.5, 0.2, 1.0, 0.8, 1.3, -0.4, 0.6])),
    (rodrigues_and_ray, np.array([0.6, -0.3, 1.1]), 20.0),
    (poisson_plate, 1.3, 0.7, 2.0),
    (haversine_matrix, np.array([51.5, 35.68]), np.array([-0.13, 139.69])),
    (vincenty_inverse, 50.0664, -5.7147, 58.6439, -3.07),
    (polygon_props, np.array([[0.1, 0.0], [2.1, 0.3], [2.6, 1.7], [1.0, 2.4], [-0.3, 1.1]])),
    (tetrahedron, np.array([2.0, 2.2, 1.9, 2.1, 2.4, 2.3])),
    (debye_heat_capacity, 150.0),
    (simpson_arc_length, 3.0, 1.8),
    (gaussian_mass, 0.2, 0.8, -0.5, 1.4),
    (lagrange_interp, np.array([1.0, 0.6, -0.4, 0.3, 1.1]), np.array([0.3, 1.0, 2.2])),
    (newton_divided_differences, np.array([0.0, 0.4, 1.1, 1.7]), np.array([1.0, 1.6, 0.8, 2.1])),
    (natural_cubic_spline, np.array([0.0, 0.6, 1.1, 1.9, 3.2]), np.array([0.5, 1.2, 0.9, -0.3, 0.4])),
    (de_casteljau, np.array([[0.0, 0.1], [0.5, 1.6], [1.8, 1.2], [2.2, -0.4]])),
    (bspline_curve, np.array([0.3, 1.1, -0.4, 0.8, 1.5, 0.2]), np.array([0.33, 0.7])),
    (modified_gram_schmidt, np.array([[1.2, 0.3], [0.4, -1.1], [-0.7, 0.9], [0.2, 0.5]])),
    (qr_householder, np.array([[1.5, 0.4], [-0.8, 2.1], [0.6, -1.2]])),
    (lu_solve_pivoting, np.array([[0.4, 2.0], [1.9, -0.7]]), np.array([1.3, -0.6])),
    (cholesky_banachiewicz, np.array([[1.0, 0.4, -0.3], [0.2, 1.5, 0.6], [-0.5, 0.1, 0.9]])),
    (power_iteration, np.array([[2.0, 0.5, 0.3], [0.7, 3.4, 0.2], [0.1, 0.6, 1.2]])),
    (jacobi_eigenvalues, np.array([3.0, -1.2, 0.8, 0.5, -0.7, 1.1])),
    (determinant_elimination, np.array([[2.1, 0.3, -0.5], [0.7, 1.8, 0.4], [-0.2, 0.9, 1.6]])),
    (expm_pade, np.array([[0.3, -1.1, 0.2], [0.9, 0.1, 0.4], [-0.5, 0.2, -0.8]])),
    (poly_roots_newton, np.array([1.0, -4.2, 3.5, 1.6])),
    (co2_state, 20.0, 310.0, 3.64),
    (bubble_point, np.array([0.4, 0.35]), 760.0),
    (ph_of_phosphate, 0.1, 0.14),
    (fresnel_thin_film, 1.38, 95.0, 35.0),
    (gaussian_beam_through, 50.0, 120.0, 170.0),
    (kepler_position, np.array([1.52, 0.21, 0.35, 0.86, 1.4, 0.3]), 0.6),
    (planck_photometry, 5772.0, 0.3),
    (sobel_magnitude, np.array([0.1, 0.7, 0.95, 0.25, 0.4, 0.6, 0.3, 0.45, 0.15])),
    (affine_warp, np.array([0.02, -0.03, 0.04, 0.05, 0.37, 0.28])),
    (soft_histogram, np.array([0.23, 0.35, 0.62, 0.66, 0.81])),
    (gamma_and_otsu, np.array([0.1, 0.85, 0.3, 0.72, 0.95, 0.22]), 0.8),
    (fir_windowed_sinc, np.array([0.3, 1.0, -0.4, 0.7, 0.2, -0.9, 0.5, 0.1]), 0.14),
    (biquad, np.array([1.0, 0.4, -0.6, 0.3, 0.9, -0.2]), 6.0, 0.9),
    (dft_power, np.array([0.3, 1.1, -0.4, 0.8, 0.2, -0.9, 0.5, 0.6])),
    (goertzel, np.array([0.3, 1.1, -0.4, 0.8, 0.2, -0.9, 0.5, 0.6]), 2.2),
    (levinson_durbin, np.array([0.3, 1.1, 0.8, -0.4, -0.9, 0.1, 0.7, 0.2])),
]
