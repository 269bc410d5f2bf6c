"""The contraction of two arrays, of which every kind of product is a case."""

from __future__ import annotations

import numpy as np

from ..apply import op
from ..backend import Array


@op(x=lambda g, y, left, right, to: einsum(g, y, left=to, right=right, to=left),
    y=lambda g, x, left, right, to: einsum(x, g, left=left, right=to, to=right))
def einsum(x: Array, y: Array, *, left: str, right: str, to: str) -> Array:
    """Σ x y over the labels that are not in `to`. Each label is in two of the three terms, once in each and with the same size.
    So the gradient is an einsum too, of g and the other operand, with the terms in other places.
    """
    return np.einsum(f"{left},{right}->{to}", x, y, optimize=True)
