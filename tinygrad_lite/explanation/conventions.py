"""Where a derivative is a convention: at a kink, a tie or a pole several numbers would do, and PyTorch takes one of them. This
engine takes the same. For each op that has such points: which elements of its result they are, and the rule there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Values = dict[str, Any]  # inputs, options and out, by name; those that are not known are missing
Points = Callable[[Values], Any]


CONVENTIONS: dict[str, tuple[Points, str]] = {
    "relu": (lambda v: v["x"] == 0, "ReLU has a kink at 0; its derivative there is taken as 0"),
    "abs": (lambda v: v["x"] == 0, "|x| has a kink at 0; its derivative there is taken as 0"),
    "leaky_relu": (lambda v: v["x"] == 0, "a kink at 0; the derivative there is taken as the slope below 0"),
    "elu": (
        lambda v: (v["x"] == 0) & (v["alpha"] * v["inner"] != 1),
        "a kink at 0; the derivative there is taken as that from below",
    ),
    "threshold": (lambda v: v["x"] == v["threshold"], "a jump at the threshold; the derivative there is taken as 0"),
    "hardtanh": (lambda v: (v["x"] == v["min"]) | (v["x"] == v["max"]), "at an end of hardtanh; the derivative is taken as 0"),
    "hardsigmoid": (lambda v: np.absolute(v["x"]) == 3, "at an end of hardsigmoid; the derivative is taken as 0"),
    "hardswish": (lambda v: np.absolute(v["x"]) == 3, "a kink at -3 and 3; the derivative is taken as that from outside"),
    "hardshrink": (lambda v: np.absolute(v["x"]) == v["lambd"], "a jump at lambd; the derivative there is taken as 0"),
    "softshrink": (lambda v: np.absolute(v["x"]) == v["lambd"], "a kink at lambd; the derivative there is taken as 0"),
    "clip": (lambda v: (v["x"] == v["min"]) | (v["x"] == v["max"]), "at an end of the clamp; the gradient passes there"),
    "clamp": (lambda v: (v["x"] == v["min"]) | (v["x"] == v["max"]), "at an end of the clamp; the gradient passes to x there"),
    "clamp_min": (lambda v: v["x"] == v["min"], "x equals the bound; x gets all of the gradient there"),
    "clamp_max": (lambda v: v["x"] == v["max"], "x equals the bound; x gets all of the gradient there"),
    "maximum": (lambda v: v["x"] == v["y"], "a tie; each of the two gets half of the gradient"),
    "minimum": (lambda v: v["x"] == v["y"], "a tie; each of the two gets half of the gradient"),
    "fmax": (lambda v: v["x"] == v["y"], "a tie; the first input gets all of the gradient"),
    "fmin": (lambda v: v["x"] == v["y"], "a tie; the first input gets all of the gradient"),
    "sqrt": (lambda v: v["out"] == 0, "the square root is vertical at 0; its derivative there is inf"),
    "root": (lambda v: v["out"] == 0, "a deviation of 0; its derivative there is taken as 0"),
    "norm": (lambda v: v["out"] == 0, "a norm of 0 has a kink; its derivative there is taken as 0"),
    "euclidean": (lambda v: v["out"] == 0, "a distance of 0 has a kink; its derivative there is taken as 0"),
    "log": (lambda v: v["x"] == 0, "log 0 is -inf; its derivative there is inf"),
    "pow_scalar": (lambda v: (v["x"] == 0) & (0 < v["y"] < 1), "a root is vertical at 0; its derivative there is inf"),
    "pow": (
        lambda v: (v["x"] == 0) & (v["y"] >= 0),
        "0 to a power; the derivative with respect to the exponent is taken as 0 there",
    ),
    "atan2": (lambda v: (v["x"] == 0) & (v["y"] == 0), "the origin has no angle; both derivatives there are taken as 0"),
    "hypot": (lambda v: v["out"] == 0, "at the origin; both derivatives there are nan"),
    "copysign": (lambda v: v["x"] == 0, "|x| has a kink at 0; the derivative there is taken as 0"),
    "xlogy": (lambda v: v["x"] == 0, "0 · log y; where y is not positive the derivative with respect to x is taken as 0"),
    "bce": (lambda v: (v["x"] == 0) | (v["x"] == 1), "a probability of 0 or 1; log counts as -100 at least"),
}

# Of which the derivative is 0 everywhere: they are constant around nearly every x.
FLAT = frozenset(["sign", "zero", "floor", "ceil", "trunc", "round", "floor_divide", "trunc_divide", "angle"])


def ties(v: Values) -> Any:
    """Which x are among several that are equally the largest, or smallest, along the axes."""
    x, out = v["x"], v["out"]
    axis = v.get("axis")
    if axis is None:
        same = x == out
        return same if same.sum() > 1 else np.zeros_like(same)
    full = out if v.get("keepdims") else np.expand_dims(out, axis)
    same = x == full
    return same & (same.sum(axis, keepdims=True) > 1)


def ties_of_picked(v: Values) -> Any:
    """Which x equal the one that an index picked along the axis, if that is the largest or smallest there: max(dim)."""
    x, out, axis = v["x"], v["out"], v["axis"]
    if out.shape != (*x.shape[:axis], 1, *x.shape[axis + 1 :]):
        return np.zeros(x.shape, bool)
    extreme = (out == x.max(axis, keepdims=True)) | (out == x.min(axis, keepdims=True))
    same = (x == out) & extreme
    return same & (same.sum(axis, keepdims=True) > 1) & (x.shape[axis] > 1)


# Elements of the input x, not of the result.
TIES: dict[str, tuple[Points, str]] = {
    "amax": (ties, "a tie for the largest; the equal ones share the gradient equally"),
    "amin": (ties, "a tie for the smallest; the equal ones share the gradient equally"),
    "largest": (ties, "a tie for the largest; the equal ones share the gradient equally"),
    "smallest": (ties, "a tie for the smallest; the equal ones share the gradient equally"),
    "ranked": (ties, "a tie; the equal ones share the gradient equally"),
    "gather": (ties_of_picked, "a tie; the one whose index was picked gets all of the gradient"),
}

# Why a gradient that arrived is not passed on: by op, in words.
CUTS = {
    "relu": "ReLU was off",
    "threshold": "it was below the threshold",
    "clip": "the clamp cut it off",
    "clamp": "the clamp cut it off",
    "clamp_min": "the bound was taken instead",
    "clamp_max": "the bound was taken instead",
    "hardtanh": "hardtanh was at its end",
    "hardsigmoid": "hardsigmoid was at its end",
    "hardswish": "hardswish was off",
    "hardshrink": "it was shrunk to 0",
    "softshrink": "it was shrunk to 0",
    "where": "the other one was chosen",
    "maximum": "the other one was larger",
    "minimum": "the other one was smaller",
    "amax": "it was not the largest",
    "amin": "it was not the smallest",
    "largest": "it was not the largest",
    "smallest": "it was not the smallest",
    "ranked": "it was not the one that was picked",
    "gather": "its index was not picked",
    "getitem": "its index was not picked",
    "pick": "its place was not picked",
    "select": "its index was not picked",
    "narrow": "it is outside of the part that was taken",
    "embedding": "its row was not looked up",
    "nll": "it is not the score of the true class",
    "window_sum": "it was not the largest of its window",
    "setitem": "it was overwritten",
    "mul": "it was multiplied by 0",
    "matmul": "it was multiplied by 0",
    "linear": "it was multiplied by 0",
    "sigmoid": "sigmoid is saturated: its derivative is 0 in this dtype",
    "tanh": "tanh is saturated: its derivative is 0 in this dtype",
    "abs": "|x| has derivative 0 at 0",
    "norm": "the norm is 0",
    "root": "the deviation is 0",
    "tril": "it is above the triangle",
    "triu": "it is below the triangle",
    "masked": "it was masked",
}
