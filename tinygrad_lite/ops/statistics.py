"""Products, variances, norms and distances: reductions that are more than a sum.

As in reduction.py, `axis` is a tuple of non-negative axes. Sums are as accurate as pairwise ones, products are computed in
float64, and a variance does not suffer from a mean that is large.
"""

from __future__ import annotations

from math import prod as size_of
from typing import Any

import numpy as np

from ..apply import op
from ..backend import Array
from .arithmetic import abs, sign
from .choice import masked
from .exponential import pow_scalar
from .reduction import Axes
from .reduction import mean as mean_over
from .reduction import sum as sum_over
from .scan import cumprod, products_before
from .shape import mT, reshape


def few(x: Array) -> bool:
    """Whether a copy in float64 costs less than care. Not on a GPU, where each step costs the same."""
    return isinstance(x, np.ndarray) and x.size <= 1024

def spread(x: Any, axis: Axes, shape: tuple[int, ...]) -> Any:
    """A reduced x with its axes of length one again, so that it broadcasts to `shape`."""
    return reshape(x, shape=tuple([1 if i in axis else n for i, n in enumerate(shape)]))

def nonzero(x: Any) -> Any:
    """x, and 1 where it is 0: what one may divide by."""
    return x + (x == 0)

# A product

@op(x=lambda g, x, out, axis: products_of_others(x, spread(g, (axis,), x.shape), axis) if (x == 0).any()
    else spread(g * out, (axis,), x.shape) / x)
def prod(x: Array, *, axis: int, keepdims: bool = False) -> Array:
    """∏ x over one axis; each x gets g times the product of the others."""
    dtype = np.float64 if x.dtype.kind == "f" else x.dtype
    if not isinstance(x, np.ndarray):
        return x.prod(axis, dtype, keepdims=keepdims).astype(x.dtype)
    if few(x) or dtype is x.dtype:
        product: Array = np.multiply.reduce(x, axis, dtype, keepdims=True)  # not x.prod(), which warns of 0 · inf
        return (product if keepdims else product.squeeze(axis)).astype(x.dtype)
    out = multiplied(x.reshape(size_of(x.shape[:axis]), x.shape[axis], size_of(x.shape[axis + 1 :]))).astype(x.dtype)
    return out.reshape((*x.shape[:axis], *([1] if keepdims else []), *x.shape[axis + 1 :]))

def products_of_others(x: Any, g: Any, axis: int) -> Any:
    """g times the product of the other x, without a division: of those before, and of those behind."""
    before = products_before(cumprod(x, axis=axis), axis, False)
    return g * before * products_before(cumprod(x, axis=axis, reverse=True), axis, True)

def multiplied(x: Array) -> Array:
    """∏ over the middle axis, in float64: (a, n, m) -> (a, m). Short rows side by side are treated as one: that is faster."""
    a, n, m = x.shape
    if m == 1 and n <= 16:
        out = x[:, 0].astype(np.float64)
        for i in range(1, n):
            out *= x[:, i]
        return out
    k = min(4096 // m, n // 8)
    if k < 2:
        return np.multiply.reduce(x, 1, np.float64)
    q = n // k
    out = np.multiply.reduce(x[:, : q * k].reshape(a, q, k * m), 1, np.float64).reshape(a, k, m)
    out[:, : n - q * k] *= x[:, q * k :]
    return np.multiply.reduce(out, 1)

# Variance and norms

# One step, because the sum of squares minus the square of the sum would cancel; and because the gradient of a composition
# would be centred once more, which changes nothing and takes as long as the rest.
@op(x=lambda g, x, axis, n: spread(g / (n / 2), axis, x.shape) * centred(x, axis=axis))
def var(x: Array, *, axis: Axes, keepdims: bool, n: float) -> Array:
    """Σ (x - mean)² / n over the axes."""
    if few(x):
        c = centred_in_float64(x, axis)
        squares: Array = np.add.reduce(c * c, axis, keepdims=True)
        return np.true_divide(squares if keepdims else squares.squeeze(axis), n).astype(x.dtype)
    c = centred(x, axis=axis)
    c *= c
    return np.true_divide(sum_over(c, axis=axis, keepdims=keepdims), n)

@op(x=lambda g, axis: centred(g, axis=axis))
def centred(x: Array, *, axis: Axes) -> Array:
    """x minus its mean over the axes. The mean is rounded, and for 10,000 + noise its error is large beside the noise; so the
    mean of the differences, which shows that error, is subtracted too.
    """
    if few(x):
        return centred_in_float64(x, axis).astype(x.dtype, copy=False)
    n = size_of([x.shape[i] for i in axis])
    c = x - mean_over(x, axis=axis, keepdims=True, n=n)
    left = mean_over(c, axis=axis, keepdims=True, n=n)
    c -= masked(left, np.isfinite(left))
    return c

def centred_in_float64(x: Array, axis: Axes) -> Array:
    """The same for few numbers."""
    c = x.astype(np.float64)
    sums = np.add.reduce(c, axis, keepdims=True)
    c -= sums / (c.size / max(sums.size, 1))
    return c

@op(x=lambda g, out: masked(g / nonzero(2 * out), out != 0))
def root(x: Array) -> Array:
    """√x with derivative 0 at 0, as PyTorch has it for the deviation of equal numbers, where that of sqrt is inf."""
    return np.sqrt(x)

# One step, because the gradient of a composition takes twice as long, and is nan at 0 where PyTorch's is 0.
@op(x=lambda g, x, out, p, axis: powers(x, p) * spread(masked(g, out != 0) / nonzero(powers(out, p)), axis, x.shape))
def norm(x: Array, *, p: float, axis: Axes, keepdims: bool) -> Array:
    """(Σ |x|^p)^(1/p) over the axes."""
    if p == 2:
        return np.sqrt(sum_over(x * x, axis=axis, keepdims=keepdims))
    return sum_over(np.absolute(x) ** p, axis=axis, keepdims=keepdims) ** (1 / p)

def powers(x: Any, p: float) -> Any:
    """|x|^(p-1) with the sign of x: the derivative of |x|^p / p, 0 at 0."""
    if p == 2:
        return x
    if p > 2:
        return x * pow_scalar(abs(x), y=p - 2)
    return sign(x) * pow_scalar(nonzero(abs(x)), y=p - 1)

# Distances

# One step, because the differences of all pairs are not made: |x - y|² = |x|² + |y|² - 2 x·y is a matrix product.
@op(x=lambda g, x, y, r: x * sum_over(r, axis=(len(r.shape) - 1,), keepdims=True) - r @ y,
    y=lambda g, x, y, r: y * mT(sum_over(r, axis=(len(r.shape) - 2,), keepdims=True)) - mT(r) @ x,
    r=lambda g, out: masked(g, out != 0) / nonzero(out))
def euclidean(x: Array, y: Array) -> Array:
    """The distances of all rows of x to all rows of y: (..., n, k) and (..., m, k) give (..., n, m).
    The product would lose the digits that |x|² has before those of the distance. So both are shifted by the mean of x first,
    and where little of |x|² + |y|² is left, the distance is computed from the difference.
    """
    if x.shape[-2] <= 25 >= y.shape[-2]:
        c = x[..., :, None, :] - y[..., None, :, :]
        return np.sqrt(sum_over(c * c, axis=(c.ndim - 1,)))
    middle = mean_over(x, axis=(x.ndim - 2,), keepdims=True, n=x.shape[-2])
    x, y = x - middle, y - middle
    scale = (x * x).sum(-1)[..., :, None] + (y * y).sum(-1)[..., None, :]
    squared = scale - 2 * (x @ mT(y))
    near = (squared * 20 < scale).nonzero()
    x, y = np.broadcast_to(x, (*squared.shape[:-2], *x.shape[-2:])), np.broadcast_to(y, (*squared.shape[:-2], *y.shape[-2:]))
    step = max(1, 1_000_000 // max(1, x.shape[-1]))
    for start in range(0, len(near[0]), step):
        *batch, i, j = [places[start : start + step] for places in near]
        c = x[(*batch, i)] - y[(*batch, j)]
        squared[(*batch, i, j)] = (c * c).sum(-1)
    return np.sqrt(squared)
