"""Reductions: sums, means, extremes and their positions, over one axis, several, or all.

They take NumPy's `axis` and `keepdims` as well as PyTorch's `dim` and `keepdim`.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple, overload

import numpy as np

from .._tensor import Tensor
from ..axes import Dim, axes_of, axis_of, numpy_names
from ..dtypes import get_default_dtype, int64, uint8
from ..operands import as_array
from ..ops import choice, indexing, reduction
from ..ops import shape as shapes
from ..ops.neural import softmax
from ..printing import as_result_of
from .shape import squeeze

__all__ = ["sum", "mean", "amax", "amin", "argmax", "argmin", "max", "min", "all", "any", "logsumexp"]


def _chosen_axes(x: Tensor, dim: Dim, what: str) -> tuple[int, ...]:
    axes = axes_of(dim, x.array.ndim, what)
    if x.array.size == 0 and (dim is None or 0 in [x.array.shape[i] for i in axes]):
        kind = IndexError if dim is not None or what.startswith("arg") else RuntimeError  # as in PyTorch
        raise kind(f"{what}: there are no elements to choose from along axes {axes} of shape {list(x.array.shape)}")
    return axes


def _nonempty(x: Tensor, what: str) -> Tensor:
    _chosen_axes(x, None, what)
    return x


@numpy_names
def sum(
    input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None, axis: Dim = None, keepdims: bool = False
) -> Tensor:
    """Σ x over an axis, several, or all. Integers and bools are summed in int64.
    >>> x = tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> x.sum(), x.sum(0), x.sum(dim=-1, keepdim=True).shape
    (tensor(10.), tensor([4., 6.]), torch.Size([2, 1]))
    """
    if dtype is not None or input.array.dtype.kind != "f":
        input = input.to(int64 if dtype is None else dtype)
    return reduction.sum(input, axis=axes_of(dim, input.array.ndim, "sum"), keepdims=keepdim)


@numpy_names
def mean(
    input: Tensor, dim: Dim = None, keepdim: bool = False, *, dtype: Any = None, axis: Dim = None, keepdims: bool = False
) -> Tensor:
    """Σ x / n over an axis, several, or all; nan if n = 0. RuntimeError for integers: cast them first.
    >>> tensor([[1.0, 2.0], [3.0, 4.0]]).mean(0)
    tensor([2., 3.])
    """
    axes = axes_of(dim, input.array.ndim, "mean")
    if dtype is not None:
        input = input.to(dtype)
    if input.array.dtype.kind != "f":
        raise RuntimeError(f"mean: needs a floating dtype, got {input.dtype}; use x.float().mean() or give dtype=")
    return reduction.mean(input, axis=axes, keepdims=keepdim, n=prod([input.array.shape[i] for i in axes]))


@numpy_names
def amax(input: Tensor, dim: Dim = None, keepdim: bool = False, *, axis: Dim = None, keepdims: bool = False) -> Tensor:
    """The largest x over an axis, several, or all (amin: the smallest). Equal largest numbers share the gradient equally.
    >>> tensor([[1.0, 4.0], [3.0, 2.0]]).amax(1)
    tensor([4., 3.])
    """
    return reduction.amax(input, axis=_chosen_axes(input, dim, "amax"), keepdims=keepdim)


@numpy_names
def amin(input: Tensor, dim: Dim = None, keepdim: bool = False, *, axis: Dim = None, keepdims: bool = False) -> Tensor:
    """The smallest x over an axis, several, or all; see amax."""
    return reduction.amin(input, axis=_chosen_axes(input, dim, "amin"), keepdims=keepdim)


@numpy_names
def argmax(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, axis: int | None = None, keepdims: bool = False
) -> Tensor:
    """The position of the largest x along an axis, or in the flattened tensor if none is given; int64, the first of equals.
    >>> tensor([[1.0, 4.0], [3.0, 2.0]]).argmax(1)
    tensor([1, 0])
    """
    return _place(np.argmax, input, dim, keepdim)


@numpy_names
def argmin(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, axis: int | None = None, keepdims: bool = False
) -> Tensor:
    """The position of the smallest x; see argmax."""
    return _place(np.argmin, input, dim, keepdim)


def _place(search: Callable[..., Any], input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    x = input.array
    axes = _chosen_axes(input, dim, search.__name__)
    out = search(x) if dim is None or not x.ndim else search(x, axis=axes[0], keepdims=keepdim)
    return Tensor._of(as_array(out).reshape((1,) * x.ndim) if keepdim and dim is None else as_array(out))


class Extremum(NamedTuple):
    """What max(dim) and min(dim) return: the extreme values, and their positions along the axis."""

    values: Tensor
    indices: Tensor


# One class for each function, so that it prints under that name.
EXTREMUM: dict[str, type[Extremum]] = {
    name: as_result_of(name)(type(name, (Extremum,), {"__slots__": (), "__module__": __name__}))
    for name in ("max", "min", "cummax", "cummin")
}


@overload
def max(input: Tensor, dim: Tensor | None = None) -> Tensor: ...
@overload
def max(input: Tensor, dim: int, keepdim: bool = False) -> Extremum: ...
@overload
def max(input: Tensor, *, axis: int, keepdims: bool = False) -> Extremum: ...
@numpy_names
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest x (min: the smallest). With a dim: (values, indices) along it, with the index of the first of equals.
    max(x, y) of two Tensors is maximum(x, y).
    >>> x = tensor([[1.0, 4.0], [3.0, 2.0]])
    >>> x.max(), x.max(dim=0).values, x.max(dim=0).indices
    (tensor(4.), tensor([3., 4.]), tensor([1, 0]))
    """
    if isinstance(dim, Tensor):
        return choice.maximum(input, dim)
    return _picked(input, dim, keepdim, argmax, "max") if dim is not None else reduction.largest(_nonempty(input, "max"))


@overload
def min(input: Tensor, dim: Tensor | None = None) -> Tensor: ...
@overload
def min(input: Tensor, dim: int, keepdim: bool = False) -> Extremum: ...
@overload
def min(input: Tensor, *, axis: int, keepdims: bool = False) -> Extremum: ...
@numpy_names
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest x. With a dim: (values, indices) along it. min(x, y) of two Tensors is minimum(x, y). See max."""
    if isinstance(dim, Tensor):
        return choice.minimum(input, dim)
    return _picked(input, dim, keepdim, argmin, "min") if dim is not None else reduction.smallest(_nonempty(input, "min"))


def _picked(input: Tensor, dim: int, keepdim: bool, search: Callable[..., Tensor], what: str) -> Extremum:
    found = EXTREMUM[what]
    if not input.array.ndim:
        return found(shapes.clone(input), search(input, dim))
    axis = axis_of(dim, input.array.ndim, what)
    index = search(input, axis, keepdim=True)
    values = indexing.gather(input, index=index.array, axis=axis)
    return found(values, index) if keepdim else found(squeeze(values, axis), squeeze(index, axis))


@numpy_names
def all(input: Tensor, dim: Dim = None, keepdim: bool = False, *, axis: Dim = None, keepdims: bool = False) -> Tensor:
    """Whether all x, over an axis, several, or all, are true (not 0)."""
    axes = (
        () if dim == () else axes_of(dim, input.array.ndim, "all")
    )  # as in PyTorch, an empty tuple means none of the axes here
    out = as_array(input.array.all(axes, keepdims=keepdim))
    return Tensor._of(out.astype(uint8) if input.array.dtype == uint8 else out)  # as in PyTorch


@numpy_names
def any(input: Tensor, dim: Dim = None, keepdim: bool = False, *, axis: Dim = None, keepdims: bool = False) -> Tensor:
    """Whether any x, over an axis, several, or all, is true (not 0)."""
    axes = (
        () if dim == () else axes_of(dim, input.array.ndim, "any")
    )  # as in PyTorch, an empty tuple means none of the axes here
    out = as_array(input.array.any(axes, keepdims=keepdim))
    return Tensor._of(out.astype(uint8) if input.array.dtype == uint8 else out)


@numpy_names
def logsumexp(input: Tensor, dim: Dim, keepdim: bool = False) -> Tensor:
    """log Σ e^x over an axis or several, without overflow.
    >>> tensor([1000.0, 1000.0]).logsumexp(0)
    tensor(1000.6932)
    """
    x = input if input.array.dtype.kind == "f" else input.to(get_default_dtype())
    return softmax.logsumexp(x, axis=axes_of(dim, x.array.ndim, "logsumexp"), keepdims=keepdim)
