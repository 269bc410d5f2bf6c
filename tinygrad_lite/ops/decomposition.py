"""Linear algebra beyond products: inverses, solutions, determinants and decompositions of matrices and of batches of them.

The derivatives are those of M. Giles, Collected matrix derivative results for forward and reverse mode (2008). An op has one
output, so a decomposition is packed into one array: row i of svd is (uᵢ, σᵢ, vᵢ), row i of eigh is (λᵢ, vᵢ), and qr is
[Qᵀ R]. Where two singular values or eigenvalues are equal, or one is 0, their vectors are not determined. The formulas divide
by 0 there, and the quotient is taken to be 0: right for every loss that does not depend on the choice (a sum of eigenvalues).
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from math import inf
from typing import Any

import numpy as np

from ..apply import op
from ..backend import Array, array_module
from ..recorder import one_call
from .arithmetic import zero
from .choice import where
from .shape import cat, mT
from .triangles import symmetric, tril, triu

# Inverses and solutions


@op(x=lambda g, out: -(mT(out) @ g @ mT(out)))
def inv(x: Array) -> Array:
    """X⁻¹, with d(X⁻¹) = -X⁻¹ dX X⁻¹."""
    return np.linalg.inv(x)

@op(A=lambda g, out, S: -(S @ mT(out)),
    B=lambda g, S: S,
    S=lambda g, A: solve(mT(A), g))
def solve(A: Array, B: Array) -> Array:
    """X with A X = B. B receives S = A⁻ᵀ g, and A receives -S Xᵀ."""
    return np.linalg.solve(A, B)

@op(L=lambda g, out, S: -tril(S @ mT(out), k=0),
    B=lambda g, S: S,
    S=lambda g, L: solve_upper(mT(L), g))
def solve_lower(L: Array, B: Array) -> Array:
    """X with L X = B for a lower triangular L: only this triangle is read. A 0 on the diagonal gives inf or nan."""
    return substituted(L, B, lower=True)

@op(U=lambda g, out, S: -triu(S @ mT(out), k=0),
    B=lambda g, S: S,
    S=lambda g, U: solve_lower(mT(U), g))
def solve_upper(U: Array, B: Array) -> Array:
    """X with U X = B for an upper triangular U; see solve_lower."""
    return substituted(U, B, lower=False)

# Not two substitutions: PyTorch's gradient is not a triangle here, as that of a substitution is.
@op(B=lambda g, S: S,
    L=lambda g, L, out, S: -(S @ mT(out) + out @ mT(S)) @ L,
    S=lambda g, L: cholesky_solve(g, L))
def cholesky_solve(B: Array, L: Array) -> Array:
    """X with L Lᵀ X = B, for a lower triangular L."""
    return substituted(mT(L), substituted(L, B, lower=True), lower=False)

@one_call
def substituted(T: Array, B: Array, *, lower: bool) -> Array:
    """T⁻¹ B by substitution, matrix by matrix; on the GPU by a general solver."""
    if not isinstance(T, np.ndarray):
        return np.linalg.solve((np.tril if lower else np.triu)(T), B)
    batch = np.broadcast_shapes(T.shape[:-2], B.shape[:-2])
    T, X = np.broadcast_to(T, batch + T.shape[-2:]), np.array(np.broadcast_to(B, batch + B.shape[-2:]))
    if X.size:
        trsm = lapack("trsm", T.dtype)
        for i in np.ndindex(batch):
            X[i] = trsm(1.0, T[i], X[i], lower=lower)
    return X

@cache
def lapack(name: str, dtype: Any) -> Any:
    """A routine of LAPACK or of the BLAS for a dtype, from SciPy, which is imported when it is first needed."""
    linalg = import_module("scipy.linalg")
    return (linalg.get_blas_funcs if name == "trsm" else linalg.get_lapack_funcs)(name, dtype=dtype)

@op(x=lambda g, x, out: (mT(g) - x @ (out @ mT(g))) @ out @ mT(out) + mT(out) @ out @ (mT(g) - (mT(g) @ out) @ x)
    - mT(out) @ g @ mT(out))
def pinv(x: Array, *, atol: Any, rtol: Any, hermitian: bool) -> Array:
    """The pseudoinverse P = X⁺: singular values of at most max(atol, rtol · the largest) count as 0. At constant rank
    dP = -P dX P + P Pᵀ dXᵀ (I - X P) + (I - P X) dXᵀ Pᵀ P (Golub and Pereyra, 1973).
    """
    if hermitian:
        σ, U = np.linalg.eigh(x)
        V = U
    else:
        U, σ, Vh = np.linalg.svd(x, full_matrices=False)
        V = mT(Vh)
    size = np.absolute(σ)
    cut = np.maximum(atol, rtol * size.max(-1, initial=0))[..., None]
    return (V * np.where(size > cut, 1 / np.where(size > cut, σ, 1), 0)[..., None, :]) @ mT(U)


# Determinants


@op(x=lambda g, x, out: g[..., None, None] * cofactors(x, out))
def det(x: Array) -> Array:
    """The determinant. Its derivative is the matrix of cofactors, det(X) X⁻ᵀ."""
    return np.linalg.det(x)

def cofactors(x: Any, d: Any) -> Any:
    """det(X) X⁻ᵀ. If a determinant is 0, from the singular values: det(U) det(V) U diag(πᵢ) Vᵀ, where πᵢ is the product of all
    except σᵢ. This is also the limit of det(X) X⁻ᵀ.
    """
    if not (d == 0).any():
        return d[..., None, None] * mT(inv(x))
    n = x.shape[-1]
    U, σ, Vh = triples(svd(x, full=False), n)
    left, right = [σ[..., :1] * 0 + 1], [σ[..., :1] * 0 + 1]  # the products of the σ before and behind each one
    for i in range(n - 1):
        left.append(left[-1] * σ[..., i : i + 1])
        right.append(right[-1] * σ[..., n - 1 - i : n - i])
    π = cat(*[a * b for a, b in zip(left, right[::-1])], axis=len(σ.shape) - 1, ends=tuple(range(1, n + 1)))
    return (det(U) * det(Vh))[..., None, None] * ((U * π[..., None, :]) @ Vh)

@op(x=lambda g, x, out: g[..., 1, None, None] * inverse_transposed(x, out[..., 0]))
def slogdet(x: Array) -> Array:
    """(the sign of det X, log |det X|), in the last axis. The derivative of the logarithm is X⁻ᵀ, that of the sign 0."""
    return np.stack(tuple(np.linalg.slogdet(x)), -1)

def inverse_transposed(x: Any, sign: Any) -> Any:
    """X⁻ᵀ; if a matrix in a batch is singular, from the cofactors: inf, -inf and nan for that one."""
    if not (sign == 0).any():
        return mT(inv(x))
    d = det(x)
    return cofactors(x, d) / d[..., None, None]


# Decompositions


# The lower triangle of Lᵀ dL is that of L⁻¹ dA L⁻ᵀ, with half of its diagonal.
@op(A=lambda g, out: mT(solve_upper(mT(out), mT(solve_upper(mT(out), symmetric(mT(out) @ g))))) / 2)
def cholesky(A: Array) -> Array:
    """The lower triangular L with A = L Lᵀ, of a symmetric positive definite A, of which the lower triangle is read."""
    return np.linalg.cholesky(A)

@op(A=lambda g, out: eigh_vjp(g, out))
def eigh(A: Array) -> Array:
    """A = V diag(λ) Vᵀ for a symmetric A, of which the lower triangle is read. Row i of the result is (λᵢ, vᵢ)."""
    λ, V = np.linalg.eigh(A)
    return np.concatenate((λ[..., None], mT(V)), -1)

def eigh_vjp(g: Any, out: Any) -> Any:
    """V (diag(gλ) + skew(Vᵀ gV) / 2E) Vᵀ, with E_ij = λ_j - λ_i."""
    λ, V, gλ, gV = out[..., 0], mT(out[..., 1:]), g[..., 0], mT(g[..., 1:])
    E = λ[..., None, :] - λ[..., None]
    return (V * gλ[..., None, :] + V @ (skew(mT(V) @ gV) / (2 * nonzero(E)))) @ mT(V)

@op(x=lambda g, out, shape: svd_vjp(g, out, shape))
def svd(x: Array, *, full: bool) -> Array:
    """X = U diag(σ) Vᵀ. Row i of the result is (uᵢ, σᵢ, vᵢ); if `full`, more rows complete both bases."""
    U, σ, Vh = np.linalg.svd(x, full_matrices=full)
    m, n, k, rows = x.shape[-2], x.shape[-1], σ.shape[-1], max(U.shape[-1], Vh.shape[-2])
    out = array_module(x).zeros((*x.shape[:-2], rows, m + 1 + n), x.dtype)
    out[..., : U.shape[-1], :m], out[..., :k, m], out[..., : Vh.shape[-2], m + 1 :] = mT(U), σ, Vh
    return out

def triples(out: Any, m: int) -> tuple[Any, Any, Any]:
    """U, σ, Vᵀ of a packed svd of a matrix with m rows, without the vectors that only complete the bases."""
    k = min(m, out.shape[-1] - m - 1)
    return mT(out[..., :k, :m]), out[..., :k, m], out[..., :k, m + 1 :]

def svd_vjp(g: Any, out: Any, shape: tuple[int, ...]) -> Any:
    """U (diag(gσ) + (skew(Uᵀ gU) / E) Σ + Σ (skew(Vᵀ gV) / E)) Vᵀ + (I - U Uᵀ) gU Σ⁻¹ Vᵀ + U Σ⁻¹ gVᵀ (I - V Vᵀ), with
    E_ij = σ_j² - σ_i²; each of the last two is 0 if the basis is complete.
    """
    m, n = shape[-2:]
    (U, σ, Vh), (gU, gσ, gVh) = triples(out, m), triples(g, m)
    row, column = σ[..., None, :], σ[..., None]
    E = nonzero((row - column) * (row + column))
    core = skew(mT(U) @ gU) / E * row + column * (skew(Vh @ mT(gVh)) / E)
    left, right = U @ core + U * gσ[..., None, :], 0
    if m > n:
        left = left + (gU - U @ (mT(U) @ gU)) / nonzero(row)
    if n > m:
        right = U @ ((gVh - (gVh @ mT(Vh)) @ Vh) / nonzero(column))
    return left @ Vh + right

@op(x=lambda g, out, shape, full: qr_vjp(g, out, shape, full))
def qr(x: Array, *, full: bool) -> Array:
    """X = Q R with orthonormal columns in Q and an upper triangular R, packed as [Qᵀ R]. X has at least as many rows as
    columns; Q is square if `full`.
    """
    Q, R = np.linalg.qr(x, mode="complete" if full else "reduced")
    return np.concatenate((mT(Q), R), -1)

def qr_vjp(g: Any, out: Any, shape: tuple[int, ...], full: bool) -> Any:
    """(gQ + Q symmetric(R gRᵀ - gQᵀ Q)) R⁻ᵀ."""
    m, n = shape[-2:]
    if full and m > n:
        raise RuntimeError(f"qr: the complete Q of {m} x {n} matrices is not determined by them; use mode='reduced'")
    Q, R, gQ, gR = mT(out[..., :m]), out[..., m:], mT(g[..., :m]), g[..., m:]
    return mT(solve_upper(R, mT(gQ + Q @ symmetric(R @ mT(gR) - mT(gQ) @ Q))))

def skew(x: Any) -> Any:
    """X - Xᵀ."""
    return x - mT(x)

def nonzero(x: Any) -> Any:
    """x with inf in place of 0, so that a quotient is 0 there."""
    return where(x == 0, inf, x)


# Functions of a matrix


@op(x=lambda g, x: corner(matrix_exp(blocks(mT(x), g))))
def matrix_exp(x: Array) -> Array:
    """e^X = I + X + X²/2 + ... The gradient is the upper right block of exp [[Xᵀ, g], [0, Xᵀ]] (Mathias, 1996)."""
    return _expm(x)

@one_call
def _expm(x: Array) -> Array:
    found: Array = import_module("scipy.linalg" if isinstance(x, np.ndarray) else "cupyx.scipy.linalg").expm(x)
    return found

def blocks(A: Any, B: Any) -> Any:
    """The block matrix [[A, B], [0, A]]."""
    ndim, n = len(A.shape), A.shape[-1]
    rows = [cat(*row, axis=ndim - 1, ends=(n, 2 * n)) for row in ((A, B), (zero(A), A))]
    return cat(*rows, axis=ndim - 2, ends=(n, 2 * n))

def corner(x: Any) -> Any:
    """The upper right block of four."""
    n = x.shape[-1] // 2
    return x[..., :n, n:]
