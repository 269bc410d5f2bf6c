"""Differences of neighbours along an axis; slopes, which are quotients of them, and integrals by the trapezoidal rule, sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._tensor import Tensor
from ..axes import axis_of, numpy_names
from ..operands import as_array
from ..ops import shape as shapes
from .reduction import sum
from .scan import cumsum
from .shape import cat, reshape

__all__ = ["diff", "gradient", "trapezoid", "trapz", "cumulative_trapezoid"]
NOT_METHODS = ["gradient"]


def _neighbours(x: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """All numbers along the axis but the first, and all but the last: views."""
    n = x.array.shape[axis]
    return shapes.narrow(x, axis=axis, start=min(1, n), stop=n), shapes.narrow(x, axis=axis, start=0, stop=max(n - 1, 0))


@numpy_names
def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None, *, axis: int = -1
) -> Tensor:
    """The differences x[i+1] - x[i] along an axis, taken n times. `prepend` and `append` are joined to x first.
    >>> tensor([1.0, 4.0, 9.0]).diff(), tensor([1.0, 4.0, 9.0]).diff(n=2)
    (tensor([3., 5.]), tensor([2.]))
    """
    if not input.array.ndim:
        raise RuntimeError("diff: a 0-d tensor has no neighbours; it needs at least one dimension")
    along = axis_of(dim, input.array.ndim, "diff")
    if n < 0:
        raise RuntimeError(f"diff: n must be at least 0, got {n}")
    if not n:
        return shapes.clone(input)
    for part in (prepend, append):
        if part is not None and part.array.ndim != input.array.ndim:
            raise RuntimeError(f"diff: shapes {list(part.shape)} and {list(input.shape)} need the same number of dimensions")
    parts = [part for part in (prepend, input, append) if part is not None]
    x = cat(parts, along) if len(parts) > 1 else input
    for _ in range(min(n, x.array.shape[along])):
        upper, lower = _neighbours(x, along)
        x = Tensor._of(as_array(upper.array ^ lower.array)) if x.array.dtype == np.bool_ else upper - lower
    return x


def gradient(input: Tensor, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> tuple[Tensor, ...]:
    """The derivative along each axis of `dim` (None: all), from neighbouring numbers: between two neighbours the slope is the
    difference over the distance; at each number it is the mean of the slopes on both sides, the nearer neighbour counting
    more. `spacing` is the distance (1), or a list with one for each axis, or of the vectors of coordinates. At the edges it is
    the only slope there is; with edge_order=2, the parabola through three numbers gives it.
    https://pytorch.org/docs/stable/generated/torch.gradient.html
    >>> gradient(tensor([1.0, 2.0, 4.0, 8.0]))
    (tensor([1.0000, 1.5000, 3.0000, 4.0000]),)
    """
    ndim = input.array.ndim
    axes = (
        list(range(ndim))
        if dim is None
        else [axis_of(n, ndim, "gradient") for n in (dim if isinstance(dim, (list, tuple)) else [dim])]
    )
    if len(set(axes)) < len(axes):
        raise RuntimeError(f"gradient: dim {dim} names an axis twice")
    spacing = 1 if spacing is None else spacing.item() if isinstance(spacing, Tensor) else spacing
    spaces = list(spacing) if isinstance(spacing, (list, tuple)) else [spacing] * len(axes)
    if len(spaces) != len(axes):
        raise RuntimeError(f"gradient: there must be one spacing for each of {len(axes)} axes, got {len(spaces)}")
    if edge_order not in (1, 2):
        raise RuntimeError(f"gradient: edge_order is 1 or 2, got {edge_order}")
    if input.array.dtype.kind in "ub":
        raise RuntimeError(f"gradient: not defined for {input.dtype}; cast to float first: x.float()")
    return tuple([_gradient(input, axis, space, edge_order) for axis, space in zip(axes, spaces)])


def _gradient(x: Tensor, axis: int, space: Any, edge_order: int) -> Tensor:
    """The derivative of x along one axis; `space` is the distance of neighbours, or a vector of coordinates."""
    n = x.array.shape[axis]
    if n <= edge_order:
        raise RuntimeError(f"gradient: edge_order={edge_order} needs {edge_order + 1} numbers along axis {axis}, got {n}")
    if isinstance(space, Tensor):
        if space.array.shape != (n,):
            raise RuntimeError(f"gradient: expected {n} coordinates for axis {axis}, got shape {list(space.shape)}")
        space = reshape(diff(space), [-1 if i == axis else 1 for i in range(x.array.ndim)])
    slopes = diff(x, dim=axis) / space
    left, right = _neighbours(slopes, axis)[::-1]
    share: Any = 0.5  # of the right slope, which has more of it the nearer the right neighbour is
    if isinstance(space, Tensor):
        to_right, to_left = _neighbours(space, axis)
        share = to_left / (to_left + to_right)
    inner = left + share * (right - left)
    first, last = [shapes.narrow(slopes, axis=axis, start=i, stop=i + 1) for i in (0, n - 2)]
    if edge_order == 2:
        at_first, at_last = [shapes.narrow(inner, axis=axis, start=i, stop=i + 1) for i in (0, n - 3)]
        first, last = 2 * first - at_first, 2 * last - at_last
    return cat([first, inner, last], axis)


@numpy_names
def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1, axis: int = -1) -> Tensor:
    """The integral of y along an axis by the trapezoidal rule: Σ (y[i] + y[i+1]) / 2 · (x[i+1] - x[i]), or with steps of dx, of
    1 if neither is given.
    >>> trapezoid(tensor([1.0, 2.0, 3.0])), trapezoid(tensor([1.0, 2.0]), tensor([0.0, 3.0]))
    (tensor(4.), tensor(4.5000))
    """
    along, steps = _steps(y, x, dx, dim, "trapezoid")
    left, right = _neighbours(y, along)
    return sum((left + right) * steps, along) / 2


trapz = trapezoid


@numpy_names
def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: Any = None, dim: int = -1, axis: int = -1) -> Tensor:
    """The integral of y up to each place along an axis; see trapezoid.
    >>> cumulative_trapezoid(tensor([1.0, 2.0, 3.0]))
    tensor([1.5000, 4.0000])
    """
    along, steps = _steps(y, x, dx, dim, "cumulative_trapezoid")
    left, right = _neighbours(y, along)
    return cumsum((left + right) * steps, along) / 2


def _steps(y: Tensor, x: Tensor | None, dx: Any, dim: int, what: str) -> tuple[int, Any]:
    """The axis, and the widths of the steps along it."""
    if not isinstance(y, Tensor) or not isinstance(x, (Tensor, type(None))) or (x is not None and dx is not None):
        raise TypeError(f"{what}: expected a Tensor y, and a Tensor x or a number dx, not both")
    if y.array.dtype.kind == "b" or (x is not None and x.array.dtype.kind == "b"):
        raise RuntimeError(f"{what}: not defined for bools; cast to float first")
    axis = axis_of(dim, y.array.ndim, what)
    if x is None:
        return axis, 1 if dx is None else dx
    ndim = y.array.ndim
    if x.array.ndim == 1:
        if x.array.size != y.array.shape[axis]:
            raise RuntimeError(
                f"{what}: there must be one x for each y along dim {dim}, got {x.array.size} for {list(y.shape)}"
            )
        x = reshape(x, [-1 if i == axis else 1 for i in range(ndim)])
    elif x.array.ndim < ndim:
        x = reshape(x, [1] * (ndim - x.array.ndim) + list(x.shape))
    right, left = _neighbours(x, axis)
    return axis, right - left
