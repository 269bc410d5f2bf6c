"""Questions about memory: how the numbers lie there, and who shares it; and the in-place forms that change a shape only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Never, overload

from .._tensor import Tensor
from ..axes import Dim, axis_of
from ..backend import address_of
from ..grad_mode import enable_grad
from ..inplace import become, same_memory
from ..operands import order_of_axes
from ..ops import shape as shapes
from ..ops.arrangement import memory_of
from ..tape import Leaf
from . import shape as arranged

__all__ = ["numel", "is_same_size"]
# fmt: off
METHODS = [
    "contiguous", "is_contiguous", "stride", "storage_offset", "data_ptr", "element_size", "nelement", "ndimension",
    "is_set_to", "untyped_storage", "nbytes", "itemsize", "H", "mH", "detach_", "squeeze_", "unsqueeze_", "transpose_",
    "swapaxes_", "swapdims_", "t_", "resize_", "resize_as_", "set_",
]
# fmt: on


def contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    """The tensor with its numbers in row-major order in memory: x itself if they lie so already, else a copy. With
    memory_format=channels_last, in that order.
    >>> zeros(2, 3).T.contiguous().stride()
    (2, 1)
    """
    return input if is_contiguous(input, memory_format) else arranged.clone(input, memory_format=memory_format)


def is_contiguous(input: Tensor, memory_format: Any = None) -> bool:
    """Whether the numbers lie in row-major order in memory, without gaps; or in the order of another memory_format."""
    x = input.array
    if str(memory_format).rpartition(".")[2].startswith("channels_last"):
        return x.ndim in (4, 5) and bool(x.transpose(order_of_axes("is_contiguous", memory_format, x.ndim)).flags.c_contiguous)
    return bool(x.flags.c_contiguous)


@overload
def stride(input: Tensor, dim: None = None) -> tuple[int, ...]: ...
@overload
def stride(input: Tensor, dim: int) -> int: ...
def stride(input: Tensor, dim: int | None = None) -> tuple[int, ...] | int:
    """How many numbers lie in memory from one element to the next along each axis, or along one axis.
    >>> zeros(2, 3).stride(), zeros(2, 3).T.stride(0)
    ((3, 1), 1)
    """
    x = input.array
    steps = [step // x.dtype.itemsize for step in x.strides]
    for axis in range(len(steps) - 1, -1, -1):
        if x.shape[axis] == 1 and not steps[axis]:  # x[None]: NumPy says 0, PyTorch what it would be if there were more
            steps[axis] = steps[axis + 1] * x.shape[axis + 1] if axis + 1 < len(steps) else 1
    if dim is None:
        return tuple(steps)
    if not steps:
        raise IndexError("stride: a 0-d tensor has no axes, and so no strides")
    return int(steps[axis_of(dim, len(steps), "stride")])


def storage_offset(input: Tensor) -> int:
    """How many numbers lie in memory before the first element.
    >>> arange(6)[2:].storage_offset()
    2
    """
    x = input.array
    return (address_of(x) - address_of(memory_of(x))) // x.dtype.itemsize if x.base is not None else 0


def data_ptr(input: Tensor) -> int:
    """The address of the first element in memory; 0 if there is none."""
    return address_of(input.array) if input.array.size else 0


def element_size(input: Tensor) -> int:
    """The size of one element in bytes."""
    return int(input.array.dtype.itemsize)


@property  # type: ignore[misc]
def itemsize(self: Tensor) -> int:
    """The size of one element in bytes."""
    return int(self.array.dtype.itemsize)


@property  # type: ignore[misc]
def nbytes(self: Tensor) -> int:
    """The size of all elements in bytes."""
    return int(self.array.nbytes)


def numel(input: Tensor) -> int:
    """The number of elements."""
    return int(input.array.size)


def nelement(input: Tensor) -> int:
    """The number of elements."""
    return int(input.array.size)


def ndimension(input: Tensor) -> int:
    """The number of axes."""
    return int(input.array.ndim)


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape."""
    return bool(input.array.shape == other.array.shape)


def is_set_to(input: Tensor, tensor: Tensor) -> bool:
    """Whether two tensors are the same numbers in the same memory, element for element."""
    return same_memory(input.array, tensor.array)


class Storage:
    """The memory of a tensor, which all of its views share: two tensors share memory if the addresses are equal."""

    def __init__(self, x: Tensor) -> None:
        self.memory = memory_of(x.array)

    def data_ptr(self) -> int:
        """The address of the memory."""
        return address_of(self.memory) if self.memory.size else 0

    def nbytes(self) -> int:
        """The size of the memory in bytes."""
        return int(self.memory.nbytes)

    size = __len__ = nbytes


def untyped_storage(input: Tensor) -> Storage:
    """The memory that a tensor and its views share.
    >>> x = zeros(2, 3)
    >>> x.untyped_storage().data_ptr() == x[1].untyped_storage().data_ptr(), x.untyped_storage().nbytes()
    (True, 24)
    """
    return Storage(input)


@property  # type: ignore[misc]
def H(self: Tensor) -> Tensor:
    """The transpose of a matrix, which is its conjugate transpose for real numbers. A view."""
    if self.array.ndim not in (0, 2):
        raise RuntimeError(f"H: expected a matrix, of two dimensions, got {self.array.ndim}; use mH")
    return shapes.permute(self, axes=tuple(range(self.array.ndim))[::-1])


@property  # type: ignore[misc]
def mH(self: Tensor) -> Tensor:
    """The last two axes swapped: for real numbers the same as mT. A view."""
    if self.array.ndim < 2:
        raise RuntimeError(f"mH: a matrix has two dimensions or more, this tensor has {self.array.ndim}")
    return shapes.mT(self)  # type: ignore[no-any-return]


# In place: the tensor becomes another view of its memory


def becomes_view(x: Tensor, function: Callable[..., Tensor], *args: Any) -> Tensor:
    """x becomes function(x, ...), a view of its own memory; other views of it keep their shapes. It is recorded within
    no_grad() too, because a gradient for x would have the wrong shape otherwise.
    """
    if isinstance(x.node, Leaf):
        why = "the shape of a leaf that requires grad cannot be changed in place, its gradient has that shape"
        raise RuntimeError(f"{function.__name__}_: {why}; use x.{function.__name__}(...), or x.data = x.data...")
    with enable_grad():
        out = function(x, *args)
    become(x, out.array, out.node)
    return x


def detach_(input: Tensor) -> Tensor:
    """Take x off the tape, in place: it becomes a leaf without history, and gradients stop here."""
    if isinstance(input.node, Leaf):
        return input.requires_grad_(False)
    input.node = None
    return input


def squeeze_(input: Tensor, dim: Dim = None) -> Tensor:
    """Drop axes of length one, in place; see squeeze()."""
    return becomes_view(input, arranged.squeeze, dim)


def unsqueeze_(input: Tensor, dim: int) -> Tensor:
    """Insert an axis of length one, in place; see unsqueeze()."""
    return becomes_view(input, arranged.unsqueeze, dim)


def transpose_(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Swap two axes, in place; see transpose()."""
    return becomes_view(input, arranged.transpose, dim0, dim1)


def swapaxes_(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """As transpose_()."""
    return transpose_(input, axis0, axis1)


def swapdims_(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """As transpose_()."""
    return transpose_(input, dim0, dim1)


def t_(input: Tensor) -> Tensor:
    """Transpose a matrix, in place; see t()."""
    if input.array.ndim > 2:
        raise RuntimeError(f"t_: expected a tensor of at most 2 dimensions, got {input.array.ndim}; use transpose_(dim0, dim1)")
    return transpose_(input, 0, 1 if input.array.ndim == 2 else 0)


def resize_(input: Tensor, *sizes: Any, memory_format: Any = None) -> Never:
    """Refused: NumPy memory that others see cannot grow, and what PyTorch has in the new elements is uninitialized."""
    raise NotImplementedError(
        "resize_: memory that other tensors may share cannot change its size here; make a new tensor: x.reshape(...), "
        "x.new_empty(...) or cat([x, ...])"
    )


def resize_as_(input: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Never:
    """Refused, as resize_()."""
    resize_(input, the_template.shape)


def set_(input: Tensor, source: Any = None, storage_offset: int = 0, size: Any = None, stride: Any = None) -> Never:
    """Refused: a recorded step could no longer tell which memory it saw. x.data = y lets a leaf use the memory of y."""
    raise NotImplementedError("set_: not possible here; write x.data = y to let x use the memory of y")
