"""The LU decomposition of a matrix, A = P L U, with its rows exchanged (P) for the sake of accuracy."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from ..apply import op
from ..backend import Array, array_module
from ..operands import as_array
from ..recorder import one_call
from .decomposition import lapack, solve_upper
from .linalg import matmul
from .shape import cat, mT
from .triangles import tril, triu


@op(A=lambda g, out: lu_vjp(g, out))
def lu(A: Array) -> Array:
    """[LU p]: L below the diagonal (its own is 1, and left out), U on and above it, and in the last column the pivots: in step
    i, row i was exchanged with row pᵢ.
    """
    return factored(A)

@one_call
def factored(A: Array) -> Array:
    xp, (m, n) = array_module(A), A.shape[-2:]
    out: Array = xp.zeros((*A.shape[:-1], n + 1), A.dtype)
    if A.size:
        # not SciPy's lu_factor, which warns of singular matrices
        factor = lapack("getrf", A.dtype) if xp is np else import_module("cupyx.scipy.linalg").lu_factor
        for i in np.ndindex(A.shape[:-2]):
            out[(*i, ..., slice(n))], out[(*i, slice(min(m, n)), n)] = factor(A[i])[:2]
    return out

def lu_vjp(g: Any, out: Any) -> Any:
    """With PᵀA = L U, where L = [L₁; L₂] and U = [U₁ U₂] begin with square blocks, the gradient of PᵀA is
    L₁⁻ᵀ [Φ U₁⁻ᵀ, gU₂] above gL₂ U₁⁻ᵀ, and Φ = tril(L₁ᵀ gL₁ - gU₂ U₂ᵀ, -1) + triu(gU₁ U₁ᵀ - L₂ᵀ gL₂).
    """
    m, n = out.shape[-2], out.shape[-1] - 1
    k, axis = min(m, n), len(out.shape) - 1
    pivots = out[..., :k, n]
    P = permutation(getattr(pivots, "array", pivots), m)
    LU, g = out[..., :n], g[..., :n]
    L, L2, U, U2 = unit_lower(LU[..., :k, :k]), LU[..., k:, :k], triu(LU[..., :k, :k], k=0), LU[..., :k, k:]
    gL, gL2, gU, gU2 = tril(g[..., :k, :k], k=-1), g[..., k:, :k], triu(g[..., :k, :k], k=0), g[..., :k, k:]
    Φ = tril(mT(L) @ gL - gU2 @ mT(U2), k=-1) + triu(gU @ mT(U) - mT(L2) @ gL2, k=0)
    above = cat(mT(solve_upper(U, mT(Φ))), gU2, axis=axis, ends=(k, n)) if n > k else mT(solve_upper(U, mT(Φ)))
    above = solve_upper(mT(L), above)
    if m > k:
        above = cat(above, mT(solve_upper(U, mT(gL2))), axis=axis - 1, ends=(k, m))
    return matmul(P, above)  # not P @ above: CuPy's operator does not know Tensors

def unit_lower(LU: Any) -> Any:
    """The lower triangle with ones on the diagonal."""
    x = getattr(LU, "array", LU)
    return tril(LU, k=-1) + array_module(x).eye(x.shape[-2], x.shape[-1], dtype=x.dtype)

@one_call
def permutation(pivots: Array, m: int) -> Array:
    """The m x m matrix P of the row exchanges i ↔ pᵢ, for i = 0, 1, ...: P L U is the matrix that was decomposed."""
    xp = array_module(pivots)
    P = xp.zeros((*pivots.shape[:-1], m, m), pivots.dtype)
    for batch in np.ndindex(pivots.shape[:-1]):
        rows = list(range(m))
        for i, p in enumerate(pivots[batch].tolist()):
            rows[i], rows[int(p)] = rows[int(p)], rows[i]
        P[(*batch, rows, list(range(m)))] = 1
    return P

def first_zero(packed: Array) -> Array:
    """Of a packed lu: the place, from 1, of the first 0 on the diagonal of U; 0 if there is none."""
    zero = np.diagonal(packed[..., :-1], axis1=-2, axis2=-1) == 0
    if not zero.shape[-1]:
        return as_array(zero.sum(-1)).astype(np.int32)
    return as_array(np.where(zero.any(-1), zero.argmax(-1) + 1, 0)).astype(np.int32)
