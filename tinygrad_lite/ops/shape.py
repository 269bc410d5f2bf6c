"""Shape: the same numbers in another arrangement, on another device or in another dtype. The vjp arranges the gradient back.

reshape, permute, expand and narrow return views where NumPy can: they share memory with their input, as in PyTorch.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from ..apply import op, view
from ..backend import Array, array_module, put

__all__: list[str] = []

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
    """The permutation that undoes `axes`. np.argsort gives the same in 2.5 µs, this in 0.5 (three axes)."""
    return tuple(sorted(range(len(axes)), key=axes.__getitem__))

def mT(x: Any) -> Any:
    """x with its last two axes swapped: each matrix transposed."""
    return permute(x, axes=(*range(len(x.shape) - 2), len(x.shape) - 1, len(x.shape) - 2))

@view(x=lambda g: g)
def expand(x: Array, *, shape: Shape) -> Array:
    """x repeated to `shape`, along axes of length one and new axes in front. The walk sums the gradient back."""
    if prod(shape) == x.size:
        return x.reshape(shape)
    out = np.broadcast_to(x, shape)
    # NumPy makes it read-only. A part of it such as out[:, :1] may be written to, and inplace.py checks each write itself.
    if isinstance(x, np.ndarray) and x.flags.writeable:
        out.flags.writeable = True
    return out

@op(xs=lambda g, nth, axis, ends: narrow(g, axis=axis, start=ends[nth - 1] if nth else 0, stop=ends[nth]))
def cat(*xs: Array, axis: int, ends: Shape) -> Array:
    """The xs joined along an axis; the nth ends at ends[nth]. The result is contiguous."""
    out = np.concatenate(xs, axis)
    return out if out.flags.c_contiguous else out.copy()

@view(x=lambda g, shape, axis, start: pad(g, axis=axis, start=start, size=shape[axis]))
def narrow(x: Array, *, axis: int, start: int, stop: int) -> Array:
    """x[start:stop] along an axis."""
    return x[(slice(None),) * axis + (slice(start, stop),)]

@op(x=lambda g, shape, axis, start: narrow(g, axis=axis, start=start, stop=start + shape[axis]))
def pad(x: Array, *, axis: int, start: int, size: int) -> Array:
    """Zeros with x in them: along the axis, which gets length `size`, x begins at `start`."""
    out = array_module(x).zeros((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype)
    out[(slice(None),) * axis + (slice(start, start + x.shape[axis]),)] = x
    return out

@view(x=lambda g: g)
def clone(x: Array) -> Array:
    """A copy with its own memory."""
    return x.copy()

@view(x=lambda g, place, source: move(g, place=source, source=place))
def move(x: Array, *, place: str, source: str) -> Array:
    """x on the device `place`. The gradient is moved back to the device of x, `source`."""
    return put(x, place)

@view(x=lambda g, dtype, source: cast(g, dtype=source, source=dtype))
def cast(x: Array, *, dtype: Any, source: Any) -> Array:
    """x in another dtype. The gradient is cast back to the dtype of x, `source`."""
    return x.astype(dtype)
