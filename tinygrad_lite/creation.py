"""New tensors: from data, filled, in sequence, or random.

The source of each function is https://pytorch.org/docs/stable/generated/torch.NAME.html. All take PyTorch's `dtype`, `device`
and `requires_grad`; if not given, these are the default dtype, the CPU and False.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._tensor import Tensor
from .axes import size_of
from .backend import array_module, is_array, plain, put
from .dtypes import as_dtype, get_default_dtype, int64
from .random import Generator, draw

# fmt: off
__all__ = [
    "tensor", "as_tensor", "from_numpy", "full", "zeros", "ones", "empty", "zeros_like", "ones_like", "empty_like",
    "full_like", "eye", "arange", "linspace", "rand", "randn", "randint", "normal", "randperm",
]
# fmt: on


def made(array: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A new leaf with the values of an array; of the default dtype if none is given."""
    array = put(array, device).astype(as_dtype(get_default_dtype() if dtype is None else dtype), copy=False)
    return Tensor._of(array).requires_grad_(requires_grad)


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor with a copy of `data`: numbers, nested lists of them, an array, or a Tensor.
    Python floats get the default dtype, ints int64, bools bool; arrays keep their dtype. ValueError if the lists are ragged
    (their lengths differ), RuntimeError for requires_grad=True with a dtype that is not floating.
    >>> tensor([[1, 2], [3, 4.5]])
    tensor([[1.0000, 2.0000],
            [3.0000, 4.5000]])
    """
    if isinstance(data, Tensor):
        data = data.array
    if is_array(data) or isinstance(data, np.generic):
        array = array_module(data).array(data)  # a copy
    else:
        data = _plain(data)
        try:
            array = np.array(data)
        except ValueError as error:
            raise ValueError(f"tensor: the nested lists are ragged, their lengths differ: {error}") from error
        if array.dtype.kind == "f":
            array = array.astype(get_default_dtype() if dtype is None else dtype)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"tensor: cannot make a tensor of {array.dtype} data ({type(data).__name__}); numbers are needed")
    return made(array, array.dtype if dtype is None else dtype, device, requires_grad)


def _plain(data: Any) -> Any:
    """Nested lists in which tensors and arrays are replaced by numbers and lists."""
    if isinstance(data, (list, tuple)):
        return [_plain(x) for x in data]
    return data.tolist() if isinstance(data, (Tensor, np.ndarray, np.generic)) else data


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a Tensor; it shares memory with `data` unless dtype, device or kind have to change."""
    if isinstance(data, Tensor):
        return data.to(dtype=data.dtype if dtype is None else dtype, device=data.device if device is None else device)
    if is_array(data):
        return made(plain(data), data.dtype if dtype is None else dtype, device, False)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(array: Any) -> Tensor:
    """A tensor on the memory of an array: a change to one also changes the other.
    >>> a = np.zeros(2)
    >>> t = from_numpy(a); a[0] = 1
    >>> t
    tensor([1., 0.], dtype=float64)
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: expected a NumPy array, got {type(array).__name__}; use tensor(...)")
    as_dtype(array.dtype)
    return Tensor._of(plain(array))


def full(size: Any, fill_value: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of a shape, filled with one number. If no dtype is given, it is that of tensor(fill_value).
    >>> full((2,), 7.0)
    tensor([7., 7.])
    """
    value = tensor(fill_value, dtype=dtype)
    return made(np.full(size_of((size,)), value.array), value.dtype, device, requires_grad)


def zeros(*shape: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros of a shape: zeros(2, 3), zeros((2, 3)) or zeros(size=(2, 3))."""
    return made(np.zeros(_size(shape, size), _dtype(dtype)), dtype, device, requires_grad)


def ones(*shape: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones of a shape: ones(2, 3), ones((2, 3)) or ones(size=(2, 3))."""
    return made(np.ones(_size(shape, size), _dtype(dtype)), dtype, device, requires_grad)


def empty(*shape: Any, size: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor of a shape: empty(2, 3). Its values are arbitrary: whatever the memory held."""
    return made(np.empty(_size(shape, size), _dtype(dtype)), dtype, device, requires_grad)


def zeros_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros with the shape, dtype and device of another tensor."""
    return made(np.zeros_like(input.array), input.dtype if dtype is None else dtype, device, requires_grad)


def ones_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones with the shape, dtype and device of another tensor."""
    return made(np.ones_like(input.array), input.dtype if dtype is None else dtype, device, requires_grad)


def empty_like(input: Tensor, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Arbitrary values with the shape, dtype and device of another tensor."""
    return made(np.empty_like(input.array), input.dtype if dtype is None else dtype, device, requires_grad)


def _size(shape: Any, size: Any) -> tuple[int, ...]:
    """The shape that is given as zeros(2, 3) or as zeros(size=(2, 3))."""
    if size is not None and shape:
        raise TypeError(f"a size is given twice, as {shape} and as size={size}")
    return size_of(shape if size is None else (size,))


def _dtype(dtype: Any) -> Any:
    return get_default_dtype() if dtype is None else dtype


def full_like(input: Tensor, fill_value: Any, **options: Any) -> Tensor:
    """One number throughout, with the shape, dtype and device of another tensor; the options are those of ones_like.
    >>> full_like(tensor([1, 2]), 7)
    tensor([7, 7])
    """
    requires_grad = options.pop("requires_grad", False)
    return empty_like(input, **options).fill_(fill_value).requires_grad_(requires_grad)


def eye(n: int, m: int | None = None, **options: Any) -> Tensor:
    """The identity matrix, n x m.
    >>> eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    return made(np.eye(n, m), **options)


def arange(start: Any, end: Any = None, step: Any = 1, *, dtype: Any = None, **options: Any) -> Tensor:
    """start, start + step, ... up to but not including `end`; int64 if all three are ints. arange(end) starts at 0.
    RuntimeError if the steps do not lead from start to end.
    >>> arange(3), arange(1, 2, 0.5)
    (tensor([0, 1, 2]), tensor([1.0000, 1.5000]))
    """
    start, end = (0, start) if end is None else (start, end)
    start, end, step = (x.item() if isinstance(x, Tensor) else x for x in (start, end, step))
    if step == 0 or (end - start) * step < 0:
        raise RuntimeError(f"arange: steps of {step} do not lead from {start} to {end}")
    if dtype is None and all(isinstance(x, (int, np.integer)) for x in (start, end, step)):
        dtype = int64
    return made(start + step * np.arange(int(np.ceil((end - start) / step))), dtype, **options)


def linspace(start: float, end: float, steps: int, **options: Any) -> Tensor:
    """`steps` evenly spaced numbers from start to end, both included.
    >>> linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    return made(np.linspace(start, end, steps), **options)


def rand(*shape: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None, **options: Any) -> Tensor:
    """A tensor of a shape, rand(2, 3), of random numbers uniform in [0, 1)."""
    return made(draw(generator).random(_size(shape, size), _drawn(dtype)), dtype, **options)


def randn(*shape: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None, **options: Any) -> Tensor:
    """A tensor of a shape, randn(2, 3), of normal random numbers with mean 0 and standard deviation 1."""
    return made(draw(generator).standard_normal(_size(shape, size), _drawn(dtype)), dtype, **options)


def _drawn(dtype: Any) -> Any:
    return np.float32 if _dtype(dtype) == np.float32 else np.float64


def randint(
    low: int, high: Any = None, size: Any = None, *, generator: Any = None, dtype: Any = int64, **options: Any
) -> Tensor:
    """Uniform random integers from low to high - 1: randint(high, size) or randint(low, high, size).
    >>> int(randint(3, 5, (100,)).max())
    4
    """
    if size is None:
        low, high, size = 0, low, high
    if size is None or high <= low:
        raise RuntimeError(f"randint(low, high, size): low must be below high; got low={low}, high={high}, size={size}")
    return made(draw(generator).integers(low, high, size_of((size,))), dtype, **options)


def normal(mean: Any, std: Any, size: Any = None, *, generator: Generator | None = None, **options: Any) -> Tensor:
    """Normal random numbers; mean and std are a number or a Tensor each, and `size` is needed if both are numbers."""
    given = [x for x in (mean, std) if isinstance(x, Tensor)]
    if size is None and not given:
        raise TypeError("normal: give a size, or a Tensor for mean or std")
    m, s = (x.cpu().array if isinstance(x, Tensor) else x for x in (mean, std))
    if np.any(np.asarray(s) < 0):
        raise RuntimeError("normal: the standard deviation must not be negative")
    options = dict({"dtype": given[0].dtype, "device": given[0].device} if given else {}, **options)
    shape = np.broadcast_shapes(np.shape(m), np.shape(s)) if size is None else size_of((size,))
    return made(np.asarray(m + s * draw(generator).standard_normal(shape)), **options)


def randperm(n: int, *, generator: Generator | None = None, dtype: Any = int64, **options: Any) -> Tensor:
    """The integers 0 to n - 1 in random order.
    >>> sorted(randperm(4).tolist())
    [0, 1, 2, 3]
    """
    return made(draw(generator).permutation(n), dtype, **options)
