"""``y = f(a, b, ...)`` element by element: one partial an argument."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from ...primitive import Differential, Primitive, Tracer
from .absorbing import absorbing_product
from .batching import elementwise_rule
from .shapes import as_tangent, to_spec

ndarray = np.ndarray

# -- buffers that nobody else holds -----------------------------------------------------


def _count_temporary() -> int:
    """What `getrefcount` gives inside a function for an argument that is a temporary."""

    def count(array: Any) -> int:
        return getrefcount(array)

    return count(np.empty(1))


# Without a global lock counts are not exact, and no buffer is reused.
_TEMPORARY = _count_temporary() if getattr(sys, "_is_gil_enabled", lambda: True)() else 0


def _large_product(ct: Any, p: Any) -> Any:
    """``ct * p``, written over the partial if that is a temporary of the right kind.

    Never over `ct`: should an infinity turn up, the product is taken again.
    """
    if (
        type(p) is type(ct) is ndarray
        and p.shape == ct.shape
        and p.dtype == ct.dtype
        and p.base is None
        and getrefcount(p) <= _TEMPORARY
    ):
        return np.multiply(ct, p, out=p)
    if isinstance(p, Tracer) and getrefcount(p) <= _TEMPORARY:
        return p.product_in_place(ct)
    return ct * p


def _large_scaled(ct: Any, scale: float, owned: bool) -> Any:
    """``ct * scale``, in place if `ct` is ours."""
    if not owned:
        return ct * scale
    return ct.product_in_place(scale) if isinstance(ct, Tracer) else np.multiply(ct, scale, out=ct)


# -- the form ------------------------------------------------------------------------------

_ARGUMENTS = {1: ("x",), 2: ("a", "b"), 3: ("a", "b", "c")}


class Elementwise(Primitive):
    """``y = f(a, b, ...)`` element by element, with broadcasting.

    Each partial is a number, the name of what it equals, or a function whose parameters
    *name* what it needs: ``y`` for the result, ``x`` for the only argument, ``a, b, c``
    for several. What no partial of an active argument names is not kept alive.
    """

    __slots__ = ("partials", "real", "singular")

    def __init__(
        self,
        fun: Callable[..., Any],
        partials: Sequence[Any],
        name: str | None = None,
        singular: bool = False,
        real: bool = False,
    ) -> None:
        super().__init__(fun, name, elementwise_rule)
        self.partials = tuple(partials)
        self.singular = singular
        self.real = real

    def specialise(self, active: int) -> Differential:
        return _ElementwiseDifferential(self, active)


class _ElementwiseDifferential(Differential):
    """``dy = sum_k p_k * dx_k`` and ``ct_k = p_k * ct`` with partials ``p_k``.

    The functions are written out for each set of active arguments, once, as straight
    lines of Python: they run for every operation of every derivative. For ``multiply``
    with both arguments active they read::

        def keep2(y, a, b):
            return (None, a, b) if a.shape == b.shape and a.dtype is b.dtype else (mend(y, (a, b)), a, b)

        def push(residuals, tangents):
            fix, a, b = residuals
            da, db = tangents
            dy = da * b + db * a
            return dy if fix is None else as_tangent(dy, fix[0], fix[1])

        def pull(residuals, ct):
            fix, a, b = residuals
            cts = ct * b, ct * a
            return cts if fix is None else mended(cts, fix)

    and ``push_by``, ``pull_by`` are the same with another product; ``pull_large`` reuses buffers;
    ``push_frozen`` is ``push`` with the partials that ``freeze`` computed, for many directions. ``fix`` is ``None``
    where all shapes and dtypes agree, else what it takes to mend them.
    """

    __slots__ = (
        "freeze",
        "keep1",
        "keep2",
        "kept",
        "pull",
        "pull_by",
        "pull_large",
        "push",
        "push_by",
        "push_frozen",
        "source",
    )
    push_by: Any
    pull_by: Any
    push_frozen: Any

    def __init__(self, primitive: Elementwise, active: int) -> None:
        super().__init__(primitive, singular=primitive.singular)
        self.source, scope = _write_elementwise(primitive, active)
        names = _ARGUMENTS[len(primitive.partials)]
        self.kept = scope["kept"]
        self.holds = any(
            name in scope["used"] for k, name in enumerate(names) if not active >> k & 1
        )
        for name in ("keep1", "keep2", "push", "pull", "push_by", "pull_by", "pull_large",
            "freeze", "push_frozen"):  # fmt: skip
            setattr(self, name, scope[name])

    def keep(self, y: Any, args: Sequence[Any], params: Any) -> Any:
        return self.keep2(y, *args)

    def push_absorbing(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        return self.push_by(residuals, tangents, absorbing_product)

    def pull_absorbing(self, residuals: Any, ct: Any) -> Any:
        return self.pull_by(residuals, ct, absorbing_product)


def mend(y: Any, active: tuple[Any, ...]) -> tuple[Any, ...]:
    return y.shape, y.dtype, [(x.shape, x.dtype) for x in active]


def _mended(cts: Any, fix: tuple[Any, ...]) -> Any:
    if type(cts) is tuple:
        return tuple([to_spec(c, *spec) for c, spec in zip(cts, fix[2], strict=True)])
    return to_spec(cts, *fix[2][0])


def _write_elementwise(primitive: Elementwise, active: int) -> tuple[str, dict[str, Any]]:
    """The source of an elementwise differential, and its functions by name."""
    names = _ARGUMENTS[len(primitive.partials)]
    actives = [name for k, name in enumerate(names) if active >> k & 1]
    scope: dict[str, Any] = {
        "mend": mend, "mended": _mended,
        "as_tangent": as_tangent, "large_product": _large_product, "large_scaled": _large_scaled,
    }  # fmt: skip
    used: set[str] = set()
    push, push_by, pull, pull_by, pull_large = [], [], [], [], []
    frozen, push_frozen = [], []
    for name in actives:
        partial = primitive.partials[names.index(name)]
        if callable(partial) or isinstance(partial, str):
            if callable(partial):
                needs = list(inspect.signature(partial).parameters)
                scope[f"partial_{name}"] = partial
                local = f"partial_{name}({', '.join(needs)})"
            else:
                needs, local = [partial], partial
            used.update(needs)
            forms = f"{{}} * {local}", f"times({{}}, {local})"
            frozen.append(local)
            push_frozen.append(f"d{name} * p_{name}")
            pull_large.append(f"large_product(ct, {local})")
        else:
            scope[f"constant_{name}"] = partial
            forms = ({1: "{}", -1: "-{}"}.get(partial, f"{{}} * constant_{name}"),) * 2
            last = "owned" if len(actives) == 1 else "False"
            push_frozen.append(forms[0].format(f"d{name}"))
            pull_large.append(
                "ct" if partial == 1 else f"large_scaled(ct, constant_{name}, {last})"
            )
        push.append(forms[0].format(f"d{name}"))
        push_by.append(forms[1].format(f"d{name}"))
        pull.append(forms[0].format("ct"))
        pull_by.append(forms[1].format("ct"))
    kept = "".join(f", {name}" for name in ("y", *names) if name in used) or ","
    if len(names) == 1:
        agree = "y.dtype is x.dtype" if primitive.real else "True"
    elif len(names) == 2 and len(actives) == 2 and not primitive.real:
        agree = "a.shape == b.shape and a.dtype is b.dtype"
    else:
        agree = " and ".join(f"{n}.shape == y.shape and {n}.dtype is y.dtype" for n in actives)
        if len(names) == 2 and len(actives) == 1 and not primitive.real:
            (other,) = set(names) - set(actives)
            agree = f"(type({other}) is float or ({agree}))"
    comma = "," * (len(actives) == 1)
    computed = [p for p in frozen if "(" in p]
    partials = "".join(f", p_{n}" for n in actives if f"d{n} * p_{n}" in push_frozen)
    mended = f"mend(y, ({', '.join(actives)}{comma}))"
    scope["kept"] = f"(None{kept}) if {agree} else ({mended}{kept})"
    source = f"""
def keep2(y, {", ".join(names)}):
    return {scope["kept"]}

def keep1(y, x, params):
    return keep2(y, x)

def push(residuals, tangents):
    fix{kept} = residuals
    {", ".join("d" + n for n in actives)}{comma} = tangents
    dy = {" + ".join(push)}
    return dy if fix is None else as_tangent(dy, fix[0], fix[1])

def push_by(residuals, tangents, times):
    fix{kept} = residuals
    {", ".join("d" + n for n in actives)}{comma} = tangents
    dy = {" + ".join(push_by)}
    return dy if fix is None else as_tangent(dy, fix[0], fix[1])

def freeze(residuals):
    fix{kept} = residuals
    return {f"(fix, {', '.join(frozen)})" if computed else None}

def push_frozen(frozen, tangents):
    fix{partials or ","} = frozen
    {", ".join("d" + n for n in actives)}{comma} = tangents
    dy = {" + ".join(push_frozen)}
    return dy if fix is None else as_tangent(dy, fix[0], fix[1])

def pull(residuals, ct):
    fix{kept} = residuals
    cts = {", ".join(pull)}
    return cts if fix is None else mended(cts, fix)

def pull_by(residuals, ct, times):
    fix{kept} = residuals
    cts = {", ".join(pull_by)}
    return cts if fix is None else mended(cts, fix)

def pull_large(residuals, ct, owned):
    fix{kept} = residuals
    cts = {", ".join(pull_large)}
    return cts if fix is None else mended(cts, fix)
"""
    if len(names) == 1 and not primitive.real:
        source = source.replace(
            "def keep1(y, x, params):\n    return keep2(y, x)",
            f"def keep1(y, x, params):\n    return None{kept}",
        )
    source = source.replace("+ -", "- ")
    scope["used"] = used
    exec(compile(source, f"<differential of {primitive.name}>", "exec"), scope)
    return source, scope


def elementwise(
    fun: Callable[..., Any],
    *partials: Any,
    name: str | None = None,
    singular: bool = False,
    real: bool = False,
) -> Elementwise:
    """Declare ``y = fun(a, b, ...)`` by its partial derivatives.

    Parameters
    ----------
    fun : callable
        The operation on arrays, with NumPy's broadcasting.
    *partials : number, str or callable
        One for each argument. The parameters of a callable name what it needs: ``y`` for
        the result, ``x`` for the only argument, or ``a, b, c`` for several; a string
        is such a name itself.
    name : str, optional
        For pictures and errors; `fun`'s name by default.
    singular : bool
        Whether a partial can be infinite or nan, so that zeros must absorb it.
    real : bool
        Whether the result is real for complex arguments too: then ``dy = Re(p dx)``.
    """
    return Elementwise(fun, partials, name, singular, real)
