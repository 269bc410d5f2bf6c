"""torch.linalg: the names of linear algebra. The functions are in functional/ (products, decomposition, solving, lu, norms and
others); their derivatives are in the files of ops/ that these build on.

Matrices are the last two axes, (..., n, m), and the leading axes are batches. LinAlgError, a RuntimeError, says that one is
singular, or not positive definite. Complex numbers are not supported, and so neither are the eigenvalues of a general matrix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

from .functional.decomposition import cholesky_ex as cholesky_ex
from .functional.decomposition import eigh as eigh
from .functional.decomposition import eigvalsh as eigvalsh
from .functional.decomposition import linalg_cholesky as cholesky
from .functional.decomposition import linalg_qr as qr
from .functional.decomposition import linalg_svd as svd
from .functional.decomposition import matrix_rank as matrix_rank
from .functional.decomposition import svdvals as svdvals
from .functional.linalg import matmul as matmul
from .functional.lu import householder_product as householder_product
from .functional.lu import linalg_lu as lu
from .functional.lu import linalg_lu_solve as lu_solve
from .functional.lu import lu_factor as lu_factor
from .functional.lu import lu_factor_ex as lu_factor_ex
from .functional.norms import cond as cond
from .functional.norms import matrix_norm as matrix_norm
from .functional.norms import norm as norm
from .functional.products import linalg_cross as cross
from .functional.products import linalg_vander as vander
from .functional.products import multi_dot as multi_dot
from .functional.products import vecdot as vecdot
from .functional.solving import LinAlgError as LinAlgError
from .functional.solving import det as det
from .functional.solving import inv as inv
from .functional.solving import inv_ex as inv_ex
from .functional.solving import lstsq as lstsq
from .functional.solving import matrix_exp as matrix_exp
from .functional.solving import matrix_power as matrix_power
from .functional.solving import pinv as pinv
from .functional.solving import slogdet as slogdet
from .functional.solving import solve as solve
from .functional.solving import solve_ex as solve_ex
from .functional.solving import solve_triangular as solve_triangular
from .functional.solving import tensorinv as tensorinv
from .functional.solving import tensorsolve as tensorsolve
from .functional.statistics import vector_norm as vector_norm
from .functional.triangles import linalg_diagonal as diagonal
from .suggest import missing_from, names_in

# fmt: off
__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh",
    "householder_product", "inv", "inv_ex", "lstsq", "lu", "lu_factor", "lu_factor_ex", "lu_solve", "matmul",
    "matrix_exp", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve",
    "solve_ex", "solve_triangular", "svd", "svdvals", "tensorinv", "tensorsolve", "vander", "vecdot", "vector_norm",
]
# fmt: on


def eig(A: Any) -> Never:
    """Refused: the eigenvalues of a general matrix are complex. eigh() has those of a symmetric one."""
    raise RuntimeError(
        "eig: the eigenvalues of a general matrix are complex, which is not supported; eigh(A) if A is symmetric"
    )


def eigvals(A: Any) -> Never:
    """Refused, as eig(); eigvalsh() has the eigenvalues of a symmetric matrix."""
    raise RuntimeError("eigvals: eigenvalues are complex, which is not supported; eigvalsh(A) if A is symmetric")


if not TYPE_CHECKING:  # for a type checker, an unknown name is an error
    __getattr__, __dir__ = missing_from(__name__), names_in(__name__)
