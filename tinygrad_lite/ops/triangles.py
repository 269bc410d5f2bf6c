"""The triangles of a matrix: what is below, and what is above a diagonal; the rest is 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..apply import op
from ..backend import Array
from .shape import mT


@op(x=lambda g, k: tril(g, k=k))
def tril(x: Array, *, k: int) -> Array:
    """x on and below the diagonal k (0 is the main one, 1 the next above it), 0 elsewhere, even where x is inf or nan."""
    return np.tril(x, k)

@op(x=lambda g, k: triu(g, k=k))
def triu(x: Array, *, k: int) -> Array:
    """x on and above the diagonal k, 0 elsewhere; see tril."""
    return np.triu(x, k)

def symmetric(x: Any) -> Any:
    """The symmetric matrix with the lower triangle of x."""
    return tril(x, k=0) + mT(tril(x, k=-1))
