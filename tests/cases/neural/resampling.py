"""Rows of resample: interpolation in all modes, larger and smaller."""

from __future__ import annotations

from typing import Any

from ..table import case, f, inf, nan, transposed


def row(mode: str, x: Any, *, keeps: str | None = None, smooth: bool = True, **options: Any) -> None:
    """A row of nn.functional.interpolate(x, mode=mode, **options)."""
    case("resample", lambda t, x, **o: t.nn.functional.interpolate(x, **o), x, keeps=keeps, smooth=smooth, mode=mode, **options)


row("linear", (1, 2, 4), size=7, keeps="")
row("linear", (0, 2, 4), size=3, keeps="")
row("linear", f([[1, inf, 2, nan, 3]]), scale_factor=2.0, smooth=False)
row("nearest", (1, 2, 5), size=3)
row("nearest-exact", (1, 1, 3, 2), scale_factor=(1.7, 2.5))
row("bilinear", (1, 2, 3, 4), scale_factor=2.0)
row("bilinear", transposed(1, 2, 4, 3), size=(2, 5), align_corners=True)
row("bilinear", (1, 1, 6, 5), size=(3, 4), antialias=True)
row("bicubic", (1, 1, 3, 4), scale_factor=1.5)
row("bicubic", (1, 1, 6, 5), size=(3, 7), antialias=True)
row("trilinear", (1, 1, 2, 3, 2), size=(3, 2, 4))
