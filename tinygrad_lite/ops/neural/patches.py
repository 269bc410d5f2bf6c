"""The windows of an image as columns, and columns added up to an image: each is the derivative of the other."""

from __future__ import annotations

from ...apply import op
from ...backend import Array, array_module
from .grid import Grid, way

__all__: list[str] = []

# Made of views (windows along one axis, then along the other, and a copy), both took 2 to 4 times as long as in PyTorch: the
# innermost loops were along the kernel, here they are along the rows of the image. (16, 16, 28, 28) and a kernel of 3 by 3,
# forward and backward: 1.8 ms, of views 8.0, PyTorch 3.0.
@op(x=lambda g, grid: from_columns(g, grid=grid))
def to_columns(x: Array, *, grid: Grid) -> Array:
    """(N, C, *size) -> (N, C, k, *places). With another axis in front, of size 1, the Plan has a column for each k."""
    plan = way(grid, False).plans[0]
    out = array_module(x).zeros((*x.shape[:2], len(plan.columns), *grid.places[1:]), x.dtype)
    for k, (filled, taken) in enumerate(plan.columns):
        out[:, :, k][(..., *filled)] = x[(..., *taken)]
    return out

@op(x=lambda g, grid: to_columns(g, grid=grid))
def from_columns(x: Array, *, grid: Grid) -> Array:
    """(N, C, k, *places) -> (N, C, *size)."""
    out = array_module(x).zeros((*x.shape[:2], *grid.size[1:]), x.dtype)
    for k, (filled, taken) in enumerate(way(grid, False).plans[0].columns):
        out[(..., *taken)] += x[:, :, k][(..., *filled)]
    return out
