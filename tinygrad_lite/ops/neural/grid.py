"""Which places of an image and of a kernel meet in a convolution: the geometry, without any numbers.

Along each axis, place i of y meets place stride * i + dilation * k - padding of x, and k of w is their weight. So a place of y
is a sum over all k, which take x at a `start` of their own and then every `stride`-th place. And a place j of x is a sum over those
k for which (j + padding - dilation * k) / stride is whole: neighbouring places of x have different k. In both directions, the
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

class Part(NamedTuple):
    """Places of the result along one axis that have the same taps: the k that meet them, each with the place of the source
    where the first of them meets it. The next one meets it `step` places further.
    """

    places: slice
    n: int  # of places
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
    direct: bool  # whether what is copied would be the source itself

class Way(NamedTuple):
    """How y is made of x, or x of y."""

    source: Sizes
    result: Sizes
    plans: list[Plan]

class Grid(NamedTuple):
    """The geometry of one convolution. If x has only one axis, another one of size 1 is put in front of it."""

    axes: int
    window: Sizes
    groups: int
    there: Way
    back: Way

@lru_cache(256)
def grid(size: Sizes, window: Sizes, places: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int) -> Grid:
    """The Grid for x of this size, w of the size `window`, and y with so many `places`."""
    axes = len(size)
    if axes == 1:
        size, window, places, stride, padding, dilation = (1, *size), (1, *window), (1, *places), (1, *stride), (0, *padding), (1, *dilation)
    there: list[list[Part]] = []
    back: list[list[Part]] = []
    for n, m, count, s, p, d in zip(size, window, places, stride, padding, dilation):
        there.append([Part(slice(count), count, s, [(k, d * k - p) for k in range(m)])])
        back.append([])
        for r in range(min(s, n)):
            taps = [(k, (r + p - d * k) // s) for k in range(m) if (r + p - d * k) % s == 0]
            back[-1].append(Part(slice(r, n, s), len(range(r, n, s)), 1, taps))
    return Grid(
        axes, window, groups, Way(size, places, plans(size, window, there)), Way(places, size, plans(places, window, back))
    )

def plans(source: Sizes, window: Sizes, axes: list[list[Part]]) -> list[Plan]:
    """A Plan for all parts that meet the same places of the source."""
    alike: dict[object, list[tuple[Part, ...]]] = {}
    for parts in product(*axes):
        alike.setdefault(tuple([(part.n, *[start for _, start in part.taps]) for part in parts]), []).append(parts)
    return [plan(source, window, parts) for parts in alike.values()]

def plan(source: Sizes, window: Sizes, alike: list[tuple[Part, ...]]) -> Plan:
    counts = tuple([part.n for part in alike[0]])
    results = [tuple([part.places for part in parts]) for parts in alike]
    first, *rest = alike[0]
    if not all(part.taps for part in alike[0]):  # a sum of nothing
        return Plan(counts, [Rows(first.n, slice(0), slice(0), [(0, 0)])], [], np.zeros((1, len(alike), 0), int), results, False)
    phases: dict[int, list[tuple[int, int]]] = {}
    for nth, (_, start) in enumerate(first.taps):
        phases.setdefault(start % first.step, []).append((start, nth))
    rows = []
    for taps in phases.values():
        least, most = min(taps)[0], max(taps)[0]
        count = first.n + (most - least) // first.step
        filled, taken = overlap(source[0], least, first.step, count)
        rows.append(Rows(count, filled, taken, [((start - least) // first.step, nth) for start, nth in taps]))
    columns = []
    for starts in product(*[[start for _, start in part.taps] for part in rest]):
        overlaps = [overlap(n, start, part.step, part.n) for n, start, part in zip(source[1:], starts, rest)]
        columns.append((tuple([filled for filled, _ in overlaps]), tuple([taken for _, taken in overlaps])))
    number = np.arange(prod(window)).reshape(window)
    kernels = [number[np.ix_(*[[k for k, _ in part.taps] for part in parts])] for parts in alike]
    kernel = np.stack(kernels).reshape(len(alike), len(first.taps), len(columns)).swapaxes(0, 1)
    taken_whole = [rows[0].taken, *columns[0][1]] == [slice(0, n, 1) for n in source]
    direct = len(rows) == len(columns) == 1 and (rows[0].n, *counts[1:]) == source and taken_whole
    return Plan(counts, rows, columns, kernel, results, direct)

def overlap(n: int, start: int, step: int, count: int) -> tuple[slice, slice]:
    """Of the numbers p < count those for which start + step * p is a place of an axis of n places; and these places."""
    first, stop = max(0, -(start // step)), min(count, (n - 1 - start) // step + 1)
    if first >= stop:
        return slice(0), slice(0)
    return slice(first, stop), slice(start + first * step, start + (stop - 1) * step + 1, step)
