"""A compiled function does what the function does: every case of the rule tables, replayed.

Each case is compiled as it is and under `vjp`, `jvp` and forward over reverse. Call 1 records,
call 2 replays with the same arguments, call 3 with others; results, types, warnings and errors are
those of the function itself, and no result shares memory with an argument or an earlier result.
"""

import warnings
from collections import Counter

import numpy as np
import pytest

import dualrev as dr
from dualrev import tree
from dualrev.checks import leaves, random_like

from .rules.harness import inexact
from .rules.test_coverage import cases

CASES = list(cases(thinned=True))
PARTS = 16


# -- one function, some calls ---------------------------------------------------------------------


def outcome(f, args):
    """``(result or None, error or None, warnings)`` of one call."""
    with warnings.catch_warnings(record=True) as seen, np.errstate(all="warn", under="ignore"):
        warnings.simplefilter("always")
        try:
            y, error = f(*args), None
        except Exception as e:
            y, error = None, e
    told = {(w.category, str(w.message)) for w in seen}
    return y, error, {w for w in told if w[0] is not dr.CompilationWarning}


def copies(x):
    return tree.map_leaves(lambda a: a.copy("K") if isinstance(a, np.ndarray) else a, x)


def scaled(x, factor=1.01):
    """Other arguments of the same kinds: floats a little larger, integers as they are."""

    def one(a):
        if isinstance(a, np.ndarray):
            return (a * factor).astype(a.dtype) if a.dtype.kind in "fc" else a.copy()
        return type(a)(a * factor) if inexact(a) else a

    return tree.map_leaves(one, x)


def assert_same(actual, expected, what, rtol=1e-9, least=0.0):
    """The same tree, types, dtypes and shapes; values up to rounding of the largest, or `least`."""
    xs, one = tree.flatten(actual)
    ys, other = tree.flatten(expected)
    assert one == other, f"{what}: another tree"
    for x, y in zip(xs, ys, strict=True):
        assert type(x) is type(y), f"{what}: {type(x).__name__} for {type(y).__name__}"
        if not isinstance(y, (np.ndarray, np.generic, int, float, complex)):
            assert x is y or x == y, f"{what}: {x!r} for {y!r}"
            continue
        if isinstance(y, np.ndarray):
            assert x.flags.writeable or not y.flags.writeable, f"{what}: read-only"
        x, y = np.asarray(x), np.asarray(y)
        assert x.dtype == y.dtype, f"{what}: {x.dtype} for {y.dtype}"
        assert x.shape == y.shape, f"{what}: {x.shape} for {y.shape}"
        if y.dtype.kind not in "fc":
            np.testing.assert_array_equal(x, y, err_msg=what)
            continue
        tolerance = rtol if np.finfo(y.dtype).bits > 32 else max(rtol, 1e-4)
        with np.errstate(all="ignore"):
            scale = float(np.max(np.abs(y), where=np.isfinite(y), initial=least))
            np.testing.assert_allclose(
                x, y, rtol=tolerance, atol=tolerance * scale, equal_nan=True, err_msg=what
            )


def arrays(x):
    return [a for a in leaves(x) if isinstance(a, np.ndarray)]


def assert_apart(y, others, what):
    for a in arrays(y):
        for b in others:
            assert not (np.may_share_memory(a, b) and np.shares_memory(a, b)), (
                f"{what}: shared memory"
            )


def check_calls(f, calls, what, rtol=1e-9, least=0.0):
    """Compiled and not, `f` does the same at all of `calls`; the compiled function.

    A call with the arguments of the one before must not be recorded again.
    """
    c = dr.compile(f, verify=0)
    kept, before = [], 0
    for k, args in enumerate(calls):
        where = f"{what}, call {k + 1}"
        mine, theirs = copies(args), copies(args)
        expected, error, told = outcome(f, theirs)
        actual, raised, said = outcome(c, mine)
        assert type(raised) is type(error), f"{where}: raises {raised!r}, not {error!r}"
        assert said == told, f"{where}: warns {said}, not {told}"
        for a, b in zip(leaves(mine), leaves(theirs), strict=True):
            assert np.array_equal(a, b, equal_nan=inexact(a)), f"{where}: an argument has changed"
        again = k and args is calls[k - 1] and c.specialisations > before
        assert not again, f"{where}: the same call was recorded again"
        before = c.specialisations
        if error is not None:
            continue
        assert_same(actual, expected, where, rtol, least)
        if c.eager is None:
            assert_apart(actual, arrays(mine), f"{where}, argument")
            for y, _ in kept:
                assert_apart(actual, arrays(y), f"{where}, earlier result")
            parts = arrays(actual)
            for j, a in enumerate(parts):
                assert_apart(a, parts[:j], f"{where}, results")
            kept.append((actual, copies(actual)))
        for y, was in kept:
            assert_same(y, was, f"{where}: an earlier result has changed", 0)
    return c


# -- what is compiled of a case ---------------------------------------------------------------------


def variants(case, seed=0):
    """``(name, function, arguments)``: of the case itself and of its derivatives."""
    rng = np.random.default_rng(seed)
    args = case.args
    yield "value", case.f, args
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = leaves(case.f(*args))
    wanted = [inexact(y) for y in values]
    if not any(wanted):
        return

    def g(*xs):
        return [y for y, use in zip(leaves(case.f(*xs)), wanted, strict=True) if use]

    ct = [random_like(rng, np.asarray(y)) for y, use in zip(values, wanted, strict=True) if use]
    dargs = tuple(random_like(rng, np.asarray(a)) for a in args)

    def pulled(xs, ct):
        return dr.vjp(g, *xs)[1](ct)

    yield "VJP", pulled, (args, ct)
    yield "JVP", lambda xs, dxs: dr.jvp(g, xs, dxs), (args, dargs)
    if case.order >= 2:

        def second(*xs):
            return dr.jvp(lambda *xs: list(dr.vjp(g, *xs)[1](ct)), xs, dargs)[1]

        yield "forward over reverse", second, args


def check_compiled(case, seed=0, only=None):
    """How each variant is answered: ``{name: "replay", or why not}``."""
    found = {}
    for name, f, args in variants(case, seed):
        if only is not None and name not in only:
            continue
        what = f"{case.name}, {name}"
        other = scaled(args)
        c = check_calls(f, [args, args, other, other], what, least=1e-5)
        if c.eager is not None:
            found[name] = c.eager
        elif c.specialisations == 0:
            found[name] = "nothing recorded"
        elif c._chosen is None:
            found[name] = "replay failed"
        else:
            found[name] = "replay"
    return found


# -- all of them ------------------------------------------------------------------------------------

# What is called as it is: `(case, variant)` with a part of the reason that is given.
EAGER = {
    ("out new, where", "value"): "written into a plain array",
    ("divmod, out", "value"): "written into a plain array",
    ("np.polyval, of a polynomial", "value"): "returned poly1d",
    ("np.poly1d, beside coefficients", "value"): "returned poly1d",
    ("optimize.linprog", "value"): "returned OptimizeResult",
    ("optimize.linprog, optimum", "value"): "returned OptimizeResult",
    ("optimize.lsq_linear", "value"): "returned OptimizeResult",
    ("optimize.isotonic_regression", "value"): "returned OptimizeResult",
    (
        "gennorm.isf",
        "forward over reverse",
    ): "replay failed",  # an infinity on the way, at every point
    ("gennorm.ppf", "JVP"): "replay failed",
    ("dgamma.isf", "JVP"): "replay failed",
}
DERIVATIVES = ("VJP", "JVP", "forward over reverse")


def check_all(some, only):
    """Check `only(k)` of the k-th of `some`; raise for what differs, or is not replayed."""
    wrong, count = [], Counter()
    for k, case in some:
        for name in only(k):
            try:
                how = check_compiled(case, only=(name,)).get(name)
            except AssertionError as error:
                wrong.append(str(error).strip())
                continue
            if how is None:  # no derivative
                continue
            count["replayed" if how == "replay" else how] += 1
            reason = EAGER.get((case.name, name))
            if how != "replay" and (reason is None or reason not in how):
                wrong.append(f"{case.name}, {name}, is not replayed: {how}")
    print("\n".join(f"{n:6} {how}" for how, n in count.most_common()))
    assert not wrong, "\n".join([f"{len(wrong)} are wrong:", *wrong])


@pytest.mark.parametrize("part", range(PARTS))
def test_replays_are_the_function(part):
    """Every case as it is, and one of its derivatives: which one goes round."""
    some = list(enumerate(CASES))[part::PARTS]
    check_all(some, lambda k: ("value", DERIVATIVES[k // PARTS % 3]))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_replays_of_all_derivatives_are_the_function(part):
    check_all(list(enumerate(cases()))[part::PARTS], lambda k: DERIVATIVES)


@pytest.mark.slow
def test_what_is_called_as_it_is():
    for case in cases():
        for variant in [v for name, v in EAGER if name == case.name]:
            how = check_compiled(case, only=(variant,))[variant]
            assert EAGER[case.name, variant] in how, f"{case.name}, {variant}: {how}"
