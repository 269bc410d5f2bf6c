"""Arrangement: diagonals, windows and other views of the same memory; flipped and rolled copies.

diagonal, unfold and as_strided are views, as in PyTorch: a write to them shows in their input, and the other way round. The
derivative of a view puts each gradient back where its number lies; a number that is seen several times gets the sum.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..apply import op, view
from ..backend import Array, address_of, array_module, overlaps
from .indexing import index_add

Shape = tuple[int, ...]


@view(x=lambda g, shape, offset, axis1, axis2: on_diagonal(g, shape=shape, offset=offset, axis1=axis1, axis2=axis2))
def diagonal(x: Array, *, offset: int, axis1: int, axis2: int) -> Array:
    """The numbers x[i, i + offset] of two axes, along a new last axis."""
    out = np.diagonal(x, offset, axis1, axis2)
    if isinstance(x, np.ndarray) and x.flags.writeable:
        out.flags.writeable = True  # NumPy makes it read-only
    return out

@op(x=lambda g, offset, axis1, axis2: diagonal(g, offset=offset, axis1=axis1, axis2=axis2))
def on_diagonal(x: Array, *, shape: Shape, offset: int, axis1: int, axis2: int) -> Array:
    """Zeros of a shape, with x on a diagonal."""
    out = array_module(x).zeros(shape, x.dtype)
    i = array_module(x).arange(x.shape[-1])
    np.moveaxis(out, (axis1, axis2), (-2, -1))[..., i + max(-offset, 0), i + max(offset, 0)] = x
    return out

@view(x=lambda g, shape, axis, size, step: fold_windows(g, shape=shape, axis=axis, size=size, step=step))
def unfold(x: Array, *, axis: int, size: int, step: int) -> Array:
    """Windows of `size` numbers, a window at each `step` along the axis; a window lies along a new last axis."""
    n = (x.shape[axis] - size) // step + 1
    if not isinstance(x, np.ndarray):  # a copy, see as_strided
        at = array_module(x).asarray(places((n, size), (step, 1), 0))
        return np.moveaxis(x[(*(slice(None),) * axis, at)], axis + 1, -1)
    shape, strides = (*x.shape[:axis], n, *x.shape[axis + 1 :], size), list(x.strides)
    strides[axis] *= step
    return strided(x, shape, (*strides, x.strides[axis]), 0)

@op(x=lambda g, axis, size, step: unfold(g, axis=axis, size=size, step=step))
def fold_windows(x: Array, *, shape: Shape, axis: int, size: int, step: int) -> Array:
    """Zeros of a shape, with each window added where it was: one addition for each place in a window, or for each window."""
    out = array_module(x).zeros(shape, x.dtype)
    front, n = (slice(None),) * axis, x.shape[axis]
    if size <= n:
        for i in range(size):
            out[(*front, slice(i, i + step * (n - 1) + 1, step))] += x[..., i]
    else:
        windows = np.moveaxis(x, -1, axis + 1)
        for i in range(n):
            out[(*front, slice(i * step, i * step + size))] += windows[(*front, i)]
    return out

@view(x=lambda g, shape, size, strides, offset, source: regathered(g, shape, source, size, strides, offset))
def as_strided(x: Array, *, size: Shape, strides: Shape, offset: int, source: tuple[Shape, int]) -> Array:
    """out[i, j] is the number at offset + i * strides[0] + j * strides[1] of the memory of x. `source` has the strides and the
    offset of x, which the derivative needs.
    """
    if not isinstance(x, np.ndarray):  # CuPy's views of this kind let go of their base, so that a write could not be noticed
        memory = memory_of(x)
        flat = (memory if memory.flags.c_contiguous else memory.T).reshape(-1)
        return flat[array_module(x).asarray(places(size, strides, offset))]
    n = x.dtype.itemsize
    return strided(x, size, tuple([n * step for step in strides]), n * (offset - source[1]))

def strided(x: Array, shape: Shape, strides: Shape, offset: int) -> Array:
    """A view of the memory of x, `offset` bytes from its first number. The `base` of what np.lib.stride_tricks.as_strided makes
    is not an array, and inplace.py could not follow it.
    """
    if hasattr(x, "recording"):  # while capture() records: a view of the real array
        return x.recording.call(strided, (x, shape, strides, offset), {})
    memory = memory_of(x)
    if prod(shape) == 0 or not memory.flags.forc:
        return np.lib.stride_tricks.as_strided(x, shape, strides) if prod(shape) else x.ravel()[:0].reshape(shape)
    start = address_of(x) - address_of(memory)
    held: Any = memory if memory.flags.c_contiguous else memory.T
    out = np.ndarray(shape, x.dtype, held, start + offset, strides)
    if not x.flags.writeable:
        out.flags.writeable = False
    return out

def memory_of(x: Array) -> Array:
    """The array that owns the memory of x, or the first array on memory that something else owns."""
    if hasattr(x, "recording"):
        return x.recording.memory_of(x)
    while isinstance(getattr(x, "base", None), type(x)):
        x = x.base
    return x

def regathered(g: Any, shape: Shape, source: tuple[Shape, int], size: Shape, strides: Shape, offset: int) -> Any:
    """The derivative of as_strided: g is added up by place in memory, and x takes what lies at its own places. Where several
    numbers of x are one in memory, each gets its share, as in PyTorch.
    """
    like, (steps, start) = array_module(getattr(g, "array", g)).asarray, source
    taken, last = places(size, strides, offset), start + sum([(n - 1) * step for n, step in zip(shape, steps)])
    held = index_add(g, shape=(1 + max(last, int(taken.max(initial=0))),), index=(like(taken),), once=False)
    x_g = as_strided(held, size=shape, strides=steps, offset=start, source=((1,), 0))
    if not overlaps(shape, steps):
        return x_g
    at = places(shape, *source)
    return x_g * like((1 / np.bincount(at.reshape(-1), minlength=1)[at]).astype(g.dtype))

def places(shape: Shape, strides: Shape, offset: int) -> Array:
    """Where each number of a tensor of this shape lies in memory, counted in numbers."""
    at = np.full((1,) * len(shape), offset)
    for i, (n, step) in enumerate(zip(shape, strides)):
        at = at + (np.arange(n) * step).reshape(-1, *(1,) * (len(shape) - i - 1))
    return at

@view(x=lambda g, axes: flip(g, axes=axes))
def flip(x: Array, *, axes: Shape) -> Array:
    """x in reverse order along the axes: a copy, as in PyTorch."""
    return np.flip(x, axes).copy()

@view(x=lambda g, shifts, axes: roll(g, shifts=tuple([-n for n in shifts]), axes=axes))
def roll(x: Array, *, shifts: Shape, axes: Shape) -> Array:
    """x moved by `shifts` along the axes; what leaves at one end comes in at the other. An op of its own, for a derivative that
    moves the numbers once: that of two joined parts writes each part into zeros and adds them.
    """
    return np.roll(x, shifts, axes)

@op(x=lambda g, repeats, axis: sum_runs(g, repeats=repeats, axis=axis))
def repeat_each(x: Array, *, repeats: Array, axis: int) -> Array:
    """The slices of an axis, each as often as `repeats` says. An op of its own, for a derivative that adds up runs: as an index
    it took 20 times PyTorch's time (1,000 by 1,000 numbers).
    """
    return np.repeat(x, repeats, axis) if isinstance(x, np.ndarray) else x[(*(slice(None),) * axis, run_of(repeats))]

@op(x=lambda g, repeats, axis: repeat_each(g, repeats=repeats, axis=axis))
def sum_runs(x: Array, *, repeats: Array, axis: int) -> Array:
    """The sums of successive runs of slices; `repeats` has their lengths."""
    front: Any = (slice(None),) * axis
    shape = (*x.shape[:axis], repeats.size, *x.shape[axis + 1 :])
    if not isinstance(x, np.ndarray):  # CuPy has no reduceat
        return index_add(x, shape=shape, index=(*front, run_of(repeats)), once=False)
    out, starts, longest = array_module(x).zeros(shape, x.dtype), np.cumsum(repeats) - repeats, repeats.max(initial=0)
    if longest <= 32:  # the first slices of all runs, then the second ones: a tenth of the time of reduceat
        for n in range(longest):
            there = np.flatnonzero(repeats > n)
            out[(*front, there)] += x[(*front, starts[there] + n)]
    else:
        there = np.flatnonzero(repeats)
        out[(*front, there)] = np.add.reduceat(x, starts[there], axis)
    return out

def run_of(repeats: Array) -> Array:
    """For each slice of the repeated axis, the slice that it repeats."""
    return np.repeat(array_module(repeats).arange(repeats.size), repeats)
