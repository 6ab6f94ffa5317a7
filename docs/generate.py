"""Write the pages that are made from the code: run ``python docs/generate.py``.

``docs/reference/functions.md`` says which NumPy functions have a derivative, and by which
form of rule; ``docs/reference/api.md`` lists the public names; the pictures of
``docs/explanation/sparsity.md`` are drawn by the library.
"""

from __future__ import annotations

import dis
import inspect
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np
from scipy import special

import dualrev as dr
from dualrev.fronts import CONSTANT_FUNCTIONS, FUNCTIONS
from dualrev.fronts.ufuncs import COMPOSITES, CONSTANT_UFUNCS, UFUNCS
from dualrev.primitive import Primitive

HERE = Path(__file__).parent
FUNCTIONS_PAGE = HERE / "reference" / "functions.md"
API_PAGE = HERE / "reference" / "api.md"
COVERAGE_PAGE = HERE / "reference" / "coverage.md"
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


def functions_page() -> str:
    ruled = {*FUNCTIONS, *UFUNCS, *COMPOSITES}
    constants = [f for f in [*CONSTANT_FUNCTIONS, *CONSTANT_UFUNCS] if f not in ruled]
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
## SciPy

The functions of SciPy have [a page of their own](coverage.md), with the arguments in which each is differentiated.

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


# -- the page of what is checked ---------------------------------------------------------------------------


def of_scipy(function: Any) -> bool:
    if isinstance(function, np.ufunc):
        return getattr(special, function.__name__, None) is function
    return True


def coverage_page() -> str:
    sys.path[:0] = [str(HERE), str(HERE.parent)]  # for this folder and the tests
    import checked

    from tests.rules.test_coverage import cases
    from tests.scipy.test_quad import ADAPTIVE
    from tests.test_batching import is_refused

    found = checked.listen([*cases(), *ADAPTIVE], is_refused)
    titles = ("function", "arguments", "order", "batches")
    sections = [
        f"## `{module}`\n\n{table(rows, *titles)}"
        for module, rows in checked.rows(found, of_scipy).items()
    ]
    families = table(checked.families(found), "family", "in all arguments", "in some")
    return f"""\
# What of SciPy is differentiated

<!-- Made by docs/generate.py from the cases that the tests check. Do not edit. -->

Every function here works in forward and in reverse mode, and in any nesting of them. The table says what the tests check of
it: the arguments that are differentiated, up to which order against differences and in all pairs of modes, and whether it works
in batches (`vmap`). Plain calls of ufuncs work as they are; for the other functions import `dualrev.scipy`, or
[adopt](../how-to/code-as-it-is.md) the code. An argument that is not listed is a constant, or is refused by name with an
alternative; so is a function that is not listed. NumPy's functions are on the [page of functions](functions.md).

Solvers of `scipy.optimize` are differentiated by what their functions get as `args` or close over
([how](../how-to/differentiate-a-solver.md)), integrals of `scipy.integrate` also in their limits. The interpolators of
`scipy.interpolate` (`CubicSpline`, `interp1d`, `PchipInterpolator`, `Akima1DInterpolator`, `CubicHermiteSpline`, `PPoly`) are classes: they
are differentiated in the data and in the point.

{chr(10).join(sections)}
## `scipy.stats`

Distributions, frozen or not, in the point, `loc`, `scale` and their shapes.

{families}"""


# -- all ---------------------------------------------------------------------------------------------------


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
        COVERAGE_PAGE: coverage_page(),
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
