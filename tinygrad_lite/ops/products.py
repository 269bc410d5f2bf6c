"""Products of vectors that are not matrix products."""

from __future__ import annotations

import numpy as np

from ..apply import op
from ..backend import Array


# Not from slices and products of Tensors: that would be 13 steps on the tape.
@op(x=lambda g, y, axis: cross(y, g, axis=axis),
    y=lambda g, x, axis: cross(g, x, axis=axis))
def cross(x: Array, y: Array, *, axis: int) -> Array:
    """The vector product x × y along an axis of length 3. As g · (x × y) = x · (y × g), x receives y × g."""
    u, v = np.moveaxis(x, axis, 0), np.moveaxis(y, axis, 0)
    parts = [u[i] * v[j] - u[j] * v[i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return np.stack(parts, axis)
