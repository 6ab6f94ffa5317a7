"""How a block is written: a function for one piece, and the call that runs it over all of them."""

from __future__ import annotations

import math
from typing import Any

from ..engine.operations import Operation
from .blocks import Block, Pieces, is_cut
from .statements import into
from .vocabulary import F8, dot


def write_block(w: Any, k: int, x: Block) -> None:
    """A function for one piece, and the call that runs it over all of them."""
    number = len(w.pieces)
    outer = [w.value(a, plain=True) for a in x.args]
    for y in x.given:
        target = w.target(k, y) or f"empty({y.shape!r}, {w.constant(y.dtype)})"
        w.say(f"{w.named(y)} = {target}")
    parameters = [f"a{n}" for n in range(len(x.args))] + [f"y{n}" for n in range(len(x.given))]
    lines = [f"def piece{number}({', '.join(['lo', 'hi', 'buffers', *parameters])}):"]
    names: dict[int, str] = {}
    for a, name in zip([*x.args, *x.given], parameters, strict=True):
        names[id(a)] = name
        if a.shape and is_cut(a.shape, x.shape):
            lines.append(f"    {name} = {name}[lo:hi]")
    body, dtypes, results = _piece_body(w, x, names)
    buffers = [f"t{n}" for n in range(len(dtypes))]
    if buffers:
        lines.append(f"    {', '.join(buffers)}, = buffers")
        shorter = ", ".join(f"{t}[:hi - lo]" for t in buffers)
        lines.append(f"    if hi - lo < len(t0): {', '.join(buffers)}, = {shorter},")
    lines += [f"    {line}" for line in body]
    lines.append(f"    return ({''.join(r + ', ' for r in results)})")
    w.pieces.append("\n".join(lines) + "\n")
    cut = Pieces(x.shape[0], max(1, math.prod(x.shape[1:])), dtypes, x.shape[1:])
    call = ", ".join([f"piece{number}", str(len(x.sums)), *outer, *map(w.named, x.given)])
    sums = "".join(w.named(y) + ", " for y in x.sums)
    w.say(f"{sums + '= ' if sums else ''}{w.constant(cut)}.run({call})")


def _piece_body(w: Any, x: Block, names: dict[int, str]) -> tuple[list[str], list[Any], list[str]]:
    """The statements for one piece, the kinds of its buffers, and the names of its sums."""
    last: dict[int, int] = {}
    for k, y in enumerate(x.members):
        last.update((id(used), k) for used in y.uses())
    whole = {id(y) for y in x.given}
    body: list[str] = []
    dtypes: list[Any] = []
    free: dict[Any, list[str]] = {}
    mine: dict[int, str] = {}
    results: list[str] = []

    def text(a: Any, dtype: Any) -> str:
        if isinstance(a, Operation):
            return names[id(a)]
        return w.operand(a) if dtype == F8 else w.value(a)  # of doubles alone

    for k, y in enumerate(x.members):
        dying = [a for a in dict.fromkeys(map(id, y.uses())) if a in mine and last[a] == k]
        if y.shape == ():
            a = [text(b, F8) for b in y.args]
            name = f"r{k}"
            flat = len(x.shape) == 1
            product = f"{a[0]}.dot({a[-1]})" if flat else f"vdot({a[0]}, {a[-1]})"
            body.append(f"{name} = {product if y.function is dot else f'add_reduce({a[0]}, None)'}")
            results.append(name)
        else:
            arguments = [text(a, y.dtype) for a in y.args]
            if id(y) in whole:
                target = names[id(y)]
            else:
                again = [a for a in dying if dtypes[int(mine[a][1:])] == y.dtype]
                if again:
                    target = mine.pop(again[0])
                    dying.remove(again[0])
                elif free.get(y.dtype):
                    target = free[y.dtype].pop()
                else:
                    target = f"t{len(dtypes)}"
                    dtypes.append(y.dtype)
                mine[id(y)] = target
                names[id(y)] = target
            body.append(
                f"{w.called(y.function)}({', '.join([*arguments, into(y.function, target)])})"
                + w.comment(y)
            )
        for dead in dying:
            target = mine.pop(dead)
            free.setdefault(dtypes[int(target[1:])], []).append(target)
    return body, dtypes, results
