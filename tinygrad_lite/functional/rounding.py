"""Rounding to a number of digits, and division with a remainder, for operands of PyTorch's kinds."""

from __future__ import annotations

from .._tensor import Tensor
from ..operands import Number, not_a_tensor
from ..ops import rounding
from .arithmetic import numbers_as_tensors

__all__ = ["round", "fmod", "remainder", "floor_divide"]
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


def remainder(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """x - y · floor(x / y): what is left of x after division by y, with the sign of y, as Python's %.
    RuntimeError for integers divided by 0.
    >>> tensor([-3, 3]) % 2, tensor([-3, 3]).fmod(2)
    (tensor([1, 1]), tensor([-1,  1]))
    """
    if not isinstance(input, Tensor) and not isinstance(other, Tensor):
        raise not_a_tensor("remainder", input)
    return rounding.remainder(input, other)


def fmod(input: Tensor, other: Tensor | Number) -> Tensor:
    """x - y · trunc(x / y): what is left of x after division by y, with the sign of x. See remainder."""
    if not isinstance(input, Tensor):
        raise not_a_tensor("fmod", input)
    return rounding.fmod(input, other)


def floor_divide(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """floor(x / y), as Python's //; integers stay integers. RuntimeError for integers divided by 0. The derivative is 0.
    >>> tensor([-3, 3]) // 2
    tensor([-2,  1])
    """
    return rounding.floor_divide(*numbers_as_tensors(input, other))
