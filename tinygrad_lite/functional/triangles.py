"""Diagonals and triangles of matrices, and matrices made from a diagonal."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import backend
from .._tensor import Tensor
from ..axes import axis_of
from ..backend import array_module
from ..dtypes import as_dtype, int64
from ..ops import indexing, triangles
from ..ops import shape as shapes
from .reduction import sum
from .shape import flatten
from .views import diagonal

__all__ = ["trace", "diag", "diagflat", "diag_embed", "tril", "triu", "tril_indices", "triu_indices"]
METHODS, IN_PLACE = ["fill_diagonal_"], ["tril", "triu"]


def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """Write one number to x[i, i, ...] for each i. With wrap, the diagonal of a tall matrix begins anew below its end, after a
    row without. RuntimeError for one dimension, and for more than two that are not of one size.
    >>> zeros(2, 3).fill_diagonal_(5)
    tensor([[5., 0., 0.],
            [0., 5., 0.]])
    """
    shape = self.array.shape
    if len(shape) < 2:
        raise RuntimeError(f"fill_diagonal_: expected at least two dimensions, got shape {list(shape)}")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError(f"fill_diagonal_: a diagonal of {len(shape)} dimensions needs equal sizes, got {list(shape)}")
    places = np.arange(shape[0] if wrap and len(shape) == 2 else min(shape))
    columns = places % (shape[1] + 1)
    index = (places[columns < shape[1]], columns[columns < shape[1]]) if len(shape) == 2 else (places,) * len(shape)
    self[tuple([Tensor._of(array_module(self.array).asarray(i)) for i in index])] = fill_value
    return self


def trace(input: Tensor) -> Tensor:
    """Σ x_ii, of a matrix. Integers are summed in int64.
    >>> tensor([[1.0, 2.0], [3.0, 4.0]]).trace()
    tensor(5.)
    """
    if input.array.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, got shape {list(input.shape)}; for batches: diagonal(dim1=-2, dim2=-1)")
    return sum(_diagonal(input, 0))


def _diagonal(x: Tensor, offset: int) -> Tensor:
    """A copy of a diagonal of each matrix."""
    return indexing.getitem(x, index=(..., *_places(x.array, offset, *x.shape[-2:])), once=True)


def _places(x: Any, offset: int, n: int, m: int) -> tuple[Any, Any]:
    """The rows and columns of a diagonal of an n x m matrix."""
    i = array_module(x).arange(max(0, min(n + min(offset, 0), m - max(offset, 0))))
    return i - min(offset, 0), i + max(offset, 0)


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """The matrix with this vector on a diagonal (0 the main one, positive ones above it); of a matrix, a copy of its diagonal.
    >>> tensor([1, 2]).diag(), tensor([[1, 2], [3, 4]]).diag(1)
    (tensor([[1, 0],
            [0, 2]]), tensor([2]))
    """
    shape = input.array.shape
    if len(shape) not in (1, 2):
        raise RuntimeError(f"diag: expected a vector or a matrix, got shape {list(shape)}; use diag_embed() or diagonal()")
    if len(shape) == 2:
        return _diagonal(input, diagonal)
    return diag_embed(input, diagonal)


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """The matrix with all numbers of the tensor on a diagonal: diag(x.flatten())."""
    return diag_embed(flatten(input), offset)


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices with the vectors along the last axis on a diagonal; dim1 and dim2 are the axes of the matrices in the result.
    >>> diag_embed(tensor([[1, 2], [3, 4]])).shape
    torch.Size([2, 2, 2])
    """
    ndim = input.array.ndim + 1
    i, j = axis_of(dim1, ndim, "diag_embed"), axis_of(dim2, ndim, "diag_embed")
    if i == j:
        raise RuntimeError(f"diag_embed: dim1 and dim2 are the same axis, {i}")
    if not input.array.ndim:
        raise RuntimeError("diag_embed: expected one dimension at least, got a 0-d tensor")
    n = input.array.shape[-1] + abs(offset)
    shape = (*input.array.shape[:-1], n, n)
    if i > j:  # the matrix is transposed, and so is the meaning of the offset
        i, j, offset = j, i, -offset
    out = indexing.index_add(input, shape=shape, index=(..., *_places(input.array, offset, n, n)), once=True)
    order = list(range(ndim - 2))
    order.insert(i, ndim - 2)
    order.insert(j, ndim - 1)
    return out if order == list(range(ndim)) else shapes.permute(out, axes=tuple(order))


def linalg_diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """A diagonal of each matrix, along a new last axis: x.diagonal() with other defaults. A view."""
    return diagonal(A, offset, dim1, dim2)


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle of each matrix: x_ij where j - i <= diagonal, 0 elsewhere.
    >>> ones(2, 3).tril()
    tensor([[1., 0., 0.],
            [1., 1., 0.]])
    """
    return triangles.tril(_matrices("tril", input), k=diagonal)


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle of each matrix: x_ij where j - i >= diagonal, 0 elsewhere.
    >>> ones(2, 3).triu(1)
    tensor([[0., 1., 1.],
            [0., 0., 1.]])
    """
    return triangles.triu(_matrices("triu", input), k=diagonal)


def _matrices(what: str, x: Tensor) -> Tensor:
    if x.array.ndim < 2:
        raise RuntimeError(f"{what}: expected two dimensions at least, got shape {list(x.shape)}")
    return x


def tril_indices(row: int, col: int, offset: int = 0, *, dtype: Any = int64, device: Any = "cpu") -> Tensor:
    """The positions of the lower triangle of a row x col matrix, row by row: the row indices, and below them the columns.
    >>> tril_indices(2, 2)
    tensor([[0, 1, 1],
            [0, 0, 1]])
    """
    return _indices("tril_indices", np.tri(_size(row), _size(col), offset, dtype=bool), dtype, device)


def triu_indices(row: int, col: int, offset: int = 0, *, dtype: Any = int64, device: Any = "cpu") -> Tensor:
    """The positions of the upper triangle of a row x col matrix; see tril_indices."""
    return _indices("triu_indices", ~np.tri(_size(row), _size(col), offset - 1, dtype=bool), dtype, device)


def _size(n: int) -> int:
    if n < 0:
        raise RuntimeError(f"a size must not be negative, got {n}")
    return n


def _indices(what: str, mask: Any, dtype: Any, device: Any) -> Tensor:
    dtype = as_dtype(dtype)
    if dtype.kind not in "iu":
        raise RuntimeError(f"{what}: indices are integers, not {dtype}")
    return Tensor._of(backend.put(np.stack(mask.nonzero()).astype(dtype), device))
