"""What one number has (a sign, a reciprocal, an angle), and what lies between two. At kinks the derivatives are PyTorch's."""

from __future__ import annotations

from math import inf, pi

import numpy as np

from ..apply import op, tensors_only, view
from ..backend import Array
from .arithmetic import zero
from .choice import masked
from .rounding import by_way_of_float64

__all__ = ["reciprocal", "rsqrt", "angle", "fmax", "fmin"]
IN_PLACE = ["reciprocal", "rsqrt"]

@op(x=lambda g, out: -g * (out * out))
def reciprocal(x: Array) -> Array:
    """1 / x."""
    return np.true_divide(1, x)

@op(x=lambda g, out: g * (-0.5 * out * out * out))
def rsqrt(x: Array) -> Array:
    """1 / √x: inf at 0, nan for negative x.
    >>> tensor([4.0, 0.25]).rsqrt()
    tensor([0.5000, 2.0000])
    """
    return np.true_divide(1, np.sqrt(x))

@op(x=lambda g: zero(g))
def angle(x: Array) -> Array:
    """π for negative x, 0 for others, nan for nan: the angle of x in the complex plane."""
    if x.dtype.kind != "f":
        return np.where(x < 0, pi, 0.0)
    out = masked(x.dtype.type(pi), x < 0)
    return out + masked(x, x != x) if np.isnan(x).any() else out

@op(x=lambda g, x: masked(g, (x < inf) & (x > -inf)))
def finite(x: Array, *, nan: float, max: float, min: float) -> Array:
    """x with other numbers in place of nan, inf and -inf, where the derivative is 0."""
    return x.copy() if np.isfinite(x).all() else np.nan_to_num(x, nan=nan, posinf=max, neginf=min)

@op(x=lambda g, x, out: g * masked(out / x, x != 0), y=lambda g: zero(g))
def copysign(x: Array, y: Array) -> Array:
    """|x| with the sign of y, -0.0 counting as negative. At x = 0 the derivative is 0."""
    return np.copysign(x, y)

@op(x=lambda g, x, y: masked(g, (x >= y) | (y != y)), y=lambda g, x, y: masked(g, ~((x >= y) | (y != y))))
@tensors_only
def fmax(x: Array, y: Array) -> Array:
    """The larger of x and y, the other one if one is nan. Where they are equal, x gets all of the gradient.
    >>> tensor([1.0, 2.0]).fmax(tensor([float("nan"), 3.0]))
    tensor([1., 3.])
    """
    return np.fmax(x, y)

@op(x=lambda g, x, y: masked(g, (x <= y) | (y != y)), y=lambda g, x, y: masked(g, ~((x <= y) | (y != y))))
@tensors_only
def fmin(x: Array, y: Array) -> Array:
    """The smaller of x and y, the other one if one is nan. Where they are equal, x gets all of the gradient."""
    return np.fmin(x, y)

@op(x=lambda g, x, out: g * (x / out), y=lambda g, y, out: g * (y / out))
def hypot(x: Array, y: Array) -> Array:
    """√(x² + y²), without overflow of the squares. Its derivatives at the origin are nan."""
    return by_way_of_float64(np.hypot, lambda x, y: np.sqrt(x * x + y * y), x, y)

@op(x=lambda g, w: g * (1 - w), y=lambda g, w: g * w, w=lambda g, x, y: g * (y - x))
def lerp(x: Array, y: Array, w: Array) -> Array:
    """x + w · (y - x), counted from the nearer end, so that it is exactly y for w = 1."""
    d = y - x
    if isinstance(w, float):
        return x + w * d if -0.5 < w < 0.5 else y - d * (1 - w)
    near = np.absolute(w) < 0.5
    return masked(x, near) + masked(y, ~near) + d * (w - ~near)

@op(x=lambda g: g, a=lambda g, b, value: g * b * value, b=lambda g, a, value: g * a * value)
def addcmul(x: Array, a: Array, b: Array, *, value: float) -> Array:
    """x + value · a · b: one step, so that float16 is rounded once."""
    return x + (a * b if value == 1 else value * a * b)

@op(x=lambda g: g, a=lambda g, b, value: g * value / b, b=lambda g, a, b, value: -g * value * ((a / b) / b))
def addcdiv(x: Array, a: Array, b: Array, *, value: float) -> Array:
    """x + value · a / b, also one step."""
    return x + (np.true_divide(a, b) if value == 1 else np.true_divide(a * value, b))

@view(x=lambda g, x, y: masked(g, x != y), y=lambda g: zero(g))
def nextafter(x: Array, y: Array) -> Array:
    """The neighbour of x, among the numbers of its dtype, in the direction of y; y if they are equal.
    Not an @op, because that would compute the neighbour of a float16 in float32.
    """
    return np.nextafter(x, y)

@op(x=lambda g, exponent: ldexp(g, exponent), exponent=None)
def ldexp(x: Array, exponent: Array) -> Array:
    """x · 2^exponent for integer exponents: exact, even where 2^exponent overflows."""
    return np.ldexp(x, exponent)
