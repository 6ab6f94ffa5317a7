"""Line charts as SVG text, for benchmarks and examples. Knows nothing of derivatives."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from html import escape

COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#56708a",
    "#e69f00",
    "#56b4e9",
    "#222222",
)  # after Okabe & Ito
FONT = "'DejaVu Sans', 'Helvetica Neue', Arial, sans-serif"
WIDTH, HEIGHT = 760, 440
LEFT, TOP, BOTTOM = 78, 52, 58
CHARACTER = 8.0  # width of a character of a label, about

Series = Mapping[str, tuple[Sequence[float], Sequence[float]]]
Line = list[tuple[float, float]]
Axis = tuple[
    Callable[[float], float], list[tuple[float, str]]
]  # where a value stands, and the ticks
Bands = Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[float]]]


def line_chart(
    series: Series,
    path: str | os.PathLike[str] | None = None,
    title: str = "",
    xlabel: str = "",
    ylabel: str = "",
    logx: bool = False,
    logy: bool = False,
    *,
    points: Series | None = None,
    dashes: Series | None = None,
    bands: Bands | None = None,
) -> str:
    """Draw lines, points and bands, with their names at their ends.

    Parameters
    ----------
    series : mapping of str to (xs, ys)
        Points that are not finite, or not positive on a logarithmic axis, are left out.
    path : path, optional
        Where to write the SVG text.
    title, xlabel, ylabel : str
    logx, logy : bool
        Logarithmic axes.
    points, dashes : mapping of str to (xs, ys), optional
        Points without a line; dashed lines without points, broken where a point is left out.
    bands : mapping of str to (xs, lows, highs), optional
        What lies between two lines, shaded.

    What has the same name has the same colour. Names are written for `series` and `points`.

    Returns
    -------
    str
        SVG text.

    Examples
    --------
    >>> svg = line_chart({"error": ([1, 2, 3], [1e-1, 1e-3, 1e-7])}, logy=True)
    >>> svg.startswith("<svg")
    True
    """

    def fits(x: float, y: float) -> bool:
        return math.isfinite(x) and math.isfinite(y) and (x > 0 or not logx) and (y > 0 or not logy)

    def kept(xs: Sequence[float], ys: Sequence[float]) -> Line:
        return [(float(x), float(y)) for x, y in zip(xs, ys, strict=True) if fits(x, y)]

    def pieces(xs: Sequence[float], ys: Sequence[float]) -> list[Line]:
        found: list[Line] = [[]]
        for x, y in zip(xs, ys, strict=True):
            if fits(x, y):
                found[-1].append((float(x), float(y)))
            else:
                found.append([])
        return [piece for piece in found if piece]

    lines = {name: kept(*line) for name, line in series.items()}
    marks = {name: kept(*line) for name, line in (points or {}).items()}
    broken = {name: pieces(*line) for name, line in (dashes or {}).items()}
    areas = {
        name: kept(xs, lows) + kept(xs, highs)[::-1]
        for name, (xs, lows, highs) in (bands or {}).items()
    }
    drawn = [*lines.values(), *marks.values(), *areas.values()]
    drawn += [piece for parts in broken.values() for piece in parts]
    places = [place for line in drawn for place in line] or [(1.0, 1.0)]
    names = dict.fromkeys([*lines, *marks, *broken, *areas])
    colours = {name: COLOURS[k % len(COLOURS)] for k, name in enumerate(names)}
    right = 26 + CHARACTER * max((len(name) for name in [*lines, *marks]), default=0)
    x_at, x_ticks = _axis([x for x, _ in places], logx, LEFT, WIDTH - right)
    y_at, y_ticks = _axis([y for _, y in places], logy, HEIGHT - BOTTOM, TOP)

    def path_of(line: Line) -> str:
        return "M" + " L".join(f"{x_at(x):.1f},{y_at(y):.1f}" for x, y in line)

    def dots(line: Line, colour: str) -> list[str]:
        return [
            f'<circle cx="{x_at(x):.1f}" cy="{y_at(y):.1f}" r="3" fill="{colour}"/>'
            for x, y in line
        ]

    out = _frame((title, xlabel, ylabel), (x_at, x_ticks), (y_at, y_ticks), WIDTH - right)
    for name, area in areas.items():
        if area:
            out.append(f'<path d="{path_of(area)} Z" fill="{colours[name]}" fill-opacity="0.15"/>')
    for name, parts in broken.items():
        out += [
            f'<path d="{path_of(piece)}" fill="none" stroke="{colours[name]}" stroke-width="1.5" stroke-dasharray="6 4"/>'
            for piece in parts
        ]
    for name, line in lines.items():
        if line:
            out.append(
                f'<path d="{path_of(line)}" fill="none" stroke="{colours[name]}" stroke-width="2" stroke-linejoin="round"/>'
            )
        if len(line) <= 40:
            out += dots(line, colours[name])
    for name, line in marks.items():
        out += dots(line, colours[name])
    ends = [
        (x_at(line[-1][0]), y_at(line[-1][1]), name, colours[name])
        for name, line in {**marks, **lines}.items()
        if line
    ]
    out += _end_labels(ends)
    text = "\n".join([*out, "</svg>"]) + "\n"
    if path is not None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return text


def _frame(texts: tuple[str, str, str], across: Axis, up: Axis, end: float) -> list[str]:
    """What is drawn before any data: background, title, grid, numbers and names of the axes."""
    (title, xlabel, ylabel), (x_at, x_ticks), (y_at, y_ticks) = texts, across, up
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'font-family="{FONT}" font-size="12" fill="#333a44">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="26" font-size="15" font-weight="bold">{escape(title)}</text>',
    ]
    for value, text in x_ticks:
        x = x_at(value)
        out.append(
            f'<line x1="{x:.1f}" y1="{TOP}" x2="{x:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#edf0f3"/>'
        )
        out.append(
            f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{text}</text>'
        )
    for value, text in y_ticks:
        y = y_at(value)
        out.append(f'<line x1="{LEFT}" y1="{y:.1f}" x2="{end:.1f}" y2="{y:.1f}" stroke="#e3e7eb"/>')
        out.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{text}</text>')
    out.append(
        f'<line x1="{LEFT}" y1="{HEIGHT - BOTTOM}" x2="{end:.1f}" y2="{HEIGHT - BOTTOM}" stroke="#9aa3ad"/>'
    )
    middle = (LEFT + end) / 2
    out.append(
        f'<text x="{middle:.1f}" y="{HEIGHT - 16}" text-anchor="middle">{escape(xlabel)}</text>'
    )
    out.append(
        f'<text transform="translate(18 {(TOP + HEIGHT - BOTTOM) / 2:.1f}) rotate(-90)" text-anchor="middle">{escape(ylabel)}</text>'
    )
    return out


def _end_labels(ends: list[tuple[float, float, str, str]]) -> list[str]:
    """The names at the lines' ends, moved apart where they would overlap."""
    ends = sorted(ends, key=lambda end: end[1])
    places: list[float] = []
    for _, y, _, _ in ends:
        places.append(max(y, places[-1] + 15) if places else y)
    excess = max(places, default=0.0) - (HEIGHT - BOTTOM)
    for k in range(len(places) - 1, -1, -1):  # push back up what was pushed out at the bottom
        highest = HEIGHT - BOTTOM - 15 * (len(places) - 1 - k)
        if excess > 0:
            places[k] = min(places[k], highest)
    return [
        f'<text x="{x + 9:.1f}" y="{place + 4:.1f}" fill="{colour}" font-weight="bold">{escape(name)}</text>'
        for (x, _, name, colour), place in zip(ends, places, strict=True)
    ]


def _axis(values: Sequence[float], log: bool, start: float, end: float) -> Axis:
    """Where a value stands between `start` and `end`, and the ticks with their texts."""
    low, high = min(values), max(values)
    if log:
        first, last = math.floor(math.log10(low) + 1e-9), math.ceil(math.log10(high) - 1e-9)
        last = max(last, first + 1)
        step = max(1, math.ceil((last - first) / 8))
        ticks = [(10.0**p, _power(p)) for p in range(first, last + 1, step)]
        if last - first <= 2:
            ticks += [(m * 10.0**p, f"{m * 10.0**p:g}") for p in range(first, last) for m in (2, 5)]

        def place(value: float) -> float:
            return start + (math.log10(value) - first) / (last - first) * (end - start)

        return place, ticks
    if low > 0 and low < 0.5 * high:
        low = 0.0
    span = (high - low) or abs(high) or 1.0
    rough = span / 6
    unit = 10.0 ** math.floor(math.log10(rough))
    step_size = next(m * unit for m in (1, 2, 2.5, 5, 10) if m * unit >= rough)
    first_tick, last_tick = math.floor(low / step_size + 1e-9), math.ceil(high / step_size - 1e-9)
    last_tick = max(last_tick, first_tick + 1)
    bottom, top = first_tick * step_size, last_tick * step_size
    linear_ticks = [
        (k * step_size, f"{k * step_size:.6g}") for k in range(first_tick, last_tick + 1)
    ]

    def place_linear(value: float) -> float:
        return start + (value - bottom) / (top - bottom) * (end - start)

    return place_linear, linear_ticks


def _power(p: int) -> str:
    if -2 <= p <= 3:
        return f"{10.0**p:g}"
    digits = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return f"10{str(p).translate(digits)}"
