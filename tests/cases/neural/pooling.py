"""Rows of window_sum and window_spread, and of the poolings that are made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_lite.ops.neural import pooling

from ..table import Array, at, case, f, inf, nan, strided, transposed


def row(call: str, x: Any, *, keeps: str | None = None, smooth: bool = True, **options: Any) -> None:
    """A row of nn.functional.call(x, **options)."""
    case(
        "window_sum",
        lambda t, x, **o: getattr(t.nn.functional, call)(x, **o),
        x,
        keeps=keeps,
        smooth=smooth,
        name=call,
        **options,
    )


# Both primitives themselves; a maximum keeps places, and not its input.
row("max_pool1d", (2, 7), kernel_size=2, keeps="")
row("max_pool1d", (0, 2, 7), kernel_size=3, stride=1, padding=1, keeps="")
case(
    "window_sum",
    lambda t, x: pooling.window_sum(x, windows=pooling.regular(5, 3, 1, 3, 2, 1, 1)),
    (2, 5, 2),
    theirs=lambda t, x: t.nn.functional.avg_pool2d(x[None], (3, 1), (2, 1), (1, 0), divisor_override=1)[0],
    keeps="",
)
case(
    "window_spread",
    lambda t, x: pooling.window_spread(x, windows=pooling.regular(5, 2, 0, 3, 2, 0, 1)),
    (3, 2),
    theirs=lambda t, x: t.nn.functional.conv_transpose1d(x[:, None], t.ones(1, 1, 3, dtype=x.dtype), stride=2)[:, 0],
    keeps="",
)


def won(t: Any, x: Any, places: Array) -> Any:
    return pooling.window_spread(x, windows=pooling.regular(4, 2, 0, 2, 2, 0, 1), winners=at(x, places.astype(np.uint8)))


def won_in_torch(t: Any, x: Any, places: Array) -> Any:
    return t.zeros(2, 4, dtype=x.dtype).scatter(1, t.tensor(places) + t.tensor([0, 2]), x)


case("window_spread", won, (2, 2), places=np.array([[0, 1], [1, 1]]), theirs=won_in_torch, keeps="")
case(
    "window_spread",
    won,
    f([inf, 1], [nan, 2]),
    places=np.array([[0, 1], [1, 1]]),
    theirs=won_in_torch,
    smooth=False,
    name="odd",
)

# Equal numbers, infinities and nan
EQUAL = np.random.default_rng(0).integers(0, 3, (2, 6, 7)).astype(np.float64)
SPOILT = np.where(EQUAL == 0, -inf, np.where(EQUAL == 1, nan, EQUAL))
for x in (EQUAL, SPOILT):
    name = "equal" if x is EQUAL else "spoilt"
    for options in ({"kernel_size": 2}, {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True}):
        case("window_sum", lambda t, x, **o: t.nn.functional.max_pool2d(x, **o), x, smooth=False, name=name, **options)
row("max_pool2d", np.full((1, 4, 4), -inf), kernel_size=2, stride=1, padding=1, smooth=False)

# Windows that overlap, have gaps, reach beyond the end, or are as many as the numbers
row("max_pool2d", (2, 5, 7), kernel_size=(2, 3), stride=(1, 4), dilation=(3, 2))
row("max_pool2d", transposed(2, 4, 6), kernel_size=2)
row("max_pool1d", EQUAL[0], kernel_size=3, stride=4, dilation=2, padding=1, smooth=False)
row("max_pool3d", (1, 2, 3, 4), kernel_size=(1, 2, 3), stride=1, padding=(0, 1, 0))
row("max_pool1d", (1, 300), kernel_size=280, stride=3, padding=5, smooth=False)  # places do not fit into bytes
row("avg_pool1d", (2, 5), kernel_size=1, stride=3)
row("avg_pool1d", (1, 80), kernel_size=40, stride=7)  # longer chains
row("avg_pool1d", strided(2, 8), kernel_size=3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)
row("avg_pool2d", (2, 5, 5), kernel_size=2, ceil_mode=True)
row("avg_pool1d", (2, 5), kernel_size=2, stride=3, padding=1, ceil_mode=True)  # a third window would start behind the end
row("avg_pool2d", (1, 2, 5, 4), kernel_size=(3, 2), stride=(1, 2), padding=(1, 0), divisor_override=5)
for call in ("adaptive_avg_pool2d", "adaptive_max_pool2d"):
    for size in (3, (None, 2), (1, 9)):
        row(call, (2, 7, 4), output_size=size)
row("adaptive_avg_pool3d", (1, 2, 3, 4), output_size=(1, 2, 2))
row("lp_pool2d", np.abs(EQUAL) + 0.5, norm_type=3, kernel_size=2, ceil_mode=True)

# One window over a whole axis of many places: the first of equal numbers, the last nan.
LONG = np.array([[[*range(18), 17, 3], [5] * 20, [0, nan, *range(16), nan, 2]]], np.float64)
row("max_pool1d", LONG, kernel_size=20, smooth=False)
row("adaptive_max_pool1d", (2, 3, 19), output_size=1)
row("adaptive_max_pool2d", np.stack([LONG, -LONG]), output_size=1, smooth=False)
row("adaptive_max_pool2d", (1, 2, 19, 2), output_size=(1, 2))
