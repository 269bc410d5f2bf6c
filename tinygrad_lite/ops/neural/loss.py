"""Losses that are primitives, because every training step computes them or because no composition has the right derivative."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ...apply import op
from ...backend import Array, array_module, is_array
from ...dtypes import float16, float32
from ..choice import clip
from ..exponential import exp, log
from ..indexing import index_add, taken
from ..reduction import sum as sum_over
from ..reduction import summed
from ..shape import reshape
from ..special import pieces
from .activation import sigmoid
from .softmax import largest_along, sum_along
from .twice import array_of, recorded_as


# Indexing, negation and mean in one step, because every training step of a classifier computes it. The index counts through all
# numbers of x: for 16 rows NumPy then takes and sets in 0.2 µs what takes it 1.3 with one index for each axis.
@op(x=lambda g, shape, index, n: reshape(index_add(-g / n, shape=(prod(shape),), index=(index,), once=True), shape=shape))
def nll(x: Array, *, index: Array, n: int) -> Array:
    """-Σ x[index] / n: the negative log-likelihood, for log-probabilities x and one index a row."""
    return -summed(taken(x, index), 0) / n

# The loss of nearly every classifier, in one step: for 16 x 3 logits half the time of log_softmax and nll, with backward.
# What does not need x on the tape is found first, without a gradient.
@op(x=lambda g, x, index, largest, power, total, n: share_less_one(g / n, x, index, largest, power, total))
def cross_entropy(x: Array, *, index: Array, largest: Array, power: Array, total: Array, n: int) -> Array:
    """Σ (log Σ e^x - x[index]) / n over the rows, where power is e^(x - largest), and largest and total are the largest x and
    the sum of the powers of each row. The gradient: g / n · (softmax(x) - 1 at the index).
    """
    return summed(np.log(total[:, 0]) - (taken(x, index) - largest[:, 0]), 0) / n

def powers_and_sums(x: Array) -> tuple[Array, Array, Array]:
    """The largest x of each row, e^(x - largest), and its sum over the row; of float16 in float32."""
    x = x.astype(float32) if x.dtype == float16 else x
    largest = largest_along(x, 1)
    power = x - largest
    np.exp(power, out=power)
    return largest, power, sum_along(power, 1)

def share_less_one(g: Any, x: Any, index: Array, largest: Array, power: Array, total: Array) -> Any:
    """g · (softmax(x) - 1 at the index)."""
    if not is_array(g) and not isinstance(g, np.generic):
        value = share_less_one(array_of(g), array_of(x), index, largest, power, total)
        powers = exp(x - largest)
        share = powers * (g / sum_over(powers, axis=(1,), keepdims=True))
        ones = reshape(index_add(g, shape=(prod(x.shape),), index=(index,), once=True), shape=tuple(x.shape))
        return recorded_as(share - ones, value)
    out = power * (g / total)
    out.reshape(-1)[index] = taken(out, index) - g
    return out

# For more logits than the cache holds: one step, and some rows at a time, because log_softmax and nll take twice as long for
# 4096 x 1000 of them. The largest x of each row and the sum of the powers are found first, without a gradient, as the index is.
@op(x=lambda g, x, target, largest, total: nll_slope(g, x, target, largest, total))
def nll_of_logits(x: Array, *, target: Array, largest: Array, total: Array) -> Array:
    """-log softmax(x)[target] of each row; largest and total are sums_of_powers(x)."""
    picked = x[array_module(x).arange(len(x)), target]
    return -(picked - largest[:, 0] - np.log(total[:, 0]))

def sums_of_powers(x: Array) -> tuple[Array, Array]:
    """The largest x of each row, and Σ e^(x - largest); of float16 in float32."""
    x = x.astype(float32) if x.dtype == float16 else x
    parts = pieces(x)
    if len(parts) > 1:
        found = [sums_of_powers(x[rows]) for rows in parts]
        return np.concatenate([part[0] for part in found]), np.concatenate([part[1] for part in found])
    largest = largest_along(x, 1)
    power, shift = powers(x, largest)
    total = sum_along(power, 1)
    return largest, total if shift is None else total * shift

def powers(x: Array, largest: Array) -> tuple[Array, Array | None]:
    """e^(x - largest), as it is or in two factors. If all largest numbers are small, e^x cannot overflow, and e^-largest is
    left for later: of many numbers, a subtraction of one from each row takes half as long as the powers.
    """
    if x.size > 4096 and (np.absolute(largest) < 40).all():
        return np.exp(x), np.exp(-largest)
    power = x - largest
    return np.exp(power, out=power), None

def nll_slope(g: Any, x: Any, target: Array, largest: Array, total: Array) -> Any:
    """g · (softmax(x) - 1 at the target)."""
    if not is_array(g):
        value = nll_slope(array_of(g), array_of(x), target, largest, total)
        power = exp(x - largest)
        share = power * (reshape(g, shape=total.shape) / sum_over(power, axis=(1,), keepdims=True))
        places = array_module(target).arange(len(target)), target
        return recorded_as(share - index_add(g, shape=x.shape, index=places, once=True), value)
    out, each = array_module(x).empty(x.shape, x.dtype), g[:, None] / total
    for rows in pieces(x):
        power, shift = powers(x[rows], largest[rows])
        np.multiply(power, each[rows] if shift is None else each[rows] * shift, out=out[rows])
    out[array_module(x).arange(len(x)), target] -= g
    return out

# One step, because no composition has the right derivative at 0, where max and |x| have a kink, and at ±∞; and because
# σ(x) - y, unlike (1 - y) - σ(-x), does not lose digits where it is small.
@op(x=lambda g, x, y: g * (sigmoid(x) - y), y=lambda g, x: -g * x)
def bce_with_logits(x: Array, y: Array) -> Array:
    """-y log σ(x) - (1 - y) log(1 - σ(x)) of each logit x and target y, without overflow."""
    return (1 - y) * x + np.maximum(-x, 0) + np.log1p(np.exp(-np.absolute(x)))

# One step, because at 0 and 1 a composition's derivative is 0 · inf.
@op(x=lambda g, x, y: g * ((x - y) / clip((1 - x) * x, min=1e-12, max=np.inf)),
    y=lambda g, x: g * (logarithm(1 - x) - logarithm(x)))
def bce(x: Array, y: Array) -> Array:
    """-y log x - (1 - y) log(1 - x) of each probability x and target y, where a logarithm counts as -100 if it is less."""
    return (y - 1) * np.maximum(np.log1p(-x), -100) - y * np.maximum(np.log(x), -100)

# One step, because the derivative of both pieces together is a clip: half the time of the composition.
@op(x=lambda g, x, delta: g * clip(x, min=-delta, max=delta))
def huber(x: Array, *, delta: float) -> Array:
    """x²/2 where |x| <= delta, delta (|x| - delta/2) elsewhere; with c = x limited to [-delta, delta] it is c (x - c/2)."""
    c = clip(x, min=-delta, max=delta)
    out = c * -0.5
    out += x
    out *= c
    return out


def logarithm(x: Any) -> Any:
    """log x, but at least -100."""
    return clip(log(x), min=-100, max=np.inf)
