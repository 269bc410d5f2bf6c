"""The error function, and the normal distribution, which is the error function in another scale.

    erf(x) = 2/√π ∫ e^-t² dt from 0 to x        ndtr(x) = 1/√2π ∫ e^-t²/2 dt from -∞ to x

The values are SciPy's, from scipy.special; but for many float32 numbers on the CPU, from polynomials, three times as fast.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import Any

import numpy as np

from ..apply import op
from ..backend import Array
from .exponential import exp
from .special import in_pieces, scipy_for

__all__ = ["erf", "erfc", "erfinv"]
IN_PLACE = __all__

@op(x=lambda g, x: g * (exp(-x * x) * (2 / sqrt(pi))))
def erf(x: Array) -> Array:
    """The error function, from -1 to 1. Its derivative is 2/√π e^-x².
    >>> tensor([0.0, 1.0]).erf()
    tensor([0.0000, 0.8427])
    """
    return in_pieces(_erf, x) if many_float32(x) else scipy_for(x).erf(x)

@op(x=lambda g, x: g * (exp(-x * x) * (-2 / sqrt(pi))))
def erfc(x: Array) -> Array:
    """1 - erf(x), without cancellation.
    >>> tensor([0.0, 5.0]).erfc()
    tensor([1.0000e+00, 1.5375e-12])
    """
    return in_pieces(_erfc, x) if many_float32(x) else scipy_for(x).erfc(x)

@op(x=lambda g, x: g * erfcx_slope(x))
def erfcx(x: Array) -> Array:
    """e^x² erfc(x), which neither overflows nor underflows for x > 0."""
    return scipy_for(x).erfcx(x)

# A primitive because in float32 its formula is wrong by a fourth at x = 1000. Beyond 100 it is the asymptotic series; at inf it
# is nan, as in PyTorch.
@op(x=lambda g, x, out: g * (2 * (erfcx(x) + x * out)))
def erfcx_slope(x: Array) -> Array:
    """The derivative of erfcx, 2x erfcx(x) - 2/√π."""
    y = x.astype(np.float64)
    w = 1 / (y * y)
    far = w * (1 - w * (1.5 - w * (3.75 - w * 13.125)))
    return (np.where((y > 100) & (y < np.inf), -far, 2 * sqrt(pi) * y * scipy_for(x).erfcx(y) - 2) / sqrt(pi)).astype(x.dtype)

@op(x=lambda g, out: g * (exp(out * out) * (sqrt(pi) / 2)))
def erfinv(x: Array) -> Array:
    """The inverse of erf: ±inf at ±1, nan beyond.
    >>> tensor([0.0, 0.5, -1.0]).erfinv()
    tensor([0.0000, 0.4769,   -inf])
    """
    return scipy_for(x).erfinv(x)

@op(x=lambda g, x: g * (exp(-0.5 * x * x) * (1 / sqrt(2 * pi))))
def ndtr(x: Array) -> Array:
    """The probability that a normal number is at most x."""
    return in_pieces(_ndtr, x) if many_float32(x) else scipy_for(x).ndtr(x)

@op(x=lambda g, x: g * hazard(x))
def log_ndtr(x: Array) -> Array:
    """log ndtr(x), finite even where ndtr underflows to 0."""
    return scipy_for(x).log_ndtr(x)

@op(x=lambda g, x, out: -g * (out * (x + out)))
def hazard(x: Array) -> Array:
    """The derivative of log_ndtr, e^-x²/2 / (√2π ndtr(x)), without the quotient 0 / 0 for large -x."""
    return sqrt(2 / pi) / scipy_for(x).erfcx(x * -sqrt(0.5))

@op(x=lambda g, out: g * (exp(0.5 * out * out) * sqrt(2 * pi)))
def ndtri(x: Array) -> Array:
    """The inverse of ndtr: -inf at 0, inf at 1, nan beyond."""
    return scipy_for(x).ndtri(x)


# float32: errors below 2 and 4 units in the last place. The coefficients are weighted least-squares fits, reweighted until the
# largest relative error was smallest (Lawson's method): of atanh(erf x) / x in x², and of (1 + x/2) erfcx(x) in 1 / (1 + x/2).

def many_float32(x: Any) -> bool:
    """Whether polynomials are faster than SciPy: from 400 numbers on."""
    return isinstance(x, np.ndarray) and x.dtype == np.float32 and x.size > 400


ERF = (
    1.12837925, 0.102769867, -0.000195295032, -0.000614831748, 8.45937233e-05, -4.79398746e-06, 2.75134518e-08, 5.42395929e-09,
)
ERFCX = (
    0.282075163, 0.282626662, 0.240742774, 0.21494851, -0.0655354891, 0.356579173, -0.58831451, 0.365025264, -0.0950795312,
    0.00693195612,
)


def polynomial(coefficients: tuple[float, ...], x: Array) -> Array:
    out = x * coefficients[-1]
    for c in coefficients[-2:0:-1]:
        out += c
        out *= x
    out += coefficients[0]
    return out


def _erf(x: Array) -> Array:
    x = x.clip(-4.07, 4.07)  # beyond, erf is ±1 in float32
    return np.tanh(x * polynomial(ERF, x * x))


def _erfc(x: Array) -> Array:
    return _mirrored(x, _tail(x, 1.0), 2.0)


def _ndtr(x: Array) -> Array:
    return _mirrored(-x, _tail(x, 0.5) * 0.5, 1.0)


def _tail(x: Array, s: float) -> Array:
    """erfc(√s |x|). x = h + l, where h has so few digits that h² is exact: e^-s x² from a rounded x² has a large error."""
    x = np.absolute(x).clip(0, 16)
    h = (x.view("i4") & -4096).view("f4")
    t = 1 / (1 + x * (0.5 * sqrt(s)))
    return np.exp(h * h * -s) * np.exp((h - x) * (h + x) * s) * t * polynomial(ERFCX, t)


def _mirrored(x: Array, y: Array, total: float) -> Array:
    """y where x >= 0, total - y where x < 0, on the bits: np.where takes ten times as long if the signs are irregular."""
    signed = y.view("i4") ^ (x.view("i4") & np.int32(-(2**31)))
    return ((x.view("i4") >> 31) & np.float32(total).view("i4")).view("f4") + signed.view("f4")
