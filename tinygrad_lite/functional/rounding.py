"""Rounding to a number of digits."""

from __future__ import annotations

from .._tensor import Tensor
from ..ops import rounding

__all__ = ["round"]
IN_PLACE = __all__


def round(input: Tensor, *, decimals: int | None = None) -> Tensor:
    """x rounded to so many digits after the point, or before it if `decimals` is negative; halves go to the even digit.
    Integers are whole already: with decimals=, RuntimeError. The derivative is 0.
    >>> tensor([0.5, 1.5, 2.718]).round(), tensor([3.14159]).round(decimals=2)
    (tensor([0., 2., 3.]), tensor([3.1400]))
    """
    if decimals is not None and input.array.dtype.kind != "f":
        raise RuntimeError(f"round: decimals= is for floats, this tensor is {input.dtype}")
    return rounding.round(input, decimals=decimals or 0)
