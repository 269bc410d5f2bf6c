"""Rows of linear."""

from __future__ import annotations

from tinygrad_lite.ops.neural import linear

from ..table import case

for batch in ((4,), (), (2, 4), (0,)):
    case(
        "linear",
        lambda t, x, w, b: linear.linear(x, w, b),
        (*batch, 3),
        (2, 3),
        (2,),
        theirs=lambda t, x, w, b: t.nn.functional.linear(x, w, b),
        keeps=("weight", "x", ""),
    )
