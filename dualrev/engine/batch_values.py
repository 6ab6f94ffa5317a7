"""What takes no derivative, of a batch: comparisons, positions, kinds; and what is refused.

A batch of plain values has nothing to differentiate: NumPy's function is called on the array
of all examples, one axis further in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from ..errors import ConcreteValueError, NoBatchRuleError, explain
from ..primitive import Tracer, primal_of
from ..rules.forms.batching import aligned, shifted


def refuse_value(doing: str, what: str, instead: str | None = None) -> NoReturn:
    raise ConcreteValueError(
        explain(
            f"{doing} inside of vmap needs one value, but it differs among the examples.",
            instead
            or "use np.where, np.sum and other functions of whole arrays; index a plain table by "
            "np.asarray(table, like=i)[i]; or compute it before vmap and pass it in",
            with_=what,
        )
    )


def refuse_function(name: str) -> NoReturn:
    raise NoBatchRuleError(
        explain(
            f"{name} has no batch rule: its result depends on the values of each example.",
            "compute it outside of vmap, or compose it from np.where, np.take, sums and the like",
        )
    )


# -- functions of plain values ---------------------------------------------------------------


def of_values(ufunc: Any, values: Sequence[Any]) -> Any:
    """A ufunc of plain values, of which the innermost batch is unpacked."""
    top = max((x for x in values if isinstance(x, Tracer)), key=lambda x: x.run.level)
    trace = top.run
    trace.refuse_if_closed()
    mine = [isinstance(x, Tracer) and x.run is trace for x in values]
    raw = [x.primal if m else x for x, m in zip(values, mine, strict=True)]
    y = ufunc(*aligned(raw, mine))
    if type(y) is tuple:
        return tuple([top.like(item) for item in y])
    return top.like(y)


# With their default axis; ``None`` stands for all elements in order.
ALONG: dict[Any, Any] = {
    np.argmax: None, np.argmin: None, np.argsort: -1, np.argpartition: -1, np.nanargmax: None,
    np.nanargmin: None, np.all: None, np.any: None, np.count_nonzero: None,
}  # fmt: skip
_MANY_AXES = (np.all, np.any, np.count_nonzero)
# What treats every element alike; of plain values there is nothing else to do.
EACH_ELEMENT = frozenset({np.real, np.imag, np.angle, np.round, np.around})
EACH_CONSTANT = frozenset({np.isreal, np.iscomplex, np.isposinf, np.isneginf, np.isclose})
# What asks only for shapes and kinds: one example answers.
OF_KIND = frozenset({np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, np.isrealobj,
    np.min_scalar_type, np.can_cast, np.common_type, np.may_share_memory, np.shares_memory,
    np.diag_indices_from, np.tril_indices_from, np.triu_indices_from})  # fmt: skip


def along(func: Any, a: Any, *args: Any, **kwargs: Any) -> Any:
    """argmax, argsort, all, ...: along an axis of each example."""
    a = primal_of(a)
    if not isinstance(a, Tracer):
        refuse_function(f"np.{func.__name__} of these arguments")
    a.run.refuse_if_closed()
    raw, ndim = a.primal, a.ndim
    rest = list(args)
    if func is np.argpartition:
        kwargs["kth"] = rest.pop(0) if rest else kwargs["kth"]
    axis = rest.pop(0) if rest else kwargs.pop("axis", ALONG[func])
    if rest:
        refuse_function(f"np.{func.__name__} with these arguments")
    if axis is None and func not in _MANY_AXES:
        raw = raw.reshape(a.run.size, a.size)
        y = func(raw, axis=1, **kwargs)
    else:
        y = func(raw, axis=shifted(axis, ndim), **kwargs)
    return a.like(y)
