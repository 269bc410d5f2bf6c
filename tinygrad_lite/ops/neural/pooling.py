"""Pooling along one axis: the largest number of each window, and the sum of its numbers.

Windows over several axes are windows over one axis after another: the largest of the largest numbers, the sum of the sums. The
first maximum in row-major order is found too, if the last axis comes first: the first column in each row, then the first row.
That takes 3 + 3 steps for windows of 3 by 3, not 9, and no copies of the windows.

A window has places 0, 1, ... For each place there is one step for all windows: the numbers at this place are a slice of x. So
NumPy is called once for each place, and not for each window. What lies outside of x, in the padding, is left out of the slices.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd, inf
from typing import Any, NamedTuple

import numpy as np

from ...apply import op
from ...backend import Array, array_module
from ..choice import masked

__all__: list[str] = []

class Windows(NamedTuple):
    """Where the windows lie on an axis. A step is (place, index of windows, index of what these have at this place in x)."""

    length: int  # of the axis
    n: int  # windows
    behind: int  # axes behind this one
    starts: Array  # of the windows; a start in the padding is negative
    dilation: int  # the distance between places
    firsts: Array  # for each window, the first place that is not in the padding
    counts: int | Array  # of numbers in each window, with those in the padding
    inside: int | Array  # of numbers in each window, without them
    places: int  # in the largest window
    steps: list[tuple[int, Any, Any]]
    full: int  # so many of the first steps are for all windows
    apart: bool  # whether no number is in two windows
    whole: bool  # whether, besides, every number is in one

    @property
    def single(self) -> bool:
        """Whether there is one window, over the whole axis, of many places."""
        return self.n == 1 and self.whole and self.places == self.length > 16

    def axis(self, x: Array) -> int:
        return len(x.shape) - 1 - self.behind

    def of(self, x: Array, n: int) -> tuple[int, ...]:
        """The shape of x with n in place of the length of the axis."""
        axis = self.axis(x)
        return (*x.shape[:axis], n, *x.shape[axis + 1 :])

    def along(self, values: int | Array, like: Array) -> Array:
        """A value for each window, in a shape that broadcasts along the axis."""
        return array_module(like).asarray(values).reshape(-1, *(1,) * self.behind)

@lru_cache(256)
def regular(length: int, n: int, behind: int, size: int, stride: int, padding: int, dilation: int) -> Windows:
    """n windows of `size` places, one at each `stride`; the first one starts `padding` in front of x."""
    starts, steps, full = np.arange(n) * stride - padding, [], 0
    for place in range(size):
        shift = place * dilation - padding
        first, stop = max(0, -(shift // stride)), min(n, (length - 1 - shift) // stride + 1)  # where the number lies in x
        if first < stop:
            start, end = first * stride + shift, (stop - 1) * stride + shift + 1
            full += full == place and (first, stop) == (0, n)
            steps.append(step(place, slice(first, stop), slice(start, end, stride), behind))
    firsts = np.maximum(0, -(starts // dilation))
    stops = starts + (size - 1) * dilation + 1
    counts = np.minimum(stops, length + padding) - starts
    inside = np.minimum(stops, length) - np.maximum(starts, 0)
    apart = n == 1 or stride > (size - 1) * dilation
    whole = dilation == 1 and not padding and (n == 1 or stride == size) and n * size >= length
    counted = unique(counts), unique(inside)
    return Windows(length, n, behind, starts, dilation, firsts, *counted, size, steps, full, apart, whole)

@lru_cache(256)
def adaptive(length: int, n: int, behind: int) -> Windows:
    """n windows that divide the axis as evenly as can be: window j from floor(j length / n) to ceil((j + 1) length / n).
    The pattern repeats after n / gcd windows, so that the windows of one phase are equally long and equally far apart.
    """
    starts = np.arange(n) * length // max(n, 1)
    sizes = -(-np.arange(1, n + 1) * length // max(n, 1)) - starts
    phases, stride = n // gcd(length, n), length // gcd(length, n)
    steps = [
        step(place, slice(i, None, phases), slice(int(starts[i]) + place, None, stride), behind)
        for i in range(phases)
        for place in range(sizes[i])
    ]
    even, count, places = phases == 1, unique(sizes), int(sizes.max(initial=0))
    return Windows(length, n, behind, starts, 1, starts * 0, count, count, places, steps, even * len(steps), even, even)

def unique(values: Array) -> int | Array:
    """One number, if all values are equal."""
    return values if values.size and (values != values[0]).any() else int(values.max(initial=0))

def step(place: int, windows: slice, numbers: slice, behind: int) -> tuple[int, Any, Any]:
    rest = (slice(None),) * behind
    return place, (..., windows, *rest), (..., numbers, *rest)

@op(x=lambda g, windows, winners: window_spread(g, windows=windows, winners=winners))
def window_sum(x: Array, *, windows: Windows, winners: Array | None = None, found: Array | None = None) -> Array:
    """Σ x over each window; with `winners`, only the number at this place of it, which may have been `found` already."""
    if found is not None:
        return found
    if winners is not None and windows.single:
        return np.take_along_axis(x, winners, windows.axis(x))
    many = len(windows.steps) > 32 and x.dtype == np.float32  # such a chain would lose digits
    if windows.full < 2 or winners is not None or many:
        out, steps = array_module(x).zeros(windows.of(x, windows.n), np.float64 if many else x.dtype), windows.steps
    else:
        (_, _, first), (_, _, second), *steps = windows.steps
        out = x[first] + x[second]
    for place, there, here in steps:
        out[there] += where_won(x[here], winners, place, there)
    return out.astype(x.dtype, copy=False)

@op(x=lambda g, windows, winners: window_sum(g, windows=windows, winners=winners))
def window_spread(x: Array, *, windows: Windows, winners: Array | None = None) -> Array:
    """Each x, one for each window, added to all numbers of its window; with `winners`, only to the number at this place."""
    if winners is not None and windows.single:
        if not isinstance(x, np.ndarray):
            return np.where(windows.along(np.arange(windows.length), x) == winners, x, 0)
        zeros: Array = array_module(x).zeros(windows.of(x, windows.length), x.dtype)
        np.put_along_axis(zeros, winners, x, windows.axis(x))
        return zeros
    steps, many = windows.steps, not windows.apart and len(windows.steps) > 32 and x.dtype == np.float32
    new = array_module(x).empty if windows.whole else array_module(x).zeros
    out = new(windows.of(x, windows.length), np.float64 if many else x.dtype)
    if winners is not None and windows.apart and windows.full == len(steps) == 2:
        part: Array = masked(x, winners.view(np.bool_))
        bits = f"i{x.dtype.itemsize}"
        out[steps[1][2]] = part
        np.bitwise_xor(x.view(bits), part.view(bits), out=part.view(bits))  # what is left of x, to the last bit
        out[steps[0][2]] = part
        return out
    for place, there, here in steps:
        if windows.apart:
            out[here] = where_won(x[there], winners, place, there)
        else:
            out[here] += where_won(x[there], winners, place, there)
    return out.astype(x.dtype, copy=False)

def where_won(x: Array, winners: Array | None, place: int, there: Any) -> Array:
    """x, at one place of the windows `there`; 0 where another place has won."""
    return x if winners is None else masked(x, winners[there] == place)

def window_max(x: Array, windows: Windows) -> Array:
    """The largest number of each window, nan if one is nan."""
    if windows.full < 2:
        out, steps = nothing_yet(x, windows), windows.steps
    else:
        (_, _, first), (_, _, second), *steps = windows.steps
        out = np.maximum(x[first], x[second])
    for _, there, here in steps:
        np.maximum(out[there], x[here], out=out[there])
    return out

# The numbers at a place are copied, because NumPy compares what is contiguous four times as fast.
def window_winners(x: Array, windows: Windows, nans: bool = False) -> tuple[Array, Array]:
    """The largest number of each window, and its place: the first of equal ones, but the last nan. Places are bytes if they
    fit, of which NumPy computes more at once. `nans` says whether there are any.
    """
    if windows.single:
        return winner_of_all(x, windows.axis(x))
    kind = np.uint8 if windows.places <= 256 else np.int32
    if windows.full < 2:
        best, steps = nothing_yet(x, windows), windows.steps
        out = array_module(x).zeros(best.shape, kind) + windows.along(windows.firsts.astype(kind), x)
    else:
        (_, _, first), (_, _, second), *steps = windows.steps
        best, two = x[first].copy(), contiguous(x[second])
        out = ((two > best) | (two != two) if nans else two > best).view(np.uint8).astype(kind, copy=False)
        np.maximum(best, two, out=best)
    for place, there, here in steps:
        number = contiguous(x[here])
        better = (number > best[there]) | (number != number) if nans else number > best[there]
        np.maximum(out[there], better.view(np.uint8) * kind(place), out=out[there])
        np.maximum(best[there], number, out=best[there])
    if not nans and best.size and best.dtype.kind == "f" and np.isnan(best.min()):
        return window_winners(x, windows, True)
    return best, out

def winner_of_all(x: Array, axis: int) -> tuple[Array, Array]:
    """The same for one window over the whole axis, which has too many places for a step each."""
    out = x.argmax(axis, keepdims=True)
    best = np.take_along_axis(x, out, axis)
    nans = best != best
    if nans.any():
        last = x.shape[axis] - 1 - np.flip(x != x, axis).argmax(axis, keepdims=True)
        out = np.where(nans, last, out)
    return best, out

def nothing_yet(x: Array, windows: Windows) -> Array:
    """The maxima of windows that have nothing yet: the least number of this dtype."""
    least = -inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
    return array_module(x).full(windows.of(x, windows.n), least, x.dtype)

def contiguous(x: Array) -> Array:
    return array_module(x).ascontiguousarray(x)
