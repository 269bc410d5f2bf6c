"""Indexing: some of the numbers, by position. The derivative puts the gradient where the numbers came from.

Where a position is taken twice its gradient is the sum of both, so that the opposite of an index is an addition at it.
An index has been checked and made canonical by functional.py; `once` says that no position is taken twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..apply import op, view
from ..backend import Array, array_module
from .shape import reshape


@view(x=lambda g, shape, index, once: index_add(g, shape=shape, index=index, once=once))
def getitem(x: Array, *, index: Any, once: bool) -> Array:
    """x[index], a view if the index holds no arrays; else a copy, in the order of its axes."""
    out = x[index]
    return out if once or out.flags.c_contiguous else out.copy()

@op(x=lambda g, index, once: getitem(g, index=index, once=once))
def index_add(x: Array, *, shape: tuple[int, ...], index: Any, once: bool) -> Array:
    """Zeros of a shape, with x added at an index: the opposite of x[index]."""
    xp = array_module(x)
    out = xp.zeros(shape, x.dtype)
    if once:
        out[index] = x
    else:
        xp.add.at(out, index, x)
    return out

@op(x=lambda g, index: setitem(g, 0, index=index),
    y=lambda g, shape, index: with_axes_in_front(g[index], len(shape)))
def setitem(x: Array, y: Array, *, index: Any) -> Array:
    """x with y written at an index: what was there receives no gradient."""
    out = array_module(x).array(x)  # not x.copy(), which for a 0-d result of NumPy's is a number and cannot be written to
    out[index] = y
    return out

def with_axes_in_front(x: Any, ndim: int) -> Any:
    """x with axes of length one in front, so that it has at least ndim: what is written to x[index] may have had them."""
    return x if len(x.shape) >= ndim else reshape(x, shape=((1,) * (ndim - len(x.shape)) + x.shape))

@op(x=lambda g, index, axis, shape: scatter_add(g, index=index, axis=axis, shape=shape))
def gather(x: Array, *, index: Array, axis: int) -> Array:
    """out[i, j] = x[index[i, j], j] (for axis 0): one pick per place of `index` along the axis."""
    return np.take_along_axis(x, index, axis)

@op(x=lambda g, index, axis: gather(g, index=index, axis=axis))
def scatter_add(x: Array, *, index: Array, axis: int, shape: tuple[int, ...]) -> Array:
    """Zeros of a shape, with x[i, j] added at [index[i, j], j] (for axis 0): the opposite of gather."""
    xp = array_module(x)
    out = xp.zeros(shape, x.dtype)
    places = list(xp.ogrid[tuple(map(slice, index.shape))])
    places[axis] = index
    xp.add.at(out, tuple(places), x)
    return out
