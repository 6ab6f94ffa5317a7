"""`np.emath`: real inside the domain, complex outside."""

import numpy as np
import pytest

from .harness import Case, check_case

rng = np.random.default_rng(13)
v = rng.standard_normal(6)
inside = rng.uniform(0.1, 0.9, (2, 3))
f32 = v.astype(np.float32)
C = v[:3] + 1j * v[3:]

CASES = [
    case
    for name in ("sqrt", "log", "log2", "log10", "arccos", "arcsin", "arctanh")
    for f in [getattr(np.emath, name)]
    for case in (
        Case(f"np.lib.scimath.{name}", f, (2 * v,)),
        Case(f"np.lib.scimath.{name}, inside", f, (inside,)),
        Case(f"np.lib.scimath.{name}, complex", f, (C,)),
        Case(f"np.lib.scimath.{name}, float32", f, (2 * f32,)),
        Case(f"np.lib.scimath.{name}, a number", f, (np.float64(-1.7),)),
        Case(f"np.lib.scimath.{name}, empty", f, (v[:0],)),
    )
] + [
    Case("np.lib.scimath.logn", np.emath.logn, (np.float64(3.0), v)),
    Case("np.lib.scimath.logn, negative base", lambda x: np.emath.logn(-2, x), (inside,)),
    Case("np.lib.scimath.power", lambda x: np.emath.power(x, 2.5), (v,)),
    Case("np.lib.scimath.power, both", np.emath.power, (inside, v[:3])),
    Case("np.lib.scimath.power, negative integers", lambda x: np.emath.power(x, [-2, 3]), (v[:2],)),
    Case("np.lib.scimath.power, of a negative integer", lambda x: np.emath.power(-3, x), (v,)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case):
    check_case(case)
