"""What networks need stable or fast. Each is a composition that has a reason, told beside it, to be a primitive."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array, array_module
from ..tape import op
from .elementwise import exp
from .reduction import Axes, spread
from .reduction import sum as sum_over


def rows(x: Any) -> Any:
    """x as one matrix: all axes but the last in one."""
    return x if len(x.shape) == 2 else x.reshape((-1, x.shape[-1]))

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
    out = np.exp(x - x.max(axis, keepdims=True)) if x.size else x.copy()
    out /= out.sum(axis, keepdims=True)
    return out

# As above, and log(softmax) would be log 0 = -inf where softmax underflows.
@op(x=lambda g, out, axis: g - exp(out) * sum_over(g, axis=(axis,), keepdims=True))
def log_softmax(x: Array, *, axis: int) -> Array:
    """x - log Σ e^x along an axis. The gradient: g - softmax · Σ g."""
    if not x.size:
        return x.copy()
    out = x - x.max(axis, keepdims=True)
    out -= np.log(np.exp(out).sum(axis, keepdims=True))
    return out

# As above; an axis that is -inf throughout gives -inf.
@op(x=lambda g, x, out, axis, keepdims: spread(g, shape=x.shape, axis=axis, keepdims=keepdims)
    * exp(x - spread(out, shape=x.shape, axis=axis, keepdims=keepdims)))
def logsumexp(x: Array, *, axis: Axes, keepdims: bool = False) -> Array:
    """log Σ e^x over the axes. The gradient: g · softmax."""
    if not x.size:
        return x.sum(axis, keepdims=keepdims) - np.inf
    largest = x.max(axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0)
    out = np.log(np.exp(x - largest).sum(axis, keepdims=True)) + largest
    return out if keepdims else out.squeeze(axis)

# log_softmax and the pick of the target in one: the gradient needs no matrix of zeros with one -g a row.
@op(x=lambda g, x, target: g.reshape((-1, 1)) * less_one(softmax(x, axis=1), target=target))
def cross_entropy(x: Array, *, target: Array) -> Array:
    """log Σ_j e^x_j - x_target for each row: (N, C) and N class indices -> (N). The gradient: g · (softmax - one-hot)."""
    shifted = x - x.max(1, keepdims=True) if x.size else x
    return np.log(np.exp(shifted).sum(1)) - shifted[array_module(x).arange(len(x)), target]

# The mean in the same step: a training step does nothing but this, and saves a tenth of its time.
@op(x=lambda g, x, target, n: less_one(softmax(x, axis=1), target=target) * (g / n))
def mean_cross_entropy(x: Array, *, target: Array, n: int) -> Array:
    """Σ cross_entropy / n over the rows."""
    return cross_entropy(x, target=target).sum() / n

@op(x=lambda g: g)
def less_one(x: Array, *, target: Array) -> Array:
    """x less 1 at the target of each row."""
    out = x.copy()
    out[array_module(x).arange(len(x)), target] -= 1
    return out
