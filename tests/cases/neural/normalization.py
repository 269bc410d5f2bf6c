"""Rows of the normalizations. The statistics that the primitives take as options are found by nn.functional."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_lite.ops.neural import normalization as ops

from ..table import case, f, strided, transposed


def normalized(t: Any, x: Any, w: Any, b: Any, about_mean: bool) -> Any:
    """The primitive itself, over the last axis."""
    h, scale, _, _ = ops.standard(x.array, 1e-3, about_mean)
    return ops.normalized(x, w, b, h=h, scale=scale, eps=1e-3, about_mean=about_mean)


def normalized_in_torch(t: Any, x: Any, w: Any, b: Any, about_mean: bool) -> Any:
    shape = x.shape[-1:]
    if about_mean:
        return t.nn.functional.layer_norm(x, shape, w, b, 1e-3)
    return t.nn.functional.rms_norm(x, shape, w, 1e-3) + b


NUMBERS = np.random.default_rng(5).standard_normal((6, 40))
for x, w in (
    ((3, 4), (4,)),
    ((2, 3, 4), (4,)),
    (transposed(4, 3), (3,)),
    (strided(2, 4), (4,)),
    ((0, 4), (4,)),
    ((3, 0), (0,)),
):
    for about_mean in (True, False):
        case(
            "normalized",
            normalized,
            x,
            w,
            w,
            about_mean=about_mean,
            theirs=normalized_in_torch,
            keeps=("x weight h scale", "x h scale", ""),
        )
case("normalized", normalized, NUMBERS + 500, (40,), (40,), about_mean=True, theirs=normalized_in_torch, name="far")
# Of equal numbers the second derivative is that of a variance of 0, in both libraries.
case("normalized", normalized, f([3, 3, 3], [1, 2, 4]), (3,), (3,), about_mean=True, theirs=normalized_in_torch, name="equal")


def normalized_batch(t: Any, x: Any, w: Any, b: Any) -> Any:
    """The primitive itself, for each channel."""
    mean, variance = ops.channel_moments(x.array)
    return ops.normalized_batch(x, w, b, mean=mean, variance=variance, eps=1e-3)


def batch_in_torch(t: Any, x: Any, w: Any, b: Any) -> Any:
    return t.nn.functional.batch_norm(x, None, None, w, b, True, eps=1e-3)


for x, w in (
    ((5, 3), (3,)),
    ((2, 3, 4), (3,)),
    ((2, 2, 5, 8), (2,)),  # enough numbers of a channel for rows of their own
    (transposed(5, 2), (2,)),
    (strided(2, 2, 3), (2,)),
    ((0, 3), (3,)),
    (NUMBERS.reshape(3, 2, 40) + 500, (2,)),
    (NUMBERS[:, :5] + 500, (5,)),
):
    case(
        "normalized_batch",
        normalized_batch,
        x,
        w,
        w,
        theirs=batch_in_torch,
        keeps=("x weight mean variance", "x mean variance", "x mean variance"),
    )


def scale_and_shift(t: Any, x: Any, w: Any, b: Any) -> Any:
    return ops.scale_and_shift(x, w, b)


def product_and_sum(t: Any, x: Any, w: Any, b: Any) -> Any:
    return x * w + b


for x, w in (((2, 3), (3,)), ((2, 3, 4), (3, 1)), ((0, 3), (3,))):
    case("scale_and_shift", scale_and_shift, x, w, w, theirs=product_and_sum, keeps=("weight", "x", ""))


for which, given in {
    "layer_norm": ((4, 3),),
    "rms_norm": ((4, 3),),
    "group_norm": (2,),
    "instance_norm": (),
    "batch_norm": (None, None, None, None, True),
}.items():
    op = "normalized_batch" if which == "batch_norm" else "normalized"
    case(op, lambda t, x, which, given: getattr(t.nn.functional, which)(x, *given), (2, 4, 3), which=which, given=given)
case("unfold", lambda t, x: t.nn.functional.local_response_norm(x, 3, 0.1, 0.5, 2.0), (2, 4, 3), name="responses")


def by_running(t: Any, x: Any, w: Any, b: Any) -> Any:
    """In evaluation mode: mean and variance are given."""
    running = x.detach()[0, :, 0] * 0 + 0.7
    return t.nn.functional.batch_norm(x, running, running + 1, w, b)


case("scale_and_shift", by_running, (2, 4, 3), (4,), (4,), name="running")
