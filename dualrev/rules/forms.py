"""The rule forms: what one declaration means to every interpreter.

``elementwise``  y = f(a, b, ...) element by element: one partial an argument
``linear``       y = A a + B b + ...: one transpose an argument
``bilinear``     y = B(a, b): one transpose an argument
``general``      everything else: a differential ``push`` and, where it pays, its transpose ``pull``

Every form gives the same two maps, from the local derivative alone [Griewank & Walther
2008, ch. 3]::

    push:  dy   = sum over active arguments of  D_k dx_k
    pull:  ct_k = D_k^T ct

Un-broadcasting, inactive arguments, dtypes and absorbing zeros are said here once.
Knows nothing of traces: plain NumPy, so that rules run on tracers are differentiated too.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import RuleError
from ..primitive import Array, Differential, Primitive, Spec, Tracer, Transpose, spec_of

ndarray = np.ndarray
LARGE = 1 << 14  # elements from which a buffer is worth reusing

# -- shapes and dtypes ------------------------------------------------------------------


def unbroadcast(ct: Array, shape: tuple[int, ...]) -> Array:
    """The transpose of broadcasting to ``ct.shape``: sum over what was repeated."""
    extra = ct.ndim - len(shape)
    axes = (*range(extra), *(extra + k for k, n in enumerate(shape) if n == 1 != ct.shape[extra + k]))
    return ct.sum(axis=axes).reshape(shape)


def to_spec(ct: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    """`ct` as a cotangent of an array with `shape` and `dtype`.

    The pairing of tangents and cotangents is ``Re sum(ct * dx)``; for real ``dx`` only
    the real part of ``ct`` counts.
    """
    if ct.shape != shape:
        ct = unbroadcast(ct, shape)
    if ct.dtype != dtype:
        if ct.dtype.kind == "c" and dtype.kind != "c":
            ct = ct.real
        if ct.dtype != dtype:
            ct = ct.astype(dtype)
    return ct


def as_tangent(dy: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    """`dy` as a tangent of an array with `shape` and `dtype`."""
    if dy.dtype != dtype:
        if dy.dtype.kind == "c" and dtype.kind != "c":
            dy = dy.real
        if dy.dtype != dtype:
            dy = dy.astype(dtype)
    if dy.shape != shape:
        dy = np.broadcast_to(dy, shape)
    return dy


# -- buffers that nobody else holds -----------------------------------------------------


def _references_to_a_local() -> int:
    array = np.empty(1)
    return sys.getrefcount(array)


_ONE_OWNER = _references_to_a_local()
_COUNTS = getattr(sys, "_is_gil_enabled", lambda: True)()  # without a GIL counts are not exact


def _is_temporary(x: Any, holders: int) -> bool:
    return _COUNTS and x.base is None and sys.getrefcount(x) <= _ONE_OWNER + holders


def _large_product(ct: Any, p: Any) -> Any:
    """``ct * p``, written over ``p`` if the partial is a temporary of the right kind."""
    if (
        type(p) is type(ct) is ndarray
        and p.shape == ct.shape
        and p.dtype == ct.dtype
        and _is_temporary(p, 1)
    ):
        return np.multiply(ct, p, out=p)
    return ct * p


# -- zeros that absorb ------------------------------------------------------------------


def _absorbing_product(a: Any, b: Any) -> Any:
    with np.errstate(invalid="ignore", over="ignore"):
        product = np.multiply(a, b)
    return np.where(np.equal(a, 0) | np.equal(b, 0), product.dtype.type(0), product)[()]


def _contract_absorbing(contract: Callable[[Any, Any], Any], ct: Any, b: Any) -> Any:
    """A bilinear ``contract(ct, b)`` in which ``0 * inf = 0``.

    Split ``ct = finite + rest``. Where the rest meets only zeros of ``b`` the result is
    ``contract(finite, b)``; elsewhere it is infinite or undefined, and stays so.
    """
    result = contract(ct, b)
    if isinstance(result, Tracer):
        return result
    wild_ct, wild_b = ~np.isfinite(ct), ~np.isfinite(b)
    if not (wild_ct.any() or wild_b.any()):
        return result
    calm = contract(np.where(wild_ct, 0, ct), np.where(wild_b, 0, b))
    hits = contract(wild_ct.astype(float), np.not_equal(b, 0).astype(float))
    hits = hits + contract(np.not_equal(ct, 0).astype(float), wild_b.astype(float))
    return np.where(hits == 0, calm, result)[()]


# -- elementwise ------------------------------------------------------------------------

_ARGUMENTS = {1: ("x",), 2: ("a", "b"), 3: ("a", "b", "c")}


class Elementwise(Primitive):
    """``y = f(a, b, ...)`` element by element, with broadcasting.

    Each partial is a number, or a function whose parameters *name* what it needs: ``y``
    for the result, ``x`` for the only argument, ``a, b, c`` for several. What no partial
    of an active argument names is not kept alive.
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
        super().__init__(fun, name)
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

        def keep(y, a, b):
            if a.shape == b.shape and a.dtype is b.dtype:
                return None, a, b
            return mend(y, (a, b)), a, b

        def push(residuals, tangents):
            fix, a, b = residuals
            da, db = tangents
            dy = da * partial_a(b) + db * partial_b(a)
            return dy if fix is None else as_tangent(dy, fix[0], fix[1])

        def pull(residuals, ct):
            fix, a, b = residuals
            if ct.size > LARGE:
                return pull_by(residuals, ct, large_product)
            cts = ct * partial_a(b), ct * partial_b(a)
            return cts if fix is None else mended(cts, fix)

    and ``push_by``, ``pull_by`` are the same with another product. ``fix`` is ``None``
    where all shapes and dtypes agree, else what it takes to mend them.
    """

    __slots__ = ("keep1", "keep2", "keep_all", "pull", "pull_by", "push", "push_by", "source")

    def __init__(self, primitive: Elementwise, active: int) -> None:
        super().__init__(primitive, singular=primitive.singular)
        self.source, scope = _write_elementwise(primitive, active)
        self.keep_all = scope["keep"]
        self.keep2 = scope["keep"]
        self.keep1 = scope["keep1"]
        self.push, self.pull = scope["push"], scope["pull"]
        self.push_by, self.pull_by = scope["push_by"], scope["pull_by"]

    def keep(self, y: Any, args: Sequence[Any], params: Any) -> Any:
        return self.keep_all(y, *args)

    def push_absorbing(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        return self.push_by(residuals, tangents, absorbing_product)

    def pull_absorbing(self, residuals: Any, ct: Any) -> Any:
        return self.pull_by(residuals, ct, absorbing_product)


def _mend(y: Any, active: tuple[Any, ...]) -> tuple[Any, ...]:
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
        "LARGE": LARGE, "mend": _mend, "mended": _mended,
        "as_tangent": as_tangent, "large_product": _large_product,
    }  # fmt: skip
    used: set[str] = set()
    push, push_by, pull, pull_by = [], [], [], []
    for name in actives:
        partial = primitive.partials[names.index(name)]
        if callable(partial):
            needs = list(inspect.signature(partial).parameters)
            used.update(needs)
            scope[f"partial_{name}"] = partial
            local = f"partial_{name}({', '.join(needs)})"
            forms = f"{{}} * {local}", f"times({{}}, {local})"
        else:
            scope[f"constant_{name}"] = partial
            forms = ({1: "{}", -1: "-{}"}.get(partial, f"{{}} * constant_{name}"),) * 2
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
            agree = f"type({other}) is float or ({agree})"
    comma = "," * (len(actives) == 1)
    source = f"""
def keep(y, {", ".join(names)}):
    if {agree}:
        return None{kept}
    return mend(y, ({", ".join(actives)}{comma})){kept}

def keep1(y, x, params):
    return keep(y, x)

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

def pull(residuals, ct):
    fix{kept} = residuals
    if ct.size > LARGE:
        return pull_by(residuals, ct, large_product)
    cts = {", ".join(pull)}
    return cts if fix is None else mended(cts, fix)

def pull_by(residuals, ct, times):
    fix{kept} = residuals
    cts = {", ".join(pull_by)}
    return cts if fix is None else mended(cts, fix)
"""
    if len(names) == 1 and not primitive.real:
        source = source.replace(
            "def keep1(y, x, params):\n    return keep(y, x)",
            f"def keep1(y, x, params):\n    return None{kept}",
        )
    if not used:  # constant partials: nothing to reuse
        source = source.replace(
            "    if ct.size > LARGE:\n        return pull_by(residuals, ct, large_product)\n", ""
        )
    source = source.replace("+ -", "- ")
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
    *partials : number or callable
        One for each argument. The parameters of a callable name what it needs: ``y`` for
        the result, ``x`` for the only argument, or ``a, b, c`` for several.
    name : str, optional
        For pictures and errors; `fun`'s name by default.
    singular : bool
        Whether a partial can be infinite or nan, so that zeros must absorb it.
    real : bool
        Whether the result is real for complex arguments too: then ``dy = Re(p dx)``.
    """
    return Elementwise(fun, partials, name, singular, real)


# -- linear -----------------------------------------------------------------------------


class Linear(Primitive):
    """``y = A a + B b + ...``: linear in all its arguments together.

    The operation is its own JVP. Transposes see the specs of the arguments, not values.
    """

    __slots__ = ("structural", "transposes", "variadic")

    def __init__(
        self,
        fun: Callable[..., Any],
        transposes: Sequence[Callable[..., Any]],
        name: str | None = None,
        variadic: bool = False,
        structural: bool = False,
    ) -> None:
        super().__init__(fun, name)
        self.transposes = tuple(transposes)
        self.variadic = variadic
        self.structural = structural

    def specialise(self, active: int) -> Differential:
        if active == 1 and len(self.transposes) == 1 and not self.variadic:
            return _LinearInOne(self)
        return _LinearDifferential(self, active)


class _LinearDifferential(Differential):
    """``dy = A da + B db``, ``ct_a = A^T ct``. Residuals: specs of all arguments, parameters."""

    __slots__ = ("mask", "positions", "transpose")
    primitive: Linear

    def __init__(self, primitive: Linear, active: int) -> None:
        super().__init__(primitive)
        self.mask = active
        self.positions = tuple(k for k in range(active.bit_length()) if active >> k & 1)
        self.transpose = primitive.transposes[0]

    def keep(self, y: Any, args: Sequence[Any], params: Any) -> Any:
        return [_shape_dtype(x) for x in args], params, y.dtype

    def push(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        specs, params, dtype = residuals
        if len(tangents) < len(specs):
            given = iter(tangents)
            tangents = [
                next(given) if self.mask >> k & 1 else np.broadcast_to(np.zeros((), d), shape)
                for k, (shape, d) in enumerate(specs)
            ]
        dy = self.primitive(*tangents, **params)
        return dy if dy.dtype == dtype else dy.astype(dtype)

    def pull(self, residuals: Any, ct: Any) -> Any:
        specs, params, _ = residuals
        arguments = [Spec(*s) for s in specs]
        if self.primitive.variadic:
            all_cts = self.transpose(ct, arguments, **params)
            cts = [all_cts[k] for k in self.positions]
        else:
            transposes = self.primitive.transposes
            cts = [transposes[k](ct, *arguments, **params) for k in self.positions]
        cts = [_conform(c, *specs[k]) for c, k in zip(cts, self.positions, strict=True)]
        return cts[0] if len(cts) == 1 else tuple(cts)


class _LinearInOne(Differential):
    """The same for an operation of one argument. Residuals: spec, parameters, result's dtype."""

    __slots__ = ("transpose",)

    def __init__(self, primitive: Linear) -> None:
        super().__init__(primitive)
        (self.transpose,) = primitive.transposes

    def keep(self, y: Any, args: Sequence[Any], params: Any) -> Any:
        return args[0].shape, args[0].dtype, params, y.dtype

    def keep1(self, y: Any, x: Any, params: Any) -> Any:
        return x.shape, x.dtype, params, y.dtype

    def push(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        dy = self.primitive(*tangents, **(residuals[2] or {}))
        return dy if dy.dtype == residuals[3] else dy.astype(residuals[3])

    def pull(self, residuals: Any, ct: Any) -> Any:
        shape, dtype, params, _ = residuals
        ct_x = self.transpose(ct, Spec(shape, dtype), **(params or {}))
        return ct_x if ct_x.dtype is dtype else to_spec(ct_x, shape, dtype)


def _shape_dtype(x: Any) -> tuple[tuple[int, ...], Any]:
    spec = spec_of(x)
    return spec.shape, spec.dtype


def _conform(ct: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """`ct` if its spec is right, mended by the broadcasting rule if it is not."""
    if ct.shape == shape and ct.dtype == dtype:
        return ct
    return to_spec(ct, shape, dtype)


def linear(
    fun: Callable[..., Any],
    *transposes: Callable[..., Any],
    name: str | None = None,
    variadic: bool = False,
    structural: bool = False,
) -> Linear:
    """Declare an operation that is linear in all its positional arguments together.

    Parameters
    ----------
    fun : callable
        ``fun(a, b, ..., **params)``.
    *transposes : callable
        For each argument ``t(ct, a, b, ..., **params)``, where ``a, b`` are specs (shape
        and dtype only). With `variadic` a single ``t(ct, specs, **params)`` that returns
        one cotangent an argument.
    structural : bool
        Whether `fun` only moves, drops or repeats elements.
    """
    return Linear(fun, transposes, name, variadic, structural)


# -- bilinear ---------------------------------------------------------------------------


class Bilinear(Primitive):
    """``y = B(a, b)``, linear in each argument: ``dy = B(da, b) + B(a, db)``."""

    __slots__ = ("left", "right")

    def __init__(
        self,
        fun: Callable[..., Any],
        left: Callable[..., Any],
        right: Callable[..., Any],
        name: str | None = None,
    ) -> None:
        super().__init__(fun, name)
        self.left = left
        self.right = right

    def specialise(self, active: int) -> Differential:
        return _BilinearDifferential(self, active)


class _BilinearDifferential(Differential):
    """Residuals: each argument if the other is active, else its spec; parameters."""

    __slots__ = ("mask",)

    def __init__(self, primitive: Bilinear, active: int) -> None:
        super().__init__(primitive)
        self.mask = active

    def keep(self, y: Any, args: Sequence[Any], params: Any) -> tuple[Any, ...]:
        a, b = args
        spec_a = _shape_dtype(a)
        spec_b = _shape_dtype(b)
        mask = self.mask
        return (a if mask & 2 else None), (b if mask & 1 else None), spec_a, spec_b, params, y.dtype

    def push(self, residuals: Any, tangents: Sequence[Any], bind: Any = None) -> Any:
        a, b, _, _, params, dtype = residuals
        bind = bind or _call
        fun = self.primitive
        if self.mask == 3:
            dy = bind(fun, tangents[0], b, params) + bind(fun, a, tangents[1], params)
        elif self.mask == 1:
            dy = bind(fun, tangents[0], b, params)
        else:
            dy = bind(fun, a, tangents[0], params)
        return dy if dy.dtype == dtype else dy.astype(dtype)

    def pull(self, residuals: Any, ct: Any, bind: Any = None) -> Any:
        a, b, spec_a, spec_b, params, _ = residuals
        bind = bind or _call
        left, right = self.primitive.left, self.primitive.right
        cts = []
        if self.mask & 1:
            shape = Spec(*spec_a)
            c = bind(lambda ct, b, **params: left(ct, shape, b, **params), ct, b, params)
            cts.append(_conform(c, *spec_a))
        if self.mask & 2:
            shape_b = Spec(*spec_b)
            c = bind(lambda ct, a, **params: right(ct, a, shape_b, **params), ct, a, params)
            cts.append(_conform(c, *spec_b))
        return cts[0] if len(cts) == 1 else tuple(cts)

    def push_absorbing(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        return self.push(residuals, tangents, _call_absorbing)

    def pull_absorbing(self, residuals: Any, ct: Any) -> Any:
        return self.pull(residuals, ct, _call_absorbing)


def _call(fun: Any, a: Any, b: Any, params: dict[str, Any]) -> Any:
    return fun(a, b, **params)


def _call_absorbing(fun: Any, a: Any, b: Any, params: dict[str, Any]) -> Any:
    return _contract_absorbing(lambda s, t: fun(s, t, **params), a, b)


def bilinear(
    fun: Callable[..., Any],
    left: Callable[..., Any],
    right: Callable[..., Any],
    name: str | None = None,
) -> Bilinear:
    """Declare ``y = fun(a, b, **params)``, linear in `a` and linear in `b`.

    Parameters
    ----------
    left : callable
        ``left(ct, a, b, **params)`` is the cotangent of `a`; `a` is a spec.
    right : callable
        ``right(ct, a, b, **params)`` is the cotangent of `b`; `b` is a spec.
    """
    return Bilinear(fun, left, right, name)


absorbing_product = bilinear(
    _absorbing_product,
    lambda ct, a, b: to_spec(absorbing_product(ct, b), a.shape, a.dtype),
    lambda ct, a, b: to_spec(absorbing_product(a, ct), b.shape, b.dtype),
    name="absorbing_product",
)


# -- general ----------------------------------------------------------------------------


class General(Primitive):
    """Any differentiable operation: ``rule(y, *args, **params)`` gives ``push`` and ``pull``.

    ``push(da, db, ...)`` takes a tangent for every argument. ``pull(ct)`` returns a
    cotangent for every argument; an entry may be a function of no arguments, called only
    if that argument is active, or ``None`` for an argument without derivative. A rule
    that returns ``push`` alone has its ``pull`` derived by transposing it.
    """

    __slots__ = ("rule", "singular")

    def __init__(
        self,
        fun: Callable[..., Any],
        rule: Callable[..., Any],
        name: str | None = None,
        singular: bool = False,
    ) -> None:
        super().__init__(fun, name)
        self.rule = rule
        self.singular = singular

    def specialise(self, active: int) -> Differential:
        return _GeneralDifferential(self, active)


class _GeneralDifferential(Differential):
    """Residuals: result, arguments, parameters; the rule is run when a map is needed."""

    __slots__ = ("positions",)

    def __init__(self, primitive: General, active: int) -> None:
        super().__init__(primitive, singular=primitive.singular, deferred=True)
        self.positions = tuple(k for k in range(active.bit_length()) if active >> k & 1)

    def keep(self, y: Any, args: Sequence[Any], params: Any) -> tuple[Any, ...]:
        return y, tuple(args), params

    def push(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        y, args, params = residuals
        push = self._maps(residuals)[0]
        if len(tangents) < len(args):
            given = dict(zip(self.positions, tangents, strict=True))
            tangents = [given[k] if k in given else _zeros_like(x) for k, x in enumerate(args)]
        dy = push(*tangents)
        if isinstance(y, tuple):
            return tuple(as_tangent(d, *_shape_dtype(p)) for d, p in zip(dy, y, strict=True))
        return as_tangent(dy, *_shape_dtype(y))

    def pull(self, residuals: Any, ct: Any) -> Sequence[Any]:
        y, args, params = residuals
        push, pull = self._maps(residuals)
        if pull is None:
            return self._transposed(push, args, ct)
        cts = pull(ct)
        if not isinstance(cts, tuple):
            cts = (cts,)
        if len(cts) != len(args):
            raise RuleError(f"the rule of {self.primitive.name} returned {len(cts)} cotangents for {len(args)} arguments")
        out = []
        for k in self.positions:
            c = cts[k]
            if callable(c):
                c = c()
            out.append(_zeros_like(args[k]) if c is None else _conform(c, *_shape_dtype(args[k])))
        return out[0] if len(out) == 1 else tuple(out)

    def _maps(self, residuals: Any) -> tuple[Any, Any]:
        y, args, params = residuals
        maps = self.primitive.rule(y, *args, **params)
        return maps if isinstance(maps, tuple) else (maps, None)

    def _transposed(self, push: Any, args: Sequence[Any], ct: Any) -> Transpose:
        zeros = [_zeros_like(x) for x in args]

        def restricted(*active: Any) -> Any:
            full = list(zeros)
            for k, dx in zip(self.positions, active, strict=True):
                full[k] = dx
            return push(*full)

        return Transpose(restricted, [zeros[k] for k in self.positions], ct)


def _zeros_like(x: Any) -> Any:
    shape, dtype = _shape_dtype(x)
    return np.zeros(shape, dtype if dtype.kind in "fc" else float)


def general(fun: Callable[..., Any], name: str | None = None, singular: bool = False) -> Callable[..., General]:
    """Declare `fun` by its linearization; a decorator for the rule.

    The decorated ``rule(y, *args, **params)`` returns ``push, pull`` (or ``push`` alone).
    Its docstring states the equation, its differential, and the source.
    """

    def declare(rule: Callable[..., Any]) -> General:
        return General(fun, rule, name or rule.__name__, singular)

    return declare
