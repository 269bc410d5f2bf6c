"""The product and the sum of a linear layer, in one step."""

from __future__ import annotations

from math import prod
from typing import Any

from ...apply import op
from ...backend import Array
from ..reduction import summed


def rows(x: Any) -> Any:
    """x as a matrix: all axes except the last become one."""
    return x if len(x.shape) == 2 else x.reshape((prod(x.shape[:-1]), x.shape[-1]))

# One step instead of three (transpose, matmul, add); and the gradients of weight and bias take one product and one sum, for a
# batch of any shape. For two matrices, x.dot(w) is x @ w at half the overhead; for more axes it takes ten times as long.
@op(x=lambda g, weight: (rows(g) @ weight).reshape((*g.shape[:-1], weight.shape[1])),
    weight=lambda g, x: rows(g).T @ rows(x),
    bias=lambda g: summed(rows(g), 0))
def linear(x: Array, weight: Array, bias: Array | None) -> Array:
    """x Wᵀ + b: (..., in), (out, in), (out) or None -> (..., out)."""
    out = x.dot(weight.T) if x.ndim < 3 else rows(x).dot(weight.T).reshape((*x.shape[:-1], len(weight)))
    if bias is not None:
        out += bias
    return out
