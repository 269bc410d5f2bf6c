"""Shape: the same numbers in another order, place or dtype. The derivative brings the gradient back.

reshape, transpose and expand return views where NumPy can: they share memory with their input, as PyTorch's do.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..apply import op, view
from ..backend import Array, array_module, put

__all__ = ["clone"]

Shape = tuple[int, ...]

@view(x=lambda g, shape: reshape(g, shape=shape))
def reshape(x: Array, *, shape: Shape) -> Array:
    """The same numbers, row by row, in another shape."""
    return x.reshape(shape)

@view(x=lambda g, axes: permute(g, axes=inverse(axes)))
def permute(x: Array, *, axes: Shape) -> Array:
    """Axis i of the result is axis axes[i] of x."""
    return x.transpose(axes)

def inverse(axes: Shape) -> Shape:
    """The permutation that undoes `axes`."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))

def mT(x: Any) -> Any:
    """x with its last two axes swapped: each matrix transposed."""
    return permute(x, axes=(*range(len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2))

@view(x=lambda g: g)
def expand(x: Array, *, shape: Shape) -> Array:
    """x repeated along axes of length one, and along new ones in front, to `shape`: the walk sums the gradient back."""
    if prod(shape) == x.size:
        return x.reshape(shape)
    out = np.broadcast_to(x, shape)  # NumPy makes it read-only; but out[:, :1] may be written to, and inplace.py looks itself
    if type(x) is np.ndarray and x.flags.writeable:
        out.flags.writeable = True
    return out

@op(xs=lambda g, nth, axis, ends: narrow(g, axis=axis, start=ends[nth - 1] if nth else 0, stop=ends[nth]))
def cat(*xs: Array, axis: int, ends: Shape) -> Array:
    """The xs one after another along an axis; the nth ends at ends[nth]. The result lies in the order of its axes."""
    out = np.concatenate(xs, axis)
    return out if out.flags.c_contiguous else out.copy()

@view(x=lambda g, shape, axis, start: pad(g, axis=axis, start=start, size=shape[axis]))
def narrow(x: Array, *, axis: int, start: int, stop: int) -> Array:
    """x[start:stop] along an axis."""
    return x[(slice(None),) * axis + (slice(start, stop),)]

@op(x=lambda g, shape, axis, start: narrow(g, axis=axis, start=start, stop=start + shape[axis]))
def pad(x: Array, *, axis: int, start: int, size: int) -> Array:
    """x within zeros, so that it stands at `start` of an axis of length `size`."""
    out = array_module(x).zeros((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype)
    out[(slice(None),) * axis + (slice(start, start + x.shape[axis]),)] = x
    return out

@view(x=lambda g: g)
def clone(x: Array) -> Array:
    """A copy in memory of its own."""
    return x.copy()

@view(x=lambda g, place, source: move(g, place=source, source=place))
def move(x: Array, *, place: str, source: str) -> Array:
    """x on the device `place`; its gradient comes back to where x was, `source`."""
    return put(x, place)

@view(x=lambda g, dtype, source: cast(g, dtype=source, source=dtype))
def cast(x: Array, *, dtype: Any, source: Any) -> Array:
    """x in another dtype; its gradient comes back in x's own, `source`."""
    return x.astype(dtype)
