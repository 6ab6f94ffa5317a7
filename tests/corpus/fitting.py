"""Fitting: least-squares models and residuals of curve fitting, and log-likelihoods of statistics, as people write them."""

import functools
import math
from collections import namedtuple
from dataclasses import dataclass
from math import cos, sin, sqrt

import numpy as np
import numpy.linalg as la
from numpy import exp, log, pi
from numpy.linalg import cholesky, inv, norm

# --------------------------------------------------------------------------------------------------------------------
# NIST StRD, MGH09: Kowalik and Osborne

X_MGH09 = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
Y_MGH09 = np.array(
    [0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246]
)


def mgh09_residuals(b):
    m = len(Y_MGH09)
    fvec = np.zeros(m)
    for i in range(m):
        u = X_MGH09[i]
        num = u * (u + b[1])
        den = u * (u + b[2]) + b[3]
        fvec[i] = Y_MGH09[i] - b[0] * num / den
    return fvec


# --------------------------------------------------------------------------------------------------------------------
# NIST StRD, Lanczos: a sum of exponentials of any length

T_LANCZOS = np.linspace(0.0, 1.15, 24)
Y_LANCZOS = (
    0.0951 * np.exp(-T_LANCZOS) + 0.8607 * np.exp(-3 * T_LANCZOS) + 1.5576 * np.exp(-5 * T_LANCZOS)
)


def lanczos_model(p, t=T_LANCZOS, y=Y_LANCZOS):
    """Residual vector and cost; p = [a1, k1, a2, k2, ...]."""
    p = np.asarray(p, dtype=float)
    if p.size % 2:
        raise ValueError(f"need pairs of amplitude and rate, got {p.size} parameters: {p}")
    pairs = p.reshape(-1, 2)
    model = np.zeros_like(t)
    for amp, rate in pairs:
        model += amp * np.exp(-rate * t)
    resid = model - y
    return resid, 0.5 * resid.dot(resid)


# --------------------------------------------------------------------------------------------------------------------
# NIST StRD, Thurber: rational function in the log of the density (electron mobility)

THURBER = """
-3.067 80.574
-2.650 104.646
-1.804 221.607
-1.100 418.629
-0.516 694.540
0.103 1008.470
0.627 1253.930
1.252 1388.000
2.200 1431.930
"""
_thurber_xy = np.array([[float(s) for s in line.split()] for line in THURBER.strip().splitlines()])


def thurber_rational(b):
    x, y = _thurber_xy.T
    b = np.array(b)
    den = np.ones(4)
    den[:3] = b[4:][::-1]  # descending powers, constant term one
    yhat = np.polyval(b[3::-1], x) / np.polyval(den, x)
    return (yhat - y) / np.hypot(5.0, 0.02 * y)


# --------------------------------------------------------------------------------------------------------------------
# Enzyme kinetics: rates on a grid of substrate and inhibitor concentrations, mixed inhibition and excess substrate

S_GRID = np.array([0.5, 1.0, 2.5, 5.0, 10.0, 25.0])
I_GRID = np.array([0.0, 2.0, 8.0])


def mixed_inhibition_rates(vmax, Km, Kic, Kiu, Ks=180.0):
    S, I = np.meshgrid(S_GRID, I_GRID)
    v = np.empty(S.shape)
    v[:] = vmax * S
    v /= Km * (1 + I / Kic) + S * (1 + I / Kiu + S / Ks)
    first = v[0]
    first *= 1.02  # the blank series was read with the other cuvette
    return v


# --------------------------------------------------------------------------------------------------------------------
# Enzyme progress curve: integrated Michaelis-Menten equation solved by Newton at each time


def progress_curve(theta, times=(0.5, 1.0, 2.0, 4.0, 7.0), S0=3.0):
    Vm, Km = theta
    S = S0
    product = []
    for t in times:
        it = 0
        while True:
            F = Km * math.log(S / S0) + (S - S0) + Vm * t
            dF = Km / S + 1.0
            step = F / dF
            # damp: concentrations remain positive
            S = S - step if step < 0.9 * S else 0.1 * S
            it += 1
            if abs(step) < 1e-13 * S0 or it > 60:
                break
        product.append(S0 - S)
    return np.array(product)


# --------------------------------------------------------------------------------------------------------------------
# Spectroscopy: pseudo-Voigt doublet on a sloping baseline, parameters in a dictionary

RAMAN_SHIFT = np.linspace(980.0, 1060.0, 41)
NAMES = ["area", "centre", "fwhm", "eta", "ratio", "slope", "offset"]


def _gauss(x, x0, w):
    s = w / (2 * sqrt(2 * math.log(2)))
    return exp(-0.5 * ((x - x0) / s) ** 2) / (s * sqrt(2 * pi))


def _lorentz(x, x0, w):
    return (w / 2) / pi / ((x - x0) ** 2 + (w / 2) ** 2)


def raman_doublet(params, x=RAMAN_SHIFT):
    par = dict(zip(NAMES, params))
    y = np.full(x.shape, 0.0)
    for shift, weight in ((0.0, 1.0), (22.5, par["ratio"])):
        x0 = 1000.0 + par["centre"] + shift
        peak = par["eta"] * _lorentz(x, x0, par["fwhm"]) + (1 - par["eta"]) * _gauss(
            x, x0, par["fwhm"]
        )
        y += par["area"] * weight * peak
    y += par["offset"] + par["slope"] * (x - x.mean()) / np.ptp(x)
    return y


# --------------------------------------------------------------------------------------------------------------------
# Circle: algebraic fit (Kasa/Coope) of the measured points themselves


def circle_kasa(pts):
    pts = np.atleast_2d(pts)
    n = pts.shape[0]
    A = np.ones((n, 3))
    A[:, :2] = 2 * pts
    rhs = (pts**2).sum(axis=1)
    xc, yc, c = la.solve(A.T @ A, A.T @ rhs)
    R = math.sqrt(c + xc * xc + yc * yc)
    ri = np.array([math.hypot(px - xc, py - yc) for px, py in pts])
    return xc, yc, R, np.sqrt(np.mean((ri - R) ** 2))


# --------------------------------------------------------------------------------------------------------------------
# Ellipse: signed first-order (Sampson) distance of digitised points

_phi = np.linspace(0, 2 * np.pi, 13)[:-1]
ELLIPSE_X = 1.1 + 3.1 * np.cos(_phi) * np.cos(0.4) - 1.4 * np.sin(_phi) * np.sin(0.4)
ELLIPSE_Y = -0.6 + 3.0 * np.cos(_phi) * np.sin(0.4) + 1.5 * np.sin(_phi) * np.cos(0.4)


def ellipse_sampson(p):
    x0, y0, a, b, theta = p
    if a <= 0 or b <= 0:
        raise ValueError(f"semi-axes must be positive: {a}, {b}")
    c, s = cos(theta), sin(theta)
    R = np.array([[c, s], [-s, c]])
    Q = R.T.dot(np.diag([1 / a**2, 1 / b**2])).dot(R)
    d = np.zeros((ELLIPSE_X.size, 2))
    d[:, 0] = ELLIPSE_X - x0
    d[:, 1] = ELLIPSE_Y - y0
    f = np.einsum("ni,ij,nj->n", d, Q, d) - 1.0
    g = 2 * d @ Q
    return f / norm(g, axis=1)


# --------------------------------------------------------------------------------------------------------------------
# Plane: total least squares through noisy lidar returns; the heights are the unknown

LIDAR_XY = np.array(
    [[0.0, 0.0], [1.0, 0.1], [2.1, -0.1], [0.1, 1.2], [1.1, 0.9], [1.9, 1.1], [0.5, 2.2]]
)


def plane_tls(z):
    P = np.column_stack((LIDAR_XY, z))
    centroid = P.mean(axis=0)
    Pc = P - centroid
    w, V = la.eigh(Pc.T @ Pc / (len(z) - 1))
    n = V[:, 0]
    if n[2] < 0:
        n = -n
    slope_deg = np.degrees(np.arctan2(math.hypot(n[0], n[1]), n[2]))
    return n, np.dot(n, centroid), slope_deg, w


# --------------------------------------------------------------------------------------------------------------------
# Camera reprojection: Rodrigues rotation, pinhole, two radial distortion terms

BOARD = np.array(
    [[0.0, 0.0, 0.0], [0.3, 0.0, 0.0], [0.3, 0.2, 0.0], [0.0, 0.2, 0.05], [0.15, 0.1, 0.1]]
)
SEEN = np.array([[322.0, 251.0], [391.0, 262.0], [383.0, 310.0], [313.0, 300.0], [352.0, 281.0]])


def skew(v):
    S = np.zeros((3, 3))
    S[0, 1], S[0, 2] = -v[2], v[1]
    S[1, 0], S[1, 2] = v[2], -v[0]
    S[2, 0], S[2, 1] = -v[1], v[0]
    return S


def rodrigues(rvec):
    theta = norm(rvec)
    if theta < 1e-10:
        return np.eye(3) + skew(rvec)
    K = skew(rvec / theta)
    return np.eye(3) + np.sin(theta) * K + (1 - np.cos(theta)) * K @ K


def reprojection_error(camera, dist, focal=450.0, centre=(320.0, 240.0)):
    rvec, tvec = camera[:3], camera[3:6]
    k1, k2 = dist
    R = rodrigues(rvec)
    res = np.empty(2 * len(BOARD))
    for j, X in enumerate(BOARD):
        Xc = R.dot(X) + tvec
        u, v = Xc[0] / Xc[2], Xc[1] / Xc[2]
        r2 = u * u + v * v
        d = 1 + k1 * r2 + k2 * r2 * r2
        res[2 * j] = focal * d * u + centre[0] - SEEN[j, 0]
        res[2 * j + 1] = focal * d * v + centre[1] - SEEN[j, 1]
    return res


# --------------------------------------------------------------------------------------------------------------------
# Accelerometer calibration: lower triangular misalignment and scale, bias; the norm must be g

ACC_RAW = np.array(
    [
        [0.12, -0.05, 9.91],
        [0.1, 0.2, -9.69],
        [9.93, 0.15, 0.21],
        [-9.6, -0.1, 0.05],
        [0.2, 9.7, 0.3],
        [5.7, 5.6, 5.9],
    ]
)


def accelerometer_cost(p, g=9.80665):
    K = np.eye(3)
    k = 0
    for i in range(3):
        for j in range(i + 1):
            K[i, j] += p[k]
            k += 1
    bias = p[6:]
    corrected = (ACC_RAW - bias) @ K.T
    h = np.sqrt(np.sum(corrected * corrected, axis=-1)) - g
    return np.concatenate([h, [0.1 * np.trace(K) - 0.3]])


# --------------------------------------------------------------------------------------------------------------------
# Adsorption: ideal adsorbed solution theory for two Langmuir isotherms

IASTResult = namedtuple("IASTResult", ["loading", "x1", "selectivity"])


def iast_binary(qsat, b, y1=0.3, P=2.0, tol=1e-13):
    p = np.array([y1, 1.0 - y1]) * P
    log_terms = [lambda p0, i=i: qsat[i] * math.log1p(b[i] * p0) for i in (0, 1)]
    pi_spread = 0.5 * (log_terms[0](P) + log_terms[1](P))
    for _ in range(80):
        # p_i0 such that each pure isotherm has the spreading pressure
        p0 = np.array([(math.exp(pi_spread / qsat[i]) - 1.0) / b[i] for i in range(2)])
        dp0 = np.zeros(2)
        for i in range(2):
            dp0[i] = (p0[i] + 1.0 / b[i]) / qsat[i]
        f = np.sum(p / p0) - 1.0
        df = -np.sum(p * dp0 / p0**2)
        delta = f / df
        pi_spread = pi_spread - delta
        if abs(delta) < tol * abs(pi_spread):
            break
    p0 = (np.exp(pi_spread / qsat) - 1.0) / b
    x = p / p0
    q0 = qsat * b * p0 / (1 + b * p0)
    qt = 1.0 / (x[0] / q0[0] + x[1] / q0[1])
    r = IASTResult(qt * x, x[0], (x[0] / x[1]) / (p[0] / p[1]))
    return r.loading, r.x1, r.selectivity


# --------------------------------------------------------------------------------------------------------------------
# Dose-response: four-parameter logistic with a control, and the relative EC50


@dataclass
class FourPL:
    bottom: float
    top: float
    logec50: float
    hill: float = 1.0

    def __call__(self, dose):
        out = np.full(len(dose), self.bottom, dtype=float)
        pos = dose > 0
        out[pos] += (self.top - self.bottom) / (
            1 + 10 ** (self.hill * (self.logec50 - np.log10(dose[pos])))
        )
        return out

    def ec(self, percent):
        f = percent / 100
        return 10 ** (self.logec50 + math.log10(f / (1 - f)) / self.hill)


DOSES = np.array([0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0])
RESPONSE = np.array([3.1, 4.2, 5.9, 11.0, 26.0, 55.0, 79.0, 92.0, 97.0])


def dose_response(bottom, top, logec50, hill):
    curve = FourPL(bottom=bottom, top=top, logec50=logec50, hill=hill)
    w = 1 / np.sqrt(2.0 + 0.05 * RESPONSE)
    r = w * (curve(DOSES) - RESPONSE)
    return r, [curve.ec(q) for q in (10, 50, 90)]


# --------------------------------------------------------------------------------------------------------------------
# Arrhenius: conversion of a sample heated at a constant rate (TGA), n-th order, Heun steps


def tga_conversion(Ea, logA, n_order, beta=10.0 / 60, T0=500.0, T1=760.0, nsteps=52):
    R = 8.314462618e-3  # kJ/mol/K
    T = np.linspace(T0, T1, nsteps + 1)
    dT = T[1] - T[0]
    k = np.zeros(nsteps + 1)
    for i, Ti in enumerate(T):
        k[i] = 10**logA * math.exp(-Ea / (R * Ti))
    alpha = np.zeros(nsteps + 1)
    rate = lambda kk, a: kk / beta * max(1.0 - a, 1e-12) ** n_order
    for i in range(nsteps):
        f1 = rate(k[i], alpha[i])
        f2 = rate(k[i + 1], alpha[i] + dT * f1)
        alpha[i + 1] = alpha[i] + 0.5 * dT * (f1 + f2)
    dtg = np.gradient(alpha, dT)
    return alpha[::4], dtg[4:40:4] * 100


# --------------------------------------------------------------------------------------------------------------------
# Antenna: pattern in dB of a linear array with adjustable amplitudes and phases, with a mask penalty

N_EL = 5


def array_pattern_db(amp, phase, d=0.5):
    theta = np.deg2rad(np.arange(-80, 81, 10.0))
    kd = 2 * np.pi * d
    n = np.arange(N_EL) - (N_EL - 1) / 2
    AF = np.zeros(theta.size, dtype=complex)
    for m in range(N_EL):
        AF += amp[m] * np.exp(1j * (kd * n[m] * np.sin(theta) + phase[m]))
    power = np.abs(AF) ** 2 / np.sum(amp) ** 2
    element = np.cos(theta) ** 1.2
    return 10 * np.log10(power * element + 1e-3)


# --------------------------------------------------------------------------------------------------------------------
# Star photometry: Moffat profile on a small stamp, pixel by pixel, with sky

_rng = np.random.default_rng(42)
STAMP = np.zeros((7, 7))
_yy, _xx = np.mgrid[0:7, 0:7]
STAMP[:] = (
    12.0
    + 240.0 * (1 + ((_xx - 3.2) ** 2 + (_yy - 2.8) ** 2) / 2.4**2) ** -2.8
    + _rng.normal(0, 3, (7, 7))
)


def moffat_chi2(star):
    flux, x0, y0, fwhm, beta, sky = star.tolist()
    ny, nx = STAMP.shape
    alpha = fwhm / (2 * math.sqrt(2 ** (1 / beta) - 1))
    model = np.zeros((ny, nx))
    for j in range(ny):
        row = model[j]
        for i in range(nx):
            r2 = (i - x0) ** 2 + (j - y0) ** 2
            row[i] = (beta - 1) / (pi * alpha**2) * (1 + r2 / alpha**2) ** (-beta)
    model *= flux
    model += sky
    var = STAMP.clip(min=1.0) / 1.6 + 4.0**2
    return np.sum((STAMP - model) ** 2 / var)


# --------------------------------------------------------------------------------------------------------------------
# Star photometry: zero point, extinction and colour term from measured fluxes

AIRMASS = np.array([1.02, 1.1, 1.25, 1.4, 1.62, 1.9, 2.1])
COLOUR = np.array([0.3, 0.65, 1.1, 0.2, 0.8, 1.3, 0.5])
V_CATALOGUE = np.array([12.31, 13.02, 12.77, 11.95, 13.4, 12.6, 12.2])


def photometric_solution(flux, gain=1.5, rn=6.0):
    m_inst = -2.5 * np.log10(flux)
    sigma = 1.0857 * np.sqrt(flux * 1e3 / gain + rn**2) / (flux * 1e3)
    w = 1 / (sigma**2 + 0.01**2)
    A = np.c_[np.ones(len(flux)), AIRMASS - 1.0, COLOUR]
    N = (A * w[:, None]).T @ A
    coef = np.linalg.inv(N) @ (A.T @ (w * (V_CATALOGUE - m_inst)))
    fitted = A.dot(coef) + m_inst
    return coef, fitted - V_CATALOGUE


# --------------------------------------------------------------------------------------------------------------------
# Thermistor calibration: Steinhart-Hart coefficients from three points, then a table of temperatures


def steinhart_hart(R_cal):
    T_cal = np.array([273.15, 298.15, 333.15])
    M = np.vander(np.log(R_cal), 4, increasing=True)[:, [0, 1, 3]]
    coeffs = np.linalg.solve(M, 1 / T_cal)
    A, B, C = coeffs
    table = np.empty((5, 2))
    table[:, 0] = [25.0, 15.0, 9.0, 5.0, 3.0]
    for r in range(table.shape[0]):
        L = math.log(table[r, 0])
        table[r, 1] = 1.0 / (A + B * L + C * L**3) - 273.15
    return table[:, 1]


# --------------------------------------------------------------------------------------------------------------------
# One Levenberg-Marquardt run on logistic growth (Rat42) with a hand-written Jacobian; data are the argument

DAYS = np.array([9.0, 14.0, 21.0, 28.0, 42.0, 57.0, 63.0, 70.0, 79.0])
PASTURE = np.array([8.93, 10.8, 18.59, 22.33, 39.35, 56.11, 61.73, 64.62, 67.08])


def levenberg_marquardt(y, p0=(75.0, 2.5, 0.07), maxit=60):
    p = np.array(p0)
    lam = 1e-2

    def residual(p):
        return p[0] / (1 + np.exp(p[1] - p[2] * DAYS)) - y

    def jacobian(p):
        e = np.exp(p[1] - p[2] * DAYS)
        J = np.empty((len(DAYS), 3))
        J[:, 0] = 1 / (1 + e)
        J[:, 1] = -p[0] * e / (1 + e) ** 2
        J[:, 2] = -J[:, 1] * DAYS
        return J

    r = residual(p)
    for _ in range(maxit):
        J = jacobian(p)
        H = J.T @ J
        H.ravel()[:: 3 + 1] *= 1 + lam
        dp = np.linalg.solve(H, -J.T @ r)
        r_new = residual(p + dp)
        if r_new @ r_new <= r @ r * (1 + 1e-11):
            p, r, lam = p + dp, r_new, lam / 10
        else:
            lam *= 5
        if np.max(np.abs(dp) / np.abs(p)) < 1e-12:
            break
    return p


# --------------------------------------------------------------------------------------------------------------------
# Multivariate Gaussian log-likelihood with the covariance from standard deviations and correlations

IRIS = np.array(
    [
        [5.1, 3.5, 1.4],
        [4.9, 3.0, 1.4],
        [4.7, 3.2, 1.3],
        [5.0, 3.6, 1.4],
        [5.4, 3.9, 1.7],
        [4.6, 3.4, 1.4],
        [5.8, 4.0, 1.2],
    ]
)


def mvn_loglik(mu, log_sd, rho):
    n, d = IRIS.shape
    C = np.eye(d)
    iu = np.triu_indices(d, 1)
    C[iu] = rho
    C.T[iu] = rho
    D = np.diag(np.exp(log_sd))
    try:
        L = cholesky(D @ C @ D)
    except la.LinAlgError:
        return -np.inf  # not positive definite
    Z = la.solve(L, (IRIS - mu).T)
    logdet = 2 * np.log(np.diag(L)).sum()
    return -0.5 * (n * d * log(2 * pi) + n * logdet + np.sum(Z**2))


# --------------------------------------------------------------------------------------------------------------------
# Poisson regression with offset: log-likelihood, score and observed information by hand

CLAIMS = np.array([2, 0, 5, 3, 1, 8, 4, 6])
EXPOSURE = np.array([1.0, 0.5, 2.0, 1.2, 0.7, 2.4, 1.5, 1.8])
DESIGN = np.hstack(
    [
        np.ones((8, 1)),
        np.array([[0.1, 0, 0.5, 0.4, 0.2, 0.9, 0.6, 0.7], [0, 1, 0, 1, 0, 0, 1, 1.0]]).T,
    ]
)
LOGFACT = np.array([math.lgamma(k + 1) for k in CLAIMS])


def poisson_loglik(beta):
    loglik = 0.0
    score = np.zeros(len(beta))
    info = np.zeros((len(beta), len(beta)))
    for yi, ti, xi, lf in zip(CLAIMS, EXPOSURE, DESIGN, LOGFACT):
        eta = xi.dot(beta) + math.log(ti)
        mu = math.exp(eta)
        loglik += yi * eta - mu - lf
        score += (yi - mu) * xi
        info += mu * np.outer(xi, xi)
    se = np.sqrt(np.diag(inv(info)))
    return loglik, score, se


# --------------------------------------------------------------------------------------------------------------------
# Gamma log-likelihood with a home-made Lanczos log-gamma function (Numerical Recipes)

RAIN = [12.3, 4.1, 33.8, 7.7, 18.2, 2.9, 9.4, 25.1]


def gammln(xx):
    cof = [
        76.18009172947146,
        -86.50532032941677,
        24.01409824083091,
        -1.231739572450155,
        0.1208650973866179e-2,
        -0.5395239384953e-5,
    ]
    y = x = xx
    tmp = x + 5.5
    tmp -= (x + 0.5) * math.log(tmp)
    ser = 1.000000000190015
    for j in range(6):
        y += 1.0
        ser += cof[j] / y
    return -tmp + math.log(2.5066282746310005 * ser / x)


def gamma_loglik(shape, scale):
    assert shape > 0 and scale > 0, f"bad parameters {shape} {scale}"
    terms = []
    for r in RAIN:
        term = (shape - 1) * math.log(r) - r / scale
        term -= gammln(shape) + shape * math.log(scale)
        terms.append(term)
    return sum(terms)


# --------------------------------------------------------------------------------------------------------------------
# Student-t regression, math.lgamma and log1p


def student_t_nll(params, nu):
    x = np.arange(7) / 2.0
    y = np.array([1.1, 1.6, 2.4, 2.2, 3.1, 6.0, 4.2])  # one outlier
    intercept, slope, log_sigma = params
    sigma = np.exp(log_sigma)
    z = (y - (intercept + slope * x)) / sigma
    const = (
        math.lgamma((nu + 1) / 2) - math.lgamma(nu / 2) - 0.5 * math.log(nu * math.pi) - log_sigma
    )
    return -(len(x) * const - (nu + 1) / 2 * np.log1p(z * z / nu).sum())


# --------------------------------------------------------------------------------------------------------------------
# Gaussian mixture: log-sum-exp likelihood and responsibilities

GALAXY = np.array(
    [9.2, 9.5, 10.2, 16.1, 18.4, 19.1, 19.9, 20.2, 21.1, 22.4, 23.0, 24.3, 32.1, 33.0]
)


def logsumexp(a, axis=None, keepdims=False):
    m = np.max(a, axis=axis, keepdims=True)
    s = m + np.log(np.sum(np.exp(a - m), axis=axis, keepdims=True))
    return s if keepdims else np.squeeze(s, axis=axis)


def mixture_loglik(logits, means, log_sigmas):
    K = len(means)
    X = GALAXY[:, np.newaxis]
    logw = logits - logsumexp(logits)
    logp = np.zeros((GALAXY.size, K))
    logp += logw
    logp += -0.5 * ((X - means) / np.exp(log_sigmas)) ** 2 - log_sigmas - 0.5 * np.log(2 * np.pi)
    norm_ = logsumexp(logp, axis=1, keepdims=True)
    resp = np.exp(logp - norm_)
    return norm_.sum(), resp.sum(axis=0) / resp.sum()


# --------------------------------------------------------------------------------------------------------------------
# ARMA(2,1): conditional sum of squares and the concentrated likelihood

LYNX = np.array(
    [2.43, 2.51, 2.77, 2.94, 3.17, 3.45, 3.59, 3.77, 3.44, 2.8, 2.1, 2.0, 2.3, 2.58, 2.9, 3.1]
)


def arma_css(c, phi, theta, y=LYNX):
    p, q = len(phi), 1
    n = len(y)
    e = np.zeros(n)
    for t in range(p, n):
        pred = c
        for i in range(p):
            pred += phi[i] * (y[t - 1 - i] - c)
        for j in range(q):
            pred += theta * e[t - 1 - j]
        e[t] = y[t] - pred
    css = e[p:].dot(e[p:])
    s2 = css / (n - p)
    loglik = -0.5 * (n - p) * (math.log(2 * math.pi * s2) + 1)
    # impulse responses for the report
    psi = [1.0, phi[0] + theta]
    while len(psi) < 6:
        psi.append(phi[0] * psi[-1] + phi[1] * psi[-2])
    return loglik, np.array(psi[1:])


# --------------------------------------------------------------------------------------------------------------------
# GJR-GARCH(1,1)

RETURNS = 100 * np.random.RandomState(7).standard_t(5, size=60) * 0.009
RETURNS -= RETURNS.mean()


def garch_nll(pars, r=RETURNS):
    omega, alpha, gamma, beta = pars[0], pars[1], pars[2], pars[3]
    if alpha + beta + gamma / 2 >= 1:
        return np.inf
    T = r.shape[0]
    sigma2 = np.empty(T)
    sigma2[0] = np.mean(r**2)
    for t in range(1, T):
        sigma2[t] = omega + beta * sigma2[t - 1]
        sigma2[t] += (alpha + gamma * (r[t - 1] < 0)) * r[t - 1] ** 2
    sigma2 = np.clip(sigma2, 1e-6, 1e6)
    ll = -0.5 * (np.log(2 * np.pi) + np.log(sigma2) + r**2 / sigma2)
    return -np.sum(ll)


# --------------------------------------------------------------------------------------------------------------------
# Hidden Markov model: scaled forward algorithm, Gaussian emissions

OBS = [0.1, -0.4, 2.9, 3.4, 2.6, 0.3, -0.2, 0.6, 3.1, 2.2]


def hmm_forward(logitA, mu, sd=0.7):
    S = len(mu)
    A = np.exp(logitA.reshape(S, S))
    A /= A.sum(axis=1, keepdims=True)
    # stationary start
    M = np.vstack([(A.T - np.eye(S))[:-1], np.ones(S)])
    pi0 = np.linalg.solve(M, np.r_[np.zeros(S - 1), 1.0])
    T = len(OBS)
    alpha = np.zeros((T, S))
    scale = np.zeros(T)
    for t in range(T):
        emit = np.exp(-0.5 * ((OBS[t] - mu) / sd) ** 2) / (sd * np.sqrt(2 * np.pi))
        alpha[t] = (pi0 if t == 0 else alpha[t - 1] @ A) * emit
        scale[t] = alpha[t].sum()
        alpha[t] /= scale[t]
    return np.log(scale).sum(), alpha[-1]


# --------------------------------------------------------------------------------------------------------------------
# Gaussian process: negative log marginal likelihood, RBF + linear kernel, with prediction


def gp_nlml(log_hyp):
    X = np.array([-1.8, -1.1, -0.6, 0.0, 0.4, 0.9, 1.7])
    y = np.sin(2 * X) + 0.3 * X + np.array([0.05, -0.08, 0.02, 0.1, -0.03, -0.05, 0.04])
    if not isinstance(log_hyp, np.ndarray) or len(log_hyp) != 4:
        raise TypeError(f"expected 4 hyperparameters, got {log_hyp!r}")
    ell, sf2, sl2, sn2 = np.exp(log_hyp) ** np.array([1, 2, 2, 2])

    def kern(a, b):
        sq = np.subtract.outer(a, b) ** 2
        return sf2 * np.exp(-0.5 * sq / ell**2) + sl2 * np.outer(a, b)

    K = kern(X, X)
    K[np.diag_indices_from(K)] += sn2 + 1e-8
    L = np.linalg.cholesky(K)
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
    nlml = 0.5 * y @ alpha + np.log(L.diagonal()).sum() + 0.5 * len(X) * np.log(2 * np.pi)
    xs = np.linspace(-1.5, 1.5, 4)
    return nlml, kern(xs, X) @ alpha


# --------------------------------------------------------------------------------------------------------------------
# Ridge logistic regression by IRLS: the coefficients as a function of the penalties


def sigmoid(z):
    out = np.empty_like(z)
    pos = z >= 0
    out[pos] = 1.0 / (1.0 + np.exp(-z[pos]))
    ez = np.exp(z[~pos])
    out[~pos] = ez / (1.0 + ez)
    return out


CHALLENGER = np.array([53, 57, 58, 63, 66, 67, 70, 70, 72, 75, 76, 79, 81.0])
FAIL = np.array([1, 1, 1, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0.0])


def logistic_irls(lam):
    lam = np.atleast_1d(lam)
    t = (CHALLENGER - CHALLENGER.mean()) / CHALLENGER.std()
    X = np.stack([np.ones_like(t), t, t**2 - 1], axis=1)
    beta = np.array([0.1, -0.2, 0.15])
    P = np.zeros((3, 3))
    P[1:, 1:] = np.diag(lam)
    delta, niter = np.ones(3), 0
    while np.abs(delta).max() > 1e-12 and niter < 50:
        mu = sigmoid(X @ beta)
        W = mu * (1 - mu)
        grad = X.T @ (FAIL - mu) - P @ beta
        H = (X.T * W) @ X + P
        delta = np.linalg.solve(H, grad)
        beta += delta
        niter += 1
    return beta


# --------------------------------------------------------------------------------------------------------------------
# Probit with heteroscedasticity: math.erfc, one observation at a time


def norm_cdf(x):
    return 0.5 * math.erfc(-x / math.sqrt(2.0))


def probit_loglik(*b):
    income = (1.2, 0.4, 2.2, 1.9, 0.7, 3.0)
    bought = (1, 0, 1, 0, 0, 1)
    ll = 0.0
    marginal = []
    for inc, d in zip(income, bought):
        index = (b[0] + b[1] * inc) / math.exp(b[2] * inc)
        P = min(max(norm_cdf(index), 1e-12), 1 - 1e-12)
        if d == 1:
            ll += math.log(P)
        else:
            ll += math.log(1.0 - P)
        marginal.append(math.exp(-(index**2) / 2) / math.sqrt(2 * math.pi))
    return ll, sum(marginal) / len(marginal)


# --------------------------------------------------------------------------------------------------------------------
# Multinomial logit (travel mode choice) with class-specific constants and a shared cost coefficient

COST = np.array(
    [[7.0, 3.0, 1.5], [5.0, 2.0, 2.5], [9.0, 4.5, 2.0], [6.0, 2.5, 3.5], [4.0, 3.5, 1.0]]
)
TIME = np.array(
    [[0.8, 2.0, 3.1], [0.7, 1.4, 2.2], [1.0, 2.4, 4.0], [0.6, 1.7, 1.9], [0.5, 2.2, 2.9]]
)
CHOICE = np.array([0, 1, 0, 2, 1])


class MultinomialLogit:
    def __init__(self, asc, beta_cost, beta_time):
        self.asc = np.zeros(3)
        self.asc[1:] = asc
        self.b = {"cost": beta_cost, "time": beta_time}

    def probabilities(self):
        U = self.asc[None, :] + self.b["cost"] * COST + self.b["time"] * TIME
        U = U - U.max(axis=1)[:, None]
        P = np.exp(U)
        return P / P.sum(1)[:, None]


def mode_choice(asc, beta):
    model = MultinomialLogit(asc, *beta)
    P = model.probabilities()
    Y = np.eye(3)[CHOICE]
    loglik = np.sum(Y * np.log(P))
    shares = P.mean(axis=0)
    value_of_time = model.b["time"] / model.b["cost"]
    return loglik, shares, value_of_time


# --------------------------------------------------------------------------------------------------------------------
# Cox partial log-likelihood with Efron's ties, and the Breslow baseline hazard

SURV_TIME = np.array([5.0, 8.0, 8.0, 12.0, 15.0, 15.0, 15.0, 21.0, 30.0])
EVENT = np.array([1, 1, 1, 0, 1, 1, 0, 1, 0], dtype=bool)
COVAR = np.array(
    [[1.2, 0], [0.5, 1], [0.9, 0], [0.1, 1], [0.7, 1], [-0.3, 0], [0.2, 0], [-0.8, 1], [-0.5, 1.0]]
)


def cox_efron(beta):
    eta = COVAR @ beta
    risk = np.exp(eta)
    pll = 0.0
    hazard = {}
    times = SURV_TIME
    for tk in np.unique(times[EVENT]):
        dead = (times == tk) & EVENT
        at_risk = times >= tk
        d = dead.sum()
        s_risk, s_dead = risk[at_risk].sum(), risk[dead].sum()
        pll += eta[dead].sum()
        for l in range(d):
            pll -= np.log(s_risk - l / d * s_dead)
        hazard[tk] = d / s_risk
    H0 = np.cumsum([hazard[k] for k in sorted(hazard)])
    return pll, H0


# --------------------------------------------------------------------------------------------------------------------
# Hierarchical model: the eight schools, non-centred, joint log density and shrunken effects


def eight_schools(mu, log_tau, eta):
    y = np.array([28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0])
    s = np.array([15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0])
    tau = np.exp(log_tau)
    theta = np.empty(8)
    theta[:] = mu + tau * eta

    def normal_lpdf(x, m, sd):
        return np.sum(-0.5 * ((x - m) / sd) ** 2 - np.log(sd) - 0.9189385332046727)

    lp = 0
    lp += normal_lpdf(y, theta, s)
    lp += normal_lpdf(eta, 0.0, 1.0)
    lp += normal_lpdf(mu, 0.0, 20.0)
    lp += log_tau - np.log(np.pi / 2 * 10 * (1 + (tau / 10) ** 2))  # half-Cauchy(10) with Jacobian
    return lp, theta


# --------------------------------------------------------------------------------------------------------------------
# Kalman filter class: local linear trend, likelihood by prediction errors

NILE = np.array([11.2, 11.6, 9.63, 12.1, 11.6, 11.6, 8.13, 12.3, 13.7, 11.4, 9.95, 9.35])


class KalmanFilter:
    def __init__(self, F, Q, R, x0):
        self.F, self.Q, self.R = F, Q, R
        self.H = np.array([[1.0, 0.0]])
        self.x = np.zeros(2)
        self.x[0] += x0
        self.P = 4.0 * np.eye(2)
        self.loglik = 0.0

    def predict(self):
        self.x = self.F @ self.x
        self.P = self.F @ self.P @ self.F.T + self.Q

    def update(self, z):
        v = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        K = self.P @ self.H.T @ np.linalg.inv(S)
        self.x += K @ v
        I_KH = np.eye(2) - K @ self.H
        self.P = I_KH @ self.P @ I_KH.T + K @ (self.R * np.ones((1, 1))) @ K.T  # Joseph form
        self.loglik -= 0.5 * (
            np.log(2 * np.pi) + np.log(np.linalg.det(S)) + (v @ np.linalg.solve(S, v)).item()
        )


def local_trend_loglik(log_var, damping, level0):
    q1, q2, r = [math.exp(lv) for lv in log_var]
    kf = KalmanFilter(np.array([[1.0, 1.0], [0.0, damping]]), np.diag([q1, q2]), r, level0)
    filtered = []
    for z in NILE:
        kf.predict()
        kf.update(z)
        filtered.append(kf.x[0])
    return kf.loglik, np.array(filtered)


# --------------------------------------------------------------------------------------------------------------------
# Copula: Clayton density with Gumbel and exponential margins, censored below a detection limit

WIND = np.array([18.2, 22.5, 15.1, 30.3, 25.7, 19.9])
SURGE = np.array([0.42, 0.9, 0.15, 1.8, 1.1, 0.33])


def clayton_loglik(theta, loc, scale, rate):
    z = (WIND - loc) / scale
    u = np.exp(-np.exp(-z))
    log_fu = -z - np.exp(-z) - np.log(scale)
    v = -np.expm1(-rate * SURGE)
    log_fv = np.log(rate) - rate * SURGE
    low = SURGE < 0.2
    total = np.zeros(len(WIND))
    A = u**-theta + v**-theta - 1
    seen = ~low
    total[seen] = (
        np.log1p(theta)
        - (1 + theta) * np.log(u[seen] * v[seen])
        - (2 + 1 / theta) * np.log(A[seen])
        + log_fu[seen]
        + log_fv[seen]
    )
    # h-function where only the wind is known
    total[low] += -(theta + 1) * np.log(u[low]) - (1 / theta + 1) * np.log(A[low]) + log_fu[low]
    kendall_tau = theta / (theta + 2)
    return total.sum(), kendall_tau


# --------------------------------------------------------------------------------------------------------------------
# Weibull survival with right and interval censoring; accelerated failure time; median life per group


def weibull_aft(params):
    lifetimes = [
        (105.0, "exact", 0),
        (230.0, "exact", 1),
        (300.0, "right", 1),
        ((150.0, 200.0), "interval", 0),
        (60.0, "exact", 0),
    ]
    k, b0, b1 = float(params[0]), float(params[1]), float(params[2])
    logS = lambda t, lam: -((t / lam) ** k)
    contributions = {"exact": 0.0, "right": 0.0, "interval": 0.0}
    for t, kind, group in lifetimes:
        lam = math.exp(b0 + b1 * group)
        if kind == "exact":
            contributions[kind] += math.log(k / lam) + (k - 1) * math.log(t / lam) + logS(t, lam)
        elif kind == "right":
            contributions[kind] += logS(t, lam)
        else:
            lo, hi = t
            contributions[kind] += math.log(math.exp(logS(lo, lam)) - math.exp(logS(hi, lam)))
    median = [math.exp(b0 + b1 * g) * pow(math.log(2), 1 / k) / 100 for g in range(2)]
    return functools.reduce(lambda a, b: a + b, contributions.values()), *median


# --------------------------------------------------------------------------------------------------------------------
# Change point: cost of the best split by cumulative sums (series as the argument), dynamic programming over one break


def change_point(y, min_size=2):
    y = np.ascontiguousarray(y).astype(float)
    n = len(y)
    S1 = np.concatenate([[0.0], np.cumsum(y)])
    S2 = np.concatenate([[0.0], np.cumsum(y**2)])

    def cost(i, j):
        return S2[j] - S2[i] - (S1[j] - S1[i]) ** 2 / (j - i)

    best, tau = cost(0, n), 0
    for k in range(min_size, n - min_size + 1):
        c = cost(0, k) + cost(k, n)
        if c < best:
            best, tau = c, k
    left, right = y[:tau].mean(), y[tau:].mean()
    fit = np.zeros_like(y)
    fit[:tau] += left
    fit[tau:] += right
    F = (cost(0, n) - best) / (best / (n - 2))
    return fit, best, right - left, np.log(F)


# --------------------------------------------------------------------------------------------------------------------
# State space EM: one full E and M step of the local level model (Shumway & Stoffer)

SEA_LEVEL = np.array([1.0, 1.3, 0.8, 1.6, 2.1, 1.9, 2.4, 2.2])


def em_step(phi, q, r):
    y = SEA_LEVEL
    n = y.size
    xp, Pp = np.zeros(n + 1), np.zeros(n + 1)
    xf, Pf = np.zeros(n + 1), np.zeros(n + 1)
    xf[0], Pf[0] = 1.0, 0.5
    K = 0.0
    for t in range(1, n + 1):
        xp[t] = phi * xf[t - 1]
        Pp[t] = phi**2 * Pf[t - 1] + q
        K = Pp[t] / (Pp[t] + r)
        xf[t] = xp[t] + K * (y[t - 1] - xp[t])
        Pf[t] = (1 - K) * Pp[t]
    # backwards, overwriting copies
    xs, Ps, Pcs = xf.copy(), Pf.copy(), np.zeros(n + 1)
    J = np.zeros(n)
    for t in range(n - 1, -1, -1):
        J[t] = phi * Pf[t] / Pp[t + 1]
        xs[t] += J[t] * (xs[t + 1] - xp[t + 1])
        Ps[t] += J[t] ** 2 * (Ps[t + 1] - Pp[t + 1])
    Pcs[n] = (1 - K) * phi * Pf[n - 1]
    for t in range(n - 1, 0, -1):
        Pcs[t] = Pf[t] * J[t - 1] + J[t] * (Pcs[t + 1] - phi * Pf[t]) * J[t - 1]
    S11 = np.sum(xs[1:] ** 2 + Ps[1:])
    S10 = np.sum(xs[1:] * xs[:-1] + Pcs[1:])
    S00 = np.sum(xs[:-1] ** 2 + Ps[:-1])
    new_phi = S10 / S00
    new_q = (S11 - new_phi * S10) / n
    new_r = np.mean((y - xs[1:]) ** 2 + Ps[1:])
    return new_phi, new_q, new_r, xs


# --------------------------------------------------------------------------------------------------------------------
# Kernel density: leave-one-out likelihood, adaptive bandwidths (Abramson), data and bandwidth as arguments


def kde_loo(data, h):
    n = len(data)
    D = data[:, None] - data[None, :]
    G = np.exp(-0.5 * (D / h) ** 2) / (h * np.sqrt(2 * np.pi))
    pilot = G.mean(axis=1)
    geo = np.exp(np.mean(np.log(pilot)))
    hi = h * np.sqrt(geo / pilot)
    G = np.exp(-0.5 * (D / hi) ** 2) / (hi * np.sqrt(2 * np.pi))
    np.fill_diagonal(G, 0.0)
    loo = np.log(G.sum(axis=1) / (n - 1)).mean()
    grid = np.linspace(-3, 3, 25)
    dens = sum(np.exp(-0.5 * ((grid - xi) / b) ** 2) / b for xi, b in zip(data, hi)) / (
        n * math.sqrt(2 * math.pi)
    )
    return loo, dens[::4], np.trapezoid(grid * dens, grid)


# --------------------------------------------------------------------------------------------------------------------
# Whittle likelihood of an AR(1) plus white noise: periodogram of the series that is fitted

TIDE = np.sin(0.7 * np.arange(32)) * 0.4 + np.random.default_rng(3).normal(size=32).cumsum() * 0.3


def whittle_nll(rho, s2, w2, trend):
    rho, s2 = np.float64(rho), np.float64(s2)
    n = TIDE.size
    x = TIDE - trend * np.arange(n)
    x = x - x.mean()
    taper = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(n) + 0.5) / n)
    x *= taper
    I = np.abs(np.fft.rfft(x)) ** 2 / np.sum(taper**2)
    f = np.fft.rfftfreq(n)
    spec = s2 / (1 - 2 * rho * np.cos(2 * np.pi * f) + rho**2) + w2
    k = slice(1, -1)
    return np.sum(np.log(spec[k]) + I[k] / spec[k]) / (n // 2)


# --------------------------------------------------------------------------------------------------------------------
# L-moments of a sample and the generalised extreme value fitted to them (Hosking)


def gev_lmoments(annual_maxima):
    x = np.sort(np.asanyarray(annual_maxima))
    n = x.shape[0]
    b = np.zeros(3)
    for j in range(1, n + 1):
        b[0] += x[j - 1]
        b[1] += x[j - 1] * (j - 1) / (n - 1)
        b[2] += x[j - 1] * (j - 1) * (j - 2) / ((n - 1) * (n - 2))
    b /= n
    l1, l2, l3 = np.array([[1, 0, 0], [-1, 2, 0], [1, -6, 6]]) @ b
    t3 = l3 / l2
    c = 2 / (3 + t3) - math.log(2) / math.log(3)
    k = 7.8590 * c + 2.9554 * c**2
    g = math.gamma(1 + k)
    a = l2 * k / ((1 - 2**-k) * g)
    loc = l1 - a * (1 - g) / k
    levels = [loc + a / k * (1 - (-math.log(1 - 1 / T)) ** k) for T in (2, 10, 50, 100)]
    return np.array([loc, a, k]), np.array(levels)


# --------------------------------------------------------------------------------------------------------------------
# Random effects, balanced groups: restricted likelihood (REML) with a Kronecker covariance, BLUPs by group sums

BATCH = np.repeat(np.arange(3), 3)
YIELD = np.array([1.55, 1.44, 1.51, 1.30, 1.39, 1.25, 1.68, 1.60, 1.64]) * 10


def reml(var_batch, var_error):
    if np.isscalar(var_batch) and var_batch < 0:
        raise ValueError("negative variance")
    V = var_error * np.eye(9) + np.kron(np.eye(3), var_batch * np.ones((3, 3)))
    X = np.ones((9, 1))
    Vi = np.linalg.inv(V)
    XtVi = X.T @ Vi
    mu = np.linalg.solve(XtVi @ X, XtVi @ YIELD)
    r = YIELD - X @ mu
    sign, logdet = np.linalg.slogdet(V)
    assert sign > 0
    ll = -0.5 * (logdet + np.linalg.slogdet(XtVi @ X)[1] + r @ Vi @ r)
    blup = np.zeros(3)
    w = Vi @ r
    for i, g in enumerate(BATCH):
        blup[g] += var_batch * w[i]
    icc = var_batch / (var_batch + var_error)
    return ll, blup, icc


# --------------------------------------------------------------------------------------------------------------------
# Spectrometer calibration: pixel scale, instrument line shape by convolution, comparison by interpolation

LAMP_NM = np.linspace(400.0, 700.0, 61)
LAMP = 1.0 + 0.5 * np.sin(LAMP_NM / 23.0) + np.exp(-(((LAMP_NM - 546.1) / 12.0) ** 2))
_EVALUATIONS = 0


def count_calls(func):
    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        global _EVALUATIONS
        _EVALUATIONS += 1
        return func(*args, **kwargs)

    return wrapper


@count_calls
def spectrometer_residual(coeffs, width, stray=0.02):
    pixel = np.arange(24.0)
    nominal = 402.5 + 10.0 * pixel
    wavelength = nominal + np.polyval(coeffs[::-1], pixel / 10.0)  # small corrections in nm
    half = 4
    k = np.exp(-0.5 * (np.arange(-half, half + 1) / width) ** 2)
    k /= k.sum()
    blurred = np.convolve(LAMP, k, mode="same")
    expected = np.interp(wavelength, LAMP_NM, blurred)
    # neighbouring pixels leak into each other
    expected = (1 - 2 * stray) * expected + stray * (np.roll(expected, 1) + np.roll(expected, -1))
    dispersion = np.diff(wavelength)
    rolloff = np.where(pixel < 3.5, 0.9, 1.0)
    return rolloff[2:-2] * expected[2:-2], dispersion[[0, 10, -1]]


# --------------------------------------------------------------------------------------------------------------------
# TRIAD: attitude matrix from two measured directions, and the residual angles of a third one


def triad(b1, b2):
    r1, r2 = np.array([0.0, 0.0, 1.0]), np.array([0.8, 0.1, 0.3])
    r3, b3 = np.array([0.2, 0.9, -0.3]), np.array([0.45, 0.82, -0.33])

    def frame(u, v):
        M = np.empty((3, 3))
        M[:, 0] = u / np.linalg.norm(u)
        w = np.cross(u, v)
        M[:, 1] = w / np.linalg.norm(w)
        M.T[2] = np.cross(M[:, 0], M[:, 1])
        return M

    A = frame(b1, b2).dot(frame(r1, r2).T)
    predicted = A @ r3
    angle = np.arccos(np.clip(predicted @ b3 / norm(r3) / norm(b3), -1, 1))
    euler = [math.atan2(A[1, 2], A[2, 2]), -math.asin(A[0, 2]), math.atan2(A[0, 1], A[0, 0])]
    return np.rad2deg([*euler, angle])


# --------------------------------------------------------------------------------------------------------------------
# Radioactive decay chain (Bateman): recursion over the nuclides, counting rate with dead time against the data

COUNT_MIN = [1.0, 3.0, 6.0, 10.0, 20.0, 40.0]
COUNTS = {1.0: 88.0, 3.0: 80.0, 6.0: 66.0, 10.0: 52.0, 20.0: 30.0, 40.0: 12.0}


def bateman(n, lambdas, t):
    """Divided difference of exp(-lambda t) over the first n rates, recursively."""

    def dd(ls):
        if len(ls) == 1:
            return math.exp(-ls[0] * t)
        return (dd(ls[1:]) - dd(ls[:-1])) / (ls[0] - ls[-1])

    result = dd(list(lambdas[:n]))
    for lam in lambdas[: n - 1]:
        result *= lam
    return result


def decay_chain_residuals(lambdas, N0, deadtime=2e-3):
    def rates():
        for t in COUNT_MIN:
            activity = sum(
                lambdas[k] * N0 * bateman(k + 1, lambdas, t) for k in range(len(lambdas))
            )
            yield activity / (1 + deadtime * activity)

    return np.fromiter(
        ((COUNTS[t] - r) / math.sqrt(COUNTS[t]) for t, r in zip(COUNT_MIN, rates())), dtype=float
    )


CASES = [
    (mgh09_residuals, np.array([0.1928, 0.1913, 0.1231, 0.1361])),
    (lanczos_model, np.array([0.12, 1.1, 0.9, 2.8, 1.5, 5.2])),
    (thurber_rational, np.array([1288.1, 1491.1, 583.2, 75.4, 0.966, 0.398, 0.0497])),
    (mixed_inhibition_rates, 12.5, 2.2, 3.1, 14.0),
    (progress_curve, np.array([1.3, 0.8])),
    (raman_doublet, np.array([120.0, 8.3, 7.5, 0.35, 0.42, 1.5, 2.2])),
    (circle_kasa, np.array([[3.05, 1.0], [1.02, 2.95], [-0.9, 1.1], [0.95, -1.1], [2.45, 2.4]])),
    (ellipse_sampson, np.array([1.0, -0.5, 3.0, 1.5, 0.45])),
    (plane_tls, np.array([1.02, 1.31, 1.66, 0.69, 1.05, 1.24, 0.51])),
    (reprojection_error, np.array([0.1, -0.15, 0.2, 0.01, 0.05, 2.0]), np.array([-0.2, 0.05])),
    (accelerometer_cost, np.array([0.01, 0.02, -0.01, 0.03, -0.02, 0.015, 0.1, 0.05, 0.12])),
    (iast_binary, np.array([3.2, 5.1]), np.array([1.8, 0.25])),
    (dose_response, 3.0, 99.0, -0.1, 1.05),
    (tga_conversion, 150.0, 10.5, 1.3),
    (
        array_pattern_db,
        np.array([0.6, 0.9, 1.0, 0.85, 0.7]),
        np.array([0.1, -0.05, 0.02, 0.1, -0.2]),
    ),
    (moffat_chi2, np.array([2400.0, 3.15, 2.85, 2.6, 2.9, 13.0])),
    (photometric_solution, np.array([12.1, 6.0, 7.2, 15.8, 3.9, 7.3, 11.2])),
    (steinhart_hart, np.array([32.65, 10.0, 2.49])),
    (levenberg_marquardt, PASTURE),
    (
        mvn_loglik,
        np.array([5.0, 3.5, 1.45]),
        np.array([-0.9, -1.1, -1.8]),
        np.array([0.6, 0.25, 0.3]),
    ),
    (poisson_loglik, np.array([0.4, 1.3, -0.25])),
    (gamma_loglik, 1.6, 8.5),
    (student_t_nll, np.array([1.0, 1.05, -0.9]), 3.5),
    (
        mixture_loglik,
        np.array([-0.4, 0.9, -0.7]),
        np.array([9.8, 20.6, 32.3]),
        np.array([0.1, 0.9, 0.2]),
    ),
    (arma_css, 2.8, np.array([1.3, -0.7]), -0.15),
    (garch_nll, np.array([0.12, 0.06, 0.08, 0.75])),
    (hmm_forward, np.array([1.0, -0.4, -0.3, 0.8]), np.array([0.05, 2.8])),
    (gp_nlml, np.array([-0.2, 0.1, -0.9, -1.6])),
    (logistic_irls, np.array([0.3, 0.8])),
    (probit_loglik, -0.9, 0.75, 0.12),
    (mode_choice, np.array([-0.6, 0.4]), np.array([-0.25, -0.7])),
    (cox_efron, np.array([0.7, -0.35])),
    (eight_schools, 7.5, 1.6, np.array([0.9, 0.2, -0.4, 0.1, -0.6, -0.3, 0.8, 0.3])),
    (local_trend_loglik, np.array([-1.2, -3.0, 0.5]), 0.9, 11.0),
    (clayton_loglik, 1.7, 19.0, 4.5, 1.3),
    (weibull_aft, np.array([1.7, 4.9, 0.8])),
    (change_point, np.array([1.1, 0.7, 1.4, 0.9, 3.2, 2.7, 3.5, 2.9, 3.1])),
    (em_step, 0.95, 0.1, 0.2),
    (kde_loo, np.array([-1.4, -0.9, -0.2, 0.1, 0.5, 1.3, 1.9]), 0.6),
    (whittle_nll, 0.7, 0.15, 0.05, 0.03),
    (gev_lmoments, np.array([4.3, 7.1, 5.2, 3.6, 9.4, 6.0, 4.9, 5.7])),
    (reml, 1.9, 0.4),
    (spectrometer_residual, np.array([0.4, 0.3, 0.1]), 1.6),
    (triad, np.array([0.15, -0.1, 0.95]), np.array([0.75, 0.35, 0.2])),
    (decay_chain_residuals, np.array([0.09, 0.03, 0.22]), 700.0),
]
