"""Pictures of patterns and their colourings, as SVG text.

Each entry is a mark in the colour of the direction that reads it: a square if that is a sum of
columns, a diamond if it is a sum of rows. Large matrices are drawn in squares of many places,
darker where there are more entries. Knows patterns only, nothing of differentiation.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np

from ..charts import COLOURS, FONT
from .colouring import many
from .compression import Compression
from .grouping import rows_of

MOST = 100  # rows and columns of marks in a picture
SIDE = 480.0  # of the larger side of the matrix, in pixels
SMALLEST, LARGEST = 4.8, 24.0  # pitch of marks
LEFT, TOP, STRIP = 18.0, 84.0, 7.0
WIDTH = 560.0  # of a picture, at least: for the words
INK, PALE, FRAME = "#333a44", "#5d6672", "#9aa3ad"
LEVELS = 6  # shades of the squares of a large matrix
BY_COLUMNS, BY_ROWS, HUB = "#0072b2", "#d55e00", "#a3336b"
LISTED = 12  # lines that the text of a colour names

# Width and height, the legend (shape, colour, text), the marks, and a note.
_Drawn = tuple[float, float, list[tuple[str, str, str]], list[str], str]


def draw_colouring(compression: Compression, title: str, words: str = "") -> str:
    """A pattern and what reads each of its entries.

    Parameters
    ----------
    compression : Compression
    title, words : str
        A bold line, and one below it.

    Returns
    -------
    str
        SVG text.
    """
    m, n = compression.shape
    draw = _each_entry if max(m, n) <= MOST else _many_entries
    width, height, legend, body, note = draw(compression)
    total = max(WIDTH, LEFT + STRIP + width + LEFT)
    bottom = TOP + STRIP + height + 34
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{total:.0f}" height="{bottom:.0f}" '
        f'viewBox="0 0 {total:.0f} {bottom:.0f}" font-family="{FONT}" font-size="12" '
        f'fill="{INK}" role="img">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{LEFT:g}" y="26" font-size="15" font-weight="bold">{escape(title)}</text>',
        f'<text x="{LEFT:g}" y="46" fill="{PALE}">{escape(words)}</text>',
        *_legend(legend),
        f'<g transform="translate({LEFT + STRIP:g} {TOP + STRIP:g})">',
        f'<rect width="{width:.1f}" height="{height:.1f}" fill="#ffffff" stroke="{FRAME}"/>',
        *body,
        "</g>",
        f'<text x="{LEFT + STRIP:g}" y="{bottom - 12:.0f}" fill="{PALE}">'
        f"{many(m, 'row')}, {many(n, 'column')}{note}</text>",
    ]
    return "\n".join([*lines, "</svg>"]) + "\n"


def palette(count: int) -> list[str]:
    """Colours that can be told apart, also by those who see fewer hues; after 24 they repeat."""
    shades = [*COLOURS, *(_mixed(c, "#ffffff", 0.5) for c in COLOURS)]
    shades += [_mixed(c, "#000000", 0.35) for c in COLOURS]
    return [shades[k % len(shades)] for k in range(count)]


def directions(compression: Compression) -> np.ndarray:
    """For each entry the number of the direction it is read from; those of rows come last."""
    m, n = compression.shape
    colouring, source = compression.colouring, compression.source
    by_columns = colouring.count_columns * m
    return np.where(
        source < by_columns,
        source // max(m, 1),
        colouring.count_columns + (source - by_columns) // max(n, 1),
    )


# -- small matrices: a mark for every entry --------------------------------------------------


def _each_entry(compression: Compression) -> _Drawn:
    """The marks, and the colours of all lines at the edges."""
    m, n = compression.shape
    colouring = compression.colouring
    pitch = min(max(SIDE / max(m, n, 1), SMALLEST), LARGEST)
    colours = palette(colouring.count)
    rows, columns, of = rows_of(compression), compression.indices, directions(compression)
    body = [*_grid(m, n, pitch)] if pitch > 10 else []
    for k, colour in enumerate(colours):
        is_row = k >= colouring.count_columns
        of_line = colouring.rows == k - colouring.count_columns if is_row else None
        lines = np.flatnonzero(colouring.columns == k if of_line is None else of_line)
        marks = "".join(
            (_diamond if is_row else _square)(j * pitch, i * pitch, pitch)
            for i, j in zip(rows[of == k].tolist(), columns[of == k].tolist(), strict=True)
        )
        strip = "".join(
            f"M{-STRIP:g} {i * pitch:.1f}h4v{pitch:.1f}h-4z"
            if is_row
            else f"M{i * pitch:.1f} {-STRIP:g}h{pitch:.1f}v4h{-pitch:.1f}z"
            for i in lines.tolist()
        )
        hint = f"{'rows' if is_row else 'columns'} {_listed(lines)}, in one product"
        body.append(f'<path fill="{colour}" d="{strip}{marks}"><title>{hint}</title></path>')
    legend = []
    if colouring.count_columns:
        legend.append(("square", colours[0], "read from a sum of columns"))
    if colouring.count_rows:
        legend.append(("diamond", colours[-1], "read from a sum of rows"))
    return n * pitch, m * pitch, legend, body, "; what has one hue comes from one product"


def _grid(m: int, n: int, pitch: float) -> Iterator[str]:
    across = "".join(f"M0 {i * pitch:.1f}h{n * pitch:.1f}" for i in range(1, m))
    down = "".join(f"M{j * pitch:.1f} 0v{m * pitch:.1f}" for j in range(1, n))
    yield f'<path stroke="#edf0f3" d="{across}{down}"/>'


def _square(x: float, y: float, pitch: float) -> str:
    side = 0.84 * pitch
    return f"M{x + 0.08 * pitch:.1f} {y + 0.08 * pitch:.1f}h{side:.1f}v{side:.1f}h{-side:.1f}z"


def _diamond(x: float, y: float, pitch: float) -> str:
    half = 0.48 * pitch
    return (
        f"M{x + pitch / 2:.1f} {y + 0.02 * pitch:.1f}l{half:.1f} {half:.1f}"
        f"l{-half:.1f} {half:.1f}l{-half:.1f} {-half:.1f}z"
    )


def _listed(lines: np.ndarray) -> str:
    shown = ", ".join(map(str, lines[:LISTED].tolist()))
    return shown + (f", ... ({len(lines)} of them)" if len(lines) > LISTED else "")


# -- large matrices: squares of many places ----------------------------------------------------


def _many_entries(compression: Compression) -> _Drawn:
    """The same in squares of many places, darker where more of them hold an entry."""
    m, n = compression.shape
    down, across = _cells(m, n), _cells(n, m)
    rows, columns = rows_of(compression).astype(np.int64), compression.indices.astype(np.int64)
    cell = (rows * down // m) * across + columns * across // n
    numbers = np.bincount(cell, minlength=down * across)
    share = numbers / np.outer(_widths(m, down), _widths(n, across)).ravel()
    largest = share.max(initial=0.0)
    # The square root, so that a thin diagonal and a full block can both be seen.
    level = np.ceil(LEVELS * np.sqrt(share / (largest or 1.0))).astype(int)
    kind = np.zeros(down * across, int)
    read = _kinds(compression)
    for k in (1, 2):
        kind[cell[read == k]] = k
    pitch = SIDE / max(down, across)
    body = []
    for k, hue in enumerate((BY_COLUMNS, BY_ROWS, HUB)):
        for shade in range(1, LEVELS + 1):
            found = np.flatnonzero((kind == k) & (level == shade) & (numbers > 0))
            if not len(found):
                continue
            colour = _mixed(hue, "#ffffff", 0.7 * (1 - shade / LEVELS))
            marks = "".join(
                f"M{c % across * pitch:.1f} {c // across * pitch:.1f}"
                f"h{pitch:.2f}v{pitch:.2f}h{-pitch:.2f}z"
                for c in found.tolist()
            )
            body.append(f'<path fill="{colour}" d="{marks}"/>')
    names = (
        (0, "square", BY_COLUMNS, "read from sums of columns"),
        (1, "square", BY_ROWS, "from sums of rows"),
        (2, "square", HUB, "a hub: its own product"),
    )
    legend = [(shape, hue, text) for k, shape, hue, text in names if (kind[numbers > 0] == k).any()]
    places = f"{-(-m // down)} x {-(-n // across)}"
    note = f"; a square is {places} places, the darkest {_per_cent(largest)}"
    return across * pitch, down * pitch, legend, body, note


def _cells(length: int, other: int) -> int:
    """Squares along an axis: in proportion, but a short side is not squeezed to a line."""
    wanted = round(MOST * length / max(length, other))
    return max(1, min(length, MOST, max(wanted, MOST // 4)))


def _widths(length: int, cells: int) -> np.ndarray:
    return np.bincount(np.arange(length, dtype=np.int64) * cells // length, minlength=cells)


def _kinds(compression: Compression) -> np.ndarray:
    """Of each entry: 0 if a sum of columns shows it, 1 if one of rows, 2 if a hub alone does."""
    colouring, of = compression.colouring, directions(compression)
    kinds = (of >= colouring.count_columns).astype(int)
    if colouring.kind == "symmetric" and colouring.count_columns:
        lengths = np.bincount(compression.indices, minlength=compression.shape[1])
        sizes = np.bincount(
            colouring.columns[colouring.columns >= 0], minlength=colouring.count_columns
        )
        single = np.flatnonzero((colouring.columns >= 0) & (sizes[colouring.columns] == 1))
        hubs = single[lengths[single] > 4 * np.median(lengths)]
        kinds[np.isin(of, colouring.columns[hubs])] = 2
    return kinds


# -- words and colours -----------------------------------------------------------------------------


def _legend(entries: list[tuple[str, str, str]]) -> Iterator[str]:
    x, y = LEFT, 66.0
    for shape, colour, text in entries:
        mark = (_diamond if shape == "diamond" else _square)(x, y - 10, 12.0)
        yield f'<path fill="{colour}" d="{mark}"/>'
        x += 17
        yield f'<text x="{x:.0f}" y="{y:.0f}">{escape(text)}</text>'
        x += 6.6 * len(text) + 18


def _mixed(colour: str, other: str, share: float) -> str:
    """`colour` with that share of the `other`."""
    parts = (
        round((1 - share) * int(colour[k : k + 2], 16) + share * int(other[k : k + 2], 16))
        for k in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02x}" for part in parts)


def _per_cent(share: float) -> str:
    return f"{100 * share:.2g} % full" if share < 1 else "full"


def as_words(compression: Compression, what: str) -> str:
    """The title of a picture: what it is, and how many products determine it."""
    colouring, (m, n) = compression.colouring, compression.shape
    count = len(compression.indices)
    entries = "1 entry" if count == 1 else f"{count:,} entries"
    return f"{what}, {m:,} x {n:,}: {entries} from {many(colouring.count, 'product')}"
