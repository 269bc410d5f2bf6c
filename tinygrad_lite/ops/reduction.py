"""Reductions: the numbers along some axes become one.

`axis` is a tuple of non-negative axes, made so by functional.py from whatever the user wrote. What a sum folds together,
its derivative expand_reduceds out again, and the other way round.
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
    """Σ x over the axes: each x takes part once, so each receives g. As accurate as summing in pairs, along any axes.
    NumPy adds in pairs along the last axis and along all of an array, CuPy always; but NumPy along any other axis adds row to
    row, and rows of a few numbers take it longest of all.
    """
    few = x.size <= 64 or (x.size <= 1024 and len(axis) == 1 and x.shape[axis[0]] <= 16)
    if x.dtype is not float32 and x.dtype == float16:
        wide: Array = sum(x.astype(float32), axis=axis, keepdims=keepdims)
        return wide.astype(float16)
    if few or type(x) is not np.ndarray or x.dtype.kind != "f" or (len(axis) == x.ndim and x.flags.forc):
        return array_module(x).add.reduce(x, axis, keepdims=keepdims)  # x.sum() warns of inf - inf
    if not x.flags.c_contiguous:  # see it with its axes in the order of memory
        order = tuple(np.argsort([-step for step in x.strides], kind="stable").tolist())
        there = tuple([order.index(i) for i in axis])
        out: Array = sum(np.ascontiguousarray(x.transpose(order)), axis=there, keepdims=True)
        out = out.transpose(inverse(order))
        return out if keepdims else out.squeeze(axis)
    stages, shape = stages_of(x.shape, axis, keepdims)
    for a, n, m in stages:
        x = add_rows(x.reshape(a, n, m)) if m > 1 else add_columns(x.reshape(a, n))
    return x.reshape(shape)

@lru_cache(1024)
def stages_of(shape: Axes, axis: Axes, keepdims: bool) -> tuple[list[tuple[int, int, int]], Axes]:
    """How to sum a C-contiguous array: the (a, n, m) to see it as, one after another, and sum the n of; and the result's shape.
    Summed axes that are neighbours are one, and the last ones come first.
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
    """n ones: the product with them is a sum, in the time of a matrix product."""
    return np.ones(n, dtype)

# NumPy adds row to row when the axis is not the last, and in such a chain float32 loses its digits: 256 numbers cost up to
# 30 epsilons, a million nearly all. So the rows are added in blocks of 16, which costs two; of wide rows in blocks of 64, by a
# product with ones, which costs two as well (BLAS adds them in fours; the last columns, if not a multiple of 16, in a chain)
# and takes the time of NumPy's chain. The sums of the blocks, being few, are added in float64. Measured, over axis 0, one
# thread (tests/benchmarks/reductions.py): the error in epsilons where all numbers are 0.1, and the time,
#     shape            ours             PyTorch          NumPy's chain         a product with ones in blocks of 256
#     256 x 784        1.2   0.020 ms   1.5   0.012 ms   20         0.016 ms   2.5
#     60,000 x 784     1.2   8.4 ms     1.7   25 ms      4,900      9.2 ms     2.2
#     256 x 10         1.2   0.009 ms   1.2   0.002 ms   20         0.005 ms   20
#     1,000,000 x 3    1.2   1.0 ms     4.7   0.6 ms     80,000     15 ms      12
#     20,000,000 x 2   1.4   13 ms      11    10 ms      1,200,000  284 ms
# and in halves (the upper added to the lower, again and again) 0.1 epsilons, but 27 ms for the second.
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
    k = n // (size * p) if size == 16 or m % 16 == 0 else k  # as few rows as can be are left over
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

def by_columns(x: Array, axis: Axes) -> Array:
    """x, or if its rows are many and short a copy laid out by columns: NumPy finds their maxima up to ten times faster."""
    return x.copy("F") if x.size > 1000 and axis == (x.ndim - 1,) and x.shape[-1] < 64 else x

@op(x=lambda g, axis, keepdims: sum(g, axis=axis, keepdims=keepdims))
def expand_reduced(x: Array, *, shape: tuple[int, ...], axis: Axes, keepdims: bool) -> Array:
    """The opposite of sum: each number of x repeated along the axes that were summed, giving `shape`."""
    out = array_module(x).empty(shape, x.dtype)
    out[...] = restored(x, axis, keepdims, len(shape))
    return out

@op(x=lambda g, shape, axis, keepdims, n: expand_reduced(g / n, shape=shape, axis=axis, keepdims=keepdims))
def mean(x: Array, *, axis: Axes, keepdims: bool, n: int) -> Array:
    """Σ x / n over the axes, which together hold n numbers; nan for none."""
    return np.true_divide(sum(x, axis=axis, keepdims=keepdims), n)

@op(x=lambda g, x, out, axis, keepdims: share(x, g, out, axis, keepdims))
def amax(x: Array, *, axis: Axes, keepdims: bool) -> Array:
    """The largest x over the axes; those that tie for it share the gradient equally."""
    return x.max(axis, keepdims=keepdims)

@op(x=lambda g, x, out, axis, keepdims: share(x, g, out, axis, keepdims))
def amin(x: Array, *, axis: Axes, keepdims: bool) -> Array:
    """The smallest x over the axes; those that tie for it share the gradient equally."""
    return x.min(axis, keepdims=keepdims)

@op(x=lambda g, x, out: evenly(x, g, out))
def largest(x: Array) -> Array:
    """The largest of all x, nan if one is nan; those that tie for it, or are nan with it, share the gradient equally."""
    return x.max()

@op(x=lambda g, x, out: evenly(x, g, out))
def smallest(x: Array) -> Array:
    """The smallest of all x, nan if one is nan; the gradient is shared as largest's is."""
    return x.min()

def evenly(x: Any, g: Any, out: Any) -> Any:
    """g divided equally among the x that equal `out`, and 0 elsewhere also where g is inf."""
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
    """x with the reduced axes back, of length one."""
    if keepdims or not x.ndim:
        return x
    shape = iter(x.shape)
    return x.reshape([1 if i in axis else next(shape) for i in range(ndim)])
