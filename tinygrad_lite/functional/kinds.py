"""Kinds of tensors and dtypes: what PyTorch programs ask about them, and the older names that make tensors of one dtype.

FloatTensor, LongTensor and their like stand for "a Tensor of that dtype": FloatTensor([1.0, 2.0]) makes one,
isinstance(x, FloatTensor) asks for one, and x.type(FloatTensor) casts to it.
"""

from __future__ import annotations

import builtins
from math import e, inf, nan, pi
from typing import Any

import numpy as np

from .. import dtypes
from .._tensor import Tensor
from ..axes import Size
from ..dtypes import as_dtype, float16, float32, float64, int8, int16, int32, int64, rank, uint8
from ..dtypes import bool as bool_dtype

__all__ = [
    "Size", "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor", "LongTensor",
    "ShortTensor", "can_cast", "dtype", "e", "finfo", "iinfo", "inf", "is_nonzero", "is_tensor", "nan", "newaxis", "numel",
    "pi", "promote_types", "detach", "is_floating_point", "result_type", "set_default_tensor_type", "typename",
]  # fmt: skip

METHODS, NOT_METHODS = ["type", "type_as"], ["detach", "is_floating_point", "numel"]

dtype, newaxis = np.dtype, None


class _OfDtype(builtins.type):
    """The class of FloatTensor and its like."""

    dtype: np.dtype[Any]

    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, Tensor) and x.array.dtype == cls.dtype

    def __call__(cls, *data: Any) -> Tensor:
        """A tensor of this dtype from data, FloatTensor([1.0, 2.0]), or of a shape with arbitrary values, FloatTensor(2, 3)."""
        size = data[0] if len(data) == 1 and isinstance(data[0], Size) else data
        if isinstance(size, Size) or all(isinstance(n, (int, np.integer)) for n in data):
            return Tensor._of(np.empty(size or 0, cls.dtype))
        (values,) = data
        return Tensor._of(np.array(values.array if isinstance(values, Tensor) else _numbers(values), cls.dtype))

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"


def _numbers(values: Any) -> Any:
    """Nested lists in which tensors are replaced by their numbers."""
    if isinstance(values, Tensor):
        return values.tolist()
    return [_numbers(value) for value in values] if isinstance(values, (list, tuple)) else values


def _kind(name: str, dtype: np.dtype[Any]) -> Any:
    doc = f"A Tensor of {dtype}; PyTorch's older name for tensor(data, dtype=...)."
    return _OfDtype(name, (), {"dtype": dtype, "__doc__": doc})


HalfTensor, FloatTensor, DoubleTensor = (
    _kind("HalfTensor", float16), _kind("FloatTensor", float32), _kind("DoubleTensor", float64),
)  # fmt: skip
CharTensor, ShortTensor, IntTensor, LongTensor = (
    _kind("CharTensor", int8), _kind("ShortTensor", int16), _kind("IntTensor", int32), _kind("LongTensor", int64),
)  # fmt: skip
ByteTensor, BoolTensor = _kind("ByteTensor", uint8), _kind("BoolTensor", bool_dtype)
KINDS: dict[str, Any] = {
    kind.__name__: kind
    for kind in (HalfTensor, FloatTensor, DoubleTensor, CharTensor, ShortTensor, IntTensor, LongTensor, ByteTensor, BoolTensor)
}


def dtype_of(kind: Any) -> np.dtype[Any]:
    """The dtype that a dtype, FloatTensor, "torch.FloatTensor" or Python's float stands for.
    >>> dtype_of("torch.DoubleTensor")
    dtype('float64')
    """
    if isinstance(kind, str) and kind.removeprefix("torch.").removeprefix("cuda.") in KINDS:
        kind = KINDS[kind.removeprefix("torch.").removeprefix("cuda.")]
    if isinstance(kind, _OfDtype):
        return kind.dtype
    if kind is Tensor:
        return dtypes.get_default_dtype()
    return as_dtype(kind)


def type_name(x: Tensor) -> str:
    """The name of a tensor's kind: "torch.FloatTensor", on the GPU "torch.cuda.FloatTensor".
    >>> type_name(tensor([1, 2]))
    'torch.LongTensor'
    """
    (name,) = [name for name, kind in KINDS.items() if kind.dtype == x.array.dtype]
    return f"torch.{'' if x.device.type == 'cpu' else 'cuda.'}{name}"


def typename(obj: Any) -> str:
    """type(obj) in words: type_name() for a Tensor, else the module and name of its class."""
    if isinstance(obj, Tensor):
        return type_name(obj)
    kind = obj if isinstance(obj, builtins.type) else builtins.type(obj)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def set_default_tensor_type(t: Any) -> None:
    """Set the dtype that Python floats get from now on, given as FloatTensor; see set_default_dtype()."""
    dtypes.set_default_dtype(dtype_of(t))


def is_tensor(obj: Any) -> bool:
    """Whether obj is a Tensor."""
    return isinstance(obj, Tensor)


def is_nonzero(input: Tensor) -> bool:
    """Whether the one number of a tensor is not 0. RuntimeError for a tensor of another size."""
    return bool(input)


def is_floating_point(input: Tensor) -> builtins.bool:
    """Whether the numbers of a tensor are floats."""
    return input.is_floating_point()


def detach(input: Tensor) -> Tensor:
    """A tensor on the same memory, without history: gradients stop here."""
    return input.detach()


def numel(input: Tensor) -> int:
    """The number of elements of a tensor."""
    return int(input.array.size)


def result_type(tensor1: Any, tensor2: Any) -> np.dtype[Any]:
    """The dtype of tensor1 + tensor2; each is a Tensor or a number.
    https://pytorch.org/docs/stable/generated/torch.result_type.html
    >>> result_type(tensor([1, 2]), 1.0)
    dtype('float32')
    """
    return dtypes.result_type(*[x.array if isinstance(x, Tensor) else x for x in (tensor1, tensor2)])


def promote_types(type1: Any, type2: Any) -> np.dtype[Any]:
    """The dtype of the sum of two tensors of these dtypes.
    >>> promote_types(int64, float32)
    dtype('float32')
    """
    return dtypes.promoted(as_dtype(type1), as_dtype(type2))


def can_cast(from_: Any, to: Any) -> bool:
    """Whether PyTorch casts one dtype to the other without being asked: not from floats to integers, nor from numbers to bool.
    >>> can_cast(float64, float32), can_cast(float32, int64)
    (True, False)
    """
    a, b = as_dtype(from_), as_dtype(to)
    return rank(a) <= rank(b)


class finfo:
    """The limits of a floating-point dtype: bits, eps, min, max, tiny, smallest_normal, resolution.
    https://pytorch.org/docs/stable/type_info.html
    >>> finfo(float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, type: Any = None) -> None:
        chosen = dtypes.get_default_dtype() if type is None else as_dtype(type)
        if chosen.kind != "f":
            raise TypeError(f"finfo: {chosen} has no floating point; use iinfo")
        limits: Any = np.finfo(chosen)
        self.dtype, self.bits = str(chosen), int(limits.bits)
        self.eps, self.min, self.max = float(limits.eps), float(limits.min), float(limits.max)
        self.tiny = self.smallest_normal = float(limits.tiny)
        self.resolution = float(f"{limits.resolution:.0e}")

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo:
    """The limits of an integer dtype: bits, min, max.
    >>> iinfo(int8).max
    127
    """

    def __init__(self, type: Any) -> None:
        chosen = as_dtype(type)
        if chosen.kind not in "iu":
            raise TypeError(f"iinfo: {chosen} is not an integer dtype; use finfo")
        limits = np.iinfo(chosen)
        self.dtype, self.bits, self.min, self.max = str(chosen), limits.bits, int(limits.min), int(limits.max)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


def type(input: Tensor, dtype: Any = None, non_blocking: builtins.bool = False) -> Any:
    """The name of the tensor's kind, "torch.FloatTensor"; with a dtype, the tensor in that dtype. The dtype may also be given
    as FloatTensor or "torch.FloatTensor".
    >>> tensor([1.0]).type(), tensor([1.7]).type(long)
    ('torch.FloatTensor', tensor([1]))
    """
    return type_name(input) if dtype is None else input.to(dtype_of(dtype))


def type_as(input: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype of another one, and on its device."""
    return input.to(other)
