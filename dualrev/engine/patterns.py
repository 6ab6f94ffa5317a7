"""Sparsity: which inputs each element of a result depends on, found while the function runs.

A `Tracked` carries a value and its index domains. Every primitive maps both, as in forward mode,
with sets instead of tangents: a function's pattern is found in one run, in the time of a few
evaluations. A tape on top of it records a gradient whose pattern is that of the Hessian.
[Bischof et al. 1996; Griewank & Walther 2008, sec. 7.1; Hill & Dalle 2025]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..aliasing import write_into
from ..array import ArrayTracer
from ..primitive import Primitive, Trace, Tracer, apply
from ..rules.indexing import setitem
from .dependence import dependence
from .domains import Domains, nothing


class Tracked(ArrayTracer):
    """A value, and for each of its elements the set of inputs that it depends on.

    Attributes
    ----------
    primal : Array
    tangent : Domains
        Of the shape of `primal`. Immutable: a write replaces it.
    run : Trace
    """

    __slots__ = ()

    def __init__(self, primal: Any, domains: Domains, trace: Trace) -> None:
        self.primal = primal
        self.tangent = domains
        self.run = trace
        self.writes = 0
        self.window = None

    def apply2(self, primitive: Primitive, a: Any, b: Any) -> Any:
        return apply(primitive, (a, b), {})  # the other operand may be of a run further inside

    def apply(self, primitive: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
        trace = self.run
        if trace.alert and trace.settle(args):
            return apply(primitive, args, params)
        primals: list[Any] = []
        domains: list[Domains | None] = []
        for arg in args:
            if type(arg) is Tracked and arg.run is trace:
                primals.append(arg.primal)
                domains.append(arg.tangent)
            else:
                if isinstance(arg, Tracer):
                    arg = arg.snapshot()
                    if isinstance(arg, Tracer) and arg.run.level > trace.level:
                        return apply(primitive, args, params)  # a view that has become traced
                primals.append(arg)
                domains.append(None)
        y = apply(primitive, primals, params)
        found = dependence(primitive, y, primals, domains, params)
        if type(y) is tuple:
            return tuple(self._with(p, d) for p, d in zip(y, found, strict=True))
        return self._with(y, found)

    def _with(self, y: Any, domains: Domains | None) -> Tracked:
        """A value of this run; without domains, a constant."""
        if domains is None:
            domains = nothing(self.tangent, np.shape(y))
        return Tracked(y, domains, self.run)

    def write(self, key: Any, value: Any) -> None:
        domains = None
        if type(value) is Tracked and value.run is self.run:
            value.refresh()
            value, domains = value.primal, value.tangent
        y = self.primal
        found = dependence(setitem, y, (y, value), (self.tangent, domains), {"key": key})
        write_into(self, "primal", key, value)
        self.tangent = nothing(self.tangent, self.primal.shape) if found is None else found
