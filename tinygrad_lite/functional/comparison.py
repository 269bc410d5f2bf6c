"""Comparisons and logic, element by element. Their results have no derivatives, so they are not ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..backend import is_array
from ..dtypes import result_type
from ..operands import as_array, as_tensor_like, explained

__all__: list[str] = []


def _pairwise(compare: Callable[..., Any]) -> Callable[[Tensor, Any], Tensor]:
    """A comparison of NumPy's as an operator of Tensor: both operands are cast to their common dtype, by PyTorch's rule."""

    def operator(self: Tensor, other: Any) -> Tensor:
        if not isinstance(other, (Tensor, bool, int, float, np.generic)) and not is_array(other):
            return NotImplemented  # type: ignore[no-any-return]
        if isinstance(other, int) and self.array.dtype.kind in "iu" and not isinstance(other, bool):
            other = np.array(other, np.int64).astype(self.dtype)  # a number too large wraps around, as in PyTorch
        x, y = self.array, as_tensor_like(other, self).array
        if x.dtype != y.dtype:
            x, y = x.astype(result_type(x, y)), y.astype(result_type(x, y))
        try:
            return Tensor._of(as_array(compare(x, y)))
        except Exception as error:
            raise explained(compare.__name__, error, x, y) from error

    return operator


eq, ne = _pairwise(np.equal), _pairwise(np.not_equal)
lt, le, gt, ge = map(_pairwise, (np.less, np.less_equal, np.greater, np.greater_equal))
bitwise_and, bitwise_or, bitwise_xor = map(_pairwise, (np.bitwise_and, np.bitwise_or, np.bitwise_xor))
