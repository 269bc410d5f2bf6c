"""New tensors: from data, filled, in sequence, or random.

The source of each function is https://pytorch.org/docs/stable/generated/torch.NAME.html. All take PyTorch's `dtype`, `device`
and `requires_grad`; if not given, these are the default dtype, the CPU and False.
"""

from __future__ import annotations

from math import prod
from operator import index
from typing import Any

import numpy as np

from ._tensor import Tensor
from .axes import size_of
from .backend import array_module, in_memory_order, is_array, plain, put
from .dtypes import as_dtype, get_default_dtype, int64, result_type
from .operands import order_of_axes
from .random import Generator, check_floating, check_integers, draw

NUMBERS = frozenset((int, float, bool))

# fmt: off
__all__ = [
    "tensor", "as_tensor", "from_numpy", "full", "zeros", "ones", "empty", "zeros_like", "ones_like", "empty_like", "full_like",
    "eye", "arange", "linspace",
    "rand", "randn", "randint", "rand_like", "randn_like", "randint_like", "normal", "randperm",
]
# fmt: on


def made(
    array: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False, layout: Any = None, pin_memory: bool = False
) -> Tensor:
    """A new leaf with the values of an array; of the default dtype if none is given. All layouts are strided."""
    if pin_memory or "strided" not in str(layout or "strided"):
        raise NotImplementedError(f"there is no pinned memory, and no layout but strided; got {layout=}, {pin_memory=}")
    array = put(array, device).astype(as_dtype(get_default_dtype() if dtype is None else dtype), copy=False)
    return Tensor._of(array).requires_grad_(requires_grad)


def tensor(data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor with a copy of `data`: numbers, nested lists of them, an array, or a Tensor.
    Python floats get the default dtype, ints int64, bools bool; arrays keep their dtype. ValueError if the lists are ragged
    (their lengths differ), RuntimeError for requires_grad=True with a dtype that is not floating, and for a Python number that
    the dtype cannot hold.
    >>> tensor([[1, 2], [3, 4.5]])
    tensor([[1.0000, 2.0000],
            [3.0000, 4.5000]])
    """
    if isinstance(data, Tensor):
        data = data.array
    if is_array(data) or isinstance(data, np.generic):
        data = plain(data)
        array = array_module(data).array(data)  # a copy
    else:
        kinds: set[Any] = set()
        data = _plain(data, kinds)
        try:
            array = np.array(data)
        except ValueError as error:
            raise ValueError(f"tensor: the nested lists are ragged, their lengths differ: {error}") from error
        if dtype is not None:
            _check_fit(array, as_dtype(dtype))
        elif kinds:
            dtype = result_type(*[np.empty(1, kind) for kind in kinds])
            dtype = get_default_dtype() if array.dtype.kind == "f" != dtype.kind else dtype
        elif array.dtype.kind == "f":
            dtype = get_default_dtype()
    if array.dtype.kind not in "biuf":
        raise TypeError(f"tensor: cannot make a tensor of {array.dtype} data ({type(data).__name__}); numbers are needed")
    return made(array, array.dtype if dtype is None else dtype, device, requires_grad)


def _plain(data: Any, kinds: set[Any]) -> Any:
    """Nested lists in which tensors and arrays are replaced by numbers and lists; their dtypes are added to `kinds`."""
    if isinstance(data, (list, tuple)):
        return [x if type(x) in NUMBERS else _plain(x, kinds) for x in data]
    if isinstance(data, (Tensor, np.ndarray, np.generic)):
        kinds.add(data.dtype)
        return plain(data).tolist() if is_array(data) else data.tolist()
    return data


def _check_fit(array: Any, dtype: Any) -> None:
    """RuntimeError if an integer dtype cannot hold a number. A negative one wraps around in uint8, as in PyTorch."""
    if dtype.kind not in "iu" or array.dtype.kind not in "uif" or not array.size:
        return
    least, largest = np.iinfo(dtype).min or -np.iinfo(dtype).max, np.iinfo(dtype).max
    if not (array.min() >= least and array.max() <= largest):  # nan is neither
        raise RuntimeError(
            f"tensor: {dtype} holds numbers from {least} to {largest}, not all of {array.min()} to {array.max()}"
        )


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a Tensor; it shares memory with `data` unless dtype, device or kind have to change."""
    if isinstance(data, Tensor):
        return data.to(dtype=data.dtype if dtype is None else dtype, device=data.device if device is None else device)
    if is_array(data):
        return made(plain(data), data.dtype if dtype is None else dtype, device, False)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor on the memory of an array: a change to one also changes the other.
    >>> a = np.zeros(2)
    >>> t = from_numpy(a); a[0] = 1
    >>> t
    tensor([1., 0.], dtype=float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy: expected a NumPy array, got {type(ndarray).__name__}; use tensor(...)")
    as_dtype(ndarray.dtype)
    return Tensor._of(plain(ndarray))


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor of a shape, filled with one number. If no dtype is given, it is that of tensor(fill_value).
    >>> full((2,), 7.0)
    tensor([7., 7.])
    """
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"full: the size is a tuple, got {type(size).__name__} {size!r}")
    value = _one_number("full", fill_value, dtype)
    array = array_module(value.array).full(_sizes((size,)), value.array)
    return made(array, value.dtype, device, requires_grad, layout, pin_memory)


def _one_number(what: str, value: Any, dtype: Any) -> Tensor:
    number = tensor(value, dtype=dtype)
    if number.ndim:
        raise TypeError(f"{what}: fill_value must be one number, got shape {list(number.shape)}")
    return number


def zeros(
    *shape: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor of zeros of a shape: zeros(2, 3), zeros((2, 3)) or zeros(size=(2, 3))."""
    return made(np.zeros(_size(shape, size), _dtype(dtype)), dtype, device, requires_grad, layout, pin_memory)


def ones(
    *shape: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor of ones of a shape: ones(2, 3), ones((2, 3)) or ones(size=(2, 3))."""
    return made(np.ones(_size(shape, size), _dtype(dtype)), dtype, device, requires_grad, layout, pin_memory)


def empty(
    *shape: Any,
    size: Any = None,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor of a shape: empty(2, 3). Its values are arbitrary: whatever the memory held."""
    return made(np.empty(_size(shape, size), _dtype(dtype)), dtype, device, requires_grad, layout, pin_memory)


def _array_like(make: Any, input: Tensor, memory_format: Any) -> Any:
    x = input.array
    axes = None if memory_format is None else order_of_axes(make.__name__, memory_format, x.ndim)
    if axes is None:
        return make(x)
    return make(x.transpose(axes), order="C").transpose(sorted(range(x.ndim), key=axes.__getitem__))


def zeros_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    memory_format: Any = None,
) -> Tensor:
    """Zeros with the shape, dtype and device of another tensor."""
    return made(
        _array_like(np.zeros_like, input, memory_format), input.dtype if dtype is None else dtype, device, requires_grad, layout
    )


def ones_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    memory_format: Any = None,
) -> Tensor:
    """Ones with the shape, dtype and device of another tensor."""
    return made(
        _array_like(np.ones_like, input, memory_format), input.dtype if dtype is None else dtype, device, requires_grad, layout
    )


def empty_like(
    input: Tensor,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    layout: Any = None,
    memory_format: Any = None,
) -> Tensor:
    """Arbitrary values with the shape, dtype and device of another tensor."""
    return made(
        _array_like(np.empty_like, input, memory_format), input.dtype if dtype is None else dtype, device, requires_grad, layout
    )


def _size(shape: Any, size: Any) -> tuple[int, ...]:
    """The shape that is given as zeros(2, 3) or as zeros(size=(2, 3))."""
    if size is not None and shape:
        raise TypeError(f"a size is given twice, as {shape} and as size={size}")
    if size is None and not shape:
        raise TypeError("the size is missing; it is () for a 0-d tensor")
    return _sizes(shape if size is None else (size,))


def _sizes(size: Any) -> tuple[int, ...]:
    sizes = size_of(size)
    if sizes and min(sizes) < 0:
        raise RuntimeError(f"a size cannot be negative, got {sizes}")
    return sizes


def _dtype(dtype: Any) -> Any:
    return get_default_dtype() if dtype is None else dtype


def full_like(input: Tensor, fill_value: Any, **options: Any) -> Tensor:
    """One number throughout, with the shape, dtype and device of another tensor; the options are those of ones_like.
    >>> full_like(tensor([1, 2]), 7)
    tensor([7, 7])
    """
    requires_grad = options.pop("requires_grad", False)
    x = empty_like(input, **options)
    x.fill_(fill_value if type(fill_value) is int else _one_number("full_like", fill_value, x.dtype))
    return x.requires_grad_(requires_grad)


def eye(n: int, m: int | None = None, **options: Any) -> Tensor:
    """The identity matrix, n x m.
    >>> eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    rows, columns = _sizes((n, n if m is None else m))
    return made(np.eye(rows, columns), **options)


def arange(start: Any = 0, end: Any = None, step: Any = 1, *, dtype: Any = None, **options: Any) -> Tensor:
    """start, start + step, ... up to but not including `end`; int64 if all three are ints. arange(end) starts at 0.
    RuntimeError if the steps do not lead from start to end.
    >>> arange(3), arange(1, 2, 0.5)
    (tensor([0, 1, 2]), tensor([1.0000, 1.5000]))
    """
    start, end = (0, start) if end is None else (start, end)
    start, end, step = (_number("arange", x) for x in (start, end, step))
    if dtype is None and all(isinstance(x, int) for x in (start, end, step)):
        dtype = int64
    kind = as_dtype(_dtype(dtype))
    if kind.kind == "b":
        raise NotImplementedError("arange: bool holds no sequence of numbers")
    if not (np.isfinite(start) and np.isfinite(end)):
        raise RuntimeError(f"arange: no tensor holds all steps from {start} to {end}")
    if kind == int64:
        start, end, step = int(start), int(end), int(step)
    if step == 0 or (end - start) * step < 0:
        raise RuntimeError(f"arange: steps of {step} do not lead from {start} to {end}")
    n = int(np.ceil((end - start) / step))
    if kind.kind in "iu":
        start, step = int(start), int(step)
    return made(start + step * np.arange(n), dtype, **options)


def _number(what: str, x: Any) -> Any:
    x = x.item() if isinstance(x, (Tensor, np.generic)) else x
    if not isinstance(x, (int, float)):
        raise TypeError(f"{what}: expected a number, got {type(x).__name__} {x!r}")
    return x


def linspace(start: Any, end: Any, steps: int, *, dtype: Any = None, **options: Any) -> Tensor:
    """`steps` evenly spaced numbers from start to end, both included. The second half is counted from the end, so that the
    numbers are symmetric.
    >>> linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    return made(spaced("linspace", start, end, steps, dtype), dtype, **options)


def spaced(what: str, start: Any, end: Any, steps: int, dtype: Any) -> Any:
    """The numbers of linspace as an array."""
    for x in (start, end):
        if isinstance(x, Tensor) and x.ndim:
            raise RuntimeError(f"{what}: start and end are numbers or 0-d tensors, got one of shape {list(x.shape)}")
    start, end, n = _number(what, start), _number(what, end), size_of((steps,))[0]
    kind = as_dtype(_dtype(dtype)).kind
    if kind == "b":
        raise NotImplementedError(f"{what}: bool holds no sequence of numbers")
    if n < 0:
        raise RuntimeError(f"{what}: the number of steps cannot be negative, got {n}")
    if kind in "iu":
        start, end = int(start), int(end)
    step, half = (float(end) - float(start)) / max(n - 1, 1), n // 2 if n > 1 else n
    return np.concatenate([start + step * np.arange(half), end - step * np.arange(n - 1 - half, -1, -1)])


# Random numbers: the same as PyTorch's from the same seed


def rand(*shape: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None, **options: Any) -> Tensor:
    """A tensor of a shape, rand(2, 3), of random numbers uniform in [0, 1).
    >>> _ = manual_seed(0); rand(2)
    tensor([0.4963, 0.7682])
    """
    sizes, dtype = _size(shape, size), as_dtype(_dtype(dtype))
    check_floating("rand", dtype)
    return made(draw(generator).uniform(prod(sizes), dtype).reshape(sizes), dtype, **options)


def randn(*shape: Any, size: Any = None, generator: Generator | None = None, dtype: Any = None, **options: Any) -> Tensor:
    """A tensor of a shape, randn(2, 3), of normal random numbers with mean 0 and standard deviation 1.
    >>> _ = manual_seed(0); randn(2)
    tensor([ 1.5410, -0.2934])
    """
    return _normal(0.0, 1.0, _size(shape, size), generator, _dtype(dtype), options)


def _normal(mean: float, std: float, size: tuple[int, ...], generator: Any, dtype: Any, options: dict[str, Any]) -> Tensor:
    dtype = as_dtype(dtype)
    check_floating("normal", dtype)
    return made(draw(generator).normal(prod(size), dtype, mean, std).reshape(size), dtype, **options)


def randint(
    low: Any = 0, high: Any = None, size: Any = None, *, generator: Any = None, dtype: Any = int64, **options: Any
) -> Tensor:
    """Uniform random integers from low to high - 1: randint(high, size) or randint(low, high, size).
    RuntimeError if there are none, or if the dtype does not hold them.
    >>> _ = manual_seed(0); randint(3, 10, (4,))
    tensor([7, 6, 3, 5])
    """
    if size is None:
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"randint(low, high, size): the size is a tuple, got {size!r}; and high an int, got {high!r}")
    sizes, dtype = _sizes((size,)), as_dtype(int64 if dtype is None else dtype)
    low, high = check_integers(index(low), index(high), dtype)
    return made(draw(generator).integers(prod(sizes), low, high).reshape(sizes), dtype, **options)


def _like(input: Tensor, values: Any, options: dict[str, Any]) -> Tensor:
    """values(n, dtype), in the order of the memory of `input`, as a tensor like it."""
    requires_grad = options.pop("requires_grad", False)
    x = empty_like(input, **options)
    array = in_memory_order(x.array)
    array[...] = put(values(array.size, x.dtype).reshape(array.shape), x.device)
    return x.requires_grad_(requires_grad)


def rand_like(input: Tensor, *, generator: Generator | None = None, **options: Any) -> Tensor:
    """Random numbers uniform in [0, 1), with the shape, dtype and device of another tensor.
    >>> rand_like(ones(2, 3)).shape
    torch.Size([2, 3])
    """
    check_floating("rand_like", options.get("dtype") or input.dtype)
    return _like(input, draw(generator).uniform, options)


def randn_like(input: Tensor, *, generator: Generator | None = None, **options: Any) -> Tensor:
    """Normal random numbers, with the shape, dtype and device of another tensor.
    >>> randn_like(ones(2, 3)).shape
    torch.Size([2, 3])
    """
    check_floating("randn_like", options.get("dtype") or input.dtype)
    stream, dense = draw(generator), np.empty_like(input.array).flags.c_contiguous
    return _like(input, stream.normal if dense else stream.normal_pairs, options)


def randint_like(input: Tensor, low: Any, high: Any = None, *, generator: Generator | None = None, **options: Any) -> Tensor:
    """Random integers from low to high - 1, with the shape, dtype and device of another tensor; randint_like(x, high) too.
    >>> randint_like(ones(2), 5, 6)
    tensor([5., 5.])
    """
    low, high = (0, low) if high is None else (low, high)
    low, high = check_integers(index(low), index(high), as_dtype(options.get("dtype") or input.dtype))
    return _like(input, lambda n, dtype: draw(generator).integers(n, low, high), options)


def normal(mean: Any, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None, **options: Any) -> Tensor:
    """Normal random numbers; mean and std are a number or a Tensor each, and `size` is needed if both are numbers.
    RuntimeError for a standard deviation below 0.
    >>> _ = manual_seed(0); normal(tensor([0.0, 100.0]), 0.1)
    tensor([ 0.1541, 99.9707])
    """
    given = [x for x in (mean, std) if isinstance(x, Tensor)]
    if (size is None) == (not given):
        raise TypeError("normal: give a size, or a Tensor for mean or std")
    if np.any(np.asarray(std.cpu().array if isinstance(std, Tensor) else std) < 0):
        raise RuntimeError("normal: the standard deviation must not be negative")
    if not given:
        return _normal(mean, std, _sizes((size,)), generator, _dtype(options.pop("dtype", None)), options)
    try:
        shape = np.broadcast_shapes(*[x.shape for x in given])
    except ValueError as error:
        raise RuntimeError(f"normal: the shapes of mean and std do not broadcast: {error}") from error
    scale = std if not isinstance(std, Tensor) else 1.0
    x = _normal(0.0, scale, shape, generator, given[0].dtype, {"device": given[0].device, **options})
    out = x.array
    if isinstance(std, Tensor):
        out *= std.array
    out += mean.array if isinstance(mean, Tensor) else out.dtype.type(mean)
    if any([t.requires_grad for t in given]):  # what is drawn has derivative 0: that of numbers that are overwritten
        base = (given[0] + given[-1]).to(x.dtype)
        base[...] = x
        return base
    return x


def randperm(n: int, *, generator: Generator | None = None, dtype: Any = int64, **options: Any) -> Tensor:
    """The integers 0 to n - 1 in random order.
    >>> _ = manual_seed(0); randperm(4)
    tensor([0, 1, 3, 2])
    """
    (n,), dtype = _sizes((n,)), as_dtype(int64 if dtype is None else dtype)
    if dtype.kind == "b":
        raise NotImplementedError("randperm: bool holds no permutation")
    largest = {"f2": 2049, "f4": 2**24 + 1, "f8": 2**53 + 1}.get(dtype.str[1:]) or np.iinfo(dtype).max
    if n > largest:
        raise RuntimeError(f"randperm: {dtype} does not hold the integers up to {n - 1}; choose another dtype")
    return made(draw(generator).permutation(n), dtype, **options)
