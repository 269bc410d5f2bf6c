"""Resampling along one axis: each number of the result is a weighted sum of a few numbers of the input.

An image is resampled along one axis after another. Which numbers are taken, with which weights, is computed once for a length,
as `taps`: a tap is an index for every number of the result, and their weights. nn/functional/resampling.py makes the taps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...apply import op
from ...backend import Array, array_module

__all__: list[str] = []

class Tap(NamedTuple):
    """One of the numbers that are added up for each number of the result."""

    index: Array  # where it is
    weights: Array | None  # None: 1
    gaps: Array | None  # the numbers of the result that take nothing here, if these are the fewer
    only: Array | None  # those that take something, if these are the fewer; then index and weights are for them only

class Taps(NamedTuple):
    """All taps of a resampling, along an axis with so many axes behind it."""

    taps: list[Tap]
    n: int  # numbers of the result
    behind: int

# A matrix product would be as short, but by 0 · inf one inf would make a whole row nan. And the derivative of x[index] is an
# addition at an index, which is slower by far than to take, for each number of x, what it has given to.
@op(x=lambda g, taps, back: resample(g, taps=back, back=taps))
def resample(x: Array, *, taps: Taps, back: Taps) -> Array:
    """Σ weights · x[index] over the taps; `back` are those of the derivative: to which results each x gave, and how much."""
    xp, out, axis, rest = array_module(x), None, x.ndim - 1 - taps.behind, (slice(None),) * taps.behind
    for index, weights, gaps, only in taps.taps:
        part = x.take(xp.asarray(index), axis)
        if weights is not None:
            part *= xp.asarray(weights.astype(x.dtype)).reshape(-1, *(1,) * taps.behind)
        if gaps is not None:
            part[(..., xp.asarray(gaps), *rest)] = 0
        if only is not None:
            out = xp.zeros((*x.shape[:axis], taps.n, *x.shape[axis + 1 :]), x.dtype) if out is None else out
            out[(..., xp.asarray(only), *rest)] += part
        else:
            out = part if out is None else np.add(out, part, out=out)
    return out

def both(index: Array, weights: Array, length: int, behind: int) -> tuple[Taps, Taps]:
    """The taps for index[i, j] and weights[i, j], the ith tap of result j, and those back to an axis of this length.
    A weight of nan means that there is no such tap.
    """
    i, to = np.nonzero(weights == weights)
    source, amount = index[i, to], weights[i, to]
    return arranged(to, source, amount, index.shape[1], behind), arranged(source, to, amount, length, behind)

def arranged(to: Array, source: Array, amount: Array, n: int, behind: int) -> Taps:
    """The taps that add amount · x[source] to the n results at `to`: the first for each result, then the second, and so on."""
    order = np.argsort(to, kind="stable")
    to, source, amount = to[order], source[order], amount[order]
    counts = np.bincount(to, minlength=n)
    nth = np.arange(len(to)) - np.repeat(np.cumsum(counts) - counts, counts)
    taps = []
    for i in range(max(1, int(counts.max(initial=0)))):
        index, weights, here = np.zeros(n, np.int64), np.ones(n, amount.dtype), nth == i
        index[to[here]], weights[to[here]] = source[here], amount[here]
        gaps, only = np.flatnonzero(counts <= i), np.flatnonzero(counts > i)
        few = only.size < gaps.size
        index, weights = (index[only], weights[only]) if few else (index, weights)
        scale = None if (weights == 1).all() else weights
        taps.append(Tap(index, scale, gaps if gaps.size and not few else None, only if few else None))
    return Taps(taps, n, behind)
