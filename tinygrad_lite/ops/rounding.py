"""Rounding, and division into a whole quotient and a remainder. Where it is flat, the derivative is 0, also at the steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..apply import op
from ..backend import Array
from .arithmetic import zero

__all__ = ["floor", "ceil", "trunc", "frac", "fix"]
IN_PLACE = __all__
Pairwise = Callable[[Array, Array], Array]
PIECE = 1 << 15

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

@op(x=lambda g: g, y=lambda g, x, y: -g * trunc_divide(x, y))
def fmod(x: Array, y: Array) -> Array:
    """x - y · trunc(x / y), which has the sign of x."""
    return divided(np.fmod, x, y, lambda x, y, q: signed_zeros(x - y * q, x), np.trunc)

@op(x=lambda g: g, y=lambda g, x, y: -g * floor_divide(x, y))
def remainder(x: Array, y: Array) -> Array:
    """x - y · floor(x / y), which has the sign of y; a zero that of x, as in PyTorch."""
    return divided(lambda x, y: signed_zeros(np.remainder(x, y), x), x, y, lambda x, y, q: signed_zeros(x - y * q, x))

def signed_zeros(out: Array, x: Array) -> Array:
    """out, with the sign of x at each zero."""
    zeros = out == 0
    return np.where(zeros, np.copysign(out, x), out) if out.dtype.kind == "f" and zeros.any() else out

@op(x=lambda g: zero(g), y=lambda g: zero(g))
def floor_divide(x: Array, y: Array) -> Array:
    """floor(x / y); exact for integers."""
    return divided(np.floor_divide, x, y, lambda x, y, q: q)

@op(x=lambda g: zero(g), y=lambda g: zero(g))
def trunc_divide(x: Array, y: Array) -> Array:
    """trunc(x / y); exact for integers."""
    if not (integers(x) and integers(y)):
        return np.trunc(np.true_divide(x, y))
    out = floor_divide(x, y)
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

def divided(exact: Pairwise, x: Array, y: Array, result: Callable[..., Array], rounded: Any = np.floor) -> Array:
    """exact(x, y), a division. Errors where NumPy gives numbers: for integers divided by 0, and for two bools.
    For float32 it is result(x, y, q), from the rounded quotient q in float64, which is exact while q < 2^28.
    """

    def quick(x: Array, y: Array) -> Array | None:
        q = rounded(x / y)
        return result(x, y, q) if np.absolute(q).max() < 2**28 else None

    out = by_way_of_float64(exact, quick, x, y)
    if out.dtype.kind != "f":
        if not np.all(y):
            raise ZeroDivisionError("integers cannot be divided by 0; cast to float first: x.float()")
        if all(isinstance(operand, bool) or getattr(operand, "dtype", None) == np.bool_ for operand in (x, y)):
            raise TypeError("bools are not divided; cast first: x.int()")
    return out

def by_way_of_float64(exact: Pairwise, quick: Callable[..., Array | None], x: Array, y: Array) -> Array:
    """exact(x, y); but for many float32 numbers quick(x, y) in float64, in pieces that fit into the cache, if it is not None.
    NumPy's division with a remainder takes 10 to 30 ns a number, its hypot 2.5. This takes about 2.
    """
    same = isinstance(x, np.ndarray) and x.dtype == np.float32 and x.size > 1000 and x.flags.c_contiguous
    if not same or not (type(y) in (int, float) or (y.shape == x.shape and y.flags.c_contiguous)):
        return exact(x, y)
    out = np.empty_like(x)
    xs, outs = x.reshape(-1), out.reshape(-1)
    ys: Array = y.reshape(-1) if isinstance(y, np.ndarray) else np.float32(y)
    for start in range(0, x.size, PIECE):
        piece = slice(start, start + PIECE)
        a, b = xs[piece], ys[piece] if ys.ndim else ys
        found = quick(a.astype(np.float64), b.astype(np.float64))
        outs[piece] = exact(a, b) if found is None else found
    return out
