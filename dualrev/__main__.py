"""The command line: ``python -m dualrev``.

Without a subcommand it runs the showcase. Exit codes: 0 all is well, 1 a check or an
assertion failed, 2 the command could not be understood.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import __version__, comparison, showcase
from .checks import check
from .errors import CheckError, DualrevError
from .show import SUFFIXES, graph

EPILOG = """examples:
  python -m dualrev                                   the showcase, 10 to 20 seconds
  python -m dualrev check model:loss --args "np.ones(3), 2.0"
  python -m dualrev check model:loss --shapes "3; 4,3; ()"
  python -m dualrev graph model:loss --args "np.ones(3)" -o loss.svg
  python -m dualrev bench
"""


class UsageError(Exception):
    """The command line asks for something that is not there; exit code 2."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit code."""
    options = _parser().parse_args(argv)
    try:
        return int(options.run(options))
    except UsageError as error:
        print(f"dualrev: {error}", file=sys.stderr)
        return 2
    except (CheckError, DualrevError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m dualrev",
        description="Exact derivatives of NumPy code. Without a subcommand: a showcase on real input.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"dualrev {__version__}")
    parser.set_defaults(run=lambda options: min(1, showcase.main()))
    commands = parser.add_subparsers(title="subcommands", metavar="")

    checking = commands.add_parser(
        "check", help="hold a function's derivatives against each other and against differences"
    )
    _takes_function(checking)
    checking.add_argument(
        "--shapes", metavar="SHAPES", help='draw random arguments of these shapes: "3; 4,3; ()"'
    )
    checking.add_argument("--seed", type=int, default=0, help="of the random arguments (default 0)")
    checking.set_defaults(run=_check)

    drawing = commands.add_parser(
        "graph", help="draw the recorded operations of one call, with values and cotangents"
    )
    _takes_function(drawing)
    drawing.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help=".svg, .dot, .gv or .txt; without it a table is printed",
    )
    drawing.set_defaults(run=_graph)

    bench = commands.add_parser("bench", help="compare the modes: exactness and cost as ratios")
    bench.add_argument("--seconds", type=float, default=3.0, help="to spend, about (default 3)")
    bench.set_defaults(run=_bench)
    return parser


def _takes_function(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "function", metavar="module:function", help="dotted module, or a file.py, and a name in it"
    )
    parser.add_argument(
        "--args", metavar="EXPR", help='the arguments, as Python; np is NumPy: "np.ones(3), 2.0"'
    )


# -- subcommands ------------------------------------------------------------------------


def _check(options: argparse.Namespace) -> int:
    f = _function(options.function)
    print(check(f, *_arguments(options, f)))
    return 0


def _graph(options: argparse.Namespace) -> int:
    f = _function(options.function)
    if options.output is not None and not options.output.endswith(SUFFIXES):
        raise UsageError(
            f"cannot write {options.output}: choose a suffix among {', '.join(SUFFIXES)}"
        )
    made = graph(f, *_arguments(options, f))
    if options.output is None:
        print(made.to_text(), end="")
        return 0
    try:
        made.save(options.output)
    except OSError as error:
        raise UsageError(f"cannot write {options.output}: {error.strerror}") from None
    print(f"{options.output}: {len(made.nodes)} values")
    return 0


def _bench(options: argparse.Namespace) -> int:
    comparison.modes(print, options.seconds / 2)
    print()
    comparison.costs(print, options.seconds / 2)
    return 0


# -- functions and arguments from text --------------------------------------------------


def _function(name: str) -> Callable[..., Any]:
    """The function that ``module:function`` names."""
    module_name, colon, path = name.rpartition(":")
    if not colon or not module_name or not path:
        raise UsageError(
            f"{name!r} does not name a function; write module:function, for example numpy:sin"
        )
    if module_name.endswith(".py"):
        folder, module_name = os.path.split(module_name.removesuffix(".py"))
        sys.path.insert(0, folder or ".")
    elif "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise UsageError(
            f"there is no module {error.name!r}; run from the folder that holds it, or give a path: folder/{module_name}.py:{path}"
        ) from None
    for part in path.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            near = ", ".join(
                n for n in dir(found) if not n.startswith("_") and callable(getattr(found, n, None))
            )
            raise UsageError(
                f"{module_name} has no function {path!r}; it has {near or 'none'}"[:300]
            ) from None
    if not callable(found):
        raise UsageError(f"{name} is not a function but {type(found).__name__}")
    return found  # type: ignore[no-any-return]


def _arguments(options: argparse.Namespace, f: Callable[..., Any]) -> tuple[Any, ...]:
    shapes = getattr(options, "shapes", None)
    if shapes is not None:
        rng = np.random.default_rng(options.seed)
        return tuple(rng.standard_normal(_shape(text))[()] for text in shapes.split(";"))
    if options.args is None:
        raise UsageError(
            f"{options.function} needs arguments: --args 'np.ones(3), 2.0'"
            + (", or --shapes '3; ()'" if hasattr(options, "shapes") else "")
        )
    try:
        found = eval(
            f"({options.args},)" if options.args.strip() else "()", {"np": np, "numpy": np}
        )
    except Exception as error:
        raise UsageError(
            f"--args {options.args!r} is not a list of Python expressions: {type(error).__name__}: {error}"
        ) from None
    return tuple(found)


def _shape(text: str) -> tuple[int, ...]:
    parts = text.strip().strip("()[]").split(",")
    try:
        return tuple(int(part) for part in parts if part.strip())
    except ValueError:
        raise UsageError(f"{text.strip()!r} is not a shape; write --shapes '3; 4,3; ()'") from None


if __name__ == "__main__":
    sys.exit(main())
