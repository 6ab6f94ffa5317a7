"""Colourings: few colours, every entry readable, and no dense row that costs its square."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import (
    block_array,
    coo_array,
    csc_array,
    csr_array,
    diags_array,
    eye_array,
    kron,
    random_array,
)

from dualrev.errors import StructureError, UnsupportedArgumentError
from dualrev.sparse import grouping
from dualrev.sparse.colouring import Colouring, colour
from dualrev.sparse.compression import Compression
from dualrev.sparse.grouping import canonical, groups
from dualrev.sparse.stars import star_colours

RNG = np.random.default_rng(0)
ORDERS = ("best", "natural", "largest-first")


def at(rows, columns, shape):
    return coo_array((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr()


def band(n, b):
    offsets = list(range(-b, b + 1))
    return diags_array([np.ones(n - abs(k)) for k in offsets], offsets=offsets).tocsr()


def grid(*lengths):
    """The five-point stencil, and its likes in other dimensions."""
    stencil = band(lengths[0], 1)
    for length in lengths[1:]:
        m = stencil.shape[0]
        stencil = kron(eye_array(length), stencil) + kron(band(length, 1), eye_array(m))
    stencil = stencil.tocsr()
    stencil.eliminate_zeros()  # kron stores blocks
    return stencil


def nine_points(a, b):
    return kron(band(a, 1), band(b, 1)).tocsr()


def bundle(observations, cameras, points):
    camera = RNG.integers(cameras, size=observations)
    point = RNG.integers(points, size=observations)
    columns = np.concatenate(
        [9 * camera[:, None] + np.arange(9), 9 * cameras + 3 * point[:, None] + np.arange(3)],
        axis=1,
    )
    rows = np.repeat(np.arange(2 * observations), 12)
    return at(
        rows, np.repeat(columns, 2, axis=0).ravel(), (2 * observations, 9 * cameras + 3 * points)
    )


def arrow(n, rows=(0,), columns=(0,)):
    """A diagonal with some dense rows and columns."""
    every = np.arange(n)
    i = np.concatenate([every, np.repeat(rows, n), np.tile(every, len(columns))])
    j = np.concatenate([every, np.tile(every, len(rows)), np.repeat(columns, n)])
    return at(i, j, (n, n))


def arwhead(n):
    return arrow(n, (n - 1,), (n - 1,))


def brusselator(n):
    laplace, one = grid(n, n), eye_array(n * n)
    return block_array([[laplace, one], [one, laplace]]).tocsr()


def restored(pattern, colouring, seed=0):
    """A random integer matrix and what is read back of it."""
    pattern = canonical(pattern)
    values = np.random.default_rng(seed).integers(-99, 100, pattern.nnz).astype(float)
    matrix = csr_array((values, pattern.indices, pattern.indptr), shape=pattern.shape)
    if colouring.kind == "symmetric":
        matrix = (matrix + matrix.T).tocsr()
    compression = Compression(pattern, colouring)
    columns = compression.column_seeds() @ matrix.T
    rows = compression.row_seeds() @ matrix
    return matrix, compression.decompress(columns, rows)


def assert_direct(pattern, colouring):
    matrix, found = restored(pattern, colouring)
    assert found.shape == matrix.shape
    assert found.has_canonical_format and found.has_sorted_indices
    np.testing.assert_array_equal(found.indptr, canonical(pattern).indptr)
    np.testing.assert_array_equal(found.toarray(), matrix.toarray())


# fmt: off
COUNTS = [  # name, pattern, kind, colours at most
    ("tridiagonal",            band(300, 1),                               "auto",      3),
    ("band of half-width 5",   band(300, 5),                               "auto",      11),
    ("five points",            grid(20, 17),                               "auto",      5),
    ("five points, long",      grid(3, 40),                                "auto",      5),
    ("seven points",           grid(8, 9, 7),                              "auto",      7),
    ("Brusselator",            brusselator(12),                            "auto",      6),
    ("bundle adjustment",      bundle(300, 7, 50),                         "auto",      12),
    ("arrow",                  arrow(3000),                                "auto",      3),
    ("arrow, reversed",        arrow(300, (299,), (299,)),                 "auto",      3),
    ("arrows",                 arrow(400, (3, 77, 399), (5, 6, 300, 301)), "auto",      8),
    ("dense row",              arrow(200, (50,), ()),                      "auto",      1 + 1),
    ("dense column",           arrow(200, (), (50,)),                      "auto",      2),
    ("wide",                   np.ones((2, 50)),                           "auto",      2),
    ("tall",                   np.ones((50, 2)),                           "auto",      2),
    ("dense",                  np.ones((9, 9)),                            "auto",      9),
    ("arrow, both",            arrow(300),                                 "both",      3),
    ("tridiagonal, rows",      band(300, 1),                               "row",       3),
    ("chained Rosenbrock",     band(300, 1),                               "symmetric", 3),
    ("ARWHEAD",                arwhead(300),                               "symmetric", 2),
    ("ARWHEAD, small",         arwhead(6),                                 "symmetric", 2),
    ("ARWHEAD, large",         arwhead(30_000),                            "symmetric", 2),
    ("BDQRTIC",                band(300, 3) + arwhead(300),                "symmetric", 8),
    ("minimal surface",        nine_points(20, 17),                        "symmetric", 9),
    ("five points, symmetric", grid(20, 17),                               "symmetric", 5),
    ("five hubs",              arrow(900, range(0, 900, 200), range(0, 900, 200)), "symmetric", 6),
    ("dense, symmetric",       np.ones((9, 9)),                            "symmetric", 9),
]
# fmt: on


@pytest.mark.parametrize(
    ("pattern", "kind", "most"), [case[1:] for case in COUNTS], ids=[case[0] for case in COUNTS]
)
def test_number_of_colours(pattern, kind, most):
    colouring = colour(pattern, kind)
    assert colouring.count <= most
    if pattern.shape[0] <= 3000:
        assert_direct(pattern, colouring)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", ["auto", "column", "row", "both", "symmetric"])
@pytest.mark.parametrize("density", [0.0, 0.02, 0.1, 0.4, 1.0])
def test_every_entry_is_read(kind, order, density):
    for n in (1, 2, 30, 60):
        pattern = random_array((n, n), density=density, rng=RNG, format="csr")
        if kind == "symmetric":
            pattern = pattern + pattern.T
            assert_direct(pattern, colour(pattern, kind, order))
            assert_direct(pattern + arwhead(n), colour(pattern + arwhead(n), kind, order))
        else:
            assert_direct(pattern, colour(pattern, kind, order))
            wide = random_array((n, 2 * n + 1), density=density, rng=RNG, format="csr")
            assert_direct(wide, colour(wide, kind, order))


@pytest.mark.parametrize("kind", ["auto", "column", "row", "both", "symmetric"])
@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (4, 0), (4, 4), (3, 5)])
def test_empty_patterns(kind, shape):
    pattern = csr_array(shape)
    if kind == "symmetric" and shape[0] != shape[1]:
        pytest.skip("not square")
    colouring = colour(pattern, kind)
    assert colouring.count == 0
    assert np.all(colouring.columns == -1) and np.all(colouring.rows == -1)
    assert_direct(pattern, colouring)
    assert Compression(pattern, colouring).decompress().shape == shape


def test_empty_columns_and_rows_are_not_seeded():
    pattern = at([0, 1, 1], [1, 1, 3], (3, 5))
    assert colour(pattern, "column").columns.tolist() == [-1, 0, -1, 1, -1]
    assert colour(pattern, "row").rows.tolist() == [0, 1, -1]


def test_fewest_colours_of_one_order_do_not_beat_best():
    pattern = random_array((80, 60), density=0.06, rng=RNG, format="csr")
    counts = {order: colour(pattern, "column", order).count for order in ORDERS}
    assert counts["best"] == min(counts.values())


def test_row_cost_decides():
    pattern = random_array((60, 60), density=0.05, rng=RNG, format="csr")
    assert colour(pattern, row_cost=100.0).kind == "column"
    assert colour(pattern, row_cost=0.01).kind == "row"


@pytest.mark.parametrize("order", ["natural", "largest-first"])
def test_fallback_has_the_same_colours(order, monkeypatch):
    patterns = [band(50, 2), grid(12, 9), bundle(60, 4, 20), arrow(70), arrow(600)]
    patterns += [random_array((40, 50), density=d, rng=RNG, format="csr") for d in (0.05, 0.2)]
    compiled = [groups(pattern, order) for pattern in patterns]
    monkeypatch.setattr(grouping, "_compiled", lambda: None)
    for pattern, (colours, count) in zip(patterns, compiled, strict=True):
        own, own_count = groups(pattern, order)
        assert own_count == count
        np.testing.assert_array_equal(own, colours)


@pytest.mark.parametrize("kind", ["auto", "column", "row", "both", "symmetric"])
def test_fallback_on_long_rows(kind, monkeypatch):
    monkeypatch.setattr(grouping, "_compiled", lambda: None)
    for pattern in (
        band(900, 1) + arrow(900),
        at([0] * 700 + [1] * 700, [*range(700), *range(200, 900)], (900, 900)),
    ):
        if kind == "symmetric":
            pattern = pattern + pattern.T
        assert_direct(pattern, colour(pattern, kind))


def test_lattices_are_checked_on_all_rows():
    """One entry off the grid, in a row that is not sampled, forbids five colours."""
    pattern = grid(60, 60).tolil()
    colours = colour(grid(60, 60)).columns
    other = next(j for j in range(3000, 3600) if colours[j] == colours[1801])
    pattern[1801, other] = 1.0
    colouring = colour(pattern.tocsr(), "column")
    assert colouring.count > 5
    assert_direct(pattern.tocsr(), colouring)


def test_stars():
    for density in (0.02, 0.1, 0.3):
        pattern = random_array((50, 50), density=density, rng=RNG, format="csr")
        pattern = canonical(pattern + pattern.T)
        colours = star_colours(pattern, np.arange(50))
        colouring = Colouring("symmetric", colours, np.full(50, -1), colours.max() + 1, 0)
        assert_direct(pattern, colouring)
        assert colour(pattern, "symmetric").count <= colours.max() + 1


@pytest.mark.parametrize("kind", ["auto", "symmetric"])
def test_long_rows_are_not_quadratic(kind):
    n = 300_000  # a step quadratic in it would not end
    pattern = band(n, 2) + arrow(n, (7, 900), (7, 900))
    colouring = colour(pattern, kind)
    Compression(pattern, colouring)
    assert colouring.count <= 10


def test_forced_columns_with_a_long_row_are_not_quadratic():
    n = 300_000
    pattern = band(n, 1) + at([3] * (n - 5), np.arange(n - 5), (n, n))
    assert colour(pattern, "column").count <= n


def test_formats_and_duplicates():
    expected = band(9, 1).toarray()
    duplicated = coo_array((np.ones(4), ([2, 2, 0, 1], [1, 1, 0, 2])), shape=(3, 3))
    for pattern in (band(9, 1).tocsc(), band(9, 1).tocoo(), expected, expected.tolist()):
        assert colour(pattern).count == 3
        assert_direct(pattern, colour(pattern))
    assert_direct(duplicated, colour(duplicated))
    unsorted = csr_array((np.ones(3), [2, 0, 1], [0, 2, 3, 3]), shape=(3, 3))
    assert_direct(unsorted, colour(unsorted))
    assert unsorted.indices.tolist() == [2, 0, 1]
    wide = csc_array(band(9, 1))
    wide.indices, wide.indptr = wide.indices.astype(np.int64), wide.indptr.astype(np.int64)
    assert colour(wide).count == 3


def test_explicit_zeros_are_entries():
    pattern = csr_array((np.zeros(2), [0, 1], [0, 2]), shape=(1, 2))
    assert colour(pattern, "column").count == 2


def test_repr_is_in_words():
    assert repr(colour(band(1000, 1))) == "3 colours of 1,000 columns"
    assert repr(colour(np.ones((1, 5)))) == "1 colour of 1 row"
    assert repr(colour(arrow(30))) == "2 colours of 30 columns and 1 colour of 30 rows"
    assert repr(colour(arwhead(30), "symmetric")) == "2 colours of 30 columns, symmetric"
    pattern = band(10, 1)
    assert repr(Compression(pattern, colour(pattern))) == (
        "Compression(28 entries, 3 colours of 10 columns)"
    )


def test_seeds_come_in_pieces():
    pattern = arrow(30, (1, 2), (3,))
    compression = Compression(pattern, colour(pattern, "both"))
    for seeds in (compression.column_seeds, compression.row_seeds):
        whole = seeds(np.float32)
        assert whole.dtype == np.float32
        assert set(np.unique(whole)) <= {0.0, 1.0}
        np.testing.assert_array_equal(seeds(np.float32, 1), whole[1:])
        np.testing.assert_array_equal(seeds(np.float32, 0, 1), whole[:1])
        assert seeds(np.float32, 1, 1).shape == (0, 30)


def test_symmetric_to_the_last_bit():
    pattern = grid(15, 15) + arwhead(225)
    compression = Compression(pattern, colour(pattern, "symmetric"))
    noise = RNG.standard_normal((compression.colouring.count_columns, 225))
    found = compression.decompress(noise)
    assert (found != found.T).nnz == 0


def test_results_do_not_share_their_indices():
    pattern = band(6, 1)
    compression = Compression(pattern, colour(pattern))
    zero = compression.decompress(np.zeros((3, 6)))
    zero.eliminate_zeros()
    pattern.data[:] = 0
    pattern.eliminate_zeros()
    assert_direct(band(6, 1), compression.colouring)
    assert compression.decompress(np.ones((3, 6))).nnz == 16


@pytest.mark.parametrize("dtype", [np.float32, np.complex128])
def test_dtypes_are_kept(dtype):
    for pattern in (band(6, 1), arrow(9), csr_array((2, 2))):
        compression = Compression(pattern, colour(pattern))
        columns = np.ones((compression.colouring.count_columns, pattern.shape[0]), dtype)
        rows = np.ones((compression.colouring.count_rows, pattern.shape[1]), dtype)
        assert compression.decompress(columns, rows).dtype == dtype


def test_errors():
    with pytest.raises(UnsupportedArgumentError, match="kind='rows' is unknown"):
        colour(band(4, 1), "rows")
    for kind in ("auto", "symmetric"):
        with pytest.raises(UnsupportedArgumentError, match="order='random' is unknown"):
            colour(band(4, 1), kind, "random")
    for pattern in (arrow(5, (0,), ()), np.ones((2, 3))):
        with pytest.raises(StructureError, match="not symmetric"):
            colour(pattern, "symmetric")
    colouring = colour(band(5, 1))
    with pytest.raises(StructureError, match="has shape"):
        Compression(band(6, 1), colouring)
    with pytest.raises(StructureError, match=r"entry \(0, 0\) cannot be read"):
        Compression(np.ones((5, 5)), colouring)
    with pytest.raises(StructureError, match=r"compressed columns have shape \(2, 5\)"):
        Compression(band(5, 1), colouring).decompress(np.ones((2, 5)))
    with pytest.raises(StructureError, match="compressed columns have shape"):
        Compression(band(5, 1), colouring).decompress()


@st.composite
def patterns(draw, square=False):
    m = draw(st.integers(0, 12))
    n = m if square else draw(st.integers(0, 12))
    size = m * n
    places = draw(st.lists(st.integers(0, max(size - 1, 0)), max_size=40)) if size else []
    pattern = np.zeros(size, dtype=bool)
    pattern[places] = True
    pattern = pattern.reshape(m, n)
    if m and n and draw(st.booleans()):
        pattern[draw(st.integers(0, m - 1))] = True
    if m and n and draw(st.booleans()):
        pattern[:, draw(st.integers(0, n - 1))] = True
    return pattern


@settings(max_examples=150, deadline=None)
@given(patterns(), st.sampled_from(["auto", "column", "row", "both"]), st.sampled_from(ORDERS))
def test_round_trip(pattern, kind, order):
    colouring = colour(pattern, kind, order)
    assert colouring.count <= sum(pattern.shape)
    assert_direct(pattern, colouring)


@settings(max_examples=150, deadline=None)
@given(patterns(square=True), st.sampled_from(ORDERS))
def test_round_trip_symmetric(pattern, order):
    pattern = pattern | pattern.T
    colouring = colour(pattern, "symmetric", order)
    assert colouring.count <= colour(pattern, "column", order).count
    assert_direct(pattern, colouring)
    matrix, found = restored(pattern, colouring, seed=1)
    np.testing.assert_array_equal(found.toarray(), found.toarray().T)
    np.testing.assert_array_equal(found.toarray(), matrix.toarray())
