"""A line search: how far to go along a direction, so that the loss falls enough and its slope is nearly flat."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tinygrad_lite.backend import Array


class Point(NamedTuple):
    """A place on the line x + t·d: the loss there, its gradient g, and its slope gᵀd along the line."""

    t: float
    loss: float
    g: Array
    slope: float


def strong_wolfe(at: Callable[[float], Point], t: float, start: Point, longest: float, least_change: float, most: int) -> Point:
    """A point with loss ≤ start.loss + 1e-4·t·start.slope and |slope| ≤ 0.9·|start.slope|: the strong Wolfe conditions.

    From t, go on until two points have such a place between them; then move these together, each time to the minimum of the
    cubic through both. Ends after `most` points, or when the place is known to least_change (`longest` is the largest |d|),
    with the lowest point found. Nocedal & Wright 2006, algorithms 3.5 and 3.6
    """

    def too_high(point: Point) -> bool:
        return point.loss > start.loss + 1e-4 * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -0.9 * start.slope

    last, new, count = start, at(t), 0
    while count < most:
        if too_high(new) or (count > 1 and new.loss >= last.loss):
            break
        if flat(new):
            return new
        if new.slope >= 0:
            break
        t = minimum_of_cubic(last, new, new.t + 0.01 * (new.t - last.t), 10 * new.t)
        last, new, count = new, at(t), count + 1
    ends = [start if count == most else last, new]
    low = 0 if ends[0].loss <= ends[1].loss else 1
    stuck = False  # whether the last t was near an end already
    while count < most:
        left, right = sorted([ends[0].t, ends[1].t])
        if (right - left) * longest < least_change:
            break
        t = minimum_of_cubic(ends[0], ends[1], left, right)
        near = 0.1 * (right - left)
        if min(right - t, t - left) >= near:
            stuck = False
        elif stuck or t >= right or t <= left:
            t = right - near if abs(t - right) < abs(t - left) else left + near
            stuck = False
        else:
            stuck = True
        new, count = at(t), count + 1
        if too_high(new) or new.loss >= ends[low].loss:
            ends[1 - low] = new
            low = 0 if ends[0].loss <= ends[1].loss else 1
            continue
        if not flat(new) and new.slope * (ends[1 - low].t - ends[low].t) >= 0:
            ends[1 - low] = ends[low]
        ends[low] = new
        if flat(new):
            break
    return ends[low]


def minimum_of_cubic(a: Point, b: Point, lowest: float, highest: float) -> float:
    """Where the cubic with the losses and slopes of two points is least, within bounds; their middle if it has no minimum."""
    if a.t > b.t:
        a, b = b, a
    with np.errstate(all="ignore"):  # equal points: inf or nan
        d1 = a.slope + b.slope - np.divide(3 * (a.loss - b.loss), a.t - b.t)
        square = d1 * d1 - a.slope * b.slope
        if not square >= 0:
            return (lowest + highest) / 2
        d2 = np.sqrt(square)
        t = b.t - (b.t - a.t) * np.divide(b.slope + d2 - d1, b.slope - a.slope + 2 * d2)
    return float(min(max(t, lowest), highest))
