"""Indexing: some of the numbers, by position. The derivative puts the gradient where the numbers came from.

If a position is taken twice, its gradient is the sum of both. So the derivative of x[index] is an addition at that index.
functional/indexing.py has checked the index and brought it into one form; `once` says that no position is taken twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..apply import op, view
from ..backend import Array, array_module
from .shape import reshape


@view(x=lambda g, shape, index, once: index_add(g, shape=shape, index=index, once=once))
def getitem(x: Array, *, index: Any, once: bool) -> Array:
    """x[index]: a view if there is no array in the index, else a contiguous copy."""
    out = x[index]
    return out if once or out.flags.c_contiguous else out.copy()

@op(x=lambda g, index, once: getitem(g, index=index, once=once))
def index_add(x: Array, *, shape: tuple[int, ...], index: Any, once: bool) -> Array:
    """Zeros of a shape, with x added at an index: the derivative of x[index]."""
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
    """x with y written at an index. The overwritten numbers of x get gradient 0."""
    out = array_module(x).array(x)  # not x.copy(): if x is a NumPy scalar, its copy is one too and cannot be written to
    out[index] = y
    return out

def with_axes_in_front(x: Any, ndim: int) -> Any:
    """x with axes of length one in front, so that it has at least ndim: what is written to x[index] may have had them."""
    return x if len(x.shape) >= ndim else reshape(x, shape=((1,) * (ndim - len(x.shape)) + x.shape))

@op(x=lambda g, index, axis, shape: scatter_add(g, index=index, axis=axis, shape=shape))
def gather(x: Array, *, index: Array, axis: int) -> Array:
    """out[i, j] = x[index[i, j], j] for axis 0: each number of `index` picks one along the axis."""
    return np.take_along_axis(x, index, axis)

@op(x=lambda g, index, axis: gather(g, index=index, axis=axis))
def scatter_add(x: Array, *, index: Array, axis: int, shape: tuple[int, ...]) -> Array:
    """Zeros of a shape, with x[i, j] added at [index[i, j], j] for axis 0: the derivative of gather."""
    xp = array_module(x)
    out = xp.zeros(shape, x.dtype)
    places = list(xp.ogrid[tuple(map(slice, index.shape))])
    places[axis] = index
    xp.add.at(out, tuple(places), x)
    return out
