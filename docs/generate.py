"""Write the pages that are made from the code: run ``python docs/generate.py``.

``docs/reference/functions.md`` says which NumPy functions have a derivative, and by which
form of rule; ``docs/reference/api.md`` lists the public names; the pictures of
``docs/explanation/sparsity.md`` are drawn by the library.
"""

from __future__ import annotations

import dis
import inspect
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from scipy import special
from scipy.stats import rv_continuous, rv_discrete

import dualrev as dr
import dualrev.scipy
import dualrev.scipy.mirror
from dualrev.fronts import CONSTANT_FUNCTIONS, FUNCTIONS
from dualrev.fronts.ufuncs import COMPOSITES, CONSTANT_UFUNCS, UFUNCS
from dualrev.primitive import Primitive
from dualrev.rules.special import UFUNCS as SPECIAL_UFUNCS
from dualrev.scipy.stats._continuous import FORMULAS as CONTINUOUS
from dualrev.scipy.stats._discrete import FORMULAS as DISCRETE

HERE = Path(__file__).parent
FUNCTIONS_PAGE = HERE / "reference" / "functions.md"
API_PAGE = HERE / "reference" / "api.md"
PICTURES = HERE / "explanation"

# -- names --------------------------------------------------------------------------------------

NAMESPACES = {"np": np, "np.linalg": np.linalg, "np.fft": np.fft}


def public_names() -> dict[int, list[str]]:
    """The names of each public function of NumPy, its own name first; by identity."""
    found: dict[int, list[str]] = {}
    for prefix, module in NAMESPACES.items():
        for name in dir(module):
            value = getattr(module, name)
            if not name.startswith("_") and callable(value) and not isinstance(value, type):
                found.setdefault(id(value), []).append(f"{prefix}.{name}")
                if getattr(value, "__name__", "") == name:
                    found[id(value)].insert(0, found[id(value)].pop())
    return found


NAMES = public_names()


def names_of(function: Any) -> list[str]:
    return NAMES.get(id(function), [])


# -- what a front is made of ----------------------------------------------------------------------


def form(primitive: Primitive) -> str:
    """The form of a primitive's rule: the first public class that it is an instance of."""
    for kind in type(primitive).__mro__:
        if kind.__name__ in ("Elementwise", "Linear", "Bilinear", "General"):
            return kind.__name__.lower()
    return "general"


def primitives_in(function: Any, seen: set[int] | None = None) -> Iterator[Primitive]:
    """The primitives that a front calls itself, or through private helpers of its module."""
    seen = set() if seen is None else seen
    if isinstance(function, Primitive):
        yield function
        return
    if not isinstance(function, FunctionType) or id(function) in seen:
        return
    seen.add(id(function))
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    closure = {name: cell.cell_contents for name, cell in cells.items()}
    for value in values_in(function.__code__, function.__globals__, closure):
        if isinstance(value, Primitive):
            yield value
        elif (
            isinstance(value, FunctionType)
            and value.__module__ == function.__module__
            and (value.__name__.startswith("_") or value in closure.values())
        ):
            yield from primitives_in(value, seen)


def values_in(code: CodeType, scope: dict[str, Any], closure: dict[str, Any]) -> Iterator[Any]:
    """What the names in `code` stand for, with the attributes of this library's modules."""
    held: Any = None
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            held = scope.get(step.argval)
        elif step.opname == "LOAD_DEREF":
            held = closure.get(step.argval)
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD") and isinstance(held, ModuleType):
            ours = held.__name__.startswith("dualrev")
            held = getattr(held, step.argval, None) if ours else None
        else:
            held = None
            continue
        yield held
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from values_in(constant, scope, closure)


def rule_of(front: Any) -> str:
    """What stands in the column "rule"."""
    found = {p.name: form(p) for p in primitives_in(front)}
    if not found:
        return "composite"
    kinds: dict[str, list[str]] = {}
    for name, kind in sorted(found.items()):
        kinds.setdefault(kind, []).append(name)
    return "; ".join(f"{kind}: {', '.join(names)}" for kind, names in kinds.items())


def note_of(front: Any) -> str:
    """The first line of a front's docstring, if it says more than that it is the same."""
    lines = (inspect.getdoc(front) or "").splitlines() if isinstance(front, FunctionType) else []
    if not lines or lines[0].startswith("As ``"):
        return ""
    return lines[0].replace("``", "`").replace("|", "\\|")


# -- the page of functions ------------------------------------------------------------------------


def table(rows: Iterable[tuple[str, ...]], *titles: str) -> str:
    rows = list(rows)
    if not any(row[-1] for row in rows):  # a column with nothing in it
        rows, titles = [row[:-1] for row in rows], titles[:-1]
    head = [f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n"


def cell(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def ufunc_rows() -> list[tuple[str, ...]]:
    rows = [(cell(names_of(u)), form(p), "") for u, p in UFUNCS.items()]
    rows += [(cell(names_of(u)), rule_of(f), note_of(f)) for u, f in COMPOSITES.items()]
    return sorted(row for row in rows if row[0])


def function_rows(prefix: str) -> list[tuple[str, ...]]:
    rows = []
    for function, front in FUNCTIONS.items():
        names = names_of(function)
        if names and names[0].rpartition(".")[0] == prefix and not isinstance(function, np.ufunc):
            rows.append((cell(names), rule_of(front), note_of(front)))
    return sorted(rows)


def words(functions: Iterable[Any]) -> str:
    """All names of some functions, as one paragraph."""
    names = sorted({name for f in functions for name in names_of(f)}, key=str.lower)
    return wrap(", ".join(f"`{name}`" for name in names) + ".")


def wrap(text: str, width: int = 118) -> str:
    lines, line = [], ""
    for word in text.split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, line]) + "\n"


def dispatches(function: Any) -> bool:
    """Whether NumPy hands calls of this function to the arrays in its arguments."""
    return isinstance(function, np.ufunc) or type(function).__name__ == "_ArrayFunctionDispatcher"


def without_rule() -> list[Any]:
    known = {*map(id, FUNCTIONS), *map(id, UFUNCS), *map(id, COMPOSITES)}
    known |= {*map(id, CONSTANT_FUNCTIONS), *map(id, CONSTANT_UFUNCS)}
    found = {}
    for module in NAMESPACES.values():
        for name in dir(module):
            value = getattr(module, name)
            if not name.startswith("_") and dispatches(value) and id(value) not in known:
                found[id(value)] = value
    return list(found.values())


def numpy_version() -> str:
    return ".".join(np.__version__.split(".")[:2])


def scipy_lists() -> str:
    """The functions of each module of SciPy that a mirror differentiates."""
    modules: dict[str, set[str]] = {}
    with_formulas = {*CONTINUOUS, *DISCRETE}
    for original, ours in dualrev.scipy.FUNCTIONS.items():
        if isinstance(original, ModuleType) or getattr(ours, "refuses", False):
            continue
        if isinstance(original, (rv_continuous, rv_discrete)) and original not in with_formulas:
            continue
        home = getattr(original, "__module__", None) or type(original).__module__
        parts = [part for part in home.split(".") if not part.startswith("_")]
        name = getattr(original, "__name__", getattr(original, "name", ""))
        if name and not isinstance(ours, dualrev.scipy.mirror.ClassStandIn):
            modules.setdefault(
                ".".join(parts[:3] if "distance" in parts else parts[:2]), set()
            ).add(name)
    return "\n\n".join(
        wrap(f"**`{module}`**: " + ", ".join(f"`{name}`" for name in sorted(names)) + ".")
        for module, names in sorted(modules.items())
    )


def functions_page() -> str:
    ruled = {*FUNCTIONS, *UFUNCS, *COMPOSITES}
    constants = [f for f in [*CONSTANT_FUNCTIONS, *CONSTANT_UFUNCS] if f not in ruled]
    specials = sorted({u.__name__ for u in SPECIAL_UFUNCS if hasattr(special, u.__name__)})
    titles = ("function", "rule", "notes")
    return f"""\
# Functions that are supported

<!-- Made by docs/generate.py from the code's own tables, with NumPy {numpy_version()}. Do not edit. -->

Call these as usual, on traced arrays, numbers, or lists of them. Each works in both modes and to any order.

The column *rule* says where the derivative comes from. *elementwise*, *linear*, *bilinear* and *general* are the
[forms](../explanation/how-it-works.md#a-program-is-a-sequence-of-primitives) of rules, with the primitives that the
function calls itself; the rest of it is said in terms of other functions. A *composite* is said in terms of other functions
altogether, and needs no rule.

Operators (`+`, `@`, `**`, ...) and the methods of ndarray (`x.sum()`, `x.reshape(...)`, `x.T`, ...) do what the functions
do. An argument that is not supported raises
[`UnsupportedArgumentError`](errors.md#unsupportedargumenterror) when the call is made.

## Universal functions

{table(ufunc_rows(), *titles)}
Their methods `reduce`, `accumulate`, `reduceat`, `outer` and `at` are differentiated too.

## NumPy

{table(function_rows("np"), *titles)}
## Linear algebra

{table(function_rows("np.linalg"), *titles)}
## Fourier transforms

{table(function_rows("np.fft"), *titles)}
## SciPy: what `dualrev.scipy` and adopted code add

Where these are not called through NumPy's protocols, their drop-ins are: `import dualrev.scipy.linalg`, or
[adopt](../how-to/code-as-it-is.md) the code. Other functions of these modules refuse traced arguments by name.

{scipy_lists()}

## Universal functions of `scipy.special`

{wrap(", ".join(f"`{name}`" for name in specials) + ".")}
## Derivative zero

The derivative of these is zero wherever it exists, or they have no numbers as results. They are called on plain values,
and their results are plain.

{words(constants)}
## No rule yet

These raise [`NoRuleError`](errors.md#noruleerror) on a traced array. Compose them from others, or give them a
[rule](../how-to/add-a-rule.md).

{words(without_rule())}"""


# -- the page of public names -------------------------------------------------------------------------

GROUPS = {
    "Derivatives of a function with one number as its value": [
        "grad", "value_and_grad", "hessian", "hvp", "hessian_diagonal", "laplacian",
    ],
    "Derivatives of any function": [
        "jvp", "vjp", "linearize", "Linearization", "derivative", "jacobian", "value_and_jacobian", "jacfwd", "jacrev",
        "gauss_newton_product",
    ],
    "Many examples": ["vmap"],
    "Speed": ["compile", "Compiled", "CompilationWarning"],
    "Solutions of equations": ["implicit", "root", "fixed_point", "argmin", "linear_solve", "AccuracyWarning"],
    "Constants and trees": ["stop_gradient", "register_tree"],
    "Your own rules": ["custom", "elementwise", "linear", "bilinear", "general"],
    "Trust and sight": ["check", "Report", "errors", "graph", "Graph"],
    "SciPy": ["scipy"],
    "What runs underneath": ["Dual", "Node", "Tape", "Trace"],
}  # fmt: skip


SPARSE = [
    "jacobian", "hessian", "SparseDerivative", "Preparation", "jacobian_operator", "hessian_operator",
    "DerivativeOperator", "jacobian_pattern", "hessian_pattern", "verify", "Pattern", "colour", "Colouring", "Compression",
]  # fmt: skip
assert sorted(SPARSE) == sorted(dr.sparse.__all__)


def groups() -> dict[str, list[str]]:
    listed = {name for names in GROUPS.values() for name in names}
    rest = [name for name in dr.__all__ if name not in listed]
    return {**GROUPS, "More": rest} if rest else GROUPS


def signature(value: Any) -> str:
    """The call, without annotations."""
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return ""
    plain = [
        p.replace(annotation=p.empty)
        for p in found.parameters.values()
        if p.name not in ("self", "_recording")
    ]
    return str(found.replace(parameters=plain, return_annotation=found.empty))


def api_row(name: str) -> tuple[str, ...]:
    value = getattr(dr, name)
    module = value if isinstance(value, ModuleType) else inspect.getmodule(value)
    assert module is not None and module.__file__ is not None
    path = "dualrev/" + module.__file__.replace("\\", "/").rpartition("/dualrev/")[2]
    call = "" if isinstance(value, ModuleType) or value is dr.Linearization else signature(value)
    summary = (inspect.getdoc(value) or "").splitlines()[0].replace("``", "`").replace("|", "\\|")
    return f"`dr.{name}{call}`", summary, f"[source](../../{path})"


def sparse_row(name: str) -> tuple[str, ...]:
    value = getattr(dr.sparse, name)
    module = inspect.getmodule(value)
    assert module is not None
    made = ("SparseDerivative", "Preparation", "DerivativeOperator")  # not by users
    call = "" if name in made else signature(value)
    summary = (inspect.getdoc(value) or "").splitlines()[0].replace("``", "`")
    path = module.__name__.replace(".", "/") + ".py"
    return f"`dr.sparse.{name}{call}`", summary, f"[source](../../{path})"


def api_page() -> str:
    sections = [
        f"## {title}\n\n{table(map(api_row, names), 'name', 'what it is', 'code')}"
        for title, names in groups().items()
    ]
    rows = map(sparse_row, SPARSE)
    sections.append(f"## Sparse derivatives\n\n{table(rows, 'name', 'what it is', 'code')}")
    return f"""\
# The public interface

<!-- Made by docs/generate.py from the docstrings. Do not edit. -->

These names are public: `dualrev.__all__`, and `dualrev.sparse.__all__`. Everything else may change without notice. Each has a docstring with parameters,
errors, cost and an example: `help(dr.grad)`.

{chr(10).join(sections)}"""


# -- both ------------------------------------------------------------------------------------------------


def band(u: Any) -> Any:
    return u[2:] * u[:-2] + u[1:-1]


def arrow(x: Any) -> Any:
    rest = x[1:] * x[0]
    rest[:-1] += x[2:]
    return np.concatenate([[np.sum(x)], rest])


def picture(f: Any, n: int) -> str:
    """The pattern of a Jacobian and its colours."""
    return str(dr.sparse.jacobian(f).prepare(np.ones(n)).to_svg())


def pages() -> dict[Path, str]:
    return {
        FUNCTIONS_PAGE: functions_page(),
        API_PAGE: api_page(),
        PICTURES / "band.svg": picture(band, 20),
        PICTURES / "arrow.svg": picture(arrow, 30),
    }


def numpy_of_the_page() -> str:
    """The version of NumPy with which the committed page was made."""
    found = re.search(r"with NumPy ([\d.]+\d)\.", FUNCTIONS_PAGE.read_text(encoding="utf-8"))
    return found[1] if found else ""


def main() -> None:
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
