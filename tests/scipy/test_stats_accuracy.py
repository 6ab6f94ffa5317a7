"""`scipy.stats`: values and slopes of every family against densities written in `mpmath`.

A distribution function is there the integral of the density over the tail beyond the point, at 20
digits and more; slopes in shapes are differences of two such integrals. Errors are relative, over the
condition ``1 + |x (log f)'(x)|`` of the point.
"""

import numpy as np
import pytest
import scipy.stats as st

import dualrev as dr
from dualrev.scipy import stats as ours
from tests.rules.harness import shared
from tests.scipy import test_stats, test_stats_families

mp = pytest.importorskip("mpmath")
besseli, besselk, cos, erf, erfc, exp = mp.besseli, mp.besselk, mp.cos, mp.erf, mp.erfc, mp.exp
inf, log, loggamma, mpf, pi, sqrt = mp.inf, mp.log, mp.loggamma, mp.mpf, mp.pi, mp.sqrt

CASES = []
SHAPES = {
    **{name: test_stats.SHAPES.get(name, ()) for name in test_stats.CONTINUOUS},
    **test_stats_families.SHAPES,
}


def log_beta(a, b):
    return loggamma(a) + loggamma(b) - loggamma(a + b)


def ndtr(x):
    return erfc(-x / sqrt(2)) / 2


def log_normal(x):
    return -x * x / 2 - log(2 * pi) / 2


def crystalball(x, b, m):
    norm = m / b / (m - 1) * exp(-b * b / 2) + sqrt(2 * pi) * ndtr(b)
    if x > -b:
        return -x * x / 2 - log(norm)
    return m * log(m / b) - b * b / 2 - m * log(m / b - b - x) - log(norm)


def hyperbolic(x, p, a, b):
    w, r, half = sqrt(a * a - b * b), sqrt(1 + x * x), mpf(1) / 2
    norm = p * log(w) - log(2 * pi) / 2 - (p - half) * log(a) - log(besselk(p, w))
    return norm + log(besselk(p - half, a * r)) + (p - half) * log(r) + b * x


def tukey(x, lam):
    f = lambda t: ((1 / (1 + exp(-t))) ** lam - (1 / (1 + exp(t))) ** lam) / lam - x
    t = mp.findroot(f, 2 * x + mpf("0.1"), tol=mpf(10) ** (10 - 2 * mp.mp.dps))
    q, rest = 1 / (1 + exp(-t)), 1 / (1 + exp(t))
    return -log(q ** (lam - 1) + rest ** (lam - 1))


def argus(x, c):
    norm = 3 * log(c) - log(2 * pi) / 2 - log(ndtr(c) - c * exp(log_normal(c)) - mpf(1) / 2)
    return norm + log(x) + log(1 - x * x) / 2 - c * c * (1 - x * x) / 2


def extreme(x, c):
    t = log(1 - c * x) / c
    return (1 - c) * t - exp(t)


def noncentral_t(x, n, nc):
    """[Johnson, Kotz & Balakrishnan 1995, eq. 31.15]"""
    r = n + x * x
    z = nc * nc * x * x / (2 * r)
    one = sqrt(2) * nc * x * mp.hyp1f1(n / 2 + 1, 1.5, z) / (r * mp.gamma((n + 1) / 2))
    two = mp.hyp1f1((n + 1) / 2, 0.5, z) / (sqrt(r) * mp.gamma(n / 2 + 1))
    norm = n / 2 * log(n) + loggamma(n + 1) - n * log(2) - nc * nc / 2 - n / 2 * log(r)
    return norm - loggamma(n / 2) + log(one + two)


def noncentral_f(x, n, m, nc):
    """[the same, eq. 30.7]"""
    central = n / 2 * log(n) + m / 2 * log(m) + (n / 2 - 1) * log(x) - log_beta(n / 2, m / 2)
    z = nc * n * x / (2 * (m + n * x))
    rest = log(mp.hyp1f1((n + m) / 2, n / 2, z))
    return central - (n + m) / 2 * log(m + n * x) - nc / 2 + rest


HALF = mpf(1) / 2
POSITIVE, LINE, UNIT = ((mpf(0), inf), (-inf, inf), (mpf(0), mpf(1)))
P, L, U = ((lambda *s, ends=ends: ends) for ends in (POSITIVE, LINE, UNIT))
TURN = lambda *s: (-mp.pi, +mp.pi)

# fmt: off
DENSITIES = {
    "norm": (log_normal, L), "expon": (lambda x: -x, P),
    "gamma": (lambda x, a: (a-1)*log(x) - x - loggamma(a), P), "erlang": (lambda x, a: (a-1)*log(x) - x - loggamma(a), P),
    "beta": (lambda x, a, b: (a-1)*log(x) + (b-1)*log(1-x) - log_beta(a, b), U),
    "t": (lambda x, n: loggamma((n+1)/2) - loggamma(n/2) - log(n*pi)/2 - (n+1)/2*log(1+x*x/n), L),
    "lognorm": (lambda x, s: log_normal(log(x)/s) - log(s*x), P), "uniform": (lambda x: mpf(0), U),
    "laplace": (lambda x: -abs(x) - log(2), L), "logistic": (lambda x: -abs(x) - 2*mp.log1p(exp(-abs(x))), L),
    "cauchy": (lambda x: -log(pi*(1+x*x)), L), "weibull_min": (lambda x, c: log(c) + (c-1)*log(x) - x**c, P),
    "chi2": (lambda x, k: (k/2-1)*log(x) - x/2 - k/2*log(2) - loggamma(k/2), P),
    "f": (lambda x, n, m: m/2*log(m)+n/2*log(n)+(n/2-1)*log(x)-(n+m)/2*log(m+n*x)-log_beta(n/2,m/2), P),
    "betaprime": (lambda x, a, b: (a-1)*log(x)-(a+b)*log(1+x)-log_beta(a,b), P),
    "invgamma": (lambda x, a: -(a+1)*log(x)-loggamma(a)-1/x, P),
    "invgauss": (lambda x, m: -log(2*pi*x**3)/2-(x-m)**2/(2*x*m**2), P),
    "wald": (lambda x: -log(2*pi*x**3)/2-(x-1)**2/(2*x), P),
    "recipinvgauss": (lambda x, m: -log(2*pi*x)/2-(1-m*x)**2/(2*x*m*m), P),
    "rayleigh": (lambda x: log(x)-x*x/2, P), "maxwell": (lambda x: log(2/pi)/2+2*log(x)-x*x/2, P),
    "chi": (lambda x, k: (1-k/2)*log(2)+(k-1)*log(x)-x*x/2-loggamma(k/2), P),
    "nakagami": (lambda x, n: log(2)+n*log(n)-loggamma(n)+(2*n-1)*log(x)-n*x*x, P),
    "pareto": (lambda x, b: log(b)-(b+1)*log(x), lambda b: (mpf(1), inf)),
    "lomax": (lambda x, c: log(c)-(c+1)*log(1+x), P),
    "burr": (lambda x, c, d: log(c*d)+(-c-1)*log(x)-(d+1)*mp.log1p(x**-c), P),
    "burr12": (lambda x, c, d: log(c*d)+(c-1)*log(x)-(d+1)*mp.log1p(x**c), P),
    "mielke": (lambda x, k, s: log(k)+(k-1)*log(x)-(1+k/s)*mp.log1p(x**s), P),
    "fisk": (lambda x, c: log(c)+(c-1)*log(x)-2*mp.log1p(x**c), P),
    "kappa3": (lambda x, a: log(a)-(a+1)/a*log(a+x**a), P),
    "gengamma": (lambda x, a, c: log(abs(c))+(c*a-1)*log(x)-x**c-loggamma(a), P),
    "halfnorm": (lambda x: log(2/pi)/2-x*x/2, P), "halfcauchy": (lambda x: log(2/(pi*(1+x*x))), P),
    "halflogistic": (lambda x: log(2)-x-2*mp.log1p(exp(-x)), P),
    "halfgennorm": (lambda x, b: log(b)-loggamma(1/b)-x**b, P),
    "foldnorm": (lambda x, c: log(2/pi)/2+log(mp.cosh(c*x))-(x*x+c*c)/2, P),
    "foldcauchy": (lambda x, c: log(1/(1+(x-c)**2)+1/(1+(x+c)**2))-log(pi), P),
    "levy": (lambda x: -log(2*pi*x**3)/2-1/(2*x), P),
    "levy_l": (lambda x: -log(2*pi*abs(x)**3)/2-1/(2*abs(x)), lambda: (-inf, mpf(0))),
    "loglaplace": (lambda x, c: log(c/2)+((c-1) if x < 1 else -(c+1))*log(x), P),
    "gibrat": (lambda x: log_normal(log(x))-log(x), P),
    "fatiguelife": (lambda x, c: log(x+1)-log(2*c*sqrt(2*pi*x**3))-(x-1)**2/(2*x*c*c), P),
    "powerlognorm": (lambda x, c, s: log(c/(x*s))+log_normal(log(x)/s)+(c-1)*log(ndtr(-log(x)/s)), P),
    "alpha": (lambda x, a: -2*log(x)-log(ndtr(a))-log(2*pi)/2-(a-1/x)**2/2, P),
    "rice": (lambda x, b: log(x)-(x*x+b*b)/2+log(besseli(0,x*b)), P),
    "ncx2": (lambda x, k, nc: -log(2)-(x+nc)/2+(k-2)/4*log(x/nc)+log(besseli(k/2-1, sqrt(nc*x))), P),
    "skewnorm": (lambda x, a: log(2)+log_normal(x)+log(ndtr(a*x)), L),
    "exponnorm": (lambda x, k: -log(2*k)+1/(2*k*k)-x/k+log(erfc(-(x-1/k)/sqrt(2))), L),
    "norminvgauss": (lambda x, a, b: log(a*besselk(1,a*sqrt(1+x*x))/(pi*sqrt(1+x*x)))+sqrt(a*a-b*b)+b*x, L),
    "genhyperbolic": (hyperbolic, L),
    "powernorm": (lambda x, c: log(c)+log_normal(x)+(c-1)*log(ndtr(-x)), L),
    "gennorm": (lambda x, b: log(b/2)-loggamma(1/b)-abs(x)**b, L),
    "hypsecant": (lambda x: -log(pi*mp.cosh(x)), L),
    "johnsonsu": (lambda x, a, b: log(b)-log(x*x+1)/2+log_normal(a+b*mp.asinh(x)), L),
    "laplace_asymmetric": (lambda x, k: (-x*k if x >= 0 else x/k)-log(k+1/k), L),
    "dgamma": (lambda x, a: (a-1)*log(abs(x))-abs(x)-log(2)-loggamma(a), L),
    "dweibull": (lambda x, c: log(c/2)+(c-1)*log(abs(x))-abs(x)**c, L),
    "skewcauchy": (lambda x, a: -log(pi*(x*x/(a*mp.sign(x)+1)**2+1)), L),
    "crystalball": (crystalball, L),
    "tukeylambda": (tukey, lambda l: (-1/l, 1/l) if l > 0 else (-inf, inf)),
    "vonmises": (lambda x, k: k*cos(x)-log(2*pi*besseli(0,k)), TURN),
    "vonmises_line": (lambda x, k: k*cos(x)-log(2*pi*besseli(0,k)), TURN),
    "wrapcauchy": (lambda x, c: log((1-c*c)/(2*pi*(1+c*c-2*c*cos(x)))), lambda c: (mpf(0), 2*mp.pi)),
    "anglit": (lambda x: log(cos(2*x)), lambda: (-mp.pi/4, mp.pi/4)),
    "arcsine": (lambda x: -log(pi*sqrt(x*(1-x))), U),
    "argus": (argus, U),
    "bradford": (lambda x, c: log(c/(log(1+c)*(1+c*x))), U),
    "cosine": (lambda x: log((1+cos(x))/(2*pi)), TURN),
    "johnsonsb": (lambda x, a, b: log(b/(x*(1-x)))+log_normal(a+b*log(x/(1-x))), U),
    "loguniform": (lambda x, a, b: -log(x*log(b/a)), lambda a, b: (a, b)),
    "reciprocal": (lambda x, a, b: -log(x*log(b/a)), lambda a, b: (a, b)),
    "powerlaw": (lambda x, a: log(a)+(a-1)*log(x), U),
    "rdist": (lambda x, c: (c/2-1)*log(1-x*x)-log_beta(HALF, c/2), lambda c: (mpf(-1), mpf(1))),
    "semicircular": (lambda x: log(2/pi*sqrt(1-x*x)), lambda: (mpf(-1), mpf(1))),
    "triang": (lambda x, c: log(2*x/c) if x < c else log(2*(1-x)/(1-c)), U),
    "truncexpon": (lambda x, b: -x-log(1-exp(-b)), lambda b: (mpf(0), b)),
    "truncnorm": (lambda x, a, b: log_normal(x)-log(erfc(a/sqrt(2))/2-erfc(b/sqrt(2))/2), lambda a, b: (a, b)),
    "truncpareto": (lambda x, b, c: log(b/(1-c**-b))-(b+1)*log(x), lambda b, c: (mpf(1), c)),
    "genextreme": (extreme, lambda c: (-inf, 1/c) if c > 0 else (1/c, inf)),
    "genpareto": (lambda x, c: (-1-1/c)*log(1+c*x) if c else -x, lambda c: (mpf(0), inf if c >= 0 else -1/c)),
    "gumbel_r": (lambda x: -x-exp(-x), L), "gumbel_l": (lambda x: x-exp(x), L),
    "weibull_max": (lambda x, c: log(c)+(c-1)*log(-x)-(-x)**c, lambda c: (-inf, mpf(0))),
    "invweibull": (lambda x, c: log(c)-(c+1)*log(x)-x**-c, P),
    "exponweib": (lambda x, a, c: log(a*c)+(a-1)*log(-mp.expm1(-x**c))-x**c+(c-1)*log(x), P),
    "exponpow": (lambda x, b: log(b)+(b-1)*log(x)+1+x**b-exp(x**b), P),
    "genlogistic": (lambda x, c: log(c)-x-(c+1)*mp.log1p(exp(-x)), L),
    "loggamma": (lambda x, c: c*x-exp(x)-loggamma(c), L),
    "gompertz": (lambda x, c: log(c)+x-c*mp.expm1(x), P),
    "moyal": (lambda x: -(x+exp(-x))/2-log(2*pi)/2, L),
    "nct": (noncentral_t, L), "ncf": (noncentral_f, P),
    "pearson3": (lambda x, s: log(2/abs(s)) + (4/s**2-1)*log(2*x/s+4/s**2) - 2*x/s - 4/s**2 - loggamma(4/s**2), lambda s: (-2/s, inf)),
    "kappa4": (lambda x, h, k: (1/k-1)*log(1-k*x) + (1/h-1)*log(1-h*(1-k*x)**(1/k)), lambda h, k: ((1-h**-k)/k, 1/k)),
}

BREAKS = {"laplace": [0], "laplace_asymmetric": [0], "dgamma": [0], "dweibull": [0], "gennorm": [0], "skewcauchy": [0], "loglaplace": [1]}
TAILS = {  # heavy ones, in closed form
    "levy": lambda x: erf(sqrt(1 / (2 * x))),
    "levy_l": lambda x: erf(sqrt(-1 / (2 * x))),
    "foldcauchy": lambda x, c: (mp.atan(1 / (x - c)) + mp.atan(1 / (x + c))) / pi,
}
# fmt: on


def density(name, x, shapes):
    return DENSITIES[name][0](x, *shapes)


def tail(name, x, shapes, upper):
    """The integral of the density over the tail beyond `x`, in panels that grow from where it falls."""
    if name in TAILS:
        with mp.workdps(60):
            return TAILS[name](x, *shapes)
    low, high = DENSITIES[name][1](*shapes)
    sign, end = (1, high) if upper else (-1, low)
    peak, room = density(name, x, shapes), abs(end - x)
    h = sign * mpf(10) ** -14 * max(1, abs(x))
    fall = abs((density(name, x + h, shapes) - peak) / h)
    step = min(1 / fall if fall else max(mpf(1), abs(x)), room / 2)
    points = [x]
    while step < room and len(points) < 60:
        points.append(x + sign * step)
        if room == inf and density(name, points[-1], shapes) - peak < -2.4 * mp.mp.dps - 20:
            break
        step *= 6
    if room < inf:
        points.append(end)
    breaks = {"crystalball": [-v for v in shapes[:1]], "triang": shapes[:1]}.get(name)
    for b in map(mpf, breaks or BREAKS.get(name, [])):
        if min(points) < b < max(points):
            points = sorted([*points, b], reverse=not upper)

    def relative(t):
        try:
            return exp(density(name, t, shapes) - peak)
        except (ValueError, ZeroDivisionError):  # at an end of the support
            return mpf(0)

    total = sum(mp.quad(relative, points[k : k + 2]) for k in range(len(points) - 1))
    return abs(total) * exp(peak)


def slope(f, v):
    h = mpf(10) ** (-mp.mp.dps // 3) * abs(v)
    return (f(v + h) - f(v - h)) / (2 * h)


def slopes_of(method, args):
    """The value, and a slope for each argument, in forward mode."""
    found = []
    for k in range(len(args)):
        one = lambda v, k=k: method(*args[:k], v, *args[k + 1 :])
        y, dy = dr.jvp(one, (float(args[k]),), (1.0,))
        found.append(dy)
    return y, found


def assert_near(actual, wanted, rtol, what):
    for k, (a, w) in enumerate(zip(actual, wanted, strict=True)):
        error = abs((mpf(float(a)) - w) / w) if w else abs(mpf(float(a)))
        assert error < rtol, f"{what}, {k}: {float(a)!r}, expected {mp.nstr(w, 17)}"


def point(name, p, upper):
    d, shapes = getattr(st, name), SHAPES[name]
    return float((d.isf if upper else d.ppf)(p, *shapes))


@pytest.mark.parametrize("name", shared(sorted(SHAPES), 2))
def test_density(name):
    d, shapes = getattr(ours, name), SHAPES[name]
    with mp.workdps(45):
        exact = [mpf(float(s)) for s in shapes]
        for p, upper in ((1e-3, False), (0.37, False), (0.02, True), (1e-12, True)):
            x = point(name, p, upper)
            if x in getattr(st, name).support(*shapes):
                continue
            at = mpf(x)
            value = density(name, at, exact)
            by = [slope(lambda v: density(name, v, exact), at)]
            for k in range(len(exact)):
                moved = lambda v, k=k, at=at: density(name, at, [*exact[:k], v, *exact[k + 1 :]])
                by.append(slope(moved, exact[k]))
            wanted = [v.real if isinstance(v, mp.mpc) else v for v in (value, *by)]
            y, found = slopes_of(d.logpdf, (x, *shapes))
            scale = 1 + abs(x * float(wanted[1]))
            size = scale + abs(float(value))
            assert abs(float(y) - float(value)) < 5e-14 * size, name
            for a, w in zip(found, wanted[1:], strict=True):
                assert abs(float(a) - float(w)) < 1e-11 * (size + abs(float(w))), (name, x)


SLOW = ("norminvgauss", "genhyperbolic", "tukeylambda", "powernorm", "exponnorm", "powerlognorm")
ROUNDED = ("vonmises", "vonmises_line", "cosine", "anglit")  # whose ends are no doubles


@pytest.mark.parametrize("name", sorted(set(SHAPES) - {*SLOW, *ROUNDED}))
def test_tail(name):
    d, shapes = getattr(ours, name), SHAPES[name]
    upper = name not in ("levy_l", "weibull_max", "loggamma", "gumbel_l", "beta", "arcsine")
    x = point(name, 1e-5, upper)
    with mp.workdps(34 if name == "kappa4" else 22):
        exact, at = [mpf(float(s)) for s in shapes], mpf(x)
        small = tail(name, at, exact, upper)
        f = exp(density(name, at, exact))
        by = []
        for k in range(len(exact)):
            moved = lambda v, k=k: tail(name, at, [*exact[:k], v, *exact[k + 1 :]], upper)
            by.append(slope(moved, exact[k]))
        condition = 1 + abs(float(at * slope(lambda v: density(name, v, exact), at)))
        sign = -1 if upper else 1
        slopes = [sign * f, *by]
        one, other = ("sf", "cdf") if upper else ("cdf", "sf")
        rest = 1 - small
        turned = [-v for v in slopes]
        for method, value, wanted in (
            (one, small, slopes), (other, rest, turned),
            (f"log{one}", log(small), [v / small for v in slopes]),
            (f"log{other}", mp.log1p(-small), [v / rest for v in turned]),
        ):  # fmt: skip
            y, found = slopes_of(getattr(d, method), (x, *shapes))
            tight, loose = 1e-13 * condition, 1e-11 * condition
            assert_near([y], [value], tight, f"{name}.{method}")
            assert_near(found, wanted, loose, f"{name}.{method}, slopes")
        # a quantile turns that around
        q = float(small)
        y, found = slopes_of(d.isf if upper else d.ppf, (q, *shapes))
        assert_near([y], [at + (mpf(q) - small) / slopes[0]], 1e-12, f"{name}, quantile")
        assert_near(
            found, [1 / slopes[0], *[-v / slopes[0] for v in by]], 1e-10, f"{name}, quantile"
        )


def same(y, w):
    return y == w or (np.isnan(y) and np.isnan(w)) or abs(y - w) <= 1e-9 * abs(w)


# Where an end of the support is rounded; SciPy's densities may be nan at infinity, and ours are 0.
APART = {("cosine", -np.pi), ("cosine", np.pi)}
AT_INFINITY = {"pdf": 0.0, "logpdf": -np.inf}


@pytest.mark.parametrize("name", shared(sorted(SHAPES), 2))
@pytest.mark.filterwarnings("ignore")
def test_edges_and_nonsense(name):
    d, scipys, shapes = getattr(ours, name), getattr(st, name), SHAPES[name]
    shapes = tuple(map(float, shapes))
    low, high = map(float, scipys.support(*shapes))
    outside = [v for v in (low - 1, high + 1) if np.isfinite(v)]
    for m in ("pdf", "logpdf", "cdf", "sf", "logcdf", "logsf"):
        f, g = getattr(d, m), getattr(scipys, m)
        for x in (low, high, np.nan, *outside):
            y, dy = dr.jvp(lambda v, f=f: f(v, *shapes), (x,), (1.0,))
            wanted = AT_INFINITY[m] if np.isinf(x) and m in AT_INFINITY else g(x, *shapes)
            assert same(y, wanted) or (name, x) in APART, (m, x)
            assert dy == 0 or x not in outside, (m, x)
        x = float(scipys.ppf(0.4, *shapes))
        for k in range(len(shapes)):
            bad = [*shapes[:k], -7.5, *shapes[k + 1 :]]
            one = lambda v, f=f, k=k, bad=bad, x=x: f(x, *bad[:k], v, *bad[k + 1 :])
            assert same(dr.value_and_grad(one)(-7.5)[0], g(x, *bad)), (m, bad)
        y, dy = dr.value_and_grad(lambda v, f=f, x=x: f(x, *shapes, scale=v))(-1.0)
        assert np.isnan(y) and dy == 0, m
    for m in ("ppf", "isf"):
        f, g = getattr(d, m), getattr(scipys, m)
        for q in (0.0, 1.0, -0.1, 1.1, np.nan):
            assert same(dr.value_and_grad(lambda v, f=f: f(v, *shapes))(q)[0], g(q, *shapes)), (
                m,
                q,
            )
