"""Trees: arrays in tuples, lists, dicts, named tuples, dataclasses and registered classes.

`flatten` takes a tree apart into its leaves and its structure; `unflatten` puts leaves
back. ``None`` is a tree without leaves. Anything that is not a container is a leaf.
Knows nothing of derivatives.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .errors import StructureError, describe, explain

_REGISTERED: dict[type, tuple[Callable[[Any], tuple[Any, Any]], Callable[[Any, Any], Any]]] = {}


class Structure:
    """The shape of a tree without its leaves; two are equal if the trees have the same form."""

    __slots__ = ("children", "data", "kind")

    def __init__(self, kind: type, data: Any, children: tuple[Structure | None, ...]) -> None:
        self.kind = kind
        self.data = data  # keys, field names, or what a registered class gave
        self.children = children  # None stands for a leaf

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Structure)
            and self.kind is other.kind
            and self.data == other.data
            and self.children == other.children
        )

    def __hash__(self) -> int:
        return hash((self.kind, repr(self.data), self.children))

    def __repr__(self) -> str:
        inner = ", ".join("*" if child is None else repr(child) for child in self.children)
        return f"{self.kind.__name__}({inner})"


def register_tree(
    cls: type,
    flatten: Callable[[Any], tuple[Iterable[Any], Any]],
    unflatten: Callable[[Any, Iterable[Any]], Any],
) -> type:
    """Make instances of `cls` trees.

    Parameters
    ----------
    cls : type
        The class itself; subclasses are not included.
    flatten : callable
        ``flatten(obj) -> (children, data)``: the parts that hold arrays, and the rest.
    unflatten : callable
        ``unflatten(data, children) -> obj``.

    Returns
    -------
    type
        `cls`, so that the function can be used as a decorator with `functools.partial`.

    Examples
    --------
    >>> class Point:
    ...     def __init__(self, x, y, name):
    ...         self.x, self.y, self.name = x, y, name
    >>> _ = register_tree(Point, lambda p: ((p.x, p.y), p.name), lambda name, xy: Point(*xy, name))
    >>> import dualrev as dr
    >>> g = dr.grad(lambda p: p.x * p.y)(Point(2.0, 3.0, "P"))
    >>> print(g.x, g.y, g.name)
    3.0 2.0 P
    """
    _REGISTERED[cls] = (flatten, unflatten)  # type: ignore[assignment]
    return cls


def _open(tree: Any) -> tuple[Any, Any] | None:
    """``(children, data)`` of a container, ``None`` for a leaf."""
    kind = type(tree)
    if kind is tuple or kind is list:
        return tree, len(tree)
    if kind is dict:
        return list(tree.values()), tuple(tree)
    if tree is None:
        return (), None
    if kind in _REGISTERED:
        return _REGISTERED[kind][0](tree)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return tree, tree._fields
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        names = tuple(field.name for field in dataclasses.fields(tree))
        return [getattr(tree, name) for name in names], names
    return None


def _close(structure: Structure, children: list[Any]) -> Any:
    kind = structure.kind
    if kind is tuple:
        return tuple(children)
    if kind is list:
        return children
    if kind is dict:
        return dict(zip(structure.data, children, strict=True))
    if kind is type(None):
        return None
    if kind in _REGISTERED:
        return _REGISTERED[kind][1](structure.data, children)
    if issubclass(kind, tuple):
        return kind(*children)
    made = object.__new__(kind)
    for name, child in zip(structure.data, children, strict=True):
        object.__setattr__(made, name, child)
    return made


def flatten(tree: Any) -> tuple[list[Any], Structure | None]:
    """Leaves of `tree` from left to right, and its structure (``None`` for a single leaf)."""
    leaves: list[Any] = []
    return leaves, _flatten_into(tree, leaves)


def _flatten_into(tree: Any, leaves: list[Any]) -> Structure | None:
    parts = _open(tree)
    if parts is None:
        leaves.append(tree)
        return None
    children, data = parts
    return Structure(type(tree), data, tuple([_flatten_into(child, leaves) for child in children]))


def unflatten(structure: Structure | None, leaves: Iterable[Any]) -> Any:
    """The tree of this structure with these leaves."""
    if structure is None:
        (leaf,) = leaves
        return leaf
    return _unflatten_from(structure, iter(leaves))


def unflatten_all(structures: Iterable[Structure | None], leaves: Iterable[Any]) -> list[Any]:
    """Several trees from all their leaves, one tree after another."""
    rest = iter(leaves)
    return [_unflatten_from(structure, rest) for structure in structures]


def _unflatten_from(structure: Structure | None, leaves: Iterator[Any]) -> Any:
    if structure is None:
        return next(leaves)
    return _close(structure, [_unflatten_from(child, leaves) for child in structure.children])


def leaves_like(structure: Structure | None, tree: Any, what: str, like: str) -> list[Any]:
    """Leaves of `tree`, which must have this structure; dicts match by key.

    Raises
    ------
    StructureError
        Naming the place where the two part.
    """
    leaves: list[Any] = []
    _match(structure, tree, leaves, what, like, "")
    return leaves


def _match(
    structure: Structure | None, tree: Any, leaves: list[Any], what: str, like: str, path: str
) -> None:
    if structure is None:
        if _open(tree) is not None:
            _refuse(what, like, path, "one array", describe(tree))
        leaves.append(tree)
        return
    parts = _open(tree)
    if parts is None or type(tree) is not structure.kind:
        _refuse(what, like, path, structure.kind.__name__, describe(tree))
    children, data = parts  # type: ignore[misc]
    if structure.kind is dict:
        if set(data) != set(structure.data):
            _refuse(
                what,
                like,
                path,
                f"keys {sorted(map(str, structure.data))}",
                f"keys {sorted(map(str, data))}",
            )
        children, data = [tree[key] for key in structure.data], structure.data
    if data != structure.data:
        _refuse(what, like, path, f"{structure.kind.__name__} of {structure.data}", f"{data}")
    names = (
        data
        if isinstance(data, tuple) and len(data) == len(structure.children)
        else range(len(structure.children))
    )
    for name, child, part in zip(names, structure.children, children, strict=True):
        _match(child, part, leaves, what, like, f"{path}[{name!r}]")


def _refuse(what: str, like: str, path: str, expected: str, found: str) -> None:
    raise StructureError(
        explain(
            f"{what} must have the structure of {like}: at {what}{path}, expected {expected}, found {found}.",
            f"give {what} as a tree of the same containers and keys as {like}",
        )
    )


def map_leaves(fun: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """The tree of ``fun(leaf, *other_leaves)``; all trees have the structure of the first."""
    leaves, structure = flatten(tree)
    columns = [leaves_like(structure, other, "a tree", "the first") for other in others]
    return unflatten(structure, [fun(*row) for row in zip(leaves, *columns, strict=True)])


def as_tuple(args: Any) -> tuple[Any, ...]:
    """More arguments as SciPy takes them: what is no tuple is the only one."""
    return args if isinstance(args, tuple) else (args,)


def rebuilt(like: Any, parts: Iterable[Any]) -> Any:
    """`parts` in a container of the kind of `like`: a list, a tuple, or a named tuple."""
    if isinstance(like, list):
        return list(parts)
    return type(like)(*parts) if hasattr(like, "_fields") else tuple(parts)
