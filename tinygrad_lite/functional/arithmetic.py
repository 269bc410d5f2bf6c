"""Sums, differences and quotients with PyTorch's options, and the other names of PyTorch's for them. The operators x + y, x - y
and x / y have no options and call the primitives themselves.
"""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..creation import tensor
from ..operands import NUMBERS, Number, as_tensor_like, no_difference_of_bools, not_a_tensor, same_dtype
from ..ops import arithmetic

__all__ = ["add", "sub", "mul", "div", "subtract", "multiply", "divide", "true_divide", "negative", "absolute", "rsub"]
IN_PLACE = ["negative", "absolute"]


def add(input: Tensor | Number, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """x + alpha · y.
    >>> tensor([1.0, 2.0]).add(1), tensor([1.0, 2.0]).add(tensor([1.0, 3.0]), alpha=10)
    (tensor([2., 3.]), tensor([11., 32.]))
    """
    input, other = numbers_as_tensors(input, other)
    return arithmetic.add(input, scaled("add", input, other, alpha))


def sub(input: Tensor | Number, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """x - alpha · y. RuntimeError for bools: use ~x or x ^ y."""
    if _is_bool(input) or _is_bool(other):
        raise no_difference_of_bools()
    input, other = numbers_as_tensors(input, other)
    return arithmetic.sub(input, scaled("sub", input, other, alpha))


def _is_bool(x: Tensor | Number) -> bool:
    return x.array.dtype.kind == "b" if isinstance(x, Tensor) else isinstance(x, bool)


def scaled(what: str, x: Tensor | Number, y: Tensor | Number, alpha: Number) -> Tensor | Number:
    """alpha · y, computed in the dtype of the sum x + alpha · y. RuntimeError if the sum is of integers and alpha is not."""
    if type(alpha) is int and alpha == 1:
        return y
    like: Any = x if isinstance(x, Tensor) else y
    x, y = same_dtype(as_tensor_like(x, like), as_tensor_like(y, like))
    kind = y.array.dtype.kind
    if (isinstance(alpha, float) and kind != "f") or (isinstance(alpha, bool) and kind != "b"):
        raise RuntimeError(f"{what}: alpha is {alpha!r}, and the operands are {y.dtype}; cast them to float first")
    return arithmetic.mul(y, alpha)


def numbers_as_tensors(x: Tensor | Number, y: Tensor | Number) -> tuple[Tensor | Number, Tensor | Number]:
    """x and y; if both are numbers, as 0-d Tensors. If one is a Tensor, the number stays a number: it is weak."""
    return (tensor(x), tensor(y)) if type(x) in NUMBERS and type(y) in NUMBERS else (x, y)


def mul(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """x · y.
    >>> tensor([1.0, 2.0]).mul(3)
    tensor([3., 6.])
    """
    return arithmetic.mul(*numbers_as_tensors(input, other))


def div(input: Tensor | Number, other: Tensor | Number, *, rounding_mode: str | None = None) -> Tensor:
    """x / y, for integers in the default dtype. rounding_mode="floor" rounds down, as Python's //, and "trunc" towards 0; then
    the derivative is 0, and integers stay integers: RuntimeError if they are divided by 0.
    >>> x = tensor([-3, 3])
    >>> x.div(2), x.div(2, rounding_mode="floor"), x.div(2, rounding_mode="trunc")
    (tensor([-1.5000,  1.5000]), tensor([-2,  1]), tensor([-1,  1]))
    """
    input, other = numbers_as_tensors(input, other)
    if rounding_mode is None:
        return arithmetic.div(input, other)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(f"div: rounding_mode must be None, 'trunc' or 'floor', got {rounding_mode!r}")
    from ..ops import rounding  # not loaded with the package

    return (rounding.floor_divide if rounding_mode == "floor" else rounding.trunc_divide)(input, other)


def true_divide(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """x / y, for integers in the default dtype."""
    return arithmetic.div(*numbers_as_tensors(input, other))


def rsub(x: Tensor, other: Tensor | Number, *, alpha: Number = 1) -> Tensor:
    """y - alpha · x.
    >>> rsub(tensor([1.0, 2.0]), 10)
    tensor([9., 8.])
    """
    if not isinstance(x, Tensor):
        raise not_a_tensor("rsub", x)
    return sub(other, x, alpha=alpha)


subtract, multiply, divide, negative, absolute = sub, mul, div, arithmetic.neg, arithmetic.abs
