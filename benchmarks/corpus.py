"""Code as people write it: how much of it is differentiated, as it is and adopted; and by others.

The functions are those of `tests/corpus`; the references are extrapolated differences. For each
library the function is right, refused (an error), or wrong (a number that is not the derivative).
Other libraries get the corpus with its imports rewritten, as their manuals ask.

Run ``python benchmarks/corpus.py``; the results go to ``benchmarks/results/corpus.md``.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
import types
import warnings
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from timing import Report, arguments, progress, ratio, seconds_each, table

import dualrev as dr

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from tests.corpus import FAMILIES, cases
from tests.reference import close, copied, flat, jacobian, leaves, matrix

Outcome = str  # "right", "refused" or "wrong"


def call(f: Callable[..., Any], point: tuple[Any, ...]) -> Any:
    return f(*copied(point))


def outcome(derive: Callable[[], np.ndarray], expected: np.ndarray) -> Outcome:
    try:
        found = derive()
    except Exception:
        return "refused"
    return "right" if close(found, expected) else "wrong"


def ours(transform: Any, f: Any, point: tuple[Any, ...], adopt: bool) -> np.ndarray:
    derive = transform(lambda *xs: leaves(f(*xs)), tuple(range(len(point))))
    if not adopt:
        return matrix(derive(*copied(point)), point)
    with dr.adopt(f):
        return matrix(derive(*copied(point)), point)


# -- other libraries --------------------------------------------------------------------------


def rewritten(module: types.ModuleType, name: str) -> types.ModuleType:
    """A file of the corpus with ``numpy`` imported from another library."""
    source = Path(module.__file__ or "").read_text()
    source = re.sub(r"^(import|from) numpy\b", rf"\1 {name}", source, flags=re.MULTILINE)
    source = re.sub(rf"^import {re.escape(name)}$", f"import {name} as numpy", source, flags=re.M)
    made = types.ModuleType(f"{module.__name__}_{name}")
    sys.modules[made.__name__] = made  # dataclasses look there
    exec(compile(source, module.__file__ or "", "exec"), vars(made))
    return made


def by_autograd(f: Any, point: tuple[Any, ...]) -> np.ndarray:
    import autograd
    import autograd.numpy as anp

    def whole(x: Any) -> Any:  # one vector in and out, as its `jacobian` asks
        xs, start = [], 0
        for part in point:
            size = np.size(part)
            xs.append(
                x[start : start + size].reshape(np.shape(part)) if np.ndim(part) else x[start]
            )
            start += size
        return anp.concatenate([anp.ravel(y) for y in leaves(f(*xs))])

    return np.asarray(autograd.jacobian(whole)(flat(point)))


def by_jax(f: Any, point: tuple[Any, ...]) -> np.ndarray:
    import jax

    derive = jax.jacfwd(lambda *xs: leaves(f(*xs)), tuple(range(len(point))))
    return matrix(derive(*point), point)


PEERS = {"autograd": ("autograd.numpy", by_autograd), "JAX": ("jax.numpy", by_jax)}


def with_peer(name: str) -> dict[str, Outcome] | None:
    """Outcomes of a library by function, if it is installed."""
    namespace, derive = PEERS[name]
    os.environ["JAX_ENABLE_X64"] = "1"
    try:
        library = importlib.import_module(namespace)
    except ImportError:
        return None
    for missing in set(vars(np)) - set(dir(library)):  # as a patient user would import them
        setattr(library, missing, getattr(np, missing))
    found = {}
    modules: dict[str, Any] = {}
    for family, f, point in cases():
        progress(f"{name}: {family}.{f.__name__}")
        if family not in modules:
            try:
                modules[family] = rewritten(sys.modules[f"tests.corpus.{family}"], namespace)
            except Exception:  # the library cannot even import it
                modules[family] = None
        theirs = getattr(modules[family], getattr(f, "__name__", ""), None)
        key = f"{family}.{f.__name__}.{len(found)}"
        if theirs is None:
            found[key] = "refused"
            continue
        expected = jacobian(f, point)[0]
        found[key] = outcome(partial(derive, theirs, point), expected)
    return found


# -- the page -----------------------------------------------------------------------------------


def share(counts: Counter[str], what: str) -> str:
    return f"{counts[what]} ({100 * counts[what] / max(1, counts.total()):.0f} %)"


def coverage(report: Report) -> None:
    outcomes: dict[str, dict[str, Counter[str]]] = {
        family: {"as it is": Counter(), "adopted": Counter()} for family in FAMILIES
    }
    for family, f, point in cases():
        progress(f"{family}.{f.__name__}")
        expected = jacobian(f, point)[0]
        for way, adopt in (("as it is", False), ("adopted", True)):
            for transform in (dr.jacfwd, dr.jacrev):
                outcomes[family][way][
                    outcome(partial(ours, transform, f, point, adopt), expected)
                ] += 1
    rows = []
    for family, ways in outcomes.items():
        n = ways["adopted"].total() // 2
        rows.append([family, str(n), *(share(ways[w], "right") for w in ways),
                     *(str(ways[w]["wrong"]) for w in ways)])  # fmt: skip
    total = {w: sum((o[w] for o in outcomes.values()), Counter()) for w in ("as it is", "adopted")}
    rows.append(["all", str(total["adopted"].total() // 2),
                 *(share(total[w], "right") for w in total),
                 *(str(total[w]["wrong"]) for w in total)])  # fmt: skip
    report.add("## What is right, forward and reverse counted each")
    heads = ["family", "functions", "right as it is", "right adopted", "wrong as it is",
             "wrong adopted"]  # fmt: skip
    report.add(table(rows, heads))


def peers(report: Report) -> None:
    rows = []
    for name in PEERS:
        found = with_peer(name)
        if found is None:
            report.add(f"({name} is not installed: it is left out.)")
            continue
        counts = Counter(found.values())
        rows.append(
            [name, share(counts, "right"), share(counts, "refused"), share(counts, "wrong")]
        )
    if rows:
        report.add("## Other libraries, with the imports of the corpus rewritten")
        report.add(table(rows, ["library", "right", "refused", "wrong"]))


def idle(report: Report, budget: float) -> None:
    """What adoption costs code that nobody differentiates."""
    ratios = []
    for family, f, point in cases():
        progress(f"idle: {family}.{f.__name__}")
        calls = {"plain": partial(call, f, point)}
        plain = seconds_each(calls, budget)["plain"]
        with dr.adopt(f):
            adopted = seconds_each(calls, budget)["plain"]
        again = seconds_each(calls, budget)["plain"]
        ratios.append(adopted / np.sqrt(plain * again))
    low, middle, high = np.quantile(ratios, [0.1, 0.5, 0.9])
    report.add("## What adoption costs where nothing is differentiated: time / time as it is")
    report.add(
        table(
            [[ratio(middle), ratio(low), ratio(high), ratio(np.exp(np.mean(np.log(ratios))))]],
            ["median function", "10 % of functions below", "10 % above", "geometric mean"],
        )
    )


def main() -> None:
    options = arguments(__doc__ or "")
    warnings.simplefilter("ignore")
    report = Report("A corpus of code as people write it", options.output / "corpus.md")
    coverage(report)
    idle(report, 0.005 if options.quick else 0.03)
    peers(report)
    report.save()


if __name__ == "__main__":
    main()
