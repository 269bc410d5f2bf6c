"""Indexing: some of the numbers, by position. The derivative puts the gradient where the numbers came from.

If a position is taken twice, its gradient is the sum of both. So the derivative of x[index] is an addition at that index.
functional/indexing.py has checked the index and brought it into one form; `once` says that no position is taken twice.
"""

from __future__ import annotations

from functools import lru_cache, reduce
from math import prod
from operator import add
from typing import Any

import numpy as np

from ..apply import op, view
from ..backend import Array, array_module, is_array
from ..recorder import one_call
from .shape import reshape


@view(x=lambda g, shape, index, once: index_add(g, shape=shape, index=index, once=once))
def getitem(x: Array, *, index: Any, once: bool) -> Array:
    """x[index]: a view if there is no array in the index, else a contiguous copy."""
    out = x[index]
    return out if once or out.flags.c_contiguous else out.copy()

@op(x=lambda g, index, once: getitem(g, index=index, once=once))
def index_add(x: Array, *, shape: tuple[int, ...], index: Any, once: bool) -> Array:
    """Zeros of a shape, with x added at an index: the derivative of x[index]."""
    if not once and (rows := rows_of(index, x)) is not None:
        return added_rows(x, rows, shape)
    out = array_module(x).zeros(shape, x.dtype)
    if once:
        out[index] = x
    else:
        add_at(out, index, x)
    return out

def rows_of(index: Any, x: Array) -> Array | None:
    """The positions along the first axis, if an index has nothing else and added_rows is faster than add_at; else None."""
    parts = index if isinstance(index, tuple) else (index,)
    if not isinstance(x, np.ndarray) or x.size < 256 or x.dtype.char not in "fd":
        return None
    if not is_array(parts[0]) or parts[0].dtype.kind == "b":
        return None
    return parts[0] if all([type(part) is slice and part == slice(None) for part in parts[1:]]) else None

# A product with a sparse matrix, which has a 1 in each column. Measured in µs, one thread, float32: 4,096 rows of 64 numbers to
# 10,000 rows, as in the derivative of an embedding, 75 (by np.add.at 400); 1,000 rows of 1,000 numbers 160 (row by row 630).
@one_call
def added_rows(x: Array, rows: Array, shape: tuple[int, ...]) -> Array:
    """Zeros of a shape, with each row of x added to one of their rows, in the order of x."""
    from scipy.sparse import csc_array

    n, rows = rows.size, rows.reshape(-1)
    kind = np.dtype(np.float64) if x.dtype == np.float32 and x.size > 16 * prod(shape) else x.dtype  # see come_often
    rows = rows if rows.min() >= 0 else np.where(rows < 0, rows + shape[0], rows)
    places = csc_array((np.ones(n, kind), rows, np.arange(n + 1)), shape=(shape[0], n))
    out = (places @ x.reshape(n, prod(shape[1:]))).astype(x.dtype, copy=False)
    return out if out.shape == shape else out.reshape(shape)  # a view is not written to by the walk: it would copy it

def add_at(out: Array, index: Any, x: Array) -> None:
    """Add x to out at an index, in place; what comes twice is added twice."""
    if come_often(out, x):
        wide = array_module(out).zeros(out.shape, np.float64)
        add_at(wide, index, x.astype(np.float64))
        out += wide
        return
    parts = index if isinstance(index, tuple) else (index,)
    arrays = [part for part in parts if is_array(part)]
    if all([part.dtype.kind == "b" for part in arrays]):
        out[index] += x  # a mask takes no position twice
    elif x.size < 256 or not isinstance(out, np.ndarray) or not out.flags.c_contiguous:
        array_module(out).add.at(out, index, x)
    elif len(arrays) == 1 and all([part is arrays[0] or (type(part) is slice and part == slice(None)) for part in parts]):
        axis = next(i for i, part in enumerate(parts) if part is arrays[0])
        shape = (*out.shape[:axis], *arrays[0].shape, *out.shape[axis + 1 :])
        add_slices(out, axis, arrays[0].reshape(-1), np.broadcast_to(x, shape).reshape(-1))
    elif x.size * 300 < out.size:  # then the numbers below take longer to make than add.at needs
        np.add.at(out, index, x)
    else:
        places = array_module(out).arange(out.size).reshape(out.shape)[index]
        np.add.at(out.reshape(-1), places.reshape(-1), np.broadcast_to(x, places.shape).reshape(-1))

def come_often(out: Array, x: Array) -> bool:
    """Whether so many numbers meet at one place that their sum needs float64: float32 would lose digits one by one."""
    return out.dtype == np.float32 and x.size > 16 * out.size  # type: ignore[no-any-return]

# np.add.at is fast for one axis and one array of positions only. Measured for a million float32 numbers, one thread: one axis
# 0.65 ms, rows of a matrix 6 ms. So the numbers of a slice are added at their positions, 1.0 ms; long rows one by one, 0.6 ms.
def add_slices(out: Array, axis: int, index: Array, x: Array) -> None:
    """out[:, index] += x for axis 1, and so on; out is contiguous and x flat."""
    n, row = out.shape[axis], prod(out.shape[axis + 1 :])
    index = np.where(index < 0, index + n, index)
    if axis == 0 and row >= 512:
        x = x.reshape(len(index), *out.shape[1:])
        if hasattr(index, "recording"):  # a program cannot look at the numbers
            np.add.at(out, index, x)
            return
        for i, part in zip(index.tolist(), x):
            out[i] += part
        return
    places = (index[:, None] * row + np.arange(row)).reshape(-1)
    together = max(1, 2**16 // max(n * row, 1))  # so many at once, so that their places stay in the cache
    blocks = out.size // max(n * row, 1)
    places = (places + np.arange(0, min(together, blocks) * n * row, n * row)[:, None]).reshape(-1)
    step_out, step_x = together * n * row, together * len(index) * row
    for i in range(-(-blocks // together)):
        part = x[i * step_x : (i + 1) * step_x]
        np.add.at(out.reshape(-1)[i * step_out : (i + 1) * step_out], places[: len(part)], part)

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
    return taken(x, places_along(index, axis, x.shape))

@op(x=lambda g, index, axis: gather(g, index=index, axis=axis))
def scatter_add(x: Array, *, index: Array, axis: int, shape: tuple[int, ...]) -> Array:
    """Zeros of a shape, with x[i, j] added at [index[i, j], j] for axis 0: the derivative of gather."""
    return added_at(x, places_along(index, axis, shape), shape)

# One position in the flattened array instead of one for each axis: NumPy then takes a million numbers in 0.9 ms (with the
# positions) instead of 2.4 (np.take_along_axis), and adds them in 1.1.
def places_along(index: Array, axis: int, shape: tuple[int, ...]) -> Array:
    """Where gather finds its numbers in an array of a shape, flattened. The index may be shorter along other axes."""
    small = index.size <= 4096 and isinstance(index, np.ndarray)
    step, others = (offsets if small else offsets.__wrapped__)(index.shape, axis, shape)
    if others is None:
        return np.multiply(index, step, dtype=np.int64)
    others = array_module(index).asarray(others)
    if step == 1:  # one pass less
        return np.add(index, others, dtype=np.int64)
    places = np.multiply(index, step, dtype=np.int64)
    places += others
    return places

@lru_cache(256)
def offsets(sizes: tuple[int, ...], axis: int, shape: tuple[int, ...]) -> tuple[int, Array | None]:
    """How far apart numbers lie along the axis, and where the axis begins for each position along the others. Cached for small
    indices, because computing it takes 5 µs.
    """
    steps = [prod(shape[i + 1 :]) for i in range(len(shape))]
    others = [
        np.arange(n).reshape((n,) + (1,) * (len(sizes) - i - 1)) * steps[i]
        for i, n in enumerate(sizes)
        if i != axis and n > 1
    ]
    return steps[axis], reduce(add, others) if others else None

def taken(x: Array, places: Array) -> Array:
    """The numbers at places of the flattened x; all places exist."""
    flat = x.reshape(-1)
    return flat.take(places, mode="clip") if isinstance(x, np.ndarray) and x.size else flat[places]

def added_at(x: Array, places: Array, shape: tuple[int, ...]) -> Array:
    """Zeros of a shape, with x added at places of them, flattened."""
    xp = array_module(x)
    out = xp.zeros(shape, x.dtype)
    if come_often(out, x):
        return added_at(x.astype(np.float64), places, shape).astype(x.dtype)
    xp.add.at(out.reshape(-1), places.reshape(-1), x.reshape(-1))
    return out
