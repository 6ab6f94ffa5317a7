"""Elementwise functions: one line a function, one partial an argument.

``y`` names the result, ``x`` the only argument, ``a, b, c`` several. What a partial does
not name is not kept alive. Formulas: DLMF ch. 4 unless another source is named.
"""

from __future__ import annotations

import operator

import numpy as np

from .forms import elementwise, linear

# fmt: off
positive   = elementwise(operator.pos,     1, name="positive")
negative   = elementwise(operator.neg,     -1, name="negative")
add        = elementwise(operator.add,     1, 1, name="add")
subtract   = elementwise(operator.sub,     1, -1, name="subtract")
multiply   = elementwise(operator.mul,     lambda b: b, lambda a: a, name="multiply")
divide     = elementwise(operator.truediv, lambda b: 1 / b, lambda y, b: -y / b, name="divide", singular=True)
square     = elementwise(np.square,        lambda x: x + x)
sqrt       = elementwise(np.sqrt,          lambda y: 0.5 / y, singular=True)
exp        = elementwise(np.exp,           lambda y: y)
log        = elementwise(np.log,           lambda x: 1 / x, singular=True)
sin        = elementwise(np.sin,           lambda x: np.cos(x))
cos        = elementwise(np.cos,           lambda x: -np.sin(x))
tanh       = elementwise(np.tanh,          lambda x: 1 / np.cosh(x) ** 2)
reciprocal = elementwise(np.reciprocal,    lambda y: -y * y, singular=True)
absolute   = elementwise(np.absolute,      lambda x, y: _unit(x, y), real=True)
conjugate  = linear(np.conjugate, lambda ct, x: np.conjugate(ct))
power      = elementwise(operator.pow,     lambda a, b: b * a ** (b - 1), lambda y, a: y * np.log(a), name="power", singular=True)
remainder  = elementwise(operator.mod,     1, lambda a, b: -(a // b), name="remainder", singular=True)
# fmt: on


def _unit(x, y):
    return np.sign(x)

