"""What must be as it was: the arguments of a call, and what the function uses besides them.

Both are written as source, for they are asked at every call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from .. import tree
from ..adoption.reach import is_users, mentioned_in, reached_by

MOST = 64  # names that are watched at most
_DATA = (
    bool,
    int,
    float,
    complex,
    str,
    bytes,
    type(None),
    np.generic,
    np.ndarray,
    tuple,
    frozenset,
)


def is_dynamic(leaf: Any) -> bool:
    """Whether a leaf of an argument is an input of the program; what is not has to stay the same."""
    if type(leaf) is np.ndarray:
        return leaf.dtype.kind in "fciub"
    return type(leaf) is float or (isinstance(leaf, np.generic) and leaf.dtype.kind in "fciub")


def same(a: Any, b: Any) -> bool:
    """Whether a static value is what it was."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, (int, float, complex, str, bytes, np.generic)):
        return bool(a == b)
    if isinstance(a, (tuple, frozenset, range, slice, np.dtype)):
        try:
            return bool(a == b)
        except ValueError:  # arrays inside
            return False
    return False


class Signature:
    """The structure, shapes and kinds of the arguments of one call.

    Attributes
    ----------
    dynamic : list
        The leaves that are inputs, in order.
    """

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args, self.kwargs = args, kwargs
        leaves, self.structure = tree.flatten((list(args), dict(kwargs)))
        self.leaves = leaves
        self.dynamic = [leaf for leaf in leaves if is_dynamic(leaf)]

    def rebuilt(self, inputs: list[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with other leaves in the place of the inputs."""
        given = iter(inputs)
        leaves = [next(given) if is_dynamic(leaf) else leaf for leaf in self.leaves]
        args, kwargs = tree.unflatten(self.structure, leaves)
        return tuple(args), kwargs

    def written(self, names: list[str], scope: dict[str, Any]) -> list[str]:
        """Statements that take ``args`` and ``kwargs`` apart and return ``None`` where they differ."""
        scope.update(ndarray=np.ndarray, same=same, tree=tree)
        lines: list[str] = []
        given = iter(names)
        count = 0

        def constant(value: Any) -> str:
            nonlocal count
            count += 1
            scope[f"k{count}"] = value
            return f"k{count}"

        def leaf(text: str, value: Any) -> None:
            if not is_dynamic(value):
                name = constant(value)
                if isinstance(value, (bool, type(None))):
                    lines.append(f"if {text} is not {name}: return None")
                else:
                    lines.append(
                        f"if {text} is not {name} and not same({text}, {name}): return None"
                    )
                return
            name = next(given)
            if name != text:
                lines.append(f"{name} = {text}")
            if type(value) is np.ndarray:
                d = constant(value.dtype)
                lines.append(
                    f"if type({name}) is not ndarray or {name}.shape != {value.shape!r} or "
                    f"({name}.dtype is not {d} and {name}.dtype != {d}): return None"
                )
            else:
                lines.append(f"if type({name}) is not {constant(type(value))}: return None")

        def walk(text: str, value: Any) -> None:
            kind = type(value)
            if (
                kind is tuple
                or kind is list
                or (isinstance(value, tuple) and hasattr(value, "_fields"))
            ):
                lines.append(f"if type({text}) is not {constant(kind)} or len({text}) != {len(value)}: return None")  # fmt: skip
                for k, part in enumerate(value):
                    walk(f"{text}[{k}]", part)
            elif kind is dict and all(isinstance(key, (str, int)) for key in value):
                keys = constant(tuple(value))
                lines.append(f"if type({text}) is not dict or tuple({text}) != {keys}: return None")
                for key, part in value.items():
                    walk(f"{text}[{key!r}]", part)
            else:
                leaves, structure = tree.flatten(value)
                if structure is None:
                    leaf(text, value)
                    return
                mine, shape = f"l{count}", constant(structure)
                lines.append(f"{mine}, s = tree.flatten({text})")
                lines.append(f"if s != {shape}: return None")
                for k, part in enumerate(leaves):
                    leaf(f"{mine}[{k}]", part)

        lines.append(f"if len(args) != {len(self.args)}: return None")
        for k, value in enumerate(self.args):
            walk(f"args[{k}]", value)
        if self.kwargs:
            walk("kwargs", self.kwargs)
        else:
            lines.append("if kwargs: return None")
        return lines


def surroundings(f: Callable[..., Any], statics: list[Any]) -> list[tuple[str, Any, Any, Any]]:
    """What `f` reads that is no argument: ``(kind, holder, name, value)``, `MOST` at most.

    `statics` are arguments that are no inputs: what they hold counts too.

    Global names and closures of all functions of users that it reaches, attributes that they
    mention, and entries of small containers.
    """
    functions, holders = reached_by([f, *statics])
    objects: list[Any] = [*statics]
    found: list[tuple[str, Any, Any, Any]] = []
    mentioned: set[str] = set()
    for function in functions:
        names = list(dict.fromkeys(mentioned_in(function.__code__)))
        mentioned.update(names)
        space = function.__globals__
        for name in names:
            value = space.get(name)
            objects.append(value)
            if name in space and isinstance(value, (*_DATA, FunctionType)):
                found.append(("item", space, name, value))
        for cell in function.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:
                continue
            objects += [value, getattr(value, "__self__", None)]
            if isinstance(value, (*_DATA, FunctionType)):
                found.append(("cell", cell, None, value))
    objects.append(getattr(f, "__self__", None))
    for x in objects:
        if isinstance(x, (*_DATA, FunctionType, MethodType, ModuleType, type, dict, list)):
            continue
        if is_users(type(x).__module__):  # its class holds values too, which it may hide
            found += [
                ("attribute", x, name, value)
                for name in mentioned
                if isinstance(value := inspect.getattr_static(x, name, None), _DATA)
                and value is not None
            ]
    for holder in holders:
        if isinstance(holder, dict):
            found += [
                ("item", holder, key, value)
                for key, value in holder.items()
                if isinstance(value, _DATA)
            ]
        elif isinstance(holder, list):
            found += [("entry", holder, k, v) for k, v in enumerate(holder) if isinstance(v, _DATA)]
    unique = {(kind, id(holder), name): (kind, holder, name, value) for kind, holder, name, value in found}  # fmt: skip
    return list(unique.values())[:MOST]


def written_surroundings(
    found: list[tuple[str, Any, Any, Any]], scope: dict[str, Any]
) -> list[str]:
    """Statements that return ``None`` where one of them is another."""
    lines = []
    scope["same"] = same
    scope["missing"] = _MISSING
    for k, (kind, holder, name, value) in enumerate(found):
        scope[f"h{k}"], scope[f"u{k}"] = holder, value
        now = {
            "item": f"h{k}.get({name!r}, missing)" if isinstance(name, str) else f"h{k}.get(n{k}, missing)",
            "cell": f"h{k}.cell_contents",
            "attribute": f"getattr(h{k}, {name!r}, missing)",
            "entry": f"h{k}[{name}]",
        }[kind]  # fmt: skip
        if kind == "item" and not isinstance(name, str):
            scope[f"n{k}"] = name
        if kind == "entry":
            lines.append(f"if len(h{k}) <= {name}: return None")
        lines.append(f"if {now} is not u{k} and not same({now}, u{k}): return None")
    return lines


_MISSING = object()
