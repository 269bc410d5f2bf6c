"""Activations: functions that a layer applies to each of its numbers."""

from __future__ import annotations

import numpy as np

from ...apply import op
from ...backend import Array
from ..choice import masked

__all__ = ["sigmoid"]
METHODS = FUNCTIONS = IN_PLACE = ["relu", "sigmoid"]

@op(x=lambda g, out: masked(g, ~(out <= 0)))
def relu(x: Array) -> Array:
    """max(x, 0); its derivative at 0 is 0."""
    return np.maximum(x, 0)

@op(x=lambda g, out: g * ((1 - out) * out))
def sigmoid(x: Array) -> Array:
    """1 / (1 + e^-x): sigmoid' = sigmoid (1 - sigmoid). If e^-x overflows, the result is 0, which is right.
    >>> tensor([0.0, 100.0, -1000.0]).sigmoid()
    tensor([0.5000, 1.0000, 0.0000])
    """
    return 1 / (1 + np.exp(0.0 - x))  # not -x, which NumPy refuses for bools
