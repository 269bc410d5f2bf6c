"""Powers of numbers and Tensors."""

from __future__ import annotations

import numpy as np

from .._tensor import Tensor
from ..dtypes import result_type
from ..operands import Number, as_tensor_like, not_a_tensor
from ..ops import exponential

__all__ = ["pow"]
IN_PLACE = __all__


def pow(input: Tensor | Number, exponent: Tensor | Number) -> Tensor:
    """x ** y, element by element; one of them may be a number.
    RuntimeError for integers to a negative integer power.
    >>> pow(tensor([1.0, 2.0]), 3), pow(2, tensor([1.0, 2.0]))
    (tensor([1., 8.]), tensor([2., 4.]))
    """
    if isinstance(input, Tensor) and isinstance(exponent, (bool, int, float, np.generic)):
        exponent = exponent.item() if isinstance(exponent, np.generic) else exponent
        if input.array.dtype.kind not in "f" and isinstance(exponent, int) and exponent < 0:
            raise RuntimeError("pow: integers to negative integer powers are not allowed; cast to float first: x.float()")
        if input.array.dtype.kind == "b":
            if isinstance(exponent, bool):
                return Tensor._of(np.asarray(input.array | (not exponent)))
            input = input.to(result_type(input.array, exponent))
        return exponential.pow_scalar(input, y=exponent)
    if not isinstance(exponent, Tensor):
        if not isinstance(input, Tensor):
            raise not_a_tensor("pow", input)
        exponent = as_tensor_like(exponent, input)
    input = as_tensor_like(input, exponent)
    if input.array.dtype.kind == "b" == exponent.array.dtype.kind:
        raise RuntimeError("pow: not defined for bools; cast to int or float first: x.int()")
    return exponential.pow(input, exponent)
