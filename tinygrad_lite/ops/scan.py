"""Scans: each number of the result is made of all numbers up to its place along an axis, as in a running sum.

The derivative of a scan is a scan from the other end. So each has an option `reverse`, and is its own derivative with the other
value. Where a product meets a zero, no formula may divide by it; what remains is y[i] = b[i] + a[i] y[i-1], `recurrence`, whose
derivative is the same recurrence from the other end.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from ..apply import op
from ..backend import Array, array_module
from .choice import clip
from .exponential import exp
from .indexing import gather, scatter_add
from .shape import narrow, pad


@op(x=lambda g, axis, reverse: cumsum(g, axis=axis, reverse=not reverse))
def cumsum(x: Array, *, axis: int, reverse: bool = False) -> Array:
    """The sum of the numbers up to each, or from each on: each x is in the sums behind it, which is where its g comes from.
    As accurate as pairwise summation.
    """
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f" or x.size <= 64:
        return np.flip(np.flip(x, axis).cumsum(axis, x.dtype), axis) if reverse else x.cumsum(axis, x.dtype)
    if not x.flags.c_contiguous and x.flags.f_contiguous:
        order = tuple(range(x.ndim))[::-1]
        out: Array = cumsum(x.transpose(order), axis=x.ndim - 1 - axis, reverse=reverse)
        return out.transpose(order)
    rows = x.reshape(prod(x.shape[:axis]), x.shape[axis], prod(x.shape[axis + 1 :]))
    out = running_sum(rows, reverse).reshape(x.shape)
    if not np.isfinite(out.take(0 if reverse else -1, axis)).all():  # running_sum multiplies by 0, and 0 · inf would be nan
        exact = (np.flip(x, axis) if reverse else x).cumsum(axis, np.float64).astype(x.dtype)
        return np.flip(exact, axis) if reverse else exact
    return out

@cache
def triangle(n: int, dtype: Any, reverse: bool) -> Array:
    """Ones on and above the diagonal (reverse: below): a row of n numbers times this matrix is its running sum."""
    return np.tril(np.ones((n, n), dtype)) if reverse else np.triu(np.ones((n, n), dtype))

# NumPy adds one number after the other. That is slow, 2.7 ms for a million float32, and loses digits: a running sum of 0.1 is
# 80,000 epsilons off after a million. So the running sums of short blocks are found first: by adding whole rows or, along the
# last axis, as a product with a triangle of ones. The sums of the blocks are few, and their running sum is found in float64.
# Measured with a million numbers that are all 0.1, one thread: the error in epsilons, and the time in ms.
#                     ours          PyTorch
#     1,000,000       3.4   0.65    0.5   0.7
#     1000 x 1000, 0  2.0   0.55    0.5   1.0
#     1000 x 1000, 1  3.2   0.95    0.5   0.7
#     333,333 x 3, 0  3.4   2.0     0.5   0.7
def running_sum(x: Array, reverse: bool) -> Array:
    """The running sum along the middle axis of (a, n, m)."""
    a, n, m = x.shape
    if 1 < m < 32 and n > 64:  # many short rows: a copy has the axis last
        turned = array_module(x).ascontiguousarray(x.transpose(0, 2, 1)).reshape(a * m, n, 1)
        return array_module(x).ascontiguousarray(running_sum(turned, reverse).reshape(a, m, n).transpose(0, 2, 1))
    size = 32 if m == 1 else 16
    if n <= size:
        return (x.reshape(a, n) @ triangle(n, x.dtype, reverse)).reshape(x.shape) if m == 1 else added_rows(x, reverse)
    p, rest = divmod(n, size)
    done = n - rest
    out = array_module(x).empty(x.shape, x.dtype)
    blocks = out[:, :done].reshape(a, p, size, m)
    blocks[...] = running_sum(x[:, :done].reshape(a * p, size, m), reverse).reshape(blocks.shape)
    sums = blocks[:, :, 0 if reverse else -1].astype(np.float64)
    if rest:
        out[:, done:] = running_sum(x[:, done:], reverse)
        sums = np.concatenate([sums, out[:, done if reverse else -1][:, None]], 1)
    sums = running_sum(sums, reverse).astype(x.dtype)
    if reverse:
        blocks[:, : len(sums[0]) - 1] += sums[:, 1 : p + 1, None]
    else:
        blocks[:, 1:] += sums[:, : p - 1, None]
        out[:, done:] += sums[:, p - 1, None]
    return out

def added_rows(x: Array, reverse: bool) -> Array:
    """The running sum along the middle axis, which is short: each row is added to the one before it."""
    out = x.copy()
    for before, i in pairwise(range(x.shape[1])[::-1] if reverse else range(x.shape[1])):
        out[:, i] += out[:, before]
    return out

# The gradient of x[i] is the sum over k, from i on, of g[k] times the product of the x up to k without x[i]. If no x is 0, that
# is Σ g[k] out[k] / x[i]. Else it is the product of the x before x[i], times a sum that obeys s[i] = g[i] + x[i+1] s[i+1]: a
# recurrence, which has further derivatives.
@op(x=lambda g, x, out, axis, reverse: products_without(x, g, out, axis, reverse) if (x == 0).any()
    else cumsum(g * out, axis=axis, reverse=not reverse) / x)
def cumprod(x: Array, *, axis: int, reverse: bool = False) -> Array:
    """The product of the numbers up to each, or from each on; computed in float64."""
    out: Array = (np.flip(x, axis) if reverse else x).cumprod(axis, np.float64 if x.dtype.kind == "f" else x.dtype)
    return (np.flip(out, axis) if reverse else out).astype(x.dtype, copy=False)

def products_without(x: Any, g: Any, out: Any, axis: int, reverse: bool) -> Any:
    """The gradient of cumprod, without a division."""
    following = shifted(x, axis, not reverse)
    return products_before(out, axis, reverse) * recurrence(following, g, axis=axis, reverse=not reverse)

def products_before(out: Any, axis: int, reverse: bool) -> Any:
    """The products of the numbers before each, where `out` has the products up to each: moved on by one place, and 1 first."""
    moved = shifted(out, axis, reverse)
    n = out.shape[axis]
    first = np.zeros([n if i == axis else 1 for i in range(len(out.shape))], out.dtype)
    first[(slice(None),) * axis + (slice(n - 1, n) if reverse else slice(0, 1),)] = 1
    return moved + array_module(getattr(out, "array", out)).asarray(first)

def shifted(x: Any, axis: int, reverse: bool) -> Any:
    """x moved one place on along the axis (reverse: back), with 0 in the place that is left."""
    n = x.shape[axis]
    return pad(narrow(x, axis=axis, start=int(reverse), stop=n - (not reverse)), axis=axis, start=int(not reverse), size=n)

@op(a=lambda g, s, out, axis, reverse: s * shifted(out, axis, reverse),
    b=lambda g, s: s,
    s=lambda g, a, axis, reverse: recurrence(shifted(a, axis, not reverse), g, axis=axis, reverse=not reverse))
def recurrence(a: Array, b: Array, *, axis: int, reverse: bool) -> Array:
    """y[i] = b[i] + a[i] y[i-1], or with y[i+1], where y is 0 before its first number; computed in float64."""
    rows = [np.moveaxis(np.flip(x, axis) if reverse else x, axis, 0) for x in (a, b)]
    flat = [x.astype(np.float64).reshape(x.shape[0], prod(x.shape[1:])) for x in rows]
    out = np.moveaxis(stepped(*flat).reshape(rows[0].shape), 0, axis)
    return (np.flip(out, axis) if reverse else out).astype(b.dtype, "C")

def stepped(a: Array, b: Array) -> Array:
    """y[i] = b[i] + a[i] y[i-1] along the first axis of two. If it is long, blocks of it are computed side by side, each as if
    y were 0 before it. Then, with the products of the a since the start of a block, the last y of the block before is added:
    these last y obey a recurrence again.
    """
    n, m = a.shape
    if n <= 64:
        y = b.copy()
        for i in range(1, n):
            y[i] += a[i] * y[i - 1]
        return y
    p = -(-n // 32)
    a, y = [in_blocks(x, p) for x in (a, b)]
    for i in range(1, 32):
        y[i] += a[i] * y[i - 1]
        a[i] *= a[i - 1]
    y[:, 1:] += a[:, 1:] * stepped(a[-1], y[-1])[:-1]
    return y.transpose(1, 0, 2).reshape(32 * p, m)[:n]

def in_blocks(x: Array, p: int) -> Array:
    """The rows of x in p blocks of 32, the last filled up with zeros: [i, k] is row i of block k."""
    out = array_module(x).zeros((p * 32, x.shape[1]), x.dtype)
    out[: len(x)] = x
    return out.reshape(p, 32, x.shape[1]).transpose(1, 0, 2).copy()

# One step, because the sums of e^x would overflow. The gradient is e^x[i] times Σ g[k] / e^out[k] over the k from i on, and
# e^out[i] / e^out[k] is a product of ratios that are at most 1: this sum is a recurrence in which nothing can overflow.
@op(x=lambda g, x, out, axis: exp(x - out) * recurrence(ratios(out, axis), g, axis=axis, reverse=True))
def logcumsumexp(x: Array, *, axis: int) -> Array:
    """log Σ e^x of the numbers up to each."""
    return accumulated(np.logaddexp, x.astype(np.float64), axis).astype(x.dtype)

def ratios(out: Any, axis: int) -> Any:
    """e^out[i] / e^out[i+1]; 1 if both are infinite, and 0 in the last place."""
    n, largest = out.shape[axis], float(np.finfo(out.dtype).max)
    out = clip(out, min=-largest, max=largest)
    following = narrow(out, axis=axis, start=1, stop=n)
    return pad(exp(narrow(out, axis=axis, start=0, stop=n - 1) - following), axis=axis, start=0, size=n)

# The number that is the largest so far stays so for a run of places. That its index never goes down makes its derivative, which
# adds up runs, ten times as fast as that of gather (a million numbers: 1 ms and 10).
@op(x=lambda g, index, axis: run_sums(g, index=index, axis=axis))
def held(x: Array, *, index: Array, axis: int) -> Array:
    """x[index] along the axis, where each index is that of its own place or of the place before."""
    return gather(x, index=index, axis=axis)

@op(x=lambda g, index, axis: held(g, index=index, axis=axis))
def run_sums(x: Array, *, index: Array, axis: int) -> Array:
    """Zeros with, at the place where a run of equal `index` begins, the sum of the x in this run: the derivative of `held`."""
    if not isinstance(x, np.ndarray) or x.size <= 1024:
        return scatter_add(x, index=index, axis=axis, shape=x.shape)
    rows, at = np.moveaxis(x, axis, -1), np.moveaxis(index, axis, -1)
    out = array_module(x).zeros(rows.shape, x.dtype)
    begins = np.flatnonzero(at == np.arange(x.shape[axis]))
    out.reshape(-1)[begins] = np.add.reduceat(rows.reshape(-1), begins)
    return np.moveaxis(out, -1, axis)

def accumulated(combine: Any, x: Array, axis: int) -> Array:
    """combine(..., combine(combine(x[0], x[1]), x[2])...): what is there after each number. CuPy has no `accumulate`, so there
    each number is combined with the one that is 1, 2, 4, ... places before it.
    """
    if isinstance(x, np.ndarray):
        return combine.accumulate(x, axis)
    distance, n, before = 1, x.shape[axis], (slice(None),) * axis
    while distance < n:
        x = x.copy()
        there, here = (*before, slice(0, n - distance)), (*before, slice(distance, n))
        x[here] = combine(x[here], x[there])
        distance *= 2
    return x
