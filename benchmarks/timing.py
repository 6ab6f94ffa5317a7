"""What the benchmarks share: arguments of the command line, results as Markdown, one thread."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import dualrev
from dualrev.timing import duration, ratio, seconds_each, table

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
__all__ = [
    "RESULTS",
    "Report",
    "arguments",
    "duration",
    "progress",
    "ratio",
    "seconds_each",
    "table",
]

RESULTS = Path(__file__).resolve().parent / "results"


def arguments(description: str, **flags: str) -> argparse.Namespace:
    """``--quick`` for a run of a minute, ``--output`` for another folder; more flags: help texts."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="smaller sizes and fewer repeats")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results")
    for name, text in flags.items():
        parser.add_argument(f"--{name}", action="store_true", help=text)
    options = parser.parse_args()
    if any(name not in os.environ for name in THREADS):  # read when NumPy is loaded: start again
        os.environ.update(dict.fromkeys(THREADS, "1"))
        sys.stdout.flush()
        os.execv(sys.executable, [sys.executable, *sys.argv])
    return options


def progress(text: str) -> None:
    """A line for those who wait; nothing if nobody looks."""
    if sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


class Report:
    """A Markdown page that is printed as it grows."""

    def __init__(
        self, title: str, path: Path, figures: str = "Medians of interleaved runs in one process."
    ) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.parts: list[str] = []
        self.add(f"# {title}")
        versions = f"dualrev {dualrev.__version__}, NumPy {np.__version__}, Python {platform.python_version()}, one thread."
        self.add(
            f"{versions} {figures} Ratios carry over to other "
            "machines; times in microseconds do not."
        )

    def add(self, text: str) -> None:
        print(text + "\n", flush=True)
        self.parts.append(text)

    def finish(self, bars: Sequence[tuple[str, float, float]], at_least: bool = False) -> int:
        """Add the bars, what was measured and its limit, and save; the exit code."""
        held = [(value >= limit) if at_least else (value <= limit) for _, value, limit in bars]
        rows = [
            ["PASS" if is_held else "FAIL", what, f"{value:.3g}", f"{limit:g}"]
            for is_held, (what, value, limit) in zip(held, bars, strict=True)
        ]
        if rows:
            self.add("## Bars")
            head = ["", "what", "measured", "at least" if at_least else "at most"]
            self.add(table(rows, head))
        self.save()
        return int(not all(held))

    def save(self) -> None:
        self.path.write_text("\n\n".join(self.parts) + "\n", encoding="utf-8")
