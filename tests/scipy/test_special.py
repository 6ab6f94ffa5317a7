"""`scipy.special`: what the mirror adds to the ufuncs, and the ufuncs beyond the common ones."""

import math

import numpy as np
import pytest
import scipy.special as sc

import dualrev as dr
from dualrev.scipy import special
from tests.rules.harness import Case, check_case

rng = np.random.default_rng(0)
r = rng.standard_normal
A = np.array([-1.7, -0.6, 0.3, 1.9])
P = np.array([0.4, 1.3, 2.6, 4.1])
U = np.array([0.15, 0.4, 0.62, 0.9])
M = r((3, 4))
Z = r((2, 3)) + 1j * r((2, 3))
UFUNCS_OF_ONE = [
    *[
        (f, A)
        for f in (sc.erfi, sc.dawsn, sc.cosm1, sc.exp2, sc.exp10, sc.cbrt, sc.sindg, sc.cosdg)
    ],
    *[
        (f, P)
        for f in (sc.tandg, sc.cotdg, sc.loggamma, sc.k0e, sc.k1e, sc.expi, sc.exp1, sc.wrightomega)
    ],
    *[(f, U - 0.5) for f in (sc.ellipk, sc.ellipe)],
    *[(f, U) for f in (sc.ellipk, sc.ellipe)],
    *[(f, -P) for f in (sc.ellipk, sc.ellipe, sc.ndtri_exp)],
    (sc.wofz, Z),
    (sc.dawsn, np.array([13.0, 40.0])),
]
UFUNCS_OF_TWO = [
    *[
        (f, P, U)
        for f in (sc.poch, sc.powm1, sc.boxcox, sc.boxcox1p, sc.inv_boxcox, sc.inv_boxcox1p)
    ],
    (sc.binom, P + 1, U),
    (sc.boxcox, P, np.array([0.0, 1e-9, -0.5, 2.0])),
    (sc.inv_boxcox, P, np.array([0.0, 1e-9, 0.3, -0.1])),
    (sc.huber, P, 3 * A),
    (sc.pseudo_huber, P, 3 * A),
    (sc.pseudo_huber, P, 1e-3 * A),
    (sc.owens_t, A, P),
]
OF_ORDER = [
    *[
        (f, 2.5, P)
        for f in (
            sc.gammainc,
            sc.gammaincc,
            sc.hyp0f1,
            sc.struve,
            sc.modstruve,
            sc.chdtr,
            sc.chdtrc,
        )
    ],
    *[(f, 2.5, U) for f in (sc.gammaincinv, sc.gammainccinv, sc.chdtri, sc.stdtrit)],
    *[(f, 2.5, A) for f in (sc.stdtr,)],
    *[(f, n, P) for f in (sc.expn, sc.pdtr, sc.pdtrc) for n in (1, 3)],
    *[
        (f, n, U)
        for n in (0, 1, 3, 2.5)
        for f in (sc.eval_legendre, sc.eval_chebyt, sc.eval_chebyu, sc.eval_laguerre)
    ],
    *[(f, n, A) for n in (0, 1, 4) for f in (sc.eval_hermite, sc.eval_hermitenorm)],
]
OF_ORDERS = [
    *[(f, (2.5, 1.2), U) for f in (sc.betainc, sc.betaincc, sc.betaincinv, sc.betainccinv, sc.hyp1f1)],
    (sc.hyp1f1, (0.5, 1.5), A),
    (sc.hyperu, (0.7, 1.4), P),
    (sc.hyp2f1, (0.7, 1.4, 2.2), U),
    (sc.bdtr, (2, 7), U), (sc.bdtrc, (2, 7), U),
    (sc.eval_gegenbauer, (3, 1.5), U), (sc.eval_genlaguerre, (3, 0.5), U), (sc.eval_jacobi, (3, 0.5, 1.5), U),
]  # fmt: skip


def lse(**keywords):
    return lambda a: special.logsumexp(a, **keywords)


# fmt: off
CASES = [
    *[Case(f"sc.{f.__name__}", f, (x,), rtol=1e-5) for f, x in UFUNCS_OF_ONE],
    *[Case(f"sc.{f.__name__}", f, (x, y), rtol=1e-5) for f, x, y in UFUNCS_OF_TWO],
    *[Case(f"sc.{f.__name__}, {n}", lambda x, f=f, n=n: f(n, x), (x,), rtol=1e-5) for f, n, x in OF_ORDER],
    *[Case(f"sc.{f.__name__}, {n}", lambda x, f=f, n=n: f(*n, x), (x,), rtol=1e-5) for f, n, x in OF_ORDERS],
    Case("sc.radian", sc.radian, (P, A, U)),
    *[Case(f"sc.{f.__name__}, {n}, float32", lambda x, f=f, n=n: f(n, x), (x.astype(np.float32),)) for f, n, x in OF_ORDER],
    *[Case(f"sc.{f.__name__}, {n}, float32", lambda x, f=f, n=n: f(*n, x), (x.astype(np.float32),)) for f, n, x in OF_ORDERS if f not in (sc.bdtr, sc.bdtrc)],
    *[Case(f"sc.{f.__name__}, float32", f, (x.astype(np.float32),)) for f, x in UFUNCS_OF_ONE if x.dtype.kind != "c" and x[0] < 12],
    *[Case(f"sc.hankel{k + 1}", lambda z, f=f: f(1.5, z), (Z,)) for k, f in enumerate((sc.hankel1, sc.hankel2))],
    Case("logsumexp", special.logsumexp, (M,)),
    Case("logsumexp, axis", lse(axis=-1), (M,)),
    Case("logsumexp, axes", lse(axis=(0, 2)), (r((2, 3, 2)),)),
    Case("logsumexp, keepdims", lse(axis=0, keepdims=True), (M,)),
    Case("logsumexp, 0-d", special.logsumexp, (1.5,)),
    Case("logsumexp, b", lambda a, b: special.logsumexp(a, b=b, axis=1), (M, np.abs(r((3, 4))) + 0.5), exact=False),
    Case("logsumexp, b broadcast", lambda a, b: special.logsumexp(a, b=b), (M, P), exact=False),
    Case("logsumexp, return_sign", lambda a, b: special.logsumexp(a, 1, b, False, True), (M, r((3, 4)))),
    Case("logsumexp, complex", lse(axis=0), (Z,), exact=False),
    Case("logsumexp, float32", lse(axis=0), (M.astype(np.float32),)),
    Case("softmax", special.softmax, (M,)),
    Case("softmax, axis", lambda x: special.softmax(x, axis=-1), (M,)),
    Case("softmax, float32", lambda x: special.softmax(x, axis=-1), (M.astype(np.float32),)),
    Case("log_softmax", special.log_softmax, (M,)),
    Case("log_softmax, axis", lambda x: special.log_softmax(x, axis=0), (M,)),
    Case("polygamma", lambda x: special.polygamma(2, x), (P,)),
    Case("polygamma, orders", lambda x: special.polygamma([[0], [1], [2]], x), (P,)),
    Case("multigammaln", lambda x: special.multigammaln(x, 3), (P + 2,), exact=False),
    Case("comb", special.comb, (P + 2, U)),
    Case("comb, repetition", lambda a, b: special.comb(a, b, repetition=True), (P + 2, U)),
    Case("perm", special.perm, (P + 2, U)),
    Case("factorial", special.factorial, (P,)),
    Case("lambertw", special.lambertw, (P,)),
    Case("lambertw, branch", lambda z: special.lambertw(z, -1), (Z,)),
    *[Case(f"spherical_{k}", lambda x, f=f, n=n: f(n, x), (P,), rtol=1e-5)
      for k in ("jn", "yn", "in", "kn") for n in (0, 2) for f in [getattr(special, f"spherical_{k}")]],
    Case("spherical_jn, derivative", lambda x: special.spherical_jn(2, x, True), (P,), exact=False),
]
# fmt: on
if hasattr(special, "softplus"):
    CASES.append(Case("softplus", special.softplus, (A,)))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


def test_names_are_scipys():
    assert special.gamma is sc.gamma
    assert special.logsumexp.__wrapped__ is sc.logsumexp
    assert set(sc.__all__) <= set(dir(special))


def test_lists_of_traced_scalars():
    g = dr.grad(lambda x: special.logsumexp([x[0], 2 * x[1]]))(np.array([0.0, 0.0]))
    np.testing.assert_allclose(g, [0.5, 1.0])


@pytest.mark.parametrize("derivative", [dr.grad, dr.jacfwd])
@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (special.logsumexp, [0.0, -np.inf, 0.0], [0.5, 0, 0.5]),
        (special.logsumexp, [-np.inf, -np.inf], [0.5, 0.5]),
        (special.logsumexp, [1e4, 0.0], [1.0, 0.0]),
        (lambda x: sc.ellipk(x[0]), [0.0], [math.pi / 8]),
        (lambda x: sc.boxcox(2.0, x[0]), [0.0], [math.log(2) ** 2 / 2]),
        (lambda x: sc.pseudo_huber(1.0, x[0]), [0.0], [0.0]),
        (lambda x: sc.dawsn(x[0]), [1e6], [-0.5e-12]),
        (lambda x: special.spherical_jn(1, x[0]), [0.0], [1 / 3]),
    ],
)
def test_special_points(derivative, f, x, expected):
    np.testing.assert_allclose(derivative(f)(np.array(x)), expected, rtol=1e-10)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: special.stirling2(x, 2),
        lambda x: special.factorial2(x),
        lambda x: sc.hyp2f1(x, 1.0, 2.0, 0.9999),
        lambda x: sc.eval_legendre(x, 0.5),
        lambda x: special.factorial(x, exact=True),
    ],
)
@pytest.mark.parametrize("derivative", [dr.grad, dr.derivative])
def test_refused(f, derivative):
    with pytest.raises(
        (dr.errors.NoRuleError, dr.errors.UnsupportedArgumentError), match=r"special|ufunc"
    ):
        derivative(f)(2.5)
