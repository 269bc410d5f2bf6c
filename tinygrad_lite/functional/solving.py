"""Solutions of linear equations: inverses, determinants, powers. Matrices are (..., n, n), and the leading axes are batches.

torch.linalg has most of these functions (linalg.py lists them); those in `__all__` are functions and methods as well.
"""

from __future__ import annotations

from math import inf, nan, prod
from typing import Any, NamedTuple

import numpy as np

from .._tensor import Tensor
from ..backend import array_module
from ..operands import LinAlgError as LinAlgError
from ..ops import arithmetic, choice, decomposition, lu, shape, triangles
from ..printing import as_result_of
from .decomposition import matrices, matrix_rank, svdvals, tolerances
from .linalg import matmul
from .reduction import sum
from .shape import flatten, reshape, squeeze, unsqueeze

# fmt: off
__all__ = [
    "det", "slogdet", "logdet", "inverse", "pinverse", "matrix_power", "matrix_exp", "cholesky_inverse", "cholesky_solve",
    "triangular_solve",
]
# fmt: on


@as_result_of("linalg_slogdet")
class SignAndLog(NamedTuple):
    """What slogdet() returns: the sign of the determinant, and the logarithm of its size."""

    sign: Tensor
    logabsdet: Tensor


@as_result_of("linalg_inv_ex")
class InverseEx(NamedTuple):
    """What inv_ex() returns: the inverse, and for each matrix 0, or a positive number if it is singular."""

    inverse: Tensor
    info: Tensor


@as_result_of("linalg_solve_ex")
class SolveEx(NamedTuple):
    """What solve_ex() returns: the solution, and for each matrix 0, or a positive number if it is singular."""

    result: Tensor
    info: Tensor


@as_result_of("linalg_lstsq")
class LeastSquares(NamedTuple):
    """What lstsq() returns. What the driver does not compute is empty."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


@as_result_of("triangular_solve")
class TriangularSolution(NamedTuple):
    """What triangular_solve() returns: the solution, and the matrix."""

    solution: Tensor
    cloned_coefficient: Tensor


# Determinants


def det(input: Tensor) -> Tensor:
    """The determinant of each matrix.
    >>> det(tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(-2.)
    """
    return decomposition.det(matrices("det", input, square=True))


def slogdet(input: Tensor) -> SignAndLog:
    """(sign, logabsdet): the sign of the determinant and log |det|, which does not overflow. 0 and -inf if it is 0."""
    packed = decomposition.slogdet(matrices("slogdet", input, square=True))
    return SignAndLog(packed[..., 0], packed[..., 1])


def logdet(input: Tensor) -> Tensor:
    """log det of each matrix: -inf if it is 0, nan if it is negative."""
    sign, log = slogdet(input)
    return choice.where(sign < 0, nan, log)


# Inverses


def inv(A: Tensor) -> Tensor:
    """The inverse of each matrix. LinAlgError if one is singular. To compute A⁻¹ B, solve(A, B) is faster and more exact.
    >>> tensor([[2.0, 0.0], [0.0, 4.0]]).inverse()
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return decomposition.inv(matrices("inv", A, square=True))


def inverse(input: Tensor) -> Tensor:
    """linalg.inv() under its older name."""
    return inv(input)


def inv_ex(A: Tensor, *, check_errors: bool = False) -> InverseEx:
    """(inverse, info): as inv(), but a singular matrix gives no error: its inverse is inf or nan, its info is not 0."""
    A = matrices("inv_ex", A, square=True)
    regular, info = _regular(A, check_errors)
    out = inv(regular)
    if info.any():
        out = choice.where(Tensor._of((info > 0)[..., None, None]), inf, out)
    return InverseEx(out, Tensor._of(info))


def _regular(A: Tensor, check_errors: bool) -> tuple[Tensor, Any]:
    """A with the identity in place of singular matrices, and for each the first 0 on the diagonal of its U, or 0."""
    x = A.array
    info = lu.first_zero(lu.lu(x))
    if check_errors or not info.any():
        return A, info
    identity = array_module(x).eye(x.shape[-1], dtype=x.dtype)
    return choice.where(Tensor._of((info > 0)[..., None, None]), Tensor._of(identity), A), info


def pinv(A: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Tensor:
    """The pseudoinverse of each matrix. Singular values of at most max(atol, rtol · the largest) count as 0; by default rtol is
    max(n, m) eps. With `hermitian`, A is taken to be symmetric. `rcond` is an older name of rtol.
    """
    A = matrices("pinv", A, square=hermitian)
    atol, rtol = tolerances(A, atol, rtol if rcond is None else rcond)
    return decomposition.pinv(A, atol=atol, rtol=rtol, hermitian=hermitian)


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """linalg.pinv() under its older name, with another default."""
    return pinv(input, rcond)


# Equations


def _is_vectors(A: Tensor, B: Tensor) -> bool:
    """Whether B has a vector for each matrix in A, as in PyTorch."""
    return B.ndim == 1 or (A.ndim - 1 == B.ndim and B.shape == A.shape[:-1])


def _same_dtypes(what: str, A: Tensor, B: Tensor) -> None:
    if not isinstance(B, Tensor):
        raise TypeError(f"{what}: expected a Tensor, got {type(B).__name__}")
    if A.dtype != B.dtype:
        raise RuntimeError(f"{what}: dtypes {A.dtype} and {B.dtype} differ; cast one: x.to(y.dtype)")


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """X with A X = B, or X A = B if not `left`. B has a matrix for each matrix in A, or a vector: then it is 1-D, or has the
    shape of A without the last axis. LinAlgError if A is singular.
    >>> from tinygrad_lite.linalg import solve
    >>> solve(tensor([[2.0, 0.0], [0.0, 4.0]]), tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    A = matrices("solve", A, square=True)
    _same_dtypes("solve", A, B)
    if not B.ndim:
        raise RuntimeError("solve: B needs one dimension at least")
    vectors = _is_vectors(A, B)
    if vectors and not left:
        raise RuntimeError("solve: left=False needs matrices on the right-hand side")
    B = unsqueeze(B, -1) if vectors else B
    if A.shape[-1] != B.shape[-2 if left else -1]:
        raise RuntimeError(f"solve: the sizes of A {list(A.shape)} and B {list(B.shape)} do not fit")
    X = decomposition.solve(A, B) if left else shape.mT(decomposition.solve(shape.mT(A), shape.mT(B)))
    return squeeze(X, -1) if vectors else X


def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> SolveEx:
    """(result, info): as solve(), but a singular matrix gives no error: its result is nan, its info is not 0."""
    regular, info = _regular(matrices("solve_ex", A, square=True), check_errors)
    X = solve(regular, B, left=left)
    if info.any():
        fails = (info > 0).reshape(info.shape + (1,) * (A.ndim - info.ndim - _is_vectors(A, B)))
        X = choice.where(Tensor._of(fails), nan, X)
    return SolveEx(X, Tensor._of(info))


def solve_triangular(A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False) -> Tensor:
    """X with A X = B, or X A = B if not `left`, for a triangular A, of which one triangle is read. With `unitriangular`, its
    diagonal is taken to be 1. A 0 on the diagonal gives inf or nan.
    """
    A = matrices("solve_triangular", A, square=True)
    _same_dtypes("solve_triangular", A, matrices("solve_triangular", B))
    if A.shape[-1] != B.shape[-2 if left else -1]:
        raise RuntimeError(f"solve_triangular: the sizes of A {list(A.shape)} and B {list(B.shape)} do not fit")
    if not left:
        X = solve_triangular(shape.mT(A), shape.mT(B), upper=not upper, unitriangular=unitriangular)
        return shape.mT(X)  # type: ignore[no-any-return]
    if unitriangular:
        ones = Tensor._of(array_module(A.array).eye(A.shape[-1], dtype=A.dtype))
        A = (triangles.triu(A, k=1) if upper else triangles.tril(A, k=-1)) + ones
    return (decomposition.solve_upper if upper else decomposition.solve_lower)(A, B)


def triangular_solve(
    input: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> TriangularSolution:
    """linalg.solve_triangular() in its older form: (X, A) with A X = input, or Aᵀ X = input."""
    coefficients = shape.mT(A) if transpose else A
    X = solve_triangular(coefficients, input, upper=upper != transpose, unitriangular=unitriangular)
    return TriangularSolution(X, shape.clone(A))


def cholesky_solve(input: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """X with A X = input, where A = L Lᵀ, or LᵀL if `upper`."""
    L, B = matrices("cholesky_solve", L, square=True), matrices("cholesky_solve", input)
    _same_dtypes("cholesky_solve", L, B)
    if L.shape[-1] != B.shape[-2]:
        raise RuntimeError(f"cholesky_solve: the sizes of L {list(L.shape)} and B {list(B.shape)} do not fit")
    return decomposition.cholesky_solve(B, shape.mT(L) if upper else L)


def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """A⁻¹, where A = L Lᵀ, or LᵀL if `upper`. LinAlgError for a 0 on the diagonal of L."""
    L = matrices("cholesky_inverse", input, square=True)
    if not L.array.diagonal(0, -2, -1).all():
        raise LinAlgError("cholesky_inverse: the matrix is singular: there is a 0 on the diagonal of its factor")
    return cholesky_solve(Tensor._of(array_module(L.array).eye(L.shape[-1], dtype=L.dtype)), L, upper)


DRIVERS = ("gelsy", "gels", "gelsd", "gelss")


def lstsq(A: Tensor, B: Tensor, rcond: Any = None, *, driver: str | None = None) -> LeastSquares:
    """(solution, residuals, rank, singular_values): X with the least Σ (A X - B)², and of these the smallest one: A⁺ B.
    The residuals Σ (A X - B)² are given for more rows than columns and full rank, unless driver is None or "gelsy"; the rank
    unless it is "gels"; the singular values for "gelsd" and "gelss". What is not given is empty. Nothing else differs.
    """
    A = matrices("lstsq", A)
    _same_dtypes("lstsq", A, B)
    if driver not in (None, *DRIVERS):
        raise RuntimeError(f"lstsq: driver must be one of {', '.join(DRIVERS)}, got {driver!r}")
    if not B.ndim:
        raise RuntimeError("lstsq: B needs one dimension at least")
    vectors = _is_vectors(A, B)
    Y = unsqueeze(B, -1) if vectors else B
    if A.shape[-2] != Y.shape[-2]:
        raise RuntimeError(f"lstsq: the sizes of A {list(A.shape)} and B {list(B.shape)} do not fit")
    X = matmul(pinv(A, rtol=rcond), Y)
    m, n = A.shape[-2:]
    nothing = Tensor._of(array_module(A.array).zeros(0, A.dtype))
    rank = matrix_rank(A.detach(), rtol=rcond)
    residuals = flatten(A)[:0]
    if m > n and driver not in (None, "gelsy") and bool((rank == n).all()):
        residuals = sum((matmul(A, X) - Y) ** 2, -2)
    values = svdvals(A.detach()) if driver in ("gelsd", "gelss") else nothing
    if driver == "gels":
        rank = Tensor._of(array_module(A.array).zeros(0, np.int64))
    return LeastSquares(squeeze(X, -1) if vectors else X, residuals, rank, values)


# Powers


def matrix_power(input: Tensor, n: int) -> Tensor:
    """The product of n times the matrix itself; for a negative n, of its inverse; the identity for n = 0."""
    if not hasattr(n, "__index__"):
        raise TypeError(f"matrix_power: n must be an int, got {type(n).__name__}")
    A = matrices("matrix_power", input, square=True)
    if n < 0:
        A, n = inv(A), -n
    if not n:
        return arithmetic.zero(A) + Tensor._of(array_module(A.array).eye(A.shape[-1], dtype=A.dtype))
    out: Any = None
    while n:  # A, A², A⁴, ...: those of the binary digits of n
        if n % 2:
            out = A if out is None else matmul(out, A)
        n //= 2
        A = matmul(A, A) if n else A
    return shape.clone(input) if out is input else out


def matrix_exp(input: Tensor) -> Tensor:
    """e^A = I + A + A²/2 + ... of each matrix.
    >>> matrix_exp(zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    A = matrices("matrix_exp", input, square=True)
    return decomposition.matrix_exp(A) if A.array.size else shape.clone(A)


# Tensors as matrices


def tensorinv(A: Tensor, ind: int = 2) -> Tensor:
    """The inverse of A as a map from its last axes to its first `ind`, whose sizes have the same product."""
    if ind <= 0:
        raise RuntimeError(f"tensorinv: ind must be positive, got {ind}")
    first, last = A.shape[:ind], A.shape[ind:]
    if prod(first) != prod(last):
        raise RuntimeError(f"tensorinv: the first {ind} and the other axes of {list(A.shape)} hold different numbers")
    return reshape(inv(reshape(A, prod(first), prod(last))), last + first)


def tensorsolve(A: Tensor, B: Tensor, dims: Any = None) -> Tensor:
    """X with tensordot(A, X, X.ndim) = B. The axes `dims` of A are moved to the end first."""
    if dims is not None:
        moved = [d % A.ndim for d in dims]
        A = shape.permute(A, axes=tuple([i for i in range(A.ndim) if i not in moved] + moved))
    last = A.shape[B.ndim :]
    if prod(last) != prod(B.shape) or A.array.size != prod(last) * B.array.size:
        raise RuntimeError(f"tensorsolve: A of shape {list(A.shape)} is not a square matrix for B of shape {list(B.shape)}")
    return reshape(solve(reshape(A, B.array.size, prod(last)), reshape(B, B.array.size)), last)
