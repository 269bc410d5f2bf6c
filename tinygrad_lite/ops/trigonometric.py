"""Trigonometric and hyperbolic functions, element by element."""

from __future__ import annotations

import numpy as np

from ..apply import op
from ..backend import Array

__all__ = ["tanh"]
IN_PLACE = __all__

@op(x=lambda g, out: g * (1 - out * out))
def tanh(x: Array) -> Array:
    """Hyperbolic tangent: tanh' = 1 - tanh²."""
    return np.tanh(x)
