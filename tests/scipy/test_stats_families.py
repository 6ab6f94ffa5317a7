"""`scipy.stats`: the families of distributions, each method in the point and in all parameters."""

import numpy as np
import pytest
import scipy.stats as st

import dualrev as dr
from dualrev.scipy import stats as ours
from tests.rules.harness import Case, check_case, shared

Q = np.array([0.07, 0.31, 0.62, 0.91])
K = np.array([0, 1, 3, 5])

# fmt: off
SHAPES = {
    # on the positive half-line
    "erlang": (3,), "f": (5.0, 7.3), "betaprime": (2.0, 3.5), "invgamma": (2.2,), "invgauss": (0.7,), "wald": (),
    "recipinvgauss": (0.7,), "rayleigh": (), "maxwell": (), "chi": (3.3,), "nakagami": (1.4,), "pareto": (2.5,),
    "lomax": (2.0,), "burr": (2.3, 1.2), "burr12": (2.3, 1.2), "mielke": (1.3, 2.2), "fisk": (2.6,), "kappa3": (1.7,),
    "gengamma": (1.8, -1.4), "halfnorm": (), "halfcauchy": (), "halflogistic": (), "halfgennorm": (1.6,),
    "foldnorm": (1.1,), "foldcauchy": (1.1,), "levy": (), "levy_l": (), "loglaplace": (1.8,), "gibrat": (),
    "fatiguelife": (0.8,), "powerlognorm": (1.7, 0.6), "alpha": (2.1,), "rice": (1.2,), "ncx2": (3.2, 1.1),
    # on the whole line and the circle
    "skewnorm": (2.1,), "exponnorm": (1.3,), "norminvgauss": (1.6, 0.4), "genhyperbolic": (0.6, 1.6, 0.4),
    "powernorm": (2.2,), "gennorm": (1.4,), "hypsecant": (), "johnsonsu": (0.4, 1.3), "laplace_asymmetric": (1.7,),
    "dgamma": (1.6,), "dweibull": (1.7,), "skewcauchy": (0.4,), "crystalball": (1.1, 2.3), "tukeylambda": (0.3,),
    "vonmises": (1.9,), "vonmises_line": (1.9,), "wrapcauchy": (0.4,),
    # on an interval
    "anglit": (), "arcsine": (), "argus": (1.3,), "bradford": (1.7,), "cosine": (), "johnsonsb": (0.4, 1.3),
    "loguniform": (0.4, 2.6), "reciprocal": (0.4, 2.6), "powerlaw": (1.7,), "rdist": (2.6,), "semicircular": (),
    "triang": (0.35,), "truncexpon": (2.1,), "truncnorm": (-0.8, 1.9), "truncpareto": (1.6, 4.0),
    # extreme values
    "genextreme": (0.2,), "genpareto": (0.3,), "gumbel_r": (), "gumbel_l": (), "weibull_max": (1.8,),
    "invweibull": (2.1,), "exponweib": (1.6, 1.3), "exponpow": (1.4,), "genlogistic": (1.7,), "loggamma": (1.3,),
    "gompertz": (0.8,), "moyal": (),
    # more
    "nct": (4.2, 0.6), "ncf": (4.2, 5.3, 0.6), "pearson3": (0.7,), "kappa4": (0.3, 0.2),
}
# fmt: on
METHODS = ("logpdf", "cdf", "sf", "ppf", "isf")  # the others are in test_stats_accuracy
CONSTANT = ("erlang",)  # an integer
SLOW = ("norminvgauss", "genhyperbolic", "nct", "ncf", "f", "betaprime", "rdist")


def with_shapes(name, method):
    """Whether the method has derivatives in all shapes."""
    return name not in CONSTANT


def families():
    for name, shapes in SHAPES.items():
        ours_, scipys = getattr(ours, name), getattr(st, name)
        q = 0.5 + 0.4 * (Q - 0.5) if name.startswith("levy") else Q
        x = scipys.ppf(q, *shapes, loc=0.3, scale=1.4)
        for m in METHODS:
            method = getattr(ours_, m)
            point = Q if m in ("ppf", "isf") else x
            if with_shapes(name, m):
                f, args = method, (point, *shapes, 0.3, 1.4)
            else:
                f = lambda x, loc, scale, f=method, s=shapes: f(x, *s, loc, scale)
                args = (point, 0.3, 1.4)
            once = name in SLOW or m in ("pdf", "sf", "logsf", "logcdf", "isf")
            yield Case(f"{name}.{m}", f, args, order=1 if once else 2, exact=False, rtol=1e-4)


def masses():
    some = {
        "bernoulli": (0.3,), "geom": (0.3,), "planck": (0.6,), "dlaplace": (0.8,), "yulesimon": (2.3,),
        "logser": (0.6,), "skellam": (2.3, 1.4), "zipf": (2.3,),
    }  # fmt: skip
    for name, shapes in some.items():
        for m in ("logpmf", "pmf", "cdf", "sf", "logcdf", "logsf"):
            if name in ("logser", "skellam") and "pmf" not in m:
                continue
            mass = getattr(getattr(ours, name), m)
            k = K + 1 if name == "zipf" else K
            f = lambda *s, mass=mass, k=k: np.exp(0.1 * mass(k, *s))
            yield Case(f"{name}.{m}", f, shapes, order=2, exact=False, rtol=1e-5)
    f = ours.betabinom
    yield Case("betabinom.pmf", lambda a, b: f.pmf(K, 6, a, b), (1.7, 2.2), order=2, exact=False)
    g = ours.betanbinom
    yield Case("betanbinom.pmf", lambda a, b: g.pmf(K, 3, a, b), (2.7, 2.2), order=2, exact=False)
    for m in ("logpmf", "cdf", "sf"):
        h = lambda b, m=m: getattr(ours.boltzmann, m)(K, b, 7)
        yield Case(f"boltzmann.{m}", h, (0.6,), order=2, exact=False)


def numbers():
    for name, shapes in (
        ("gumbel_r", ()), ("invgauss", (0.7,)), ("exponnorm", (1.3,)), ("powerlaw", (1.7,)),
        ("laplace_asymmetric", (1.7,)), ("norm", ()), ("gamma", (2.3,)), ("beta", (1.7, 2.4)),
        ("t", (4.5,)), ("lognorm", (0.7,)), ("expon", ()), ("uniform", ()), ("weibull_min", (1.8,)),
    ):  # fmt: skip
        d = getattr(ours, name)
        for m in ("mean", "var", "std"):
            number = getattr(d, m)
            f = lambda *args, number=number: np.exp(0.1 * number(*args))
            yield Case(f"{name}.{m}", f, (*shapes, 0.3, 1.4), order=2, exact=False)
    for name in ("norm", "gumbel_r", "expon", "uniform", "halfnorm"):
        yield Case(f"{name}.entropy", getattr(ours, name).entropy, (0.3, 1.4), exact=False)
    w = ours.weibull_min
    yield Case("weibull_min.median", w.median, (1.8, 0.3, 1.4), order=2, exact=False)
    yield Case("weibull_min.interval", w.interval, (0.8, 1.8, 0.3, 1.4), order=2, exact=False)
    x = np.array([0.7, 1.1, 2.3])
    yield Case(
        "weibull_min.nnlf", lambda p: w.nnlf(p, x), (np.array([1.8, 0.3, 1.4]),), exact=False
    )
    frozen = lambda c, s: w(c, scale=s).ppf(Q) + w(c, scale=s).mean()
    yield Case("weibull_min, frozen", frozen, (1.8, 1.3), order=2, exact=False)


rng = np.random.default_rng(3)
C = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.0]])
A = np.array([1.7, 2.2, 0.9])


def student(x, loc, shape, df):
    return ours.multivariate_t.logpdf(x, loc, (shape + shape.T) / 2, df)


def vectors():
    x = rng.standard_normal((4, 3))
    yield Case("multivariate_t.logpdf", student, (x, x[0], C, 4.5), order=2, exact=False, rtol=1e-5)
    pdf = lambda x, df: ours.multivariate_t.pdf(x, x[0], C, df)
    yield Case("multivariate_t.pdf", pdf, (x, 4.5), order=2, exact=False, rtol=1e-5)
    p = rng.dirichlet(20 * A, 5).T[:2]
    for m in ("logpdf", "pdf"):
        f = getattr(ours.dirichlet, m)
        yield Case(f"dirichlet.{m}", f, (p, A), order=2, exact=False, rtol=1e-4)


CASES = [*families(), *masses(), *numbers(), *vectors()]


@pytest.mark.parametrize("case", shared(CASES, 3))
@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
def test_rule(case):
    check_case(case)


def test_what_was_refused_names_the_way():
    with pytest.raises(dr.errors.NoRuleError, match="betabinom"):
        dr.grad(lambda n: ours.betabinom.pmf(2, n, 1.0, 2.0))(6.0)


@pytest.mark.parametrize(
    ("f", "x", "value", "slope"),
    [
        (ours.genpareto(0.0).logsf, 2.0, -2.0, -1.0),
        (lambda c: ours.genpareto.logsf(2.0, c), 0.0, -2.0, 2.0),
        (lambda c: ours.genextreme.logcdf(0.5, c), 0.0, -np.exp(-0.5), np.exp(-0.5) * 0.125),
        (ours.pareto(2.0).logpdf, 0.5, -np.inf, 0.0),
        (ours.pareto(2.0).cdf, 0.5, 0.0, 0.0),
        (ours.gumbel_r.cdf, -800.0, 0.0, 0.0),
        (ours.gumbel_r.logcdf, -10.0, -np.exp(10.0), np.exp(10.0)),
        (ours.truncnorm(30.0, 40.0).logsf, 39.0, -310.76191260803433, -39.02560741993011),
        (ours.weibull_max(2.0).sf, 1.0, 0.0, 0.0),
        (lambda b: ours.truncnorm.ppf(1.0, 0.0, b), 1.5, 1.5, 1.0),
        (lambda b: ours.loguniform.ppf(1.0, 0.5, b), 1.5, 1.5, 1.0),
        (lambda a: ours.truncnorm.logpdf(0.0, a, -1.0), 0.5, np.nan, 0.0),
        (lambda c: ours.weibull_max.mean(c), 1.5, None, None),
    ],
)
def test_special_points(f, x, value, slope):
    if value is None:
        with pytest.raises(dr.errors.NoRuleError):
            dr.grad(f)(x)
        return
    for y, dy in (dr.value_and_grad(f)(x), dr.jvp(f, (x,), (1.0,))):
        np.testing.assert_allclose(y, value, rtol=1e-10)
        np.testing.assert_allclose(dy, slope, rtol=1e-7)
