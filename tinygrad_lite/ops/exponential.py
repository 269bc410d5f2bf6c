"""Exponentials, logarithms, powers, roots and tanh, element by element. At a pole, the derivative is PyTorch's."""

from __future__ import annotations

import numpy as np

from ..apply import op
from ..backend import Array
from .arithmetic import zero
from .choice import masked

__all__ = ["exp", "log", "sqrt", "tanh"]
IN_PLACE = __all__

@op(x=lambda g, out: g * out)
def exp(x: Array) -> Array:
    """e to the x. It is its own derivative, so only the result is saved.
    >>> tensor([0.0, 1.0]).exp()
    tensor([1.0000, 2.7183])
    """
    return np.exp(x)

@op(x=lambda g, x: g / x)
def log(x: Array) -> Array:
    """Natural logarithm: -inf at 0 (with derivative inf), nan for negative x."""
    return np.log(x)

@op(x=lambda g, out: g / (2 * out))
def sqrt(x: Array) -> Array:
    """Square root: nan for negative x; at 0 the derivative is inf."""
    return np.sqrt(x)

@op(x=lambda g, x, y: g * (y * pow_scalar(x, y=y - 1)) if y else zero(g))
def pow_scalar(x: Array, *, y: float) -> Array:
    """x to the power of a number: x ** y. For y = 0 the derivative is 0, at x = 0 too."""
    if x.dtype.kind == "f" and y % 1 == 0 and not -1 <= y <= 2:
        if y == 3:
            return x * x * x
        # NumPy's loop takes 45 ns for each negative number, 1 ns for the others: 1,000,000 in 45 ms, this way in 1.1 ms.
        out = np.absolute(x) ** y
        return np.copysign(out, x) if y % 2 else out
    return x**y

@op(x=lambda g, x, y: masked(g * (y * pow(x, y - 1)), y != 0),
    y=lambda g, x, y, out: g * masked(out * log(x), ~((x == 0) & (y >= 0))))
def pow(x: Array, y: Array) -> Array:
    """x to the power y, element by element: dx = y x^(y-1), dy = x^y log x, where dy = 0 for x = 0 and y >= 0.
    >>> tensor([1.0, 2.0, 3.0]) ** tensor([1.0, 2.0, 3.0])
    tensor([ 1.,  4., 27.])
    """
    if x.dtype.kind == "f" or not np.any(y < 0):
        return np.power(x, y)
    inverse = (x == 1).astype(x.dtype) - (x == -1) * (2 * (y & 1) - 1)  # 1 / x of integers is 0, but for 1 and -1
    return np.where(y < 0, inverse, np.power(x, np.maximum(y, 0)))

@op(x=lambda g, out: g * (1 - out * out))
def tanh(x: Array) -> Array:
    """Hyperbolic tangent: tanh' = 1 - tanh²."""
    return np.tanh(x)
