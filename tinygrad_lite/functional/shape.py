"""Shape: the same numbers in another arrangement, or several tensors as one.

If no number has to move in memory, the result is a view: it shares memory with the input, as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..axes import Dim, axes_of, axis_of, numpy_names, size_of, sizes_by_name
from ..dtypes import as_dtype
from ..operands import all_tensors, order_of_axes, same_dtype
from ..ops import shape as shapes

__all__ = ["reshape", "permute", "transpose", "squeeze", "unsqueeze", "flatten", "broadcast_to", "cat", "stack", "clone"]
METHODS = ["view", "expand"]


def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy with its own memory, in row-major order; with memory_format=channels_last, the numbers of the channels (dim 1) lie
    side by side. Gradients flow back through it.
    """
    axes = None if memory_format is None else order_of_axes("clone", memory_format, input.array.ndim)
    if axes is None:
        return shapes.clone(input)
    out = shapes.clone(shapes.permute(input, axes=axes))
    return shapes.permute(out, axes=shapes.inverse(axes))


@sizes_by_name
def reshape(input: Tensor, *shape: Any) -> Tensor:
    """The same numbers in another shape, in row-major order. One size may be -1: it is computed. A view if possible.
    >>> tensor([1, 2, 3, 4]).reshape(2, -1)
    tensor([[1, 2],
            [3, 4]])
    """
    size = size_of(shape)
    if size and min(size) < -1:
        raise RuntimeError(f"reshape: {list(size)} is not a shape: one size may be -1, the others count")
    try:
        return shapes.reshape(input, shape=size)
    except RuntimeError as error:
        what = f"{input.dtype}{list(input.shape)} has {input.numel()} numbers, which do not fill shape {list(size)}"
        raise RuntimeError(f"reshape: {what}{' (one size may be -1)' if min(size, default=0) < 0 else ''}") from error


@sizes_by_name
def view(input: Tensor, *size: Any) -> Tensor:
    """As reshape(), but never a copy: RuntimeError if the order of the memory does not allow a view. x.view(int32) has the
    bytes of the same memory as numbers of another dtype; gradients stop there.
    """
    if len(size) == 1 and isinstance(size[0], (np.dtype, type)):
        return _as_dtype(input, size[0])
    try:
        out = reshape(input, *size)
    except RuntimeError as error:
        raise RuntimeError(str(error).replace("reshape", "view", 1)) from error
    if not np.shares_memory(out.array, input.array) and out.array.size:
        raise RuntimeError(
            f"view: shape {list(size_of(size))} cannot be a view of this tensor's memory "
            f"(shape {list(input.shape)}, strides {input.array.strides}); use reshape()"
        )
    return out


def _as_dtype(x: Tensor, dtype: Any) -> Tensor:
    dtype = as_dtype(dtype)
    try:
        return Tensor._of(x.array.view(dtype)) if dtype != x.dtype else reshape(x, x.shape)
    except ValueError as error:
        raise RuntimeError(f"view: {x.dtype}{list(x.shape)} cannot be seen as {dtype}: {error}") from error


@sizes_by_name
def permute(input: Tensor, *dims: Any) -> Tensor:
    """The axes in another order: axis i of the result is axis dims[i]. Shape (2, 3, 4) by (2, 0, 1) is (4, 2, 3). A view."""
    order = size_of(dims)
    ndim = input.array.ndim
    if len(order) != ndim:
        raise RuntimeError(f"permute: {len(order)} dims for a tensor of {ndim} dimensions")
    return shapes.permute(input, axes=axes_of(order, ndim, "permute"))


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two axes swapped: shape (2, 3, 4) with 0 and -1 is (4, 3, 2). A view."""
    ndim = input.array.ndim
    i, j = axis_of(dim0, ndim, "transpose"), axis_of(dim1, ndim, "transpose")
    axes = list(range(ndim))
    if axes:
        axes[i], axes[j] = j, i
    return shapes.permute(input, axes=tuple(axes))


@numpy_names
def squeeze(input: Tensor, dim: Dim = None, *, axis: Dim = None) -> Tensor:
    """Without axes of length one: all such axes, or those among `dim`. A view.
    >>> zeros(1, 2, 1).squeeze().shape, zeros(1, 2, 1).squeeze(0).shape
    (torch.Size([2]), torch.Size([2, 1]))
    """
    shape = input.array.shape
    axes = axes_of(dim, len(shape), "squeeze") if dim is None or dim != () else ()
    return shapes.reshape(input, shape=tuple([n for i, n in enumerate(shape) if n != 1 or i not in axes]))


@numpy_names
def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new axis of length one at `dim`: shape (2, 3) with -1 is (2, 3, 1). A view."""
    shape = input.array.shape
    i = axis_of(dim, len(shape) + 1, "unsqueeze")
    return shapes.reshape(input, shape=(*shape[:i], 1, *shape[i:]))


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The axes from start_dim to end_dim as one axis: shape (2, 3, 4) from 1 is (2, 12)."""
    shape = input.array.shape
    start, end = axis_of(start_dim, len(shape), "flatten"), axis_of(end_dim, len(shape), "flatten")
    if start > end:
        raise RuntimeError(f"flatten: start_dim {start_dim} comes after end_dim {end_dim}")
    if start == end and shape:
        return input
    return shapes.reshape(input, shape=(*shape[:start], prod(shape[start : end + 1]), *shape[end + 1 :]))


@sizes_by_name
def expand(input: Tensor, *size: Any) -> Tensor:
    """x repeated, without copying, along axes of length one and along new axes in front; -1 keeps the size of an axis.
    >>> tensor([[1], [2]]).expand(-1, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    wanted, shape = size_of(size), input.array.shape
    new = len(wanted) - len(shape)  # axes in front
    full = tuple([shape[i - new] if n == -1 and i >= new else n for i, n in enumerate(wanted)])
    fits = new >= 0 and all(n >= 0 for n in full) and all(m in (1, n) for m, n in zip(shape, full[new:]))
    if not fits:
        raise RuntimeError(f"expand: shape {list(shape)} cannot be expanded to {list(wanted)}; only axes of length 1 repeat")
    return shapes.expand(input, shape=full)


broadcast_to = expand


@numpy_names
def cat(tensors: Sequence[Tensor], dim: int = 0, *, axis: int = 0) -> Tensor:
    """Tensors joined along an axis; all other sizes must agree. Empty 1-D tensors are left out, as in PyTorch.
    >>> cat([tensor([1, 2]), tensor([3])])
    tensor([1, 2, 3])
    """
    if isinstance(tensors, Tensor) or not len(tensors):
        kind = TypeError if isinstance(tensors, Tensor) else ValueError
        raise kind("cat: expected a non-empty list or tuple of Tensors")
    all_tensors("cat", tensors)
    if any(x.array.ndim == 0 for x in tensors):
        raise RuntimeError("cat: a 0-d tensor has no axis to join along; use stack()")
    xs = same_dtype(*tensors)
    shape = next((x.array.shape for x in xs if x.array.shape != (0,)), (0,))
    along = axis_of(dim, len(shape), "cat") if shape != (0,) else 0
    nothing = (*shape[:along], 0, *shape[along + 1 :])
    xs = [x if x.array.shape != (0,) else reshape(x, nothing) for x in xs]
    for x in xs:
        others = [n for i, n in enumerate(x.array.shape) if i != along]
        if x.array.ndim != len(shape) or others != [n for i, n in enumerate(shape) if i != along]:
            shapes_given = ", ".join(str(list(x.array.shape)) for x in tensors)
            raise RuntimeError(f"cat: all sizes except that of dim {dim} must agree, got {shapes_given}")
    ends = tuple(accumulate([x.array.shape[along] for x in xs]))
    return shapes.cat(*xs, axis=along, ends=ends)


@numpy_names
def stack(tensors: Sequence[Tensor], dim: int = 0, *, axis: int = 0) -> Tensor:
    """Tensors of the same shape joined along a new axis.
    >>> stack([tensor([1, 2]), tensor([3, 4])])
    tensor([[1, 2],
            [3, 4]])
    """
    if isinstance(tensors, Tensor) or not len(tensors):
        kind = TypeError if isinstance(tensors, Tensor) else RuntimeError
        raise kind("stack: expected a non-empty list or tuple of Tensors")
    all_tensors("stack", tensors)
    found = {x.array.shape for x in tensors}
    if len(found) > 1:
        raise RuntimeError(f"stack: tensors must have the same shape, got {', '.join(str(list(s)) for s in sorted(found))}")
    along = axis_of(dim, tensors[0].array.ndim + 1, "stack")
    return cat([unsqueeze(x, along) for x in tensors], along)
