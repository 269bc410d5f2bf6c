"""Linear algebra: the matrix product."""

from __future__ import annotations

from ..apply import op
from ..backend import Array
from .shape import mT


@op(x=lambda g, y: g @ mT(y),
    y=lambda g, x: mT(x) @ g)
def matmul(x: Array, y: Array) -> Array:
    """The matrix product of the last two axes, (..., n, k) @ (..., k, m) -> (..., n, m); the others broadcast.
    out_ij = Σ_k x_ik y_kj, so that x_ik receives Σ_j g_ij y_kj, the row i of g against the row k of y: g @ yᵀ.
    """
    return x @ y
