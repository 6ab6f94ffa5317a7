"""One run of a function on a tape, kept: it can be pulled back and pushed forward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..engine.nesting import enter, is_inside, leave
from ..engine.reverse import Tape
from ..errors import NotScalarError, describe, explain
from ..primitive import BATCHES, is_finite, spec_of
from .arguments import (
    differentiable,
    fresh,
    output,
    primal_at,
    run_user,
    split_aux,
    unshared,
    zeros_like,
)


class Recording:
    """One run of a function on a tape: its value, and the way back."""

    __slots__ = (
        "aux",
        "batches",
        "inputs",
        "outputs",
        "primals",
        "structure_in",
        "structure_out",
        "tape",
        "values",
    )

    def __init__(
        self,
        f: Callable[..., Any],
        arguments: Sequence[Any],
        what: Callable[[int], str],
        has_aux: bool = False,
        lasting: bool = False,
    ) -> None:
        """Run `f`; a `lasting` recording is safe from later writes to the caller's arrays."""
        tape = self.tape = Tape()
        batches = self.batches = BATCHES.get()
        self.primals, self.structure_in = [], []
        nodes = []
        try:
            for k, argument in enumerate(arguments):
                leaves, structure = tree.flatten(argument)
                primals = [differentiable(leaf, what(k)) for leaf in leaves]
                if lasting:
                    primals = [
                        p.copy("K") if p is leaf and type(p) is np.ndarray else p
                        for p, leaf in zip(primals, leaves, strict=True)
                    ]
                self.primals += primals
                self.structure_in.append(structure)
                variables = [
                    leave(tape.variable(enter(p, batches)), batches)
                    if batches
                    else tape.variable(p)
                    for p in primals
                ]
                nodes.append(tree.unflatten(structure, variables))
            y = run_user(f, nodes)
            self.finish(y, has_aux)
        finally:
            tape.close()

    def finish(self, y: Any, has_aux: bool = False) -> None:
        """Take the results apart; while the tape is open."""
        tape = self.tape
        self.inputs = range(len(self.primals))
        y, self.aux = split_aux(y, has_aux, tape)
        leaves, self.structure_out = tree.flatten(y)
        self.outputs = [output(leaf) for leaf in leaves]
        self.values = [primal_at(leaf, tape) for leaf in self.outputs]
        if self.batches:  # of a result that is not batched nothing is known to depend on an input
            self.outputs = [
                enter(leaf, self.batches) if is_inside(leaf, self.batches) else leaf
                for leaf in self.outputs
            ]

    @property
    def value(self) -> Any:
        """The function's value, as arrays that the caller may write to."""
        return tree.unflatten(self.structure_out, [unshared(v) for v in self.values])

    def pull(self, cts: Sequence[Any], free: bool = False) -> list[Any]:
        """Cotangents of the input leaves from those of the output leaves."""
        for batch in self.batches:
            batch.refuse_if_closed()
        seeds: dict[int, Any] = {}
        for out, ct in zip(self.outputs, cts, strict=True):
            index = self.tape.position(out)
            if index is not None and ct is not None:
                ct = enter(ct, self.batches)
                seeds[index] = ct if index not in seeds else seeds[index] + ct
        found = self.tape.sweep_back(seeds, self.inputs, free)
        if not free and not all(ct is None or is_finite(ct) for ct in found):
            found = self.tape.sweep_back(seeds, self.inputs, careful=True)
        cts = []
        for k, x in enumerate(self.primals):
            ct, found[k] = found[k], None  # nobody else holds it: it need not be copied
            cts.append(zeros_like(x) if ct is None else leave(leaf_cotangent(ct, x), self.batches))
        return cts

    def push(self, tangents: Sequence[Any]) -> list[Any]:
        """Tangents of the output leaves from those of the input leaves."""
        for batch in self.batches:
            batch.refuse_if_closed()
        wanted = [self.tape.position(out) for out in self.outputs]
        found = self.tape.sweep_forward(
            {k: enter(dx, self.batches) for k, dx in zip(self.inputs, tangents, strict=True)},
            [w for w in wanted if w is not None],
        )
        return [
            zeros_like(v) if w is None or found[w] is None else leave(found[w], self.batches)
            for w, v in zip(wanted, self.values, strict=True)
        ]

    def arguments(self, leaves: Sequence[Any]) -> list[Any]:
        """Leaves of all arguments, put back into the arguments' trees."""
        return tree.unflatten_all(self.structure_in, leaves)


def leaf_cotangent(ct: Any, x: Any) -> Any:
    if ct.dtype != x.dtype:
        ct = ct.real if ct.dtype.kind == "c" and x.dtype.kind != "c" else ct
        ct = ct.astype(x.dtype)
    if ct.ndim == 0 and isinstance(ct, np.ndarray):
        return ct[()]
    return fresh(ct)


def unit_seed(recording: Recording, holomorphic: bool, name: str) -> Any:
    """The one real number (complex if `holomorphic`) that a gradient needs."""
    values = recording.values
    single = recording.structure_out is None
    kind = spec_of(values[0]).dtype.kind if single else ""
    if not single or np.shape(values[0]) != () or kind not in "fciub":
        found = (
            repr(recording.structure_out)
            if recording.structure_out is not None
            else describe(values[0])
        )
        raise NotScalarError(
            explain(
                f"{name} needs a function with one number as its value; this one returned {found}.",
                "sum or select one number in the function; for all derivatives of an array use "
                "jacrev or jacfwd; for extra results return (value, aux) with has_aux=True",
            )
        )
    dtype = spec_of(values[0]).dtype
    if dtype.kind == "c" and not holomorphic:
        raise NotScalarError(
            explain(
                f"{name} needs a real value; this function returned {dtype}.",
                "return a real number such as abs(z)**2 or z.real, or say holomorphic=True if the "
                "function is holomorphic",
            )
        )
    if holomorphic and dtype.kind != "c":
        raise NotScalarError(
            explain(
                f"holomorphic=True needs a complex value; this function returned {dtype}.",
                "leave out holomorphic, or give complex arguments",
            )
        )
    if dtype.kind not in "fc":
        return np.float64(1.0)
    return dtype.type(1)


def typed(v: Any) -> Any:
    """`v` with a shape and an inexact dtype, for what is checked against it."""
    if hasattr(v, "dtype") and v.dtype.kind in "fc":
        return v
    return zeros_like(v)
