"""Arithmetic: sums, differences, products and quotients, element by element.

The derivative of y = f(x) sends g to g · f'(x). Operands broadcast; the walk sums the gradient back to each one's shape.
Where a function has a kink or a pole, the value there is PyTorch's.
"""

from __future__ import annotations

import numpy as np

from ..apply import op
from ..backend import Array

__all__ = ["add", "sub", "mul", "div", "neg", "abs", "sign"]
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
    """x / y; integers give the default dtype.
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
    """-1, 0 or 1 (0 also for nan); its derivative is 0 everywhere."""
    return (x > 0).astype(x.dtype) - (x < 0)

@op(x=lambda g: zero(g))
def zero(x: Array) -> Array:
    """0 whatever x is, also inf and nan: the derivative of what stays as it is."""
    return np.zeros_like(x)
