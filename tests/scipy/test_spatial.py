"""`scipy.spatial.distance`."""

import numpy as np
import pytest
import scipy.spatial.distance as sd

import dualrev as dr
from dualrev.scipy.spatial import distance as ours
from tests.rules.harness import Case, check_case

rng = np.random.default_rng(11)
r = rng.standard_normal
U, V, W = r(4), r(4), rng.uniform(0.5, 1.5, 4)
X, Y = r((3, 2)), r((4, 2))
MANY = r((5, 2))
SPD = np.eye(4) + 0.2 * np.ones((4, 4))
PLAIN = (
    "euclidean",
    "sqeuclidean",
    "cityblock",
    "chebyshev",
    "minkowski",
    "cosine",
    "correlation",
    "braycurtis",
    "canberra",
)
OF_SETS = (
    "euclidean",
    "sqeuclidean",
    "cityblock",
    "chebyshev",
    "minkowski",
    "cosine",
    "canberra",
    "braycurtis",
    "seuclidean",
    "mahalanobis",
)

# fmt: off
CASES = [
    *[Case(name, getattr(ours, name), (U, V), exact=False, rtol=1e-5) for name in PLAIN],
    *[Case(f"{name}, w", lambda u, v, w, n=name: getattr(ours, n)(u, v, w=w), (U, V, W), exact=False, rtol=1e-5)
      for name in PLAIN if name != "chebyshev"],
    *[Case(f"minkowski, {p}", lambda u, v, p=p: ours.minkowski(u, v, p), (U, V), exact=False) for p in (1, 3, 1.5, np.inf)],
    Case("seuclidean", ours.seuclidean, (U, V, W), exact=False),
    Case("mahalanobis", ours.mahalanobis, (U, V, SPD), exact=False),
    Case("jensenshannon", ours.jensenshannon, (W, W[::-1] + 0.1), exact=False),
    Case("jensenshannon, base and axis", lambda p, q: ours.jensenshannon(p, q, 2, axis=1), (np.exp(X), np.exp(Y[:3])), exact=False),
    *[Case(f"cdist, {name}", lambda a, b, m=name: ours.cdist(a, b, m), (X, Y), exact=False, rtol=1e-5) for name in OF_SETS],
    *[Case(f"pdist, {name}", lambda a, m=name: ours.pdist(a, m), (MANY,), exact=False, rtol=1e-5) for name in OF_SETS],
    Case("cdist, V", lambda a, b, v: ours.cdist(a, b, "seuclidean", V=v), (X, Y, W[:2]), exact=False),
    Case("cdist, minkowski p", lambda a, b: ours.cdist(a, b, "minkowski", p=3), (X, Y), exact=False),
    Case("cdist, a function", lambda a, b: ours.cdist(a, b, lambda u, v: np.sum(np.sin(u - v))), (X, Y), order=2, exact=False),
    Case("pdist, a function", lambda a: ours.pdist(a, ours.cityblock), (X,), exact=False),
    Case("squareform, vector", ours.squareform, (r(6),)),
    Case("squareform, matrix", lambda m: ours.squareform(m + m.T, checks=False), (r((4, 4)),)),
]
# fmt: on


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)


def test_names_are_scipys():
    assert ours.num_obs_y is sd.num_obs_y
    assert ours.cdist.__wrapped__ is sd.cdist
    assert set(sd.__all__) <= set(dir(ours))


@pytest.mark.parametrize("derivative", [dr.grad, dr.jacfwd])
def test_of_a_point_to_itself(derivative):
    for f in (ours.euclidean, ours.sqeuclidean, ours.cityblock):
        assert (derivative(lambda u, f=f: f(u, U))(U) == 0).all()
    np.testing.assert_allclose(
        derivative(lambda x: np.sum(ours.cdist(x, x)))(X),
        derivative(lambda x: 2 * np.sum(ours.pdist(x)))(X),
    )


@pytest.mark.parametrize("derivative", [dr.grad, dr.jacfwd])
def test_refused(derivative):
    with pytest.raises(dr.errors.NoRuleError, match=r"scipy\.spatial\.distance\.hamming"):
        derivative(lambda u: ours.hamming(u, V))(U)
    with pytest.raises(dr.errors.UnsupportedArgumentError, match="metric='jaccard'"):
        derivative(lambda u: np.sum(ours.cdist(u, u, "jaccard")))(X)
