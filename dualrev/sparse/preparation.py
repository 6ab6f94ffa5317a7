"""What is found out once about a sparse matrix: its pattern, its colouring, and a report of them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from ..errors import UnsupportedArgumentError, explain
from .colouring import Colouring, many
from .compression import Compression
from .patterns import Pattern
from .picture import as_words, draw_colouring

ROUNDING = 1024.0  # rounding errors that are no sign of a missed entry


@dataclass(repr=False)
class Preparation:
    """What a sparse derivative found out at its first call, and uses at later ones.

    Printed it is a report; in a notebook it displays itself as a picture.

    Attributes
    ----------
    pattern : Pattern
    colouring : Colouring
    is_dense : bool
        Whether the colouring saves nothing, so that the dense matrix is computed.
    directions : int
        Products an evaluation takes, with the one that guards the pattern.
    seconds : dict of str to float
        What detection and colouring took.
    rounding : float
        By how many rounding errors a product may differ before the guard looks at the pattern
        again; it grows where that finds nothing new.
    """

    what: str
    pattern: Pattern
    colouring: Colouring
    compression: Compression
    is_dense: bool
    is_guarded: bool
    rounding: float = field(default=ROUNDING, kw_only=True)
    seconds: dict[str, float]

    @property
    def directions(self) -> int:
        if self.is_dense:
            return min(self.pattern.shape)
        return self.colouring.count + self.is_guarded

    def __repr__(self) -> str:
        took = ", ".join(f"{name} {seconds:.2g} s" for name, seconds in self.seconds.items())
        how = f"{self.colouring!r}; {many(self.directions, 'product')} an evaluation"
        if self.is_dense:
            how = f"computed as a dense matrix: it would take {self.colouring!r}"
        elif self.is_guarded:
            how += ", of which one guards the pattern"
        return f"{self.what} of {self.pattern!r}\n{how}\n{took}"

    def to_svg(self) -> str:
        """A picture: each entry in the colour of the product that it is read from."""
        words = repr(self.colouring)
        if self.is_dense:
            words = f"computed as a dense matrix; this would save nothing: {words}"
        return draw_colouring(self.compression, as_words(self.compression, self.what), words)

    def _repr_svg_(self) -> str:
        return self.to_svg()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write to `path`: the picture for ``.svg``, the report for ``.txt``."""
        writers = {".svg": self.to_svg, ".txt": lambda: f"{self!r}\n"}
        suffix = os.path.splitext(os.fspath(path))[1].lower()
        if suffix not in writers:
            raise UnsupportedArgumentError(
                explain(
                    f"a preparation cannot be saved as {suffix or 'a file without a suffix'}.",
                    "choose .svg for the picture, .txt for the report; to use the pattern again "
                    "save it: preparation.pattern.save(path)",
                )
            )
        text = writers[suffix]()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
