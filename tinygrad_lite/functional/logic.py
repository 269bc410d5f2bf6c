"""Comparisons and logic by name: functions, methods and in-place forms. The operators are in comparison.py.

The results are bools, except those of the bitwise functions; an in-place form writes them to x as numbers, 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..dtypes import result_type
from ..operands import Number, as_array, as_tensor_like, explained, not_a_tensor, not_an_operand
from . import comparison

__all__ = [
    "eq", "ne", "lt", "le", "gt", "ge", "not_equal", "less", "less_equal", "greater", "greater_equal", "isnan", "isinf",
    "isfinite", "isposinf", "isneginf", "logical_and", "logical_or", "logical_xor", "logical_not", "bitwise_and", "bitwise_or",
    "bitwise_xor", "bitwise_not", "bitwise_left_shift", "bitwise_right_shift",
]  # fmt: skip
IN_PLACE = [name for name in __all__ if not name.startswith("is")]


def eq(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether x == y, element by element; see also torch.equal, which gives one bool.
    >>> tensor([1, 2]).eq(2)
    tensor([False,  True])
    """
    return _operated(comparison.eq, "eq", input, other)


def ne(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether x != y; nan is not equal to itself."""
    return _operated(comparison.ne, "ne", input, other)


def lt(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether x < y."""
    return _operated(comparison.lt, "lt", input, other)


def le(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether x <= y."""
    return _operated(comparison.le, "le", input, other)


def gt(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether x > y."""
    return _operated(comparison.gt, "gt", input, other)


def ge(input: Tensor, other: Tensor | Number) -> Tensor:
    """Whether x >= y."""
    return _operated(comparison.ge, "ge", input, other)


not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge


def _operated(operator: Callable[..., Any], what: str, x: Any, y: Any) -> Tensor:
    out = operator(x, y) if isinstance(x, Tensor) else NotImplemented
    if out is NotImplemented:
        raise not_an_operand(what, y if isinstance(x, Tensor) else x)
    return out  # type: ignore[no-any-return]


# What kind of number it is


def isnan(input: Tensor) -> Tensor:
    """Whether x is nan.
    >>> tensor([1.0, float("nan")]).isnan()
    tensor([False,  True])
    """
    return Tensor._of(as_array(input.array != input.array))


def isinf(input: Tensor) -> Tensor:
    """Whether x is inf or -inf."""
    return Tensor._of(as_array(np.isinf(input.array)))


def isfinite(input: Tensor) -> Tensor:
    """Whether x is neither nan nor inf nor -inf."""
    return Tensor._of(as_array(np.isfinite(input.array)))


def isposinf(input: Tensor) -> Tensor:
    """Whether x is inf."""
    return Tensor._of(as_array(input.array == np.inf))


def isneginf(input: Tensor) -> Tensor:
    """Whether x is -inf."""
    return Tensor._of(as_array(input.array == -np.inf))


# Logic: every number but 0 counts as true, nan too


def logical_and(input: Tensor, other: Tensor) -> Tensor:
    """Whether both are true; numbers other than 0 are.
    >>> logical_and(tensor([0, 1, 2]), tensor([1.0, 1.0, 0.0]))
    tensor([False,  True, False])
    """
    return _logical(np.logical_and, input, other)


def logical_or(input: Tensor, other: Tensor) -> Tensor:
    """Whether at least one is true; see logical_and."""
    return _logical(np.logical_or, input, other)


def logical_xor(input: Tensor, other: Tensor) -> Tensor:
    """Whether exactly one is true; see logical_and."""
    return _logical(np.logical_xor, input, other)


def logical_not(input: Tensor) -> Tensor:
    """Whether x is 0 or False."""
    return Tensor._of(as_array(input.array == 0))  # a tenth of the time of np.logical_not


def _logical(function: Callable[..., Any], x: Tensor, y: Tensor) -> Tensor:
    for operand in (x, y):
        if not isinstance(operand, Tensor):
            raise TypeError(f"{function.__name__}: expected two Tensors, got {type(operand).__name__}; compare first: x != 0")
    try:  # of bools, because of floats NumPy takes seven times as long
        return Tensor._of(as_array(function(x.array != 0, y.array != 0)))
    except Exception as error:
        raise explained(function.__name__, error, x.array, y.array) from error


# Bits


def bitwise_and(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """The bits that both integers have: x & y. For bools, whether both are true. RuntimeError for floats.
    >>> bitwise_and(tensor([6, 12]), 4)
    tensor([4, 4])
    """
    return _bitwise(comparison.bitwise_and, "bitwise_and", input, other)


def bitwise_or(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """The bits that at least one has: x | y; see bitwise_and."""
    return _bitwise(comparison.bitwise_or, "bitwise_or", input, other)


def bitwise_xor(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """The bits that exactly one has: x ^ y; see bitwise_and."""
    return _bitwise(comparison.bitwise_xor, "bitwise_xor", input, other)


def bitwise_not(input: Tensor) -> Tensor:
    """The bits that x has not: ~x, which is -x - 1 for signed integers. RuntimeError for floats."""
    if input.array.dtype.kind == "f":
        raise RuntimeError(f"bitwise_not: defined for integers and bools, this tensor is {input.dtype}")
    return Tensor._of(as_array(np.invert(input.array)))


def bitwise_left_shift(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """The bits moved up by y places: x << y, which is x · 2^y. RuntimeError for floats and bools.
    >>> tensor([1, 3]) << 2
    tensor([ 4, 12])
    """
    return _shifted(_left, "bitwise_left_shift", input, other)


def bitwise_right_shift(input: Tensor | Number, other: Tensor | Number) -> Tensor:
    """The bits moved down by y places: x >> y, which is x // 2^y. RuntimeError for floats and bools."""
    return _shifted(_right, "bitwise_right_shift", input, other)


_left, _right = comparison.pairwise(np.left_shift), comparison.pairwise(np.right_shift)


def _bitwise(operator: Callable[..., Any], what: str, x: Any, y: Any) -> Tensor:
    return _operated(operator, what, as_tensor_like(x, y) if isinstance(y, Tensor) else x, y)


def _shifted(operator: Callable[..., Any], what: str, x: Any, y: Any) -> Tensor:
    if not isinstance(x, Tensor) and not isinstance(y, Tensor):
        raise not_a_tensor(what, x)
    if result_type(*[getattr(z, "array", z) for z in (x, y)]).kind not in "iu":
        raise RuntimeError(f"{what}: defined for integers only, got {[getattr(z, 'dtype', type(z)) for z in (x, y)]}")
    return _bitwise(operator, what, x, y)
