"""Rows of resample: interpolation in all modes, larger and smaller."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_lite.ops.neural import resampling

from ..table import case, f, inf, nan, transposed


def row(mode: str, x: Any, *, smooth: bool = True, **options: Any) -> None:
    """A row of nn.functional.interpolate(x, mode=mode, **options)."""
    case("resample", lambda t, x, **o: t.nn.functional.interpolate(x, **o), x, smooth=smooth, mode=mode, **options)


INDEX, WEIGHTS = np.array([[0, 3, 3], [1, 0, 3]]), f([0.5, 2, 1], [3, nan, -1])  # a tap less for the second number


def summed(t: Any, x: Any) -> Any:
    taps, back = resampling.both(INDEX, WEIGHTS, 4, 1)
    return resampling.resample(x, taps=taps, back=back)


def summed_in_torch(t: Any, x: Any) -> Any:
    return (x[:, INDEX] * t.tensor(WEIGHTS, dtype=x.dtype).nan_to_num()[..., None]).sum(1)


case("resample", summed, (2, 4, 3), theirs=summed_in_torch, keeps="")
case("resample", summed, f([[1], [inf], [2], [-3]]), theirs=summed_in_torch, smooth=False, twice=False)
row("linear", (1, 2, 4), size=7)
row("linear", (0, 2, 4), size=3)
row("linear", f([[1, inf, 2, nan, 3]]), scale_factor=2.0, smooth=False)
row("nearest", (1, 2, 5), size=3)
row("nearest", (1, 2, 5), size=1)
row("nearest-exact", (1, 1, 3, 2), scale_factor=(1.7, 2.5))
row("bilinear", (1, 2, 3, 4), scale_factor=2.0)
row("bilinear", transposed(1, 2, 4, 3), size=(2, 5), align_corners=True)
row("bicubic", (1, 1, 3, 4), scale_factor=1.5)
row("trilinear", (1, 1, 2, 3, 2), size=(3, 2, 4))
