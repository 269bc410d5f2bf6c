"""The LU decomposition, A = P L U, and products of Householder reflections, which is the compact form of Q in A = Q R.

torch.linalg has most of these functions (linalg.py lists them); those in `__all__` are functions and methods as well.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._tensor import Tensor
from ..backend import array_module
from ..dtypes import int32
from ..ops import lu as ops
from ..ops import shape, triangles
from ..printing import as_result_of
from .decomposition import matrices, wide
from .linalg import matmul
from .solving import solve_triangular

__all__ = ["lu", "lu_solve", "lu_unpack", "geqrf", "orgqr", "ormqr"]


@as_result_of("linalg_lu")
class PLU(NamedTuple):
    """What linalg.lu() and lu_unpack() return: A = P L U."""

    P: Tensor
    L: Tensor
    U: Tensor


@as_result_of("linalg_lu_factor")
class Factors(NamedTuple):
    """What lu_factor() returns: L and U in one matrix, and the row exchanges, counted from 1."""

    LU: Tensor
    pivots: Tensor


@as_result_of("linalg_lu_factor_ex")
class FactorsEx(NamedTuple):
    """What lu_factor_ex() returns: as Factors, and for each matrix 0, or the place of the first 0 on the diagonal of U."""

    LU: Tensor
    pivots: Tensor
    info: Tensor


@as_result_of("geqrf")
class Reflections(NamedTuple):
    """What geqrf() returns: R on and above the diagonal and the reflections below it, and their factors."""

    a: Tensor
    tau: Tensor


def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> FactorsEx:
    """(LU, pivots, info): as lu_factor(), but a singular matrix gives no error; its info is not 0."""
    A = matrices("lu_factor", A)
    if not pivot:
        raise RuntimeError("lu_factor: pivot=False is for CUDA tensors only")
    m, n = A.shape[-2:]
    packed = ops.lu(A)
    x = packed.array
    pivots = x[..., : min(m, n), n].astype(int32) + int32.type(1)
    info = ops.first_zero(x)
    if check_errors and info.any():
        raise RuntimeError(f"lu_factor: a 0 on the diagonal of U at {info.max()}: the matrix is singular; see lu_factor_ex")
    return FactorsEx(packed[..., :n], Tensor._of(pivots), Tensor._of(info))


def lu_factor(A: Tensor, *, pivot: bool = True) -> Factors:
    """(LU, pivots): L (without its diagonal of ones) and U in one matrix, and the row exchanges: in step i, row i was exchanged
    with row pivots[i], counted from 1. RuntimeError if a matrix is singular.
    """
    return Factors(*lu_factor_ex(A, pivot=pivot, check_errors=True)[:2])


def lu(input: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
    """linalg.lu_factor() under its older name; without an error for singular matrices, and with `info` if get_infos."""
    out = lu_factor_ex(input, pivot=pivot)
    return out if get_infos else tuple(out[:2])


def linalg_lu(A: Tensor, *, pivot: bool = True) -> PLU:
    """(P, L, U) with A = P L U: a permutation, a lower triangle with ones on its diagonal, an upper triangle."""
    return lu_unpack(*lu_factor_ex(A, pivot=pivot)[:2])


def lu_unpack(LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True) -> PLU:
    """(P, L, U) from what lu_factor() returns. What is not asked for is empty."""
    if unpack_pivots and LU_pivots.dtype != int32:
        raise RuntimeError(f"lu_unpack: the pivots must be int32, got {LU_pivots.dtype}; use x.int()")
    m, n = LU_data.shape[-2:]
    k = min(m, n)
    P = L = U = Tensor._of(array_module(LU_data.array).zeros(0, LU_data.dtype))
    if unpack_pivots:
        P = Tensor._of(ops.permutation((LU_pivots.array - 1).astype(LU_data.dtype), m))
    if unpack_data:
        L, U = ops.unit_lower(LU_data[..., :k]), triangles.triu(LU_data[..., :k, :], k=0)
    return PLU(P, L, U)


def linalg_lu_solve(LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False) -> Tensor:
    """X with A X = B (X A = B if not `left`; Aᵀ for A if `adjoint`), where LU and pivots are lu_factor(A)."""
    LU, B = matrices("lu_solve", LU, square=True), matrices("lu_solve", B)
    if not left:
        return shape.mT(linalg_lu_solve(LU, pivots, shape.mT(B), adjoint=not adjoint))  # type: ignore[no-any-return]
    P, L, U = lu_unpack(LU, pivots)
    if adjoint:
        Y = solve_triangular(shape.mT(U), B, upper=False)
        return matmul(P, solve_triangular(shape.mT(L), Y, upper=True, unitriangular=True))
    Y = solve_triangular(L, matmul(shape.mT(P), B), upper=False, unitriangular=True)
    return solve_triangular(U, Y, upper=True)


def lu_solve(input: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """X with A X = input, where LU_data and LU_pivots are lu_factor(A)."""
    return linalg_lu_solve(LU_data, LU_pivots, input)


# Reflections


def geqrf(input: Tensor) -> Reflections:
    """(a, tau): the QR decomposition in compact form. R is on and above the diagonal of a, and below it are the vectors bᵢ of
    the reflections I - τᵢ bᵢ bᵢᵀ, whose product is Q. It has no gradient; qr() has one.
    """
    A = matrices("geqrf", input)
    h, tau = np.linalg.qr(wide(A.array), mode="raw")
    return Reflections(Tensor._of(h.swapaxes(-2, -1).astype(A.dtype)), Tensor._of(tau.astype(A.dtype)))


def householder_product(A: Tensor, tau: Tensor) -> Tensor:
    """The first columns of the product of the reflections I - τᵢ bᵢ bᵢᵀ, as many as A has: bᵢ is column i of A below its
    diagonal, with 1 on it.
    """
    A = matrices("householder_product", A)
    m, n = A.shape[-2:]
    if m < n or tau.shape[-1:] > (n,) or tau.ndim != A.ndim - 1 or tau.shape[:-1] != A.shape[:-2]:
        raise RuntimeError(f"householder_product: the shapes of A {list(A.shape)} and tau {list(tau.shape)} do not fit")
    if A.dtype != tau.dtype:
        raise RuntimeError(f"householder_product: dtypes {A.dtype} and {tau.dtype} differ; cast one: x.to(y.dtype)")
    Q = A * 0 + Tensor._of(array_module(A.array).eye(m, n, dtype=A.dtype))
    return _reflected(A, tau, Q, range(tau.shape[-1])[::-1])


def _reflected(A: Tensor, tau: Tensor, X: Tensor, order: range) -> Tensor:
    """X, reflected by I - τᵢ bᵢ bᵢᵀ for each i in order."""
    B = ops.unit_lower(A)
    for i in order:
        b = B[..., i : i + 1]
        X = X - tau[..., i, None, None] * matmul(b, matmul(shape.mT(b), X))
    return X


def orgqr(input: Tensor, tau: Tensor) -> Tensor:
    """linalg.householder_product() under its older name."""
    return householder_product(input, tau)


def ormqr(input: Tensor, tau: Tensor, other: Tensor, left: bool = True, transpose: bool = False) -> Tensor:
    """Q other, or other Q if not `left`, with Qᵀ for Q if `transpose`: Q is the product of all reflections of geqrf()."""
    if not left:
        return shape.mT(ormqr(input, tau, shape.mT(other), transpose=not transpose))  # type: ignore[no-any-return]
    if input.ndim < 2 or other.ndim < 2 or tau.ndim != input.ndim - 1:
        raise RuntimeError("ormqr: expected matrices, and a vector tau for each")
    if input.shape[-2] != other.shape[-2] or tau.shape[-1] != min(input.shape[-2:]):
        raise RuntimeError(f"ormqr: the shapes of Q {list(input.shape)} and the matrix {list(other.shape)} do not fit")
    k = range(tau.shape[-1])
    return _reflected(input, tau, other, k if transpose else k[::-1])
