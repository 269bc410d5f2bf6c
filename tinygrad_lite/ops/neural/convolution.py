"""Convolution and its derivatives: it is linear in x and in w, so there are three ops, and each is a derivative of the others.

x has channels c and a place j on each axis, w has a place k, y has channels o and a place i. A Grid says which places meet:

    conv          y[o, i] = Σ w[o, c, k] x[c, j]        over c and k
    conv_input    x[c, j] = Σ w[o, c, k] y[o, i]        over o and k: the transposed convolution
    conv_weight   w[o, c, k] = Σ y[o, i] x[c, j]        over i and the batch

each over those places only for which j = stride * i + dilation * k - padding along each axis. With groups, the channels o of a
group meet the channels c of the same group only.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from ...apply import op
from ...backend import Array, array_module
from ..reduction import sum as sum_over
from ..shape import mT
from .grid import Grid, Plan, way

__all__: list[str] = []

def over_channels(g: Any) -> Any:
    """The derivative of the bias, which is one number for each channel: Σ g over the batch and all places."""
    return sum_over(g, axis=(0, *range(2, len(g.shape))))

# The bias is added here, while the numbers are in the cache. With six kernels of 5 by 5 on (256, 1, 28, 28), the forward takes
# 1.43 ms, with the bias as another step 1.54; and that step would need as much memory again.
@op(x=lambda g, w, grid: conv_input(g, w, None, grid=grid),
    w=lambda g, x, grid: conv_weight(g, x, grid=grid),
    bias=over_channels)
def conv(x: Array, w: Array, bias: Array | None, *, grid: Grid) -> Array:
    """y, plus the bias: (N, C, ...), (O, C / groups, ...) and (O) or None give (N, O, ...)."""
    return weighted(x, by_groups(w, grid), bias, grid, False)

@op(y=lambda g, w, grid: conv(g, w, None, grid=grid),
    w=lambda g, y, grid: conv_weight(y, g, grid=grid),
    bias=over_channels)
def conv_input(y: Array, w: Array, bias: Array | None, *, grid: Grid) -> Array:
    """x, plus the bias: (N, O, ...), (O, C / groups, ...) and (C) or None give (N, C, ...)."""
    return weighted(y, by_groups(w, grid).transpose(0, 2, 1, 3), bias, grid, True)

@op(y=lambda g, x, grid: conv(x, g, None, grid=grid),
    x=lambda g, y, grid: conv_input(y, g, None, grid=grid))
def conv_weight(y: Array, x: Array, *, grid: Grid) -> Array:
    """w: (N, O, ...) and (N, C, ...) give (O, C / groups, ...)."""
    xp, N, G = array_module(x), len(x), grid.groups
    c, o, T, J = x.shape[1] // G, y.shape[1] // G, grid.window[0], prod(grid.window[1:])
    x, y = x.reshape(N, G, c, *grid.size), y.reshape(N, G, o, *grid.places)
    total = xp.zeros((T, G, J * c, o), np.float64 if x.dtype == np.float32 else x.dtype)  # it may have many terms
    plans, many, merged = at_once(x, o, grid, False)
    for plan in plans:
        for images, matrices in columns(x, plan, many, merged):
            part = with_places_last(y[(images, ..., *plan.results[0])], merged)
            part = mT(part.reshape(*part.shape[:3], prod(part.shape[3:])))
            for nth, matrix in shifted(plan, matrices, part.shape[-2]):
                total[nth] += xp.add.reduce(matrix @ part, 0)  # y first would take a third longer
    w = total.reshape(T, G, J, c, o).transpose(1, 4, 3, 0, 2).astype(x.dtype, order="C")
    return w.reshape(G * o, c, *grid.window[-grid.axes :])

# How it is computed. Copies of x are made, shifted by k, with 0 where x ends: the columns. Then the sum over c and k is one
# product of matrices, (O, C k) @ (C k, places). But the copies may take as long as the product. So they are made for the axes
# behind the first one only. Along the first axis nothing must be copied: for the next k, the matrix begins one row of the image
# further on, in the same memory. For a kernel of 3 by 3 these are 3 copies and 3 products, where copies for all k would be 9,
# for one product. And they are made for a few images at a time, or for some rows of an image, so that they stay in the cache.
# Milliseconds, forward and backward, one thread:
#                                                so    with copies for all k    PyTorch
#     (32, 64, 28, 28), 64 kernels of 3 by 3     33    36                       27
#     (256, 6, 14, 14), 16 kernels of 5 by 5     5.6   13                       5.2

CACHE, GPU = 1 << 20, 1 << 28  # bytes of columns and results

def by_groups(w: Array, grid: Grid) -> Array:
    """(O, C / groups, ...) as (groups, O / groups, C / groups, places)."""
    return w.reshape(grid.groups, w.shape[0] // grid.groups, w.shape[1], prod(grid.window))

def weighted(x: Array, w: Array, bias: Array | None, grid: Grid, to_x: bool) -> Array:
    """Σ w x, plus the bias: (N, groups C, ...), (groups, O, C, places) and (groups O) give (N, groups O, ...)."""
    xp, N, (G, o, c, _), (source, result, _) = array_module(x), len(x), w.shape, way(grid, to_x)
    x, out = x.reshape(N, G, c, *source), xp.empty((N, G, o, *result), x.dtype)
    plans, many, merged = at_once(x, o, grid, to_x)
    for plan in plans:
        T, V, J = plan.kernel.shape
        weights = w[..., xp.asarray(plan.kernel)].transpose(3, 0, 4, 1, 5, 2).reshape(T, G, V * o, J * c)
        for images, matrices in columns(x, plan, many, merged):
            to = out[images]
            places = prod(plan.counts) * (len(to) if merged else 1)
            in_place = plan.block and not merged
            (nth, matrix), *rest = shifted(plan, matrices, places)
            block = to[(..., *plan.results[0])].reshape(len(to), G, o, places) if in_place else None
            sums, more = xp.matmul(weights[nth], matrix, out=block), None
            for nth, matrix in rest:
                more = xp.matmul(weights[nth], matrix, out=more)
                sums += more
            sums = sums.reshape(len(sums), G, V, o, places)
            if bias is not None:
                sums += bias.reshape(G, 1, o, 1)
            if not in_place:
                to = with_places_last(to, merged)
                for v, (first, *others) in enumerate(plan.results):
                    part = to[(..., first, slice(None), *others)]
                    part[...] = sums[:, :, v].reshape(part.shape)
    return out.reshape(N, G * o, *result[-grid.axes :])

def columns(x: Array, plan: Plan, many: int, merged: bool) -> Iterator[tuple[slice, list[Array]]]:
    """For `many` images at a time: which ones, and a matrix for each plan.rows: (images, groups, C k, places), or, if merged,
    (1, groups, C k, places of all images). The memory of the matrices is used again for the next images.
    """
    J, copies = len(plan.columns), [x[:0]] * len(plan.rows)
    for n in range(0, len(x), many):
        images = slice(n, n + many)
        part = with_places_last(x[images], merged)
        N, G, c, _, side_by_side = part.shape[:5]
        if plan.direct:
            yield images, [part.reshape(N, G, c, prod(part.shape[3:]))]
            continue
        for nth, rows in enumerate(plan.rows):
            shape = (N, G, J, c, rows.n, side_by_side, *plan.counts[1:])
            if copies[nth].shape != shape:
                copies[nth] = array_module(x).zeros(shape, x.dtype)
            source, copy = part[:, :, :, rows.taken], copies[nth][:, :, :, :, rows.filled]
            for j, (filled, taken) in enumerate(plan.columns):
                copy[:, :, j][(..., *filled)] = source[(..., *taken)]
        yield images, [copy.reshape(N, G, J * c, prod(copy.shape[4:])) for copy in copies]

def shifted(plan: Plan, matrices: list[Array], places: int) -> list[tuple[int, Array]]:
    """For each tap of the first axis its number, and `places` columns of its matrix, from the row where it starts."""
    found = []
    for rows, matrix in zip(plan.rows, matrices):
        row = matrix.shape[-1] // rows.n
        found += [(nth, matrix[..., start * row : start * row + places]) for start, nth in rows.taps]
    return found

def with_places_last(x: Array, merged: bool) -> Array:
    """(images, groups, C, rows, ...) as (images, groups, C, rows, 1, ...), or, if merged, as (1, groups, C, rows, images, ...):
    a row of the images side by side is then one row.
    """
    x = x.reshape(1, *x.shape) if merged else x.reshape(len(x), 1, *x.shape[1:])
    return x.transpose(0, 2, 3, 4, 1, *range(5, x.ndim))

def at_once(x: Array, o: int, grid: Grid, to_x: bool) -> tuple[list[Plan], int, bool]:
    """What is to be computed at a time: the plans, for how many images, and whether these are merged into one matrix. That pays
    off if an image has fewer places than channels, because small products with many weights are slow; else, the copies of one
    image after another are faster to make and to read.
    """
    G, c = x.shape[1:3]
    plans = way(grid, to_x).plans
    if not plans:
        return [], 1, False
    sizes = [(len(plan.columns) * c + 2 * o * len(plan.results)) * prod(plan.counts[1:]) for plan in plans]
    row = max(1, max(sizes) * G * x.dtype.itemsize)
    n, room = max([plan.counts[0] for plan in plans]), CACHE if isinstance(x, np.ndarray) else GPU
    if merged := o >= prod(plans[0].counts):
        room = max(room, prod(grid.window) * G * c * o * x.dtype.itemsize)  # as much as the weights take
    elif room < row * n:
        plans = way(grid, to_x, max(8, room // row)).plans  # some rows of an image; those between two parts are copied twice
    return plans, max(1, room // (row * n)), merged
