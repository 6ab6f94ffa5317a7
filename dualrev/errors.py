"""Every exception of the library, and where in the user's code it happened.

The tree; each class also derives from the built-in that a NumPy user would catch::

    DualrevError
      NoRuleError (NotImplementedError)             no derivative rule for this function
        NoBatchRuleError                            a derivative rule, but no rule for vmap
      UnsupportedArgumentError (NotImplementedError)  a rule exists, not for this keyword or dtype
      StructureError (TypeError)                    trees or shapes that must match do not
        BatchSizeError (ValueError)                 examples along axes that do not fit
      NotScalarError (TypeError)                    grad of something that is not a real scalar
      NotANumberError (ArithmeticError)             a value or a derivative that a solver asks for is NaN
      NotDifferentiableError (TypeError)            an argument that has no tangent: bool, str, object
      ConcreteValueError (TypeError)                a plain number was demanded of a traced value
      AliasError (ValueError)                       a write that NumPy cannot hand to us
      PatternError (ValueError)                     a sparsity pattern that is wrong, or not sparse
      ConvergenceError (RuntimeError)               an equation or a linear system was not solved
      SingularSystemError (LinAlgError)             a solution that has no derivative
      LeakedTracerError (RuntimeError)              a traced value outlived its transformation
      RuleError (AssertionError)                    a rule returned the wrong count or shape
      CheckError (AssertionError)                   derivatives that should agree do not

Every message has three parts: what happened, where, and what to write instead.
"""

from __future__ import annotations

import dis
import linecache
import os
import sys
from collections import Counter
from contextvars import ContextVar
from types import CodeType, FrameType

import numpy as np

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_NUMPY = os.path.dirname(os.path.abspath(np.__file__)) + os.sep
_LIBRARIES = (
    os.path.dirname(os.path.dirname(_NUMPY)) + os.sep,  # where packages are installed
    os.path.dirname(os.path.abspath(os.__file__)) + os.sep,  # Python's own modules
)
PASSED_OVER = (_HERE, _NUMPY, "<differential of", "<__array_function__", "<frozen")
ADOPTED: Counter[int] = Counter()  # by its id, how many names of a namespace are adopted
_SHOWCASE = ("showcase.py", "comparison.py")  # their programs count as the user's


def user_frame() -> FrameType | None:
    """The innermost frame outside this library and NumPy: the user's, or another library's."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        if path.endswith(_SHOWCASE) or not path.startswith(PASSED_OVER):
            return frame
        frame = frame.f_back
    return None


def asked_by(library: str, except_for: str) -> bool:
    """Whether the code of a library, called by the user and not by us, is what runs.

    Functions whose names begin with `except_for` do not count.
    """
    frame = user_frame()
    inside = False
    while frame is not None and frame.f_code.co_filename.startswith((library, _NUMPY)):
        inside = not frame.f_code.co_name.startswith(except_for)
        frame = frame.f_back
    return inside and (frame is None or not frame.f_code.co_filename.startswith(_HERE))


def user_line(error: BaseException | None = None) -> str:
    """``function, file.py:line: source`` of the user's code, now or where `error` left it."""
    frames = _frames(error)
    return line_of(frames[-1]) if frames else "an unknown place"


def _frames(error: BaseException | None = None) -> list[tuple[CodeType, int]]:
    """The way from this library out to the user's code, through other libraries.

    Code and line of each frame. If the user's code is itself an installed package, no frame
    is outside of the libraries, and the way ends at once.
    """
    found = []
    if error is None:
        frame = user_frame()
        while frame is not None:
            if not frame.f_code.co_filename.startswith(_HERE):
                found.append((frame.f_code, frame.f_lineno))
            frame = frame.f_back
    else:
        trace = error.__traceback__
        while trace is not None:
            if not trace.tb_frame.f_code.co_filename.startswith(PASSED_OVER):
                found.insert(0, (trace.tb_frame.f_code, trace.tb_lineno))
            trace = trace.tb_next
    for k, (code, _) in enumerate(found):
        if not code.co_filename.startswith(_LIBRARIES):
            return found[: k + 1]
    return found[:1]


def line_of(frame: tuple[CodeType, int]) -> str:
    """``function, file.py:line: source`` of code and a line number."""
    code, number = frame
    place = f"{code.co_qualname}, {os.path.basename(code.co_filename)}:{number}"
    source = linecache.getline(code.co_filename, number).strip()
    return f"{place}: {source}" if source else place


def user_instruction() -> str:
    """What the user's frame is doing: ``"store"`` or ``"load"`` of a subscript,
    ``"in-place"`` for an augmented assignment, ``"format"`` for ``text % x``, ``"other"``.

    NumPy does not say why it asks to convert a value; the instruction does.
    """
    frame = user_frame()
    return "other" if frame is None else instruction_of(frame)


def instruction_of(frame: FrameType) -> str:
    """The same for a given frame."""
    code, at = frame.f_code.co_code, frame.f_lasti
    name, argument = dis.opname[code[at]], code[at + 1]
    if name == "STORE_SUBSCR":
        return "store"
    if name == "BINARY_SUBSCR" or (name == "BINARY_OP" and argument == _SUBSCRIPT):
        return "load"
    if name == "BINARY_OP" and argument == _REMAINDER:
        return "format"  # 'x = %g' % x: an array or a number would ask for `__rmod__`
    if name == "BINARY_OP" and argument >= _FIRST_IN_PLACE:
        return "in-place"
    return "other"


_REMAINDER = 6  # NB_REMAINDER
_FIRST_IN_PLACE = 13  # NB_INPLACE_ADD, in Python 3.11 and later
_SUBSCRIPT = 26  # NB_SUBSCR, in Python 3.14 and later


def explain(what: str, instead: str, error: BaseException | None = None, **details: str) -> str:
    """The text of an error: what happened, where in the user's code, what to do instead.

    `error` is an exception of NumPy's that this one explains, raised in the user's code.
    """
    frames = _frames(error)
    rows = [("called in", line_of(frames[-1]) if frames else "an unknown place")]
    if len(frames) > 1:
        rows.append(("inside", line_of(frames[0])))
    rows += [*details.items(), ("instead", instead)]
    return what + "".join(f"\n  {key.replace('_', ' '):<10}{text}" for key, text in rows)


def or_adopt(instead: str) -> str:
    """What to do instead, and the one line that lets the code stay as it is."""
    frame = user_frame()
    if frame is not None and ADOPTED[id(frame.f_globals)] > 0:
        return (
            f"{instead}. This code is adopted, but the plain array or number was made elsewhere, "
            "or by a library: copy it first, np.copy(a)"
        )
    return f"{instead}. Or leave the code as it is, and say dr.adopt() in it, or adopt=True"


# What `dr.explain` collects: errors that are noted instead of raised, and those that would be
# raised if the code were not adopted.
NOTED: ContextVar[list[DualrevError] | None] = ContextVar("errors noted", default=None)
AVERTED: ContextVar[list[DualrevError] | None] = ContextVar("errors averted", default=None)


def raise_or_note(error: DualrevError) -> None:
    """Raise `error`; where somebody collects errors, note it and go on with plain values."""
    noted = NOTED.get()
    if noted is None:
        raise error
    noted.append(error)


def note_averted(doing: str, instead: str) -> None:
    """Tell `dr.explain` what would lose a derivative here if the code were not adopted."""
    averted = AVERTED.get()
    if averted is not None:
        averted.append(ConcreteValueError(explain(f"{doing} would lose its derivative.", instead)))


STORING = "storing a traced value into a plain array"
STORE = (
    "make the array with np.zeros(n, like=x), or join the parts with np.stack or np.concatenate; "
    "for a constant say dr.stop_gradient(x)"
)


def describe(value: object) -> str:
    """A value in few words: ``float64[3, 4]`` for arrays, the type's name otherwise."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if shape is None or dtype is None:
        return type(value).__name__
    return f"{dtype}[{', '.join(map(str, shape))}]"


class DualrevError(Exception):
    """Base of all errors that this library raises on purpose."""


class NoRuleError(DualrevError, NotImplementedError):
    """A function was called on a traced value and has no derivative rule."""


class NoBatchRuleError(NoRuleError):
    """`vmap` met an operation that has no batch rule, and does not hide a loop over examples."""


class UnsupportedArgumentError(DualrevError, NotImplementedError):
    """The function has a rule, but not for this keyword, dtype or combination."""


class StructureError(DualrevError, TypeError):
    """Trees or shapes that must match do not."""


class BatchSizeError(StructureError, ValueError):
    """What `vmap` maps over has axes of different lengths, or no such axis."""


class NotScalarError(DualrevError, TypeError):
    """`grad` was asked of a function whose value is not one real number."""


class NotANumberError(DualrevError, ArithmeticError):
    """A solver asked for a value or a derivative, and it is NaN."""


class NotDifferentiableError(DualrevError, TypeError):
    """An argument to be differentiated is boolean, text, an object or ``None``."""


class ConcreteValueError(DualrevError, TypeError):
    """A plain number was demanded of a traced value, which would lose the derivative."""


class AliasError(DualrevError, ValueError):
    """A write that NumPy cannot hand to a traced value, or that an alias would not see."""


class PatternError(DualrevError, ValueError):
    """A sparsity pattern misses entries, has another shape, is no pattern, or is not sparse."""


class ConvergenceError(DualrevError, RuntimeError):
    """A solver did not solve its equation, or an iterative method its linear system."""


class SingularSystemError(DualrevError, np.linalg.LinAlgError):
    """The Jacobian at a solution is singular: the solution has no derivative there."""


class LeakedTracerError(DualrevError, RuntimeError):
    """A traced value was used after the transformation that made it had ended."""


class RuleError(DualrevError, AssertionError):
    """A derivative rule returned the wrong number, shape or dtype: a bug in the rule."""


class CheckError(DualrevError, AssertionError):
    """`check` found derivatives that disagree."""
