"""Normalization: h = (x - mean) / σ with σ² = variance + eps, over the last axis of x or for each channel of a batch.

A vjp cannot name what a forward computed on the way, such as σ. So the mean and σ are found first, on arrays and without a
gradient, as an index is for indexing, and are options of the op. Each gradient below is written twice: fast, for arrays, and as
a formula in which the mean and σ are functions of x. If it is to be differentiated again, its values are those of the first
text, and on the tape it is the result of the second.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ...apply import op
from ...backend import Array, array_module, is_array
from ...dtypes import float16, float32, float64
from ..choice import masked
from ..exponential import pow_scalar
from ..reduction import mean as mean_over
from ..reduction import ones
from ..reduction import sum as sum_over
from ..shape import reshape
from ..special import pieces
from ..statistics import centred, var
from .twice import array_of, recorded_as

FAR = 2.0  # from this mean on, in σ, the rounding of the mean matters


def sums(x: Array) -> Array:
    """Σ x over the last axis. As a product with ones it takes a third of the time of np.add.reduce."""
    n = x.shape[-1]
    return x.dot(ones(n, x.dtype)) if isinstance(x, np.ndarray) and n <= 4096 else sum_over(x, axis=(x.ndim - 1,))

def dots(x: Array, y: Array) -> Array:
    """Σ x y over the last axis; y may be one row for all."""
    if not isinstance(x, np.ndarray) or x.shape[-1] > 4096:
        return sum_over(x * y, axis=(x.ndim - 1,))
    return x.dot(y) if y.ndim == 1 else np.vecdot(x, y)

def finite(x: Array) -> Array:
    """x, with 0 for inf and nan."""
    return masked(x, np.isfinite(x))


# Over the last axis: the core of LayerNorm, RMSNorm, GroupNorm and InstanceNorm

def standard(x: Array, eps: float, about_mean: bool = True) -> tuple[Array, Array, Array, Array]:
    """h, its 1/σ, and the mean and variance of x over the last axis; of float16 in float32.
    The mean is rounded. If it is large beside σ, its error is too, and the mean of h, which shows that error, is subtracted.
    """
    x = x.astype(float32) if x.dtype == float16 else x
    n = max(x.shape[-1], 1)
    mean = sums(x)[..., None] / n if about_mean else x.dtype.type(0)
    h = x - mean
    variance = dots(h, h)[..., None] / n
    scale = 1 / np.sqrt(variance + eps)
    if about_mean and (np.absolute(mean) * scale > FAR).any():
        left = finite(sums(h)[..., None] / n)
        mean += left
        h -= left
        variance = dots(h, h)[..., None] / n
        scale = 1 / np.sqrt(variance + eps)
    h *= scale
    return h, scale, mean, variance

# One step, because the composition of mean, variance, root and products takes three times as long. The gradients share g h.
@op(x=lambda g, x, weight, h, scale, eps, about_mean, gh: normalized_gradient(g, x, weight, h, scale, eps, about_mean, gh),
    weight=lambda g, gh: gh,
    bias=lambda g: g,
    gh=lambda g, x, h, scale, eps, about_mean: g * standard_again(x, h, scale, eps, about_mean)[0])
def normalized(x: Array, weight: Array, bias: Array, *, h: Array, scale: Array, eps: float, about_mean: bool) -> Array:
    """h · weight + bias over the last axis, where weight and bias may be None: without both it is h itself, which is saved, so
    it is not for users, who may write to it. h and scale = 1/σ are those of standard(x). If not about_mean, h = x / σ with
    σ² = mean x² + eps.
    """
    out = h if weight is None else h * weight
    if bias is not None:
        out = np.add(out, bias, out=None if weight is None else out)
    return out.astype(x.dtype, copy=False)

def normalized_gradient(g: Any, x: Any, weight: Any, h: Any, scale: Any, eps: float, about_mean: bool, gh: Any) -> Any:
    """(a - mean(a) - h · mean(a h)) / σ with a = g · weight; without mean(a) if h is not about the mean."""
    n = max(x.shape[-1], 1)
    if is_array(g):
        share = scale / n
        out = h * (share * (sums(gh) if weight is None else dots(gh, weight))[..., None])
        if about_mean:
            out += share * (sums(g) if weight is None else dots(g, weight))[..., None]
        a = g * (scale if weight is None else weight)
        if weight is not None:
            a *= scale
        return np.subtract(a, out, out=out)
    value = normalized_gradient(array_of(g), array_of(x), array_of(weight), h, scale, eps, about_mean, array_of(gh))
    h, scale = standard_again(x, h, scale, eps, about_mean)
    last, a, ah = (len(x.shape) - 1,), g, gh
    if weight is not None:
        a, ah = g * weight, gh * weight
    a = centred(a, axis=last) if about_mean else a
    return recorded_as((a - h * mean_over(ah, axis=last, keepdims=True, n=n)) * scale, value)

def standard_again(x: Any, h: Array, scale: Array, eps: float, about_mean: bool) -> tuple[Any, Any]:
    """h and 1/σ; if x is a Tensor, as functions of x."""
    if is_array(x):
        return h, scale
    last = {"axis": (len(x.shape) - 1,), "keepdims": True, "n": max(x.shape[-1], 1)}
    again = pow_scalar((var(x, **last) if about_mean else mean_over(x * x, **last)) + eps, y=-0.5)
    formula = (centred(x, axis=last["axis"]) if about_mean else x) * again
    return recorded_as(formula, h), recorded_as(again, scale)

# One step instead of a product and a sum: a pass over memory less.
@op(x=lambda g, weight: g * weight, weight=lambda g, x: g * x, bias=lambda g: g)
def scale_and_shift(x: Array, weight: Array, bias: Array) -> Array:
    """x · weight + bias, where weight and bias broadcast to the shape of x."""
    out = x * weight
    out += bias
    return out


# For each channel of a batch (N, C, ...)

def by_channel(x: Array) -> Array:
    """A batch as (N, C, S), or as (N, C·S) if the S numbers of a channel are few: NumPy is slow on short rows."""
    shape = x.shape
    size = prod(shape[2:])
    return x.reshape((*shape[:2], size) if size >= 32 else (shape[0], shape[1] * size))

def along(x: Array, channel: Array) -> Array:
    """One number for each channel, so that it broadcasts to a batch as by_channel makes it."""
    if x.ndim == 3:
        return channel[:, None]
    return channel if x.shape[1] == len(channel) else channel.repeat(x.shape[1] // len(channel))

def over_batch(x: Array, c: int, y: Array | None = None) -> Array:
    """Σ x, or Σ x y, for each of c channels of a piece of a batch as by_channel makes it; in float64."""
    if x.ndim == 3:
        return (sums(x) if y is None else dots(x, y)).astype(float64).sum(0)
    x = x if y is None else x * y
    rows: Array = x.T.dot(ones(len(x), x.dtype)) if isinstance(x, np.ndarray) and len(x) <= 256 else sum_over(x, axis=(0,))
    rows = rows.astype(float64)
    return rows if rows.size == c else rows.reshape(c, rows.size // c).sum(1)

def split(mean: Array, variance: Array, x: Array) -> tuple[Array | None, Array]:
    """The mean as a sum of two parts, of which the first is subtracted from x and the second taken care of afterwards:
    (x - mean) · a = (x - first) · a - second · a. If no mean is larger than its σ, the first part is nothing: that is a pass
    over memory less, and costs less than a bit. Otherwise it is the mean rounded to x's dtype, the second part the rounding.
    """
    if not (mean * mean > variance).any():
        return None, mean
    first = mean.astype(x.dtype)
    return along(x, first), mean - first

def channel_moments(batch: Array) -> tuple[Array, Array]:
    """The mean and the variance, Σ (x - mean)² / n, of each channel; in float64. If a mean is large beside σ, the error of its
    sum is too, and the mean of x - mean, which shows that error, is added.
    """
    x = by_channel(batch.astype(float32) if batch.dtype == float16 else batch)
    c, parts = batch.shape[1], pieces(x)
    n = max(batch.size // max(c, 1), 1)
    mean = sum([over_batch(x[part], c) for part in parts]) / n
    variance = sum([over_batch(x[part], c, x[part]) for part in parts]) / n - mean * mean
    first, rest = split(mean, variance, x)
    if first is not None:
        left, squares = 0.0, 0.0
        for part in parts:
            away = x[part] - first
            left, squares = left + over_batch(away, c), squares + over_batch(away, c, away)
        left = finite(left / n)
        mean, variance = mean - rest + left, np.maximum(squares / n - left * left, 0)
    return mean, variance

# One step, a few pictures at a time, because the composition takes four times as long. The gradients share two sums.
@op(x=lambda g, x, weight, mean, variance, eps, both: batch_gradient(g, x, weight, mean, variance, eps, both),
    weight=lambda g, both: both[1],
    bias=lambda g, both: both[0],
    both=lambda g, x, mean, variance, eps: batch_sums(g, x, mean, variance, eps))
def normalized_batch(x: Array, weight: Array, bias: Array, *, mean: Array, variance: Array, eps: float) -> Array:
    """(x - mean) / σ · weight + bias for each channel of (N, C, ...), where mean and variance are channel_moments(x) and weight
    and bias may be None.
    """
    rows, factor = by_channel(x), 1 / np.sqrt(variance + eps)
    first, rest = split(mean, variance, rows)
    factor = factor if weight is None else factor * weight
    shift = (0 if bias is None else bias) - rest * factor
    factor, shift = along(rows, factor.astype(x.dtype)), along(rows, shift.astype(x.dtype))
    out = array_module(x).empty(x.shape, x.dtype)
    into = out.reshape(rows.shape)
    for part in pieces(rows):
        y = np.multiply(rows[part] if first is None else rows[part] - first, factor, out=into[part])
        y += shift
    return out

def batch_sums(g: Any, x: Any, mean: Array, variance: Array, eps: float) -> tuple[Any, Any]:
    """Σ g and Σ g h for each channel: the gradients of bias and weight, and what that of x needs."""
    c = x.shape[1]
    if not is_array(g):
        axes, values = (0, *range(2, len(x.shape))), batch_sums(array_of(g), array_of(x), mean, variance, eps)
        formulas = sum_over(g, axis=axes), sum_over(g * standard_batch(x, eps)[0], axis=axes)
        return recorded_as(formulas[0], values[0]), recorded_as(formulas[1], values[1])
    rows, gs = by_channel(x), by_channel(g)
    parts, (first, rest) = pieces(rows), split(mean, variance, rows)
    total = sum([over_batch(gs[part], c) for part in parts])
    product = sum([over_batch(rows[part] if first is None else rows[part] - first, c, gs[part]) for part in parts])
    return total.astype(x.dtype), ((product - rest * total) / np.sqrt(variance + eps)).astype(x.dtype)

def batch_gradient(g: Any, x: Any, weight: Any, mean: Array, variance: Array, eps: float, both: tuple[Any, Any]) -> Any:
    """(g - mean(g) - h · mean(g h)) · weight / σ."""
    n = max(prod(x.shape) // max(x.shape[1], 1), 1)
    if not is_array(g):
        known = array_of(both[0]), array_of(both[1])
        value = batch_gradient(array_of(g), array_of(x), array_of(weight), mean, variance, eps, known)
        h, scale = standard_batch(x, eps)
        total, product, weight = (None if y is None else reshape(y, shape=scale.shape[1:]) for y in (*both, weight))
        formula = (g - total / n - h * (product / n)) * (scale if weight is None else scale * weight)
        return recorded_as(formula, value)
    rows, gs, (total, product) = by_channel(x), by_channel(g), both
    first, rest = split(mean, variance, rows)
    scale = 1 / np.sqrt(variance + eps)
    factor = scale if weight is None else scale * weight
    slope = factor * scale * product / n
    level = factor * total / n - rest * slope
    factor, slope, level = (along(rows, y.astype(x.dtype)) for y in (factor, slope, level))
    out = array_module(x).empty(x.shape, x.dtype)
    into = out.reshape(rows.shape)
    for part in pieces(rows):
        y = np.multiply(gs[part], factor, out=into[part])
        h = (rows[part] if first is None else rows[part] - first) * slope
        h += level
        y -= h
    return out

def standard_batch(x: Any, eps: float) -> tuple[Any, Any]:
    """h and 1/σ as functions of x, to be differentiated again."""
    axes, n = (0, *range(2, len(x.shape))), max(prod(x.shape) // max(x.shape[1], 1), 1)
    scale = pow_scalar(var(x, axis=axes, keepdims=True, n=n) + eps, y=-0.5)
    return centred(x, axis=axes) * scale, scale
