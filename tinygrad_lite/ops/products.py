"""Products of vectors: what is not a product of two matrices."""

from __future__ import annotations

import numpy as np

from ..apply import op
from ..backend import Array
from .shape import mT

# These three are each other's derivatives. As products of matrices with one row or column they would take longer, forward and
# backward: mv of 1000 x 1000 four times, dot of 1,000,000 fourteen times, because outer products of matrices are slow.

@op(x=lambda g, y: g * y, y=lambda g, x: g * x)
def dot(x: Array, y: Array) -> Array:
    """Σ x y of two vectors."""
    return x @ y

@op(A=lambda g, x: outer(g, x), x=lambda g, A: mv(mT(A), g))
def mv(A: Array, x: Array) -> Array:
    """A x: out_i = Σ_j A_ij x_j, so that A_ij receives g_i x_j."""
    return A @ x

@op(x=lambda g, y: mv(g, y), y=lambda g, x: mv(mT(g), x))
def outer(x: Array, y: Array) -> Array:
    """x yᵀ: out_ij = x_i y_j, so that x_i receives Σ_j g_ij y_j."""
    return x[:, None] * y

# Not from parts and products of Tensors: that would be more than a dozen steps on the tape.
@op(x=lambda g, y, axis: cross(y, g, axis=axis),
    y=lambda g, x, axis: cross(g, x, axis=axis))
def cross(x: Array, y: Array, *, axis: int) -> Array:
    """The vector product x × y along an axis of length 3. As g · (x × y) = x · (y × g), x receives y × g."""
    before = (slice(None),) * axis
    u0, u1, u2, v0, v1, v2 = [z[(*before, i)] for z in (x, y) for i in (0, 1, 2)]
    return np.stack((u1 * v2 - u2 * v1, u2 * v0 - u0 * v2, u0 * v1 - u1 * v0), axis)
