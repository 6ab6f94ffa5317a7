"""Reverse mode: a tape, and one sweep back along it.

Every application of a primitive to a `Node` appends one record to the node's `Tape`: the
differential of the primitive, the positions of the parents, and the residuals that the
differential needs. The sweep walks the list backward and applies each transpose once;
its cost is a small constant times the function's [Griewank & Walther 2008, sec. 3.3].
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn

import numpy as np

from ..aliasing import write_into
from ..arithmetic import write_operators
from ..array import ArrayTracer
from ..errors import AliasError, describe, explain
from ..primitive import (
    RECORDING,
    WATCHED,
    Array,
    Differential,
    Item,
    Primitive,
    Trace,
    Tracer,
    apply,
    is_finite,
)
from ..rules.indexing import getitem, setitem, take
from .constants import fingerprint
from .sweep import GATHER, sweep_back

ndarray = np.ndarray


class Tape(Trace):
    """The record of one run: a list, in the order of execution.

    Attributes
    ----------
    records : list
        One entry a value: ``(differential, parents, residuals)``, or ``None`` for an
        input. ``parents`` are positions in this list, one an active argument.
    """

    __slots__ = ("frozen", "kept", "plan", "records")

    def __init__(self) -> None:
        super().__init__()
        self.records: list[Any] = []
        self.plan: tuple[list[int], list[Any]] | None = None  # of the last sweep forward
        self.frozen = False  # whether its steps hold partial derivatives
        self.kept: dict[int, tuple[Array, Array]] = {}  # large constants, by identity

    def variable(self, value: Any) -> Node:
        """A node for the input `value`: where cotangents are collected."""
        self.records.append(None)
        if not hasattr(value, "shape"):
            value = np.asarray(value, np.result_type(value, np.float64))[()]
        return Node(value, self, len(self.records) - 1)

    def position(self, value: Any) -> int | None:
        """Where `value` stands on this tape, ``None`` if it does not depend on an input."""
        if isinstance(value, Node) and value.run is self:
            return value.index
        return None

    def watch(
        self, primitive: Primitive, args: Sequence[Any], params: dict[str, Any], y: Any
    ) -> None:
        """See the operation that was just recorded; called under the alert ``WATCHED``."""

    def keep_safe(self, array: Array) -> Array:
        """A constant that a record keeps, safe from later writes by its owner.

        A small array is copied. Of a large one a fingerprint is kept, which takes one pass
        over it; where it is used again, and in the sweep, it is compared. What records a program
        watches its constants itself, and has to see what rules compute with them.
        """
        recorder = RECORDING.get()
        if recorder is not None:
            return recorder.lifted(array)
        if not array.flags.writeable and array.base is None:
            return array
        mark = fingerprint(array) if array.nbytes > _COPIED else None
        if mark is None:
            return array.copy("K")
        known = self.kept.get(id(array))
        if known is not None and not np.array_equal(known[1], mark):
            self._refuse_overwritten(array)
        self.kept[id(array)] = array, mark
        return array

    def keep_params_safe(self, params: dict[str, Any]) -> dict[str, Any]:
        """The same for all arrays among the parameters of a primitive."""
        for value in params.values():
            if issubclass(type(value), ndarray) or type(value) is partial:
                return {key: self._safe(value) for key, value in params.items()}
        return params

    def _safe(self, value: Any) -> Any:
        if issubclass(type(value), ndarray):
            return value if RECORDING.get() is not None else self.keep_safe(np.asarray(value))
        if type(value) is partial:
            keywords = {key: self._safe(v) for key, v in value.keywords.items()}
            return partial(value.func, *map(self._safe, value.args), **keywords)
        if type(value) is tuple or type(value) is list:
            return type(value)(map(self._safe, value))
        if type(value) is dict:
            return {key: self._safe(v) for key, v in value.items()}
        return value

    def _check_kept(self) -> None:
        for array, mark in self.kept.values():
            if not np.array_equal(fingerprint(array), mark):  # type: ignore[arg-type]
                self._refuse_overwritten(array)

    def _refuse_overwritten(self, array: Array) -> NoReturn:
        raise AliasError(
            explain(
                "an array that the derivative needs was overwritten after it had been used.",
                "write into a copy, or make a new array instead of reusing a buffer; or adopt the "
                "code, which makes it safe: dr.adopt(), or adopt=True",
                array=describe(array),
            )
        )

    def sweep_back(
        self,
        seeds: dict[int, Any],
        inputs: Sequence[int],
        free: bool = False,
        careful: bool = False,
    ) -> list[Any]:
        """Cotangents of `inputs` from cotangents `seeds` of outputs, by position.

        Parameters
        ----------
        seeds : dict of int to Array
        inputs : sequence of int
        free : bool
            Drop each record once it has been passed; the tape can be swept only once.
        careful : bool
            Let zeros absorb nan and inf in every operation, not in singular ones alone.

        Returns
        -------
        list of Array or None
            ``None`` for an input on which no output depends.
        """
        if self.kept:
            self._check_kept()
        recorder = RECORDING.get()
        if recorder is not None:
            seeds = {
                k: ct if isinstance(ct, Tracer) else recorder.lifted(ct) for k, ct in seeds.items()
            }
        return sweep_back(
            self.records if free else self.records[:], seeds, inputs, transpose, careful
        )

    def sweep_forward(self, tangents: dict[int, Any], wanted: Sequence[int]) -> dict[int, Any]:
        """Tangents at the positions `wanted` from tangents of all inputs, by position.

        Only what leads to them is computed, and each tangent is dropped after its last use: what
        is computed next then lies in memory that caches still hold. From the second sweep on
        partial derivatives are kept.
        """
        self._check_kept()
        if self.plan is None or self.plan[0] != wanted:
            self.plan = list(wanted), self._plan(wanted)
        elif not self.frozen:
            self.frozen = True
            for step in self.plan[1]:
                differential, _, residuals = step[1]
                with np.errstate(all="ignore"):
                    step[2] = differential.freeze(residuals)
        found = dict(tangents)
        careful = False  # an infinite tangent is about
        with np.errstate(all="ignore"):
            for index, (differential, parents, residuals), frozen, last in self.plan[1]:
                dxs = [found[parents]] if type(parents) is int else [found[p] for p in parents]
                if frozen is None:
                    dy = differential.push(residuals, dxs)
                else:
                    dy = differential.push_frozen(frozen, dxs)
                if (careful or differential.singular) and not is_finite(dy):
                    dy = differential.push_absorbing(residuals, dxs)
                    careful = careful or not is_finite(dy)
                found[index] = dy
                for p in last:
                    del found[p]
        return found

    def _plan(self, wanted: Sequence[int]) -> list[Any]:
        """Steps ``[index, record, frozen, last]``: the records that lead to `wanted`, each with the
        parents that no later one needs."""
        self.frozen = False
        needed = set(wanted)
        plan = []
        for index in range(max(wanted, default=-1), -1, -1):
            record = self.records[index]
            if record is not None and index in needed:
                parents = (record[1],) if type(record[1]) is int else record[1]
                last = [p for p in set(parents) if p not in needed]
                needed.update(last)
                plan.append([index, record, None, last])
        return plan[::-1]


_COPIED = 1 << 16  # bytes up to which a constant is copied


class Node(ArrayTracer):
    """A value on a tape: the reverse-mode tracer.

    Attributes
    ----------
    primal : Array
    run : Tape
    index : int
        The position of its record.
    """

    __slots__ = ()

    def __init__(self, primal: Any, trace: Tape, index: int) -> None:
        self.primal = primal
        self.run = trace
        self.writes = 0
        self.window = None
        self.index = index

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
        if params is not None:
            params = trace.keep_params_safe(params)
        records = trace.records
        index = len(records)
        records.append((differential, self.index, differential.keep1(y, x, params)))
        return _items(y, trace) if type(y) is tuple else Node(y, trace, index)

    def apply2(self, primitive: Primitive, a: Any, b: Any) -> Any:
        trace = self.run
        if trace.alert:  # the other operand may belong to a run further inside
            return apply(primitive, (a, b), {})
        parents: int | tuple[int, ...]
        if type(b) is Node and b.run is trace:
            z = b.primal
            if type(a) is Node and a.run is trace:
                x = a.primal
                differential = primitive.both
                parents = (a.index, b.index)
            else:
                if isinstance(a, Tracer):
                    a.refresh()
                    if a.run.level > trace.level:
                        return a.apply2(primitive, a, b)
                    a = a.snapshot()
                differential = primitive.second
                x = trace.keep_safe(a) if type(a) is ndarray and differential.holds else a
                parents = b.index
        else:
            if isinstance(b, Tracer):
                b.refresh()
                if b.run.level > trace.level:
                    return b.apply2(primitive, a, b)
                b = b.snapshot()
            differential = primitive.first
            x = a.primal
            z = trace.keep_safe(b) if type(b) is ndarray and differential.holds else b
            parents = a.index
        y = primitive.fun(x, z)
        records = trace.records
        index = len(records)
        records.append((differential, parents, differential.keep2(y, x, z)))
        return Node(y, trace, index)

    def __getitem__(self, key: Any) -> Node:
        if type(key) is slice or type(key) is int:
            tape = self.run
            if not tape.alert:
                x = self.primal
                y = take(x, key)
                records = tape.records
                index = len(records)
                records.append((GATHER, self.index, (x.shape, x.dtype, key)))
                node = Node(y, tape, index)
                if type(key) is slice or y.ndim:  # an element is a number, not a view
                    node.window = self, key, self.writes
                return node
        return super().__getitem__(key)

    def take_index(self, key: Any) -> Node:
        trace = self.run
        if trace.alert:
            return self.apply(getitem, (self,), {"key": key})
        x = self.primal
        y = take(x, key)
        records = trace.records
        index = len(records)
        records.append((GATHER, self.index, (x.shape, x.dtype, key)))
        return Node(y, trace, index)

    def write(self, key: Any, value: Any) -> None:
        tape = self.run
        mask, parents, given = 1, [self.index], value
        if type(value) is Node and value.run is tape:
            value.refresh()
            mask, parents = 3, [self.index, value.index]
            value = value.primal
        write_into(self, "primal", key, value)
        differential = setitem.differential(mask)
        residuals = differential.keep(None, (self.primal, value), {"key": key})
        self.index = len(tape.records)
        tape.records.append((differential, parents if mask == 3 else parents[0], residuals))
        if tape.alert & WATCHED:
            tape.watch(setitem, (self, given), {"key": key}, self.primal)

    def apply(self, primitive: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
        trace = self.run
        if trace.alert and trace.settle(args):
            return apply(primitive, args, params)
        primals, parents, active = [], [], 0
        for k, arg in enumerate(args):
            if type(arg) is Node and arg.run is trace:
                primals.append(arg.primal)
                parents.append(arg.index)
                active |= 1 << k
            else:
                if isinstance(arg, Tracer):
                    arg = arg.snapshot()
                    if isinstance(arg, Tracer) and arg.run.level > trace.level:
                        return apply(primitive, args, params)  # a view that has become traced
                primals.append(arg)
        y = apply(primitive, primals, params)
        differential = primitive.differential(active)
        if differential.holds:
            for k, arg in enumerate(args):
                if type(arg) is ndarray:
                    primals[k] = trace.keep_safe(arg)
            params = trace.keep_params_safe(params)
        if len(parents) == 1:
            parents = parents[0]
        trace.records.append((differential, parents, differential.keep(y, primals, params)))
        if trace.alert & WATCHED:
            trace.watch(primitive, args, params, y)
        if type(y) is tuple:
            return _items(y, trace)
        return Node(y, trace, len(trace.records) - 1)


def _items(y: tuple[Any, ...], trace: Tape) -> tuple[Node, ...]:
    """Nodes for the items of a tuple-valued result, the last record of `trace`."""
    index = len(trace.records) - 1
    nodes = []
    for k, item in enumerate(y):
        trace.records.append((_SELECT, index, (k, len(y))))
        nodes.append(Node(item, trace, index + 1 + k))
    return tuple(nodes)


_RECORD = """
records = run.records
index = len(records)
records.append((differential, {parents}, differential.keep2(y, a, b)))
return Node(y, run, index)
"""
write_operators(
    Node,
    both=_RECORD.format(parents="(self.index, other.index)"),
    one=_RECORD.format(parents="self.index"),
    scope={"Node": Node},
)


class _Select(Differential):
    """One item of a tuple-valued result."""

    __slots__ = ()

    def push(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        return tangents[0][residuals[0]]

    def pull(self, residuals: Any, ct: Any) -> Any:
        return Item(ct, *residuals)


_SELECT = _Select(Primitive(lambda items, k: items[k], "select"), deferred=True)


def transpose(linear: Callable[..., Any], zeros: Sequence[Any], ct: Any) -> list[Any]:
    """Pull `ct` back through a linear function of several arguments.

    A VJP of a linear function, at any point, is its transpose; `zeros` is that point.
    """
    tape = Tape()
    try:
        nodes = [tape.variable(z) for z in zeros]
        y = linear(*nodes)
    finally:
        tape.close()
    outputs = y if isinstance(y, tuple) else (y,)
    cts = ct if isinstance(y, tuple) else (ct,)
    seeds: dict[int, Any] = {}
    for out, c in zip(outputs, cts, strict=True):
        index = tape.position(out)
        if index is not None and c is not None:
            seeds[index] = c if index not in seeds else seeds[index] + c
    found = tape.sweep_back(seeds, [n.index for n in nodes], free=True)
    return [
        np.zeros(z.shape, z.dtype) if c is None else c for c, z in zip(found, zeros, strict=True)
    ]
