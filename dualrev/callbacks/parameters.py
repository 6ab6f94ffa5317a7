"""`Parameters`: a tree of arrays and numbers as the one vector that SciPy's solvers work with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from .. import tree
from ..errors import NotDifferentiableError, StructureError, describe, explain
from ..primitive import Tracer
from ..transforms.arguments import FLOAT64

_NUMBERS = (int, float, np.integer, np.floating)


class Parameters:
    """The layout of a tree of arrays in one vector of doubles: names, shapes and places.

    Parameters
    ----------
    like : tree of array_like
        A dict, dataclass, named tuple, nested containers, an array of any shape, or a number. A
        list or tuple of plain numbers is a vector, as for SciPy.

    Attributes
    ----------
    names : list of str
        One for each element of the vector: ``"w[0, 1]"``.
    size : int
        How many elements there are.
    is_flat : bool
        Whether it is a vector to begin with, so that there is nothing to do.

    Raises
    ------
    NotDifferentiableError
        A leaf is boolean, complex, text or an object.

    Examples
    --------
    >>> P = Parameters({"w": np.ones((2, 2)), "b": 3.0})
    >>> P.ravel({"w": np.eye(2), "b": 7.0})
    array([1., 0., 0., 1., 7.])
    >>> print(P.unravel(np.arange(5.0))["b"], P.names)
    4.0 ['w[0, 0]', 'w[0, 1]', 'w[1, 0]', 'w[1, 1]', 'b']
    """

    def __init__(self, like: Any) -> None:
        if is_vector(like):
            like = np.asarray(like)
        leaves, self.structure = tree.flatten(like)
        paths = _paths(like)
        self.leaves = paths  # one name a leaf
        self.shapes = [np.shape(real(leaf, path)) for leaf, path in zip(leaves, paths, strict=True)]
        self.sizes = [math.prod(shape) for shape in self.shapes]
        self.size = sum(self.sizes)
        self.is_flat = self.structure is None and len(self.shapes[0]) == 1

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Parameters)
            and self.structure == other.structure
            and self.shapes == other.shapes
        )

    def __hash__(self) -> int:
        return hash((self.structure, tuple(self.shapes)))

    def __repr__(self) -> str:
        parts = [
            f"{path or 'x'}{list(shape) if shape else ''}"
            for path, shape in zip(self.leaves, self.shapes, strict=True)
        ]
        return f"Parameters({', '.join(parts)})"

    @property
    def names(self) -> list[str]:
        found: list[str] = []
        for path, shape in zip(self.leaves, self.shapes, strict=True):
            base = path or "x"
            if not shape:
                found.append(base)
            else:
                found += [f"{base}[{', '.join(map(str, i))}]" for i in np.ndindex(*shape)]
        return found

    @property
    def places(self) -> dict[str, tuple[slice, tuple[int, ...]]]:
        """By the name of each array or number, its part of the vector and its shape."""
        found, start = {}, 0
        for path, shape, size in zip(self.leaves, self.shapes, self.sizes, strict=True):
            found[path or "x"] = slice(start, start + size), shape
            start += size
        return found

    def ravel(self, params: Any) -> np.ndarray:
        """The vector of a tree of this layout; always a new array."""
        if self.is_flat and is_vector(params):
            params = np.asarray(params)
        leaves = tree.leaves_like(self.structure, params, "the parameters", "those given first")
        parts = []
        for leaf, path, shape in zip(leaves, self.leaves, self.shapes, strict=True):
            part = real(leaf, path)
            if part.shape != shape:
                raise StructureError(
                    explain(
                        f"the parameter {path or 'x'} has shape {part.shape}; it was {shape}.",
                        "give all parameters in the shapes that they had first",
                    )
                )
            parts.append(part.reshape(-1))
        return np.concatenate(parts) if parts else np.zeros(0)

    def unravel(self, x: Any) -> Any:
        """The tree of a vector, which may be traced: arrays are views of it."""
        if self.is_flat:
            return x
        if x.shape != (self.size,):
            raise StructureError(
                explain(
                    f"x has shape {x.shape}; the parameters are {self.size} numbers.",
                    f"give a vector of that length: {self!r}",
                )
            )
        leaves, start = [], 0
        for shape, size in zip(self.shapes, self.sizes, strict=True):
            if not shape:
                leaves.append(x[start])
            elif len(shape) == 1:
                leaves.append(x[start : start + size])
            else:
                leaves.append(x[start : start + size].reshape(shape))
            start += size
        return tree.unflatten(self.structure, leaves)


def real(leaf: Any, name: str) -> np.ndarray:
    """A leaf as doubles; refused where that would lose something."""
    found = np.asarray(leaf)
    if found.dtype.kind not in "fiu":
        if isinstance(leaf, Tracer):
            refuse_traced(f"the parameter {name or 'x'}")
        raise NotDifferentiableError(
            explain(
                f"the parameter {name or 'x'} is {describe(leaf)}, which is not real.",
                "parameters are real numbers and arrays of them: split a complex one into real and "
                "imaginary parts; give text, flags and objects through args",
            )
        )
    return found.astype(np.float64)


def refuse_traced(what: str) -> NoReturn:
    """Raise: a callback was called by something that is differentiated, or under `vmap`."""
    raise NotDifferentiableError(
        explain(
            f"{what} is traced: this callback is for solvers, and gives them plain numbers.",
            "transform the function itself, which is the attribute f; to differentiate a solution "
            "call the solver of dr.scipy.optimize or dr.scipy.integrate with it",
        )
    )


def is_vector(x: Any) -> bool:
    """Whether SciPy takes `x` as one vector: a list or tuple of plain numbers."""
    return type(x) in (list, tuple) and all(map(_is_number, x))


def _is_number(v: Any) -> bool:
    if isinstance(v, np.ndarray):
        return v.ndim == 0
    return isinstance(v, _NUMBERS) and not isinstance(v, bool)


def is_structured(x: Any) -> bool:
    """Whether `x` is more than a vector or a number, so that its form has to be kept."""
    if isinstance(x, (*_NUMBERS, np.ndarray)):
        return np.ndim(x) > 1
    return not is_vector(x)


def as_vector(x: Any, parameters: Parameters | None) -> np.ndarray:
    """What a callback was given, as SciPy's vector of doubles: not copied where it is one."""
    if type(x) is np.ndarray and x.dtype is FLOAT64 and x.ndim == 1:
        return x
    if parameters is not None and not parameters.is_flat and not _is_flat_array(x):
        return parameters.ravel(x)
    if is_structured(x):
        raise StructureError(
            explain(
                f"x is {describe(x)}, not a vector.",
                "give like=, an example of the parameters, when the object is made: "
                "Objective(f, like=params); or start with P.minimize(params)",
            )
        )
    return np.atleast_1d(real(x, "x"))


def _is_flat_array(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.ndim == 1


def _paths(like: Any) -> list[str]:
    """Where each leaf is, as one would write it: ``layers[0].w`` without the first dot."""
    found: list[str] = []

    def walk(part: Any, path: str) -> None:
        leaves, structure = tree.flatten(part)
        if structure is None:
            found.append(path)
            return
        children: Sequence[Any]
        data = structure.data
        if structure.kind is dict:
            names = [f"{path}.{key}" if path else str(key) for key in data]
            children = list(part.values())
        elif isinstance(data, tuple) and data and all(isinstance(name, str) for name in data):
            names = [f"{path}.{name}" if path else name for name in data]
            children = [getattr(part, name, None) for name in data]
        elif structure.kind in (list, tuple):
            names = [f"{path}[{k}]" if path else f"x[{k}]" for k in range(len(part))]
            children = part
        else:  # a registered class: its leaves by number
            found.extend(f"{path}[{k}]" if path else f"x[{k}]" for k in range(len(leaves)))
            return
        if sum(len(tree.flatten(child)[0]) for child in children) != len(leaves):
            found.extend(f"{path}[{k}]" if path else f"x[{k}]" for k in range(len(leaves)))
            return
        for child, name in zip(children, names, strict=True):
            walk(child, name)

    walk(like, "")
    return found
