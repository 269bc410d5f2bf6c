"""Where arrays live: NumPy on the CPU, CuPy on an NVIDIA GPU.

Forwards are written once, with NumPy's functions and array methods. Called on CuPy arrays, these run on the GPU, by NumPy's
dispatch protocols. Only to *create* an array is the right module needed: array_module(). CuPy is imported only when a program
asks for "cuda", so nothing else needs a GPU, a driver or CuPy.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .recorder import here

Array = Any  # numpy.ndarray or cupy.ndarray

# At first, glibc gives the memory of a large array back to the system when it is freed, and each new array costs page faults: a
# step of LayerNorm (256, 1024) takes 2,300 µs so, and 480 once it keeps such memory. It does when a block of nearly 32 MB was
# freed. This one is never written to, so it takes no memory, and 10 µs.
np.empty((1 << 25) - (1 << 16), np.uint8)


class device(str):
    """Where a tensor's memory is: `device("cpu")`, `device("cuda")`, `device("cuda:0")` or `device("cuda", 0)`.
    A string with PyTorch's two attributes, `type` and `index`. RuntimeError for any other name.
    https://pytorch.org/docs/stable/tensor_attributes.html#torch.device
    >>> device("cpu").type
    'cpu'
    """

    type: str
    index: int | None  # type: ignore[assignment]  # str has a method of that name

    def __new__(cls, type: str, index: int | None = None) -> device:
        name = type if index is None else f"{type}:{index}"
        kind, colon, number = str(name).partition(":")
        if kind not in ("cpu", "cuda") or (colon and not number.isdigit()):
            raise RuntimeError(f"unknown device {name!r}: use 'cpu', 'cuda' or 'cuda:0'")
        self = super().__new__(cls, name)
        self.type, self.index = kind, int(number) if number else None
        return self

    def __repr__(self) -> str:
        return f"device(type={self.type!r}" + (f", index={self.index})" if self.index is not None else ")")


CPU = device("cpu")


def is_array(value: object) -> bool:
    """Whether `value` is a NumPy array or, once CuPy is in use, a CuPy array."""
    return isinstance(value, np.ndarray) or hasattr(value, "__cuda_array_interface__")


def real(array: Array) -> Array:
    """The array itself; while capture() records, the array that a recorded one stands for."""
    return getattr(array, "unrecorded", array)


def address_of(array: Array) -> int:
    """Where the first number of an array lies."""
    at = getattr(array, "__cuda_array_interface__", None) or real(array).__array_interface__
    return int(at["data"][0])


def owner(array: Array) -> Any:
    """The object that owns the memory of an array; for a view, the array or buffer that it is a view of in the end."""
    array = real(array)
    while True:
        base = array.obj if type(array) is memoryview else getattr(array, "base", None)
        if base is None:
            return array
        array = base


def plain(array: Array) -> Array:
    """The array as a plain NumPy (or CuPy) array on the same memory, because subclasses may compute differently: the `*` of
    np.matrix is a matrix product.
    >>> type(plain(np.ones((2, 2)).view(np.recarray)))
    <class 'numpy.ndarray'>
    """
    if here.recording is not None:
        return here.recording.brought(array)
    return np.asarray(array) if isinstance(array, np.ndarray) else array


def as_part(array: Array) -> tuple[Array, Any]:
    """The array that owns the memory of this one, and (dtype, offset in bytes, shape, strides), from which part_of() makes this
    array again. If the owner is not contiguous or has numbers of another size, and on the GPU: the array itself and None.
    """
    memory = array
    if hasattr(array, "recording"):
        memory = array if array.base is None else array.recording.memory_of(array)
    else:
        while isinstance(getattr(memory, "base", None), np.ndarray):
            memory = memory.base
    if memory is array or not array.size or not memory.flags.forc or memory.dtype.itemsize != array.dtype.itemsize:
        return array, None
    offset = address_of(array) - address_of(memory)
    return memory, (array.dtype.str, offset, array.shape, array.strides)


def part_of(memory: Array, part: Any) -> Array:
    """The array that as_part() described, on the same memory."""
    if part is None:
        return memory
    if hasattr(memory, "recording"):
        return memory.recording.call(part_of, (memory, part), {})
    dtype, offset, shape, strides = part
    return np.ndarray(shape, dtype, memory.reshape(-1, order="A").view(np.uint8), offset, strides)


def in_memory_order(array: Array) -> Array:
    """A view whose axes are in the order of the memory: the order in which PyTorch fills a tensor with random numbers."""
    if array.flags.c_contiguous:
        return array
    return array.transpose(sorted(range(array.ndim), key=lambda i: -array.strides[i]))


def overlaps(shape: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether several elements of an array of this shape and these strides are one number in memory. They are not if each step
    is longer than all that the smaller steps reach. If one is shorter, as in unfold, the places of all elements are compared.
    """
    reach = 0
    for step, n in sorted([(abs(step), n) for step, n in zip(strides, shape) if n > 1]):
        if step <= reach:
            break
        reach += step * (n - 1)
    else:
        return False
    places = np.zeros(1, np.int64)
    for step, n in zip(strides, shape):
        found = (places[:, None] + np.arange(n) * step).reshape(-1)
        places = np.unique(found)
        if places.size < found.size:
            return True
    return False


def array_module(array: Array) -> Any:
    """The module that makes arrays like this one: numpy or cupy."""
    if type(array) is np.ndarray:
        return np
    if hasattr(array, "array_module"):  # while capture() records
        return array.array_module
    return np if isinstance(array, (np.ndarray, np.generic)) else sys.modules["cupy"]


def device_of(array: Array) -> device:
    """The device that an array lives on."""
    return CPU if isinstance(array, np.ndarray) else device(f"cuda:{array.device.id}")


def cupy() -> Any:
    """The cupy module; or a RuntimeError that says why CUDA cannot be used here, and what to install."""
    try:
        import cupy as cp
    except ImportError as error:
        raise RuntimeError("device 'cuda': CuPy is not installed; pip install 'tinygrad_lite[cuda12]' (or [cuda13])") from error
    try:
        if cp.cuda.runtime.getDeviceCount():
            return cp
    except Exception as error:
        raise RuntimeError(f"device 'cuda': CuPy is installed but finds no usable driver ({error})") from error
    raise RuntimeError("device 'cuda': CuPy is installed but there is no NVIDIA GPU; use device='cpu'")


def put(array: Array, place: str | device | None) -> Array:
    """`array` on the device `place`; the same object if it is there already, or if place is None."""
    if place is None:
        return array
    place = device(place)
    if place.type == "cpu":
        return array if isinstance(array, np.ndarray) else array.get()
    cp, index = cupy(), place.index or 0
    if index >= cp.cuda.runtime.getDeviceCount():
        raise RuntimeError(f"device {place!s}: there are only {cp.cuda.runtime.getDeviceCount()} GPUs, counted from 0")
    with cp.cuda.Device(index):
        return cp.asarray(array)
