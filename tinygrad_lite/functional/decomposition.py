"""Decompositions of matrices and of batches of them, (..., n, m), and the rank.

torch.linalg has most of these functions (linalg.py lists them); those in `__all__` are functions and methods as well.
"""

from __future__ import annotations

from math import nan
from typing import Any, NamedTuple

import numpy as np

from .._tensor import Tensor
from ..backend import array_module
from ..dtypes import float16, float32
from ..grad_mode import mode
from ..operands import LinAlgError, as_array
from ..ops import choice, decomposition, shape
from ..printing import as_result_of

__all__ = ["cholesky", "qr", "svd"]


@as_result_of("linalg_qr")
class QR(NamedTuple):
    """What qr() returns: orthonormal columns, and an upper triangular matrix."""

    Q: Tensor
    R: Tensor


@as_result_of("linalg_svd")
class SVD(NamedTuple):
    """What linalg.svd() returns: A = U diag(S) Vh."""

    U: Tensor
    S: Tensor
    Vh: Tensor


@as_result_of("svd")
class SVDWithV(NamedTuple):
    """What torch.svd() returns: A = U diag(S) Vᵀ."""

    U: Tensor
    S: Tensor
    V: Tensor


@as_result_of("linalg_eigh")
class Eigh(NamedTuple):
    """What eigh() returns: the eigenvalues, ascending, and the eigenvectors in the columns of a matrix."""

    eigenvalues: Tensor
    eigenvectors: Tensor


@as_result_of("linalg_cholesky_ex")
class CholeskyEx(NamedTuple):
    """What cholesky_ex() returns: L, and for each matrix 0 or the order of the first minor that is not positive definite."""

    L: Tensor
    info: Tensor


def matrices(what: str, A: Any, square: bool = False) -> Tensor:
    """A itself. RuntimeError, as in PyTorch, if it is not a floating tensor of (square) matrices."""
    if not isinstance(A, Tensor):
        raise TypeError(f"{what}: expected a Tensor, got {type(A).__name__}")
    if A.array.ndim < 2:
        raise RuntimeError(f"{what}: expected matrices, two dimensions at least, got shape {list(A.shape)}")
    if square and A.shape[-1] != A.shape[-2]:
        raise RuntimeError(f"{what}: the matrices must be square, got shape {list(A.shape)}")
    if A.array.dtype.kind != "f":
        raise RuntimeError(f"{what}: needs a floating dtype, got {A.dtype}; use x.float()")
    return A


def recorded(A: Tensor) -> bool:
    """Whether the gradient of A will be asked for."""
    return mode.enabled and A.node is not None


def wide(x: Any) -> Any:
    """x, in float32 if it is float16, which NumPy refuses."""
    return x.astype(float32) if x.dtype == float16 else x


# Cholesky


def linalg_cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """The lower triangular L with A = L Lᵀ; with `upper`, U = Lᵀ. A is symmetric positive definite; only its lower triangle is
    read (with `upper`, its upper one). LinAlgError if A is not positive definite.
    >>> from tinygrad_lite.linalg import cholesky
    >>> cholesky(tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    A = matrices("cholesky", A, square=True)
    return shape.mT(decomposition.cholesky(shape.mT(A))) if upper else decomposition.cholesky(A)


def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """linalg.cholesky() under its older name."""
    return linalg_cholesky(input, upper=upper)


def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> CholeskyEx:
    """(L, info): as cholesky(), but a matrix that is not positive definite gives no error; its L is nan where it fails, and its
    info is the order of the first leading minor that is not positive.
    """
    A = matrices("cholesky_ex", A, square=True)
    xp, shape_of_info = array_module(A.array), A.shape[:-2]
    try:
        return CholeskyEx(linalg_cholesky(A, upper=upper), Tensor._of(xp.zeros(shape_of_info, np.int32)))
    except LinAlgError:
        if check_errors:
            raise
    x = A.array.swapaxes(-2, -1) if upper else A.array
    info = xp.asarray(np.array([_first_failure(x[i]) for i in np.ndindex(shape_of_info)], np.int32).reshape(shape_of_info))
    fails = Tensor._of((info > 0)[..., None, None])
    identity = Tensor._of(xp.eye(x.shape[-1], dtype=x.dtype))
    L = linalg_cholesky(choice.where(fails, identity, A), upper=upper)
    return CholeskyEx(choice.where(fails, nan, L), Tensor._of(info))


def _first_failure(x: Any) -> int:
    """The order of the first leading minor for which the decomposition fails; 0 if there is none."""
    for n in range(1, len(x) + 1):
        try:
            np.linalg.cholesky(x[:n, :n])
        except np.linalg.LinAlgError:
            return n
    return 0


# QR


def linalg_qr(A: Tensor, mode: str = "reduced") -> QR:
    """(Q, R) with A = Q R: Q has orthonormal columns, R is upper triangular. mode "reduced": k = min(n, m) columns of Q;
    "complete": all n, for which there is no derivative if n > m; "r": R alone, with an empty Q.
    """
    A = matrices("qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"qr: mode must be 'reduced', 'complete' or 'r', got {mode!r}")
    m, n = A.shape[-2:]
    k = min(m, n)
    packed = decomposition.qr(A[..., :k], full=mode == "complete")
    Q, R = shape.mT(packed[..., :m]), packed[..., m:]
    if m < n:  # A = [X Y], X = Q U: then R = [U QᵀY]
        R = shape.cat(R, shape.mT(Q) @ A[..., m:], axis=A.ndim - 1, ends=(m, n))
    if mode == "r":
        Q = Tensor._of(array_module(A.array).zeros(0, A.dtype))
    return QR(Q, R)


def qr(input: Tensor, some: bool = True) -> QR:
    """linalg.qr() under its older name; some=False is its mode "complete"."""
    return linalg_qr(input, "reduced" if some else "complete")


# Singular values


def linalg_svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> SVD:
    """(U, S, Vh) with A = U diag(S) Vh: orthonormal columns in U and rows in Vh, and the singular values, descending. With
    full_matrices, U and Vh are square; no gradient flows to the vectors that are added for this. `driver` is for CUDA.
    Singular vectors are determined up to a common sign, so a loss must not depend on it.
    """
    A = matrices("svd", A)
    if driver is not None and A.device.type == "cpu":
        raise RuntimeError("svd: driver= is for CUDA tensors only")
    m, n = A.shape[-2:]
    packed = decomposition.svd(A, full=full_matrices)
    k = min(m, n)
    u, v = (m, n) if full_matrices else (k, k)
    return SVD(shape.mT(packed[..., :u, :m]), packed[..., :k, m], packed[..., :v, m + 1 :])


def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> SVDWithV:
    """(U, S, V) with A = U diag(S) Vᵀ: the older form of linalg.svd(), which has Vh = Vᵀ. some=False completes U and V. Without
    compute_uv, U and V are zeros.
    """
    A = matrices("svd", input)
    if not compute_uv:
        m, n = A.shape[-2:]
        zeros = array_module(A.array).zeros
        U, V = (Tensor._of(zeros((*A.shape[:-2], i, i), A.dtype)) for i in (m, n))
        return SVDWithV(U, svdvals(A), V)
    U, S, Vh = linalg_svd(A, not some)
    return SVDWithV(U, S, shape.mT(Vh))


def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """The singular values of each matrix, descending."""
    A = matrices("svdvals", A)
    if recorded(A):
        return linalg_svd(A, False, driver=driver).S
    return Tensor._of(np.linalg.svd(wide(A.array), compute_uv=False).astype(A.dtype))


# Eigenvalues


def eigh(A: Tensor, UPLO: str = "L") -> Eigh:
    """(eigenvalues, eigenvectors) of a symmetric matrix, A = V diag(λ) Vᵀ, the eigenvalues ascending. Only the lower triangle
    (UPLO="L") or the upper one ("U") is read, and the gradient is symmetric.
    >>> from tinygrad_lite.linalg import eigh
    >>> eigh(tensor([[2.0, 1.0], [1.0, 2.0]])).eigenvalues
    tensor([1., 3.])
    """
    packed = decomposition.eigh(_read("eigh", A, UPLO))
    return Eigh(packed[..., 0], shape.mT(packed[..., 1:]))


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of a symmetric matrix, ascending; see eigh."""
    A = _read("eigvalsh", A, UPLO)
    if recorded(A):
        return eigh(A).eigenvalues
    return Tensor._of(np.linalg.eigvalsh(wide(A.array)).astype(A.dtype))


def _read(what: str, A: Tensor, UPLO: str) -> Tensor:
    """A, or Aᵀ, so that the triangle that is to be read is the lower one."""
    A = matrices(what, A, square=True)
    if not isinstance(UPLO, str) or UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"{what}: UPLO must be 'L' or 'U', got {UPLO!r}")
    return A if UPLO.upper() == "L" else shape.mT(A)


# What follows from the values


def tolerances(A: Tensor, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """(atol, rtol) as numbers or arrays. By default atol is 0, and rtol is max(n, m) eps, or 0 if a positive atol is given."""
    atol, rtol = (getattr(t, "array", t) for t in (atol, rtol))
    if rtol is None:
        rtol = max(A.shape[-2:]) * float(np.finfo(A.dtype).eps) * (1 if atol is None else atol <= 0)
    return 0.0 if atol is None else atol, rtol


def matrix_rank(A: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Tensor:
    """How many singular values are larger than max(atol, rtol · the largest); int64. By default rtol = max(n, m) eps. With
    `hermitian`, A is taken to be symmetric and the sizes of its eigenvalues are used.
    """
    A = matrices("matrix_rank", A, square=hermitian)
    if tol is not None:
        atol, rtol = tol, 0.0
    x = wide(A.array)
    absolute, relative = tolerances(A, atol, rtol)
    σ = np.absolute(np.linalg.eigvalsh(x)) if hermitian else np.linalg.svd(x, compute_uv=False)
    cut = np.maximum(absolute, relative * σ.max(-1, initial=0))
    return Tensor._of(as_array((σ > cut[..., None]).sum(-1)))
