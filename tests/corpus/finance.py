"""Finance: option pricing, interest rates, risk and credit, as quants and students script it."""

import cmath
import math
from dataclasses import dataclass
from functools import lru_cache, reduce
from math import erf, exp, log, sqrt

import numpy as np
from numpy.linalg import cholesky, inv

# frozen random numbers: every Monte Carlo below is deterministic
Z1 = np.random.default_rng(11).standard_normal(40)
Z2 = np.random.default_rng(12).standard_normal((6, 20))
Z3 = np.random.default_rng(13).standard_normal((30, 3))
RETURNS = np.array(
    [0.012, -0.008, 0.005, -0.021, 0.017, 0.003, -0.011, 0.024, -0.030, 0.009, 0.001, -0.006, 0.014, -0.018]
)
TENORS = np.array([0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0])


def norm_cdf(x):
    return 0.5 * (1.0 + erf(x / sqrt(2.0)))


def norm_pdf(x):
    return exp(-0.5 * x * x) / sqrt(2 * math.pi)


# 1
def black_scholes(S, K, T, r, sigma):
    """Call, put and the usual greeks of the call in a dictionary turned into a list."""
    d1 = (log(S / K) + (r + 0.5 * sigma**2) * T) / (sigma * sqrt(T))
    d2 = d1 - sigma * sqrt(T)
    df = exp(-r * T)
    call = S * norm_cdf(d1) - K * df * norm_cdf(d2)
    put = call - S + K * df
    greeks = {
        "delta": norm_cdf(d1),
        "gamma": norm_pdf(d1) / (S * sigma * sqrt(T)),
        "vega": S * norm_pdf(d1) * sqrt(T) / 100,
        "theta": (-S * norm_pdf(d1) * sigma / (2 * sqrt(T)) - r * K * df * norm_cdf(d2)) / 365,
        "rho": K * T * df * norm_cdf(d2) / 100,
    }
    return [call, put] + list(greeks.values())


# 2
def crr_american_put(S0, sigma, r, K=100.0, T=1.0, N=6):
    """Cox-Ross-Rubinstein tree, backward induction in one overwritten array."""
    dt = T / N
    u = math.exp(sigma * math.sqrt(dt))
    d = 1 / u
    p = (math.exp(r * dt) - d) / (u - d)
    disc = math.exp(-r * dt)
    V = np.zeros(N + 1)
    for j in range(N + 1):
        V[j] = max(K - S0 * u**j * d ** (N - j), 0.0)
    for i in range(N - 1, -1, -1):
        for j in range(i + 1):
            cont = disc * (p * V[j + 1] + (1 - p) * V[j])
            exercise = K - S0 * u**j * d ** (i - j)
            V[j] = cont if cont > exercise else exercise
    return V[0]


# 3
def crank_nicolson_call(sigma, r, strike):
    """Black-Scholes PDE in log price, theta scheme, dense matrices."""
    M, N, T = 16, 8, 0.75
    x = np.linspace(math.log(20.0), math.log(400.0), M + 1)
    dx, dt = x[1] - x[0], T / N
    nu = r - 0.5 * sigma * sigma
    a = 0.5 * sigma**2 / dx**2 - nu / (2 * dx)
    b = -(sigma**2) / dx**2 - r
    c = 0.5 * sigma**2 / dx**2 + nu / (2 * dx)
    L = np.zeros((M - 1, M - 1))
    flat = L.ravel()  # a view: write the three diagonals with strides
    flat[::M] = b
    flat[1::M] = c
    flat[M - 1 :: M] = a
    I = np.eye(M - 1)
    A, B = I - 0.5 * dt * L, I + 0.5 * dt * L
    S = np.exp(x)
    V = strike * 0.05 * np.log1p(np.exp((S / strike - 1) / 0.05))  # smoothed payoff
    for n in range(N):
        rhs = B @ V[1:-1]
        tau0, tau1 = n * dt, (n + 1) * dt
        up0, up1 = S[-1] - strike * np.exp(-r * tau0), S[-1] - strike * np.exp(-r * tau1)
        rhs[-1] += 0.5 * dt * c * (up0 + up1)
        V[1:-1] = np.linalg.solve(A, rhs)
        V[0], V[-1] = 0.0, up1
    return np.interp([80.0, 100.0, 120.0], S, V)


# 4
def heston_cf_parts(kappa, theta, xi, rho, v0):
    """Heston characteristic function (the "little trap" form), real and imaginary parts on a few u."""
    T, r, S0 = 0.5, 0.02, 1.1
    out = np.zeros((2, 4))
    for k, u in enumerate([0.5, 1.0, 2.0, 4.0]):
        iu = 1j * u
        d = np.sqrt((rho * xi * iu - kappa) ** 2 + xi**2 * (iu + u**2))
        g = (kappa - rho * xi * iu - d) / (kappa - rho * xi * iu + d)
        e = np.exp(-d * T)
        C = kappa * theta / xi**2 * ((kappa - rho * xi * iu - d) * T - 2 * np.log((1 - g * e) / (1 - g)))
        D = (kappa - rho * xi * iu - d) / xi**2 * (1 - e) / (1 - g * e)
        phi = np.exp(C + D * v0 + iu * (math.log(S0) + r * T))
        out[0, k] = phi.real
        out[1, k] = np.imag(phi)
    return out


# 5
def mc_asian_option(S0, sigma, r, K=100.0, T=1.0):
    """Arithmetic Asian call with a geometric control variate; the normals are fixed, the payoff smoothed."""
    n_steps, n_paths = Z2.shape
    dt = T / n_steps
    paths = np.empty((n_steps + 1, n_paths))
    paths[0] = S0
    for t in range(1, n_steps + 1):
        paths[t] = paths[t - 1] * np.exp((r - 0.5 * sigma**2) * dt + sigma * np.sqrt(dt) * Z2[t - 1])
    arith = paths[1:].mean(axis=0)
    geo = np.exp(np.mean(np.log(paths[1:]), axis=0))

    def payoff(x, width=2.0):
        return width * np.logaddexp(0, (x - K) / width)

    X, Y = payoff(arith), payoff(geo)
    cov = np.cov(X, Y)
    beta = cov[0, 1] / cov[1, 1]
    Y_exact = 0.98 * Y.mean()
    controlled = X - beta * (Y - Y_exact)
    return math.exp(-r * T) * controlled.mean(), controlled.std(ddof=1) / np.sqrt(n_paths)


# 6
def nelson_siegel_svensson(beta, tau1, tau2):
    t = TENORS.copy()
    x1, x2 = t / tau1, t / tau2
    load = np.ones((t.size, 4))
    load[:, 1] = (1 - np.exp(-x1)) / x1
    load[:, 2] = load[:, 1] - np.exp(-x1)
    load[:, 3] = (1 - np.exp(-x2)) / x2 - np.exp(-x2)
    y = load.dot(np.asarray(beta))
    fwd = beta[0] + beta[1] * np.exp(-x1) + beta[2] * x1 * np.exp(-x1) + beta[3] * x2 * np.exp(-x2)
    return y, fwd


# 7
def bootstrap_discount_factors(par_rates):
    """Strip annual par swap rates into discount factors, zero rates and forwards."""
    n = len(par_rates)
    dfs = []
    for i, s in enumerate(par_rates):
        annuity = sum(dfs)
        dfs.append((1 - s * annuity) / (1 + s))
    dfs = np.array(dfs)
    t = np.arange(1, n + 1)
    zeros = -np.log(dfs) / t
    fwds = np.empty(n)
    fwds[0] = 1 / dfs[0] - 1
    fwds[1:] = dfs[:-1] / dfs[1:] - 1
    return dfs, zeros, fwds


# 8
@dataclass
class Bond:
    face: float
    coupon: float
    years: int
    freq: int = 2

    def cashflows(self):
        n = self.years * self.freq
        cf = np.full(n, self.face * self.coupon / self.freq)
        cf[-1] += self.face
        return np.arange(1, n + 1) / self.freq, cf

    def price(self, y):
        t, cf = self.cashflows()
        return np.sum(cf / (1 + y / self.freq) ** (self.freq * t))


def bond_duration_convexity(coupon, y, face):
    bond = Bond(face, coupon, 5)
    t, cf = bond.cashflows()
    P = bond.price(y)
    pv = cf * (1 + y / 2) ** (-2 * t)
    macaulay = np.dot(t, pv) / P
    modified = macaulay / (1 + y / 2)
    convexity = (pv * t * (t + 0.5)).sum() / (P * (1 + y / 2) ** 2)
    return P, macaulay, modified, convexity


# 9
def irr_newton(cashflows, guess=0.1):
    """Internal rate of return; while loop with analytic derivative."""
    rate = guess
    npv = 1.0
    count = 0
    while abs(npv) > 1e-10:
        npv, dnpv = 0.0, 0.0
        for t, cf in enumerate(cashflows):
            npv += cf / (1 + rate) ** t
            dnpv -= t * cf / (1 + rate) ** (t + 1)
        rate = rate - npv / dnpv
        count += 1
        if count > 50:
            raise RuntimeError(f"IRR did not converge: npv = {npv}")
    return rate


# 10
def markowitz_frontier(mu, vols, target):
    """Minimum variance portfolio for a target return, by the closed form with A, B, C, D."""
    corr = np.array([[1.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 1.0]])
    Sigma = np.diag(vols) @ corr @ np.diag(vols)
    Si = inv(Sigma)
    ones = np.ones(len(mu))
    A = ones @ Si @ mu
    B = mu @ Si @ mu
    C = ones @ Si @ ones
    D = B * C - A * A
    g = (B * (Si @ ones) - A * (Si @ mu)) / D
    h = (C * (Si @ mu) - A * (Si @ ones)) / D
    w = g + h * target
    port_vol = np.sqrt(w.T @ Sigma @ w)
    risk_contrib = w * (Sigma @ w) / port_vol
    return w, port_vol, risk_contrib


# 11
def cvar_smoothed(weights, alpha, level=0.8, h=0.004):
    """Rockafellar-Uryasev objective with a softplus instead of the positive part, over historical scenarios."""
    scen = np.column_stack([RETURNS, np.roll(RETURNS, 3), 0.5 * RETURNS[::-1] + 0.002])
    w = np.asarray(weights, dtype=float)
    w = w / np.sum(w)
    loss = -(scen @ w)
    excess = np.zeros(len(loss))
    for i, l in enumerate(loss):
        u = (l - alpha) / h
        if u > 30:
            excess[i] = l - alpha
        else:
            excess[i] = h * math.log1p(math.exp(u))
    cvar = alpha + excess.sum() / ((1 - level) * len(loss))
    srt = np.sort(loss)
    k = int(math.ceil(level * len(srt)))
    return 100 * cvar, 100 * np.mean(srt[k:])


# 12
def mortgage_schedule(principal, annual_rate, extra, months=12):
    """Amortisation table: payment, interest, principal paid, balance; one row a month."""
    i = annual_rate / 12
    pay = principal * i / (1 - (1 + i) ** (-months))
    table = np.zeros((months, 4))
    balance = principal
    for m in range(months):
        row = table[m]
        row[1] = balance * i
        row[0] = pay + extra if m % 3 == 2 else pay
        row[2] = row[0] - row[1]
        balance = balance - row[2]
        row[3] = balance
    return table


# 13
def garch_loglik(params):
    """Negative log-likelihood of a GARCH(1,1) with a leverage term (GJR)."""
    omega, alpha, gamma, beta = params
    r = RETURNS * 100
    T = len(r)
    h = np.zeros(T)
    h[0] = np.var(r)
    for t in range(1, T):
        neg = 1.0 if r[t - 1] < 0 else 0.0
        h[t] = omega + (alpha + gamma * neg) * r[t - 1] ** 2 + beta * h[t - 1]
    ll = -0.5 * (np.log(2 * np.pi) + np.log(h) + r**2 / h)
    one_ahead = omega + (alpha + gamma * (r[-1] < 0)) * r[-1] ** 2 + beta * h[-1]
    return -np.sum(ll), np.sqrt(252 * one_ahead)


# 14
class HazardCurve:
    """Piecewise constant hazard rates on fixed knots."""

    knots = [1.0, 3.0, 5.0]

    def __init__(self, lambdas):
        self.lam = lambdas

    def survival(self, t):
        H, prev = 0.0, 0.0
        for k, T in enumerate(self.knots):
            if t <= T:
                return np.exp(-(H + self.lam[k] * (t - prev)))
            H = H + self.lam[k] * (T - prev)
            prev = T
        return np.exp(-(H + self.lam[-1] * (t - prev)))


def cds_par_spread(hazards, recovery, r):
    """Quarterly premium leg with accrual, protection leg by the mid-point rule. In basis points."""
    curve = HazardCurve(hazards)
    spreads = []
    for maturity in (1, 3, 5):
        premium = protection = 0.0
        q_prev = 1.0
        for k in range(1, 4 * maturity + 1):
            t = 0.25 * k
            q = curve.survival(t)
            premium += 0.25 * np.exp(-r * t) * 0.5 * (q + q_prev)
            protection += np.exp(-r * (t - 0.125)) * (q_prev - q)
            q_prev = q
        spreads.append(1e4 * (1 - recovery) * protection / premium)
    return np.array(spreads)


# 15
def swap_pv_and_buckets(zero_rates, fixed):
    """Payer swap on an interpolated zero curve; the PV is also split in yearly buckets."""
    pay_times = np.arange(0.5, 5.01, 0.5)
    z = np.interp(pay_times, TENORS, zero_rates)
    df = np.exp(-z * pay_times)
    df_prev = np.concatenate(([1.0], df[:-1]))
    fwd = 2 * (df_prev / df - 1)
    cf = (fwd - fixed) * 0.5 * df
    buckets = np.zeros(5)
    np.add.at(buckets, (np.ceil(pay_times) - 1).astype(int), 1e3 * cf)
    par = (1 - df[-1]) / (0.5 * np.sum(df))
    return buckets, 1e2 * par


# 16
def lsm_american_put(S0, sigma, r, K=1.1):
    """Longstaff-Schwartz with a quadratic regression on the in-the-money paths."""
    dt = 1.0 / 3
    Z = np.linspace(-1.8, 1.9, 12)
    W = np.stack([Z, Z[::-1] * 0.4 + 0.3 * Z, np.roll(Z, 5)], axis=1)
    S = S0 * np.exp(np.cumsum((r - 0.5 * sigma**2) * dt + sigma * np.sqrt(dt) * W, axis=1))
    cash = np.maximum(K - S[:, -1], 0)
    for t in (1, 0):
        cash = cash * np.exp(-r * dt)
        itm = S[:, t] < K
        X = np.vander(S[itm, t], 3)
        coef = np.linalg.solve(X.T @ X, X.T @ cash[itm])
        continuation = np.polyval(coef, S[itm, t])
        intrinsic = K - S[itm, t]
        ex = intrinsic > continuation
        idx = np.where(itm)[0][ex]
        cash[idx] = intrinsic[ex]
    return np.exp(-r * dt) * cash.mean()


# 17
def implied_vol(price, S, K, T=0.5, r=0.01):
    """Newton on vega from the Brenner-Subrahmanyam guess, clipped to a sane bracket."""
    sigma = math.sqrt(2 * math.pi / T) * price / S
    for _ in range(40):
        sigma = min(max(sigma, 1e-3), 3.0)
        d1 = (math.log(S / K) + (r + sigma**2 / 2) * T) / (sigma * math.sqrt(T))
        model = S * norm_cdf(d1) - K * math.exp(-r * T) * norm_cdf(d1 - sigma * math.sqrt(T))
        vega = S * norm_pdf(d1) * math.sqrt(T)
        step = (model - price) / vega
        sigma -= step
        if abs(step) < 1e-12:
            break
    return sigma


# 18
def basket_cholesky(spots, vols, rho):
    """Three correlated lognormal assets, equal-weight basket, smoothed call and pathwise moments."""
    C = np.full((3, 3), rho)
    np.fill_diagonal(C, 1.0)
    C[0, 2] = C[2, 0] = rho**2
    Lc = cholesky(C)
    T, r, K = 1.0, 0.02, 50.0
    terminal = np.empty_like(Z3)
    for p, z in enumerate(Z3):
        terminal[p, :] = spots * np.exp((r - vols**2 / 2) * T + vols * math.sqrt(T) * Lc.dot(z))
    basket = terminal.mean(1)
    gap = basket - K
    smooth = 0.5 * (gap + np.sqrt(gap**2 + 4.0))
    return np.exp(-r * T) * np.average(smooth), np.median(basket) / 10, np.corrcoef(terminal[:, :2].T)[0, 1]


# 19
def vasicek_bond_curve(params, r0):
    """Affine bond prices, yields and the covariance of short rates on the tenor grid."""
    a, b, sig = params[0], params[1], params[2]
    P = {}
    for T in TENORS.tolist():
        B = (1 - math.exp(-a * T)) / a
        A = math.exp((b - sig**2 / (2 * a * a)) * (B - T) - sig**2 * B**2 / (4 * a))
        P[T] = A * math.exp(-B * r0)
    yields = np.array([-math.log(p) / T for T, p in P.items()])
    t = TENORS[:3]
    cov = sig**2 / (2 * a) * np.exp(-a * np.add.outer(t, t)) * (np.exp(2 * a * np.minimum.outer(t, t)) - 1)
    return 100 * yields, 1e4 * cov


# 20
def heston_call_by_quadrature(v0, kappa, xi, K=1.0):
    """Lewis integral with complex scalars (cmath) and the trapezoidal rule."""
    S0, theta, rho, T = 1.05, 0.07, -0.5, 1.0
    us = np.linspace(0.0, 25.0, 51)
    integrand = np.zeros_like(us)
    for k in range(len(us)):
        w = complex(us[k], -0.5)
        beta = kappa - 1j * rho * xi * w
        d = cmath.sqrt(beta * beta + xi * xi * (w * w + 1j * w))
        g = (beta - d) / (beta + d)
        e = cmath.exp(-d * T)
        C = kappa * theta / xi**2 * ((beta - d) * T - 2 * cmath.log((1 - g * e) / (1 - g)))
        D = (beta - d) / xi**2 * (1 - e) / (1 - g * e)
        val = cmath.exp(1j * us[k] * math.log(S0 / K) + C + D * v0)
        integrand[k] = val.real / (us[k] ** 2 + 0.25)
    return S0 - math.sqrt(S0 * K) / math.pi * np.trapezoid(integrand, us)


# 21
def sabr_smile(alpha, rho, nu, beta=0.5, F=0.03):
    """Hagan's lognormal volatility at a few strikes, at the money as a special case."""
    vols = np.empty(5)
    for i, K in enumerate([0.02, 0.025, 0.03, 0.035, 0.045]):
        T = 2.0
        if abs(K - F) < 1e-12:
            V = F ** (1 - beta)
            num = 1 + T * (
                (1 - beta) ** 2 * alpha**2 / (24 * V**2) + rho * beta * nu * alpha / (4 * V) + (2 - 3 * rho**2) * nu**2 / 24
            )
            vols[i] = alpha / V * num
            continue
        lfk = np.log(F / K)
        V = (F * K) ** ((1 - beta) / 2)
        z = nu / alpha * V * lfk
        x = np.log((np.sqrt(1 - 2 * rho * z + z**2) + z - rho) / (1 - rho))
        den = V * (1 + (1 - beta) ** 2 / 24 * lfk**2 + (1 - beta) ** 4 / 1920 * lfk**4)
        corr = (1 - beta) ** 2 / 24 * alpha**2 / V**2 + rho * beta * nu * alpha / (4 * V) + (2 - 3 * rho**2) / 24 * nu**2
        vols[i] = alpha / den * (z / x) * (1 + corr * T)
    return vols


# 22
def black_litterman(views, tau, delta):
    """Posterior expected returns of three assets and the tilted weights."""
    vol = np.array([0.12, 0.18, 0.25])
    Sigma = np.outer(vol, vol) * np.array([[1, 0.4, 0.2], [0.4, 1, 0.5], [0.2, 0.5, 1]])
    w_mkt = np.array([0.5, 0.3, 0.2])
    pi = delta * Sigma.dot(w_mkt)
    P = np.r_[[[1.0, -1.0, 0.0]], [[0.0, 0.0, 1.0]]]
    Q = np.atleast_1d(views)
    Omega = np.diag(np.diag(tau * P @ Sigma @ P.T))
    M = inv(inv(tau * Sigma) + P.T @ inv(Omega) @ P)
    post = M @ (inv(tau * Sigma) @ pi + P.T @ inv(Omega) @ Q)
    w = np.linalg.solve(delta * (Sigma + M), post)
    w /= w.sum()
    return post, w, math.sqrt(w @ Sigma @ w)


# 23
def credit_migration_loss(logits, lgd):
    """Rating transitions compounded with reduce; expected loss of a small portfolio by year."""
    T = np.zeros((4, 4))
    T[-1, -1] = 1.0  # default is absorbing
    body = np.exp(np.c_[logits.reshape(3, 3), [[-4.0], [-3.0], [-1.5]]] + 2 * np.eye(3, 4))
    T[:3] = body / body.sum(axis=1, keepdims=True)
    exposure = np.array([50.0, 30.0, 20.0])
    el = []
    for years in (1, 2, 5):
        Tn = reduce(np.dot, [T] * years)
        el.append(lgd * exposure @ Tn[:3, 3])
    five_year = np.linalg.matrix_power(T, 5)
    return np.array(el), five_year[0]


# 24
@lru_cache(maxsize=None)
def _binom(n, k):
    return 1 if k in (0, n) else _binom(n - 1, k - 1) + _binom(n - 1, k)


def merton_jump_call(S, lam, m, delta):
    """Merton's jump diffusion: Poisson mixture of Black-Scholes prices; generator inside sum."""
    K, T, r, sigma = 100.0, 0.5, 0.03, 0.2
    lam_p = lam * (1 + m)

    def term(n):
        sn = math.sqrt(sigma**2 + n * delta**2 / T)
        rn = r - lam * m + n * math.log(1 + m) / T
        return math.exp(-lam_p * T) * (lam_p * T) ** n / math.factorial(n) * black_scholes(S, K, T, rn, sn)[0]

    return sum(term(n) for n in range(12))


# 25
def real_option_binomial(p, volatility, cost):
    """Staged investment on a recombining lattice; the distribution over the last level is also reported."""
    n = 4
    levels = [100 * volatility ** (n - 2 * k) for k in range(n + 1)]
    probs = [_binom(n, k) * p ** (n - k) * (1 - p) ** k for k in range(n + 1)]
    values = np.array([max(v - cost, 0) for v in levels])
    expected = np.dot(probs, values)
    while len(values) > 1:
        values = (p * values[:-1] + (1 - p) * values[1:]) / 1.02
    return values.item(), expected, np.cumsum(probs[::-1])


# 26
def ewma_var_backtest(lam, conf_z, w):
    """RiskMetrics covariance matrix of two series, overwritten day by day; parametric VaR each day."""
    x = np.vstack((RETURNS, np.convolve(RETURNS, [0.6, 0.3, 0.1], mode="same")))
    cov = np.cov(x[:, :5], bias=True)
    var = np.zeros(x.shape[1] - 5)
    for t in range(5, x.shape[1]):
        cov *= lam
        cov += (1 - lam) * np.outer(x[:, t], x[:, t])
        var[t - 5] = 100 * conf_z * np.sqrt(w.dot(cov).dot(w))
    return var


# 27
def growing_annuity_and_perpetuity(payment, r, g):
    """Present values at several horizons, in closed form and by summing; sinking fund deposit."""
    horizons = [1, 5, 10, 20]
    closed = [payment / (r - g) * (1 - ((1 + g) / (1 + r)) ** n) for n in horizons]
    flows = payment * (1 + g) ** np.arange(20) / np.cumprod(np.full(20, 1 + r))
    running = flows.cumsum()
    summed = running[np.array(horizons) - 1]
    perpetuity = payment / (r - g) if r > g else np.inf
    deposit = 1000.0 * r / ((1 + r) ** 10 - 1)
    return np.hstack([closed, summed, [perpetuity, deposit]])


CASES = [
    (black_scholes, 100.0, 95.0, 0.75, 0.03, 0.25),
    (crr_american_put, 97.5, 0.35, 0.1),
    (crank_nicolson_call, 0.3, 0.04, 100.0),
    (heston_cf_parts, 1.5, 0.05, 0.4, -0.6, 0.06),
    (mc_asian_option, 102.0, 0.3, 0.03),
    (nelson_siegel_svensson, np.array([4.0, -1.8, 1.2, 0.7]), 1.6, 4.2),
    (bootstrap_discount_factors, np.array([0.021, 0.024, 0.027, 0.029, 0.03])),
    (bond_duration_convexity, 0.045, 0.038, 100.0),
    (irr_newton, np.array([-100.0, 22.0, 35.0, 30.0, 41.0])),
    (markowitz_frontier, np.array([0.06, 0.09, 0.12]), np.array([0.15, 0.2, 0.28]), 0.1),
    (cvar_smoothed, np.array([0.5, 0.3, 0.2]), 0.009),
    (mortgage_schedule, 1200.0, 0.06, 15.0),
    (garch_loglik, np.array([0.4, 0.08, 0.12, 0.7])),
    (cds_par_spread, np.array([0.012, 0.018, 0.025]), 0.4, 0.03),
    (swap_pv_and_buckets, np.array([0.02, 0.022, 0.025, 0.027, 0.029, 0.03, 0.031]), 0.026),
    (lsm_american_put, 1.04, 0.45, 0.02),
    (implied_vol, 7.5, 100.0, 101.0),
    (basket_cholesky, np.array([45.0, 52.0, 58.0]), np.array([0.2, 0.3, 0.25]), 0.45),
    (vasicek_bond_curve, np.array([0.4, 0.05, 0.02]), 0.03),
    (heston_call_by_quadrature, 0.05, 1.2, 0.5),
    (sabr_smile, 0.04, -0.3, 0.5),
    (black_litterman, np.array([-0.02, 0.11]), 0.05, 2.5),
    (credit_migration_loss, np.array([1.5, -0.5, -2.0, 0.2, 1.2, -0.6, -1.0, 0.3, 1.1]), 0.55),
    (merton_jump_call, 98.0, 0.8, -0.1, 0.15),
    (real_option_binomial, 0.55, 1.2, 90.0),
    (ewma_var_backtest, 0.94, 1.65, np.array([0.6, 0.4])),
    (growing_annuity_and_perpetuity, 10.0, 0.07, 0.02),
]
