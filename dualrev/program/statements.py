"""Operations that have a form of their own in the source, beside a plain call.

Each function writes one operation with the writer `w`, at position `k` of the program; it returns
whether it could. Ufuncs write into buffers, indices become views, what is added into place is added
in place, and an array that nobody needs any more is written over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.operations import NESTED, Operation
from ..rules.keys import is_basic, names_once
from .vocabulary import (
    ATTACH,
    BROADCAST,
    ELEMENTWISE,
    F8,
    ITEM,
    RESHAPE,
    SCATTER,
    SET,
    STACK,
    SUM,
    TAKE,
    TRANSPOSE,
    accumulate,
    dot,
)

_MANY = 512  # elements from which a sum along an axis is quicker as a product
_LARGE = 4096  # elements from which a broadcast array is better a view


def _ufunc(w: Any, k: int, x: Operation) -> bool:
    if x.params or not x.fixed:
        return False
    doubles = x.dtype == F8 and any(_is_doubles(a) for a in x.args)
    args = [w.operand(a) if doubles else w.value(a) for a in x.args]
    target = _place_in_scatter(w, k, x) or w.target(k, x)
    args += [into(x.function, target)] if target else []
    w.say(f"{w.named(x)} = {w.called(x.function)}({', '.join(args)})")
    return True


def _place_in_scatter(w: Any, k: int, x: Operation) -> str | None:
    """Where `x` can be written at once if all that it is for is to be the first part of a scatter."""
    user = w.users.get(id(x))
    if user is None or user.function is not SCATTER or user.ndim != 1 or x.dtype != F8:
        return None
    key = user.params["keys"][0]
    if user.args[0] is not x or w.plan.uses[id(x)] > 1 or user.dtype != F8:
        return None
    if type(key) is not slice or not _is_static(key) or id(x) in w.outputs:
        return None
    w.begun.add(id(user))
    _zeros(w, k, user)
    w.say(f"{w.named(x)} = {w.named(user)}[{w.key(key)}]")
    return str(w.named(x))


def _zeros(w: Any, k: int, x: Operation) -> None:
    target = w.target(k, x)
    if target:
        w.say(f"{w.named(x)} = {target}")
        w.say(f"{w.named(x)}.fill(0.0)")
    else:
        w.say(f"{w.named(x)} = zeros({x.shape!r})")


def into(ufunc: Any, target: str) -> str:
    """The argument that says where a ufunc writes; by position, which is faster, where it may."""
    return f"out={target}" if ufunc in (np.maximum, np.minimum) else target


def _take(w: Any, k: int, x: Operation) -> bool:
    w.say(f"{w.named(x)} = {w.value(x.args[0])}[{w.key(x.params['key'])}]")
    if not x.fixed:
        w.check_kind(x)
    return True


def _reshape(w: Any, k: int, x: Operation) -> bool:
    if not isinstance(x.args[0], Operation) or x.args[0].type is not np.ndarray:
        return False
    w.say(f"{w.named(x)} = {w.value(x.args[0])}.reshape({x.shape!r})")
    return True


def _transpose(w: Any, k: int, x: Operation) -> bool:
    axes = x.params.get("axes")
    a = x.args[0]
    if not isinstance(a, Operation) or a.type is not np.ndarray or isinstance(axes, Operation):
        return False
    whole = axes is None or list(axes) == list(range(a.ndim))[::-1]
    text = ".T" if whole else f".transpose({tuple(axes or ())!r})"
    w.say(f"{w.named(x)} = {w.value(a)}{text}")
    return True


def _broadcast(w: Any, k: int, x: Operation) -> bool:
    a = x.args[0]
    if x.dtype != F8:
        return False
    if x.size > _LARGE and not w.is_returned(x):
        w.say(f"{w.named(x)} = broadcast_to({w.value(a)}, {x.shape!r})")
        return True
    target = w.target(k, x) or f"empty({x.shape!r})"
    name = w.named(x)
    w.say(f"{name} = {target}")
    scalar = not isinstance(a, Operation) or a.shape == ()
    w.say(f"{name}.fill({w.value(a, plain=True)})" if scalar else f"{name}[...] = {w.value(a)}")
    return True


def _sum(w: Any, k: int, x: Operation) -> bool:
    a, keepdims = x.args[0], x.params.get("keepdims")
    if not isinstance(a, Operation):
        return False
    product = None if w.exact else _product_for_sum(w, x)
    if product is not None:
        target = None if keepdims else w.target(k, x)
        end = f", {target})" if target else f").reshape({x.shape!r})" if keepdims else ")"
        w.say(f"{w.named(x)} = matmul({product}{end}")
        return True
    if keepdims:
        return False
    text = w.reduction(x)
    if x.type is np.ndarray and x.function is SUM:
        target = w.target(k, x)
        if target:
            text = text[:-1] + f", None, {target})"
    w.say(f"{w.named(x)} = {text}")
    return True


def _product_for_sum(w: Any, x: Operation) -> str | None:
    """The operands of a product with ones that is a sum along one of the last two axes: BLAS sums
    short rows, and columns, several times faster than `np.add.reduce` does."""
    a, axis = x.args[0], x.params.get("axis")
    axis = axis[0] if type(axis) is tuple and len(axis) == 1 else axis
    if x.function is not SUM or type(axis) is not int or a.ndim < 2 or a.size < _MANY:
        return None
    if x.dtype != F8 or a.dtype != F8 or a.type is not np.ndarray:
        return None
    last = axis % a.ndim == a.ndim - 1
    if not last and axis % a.ndim != a.ndim - 2:
        return None
    ones = w.ones(a.shape[-1] if last else a.shape[-2])
    return f"{w.value(a)}, {ones}" if last else f"{ones}, {w.value(a)}"


def _matmul(w: Any, k: int, x: Operation) -> bool:
    a, b = x.args
    if x.params or not all(isinstance(y, Operation) and y.type is np.ndarray for y in (a, b)):
        return False
    flat = a.ndim <= 2 and b.ndim <= 2 and a.dtype == b.dtype == F8 and not w.exact
    first, second = map(w.value, (a, b))
    target = w.target(k, x) if x.type is np.ndarray else None
    if flat:
        text = f"{first}.dot({second}{', ' + target if target else ''})"
    else:
        text = f"matmul({first}, {second}{', ' + target if target else ''})"
    w.say(f"{w.named(x)} = {text}")
    return True


def _stack(w: Any, k: int, x: Operation) -> bool:
    if x.ndim != 1 or not all(w.plan.is_float(a) for a in x.args) or x.dtype != F8:
        return False
    inside = ", ".join(w.value(a, plain=True) for a in x.args)
    w.say(f"{w.named(x)} = array([{inside}])")
    return True


def _attach(w: Any, k: int, x: Operation) -> bool:
    w.say(f"{w.named(x)} = {w.value(x.params['value'])}.copy()")
    w.fresh.add(id(x))
    return True


def _scatter(w: Any, k: int, x: Operation) -> bool:
    keys, values = x.params["keys"], x.args
    name = w.named(x)
    if x.dtype != F8 or any(isinstance(v, Operation) and v.dtype != F8 for v in values):
        return False
    if x.ndim == 1 and all(type(key) is int for key in keys) and x.size <= 64:
        places: list[list[str]] = [[] for _ in range(x.size)]
        for key, v in zip(keys, values, strict=True):
            places[key].append(w.value(v, plain=True))
        w.say(f"{name} = array([{', '.join(' + '.join(p) or '0.0' for p in places)}])")
        w.fresh.add(id(x))
        return True
    if id(x) not in w.begun:
        _zeros(w, k, x)
    for n, (key, v) in enumerate(zip(keys, values, strict=True)):
        if n == 0 and id(x) in w.begun:
            continue
        if n == 0 and _is_static(key) and names_once(key):
            w.say(f"{name}[{w.key(key)}] = {w.value(v, plain=True)}")
        else:
            _add(w, name, key, v)
    return True


def _add(w: Any, name: str, key: Any, v: Any) -> None:
    """``name[key] += v``, repeated indices adding up."""
    if _is_static(key) and names_once(key):
        if is_basic(key) and type(key) is not int and isinstance(v, Operation) and v.shape:
            w.say(f"t = {name}[{w.key(key)}]")
            w.say(f"add(t, {w.value(v)}, t)")
        else:
            w.say(f"{name}[{w.key(key)}] += {w.value(v, plain=True)}")
    else:
        w.say(f"add_into({name}, {w.value(key)}, {w.value(v)}, False)")


def _accumulate(w: Any, k: int, x: Operation) -> bool:
    name = _written_over(w, k, x)
    for key, v in zip(x.params["keys"], x.args[1:], strict=True):
        _add(w, name, key, v)
    return True


def _set(w: Any, k: int, x: Operation) -> bool:
    base, v = x.args
    if not isinstance(base, Operation) or base.type is not np.ndarray:
        return False
    name = _written_over(w, k, x)
    w.say(f"{name}[{w.key(x.params['key'])}] = {w.value(v, plain=x.dtype == F8)}")
    return True


def _written_over(w: Any, k: int, x: Operation) -> str:
    """The name of `x`, which begins as its first argument: in its place if nobody needs that any
    more, else as a copy."""
    base, name = x.args[0], w.named(x)
    held = w.take_over(k, base, x)
    target = w.target(k, x) if held is None else None
    if target:
        w.say(f"copyto({target}, {w.value(base)})")
    w.say(f"{name} = {held or target or w.value(base) + '.copy()'}")
    return str(name)


def _item(w: Any, k: int, x: Operation) -> bool:
    w.say(f"{w.named(x)} = {w.value(x.args[0])}[{w.value(x.args[1])}]")
    if not x.fixed:
        w.check_kind(x)
    return True


def _is_static(key: Any) -> bool:
    parts = key if type(key) is tuple else (key,)
    return not any(isinstance(p, Operation) or (type(p) in NESTED and p.__class__ is not slice) for p in parts)  # fmt: skip


def _is_doubles(x: Any) -> bool:
    """Whether `x` is an array of doubles: then numbers beside it may be plain."""
    return isinstance(x, Operation) and x.type is np.ndarray and x.dtype == F8


FORMS: dict[Any, Callable[[Any, int, Operation], bool]] = {
    TAKE: _take,
    RESHAPE: _reshape,
    TRANSPOSE: _transpose,
    BROADCAST: _broadcast,
    SUM: _sum,
    dot: _sum,
    np.matmul: _matmul,
    STACK: _stack,
    ATTACH: _attach,
    SCATTER: _scatter,
    accumulate: _accumulate,
    SET: _set,
    ITEM: _item,
    **dict.fromkeys(ELEMENTWISE, _ufunc),
}
OF_NUMBERS_TOO = frozenset({TAKE, SUM, dot, ITEM, np.matmul})
