"""Products of vectors, matrices and batches of them."""

from __future__ import annotations

from .._tensor import Tensor
from ..operands import as_tensor_like
from ..ops import linalg
from ..ops import shape as shapes
from .shape import squeeze, unsqueeze

__all__ = ["matmul"]


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product: (..., n, k) @ (..., k, m) -> (..., n, m), where the leading axes broadcast.
    A 1-D operand is a row on the left and a column on the right; the result does not have its axis. RuntimeError if the inner
    sizes or the dtypes differ.
    >>> tensor([[1.0, 2.0], [3.0, 4.0]]) @ tensor([1.0, 1.0])
    tensor([3., 7.])
    """
    input = as_tensor_like(input, other)
    other = as_tensor_like(other, input)
    x, y = input.array, other.array
    if x.dtype != y.dtype:
        raise RuntimeError(f"matmul: dtypes {x.dtype} and {y.dtype} differ; cast one: x.to(y.dtype)")
    if x.ndim >= 2 and y.ndim >= 2:
        try:
            return linalg.matmul(input, other)
        except RuntimeError as error:
            raise _misfit(input, other, error) from error.__cause__
    if not x.ndim or not y.ndim:
        raise RuntimeError("matmul: both operands need at least one dimension; multiply by a 0-d tensor with *")
    if x.shape[-1] != y.shape[0 if y.ndim == 1 else -2]:
        raise _misfit(input, other)
    if x.ndim <= 2 and y.ndim <= 2:
        from ..ops import products  # not at the import of the package

        if x.ndim == y.ndim:
            return products.dot(input, other)
        return products.mv(input, other) if x.ndim == 2 else products.mv(shapes.mT(other), input)
    out = linalg.matmul(unsqueeze(input, 0) if x.ndim == 1 else input, unsqueeze(other, 1) if y.ndim == 1 else other)
    row, column = out.array.ndim - 2, out.array.ndim - 1
    return squeeze(out, ((row,) if x.ndim == 1 else ()) + ((column,) if y.ndim == 1 else ()))


def _misfit(x: Tensor, y: Tensor, error: RuntimeError | None = None) -> RuntimeError:
    """The error for shapes that do not fit, with the transpose that would; `error` itself if something else is wrong."""
    n, m = x.shape[-1], y.shape[0 if y.ndim == 1 else -2]
    text = f"matmul: cannot multiply {list(x.shape)} @ {list(y.shape)}"
    if n == m:  # then the other axes do not fit, or the devices differ
        return error or RuntimeError(text)
    text += f": the inner sizes {n} and {m} must agree"
    if y.ndim >= 2 and y.shape[-1] == n:
        text += "; x @ y.mT?"
    elif x.ndim >= 2 and x.shape[-2] == m:
        text += "; x.mT @ y?"
    return RuntimeError(text)
