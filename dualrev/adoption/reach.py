"""What a function reaches, and which places of it are replaced."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from ..errors import StructureError, describe, explain
from ..numpy.kinds import BUILTINS
from .places import MISSING, Place, contents, items, place_of
from .replacements import REPLACE, REPLACE_DATA


def is_users(module: str | None) -> bool:
    """Whether a module of this name may be changed."""
    top = (module or "").partition(".")[0]
    if top == "__main__":
        return True
    return top not in _NOT_OURS and top not in sys.stdlib_module_names


def is_users_namespace(names: dict[str, Any]) -> bool:
    """The same for the global names of a function; code that was executed has its own."""
    name = names.get("__name__")
    module = sys.modules.get(name or "")
    return is_users(name) or (module is not None and vars(module) is not names)


_NOT_OURS = frozenset({"numpy", "scipy", "dualrev", "pytest", "_pytest"})


def reached_by(start: Any) -> tuple[list[FunctionType], list[Any]]:
    """What a call of `start` may use, of modules that may be changed.

    The functions, and the classes, instances and small containers that hold values.
    """
    functions: list[FunctionType] = []
    holders: list[Any] = []
    waiting = [start]
    seen: dict[int, Any] = {}
    while waiting:
        x = waiting.pop()
        if id(x) in seen:
            continue
        seen[id(x)] = x
        if isinstance(x, FunctionType):
            waiting += [x.__wrapped__] if hasattr(x, "__wrapped__") else []
            waiting += contents(x.__closure__)
            if not is_users_namespace(x.__globals__):
                continue
            functions.append(x)
            waiting += [x.__globals__[n] for n in mentioned_in(x.__code__) if n in x.__globals__]
            waiting += [*(x.__defaults__ or ()), *(x.__kwdefaults__ or {}).values()]
        elif isinstance(x, MethodType):
            waiting += [x.__func__, x.__self__]
        elif isinstance(x, functools.partial):
            waiting += [x.func, *x.args, *x.keywords.values()]
        elif isinstance(x, type):
            if is_users(x.__module__):
                holders.append(x)
                waiting += [*x.__mro__[1:], *vars(x).values()]
        elif isinstance(x, (staticmethod, classmethod)):
            waiting.append(x.__func__)
        elif isinstance(x, property):
            waiting += [x.fget, x.fset]
        elif isinstance(x, ModuleType):
            if is_users(x.__name__):
                waiting += [v for v in vars(x).values() if isinstance(v, (FunctionType, type))]
        elif isinstance(x, (list, tuple, set, dict)):
            if len(x) <= CONTAINER:
                holders += [x] if isinstance(x, (list, dict)) else []
                waiting += x.values() if isinstance(x, dict) else x
        elif is_users(type(x).__module__):
            waiting.append(type(x))
            holders += [x.__dict__] if hasattr(x, "__dict__") else []
            waiting += getattr(x, "__dict__", {}).values()
            waiting += [x.__wrapped__] if hasattr(x, "__wrapped__") else []
        elif hasattr(x, "__wrapped__"):  # functools.cache and the like
            waiting.append(x.__wrapped__)
    return functions, holders


CONTAINER = 1000  # larger containers hold data, not functions


def mentioned_in(code: CodeType) -> Iterator[str]:
    """All global names and attributes that a function and the functions inside it mention."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from mentioned_in(constant)


def functions_of(module: ModuleType) -> list[FunctionType]:
    """The functions that a module defines, also in its classes."""
    own = []
    for value in vars(module).values():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if isinstance(value, type):
            own += [x for x in vars(value).values() if isinstance(x, FunctionType)]
        elif isinstance(value, FunctionType):
            own.append(value)
    return own


def package_of(module: ModuleType) -> list[ModuleType]:
    """A module; with all of a package's modules that are loaded."""
    if not hasattr(module, "__path__"):
        return [module]
    prefix = module.__name__ + "."
    return [module, *(m for name, m in list(sys.modules.items()) if name.startswith(prefix))]


def containers_of(targets: tuple[Any, ...]) -> tuple[list[Any], dict[int, set[str]]]:
    """All that holds names for `targets`; and which of Python's own names are mentioned where."""
    found: dict[int, Any] = {}
    mentioned: dict[int, set[str]] = {}
    functions: list[FunctionType] = []
    for target in targets:
        if isinstance(target, ModuleType):
            for module in package_of(target):
                refuse_library(module.__name__)
                functions += functions_of(module)
                names = vars(module)
                found[id(names)] = names
                mentioned.setdefault(id(names), set()).update(BUILTINS)
        elif callable(target):
            reached, holders = reached_by(target)
            functions += reached
            found |= {id(x): x for x in holders}
        else:
            raise StructureError(
                explain(
                    f"dr.adopt cannot adopt {describe(target)}.",
                    "give it functions, modules or packages; without arguments it adopts the "
                    "module that calls it",
                )
            )
    for function in functions:
        names = function.__globals__
        mentioned.setdefault(id(names), set()).update(mentioned_in(function.__code__))
        parts = [names, *(function.__closure__ or ()), function.__kwdefaults__ or {}, function]
        found |= {id(x): x for x in parts}
    for names in [x for x in found.values() if isinstance(x, dict) and id(x) in mentioned]:
        tables = [x for name, x in names.items() if name != "__builtins__"]
        found |= {id(x): x for x in tables if type(x) in (dict, list) and len(x) <= CONTAINER}
    return list(found.values()), mentioned


def names_in(containers: list[Any], mentioned: dict[int, set[str]]) -> Iterator[Place]:
    """The places of names that are bound to NumPy and the like."""
    for container in containers:
        for name, value in items(container):
            yield from place_of(container, name, value, REPLACE)
        for name in mentioned.get(id(container), set()) & BUILTINS.keys():
            new = BUILTINS[name]
            if container.get(name, new) is new:
                yield from place_of(container, name, container.get(name, MISSING), REPLACE, new)


def data_in(containers: list[Any]) -> Iterator[Place]:
    """The places of arrays."""
    for container in containers:
        for name, value in items(container):
            yield from place_of(container, name, value, REPLACE_DATA)


def refuse_library(name: str) -> None:
    if not is_users(name):
        raise StructureError(
            explain(
                f"dr.adopt does not change the module {name}.",
                "adopt your own modules; NumPy and SciPy work as they are",
            )
        )
