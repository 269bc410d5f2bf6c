"""Activations: functions that a layer applies to each of its numbers.

These are the primitives. Those that are products and sums of others (mish, softsign, ...) are in nn/functional/activation.py;
those that PyTorch has as torch.selu(x) too are in functional/activation.py.
"""

from __future__ import annotations

from math import inf, pi, sqrt
from typing import Any

import numpy as np

from ...apply import op
from ...backend import Array, is_array
from ..choice import masked
from ..error_function import many_float32, polynomial
from ..exponential import exp, tanh
from ..special import in_pieces, scipy_for

__all__ = ["sigmoid"]

@op(x=lambda g, out: masked(g, ~(out <= 0)))
def relu(x: Array) -> Array:
    """max(x, 0); its derivative at 0 is 0."""
    return x.clip(0, inf) if x.size > 2000 and x.dtype.kind == "f" else np.maximum(x, 0)  # as in limited, without a minimum

@op(x=lambda g, out: g * ((1 - out) * out))
def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x): sigmoid' = sigmoid (1 - sigmoid). If e^-x overflows, the result is 0, which is right.
    >>> tensor([0.0, 100.0, -1000.0]).sigmoid()
    tensor([0.5000, 1.0000, 0.0000])
    """
    out = 0.0 - x  # not -x, which NumPy refuses for bools
    if not out.ndim:
        return 1 / (1 + np.exp(out))
    np.exp(out, out=out)
    out += 1
    return np.divide(1, out, out=out)

# Where sigmoid underflows, its logarithm would be -inf.
@op(x=lambda g, x: g * sigmoid(-x))
def logsigmoid(x: Array) -> Array:
    """log sigmoid(x) = min(x, 0) - log(1 + e^-|x|)."""
    return limited(x, -inf, 0) - np.log1p(np.exp(-np.absolute(x)))

# Beyond the threshold it is x, and the derivative 1, to the last bit.
@op(x=lambda g, x, beta, threshold: masked(g * sigmoid(x * beta), ~(x * beta > threshold)) + masked(g, x * beta > threshold))
def softplus(x: Array, *, beta: float, threshold: float) -> Array:
    """log(1 + e^βx) / β, without overflow; x where βx > threshold."""
    z = x * beta
    out = (limited(z, 0, inf) + np.log1p(np.exp(-np.absolute(z)))) / beta
    return masked(out, ~(z > threshold)) + masked(x, z > threshold) if (z > threshold).any() else out


# With one kink or two

@op(x=lambda g, x, slope: scaled(g, x > 0, by=slope))
def leaky_relu(x: Array, *, slope: float) -> Array:
    """x where x > 0, slope · x elsewhere."""
    return np.maximum(x, x * slope) if slope <= 1 else np.minimum(x, x * slope)

@op(x=lambda g, keep, by: scaled(g, keep, by=by), keep=None)
def scaled(x: Array, keep: Array, *, by: float) -> Array:
    """x where `keep` is true, by · x elsewhere."""
    return x * pick(keep, x.dtype.type(1), by)

@op(x=lambda g, x, min, max: masked(g, (x > min) & (x < max)))
def hardtanh(x: Array, *, min: float, max: float) -> Array:
    """x limited to [min, max], as by clamp; but the derivative at the bounds is 0."""
    return limited(x, min, max)

@op(x=lambda g, x: masked(g / 6, (x > -3) & (x < 3)))
def hardsigmoid(x: Array) -> Array:
    """x / 6 + ½, limited to [0, 1]."""
    return limited(x + 3, 0, 6) / 6

# One step each, because a product with hardsigmoid takes twice as long.
@op(x=lambda g, x: g * hardswish_slope(x))
def hardswish(x: Array) -> Array:
    """x · hardsigmoid(x)."""
    return x * limited(x + 3, 0, 6) / 6

@op(x=lambda g, x: masked(g / 3, (x > -3) & (x < 3)))
def hardswish_slope(x: Array) -> Array:
    """x / 3 + ½ where -3 < x < 3, 0 below and 1 above; at nan, as in PyTorch, 1."""
    def slope(x: Array) -> Array:
        return masked(x / 3 + 0.5, (x > -3) & (x < 3)) + (~(x < 3)).astype(x.dtype)

    return in_pieces(slope, x) if isinstance(x, np.ndarray) else slope(x)

@op(x=lambda g, x, lambd: masked(g, (x < -lambd) | (x > lambd)))
def hardshrink(x: Array, *, lambd: float) -> Array:
    """x where |x| > lambd, 0 elsewhere."""
    return masked(x, ~((x >= -lambd) & (x <= lambd)))

@op(x=lambda g, x, lambd: masked(g, ~((x >= -lambd) & (x <= lambd))))
def softshrink(x: Array, *, lambd: float) -> Array:
    """x moved by lambd towards 0, and 0 where |x| <= lambd."""
    return x - limited(x, -lambd, lambd)

@op(x=lambda g, x, threshold: masked(g, ~(x <= threshold)))
def threshold(x: Array, *, threshold: float, value: float) -> Array:
    """x where x > threshold, `value` elsewhere."""
    return pick(~(x <= threshold), x, value)

# Powers of e below 0

@op(x=lambda g, x, alpha, scale, inner: (g if alpha * inner == 1 else scaled(g, x > 0, by=alpha * inner))
    * (scale * exp_below_0(x * inner)))
def elu(x: Array, *, alpha: float, scale: float, inner: float) -> Array:
    """scale · x where x > 0, scale · alpha (e^(inner x) - 1) elsewhere."""
    return scale * limited(x, 0, inf) + (scale * alpha) * np.expm1(limited(x * inner, -inf, 0))

@op(x=lambda g, x, out: masked(g * out, x < 0))
def exp_below_0(x: Array) -> Array:
    """e^x where x < 0, 1 elsewhere."""
    return np.exp(limited(x, -inf, 0))

# ndtr without its exactness for small results, which x · ndtr(x) does not need: half the time.
@op(x=lambda g, x: g * (exp(-0.5 * x * x) * (1 / sqrt(2 * pi))))
def gelu_share(x: Array) -> Array:
    """The probability that a normal number is at most x."""
    return in_pieces(_share, x) if many_float32(x) else scipy_for(x).ndtr(x)

# Products of x and a share of it, between 0 and 1. One step each, because the gradient of the composition takes twice as long.
# The share is found first, as an option, since a vjp cannot name it; to be differentiated again, it is computed anew. For
# arrays the gradients are the same formulas, computed in one or two arrays: half the time.

@op(x=lambda g, x, share: gelu_slope(g, x, share))
def gelu(x: Array, *, share: Array) -> Array:
    """x · ndtr(x), where the share is gelu_share(x)."""
    return x * share

def gelu_slope(g: Any, x: Any, share: Any) -> Any:
    """(share + x · the density of normal numbers) · g."""
    if not is_array(x):
        return (exp(x * x * -0.5) * (1 / sqrt(2 * pi)) * x + gelu_share(x)) * g
    out = x * x
    out *= -0.5
    out = np.exp(out, out=out if out.ndim else None)
    out *= 1 / sqrt(2 * pi)
    out *= x
    out += share
    out *= g
    return out

A, B = sqrt(2 / pi), sqrt(2 / pi) * 0.044715

@op(x=lambda g, x, t: gelu_tanh_slope(g, x, t))
def gelu_tanh(x: Array, *, t: Array) -> Array:
    """x · ndtr(x), nearly: 0.5 x (1 + t), where t = tanh(√(2/π) (x + 0.044715 x³)) is gelu_angle(x)."""
    out = t + 1
    out *= x
    out *= 0.5
    return out

def gelu_angle(x: Any) -> Any:
    """tanh(√(2/π) (x + 0.044715 x³))."""
    if not is_array(x):
        return tanh((x * x * B + A) * x)
    out = x * x
    out *= B
    out += A
    out *= x
    return np.tanh(out, out=out if out.ndim else None)

def gelu_tanh_slope(g: Any, x: Any, t: Any) -> Any:
    """(0.5 (1 + t) + 0.5 x · the derivative of t) · g."""
    if not is_array(x):
        t = gelu_angle(x)
        return ((x * x * (3 * B) + A) * (1 - t * t) * x + t + 1) * 0.5 * g
    out, rest = x * x, t * t
    out *= 3 * B
    out += A
    out *= 1 - rest
    out *= x
    out += t
    out += 1
    out *= 0.5
    out *= g
    return out

@op(x=lambda g, x, share: silu_slope(g, x, share))
def silu(x: Array, *, share: Array) -> Array:
    """x · sigmoid(x), where the share is sigmoid(x)."""
    return x * share

def silu_slope(g: Any, x: Any, share: Any) -> Any:
    """(1 + x (1 - share)) · share · g."""
    if not is_array(x):
        share = sigmoid(x)
        return ((1 - share) * x + 1) * share * g
    out = 1 - share
    out *= x
    out += 1
    out *= share
    out *= g
    return out


# On arrays

# atanh(erf(x / √2)) / x in x², fitted as in error_function.py, but for the smallest absolute error of ndtr: 1e-7.
SHARE = (0.797884941, 0.0363330846, -3.25949736e-05, -5.53062067e-05, 3.96474885e-06, -1.32263852e-07, 1.75618947e-09)


def _share(x: Array) -> Array:
    z = x.clip(-5.75, 5.75)  # beyond, it is 0 or 1 in float32
    out = polynomial(SHARE, z * z)
    out *= z
    np.tanh(out, out=out)
    out += 1
    out *= 0.5
    return out


def limited(x: Array, low: float, high: float) -> Array:
    """x limited to [low, high]. For many numbers by clip, which takes a quarter of the time of np.maximum with a number."""
    return x.clip(low, high) if x.size > 2000 else np.minimum(np.maximum(x, low), high)


def pick(keep: Array, x: Array, value: float) -> Array:
    """x where `keep` is true, a number elsewhere: on the bits, ten times as fast as np.where if `keep` is irregular."""
    bits = f"i{x.dtype.itemsize}"
    other = x.dtype.type(value).view(bits)
    return ((-keep.astype(bits) & (x.view(bits) ^ other)) ^ other).view(x.dtype)
