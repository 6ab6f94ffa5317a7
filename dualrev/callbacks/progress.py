"""One line on the terminal that is rewritten while a solver runs."""

from __future__ import annotations

import sys
import time

_INTERVAL = 0.1  # seconds between two lines


class Progress:
    """Evaluations, value, size of the gradient and seconds; silent where nobody looks on.

    Parameters
    ----------
    wanted : bool
        Whether to write at all; and only to a terminal.
    """

    def __init__(self, wanted: bool) -> None:
        self.active = bool(wanted) and sys.stderr.isatty()
        self._start = self._next = time.perf_counter()
        self._shown = False
        self._norm: float | None = None

    def show(self, evaluations: int, value: float | None, norm: float | None = None) -> None:
        """Write the line if the last one is old enough."""
        self._norm = norm if norm is not None else self._norm
        now = time.perf_counter()
        if not self.active or now < self._next:
            return
        self._next, self._shown = now + _INTERVAL, True
        parts = [f"{evaluations:,} evaluations"]
        if value is not None:
            parts.append(f"value {value:.6g}")
        if self._norm is not None:
            parts.append(f"|g| {self._norm:.2e}")
        parts.append(f"{now - self._start:.1f} s")
        print(f"  {', '.join(parts)}\033[K", end="\r", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Wipe the line, and start again at the next one."""
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
        self._shown, self._norm = False, None
        self._start = self._next = time.perf_counter()
