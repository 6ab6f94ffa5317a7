"""Forward mode: dual numbers.

A `Dual` carries a value and its tangent. Every primitive maps both at once, so tangents
travel along with the computation and no record is kept::

    x + dx  ->  f(x) + f'(x) dx                 [Griewank & Walther 2008, sec. 3.1]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from sys import getrefcount
from typing import Any

import numpy as np

from ..aliasing import write_into
from ..arithmetic import write_operators
from ..array import ArrayTracer
from ..primitive import (
    CAREFUL,
    RECORDING,
    Differential,
    Primitive,
    Trace,
    Tracer,
    apply,
    is_finite,
)
from ..rules.indexing import getitem, take


class Dual(ArrayTracer):
    """A dual number, of any shape: ``primal + tangent * epsilon`` with ``epsilon**2 = 0``.

    Attributes
    ----------
    primal, tangent : Array
        Of the same shape and dtype; either may be a tracer of an outer trace.
    run : Trace
        Whose epsilon it is. Duals of different traces do not mix: to each, the other is
        a constant.
    """

    __slots__ = ()

    def __init__(self, primal: Any, tangent: Any, trace: Trace) -> None:
        self.primal = primal
        self.tangent = tangent
        self.run = trace
        self.writes = 0
        self.window = None

    def apply1(self, primitive: Primitive, params: Any = None) -> Any:
        trace = self.run
        if trace.alert:
            return self.apply(primitive, (self,), params or {})
        x = self.primal
        if isinstance(x, Tracer):
            y = x.apply1(primitive, params)
        else:
            y = primitive.fun(x) if params is None else primitive.fun(x, **params)
        differential = primitive.first
        residuals = differential.keep1(y, x, params)
        if differential.singular:
            dy = _push(trace, differential, residuals, (self.tangent,))
        else:
            dy = differential.push(residuals, (self.tangent,))
        if type(y) is tuple:
            return tuple(Dual(p, t, trace) for p, t in zip(y, dy, strict=True))
        return Dual(y, dy, trace)

    def __getitem__(self, key: Any) -> Any:
        if type(key) is slice and not self.run.alert:
            dual = Dual(take(self.primal, key), take(self.tangent, key), self.run)
            dual.window = self, key, self.writes
            return dual
        return super().__getitem__(key)

    def take_index(self, key: Any) -> Any:
        if self.run.alert:
            return self.apply(getitem, (self,), {"key": key})
        return Dual(take(self.primal, key), take(self.tangent, key), self.run)

    def apply2(self, primitive: Primitive, a: Any, b: Any) -> Any:
        trace = self.run
        if trace.alert:  # the other operand may belong to a run further inside
            return apply(primitive, (a, b), {})
        tangents: tuple[Any, ...]
        if type(b) is Dual and b.run is trace:
            z = b.primal
            if type(a) is Dual and a.run is trace:
                x = a.primal
                differential = primitive.both
                tangents = (a.tangent, b.tangent)
            else:
                if isinstance(a, Tracer):
                    a.refresh()
                    if a.run.level > trace.level:
                        return a.apply2(primitive, a, b)
                    a = a.snapshot()
                x = _seen(a) if type(a) is np.ndarray else a
                differential = primitive.second
                tangents = (b.tangent,)
        else:
            if isinstance(b, Tracer):
                b.refresh()
                if b.run.level > trace.level:
                    return b.apply2(primitive, a, b)
                b = b.snapshot()
            x = a.primal
            z = _seen(b) if type(b) is np.ndarray else b
            differential = primitive.first
            tangents = (a.tangent,)
        y = primitive.fun(x, z)
        residuals = differential.keep2(y, x, z)
        if differential.singular:
            dy = _push(trace, differential, residuals, tangents)
        else:
            dy = differential.push(residuals, tangents)
        return Dual(y, dy, trace)

    def apply(self, primitive: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
        trace = self.run
        if trace.alert and trace.settle(args):
            return apply(primitive, args, params)
        primals, tangents, active = [], [], 0
        for k, arg in enumerate(args):
            if type(arg) is Dual and arg.run is trace:
                primals.append(arg.primal)
                tangents.append(arg.tangent)
                active |= 1 << k
            else:
                if isinstance(arg, Tracer):
                    arg = arg.snapshot()
                    if isinstance(arg, Tracer) and arg.run.level > trace.level:
                        return apply(primitive, args, params)  # a view that has become traced
                primals.append(_seen(arg) if type(arg) is np.ndarray else arg)
        y = apply(primitive, primals, params)
        differential = primitive.differential(active)
        residuals = differential.keep(y, primals, params)
        if differential.singular or trace.alert & CAREFUL:
            dy = _push(trace, differential, residuals, tangents)
        else:
            dy = differential.push(residuals, tangents)
        if type(y) is tuple:
            return tuple(Dual(p, t, trace) for p, t in zip(y, dy, strict=True))
        return Dual(y, dy, trace)

    def write(self, key: Any, value: Any) -> None:
        if type(value) is Dual and value.run is self.run:
            value.refresh()
            value, dvalue = value.primal, value.tangent
        else:
            dvalue = self.dtype.type(0)
        write_into(self, "primal", key, value)
        write_into(self, "tangent", key, dvalue)

    def product_in_place(self, ct: Any) -> Any:
        """``d(ct p) = dct p + ct dp``, over the buffers of ``p`` and ``dp`` where they are ours."""
        p, dp = self.primal, self.tangent
        if (
            self.run.alert
            or not (_reusable(p) and _reusable(dp) and p.shape == dp.shape)
            or getrefcount(p) > _SLOT_AND_LOCAL
            or getrefcount(dp) > _SLOT_AND_LOCAL
        ):
            return ct * self
        if type(ct) is Dual and ct.run is self.run and ct.shape == p.shape:
            c, dc = ct.primal, ct.tangent
            if c.dtype != p.dtype or isinstance(c, Tracer) or isinstance(dc, Tracer):
                return ct * self
            np.multiply(c, dp, out=dp)
            dp += dc * p
            np.multiply(c, p, out=p)
        elif type(ct) in (int, float) or (
            type(ct) is np.ndarray and ct.dtype == p.dtype and ct.shape == p.shape
        ):
            np.multiply(ct, p, out=p)
            np.multiply(ct, dp, out=dp)
        else:
            return ct * self
        return self

    def is_finite(self) -> bool:
        return is_finite(self.primal) and is_finite(self.tangent)


def _seen(array: Any) -> Any:
    """A constant; while a program is recorded, so that what rules compute with it is recorded."""
    recorder = RECORDING.get()
    return array if recorder is None else recorder.lifted(array)


def _reusable(x: Any) -> bool:
    return type(x) is np.ndarray and x.base is None and x.flags.writeable


def _count_slot_and_local() -> int:
    """What `getrefcount` gives for an array that a slot and one local name hold."""
    dual = Dual(np.empty(1), None, None)  # type: ignore[arg-type]
    p = dual.primal
    return getrefcount(p)


_EXACT = getattr(sys, "_is_gil_enabled", lambda: True)()  # without it no count can be trusted
_SLOT_AND_LOCAL = _count_slot_and_local() if _EXACT else 0


def _push(trace: Trace, differential: Differential, residuals: Any, tangents: Sequence[Any]) -> Any:
    """Push through an operation whose partials may be infinite, without a warning.

    Zeros absorb; while an infinite tangent is about, the trace goes on carefully.
    """
    with np.errstate(all="ignore"):
        dy = differential.push(residuals, tangents)
        if not is_finite(dy):
            dy = differential.push_absorbing(residuals, tangents)
            if not is_finite(dy):
                trace.alert |= CAREFUL
    return dy


_PUSH = """
residuals = differential.keep2(y, a, b)
tangents = {tangents}
if differential.singular:
    dy = push_carefully(run, differential, residuals, tangents)
else:
    dy = differential.push(residuals, tangents)
return Dual(y, dy, run)
"""
write_operators(
    Dual,
    both=_PUSH.format(tangents="(self.tangent, other.tangent)"),
    one=_PUSH.format(tangents="(self.tangent,)"),
    scope={"Dual": Dual, "push_carefully": _push},
)
