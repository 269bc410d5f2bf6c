"""New tensors that not every program makes: on the memory of other objects, with strides; and x.new_zeros(2, 3) with its kin,
which take the dtype and device of another.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import creation
from .._tensor import Tensor
from ..axes import size_of
from ..backend import cupy, is_array
from ..dtypes import as_dtype, get_default_dtype
from ..ops import shape as shapes

__all__ = ["asarray", "fill", "from_dlpack", "frombuffer", "scalar_tensor", "empty_strided", "logspace", "range"]
NOT_METHODS = ["fill"]
METHODS = ["new", "new_tensor", "new_zeros", "new_ones", "new_empty", "new_full", "new_empty_strided"]


def asarray(
    obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None, requires_grad: bool = False
) -> Tensor:
    """`obj`, a Tensor, array, buffer or nested lists of numbers, as a Tensor. It shares memory where that is possible; with
    copy=True it never does, with copy=False a ValueError says that it would have to be copied.
    https://pytorch.org/docs/stable/generated/torch.asarray.html
    >>> a = np.zeros(2)
    >>> asarray(a).array is a, asarray([1, 2])
    (True, tensor([1, 2]))
    """
    shares = obj
    if isinstance(obj, (bytearray, memoryview, bytes)):
        shares = obj = frombuffer(obj, dtype=get_default_dtype() if dtype is None else dtype)
    x = creation.as_tensor(obj, dtype, device)
    if isinstance(shares, Tensor) or is_array(shares):
        same = np.may_share_memory(x.array, getattr(shares, "array", shares)) if x.device == "cpu" else x is shares
    else:
        same = False
    if copy is False and not same:
        raise ValueError(
            f"asarray: {type(obj).__name__} data cannot become a tensor of {x.dtype} without a copy; leave copy=None"
        )
    if same and (copy or requires_grad != x.requires_grad):
        x = Tensor._of(x.array.copy() if copy else x.array)
    return x if x.requires_grad == requires_grad else x.requires_grad_(requires_grad)


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor on the memory of another library's tensor or array, by the DLPack protocol.
    https://pytorch.org/docs/stable/generated/torch.from_dlpack.html
    >>> from_dlpack(np.arange(3))
    tensor([0, 1, 2])
    """
    if not hasattr(ext_tensor, "__dlpack__"):
        raise RuntimeError(f"from_dlpack: a {type(ext_tensor).__name__} has no __dlpack__; use tensor(...)")
    on_gpu = ext_tensor.__dlpack_device__()[0] == 2
    array = (cupy() if on_gpu else np).from_dlpack(ext_tensor)
    as_dtype(array.dtype)
    return Tensor._of(array)


def frombuffer(buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False) -> Tensor:
    """A tensor of one dimension on the memory of a bytearray or any other buffer: `count` numbers from the byte `offset` on,
    all if it is -1. ValueError for what the buffer does not hold, and for no numbers at all.
    https://pytorch.org/docs/stable/generated/torch.frombuffer.html
    >>> frombuffer(bytearray([1, 0, 2, 0]), dtype=int16)
    tensor([1, 2], dtype=int16)
    """
    dtype = as_dtype(dtype)
    try:
        n = memoryview(buffer).nbytes
    except TypeError as error:
        raise ValueError(f"frombuffer: a {type(buffer).__name__} is not a buffer") from error
    whole = (n - offset) % dtype.itemsize == 0 if count < 0 else offset + count * dtype.itemsize <= n
    if not n or not count or not 0 <= offset < n or not whole:
        what = f"{'any' if count < 0 else count} numbers of {dtype} from byte {offset} on"
        raise ValueError(f"frombuffer: a buffer of {n} bytes does not hold exactly {what}")
    return Tensor._of(np.frombuffer(buffer, dtype, count, offset)).requires_grad_(requires_grad)


def scalar_tensor(s: Any, **options: Any) -> Tensor:
    """A 0-d tensor of a number, of the default dtype unless another is given.
    >>> scalar_tensor(3)
    tensor(3.)
    """
    if not isinstance(s, (bool, int, float, np.generic)):
        raise TypeError(f"scalar_tensor: expected a number, got {type(s).__name__}; use tensor(...)")
    return creation.made(np.asarray(s), **options)


def empty_strided(size: Any, stride: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Arbitrary values with the strides (in numbers) of each axis: those of a transposed matrix, say.
    >>> empty_strided((2, 3), (1, 2), dtype=float32).array.strides
    (4, 8)
    """
    sizes, strides = size_of((size,)), size_of((stride,))
    if len(sizes) != len(strides) or min((*sizes, *strides, 0)) < 0:
        raise RuntimeError(f"empty_strided: one stride, not negative, for each size, got {sizes} and {strides}")
    n = 1 + sum([(k - 1) * step for k, step in zip(sizes, strides)]) if 0 not in sizes else 0
    memory = np.empty(n, get_default_dtype() if dtype is None else dtype)
    array = np.lib.stride_tricks.as_strided(memory, sizes, [step * memory.itemsize for step in strides])
    return creation.made(array, dtype, device, requires_grad)


def logspace(start: Any, end: Any, steps: int, base: float = 10.0, *, dtype: Any = None, **options: Any) -> Tensor:
    """base to the power of each number of linspace(start, end, steps).
    >>> logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    return creation.made(np.power(float(base), creation.spaced("logspace", start, end, steps, dtype)), dtype, **options)


def range(start: Any, end: Any, step: Any = 1, *, dtype: Any = None, **options: Any) -> Tensor:
    """start, start + step, ... up to and with `end`, of the default dtype. Deprecated in PyTorch, hence the warning; arange()
    leaves the end out, as Python's range does.
    >>> import warnings; warnings.simplefilter("ignore"); range(1, 4)
    tensor([1., 2., 3., 4.])
    """
    text = "range is deprecated, because it differs from Python's range: it contains its end. Use arange"
    warnings.warn(text, UserWarning, stacklevel=2)
    if step == 0 or (end - start) * step < 0:
        raise RuntimeError(f"range: steps of {step} do not lead from {start} to {end}")
    n = int((end - start) / step) + 1
    return creation.made(start + step * np.arange(n), dtype, **options)


def fill(input: Tensor, value: Any) -> Tensor:
    """A tensor with the shape and dtype of x, filled with one number, or with the number in a 0-d tensor."""
    return shapes.clone(input).fill_(value)


def _as(x: Tensor, options: dict[str, Any]) -> dict[str, Any]:
    """The options, with dtype and device of x where none is given."""
    return {"dtype": x.dtype, "device": x.device} | {name: value for name, value in options.items() if value is not None}


def new_tensor(self: Tensor, data: Any, **options: Any) -> Tensor:
    """tensor(data) with the dtype and device of x. The options are dtype, device and requires_grad.
    >>> tensor([1.5]).new_tensor([1, 2])
    tensor([1., 2.])
    """
    return creation.tensor(data, **_as(self, options))


def new(self: Tensor, *data: Any, device: Any = None) -> Tensor:
    """A tensor of the dtype of x, from a list, x.new([1, 2]), or of a shape with arbitrary values, x.new(2, 3). An old form of
    new_tensor() and new_empty().
    >>> tensor([0.5]).new([1, 2])
    tensor([1., 2.])
    """
    if len(data) == 1 and not isinstance(data[0], (int, tuple)):
        values = data[0].array if isinstance(data[0], Tensor) else data[0]
        return new_tensor(self, np.asarray(values), device=device)
    return new_empty(self, *(data or (0,)), device=device)


def new_zeros(self: Tensor, *shape: Any, size: Any = None, **options: Any) -> Tensor:
    """Zeros of a shape, x.new_zeros(2, 3), with the dtype and device of x."""
    return creation.zeros(*shape, size=size, **_as(self, options))


def new_ones(self: Tensor, *shape: Any, size: Any = None, **options: Any) -> Tensor:
    """Ones of a shape, x.new_ones(2, 3), with the dtype and device of x."""
    return creation.ones(*shape, size=size, **_as(self, options))


def new_empty(self: Tensor, *shape: Any, size: Any = None, **options: Any) -> Tensor:
    """A tensor of a shape, x.new_empty(2, 3), with the dtype and device of x. Its values are arbitrary."""
    return creation.empty(*shape, size=size, **_as(self, options))


def new_full(self: Tensor, size: Any, fill_value: Any, **options: Any) -> Tensor:
    """A tensor of a shape, filled with one number, with the dtype and device of x.
    >>> ones(1).new_full((2,), 7)
    tensor([7., 7.])
    """
    return creation.full(size, fill_value, **_as(self, options))


def new_empty_strided(self: Tensor, size: Any, stride: Any, **options: Any) -> Tensor:
    """A tensor of a shape with these strides (in numbers), and the dtype and device of x. Its values are arbitrary."""
    return empty_strided(size, stride, **_as(self, options))
