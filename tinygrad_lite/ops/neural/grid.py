"""Which places of an image and of a kernel meet in a convolution: the geometry, without any numbers.

Along each axis, place i of y meets place stride * i + dilation * k - padding of x, and k of w is their weight. So a place of y
is a sum over all k, which take x at a `start` of their own and then every `stride`-th place. And a place j of x is a sum over
those k for which (j + padding - dilation * k) / stride is whole: neighbouring places of x have different k. In both directions,
places that have the same k are a Part; along one axis, y is one Part, and x is one for each remainder of j by the stride.

What convolution.py needs to know is in a Plan: first the axes one by one, then all together.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np

from ...backend import Array

Sizes = tuple[int, ...]
Slices = tuple[slice, ...]

class Grid(NamedTuple):
    """The geometry of x, w and y. If x has only one axis, another one of size 1 is put in front of it."""

    axes: int
    size: Sizes  # of x
    window: Sizes  # of w
    places: Sizes  # of y
    stride: Sizes
    padding: Sizes
    dilation: Sizes
    groups: int

class Part(NamedTuple):
    """Places of the result along one axis that have the same taps: the k that meet them, each with the place of the source
    where the first of them meets it. The next one meets it `step` places further.
    """

    places: range
    step: int
    taps: list[tuple[int, int]]  # k, start

class Rows(NamedTuple):
    """Rows of the source, `step` apart, that are copied for a Plan; further ones in front and behind stay 0."""

    n: int  # with those that stay 0
    filled: slice
    taken: slice  # of the source
    taps: list[tuple[int, int]]  # the row at which a tap begins, and which tap it is

class Plan(NamedTuple):
    """Places of the result that meet the same places of the source. If w has several k for them, they have several results."""

    counts: Sizes  # of places along each axis
    rows: list[Rows]  # for the taps of the first axis
    columns: list[tuple[Slices, Slices]]  # for each tap of the other axes, what is filled and what is taken
    kernel: Array  # (taps of the first axis, results, taps of the others): the place in w, counted row by row
    results: list[Slices]  # the places of each result
    block: bool  # whether it has one result, in whole rows, one behind the other
    direct: bool  # whether what is copied would be the source itself

class Way(NamedTuple):
    """How y is made of x, or x of y."""

    source: Sizes
    result: Sizes
    plans: list[Plan]

def grid(size: Sizes, window: Sizes, places: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> Grid:
    """The Grid for x of this size, w of the size `window`, and y with so many `places`."""
    if len(size) > 1:
        return Grid(len(size), size, window, places, stride, padding, dilation, groups)
    return Grid(1, (1, *size), (1, *window), (1, *places), (1, *stride), (0, *padding), (1, *dilation), groups)

def there(n: int, window: int, places: int, stride: int, padding: int, dilation: int) -> list[Part]:
    """The Part of an axis of y: place i meets x at stride * i + (dilation * k - padding)."""
    return [Part(range(places), stride, [(k, dilation * k - padding) for k in range(window)])]

def back(n: int, window: int, places: int, stride: int, padding: int, dilation: int) -> list[Part]:
    """The Parts of an axis of x: place r + stride * m meets y at m + (r + padding - dilation * k) / stride, if it is whole."""
    parts = []
    for r in range(min(stride, n)):
        starts = [(k, r + padding - dilation * k) for k in range(window)]
        taps = [(k, start // stride) for k, start in starts if start % stride == 0]
        parts.append(Part(range(r, n, stride), 1, taps))
    return parts

@lru_cache(512)
def way(grid: Grid, to_x: bool, rows: int | None = None) -> Way:
    """The Way from y to x, or from x to y; for at most so many `rows` of the result, places of its first axis, at a time."""
    options = (grid.size, grid.window, grid.places, grid.stride, grid.padding, grid.dilation)
    axes = [(back if to_x else there)(*along) for along in zip(*options)]
    if rows:
        axes[0] = [
            Part(part.places[n : n + rows], part.step, [(k, start + part.step * n) for k, start in part.taps])
            for part in axes[0]
            for n in range(0, len(part.places), rows)
        ]
    source, result = (grid.places, grid.size) if to_x else (grid.size, grid.places)
    alike: dict[object, list[tuple[Part, ...]]] = {}
    for parts in product(*axes):
        alike.setdefault(tuple([(len(part.places), *[start for _, start in part.taps]) for part in parts]), []).append(parts)
    return Way(source, result, [plan(source, result, grid.window, parts) for parts in alike.values()])

def plan(source: Sizes, result: Sizes, window: Sizes, alike: list[tuple[Part, ...]]) -> Plan:
    """The Plan of parts that meet the same places of the source."""
    first, *rest = alike[0]
    counts = tuple([len(part.places) for part in alike[0]])
    results = [tuple([slice(p.places.start, p.places.stop, p.places.step) for p in parts]) for parts in alike]
    block = len(alike) == 1 and first.places.step == 1 and counts[1:] == result[1:]
    if not all(part.taps for part in alike[0]):  # a sum of nothing
        nothing = Rows(counts[0], slice(0), slice(0), [(0, 0)])
        return Plan(counts, [nothing], [], np.zeros((1, len(alike), 0), int), results, block, False)
    phases: dict[int, list[tuple[int, int]]] = {}
    for nth, (_, start) in enumerate(first.taps):
        phases.setdefault(start % first.step, []).append((start, nth))
    rows = []
    for taps in phases.values():
        least, most = min(taps)[0], max(taps)[0]
        n = counts[0] + (most - least) // first.step
        filled, taken = overlap(source[0], least, first.step, n)
        rows.append(Rows(n, filled, taken, [((start - least) // first.step, nth) for start, nth in taps]))
    columns = []
    for starts in product(*[[start for _, start in part.taps] for part in rest]):
        overlaps = [overlap(n, start, part.step, len(part.places)) for n, start, part in zip(source[1:], starts, rest)]
        columns.append((tuple([filled for filled, _ in overlaps]), tuple([taken for _, taken in overlaps])))
    number = np.arange(prod(window)).reshape(window)
    kernels = [number[np.ix_(*[[k for k, _ in part.taps] for part in parts])] for parts in alike]
    kernel = np.stack(kernels).reshape(len(alike), len(first.taps), len(columns)).swapaxes(0, 1)
    taken_whole = [rows[0].taken, *columns[0][1]] == [slice(0, n, 1) for n in source]
    direct = len(rows) == len(columns) == 1 and (rows[0].n, *counts[1:]) == source and taken_whole
    return Plan(counts, rows, columns, kernel, results, block, direct)

def overlap(n: int, start: int, step: int, count: int) -> tuple[slice, slice]:
    """Of the numbers p < count those for which start + step * p is a place of an axis of n places; and these places."""
    first, stop = max(0, -(start // step)), min(count, (n - 1 - start) // step + 1)
    if first >= stop:
        return slice(0), slice(0)
    return slice(first, stop), slice(start + first * step, start + (stop - 1) * step + 1, step)
