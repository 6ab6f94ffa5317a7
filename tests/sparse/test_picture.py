"""Pictures of patterns: every entry is drawn, in the colour of what reads it; large ones in cells."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from scipy.sparse import csr_array, diags_array, eye_array, random_array

import dualrev as dr
from dualrev.errors import UnsupportedArgumentError
from dualrev.sparse import picture
from dualrev.sparse.colouring import colour
from dualrev.sparse.compression import Compression
from dualrev.sparse.grouping import rows_of

SVG = "{http://www.w3.org/2000/svg}"


def compressed(matrix, kind="auto"):
    matrix = csr_array(matrix)
    return Compression(matrix, colour(matrix, kind))


def drawn(matrix, kind="auto"):
    """The tree of the picture; that it can be parsed is the first test."""
    compression = compressed(matrix, kind)
    title = picture.as_words(compression, "Jacobian")
    return ET.fromstring(picture.draw_colouring(compression, title, "words"))


def marks(root):
    """The paths of the matrix: colour and number of marks of each."""
    group = root.find(f"{SVG}g")
    paths = [p for p in group.iter(f"{SVG}path") if "fill" in p.attrib]
    return [(p.get("fill"), p.get("d").count("z"), p) for p in paths]


def band(n):
    return diags_array([1.0, 1.0, 1.0], offsets=[-1, 0, 1], shape=(n, n))


def arrow(n):
    matrix = np.eye(n)
    matrix[0], matrix[:, 0] = 1, 1
    return matrix


@pytest.mark.parametrize("kind", ["auto", "column", "row", "both", "symmetric"])
@pytest.mark.parametrize("matrix", [band(9), arrow(12), np.eye(1)], ids=["band", "arrow", "one"])
def test_every_entry_of_a_small_matrix_is_a_mark(matrix, kind):
    compression = compressed(matrix, kind)
    colouring = compression.colouring
    found = marks(drawn(matrix, kind))
    assert len(found) == colouring.count
    lines = np.count_nonzero(colouring.columns >= 0) + np.count_nonzero(colouring.rows >= 0)
    assert sum(count for _, count, _ in found) == len(compression.indices) + lines
    assert len({fill for fill, _, _ in found}) == colouring.count  # up to 24 all differ


def test_the_direction_of_an_entry_reads_it():
    for kind in ("column", "row", "both", "symmetric"):
        compression = compressed(arrow(12), kind)
        colouring, of = compression.colouring, picture.directions(compression)
        rows, columns = rows_of(compression), compression.indices
        for i, j, k in zip(rows, columns, of, strict=True):
            if k >= colouring.count_columns:
                assert colouring.rows[i] == k - colouring.count_columns
            else:
                read = colouring.columns[[j, i]] if kind == "symmetric" else colouring.columns[[j]]
                assert k in read


def test_rows_are_diamonds():
    legend = drawn(arrow(40), "both").findall(f"{SVG}path")
    assert len(legend) == 2  # a square for columns, a diamond for rows
    assert "l" in legend[1].get("d") and "l" not in legend[0].get("d")


@pytest.mark.parametrize(
    "shape", [(101, 101), (5000, 5000), (3, 2000), (2000, 3), (1, 1000), (700, 1300)]
)
def test_a_large_matrix_is_drawn_in_cells(shape):
    matrix = random_array(shape, density=0.01, rng=np.random.default_rng(0)) + eye_array(*shape)
    root = drawn(matrix)
    drawn_marks = [mark for mark in marks(root) if mark[1]]
    assert 0 < sum(count for _, count, _ in drawn_marks) <= picture.MOST**2
    assert len(ET.tostring(root)) < 400_000
    frame = root.find(f"{SVG}g").find(f"{SVG}rect")
    width, height = float(frame.get("width")), float(frame.get("height"))
    assert max(width, height) <= picture.SIDE + 0.1
    assert (width >= height) == (shape[1] >= shape[0])


def test_every_cell_with_an_entry_is_drawn_and_no_other():
    n = 1000
    matrix = csr_array((np.ones(3), ([0, 500, 999], [999, 500, 0])), shape=(n, n))
    assert sum(count for _, count, _ in marks(drawn(matrix, "column"))) == 3


def test_hubs_of_a_large_matrix_are_seen():
    n = 2000
    for kind, hue in (("both", picture.BY_ROWS), ("symmetric", picture.HUB)):
        lines = [p.get("fill") for p in drawn(arrow(n), kind).findall(f"{SVG}path")]
        assert lines == [picture.BY_COLUMNS, hue]
        counts = {fill: count for fill, count, _ in marks(drawn(arrow(n), kind))}
        assert sum(counts.values()) >= 2 * picture.MOST


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (3, 4)])
def test_nothing_is_drawn_of_no_entries(shape):
    assert not any(count for _, count, _ in marks(drawn(csr_array(shape))) if count > shape[1])


def test_the_words_are_escaped():
    text = picture.draw_colouring(compressed(np.eye(2)), "a < b & c", "<d>")
    assert "a &lt; b &amp; c" in text and "&lt;d&gt;" in text
    ET.fromstring(text)


def test_more_colours_than_hues():
    found = marks(drawn(np.ones((30, 30)), "column"))
    assert len(found) == 30
    assert all(re.fullmatch(r"#[0-9a-f]{6}", fill) for fill, _, _ in found)


@pytest.mark.parametrize("colour_of_a_mark", picture.palette(24))
def test_marks_stand_out_from_the_paper(colour_of_a_mark):
    r, g, b = (int(colour_of_a_mark[k : k + 2], 16) / 255 for k in (1, 3, 5))
    assert 0.2126 * r + 0.7152 * g + 0.0722 * b < 0.86


# -- the preparation of a sparse derivative ----------------------------------------------------


def test_a_preparation_shows_itself():
    J = dr.sparse.jacobian(lambda u: u[1:] - u[:-1] ** 2)
    J(np.ones(20))
    text = J.preparation._repr_svg_()
    assert text.startswith("<svg") and text == J.preparation.to_svg()
    assert "Jacobian, 19 x 20: 38 entries from 2 products" in text
    H = dr.sparse.hessian(lambda x: np.sum(x[1:] ** 2 * x[:-1]))
    H(np.ones(2000))
    assert "Hessian, 2,000 x 2,000" in H.preparation.to_svg()


def test_a_dense_one_says_so():
    J = dr.sparse.jacobian(lambda x: x * np.sum(x))
    J(np.ones(5))
    assert "computed as a dense matrix" in J.preparation.to_svg()


def test_save(tmp_path):
    J = dr.sparse.jacobian(np.diff)
    J(np.ones(5))
    J.preparation.save(tmp_path / "pattern.svg")
    assert (tmp_path / "pattern.svg").read_text(encoding="utf-8") == J.preparation.to_svg()
    J.preparation.save(str(tmp_path / "report.TXT"))
    assert "2 colours" in (tmp_path / "report.TXT").read_text(encoding="utf-8")
    for name in ("pattern.png", "pattern", "pattern.npz"):
        with pytest.raises(UnsupportedArgumentError, match=r"instead .*\.svg"):
            J.preparation.save(tmp_path / name)
        assert not (tmp_path / name).exists()
