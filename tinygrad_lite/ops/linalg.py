"""Linear algebra: the matrix product, and the contraction that is every product of two arrays."""

from __future__ import annotations

import numpy as np

from ..backend import Array
from ..tape import op
from .shape import mT


@op(x=lambda g, y: g @ mT(y),
    y=lambda g, x: mT(x) @ g)
def matmul(x: Array, y: Array) -> Array:
    """The matrix product of the last two axes, (..., n, k) @ (..., k, m) -> (..., n, m); the others broadcast.
    out_ij = Σ_k x_ik y_kj, so that x_ik receives Σ_j g_ij y_kj, the row i of g against the row k of y: g @ yᵀ.
    """
    return x @ y

@op(x=lambda g, y, left, right, to: einsum(g, y, left=to, right=right, to=left),
    y=lambda g, x, left, right, to: einsum(x, g, left=left, right=to, to=right))
def einsum(x: Array, y: Array, *, left: str, right: str, to: str) -> Array:
    """The sum of x y over the labels that `to` has not. Each label is in two of the three terms, once and with one size,
    so that the gradient is an einsum as well: of g and the other operand, the terms changing places.
    """
    return np.einsum(f"{left},{right}->{to}", x, y, optimize=True)
