"""Arithmetic: sums, differences, products and quotients, element by element.

The vjp of y = f(x) turns g into g · f'(x). Operands broadcast; the walk sums each gradient back to the shape of its operand.
Where a function has a kink or a pole, its derivative is the one that PyTorch gives.
"""

from __future__ import annotations

import numpy as np

from ..apply import op
from ..backend import Array

__all__ = ["neg", "abs", "sign"]
IN_PLACE = __all__

@op(x=lambda g: g, y=lambda g: g)
def add(x: Array, y: Array) -> Array:
    """x + y.
    >>> tensor([1.0, 2.0]) + 1
    tensor([2., 3.])
    """
    return x + y

@op(x=lambda g: g, y=lambda g: -g)
def sub(x: Array, y: Array) -> Array:
    """x - y."""
    return x - y

@op(x=lambda g, y: g * y, y=lambda g, x: g * x)
def mul(x: Array, y: Array) -> Array:
    """x · y."""
    return x * y

@op(x=lambda g, y: g / y, y=lambda g, x, y: -g * ((x / y) / y))
def div(x: Array, y: Array) -> Array:
    """x / y; for integers in the default dtype.
    >>> tensor([1, 2]) / 2
    tensor([0.5000, 1.0000])
    """
    return np.true_divide(x, y)

@op(x=lambda g: -g)
def neg(x: Array) -> Array:
    """-x."""
    return -x

@op(x=lambda g, x: g * sign(x))
def abs(x: Array) -> Array:
    """|x|; its derivative at 0 is 0."""
    return np.absolute(x)

@op(x=lambda g: zero(g))
def sign(x: Array) -> Array:
    """-1, 0 or 1; 0 for nan too. Its derivative is 0 everywhere."""
    return ((x > 0).view("i1") - (x < 0).view("i1")).astype(x.dtype)

@op(x=lambda g: zero(g))
def zero(x: Array) -> Array:
    """0 for every x, inf and nan too: the derivative of a function that is constant around each x."""
    return np.zeros_like(x)
