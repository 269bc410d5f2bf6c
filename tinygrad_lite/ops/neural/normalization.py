"""Normalization: h = (x - mean) / σ with σ² = variance + eps, over the last axis of x or for each channel of a batch.

A vjp cannot name what a forward computed on the way, such as σ. So the mean and σ are found first, on arrays and without a
gradient, as an index is for indexing, and are options of the op. A derivative that is to be differentiated again computes them
anew, as functions of x: by the formula, which in each of the two gradients below stands behind the version for arrays.
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
from ..statistics import centred, var

FAR = 2.0  # from this mean on, in σ, the rounding of the mean matters
PIECE = 1 << 17  # numbers that stay in the cache while several steps work on them


def sums(x: Array) -> Array:
    """Σ x over the last axis. As a product with ones it takes a third of the time of np.add.reduce."""
    n = x.shape[-1]
    return x.dot(ones(n, x.dtype)) if type(x) is np.ndarray and n <= 4096 else sum_over(x, axis=(x.ndim - 1,))

def dots(x: Array, y: Array) -> Array:
    """Σ x y over the last axis."""
    return np.vecdot(x, y) if type(x) is np.ndarray and x.shape[-1] <= 4096 else sum_over(x * y, axis=(x.ndim - 1,))

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

# One step, because the composition of mean, variance and root takes three times as long.
@op(x=lambda g, x, out, scale, eps, about_mean: standardized_gradient(g, x, out, scale, eps, about_mean))
def standardized(x: Array, *, h: Array, scale: Array, eps: float, about_mean: bool) -> Array:
    """(x - mean) / σ over the last axis, or x / σ with σ² = mean x² + eps; h and scale = 1/σ are those of standard(x)."""
    return h

def standardized_gradient(g: Any, x: Any, h: Any, scale: Any, eps: float, about_mean: bool) -> Any:
    """(g - mean(g) - h · mean(g h)) / σ, without mean(g) if h is not about the mean."""
    n = max(x.shape[-1], 1)
    if is_array(g):
        out = h * (dots(g, h)[..., None] / n)
        if about_mean:
            out += sums(g)[..., None] / n
        np.subtract(g, out, out=out)
        out *= scale
        return out
    last = {"axis": (len(x.shape) - 1,), "keepdims": True, "n": n}
    scale = pow_scalar((var(x, **last) if about_mean else mean_over(x * x, **last)) + eps, y=-0.5)
    g = centred(g, axis=last["axis"]) if about_mean else g
    return (g - h * mean_over(g * h, **last)) * scale

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
    return channel[:, None] if x.ndim == 3 else channel.repeat(x.shape[1] // max(len(channel), 1))

def over_batch(x: Array, c: int, y: Array | None = None) -> Array:
    """Σ x, or Σ x y, for each of c channels of a piece of a batch as by_channel makes it; in float64."""
    if x.ndim == 3:
        rows = sums(x) if y is None else dots(x, y)
        return rows.astype(float64).sum(0)
    x = x if y is None else x * y
    rows = ones(len(x), x.dtype).dot(x) if type(x) is np.ndarray and len(x) <= 256 else sum_over(x, axis=(0,))
    return rows.astype(float64).reshape(c, rows.size // max(c, 1)).sum(1)

def pieces(x: Array) -> list[slice]:
    """Parts of a batch that fit into the cache; on a GPU the batch as a whole."""
    n = max(len(x), 1)
    step = max(1, PIECE * n // max(x.size, 1)) if type(x) is np.ndarray else n
    return [slice(start, start + step) for start in range(0, n, step)]

def far(mean: Array, variance: Array) -> bool:
    """Whether a channel's mean is so large beside its σ that x must be shifted by it before anything else. Otherwise
    (x - mean) · a is computed as x · a - mean · a, a pass over memory less, and the digits lost are less than one bit.
    """
    return bool((mean * mean > variance).any())

def channel_moments(batch: Array) -> tuple[Array, Array]:
    """The mean and the variance, Σ (x - mean)² / n, of each channel; in float64. If a mean is large beside σ, the error of its
    sum is too, and the mean of x - mean, which shows that error, is added.
    """
    x = by_channel(batch.astype(float32) if batch.dtype == float16 else batch)
    c, parts = batch.shape[1], pieces(x)
    n = max(batch.size // max(c, 1), 1)
    mean = sum([over_batch(x[part], c) for part in parts]) / n
    variance = sum([over_batch(x[part], c, x[part]) for part in parts]) / n - mean * mean
    if far(mean, variance):
        mean = mean.astype(x.dtype)
        middle, left, squares = along(x, mean), 0.0, 0.0
        for part in parts:
            away = x[part] - middle
            left, squares = left + over_batch(away, c), squares + over_batch(away, c, away)
        left = finite(left / n)
        mean, variance = mean + left, np.maximum(squares / n - left * left, 0)
    return mean, variance

# One step, a few pictures at a time, because the composition takes four times as long. The gradients share two sums.
@op(x=lambda g, x, weight, mean, variance, eps, sums: batch_gradient(g, x, weight, mean, variance, eps, sums),
    weight=lambda g, sums: sums[1],
    bias=lambda g, sums: sums[0],
    sums=lambda g, x, mean, variance, eps: batch_sums(g, x, mean, variance, eps))
def normalized_batch(x: Array, weight: Array, bias: Array, *, mean: Array, variance: Array, eps: float) -> Array:
    """(x - mean) / σ · weight + bias for each channel of (N, C, ...), where mean and variance are channel_moments(x) and weight
    and bias may be None.
    """
    rows, middle = by_channel(x), mean.astype(x.dtype)
    factor = (1 / np.sqrt(variance + eps)).astype(x.dtype)
    factor = factor if weight is None else factor * weight
    shift = middle * 0 if bias is None else bias
    away = along(rows, middle) if far(mean, variance) else None
    shift, factor = along(rows, shift if away is not None else shift - middle * factor), along(rows, factor)
    out = array_module(x).empty(x.shape, x.dtype)
    into = out.reshape(rows.shape)
    for part in pieces(rows):
        y = np.multiply(rows[part] if away is None else rows[part] - away, factor, out=into[part])
        y += shift
    return out

def batch_sums(g: Any, x: Any, mean: Any, variance: Any, eps: float) -> tuple[Any, Any]:
    """Σ g and Σ g h for each channel: the gradients of bias and weight."""
    c = x.shape[1]
    if not is_array(g):
        axes = (0, *range(2, len(x.shape)))
        return sum_over(g, axis=axes), sum_over(g * standard_batch(x, eps)[0], axis=axes)
    rows, gs = by_channel(x), by_channel(g)
    parts, away = pieces(rows), along(rows, mean.astype(x.dtype)) if far(mean, variance) else None
    total = sum([over_batch(gs[part], c) for part in parts])
    product = sum([over_batch(rows[part] if away is None else rows[part] - away, c, gs[part]) for part in parts])
    product = (product if away is not None else product - mean * total) / np.sqrt(variance + eps)
    return total.astype(x.dtype), product.astype(x.dtype)

def batch_gradient(g: Any, x: Any, weight: Any, mean: Any, variance: Any, eps: float, sums: tuple[Any, Any]) -> Any:
    """(g - mean(g) - h · mean(g h)) · weight / σ."""
    c = x.shape[1]
    n = max(prod(x.shape) // max(c, 1), 1)
    if not is_array(g):
        h, scale = standard_batch(x, eps)
        total, product, weight = (None if y is None else reshape(y, shape=scale.shape[1:]) for y in (*sums, weight))
        return (g - total / n - h * (product / n)) * (scale if weight is None else scale * weight)
    rows, gs, (total, product) = by_channel(x), by_channel(g), sums
    away = along(rows, mean.astype(x.dtype)) if far(mean, variance) else None
    scale = 1 / np.sqrt(variance + eps)
    factor = scale if weight is None else scale * weight
    slope, level = factor * scale * product / n, factor * total / n
    level = level if away is not None else level - mean * slope
    factor, slope, level = (along(rows, y.astype(x.dtype)) for y in (factor, slope, level))
    out = array_module(x).empty(x.shape, x.dtype)
    into = out.reshape(rows.shape)
    for part in pieces(rows):
        y = np.multiply(gs[part], factor, out=into[part])
        h = (rows[part] if away is None else rows[part] - away) * slope
        h += level
        y -= h
    return out

def standard_batch(x: Any, eps: float) -> tuple[Any, Any]:
    """h and 1/σ as functions of x, to be differentiated again."""
    axes = (0, *range(2, len(x.shape)))
    scale = pow_scalar(var(x, axis=axes, keepdims=True, n=prod(x.shape) / max(x.shape[1], 1)) + eps, y=-0.5)
    return centred(x, axis=axes) * scale, scale
