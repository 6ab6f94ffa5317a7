"""How values, operations and places in a tree are written in pictures and tables."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import tree
from .errors import describe

SMALL = 6  # elements of an array that are written out

_INFIX = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "true_divide": "/",
    "power": "**", "matmul": "@", "remainder": "%",
}  # fmt: skip


def short(x: Any) -> str:
    """A value in few characters: numbers and small arrays written out, others described."""
    if isinstance(x, (tuple, list)):
        return "(" + ", ".join("-" if item is None else short(item) for item in x) + ")"
    if isinstance(x, (bool, str, type(None))) or not (
        hasattr(x, "dtype") or isinstance(x, (int, float, complex))
    ):
        return repr(x)
    if np.ndim(x) == 0:
        return f"{x}" if isinstance(x, int) else f"{np.asarray(x)[()]:.6g}"
    if np.size(x) <= SMALL:
        return " ".join(
            np.array2string(np.asarray(x), precision=4, suppress_small=True, separator=", ").split()
        )
    return describe(x)


def clipped(text: str, most: int = 44) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def expression(operation: str, args: Sequence[str], params: dict[str, Any]) -> str:
    """The call as Python would write it."""
    if operation in _INFIX and len(args) == 2:
        return f"{args[0]} {_INFIX[operation]} {args[1]}"
    if operation == "negative":
        return f"-{args[0]}"
    if operation == "square":
        return f"{args[0]}**2"
    if operation == "getitem":
        return f"{args[0]}[{_key(params['key'])}]"
    given = [f"{key}={_parameter(value)}" for key, value in params.items() if value is not None]
    return f"{operation}({', '.join([*args, *given])})"


def _parameter(value: Any) -> str:
    return describe(value) if hasattr(value, "dtype") else clipped(repr(value), 24)


def _key(key: Any) -> str:
    """An index as it is written between brackets."""
    if isinstance(key, tuple):
        return ", ".join(map(_key, key)) or "()"
    if isinstance(key, slice):
        ends = ["" if end is None else str(end) for end in (key.start, key.stop)]
        return ":".join(ends if key.step is None else [*ends, str(key.step)])
    if key is Ellipsis:
        return "..."
    return short(key) if hasattr(key, "dtype") or isinstance(key, int) else repr(key)


def argument_names(f: Callable[..., Any], args: Sequence[Any]) -> list[str]:
    """The names of `f`'s parameters for these positional arguments."""
    names: list[str] = []
    try:
        for parameter in inspect.signature(f).parameters.values():
            if parameter.kind is parameter.VAR_POSITIONAL:
                names += [f"{parameter.name}[{k}]" for k in range(len(args) - len(names))]
            elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                names.append(parameter.name)
    except (TypeError, ValueError):  # a builtin, or a NumPy function
        pass
    names = names[: len(args)]
    return names + [f"x{k}" for k in range(len(names), len(args))]


def paths(structure: tree.Structure | None, name: str) -> list[str]:
    """Where each leaf of a tree stands, as an expression: ``params['w'][0]``."""
    if structure is None:
        return [name]
    children = structure.children
    keys = (
        structure.data
        if isinstance(structure.data, tuple) and len(structure.data) == len(children)
        else range(len(children))
    )
    item = "{}[{!r}]" if structure.kind in (dict, tuple, list) else "{}.{}"
    return [
        path
        for key, child in zip(keys, children, strict=True)
        for path in paths(child, item.format(name, key))
    ]
