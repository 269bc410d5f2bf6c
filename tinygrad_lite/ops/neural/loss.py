"""Losses that are one step because every training takes it, or because no composition has the right derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...apply import op
from ...backend import Array
from ..indexing import index_add
from .activation import sigmoid


# Pick, minus and mean in one step, because every training of a classifier takes it.
@op(x=lambda g, shape, index, n: index_add(-g / n, shape=shape, index=index, once=True))
def nll(x: Array, *, index: Any, n: int) -> Array:
    """-Σ x[index] / n: the negative log-likelihood, for log-probabilities x and one index a row."""
    return -x[index].sum() / n

# One step, because no composition has its derivative right at 0, where max and |x| have a kink, and at ±∞ as well; and
# because σ(x) - y, unlike (1 - y) - σ(-x), keeps its digits where it is small.
@op(x=lambda g, x, y: g * (sigmoid(x) - y), y=lambda g, x: -g * x)
def bce_with_logits(x: Array, y: Array) -> Array:
    """The loss of each logit x and target y."""
    return (1 - y) * x + np.maximum(-x, 0) + np.log1p(np.exp(-np.absolute(x)))
