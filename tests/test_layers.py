"""Imports point downward: a module imports only from layers above its own in this list."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import dualrev

ROOT = Path(dualrev.__file__).parent
LAYERS = [
    {"errors"},
    {"tree"},
    {"primitive"},
    {"rules.forms"},
    {"rules"},  # every other module of rules
    {"fronts.packing"},
    {"fronts"},  # every other module of fronts
    {"aliasing", "arithmetic"},
    {"methods"},
    {"conversions"},
    {"array"},
    {"memory"},
    {"buffer"},
    {"source"},
    {"numpy"},
    {"math"},
    {"cmath"},
    {"adoption"},
    {"engine"},
    {"transforms"},
    {"charts"},
    {"sparse"},
    {"drawing", "timing", "notation"},
    {"program"},
    {"watching"},
    {"custom", "checks", "diagnosis", "show"},
    {"solving"},
    {"callbacks"},
    {"scipy"},
    {"comparison"},
    {"showcase"},
    {"__main__", "__init__"},
]


def layer(module: str) -> int:
    """The layer of the longest prefix of a module's name that stands in the list."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        for k, members in enumerate(LAYERS):
            if name in members:
                return k
    raise AssertionError(f"{module} belongs to no layer: add it to LAYERS")


@functools.cache
def modules() -> dict[str, Path]:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found[name.removesuffix(".__init__") if name != "__init__" else name] = path
    return found


def imports(name: str, path: Path) -> set[str]:
    """The modules of the package that a module imports, also inside functions."""
    package = (
        name.split(".")
        if path.name == "__init__.py" and name != "__init__"
        else name.split(".")[:-1]
    )
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            target = [*base, *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                full = ".".join([*target, alias.name])
                found.add(full if full in modules() else ".".join(target))
    return found - {""}


def test_imports_point_downward():
    wrong = []
    for name, path in modules().items():
        for target in imports(name, path):
            same_package = target.split(".")[0] == name.split(".")[0]
            if layer(target) > layer(name) or (layer(target) == layer(name) and not same_package):
                wrong.append(f"{name} imports {target}")
    assert not wrong, "\n".join(wrong)


def test_no_import_cycles():
    graph = {name: imports(name, path) for name, path in modules().items()}
    state: dict[str, int] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert state.get(name) != 1, f"import cycle: {' -> '.join((*trail, name))}"
        if name in state or name not in graph:
            return
        state[name] = 1
        for target in graph[name]:
            visit(target, (*trail, name))
        state[name] = 2

    for name in graph:
        visit(name, ())


def test_the_two_modes_do_not_know_each_other():
    assert not any("reverse" in t for t in imports("engine.forward", ROOT / "engine/forward.py"))
    assert not any("forward" in t for t in imports("engine.reverse", ROOT / "engine/reverse.py"))


def test_what_is_loaded_at_the_start():
    """No part of SciPy: who needs one has loaded it, or does not mind to wait for it."""
    code = "import sys, dualrev; print(*[m for m in sys.modules if m.startswith('scipy.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stdout.split()
