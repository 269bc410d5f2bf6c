"""Logarithms and exponentials to other bases, and those that stay exact where log and exp would cancel."""

from __future__ import annotations

from math import log as log_of_number
from math import nan

import numpy as np

from ..apply import op
from ..backend import Array
from .choice import masked, where
from .exponential import log

__all__ = ["log1p", "log2", "log10", "expm1", "exp2"]
IN_PLACE = __all__
LN2, LN10 = log_of_number(2), log_of_number(10)

@op(x=lambda g, x: g / (1 + x))
def log1p(x: Array) -> Array:
    """log(1 + x), exact for small x too, where 1 + x would round to 1.
    >>> tensor(1e-10).log1p(), (1 + tensor(1e-10)).log()
    (tensor(1.0000e-10), tensor(0.))
    """
    return np.log1p(x)

@op(x=lambda g, x: g / (x * LN2))
def log2(x: Array) -> Array:
    """Logarithm to the base 2."""
    return np.log2(x)

@op(x=lambda g, x: g / (x * LN10))
def log10(x: Array) -> Array:
    """Logarithm to the base 10."""
    return np.log10(x)

@op(x=lambda g, out: g * (out + 1))
def expm1(x: Array) -> Array:
    """e^x - 1, exact for small x too."""
    return np.expm1(x)

@op(x=lambda g, out: g * (out * LN2))
def exp2(x: Array) -> Array:
    """2 to the x."""
    return np.exp2(x)

@op(x=lambda g, x, y: g * share(x - y), y=lambda g, x, y: g * share(y - x))
def logaddexp(x: Array, y: Array) -> Array:
    """log(e^x + e^y), without overflow."""
    return np.maximum(x, y) + np.log1p(np.exp(distance(x, y)))

@op(x=lambda g, x, y: g * share((x - y) * LN2), y=lambda g, x, y: g * share((y - x) * LN2))
def logaddexp2(x: Array, y: Array) -> Array:
    """log2(2^x + 2^y), without overflow."""
    return np.maximum(x, y) + np.log1p(np.exp2(distance(x, y))) * (1 / LN2)

@op(x=lambda g, x: g * (share(x) * share(-x)))
def share(x: Array) -> Array:
    """1 / (1 + e^-x), the share of e^x in e^x + 1. It is sigmoid, whose derivative from `out` cancels where out is near 1."""
    return 1 / (1 + np.exp(-x))

def distance(x: Array, y: Array) -> Array:
    """-|x - y|, and 0 for two equal infinities. np.logaddexp, which goes number by number, takes twenty times as long."""
    d = np.absolute(x - y)
    return np.fmin(np.negative(d, out=d), 0) if d.ndim else np.fmin(-d, 0)

@op(x=lambda g, x, y: masked(xlogy(g, y), (x != 0) | ~(y <= 0)), y=lambda g, x, y: g * (x / y))
def xlogy(x: Array, y: Array) -> Array:
    """x · log y, and 0 where x is 0, unless y is nan."""
    return masked(x * log(y), (x != 0) | (y != y))

@op(x=lambda g, x: where((x >= 0) & (x <= 1), g / (x * (1 - x)), nan))
def logit(x: Array) -> Array:
    """log(x / (1 - x)), the inverse of sigmoid; nan outside [0, 1]."""
    return np.log(x / (1 - x))
