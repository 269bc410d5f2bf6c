"""Rounding, and division into a whole quotient and a remainder. Where it is flat, the derivative is 0, also at the steps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..apply import op
from ..backend import Array
from .arithmetic import zero

__all__ = ["floor", "ceil", "trunc", "frac", "fix"]
IN_PLACE = __all__

@op(x=lambda g: zero(g))
def floor(x: Array) -> Array:
    """The largest whole number <= x.
    >>> tensor([-1.5, 1.5]).floor()
    tensor([-2.,  1.])
    """
    return whole(np.floor, x)

@op(x=lambda g: zero(g))
def ceil(x: Array) -> Array:
    """The smallest whole number >= x."""
    return whole(np.ceil, x)

@op(x=lambda g: zero(g))
def trunc(x: Array) -> Array:
    """x without the digits after the point: rounded towards 0."""
    return whole(np.trunc, x)

fix = trunc

@op(x=lambda g: zero(g))
def round(x: Array, *, decimals: int) -> Array:
    """x rounded to so many digits after the point; halves go to the even digit."""
    return whole(np.rint, x) if decimals == 0 else np.round(x, decimals)

@op(x=lambda g: g)
def frac(x: Array) -> Array:
    """The digits after the point, with the sign of x: x - trunc(x)."""
    if x.dtype.kind != "f":
        raise TypeError("only floats have digits after the point")
    return x - np.trunc(x)

@op(x=lambda g: g, y=lambda g, x, y: -g * trunc(x / y))
def fmod(x: Array, y: Array) -> Array:
    """x - y · trunc(x / y), which has the sign of x."""
    return divided(np.fmod, x, y)

@op(x=lambda g: g, y=lambda g, x, y: -g * floor_divide(x, y))
def remainder(x: Array, y: Array) -> Array:
    """x - y · floor(x / y), which has the sign of y."""
    return divided(np.remainder, x, y)

@op(x=lambda g: zero(g), y=lambda g: zero(g))
def floor_divide(x: Array, y: Array) -> Array:
    """floor(x / y); exact for integers."""
    return divided(np.floor_divide, x, y)

@op(x=lambda g: zero(g), y=lambda g: zero(g))
def trunc_divide(x: Array, y: Array) -> Array:
    """trunc(x / y); exact for integers."""
    if not (integers(x) and integers(y)):
        return np.trunc(np.true_divide(x, y))
    out = divided(np.floor_divide, x, y)
    return out + ((out < 0) & (out * y != x))

def whole(function: Callable[[Array], Array], x: Array) -> Array:
    """function(x) for floats; a copy of integers, which are whole already."""
    if x.dtype.kind == "f":
        return function(x)
    if x.dtype.kind == "b":
        raise TypeError("bools are not rounded")
    return x.copy()

def integers(x: Array) -> bool:
    """Whether x, an array or a number, has integers or bools."""
    return isinstance(x, int) or getattr(x, "dtype", np.dtype(float)).kind in "iub"

def divided(function: Callable[[Array, Array], Array], x: Array, y: Array) -> Array:
    """function(x, y), a division. Errors where NumPy gives numbers: for integers divided by 0, and for two bools."""
    out = function(x, y)
    if out.dtype.kind != "f":
        if not np.all(y):
            raise ZeroDivisionError("integers cannot be divided by 0; cast to float first: x.float()")
        if all(getattr(operand, "dtype", np.bool_) == np.bool_ for operand in (x, y) if not isinstance(operand, int)):
            if not any(type(operand) is int for operand in (x, y)):
                raise TypeError("bools are not divided; cast first: x.int()")
    return out
