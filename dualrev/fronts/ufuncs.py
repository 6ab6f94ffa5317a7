"""NumPy's ufuncs: which primitive each one is, and calls with all their keywords."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import NoRuleError, describe, explain
from ..primitive import Primitive, Tracer, apply, primal_of
from ..rules import elementwise as ew
from ..rules import products
from ..rules.shaping import cast_to
from . import FUNCTIONS, ufunc_methods
from .packing import as_array, numpy_complex
from .writes import bind_anew, refusal_to_bind, unsupported, write_out

# fmt: off
UFUNCS: dict[np.ufunc, Primitive] = {
    np.add: ew.add, np.subtract: ew.subtract, np.multiply: ew.multiply, np.divide: ew.divide,
    np.positive: ew.positive, np.negative: ew.negative, np.reciprocal: ew.reciprocal,
    np.power: ew.power, np.float_power: ew.float_power, np.square: ew.square, np.sqrt: ew.sqrt, np.cbrt: ew.cbrt,
    np.exp: ew.exp, np.exp2: ew.exp2, np.expm1: ew.expm1,
    np.log: ew.log, np.log2: ew.log2, np.log10: ew.log10, np.log1p: ew.log1p,
    np.logaddexp: ew.logaddexp, np.logaddexp2: ew.logaddexp2,
    np.sin: ew.sin, np.cos: ew.cos, np.tan: ew.tan,
    np.arcsin: ew.arcsin, np.arccos: ew.arccos, np.arctan: ew.arctan, np.arctan2: ew.arctan2, np.hypot: ew.hypot,
    np.sinh: ew.sinh, np.cosh: ew.cosh, np.tanh: ew.tanh,
    np.arcsinh: ew.arcsinh, np.arccosh: ew.arccosh, np.arctanh: ew.arctanh,
    np.deg2rad: ew.deg2rad, np.radians: ew.radians, np.rad2deg: ew.rad2deg, np.degrees: ew.degrees,
    np.maximum: ew.maximum, np.minimum: ew.minimum, np.fmax: ew.fmax, np.fmin: ew.fmin,
    np.absolute: ew.absolute, np.fabs: ew.fabs, np.conjugate: ew.conjugate,
    np.remainder: ew.remainder, np.fmod: ew.fmod, np.matmul: products.matmul,
}
# Derivative zero wherever it exists (or no floats at all): called on plain values.
CONSTANT_UFUNCS = frozenset({
    np.floor, np.ceil, np.rint, np.trunc, np.floor_divide, np.signbit, np.spacing,
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.isfinite, np.isinf, np.isnan, np.isnat,
    np.logical_and, np.logical_or, np.logical_xor, np.logical_not,
    np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.bitwise_count, np.invert,
    np.left_shift, np.right_shift, np.gcd, np.lcm,
})
# fmt: on


def _plain(x: Any) -> Any:
    x = as_array(x)
    if isinstance(x, Tracer):
        x.refresh()
    return primal_of(x)


# -- ufuncs that are more than one primitive ------------------------------------------------


def sign(x: Any) -> Any:
    """A direction; for real numbers a constant."""
    return ew.sign(x) if x.dtype.kind == "c" else np.sign(_plain(x))


def copysign(a: Any, b: Any) -> Any:
    return ew.copysign(a, _plain(b))


def nextafter(a: Any, b: Any) -> Any:
    """`a`, shifted by a constant."""
    return ew.nextafter(a, _plain(b))


def heaviside(a: Any, b: Any) -> Any:
    """A constant, but for `b`, which is the value where ``a = 0``."""
    return ew.heaviside(_plain(a), b)


def ldexp(x: Any, n: Any) -> Any:
    return ew.ldexp(x, n=_plain(n))


def frexp(x: Any) -> tuple[Any, Any]:
    """``x = mantissa 2**n``; ``n`` is constant between powers of two."""
    n = np.frexp(_plain(x))[1]
    return ew.ldexp(x, n=-n), n


def modf(x: Any) -> tuple[Any, Any]:
    return ew.fraction(x), np.modf(_plain(x))[1]


def divmod(a: Any, b: Any) -> tuple[Any, Any]:
    return np.floor_divide(_plain(a), _plain(b)), ew.remainder(a, b)


COMPOSITES: dict[np.ufunc, Callable[..., Any]] = {
    np.sign: sign,
    np.copysign: copysign,
    np.nextafter: nextafter,
    np.heaviside: heaviside,
    np.ldexp: ldexp,
    np.frexp: frexp,
    np.modf: modf,
    np.divmod: divmod,
}

PRODUCTS = frozenset(
    {np.matmul, np.vecdot, np.matvec, np.vecmat}
    if hasattr(np, "matvec")
    else {np.matmul, np.vecdot}
)

# -- the call ---------------------------------------------------------------------------------

_PLAIN_TYPES = frozenset(
    {float, int, bool, np.float64, np.float32, np.int64, np.complex128, np.bool_}
)


def _is_ready(x: Any) -> bool:
    """Whether `x` can be handed to a primitive as it is."""
    return (
        isinstance(x, Tracer)
        or type(x) in _PLAIN_TYPES
        or (type(x) is np.ndarray and x.dtype.kind != "O")
    )


def call_ufunc(ufunc: Any, method: str, inputs: Any, kwargs: Any) -> Any:
    """What ``__array_ufunc__`` of a tracer does."""
    if not kwargs and method == "__call__":
        primitive = UFUNCS.get(ufunc)
        if primitive is not None:
            if len(inputs) == 1:
                return inputs[0].apply1(primitive)
            a, b = inputs
            if isinstance(a, Tracer):
                if _is_ready(b):
                    return a.apply2(primitive, a, b)
            elif isinstance(b, Tracer) and _is_ready(a):
                return b.apply2(primitive, a, b)
    if method == "__call__":
        if "out" in kwargs or "where" in kwargs:
            return _call_into(ufunc, inputs, kwargs)
        return _evaluate(ufunc, inputs, kwargs)
    if ufunc in CONSTANT_UFUNCS:
        return _constant(ufunc, method, inputs, kwargs)
    if ufunc.signature is not None or ufunc.nout > 1:
        raise NoRuleError(
            explain(
                f"np.{ufunc.__name__}.{method} has no derivative rule.", "call the function itself"
            )
        )
    return getattr(ufunc_methods, method)(ufunc, *inputs, **kwargs)


def _evaluate(ufunc: Any, inputs: Any, kwargs: Any) -> Any:
    """The result of a call without ``out`` and ``where``."""
    if ufunc in CONSTANT_UFUNCS:
        return _constant(ufunc, "__call__", inputs, kwargs)
    if ufunc in PRODUCTS and (kwargs or ufunc not in UFUNCS):
        front = FUNCTIONS.get(ufunc)
        if front is None:
            raise unsupported(
                ufunc,
                f"no rule with {', '.join(kwargs) or 'these arguments'}",
                "write it with np.einsum",
            )
        return front(*inputs, **kwargs)
    arrays = [as_array(x) for x in inputs]
    if kwargs:
        arrays = _cast_inputs(ufunc, arrays, dict(kwargs))
    if not any(isinstance(x, Tracer) for x in arrays):
        return ufunc(*arrays)
    if complex in map(type, arrays):
        kind = np.result_type(*map(primal_of, arrays))
        arrays = [numpy_complex(x, kind) if type(x) is complex else x for x in arrays]
    composite = COMPOSITES.get(ufunc)
    if composite is not None:
        return composite(*arrays)
    primitive = UFUNCS.get(ufunc)
    if primitive is None:
        primitive = _special(ufunc)
        if ufunc.types[0].startswith("d"):  # then SciPy has no float32 loop for a Python float
            arrays = [np.float64(x) if type(x) is float else x for x in arrays]
    if primitive is None and all(set(kinds) <= set("O->") for kinds in ufunc.types):
        results = ufunc(*(np.asarray(x, object) for x in arrays))  # a Python function
        return tuple(map(as_array, results)) if ufunc.nout > 1 else as_array(results)
    if primitive is None:
        raise NoRuleError(
            explain(
                f"the ufunc {ufunc.__name__} has no derivative rule.",
                "compose it from supported functions, or give it a rule with dr.custom",
                with_=", ".join(describe(primal_of(x)) for x in arrays),
            )
        )
    return apply(primitive, arrays, {})


def _special(ufunc: Any) -> Primitive | None:
    """The rule of a ufunc of ``scipy.special``, if that is loaded at all."""
    if "scipy.special" not in sys.modules:
        return None
    from ..rules import special  # not at the top: it loads scipy.special

    return special.UFUNCS.get(ufunc)


def _constant(ufunc: Any, method: str, inputs: Any, kwargs: Any) -> Any:
    kwargs = dict(kwargs)
    outs = kwargs.pop("out", ())
    if any(isinstance(out, Tracer) for out in outs):
        results = getattr(ufunc, method)(*map(_plain, inputs), **kwargs)
        return write_out(results, outs[0])
    if outs:
        kwargs["out"] = outs
    return getattr(ufunc, method)(*map(_plain, inputs), **kwargs)


def _cast_inputs(ufunc: Any, arrays: list[Any], kwargs: dict[str, Any]) -> list[Any]:
    """`arrays` in the dtype that the keywords ask for; NumPy itself checks the casting."""
    dtype = kwargs.get("dtype")
    other = set(kwargs) - {"dtype", "casting", "order", "subok"}
    if other:
        raise unsupported(
            ufunc,
            f"the keyword {', '.join(sorted(other))} is not supported",
            "use dtype=, or x.astype",
        )
    ufunc(*[x.memory() if isinstance(x, Tracer) else x for x in arrays], **kwargs)
    if dtype is None:
        return arrays
    dtype = np.dtype(dtype)
    if dtype.kind not in "fc":
        raise unsupported(
            ufunc, f"dtype={dtype} has no derivative", "leave dtype out, or say dr.stop_gradient(x)"
        )

    def cast(x: Any) -> Any:
        if isinstance(x, Tracer):
            return cast_to(x, dtype)
        if isinstance(x, (float, int, complex)) or (ufunc is np.ldexp and x.dtype.kind == "i"):
            return x
        return x.astype(dtype)

    return [cast(x) for x in arrays]


def _call_into(ufunc: Any, inputs: Any, kwargs: dict[str, Any]) -> Any:
    """A call with ``out`` or ``where``."""
    if ufunc in CONSTANT_UFUNCS and not any(
        isinstance(out, Tracer) for out in kwargs.get("out", ())
    ):
        return _constant(
            ufunc, "__call__", inputs, {**kwargs, "where": _plain(kwargs.get("where", True))}
        )
    rest = {key: value for key, value in kwargs.items() if key not in ("out", "where")}
    where = kwargs.get("where", True)
    casting = kwargs.get("casting", "same_kind")
    outs = kwargs.get("out", (None,) * ufunc.nout)
    if where is not True and any(out is None for out in outs):
        raise unsupported(
            ufunc,
            "where= without out= leaves the other elements undefined",
            "write np.where(mask, f(x), value), or give out=np.zeros(n, like=x)",
        )
    # Before the evaluation, which may keep the array for later and so change its count.
    refusal = refusal_to_bind(kwargs, ufunc.__name__) if type(outs[0]) is np.ndarray else None
    if where is True:
        results = _evaluate(ufunc, inputs, rest)
    else:
        with np.errstate(all="ignore"):  # NumPy does not compute what where= leaves out
            results = _evaluate(ufunc, inputs, rest)
    results = results if ufunc.nout > 1 else (results,)
    if where is not True:
        mask = _plain(where)
        results = tuple(np.where(mask, r, out) for r, out in zip(results, outs, strict=True))
    written = tuple(
        r
        if out is None
        else bind_anew(r, out, casting, refusal)
        if type(out) is np.ndarray
        else write_out(r, out, casting)
        for r, out in zip(results, outs, strict=True)
    )
    return written if ufunc.nout > 1 else written[0]


# -- arrays of objects ------------------------------------------------------------------------


def _object_method(ufunc: np.ufunc) -> Callable[..., Any]:
    def method(self: Any, *others: Any) -> Any:
        return call_ufunc(ufunc, "__call__", (self, *others), {})

    method.__name__ = ufunc.__name__
    return method


# ``np.sin([x, y])`` of traced scalars never reaches us: NumPy makes an array of objects and
# calls the method ``sin`` of each. So tracers have the methods that NumPy looks for; the
# other ufuncs use operators.
_BY_METHOD = (
    np.sqrt, np.cbrt, np.exp, np.exp2, np.expm1, np.log, np.log2, np.log10, np.log1p,
    np.sin, np.cos, np.tan, np.arcsin, np.arccos, np.arctan, np.arctan2, np.hypot, np.fmod, np.fabs, np.rint,
    np.sinh, np.cosh, np.tanh, np.arcsinh, np.arccosh, np.arctanh,
    np.deg2rad, np.radians, np.rad2deg, np.degrees, np.logical_xor,
)  # fmt: skip
OBJECT_METHODS = {ufunc.__name__: _object_method(ufunc) for ufunc in _BY_METHOD}
