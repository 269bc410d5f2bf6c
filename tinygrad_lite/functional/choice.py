"""Choices between numbers: by bounds, or by a condition."""

from __future__ import annotations

from math import inf
from typing import Any, overload

import numpy as np

from .._tensor import Tensor
from ..dtypes import result_type
from ..operands import NUMBERS, as_array, as_tensor_like, not_a_tensor, same_dtype
from ..ops import choice

__all__ = ["clamp", "clip", "where"]
IN_PLACE = ["clamp", "clip"]


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """x limited to [min, max]. Both bounds are numbers, or both are Tensors that broadcast; one of them may be None.
    Where x equals a bound, the gradient goes to x.
    >>> clamp(tensor([-1.0, 0.5, 2.0]), min=0)
    tensor([0.0000, 0.5000, 2.0000])
    """
    if min is None and max is None:
        raise RuntimeError("clamp: at least one of min and max must be given")
    min, max = (bound.item() if isinstance(bound, np.generic) else bound for bound in (min, max))  # weak, as numbers are
    if isinstance(min, Tensor) or isinstance(max, Tensor):
        bounds = [bound for bound in (min, max) if bound is not None]
        if not all(isinstance(bound, Tensor) for bound in bounds):
            # As in PyTorch, a 0-d Tensor without a gradient is a number too.
            if all(not isinstance(bound, Tensor) or not (bound.ndim or bound.requires_grad) for bound in bounds):
                return clamp(input, *(bound.item() if isinstance(bound, Tensor) else bound for bound in (min, max)))
            kinds = f"{type(min).__name__} and {type(max).__name__}"
            raise TypeError(f"clamp: min and max must be both numbers or both Tensors, got {kinds}")
        x, *bounds = same_dtype(input, *bounds)
        if len(bounds) == 2:
            return choice.clamp(x, *bounds)
        return choice.clamp_min(x, *bounds) if max is None else choice.clamp_max(x, *bounds)
    if input.array.dtype.kind == "f":
        return choice.clip(input, min=-inf if min is None else min, max=inf if max is None else max)
    dtype = result_type(input.array, *(bound for bound in (min, max) if bound is not None))
    x = input.to(dtype).array
    x = x if min is None else np.maximum(x, as_tensor_like(min, input).array)
    return Tensor._of(as_array(x if max is None else np.minimum(x, as_tensor_like(max, input).array)))


clip = clamp


@overload
def where(condition: Tensor) -> tuple[Tensor, ...]: ...
@overload
def where(condition: Any, input: Any, other: Any) -> Tensor: ...
def where(condition: Any, input: Any = None, other: Any = None) -> Any:
    """x where the condition is true, y elsewhere. All three broadcast, and x and y may be numbers. where(condition) alone gives
    the positions where it is true: a tuple, an int64 tensor for each axis.
    Both x and y are differentiated everywhere, so an infinite derivative of the one not chosen gives nan, as in PyTorch.
    >>> x = tensor([-1.0, 2.0])
    >>> where(x > 0, x, 0), where(x > 0)
    (tensor([0., 2.]), (tensor([1]),))
    """
    if input is None and other is None and isinstance(condition, Tensor):
        found = condition.array.reshape(condition.array.shape or (1,)).nonzero()
        return tuple([Tensor._of(places) for places in found])
    if input is None or other is None:
        raise TypeError("where: give both values, where(condition, x, y), or none")
    if type(condition) in NUMBERS:
        raise not_a_tensor("where", condition)
    condition = as_tensor_like(condition, input if isinstance(input, Tensor) else other)
    if condition.array.dtype != np.bool_:
        if condition.array.dtype != np.uint8:
            raise RuntimeError(f"where: the condition must be a bool tensor, got {condition.dtype}; compare first: c != 0")
        condition = condition.to(np.dtype(bool))
    x = input if isinstance(input, Tensor) else as_tensor_like(input, other if isinstance(other, Tensor) else condition)
    return choice.where(condition, *same_dtype(x, as_tensor_like(other, x)))
