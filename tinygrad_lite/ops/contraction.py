"""The contraction that is every product of two arrays."""

from __future__ import annotations

import numpy as np

from ..apply import op
from ..backend import Array


@op(x=lambda g, y, left, right, to: einsum(g, y, left=to, right=right, to=left),
    y=lambda g, x, left, right, to: einsum(x, g, left=left, right=to, to=right))
def einsum(x: Array, y: Array, *, left: str, right: str, to: str) -> Array:
    """The sum of x y over the labels that `to` has not. Each label is in two of the three terms, once and with one size,
    so that the gradient is an einsum as well: of g and the other operand, the terms changing places.
    """
    return np.einsum(f"{left},{right}->{to}", x, y, optimize=True)
