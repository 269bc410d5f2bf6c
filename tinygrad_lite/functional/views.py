"""Views: parts and arrangements of the same memory. As in PyTorch, a write to a view shows in the tensor that it is a view of.

https://pytorch.org/docs/stable/tensor_view.html lists PyTorch's views; what is a view there is one here.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod
from operator import index as as_int
from typing import Any

import numpy as np

from .._tensor import Tensor
from ..axes import Size, axes_of, axis_of, size_of
from ..backend import array_module
from ..ops import arrangement, indexing
from ..ops import shape as shapes
from .memory import becomes_view, contiguous, storage_offset, stride
from .shape import expand, reshape, transpose, view

# fmt: off
__all__ = [
    "movedim", "moveaxis", "swapaxes", "swapdims", "t", "adjoint", "select", "narrow", "unbind", "split", "split_with_sizes",
    "chunk", "tensor_split", "hsplit", "vsplit", "dsplit", "unsafe_split", "unsafe_split_with_sizes", "unsafe_chunk",
    "diagonal", "unflatten", "ravel", "broadcast_tensors", "broadcast_shapes", "as_strided", "as_strided_",
    "select_scatter", "slice_scatter", "diagonal_scatter", "narrow_copy",
]
# fmt: on
METHODS = ["expand_as", "view_as", "reshape_as", "unfold"]


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """x.expand(other.shape)."""
    return expand(input, other.shape)


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """x.view(other.shape)."""
    return view(input, other.shape)


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """x.reshape(other.shape)."""
    return reshape(input, other.shape)


# Axes in another order


def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Axes moved to other positions; the others keep their order. Shape (2, 3, 4) from 0 to -1 is (3, 4, 2). A view.
    >>> zeros(2, 3, 4).movedim((0, 1), (-1, 0)).shape
    torch.Size([3, 4, 2])
    """
    pair = [[dim] if isinstance(dim, int) else list(dim) for dim in (source, destination)]
    ndim = input.array.ndim
    if len(pair[0]) != len(pair[1]):
        raise RuntimeError(f"movedim: source {source} and destination {destination} must have the same length")
    sources, targets = [axes_of(dims, ndim, "movedim") if dims else () for dims in pair]
    rest = iter([axis for axis in range(ndim) if axis not in sources])
    moved = dict(zip(targets, sources))
    return shapes.permute(input, axes=tuple([moved[i] if i in moved else next(rest) for i in range(ndim)]))


def moveaxis(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """As movedim()."""
    return movedim(input, source, destination)


def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """As transpose()."""
    return transpose(input, axis0, axis1)


def swapdims(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """As transpose()."""
    return transpose(input, dim0, dim1)


def t(input: Tensor) -> Tensor:
    """The transpose of a matrix; tensors of fewer dimensions as they are. A view. RuntimeError for more than two dimensions.
    >>> tensor([[1, 2], [3, 4]]).t()
    tensor([[1, 3],
            [2, 4]])
    """
    ndim = input.array.ndim
    if ndim > 2:
        raise RuntimeError(f"t: expected a tensor of at most 2 dimensions, got {ndim}; use transpose(dim0, dim1) or mT")
    return shapes.permute(input, axes=tuple(range(ndim))[::-1])


def adjoint(input: Tensor) -> Tensor:
    """Each matrix transposed: for real numbers the same as mT. A view."""
    if input.array.ndim < 2:
        raise RuntimeError(f"adjoint: a matrix has two dimensions or more, this tensor has {input.array.ndim}")
    return shapes.mT(input)  # type: ignore[no-any-return]


# Parts


def select(input: Tensor, dim: int, index: int | Tensor) -> Tensor:
    """One slice of an axis, without that axis: x.select(1, 0) is x[:, 0]. A view.
    >>> tensor([[1, 2], [3, 4]]).select(1, 0)
    tensor([1, 3])
    """
    shape = input.array.shape
    if not shape:
        raise IndexError("select: a 0-d tensor has no axis to select from")
    axis, i = axis_of(dim, len(shape), "select"), as_int(index)
    if not -shape[axis] <= i < shape[axis]:
        raise IndexError(f"select: index {i} is out of range for dim {dim} of size {shape[axis]}")
    return indexing.getitem(input, index=(*(slice(None),) * axis, i, Ellipsis), once=True)


def narrow(input: Tensor, dim: int, start: int | Tensor, length: int) -> Tensor:
    """The part of an axis from `start`, of a length: x.narrow(1, 2, 3) is x[:, 2:5]. A view. `start` may be negative.
    >>> tensor([1, 2, 3, 4]).narrow(0, 1, 2)
    tensor([2, 3])
    """
    shape = input.array.shape
    if not shape:
        raise RuntimeError("narrow: a 0-d tensor cannot be narrowed")
    if isinstance(start, Tensor) and (start.array.ndim or start.is_floating_point() or start.array.dtype.kind == "b"):
        raise RuntimeError(f"narrow: start must be an int or a 0-d integer tensor, got {start.dtype}{list(start.shape)}")
    axis = axis_of(dim, len(shape), "narrow")
    n, first, many = shape[axis], as_int(start), as_int(length)
    if many < 0:
        raise RuntimeError(f"narrow: length {many} is negative")
    if not -n <= first <= n:
        raise IndexError(f"narrow: start {first} is out of range for dim {dim} of size {n} (expected {-n} to {n})")
    first += n if first < 0 else 0
    if first + many > n:
        raise RuntimeError(f"narrow: start {first} and length {many} go beyond dim {dim} of size {n}")
    return shapes.narrow(input, axis=axis, start=first, stop=first + many)


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """All slices of an axis, as a tuple of views: x.unbind(0) is (x[0], x[1], ...).
    >>> tensor([[1, 2], [3, 4]]).unbind(1)
    (tensor([1, 3]), tensor([2, 4]))
    """
    shape = input.array.shape
    if not shape:
        raise IndexError("unbind: a 0-d tensor has no axis to take apart")
    front = (slice(None),) * axis_of(dim, len(shape), "unbind")
    n = shape[len(front)]
    return tuple([indexing.getitem(input, index=(*front, i, Ellipsis), once=True) for i in range(n)])


def split(
    input: Tensor, split_size_or_sections: int | Sequence[int] | None = None, dim: int = 0, *, split_size: Any = None
) -> tuple[Tensor, ...]:
    """Parts of an axis, as views: parts of one size, of which the last may be smaller, or parts of the sizes in a list.
    PyTorch's method calls the second argument split_size, so both names are accepted.
    https://pytorch.org/docs/stable/generated/torch.split.html
    >>> split(tensor([1, 2, 3, 4, 5]), 2)
    (tensor([1, 2]), tensor([3, 4]), tensor([5]))
    """
    given: Any = split_size if split_size_or_sections is None else split_size_or_sections
    if isinstance(given, (list, tuple)):
        return split_with_sizes(input, given, dim)
    axis, n = _axis_and_size(input, dim, "split")
    size = as_int(given)
    if size < 0 or (size == 0 and n):
        raise RuntimeError(f"split: the size of a part must be positive, got {size} (dim {dim} has size {n})")
    return _parts(input, axis, [min(end, n) for end in range(size, n + size, size)] if n else [0])


def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Parts of an axis, as views, of the sizes in a list. RuntimeError if their sum is not the size of the axis.
    >>> tensor([1, 2, 3]).split_with_sizes([1, 2])
    (tensor([1]), tensor([2, 3]))
    """
    axis, n = _axis_and_size(input, dim, "split_with_sizes")
    sizes = size_of((tuple(split_sizes),))
    if sum(sizes) != n or min(sizes, default=0) < 0:
        raise RuntimeError(f"split: the sizes {list(sizes)} must not be negative and must sum to {n}, the size of dim {dim}")
    return _parts(input, axis, list(accumulate(sizes)))


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` parts of an axis, as views, all of one size except the last.
    >>> tensor([1, 2, 3, 4, 5]).chunk(3)
    (tensor([1, 2]), tensor([3, 4]), tensor([5]))
    """
    axis, n = _axis_and_size(input, dim, "chunk")
    if as_int(chunks) <= 0:
        raise RuntimeError(f"chunk: the number of chunks must be positive, got {chunks}")
    size = -(-n // chunks)
    return _parts(input, axis, [min(end, n) for end in range(size, n + size, size)] if n else [0] * chunks)


def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Parts of an axis, as views: `sections` parts whose sizes differ by at most one, or parts that end at the indices.
    >>> tensor([1, 2, 3, 4, 5]).tensor_split(3), tensor([1, 2, 3]).tensor_split((1,))
    ((tensor([1, 2]), tensor([3, 4]), tensor([5])), (tensor([1]), tensor([2, 3])))
    """
    given: Any = indices_or_sections
    axis, n = _axis_and_size(input, dim, "tensor_split")
    if isinstance(given, Tensor):
        if given.dtype != np.int64 or given.array.ndim > 1:
            raise RuntimeError(f"tensor_split: expected a 0-d or 1-d int64 tensor, got {given.dtype}{list(given.shape)}")
        given = given.tolist()
    if isinstance(given, (list, tuple)):
        bounds = [slice(start, end).indices(n)[:2] for start, end in zip((0, *given), (*given, n))]
        return tuple([shapes.narrow(input, axis=axis, start=i, stop=max(i, j)) for i, j in bounds])
    sections = as_int(given)
    if sections <= 0:
        raise RuntimeError(f"tensor_split: the number of sections must be positive, got {sections}")
    size, larger = divmod(n, sections)
    return _parts(input, axis, [size * i + min(i, larger) for i in range(1, sections + 1)])


def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Parts side by side: tensor_split along axis 1, or along axis 0 of a 1-D tensor, into equal parts."""
    return _evenly("hsplit", input, indices_or_sections, 1, 0 if input.array.ndim == 1 else 1)


def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Parts one above the other: tensor_split along axis 0, into equal parts."""
    return _evenly("vsplit", input, indices_or_sections, 2, 0)


def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Parts in depth: tensor_split along axis 2, into equal parts."""
    return _evenly("dsplit", input, indices_or_sections, 3, 2)


def unsafe_split(input: Tensor, split_size: int, dim: int = 0) -> tuple[Tensor, ...]:
    """As split()."""
    return split(input, split_size, dim)


def unsafe_split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """As split_with_sizes()."""
    return split_with_sizes(input, split_sizes, dim)


def unsafe_chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """As chunk()."""
    return chunk(input, chunks, dim)


def _axis_and_size(x: Tensor, dim: int, what: str) -> tuple[int, int]:
    if not x.array.ndim:
        raise RuntimeError(f"{what}: a 0-d tensor has no axis to split")
    axis = axis_of(dim, x.array.ndim, what)
    return axis, x.array.shape[axis]


def _parts(x: Tensor, axis: int, ends: list[int]) -> tuple[Tensor, ...]:
    """The parts of an axis that end at `ends`."""
    return tuple([shapes.narrow(x, axis=axis, start=i, stop=j) for i, j in zip([0, *ends], ends)])


def _evenly(what: str, x: Tensor, given: Any, least: int, axis: int) -> tuple[Tensor, ...]:
    if x.array.ndim < least:
        raise RuntimeError(f"{what}: expected a tensor of {least} dimensions or more, got {x.array.ndim}")
    if isinstance(given, int) and (given <= 0 or x.array.shape[axis] % given):
        raise RuntimeError(f"{what}: axis {axis} of size {x.array.shape[axis]} cannot be split into {given} equal parts")
    return tensor_split(x, given, axis)


def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """All windows of `size` numbers, one at each `step` along an axis; a new last axis runs through a window. A view.
    >>> tensor([1, 2, 3, 4]).unfold(0, 2, 1)
    tensor([[1, 2],
            [2, 3],
            [3, 4]])
    """
    x = input if input.array.ndim else shapes.reshape(input, shape=(1,))
    axis = axis_of(dimension, x.array.ndim, "unfold")
    if not 0 <= size <= x.array.shape[axis]:
        raise RuntimeError(
            f"unfold: size {size} must be between 0 and {x.array.shape[axis]}, the size of dimension {dimension}"
        )
    if step <= 0:
        raise RuntimeError(f"unfold: step must be positive, got {step}")
    if x is not input:
        return shapes.narrow(x, axis=0, start=0, stop=size)
    return arrangement.unfold(x, axis=axis, size=as_int(size), step=as_int(step))


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of two axes, along a new last axis; a positive offset is above it, a negative one below. A view.
    >>> tensor([[1, 2], [3, 4]]).diagonal(), tensor([[1, 2], [3, 4]]).diagonal(offset=1)
    (tensor([1, 4]), tensor([2]))
    """
    ndim = input.array.ndim
    axis1, axis2 = axis_of(dim1, ndim, "diagonal"), axis_of(dim2, ndim, "diagonal")
    if axis1 == axis2:
        raise RuntimeError(f"diagonal: dim1 {dim1} and dim2 {dim2} are the same axis")
    return arrangement.diagonal(input, offset=as_int(offset), axis1=axis1, axis2=axis2)


# Other shapes


def unflatten(input: Tensor, dim: int, sizes: Any) -> Tensor:
    """One axis as several: shape (2, 12) with dim 1 and sizes (3, 4) is (2, 3, 4). One size may be -1. A view.
    >>> zeros(2, 12).unflatten(1, (3, -1)).shape
    torch.Size([2, 3, 4])
    """
    shape = input.array.shape
    axis, wanted = axis_of(dim, len(shape), "unflatten"), size_of((tuple(sizes),))
    n = shape[axis] if shape else 1
    if not wanted:
        raise RuntimeError("unflatten: sizes is empty")
    known = prod([size for size in wanted if size != -1])
    if wanted.count(-1) == 1 and known:
        wanted = tuple([n // known if size == -1 else size for size in wanted])
    if min(wanted) < 0 or prod(wanted) != n:
        raise RuntimeError(f"unflatten: sizes {list(sizes)} do not multiply to {n}, the size of dim {dim}")
    return view(input, (*shape[:axis], *wanted, *shape[axis + 1 :]))


def ravel(input: Tensor) -> Tensor:
    """All numbers along one axis, in row-major order: a view if they lie in memory so, else a copy."""
    return shapes.reshape(contiguous(input), shape=(-1,))


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape to which tensors of these shapes are broadcast together. RuntimeError if they do not fit.
    >>> broadcast_shapes((2, 1), (3,))
    torch.Size([2, 3])
    """
    sizes = [(shape,) if isinstance(shape, int) else size_of((tuple(shape),)) for shape in shapes]
    if any([n < 0 for size in sizes for n in size]):
        raise RuntimeError(f"broadcast_shapes: a size cannot be negative, got {', '.join(str(list(size)) for size in sizes)}")
    try:
        return Size(np.broadcast_shapes(*sizes))
    except ValueError as error:
        given = ", ".join(str(list(size)) for size in sizes)
        raise RuntimeError(f"broadcast_shapes: the shapes {given} do not fit; sizes must be equal, or 1") from error


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """The tensors expanded to one shape, without copying.
    >>> [x.shape for x in broadcast_tensors(zeros(2, 1), zeros(3))]
    [torch.Size([2, 3]), torch.Size([2, 3])]
    """
    xs = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    shape = broadcast_shapes(*[x.array.shape for x in xs])
    return tuple([expand(x, shape) for x in xs])


def as_strided(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """A view of the memory of x: element [i, j] is number offset + i * stride[0] + j * stride[1] of that memory. RuntimeError
    if this leaves the memory. `storage_offset` is that of x if it is not given. On a GPU it is a copy.
    https://pytorch.org/docs/stable/generated/torch.as_strided.html
    >>> tensor([1, 2, 3, 4]).as_strided((3, 2), (1, 1))
    tensor([[1, 2],
            [2, 3],
            [3, 4]])
    """
    at, strides, source = size_of((tuple(size),)), size_of((tuple(stride),)), _geometry(input)
    offset = source[1] if storage_offset is None else as_int(storage_offset)
    if len(at) != len(strides):
        raise RuntimeError(f"as_strided: size {list(at)} and stride {list(strides)} must have the same length")
    if min((*at, *strides, offset), default=0) < 0:
        raise RuntimeError(f"as_strided: nothing may be negative in size {at}, stride {strides}, storage_offset {offset}")
    memory = arrangement.memory_of(input.array)
    held = memory.size * memory.dtype.itemsize // input.array.dtype.itemsize
    last = offset + sum([(n - 1) * step for n, step in zip(at, strides)])
    if prod(at) and last >= held:
        raise RuntimeError(
            f"as_strided: size {list(at)}, stride {list(strides)} and storage_offset {offset} reach number {last} of a memory "
            f"of {held} numbers"
        )
    return arrangement.as_strided(input, size=at, strides=strides, offset=offset, source=source)


def as_strided_(input: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """Let x be another view of its memory, in place; see as_strided()."""
    return becomes_view(input, as_strided, size, stride, storage_offset)


def _geometry(x: Tensor) -> tuple[tuple[int, ...], int]:
    return stride(x), storage_offset(x)


# Copies with a part replaced, and of a part


def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy of x in which the slice x.select(dim, index) is src.
    >>> zeros(2, 2).select_scatter(ones(2), 0, 1)
    tensor([[0., 0.],
            [1., 1.]])
    """
    part = select(input, dim, index)
    at = (*(slice(None),) * axis_of(dim, input.array.ndim, "select_scatter"), as_int(index), Ellipsis)
    return indexing.setitem(input, _fitting("select_scatter", input, src, part), index=at)


def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """A copy of x in which the part from start to end, each step-th slice of an axis, is src."""
    if step <= 0:
        raise RuntimeError(f"slice_scatter: step must be positive, got {step}")
    at = (*(slice(None),) * axis_of(dim, input.array.ndim, "slice_scatter"), slice(start, end, step), Ellipsis)
    return indexing.setitem(input, _fitting("slice_scatter", input, src, Tensor._of(input.array[at])), index=at)


def diagonal_scatter(input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """A copy of x in which the diagonal x.diagonal(offset, dim1, dim2) is src."""
    shape = input.array.shape
    places = diagonal(Tensor._of(array_module(input.array).arange(input.array.size).reshape(shape)), offset, dim1, dim2)
    src = _fitting("diagonal_scatter", input, src, places)
    return reshape(indexing.setitem(reshape(input, -1), src, index=(places.array,)), shape)


def _fitting(what: str, x: Tensor, src: Tensor, part: Tensor) -> Tensor:
    """src, in the dtype of x. RuntimeError if it does not have the shape of the part of x that it replaces."""
    if src.array.shape != part.array.shape:
        raise RuntimeError(f"{what}: src has shape {list(src.shape)}, and the part that it replaces {list(part.shape)}")
    return src.to(x.dtype)


def narrow_copy(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """A copy of x.narrow(dim, start, length)."""
    if dim >= input.array.ndim:
        raise RuntimeError(f"narrow_copy: dim {dim} is out of range for a tensor of {input.array.ndim} dimensions")
    return shapes.clone(narrow(input, dim, start, length))
