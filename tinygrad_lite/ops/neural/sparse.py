"""Rows of a table, looked up by index. Most rows get no gradient: it is sparse, but kept in an array of the table's shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...apply import op
from ...backend import Array
from ..indexing import index_add, setitem


# Unlike x[index], it can say what part of its gradient a row gets. And take is twice as fast.
@op(x=lambda g, shape, index, drop, share: index_add(partly(g, drop, share), shape=shape, index=(index,), once=False))
def embedding(x: Array, *, index: Array, drop: Array | None = None, share: Array | None = None) -> Array:
    """x[index], for indices in 0 ... len(x) - 1. Where `drop` is true, the row gets no gradient, elsewhere g · share."""
    return x.take(index, 0) if isinstance(x, np.ndarray) else x[index]

def partly(g: Any, drop: Array | None, share: Array | None) -> Any:
    """g · share, and 0 where `drop` is true."""
    g = g if share is None else g * share[..., None]
    return g if drop is None else setitem(g, 0, index=drop)
