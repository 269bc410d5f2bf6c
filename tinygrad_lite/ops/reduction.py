"""Reductions: the numbers along some axes become one.

`axis` is a tuple of non-negative axes, made so by functional.py from whatever the user wrote. What a sum folds together,
its derivative spreads out again, and the other way round.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backend import Array, array_module
from ..tape import op
from .elementwise import cast

Axes = tuple[int, ...]

@op(x=lambda g, shape, axis, keepdims: spread(g, shape=shape, axis=axis, keepdims=keepdims))
def sum(x: Array, *, axis: Axes, keepdims: bool = False) -> Array:
    """Σ x over the axes: each x takes part once, so each receives g."""
    return array_module(x).add.reduce(by_columns(x, axis), axis, keepdims=keepdims)  # x.sum() warns of inf - inf

def by_columns(x: Array, axis: Axes) -> Array:
    """x, or if its rows are many and short a copy laid out by columns: NumPy reduces those up to ten times faster."""
    return x.copy("F") if x.size > 1000 and axis == (x.ndim - 1,) and x.shape[-1] < 64 else x

@op(x=lambda g, axis, keepdims: sum(g, axis=axis, keepdims=keepdims))
def spread(x: Array, *, shape: tuple[int, ...], axis: Axes, keepdims: bool) -> Array:
    """The opposite of sum: each number of x repeated along the axes that were summed, giving `shape`."""
    out = array_module(x).empty(shape, x.dtype)
    out[...] = restored(x, axis, keepdims, len(shape))
    return out

@op(x=lambda g, shape, axis, keepdims, n: spread(g / n, shape=shape, axis=axis, keepdims=keepdims))
def mean(x: Array, *, axis: Axes, keepdims: bool = False, n: int) -> Array:
    """Σ x / n over the axes, which together hold n numbers; nan for none."""
    return np.true_divide(sum(x, axis=axis, keepdims=keepdims), n)

@op(x=lambda g, x, out, axis, keepdims: share(x, g, out, axis, keepdims))
def amax(x: Array, *, axis: Axes, keepdims: bool = False) -> Array:
    """The largest x over the axes; those that tie for it share the gradient equally."""
    return x.max(axis, keepdims=keepdims)

@op(x=lambda g, x, out, axis, keepdims: share(x, g, out, axis, keepdims))
def amin(x: Array, *, axis: Axes, keepdims: bool = False) -> Array:
    """The smallest x over the axes; those that tie for it share the gradient equally."""
    return x.min(axis, keepdims=keepdims)

def share(x: Any, g: Any, out: Any, axis: Axes, keepdims: bool) -> Any:
    """g divided equally among the x that equal `out`."""
    options = {"shape": x.shape, "axis": axis, "keepdims": keepdims}
    ties = x == spread(out, **options)
    ties = cast(ties, dtype=g.dtype, source=ties.dtype)
    return spread(g / sum(ties, axis=axis, keepdims=keepdims), **options) * ties

def restored(x: Array, axis: Axes, keepdims: bool, ndim: int) -> Array:
    """x with the reduced axes back, of length one."""
    if keepdims or not x.ndim:
        return x
    shape = iter(x.shape)
    return x.reshape([1 if i in axis else next(shape) for i in range(ndim)])
