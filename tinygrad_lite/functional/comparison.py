"""Comparisons and logic, element by element. Their results have no derivatives, so they are not ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..backend import is_array
from ..dtypes import result_type
from ..operands import NUMBERS, as_array, as_tensor_like, explained

__all__: list[str] = []


def pairwise(compare: Callable[..., Any]) -> Callable[[Tensor, Any], Tensor]:
    """A comparison of NumPy's as an operator of Tensor: both operands are cast to their common dtype, by PyTorch's rule."""

    def operator(self: Tensor, other: Any) -> Tensor:
        x = self.array
        if isinstance(other, Tensor):
            y = other.array
        elif type(other) in NUMBERS and x.dtype.kind == "f":
            y = other  # weak for NumPy too
        elif type(other) is int and x.dtype.kind in "iu":
            y = other = np.array(other, np.int64).astype(x.dtype).item()  # a number too large wraps around, as in PyTorch
        elif isinstance(other, (bool, int, float, np.generic)) or is_array(other):
            y = as_tensor_like(other, self).array
        else:
            return NotImplemented  # type: ignore[no-any-return]
        try:
            if y is not other and x.dtype is not y.dtype and x.dtype != y.dtype:
                x, y = x.astype(result_type(x, y)), y.astype(result_type(x, y))
            out = compare(x, y)
        except Exception as error:
            raise explained(compare.__name__, error, x, y) from error
        return Tensor._of(out if isinstance(out, np.ndarray) else as_array(out))

    return operator


eq, ne = pairwise(np.equal), pairwise(np.not_equal)
lt, le, gt, ge = map(pairwise, (np.less, np.less_equal, np.greater, np.greater_equal))
bitwise_and, bitwise_or, bitwise_xor = map(pairwise, (np.bitwise_and, np.bitwise_or, np.bitwise_xor))
