"""What networks need stable or fast. Each is a composition that has a reason, told beside it, to be a primitive."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..backend import Array
from ..tape import op
from .elementwise import exp, sigmoid
from .indexing import put_at
from .reduction import Axes, by_columns, spread
from .reduction import sum as sum_over


def rows(x: Any) -> Any:
    """x as one matrix: all axes but the last in one."""
    return x if len(x.shape) == 2 else x.reshape((prod(x.shape[:-1]), x.shape[-1]))

# One step instead of three (transpose, matmul, add), and the gradients of weight and bias are one product and one sum for
# any batch. dot is what @ is for a matrix on the right, at half the overhead.
@op(x=lambda g, weight: g @ weight,
    weight=lambda g, x: rows(g).T @ rows(x),
    bias=lambda g: sum_over(rows(g), axis=(0,)))
def linear(x: Array, weight: Array, bias: Array) -> Array:
    """x Wᵀ + b: (..., in), (out, in), (out) -> (..., out)."""
    out = x.dot(weight.T)
    out += bias
    return out

# The largest x is taken off first: the result is the same, and exp cannot overflow.
@op(x=lambda g, out, axis: out * (g - sum_over(g * out, axis=(axis,), keepdims=True)))
def softmax(x: Array, *, axis: int) -> Array:
    """e^x / Σ e^x along an axis. The gradient: out · (g - Σ g·out)."""
    if not x.size:
        return x.copy()
    out = np.exp(x - by_columns(x, (axis,)).max(axis, keepdims=True))
    out /= sum_over(out, axis=(axis,), keepdims=True)
    return out

# As above, and log(softmax) would be log 0 = -inf where softmax underflows.
@op(x=lambda g, out, axis: g - exp(out) * sum_over(g, axis=(axis,), keepdims=True))
def log_softmax(x: Array, *, axis: int) -> Array:
    """x - log Σ e^x along an axis. The gradient: g - softmax · Σ g."""
    if not x.size:
        return x.copy()
    out = x - by_columns(x, (axis,)).max(axis, keepdims=True)
    out -= np.log(sum_over(np.exp(out), axis=(axis,), keepdims=True))
    return out

# As above; an axis that is -inf throughout gives -inf.
@op(x=lambda g, x, out, axis, keepdims: spread(g, shape=x.shape, axis=axis, keepdims=keepdims)
    * exp(x - spread(out, shape=x.shape, axis=axis, keepdims=keepdims)))
def logsumexp(x: Array, *, axis: Axes, keepdims: bool) -> Array:
    """log Σ e^x over the axes. The gradient: g · softmax."""
    if not x.size:
        return x.sum(axis, keepdims=keepdims) - np.inf
    largest = x.max(axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0)
    out = np.log(sum_over(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return out if keepdims else out.squeeze(axis)

# Pick, minus and mean in one step, because every training of a classifier takes it.
@op(x=lambda g, shape, index, n: put_at(-g / n, shape=shape, index=index, once=True))
def nll(x: Array, *, index: Any, n: int) -> Array:
    """-Σ x[index] / n: the negative log-likelihood, for log-probabilities x and one index a row."""
    return -x[index].sum() / n

# One step, because no composition has its derivative right at 0, where max and |x| have a kink, and at ±∞ as well; and
# because σ(x) - y, unlike (1 - y) - σ(-x), keeps its digits where it is small.
@op(x=lambda g, x, y: g * (sigmoid(x) - y), y=lambda g, x: -g * x)
def bce_with_logits(x: Array, y: Array) -> Array:
    """The loss of each logit x and target y."""
    return (1 - y) * x + np.maximum(-x, 0) + np.log1p(np.exp(-np.absolute(x)))
