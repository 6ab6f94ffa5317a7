"""Where a derivative would be lost: what Python and NumPy ask for when they want plain numbers.

Each is refused by name; where somebody collects errors (`dr.explain`), it is noted, and the
plain value given.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

import numpy as np

from .errors import (
    STORE,
    STORING,
    AliasError,
    ConcreteValueError,
    UnsupportedArgumentError,
    asked_by,
    describe,
    explain,
    or_adopt,
    raise_or_note,
    user_frame,
    user_instruction,
    user_line,
)
from .methods import ArrayMethods
from .primitive import CLOSED, primal_of

_SCIPY = os.path.join(os.path.dirname(os.path.dirname(np.__file__)), "scipy", "")
_ON_ANY_ARRAY = "rosen"  # rosen, rosen_der, ...: plain NumPy, which is right on arrays of objects
_DRAWS = re.compile(r"\b(random|rng|RandomState|default_rng|generator)\b", re.IGNORECASE)
_DRAWING = "drawing a random number with a traced parameter"
_DRAW = (
    "draw with constants and transform: mu + sigma * rng.standard_normal(n); for a constant say "
    "dr.stop_gradient(x)"
)


class Conversions(ArrayMethods):
    """``float(x)``, ``np.asarray(x, float)``, ``{x: 1}``, ``pickle.dumps(x)`` and the like."""

    __slots__ = ()

    def _refuse(self, doing: str, instead: str) -> None:
        value = np.array2string(np.asarray(primal_of(self)), threshold=4)
        raise_or_note(
            ConcreteValueError(
                explain(
                    f"{doing} would lose its derivative.",
                    instead,
                    with_=f"{describe(self)}, value {value}",
                )
            )
        )

    def __float__(self) -> float:
        self.refresh()
        number = float(primal_of(self))
        doing = user_instruction()
        if doing == "store":
            self._refuse(STORING, or_adopt(STORE))
        elif doing != "format" and _DRAWS.search(user_line()):
            self._refuse(_DRAWING, _DRAW)
        elif doing != "format":  # '%g' % x loses nothing
            self._refuse(
                "float() of a traced value, or a function of `math`, or a plain array made of it,",
                or_adopt(
                    "use the NumPy function (np.sin, not math.sin), and leave out float(); "
                    "np.array([...], like=x) makes an array that can hold it"
                ),
            )
        return number

    def __int__(self) -> int:
        self.refresh()
        if user_instruction() != "format":
            self._refuse(
                "int() of a traced value",
                or_adopt("say int(dr.stop_gradient(x)) if a constant is meant"),
            )
        return int(primal_of(self))

    def __index__(self) -> int:
        self._refuse(
            "a traced value as an index", "say int(dr.stop_gradient(x)) if a constant is meant"
        )
        return int(primal_of(self))

    def __complex__(self) -> complex:
        self._refuse(
            "complex() of a traced value",
            or_adopt("write x + 0j, or dr.stop_gradient(x) if a constant is meant"),
        )
        return complex(primal_of(self))

    def __reduce_ex__(self, protocol: Any) -> Any:
        if self.run.alert & CLOSED:
            self.revive()
            return self.__reduce_ex__(protocol)
        raise ConcreteValueError(
            explain(
                "pickling a traced value would lose its derivative.",
                "pickle dr.stop_gradient(x), or the results of the derivative",
                with_=describe(self),
            )
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        self.refresh()
        doing = user_instruction()
        if doing == "store":
            self._refuse(STORING, or_adopt(STORE))
            return np.array(primal_of(self), dtype)
        if doing == "load" and sys._getframe(1) is user_frame():  # not inside np.r_[...]
            return np.array(self.__index__())
        if dtype is not None and np.dtype(dtype).kind != "O":
            if _DRAWS.search(user_line()):
                self._refuse(_DRAWING, _DRAW)
            else:
                self._refuse(
                    f"a traced value as a plain array of {np.dtype(dtype)}",
                    or_adopt(
                        "use x itself, it is an array already; x.astype(dtype) changes its kind; "
                        "dr.stop_gradient(x) is its plain value"
                    ),
                )
            return np.array(primal_of(self), dtype)
        if asked_by(_SCIPY, except_for=_ON_ANY_ARRAY):
            self._refuse(
                "a traced value as a plain array inside of SciPy",
                or_adopt(
                    "use the function of the same name in dualrev.scipy, if it has one (the page "
                    "docs/reference/coverage.md lists them); else give this one a rule with dr.custom"
                ),
            )
            return np.array(primal_of(self))
        if sys._getframe(1).f_code.co_name == "as_strided":
            raise UnsupportedArgumentError(
                explain(
                    "as_strided of a traced array, which has no memory to stride over.",
                    "use np.lib.stride_tricks.sliding_window_view, or an array of indices, x[i]",
                )
            )
        if self.dtype.kind == "c":
            raise UnsupportedArgumentError(
                explain(
                    "an array of objects made of complex traced numbers: of its .real and .imag "
                    "NumPy would lose the derivative.",
                    or_adopt("write np.stack([a, b]), or np.array([a, b], like=a)"),
                )
            )
        if copy is False:
            raise AliasError(
                explain(
                    "np.array(x, copy=False) of a traced array: an array of objects is a copy.",
                    or_adopt("use x itself, it is an array already"),
                )
            )
        objects = np.empty(self.shape, object)
        if not self.shape:
            objects[()] = self
            return objects
        flat = objects.reshape(-1)
        row = self.reshape(-1)
        for k in range(self.size):
            flat[k] = row.take_index(k)
        return objects

    def __hash__(self) -> int:
        self._refuse(
            "a traced value as the key of a table or a cache (it is unhashable)",
            or_adopt("compute without the cache; for a constant say dr.stop_gradient(x)"),
        )
        return hash(primal_of(self))
