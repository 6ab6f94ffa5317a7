"""`scipy.stats`: densities, distribution functions and quantiles, frozen too."""

import pickle

import numpy as np
import pytest
import scipy.stats as st

import dualrev as dr
from dualrev.scipy import stats as ours
from tests.rules.harness import Case, check_case

rng = np.random.default_rng(7)
r = rng.standard_normal
X = np.array([0.15, 0.4, 0.72, 0.93])
LINE = np.array([-1.7, -0.2, 0.6, 2.3])
SHAPES = {
    "gamma": (2.3,),
    "beta": (1.7, 2.4),
    "t": (4.5,),
    "lognorm": (0.7,),
    "weibull_min": (1.8,),
    "chi2": (3.2,),
}
CONTINUOUS = (
    "norm",
    "expon",
    "gamma",
    "beta",
    "t",
    "lognorm",
    "uniform",
    "laplace",
    "logistic",
    "cauchy",
    "weibull_min",
    "chi2",
)
EVERYWHERE = ("norm", "t", "laplace", "logistic", "cauchy")
IN_SHAPE = (
    "lognorm",
    "weibull_min",
)  # whose distribution functions have derivatives in their shapes
DENSITIES = ("pdf", "logpdf")
DISTRIBUTIONS = ("cdf", "sf", "logcdf", "logsf")


def continuous():
    for name in CONTINUOUS:
        dist, shapes = getattr(ours, name), SHAPES.get(name, ())
        n = len(shapes)
        loc, scale = (0.3, 1.4) if name in EVERYWHERE else (-0.05, 1.2)
        x = LINE if name in EVERYWHERE else X
        for m in (*DENSITIES, *DISTRIBUTIONS, "ppf", "isf"):
            method = getattr(dist, m)
            point = X if m in ("ppf", "isf") else x
            if m in DENSITIES or not shapes or name in IN_SHAPE:
                args = (point, *shapes, loc, scale)
                yield Case(f"{name}.{m}", method, args, order=2, exact=False, rtol=1e-5)
            else:
                yield Case(
                    f"{name}.{m}",
                    lambda x, loc, scale, f=method, s=shapes: f(x, *s, loc=loc, scale=scale),
                    (point, loc, scale),
                    exact=False,
                    rtol=1e-5,
                )
            yield Case(
                f"{name}.{m}, frozen",
                lambda scale, d=dist, s=shapes, m=m, p=point: getattr(d(*s, scale=scale), m)(p),
                (scale + X[:, None],) if n == 0 else (scale,),
                order=2,
                exact=False,
                rtol=1e-5,
            )


K = np.array([0, 1, 3, 4])
C = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.0]])


def with_sym(x, mean, cov):
    return ours.multivariate_normal.logpdf(x, mean, (cov + cov.T) / 2)


TABLE = r((5, 3))
SIZES = rng.uniform(0.5, 1.5, (5, 3))
U, V = r(7), r(7)
SPREAD, POINT = np.array([[2.0, 0.3], [0.3, 1.0]]), np.array([[1.5, 0.2], [0.2, 0.8]])


def half(f):
    """A function of matrices, of the symmetric part of each."""
    sym = lambda a: (a + a.T) / 2 if np.ndim(a) else a
    return lambda *args: f(*map(sym, args))


def regression(x, y):
    y = ours.linregress(x, y)
    return [y.slope, y.intercept, y.rvalue, y.pvalue, y.stderr, y.intercept_stderr]


def statistics():
    for name in ("zscore", "skew", "kurtosis", "sem", "variation", "moment"):
        f = getattr(ours, name)
        for axis in (0, 1, None):
            if name == "kurtosis" and axis == 1:
                continue  # of three numbers: a constant
            yield f"{name}, axis={axis}", lambda a, f=f, axis=axis: f(a, axis=axis), (TABLE,)
    for name in ("gmean", "hmean"):
        f = getattr(ours, name)
        yield f"{name}, axis=None", lambda a, f=f: f(a, axis=None), (SIZES,)
        weighted = lambda a, w, f=f: f(a, weights=w, axis=1, keepdims=True)
        yield f"{name}, weights", weighted, (SIZES, SIZES + 0.3)
    yield "pmean", lambda a: ours.pmean(a, 1.7, axis=1), (SIZES,)
    yield "pmean, 0", lambda a: ours.pmean(a, 0), (SIZES,)
    yield "skew, bias", lambda a: ours.skew(a, bias=False, keepdims=True), (TABLE,)
    yield "kurtosis, bias", lambda a: ours.kurtosis(a, bias=False, fisher=False), (TABLE,)
    yield "moment, 3", lambda a: ours.moment(a, 3), (TABLE,)
    yield "moment, center", lambda a: ours.moment(a, 2, center=0.3), (TABLE,)
    yield "entropy", ours.entropy, (SIZES,)
    yield "entropy, qk", lambda p, q: ours.entropy(p, q, base=2, axis=1), (SIZES, SIZES + 0.2)
    yield "iqr", ours.iqr, (TABLE,)
    spread = lambda a: ours.iqr(a, axis=1, rng=(10, 80), scale="normal", keepdims=True)
    yield "iqr, keywords", spread, (TABLE,)
    yield "trim_mean", lambda a: ours.trim_mean(a, 0.2), (TABLE,)
    yield "pearsonr", lambda x, y: list(ours.pearsonr(x, y)), (U, V)
    less = lambda x, y: ours.pearsonr(x, y, axis=1, alternative="less")[0]
    yield "pearsonr, axis", less, (TABLE, SIZES)
    yield "linregress", regression, (U, V)


def matrices():
    for name in ("wishart", "invwishart"):
        d = getattr(ours, name)
        yield f"{name}.logpdf", half(lambda x, df, s, d=d: d.logpdf(x, df, s)), (POINT, 4.2, SPREAD)
        many = half(lambda x, d=d: d.pdf(np.stack([x, 2 * x], axis=-1), 4.2, SPREAD))
        yield f"{name}.pdf, many", many, (POINT,)
        row = lambda x, s, d=d: d.logpdf(x, 3.0, s)
        yield f"{name}.logpdf, a row", row, (np.array([0.5, 1.2]), 1.3)
    counts = [[1, 2, 3], [0, 6, 0]]
    some = lambda p: ours.multinomial.logpmf(counts, 6, p / np.sum(p))
    yield "multinomial.logpmf", some, (np.array([0.2, 0.3, 0.5]),)
    pmf = lambda p: ours.multinomial.pmf([1, 2, 3], 6, np.stack([p, 0.3, 0.7 - p]))
    yield "multinomial.pmf", pmf, (0.2,)
    simplex = np.array([0.2, 0.3])
    yield "dirichlet, frozen", lambda a, x: ours.dirichlet(a).logpdf(x), (1 + X[:3], simplex)
    yield "dirichlet, frozen, point", ours.dirichlet([1.2, 2.0, 0.7]).pdf, (simplex,)
    frozen = lambda m, df: ours.multivariate_t(m, SPREAD, df).pdf([0.1, 0.2])
    yield "multivariate_t, frozen", frozen, (simplex, 4.0)


def kernels():
    points = np.array([0.1, 0.5])
    yield "gaussian_kde", lambda d, x: ours.gaussian_kde(d)(x), (U, points)
    every = lambda d, x, w, b: ours.gaussian_kde(d, b, w).logpdf(x)
    data = TABLE.T[:2]
    yield "gaussian_kde.logpdf", every, (data, data[:, :2] + 0.1, np.arange(1.0, 6), 0.7)
    yield "gaussian_kde, silverman", lambda d: ours.gaussian_kde(d, "silverman").pdf(0.3), (U,)
    yield "gaussian_kde, plain data", ours.gaussian_kde(U).logpdf, (points,)


# fmt: off
CASES = [
    *continuous(),
    *[Case(f"poisson.{m}", lambda mu, m=m: getattr(ours.poisson, m)(K, mu), (1.7 + X,), exact=False, rtol=1e-5)
      for m in ("pmf", "logpmf", "cdf", "sf", "logcdf", "logsf")],
    *[Case(f"binom.{m}", lambda p, m=m: getattr(ours.binom, m)(K, 6, p), (X,), exact=False, rtol=1e-5)
      for m in ("pmf", "logpmf", "cdf", "sf", "logcdf", "logsf")],
    *[Case(f"nbinom.{m}", lambda n, p, m=m: getattr(ours.nbinom, m)(K, n, p), (2.6, X), exact=False, rtol=1e-5)
      for m in ("pmf", "logpmf")],
    *[Case(f"nbinom.{m}", lambda p, m=m: getattr(ours.nbinom, m)(K, 2.6, p), (X,), exact=False, rtol=1e-5)
      for m in ("cdf", "sf", "logcdf", "logsf")],
    Case("poisson.pmf, frozen", lambda mu: ours.poisson(mu).pmf(2), (1.3,), exact=False),
    Case("norm.logpdf, float32", ours.norm.logpdf, (LINE.astype(np.float32),), exact=False),
    Case("norm.logpdf, keywords", lambda m, s: ours.norm.logpdf(0.3, loc=m, scale=s), (0.1, 1 + X), exact=False),
    Case("multivariate_normal.logpdf", with_sym, (r((4, 3)), r(3), C), exact=False, rtol=1e-5),
    Case("multivariate_normal.pdf", lambda x, m: ours.multivariate_normal.pdf(x, m, C), (r((2, 4, 3)), r(3)), exact=False),
    Case("multivariate_normal.logpdf, a number", lambda x, v: ours.multivariate_normal.logpdf(x, cov=v), (r(4), 1.3), exact=False),
    Case("multivariate_normal.logpdf, a diagonal", lambda x, v: ours.multivariate_normal.logpdf(x, np.zeros(4), v), (r(4), 1 + X), exact=False),
    Case("multivariate_normal, frozen", lambda m, v: ours.multivariate_normal(m, np.diag(v)).logpdf(np.ones(4)), (r(4), 1 + X), exact=False),
    Case("multivariate_normal, frozen, point", ours.multivariate_normal(np.ones(3), C).pdf, (r((4, 3)),), exact=False),
    *[Case(name, f, args, order=2, exact=False, rtol=1e-5) for name, f, args in (*statistics(), *matrices(), *kernels())],
]
# fmt: on


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


def test_they_are_scipys():
    assert isinstance(ours.norm, st.rv_continuous) and isinstance(ours.poisson, st.rv_discrete)
    assert ours.pearsonr.__wrapped__ is st.pearsonr
    assert (
        ours.norm.rvs(size=3, random_state=0).tolist()
        == st.norm.rvs(size=3, random_state=0).tolist()
    )
    assert ours.norm.fit([1.0, 2.0, 4.0]) == st.norm.fit([1.0, 2.0, 4.0])
    assert ours.gamma(2.0, scale=3.0).mean() == st.gamma(2.0, scale=3.0).mean()
    assert pickle.loads(pickle.dumps(ours.norm)) is st.norm
    assert (
        ours.multivariate_normal([0, 1], C[:2, :2]).rvs(random_state=0).tolist()
        == st.multivariate_normal([0, 1], C[:2, :2]).rvs(random_state=0).tolist()
    )
    frozen = ours.norm(1.0, 2.0)
    assert frozen.cdf(0.5) == st.norm(1.0, 2.0).cdf(0.5)
    assert dr.grad(frozen.logpdf)(0.5) == pytest.approx(0.125)


@pytest.mark.parametrize(
    ("f", "x", "value", "slope"),
    [
        (ours.expon.logpdf, -1.0, -np.inf, 0.0),
        (ours.expon.cdf, -1.0, 0.0, 0.0),
        (ours.expon.cdf, 0.0, 0.0, 0.0),
        (ours.uniform.pdf, 2.0, 0.0, 0.0),
        (ours.uniform.cdf, 2.0, 1.0, 0.0),
        (lambda x: ours.lognorm.logpdf(x, 0.5), 0.0, -np.inf, 0.0),
        (ours.laplace.cdf, 0.0, 0.5, 0.5),
        (ours.laplace.logpdf, 0.0, -np.log(2), 0.0),
        (ours.norm.logcdf, -50.0, -1254.8313611394194, 50.01998403189276),
        (ours.cauchy.logpdf, 1e200, -922.1787670834677, -2e-200),
        (lambda s: ours.norm.logpdf(0.0, 0.0, s), -1.0, np.nan, 0.0),
        (lambda q: ours.norm.ppf(q), 1.5, np.nan, 0.0),
        (lambda loc: ours.expon.ppf(0.0, loc=loc), 1.5, 1.5, 1.0),
        (lambda loc: ours.expon.ppf(1.0, loc=loc), 1.5, np.inf, 0.0),
        (lambda df: ours.t.logpdf(0.7, np.inf, loc=df), 0.0, -1.1639385332046727, 0.7),
        (lambda p: ours.binom.pmf(1.5, 4, p), 0.3, 0.0, 0.0),
        (lambda p: ours.binom.ppf(0.4, 4, p), 0.3, 1.0, 0.0),
    ],
)
def test_special_points(f, x, value, slope):
    for y, dy in (dr.value_and_grad(f)(x), dr.jvp(f, (x,), (1.0,))):
        np.testing.assert_allclose(y, value, rtol=1e-10)
        np.testing.assert_allclose(dy, slope, rtol=1e-7)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: ours.norm.rvs(x),
        lambda x: ours.norm.moment(2, x),
        lambda x: ours.norm(x).stats(),
        lambda x: ours.norm(x).rvs(),
        lambda x: ours.gamma.fit([x, 2 * x]),
        lambda x: ours.poisson.pmf(x, 2.0),
        lambda x: ours.binom.pmf(2, x, 0.5),
        lambda x: ours.multivariate_normal.cdf([x, x]),
        lambda x: ours.multivariate_normal(x).rvs(),
        lambda x: ours.multivariate_normal.logpdf(1.0, x, allow_singular=True),
        lambda x: ours.irwinhall.logpdf(1.0, x),
        lambda x: ours.irwinhall(x).cdf(2.0),
        lambda x: ours.nchypergeom_fisher.pmf(2, 10, 4, 5, x),
        lambda x: ours.zscore([x, 1.0, 2.0], nan_policy="omit")[0],
        lambda x: ours.pearsonr([x, 1.0, 2.0], [1.0, 2.0, 0.0], method=ours.PermutationMethod())[0],
        lambda x: ours.spearmanr([x, 1.0, 2.0], [1.0, 2.0, 0.0])[0],
        lambda x: ours.gaussian_kde([x, 1.0, 2.0]).integrate_box_1d(0, 1),
        lambda x: ours.wishart.rvs(3, x),
        lambda x: ours.dirichlet([x, 1.0]).mean(),
        lambda x: ours.multinomial.pmf([x, 1], 2, [0.5, 0.5]),
        lambda x: ours.Normal(mu=x).pdf(0.5),
        lambda x: ours.Uniform(a=0.0, b=x).pdf(0.5),
        lambda x: ours.Normal().pdf(x),
    ],
)
@pytest.mark.parametrize("derivative", [dr.grad, dr.derivative])
def test_refused(f, derivative):
    with pytest.raises(dr.errors.DualrevError):
        derivative(f)(1.5)
