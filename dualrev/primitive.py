"""The contract: what a primitive is, what a tracer is, and the one dispatch between them.

A *primitive* is an operation whose local derivative is known. A *tracer* stands in for
an array while a derivative is taken; it belongs to a *trace*, one run of one
transformation. `apply` hands a primitive to the innermost trace among its arguments;
that trace works on what its tracers hold, which may be tracers of outer traces, and so
on down to NumPy. Nesting to any order is nothing but this recursion.

Perturbation confusion cannot arise: every transformation opens a trace of its own, with
a level larger than all before it, and a tracer is active only in the trace that made it.
A five-line program shows why that matters::

    def f(x):                       # f(x) = x * d/dy (x + y) = x, so f'(x) = 1
        return x * derivative(lambda y: x + y)(1.0)
    derivative(f)(1.0)              # 1; with one shared level: 2, for dx and dy are confused

Knows nothing of NumPy's functions, nor of how any trace works.
"""

from __future__ import annotations

import cmath
import itertools
import math
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from .errors import LeakedTracerError, NoBatchRuleError, explain

Array = Any  # an ndarray, a NumPy scalar, or a tracer that stands for one
Tree = Any  # arrays in tuples, lists, dicts, ...

LARGE = 1 << 14  # elements from which a buffer is worth reusing

_levels = itertools.count(1)

# Whether a function is being differentiated in this context (a thread, or an asynchronous task).
RUNNING: ContextVar[bool] = ContextVar("a derivative is being taken", default=False)

# The batches inside of which user code runs, the innermost last: see `engine.nesting`.
BATCHES: ContextVar[tuple[Any, ...]] = ContextVar("batches", default=())

# The recorder of a program that is being compiled in this context: see `engine.recorder`.
RECORDING: ContextVar[Any] = ContextVar("what records", default=None)

# Reasons for a trace to leave the fast path (bits of Trace.alert).
CLOSED = 1  # the transformation has ended: its tracers are leaked
WRITTEN = 2  # some tracer was written to: views may have to be read again
CAREFUL = 4  # an infinite derivative is about: zeros must absorb it
WATCHED = 8  # someone wants to see every value: a picture is being drawn


class Trace:
    """One run of one transformation; inner runs have larger levels.

    Attributes
    ----------
    level : int
        From a counter that only grows, so that no two traces ever share one.
    alert : int
        Zero on the fast path; otherwise the reasons to look closer.
    """

    __slots__ = ("alert", "level")

    def __init__(self) -> None:
        self.level = next(_levels)
        self.alert = 0

    def close(self) -> None:
        """End the run: using one of its tracers from now on is an error."""
        self.alert |= CLOSED

    def settle(self, args: Sequence[Any]) -> bool:
        """Under an alert: read views among `args` again that were written to; or, if this run has
        ended, take back what it left in arrays that outlive it, and return ``True``."""
        if self.alert & CLOSED:
            for arg in args:
                if isinstance(arg, Tracer) and arg.run.alert & CLOSED:
                    arg.revive()
            return True
        if self.alert & WRITTEN:
            for arg in args:
                if isinstance(arg, Tracer):
                    arg.refresh()
        return False

    def refuse_if_closed(self) -> None:
        if self.alert & CLOSED:
            self.refuse_leak()

    def refuse_leak(self) -> None:
        raise LeakedTracerError(
            explain(
                "A traced value was used after its transformation had ended.",
                "return the value from the differentiated function instead of storing it in a "
                "global, a closure or an attribute; `has_aux=True` returns extra values",
            )
        )


class Tracer:
    """A stand-in for an array while a derivative is taken.

    Attributes
    ----------
    primal : Array
        The ordinary value: an array, or a tracer of an outer trace.
    run : Trace
        The run that this tracer belongs to.
    tangent, index
        What the two kinds of tracer add: see `Dual` and `Node`. The slots stand here so
        that a write can turn one kind into the other.
    window, writes
        For a view, what it looks into; how often it was written to. See `aliasing`.
    origin
        Unset; or, of an array that was there before this run, how to take it back at its end.
    """

    __slots__ = ("index", "origin", "primal", "run", "tangent", "window", "writes")

    batched = False  # whether the primal has a leading axis that this does not show: `Batched`
    final = False  # whether it stands for plain values, below all levels that take derivatives

    primal: Any
    run: Any
    tangent: Any
    index: Any
    window: Any
    writes: int
    origin: Any

    if TYPE_CHECKING:  # operators, methods and protocols of arrays: see `array`

        def __getattr__(self, name: str) -> Any: ...

    def apply(self, primitive: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
        """Apply `primitive` in this tracer's trace, which is the innermost of `args`."""
        raise NotImplementedError

    def apply1(self, primitive: Primitive, params: Any = None) -> Any:
        """The same for one argument, this tracer."""
        return self.apply(primitive, (self,), params or {})

    def apply2(self, primitive: Primitive, a: Any, b: Any) -> Any:
        """The same for two arguments, of which this tracer is one, and no parameters."""
        return self.apply(primitive, (a, b), {})

    def snapshot(self) -> Any:
        """A tracer of the same value that no later write can change."""
        self.refresh()
        copy = object.__new__(type(self))
        copy.primal, copy.run, copy.writes, copy.window = self.primal, self.run, 0, None
        copy.tangent, copy.index = getattr(self, "tangent", None), getattr(self, "index", None)
        return copy

    def product_in_place(self, ct: Any) -> Any:
        """``ct * self`` for many elements; nobody else holds this tracer, and its buffers
        may be reused."""
        return ct * self

    def revive(self) -> None:
        """Take this back from a run that has ended; refuse if it was made by that run."""
        window = getattr(self, "window", None)
        if window is not None and isinstance(window[0], Tracer):
            parent, look, _ = window
            if parent.run.alert & CLOSED:
                parent.revive()
            self._name(look(parent) if callable(look) else parent.take_index(look))
            self.window = parent, look, parent.writes
        elif hasattr(self, "origin"):
            self.origin(self)
        else:
            self.run.refuse_leak()

    def refresh(self) -> None:
        """Read this tracer again if it is a view of something that was written to."""

    def is_finite(self) -> bool:
        """Whether the value, and any tangent that it carries, is free of inf and nan."""
        return is_finite(self.primal)

    def value(self) -> Any:
        """This without the levels that take derivatives; batches stay."""
        return primal_of(self.primal)

    def as_variable(self) -> Any:
        """This as an argument to be differentiated: integers are promoted."""
        return self.snapshot()

    def as_index(self) -> Any:
        """This as part of an index: a plain integer, or what stands for plain ones."""
        return self.__index__()

    def plain(self) -> Any:
        """The plain value of what stands for one, for who cannot go on without it."""
        raise NotImplementedError

    def memory(self) -> Any:
        """An array that lies in memory as this does; of a batch one example."""
        value = primal_of(self)
        return value.memory() if is_final(value) and not value.batched else value


NORM_OF = "norm of"  # in a window: this is the norm of a vector, whose square is smooth


class Differential:
    """A primitive with the set of its active arguments fixed: a local linear map.

    ``keep`` runs when the primitive is applied, and returns what the derivative needs at
    this point: the residuals. ``push`` and ``pull`` are the map and its transpose there.

    Attributes
    ----------
    primitive : Primitive
    singular : bool
        Whether a partial can be infinite or nan at a point where the value is finite, or
        where a later operation discards the value.
    deferred : bool
        Whether ``pull`` leaves work to the sweep: `Item` cotangents, or a `Transpose`.
    special : bool
        Either of these: the sweep has to look closer.
    holds : bool
        Whether the residuals hold inactive arguments or array-valued parameters: then a
        tape has to see to it that later writes do not reach them.
    """

    __slots__ = ("deferred", "holds", "primitive", "singular", "special")

    primitive: Primitive

    def __init__(
        self,
        primitive: Primitive,
        singular: bool = False,
        deferred: bool = False,
        holds: bool = True,
    ) -> None:
        self.primitive = primitive
        self.holds = holds
        self.singular = singular
        self.deferred = deferred
        self.special = singular or deferred

    def keep(self, y: Any, args: Sequence[Any], params: dict[str, Any]) -> Any:
        raise NotImplementedError

    def keep1(self, y: Any, x: Any, params: Any) -> Any:
        """`keep` for one argument."""
        return self.keep(y, (x,), params)

    def keep2(self, y: Any, a: Any, b: Any) -> Any:
        """`keep` for two arguments and no parameters."""
        return self.keep(y, (a, b), {})

    def push(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        """Tangents of the active arguments to the tangent of the result."""
        raise NotImplementedError

    def freeze(self, residuals: Any) -> Any:
        """What `push_frozen` needs to push many directions with less work; ``None`` if there is
        nothing to save."""
        return None

    def push_frozen(self, frozen: Any, tangents: Sequence[Any]) -> Any:
        raise NotImplementedError

    def pull(self, residuals: Any, ct: Any) -> Any:
        """The cotangent of the result to that of the active argument, or a tuple of them."""
        raise NotImplementedError

    def pull_large(self, residuals: Any, ct: Any, owned: bool) -> Any:
        """`pull` for many elements; if `owned`, nobody else holds `ct` and it may be reused."""
        return self.pull(residuals, ct)

    def push_absorbing(self, residuals: Any, tangents: Sequence[Any]) -> Any:
        """`push` with zeros that absorb infinities: 0 * inf = 0 * nan = 0."""
        return self.push(residuals, tangents)

    def pull_absorbing(self, residuals: Any, ct: Any) -> Any:
        """`pull` with zeros that absorb infinities."""
        return self.pull(residuals, ct)


class Primitive:
    """An operation with a derivative rule; abstract, the rule forms are its subclasses.

    Arguments that may be traced are positional; parameters, which never are, are keywords.

    Attributes
    ----------
    name : str
    fun : callable
        The operation on plain arrays.
    first, second, both : Differential
        For one or two arguments, by which of them is active; made when first needed.
    """

    __slots__ = ("_more", "batch_rule", "both", "first", "fun", "name", "second")

    first: Differential
    second: Differential
    both: Differential

    def __init__(
        self,
        fun: Callable[..., Any],
        name: str | None = None,
        batch: Callable[..., Any] | None = None,
    ) -> None:
        self.fun = fun
        self.batch_rule = batch
        self.name = name or getattr(fun, "__name__", "anonymous")
        self._more: dict[int, Differential] = {}

    def specialise(self, active: int) -> Differential:
        """The differential for the arguments whose bits are set in `active`."""
        raise NotImplementedError

    def differential(self, active: int) -> Differential:
        """The same, made once."""
        if active not in self._more:
            self._more[active] = self.specialise(active)
        return self._more[active]

    def __getattr__(self, name: str) -> Differential:  # a slot that was never filled
        active = {"first": 1, "second": 2, "both": 3}.get(name)
        if active is None:
            raise AttributeError(name)
        made = self.differential(active)
        setattr(self, name, made)
        return made

    def batch(
        self, size: int, args: Sequence[Any], batched: Sequence[bool], params: dict[str, Any]
    ) -> Any:
        """The result for a whole batch: `args` that are `batched` have a leading axis of length
        `size`, as has the result. Raises `NoBatchRuleError` where there is no rule."""
        if self.batch_rule is None:
            self.refuse_batch()
        return self.batch_rule(self, size, args, batched, params)

    def refuse_batch(self, detail: str = "") -> NoReturn:
        """Raise: this cannot carry a leading axis."""
        raise NoBatchRuleError(
            explain(
                f"{self.name} has no batch rule{detail}.",
                "compute it outside of vmap, in a Python loop over the examples, or compose it "
                "from functions that have one",
            )
        )

    def __call__(self, *args: Any, **params: Any) -> Any:
        if len(args) == 1 and isinstance(args[0], Tracer):
            return args[0].apply1(self, params or None)
        return apply(self, args, params)

    def __repr__(self) -> str:
        return f"<{type(self).__name__.lower().strip('_')} primitive {self.name}>"


def apply(primitive: Primitive, args: Sequence[Any], params: dict[str, Any]) -> Any:
    """Apply `primitive` in the innermost trace among `args`, or in NumPy if there is none."""
    top = None
    level = -1
    for arg in args:
        if isinstance(arg, Tracer) and arg.run.level > level:
            top = arg
            level = arg.run.level
    if top is None:
        return primitive.fun(*args, **params)
    return top.apply(primitive, args, params)


class Item:
    """The cotangent of one item of a tuple-valued result: ``ct[index] += value``."""

    __slots__ = ("index", "size", "value")

    def __init__(self, value: Any, index: int, size: int) -> None:
        self.value = value
        self.index = index
        self.size = size


class Transpose:
    """Work for the sweep: pull `ct` back through the linear function `push`, at `zeros`."""

    __slots__ = ("ct", "push", "zeros")

    def __init__(self, push: Callable[..., Any], zeros: Sequence[Any], ct: Any) -> None:
        self.push = push
        self.zeros = zeros
        self.ct = ct


class Spec:
    """Shape and dtype of an array without its values: all that a transpose may see."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape = shape
        self.dtype = dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def __repr__(self) -> str:
        return f"{self.dtype}{list(self.shape)}"


def spec_of(x: Any) -> Spec:
    """The `Spec` of an array, a number or a tracer."""
    try:
        return Spec(x.shape, x.dtype)
    except AttributeError:
        x = np.asarray(x)
        return Spec(x.shape, x.dtype)


def primal_of(x: Any) -> Any:
    """What lies under all levels that take derivatives: an ndarray, a NumPy scalar or `x` itself;
    under `vmap` a batch of plain values, in a program that is recorded a recorded one."""
    while isinstance(x, Tracer):
        if x.final:
            return x.value()
        x = x.primal
    return x


def is_final(x: Any) -> bool:
    """Whether `x` is a tracer that stands for plain values."""
    return isinstance(x, Tracer) and x.final


def is_finite(x: Any) -> bool:
    """Whether `x`, with all tangents that it carries, holds neither inf nor nan.

    One pass that allocates nothing: a sum of finite numbers is finite, unless it
    overflows, and only then are the elements looked at. (A dot product is the quickest
    way for few elements; for many it would wake the threads of BLAS.)
    """
    if type(x) is np.ndarray and x.ndim:
        if x.size < 1000:
            total = np.vdot(x, x)
        else:
            with np.errstate(invalid="ignore", over="ignore"):
                total = np.add.reduce(x, None)
        finite = math.isfinite if type(total) is np.float64 else cmath.isfinite
        return finite(total) or bool(np.isfinite(x).all())
    if isinstance(x, Tracer):
        return x.is_finite()
    if type(x) is tuple:
        return all(map(is_finite, x))
    return bool(np.isfinite(x))
