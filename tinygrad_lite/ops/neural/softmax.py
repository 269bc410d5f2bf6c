"""Softmax and its relatives: e^x over a sum of e^x, without overflow."""

from __future__ import annotations

import numpy as np

from ...apply import op
from ...backend import Array
from ..exponential import exp
from ..reduction import Axes, by_columns, expand_reduced
from ..reduction import sum as sum_over


# One step, because the largest x is subtracted first: that leaves the result the same, and exp cannot overflow.
@op(x=lambda g, out, axis: softmax_slope(g, out, axis=axis))
def softmax(x: Array, *, axis: int) -> Array:
    """e^x / Σ e^x along an axis. The gradient: out · (g - Σ g·out)."""
    if not x.size:
        return x.copy()
    out = np.exp(x - by_columns(x, (axis,)).max(axis, keepdims=True))
    out /= sum_over(out, axis=(axis,), keepdims=True)
    return out

# One step, because two of four arrays are saved, in attention the largest ones of all. A gradient h of the result and x meet in
# Σ h y x - (Σ h y)(Σ x y): in both alike, so that x receives what this op makes of h.
@op(x=lambda g, y, axis: softmax_slope(g, y, axis=axis),
    y=lambda g, x, y, axis: g * x - g * sum_over(x * y, axis=(axis,), keepdims=True)
        - x * sum_over(g * y, axis=(axis,), keepdims=True))
def softmax_slope(x: Array, y: Array, *, axis: int) -> Array:
    """y · (x - Σ x·y): the gradient x of y = softmax(z) along an axis, taken back to z."""
    out = x * y
    np.subtract(x, sum_over(out, axis=(axis,), keepdims=True), out=out)
    out *= y
    return out

# As above; and because log(softmax) would be log 0 = -inf where softmax underflows.
@op(x=lambda g, out, axis: g - exp(out) * sum_over(g, axis=(axis,), keepdims=True))
def log_softmax(x: Array, *, axis: int) -> Array:
    """x - log Σ e^x along an axis. The gradient: g - softmax · Σ g."""
    if not x.size:
        return x.copy()
    out = x - by_columns(x, (axis,)).max(axis, keepdims=True)
    out -= np.log(sum_over(np.exp(out), axis=(axis,), keepdims=True))
    return out

# As above. If all numbers along the axis are -inf, so is the result.
@op(x=lambda g, x, out, axis, keepdims: expand_reduced(g, shape=x.shape, axis=axis, keepdims=keepdims)
    * exp(x - expand_reduced(out, shape=x.shape, axis=axis, keepdims=keepdims)))
def logsumexp(x: Array, *, axis: Axes, keepdims: bool) -> Array:
    """log Σ e^x over the axes. The gradient: g · softmax."""
    if not x.size:
        return x.sum(axis, keepdims=keepdims) - np.inf
    largest = x.max(axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0)
    out = np.log(sum_over(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return out if keepdims else out.squeeze(axis)
