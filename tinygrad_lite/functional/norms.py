"""Norms and condition numbers of matrices; functions of torch.linalg."""

from __future__ import annotations

from typing import Any

from .._tensor import Tensor
from ..axes import axes_of
from ..ops import shape
from .decomposition import matrices, svdvals
from .reduction import amax, amin, sum
from .solving import inv_ex
from .statistics import vector_norm

__all__: list[str] = []


def matrix_norm(A: Tensor, ord: Any = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """A norm of each matrix. "fro": sqrt(Σ x²); "nuc": the sum of the singular values; 2, -2: the largest and the smallest
    of them; 1 and -1, inf and -inf: the largest and smallest Σ |x| of a column, and of a row. `dim` are the matrices' axes.
    """
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise RuntimeError(f"matrix_norm: dim must be two axes, got {dim}")
    if not isinstance(A, Tensor) or A.ndim < 2:
        raise RuntimeError("matrix_norm: expected a tensor of two dimensions at least")
    if A.dtype.kind != "f":
        raise RuntimeError(f"matrix_norm: needs a floating dtype, got {A.dtype}; use x.float()")
    if dtype is not None:
        A = A.to(dtype)
    row, column = axes_of(dim, A.ndim, "matrix_norm")
    if ord == "fro":
        return vector_norm(A, 2, (row, column), keepdim)
    if ord in (1, -1, float("inf"), -float("inf")) and not isinstance(ord, str):
        inner, outer = (row, column) if abs(ord) == 1 else (column, row)
        sums = vector_norm(A, 1, inner, True)
        out = (amax if ord > 0 else amin)(sums, outer, True)
    elif ord in ("nuc", 2, -2):
        others = [i for i in range(A.ndim) if i not in (row, column)]
        S = svdvals(shape.permute(A, axes=(*others, row, column)))
        out = sum(S, -1) if ord == "nuc" else (amax if ord == 2 else amin)(S, -1)
        out = shape.reshape(out, shape=tuple([1 if i in (row, column) else n for i, n in enumerate(A.shape)]))
    else:
        raise RuntimeError(f"matrix_norm: ord must be 'fro', 'nuc', 1, 2, inf, -1, -2 or -inf, got {ord!r}")
    if keepdim:
        return out
    return shape.reshape(out, shape=tuple([n for i, n in enumerate(A.shape) if i not in (row, column)]))


def norm(input: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
    """A vector norm, or a matrix norm: of matrices if `dim` names two axes, or if it is left out and x has two. Without `ord`,
    sqrt(Σ x²) over all axes or those of `dim`. See vector_norm and matrix_norm.
    """
    if ord is not None:
        if dim is None and input.ndim not in (1, 2):
            raise RuntimeError(f"norm: with ord and without dim, x must be a vector or a matrix, got shape {list(input.shape)}")
        if isinstance(ord, str) or (dim is None and input.ndim == 2) or (isinstance(dim, (tuple, list)) and len(dim) == 2):
            return matrix_norm(input, ord, (0, 1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(input, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


def cond(A: Tensor, p: Any = None) -> Tensor:
    """The condition number of each matrix: the largest singular value over the smallest (p=None or 2, the inverse for -2); for
    another p ("fro", "nuc", 1, -1, inf, -inf) the norm of A times that of A⁻¹, inf for a singular A.
    """
    A = matrices("cond", A, square=p not in (None, 2, -2))
    if p in (None, 2, -2):
        S = svdvals(A)
        if not S.shape[-1]:
            return sum(S, -1)
        return S[..., -1] / S[..., 0] if p == -2 else S[..., 0] / S[..., -1]
    if not A.shape[-1]:
        return sum(A, (-2, -1))
    return matrix_norm(A, p) * matrix_norm(inv_ex(A).inverse, p)
