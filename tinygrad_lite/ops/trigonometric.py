"""Circular and hyperbolic functions and their inverses, element by element. Outside its domain a function is nan.

Angles are in radians. The arc names, such as arcsin for asin, are other names of the same functions.
"""

from __future__ import annotations

from math import factorial, pi

import numpy as np

from ..apply import op, tensors_only
from ..backend import Array
from .choice import masked
from .exponential import sqrt

__all__ = ["sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "asinh", "acosh", "atanh", "sinc"]
__all__ += ["arcsin", "arccos", "arctan", "arctan2", "arcsinh", "arccosh", "arctanh"]
IN_PLACE = __all__

@op(x=lambda g, x: g * cos(x))
def sin(x: Array) -> Array:
    """Sine.
    >>> tensor([0.0, 1.0]).sin()
    tensor([0.0000, 0.8415])
    """
    return np.sin(x)

@op(x=lambda g, x: -g * sin(x))
def cos(x: Array) -> Array:
    """Cosine."""
    return np.cos(x)

@op(x=lambda g, out: g * (1 + out * out))
def tan(x: Array) -> Array:
    """Tangent: tan' = 1 + tan²."""
    return np.tan(x)

@op(x=lambda g, x: g / sqrt(gap(x)))
def asin(x: Array) -> Array:
    """The angle in [-π/2, π/2] whose sine is x. Its derivative is inf at -1 and 1."""
    return np.arcsin(x)

@op(x=lambda g, x: -g / sqrt(gap(x)))
def acos(x: Array) -> Array:
    """The angle in [0, π] whose cosine is x. Its derivative is -inf at -1 and 1."""
    return np.arccos(x)

@op(x=lambda g, x: g / (1 + x * x))
def atan(x: Array) -> Array:
    """The angle in [-π/2, π/2] whose tangent is x."""
    return np.arctan(x)

@op(x=lambda g, y, s: g * masked(y / s, s != 0),
    y=lambda g, x, s: -g * masked(x / s, s != 0),
    s=lambda x, y: x * x + y * y)
@tensors_only
def atan2(x: Array, y: Array) -> Array:
    """The angle in [-π, π] of the point whose height is x and whose position on the horizontal axis is y.
    At the origin its derivatives are 0, the second ones nan.
    >>> atan2(tensor([1.0, 1.0]), tensor([1.0, -1.0]))
    tensor([0.7854, 2.3562])
    """
    return np.arctan2(x, y)

@op(x=lambda g, x: g * cosh(x))
def sinh(x: Array) -> Array:
    """Hyperbolic sine: (e^x - e^-x) / 2."""
    return np.sinh(x)

@op(x=lambda g, x: g * sinh(x))
def cosh(x: Array) -> Array:
    """Hyperbolic cosine: (e^x + e^-x) / 2."""
    return np.cosh(x)

@op(x=lambda g, x: g / sqrt(x * x + 1))
def asinh(x: Array) -> Array:
    """The number whose hyperbolic sine is x."""
    return np.arcsinh(x)

@op(x=lambda g, x: g / sqrt((x - 1) * (x + 1)))
def acosh(x: Array) -> Array:
    """The number >= 0 whose hyperbolic cosine is x. Its derivative is inf at 1."""
    return np.arccosh(x)

@op(x=lambda g, x: g / gap(x))
def atanh(x: Array) -> Array:
    """The number whose hyperbolic tangent is x: -inf at -1, inf at 1."""
    return np.arctanh(x)

@op(x=lambda g, x: g * (-2 * x))
def gap(x: Array) -> Array:
    """1 - x², without cancellation near 1; nor near 0 in its derivative, which is why it is a primitive."""
    return (1 - x) * (1 + x)

@op(x=lambda g, x: g * (x * sinc_ratio(x)))
def sinc(x: Array) -> Array:
    """sin(πx) / (πx), and 1 at 0."""
    y = (x + (x == 0)) * pi
    return np.sin(y) / y + (x == 0)

# A primitive because its formula cancels near 0. That of its derivative does so too, which is the third one of sinc.
@op(x=lambda g, x, out: masked(g * ((-3 * out - pi**2 * sinc(x)) / x), x != 0))
def sinc_ratio(x: Array) -> Array:
    """sinc'(x) / x = (cos(πx) - sinc(x)) / x², and -π²/3 at 0; near it by the Taylor series in z = (πx)²."""
    y = x.reshape(-1) * pi
    z = y * y
    out = (np.cos(y) - np.sin(y) / y) / z
    near, series = z < 1, 0.0
    small = z[near]
    for k in range(10, 0, -1):
        series = series * small + (-1) ** k * 2 * k / factorial(2 * k + 1)
    out[near] = series
    return (out * pi**2).reshape(x.shape)

arcsin, arccos, arctan, arctan2, arcsinh, arccosh, arctanh = asin, acos, atan, atan2, asinh, acosh, atanh
