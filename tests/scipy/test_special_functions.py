"""`scipy.special`: Bessel, elliptic, zeta, wave and Legendre functions; parameters of some."""

import math

import numpy as np
import pytest
import scipy.special as sc

import dualrev as dr
from dualrev.rules.bessel_orders import by_order
from dualrev.scipy import special
from tests.rules.harness import Case, check_case

rng = np.random.default_rng(0)
A = np.array([-1.7, -0.6, 0.3, 1.9])
P = np.array([0.4, 1.3, 2.6, 4.1])
Q = np.array([0.7, 1.1, 0.2, 2.3])
R = np.array([1.6, 0.8, 3.1, 0.5])
U = np.array([0.15, 0.4, 0.62, 0.9])
Z = rng.standard_normal((2, 3)) + 1j * rng.standard_normal((2, 3))

ONE = [
    *[(f, A) for f in (sc.ber, sc.bei, sc.berp, sc.beip, sc.it2struve0, sc.itstruve0, sc.itmodstruve0)],
    *[(f, P) for f in (sc.ker, sc.kei, sc.kerp, sc.keip, sc.spence, sc.ellipkm1)],
    *[(f, A) for f in (sc.airy, sc.itairy, sc.fresnel)],
    *[(f, P) for f in (sc.airye, sc.kelvin, sc.sici, sc.shichi, sc.itj0y0, sc.iti0k0, sc.it2j0y0, sc.it2i0k0,
      sc.modfresnelp, sc.modfresnelm)],
    *[(f, Z) for f in (sc.airy, sc.sici, sc.shichi, sc.spence, sc.fresnel)],
    (sc.airye, P + 13), (sc.zetac, P + 1), (sc.zetac, -3 * P),
    (sc.wofz, 9 * np.abs(Z.real) + 9j * np.abs(Z.imag) - 4j), (sc.wofz, Z), (sc.k0e, P + 30), (sc.k1e, P + 30), (sc.i0e, A * 30), (sc.i1e, A * 30),
]  # fmt: skip
SEVERAL = [
    (sc.elliprf, (P, Q, R)), (sc.elliprd, (P, Q, R)), (sc.elliprg, (P, Q, R)), (sc.elliprc, (P, Q)),
    (sc.elliprc, (P, -Q)), (sc.elliprj, (P, Q, R, U)), (sc.elliprf, (P, P, P)), (sc.elliprf, (Z**2, Z**2 + 1, Z**2 + 2)),
    (sc.agm, (P, Q)), (sc.agm, (P, P)), (sc.ellipkinc, (A, U)), (sc.ellipeinc, (A, U)),
    (sc.ellipkinc, (np.array([2.0, -4.0, 7.0, 0.3]), -U)), (sc.ellipeinc, (np.array([2.0, -4.0, 7.0, 0.3]), -U)),
    (sc.ellipj, (P, U)), (sc.voigt_profile, (A, P, Q)), (special.zeta, (P + 1, Q)),
    *[(f, (v, P)) for f in (sc.jv, sc.yv, sc.iv, sc.kv, sc.ive, sc.kve, sc.jve, sc.yve, sc.hankel1,
      sc.hankel2, sc.hankel1e, sc.hankel2e) for v in (Q,)],
    (sc.jv, (np.array([-2.3, 7.1, 12.3, 0.0]), P + 5)), (sc.iv, (np.array([-2.3, 7.1, 3.0, 0.5]), P)),
    (sc.hyp0f1, (Q, A)), (sc.hyp1f1, (Q, R, A)), (sc.hyp2f1, (Q, R, P, U - 0.7)), (sc.hyperu, (Q, R, P)),
]  # fmt: skip
IN_LAST = [
    *[(f, (n,), P) for f in (sc.kn, sc.yn) for n in (0, 2)],
    *[(f, (1.5,), Z) for f in (sc.hankel1e, sc.hankel2e, sc.jv, sc.kve)],
    *[(f, (0.5,), P + 30) for f in (sc.kve, sc.ive, sc.hankel1e, sc.hankel2e)],
    *[(f, (n,), U) for n in (0, 1, 3, 2.5) for f in (sc.eval_chebyc, sc.eval_chebys, sc.eval_sh_chebyt,
      sc.eval_sh_chebyu, sc.eval_sh_legendre)],
    *[(sc.eval_sh_jacobi, (n, 2.5, 1.3), U) for n in (0, 3)],
    *[(sc.lpmv, (m, v), U) for m in (0, 1, -2) for v in (3, 2.5)],
    *[(f, (2, 1.5), 30 * U) for f in (sc.mathieu_cem, sc.mathieu_sem)],
    *[(f, (1, 1.5), U) for f in (sc.mathieu_modcem1, sc.mathieu_modcem2, sc.mathieu_modsem1, sc.mathieu_modsem2)],
    *[(f, (m,), P) for f in (sc.mathieu_a, sc.mathieu_b) for m in (1, 2)], (sc.mathieu_a, (0,), P),
    *[(f, (1, 2), P) for f in (sc.pro_cv, sc.obl_cv)],
    *[(f, (1, 2, 1.5), U) for f in (sc.pro_ang1, sc.obl_ang1)],
    *[(f, (0, 0, 3.0), P + 1.2) for f in (sc.pro_rad1, sc.pro_rad2, sc.obl_rad1, sc.obl_rad2)],
    (sc.pro_ang1_cv, (1, 2, 1.5, sc.pro_cv(1, 2, 1.5)), U),
    (sc.obl_ang1_cv, (1, 2, 1.5, sc.obl_cv(1, 2, 1.5)), U),
    *[(f, (0, 0, 3.0, v), P + 1.2) for v, fs in ((sc.pro_cv(0, 0, 3.0), (sc.pro_rad1_cv, sc.pro_rad2_cv)),
      (sc.obl_cv(0, 0, 3.0), (sc.obl_rad1_cv, sc.obl_rad2_cv))) for f in fs],
    *[(f, (0.5,), A) for f in (sc.pbdv, sc.pbvv, sc.pbwa)],
    *[(f, (0.5, 1.2), P) for f in (sc.wright_bessel, sc.log_wright_bessel)],
]  # fmt: skip
BY_PARAMETERS = [
    (lambda b, x: sc.eval_gegenbauer(4, b, x), (P, U)), (lambda b, x: sc.eval_genlaguerre(3, b, x), (P, U)),
    (lambda a, b, x: sc.eval_jacobi(3, a, b, x), (P, Q, U)),
]  # fmt: skip


def last(f, *orders):
    return lambda x: f(*orders, x)


# fmt: off
CASES = [
    *[Case(f"sc.{f.__name__}", f, (x,), rtol=1e-3 if f is sc.itairy else 1e-5) for f, x in ONE],  # SciPy has 5 digits of it
    *[Case(f"sc.{f.__name__}", f, args, rtol=1e-5) for f, args in SEVERAL],
    *[Case(f"sc.{f.__name__}, {orders}", last(f, *orders), (x,), rtol=1e-5) for f, orders, x in IN_LAST],
    *[Case(f"sc.{f.__name__}, float32", f, (x.astype(np.float32),)) for f, x in ONE[:23]],
    *[Case(f"sc.{f.__name__}, float32", f, tuple(x.astype(np.float32) for x in args)) for f, args in SEVERAL if args[0].dtype.kind != "c"],
    *[Case(f"sc.eval_polynomial {k}, by parameters", f, args, rtol=1e-5) for k, (f, args) in enumerate(BY_PARAMETERS)],
    *[Case(f"sc.{f.__name__}, 0-d", f, (0.7,)) for f in (sc.airy, sc.ber, sc.sici, sc.fresnel, sc.spence, sc.zetac, sc.it2j0y0)],
    Case("sc.besselpoly", lambda a: sc.besselpoly(a, 0.5, 1), (P,), rtol=1e-4),
    Case("sc.besselpoly, 0", lambda a: sc.besselpoly(a, 1.5, 0), (P,), rtol=1e-4),
    Case("sc.gammasgn", lambda x: sc.gammasgn(x) * x, (A,)),
    Case("sc.round", lambda x: sc.round(x) * x, (A,)),
    Case("zeta", special.zeta, (P + 1,)),
    Case("zeta, negative", special.zeta, (-3 * P,), rtol=1e-5),
    Case("zeta, q", lambda q: special.zeta(2.5, q), (P,)),
    Case("diric", lambda x: special.diric(x, 5), (A,)),
    Case("diric, at a turn", lambda x: special.diric(x, 4), (np.array([0.0, 2 * math.pi]),)),
    Case("assoc_laguerre", lambda x: special.assoc_laguerre(x, 3, 1), (P,)),
    Case("lmbda", lambda x: special.lmbda(2.5, x), (0.7,), exact=False),
    Case("riccati_jn", lambda x: special.riccati_jn(3, x), (0.7,), exact=False),
    Case("riccati_yn", lambda x: special.riccati_yn(2, x), (0.7,), exact=False, rtol=1e-5),
    Case("legendre_p", lambda x: special.legendre_p(4, x, diff_n=2), (U,), rtol=1e-5),
    Case("legendre_p, degrees", lambda x: special.legendre_p([[1], [5]], x), (U,), rtol=1e-5),
    *[Case(f"assoc_legendre_p, norm={norm}", lambda x, norm=norm: special.assoc_legendre_p(4, 1, x, norm=norm, diff_n=2), (U,), rtol=1e-5, order=2) for norm in (False, True)],
    Case("assoc_legendre_p", lambda x: special.assoc_legendre_p(3, 2, x), (U,), rtol=1e-5),
    Case("assoc_legendre_p, complex", lambda x: special.assoc_legendre_p(3, 1, x, branch_cut=3), (Z + 2,), rtol=1e-5),
    Case("sph_legendre_p", lambda x: special.sph_legendre_p(4, -1, x, diff_n=2), (U,), exact=False),
    Case("sph_harm_y", lambda x, y: special.sph_harm_y(3, 2, x, y), (U, A)),
    Case("sph_harm_y, diff_n", lambda x, y: special.sph_harm_y(3, 1, x, y, diff_n=2), (U, A), exact=False),
    *[Case(f"{f.__name__}", last(lambda x, f=f: f(1.5, x, 2)), (P,), rtol=1e-5) for f in (special.jvp, special.yvp, special.ivp, special.kvp, special.h1vp, special.h2vp)],
]
# fmt: on


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


# -- accuracy -------------------------------------------------------------------------------------


def derivative(f, args, k):
    def alone(x):
        return f(*args[:k], x, *args[k + 1 :])

    return float(dr.jvp(alone, (args[k],), (1.0,))[1])


def of(name):
    return lambda mp: getattr(mp, name)


# fmt: off
ACCURATE = [
    *[(f, of(name), (v, x), 2e-13) for f, name in ((sc.jv, "besselj"), (sc.yv, "bessely"), (sc.iv, "besseli"), (sc.kv, "besselk"))
      for v, x in ((0.3, 1e-6), (0.5, 2.4), (3.0, 2.0), (4.9, 5.0), (10.0, 9.9), (10.0, 300.0), (100.0, 99.0), (100.0, 1.0), (-2.5, 3.0))],
    *[(sc.elliprf, of("elliprf"), args, 1e-14) for args in ((1.0, 2.0, 3.0), (1e-8, 2e5, 2e5))],
    (sc.elliprd, of("elliprd"), (1e-3, 2.0, 5e3), 1e-14),
    (sc.elliprg, of("elliprg"), (2.0, 3.0, 2.5), 1e-14),
    *[(sc.elliprc, of("elliprc"), args, 1e-14) for args in ((1e-6, 3.0), (2.0, -3.0))],
    (sc.elliprj, of("elliprj"), (1e-5, 2.0, 3.0, 40.0), 1e-14),
    *[(sc.ellipkinc, of("ellipf"), args, 1e-14) for args in ((0.3, 1e-9), (1.2, 0.9999), (3.9, 0.5), (-7.0, 0.2), (1.5, -30.0))],
    *[(sc.ellipeinc, of("ellipe"), args, 1e-14) for args in ((0.3, 1e-9), (1.2, 0.9999), (3.9, 0.5), (-7.0, 0.2), (1.5, -30.0))],
    *[(special.zeta, of("zeta"), (s,), 1e-13) for s in (1.0001, 2.0, 0.5, -2.0, -10.0, -30.5, 60.0)],
    *[(special.zeta, of("zeta"), args, 1e-13) for args in ((1.5, 0.3), (5.0, 50.0), (2.0, 1e8))],
    (sc.hyp0f1, of("hyp0f1"), (0.3, -3.0), 1e-13),
    *[(sc.hyp1f1, of("hyp1f1"), args, 1e-12) for args in ((1.5, 0.7, 2.0), (1.5, 2.5, -60.0), (-2.0, 0.3, 1.0))],
    *[(sc.hyp2f1, of("hyp2f1"), args, 1e-12) for args in ((1.5, 0.7, 2.0, 0.3), (0.5, 0.5, 1.5, -40.0), (0.5, 0.5, 1.5, 0.98))],
    *[(sc.hyperu, of("hyperu"), args, 1e-12) for args in ((1.5, 0.7, 2.0), (0.1, 2.5, 60.0), (2.2, 1.1, 30.0))],
]
# fmt: on


@pytest.mark.parametrize(("f", "exact", "args", "rtol"), ACCURATE)
def test_accuracy(f, exact, args, rtol):
    mp = pytest.importorskip("mpmath").mp
    with mp.workdps(40):
        for k in range(len(args)):
            order = tuple(int(j == k) for j in range(len(args)))
            expected = mp.diff(exact(mp), tuple(map(mp.mpf, args)), order)
            assert abs(derivative(f, args, k) - expected) <= rtol * abs(expected), f"argument {k}"


@pytest.mark.parametrize("kind", ["jv", "yv", "iv", "kv"])
def test_order_derivatives_at_whole_orders(kind):
    """At order 0 and 1. [DLMF 10.15.3-5, 10.38.4-7]"""
    x = np.array([0.2, 1.0, 7.0, 40.0])
    at_zero = {
        "jv": math.pi / 2 * sc.y0(x),
        "yv": -math.pi / 2 * sc.j0(x),
        "iv": -sc.k0(x),
        "kv": 0 * x,
    }
    np.testing.assert_allclose(by_order(kind, 1).fun(0.0, x), at_zero[kind], rtol=1e-12)
    if kind == "kv":
        np.testing.assert_allclose(by_order(kind, 1).fun(1.0, x), sc.k0(x) / x, rtol=1e-12)


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (sc.spence, 1.0, -1.0),
        (lambda x: sc.sici(x)[0], 0.0, 1.0),
        (lambda x: sc.shichi(x)[0], 0.0, 1.0),
        (sc.beip, 0.0, 0.5),
        (lambda x: sc.it2j0y0(x)[0], 0.0, 0.0),
        (sc.it2struve0, 0.0, -2 / math.pi),
        (lambda m: sc.ellipkinc(0.5 * math.pi, m), 0.0, math.pi / 8),
        (lambda m: sc.ellipeinc(0.5 * math.pi, m), 0.0, -math.pi / 8),
        (lambda p: sc.ellipkm1(p), 1.0, -math.pi / 8),
        (lambda a: sc.agm(a, 1e300), 1e300, 0.5),
        (lambda s: sc.voigt_profile(1.0, s, 2.0), 0.0, 0.0),
        (lambda x: sc.voigt_profile(x, 0.0, 2.0), 1.0, -4 / (25 * math.pi)),
        (lambda x: sc.lpmv(2, 3, x), 1.0, -30.0),
        (lambda x: sc.lpmv(0, 4, x), -1.0, -10.0),
        (lambda x: special.diric(x, 4), 0.0, 0.0),
        (sc.k0e, 1e8, -0.5 * math.sqrt(math.pi / 2) * 1e-12),
        (sc.i0e, -1e8, 0.5 / math.sqrt(2 * math.pi) * 1e-12),
        (lambda x: sc.airye(x)[0], 1e4, -0.125 / math.sqrt(math.pi) * 1e-5),
        (lambda x: sc.fresnel(x)[0], 1e6 + 1, 1.0),
    ],
)
def test_special_points(f, x, expected):
    for mode in (dr.grad, dr.jacfwd):
        np.testing.assert_allclose(
            mode(f)(x),
            expected,
            rtol=1e-6 if x == 1e4 else 1e-7 if abs(x) == 1e8 else 1e-13,
            atol=1e-15,
        )


@pytest.mark.parametrize(
    "f",
    [
        lambda x: sc.ive(0.5, x + 1j).real,
        lambda x: sc.jv(x, 1j).real,
        lambda x: sc.mathieu_cem(1, x, 0.5)[0],
        lambda x: sc.obl_rad2(0, 1, 1.5, x)[0],
        lambda x: sc.modfresnelp(-x)[1].real,
        lambda x: sc.elliprj(1.0, 2.0, x, -1.0),
        lambda x: sc.hyp0f1(x, -900.0),
        lambda x: sc.hyperu(-x, 1.0, 2.0),
        lambda x: sc.eval_gegenbauer(2.5, x, 0.3),
        lambda x: special.zeta(x + 1j).real,
        lambda x: special.legendre_p(x, 0.5),
    ],
)
def test_refused(f):
    with pytest.raises(
        (dr.errors.NoRuleError, dr.errors.UnsupportedArgumentError), match=r"special|elliptic"
    ):
        dr.derivative(f)(1.7)
