"""Reductions: the numbers along some axes become one.

`axis` is a tuple of non-negative axes, which functional/reduction.py makes of what the user wrote. The derivative of sum is
expand_reduced, which repeats a number along the summed axes; the derivative of expand_reduced is sum.
"""

from __future__ import annotations

from functools import cache, lru_cache
from math import prod
from typing import Any

import numpy as np

from ..apply import op
from ..backend import Array, array_module
from ..dtypes import float16, float32
from .choice import masked
from .shape import cast, inverse

Axes = tuple[int, ...]

@op(x=lambda g, shape, axis, keepdims: expand_reduced(g, shape=shape, axis=axis, keepdims=keepdims))
def sum(x: Array, *, axis: Axes, keepdims: bool = False) -> Array:
    """Σ x over the axes: each x is added once, so each gets g. As accurate as pairwise summation, along any axes.
    CuPy always sums pairwise; NumPy only along the last axis, or over a whole array. Along any other axis NumPy adds row after
    row, which loses digits, and is slow if the rows are short.
    """
    few = x.size <= 64 or (x.size <= 1024 and len(axis) == 1 and x.shape[axis[0]] <= 16)
    if x.dtype is not float32 and x.dtype == float16:
        wide: Array = sum(x.astype(float32), axis=axis, keepdims=keepdims)
        return wide.astype(float16)
    if few or not isinstance(x, np.ndarray) or x.dtype.kind != "f" or (len(axis) == x.ndim and x.flags.forc):
        return array_module(x).add.reduce(x, axis, x.dtype, keepdims=keepdims)  # not x.sum(), which warns of inf - inf
    if not x.flags.c_contiguous:  # with its axes in the order of memory it is contiguous
        order = tuple(np.argsort([-step for step in x.strides], kind="stable").tolist())
        there = tuple([order.index(i) for i in axis])
        out: Array = sum(array_module(x).ascontiguousarray(x.transpose(order)), axis=there, keepdims=True)
        out = out.transpose(inverse(order))
        return out if keepdims else out.squeeze(axis)
    stages, shape = stages_of(x.shape, axis, keepdims)
    for a, n, m in stages:
        x = add_rows(x.reshape(a, n, m)) if m > 1 else add_columns(x.reshape(a, n))
    return x.reshape(shape)

def summed(x: Any, axis: int, keepdims: bool = False) -> Any:
    """Σ x along an axis, within losses and derivatives: of a few numbers as a product, which takes 0.2 µs for (16, 3) where
    NumPy's reduction takes 0.9. `sum` itself adds in the order that PyTorch adds a few numbers in.
    """
    if isinstance(x, np.ndarray) and x.ndim <= 2 and 0 < x.size <= 1024 and x.shape[axis] <= 64 and x.dtype.char in "fd":
        out = (x.T if axis == 0 else x).dot(ones(x.shape[axis], x.dtype))
        return (out[None] if axis == 0 else out[:, None]) if keepdims else out
    return sum(x, axis=(axis,), keepdims=keepdims)

@lru_cache(1024)
def stages_of(shape: Axes, axis: Axes, keepdims: bool) -> tuple[list[tuple[int, int, int]], Axes]:
    """The stages of the sum of a C-contiguous array, and the result's shape. A stage (a, n, m) reshapes the array to these
    three axes and sums over n. Neighbouring axes are summed in one stage, the last axes first.
    >>> stages_of((2, 3, 4, 5), (0, 2, 3), False)
    ([(6, 20, 1), (1, 2, 3)], (3,))
    """
    stages = []
    left = [1 if i in axis else n for i, n in enumerate(shape)]
    size, end = prod(shape), len(shape)
    while end:
        start = end = end - 1
        if end in axis:
            while start - 1 in axis:
                start -= 1
            n, m = prod(shape[start : end + 1]), prod(left[end + 1 :])
            stages.append((size // (n * m), n, m))
            size, end = size // n, start
    return stages, tuple(left) if keepdims else tuple([n for i, n in enumerate(shape) if i not in axis])

@cache
def ones(n: int, dtype: Any) -> Array:
    """n ones: a product with them is a sum, at the speed of a matrix product. Cached, because making them takes time."""
    return np.ones(n, dtype)

# NumPy adds row after row if the axis is not the last. In such a chain float32 loses digits: 256 numbers cost up to 30
# epsilons, a million numbers nearly all digits. So short rows are added in blocks of 16, which costs two epsilons; wide rows in
# blocks of 64, by a product with ones, which costs two epsilons too (BLAS adds in fours; the last columns, if their number is
# not a multiple of 16, in a chain) and is as fast as NumPy's chain. The sums of the blocks are few, and added in float64.
# Measured over axis 0, one thread (tests/benchmarks/reductions.py): the error in epsilons if all numbers are 0.1, and the time,
#     shape            ours             PyTorch          NumPy's chain         a product with ones in blocks of 256
#     256 x 784        1.2   0.020 ms   1.5   0.012 ms   20         0.016 ms   2.5
#     60,000 x 784     1.2   8.4 ms     1.7   25 ms      4,900      9.2 ms     2.2
#     256 x 10         1.2   0.009 ms   1.2   0.002 ms   20         0.005 ms   20
#     1,000,000 x 3    1.2   1.0 ms     4.7   0.6 ms     80,000     15 ms      12
#     20,000,000 x 2   1.4   13 ms      11    10 ms      1,200,000  284 ms
# Adding the upper half to the lower, again and again, has an error of 0.1 epsilons, but takes 27 ms for the second shape.
def add_rows(x: Array) -> Array:
    """Σ over the middle axis: (a, n, m) -> (a, m)."""
    a, n, m = x.shape
    if n <= 16:
        return np.add.reduce(x, 1)
    size, k = 16, max(1, 4096 // m)  # k rows side by side are treated as one: long rows are added faster
    if n >= 128 <= m:
        k = k if k * m % 16 == 0 else 16
        size = 64 if n >= 64 * k or m % 16 == 0 else 16
    k = min(k, n // size)
    p = n // (size * k)
    k = n // (size * p) if size == 16 or m % 16 == 0 else k  # so that as few rows as possible are left over
    done = p * size * k
    blocks = x[:, :done].reshape(a, p, size, k * m)
    y = (ones(64, x.dtype) @ blocks if size == 64 else np.add.reduce(blocks, 2)).reshape(a, -1, m)
    if done < n or n > 256:
        rest = [add_rows(x[:, done:])[:, None]] if done < n else []
        y = np.concatenate([y, *rest], 1, dtype=np.float64)
    return add_rows(y).astype(x.dtype, copy=False)

def add_columns(x: Array) -> Array:
    """Σ over the last axis: (a, n) -> (a)."""
    a, n = x.shape
    if n > 128 or a <= 16:
        return np.add.reduce(x, 1)
    if n >= 8:
        return x.dot(ones(n, x.dtype))
    out = x[:, 0].copy()
    for column in x.T[1:]:
        out += column
    return out

@op(x=lambda g, axis, keepdims: sum(g, axis=axis, keepdims=keepdims))
def expand_reduced(x: Array, *, shape: tuple[int, ...], axis: Axes, keepdims: bool) -> Array:
    """The derivative of sum: each number of x repeated along the summed axes, to `shape`."""
    # The result needs its own memory, to which backward may add other gradients. Assigning to an empty array takes 1.2 µs for
    # (4, 5), np.broadcast_to(...).copy() 3.5; for (256, 784) 17 and 20.
    out = array_module(x).empty(shape, x.dtype)
    out[...] = restored(x, axis, keepdims, len(shape))
    return out

@op(x=lambda g, shape, axis, keepdims, n: expand_reduced(g / n, shape=shape, axis=axis, keepdims=keepdims))
def mean(x: Array, *, axis: Axes, keepdims: bool, n: int) -> Array:
    """Σ x / n over the axes, which together have n numbers; nan if n = 0."""
    return np.true_divide(sum(x, axis=axis, keepdims=keepdims), n)

@op(x=lambda g, x, out, axis, keepdims: share(x, g, out, axis, keepdims))
def amax(x: Array, *, axis: Axes, keepdims: bool) -> Array:
    """The largest x over the axes. Equal largest numbers share the gradient equally."""
    return x.max(axis, keepdims=keepdims)

@op(x=lambda g, x, out, axis, keepdims: share(x, g, out, axis, keepdims))
def amin(x: Array, *, axis: Axes, keepdims: bool) -> Array:
    """The smallest x over the axes. Equal smallest numbers share the gradient equally."""
    return x.min(axis, keepdims=keepdims)

@op(x=lambda g, x, out: evenly(x, g, out))
def largest(x: Array) -> Array:
    """The largest of all x, nan if one is nan. Equal largest numbers, or all nan, share the gradient equally."""
    return x.max()

@op(x=lambda g, x, out: evenly(x, g, out))
def smallest(x: Array) -> Array:
    """The smallest of all x, nan if one is nan. The gradient is shared as in `largest`."""
    return x.min()

def evenly(x: Any, g: Any, out: Any) -> Any:
    """g divided equally among the x that equal `out`; elsewhere 0, even if g is inf."""
    ties = (x == out) | ((x != x) & (out != out))
    axis = tuple(range(len(x.shape)))
    n = sum(cast(ties, dtype=g.dtype, source=ties.dtype), axis=axis)
    return masked(expand_reduced(g / n, shape=x.shape, axis=axis, keepdims=False), ties)

def share(x: Any, g: Any, out: Any, axis: Axes, keepdims: bool) -> Any:
    """g divided equally among the x that equal `out`."""
    options = {"shape": x.shape, "axis": axis, "keepdims": keepdims}
    ties = x == expand_reduced(out, **options)
    ties = cast(ties, dtype=g.dtype, source=ties.dtype)
    return expand_reduced(g / sum(ties, axis=axis, keepdims=keepdims), **options) * ties

def restored(x: Array, axis: Axes, keepdims: bool, ndim: int) -> Array:
    """x with the reduced axes back, of length one. np.expand_dims does the same in 1.8 µs, this in 0.8 (one axis of two)."""
    if keepdims or not x.ndim:
        return x
    shape = iter(x.shape)
    return x.reshape([1 if i in axis else next(shape) for i in range(ndim)])
